/* test_conv_kernels.c: convolution and max pooling of the CPU against plain loops in double. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <taper/extend.h>

#include "cpu/conv.h"
#include "cpu/pool.h"
#include "cpu/simd.h"
#include "cpu/stream.h"

static uint64_t state = 1;
static int64_t below(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)n);
}
static double uniform(void) { return (double)(below(1 << 24) - (1 << 23)) / (1 << 23); }

/* Values in double, and the same in the dtype under test. */
typedef struct values { int64_t n; double *exact; void *given; tp_dtype dtype; } values;

static values values_new(int64_t n, tp_dtype dtype, bool random)
{
    values v = { n, calloc((size_t)n + 1, sizeof(double)), malloc((size_t)(n + 1) * sizeof(double)), dtype };
    ck_assert(v.exact && v.given);
    for (int64_t i = 0; i < n; i++) {
        const double x = random ? uniform() : NAN;
        if (dtype == TP_F32) ((float *)v.given)[i] = (float)x;
        else ((double *)v.given)[i] = x;
        if (random) v.exact[i] = dtype == TP_F32 ? (double)(float)x : x;
    }
    return v;
}
static void values_free(values *v)
{
    free(v->exact);
    free(v->given);
}
static double at(const values *v, int64_t i) { return v->dtype == TP_F32 ? (double)((const float *)v->given)[i] : ((const double *)v->given)[i]; }

static void check_values(const values *v, double terms, const tp__conv *g, const char *what)
{
    const double tolerance = (g->dtype == TP_F32 ? 1.2e-7 : 2.3e-16) * (terms + 8);
    for (int64_t i = 0; i < v->n; i++)
        ck_assert_msg(fabs(at(v, i) - v->exact[i]) <= tolerance,
                      "%s %s level %d: n %d c %d %dx%d out %d kernel %dx%d stride %d,%d padding %d,%d dilation %d,%d groups %d: [%d] is %.9g, not %.9g",
                      what, tp_dtype_name(g->dtype), tp__simd_level(), (int)g->n, (int)g->c, (int)g->h, (int)g->w, (int)g->out, (int)g->kh,
                      (int)g->kw, (int)g->sh, (int)g->sw, (int)g->ph, (int)g->pw, (int)g->dh, (int)g->dw, (int)g->groups, (int)i, at(v, i),
                      v->exact[i]);
}

/* Depths that are not told are 1. */
static bool sizes(tp__conv *g)
{
    int64_t *const ones[] = { &g->d, &g->kd, &g->sd, &g->dd };
    for (int i = 0; i < 4; i++)
        if (!*ones[i]) *ones[i] = 1;
    g->od = (g->d + 2 * g->pd - g->dd * (g->kd - 1) - 1) / g->sd + 1;
    g->oh = (g->h + 2 * g->ph - g->dh * (g->kh - 1) - 1) / g->sh + 1;
    g->ow = (g->w + 2 * g->pw - g->dw * (g->kw - 1) - 1) / g->sw + 1;
    return g->d + 2 * g->pd >= g->dd * (g->kd - 1) + 1 && g->h + 2 * g->ph >= g->dh * (g->kh - 1) + 1 && g->w + 2 * g->pw >= g->dw * (g->kw - 1) + 1;
}

/* All three results of a convolution, by its definition. */
static void plain_loops(const tp__conv *g, const double *x, const double *w, const double *b, const double *dy, double *y, double *dx, double *dw)
{
    const int64_t cg = g->c / g->groups, og = g->out / g->groups;
    const int64_t l = g->od * g->oh * g->ow, taps = g->kd * g->kh * g->kw;
    for (int64_t at_y = 0; at_y < g->n * g->out * l; at_y++) {
        const int64_t j = at_y % g->ow, i = at_y / g->ow % g->oh, z = at_y / (g->ow * g->oh) % g->od, o = at_y / l % g->out, n = at_y / l / g->out;
        y[at_y] = b[o];
        for (int64_t k = 0; k < cg * taps; k++) {
            const int64_t c = k / taps, r = z * g->sd - g->pd + k / (g->kw * g->kh) % g->kd * g->dd;
            const int64_t p = i * g->sh - g->ph + k / g->kw % g->kh * g->dh, q = j * g->sw - g->pw + k % g->kw * g->dw;
            if (r < 0 || r >= g->d || p < 0 || p >= g->h || q < 0 || q >= g->w) continue;
            const int64_t at_x = (((n * g->c + o / og * cg + c) * g->d + r) * g->h + p) * g->w + q, at_w = o * cg * taps + k;
            y[at_y] += x[at_x] * w[at_w];
            dx[at_x] += dy[at_y] * w[at_w];
            dw[at_w] += dy[at_y] * x[at_x];
        }
    }
}

