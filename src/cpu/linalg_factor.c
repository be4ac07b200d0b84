/* linalg_factor.c: factorizations of matrices [.., m, n], contiguous, each computed in float64 (Golub & Van Loan, Matrix Computations).
 *
 *   eigh_factors   A = V diag(w) V', A symmetric: cyclic Jacobi rotations (8.5), w rising
 *   geqrf          A = Q R by Householder reflections 1 - tau v v' (5.2): R, the v below it, and tau
 *   qr_factors     the same as Q and R
 *   lu_packed      P A = L U with partial pivoting (3.4): L and U in one, the rows exchanged from 1 on, the first zero pivot or 0
 *   pivot_matrix   the P of A = P L U */
#include "core/convert.h"
#include "core/op.h"

#include <math.h>

enum { MOST_SWEEPS = 60 };

/* ---- One matrix, row-major --------------------------------------------------------------------------------------------------------- */

/* a [n, n] becomes diagonal, v the rotations as rows. */
static void jacobi(double *a, double *v, int64_t n)
{
    for (int64_t i = 0; i < n * n; i++) v[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        double off = 0, all = 0;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) all += a[i * n + j] * a[i * n + j], off += i == j ? 0 : a[i * n + j] * a[i * n + j];
        if (!(off > all * 1e-36)) return;              /* below 1e-18 of the norm: nothing is left in float64 */
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                const double apq = a[p * n + q];
                if (apq == 0) continue;
                const double tau = (a[q * n + q] - a[p * n + p]) / (2 * apq);
                const double t = (tau < 0 ? -1 : 1) / (fabs(tau) + sqrt(1 + tau * tau)), c = 1 / sqrt(1 + t * t), s = t * c;
                for (int64_t k = 0; k < n; k++) {      /* columns */
                    const double x = a[k * n + p], y = a[k * n + q];
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
                for (int64_t k = 0; k < n; k++) {      /* rows, of both */
                    const double x = a[p * n + k], y = a[q * n + k], vx = v[p * n + k], vy = v[q * n + k];
                    a[p * n + k] = c * x - s * y;
                    a[q * n + k] = s * x + c * y;
                    v[p * n + k] = c * vx - s * vy;
                    v[q * n + k] = s * vx + c * vy;
                }
            }
    }
}

/* The magnitude to scale by, so that no square leaves the range; NaN or infinite where an element is. */
static double greatest(const double *x, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = most != most || fabs(x[i]) <= most ? most : fabs(x[i]);
    return most;
}

/* Rising, vectors along; NaN last */
static void sort_pairs(double *w, double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t least = i;
        for (int64_t j = i + 1; j < n; j++)
            if (w[j] < w[least] || (w[least] != w[least] && w[j] == w[j])) least = j;
        if (least == i) continue;
        const double t = w[i];
        w[i] = w[least];
        w[least] = t;
        for (int64_t k = 0; k < n; k++) {
            const double x = v[i * n + k];
            v[i * n + k] = v[least * n + k];
            v[least * n + k] = x;
        }
    }
}

static void householder(double *a, double *tau, int64_t m, int64_t n)
{
    const int64_t k = m < n ? m : n;
    for (int64_t j = 0; j < k; j++) {
        double tail = 0;
        const double alpha = a[j * n + j];
        for (int64_t i = j + 1; i < m; i++) tail = hypot(tail, a[i * n + j]);
        tau[j] = 0;
        if (tail == 0) continue;                       /* NaN goes on */
        const double beta = -copysign(hypot(alpha, tail), alpha);
        tau[j] = (beta - alpha) / beta;
        for (int64_t i = j + 1; i < m; i++) a[i * n + j] /= alpha - beta;
        a[j * n + j] = beta;
        for (int64_t c = j + 1; c < n; c++) {
            double dot = a[j * n + c];
            for (int64_t i = j + 1; i < m; i++) dot += a[i * n + j] * a[i * n + c];
            dot *= tau[j];
            a[j * n + c] -= dot;
            for (int64_t i = j + 1; i < m; i++) a[i * n + c] -= dot * a[i * n + j];
        }
    }
}

