/* transformer.c: layers of attention and two products, stacks of them, and encoder and decoder together (Vaswani et al. 2017).
 *
 *   encoder layer   x = norm1(x + attention(x));  x = norm2(x + feed(x))                    feed: linear2(activation(linear1(x)))
 *   decoder layer   x = norm1(x + attention(x));  x = norm2(x + attention(x, memory));  x = norm3(x + feed(x))
 *
 * With norm_first each norm comes before its part instead of after the sum. */
#include "layer.h"
#include "module.h"

#include <math.h>
#include <string.h>

/* ---- One layer -------------------------------------------------------------------------------------------------------------------- */

typedef struct block {
    tp_module base;
    int64_t width, heads, feed;
    double dropout;
    int32_t activation;
    double eps;
    bool batch_first, norm_first, bias;
    tp_device device;
    tp_dtype dtype;
    tp_module *self_attn, *cross_attn, *linear1, *linear2, *drop, *norms[3], *drops[3];
} block;

enum { RELU = 1, GELU };

static tp_module *make_attention(const block *m)
{
    return TP__MAKE("MultiheadAttention", TP__WITH_INT(embed_dim, m->width), TP__WITH_INT(num_heads, m->heads), TP__WITH_REAL(dropout, m->dropout),
                    TP__WITH_BOOL(bias, m->bias), TP__WITH_BOOL(batch_first, m->batch_first), TP__WITH_PLACE(*m));
}

static tp_module *make_linear(const block *m, int64_t in, int64_t out)
{
    return TP__MAKE("Linear", TP__WITH_INT(in_features, in), TP__WITH_INT(out_features, out), TP__WITH_BOOL(bias, m->bias), TP__WITH_PLACE(*m));
}

static tp_status block_init(tp_module *self, int parts)
{
    block *m = (block *)self;
    m->self_attn = tp_add_child(self, "self_attn", make_attention(m));
    if (parts == 3) m->cross_attn = tp_add_child(self, "multihead_attn", make_attention(m));
    m->linear1 = tp_add_child(self, "linear1", make_linear(m, m->width, m->feed));
    m->drop = tp_add_child(self, "dropout", TP__MAKE("Dropout", TP__WITH_REAL(p, m->dropout)));
    m->linear2 = tp_add_child(self, "linear2", make_linear(m, m->feed, m->width));
    for (int i = 0; i < parts; i++)
        m->norms[i] = tp_add_child(self, ((const char *[]){ "norm1", "norm2", "norm3" })[i],
                                   TP__MAKE("LayerNorm", TP__WITH_INT(normalized_shape, m->width), TP__WITH_REAL(eps, m->eps),
                                            TP__WITH_BOOL(bias, m->bias), TP__WITH_PLACE(*m)));
    for (int i = 0; i < parts; i++)
        m->drops[i] = tp_add_child(self, ((const char *[]){ "dropout1", "dropout2", "dropout3" })[i], TP__MAKE("Dropout", TP__WITH_REAL(p, m->dropout)));
    return TP_OK;
}

static tp_status encoder_layer_init(tp_module *self) { return block_init(self, 2); }
static tp_status decoder_layer_init(tp_module *self) { return block_init(self, 3); }

/* What a part of a layer is called with: absent ones are of kind none. */
typedef struct masks { tp_arg attn, padding, causal; } masks;

static tp_arg given(const char *name, const tp_arg *arg)
{
    tp_arg out = arg ? *arg : (tp_arg){ .kind = TP_ARG_NONE };
    out.name = name;
    return out;
}

static masks masks_of(const tp_arg *attn, const tp_arg *padding, const tp_arg *causal)
{
    return (masks){ given("attn_mask", attn), given("key_padding_mask", padding), given("is_causal", causal) };
}

static tp_tensor *attend(tp_module *attention, tp_tensor *x, tp_tensor *memory, const masks *mask)
{
    tp_tensor *y = NULL;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = memory },
        { .kind = TP_ARG_TENSOR, .value.tensor = memory }, mask->attn, mask->padding, mask->causal, TP__WITH_BOOL(need_weights, false) };
    return tp_call_at(attention, args, 7, &y, 1, NULL, NULL) == TP_OK ? y : NULL;
}

static tp_tensor *feed(const block *m, tp_tensor *x)
{
    tp_tensor *y = tp_forward_at(m->linear1, x, NULL);
    y = m->activation == GELU ? tp_gelu(y) : tp_relu(y);
    return tp_forward_at(m->linear2, tp_forward_at(m->drop, y, NULL), NULL);
}

