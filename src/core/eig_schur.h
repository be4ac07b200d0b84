/* eig_schur.h: the step of core/eig.h that iterates: a Hessenberg matrix becomes triangular by shifted QR steps, a complex one by one shift at a
 * time, a real one by two at once (Golub & Van Loan, Matrix Computations, 7.5.1), which leaves it real. */
#ifndef TP__EIG_SCHUR_H
#define TP__EIG_SCHUR_H

#include <stdlib.h>

#include "core/eig_team.h"

/* At most so many steps for all eigenvalues, TAPER_EIG_STEPS if the environment has it, so that tests see what comes of too few. Of those for
 * one eigenvalue every tenth is shifted otherwise, by what is at the top or at the bottom in turn. */
static inline int64_t tp__eig_steps(int64_t n)
{
    const char *const text = getenv("TAPER_EIG_STEPS");
    return text ? atoi(text) : 30 * (n > 10 ? n : 10);
}

/* What one matrix needs; all [n, n] but for w and scale [n], x [n + 1]. Row-major. */
typedef struct tp__eig {
    int64_t n, steps;
    tp__z *t, *z, *w, *x, *v;                          /* v: the vectors of T, as rows, where h and q were */
    double *h, *q, *scale;                             /* of a real matrix; q has the columns of Q as rows */
    struct tp__turn *turns;                            /* [n] */
    bool vectors, real;
} tp__eig;

/* ---- Of a complex matrix: one shift ---------------------------------------------------------------------------------------------------------- */

/* The eigenvalue of the last block of 2 that is nearer to its last element */
TP__ANYWHERE static inline tp__z tp__eig_wilkinson(const tp__z *a, int64_t n, int64_t k)
{
    const tp__z p = a[(k - 1) * n + k - 1], q = a[(k - 1) * n + k], r = a[k * n + k - 1], d = a[k * n + k];
    int power;                                         /* their products must not underflow */
    (void)frexp(fmax(fmax(tp__z_size(p), tp__z_size(q)), fmax(tp__z_size(r), tp__z_size(d))), &power);
    const tp__z half = tp__z_by(tp__z_power(tp__z_sub(p, d), -power), 0.5), both = tp__z_times(tp__z_power(q, -power), tp__z_power(r, -power));
    const tp__z root = tp__z_root(tp__z_more(both, half, half)), u = tp__z_add(half, root), v = tp__z_sub(half, root);
    const tp__z big = tp__z_size(u) > tp__z_size(v) ? u : v;
    return tp__z_size(big) > 0 ? tp__z_sub(d, tp__z_power(tp__z_over(both, big), power)) : d;
}

/* [c s; -s* c], which makes (f, g) into (r, 0) */
typedef struct tp__turn { double c; tp__z s, r; } tp__turn;
TP__ANYWHERE static inline tp__turn tp__eig_turn(tp__z f, tp__z g)
{
    const double b = tp__z_abs(f), length = tp__hypot(b, tp__z_abs(g));
    tp__turn t;
    t.c = length == 0 ? 1 : b / length;
    t.s = length == 0 ? tp__z_of(0, 0) : tp__z_part(b == 0 ? tp__z_conj(g) : tp__z_times(tp__z_part(f, b), tp__z_conj(g)), length);
    t.r = tp__z_more(tp__z_by(f, t.c), t.s, g);
    return t;
}
/* A row by the turns `from` .. `end` - 1, each of which takes its element and the next one */
TP__ANYWHERE static inline void tp__eig_turn_row(tp__z *x, const tp__turn *turns, int64_t from, int64_t end)
{
    if (from >= end) return;
    tp__z u = x[from];
    for (int64_t k = from; k < end; k++) {
        const tp__turn g = turns[k];
        const tp__z v = x[k + 1];
        x[k] = tp__z_more(tp__z_by(u, g.c), tp__z_conj(g.s), v);
        u = tp__z_less(tp__z_by(v, g.c), g.s, u);
    }
    x[end] = u;
}

