/* fft.h: discrete Fourier transforms, torch.fft, and of windows along a signal. What holds for all ops is said in ops.h.
 *
 *     Y_k = scale sum_j x_j e^(-2 pi i jk / n)        k = 0 .. n - 1
 *
 * The inverse has e^(+2 pi i jk / n). `norm` says what is divided: TP_FFT_BACKWARD (where none is given) the inverse, by n; TP_FFT_FORWARD the
 * other one, by n; TP_FFT_ORTHO both, by its root. In several dims n is the product of the lengths.
 *
 * Integers and bool count as float32; a real x is made complex where one is asked for. float32 and complex64 are transformed in single precision.
 * A gradient is the transform the other way, with the same scale; a real x gets its real part. Errors besides those of ops.h: TP_ERR_DTYPE for
 * 16-bit floats, and for complex x of rfft and ihfft; TP_ERR_SHAPE for a length below 1, a dim given twice, or none. */
#ifndef TAPER_OPS_FFT_H
#define TAPER_OPS_FFT_H

#include <taper/ops/shape.h>

typedef enum tp_fft_norm { TP_FFT_NORM_DEFAULT = 0, TP_FFT_BACKWARD, TP_FFT_ORTHO, TP_FFT_FORWARD } tp_fft_norm;

typedef struct tp_fft_options {
    TP__HEAD(tp_fft_options);
    int64_t n TP__IS(TP_NONE);                         /* the length: x is cut, or padded with zeros. Else x's; of irfft and hfft 2 (x's - 1) */
    int64_t dim TP__IS(-1);
    tp_fft_norm norm TP__IS(TP_FFT_NORM_DEFAULT);
    TP__TAIL;
} tp_fft_options;
#define TP__DEFAULT_fft .n = TP_NONE, .dim = -1,

typedef struct tp_fftn_options {
    TP__HEAD(tp_fftn_options);
    tp_shape s TP__IS({});                             /* the length in each of dims, -1: x's. Without dims those of the last dims of x */
    tp_dims dims TP__IS({});                           /* all; of the forms in two dims the last two */
    tp_fft_norm norm TP__IS(TP_FFT_NORM_DEFAULT);
    TP__TAIL;
} tp_fftn_options;
#define TP__DEFAULT_fftn

typedef struct tp_stft_options {
    TP__HEAD(tp_stft_options);
    int64_t hop_length TP__IS(TP_NONE), win_length TP__IS(TP_NONE);      /* n_fft / 4, n_fft */
    tp_tensor *window TP__IS(NULL);                    /* [win_length]; ones */
    bool center TP__IS(true);
    tp_pad_mode pad_mode TP__IS(TP_PAD_MODE_DEFAULT);  /* TP_PAD_REFLECT */
    bool normalized TP__IS(false);                     /* divided by the root of n_fft */
    bool twosided TP__IS(false);                       /* of real x all frequencies, too */
    bool align_to_window TP__IS(false);                /* not centered: the first window begins with x, not its n_fft points */
    TP__TAIL;
} tp_stft_options;
#define TP__DEFAULT_stft .hop_length = TP_NONE, .win_length = TP_NONE, .center = true,
typedef struct tp_istft_options {
    TP__HEAD(tp_istft_options);
    int64_t hop_length TP__IS(TP_NONE), win_length TP__IS(TP_NONE);
    tp_tensor *window TP__IS(NULL);
    bool center TP__IS(true), normalized TP__IS(false);
    int64_t length TP__IS(TP_NONE);                    /* of the result: cut, or padded with zeros */
    bool return_complex TP__IS(false);
    TP__TAIL;
} tp_istft_options;
#define TP__DEFAULT_istft .hop_length = TP_NONE, .win_length = TP_NONE, .center = true, .length = TP_NONE,

#define TP__EACH_FFT_OP_OPTIONS(X) X(fft) X(fftn) X(stft) X(istft)

