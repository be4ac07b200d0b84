/* test_data.c: IDX files, broken ones above all; datasets. */
#include "data.h"
#include "folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- Files ---------------------------------------------------------------------------------------------------------------- */

static const char *write_plain(const char *name, const void *at, size_t n)
{
    const char *path = in_folder(name);
    write_bytes(path, at, n);
    return path;
}

static const char *write_gzipped(const char *name, const void *raw, size_t n)
{
    const char *path = in_folder(name);
    gzFile f = gzopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    if (n)
        ck_assert_int_eq(gzwrite(f, raw, (unsigned)n), (int)n);
    gzclose(f);
    return path;
}

static size_t read_back(const char *path, uint8_t *raw, size_t most)
{
    FILE *f = fopen(path, "rb");
    const size_t n = fread(raw, 1, most, f);
    fclose(f);
    return n;
}

/* The read fails with this code, and a message that holds `part`. */
static void expect_broken(const char *path, tp_status code, const char *part)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_idx_read(path));
    ck_assert_ptr_nonnull(tp_last_error());
    ck_assert_msg(strstr(tp_last_error()->message, part), "\"%s\" lacks \"%s\"", tp_last_error()->message, part);
    ck_assert_int_eq(tp_last_error()->code, code);
    tp_clear_error();
}

static const uint8_t six_bytes[] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255 };

START_TEST(idx_reads_bytes_in_their_shape)
{
    TP_SCOPE();
    tp_tensor *x = tp_idx_read(write_plain("six", six_bytes, sizeof six_bytes));
    ck_assert_ptr_nonnull(x);
    ck_assert_int_eq(tp_dtype_of(x), TP_U8);
    ck_assert_int_eq(tp_ndim(x), 2);
    ck_assert_int_eq(tp_size(x, 0), 2);
    ck_assert_int_eq(tp_size(x, 1), 3);
    ck_assert_mem_eq(tp_data(x), six_bytes + 12, 6);
}
END_TEST

