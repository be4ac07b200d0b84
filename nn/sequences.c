/* sequences.c: lists of sequences, each of its own length, as one padded tensor or a packed one, and back. */
#include "layer.h"

#include <string.h>

static tp_status check(tp_tensor_list list, const char *op)
{
    if (tp_failed()) return tp_error_status();
    if (list.n < 1 || list.n > INT32_MAX || !list.at) return tp_fail(TP_ERR_ARGUMENT, "%s: the list is empty", op);
    for (int64_t i = 0; i < list.n; i++) {
        tp_tensor *x = list.at[i], *first = list.at[0];
        if (!x) return tp_error_status() ? tp_error_status() : tp_fail(TP_ERR_ARGUMENT, "%s: sequence %lld is NULL", op, (long long)i);
        if (tp_ndim(x) < 1 || tp_ndim(x) >= TP_MAX_DIMS)
            return tp_fail(TP_ERR_SHAPE, "%s: sequence %lld has %d dims, and needs from 1 to %d", op, (long long)i, tp_ndim(x), TP_MAX_DIMS - 1);
        bool fits = tp_ndim(x) == tp_ndim(first);
        for (int d = 1; fits && d < tp_ndim(x); d++) fits = tp_size(x, d) == tp_size(first, d);
        if (!fits) return tp_fail(TP_ERR_SHAPE, "%s: sequence %lld has other dims, but for the first, than sequence 0", op, (long long)i);
        if (tp_dtype_of(x) != tp_dtype_of(first) || tp_device_of(x) != tp_device_of(first))
            return tp_fail(TP_ERR_DTYPE, "%s: sequence %lld is %s on %s, sequence 0 %s on %s", op, (long long)i,
                           tp_dtype_name(tp_dtype_of(x)), tp_device_name(tp_device_of(x)),
                           tp_dtype_name(tp_dtype_of(first)), tp_device_name(tp_device_of(first)));
    }
    return TP_OK;
}

static int64_t longest_of(tp_tensor_list list)
{
    int64_t longest = 0;
    for (int64_t i = 0; i < list.n; i++)
        if (tp_size(list.at[i], 0) > longest) longest = tp_size(list.at[i], 0);
    return longest;
}

static tp_tensor *padded(tp_tensor *x, int64_t steps, double value, bool left)
{
    tp_shape rest = tp_shape_of(x);
    rest.dim[0] = steps - rest.dim[0];
    if (!rest.dim[0]) return x;
    tp_tensor *padding = tp_full(rest, value, .dtype = tp_dtype_of(x), .device = tp_device_of(x));
    return left ? tp_cat(TP_TENSORS(padding, x), 0) : tp_cat(TP_TENSORS(x, padding), 0);
}

tp_tensor *tp_pad_sequence_with(tp_tensor_list list, const tp_pad_sequence_options *options)
{
    tp_pad_sequence_options o = TP__BRACES(pad_sequence, );
    if (tp_options_take("pad_sequence", &o, options, offsetof(tp_pad_sequence_options, tp__end)) || check(list, "pad_sequence")) return NULL;
    const int64_t steps = longest_of(list);
    const size_t bytes = (size_t)list.n * sizeof(tp_tensor *);
    tp_tensor **each = tp_mem_alloc(bytes), *y = NULL;
    if (!each) return NULL;
    bool complete = true;
    for (int64_t i = 0; i < list.n && complete; i++) complete = (each[i] = padded(list.at[i], steps, o.padding_value, o.left));
    if (complete) y = tp_stack((tp_tensor_list){ .at = each, .n = list.n }, o.batch_first ? 0 : 1);
    tp_mem_free(each, bytes);
    return y;
}

tp_packed_sequence tp_pack_sequence_with(tp_tensor_list list, const tp_pack_sequence_options *options)
{
    const tp_packed_sequence none = { NULL, NULL, NULL, NULL };
    tp_pack_sequence_options o = TP__BRACES(pack_sequence, );
    if (tp_options_take("pack_sequence", &o, options, offsetof(tp_pack_sequence_options, tp__end)) || check(list, "pack_sequence")) return none;
    const size_t bytes = (size_t)list.n * sizeof(int64_t);
    int64_t *lengths = tp_mem_alloc(bytes);
    if (!lengths) return none;
    for (int64_t i = 0; i < list.n; i++) lengths[i] = tp_size(list.at[i], 0);
    tp_tensor *count = tp_from_data(lengths, TP_I64, TP_SHAPE(list.n));
    tp_mem_free(lengths, bytes);
    return tp_pack_padded_sequence(tp_pad_sequence(list), count, .enforce_sorted = o.enforce_sorted);
}

/* ---- And back ----------------------------------------------------------------------------------------------------------------------------- */

static tp_status unpad(const char *op, tp_tensor *x, tp_tensor *lengths, bool batch_first, tp_tensor **out, int64_t max, int64_t *n)
{
    if (n) *n = 0;
    if (tp_failed()) return tp_error_status();
    if (!x || !lengths || !out) return tp_fail(TP_ERR_ARGUMENT, "%s: an argument is NULL", op);
    const int64_t batch = tp_ndim(x) > 1 ? tp_size(x, batch_first ? 0 : 1) : -1, steps = tp_ndim(x) > 1 ? tp_size(x, batch_first ? 1 : 0) : 0;
    if (tp_ndim(lengths) != 1 || tp_dtype_of(lengths) != TP_I64 || tp_numel(lengths) != batch)
        return tp_fail(TP_ERR_SHAPE, "%s: the lengths are int64, one for each sequence of the batch", op);
    if (batch > max) return tp_fail(TP_ERR_ARGUMENT, "%s: there is room for %lld of %lld sequences", op, (long long)max, (long long)batch);
    const size_t bytes = (size_t)batch * sizeof(int64_t);
    int64_t *length = tp_mem_alloc(bytes + 1);
    tp_status status = !length ? TP_ERR_MEMORY : tp_copy_to(lengths, length, bytes);
    for (int64_t i = 0; i < batch && !status; i++) {
        if (length[i] < 0 || length[i] > steps)
            status = tp_fail(TP_ERR_ARGUMENT, "%s: length %lld is not from 0 to %lld", op, (long long)length[i], (long long)steps);
        else if (!(out[i] = tp_narrow(tp_select(x, batch_first ? 0 : 1, i), 0, 0, length[i])))
            status = tp_error_status();
    }
    tp_mem_free(length, bytes + 1);
    for (int64_t i = 0; i < batch && status; i++) out[i] = NULL;
    if (n && !status) *n = batch;
    return status;
}

tp_status tp_unpad_sequence(tp_tensor *x, tp_tensor *lengths, bool batch_first, tp_tensor **out, int64_t max, int64_t *n)
{
    return unpad("unpad_sequence", x, lengths, batch_first, out, max, n);
}

tp_status tp_unpack_sequence(const tp_packed_sequence *packed, tp_tensor **out, int64_t max, int64_t *n)
{
    tp_tensor *lengths = NULL, *x = tp_pad_packed_sequence(packed, .lengths = &lengths);
    return unpad("unpack_sequence", x, lengths, false, out, max, n);
}
