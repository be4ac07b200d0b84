/* order_unstable.c: an introsort (Musser 1997) which moves equal keys as GNU's C++ library moves them: the pivot is the median of the
 * second, the middle and the last pair, and waits in the first place; both sides stop at keys equal to it; up to 16 pairs are left
 * as they are; and one pass of insertions ends it, which moves no pair past an equal one. */
#include "cpu/order.h"

enum { SMALL = 16 };

static void swap(tp__wide *a, tp__wide *b)
{
    const tp__wide held = *a;
    *a = *b;
    *b = held;
}

static void median_to_first(tp__wide *first, tp__wide *a, tp__wide *b, tp__wide *c)
{
    if (a->key < b->key) swap(first, b->key < c->key ? b : a->key < c->key ? c : a);
    else swap(first, a->key < c->key ? a : b->key < c->key ? c : b);
}

/* Where the right side begins. */
static int64_t partition(tp__wide *x, int64_t n)
{
    int64_t left = 1, right = n;
    median_to_first(x, x + 1, x + n / 2, x + n - 1);
    for (;;) {
        while (x[left].key < x[0].key) left++;
        do right--; while (x[0].key < x[right].key);
        if (left >= right) return left;
        swap(x + left++, x + right);
    }
}

static void sift(tp__wide *x, int64_t at, int64_t n)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && x[child].key < x[child + 1].key) child++;
        if (x[child].key <= x[at].key) return;
        swap(x + at, x + child);
    }
}
static void heap_sort(tp__wide *x, int64_t n)          /* of keys that were made to defeat the medians: in an order of its own */
{
    for (int64_t i = n / 2 - 1; i >= 0; i--) sift(x, i, n);
    for (int64_t m = n - 1; m > 0; m--) {
        swap(x, x + m);
        sift(x, 0, m);
    }
}

static void divide(tp__wide *x, int64_t n, int depth)
{
    while (n > SMALL) {
        if (!depth--) {
            heap_sort(x, n);
            return;
        }
        const int64_t cut = partition(x, n);
        divide(x + cut, n - cut, depth);
        n = cut;
    }
}

void tp__order_unstable(tp__wide *pairs, int64_t n)
{
    int depth = 0;
    for (int64_t m = n; m > 1; m /= 2) depth += 2;
    divide(pairs, n, depth);
    for (int64_t i = 1; i < n; i++) {
        const tp__wide held = pairs[i];
        int64_t at = i;
        for (; at > 0 && held.key < pairs[at - 1].key; at--) pairs[at] = pairs[at - 1];
        pairs[at] = held;
    }
}