START_TEST(idx_reads_big_endian_numbers)
{
    TP_SCOPE();
    static const uint8_t shorts[] = { 0, 0, 0x0B, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe };
    static const uint8_t ints[] = { 0, 0, 0x0C, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfd };
    static const uint8_t floats[] = { 0, 0, 0x0D, 1, 0, 0, 0, 1, 0xc0, 0x20, 0, 0 };
    static const uint8_t doubles[] = { 0, 0, 0x0E, 1, 0, 0, 0, 1, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0 };
    tp_tensor *s = tp_idx_read(write_plain("s", shorts, sizeof shorts));
    ck_assert_int_eq(((const int16_t *)tp_data(s))[0], 258);
    ck_assert_int_eq(((const int16_t *)tp_data(s))[1], -2);
    ck_assert_int_eq(tp_item_i64(tp_idx_read(write_plain("i", ints, sizeof ints))), -3);
    ck_assert_double_eq(tp_item(tp_idx_read(write_plain("f", floats, sizeof floats))), -2.5);
    ck_assert_double_eq(tp_item(tp_idx_read(write_plain("d", doubles, sizeof doubles))), 0.5);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(idx_reads_gzipped_files_like_plain_ones)
{
    TP_SCOPE();
    const size_t n = 8 + 300000;                 /* more than one chunk, in and out */
    uint8_t *raw = malloc(n);
    memcpy(raw, (uint8_t[]){ 0, 0, 8, 1, 0, 4, 0x93, 0xe0 }, 8);
    for (size_t i = 8; i < n; i++)
        raw[i] = (uint8_t)(i * i >> 7);
    tp_tensor *plain = tp_idx_read(write_plain("plain", raw, n));
    tp_tensor *gzipped = tp_idx_read(write_gzipped("gzipped", raw, n));
    ck_assert_ptr_nonnull(gzipped);
    ck_assert(tp_equal(plain, gzipped));
    ck_assert_mem_eq(tp_data(gzipped), raw + 8, n - 8);
    free(raw);
}
END_TEST

START_TEST(idx_reads_gzip_members_as_one_file)
{
    TP_SCOPE();
    uint8_t raw[512];
    write_gzipped("a", six_bytes, 10);
    write_gzipped("b", six_bytes + 10, sizeof six_bytes - 10);
    size_t n = read_back(in_folder("a"), raw, sizeof raw);
    n += read_back(in_folder("b"), raw + n, sizeof raw - n);
    tp_tensor *x = tp_idx_read(write_plain("joined", raw, n));
    ck_assert_ptr_nonnull(x);
    ck_assert_mem_eq(tp_data(x), six_bytes + 12, 6);
}
END_TEST

START_TEST(idx_reads_an_empty_dim)
{
    TP_SCOPE();
    static const uint8_t empty[] = { 0, 0, 8, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };
    ck_assert_int_eq(tp_numel(tp_idx_read(write_plain("e", empty, sizeof empty))), 0);
    ck_assert_int_eq(tp_numel(tp_idx_read(write_gzipped("eg", empty, sizeof empty))), 0);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(idx_says_why_a_file_cannot_be_opened)
{
    expect_broken(in_folder("nothing"), TP_ERR_IO, "No such file");
    expect_broken(folder, TP_ERR_IO, "not a regular file");
    ck_assert_ptr_null(tp_idx_read(NULL));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_ARGUMENT);
    tp_clear_error();
}
END_TEST

START_TEST(idx_rejects_a_broken_header)
{
    expect_broken(write_plain("x", "", 0), TP_ERR_FORMAT, "ends after 0");
    expect_broken(write_plain("x", six_bytes, 3), TP_ERR_FORMAT, "ends after 3");
    expect_broken(write_plain("x", six_bytes, 9), TP_ERR_FORMAT, "the list of dims has 8 bytes");
    expect_broken(write_plain("x", "PNG\r\n.....", 10), TP_ERR_FORMAT, "50 4e 47 0d");
    expect_broken(write_plain("x", "\0\0\x0a\1\0\0\0\1x", 9), TP_ERR_FORMAT, "no IDX magic number");
    expect_broken(write_plain("x", "\0\0\x08\0x", 5), TP_ERR_FORMAT, "has 0 dims");
    expect_broken(write_plain("x", "\0\0\x08\x09........................................", 44), TP_ERR_FORMAT, "has 9 dims");
    expect_broken(write_gzipped("x", "", 0), TP_ERR_FORMAT, "ends after 0");
    expect_broken(write_gzipped("x", six_bytes, 9), TP_ERR_FORMAT, "the list of dims");
}
END_TEST

START_TEST(idx_rejects_data_of_another_length_than_the_header_says)
{
    uint8_t longer[sizeof six_bytes + 1] = { 0 };
    memcpy(longer, six_bytes, sizeof six_bytes);
    expect_broken(write_plain("x", six_bytes, sizeof six_bytes - 1), TP_ERR_FORMAT, "promises more elements");
    expect_broken(write_gzipped("x", six_bytes, sizeof six_bytes - 1), TP_ERR_FORMAT, "ends after 5");
    expect_broken(write_plain("x", longer, sizeof longer), TP_ERR_FORMAT, "goes on after the 6 bytes");
    expect_broken(write_gzipped("x", longer, sizeof longer), TP_ERR_FORMAT, "goes on after the 6 bytes");
}
END_TEST

START_TEST(idx_allocates_nothing_that_the_file_cannot_hold)
{
    static const uint8_t huge[] = { 0, 0, 0x0E, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 };
    static const uint8_t large[] = { 0, 0, 8, 1, 0x40, 0, 0, 0, 1 };
    tp_memory before, after;
    expect_broken(write_gzipped("x", huge, sizeof huge), TP_ERR_FORMAT, "promises more");     /* a thread's first error takes memory */
    tp_memory_stats(TP_CPU, &before);
    expect_broken(write_plain("x", huge, sizeof huge), TP_ERR_FORMAT, "promises more");
    expect_broken(write_gzipped("x", huge, sizeof huge), TP_ERR_FORMAT, "promises more");
    expect_broken(write_plain("x", large, sizeof large), TP_ERR_FORMAT, "promises more");
    expect_broken(write_gzipped("x", large, sizeof large), TP_ERR_FORMAT, "promises more");
    tp_memory_stats(TP_CPU, &after);
    ck_assert(after.peak == before.peak || after.peak - before.in_use < 1 << 20);
    ck_assert_int_eq(after.in_use, before.in_use);
}
END_TEST

START_TEST(idx_rejects_broken_gzip_data)
{
    uint8_t raw[512];
    write_gzipped("good", six_bytes, sizeof six_bytes);
    const size_t n = read_back(in_folder("good"), raw, sizeof raw);
    for (size_t cut = 2; cut < n; cut++)         /* at every length */
        expect_broken(write_plain("x", raw, cut), TP_ERR_FORMAT, "idx_read: ");
    raw[n - 8] ^= 1;                           /* the sum */
    expect_broken(write_plain("x", raw, n), TP_ERR_FORMAT, "broken: incorrect data check");
    raw[n - 8] ^= 1;
    memcpy(raw + n, "rest", 4);
    expect_broken(write_plain("x", raw, n + 4), TP_ERR_FORMAT, "broken");
}
END_TEST

static const uint8_t two_images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 51, 255, 102 };
static const uint8_t two_labels[] = { 0, 0, 8, 1, 0, 0, 0, 2, 7, 3 };

