/* batch.c: makes one batch in a slot. A dataset that fills batches writes into the slot's buffers; samples of another are copied
 * there one by one; a collate function of the user's makes tensors of its own. */
#include <stdio.h>
#include <string.h>
#include "loader.h"

enum { SHAPE_TEXT = 160 };
static const uint64_t SAMPLES = 0x8C5FB1B97F4A7C15u;   /* keeps the streams of samples apart from those of threads of the same seed */

static const char *shape_text(tp_shape shape, char *text)
{
    int at = snprintf(text, SHAPE_TEXT, "[");
    for (int i = 0; i < shape.ndim && at < SHAPE_TEXT - 24; i++)
        at += snprintf(text + at, (size_t)(SHAPE_TEXT - at), i ? ", %lld" : "%lld", (long long)shape.dim[i]);
    snprintf(text + at, (size_t)(SHAPE_TEXT - at), "]");
    return text;
}

static bool same_shape(tp_shape a, tp_shape b)
{
    return a.ndim == b.ndim && memcmp(a.dim, b.dim, (size_t)a.ndim * sizeof *a.dim) == 0;
}

static bool can_be_reused(tp_tensor *x, tp_dtype dtype, tp_shape shape)
{
    return x && tp_is_sole(x) && tp_dtype_of(x) == dtype && tp_device_of(x) == TP_CPU && same_shape(tp_shape_of(x), shape)
        && tp_is_contiguous(x) && !tp_needs_grad(x) && !tp_grad_of(x);
}

void tp__slot_empty(tp__slot *slot)
{
    for (int i = 0; i < TP_MAX_FIELDS; i++) {
        tp_release(slot->field[i]);
        slot->field[i] = NULL;
    }
    slot->n_fields = 0;
}

/* The slot's field i becomes a buffer of that shape: the old one, or a new one when that is in use or does not fit. */
static tp_status buffer(const tp__recipe *recipe, tp__slot *slot, int64_t i, tp_dtype dtype, tp_shape shape)
{
    if (can_be_reused(slot->field[i], dtype, shape))
        return TP_OK;
    tp_release(slot->field[i]);
    slot->field[i] = tp_retain(tp_empty(shape, .dtype = dtype, .pinned = recipe->pinned));
    return tp_error_status();
}

static tp_status prepare(const tp__recipe *recipe, tp__slot *slot, int64_t i, tp_dtype dtype, tp_shape sample)
{
    if (sample.ndim < 0 || sample.ndim >= TP_MAX_DIMS)
        return tp_fail(TP_ERR_SHAPE, "data_loader: field %lld of a sample has %d dims; with that of the batch they are over %d",
                       (long long)i, sample.ndim, TP_MAX_DIMS);
    tp_shape shape = { .dim = { slot->size }, .ndim = sample.ndim + 1 };
    memcpy(shape.dim + 1, sample.dim, (size_t)sample.ndim * sizeof *sample.dim);
    return buffer(recipe, slot, i, dtype, shape);
}

static tp_status fill(const tp__recipe *recipe, tp__slot *slot)
{
    const tp_dataset_class *type = tp__dataset_class(recipe->set);
    tp_field fields[TP_MAX_FIELDS];
    const int n = type->fields(tp__dataset_self(recipe->set), fields);
    if (n < 1 || n > TP_MAX_FIELDS || tp_failed())
        return tp__dataset_failed(recipe->set, "fields", (tp_status)n);
    for (int i = 0; i < n; i++)
        if (prepare(recipe, slot, i, fields[i].dtype, fields[i].shape) != TP_OK)
            return tp_error_status();
    slot->n_fields = n;
    tp_rng_seed(recipe->seed ^ SAMPLES, slot->first);
    const tp_status status = type->get_batch(tp__dataset_self(recipe->set), slot->indices, slot->size, slot->field);
    return status == TP_OK && !tp_failed() ? TP_OK : tp__dataset_failed(recipe->set, "get_batch", status);
}

/* Sample `at` of the batch fits what the first one set up. */
static tp_status check_sample(const tp__slot *slot, int64_t at, const tp_sample *sample)
{
    if (sample->n_fields != slot->n_fields)
        return tp_fail(TP_ERR_SHAPE, "data_loader: sample %lld has %lld fields, sample %lld of the same batch has %lld", (long long)slot->indices[at],
                       (long long)sample->n_fields, (long long)slot->indices[0], (long long)slot->n_fields);
    for (int64_t i = 0; i < sample->n_fields; i++) {
        tp_shape expected = tp_shape_of(slot->field[i]);
        const tp_shape shape = tp_shape_of(sample->field[i]);
        const tp_dtype dtype = tp_dtype_of(sample->field[i]), wanted = tp_dtype_of(slot->field[i]);
        memmove(expected.dim, expected.dim + 1, (size_t)--expected.ndim * sizeof *expected.dim);
        char a[SHAPE_TEXT], b[SHAPE_TEXT];
        if (!same_shape(shape, expected))
            return tp_fail(TP_ERR_SHAPE, "data_loader: sample %lld has %s as field %lld, sample %lld of the same batch %s; a .collate can join them",
                           (long long)slot->indices[at], shape_text(shape, a), (long long)i, (long long)slot->indices[0], shape_text(expected, b));
        if (dtype != wanted)
            return tp_fail(TP_ERR_DTYPE, "data_loader: sample %lld has %s as field %lld, sample %lld of the same batch %s",
                           (long long)slot->indices[at], tp_dtype_name(dtype), (long long)i, (long long)slot->indices[0], tp_dtype_name(wanted));
    }
    return TP_OK;
}

