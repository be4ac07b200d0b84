/* tests/test_safetensors.c: what is written is read back, by the bytes; what cannot be written leaves the old file as it was.
 * test_safetensors_hostile.c has what is hostile. */
#define _GNU_SOURCE
#include "failing_jansson.h"
#include "safetensors.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Does the file still have these bytes, which it had? */
static bool has_bytes(bytes old)
{
    const bytes now = read_bytes(path);
    const bool same = now.n == old.n && !memcmp(now.at, old.at, old.n);
    free(now.at);
    return same;
}

/* ---- There and back ------------------------------------------------------------------------------------------------------------- */

START_TEST(what_is_saved_is_read_back_in_every_dtype_of_the_format)
{
    TP_SCOPE();
    static const tp_dtype dtypes[] = { TP_BOOL, TP_F32, TP_U8, TP_F64, TP_F16, TP_I64, TP_BF16, TP_I32, TP_I16, TP_C64, TP_I8 };
    enum { N = sizeof dtypes / sizeof *dtypes };
    tp_named_tensor entries[N];
    for (int i = 0; i < N; i++) {
        unsigned char data[64];
        for (int b = 0; b < 64; b++)
            data[b] = dtypes[i] == TP_BOOL ? b % 3 == 0 : (unsigned char)(b + i);
        entries[i] = (tp_named_tensor){ tp_dtype_name(dtypes[i]), tp_from_data(data, dtypes[i], TP_SHAPE(2, 3)) };
    }
    ck_assert_int_eq(tp_safetensors_save(path, entries, N, NULL, 0), TP_OK);
    tp_safetensors *f = tp_safetensors_open(path);
    ck_assert_int_eq(tp_safetensors_count(f), N);
    for (int i = 0; i < N; i++) {                      /* in the order given */
        ck_assert_str_eq(tp_safetensors_name(f, i), entries[i].name);
        ck_assert_int_eq(tp_safetensors_find(f, entries[i].name), i);
        ck_assert_int_eq(tp_safetensors_dtype(f, i), dtypes[i]);
        ck_assert_int_eq(tp_safetensors_shape(f, i).ndim, 2);
        tp_tensor *x = tp_safetensors_get(f, entries[i].name);
        ck_assert_int_eq(tp_dtype_of(x), dtypes[i]);
        ck_assert_int_eq(tp_size(x, 1), 3);
        ck_assert_mem_eq(tp_data(x), tp_data(entries[i].tensor), 6 * tp_dtype_size(dtypes[i]));
        ck_assert_uint_eq((uintptr_t)tp_data(x) % tp_dtype_size(dtypes[i]), 0);
    }
    ck_assert_int_eq(tp_safetensors_find(f, "none"), -1);
    ck_assert_ptr_null(tp_safetensors_name(f, N));
    ck_assert_ptr_null(tp_safetensors_name(f, -1));
    ck_fine();
    ck_assert_ptr_null(tp_safetensors_tensor(f, N));
    ck_error(TP_ERR_INDEX, "safetensors_tensor: entry 11 of 11");
    ck_assert_ptr_null(tp_safetensors_get(f, "none"));
    ck_error(TP_ERR_ARGUMENT, "there is no entry \"none\"");
    tp_free_all(f);                                    /* closes it */
}
END_TEST

START_TEST(shapes_from_a_scalar_to_eight_dims_and_empty_ones_survive)
{
    TP_SCOPE();
    tp_named_tensor entries[] = { { "scalar", tp_scalar(3.5) }, { "eight", tp_rand(TP_SHAPE(1, 2, 1, 2, 1, 2, 1, 2)) },
                                  { "none", tp_zeros(TP_SHAPE(0)) }, { "", tp_zeros(TP_SHAPE(3, 0, 2), .dtype = TP_I64) } };
    ck_assert_int_eq(tp_safetensors_save(path, entries, 4, NULL, 0), TP_OK);
    tp_safetensors *f = tp_safetensors_open(path);
    ck_assert_double_eq(tp_item(tp_safetensors_get(f, "scalar")), 3.5);
    ck_assert_int_eq(tp_ndim(tp_safetensors_get(f, "scalar")), 0);
    ck_assert(tp_equal(tp_safetensors_get(f, "eight"), entries[1].tensor));
    ck_assert_int_eq(tp_numel(tp_safetensors_get(f, "none")), 0);
    ck_assert_int_eq(tp_size(tp_safetensors_get(f, ""), 2), 2);
    ck_assert_int_eq(tp_dtype_of(tp_safetensors_get(f, "")), TP_I64);
    tp_safetensors_close(f);
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, NULL, 0), TP_OK);
    f = tp_safetensors_open(path);
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(tp_safetensors_count(f), 0);
    tp_safetensors_close(f);
    tp_safetensors_close(NULL);
    ck_fine();
}
END_TEST

