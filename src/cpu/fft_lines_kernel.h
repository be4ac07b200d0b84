/* fft_lines_kernel.h: the template of fft_lines.h's kernels. T: the element, LANES of them in a vector, NAME(x): x with both. */

#define V     NAME(vector)
#define LOOSE NAME(loose)
#ifdef __clang__
#define IF_KNOWN                                       /* it unrolls by itself where the count is known, and complains where it is not */
#else
#define IF_KNOWN TP__UNROLLED
#endif

typedef T V __attribute__((vector_size(sizeof(T) * LANES), may_alias));
typedef T LOOSE __attribute__((vector_size(sizeof(T) * LANES), aligned(sizeof(T)), may_alias));

#if LANES == 2
#define LOW  0, 2
#define HIGH 1, 3
#define EVEN 0, 2
#define ODD  1, 3
#elif LANES == 4
#define LOW  0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#define EVEN 0, 2, 4, 6
#define ODD  1, 3, 5, 7
#elif LANES == 8
#define LOW  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD  1, 3, 5, 7, 9, 11, 13, 15
#else
#define LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD  1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#endif

/* ---- Butterflies: r and i, in place -------------------------------------------------------------------------------------------------- */

static TP__INLINE void NAME(two)(V *r, V *i)
{
    const V br = r[1], bi = i[1];
    r[1] = r[0] - br, i[1] = i[0] - bi;
    r[0] += br, i[0] += bi;
}

static TP__INLINE void NAME(four)(V *r, V *i, int at, int by)
{
    const int b = at + by, c = b + by, d = c + by;
    const V sr = r[at] + r[c], si = i[at] + i[c], tr = r[at] - r[c], ti = i[at] - i[c];
    const V ur = r[b] + r[d], ui = i[b] + i[d], vr = r[b] - r[d], vi = i[b] - i[d];
    r[at] = sr + ur, i[at] = si + ui;
    r[b] = tr + vi, i[b] = ti - vr;
    r[c] = sr - ur, i[c] = si - ui;
    r[d] = tr - vi, i[d] = ti + vr;
}

/* (r, i) e^(-2 pi i turn / 16) */
static TP__INLINE void NAME(turn)(V *r, V *i, int turn)
{
    static const T cosines[] = { 1, (T)0.92387953251128675613, (T)0.70710678118654752440, (T)0.38268343236508977173, 0 };
    const V x = *r, y = *i;
    if (turn == 0) return;
    if (turn == 4) {
        *r = y, *i = -x;
    } else if (turn == 2) {
        *r = (x + y) * cosines[2], *i = (y - x) * cosines[2];
    } else if (turn == 6) {
        *r = (y - x) * cosines[2], *i = (x + y) * -cosines[2];
    } else {                                           /* 1, 3, 9 */
        const T c = turn == 1 ? cosines[1] : turn == 3 ? cosines[3] : -cosines[1], s = turn == 1 ? cosines[3] : turn == 3 ? cosines[1] : -cosines[3];
        *r = x * c + y * s, *i = y * c - x * s;
    }
}

static TP__INLINE void NAME(eight)(V *r, V *i)
{
    V er[4], ei[4];
    NAME(four)(r, i, 0, 2);
    NAME(four)(r, i, 1, 2);
    TP__UNROLLED
    for (int k = 0; k < 4; k++) NAME(turn)(&r[2 * k + 1], &i[2 * k + 1], 2 * k);
    V or_[4], oi[4];
    TP__UNROLLED
    for (int k = 0; k < 4; k++) er[k] = r[2 * k], ei[k] = i[2 * k], or_[k] = r[2 * k + 1], oi[k] = i[2 * k + 1];
    TP__UNROLLED
    for (int k = 0; k < 4; k++) {
        r[k] = er[k] + or_[k], i[k] = ei[k] + oi[k];
        r[k + 4] = er[k] - or_[k], i[k + 4] = ei[k] - oi[k];
    }
}

