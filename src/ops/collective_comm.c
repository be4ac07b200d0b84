/* collective_comm.c: tensors that go to several devices and come back from them, differentiably.
 *
 *   broadcast     y_i = x                    dx = sum of the dy_i
 *   reduce_add    y = x_0 + x_1 + ..         dx_i = dy
 *   scatter       y_i = piece i of x         made of split and to
 *   gather        y = x_0, x_1, ..           made of to and cat
 *
 * The first two are each other's backward, and go by the library of the devices where there is one. */
#include "ops/collective.h"

#include <taper/extend.h>

#include "core/memory.h"

static bool devices_are_good(const char *op, const tp_device *devices, int n)
{
    if (!devices || n < 1 || n > TP__RANKS) {
        tp_fail(TP_ERR_ARGUMENT, "%s: %d devices, 1 to %d are possible", op, devices ? n : 0, TP__RANKS);
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!tp__backend(devices[i])) return tp__no_device(op, devices[i]), false;
    return true;
}

static bool is_given(const char *op, tp_tensor *x)
{
    if (!x && !tp__pending_error()) tp_fail(TP_ERR_ARGUMENT, "%s: a tensor is NULL", op);
    return x && !tp__pending_error() && tp__alive(x, op);
}

/* Are they CUDA devices, each another? */
static bool are_apart(const tp_device *devices, int n)
{
    for (int i = 0; i < n; i++) {
        if (devices[i] == TP_CPU) return false;
        for (int k = 0; k < i; k++)
            if (devices[k] == devices[i]) return false;
    }
    return true;
}

/* A function for the tape with the devices that it is about, which it frees. */
typedef struct task { tp_function function; int n; tp_device from, to[]; } task;
static size_t task_bytes(int n) { return sizeof(task) + (size_t)n * sizeof(tp_device); }
static void drop_task(const void *arg)
{
    const task *t = arg;
    tp_mem_free((void *)(uintptr_t)t, task_bytes(t->n));
}
static task *task_new(const tp_function *f, int n, tp_device from)
{
    task *t = tp_mem_alloc(task_bytes(n));
    if (!t) return NULL;
    t->function = *f;
    t->function.arg = t;
    t->function.drop = drop_task;
    t->n = n;
    t->from = from;
    return t;
}

/* ---- Broadcast ------------------------------------------------------------------------------------------------------------------------------- */

/* One copy is what a copy is for; to several devices they go in rings and trees, if x is in a layout that all can have. */
static bool goes_together(const task *t, const tp_tensor *x)
{
    int others = 0;
    for (int i = 0; i < t->n; i++) others += t->to[i] != t->from;
    return others > 1 && t->from != TP_CPU && are_apart(t->to, t->n) && tp__is_dense(x);
}

static tp_status broadcast_forward(tp_context *call, tp_tensor *const *in, tp_tensor **y)
{
    const task *t = tp_arg_of(call);
    tp_tensor *x = in[0], *all[TP__RANKS + 1] = { x };
    const bool together = goes_together(t, x);
    int64_t n = 1, stride[TP_MAX_DIMS];
    tp__strides_like(x, stride);
    for (int i = 0; i < t->n; i++) {
        if (t->to[i] == t->from) y[i] = x;
        else if (!together) y[i] = tp_to(x, t->to[i]);
        else y[i] = all[n++] = tp__tensor_new_strided(t->to[i], (tp_dtype)x->dtype, x->ndim, x->shape, stride);
        if (!y[i]) return tp__pending();
    }
    return together ? tp_collective_broadcast((tp_tensor_list){ .at = all, .n = n }, 0) : TP_OK;
}

static tp_status broadcast_backward(tp_context *call, tp_tensor *const *dy, tp_tensor **dx)
{
    const task *t = tp_arg_of(call);
    tp_tensor *all[TP__RANKS];
    int64_t n = 0;
    for (int i = 0; i < t->n; i++)
        if (dy[i]) all[n++] = dy[i];
    if (!n) return TP_OK;
    dx[0] = tp_comm_reduce_add((tp_tensor_list){ .at = all, .n = n }, t->from);
    return tp__made(dx[0]);
}

tp_status tp_comm_broadcast(tp_tensor *x, const tp_device *devices, int n, tp_tensor **out)
{
    static const char op[] = "comm_broadcast";
    static const tp_function function = { .name = op, .forward_many = broadcast_forward, .backward_many = broadcast_backward };
    if (!tp__outputs_are_good(op, out, n, NULL) || !is_given(op, x) || !devices_are_good(op, devices, n)) return tp__pending();
    task *t = task_new(&function, n, x->device);
    if (!t) return TP_ERR_MEMORY;
    t->function.n_outputs = n;
    memcpy(t->to, devices, (size_t)n * sizeof *devices);
    return tp_apply_many(&t->function, &x, 1, out);
}

/* ---- Adding up ------------------------------------------------------------------------------------------------------------------------------- */

/* The rank on the target, if the library of the devices can do it; else -1. */
static int root_of(const task *t, tp_tensor *const *x)
{
    int root = -1;
    for (int i = 0; i < t->n; i++) {
        if (!(x[i]->flags & TP__CONTIGUOUS)) return -1;
        if (t->to[i] == t->from) root = i;
    }
    return are_apart(t->to, t->n) ? root : -1;
}

