/* linalg_eig.c: eigenvalues and eigenvectors of square matrices, computed in float64 (Golub & Van Loan, Matrix Computations, chapter 7).
 *
 *   scale      D^-1 A D, D of powers of 2, so that rows and columns are of like size (Parlett & Reinsch 1969)
 *   reduce     Q* A Q = H, zeros below the first subdiagonal, by reflections (7.4.2)
 *   schur      Z* H Z = T, triangular, by QR steps that are shifted: of a real H by two shifts at once (7.5.1), so that T stays real, with
 *              blocks of 2 on its diagonal for pairs of complex eigenvalues, and these are conjugate to the last bit
 *   vectors    T x = w x from the bottom up, then D Q Z x, of length 1; the greatest element of a complex one is real, as LAPACK's geev has it
 *
 *   eig_values   w           eig_factors   w and the vectors as columns */
#include "core/op.h"

#include <complex.h>
#undef I
#include <float.h>
#include <math.h>

typedef double _Complex number;

enum { MOST_STEPS = 60 };                              /* for one eigenvalue; every tenth is shifted otherwise */

static number made(double re, double im) { return (union { double part[2]; number z; }){ { re, im } }.z; }
static double size_of(number z) { return fabs(__real__ z) + fabs(__imag__ z); }

/* What one matrix needs; all [n, n] but for w and scale [n]. Row-major. */
typedef struct work {
    int64_t n;
    number *t, *z, *w, *x;                             /* x: a vector, or the reflections */
    double *h, *q, *scale;                             /* h and q: of a real matrix */
    bool vectors, real;
} work;

/* ---- Scaling ---------------------------------------------------------------------------------------------------------------------------- */

static void scale_rows(work *s)
{
    const int64_t n = s->n;
    number *a = s->t;
    bool changed = true;
    for (int64_t i = 0; i < n; i++) s->scale[i] = 1;
    for (int round = 0; changed && round < 100; round++) {
        changed = false;
        for (int64_t i = 0; i < n; i++) {
            double row = 0, column = 0, f = 1;
            for (int64_t j = 0; j < n; j++)
                if (j != i) row += size_of(a[i * n + j]), column += size_of(a[j * n + i]);
            if (!(row > 0 && column > 0) || isinf(row + column)) continue;
            const double both = row + column;
            while (column < row / 2 && f < 0x1p500) column *= 4, f *= 2;
            while (column >= row * 2 && f > 0x1p-500) column /= 4, f /= 2;
            if (!((column + row) / f < 0.95 * both)) continue;
            changed = true;
            s->scale[i] *= f;
            for (int64_t j = 0; j < n; j++) a[i * n + j] /= f;
            for (int64_t j = 0; j < n; j++) a[j * n + i] *= f;
        }
    }
}

/* ---- Hessenberg ------------------------------------------------------------------------------------------------------------------------- */

/* The rows from `first` on of x [n, m] less the reflection 1 - tau v v* of them, v [n - first] */
static void reflect_rows(number *x, int64_t n, int64_t m, int64_t first, const number *v, number tau, number *sum)
{
    for (int64_t j = 0; j < m; j++) sum[j] = 0;
    for (int64_t i = first; i < n; i++)
        for (int64_t j = 0; j < m; j++) sum[j] += conj(v[i - first]) * x[i * m + j];
    for (int64_t i = first; i < n; i++)
        for (int64_t j = 0; j < m; j++) x[i * m + j] -= tau * v[i - first] * sum[j];
}
/* The same of columns, by the reflection's adjoint */
static void reflect_columns(number *x, int64_t n, int64_t first, const number *v, number tau)
{
    for (int64_t i = 0; i < n; i++) {
        number sum = 0;
        for (int64_t j = first; j < n; j++) sum += x[i * n + j] * v[j - first];
        sum *= conj(tau);
        for (int64_t j = first; j < n; j++) x[i * n + j] -= sum * conj(v[j - first]);
    }
}

