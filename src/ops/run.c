/* run.c: the engine's one way through a call: inputs, shape rule, kernel, tape. The fast path of elementwise ops
 * (pointwise_call.c) is a shortcut of this for the plain case. */
#include "ops/run.h"

#include "core/memory.h"
#include "core/place.h"
#include "ops/autocast.h"
#include "ops/complex.h"

#include <stdarg.h>

/* ---- For shape rules --------------------------------------------------------------------------------------------------------- */

const char *tp__op_name(const tp__call *call)
{
    return call->op->flags & TP__INTERNAL && tp__self.op ? tp__self.op : tp__state(call->op)->base_name;
}

tp_status tp__call_fail(const tp__call *call, tp_status code, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return tp__fail_tensors(code, tp__op_name(call), call->in, call->n_in, "%s", text);
}

tp_tensor *tp__out_made(tp__call *call, tp_tensor *y)
{
    if (!y) return NULL;
    if (call->n_out == call->max_out) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "it has more outputs than the %d that there is room for", call->max_out);
        return NULL;
    }
    return call->out[call->n_out++] = y;
}

static tp_device device_of(const tp__call *call)
{
    if (call->device) return call->device;
    tp_device device = TP_CPU;
    for (int i = 0; i < call->n_in && device == TP_CPU; i++)
        if (call->in[i]) device = call->in[i]->device;
    return device;
}

tp_tensor *tp__out(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape)
{
    return tp__out_made(call, tp__tensor_new(device_of(call), dtype, ndim, shape));
}

tp_tensor *tp__out_like(tp__call *call, tp_tensor *x, tp_dtype dtype)
{
    if (x->flags & TP__CONTIGUOUS) return tp__out(call, dtype, x->ndim, x->shape);
    int64_t stride[TP_MAX_DIMS];
    tp__strides_like(x, stride);
    return tp__out_made(call, tp__tensor_new_strided(x->device, dtype, x->ndim, x->shape, stride));
}

tp_tensor *tp__out_view(tp__call *call, tp_tensor *x, int ndim, const int64_t *shape, const int64_t *stride, int64_t offset)
{
    tp_tensor *y = tp__out_made(call, tp__alias(x, ndim, shape, stride, offset));
    if (y) tp__make_view(y, x);
    return y;
}

tp_status tp__same_as_input(tp__call *call)
{
    return tp__made(tp__out_like(call, call->in[0], (tp_dtype)call->in[0]->dtype));
}

tp_status tp__in_place(tp__call *call)
{
    call->out[call->n_out++] = call->in[0];
    return TP_OK;
}

/* ---- In place without a kernel of its own -------------------------------------------------------------------------------------- */

