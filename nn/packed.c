/* packed.c: sequences of many lengths in one tensor, step by step: all first elements, then all second ones of the sequences that have
 * one, and so on; the longest sequence comes first. */
#include "layer.h"

#include <string.h>

/* ---- Lengths: read to host memory ------------------------------------------------------------------------------------------------- */

/* The numbers of a whole 1-dim tensor, to be freed; NULL is an error. */
static int64_t *read_numbers(const char *op, tp_tensor *x, int64_t *n)
{
    if (!x) return NULL;
    if (tp_ndim(x) != 1 || (tp_dtype_of(x) != TP_I64 && tp_dtype_of(x) != TP_I32))
        return tp_fail(TP_ERR_ARGUMENT, "%s: lengths and indices are int64 tensors of 1 dim", op), NULL;
    *n = tp_numel(x);
    const size_t bytes = (size_t)*n * sizeof(int64_t);
    int64_t *numbers = tp_mem_alloc(bytes + 1);
    if (numbers && tp_copy_to(tp_to_dtype(x, TP_I64), numbers, bytes) != TP_OK) {
        tp_mem_free(numbers, bytes + 1);
        numbers = NULL;
    }
    return numbers;
}

static void free_numbers(int64_t *numbers, int64_t n) { tp_mem_free(numbers, (size_t)n * sizeof *numbers + 1); }

static tp_tensor *index_tensor(const int64_t *numbers, int64_t n, tp_device device)
{
    return tp_to(tp_from_data(numbers, TP_I64, TP_SHAPE(n)), device);
}

/* ---- Packing ------------------------------------------------------------------------------------------------------------------------- */

/* order[i]: which sequence comes i-th, the longest first, of equals the earlier. By counting: lengths are from 1 to steps; `next`
 * has room for as many. */
static void sort_by_length(const int64_t *lengths, int64_t n, int64_t steps, int64_t *order, int64_t *next)
{
    int64_t before = 0;
    memset(next, 0, (size_t)steps * sizeof *next);
    for (int64_t i = 0; i < n; i++) next[lengths[i] - 1]++;
    for (int64_t length = steps; length > 0; length--) {
        const int64_t count = next[length - 1];
        next[length - 1] = before;
        before += count;
    }
    for (int64_t i = 0; i < n; i++) order[next[lengths[i] - 1]++] = i;
}

static tp_status check_lengths(const int64_t *lengths, int64_t n, int64_t batch, int64_t steps, bool sorted)
{
    if (n != batch) return tp_fail(TP_ERR_SHAPE, "pack_padded_sequence: %lld lengths for a batch of %lld", (long long)n, (long long)batch);
    if (!n) return tp_fail(TP_ERR_SHAPE, "pack_padded_sequence: the batch is empty");
    for (int64_t i = 0; i < n; i++) {
        if (lengths[i] < 1 || lengths[i] > steps)
            return tp_fail(TP_ERR_ARGUMENT, "pack_padded_sequence: length %lld is not between 1 and %lld", (long long)lengths[i], (long long)steps);
        if (sorted && i && lengths[i] > lengths[i - 1])
            return tp_fail(TP_ERR_ARGUMENT, "pack_padded_sequence: lengths do not fall: pass .enforce_sorted = false");
    }
    return TP_OK;
}

/* Fills sizes by step and the rows of x, seen as [steps * batch, ..], in packed order. Returns how many rows. */
static int64_t plan_rows(const int64_t *lengths, const int64_t *order, int64_t n, int64_t steps, bool batch_first, int64_t *sizes, int64_t *rows)
{
    int64_t total = 0;
    for (int64_t t = 0; t < lengths[order[0]]; t++) {
        sizes[t] = 0;
        for (int64_t i = 0; i < n && lengths[order[i]] > t; i++, sizes[t]++) rows[total++] = batch_first ? order[i] * steps + t : t * n + order[i];
    }
    return total;
}

static void pack(tp_tensor *x, const int64_t *lengths, int64_t n, bool batch_first, bool sorted, tp_packed_sequence *out)
{
    const tp_device device = tp_device_of(x);
    const int64_t steps = tp_size(x, batch_first ? 1 : 0);
    const size_t count = (size_t)(2 * n + steps + n * steps);
    int64_t *order = tp_mem_alloc(count * sizeof *order);
    if (!order) return;
    int64_t *inverse = order + n, *sizes = inverse + n, *rows = sizes + steps;
    sort_by_length(lengths, n, steps, order, sizes);
    for (int64_t i = 0; i < n; i++) inverse[order[i]] = i;
    const int64_t total = plan_rows(lengths, order, n, steps, batch_first, sizes, rows), longest = lengths[order[0]];
    tp_shape flat = tp_shape_of(x);                    /* the first two dims as one */
    flat.dim[1] = steps * n;
    for (int i = 0; i + 1 < flat.ndim; i++) flat.dim[i] = flat.dim[i + 1];
    flat.ndim--;
    out->batch_sizes = tp_from_data(sizes, TP_I64, TP_SHAPE(longest));
    if (!sorted) out->sorted_indices = index_tensor(order, n, device);
    if (!sorted) out->unsorted_indices = index_tensor(inverse, n, device);
    out->data = tp_index_select(tp_reshape(x, flat), 0, index_tensor(rows, total, device));
    tp_mem_free(order, count * sizeof *order);
}