/* Part i: x plus what it makes of x, with the norm before or after. memory: NULL for x itself. */
static tp_tensor *attention_part(const block *m, int i, tp_module *attention, tp_tensor *x, tp_tensor *memory, const masks *mask)
{
    tp_tensor *in = m->norm_first ? tp_forward_at(m->norms[i], x, NULL) : x;
    tp_tensor *y = tp_add(x, tp_forward_at(m->drops[i], attend(attention, in, memory ? memory : in, mask), NULL));
    return m->norm_first ? y : tp_forward_at(m->norms[i], y, NULL);
}

static tp_tensor *feed_part(const block *m, int i, tp_tensor *x)
{
    tp_tensor *in = m->norm_first ? tp_forward_at(m->norms[i], x, NULL) : x;
    tp_tensor *y = tp_add(x, tp_forward_at(m->drops[i], feed(m, in), NULL));
    return m->norm_first ? y : tp_forward_at(m->norms[i], y, NULL);
}

static tp_status give(tp_tensor *y, tp_tensor **outs, int max, int *n_out)
{
    (void)max;                                         /* at least 1, as for all layers */
    if (!y) return tp_error_status();
    outs[0] = y;
    *n_out = 1;
    return TP_OK;
}

#define ENCODER_INPUTS "src, src_mask?, src_key_padding_mask?, is_causal?"
#define DECODER_INPUTS "tgt, memory, tgt_mask?, memory_mask?, tgt_key_padding_mask?, memory_key_padding_mask?, tgt_is_causal?, memory_is_causal?"

static tp_status encoder_layer_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const block *m = (const block *)self;
    const tp_arg *in[4];
    const tp_status status = tp__inputs(self, ENCODER_INPUTS, args, n, in);
    tp_tensor *x = status ? NULL : tp__input_tensor(self, in[0], "src");
    if (!x) return tp_error_status();
    const masks mask = masks_of(in[1], in[2], in[3]);
    return give(feed_part(m, 1, attention_part(m, 0, m->self_attn, x, NULL, &mask)), outs, max, n_out);
}

static tp_status decoder_layer_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const block *m = (const block *)self;
    const tp_arg *in[8];
    const tp_status status = tp__inputs(self, DECODER_INPUTS, args, n, in);
    tp_tensor *x = status ? NULL : tp__input_tensor(self, in[0], "tgt"), *memory = status ? NULL : tp__input_tensor(self, in[1], "memory");
    if (!x || !memory) return tp_error_status();
    const masks own = masks_of(in[2], in[4], in[6]), cross = masks_of(in[3], in[5], in[7]);
    x = attention_part(m, 0, m->self_attn, x, NULL, &own);
    x = attention_part(m, 1, m->cross_attn, x, memory, &cross);
    return give(feed_part(m, 2, x), outs, max, n_out);
}

/* ---- Stacks: copies of a layer, and a norm at the end --------------------------------------------------------------------------------- */

typedef struct stack { tp_module base; tp_module *layer; int64_t n; tp_module *norm; bool enable_nested_tensor, mask_check; } stack;

static tp_module *taken(tp_module **from)              /* what is given away is not freed by its giver */
{
    tp_module *m = *from;
    *from = NULL;
    return m;
}

static tp_status stack_init(tp_module *self)
{
    stack *m = (stack *)self;
    if (m->n < 1) return tp__misfit(self, "num_layers %lld must be positive", (long long)m->n);
    tp_module *layers = tp_add_child(self, "layers", tp__layer_make("ModuleList", NULL, 0)), *first = m->layer;
    if (!layers || !(m->layer = tp_add_child(layers, "0", taken(&m->layer)))) return tp_error_status();
    for (int64_t i = 1; i < m->n; i++) {
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)i);
        if (!tp_add_child(layers, name, tp_module_copy(first))) return tp_error_status();
    }
    if (m->norm) m->norm = tp_add_child(self, "norm", taken(&m->norm));
    return TP_OK;
}

/* Runs the layers, each with `args` after its first, which is what the one before made. */
static tp_status run_stack(const stack *m, tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    tp_module *layers = (tp_module_find)((tp_module *)&m->base, "layers");
    const struct tp_module_state *s = tp__state(layers);
    tp_tensor *x = args[0].value.tensor;
    for (int64_t i = 0; x && i < s->n; i++) {
        args[0].value.tensor = x;
        if (tp_call_at(s->members[i].child, args, n, &x, 1, NULL, NULL) != TP_OK) x = NULL;
    }
    return give(m->norm ? tp_forward_at(m->norm, x, NULL) : x, outs, max, n_out);
}

static tp_status encoder_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const tp_arg *in[4];
    const tp_status status = tp__inputs(self, "src, mask?, src_key_padding_mask?, is_causal?", args, n, in);
    if (status != TP_OK || !tp__input_tensor(self, in[0], "src")) return tp_error_status();
    tp_arg all[] = { given(NULL, in[0]), given("src_mask", in[1]), given("src_key_padding_mask", in[2]), given("is_causal", in[3]) };
    return run_stack((const stack *)self, all, 4, outs, max, n_out);
}

