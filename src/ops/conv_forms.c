/* conv_forms.c: PyTorch's convolutions, each a call of the one in conv.c.
 *
 *   conv1d conv2d conv3d                                    y = x * w + b, padding by a number or by the word "same" or "valid"
 *   conv_transpose1d conv_transpose2d conv_transpose3d      the adjoint in x
 *
 * An input without a batch dim gets one for the time. */
#include "ops/conv.h"
#include "ops/samples.h"
#include "ops/spatial.h"

enum { PADDING_VALID = 1, PADDING_SAME };              /* of the schemas' choice */

/* ---- Calls ---------------------------------------------------------------------------------------------------------------------- */

static tp_status check_dims(const tp__call *call, int n)
{
    static const char *const dims[] = { "length", "height, width", "depth, height, width" };
    const tp_tensor *x = call->in[0], *w = call->in[1];
    const bool transposed = tp__state(call->op)->base_name[4] == '_';
    if (w->ndim != n + 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s must have %d dims, [%s, %s]", tp__shape_text(w), n + 2,
                             transposed ? "in, out / groups" : "out, in / groups", dims[n - 1]);
    if (x->ndim != n + 2 && x->ndim != n + 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have %d dims, [n, channels, %s], or %d", tp__shape_text(x), n + 2, dims[n - 1], n + 1);
    return TP_OK;
}

/* What keeps the size at stride 1; of an odd number of zeros there is one more at the end. */
static tp_status pad_to_same(const tp__call *call, int n, tp__convolution *a)
{
    const tp_tensor *w = call->in[1];
    a->padding.n = 2 * n;
    for (int i = 0; i < n; i++) {
        if (a->stride.v[i] != 1)
            return tp__call_fail(call, TP_ERR_ARGUMENT, "padding \"same\" goes with stride 1, not %lld", (long long)a->stride.v[i]);
        if (a->dilation.v[i] < 1 || a->dilation.v[i] > INT32_MAX || w->shape[2 + i] > INT32_MAX || w->shape[2 + i] < 1)
            return tp__call_fail(call, TP_ERR_ARGUMENT, "dilation %lld or the kernel of weight %s cannot be", (long long)a->dilation.v[i], tp__shape_text(w));
        const int64_t total = a->dilation.v[i] * (w->shape[2 + i] - 1);
        a->padding.v[i] = total / 2;
        a->padding.v[n + i] = total - total / 2;
    }
    return TP_OK;
}

static tp_status run(tp__call *call, int n, tp__convolution *a)
{
    tp_status status = check_dims(call, n);
    for (int i = 0; i < n && !status; i++)
        if (a->padding.v[i] == TP_SAME) {
            status = pad_to_same(call, n, a);
            break;
        }
    if (status) return status;
    tp_tensor *x = call->in[0];
    const bool one = x->ndim == n + 1;
    if (one) x = tp__batched(x);
    tp_tensor *y = tp__convolve(x, call->in[1], call->in[2], a, NULL);
    call->out[call->n_out++] = one ? tp__unbatched(y) : y;
    return tp__made(call->out[0]);
}

/* The attributes are int64_t in the schema's order: lists of n, and the groups. */
static tp_status run_by_number(tp__call *call, int n)
{
    const int64_t *v = call->attr;
    return run(call, n, &(tp__convolution){ .stride = tp__ints_of(n, v), .padding = tp__ints_of(n, v + n),
        .dilation = tp__ints_of(n, v + 2 * n), .groups = v[3 * n] });
}
static tp_status run_by_word(tp__call *call, int n)
{
    const int64_t *v = call->attr;
    int32_t word;
    memcpy(&word, v + n, sizeof word);
    tp__convolution a = { .stride = tp__ints_of(n, v), .dilation = tp__ints_of(n, v + n + 1), .groups = v[2 * n + 1] };
    a.padding.n = n;
    for (int i = 0; i < n && word == PADDING_SAME; i++) a.padding.v[i] = TP_SAME;
    return run(call, n, &a);
}
static tp_status run_transposed(tp__call *call, int n)
{
    const int64_t *v = call->attr;
    return run(call, n, &(tp__convolution){ .transposed = true, .stride = tp__ints_of(n, v),
        .padding = tp__ints_of(n, v + n), .output_padding = tp__ints_of(n, v + 2 * n), .groups = v[3 * n],
        .dilation = tp__ints_of(n, v + 3 * n + 1) });
}

/* ---- Samples ---------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *uniform(const tp_sample_set *set, int ndim, const int64_t *shape) { return tp__sample_tensor(set, tp__shape(ndim, shape), -1, 1); }

static void samples_by_number(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 3, 4, 5, 3 }, w[] = { 2, 3, 3, 2, 2 }, one[] = { 4, 4, 3, 4 }, grouped[] = { 4, 2, 2, 2, 2 }, none[] = { 0, 3, 4, 4, 4 };
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 2, x)), TP__TENSOR_ARG(uniform(set, n + 2, w)), TP__TENSOR_ARG(uniform(set, 1, w)));
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 1, one)), TP__TENSOR_ARG(uniform(set, n + 2, grouped)),
             TP__NAMED("stride", .kind = TP_ARG_INT, .value.integer = 2), TP__NAMED("padding", .kind = TP_ARG_INT, .value.integer = 1),
             TP__NAMED("dilation", .kind = TP_ARG_INT, .value.integer = 2), TP__NAMED("groups", .kind = TP_ARG_INT, .value.integer = 2));
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 2, none)), TP__TENSOR_ARG(uniform(set, n + 2, w)));
}

static void samples_by_word(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 2, 4, 3, 2 }, w[] = { 2, 2, 2, 3, 2 };
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 2, x)), TP__TENSOR_ARG(uniform(set, n + 2, w)), TP__TENSOR_ARG(uniform(set, 1, w)),
             TP__NAMED("padding", .kind = TP_ARG_STRING, .value.string = "same"), TP__NAMED("dilation", .kind = TP_ARG_INT, .value.integer = 1));
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 1, x + 1)), TP__TENSOR_ARG(uniform(set, n + 2, w)),
             TP__NAMED("padding", .kind = TP_ARG_STRING, .value.string = "valid"));
}

static void samples_transposed(tp_sample_set *set, int n)
{
    const int64_t x[] = { 1, 2, 3, 2, 2 }, w[] = { 2, 3, 2, 3, 2 }, grouped[] = { 2, 1, 3, 3, 3 };
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 2, x)), TP__TENSOR_ARG(uniform(set, n + 2, w)), TP__TENSOR_ARG(uniform(set, 1, w + 1)));
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 1, x + 1)), TP__TENSOR_ARG(uniform(set, n + 2, grouped)), TP__TENSOR_ARG(uniform(set, 1, x + 1)),
             TP__INT_ARG(2), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(2), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(uniform(set, n + 2, x)), TP__TENSOR_ARG(uniform(set, n + 2, grouped)), { 0 },       /* more is left over than a stride */
             TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(2));
}

