/* tensors.c: datasets over what is in memory: tensors by their first dim, images of bytes, and parts of other datasets. */
#include <assert.h>
#include <string.h>
#include "dataset.h"

/* ---- Tensors ------------------------------------------------------------------------------------------------------------ */

typedef struct tensors {
    int64_t count;
    int n;
    tp_tensor *at[TP_MAX_FIELDS];
} tensors;

static int64_t tensors_count(void *self) { return ((tensors *)self)->count; }

static tp_status tensors_get(void *self, int64_t index, tp_sample *out)
{
    const tensors *t = self;
    for (int i = 0; i < t->n; i++)
        out->field[i] = tp_select(t->at[i], 0, index);
    out->n_fields = t->n;
    return tp_error_status();
}

static tp_shape without_first(tp_shape shape)
{
    tp_shape rest = { .ndim = shape.ndim - 1 };
    memcpy(rest.dim, shape.dim + 1, (size_t)rest.ndim * sizeof *rest.dim);
    return rest;
}

static int tensors_fields(void *self, tp_field *fields)
{
    const tensors *t = self;
    for (int i = 0; i < t->n; i++)
        fields[i] = (tp_field){ .dtype = tp_dtype_of(t->at[i]), .shape = without_first(tp_shape_of(t->at[i])) };
    return t->n;
}

static tp_status tensors_get_batch(void *self, const int64_t *indices, int64_t n, tp_tensor *const *fields)
{
    const tensors *t = self;
    for (int i = 0; i < t->n; i++) {
        const char *from = tp_data(t->at[i]);
        char *to = tp_data_mut(fields[i]);
        if (tp_failed())
            return tp_error_status();
        const size_t bytes = (size_t)(tp_numel(t->at[i]) / t->count) * tp_dtype_size(tp_dtype_of(t->at[i]));
        for (int64_t row = 0; row < n && bytes; row++)
            memcpy(to + (size_t)row * bytes, from + (size_t)indices[row] * bytes, bytes);
    }
    return TP_OK;
}

static void tensors_drop(void *self)
{
    tensors *t = self;
    for (int i = 0; i < t->n; i++)
        tp_release(t->at[i]);
    tp_mem_free(t, sizeof *t);
}

static const tp_dataset_class tensors_class = {
    .size = sizeof(tp_dataset_class), .name = "Tensors", .count = tensors_count, .get = tensors_get, .fields = tensors_fields,
    .get_batch = tensors_get_batch, .drop = tensors_drop,
};

static tp_status check_tensor(tp_tensor *x, int64_t i, int64_t count)
{
    if (!x)
        return tp_fail(TP_ERR_ARGUMENT, "tensor_dataset: tensor %lld is NULL", (long long)i);
    if (tp_device_of(x) != TP_CPU)
        return tp_fail(TP_ERR_DEVICE, "tensor_dataset: tensor %lld is on %s; samples are on the CPU", (long long)i, tp_device_name(tp_device_of(x)));
    if (tp_ndim(x) < 1)
        return tp_fail(TP_ERR_SHAPE, "tensor_dataset: tensor %lld has no dim to take samples along", (long long)i);
    if (count >= 0 && tp_size(x, 0) != count)
        return tp_fail(TP_ERR_SHAPE, "tensor_dataset: tensor %lld has %lld samples, tensor 0 has %lld", (long long)i,
                       (long long)tp_size(x, 0), (long long)count);
    return tp_error_status();
}

tp_dataset *tp_tensor_dataset(tp_tensor_list list)
{
    if (tp_failed())
        return NULL;
    if (list.n < 1 || list.n > TP_MAX_FIELDS) {
        tp_fail(TP_ERR_ARGUMENT, "tensor_dataset: %lld tensors, not 1 to %d", (long long)list.n, TP_MAX_FIELDS);
        return NULL;
    }
    if (!list.at) {
        tp_fail(TP_ERR_ARGUMENT, "tensor_dataset: the list of tensors is NULL");
        return NULL;
    }
    for (int64_t i = 0; i < list.n; i++)
        if (check_tensor(list.at[i], i, i ? tp_size(list.at[0], 0) : -1) != TP_OK)
            return NULL;
    TP_SCOPE();
    TP_NO_GRAD();
    tensors *t = tp_mem_calloc(sizeof *t);
    if (!t)
        return NULL;
    t->count = tp_size(list.at[0], 0);
    for (int64_t i = 0; i < list.n && !tp_failed(); i++)
        if ((t->at[i] = tp_retain(tp_contiguous(tp_detach(list.at[i])))))
            t->n++;
    return tp_dataset_new(&tensors_class, t);
}

/* ---- Images of bytes ------------------------------------------------------------------------------------------------------ */

typedef struct images {
    tp_tensor *pixels, *labels;
    int64_t count, channels, h, w;
    float value[TP__MAX_CHANNELS][256];          /* of a byte */
} images;

static int64_t images_count(void *self) { return ((images *)self)->count; }

static int images_fields(void *self, tp_field *fields)
{
    const images *m = self;
    fields[0] = (tp_field){ .dtype = TP_F32, .shape = TP_SHAPE(m->channels, m->h, m->w) };
    fields[1] = (tp_field){ .dtype = TP_I64 };
    return 2;
}

static tp_status images_get_batch(void *self, const int64_t *indices, int64_t n, tp_tensor *const *fields)
{
    const images *m = self;
    const uint8_t *pixels = tp_data(m->pixels), *labels = tp_data(m->labels);
    float *x = tp_data_mut(fields[0]);
    int64_t *y = tp_data_mut(fields[1]);
    const int64_t size = m->h * m->w;
    if (tp_failed())
        return tp_error_status();
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *plane = pixels + indices[i] * m->channels * size;
        for (int64_t c = 0; c < m->channels; c++, plane += size, x += size)
            for (int64_t j = 0; j < size; j++)
                x[j] = m->value[c][plane[j]];
        y[i] = labels[indices[i]];
    }
    return TP_OK;
}

