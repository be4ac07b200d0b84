/* tests/test_safetensors.c: what is written is read back, by the bytes; what is hostile is refused; the old file survives. */
#define _GNU_SOURCE
#include <taper/core.h>
#include <taper/extend.h>
#include <taper/io.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Helpers: each test has a folder of its own ----------------------------------------------------------------------------- */

static char folder[200], path[256];

static void make_folder(void)
{
    const char *where = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/taper-safetensors-XXXXXX", where ? where : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file.safetensors", folder);
}

static int count_files(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.' || strstr(e->d_name, "taper") != NULL;
    closedir(d);
    return n;
}

static void remove_folder(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        unlink(name);
    }
    closedir(d);
    ck_assert_int_eq(rmdir(folder), 0);
}

static size_t read_bytes(char *out, size_t size)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    const size_t n = fread(out, 1, size, f);
    fclose(f);
    return n;
}

static void write_bytes(const char *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(data, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

/* A file with this header, padded with `pad` spaces, and `bytes` bytes of data that count up from 0. */
static void write_file(const char *header, int pad, size_t bytes)
{
    char out[4096];
    const size_t n = strlen(header);
    const uint64_t length = n + (size_t)pad;
    ck_assert_uint_lt(8 + length + bytes, sizeof out);
    memcpy(out, &length, 8);
    memcpy(out + 8, header, n);
    memset(out + 8 + n, ' ', (size_t)pad);
    for (size_t i = 0; i < bytes; i++)
        out[8 + length + i] = (char)i;
    write_bytes(out, 8 + length + bytes);
}

static tp_status save_one(tp_tensor *x)
{
    return tp_safetensors_save(path, &(tp_named_tensor){ "x", x }, 1, NULL, 0);
}

static int64_t in_use(void)
{
    tp_memory m;
    ck_assert_int_eq(tp_memory_stats(TP_CPU, &m), TP_OK);
    return m.in_use;
}

/* The error says `part`, and is read. */
static void expect_error(tp_status code, const char *part)
{
    ck_assert_msg(tp_failed(), "no error where \"%s\" is expected", part);
    ck_assert_msg(strstr(tp_last_error()->message, part) != NULL, "\"%s\" does not say \"%s\"", tp_last_error()->message, part);
    ck_assert_int_eq(tp_last_error()->code, code);
    tp_clear_error();
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
    ck_assert(!tp_failed());
    ck_assert_ptr_null(tp_safetensors_tensor(f, N));
    expect_error(TP_ERR_INDEX, "safetensors_tensor: entry 11 of 11");
    ck_assert_ptr_null(tp_safetensors_get(f, "none"));
    expect_error(TP_ERR_ARGUMENT, "there is no entry \"none\"");
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
    ck_assert(!tp_failed());
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
    ck_assert(!tp_failed());
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
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(the_bytes_are_those_of_the_format)
{
    TP_SCOPE();
    tp_named_tensor entries[] = { { "b", tp_from_data((uint8_t[]){ 7 }, TP_U8, TP_SHAPE(1)) },
                                  { "w", tp_from_data((double[]){ 1, 2 }, TP_F64, TP_SHAPE(2, 1)) } };
    ck_assert_int_eq(tp_safetensors_save(path, entries, 2, &(tp_metadata){ "k", "v" }, 1), TP_OK);
    char bytes[1024];
    const size_t n = read_bytes(bytes, sizeof bytes);
    uint64_t length;
    memcpy(&length, bytes, 8);
    ck_assert_uint_eq((8 + length) % 64, 0);
    ck_assert_uint_eq(n, 8 + length + 17);
    static const char want[] = "{\"__metadata__\":{\"k\":\"v\"},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[16,17]},"
                               "\"w\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]}}";      /* wide elements first */
    ck_assert_mem_eq(bytes + 8, want, sizeof want - 1);
    for (size_t i = 8 + sizeof want - 1; i < 8 + length; i++)
        ck_assert_int_eq(bytes[i], ' ');
    ck_assert_mem_eq(bytes + 8 + length, ((double[]){ 1, 2 }), 16);
    ck_assert_int_eq(bytes[n - 1], 7);
}
END_TEST

START_TEST(what_others_write_is_read)
{
    TP_SCOPE();
    write_file("{ \"__metadata__\" : {\"format\":\"pt\"} ,\n\t\"\\u00e9\\ud83c\\udf0d\\/\": {\"shape\": [2, 2], \"extra\": [1.5e-3, {\"a\": null}, true, -0], "
               "\"data_offsets\": [0, 4], \"dtype\": \"U8\"}, \"e\": {\"dtype\": \"F32\", \"shape\": [0, 7], \"data_offsets\": [4, 4]}, "
               "\"half\": {\"dtype\": \"F8_E4M3\", \"shape\": [3], \"data_offsets\": [4, 7]}, \"four\": {\"dtype\": \"F4\", \"shape\": [2], \"data_offsets\": [7, 8]}}", 5, 8);
    tp_safetensors *f = tp_safetensors_open(path);
    ck_assert_msg(f != NULL, "%s", tp_failed() ? tp_last_error()->message : "");
    ck_assert_int_eq(tp_safetensors_count(f), 4);
    tp_tensor *x = tp_safetensors_get(f, "\xc3\xa9\xf0\x9f\x8c\x8d/");
    ck_assert_mem_eq(tp_data(x), "\0\1\2\3", 4);
    ck_assert_int_eq(tp_size(tp_safetensors_get(f, "e"), 1), 7);
    ck_assert_int_eq(tp_safetensors_dtype(f, 2), TP_DTYPE_DEFAULT);
    ck_assert(!tp_failed());
    ck_assert_ptr_null(tp_safetensors_get(f, "half"));
    expect_error(TP_ERR_DTYPE, "\"half\" is F8_E4M3, which Taper lacks");
    tp_safetensors_close(f);
}
END_TEST

START_TEST(an_entry_that_is_not_aligned_is_copied)
{
    TP_SCOPE();
    static const char header[] = "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"x\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[3,19]}}";
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
        char old[512], now[512];
        ck_assert_int_eq(save_one(tp_from_data((float[]){ 1, 2, 3 }, TP_F32, TP_SHAPE(3))), TP_OK);
        const size_t n = read_bytes(old, sizeof old);
        tp_safetensors *f = tp_safetensors_open(path);
        tp_tensor *x = tp_safetensors_tensor(f, 0), *y = tp_safetensors_tensor(f, 0);
        tp_safetensors_close(f);
        ck_assert_ptr_eq(tp_data(x), tp_data(y));      /* not copied */
        ck_assert_ptr_nonnull(tp_fill_(x, 9));
        ck_assert_double_eq(((const float *)tp_data(x))[2], 9);
        ck_assert_uint_eq(read_bytes(now, sizeof now), n);
        ck_assert_mem_eq(old, now, n);
        ck_assert_int_eq(save_one(tp_scalar(4)), TP_OK);         /* replaced under the mapping */
        ck_assert_double_eq(((const float *)tp_data(y))[0], 9);
        f = tp_safetensors_open(path);
        ck_assert_double_eq(tp_item(tp_safetensors_tensor(f, 0)), 4);
        tp_safetensors_close(f);
    }
    ck_assert(!tp_failed());
    ck_assert_int_eq(in_use(), before);
}
END_TEST

