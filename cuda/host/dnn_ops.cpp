/* dnn_ops.cpp: the ops of cuDNN's graphs on the simulated device, a kernel for each. Sums are made in float64; what goes through tensor cores
 * loses what it loses there. Inputs of size 1 along a dim hold for all of it; those of a product that are smaller along a
 * batch, for as many neighbours each. */
#include "cuda/host/dnn_values.h"

#ifdef TPC_HOST_CUDNN

namespace dnnhost {

int item(int type)
{
    switch (type) {
    case CUDNN_DATA_DOUBLE: case CUDNN_DATA_INT64: return 8;
    case CUDNN_DATA_HALF: case CUDNN_DATA_BFLOAT16: return 2;
    case CUDNN_DATA_INT8: case CUDNN_DATA_UINT8: case CUDNN_DATA_BOOLEAN: return 1;
    default: return 4;
    }
}

namespace {

/* ---- Convolution ------------------------------------------------------------------------------------------------------------------------------- */

/* large and small are x and y, or their gradients; written: which of the three. */
struct convolution { view large, w, small; int written, dims; bool tf32; int64_t pad[3], apart[3], stride[3]; };
enum { SMALL, LARGE, WEIGHT };

/* One of the products, at o of the channels of a group's small side, c of those of its large side. */
double product(const convolution &v, int64_t n, int64_t o, int64_t c, int64_t group, const int64_t (&small)[DIMS], const int64_t (&tap)[DIMS])
{
    const int64_t cg = v.w.size[1], og = v.w.size[0] / (v.large.size[1] / cg);
    int64_t x[DIMS] = { n, group * cg + c }, y[DIMS] = { n, group * og + o }, w[DIMS] = { group * og + o, c };
    for (int d = 0; d < v.dims; d++) {
        x[2 + d] = small[d] * v.stride[d] - v.pad[d] + tap[d] * v.apart[d];
        y[2 + d] = small[d];
        w[2 + d] = tap[d];
        if (x[2 + d] < 0 || x[2 + d] >= v.large.size[2 + d]) return 0;
    }
    const double a = v.written == LARGE ? 1 : tensor_core(read(v.large, x), v.tf32), b = v.written == SMALL ? 1 : tensor_core(read(v.small, y), v.tf32);
    return a * b * (v.written == WEIGHT ? 1 : tensor_core(read(v.w, w), v.tf32));
}
__global__ void convolve(const convolution v)
{
    const view &to = v.written == SMALL ? v.small : v.written == LARGE ? v.large : v.w;
    const int64_t cg = v.w.size[1], groups = v.large.size[1] / cg, og = v.w.size[0] / groups;
    for (int64_t e = first(); e < numel(to); e += step()) {
        int64_t at[DIMS] = {}, tap[DIMS] = {}, small[DIMS] = {};
        double sum = 0;
        float narrow = 0;                              /* of x: taps from outside in float32, as on the CPU */
        place_of(to, e, at);
        if (v.written == WEIGHT) {
            for (int d = 0; d < v.dims; d++) tap[d] = at[2 + d];
            for (int64_t n = 0; n < v.large.size[0]; n++)
                do sum += product(v, n, at[0] % og, at[1], at[0] / og, small, tap); while (next(small, v.small.size + 2, v.dims));
        } else if (v.written == SMALL) {
            for (int d = 0; d < v.dims; d++) small[d] = at[2 + d];
            for (int64_t c = 0; c < cg; c++)
                do sum += product(v, at[0], at[1] % og, c, at[1] / og, small, tap); while (next(tap, v.w.size + 2, v.dims));
        } else {
            do {
                bool inside = true;
                for (int d = 0; d < v.dims; d++) {
                    const int64_t place = at[2 + d] + v.pad[d] - tap[d] * v.apart[d];
                    small[d] = place / v.stride[d];
                    inside = inside && place >= 0 && small[d] * v.stride[d] == place && small[d] < v.small.size[2 + d];
                }
                float one = 0;
                for (int64_t o = 0; o < og && inside; o++) one = (float)(one + product(v, at[0], o, at[1] % cg, at[1] / cg, small, tap));
                narrow += one;
            } while (next(tap, v.w.size + 2, v.dims));
        }
        write(to, at, v.written == LARGE ? narrow : sum);
    }
}

/* The names of an op's attributes, by what it writes: SMALL, LARGE, WEIGHT */
const struct { cudnnBackendDescriptorType_t op; cudnnBackendAttributeName_t how, w, large, small, alpha, beta; } convolutions[] = {
    { CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA },
    { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA },
    { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA },
};
int convolution_of(const part *op)
{
    for (int i = 0; i < 3; i++)
        if (op->type == convolutions[i].op) return i;
    return -1;
}

/* The sizes hang together, and the padding is even. */
bool knows_convolution(const part *op, int i)
{
    const part *how = op->at(convolutions[i].how);
    const view x = view_of(op->at(convolutions[i].large)), w = view_of(op->at(convolutions[i].w)), y = view_of(op->at(convolutions[i].small));
    const int64_t *before = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS), *after = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    const int64_t *apart = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS), *stride = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    const int dims = (int)how->one<int64_t>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
    if (dims != x.n - 2 || x.n != y.n || x.n != w.n || x.size[0] != y.size[0] || x.size[1] % w.size[1] ||
        w.size[0] % (x.size[1] / w.size[1]) || y.size[1] != w.size[0])
        return false;
    for (int d = 0; d < dims; d++) {
        const int64_t reach = (w.size[2 + d] - 1) * apart[d] + 1;
        if (before[d] != after[d] || (x.size[2 + d] + 2 * before[d] - reach) / stride[d] + 1 != y.size[2 + d]) return false;
    }
    return op->one<float>(convolutions[i].alpha) == 1 && op->one<float>(convolutions[i].beta) == 0 && item(x.type) <= 4;
}

