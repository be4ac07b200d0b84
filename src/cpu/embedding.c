/* embedding.c: looking rows up, and summing gradients of rows. Places are put in order of their rows first, so that each row of the
 * gradient is written once, by one thread, which adds in the order of places: sums do not depend on the number of threads. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/combine.h"
#include "cpu/contiguous.h"
#include "cpu/offsets.h"
#include "cpu/order.h"
#include "cpu/scratch.h"
#include "cpu/stream.h"

#include <math.h>

enum { PARALLEL_FROM = 1 << 16 };                      /* elements moved */

/* Where row i of x, its last dim, begins; in elements. */
static int64_t row_place(const tp_tensor *x, int64_t i)
{
    if (x->flags & TP__CONTIGUOUS) return i * x->shape[x->ndim - 1];
    int64_t at = 0;
    for (int d = x->ndim - 2; d >= 0; i /= x->shape[d--]) at += i % x->shape[d] * x->stride[d];
    return at;
}

/* The indices as contiguous int64, all in range: tp__plain_free gives them back, also after an error. */
static tp_status take_indices(tp__plain *out, const tp__call *call, const tp_tensor *indices, int64_t rows)
{
    tp__range range;
    const tp_status status = tp__plain_take(out, indices, TP_I64);
    if (status) return status;
    tp__range_init(&range, TP_I64, rows, 1, false);
    if (tp__range_check(&range, out->data, indices->numel)) return TP_OK;
    return tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for %lld rows", (long long)atomic_load(&range.bad), (long long)rows);
}

static int threads_for(int64_t elements) { return elements >= PARALLEL_FROM ? tp_get_num_threads() : 1; }

/* ---- Looking up ---------------------------------------------------------------------------------------------------------------------- */

typedef struct lookup { const int64_t *indices; const tp_tensor *weight; char *y; int64_t masked, n; } lookup;

static void look_up_some(void *arg, int64_t first, int64_t last)
{
    const lookup *l = arg;
    const tp_tensor *weight = l->weight;
    const tp_dtype dtype = (tp_dtype)weight->dtype;
    const int64_t width = weight->shape[1], item = (int64_t)tp_dtype_size(dtype), step = weight->stride[0] * item, bytes = width * item;
    const char *table = weight->data;
    const bool whole = weight->stride[1] == 1 || width == 1, streams = whole && tp__streams(l->n * bytes);
    const int64_t ahead = tp__rows_ahead(bytes);
    char *y = l->y + first * bytes;
    for (int64_t i = first; i < last; i++, y += bytes) {
        const int64_t row = l->indices[i];
        tp__fetch_row(table + l->indices[i + ahead < l->n ? i + ahead : i] * step, bytes);
        if (row == l->masked) memset(y, 0, (size_t)bytes);
        else if (streams) tp__stream(y, table + row * step, bytes);
        else if (whole) memcpy(y, table + row * step, (size_t)bytes);
        else tp__cast_row(y, dtype, 1, table + row * step, dtype, weight->stride[1], width);
    }
    if (streams) tp__stream_end();
}

static tp_status look_up(tp__call *call, int64_t masked)
{
    const tp_tensor *weight = call->in[1];
    const int64_t n = call->in[0]->numel, width = weight->shape[1];
    tp__plain indices = { 0 };
    const tp_status status = take_indices(&indices, call, call->in[0], weight->shape[0]);
    lookup l = { indices.data, weight, call->out[0]->data, masked, n };
    if (!status && width) tp__parallel_items(n, width, threads_for(n * width), look_up_some, &l);
    tp__plain_free(&indices);
    return status;
}

static tp_status embedding_run(tp__call *call) { return look_up(call, TP_NONE); }
static tp_status embedding_masked_run(tp__call *call) { return look_up(call, ((const tp__embedding_masked *)call->attr)->padding_idx); }

/* ---- Summing ---------------------------------------------------------------------------------------------------------------------------- */

static void divide_row(tp_dtype dtype, void *y, int64_t n, int64_t by)
{
    if (dtype == TP_F32) for (int64_t i = 0; i < n; i++) ((float *)y)[i] /= (float)by;
    else for (int64_t i = 0; i < n; i++) ((double *)y)[i] /= (double)by;
}

/* `order` has the places of row r from start[r] to before start[r + 1]. */
typedef struct summing {
    const tp_tensor *grad;
    const tp__combine *add;
    const int64_t *start, *order;
    char *y;
    bool scaled, streams, stepwise;
} summing;

