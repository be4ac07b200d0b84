/* intrinsics.h: what CUDA gives to kernels beyond C++ and its mathematics: barriers, exchange within a warp, atomics, bits. */
#ifndef TPC_INTRINSICS_H
#define TPC_INTRINSICS_H

/* ---- Barriers ------------------------------------------------------------------------------------------------------------------------ */

static inline void __syncthreads(TPC_SITE) { cudahost::wait_for_block(false, at); }
static inline int __syncthreads_count(int p, TPC_SITE) { return cudahost::wait_for_block(p != 0, at); }
static inline int __syncthreads_or(int p, TPC_SITE) { return cudahost::wait_for_block(p != 0, at) != 0; }
static inline int __syncthreads_and(int p, TPC_SITE) { return cudahost::wait_for_block(p == 0, at) == 0; }
static inline void __syncwarp(unsigned mask = ~0u, TPC_SITE) { cudahost::wait_for_warp(mask, at); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}

/* ---- Within a warp -------------------------------------------------------------------------------------------------------------------- */

namespace cudahost {
inline int lane() { return now.linear & (WARP - 1); }

/* The value that lane `from` gave; from no lane of the segment: one's own, as CUDA has it. */
template <class T> inline T exchange(unsigned mask, T value, int from, bool inside, const site &at)
{
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    uint64_t bits = 0;
    uint32_t met;
    memcpy(&bits, &value, sizeof value);
    const uint64_t *given = give_to_warp(mask, bits, &met, at);
    if (!inside) return value;
    if (!(met >> from & 1)) bits = ~0ull;              /* a lane that took no part: undefined, so NaN */
    else bits = given[from];
    memcpy(&value, &bits, sizeof value);
    return value;
}
inline uint32_t vote(unsigned mask, bool p, const site &at)
{
    uint32_t met, votes = 0;
    const uint64_t *given = give_to_warp(mask, p, &met, at);
    for (int i = 0; i < WARP; i++)
        if (met >> i & 1 && given[i]) votes |= 1u << i;
    return votes;
}
} /* namespace cudahost */

template <class T> static inline T __shfl_sync(unsigned mask, T v, int from, int width = 32, TPC_SITE)
{
    return cudahost::exchange(mask, v, (cudahost::lane() & ~(width - 1)) | (from & (width - 1)), true, at);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, TPC_SITE)
{
    const int l = cudahost::lane(), from = l + (int)by;
    return cudahost::exchange(mask, v, from, (l & (width - 1)) + (int)by < width, at);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, TPC_SITE)
{
    const int l = cudahost::lane(), from = l - (int)by;
    return cudahost::exchange(mask, v, from, (l & (width - 1)) >= (int)by, at);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32, TPC_SITE)
{
    const int l = cudahost::lane(), from = l ^ bits;
    return cudahost::exchange(mask, v, from, from < (l | (width - 1)) + 1 && from < cudahost::WARP, at);
}
static inline unsigned __ballot_sync(unsigned mask, int p, TPC_SITE) { return cudahost::vote(mask, p != 0, at); }
static inline int __any_sync(unsigned mask, int p, TPC_SITE) { return cudahost::vote(mask, p != 0, at) != 0; }
static inline int __all_sync(unsigned mask, int p, TPC_SITE) { return cudahost::vote(mask, p == 0, at) == 0; }
static inline unsigned __activemask() { return cudahost::live_lanes(); }

/* ---- Atomics: one thread runs at a time, and is not interrupted --------------------------------------------------------------------------- */

#define TPC_ATOMIC(name, T, made) \
    static inline T name(T *p, T v) \
    { \
        const T old = *p; \
        *p = made; \
        return old; \
    }