START_TEST(views_are_saved_by_their_values)
{
    TP_SCOPE();
    tp_tensor *x = tp_rand(TP_SHAPE(4, 6), .requires_grad = true);
    tp_tensor *views[] = { tp_transpose(x, 0, 1), tp_narrow(x, 1, 2, 3), tp_expand(tp_select(x, 0, 1), TP_SHAPE(5, 6)), x };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(save_one(views[i]), TP_OK);
        tp_safetensors *f = tp_safetensors_open(path);
        ck_assert(tp_equal(tp_safetensors_get(f, "x"), tp_detach(views[i])));
        tp_safetensors_close(f);
    }
    ck_fine();
}
END_TEST

START_TEST(names_and_metadata_survive_quotes_control_characters_and_utf8)
{
    TP_SCOPE();
    static const char *const names[] = { "a\"b\\c", "\n\t\x01\x1f\x7f", "größe/\xe6\xbc\xa2", "\xf0\x9f\x8c\x8d", "plain.0.weight" };
    tp_named_tensor entries[5];
    for (int i = 0; i < 5; i++)
        entries[i] = (tp_named_tensor){ names[i], tp_scalar(i) };
    const tp_metadata metadata[] = { { "format", "pt" }, { "\"", "\\u0041\r\n" }, { "", "" } };
    ck_assert_int_eq(tp_safetensors_save(path, entries, 5, metadata, 3), TP_OK);
    tp_safetensors *f = tp_safetensors_open(path);
    for (int i = 0; i < 5; i++)
        ck_assert_double_eq(tp_item(tp_safetensors_get(f, names[i])), i);
    ck_assert_int_eq(tp_safetensors_metadata_count(f), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(tp_safetensors_metadata(f, metadata[i].key), metadata[i].value);
    ck_assert_str_eq(tp_safetensors_metadata_at(f, 0).key, "");
    ck_assert_ptr_null(tp_safetensors_metadata_at(f, 3).key);
    ck_assert_ptr_null(tp_safetensors_metadata(f, "none"));
    tp_safetensors_close(f);
    ck_fine();
}
END_TEST

START_TEST(the_bytes_are_those_of_the_format)
{
    TP_SCOPE();
    tp_named_tensor entries[] = { { "b", tp_from_data((uint8_t[]){ 7 }, TP_U8, TP_SHAPE(1)) },
                                  { "w", tp_from_data((double[]){ 1, 2 }, TP_F64, TP_SHAPE(2, 1)) } };
    ck_assert_int_eq(tp_safetensors_save(path, entries, 2, &(tp_metadata){ "k", "v" }, 1), TP_OK);
    const bytes made = read_bytes(path);
    uint64_t length;
    memcpy(&length, made.at, 8);
    ck_assert_uint_eq((8 + length) % 64, 0);
    ck_assert_uint_eq(made.n, 8 + length + 17);
    static const char want[] = "{\"__metadata__\":{\"k\":\"v\"},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[16,17]},"
                               "\"w\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]}}";      /* wide elements first */
    ck_assert_mem_eq(made.at + 8, want, sizeof want - 1);
    for (size_t i = 8 + sizeof want - 1; i < 8 + length; i++)
        ck_assert_int_eq(made.at[i], ' ');
    ck_assert_mem_eq(made.at + 8 + length, ((double[]){ 1, 2 }), 16);
    ck_assert_int_eq(made.at[made.n - 1], 7);
    free(made.at);
}
END_TEST

START_TEST(what_others_write_is_read)
{
    TP_SCOPE();
    write_file("{ \"__metadata__\" : {\"format\":\"pt\"} ,\n\t\"\\u00e9\\ud83c\\udf0d\\/\": {\"shape\": [2, 2], \"extra\": [1.5e-3, {\"a\": null}, true, -0], "
               "\"data_offsets\": [0, 4], \"dtype\": \"U8\"}, \"e\": {\"dtype\": \"F32\", \"shape\": [0, 7], \"data_offsets\": [4, 4]}, "
               "\"half\": {\"dtype\": \"F8_E4M3\", \"shape\": [3], \"data_offsets\": [4, 7]}, \"four\": {\"dtype\": "
               "\"F4\", \"shape\": [2], \"data_offsets\": [7, 8]}}", 5, 8);
    tp_safetensors *f = tp_safetensors_open(path);
    ck_assert_msg(f != NULL, "%s", tp_failed() ? tp_last_error()->message : "");
    ck_assert_int_eq(tp_safetensors_count(f), 4);
    tp_tensor *x = tp_safetensors_get(f, "\xc3\xa9\xf0\x9f\x8c\x8d/");
    ck_assert_mem_eq(tp_data(x), "\0\1\2\3", 4);
    ck_assert_int_eq(tp_size(tp_safetensors_get(f, "e"), 1), 7);
    ck_assert_int_eq(tp_safetensors_dtype(f, 2), TP_DTYPE_DEFAULT);
    ck_fine();
    ck_assert_ptr_null(tp_safetensors_get(f, "half"));
    ck_error(TP_ERR_DTYPE, "\"half\" is F8_E4M3, which Taper lacks");
    tp_safetensors_close(f);
}
END_TEST

START_TEST(an_entry_that_is_not_aligned_is_copied)
{
    TP_SCOPE();
    static const char header[] =
        "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"x\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[3,19]}}";
    for (int pad = 0; pad < 8; pad++) {
        write_file(header, pad, 19);
        tp_safetensors *f = tp_safetensors_open(path);
        tp_tensor *x = tp_safetensors_get(f, "x");
        ck_assert_ptr_nonnull(x);
        ck_assert_uint_eq((uintptr_t)tp_data(x) % 8, 0);
        unsigned char want[16];
        for (int i = 0; i < 16; i++)
            want[i] = (unsigned char)(3 + i);
        ck_assert_mem_eq(tp_data(x), want, 16);
        tp_safetensors_close(f);
    }
}
END_TEST

