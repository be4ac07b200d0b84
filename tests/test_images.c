/* tests/test_images.c: CIFAR-10's files, broken ones above all, and the shapes that are drawn. */
#include "failing.h"
#include "folder.h"

#include <sys/stat.h>

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS };

/* Record i is of class label + i; its pixels count up from i. */
static void write_records(const char *name, int n, int label, size_t size)
{
    static uint8_t at[16 * RECORD];
    for (int i = 0; i < n; i++) {
        at[i * RECORD] = (uint8_t)(label + i);
        for (int j = 0; j < PIXELS; j++) at[i * RECORD + 1 + j] = (uint8_t)(i + j % 251);
    }
    write_bytes(in_folder(name), at, size);
}

static void write_whole(const char *name, int n, int label) { write_records(name, n, label, (size_t)n * RECORD); }

static tp_tensor *image_of(tp_dataset *set, int64_t i, int64_t *label)
{
    tp_sample sample;
    ck_ok(tp_dataset_get(set, i, &sample));
    ck_assert_int_eq(sample.n_fields, 2);
    *label = tp_item_i64(sample.field[1]);
    return sample.field[0];
}

START_TEST(cifar10_reads_labels_and_the_three_planes)
{
    TP_SCOPE();
    write_whole("test_batch.bin", 3, 4);
    tp_dataset *set = tp_cifar10(folder, .train = false);
    ck_fine();
    ck_assert_int_eq(tp_dataset_count(set), 3);
    int64_t label;
    tp_tensor *x = image_of(set, 2, &label);
    ck_assert_int_eq(label, 6);
    ck_assert(tp_ndim(x) == 3 && tp_size(x, 0) == 3 && tp_size(x, 1) == 32 && tp_size(x, 2) == 32);
    const float *values = tp_data(x);
    for (int j = 0; j < PIXELS; j++) ck_assert_float_eq_tol(values[j], (float)(2 + j % 251) / 255, 1e-7f);
    tp_free_all(set);
    ck_fine();
}
END_TEST

START_TEST(cifar10_normalizes_each_channel_by_its_own_mean)
{
    TP_SCOPE();
    write_whole("test_batch.bin", 1, 0);
    tp_dataset *set = tp_cifar10(folder, .train = false, .normalize = true);
    int64_t label;
    const float *values = tp_data(image_of(set, 0, &label));
    ck_assert_double_eq_tol(values[0], -0.4914 / 0.2470, 1e-6);
    ck_assert_double_eq_tol(values[1024], (1024 % 251 / 255.0 - 0.4822) / 0.2435, 1e-6);
    ck_assert_double_eq_tol(values[2048], (2048 % 251 / 255.0 - 0.4465) / 0.2616, 1e-6);
    tp_free_all(set);
    ck_fine();
}
END_TEST

START_TEST(cifar10_joins_its_train_files_in_their_order)
{
    TP_SCOPE();
    char name[32];
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "data_batch_%d.bin", i);
        write_whole(name, i % 2 + 1, i);
    }
    tp_dataset *set = tp_cifar10(folder);
    const int64_t want[] = { 1, 2, 2, 3, 4, 4, 5, 6 };
    ck_fine();
    ck_assert_int_eq(tp_dataset_count(set), 8);
    for (int64_t i = 0, label; i < 8; i++) {
        image_of(set, i, &label);
        ck_assert_int_eq(label, want[i]);
    }
    tp_free_all(set);

    unlink(in_folder("data_batch_5.bin")), unlink(in_folder("data_batch_4.bin"));        /* the last ones may be missing */
    set = tp_cifar10(folder);
    ck_assert_int_eq(tp_dataset_count(set), 5);
    tp_free_all(set);
    unlink(in_folder("data_batch_2.bin"));                                               /* not one before another */
    ck_assert_ptr_null(tp_cifar10(folder));
    ck_error(TP_ERR_IO, "data_batch_3.bin, but no data_batch_2.bin");
}
END_TEST

START_TEST(cifar10_finds_the_folder_that_the_archive_unpacks)
{
    TP_SCOPE();
    ck_assert_int_eq(mkdir(in_folder("cifar-10-batches-bin"), 0700), 0);
    write_whole("cifar-10-batches-bin/test_batch.bin", 2, 0);
    tp_dataset *set = tp_cifar10(folder, .train = false);
    ck_assert_int_eq(tp_dataset_count(set), 2);
    tp_free_all(set);
    ck_fine();
    unlink(in_folder("cifar-10-batches-bin/test_batch.bin"));
    rmdir(in_folder("cifar-10-batches-bin"));
}
END_TEST

static void ck_refused(size_t size, tp_status status, const char *part)
{
    write_records("data_batch_1.bin", 2, 0, size);
    ck_assert_ptr_null(tp_cifar10(folder));
    ck_error(status, part);
}

START_TEST(cifar10_refuses_files_that_are_no_whole_number_of_records)
{
    ck_refused(0, TP_ERR_FORMAT, "data_batch_1.bin has 0 bytes, which are not records of 3073: it is empty");
    ck_refused(1, TP_ERR_FORMAT, "has 1 bytes, which are not records of 3073: it is cut short");
    ck_refused(RECORD - 1, TP_ERR_FORMAT, "cut short");
    ck_refused(2 * RECORD - 1, TP_ERR_FORMAT, "has 6145 bytes");
    ck_refused(RECORD + 1, TP_ERR_FORMAT, "cut short");
}
END_TEST