/* ---- Hostile files ------------------------------------------------------------------------------------------------------------------ */

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
        expect_error(TP_ERR_FORMAT, cases[i].says);
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(deep_nesting_is_refused_without_deep_recursion)
{
    enum { DEPTH = 1000000 };
    static const char head[] = "{\"a\":{\"x\":";
    const uint64_t length = sizeof head - 1 + DEPTH;
    char *bytes = malloc(8 + length);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, head, sizeof head - 1);
    memset(bytes + 8 + sizeof head - 1, '[', DEPTH);
    write_bytes(bytes, 8 + length);
    free(bytes);
    ck_assert_ptr_null(tp_safetensors_open(path));
    expect_error(TP_ERR_FORMAT, "at byte 2057 of the header");
}
END_TEST

START_TEST(a_header_length_beyond_the_file_is_refused)
{
    static const uint64_t lengths[] = { 3, 0, 1, 100000001, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char bytes[10] = { 0 };
        memcpy(bytes, &lengths[i], 8);
        memcpy(bytes + 8, "{}", 2);
        write_bytes(bytes, sizeof bytes);
        ck_assert_ptr_null(tp_safetensors_open(path));
        expect_error(TP_ERR_FORMAT, "in a file of 10 is none");
    }
    for (size_t n = 0; n < 10; n++) {
        write_bytes("\2\0\0\0\0\0\0\0{}", n);
        ck_assert_ptr_null(tp_safetensors_open(path));
        expect_error(TP_ERR_FORMAT, "the shortest safetensors file has 10");
    }
}
END_TEST

