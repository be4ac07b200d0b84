/* conv_winograd.c: 3x3 convolution at stride 1 by Winograd's minimal filtering: a tile of 2 x 2 outputs is made of 4 x 4 inputs by
 * 16 products instead of 36, each of these a matrix product over tiles and channels. The gradient of the input is the convolution
 * of dy with the kernels turned round; that of the weight multiplies tiles of x with tiles of dy.
 *
 * Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. Tiles of 2 x 2 because their transforms only add,
 * subtract and halve: integers come out exact where the plain sum would be (and four times the sum fits 24 bits), rounding is like
 * that of the plain sum, and an element of x enters those outputs alone that its windows reach. An infinite one may come out as
 * NaN: so a result that is not finite is not taken, and the caller goes another way. */
#include "cpu/conv.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/parallel.h"
#include "cpu/conv_tiles.h"
#include "cpu/scratch.h"

/* F(2 x 2, 3 x 3) of the paper's section 4.1: tiles of 2 x 2 outputs, of 4 x 4 inputs, 16 products. */
enum { TILE = 2, WIDE = TILE + 2, MATRICES = WIDE * WIDE };
/* A vector of AVX-512 is full of channels, and the transform of the weight, once a call, costs less than the products it saves: by four
 * tiles where its matrices stay in a cache, but 512 x 512 channels take 24. For a few small images of which there is a vector the lanes
 * of conv_lanes.c are as fast. */
enum { LEAST_CHANNELS = 16, LEAST_TILES = 4, LEAST_TILES_OF_LARGE_WEIGHT = 4 * TP__DOT_ROWS };
#define LARGE_WEIGHT ((int64_t)4 << 20)
#define LEAST_FLOPS  2e4
#define LEAST_FLOPS_BESIDE_LANES 4e6
enum { CHAIN = 128 };                                  /* channels summed up before they are added to others: rounding grows less */
/* Of tiles, before and after the product: with a strip of the weight they stay in a second-level cache of 1 MB. Where the matrices of
 * the weight do not, each block reads them from further away, and so has more tiles than the cache would like. */
#define BLOCK_BYTES  ((int64_t)768 << 10)
#define MUCH_WEIGHT  ((int64_t)2 << 20)
enum { BLOCK_TILES = 4 * TP__DOT_ROWS, BLOCK_TILES_OF_MUCH_WEIGHT = 4 * BLOCK_TILES };
/* Of tiles whose outer products are summed up: a core's share of the last cache. So many at least, for each block writes all sums. */
#define GATHER_BYTES ((int64_t)4 << 20)
enum { GATHER_TILES = 64 };

static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
static int64_t ceil_div(int64_t x, int64_t y) { return (x + y - 1) / y; }
static int64_t at_most(int64_t x, int64_t bound) { return x < bound ? x : bound; }
static int64_t at_least(int64_t x, int64_t bound) { return x > bound ? x : bound; }

static int64_t tiles_of(const tp__conv *g) { return g->n * ceil_div(g->oh, TILE) * ceil_div(g->ow, TILE); }

bool tp__conv_by_winograd_fits(const tp__conv *g)
{
    const bool large = MATRICES * g->c * g->out * (int64_t)sizeof(float) > LARGE_WEIGHT;
    return g->dtype == TP_F32 && tp__conv_is_flat(g) && g->groups == 1 && g->kh == 3 && g->kw == 3 && g->sh == 1 && g->sw == 1 && g->dh == 1 &&
           g->dw == 1 && g->c >= LEAST_CHANNELS && g->out >= LEAST_CHANNELS && tiles_of(g) >= (large ? LEAST_TILES_OF_LARGE_WEIGHT : LEAST_TILES) &&
           tp__conv_flops(g) >= (tp__conv_by_lanes_fits(g) ? LEAST_FLOPS_BESIDE_LANES : LEAST_FLOPS);
}

/* A batch of images whose tiles are taken or made: [n][c][h][w]. */
typedef struct images { float *at; int64_t c, h, w, padded; } images;      /* padded: channels in whole vectors */

