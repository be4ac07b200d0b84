/* pointwise_call.c: what all elementwise ops share: dtype rules, shape rules, and the fast path. */
#include "ops/pointwise.h"

#include "autograd/walk.h"

/* ---- Dtype rules ---------------------------------------------------------------------------------------------------------------- */

tp_dtype tp__real_result_type(const tp__call *call, int first)
{
    const tp_dtype dtype = tp__result_type(call->in + first, call->n_in - first);
    if (!tp__is_complex(dtype) || tp__state(call->op)->complex) return dtype;
    tp__call_fail(call, TP_ERR_DTYPE, "it is not implemented for %s", tp_dtype_name(dtype));
    return TP_DTYPE_DEFAULT;
}

tp_tensor *tp__of_number(tp_tensor *x, double (*number)(double), tp_tensor *(*tensor)(tp_tensor *))
{
    return x && x->flags & TP__WRAPPED ? tp__operand(tp__from_real(number(tp_item(x)))) : tensor(x);
}

tp_tensor *tp__zero_where(tp_tensor *mask, tp_tensor *x, const tp_tensor *like)
{
    return tp_where(mask, tp_zeros(TP__SCALAR_SHAPE, .dtype = (tp_dtype)like->dtype, .device = like->device), x);
}

bool tp__has_tensor(const tp__call *call)
{
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i] && !(call->in[i]->flags & TP__WRAPPED)) return true;
    tp__call_fail(call, TP_ERR_ARGUMENT, "one of the inputs must be a tensor");
    return false;
}

bool tp__dtypes_same(const tp__call *call, tp__dtypes *out)
{
    out->compute = out->result = tp__real_result_type(call, 0);
    return out->result;
}

bool tp__dtypes_number(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_same(call, out)) return false;
    if (out->result != TP_BOOL) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    return false;
}

bool tp__dtypes_floating(const tp__call *call, tp__dtypes *out)
{
    out->compute = out->result = tp__floating_of(tp__real_result_type(call, 0));
    return out->result;
}

bool tp__dtypes_exact(const tp__call *call, tp__dtypes *out)
{
    if (!(out->compute = tp__real_result_type(call, 0))) return false;
    out->result = tp__floating_of(out->compute);
    if (out->result != out->compute) out->compute = TP_F64;
    return true;
}

bool tp__dtypes_real(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_same(call, out)) return false;
    if (tp__is_floating(out->result) || tp__is_complex(out->result)) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name(out->result));
    return false;
}

bool tp__dtypes_compare(const tp__call *call, tp__dtypes *out)
{
    out->compute = tp__real_result_type(call, 0);
    out->result = TP_BOOL;
    return out->compute;
}

bool tp__fits_integer(int64_t v, tp_dtype dtype)
{
    static const int64_t most[TP_DTYPE_END] = { [TP_I64] = INT64_MAX, [TP_I32] = INT32_MAX, [TP_I16] = INT16_MAX, [TP_I8] = INT8_MAX,
                                                [TP_U8] = UINT8_MAX, [TP_BOOL] = INT64_MAX };
    return v <= most[dtype] && v >= -most[dtype] - (dtype != TP_U8);
}

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static void keep_what_differs(tp__call *call)
{
    const tp_tensor *y = call->out[0];
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i] && (!tp__same_shape(call->in[i], y) || call->in[i]->dtype != y->dtype || call->in[i]->device != y->device))
            call->keep_shape |= (uint64_t)1 << i;
}

/* The output's dims lie in the order of the first input of its shape that is not expanded. */
static tp_status make_out(tp__call *call, tp_dtype dtype)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!tp__broadcast_shape(call, call->n_in, &ndim, shape)) return tp__pending();
    for (int i = 0; i < call->n_in; i++) {
        tp_tensor *x = call->in[i];
        if (!x || x->ndim != ndim || memcmp(x->shape, shape, sizeof *shape * (size_t)ndim) || tp__is_expanded(x)) continue;
        if (!ndim) break;                              /* on the CPU, perhaps, beside others of a device */
        return tp__made(tp__out_like(call, x, dtype));
    }
    return tp__made(tp__out(call, dtype, ndim, shape));
}

tp_status tp__pointwise_shape(tp__call *call, tp__dtype_rule *rule)
{
    tp__dtypes dtypes;
    if (!rule(call, &dtypes)) return tp__pending();
    tp__compute_in(call, dtypes.compute);
    const tp_status status = make_out(call, dtypes.result);
    if (!status) keep_what_differs(call);
    return status;
}

/* Do writing x and reading from each differ in which element is where? */
static bool overlaps_partly(const tp_tensor *x, const tp_tensor *from)
{
    if (x->storage != from->storage || !x->numel || !from->numel) return false;
    if (x->data == from->data && tp__same_shape(x, from) && !memcmp(x->stride, from->stride, sizeof *x->stride * x->ndim)) return false;
    if (!tp__is_dense(x) || !tp__is_dense(from)) return x->data == from->data;
    const char *a = x->data, *b = from->data;
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    return a < b + from->numel * item && b < a + x->numel * item;
}

