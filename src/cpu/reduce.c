/* reduce.c: sums over any dims of any layout.
 *
 * Dims that go and dims that stay are joined where they can be. Where the innermost stride is that of a dim that goes, each
 * output is the sum of runs; where it is that of a dim that stays, rows are added to a row of outputs. Terms are cut into
 * groups of a fixed size: float32 is added in many short partial sums, and these in float64, so rounding does not grow with
 * the number of terms, and the result does not depend on the number of threads. */
#include "core/convert.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

enum { WIDTH = 512, BLOCK = 1024, GROUP = 1 << 15, ROWS = 64, PARALLEL = 1 << 17 };

typedef struct axis { int64_t size, stride; } axis;    /* stride in elements */
typedef struct plan {
    const char *x;
    int64_t item;                                      /* bytes of an element */
    tp_dtype from, sum;                                /* of x; in which is added: F32, F64 or I64 */
    bool as_bool;                                      /* terms count as 0 or 1 */
    int n_kept, n_gone;
    axis kept[TP_MAX_DIMS], gone[TP_MAX_DIMS];         /* outermost first */
    int64_t outputs, terms;
    bool by_rows;                                      /* rows are added to a row of outputs */
    int64_t across, slabs;                             /* outputs in a row that are cut into slabs of WIDTH; slabs in all */
    int64_t length, pieces, group, groups;             /* of a run: terms, groups in one; runs in a group; groups in all */
} plan;
typedef union total { double real; int64_t integer; } total;

/* ---- Leaf loops -------------------------------------------------------------------------------------------------------------------- */

/* In `lanes` partial sums over blocks of 4096 terms, joined as a tree */
#define SUM_RUN(name, T, lanes) \
    static TP__INLINE void name##_body(int64_t n, const T *x, double *out) \
    { \
        double sum = 0; \
        while (n >= 16) { \
            const int64_t block = n < 4096 ? n & -16 : 4096; \
            T part[lanes] = { 0 }; \
            int64_t i = 0; \
            for (; i + lanes <= block; i += lanes) \
                for (int l = 0; l < lanes; l++) part[l] += x[i + l]; \
            for (; i < block; i += 16) \
                for (int l = 0; l < 16; l++) part[l] += x[i + l]; \
            for (int half = lanes / 2; half; half /= 2) \
                for (int l = 0; l < half; l++) part[l] += part[l + half]; \
            sum += (double)part[0]; \
            x += block; \
            n -= block; \
        } \
        T rest = 0; \
        for (int64_t i = 0; i < n; i++) rest += x[i]; \
        *out += sum + (double)rest; \
    } \
    TP__SIMD(static, name, (int64_t n, const T *x, double *out), (n, x, out))
SUM_RUN(sum_run_f32, float, 64)
SUM_RUN(sum_run_f64, double, 32)

static void sum_run_i64(int64_t n, const int64_t *x, int64_t *out)
{
    uint64_t sum = 0;                                  /* wraps */
    for (int64_t i = 0; i < n; i++) sum += (uint64_t)x[i];
    *out = (int64_t)((uint64_t)*out + sum);
}

/* y[j] += x[0][j] + .. + x[rows - 1][j] */
#define ADD_ROWS(name, T, Sum) \
    static TP__INLINE void name##_body(int64_t rows, int64_t w, const T *x, int64_t stride, Sum *y) \
    { \
        int64_t r = 0; \
        for (; r + 4 <= rows; r += 4, x += 4 * stride) \
            for (int64_t j = 0; j < w; j++) \
                y[j] += (Sum)((x[j] + x[j + stride]) + (x[j + 2 * stride] + x[j + 3 * stride])); \
        for (; r < rows; r++, x += stride) \
            for (int64_t j = 0; j < w; j++) y[j] += (Sum)x[j]; \
    } \
    TP__SIMD(static, name, (int64_t rows, int64_t w, const T *x, int64_t stride, Sum *y), (rows, w, x, stride, y))