START_TEST(mnist_finds_its_files_gzipped_or_not)
{
    TP_SCOPE();
    write_plain("train-images-idx3-ubyte", two_images, sizeof two_images);
    write_gzipped("train-labels-idx1-ubyte.gz", two_labels, sizeof two_labels);
    write_gzipped("t10k-images.idx3-ubyte.gz", two_images, sizeof two_images);
    write_plain("t10k-labels.idx1-ubyte", two_labels, sizeof two_labels);
    for (int train = 0; train < 2; train++) {
        tp_dataset *set = tp_mnist(folder, .train = train);
        ck_assert_int_eq(tp_dataset_count(set), 2);
        tp_sample sample;
        ck_assert_int_eq(tp_dataset_get(set, 1, &sample), TP_OK);
        ck_assert_int_eq(sample.n_fields, 2);
        ck_assert_int_eq(tp_ndim(sample.field[0]), 3);
        ck_assert_int_eq(tp_size(sample.field[0], 1), 2);
        ck_assert_float_eq(((const float *)tp_data(sample.field[0]))[0], 1);
        ck_assert_float_eq_tol(((const float *)tp_data(sample.field[0]))[1], 0.4f, 1e-7f);
        ck_assert_int_eq(tp_item_i64(sample.field[1]), 3);
        tp_free_all(set);
    }
    tp_dataset *set = tp_mnist(folder, .normalize = true);
    tp_sample sample;
    ck_assert_int_eq(tp_dataset_get(set, 1, &sample), TP_OK);
    ck_assert_float_eq_tol(((const float *)tp_data(sample.field[0]))[0], (1 - 0.1307f) / 0.3081f, 1e-6f);
    tp_free_all(set);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(mnist_names_the_file_that_is_missing)
{
    ck_assert_ptr_null(tp_mnist(folder, .train = false));
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "mnist: no t10k-images-idx3-ubyte or .gz in "));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_IO);
    tp_clear_error();
    write_plain("t10k-images-idx3-ubyte", two_images, sizeof two_images);
    ck_assert_ptr_null(tp_mnist(folder, .train = false));
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "t10k-labels-idx1-ubyte"));
    tp_clear_error();
}
END_TEST

START_TEST(images_and_labels_must_pair_up)
{
    static const uint8_t one_label[] = { 0, 0, 8, 1, 0, 0, 0, 1, 7 };
    const char *images = write_plain("images", two_images, sizeof two_images), *labels = write_plain("labels", two_labels, sizeof two_labels);
    ck_assert_ptr_null(tp_idx_dataset(images, write_plain("one", one_label, sizeof one_label)));
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "2 images"));
    tp_clear_error();
    ck_assert_ptr_null(tp_idx_dataset(labels, images));
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "images are 3 of uint8"));
    tp_clear_error();
}
END_TEST

