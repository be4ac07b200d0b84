/* embedding_bag.c: which positions belong to which bag, and the greatest row of each. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"

static tp_status check_offsets(const tp__call *call, const int64_t *offsets, int64_t n, int64_t length)
{
    if (n && offsets[0])
        return tp__fail_tensors(TP_ERR_ARGUMENT, "embedding_bag", call->in, call->n_in,
                                "the first offset is %lld, and has to be 0", (long long)offsets[0]);
    for (int64_t i = 0; i < n; i++)
        if (offsets[i] > length || (i && offsets[i] < offsets[i - 1]))
            return tp__fail_tensors(TP_ERR_ARGUMENT, "embedding_bag", call->in, call->n_in,
                                    "offset %lld of bag %lld is not between the one before and %lld indices",
                                    (long long)offsets[i], (long long)i, (long long)length);
    return TP_OK;
}

/* Out: positions that count, their bags, and how many each bag has. */
static tp_status list_places(tp__call *call, const int64_t *input, int64_t n, const int64_t *offsets, int64_t n_bags, int64_t n_offsets)
{
    const int64_t padding = ((const tp__bag_places *)call->attr)->padding_idx, end = n_offsets > n_bags ? offsets[n_bags] : n_bags ? n : 0;
    int64_t m = 0;
    for (int64_t i = 0; i < end; i++) m += input[i] != padding;
    tp_tensor *places = tp__out(call, TP_I64, 1, &m), *of = places ? tp__out(call, TP_I64, 1, &m) : NULL,
              *counts = of ? tp__out(call, TP_I64, 1, &n_bags) : NULL;
    if (!counts) return tp__pending();
    int64_t at = 0;
    for (int64_t b = 0; b < n_bags; b++) {
        const int64_t first = at, stop = b + 1 < n_offsets ? offsets[b + 1] : end;
        for (int64_t i = offsets[b]; i < stop; i++) {
            if (input[i] == padding) continue;
            ((int64_t *)places->data)[at] = i;
            ((int64_t *)of->data)[at++] = b;
        }
        ((int64_t *)counts->data)[b] = at - first;
    }
    return TP_OK;
}

static tp_status places_run(tp__call *call)
{
    tp__plain input = { 0 }, offsets = { 0 };
    const int64_t n = call->in[0]->numel, n_offsets = call->in[1]->numel, n_bags = n_offsets - ((const tp__bag_places *)call->attr)->include_last_offset;
    tp_status status = tp__plain_take(&input, call->in[0], TP_I64);
    if (!status) status = tp__plain_take(&offsets, call->in[1], TP_I64);
    if (!status) status = check_offsets(call, offsets.data, n_offsets, n);
    if (!status) status = list_places(call, input.data, n, offsets.data, n_bags, n_offsets);
    tp__plain_free(&input);
    tp__plain_free(&offsets);
    return status;
}

/* ---- The greatest ------------------------------------------------------------------------------------------------------------------ */

static double element(const tp_tensor *w, int64_t row, int64_t column)
{
    const int64_t at = row * w->stride[0] + column * w->stride[1];
    switch (w->dtype) {
    case TP_F32: return ((const float *)w->data)[at];
    case TP_F64: return ((const double *)w->data)[at];
    case TP_F16: return tp__f16_to_f32(((const uint16_t *)w->data)[at]);
    default: return tp__bf16_to_f32(((const uint16_t *)w->data)[at]);
    }
}

/* in: weight, input, bags in rising order. The first of equals; a later one has to be greater. */
static tp_status max_run(tp__call *call)
{
    const tp_tensor *weight = call->in[0];
    tp_tensor *y = call->out[0];
    const int64_t n = call->in[1]->numel, width = y->shape[1], rows = weight->shape[0], n_bags = y->shape[0];
    tp__plain input = { 0 }, bags = { 0 };
    tp_status status = tp__plain_take(&input, call->in[1], TP_I64);
    if (!status) status = tp__plain_take(&bags, call->in[2], TP_I64);
    int64_t *at = y->data, last = -1;
    for (int64_t i = 0; !status && i < y->numel; i++) at[i] = 0;
    for (int64_t i = 0; !status && i < n; i++) {
        const int64_t row = ((const int64_t *)input.data)[i], bag = ((const int64_t *)bags.data)[i];
        if (row < 0 || row >= rows || bag < 0 || bag >= n_bags || bag < last) {
            status = tp__fail_tensors(TP_ERR_INDEX, "embedding_bag", call->in, call->n_in,
                                      "index %lld is out of range for %lld rows", (long long)row, (long long)rows);
            break;
        }
        for (int64_t c = 0; c < width; c++)
            if (bag != last || element(weight, row, c) > element(weight, at[bag * width + c], c)) at[bag * width + c] = row;
        last = bag;
    }
    tp__plain_free(&input);
    tp__plain_free(&bags);
    return status;
}

const tp_kernel tp__cpu_embedding_bag[] = { { "bag_places", places_run, NULL }, { "bag_max", max_run, NULL }, { NULL, NULL, NULL } };
