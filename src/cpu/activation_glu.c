/* activation_glu.c: a gate and what it lets through, two halves of one tensor. */
#include "cpu/pointwise.h"
#include "cpu/real.h"

#define ROW(name, N, expression) \
    TP__LOOP(name##_F32, float, T, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, T, N, TP__T##N, TP__NO_ATTR, expression) \
    static const tp__pointwise name##_loops = { TP__F32_F64(name), .n_in = N };
ROW(through, 2, a * SIGMOID(b))                        /* of the input, or of dy */
ROW(gate, 3, a * b * SIGMOID(c) * (1 - SIGMOID(c)))

/* The first or the second half of x along dim; it has no memory of its own. */
static tp_tensor half_of(const tp_tensor *x, int64_t dim, int which)
{
    tp_tensor half = { .dtype = x->dtype, .ndim = x->ndim, .numel = x->numel / 2, .data = x->data };
    memcpy(half.shape, x->shape, sizeof half.shape);
    memcpy(half.stride, x->stride, sizeof half.stride);
    half.shape[dim] /= 2;
    half.data = (char *)x->data + which * half.shape[dim] * half.stride[dim] * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    return half;
}

static tp_status run(const tp__call *call, const tp__pointwise *row, tp_tensor *const *in, int n_in, tp_tensor *out)
{
    tp__call part = *call;
    part.in = in;
    part.n_in = n_in;
    part.out = &out;
    return tp__pointwise_run(&part, row);
}

static tp_status glu(tp__call *call)
{
    const int64_t dim = *(const int64_t *)call->attr;
    tp_tensor a = half_of(call->in[0], dim, 0), b = half_of(call->in[0], dim, 1);
    return run(call, &through_loops, (tp_tensor *[]){ &a, &b }, 2, call->out[0]);
}

static tp_status glu_backward(tp__call *call)
{
    const int64_t dim = *(const int64_t *)call->attr;
    tp_tensor *dy = call->in[0], *dx = call->out[0];
    tp_tensor a = half_of(call->in[1], dim, 0), b = half_of(call->in[1], dim, 1), da = half_of(dx, dim, 0), db = half_of(dx, dim, 1);
    const tp_status status = run(call, &through_loops, (tp_tensor *[]){ dy, &b }, 2, &da);
    return status ? status : run(call, &gate_loops, (tp_tensor *[]){ dy, &a, &b }, 3, &db);
}

const tp_kernel tp__cpu_activation_glu[] = { { "glu", glu, NULL }, { "glu_backward", glu_backward, NULL }, { NULL, NULL, NULL } };