/* Column k of a is left as it was while the rows turn, since all threads read the turn from it; its row writes what became of it. */
TP__BY_TEAM void tp__eig_qr_step(const tp__eig *s, int64_t lo, int64_t hi, tp__z shift)
{
    const int64_t n = s->n;
    tp__z *a = s->t;
    TP__MEET();                                        /* all have the shift */
    TP__EACH(i, lo, hi + 1) a[i * n + i] = tp__z_sub(a[i * n + i], shift);
    TP__MEET();
    for (int64_t k = lo; k < hi; k++) {
        const tp__turn g = tp__eig_turn(a[k * n + k], a[(k + 1) * n + k]);
        if (TP__ONE_OF_ALL) s->turns[k] = g;
        TP__EACH(j, k + 1, n) {
            const tp__z u = a[k * n + j], v = a[(k + 1) * n + j];
            a[k * n + j] = tp__z_more(tp__z_by(u, g.c), g.s, v);
            a[(k + 1) * n + j] = tp__z_less(tp__z_by(v, g.c), tp__z_conj(g.s), u);
        }
        TP__MEET();
    }
    TP__EACH(i, 0, hi + 1) {
        tp__z *row = a + i * n;
        if (i >= lo && i < hi) row[i] = s->turns[i].r;
        if (i > lo) row[i - 1] = tp__z_of(0, 0);
        tp__eig_turn_row(row, s->turns, i - 1 > lo ? i - 1 : lo, hi);
        if (i >= lo) row[i] = tp__z_add(row[i], shift);
    }
    if (s->vectors) TP__EACH(i, 0, n) tp__eig_turn_row(s->z + i * n, s->turns, lo, hi);
    TP__MEET();
}

TP__BY_TEAM bool tp__eig_complex_schur(const tp__eig *s)
{
    const int64_t n = s->n;
    tp__z *a = s->t;
    int64_t steps = 0, left = s->steps;
    double norm = 0;
    TP__EACH(i, 0, n * n) norm = fmax(norm, tp__z_size(a[i]));
    norm = TP__MOST_OF_ALL(norm);
    for (int64_t hi = n - 1; hi > 0;) {
        int64_t lo = hi;
        for (; lo > 0; lo--) {
            const double beside = tp__z_size(a[(lo - 1) * n + lo - 1]) + tp__z_size(a[lo * n + lo]);
            if (!(tp__z_size(a[lo * n + lo - 1]) > DBL_EPSILON * (beside > 0 ? beside : norm))) break;
        }
        TP__MEET();                                    /* all have looked */
        if (lo > 0 && TP__ONE_OF_ALL) a[lo * n + lo - 1] = tp__z_of(0, 0);
        if (lo == hi) {
            hi--;
            steps = 0;
            continue;
        }
        if (!left--) return false;
        const int64_t at = ++steps % 20 ? lo : hi, beside = at == lo ? (lo + 1) * n + lo : hi * n + hi - 1;
        const tp__z otherwise = tp__z_add(a[at * n + at], tp__z_of(0.75 * tp__z_abs(a[beside]), 0));
        tp__eig_qr_step(s, lo, hi, steps % 10 ? tp__eig_wilkinson(a, n, hi) : otherwise);
    }
    TP__MEET();
    return true;
}

/* ---- Of a real matrix: two shifts ------------------------------------------------------------------------------------------------------------- */

#define H(i, j) h[(i) * n + (j)]

