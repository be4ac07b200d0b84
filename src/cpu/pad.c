/* pad.c: the kernels of pad. For each dim a map says from which place of the input each place of the output comes, -1 from outside;
 * in the middle the places follow one another and are copied as a run. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/copy.h"

/* ---- Maps ------------------------------------------------------------------------------------------------------------------------------ */

static int64_t place_of(int32_t mode, int64_t i, int64_t before, int64_t after, int64_t size)
{
    const int64_t at = i - before;
    switch (mode) {
    case TP__PAD_REFLECT: return at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
    case TP__PAD_REPLICATE: return at < 0 ? 0 : at >= size ? size - 1 : at;
    case TP__PAD_CIRCULAR: {                           /* round by what the cuts left */
        const int64_t from = before < 0 ? -before : 0, end = size + (after < 0 ? after : 0), room = end - from;
        return at < from ? at + room : at >= end ? at - room : at;
    }
    default: return at >= 0 && at < size ? at : -1;
    }
}

typedef struct maps { int64_t *at[TP_MAX_DIMS]; size_t bytes; } maps;
static tp_status make_maps(maps *m, const tp__pad *a, int ndim, const int64_t *size, const int64_t *padded)
{
    int64_t all = 0;
    for (int d = 0; d < ndim; d++) all += padded[d];
    m->bytes = (size_t)(all ? all : 1) * sizeof(int64_t);
    int64_t *memory = tp_mem_alloc(m->bytes);
    m->at[0] = memory;
    if (!memory) return TP_ERR_MEMORY;
    for (int d = 0; d < ndim; d++) {
        m->at[d] = memory;
        for (int64_t i = 0; i < padded[d]; i++) memory[i] = place_of(a->mode, i, a->before.v[d], a->after.v[d], size[d]);
        memory += padded[d];
    }
    return TP_OK;
}
static void free_maps(maps *m) { tp_mem_free(m->at[0], m->bytes); }

/* ---- Forward: row by row of the output, in the order of its memory ------------------------------------------------------------------------- */

typedef struct job {
    const tp_tensor *x;
    tp_tensor *y;
    maps maps;
    int order[TP_MAX_DIMS], ndim;                      /* the dims from the outermost in; the last one is a row */
    int64_t run, run_end;                              /* of a row: the places that follow one another */
    unsigned char outside[16];                         /* the value, as the dtype */
} job;

static void pad_rows(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    const tp_dtype dtype = (tp_dtype)j->y->dtype;
    const int64_t item = (int64_t)tp_dtype_size(dtype);
    const int inner = j->order[j->ndim - 1];
    const int64_t n = j->y->shape[inner], to_step = j->y->stride[inner], from_step = j->x->stride[inner];
    const int64_t *map = j->maps.at[inner];
    for (int64_t r = first; r < last; r++) {
        int64_t rest = r, to = 0, from = 0;
        bool outside = false;
        for (int k = j->ndim - 2; k >= 0; k--) {
            const int d = j->order[k];
            const int64_t i = rest % j->y->shape[d], at = j->maps.at[d][i];
            rest /= j->y->shape[d];
            to += i * j->y->stride[d];
            from += at * j->x->stride[d];
            outside |= at < 0;
        }
        char *y = (char *)j->y->data + to * item;
        const char *x = (const char *)j->x->data + from * item;
        const int64_t run = outside ? n : j->run, run_end = outside ? n : j->run_end;
        if (outside) {
            tp__cast_row(y, dtype, to_step, j->outside, dtype, 0, n);
            continue;
        }
        for (int64_t i = 0; i < n; i++) {
            if (i == run && run_end > run) {
                tp__cast_row(y + i * to_step * item, dtype, to_step, x + map[i] * from_step * item, dtype, from_step, run_end - run);
                i = run_end - 1;
            } else {
                memcpy(y + i * to_step * item, map[i] < 0 ? (const char *)j->outside : x + map[i] * from_step * item, (size_t)item);
            }
        }
    }
}