static tp_status decoder_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    static const char *const names[] = { NULL, NULL, "tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask", "tgt_is_causal",
                                         "memory_is_causal" };
    const tp_arg *in[8];
    tp_arg all[8];
    const tp_status status = tp__inputs(self, DECODER_INPUTS, args, n, in);
    if (status != TP_OK || !tp__input_tensor(self, in[0], "tgt") || !tp__input_tensor(self, in[1], "memory")) return tp_error_status();
    for (int i = 0; i < 8; i++) all[i] = given(names[i], in[i]);
    return run_stack((const stack *)self, all, 8, outs, max, n_out);
}

/* ---- Encoder and decoder ---------------------------------------------------------------------------------------------------------------- */

typedef struct transformer {
    tp_module base;
    int64_t width, heads, encoders, decoders, feed;
    double dropout;
    int32_t activation;
    tp_module *encoder, *decoder;
    double eps;
    bool batch_first, norm_first, bias;
    tp_device device;
    tp_dtype dtype;
} transformer;

static tp_module *make_stack(const transformer *m, const char *type, const char *layer_type, const char *parameter, int64_t n)
{
    tp_module *layer = TP__MAKE(layer_type, TP__WITH_INT(d_model, m->width), TP__WITH_INT(nhead, m->heads), TP__WITH_INT(dim_feedforward, m->feed),
                                TP__WITH_REAL(dropout, m->dropout), TP__WITH_STRING(activation, m->activation == GELU ? "gelu" : "relu"),
                                TP__WITH_REAL(layer_norm_eps, m->eps), TP__WITH_BOOL(batch_first, m->batch_first),
                                TP__WITH_BOOL(norm_first, m->norm_first), TP__WITH_BOOL(bias, m->bias), TP__WITH_PLACE(*m));
    tp_module *norm = TP__MAKE("LayerNorm", TP__WITH_INT(normalized_shape, m->width), TP__WITH_REAL(eps, m->eps), TP__WITH_BOOL(bias, m->bias),
                               TP__WITH_PLACE(*m));
    const tp_arg args[] = { { .name = parameter, .kind = TP_ARG_MODULE, .value.module = layer }, TP__WITH_INT(num_layers, n), TP__WITH_CHILD(norm, norm) };
    return tp__layer_make(type, args, 3);              /* which frees layer and norm if one of them is NULL */
}

/* Every matrix begins uniform in +-sqrt(6 / (in + out)). */
static tp_status reset(tp_module *self)
{
    const tp__list *list = tp__list_of(self, TP__PARAMETERS);
    TP_NO_GRAD();
    for (int64_t i = 0; list && i < list->entries.n; i++) {
        tp_tensor *x = list->tensors[i];
        if (tp_ndim(x) < 2) continue;
        const double bound = sqrt(6 / (double)(tp_size(x, 0) + tp_size(x, 1)));
        tp_uniform_(x, -bound, bound);
    }
    return list && !tp_failed() ? TP_OK : tp_error_status();
}

static tp_status transformer_init(tp_module *self)
{
    transformer *m = (transformer *)self;
    tp_module *encoder = m->encoder ? taken(&m->encoder) : make_stack(m, "TransformerEncoder", "TransformerEncoderLayer", "encoder_layer", m->encoders);
    m->encoder = tp_add_child(self, "encoder", encoder);
    tp_module *decoder = m->decoder ? taken(&m->decoder) : make_stack(m, "TransformerDecoder", "TransformerDecoderLayer", "decoder_layer", m->decoders);
    m->decoder = tp_add_child(self, "decoder", decoder);
    return m->encoder && m->decoder ? reset(self) : tp_error_status();
}