static void reduce(work *s)
{
    const int64_t n = s->n;
    number *a = s->t, *v = s->x, *sum = s->x + n;
    for (int64_t i = 0; i < n * n && s->vectors; i++) s->z[i] = i % (n + 1) == 0;
    for (int64_t k = 0; k + 2 < n; k++) {
        const int64_t first = k + 1, length = n - first;
        double most = 0, tail = 0;
        for (int64_t i = k + 2; i < n; i++) most = fmax(most, size_of(a[i * n + k]));
        if (most == 0 && __imag__ a[first * n + k] == 0) continue;
        most = fmax(most, size_of(a[first * n + k]));
        for (int64_t i = 0; i < length; i++) {
            v[i] = a[(first + i) * n + k] / most;
            tail += __real__ v[i] * __real__ v[i] + __imag__ v[i] * __imag__ v[i];
        }
        /* H* x = beta e1, beta real: v = x - beta e1, tau = (beta - x1) / beta, and v by its first element */
        const double beta = -copysign(sqrt(tail), __real__ v[0]);
        const number top = v[0] - beta, tau = conj((beta - v[0]) / beta);
        for (int64_t i = 1; i < length; i++) v[i] /= top;
        v[0] = 1;
        reflect_rows(a, n, n, first, v, tau, sum);
        reflect_columns(a, n, first, v, tau);
        if (s->vectors) reflect_columns(s->z, n, first, v, tau);
        a[first * n + k] = beta * most;
        for (int64_t i = k + 2; i < n; i++) a[i * n + k] = 0;
    }
}

/* ---- Schur's form of a complex matrix: one shift -------------------------------------------------------------------------------------------- */

/* The eigenvalue of the last block of 2 that is nearer to its last element */
static number wilkinson(const number *a, int64_t n, int64_t k)
{
    const number p = a[(k - 1) * n + k - 1], q = a[(k - 1) * n + k], r = a[k * n + k - 1], d = a[k * n + k];
    const number half = (p - d) / 2, root = csqrt(half * half + q * r), u = half + root, v = half - root, big = size_of(u) > size_of(v) ? u : v;
    return size_of(big) > 0 ? d - q * r / big : d;
}

typedef struct turn { double c; number s; } turn;      /* [c s; -s* c] */
static turn turn_of(number f, number g)
{
    const double b = cabs(f), length = hypot(b, cabs(g));
    if (length == 0) return (turn){ 1, 0 };
    if (b == 0) return (turn){ 0, conj(g) / length };
    return (turn){ b / length, f / b * conj(g) / length };
}
static void turn_columns(number *x, int64_t n, int64_t rows, int64_t k, turn g)
{
    for (int64_t i = 0; i < rows; i++) {
        const number u = x[i * n + k], v = x[i * n + k + 1];
        x[i * n + k] = g.c * u + conj(g.s) * v;
        x[i * n + k + 1] = g.c * v - g.s * u;
    }
}

static void qr_step(work *s, int64_t lo, int64_t hi, number shift)
{
    const int64_t n = s->n;
    number *a = s->t;
    turn *turns = (turn *)(void *)s->x;
    for (int64_t i = lo; i <= hi; i++) a[i * n + i] -= shift;
    for (int64_t k = lo; k < hi; k++) {
        const turn g = turns[k] = turn_of(a[k * n + k], a[(k + 1) * n + k]);
        for (int64_t j = k; j < n; j++) {
            const number u = a[k * n + j], v = a[(k + 1) * n + j];
            a[k * n + j] = g.c * u + g.s * v;
            a[(k + 1) * n + j] = g.c * v - conj(g.s) * u;
        }
        a[(k + 1) * n + k] = 0;
    }
    for (int64_t k = lo; k < hi; k++) {
        turn_columns(a, n, k + 2, k, turns[k]);
        if (s->vectors) turn_columns(s->z, n, n, k, turns[k]);
    }
    for (int64_t i = lo; i <= hi; i++) a[i * n + i] += shift;
}

