/* dnn_pool.c: means of windows of images as cuDNN's graphs of one op, with channels last. Not asked of it are their adjoint, for which it has
 * tensor cores alone, and volumes; nor the greatest of windows, of which it tells places within a window, and not which of equals or of NaN
 * it takes. */
#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"

#ifndef TPC_HAS_CUDNN
tp_status tpc_dnn_means(const tp__call *call, const tpc_dnn_pool *k, void *x, void *y, bool *done)
{
    (void)call, (void)k, (void)x, (void)y;
    *done = false;
    return TP_OK;
}
#else

enum { LARGE = 1, SMALL };
enum { DIMS = 2 };

static int64_t pad_at_end(const tpc_dnn_pool *k, int d) { return (k->out[d] - 1) * k->stride[d] + k->kernel[d] - k->size[d] - k->pad[d]; }

static cudnnBackendDescriptor_t tensor(tpc_dnn_graph *g, const tpc_dnn_pool *k, int64_t uid, const int64_t *place)
{
    tpc_dnn_shape s = tpc_dnn_channels_last((int)tpc_dnn_type(k->dtype), 2 + DIMS, (const int64_t[]){ k->images, k->channels, place[0], place[1] });
    s.aligned = tpc_dnn_alignment(k->aligned, k->dtype);
    return tpc_dnn_tensor(g, uid, &s);
}

static cudnnBackendDescriptor_t windows(tpc_dnn_graph *g, const tpc_dnn_pool *k)
{
    const cudnnBackendDescriptor_t how = tpc_dnn_part(g, CUDNN_BACKEND_RESAMPLE_DESCRIPTOR);
    const cudnnResampleMode_t mode = k->count_padding ? CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING : CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING;
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    const cudnnPaddingMode_t padding = CUDNN_ZERO_PAD;
    const int64_t dims = DIMS;
    cudnnFraction_t kernel[DIMS], stride[DIMS], begin[DIMS], end[DIMS];
    for (int d = 0; d < DIMS; d++) {
        kernel[d] = (cudnnFraction_t){ k->kernel[d], 1 };
        stride[d] = (cudnnFraction_t){ k->stride[d], 1 };
        begin[d] = (cudnnFraction_t){ k->pad[d], 1 };
        end[d] = (cudnnFraction_t){ pad_at_end(k, d) > 0 ? pad_at_end(k, d) : 0, 1 };
    }
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_MODE, CUDNN_TYPE_RESAMPLE_MODE, 1, &mode);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &dims);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, CUDNN_TYPE_FRACTION, dims, kernel);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, CUDNN_TYPE_FRACTION, dims, begin);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_POST_PADDINGS, CUDNN_TYPE_FRACTION, dims, end);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_STRIDES, CUDNN_TYPE_FRACTION, dims, stride);
    tpc_dnn_set(g, how, CUDNN_ATTR_RESAMPLE_PADDING_MODE, CUDNN_TYPE_PADDING_MODE, 1, &padding);
    tpc_dnn_finish(g, how);
    return how;
}

static void build(tpc_dnn_graph *g, const void *key)
{
    const tpc_dnn_pool *k = key;
    const cudnnBackendDescriptor_t how = windows(g, k), large = tensor(g, k, LARGE, k->size), small = tensor(g, k, SMALL, k->out);
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, large);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC, small);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC, how);
    tpc_dnn_finish_op(g, op);
}

/* Windows that reach past the padding are cut off there, which the library does not do. */
static bool fits(const tpc_dnn_pool *k)
{
    double large = (double)k->images * (double)k->channels, small = large;
    if (!tpc_dnn_takes(k->dtype)) return false;
    for (int d = 0; d < DIMS; d++) {
        const double reach = (double)k->out[d] * (double)k->stride[d] + (double)k->kernel[d] + (double)k->size[d] + (double)k->pad[d];
        if (reach > INT32_MAX || pad_at_end(k, d) > k->pad[d]) return false;
        large *= (double)k->size[d];
        small *= (double)k->out[d];
    }
    return large > 0 && small > 0 && large <= INT32_MAX && small <= INT32_MAX;
}

tp_status tpc_dnn_means(const tp__call *call, const tpc_dnn_pool *k, void *x, void *y, bool *done)
{
    *done = false;
    if (!fits(k)) return TP_OK;
    tpc_dnn_plan *plan = tpc_dnn_plan_for(call, build, k, sizeof *k, tpc_dnn_forbidden_strictly());
    if (!plan) return TP_OK;
    return tpc_dnn_run(call, plan, 2, (const int64_t[]){ LARGE, SMALL }, (void *const[]){ x, y }, done);
}

#endif
