/* view.c: whether an output shares memory with an input just where PyTorch's does, and lies in it the same way. */
#include "parity.h"

#include <stdlib.h>

static bool same_geometry(tp_tensor *x, const json_t *text)
{
    const json_t *strides = json_object_get(text, "strides");
    bool same = json_array_size(strides) == (size_t)tp_ndim(x) && json_integer_value(json_object_get(text, "offset")) == tp_storage_offset(x);
    for (int i = 0; same && i < tp_ndim(x); i++) same = json_integer_value(json_array_get(strides, (size_t)i)) == tp_stride(x, i);
    return same;
}

static const char *geometry_text(tp_tensor *x, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "strides [");
    for (int i = 0; i < tp_ndim(x) && n < size; i++) n += (size_t)snprintf(out + n, size - n, "%s%lld", i ? ", " : "", (long long)tp_stride(x, i));
    if (n < size) snprintf(out + n, size - n, "], offset %lld", (long long)tp_storage_offset(x));
    return out;
}

void check_view(sample *s, const char *what, tp_tensor *got, const json_t *text)
{
    const char *of = text_at(text, "view_of");
    tp_tensor *source = sample_leaf(s, of);
    char is[256];
    if (!tp_numel(got)) return;                        /* shares nothing with anything */
    if (of && !source) damaged(s, "a view of no input");
    for (int i = 0; i < s->n_leaves; i++) {
        tp_tensor *x = s->leaves[i].tensor;
        const char *dot = strrchr(s->leaves[i].name, '.'), *name = dot ? dot + 1 : s->leaves[i].name;
        if (x != source && tp_shares_storage(got, x)) differ(s, "%s: it shares the memory of %s, and PyTorch's does not", what, name);
        if (x != source) continue;
        if (!tp_shares_storage(got, x)) {
            differ(s, "%s: it is no view of %s, and PyTorch's is", what, name);
        } else if (!same_geometry(got, text)) {
            char *should = json_dumps(json_object_get(text, "strides"), JSON_COMPACT);
            differ(s, "%s: it has %s, and not %s, %lld", what, geometry_text(got, is, sizeof is), should ? should : "?",
                   (long long)json_integer_value(json_object_get(text, "offset")));
            free(should);
        }
    }
}
