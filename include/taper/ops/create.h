/* create.h: tensors made of numbers, or like another one. What holds for all ops is said in ops.h; more of creation is in core.h.
 *
 * No gradient goes through any of them. */
#ifndef TAPER_OPS_CREATE_H
#define TAPER_OPS_CREATE_H

#include <taper/core.h>

typedef struct tp_like_options {
    TP__HEAD(tp_like_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* x's */
    tp_device device TP__IS(0);                        /* x's */
    bool requires_grad TP__IS(false), pinned TP__IS(false);
    tp_memory_format memory_format TP__IS(TP_FORMAT_DEFAULT);    /* preserve */
    TP__TAIL;
} tp_like_options;
#define TP__DEFAULT_like

#define TP__EACH_CREATE_OP_OPTIONS(X) X(like)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Numbers in a row: float32 unless the options say another dtype ----------------------------------------------------------------- */

/* start + i (end - start) / (steps - 1), 0 <= i < steps. TP_ERR_ARGUMENT: steps < 0 */
TP_API tp_tensor *tp_linspace_with(double start, double end, int64_t steps, const tp_tensor_options *o);
TP_API tp_tensor *tp_logspace_with(double start, double end, int64_t steps, double base, const tp_tensor_options *o);       /* base to the power of it */
/* int64 [2, k]: the rows and the columns of what tp_tril and tp_triu keep of a matrix [rows, columns]. */
TP_API tp_tensor *tp_tril_indices(int64_t rows, int64_t columns, int64_t offset);
TP_API tp_tensor *tp_triu_indices(int64_t rows, int64_t columns, int64_t offset);
TP_API tp_tensor *tp_eye_with(int64_t n, int64_t m, const tp_tensor_options *o);   /* [n, m], 1 on the main diagonal, else 0; m may be TP_NONE: n */

/* ---- Of x's shape, and unless the options say otherwise of its dtype, device and layout ----------------------------------------------- */

TP_API tp_tensor *tp_empty_like_with(tp_tensor *x, const tp_like_options *o);      /* values are not set */
TP_API tp_tensor *tp_zeros_like_with(tp_tensor *x, const tp_like_options *o);
TP_API tp_tensor *tp_ones_like_with(tp_tensor *x, const tp_like_options *o);
TP_API tp_tensor *tp_full_like_with(tp_tensor *x, tp_operand value, const tp_like_options *o);      /* TP_ERR_DTYPE: a number that does not fit */

TP_API tp_tensor *tp_rand_like_with(tp_tensor *x, const tp_like_options *o);       /* uniform in [0, 1) */
TP_API tp_tensor *tp_randn_like_with(tp_tensor *x, const tp_like_options *o);      /* normal, mean 0, standard deviation 1 */
TP_API tp_tensor *tp_randint_like_with(tp_tensor *x, int64_t low, int64_t high, const tp_like_options *o);       /* from low on, below high */

/* ---- Of a size, and unless the options say otherwise of x's dtype and on its device. x NULL: NULL ------------------------------------- */

TP_API tp_tensor *tp_new_empty_with(tp_tensor *x, tp_shape shape, const tp_tensor_options *o);     /* values are not set */
TP_API tp_tensor *tp_new_zeros_with(tp_tensor *x, tp_shape shape, const tp_tensor_options *o);
TP_API tp_tensor *tp_new_ones_with(tp_tensor *x, tp_shape shape, const tp_tensor_options *o);
TP_API tp_tensor *tp_new_full_with(tp_tensor *x, tp_shape shape, tp_operand value, const tp_tensor_options *o);   /* TP_ERR_DTYPE: a number that does not fit */
/* A copy of `data`, elements of `dtype` in row-major order as for tp_from_data, cast to x's dtype and on its device. */
TP_API tp_tensor *tp_new_tensor(tp_tensor *x, const void *data, tp_dtype dtype, tp_shape shape);

/* ---- With strides, of which there are as many as sizes, 0 and above: memory for every element that they reach, not set. TP_ERR_SHAPE --- */

TP_API tp_tensor *tp_empty_strided_with(tp_shape shape, tp_shape stride, const tp_tensor_options *o);
TP_API tp_tensor *tp_new_empty_strided_with(tp_tensor *x, tp_shape shape, tp_shape stride, const tp_tensor_options *o);

/* ---- Windows for signals, torch.signal.windows: n points, float32 on the CPU; sym false is a periodic one. TP_ERR_ARGUMENT: n < 0 ------ */

TP_API tp_tensor *tp_signal_windows_hann(int64_t n, bool sym);
TP_API tp_tensor *tp_signal_windows_hamming(int64_t n, bool sym);
TP_API tp_tensor *tp_signal_windows_blackman(int64_t n, bool sym);
TP_API tp_tensor *tp_signal_windows_bartlett(int64_t n, bool sym);
TP_API tp_tensor *tp_signal_windows_cosine(int64_t n, bool sym);
TP_API tp_tensor *tp_signal_windows_nuttall(int64_t n, bool sym);
TP_API tp_tensor *tp_signal_windows_gaussian(int64_t n, double std, bool sym);         /* std > 0 */
TP_API tp_tensor *tp_signal_windows_kaiser(int64_t n, double beta, bool sym);          /* beta >= 0 */
TP_API tp_tensor *tp_signal_windows_general_hamming(int64_t n, double alpha, bool sym);
TP_API tp_tensor *tp_signal_windows_exponential(int64_t n, double tau, bool sym);      /* tau > 0 */

/* The same windows under torch's older names, counted in float32: periodic is the opposite of sym. By name they are of any floating dtype. */
TP_API tp_tensor *tp_hann_window(int64_t n, bool periodic);
TP_API tp_tensor *tp_blackman_window(int64_t n, bool periodic);
TP_API tp_tensor *tp_bartlett_window(int64_t n, bool periodic);
TP_API tp_tensor *tp_hamming_window(int64_t n, bool periodic, double alpha, double beta);          /* alpha - beta cos; 0.54 and 0.46 */
TP_API tp_tensor *tp_kaiser_window(int64_t n, bool periodic, double beta);                         /* 12 */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_linspace(...) tp__linspace(__VA_ARGS__, )
#define tp__linspace(start, end, steps, ...) TP__DEFAULTS(tp_linspace_with(start, end, steps, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_logspace(...) tp__logspace(__VA_ARGS__, )
#define tp__logspace(start, end, steps, base, ...) TP__DEFAULTS(tp_logspace_with(start, end, steps, base, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_eye(...) tp__eye(__VA_ARGS__, )
#define tp__eye(n, m, ...) TP__DEFAULTS(tp_eye_with(n, m, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_empty_like(...) tp__empty_like(__VA_ARGS__, )
#define tp__empty_like(x, ...) TP__DEFAULTS(tp_empty_like_with(x, TP__OPTIONS(like, __VA_ARGS__)))
#define tp_zeros_like(...) tp__zeros_like(__VA_ARGS__, )
#define tp__zeros_like(x, ...) TP__DEFAULTS(tp_zeros_like_with(x, TP__OPTIONS(like, __VA_ARGS__)))
#define tp_ones_like(...) tp__ones_like(__VA_ARGS__, )
#define tp__ones_like(x, ...) TP__DEFAULTS(tp_ones_like_with(x, TP__OPTIONS(like, __VA_ARGS__)))
#define tp_full_like(...) tp__full_like(__VA_ARGS__, )
#define tp__full_like(x, value, ...) TP__DEFAULTS(tp_full_like_with(x, TP__OPERAND(value), TP__OPTIONS(like, __VA_ARGS__)))
#define tp_new_empty(...) tp__new_empty(__VA_ARGS__, )
#define tp__new_empty(x, shape, ...) TP__DEFAULTS(tp_new_empty_with(x, shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_new_zeros(...) tp__new_zeros(__VA_ARGS__, )
#define tp__new_zeros(x, shape, ...) TP__DEFAULTS(tp_new_zeros_with(x, shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_new_ones(...) tp__new_ones(__VA_ARGS__, )
#define tp__new_ones(x, shape, ...) TP__DEFAULTS(tp_new_ones_with(x, shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_new_full(...) tp__new_full(__VA_ARGS__, )
#define tp__new_full(x, shape, value, ...) TP__DEFAULTS(tp_new_full_with(x, shape, TP__OPERAND(value), TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_empty_strided(...) tp__empty_strided(__VA_ARGS__, )
#define tp__empty_strided(shape, stride, ...) TP__DEFAULTS(tp_empty_strided_with(shape, stride, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_new_empty_strided(...) tp__new_empty_strided(__VA_ARGS__, )
#define tp__new_empty_strided(x, shape, stride, ...) TP__DEFAULTS(tp_new_empty_strided_with(x, shape, stride, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_rand_like(...) tp__rand_like(__VA_ARGS__, )
#define tp__rand_like(x, ...) TP__DEFAULTS(tp_rand_like_with(x, TP__OPTIONS(like, __VA_ARGS__)))
#define tp_randn_like(...) tp__randn_like(__VA_ARGS__, )
#define tp__randn_like(x, ...) TP__DEFAULTS(tp_randn_like_with(x, TP__OPTIONS(like, __VA_ARGS__)))
#define tp_randint_like(...) tp__randint_like(__VA_ARGS__, )
#define tp__randint_like(x, low, high, ...) TP__DEFAULTS(tp_randint_like_with(x, low, high, TP__OPTIONS(like, __VA_ARGS__)))
#else
inline tp_tensor *tp_rand_like(tp_tensor *x, const tp_like_options &o = {}) { return tp_rand_like_with(x, &o); }
inline tp_tensor *tp_randn_like(tp_tensor *x, const tp_like_options &o = {}) { return tp_randn_like_with(x, &o); }
inline tp_tensor *tp_randint_like(tp_tensor *x, int64_t low, int64_t high, const tp_like_options &o = {}) { return tp_randint_like_with(x, low, high, &o); }
inline tp_tensor *tp_linspace(double start, double end, int64_t steps, const tp_tensor_options &o = {}) { return tp_linspace_with(start, end, steps, &o); }
inline tp_tensor *tp_logspace(double start, double end, int64_t steps, double base, const tp_tensor_options &o = {})
{ return tp_logspace_with(start, end, steps, base, &o); }
inline tp_tensor *tp_eye(int64_t n, int64_t m, const tp_tensor_options &o = {}) { return tp_eye_with(n, m, &o); }
inline tp_tensor *tp_empty_like(tp_tensor *x, const tp_like_options &o = {}) { return tp_empty_like_with(x, &o); }
inline tp_tensor *tp_zeros_like(tp_tensor *x, const tp_like_options &o = {}) { return tp_zeros_like_with(x, &o); }
inline tp_tensor *tp_ones_like(tp_tensor *x, const tp_like_options &o = {}) { return tp_ones_like_with(x, &o); }
inline tp_tensor *tp_full_like(tp_tensor *x, tp_operand value, const tp_like_options &o = {}) { return tp_full_like_with(x, value, &o); }
inline tp_tensor *tp_new_empty(tp_tensor *x, tp_shape shape, const tp_tensor_options &o = {}) { return tp_new_empty_with(x, shape, &o); }
inline tp_tensor *tp_new_zeros(tp_tensor *x, tp_shape shape, const tp_tensor_options &o = {}) { return tp_new_zeros_with(x, shape, &o); }
inline tp_tensor *tp_new_ones(tp_tensor *x, tp_shape shape, const tp_tensor_options &o = {}) { return tp_new_ones_with(x, shape, &o); }
inline tp_tensor *tp_new_full(tp_tensor *x, tp_shape shape, tp_operand value, const tp_tensor_options &o = {}) { return tp_new_full_with(x, shape, value, &o); }
inline tp_tensor *tp_empty_strided(tp_shape shape, tp_shape stride, const tp_tensor_options &o = {}) { return tp_empty_strided_with(shape, stride, &o); }
inline tp_tensor *tp_new_empty_strided(tp_tensor *x, tp_shape shape, tp_shape stride, const tp_tensor_options &o = {})
{ return tp_new_empty_strided_with(x, shape, stride, &o); }
#endif

#endif
