/* activation.h: activations, and their backward, where a is dy and b is x: rows for every backend, read with its pointwise and its
 * functions EXP, TANH and so on. A NaN goes where PyTorch lets it go. */
#ifndef TP__ROWS_ACTIVATION_H
#define TP__ROWS_ACTIVATION_H

/* In float and double from one expression */
#define REAL1(name, A, expression) TP__REAL1_WITH(name, A, expression, expression)
#define REAL2(name, A, expression) TP__REAL2_WITH(name, A, expression, expression)
#define PLAIN1(name, expression)   TP__REAL1(name, expression, expression)
#define PLAIN2(name, expression)   TP__REAL2(name, expression, expression)

/* ---- Of straight pieces -------------------------------------------------------------------------------------------------------------- */

REAL1(leaky_relu, tp__leaky_relu, a > 0 ? a : a * (T)p.negative_slope)
REAL2(leaky_relu_backward, tp__leaky_relu, b > 0 ? a : a * (T)p.negative_slope)

#define N(x) ((T)tp__number(x))
#define I(x) tp__integer(x)
TP__EVERY1_WITH(threshold, tp__threshold, a <= N(p.threshold) ? N(p.value) : a, a <= N(p.threshold) ? N(p.value) : a,
                a <= I(p.threshold) ? I(p.value) : a)
REAL2(threshold_backward, tp__threshold, b <= N(p.threshold) ? 0 : a)
TP__EVERY1_WITH(hardtanh, tp__hardtanh, CLAMP(a, N(p.min_val), N(p.max_val)), CLAMP(a, N(p.min_val), N(p.max_val)),
                CLAMP(a, I(p.min_val), I(p.max_val)))
REAL2(hardtanh_backward, tp__hardtanh, b <= N(p.min_val) || b >= N(p.max_val) ? 0 : a)

#define L ((T)p.lambd)
REAL1(softshrink, tp__shrink, a > L ? a - L : a < -L ? a + L : a * 0)
REAL1(hardshrink, tp__shrink, a >= -L && a <= L ? 0 : a)
REAL2(shrink_backward, tp__shrink, b >= -L && b <= L ? 0 : a)

PLAIN1(hardsigmoid, CLAMP(a + 3, 0, 6) / 6)
PLAIN2(hardsigmoid_backward, b > -3 && b < 3 ? a / 6 : 0)
PLAIN1(hardswish, a * CLAMP(a + 3, 0, 6) / 6)
PLAIN2(hardswish_backward, b <= -3 ? 0 : b < 3 ? a * (b / 3 + (T)0.5) : a)

/* ---- Smooth ------------------------------------------------------------------------------------------------------------------------------ */

REAL1(elu, tp__elu, a > 0 ? a * (T)p.scale : EXPM1(a * (T)p.input_scale) * (T)(p.alpha * p.scale))
REAL2(elu_backward, tp__elu, b <= 0 ? a * (T)(p.alpha * p.scale * p.input_scale) * EXP(b * (T)p.input_scale) : a * (T)p.scale)

PLAIN1(silu, a * SIGMOID(a))
PLAIN2(silu_backward, a * SIGMOID(b) * (1 + b * (1 - SIGMOID(b))))
PLAIN1(logsigmoid, LOG_SIGMOID(a))
PLAIN2(logsigmoid_backward, a * SIGMOID(-b))
PLAIN1(softsign, a / (1 + ABS(a)))
PLAIN2(softsign_backward, a / ((1 + ABS(b)) * (1 + ABS(b))) + (b - b))    /* NaN of an infinity, as PyTorch */
PLAIN1(tanhshrink, a - TANH(a))
PLAIN2(tanhshrink_backward, a * TANH(b) * TANH(b))

REAL1(softplus, tp__softplus, a * (T)p.beta > (T)p.threshold ? a : (MOST(a * (T)p.beta, 0) + LOG1P_OF_EXP(a * (T)p.beta)) / (T)p.beta)
REAL2(softplus_backward, tp__softplus, b * (T)p.beta > (T)p.threshold ? a : a * SIGMOID(b * (T)p.beta))

/* tanh(log(1 + e^x)) = n / (n + 2), n = e^x (e^x + 2); of x > 0 both times e^-2x, so that nothing overflows. */
#define MISH(bits, T) \
    static TP__INLINE T mish_gate_f##bits(T x) \
    { \
        const T e = EXP(-ABS(x)), n = x > 0 ? 1 + 2 * e : e * (e + 2); \
        return n / (n + (x > 0 ? 2 * e * e : 2)); \
    } \
    static TP__INLINE T mish_slope_f##bits(T x) \
    { \
        const T t = mish_gate_f##bits(x); \
        return t + x * SIGMOID(x) * ((1 - t) * (1 + t)); \
    }
MISH(32, float)
MISH(64, double)
TP__REAL1(mish, a * mish_gate_f32(a), a * mish_gate_f64(a))
TP__REAL2(mish_backward, a * mish_slope_f32(b), a * mish_slope_f64(b))

/* ---- gelu: x P(X <= x) of a normal X, or nearly so by tanh --------------------------------------------------------------------------- */

#define ROOT_2_BY_PI 0.79788456080286535588            /* sqrt(2 / pi) */
#define CUBIC        0.044715
#define GELU(bits, T) \
    static TP__INLINE T gelu_f##bits(T x) { return x * GELU_GATE(x); } \
    static TP__INLINE T gelu_slope_f##bits(T x) { return GELU_SLOPE(x); } \
    static TP__INLINE T gelu_tanh_f##bits(T x) \
    { \
        return (T)0.5 * x * (1 + TANH((T)ROOT_2_BY_PI * (x + (T)CUBIC * x * x * x))); \
    } \
    static TP__INLINE T gelu_tanh_slope_f##bits(T x) \
    { \
        const T t = TANH((T)ROOT_2_BY_PI * (x + (T)CUBIC * x * x * x)); \
        return (T)0.5 * ((1 + t) + x * (1 - t) * (1 + t) * (T)ROOT_2_BY_PI * (1 + (T)(3 * CUBIC) * x * x)); \
    }
GELU(32, float)
GELU(64, double)

/* ---- prelu: b its weights; of its gradients a is dy ------------------------------------------------------------------------------------- */

PLAIN2(prelu_kernel, a > 0 ? a : a * b)
TP__REAL3(prelu_kernel_backward, b > 0 ? a : a * c, b > 0 ? a : a * c)
PLAIN2(prelu_weight_backward, b > 0 ? 0 : a * b)

#endif