START_TEST(no_change_of_a_byte_and_no_cut_of_a_good_file_is_a_crash)
{
    TP_SCOPE();
    char good[1024], bad[1024];
    tp_named_tensor entries[] = { { "b\n", tp_zeros(TP_SHAPE(3), .dtype = TP_BOOL) }, { "w\xc3\xa9", tp_ones(TP_SHAPE(2, 2)) } };
    ck_assert_int_eq(tp_safetensors_save(path, entries, 2, &(tp_metadata){ "k", "v" }, 1), TP_OK);
    const size_t n = read_bytes(good, sizeof good);
    const int64_t before = in_use();
    for (size_t cut = 0; cut < n; cut++) {
        write_bytes(good, cut);
        ck_assert_ptr_null(tp_safetensors_open(path));
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_FORMAT);
        tp_clear_error();
    }
    int taken = 0;
    uint32_t random = 12345;
    for (int i = 0; i < 20000; i++) {
        memcpy(bad, good, n);
        random = random * 1664525 + 1013904223;
        const size_t at = random >> 8 & 1 ? (random >> 9) % 200 : (random >> 9) % n;
        random = random * 1664525 + 1013904223;
        bad[at] = random >> 8 & 1 ? (char)(random >> 16) : "{}[]\",:0-\\e"[(random >> 16) % 11];
        write_bytes(bad, n);
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
}
END_TEST

START_TEST(a_bool_is_0_or_1)
{
    TP_SCOPE();
    write_file("{" ENTRY("a", "BOOL", "[2]", 0, 2) "," ENTRY("b", "BOOL", "[2]", 2, 4) "}", 0, 4);
    tp_safetensors *f = tp_safetensors_open(path);
    ck_assert_ptr_nonnull(tp_safetensors_get(f, "a"));
    ck_assert_ptr_null(tp_safetensors_get(f, "b"));
    expect_error(TP_ERR_FORMAT, "\"b\" is BOOL and holds bytes that are neither 0 nor 1");
    tp_safetensors_close(f);
}
END_TEST

