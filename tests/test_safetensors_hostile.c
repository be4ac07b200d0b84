/* tests/test_safetensors_hostile.c: files that are broken or hostile are refused, with what is wrong, and none crashes the reader. */
#define _GNU_SOURCE
#include "safetensors.h"

#include <sys/stat.h>

#define ENTRY(name, dtype, shape, begin, end) "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

START_TEST(broken_headers_are_refused_with_what_is_wrong)
{
    static const struct { const char *header; size_t bytes; const char *says; } cases[] = {
        { " {}", 0, "the header has to begin with {" },
        { "[]", 0, "the header has to begin with {" },
        { "{ ", 1, "at byte 2 of the header" },
        { "{}x", 0, "at byte 3 of the header" },
        { "{,}", 0, "at byte 2 of the header" },
        { "{\"a\" 1}", 0, "at byte 6 of the header" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) ",}", 1, "at byte 54 of the header" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) " " ENTRY("b", "U8", "[0]", 1, 1) "}", 1, "at byte 56 of the header" },
        { "{\"a\":1}", 0, "\"a\" is not an object" },
        { "{\"a\":{}}", 0, "\"a\" has no dtype" },
        { "{\"a\":{\"dtype\":\"U8\"}}", 0, "\"a\" has no shape" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "\"a\" has no data_offsets" },
        { "{\"a\":{\"dtype\":8,\"shape\":[],\"data_offsets\":[0,0]}}", 0, "the dtype of \"a\" is not a string" },
        { "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "duplicate object key near" },
        { "{\"a\":{\"shape\":[],\"shape\":[]}}", 0, "duplicate object key near" },
        { "{\"a\":{\"data_offsets\":[0,0],\"data_offsets\":[0,0]}}", 0, "duplicate object key near" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}", 0, "the data_offsets of \"a\" are not two integers >= 0" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,0,0]}}", 0, "the data_offsets of \"a\" are not two integers >= 0" },
        { "{" ENTRY("a", "F99", "[1]", 0, 1) "}", 1, "\"a\" has the unknown dtype F99" },
        { "{" ENTRY("a", "U8", "[-1]", 0, 1) "}", 1, "the shape of \"a\" is not an array of integers >= 0" },
        { "{" ENTRY("a", "U8", "[1.5]", 0, 1) "}", 1, "the shape of \"a\" is not an array of integers >= 0" },
        { "{" ENTRY("a", "U8", "[1e3]", 0, 1) "}", 1, "the shape of \"a\" is not an array of integers >= 0" },
        { "{" ENTRY("a", "U8", "[01]", 0, 1) "}", 1, "at byte 29 of the header" },
        { "{" ENTRY("a", "U8", "[9223372036854775808]", 0, 1) "}", 1, "too big integer" },
        { "{" ENTRY("a", "U8", "[true]", 0, 1) "}", 1, "the shape of \"a\" is not an array of integers >= 0" },
        { "{" ENTRY("a", "U8", "[1,]", 0, 1) "}", 1, "at byte 31 of the header" },
        { "{" ENTRY("a", "U8", "[-9223372036854775809]", 0, 1) "}", 1, "too big negative integer" },
        { "{" ENTRY("a", "U8", "[1]", -1, 0) "}", 1, "the data_offsets of \"a\" are not two integers >= 0" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1.0) "}", 1, "the data_offsets of \"a\" are not two integers >= 0" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) "}\n\t {}", 1, "end of file expected" },
        { "{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "of the header" },
        { "{" ENTRY("a", "U8", "1", 0, 1) "}", 1, "the shape of \"a\" is not an array of integers >= 0" },
        { "{" ENTRY("a", "U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) "}", 1, "\"a\" has 9 dims, and at most 8 are possible" },
        { "{" ENTRY("a", "F32", "[4294967296,4294967296]", 0, 0) "}", 0, "has more elements than 64 bits count" },
        { "{" ENTRY("a", "F32", "[4294967296,4294967296,0]", 0, 0) "}", 0, "has more elements than 64 bits count" },
        { "{" ENTRY("a", "F64", "[4611686018427387904]", 0, 0) "}", 0, "has more elements than 64 bits count" },
        { "{" ENTRY("a", "F32", "[2]", 0, 4) "}", 4, "\"a\" has 4 bytes, and its shape and dtype take 8" },
        { "{" ENTRY("a", "F4", "[3]", 0, 1) "}", 1, "\"a\" has 1 bytes, and its shape and dtype take 2" },
        { "{" ENTRY("a", "U8", "[9]", 0, 9) "}", 8, "\"a\" lies at bytes 0 to 9 of 8" },
        { "{" ENTRY("a", "U8", "[1]", 2, 1) "}", 2, "\"a\" lies at bytes 2 to 1 of 2" },
        { "{" ENTRY("a", "U8", "[1]", 1, 2) "}", 2, "\"a\" begins at byte 1, and what is before it ends at 0" },
        { "{" ENTRY("a", "U8", "[2]", 0, 2) "," ENTRY("b", "U8", "[2]", 1, 3) "}", 3, "\"b\" begins at byte 1, and what is before it ends at 2" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) "," ENTRY("b", "U8", "[1]", 2, 3) "}", 3, "\"b\" begins at byte 2, and what is before it ends at 1" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) "," ENTRY("b", "U8", "[1]", 0, 1) "}", 1, "begins at byte 0, and what is before it ends at 1" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) "}", 2, "the entries cover 1 of 2 bytes" },
        { "{}", 1, "the entries cover 0 of 1 bytes" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) "," ENTRY("a", "U8", "[1]", 1, 2) "}", 2, "duplicate object key near" },
        { "{" ENTRY("a", "U8", "[1]", 0, 1) "," ENTRY("\\u0061", "U8", "[1]", 1, 2) "}", 2, "duplicate object key near" },
        { "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "duplicate object key near" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate object key near" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "the metadata \"a\" is not a string" },
        { "{\"__metadata__\":null}", 0, "__metadata__ is not an object" },
        { "{\"a\\u0000\":{}}", 0, "at byte 10 of the header" },
        { "{\"a\\x\":{}}", 0, "at byte 5 of the header" },
        { "{\"a\\u12g4\":{}}", 0, "at byte 8 of the header" },
        { "{\"\\ud800\":{}}", 0, "at byte 9 of the header" },
        { "{\"\\ud800\\u0041\":{}}", 0, "at byte 15 of the header" },
        { "{\"\\udc00\":{}}", 0, "at byte 9 of the header" },
        { "{\"\x01\":{}}", 0, "at byte 2 of the header" },
        { "{\"\xff\":{}}", 0, "at byte 2 of the header" },
        { "{\"\xc0\x80\":{}}", 0, "at byte 2 of the header" },
        { "{\"\xed\xa0\x80\":{}}", 0, "at byte 2 of the header" },
        { "{\"\xf4\x90\x80\x80\":{}}", 0, "at byte 2 of the header" },
        { "{\"abc", 0, "at byte 5 of the header" },
        { "{\"abc\\", 0, "at byte 6 of the header" },
        { "{\"abc\\u12", 0, "at byte 9 of the header" },
        { "{\"a\":{\"x\":tru}}", 0, "at byte 13 of the header" },
        { "{\"a\":{\"x\":-}}", 0, "at byte 11 of the header" },
        { "{\"a\":{\"x\":1.}}", 0, "at byte 12 of the header" },
        { "{\"a\":{\"x\":[1}}", 0, "at byte 13 of the header" },
        { "{\"a\":{\"x\":}}", 0, "at byte 11 of the header" },
    };
    const int64_t before = in_use();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(cases[i].header, 0, cases[i].bytes);
        tp_safetensors *f = tp_safetensors_open(path);
        ck_assert_msg(f == NULL, "%s was taken", cases[i].header);
        ck_error(TP_ERR_FORMAT, cases[i].says);
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(deep_nesting_is_refused_without_deep_recursion)
{
    enum { DEPTH = 1000000 };
    static const char head[] = "{\"a\":{\"x\":";
    const uint64_t length = sizeof head - 1 + DEPTH;
    char *data = malloc(8 + length);
    memcpy(data, &length, 8);
    memcpy(data + 8, head, sizeof head - 1);
    memset(data + 8 + sizeof head - 1, '[', DEPTH);
    write_bytes(path, data, 8 + length);
    free(data);
    ck_assert_ptr_null(tp_safetensors_open(path));
    ck_error(TP_ERR_FORMAT, "at byte 2057 of the header");
}
END_TEST