START_TEST(cifar10_refuses_a_label_that_is_none)
{
    write_whole("data_batch_1.bin", 4, 7);
    ck_assert_ptr_null(tp_cifar10(folder));
    ck_error(TP_ERR_FORMAT, "data_batch_1.bin has label 10, not 0 to 9");
}
END_TEST

START_TEST(cifar10_names_the_file_that_is_missing)
{
    ck_assert_ptr_null(tp_cifar10(folder));
    ck_error(TP_ERR_IO, "cifar10: no data_batch_1.bin in /");
    ck_assert_ptr_null(tp_cifar10(folder, .train = false));
    ck_error(TP_ERR_IO, "cifar10: no test_batch.bin in /");
    ck_assert_ptr_null(tp_cifar10(NULL));
    ck_error(TP_ERR_ARGUMENT, "the folder is NULL");
    char *name = calloc(1, 5001);
    memset(name, 'a', 5000);
    ck_assert_ptr_null(tp_cifar10(name));
    ck_error(TP_ERR_ARGUMENT, "has 5000 bytes, which is too long");
    free(name);
    ck_assert_int_eq(mkdir(in_folder("test_batch.bin"), 0700), 0);
    ck_assert_ptr_null(tp_cifar10(folder, .train = false));
    ck_error(TP_ERR_IO, "is not a regular file");
    rmdir(in_folder("test_batch.bin"));
}
END_TEST

static void read_cifar10(void *arg)
{
    (void)arg;
    tp_dataset *set = tp_cifar10(folder);
    tp_dataset_free(set);
}

static void draw_shapes(void *arg)
{
    (void)arg;
    tp_dataset *set = tp_shapes(2);
    tp_dataset_free(set);
}

START_TEST(every_allocation_may_fail)
{
    write_whole("data_batch_1.bin", 2, 0);
    write_whole("data_batch_2.bin", 1, 0);
    every_point("cifar10", read_cifar10, NULL, NULL);
    every_point("shapes", draw_shapes, NULL, NULL);
}
END_TEST

/* ---- Shapes ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(tp_dataset *set)
{
    uint64_t h = 0xcbf29ce484222325u;                                                    /* FNV-1a */
    for (int64_t i = 0; i < tp_dataset_count(set); i++) {
        TP_SCOPE();
        int64_t label;
        const float *x = tp_data(image_of(set, i, &label));
        for (int j = 0; j < PIXELS; j++) h = (h ^ (uint8_t)(x[j] * 255 + 0.5f)) * 0x100000001b3u;
        h = (h ^ (uint8_t)label) * 0x100000001b3u;
    }
    return h;
}

START_TEST(shapes_are_the_same_on_every_machine)
{
    tp_dataset *train = tp_shapes(50, .seed = 3), *again = tp_shapes(40, .seed = 3), *first = tp_subset(train, 0, 40);
    tp_dataset *test = tp_shapes(50, .seed = 3, .train = false), *other = tp_shapes(50, .seed = 4);
    ck_assert_uint_eq(hash_of(first), hash_of(again));
    ck_assert_uint_ne(hash_of(train), hash_of(test));
    ck_assert_uint_ne(hash_of(train), hash_of(other));
    ck_assert_msg(hash_of(train) == 0x753afd1fa4b4bcb9u, "0x%llxu", (unsigned long long)hash_of(train));
    tp_free_all(train, again, first, test, other);
    ck_assert_ptr_null(tp_shapes(-1));
    ck_message("shapes: -1 images");
}
END_TEST

START_TEST(shapes_come_in_ten_classes_and_stand_out_from_their_ground)
{
    TP_SCOPE();
    tp_dataset *set = tp_shapes(600, .seed = 1);
    int64_t count[10] = { 0 }, label;
    double deviation = 0;
    for (int64_t i = 0; i < 600; i++) {
        TP_SCOPE();
        tp_tensor *x = image_of(set, i, &label);
        ck_assert(label >= 0 && label < 10);
        count[label]++;
        deviation += tp_item(tp_mean(tp_std(tp_flatten(x, 1, -1), .dims = TP_DIMS(1)))) / 600;
    }
    for (int c = 0; c < 10; c++) ck_assert_msg(count[c] > 30 && count[c] < 90, "class %d: %lld images of 600", c, (long long)count[c]);
    ck_assert_double_gt(deviation, 0.05);
    tp_free_all(set);
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("images");
    TCase *t = tcase_create("images");
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, cifar10_reads_labels_and_the_three_planes);
    tcase_add_test(t, cifar10_normalizes_each_channel_by_its_own_mean);
    tcase_add_test(t, cifar10_joins_its_train_files_in_their_order);
    tcase_add_test(t, cifar10_finds_the_folder_that_the_archive_unpacks);
    tcase_add_test(t, cifar10_refuses_files_that_are_no_whole_number_of_records);
    tcase_add_test(t, cifar10_refuses_a_label_that_is_none);
    tcase_add_test(t, cifar10_names_the_file_that_is_missing);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_add_test(t, shapes_are_the_same_on_every_machine);
    tcase_add_test(t, shapes_come_in_ten_classes_and_stand_out_from_their_ground);
    suite_add_tcase(s, t);
    return run_suite(s);
}