/* Y_k comes to stand where place() says. */
static TP__INLINE void NAME(sixteen)(V *r, V *i)
{
    TP__UNROLLED
    for (int a = 0; a < 4; a++) NAME(four)(r, i, a, 4);
    TP__UNROLLED
    for (int a = 1; a < 4; a++) {
        NAME(turn)(&r[a + 4], &i[a + 4], a);
        NAME(turn)(&r[a + 8], &i[a + 8], 2 * a);
        NAME(turn)(&r[a + 12], &i[a + 12], 3 * a);
    }
    TP__UNROLLED
    for (int k = 0; k < 4; k++) NAME(four)(r, i, 4 * k, 1);
}
static TP__INLINE int NAME(place)(int radix, int k) { return radix == 16 ? (k & 3) * 4 + (k >> 2) : k; }

/* x_j and x_(p - j) go together: their sum with the cosine, their difference with the sine. */
static TP__INLINE void NAME(odd)(int p, const T *roots, V *r, V *i)
{
    enum { MOST = TP__FFT_MOST_RADIX / 2 };
    V sr[MOST], si[MOST], dr[MOST], di[MOST];
    const V zr = r[0], zi = i[0];
    const int half = p / 2;
    for (int j = 1; j <= half; j++) {
        sr[j - 1] = r[j] + r[p - j], si[j - 1] = i[j] + i[p - j];
        dr[j - 1] = r[j] - r[p - j], di[j - 1] = i[j] - i[p - j];
        r[0] += sr[j - 1], i[0] += si[j - 1];
    }
    for (int k = 1; k <= half; k++) {
        V ar = zr, ai = zi, br = { 0 }, bi = { 0 };
        for (int j = 1, at = k; j <= half; j++, at = at + k >= p ? at + k - p : at + k) {
            const T c = roots[2 * at], s = roots[2 * at + 1];
            ar += sr[j - 1] * c, ai += si[j - 1] * c;
            br += di[j - 1] * s, bi += dr[j - 1] * s;
        }
        r[k] = ar + br, i[k] = ai - bi;
        r[p - k] = ar - br, i[p - k] = ai + bi;
    }
}

static TP__INLINE void NAME(butterfly)(int radix, const T *roots, V *r, V *i)
{
    if (radix == 2) NAME(two)(r, i);
    else if (radix == 4) NAME(four)(r, i, 0, 1);
    else if (radix == 8) NAME(eight)(r, i);
    else if (radix == 16) NAME(sixteen)(r, i);
    else NAME(odd)(radix, roots, r, i);
}

/* ---- Passes ---------------------------------------------------------------------------------------------------------------------------- */

static TP__INLINE void NAME(pass)(const tp__fft_pass *g, V *y, const V *x, int radix)
{
    const int64_t parts = g->parts, step = g->step;
    const T *w = g->twiddle, *roots = g->roots;
    for (int64_t p = 0; p < parts; p++, w += 2 * (radix - 1))
        for (int64_t q = 0; q < step; q++) {
            V r[TP__FFT_MOST_RADIX], i[TP__FFT_MOST_RADIX];
            const V *from = x + 2 * (q + step * p);
            V *to = y + 2 * (q + step * radix * p);
            r[0] = from[0], i[0] = from[1];
            IF_KNOWN
            for (int j = 1; j < radix; j++) r[j] = from[2 * step * parts * j], i[j] = from[2 * step * parts * j + 1];
            NAME(butterfly)(radix, roots, r, i);
            to[0] = r[0], to[1] = i[0];
            if (parts == 1) {
                IF_KNOWN
                for (int k = 1; k < radix; k++) to[2 * step * k] = r[NAME(place)(radix, k)], to[2 * step * k + 1] = i[NAME(place)(radix, k)];
                continue;
            }
            IF_KNOWN
            for (int k = 1; k < radix; k++) {
                const V a = r[NAME(place)(radix, k)], b = i[NAME(place)(radix, k)];
                const T c = w[2 * k - 2], s = w[2 * k - 1];
                to[2 * step * k] = a * c - b * s;
                to[2 * step * k + 1] = a * s + b * c;
            }
        }
}
#define PASS(radix) static __attribute__((noinline)) void NAME(pass##radix)(const tp__fft_pass *g, V *y, const V *x) { NAME(pass)(g, y, x, radix); }
PASS(2) PASS(3) PASS(4) PASS(5) PASS(7) PASS(8) PASS(16)
static __attribute__((noinline)) void NAME(pass_odd)(const tp__fft_pass *g, V *y, const V *x) { NAME(pass)(g, y, x, g->radix); }
#undef PASS