#define TPC_ATOMIC_INTEGERS(name, made) TPC_ATOMIC(name, int, made) TPC_ATOMIC(name, unsigned, made) TPC_ATOMIC(name, unsigned long long, made)
TPC_ATOMIC(atomicAdd, int, (int)((unsigned)old + (unsigned)v))
TPC_ATOMIC(atomicAdd, unsigned, old + v)
TPC_ATOMIC(atomicAdd, unsigned long long, old + v)
TPC_ATOMIC(atomicAdd, float, old + v)
TPC_ATOMIC(atomicAdd, double, old + v)
TPC_ATOMIC_INTEGERS(atomicMax, v > old ? v : old)
TPC_ATOMIC_INTEGERS(atomicMin, v < old ? v : old)
TPC_ATOMIC(atomicMax, long long, v > old ? v : old)
TPC_ATOMIC(atomicMin, long long, v < old ? v : old)
TPC_ATOMIC_INTEGERS(atomicExch, v)
TPC_ATOMIC(atomicExch, float, v)
TPC_ATOMIC_INTEGERS(atomicOr, old | v)
TPC_ATOMIC_INTEGERS(atomicAnd, old & v)
TPC_ATOMIC_INTEGERS(atomicXor, old ^ v)
#undef TPC_ATOMIC
#undef TPC_ATOMIC_INTEGERS
#define TPC_ATOMIC_CAS(T) \
    static inline T atomicCAS(T *p, T expected, T v) \
    { \
        const T old = *p; \
        if (old == expected) *p = v; \
        return old; \
    }
TPC_ATOMIC_CAS(int)
TPC_ATOMIC_CAS(unsigned)
TPC_ATOMIC_CAS(unsigned long long)
TPC_ATOMIC_CAS(unsigned short)
#undef TPC_ATOMIC_CAS

/* ---- Bits ------------------------------------------------------------------------------------------------------------------------------------ */

namespace cudahost {
template <class To, class From> inline To bits_of(From x)
{
    static_assert(sizeof(To) == sizeof(From), "of the same size");
    To y;
    memcpy(&y, &x, sizeof y);
    return y;
}
} /* namespace cudahost */
static inline int __float_as_int(float x) { return cudahost::bits_of<int>(x); }
static inline unsigned __float_as_uint(float x) { return cudahost::bits_of<unsigned>(x); }
static inline float __int_as_float(int x) { return cudahost::bits_of<float>(x); }
static inline float __uint_as_float(unsigned x) { return cudahost::bits_of<float>(x); }
static inline long long __double_as_longlong(double x) { return cudahost::bits_of<long long>(x); }
static inline double __longlong_as_double(long long x) { return cudahost::bits_of<double>(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }

/* ---- Mathematics: what CUDA has and C has not ----------------------------------------------------------------------------------------------- */

template <class T> static inline T __ldg(const T *p) { return *p; }
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline void sincospi(double x, double *s, double *c) { sincos(M_PI * x, s, c); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
#define __expf expf                                    /* the C library has these names for itself */
#define __logf logf
#define __powf powf
#define __sinf sinf
#define __cosf cosf
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __dadd_rn(double a, double b) { return a + b; }

/* erf(y) = x: a start by Giles ("Approximating the erfinv function", 2012), then Newton's steps */
static inline double erfinv(double x)
{
    if (!(x > -1 && x < 1)) return x == 1 ? INFINITY : x == -1 ? -INFINITY : NAN;
    if (x == 0) return x;
    const double w = -log1p(-x * x), s = sqrt(w);
    double y = w < 5 ? x * (1.50140941 + (w - 2.5) * (0.246640727 + (w - 2.5) * -0.00417768164)) : x * (2.83297682 + (s - 3) * 1.00167406);
    for (int i = 0; i < 6; i++) {
        const double e = x > 0.5 ? -(erfc(y) - (1 - x)) : x < -0.5 ? erfc(-y) - (1 + x) : erf(y) - x;
        const double step = e / (1.1283791670955126 * exp(-y * y));
        y -= step / (1 + y * step);                    /* Halley's */
    }
    return y;
}
static inline float erfinvf(float x) { return (float)erfinv((double)x); }

#endif
