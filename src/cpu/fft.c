/* fft.c: Fourier transforms along dims of tensors.        Y_k = scale sum_j x_j e^(-+2 pi i jk / n)
 *
 *   fft_c2c    complex, along several dims, one after the other
 *   fft_r2c    real to the first n / 2 + 1 of Y. With n even two neighbours are one complex number, and half as long a transform is unfolded
 *   fft_c2r    those back to n real numbers: half the spectrum is folded, and transformed
 *
 * Lines go through the lanes of vectors, many at once, or one by one where they are long or few: fft_lines.h, fft_line.c. Which
 * way is taken depends on shapes and strides alone. */
#include "core/kernel_args.h"
#include "core/op.h"
#include "core/parallel.h"
#include "cpu/fft_lines.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

enum { C2C, R2C, C2R };

const tp__fft_kernels *tp__fft_kernels_of(tp_dtype dtype, int level)
{
    const bool wide = dtype == TP_F64;
#if TP__HAS_X86
    if (level == TP__SIMD_AVX512) return wide ? &tp__fft_avx512_f64 : &tp__fft_avx512_f32;
    if (level == TP__SIMD_AVX2) return wide ? &tp__fft_avx2_f64 : &tp__fft_avx2_f32;
#else
    (void)level;
#endif
    return wide ? &tp__fft_base_f64 : &tp__fft_base_f32;
}

/* ---- What is to be done ---------------------------------------------------------------------------------------------------------------------- */

/* Strides, steps and offsets count real numbers. */
typedef struct job {
    int kind;
    const tp__fft_kernels *kernels;
    tp__fft_plan *plan;
    size_t item;                                       /* bytes of a real number */
    int64_t n, lines;                                  /* numbers in a line, complex or real; elements that the plan transforms are n or n / 2 */
    bool odd, swap;
    double scale, middle, sign;
    const char *x;
    char *y;
    int64_t x_step, y_step;
    int dims;
    int64_t size[TP_MAX_DIMS], x_stride[TP_MAX_DIMS], y_stride[TP_MAX_DIMS];       /* of the other dims: the last runs fastest */
    bool by_lines;
    int threads;
    char *seats, *rooms;                               /* for each seat: two blocks; a line's own room */
    size_t seat, room, buffer;
    bool lines_in_parallel;
} job;

static int64_t numbers(int dtype) { return tp__is_complex(dtype) ? 2 : 1; }

/* The other dims, those with small steps in y last, so that neighbours go into the lanes. */
static void take_dims(job *j, const tp_tensor *x, const tp_tensor *y, int dim)
{
    const int64_t nx = numbers(x->dtype), ny = numbers(y->dtype);
    j->lines = 1;
    for (int d = 0; d < y->ndim; d++) {
        if (d == dim || y->shape[d] == 1) continue;
        int at = j->dims++;
        for (; at && j->y_stride[at - 1] < y->stride[d] * ny; at--) {
            j->size[at] = j->size[at - 1];
            j->x_stride[at] = j->x_stride[at - 1];
            j->y_stride[at] = j->y_stride[at - 1];
        }
        j->size[at] = y->shape[d];
        j->x_stride[at] = x->stride[d] * nx;
        j->y_stride[at] = y->stride[d] * ny;
        j->lines *= y->shape[d];
    }
    j->x_step = x->ndim ? x->stride[dim] * nx : nx;
    j->y_step = y->ndim ? y->stride[dim] * ny : ny;
}

static void offsets(const job *j, int64_t line, int64_t *x, int64_t *y)
{
    *x = *y = 0;
    for (int d = j->dims - 1; d >= 0; d--) {
        const int64_t at = line % j->size[d];
        line /= j->size[d];
        *x += at * j->x_stride[d];
        *y += at * j->y_stride[d];
    }
}

/* ---- Blocks of lines --------------------------------------------------------------------------------------------------------------------------- */

