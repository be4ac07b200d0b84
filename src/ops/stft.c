/* stft.c: Fourier transforms of windows along a signal, and back.
 *
 *   stft     Y[k, t] = sum_j w_j x[t hop + j] e^(-2 pi i jk / n)                      j, k = 0 .. n - 1; k up to n / 2 where x is real
 *   istft    x = sum_t w (the inverse of column t, at t hop) / sum_t w^2 at t hop     of frames that overlap: Griffin & Lim 1984
 *
 * A window of less than n points stands in the middle of n. `center`: x is padded by n / 2 at both ends, so that frame t is around t hop. */
#include "core/kernel_args.h"
#include "ops/samples.h"
#include "ops/view.h"

#include <math.h>

enum { REFLECT = 2, CIRCULAR = 4 };                    /* pad_mode, as the schema and tp_pad_mode count */
#define LEAST 1e-11                                    /* of the sum of squared windows */

typedef struct stft_attr {
    int64_t n, hop, win;
    bool center;
    int32_t pad_mode;
    bool normalized;
    const tp_arg *onesided, *return_complex, *align;
} stft_attr;
typedef struct istft_attr {
    int64_t n, hop, win;
    bool center, normalized;
    const tp_arg *onesided;
    int64_t length;
    bool return_complex;
} istft_attr;

enum { WINDOW = 4 };                                   /* among the arguments */
static tp_tensor *window_of(const tp__call *call) { return call->n_in > WINDOW ? call->in[WINDOW] : NULL; }

static bool is_given(const tp_arg *arg) { return arg && arg->kind == TP_ARG_BOOL; }
static bool flag(const tp_arg *arg, bool otherwise) { return is_given(arg) ? arg->value.boolean : otherwise; }

static tp_status check_window(const tp__call *call, const tp_tensor *window, int64_t n, int64_t hop, int64_t win)
{
    if (hop < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "hop_length is %lld, and has to be at least 1", (long long)hop);
    if (win < 1 || win > n)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "win_length is %lld, and has to be from 1 to n_fft, %lld",
                             (long long)win, (long long)n);
    if (window && (window->ndim != 1 || window->shape[0] != win))
        return tp__call_fail(call, TP_ERR_SHAPE, "a window of %lld points is no %s", (long long)win, tp__shape_text(window));
    return TP_OK;
}

/* The window amidst n points; NULL, and no error, where there is none and all points count. */
static tp_tensor *whole_window(tp_tensor *window, const tp_tensor *x, tp_dtype dtype, int64_t n, int64_t win)
{
    if (!window && win == n) return NULL;
    if (!window) window = tp_ones(TP_SHAPE(win), .dtype = dtype, .device = x->device);
    const int64_t left = (n - win) / 2;
    return win == n ? window : tp_pad(window, TP_SHAPE(left, n - win - left));
}

/* fft, rfft, ifft or irfft of n points of the last dim */
static tp_tensor *transformed(const char *name, tp_tensor *x, int64_t n, const char *norm)
{
    tp_tensor *y = NULL;
    const tp_arg args[] = { TP__TENSOR_ARG(x), TP__INT_ARG(n), TP__INT_ARG(-1), TP__STRING_ARG(norm) };
    return x && !tp_op_call(name, args, 4, &y, 1, NULL) ? y : NULL;
}

/* ---- stft ------------------------------------------------------------------------------------------------------------------------------- */

