/* tests/safetensors.h: the one file that a test of safetensors has, and what is put into it. */
#ifndef TP_TESTS_SAFETENSORS_H
#define TP_TESTS_SAFETENSORS_H

#include "folder.h"

static char path[256];

static void begin(void)
{
    make_folder();
    snprintf(path, sizeof path, "%s/file.safetensors", folder);
}

/* A file with this header, padded with `pad` spaces, and `n` bytes of data that count up from 0. */
static inline void write_file(const char *header, int pad, size_t n)
{
    char out[4096];
    const size_t text = strlen(header);
    const uint64_t length = text + (size_t)pad;
    ck_assert_uint_lt(8 + length + n, sizeof out);
    memcpy(out, &length, 8);
    memcpy(out + 8, header, text);
    memset(out + 8 + text, ' ', (size_t)pad);
    for (size_t i = 0; i < n; i++) out[8 + length + i] = (char)i;
    write_bytes(path, out, 8 + length + n);
}

static inline tp_status save_one(tp_tensor *x) { return tp_safetensors_save(path, &(tp_named_tensor){ "x", x }, 1, NULL, 0); }

#endif
