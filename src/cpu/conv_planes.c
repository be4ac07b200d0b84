/* conv_planes.c: convolution of one plane after another, with its columns in the vectors: few channels per group, above all
 * depthwise. A plane is laid out with its padding first: then all taps of all outputs are elements of it, at fixed offsets.
 *
 * With a stride of columns, those that are a stride apart are laid side by side. The gradient of the input is the convolution
 * of dy, laid out with gaps where there is a stride, with the kernel turned round. */
#include "cpu/conv.h"

#include <string.h>

#include "core/parallel.h"
#include "cpu/conv_planes.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

enum { MOST_TAPS = 64, MOST_LANES = 16 };
#define PARALLEL_FLOPS 1e6

static const tp__plane_kernels *kernels_here(void)
{
#if TP__HAS_X86
    if (tp__simd_level() == TP__SIMD_AVX512) return &tp__planes_avx512_f32;
    if (tp__simd_level() == TP__SIMD_AVX2) return &tp__planes_avx2_f32;
#endif
    return &tp__planes_base_f32;
}

bool tp__conv_by_planes_fits(const tp__conv *g)
{
    const int64_t taps = g->kh * g->kw, cg = g->c / g->groups, og = g->out / g->groups;
    return g->dtype == TP_F32 && tp__conv_is_flat(g) && g->oh > 0 && g->ow > 0 && cg >= 1 && cg <= 2 && og >= 1 && og <= 2 && taps > 1 && taps <= MOST_TAPS;
}

/* Element (i, j) of a plane goes to row top + i tall, column left + j wide; column number f + m apart is element m of phase f. */
typedef struct layout {
    int64_t h, w;                                      /* of the plane */
    int64_t top, left, tall, wide, apart;
    int64_t rows, width, phase;                        /* of what is laid out, in floats; from one phase to the next */
} layout;

typedef struct job {
    const tp__conv *g;
    const tp__plane_kernels *kernels;
    layout to;
    int64_t offset[MOST_TAPS];
    int64_t x_step, rows, cols;
    int taps;
    const float *x, *w, *b, *dy;
    float *out, *scratch;
    int64_t scratch_floats;                            /* per thread */
} job;

/* ---- Planes ---------------------------------------------------------------------------------------------------------------------------- */

/* rows x cols outputs, a step of sh and sw apart, from a plane that `to` has the size and place of. */
static void job_start(job *t, const tp__conv *g, layout to, int64_t rows, int64_t cols, int64_t sh, int64_t sw)
{
    to.apart = sw;
    to.phase = (cols + MOST_LANES - 1) / MOST_LANES * MOST_LANES + (g->kw - 1) * g->dw / sw + 1;
    to.width = to.phase * sw;
    to.rows = (rows - 1) * sh + (g->kh - 1) * g->dh + 1;
    t->g = g;
    t->kernels = kernels_here();
    t->to = to;
    t->x_step = sh * to.width;
    t->rows = rows;
    t->cols = cols;
    t->taps = (int)(g->kh * g->kw);
    t->scratch_floats = (to.rows * to.width + 15) / 16 * 16;
    for (int64_t p = 0; p < g->kh; p++)
        for (int64_t q = 0; q < g->kw; q++) t->offset[p * g->kw + q] = p * g->dh * to.width + q * g->dw % sw * to.phase + q * g->dw / sw;
}

/* Elements of one phase: columns f, f + apart, .. of what is laid out. */
static void lay_phase(const layout *to, float *row, const float *from, int64_t f)
{
    int64_t j = f - to->left, m = 0;                   /* a column of the plane, and where it goes */
    if (j < 0) {
        m = (-j + to->apart - 1) / to->apart;
        j += m * to->apart;
    }
    for (; j < to->w && m < to->phase; j += to->apart, m++) row[f * to->phase + m] = from[j];
}

/* What is around the plane is 0 already. */
static void lay(const job *t, float *at, const float *plane)
{
    const layout *to = &t->to;
    int64_t top, bottom, first, last;                  /* rows and columns that have a place */
    tp__conv_span(to->rows, to->tall, to->top, to->h, &top, &bottom);
    tp__conv_span(to->phase, to->wide, to->left, to->w, &first, &last);
    if (to->apart == 1 && to->wide == 1) {
        t->kernels->copy(at + (to->top + top * to->tall) * to->width + to->left + first, to->tall * to->width, plane + top * to->w + first, to->w,
                         bottom - top, last - first);
        return;
    }
    for (int64_t i = top; i < bottom; i++) {
        float *row = at + (to->top + i * to->tall) * to->width;
        const float *from = plane + i * to->w;
        if (to->apart > 1)
            for (int64_t f = 0; f < to->apart; f++) lay_phase(to, row, from, f);
        else
            for (int64_t j = first; j < last; j++) row[to->left + j * to->wide] = from[j];
    }
}

static float *clean_scratch(const job *t)
{
    float *at = t->scratch + tp__seat() * t->scratch_floats;
    memset(at, 0, (size_t)t->scratch_floats * sizeof(float));
    return at;
}

