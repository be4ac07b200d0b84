/* fft_plan.c: how a Fourier transform of n elements is cut, with its tables, kept for the next of that length.
 *
 *   n of factors up to 31      passes of 16, 8, 4, 2 and of the odd factors
 *   other n                    Bluestein: jk = (j^2 + k^2 - (k - j)^2) / 2, so Y_k = c_k sum_j (x_j c_j) conj c_(k-j), c_j = e^(-pi i j^2 / n),
 *                              a convolution: a product of transforms of a length m >= 2n - 1 with small factors
 *
 * Tables are computed in float64, whatever the plan's dtype is. */
#include "cpu/fft_lines.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "core/thread.h"
#include "cpu/simd.h"

enum { KEPT = 24, SHORTEST_SPLIT = 64 };
#define KEPT_BYTES ((size_t)64 << 20)

/* ---- Tables ---------------------------------------------------------------------------------------------------------------------------- */

static void *table(tp__fft_plan *p, int64_t numbers)
{
    const size_t bytes = (size_t)numbers * tp_dtype_size(p->dtype);
    void *memory = p->n_blocks < (int)(sizeof p->block / sizeof *p->block) ? tp_mem_alloc(bytes ? bytes : 1) : NULL;
    if (!memory) return NULL;
    p->block[p->n_blocks].memory = memory;
    p->block[p->n_blocks++].bytes = bytes ? bytes : 1;
    p->bytes += bytes;
    return memory;
}

static void put(const tp__fft_plan *p, void *to, int64_t i, double v)
{
    if (p->dtype == TP_F64) ((double *)to)[i] = v;
    else ((float *)to)[i] = (float)v;
}

/* e^(-2 pi i a / n), exact to the last place: the angle is taken within an eighth of the circle. */
static void root(int64_t a, int64_t n, double *re, double *im)
{
    const __int128 eights = (__int128)(a % n) * 8;
    const int octant = (int)(eights / n);
    const int64_t rest = (int64_t)(eights % n), by = octant & 1 ? n - rest : rest;       /* of an eighth, in n parts */
    const double angle = M_PI / 4 * (double)by / (double)n, c = cos(angle), s = sin(angle);
    const bool turned = (octant + 1) & 2;              /* octants 1, 2, 5, 6: cosine and sine change places */
    *re = turned ? s : c;
    *im = turned ? c : s;
    if (octant >= 2 && octant < 6) *re = -*re;
    if (octant < 4) *im = -*im;
}

static void put_root(const tp__fft_plan *p, void *to, int64_t at, int64_t a, int64_t n)
{
    double re, im;
    root(a, n, &re, &im);
    put(p, to, 2 * at, re);
    put(p, to, 2 * at + 1, im);
}

/* ---- Factors ------------------------------------------------------------------------------------------------------------------------------- */

/* The radices of n's passes; 0: n has a prime factor that is too large. */
static int factors(int64_t n, int *radix)
{
    int k = 0, twos = 0;
    for (int f = 3; f <= TP__FFT_MOST_RADIX; f += 2)
        while (n % f == 0) {
            radix[k++] = f;
            n /= f;
        }
    for (; n % 2 == 0; n /= 2) twos++;
    while (twos) {
        const int now = twos == 4 || twos > 6 ? 4 : twos >= 3 ? 3 : twos;
        radix[k++] = 1 << now;
        twos -= now;
    }
    return n == 1 ? k : 0;
}

/* The least m >= n of a few small factors, for Bluestein */
static int64_t good_length(int64_t n)
{
    static const int odd[] = { 1, 3, 5, 9, 15 };
    int64_t best = 0;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        int64_t m = 16 * odd[i];
        while (m < n) m *= 2;
        if (!best || m < best) best = m;
    }
    return best;
}

/* n = d e such that vectors are full and both are short: d, or 0. */
static int64_t split_of(int64_t n, int lanes)
{
    double most = 0;
    int64_t best = 0;
    for (int64_t d = 2; d * d <= n; d++) {
        if (n % d) continue;
        const double e = (double)(n / d), l = lanes;
        const double worth = (double)d / (ceil((double)d / l) * l) * (e / (ceil(e / l) * l)) * pow((double)d / e, 0.2);
        if (worth > most) most = worth, best = d;
    }
    return best;
}

