/* gemm_blas.c: large products through OpenBLAS, where our kernels have no vectors to match it. C is cut into pieces that
 * depend on its shape alone; each is one call on one thread, and our threads share out the pieces.
 *
 * The library is loaded by the first product that wants it: it starts threads of its own when it is loaded, which costs a
 * program's start, and makes every reference count of a single-threaded program an atomic one. */
#include "cpu/gemm.h"

#ifdef TP_HAVE_OPENBLAS

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include <cblas.h>

#include "core/parallel.h"
#include "cpu/simd.h"

enum { PIECE_ROWS = 256, PIECE_COLS = 512 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static __typeof__(&cblas_sgemm) sgemm;
static __typeof__(&cblas_dgemm) dgemm;

static void *symbol(void *library, const char *name, void *to, size_t size)
{
    void *found = dlsym(library, name);
    memcpy(to, &found, size);                          /* ISO C has no cast from void * to a function */
    return found;
}

static void load(void)
{
    __typeof__(&openblas_set_num_threads) set_num_threads;
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library || !symbol(library, "openblas_set_num_threads", &set_num_threads, sizeof set_num_threads)
        || !symbol(library, "cblas_dgemm", &dgemm, sizeof dgemm) || !symbol(library, "cblas_sgemm", &sgemm, sizeof sgemm)) {
        sgemm = NULL;
        return;
    }
    set_num_threads(1);
}

static bool is_loaded(void)
{
    pthread_once(&once, load);
    return sgemm;
}

/* Adjacent along one dim, and the other stride one that BLAS takes. */
static bool strides_fit(int64_t rows, int64_t cols, int64_t row, int64_t col)
{
    return (col == 1 && row >= cols && row <= INT32_MAX) || (row == 1 && col >= rows && col <= INT32_MAX);
}

bool tp__gemm_prefers_blas(const tp__gemm_args *g)
{
    const int level = tp__simd_level();
    const int64_t least = level == TP__SIMD_AVX2 ? 64 : 24;                /* measured on Zen 5, as Haswell and as SSE2 */
    return level < TP__SIMD_AVX512 && g->m >= least && g->n >= least && g->k >= least && g->k <= INT32_MAX && g->ldc <= INT32_MAX &&
           strides_fit(g->m, g->k, g->a_row, g->a_col) && strides_fit(g->k, g->n, g->b_row, g->b_col) && is_loaded();
}

#define ADD_BIASES(T) static void add_biases_##T(const tp__gemm_args *g, int64_t i0, int64_t j0, int64_t rows, int64_t cols) \
    { \
        for (int64_t i = i0; i < i0 + rows; i++) { \
            T *c = (T *)g->c + i * g->ldc; \
            const T *per_col = g->bias_col; \
            const T add = g->bias_row ? ((const T *)g->bias_row)[i] : 0; \
            for (int64_t j = j0; j < j0 + cols; j++) c[j] += per_col ? per_col[j] + add : add; \
        } \
    }
ADD_BIASES(float)
ADD_BIASES(double)

static void run_piece(void *arg, int64_t piece)
{
    const tp__gemm_args *g = arg;
    const int64_t across = (g->n + PIECE_COLS - 1) / PIECE_COLS;
    const int64_t i = piece / across * PIECE_ROWS, j = piece % across * PIECE_COLS;
    const int m = (int)(g->m - i < PIECE_ROWS ? g->m - i : PIECE_ROWS), n = (int)(g->n - j < PIECE_COLS ? g->n - j : PIECE_COLS);
    const int k = (int)g->k, beta = g->accumulate;
    const bool a_lies = g->a_col == 1, b_lies = g->b_col == 1;
    const enum CBLAS_TRANSPOSE ta = a_lies ? CblasNoTrans : CblasTrans, tb = b_lies ? CblasNoTrans : CblasTrans;
    const int lda = (int)(a_lies ? g->a_row : g->a_col), ldb = (int)(b_lies ? g->b_row : g->b_col), ldc = (int)g->ldc;
    const int64_t at_a = i * g->a_row, at_b = j * g->b_col, at_c = i * g->ldc + j;
    if (g->dtype == TP_F32) {
        sgemm(CblasRowMajor, ta, tb, m, n, k, 1, (const float *)g->a + at_a, lda, (const float *)g->b + at_b, ldb, (float)beta,
                    (float *)g->c + at_c, ldc);
        if (g->bias_col || g->bias_row) add_biases_float(g, i, j, m, n);
    } else {
        dgemm(CblasRowMajor, ta, tb, m, n, k, 1, (const double *)g->a + at_a, lda, (const double *)g->b + at_b, ldb, beta,
                    (double *)g->c + at_c, ldc);
        if (g->bias_col || g->bias_row) add_biases_double(g, i, j, m, n);
    }
}

void tp__gemm_blas(const tp__gemm_args *g, int threads)
{
    const int64_t pieces = ((g->m + PIECE_ROWS - 1) / PIECE_ROWS) * ((g->n + PIECE_COLS - 1) / PIECE_COLS);
    tp__gemm_args args = *g;
    tp__parallel(pieces, threads, run_piece, &args);
}

#endif
