/* moving.c: lookup, joining and copying, where all the work is memory traffic. */
#include "bench.h"

static void embedding_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(10000, 512), 1);
    bench_ints(b, TP_SHAPE(4096), 10000);
    b->leaves = 1;
    b->bytes = b->is->backward ? 4 * (3 * 4096 * 512 + 10000 * 512) : 4 * 2 * 4096 * 512;
}
static tp_tensor *embedding(bench *b) { return tp_embedding(b->x[1], b->x[0]); }

static void cat_setup(bench *b)
{
    for (int i = 0; i < 8; i++) bench_uniform(b, TP_SHAPE(512, 1024), 1);
    b->leaves = 0xff;
    b->bytes = (int64_t)4 * (b->is->backward ? 4 : 2) * 8 * 512 * 1024;
}
static tp_tensor *cat(bench *b) { return tp_cat((tp_tensor_list){ .at = b->x, .n = 8 }, 1); }

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
    { "cat_8x512x1024", cat_setup, .forward = cat },
    { "cat_8x512x1024_bwd", cat_setup, .forward = cat, .backward = true },
    { "transpose_4096", square_setup, .forward = transpose, .n = 4096 },
    { "nchw_to_nhwc", images_setup, .forward = channels_last },
    { "copy_4096", square_setup, .forward = copy, .n = 4096 },
    { 0 }
};