static void sides(const job *j, int64_t first, tp__fft_side *x, tp__fft_side *y)
{
    const int64_t left = j->lines - first;
    const int count = left < j->kernels->lanes ? (int)left : j->kernels->lanes;
    const bool x_real = j->kind == R2C, y_real = j->kind == C2R;
    *x = (tp__fft_side){ .data = (void *)(uintptr_t)j->x, .count = count, .step = x_real && !j->odd ? 2 * j->x_step : j->x_step,
                         .gap = !x_real ? 1 : j->odd ? TP__FFT_ALONE : j->x_step };
    *y = (tp__fft_side){ .data = j->y, .count = count, .step = y_real && !j->odd ? 2 * j->y_step : j->y_step,
                         .gap = !y_real ? 1 : j->odd ? TP__FFT_ALONE : j->y_step };
    for (int l = 0; l < count; l++) offsets(j, first + l, &x->offset[l], &y->offset[l]);
}

static void one_block(const job *j, int64_t first, char *a, char *b)
{
    const tp__fft_kernels *k = j->kernels;
    const int64_t n = j->plan->n, half = j->n / 2 + 1;
    tp__fft_side x, y;
    sides(j, first, &x, &y);
    if (j->kind == C2C) {
        k->load(a, n, &x, j->swap);
        k->store(&y, k->transform(j->plan, a, b), n, j->scale, j->swap);
    } else if (j->kind == R2C) {
        k->load(a, n, &x, false);
        char *z = k->transform(j->plan, a, b), *to = z == a ? b : a;
        if (j->odd) k->unfold_odd(n, to, z, j->middle, j->sign);
        else k->unfold(j->plan, to, z, j->middle, j->sign);
        k->store(&y, to, half, j->scale, false);
    } else {
        k->load(a, half, &x, false);
        if (j->odd) k->fold_odd(n, b, a, j->middle, j->sign);
        else k->fold(j->plan, b, a, j->middle, j->sign);
        k->store(&y, k->transform(j->plan, b, a), n, j->scale, true);
    }
}

static void blocks(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    char *a = j->seats + j->seat * (size_t)tp__seat();
    for (int64_t i = first; i < last; i++) one_block(j, i * j->kernels->lanes, a, a + j->seat / 2);
}

/* ---- Line by line -------------------------------------------------------------------------------------------------------------------------------- */

static double get(const job *j, const char *x, int64_t i) { return j->item == sizeof(double) ? ((const double *)x)[i] : ((const float *)x)[i]; }
static void put(const job *j, char *y, int64_t i, double v)
{
    if (j->item == sizeof(double)) ((double *)y)[i] = v;
    else ((float *)y)[i] = (float)v;
}

/* n elements of `width` numbers */
static void spread(const job *j, char *y, int64_t y_step, const char *x, int64_t x_step, int64_t n, int64_t width)
{
    const size_t bytes = (size_t)width * j->item;
    for (int64_t i = 0; i < n; i++) memcpy(y + i * y_step * (int64_t)j->item, x + i * x_step * (int64_t)j->item, bytes);
}
/* x as contiguous elements: itself, or in the buffer. */
static const char *gathered(const job *j, char *buffer, const char *x, int64_t n, int64_t width)
{
    if (j->x_step == width) return x;
    spread(j, buffer, width, x, j->x_step, n, width);
    return buffer;
}

static void odd_line_out(const job *j, char *y, const char *z)
{
    for (int64_t k = 0; k <= j->n / 2; k++) {
        const double m = k ? j->middle * j->scale : j->scale;
        put(j, y, k * j->y_step, get(j, z, 2 * k) * m);
        put(j, y, k * j->y_step + 1, k ? get(j, z, 2 * k + 1) * m * j->sign : 0);
    }
}
static void odd_line_in(const job *j, char *z, const char *x)
{
    for (int64_t k = 0; k <= j->n / 2; k++) {
        const double m = k ? j->middle / 2 : 1, re = get(j, x, k * j->x_step) * m, im = k ? get(j, x, k * j->x_step + 1) * m * j->sign : 0;
        put(j, z, 2 * k, re);
        put(j, z, 2 * k + 1, im);
        if (k) put(j, z, 2 * (j->n - k), re), put(j, z, 2 * (j->n - k) + 1, -im);
    }
}

