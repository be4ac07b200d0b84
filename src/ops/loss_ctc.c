/* loss_ctc.c: connectionist temporal classification (Graves et al. 2006), in logarithms.
 *
 *   ctc_loss   y = -ln p(target) of each sequence, the sum over all paths of classes and blanks that read as the target
 *              mean: each over the length of its target first
 *              dx_tc = dy (e^x_tc - p(c at t)), which is that of x = log_softmax(v) by v; 0 beyond a sequence's length
 *
 * The forward keeps ln p of each beginning of a path, [n, time, 2 longest + 1] in float64. There is no second gradient. */
#include "core/kernel_args.h"
#include "ops/loss.h"

typedef struct ctc_attr { int64_t blank; int32_t reduction; bool zero_infinity; } ctc_attr;
typedef struct ctc_lists_attr { tp__int_list input_lengths, target_lengths; int64_t blank; int32_t reduction; bool zero_infinity; } ctc_lists_attr;

/* ---- The losses of each sequence --------------------------------------------------------------------------------------------------------- */

/* x [time, n, classes], targets [n, some] or [all], int64; lengths [3, n]: of the input, of the target, where that begins. */
static tp_status each_check(const tp__call *call, int at)
{
    const tp_tensor *x = call->in[at], *targets = call->in[at + 1], *lengths = call->in[at + 2];
    const tp__ctc *attr = call->attr;
    if (x->ndim != 3 || lengths->ndim != 2 || lengths->shape[0] != 3 || lengths->shape[1] != x->shape[1]
        || attr->longest < 0 || attr->longest > targets->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "log_probs %s and lengths %s do not fit", tp__shape_text(x), tp__shape_text(lengths));
    if (!tp__is_floating(x->dtype) || targets->dtype != TP_I64 || lengths->dtype != TP_I64)
        return tp__call_fail(call, TP_ERR_DTYPE, "log_probs are %s and targets %s: these are floating and int64", tp_dtype_name((tp_dtype)x->dtype),
                             tp_dtype_name((tp_dtype)targets->dtype));
    if (attr->blank < 0 || attr->blank >= x->shape[2])
        return tp__call_fail(call, TP_ERR_ARGUMENT, "blank %lld is not in [0, %lld)", (long long)attr->blank, (long long)x->shape[2]);
    return TP_OK;
}

static tp_status each_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (each_check(call, 0)) return tp__pending();
    const int64_t beginnings[] = { x->shape[1], x->shape[0], 2 * ((const tp__ctc *)call->attr)->longest + 1 };
    return tp__out(call, (tp_dtype)x->dtype, 1, &x->shape[1]) ? tp__made(tp__out(call, TP_F64, 3, beginnings)) : tp__pending();
}

static tp_status back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *x = call->in[1], *alpha = call->in[4];
    if (each_check(call, 1)) return tp__pending();
    const int64_t width = 2 * ((const tp__ctc *)call->attr)->longest + 1;
    if (dy->ndim != 1 || dy->numel != x->shape[1] || !tp__is_floating(alpha->dtype) || alpha->ndim != 3 || alpha->shape[0] != x->shape[1]
        || alpha->shape[1] != x->shape[0] || alpha->shape[2] != width)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit log_probs %s", tp__shape_text(dy), tp__shape_text(x));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, 3, x->shape));
}

static const tp_op op_ctc_backward;

static tp_status each_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *const in[] = { dy[0], tp__saved(node, 0), tp__saved(node, 1), tp__saved(node, 2), tp__saved(node, 3) };
    if (!(need & 1) || !dy[0]) return TP_OK;           /* what is kept for backward has no gradient of its own */
    return tp__made(dx[0] = tp__run1(&op_ctc_backward, in, 5, tp__attr(node), NULL));
}

static tp_status no_second(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)g, (void)need, (void)dx;
    return tp_fail(TP_ERR_UNSUPPORTED, "ctc_loss: it has no second gradient");
}