START_TEST(a_header_length_beyond_the_file_is_refused)
{
    static const uint64_t lengths[] = { 3, 0, 1, 100000001, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char data[10] = { 0 };
        memcpy(data, &lengths[i], 8);
        memcpy(data + 8, "{}", 2);
        write_bytes(path, data, sizeof data);
        ck_assert_ptr_null(tp_safetensors_open(path));
        ck_error(TP_ERR_FORMAT, "in a file of 10 is none");
    }
    for (size_t n = 0; n < 10; n++) {
        write_bytes(path, "\2\0\0\0\0\0\0\0{}", n);
        ck_assert_ptr_null(tp_safetensors_open(path));
        ck_error(TP_ERR_FORMAT, "the shortest safetensors file has 10");
    }
}
END_TEST

START_TEST(no_change_of_a_byte_and_no_cut_of_a_good_file_is_a_crash)
{
    TP_SCOPE();
    tp_named_tensor entries[] = { { "b\n", tp_zeros(TP_SHAPE(3), .dtype = TP_BOOL) }, { "w\xc3\xa9", tp_ones(TP_SHAPE(2, 2)) } };
    ck_assert_int_eq(tp_safetensors_save(path, entries, 2, &(tp_metadata){ "k", "v" }, 1), TP_OK);
    const bytes good = read_bytes(path);
    char bad[1024];
    ck_assert_uint_le(good.n, sizeof bad);
    const int64_t before = in_use();
    for (size_t cut = 0; cut < good.n; cut++) {
        write_bytes(path, good.at, cut);
        ck_assert_ptr_null(tp_safetensors_open(path));
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_FORMAT);
        tp_clear_error();
    }
    int taken = 0;
    uint32_t random = 12345;
    for (int i = 0; i < 20000; i++) {
        memcpy(bad, good.at, good.n);
        random = random * 1664525 + 1013904223;
        const size_t at = random >> 8 & 1 ? (random >> 9) % 200 : (random >> 9) % good.n;
        random = random * 1664525 + 1013904223;
        bad[at] = random >> 8 & 1 ? (char)(random >> 16) : "{}[]\",:0-\\e"[(random >> 16) % 11];
        write_bytes(path, bad, good.n);
        TP_SCOPE();
        tp_safetensors *f = tp_safetensors_open(path);
        taken += f != NULL;
        for (int64_t e = 0; e < tp_safetensors_count(f); e++)
            if (tp_safetensors_tensor(f, e))
                ck_assert_uint_le(strlen(tp_safetensors_name(f, e)), 16);
        ck_assert(f || tp_failed());
        tp_clear_error();
        tp_safetensors_close(f);
    }
    ck_assert_int_gt(taken, 0);
    ck_assert_int_eq(in_use(), before);
    free(good.at);
}
END_TEST