/* Places of a real line and of its spectrum's other end, some for each thread. */
typedef struct fold { const job *j; char *to; const char *from; } fold;

static void unfold_some(void *arg, int64_t first, int64_t last)
{
    const fold *f = arg;
    f->j->kernels->unfold_line(f->j->plan, f->to, f->from, first, last, f->j->middle, f->j->sign, f->j->scale);
}
static void fold_some(void *arg, int64_t first, int64_t last)
{
    const fold *f = arg;
    f->j->kernels->fold_line(f->j->plan, f->to, f->from, first, last, f->j->middle, f->j->sign);
}
static void fold_line(const job *j, char *to, const char *from, int threads, tp__items_fn *some)
{
    enum { MOVED = 8 };                                /* elements, of a place */
    tp__parallel_items(j->plan->n / 2 + 1, MOVED, threads, some, &(fold){ j, to, from });
}

/* blocks: of all seats, `seat` apart, where threads share the line */
static void one_line(const job *j, int64_t line, char *room, char *blocks, size_t seat, int threads)
{
    int64_t at_x, at_y;
    offsets(j, line, &at_x, &at_y);
    const char *x = j->x + at_x * (int64_t)j->item;
    char *y = j->y + at_y * (int64_t)j->item, *a = room, *b = room + j->buffer;
    const tp__fft_line run = { j->plan, room + 2 * j->buffer, blocks, seat, threads };
    const int64_t half = j->n / 2 + 1;
    if (j->kind == C2C) {
        char *to = j->y_step == 2 ? y : b;
        tp__fft_line_run(&run, to, gathered(j, a, x, j->n, 2), j->scale, j->swap);
        if (to != y) spread(j, y, j->y_step, b, 2, j->n, 2);
    } else if (j->kind == R2C && j->odd) {
        for (int64_t i = 0; i < j->n; i++) put(j, a, 2 * i, get(j, x, i * j->x_step)), put(j, a, 2 * i + 1, 0);
        tp__fft_line_run(&run, b, a, 1, false);
        odd_line_out(j, y, b);
    } else if (j->kind == R2C) {
        char *to = j->y_step == 2 ? y : a;
        tp__fft_line_run(&run, b, gathered(j, a, x, j->n, 1), 1, false);
        fold_line(j, to, b, threads, unfold_some);
        if (to != y) spread(j, y, j->y_step, a, 2, half, 2);
    } else if (j->odd) {
        odd_line_in(j, a, x);
        tp__fft_line_run(&run, b, a, j->scale, true);
        spread(j, y, j->y_step, b, 2, j->n, 1);
    } else {
        char *to = j->y_step == 1 ? y : a;
        fold_line(j, b, gathered(j, a, x, half, 2), threads, fold_some);
        tp__fft_line_run(&run, to, b, j->scale, true);
        if (to != y) spread(j, y, j->y_step, a, 1, j->n, 1);
    }
}

static void lines(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    const size_t seat = (size_t)tp__seat();            /* loops inside of this one have seat 0 */
    for (int64_t i = first; i < last; i++) one_line(j, i, j->rooms + j->room * seat, j->seats + j->seat * seat, 0, 1);
}

/* ---- One dim ------------------------------------------------------------------------------------------------------------------------------------------ */

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* A block of which most lanes stay empty takes longer than its lines. */
static void choose(job *j)
{
    j->by_lines = !tp__fft_has_passes(j->plan) || (tp__fft_is_split(j->plan) && j->lines * 2 < j->kernels->lanes);
}

