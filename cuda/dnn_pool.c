/* dnn_pool.c: windows of images as cuDNN's graphs of one op, with channels last: their means, the gradient of those, and that of the greatest.
 *
 * Not asked of it is the greatest itself. cuDNN 9.19 begins with the least finite float32, so that of a window of -inf it makes -3.4e38, and
 * its one engine that tells places compares by `>` alone, so that a NaN is never the greatest, whatever CUDNN_ATTR_RESAMPLE_NAN_PROPAGATION
 * says. PyTorch gives -inf and NaN, and so do we. */
#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"

#ifndef TPC_HAS_CUDNN
tp_status tpc_dnn_windows(const tp__call *call, const tpc_dnn_pool *k, void *x, void *y, void *places, bool *done)
{
    (void)call, (void)k, (void)x, (void)y, (void)places;
    *done = false;
    return TP_OK;
}
#else

enum { LARGE = 1, SMALL, PLACES };
enum { DIMS = 2 };

static int64_t pad_at_end(const tpc_dnn_pool *k, int d) { return (k->out[d] - 1) * k->stride[d] + k->kernel[d] - k->size[d] - k->pad[d]; }

static cudnnBackendDescriptor_t tensor(tpc_dnn_graph *g, const tpc_dnn_pool *k, int64_t uid, const int64_t *place)
{
    const int type = uid == PLACES ? CUDNN_DATA_INT8 : (int)tpc_dnn_type(k->dtype);
    tpc_dnn_shape s = tpc_dnn_channels_last(type, 2 + DIMS, (const int64_t[]){ k->images, k->channels, place[0], place[1] });
    s.aligned = tpc_dnn_alignment(k->aligned, k->dtype);
    return tpc_dnn_tensor(g, uid, &s);
}

static cudnnBackendDescriptor_t windows(tpc_dnn_graph *g, const tpc_dnn_pool *k)
{
    const cudnnBackendDescriptor_t how = tpc_dnn_part(g, CUDNN_BACKEND_RESAMPLE_DESCRIPTOR);
    const bool greatest = k->kind == TPC_DNN_GREATEST_BACK;
    const cudnnResampleMode_t mode = greatest ? CUDNN_RESAMPLE_MAXPOOL
                                     : k->count_padding ? CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING : CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING;
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    const cudnnPaddingMode_t padding = greatest ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD;
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
    const bool back = k->kind != TPC_DNN_MEANS;
    const cudnnBackendDescriptor_t how = windows(g, k), large = tensor(g, k, LARGE, k->size), small = tensor(g, k, SMALL, k->out);
    const cudnnBackendDescriptor_t op =
        tpc_dnn_part(g, back ? CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR : CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR);
    tpc_dnn_refer(g, op, back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, large);
    tpc_dnn_refer(g, op, back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC, small);
    if (k->kind == TPC_DNN_GREATEST_BACK) tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC, tensor(g, k, PLACES, k->out));
    tpc_dnn_refer(g, op, back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC, how);
    tpc_dnn_finish_op(g, op);
}

/* Windows that reach past the padding are cut off there, which the library does not do. */
static bool fits(const tpc_dnn_pool *k)
{
    double large = (double)k->images * (double)k->channels, small = large;
    if (!tpc_dnn_takes(k->dtype)
        || (k->kind == TPC_DNN_GREATEST_BACK && (!k->aligned || (double)k->kernel[0] * (double)k->kernel[1] > TP__MOST_PLACES)))
        return false;
    for (int d = 0; d < DIMS; d++) {
        const double reach = (double)k->out[d] * (double)k->stride[d] + (double)k->kernel[d] + (double)k->size[d] + (double)k->pad[d];
        if (reach > INT32_MAX || pad_at_end(k, d) > k->pad[d]) return false;
        large *= (double)k->size[d];
        small *= (double)k->out[d];
    }
    return large > 0 && small > 0 && large <= INT32_MAX && small <= INT32_MAX;
}

/* What goes back is compiled from the pattern of a product, so its engines are said to use tensor cores. There is no product in it. */
static uint32_t forbidden(const tpc_dnn_pool *k)
{
    return tpc_dnn_forbidden_strictly() & ~(k->kind == TPC_DNN_MEANS ? 0u : 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
}

tp_status tpc_dnn_windows(const tp__call *call, const tpc_dnn_pool *k, void *x, void *y, void *places, bool *done)
{
    *done = false;
    if (!fits(k)) return TP_OK;
    tpc_dnn_plan *plan = tpc_dnn_plan_for(call, build, k, sizeof *k, forbidden(k));
    if (!plan) return TP_OK;
    return tpc_dnn_run(call, plan, k->kind == TPC_DNN_GREATEST_BACK ? 3 : 2, (const int64_t[]){ LARGE, SMALL, PLACES }, (void *const[]){ x, y, places }, done);
}

#endif
