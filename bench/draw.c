/* draw.c: inputs and weights, from one generator per case. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

uint32_t bench_bits(bench *b)
{
    b->lcg = b->lcg * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(b->lcg >> 40);
}

int64_t bench_below(bench *b, int64_t n) { return bench_bits(b) % n; }

static tp_tensor *keep(bench *b, tp_tensor *x)
{
    if (b->n_x == BENCH_TENSORS) tp_fail(TP_ERR_ARGUMENT, "bench: more than %d tensors in %s", BENCH_TENSORS, b->is->name);
    else b->x[b->n_x++] = tp_keep(x = tp_to(x, b->device));
    return x;
}

tp_tensor *bench_uniform(bench *b, tp_shape shape, double a)
{
    TP_SCOPE();
    tp_tensor *x = tp_empty(shape);
    float *v = tp_data_mut(x);
    const int64_t n = v ? tp_numel(x) : 0;
    for (int64_t i = 0; i < n; i++) v[i] = (float)a * ((float)bench_bits(b) * 0x1p-23f - 1);
    return keep(b, x);
}

tp_tensor *bench_uniform01(bench *b, tp_shape shape)
{
    TP_SCOPE();
    tp_tensor *x = tp_empty(shape);
    float *v = tp_data_mut(x);
    const int64_t n = v ? tp_numel(x) : 0;
    for (int64_t i = 0; i < n; i++) v[i] = (float)bench_bits(b) * 0x1p-24f;
    return keep(b, x);
}

tp_tensor *bench_ints(bench *b, tp_shape shape, int64_t n)
{
    TP_SCOPE();
    tp_tensor *x = tp_empty(shape, .dtype = TP_I64);
    int64_t *v = tp_data_mut(x);
    const int64_t count = v ? tp_numel(x) : 0;
    for (int64_t i = 0; i < count; i++) v[i] = bench_below(b, n);
    return keep(b, x);
}

tp_tensor *bench_const(bench *b, tp_shape shape, double value)
{
    TP_SCOPE();
    return keep(b, tp_full(shape, value));
}

tp_tensor *bench_given(bench *b, const int64_t *values, tp_shape shape)
{
    TP_SCOPE();
    return keep(b, tp_from_data(values, TP_I64, shape));
}

void bench_text(bench *b, int64_t batches, int64_t batch, int64_t time)
{
    enum { SYMBOLS = 65 };
    const int64_t n = batches * batch * time;
    int64_t *x = malloc(2 * (size_t)n * sizeof *x), *y = x ? x + n : NULL;
    if (!x) {
        tp_fail(TP_ERR_MEMORY, "bench: no memory for %lld symbols", 2 * (long long)n);
        return;
    }
    for (int64_t row = 0, at = 0; row < batches * batch; row++) {
        int64_t c = bench_bits(b) % SYMBOLS;
        for (int t = 0; t < time; t++, at++) {
            x[at] = c;
            y[at] = c = (7 * c + 3 + bench_bits(b) % 3) % SYMBOLS;
        }
    }
    bench_given(b, x, TP_SHAPE(batches, batch, time));
    bench_given(b, y, TP_SHAPE(batches, batch * time));
    free(x);
}

void bench_linear(bench *b, int64_t out, int64_t in)
{
    bench_uniform(b, TP_SHAPE(out, in), 1 / sqrt((double)in));
    bench_const(b, TP_SHAPE(out), 0);
}

void bench_params(bench *b)
{
    b->n_params = b->n_x;
    for (int i = 0; i < b->n_params; i++) tp_requires_grad(b->x[i], true);
}

tp_tensor_list bench_param_list(bench *b) { return (tp_tensor_list){ .at = b->x, .n = b->n_params }; }

void bench_drop_grads(bench *b)
{
    for (int i = 0; i < b->n_x; i++)
        if (b->leaves >> i & 1) tp_set_grad(b->x[i], NULL);
}

tp_tensor *bench_batch(bench *b, int of, int i)
{
    if (!b->feeds) return tp_select(b->x[of], 0, i % tp_size(b->x[of], 0));
    int f = 0;
    while (f < b->n_fed && b->fed_of[f] != of) f++;
    if (f == b->n_fed && f < BENCH_FED) {
        b->fed_of[f] = of;
        b->fed[f] = tp_keep(tp_clone(tp_select(b->x[of], 0, 0)));
        b->n_fed++;
    }
    return b->fed[f < BENCH_FED ? f : 0];
}

void bench_feed(bench *b, int i)
{
    TP_SCOPE();
    TP_NO_GRAD();
    for (int f = 0; f < b->n_fed; f++) tp_copy_(b->fed[f], tp_select(b->x[b->fed_of[f]], 0, i % tp_size(b->x[b->fed_of[f]], 0)));
}

double bench_loss(bench *b, tp_tensor *loss)
{
    if (!b->feeds) return tp_item(loss);
    if (!b->loss) b->loss = tp_keep(tp_zeros((tp_shape){ .ndim = 0 }, .device = b->device));
    tp_copy_(b->loss, tp_detach(loss));
    return 0;
}

double bench_sum(tp_tensor *x)
{
    TP_SCOPE();
    x = tp_contiguous(tp_to(tp_detach(x), TP_CPU));
    const float *v = tp_data(x);
    const int64_t n = v ? tp_numel(x) : 0;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += v[i];
    return sum;
}
