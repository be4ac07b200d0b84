/* vec_f64.h: what a vector of doubles is: vec_f32.h has the meaning of each name. */
#include "cpu/vec.h"

#define T double
#define GROUP 4
#define G tp__f64x4
#define TRANSPOSE(g)        TP__TRANSPOSE_4X4(tp__f64x4, g)
#if defined(__AVX512F__)
#define V __m512d
#define LANES 8
#define FMA(a, b, c)        _mm512_fmadd_pd(a, b, c)
#define SET1(x)             _mm512_set1_pd(x)
#define SUM(v)              _mm512_reduce_add_pd(v)
#define LOAD(p)             _mm512_loadu_pd(p)
#define STORE(p, v)         _mm512_storeu_pd(p, v)
#define LOAD_PART(p, n)     _mm512_maskz_loadu_pd((__mmask8)((1u << (n)) - 1), p)
#define STORE_PART(p, v, n) _mm512_mask_storeu_pd(p, (__mmask8)((1u << (n)) - 1), v)
#define FOR(x)              x##_avx512_f64
#elif defined(__AVX2__)
#define V __m256d
#define LANES 4
#define FMA(a, b, c)        _mm256_fmadd_pd(a, b, c)
#define SET1(x)             _mm256_set1_pd(x)
#define SUM(v)              tp__sum_f64(v)
#define LOAD(p)             _mm256_loadu_pd(p)
#define STORE(p, v)         _mm256_storeu_pd(p, v)
#define LOAD_PART(p, n)     _mm256_maskload_pd(p, tp__first_lanes(2 * (n)))
#define STORE_PART(p, v, n) _mm256_maskstore_pd(p, tp__first_lanes(2 * (n)), v)
#define FOR(x)              x##_avx2_f64
#else
#define V tp__f64x2
#define LANES 2
#define FMA(a, b, c)        ((a) * (b) + (c))
#define SET1(x)             ((tp__f64x2){ (x), (x) })
#define SUM(v)              ((v)[0] + (v)[1])
#define LOAD(p)             ((tp__f64x2)*(const tp__f64x2u *)(p))
#define STORE(p, v)         (*(tp__f64x2u *)(p) = (v))
#define LOAD_PART(p, n)     tp__load_part_f64(p, n)
#define STORE_PART(p, v, n) tp__store_part_f64(p, v, n)
#define FOR(x)              x##_base_f64
#endif
