/* tests/folder.h: a folder of its own for each test, and whole files as bytes. */
#ifndef TP_TESTS_FOLDER_H
#define TP_TESTS_FOLDER_H

#include "expect.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static char folder[200];

static void make_folder(void)
{
    const char *where = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/taper-io-XXXXXX", where ? where : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* A path in it, in a ring of eight. */
static const char *in_folder(const char *name)
{
    static char ring[8][512];
    static int next;
    char *path = ring[next++ % 8];
    snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

static inline int count_files(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;) n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static void remove_folder(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;) unlink(in_folder(e->d_name));
    closedir(d);
    ck_assert_int_eq(rmdir(folder), 0);
}

typedef struct bytes { char *at; size_t n; } bytes;

static inline bytes read_bytes(const char *path)                /* freed by free() */
{
    bytes b = { malloc(1 << 20), 0 };
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    b.n = fread(b.at, 1, 1 << 20, f);
    ck_assert_uint_lt(b.n, 1 << 20);
    fclose(f);
    return b;
}

static inline void write_bytes(const char *path, const void *at, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(at, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

/* Opens a file and looks at all that is in it. How many entries could be read; -1: it does not open. Clears errors. */
static inline int64_t read_all(const char *path)
{
    int64_t good = 0;
    TP_SCOPE();
    tp_file *f = tp_file_open(path);
    if (!f) {
        ck_assert(tp_failed());
        tp_clear_error();
        return -1;
    }
    ck_fine();
    for (int64_t i = 0; i < tp_file_count(f); i++) {
        tp_tensor *x = tp_file_tensor(f, i);
        ck_assert(!x == tp_failed());
        tp_clear_error();
        if (x) {
            ck_assert_int_eq(tp_ndim(x), tp_file_shape(f, i).ndim);
            good += tp_numel(x) > 1 << 20 || tp_contiguous(x);
        }
    }
    tp_file_close(f);
    ck_fine();
    return good;
}

/* Every cut of the file is refused: one that opens lacks something that it had. Every change of a byte goes without a crash. */
static inline void cut_and_change(const char *path, const char *scratch)
{
    const int64_t whole = read_all(path);
    const bytes b = read_bytes(path);
    ck_assert_int_ge(whole, 0);
    for (size_t n = 0; n < b.n; n++) {
        write_bytes(scratch, b.at, n);
        const int64_t got = read_all(scratch);
        ck_assert_msg(got < whole, "%s, cut to %zu of %zu bytes: %lld entries", path, n, b.n, (long long)got);
    }
    for (size_t i = 0; i < b.n; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            b.at[i] ^= (char)(1 << bit);
            write_bytes(scratch, b.at, b.n);
            read_all(scratch);
            b.at[i] ^= (char)(1 << bit);
        }
    free(b.at);
}

#endif
