/* conv_phases.c: convolution of few channels, as in the first layer of a net, with columns in the vectors and several outputs at a time. A band of rows of x is
 * laid out with its padding, columns that are a stride apart side by side, so that no matrix of columns is made and none packed: the same vectors
 * of x serve all taps, from the first caches. */
#include "cpu/conv.h"

#include <string.h>

#include "core/parallel.h"
#include "cpu/conv_phases.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"
#include "cpu/stream.h"

#define BAND_BYTES     ((int64_t)192 << 10)            /* of x laid out */
#define PARALLEL_FLOPS 1e6
enum { MOST_ROWS = 12, MOST_CHANNELS = 8, MOST_TAPS = 400, MOST_CHUNKS = 16 };

/* NULL: with short vectors a product of matrices is faster, which OpenBLAS does there. */
static const tp__phase_kernels *kernels_here(void)
{
#if TP__HAS_X86
    if (tp__simd_level() == TP__SIMD_AVX512) return &tp__phases_avx512_f32;
    if (tp__simd_level() == TP__SIMD_AVX2) return &tp__phases_avx2_f32;
#endif
    return NULL;
}

static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

typedef struct job {
    const tp__conv *g;
    const tp__phase_kernels *kernels;
    const float *x, *dy;
    float *y;
    float *packed, *bias;                              /* [strips of out][k][rows]; one for each output of the strips, or NULL */
    float *laid, *partial;                             /* x of a band, for each thread; [chunks - 1][out][k], of dw */
    int64_t *offset;                                   /* [k and some more, the last one again] */
    int64_t k, phase, width, tall, band, bands;        /* floats of a phase, of a row; rows of a channel laid out; rows of y in a band; of an image */
    int64_t laid_floats, chunks;
    bool past;
} job;

/* Rows of x for so many of y. */
static int64_t tall_of(const tp__conv *g, int64_t rows) { return (rows - 1) * g->sh + (g->kh - 1) * g->dh + 1; }

static void shape(job *t, const tp__conv *g)
{
    t->g = g;
    t->kernels = kernels_here();
    t->k = g->c * g->kh * g->kw;
    t->phase = round_up(round_up(g->ow, t->kernels->lanes) + (g->kw - 1) * g->dw / g->sw, t->kernels->lanes);
    t->width = t->phase * g->sw;
    t->band = least(g->oh, MOST_ROWS);
    while (t->band > 1 && g->c * tall_of(g, t->band) * t->width * (int64_t)sizeof(float) > BAND_BYTES) t->band--;
    t->bands = (g->oh + t->band - 1) / t->band;
    t->tall = tall_of(g, t->band);
    t->laid_floats = round_up(g->c * t->tall * t->width, 16);
}

bool tp__conv_by_phases_fits(const tp__conv *g)
{
    job t = { 0 };
    const int64_t taps = g->kh * g->kw;
    if (!kernels_here() || g->dtype != TP_F32 || !tp__conv_is_flat(g) || g->groups != 1 || g->n * g->oh * g->ow == 0) return false;
    if (g->c > MOST_CHANNELS || taps < 2 || g->c * taps > MOST_TAPS) return false;
    shape(&t, g);
    return g->ow * 5 >= round_up(g->ow, t.kernels->lanes) * 4 && t.laid_floats * (int64_t)sizeof(float) <= BAND_BYTES;
}

/* A tile of dw adds up its lanes once for a band, and what is beyond the last column costs as much as what is not. For many outputs columns cost less
 * in proportion, and with the few registers of AVX2 a tile of dw is too small. */
bool tp__conv_by_phases_weight_fits(const tp__conv *g)
{
    enum { VECTORS = 24, FEW = 4 };
    job t = { 0 };
    if (!tp__conv_by_phases_fits(g)) return false;
    shape(&t, g);
    const int64_t lanes = t.kernels->lanes, cols = round_up(g->ow, lanes);
    const bool wide = t.kernels->taps == TP__PHASE_TAPS && g->ow * 10 >= cols * 9;
    return t.band * cols >= VECTORS * lanes && (g->out <= FEW * lanes || wide);
}

