/* loss_pair.c: the rows of core/rows/loss_pair.h. The sum of a loss is taken as it is computed, and stored nowhere. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "cpu/pointwise.h"
#include "cpu/real.h"

typedef tp__pair_loss loss;
enum { NONE = TP_REDUCTION_NONE };

/* ---- Rows ----------------------------------------------------------------------------------------------------------------------------- */

/* A row is four loops: in float32, in float64, and two in float32 for float16 and bfloat16, where R rounds to what PyTorch's kernel,
 * computing in that dtype, rounds to. R_F16 and R_BF16 are for kernels that go through float32 for one of the two. */
typedef struct row { tp__pointwise whole, f16, bf16; } row;
static TP__INLINE float round_f32(int to, float x)
{
    return to == TP_F16 ? tp__f16_to_f32(tp__f32_to_f16(x)) : to == TP_BF16 ? tp__bf16_to_f32(tp__f32_to_bf16(x)) : x;
}
static TP__INLINE double round_f64(int to, double x) { return (void)to, x; }
#define ROUND(to, x) _Generic((T)0, float: round_f32, default: round_f64)(to, x)
#define R(x)      ROUND(ROUNDS, x)
#define R_F16(x)  ROUND((int)ROUNDS == (int)TP_F16 ? TP_F16 : 0, x)
#define R_BF16(x) ROUND((int)ROUNDS == (int)TP_BF16 ? TP_BF16 : 0, x)