static V *NAME(passes)(const tp__fft_plan *plan, V *a, V *b)
{
    for (int i = 0; i < plan->n_passes; i++) {
        const tp__fft_pass *g = &plan->pass[i];
        switch (g->radix) {
        case 2: NAME(pass2)(g, b, a); break;
        case 3: NAME(pass3)(g, b, a); break;
        case 4: NAME(pass4)(g, b, a); break;
        case 5: NAME(pass5)(g, b, a); break;
        case 7: NAME(pass7)(g, b, a); break;
        case 8: NAME(pass8)(g, b, a); break;
        case 16: NAME(pass16)(g, b, a); break;
        default: NAME(pass_odd)(g, b, a); break;
        }
        V *const t = a;
        a = b, b = t;
    }
    return a;
}

/* y = x c in lanes; with the parts of x, or those of y, exchanged. */
static TP__INLINE void NAME(scaled)(int64_t n, V *y, const V *x, const T *c, bool before, bool after)
{
    for (int64_t k = 0; k < n; k++) {
        const V r = x[2 * k + before], i = x[2 * k + !before];
        const V re = r * c[2 * k] - i * c[2 * k + 1], im = r * c[2 * k + 1] + i * c[2 * k];
        y[2 * k + after] = re, y[2 * k + !after] = im;
    }
}

static void *NAME(transform)(const tp__fft_plan *p, void *a, void *b)
{
    if (!p->inner) return NAME(passes)(p, a, b);
    const int64_t m = p->inner->n;
    V *padded = b;
    NAME(scaled)(p->n, padded, a, p->chirp, false, false);
    memset(padded + 2 * p->n, 0, sizeof(V) * 2 * (size_t)(m - p->n));
    V *y = NAME(passes)(p->inner, padded, a);
    NAME(scaled)(m, y, y, p->spectrum, false, true);
    y = NAME(passes)(p->inner, y, y == a ? b : a);
    NAME(scaled)(p->n, y, y, p->chirp, true, false);
    return y;
}

/* ---- Loading and storing blocks ---------------------------------------------------------------------------------------------------------- */

/* Rows and columns exchanged: log2(LANES) times the first half is zipped with the second. */
static TP__INLINE void NAME(turn_over)(V *v)
{
    TP__UNROLLED
    for (int s = 1; s < LANES; s *= 2) {
        V u[LANES];
        TP__UNROLLED
        for (int j = 0; j < LANES / 2; j++) {
            u[2 * j] = TP__MIX(v[j], v[j + LANES / 2], LOW);
            u[2 * j + 1] = TP__MIX(v[j], v[j + LANES / 2], HIGH);
        }
        TP__UNROLLED
        for (int j = 0; j < LANES; j++) v[j] = u[j];
    }
}

/* Neighbours by `apart` in every lane? */
static bool NAME(adjacent)(const tp__fft_side *s, int64_t apart)
{
    if (s->count < LANES) return false;
    for (int l = 1; l < LANES; l++)
        if (s->offset[l] != s->offset[0] + apart * l) return false;
    return true;
}

static void NAME(load)(void *block, int64_t n, const tp__fft_side *s, bool swap)
{
    V *to = block;
    T *single = block;
    const T *data = s->data, *line[LANES];
    int64_t k = 0;
    for (int l = 0; l < LANES; l++) line[l] = data + s->offset[l < s->count ? l : 0];
    if (s->gap == 1 && NAME(adjacent)(s, 2)) {
        for (const T *from = line[0]; k < n; k++, from += s->step) {
            const V a = *(const LOOSE *)from, b = *(const LOOSE *)(from + LANES);
            to[2 * k + swap] = TP__MIX(a, b, EVEN);
            to[2 * k + !swap] = TP__MIX(a, b, ODD);
        }
    } else if (NAME(adjacent)(s, 1)) {
        for (const T *from = line[0]; k < n; k++, from += s->step) {
            const V none = { 0 };
            to[2 * k + swap] = *(const LOOSE *)from;
            to[2 * k + !swap] = s->gap != TP__FFT_ALONE ? (V)*(const LOOSE *)(from + s->gap) : none;
        }
    } else if (s->gap == 1 && s->step == 2) {
        for (; k + LANES / 2 <= n; k += LANES / 2) {
            V v[LANES];
            TP__UNROLLED
            for (int l = 0; l < LANES; l++) v[l] = *(const LOOSE *)(line[l] + 2 * k);
            NAME(turn_over)(v);
            TP__UNROLLED
            for (int l = 0; l < LANES; l++) to[2 * k + (l ^ swap)] = v[l];
        }
    }
    for (; k < n; k++)
        for (int l = 0; l < LANES; l++) {
            single[(2 * k + swap) * LANES + l] = line[l][k * s->step];
            single[(2 * k + !swap) * LANES + l] = s->gap != TP__FFT_ALONE ? line[l][k * s->step + s->gap] : 0;
        }
}

