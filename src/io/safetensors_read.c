/* src/io/safetensors_read.c: what is in an open file. Tensors are made over the mapping, which each of them counts. */
#include "safetensors.h"

static const tp__entry *entry_at(const tp_safetensors *f, int64_t i) { return f && i >= 0 && i < f->n ? &f->entries[i] : NULL; }

int64_t tp_safetensors_count(const tp_safetensors *f) { return f ? f->n : 0; }

const char *tp_safetensors_name(const tp_safetensors *f, int64_t i)
{
    const tp__entry *const e = entry_at(f, i);
    return e ? e->name : NULL;
}

tp_dtype tp_safetensors_dtype(const tp_safetensors *f, int64_t i)
{
    const tp__entry *const e = entry_at(f, i);
    return e ? e->dtype : TP_DTYPE_DEFAULT;
}

tp_shape tp_safetensors_shape(const tp_safetensors *f, int64_t i)
{
    const tp__entry *const e = entry_at(f, i);
    return e ? e->shape : (tp_shape){ .ndim = 0 };
}

int64_t tp_safetensors_find(const tp_safetensors *f, const char *name)
{
    int64_t low = 0, high = tp_safetensors_count(f);
    while (name && low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int order = strcmp(name, f->sorted[middle]->name);
        if (order == 0)
            return f->sorted[middle] - f->entries;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int64_t tp_safetensors_metadata_count(const tp_safetensors *f) { return f ? f->n_metadata : 0; }

tp_metadata tp_safetensors_metadata_at(const tp_safetensors *f, int64_t i)
{
    return i >= 0 && i < tp_safetensors_metadata_count(f) ? f->metadata[i] : (tp_metadata){ NULL, NULL };
}

const char *tp_safetensors_metadata(const tp_safetensors *f, const char *key)
{
    for (int64_t i = 0; key && i < tp_safetensors_metadata_count(f); i++)
        if (strcmp(f->metadata[i].key, key) == 0)
            return f->metadata[i].value;
    return NULL;
}

tp_tensor *tp_safetensors_tensor(tp_safetensors *f, int64_t i)
{
    const tp__entry *const e = entry_at(f, i);
    if (!e) {
        if (f)                                 /* a file that did not open has said so */
            tp_fail(TP_ERR_INDEX, "safetensors_tensor: entry %lld of %lld", (long long)i, (long long)f->n);
        return NULL;
    }
    if (!e->dtype) {
        tp_fail(TP_ERR_DTYPE, "safetensors_tensor: \"%s\" is %s, which Taper lacks", tp__quote(e->name).text, e->dtype_text);
        return NULL;
    }
    return tp__mapping_tensor("safetensors_tensor", e->name, f->map, (size_t)(f->data - f->map->at + e->begin), e->dtype, e->shape);
}

tp_tensor *tp_safetensors_get(tp_safetensors *f, const char *name)
{
    const int64_t i = tp_safetensors_find(f, name);
    if (i < 0 && f) {
        tp_fail(TP_ERR_ARGUMENT, "safetensors_get: there is no entry \"%s\"", name ? tp__quote(name).text : "NULL");
        return NULL;
    }
    return tp_safetensors_tensor(f, i);
}