void launch_convolution(const run &r, const part *op, int i)
{
    const part *how = op->at(convolutions[i].how);
    convolution v = { r.of(op, convolutions[i].large), r.of(op, convolutions[i].w), r.of(op, convolutions[i].small), i, 0, r.tf32, {}, {}, {} };
    v.dims = v.large.n - 2;
    for (int d = 0; d < v.dims; d++) {
        v.pad[d] = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS)[d];
        v.apart[d] = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS)[d];
        v.stride[d] = how->list<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES)[d];
    }
    if (!r.bad) TPC_LAUNCH(convolve, blocks_for(numel(i == SMALL ? v.small : i == LARGE ? v.large : v.w)), 64, 0, r.stream, v);
}

/* ---- What composite graphs are made of ----------------------------------------------------------------------------------------------------------- */

struct pointwise { int mode; int64_t axis; view x, b, t, y; };

bool knows_mode(int mode)
{
    switch (mode) {
    case CUDNN_POINTWISE_ADD: case CUDNN_POINTWISE_SUB: case CUDNN_POINTWISE_MUL: case CUDNN_POINTWISE_DIV: case CUDNN_POINTWISE_MAX: case CUDNN_POINTWISE_MIN:
    case CUDNN_POINTWISE_EXP: case CUDNN_POINTWISE_LOG: case CUDNN_POINTWISE_SQRT: case CUDNN_POINTWISE_RSQRT: case CUDNN_POINTWISE_NEG:
    case CUDNN_POINTWISE_RECIPROCAL: case CUDNN_POINTWISE_TANH_FWD: case CUDNN_POINTWISE_IDENTITY: case CUDNN_POINTWISE_RELU_FWD: case CUDNN_POINTWISE_CMP_EQ:
    case CUDNN_POINTWISE_CMP_GT: case CUDNN_POINTWISE_CMP_GE: case CUDNN_POINTWISE_CMP_LT: case CUDNN_POINTWISE_CMP_LE: case CUDNN_POINTWISE_LOGICAL_AND:
    case CUDNN_POINTWISE_LOGICAL_OR: case CUDNN_POINTWISE_GEN_INDEX: case CUDNN_POINTWISE_BINARY_SELECT: return true;
    default: return false;
    }
}
double apply(int mode, double x, double b, double t)
{
    switch (mode) {
    case CUDNN_POINTWISE_ADD: return x + b;
    case CUDNN_POINTWISE_SUB: return x - b;
    case CUDNN_POINTWISE_MUL: return x * b;
    case CUDNN_POINTWISE_DIV: return x / b;
    case CUDNN_POINTWISE_MAX: return x > b || x != x ? x : b;
    case CUDNN_POINTWISE_MIN: return x < b || x != x ? x : b;
    case CUDNN_POINTWISE_EXP: return exp(x);
    case CUDNN_POINTWISE_LOG: return log(x);
    case CUDNN_POINTWISE_SQRT: return sqrt(x);
    case CUDNN_POINTWISE_RSQRT: return 1 / sqrt(x);
    case CUDNN_POINTWISE_NEG: return -x;
    case CUDNN_POINTWISE_RECIPROCAL: return 1 / x;
    case CUDNN_POINTWISE_TANH_FWD: return tanh(x);
    case CUDNN_POINTWISE_RELU_FWD: return x > 0 || x != x ? x : 0;
    case CUDNN_POINTWISE_CMP_EQ: return x == b;
    case CUDNN_POINTWISE_CMP_GT: return x > b;
    case CUDNN_POINTWISE_CMP_GE: return x >= b;
    case CUDNN_POINTWISE_CMP_LT: return x < b;
    case CUDNN_POINTWISE_CMP_LE: return x <= b;
    case CUDNN_POINTWISE_LOGICAL_AND: return x != 0 && b != 0;
    case CUDNN_POINTWISE_LOGICAL_OR: return x != 0 || b != 0;
    case CUDNN_POINTWISE_BINARY_SELECT: return t != 0 ? x : b;
    default: return x;
    }
}
__global__ void run_pointwise(const pointwise p)
{
    for (int64_t e = first(); e < numel(p.y); e += step()) {
        int64_t at[DIMS] = {};
        place_of(p.y, e, at);
        if (p.mode == CUDNN_POINTWISE_GEN_INDEX) write(p.y, at, (double)at[p.axis]);
        else write(p.y, at, apply(p.mode, read(p.x, at), p.b.n ? read(p.b, at) : 0, p.t.n ? read(p.t, at) : 0));
    }
}

