/* complex.cu: elementwise kernels of complex tensors, asked for as complex_NAME. One kernel has them all, and computes in float64: memory is
 * what these cost, and a kernel for each would be compiled for each architecture. Formulas are src/cpu/complex.c's; functions that the C
 * library has there are made of real ones here. */
#include "cuda/complex.cuh"
#include "cuda/pointwise.cuh"

using z = tpc_complex;

TPC_DEVICE z operator/(z a, z b)                       /* scaled by the greater part (Smith) */
{
    if (b.re == 0 && b.im == 0) return { a.re / fabs(b.re), a.im / fabs(b.re) };
    const bool steep = fabs(b.im) > fabs(b.re);
    const double ratio = steep ? b.re / b.im : b.im / b.re, scale = 1 / (steep ? b.re * ratio + b.im : b.re + b.im * ratio);
    if (steep) return { (a.re * ratio + a.im) * scale, (a.im * ratio - a.re) * scale };
    return { (a.re + a.im * ratio) * scale, (a.im - a.re * ratio) * scale };
}
TPC_DEVICE bool is_zero(z a) { return a.re == 0 && a.im == 0; }
TPC_DEVICE double size_of(z a) { return hypot(a.re, a.im); }
TPC_DEVICE z times_i(z a) { return { -a.im, a.re }; }
TPC_DEVICE z over_i(z a) { return { a.im, -a.re }; }

TPC_DEVICE z exp_of(z a)
{
    const double size = exp(a.re);
    if (isinf(a.re) && !isfinite(a.im)) return a.re < 0 ? z{ 0, 0 } : z{ size, a.im - a.im };        /* as C's: 0 and infinity win over the angle */
    return a.im == 0 ? z{ size, a.im } : z{ size * cos(a.im), size * sin(a.im) };
}
TPC_DEVICE z log_of(z a) { return { log(size_of(a)), atan2(a.im, a.re) }; }
TPC_DEVICE z sqrt_of(z a)
{
    if (is_zero(a)) return { 0, a.im };
    const double t = sqrt((fabs(a.re) + size_of(a)) / 2);
    return a.re >= 0 ? z{ t, a.im / (2 * t) } : z{ fabs(a.im) / (2 * t), copysign(t, a.im) };
}
TPC_DEVICE z sinh_of(z a) { return { sinh(a.re) * cos(a.im), cosh(a.re) * sin(a.im) }; }
TPC_DEVICE z cosh_of(z a) { return { cosh(a.re) * cos(a.im), sinh(a.re) * sin(a.im) }; }
TPC_DEVICE z tanh_of(z a)
{
    if (fabs(a.re) > 20) return { copysign(1.0, a.re), 0 };
    const double t = tan(a.im), s = sinh(a.re), beta = 1 + t * t, rho = sqrt(1 + s * s);
    if (isinf(t)) return { rho / s, 1 / t };
    return { beta * rho * s / (1 + beta * s * s), t / (1 + beta * s * s) };
}
TPC_DEVICE z log1p_of(z a)
{
    const double angle = atan2(a.im, a.re + 1), above = a.re * (2 + a.re) + a.im * a.im;
    if (size_of(a) >= 0.5) return { log(hypot(a.re + 1, a.im)), angle };
    return { above == 0 ? a.re : log1p(above) / 2, angle };
}
/* Kahan, "Branch cuts for complex elementary functions" */
TPC_DEVICE z asinh_of(z a)
{
    const z p = sqrt_of(z{ 1 + a.im, -a.re }), q = sqrt_of(z{ 1 - a.im, a.re });           /* sqrt(1 - ia), sqrt(1 + ia) */
    return { asinh(p.re * q.im - p.im * q.re), atan2(a.im, p.re * q.re - p.im * q.im) };
}
TPC_DEVICE z acosh_of(z a)
{
    const z p = sqrt_of(z{ a.re - 1, a.im }), q = sqrt_of(z{ a.re + 1, a.im });
    return { asinh(p.re * q.re + p.im * q.im), 2 * atan2(p.im, q.re) };
}
TPC_DEVICE z acos_of(z a)
{
    const z p = sqrt_of(z{ 1 - a.re, -a.im }), q = sqrt_of(z{ 1 + a.re, a.im });
    return { 2 * atan2(p.re, q.re), asinh(q.re * p.im - q.im * p.re) };
}
TPC_DEVICE z atanh_of(z a) { return 0.5 * (log1p_of(a) - log1p_of(-a)); }
TPC_DEVICE z pow_of(z a, z b, bool number)
{
    if (number && b.re == 2) return a * a;
    if (number && b.re == 0) return { 1, 0 };
    if (number && b.re == 1) return a;
    if (number && b.re == -1) return z{ 1, 0 } / a;
    return is_zero(a) && b.re > 0 && b.im == 0 ? z{ 0, 0 } : exp_of(b * log_of(a));
}
TPC_DEVICE z nearer(z a, z b, z w) { return size_of(w) < 0.5 ? a + w * (b - a) : b - (b - a) * (z{ 1, 0 } - w); }

TPC_DEVICE z of(double re, double im) { return { re, im }; }
TPC_DEVICE z truth(bool is) { return { is ? 1.0 : 0.0, 0 }; }