/* ---- Descriptors and public ------------------------------------------------------------------------------------------------------------ */

#define LISTS(n) "int[" #n "] stride=1, int[" #n "] padding=0, int[" #n "] dilation=1, int groups=1"
#define WORDED(n) "int[" #n "] stride=1, string{valid,same} padding=valid, int[" #n "] dilation=1, int groups=1"
#define TRANSPOSED(n) "int[" #n "] stride=1, int[" #n "] padding=0, int[" #n "] output_padding=0, int groups=1, int[" #n "] dilation=1"
#define OPERANDS "(Tensor input, Tensor weight, Tensor? bias=none, "
#define FORM(op, text, bytes, run, give, n) \
    static tp_status op##_run(tp__call *call) { return run(call, n); } \
    static void op##_samples(tp_sample_set *set) { give(set, n); } \
    static const tp_op op_##op = { .schema = text ") -> Tensor", .compose = op##_run, .attr_size = bytes, .samples = op##_samples, .state = TP__STATE };
#define FORMS(n, EACH) \
    FORM(conv##n##d, "conv" #n "d" OPERANDS LISTS(n), (3 * n + 1) * sizeof(int64_t), run_by_number, samples_by_number, n) \
    FORM(conv##n##d_by_word, "conv" #n "d.padding" OPERANDS WORDED(n), (2 * n + 2) * sizeof(int64_t), run_by_word, samples_by_word, n) \
    FORM(conv_transpose##n##d, "conv_transpose" #n "d" OPERANDS TRANSPOSED(n), (4 * n + 1) * sizeof(int64_t), run_transposed, samples_transposed, n) \
    tp_tensor *tp_conv##n##d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv##n##d_options *options) \
    { \
        tp_conv##n##d_options o = TP__BRACES(conv##n##d, ); \
        if (tp_options_take("conv" #n "d", &o, options, offsetof(tp_conv##n##d_options, tp__end))) return NULL; \
        int64_t v[3 * n + 1]; \
        for (int i = 0; i < n; i++) { \
            v[i] = EACH(o.stride, o.stride, i); \
            v[n + i] = EACH(o.padding, o.padding, i); \
            v[2 * n + i] = EACH(o.dilation, o.dilation, i); \
        } \
        v[3 * n] = o.groups; \
        return tp__run1(&op_conv##n##d, (tp_tensor *[]){ x, w, b }, 3, v, TP__CALLER); \
    } \
    tp_tensor *tp_conv_transpose##n##d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose##n##d_options *options) \
    { \
        tp_conv_transpose##n##d_options o = TP__BRACES(conv_transpose##n##d, ); \
        if (tp_options_take("conv_transpose" #n "d", &o, options, offsetof(tp_conv_transpose##n##d_options, tp__end))) return NULL; \
        int64_t v[4 * n + 1]; \
        for (int i = 0; i < n; i++) { \
            v[i] = EACH(o.stride, o.stride, i); \
            v[n + i] = EACH(o.padding, o.padding, i); \
            v[2 * n + i] = EACH(o.output_padding, o.output_padding, i); \
            v[3 * n + 1 + i] = EACH(o.dilation, o.dilation, i); \
        } \
        v[3 * n] = o.groups; \
        return tp__run1(&op_conv_transpose##n##d, (tp_tensor *[]){ x, w, b }, 3, v, TP__CALLER); \
    }
#define FOR_ALL(all, each, i)  (all)
#define OR_HW(all, each, i)    (each##_hw[i] != TP_NONE ? each##_hw[i] : (all))
#define OR_DHW(all, each, i)   (each##_dhw[i] != TP_NONE ? each##_dhw[i] : (all))
FORMS(1, FOR_ALL)
FORMS(2, OR_HW)
FORMS(3, OR_DHW)

const tp_op *const tp__ops_conv_forms[] = { &op_conv1d, &op_conv1d_by_word, &op_conv2d, &op_conv2d_by_word, &op_conv3d, &op_conv3d_by_word,
    &op_conv_transpose1d, &op_conv_transpose2d, &op_conv_transpose3d, NULL };
