/* reduce_fold.c: the walk of reductions.
 *
 * Dims that go and dims that stay are joined where they can be. Where the innermost stride is that of a dim that goes, each
 * output is made of runs; where it is that of a dim that stays, rows are added to a row of outputs. Elements are cut into groups
 * of a fixed size, each with accumulators of its own that are joined in order, so the result does not depend on the number of
 * threads, and rounding does not grow with the number of elements. */
#include "cpu/reduce_fold.h"

#include "core/convert.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "cpu/scratch.h"

enum { BLOCK = 1024, GROUP = 1 << 15, TALL = 256, PARALLEL = 1 << 17, FEW = 512 };
enum { FAR_BYTES = 32 << 20 };                         /* more than a core may hope to have in its last cache */

typedef struct axis { int64_t size, stride; } axis;    /* stride in elements */
typedef struct plan {
    const tp__fold *f;
    const char *x;
    int64_t item;                                      /* bytes of an element */
    tp_dtype from;
    int n_kept, n_gone;
    axis kept[TP_MAX_DIMS], gone[TP_MAX_DIMS];         /* outermost first */
    int64_t outputs, terms;
    bool by_rows;                                      /* rows are added to a row of outputs */
    int64_t width, across, slabs;                      /* outputs in a row that are cut into slabs of width; slabs in all */
    int64_t length, pieces, group, groups;             /* of a run: terms, groups in one; runs in a group; groups in all */
} plan;

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

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

static void cut(plan *p)
{
    const axis *in = &p->gone[p->n_gone - 1], *stays = p->n_kept ? &p->kept[p->n_kept - 1] : NULL;
    p->by_rows = stays && stays->stride == 1 && in->stride != 1;
    p->across = p->by_rows ? stays->size : p->outputs;
    if (!p->by_rows) p->width = p->terms < GROUP / 512 ? 512 : p->terms < GROUP ? GROUP / p->terms : 1;
    p->slabs = p->across ? p->outputs / p->across * ((p->across + p->width - 1) / p->width) : 0;
    p->length = p->by_rows ? 1 : in->size;
    p->pieces = p->length > GROUP ? (p->length + GROUP - 1) / GROUP : 1;
    p->group = p->pieces > 1 ? 1 : p->by_rows ? (p->across < GROUP / TALL ? GROUP / p->across : TALL) : least(GROUP, GROUP / (p->length ? p->length : 1));
    if (p->group < 1) p->group = 1;
    const int64_t runs = p->length ? p->terms / p->length : 0;
    p->groups = p->pieces > 1 ? runs * p->pieces : (runs + p->group - 1) / p->group;
}

static void make_plan(plan *p, const tp__fold_io *io, tp__fold *f)
{
    *p = (plan){ .f = f, .x = io->x, .from = io->from, .outputs = 1, .terms = 1 };
    p->item = (int64_t)tp_dtype_size(p->from);
    p->width = f->width ? f->width : TP__FOLD_WIDTH;
    for (int d = 0; d < io->ndim; d++) {
        const bool goes = io->gone >> d & 1;
        *(goes ? &p->terms : &p->outputs) *= io->shape[d];
        if (io->shape[d] == 1) continue;
        if (goes) append(p->gone, &p->n_gone, io->shape[d], io->stride[d]);
        else append(p->kept, &p->n_kept, io->shape[d], io->stride[d]);
    }
    if (!p->outputs) return;
    sort_and_join(p->gone, &p->n_gone);
    if (!p->n_gone) p->gone[p->n_gone++] = (axis){ 1, 1 };
    f->count = p->terms;
    f->far = p->from == f->takes && p->terms >= FAR_BYTES / p->item / p->outputs;
    cut(p);
}

/* ---- Runs and rows of any dtype -------------------------------------------------------------------------------------------------------- */

static void load(const plan *p, void *to, const char *x, int64_t stride, int64_t n)
{
    tp__cast_row(to, p->f->takes, 1, x, p->from, stride, n);
}

