/* test_cuda_loader.c: loaders whose batches go to the device: in order and with the values that they have on the CPU, sent before they are asked
 * for, whatever the order in which streams run; errors, early ends and memory that is short. */
#include "cuda.h"
#include "data.h"

#include <stdatomic.h>

enum { SAMPLES = 44, BATCH = 8, BATCHES = 6, FIELDS = 2 };

/* Under another order of the streams, with 0 to 2 workers */
enum { SEEDS = 4, WORKERS = 3 };
static int workers_of(int i) { return i % WORKERS; }
static void begin(int i)
{
    void *found = cuda_host_function("taper_cuda_host_seed");
    void (*seed)(uint64_t);
    memcpy(&seed, &found, sizeof seed);
    if (seed) seed((uint64_t)(i / WORKERS) * 77 + 1);
}

static void pass_on(const char *what, bool given) { ck_assert_msg(given, "%s: %s", what, tp_failed() ? tp_last_error()->message : "there is no more"); }

/* The device is never waited for in between, and batches are written over after they were read: what is sent ahead must not be
 * in the same memory, nor read before it is there. */
START_TEST(batches_are_those_of_the_cpu)
{
    begin(_i);
    TP_SCOPE();
    tp_dataset *set = numbers(SAMPLES);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .shuffle = true, .seed = 5, .workers = workers_of(_i), .device = DEVICE);
    tp_loader *plain = tp_data_loader(set, .batch_size = BATCH, .shuffle = true, .seed = 5);
    tp_batch b, c;
    for (int epoch = 0; epoch < 2; epoch++) {
        tp_tensor *kept[BATCHES], *sums = tp_zeros(TP_SHAPE(BATCHES), .device = DEVICE);
        for (int i = 0; i < BATCHES; i++) {
            pass_on("the batch", tp_loader_next(loader, &b));
            ck_assert_int_eq(tp_device_of(b.x), DEVICE);
            ck_assert_ptr_eq(b.y, b.field[1]);
            ck_assert_int_eq(b.size, i < BATCHES - 1 ? BATCH : SAMPLES % BATCH);
            tp_add_(tp_select(sums, 0, i), tp_sum(b.x));
            kept[i] = tp_escape(tp_keep(b.y));
            tp_fill_(b.x, -1e6);
        }
        ck_assert(!tp_loader_next(loader, &b));
        ck_fine();
        for (int i = 0; i < BATCHES; i++) {
            pass_on("the CPU's", tp_loader_next(plain, &c));
            ck_assert(tp_equal(tp_to(kept[i], TP_CPU), c.y));
            ck_assert_double_eq(tp_item(tp_select(sums, 0, i)), tp_item(tp_sum(c.x)));
            tp_free(kept[i]);
        }
        ck_assert(!tp_loader_next(plain, &c));
    }
    tp_free_all(loader, plain, set);
}
END_TEST

static int64_t copies(void)
{
    ck_ok(tp_synchronize(DEVICE));
    return cuda_counts().copies;
}

START_TEST(the_next_batch_is_on_its_way_before_it_is_asked_for)
{
    if (!cuda_host_needed("taper_cuda_host_counters")) return;
    TP_SCOPE();
    tp_dataset *set = numbers(SAMPLES);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .device = DEVICE);
    const int64_t before = copies(), waits = cuda_counts().waits;
    tp_batch batch;
    for (int i = 0; i < BATCHES; i++) {
        pass_on("the batch", tp_loader_next(loader, &batch));
        if (!i) ck_assert_int_eq(cuda_counts().waits, waits);            /* and nobody waited for it */
        ck_assert_int_eq(copies() - before, FIELDS * (i + 2 < BATCHES ? i + 2 : BATCHES));
    }
    tp_free_all(loader, set);
    ck_fine();
}
END_TEST

/* A dataset that counts what it has given */
static _Atomic int given;
static int64_t count(void *self) { (void)self; return SAMPLES; }
static tp_status get(void *self, int64_t index, tp_sample *out)
{
    (void)self;
    out->field[0] = tp_full(TP_SHAPE(3), (double)index);
    out->n_fields = 1;
    atomic_fetch_add(&given, 1);
    return TP_OK;
}
static const tp_dataset_class counting = { .size = sizeof(tp_dataset_class), .name = "Counting", .count = count, .get = get };

