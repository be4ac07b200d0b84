/* embedding.c: a table of vectors, looked up by index. */
#include "layer.h"

typedef struct embedding { tp_module base; int64_t rows, width; tp_embedding_options options; tp_tensor *weight; } embedding;

static tp_tensor *embedding_forward(tp_module *self, tp_tensor *x)
{
    embedding *m = (embedding *)self;
    return tp_embedding_with(x, m->weight, &m->options);                 /* [..] -> [.., width] */
}

static void embedding_describe(tp_module *self, char *out, size_t size)
{
    const embedding *m = (const embedding *)self;
    const int used = snprintf(out, size, "%lld, %lld", (long long)m->rows, (long long)m->width);
    if (m->options.padding_idx != TP_NONE && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", padding_idx=%lld", (long long)m->options.padding_idx);
}

static const tp_module_class embedding_class = {
    .size = sizeof(tp_module_class), .opaque = true, .type = "Embedding", .forward = embedding_forward, .describe = embedding_describe,
};

tp_module *tp_nn_embedding_with(int64_t rows, int64_t width, const tp_nn_embedding_options *options)
{
    TP__TAKE(nn_embedding, o, options);
    int64_t padding = o.padding_idx;
    if (rows < 0 || width < 0) {
        tp_fail(TP_ERR_ARGUMENT, "nn_embedding: sizes must not be negative: %lld rows of %lld", (long long)rows, (long long)width);
        return NULL;
    }
    if (padding != TP_NONE && (padding < -rows || padding >= rows)) {
        tp_fail(TP_ERR_ARGUMENT, "nn_embedding: padding_idx %lld is out of range for %lld rows", (long long)padding, (long long)rows);
        return NULL;
    }
    if (padding != TP_NONE && padding < 0) padding += rows;
    TP_SCOPE();
    embedding *m = tp_module_new_class(embedding, &embedding_class);
    if (!m) return NULL;
    m->rows = rows;
    m->width = width;
    m->options = (tp_embedding_options)TP__BRACES(embedding, );
    m->options.padding_idx = padding;
    tp_tensor *weight = tp_randn(TP_SHAPE(rows, width), .dtype = o.dtype, .device = o.device);
    if (padding != TP_NONE) tp_zero_(tp_select(weight, 0, padding));     /* before it requires grad; a failure is pending */
    m->weight = tp_add_parameter(m, "weight", weight);
    return tp_module_done(m);
}

tp_tensor *tp_embedding_row(tp_module *table, int64_t index)
{
    if (!table || tp_failed()) return NULL;
    if (table->base.object.kind != TP_KIND_MODULE || table->base.cls->forward != embedding_forward) {
        tp_fail(TP_ERR_ARGUMENT, "embedding_row: the module is not an Embedding");
        return NULL;
    }
    embedding *m = (embedding *)table;
    if (index < 0 || index >= m->rows) {
        tp_fail(TP_ERR_INDEX, "embedding_row: index %lld is out of range for %lld rows", (long long)index, (long long)m->rows);
        return NULL;
    }
    TP_SCOPE();
    tp_tensor *at = tp_to(tp_from_data(&index, TP_I64, (tp_shape){ .ndim = 0 }), tp_device_of(m->weight));
    return tp_escape(tp_forward_at(table, at, NULL));
}

typedef struct given { int64_t rows, width; tp_nn_embedding_options o; } given;

static tp_module *make(const void *arg)
{
    const given *g = arg;
    return tp_nn_embedding_with(g->rows, g->width, &g->o);
}

static const given initial = { .o = TP__BRACES(nn_embedding, ) };

const tp__layer tp__layer_embedding = {
    "Embedding",
    { { "num_embeddings", TP__PARAM_INT, offsetof(given, rows), true }, { "embedding_dim", TP__PARAM_INT, offsetof(given, width), true },
      { "padding_idx", TP__PARAM_INT, offsetof(given, o.padding_idx), false }, { "max_norm", TP__PARAM_ABSENT, 0, false },
      { "norm_type", TP__PARAM_ABSENT, 0, false }, { "scale_grad_by_freq", TP__PARAM_FALSE, 0, false },
      { "sparse", TP__PARAM_FALSE, 0, false }, { "_weight", TP__PARAM_ABSENT, 0, false }, { "_freeze", TP__PARAM_FALSE, 0, false },
      { "device", TP__PARAM_DEVICE, offsetof(given, o.device), false }, { "dtype", TP__PARAM_DTYPE, offsetof(given, o.dtype), false } },
    &initial, sizeof initial, make,
};
