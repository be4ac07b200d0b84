/* eig.h: eigenvalues and eigenvectors of a square matrix, in float64, for every backend (Golub & Van Loan, Matrix Computations, chapter 7). On the
 * CPU a thread does it, on a device a block shares each step (core/eig_team.h); both give the same bits.
 *
 *   scale      D^-1 A D, D of powers of 2, so that rows and columns are of like size (Parlett & Reinsch 1969)
 *   reduce     Q* A Q = H, zeros below the first subdiagonal, by reflections (7.4.2)
 *   schur      Z* H Z = T, triangular, by QR steps that are shifted (core/eig_schur.h): of a real H T stays real, with blocks of 2 on its
 *              diagonal for pairs of complex eigenvalues, and these are conjugate to the last bit
 *   vectors    T x = w x from the bottom up, then D Q Z x, of length 1; the greatest element of a complex one is real, as LAPACK's geev has it */
#ifndef TP__EIG_H
#define TP__EIG_H

#include <limits.h>
#include <stddef.h>

#include "core/eig_schur.h"

/* ---- Scaling ---------------------------------------------------------------------------------------------------------------------------- */

TP__BY_TEAM void tp__eig_scale(const tp__eig *s)
{
    const int64_t n = s->n;
    tp__z *a = s->t;
    bool changed = true;
    TP__EACH(i, 0, n) s->scale[i] = 1;
    TP__MEET();
    for (int round = 0; changed && round < 100; round++) {
        changed = false;
        for (int64_t i = 0; i < n; i++) {
            tp__lanes sums[2] = { TP__NO_SUM, TP__NO_SUM };
            TP__LANES(j, 0, n) {
                if (j == i) continue;
                TP__ADD(sums[0], j, tp__z_size(a[i * n + j]));
                TP__ADD(sums[1], j, tp__z_size(a[j * n + i]));
            }
            const double row = TP__SUM_OF_LANES(sums[0]), both = row + TP__SUM_OF_LANES(sums[1]), before = s->scale[i];
            double column = TP__SUM_OF_LANES(sums[1]), f = 1;
            if (!(row > 0 && column > 0 && both <= DBL_MAX)) continue;
            while (column < row / 2 && before * f < 0x1p900) column *= 4, f *= 2;
            while (column >= row * 2 && before * f > 0x1p-900) column /= 4, f /= 2;
            if (!((column + row) / f < 0.95 * both)) continue;
            changed = true;
            TP__MEET();                                /* all have the sums */
            if (TP__ONE_OF_ALL) s->scale[i] *= f;
            TP__EACH(j, 0, n) {
                if (j == i) continue;
                a[i * n + j] = tp__z_part(a[i * n + j], f);
                a[j * n + i] = tp__z_by(a[j * n + i], f);
            }
            TP__MEET();
        }
    }
}

/* ---- Hessenberg ------------------------------------------------------------------------------------------------------------------------- */

/* The rows from `first` on of x [n, n] less the reflection 1 - tau v v* of them, v [n - first]; the columns from `from` on */
TP__BY_TEAM void tp__eig_reflect_rows(tp__z *x, int64_t n, int64_t from, int64_t first, const tp__z *v, tp__z tau)
{
    TP__EACH(tile, 0, (n - from + TP__TILE - 1) / TP__TILE) {
        const int64_t at = from + tile * TP__TILE;
        const int width = n - at < TP__TILE ? (int)(n - at) : TP__TILE;
        tp__z sum[TP__TILE];
        for (int c = 0; c < TP__TILE; c++) sum[c] = tp__z_of(0, 0);
        for (int64_t i = first; i < n; i++)
            for (int c = 0; c < width; c++) sum[c] = tp__z_more(sum[c], tp__z_conj(v[i - first]), x[i * n + at + c]);
        for (int c = 0; c < TP__TILE; c++) sum[c] = tp__z_times(tau, sum[c]);
        for (int64_t i = first; i < n; i++)
            for (int c = 0; c < width; c++) x[i * n + at + c] = tp__z_less(x[i * n + at + c], v[i - first], sum[c]);
    }
}
/* The same of columns, by the reflection's adjoint */
TP__BY_TEAM void tp__eig_reflect_columns(tp__z *x, int64_t n, int64_t first, const tp__z *v, tp__z tau)
{
    TP__ROWS(i, 0, n) {
        tp__z *row = x + i * n;
        tp__z_lanes sums = TP__NO_Z_SUM;
        TP__LANES(j, first, n) TP__Z_ADD(sums, j - first, tp__z_times(row[j], v[j - first]));
        const tp__z sum = tp__z_times(tp__z_sum_of_lanes(&sums), tp__z_conj(tau));
        TP__LANES(j, first, n) row[j] = tp__z_less(row[j], sum, tp__z_conj(v[j - first]));
    }
}