typedef struct job {
    const tp__conv_kernels *kernels;
    images x, y;
    const float *w, *b;
    int64_t w_out, w_in;                               /* strides of the weight */
    bool turned;                                       /* its taps are read from the last to the first */
    int64_t pad_h, pad_w;                              /* rows and columns before x, may be negative */
    int64_t tall, wide, tiles;                         /* tiles of an image; of all */
    int64_t block, first;                              /* tiles at once; of the block under way */
    float *u;                                          /* the weight's matrices, in strips of outputs; or the sums of products */
    int64_t u_matrix;
    float *scratch;
    int64_t scratch_floats;                            /* per thread */
    _Atomic bool not_finite;
} job;

/* ---- Tiles ---------------------------------------------------------------------------------------------------------------------------- */

/* A run of tiles of one row of tiles: `count` from column `col` on. */
typedef struct run { int64_t image, row, col, count; } run;

static run run_at(const job *t, int64_t tile, int64_t last)
{
    const int64_t per_image = t->tall * t->wide, row = tile % per_image / t->wide, col = tile % t->wide;
    return (run){ tile / per_image, row, col, at_most(t->wide - col, last - tile) };
}

/* Rows [h, h + rows) and columns [w, w + cols) of an image as [rows][cols][padded], zeros outside. */
static void lay_in(const job *t, const images *x, int64_t image, int64_t h, int64_t w, int64_t rows, int64_t cols, float *to)
{
    const int64_t before = at_least(at_most(-w, cols), 0), end = at_least(at_most(x->w - w, cols), before);
    for (int64_t r = 0; r < rows; r++, to += cols * x->padded) {
        if (h + r < 0 || h + r >= x->h) {
            memset(to, 0, (size_t)(cols * x->padded) * sizeof(float));
            continue;
        }
        memset(to, 0, (size_t)(before * x->padded) * sizeof(float));
        t->kernels->in(to + before * x->padded, x->padded, x->at + (image * x->c * x->h + h + r) * x->w + w + before, x->h * x->w, 1, x->c, x->padded,
                       end - before);
        memset(to + end * x->padded, 0, (size_t)((cols - end) * x->padded) * sizeof(float));
    }
}

/* Tiles [first, last) of x, transformed: to[16][tile - from][padded]. `room` holds rows of a run. */
static void tiles_in(const job *t, int64_t first, int64_t last, int64_t from, float *to, float *room, int64_t matrix)
{
    for (int64_t tile = first; tile < last;) {
        const run r = run_at(t, tile, last);
        const int64_t cols = TILE * r.count + 2, padded = t->x.padded;
        lay_in(t, &t->x, r.image, r.row * TILE - t->pad_h, r.col * TILE - t->pad_w, WIDE, cols, room);
        for (int64_t i = 0; i < r.count; i++, tile++)
            t->kernels->tile_in(to + (tile - from) * padded, matrix, room + i * TILE * padded, cols * padded, padded, padded);
    }
}

static void gradient_tiles_in(const job *t, int64_t first, int64_t last, int64_t from, float *to, float *room, int64_t matrix)
{
    for (int64_t tile = first; tile < last;) {
        const run r = run_at(t, tile, last);
        const int64_t cols = TILE * r.count, padded = t->y.padded;
        lay_in(t, &t->y, r.image, r.row * TILE, r.col * TILE, TILE, cols, room);
        for (int64_t i = 0; i < r.count; i++, tile++)
            t->kernels->tile_gradient(to + (tile - from) * padded, matrix, room + i * TILE * padded, cols * padded, padded, padded);
    }
}

static void tiles_out(const job *t, int64_t first, int64_t last, const float *from, float *room, int64_t matrix, float *not_finite)
{
    for (int64_t tile = first; tile < last;) {
        const run r = run_at(t, tile, last);
        const images *y = &t->y;
        const int64_t cols = TILE * r.count, left = at_most(cols, y->w - r.col * TILE), rows = at_most(TILE, y->h - r.row * TILE);
        for (int64_t i = 0; i < r.count; i++, tile++)
            t->kernels->tile_out(room + i * TILE * y->padded, cols * y->padded, y->padded, from + (tile - first) * y->padded, matrix, y->padded, not_finite);
        for (int64_t i = 0; i < rows; i++)
            t->kernels->out(y->at + (r.image * y->c * y->h + r.row * TILE + i) * y->w + r.col * TILE, y->h * y->w, 1, room + i * cols * y->padded,
                            y->padded, y->c, left, t->b);
    }
}