static void run_plane(const job *t, const float *x, const float *w, bool accumulate, float bias, float *y)
{
    const tp__conv *g = t->g;
    t->kernels->plane(&(tp__plane){ .x = x, .w = w, .offset = t->offset, .x_step = t->x_step, .rows = t->rows, .cols = t->cols, .taps = t->taps,
                                    .near = g->kh == 3 && g->kw == 3 && g->dh == 1 && g->dw == 1 && t->x_step == t->to.phase,
                                    .accumulate = accumulate, .bias = bias, .y = y });
}

/* ---- Some planes of y, some of dx, the weights of some outputs ------------------------------------------------------------------------------ */

static void forward_planes(void *arg, int64_t first, int64_t last)
{
    const job *t = arg;
    const tp__conv *g = t->g;
    const int64_t cg = g->c / g->groups, og = g->out / g->groups;
    float *x = clean_scratch(t);
    for (int64_t plane = first; plane < last; plane++) {
        const int64_t o = plane % g->out, from = plane / g->out * g->c + o / og * cg;
        for (int64_t c = 0; c < cg; c++) {
            lay(t, x, t->x + (from + c) * g->h * g->w);
            run_plane(t, x, t->w + (o * cg + c) * t->taps, c > 0, t->b ? t->b[o] : 0, t->out + plane * g->oh * g->ow);
        }
    }
}

static void data_planes(void *arg, int64_t first, int64_t last)
{
    const job *t = arg;
    const tp__conv *g = t->g;
    const int64_t cg = g->c / g->groups, og = g->out / g->groups;
    float *dy = clean_scratch(t), turned[MOST_TAPS];
    for (int64_t plane = first; plane < last; plane++) {
        const int64_t c = plane % g->c, o = c / cg * og;
        for (int64_t i = 0; i < og; i++) {
            const float *w = t->w + ((o + i) * cg + c % cg) * t->taps;
            for (int k = 0; k < t->taps; k++) turned[k] = w[t->taps - 1 - k];
            lay(t, dy, t->dy + (plane / g->c * g->out + o + i) * g->oh * g->ow);
            run_plane(t, dy, turned, i > 0, 0, t->out + plane * g->h * g->w);
        }
    }
}

static void weights_of(void *arg, int64_t first, int64_t last)
{
    const job *t = arg;
    const tp__conv *g = t->g;
    const int64_t cg = g->c / g->groups, og = g->out / g->groups;
    float *x = clean_scratch(t), sums[MOST_TAPS * MOST_LANES];
    for (int64_t o = first; o < last; o++)
        for (int64_t c = 0; c < cg; c++) {
            memset(sums, 0, sizeof sums);
            for (int64_t image = 0; image < g->n; image++) {
                lay(t, x, t->x + (image * g->c + o / og * cg + c) * g->h * g->w);
                t->kernels->weight(&(tp__plane_weight){ .x = x, .dy = t->dy + (image * g->out + o) * g->oh * g->ow, .offset = t->offset,
                                                        .x_step = t->x_step, .rows = t->rows, .cols = t->cols, .taps = t->taps, .sums = sums });
            }
            for (int k = 0; k < t->taps; k++) t->out[(o * cg + c) * t->taps + k] = t->kernels->sum(sums + k * t->kernels->lanes);
        }
}

/* ---- Running them -------------------------------------------------------------------------------------------------------------------------- */

static tp_status run(job *t, tp__items_fn *work, int64_t items)
{
    const double flops = tp__conv_flops(t->g);
    const int threads = t->g->threads < 1 || flops < PARALLEL_FLOPS ? 1 : t->g->threads;
    tp__workspace memory;
    const tp_status status = tp__workspace_take(&memory, (size_t)(threads * t->scratch_floats) * sizeof(float));
    if (status) return status;
    t->scratch = memory.data;
    tp__parallel_items(items, (int64_t)(flops / 8 / (double)items), threads, work, t);
    tp__workspace_give(&memory);
    return TP_OK;
}

static layout of_x(const tp__conv *g) { return (layout){ .h = g->h, .w = g->w, .top = g->ph, .left = g->pw, .tall = 1, .wide = 1 }; }

tp_status tp__conv_by_planes(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    job t = { .x = x, .w = w, .b = b, .out = y };
    job_start(&t, g, of_x(g), g->oh, g->ow, g->sh, g->sw);
    return run(&t, forward_planes, g->n * g->out);
}

tp_status tp__conv_by_planes_data(const tp__conv *g, const void *dy, const void *w, void *dx)
{
    job t = { .dy = dy, .w = w, .out = dx };
    const layout of_dy = { .h = g->oh, .w = g->ow, .top = (g->kh - 1) * g->dh - g->ph, .left = (g->kw - 1) * g->dw - g->pw, .tall = g->sh, .wide = g->sw };
    job_start(&t, g, of_dy, g->h, g->w, 1, 1);
    return run(&t, data_planes, g->n * g->c);
}

tp_status tp__conv_by_planes_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    job t = { .x = x, .dy = dy, .out = dw };
    job_start(&t, g, of_x(g), g->oh, g->ow, g->sh, g->sw);
    return run(&t, weights_of, g->out);
}
