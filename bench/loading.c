/* loading.c: an epoch of 60000 images of 784 bytes in memory, in batches of 64 of floats from 0 to 1: the dataset makes sample by sample, or
 * a batch at a time; with workers or without. Starting and stopping the loader is part of the epoch.
 *
 * The order is that of PyTorch's loader after manual_seed(1), drawn anew each epoch, so that the sums over the first elements agree. */
#include "bench.h"

#include <stdlib.h>

enum { COUNT = 60000, PIXELS = 784, BATCH = 64, IMAGES = 0, LABELS };

/* ---- The order: Matsumoto and Nishimura's MT19937, and of its numbers a shuffle by Fisher and Yates ----------------------------- */

typedef struct twister { uint32_t state[624]; int at; } twister;

static void twister_seed(twister *t, uint32_t seed)
{
    t->state[0] = seed;
    for (uint32_t i = 1; i < 624; i++) t->state[i] = 1812433253u * (t->state[i - 1] ^ t->state[i - 1] >> 30) + i;
    t->at = 624;
}

static uint32_t twister_next(twister *t)
{
    if (t->at == 624) {
        for (int i = 0; i < 624; i++) {
            const uint32_t y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % 624] & 0x7fffffffu);
            t->state[i] = t->state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
        }
        t->at = 0;
    }
    uint32_t y = t->state[t->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

/* The seed of the workers is drawn first, then that of the order: 64 bits each, of which a seed takes the low half. */
static void draw_order(int64_t *order)
{
    twister t;
    twister_seed(&t, 1);
    uint32_t seed = 0;
    for (int i = 0; i < 4; i++) seed = twister_next(&t);
    twister_seed(&t, seed);
    for (int64_t i = 0; i < COUNT; i++) order[i] = i;
    for (int64_t i = 0; i < COUNT - 1; i++) {
        const int64_t j = i + twister_next(&t) % (COUNT - i), was = order[i];
        order[i] = order[j];
        order[j] = was;
    }
}

/* ---- The dataset -------------------------------------------------------------------------------------------------------------- */

static int64_t count(void *self)
{
    (void)self;
    return COUNT;
}

static tp_status get(void *self, int64_t index, tp_sample *out)
{
    const bench *b = self;
    out->field[0] = tp_div(tp_to_dtype(tp_select(b->x[IMAGES], 0, index), TP_F32), 255);
    out->field[1] = tp_select(b->x[LABELS], 0, index);
    out->n_fields = 2;
    return tp_error_status();
}

static int fields(void *self, tp_field *to)
{
    (void)self;
    to[0] = (tp_field){ .dtype = TP_F32, .shape = TP_SHAPE(PIXELS) };
    to[1] = (tp_field){ .dtype = TP_I64 };
    return 2;
}

static tp_status get_batch(void *self, const int64_t *indices, int64_t n, tp_tensor *const *to)
{
    const bench *b = self;
    const uint8_t *images = tp_data(b->x[IMAGES]);
    const int64_t *labels = tp_data(b->x[LABELS]);
    float *x = tp_data_mut(to[0]);
    int64_t *y = tp_data_mut(to[1]);
    if (tp_failed()) return tp_error_status();
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *row = images + indices[i] * PIXELS;
        for (int p = 0; p < PIXELS; p++) x[i * PIXELS + p] = (float)row[p] / 255;
        y[i] = labels[indices[i]];
    }
    return TP_OK;
}

static const tp_dataset_class by_sample = { .size = sizeof(tp_dataset_class), .name = "Images", .count = count, .get = get },
    by_batch = { .size = sizeof(tp_dataset_class), .name = "ImagesBatched", .count = count, .fields = fields, .get_batch = get_batch };

/* ---- The cases ---------------------------------------------------------------------------------------------------------------- */

typedef struct way { const tp_dataset_class *dataset; int workers; } way;

static void setup(bench *b)
{
    TP_SCOPE();
    bench_ints(b, TP_SHAPE(COUNT, PIXELS), 256);
    bench_ints(b, TP_SHAPE(COUNT), 10);
    tp_assign(&b->x[IMAGES], tp_to_dtype(b->x[IMAGES], TP_U8));
    b->items = COUNT;
    b->bytes = (int64_t)COUNT * PIXELS * 5;
    b->steps = 4;
    b->warm = 1;
}

static double step(bench *b, int i)
{
    (void)i;
    const way *w = b->is->geometry;
    int64_t *order = malloc(COUNT * sizeof *order);
    if (!order) return tp_fail(TP_ERR_MEMORY, "bench: no memory for an order"), 0;
    draw_order(order);
    tp_dataset *images = tp_dataset_new(w->dataset, b), *set = tp_subset_of(images, order, COUNT);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = w->workers);
    double sum = 0;
    tp_batch batch;
    while (tp_loader_next(loader, &batch)) sum += (double)*(const float *)tp_data(batch.x);
    tp_free_all(loader, set, images);
    free(order);
    return sum;
}

static const way one = { &by_sample, 0 }, one_workers = { &by_sample, 2 }, many = { &by_batch, 0 }, many_workers = { &by_batch, 2 };

const bench_case bench_loading[] = {
    { "loader_w0", setup, .step = step, .geometry = &one },
    { "loader_w2", setup, .step = step, .geometry = &one_workers },
    { "loader_w0_batched", setup, .step = step, .geometry = &many },
    { "loader_w2_batched", setup, .step = step, .geometry = &many_workers },
    { 0 }
};
