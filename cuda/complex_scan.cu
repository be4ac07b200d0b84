/* complex_scan.cu: what is multiplied along rows of complex tensors: prod, cumprod, and the scan that their gradients are made of,
 * y_k = x_k + f_k y_{k-1}  (with the factor of the element before where it runs backwards), as those of reals are (scan.cuh). */
#include "cuda/complex.cuh"
#include "cuda/plain.cuh"
#include "cuda/reduce.cuh"
#include "cuda/scan.cuh"

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

struct running_product {
    using acc = tpc_complex;
    tpc_side x, y;
    __device__ acc none() const { return { 1, 0 }; }
    __device__ acc read(int64_t at, int64_t) const { return tpc_load_complex(x.data, x.dtype, at); }
    __device__ acc join(acc a, acc b) const { return a * b; }
    __device__ void write(int64_t at, int64_t, acc a) const { tpc_store_complex(y.data, y.dtype, at, a); }
};

struct complex_numbers {
    using acc = tpc_complex;
    static __device__ acc of(double v) { return { v, 0 }; }
    static __device__ acc read(const tpc_side &x, int64_t at) { return tpc_load_complex(x.data, x.dtype, at); }
    static __device__ void write(const tpc_side &y, int64_t at, acc v) { tpc_store_complex(y.data, y.dtype, at, v); }
    static __device__ double size(acc v) { return ::hypot(v.re, v.im); }
    static __device__ bool is_finite(acc v) { return isfinite(v.re) && isfinite(v.im); }
};

static tp_status scan(tp__call *call, bool by_factors)
{
    tpc_array given;
    tpc_plain x(call), f(call), y(call);
    tpc_out(call, 0, &given);
    if (!given.numel) return TP_OK;
    tp_status status = x.take(call, 0, given.dtype);
    if (!status && by_factors) status = f.take(call, 1, given.dtype);
    if (!status) status = y.make(call, 0, given.dtype);
    if (status) return status;
    const tpc_side of_x = tpc_side_of(x.x), of_y = tpc_side_of(y.x);
    status = by_factors ? tpc_linear_run<complex_numbers>(call, y.x, of_y, of_x, tpc_side_of(f.x))
                        : tpc_scan_run(call, y.x, false, running_product{ of_x, of_y });
    return status ? status : y.give(call);
}

static tp_status cumprod(tp__call *call) { return scan(call, false); }
static tp_status linear_scan(tp__call *call) { return scan(call, true); }

extern "C" const tp_kernel tp__cuda_complex_scan[] = {
    { "complex_prod", prod, NULL }, { "complex_cumprod", cumprod, NULL }, { "complex_linear_scan", linear_scan, NULL }, { NULL, NULL, NULL },
};
