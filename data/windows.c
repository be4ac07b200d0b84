/* windows.c: pieces of one long sequence, each with what comes next: how a net learns to go on with a text or a series.
 *
 *   x[i] = sequence[s .. s + length - 1],  y[i] = sequence[s + 1 .. s + length],  s = i stride, or drawn anew for each sample */
#include <string.h>
#include "dataset.h"

typedef struct windows {
    tp_tensor *sequence;
    int64_t length, stride, count;
    int64_t places;                              /* 0: every stride; else a window begins at any of so many */
    tp_field field;                              /* of x and of y */
    size_t bytes;                                /* of one step */
} windows;

static int64_t windows_count(void *self) { return ((windows *)self)->count; }

static int windows_fields(void *self, tp_field *fields)
{
    fields[0] = fields[1] = ((windows *)self)->field;
    return 2;
}

static tp_status windows_get_batch(void *self, const int64_t *indices, int64_t n, tp_tensor *const *fields)
{
    TP_SCOPE();
    const windows *w = self;
    tp_tensor *const drawn = w->places ? tp_randint(0, w->places, TP_SHAPE(n)) : NULL;
    const int64_t *const start = drawn ? tp_data(drawn) : NULL;
    const char *const from = tp_data(w->sequence);
    char *const x = tp_data_mut(fields[0]), *const y = tp_data_mut(fields[1]);
    const size_t window = (size_t)w->length * w->bytes;
    if (tp_failed())
        return tp_error_status();
    for (int64_t i = 0; i < n && window; i++) {
        const char *at = from + (size_t)(start ? start[i] : indices[i] * w->stride) * w->bytes;
        memcpy(x + (size_t)i * window, at, window);
        memcpy(y + (size_t)i * window, at + w->bytes, window);
    }
    return TP_OK;
}

static void windows_drop(void *self)
{
    tp_release(((windows *)self)->sequence);
    tp_mem_free(self, sizeof(windows));
}

static const tp_dataset_class windows_class = {
    .size = sizeof(tp_dataset_class), .name = "Windows", .count = windows_count, .fields = windows_fields,
    .get_batch = windows_get_batch, .drop = windows_drop,
};

static tp_status check(tp_tensor *x, int64_t length, const tp_window_dataset_options *o)
{
    if (!x)
        return tp_fail(TP_ERR_ARGUMENT, "window_dataset: the sequence is NULL");
    if (tp_device_of(x) != TP_CPU)
        return tp_fail(TP_ERR_DEVICE, "window_dataset: the sequence is on %s; samples are on the CPU", tp_device_name(tp_device_of(x)));
    if (length < 1 || (o->stride != TP_NONE && o->stride < 1) || (o->random != TP_NONE && o->random < 0))
        return tp_fail(TP_ERR_ARGUMENT, "window_dataset: length %lld and stride %lld must be at least 1, random %lld not negative", (long long)length,
                       (long long)(o->stride == TP_NONE ? length : o->stride), (long long)(o->random == TP_NONE ? 0 : o->random));
    if (o->stride != TP_NONE && o->random != TP_NONE)
        return tp_fail(TP_ERR_ARGUMENT, "window_dataset: windows from random places have no stride");
    if (tp_ndim(x) < 1)
        return tp_fail(TP_ERR_SHAPE, "window_dataset: the sequence has no dim to go along");
    if (tp_size(x, 0) <= length)
        return tp_fail(TP_ERR_SHAPE, "window_dataset: %lld steps are no window of %lld and the step after it", (long long)tp_size(x, 0), (long long)length);
    return tp_error_status();
}

tp_dataset *tp_window_dataset_with(tp_tensor *x, int64_t length, const tp_window_dataset_options *o)
{
    tp_window_dataset_options opt = TP__BRACES(window_dataset, );
    if (tp_failed() || tp_options_take("window_dataset", &opt, o, opt.size) != TP_OK || check(x, length, &opt) != TP_OK)
        return NULL;
    TP_SCOPE();
    TP_NO_GRAD();
    windows *w = tp_mem_calloc(sizeof *w);
    if (!w)
        return NULL;
    const int64_t starts = tp_size(x, 0) - length;       /* a window of `length`, and one step more */
    w->length = length;
    w->stride = opt.stride == TP_NONE ? length : opt.stride;
    w->places = opt.random == TP_NONE ? 0 : starts;
    w->count = opt.random == TP_NONE ? (starts - 1) / w->stride + 1 : opt.random;
    w->field = (tp_field){ .dtype = tp_dtype_of(x), .shape = tp_shape_of(x) };
    w->field.shape.dim[0] = length;
    w->bytes = (size_t)(tp_numel(x) / tp_size(x, 0)) * tp_dtype_size(tp_dtype_of(x));
    w->sequence = tp_retain(tp_contiguous(tp_detach(x)));
    return tp_dataset_new(&windows_class, w);
}