static tp_tensor *add_forward(tp_context *call, tp_tensor *const *x)
{
    const task *t = tp_arg_of(call);
    const tp_shape shape = tp_shape_of(x[0]);
    const int root = root_of(t, x);
    if (root >= 0) {
        tp_tensor *y = tp_empty(shape, .dtype = tp_dtype_of(x[0]), .device = t->from);
        return y && !tp_collective_reduce(((tp_tensor_list){ .at = x, .n = t->n }), .root = root, .out = y) ? y : NULL;
    }
    tp_tensor *flat[TP__RANKS];
    for (int i = 0; i < t->n; i++)
        if (!(flat[i] = tp_contiguous(x[i]))) return NULL;
    const tp__together sum = { .kind = TP__REDUCE, .how = TP_COLLECTIVE_SUM, .n = t->n, .in = flat };
    tp_tensor *y = tp__combined(&sum, t->from, 0, x[0]->numel);
    return y ? tp_reshape(y, shape) : NULL;
}

static tp_status add_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    const task *t = tp_arg_of(call);
    tp_device devices[TP__RANKS];
    tp_tensor *y[TP__RANKS];
    int n = 0, at = 0;
    for (int i = 0; i < t->n; i++)
        if (tp_needs(call) >> i & 1) devices[n++] = t->to[i];
    const tp_status status = n ? tp_comm_broadcast(dy, devices, n, y) : TP_OK;
    for (int i = 0; i < t->n && !status; i++)
        if (tp_needs(call) >> i & 1) dx[i] = y[at++];
    return status;
}

tp_tensor *tp_comm_reduce_add(tp_tensor_list x, tp_device device)
{
    static const char op[] = "comm_reduce_add";
    static const tp_function function = { .name = op, .forward = add_forward, .backward = add_backward };
    if (tp__pending_error() || !devices_are_good(op, &device, 1)) return NULL;
    if (!x.at || x.n < 1 || x.n > TP__RANKS) {
        tp_fail(TP_ERR_ARGUMENT, "%s: %lld tensors, 1 to %d are possible", op, (long long)(x.at ? x.n : 0), TP__RANKS);
        return NULL;
    }
    for (int64_t i = 0; i < x.n; i++) {
        if (!is_given(op, x.at[i])) return NULL;
        const bool same_shape = tp__same_shape(x.at[i], x.at[0]);
        if (same_shape && x.at[i]->dtype == x.at[0]->dtype) continue;
        tp_fail(same_shape ? TP_ERR_DTYPE : TP_ERR_SHAPE, "%s: tensor %lld is %s %s, tensor 0 %s %s", op, (long long)i, tp__shape_text(x.at[i]),
                tp_dtype_name((tp_dtype)x.at[i]->dtype), tp__shape_text(x.at[0]), tp_dtype_name((tp_dtype)x.at[0]->dtype));
        return NULL;
    }
    if (x.n == 1) return tp_to(x.at[0], device);
    task *t = task_new(&function, (int)x.n, device);
    if (!t) return NULL;
    for (int64_t i = 0; i < x.n; i++) t->to[i] = x.at[i]->device;
    tp_tensor *y = NULL;
    return tp_apply_many(&t->function, x.at, t->n, &y) ? NULL : y;
}

/* ---- Pieces ---------------------------------------------------------------------------------------------------------------------------------- */

tp_status tp_comm_scatter_with(tp_tensor *x, const tp_device *devices, int n, tp_tensor **out, int *pieces, const tp_comm_scatter_options *options)
{
    static const char op[] = "comm_scatter";
    tp_comm_scatter_options o = TP__BRACES(comm_scatter, );
    int made = 0;
    if (!tp__outputs_are_good(op, out, n, pieces) || tp_options_take(op, &o, options, offsetof(tp_comm_scatter_options, tp__end)) || !is_given(op, x) ||
        !devices_are_good(op, devices, n)) return tp__pending();
    if (o.dim < INT32_MIN || o.dim > INT32_MAX) return tp_fail(TP_ERR_SHAPE, "%s: dim %lld is out of range for %s", op, (long long)o.dim, tp__shape_text(x));
    tp_status status = o.sizes ? tp_split_sizes(x, o.sizes, n, (int)o.dim, out, n, &made) : tp_chunk(x, n, (int)o.dim, out, n, &made);
    for (int i = 0; i < made && !status; i++) status = tp__made(out[i] = tp_to(out[i], devices[i]));
    for (int i = 0; i < n && status; i++) out[i] = NULL;
    if (pieces) *pieces = status ? 0 : made;
    return status;
}

tp_tensor *tp_comm_gather_with(tp_tensor_list x, tp_device device, const tp_comm_gather_options *options)
{
    static const char op[] = "comm_gather";
    tp_comm_gather_options o = TP__BRACES(comm_gather, );
    tp_tensor *there[TP__RANKS];
    if (tp_options_take(op, &o, options, offsetof(tp_comm_gather_options, tp__end)) || tp__pending_error() || !devices_are_good(op, &device, 1)) return NULL;
    if (!x.at || x.n < 1 || x.n > TP__RANKS || o.dim < INT32_MIN || o.dim > INT32_MAX) {
        tp_fail(TP_ERR_ARGUMENT, "%s: %lld tensors along dim %lld, 1 to %d tensors are possible", op, (long long)(x.at ? x.n : 0), (long long)o.dim, TP__RANKS);
        return NULL;
    }
    bool numbers = o.dim == 0;
    for (int64_t i = 0; i < x.n; i++) {
        if (!is_given(op, x.at[i])) return NULL;
        numbers &= !x.at[i]->ndim;
    }
    for (int64_t i = 0; i < x.n; i++)
        if (!(there[i] = tp_to(numbers ? tp_unsqueeze(x.at[i], 0) : x.at[i], device))) return NULL;
    return tp_cat((tp_tensor_list){ .at = there, .n = x.n }, (int)o.dim);
}
