/* lanes.cuh: rows along one dim. A contiguous tensor is seen as [outer, n, inner], as outer x inner rows of n elements; some threads of a
 * block, the lanes, share a row. Where the dim is not the last they are a row of columns, so that neighbours read neighbours. What is added
 * in which order depends on the shape alone. */
#ifndef TPC_LANES_CUH
#define TPC_LANES_CUH

#include <type_traits>

#include "cuda/kernel.cuh"

struct tpc_rows { int64_t outer, n, inner; int lanes; };
struct tpc_side { void *data; int dtype; };            /* an array whose layout is known */

static inline tpc_side tpc_side_of(const tpc_array &x) { return tpc_side{ x.data, x.dtype }; }

/* Element `at` of any dtype as S. Where loops are unrolled all conversions are not inlined, but for S's own dtype. */
template <class S> static __device__ TPC_NOINLINE S tpc_load_any(tpc_side x, int64_t at) { return tpc_load<S>(x.data, x.dtype, at); }
template <class S> static __device__ TPC_NOINLINE void tpc_store_any(tpc_side y, int64_t at, S v) { tpc_store(y.data, y.dtype, at, v); }
template <class S> struct tpc_own { enum { dtype = TP_F32 }; };
template <> struct tpc_own<double> { enum { dtype = TP_F64 }; };
template <> struct tpc_own<int64_t> { enum { dtype = TP_I64 }; };
template <class S> TPC_DEVICE S tpc_get(const tpc_side &x, int64_t at)
{
    return x.dtype == tpc_own<S>::dtype ? ((const S *)x.data)[at] : tpc_load_any<S>(x, at);
}
template <class S> TPC_DEVICE void tpc_set(const tpc_side &y, int64_t at, S v)
{
    if (y.dtype == tpc_own<S>::dtype) ((S *)y.data)[at] = v;
    else tpc_store_any(y, at, v);
}

/* The lanes are a power of 2: at most `most` of them, and `each` elements for each at the least. Rows of less than 32 get one thread,
 * which adds as the CPU does. Few columns get more lanes, so that there are blocks enough; 8 neighbours are still read as whole sectors. */
static inline tpc_rows tpc_rows_along(const tpc_array &y, int64_t dim, int each = 1)
{
    tpc_rows r = { 1, 1, 1, 1 };
    if (y.ndim) r.n = y.shape[dim];
    for (int d = 0; d < y.ndim; d++)
        if (d != dim) (d < dim ? r.outer : r.inner) *= y.shape[d];
    const int most = r.inner == 1 ? TPC_BLOCK : r.outer * ((r.inner + 31) / 32) < 128 ? 32 : TPC_BLOCK / 32;
    while (r.n >= 32 && r.lanes < most && (int64_t)r.lanes * 2 * each <= r.n) r.lanes *= 2;
    return r;
}
static inline unsigned tpc_rows_grid(const tp__call *call, const tpc_rows &r)
{
    return tpc_grid(call, (r.outer * r.inner * r.lanes + TPC_BLOCK - 1) / TPC_BLOCK);
}

/* A thread's place: the part of the row that it has, how far apart lanes of one row are, which of the block's rows it is, and how many
 * rows a block has. */
struct tpc_seat { int part, step, out, across; };
TPC_DEVICE tpc_seat tpc_take_seat(const tpc_rows &r)
{
    const int t = (int)threadIdx.x, across = TPC_BLOCK / r.lanes;
    return r.inner == 1 ? tpc_seat{ t % r.lanes, 1, t / r.lanes, across } : tpc_seat{ t / across, across, t % across, across };
}

/* The row of a seat in tile b of the rows; its length is 0 where there is none. */
struct tpc_row { int64_t row, n, base; };
TPC_DEVICE tpc_row tpc_row_at(const tpc_rows &r, const tpc_seat &s, int64_t b)
{
    const int64_t row = b * s.across + s.out, rows = r.outer * r.inner;
    return tpc_row{ row, row < rows ? r.n : 0, r.inner == 1 ? row * r.n : row / r.inner * r.n * r.inner + row % r.inner };
}
TPC_DEVICE int64_t tpc_row_tiles(const tpc_rows &r, const tpc_seat &s) { return (r.outer * r.inner + s.across - 1) / s.across; }

/* What the lanes of a row have, joined; all of them get it. The whole block calls it. */
template <class S, class Join> TPC_DEVICE S tpc_lanes_join(S v, const tpc_seat &s, int lanes, Join join)
{
    TPC_SHARED(S, held, [TPC_BLOCK]);
    const int t = (int)threadIdx.x;
    if (lanes == 1) return v;
    if constexpr (std::is_arithmetic<S>::value) {
        if (s.step == 1) {
            const int in_warp = lanes < 32 ? lanes : 32, warps = lanes / 32, first = (t / lanes) * warps;
            for (int by = in_warp / 2; by; by /= 2) v = join(v, __shfl_xor_sync(~0u, v, by));
            if (warps < 2) return v;
            if (!(t & 31)) held[t >> 5] = v;
            __syncthreads();
            v = held[first];
            for (int i = 1; i < warps; i++) v = join(v, held[first + i]);
            __syncthreads();
            return v;
        }
    }
    held[t] = v;
    __syncthreads();
    for (int half = lanes / 2; half; half /= 2) {
        if (s.part < half) held[t] = v = join(v, held[t + half * s.step]);
        __syncthreads();
    }
    v = held[t - s.part * s.step];
    __syncthreads();
    return v;
}

TPC_DEVICE float tpc_exp(float x) { return expf(x); }
TPC_DEVICE double tpc_exp(double x) { return ::exp(x); }
TPC_DEVICE float tpc_log(float x) { return logf(x); }
TPC_DEVICE double tpc_log(double x) { return ::log(x); }

#endif