static void note(job *t, const float *not_finite)
{
    for (int i = 0; i < t->kernels->lanes; i++)
        if (not_finite[i] != 0) atomic_store_explicit(&t->not_finite, true, memory_order_relaxed);
}

/* ---- The weight's matrices --------------------------------------------------------------------------------------------------------------- */

/* Strip number i of the vectors of outputs: about equally wide ones. */
static void strip(int64_t vectors, int64_t most, int64_t i, int64_t *first, int64_t *count)
{
    const int64_t strips = ceil_div(vectors, most);
    *first = i * vectors / strips;
    *count = (i + 1) * vectors / strips - *first;
}

/* Vectors of outputs, each for all inputs: u[16][strips][c][vectors of the strip][lanes]. */
static void weights_in(void *arg, int64_t first, int64_t last)
{
    const job *t = arg;
    const int lanes = t->kernels->lanes;
    const int64_t vectors = t->y.padded / lanes;
    float w[9 * 16];
    for (int64_t v = first; v < last; v++) {
        int64_t begin = 0, count = 0;
        for (int64_t i = 0; begin + count <= v; i++) strip(vectors, t->kernels->vectors, i, &begin, &count);
        float *to = t->u + (begin * t->x.c + v - begin) * lanes;
        const float *from = t->w + v * lanes * t->w_out;
        for (int64_t c = 0; c < t->x.c; c++, from += t->w_in, to += count * lanes) {
            t->kernels->in(w, lanes, from, t->w_out, 1, at_most(lanes, t->y.c - v * lanes), lanes, 9);
            t->kernels->kernel_in(to, t->u_matrix, t->turned ? w + 8 * lanes : w, t->turned ? -lanes : lanes);
        }
    }
}

/* ---- y ------------------------------------------------------------------------------------------------------------------------------------- */

static void products(const job *t, const float *v, int64_t v_matrix, float *m, int64_t m_matrix, int64_t tiles)
{
    const int lanes = t->kernels->lanes;
    const int64_t vectors = t->y.padded / lanes, strips = ceil_div(vectors, t->kernels->vectors);
    for (int k = 0; k < MATRICES; k++)
        for (int64_t i = 0; i < strips; i++) {
            int64_t first, count;
            strip(vectors, t->kernels->vectors, i, &first, &count);
            for (int64_t tile = 0; tile < tiles; tile += TP__DOT_ROWS)
                for (int64_t c = 0; c < t->x.c; c += CHAIN)
                    t->kernels->dot(&(tp__dot_tile){
                        .x = v + k * v_matrix + tile * t->x.padded + c, .x_row = t->x.padded, .length = at_most(t->x.c - c, CHAIN),
                        .w = t->u + k * t->u_matrix + (first * t->x.c + c * count) * lanes, .y = m + k * m_matrix + tile * t->y.padded + first * lanes,
                        .y_row = t->y.padded, .rows = (int)at_most(tiles - tile, TP__DOT_ROWS), .vectors = (int)count, .accumulate = c > 0 });
        }
}

static void forward_block(void *arg, int64_t number)
{
    job *t = arg;
    const int lanes = t->kernels->lanes;
    const int64_t first = number * t->block, last = at_most(first + t->block, t->tiles);
    const int64_t v_matrix = t->block * t->x.padded + lanes, m_matrix = t->block * t->y.padded + lanes;
    float *v = t->scratch + tp__seat() * t->scratch_floats, *m = v + MATRICES * v_matrix, *room = m + MATRICES * m_matrix;
    float not_finite[16] = { 0 };
    tiles_in(t, first, last, first, v, room, v_matrix);
    products(t, v, v_matrix, m, m_matrix, last - first);
    tiles_out(t, first, last, m, room, m_matrix, not_finite);
    note(t, not_finite);
}

static void job_sizes(job *t, int64_t n)
{
    t->kernels = tp__conv_kernels_here();
    t->x.padded = round_up(t->x.c, t->kernels->lanes);
    t->y.padded = round_up(t->y.c, t->kernels->lanes);
    t->tall = ceil_div(t->y.h, TILE);
    t->wide = ceil_div(t->y.w, TILE);
    t->tiles = n * t->tall * t->wide;
}

