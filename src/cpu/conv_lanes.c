/* conv_lanes.c: convolution over a vector of images at a time. With images side by side in the lanes every position is a full
 * vector, whatever the width of a row, and no matrix of columns is made: each tap of each channel is a vector at an offset.
 *
 * The gradient of the input is a convolution of dy with the weight turned round, channels and outputs exchanged. Rows of
 * padding are left out tap by tap; columns of padding are laid out as zeros. */
#include "cpu/conv.h"

#include <string.h>

#include "core/parallel.h"
#include "cpu/conv_lanes.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

#define BLOCK_BYTES    ((int64_t)768 << 10)            /* of x and y in lanes: most of a second-level cache */
#define WEIGHT_BYTES   ((int64_t)256 << 10)
#define PARALLEL_FLOPS 1e6
enum { MOST_CHUNKS = 32 };                             /* of images that gather a dw of their own */

static const tp__lanes_kernels *kernels_here(void)
{
#if TP__HAS_X86
    if (tp__simd_level() == TP__SIMD_AVX512) return &tp__lanes_avx512_f32;
    if (tp__simd_level() == TP__SIMD_AVX2) return &tp__lanes_avx2_f32;
#endif
    return &tp__lanes_base_f32;
}

static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
static int64_t in_block(const tp__conv *g, int lanes) { return g->c * g->h * (g->w + 2 * g->pw) * lanes; }         /* floats */
static int64_t out_block(const tp__conv *g, int lanes) { return g->out * g->oh * g->ow * lanes; }

bool tp__conv_by_lanes_fits(const tp__conv *g)
{
    const int lanes = kernels_here()->lanes;
    return g->dtype == TP_F32 && tp__conv_is_flat(g) && g->groups == 1 && g->n >= lanes && (in_block(g, lanes) + out_block(g, lanes)) * 4 <= BLOCK_BYTES &&
           g->out * g->c * g->kh * g->kw * 4 <= WEIGHT_BYTES;
}

/* dx = dy * turned w, at stride 1. */
static tp__conv turned(const tp__conv *g)
{
    tp__conv t = *g;
    t.c = g->out, t.h = g->oh, t.w = g->ow;
    t.out = g->c, t.oh = g->h, t.ow = g->w;
    t.ph = g->dh * (g->kh - 1) - g->ph;
    t.pw = g->dw * (g->kw - 1) - g->pw;
    return t;
}

bool tp__conv_by_lanes_data_fits(const tp__conv *g)
{
    const tp__conv t = turned(g);
    return g->sh == 1 && g->sw == 1 && t.pw >= 0 && tp__conv_by_lanes_fits(&t);
}

typedef struct weights { const float *at; int64_t out, c, p, q; } weights;               /* strides of w, as the convolution reads it */

typedef struct job {
    const tp__conv *g;
    const tp__lanes_kernels *kernels;
    const float *x, *dy, *b;
    float *y;
    float *packed;                                     /* [strips of out][kh c kw][rows] */
    int64_t *offset;                                   /* [kh c kw], in floats of x in lanes */
    float *lanes;                                      /* x and y in lanes, for each thread */
    float *partial;                                    /* [chunks][out][c][kh][kw], of dw */
    int64_t blocks, chunks;
    int64_t k, width, x_floats, y_floats;              /* kh c kw; of a row of x in lanes; of a block */
} job;

/* Taps are ordered by row of the kernel, so that those whose row is inside are neighbours. */
static void fill_offsets(job *t)
{
    const tp__conv *g = t->g;
    int64_t *to = t->offset;
    for (int64_t p = 0; p < g->kh; p++)
        for (int64_t c = 0; c < g->c; c++)
            for (int64_t q = 0; q < g->kw; q++) *to++ = ((c * g->h + p * g->dh) * t->width + q * g->dw) * t->kernels->lanes;
}

static void pack_weights(job *t, const weights *w)
{
    const tp__conv *g = t->g;
    const int rows = t->kernels->rows;
    float *to = t->packed;
    for (int64_t o = 0; o < g->out; o += rows)
        for (int64_t p = 0; p < g->kh; p++)
            for (int64_t c = 0; c < g->c; c++)
                for (int64_t q = 0; q < g->kw; q++)
                    for (int64_t r = 0; r < rows; r++)
                        *to++ = o + r < g->out ? w->at[(o + r) * w->out + c * w->c + p * w->p + q * w->q] : 0;
}

