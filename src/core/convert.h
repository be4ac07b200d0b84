/* convert.h: float16 and bfloat16 to float32 and back, round to nearest even, and casts between any two dtypes in rows. */
#ifndef TP__CONVERT_H
#define TP__CONVERT_H

#include <stdint.h>
#include <string.h>

#include "core/op.h"

static inline uint32_t tp__float_bits(float v) { uint32_t u; memcpy(&u, &v, sizeof u); return u; }
static inline float tp__bits_float(uint32_t u) { float v; memcpy(&v, &u, sizeof v); return v; }

/* Cut to an integer. Of a real that no int64 holds C says nothing; PyTorch on x86 gives what the instruction gives. */
static inline int64_t tp__whole(double v) { return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN; }

static inline float tp__bf16_to_f32(uint16_t h) { return tp__bits_float((uint32_t)h << 16); }
static inline uint16_t tp__f32_to_bf16(float v)
{
    const uint32_t u = tp__float_bits(v);
    if ((u & 0x7fffffff) > 0x7f800000) return (uint16_t)(u >> 16 | 0x40);          /* NaN stays one */
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float tp__f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;
    if (rest >= 0x7c00) return tp__bits_float(sign | 0x7f800000 | (rest & 0x3ff) << 13);
    if (rest < 0x400) return tp__bits_float(sign | tp__float_bits((float)rest * 0x1p-24f));           /* subnormal */
    return tp__bits_float(sign | ((rest << 13) + 0x38000000));
}
static inline uint16_t tp__f32_to_f16(float v)
{
    const uint32_t u = tp__float_bits(v), sign = u >> 16 & 0x8000, rest = u & 0x7fffffff;
    if (rest > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (rest >= 0x477ff000) return (uint16_t)(sign | 0x7c00);            /* rounds to infinity */
    if (rest < 0x38800000) return (uint16_t)(sign | (tp__float_bits(tp__bits_float(rest) + 0.5f) - 0x3f000000));      /* the adder rounds */
    return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13));
}

/* n of them, side by side (cpu/half.c). */
void tp__f16_row_to_f32(float *dst, const uint16_t *src, int64_t n);
void tp__f32_row_to_f16(uint16_t *dst, const float *src, int64_t n);
void tp__bf16_row_to_f32(float *dst, const uint16_t *src, int64_t n);
void tp__f32_row_to_bf16(uint16_t *dst, const float *src, int64_t n);

/* v as float16 or bfloat16 holds it. Of other dtypes, v. */
static inline float tp__round_to(tp_dtype dtype, float v)
{
    return dtype == TP_BF16 ? tp__bf16_to_f32(tp__f32_to_bf16(v)) : dtype == TP_F16 ? tp__f16_to_f32(tp__f32_to_f16(v)) : v;
}

/* n elements of `from` at src, `stride` elements apart, to `to` at dst, `to_stride` apart. Complex to real drops the imaginary
 * part; to bool is x != 0; real to integer truncates. */
void tp__cast_row(void *dst, tp_dtype to, int64_t to_stride, const void *src, tp_dtype from, int64_t stride, int64_t n);

#endif