/* Rows of a run, of x or of y. */
static int64_t room_floats(const job *t, int64_t block)
{
    const int64_t cols = TILE * at_most(t->wide, block);
    return at_least(WIDE * (cols + 2) * t->x.padded, TILE * cols * t->y.padded);
}

/* About `block` tiles; where blocks are few, as many for each thread: three for two would take as long as four. They may become larger where the
 * weight is much. */
static int64_t even_block(int64_t tiles, int threads, int64_t block, bool much)
{
    enum { MANY = 4 };                                 /* blocks for a thread */
    const int64_t all = threads * block, rounds = at_least(much ? (tiles + all / 2) / all : ceil_div(tiles, all), 1);
    if (threads == 1 || ceil_div(tiles, block) > MANY * threads) return at_most(block, round_up(tiles, TP__DOT_ROWS));
    return round_up(ceil_div(tiles, threads * rounds), TP__DOT_ROWS);
}

/* t has x, y, w with its strides, b and the padding. */
static tp_status forward(job *t, const tp__conv *g, bool *finite)
{
    job_sizes(t, g->n);
    const int lanes = t->kernels->lanes;
    const int threads = g->threads < 1 ? 1 : g->threads;
    const int64_t tile_bytes = MATRICES * (t->x.padded + t->y.padded) * (int64_t)sizeof(float);
    const int64_t weight_bytes = MATRICES * t->x.padded * t->y.padded * (int64_t)sizeof(float);
    const int64_t least = weight_bytes > MUCH_WEIGHT ? BLOCK_TILES_OF_MUCH_WEIGHT : BLOCK_TILES;
    t->block = round_up(at_least(BLOCK_BYTES / tile_bytes, least), TP__DOT_ROWS);
    t->block = even_block(t->tiles, threads, t->block, weight_bytes > MUCH_WEIGHT);
    t->u_matrix = t->x.c * t->y.padded + lanes;
    t->scratch_floats = MATRICES * (t->block * (t->x.padded + t->y.padded) + 2 * lanes) + room_floats(t, t->block);
    const int64_t blocks = ceil_div(t->tiles, t->block), seats = at_most(threads, blocks);
    tp__workspace memory;
    const tp_status status = tp__workspace_take(&memory, (size_t)(MATRICES * t->u_matrix + seats * t->scratch_floats) * sizeof(float));
    if (status) return status;
    t->u = memory.data;
    t->scratch = t->u + MATRICES * t->u_matrix;
    tp__parallel_items(t->y.padded / lanes, t->x.c * lanes * 16, threads, weights_in, t);
    tp__parallel(blocks, (int)seats, forward_block, t);
    tp__workspace_give(&memory);
    *finite = !atomic_load(&t->not_finite);
    return TP_OK;
}

tp_status tp__conv_by_winograd(const tp__conv *g, const void *x, const void *w, const void *b, void *y, bool *finite)
{
    job t = { .x = { (float *)(uintptr_t)x, g->c, g->h, g->w, 0 }, .y = { y, g->out, g->oh, g->ow, 0 }, .w = w, .b = b, .w_out = 9 * g->c, .w_in = 9,
              .pad_h = g->ph, .pad_w = g->pw };
    return forward(&t, g, finite);
}

tp_status tp__conv_by_winograd_data(const tp__conv *g, const void *dy, const void *w, void *dx, bool *finite)
{
    job t = { .x = { (float *)(uintptr_t)dy, g->out, g->oh, g->ow, 0 }, .y = { dx, g->c, g->h, g->w, 0 }, .w = w, .w_out = 9,
              .w_in = 9 * g->c, .turned = true, .pad_h = 2 - g->ph, .pad_w = 2 - g->pw };
    return forward(&t, g, finite);
}

/* ---- dw ------------------------------------------------------------------------------------------------------------------------------------ */

enum { RUNS = 32 };                                    /* tiles that one thread transforms at a time */

static void gather_tiles(void *arg, int64_t piece)
{
    job *t = arg;
    const int64_t x_matrix = t->block * t->x.padded + t->kernels->lanes, y_matrix = t->block * t->y.padded + t->kernels->lanes;
    const int64_t first = t->first + piece * RUNS, last = at_most(first + RUNS, at_most(t->first + t->block, t->tiles));
    float *v = t->scratch, *z = v + MATRICES * x_matrix, *room = z + MATRICES * y_matrix + tp__seat() * t->scratch_floats;
    tiles_in(t, first, last, t->first, v, room, x_matrix);
    gradient_tiles_in(t, first, last, t->first, z, room, y_matrix);
}