tp_status tp__pointwise_in_place(tp__call *call, tp__dtype_rule *rule)
{
    tp_tensor *x = call->in[0];
    tp__dtypes dtypes;
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!rule(call, &dtypes) || !tp__broadcast_shape(call, call->n_in, &ndim, shape)) return tp__pending();
    if (ndim != x->ndim || memcmp(shape, x->shape, sizeof *shape * (size_t)ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "the result %s does not fit into %s", tp__dims_text(ndim, shape), tp__shape_text(x));
    if (tp__category(dtypes.result) > tp__category(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "the result is %s, which %s cannot hold", tp_dtype_name(dtypes.result), tp_dtype_name((tp_dtype)x->dtype));
    for (int i = 1; i < call->n_in; i++)
        if (call->in[i] && overlaps_partly(x, call->in[i]))
            return tp__call_fail(call, TP_ERR_STATE, "what is written and what is read overlap in memory: clone one of them");
    tp__compute_in(call, dtypes.compute);
    call->out[call->n_out++] = x;
    keep_what_differs(call);
    return TP_OK;
}

#define RULE(name) \
    tp_status tp__shape_##name(tp__call *call) { return tp__pointwise_shape(call, tp__dtypes_##name); } \
    tp_status tp__in_place_##name(tp__call *call) { return tp__pointwise_in_place(call, tp__dtypes_##name); }
TP__EACH_DTYPE_RULE(RULE)

/* ---- The fast path -------------------------------------------------------------------------------------------------------------------- */

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* y = op(in) is recorded, where nothing was broadcast or cast. */
static bool record_plain(const tp_op *op, tp_tensor *const *in, int n, const void *attr, uint64_t need, tp_tensor *y)
{
    const int n_saved = tp__count_saves(op);
    tp_node *node = tp__node_new(op, n, n_saved, 0, op->attr_size);
    if (!node) return false;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    y->node = node;                                    /* its reference is the output's from here on */
    y->output = 0;
    for (int i = 0; i < n; i++) tp__connect(node, i, in[i]);
    tp__saved_slot *slot = tp__slots(node);
    for (const tp__save *save = op->saves; save < op->saves + n_saved; save++, slot++) {
        if (save->when && !(save->when & need)) continue;
        if (save->from == TP__SAVE_INPUT) tp__slot_keep(slot, in[save->index]);
        else if (tp__slot_hold_output(node, slot, y, 0)) return false;
    }
    if (op->attr_size) memcpy(tp__attr_memory(node), attr, op->attr_size);
    return true;
}

ALWAYS_INLINE tp_flat_fn *flat_of(const tp_op *op, int dtype)
{
    const tp_kernel *kernel = atomic_load_explicit(&op->state->kernel[TP__BACKEND_CPU], memory_order_acquire);
    return kernel && kernel->flat ? kernel->flat[dtype] : NULL;          /* NULL also before the first call */
}

ALWAYS_INLINE bool is_plain(const tp_tensor *x)
{
    return x->kind == TP_KIND_TENSOR && tp__is_flat(x) && (!x->base || x->view_version == tp__version(x));
}

/* Is b as plain as a, of its dtype and shape? */
ALWAYS_INLINE bool is_like(const tp_tensor *b, const tp_tensor *a)
{
    return b->kind == TP_KIND_TENSOR && tp__is_flat_like(b, a) && (!b->base || b->view_version == tp__version(b));
}

static tp_tensor *fail_fast(uint32_t mark)
{
    tp__list_release(mark);
    return NULL;
}

tp_tensor *tp__call1(const tp_op *op, tp_tensor *x, const void *attr, const void *caller)
{
    tp__thread *self = &tp__self;
    tp_flat_fn *flat;
    if (__builtin_expect(x && !(self->mode & ~(uint32_t)TP__NO_RECORD) && is_plain(x) && (flat = flat_of(op, x->dtype)), 1)) {
        const uint32_t mark = self->listed;
        tp_tensor *y = tp__tensor_like(x, (tp_dtype)x->dtype);
        if (!y) return NULL;
        flat(x->numel, y->data, (const void *const[]){ x->data }, attr);
        if (!self->mode && tp__needs_grad(x) && op->backward && !record_plain(op, &x, 1, attr, 1, y)) return fail_fast(mark);
        return y;
    }
    return tp__run1(op, &x, 1, attr, caller);
}

ALWAYS_INLINE tp_tensor *call2(const tp_op *op, tp_tensor *a, tp_tensor *b, const void *attr, bool to_bool, const void *caller)
{
    tp__thread *self = &tp__self;
    tp_flat_fn *flat;
    if (__builtin_expect(a && b && !(self->mode & ~(uint32_t)TP__NO_RECORD) && is_plain(a) && is_like(b, a)
                         && (flat = flat_of(op, a->dtype)), 1)) {
        const uint32_t mark = self->listed;
        tp_tensor *y = tp__tensor_like(a, to_bool ? TP_BOOL : (tp_dtype)a->dtype);
        if (!y) return NULL;
        flat(a->numel, y->data, (const void *const[]){ a->data, b->data }, attr);
        if (!to_bool && !self->mode) {
            const uint64_t need = (uint64_t)tp__needs_grad(a) | (uint64_t)tp__needs_grad(b) << 1;
            if (need && !record_plain(op, (tp_tensor *[]){ a, b }, 2, attr, need, y)) return fail_fast(mark);
        }
        return y;
    }
    return tp__run1(op, (tp_tensor *[]){ a, b }, 2, attr, caller);
}

tp_tensor *tp__call2(const tp_op *op, tp_tensor *a, tp_tensor *b, const void *attr, const void *caller)
{
    return call2(op, a, b, attr, false, caller);
}

tp_tensor *tp__call2_over(const tp_node *node, const tp_op *op, tp_tensor *dy, tp_tensor *b, const void *attr)
{
    tp_flat_fn *flat;
    if (b && tp__self.mode == TP__NO_RECORD && tp__is_spent(node, dy) && is_plain(dy) && is_like(b, dy) && (flat = flat_of(op, dy->dtype))) {
        flat(dy->numel, dy->data, (const void *const[]){ dy->data, b->data }, attr);
        return dy;
    }
    return tp__call2(op, dy, b, attr, NULL);
}

tp_tensor *tp__compare2(const tp_op *op, tp_tensor *a, tp_tensor *b, const void *caller) { return call2(op, a, b, NULL, true, caller); }

/* ---- Numbers for tensors ---------------------------------------------------------------------------------------------------------- */

/* A number becomes a tensor beside a live one only: else it could be given the very handle of the dead one. */
static inline bool is_there(tp_operand v, tp_operand other, const tp_op *op)
{
    return v.kind != TP_OPERAND_TENSOR || (v.as.tensor && (other.kind == TP_OPERAND_TENSOR || tp__alive(v.as.tensor, tp__state(op)->base_name)));
}

tp_tensor *tp__with_number2(const tp_op *op, tp_operand a, tp_operand b, const void *attr, const void *caller)
{
    if (a.kind != TP_OPERAND_TENSOR && b.kind != TP_OPERAND_TENSOR)
        return tp_fail(TP_ERR_ARGUMENT, "%s: one of the two must be a tensor", tp__state(op)->base_name), NULL;
    if (!is_there(a, b, op) || !is_there(b, a, op)) return NULL;
    return tp__run1(op, (tp_tensor *[]){ tp__operand(a), tp__operand(b) }, 2, attr, caller);
}

tp_tensor *tp__with_numbers(const tp_op *op, const tp_operand *v, int n, const void *attr, const void *caller)
{
    tp_tensor *in[TP__MAX_ARGS];
    for (int i = 0; i < n; i++)
        if (v[i].kind == TP_OPERAND_TENSOR && v[i].as.tensor && !tp__alive(v[i].as.tensor, tp__state(op)->base_name)) return NULL;
    for (int i = 0; i < n; i++) in[i] = tp__operand(v[i]);
    return tp__run1(op, in, n, attr, caller);
}

tp_tensor *tp__write1(const tp_op *op, tp_tensor *x, const void *attr, const void *caller) { return tp__run1(op, &x, 1, attr, caller); }

tp_tensor *tp__write2(const tp_op *op, tp_tensor *a, tp_operand b, const void *attr, const void *caller)
{
    return is_there(tp__from_tensor(a), b, op) ? tp__run1(op, (tp_tensor *[]){ a, tp__operand(b) }, 2, attr, caller) : NULL;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

void tp__unary_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), 0.1, 1)));
}