static void images_drop(void *self)
{
    images *m = self;
    tp_release(m->pixels);
    tp_release(m->labels);
    tp_mem_free(m, sizeof *m);
}

static const tp_dataset_class images_class = {
    .size = sizeof(tp_dataset_class), .name = "Images", .count = images_count, .fields = images_fields, .get_batch = images_get_batch,
    .drop = images_drop,
};

tp_dataset *tp__image_dataset(tp_tensor *pixels, tp_tensor *labels, const double *mean, const double *deviation)
{
    if (tp_failed() || !pixels || !labels)
        return NULL;
    images *m = tp_mem_calloc(sizeof *m);
    if (!m)
        return NULL;
    m->pixels = tp_retain(pixels);
    m->labels = tp_retain(labels);
    m->count = tp_size(pixels, 0);
    m->channels = tp_ndim(pixels) == 4 ? tp_size(pixels, 1) : 1;
    m->h = tp_size(pixels, -2);
    m->w = tp_size(pixels, -1);
    assert(m->channels <= TP__MAX_CHANNELS);
    for (int64_t c = 0; c < m->channels; c++) {
        const float scale = (float)(1 / (255 * (deviation ? deviation[c] : 1))), shift = (float)(mean ? -mean[c] / deviation[c] : 0);
        for (int i = 0; i < 256; i++)
            m->value[c][i] = (float)i * scale + shift;
    }
    return tp_dataset_new(&images_class, m);
}

/* ---- Parts of a dataset ----------------------------------------------------------------------------------------------------- */

enum { AT_ONCE = 256 };                          /* indices translated on the stack */

typedef struct subset {
    tp_dataset *set;
    int64_t start, count;
    int64_t *indices;                            /* NULL: start, start + 1, .. */
} subset;

static int64_t subset_index(const subset *s, int64_t i) { return s->indices ? s->indices[i] : s->start + i; }
static int64_t subset_count(void *self) { return ((subset *)self)->count; }

static tp_status subset_get(void *self, int64_t index, tp_sample *out)
{
    const subset *s = self;
    return tp__dataset_get(s->set, subset_index(s, index), out);
}

static int subset_fields(void *self, tp_field *fields)
{
    const subset *s = self;
    return tp__dataset_class(s->set)->fields(tp__dataset_self(s->set), fields);
}

static tp_status subset_get_batch(void *self, const int64_t *indices, int64_t n, tp_tensor *const *fields)
{
    const subset *s = self;
    int64_t few[AT_ONCE], *own = n <= AT_ONCE ? few : tp_mem_alloc((size_t)n * sizeof *own);
    if (!own)
        return tp_error_status();
    for (int64_t i = 0; i < n; i++)
        own[i] = subset_index(s, indices[i]);
    const tp_status status = tp__dataset_class(s->set)->get_batch(tp__dataset_self(s->set), own, n, fields);
    if (own != few)
        tp_mem_free(own, (size_t)n * sizeof *own);
    return status;
}

static void subset_drop(void *self)
{
    subset *s = self;
    tp_dataset_free(s->set);
    tp_mem_free(s->indices, (size_t)s->count * sizeof *s->indices);
    tp_mem_free(s, sizeof *s);
}

static tp_dataset *new_subset(tp_dataset *set, int64_t start, int64_t count, const int64_t *indices)
{
    subset *s = tp_mem_calloc(sizeof *s);
    if (!s)
        return NULL;
    if (indices && count) {
        if (!(s->indices = tp_mem_alloc((size_t)count * sizeof *indices))) {
            tp_mem_free(s, sizeof *s);
            return NULL;
        }
        memcpy(s->indices, indices, (size_t)count * sizeof *indices);
    }
    s->set = tp_dataset_retain(set);
    s->start = start;
    s->count = count;
    tp_dataset_class type = { .size = sizeof type, .name = "Subset", .count = subset_count, .get = subset_get, .drop = subset_drop };
    if (tp__dataset_class(set)->get_batch) {     /* only as able as what it is part of */
        type.fields = subset_fields;
        type.get_batch = subset_get_batch;
    }
    return tp_dataset_new(&type, s);
}

tp_dataset *tp_subset(tp_dataset *set, int64_t start, int64_t count)
{
    if (tp_failed() || !tp__is_dataset(set, "subset"))
        return NULL;
    const int64_t all = tp_dataset_count(set);
    if (tp_failed())
        return NULL;
    if (start < 0 || count < 0 || start > all || count > all - start) {
        tp_fail(TP_ERR_INDEX, "subset: %lld samples from %lld on, of a dataset of %lld", (long long)count, (long long)start, (long long)all);
        return NULL;
    }
    return new_subset(set, start, count, NULL);
}

tp_dataset *tp_subset_of(tp_dataset *set, const int64_t *indices, int64_t n)
{
    if (tp_failed() || !tp__is_dataset(set, "subset_of"))
        return NULL;
    const int64_t all = tp_dataset_count(set);
    if (tp_failed())
        return NULL;
    if (n < 0 || (n > 0 && !indices)) {
        tp_fail(TP_ERR_ARGUMENT, "subset_of: %lld indices%s", (long long)n, indices ? "" : ", at NULL");
        return NULL;
    }
    for (int64_t i = 0; i < n; i++)
        if (indices[i] < 0 || indices[i] >= all) {
            tp_fail(TP_ERR_INDEX, "subset_of: index %lld (number %lld) of a dataset of %lld", (long long)indices[i], (long long)i, (long long)all);
            return NULL;
        }
    return new_subset(set, 0, n, indices);
}