/* ---- The op ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status check_length(const tp__call *call, const char *what, int64_t length, int64_t most)
{
    if (length >= 0 && length <= most) return TP_OK;
    return tp__call_fail(call, TP_ERR_ARGUMENT, "a length of %s is %lld, and has to be from 0 to %lld", what, (long long)length, (long long)most);
}

/* Both lengths and where each target begins, as one tensor; and the longest target. */
static tp_tensor *layout(const tp__call *call, const int64_t *input, const int64_t *target, int64_t n, int64_t *longest)
{
    const tp_tensor *x = call->in[0], *targets = call->in[1];
    const bool padded = targets->ndim == 2;
    tp_tensor *lengths = tp_zeros(TP_SHAPE(3, n), .dtype = TP_I64);
    int64_t *v = tp_data_mut(lengths), begins = 0;
    if (!v) return NULL;
    *longest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (check_length(call, "the input", input[i], x->shape[0])) return NULL;
        if (check_length(call, "a target", target[i], padded ? targets->shape[1] : targets->numel - begins)) return NULL;
        v[i] = input[i];
        v[n + i] = target[i];
        v[2 * n + i] = padded ? i * targets->shape[1] : begins;
        begins += target[i];
        if (target[i] > *longest) *longest = target[i];
    }
    if (!padded && begins != targets->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "targets %s hold %lld classes, their lengths are %lld in all", tp__shape_text(targets),
                             (long long)targets->numel, (long long)begins), NULL;
    return lengths;
}

static const tp_op op_ctc_each;

static tp_status reduce(tp__call *call, tp_tensor *y, tp_tensor *lengths, int32_t reduction, bool batched)
{
    if (reduction == TP_REDUCTION_NONE && y && !batched) y = tp_reshape(y, TP__SCALAR_SHAPE);
    if (tp__is_mean(reduction) && y) {                 /* an empty target counts as one */
        tp_tensor *length = tp_select(lengths, 0, 1);
        y = tp_div(y, tp_to_dtype(tp_masked_fill(length, tp_lt(length, 1), 1), tp_dtype_of(y)));
    }
    return tp__loss_is(call, y, reduction);
}

static tp_status ctc(tp__call *call, const int64_t *input, int64_t n_input, const int64_t *target, int64_t n_target, const ctc_attr *attr)
{
    tp_tensor *x = call->in[0], *targets = call->in[1];
    const bool batched = x->ndim == 3;
    if (x->ndim != 2 && x->ndim != 3)
        return tp__call_fail(call, TP_ERR_SHAPE, "log_probs %s are [time, n, classes] or [time, classes]", tp__shape_text(x));
    const int64_t n = batched ? x->shape[1] : 1;
    if (targets->dtype != TP_I64 && targets->dtype != TP_I32)
        return tp__call_fail(call, TP_ERR_DTYPE, "targets are %s, and have to be int64 or int32", tp_dtype_name((tp_dtype)targets->dtype));
    if (targets->ndim < 1 || targets->ndim > 2 || (targets->ndim == 2 && targets->shape[0] != n) || n_input != n || n_target != n)
        return tp__call_fail(call, TP_ERR_SHAPE, "log_probs %s have %lld sequences, targets are %s, and %lld and %lld lengths are given",
                             tp__shape_text(x), (long long)n, tp__shape_text(targets), (long long)n_input, (long long)n_target);
    tp__ctc each = { .blank = attr->blank, .zero_infinity = attr->zero_infinity };
    tp_tensor *lengths = tp_to(layout(call, input, target, n, &each.longest), x->device), *out[2] = { NULL };
    if (!lengths) return tp__pending();
    tp_tensor *const in[] = { batched ? x : tp_unsqueeze(x, 1), tp_to(tp_to_dtype(targets, TP_I64), x->device), lengths };
    if (tp__run(&op_ctc_each, in, 3, &each, out, 2, NULL) < 0) return tp__pending();
    return reduce(call, out[0], lengths, attr->reduction, batched);
}