/* name, inputs, what it gives (a complex number, or a real one or a truth in its real part) */
#define EACH(X) \
    X(add, 2, a + b) X(sub, 2, a - b) X(mul, 2, a * b) X(div, 2, a / b) X(add_alpha, 2, a + v * b) X(sub_alpha, 2, a - v * b) X(rsub, 2, b - v * a) \
    X(addcmul, 3, a + (v * b) * c) X(addcdiv, 3, a + v * (b / c)) X(lerp, 2, nearer(a, b, of(v, 0))) X(lerp_tensor, 3, nearer(a, b, c)) \
    X(square, 1, a * a) X(reciprocal, 1, one / a) X(neg, 1, -a) X(conj_physical, 1, of(a.re, -a.im)) X(pow, 2, pow_of(a, b, v != 0)) \
    X(sqrt, 1, sqrt_of(a)) X(rsqrt, 1, one / sqrt_of(a)) X(exp, 1, exp_of(a)) X(exp2, 1, exp_of(0.69314718055994530942 * a)) \
    X(expm1, 1, of(expm1(a.re) * cos(a.im) - 2 * sin(a.im / 2) * sin(a.im / 2), exp(a.re) * sin(a.im))) \
    X(log, 1, log_of(a)) X(log2, 1, 1.44269504088896340736 * log_of(a)) X(log10, 1, 0.43429448190325182765 * log_of(a)) X(log1p, 1, log1p_of(a)) \
    X(sin, 1, over_i(sinh_of(times_i(a)))) X(cos, 1, cosh_of(times_i(a))) X(tan, 1, over_i(tanh_of(times_i(a)))) \
    X(sinh, 1, sinh_of(a)) X(cosh, 1, cosh_of(a)) X(tanh, 1, tanh_of(a)) \
    X(asin, 1, over_i(asinh_of(times_i(a)))) X(acos, 1, acos_of(a)) X(atan, 1, over_i(atanh_of(times_i(a)))) \
    X(asinh, 1, asinh_of(a)) X(acosh, 1, acosh_of(a)) X(atanh, 1, atanh_of(a)) \
    X(sigmoid, 1, one / (one + exp_of(-a))) X(sigmoid_backward, 2, a * (b * (one - b))) X(tanh_backward, 2, a * (one - b * b)) \
    X(sign, 1, is_zero(a) ? a : of(a.re / size_of(a), a.im / size_of(a))) X(abs, 1, of(size_of(a), 0)) X(angle, 1, of(atan2(a.im, a.re), 0)) \
    X(eq, 2, truth(a.re == b.re && a.im == b.im)) X(ne, 2, truth(a.re != b.re || a.im != b.im)) \
    X(logical_and, 2, truth(!is_zero(a) && !is_zero(b))) X(logical_or, 2, truth(!is_zero(a) || !is_zero(b))) \
    X(logical_xor, 2, truth(is_zero(a) != is_zero(b))) X(logical_not, 1, truth(is_zero(a))) X(isnan, 1, truth(a.re != a.re || a.im != a.im)) \
    X(isinf, 1, truth(isinf(a.re) || isinf(a.im))) X(isfinite, 1, truth(isfinite(a.re) && isfinite(a.im)))

enum op {
#define NAME(name, n, expression) OP_##name,
    EACH(NAME)
#undef NAME
};

TPC_DEVICE z compute(int which, z a, z b, z c, double v)
{
    const z one = { 1, 0 };
    switch (which) {
#define CASE(name, n, expression) case OP_##name: return expression;
    EACH(CASE)
#undef CASE
    default: return a;
    }
}

/* Beside the plan: numbers of the host with both parts. */
struct given { z value[3]; double v; int which, n; };

static __global__ void __launch_bounds__(TPC_BLOCK) complex_walk(TPC_GIVEN tpc_pointwise p, TPC_GIVEN given g)
{
    for (int64_t i = tpc_first(); i < p.walk.numel; i += tpc_step()) {
        int64_t at[4];
        z x[3] = {};
        tpc_offsets(p.walk, i, at);
        for (int k = 0; k < g.n; k++) x[k] = p.at[k + 1].is_value ? g.value[k] : tpc_load_complex(p.at[k + 1].data, p.at[k + 1].dtype, at[k + 1]);
        const z y = compute(g.which, x[0], x[1], x[2], g.v);
        tpc_store_complex(p.at[0].data, p.at[0].dtype, at[0], y);
    }
}

static tp_status run(tp__call *call, int which, int n)
{
    const tpc_loops loops = { 1u << TP_C64 | 1u << TP_C128, (uint8_t)n, 0, false, 0 };
    tpc_pointwise p;
    given g = {};
    const tp_status status = tpc_pointwise_plan(call, &loops, nullptr, &p);
    if (status || !p.walk.numel) return status;
    g.which = which;
    g.n = n;
    for (int i = 0, k = 0; k < n; i++) {               /* as the plan counts them */
        tpc_array x;
        if (!tpc_in(call, i, &x)) continue;
        if (!x.on_device) tpc_value_as(&x, TP_C128, &g.value[k]);
        if (which == OP_pow && k == 1) g.v = !x.on_device;
        k++;
    }
    const bool scaled = which == OP_add_alpha || which == OP_sub_alpha || which == OP_rsub || which == OP_addcmul || which == OP_addcdiv || which == OP_lerp;
    if (scaled) {
        const tp_operand v = ((const tp__factor *)tpc_attr(call))->value;
        g.v = v.kind == TP_OPERAND_REAL ? v.as.real : (double)v.as.integer;
    }
    TPC_LAUNCH(complex_walk, tpc_blocks(call, p.walk.numel), TPC_BLOCK, 0, tpc_stream(call), p, g);
    return tpc_launched(call);
}

#define RUN(name, n, expression) static tp_status name##_run(tp__call *call) { return run(call, OP_##name, n); }
EACH(RUN)

#define ROW(name, n, expression) { "complex_" #name, name##_run, NULL },
extern "C" const tp_kernel tp__cuda_complex[] = { EACH(ROW) { NULL, NULL, NULL } };