static bool complex_schur(work *s)
{
    const int64_t n = s->n;
    number *a = s->t;
    int64_t steps = 0;
    double norm = 0;
    for (int64_t i = 0; i < n * n; i++) norm = fmax(norm, size_of(a[i]));
    for (int64_t hi = n - 1; hi > 0;) {
        int64_t lo = hi;
        for (; lo > 0; lo--) {
            const double beside = size_of(a[(lo - 1) * n + lo - 1]) + size_of(a[lo * n + lo]);
            if (!(size_of(a[lo * n + lo - 1]) > DBL_EPSILON * (beside > 0 ? beside : norm))) break;
        }
        if (lo > 0) a[lo * n + lo - 1] = 0;
        if (lo == hi) {
            hi--;
            steps = 0;
            continue;
        }
        if (++steps > MOST_STEPS) return false;
        qr_step(s, lo, hi, steps % 10 ? wilkinson(a, n, hi) : a[hi * n + hi] + 0.75 * fabs(__real__ a[hi * n + hi - 1]));
    }
    return true;
}

/* ---- Schur's form of a real matrix: two shifts ---------------------------------------------------------------------------------------------- */

#define H(i, j) h[(i) * n + (j)]

/* 1 - tau v v', v = (1, v1, v2), that makes (x, y, z) a multiple of the first unit vector; z is 0 for two. */
typedef struct mirror { double tau, v1, v2, beta; } mirror;
static mirror mirror_of(double x, double y, double z)
{
    const double most = fmax(fabs(x), fmax(fabs(y), fabs(z)));
    if (fabs(y) + fabs(z) == 0) return (mirror){ .beta = x };
    x /= most, y /= most, z /= most;
    const double beta = -copysign(sqrt(x * x + y * y + z * z), x);
    return (mirror){ (beta - x) / beta, y / (x - beta), z / (x - beta), beta * most };
}
static void mirror_rows(double *h, int64_t n, int64_t k, int64_t from, mirror m, bool three)
{
    for (int64_t j = from; j < n; j++) {
        const double sum = m.tau * (H(k, j) + m.v1 * H(k + 1, j) + (three ? m.v2 * H(k + 2, j) : 0));
        H(k, j) -= sum;
        H(k + 1, j) -= sum * m.v1;
        if (three) H(k + 2, j) -= sum * m.v2;
    }
}
static void mirror_columns(double *h, int64_t n, int64_t k, int64_t rows, mirror m, bool three)
{
    for (int64_t i = 0; i < rows; i++) {
        const double sum = m.tau * (H(i, k) + m.v1 * H(i, k + 1) + (three ? m.v2 * H(i, k + 2) : 0));
        H(i, k) -= sum;
        H(i, k + 1) -= sum * m.v1;
        if (three) H(i, k + 2) -= sum * m.v2;
    }
}

/* A step by the shifts whose sum and product are told: the first column of (H - s1)(H - s2), and its bulge chased down. */
static void francis_step(work *s, int64_t lo, int64_t hi, double sum, double product)
{
    const int64_t n = s->n;
    double *h = s->h, x = 0, y = 0, z = 0;
    int64_t first = hi - 2;
    for (;; first--) {                                 /* from two small subdiagonal elements in a row on, if there are such */
        const double d = H(first, first), below = H(first + 1, first);
        x = (d * d - sum * d + product) / below + H(first, first + 1);
        y = d + H(first + 1, first + 1) - sum;
        z = H(first + 2, first + 1);
        const double all = fabs(x) + fabs(y) + fabs(z);
        if (all > 0) x /= all, y /= all, z /= all;
        if (first == lo) break;
        const double near = fabs(H(first - 1, first - 1)) + fabs(d) + fabs(H(first + 1, first + 1));
        if (fabs(H(first, first - 1)) * (fabs(y) + fabs(z)) <= DBL_EPSILON * fabs(x) * near) break;
    }
    for (int64_t k = first; k < hi; k++) {
        const bool three = k + 2 <= hi;
        if (k > first) x = H(k, k - 1), y = H(k + 1, k - 1), z = three ? H(k + 2, k - 1) : 0;
        const mirror m = mirror_of(x, y, z);
        mirror_rows(h, n, k, k, m, three);
        mirror_columns(h, n, k, (k + 3 < hi ? k + 3 : hi) + 1, m, three);
        if (s->vectors) mirror_columns(s->q, n, k, n, m, three);
        if (k > first) H(k, k - 1) = m.beta, H(k + 1, k - 1) = 0;
        else if (k > lo) H(k, k - 1) *= 1 - m.tau;
        if (k > first && three) H(k + 2, k - 1) = 0;
    }
}

