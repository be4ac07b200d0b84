/* tests/test_io.c: files of any format by one interface; NumPy's arrays and archives; safetensors in several files. What PyTorch
 * writes is in test_pt.c, safetensors themselves in test_safetensors.c. tests/files/make.py made the files that are read. */
#define _GNU_SOURCE
#include "archive.h"
#include "failing.h"
#include "failing_jansson.h"

#include <signal.h>
#include <sys/resource.h>

static const tp_dtype every_dtype[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_C64, TP_C128 };
enum { DTYPES = sizeof every_dtype / sizeof *every_dtype };

static tp_tensor *some(tp_dtype dtype, tp_shape shape)
{
    char data[512];
    for (int i = 0; i < 512; i++) data[i] = (char)(dtype == TP_BOOL ? i % 3 == 0 : i % 50 + 1);
    return tp_from_data(data, dtype, shape);
}

static void same_bytes(tp_tensor *a, tp_tensor *b)
{
    ck_fine();
    ck_assert(a && b);
    ck_assert_int_eq(tp_dtype_of(a), tp_dtype_of(b));
    ck_assert_int_eq(tp_ndim(a), tp_ndim(b));
    for (int i = 0; i < tp_ndim(a); i++) ck_assert_int_eq(tp_size(a, i), tp_size(b, i));
    a = tp_contiguous(a), b = tp_contiguous(b);
    if (tp_numel(a)) ck_assert_mem_eq(tp_data(a), tp_data(b), (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a)));
}

/* ---- NumPy's arrays ------------------------------------------------------------------------------------------------------------ */

START_TEST(an_array_is_written_as_numpy_writes_it)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(tp_arange(0, 6, 1, .dtype = TP_F32), TP_SHAPE(2, 3));
    ck_ok(tp_npy_save(in_folder("x.npy"), x));
    const bytes ours = read_bytes(in_folder("x.npy")), theirs = read_bytes("tests/files/array.npy");
    ck_assert_uint_eq(ours.n, theirs.n);
    ck_assert_mem_eq(ours.at, theirs.at, ours.n);
    free(ours.at);
    free(theirs.at);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(arrays_of_every_dtype_and_shape_come_back)
{
    TP_SCOPE();
    const char *path = in_folder("x.npy");
    const tp_shape shapes[] = { { .ndim = 0 }, TP_SHAPE(3), TP_SHAPE(2, 3), TP_SHAPE(0, 5), TP_SHAPE(1, 2, 1, 2, 1, 1, 2, 1) };
    for (int d = 0; d < DTYPES; d++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            tp_tensor *x = some(every_dtype[d], shapes[s]);
            ck_ok(tp_npy_save(path, x));
            same_bytes(tp_npy_load(path), x);
            tp_file *f = tp_file_open(path);
            ck_assert_str_eq(tp_file_format(f), "npy");
            ck_assert_int_eq(tp_file_count(f), 1);
            ck_assert_str_eq(tp_file_name(f, 0), "");
            ck_assert_int_eq(tp_file_dtype(f, 0), every_dtype[d]);
            tp_file_close(f);
        }
    tp_tensor *x = tp_transpose(some(TP_I64, TP_SHAPE(4, 3)), 0, 1);
    ck_ok(tp_npy_save(path, x));
    same_bytes(tp_npy_load(path), x);
}
END_TEST