START_TEST(loaded_tensors_outlive_the_handle_and_writing_to_them_does_not_reach_the_file)
{
    const int64_t before = in_use();
    {
        TP_SCOPE();
                ck_assert_int_eq(save_one(tp_from_data((float[]){ 1, 2, 3 }, TP_F32, TP_SHAPE(3))), TP_OK);
        const bytes old = read_bytes(path);
        tp_safetensors *f = tp_safetensors_open(path);
        tp_tensor *x = tp_safetensors_tensor(f, 0), *y = tp_safetensors_tensor(f, 0);
        tp_safetensors_close(f);
        ck_assert_ptr_eq(tp_data(x), tp_data(y));      /* not copied */
        ck_assert_ptr_nonnull(tp_fill_(x, 9));
        ck_assert_double_eq(((const float *)tp_data(x))[2], 9);
        ck_assert(has_bytes(old));
        free(old.at);
        ck_assert_int_eq(save_one(tp_scalar(4)), TP_OK);         /* replaced under the mapping */
        ck_assert_double_eq(((const float *)tp_data(y))[0], 9);
        f = tp_safetensors_open(path);
        ck_assert_double_eq(tp_item(tp_safetensors_tensor(f, 0)), 4);
        tp_safetensors_close(f);
    }
    ck_fine();
    ck_assert_int_eq(in_use(), before);
}
END_TEST