/* The first `columns` columns of the product of the reflections in a [m, n] */
static void reflect(const double *a, const double *tau, int64_t m, int64_t n, int64_t columns, double *q)
{
    const int64_t k = m < n ? m : n;
    for (int64_t i = 0; i < m; i++)
        for (int64_t c = 0; c < columns; c++) q[i * columns + c] = i == c;
    for (int64_t j = k - 1; j >= 0; j--)
        for (int64_t c = j; c < columns; c++) {
            double dot = q[j * columns + c];
            for (int64_t i = j + 1; i < m; i++) dot += a[i * n + j] * q[i * columns + c];
            dot *= tau[j];
            q[j * columns + c] -= dot;
            for (int64_t i = j + 1; i < m; i++) q[i * columns + c] -= dot * a[i * n + j];
        }
}

static int32_t lu(double *a, int64_t m, int64_t n, bool pivots, int32_t *exchanged)
{
    const int64_t k = m < n ? m : n;
    int32_t zero = 0;
    for (int64_t j = 0; j < k; j++) {
        int64_t best = j;
        for (int64_t i = j + 1; i < m && pivots; i++)
            if (fabs(a[i * n + j]) > fabs(a[best * n + j])) best = i;
        exchanged[j] = (int32_t)best + 1;
        for (int64_t c = 0; c < n && best != j; c++) {
            const double t = a[j * n + c];
            a[j * n + c] = a[best * n + c];
            a[best * n + c] = t;
        }
        if (a[j * n + j] == 0) {
            if (!zero) zero = (int32_t)j + 1;
            continue;
        }
        for (int64_t i = j + 1; i < m; i++) {
            const double f = a[i * n + j] /= a[j * n + j];
            for (int64_t c = j + 1; c < n; c++) a[i * n + c] -= f * a[j * n + c];
        }
    }
    return zero;
}

/* ---- Batches ------------------------------------------------------------------------------------------------------------------------- */

typedef struct part { int64_t m, n, count; size_t bytes; double *room; } part;

/* Room for the matrix and `more` doubles. *nothing: no matrix, or no elements; then there is no room. */
static tp_status open_part(part *p, const tp_tensor *x, int64_t more, bool *nothing)
{
    p->m = x->shape[x->ndim - 2];
    p->n = x->shape[x->ndim - 1];
    p->count = 1;
    for (int d = 0; d < x->ndim - 2; d++) p->count *= x->shape[d];
    p->bytes = (size_t)(p->m * p->n + more) * sizeof(double);
    *nothing = !p->count || !p->bytes;
    p->room = *nothing ? NULL : tp_mem_alloc(p->bytes);
    return p->room || *nothing ? TP_OK : TP_ERR_MEMORY;
}
static void take(double *to, const tp_tensor *x, int64_t at, int64_t n)
{
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    tp__cast_row(to, TP_F64, 1, (const char *)x->data + at * n * item, (tp_dtype)x->dtype, 1, n);
}
static void put(tp_tensor *y, int64_t at, const double *from, int64_t n)
{
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)y->dtype);
    tp__cast_row((char *)y->data + at * n * item, (tp_dtype)y->dtype, 1, from, TP_F64, 1, n);
}

static tp_status eigh_factors(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t n = x->shape[x->ndim - 1];
    const bool upper = *(const bool *)call->attr;
    part p;
    bool nothing;
    if (open_part(&p, x, n * n + n, &nothing) || nothing) return nothing ? TP_OK : TP_ERR_MEMORY;
    double *a = p.room, *v = a + n * n, *w = v + n * n;
    for (int64_t b = 0; b < p.count; b++) {
        take(a, x, b, n * n);
        for (int64_t i = 0; i < n; i++)                /* one triangle counts */
            for (int64_t j = 0; j < i; j++) *(upper ? &a[i * n + j] : &a[j * n + i]) = upper ? a[j * n + i] : a[i * n + j];
        const double scale = greatest(a, n * n);
        for (int64_t i = 0; i < n * n && scale > 0; i++) a[i] /= scale;
        jacobi(a, v, n);
        for (int64_t i = 0; i < n; i++) w[i] = a[i * n + i] * scale;
        sort_pairs(w, v, n);
        if (!isfinite(scale)) for (int64_t i = 0; i < n * n + n; i++) v[i] = NAN;        /* w, too */
        for (int64_t i = 0; i < n * n; i++) a[i] = v[i % n * n + i / n];
        put(call->out[0], b, w, n);
        put(call->out[1], b, a, n * n);
    }
    tp_mem_free(p.room, p.bytes);
    return TP_OK;
}