struct matmul { view a, b, y; bool tf32; };
__global__ void multiply(const matmul m)
{
    for (int64_t e = first(); e < numel(m.y); e += step()) {
        int64_t at[DIMS] = {}, a[DIMS], b[DIMS];
        double sum = 0;
        place_of(m.y, e, at);
        memcpy(a, at, sizeof a);
        memcpy(b, at, sizeof b);
        for (int d = 0; d < m.y.n - 2; d++) a[d] = at[d] * m.a.size[d] / m.y.size[d], b[d] = at[d] * m.b.size[d] / m.y.size[d];
        for (int64_t k = 0; k < m.a.size[m.a.n - 1]; k++) {
            a[m.y.n - 1] = b[m.y.n - 2] = k;
            sum += tensor_core(read(m.a, a), m.tf32) * tensor_core(read(m.b, b), m.tf32);
        }
        write(m.y, at, sum);
    }
}

struct reduction { int mode; view x, y; };
__global__ void reduce(const reduction r)
{
    for (int64_t e = first(); e < numel(r.y); e += step()) {
        int64_t at[DIMS] = {}, from[DIMS] = {}, size[DIMS];
        place_of(r.y, e, at);
        for (int d = 0; d < r.x.n; d++) size[d] = r.x.size[d] / r.y.size[d];     /* neighbours that become one */
        int64_t in[DIMS] = {};
        double v = r.mode == CUDNN_REDUCE_TENSOR_MAX ? -INFINITY : 0;
        do {
            for (int d = 0; d < r.x.n; d++) from[d] = at[d] * size[d] + in[d];
            const double x = read(r.x, from);
            if (r.mode == CUDNN_REDUCE_TENSOR_MAX) v = x > v || x != x ? x : v;
            else v += x;
        } while (next(in, size, r.x.n));
        write(r.y, at, v);
    }
}

