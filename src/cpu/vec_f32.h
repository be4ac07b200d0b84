/* vec_f32.h: what a vector of floats is, for the instruction set that the file is compiled for. Meant for templates: they
 * undefine these again, and vec_f64.h gives the same for double.
 *
 *   T, V, LANES                     element, vector, elements in it
 *   GROUP, G, TRANSPOSE(g)          a vector of GROUP elements, and G g[GROUP] transposed in place
 *   FMA(a, b, c)  SET1(x)  SUM(v)   a b + c, all lanes x, the sum of the lanes
 *   LOAD(p)  STORE(p, v)  LOAD_PART(p, n)  STORE_PART(p, v, n)     unaligned; the first n lanes, 1 <= n <= LANES, others 0
 *   FOR(x)                          x with the dtype and instruction set: pack_avx2_f32 */
#include "cpu/vec.h"

#define T float
#if defined(__AVX512F__)
#define V __m512
#define LANES 16
#define GROUP 8
#define G tp__f32x8
#define TRANSPOSE(g)        tp__transpose_8x8(g)
#define FMA(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define SET1(x)             _mm512_set1_ps(x)
#define SUM(v)              _mm512_reduce_add_ps(v)
#define LOAD(p)             _mm512_loadu_ps(p)
#define STORE(p, v)         _mm512_storeu_ps(p, v)
#define LOAD_PART(p, n)     _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define STORE_PART(p, v, n) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), v)
#define FOR(x)              x##_avx512_f32
#elif defined(__AVX2__)
#define V __m256
#define LANES 8
#define GROUP 4
#define G tp__f32x4
#define TRANSPOSE(g)        TP__TRANSPOSE_4X4(tp__f32x4, g)
#define FMA(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define SET1(x)             _mm256_set1_ps(x)
#define SUM(v)              tp__sum_f32(v)
#define LOAD(p)             _mm256_loadu_ps(p)
#define STORE(p, v)         _mm256_storeu_ps(p, v)
#define LOAD_PART(p, n)     _mm256_maskload_ps(p, tp__first_lanes(n))
#define STORE_PART(p, v, n) _mm256_maskstore_ps(p, tp__first_lanes(n), v)
#define FOR(x)              x##_avx2_f32
#else
#define V tp__f32x4
#define LANES 4
#define GROUP 4
#define G tp__f32x4
#define TRANSPOSE(g)        TP__TRANSPOSE_4X4(tp__f32x4, g)
#define FMA(a, b, c)        ((a) * (b) + (c))
#define SET1(x)             ((tp__f32x4){ (x), (x), (x), (x) })
#define SUM(v)              (((v)[0] + (v)[1]) + ((v)[2] + (v)[3]))
#define LOAD(p)             ((tp__f32x4)*(const tp__f32x4u *)(p))
#define STORE(p, v)         (*(tp__f32x4u *)(p) = (v))
#define LOAD_PART(p, n)     tp__load_part_f32(p, n)
#define STORE_PART(p, v, n) tp__store_part_f32(p, v, n)
#define FOR(x)              x##_base_f32
#endif
