/* dnn_layers.cpp: normalization over a batch and pools of the simulated cuDNN: a thread for each channel, or for each element that is written. */
#include "cuda/host/dnn_values.h"

#ifdef TPC_HOST_CUDNN

namespace dnnhost {

namespace {

/* ---- Normalization of channels over a batch --------------------------------------------------------------------------------------------------- */

struct forward { view x, y, scale, bias, mean, inverse, was_mean, was_var, next_mean, next_var; double eps, momentum; };
struct backward { view x, dy, dx, scale, mean, inverse, dscale, dbias; };

/* Visits all elements of channel c. */
template <class F> void each(const view &x, int64_t c, F f)
{
    int64_t at[DIMS] = { 0, c }, size[DIMS];
    for (int d = 0; d < x.n; d++) size[d] = d == 1 ? 1 : x.size[d];
    int64_t in[DIMS] = {};
    do {
        for (int d = 0; d < x.n; d++) at[d] = d == 1 ? c : in[d];
        f(at);
    } while (next(in, size, x.n));
}

__global__ void normalize(const forward f)
{
    for (int64_t c = first(); c < f.x.size[1]; c += step()) {
        const int64_t of[DIMS] = { 0, c };
        const double n = (double)numel(f.x) / (double)f.x.size[1];
        double mean = 0, var = 0;
        each(f.x, c, [&](const int64_t (&at)[DIMS]) { mean += read(f.x, at) / n; });
        each(f.x, c, [&](const int64_t (&at)[DIMS]) { var += (read(f.x, at) - mean) * (read(f.x, at) - mean) / n; });
        const double inverse = 1 / sqrt(var + f.eps), scale = read(f.scale, of), bias = read(f.bias, of);
        each(f.x, c, [&](const int64_t (&at)[DIMS]) { write(f.y, at, (read(f.x, at) - mean) * inverse * scale + bias); });
        write(f.mean, of, mean);
        write(f.inverse, of, inverse);
        write(f.next_mean, of, (1 - f.momentum) * read(f.was_mean, of) + f.momentum * mean);
        write(f.next_var, of, (1 - f.momentum) * read(f.was_var, of) + f.momentum * var * n / (n - 1));
    }
}

__global__ void normalize_backward(const backward b)
{
    for (int64_t c = first(); c < b.x.size[1]; c += step()) {
        const int64_t of[DIMS] = { 0, c };
        const double n = (double)numel(b.x) / (double)b.x.size[1], mean = read(b.mean, of), r = read(b.inverse, of), scale = read(b.scale, of);
        double sum = 0, product = 0;
        each(b.x, c, [&](const int64_t (&at)[DIMS]) {
            sum += read(b.dy, at);
            product += read(b.dy, at) * (read(b.x, at) - mean) * r;
        });
        each(b.x, c, [&](const int64_t (&at)[DIMS]) { write(b.dx, at, (read(b.dy, at) - sum / n - (read(b.x, at) - mean) * r * product / n) * r * scale); });
        write(b.dscale, of, product);
        write(b.dbias, of, sum);
    }
}

/* Channels last, and what is of channels in float32 */
bool knows_norm(const part *op)
{
    const bool back = op->type == CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR;
    const view x = view_of(op->at(back ? CUDNN_ATTR_OPERATION_NORM_BWD_XDESC : CUDNN_ATTR_OPERATION_NORM_FWD_XDESC));
    const view scale = view_of(op->at(back ? CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC : CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC));
    const int mode = op->one<cudnnBackendNormMode_t>(back ? CUDNN_ATTR_OPERATION_NORM_BWD_MODE : CUDNN_ATTR_OPERATION_NORM_FWD_MODE);
    return mode == CUDNN_BATCH_NORM && scale.type == CUDNN_DATA_FLOAT && x.stride[1] == 1 &&
           (back || op->one<cudnnBackendNormFwdPhase_t>(CUDNN_ATTR_OPERATION_NORM_FWD_PHASE) == CUDNN_NORM_FWD_TRAINING);
}

void launch_norm(const run &r, const part *op)
{
    if (op->type == CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR) {
        const backward b = { r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_XDESC),
            r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC), r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC),
            r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC), r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC),
            r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC),
            r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC), r.of(op, CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC) };
        if (!r.bad) TPC_LAUNCH(normalize_backward, blocks_for(b.x.size[1]), 64, 0, r.stream, b);
        return;
    }
    const forward f = { r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_XDESC), r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_YDESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC), r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC), r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC),
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC).number,
        r.of(op, CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC).number };
    if (!r.bad) TPC_LAUNCH(normalize, blocks_for(f.x.size[1]), 64, 0, r.stream, f);
}

/* ---- Windows of images ---------------------------------------------------------------------------------------------------------------------------- */

struct pool { view x, y, places; bool counts_padding; int64_t kernel[2], stride[2], pad[2]; };