TP__BY_TEAM void tp__eig_reduce(const tp__eig *s)
{
    const int64_t n = s->n;
    tp__z *a = s->t, *v = s->x;
    if (s->vectors) TP__EACH(i, 0, n * n) s->z[i] = tp__z_of(i % (n + 1) == 0, 0);
    TP__MEET();
    for (int64_t k = 0; k + 2 < n; k++) {
        const int64_t first = k + 1, length = n - first;
        const tp__z head = a[first * n + k];
        tp__lanes tail = TP__NO_SUM;
        double most = 0;
        TP__EACH(i, k + 2, n) most = fmax(most, tp__z_size(a[i * n + k]));
        most = TP__MOST_OF_ALL(most);
        if (most == 0 && head.im == 0) continue;
        most = fmax(most, tp__z_size(head));
        TP__LANES(i, 0, length) TP__ADD(tail, i, tp__z_square(tp__z_part(a[(first + i) * n + k], most)));
        /* H* x = beta e1, beta real: v = x - beta e1, tau = (beta - x1) / beta, and v by its first element */
        const tp__z x1 = tp__z_part(head, most);
        const double beta = -copysign(sqrt(TP__SUM_OF_LANES(tail)), x1.re);
        const tp__z top = tp__z_of(x1.re - beta, x1.im), tau = tp__z_of((beta - x1.re) / beta, x1.im / beta);
        TP__EACH(i, 0, length) v[i] = i ? tp__z_over(tp__z_part(a[(first + i) * n + k], most), top) : tp__z_of(1, 0);
        TP__MEET();
        tp__eig_reflect_rows(a, n, first, first, v, tau);
        TP__MEET();
        tp__eig_reflect_columns(a, n, first, v, tau);
        if (s->vectors) tp__eig_reflect_columns(s->z, n, first, v, tau);
        TP__EACH(i, first, n) a[i * n + k] = tp__z_of(i == first ? beta * most : 0, 0);
        TP__MEET();
    }
}

/* ---- Eigenvalues and vectors of T ----------------------------------------------------------------------------------------------------------- */

/* k is the second of a block */
TP__ANYWHERE static inline bool tp__eig_is_second(const tp__eig *s, int64_t k) { return k > 0 && k < s->n && s->real && s->t[k * s->n + k - 1].re != 0; }

TP__BY_TEAM void tp__eig_values(const tp__eig *s)
{
    const int64_t n = s->n;
    const tp__z *t = s->t;
    TP__EACH(k, 0, n) {
        const bool lower = tp__eig_is_second(s, k), upper = tp__eig_is_second(s, k + 1);
        s->w[k] = t[k * n + k];
        if (!lower && !upper) continue;
        const int64_t i = lower ? k - 1 : k, j = i + 1;
        const double a = t[i * n + i].re, d = t[j * n + j].re, p = (a - d) / 2, b = t[i * n + j].re, c = t[j * n + i].re;
        const double im = sqrt(fabs(b)) * sqrt(fabs(c)), root = im > fabs(p) ? sqrt(im - fabs(p)) * sqrt(im + fabs(p)) : 0;
        s->w[k] = tp__z_of(d + p, lower ? -root : root);
    }
    TP__MEET();
}

/* x before `first` of (T - w) x = 0, given x from there to `last`; by a group */
TP__BY_TEAM void tp__eig_solve_up(const tp__eig *s, tp__z w, int64_t first, int64_t last, tp__z *x, double least)
{
    const int64_t n = s->n;
    for (int64_t i = first - 1; i >= 0; i--) {
        const bool two = tp__eig_is_second(s, i);
        const tp__z *row = s->t + i * n, *above = row - (two ? n : 0), d = tp__z_sub(row[i], w);
        tp__z_lanes sums = TP__NO_Z_SUM, sums1 = TP__NO_Z_SUM;
        TP__LANES(j, i + 1, last + 1) {
            TP__Z_ADD(sums, j - i - 1, tp__z_times(row[j], x[j]));
            if (two) TP__Z_ADD(sums1, j - i - 1, tp__z_times(above[j], x[j]));
        }
        const tp__z r = tp__z_by(tp__z_sum_of_lanes(&sums), -1);
        tp__z own, top = tp__z_of(0, 0);
        if (two) {
            const tp__z r1 = tp__z_by(tp__z_sum_of_lanes(&sums1), -1);
            const tp__z p = tp__z_sub(above[i - 1], w), b = above[i], c = row[i - 1], det = tp__z_less(tp__z_times(p, d), b, c);
            const tp__z by = tp__z_size(det) < least * least ? tp__z_of(least * least, 0) : det;
            own = tp__z_over(tp__z_less(tp__z_times(p, r), c, r1), by);
            top = tp__z_over(tp__z_less(tp__z_times(d, r1), b, r), by);
        } else {
            own = tp__z_over(r, tp__z_size(d) < least ? tp__z_of(least, 0) : d);
        }
        if (TP__ONE_LANE) x[i] = own;
        if (two && TP__ONE_LANE) x[i - 1] = top;
        if (two) i--;
        TP__LANES_MEET();
        const double most = fmax(tp__z_size(own), tp__z_size(top));
        if (!(most > 0x1p300)) continue;               /* a defective matrix: only the direction counts */
        TP__LANES(j, i, last + 1) x[j] = tp__z_part(x[j], most);
        TP__LANES_MEET();
    }
}

