/* optim_norm.cu: the norm of many tensors taken together, and their product with a number, each in one launch over all of them; nothing waits. Sums are of
 * doubles, by chunks that are joined in their order, so that they do not depend on the device. */
#include "cuda/optim.cuh"

/* ---- Norms of a chunk: sum |x|^p, or what stands in its place -------------------------------------------------------------------------------- */

enum { SQUARES, MAGNITUDES, POWERS, NONZEROS, GREATEST, LEAST };

static int form_of(double p)
{
    return p == 2 ? SQUARES : p == 1 ? MAGNITUDES : p == 0 ? NONZEROS : p == INFINITY ? GREATEST : p == -INFINITY ? LEAST : POWERS;
}
TPC_DEVICE double start_of(int form) { return form == LEAST ? INFINITY : 0; }
struct joined {
    int form;
    __device__ double operator()(double a, double b) const
    {
        return form == GREATEST ? (b > a || b != b ? b : a) : form == LEAST ? (b < a || b != b ? b : a) : a + b;
    }
};
TPC_DEVICE double of_element(int form, double p, double v)
{
    return form == SQUARES ? v * v : form == POWERS ? ::pow(v, p) : form == NONZEROS ? (double)(v != 0) : v;
}

static __global__ void __launch_bounds__(TPC_BLOCK) norm_chunks(const tpc_step_row *rows, int64_t n, int64_t chunks, int form, double p, double *of_chunk)
{
    for (int64_t c = blockIdx.x; c < chunks; c += gridDim.x) {
        const tpc_step_row r = tpc_step_of(rows, n, c);
        const auto [from, to] = tpc_step_elements(r, c);
        const joined join = { form };
        double sum = start_of(form);
        for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) sum = join(sum, of_element(form, p, ::fabs(tpc_load<double>(r.param, r.dtype, i))));
        sum = tpc_block_join(sum, join);
        if (!threadIdx.x) of_chunk[c] = sum;
    }
}

TPC_DEVICE double root_of(int form, double p, double sum) { return form == SQUARES ? ::sqrt(sum) : form == POWERS ? ::pow(sum, 1 / p) : sum; }
TPC_DEVICE double power_of(int form, double p, double norm)
{
    return form == SQUARES ? norm * norm : form == POWERS ? ::pow(norm, p) : form == NONZEROS ? (double)(norm != 0) : norm;
}

/* The norm of the tensors' norms, which are rounded as the tensors are: a warp to a tensor, in one block. A table of words has thousands of chunks. */
static __global__ void __launch_bounds__(TPC_BLOCK)
norm_of_norms(const tpc_step_row *rows, int64_t n, int64_t chunks, int form, double p, const double *of_chunk, void *total, int dtype)
{
    const joined join = { form };
    const int lane = (int)threadIdx.x & 31;
    double all = start_of(form);
    for (int64_t i = threadIdx.x / 32; i < n; i += TPC_BLOCK / 32) {
        const int64_t end = i + 1 < n ? rows[i + 1].first_chunk : chunks;
        double sum = start_of(form);
        for (int64_t c = rows[i].first_chunk + lane; c < end; c += 32) sum = join(sum, of_chunk[c]);
        sum = tpc_warp_join(sum, join);
        if (!lane) all = join(all, power_of(form, p, tpc_round_to(rows[i].dtype, root_of(form, p, sum))));
    }
    all = tpc_block_join(all, join);
    if (!threadIdx.x) tpc_store(total, dtype, 0, root_of(form, p, all));
}

static tp_status total_norm(tp__call *call)
{
    const tp__norm_step *s = (const tp__norm_step *)tpc_attr(call);
    const int form = form_of(s->p);
    tpc_array total;
    tpc_steps t(call, s->n);
    const tp_status status = tpc_steps_fill(call, &t, s->list, nullptr);
    if (status) return status;
    tpc_array_of(call, s->out, &total);
    const tpc_temporary sums(call, (size_t)(t.chunks + 1) * sizeof(double));         /* of chunks */
    if (!sums.data || !tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    const tpc_step_row *rows = t.device.as<tpc_step_row>();
    double *const of_chunk = sums.as<double>();
    if (t.chunks) TPC_LAUNCH(norm_chunks, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), rows, t.n, t.chunks, form, s->p, of_chunk);
    TPC_LAUNCH(norm_of_norms, 1, TPC_BLOCK, 0, tpc_stream(call), rows, t.n, t.chunks, form, s->p, of_chunk, total.data, total.dtype);
    return tpc_launched(call);
}

