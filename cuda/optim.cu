/* optim.cu: optimizer steps over all parameters in one launch: each element of parameter, gradient and state is read and written once. Operations
 * are in PyTorch's order. */
#include "cuda/optim.cuh"

/* ---- SGD ------------------------------------------------------------------------------------------------------------------------------------ */

struct sgd_numbers { double lr, momentum, keep, weight_decay, sign; bool decay, velocity, nesterov, first; };

template <class T> TPC_DEVICE void sgd_chunk(const tpc_step_row &r, int64_t from, int64_t to, const sgd_numbers &s)
{
    const T lr = (T)s.lr, momentum = (T)s.momentum, keep = (T)s.keep, weight_decay = (T)s.weight_decay, sign = (T)s.sign;
    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) {
        const T p = tpc_load<T>(r.param, r.dtype, i);
        T g = sign * tpc_load<T>(r.grad, r.dtype, i);
        if (s.decay) g = g + weight_decay * p;
        if (s.velocity) {
            const T v = s.first ? g : tpc_load<T>(r.state[0], r.dtype, i) * momentum + keep * g;
            tpc_store(r.state[0], r.dtype, i, v);
            g = s.nesterov ? g + momentum * v : v;
        }
        tpc_store(r.param, r.dtype, i, p - lr * g);
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) sgd_step(const tpc_step_row *rows, int64_t n, int64_t chunks, const sgd_numbers s, const float *skip)
{
    if (skip && *skip != 0) return;
    for (int64_t c = blockIdx.x; c < chunks; c += gridDim.x) {
        const tpc_step_row r = tpc_step_of(rows, n, c);
        const auto [from, to] = tpc_step_elements(r, c);
        if (r.dtype == TP_F64) sgd_chunk<double>(r, from, to, s);
        else sgd_chunk<float>(r, from, to, s);
    }
}

/* ---- Adam ----------------------------------------------------------------------------------------------------------------------------------- */

struct adam_numbers { double lr, beta1, beta2, eps, weight_decay; bool decoupled, maximize, track; };

TPC_DEVICE float root(float x) { return sqrtf(x); }
TPC_DEVICE double root(double x) { return ::sqrt(x); }

/* m moves to g by `weight`, from the nearer end as torch.lerp. track: the greatest v so far counts. */
template <class T> TPC_DEVICE void adam_chunk(const tpc_step_row &r, int64_t from, int64_t to, const adam_numbers &s)
{
    const T decay = (T)s.weight_decay, shrink = (T)(s.decoupled ? 1 - s.lr * s.weight_decay : 1), sign = s.maximize ? -1 : 1, weight = (T)(1 - s.beta1);
    const T beta2 = (T)s.beta2, weight2 = (T)(1 - s.beta2), by = (T)r.made[0], eps = (T)s.eps, step = (T)r.made[1];
    const bool couple = s.weight_decay != 0 && !s.decoupled, near = weight < (T)0.5;
    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) {
        const T p0 = tpc_load<T>(r.param, r.dtype, i), g0 = sign * tpc_load<T>(r.grad, r.dtype, i), m0 = tpc_load<T>(r.state[0], r.dtype, i);
        const T g = couple ? g0 + decay * p0 : g0, p = p0 * shrink;
        const T m = near ? m0 + weight * (g - m0) : g - (g - m0) * ((T)1 - weight);
        const T v = tpc_load<T>(r.state[1], r.dtype, i) * beta2 + weight2 * g * g;
        const T before = s.track ? tpc_load<T>(r.state[2], r.dtype, i) : v, top = v > before ? v : v != v ? v : before;
        tpc_store(r.state[0], r.dtype, i, m);
        tpc_store(r.state[1], r.dtype, i, v);
        if (s.track) tpc_store(r.state[2], r.dtype, i, top);
        tpc_store(r.param, r.dtype, i, p + step * m / (root(top) / by + eps));
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) adam_step(const tpc_step_row *rows, int64_t n, int64_t chunks, const adam_numbers s, const float *skip)
{
    if (skip && *skip != 0) return;
    for (int64_t c = blockIdx.x; c < chunks; c += gridDim.x) {
        const tpc_step_row r = tpc_step_of(rows, n, c);
        const auto [from, to] = tpc_step_elements(r, c);
        if (r.dtype == TP_F64) adam_chunk<double>(r, from, to, s);
        else adam_chunk<float>(r, from, to, s);
    }
}