tp_packed_sequence tp_pack_padded_sequence_with(tp_tensor *x, tp_tensor *lengths, const tp_pack_padded_sequence_options *options)
{
    tp_packed_sequence packed = { NULL, NULL, NULL, NULL };
    tp_pack_padded_sequence_options o = TP__BRACES(pack_padded_sequence, );
    if (tp_options_take("pack_padded_sequence", &o, options, offsetof(tp_pack_padded_sequence_options, tp__end)) || !x || !lengths) return packed;
    if (tp_ndim(x) < 2) {
        tp_fail(TP_ERR_SHAPE, "pack_padded_sequence: the input has %d dims, and needs 2 or more", tp_ndim(x));
        return packed;
    }
    int64_t n = 0, *numbers = read_numbers("pack_padded_sequence", lengths, &n);
    if (!numbers) return packed;
    if (!check_lengths(numbers, n, tp_size(x, o.batch_first ? 0 : 1), tp_size(x, o.batch_first ? 1 : 0), o.enforce_sorted))
        pack(x, numbers, n, o.batch_first, o.enforce_sorted, &packed);
    free_numbers(numbers, n);
    if (tp_failed()) packed.data = NULL;
    return packed;
}

/* ---- Padding: a row of padding is put after the data, and every place takes its row ------------------------------------------------- */

static tp_tensor *unpack(const tp_packed_sequence *p, const int64_t *sizes, int64_t steps, const int64_t *inverse, const tp_pad_packed_sequence_options *o)
{
    const int64_t batch = sizes[0], total = tp_size(p->data, 0), length = o->total_length == TP_NONE ? steps : o->total_length;
    const tp_device device = tp_device_of(p->data);
    if (length < steps)
        return tp_fail(TP_ERR_ARGUMENT, "pad_packed_sequence: total_length %lld is less than the %lld steps", (long long)length, (long long)steps), NULL;
    if (length > INT32_MAX)
        return tp_fail(TP_ERR_ARGUMENT, "pad_packed_sequence: total_length %lld is too long", (long long)length), NULL;
    if (batch > INT64_MAX / 16 / (length + 1))         /* rows of one repeated element are no memory that there would have to be */
        return tp_fail(TP_ERR_SHAPE, "pad_packed_sequence: %lld sequences of %lld steps are too many", (long long)batch, (long long)length), NULL;
    int64_t *rows = tp_mem_alloc((size_t)(length * batch + batch) * sizeof *rows), offset = 0;
    if (!rows) return NULL;
    int64_t *lengths = rows + length * batch;
    for (int64_t i = 0; i < batch; i++) lengths[i] = 0;
    for (int64_t t = 0; t < length; t++) {
        for (int64_t i = 0; i < batch; i++) {
            const int64_t place = inverse ? inverse[i] : i;
            const bool there = t < steps && place < sizes[t] && place >= 0;
            rows[o->batch_first ? i * length + t : t * batch + i] = there ? offset + place : total;
            lengths[i] += there;
        }
        offset += t < steps ? sizes[t] : 0;
    }
    tp_shape one = tp_shape_of(p->data), shape = one;
    one.dim[0] = 1;
    for (int i = one.ndim; i > 0; i--) shape.dim[i] = one.dim[i - 1];
    shape.ndim++;
    shape.dim[0] = o->batch_first ? batch : length;
    shape.dim[1] = o->batch_first ? length : batch;
    tp_tensor *padding = tp_full(one, o->padding_value, .dtype = tp_dtype_of(p->data), .device = device);
    tp_tensor *y = tp_reshape(tp_index_select(tp_cat(TP_TENSORS(p->data, padding), 0), 0, index_tensor(rows, length * batch, device)), shape);
    if (o->lengths) *o->lengths = tp_from_data(lengths, TP_I64, TP_SHAPE(batch));
    tp_mem_free(rows, (size_t)(length * batch + batch) * sizeof *rows);
    return y;
}

tp_tensor *tp_pad_packed_sequence_with(const tp_packed_sequence *packed, const tp_pad_packed_sequence_options *options)
{
    tp_pad_packed_sequence_options o = TP__BRACES(pad_packed_sequence, );
    if (tp_options_take("pad_packed_sequence", &o, options, offsetof(tp_pad_packed_sequence_options, tp__end))) return NULL;
    if (o.lengths) *o.lengths = NULL;
    if (!packed || !packed->data || !packed->batch_sizes) return NULL;
    int64_t steps = 0, batch = 0, sum = 0;
    int64_t *sizes = read_numbers("pad_packed_sequence", packed->batch_sizes, &steps);
    int64_t *inverse = packed->unsorted_indices ? read_numbers("pad_packed_sequence", packed->unsorted_indices, &batch) : NULL;
    tp_tensor *y = NULL;
    bool good = sizes && steps && tp_ndim(packed->data) > 0 && tp_ndim(packed->data) < TP_MAX_DIMS && (!inverse || batch == sizes[0]);
    for (int64_t t = 0; good && t < steps; t++) good = sizes[t] > 0 && (!t || sizes[t] <= sizes[t - 1]) && (sum += sizes[t]) <= tp_size(packed->data, 0);
    if (good) y = unpack(packed, sizes, steps, inverse, &o);
    else tp_fail(TP_ERR_SHAPE, "pad_packed_sequence: the sizes of the steps, or the indices, do not fit the data");
    free_numbers(sizes, steps);
    free_numbers(inverse, batch);
    return y;
}
