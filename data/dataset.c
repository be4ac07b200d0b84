/* dataset.c: the dataset object: a class, its self, and a count of users. */
#include <stdatomic.h>
#include <string.h>
#include "dataset.h"

struct tp_dataset {
    tp_object object;
    _Atomic int64_t users;
    tp_dataset_class type;
    void *self;
};

static void destroy(void *set) { tp_dataset_free(set); }

static tp_status check_class(const tp_dataset_class *given, tp_dataset_class *type)
{
    if (!given || given->size == 0)
        return tp_fail(TP_ERR_ARGUMENT, "dataset_new: the class has no .size; give it .size = sizeof(tp_dataset_class)");
    if (given->size > sizeof *type)
        return tp_fail(TP_ERR_ARGUMENT, "dataset_new: the class has %zu bytes, this library knows %zu: it is older than the header",
                       given->size, sizeof *type);
    memset(type, 0, sizeof *type);
    memcpy(type, given, given->size);
    if (!type->name)
        type->name = "Dataset";
    if (!type->count)
        return tp_fail(TP_ERR_ARGUMENT, "dataset_new: %s has no .count", type->name);
    if (!type->get && !type->get_batch)
        return tp_fail(TP_ERR_ARGUMENT, "dataset_new: %s has neither .get nor .get_batch", type->name);
    if (type->get_batch && !type->fields)
        return tp_fail(TP_ERR_ARGUMENT, "dataset_new: %s has .get_batch but no .fields to say what it fills", type->name);
    return TP_OK;
}

tp_dataset *tp_dataset_new(const tp_dataset_class *type, void *self)
{
    tp_dataset_class checked = { 0 };
    tp_dataset *set = NULL;
    if (tp_failed() || check_class(type, &checked) != TP_OK || !(set = tp_mem_calloc(sizeof *set))) {
        if (type && type->size >= offsetof(tp_dataset_class, drop) + sizeof type->drop && type->drop)
            type->drop(self);
        return NULL;
    }
    set->object = (tp_object){ .kind = TP_KIND_DATASET, .destroy = destroy };
    set->users = 1;
    set->type = checked;
    set->self = self;
    return set;
}

bool tp__is_dataset(tp_dataset *set, const char *op)
{
    if (set && set->object.kind == TP_KIND_DATASET)
        return true;
    tp_fail(TP_ERR_ARGUMENT, set ? "%s: this is no dataset, or it was freed" : "%s: the dataset is NULL", op);
    return false;
}

const tp_dataset_class *tp__dataset_class(tp_dataset *set) { return &set->type; }
void *tp__dataset_self(tp_dataset *set) { return set->self; }

tp_dataset *tp_dataset_retain(tp_dataset *set)
{
    if (!tp__is_dataset(set, "dataset_retain"))
        return NULL;
    atomic_fetch_add(&set->users, 1);
    return set;
}

void tp_dataset_free(tp_dataset *set)
{
    if (!set || !tp__is_dataset(set, "dataset_free") || atomic_fetch_sub(&set->users, 1) > 1)
        return;
    if (set->type.drop)
        set->type.drop(set->self);
    set->object.kind = TP_KIND_DEAD;
    tp_mem_free(set, sizeof *set);
}

tp_status tp__dataset_failed(tp_dataset *set, const char *what, tp_status status)
{
    if (tp_failed())
        return tp_error_status();
    return tp_fail(status < 0 ? status : TP_ERR_STATE, "dataset: %s of %s failed and did not say why", what, set->type.name);
}

int64_t tp_dataset_count(tp_dataset *set)
{
    if (!tp__is_dataset(set, "dataset_count"))
        return 0;
    const int64_t n = set->type.count(set->self);
    if (n >= 0)
        return n;
    tp__dataset_failed(set, "count", (tp_status)(n < TP_ERR_SYSTEM ? TP_ERR_STATE : n));
    return 0;
}

/* A dataset that has get_batch alone gives a sample as a batch of one. */
static tp_status get_batch_of_one(tp_dataset *set, int64_t index, tp_sample *out)
{
    tp_field fields[TP_MAX_FIELDS];
    tp_tensor *batch[TP_MAX_FIELDS] = { NULL };
    const int n = set->type.fields(set->self, fields);
    if (n < 1 || n > TP_MAX_FIELDS)
        return tp__dataset_failed(set, "fields", (tp_status)n);
    for (int i = 0; i < n; i++) {
        tp_shape shape = { .dim = { 1 }, .ndim = fields[i].shape.ndim + 1 };
        memcpy(shape.dim + 1, fields[i].shape.dim, (TP_MAX_DIMS - 1) * sizeof *shape.dim);
        if (!(batch[i] = tp_empty(shape, .dtype = fields[i].dtype)))
            return tp_error_status();
    }
    const tp_status status = set->type.get_batch(set->self, &index, 1, batch);
    if (status != TP_OK || tp_failed())
        return tp__dataset_failed(set, "get_batch", status);
    for (int i = 0; i < n; i++)
        out->field[i] = tp_select(batch[i], 0, 0);
    out->n_fields = n;
    return TP_OK;
}

tp_status tp__dataset_get(tp_dataset *set, int64_t index, tp_sample *out)
{
    *out = (tp_sample){ .n_fields = 0 };
    const tp_status status = set->type.get ? set->type.get(set->self, index, out) : get_batch_of_one(set, index, out);
    bool whole = status == TP_OK && !tp_failed();
    if (whole && (out->n_fields < 1 || out->n_fields > TP_MAX_FIELDS))
        whole = !tp_fail(TP_ERR_ARGUMENT, "dataset: %s gave %lld fields for sample %lld, not 1 to %d", set->type.name,
                         (long long)out->n_fields, (long long)index, TP_MAX_FIELDS);
    for (int i = 0; whole && i < out->n_fields; i++)
        if (!out->field[i])
            whole = !tp_fail(TP_ERR_ARGUMENT, "dataset: %s gave NULL as field %d of sample %lld", set->type.name, i, (long long)index);
    if (whole)
        return TP_OK;
    *out = (tp_sample){ .n_fields = 0 };
    return tp__dataset_failed(set, "get", status);
}

tp_status tp_dataset_get(tp_dataset *set, int64_t index, tp_sample *out)
{
    if (!out)
        return tp_fail(TP_ERR_ARGUMENT, "dataset_get: the sample is NULL");
    *out = (tp_sample){ .n_fields = 0 };
    if (tp_failed() || !tp__is_dataset(set, "dataset_get"))
        return tp_error_status();
    const int64_t count = tp_dataset_count(set);
    if (tp_failed())
        return tp_error_status();
    if (index < 0 || index >= count)
        return tp_fail(TP_ERR_INDEX, "dataset_get: sample %lld of %s, which has %lld", (long long)index, set->type.name, (long long)count);
    return tp__dataset_get(set, index, out);
}