/* The block of 2 that ends at k: two real eigenvalues make it triangular, a pair of complex ones stays. */
static void split_block(work *s, int64_t k)
{
    const int64_t n = s->n;
    double *h = s->h;
    const double p = (H(k - 1, k - 1) - H(k, k)) / 2, r = H(k, k - 1), square = p * p + H(k - 1, k) * r;
    if (!(square >= 0)) return;
    const double u = p + copysign(sqrt(square), p), length = hypot(u, r);       /* (u, r): a vector of the first eigenvalue */
    const double c = length > 0 ? u / length : 1, t = length > 0 ? r / length : 0;
    for (int64_t j = k - 1; j < n; j++) {
        const double x = H(k - 1, j), y = H(k, j);
        H(k - 1, j) = c * x + t * y;
        H(k, j) = c * y - t * x;
    }
    for (int pass = 0; pass < (s->vectors ? 2 : 1); pass++) {
        double *m = pass ? s->q : h;
        for (int64_t i = 0; i < (pass ? n : k + 1); i++) {
            const double x = m[i * n + k - 1], y = m[i * n + k];
            m[i * n + k - 1] = c * x + t * y;
            m[i * n + k] = c * y - t * x;
        }
    }
    H(k, k - 1) = 0;
}

static bool real_schur(work *s)
{
    const int64_t n = s->n;
    double *h = s->h, norm = 0;
    int64_t steps = 0;
    for (int64_t i = 0; i < n * n; i++) norm = fmax(norm, fabs(h[i]));
    for (int64_t hi = n - 1; hi >= 0;) {
        int64_t lo = hi;
        for (; lo > 0; lo--) {
            const double beside = fabs(H(lo - 1, lo - 1)) + fabs(H(lo, lo));
            if (!(fabs(H(lo, lo - 1)) > DBL_EPSILON * (beside > 0 ? beside : norm))) break;
        }
        if (lo > 0) H(lo, lo - 1) = 0;
        if (lo >= hi - 1) {
            if (lo == hi - 1) split_block(s, hi);
            hi = lo - 1;
            steps = 0;
            continue;
        }
        if (++steps > MOST_STEPS) return false;
        double sum = H(hi, hi) + H(hi - 1, hi - 1), product = H(hi, hi) * H(hi - 1, hi - 1) - H(hi, hi - 1) * H(hi - 1, hi);
        if (steps % 10 == 0) {
            const double off = fabs(H(hi, hi - 1)) + fabs(H(hi - 1, hi - 2)), x = 0.75 * off + H(hi, hi);
            sum = 2 * x;
            product = x * x + 0.4375 * off * off;
        }
        francis_step(s, lo, hi, sum, product);
    }
    return true;
}

/* ---- Eigenvalues and vectors of T ----------------------------------------------------------------------------------------------------------- */

static bool pairs_above(const work *s, int64_t k) { return k > 0 && s->real && __real__ s->t[k * s->n + k - 1] != 0; }     /* k is the second of a block */

static void values(work *s)
{
    const int64_t n = s->n;
    const number *t = s->t;
    for (int64_t k = 0; k < n; k++) {
        s->w[k] = t[k * n + k];
        if (!pairs_above(s, k)) continue;
        const double a = __real__ t[(k - 1) * n + k - 1], d = __real__ t[k * n + k], p = (a - d) / 2, b = __real__ t[(k - 1) * n + k], c = __real__ t[k * n + k - 1];
        const double im = sqrt(fabs(b)) * sqrt(fabs(c)), root = im > fabs(p) ? sqrt(im - fabs(p)) * sqrt(im + fabs(p)) : 0;
        s->w[k - 1] = made(d + p, root);
        s->w[k] = made(d + p, -root);
    }
}

