/* test_order.c: which samples an epoch has, and in what order: drawn with and without replacement, by weights, shared by several loaders, by a
 * sampler; and datasets that are joined and taken apart. */
#include "data.h"
#include "expect.h"

enum { MOST = 4096 };

/* The samples of the next epoch, in order; returns how many. */
static int64_t epoch_of(tp_loader *loader, int64_t *samples)
{
    int64_t n = 0;
    tp_batch batch;
    while (tp_loader_next(loader, &batch)) {
        ck_assert_int_le(n + batch.size, MOST);
        for (int64_t i = 0; i < batch.size; i++) {
            samples[n++] = batch.indices[i];
            ck_assert_int_eq(((const int64_t *)tp_data(batch.y))[i], batch.indices[i]);
        }
    }
    ck_fine();
    return n;
}

START_TEST(drawn_with_replacement_some_come_twice)
{
    int64_t got[MOST], again[MOST], count[10] = { 0 };
    tp_dataset *set = numbers(10);
    tp_loader *loader = tp_data_loader(set, .batch_size = 32, .replacement = true, .samples = 2000, .seed = 1), *same = tp_data_loader(set, .batch_size = 7,
        .replacement = true, .samples = 2000, .seed = 1, .workers = 2);
    ck_assert_int_eq(tp_loader_batches(loader), 63);
    ck_assert_int_eq(epoch_of(loader, got), 2000);
    ck_assert_int_eq(epoch_of(same, again), 2000);
    ck_assert_int_eq(memcmp(got, again, 2000 * sizeof *got), 0);
    for (int i = 0; i < 2000; i++) count[got[i]]++;
    for (int i = 0; i < 10; i++) ck_assert(count[i] > 130 && count[i] < 270);  /* 200 +- 5 deviations */
    ck_assert_int_eq(epoch_of(loader, again), 2000);
    ck_assert_int_ne(memcmp(got, again, 2000 * sizeof *got), 0);               /* another epoch */
    tp_free_all(set, loader, same);
}
END_TEST

START_TEST(more_samples_than_there_are_come_as_several_permutations)
{
    int64_t got[MOST];
    tp_dataset *set = numbers(10);
    tp_loader *loader = tp_data_loader(set, .batch_size = 4, .shuffle = true, .samples = 25, .seed = 3),
              *few = tp_data_loader(set, .shuffle = true, .samples = 3);
    ck_assert_int_eq(epoch_of(loader, got), 25);
    for (int from = 0; from < 20; from += 10) {
        int seen[10] = { 0 };
        for (int i = 0; i < 10; i++) seen[got[from + i]]++;
        for (int i = 0; i < 10; i++) ck_assert_int_eq(seen[i], 1);
    }
    ck_assert_int_eq(epoch_of(few, got), 3);
    ck_assert(got[0] != got[1] && got[1] != got[2] && got[0] != got[2]);
    tp_free_all(set, loader, few);
}
END_TEST

START_TEST(weights_say_how_often)
{
    int64_t got[MOST], count[4] = { 0 };
    const double weights[] = { 1, 0, 2, 5 };
    tp_dataset *set = numbers(4);
    tp_loader *loader = tp_data_loader(set, .batch_size = 64, .weights = weights, .replacement = true, .samples = 4000, .seed = 5);
    tp_loader *once = tp_data_loader(set, .weights = weights, .samples = 3, .seed = 5);
    ck_assert_int_eq(epoch_of(loader, got), 4000);
    for (int i = 0; i < 4000; i++) count[got[i]]++;
    ck_assert_int_eq(count[1], 0);
    ck_assert(count[0] > 395 && count[0] < 605 && count[2] > 863 && count[2] < 1137);      /* 500, 1000 +- 5 deviations */
    int first = 0;
    for (int epoch = 0; epoch < 400; epoch++) {
        ck_assert_int_eq(epoch_of(once, got), 3);
        ck_assert(got[0] + got[1] + got[2] == 5 && got[0] != 1 && got[1] != 1 && got[2] != 1);
        first += got[0] == 3;
    }
    ck_assert(first > 201 && first < 299);             /* 5 of 8 */
    tp_free_all(set, loader, once);
}
END_TEST