#ifdef __cplusplus
extern "C" {
#endif

/* In one dim, in two, in several.
 *   fft, ifft      complex to complex, and back. ifft(fft(x)) = x
 *   rfft           real x to Y_0 .. Y_(n / 2): the others are their conjugates. In several dims the last of them is halved
 *   irfft          back to n real numbers; what stands for itself, Y_0 and Y_(n / 2) of an even n, counts as real. Give n where it is odd
 *   hfft, ihfft    of a signal whose other half is conjugate to a real spectrum, and back: irfft and rfft with the signs exchanged
 *   return  complex64 or complex128, of irfft and hfft float32 or float64; x's shape but for the lengths
 *   grad    x */
#define TP__EACH_FFT(X) X(fft) X(ifft) X(rfft) X(irfft) X(hfft) X(ihfft)
#define TP__DECLARE_FFT(name) \
    TP_API tp_tensor *tp_fft_##name##_with(tp_tensor *x, const tp_fft_options *o); \
    TP_API tp_tensor *tp_fft_##name##2_with(tp_tensor *x, const tp_fftn_options *o); \
    TP_API tp_tensor *tp_fft_##name##n_with(tp_tensor *x, const tp_fftn_options *o);
TP__EACH_FFT(TP__DECLARE_FFT)

/* Which frequencies the results stand for, d apart in time: [0, 1, .. (n - 1) / 2, -n / 2, .. -1] / (n d); of rfft [0 .. n / 2] / (n d).
 * Floating, float32 unless the options say otherwise. TP_ERR_ARGUMENT: n < 0 */
TP_API tp_tensor *tp_fft_fftfreq_with(int64_t n, double d, const tp_tensor_options *o);
TP_API tp_tensor *tp_fft_rfftfreq_with(int64_t n, double d, const tp_tensor_options *o);
/* Each dim, or all where there are none, begins in its middle: frequency 0 comes there. And back. Any dtype. grad: x */
TP_API tp_tensor *tp_fft_fftshift(tp_tensor *x, tp_dims dims);
TP_API tp_tensor *tp_fft_ifftshift(tp_tensor *x, tp_dims dims);

/* Transforms of n_fft points of x, each hop_length after the one before, times a window that stands in their middle.
 *   x       [n] or [batch, n], real or complex
 *   center  x is padded by n_fft / 2 at both ends first
 *   return  complex [.., frequencies, frames]: n_fft / 2 + 1 frequencies where x and the window are real
 *   errors  TP_ERR_ARGUMENT, TP_ERR_SHAPE: fewer points than n_fft, a window of another length
 *   grad    x, window */
TP_API tp_tensor *tp_stft_with(tp_tensor *x, int64_t n_fft, const tp_stft_options *o);
/* Back to the signal that is nearest: inverse transforms times the window, added up, over the sum of squared windows.
 *   x       complex [.., frequencies, frames], as of stft
 *   return  [n] or [batch, n], real unless return_complex, which takes all n_fft frequencies
 *   errors  TP_ERR_NUMERIC: windows that leave a point without weight, as a Hann window the first one if not centered; TP_ERR_ARGUMENT, TP_ERR_SHAPE
 *   grad    x, window */
TP_API tp_tensor *tp_istft_with(tp_tensor *x, int64_t n_fft, const tp_istft_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_fft_fft(...) tp__fft_1d(fft, __VA_ARGS__, )
#define tp_fft_ifft(...) tp__fft_1d(ifft, __VA_ARGS__, )
#define tp_fft_rfft(...) tp__fft_1d(rfft, __VA_ARGS__, )
#define tp_fft_irfft(...) tp__fft_1d(irfft, __VA_ARGS__, )
#define tp_fft_hfft(...) tp__fft_1d(hfft, __VA_ARGS__, )
#define tp_fft_ihfft(...) tp__fft_1d(ihfft, __VA_ARGS__, )
#define tp__fft_1d(name, x, ...) TP__DEFAULTS(tp_fft_##name##_with(x, TP__OPTIONS(fft, __VA_ARGS__)))
#define tp_fft_fft2(...) tp__fft_nd(fft2, __VA_ARGS__, )
#define tp_fft_ifft2(...) tp__fft_nd(ifft2, __VA_ARGS__, )
#define tp_fft_rfft2(...) tp__fft_nd(rfft2, __VA_ARGS__, )
#define tp_fft_irfft2(...) tp__fft_nd(irfft2, __VA_ARGS__, )
#define tp_fft_hfft2(...) tp__fft_nd(hfft2, __VA_ARGS__, )
#define tp_fft_ihfft2(...) tp__fft_nd(ihfft2, __VA_ARGS__, )
#define tp_fft_fftn(...) tp__fft_nd(fftn, __VA_ARGS__, )
#define tp_fft_ifftn(...) tp__fft_nd(ifftn, __VA_ARGS__, )
#define tp_fft_rfftn(...) tp__fft_nd(rfftn, __VA_ARGS__, )
#define tp_fft_irfftn(...) tp__fft_nd(irfftn, __VA_ARGS__, )
#define tp_fft_hfftn(...) tp__fft_nd(hfftn, __VA_ARGS__, )
#define tp_fft_ihfftn(...) tp__fft_nd(ihfftn, __VA_ARGS__, )
#define tp__fft_nd(name, x, ...) TP__DEFAULTS(tp_fft_##name##_with(x, TP__OPTIONS(fftn, __VA_ARGS__)))
#define tp_stft(...) tp__stft(__VA_ARGS__, )
#define tp__stft(x, n_fft, ...) TP__DEFAULTS(tp_stft_with(x, n_fft, TP__OPTIONS(stft, __VA_ARGS__)))
#define tp_istft(...) tp__istft(__VA_ARGS__, )
#define tp__istft(x, n_fft, ...) TP__DEFAULTS(tp_istft_with(x, n_fft, TP__OPTIONS(istft, __VA_ARGS__)))
#define tp_fft_fftfreq(...) tp__fft_freq(fftfreq, __VA_ARGS__, )
#define tp_fft_rfftfreq(...) tp__fft_freq(rfftfreq, __VA_ARGS__, )
#define tp__fft_freq(name, n, d, ...) TP__DEFAULTS(tp_fft_##name##_with(n, d, TP__OPTIONS(tensor, __VA_ARGS__)))
#else
#define TP__INLINE_FFT(name) \
    inline tp_tensor *tp_fft_##name(tp_tensor *x, const tp_fft_options &o = {}) { return tp_fft_##name##_with(x, &o); } \
    inline tp_tensor *tp_fft_##name##2(tp_tensor *x, const tp_fftn_options &o = {}) { return tp_fft_##name##2_with(x, &o); } \
    inline tp_tensor *tp_fft_##name##n(tp_tensor *x, const tp_fftn_options &o = {}) { return tp_fft_##name##n_with(x, &o); }
TP__EACH_FFT(TP__INLINE_FFT)
inline tp_tensor *tp_fft_fftfreq(int64_t n, double d, const tp_tensor_options &o = {}) { return tp_fft_fftfreq_with(n, d, &o); }
inline tp_tensor *tp_fft_rfftfreq(int64_t n, double d, const tp_tensor_options &o = {}) { return tp_fft_rfftfreq_with(n, d, &o); }
inline tp_tensor *tp_stft(tp_tensor *x, int64_t n_fft, const tp_stft_options &o = {}) { return tp_stft_with(x, n_fft, &o); }
inline tp_tensor *tp_istft(tp_tensor *x, int64_t n_fft, const tp_istft_options &o = {}) { return tp_istft_with(x, n_fft, &o); }
#endif

#endif