/* ---- Writing ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(what_cannot_be_saved_is_refused_and_nothing_is_written)
{
    TP_SCOPE();
    tp_tensor *x = tp_scalar(1);
    const struct { tp_named_tensor entries[2]; int64_t n; tp_status code; const char *says; } cases[] = {
        { { { "a", x }, { "a", x } }, 2, TP_ERR_ARGUMENT, "two entries are named \"a\"" },
        { { { "a\xff", x } }, 1, TP_ERR_ARGUMENT, "the name of entry 0 is not UTF-8" },
        { { { "__metadata__", x } }, 1, TP_ERR_ARGUMENT, "which the format keeps for itself" },
        { { { NULL, x } }, 1, TP_ERR_ARGUMENT, "has no name" },
        { { { "a", x }, { "b", NULL } }, 2, TP_ERR_ARGUMENT, "entry 1 (b) has no tensor" },
        { { { "c", tp_zeros(TP_SHAPE(2), .dtype = TP_C128) } }, 1, TP_ERR_DTYPE, "\"c\" is complex128, which the format lacks" },
        { { { "a", x } }, -1, TP_ERR_ARGUMENT, "NULL or negative" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(tp_safetensors_save(path, cases[i].entries, cases[i].n, NULL, 0), cases[i].code);
        ck_error(cases[i].code, cases[i].says);
    }
    const tp_metadata twice[] = { { "k", "" }, { "k", "" } };
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, twice, 2), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "two metadata are named \"k\"");
    static const tp_metadata wrong[] = { { "\xff", "" }, { "k", "\xc0\x80" }, { NULL, "" }, { "k", NULL } };
    static const char *const says[] = { "the key of metadata 0 is not UTF-8", "the value of metadata 0 is not UTF-8",
                                        "metadata 0 has no key", "metadata 0 has no value" };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, &wrong[i], 1), TP_ERR_ARGUMENT);
        ck_error(TP_ERR_ARGUMENT, says[i]);
    }
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, NULL, 1), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "NULL or negative");
    ck_assert_int_eq(tp_safetensors_save(NULL, NULL, 0, NULL, 0), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "the path is NULL");
    ck_assert_int_eq(tp_safetensors_save(folder, NULL, 0, NULL, 0), TP_ERR_IO);
    ck_error(TP_ERR_IO, "Is a directory");
    ck_assert_int_eq(tp_safetensors_save("/dev/null", NULL, 0, NULL, 0), TP_ERR_IO);
    ck_error(TP_ERR_IO, "not a regular file");
    ck_assert_int_eq(tp_safetensors_save("no/such/folder/x", NULL, 0, NULL, 0), TP_ERR_IO);
    ck_error(TP_ERR_IO, "No such file");
    ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(while_an_error_is_unread_nothing_is_saved)
{
    TP_SCOPE();
        ck_assert_int_eq(save_one(tp_scalar(1)), TP_OK);
    const bytes old = read_bytes(path);
    tp_fail(TP_ERR_NUMERIC, "test: an error");
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, NULL, 0), TP_ERR_NUMERIC);
    ck_error(TP_ERR_NUMERIC, "test: an error");
    ck_assert(has_bytes(old));
    ck_assert_int_eq(count_files(), 1);
    free(old.at);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file_and_nothing_else)
{
    TP_SCOPE();
        ck_assert_int_eq(save_one(tp_scalar(1)), TP_OK);
    const bytes old = read_bytes(path);
    tp_tensor *large = tp_zeros(TP_SHAPE(100, 1000));
    struct rlimit was;
    getrlimit(RLIMIT_FSIZE, &was);
    signal(SIGXFSZ, SIG_IGN);                          /* a write beyond the limit fails then, after a short one */
    for (rlim_t limit = 0; limit < 400000; limit = limit ? limit * 7 : 100) {
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit, was.rlim_max }), 0);
        const tp_status status = save_one(large);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
        ck_assert_int_eq(status, TP_ERR_IO);
        ck_error(TP_ERR_IO, "safetensors_save: cannot write");
        ck_assert(has_bytes(old));
        ck_assert_int_eq(count_files(), 1);
    }
    free(old.at);
}
END_TEST

