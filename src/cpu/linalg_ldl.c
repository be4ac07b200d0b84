/* linalg_ldl.c: symmetric matrices as L D L', computed in float64, with Bunch and Kaufman's pivots (1977; Golub & Van Loan 4.4). D has
 * blocks of 1 and of 2 on its diagonal, L ones on it and nothing beside a block of 2. Both are in one, row-major, zeros above.
 *
 *   ldl_factors   pivots: row k was exchanged with pivots[k] - 1; below 0 twice: k and k + 1 are a block, k + 1 exchanged with -pivots[k] - 1.
 *                 info: the first block of 1 that is 0, from 1 on, or 0
 *   ldl_solve     X of L D L' X = B */
#include "core/op.h"

#include <math.h>

#define A(i, j) a[(i) * n + (j)]

static void swap(double *x, double *y)
{
    const double t = *x;
    *x = *y;
    *y = t;
}

/* The row from `first` on whose element of column k is the greatest; *most: its size. -1: there is none */
static int64_t greatest_below(const double *a, int64_t n, int64_t first, int64_t k, double *most)
{
    int64_t at = -1;
    *most = 0;
    for (int64_t i = first; i < n; i++)
        if (at < 0 || fabs(A(i, k)) > *most) at = i, *most = fabs(A(i, k));
    return at;
}

/* The greatest in row r and column r of what is left from k on, its diagonal apart */
static double greatest_beside(const double *a, int64_t n, int64_t k, int64_t r)
{
    double most = 0;
    for (int64_t j = k; j < r; j++) most = fabs(A(r, j)) > most ? fabs(A(r, j)) : most;
    for (int64_t i = r + 1; i < n; i++) most = fabs(A(i, r)) > most ? fabs(A(i, r)) : most;
    return most;
}

/* Rows and columns p < q of what is left from k on, of which the lower triangle is there; p is k, or k + 1 of a block of 2. */
static void exchange(double *a, int64_t n, int64_t k, int64_t p, int64_t q)
{
    for (int64_t i = q + 1; i < n; i++) swap(&A(i, p), &A(i, q));
    for (int64_t j = p + 1; j < q; j++) swap(&A(j, p), &A(q, j));
    swap(&A(p, p), &A(q, q));
    if (p > k) swap(&A(p, k), &A(q, k));
}

static void eliminate_one(double *a, int64_t n, int64_t k)
{
    const double inverse = 1 / A(k, k);
    for (int64_t j = k + 1; j < n; j++) {
        const double by = inverse * A(j, k);
        for (int64_t i = j; i < n; i++) A(i, j) -= A(i, k) * by;
    }
    for (int64_t i = k + 1; i < n; i++) A(i, k) *= inverse;
}

static void eliminate_two(double *a, int64_t n, int64_t k)
{
    const double off = A(k + 1, k), d11 = A(k + 1, k + 1) / off, d22 = A(k, k) / off, scale = 1 / (d11 * d22 - 1) / off;
    for (int64_t j = k + 2; j < n; j++) {
        const double u = scale * (d11 * A(j, k) - A(j, k + 1)), v = scale * (d22 * A(j, k + 1) - A(j, k));
        for (int64_t i = j; i < n; i++) A(i, j) -= A(i, k) * u + A(i, k + 1) * v;
        A(j, k) = u;
        A(j, k + 1) = v;
    }
}

static int32_t factor(double *a, int64_t n, int32_t *pivots)
{
    const double alpha = (1 + sqrt(17)) / 8;
    int32_t info = 0;
    for (int64_t k = 0; k < n;) {
        double below;
        const int64_t r = greatest_below(a, n, k + 1, k, &below);
        const double own = fabs(A(k, k));
        int64_t with = k, width = 1;
        if (!(own > 0) && !(below > 0)) {
            if (!info) info = (int32_t)(k + 1);
            pivots[k] = (int32_t)(k + 1);
            k++;
            continue;
        }
        if (own < alpha * below) {
            const double beside = greatest_beside(a, n, k, r);
            if (own < alpha * below * (below / beside)) {
                with = r;
                width = fabs(A(r, r)) >= alpha * beside ? 1 : 2;
            }
        }
        if (with != k + width - 1) exchange(a, n, k, k + width - 1, with);
        if (width == 1) eliminate_one(a, n, k);
        else eliminate_two(a, n, k);
        for (int64_t i = 0; i < width; i++) pivots[k + i] = (int32_t)(width == 1 ? with + 1 : -with - 1);
        k += width;
    }
    return info;
}

/* ---- Kernels: contiguous inputs ------------------------------------------------------------------------------------------------------ */

static void take(double *to, const tp_tensor *x, int64_t from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] = x->dtype == TP_F64 ? ((const double *)x->data)[from + i] : (double)((const float *)x->data)[from + i];
}
static void put(tp_tensor *y, int64_t to, const double *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (y->dtype == TP_F64) ((double *)y->data)[to + i] = from[i];
        else ((float *)y->data)[to + i] = (float)from[i];
    }
}

