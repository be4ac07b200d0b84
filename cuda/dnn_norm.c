/* dnn_norm.c: normalization of channels over a batch as cuDNN's graphs of one op, with channels last. Training gives the mean and the inverse
 * of the deviation; the variance itself is what the running one becomes when it moves by all of the way (and is of n - 1). */
#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"

#ifndef TPC_HAS_CUDNN
bool tpc_dnn_normalizes(const tp__call *call, const tpc_dnn_norm *k) { return (void)call, (void)k, false; }
tp_status tpc_dnn_normalize(const tp__call *call, const tpc_dnn_norm *k, const tpc_dnn_norm_data *data, bool *done)
{
    (void)call, (void)k, (void)data;
    *done = false;
    return TP_OK;
}
#else

enum { X = 1, Y, DY, SCALE, BIAS, MEAN, INVERSE, WAS_MEAN, WAS_VAR, NEXT_MEAN, NEXT_VAR, DSCALE, DBIAS, EPS, MOMENTUM };

static tpc_dnn_shape element_shape(const tpc_dnn_norm *k)
{
    tpc_dnn_shape s = tpc_dnn_channels_last((int)tpc_dnn_type(k->dtype), 4, (const int64_t[]){ k->n, k->channels, k->inner, 1 });
    s.aligned = tpc_dnn_alignment(k->aligned, k->dtype);
    return s;
}
static cudnnBackendDescriptor_t channels(tpc_dnn_graph *g, const tpc_dnn_norm *k, int64_t uid)
{
    const tpc_dnn_shape s = tpc_dnn_channels_last(CUDNN_DATA_FLOAT, 4, (const int64_t[]){ 1, k->channels, 1, 1 });
    return tpc_dnn_tensor(g, uid, &s);
}

static void build_forward(tpc_dnn_graph *g, const void *key)
{
    static const struct { cudnnBackendAttributeName_t name; int64_t uid; } parts[] = {
        { CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, MEAN }, { CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC, INVERSE },
        { CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, SCALE }, { CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC, BIAS },
        { CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC, WAS_MEAN }, { CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC, WAS_VAR },
        { CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC, NEXT_MEAN }, { CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC, NEXT_VAR },
    };
    const tpc_dnn_norm *k = key;
    const tpc_dnn_shape s = element_shape(k);
    const cudnnBackendNormMode_t mode = CUDNN_BATCH_NORM;
    const cudnnBackendNormFwdPhase_t phase = CUDNN_NORM_FWD_TRAINING;
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR);
    tpc_dnn_set(g, op, CUDNN_ATTR_OPERATION_NORM_FWD_MODE, CUDNN_TYPE_NORM_MODE, 1, &mode);
    tpc_dnn_set(g, op, CUDNN_ATTR_OPERATION_NORM_FWD_PHASE, CUDNN_TYPE_NORM_FWD_PHASE, 1, &phase);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, tpc_dnn_tensor(g, X, &s));
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_FWD_YDESC, tpc_dnn_tensor(g, Y, &s));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) tpc_dnn_refer(g, op, parts[i].name, channels(g, k, parts[i].uid));
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC, tpc_dnn_number(g, EPS, CUDNN_DATA_FLOAT, 4));
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC, tpc_dnn_number(g, MOMENTUM, CUDNN_DATA_FLOAT, 4));
    tpc_dnn_finish_op(g, op);
}

static void build_backward(tpc_dnn_graph *g, const void *key)
{
    static const struct { cudnnBackendAttributeName_t name; int64_t uid; } parts[] = {
        { CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, MEAN }, { CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC, INVERSE },
        { CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, SCALE }, { CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC, DSCALE },
        { CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, DBIAS },
    };
    const tpc_dnn_norm *k = key;
    const tpc_dnn_shape s = element_shape(k);
    const cudnnBackendNormMode_t mode = CUDNN_BATCH_NORM;
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR);
    tpc_dnn_set(g, op, CUDNN_ATTR_OPERATION_NORM_BWD_MODE, CUDNN_TYPE_NORM_MODE, 1, &mode);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, tpc_dnn_tensor(g, X, &s));
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC, tpc_dnn_tensor(g, DY, &s));
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC, tpc_dnn_tensor(g, Y, &s));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) tpc_dnn_refer(g, op, parts[i].name, channels(g, k, parts[i].uid));
    tpc_dnn_finish_op(g, op);
}

/* Channels come in packs of 16 bytes. */
static tpc_dnn_plan *plan_of(const tp__call *call, const tpc_dnn_norm *k)
{
    const double numel = (double)k->n * (double)k->inner * (double)k->channels;
    if (!tpc_dnn_takes(k->dtype) || k->channels % (k->dtype == TP_F32 ? 4 : 8)) return NULL;
    if (!(numel > 0 && numel <= INT32_MAX) || k->n * k->inner < 2) return NULL;
    return tpc_dnn_plan_for(call, k->backward ? build_backward : build_forward, k, sizeof *k, tpc_dnn_forbidden_strictly());
}
bool tpc_dnn_normalizes(const tp__call *call, const tpc_dnn_norm *k) { return plan_of(call, k); }

tp_status tpc_dnn_normalize(const tp__call *call, const tpc_dnn_norm *k, const tpc_dnn_norm_data *d, bool *done)
{
    static float all = 1;
    float eps = (float)d->eps;
    tpc_dnn_plan *plan = plan_of(call, k);
    *done = false;
    if (!plan) return TP_OK;
    if (k->backward)
        return tpc_dnn_run(call, plan, 8, (const int64_t[]){ X, DY, Y, MEAN, INVERSE, SCALE, DSCALE, DBIAS },
                           (void *const[]){ d->x, d->dy, d->y, d->mean, d->inverse, d->scale, d->dscale, d->dbias }, done);
    return tpc_dnn_run(call, plan, 12, (const int64_t[]){ X, Y, SCALE, BIAS, MEAN, INVERSE, WAS_MEAN, WAS_VAR, NEXT_MEAN, NEXT_VAR, EPS, MOMENTUM },
                       (void *const[]){ d->x, d->y, d->scale, d->bias, d->mean, d->inverse, d->zeros, d->zeros, d->next_mean, d->var, &eps, &all }, done);
}

#endif