static int images_of(const job *t, int64_t block)
{
    const int64_t left = t->g->n - block * t->kernels->lanes;
    return left < t->kernels->lanes ? (int)left : t->kernels->lanes;
}

/* A block of images [c][h][w] as [c][h][width][lanes] with the columns of padding. */
static void x_to_lanes(const job *t, int64_t block, float *to)
{
    const tp__conv *g = t->g;
    const int lanes = t->kernels->lanes, valid = images_of(t, block);
    const int64_t image = g->c * g->h * g->w;
    const float *from = t->x + block * lanes * image;
    if (!g->pw) {
        t->kernels->in(to, from, image, valid, image);
        return;
    }
    const size_t side = (size_t)(g->pw * lanes) * sizeof(float);
    for (int64_t r = 0; r < g->c * g->h; r++, to += t->width * lanes) {
        memset(to, 0, side);
        t->kernels->in(to + g->pw * lanes, from + r * g->w, image, valid, g->w);
        memset(to + (g->pw + g->w) * lanes, 0, side);
    }
}

static void forward_block(void *arg, int64_t block)
{
    job *t = arg;
    const tp__conv *g = t->g;
    const int lanes = t->kernels->lanes, rows = t->kernels->rows;
    float *x = t->lanes + tp__seat() * (t->x_floats + t->y_floats), *y = x + t->x_floats;
    const int64_t per_tap_row = g->c * g->kw, image = g->out * g->oh * g->ow;
    x_to_lanes(t, block, x);
    for (int64_t i = 0; i < g->oh; i++) {
        int64_t first, last;                           /* rows of the kernel that are inside */
        tp__conv_span(g->h, g->dh, i * g->sh - g->ph, g->kh, &first, &last);
        for (int64_t o = 0; o < g->out; o += rows)
            t->kernels->row(&(tp__lanes_row){
                .x = x + (i * g->sh - g->ph) * t->width * lanes, .offset = t->offset + first * per_tap_row,
                .w = t->packed + (o / rows * t->k + first * per_tap_row) * rows, .k = (last - first) * per_tap_row, .count = g->ow,
                .step = g->sw * lanes, .y = y + (o * g->oh + i) * g->ow * lanes, .channel = g->oh * g->ow * lanes,
                .rows = (int)(g->out - o < rows ? g->out - o : rows), .bias = t->b ? t->b + o : NULL });
    }
    t->kernels->out(t->y + block * lanes * image, image, images_of(t, block), y, image);
}

static void weight_block(job *t, int64_t block, float *dw, bool add)
{
    const tp__conv *g = t->g;
    const int lanes = t->kernels->lanes, most_taps = t->kernels->taps, most_channels = t->kernels->channels;
    float *x = t->lanes + tp__seat() * (t->x_floats + t->y_floats), *dy = x + t->x_floats;
    float tile[32];
    const int64_t per_tap_row = g->c * g->kw, image = g->out * g->oh * g->ow;
    x_to_lanes(t, block, x);
    t->kernels->in(dy, t->dy + block * lanes * image, image, images_of(t, block), image);
    for (int64_t p = 0; p < g->kh; p++) {
        int64_t top, bottom;
        tp__conv_span(g->h, g->sh, p * g->dh - g->ph, g->oh, &top, &bottom);
        for (int64_t s = 0; s < per_tap_row; s += most_taps)
            for (int64_t o = 0; o < g->out; o += most_channels) {
                const int channels = (int)(g->out - o < most_channels ? g->out - o : most_channels);
                const int taps = (int)(per_tap_row - s < most_taps ? per_tap_row - s : most_taps);
                t->kernels->weight(&(tp__lanes_taps){
                    .x = x + (top * g->sh - g->ph) * t->width * lanes, .dy = dy + (o * g->oh + top) * g->ow * lanes,
                    .offset = t->offset + p * per_tap_row + s, .x_row = g->sh * t->width * lanes, .dy_row = g->ow * lanes,
                    .dy_channel = g->oh * g->ow * lanes, .height = bottom - top, .count = g->ow, .step = g->sw * lanes,
                    .channels = channels, .taps = taps, .dw = tile });
                for (int r = 0; r < channels; r++)
                    for (int64_t e = 0; e < taps; e++) {
                        float *to = dw + ((o + r) * g->c + (s + e) / g->kw) * g->kh * g->kw + p * g->kw + (s + e) % g->kw;
                        *to = add ? *to + tile[r * taps + e] : tile[r * taps + e];
                    }
            }
    }
}

