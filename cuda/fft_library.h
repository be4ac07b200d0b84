/* fft_library.h: Fourier transforms by cuFFT. It is looked for when the first one is asked for; where it is missing, or does not know a case,
 * the caller transforms by its own kernels. TAPER_CUDA_CUFFT=0 leaves it out. */
#ifndef TPC_FFT_LIBRARY_H
#define TPC_FFT_LIBRARY_H

#include "cuda/call.h"

enum { TPC_FFT_C2C, TPC_FFT_R2C, TPC_FFT_C2R };        /* the halved dim is the last one; C2R may overwrite x */

/* Of `rank` dims that lie one in the other, row-major, each element `stride` numbers after the one before it, the first of a batch x_apart
 * (y_apart) after that of the one before. Nothing is scaled. C2C: y may be x. */
typedef struct tpc_fourier {
    int kind, rank;                                    /* rank: 1 to 3 */
    bool wide, forward;                                /* float64 */
    int64_t n[3], batch, stride, x_apart, y_apart;     /* n: of the real side where one is real */
    void *x, *y;
} tpc_fourier;

#ifdef __cplusplus
extern "C" {
#endif

/* Is it there at all? */
bool tpc_fft_is_here(const tp__call *call);
/* *done: the transform was launched. Else nothing was. */
tp_status tpc_fft_by_library(const tp__call *call, const tpc_fourier *f, bool *done);

#ifdef __cplusplus
}
#endif

#endif
