/* embedding.c: tables of vectors, looked up by index; and sums, means or the greatest of several.
 *
 * The table begins normal(0, 1), with zeros in the row of padding_idx. */
#include "layer.h"

#include <math.h>

typedef struct embedding {
    tp_module base;
    int64_t rows, width, padding_idx;
    double max_norm, norm_type;
    bool scale_grad_by_freq, sparse;
    tp_tensor *given;                                  /* a table to begin from */
    bool freeze;
    tp_device device;
    tp_dtype dtype;
    tp_embedding_options options;
    tp_tensor *weight;
} embedding;

typedef struct bag {
    tp_module base;
    int64_t rows, width;
    double max_norm, norm_type;
    bool scale_grad_by_freq;
    int32_t mode;
    bool sparse;
    tp_tensor *given;
    bool include_last_offset;
    int64_t padding_idx;
} bag;

static tp_tensor *add_table(tp_module *self, int64_t rows, int64_t width, int64_t *padding_idx, tp_tensor *given)
{
    if (rows < 0 || width < 0) return tp__misfit(self, "sizes must not be negative: %lld rows of %lld", (long long)rows, (long long)width), NULL;
    if (*padding_idx != TP_NONE && (*padding_idx < -rows || *padding_idx >= rows))
        return tp__misfit(self, "padding_idx %lld is out of range for %lld rows", (long long)*padding_idx, (long long)rows), NULL;
    if (*padding_idx != TP_NONE && *padding_idx < 0) *padding_idx += rows;
    if (given && (tp_ndim(given) != 2 || tp_size(given, 0) != rows || tp_size(given, 1) != width))
        return tp__misfit(self, "_weight is not [%lld, %lld]", (long long)rows, (long long)width), NULL;
    if (given) return (tp_add_parameter)(self, "weight", tp_detach(given));       /* shares its memory */
    tp_tensor *weight = tp__add_normal(self, "weight", TP_SHAPE(rows, width));
    TP_NO_GRAD();
    if (weight && *padding_idx != TP_NONE) tp_zero_(tp_select(weight, 0, *padding_idx));
    return weight;
}

static tp_status embedding_init(tp_module *self)
{
    embedding *m = (embedding *)self;
    m->weight = add_table(self, m->rows, m->width, &m->padding_idx, m->given);
    m->given = NULL;
    if (!m->weight) return tp_error_status();
    m->options = (tp_embedding_options)TP__BRACES(embedding, );
    m->options.padding_idx = m->padding_idx;
    m->options.max_norm = isnan(m->max_norm) ? 0 : m->max_norm;
    m->options.norm_type = m->norm_type;
    m->options.scale_grad_by_freq = m->scale_grad_by_freq;
    m->options.sparse = m->sparse;
    return m->freeze ? tp_requires_grad(m->weight, false) : TP_OK;
}

static tp_tensor *embedding_forward(tp_module *self, tp_tensor *x)
{
    embedding *m = (embedding *)self;
    return tp_embedding_with(x, m->weight, &m->options);                 /* [..] -> [.., width] */
}

static tp_status bag_init(tp_module *self)
{
    bag *m = (bag *)self;
    const bool good = add_table(self, m->rows, m->width, &m->padding_idx, m->given) != NULL;
    m->given = NULL;
    return good ? TP_OK : tp_error_status();
}

#define TABLE TP__WITH_INT(num_embeddings, rows), TP__WITH_INT(embedding_dim, width), TP__WITH_INT_OR_NONE(padding_idx, o.padding_idx), \
    TP__WITH_REAL_UNLESS(max_norm, o.max_norm, o.max_norm == 0), TP__WITH_REAL(norm_type, o.norm_type), \
    TP__WITH_BOOL(scale_grad_by_freq, o.scale_grad_by_freq), TP__WITH_BOOL(sparse, o.sparse), TP__WITH_PLACE(o)

tp_module *tp_nn_embedding_with(int64_t rows, int64_t width, const tp_nn_embedding_options *options)
{
    TP__TAKE(nn_embedding, o, options);
    return TP__MAKE("Embedding", TABLE);
}

tp_module *tp_nn_embedding_bag_with(int64_t rows, int64_t width, const tp_nn_embedding_bag_options *options)
{
    static const char *const modes[] = { "mean", "mean", "sum", "max" };
    TP__TAKE(nn_embedding_bag, o, options);
    return TP__MAKE("EmbeddingBag", TABLE, TP__WITH_STRING(mode, (unsigned)o.mode < 4 ? modes[o.mode] : ""),
                    TP__WITH_BOOL(include_last_offset, o.include_last_offset));
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

const tp__layer tp__nn_embedding[] = {
    { "Embedding(int num_embeddings, int embedding_dim, int? padding_idx=none, float? max_norm=none, float norm_type=2, "
      "bool scale_grad_by_freq=false, bool sparse=false, Tensor? _weight=none, bool _freeze=false, device device=none, dtype dtype=none)",
      sizeof(embedding), embedding_init, embedding_forward, .shows = ":num_embeddings :embedding_dim ?padding_idx ?max_norm ?norm_type "
      "?scale_grad_by_freq ?sparse", TP__LAYER },
    { "EmbeddingBag(int num_embeddings, int embedding_dim, float? max_norm=none, float norm_type=2, bool scale_grad_by_freq=false, "
      "string{sum,mean,max} mode=mean, bool sparse=false, Tensor? _weight=none, bool include_last_offset=false, int? padding_idx=none, "
      "device device=none, dtype dtype=none)", .init = bag_init, .op = "embedding_bag", .inputs = "input, offsets?, per_sample_weights?",
      .shows = ":num_embeddings :embedding_dim ?max_norm ?norm_type ?scale_grad_by_freq ?sparse mode ?padding_idx", TP__LAYER },
    { .schema = NULL },
};