START_TEST(what_is_no_file_is_an_error_of_the_system)
{
    ck_assert_ptr_null(tp_safetensors_open(path));
    expect_error(TP_ERR_IO, "No such file");
    ck_assert_ptr_null(tp_safetensors_open(folder));
    expect_error(TP_ERR_IO, "not a regular file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(tp_safetensors_open(path));     /* and does not wait */
    expect_error(TP_ERR_IO, "not a regular file");
    ck_assert_ptr_null(tp_safetensors_open("/dev/zero"));
    expect_error(TP_ERR_IO, "not a regular file");
    ck_assert_ptr_null(tp_safetensors_open(NULL));
    expect_error(TP_ERR_ARGUMENT, "the path is NULL");
    ck_assert_ptr_null(tp_safetensors_tensor(NULL, 0));
    ck_assert_int_eq(tp_safetensors_count(NULL), 0);
    ck_assert(!tp_failed());
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
        expect_error(cases[i].code, cases[i].says);
    }
    const tp_metadata twice[] = { { "k", "" }, { "k", "" } };
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, twice, 2), TP_ERR_ARGUMENT);
    expect_error(TP_ERR_ARGUMENT, "two metadata are named \"k\"");
    static const tp_metadata wrong[] = { { "\xff", "" }, { "k", "\xc0\x80" }, { NULL, "" }, { "k", NULL } };
    static const char *const says[] = { "the key of metadata 0 is not UTF-8", "the value of metadata 0 is not UTF-8",
                                        "metadata 0 has no key", "metadata 0 has no value" };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, &wrong[i], 1), TP_ERR_ARGUMENT);
        expect_error(TP_ERR_ARGUMENT, says[i]);
    }
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, NULL, 1), TP_ERR_ARGUMENT);
    expect_error(TP_ERR_ARGUMENT, "NULL or negative");
    ck_assert_int_eq(tp_safetensors_save(NULL, NULL, 0, NULL, 0), TP_ERR_ARGUMENT);
    expect_error(TP_ERR_ARGUMENT, "the path is NULL");
    ck_assert_int_eq(tp_safetensors_save(folder, NULL, 0, NULL, 0), TP_ERR_IO);
    expect_error(TP_ERR_IO, "Is a directory");
    ck_assert_int_eq(tp_safetensors_save("/dev/null", NULL, 0, NULL, 0), TP_ERR_IO);
    expect_error(TP_ERR_IO, "not a regular file");
    ck_assert_int_eq(tp_safetensors_save("no/such/folder/x", NULL, 0, NULL, 0), TP_ERR_IO);
    expect_error(TP_ERR_IO, "No such file");
    ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(while_an_error_is_unread_nothing_is_saved)
{
    TP_SCOPE();
    char old[512], now[512];
    ck_assert_int_eq(save_one(tp_scalar(1)), TP_OK);
    const size_t n = read_bytes(old, sizeof old);
    tp_fail(TP_ERR_NUMERIC, "test: an error");
    ck_assert_int_eq(tp_safetensors_save(path, NULL, 0, NULL, 0), TP_ERR_NUMERIC);
    expect_error(TP_ERR_NUMERIC, "test: an error");
    ck_assert_uint_eq(read_bytes(now, sizeof now), n);
    ck_assert_mem_eq(old, now, n);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file_and_nothing_else)
{
    TP_SCOPE();
    char old[512], now[512];
    ck_assert_int_eq(save_one(tp_scalar(1)), TP_OK);
    const size_t n = read_bytes(old, sizeof old);
    tp_tensor *large = tp_zeros(TP_SHAPE(100, 1000));
    struct rlimit was;
    getrlimit(RLIMIT_FSIZE, &was);
    signal(SIGXFSZ, SIG_IGN);                          /* a write beyond the limit fails then, after a short one */
    for (rlim_t limit = 0; limit < 400000; limit = limit ? limit * 7 : 100) {
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit, was.rlim_max }), 0);
        const tp_status status = save_one(large);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
        ck_assert_int_eq(status, TP_ERR_IO);
        expect_error(TP_ERR_IO, "safetensors_save: cannot write");
        ck_assert_uint_eq(read_bytes(now, sizeof now), n);
        ck_assert_mem_eq(old, now, n);
        ck_assert_int_eq(count_files(), 1);
    }
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
        expect_error(TP_ERR_MEMORY, "");
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
        expect_error(TP_ERR_MEMORY, "");
    }
    ck_assert_int_ge(saves, 3);
    ck_assert_int_ge(opens, 5);
    printf("safetensors: %lld points of failing memory in save, %lld in open\n", (long long)saves, (long long)opens);
}
END_TEST