static void fold_run(const plan *p, const char *x, int64_t n, int64_t stride, tp__total *acc, int64_t apart)
{
    if (p->from == p->f->takes && stride == 1) {
        p->f->run(p->f, n, x, acc, apart);
        return;
    }
    double block[BLOCK];
    for (int64_t i = 0; i < n; i += BLOCK) {
        const int64_t m = least(BLOCK, n - i);
        load(p, block, x + i * stride * p->item, stride, m);
        p->f->run(p->f, m, block, acc, apart);
    }
}

/* Rows of w outputs, `stride` elements apart; cast, as many at once as the block holds. */
static void fold_rows(const plan *p, const char *x, int64_t rows, int64_t stride, int64_t w, tp__total *acc, int64_t apart)
{
    if (p->from == p->f->takes) {
        for (int64_t r = 0; r < rows; r += TP__FOLD_ROWS)
            p->f->rows(p->f, least(TP__FOLD_ROWS, rows - r), w, x + r * stride * p->item, stride, acc, apart);
        return;
    }
    double block[4 * BLOCK];
    const int64_t some = 4 * BLOCK / w < TP__FOLD_ROWS ? 4 * BLOCK / w : TP__FOLD_ROWS, size = (int64_t)tp_dtype_size(p->f->takes);
    for (int64_t r = 0; r < rows; r += some) {
        const int64_t n = least(some, rows - r);
        for (int64_t i = 0; i < n; i++) load(p, (char *)block + i * w * size, x + (r + i) * stride * p->item, 1, w);
        p->f->rows(p->f, n, w, block, w, acc, apart);
    }
}

/* Outputs of a slab: the first, and how many. */
static int64_t slab_start(const plan *p, int64_t slab, int64_t *w)
{
    const int64_t cuts = (p->across + p->width - 1) / p->width, start = slab % cuts * p->width;
    *w = least(p->width, p->across - start);
    return slab / cuts * p->across + start;
}

/* Folds the terms of one group into the accumulators of one slab. */
static void fold_group(const plan *p, int64_t slab, int64_t group, tp__total *acc, int64_t apart)
{
    int64_t w;
    const int64_t first = slab_start(p, slab, &w), runs = p->terms / (p->length ? p->length : 1);
    const axis *in = &p->gone[p->n_gone - 1];
    const int64_t begin = group * p->group, end = least(begin + p->group, runs);
    p->f->begin(p->f, w, acc, apart);
    if (p->by_rows) {
        const char *x = p->x + offset_of(p->kept, p->n_kept, first) * p->item;
        for (int64_t r = begin, n; r < end; r += n) {
            n = least(end - r, in->size - r % in->size);
            fold_rows(p, x + offset_of(p->gone, p->n_gone, r) * p->item, n, in->stride, w, acc, apart);
        }
        return;
    }
    for (int64_t i = 0; i < w; i++) {
        const char *x = p->x + (p->n_kept ? offset_of(p->kept, p->n_kept, first + i) : 0) * p->item;
        if (p->pieces > 1) {
            const int64_t start = group % p->pieces * GROUP;
            x += (offset_of(p->gone, p->n_gone - 1, group / p->pieces) + start * in->stride) * p->item;
            fold_run(p, x, least(GROUP, p->length - start), in->stride, &acc[i], apart);
        } else {
            for (int64_t r = begin; r < end; r++)
                fold_run(p, x + (r ? offset_of(p->gone, p->n_gone - 1, r) * p->item : 0), p->length, in->stride, &acc[i], apart);
        }
    }
}

/* ---- Slabs ------------------------------------------------------------------------------------------------------------------------------- */

static void store(const plan *p, const tp__fold_io *io, int64_t slab, const tp__total *acc, int64_t apart, tp__total *row)
{
    int64_t w;
    const int64_t first = slab_start(p, slab, &w);
    for (int k = 0; k < io->n_out; k++) {
        const tp_dtype dtype = io->out[k].dtype;
        p->f->finish(p->f, w, acc, apart, k, row);
        tp__cast_row((char *)io->out[k].data + first * (int64_t)tp_dtype_size(dtype), dtype, 1, row, p->f->gives, 1, w);
    }
}

