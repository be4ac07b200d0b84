/* moving.c: lookup, joining, ordering and copying, where nearly all the work is memory traffic. */
#include "bench.h"

static void embedding_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(10000, 512), 1);
    bench_ints(b, TP_SHAPE(4096), 10000);
    b->leaves = 1;
    b->bytes = b->is->backward ? 4 * (3 * 4096 * 512 + 10000 * 512) : 4 * 2 * 4096 * 512;
}
static tp_tensor *embedding(bench *b) { return tp_embedding(b->x[1], b->x[0]); }

static void gather_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(4096, 1024), 1);
    bench_ints(b, TP_SHAPE(4096, 1024), 1024);
    b->bytes = (int64_t)(4 + 8 + 4) * 4096 * 1024;
}
static tp_tensor *gather(bench *b) { return tp_gather(b->x[0], 1, b->x[1]); }

static void scatter_add_setup(bench *b)
{
    enum { BINS = 1 << 20, VALUES = 1 << 22 };
    bench_const(b, TP_SHAPE(BINS), 0);
    bench_uniform(b, TP_SHAPE(VALUES), 1);
    bench_ints(b, TP_SHAPE(VALUES), BINS);
    b->bytes = (int64_t)4 * 2 * BINS + (int64_t)12 * VALUES;
}
static tp_tensor *scatter_add(bench *b) { return tp_scatter_add(b->x[0], 0, b->x[2], b->x[1]); }

static void index_add_setup(bench *b)
{
    bench_const(b, TP_SHAPE(10000, 64), 0);
    bench_uniform(b, TP_SHAPE(100000, 64), 1);
    bench_ints(b, TP_SHAPE(100000), 10000);
    b->bytes = (int64_t)4 * (2 * 640000 + 6400000) + 800000;
}
static tp_tensor *index_add(bench *b) { return tp_index_add(b->x[0], 0, b->x[2], b->x[1]); }

static void cat_setup(bench *b)
{
    for (int i = 0; i < 8; i++) bench_uniform(b, TP_SHAPE(512, 1024), 1);
    b->leaves = 0xff;
    b->bytes = (int64_t)4 * (b->is->backward ? 4 : 2) * 8 * 512 * 1024;
}
static tp_tensor *cat(bench *b) { return tp_cat((tp_tensor_list){ .at = b->x, .n = 8 }, 1); }

static void rows_setup(bench *b)                       /* n of them, all together 2^20 numbers */
{
    const int64_t n = b->is->n, all = 1 << 20;
    bench_uniform(b, n > 1 ? TP_SHAPE(n, all / n) : TP_SHAPE(all), 1);
    b->bytes = 16 * all;
}
static tp_tensor *sort(bench *b)
{
    tp_tensor *places;
    return tp_sort(b->x[0], .indices = &places);
}

static void topk_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(64, 50257), 1);
    b->bytes = (int64_t)4 * 64 * 50257;
}
static tp_tensor *topk(bench *b)
{
    tp_tensor *places;
    return tp_topk(b->x[0], 50, .indices = &places);
}

static void square_setup(bench *b)
{
    const int64_t n = b->is->n;
    bench_uniform(b, TP_SHAPE(n, n), 1);
    b->bytes = 4 * 2 * n * n;
}
static tp_tensor *transpose(bench *b) { return tp_contiguous(tp_transpose(b->x[0], 0, 1)); }
static tp_tensor *copy(bench *b) { return tp_clone(b->x[0]); }

static void images_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(16, 64, 56, 56), 1);
    b->bytes = (int64_t)4 * 2 * 16 * 64 * 56 * 56;
}
static tp_tensor *channels_last(bench *b) { return tp_contiguous(tp_permute(b->x[0], TP_DIMS(0, 2, 3, 1))); }

const bench_case bench_moving[] = {
    { "embedding", embedding_setup, .forward = embedding },
    { "embedding_bwd", embedding_setup, .forward = embedding, .backward = true },
    { "gather_4096x1024", gather_setup, .forward = gather },
    { "scatter_add_1d", scatter_add_setup, .forward = scatter_add },
    { "index_add_rows", index_add_setup, .forward = index_add },
    { "cat_8x512x1024", cat_setup, .forward = cat },
    { "cat_8x512x1024_bwd", cat_setup, .forward = cat, .backward = true },
    { "sort_1024x1024", rows_setup, .forward = sort, .n = 1024 },
    { "sort_1m", rows_setup, .forward = sort, .n = 1 },
    { "topk50_64x50257", topk_setup, .forward = topk },
    { "transpose_4096", square_setup, .forward = transpose, .n = 4096 },
    { "nchw_to_nhwc", images_setup, .forward = channels_last },
    { "copy_4096", square_setup, .forward = copy, .n = 4096 },
    { 0 }
};