START_TEST(as_many_as_prefetch_says_are_on_their_way)
{
    if (!cuda_host_needed("taper_cuda_host_counters")) return;
    TP_SCOPE();
    tp_dataset *set = tp_dataset_new(&counting, NULL);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = 1, .prefetch = 3, .device = DEVICE);
    tp_batch batch;
    const int64_t before = copies();
    given = 0;
    pass_on("the first", tp_loader_next(loader, &batch));
    for (int tries = 0; given < 4 * BATCH && tries < 5000; tries++) usleep(1000);
    usleep(200000);                                    /* from the last sample to the batch, on a busy machine, too */
    pass_on("the second", tp_loader_next(loader, &batch));
    ck_assert_int_ge(copies() - before, 4);            /* 0, 1 and two or three more */
    ck_assert_int_le(copies() - before, 5);
    tp_free_all(loader, set);
    ck_fine();
}
END_TEST

static tp_status join(void *arg, const tp_sample *samples, int64_t n, tp_sample *out)
{
    tp_tensor *x[BATCH];
    (void)arg;
    for (int64_t i = 0; i < n; i++) x[i] = samples[i].field[0];
    out->field[0] = tp_transpose(tp_stack((tp_tensor_list){ .at = x, .n = n }, 0), 0, 1);
    out->n_fields = 1;
    return tp_error_status();
}

START_TEST(what_a_function_of_the_user_s_collates_is_not_waited_for_either)
{
    begin(_i);
    TP_SCOPE();
    tp_dataset *set = tp_dataset_new(&counting, NULL);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = workers_of(_i), .collate = join, .device = DEVICE);
    tp_tensor *sum = tp_zeros(TP_SHAPE(3, BATCH), .device = DEVICE);
    const int64_t waits = cuda_counts().waits;
    tp_batch batch;
    pass_on("the first", tp_loader_next(loader, &batch));
    ck_assert_int_eq(cuda_counts().waits, waits);
    ck_assert(tp_equal(tp_to(batch.x, TP_CPU), tp_expand(tp_arange(0, BATCH, 1, .dtype = TP_F32), TP_SHAPE(3, BATCH))));
    for (int i = 1; i < BATCHES; i++) {
        pass_on("the next", tp_loader_next(loader, &batch));
        if (batch.size == BATCH) tp_add_(sum, batch.x);
    }
    ck_assert_double_eq(tp_item(tp_sum(sum)), 3.0 * (8 + 39) * 32 / 2);
    tp_free_all(loader, set);
    ck_fine();
}
END_TEST

START_TEST(an_error_of_the_dataset_comes_at_its_batch)
{
    begin(_i);
    TP_SCOPE();
    own data = { .n = SAMPLES, .bad = 2 * BATCH + 1, .odd = -1 };
    tp_dataset *set = tp_dataset_new(&own_class, &data);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = workers_of(_i), .device = DEVICE);
    tp_batch batch;
    for (int epoch = 0; epoch < 2; epoch++) {
        for (int i = 0; i < BATCHES; i++) {
            const bool there = tp_loader_next(loader, &batch);
            ck_assert_int_eq(there, i != 2);
            if (there) ck_assert_double_eq(tp_item(tp_select(tp_select(batch.x, 0, 0), 0, 0)), i * BATCH);
            else ck_error(TP_ERR_IO, "own: sample 17 cannot be read");
        }
        ck_assert(!tp_loader_next(loader, &batch));
        ck_fine();
    }
    tp_free_all(loader, set);
}
END_TEST