/* ---- A band of x ------------------------------------------------------------------------------------------------------------------------ */

static TP__INLINE void every_second_body(float *restrict to, const float *restrict x, int64_t n)
{
    for (int64_t m = 0; m < n; m++) to[m] = x[2 * m];
}
TP__SIMD(static, every_second, (float *to, const float *x, int64_t n), (to, x, n))

static void lay_row(const job *t, float *to, const float *from)
{
    const tp__conv *g = t->g;
    const int64_t step = g->sw;
    for (int64_t f = 0; f < step; f++, to += t->phase) {
        int64_t first, last;
        tp__conv_span(g->w, step, f - g->pw, t->phase, &first, &last);
        const float *x = from + f - g->pw;
        memset(to, 0, (size_t)first * sizeof *to);
        if (step == 1) memcpy(to + first, x + first, (size_t)(last - first) * sizeof *to);
        else if (step == 2) every_second(to + first, x + 2 * first, last - first);
        else for (int64_t m = first; m < last; m++) to[m] = x[step * m];
        memset(to + last, 0, (size_t)(t->phase - last) * sizeof *to);
    }
}

/* What rows [top, ..) of y see of an image, by channels. */
static void lay(const job *t, float *to, const float *image, int64_t top, int64_t rows)
{
    const tp__conv *g = t->g;
    for (int64_t c = 0; c < g->c; c++)
        for (int64_t i = 0; i < tall_of(g, rows); i++) {
            const int64_t h = top * g->sh - g->ph + i;
            float *row = to + (c * t->tall + i) * t->width;
            if (h >= 0 && h < g->h) lay_row(t, row, image + (c * g->h + h) * g->w);
            else memset(row, 0, (size_t)t->width * sizeof *row);
        }
}

/* ---- y ------------------------------------------------------------------------------------------------------------------------------------ */

static void forward_piece(void *arg, int64_t piece)
{
    const job *t = arg;
    const tp__conv *g = t->g;
    const int64_t image = piece / t->bands, top = piece % t->bands * t->band, rows = least(t->band, g->oh - top), strip = t->kernels->rows;
    float *x = t->laid + tp__seat() * t->laid_floats, *y = t->y + image * g->out * g->oh * g->ow + top * g->ow;
    lay(t, x, t->x + image * g->c * g->h * g->w, top, rows);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t o = 0; o < g->out; o += strip)
            t->kernels->row(&(tp__phase_row){ .x = x + i * g->sh * t->width, .w = t->packed + o * t->k, .bias = t->bias ? t->bias + o : NULL,
                                              .offset = t->offset, .k = t->k, .cols = g->ow, .y = y + (o * g->oh + i) * g->ow, .channel = g->oh * g->ow,
                                              .rows = (int)least(strip, g->out - o), .past = t->past });
    if (t->past) tp__stream_end();
}

static void pack(const job *t, const float *w, const float *b)
{
    const int64_t strip = t->kernels->rows;
    for (int64_t o = 0; o < round_up(t->g->out, strip); o++) {
        const bool there = o < t->g->out;
        for (int64_t k = 0; k < t->k; k++) t->packed[o / strip * strip * t->k + k * strip + o % strip] = there ? w[o * t->k + k] : 0;
        if (b) t->bias[o] = there ? b[o] : 0;
    }
}

/* ---- dw ----------------------------------------------------------------------------------------------------------------------------------- */

/* dw, or with `add` more of it, from a band. */
static void weight_band(const job *t, const float *x, const float *dy, int64_t rows, float *dw, bool add)
{
    const tp__conv *g = t->g;
    const int channels = t->kernels->channels, taps = t->kernels->taps;
    float tile[TP__PHASE_CHANNELS * TP__PHASE_TAPS];
    for (int64_t o = 0; o < g->out; o += channels) {
        const float *from[TP__PHASE_CHANNELS];
        for (int r = 0; r < channels; r++) from[r] = dy + least(o + r, g->out - 1) * g->oh * g->ow;
        for (int64_t k = 0; k < t->k; k += taps) {
            t->kernels->weight(&(tp__phase_weight){ .x = x, .dy = from, .offset = t->offset + k, .x_row = g->sh * t->width, .rows = rows, .cols = g->ow,
                                                    .dw = tile });
            for (int r = 0; r < channels && o + r < g->out; r++)
                for (int s = 0; s < taps && k + s < t->k; s++) {
                    float *to = dw + (o + r) * t->k + k + s;
                    *to = add ? *to + tile[r * taps + s] : tile[r * taps + s];
                }
        }
    }
}