START_TEST(fortran_order_becomes_strides_and_big_endian_is_turned_around)
{
    TP_SCOPE();
    tp_tensor *x = tp_npy_load("tests/files/fortran.npy");
    same_bytes(x, tp_reshape(tp_arange(0, 24, 1, .dtype = TP_I16), TP_SHAPE(2, 3, 4)));
    ck_assert_int_eq(tp_stride(x, 0), 1);
    tp_file *f = tp_file_open("tests/files/arrays.npz");
    ck_assert_str_eq(tp_file_format(f), "npz");
    ck_values(tp_file_get(f, "big"), 0, 1, 2);
    ck_assert_int_eq(tp_file_dtype(f, tp_file_find(f, "big")), TP_I32);
    ck_values(tp_file_get(f, "x"), 0, 1, 2, 3, 4, 5);
    ck_values(tp_file_get(f, "scalar"), 3.5);
    ck_values(tp_file_get(f, "flags"), 1, 0);
    ck_assert_double_eq(((const double *)tp_data(tp_file_get(f, "z")))[1], 2);
    ck_assert_int_eq(tp_file_dtype(f, tp_file_find(f, "unsigned")), 0);
    ck_assert_ptr_null(tp_file_get(f, "unsigned"));
    ck_message("file_tensor: \"unsigned\" is <u2, which Taper lacks, in tests/files/arrays.npz");
    ck_assert_ptr_null(tp_file_get(f, "text"));
    ck_message("file_tensor: \"text\" is <U2, which Taper lacks, in tests/files/arrays.npz");
    ck_assert_ptr_null(tp_file_get(f, "no"));
    ck_message("file_get: there is no entry \"no\" in tests/files/arrays.npz");
    ck_assert_ptr_null(tp_file_tensor(f, 7));
    ck_message("file_tensor: entry 7 of 7");
    tp_free_all(f);
}
END_TEST

/* A file of this version, with this header and n bytes that count up. */
static const char *write_npy(int version, const char *header, size_t n)
{
    char out[1024] = "\x93NUMPY";
    const size_t length = strlen(header), start = version > 1 ? 12 : 10;
    out[6] = (char)version;
    out[8] = (char)(length & 255);
    out[9] = (char)(length >> 8);
    memcpy(out + start, header, length);
    for (size_t i = 0; i < n; i++) out[start + length + i] = (char)i;
    write_bytes(in_folder("x.npy"), out, start + length + n);
    return in_folder("x.npy");
}