/* x before `first` of (T - w) x = 0, given x from there to `last` */
static void solve_up(const work *s, number w, int64_t first, int64_t last, number *x, double least)
{
    const int64_t n = s->n;
    const number *t = s->t;
    for (int64_t i = first - 1; i >= 0; i--) {
        const bool two = pairs_above(s, i);
        number r[2] = { 0, 0 };
        for (int64_t j = i + 1; j <= last; j++) {
            r[0] -= t[i * n + j] * x[j];
            if (two) r[1] -= t[(i - 1) * n + j] * x[j];
        }
        const number d = t[i * n + i] - w;
        if (!two) {
            x[i] = r[0] / (size_of(d) < least ? least : d);
        } else {
            const number p = t[(i - 1) * n + i - 1] - w, b = t[(i - 1) * n + i], c = t[i * n + i - 1], det = p * d - b * c, by = size_of(det) < least * least ? least * least : det;
            x[i] = (p * r[0] - c * r[1]) / by;
            x[i - 1] = (d * r[1] - b * r[0]) / by;
        }
        double most = size_of(x[i]);
        if (two) most = fmax(most, size_of(x[--i]));
        if (most > 0x1p300)                            /* a defective matrix: only the direction counts */
            for (int64_t j = i; j <= last; j++) x[j] /= most;
    }
}

/* Column k of `out`: D Q Z x, of length 1 */
static void finish(work *s, int64_t k, int64_t last, const number *x, number *out)
{
    const int64_t n = s->n;
    double most = 0, sum = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        number v = 0;
        for (int64_t j = 0; j <= last; j++) v += s->z[i * n + j] * x[j];
        out[i * n + k] = v * s->scale[i];
        most = fmax(most, size_of(out[i * n + k]));
    }
    for (int64_t i = 0; i < n; i++) {
        const number v = out[i * n + k] /= most;
        const double square = __real__ v * __real__ v + __imag__ v * __imag__ v;
        const number best = out[at * n + k];
        if (square > __real__ best * __real__ best + __imag__ best * __imag__ best) at = i;
        sum += square;
    }
    const number best = out[at * n + k];
    const bool real = s->real && __imag__ s->w[k] == 0;
    const number by = real ? 1 / sqrt(sum) : conj(best) / (cabs(best) * sqrt(sum));
    for (int64_t i = 0; i < n; i++) out[i * n + k] *= by;
    if (!real) out[at * n + k] = __real__ out[at * n + k];
}

static void vectors(work *s, number *out)
{
    const int64_t n = s->n;
    double norm = 0;
    for (int64_t i = 0; i < n * n; i++) norm = fmax(norm, size_of(s->t[i]));
    for (int64_t k = n - 1; k >= 0; k--) {
        const bool two = pairs_above(s, k);
        const number *t = s->t, w = s->w[two ? k - 1 : k];
        const double least = fmax(fmax(DBL_EPSILON * size_of(w), DBL_MIN / DBL_EPSILON * (double)n), norm * 0x1p-200);
        for (int64_t i = 0; i < n; i++) s->x[i] = i == k;
        if (two) {                                     /* of the block itself */
            const number b = t[(k - 1) * n + k], c = t[k * n + k - 1];
            if (size_of(b) >= size_of(c)) s->x[k - 1] = 1, s->x[k] = (w - t[(k - 1) * n + k - 1]) / b;
            else s->x[k - 1] = (w - t[k * n + k]) / c;
        }
        const int64_t first = two ? k - 1 : k;
        solve_up(s, w, first, k, s->x, least);
        finish(s, first, k, s->x, out);
        for (int64_t i = 0; i < n && two; i++) out[i * n + k] = conj(out[i * n + first]);
        k = first;
    }
}

/* ---- Kernels: contiguous input --------------------------------------------------------------------------------------------------------------- */

