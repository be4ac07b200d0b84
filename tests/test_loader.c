/* test_loader.c: the loader's order, errors, early ends and recycling. */
#include "data.h"
#include "expect.h"

#include <string.h>

/* Runs an epoch; returns a hash of all that its batches hold. */
static uint64_t run_epoch(tp_loader *loader, int64_t *samples)
{
    uint64_t h = 0xcbf29ce484222325u;
    tp_batch batch;
    *samples = 0;
    while (tp_loader_next(loader, &batch)) {
        TP_SCOPE();
        for (int64_t i = 0; i < batch.n_fields; i++) {
            ck_assert_int_eq(tp_size(batch.field[i], 0), batch.size);
            h = hash(h, tp_data(batch.field[i]), (size_t)tp_numel(batch.field[i]) * tp_dtype_size(tp_dtype_of(batch.field[i])));
        }
        h = hash(h, batch.indices, (size_t)batch.size * sizeof *batch.indices);
        *samples += batch.size;
    }
    return h;
}

START_TEST(loader_gives_each_sample_once_an_epoch)
{
    tp_dataset *set = numbers(23);
    tp_loader *loader = tp_data_loader(set, .batch_size = 5, .shuffle = true, .workers = 2);
    ck_assert_int_eq(tp_loader_batches(loader), 5);
    for (int epoch = 0; epoch < 3; epoch++) {
        int seen[23] = { 0 }, batches = 0;
        tp_batch batch;
        ck_assert_int_eq(tp_loader_epoch(loader), epoch);
        while (tp_loader_next(loader, &batch)) {
            ck_assert_int_eq(batch.size, batches++ < 4 ? 5 : 3);
            ck_assert_int_eq(batch.n_fields, 2);
            ck_assert_ptr_eq(batch.x, batch.field[0]);
            ck_assert_ptr_eq(batch.y, batch.field[1]);
            for (int64_t i = 0; i < batch.size; i++) {
                ck_assert_int_eq(((const int64_t *)tp_data(batch.y))[i], batch.indices[i]);
                ck_assert_float_eq(((const float *)tp_data(batch.x))[2 * i + 1], 2 * (float)batch.indices[i]);
                seen[batch.indices[i]]++;
            }
        }
        ck_assert_ptr_null(batch.x);
        for (int i = 0; i < 23; i++)
            ck_assert_int_eq(seen[i], 1);
    }
    tp_free_all(set, loader);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(loader_leaves_out_a_short_batch_when_asked)
{
    tp_dataset *set = numbers(23), *none = numbers(0);
    tp_loader *loader = tp_data_loader(set, .batch_size = 5, .drop_last = true);
    tp_loader *empty = tp_data_loader(none, .batch_size = 4, .shuffle = true, .workers = 1);
    tp_loader *large = tp_data_loader(set, .batch_size = INT64_MAX);
    int64_t samples;
    run_epoch(loader, &samples);
    ck_assert_int_eq(samples, 20);
    run_epoch(empty, &samples);
    ck_assert_int_eq(samples, 0);
    run_epoch(large, &samples);
    ck_assert_int_eq(samples, 23);
    ck_assert_int_eq(tp_loader_batches(empty), 0);
    tp_free_all(loader, empty, large, set, none);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(order_and_samples_do_not_depend_on_the_number_of_workers)
{
    own o = { .n = 101, .bad = -1, .odd = -1 };
    tp_dataset *sets[] = { tp_dataset_new(&own_class, &o), numbers(101), tp_window_dataset(series(60), 5, .random = 101) };
    for (int s = 0; s < 3; s++) {
        uint64_t expected[3] = { 0 };
        for (int workers = 0; workers <= 5; workers++) {
            tp_loader *loader = tp_data_loader(sets[s], .batch_size = 7, .shuffle = true, .workers = workers,
                                               .prefetch = 1 + workers % 3, .seed = 11);
            for (int epoch = 0; epoch < 3; epoch++) {
                int64_t samples;
                const uint64_t h = run_epoch(loader, &samples);
                ck_assert_int_eq(samples, 101);
                if (workers == 0)
                    expected[epoch] = h;
                ck_assert_uint_eq(h, expected[epoch]);
            }
            tp_loader_free(loader);
        }
        ck_assert_uint_ne(expected[0], expected[1]);
        ck_assert_uint_ne(expected[1], expected[2]);
    }
    tp_free_all(sets[0], sets[1], sets[2]);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(a_manual_seed_fixes_the_order)
{
    tp_dataset *set = numbers(50);
    uint64_t h[3];
    for (int i = 0; i < 3; i++) {
        int64_t samples;
        tp_manual_seed(i < 2 ? 5 : 6);
        tp_loader *loader = tp_data_loader(set, .batch_size = 8, .shuffle = true, .workers = i);
        h[i] = run_epoch(loader, &samples);
        tp_loader_free(loader);
    }
    ck_assert_uint_eq(h[0], h[1]);
    ck_assert_uint_ne(h[0], h[2]);
    tp_free_all(set);
}
END_TEST

START_TEST(a_loader_without_workers_leaves_the_callers_generator_alone)
{
    own o = { .n = 9, .bad = -1, .odd = -1 };
    tp_dataset *set = tp_dataset_new(&own_class, &o);
    tp_loader *loader = tp_data_loader(set, .batch_size = 2, .seed = 1);
    int64_t samples;
    const tp_rng_state before = tp_rng_get();
    run_epoch(loader, &samples);
    const tp_rng_state after = tp_rng_get();
    ck_assert_mem_eq(&before, &after, sizeof before);
    tp_free_all(loader, set);
}
END_TEST

START_TEST(an_error_in_a_worker_comes_at_its_batch_and_the_loader_goes_on)
{
    for (int workers = 0; workers < 4; workers++) {
        own o = { .n = 20, .bad = 9, .odd = -1 };
        tp_dataset *set = tp_dataset_new(&own_class, &o);
        tp_loader *loader = tp_data_loader(set, .batch_size = 4, .workers = workers);
        tp_batch batch;
        ck_assert(tp_loader_next(loader, &batch));
        ck_assert(tp_loader_next(loader, &batch));
        ck_assert(!tp_failed());
        ck_assert(!tp_loader_next(loader, &batch));
        ck_assert_ptr_null(batch.x);
        ck_assert_str_eq(tp_last_error()->message, "own: sample 9 cannot be read");
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_IO);
        ck_assert(!tp_loader_next(loader, &batch));          /* unread: nothing changes */
        ck_assert(!tp_loader_next(loader, &batch));
        tp_clear_error();
        ck_assert(tp_loader_next(loader, &batch));
        ck_assert_int_eq(batch.indices[0], 12);
        ck_assert(tp_loader_next(loader, &batch));
        ck_assert(!tp_loader_next(loader, &batch));
        ck_assert(!tp_failed());
        ck_assert_int_eq(tp_loader_epoch(loader), 1);
        tp_free_all(loader, set);
        ck_assert_int_eq(o.dropped, 1);
    }
}
END_TEST

START_TEST(a_dataset_that_fails_without_a_reason_is_still_an_error)
{
    own o = { .n = 3, .bad = 1, .odd = -1, .without_reason = true };
    tp_dataset *set = tp_dataset_new(&own_class, &o);
    tp_loader *loader = tp_data_loader(set, .batch_size = 3, .workers = 1);
    tp_batch batch;
    ck_assert(!tp_loader_next(loader, &batch));
    ck_assert_str_eq(tp_last_error()->message, "dataset: get of Own failed and did not say why");
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_IO);
    tp_clear_error();
    tp_free_all(loader, set);
}
END_TEST

START_TEST(samples_of_several_shapes_need_a_collate_function)
{
    own o = { .n = 3, .bad = -1, .odd = 2 };
    tp_dataset *set = tp_dataset_new(&own_class, &o);
    tp_loader *loader = tp_data_loader(set, .batch_size = 3);
    tp_batch batch;
    ck_assert(!tp_loader_next(loader, &batch));
    ck_assert_str_eq(tp_last_error()->message, "data_loader: sample 2 has [3] as field 0, sample 0 of the same batch [2]; a .collate can join them");
    tp_clear_error();
    tp_free_all(loader, set);
}
END_TEST

static tp_status collate_lengths(void *arg, const tp_sample *samples, int64_t n, tp_sample *out)
{
    if (*(int *)arg)
        return TP_ERR_STATE;
    out->field[0] = tp_zeros(TP_SHAPE(n), .dtype = TP_I64);
    int64_t *at = tp_data_mut(out->field[0]);
    for (int64_t i = 0; i < n; i++)
        at[i] = tp_numel(samples[i].field[0]);
    out->n_fields = 1;
    return TP_OK;
}

START_TEST(a_collate_function_makes_the_batch)
{
    own o = { .n = 3, .bad = -1, .odd = 2 };
    int fails = 0;
    tp_dataset *set = tp_dataset_new(&own_class, &o);
    tp_loader *loader = tp_data_loader(set, .batch_size = 3, .workers = 1, .collate = collate_lengths, .collate_arg = &fails);
    tp_batch batch;
    ck_assert(tp_loader_next(loader, &batch));
    ck_assert_int_eq(batch.n_fields, 1);
    ck_assert_ptr_null(batch.y);
    ck_assert_mem_eq(tp_data(batch.x), ((int64_t[]){ 2, 2, 3 }), 24);
    ck_assert(!tp_loader_next(loader, &batch));
    fails = 1;
    ck_assert(!tp_loader_next(loader, &batch));
    ck_assert_str_eq(tp_last_error()->message, "data_loader: the collate function failed and did not say why");
    tp_clear_error();
    tp_free_all(set, loader);
}
END_TEST

START_TEST(an_epoch_can_be_left_early)
{
    tp_dataset *set = numbers(100);
    for (int workers = 0; workers < 4; workers++) {
        tp_loader *loader = tp_data_loader(set, .batch_size = 3, .shuffle = true, .workers = workers, .seed = 2);
        tp_loader *whole = tp_data_loader(set, .batch_size = 3, .shuffle = true, .workers = workers, .seed = 2);
        tp_batch batch;
        int64_t samples;
        tp_loader_reset(loader);                             /* nothing yet to leave */
        ck_assert_int_eq(tp_loader_epoch(loader), 0);
        for (int i = 0; i < 4; i++)
            ck_assert(tp_loader_next(loader, &batch));
        tp_loader_reset(loader);
        ck_assert_int_eq(tp_loader_epoch(loader), 1);
        run_epoch(whole, &samples);
        ck_assert_uint_eq(run_epoch(loader, &samples), run_epoch(whole, &samples));    /* epoch 1 of both */
        ck_assert_int_eq(samples, 100);
        ck_assert(tp_loader_next(loader, &batch));           /* freed in the middle of one */
        tp_free_all(loader, whole);
    }
    tp_dataset_free(set);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

/* The hashes of what is left of an epoch. */
static int rest_of_epoch(tp_loader *loader, uint64_t *hashes)
{
    int n = 0;
    for (tp_batch batch; tp_loader_next(loader, &batch); n++)
        hashes[n] = hash(hash(0, tp_data(batch.x), (size_t)tp_numel(batch.x) * sizeof(float)), batch.indices, (size_t)batch.size * sizeof *batch.indices);
    return n;
}

START_TEST(a_loader_goes_on_where_another_one_was)
{
    tp_dataset *set = numbers(100);
    for (int workers = 0; workers < 4; workers++) {
        uint64_t whole[34], rest[34];
        tp_batch batch;
        tp_loader *first = tp_data_loader(set, .batch_size = 3, .shuffle = true, .workers = workers);
        tp_loader *second = tp_data_loader(set, .batch_size = 3, .shuffle = true, .workers = 3 - workers);       /* of another seed */
        rest_of_epoch(first, whole);
        const tp_loader_place start = tp_loader_tell(first);
        ck_assert(start.epoch == 1 && start.batch == 0);
        ck_assert_int_eq(rest_of_epoch(first, whole), 34);
        for (int64_t had = 0; had <= 34; had += 17) {        /* at its beginning, in its middle, before its end is seen */
            ck_ok(tp_loader_seek(first, start));
            for (int64_t i = 0; i < had; i++)
                ck_assert(tp_loader_next(first, &batch));
            const tp_loader_place place = tp_loader_tell(first);
            ck_assert(place.seed == start.seed && place.epoch == 1 && place.batch == had);
            ck_ok(tp_loader_seek(second, place));
            ck_assert(tp_loader_tell(second).epoch == 1 && tp_loader_tell(second).batch == had);
            ck_assert_int_eq(rest_of_epoch(second, rest), 34 - had);
            ck_assert_mem_eq(rest, whole + had, (size_t)(34 - had) * sizeof *rest);
            ck_assert(tp_loader_next(second, &batch));       /* of epoch 2, which begins at its beginning */
            ck_assert(tp_loader_tell(second).epoch == 2 && tp_loader_tell(second).batch == 1);
        }
        ck_ok(tp_loader_seek(second, (tp_loader_place){ .epoch = INT64_MAX, .batch = 33 }));
        ck_assert_int_eq(rest_of_epoch(second, rest), 1);
        ck_assert_int_eq(tp_loader_tell(second).epoch, INT64_MAX);           /* there is none after it */
        ck_ok(tp_loader_seek(second, (tp_loader_place){ .epoch = 2 }));
        ck_assert_int_eq(tp_loader_seek(second, (tp_loader_place){ .batch = 35 }), TP_ERR_ARGUMENT);
        ck_assert_str_eq(tp_last_error()->message, "loader_seek: batch 35 of epoch 0, where an epoch has 34");
        ck_assert_int_eq(tp_loader_seek(second, start), TP_ERR_ARGUMENT);        /* that is unread */
        tp_clear_error();
        ck_assert(tp_loader_tell(second).epoch == 2);
        ck_assert(tp_loader_tell(NULL).seed == 0 && tp_failed());
        tp_clear_error();
        tp_free_all(first, second);
    }
    tp_dataset_free(set);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(a_kept_batch_stays_as_it_is)
{
    tp_dataset *set = numbers(60);
    for (int workers = 0; workers < 3; workers++) {
        tp_loader *loader = tp_data_loader(set, .batch_size = 4, .workers = workers);
        tp_batch batch;
        tp_tensor *kept[15], *rows[15];
        int n = 0;
        while (tp_loader_next(loader, &batch)) {
            rows[n] = tp_keep(tp_select(batch.y, 0, 1));     /* a view keeps the memory as well */
            kept[n++] = tp_keep(batch.x);
        }
        run_epoch(loader, &(int64_t){ 0 });
        tp_loader_free(loader);
        for (int i = 0; i < 15; i++) {
            ck_assert_float_eq(((const float *)tp_data(kept[i]))[0], 4 * (float)i);
            ck_assert_int_eq(tp_item_i64(rows[i]), 4 * i + 1);
            tp_free(kept[i]);
            tp_free(rows[i]);
        }
    }
    tp_dataset_free(set);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(buffers_of_batches_that_nobody_kept_are_used_again)
{
    tp_dataset *set = numbers(40);
    tp_loader *loader = tp_data_loader(set, .batch_size = 4);
    tp_batch batch;
    ck_assert(tp_loader_next(loader, &batch));
    const void *memory = tp_data(batch.x);
    for (int i = 0; i < 5; i++) {
        ck_assert(tp_loader_next(loader, &batch));
        ck_assert_ptr_eq(tp_data(batch.x), memory);
    }
    tp_requires_grad(batch.x, true);             /* the caller's doing does not leak into the next batch */
    ck_assert(tp_loader_next(loader, &batch));
    ck_assert(!tp_needs_grad(batch.x));
    tp_free_all(set, loader);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(a_loader_holds_its_dataset)
{
    own o = { .n = 10, .bad = -1, .odd = -1 };
    tp_dataset *set = tp_dataset_new(&own_class, &o);
    tp_loader *loader = tp_data_loader(set, .batch_size = 2, .workers = 2);
    tp_dataset_free(set);
    int64_t samples;
    run_epoch(loader, &samples);
    ck_assert_int_eq(samples, 10);
    ck_assert_int_eq(o.dropped, 0);
    tp_loader_free(loader);
    ck_assert_int_eq(o.dropped, 1);
}
END_TEST

START_TEST(a_pending_error_stops_the_loader_and_changes_nothing)
{
    tp_dataset *set = numbers(6);
    tp_loader *loader = tp_data_loader(set, .batch_size = 2);
    tp_batch batch;
    TP_SCOPE();
    ck_assert(tp_loader_next(loader, &batch));
    tp_fail(TP_ERR_STATE, "test: something went wrong");
    ck_assert_int_eq(tp_loader_log(loader, "loss", batch.x), TP_ERR_STATE);
    ck_assert(!tp_loader_next(loader, &batch));
    ck_assert_ptr_null(tp_data_loader(set));
    ck_assert_ptr_null(tp_digits(10));
    ck_assert_str_eq(tp_last_error()->message, "test: something went wrong");
    tp_clear_error();
    ck_assert(tp_loader_next(loader, &batch));
    ck_assert_int_eq(batch.indices[0], 2);
    tp_free_all(set, loader);
}
END_TEST

START_TEST(log_takes_one_element)
{
    tp_dataset *set = numbers(6);
    tp_loader *loader = tp_data_loader(set, .batch_size = 2, .progress = true);
    tp_batch batch;
    TP_SCOPE();
    ck_assert(tp_loader_next(loader, &batch));
    ck_assert_int_eq(tp_loader_log(loader, "loss", tp_scalar(2)), TP_OK);
    ck_assert_int_eq(tp_loader_log(loader, "loss", batch.x), TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert_int_eq(tp_loader_log(loader, "loss", NULL), TP_ERR_ARGUMENT);
    tp_clear_error();
    tp_free_all(set, loader);
}
END_TEST

START_TEST(loader_rejects_options_out_of_range)
{
    tp_dataset *set = numbers(6);
    ck_assert_ptr_null(tp_data_loader(set, .batch_size = 0));
    ck_assert_str_eq(tp_last_error()->message, "data_loader: batch_size 0, not 1 or more");
    tp_clear_error();
    ck_assert_ptr_null(tp_data_loader(set, .workers = -1));
    tp_clear_error();
    ck_assert_ptr_null(tp_data_loader(set, .prefetch = 0));
    tp_clear_error();
    ck_assert_ptr_null(tp_data_loader(NULL));
    ck_assert_str_eq(tp_last_error()->message, "data_loader: the dataset is NULL");
    tp_clear_error();
    tp_dataset_free(set);
}
END_TEST

static void load_all(int workers)
{
    tp_dataset *set = tp_digits(20), *part = tp_subset(set, 2, 17);
    tp_loader *loader = tp_data_loader(part, .batch_size = 4, .shuffle = true, .workers = workers);
    tp_batch batch;
    for (int epoch = 0; epoch < 2; epoch++)
        while (tp_loader_next(loader, &batch))
            loaded += batch.size;
    tp_free_all(set, part, loader);
}

START_TEST(every_failing_allocation_of_a_loader_is_an_error_and_leaks_nothing)
{
    tp_mem_pools(false);
    const int64_t here = fail_everywhere(load_all, 0), threads = fail_everywhere(load_all, 2);
    printf("loader: %lld points, with workers: %lld\n", (long long)here, (long long)threads);
    ck_assert_int_gt(here, 5);
    ck_assert_int_gt(threads, here);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *loader = tcase_create("loader");
    tcase_add_test(loader, loader_gives_each_sample_once_an_epoch);
    tcase_add_test(loader, loader_leaves_out_a_short_batch_when_asked);
    tcase_add_test(loader, order_and_samples_do_not_depend_on_the_number_of_workers);
    tcase_add_test(loader, a_manual_seed_fixes_the_order);
    tcase_add_test(loader, a_loader_without_workers_leaves_the_callers_generator_alone);
    tcase_add_test(loader, an_error_in_a_worker_comes_at_its_batch_and_the_loader_goes_on);
    tcase_add_test(loader, a_dataset_that_fails_without_a_reason_is_still_an_error);
    tcase_add_test(loader, samples_of_several_shapes_need_a_collate_function);
    tcase_add_test(loader, a_collate_function_makes_the_batch);
    tcase_add_test(loader, an_epoch_can_be_left_early);
    tcase_add_test(loader, a_loader_goes_on_where_another_one_was);
    tcase_add_test(loader, a_kept_batch_stays_as_it_is);
    tcase_add_test(loader, buffers_of_batches_that_nobody_kept_are_used_again);
    tcase_add_test(loader, a_loader_holds_its_dataset);
    tcase_add_test(loader, a_pending_error_stops_the_loader_and_changes_nothing);
    tcase_add_test(loader, log_takes_one_element);
    tcase_add_test(loader, loader_rejects_options_out_of_range);
    tcase_add_test(loader, every_failing_allocation_of_a_loader_is_an_error_and_leaks_nothing);
    suite_add_tcase(suite, loader);
    tcase_set_timeout(loader, 120);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