/* y is x as it lies in memory, seen with other sizes and strides. */
struct reshape { view x, y; int order[DIMS]; };
__global__ void see_as(const reshape r)
{
    for (int64_t e = first(); e < numel(r.y); e += step()) {
        int64_t at[DIMS] = {}, from[DIMS] = {};
        place_of(r.y, e, at);
        int64_t o = offset(r.y, at);
        for (int k = 0; k < r.x.n; k++) {
            const int d = r.order[k];
            if (r.x.size[d] == 1) continue;
            from[d] = o / r.x.stride[d];
            o -= from[d] * r.x.stride[d];
        }
        write(r.y, at, read(r.x, from));
    }
}
void launch_reshape(const run &r, const part *op)
{
    reshape s = { r.of(op, CUDNN_ATTR_OPERATION_RESHAPE_XDESC), r.of(op, CUDNN_ATTR_OPERATION_RESHAPE_YDESC), {} };
    for (int k = 0; k < s.x.n; k++) {                  /* dims by falling stride */
        int at = k;
        for (; at > 0 && s.x.stride[s.order[at - 1]] < s.x.stride[k]; at--) s.order[at] = s.order[at - 1];
        s.order[at] = k;
    }
    if (!r.bad) TPC_LAUNCH(see_as, blocks_for(numel(s.y)), 64, 0, r.stream, s);
}

} /* namespace */

double read_number(const view &v) { return read_at(v.data, v.type, 0); }

bool knows(const part *op)
{
    const int i = convolution_of(op);
    switch (op->type) {
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        return knows_mode(op->at(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR)->one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE));
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: {
        const int mode = op->at(CUDNN_ATTR_OPERATION_REDUCTION_DESC)->one<cudnnReduceTensorOp_t>(CUDNN_ATTR_REDUCTION_OPERATOR);
        return mode == CUDNN_REDUCE_TENSOR_ADD || mode == CUDNN_REDUCE_TENSOR_MAX;
    }
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR: return true;
    default: return i >= 0 ? knows_convolution(op, i) : knows_layer(op);
    }
}

void launch(const run &r, const part *op)
{
    const int i = convolution_of(op);
    switch (op->type) {
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR: {
        const part *how = op->at(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
        const pointwise p = { how->one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE), how->one<int64_t>(CUDNN_ATTR_POINTWISE_AXIS),
                              r.of(op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC), r.of(op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC),
                              r.of(op, CUDNN_ATTR_OPERATION_POINTWISE_TDESC), r.of(op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC) };
        if (!r.bad) TPC_LAUNCH(run_pointwise, blocks_for(numel(p.y)), 64, 0, r.stream, p);
        break;
    }
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: {
        const matmul m = { r.of(op, CUDNN_ATTR_OPERATION_MATMUL_ADESC), r.of(op, CUDNN_ATTR_OPERATION_MATMUL_BDESC),
                           r.of(op, CUDNN_ATTR_OPERATION_MATMUL_CDESC), r.tf32 };
        if (!r.bad) TPC_LAUNCH(multiply, blocks_for(numel(m.y)), 64, 0, r.stream, m);
        break;
    }
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: {
        const reduction d = { op->at(CUDNN_ATTR_OPERATION_REDUCTION_DESC)->one<cudnnReduceTensorOp_t>(CUDNN_ATTR_REDUCTION_OPERATOR),
                              r.of(op, CUDNN_ATTR_OPERATION_REDUCTION_XDESC), r.of(op, CUDNN_ATTR_OPERATION_REDUCTION_YDESC) };
        if (!r.bad) TPC_LAUNCH(reduce, blocks_for(numel(d.y)), 64, 0, r.stream, d);
        break;
    }
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR: launch_reshape(r, op); break;
    default:
        if (i >= 0) launch_convolution(r, op, i);
        else launch_layer(r, op);
    }
}

} /* namespace dnnhost */

#endif