static tp_status geqrf(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t k = call->out[1]->ndim ? call->out[1]->shape[call->out[1]->ndim - 1] : 0;
    part p;
    bool nothing;
    if (open_part(&p, x, k, &nothing) || nothing) return nothing ? TP_OK : TP_ERR_MEMORY;
    double *a = p.room, *tau = a + p.m * p.n;
    for (int64_t b = 0; b < p.count; b++) {
        take(a, x, b, p.m * p.n);
        householder(a, tau, p.m, p.n);
        put(call->out[0], b, a, p.m * p.n);
        put(call->out[1], b, tau, k);
    }
    tp_mem_free(p.room, p.bytes);
    return TP_OK;
}

static tp_status qr_factors(tp__call *call)
{
    const tp_tensor *x = call->in[0], *q = call->out[0];
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1], k = m < n ? m : n, columns = q->shape[q->ndim - 1];
    part p;
    bool nothing;
    if (open_part(&p, x, k + m * columns, &nothing) || nothing) return nothing ? TP_OK : TP_ERR_MEMORY;
    double *a = p.room, *tau = a + m * n, *into = tau + k;
    for (int64_t b = 0; b < p.count; b++) {
        take(a, x, b, m * n);
        householder(a, tau, m, n);
        reflect(a, tau, m, n, columns, into);
        put(call->out[0], b, into, m * columns);
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n && j < i; j++) a[i * n + j] = 0;
        put(call->out[1], b, a, columns * n);
    }
    tp_mem_free(p.room, p.bytes);
    return TP_OK;
}

static tp_status lu_packed(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const bool pivots = *(const bool *)call->attr;
    part p;
    bool nothing;
    if (open_part(&p, x, 0, &nothing)) return TP_ERR_MEMORY;
    int32_t *exchanged = call->out[1]->data, *zero = call->out[2]->data;
    if (nothing) memset(zero, 0, (size_t)p.count * sizeof *zero);
    const int64_t k = p.m < p.n ? p.m : p.n;
    for (int64_t b = 0; b < p.count && !nothing; b++) {
        take(p.room, x, b, p.m * p.n);
        zero[b] = lu(p.room, p.m, p.n, pivots, exchanged + b * k);
        put(call->out[0], b, p.room, p.m * p.n);
    }
    tp_mem_free(p.room, p.bytes);
    return TP_OK;
}

/* pivots [.., k], int32 -> [.., m, m], int32: row i of P' A is row order[i] of A */
static tp_status pivot_matrix(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    tp_tensor *y = call->out[0];
    const int64_t k = x->shape[x->ndim - 1], m = y->shape[y->ndim - 1];
    if (!y->numel) return TP_OK;
    const size_t bytes = (size_t)m * sizeof(int64_t);
    int64_t *order = tp_mem_alloc(bytes);
    if (!order) return TP_ERR_MEMORY;
    tp_status status = TP_OK;
    int32_t *to = memset(y->data, 0, (size_t)y->numel * sizeof(int32_t));
    for (int64_t b = 0; b < y->numel / (m * m) && !status; b++, to += m * m) {
        const int32_t *exchanged = (const int32_t *)x->data + b * k;
        for (int64_t i = 0; i < m; i++) order[i] = i;
        for (int64_t i = 0; i < k && !status; i++) {
            const int64_t with = (int64_t)exchanged[i] - 1, t = order[i];
            if (with < 0 || with >= m) {
                status = tp__call_fail(call, TP_ERR_INDEX, "pivot %d is no row from 1 to %lld", (int)exchanged[i], (long long)m);
                break;
            }
            order[i] = order[with];
            order[with] = t;
        }
        for (int64_t i = 0; i < m && !status; i++) to[order[i] * m + i] = 1;
    }
    tp_mem_free(order, bytes);
    return status;
}

const tp_kernel tp__cpu_linalg_factor[] = {
    { "eigh_factors", eigh_factors, NULL }, { "geqrf", geqrf, NULL }, { "qr_factors", qr_factors, NULL }, { "lu_packed", lu_packed, NULL },
    { "pivot_matrix", pivot_matrix, NULL }, { NULL, NULL, NULL },
};