/* ---- The product with a number, or with one that is made on the device -------------------------------------------------------------------------- */

/* norm: of this dtype, clips to factor; scale: is divided by, and found tells what is not finite */
struct scaling { double factor; const void *norm; int dtype; const float *scale; float *found; };

template <class T> TPC_DEVICE void scale_chunk(const tpc_step_row &r, int64_t from, int64_t to, double factor, float *found)
{
    bool infinite = false;
    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) {
        const T x = tpc_load<T>(r.param, r.dtype, i);
        infinite |= !(x - x == 0);
        tpc_store(r.param, r.dtype, i, x * (T)factor);
    }
    if (found && infinite) *found = 1;                          /* whoever writes, writes the same */
}

static __global__ void __launch_bounds__(TPC_BLOCK) scale_chunks(const tpc_step_row *rows, int64_t n, int64_t chunks, const scaling s)
{
    const double factor = s.norm ? s.factor / (tpc_load<double>(s.norm, s.dtype, 0) + 1e-6) : s.scale ? 1 / (double)*s.scale : s.factor;
    if (s.norm && factor >= 1) return;                          /* NaN goes into the tensors */
    for (int64_t c = blockIdx.x; c < chunks; c += gridDim.x) {
        const tpc_step_row r = tpc_step_of(rows, n, c);
        const auto [from, to] = tpc_step_elements(r, c);
        if (r.dtype == TP_F64) scale_chunk<double>(r, from, to, factor, s.found);
        else scale_chunk<float>(r, from, to, factor, s.found);
    }
}

static tp_status scale(tp__call *call)
{
    const tp__scale_step *s = (const tp__scale_step *)tpc_attr(call);
    scaling how = { s->factor, nullptr, 0, nullptr, nullptr };
    tpc_array x;
    tpc_steps t(call, s->n);
    const tp_status status = tpc_steps_fill(call, &t, s->list, nullptr);
    if (status || !t.chunks) return status;
    if (s->norm && tpc_array_of(call, s->norm, &x)) how.norm = x.data, how.dtype = x.dtype;
    if (s->scale && tpc_array_of(call, s->scale, &x)) how.scale = (const float *)x.data;
    if (s->found && tpc_array_of(call, s->found, &x)) how.found = (float *)x.data;
    if (!tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    TPC_LAUNCH(scale_chunks, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), t.device.as<tpc_step_row>(), t.n, t.chunks, how);
    return tpc_launched(call);
}

/* ---- What a gradient scaler becomes --------------------------------------------------------------------------------------------------------------- */

static __global__ void next_scale(float *scale, int *tracker, const float *found, double growth, double backoff, int64_t interval)
{
    if (threadIdx.x) return;
    if (*found != 0) {
        *scale = (float)(*scale * backoff);
        *tracker = 0;
    } else if (*tracker + 1 == interval) {
        const float grown = (float)(*scale * growth);
        if (grown - grown == 0) *scale = grown;
        *tracker = 0;
    } else {
        *tracker += 1;
    }
}

static tp_status update_scale(tp__call *call)
{
    const tp__scale_update *u = (const tp__scale_update *)tpc_attr(call);
    tpc_array scale, tracker, found;
    tpc_array_of(call, u->scale, &scale);
    tpc_array_of(call, u->tracker, &tracker);
    tpc_array_of(call, u->found, &found);
    TPC_LAUNCH(next_scale, 1, 1, 0, tpc_stream(call), (float *)scale.data, (int *)tracker.data, (const float *)found.data, u->growth, u->backoff, u->interval);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_optim_norm[] = { { "total_norm", total_norm, NULL }, { "fused_mul_", scale, NULL },
                                                     { "fused_update_scale_", update_scale, NULL }, { NULL, NULL, NULL } };