static void check_conv(tp__conv g)
{
    if (!sizes(&g)) return;
    const int64_t cg = g.c / g.groups, og = g.out / g.groups;
    values x = values_new(g.n * g.c * g.d * g.h * g.w, g.dtype, true), w = values_new(g.out * cg * g.kd * g.kh * g.kw, g.dtype, true);
    values b = values_new(g.out, g.dtype, true), dy = values_new(g.n * g.out * g.od * g.oh * g.ow, g.dtype, true);
    values y = values_new(dy.n, g.dtype, false), dx = values_new(x.n, g.dtype, false), dw = values_new(w.n, g.dtype, false);
    plain_loops(&g, x.exact, w.exact, b.exact, dy.exact, y.exact, dx.exact, dw.exact);
    const size_t size = tp_dtype_size(g.dtype);
    values *results[] = { &y, &dx, &dw };
    void *first[3];
    for (int threads = 1; threads <= 4; threads *= 2) {
        g.threads = threads;
        ck_assert_int_eq(tp__conv_forward(&g, x.given, w.given, b.given, y.given), TP_OK);
        ck_assert_int_eq(tp__conv_data(&g, dy.given, w.given, dx.given), TP_OK);
        ck_assert_int_eq(tp__conv_weight(&g, x.given, dy.given, dw.given), TP_OK);
        if (threads == 1) {
            const double taps = (double)(g.kd * g.kh * g.kw);
            check_values(&y, (double)cg * taps, &g, "forward");
            check_values(&dx, (double)og * taps, &g, "data");
            check_values(&dw, (double)(g.n * g.od * g.oh * g.ow), &g, "weight");
        }
        for (int i = 0; i < 3; i++) {
            const size_t bytes = (size_t)results[i]->n * size;
            if (threads == 1) {
                ck_assert_ptr_nonnull(first[i] = malloc(bytes + 1));
                memcpy(first[i], results[i]->given, bytes);
            } else {
                ck_assert_int_eq(memcmp(first[i], results[i]->given, bytes), 0);
            }
        }
    }
    values *all[] = { &x, &w, &b, &dy, &y, &dx, &dw };
    for (int i = 0; i < 3; i++) free(first[i]);
    for (int i = 0; i < 7; i++) values_free(all[i]);
}