/* Chunks of blocks gather apart and are added in order: how many depends on the shape alone. */
static void weight_chunk(void *arg, int64_t chunk)
{
    job *t = arg;
    const int64_t first = chunk * t->blocks / t->chunks, last = (chunk + 1) * t->blocks / t->chunks;
    for (int64_t block = first; block < last; block++) weight_block(t, block, t->partial + chunk * t->g->out * t->k, block > first);
}

/* Scratch for all threads, and then every block of images, or every chunk of them. */
static tp_status run(job *t, const tp__conv *g, const weights *w, tp__piece_fn *work)
{
    const tp__lanes_kernels *kernels = kernels_here();
    t->blocks = (g->n + kernels->lanes - 1) / kernels->lanes;
    t->chunks = t->blocks < MOST_CHUNKS ? t->blocks : MOST_CHUNKS;
    const int64_t pieces = w ? t->blocks : t->chunks;
    int threads = g->threads < 1 || tp__conv_flops(g) < PARALLEL_FLOPS ? 1 : g->threads;
    if (threads > pieces) threads = (int)pieces;
    t->g = g;
    t->kernels = kernels;
    t->k = g->kh * g->c * g->kw;
    t->width = g->w + 2 * g->pw;
    t->x_floats = round_up(in_block(g, kernels->lanes), 16);
    t->y_floats = round_up(out_block(g, kernels->lanes), 16);
    const int64_t packed = w ? round_up(g->out, kernels->rows) * t->k : 0, partial = w ? 0 : t->chunks * g->out * t->k;
    const int64_t floats = round_up(packed, 16) + round_up(partial, 16) + threads * (t->x_floats + t->y_floats);
    char *memory = tp__scratch(TP__SCRATCH_IM2COL, (size_t)floats * sizeof(float) + (size_t)t->k * sizeof(int64_t));
    if (!memory) return TP_ERR_MEMORY;
    t->lanes = (float *)(void *)memory;
    t->packed = t->lanes + threads * (t->x_floats + t->y_floats);
    t->partial = t->packed + round_up(packed, 16);
    t->offset = (int64_t *)(void *)(t->partial + round_up(partial, 16));
    fill_offsets(t);
    if (w) pack_weights(t, w);
    tp__parallel(pieces, threads, work, t);
    return TP_OK;
}

tp_status tp__conv_by_lanes(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    job t = { .x = x, .b = b, .y = y };
    return run(&t, g, &(weights){ w, g->c * g->kh * g->kw, g->kh * g->kw, g->kw, 1 }, forward_block);
}

tp_status tp__conv_by_lanes_data(const tp__conv *g, const void *dy, const void *w, void *dx)
{
    const tp__conv back = turned(g);
    job t = { .x = dy, .y = dx };
    const weights turned_w = { (const float *)w + g->kh * g->kw - 1, g->kh * g->kw, g->c * g->kh * g->kw, -g->kw, -1 };
    return run(&t, &back, &turned_w, forward_block);
}

tp_status tp__conv_by_lanes_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    job t = { .x = x, .dy = dy };
    const tp_status status = run(&t, g, NULL, weight_chunk);
    if (status != TP_OK) return status;
    const int64_t weights_count = g->out * t.k;
    float *sum = dw;
    memcpy(sum, t.partial, (size_t)weights_count * sizeof(float));
    for (int64_t chunk = 1; chunk < t.chunks; chunk++)
        for (int64_t i = 0; i < weights_count; i++) sum[i] += t.partial[chunk * weights_count + i];
    return TP_OK;
}
