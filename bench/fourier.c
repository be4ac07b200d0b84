/* fourier.c: Fourier transforms in float32. */
#include "bench.h"

#include <math.h>

typedef struct lines { int64_t count, length; bool real, both; } lines;        /* both: along both dims */

static void setup(bench *b)
{
    const lines *l = b->is->geometry;
    bench_uniform(b, TP_SHAPE(l->count, l->length), 1);
    if (!l->real) b->x[b->n_x++] = tp_keep(tp_fft_ifft(b->x[0]));                /* of x[0]: complex numbers */
    const double points = (double)(l->count * l->length) * (l->real ? 0.5 : 1);
    b->flops = (int64_t)(5 * points * log2((double)l->length) * (l->both ? 2 : 1));
    b->bytes = (int64_t)(points * 2 * 8) * (l->both ? 2 : 1);
}

static tp_tensor *forward(bench *b)
{
    const lines *l = b->is->geometry;
    if (l->real) return tp_fft_rfft(b->x[0]);
    return l->both ? tp_fft_fft2(b->x[1]) : tp_fft_fft(b->x[1]);
}

#define LINES(name, ...) { name, setup, forward, NULL, NULL, false, 0, &(const lines)__VA_ARGS__, false },
const bench_case bench_fourier[] = {
    LINES("fft_1024x1024", { 1024, 1024, false, false })
    LINES("fft2_1024", { 1024, 1024, false, true })
    LINES("fft_64x1009", { 64, 1009, false, false })
    LINES("rfft_1m", { 1, 1 << 20, true, false })
    LINES("rfft_1024x1024", { 1024, 1024, true, false })
    { 0 }
};