/* Copies run still when the loader begins anew, or is freed. */
START_TEST(an_epoch_can_be_left)
{
    begin(_i);
    TP_SCOPE();
    tp_dataset *set = numbers(SAMPLES);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = workers_of(_i), .device = DEVICE);
    tp_batch batch;
    tp_tensor *kept[4];
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i <= round; i++) pass_on("the batch", tp_loader_next(loader, &batch));
        kept[round] = tp_escape(tp_keep(batch.y));
        tp_loader_reset(loader);
    }
    ck_assert_int_eq(tp_loader_epoch(loader), 4);
    pass_on("the last", tp_loader_next(loader, &batch));
    tp_tensor *last = tp_keep(batch.x);
    tp_free_all(loader, set);
    for (int round = 0; round < 4; round++) {
        ck_assert(tp_equal(tp_to(kept[round], TP_CPU), tp_arange(round * BATCH, (round + 1) * BATCH, 1, .dtype = TP_I64)));
        tp_free(kept[round]);
    }
    ck_assert_double_eq(tp_item(tp_sum(last)), 3.0 * 28);
    tp_free(last);
    ck_fine();
}
END_TEST

/* What a kernel met is told, and the batch that was to come is not lost. */
START_TEST(an_error_of_a_kernel_does_not_cost_a_batch)
{
    begin(_i);
    TP_SCOPE();
    tp_dataset *set = numbers(SAMPLES);
    tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = workers_of(_i), .device = DEVICE);
    tp_tensor *index = tp_to(tp_full(TP_SHAPE(1), 1000, .dtype = TP_I64), DEVICE);
    tp_batch batch;
    int seen = 0, errors = 0;
    for (int tries = 0; tries < 3 * BATCHES && seen < BATCHES; tries++) {
        if (tp_loader_next(loader, &batch)) {
            ck_assert_double_eq(tp_failed() ? 0 : batch.size, seen == BATCHES - 1 ? SAMPLES % BATCH : BATCH);
            if (seen++ == 1) tp_index_select(batch.x, 0, index);
        } else {
            ck_error(TP_ERR_INDEX, "1000");
            errors++;
        }
    }
    ck_assert_int_eq(seen, BATCHES);
    errors += tp_synchronize(DEVICE) == TP_ERR_INDEX;  /* when it is told depends on when the kernel runs */
    tp_clear_error();
    ck_assert_int_eq(errors, 1);
    ck_assert(!tp_loader_next(loader, &batch));
    ck_fine();
    tp_free_all(loader, set);
}
END_TEST

/* The n-th allocation of the device's or of pinned memory fails: then a batch is an error, or all is well. The rest comes. */
START_TEST(memory_that_is_short_is_an_error_or_none)
{
    for (int n = 1; n <= 8; n++) {
        TP_SCOPE();
        tp_memory_trim(DEVICE);
        tp_dataset *set = numbers(SAMPLES);
        tp_loader *loader = tp_data_loader(set, .batch_size = BATCH, .workers = workers_of(_i), .device = DEVICE);
        tp_batch batch;
        int seen = 0;
        if (!cuda_fail_at(n)) return;
        for (int tries = 0; tries < BATCHES; tries++) {
            if (tp_loader_next(loader, &batch)) {
                seen++;
                ck_assert_double_eq(tp_item(tp_select(batch.y, 0, 0)), tries * BATCH);
            } else {
                ck_assert_int_eq(tp_error_status(), TP_ERR_MEMORY);
                tp_clear_error();
            }
        }
        cuda_fail_at(0);
        ck_assert_int_ge(seen, BATCHES - 1);
        ck_assert(!tp_loader_next(loader, &batch));
        ck_fine();
        tp_free_all(loader, set);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_loader");
    TCase *t = tcase_create("cuda_loader");
    tcase_set_timeout(t, 60);
    if (has_device(t)) {
        tcase_add_loop_test(t, batches_are_those_of_the_cpu, 0, SEEDS * WORKERS);
        tcase_add_test(t, the_next_batch_is_on_its_way_before_it_is_asked_for);
        tcase_add_test(t, as_many_as_prefetch_says_are_on_their_way);
        tcase_add_loop_test(t, what_a_function_of_the_user_s_collates_is_not_waited_for_either, 0, SEEDS * WORKERS);
        tcase_add_loop_test(t, an_error_of_the_dataset_comes_at_its_batch, 0, WORKERS);
        tcase_add_loop_test(t, an_epoch_can_be_left, 0, SEEDS * WORKERS);
        tcase_add_loop_test(t, an_error_of_a_kernel_does_not_cost_a_batch, 0, SEEDS * WORKERS);
        tcase_add_loop_test(t, memory_that_is_short_is_an_error_or_none, 0, WORKERS);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