START_TEST(replicas_share_an_epoch)
{
    int64_t got[MOST];
    int seen[10] = { 0 }, all = 0;
    tp_dataset *set = numbers(10);
    for (int64_t rank = 0; rank < 3; rank++) {
        tp_loader *loader = tp_data_loader(set, .batch_size = 3, .shuffle = true, .seed = 9, .replicas = 3, .rank = rank);
        ck_assert_int_eq(epoch_of(loader, got), 4);
        for (int i = 0; i < 4; i++) seen[got[i]]++, all++;
        tp_free_all(loader);
    }
    int twice = 0;
    for (int i = 0; i < 10; i++) {
        ck_assert(seen[i] == 1 || seen[i] == 2);
        twice += seen[i] == 2;
    }
    ck_assert_int_eq(twice, 2);                        /* 12 places for 10 */
    tp_loader *plain = tp_data_loader(set, .replicas = 4, .rank = 3);
    ck_assert_int_eq(epoch_of(plain, got), 3);
    ck_assert(got[0] == 3 && got[1] == 7 && got[2] == 1);
    tp_free_all(set, plain);
}
END_TEST

static tp_status backwards(void *arg, int64_t epoch, uint64_t seed, int64_t *places, int64_t n)
{
    (void)seed;
    for (int64_t i = 0; i < n; i++) places[i] = n - 1 - i;
    if (n) places[0] += *(const int64_t *)arg + epoch;
    return TP_OK;
}
static tp_status without_reason(void *arg, int64_t epoch, uint64_t seed, int64_t *places, int64_t n)
{
    (void)arg, (void)epoch, (void)seed, (void)places, (void)n;
    return TP_ERR_IO;
}

static tp_status but_for_the_last(void *arg, int64_t epoch, uint64_t seed, int64_t *places, int64_t n)
{
    (void)arg, (void)epoch, (void)seed;
    for (int64_t i = 0; i + 1 < n; i++) places[i] = i;
    return TP_OK;
}

START_TEST(a_sampler_says_the_order)
{
    int64_t got[MOST], more = 0;
    tp_batch batch;
    tp_dataset *set = numbers(5);
    tp_loader *loader = tp_data_loader(set, .batch_size = 2, .sampler = backwards, .sampler_arg = &more, .samples = 4);
    ck_assert_int_eq(epoch_of(loader, got), 4);
    ck_assert(got[0] == 3 && got[1] == 2 && got[2] == 1 && got[3] == 0);
    more = 1;
    ck_assert(!tp_loader_next(loader, &batch));
    ck_message("data_loader: the sampler gave 5 as number 0, of a dataset of 5");
    tp_loader *failing = tp_data_loader(set, .sampler = without_reason);
    ck_assert(!tp_loader_next(failing, &batch));
    ck_error(TP_ERR_IO, "the sampler failed and did not say why");
    tp_loader *short_of_one = tp_data_loader(set, .sampler = but_for_the_last);
    ck_assert(!tp_loader_next(short_of_one, &batch));
    ck_message("data_loader: the sampler gave -1 as number 4, of a dataset of 5");
    tp_free_all(set, loader, failing, short_of_one);
}
END_TEST

START_TEST(orders_that_cannot_be_are_refused)
{
    tp_dataset *set = numbers(3), *none = tp_subset(set, 0, 0);
    const double bad[] = { 1, -1, 0 }, zero[] = { 0, 0, 0 }, one[] = { 0, 1, 0 };
    ck_assert_ptr_null(tp_data_loader(set, .samples = 2));
    ck_error(TP_ERR_ARGUMENT, "samples 2 goes with shuffle, replacement, weights or a sampler");
    ck_assert_ptr_null(tp_data_loader(set, .replacement = true, .samples = -2));
    ck_error(TP_ERR_ARGUMENT, "samples -2, not 0 or more");
    ck_assert_ptr_null(tp_data_loader(set, .weights = bad));
    ck_error(TP_ERR_ARGUMENT, "weight 1 is -1");
    ck_assert_ptr_null(tp_data_loader(set, .weights = zero, .replacement = true));
    ck_error(TP_ERR_ARGUMENT, "the weights add up to 0");
    ck_assert_ptr_null(tp_data_loader(set, .weights = one));
    ck_error(TP_ERR_ARGUMENT, "3 samples without replacement, of which 1 have a weight");
    ck_assert_ptr_null(tp_data_loader(set, .replicas = 2, .rank = 2));
    ck_error(TP_ERR_ARGUMENT, "rank 2 of 2 replicas");
    ck_assert_ptr_null(tp_data_loader(set, .replicas = 2, .shuffle = true));
    ck_error(TP_ERR_ARGUMENT, "need a seed, the same for all");
    ck_assert_ptr_null(tp_data_loader(set, .sampler = backwards, .shuffle = true));
    ck_error(TP_ERR_ARGUMENT, "a sampler goes without shuffle");
    ck_assert_ptr_null(tp_data_loader(none, .replacement = true, .samples = 2));
    ck_error(TP_ERR_ARGUMENT, "2 samples of an empty dataset");
    tp_free_all(set, none);
}
END_TEST