static tp_status transformer_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const transformer *m = (const transformer *)self;
    const tp_arg *in[11];
    const tp_status status = tp__inputs(self, "src, tgt, src_mask?, tgt_mask?, memory_mask?, src_key_padding_mask?, tgt_key_padding_mask?, "
                                        "memory_key_padding_mask?, src_is_causal?, tgt_is_causal?, memory_is_causal?", args, n, in);
    if (status != TP_OK) return status;
    tp_tensor *src = tp__input_tensor(self, in[0], "src"), *tgt = tp__input_tensor(self, in[1], "tgt"), *memory = NULL;
    if (!src || !tgt) return tp_error_status();
    const int ndim = tp_ndim(src), batch = m->batch_first ? 0 : 1;
    if (tp_ndim(tgt) != ndim) return tp__misfit(self, "src has %d dims, tgt %d", ndim, tp_ndim(tgt));
    if (tp_size(src, -1) != m->width || tp_size(tgt, -1) != m->width)
        return tp__misfit(self, "src and tgt have %lld and %lld features, and not %lld", (long long)tp_size(src, -1),
                          (long long)tp_size(tgt, -1), (long long)m->width);
    if (ndim == 3 && tp_size(src, batch) != tp_size(tgt, batch))
        return tp__misfit(self, "a batch of %lld of src, and of %lld of tgt", (long long)tp_size(src, batch), (long long)tp_size(tgt, batch));
    const tp_arg encode[] = { given(NULL, in[0]), given("mask", in[2]), given("src_key_padding_mask", in[5]), given("is_causal", in[8]) };
    if (tp_call_at(m->encoder, encode, 4, &memory, 1, NULL, NULL) != TP_OK) return tp_error_status();
    const tp_arg decode[] = { given(NULL, in[1]), { .kind = TP_ARG_TENSOR, .value.tensor = memory }, given("tgt_mask", in[3]),
        given("memory_mask", in[4]), given("tgt_key_padding_mask", in[6]), given("memory_key_padding_mask", in[7]), given("tgt_is_causal", in[9]),
        given("memory_is_causal", in[10]) };
    tp_tensor *y = NULL;
    return tp_call_at(m->decoder, decode, 8, &y, 1, NULL, NULL) == TP_OK ? give(y, outs, max, n_out) : tp_error_status();
}

/* ---- In C -------------------------------------------------------------------------------------------------------------------------------------- */

#define COMMON TP__WITH_INT(dim_feedforward, o.dim_feedforward), TP__WITH_REAL(dropout, o.dropout), TP__WITH_STRING(activation, o.gelu ? "gelu" : "relu"), \
    TP__WITH_REAL(layer_norm_eps, o.layer_norm_eps), TP__WITH_BOOL(batch_first, o.batch_first), TP__WITH_BOOL(norm_first, o.norm_first), \
    TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o)
#define LAYER_IN_C(part, type) \
    tp_module *tp_nn_transformer_##part##_layer_with(int64_t width, int64_t heads, const tp_nn_transformer_layer_options *options) \
    { \
        TP__TAKE(nn_transformer_layer, o, options); \
        return TP__MAKE("Transformer" type "Layer", TP__WITH_INT(d_model, width), TP__WITH_INT(nhead, heads), COMMON); \
    } \
    tp_module *tp_nn_transformer_##part(tp_module *layer, int64_t num_layers, tp_module *norm) \
    { \
        const tp_arg args[] = { TP__WITH_CHILD(part##_layer, layer), TP__WITH_INT(num_layers, num_layers), \
                                { .name = "norm", .kind = norm ? TP_ARG_MODULE : TP_ARG_NONE, .value.module = norm } }; \
        return tp__layer_make("Transformer" type, args, 3); \
    }
LAYER_IN_C(encoder, "Encoder")
LAYER_IN_C(decoder, "Decoder")

tp_module *tp_nn_transformer_with(const tp_nn_transformer_options *options)
{
    TP__TAKE(nn_transformer, o, options);
    return TP__MAKE("Transformer", TP__WITH_INT(d_model, o.d_model), TP__WITH_INT(nhead, o.nhead), TP__WITH_INT(num_encoder_layers, o.num_encoder_layers),
                    TP__WITH_INT(num_decoder_layers, o.num_decoder_layers), COMMON);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------------------------------------ */

#define SIZES "(int d_model, int nhead, int dim_feedforward=2048, float dropout=0.1, string{relu,gelu} activation=relu, "
#define MORE  "float layer_norm_eps=1e-5, bool batch_first=false, bool norm_first=false, bool bias=true, device device=none, dtype dtype=none)"

const tp__layer tp__nn_transformer[] = {
    { "TransformerEncoderLayer" SIZES MORE, sizeof(block), encoder_layer_init, .call = encoder_layer_call, TP__LAYER },
    { "TransformerDecoderLayer" SIZES MORE, sizeof(block), decoder_layer_init, .call = decoder_layer_call, TP__LAYER },
    { "TransformerEncoder(module encoder_layer, int num_layers, module? norm=none, bool enable_nested_tensor=true, bool mask_check=true)",
      sizeof(stack), stack_init, .call = encoder_call, TP__LAYER },
    { "TransformerDecoder(module decoder_layer, int num_layers, module? norm=none)", sizeof(stack), stack_init, .call = decoder_call, TP__LAYER },
    { "Transformer(int d_model=512, int nhead=8, int num_encoder_layers=6, int num_decoder_layers=6, int dim_feedforward=2048, float dropout=0.1, "
      "string{relu,gelu} activation=relu, module? custom_encoder=none, module? custom_decoder=none, " MORE, sizeof(transformer), transformer_init,
      .call = transformer_call, TP__LAYER },
    { .schema = NULL },
};