static tp_status factors_run(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t n = x->shape[x->ndim - 1], count = call->out[2]->numel;
    int32_t *pivots = call->out[1]->data, *info = call->out[2]->data;
    if (!x->numel) {
        memset(info, 0, (size_t)count * sizeof *info);
        return TP_OK;
    }
    const size_t bytes = (size_t)(n * n) * sizeof(double);
    double *a = tp_mem_alloc(bytes);
    if (!a) return TP_ERR_MEMORY;
    for (int64_t b = 0; b < count; b++) {
        take(a, x, b * n * n, n * n);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i + 1; j < n; j++) A(i, j) = 0;
        info[b] = factor(a, n, pivots + b * n);
        put(call->out[0], b * n * n, a, n * n);
    }
    tp_mem_free(a, bytes);
    return TP_OK;
}

/* Row i of X with row j */
static void exchange_rows(double *x, int64_t columns, int64_t i, int64_t j)
{
    for (int64_t c = 0; c < columns && i != j; c++) swap(x + i * columns + c, x + j * columns + c);
}
static void subtract(double *x, int64_t columns, int64_t to, int64_t from, double by)
{
    for (int64_t c = 0; c < columns; c++) x[to * columns + c] -= by * x[from * columns + c];
}

static void solve_block(const double *a, int64_t n, int64_t k, double *x, int64_t columns)
{
    const double off = A(k + 1, k), p = A(k, k) / off, q = A(k + 1, k + 1) / off, scale = p * q - 1;
    for (int64_t c = 0; c < columns; c++) {
        double *u = x + k * columns + c, *v = u + columns;
        const double s = *u / off, t = *v / off;
        *u = (q * s - t) / scale;
        *v = (p * t - s) / scale;
    }
}

static void solve(const double *a, int64_t n, const int32_t *pivots, double *x, int64_t columns)
{
    for (int64_t k = 0; k < n;) {
        const int64_t width = pivots[k] > 0 ? 1 : 2, with = (pivots[k] > 0 ? pivots[k] : -(int64_t)pivots[k]) - 1;
        exchange_rows(x, columns, k + width - 1, with);
        for (int64_t w = 0; w < width; w++)
            for (int64_t i = k + width; i < n; i++) subtract(x, columns, i, k + w, A(i, k + w));
        if (width == 2) solve_block(a, n, k, x, columns);
        else for (int64_t c = 0; c < columns; c++) x[k * columns + c] /= A(k, k);
        k += width;
    }
    for (int64_t k = n - 1; k >= 0;) {
        const int64_t width = pivots[k] > 0 ? 1 : 2, with = (pivots[k] > 0 ? pivots[k] : -(int64_t)pivots[k]) - 1;
        for (int64_t w = 0; w < width; w++)
            for (int64_t i = k + 1; i < n; i++) subtract(x, columns, k - w, i, A(i, k - w));
        exchange_rows(x, columns, k, with);
        k -= width;
    }
}

/* Each pivot is a row from its own on, and those of blocks come in pairs. */
static tp_status check_pivots(const tp__call *call, const int32_t *pivots, int64_t n)
{
    for (int64_t k = 0; k < n;) {
        const int64_t width = pivots[k] > 0 ? 1 : 2, with = (pivots[k] > 0 ? pivots[k] : -(int64_t)pivots[k]) - 1;
        if (with < k + width - 1 || with >= n || (width == 2 && (k + 1 == n || pivots[k + 1] != pivots[k])))
            return tp__call_fail(call, TP_ERR_INDEX, "pivot %d of row %lld does not fit %lld rows", (int)pivots[k], (long long)k, (long long)n);
        k += width;
    }
    return TP_OK;
}

static tp_status solve_run(tp__call *call)
{
    const tp_tensor *ld = call->in[0], *p = call->in[1], *b = call->in[2];
    tp_tensor *y = call->out[0];
    const int64_t n = ld->shape[ld->ndim - 1], columns = b->shape[b->ndim - 1];
    if (!y->numel) return TP_OK;
    const size_t bytes = (size_t)(n * n + n * columns) * sizeof(double);
    double *a = tp_mem_alloc(bytes), *x = a + n * n;
    tp_status status = a ? TP_OK : TP_ERR_MEMORY;
    for (int64_t i = 0; i < y->numel / (n * columns) && !status; i++) {
        const int32_t *pivots = (const int32_t *)p->data + i * n;
        if ((status = check_pivots(call, pivots, n))) break;
        take(a, ld, i * n * n, n * n);
        take(x, b, i * n * columns, n * columns);
        solve(a, n, pivots, x, columns);
        put(y, i * n * columns, x, n * columns);
    }
    tp_mem_free(a, bytes);
    return status;
}

const tp_kernel tp__cpu_linalg_ldl[] = { { "ldl_factors", factors_run, NULL }, { "ldl_solution", solve_run, NULL }, { NULL, NULL, NULL } };