/* ---- Joined datasets ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(datasets_stand_one_after_the_other_and_side_by_side)
{
    TP_SCOPE();
    tp_dataset *a = numbers(3), *empty = tp_subset(a, 0, 0), *b = numbers(2), *joined = tp_concat_dataset((tp_dataset *[]){ a, empty, b }, 3);
    tp_dataset *beside = tp_stack_dataset((tp_dataset *[]){ b, b }, 2);
    tp_sample sample;
    ck_assert_int_eq(tp_dataset_count(joined), 5);
    const int place[] = { 0, 1, 2, 0, 1 };
    tp_free_all(a, empty, b);                          /* they are held */
    for (int i = 0; i < 5; i++) {
        ck_ok(tp_dataset_get(joined, i, &sample));
        ck_values(sample.field[1], place[i]);
    }
    ck_ok(tp_dataset_get(beside, 1, &sample));
    ck_assert_int_eq(sample.n_fields, 4);
    ck_values(sample.field[2], 1, 2);
    ck_assert_int_eq(tp_dataset_get(joined, 5, &sample), TP_ERR_INDEX);
    tp_clear_error();
    ck_assert_ptr_null(tp_stack_dataset((tp_dataset *[]){ joined, beside }, 2));
    ck_message("stack_dataset: dataset 1 has 2 samples, the first 5");
    ck_assert_ptr_null(tp_concat_dataset((tp_dataset *[]){ joined, NULL }, 2));
    ck_error(TP_ERR_ARGUMENT, "concat_dataset: the dataset is NULL");
    ck_assert_ptr_null(tp_concat_dataset(NULL, 0));
    ck_error(TP_ERR_ARGUMENT, "concat_dataset: 0 datasets");
    tp_free_all(joined, beside);
}
END_TEST

START_TEST(a_dataset_is_taken_apart_at_random)
{
    TP_SCOPE();
    tp_dataset *set = numbers(10), *part[2], *other[2];
    int seen[10] = { 0 }, differ = 0;
    ck_ok(tp_random_split(set, (int64_t[]){ 7, 3 }, 2, 4, part));
    ck_ok(tp_random_split(set, (int64_t[]){ 7, 3 }, 2, 5, other));
    for (int p = 0; p < 2; p++)
        for (int64_t i = 0; i < tp_dataset_count(part[p]); i++) {
            tp_sample x, y;
            ck_ok(tp_dataset_get(part[p], i, &x));
            ck_ok(tp_dataset_get(other[p], i, &y));
            seen[tp_item_i64(x.field[1])]++;
            differ += tp_item_i64(x.field[1]) != tp_item_i64(y.field[1]);
        }
    for (int i = 0; i < 10; i++) ck_assert_int_eq(seen[i], 1);
    ck_assert_int_gt(differ, 0);
    tp_free_all(part[0], part[1], other[0], other[1]);
    ck_assert_int_eq(tp_random_split(set, (int64_t[]){ 7, 4 }, 2, 4, part), TP_ERR_ARGUMENT);
    ck_message("random_split: the parts have 11 samples, the dataset 10");
    ck_assert_ptr_null(part[0]);
    tp_free_all(set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("order");
    TCase *t = tcase_create("order");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, drawn_with_replacement_some_come_twice);
    tcase_add_test(t, more_samples_than_there_are_come_as_several_permutations);
    tcase_add_test(t, weights_say_how_often);
    tcase_add_test(t, replicas_share_an_epoch);
    tcase_add_test(t, a_sampler_says_the_order);
    tcase_add_test(t, orders_that_cannot_be_are_refused);
    tcase_add_test(t, datasets_stand_one_after_the_other_and_side_by_side);
    tcase_add_test(t, a_dataset_is_taken_apart_at_random);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