/* The rule of the op may save its input, which is about to be overwritten: recorded, it gets a copy. */
tp_status tp__in_place_by_copy(tp__call *call)
{
    enum { MOST = 64 };
    tp_tensor *x = call->in[0], *in[MOST], *out[4] = { NULL };
    if (call->n_in > MOST) return tp__call_fail(call, TP_ERR_ARGUMENT, "%d tensors are too many", call->n_in);
    tp_tensor *const old = call->need ? tp_clone(x) : x;
    for (int i = 0; i < call->n_in; i++) in[i] = call->in[i] == x ? old : call->in[i];
    if (!old || tp__run(call->op->out_of_place, in, call->n_in, call->attr, out, 4, NULL) < 0) return tp__pending();
    const tp_tensor *y = out[0];
    if (!tp__same_shape(x, y))
        return tp__call_fail(call, TP_ERR_SHAPE, "the result %s does not fit into %s", tp__shape_text(y), tp__shape_text(x));
    if (tp__category(y->dtype) > tp__category(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "the result is %s, which %s cannot hold",
                             tp_dtype_name((tp_dtype)y->dtype), tp_dtype_name((tp_dtype)x->dtype));
    call->out[call->n_out++] = x;
    return tp__made(tp_copy_(x, out[0]));
}

/* ---- The tape ------------------------------------------------------------------------------------------------------------------ */

static int arg_of_slot(const tp__op_state *state, const tp__call *call, int slot)
{
    if (state->list_at < 0 || slot < state->list_at) return slot;
    const int members = call->n_in - state->last_tensor;
    return slot < state->list_at + members ? state->list_at : slot - members + 1;
}

/* What an in-place op saves. Its first input is about to be overwritten: a copy. Another that shares its base would be pointed
 * at this node by tp__rebase, a cycle: a handle apart, with the node that it has now. */
static tp_tensor *to_save_in_place(const tp__call *call, int index)
{
    tp_tensor *x = call->in[index], *written = call->in[0];
    if (!index) return tp_clone(x);
    const tp_tensor *root = written->base ? written->base : written;
    if (x != written && x != root && x->base != root) return x;
    tp_tensor *apart = tp__alias_like(x);
    if (apart && x->node) tp__attach(x->node, apart, x->output);
    return apart;
}

/* The node of a call, with its edges and what it saves of the inputs; before the kernel, which may overwrite one. */
static tp_node *record(tp__call *call)
{
    const tp_op *op = call->op;
    const int n_saved = tp__count_saves(op);
    const int n_shapes = __builtin_popcountll(call->keep_shape);
    tp_node *node = tp__node_new(op, call->n_in, n_saved, n_shapes, op->attr_size);
    if (!node) return NULL;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    if (tp__self.mode & TP__ANOMALY && tp__note_origin(node, call->in, call->n_in)) {
        tp__node_unref(node);
        return NULL;
    }
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i]) tp__connect(node, i, call->in[i]);
    for (int i = 0, k = 0; i < call->n_in && k < n_shapes; i++) {
        if (!(call->keep_shape >> i & 1)) continue;
        tp__kept_shape *kept = &tp__shapes(node)[k++];
        kept->arg = (int16_t)i;
        kept->ndim = call->in[i]->ndim;
        kept->dtype = call->in[i]->dtype;
        kept->device = call->in[i]->device;
        memcpy(kept->shape, call->in[i]->shape, sizeof *kept->shape * call->in[i]->ndim);
    }
    for (int k = 0; k < n_saved; k++) {
        const tp__save *save = &op->saves[k];
        if (save->from != TP__SAVE_INPUT || (save->when && !(save->when & call->need)) || !call->in[save->index]) continue;
        tp_tensor *x = call->in[save->index];
        if (op->flags & TP__INPLACE) x = to_save_in_place(call, save->index);
        if (!x || tp__save_input(node, k, x)) {
            tp__node_unref(node);
            return NULL;
        }
    }
    if (op->attr_size) memcpy(tp__attr_memory(node), call->attr, op->attr_size);
    return node;
}

static bool takes_gradient(const tp_tensor *x) { return tp__is_floating(x->dtype) || tp__is_complex(x->dtype); }

/* After the kernel: outputs get the node, and it gets those that its rule wants. Gives back the reference of `record`. */
static tp_status attach(tp__call *call, tp_node *node)
{
    tp_status status = TP_OK;
    node->n_out = (uint16_t)call->n_out;
    for (int k = 0; k < node->n_saved && !status; k++) {
        const tp__save *save = &call->op->saves[k];
        if (save->from == TP__SAVE_OUTPUT && (!save->when || save->when & call->need))
            status = tp__save_output(node, k, call->out[save->index], save->index);
    }
    if (!status && call->op->flags & TP__INPLACE && takes_gradient(call->in[0])) status = tp__rebase(call->in[0], node, 0);
    for (int i = 0; i < call->n_out && !status && !(call->op->flags & TP__INPLACE); i++)
        if (takes_gradient(call->out[i])) tp__attach(node, call->out[i], i);
    tp__node_unref(node);
    return status;
}

/* ---- The call -------------------------------------------------------------------------------------------------------------------- */

static tp_status fail_mixed(const tp__call *call, tp_device a, tp_device b)
{
    return tp__call_fail(call, TP_ERR_DEVICE, "tensors are on %s and %s", tp_device_name(a), tp_device_name(b));
}

/* Of several devices one must be the CPU, and its tensors 0-dim; what is written is on the other. */
static tp_status check_mixed(const tp__call *call)
{
    const tp_device device = device_of(call);
    for (int i = 0; i < call->n_in; i++) {
        const tp_tensor *x = call->in[i];
        if (!x || x->flags & TP__WRAPPED || x->device == device) continue;
        if (x->device != TP_CPU || x->ndim || (!i && call->op->flags & TP__INPLACE)) return fail_mixed(call, device, x->device);
    }
    return TP_OK;
}