/* The vector of T for the eigenvalue k, or for k - 1 if that is the first of a block; by a group */
TP__BY_TEAM void tp__eig_triangle_vector(const tp__eig *s, int64_t k, double norm)
{
    const int64_t n = s->n, first = tp__eig_is_second(s, k) ? k - 1 : k;
    const tp__z *t = s->t, w = s->w[first];
    tp__z *x = s->v + first * n, upper = tp__z_of(1, 0), lower = upper;
    const double least = fmax(fmax(DBL_EPSILON * tp__z_size(w), DBL_MIN / DBL_EPSILON * (double)n), norm * 0x1p-200);
    if (first < k) {
        const tp__z b = t[first * n + k], c = t[k * n + first];
        if (tp__z_size(b) >= tp__z_size(c)) lower = tp__z_over(tp__z_sub(w, t[first * n + first]), b);
        else upper = tp__z_over(tp__z_sub(w, t[k * n + k]), c);
    }
    TP__LANES(i, 0, n) x[i] = i == k ? lower : i == first ? upper : tp__z_of(0, 0);
    TP__LANES_MEET();
    tp__eig_solve_up(s, w, first, k, x, least);
}

/* out [n] = D Q Z x, of length 1, x having its elements up to `last`; `real`: a vector of a real eigenvalue of a real matrix; by a group */
TP__BY_TEAM void tp__eig_whole_vector(const tp__eig *s, int64_t last, const tp__z *x, bool real, tp__z *out)
{
    const int64_t n = s->n;
    tp__lanes squares = TP__NO_SUM;
    double best = 0;
    int most = INT_MIN, power, by_scale;
    int64_t at = n;
    for (int64_t i = 0; i < n; i++) {
        tp__z_lanes sums = TP__NO_Z_SUM;
        TP__LANES(j, 0, last + 1) TP__Z_ADD(sums, j, tp__z_times(s->z[i * n + j], x[j]));
        const tp__z v = tp__z_sum_of_lanes(&sums);
        if (TP__ONE_LANE) out[i] = v;
        (void)frexp(tp__z_size(v), &power);
        (void)frexp(s->scale[i], &by_scale);
        if (tp__z_size(v) > 0 && power + by_scale > most) most = power + by_scale;
    }
    TP__LANES_MEET();
    TP__LANES(i, 0, n) {                               /* D by its powers: itself it leaves float64 */
        (void)frexp(s->scale[i], &power);
        out[i] = tp__z_power(out[i], power - most);
        const double square = tp__z_square(out[i]);
        if (square > best) best = square, at = i;
        TP__ADD(squares, i, square);
    }
    const double sum = TP__SUM_OF_LANES(squares);
    const double greatest = TP__MOST_OF_LANES(best);
    at = TP__LEAST_OF_LANES(best == greatest ? at : n);
    TP__LANES_MEET();
    const tp__z top = out[at < n ? at : 0], by = real ? tp__z_of(1 / sqrt(sum), 0) : tp__z_part(tp__z_conj(top), tp__z_abs(top) * sqrt(sum));
    TP__LANES_MEET();                                  /* all have read the greatest */
    TP__LANES(i, 0, n) {
        out[i] = tp__z_times(out[i], by);
        if (!real && i == at) out[i].im = 0;
    }
    TP__LANES_MEET();
}

/* Vector k becomes row k of T, which is no longer needed when those of T are found. */
TP__BY_TEAM void tp__eig_vectors(const tp__eig *s)
{
    const int64_t n = s->n;
    double norm = 0;
    TP__EACH(i, 0, n * n) norm = fmax(norm, tp__z_size(s->t[i]));
    norm = TP__MOST_OF_ALL(norm);
    TP__ROWS(k, 0, n)
        if (!tp__eig_is_second(s, k + 1)) tp__eig_triangle_vector(s, k, norm);
    TP__EACH(k, 0, n) s->x[k] = tp__z_of(tp__eig_is_second(s, k), 0);
    TP__MEET();
    TP__ROWS(k, 0, n) {
        const bool second = s->x[k].re != 0, first = k + 1 < n && s->x[k + 1].re != 0;
        if (!second) tp__eig_whole_vector(s, first ? k + 1 : k, s->v + k * n, s->real && s->w[k].im == 0, s->t + k * n);
    }
    TP__MEET();
    TP__ROWS(k, 1, n)
        if (s->x[k].re != 0) TP__LANES(i, 0, n) s->t[k * n + i] = tp__z_conj(s->t[(k - 1) * n + i]);
    TP__MEET();
}

