/* dnn_rnn.cpp: recurrent nets of the simulated cuDNN, in the plainest way: one thread does a net, one step after the other, in float64.
 *
 * It holds callers to what cuDNN asks of them: descriptors that fit each other, workspace and reserve as large as it said, the backward of
 * the data before that of the weights, both on the reserve of a forward that trained, and each only once. Weights of several layers stand
 * elsewhere than one would think. */
#include "cuda/host/dnn_values.h"

#ifdef TPC_HOST_CUDNN
#include <memory>
#include <new>

using namespace dnnhost;

namespace {

struct net {
    cudnnRNNMode_t mode;
    bool biases, tf32;
    int dirs, type;
    int64_t input, hidden, layers;
    int64_t gates() const { return mode == CUDNN_LSTM ? 4 : mode == CUDNN_GRU ? 3 : 1; }
    int64_t rows() const { return gates() * hidden; }
    int64_t all() const { return layers * dirs; }
    int64_t input_of(int64_t i) const { return i < dirs ? input : hidden * dirs; }
    /* Elements before part k (w_ih, w_hh, b_ih, b_hh) of layer and direction `of`; -1: of all parts. One layer has all matrices first, then the
     * biases; of several each has its own together, after a gap. */
    int64_t place(int64_t of, int k) const
    {
        int64_t at = 0;
        const bool apart = all() > 1;
        if (!apart && of < 0) return rows() * (input + hidden + (biases ? 2 : 0));
        for (int64_t i = 0; i < all(); i++)
            for (int part = 0; part < (biases ? 4 : 2); part++) {
                if (apart) at = (at + 63) / 64 * 64;
                if (i == of && part == k) return at;
                at += rows() * (part == 0 ? input_of(i) : part == 1 ? hidden : 1);
            }
        return at;
    }
};

struct sequence { int type, steps, batch, width; std::vector<int> length; };
struct tensor { int type, n, size[DIMS]; };

net *net_of(cudnnRNNDescriptor_t d) { return reinterpret_cast<net *>(d); }
const sequence *sequence_of(cudnnRNNDataDescriptor_t d) { return reinterpret_cast<const sequence *>(d); }
tensor *tensor_of(cudnnTensorDescriptor_t d) { return reinterpret_cast<tensor *>(d); }

template <class T, class H> cudnnStatus_t make(H *to)
{
    *to = reinterpret_cast<H>(new (std::nothrow) T());
    return *to ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
}

/* ---- What a run is given --------------------------------------------------------------------------------------------------------------------- */

enum { FRESH = 0x5afe, DATA_DONE = 0x5aff, HEAD = 4, PER_ROW = 8, WORKSPACE = 512 };     /* what the reserve begins with */

/* Kept of a row in a layer and direction, each `hidden` numbers: the gates (of a GRU also what r multiplies), c and h; the backward writes
 * over the gates with their gradients. */
struct job {
    net n;
    int64_t steps, batch, total;
    std::vector<int> length;
    std::vector<int64_t> begin;                        /* of each step: its first row */
    const void *x, *hx, *cx, *weight, *dy, *dhy, *dcy;
    void *y, *hy, *cy, *dx, *dhx, *dcx, *dweight;
    double *reserve;
    int64_t reserved() const { return HEAD + n.all() * total * PER_ROW * n.hidden; }