/* NULL for what the schema requires, or an absent tensor while an error is unread: nothing happens. */
static tp_status check_inputs(tp__call *call, const tp__op_state *state)
{
    tp_device device = 0;                              /* a 0-dim tensor of the CPU may stand beside others of a device, as a number does */
    for (int i = 0; i < call->n_in; i++) {
        tp_tensor *x = call->in[i];
        const tp__param *param = &state->params[arg_of_slot(state, call, i)];
        if (!x) {
            if (param->type == TP__TYPE_TENSORS || (param->type == TP__TYPE_TENSOR && (!param->optional || tp__pending_error())))
                return tp__pending() ? tp__pending() : TP_ERR_ARGUMENT;
            continue;
        }
        if (!tp__alive(x, state->base_name)) return tp__pending();
        if (__builtin_expect(tp__is_complex(x->dtype), 0)) {
            if (!state->complex) return tp__call_fail(call, TP_ERR_DTYPE, "it is not implemented for %s", tp_dtype_name((tp_dtype)x->dtype));
            call->complex = true;
        }
        if (x->flags & TP__WRAPPED) continue;
        if (!device) device = x->device;
        else if (x->device != device) call->mixed = true;
    }
    return __builtin_expect(call->mixed, 0) && !(call->op->flags & TP__ANY_DEVICE) ? check_mixed(call) : TP_OK;
}

static tp_status find_need(tp__call *call, const tp__op_state *state)
{
    if (tp__self.mode & TP__NO_RECORD || call->op->flags & TP__NO_GRAD_OP || !(call->op->backward || call->op->compose)) return TP_OK;
    for (int i = 0; i < call->n_in; i++) {
        tp_tensor *x = call->in[i];
        if (!x) continue;
        const tp_status status = tp__view_refresh(x);
        if (status) return status;
        if (tp__needs_grad(x)) call->need |= (uint64_t)1 << arg_of_slot(state, call, i);
    }
    return TP_OK;
}

static tp_status compute_plain(tp__call *call)
{
    const tp_op *op = call->op;
    if (op->forward) return op->forward(call);
    if (op->flags & TP__VIEW) return TP_OK;
    const tp_kernel *kernel = tp__kernel(op, device_of(call));
    return kernel ? kernel->run(call) : tp__pending();
}

static tp_status compute(tp__call *call)
{
    const int how = __builtin_expect(call->complex, 0) ? tp__state(call->op)->complex : TP__COMPLEX_AS_IS;
    if (__builtin_expect(how == TP__COMPLEX_AS_IS, 1)) return compute_plain(call);
    if (how == TP__COMPLEX_PARTS) return tp__by_parts(call, compute_plain);
    const tp_kernel *kernel = tp__complex_kernel(call->op, device_of(call));
    return kernel ? kernel->run(call) : tp__pending();
}

static tp_status run(tp__call *call, const tp__op_state *state)
{
    const tp_op *op = call->op;
    tp_status status = check_inputs(call, state);
    if (!status) status = find_need(call, state);
    if (status) return status;
    const bool inplace = op->flags & TP__INPLACE;
    if (inplace && !(op->flags & TP__RELAYS ? tp__may_relay(call->in[0], state->base_name)
                                            : tp__may_write_with(call->in[0], state->base_name, call->need))) return tp__pending();
    if (__builtin_expect(call->complex, 0) && state->complex == TP__COMPLEX_FORM) return tp__complex_form_of(state->base_name)(call);
    if (op->compose) return op->compose(call);
    status = op->shape(call);
    if (status) return status;
    if (__builtin_expect(call->mixed, 0) && !call->takes_host_values && !(op->flags & TP__ANY_DEVICE)) return fail_mixed(call, device_of(call), TP_CPU);
    tp_node *node = NULL;
    if (call->need && !(node = record(call))) return tp__pending() ? tp__pending() : TP_ERR_MEMORY;
    status = compute(call);
    if (inplace) tp__bump(call->in[0], state->base_name);
    if (status) {
        if (node) tp__node_unref(node);
        return status;
    }
    return node ? attach(call, node) : TP_OK;
}

int tp__run(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **out, int max_out, const void *caller)
{
    if (__builtin_expect(tp__self.mode & TP__AUTOCAST, 0)) return tp__run_autocast(op, in, n_in, attr, out, max_out, caller);
    return tp__run_as_given(op, in, n_in, attr, out, max_out, caller);
}