/* Lengths on the CPU, as int64 */
static tp_tensor *as_lengths(const tp__call *call, tp_tensor *x)
{
    if (tp__is_floating(x->dtype) || x->dtype == TP_BOOL || tp__is_complex(x->dtype) || x->ndim > 1)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "lengths are %s %s, and have to be integers in one dim", tp_dtype_name((tp_dtype)x->dtype),
                             tp__shape_text(x)), NULL;
    TP_NO_GRAD();
    return tp_contiguous(tp_to_dtype(tp_to(x, TP_CPU), TP_I64));
}

static tp_status ctc_loss(tp__call *call)
{
    tp_tensor *input = as_lengths(call, call->in[2]), *target = input ? as_lengths(call, call->in[3]) : NULL;
    if (!input || !target) return tp__pending();
    return ctc(call, tp_data(input), input->numel, tp_data(target), target->numel, call->attr);
}

static tp_status ctc_loss_lists(tp__call *call)
{
    const ctc_lists_attr *attr = call->attr;
    return ctc(call, attr->input_lengths.v, attr->input_lengths.n, attr->target_lengths.v, attr->target_lengths.n,
               &(ctc_attr){ attr->blank, attr->reduction, attr->zero_infinity });
}

/* ---- Samples: what backward gives is the gradient of log_softmax's input, so there is no numerical check ------------------------------- */

static void give(tp_sample_set *set, const tp_arg *args, int n)
{
    tp__sample sample = { .n = n, .no_gradcheck = true };
    memcpy(sample.args, args, sizeof *args * (size_t)n);
    set->take(set, &sample);
}
#define GIVE(...) give(set, (const tp_arg[]){ __VA_ARGS__ }, (int)(sizeof((const tp_arg[]){ __VA_ARGS__ }) / sizeof(tp_arg)))

static tp_tensor *whole(tp_shape shape, const int64_t *v) { return tp_from_data(v, TP_I64, shape); }
static tp_tensor *log_probs(tp_sample_set *set, tp_shape shape)
{
    tp_tensor *x = tp_detach(tp_log_softmax(tp_detach(tp__sample_tensor(set, shape, -2, 2)), -1));
    if (x) tp_requires_grad(x, true);
    return x;
}