    double *kept(int64_t i, int64_t row) const { return reserve + HEAD + (i * total + row) * PER_ROW * n.hidden; }
    double rounded(double v) const
    {
        unsigned char room[8];
        write_at(room, n.type, 0, v);
        return read_at(room, n.type, 0);
    }
    double at(const void *from, int64_t i) const { return from ? read_at(from, n.type, i) : 0; }
    double factor(double v) const { return tensor_core(v, n.tf32 && n.type == CUDNN_DATA_FLOAT); }
    double w(int64_t i, int k, int64_t e) const { return k > 1 && !n.biases ? 0 : read_at(weight, n.type, n.place(i, k) + e); }
    /* What layer i reads in a row: x, or h of both directions of the layer before */
    double input(int64_t i, int64_t row, int64_t j) const
    {
        if (i < n.dirs) return at(x, row * n.input + j);
        return kept((i / n.dirs - 1) * n.dirs + j / n.hidden, row)[6 * n.hidden + j % n.hidden];
    }
    int64_t before(int64_t i, int64_t t) const { return i % n.dirs ? t + 1 : t - 1; }
    bool begins(int64_t i, int64_t t, int64_t b) const { return i % n.dirs ? t + 1 == length[(size_t)b] : !t; }
    double state(int64_t i, int64_t t, int64_t b, int64_t j, bool cell) const
    {
        if (begins(i, t, b)) return at(cell ? cx : hx, (i * batch + b) * n.hidden + j);
        return kept(i, begin[(size_t)before(i, t)] + b)[(cell ? 5 : 6) * n.hidden + j];
    }
};

double sigmoid(double v) { return 1 / (1 + exp(-v)); }

/* One element of a step */
void forward_element(const job &q, int64_t i, int64_t t, int64_t b, int64_t j)
{
    const int64_t row = q.begin[(size_t)t] + b, hidden = q.n.hidden;
    double in[4], by[4], *k = q.kept(i, row);
    for (int64_t g = 0; g < q.n.gates(); g++) {
        const int64_t r = g * hidden + j, width = q.n.input_of(i);
        in[g] = q.w(i, 2, r), by[g] = q.w(i, 3, r);
        for (int64_t e = 0; e < width; e++) in[g] += q.factor(q.w(i, 0, r * width + e)) * q.factor(q.input(i, row, e));
        for (int64_t e = 0; e < hidden; e++) by[g] += q.factor(q.w(i, 1, r * hidden + e)) * q.factor(q.state(i, t, b, e, false));
    }
    double h;
    if (q.n.mode == CUDNN_LSTM) {
        const double gate[] = { sigmoid(in[0] + by[0]), sigmoid(in[1] + by[1]), tanh(in[2] + by[2]), sigmoid(in[3] + by[3]) };
        const double c = gate[1] * q.state(i, t, b, j, true) + gate[0] * gate[2];
        for (int g = 0; g < 4; g++) k[g * hidden + j] = gate[g];
        k[5 * hidden + j] = c;
        h = gate[3] * tanh(c);
    } else if (q.n.mode == CUDNN_GRU) {
        const double r = sigmoid(in[0] + by[0]), z = sigmoid(in[1] + by[1]), m = tanh(in[2] + r * by[2]);
        k[j] = r, k[hidden + j] = z, k[2 * hidden + j] = m, k[3 * hidden + j] = by[2];
        h = (1 - z) * m + z * q.state(i, t, b, j, false);
    } else {
        h = q.n.mode == CUDNN_RNN_TANH ? tanh(in[0] + by[0]) : in[0] + by[0] > 0 ? in[0] + by[0] : 0;
    }
    k[6 * hidden + j] = q.rounded(h);
}

template <class F> void each_step(const job &q, int64_t i, bool back, F f)
{
    const bool down = (i % q.n.dirs != 0) != back;
    for (int64_t s = 0; s < q.steps; s++) f(down ? q.steps - 1 - s : s);
}
int64_t rows_of(const job &q, int64_t t) { return (t + 1 < q.steps ? q.begin[(size_t)t + 1] : q.total) - q.begin[(size_t)t]; }
int64_t last_of(const job &q, int64_t i, int64_t b) { return i % q.n.dirs ? 0 : q.length[(size_t)b] - 1; }

__global__ void forward(const std::shared_ptr<const job> of)
{
    const job &q = *of;
    const int64_t hidden = q.n.hidden;
    for (int64_t i = 0; i < q.n.all(); i++)
        each_step(q, i, false, [&](int64_t t) {
            for (int64_t b = 0; b < rows_of(q, t); b++)
                for (int64_t j = 0; j < hidden; j++) forward_element(q, i, t, b, j);
        });
    for (int64_t i = 0; i < q.n.all(); i++)
        for (int64_t b = 0; b < q.batch; b++)
            for (int64_t j = 0; j < hidden; j++) {
                const double *k = q.kept(i, q.begin[(size_t)last_of(q, i, b)] + b);
                if (q.hy) write_at(q.hy, q.n.type, (i * q.batch + b) * hidden + j, k[6 * hidden + j]);
                if (q.cy && q.n.mode == CUDNN_LSTM) write_at(q.cy, q.n.type, (i * q.batch + b) * hidden + j, k[5 * hidden + j]);
            }
    for (int64_t row = 0; row < q.total; row++)
        for (int64_t dir = 0; dir < q.n.dirs; dir++)
            for (int64_t j = 0; j < hidden; j++)
                write_at(q.y, q.n.type, (row * q.n.dirs + dir) * hidden + j, q.kept(q.n.all() - q.n.dirs + dir, row)[6 * hidden + j]);
    q.reserve[0] = FRESH;
}

/* The gradients of the gates of one element, by those of its h and c, which become those of the state before, but for the products. */
void backward_element(const job &q, int64_t i, int64_t t, int64_t b, int64_t j, double *dh, double *dc)
{
    const int64_t hidden = q.n.hidden;
    double *k = q.kept(i, q.begin[(size_t)t] + b);
    const double h = k[6 * hidden + j];
    if (q.n.mode == CUDNN_LSTM) {
        const double in = k[j], f = k[hidden + j], g = k[2 * hidden + j], o = k[3 * hidden + j], u = tanh(k[5 * hidden + j]);
        const double d = *dc + *dh * o * (1 - u * u);
        k[j] = d * g * in * (1 - in);
        k[hidden + j] = d * q.state(i, t, b, j, true) * f * (1 - f);
        k[2 * hidden + j] = d * in * (1 - g * g);
        k[3 * hidden + j] = *dh * u * o * (1 - o);
        *dc = d * f;
        *dh = 0;
    } else if (q.n.mode == CUDNN_GRU) {
        const double r = k[j], z = k[hidden + j], m = k[2 * hidden + j], by = k[3 * hidden + j];
        const double dm = *dh * (1 - z) * (1 - m * m);
        k[j] = dm * by * r * (1 - r);
        k[hidden + j] = *dh * (q.state(i, t, b, j, false) - m) * z * (1 - z);
        k[2 * hidden + j] = dm;
        k[3 * hidden + j] = dm * r;
        *dh *= z;
    } else {
        k[j] = q.n.mode == CUDNN_RNN_TANH ? *dh * (1 - h * h) : h > 0 ? *dh : 0;
        *dh = 0;
    }
}
/* Of gate g: what its product with the input has, or that with the state */
double gate_gradient(const job &q, const double *k, int64_t g, int64_t j, bool by_state)
{
    return k[(q.n.mode == CUDNN_GRU && g == 2 && by_state ? 3 : g) * q.n.hidden + j];
}

__global__ void backward_data(const std::shared_ptr<const job> of)
{
    const job &q = *of;
    const int64_t hidden = q.n.hidden, width = hidden * q.n.dirs;
    std::vector<double> dout((size_t)(q.total * width)), below, dh, dc;
    if (q.reserve[0] != FRESH) return;                 /* and then dx is NaN */
    for (int64_t e = 0; e < q.total * width; e++) dout[(size_t)e] = q.at(q.dy, e);
    for (int64_t layer = q.n.layers - 1; layer >= 0; layer--) {
        const int64_t in = q.n.input_of(layer * q.n.dirs);
        below.assign((size_t)(q.total * in), 0);
        for (int64_t dir = 0; dir < q.n.dirs; dir++) {
            const int64_t i = layer * q.n.dirs + dir, states = q.batch * hidden;
            dh.resize((size_t)states), dc.resize((size_t)states);
            for (int64_t e = 0; e < states; e++) dh[(size_t)e] = q.at(q.dhy, i * states + e), dc[(size_t)e] = q.at(q.dcy, i * states + e);
            each_step(q, i, true, [&](int64_t t) {
                for (int64_t b = 0; b < rows_of(q, t); b++) {
                    const int64_t row = q.begin[(size_t)t] + b;
                    const double *k = q.kept(i, row);
                    for (int64_t j = 0; j < hidden; j++) {
                        double *h = &dh[(size_t)(b * hidden + j)];
                        *h += dout[(size_t)(row * width + dir * hidden + j)];
                        backward_element(q, i, t, b, j, h, &dc[(size_t)(b * hidden + j)]);
                    }
                    for (int64_t g = 0; g < q.n.gates(); g++)
                        for (int64_t j = 0; j < hidden; j++) {
                            const int64_t r = g * hidden + j;
                            const double du = gate_gradient(q, k, g, j, true), d = gate_gradient(q, k, g, j, false);
                            for (int64_t e = 0; e < hidden; e++) dh[(size_t)(b * hidden + e)] += q.factor(du) * q.factor(q.w(i, 1, r * hidden + e));
                            for (int64_t e = 0; e < in; e++) below[(size_t)(row * in + e)] += q.factor(d) * q.factor(q.w(i, 0, r * in + e));
                        }
                }
            });
            for (int64_t e = 0; e < states; e++) {
                if (q.dhx) write_at(q.dhx, q.n.type, i * states + e, dh[(size_t)e]);
                if (q.dcx && q.n.mode == CUDNN_LSTM) write_at(q.dcx, q.n.type, i * states + e, dc[(size_t)e]);
            }
        }
        dout.swap(below);
    }
    for (int64_t e = 0; e < q.total * q.n.input; e++) write_at(q.dx, q.n.type, e, dout[(size_t)e]);
    q.reserve[0] = DATA_DONE;
}

__global__ void backward_weights(const std::shared_ptr<const job> of)
{
    const job &q = *of;
    const int64_t hidden = q.n.hidden;
    if (q.reserve[0] != DATA_DONE) return;
    q.reserve[0] = 0;
    for (int64_t i = 0; i < q.n.all(); i++)
        for (int64_t g = 0; g < q.n.gates(); g++)
            for (int64_t j = 0; j < hidden; j++) {
                const int64_t r = g * hidden + j, in = q.n.input_of(i);
                std::vector<double> sum((size_t)(in + hidden + 2));
                for (int64_t t = 0; t < q.steps; t++)
                    for (int64_t b = 0; b < rows_of(q, t); b++) {
                        const int64_t row = q.begin[(size_t)t] + b;
                        const double d = gate_gradient(q, q.kept(i, row), g, j, false), du = gate_gradient(q, q.kept(i, row), g, j, true);
                        for (int64_t e = 0; e < in; e++) sum[(size_t)e] += q.factor(d) * q.factor(q.input(i, row, e));
                        for (int64_t e = 0; e < hidden; e++) sum[(size_t)(in + e)] += q.factor(du) * q.factor(q.state(i, t, b, e, false));
                        sum[(size_t)(in + hidden)] += d;
                        sum[(size_t)(in + hidden + 1)] += du;
                    }
                auto add = [&](int k, int64_t e, double v) {
                    write_at(q.dweight, q.n.type, q.n.place(i, k) + e,
                             read_at(q.dweight, q.n.type, q.n.place(i, k) + e) + v);
                };
                for (int64_t e = 0; e < in; e++) add(0, r * in + e, sum[(size_t)e]);
                for (int64_t e = 0; e < hidden; e++) add(1, r * hidden + e, sum[(size_t)(in + e)]);
                for (int k = 0; k < 2 && q.n.biases; k++) add(2 + k, r, sum[(size_t)(in + hidden + k)]);
            }
}

/* ---- Checks ---------------------------------------------------------------------------------------------------------------------------------- */

/* The net over these rows, if they fit each other. */
std::shared_ptr<job> job_of(const net *n, const sequence *x, const sequence *y, const tensor *states)
{
    if (!n || !x || !y || !states || x->width != n->input || y->width != n->hidden * n->dirs ||
        x->length != y->length || x->steps != y->steps || x->type != n->type || y->type != n->type ||
        states->type != n->type || states->n != 3 || states->size[0] != n->all() || states->size[1] != x->batch ||
        states->size[2] != n->hidden)
        return nullptr;
    auto q = std::make_shared<job>();
    q->n = *n;
    q->steps = x->steps, q->batch = x->batch, q->length = x->length;
    for (int t = 0; t < x->steps; t++) {
        q->begin.push_back(q->total);
        for (int length : x->length) q->total += length > t;
    }
    return q;
}
size_t weight_bytes(const net *n) { return (size_t)n->place(-1, 0) * (size_t)item(n->type); }
bool lies(const void *p) { return p && !((uintptr_t)p % 16); }
cudaStream_t stream_of(cudnnHandle_t handle) { return *reinterpret_cast<cudaStream_t *>(handle); }

} /* namespace */