ADD_ROWS(add_rows_f32, float, float)
ADD_ROWS(add_rows_f64, double, double)
ADD_ROWS(add_rows_i64, uint64_t, uint64_t)

/* ---- Runs and rows of any dtype -------------------------------------------------------------------------------------------------------- */

static void load(const plan *p, void *to, const char *x, int64_t stride, int64_t n)
{
    if (!p->as_bool) {
        tp__cast_row(to, p->sum, 1, x, p->from, stride, n);
        return;
    }
    bool is[BLOCK];
    tp__cast_row(is, TP_BOOL, 1, x, p->from, stride, n);
    tp__cast_row(to, p->sum, 1, is, TP_BOOL, 1, n);
}

static void sum_plain(const plan *p, const void *x, int64_t n, total *out)
{
    if (p->sum == TP_F32) sum_run_f32(n, x, &out->real);
    else if (p->sum == TP_F64) sum_run_f64(n, x, &out->real);
    else sum_run_i64(n, x, &out->integer);
}

static void sum_run(const plan *p, const char *x, int64_t n, int64_t stride, total *out)
{
    if (p->from == p->sum && stride == 1) {
        sum_plain(p, x, n, out);
        return;
    }
    double block[BLOCK];
    for (int64_t i = 0; i < n; i += BLOCK) {
        const int64_t m = n - i < BLOCK ? n - i : BLOCK;
        load(p, block, x + i * stride * p->item, stride, m);
        sum_plain(p, block, m, out);
    }
}

/* At most ROWS rows of w outputs, `stride` elements apart */
static void add_rows(const plan *p, const char *x, int64_t rows, int64_t stride, int64_t w, total *out)
{
    _Alignas(64) float part[WIDTH];
    double row[WIDTH];
    const bool plain = p->from == p->sum;
    const int64_t step = plain ? rows : 1;
    if (p->sum == TP_F32) memset(part, 0, (size_t)w * sizeof *part);
    for (int64_t r = 0; r < rows; r += step) {
        const char *from = x + r * stride * p->item;
        if (!plain) load(p, row, from, 1, w);
        const void *at = plain ? (const void *)from : row;
        if (p->sum == TP_F32) add_rows_f32(step, w, at, stride, part);
        else if (p->sum == TP_F64) add_rows_f64(step, w, at, stride, &out->real);
        else add_rows_i64(step, w, at, stride, (uint64_t *)&out->integer);
    }
    for (int64_t j = 0; p->sum == TP_F32 && j < w; j++) out[j].real += (double)part[j];
}

/* ---- The plan ---------------------------------------------------------------------------------------------------------------------------- */

static int64_t offset_of(const axis *a, int n, int64_t i)
{
    if (n == 1) return i * a->stride;
    int64_t offset = 0;
    for (int k = n - 1; k >= 0; k--) {
        offset += i % a[k].size * a[k].stride;
        i /= a[k].size;
    }
    return offset;
}

static void append(axis *a, int *n, int64_t size, int64_t stride)
{
    if (*n && a[*n - 1].stride == size * stride) {
        a[*n - 1].size *= size;
        a[*n - 1].stride = stride;
    } else {
        a[(*n)++] = (axis){ size, stride };
    }
}

/* The order of terms is free: greater strides come first. */
static void sort_and_join(axis *a, int *n)
{
    for (int i = 1; i < *n; i++)
        for (int j = i; j && a[j - 1].stride < a[j].stride; j--) {
            const axis t = a[j];
            a[j] = a[j - 1];
            a[j - 1] = t;
        }
    const int all = *n;
    *n = 0;
    for (int i = 0; i < all; i++) append(a, n, a[i].size, a[i].stride);
}

