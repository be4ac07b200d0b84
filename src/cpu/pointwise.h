/* pointwise.h: how an elementwise kernel is made. It is a row of a table, an expression per element, as in pointwise.c:
 *
 *   TP__REAL1(sqrt, sqrtf(a), sqrt(a))                 in float32, in float64
 *   const tp_kernel tp__cpu_pointwise[] = { TP__ROW(sqrt), .. };
 *
 * From it come loops for each instruction set; tp__pointwise_run walks broadcast and strided inputs, casts what is of another
 * dtype by blocks that stay in the first cache, and shares the work out to threads.
 *
 * In an expression a, b, c, d, e are elements of the inputs and T is their type; it becomes the output's by a cast. It should be
 * straight code, with functions of cpu/vecmath.h. An op with parameters names the struct of its attributes, the same as in
 * its file of src/ops, and reads them from p:
 *
 *   TP__REAL1_WITH(leaky_relu, leaky_relu_attr, a > 0 ? a : a * (T)p.negative_slope)
 *
 * p is a copy outside of the loop, so what is made of p alone is computed once. A tp_operand among them is tp__number(p.x), or
 * tp__integer(p.x) in int64.
 *
 * What it computes in: the dtype that the shape rule chose (tp__compute_in of src/ops/pointwise.h) if there is a loop in it, else
 * float32 for float16 and bfloat16, and int64 for all integers and bool: narrower integers wrap as int64 does. */
#ifndef TP__CPU_POINTWISE_H
#define TP__CPU_POINTWISE_H

#include "core/op.h"
#include "cpu/vecmath.h"

enum { TP__POINTWISE_INPUTS = 5 };

typedef struct tp__pointwise {
    tp_flat_fn *loop[TP_DTYPE_END];                    /* by the dtype of its inputs; the output is the same, or bool */
    uint8_t n_in;
    uint8_t conditions;                                /* bit k: input k is read as bool, one byte, whatever the others are */
    bool gives_bool;
    bool gives_real;                                   /* of complex inputs, in the dtype of their parts */
    uint8_t takes_number;                              /* bit k: input k, where it is one value, is taken as it is; the first as a number
                                                          only. Others are rounded to the dtype of the rule, where the loop computes in a
                                                          wider one */
} tp__pointwise;

/* On the first n_in tensors of the call. The output may be one of them, and of any dtype. */
tp_status tp__pointwise_run(tp__call *call, const tp__pointwise *op);
/* The sum of what the loop gives instead, and of how many elements: for kernels whose output is that. Blocks are added in float64, in an
 * order that the number of threads does not change; those of int64 in `whole`, which wraps. */
typedef union tp__sum { double real; uint64_t whole; } tp__sum;
tp_status tp__pointwise_sum(tp__call *call, const tp__pointwise *op, tp__sum *sum, int64_t *numel);

static inline double tp__number(tp_operand v) { return v.kind == TP_OPERAND_REAL ? v.as.real : (double)v.as.integer; }
static inline int64_t tp__integer(tp_operand v) { return v.kind == TP_OPERAND_REAL ? (int64_t)v.as.real : v.as.integer; }

/* ---- Loops ---------------------------------------------------------------------------------------------------------------------- */

#ifdef __clang__
#define TP__VECTORIZE _Pragma("clang loop vectorize(assume_safety)")
#else
#define TP__VECTORIZE _Pragma("GCC ivdep")             /* y may be an input, but not lie across one */
#endif

