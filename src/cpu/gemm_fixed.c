/* gemm_fixed.c: products of many left operands with one right operand, as the steps of a recurrent layer are: it is packed once.
 *
 * k is cut into blocks of even length, as in gemm.c; of each, the strips of B lie one after the other. The result is that of the packed
 * way of tp__gemm, bit for bit. Few rows are dot products, many are cut into blocks, and OpenBLAS packs for itself: there nothing is
 * packed, and each product goes to tp__gemm. */
#include "cpu/gemm.h"

#include "core/parallel.h"
#include "cpu/scratch.h"

enum { MOST_ROWS = 768 };                              /* of the left operand: it is packed for each product */

static bool pays(const tp__gemm_args *g)
{
#ifdef TP_HAVE_OPENBLAS
    if (tp__gemm_prefers_blas(g)) return false;
#endif
    return g->m > TP__GEMM_DOT_ROWS && g->m <= MOST_ROWS && g->n > 1 && g->k > 0;
}

tp_status tp__gemm_fix(tp__gemm_fixed *f, const tp__gemm_args *g)
{
    *f = (tp__gemm_fixed){ .g = *g };
    if (!pays(g)) return TP_OK;
    const tp__gemm_kernels *kernels = tp__gemm_kernels_of(g->dtype);
    const int64_t size = (int64_t)tp_dtype_size(g->dtype), strips = tp__gemm_ceil(g->n, kernels->nr);
    f->k_block = tp__gemm_even(g->k, TP__GEMM_KC);
    const tp_status status = tp__workspace_take(&f->packed, (size_t)(strips * kernels->nr * g->k * size));
    if (status != TP_OK) return status;
    for (int64_t p = 0; p < g->k; p += f->k_block) {
        const int64_t k = tp__gemm_least(g->k - p, f->k_block);
        char *to = (char *)f->packed.data + strips * kernels->nr * p * size;
        for (int64_t j = 0; j < g->n; j += kernels->nr, to += kernels->nr * k * size) {
            const int cols = (int)tp__gemm_least(g->n - j, kernels->nr);
            kernels->pack(to, tp__gemm_width(kernels, cols), (const char *)g->b + (p * g->b_row + j * g->b_col) * size, g->b_col, g->b_row, cols, k);
        }
    }
    return TP_OK;
}

void tp__gemm_unfix(tp__gemm_fixed *f) { tp__workspace_give(&f->packed); }

typedef struct job {                                   /* one block of k */
    const tp__gemm_args *g;
    const tp__gemm_kernels *kernels;
    const char *a, *b;
    int64_t k, size;
    bool first, last;
} job;

static void run_strips(void *arg, int64_t first, int64_t last)
{
    const job *x = arg;
    const tp__gemm_args *g = x->g;
    const int mr = x->kernels->mr, nr = x->kernels->nr;
    for (int64_t j = first * nr; j < g->n && j < last * nr; j += nr)
        for (int64_t i = 0; i < g->m; i += mr)
            x->kernels->tile(&(tp__tile){
                .k = x->k, .a = x->a + i * x->k * x->size, .b = x->b + j * x->k * x->size, .a_packed = true,
                .c = (char *)g->c + (i * g->ldc + j) * x->size, .ldc = g->ldc,
                .rows = (int)tp__gemm_least(g->m - i, mr), .cols = (int)tp__gemm_least(g->n - j, nr),
                .accumulate = g->accumulate || !x->first,
                .bias_col = x->last && g->bias_col ? (const char *)g->bias_col + j * x->size : NULL,
                .bias_row = x->last && g->bias_row ? (const char *)g->bias_row + i * x->size : NULL,
                .ahead = x->a,
            });
}

tp_status tp__gemm_by_fixed(const tp__gemm_fixed *f, const void *a, void *c)
{
    tp__gemm_args g = f->g;
    g.a = a;
    g.c = c;
    if (!f->packed.data) return tp__gemm(&g);
    const tp__gemm_kernels *kernels = tp__gemm_kernels_of(g.dtype);
    job x = { .g = &g, .kernels = kernels, .size = (int64_t)tp_dtype_size(g.dtype) };
    const int64_t mr = kernels->mr, strips = tp__gemm_ceil(g.n, kernels->nr);
    char *rows = tp__scratch(TP__SCRATCH_PACK, (size_t)(tp__gemm_ceil(g.m, mr) * mr * f->k_block * x.size));
    if (!rows) return TP_ERR_MEMORY;
    const int threads = g.threads < 1 || 2.0 * (double)g.m * (double)g.n * (double)g.k < TP__GEMM_PARALLEL_FLOPS ? 1 : g.threads;
    for (int64_t p = 0; p < g.k; p += f->k_block) {
        x.k = tp__gemm_least(g.k - p, f->k_block);
        x.first = p == 0;
        x.last = p + f->k_block >= g.k;
        x.a = rows;
        x.b = (const char *)f->packed.data + strips * kernels->nr * p * x.size;
        for (int64_t i = 0; i < g.m; i += mr)
            kernels->pack(rows + i * x.k * x.size, (int)mr, (const char *)a + (i * g.a_row + p * g.a_col) * x.size, g.a_row, g.a_col,
                          (int)tp__gemm_least(g.m - i, mr), x.k);
        tp__parallel_items(strips, TP__PIECE / 2, threads, run_strips, &x);
    }
    return TP_OK;
}