__global__ void mean_of_windows(const pool p)
{
    for (int64_t e = first(); e < numel(p.y); e += step()) {
        int64_t at[DIMS] = {}, in[DIMS] = {};
        double sum = 0, places = 0;
        place_of(p.y, e, at);
        do {
            const int64_t from[DIMS] = { at[0], at[1], at[2] * p.stride[0] - p.pad[0] + in[0], at[3] * p.stride[1] - p.pad[1] + in[1] };
            const bool inside = from[2] >= 0 && from[2] < p.x.size[2] && from[3] >= 0 && from[3] < p.x.size[3];
            if (inside) sum += read(p.x, from);
            places += inside || p.counts_padding;
        } while (next(in, p.kernel, 2));
        write(p.y, at, sum / places);
    }
}

/* How many places of window i of a dim are inside */
int64_t inside(const pool &p, int d, int64_t i)
{
    const int64_t first = i * p.stride[d] - p.pad[d], last = first + p.kernel[d];
    return (last < p.x.size[2 + d] ? last : p.x.size[2 + d]) - (first > 0 ? first : 0);
}

/* An element of x asks all windows whether it is in them, by `places` whether it was theirs. */
__global__ void back_from_windows(const pool p)
{
    for (int64_t e = first(); e < numel(p.x); e += step()) {
        int64_t at[DIMS] = {}, out[DIMS] = {};
        double sum = 0;
        place_of(p.x, e, at);
        do {
            const int64_t from[DIMS] = { at[0], at[1], out[0], out[1] };
            const int64_t a = at[2] + p.pad[0] - out[0] * p.stride[0], b = at[3] + p.pad[1] - out[1] * p.stride[1];
            if (a < 0 || a >= p.kernel[0] || b < 0 || b >= p.kernel[1]) continue;
            const double counted = p.counts_padding ? (double)(p.kernel[0] * p.kernel[1]) : (double)(inside(p, 0, out[0]) * inside(p, 1, out[1]));
            if (!p.places.data) sum += read(p.y, from) / counted;
            else if ((int64_t)read(p.places, from) == a * p.kernel[1] + b) sum += read(p.y, from);
        } while (next(out, p.y.size + 2, 2));
        write(p.x, at, sum);
    }
}

/* What the device has plans for, and of those that go forward what keeps PyTorch's terms */
bool knows_pool(const part *op)
{
    const bool back = op->type == CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR;
    const part *how = op->at(back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC);
    const view x = view_of(op->at(back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC));
    const int mode = how->one<cudnnResampleMode_t>(CUDNN_ATTR_RESAMPLE_MODE), padding = how->one<cudnnPaddingMode_t>(CUDNN_ATTR_RESAMPLE_PADDING_MODE);
    const bool means = mode == CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING || mode == CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING;
    if (x.stride[1] != 1 || x.n != 4 || how->one<int64_t>(CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS) != 2) return false;
    if (means) return padding == CUDNN_ZERO_PAD && !(back && op->has(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC));
    if (!back || mode != CUDNN_RESAMPLE_MAXPOOL || padding != CUDNN_NEG_INF_PAD || !op->has(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC)) return false;
    const view places = view_of(op->at(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC)), y = view_of(op->at(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC));
    for (int d = 0; d < 4; d++)
        if (places.n != 4 || places.size[d] != y.size[d] || places.stride[d] != y.stride[d]) return false;
    return places.type == CUDNN_DATA_INT8;
}
void launch_pool(const run &r, const part *op)
{
    const bool back = op->type == CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR;
    const part *how = op->at(back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC);
    pool p = { r.of(op, back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC),
               r.of(op, back ? CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC : CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC),
               back ? r.of(op, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC) : view(),
               how->one<cudnnResampleMode_t>(CUDNN_ATTR_RESAMPLE_MODE) == CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING, {}, {}, {} };
    for (int d = 0; d < 2; d++) {
        p.kernel[d] = how->list<cudnnFraction_t>(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS)[d].numerator;
        p.stride[d] = how->list<cudnnFraction_t>(CUDNN_ATTR_RESAMPLE_STRIDES)[d].numerator;
        p.pad[d] = how->list<cudnnFraction_t>(CUDNN_ATTR_RESAMPLE_PRE_PADDINGS)[d].numerator;
    }
    if (!r.bad && back) TPC_LAUNCH(back_from_windows, blocks_for(numel(p.x)), 64, 0, r.stream, p);
    else if (!r.bad) TPC_LAUNCH(mean_of_windows, blocks_for(numel(p.y)), 64, 0, r.stream, p);
}

} /* namespace */

bool knows_layer(const part *op)
{
    switch (op->type) {
    case CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR: return knows_norm(op);
    case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: return knows_pool(op);
    default: return false;
    }
}
void launch_layer(const run &r, const part *op)
{
    const bool norm = op->type == CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR || op->type == CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR;
    if (norm) launch_norm(r, op);
    else launch_pool(r, op);
}

} /* namespace dnnhost */

#endif
