/* dropout.c: the other forms of dropout, m = 0 with probability p, else 1; the kernel is that of random.c.
 *
 *   feature_dropout        y = x m / (1 - p), one m for each channel, dim 1; dropout1d, 2d and 3d know what may have no batch
 *   alpha_dropout          y = a (x m + c (m - 1) + c p), c = 1.7580993.., a = ((c^2 p + 1) (1 - p))^(-1/2): mean and variance of
 *                          what selu gives stay
 *   feature_alpha_dropout  the same, one m for each channel
 *
 * All are x itself where p is 0, or not training. */
#include "ops/run.h"
#include "ops/complex.h"

#include <math.h>

typedef struct drop_attr { double p; bool training, inplace; } drop_attr;
typedef struct drop_kind { bool by_channel, alpha; } drop_kind;

static tp_tensor *draw(tp_tensor *x, bool by_channel, double p)
{
    tp_shape shape = tp_shape_of(x);
    for (int d = 2; d < shape.ndim && by_channel; d++) shape.dim[d] = 1;
    return tp_to_dtype(tp_ge(tp_uniform(shape, 0, 1, .device = tp_device_of(x)), p), tp__part_dtype(x->dtype));
}

static tp_status drop(tp__call *call, drop_kind kind, tp_tensor *x, bool inplace)
{
    const drop_attr *attr = call->attr;
    const double p = attr->p, keep = 1 - p;
    tp_tensor *y = x;
    if (!(p >= 0 && p <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, and has to be from 0 to 1", p);
    if (x && attr->training && p > 0 && x->numel) {
        if (tp__category(x->dtype) < 2) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)x->dtype));
        if (kind.by_channel && x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no channels, dim 1", tp__shape_text(x));
        tp_tensor *old = inplace && call->need ? tp_clone(x) : x;        /* in place is one write, of the whole result */
        tp_tensor *m = p < 1 ? draw(x, kind.by_channel, p) : NULL;
        if (p == 1) {
            y = tp_mul(old, 0.0);
        } else if (!kind.alpha) {
            y = tp_mul(old, tp_div(m, keep));
        } else {
            const double c = 1.7580993408473766, a = 1 / sqrt((c * c * p + 1) * keep);
            y = tp_add(tp_mul(old, tp_mul(m, a)), tp_add(tp_mul(tp_sub(m, 1), c * a), c * a * p));
        }
        if (inplace && y) y = tp_copy_(x, y);
    }
    call->out[call->n_out++] = y;
    return tp__made(y);
}

#define FORMS(name, ...) \
    static tp_status name(tp__call *call) { return drop(call, (drop_kind){ __VA_ARGS__ }, call->in[0], false); } \
    static tp_status name##_(tp__call *call) { return drop(call, (drop_kind){ __VA_ARGS__ }, call->in[0], true); } \
    static tp_status name##_by_keyword(tp__call *call) \
    { \
        return drop(call, (drop_kind){ __VA_ARGS__ }, call->in[0], ((const drop_attr *)call->attr)->inplace); \
    }
FORMS(feature_dropout, .by_channel = true)
FORMS(alpha_dropout, .alpha = true)
FORMS(feature_alpha_dropout, .by_channel = true, .alpha = true)

/* In place by a copy: the op's own kernel goes past the input to a new output. */
static tp_status plain(tp__call *call, bool inplace)
{
    const drop_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *y = tp_dropout(inplace && call->need ? tp_clone(x) : x, attr->p, attr->training);
    if (inplace && y && y != x) y = attr->training && attr->p > 0 ? tp_copy_(x, y) : x;
    call->out[call->n_out++] = y;
    return tp__made(y);
}
static tp_status dropout_(tp__call *call) { return plain(call, true); }
static tp_status dropout_by_keyword(tp__call *call) { return plain(call, ((const drop_attr *)call->attr)->inplace); }