/* Accumulators of a slab, of one of its groups, and a row of results; `few` where these fit, or of each thread. */
typedef struct room { const plan *p; const tp__fold_io *io; int64_t apart, each; tp__total *memory, *parts; } room;

static void fold_slab(const room *t, int64_t slab, tp__total *memory)
{
    const plan *p = t->p;
    tp__total *all = memory, *part = all + t->each, *row = part + t->each;
    int64_t w;
    slab_start(p, slab, &w);
    if (p->groups) fold_group(p, slab, 0, all, t->apart);
    else p->f->begin(p->f, w, all, t->apart);
    for (int64_t g = 1; g < p->groups; g++) {
        fold_group(p, slab, g, part, t->apart);
        p->f->join(p->f, w, all, part, t->apart);
    }
    store(p, t->io, slab, all, t->apart, row);
}

static void fold_slabs(void *arg, int64_t first, int64_t last)
{
    const room *t = arg;
    for (int64_t s = first; s < last; s++) fold_slab(t, s, t->memory + tp__seat() * (2 * t->each + t->apart));
}

static void fold_unit(void *arg, int64_t u)
{
    const room *t = arg;
    fold_group(t->p, u / t->p->groups, u % t->p->groups, t->parts + u * t->each, t->apart);
}

/* Every group by itself, then joined in order. */
static tp_status fold_units(room *t, int threads)
{
    const plan *p = t->p;
    const int64_t units = p->slabs * p->groups;
    t->parts = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(units * t->each + t->apart) * sizeof *t->parts);
    if (!t->parts) return TP_ERR_MEMORY;
    tp__parallel(units, threads, fold_unit, t);
    for (int64_t s = 0; s < p->slabs; s++) {
        tp__total *all = t->parts + s * p->groups * t->each;
        int64_t w;
        slab_start(p, s, &w);
        for (int64_t g = 1; g < p->groups; g++) p->f->join(p->f, w, all, all + g * t->each, t->apart);
        store(p, t->io, s, all, t->apart, t->parts + units * t->each);
    }
    return TP_OK;
}

tp_status tp__fold_over(const tp__fold_io *io, tp__fold fold)
{
    plan p;
    make_plan(&p, io, &fold);
    if (!p.outputs) return TP_OK;
    const int threads = p.terms >= PARALLEL / p.outputs ? tp_get_num_threads() : 1;
    tp__total few[FEW];
    room t = { .p = &p, .io = io, .apart = least(p.width, p.across), .memory = few };
    t.each = t.apart * fold.parts;
    if (threads > 1 && p.slabs < 4 * threads && p.groups > 1) return fold_units(&t, threads);
    const size_t bytes = (size_t)((2 * t.each + t.apart) * threads) * sizeof *few;
    if (bytes > sizeof few && !(t.memory = tp__scratch(TP__SCRATCH_PARTIAL, bytes))) return TP_ERR_MEMORY;
    if (threads == 1)
        for (int64_t s = 0; s < p.slabs; s++) fold_slab(&t, s, t.memory);
    else tp__parallel_items(p.slabs, p.terms * p.outputs / p.slabs, threads, fold_slabs, &t);
    return TP_OK;
}

tp_status tp__fold_all(tp__call *call, tp__fold fold)
{
    const tp_tensor *x = call->in[0];
    tp__fold_io io;
    io.x = x->data;
    io.from = (tp_dtype)x->dtype;
    io.ndim = x->ndim;
    io.gone = (uint64_t)(uintptr_t)call->scratch;
    io.n_out = call->n_out;
    memcpy(io.shape, x->shape, sizeof *x->shape * x->ndim);
    memcpy(io.stride, x->stride, sizeof *x->stride * x->ndim);
    for (int k = 0; k < call->n_out; k++) {
        io.out[k].data = call->out[k]->data;
        io.out[k].dtype = (tp_dtype)call->out[k]->dtype;
    }
    return tp__fold_over(&io, fold);
}