START_TEST(headers_of_any_version_and_spelling_are_read)
{
    TP_SCOPE();
    for (int version = 1; version <= 3; version++)
        ck_assert_int_eq(tp_numel(tp_npy_load(write_npy(version, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", 3))), 3);
    ck_values(tp_npy_load(write_npy(2, "{\"shape\":(2L,2L),\"fortran_order\":True,\"descr\":\"|u1\"}", 4)), 0, 2, 1, 3);
    ck_values(tp_npy_load(write_npy(1, "{'descr': '>i2', 'fortran_order': False, 'shape': (), }", 2)), 1);
    ck_values(tp_npy_load(write_npy(1, "{'descr': '<i2', 'fortran_order': True, 'shape': (1), }", 2)), 256);
    ck_fine();
}
END_TEST

START_TEST(broken_arrays_are_refused_with_what_is_wrong)
{
    TP_SCOPE();
    char text[400];
    static const struct { const char *header; int bytes; const char *message; } cases[] = {
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 2, "the header takes 3 bytes of elements, and there are 2, in %s" },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 4, "the header takes 3 bytes of elements, and there are 4, in %s" },
        { "{'descr': '|u1', 'fortran_order': False}", 0, "the header lacks shape, in %s" },
        { "{'fortran_order': False, 'shape': (3,)}", 0, "the header lacks descr, in %s" },
        { "['descr']", 0, "the header has \"['descr']\" where a { is expected, in %s" },
        { "{'descr': '|u1', 'descr': '|u1'}", 0, "the header has \"'descr': '|u1'}\" "
            "where one of descr, fortran_order and shape, once each, is expected, in %s" },
        { "{'descr': '|u1', 'fortran_order': 0}", 0, "the header has \"0}\" where True or False is expected, in %s" },
        { "{'descr': '|u1', 'shape': (-1,)}", 0, "the header has \"-1,)}\" where a size is expected, in %s" },
        { "{'descr': '|u1', 'shape': (1 1)}", 0, "the header has \"1)}\" where a , or ) is expected, in %s" },
        { "{'descr': '|u1', 'shape': (99999999999999999999,)}", 0, "a size of more than 63 bits, in %s" },
        { "{'descr': '|u1', 'shape': (1,1,1,1,1,1,1,1,1)}", 0, "9 dims, and at most 8 are possible, in %s" },
        { "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 0)}", 0, "the shape has more elements than 64 bits count, in %s" },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': ()} x", 0, "the header has \"x\" where the end is expected, in %s" },
        { "{'descr': [('a', '<f4'), ('b", 0, "the header has \"'b\" where a string is expected, in %s" },
        { "  ", 0, "the header has \"\" where a { is expected, in %s" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_npy(1, cases[i].header, (size_t)cases[i].bytes);
        const int used = snprintf(text, sizeof text, "file_open: ");
        snprintf(text + used, sizeof text - (size_t)used, cases[i].message, path);
        ck_assert_ptr_null(tp_npy_load(path));
        ck_message(text);
    }
    ck_assert_ptr_null(tp_npy_load(write_npy(9, "", 0)));
    ck_error(TP_ERR_FORMAT, "version 9.0 of NumPy's format; 1, 2 and 3 are read, in");
    ck_assert_ptr_null(tp_npy_load(write_npy(1, "{'descr': [('a', '<f4'), ('b', 'x', (2,))], 'fortran_order': False, 'shape': (2,)}", 0)));
    ck_error(TP_ERR_DTYPE, "\"\" is a structured dtype, which Taper lacks");
    ck_assert_ptr_null(tp_npy_load(write_npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 9)));
    ck_error(TP_ERR_DTYPE, "\"\" is |O, which Taper lacks");
    ck_assert_ptr_null(tp_npy_load(write_npy(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", 3)));
    ck_error(TP_ERR_FORMAT, "\"\" is BOOL and holds bytes that are neither 0 nor 1");
    ck_assert_ptr_null(tp_npy_load("tests/files/arrays.npz"));
    ck_message("npy_load: tests/files/arrays.npz is a file of the format npz");
}
END_TEST

/* ---- Archives --------------------------------------------------------------------------------------------------------------------- */

START_TEST(an_archive_comes_back_stored_and_deflated)
{
    TP_SCOPE();
    const char *path = in_folder("x.npz");
    tp_named_tensor entries[DTYPES + 1];
    for (int d = 0; d < DTYPES; d++) entries[d] = (tp_named_tensor){ tp_dtype_name(every_dtype[d]), some(every_dtype[d], TP_SHAPE(2, 3)) };
    entries[DTYPES] = (tp_named_tensor){ "größe/x.0", tp_zeros(TP_SHAPE(100, 100)) };
    size_t sizes[2];
    for (int compress = 0; compress < 2; compress++) {
        ck_ok(tp_npz_save(path, entries, DTYPES + 1, .compress = compress));
        const bytes b = read_bytes(path);
        sizes[compress] = b.n;
        free(b.at);
        tp_file *f = tp_file_open(path);
        ck_assert_int_eq(tp_file_count(f), DTYPES + 1);
        for (int i = 0; i <= DTYPES; i++) {
            ck_assert_str_eq(tp_file_name(f, i), entries[i].name);
            ck_assert_int_eq(tp_file_find(f, entries[i].name), i);
            same_bytes(tp_file_tensor(f, i), entries[i].tensor);
        }
        tp_file_close(f);
        ck_assert_int_eq(count_files(), 1);
    }
    ck_assert_uint_gt(sizes[0], 40000);
    ck_assert_uint_lt(sizes[1], 5000);
    ck_ok(tp_npz_save(path, NULL, 0));
    ck_assert_int_eq(read_all(path), 0);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused_and_the_old_file_stays)
{
    TP_SCOPE();
    const char *path = in_folder("x.npz");
    tp_tensor *x = tp_ones(TP_SHAPE(2));
    const tp_named_tensor good = { "a", x }, twice[] = { { "a", x }, { "b", x }, { "a", x } }, bad = { "\xff", x }, none = { "a", NULL };
    ck_ok(tp_npz_save(path, &good, 1));
    tp_npz_save(path, twice, 3);
    ck_message("npz_save: two entries are named \"a\"");
    tp_npz_save(path, &bad, 1);
    ck_message("npz_save: the name of entry 0 is not UTF-8");
    tp_npz_save(path, &none, 1);
    ck_message("npz_save: entry 0 (a) has no tensor");
    ck_assert_int_eq(tp_npz_save(NULL, &good, 1), TP_ERR_ARGUMENT);
    tp_clear_error();
    tp_npy_save(path, NULL);
    ck_message("npy_save: the tensor is NULL");
    ck_assert_int_eq(tp_npz_save(in_folder("no/x.npz"), &good, 1), TP_ERR_IO);
    tp_clear_error();
    tp_fail(TP_ERR_SHAPE, "earlier: failed");
    ck_assert_int_eq(tp_npz_save(path, &good, 1), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_npy_save(path, x), TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert_int_eq(read_all(path), 1);

    const struct rlimit full = { 100, RLIM_INFINITY }, open = { RLIM_INFINITY, RLIM_INFINITY };        /* a full disk, as far as one can */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &full);
    const tp_status npz = tp_npz_save(path, twice, 2);
    tp_clear_error();
    const tp_status npy = tp_npy_save(path, tp_zeros(TP_SHAPE(100)));
    tp_clear_error();
    setrlimit(RLIMIT_FSIZE, &open);
    ck_assert_int_eq(npz, TP_ERR_IO);
    ck_assert_int_eq(npy, TP_ERR_IO);
    ck_assert_int_eq(read_all(path), 1);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(broken_and_hostile_archives_are_refused)
{
    TP_SCOPE();
    const char *path = in_folder("x.npz");
    char data[200] = "\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
    write_archive(path, (part[]){ { "x.npy", data, 128 + 1 } }, 1, false);
    ck_assert_ptr_null(tp_file_open(path));
    ck_error(TP_ERR_FORMAT, "of x.npz");
    memset(data + strlen(data + 10) + 10, ' ', 128 - 10 - strlen(data + 10));
    write_archive(path, (part[]){ { "x.npy", data, 128 + 1 } }, 1, false);
    ck_assert_ptr_null(tp_file_open(path));
    ck_message("file_open: the header takes 2 bytes of elements, and there are 1, in x.npy of x.npz");
    write_archive(path, (part[]){ { "x.npy", data, 128 + 2 } }, 1, false);
    ck_assert_int_eq(read_all(path), 1);
    write_archive(path, (part[]){ { "readme", "hello", 5 } }, 1, false);
    tp_file *f = tp_file_open(path);
    ck_assert_int_eq(tp_file_count(f), 0);
    ck_assert_int_eq(tp_file_skipped_count(f), 1);
    ck_assert_str_eq(tp_file_skipped_at(f, 0).name, "readme");
    ck_assert_str_eq(tp_file_skipped_at(f, 0).what, "no array");
    ck_assert_ptr_null(tp_file_skipped_at(f, 1).name);
    tp_file_close(f);
    write_archive(path, (part[]){ { "x.npy", data, 20 } }, 1, false);
    ck_assert_ptr_null(tp_file_open(path));
    ck_error(TP_ERR_FORMAT, "a header of 128 bytes in 20, in x.npy of x.npz");

    /* a size that no deflate reaches, said in both headers: 4 GB out of a few bytes */
    write_archive(path, (part[]){ { "x.npy", data, 130 } }, 1, true);
    bytes b = read_bytes(path);
    for (size_t i = 0; i + 4 < b.n; i++)
        if (memcmp(b.at + i, "\x82\0\0\0", 4) == 0) memcpy(b.at + i, "\xF0\xFF\xFF\xFF", 4);
    write_bytes(path, b.at, b.n);
    free(b.at);
    ck_assert_ptr_null(tp_file_open(path));
    ck_error(TP_ERR_FORMAT, "x.npy has 4294967280 bytes, which should come out of");

    /* a changed element does not have the checksum */
    write_archive(path, (part[]){ { "x.npy", data, 130 } }, 1, false);
    b = read_bytes(path);
    for (size_t i = 0; i + 4 < b.n; i++)
        if (memcmp(b.at + i, "\n\0\0PK", 5) == 0 || memcmp(b.at + i, " \0\0PK", 5) == 0) b.at[i + 1] = 7;
    write_bytes(path, b.at, b.n);
    free(b.at);
    f = tp_file_open(path);
    ck_assert_ptr_null(tp_file_get(f, "x"));
    ck_error(TP_ERR_FORMAT, "file_tensor: x: CRC error, in");
    tp_file_close(f);
}
END_TEST

START_TEST(no_cut_of_a_small_file_opens_whole_and_no_change_is_a_crash)
{
    const tp_named_tensor entry = { "x", tp_from_data("abcdef", TP_U8, TP_SHAPE(6)) };
    ck_ok(tp_npz_save(in_folder("a.npz"), &entry, 1));
    ck_ok(tp_npz_save(in_folder("b.npz"), &entry, 1, .compress = true));
    cut_and_change(in_folder("a.npz"), in_folder("changed"));
    cut_and_change(in_folder("b.npz"), in_folder("changed"));
    cut_and_change("tests/files/array.npy", in_folder("changed"));
    TP_SCOPE();
    const tp_named_tensor both[] = { { "x", entry.tensor }, { "y", tp_ones(TP_SHAPE(2)) } };
    ck_ok(tp_safetensors_save_sharded(in_folder("m.safetensors.index.json"), both, 2, NULL, 0, 8));
    cut_and_change(in_folder("m.safetensors.index.json"), in_folder("changed"));
}
END_TEST

/* ---- Several files with an index ------------------------------------------------------------------------------------------------------ */

static void save_sharded(double value, int64_t most)
{
    TP_SCOPE();
    const tp_named_tensor entries[] = { { "a", tp_full(TP_SHAPE(4), value) }, { "b.c", tp_full(TP_SHAPE(2, 2), value + 1) },
                                        { "big", tp_full(TP_SHAPE(30), value + 2) }, { "d", tp_full((tp_shape){ .ndim = 0 }, value + 3) } };
    const tp_metadata metadata = { "made_by", "a test" };
    ck_ok(tp_safetensors_save_sharded(in_folder("m.safetensors.index.json"), entries, 4, &metadata, 1, most));
}

START_TEST(an_index_and_its_files_are_as_one_file)
{
    TP_SCOPE();
    save_sharded(1, 40);
    ck_assert_int_eq(count_files(), 4);
    ck_assert_int_eq(access(in_folder("m-00001-of-00003.safetensors"), F_OK), 0);
    tp_file *f = tp_file_open(in_folder("m.safetensors.index.json"));
    ck_assert_str_eq(tp_file_format(f), "index");
    ck_assert_int_eq(tp_file_count(f), 4);
    ck_assert_str_eq(tp_file_metadata(f, "total_size"), "156");
    ck_assert_str_eq(tp_file_metadata(f, "made_by"), "a test");
    ck_assert_int_eq(tp_file_metadata_count(f), 2);
    ck_assert_int_eq(tp_file_shape(f, tp_file_find(f, "b.c")).dim[1], 2);
    ck_values(tp_file_get(f, "b.c"), 2, 2, 2, 2);
    ck_values(tp_file_get(f, "d"), 4);
    tp_tensor *big = tp_file_get(f, "big");
    tp_file_close(f);
    ck_assert_double_eq(tp__element(big, 29), 3);
    f = tp_file_open(in_folder("m.safetensors.index.json"), .prefix = "b.");
    ck_assert_int_eq(tp_file_count(f), 1);
    ck_values(tp_file_get(f, "c"), 2, 2, 2, 2);
    tp_file_close(f);
}
END_TEST

START_TEST(saving_again_replaces_the_files_in_one_step)
{
    TP_SCOPE();
    save_sharded(1, 40);
    const bytes old = read_bytes(in_folder("m.safetensors.index.json"));
    save_sharded(10, 1000);                            /* other names, another number */
    ck_assert_int_eq(count_files(), 2);
    save_sharded(20, 1000);                            /* the name is there: another */
    ck_assert_int_eq(count_files(), 2);
    ck_assert_int_eq(access(in_folder("m-1-00001-of-00001.safetensors"), F_OK), 0);
    save_sharded(30, 1000);
    ck_assert_int_eq(access(in_folder("m-00001-of-00001.safetensors"), F_OK), 0);
    tp_file *f = tp_file_open(in_folder("m.safetensors.index.json"));
    ck_values(tp_file_get(f, "d"), 33);
    tp_file_close(f);

    const tp_named_tensor twice[] = { { "a", tp_ones(TP_SHAPE(9)) }, { "a", tp_ones(TP_SHAPE(9)) } };
    const char *path = in_folder("m.safetensors.index.json");
    tp_safetensors_save_sharded(path, twice, 2, NULL, 0, 4);
    ck_message("safetensors_save: two entries are named \"a\"");
    tp_safetensors_save_sharded(path, twice, 1, NULL, 0, 0);
    ck_message("safetensors_save_sharded: 0 bytes a file");
    tp_safetensors_save_sharded("m.safetensors", twice, 1, NULL, 0, 4);
    ck_message("safetensors_save_sharded: the path is m.safetensors, and should end in NAME.safetensors.index.json");
    const tp_named_tensor wide[] = { { "a", twice[0].tensor }, { "b", tp_zeros(TP_SHAPE(4000)) } };
    const struct rlimit full = { 1000, RLIM_INFINITY }, open = { RLIM_INFINITY, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &full);
    const tp_status status = tp_safetensors_save_sharded(path, wide, 2, NULL, 0, 4);
    setrlimit(RLIMIT_FSIZE, &open);
    ck_assert_int_eq(status, TP_ERR_IO);
    tp_clear_error();
    ck_assert_int_eq(count_files(), 2);                /* what was written of the new is gone, the old is there */
    ck_assert_int_eq(read_all(path), 4);
    ck_ok(tp_safetensors_save_sharded(path, NULL, 0, NULL, 0, 4));
    ck_assert_int_eq(read_all(path), 0);
    free(old.at);
}
END_TEST

START_TEST(a_broken_index_is_refused)
{
    TP_SCOPE();
    const char *path = in_folder("i.json");
    static const struct { const char *text, *message; } cases[] = {
        { "{}", "file_open: the index has no object weight_map, in %s" },
        { "{\"weight_map\": []}", "file_open: the index has no object weight_map, in %s" },
        { "{\"weight_map\": {\"a\": 3}}", "file_open: the file of \"a\" is not a string, in %s" },
        { "{\"weight_map\": {\"a\": \"/etc/x\"}}", "file_open: \"a\" is in the file \"/etc/x\", which is not below the folder of %s" },
        { "{\"weight_map\": {\"a\": \"b/../../x\"}}", "file_open: \"a\" is in the file \"b/../../x\", which is not below the folder of %s" },
        { "{\"weight_map\": {\"a\": \"..\"}}", "file_open: \"a\" is in the file \"..\", which is not below the folder of %s" },
        { "{\"weight_map\": {\"a\": \"\"}}", "file_open: \"a\" is in the file \"\", which is not below the folder of %s" },
    };
    char text[600];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_bytes(path, cases[i].text, strlen(cases[i].text));
        ck_assert_ptr_null(tp_file_open(path));
        snprintf(text, sizeof text, cases[i].message, path);
        ck_message(text);
    }
    write_bytes(path, "{\"a\"", 4);
    ck_assert_ptr_null(tp_file_open(path));
    ck_error(TP_ERR_FORMAT, "file_open: the index is not JSON: ");

    save_sharded(1, 1000);
    const char *map = "{\"weight_map\": {\"a\": \"m-00001-of-00001.safetensors\", \"no\": \"m-00001-of-00001.safetensors\", \"x\": \"gone\"}}";
    write_bytes(path, map, strlen(map));
    tp_file *f = tp_file_open(path);
    ck_values(tp_file_get(f, "a"), 1, 1, 1, 1);
    ck_assert_int_eq(tp_file_dtype(f, 1), 0);
    snprintf(text, sizeof text, "file_tensor: \"no\" should be in m-00001-of-00001.safetensors, and is not, by %s", path);
    ck_message(text);
    ck_assert_ptr_null(tp_file_get(f, "x"));
    ck_error(TP_ERR_IO, "gone: No such file or directory");
    tp_module *m = tp_sequential(tp_nn_linear(1, 1));
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "3 unexpected (a, no, x)");
    tp_free_all(f, m);
}
END_TEST

/* ---- Whichever it is ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(what_is_no_file_of_tensors_is_said)
{
    const char *path = in_folder("x");
    char text[600];
    static const char *const texts[] = { "", "h", "hello, world", "PK", "\x93NUM", "\n\n", "0123456{" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_bytes(path, texts[i], strlen(texts[i]));
        ck_assert_ptr_null(tp_file_open(path));
        snprintf(text, sizeof text, "file_open: %s is no file of tensors: neither safetensors nor an index of them, .pt, .npz or .npy", path);
        ck_message(text);
    }
    write_bytes(path, "\x80\x02}q", 4);
    ck_assert_ptr_null(tp_file_open(path));
    ck_error(TP_ERR_UNSUPPORTED, "is a bare pickle, as torch.save wrote before 1.6: load it there and save it again");
    write_bytes(path, "PK\3\4 and what is none", 22);
    ck_assert_ptr_null(tp_file_open(path));
    ck_error(TP_ERR_FORMAT, "file_open: Not a zip archive, in ");
    ck_assert_ptr_null(tp_file_open(NULL));
    ck_message("file_open: the path is NULL");
    ck_assert_ptr_null(tp_file_open("/nonexistent"));
    ck_message("file_open: cannot read /nonexistent: No such file or directory");
    ck_assert_ptr_null(tp_file_open("/tmp"));
    ck_message("file_open: cannot read /tmp: it is not a regular file");
    tp_file_close(NULL);
    ck_assert_int_eq(tp_file_count(NULL), 0);
    ck_assert_int_eq(tp_file_find(NULL, "x"), -1);
    ck_assert_ptr_null(tp_file_tensor(NULL, 0));
    ck_assert_ptr_null(tp_file_get(NULL, "x"));
    ck_fine();
}
END_TEST

START_TEST(a_module_loads_from_each_format)
{
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_linear(2, 1));
    const tp_named_tensor entries[] = { { "net.0.weight", tp_full(TP_SHAPE(1, 2), 3.0) }, { "net.0.bias", tp_full(TP_SHAPE(1), 4.0) } };
    const char *const paths[] = { in_folder("a.safetensors"), in_folder("b.safetensors.index.json"), in_folder("c.npz") };
    ck_ok(tp_safetensors_save(paths[0], entries, 2, NULL, 0));
    ck_ok(tp_safetensors_save_sharded(paths[1], entries, 2, NULL, 0, 4));
    ck_ok(tp_npz_save(paths[2], entries, 2));
    for (int i = 0; i < 3; i++) {
        TP_NO_GRAD();
        tp_fill_(tp_module_tensor(m, "0.weight"), 0);
        ck_ok(tp_module_load(m, paths[i], .prefix = "net."));
        ck_values(tp_module_tensor(m, "0.weight"), 3, 3);
        ck_values(tp_module_tensor(m, "0.bias"), 4);
        tp_module_load(m, paths[i]);
        ck_error(TP_ERR_ARGUMENT, "2 missing (0.weight, 0.bias), 2 unexpected (net.0.weight, net.0.bias)");
    }
    tp_module_free(m);
}
END_TEST

/* ---- Memory -------------------------------------------------------------------------------------------------------------------------------- */

static void load_and_save(void *arg)
{
    (void)arg;
    TP_SCOPE();
    static const char *const names[] = { "x.npy", "x.npz", "m.safetensors.index.json", "x.safetensors" };
    for (int i = 0; i < 4; i++) {
        tp_file *f = tp_file_open(in_folder(names[i]));
        for (int64_t k = 0; k < tp_file_count(f); k++) tp_file_tensor(f, k);
        tp_file_close(f);
    }
    const tp_named_tensor entries[] = { { "a", tp_ones(TP_SHAPE(4, 4)) }, { "b", tp_transpose(tp_ones(TP_SHAPE(40, 4)), 0, 1) } };
    tp_npy_save(in_folder("y.npy"), entries[1].tensor);
    tp_npz_save(in_folder("y.npz"), entries, 2);
    tp_safetensors_save_sharded(in_folder("y.safetensors.index.json"), entries, 2, NULL, 0, 100);
}

START_TEST(each_failing_allocation_is_an_error_that_leaks_nothing)
{
    {
        TP_SCOPE();
        const tp_named_tensor entries[] = { { "a", tp_ones(TP_SHAPE(3)) }, { "b", tp_ones(TP_SHAPE(3, 2)) } };
        ck_ok(tp_npz_save(in_folder("x.npz"), entries, 2));
        ck_ok(tp_safetensors_save(in_folder("x.safetensors"), entries, 2, NULL, 0));
    }
    const bytes fortran = read_bytes("tests/files/fortran.npy");
    write_bytes(in_folder("x.npy"), fortran.at, fortran.n);
    free(fortran.at);
    save_sharded(1, 40);
    every_point("files", load_and_save, NULL, NULL);
    ck_assert_int_eq(count_files(), 4 + 3 + 2 + 3);
}
END_TEST

START_TEST(each_failing_allocation_of_jansson_is_an_error_that_leaks_nothing)
{
    TP_SCOPE();
    const char *path = in_folder("m.safetensors.index.json");
    const tp_named_tensor entries[] = { { "a", tp_ones(TP_SHAPE(4)) }, { "b", tp_ones(TP_SHAPE(4)) } };
    const tp_metadata metadata = { "k", "v" };
    jansson_begin();
    int64_t saves = 0, opens = 0;
    for (bool saved = false; !saved; saves++) {
        jansson_fail_at(saves + 1);
        saved = tp_safetensors_save_sharded(path, entries, 2, &metadata, 1, 16) == TP_OK;
        ck_assert_int_eq(jansson_blocks, 0);
        ck_assert_int_eq(count_files(), saved ? 3 : 0);
        if (!saved) ck_error(TP_ERR_MEMORY, "no memory for the ");
    }
    for (bool opened = false; !opened; opens++) {
        jansson_fail_at(opens + 1);
        tp_file *f = tp_file_open(path);
        opened = f != NULL;
        if (!f) ck_error(TP_ERR_MEMORY, "file_open: no memory for the index");
        tp_file_close(f);
        ck_assert_int_eq(jansson_blocks, 0);
    }
    jansson_end();
    ck_assert_int_ge(saves, 40);
    ck_assert_int_ge(opens, 20);
    printf("%lld and %lld points of jansson's\n", (long long)saves, (long long)opens);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io");
    TCase *tests = tcase_create("io");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, an_array_is_written_as_numpy_writes_it);
    tcase_add_test(tests, arrays_of_every_dtype_and_shape_come_back);
    tcase_add_test(tests, fortran_order_becomes_strides_and_big_endian_is_turned_around);
    tcase_add_test(tests, headers_of_any_version_and_spelling_are_read);
    tcase_add_test(tests, broken_arrays_are_refused_with_what_is_wrong);
    tcase_add_test(tests, an_archive_comes_back_stored_and_deflated);
    tcase_add_test(tests, what_cannot_be_written_is_refused_and_the_old_file_stays);
    tcase_add_test(tests, broken_and_hostile_archives_are_refused);
    tcase_add_test(tests, no_cut_of_a_small_file_opens_whole_and_no_change_is_a_crash);
    tcase_add_test(tests, an_index_and_its_files_are_as_one_file);
    tcase_add_test(tests, saving_again_replaces_the_files_in_one_step);
    tcase_add_test(tests, a_broken_index_is_refused);
    tcase_add_test(tests, what_is_no_file_of_tensors_is_said);
    tcase_add_test(tests, a_module_loads_from_each_format);
    tcase_add_test(tests, each_failing_allocation_is_an_error_that_leaks_nothing);
    tcase_add_test(tests, each_failing_allocation_of_jansson_is_an_error_that_leaks_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