/* Of `dims` dims with a batch: with one less a batch of one is put before. */
static tp_status by_dims(tp__call *call, int dims)
{
    const bool inplace = ((const drop_attr *)call->attr)->inplace, alone = call->in[0]->ndim != dims;
    const drop_kind kind = { .by_channel = true };
    tp_status status = drop(call, kind, alone ? tp_unsqueeze(call->in[0], 0) : call->in[0], inplace);
    if (status || !alone) return status;
    call->out[0] = inplace ? call->in[0] : tp_squeeze(call->out[0], .dims = TP_DIMS(0));
    return tp__made(call->out[0]);
}
static tp_status dropout1d(tp__call *call)
{
    const int dims = call->in[0]->ndim;
    if (dims == 2 || dims == 3) return by_dims(call, 3);
    return tp__call_fail(call, TP_ERR_SHAPE, "%s has to have a channel dim, one more, and a batch or none", tp__shape_text(call->in[0]));
}
static tp_status dropout2d(tp__call *call) { return by_dims(call, call->in[0]->ndim); }         /* PyTorch takes dim 1 for the channels, always */
static tp_status dropout3d(tp__call *call) { return by_dims(call, 5); }

/* ---- Samples ----------------------------------------------------------------------------------------------------------------------------- */

static void in_place_samples(tp_sample_set *set)       /* which write; x itself comes back otherwise */
{
    tp__sample sample = { .n = 3, .random = true, .no_gradcheck = true };
    sample.args[0] = (tp_arg)TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -1, 1));
    sample.args[1] = (tp_arg)TP__FLOAT_ARG(0.4);
    sample.args[2] = (tp_arg)TP__BOOL_ARG(true);
    set->take(set, &sample);
}

static void samples(tp_sample_set *set)
{
    in_place_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -1, 1)), TP__FLOAT_ARG(0.4), TP__BOOL_ARG(false));
}

/* ---- Descriptors, public ------------------------------------------------------------------------------------------------------------------- */

#define OP(id, name, input, takes, function, more) \
    static const tp_op op_##id = { .schema = name "(" input " input, " takes ") -> Tensor", .flags = TP__RANDOM | (more), .compose = function, \
        .attr_size = sizeof(drop_attr), .samples = (more) & TP__INPLACE ? in_place_samples : samples, .state = TP__STATE };
#define DEFAULTS(training) "float p=0.5, bool training=" training
#define FEATURE(name) \
    OP(name, #name, "Tensor", DEFAULTS("false"), name, 0) \
    OP(name##_, #name "_", "Tensor!", DEFAULTS("false"), name##_, TP__INPLACE) \
    OP(name##_inplace, #name ".inplace", "Tensor", DEFAULTS("false") ", bool inplace=false", name##_by_keyword, 0)
FEATURE(alpha_dropout)
FEATURE(feature_alpha_dropout)
FEATURE(feature_dropout)
OP(dropout_, "dropout_", "Tensor!", DEFAULTS("true"), dropout_, TP__INPLACE)
OP(dropout_inplace, "dropout.inplace", "Tensor", DEFAULTS("true") ", bool inplace=false", dropout_by_keyword, 0)
OP(dropout1d, "dropout1d", "Tensor", DEFAULTS("true") ", bool inplace=false", dropout1d, 0)
OP(dropout2d, "dropout2d", "Tensor", DEFAULTS("true") ", bool inplace=false", dropout2d, 0)
OP(dropout3d, "dropout3d", "Tensor", DEFAULTS("true") ", bool inplace=false", dropout3d, 0)

#define PUBLIC(name) \
    tp_tensor *tp_##name(tp_tensor *x, double p, bool training) { return tp__run1(&op_##name, &x, 1, &(drop_attr){ p, training, false }, TP__CALLER); }
PUBLIC(dropout_)
PUBLIC(dropout1d)
PUBLIC(dropout2d)
PUBLIC(dropout3d)
PUBLIC(feature_dropout)
PUBLIC(feature_dropout_)
PUBLIC(alpha_dropout)
PUBLIC(alpha_dropout_)
PUBLIC(feature_alpha_dropout)
PUBLIC(feature_alpha_dropout_)

#define THREE(name) &op_##name, &op_##name##_, &op_##name##_inplace
const tp_op *const tp__ops_dropout[] = {
    &op_dropout_, &op_dropout_inplace, &op_dropout1d, &op_dropout2d, &op_dropout3d, THREE(feature_dropout), THREE(alpha_dropout),
    THREE(feature_alpha_dropout), NULL,
};
