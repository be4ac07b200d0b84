/* src/io/npy.h: the header of NumPy's arrays. */
#ifndef TP_IO_NPY_H
#define TP_IO_NPY_H

#include "io/file.h"

/* "\x93NUMPY", major and minor version, the length of the text in 2 bytes (version 1) or 4, and the text, a Python dict */
enum { TP__NPY_MAGIC = 6, TP__NPY_LEAST = 10, TP__NPY_MOST = 64 << 10 };

typedef struct tp__npy {
    tp_dtype dtype;                            /* 0: one that we lack; dtype_text says which */
    char dtype_text[24];
    bool swapped, fortran;
    tp_shape shape;                            /* as Python sees it */
    int64_t numel, bytes;                      /* of the elements; 0 where dtype is */
    size_t header;                             /* bytes before the elements */
} tp__npy;

/* How many bytes the header has, of an array that begins with these TP__NPY_LEAST + 2; messages begin with `op` and end with
 * "in `where`". 0: an error. */
size_t tp__npy_header_bytes(const char *op, const char *where, const char *at);
tp_status tp__npy_parse(const char *op, const char *where, const char *at, size_t header, tp__npy *out);
/* The array behind a header: dims turned around where the order is Fortran's. */
tp_shape tp__npy_stored_shape(const tp__npy *npy);
tp_tensor *tp__npy_from_stored(tp_tensor *x, const tp__npy *npy);

/* The header of x as NumPy writes it: *bytes of out, a multiple of 64. */
enum { TP__NPY_HEADER = 384 };
void tp__npy_print(tp_tensor *x, char out[TP__NPY_HEADER], size_t *bytes);

#endif