enum { LONGEST_STREAMED = 16 << 10 };                  /* bytes of a row, which is summed in the first-level cache */

static void add_rounded(tp_dtype dtype, float *sum, const float *x, int64_t n)
{
    uint16_t narrow[256];
    for (int64_t k = 0; k < n; k++) sum[k] += x[k];
    tp__cast_row(narrow, dtype, 1, sum, TP_F32, 1, n);
    tp__cast_row(sum, TP_F32, 1, narrow, dtype, 1, n);
}

/* A row of 16-bit floats is summed in float32, block by block, and rounded once, or at each step. */
static void sum_narrow_row(const summing *s, int64_t r)
{
    enum { BLOCK = 256 };
    const tp_tensor *grad = s->grad;
    const tp_dtype dtype = (tp_dtype)grad->dtype;
    const int64_t width = grad->shape[grad->ndim - 1], step = grad->stride[grad->ndim - 1], item = (int64_t)tp_dtype_size(dtype);
    const int64_t n = s->start[r + 1] - s->start[r];
    float sum[BLOCK], one[BLOCK];
    for (int64_t c = 0; c < width; c += BLOCK) {
        const int64_t length = width - c < BLOCK ? width - c : BLOCK;
        memset(sum, 0, sizeof sum);
        for (int64_t i = s->start[r]; i < s->start[r + 1]; i++) {
            tp__cast_row(one, TP_F32, 1, (const char *)grad->data + (row_place(grad, s->order[i]) + c * step) * item, dtype, step, length);
            if (s->stepwise) add_rounded(dtype, sum, one, length);
            else for (int64_t k = 0; k < length; k++) sum[k] += one[k];
        }
        if (s->scaled && n > 1) divide_row(TP_F32, (char *)sum, length, n);
        tp__cast_row(s->y + (r * width + c) * item, dtype, 1, sum, TP_F32, 1, length);
    }
}

static void sum_rows(void *arg, int64_t first, int64_t last)
{
    const summing *s = arg;
    const tp_tensor *grad = s->grad;
    if (grad->dtype == TP_F16 || grad->dtype == TP_BF16) {
        for (int64_t r = first; r < last; r++) sum_narrow_row(s, r);
        return;
    }
    const tp_dtype dtype = (tp_dtype)grad->dtype;
    const int64_t width = grad->shape[grad->ndim - 1], step = grad->stride[grad->ndim - 1], item = (int64_t)tp_dtype_size(dtype), zero = 0;
    const int64_t ahead = tp__rows_ahead(width * item);
    const char *x = grad->data;
    const bool streams = s->streams && width * item <= LONGEST_STREAMED && width * item >= TP__LINE;
    _Alignas(TP__LINE) char room[LONGEST_STREAMED];
    for (int64_t r = first; r < last; r++) {
        char *const to = s->y + r * width * item, *const y = streams ? room : to;
        const int64_t n = s->start[r + 1] - s->start[r];
        memset(y, 0, (size_t)(width * item));
        for (int64_t i = s->start[r]; i < s->start[r + 1]; i++) {
            const char *from = x + row_place(grad, s->order[i]) * item;
            if (i + ahead < s->start[last]) tp__fetch_row(x + row_place(grad, s->order[i + ahead]) * item, width * item);
            if (step == 1 || width == 1) s->add->rows(y, &zero, from, 0, 1, width);
            else for (int64_t k = 0; k < width; k++) s->add->line(y + k * item, &zero, from + k * step * item, NULL, 1, 1, 0, TP__CHECKED);
        }
        if (s->scaled && n > 1) divide_row(dtype, y, width, n);
        if (streams) tp__stream(to, y, width * item);
    }
    if (streams) tp__stream_end();
}

/* Sorts the places by their rows, by counting; those of `left_out` stay out. start has room for rows + 2. */
static void order_places(const int64_t *indices, int64_t n, int64_t rows, int64_t left_out, int64_t *start, int64_t *order)
{
    int64_t *const next = start + 1;                   /* where the next place of each row goes, in the end its end */
    for (int64_t i = 0; i < n; i++) next[indices[i] + 1]++;
    if (left_out != TP_NONE) next[left_out + 1] = 0;
    for (int64_t r = 0; r < rows; r++) next[r + 1] += next[r];
    for (int64_t i = 0; i < n; i++)
        if (indices[i] != left_out) order[next[indices[i]]++] = i;
}