#define ATTR(dtype) enum { ROUNDS = dtype }; const loss p = *(const loss *)attr; (void)p;
#define ROW(name, N, ...) \
    TP__LOOP(name##_F32, float, T, N, TP__T##N, ATTR(0), __VA_ARGS__) TP__LOOP(name##_F64, double, T, N, TP__T##N, ATTR(0), __VA_ARGS__) \
    TP__LOOP(name##_F16, float, T, N, TP__T##N, ATTR(TP_F16), R((__VA_ARGS__))) TP__LOOP(name##_BF16, float, T, N, TP__T##N, ATTR(TP_BF16), R((__VA_ARGS__))) \
    static const row name##_row = { { TP__F32_F64(name), .n_in = N }, { .loop = { [TP_F32] = name##_F16 }, .n_in = N }, \
                                    { .loop = { [TP_F32] = name##_BF16 }, .n_in = N } };
/* log(1 - x) of 0 <= x <= 1. In float what 1 - x rounds off is put back, to 1.5 ulp; what is rounded to 16 bits is to be near its ties. */
static TP__INLINE float log_of_rest_f32(float x)
{
    const float u = 1.0f - x, left = (-x - (u - 1.0f)) / u;
    return tp__log_f32(u) + (u > 0 ? left : 0);
}
static TP__INLINE double log_of_rest_f64(double x) { return tp__log1p_f64(-x); }
#define LOG_OF_REST(x) ((int)ROUNDS ? LOG1P(-(x)) : _Generic((T)0, float: log_of_rest_f32, default: log_of_rest_f64)(x))
#include "core/rows/loss_pair.h"

ROW(outside_0_1, 1, a >= 0 && a <= 1 ? 0 : 1)
ROW(itself, 1, a)
static TP__INLINE int64_t magnitude(uint64_t d) { return (int64_t)d < 0 ? (int64_t)(0 - d) : (int64_t)d; }        /* wraps */
TP__LOOP(l1_loss_I64, int64_t, T, 2, TP__T2, ATTR(0), magnitude((uint64_t)a - (uint64_t)b))
static const tp__pointwise l1_loss_whole = { .loop = { [TP_I64] = l1_loss_I64 }, .n_in = 2 };

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------- */

static const tp__pointwise *loops_of(const tp__call *call, const row *r)
{
    const tp_dtype dtype = (tp_dtype)(uintptr_t)call->scratch;
    return dtype == TP_F16 ? &r->f16 : dtype == TP_BF16 ? &r->bf16 : &r->whole;
}

static tp_status value_by(tp__call *call, const tp__pointwise *loops, tp__sum *sum)
{
    const loss *attr = call->attr;
    tp_tensor *y = call->out[0];
    int64_t n;
    *sum = (tp__sum){ 0 };
    if (attr->reduction == NONE) return tp__pointwise_run(call, loops);
    const tp_status status = tp__pointwise_sum(call, loops, sum, &n);
    if (status) return status;
    if (loops == &l1_loss_whole) return tp__cast_row(y->data, (tp_dtype)y->dtype, 1, &sum->whole, TP_I64, 1, 1), TP_OK;
    const double result = sum->real * attr->scale;
    tp__cast_row(y->data, (tp_dtype)y->dtype, 1, &result, TP_F64, 1, 1);
    return TP_OK;
}
static tp_status value(tp__call *call, const row *r)
{
    tp__sum sum;
    return value_by(call, loops_of(call, r), &sum);
}
static tp_status slope(tp__call *call, const row *r) { return tp__pointwise_run(call, loops_of(call, r)); }

#define VALUE(name, r) static tp_status name##_kernel(tp__call *call) { return value(call, r); }
#define SLOPE(name, r) static tp_status name##_backward_kernel(tp__call *call) { return slope(call, r); }
#define BOTH(name) VALUE(name, &name##_row) SLOPE(name, &name##_backward_row)
BOTH(mse_loss)
BOTH(huber_loss)
BOTH(soft_margin_loss)
SLOPE(l1_loss, &l1_loss_backward_row)
static tp_status l1_loss_kernel(tp__call *call)
{
    tp__sum sum;
    return call->scratch == (void *)TP_I64 ? value_by(call, &l1_loss_whole, &sum) : value(call, &l1_loss_row);
}

static bool is_sharp(const tp__call *call) { return ((const loss *)call->attr)->parameter == 0; }
VALUE(smooth_l1_loss, is_sharp(call) ? &l1_loss_row : &smooth_l1_loss_row)
SLOPE(smooth_l1_loss, is_sharp(call) ? &l1_loss_backward_row : &smooth_l1_loss_backward_row)

static bool of_logarithms(const tp__call *call) { return ((const loss *)call->attr)->log_target; }
VALUE(kl_div, of_logarithms(call) ? &kl_div_log_row : &kl_div_row)
SLOPE(kl_div, of_logarithms(call) ? &kl_div_log_backward_row : &kl_div_backward_row)

static tp_status check_probabilities(tp__call *call)
{
    for (int i = 0; i < 2; i++) {
        tp__call one = *call;
        tp__sum outside;
        int64_t n;
        one.in = call->in + i;
        one.n_in = 1;
        const tp_status status = tp__pointwise_sum(&one, &outside_0_1_row.whole, &outside, &n);
        if (status) return status;
        if (outside.real != 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "%.0f of the %s are not between 0 and 1", outside.real, i ? "targets" : "inputs");
    }
    return TP_OK;
}

/* What is outside of [0, 1] makes NaN: nothing is looked for while the sum is none. */
static tp_status binary_cross_entropy_kernel(tp__call *call)
{
    tp__sum sum;
    const row *r = call->in[2] ? &binary_cross_entropy_weighted_row : &binary_cross_entropy_row;
    tp_status status = value_by(call, loops_of(call, r), &sum);
    if (!status && ((const loss *)call->attr)->reduction == NONE) {
        tp__call losses = *call;
        int64_t n;
        losses.in = call->out;
        losses.n_in = 1;
        status = tp__pointwise_sum(&losses, &itself_row.whole, &sum, &n);
    }
    return status || sum.real == sum.real ? status : check_probabilities(call);
}
SLOPE(binary_cross_entropy, call->in[3] ? &binary_cross_entropy_weighted_backward_row : &binary_cross_entropy_backward_row)

/* A weight that is absent is one, where the other is there. */
static const double single_one = 1;
#define ONE { .dtype = TP_F64, .numel = 1, .data = (void *)(uintptr_t)&single_one }

static tp_status binary_cross_entropy_with_logits_kernel(tp__call *call)
{
    tp_tensor one = ONE, *in[] = { call->in[0], call->in[1], call->in[2] ? call->in[2] : &one, call->in[3] ? call->in[3] : &one };
    tp__call full = *call;
    full.in = in;
    return call->in[2] || call->in[3] ? value(&full, &binary_cross_entropy_with_logits_weighted_row) : value(call, &binary_cross_entropy_with_logits_row);
}

static tp_status binary_cross_entropy_with_logits_backward_kernel(tp__call *call)
{
    tp_tensor one = ONE, *in[] = { call->in[0], call->in[1], call->in[2], call->in[3] ? call->in[3] : &one, call->in[4] };
    tp__call full = *call;
    full.in = in;
    if (call->in[4]) return slope(&full, &binary_cross_entropy_with_logits_positive_backward_row);
    return slope(call, call->in[3] ? &binary_cross_entropy_with_logits_weighted_backward_row : &binary_cross_entropy_with_logits_backward_row);
}

#define KERNELS(name) { #name, name##_kernel, NULL }, { #name "_backward", name##_backward_kernel, NULL },
const tp_kernel tp__cpu_loss_pair[] = {
    KERNELS(mse_loss) KERNELS(l1_loss) KERNELS(smooth_l1_loss) KERNELS(huber_loss) KERNELS(soft_margin_loss) KERNELS(kl_div)
    KERNELS(binary_cross_entropy) KERNELS(binary_cross_entropy_with_logits)
    { NULL, NULL, NULL },
};
