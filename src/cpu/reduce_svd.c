/* reduce_svd.c: singular values by one-sided Jacobi rotations (Hestenes 1958): columns are turned against one another until all are
 * orthogonal; their lengths are the singular values. Computed in float64, for matrices [.., m, n], contiguous. */
#include "core/convert.h"
#include "core/op.h"

#include <math.h>

enum { MOST_SWEEPS = 60 };

/* Turns columns a and b of length m, and those of v of length n, which are orthogonal afterwards. True: they were before. */
static bool rotate(int64_t m, double *a, double *b, int64_t n, double *va, double *vb)
{
    double aa = 0, bb = 0, ab = 0;
    for (int64_t i = 0; i < m; i++) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
    if (!(fabs(ab) > 1e-15 * sqrt(aa * bb))) return true;
    const double tau = (bb - aa) / (2 * ab), t = (tau < 0 ? -1 : 1) / (fabs(tau) + sqrt(1 + tau * tau)), c = 1 / sqrt(1 + t * t), s = c * t;
    for (int64_t i = 0; i < m; i++) {
        const double x = a[i], y = b[i];
        a[i] = c * x - s * y;
        b[i] = s * x + c * y;
    }
    for (int64_t i = 0; i < n; i++) {
        const double x = va[i], y = vb[i];
        va[i] = c * x - s * y;
        vb[i] = s * x + c * y;
    }
    return false;
}

/* Column j of g, of length 0, becomes a unit vector orthogonal to the other columns that have a length or stand before it: the axis
 * that is farthest from them, less what lies in them. */
static void complete(int64_t m, int64_t k, double *g, const double *s, int64_t j)
{
    double *y = g + j * m, farthest = -1;
    int64_t axis = 0;
    for (int64_t i = 0; i < m; i++) {
        double rest = 1;
        for (int64_t q = 0; q < k; q++)
            if (s[q] > 0 || q < j) rest -= g[q * m + i] * g[q * m + i];
        if (rest > farthest) farthest = rest, axis = i;
    }
    memset(y, 0, (size_t)m * sizeof *y);
    y[axis] = 1;
    for (int twice = 0; twice < 2; twice++)            /* once more takes away what rounding left */
        for (int64_t q = 0; q < k; q++) {
            double along = 0;
            if (q == j || !(s[q] > 0 || q < j)) continue;
            for (int64_t i = 0; i < m; i++) along += y[i] * g[q * m + i];
            for (int64_t i = 0; i < m; i++) y[i] -= along * g[q * m + i];
        }
    double sum = 0;
    for (int64_t i = 0; i < m; i++) sum += y[i] * y[i];
    for (int64_t i = 0; i < m; i++) y[i] /= sqrt(sum);
}

/* g: k columns of length m, one after another; v: k columns of length k; both sorted by falling length, which goes to s. */
static void jacobi(int64_t m, int64_t k, double *g, double *v, double *s)
{
    memset(v, 0, (size_t)(k * k) * sizeof *v);
    for (int64_t i = 0; i < k; i++) v[i * k + i] = 1;
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        bool done = true;
        for (int64_t p = 0; p < k; p++)
            for (int64_t q = p + 1; q < k; q++) done &= rotate(m, g + p * m, g + q * m, k, v + p * k, v + q * k);
        if (done) break;
    }
    for (int64_t j = 0; j < k; j++) {
        double sum = 0;
        for (int64_t i = 0; i < m; i++) sum += g[j * m + i] * g[j * m + i];
        s[j] = sqrt(sum);
        for (int64_t i = 0; i < m && s[j] > 0; i++) g[j * m + i] /= s[j];
    }
    for (int64_t j = 0; j < k; j++)
        if (s[j] == 0) complete(m, k, g, s, j);
}

static int64_t greatest(const double *s, const bool *taken, int64_t k)
{
    int64_t best = -1;
    for (int64_t j = 0; j < k; j++)
        if (!taken[j] && (best < 0 || s[j] > s[best] || s[j] != s[j])) best = j;
    return best;
}

typedef struct room { double *g, *v, *s; bool *taken; } room;

static void fill(double *x, int64_t n, double value) { for (int64_t i = 0; i < n; i++) x[i] = value; }

/* One matrix x, m x n, which is scaled first, so that no square leaves the range. Where it is wide its transpose is turned. */
static void one_matrix(const room *r, double *x, int64_t m, int64_t n, double *u, double *s, double *vh)
{
    const bool wide = m < n;
    const int64_t rows = wide ? n : m, k = wide ? m : n;
    double scale = 0;
    for (int64_t i = 0; i < m * n; i++) scale = scale != scale || fabs(x[i]) <= scale ? scale : fabs(x[i]);        /* a NaN stays */
    if (!isfinite(scale)) {
        fill(u, m * k, NAN);
        fill(s, k, NAN);
        fill(vh, k * n, NAN);
        return;
    }
    for (int64_t i = 0; i < m * n && scale > 0; i++) x[i] /= scale;
    for (int64_t j = 0; j < k; j++)
        for (int64_t i = 0; i < rows; i++) r->g[j * rows + i] = wide ? x[j * n + i] : x[i * n + j];
    jacobi(rows, k, r->g, r->v, r->s);
    for (int64_t j = 0; j < k; j++) r->taken[j] = false;
    for (int64_t at = 0; at < k; at++) {
        const int64_t j = greatest(r->s, r->taken, k);
        r->taken[j] = true;
        s[at] = r->s[j] * scale;
        for (int64_t i = 0; i < m; i++) u[i * k + at] = wide ? r->v[j * k + i] : r->g[j * rows + i];
        for (int64_t i = 0; i < n; i++) vh[at * n + i] = wide ? r->g[j * rows + i] : r->v[j * k + i];
    }
}

static tp_status svd_kernel(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1], k = m < n ? m : n, rows = m < n ? n : m, item = (int64_t)tp_dtype_size(dtype);
    if (!x->numel) return TP_OK;
    const size_t numbers = (size_t)(rows * k + k * k + k + m * n + m * k + k + k * n), bytes = numbers * sizeof(double) + (size_t)k;
    double *memory = tp_mem_alloc(bytes);
    if (!memory) return TP_ERR_MEMORY;
    room r = { .g = memory };
    r.v = r.g + rows * k;
    r.s = r.v + k * k;
    double *in = r.s + k, *u = in + m * n, *s = u + m * k, *vh = s + k;
    r.taken = (bool *)(vh + k * n);
    for (int64_t b = 0; b < x->numel / (m * n); b++) {
        tp__cast_row(in, TP_F64, 1, (const char *)x->data + b * m * n * item, dtype, 1, m * n);
        one_matrix(&r, in, m, n, u, s, vh);
        tp__cast_row((char *)call->out[0]->data + b * m * k * item, dtype, 1, u, TP_F64, 1, m * k);
        tp__cast_row((char *)call->out[1]->data + b * k * item, dtype, 1, s, TP_F64, 1, k);
        tp__cast_row((char *)call->out[2]->data + b * k * n * item, dtype, 1, vh, TP_F64, 1, k * n);
    }
    tp_mem_free(memory, bytes);
    return TP_OK;
}

const tp_kernel tp__cpu_reduce_svd[] = { { "svd_factors", svd_kernel, NULL }, { NULL, NULL, NULL } };