static tp_status check_stft(const tp__call *call, const stft_attr *a)
{
    const tp_tensor *x = call->in[0], *window = window_of(call);
    const bool complex = tp__is_complex(x->dtype) || (window && tp__is_complex(window->dtype));
    if (!tp__is_floating(x->dtype) && !tp__is_complex(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating and complex dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim != 1 && x->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes signals [n] or [batch, n], not %s", tp__shape_text(x));
    if (a->center && is_given(a->align)) return tp__call_fail(call, TP_ERR_ARGUMENT, "align_to_window is for center = false");
    if (!is_given(a->return_complex) && !complex) return tp__call_fail(call, TP_ERR_ARGUMENT, "return_complex has to be given for real signals");
    if (complex && flag(a->onesided, false)) return tp__call_fail(call, TP_ERR_ARGUMENT, "complex signals and windows have no one-sided result");
    return TP_OK;
}

/* x [batch, n], centered or as it is, as frames [batch, t, n] */
static tp_tensor *frames_of(const tp__call *call, const stft_attr *a, int64_t hop, int64_t win)
{
    tp_tensor *x = call->in[0];
    const int64_t half = a->n / 2, left = (a->n - win) / 2;
    if (a->n < 1) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "n_fft is %lld, and has to be at least 1", (long long)a->n);
        return NULL;
    }
    if (x->ndim == 1) x = tp_unsqueeze(x, 0);
    if (a->center && x) {                              /* reflect and others want a dim of channels */
        const int64_t points = x->shape[1], most = a->pad_mode == REFLECT ? points - 1 : a->pad_mode == CIRCULAR ? points : half;
        if (half > most) {
            tp__call_fail(call, TP_ERR_SHAPE, "n_fft %lld, centered, pads by %lld points at each end, which the %lld there are do not suffice for",
                          (long long)a->n, (long long)half, (long long)points);
            return NULL;
        }
        x = tp_pad(tp_unsqueeze(x, 0), TP_SHAPE(half, half), .mode = (tp_pad_mode)a->pad_mode);
        x = tp_squeeze(x, .dims = TP_DIMS(0));
    }
    if (!x) return NULL;
    if (a->n > x->shape[1]) {
        tp__call_fail(call, TP_ERR_SHAPE, "n_fft %lld is more than the %lld points there are", (long long)a->n, (long long)x->shape[1]);
        return NULL;
    }
    if (check_window(call, window_of(call), a->n, hop, win)) return NULL;
    if (flag(a->align, false)) x = tp_pad(x, TP_SHAPE(left, a->n - win - left));
    return tp_unfold(x, 1, a->n, hop);
}

static tp_status stft_compose(tp__call *call)
{
    const stft_attr *a = call->attr;
    const tp_tensor *x = call->in[0];
    if (check_stft(call, a)) return tp__pending();
    const int64_t hop = a->hop == TP_NONE ? a->n / 4 : a->hop, win = a->win == TP_NONE ? a->n : a->win;
    tp_tensor *frames = frames_of(call, a, hop, win);
    tp_tensor *window = frames ? whole_window(window_of(call), x, (tp_dtype)x->dtype, a->n, win) : NULL;
    if (!frames || tp__pending_error()) return tp__pending();
    if (window) frames = tp_mul(frames, window);
    if (!frames) return tp__pending();
    const bool half = flag(a->onesided, !tp__is_complex(frames->dtype));
    tp_tensor *y = tp_transpose(transformed(half ? "fft_rfft" : "fft_fft", frames, a->n, a->normalized ? "ortho" : "backward"), 1, 2);
    if (x->ndim == 1) y = tp_squeeze(y, .dims = TP_DIMS(0));
    return tp__give_out(call, flag(a->return_complex, true) ? y : tp_view_as_real(y));
}

/* ---- istft -------------------------------------------------------------------------------------------------------------------------------------- */