void tp__positive_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.3, 3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.3, 1)));
}

void tp__binary_samples(tp_sample_set *set)
{
    const tp_shape shapes[][2] = { { TP_SHAPE(3, 4), TP_SHAPE(3, 4) }, { TP_SHAPE(2, 1, 3), TP_SHAPE(4, 1) }, { TP_SHAPE(5), TP__SCALAR_SHAPE },
                                   { TP__SCALAR_SHAPE, TP_SHAPE(2, 2) }, { TP_SHAPE(0, 3), TP_SHAPE(1, 3) } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, shapes[i][0], 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, shapes[i][1], 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2)), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2)), TP__INT_ARG(3));
}

void tp__binary_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2)), TP__FLOAT_ARG(2));
}

tp_status tp__zero_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    for (int i = 0; i < node->n_edges; i++) {
        if (!(need >> i & 1)) continue;
        const tp__kept_shape *kept = node->n_shapes ? tp__kept(node, i) : NULL;
        const tp_shape shape = kept ? tp__shape(kept->ndim, kept->shape) : tp_shape_of(dy[0]);
        dx[i] = tp_zeros(shape, .dtype = (tp_dtype)(kept ? kept->dtype : dy[0]->dtype), .device = dy[0]->device);
        if (!dx[i]) return tp__pending();
    }
    return TP_OK;
}