/* 1 - tau v v', v = (1, v1, v2), that makes (x, y, z) a multiple of the first unit vector; z is 0 for two. */
typedef struct tp__mirror { double tau, v1, v2, beta; } tp__mirror;
TP__ANYWHERE static inline tp__mirror tp__eig_mirror(double x, double y, double z)
{
    const double most = fmax(fabs(x), fmax(fabs(y), fabs(z)));
    tp__mirror m = { 0, 0, 0, x };
    if (fabs(y) + fabs(z) == 0) return m;
    x /= most, y /= most, z /= most;
    const double beta = -copysign(sqrt(x * x + y * y + z * z), x);
    m.tau = (beta - x) / beta;
    m.v1 = y / (x - beta);
    m.v2 = z / (x - beta);
    m.beta = beta * most;
    return m;
}
TP__BY_TEAM void tp__eig_mirror_rows(double *h, int64_t n, int64_t k, int64_t from, tp__mirror m, bool three)
{
    TP__EACH(j, from, n) {
        const double sum = m.tau * (H(k, j) + m.v1 * H(k + 1, j) + (three ? m.v2 * H(k + 2, j) : 0));
        H(k, j) -= sum;
        H(k + 1, j) -= sum * m.v1;
        if (three) H(k + 2, j) -= sum * m.v2;
    }
}
TP__BY_TEAM void tp__eig_mirror_columns(double *h, int64_t n, int64_t k, int64_t rows, tp__mirror m, bool three)
{
    TP__EACH(i, 0, rows) {
        const double sum = m.tau * (H(i, k) + m.v1 * H(i, k + 1) + (three ? m.v2 * H(i, k + 2) : 0));
        H(i, k) -= sum;
        H(i, k + 1) -= sum * m.v1;
        if (three) H(i, k + 2) -= sum * m.v2;
    }
}

/* Two shifts: the eigenvalues of [a b; c d] */
typedef struct tp__shifts { double a, b, c, d; } tp__shifts;

/* Those of the last block, or if they are real the one that is nearer to its last element, twice */
TP__ANYWHERE static inline tp__shifts tp__eig_last_two(const double *h, int64_t n, int64_t k)
{
    tp__shifts by = { H(k - 1, k - 1), H(k - 1, k), H(k, k - 1), H(k, k) };
    int power;                                         /* products must not underflow */
    (void)frexp(fmax(fmax(fabs(by.a), fabs(by.b)), fmax(fabs(by.c), fabs(by.d))), &power);
    const double p = ldexp(by.a / 2 - by.d / 2, -power), both = ldexp(by.b, -power) * ldexp(by.c, -power), square = p * p + both;
    if (!(square >= 0)) return by;
    const double far = p + copysign(sqrt(square), p);
    if (far != 0) by.d -= ldexp(both / far, power);
    by.a = by.d;
    by.b = by.c = 0;
    return by;
}

/* A step by two shifts: the first column of (H - s1)(H - s2), and its bulge chased down. All threads read column k - 1 for the mirror of k,
 * and one writes what became of it when the rows, from column k on, are done. */
TP__BY_TEAM void tp__eig_francis_step(const tp__eig *s, int64_t lo, int64_t hi, tp__shifts by)
{
    const int64_t n = s->n;
    double *h = s->h, x = 0, y = 0, z = 0;
    int64_t first = hi - 2;
    for (;; first--) {                                 /* from two small subdiagonal elements in a row on, if there are such */
        const double d = H(first, first), below = H(first + 1, first);
        x = (d - by.a) * ((d - by.d) / below) - by.b * (by.c / below) + H(first, first + 1);       /* no product that underflows */
        y = d + H(first + 1, first + 1) - by.a - by.d;
        z = H(first + 2, first + 1);
        const double all = fabs(x) + fabs(y) + fabs(z);
        if (all > 0) x /= all, y /= all, z /= all;
        if (first == lo) break;
        const double near = fabs(H(first - 1, first - 1)) + fabs(d) + fabs(H(first + 1, first + 1));
        if (fabs(H(first, first - 1)) * (fabs(y) + fabs(z)) <= DBL_EPSILON * fabs(x) * near) break;
    }
    TP__MEET();                                        /* all have the shifts and the column */
    for (int64_t k = first; k < hi; k++) {
        const bool three = k + 2 <= hi;
        if (k > first) x = H(k, k - 1), y = H(k + 1, k - 1), z = three ? H(k + 2, k - 1) : 0;
        const tp__mirror m = tp__eig_mirror(x, y, z);
        tp__eig_mirror_rows(h, n, k, k, m, three);
        TP__MEET();
        tp__eig_mirror_columns(h, n, k, (k + 3 < hi ? k + 3 : hi) + 1, m, three);
        if (s->vectors) tp__eig_mirror_rows(s->q, n, k, 0, m, three);
        if (TP__ONE_OF_ALL) {
            if (k > first) H(k, k - 1) = m.beta, H(k + 1, k - 1) = 0;
            else if (k > lo) H(k, k - 1) *= 1 - m.tau;
            if (k > first && three) H(k + 2, k - 1) = 0;
        }
        TP__MEET();
    }
}