/* ---- Datasets ----------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of_images(tp_dataset *set)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int64_t i = 0; i < tp_dataset_count(set); i++) {
        TP_SCOPE();
        tp_sample sample;
        ck_assert_int_eq(tp_dataset_get(set, i, &sample), TP_OK);
        const float *x = tp_data(sample.field[0]);
        for (int j = 0; j < 784; j++)
            h = hash(h, &(uint8_t){ (uint8_t)(x[j] * 255 + 0.5f) }, 1);
        h = hash(h, &(uint8_t){ (uint8_t)tp_item_i64(sample.field[1]) }, 1);
    }
    return h;
}

START_TEST(digits_are_the_same_on_every_machine)
{
    tp_dataset *train = tp_digits(50, .seed = 3), *again = tp_digits(40, .seed = 3), *first = tp_subset(train, 0, 40);
    tp_dataset *test = tp_digits(50, .seed = 3, .train = false), *other = tp_digits(50, .seed = 4);
    ck_assert_uint_eq(hash_of_images(first), hash_of_images(again));
    ck_assert_uint_ne(hash_of_images(train), hash_of_images(test));
    ck_assert_uint_ne(hash_of_images(train), hash_of_images(other));
    ck_assert_uint_eq(hash_of_images(train), 0x7239293d9eafc9ffu);
    tp_free_all(train, again, first, test, other);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(tensor_dataset_outlives_the_scope_of_its_tensors)
{
    tp_dataset *set = numbers(5);
    TP_SCOPE();
    tp_sample sample;
    ck_assert_int_eq(tp_dataset_count(set), 5);
    ck_assert_int_eq(tp_dataset_get(set, 4, &sample), TP_OK);
    ck_assert_float_eq(((const float *)tp_data(sample.field[0]))[1], 8);
    ck_assert_int_eq(tp_item_i64(sample.field[1]), 4);
    ck_assert_int_eq(tp_dataset_get(set, 5, &sample), TP_ERR_INDEX);
    ck_assert_ptr_null(sample.field[0]);
    ck_assert_str_eq(tp_last_error()->message, "dataset_get: sample 5 of Tensors, which has 5");
    tp_clear_error();
    tp_dataset_free(set);
}
END_TEST

START_TEST(tensor_dataset_rejects_what_does_not_fit)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_tensor_dataset(TP_TENSORS(tp_zeros(TP_SHAPE(3, 2)), tp_zeros(TP_SHAPE(4)))));
    ck_assert_str_eq(tp_last_error()->message, "tensor_dataset: tensor 1 has 4 samples, tensor 0 has 3");
    tp_clear_error();
    ck_assert_ptr_null(tp_tensor_dataset(TP_TENSORS(tp_scalar(1))));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_SHAPE);
    tp_clear_error();
}
END_TEST

/* 0, 1, .. n - 1, the two of a step. */
START_TEST(windows_come_with_what_comes_next)
{
    TP_SCOPE();
    tp_dataset *set = tp_window_dataset(series(11), 3), *close = tp_window_dataset(tp_arange(0, 11, 1), 3, .stride = 2);
    tp_sample sample;
    ck_assert_int_eq(tp_dataset_count(set), 3);        /* 0 3 6: the window at 9 lacks what comes next */
    ck_assert_int_eq(tp_dataset_count(close), 4);      /* 0 2 4 6 */
    ck_assert_int_eq(tp_dataset_get(set, 2, &sample), TP_OK);
    ck_assert_int_eq(sample.n_fields, 2);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(((const int64_t *)tp_data(sample.field[0]))[i], 12 + i);
        ck_assert_int_eq(((const int64_t *)tp_data(sample.field[1]))[i], 14 + i);
    }
    ck_assert_int_eq(tp_dataset_get(close, 3, &sample), TP_OK);
    ck_assert_int_eq(tp_ndim(sample.field[1]), 1);
    ck_assert_int_eq(((const int64_t *)tp_data(sample.field[1]))[2], 9);
    tp_free_all(set, close);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(random_windows_are_drawn_anew_and_reach_both_ends)
{
    tp_dataset *set = tp_window_dataset(tp_arange(0, 6, 1), 4, .random = 60);
    tp_loader *loader = tp_data_loader(set, .batch_size = 20, .seed = 3, .workers = 2);
    tp_batch batch;
    int64_t first[2][60], seen[6] = { 0 };
    for (int epoch = 0; epoch < 2; epoch++)
        for (int64_t n = 0; tp_loader_next(loader, &batch); n += batch.size)
            for (int64_t i = 0; i < batch.size; i++) {
                const int64_t *x = (const int64_t *)tp_data(batch.x) + 4 * i, *y = (const int64_t *)tp_data(batch.y) + 4 * i;
                for (int j = 0; j < 4; j++)
                    ck_assert_int_eq(y[j], x[j] + 1);
                ck_assert_int_eq(x[3], x[0] + 3);
                seen[first[epoch][n + i] = x[0]]++;
            }
    ck_assert(seen[0] > 30 && seen[1] > 30 && seen[0] + seen[1] == 120);
    ck_assert_mem_ne(first[0], first[1], sizeof first[0]);
    tp_free_all(loader, set);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(windows_reject_what_does_not_fit)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_window_dataset(tp_arange(0, 4, 1), 4));
    ck_assert_str_eq(tp_last_error()->message, "window_dataset: 4 steps are no window of 4 and the step after it");
    tp_clear_error();
    ck_assert_ptr_null(tp_window_dataset(tp_arange(0, 4, 1), 0));
    ck_assert_str_eq(tp_last_error()->message, "window_dataset: length 0 and stride 0 must be at least 1, random 0 not negative");
    tp_clear_error();
    ck_assert_ptr_null(tp_window_dataset(tp_arange(0, 4, 1), 2, .stride = 1, .random = 5));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_ptr_null(tp_window_dataset(tp_scalar(1), 1));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert_ptr_null(tp_window_dataset(NULL, 1));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_ARGUMENT);
    tp_clear_error();
}
END_TEST