static void NAME(store)(const tp__fft_side *s, const void *block, int64_t n, double scale, bool swap)
{
    const V *from = block;
    const T *single = block, by = (T)scale;
    T *data = s->data;
    int64_t k = 0;
    if (s->gap == 1 && NAME(adjacent)(s, 2)) {
        for (T *to = data + s->offset[0]; k < n; k++, to += s->step) {
            const V a = from[2 * k + swap] * by, b = from[2 * k + !swap] * by;
            *(LOOSE *)to = TP__MIX(a, b, LOW);
            *(LOOSE *)(to + LANES) = TP__MIX(a, b, HIGH);
        }
    } else if (NAME(adjacent)(s, 1)) {
        for (T *to = data + s->offset[0]; k < n; k++, to += s->step) {
            *(LOOSE *)to = from[2 * k + swap] * by;
            if (s->gap != TP__FFT_ALONE) *(LOOSE *)(to + s->gap) = from[2 * k + !swap] * by;
        }
    } else if (s->gap == 1 && s->step == 2) {
        for (; k + LANES / 2 <= n; k += LANES / 2) {
            V v[LANES];
            TP__UNROLLED
            for (int l = 0; l < LANES; l++) v[l] = from[2 * k + (l ^ swap)] * by;
            NAME(turn_over)(v);
            TP__UNROLLED
            for (int l = 0; l < LANES; l++)
                if (l < s->count) *(LOOSE *)(data + s->offset[l] + 2 * k) = v[l];
        }
    }
    for (; k < n; k++)
        for (int l = 0; l < s->count; l++) {
            T *to = data + s->offset[l] + k * s->step;
            to[0] = single[(2 * k + swap) * LANES + l] * by;
            if (s->gap != TP__FFT_ALONE) to[s->gap] = single[(2 * k + !swap) * LANES + l] * by;
        }
}

/* ---- Real lines ------------------------------------------------------------------------------------------------------------------------------ */

/* With Z of the even and the odd elements as one complex line, and u = n - k:
 *     E = (Z_k + conj Z_u) / 2,  O = (Z_k - conj Z_u) / 2i,  Y_k = E + w^k O,  Y_u = conj(E - w^k O) */
#define UNFOLD(R, w, zr, zi, ur, ui, yr, yi, vr, vi) do { \
        const R er = ((zr) + (ur)) * (T)0.5, ei = ((zi) - (ui)) * (T)0.5, or_ = ((zi) + (ui)) * (T)0.5, oi = ((ur) - (zr)) * (T)0.5; \
        const R pr = or_ * (w)[0] - oi * (w)[1], pi = or_ * (w)[1] + oi * (w)[0]; \
        yr = er + pr; yi = ei + pi; vr = er - pr; vi = pi - ei; \
    } while (0)
/* And the way back, without its halves: Z_k = E + i conj(w^k) (..), E = Y_k + conj Y_u, the other Y_k - conj Y_u */
#define FOLD(R, w, yr, yi, vr, vi, zr, zi, ur, ui) do { \
        const R er = (yr) + (vr), ei = (yi) - (vi), fr = (yr) - (vr), fi = (yi) + (vi); \
        const R or_ = fr * (w)[0] + fi * (w)[1], oi = fi * (w)[0] - fr * (w)[1]; \
        zr = er - oi; zi = ei + or_; ur = er + oi; ui = or_ - ei; \
    } while (0)