START_TEST(links_are_followed_and_permissions_kept)
{
    TP_SCOPE();
    char target[512];
    struct stat info;
    snprintf(target, sizeof target, "%s/target", folder);
    FILE *f = fopen(target, "w");
    fclose(f);
    ck_assert_int_eq(chmod(target, 0640), 0);
    ck_assert_int_eq(symlink("target", path), 0);
    ck_assert_int_eq(save_one(tp_scalar(2)), TP_OK);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(lstat(target, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0640);
    ck_assert_int_gt(info.st_size, 64);
    ck_assert_int_eq(count_files(), 2);
    ck_assert_int_eq(chdir(folder), 0);                /* a name without a folder, as long as names may be */
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    ck_assert_int_eq(tp_safetensors_save(name, NULL, 0, NULL, 0), TP_OK);
    ck_assert_int_eq(access(name, F_OK), 0);
}
END_TEST

START_TEST(each_failing_allocation_is_an_error_that_leaks_nothing)
{
    TP_SCOPE();
    tp_mem_pools(false);
    tp_tensor *x = tp_transpose(tp_rand(TP_SHAPE(20, 30)), 0, 1);
    tp_named_tensor entries[] = { { "x", x }, { "y", tp_scalar(1) } };
    const tp_metadata metadata = { "k", "v" };
    int64_t saves = 0, opens = 0;
    for (;; saves++) {
        const int64_t before = in_use();
        tp_mem_fail_at(saves + 1, false);
        const tp_status status = tp_safetensors_save(path, entries, 2, &metadata, 1);
        tp_mem_fail_at(0, false);
        ck_assert_int_eq(in_use(), before);
        ck_assert_int_eq(count_files(), status == TP_OK);
        if (status == TP_OK)
            break;
        ck_error(TP_ERR_MEMORY, "");
    }
    for (;; opens++) {
        const int64_t before = in_use();
        tp_tensor *y = NULL;
        {
            TP_SCOPE();
            tp_mem_fail_at(opens + 1, false);
            tp_safetensors *f = tp_safetensors_open(path);
            y = tp_safetensors_get(f, "x");
            tp_mem_fail_at(0, false);
            ck_assert(!y == tp_failed());
            tp_safetensors_close(f);
        }
        ck_assert_int_eq(in_use(), before);
        if (y)
            break;
        ck_error(TP_ERR_MEMORY, "");
    }
    ck_assert_int_ge(saves, 3);
    ck_assert_int_ge(opens, 5);
    printf("safetensors: %lld points of failing memory in save, %lld in open\n", (long long)saves, (long long)opens);
}
END_TEST

START_TEST(each_failing_allocation_of_jansson_is_an_error_that_leaks_nothing)
{
    TP_SCOPE();
    tp_named_tensor entries[] = { { "x", tp_zeros(TP_SHAPE(2, 3)) }, { "a\ny", tp_scalar(1) } };
    const tp_metadata metadata[] = { { "k", "v" }, { "l", "" } };
    jansson_begin();
    const int64_t before = in_use();
    int64_t saves = 0, opens = 0;
    for (tp_status status = TP_ERR_MEMORY; status; saves++) {
        jansson_fail_at(saves + 1);
        status = tp_safetensors_save(path, entries, 2, metadata, 2);
        ck_assert_int_eq(jansson_blocks, 0);
        ck_assert_int_eq(count_files(), status == TP_OK);
        if (status)
            ck_error(TP_ERR_MEMORY, "safetensors_save: no memory for the header");
    }
    for (bool opened = false; !opened; opens++) {
        jansson_fail_at(opens + 1);
        tp_safetensors *f = tp_safetensors_open(path);
        opened = f != NULL;
        if (!f)
            ck_error(TP_ERR_MEMORY, "safetensors_open: no memory for the header");
        tp_safetensors_close(f);
        ck_assert_int_eq(jansson_blocks, 0);
    }
    jansson_end();
    ck_assert_int_eq(in_use(), before);
    ck_assert_int_ge(saves, 20);
    ck_assert_int_ge(opens, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *tests = tcase_create("safetensors");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, remove_folder);
    tcase_add_test(tests, what_is_saved_is_read_back_in_every_dtype_of_the_format);
    tcase_add_test(tests, shapes_from_a_scalar_to_eight_dims_and_empty_ones_survive);
    tcase_add_test(tests, views_are_saved_by_their_values);
    tcase_add_test(tests, names_and_metadata_survive_quotes_control_characters_and_utf8);
    tcase_add_test(tests, the_bytes_are_those_of_the_format);
    tcase_add_test(tests, what_others_write_is_read);
    tcase_add_test(tests, an_entry_that_is_not_aligned_is_copied);
    tcase_add_test(tests, loaded_tensors_outlive_the_handle_and_writing_to_them_does_not_reach_the_file);
    tcase_add_test(tests, what_cannot_be_saved_is_refused_and_nothing_is_written);
    tcase_add_test(tests, while_an_error_is_unread_nothing_is_saved);
    tcase_add_test(tests, a_full_disk_leaves_the_old_file_and_nothing_else);
    tcase_add_test(tests, links_are_followed_and_permissions_kept);
    tcase_add_test(tests, each_failing_allocation_is_an_error_that_leaks_nothing);
    tcase_add_test(tests, each_failing_allocation_of_jansson_is_an_error_that_leaks_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