START_TEST(convolutions_of_random_geometry_agree)
{
    tp__simd_limit(_i);
    for (int round = 0; round < 120; round++) {
        const int64_t groups = below(4) ? 1 : 1 + below(3);
        check_conv((tp__conv){ .dtype = round % 3 ? TP_F32 : TP_F64, .n = 1 + below(round % 5 ? 4 : 40), .c = groups * (1 + below(4)),
                               .h = 1 + below(12), .w = 1 + below(20), .out = groups * (1 + below(9)), .kh = 1 + below(5), .kw = 1 + below(5),
                               .sh = 1 + below(3), .sw = 1 + below(3), .ph = below(4), .pw = below(4), .dh = 1 + below(2), .dw = 1 + below(2),
                               .groups = groups });
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* Rows of several vectors, few channels and more than one band: with columns a stride apart side by side, where the instruction set has that way */
START_TEST(convolutions_of_few_channels_agree)
{
    if (tp__simd_limit(_i) == _i) {
        int ways = 0, of_weight = 0;
        for (int round = 0; round < 36; round++) {
            tp__conv g = { .dtype = TP_F32, .n = 1 + below(round % 9 ? 2 : 18), .c = 1 + below(8), .h = 16 + below(16),
                .w = 60 + below(60), .out = 3 + below(10), .kh = 1 + below(5), .kw = 2 + below(6), .sh = 1 + below(3),
                .sw = 1 + below(4), .ph = below(4), .pw = below(4), .dh = 1 + below(2), .dw = 1 + below(3),
                .groups = 1 };
            check_conv(g);
            ways += sizes(&g) && tp__conv_by_phases_fits(&g);
            of_weight += tp__conv_by_phases_weight_fits(&g);
        }
        ck_assert(_i == TP__SIMD_BASE ? !ways && !of_weight : ways > 12 && of_weight > 6);
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* Past the caches it is the same, where rows of y are whole lines and where they are not. */
START_TEST(convolutions_are_streamed_alike)
{
    static const int64_t widths[] = { 64, 70 };
    for (int i = 0; i < 2; i++) {
        tp__conv g = { .dtype = TP_F32, .n = 2, .c = 3, .h = 20, .w = widths[i], .out = 11, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1,
                       .dw = 1, .groups = 1, .threads = 2 };
        ck_assert(sizes(&g));
        const int64_t n = g.n * g.out * g.oh * g.ow;
        values x = values_new(g.n * g.c * g.h * g.w, TP_F32, true), w = values_new(g.out * g.c * 9, TP_F32, true);
        float *y[2];
        for (int k = 0; k < 2; k++) {
            ck_assert_ptr_nonnull(y[k] = aligned_alloc(64, (size_t)(n + 15) / 16 * 64));
            tp__stream_from(k ? 0 : -1);
            ck_assert_int_eq(tp__conv_forward(&g, x.given, w.given, NULL, y[k]), TP_OK);
        }
        tp__stream_from(-1);
        ck_assert_mem_eq(y[0], y[1], (size_t)n * sizeof(float));
        for (int k = 0; k < 2; k++) free(y[k]);
        values_free(&x);
        values_free(&w);
    }
}
END_TEST

START_TEST(convolutions_of_volumes_agree)
{
    tp__simd_limit(_i);
    for (int round = 0; round < 40; round++) {
        const int64_t groups = below(4) ? 1 : 1 + below(3);
        check_conv((tp__conv){ .dtype = round % 3 ? TP_F32 : TP_F64, .n = 1 + below(3), .c = groups * (1 + below(3)), .d = 1 + below(6),
                               .h = 1 + below(7), .w = 1 + below(12), .out = groups * (1 + below(5)), .kd = 1 + below(3), .kh = 1 + below(3),
                               .kw = 1 + below(3), .sd = 1 + below(3), .sh = 1 + below(3), .sw = 1 + below(3), .pd = below(3), .ph = below(3),
                               .pw = below(3), .dd = 1 + below(2), .dh = 1 + below(2), .dw = 1 + below(2), .groups = groups });
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

START_TEST(convolutions_that_networks_have_agree)
{
    static const tp__conv shapes[] = {
        { .n = 64, .c = 1, .h = 28, .w = 28, .out = 6, .kh = 5, .kw = 5, .ph = 2, .pw = 2 },             /* LeNet */
        { .n = 64, .c = 6, .h = 14, .w = 14, .out = 16, .kh = 5, .kw = 5 },
        { .n = 37, .c = 6, .h = 14, .w = 14, .out = 16, .kh = 5, .kw = 5 },
        { .dtype = TP_F64, .n = 2, .c = 16, .h = 14, .w = 14, .out = 24, .kh = 1, .kw = 1 },                               /* 1x1 */
        { .n = 3, .c = 32, .h = 9, .w = 9, .out = 32, .kh = 3, .kw = 3, .ph = 1, .pw = 1, .groups = 32 }, /* depthwise */
        { .n = 3, .c = 9, .h = 29, .w = 35, .out = 9, .kh = 3, .kw = 3, .ph = 1, .pw = 1, .groups = 9 },
        { .n = 3, .c = 8, .h = 21, .w = 37, .out = 16, .kh = 3, .kw = 3, .ph = 1, .pw = 1, .sh = 2, .sw = 2, .groups = 8 },
        { .n = 2, .c = 6, .h = 19, .w = 20, .out = 3, .kh = 5, .kw = 5, .ph = 6, .pw = 5, .sh = 3, .sw = 1, .dh = 1, .dw = 2, .groups = 3 },
        { .n = 1, .c = 64, .h = 28, .w = 28, .out = 32, .kh = 3, .kw = 3, .ph = 1, .pw = 1 },
        { .n = 3, .c = 20, .h = 29, .w = 30, .out = 24, .kh = 3, .kw = 3, .ph = 1, .pw = 1 },             /* Winograd, ragged */
        { .n = 2, .c = 33, .h = 24, .w = 25, .out = 70, .kh = 3, .kw = 3, .pw = 2 },
        { .n = 9, .c = 48, .h = 7, .w = 6, .out = 64, .kh = 3, .kw = 3, .ph = 3, .pw = 1 },
        { .n = 1, .c = 3, .h = 64, .w = 64, .out = 16, .kh = 7, .kw = 7, .ph = 3, .pw = 3, .sh = 2, .sw = 2 },
        { .dtype = TP_F64, .n = 3, .c = 9, .h = 9, .w = 11, .out = 9, .kh = 3, .kw = 3, .ph = 1, .pw = 1, .groups = 9 },
        { .n = 2, .c = 40, .h = 60, .w = 60, .out = 8, .kh = 3, .kw = 3, .ph = 2, .pw = 2, .dh = 2, .dw = 2 },  /* several bands */
    };
    tp__simd_limit(_i);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        tp__conv g = shapes[i];
        if (!g.dtype) g.dtype = TP_F32;
        if (!g.sh) g.sh = g.sw = 1;
        if (!g.dh) g.dh = g.dw = 1;
        if (!g.groups) g.groups = 1;
        check_conv(g);
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* Sums of integers are exact whichever way they are made. */
START_TEST(integers_stay_exact)
{
    tp__simd_limit(_i);
    tp__conv g = { .dtype = TP_F32, .n = 2, .c = 40, .h = 23, .w = 24, .out = 36, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1,
                   .groups = 1, .threads = 2 };
    ck_assert(sizes(&g) && tp__conv_by_winograd_fits(&g));
    values x = values_new(g.n * g.c * g.h * g.w, TP_F32, true), w = values_new(g.out * g.c * 9, TP_F32, true);
    values dy = values_new(g.n * g.out * g.h * g.w, TP_F32, true), b = values_new(g.out, TP_F32, true);
    values y = values_new(dy.n, TP_F32, false), dx = values_new(x.n, TP_F32, false), dw = values_new(w.n, TP_F32, false);
    values *given[] = { &x, &w, &dy, &b }, *results[] = { &y, &dx, &dw };
    for (int i = 0; i < 4; i++)
        for (int64_t j = 0; j < given[i]->n; j++) ((float *)given[i]->given)[j] = (float)(given[i]->exact[j] = (double)(below(19) - 9));
    plain_loops(&g, x.exact, w.exact, b.exact, dy.exact, y.exact, dx.exact, dw.exact);
    ck_assert_int_eq(tp__conv_forward(&g, x.given, w.given, b.given, y.given), TP_OK);
    ck_assert_int_eq(tp__conv_data(&g, dy.given, w.given, dx.given), TP_OK);
    ck_assert_int_eq(tp__conv_weight(&g, x.given, dy.given, dw.given), TP_OK);
    for (int i = 0; i < 3; i++)
        for (int64_t j = 0; j < results[i]->n; j++) ck_assert_double_eq(at(results[i], j), results[i]->exact[j]);
    for (int i = 0; i < 4; i++) values_free(given[i]);
    for (int i = 0; i < 3; i++) values_free(results[i]);
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* Where a result is not finite does not depend on the way. */
START_TEST(what_is_not_finite_stays_where_it_is)
{
    tp__simd_limit(_i);
    tp__conv g = { .dtype = TP_F32, .n = 2, .c = 32, .h = 24, .w = 24, .out = 32, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1,
                   .groups = 1, .threads = 2 };
    ck_assert(sizes(&g) && tp__conv_by_winograd_fits(&g));
    values x = values_new(g.n * g.c * g.h * g.w, TP_F32, true), w = values_new(g.out * g.c * 9, TP_F32, true);
    values y = values_new(g.n * g.out * g.h * g.w, TP_F32, false), dx = values_new(x.n, TP_F32, false), dw = values_new(w.n, TP_F32, false);
    ((float *)x.given)[5 * 24 * 24 + 10 * 24 + 10] = INFINITY;
    ck_assert_int_eq(tp__conv_forward(&g, x.given, w.given, NULL, y.given), TP_OK);
    for (int64_t i = 0; i < y.n; i++) {
        const int64_t row = i / 24 % 24, col = i % 24;
        const bool reached = i < g.out * 24 * 24 && row >= 9 && row <= 11 && col >= 9 && col <= 11;
        ck_assert_int_eq(isinf(at(&y, i)) != 0, reached);
        ck_assert(reached || isfinite(at(&y, i)));
    }
    values dy = values_new(y.n, TP_F32, true);
    ((float *)dy.given)[7 * 24 * 24] = NAN;
    ck_assert_int_eq(tp__conv_data(&g, dy.given, w.given, dx.given), TP_OK);
    for (int64_t i = 0; i < dx.n; i++) ck_assert_int_eq(isnan(at(&dx, i)) != 0, i < g.c * 24 * 24 && i / 24 % 24 < 2 && i % 24 < 2);
    ck_assert_int_eq(tp__conv_weight(&g, x.given, dy.given, dw.given), TP_OK);
    for (int64_t i = 0; i < dw.n; i++) ck_assert_int_eq(isfinite(at(&dw, i)) == 0, i / 9 / g.c == 7 || i / 9 % g.c == 5);
    values *all[] = { &x, &w, &y, &dx, &dw, &dy };
    for (int i = 0; i < 6; i++) values_free(all[i]);
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* A pool by its windows, which are `kernel` places `step` apart, `stride` from one to the next. */
typedef struct sliding { int64_t kernel[3], stride[3], padding[3]; } sliding;

/* PyTorch's loop: the first of equals, the last NaN, positions outside left out. */
static void plain_pool(const tp__pool *g, const sliding *s, const double *x, double *y, int64_t *index)
{
    const int64_t size = g->size[0] * g->size[1] * g->size[2], out = g->out[0] * g->out[1] * g->out[2];
    for (int64_t k = 0; k < g->planes * out; k++) {
        const double *plane = x + k / out * size;
        const int64_t at[] = { k / (g->out[2] * g->out[1]) % g->out[0], k / g->out[2] % g->out[1], k % g->out[2] };
        y[k] = -INFINITY;
        index[k] = -1;
        for (int64_t t = 0; t < s->kernel[0] * s->kernel[1] * s->kernel[2]; t++) {
            const int64_t tap[] = { t / (s->kernel[2] * s->kernel[1]), t / s->kernel[2] % s->kernel[1], t % s->kernel[2] };
            int64_t place = 0;
            bool inside = true;
            for (int i = 0; i < 3; i++) {
                const int64_t p = at[i] * s->stride[i] - s->padding[i] + tap[i] * g->step[i];
                inside = inside && p >= 0 && p < g->size[i];
                place = place * g->size[i] + p;
            }
            if (inside && (index[k] < 0 || plane[place] > y[k] || isnan(plane[place]))) y[k] = plane[place], index[k] = place;
        }
    }
}

static bool windows_of(tp__pool *g, const sliding *s, tp__window *windows)
{
    for (int i = 0; i < 3; i++) {
        const int64_t room = g->size[i] + 2 * s->padding[i] - g->step[i] * (s->kernel[i] - 1) - 1;
        if (room < 0) return false;
        g->out[i] = room / s->stride[i] + 1;
        g->window[i] = windows;
        for (int64_t k = 0; k < g->out[i]; k++, windows++) {
            windows->first = k * s->stride[i] - s->padding[i];
            while (windows->first < 0) windows->first += g->step[i];
            windows->last = k * s->stride[i] - s->padding[i] + g->step[i] * (s->kernel[i] - 1) + 1;
            if (windows->last > g->size[i]) windows->last = g->size[i];
        }
    }
    g->stride = s->stride[2];
    g->taps = s->kernel[2];
    while (g->from < g->out[2] && g->from * g->stride < s->padding[2]) g->from++;
    g->to = g->from;
    while (g->to < g->out[2] && g->to * g->stride - s->padding[2] + g->step[2] * (g->taps - 1) < g->size[2]) g->to++;
    return true;
}

static void check_pool(tp__pool g, const sliding *s, bool with_nan)
{
    tp__window windows[300];
    if (!windows_of(&g, s, windows)) return;
    const int64_t size = g.size[0] * g.size[1] * g.size[2], out = g.out[0] * g.out[1] * g.out[2], n = g.planes * size, m = g.planes * out;
    values x = values_new(n, g.dtype, true), y = values_new(m, g.dtype, false), dy = values_new(m, g.dtype, true), dx = values_new(n, g.dtype, false);
    values back = values_new(m, g.dtype, false);
    int64_t *index = malloc((size_t)(m + 1) * sizeof *index), *expected = malloc((size_t)(m + 1) * sizeof *expected);
    for (int64_t i = 0; i < n; i++) {                  /* few values, so that some are equal */
        x.exact[i] = with_nan && below(6) == 0 ? NAN : below(9) == 0 ? -INFINITY : (double)below(5) - 2;
        if (g.dtype == TP_F32) ((float *)x.given)[i] = (float)x.exact[i];
        else ((double *)x.given)[i] = x.exact[i];
    }
    plain_pool(&g, s, x.exact, y.exact, expected);
    for (g.threads = 1; g.threads <= 3; g.threads++) {
        tp__pool_max(&g, x.given, y.given, index);
        for (int64_t i = 0; i < m; i++) {
            ck_assert_int_eq(index[i], expected[i]);
            ck_assert(at(&y, i) == y.exact[i] || (isnan(at(&y, i)) && isnan(y.exact[i])));
        }
        ck_assert_int_eq(tp__pool_scatter(&g, dy.given, index, true, dx.given), -1);
        ck_assert_int_eq(tp__pool_pick(&g, dx.given, index, back.given), -1);
    }
    for (int64_t i = 0; i < m; i++)
        if (expected[i] >= 0) dx.exact[i / out * size + expected[i]] += dy.exact[i];
    for (int64_t i = 0; i < n; i++) ck_assert_double_eq_tol(at(&dx, i), dx.exact[i], 1e-5);
    for (int64_t i = 0; i < m; i++) ck_assert_double_eq_tol(at(&back, i), expected[i] < 0 ? 0 : dx.exact[i / out * size + expected[i]], 1e-5);
    values *all[] = { &x, &y, &dy, &dx, &back };
    for (int i = 0; i < 5; i++) values_free(all[i]);
    free(index);
    free(expected);
}

START_TEST(pools_agree)
{
    tp__simd_limit(_i);
    const sliding halves = { { 1, 2, 2 }, { 1, 2, 2 }, { 0 } };
    check_pool((tp__pool){ .dtype = TP_F32, .planes = 384, .size = { 1, 28, 28 }, .step = { 1, 1, 1 }, .is_2x2 = true }, &halves, false);
    for (int round = 0; round < 300; round++) {
        const tp_dtype dtype = round % 3 ? TP_F32 : TP_F64;
        const bool with_nan = round % 4 == 1;
        tp__pool g = { .dtype = dtype, .planes = 1 + below(4), .size = { 1, 1 + below(9), 1 + below(40) }, .step = { 1, 1, 1 } };
        if (round % 2) {
            g.is_2x2 = g.size[1] > 1 && g.size[2] > 1;
            check_pool(g, &halves, with_nan);
            continue;
        }
        sliding s;
        for (int i = 0; i < 3; i++) {
            s.kernel[i] = i || round % 6 == 0 ? 1 + below(4) : 1;
            s.stride[i] = 1 + below(3);
            s.padding[i] = below(s.kernel[i] / 2 + 1);
            g.step[i] = 1 + below(2);
        }
        if (round % 6 == 0) g.size[0] = 1 + below(5);
        check_pool(g, &s, with_nan);
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv_kernels");
    TCase *tests = tcase_create("conv_kernels");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, convolutions_of_random_geometry_agree, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, convolutions_of_few_channels_agree, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_test(tests, convolutions_are_streamed_alike);
    tcase_add_loop_test(tests, convolutions_of_volumes_agree, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, convolutions_that_networks_have_agree, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, integers_stay_exact, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, what_is_not_finite_stays_where_it_is, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, pools_agree, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