TP__ANYWHERE static inline void tp__eig_turn_two(double *x, double *y, double c, double t)
{
    const double u = *x, v = *y;
    *x = c * u + t * v;
    *y = c * v - t * u;
}

/* The block of 2 that ends at k: two real eigenvalues make it triangular, a pair of complex ones stays. */
TP__BY_TEAM void tp__eig_split_block(const tp__eig *s, int64_t k)
{
    const int64_t n = s->n;
    double *h = s->h, *q = s->q;
    int power;                                         /* products must not underflow */
    (void)frexp(fmax(fabs(H(k - 1, k - 1)) + fabs(H(k, k)), fmax(fabs(H(k - 1, k)), fabs(H(k, k - 1)))), &power);
    const double p = ldexp((H(k - 1, k - 1) - H(k, k)) / 2, -power), r = ldexp(H(k, k - 1), -power), square = p * p + ldexp(H(k - 1, k), -power) * r;
    if (!(square >= 0)) return;
    const double u = p + copysign(sqrt(square), p), length = tp__hypot(u, r);       /* (u, r): a vector of the first eigenvalue */
    const double c = length > 0 ? u / length : 1, t = length > 0 ? r / length : 0;
    TP__MEET();
    TP__EACH(j, k - 1, n) tp__eig_turn_two(&H(k - 1, j), &H(k, j), c, t);
    TP__MEET();
    TP__EACH(i, 0, k + 1) {
        tp__eig_turn_two(&H(i, k - 1), &H(i, k), c, t);
        if (i == k) H(k, k - 1) = 0;
    }
    if (s->vectors) TP__EACH(i, 0, n) tp__eig_turn_two(q + (k - 1) * n + i, q + k * n + i, c, t);
    TP__MEET();
}

TP__BY_TEAM bool tp__eig_real_schur(const tp__eig *s)
{
    const int64_t n = s->n;
    double *h = s->h, norm = 0;
    int64_t steps = 0, left = s->steps;
    TP__EACH(i, 0, n * n) norm = fmax(norm, fabs(h[i]));
    norm = TP__MOST_OF_ALL(norm);
    for (int64_t hi = n - 1; hi >= 0;) {
        int64_t lo = hi;
        for (; lo > 0; lo--) {
            const double beside = fabs(H(lo - 1, lo - 1)) + fabs(H(lo, lo));
            if (!(fabs(H(lo, lo - 1)) > DBL_EPSILON * (beside > 0 ? beside : norm))) break;
        }
        TP__MEET();                                    /* all have looked */
        if (lo > 0 && TP__ONE_OF_ALL) H(lo, lo - 1) = 0;
        if (lo >= hi - 1) {
            if (lo == hi - 1) tp__eig_split_block(s, hi);
            hi = lo - 1;
            steps = 0;
            continue;
        }
        if (!left--) return false;
        tp__shifts by = tp__eig_last_two(h, n, hi);
        if (++steps % 10 == 0) {
            const int64_t at = steps % 20 ? lo + 2 : hi;
            const double off = fabs(H(at, at - 1)) + fabs(H(at - 1, at - 2));
            by.a = by.d = 0.75 * off + (steps % 20 ? H(lo, lo) : H(hi, hi));
            by.b = -0.4375 * off;
            by.c = off;
        }
        tp__eig_francis_step(s, lo, hi, by);
    }
    TP__MEET();
    return true;
}
#undef H

#endif