/* ---- What cuda/dnn_rnn.c and cuda/dnn_rnn_run.c call ------------------------------------------------------------------------------------------- */

extern "C" {

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *to) { return make<tensor>(to); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t of) { return delete tensor_of(of), CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t of, cudnnDataType_t type, int n, const int size[], const int stride[])
{
    tensor *t = tensor_of(of);
    if (!t || n < 3 || n > DIMS || stride[n - 1] != 1) return CUDNN_STATUS_BAD_PARAM;
    t->type = type, t->n = n;
    for (int d = 0; d < n; d++) t->size[d] = size[d];
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnGetTensorNdDescriptor(const cudnnTensorDescriptor_t of, int most, cudnnDataType_t *type, int *n, int size[], int stride[])
{
    const tensor *t = tensor_of(of);
    *type = (cudnnDataType_t)t->type, *n = t->n;
    int step = 1;
    for (int d = t->n - 1; d >= 0; d--) {
        if (d < most) size[d] = t->size[d], stride[d] = step;
        step *= t->size[d];
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t *to) { return make<net>(to); }
cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t of) { return delete net_of(of), CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t of, cudnnRNNAlgo_t algo, cudnnRNNMode_t mode,
                                       cudnnRNNBiasMode_t biases, cudnnDirectionMode_t directions,
                                       cudnnRNNInputMode_t input_mode, cudnnDataType_t type, cudnnDataType_t math,
                                       cudnnMathType_t by, int32_t input, int32_t hidden, int32_t projection,
                                       int32_t layers, cudnnDropoutDescriptor_t dropout, uint32_t flags)
{
    if (!of || input < 1 || hidden < 1 || layers < 1) return CUDNN_STATUS_BAD_PARAM;
    if (algo != CUDNN_RNN_ALGO_STANDARD || input_mode != CUDNN_LINEAR_INPUT || math != CUDNN_DATA_FLOAT ||
        projection != hidden || dropout || flags != CUDNN_RNN_PADDED_IO_DISABLED ||
        (biases != CUDNN_RNN_DOUBLE_BIAS && biases != CUDNN_RNN_NO_BIAS))
        return CUDNN_STATUS_NOT_SUPPORTED;
    *net_of(of) = { mode, biases == CUDNN_RNN_DOUBLE_BIAS, by != CUDNN_FMA_MATH, directions == CUDNN_BIDIRECTIONAL ? 2 : 1, type, input, hidden, layers };
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t *to) { return make<sequence>(to); }
cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t of) { return delete sequence_of(of), CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t of, cudnnDataType_t type, cudnnRNNDataLayout_t layout,
                                        int steps, int batch, int width, const int length[], void *)
{
    if (!of || steps < 1 || batch < 1 || width < 1 || layout != CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED) return CUDNN_STATUS_BAD_PARAM;
    for (int i = 0; i < batch; i++)
        if (length[i] < 1 || length[i] > (i ? length[i - 1] : steps)) return CUDNN_STATUS_BAD_PARAM;
    *reinterpret_cast<sequence *>(of) = { type, steps, batch, width, std::vector<int>(length, length + batch) };
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, cudnnRNNDescriptor_t of, size_t *bytes)
{
    *bytes = weight_bytes(net_of(of));
    return handle ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, cudnnRNNDescriptor_t of, int32_t i, size_t bytes,
                                      const void *space, int32_t id, cudnnTensorDescriptor_t matrix, void **m,
                                      cudnnTensorDescriptor_t bias, void **b)
{
    const net *n = net_of(of);
    if (!handle || !space || i < 0 || i >= n->all() || id < 0 || id >= 2 * n->gates() || bytes != weight_bytes(n)) return CUDNN_STATUS_BAD_PARAM;
    const int k = id >= n->gates();
    const int64_t g = id % n->gates(), width = k ? n->hidden : n->input_of(i);
    char *base = (char *)(uintptr_t)space;
    *m = base + (n->place(i, k) + g * n->hidden * width) * item(n->type);
    *b = n->biases ? base + (n->place(i, 2 + k) + g * n->hidden) * item(n->type) : nullptr;
    *tensor_of(matrix) = { n->type, 3, { 1, (int)n->hidden, (int)width } };
    *tensor_of(bias) = { n->type, n->biases ? 3 : 0, { 1, (int)n->hidden, 1 } };
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, cudnnRNNDescriptor_t of, cudnnForwardMode_t mode,
                                        cudnnRNNDataDescriptor_t x, size_t *room, size_t *reserve)
{
    const net *n = net_of(of);
    const sequence *s = sequence_of(x);
    const tensor states = { n->type, 3, { (int)n->all(), s->batch, (int)n->hidden } };
    sequence y = *s;
    y.width = (int)(n->hidden * n->dirs);
    const auto q = job_of(n, s, &y, &states);
    if (!handle || !q) return CUDNN_STATUS_BAD_PARAM;
    const bool trains = mode == CUDNN_FWD_MODE_TRAINING;
    *room = WORKSPACE + (trains ? 0 : (size_t)q->reserved() * sizeof(double));
    *reserve = trains ? (size_t)q->reserved() * sizeof(double) : 0;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t of, cudnnForwardMode_t mode, const int32_t *,
                              cudnnRNNDataDescriptor_t x_as, const void *x, cudnnRNNDataDescriptor_t y_as, void *y,
                              cudnnTensorDescriptor_t states, const void *hx, void *hy, cudnnTensorDescriptor_t,
                              const void *cx, void *cy, size_t bytes, const void *weight, size_t room_bytes, void *room,
                              size_t reserve_bytes, void *reserve)
{
    const bool trains = mode == CUDNN_FWD_MODE_TRAINING;
    const auto q = job_of(net_of(of), sequence_of(x_as), sequence_of(y_as), tensor_of(states));
    const size_t wanted = q ? (size_t)q->reserved() * sizeof(double) : 0;
    if (!q || bytes != weight_bytes(&q->n) || !lies(x) || !lies(y) || !lies(weight) || !lies(room) ||
        room_bytes < WORKSPACE + (trains ? 0 : wanted))
        return CUDNN_STATUS_BAD_PARAM;
    if (trains && (!lies(reserve) || reserve_bytes < wanted)) return CUDNN_STATUS_BAD_PARAM;
    q->x = x, q->y = y, q->hx = hx, q->cx = cx, q->hy = hy, q->cy = cy, q->weight = weight;
    q->reserve = trains ? (double *)reserve : (double *)((char *)room + WORKSPACE);
    count_run(q->n.tf32);
    TPC_LAUNCH(forward, 1, 1, 0, stream_of(handle), std::shared_ptr<const job>(q));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNBackwardData_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t of, const int32_t *,
                                      cudnnRNNDataDescriptor_t y_as, const void *y, const void *dy,
                                      cudnnRNNDataDescriptor_t x_as, void *dx, cudnnTensorDescriptor_t states,
                                      const void *hx, const void *dhy, void *dhx, cudnnTensorDescriptor_t,
                                      const void *cx, const void *dcy, void *dcx, size_t bytes, const void *weight,
                                      size_t room_bytes, void *room, size_t reserve_bytes, void *reserve)
{
    const auto q = job_of(net_of(of), sequence_of(x_as), sequence_of(y_as), tensor_of(states));
    if (!q || bytes != weight_bytes(&q->n) || !lies(y) || !lies(dy) || !lies(dx) || !lies(weight) || !lies(room) || room_bytes < WORKSPACE || !lies(reserve) ||
        reserve_bytes != (size_t)q->reserved() * sizeof(double)) return CUDNN_STATUS_BAD_PARAM;
    q->hx = hx, q->cx = cx, q->dy = dy, q->dhy = dhy, q->dcy = dcy, q->dx = dx, q->dhx = dhx, q->dcx = dcx, q->weight = weight, q->reserve = (double *)reserve;
    count_run(q->n.tf32);
    TPC_LAUNCH(backward_data, 1, 1, 0, stream_of(handle), std::shared_ptr<const job>(q));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t of, cudnnWgradMode_t add,
                                         const int32_t *, cudnnRNNDataDescriptor_t x_as, const void *x,
                                         cudnnTensorDescriptor_t states, const void *hx, cudnnRNNDataDescriptor_t y_as,
                                         const void *y, size_t bytes, void *dweight, size_t room_bytes, void *room,
                                         size_t reserve_bytes, void *reserve)
{
    const auto q = job_of(net_of(of), sequence_of(x_as), sequence_of(y_as), tensor_of(states));
    if (!q || add != CUDNN_WGRAD_MODE_ADD || bytes != weight_bytes(&q->n) || !lies(x) || !lies(y) || !lies(dweight) ||
        !lies(room) || room_bytes < WORKSPACE || !lies(reserve) ||
        reserve_bytes != (size_t)q->reserved() * sizeof(double))
        return CUDNN_STATUS_BAD_PARAM;
    q->x = x, q->hx = hx, q->dweight = dweight, q->reserve = (double *)reserve;
    count_run(q->n.tf32);
    TPC_LAUNCH(backward_weights, 1, 1, 0, stream_of(handle), std::shared_ptr<const job>(q));
    return CUDNN_STATUS_SUCCESS;
}

} /* extern "C" */

#endif