int tp__run_as_given(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **out, int max_out, const void *caller)
{
    tp__thread *self = &tp__self;
    const tp__op_state *state = tp__state(op);
    tp__call call = { .op = op, .in = in, .n_in = n_in, .out = out, .max_out = max_out, .attr = attr };
    const bool outermost = !self->caller;
    if (outermost) {
        self->caller = caller;
        self->op = state->base_name;
    }
    const uint32_t mark = self->listed;
    out[0] = NULL;
    tp_status status = run(&call, state);
    if (status) {
        if (!tp__pending_error() && status == TP_ERR_MEMORY) tp_fail(status, "%s: no memory", state->base_name);
        tp__list_release(mark);
        out[0] = NULL;
    }
    if (outermost) {
        self->caller = NULL;
        self->op = NULL;
    }
    return status ? (int)status : call.n_out;
}

tp_tensor *tp__run1(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, const void *caller)
{
    tp_tensor *out[4] = { NULL };
    return tp__run(op, in, n_in, attr, out, 4, caller) < 0 ? NULL : out[0];
}

tp_tensor *tp__run_parts(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **second, tp_tensor **third, const void *caller)
{
    tp_tensor *out[4] = { NULL };
    const bool good = tp__run(op, in, n_in, attr, out, 4, caller) >= 0;
    if (second) *second = good ? out[1] : NULL;
    if (third) *third = good ? out[2] : NULL;
    return good ? out[0] : NULL;
}

/* ---- Operands, promotion, broadcasting ------------------------------------------------------------------------------------------- */

tp_tensor *tp__operand(tp_operand v)
{
    if (v.kind == TP_OPERAND_TENSOR) return v.as.tensor;
    if (v.kind == TP_OPERAND_NONE) return NULL;
    tp_tensor *x = tp__tensor_new(TP_CPU, v.kind == TP_OPERAND_REAL ? TP_F64 : v.kind == TP_OPERAND_BOOL ? TP_BOOL : TP_I64, 0, NULL);
    if (!x) return NULL;
    x->flags |= TP__WRAPPED;
    if (v.kind == TP_OPERAND_REAL) *(double *)x->data = v.as.real;
    else if (v.kind == TP_OPERAND_BOOL) *(bool *)x->data = v.as.integer;
    else *(int64_t *)x->data = v.as.integer;
    return x;
}

int tp__category(int dtype) { return tp__is_complex(dtype) ? 3 : tp__is_floating(dtype) ? 2 : dtype == TP_BOOL ? 0 : 1; }

/* As torch.result_type: tensors with dims come first, then 0-dim ones, then numbers; a lower rank counts only if its
 * category is higher, and then as the default dtype of it, if it is a number. */
tp_dtype tp__result_type(tp_tensor *const *in, int n)
{
    tp_dtype by_rank[3] = { TP_DTYPE_DEFAULT, TP_DTYPE_DEFAULT, TP_DTYPE_DEFAULT };
    for (int i = 0; i < n; i++) {
        if (!in[i]) continue;
        const int rank = in[i]->flags & TP__WRAPPED ? 2 : in[i]->ndim ? 0 : 1;
        tp_dtype dtype = (tp_dtype)in[i]->dtype;
        if (rank == 2 && dtype == TP_F64) dtype = TP_F32;
        by_rank[rank] = by_rank[rank] ? tp_promote_types(by_rank[rank], dtype) : dtype;
    }
    tp_dtype result = by_rank[0];
    for (int rank = 1; rank < 3; rank++) {
        if (!by_rank[rank]) continue;
        if (!result) result = by_rank[rank];
        else if (tp__category(by_rank[rank]) > tp__category(result))         /* complex numbers of what floats there are */
            result = tp__is_complex(by_rank[rank]) && tp__is_floating(result) ? (result == TP_F64 ? TP_C128 : TP_C64) : by_rank[rank];
    }
    return result;
}

tp_dtype tp_result_type_with(tp_operand a, tp_operand b)
{
    TP_SCOPE();                                        /* numbers become tensors on the way */
    tp_tensor *in[] = { tp__operand(a), tp__operand(b) };
    for (int i = 0; i < 2; i++)
        if (!in[i] || !tp__alive(in[i], "result_type")) return TP_DTYPE_DEFAULT;
    return tp__result_type(in, 2);
}