/* A program may give jansson an allocator of its own; this one fails from the call `jansson_fails_at` on. */
static int64_t jansson_calls, jansson_fails_at, jansson_blocks;

static void *jansson_malloc(size_t bytes)
{
    void *const at = ++jansson_calls >= jansson_fails_at ? NULL : malloc(bytes);
    if (at)
        jansson_blocks++;
    else
        errno = ENOMEM;
    return at;
}

static void jansson_free(void *at)
{
    jansson_blocks -= at != NULL;
    free(at);
}

START_TEST(each_failing_allocation_of_jansson_is_an_error_that_leaks_nothing)
{
    TP_SCOPE();
    tp_named_tensor entries[] = { { "x", tp_zeros(TP_SHAPE(2, 3)) }, { "a\ny", tp_scalar(1) } };
    const tp_metadata metadata[] = { { "k", "v" }, { "l", "" } };
    json_malloc_t old_malloc;
    json_free_t old_free;
    json_get_alloc_funcs(&old_malloc, &old_free);
    json_set_alloc_funcs(jansson_malloc, jansson_free);
    const int64_t before = in_use();
    int64_t saves = 0, opens = 0;
    for (tp_status status = TP_ERR_MEMORY; status; saves++) {
        jansson_calls = 0;
        jansson_fails_at = saves + 1;
        status = tp_safetensors_save(path, entries, 2, metadata, 2);
        ck_assert_int_eq(jansson_blocks, 0);
        ck_assert_int_eq(count_files(), status == TP_OK);
        if (status)
            expect_error(TP_ERR_MEMORY, "safetensors_save: no memory for the header");
    }
    for (bool opened = false; !opened; opens++) {
        jansson_calls = 0;
        jansson_fails_at = opens + 1;
        tp_safetensors *f = tp_safetensors_open(path);
        opened = f != NULL;
        if (!f)
            expect_error(TP_ERR_MEMORY, "safetensors_open: no memory for the header");
        tp_safetensors_close(f);
        ck_assert_int_eq(jansson_blocks, 0);
    }
    json_set_alloc_funcs(old_malloc, old_free);
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
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, what_is_saved_is_read_back_in_every_dtype_of_the_format);
    tcase_add_test(tests, shapes_from_a_scalar_to_eight_dims_and_empty_ones_survive);
    tcase_add_test(tests, views_are_saved_by_their_values);
    tcase_add_test(tests, names_and_metadata_survive_quotes_control_characters_and_utf8);
    tcase_add_test(tests, the_bytes_are_those_of_the_format);
    tcase_add_test(tests, what_others_write_is_read);
    tcase_add_test(tests, an_entry_that_is_not_aligned_is_copied);
    tcase_add_test(tests, loaded_tensors_outlive_the_handle_and_writing_to_them_does_not_reach_the_file);
    tcase_add_test(tests, broken_headers_are_refused_with_what_is_wrong);
    tcase_add_test(tests, deep_nesting_is_refused_without_deep_recursion);
    tcase_add_test(tests, a_header_length_beyond_the_file_is_refused);
    tcase_add_test(tests, no_change_of_a_byte_and_no_cut_of_a_good_file_is_a_crash);
    tcase_add_test(tests, a_bool_is_0_or_1);
    tcase_add_test(tests, what_is_no_file_is_an_error_of_the_system);
    tcase_add_test(tests, what_cannot_be_saved_is_refused_and_nothing_is_written);
    tcase_add_test(tests, while_an_error_is_unread_nothing_is_saved);
    tcase_add_test(tests, a_full_disk_leaves_the_old_file_and_nothing_else);
    tcase_add_test(tests, links_are_followed_and_permissions_kept);
    tcase_add_test(tests, each_failing_allocation_is_an_error_that_leaks_nothing);
    tcase_add_test(tests, each_failing_allocation_of_jansson_is_an_error_that_leaks_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