/* ---- All of it -------------------------------------------------------------------------------------------------------------------------------- */

/* Room for a matrix, in bytes, of which tp__eig_of gives the parts out; without vectors there is less of it. */
TP__ANYWHERE static inline int64_t tp__eig_room(int64_t n, bool real, bool vectors)
{
    return (n * n * (vectors ? 3 : 1) + 2 * n + 2) * (int64_t)sizeof(tp__z) +
           (n * n * (real && !vectors ? 1 : 0) + n) * (int64_t)sizeof(double) + n * (int64_t)sizeof(tp__turn);
}
TP__ANYWHERE static inline tp__eig tp__eig_of(void *room, int64_t n, int64_t steps, bool real, bool vectors)
{
    tp__eig s;
    s.n = n;
    s.steps = steps;
    s.real = real;
    s.vectors = vectors;
    s.t = (tp__z *)room;
    s.w = s.t + n * n;
    s.x = s.w + n;
    s.v = s.x + n + 2;
    s.z = s.v + (vectors ? n * n : 0);
    s.h = (double *)(void *)s.v;
    s.q = s.h + n * n;
    s.scale = vectors ? (double *)(void *)(s.z + n * n) : s.h + (real ? n * n : 0);
    s.turns = (tp__turn *)(void *)(s.scale + n);
    return s;
}

TP__BY_TEAM bool tp__eig_triangle(const tp__eig *s)
{
    const int64_t n = s->n;
    tp__eig_reduce(s);
    if (!s->real) return tp__eig_complex_schur(s);
    TP__EACH(i, 0, n * n) s->h[i] = s->t[i].re;
    if (s->vectors) TP__EACH(i, 0, n * n) s->q[i % n * n + i / n] = s->z[i].re;
    TP__MEET();
    if (!tp__eig_real_schur(s)) return false;
    TP__EACH(i, 0, n * n) s->t[i] = tp__z_of(s->h[i], 0);
    if (s->vectors) TP__EACH(i, 0, n * n) s->z[i] = tp__z_of(s->q[i % n * n + i / n], 0);
    TP__MEET();
    return true;
}

typedef enum tp__eig_outcome { TP__EIG_FOUND, TP__EIG_NOT_FINITE, TP__EIG_NOT_FOUND } tp__eig_outcome;

/* t by 2^-power, where that is not 0 */
TP__BY_TEAM void tp__eig_by_power(const tp__eig *s, int power)
{
    if (power) TP__EACH(i, 0, s->n * s->n) s->t[i] = tp__z_power(s->t[i], -power);
    TP__MEET();
}

/* Of the matrix in t, which all can see: the eigenvalues in w, and the vectors as the rows of t. Its elements are brought up to 1 when rows and
 * columns are of like size, for what is small before may be what counts then; before, only what would overflow on the way is. */
TP__BY_TEAM tp__eig_outcome tp__eig_run(const tp__eig *s)
{
    enum { FAR = 460 };                                /* squares of 2^FAR, and sums of them, are numbers */
    const int64_t n = s->n;
    int power = 0, own = 0;
    double most = 0, bad = 0;
    TP__EACH(i, 0, n * n) {
        const double one = fmax(fabs(s->t[i].re), fabs(s->t[i].im));
        if (!(fabs(s->t[i].re) <= DBL_MAX) || !(fabs(s->t[i].im) <= DBL_MAX)) bad = 1;
        most = fmax(most, one);
    }
    bad = TP__MOST_OF_ALL(bad);
    most = TP__MOST_OF_ALL(most);
    if (bad != 0) return TP__EIG_NOT_FINITE;
    if (most > 0) (void)frexp(most, &power);
    power = power > FAR ? power - FAR : power < -FAR ? power + FAR : 0;
    tp__eig_by_power(s, power);
    tp__eig_scale(s);
    most = 0;
    TP__EACH(i, 0, n * n) most = fmax(most, tp__z_size(s->t[i]));
    most = TP__MOST_OF_ALL(most);
    if (most > 0) (void)frexp(most, &own);
    tp__eig_by_power(s, own);
    power += own;
    if (!tp__eig_triangle(s)) return TP__EIG_NOT_FOUND;
    tp__eig_values(s);
    if (s->vectors) tp__eig_vectors(s);
    TP__EACH(i, 0, n) s->w[i] = tp__z_power(s->w[i], power);
    TP__MEET();
    return TP__EIG_FOUND;
}

#endif
