/* loss_pair.cu: the rows of core/rows/loss_pair.h. A loss that is reduced is added up as it is computed, and stored nowhere. */
#include <taper/ops/loss.h>

#include "cuda/pointwise_sum.cuh"
#include "cuda/real.cuh"

/* ---- Rows: loops in float32 and float64; of 16-bit floats `rounds` is the dtype that the loop in float32 rounds to ------------------------ */

struct loss : tp__pair_loss { int32_t rounds; tpc_watch watch; };

TPC_DEVICE float rounded(int to, float x) { return tpc_round_to(to, x); }
TPC_DEVICE double rounded(int to, double x) { return (void)to, x; }
#define R(x)      rounded(p.rounds, (T)(x))
#define R_F16(x)  rounded(p.rounds == TP_F16 ? TP_F16 : 0, (T)(x))
#define R_BF16(x) rounded(p.rounds == TP_BF16 ? TP_BF16 : 0, (T)(x))
#define ROW(name, N, ...) \
    TP__LOOP(name##_F32, float, T, N, TP__ATTR(loss), R((__VA_ARGS__))) TP__LOOP(name##_F64, double, T, N, TP__ATTR(loss), __VA_ARGS__)

#include "core/rows/loss_pair.h"

TP__LOOP(l1_loss_I64, int64_t, T, 2, TP__ATTR(loss), (uint64_t)a - (uint64_t)b)        /* wraps */
struct l1_loss_whole : l1_loss_I64 {
    static __device__ __forceinline__ int64_t of(const loss &p, int64_t a, int64_t b)
    {
        const int64_t d = l1_loss_I64::of(p, a, b);
        return d < 0 ? (int64_t)(0 - (uint64_t)d) : d;
    }
};

/* The input of a row and its target have to be probabilities. */
template <class F> struct probable : F {
    template <class T, class... More> static __device__ __forceinline__ typename F::out of(const loss &p, T a, T b, More... more)
    {
        if (!(a >= 0 && a <= 1 && b >= 0 && b <= 1)) tpc_note_bad(p.watch, 0, 0);
        return F::of(p, a, b, more...);
    }
};

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------- */

static loss attr_of(const tp__call *call)
{
    const int dtype = (int)(uintptr_t)tpc_scratch_of(call);
    loss attr = {};
    (tp__pair_loss &)attr = *(const tp__pair_loss *)tpc_attr(call);
    attr.rounds = dtype == TP_F16 || dtype == TP_BF16 ? dtype : 0;
    return attr;
}

/* The call's tensors; what is absent is left out, or one, where `filled`. */
static void inputs_of(const tp__call *call, tpc_array *in, int n, bool filled)
{
    static const double one = 1;
    for (int i = 0, k = 0; k < n && i < TPC_WALK_ARRAYS; i++) {
        if (tpc_in(call, i, &in[k])) {
            k++;
        } else if (filled) {
            in[k] = {};
            in[k].data = (void *)(uintptr_t)&one;
            in[k].dtype = TP_F64;
            in[k].numel = 1;
            k++;
        }
    }
}

template <class F32, class F64, class I64 = tpc_no_loop> static tp_status slope(const tp__call *call, bool filled = false)
{
    static const tpc_loops loops = { tpc_loops_of<F32, F64, I64>::dtypes, F64::N, 0, false, 0 };
    const loss attr = attr_of(call);
    tpc_array in[TPC_WALK_ARRAYS], y;
    inputs_of(call, in, F64::N, filled);
    tpc_out(call, 0, &y);
    return tpc_pointwise_run_on<F32, F64, I64>(call, loops, y, in, &attr);
}

template <class F32, class F64> static tp_status value(const tp__call *call, const loss &attr, bool filled = false)
{
    static const tpc_loops loops = { tpc_loops_of<F32, F64, tpc_no_loop>::dtypes, F64::N, 0, false, 0 };
    tpc_array in[TPC_WALK_ARRAYS], y;
    inputs_of(call, in, F64::N, filled);
    tpc_out(call, 0, &y);
    if (attr.reduction == TP_REDUCTION_NONE) return tpc_pointwise_run_on<tpc_rare<F32>, F64, tpc_no_loop>(call, loops, y, in, &attr);
    return tpc_pointwise_sum<F32, F64>(call, loops, y, in, attr, attr.scale);
}

#define LOOPS(name)      name##_F32, name##_F64
#define VALUE_OF(name)   value<LOOPS(name)>(call, attr_of(call))
#define SLOPE_OF(name)   slope<LOOPS(name##_backward)>(call)
#define VALUE(name, ...) static tp_status name##_kernel(tp__call *call) { return __VA_ARGS__; }
#define SLOPE(name, ...) static tp_status name##_backward_kernel(tp__call *call) { return __VA_ARGS__; }
#define BOTH(name) VALUE(name, VALUE_OF(name)) SLOPE(name, SLOPE_OF(name))
BOTH(mse_loss)
BOTH(huber_loss)
BOTH(soft_margin_loss)

SLOPE(l1_loss, SLOPE_OF(l1_loss))
static tp_status l1_loss_kernel(tp__call *call)
{
    if ((int)(uintptr_t)tpc_scratch_of(call) != TP_I64) return VALUE_OF(l1_loss);
    static const tpc_loops loops = { 1u << TP_I64, 2, 0, false, 0 };
    const loss attr = attr_of(call);
    tpc_array in[2], y;
    inputs_of(call, in, 2, false);
    tpc_out(call, 0, &y);
    if (attr.reduction == TP_REDUCTION_NONE) return tpc_pointwise_run_on<tpc_no_loop, tpc_no_loop, l1_loss_whole>(call, loops, y, in, &attr);
    return tpc_pointwise_sum<tpc_no_loop, l1_loss_whole>(call, loops, y, in, attr, attr.scale);
}

static bool is_sharp(const tp__call *call) { return ((const tp__pair_loss *)tpc_attr(call))->parameter == 0; }
VALUE(smooth_l1_loss, is_sharp(call) ? VALUE_OF(l1_loss) : VALUE_OF(smooth_l1_loss))
SLOPE(smooth_l1_loss, is_sharp(call) ? SLOPE_OF(l1_loss) : SLOPE_OF(smooth_l1_loss))

static bool of_logarithms(const tp__call *call) { return ((const tp__pair_loss *)tpc_attr(call))->log_target; }
VALUE(kl_div, of_logarithms(call) ? VALUE_OF(kl_div_log) : VALUE_OF(kl_div))
SLOPE(kl_div, of_logarithms(call) ? SLOPE_OF(kl_div_log) : SLOPE_OF(kl_div))

static bool has(const tp__call *call, int i)
{
    tpc_array x;
    return tpc_in(call, i, &x);
}

static tp_status binary_cross_entropy_kernel(tp__call *call)
{
    loss attr = attr_of(call);
    attr.watch = tpc_watch_for(call, TP_ERR_ARGUMENT, "inputs and targets have to be between 0 and 1, and one is not");
    return has(call, 2) ? value<probable<binary_cross_entropy_weighted_F32>, probable<binary_cross_entropy_weighted_F64>>(call, attr)
                        : value<probable<binary_cross_entropy_F32>, probable<binary_cross_entropy_F64>>(call, attr);
}
SLOPE(binary_cross_entropy, has(call, 3) ? SLOPE_OF(binary_cross_entropy_weighted) : SLOPE_OF(binary_cross_entropy))

/* A weight that is absent is one, where the other is there. */
VALUE(binary_cross_entropy_with_logits, has(call, 2) || has(call, 3)
      ? value<LOOPS(binary_cross_entropy_with_logits_weighted)>(call, attr_of(call), true) : VALUE_OF(binary_cross_entropy_with_logits))
SLOPE(binary_cross_entropy_with_logits, has(call, 4) ? slope<LOOPS(binary_cross_entropy_with_logits_positive_backward)>(call, true)
      : has(call, 3) ? SLOPE_OF(binary_cross_entropy_with_logits_weighted) : SLOPE_OF(binary_cross_entropy_with_logits))

#define KERNELS(name) { #name, name##_kernel, NULL }, { #name "_backward", name##_backward_kernel, NULL },
extern "C" const tp_kernel tp__cuda_loss_pair[] = {
    KERNELS(mse_loss) KERNELS(l1_loss) KERNELS(smooth_l1_loss) KERNELS(huber_loss) KERNELS(soft_margin_loss) KERNELS(kl_div)
    KERNELS(binary_cross_entropy) KERNELS(binary_cross_entropy_with_logits)
    { NULL, NULL, NULL },
};
