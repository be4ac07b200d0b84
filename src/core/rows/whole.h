/* whole.h: the greatest common divisor and the least common multiple of integers, for every backend. Neither is below 0, but where int64
 * is too small for it and wraps. */
#ifndef TP__ROWS_WHOLE_H
#define TP__ROWS_WHOLE_H

static TP__INLINE int64_t tp__gcd(int64_t a, int64_t b)
{
    uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    while (y) {
        const uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return (int64_t)x;
}
static TP__INLINE int64_t tp__lcm(int64_t a, int64_t b)
{
    const int64_t g = tp__gcd(a, b);
    const uint64_t y = g ? (uint64_t)(a / g) * (uint64_t)b : 0;
    return (int64_t)y < 0 ? (int64_t)(0 - y) : (int64_t)y;
}

#endif