static tp_status check_istft(const tp__call *call, const istft_attr *a, int64_t hop, int64_t win, bool *half)
{
    const tp_tensor *x = call->in[0], *window = window_of(call);
    if (!tp__is_complex(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes complex numbers, as stft gives them, not %s",
                             tp_dtype_name((tp_dtype)x->dtype));
    if (!x->numel || (x->ndim != 2 && x->ndim != 3))
        return tp__call_fail(call, TP_ERR_SHAPE, "takes [frequencies, frames] or [batch, frequencies, frames], not %s", tp__shape_text(x));
    const int64_t rows = x->shape[x->ndim - 2];
    *half = flag(a->onesided, rows != a->n);
    if (a->n < 1 || rows != (*half ? a->n / 2 + 1 : a->n))
        return tp__call_fail(call, TP_ERR_SHAPE, "n_fft %lld has not the %lld frequencies of %s", (long long)a->n, (long long)rows, tp__shape_text(x));
    if (hop > win) return tp__call_fail(call, TP_ERR_ARGUMENT, "hop_length %lld leaves gaps between windows of %lld", (long long)hop, (long long)win);
    if (check_window(call, window, a->n, hop, win)) return tp__pending();
    if (a->return_complex && *half) return tp__call_fail(call, TP_ERR_ARGUMENT, "one-sided frequencies are of a real signal: return_complex");
    if (!a->return_complex && window && tp__is_complex(window->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "a complex window needs return_complex");
    return TP_OK;
}

/* frames [batch, t, n], added up hop apart: [batch, length] */
static tp_tensor *overlapped(tp_tensor *frames, int64_t hop, int64_t length)
{
    if (!frames) return NULL;
    const int64_t size[] = { frames->shape[0], length };
    const tp__geometry places = { .ndim = 3, .shape = { frames->shape[0], frames->shape[1], frames->shape[2] }, .stride = { length, hop, 1 } };
    return tp__region_sum(tp_contiguous(frames), &places, 2, size);
}

static tp_status istft_compose(tp__call *call)
{
    const istft_attr *a = call->attr;
    tp_tensor *x = call->in[0];
    const int64_t hop = a->hop == TP_NONE ? a->n / 4 : a->hop, win = a->win == TP_NONE ? a->n : a->win, edge = a->center ? a->n / 2 : 0;
    bool half;
    if (check_istft(call, a, hop, win, &half)) return tp__pending();
    const bool batched = x->ndim == 3;
    const int64_t t = x->shape[x->ndim - 1], whole = a->n + hop * (t - 1);
    int64_t end = whole - edge;
    if (a->length != TP_NONE && __builtin_add_overflow(edge, a->length, &end))
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld points are too many", (long long)a->length);
    if (end <= edge) return tp__call_fail(call, TP_ERR_SHAPE, "nothing is left of %lld points", (long long)whole);
    const tp_dtype real = x->dtype == TP_C128 ? TP_F64 : TP_F32;
    tp_tensor *window = whole_window(window_of(call), x, real, a->n, win);
    if (!batched) x = tp_unsqueeze(x, 0);
    x = tp_transpose(x, 1, 2);
    x = transformed(a->return_complex ? "fft_ifft" : "fft_irfft", x, a->n, a->normalized ? "ortho" : "backward");
    if (tp__pending_error()) return tp__pending();
    tp_tensor *y = overlapped(window ? tp_mul(x, window) : x, hop, whole);
    tp_tensor *squares = window ? tp_square(window) : tp_ones(TP_SHAPE(a->n), .dtype = real, .device = tp_device_of(y));
    tp_tensor *weight = overlapped(tp_expand(squares, TP_SHAPE(1, t, a->n)), hop, whole);
    const int64_t until = end < whole ? end : whole;
    y = tp_narrow(y, 1, edge, until - edge);
    weight = tp_narrow(weight, 1, edge, until - edge);
    const double least = tp_item(tp_amin(tp_abs(tp_detach(weight)), .keepdim = false));
    if (tp__pending_error()) return tp__pending();
    if (least < LEAST) return tp__call_fail(call, TP_ERR_NUMERIC, "the squared windows add up to %g at some point, which has no weight", least);
    y = tp_div(y, weight);
    if (!batched) y = tp_squeeze(y, .dims = TP_DIMS(0));
    return tp__give_out(call, end > whole ? tp_pad(y, TP_SHAPE(0, end - whole)) : y);
}

/* ---- Samples, descriptors --------------------------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define BOOL(label, v) TP__NAMED(label, .kind = TP_ARG_BOOL, .value.boolean = v)
#define INT(label, v) TP__NAMED(label, .kind = TP_ARG_INT, .value.integer = v)
#define GIVEN_WINDOW(n) TP__NAMED("window", .kind = TP_ARG_TENSOR, .value.tensor = tp__sample_tensor(set, TP_SHAPE(n), 0.5, 1.5))

static void stft_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(9), TP__INT_ARG(4), INT("hop_length", 2), BOOL("return_complex", true));
    TP__GIVE(set, X(2, 8), TP__INT_ARG(5), INT("hop_length", 3), INT("win_length", 3), GIVEN_WINDOW(3), BOOL("center", false), BOOL("normalized", true),
             BOOL("onesided", false), BOOL("return_complex", true));
}
static tp_tensor *spectrum(const tp_sample_set *set, tp_shape shape)
{
    return tp_to_dtype(tp__sample_tensor(set, shape, -1, 1), set->dtype == TP_F64 || set->dtype == TP_C128 ? TP_C128 : TP_C64);
}
static void istft_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(spectrum(set, TP_SHAPE(3, 4))), TP__INT_ARG(4), INT("hop_length", 2));
    TP__GIVE(set, TP__TENSOR_ARG(spectrum(set, TP_SHAPE(2, 3, 4))), TP__INT_ARG(5), INT("hop_length", 1),
             INT("win_length", 3), GIVEN_WINDOW(3), BOOL("normalized", true), INT("length", 4));
    TP__GIVE(set, TP__TENSOR_ARG(spectrum(set, TP_SHAPE(3, 4))), TP__INT_ARG(4), INT("hop_length", 2), INT("length", 9));
}

static const tp_op op_stft = TP__COMPOSED("stft(Tensor input, int n_fft, int? hop_length=none, int? win_length=none, Tensor? window=none, bool center=true, "
    "string{constant,reflect,replicate,circular} pad_mode=reflect, bool normalized=false, any onesided=none, "
    "any return_complex=none, any align_to_window=none) -> Tensor",
    stft_compose, sizeof(stft_attr), stft_samples);
static const tp_op op_istft = TP__COMPOSED("istft(Tensor input, int n_fft, int? hop_length=none, int? win_length=none, Tensor? window=none, bool center=true, "
    "bool normalized=false, any onesided=none, int? length=none, bool return_complex=false) -> Tensor", istft_compose, sizeof(istft_attr), istft_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_stft_with(tp_tensor *x, int64_t n_fft, const tp_stft_options *options)
{
    tp_stft_options o = TP__BRACES(stft, );
    if (tp_options_take("stft", &o, options, offsetof(tp_stft_options, tp__end))) return NULL;
    const tp_arg yes = TP__BOOL_ARG(true), no = TP__BOOL_ARG(false), none = { .kind = TP_ARG_NONE };
    const stft_attr attr = { n_fft, o.hop_length, o.win_length, o.center, o.pad_mode ? (int32_t)o.pad_mode : REFLECT, o.normalized,
                             o.twosided ? &no : &none, &yes, o.align_to_window ? &yes : &none };
    return tp__run1(&op_stft, (tp_tensor *[]){ x, [WINDOW] = o.window }, WINDOW + 1, &attr, TP__CALLER);
}
tp_tensor *tp_istft_with(tp_tensor *x, int64_t n_fft, const tp_istft_options *options)
{
    tp_istft_options o = TP__BRACES(istft, );
    if (tp_options_take("istft", &o, options, offsetof(tp_istft_options, tp__end))) return NULL;
    const tp_arg none = { .kind = TP_ARG_NONE };
    const istft_attr attr = { n_fft, o.hop_length, o.win_length, o.center, o.normalized, &none, o.length, o.return_complex };
    return tp__run1(&op_istft, (tp_tensor *[]){ x, [WINDOW] = o.window }, WINDOW + 1, &attr, TP__CALLER);
}

const tp_op *const tp__ops_stft[] = { &op_stft, &op_istft, NULL };