bool tp__broadcast_shape(const tp__call *call, int n, int *ndim, int64_t *shape)
{
    int most = 0;
    for (int i = 0; i < n; i++)
        if (call->in[i] && call->in[i]->ndim > most) most = call->in[i]->ndim;
    for (int d = 0; d < most; d++) shape[d] = 1;
    for (int i = 0; i < n; i++) {
        const tp_tensor *x = call->in[i];
        for (int d = 0; x && d < x->ndim; d++) {
            int64_t *size = &shape[most - x->ndim + d];
            if (x->shape[d] == 1 || x->shape[d] == *size) continue;
            if (*size != 1) {
                tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not broadcast", tp__shape_text(call->in[0]), tp__shape_text(x));
                return false;
            }
            *size = x->shape[d];
        }
    }
    *ndim = most;
    return true;
}

tp_tensor *tp__reduce_to(tp_tensor *x, int ndim, const int64_t *shape, tp_dtype dtype)
{
    if (!x) return NULL;
    tp_sum_options o = { .size = offsetof(tp_sum_options, tp__end) };
    const int lead = x->ndim - ndim;
    for (int d = 0; d < x->ndim; d++) {
        if (d >= lead && (shape[d - lead] != 1 || x->shape[d] == 1)) continue;
        o.dims.dim[o.dims.n++] = d;
        o.keepdim |= d >= lead;                        /* if none is, the sum has its shape, and no view, which a leaf would copy, is made */
    }
    if (o.dims.n) x = tp_sum_with(x, &o);
    if (x && lead && o.keepdim) x = tp_reshape(x, tp__shape(ndim, shape));
    if (x && tp__is_complex(x->dtype) && tp__is_floating(dtype)) x = tp_real(x);
    return x && dtype && x->dtype != dtype ? tp_to_dtype(x, dtype) : x;
}

tp_tensor *tp__fit(const tp_node *node, int arg, tp_tensor *dx)
{
    const tp__kept_shape *kept = dx && node->n_shapes ? tp__kept(node, arg) : NULL;
    if (!kept) return dx;
    dx = tp__reduce_to(dx, kept->ndim, kept->shape, (tp_dtype)kept->dtype);
    return dx && dx->device != kept->device ? tp_to(dx, kept->device) : dx;      /* of a 0-dim tensor beside a device's */
}

bool tp__list_is_good(const tp_op *op, const tp_tensor_list *tensors)
{
    const char *name = tp__state(op)->base_name;
    if (tensors->n >= 0 && tensors->n <= UINT16_MAX && (tensors->at || !tensors->n)) return true;
    if (tensors->n > UINT16_MAX) tp_fail(TP_ERR_ARGUMENT, "%s: %lld tensors, at most %d are possible", name, (long long)tensors->n, UINT16_MAX);
    else tp_fail(TP_ERR_ARGUMENT, "%s: the list of tensors is NULL", name);
    return false;
}

tp_tensor *tp__run_list(const tp_op *op, const tp_tensor_list *tensors, const void *attr, const void *caller)
{
    return tp__list_is_good(op, tensors) ? tp__run1(op, tensors->at, (int)tensors->n, attr, caller) : NULL;
}

bool tp__outputs_are_good(const char *op, tp_tensor **out, int max, int *n)
{
    if (n) *n = 0;
    for (int i = 0; i < max && out; i++) out[i] = NULL;
    if (max >= 0 && (out || !max)) return true;
    tp_fail(TP_ERR_ARGUMENT, "%s: room for %d outputs, or the list of them is NULL", op, max);
    return false;
}

tp_status tp__give_several(const tp_op *op, const tp_tensor_list *tensors, const void *attr, tp_tensor **out, int max, int *n, const void *caller)
{
    if (!tp__outputs_are_good(tp__state(op)->base_name, out, max, n) || !tp__list_is_good(op, tensors)) return TP_ERR_ARGUMENT;
    tp_tensor *none[1];
    const int got = tp__run(op, tensors->at, (int)tensors->n, attr, max ? out : none, max, caller);
    if (got < 0)
        for (int i = 0; i < max; i++) out[i] = NULL;
    else if (n) *n = got;
    return got < 0 ? (tp_status)got : TP_OK;
}