/* Chunks of images gather apart and are added in order: how many depends on the shape alone. */
static void weight_chunk(void *arg, int64_t chunk)
{
    const job *t = arg;
    const tp__conv *g = t->g;
    const int64_t from = chunk * g->n / t->chunks, to = (chunk + 1) * g->n / t->chunks;
    float *x = t->laid + tp__seat() * t->laid_floats, *dw = chunk ? t->partial + (chunk - 1) * g->out * t->k : t->y;
    for (int64_t image = from; image < to; image++)
        for (int64_t top = 0; top < g->oh; top += t->band) {
            const int64_t rows = least(t->band, g->oh - top);
            lay(t, x, t->x + image * g->c * g->h * g->w, top, rows);
            weight_band(t, x, t->dy + image * g->out * g->oh * g->ow + top * g->ow, rows, dw, image > from || top);
        }
}

/* ---- Running them -------------------------------------------------------------------------------------------------------------------------- */

/* Scratch for all threads, `work` for each piece. */
static tp_status run(job *t, const float *w, const float *b, tp__piece_fn *work)
{
    const tp__conv *g = t->g;
    const int64_t pieces = w ? g->n * t->bands : t->chunks, outs = round_up(g->out, t->kernels->rows), offsets = t->k + TP__PHASE_TAPS;
    const int threads = (int)(g->threads < 1 || tp__conv_flops(g) < PARALLEL_FLOPS ? 1 : least(g->threads, pieces));
    const int64_t own = w ? round_up(outs * t->k, 16) + round_up(outs, 16) : round_up((t->chunks - 1) * g->out * t->k, 16);
    float *memory = tp__scratch(TP__SCRATCH_IM2COL, (size_t)(threads * t->laid_floats + own) * sizeof(float) + (size_t)offsets * sizeof(int64_t));
    if (!memory) return TP_ERR_MEMORY;
    t->laid = memory;
    t->packed = t->partial = memory + threads * t->laid_floats;
    t->bias = b ? t->packed + round_up(outs * t->k, 16) : NULL;
    t->offset = (int64_t *)(void *)(t->packed + own);
    for (int64_t i = 0; i < offsets; i++) {
        const int64_t k = least(i, t->k - 1), q = k % g->kw * g->dw, p = k / g->kw % g->kh * g->dh, c = k / (g->kw * g->kh);
        t->offset[i] = (c * t->tall + p) * t->width + q % g->sw * t->phase + q / g->sw;
    }
    if (w) pack(t, w, b);
    tp__parallel(pieces, threads, work, t);
    return TP_OK;
}

tp_status tp__conv_by_phases(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    job t = { .x = x, .y = y };
    shape(&t, g);
    t.past = g->ow * (int64_t)sizeof(float) % TP__LINE == 0 && !tp__to_line(y) && tp__streams(g->n * g->out * g->oh * g->ow * (int64_t)sizeof(float));
    return run(&t, w, b, forward_piece);
}

tp_status tp__conv_by_phases_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    job t = { .x = x, .dy = dy, .y = dw };
    shape(&t, g);
    t.chunks = least(g->n, MOST_CHUNKS);
    const tp_status status = run(&t, NULL, NULL, weight_chunk);
    const int64_t weights = g->out * t.k;
    for (int64_t chunk = 1; status == TP_OK && chunk < t.chunks; chunk++)
        for (int64_t i = 0; i < weights; i++) t.y[i] += t.partial[(chunk - 1) * weights + i];
    return status;
}
