/* softmax.h: rows for softmax and the losses. A tensor [outer, n, inner] is seen as outer * inner rows of n elements; rows
 * that are not contiguous, or of a narrow dtype, are copied to float32 or float64 a few at a time. */
#ifndef TP__SOFTMAX_H
#define TP__SOFTMAX_H

#include "core/op.h"

typedef struct tp__rows { int64_t outer, n, inner; } tp__rows;
tp__rows tp__rows_of(const tp_tensor *x, int64_t dim);

enum { TP__ROWS_BLOCK = 4096, TP__ROWS_INPUTS = 2 };   /* elements handled at once, unless a row is longer */

/* Rows first .. first + rows - 1, contiguous at each of x and at y, in float32 or float64. y may be one of x. `past`: NULL, or where the
 * result is to be streamed; y is then room for it. */
typedef void tp__row_fn(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg);

/* Calls fn for all rows, from several threads if that pays. `in` are contiguous, of the same shape; out, which may be NULL, too. */
tp_status tp__each_rows(tp__rows shape, tp_tensor *const *in, int n_in, tp_tensor *out, tp__row_fn *fn, const void *arg);

/* y = softmax(x), and max and log(sum(exp(x - max))) of each row. y may be x. */
void tp__softmax_rows_f32(int64_t rows, int64_t n, const float *x, float *y);
void tp__softmax_rows_f64(int64_t rows, int64_t n, const double *x, double *y);
void tp__logsum_rows_f32(int64_t rows, int64_t n, const float *x, float *max, float *logsum);
void tp__logsum_rows_f64(int64_t rows, int64_t n, const double *x, double *max, double *logsum);
/* The sum and its logarithm rounded to *dtype, float16 or bfloat16. At most 256 rows. */
void tp__logsum_rows_narrow(int64_t rows, int64_t n, const float *x, float *max, float *logsum, const tp_dtype *dtype);

#endif