static tp_status pad(tp__call *call)
{
    const tp__pad *a = call->attr;
    job j = { .x = call->in[0], .y = call->out[0] };
    tp_tensor *y = j.y;
    if (!y->numel) return TP_OK;
    if (a->value.kind == TP_OPERAND_REAL) tp__cast_row(j.outside, (tp_dtype)y->dtype, 1, &a->value.as.real, TP_F64, 1, 1);
    else tp__cast_row(j.outside, (tp_dtype)y->dtype, 1, &a->value.as.integer, TP_I64, 1, 1);
    if (!y->ndim) {
        memcpy(y->data, j.x->data, tp_dtype_size((tp_dtype)y->dtype));
        return TP_OK;
    }
    const tp_status status = make_maps(&j.maps, a, y->ndim, j.x->shape, y->shape);
    if (status) return status;
    j.ndim = tp__dims_by_stride(y, j.order);
    const int row = j.ndim ? j.order[j.ndim - 1] : y->ndim - 1;         /* of one element, the last dim is a row */
    if (!j.ndim) j.order[j.ndim++] = row;
    for (int d = 0; d < y->ndim; d++)                  /* dims of size 1 still say where they come from: outermost */
        if (y->shape[d] == 1 && d != row) {
            memmove(j.order + 1, j.order, sizeof *j.order * (size_t)j.ndim++);
            j.order[0] = d;
        }
    const int64_t before = a->before.v[row], size = j.x->shape[row], n = y->shape[row];
    j.run = before > 0 ? before : 0;
    j.run_end = before + size < n ? before + size : n;
    tp__parallel_items(y->numel / n, n, tp_get_num_threads(), pad_rows, &j);
    free_maps(&j.maps);
    return TP_OK;
}

/* ---- Backward: what came from one place is added up there, in the order of dy ---------------------------------------------------------------- */

typedef struct back_job {
    const void *dy;
    void *dx;
    maps maps;
    int ndim, first;                                   /* first: of the dims that are padded; those before are shared out */
    const int64_t *size, *padded;
    int64_t of_dy, of_dx;                              /* elements of one outer place */
} back_job;

#define ADD(T) \
    static void add_##T(const back_job *j, int d, const T *dy, T *dx) \
    { \
        if (d == j->ndim) { \
            *dx += *dy; \
            return; \
        } \
        if (d == j->ndim - 1) { \
            for (int64_t i = 0; i < j->padded[d]; i++) \
                if (j->maps.at[d][i] >= 0) dx[j->maps.at[d][i]] += dy[i]; \
            return; \
        } \
        int64_t of_dy = 1, of_dx = 1; \
        for (int k = d + 1; k < j->ndim; k++) of_dy *= j->padded[k], of_dx *= j->size[k]; \
        for (int64_t i = 0; i < j->padded[d]; i++) \
            if (j->maps.at[d][i] >= 0) add_##T(j, d + 1, dy + i * of_dy, dx + j->maps.at[d][i] * of_dx); \
    } \
    static void places_##T(void *arg, int64_t from, int64_t to) \
    { \
        const back_job *j = arg; \
        for (int64_t i = from; i < to; i++) add_##T(j, j->first, (const T *)j->dy + i * j->of_dy, (T *)j->dx + i * j->of_dx); \
    }
ADD(float)
ADD(double)

/* Circular: dim by dim, from the first on, what is behind the middle is added to its beginning, and what is before it to its end;
 * 16-bit floats are rounded after each, as PyTorch's copies of slices do. */
typedef struct fold_job {
    const back_job *of;
    const tp__pad *pad;
    void *work;                                        /* dy, to be added up in */
    tp_dtype rounds;                                   /* of 16 bits; 0: none */
} fold_job;

#define FOLD(T) \
    static void add_row_##T(T *to, const T *from, int64_t n, tp_dtype rounds) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            const T sum = to[i] + from[i]; \
            to[i] = rounds == TP_BF16 ? (T)tp__bf16_to_f32(tp__f32_to_bf16((float)sum)) : rounds ? (T)tp__f16_to_f32(tp__f32_to_f16((float)sum)) : sum; \
        } \
    } \
    static void fold_##T(void *arg, int64_t from, int64_t to) \
    { \
        const fold_job *f = arg; \
        const back_job *j = f->of; \
        for (int64_t place = from; place < to; place++) { \
            T *w = (T *)f->work + place * j->of_dy; \
            int64_t outer = 1; \
            for (int d = j->first; d < j->ndim; outer *= j->padded[d++]) { \
                const int64_t before = f->pad->before.v[d], after = f->pad->after.v[d], n = j->padded[d]; \
                const int64_t l = before > 0 ? before : 0, r = after > 0 ? after : 0, inner = n ? j->of_dy / outer / n : 0; \
                for (int64_t o = 0; o < outer; o++) { \
                    T *row = w + o * n * inner; \
                    add_row_##T(row + l * inner, row + (n - r) * inner, r * inner, f->rounds); \
                    add_row_##T(row + (n - l - r) * inner, row, l * inner, f->rounds); \
                } \
            } \
        } \
    }