static number element(const tp_tensor *x, int64_t i)
{
    switch ((tp_dtype)x->dtype) {
    case TP_F32: return ((const float *)x->data)[i];
    case TP_F64: return ((const double *)x->data)[i];
    case TP_C64: return ((const float _Complex *)x->data)[i];
    default: return ((const number *)x->data)[i];
    }
}
static void put(tp_tensor *y, int64_t first, const number *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (y->dtype == TP_C128) ((number *)y->data)[first + i] = v[i];
        else ((float _Complex *)y->data)[first + i] = (float _Complex)v[i];
    }
}

static bool decompose(work *s)
{
    const int64_t n = s->n;
    scale_rows(s);
    reduce(s);
    if (!s->real) return complex_schur(s);
    for (int64_t i = 0; i < n * n; i++) s->h[i] = __real__ s->t[i];
    for (int64_t i = 0; i < n * n && s->vectors; i++) s->q[i] = __real__ s->z[i];
    const bool found = real_schur(s);
    for (int64_t i = 0; i < n * n; i++) s->t[i] = s->h[i];
    for (int64_t i = 0; i < n * n && s->vectors; i++) s->z[i] = s->q[i];
    return found;
}

/* Matrix b, by a power of 2 with elements up to 1; *power: of that. */
static tp_status take(const tp__call *call, work *s, int64_t b, int *power)
{
    const int64_t n = s->n;
    double most = 0;
    for (int64_t i = 0; i < n * n; i++) {
        const number v = s->t[i] = element(call->in[0], b * n * n + i);
        if (!isfinite(__real__ v) || !isfinite(__imag__ v))
            return tp__call_fail(call, TP_ERR_NUMERIC, "matrix %lld has elements that are not finite", (long long)b);
        most = fmax(most, fmax(fabs(__real__ v), fabs(__imag__ v)));
    }
    *power = 0;
    if (most > 0) (void)frexp(most, power);
    for (int64_t i = 0; i < n * n; i++) s->t[i] = made(ldexp(__real__ s->t[i], -*power), ldexp(__imag__ s->t[i], -*power));
    return TP_OK;
}

static tp_status run(tp__call *call, bool with_vectors)
{
    const tp_tensor *x = call->in[0];
    const int64_t n = x->shape[x->ndim - 1];
    if (!x->numel) return TP_OK;
    const size_t square = (size_t)(n * n), bytes = (3 * square + 5 * (size_t)n + 2) * sizeof(number) + (2 * square + (size_t)n) * sizeof(double);
    number *room = tp_mem_alloc(bytes);
    if (!room) return TP_ERR_MEMORY;
    number *out = room + 2 * square;
    work s = { .n = n, .t = room, .z = room + square, .w = out + square, .x = out + square + n, .vectors = with_vectors, .real = !tp__is_complex(x->dtype) };
    s.h = (double *)(void *)(s.x + 4 * n + 2);
    s.q = s.h + square;
    s.scale = s.q + square;
    tp_status status = TP_OK;
    for (int64_t b = 0; b < x->numel / (n * n) && !status; b++) {
        int power;
        status = take(call, &s, b, &power);
        if (!status && !decompose(&s)) status = tp__call_fail(call, TP_ERR_NUMERIC, "the eigenvalues of matrix %lld were not found", (long long)b);
        if (status) break;
        values(&s);
        if (with_vectors) vectors(&s, out), put(call->out[1], b * n * n, out, n * n);
        for (int64_t i = 0; i < n; i++) s.w[i] = made(ldexp(__real__ s.w[i], power), ldexp(__imag__ s.w[i], power));
        put(call->out[0], b * n, s.w, n);
    }
    tp_mem_free(room, bytes);
    return status;
}

static tp_status eig_values(tp__call *call) { return run(call, false); }
static tp_status eig_factors(tp__call *call) { return run(call, true); }

const tp_kernel tp__cpu_linalg_eig[] = { { "eig_values", eig_values, NULL }, { "eig_factors", eig_factors, NULL }, { NULL, NULL, NULL } };
