/* optim_norm.cu: the norm of many tensors taken together, and their product with a number, each in one launch over all of them. Sums are of
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
        const tpc_step_row &r = tpc_step_of(rows, n, c);
        const int64_t from = (c - r.first_chunk) * TPC_STEP_CHUNK, to = from + TPC_STEP_CHUNK < r.numel ? from + TPC_STEP_CHUNK : r.numel;
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

/* The norm of the tensors' norms, which are rounded as the tensors are: a thread to a tensor, in one block. */
static __global__ void __launch_bounds__(TPC_BLOCK) norm_of_norms(const tpc_step_row *rows, int64_t n, int64_t chunks, int form, double p, const double *of_chunk,
                                                                  double *total)
{
    const joined join = { form };
    double all = start_of(form);
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
        const int64_t end = i + 1 < n ? rows[i + 1].first_chunk : chunks;
        double sum = start_of(form);
        for (int64_t c = rows[i].first_chunk; c < end; c++) sum = join(sum, of_chunk[c]);
        all = join(all, power_of(form, p, tpc_round_to(rows[i].dtype, root_of(form, p, sum))));
    }
    all = tpc_block_join(all, join);
    if (!threadIdx.x) *total = root_of(form, p, all);
}

/* The total is the host's, so that this waits for the device. */
static tp_status total_norm(tp__call *call)
{
    const tp__norm_step *s = (const tp__norm_step *)tpc_attr(call);
    const int form = form_of(s->p);
    tpc_steps t(call, s->n);
    const tp_status status = tpc_steps_fill(call, &t, s->list, nullptr);
    if (status) return status;
    const tpc_temporary sums(call, (size_t)(t.chunks + 1) * sizeof(double));         /* of chunks, then the total */
    if (!sums.data || !tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    const tpc_step_row *rows = t.device.as<tpc_step_row>();
    double *const of_chunk = sums.as<double>(), *const total = of_chunk + t.chunks;
    if (t.chunks) TPC_LAUNCH(norm_chunks, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), rows, t.n, t.chunks, form, s->p, of_chunk);
    TPC_LAUNCH(norm_of_norms, 1, TPC_BLOCK, 0, tpc_stream(call), rows, t.n, t.chunks, form, s->p, of_chunk, total);
    const tp_status launched = tpc_launched(call);
    return launched ? launched : tpc_download(call, s->total, total, sizeof *s->total);
}

/* ---- The product with a number ------------------------------------------------------------------------------------------------------------------ */

static __global__ void __launch_bounds__(TPC_BLOCK) scale_chunks(const tpc_step_row *rows, int64_t n, int64_t chunks, double factor)
{
    for (int64_t c = blockIdx.x; c < chunks; c += gridDim.x) {
        const tpc_step_row &r = tpc_step_of(rows, n, c);
        const int64_t from = (c - r.first_chunk) * TPC_STEP_CHUNK, to = from + TPC_STEP_CHUNK < r.numel ? from + TPC_STEP_CHUNK : r.numel;
        for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x)
            if (r.dtype == TP_F64) tpc_store(r.param, r.dtype, i, tpc_load<double>(r.param, r.dtype, i) * factor);
            else tpc_store(r.param, r.dtype, i, tpc_load<float>(r.param, r.dtype, i) * (float)factor);
    }
}

static tp_status scale(tp__call *call)
{
    const tp__scale_step *s = (const tp__scale_step *)tpc_attr(call);
    tpc_steps t(call, s->n);
    const tp_status status = tpc_steps_fill(call, &t, s->list, nullptr);
    if (status || !t.chunks) return status;
    if (!tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    TPC_LAUNCH(scale_chunks, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), t.device.as<tpc_step_row>(), t.n, t.chunks, s->factor);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_optim_norm[] = { { "total_norm", total_norm, NULL }, { "fused_mul_", scale, NULL }, { NULL, NULL, NULL } };