static plan make_plan(const tp__call *call)
{
    const tp_tensor *x = call->in[0], *y = call->out[0];
    const uint64_t gone = (uint64_t)(uintptr_t)call->scratch;
    plan p = { .x = x->data, .from = (tp_dtype)x->dtype, .outputs = y->numel, .terms = 1, .as_bool = y->dtype == TP_BOOL && x->dtype != TP_BOOL };
    p.item = (int64_t)tp_dtype_size(p.from);
    p.sum = y->dtype == TP_F64 ? TP_F64 : tp__is_floating(y->dtype) ? TP_F32 : TP_I64;
    for (int d = 0; d < x->ndim; d++) {
        if (gone >> d & 1) p.terms *= x->shape[d];
        if (x->shape[d] == 1) continue;
        if (gone >> d & 1) append(p.gone, &p.n_gone, x->shape[d], x->stride[d]);
        else append(p.kept, &p.n_kept, x->shape[d], x->stride[d]);
    }
    sort_and_join(p.gone, &p.n_gone);
    if (!p.n_gone) p.gone[p.n_gone++] = (axis){ 1, 1 };
    const axis *in = &p.gone[p.n_gone - 1], *stays = p.n_kept ? &p.kept[p.n_kept - 1] : NULL;
    p.by_rows = stays && stays->stride == 1 && in->stride != 1;
    p.across = p.by_rows ? stays->size : p.outputs;
    p.slabs = p.across ? p.outputs / p.across * ((p.across + WIDTH - 1) / WIDTH) : 0;
    p.length = p.by_rows ? 1 : in->size;
    p.pieces = p.length > GROUP ? (p.length + GROUP - 1) / GROUP : 1;
    const int64_t width = p.by_rows ? (p.across < WIDTH ? p.across : WIDTH) : p.length;
    p.group = width < 1 ? GROUP : width < GROUP ? GROUP / width : 1;     /* nothing to add up, or nowhere to */
    if (p.by_rows) p.group = (p.group + ROWS - 1) / ROWS * ROWS;
    const int64_t runs = p.length ? p.terms / p.length : 0;
    p.groups = p.pieces > 1 ? runs * p.pieces : (runs + p.group - 1) / p.group;
    return p;
}

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Outputs of a slab: the first, and how many. */
static int64_t slab_start(const plan *p, int64_t slab, int64_t *w)
{
    const int64_t cuts = (p->across + WIDTH - 1) / WIDTH, start = slab % cuts * WIDTH;
    *w = least(WIDTH, p->across - start);
    return slab / cuts * p->across + start;
}

/* Adds the terms of one group to the outputs of one slab. */
static void sum_group(const plan *p, int64_t slab, int64_t group, total *out)
{
    int64_t w;
    const int64_t first = slab_start(p, slab, &w), runs = p->terms / (p->length ? p->length : 1);
    const axis *in = &p->gone[p->n_gone - 1];
    const int64_t begin = group * p->group, end = least(begin + p->group, runs);
    if (p->by_rows) {
        const char *x = p->x + offset_of(p->kept, p->n_kept, first) * p->item;
        for (int64_t r = begin, n; r < end; r += n) {
            n = least(least(ROWS, end - r), in->size - r % in->size);
            add_rows(p, x + offset_of(p->gone, p->n_gone, r) * p->item, n, in->stride, w, out);
        }
        return;
    }
    for (int64_t i = 0; i < w; i++) {
        const char *x = p->x + (p->n_kept ? offset_of(p->kept, p->n_kept, first + i) : 0) * p->item;
        if (p->pieces > 1) {
            const int64_t start = group % p->pieces * GROUP;
            x += (offset_of(p->gone, p->n_gone - 1, group / p->pieces) + start * in->stride) * p->item;
            sum_run(p, x, least(GROUP, p->length - start), in->stride, &out[i]);
        } else {
            for (int64_t r = begin; r < end; r++)
                sum_run(p, x + (r ? offset_of(p->gone, p->n_gone - 1, r) * p->item : 0), p->length, in->stride, &out[i]);
        }
    }
}

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------------------- */

