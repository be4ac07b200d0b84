/* activation_glu.cu: a gate and what it lets through, two halves of one tensor. */
#include "cuda/pointwise.cuh"
#include "cuda/real.cuh"

#define ROW(name, N, expression) \
    TP__LOOP(name##_F32, float, T, N, TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, T, N, TP__NO_ATTR, expression) \
    static tp_status name(const tp__call *call, const tpc_array &y, const tpc_array *in) \
    { \
        static const tpc_loops loops = { tpc_loops_of<name##_F32, name##_F64, tpc_no_loop>::dtypes, N, 0, false, 0 }; \
        return tpc_pointwise_run_on<name##_F32, name##_F64, tpc_no_loop>(call, loops, y, in); \
    }
ROW(through, 2, a * SIGMOID(b))                        /* of the input, or of dy */
ROW(gate, 3, a * b * SIGMOID(c) * (1 - SIGMOID(c)))

/* The first or the second half of x along dim */
static tpc_array half_of(const tpc_array &x, int64_t dim, int which)
{
    tpc_array half = x;
    half.contiguous = false;
    half.numel /= 2;
    half.shape[dim] /= 2;
    half.data = (char *)x.data + which * half.shape[dim] * half.stride[dim] * tpc_size(x.dtype);
    return half;
}

static tp_status glu(tp__call *call)
{
    const int64_t dim = *(const int64_t *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    const tpc_array in[] = { half_of(x, dim, 0), half_of(x, dim, 1) };
    return through(call, y, in);
}

static tp_status glu_backward(tp__call *call)
{
    const int64_t dim = *(const int64_t *)tpc_attr(call);
    tpc_array dy, x, dx;
    tpc_in(call, 0, &dy);
    tpc_in(call, 1, &x);
    tpc_out(call, 0, &dx);
    const tpc_array of_a[] = { dy, half_of(x, dim, 1) }, of_b[] = { dy, half_of(x, dim, 0), half_of(x, dim, 1) };
    const tp_status status = through(call, half_of(dx, dim, 0), of_a);
    return status ? status : gate(call, half_of(dx, dim, 1), of_b);
}

extern "C" const tp_kernel tp__cuda_activation_glu[] = { { "glu", glu, NULL }, { "glu_backward", glu_backward, NULL }, { NULL, NULL, NULL } };