static tp_status stack_sample(const tp__recipe *recipe, tp__slot *slot, int64_t at, char **base)
{
    TP_SCOPE();
    tp_sample sample;
    tp_rng_seed(recipe->seed ^ SAMPLES, slot->first + (uint64_t)at);
    if (tp__dataset_get(recipe->set, slot->indices[at], &sample) != TP_OK)
        return tp_error_status();
    for (int64_t i = 0; at == 0 && i < sample.n_fields; i++) {
        if (prepare(recipe, slot, i, tp_dtype_of(sample.field[i]), tp_shape_of(sample.field[i])) != TP_OK)
            return tp_error_status();
        base[i] = tp_data_mut(slot->field[i]);
        slot->n_fields = i + 1;
    }
    if (tp_failed() || check_sample(slot, at, &sample) != TP_OK)
        return tp_error_status();
    for (int64_t i = 0; i < sample.n_fields; i++) {
        const size_t bytes = (size_t)tp_numel(sample.field[i]) * tp_dtype_size(tp_dtype_of(sample.field[i]));
        if (bytes && tp_copy_to(sample.field[i], base[i] + (size_t)at * bytes, bytes) != TP_OK)
            return tp_error_status();
    }
    return TP_OK;
}

static tp_status stack(const tp__recipe *recipe, tp__slot *slot)
{
    char *base[TP_MAX_FIELDS] = { NULL };
    for (int64_t i = 0; i < slot->size; i++)
        if (stack_sample(recipe, slot, i, base) != TP_OK)
            return tp_error_status();
    return TP_OK;
}

/* What the user's function made is in memory of its own, which a copy to the device would have to be waited for. */
static tp_status take_joined(const tp__recipe *recipe, tp__slot *slot, int64_t i, tp_tensor *x)
{
    if (recipe->pinned && tp_device_of(x) == TP_CPU && !tp_is_pinned(x)) {
        if (buffer(recipe, slot, i, tp_dtype_of(x), tp_shape_of(x)) != TP_OK)
            return tp_error_status();
        if (tp_is_pinned(slot->field[i]))
            return tp_copy_(slot->field[i], tp_detach(x)) ? TP_OK : tp_error_status();
    }
    tp_release(slot->field[i]);
    slot->field[i] = tp_retain(x);
    return TP_OK;
}

static tp_status collate(const tp__recipe *recipe, tp__slot *slot)
{
    const size_t bytes = (size_t)slot->size * sizeof(tp_sample);
    tp_sample joined = { .n_fields = 0 }, *samples = tp_mem_alloc(bytes);
    tp_status status = samples ? TP_OK : tp_error_status();
    for (int64_t i = 0; i < slot->size && status == TP_OK; i++) {
        tp_rng_seed(recipe->seed ^ SAMPLES, slot->first + (uint64_t)i);
        status = tp__dataset_get(recipe->set, slot->indices[i], &samples[i]);
    }
    if (status == TP_OK) {
        status = recipe->collate(recipe->collate_arg, samples, slot->size, &joined);
        if (status != TP_OK && !tp_failed())
            tp_fail(status, "data_loader: the collate function failed and did not say why");
        else if (joined.n_fields < 1 || joined.n_fields > TP_MAX_FIELDS)
            tp_fail(TP_ERR_ARGUMENT, "data_loader: the collate function gave %lld fields, not 1 to %d", (long long)joined.n_fields, TP_MAX_FIELDS);
        for (int64_t i = 0; i < joined.n_fields && !tp_failed(); i++)
            if (!joined.field[i])
                tp_fail(TP_ERR_ARGUMENT, "data_loader: the collate function gave NULL as field %lld", (long long)i);
    }
    tp_mem_free(samples, bytes);
    if (tp_failed())
        return tp_error_status();
    for (int64_t i = 0; i < joined.n_fields; i++)
        if (take_joined(recipe, slot, i, joined.field[i]) != TP_OK)
            return tp_error_status();
    for (int64_t i = joined.n_fields; i < TP_MAX_FIELDS; i++) {
        tp_release(slot->field[i]);
        slot->field[i] = NULL;
    }
    slot->n_fields = joined.n_fields;
    return TP_OK;
}

void tp__batch_make(const tp__recipe *recipe, tp__slot *slot)
{
    TP_SCOPE();
    TP_NO_GRAD();
    slot->n_fields = 0;
    if (recipe->collate)
        collate(recipe, slot);
    else if (tp__dataset_class(recipe->set)->get_batch)
        fill(recipe, slot);
    else
        stack(recipe, slot);
    slot->failed = tp_error_take(&slot->error);
}