START_TEST(a_bool_is_0_or_1)
{
    TP_SCOPE();
    write_file("{" ENTRY("a", "BOOL", "[2]", 0, 2) "," ENTRY("b", "BOOL", "[2]", 2, 4) "}", 0, 4);
    tp_safetensors *f = tp_safetensors_open(path);
    ck_assert_ptr_nonnull(tp_safetensors_get(f, "a"));
    ck_assert_ptr_null(tp_safetensors_get(f, "b"));
    ck_error(TP_ERR_FORMAT, "\"b\" is BOOL and holds bytes that are neither 0 nor 1");
    tp_safetensors_close(f);
}
END_TEST

START_TEST(what_is_no_file_is_an_error_of_the_system)
{
    ck_assert_ptr_null(tp_safetensors_open(path));
    ck_error(TP_ERR_IO, "No such file");
    ck_assert_ptr_null(tp_safetensors_open(folder));
    ck_error(TP_ERR_IO, "not a regular file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(tp_safetensors_open(path));     /* and does not wait */
    ck_error(TP_ERR_IO, "not a regular file");
    ck_assert_ptr_null(tp_safetensors_open("/dev/zero"));
    ck_error(TP_ERR_IO, "not a regular file");
    ck_assert_ptr_null(tp_safetensors_open(NULL));
    ck_error(TP_ERR_ARGUMENT, "the path is NULL");
    ck_assert_ptr_null(tp_safetensors_tensor(NULL, 0));
    ck_assert_int_eq(tp_safetensors_count(NULL), 0);
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors_hostile");
    TCase *tests = tcase_create("safetensors_hostile");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, remove_folder);
    tcase_add_test(tests, broken_headers_are_refused_with_what_is_wrong);
    tcase_add_test(tests, deep_nesting_is_refused_without_deep_recursion);
    tcase_add_test(tests, a_header_length_beyond_the_file_is_refused);
    tcase_add_test(tests, no_change_of_a_byte_and_no_cut_of_a_good_file_is_a_crash);
    tcase_add_test(tests, a_bool_is_0_or_1);
    tcase_add_test(tests, what_is_no_file_is_an_error_of_the_system);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