static void NAME(unfold)(const tp__fft_plan *p, void *out, const void *in, double middle, double sign)
{
    const int64_t n = p->n;
    const T m = (T)middle, c = (T)sign, *w = p->half;
    const V *z = in, none = { 0 };
    V *y = out;
    y[0] = z[0] + z[1], y[2 * n] = z[0] - z[1];
    y[1] = y[2 * n + 1] = none;
    for (int64_t k = 1; 2 * k <= n; k++) {
        V yr, yi, vr, vi;
        UNFOLD(V, w + 2 * k, z[2 * k], z[2 * k + 1], z[2 * (n - k)], z[2 * (n - k) + 1], yr, yi, vr, vi);
        y[2 * (n - k)] = vr * m, y[2 * (n - k) + 1] = vi * (m * c);
        y[2 * k] = yr * m, y[2 * k + 1] = yi * (m * c);
    }
}
static void NAME(fold)(const tp__fft_plan *p, void *out, const void *in, double middle, double sign)
{
    const int64_t n = p->n;
    const T m = (T)(middle / 2), c = (T)sign, *w = p->half;
    const V *y = in;
    V *z = out;
    z[1] = y[0] + y[2 * n], z[0] = y[0] - y[2 * n];    /* parts exchanged */
    for (int64_t k = 1; 2 * k <= n; k++) {
        const V yr = y[2 * k] * m, yi = y[2 * k + 1] * (m * c), vr = y[2 * (n - k)] * m, vi = y[2 * (n - k) + 1] * (m * c);
        V zr, zi, ur, ui;
        FOLD(V, w + 2 * k, yr, yi, vr, vi, zr, zi, ur, ui);
        z[2 * (n - k) + 1] = ur, z[2 * (n - k)] = ui;
        z[2 * k + 1] = zr, z[2 * k] = zi;
    }
}
static void NAME(unfold_line)(const tp__fft_plan *p, void *out, const void *in, int64_t begin, int64_t end, double middle, double sign, double scale)
{
    const int64_t n = p->n;
    const T s = (T)scale, m = (T)(middle * scale), c = (T)(sign * middle * scale), *w = p->half, *z = in;
    T *y = out;
    if (!begin) {
        const T first = (z[0] + z[1]) * s, last = (z[0] - z[1]) * s;
        y[0] = first, y[2 * n] = last;
        y[1] = y[2 * n + 1] = 0;
    }
    for (int64_t k = begin ? begin : 1; k < end; k++) {
        T yr, yi, vr, vi;
        UNFOLD(T, w + 2 * k, z[2 * k], z[2 * k + 1], z[2 * (n - k)], z[2 * (n - k) + 1], yr, yi, vr, vi);
        y[2 * (n - k)] = vr * m, y[2 * (n - k) + 1] = vi * c;
        y[2 * k] = yr * m, y[2 * k + 1] = yi * c;
    }
}
static void NAME(fold_line)(const tp__fft_plan *p, void *out, const void *in, int64_t begin, int64_t end, double middle, double sign)
{
    const int64_t n = p->n;
    const T m = (T)(middle / 2), c = (T)(sign * middle / 2), *w = p->half, *y = in;
    T *z = out;
    if (!begin) z[0] = y[0] + y[2 * n], z[1] = y[0] - y[2 * n];
    for (int64_t k = begin ? begin : 1; k < end; k++) {
        const T yr = y[2 * k] * m, yi = y[2 * k + 1] * c, vr = y[2 * (n - k)] * m, vi = y[2 * (n - k) + 1] * c;
        T zr, zi, ur, ui;
        FOLD(T, w + 2 * k, yr, yi, vr, vi, zr, zi, ur, ui);
        z[2 * (n - k)] = ur, z[2 * (n - k) + 1] = ui;
        z[2 * k] = zr, z[2 * k + 1] = zi;
    }
}
#undef UNFOLD
#undef FOLD

