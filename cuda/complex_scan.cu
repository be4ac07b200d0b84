/* complex_scan.cu: what is multiplied along rows of complex tensors: prod, cumprod, and the scan that their gradients are made of,
 * y_k = x_k + f_k y_{k-1}  (with the factor of the element before where it runs backwards). A product goes by lanes as reals do; a scan
 * is one thread's work for each row. */
#include "cuda/complex.cuh"
#include "cuda/lanes.cuh"
#include "cuda/plain.cuh"
#include "cuda/reduce.cuh"

struct complex_product {
    using acc = tpc_complex;
    tpc_side x, y;
    __device__ acc begin() const { return { 1, 0 }; }
    __device__ void add(acc &a, int64_t at, int64_t) const { a = a * tpc_load_complex(x.data, x.dtype, at); }
    __device__ acc join(acc a, acc b) const { return a * b; }
    __device__ void finish(acc a, int64_t o) const { tpc_store_complex(y.data, y.dtype, o, a); }
};

static tp_status prod(tp__call *call)
{
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    return tpc_reduce_run(call, x, (uint64_t)(uintptr_t)tpc_scratch_of(call), complex_product{ tpc_side_of(x), tpc_side_of(y) });
}

/* f: data is NULL: the rows are multiplied up. */
static __global__ void __launch_bounds__(TPC_BLOCK) scan_lines(const tpc_rows r, const tpc_side y, const tpc_side x, const tpc_side f, bool reverse)
{
    for (int64_t i = tpc_first(); i < r.outer * r.inner; i += tpc_step()) {
        const int64_t start = i / r.inner * r.n * r.inner + i % r.inner;
        tpc_complex sum = { f.data ? 0.0 : 1.0, 0 };
        for (int64_t k = 0; k < r.n; k++) {
            const int64_t at = start + (reverse ? r.n - 1 - k : k) * r.inner;
            const tpc_complex v = tpc_load_complex(x.data, x.dtype, at);
            if (!f.data) sum = sum * v;
            else sum = k ? v + tpc_load_complex(f.data, f.dtype, reverse ? at + r.inner : at) * sum : v;
            tpc_store_complex(y.data, y.dtype, at, sum);
        }
    }
}

static tp_status scan(tp__call *call, int64_t dim, bool by_factors, bool reverse)
{
    tpc_array given;
    tpc_plain x(call), f(call), y(call);
    tpc_out(call, 0, &given);
    if (!given.numel) return TP_OK;
    tp_status status = x.take(call, 0, given.dtype);
    if (!status && by_factors) status = f.take(call, 1, given.dtype);
    if (!status) status = y.make(call, 0, given.dtype);
    if (status) return status;
    const tpc_rows r = tpc_rows_along(y.x, dim);
    TPC_LAUNCH(scan_lines, tpc_blocks(call, r.outer * r.inner), TPC_BLOCK, 0, tpc_stream(call), r, tpc_side_of(y.x), tpc_side_of(x.x), tpc_side_of(f.x), reverse);
    status = tpc_launched(call);
    return status ? status : y.give(call);
}

static tp_status cumprod(tp__call *call) { return scan(call, *(const int64_t *)tpc_attr(call), false, false); }
static tp_status linear_scan(tp__call *call)
{
    const struct given { int64_t dim; bool reverse; } *attr = (const given *)tpc_attr(call);
    return scan(call, attr->dim, true, attr->reverse);
}

extern "C" const tp_kernel tp__cuda_complex_scan[] = {
    { "complex_prod", prod, NULL }, { "complex_cumprod", cumprod, NULL }, { "complex_linear_scan", linear_scan, NULL }, { NULL, NULL, NULL },
};