static void store(const plan *p, tp_tensor *y, int64_t first, int64_t w, total *sums, double divisor)
{
    char *to = (char *)y->data + first * (int64_t)tp_dtype_size((tp_dtype)y->dtype);
    if (p->sum == TP_I64) {
        tp__cast_row(to, (tp_dtype)y->dtype, 1, sums, TP_I64, 1, w);
        return;
    }
    if (divisor != 1)
        for (int64_t i = 0; i < w; i++) sums[i].real /= divisor;
    tp__cast_row(to, (tp_dtype)y->dtype, 1, sums, TP_F64, 1, w);
}

static int threads_for(const plan *p)
{
    return p->outputs && p->terms >= PARALLEL / p->outputs ? tp_get_num_threads() : 1;
}

static void add_totals(const plan *p, int64_t w, total *to, const total *from)
{
    for (int64_t i = 0; i < w; i++) {
        if (p->sum == TP_I64) to[i].integer = (int64_t)((uint64_t)to[i].integer + (uint64_t)from[i].integer);
        else to[i].real += from[i].real;
    }
}

static void sum_slab(const plan *p, tp_tensor *y, int64_t slab, double divisor)
{
    total sums[WIDTH], part[WIDTH];
    int64_t w;
    const int64_t first = slab_start(p, slab, &w);
    memset(sums, 0, (size_t)w * sizeof *sums);
    for (int64_t g = 0; g < p->groups; g++) {
        memset(part, 0, (size_t)w * sizeof *part);
        sum_group(p, slab, g, part);
        add_totals(p, w, sums, part);
    }
    store(p, y, first, w, sums, divisor);
}

typedef struct slabs { const plan *p; tp_tensor *y; double divisor; total *parts; int64_t width; } slabs;

static void sum_slabs(void *arg, int64_t first, int64_t last)
{
    const slabs *t = arg;
    for (int64_t s = first; s < last; s++) sum_slab(t->p, t->y, s, t->divisor);
}

static void sum_unit(void *arg, int64_t u)
{
    const slabs *t = arg;
    total *part = t->parts + u * t->width;
    memset(part, 0, (size_t)t->width * sizeof *part);
    sum_group(t->p, u / t->p->groups, u % t->p->groups, part);
}

static tp_status reduce(tp__call *call, double divisor)
{
    tp_tensor *y = call->out[0];
    const plan p = make_plan(call);
    const int threads = threads_for(&p);
    if (threads == 1) {
        for (int64_t s = 0; s < p.slabs; s++) sum_slab(&p, y, s, divisor);
        return TP_OK;
    }
    slabs t = { .p = &p, .y = y, .divisor = divisor };
    if (p.groups <= 1) {
        tp__parallel_items(p.slabs, call->in[0]->numel / p.slabs, threads, sum_slabs, &t);
        return TP_OK;
    }
    const int64_t width = least(WIDTH, p.across), units = p.slabs * p.groups;
    total *parts = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(units * width) * sizeof *parts);
    if (!parts) return TP_ERR_MEMORY;
    t.parts = parts;
    t.width = width;
    tp__parallel(units, threads, sum_unit, &t);
    for (int64_t s = 0; s < p.slabs; s++) {
        total sums[WIDTH];
        int64_t w;
        const int64_t first = slab_start(&p, s, &w);
        memset(sums, 0, (size_t)w * sizeof *sums);
        for (int64_t g = 0; g < p.groups; g++) add_totals(&p, w, sums, parts + (s * p.groups + g) * width);
        store(&p, y, first, w, sums, divisor);
    }
    return TP_OK;
}

static tp_status sum_kernel(tp__call *call) { return reduce(call, 1); }

static tp_status mean_kernel(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    double n = 1;
    for (int d = 0; d < x->ndim; d++)
        if ((uint64_t)(uintptr_t)call->scratch >> d & 1) n *= (double)x->shape[d];
    return reduce(call, n);
}

const tp_kernel tp__cpu_reduce[] = { { "sum", sum_kernel, NULL }, { "mean", mean_kernel, NULL }, { NULL, NULL, NULL } };