static void NAME(unfold_odd)(int64_t n, void *out, const void *in, double middle, double sign)
{
    const T m = (T)middle, c = (T)(middle * sign);
    const V *z = in, none = { 0 };
    V *y = out;
    y[0] = z[0], y[1] = none;
    for (int64_t k = 1; k <= n / 2; k++) y[2 * k] = z[2 * k] * m, y[2 * k + 1] = z[2 * k + 1] * c;
}
static void NAME(fold_odd)(int64_t n, void *out, const void *in, double middle, double sign)
{
    const T m = (T)(middle / 2), c = (T)(middle * sign / 2);
    const V *y = in, none = { 0 };
    V *z = out;
    z[1] = y[0], z[0] = none;
    for (int64_t k = 1; k <= n / 2; k++) {
        const V r = y[2 * k] * m, i = y[2 * k + 1] * c;
        z[2 * k + 1] = r, z[2 * k] = i;
        z[2 * (n - k) + 1] = r, z[2 * (n - k)] = -i;
    }
}

/* ---- Lines that are split ------------------------------------------------------------------------------------------------------------------------ */

/* n = n1 n2: for each column j < n2 the transform over x[j + n2 ..], times w^(j k), for k < n1; then for each row k that over j. Tiles are
 * [n1 / LANES][n2] elements: blocks of the rows. */
static void NAME(columns)(const tp__fft_plan *p, int64_t j, void *tiles, const void *x, void *a, void *b, bool swap)
{
    const int64_t n1 = p->first->n, n2 = p->second->n, left = n2 - j * LANES;
    const int count = left < LANES ? (int)left : LANES;
    tp__fft_side side = { .data = (void *)(uintptr_t)x, .step = 2 * n2, .gap = 1, .count = count };
    for (int l = 0; l < count; l++) side.offset[l] = 2 * (j * LANES + l);
    NAME(load)(a, n1, &side, swap);
    const V *y = NAME(passes)(p->first, a, b), *near = p->near;
    const T *far = (const T *)p->far + 2 * n1 * j;
    V *tile = (V *)tiles + 2 * j * LANES;
    for (int64_t k = 0; k < n1; k += LANES, tile += 2 * n2) {
        V r[LANES], i[LANES];
        TP__UNROLLED
        for (int l = 0; l < LANES; l++) {
            const int64_t at = k + l < n1 ? k + l : n1 - 1;
            const V nr = near[2 * at], ni = near[2 * at + 1];
            const V wr = nr * far[2 * at] - ni * far[2 * at + 1], wi = nr * far[2 * at + 1] + ni * far[2 * at];
            const V yr = y[2 * at], yi = y[2 * at + 1];
            r[l] = yr * wr - yi * wi;
            i[l] = yr * wi + yi * wr;
        }
        NAME(turn_over)(r);
        NAME(turn_over)(i);
        TP__UNROLLED
        for (int l = 0; l < LANES; l++)
            if (l < count) tile[2 * l] = r[l], tile[2 * l + 1] = i[l];
    }
}

static void NAME(rows)(const tp__fft_plan *p, int64_t k, void *out, void *tiles, void *b, double scale, bool swap)
{
    const int64_t n1 = p->first->n, n2 = p->second->n, left = n1 - k * LANES;
    tp__fft_side side = { .data = out, .step = 2 * n1, .gap = 1, .count = left < LANES ? (int)left : LANES };
    for (int l = 0; l < side.count; l++) side.offset[l] = 2 * (k * LANES + l);
    NAME(store)(&side, NAME(passes)(p->second, (V *)tiles + 2 * n2 * k, b), n2, scale, swap);
}

static void NAME(times)(int64_t n, void *out, const void *in, const void *by, bool before, bool after)
{
    const T *x = in, *c = by;
    T *y = out;
    for (int64_t k = 0; k < n; k++) {
        const T r = x[2 * k + before], i = x[2 * k + !before];
        const T re = r * c[2 * k] - i * c[2 * k + 1], im = r * c[2 * k + 1] + i * c[2 * k];
        y[2 * k + after] = re, y[2 * k + !after] = im;
    }
}

const tp__fft_kernels NAME(tp__fft) = {
    LANES, NAME(transform), NAME(load), NAME(store), NAME(unfold), NAME(fold), NAME(unfold_odd), NAME(fold_odd), NAME(columns), NAME(rows), NAME(times),
    NAME(unfold_line), NAME(fold_line),
};

#undef V
#undef LOOSE
#undef IF_KNOWN
#undef LOW
#undef HIGH
#undef EVEN
#undef ODD
#undef T
#undef LANES
#undef NAME
