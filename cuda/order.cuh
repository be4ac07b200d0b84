/* order.cuh: putting rows in order (sort.cu), and running sums. An element becomes a key, an unsigned number that compares as the elements
 * are to be ordered, as in src/cpu/order.h: NaN is greater than all else, and 0 and -0 are equal. Of equal ones the first comes first. */
#ifndef TPC_ORDER_CUH
#define TPC_ORDER_CUH

#include "cuda/kernel.cuh"

enum { TPC_ORDER_MOST = INT32_MAX };                   /* elements of a row */

/* Rows of n keys, one after another, uint64_t if `wide`, else uint32_t. Who sorts makes one, looks whether it is good (else there was no
 * memory), fills `keys` by a kernel and calls tpc_order_run: then keys ascend in each row, and places say which of the row each was. */
struct tpc_order {
    int64_t rows, n;
    bool wide;
    void *keys, *spare_keys;
    uint32_t *places, *spare_places;
    tpc_temporary room;
    tpc_order(const tp__call *call, int64_t rows, int64_t n, bool wide);
    bool good() const { return room.data != nullptr; }
};
/* bits: of a key, from the lowest on, in which keys may differ. */
tp_status tpc_order_run(const tp__call *call, tpc_order *o, int bits);
/* Fills the keys from rows of x, contiguous and real, and sorts them. */
tp_status tpc_order_values(const tp__call *call, tpc_order *o, const void *x, int dtype, bool descending);

/* v[i] = the sum of the v before it, v[n] = of all; v has room for n + 1. */
tp_status tpc_running_sum(const tp__call *call, int64_t *v, int64_t n);

/* Of each row of in[0], the last dim, the k first: out[0] their values, out[1] their places. All of the row is sorted. */
tp_status tpc_first_of_rows(tp__call *call, int64_t k, bool descending);

static inline bool tpc_key_is_wide(int dtype) { return dtype == TP_F64 || dtype == TP_I64; }
static inline int tpc_key_bits(int dtype) { return 8 * tpc_size(dtype); }
/* How many bits hold the numbers from 0 to most */
static inline int tpc_bits_of(int64_t most)
{
    int bits = 1;
    while (bits < 63 && most >> bits) bits++;
    return bits;
}

/* The key of a NaN, the greatest of its dtype; 0 where there is none */
TPC_DEVICE uint64_t tpc_key_of_nan(int dtype)
{
    return dtype == TP_F64 ? UINT64_MAX : dtype == TP_F32 ? UINT32_MAX : dtype == TP_F16 || dtype == TP_BF16 ? 0xffffu : 0;
}
TPC_DEVICE uint64_t tpc_key_at(const void *keys, bool wide, int64_t i) { return wide ? ((const uint64_t *)keys)[i] : ((const uint32_t *)keys)[i]; }

TPC_DEVICE uint32_t tpc_key_of_half(uint32_t u, uint32_t infinity)
{
    const uint32_t size = u & 0x7fff, key = size ? u ^ (u & 0x8000 ? 0xffffu : 0x8000u) : 0x8000u;
    return size > infinity ? 0xffffu : key;
}
TPC_DEVICE uint64_t tpc_key(const void *x, int dtype, int64_t i)
{
    switch (dtype) {
    case TP_F32: {
        const float v = ((const float *)x)[i];
        const uint32_t u = v == 0 ? 0 : __float_as_uint(v);
        return v != v ? UINT32_MAX : u ^ ((uint32_t)((int32_t)u >> 31) | 0x80000000u);
    }
    case TP_F64: {
        const double v = ((const double *)x)[i];
        const uint64_t u = v == 0 ? 0 : (uint64_t)__double_as_longlong(v);
        return v != v ? UINT64_MAX : u ^ ((uint64_t)((int64_t)u >> 63) | 0x8000000000000000u);
    }
    case TP_F16: return tpc_key_of_half(((const uint16_t *)x)[i], 0x7c00);
    case TP_BF16: return tpc_key_of_half(((const uint16_t *)x)[i], 0x7f80);
    case TP_I64: return (uint64_t)((const int64_t *)x)[i] ^ 0x8000000000000000u;
    case TP_I32: return (uint32_t)((const int32_t *)x)[i] ^ 0x80000000u;
    case TP_I16: return (uint32_t)(((const int16_t *)x)[i] + 0x8000);
    case TP_I8: return (uint32_t)(((const int8_t *)x)[i] + 0x80);
    default: return ((const uint8_t *)x)[i];
    }
}

/* n / by and, in *rest, what is left: in 32 bits where they suffice */
TPC_DEVICE int64_t tpc_split(int64_t n, int64_t by, int64_t *rest)
{
    if (((uint64_t)n | (uint64_t)by) >> 32 == 0) {
        const uint32_t quotient = (uint32_t)n / (uint32_t)by;
        *rest = (uint32_t)n - quotient * (uint32_t)by;
        return quotient;
    }
    const int64_t quotient = n / by;
    *rest = n - quotient * by;
    return quotient;
}

/* The sum of v over the threads of the block before this one, and of all */
TPC_DEVICE int64_t tpc_sum_before(int64_t v, int64_t *total)
{
    TPC_SHARED(int64_t, part, [TPC_BLOCK / 32]);
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5;
    int64_t sum = v, before = 0;
    TPC_UNROLL(5)
    for (int by = 1; by < 32; by *= 2) {
        const int64_t other = __shfl_up_sync(~0u, sum, (unsigned)by);
        if (lane >= by) sum += other;
    }
    if (lane == 31) part[warp] = sum;
    __syncthreads();
    *total = 0;
    for (int w = 0; w < TPC_BLOCK / 32; w++) {
        if (w < warp) before += part[w];
        *total += part[w];
    }
    __syncthreads();
    return before + sum - v;
}

#endif