/* One matrix: sums over the block's tiles of dy tile times x tile. */
static void gather_products(void *arg, int64_t k)
{
    const job *t = arg;
    const int lanes = t->kernels->lanes;
    const int64_t x_matrix = t->block * t->x.padded + lanes, y_matrix = t->block * t->y.padded + lanes;
    const float *v = t->scratch + k * x_matrix, *z = t->scratch + MATRICES * x_matrix + k * y_matrix;
    const int64_t vectors = t->x.padded / lanes, strips = ceil_div(vectors, t->kernels->outer_vectors);
    for (int64_t i = 0; i < strips; i++) {
        int64_t first, count;
        strip(vectors, t->kernels->outer_vectors, i, &first, &count);
        tp__outer_tile o = { .x = v + first * lanes, .a_step = t->y.padded, .x_step = t->x.padded, .count = at_most(t->block, t->tiles - t->first),
                             .dw_row = t->x.padded, .vectors = (int)count };
        for (int64_t out = 0; out < t->y.c; out += TP__OUTER_ROWS) {
            o.rows = (int)at_most(t->y.c - out, TP__OUTER_ROWS);
            o.a = z + out;
            o.dw = t->u + k * t->u_matrix + out * t->x.padded + first * lanes;
            t->kernels->outer(&o);
        }
    }
}

/* The weights of outputs [first, last), from the 16 sums; [out][c][3][3]. */
static void weights_out(void *arg, int64_t first, int64_t last)
{
    job *t = arg;
    const int lanes = t->kernels->lanes;
    float w[9 * 16], not_finite[16] = { 0 };
    for (int64_t out = first; out < last; out++)
        for (int64_t c = 0; c < t->x.c; c += lanes) {
            t->kernels->kernel_out(w, t->u + out * t->x.padded + c, t->u_matrix, not_finite);
            t->kernels->out((float *)(uintptr_t)t->w + (out * t->x.c + c) * 9, 9, 1, w, lanes, at_most(lanes, t->x.c - c), 9, NULL);
        }
    note(t, not_finite);
}

tp_status tp__conv_by_winograd_weight(const tp__conv *g, const void *x, const void *dy, void *dw, bool *finite)
{
    job t = { .x = { (float *)(uintptr_t)x, g->c, g->h, g->w, 0 }, .y = { (float *)(uintptr_t)dy, g->out, g->oh, g->ow, 0 }, .w = dw, .pad_h = g->ph,
              .pad_w = g->pw };
    job_sizes(&t, g->n);
    const int lanes = t.kernels->lanes;
    const int threads = g->threads < 1 ? 1 : g->threads;
    const int64_t tile_bytes = MATRICES * (t.x.padded + t.y.padded) * (int64_t)sizeof(float);
    t.block = at_most(at_least(GATHER_BYTES / tile_bytes, GATHER_TILES), t.tiles);
    t.u_matrix = t.y.c * t.x.padded + lanes;
    t.scratch_floats = room_floats(&t, RUNS);
    const int64_t tile_floats = MATRICES * (t.block * (t.x.padded + t.y.padded) + 2 * lanes);
    tp__workspace memory;
    const tp_status status = tp__workspace_take(&memory, (size_t)(MATRICES * t.u_matrix + tile_floats + threads * t.scratch_floats) * sizeof(float));
    if (status) return status;
    t.u = memory.data;
    t.scratch = t.u + MATRICES * t.u_matrix;
    memset(t.u, 0, (size_t)(MATRICES * t.u_matrix) * sizeof(float));
    for (t.first = 0; t.first < t.tiles; t.first += t.block) {
        tp__parallel(ceil_div(at_most(t.block, t.tiles - t.first), RUNS), threads, gather_tiles, &t);
        tp__parallel(MATRICES, threads, gather_products, &t);
    }
    tp__parallel_items(t.y.c, t.x.padded * 40, threads, weights_out, &t);
    tp__workspace_give(&memory);
    *finite = !atomic_load(&t.not_finite);
    return TP_OK;
}
