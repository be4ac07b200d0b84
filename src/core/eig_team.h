/* eig_team.h: what core/eig.h is written in: a team of threads that share the work of a matrix, and complex numbers of basic operations.
 *
 * A backend whose team is a block of a device says so before this file comes, by these words; else the team is one thread. Every function of a
 * team is called by all of it, and what it decides is read from memory that all see alike. TP__MEET stands between writing and reading,
 * and between what all have read and its writing. Threads are in groups of 32 lanes; a group takes a row that is to be summed up.
 *
 * A sum over lanes is 32 sums, of every 32nd term, which are then added in pairs: one thread does the same, and by basic operations and square
 * roots alone, which IEEE 754 rounds in one way. Compiled without contraction the results are the same bits everywhere. */
#ifndef TP__EIG_TEAM_H
#define TP__EIG_TEAM_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/philox.h"

#ifndef TP__BY_TEAM
#define TP__BY_TEAM static inline                      /* a function of the team */
#define TP__EACH(i, first, end)  for (int64_t i = (first); i < (end); i++)            /* a thread for each of them */
#define TP__ROWS(i, first, end)  for (int64_t i = (first); i < (end); i++)            /* a group for each of them */
#define TP__LANES(i, first, end) for (int64_t i = (first); i < (end); i++)            /* within a group, a lane for each of them */
#define TP__MEET() ((void)0)
#define TP__LANES_MEET() ((void)0)
#define TP__ONE_OF_ALL true                            /* of one thread of the team */
#define TP__ONE_LANE true
#define TP__MOST_OF_ALL(x)   (x)                       /* meets, too */
#define TP__MOST_OF_LANES(x) (x)
#define TP__LEAST_OF_LANES(x) (x)                      /* of int64_t */
#define TP__TILE 8                                     /* columns beside each other for a thread: a cache line or two */

typedef struct tp__lanes { double part[32]; } tp__lanes;
#define TP__NO_SUM { { 0 } }
#define TP__ADD(sum, at, term) ((sum).part[(at) & 31] += (term))         /* at: from the first of TP__LANES on */
TP__BY_TEAM double tp__sum_of_lanes(tp__lanes s)
{
    for (int by = 16; by; by /= 2)
        for (int i = 0; i < by; i++) s.part[i] += s.part[i + by];
    return s.part[0];
}
#define TP__SUM_OF_LANES(sum) tp__sum_of_lanes(sum)
#endif

/* ---- Complex numbers ---------------------------------------------------------------------------------------------------------------------- */

typedef struct tp__z { double re, im; } tp__z;

TP__ANYWHERE static inline tp__z tp__z_of(double re, double im)
{
    tp__z v;
    v.re = re;
    v.im = im;
    return v;
}
TP__ANYWHERE static inline tp__z tp__z_conj(tp__z a) { return tp__z_of(a.re, -a.im); }
TP__ANYWHERE static inline tp__z tp__z_add(tp__z a, tp__z b) { return tp__z_of(a.re + b.re, a.im + b.im); }
TP__ANYWHERE static inline tp__z tp__z_sub(tp__z a, tp__z b) { return tp__z_of(a.re - b.re, a.im - b.im); }
TP__ANYWHERE static inline tp__z tp__z_by(tp__z a, double s) { return tp__z_of(a.re * s, a.im * s); }
TP__ANYWHERE static inline tp__z tp__z_part(tp__z a, double s) { return tp__z_of(a.re / s, a.im / s); }
TP__ANYWHERE static inline tp__z tp__z_power(tp__z a, int power) { return tp__z_of(ldexp(a.re, power), ldexp(a.im, power)); }
TP__ANYWHERE static inline tp__z tp__z_times(tp__z a, tp__z b) { return tp__z_of(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re); }
TP__ANYWHERE static inline tp__z tp__z_less(tp__z a, tp__z b, tp__z c) { return tp__z_sub(a, tp__z_times(b, c)); }      /* a - b c */
TP__ANYWHERE static inline tp__z tp__z_more(tp__z a, tp__z b, tp__z c) { return tp__z_add(a, tp__z_times(b, c)); }
TP__ANYWHERE static inline double tp__hypot(double x, double y)
{
    const double a = fabs(x), b = fabs(y), most = a > b ? a : b, r = (a > b ? b : a) / most;
    return most == 0 ? 0 : most * sqrt(1 + r * r);
}
TP__ANYWHERE static inline double tp__z_abs(tp__z a) { return tp__hypot(a.re, a.im); }
TP__ANYWHERE static inline double tp__z_size(tp__z a) { return fabs(a.re) + fabs(a.im); }
TP__ANYWHERE static inline double tp__z_square(tp__z a) { return a.re * a.re + a.im * a.im; }

/* By the greater part of b (Smith 1962), so that nothing overflows on the way. */
TP__ANYWHERE static inline tp__z tp__z_over(tp__z a, tp__z b)
{
    if (fabs(b.re) >= fabs(b.im)) {
        if (b.im == 0) return tp__z_part(a, b.re);
        const double r = b.im / b.re, by = b.re + b.im * r;
        return tp__z_of((a.re + a.im * r) / by, (a.im - a.re * r) / by);
    }
    const double r = b.re / b.im, by = b.re * r + b.im;
    return tp__z_of((a.re * r + a.im) / by, (a.im * r - a.re) / by);
}
/* The root whose real part is not negative */
TP__ANYWHERE static inline tp__z tp__z_root(tp__z a)
{
    const double half = sqrt((fabs(a.re) + tp__z_abs(a)) / 2);
    if (half == 0) return tp__z_of(0, 0);
    return a.re >= 0 ? tp__z_of(half, a.im / (2 * half)) : tp__z_of(fabs(a.im) / (2 * half), copysign(half, a.im));
}

/* The sum of a complex number of each lane */
typedef struct tp__z_lanes { tp__lanes re, im; } tp__z_lanes;
#define TP__NO_Z_SUM { TP__NO_SUM, TP__NO_SUM }
#define TP__Z_ADD(sum, at, term) do { const tp__z term_ = (term); TP__ADD((sum).re, at, term_.re), TP__ADD((sum).im, at, term_.im); } while (0)
TP__BY_TEAM tp__z tp__z_sum_of_lanes(const tp__z_lanes *s)
{
    const double re = TP__SUM_OF_LANES(s->re), im = TP__SUM_OF_LANES(s->im);
    return tp__z_of(re, im);
}

#endif