#define TP__INPUTS1(A)          const A *const a_ = in[0];
#define TP__INPUTS2(A, B)       TP__INPUTS1(A) const B *const b_ = in[1];
#define TP__INPUTS3(A, B, C)    TP__INPUTS2(A, B) const C *const c_ = in[2];
#define TP__INPUTS4(A, B, C, D) TP__INPUTS3(A, B, C) const D *const d_ = in[3];
#define TP__INPUTS5(A, B, C, D, E) TP__INPUTS4(A, B, C, D) const E *const e_ = in[4];
#define TP__ITEMS1(A)           const A a = a_[i];
#define TP__ITEMS2(A, B)        TP__ITEMS1(A) const B b = b_[i];
#define TP__ITEMS3(A, B, C)     TP__ITEMS2(A, B) const C c = c_[i];
#define TP__ITEMS4(A, B, C, D)  TP__ITEMS3(A, B, C) const D d = d_[i];
#define TP__ITEMS5(A, B, C, D, E) TP__ITEMS4(A, B, C, D) const E e = e_[i];
#define TP__LOOP_PARAMS (int64_t n, void *out, const void *const *in, const void *attr)
#define TP__LOOP_BODY(name, TYPE, OUT, N, types, ATTR, PRAGMA, expression) \
    static TP__INLINE void name TP__LOOP_PARAMS \
    { \
        typedef TYPE T; \
        OUT *const y = out; \
        TP__INPUTS##N types \
        ATTR \
        PRAGMA for (int64_t i = 0; i < n; i++) { TP__ITEMS##N types y[i] = (OUT)(expression); } \
        (void)sizeof(T); \
        (void)attr; \
    }
#define TP__NO_ATTR
#define TP__ATTR(A) const A p = *(const A *)attr; (void)p;

/* The loop `name`: its inputs' types in parentheses. CALLS: of functions that do not vectorize, compiled once. */
#define TP__LOOP(name, TYPE, OUT, N, types, ATTR, expression) \
    TP__LOOP_BODY(name##_body, TYPE, OUT, N, types, ATTR, TP__VECTORIZE, expression) \
    TP__SIMD(static, name, TP__LOOP_PARAMS, (n, out, in, attr))
#define TP__CALLS(name, TYPE, OUT, N, types, ATTR, expression) \
    TP__LOOP_BODY(name##_body, TYPE, OUT, N, types, ATTR, , expression) \
    static void name TP__LOOP_PARAMS { name##_body(n, out, in, attr); }

/* ---- Rows ----------------------------------------------------------------------------------------------------------------------- */

#define TP__KERNEL(name, ...) \
    static const tp__pointwise name##_loops = { __VA_ARGS__ }; \
    static tp_status name##_run(tp__call *call) { return tp__pointwise_run(call, &name##_loops); }
#define TP__ROW(name)       { #name, name##_run, name##_loops.loop },    /* an op of one input, or two: the fast path knows it */
#define TP__ROW_MANY(name)  { #name, name##_run, NULL },

#define TP__F32_F64(name)     .loop = { [TP_F32] = name##_F32, [TP_F64] = name##_F64 }
#define TP__F32_F64_I64(name) .loop = { [TP_F32] = name##_F32, [TP_F64] = name##_F64, [TP_I64] = name##_I64 }

#define TP__T1 (T)
#define TP__T2 (T, T)
#define TP__T3 (T, T, T)
#define TP__T4 (T, T, T, T)
#define TP__T5 (T, T, T, T, T)
#define TP__REAL(name, N, ATTR, single, dbl) \
    TP__LOOP(name##_F32, float, T, N, TP__T##N, ATTR, single) TP__LOOP(name##_F64, double, T, N, TP__T##N, ATTR, dbl) \
    TP__KERNEL(name, TP__F32_F64(name), .n_in = N)
#define TP__EVERY(name, N, ATTR, single, dbl, whole) \
    TP__LOOP(name##_F32, float, T, N, TP__T##N, ATTR, single) TP__LOOP(name##_F64, double, T, N, TP__T##N, ATTR, dbl) \
    TP__LOOP(name##_I64, int64_t, T, N, TP__T##N, ATTR, whole) TP__KERNEL(name, TP__F32_F64_I64(name), .n_in = N)

/* Of N inputs: name, expression in float32, in float64, in int64 */
#define TP__REAL1(name, single, dbl)         TP__REAL(name, 1, TP__NO_ATTR, single, dbl)
#define TP__REAL2(name, single, dbl)         TP__REAL(name, 2, TP__NO_ATTR, single, dbl)
#define TP__REAL3(name, single, dbl)         TP__REAL(name, 3, TP__NO_ATTR, single, dbl)
#define TP__EVERY1(name, single, dbl, whole) TP__EVERY(name, 1, TP__NO_ATTR, single, dbl, whole)
#define TP__EVERY2(name, single, dbl, whole) TP__EVERY(name, 2, TP__NO_ATTR, single, dbl, whole)
#define TP__EVERY3(name, single, dbl, whole) TP__EVERY(name, 3, TP__NO_ATTR, single, dbl, whole)
/* The same with the attributes p of type A */
#define TP__REAL1_WITH(name, A, single, dbl)         TP__REAL(name, 1, TP__ATTR(A), single, dbl)
#define TP__REAL2_WITH(name, A, single, dbl)         TP__REAL(name, 2, TP__ATTR(A), single, dbl)
#define TP__REAL3_WITH(name, A, single, dbl)         TP__REAL(name, 3, TP__ATTR(A), single, dbl)
#define TP__EVERY1_WITH(name, A, single, dbl, whole) TP__EVERY(name, 1, TP__ATTR(A), single, dbl, whole)
#define TP__EVERY2_WITH(name, A, single, dbl, whole) TP__EVERY(name, 2, TP__ATTR(A), single, dbl, whole)
#define TP__EVERY3_WITH(name, A, single, dbl, whole) TP__EVERY(name, 3, TP__ATTR(A), single, dbl, whole)
/* Of N inputs to bool */
#define TP__TEST(name, N, real, whole) \
    TP__LOOP(name##_F32, float, uint8_t, N, TP__T##N, TP__NO_ATTR, real) TP__LOOP(name##_F64, double, uint8_t, N, TP__T##N, TP__NO_ATTR, real) \
    TP__LOOP(name##_I64, int64_t, uint8_t, N, TP__T##N, TP__NO_ATTR, whole) TP__KERNEL(name, TP__F32_F64_I64(name), .n_in = N, .gives_bool = true)
#define TP__TEST1(name, real, whole) TP__TEST(name, 1, real, whole)
#define TP__TEST2(name, real, whole) TP__TEST(name, 2, real, whole)

#endif