/* Each row's places as PyTorch's sort leaves them, which is not a stable one: rounding at each step shows their order. */
static tp_status order_as_sorted(const int64_t *indices, int64_t n, int64_t *order)
{
    const size_t bytes = (size_t)(n + 1) * sizeof(tp__wide);
    tp__wide *pairs = tp_mem_alloc(bytes);
    if (!pairs) return TP_ERR_MEMORY;
    for (int64_t i = 0; i < n; i++) pairs[i] = (tp__wide){ (uint64_t)indices[i], (uint64_t)i };
    tp__order_unstable(pairs, n);
    for (int64_t i = 0; i < n; i++) order[i] = (int64_t)pairs[i].place;
    tp_mem_free(pairs, bytes);
    return TP_OK;
}

static tp_status embedding_backward_run(tp__call *call)
{
    const tp__embedding_backward *attr = call->attr;
    const tp_tensor *y = call->out[0], *grad = call->in[0], *indices = call->in[1];
    const int64_t rows = y->shape[0], width = y->shape[1], n = indices->numel;
    const size_t start_bytes = (size_t)(rows + 2) * sizeof(int64_t), order_bytes = (size_t)(n + 1) * sizeof(int64_t);
    tp__plain plain = { 0 };
    tp_status status = take_indices(&plain, call, indices, rows);
    int64_t *start = status || !y->numel ? NULL : tp_mem_calloc(start_bytes), *order = start ? tp_mem_alloc(order_bytes) : NULL;
    if (!status && y->numel && !order) status = TP_ERR_MEMORY;
    const bool stepwise = attr->stepwise && attr->padding_idx == TP_NONE && (grad->dtype == TP_F16 || grad->dtype == TP_BF16);
    if (order) order_places(plain.data, n, rows, attr->padding_idx, start, order);
    if (order && stepwise) status = order_as_sorted(plain.data, n, order);
    if (order && !status) {
        summing s = { grad, tp__combine_of(TP__ADD, (tp_dtype)grad->dtype), start, order, y->data, attr->scaled,
                      tp__streams(y->numel * (int64_t)tp_dtype_size((tp_dtype)y->dtype)), stepwise };
        tp__parallel_items(rows, width, threads_for(grad->numel + y->numel), sum_rows, &s);
    }
    tp_mem_free(order, order_bytes);
    tp_mem_free(start, start_bytes);
    tp__plain_free(&plain);
    return status;
}

/* ---- Rows of equal index -------------------------------------------------------------------------------------------------------------- */

/* n indices in rising order, and the places where they stand, those of equal ones rising too. */
typedef struct sorted { int64_t *index, *place; size_t bytes; } sorted;

static tp_status sort_indices(const tp__call *call, sorted *s, const int64_t *indices, int64_t n)
{
    tp__keys k;
    if (n > TP__ORDER_MOST) return tp__call_fail(call, TP_ERR_SHAPE, "there are %lld indices, at most %d are possible", (long long)n, TP__ORDER_MOST);
    tp__keys_plan(&k, indices, TP_I64, n, false);
    const size_t item = k.wide ? sizeof(tp__wide) : sizeof(uint64_t);
    char *room = tp__scratch(TP__SCRATCH_ORDER, (size_t)(2 * n + 1) * item);
    s->bytes = (size_t)(2 * n + 1) * sizeof(int64_t);
    s->index = room ? tp_mem_alloc(s->bytes) : NULL;
    if (!s->index) return TP_ERR_MEMORY;
    s->place = s->index + n;
    if (k.wide) {
        tp__keys_wide(&k, indices, 0, n, (tp__wide *)(void *)room);
        tp__order_write_wide(&k, tp__order_wide((tp__wide *)(void *)room, (tp__wide *)(void *)room + n, n), n, indices, s->index, s->place);
    } else {
        tp__keys_narrow(&k, indices, 0, n, (uint64_t *)(void *)room);
        tp__order_write_narrow(&k, tp__order_narrow((uint64_t *)(void *)room, (uint64_t *)(void *)room + n, n), n, indices, s->index, s->place);
    }
    return TP_OK;
}

static int64_t count_distinct(const sorted *s, int64_t n)
{
    int64_t m = n > 0;
    for (int64_t i = 1; i < n; i++) m += s->index[i] != s->index[i - 1];
    return m;
}