START_TEST(subset_holds_its_set_and_checks_its_bounds)
{
    tp_dataset *set = numbers(10), *part = tp_subset(set, 6, 3), *some = tp_subset_of(part, (int64_t[]){ 2, 0 }, 2);
    ck_assert_ptr_null(tp_subset(set, 8, 3));
    ck_assert_str_eq(tp_last_error()->message, "subset: 3 samples from 8 on, of a dataset of 10");
    tp_clear_error();
    ck_assert_ptr_null(tp_subset_of(part, (int64_t[]){ 0, 3 }, 2));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_INDEX);
    tp_clear_error();
    tp_free_all(set, part);
    TP_SCOPE();
    tp_sample sample;
    ck_assert_int_eq(tp_dataset_count(some), 2);
    ck_assert_int_eq(tp_dataset_get(some, 0, &sample), TP_OK);
    ck_assert_int_eq(tp_item_i64(sample.field[1]), 8);
    tp_free_all(some);
}
END_TEST

START_TEST(dataset_new_drops_self_also_when_it_fails)
{
    own o = { .n = 1 };
    tp_dataset_class type = own_class;
    type.get = NULL;
    ck_assert_ptr_null(tp_dataset_new(&type, &o));
    ck_assert_int_eq(o.dropped, 1);
    ck_assert_str_eq(tp_last_error()->message, "dataset_new: Own has neither .get nor .get_batch");
    tp_clear_error();
    tp_dataset *set = tp_dataset_new(&own_class, &o);
    ck_assert_ptr_eq(tp_dataset_retain(set), set);
    tp_dataset_free(set);
    ck_assert_int_eq(o.dropped, 1);
    tp_dataset_free(set);
    ck_assert_int_eq(o.dropped, 2);
}
END_TEST

/* ---- While memory fails ------------------------------------------------------------------------------------------------------ */

static void read_files(int unused)
{
    (void)unused;
    tp_dataset *set = tp_mnist(folder);
    loaded = set ? tp_dataset_count(set) : 0;
    tp_free_all(set);
}

START_TEST(every_failing_allocation_of_files_is_an_error_and_leaks_nothing)
{
    tp_mem_pools(false);
    write_plain("train-images-idx3-ubyte", two_images, sizeof two_images);
    write_gzipped("train-labels-idx1-ubyte.gz", two_labels, sizeof two_labels);
    const int64_t points = fail_everywhere(read_files, 0);
    printf("files: %lld points\n", (long long)points);
    ck_assert_int_gt(points, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data");
    TCase *files = tcase_create("files"), *sets = tcase_create("datasets");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, idx_reads_bytes_in_their_shape);
    tcase_add_test(files, idx_reads_big_endian_numbers);
    tcase_add_test(files, idx_reads_gzipped_files_like_plain_ones);
    tcase_add_test(files, idx_reads_gzip_members_as_one_file);
    tcase_add_test(files, idx_reads_an_empty_dim);
    tcase_add_test(files, idx_says_why_a_file_cannot_be_opened);
    tcase_add_test(files, idx_rejects_a_broken_header);
    tcase_add_test(files, idx_rejects_data_of_another_length_than_the_header_says);
    tcase_add_test(files, idx_allocates_nothing_that_the_file_cannot_hold);
    tcase_add_test(files, idx_rejects_broken_gzip_data);
    tcase_add_test(files, mnist_finds_its_files_gzipped_or_not);
    tcase_add_test(files, mnist_names_the_file_that_is_missing);
    tcase_add_test(files, images_and_labels_must_pair_up);
    tcase_add_test(files, every_failing_allocation_of_files_is_an_error_and_leaks_nothing);
    tcase_add_test(sets, digits_are_the_same_on_every_machine);
    tcase_add_test(sets, tensor_dataset_outlives_the_scope_of_its_tensors);
    tcase_add_test(sets, tensor_dataset_rejects_what_does_not_fit);
    tcase_add_test(sets, windows_come_with_what_comes_next);
    tcase_add_test(sets, random_windows_are_drawn_anew_and_reach_both_ends);
    tcase_add_test(sets, windows_reject_what_does_not_fit);
    tcase_add_test(sets, subset_holds_its_set_and_checks_its_bounds);
    tcase_add_test(sets, dataset_new_drops_self_also_when_it_fails);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, sets);
    tcase_set_timeout(files, 120);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
