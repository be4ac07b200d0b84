/* dnn_conv.c: convolution and its two adjoints as cuDNN's graphs of one op. One dim is two, of which the first has one place. */
#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"

#ifndef TPC_HAS_CUDNN
bool tpc_dnn_convolves(const tp__call *call, const tpc_dnn_conv *c) { return (void)call, (void)c, false; }
tp_status tpc_dnn_convolve(const tp__call *call, const tpc_dnn_conv *c, void *large, void *w, void *small, const void *bias, bool *done)
{
    (void)call, (void)c, (void)large, (void)w, (void)small, (void)bias;
    *done = false;
    return TP_OK;
}
#else

enum { LARGE = 1, WEIGHT, SMALL, BIAS };

static int dims_of(const tpc_dnn_conv *c) { return c->size[0] == 1 && c->out[0] == 1 && c->kernel[0] == 1 ? 2 : 3; }

/* What is missing at the end of a dim. Less than nothing: its end is left out, for which cuDNN has no word. */
static int64_t pad_at_end(const tpc_dnn_conv *c, int d)
{
    const int64_t reach = (c->kernel[d] - 1) * c->apart[d] + 1, room = c->size[d] + 2 * c->pad[d] - reach;
    if (room >= 0 && room / c->stride[d] + 1 == c->out[d]) return c->pad[d];
    return (c->out[d] - 1) * c->stride[d] + reach - c->size[d] - c->pad[d];
}

static tpc_dnn_shape shape_of(const tpc_dnn_conv *c, int64_t n, int64_t channels, const int64_t *place)
{
    const int dims = dims_of(c), dtype = (int)tpc_dnn_type(c->dtype);
    int64_t size[5] = { n, channels };
    for (int d = 0; d < dims; d++) size[2 + d] = place[3 - dims + d];
    tpc_dnn_shape s = c->last ? tpc_dnn_channels_last(dtype, 2 + dims, size) : tpc_dnn_plain(dtype, 2 + dims, size);
    s.aligned = tpc_dnn_alignment(c->aligned, c->dtype);
    return s;
}

static cudnnBackendDescriptor_t geometry(tpc_dnn_graph *g, const tpc_dnn_conv *c)
{
    const cudnnBackendDescriptor_t how = tpc_dnn_part(g, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t dims = dims_of(c), first = 3 - dims;
    int64_t end[3];
    for (int d = 0; d < 3; d++) end[d] = pad_at_end(c, d);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &dims);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, dims, c->pad + first);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, dims, end + first);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, dims, c->apart + first);
    tpc_dnn_set(g, how, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, dims, c->stride + first);
    tpc_dnn_finish(g, how);
    return how;
}

static const struct { cudnnBackendDescriptorType_t op; cudnnBackendAttributeName_t how, w, large, small, alpha, beta; } names[] = {
    [TPC_DNN_FORWARD] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA },
    [TPC_DNN_DATA] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA },
    [TPC_DNN_WEIGHT] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA },
};

static void build(tpc_dnn_graph *g, const void *key)
{
    static const int64_t ones[] = { 1, 1, 1 };
    const tpc_dnn_conv *c = key;
    const float one = 1, zero = 0;
    const tpc_dnn_shape large = shape_of(c, c->images, c->groups * c->cg, c->size), small = shape_of(c, c->images, c->groups * c->og, c->out);
    const tpc_dnn_shape w = shape_of(c, c->groups * c->og, c->cg, c->kernel);
    const bool to_small = c->kind == TPC_DNN_FORWARD, to_large = c->kind == TPC_DNN_DATA;
    tpc_dnn_shape sum = to_small ? small : large;
    sum.dtype = CUDNN_DATA_FLOAT;
    const cudnnBackendDescriptor_t inside = c->biased ? tpc_dnn_virtual(g, &sum) : NULL;
    const cudnnBackendDescriptor_t how = geometry(g, c), of_large = tpc_dnn_tensor(g, LARGE, &large), of_small = tpc_dnn_tensor(g, SMALL, &small);
    const cudnnBackendDescriptor_t of_w = tpc_dnn_tensor(g, WEIGHT, &w), op = tpc_dnn_part(g, names[c->kind].op);
    tpc_dnn_refer(g, op, names[c->kind].how, how);
    tpc_dnn_refer(g, op, names[c->kind].large, inside && to_large ? inside : of_large);
    tpc_dnn_refer(g, op, names[c->kind].w, of_w);
    tpc_dnn_refer(g, op, names[c->kind].small, inside && to_small ? inside : of_small);
    tpc_dnn_set(g, op, names[c->kind].alpha, CUDNN_TYPE_FLOAT, 1, &one);
    tpc_dnn_set(g, op, names[c->kind].beta, CUDNN_TYPE_FLOAT, 1, &zero);
    tpc_dnn_finish_op(g, op);
    if (!inside) return;
    const tpc_dnn_shape bias = shape_of(c, 1, sum.size[1], ones);
    tpc_dnn_pointwise(g, CUDNN_POINTWISE_ADD, CUDNN_DATA_FLOAT, inside, tpc_dnn_tensor(g, BIAS, &bias), NULL, to_small ? of_small : of_large);
}

static double count(int64_t n, int64_t channels, const int64_t *place)
{
    return (double)n * (double)channels * (double)place[0] * (double)place[1] * (double)place[2];
}

/* Nothing is empty, and numbers of elements fit 31 bits. */
static bool fits(const tpc_dnn_conv *c)
{
    const double large = count(c->images, c->groups * c->cg, c->size), small = count(c->images, c->groups * c->og, c->out),
                 w = count(c->groups * c->og, c->cg, c->kernel);
    if (!tpc_dnn_takes(c->dtype)) return false;
    if (c->biased && (c->kind == TPC_DNN_WEIGHT || (c->kind == TPC_DNN_DATA && !c->last))) return false;         /* no engine, and long to find out */
    for (int d = 0; d < 3; d++) {
        const double reach = (double)c->size[d] + 2 * (double)c->pad[d] + (double)c->kernel[d] * (double)c->apart[d] + (double)c->stride[d] * (double)c->out[d];
        if (reach > INT32_MAX || pad_at_end(c, d) < 0) return false;
    }
    return large > 0 && small > 0 && w > 0 && large <= INT32_MAX && small <= INT32_MAX && w <= INT32_MAX;
}

static tpc_dnn_plan *plan_of(const tp__call *call, const tpc_dnn_conv *c)
{
    return fits(c) ? tpc_dnn_plan_for(call, build, c, sizeof *c, tpc_dnn_forbidden((int)tpc_dnn_type(c->dtype))) : NULL;
}
bool tpc_dnn_convolves(const tp__call *call, const tpc_dnn_conv *c) { return plan_of(call, c); }

tp_status tpc_dnn_convolve(const tp__call *call, const tpc_dnn_conv *c, void *large, void *w, void *small, const void *bias, bool *done)
{
    tpc_dnn_plan *plan = plan_of(call, c);
    *done = false;
    if (!plan) return TP_OK;
    void *const data[] = { large, w, small, (void *)(uintptr_t)bias };
    return tpc_dnn_run(call, plan, c->biased ? 4 : 3, (const int64_t[]){ LARGE, WEIGHT, SMALL, BIAS }, data, done);
}

#endif