static tp_status coalesce_run(tp__call *call)
{
    const tp_tensor *rows = call->in[1];
    const int64_t n = call->in[0]->numel, width = rows->shape[rows->ndim - 1];
    tp__plain plain = { 0 };
    sorted s = { .index = NULL };
    tp_status status = tp__plain_take(&plain, call->in[0], TP_I64);
    if (!status) status = sort_indices(call, &s, plain.data, n);
    const int64_t m = status ? 0 : count_distinct(&s, n);
    const size_t start_bytes = (size_t)(m + 1) * sizeof(int64_t);
    int64_t *start = status ? NULL : tp_mem_alloc(start_bytes);
    tp_tensor *at = start ? tp__out(call, TP_I64, 1, &m) : NULL, *sums = at ? tp__out(call, (tp_dtype)rows->dtype, 2, (int64_t[]){ m, width }) : NULL;
    if (sums) {
        int64_t r = 0;
        for (int64_t i = 0; i < n; i++) {
            if (i && s.index[i] == s.index[i - 1]) continue;
            ((int64_t *)at->data)[r] = s.index[i];
            start[r++] = i;
        }
        start[m] = n;
        summing sum = { rows, tp__combine_of(TP__ADD, (tp_dtype)rows->dtype), start, s.place, sums->data,
            ((const tp__coalesce_rows *)call->attr)->mean, false, false };
        if (sums->numel) tp__parallel_items(m, width, threads_for(rows->numel), sum_rows, &sum);
    } else if (!status) {
        status = tp__pending() ? tp__pending() : TP_ERR_MEMORY;
    }
    tp_mem_free(start, start_bytes);
    tp_mem_free(s.index, s.bytes);
    tp__plain_free(&plain);
    return status;
}

/* ---- Norms ------------------------------------------------------------------------------------------------------------------------------ */

static double norm_of(const double *x, int64_t n, double p)
{
    double sum = 0;
    if (isinf(p)) {
        for (int64_t i = 0; i < n; i++) sum = fabs(x[i]) > sum ? fabs(x[i]) : sum;
        return sum;
    }
    for (int64_t i = 0; i < n; i++) sum += p == 2 ? x[i] * x[i] : p == 1 ? fabs(x[i]) : pow(fabs(x[i]), p);
    return p == 2 ? sqrt(sum) : p == 1 ? sum : pow(sum, 1 / p);
}

/* in[0], the table, is written; a row that is looked up often is scaled once: then it is not above the norm, but for rounding. */
static tp_status renorm_run(tp__call *call)
{
    const tp__embedding_renorm *attr = call->attr;
    const tp_tensor *weight = call->in[0], *indices = call->in[1];
    const int64_t width = weight->shape[1], item = (int64_t)tp_dtype_size((tp_dtype)weight->dtype), n = indices->numel;
    const size_t row_bytes = (size_t)(width + 1) * sizeof(double);
    tp__plain plain = { 0 };
    sorted s = { .index = NULL };
    double *row = NULL;
    tp_status status = take_indices(&plain, call, indices, weight->shape[0]);
    if (!status) status = sort_indices(call, &s, plain.data, n);
    if (!status && !(row = tp_mem_alloc(row_bytes))) status = TP_ERR_MEMORY;
    for (int64_t i = 0; !status && i < n; i++) {
        char *at = (char *)weight->data + s.index[i] * weight->stride[0] * item;
        if (i && s.index[i] == s.index[i - 1]) continue;
        tp__cast_row(row, TP_F64, 1, at, (tp_dtype)weight->dtype, weight->stride[1], width);
        const double norm = norm_of(row, width, attr->norm_type);
        if (!(norm > attr->max_norm)) continue;
        const double scale = attr->max_norm / (norm + 1e-7);
        for (int64_t k = 0; k < width; k++) row[k] *= scale;
        tp__cast_row(at, (tp_dtype)weight->dtype, weight->stride[1], row, TP_F64, 1, width);
    }
    tp_mem_free(row, row_bytes);
    tp_mem_free(s.index, s.bytes);
    tp__plain_free(&plain);
    return status;
}

const tp_kernel tp__cpu_embedding[] = {
    { "embedding", embedding_run, NULL }, { "embedding_masked", embedding_masked_run, NULL },
    { "embedding_backward", embedding_backward_run, NULL }, { "coalesce_rows", coalesce_run, NULL },
    { "embedding_renorm", renorm_run, NULL }, { NULL, NULL, NULL },
};