FOLD(float)
FOLD(double)

/* The middle of the folded dy is dx, where nothing was cut off. */
static void take_middle(const fold_job *f, tp_tensor *dx, tp_dtype dtype)
{
    const back_job *j = f->of;
    tp_tensor to = *dx, from = { .dtype = (uint8_t)dtype, .ndim = dx->ndim, .data = f->work, .numel = 1 };
    const int64_t item = (int64_t)tp_dtype_size(dtype), dx_item = (int64_t)tp_dtype_size((tp_dtype)dx->dtype);
    memset(dx->data, 0, (size_t)(dx->numel * dx_item));
    int64_t step = 1;
    for (int d = dx->ndim - 1; d >= 0; step *= j->padded[d--]) {
        const int64_t before = f->pad->before.v[d], after = f->pad->after.v[d];
        from.stride[d] = step;
        from.shape[d] = to.shape[d] = j->size[d] + (before < 0 ? before : 0) + (after < 0 ? after : 0);
        from.numel *= from.shape[d];
        from.data = (char *)from.data + (before > 0 ? before : 0) * step * item;
        to.data = (char *)to.data + (before < 0 ? -before : 0) * dx->stride[d] * dx_item;
    }
    to.numel = from.numel;
    to.flags = 0;
    tp__copy_into(&to, &from);
}

static tp_status fold(const back_job *j, const tp__pad *a, const tp_tensor *dy, tp_tensor *dx, int64_t outer, tp_dtype dtype)
{
    const size_t bytes = (size_t)dy->numel * tp_dtype_size(dtype);
    tp_tensor work = *dy;
    work.data = tp_mem_alloc(bytes ? bytes : 1);
    if (!work.data) return TP_ERR_MEMORY;
    work.dtype = (uint8_t)dtype;
    work.flags = 0;
    int64_t step = 1;
    for (int d = dy->ndim - 1; d >= 0; step *= dy->shape[d--]) work.stride[d] = step;
    tp__copy_into(&work, dy);
    const fold_job f = { j, a, work.data, dy->dtype == TP_F16 || dy->dtype == TP_BF16 ? (tp_dtype)dy->dtype : 0 };
    tp__parallel_items(outer, j->of_dy * 2, tp_get_num_threads(), dtype == TP_F64 ? fold_double : fold_float, (void *)(uintptr_t)&f);
    take_middle(&f, dx, dtype);
    tp_mem_free(work.data, bytes ? bytes : 1);
    return TP_OK;
}

static tp_status pad_backward(tp__call *call)
{
    const tp__pad *a = call->attr;
    tp_tensor *dy = call->in[0], *dx = call->out[0];
    const tp_dtype dtype = dy->dtype == TP_F64 ? TP_F64 : TP_F32;
    back_job j = { .ndim = dx->ndim, .size = dx->shape, .padded = dy->shape };
    tp__plain from = { 0 }, to = { 0 };
    int64_t outer = 1;
    if (!dx->numel) return TP_OK;
    while (j.first < j.ndim && !a->before.v[j.first] && !a->after.v[j.first]) outer *= dx->shape[j.first++];
    j.of_dx = dx->numel / outer;
    j.of_dy = dy->numel / outer;
    if (a->mode == TP__PAD_CIRCULAR) return fold(&j, a, dy, dx, outer, dtype);
    tp_status status = make_maps(&j.maps, a, dx->ndim, dx->shape, dy->shape);
    if (status) return status;
    if (!(status = tp__plain_take(&from, dy, dtype)) && !(status = tp__plain_room(&to, dx, dtype))) {
        j.dy = from.data;
        j.dx = to.data;
        memset(to.data, 0, (size_t)dx->numel * tp_dtype_size(dtype));
        if (dy->numel) tp__parallel_items(outer, j.of_dy * 2, tp_get_num_threads(), dtype == TP_F64 ? places_double : places_float, &j);
        tp__plain_return(&to, dx);
    }
    tp__plain_free(&from);
    tp__plain_free(&to);
    free_maps(&j.maps);
    return status;
}

const tp_kernel tp__cpu_pad[] = { { "pad_dims", pad, NULL }, { "pad_dims_backward", pad_backward, NULL }, { NULL, NULL, NULL } };