static void ctc_samples(tp_sample_set *set)
{
    tp_tensor *padded = whole(TP_SHAPE(2, 3), (const int64_t[]){ 1, 1, 2, 3, 2, 1 }), *joined = whole(TP_SHAPE(4), (const int64_t[]){ 1, 2, 2, 2 });
    tp_tensor *times = whole(TP_SHAPE(2), (const int64_t[]){ 6, 5 }), *sizes = whole(TP_SHAPE(2), (const int64_t[]){ 3, 2 });
    tp_tensor *twos = whole(TP_SHAPE(2), (const int64_t[]){ 2, 2 });
    GIVE(TP__TENSOR_ARG(log_probs(set, TP_SHAPE(6, 2, 4))), TP__TENSOR_ARG(padded), TP__TENSOR_ARG(times), TP__TENSOR_ARG(sizes));
    GIVE(TP__TENSOR_ARG(log_probs(set, TP_SHAPE(6, 2, 5))), TP__TENSOR_ARG(joined), TP__TENSOR_ARG(times), TP__TENSOR_ARG(twos),
         TP__INT_NAMED("blank", 4), TP__REDUCTION_ARG("none"), TP__BOOL_NAMED("zero_infinity", true));
}
static void ctc_lists_samples(tp_sample_set *set)
{
    tp_tensor *one = whole(TP_SHAPE(2), (const int64_t[]){ 1, 2 });
    GIVE(TP__TENSOR_ARG(log_probs(set, TP_SHAPE(5, 4))), TP__TENSOR_ARG(one), TP__INTS_ARG(1, 5), TP__INTS_ARG(1, 2), TP__REDUCTION_ARG("sum"));
}
static void each_samples(tp_sample_set *set)
{
    tp_tensor *padded = whole(TP_SHAPE(2, 2), (const int64_t[]){ 1, 2, 3, 2 }), *lengths = whole(TP_SHAPE(3, 2), (const int64_t[]){ 2, 2, 2, 1, 0, 2 });
    GIVE(TP__TENSOR_ARG(log_probs(set, TP_SHAPE(4, 2, 4))), TP__TENSOR_ARG(padded), TP__TENSOR_ARG(lengths),
         TP__INT_ARG(0), TP__BOOL_ARG(false), TP__INT_ARG(2));
}
static void back_samples(tp_sample_set *set)
{
    tp_tensor *padded = whole(TP_SHAPE(2, 2), (const int64_t[]){ 1, 2, 3, 2 }), *lengths = whole(TP_SHAPE(3, 2), (const int64_t[]){ 2, 2, 2, 1, 0, 2 });
    tp_tensor *x = tp_detach(log_probs(set, TP_SHAPE(4, 2, 4))), *alpha = tp_zeros(TP_SHAPE(2, 4, 5), .dtype = TP_F64);
    tp_tensor *dy = tp_detach(tp__sample_tensor(set, TP_SHAPE(2), 0.5, 2));
    GIVE(TP__TENSOR_ARG(dy), TP__TENSOR_ARG(x), TP__TENSOR_ARG(padded), TP__TENSOR_ARG(lengths), TP__TENSOR_ARG(alpha), TP__INT_ARG(0),
         TP__BOOL_ARG(false), TP__INT_ARG(2));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define REST "int blank=0, string{none,mean,sum} reduction=mean, bool zero_infinity=false) -> Tensor"
static const tp_op op_ctc_loss = { .schema = "ctc_loss(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, " REST,
    .compose = ctc_loss, .flags = TP__ANY_DEVICE, .attr_size = sizeof(ctc_attr), .samples = ctc_samples, .state = TP__STATE };
static const tp_op op_ctc_loss_lists = { .schema = "ctc_loss.IntList(Tensor log_probs, Tensor targets, int[+] input_lengths, int[+] target_lengths, " REST,
    .compose = ctc_loss_lists, .attr_size = sizeof(ctc_lists_attr), .samples = ctc_lists_samples, .state = TP__STATE };
#define EACH "Tensor log_probs, Tensor targets, Tensor lengths, "
static const tp_op op_ctc_each = { .schema = "ctc_loss_each(" EACH "int blank, bool zero_infinity, int longest) -> (Tensor, Tensor)",
    .flags = TP__INTERNAL, .shape = each_shape, .backward = each_backward, .attr_size = sizeof(tp__ctc), .samples = each_samples, .state = TP__STATE,
    .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0), TP__OUTPUT(1) } };
static const tp_op op_ctc_backward = {
    .schema = "ctc_loss_backward(Tensor grad, " EACH "Tensor beginnings, int blank, bool zero_infinity, int longest) -> Tensor",
    .flags = TP__INTERNAL, .shape = back_shape, .backward = no_second, .attr_size = sizeof(tp__ctc), .samples = back_samples, .state = TP__STATE };

tp_tensor *tp_ctc_loss_with(tp_tensor *log_probs_, tp_tensor *targets, tp_tensor *input_lengths, tp_tensor *target_lengths, const tp_ctc_loss_options *options)
{
    tp_ctc_loss_options o = { TP__DEFAULT_ctc_loss .tp__end = 0 };
    if (tp_options_take("ctc_loss", &o, options, offsetof(tp_ctc_loss_options, tp__end))) return NULL;
    ctc_attr attr = { .blank = o.blank, .zero_infinity = o.zero_infinity };
    if (!tp__reduction_of("ctc_loss", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_ctc_loss, (tp_tensor *[]){ log_probs_, targets, input_lengths, target_lengths }, 4, &attr, TP__CALLER);
}

const tp_op *const tp__ops_loss_ctc[] = { &op_ctc_loss, &op_ctc_loss_lists, &op_ctc_each, &op_ctc_backward, NULL };