/* ---- Making ---------------------------------------------------------------------------------------------------------------------------------- */

static void destroy(tp__fft_plan *p)
{
    if (!p) return;
    destroy(p->inner);
    destroy(p->first);
    destroy(p->second);
    while (p->n_blocks) {
        p->n_blocks--;
        tp_mem_free(p->block[p->n_blocks].memory, p->block[p->n_blocks].bytes);
    }
    tp_mem_free(p, sizeof *p);
}

static bool make_passes(tp__fft_plan *p, const int *radix, int n_passes)
{
    int64_t left = p->n, step = 1;
    for (int i = 0; i < n_passes; i++) {
        const int r = radix[i];
        tp__fft_pass *g = &p->pass[i];
        *g = (tp__fft_pass){ .radix = r, .parts = left / r, .step = step };
        void *twiddle = table(p, 2 * g->parts * (r - 1)), *roots = r & 1 ? table(p, 2 * r) : NULL;
        if (!twiddle || (r & 1 && !roots)) return false;
        for (int64_t part = 0; part < g->parts; part++)
            for (int k = 1; k < r; k++) put_root(p, twiddle, part * (r - 1) + k - 1, part * k, left);
        for (int k = 0; roots && k < r; k++) {
            double re, im;
            root(k, r, &re, &im);
            put(p, roots, 2 * k, re);
            put(p, roots, 2 * k + 1, -im);
        }
        g->twiddle = twiddle;
        g->roots = roots;
        left /= r;
        step *= r;
    }
    p->n_passes = n_passes;
    return true;
}

static tp__fft_plan *make(int64_t n, tp_dtype dtype, int level, bool real, bool split);

static bool make_split(tp__fft_plan *p, int64_t n1)
{
    const int lanes = tp__fft_kernels_of(p->dtype, p->level)->lanes;
    const int64_t n2 = p->n / n1, blocks = (n2 + lanes - 1) / lanes;
    p->first = make(n1, p->dtype, p->level, false, false);
    p->second = p->first ? make(n2, p->dtype, p->level, false, false) : NULL;
    void *near = p->second ? table(p, 2 * n1 * lanes) : NULL, *far = near ? table(p, 2 * blocks * n1) : NULL;
    if (!far) return false;
    for (int64_t k = 0; k < n1; k++) {
        for (int l = 0; l < lanes; l++) {
            double re, im;
            root(k * l, p->n, &re, &im);
            put(p, near, 2 * k * lanes + l, re);
            put(p, near, (2 * k + 1) * lanes + l, im);
        }
        for (int64_t b = 0; b < blocks; b++) put_root(p, far, b * n1 + k, k * b * lanes, p->n);
    }
    p->near = near;
    p->far = far;
    p->bytes += p->first->bytes + p->second->bytes;
    return true;
}

/* The chirp's transform is computed in float64, by a plan of that. */
static bool make_spectrum(tp__fft_plan *p, int64_t m)
{
    const size_t line = 2 * sizeof(double) * (size_t)m;
    tp__fft_plan *wide = make(m, TP_F64, p->level, false, true);
    const size_t room = wide ? tp__fft_line_room(wide) : 0, seat = wide ? tp__fft_seat_room(wide) : 0, bytes = 2 * line + room + seat;
    char *memory = wide ? tp_mem_alloc(bytes) : NULL;
    void *spectrum = memory ? table(p, 2 * m) : NULL;
    if (spectrum) {
        double *x = (double *)memory, *y = x + 2 * m;
        memset(x, 0, line);
        for (int64_t j = 0; j < p->n; j++) {
            double re, im;
            root((int64_t)((__int128)j * j % (2 * p->n)), 2 * p->n, &re, &im);
            x[2 * j] = re, x[2 * j + 1] = -im;
            if (j) x[2 * (m - j)] = re, x[2 * (m - j) + 1] = -im;
        }
        const tp__fft_line run = { wide, memory + 2 * line, memory + 2 * line + room, 0, 1 };
        tp__fft_line_run(&run, y, x, 1 / (double)m, false);
        for (int64_t j = 0; j < 2 * m; j++) put(p, spectrum, j, y[j]);
    }
    if (memory) tp_mem_free(memory, bytes);
    destroy(wide);
    p->spectrum = spectrum;
    return spectrum;
}