/* Room for all seats at once: nothing is left to fail in a thread. */
static tp_status take_room(job *j, tp__workspace *w)
{
    const tp__fft_plan *p = j->plan;
    const int64_t length = p->inner ? p->inner->n : p->n, most = length > j->n / 2 + 1 ? length : j->n / 2 + 1;
    const int seats = j->threads > tp__seat() ? j->threads : tp__seat() + 1;
    if (!j->by_lines) {
        j->seat = 2 * rounded(2 * (size_t)most * (size_t)j->kernels->lanes * j->item);
    } else {
        j->seat = rounded(tp__fft_seat_room(p));
        j->buffer = rounded(2 * (size_t)(j->n > p->n + 1 ? j->n : p->n + 1) * j->item);
        j->room = 2 * j->buffer + rounded(tp__fft_line_room(p));
        j->lines_in_parallel = j->lines >= j->threads;
    }
    const size_t rooms = j->by_lines ? (j->lines_in_parallel ? (size_t)seats : 1) : 0;
    if (tp__workspace_take(w, (size_t)seats * j->seat + rooms * j->room)) return tp__pending();
    j->seats = w->data;
    j->rooms = j->seats + (size_t)seats * j->seat;
    return TP_OK;
}

static tp_status along(int kind, const tp_tensor *x, tp_tensor *y, int dim, int64_t n, double scale, double middle, bool forward)
{
    const tp_dtype dtype = x->dtype == TP_F64 || x->dtype == TP_C128 ? TP_F64 : TP_F32;
    job j = { .kind = kind, .item = tp_dtype_size(dtype), .n = n, .odd = kind != C2C && n % 2, .swap = !forward, .scale = scale, .middle = middle,
              .sign = (kind == R2C) == forward ? 1 : -1, .x = x->data, .y = y->data, .threads = tp_get_num_threads() };
    tp__workspace w = { 0 };
    const bool halved = kind != C2C && !j.odd;
    j.plan = tp__fft_plan_take(halved ? n / 2 : n, dtype, halved);
    if (!j.plan) return tp__pending();
    j.kernels = tp__fft_kernels_of(dtype, j.plan->level);
    take_dims(&j, x, y, dim);
    choose(&j);
    const tp_status status = take_room(&j, &w);
    if (!status && !j.by_lines)
        tp__parallel_items((j.lines + j.kernels->lanes - 1) / j.kernels->lanes, 8 * n * j.kernels->lanes, j.threads, blocks, &j);
    else if (!status && j.lines_in_parallel)
        tp__parallel_items(j.lines, 8 * n, j.threads, lines, &j);
    for (int64_t i = 0; !status && j.by_lines && !j.lines_in_parallel && i < j.lines; i++) one_line(&j, i, j.rooms, j.seats, j.seat, j.threads);
    tp__workspace_give(&w);
    tp__fft_plan_give(j.plan);
    return status;
}

static tp_status c2c(tp__call *call)
{
    const tp__fft *attr = call->attr;
    const tp_tensor *x = call->in[0];
    tp_tensor *y = call->out[0];
    if (!y->numel) return TP_OK;
    for (int64_t i = attr->dim.n - 1; i >= 0; i--) {
        const int d = (int)attr->dim.v[i];
        const tp_status status = along(C2C, x, y, d, y->ndim ? y->shape[d] : 1, i == attr->dim.n - 1 ? attr->scale : 1, 1, attr->forward);
        if (status) return status;
        x = y;
    }
    return TP_OK;
}
static tp_status r2c(tp__call *call)
{
    const tp__fft *attr = call->attr;
    return call->out[0]->numel ? along(R2C, call->in[0], call->out[0], (int)attr->dim.v[0], attr->n, attr->scale, attr->middle, attr->forward) : TP_OK;
}
static tp_status c2r(tp__call *call)
{
    const tp__fft *attr = call->attr;
    return call->out[0]->numel ? along(C2R, call->in[0], call->out[0], (int)attr->dim.v[0], attr->n, attr->scale, attr->middle, attr->forward) : TP_OK;
}

const tp_kernel tp__cpu_fft[] = { { "fft_c2c", c2c, NULL }, { "fft_r2c", r2c, NULL }, { "fft_c2r", c2r, NULL }, { NULL, NULL, NULL } };