/* Counts the step where its number lies on the device, and makes of it what all elements of a parameter need. */
static __global__ void __launch_bounds__(TPC_BLOCK) count_steps(tpc_step_row *rows, int64_t n, const adam_numbers s, const float *skip)
{
    if (skip && *skip != 0) return;
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        float *const counted = rows[i].scalar[0];
        const double steps = counted ? (double)(*counted += 1) : (double)rows[i].steps;
        rows[i].made[0] = ::sqrt(1 - ::pow(s.beta2, steps));
        rows[i].made[1] = -(s.lr / (1 - ::pow(s.beta1, steps)));
    }
}

/* ---- Calls ----------------------------------------------------------------------------------------------------------------------------------- */

static tp_status fused_sgd(tp__call *call)
{
    const tp__sgd_step *s = (const tp__sgd_step *)tpc_attr(call);
    tpc_steps t(call, s->n);
    tpc_skip skip(call);
    tp_status status = tpc_steps_fill(call, &t, s->params, s->grads);
    if (status || !t.chunks) return status;
    for (int64_t i = 0; i < t.n; i++) t.rows[i].state[0] = tpc_data_of(call, s->buffers, i);
    if (!tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    if ((status = tpc_skip_decide(call, s->skip, &skip))) return status;
    const sgd_numbers numbers = { s->lr, s->momentum, 1 - s->dampening, s->weight_decay, s->maximize ? -1.0 : 1.0, s->weight_decay != 0, s->momentum != 0,
                                  s->nesterov, s->first };
    TPC_LAUNCH(sgd_step, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), t.device.as<tpc_step_row>(), t.n, t.chunks, numbers, skip.at);
    return tpc_launched(call);
}

/* Step counts lie on the device or on the host. */
static tp_status fused_adam(tp__call *call)
{
    const tp__adam_step *s = (const tp__adam_step *)tpc_attr(call);
    tpc_steps t(call, s->n);
    tpc_skip skip(call);
    tp_status status = tpc_steps_fill(call, &t, s->params, s->grads);
    if (status || !t.n) return status;
    if ((status = tpc_skip_decide(call, s->skip, &skip))) return status;
    float found = -1;                                           /* not asked for yet */
    for (int64_t i = 0; i < t.n; i++) {
        tpc_array step;
        t.rows[i].state[0] = tpc_data_of(call, s->exp_avgs, i);
        t.rows[i].state[1] = tpc_data_of(call, s->exp_avg_sqs, i);
        t.rows[i].state[2] = tpc_data_of(call, s->max_exp_avg_sqs, i);
        tpc_array_of(call, s->steps[i], &step);
        if (step.on_device) t.rows[i].scalar[0] = (float *)step.data;
        else {                                                  /* a count of the host's: whether the step is made, it must be told */
            if (skip.found && found < 0 && (status = tpc_download(call, &found, skip.at, sizeof found))) return status;
            if (found > 0) return TP_OK;
            t.rows[i].steps = *(float *)step.data += 1;
        }
    }
    if (!tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    const adam_numbers numbers = { s->lr, s->beta1, s->beta2, s->eps, s->weight_decay, s->decoupled, s->maximize, s->max_exp_avg_sqs != nullptr };
    TPC_LAUNCH(count_steps, tpc_blocks(call, t.n), TPC_BLOCK, 0, tpc_stream(call), t.device.as<tpc_step_row>(), t.n, numbers, skip.at);
    if (t.chunks) TPC_LAUNCH(adam_step, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), t.device.as<tpc_step_row>(), t.n, t.chunks, numbers, skip.at);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_optim[] = { { "fused_sgd_", fused_sgd, NULL }, { "fused_adam_", fused_adam, NULL }, { NULL, NULL, NULL } };