static bool make_bluestein(tp__fft_plan *p, bool split)
{
    const int64_t m = good_length(2 * p->n - 1);
    p->inner = make(m, p->dtype, p->level, false, split);
    p->chirp = p->inner ? table(p, 2 * p->n) : NULL;
    if (!p->chirp) return false;
    for (int64_t j = 0; j < p->n; j++) put_root(p, p->chirp, j, (int64_t)((__int128)j * j % (2 * p->n)), 2 * p->n);
    p->bytes += p->inner->bytes;
    return make_spectrum(p, m);
}

static bool make_half(tp__fft_plan *p)
{
    p->half = table(p, 2 * (p->n / 2 + 1));
    for (int64_t k = 0; p->half && k <= p->n / 2; k++) put_root(p, p->half, k, k, 2 * p->n);
    return p->half;
}

static tp__fft_plan *make(int64_t n, tp_dtype dtype, int level, bool real, bool split)
{
    int radix[TP__FFT_MOST_PASSES];
    const int n_passes = factors(n, radix);
    const int64_t first = split && n_passes && n >= SHORTEST_SPLIT ? split_of(n, tp__fft_kernels_of(dtype, level)->lanes) : 0;
    tp__fft_plan *p = tp_mem_calloc(sizeof *p);
    if (!p) return NULL;
    p->n = n;
    p->dtype = dtype;
    p->level = level;
    p->real = real;
    p->bytes = sizeof *p;
    bool good = true;
    if (!n_passes && n > 1) good = make_bluestein(p, split);
    else if (!first || n <= TP__FFT_LONGEST_BLOCK) good = make_passes(p, radix, n_passes);
    if (good && first) good = make_split(p, first);
    if (good && real) good = make_half(p);
    if (good) return p;
    destroy(p);
    return NULL;
}

/* ---- The cache ------------------------------------------------------------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static tp__fft_plan *kept[KEPT];
static uint64_t clock_;
static size_t kept_bytes;

static size_t drop(int i)
{
    const size_t bytes = kept[i]->bytes;
    destroy(kept[i]);
    kept[i] = NULL;
    kept_bytes -= bytes;
    return bytes;
}

/* The one that was not used for longest, and is not in use; -1 */
static int oldest(void)
{
    int at = -1;
    for (int i = 0; i < KEPT; i++)
        if (kept[i] && !kept[i]->users && (at < 0 || kept[i]->used < kept[at]->used)) at = i;
    return at;
}

static bool keep(tp__fft_plan *p)
{
    int old, free_at = -1;
    if (p->bytes > KEPT_BYTES) return false;           /* and the others may stay */
    while (kept_bytes + p->bytes > KEPT_BYTES && (old = oldest()) >= 0) drop(old);
    if (kept_bytes + p->bytes > KEPT_BYTES) return false;
    for (int i = 0; i < KEPT && free_at < 0; i++)
        if (!kept[i]) free_at = i;
    if (free_at < 0 && (free_at = oldest()) >= 0) drop(free_at);
    if (free_at < 0) return false;
    kept[free_at] = p;
    kept_bytes += p->bytes;
    return true;
}

tp__fft_plan *tp__fft_plan_take(int64_t n, tp_dtype dtype, bool real)
{
    const int level = tp__simd_level();
    tp__fft_plan *p = NULL;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < KEPT && !p; i++)
        if (kept[i] && kept[i]->n == n && kept[i]->dtype == dtype && kept[i]->level == level && kept[i]->real == real) p = kept[i];
    if (!p && (p = make(n, dtype, level, real, true))) keep(p);
    if (p) {
        p->users++;
        p->used = ++clock_;
    }
    pthread_mutex_unlock(&lock);
    return p;
}

void tp__fft_plan_give(tp__fft_plan *p)
{
    bool is_kept = false;
    if (!p) return;
    pthread_mutex_lock(&lock);
    p->users--;
    for (int i = 0; i < KEPT; i++) is_kept |= kept[i] == p;
    pthread_mutex_unlock(&lock);
    if (!is_kept) destroy(p);
}

int64_t tp__fft_plans_trim(void)
{
    size_t bytes = 0;
    pthread_mutex_lock(&lock);
    for (int i; (i = oldest()) >= 0;) bytes += drop(i);
    pthread_mutex_unlock(&lock);
    return (int64_t)bytes;
}
