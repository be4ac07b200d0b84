/* models.c: the models of whole runs that feed forward, as the fixtures' texts describe them; sizes are those of their weights. */
#include "train.h"

#include <stdlib.h>

/* ---- mlp: y = l3(gelu(l2(tanh(l1(x))))) ------------------------------------------------------------------------------------------- */

static tp_shape stored_shape(run *r, const char *name)
{
    char full[200];
    snprintf(full, sizeof full, "init.%s", name);
    tp_tensor *x = tp_safetensors_get(r->s->file->tensors, full);
    return x ? tp_shape_of(x) : (tp_shape){ .ndim = 0 };
}

static void add_linear(run *r, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s.weight", name);
    const tp_shape shape = stored_shape(r, path);
    if (shape.ndim == 2) tp_add_child(r->net, name, tp_nn_linear(shape.dim[1], shape.dim[0]));
    else tp_fail(TP_ERR_FORMAT, "the file has no matrix init.%s", path);
}

static void add_conv(run *r, const char *name, int64_t padding)
{
    char path[160];
    snprintf(path, sizeof path, "%s.weight", name);
    const tp_shape shape = stored_shape(r, path);
    if (shape.ndim == 4) tp_add_child(r->net, name, tp_nn_conv2d(shape.dim[1], shape.dim[0], shape.dim[2], .padding = padding));
    else tp_fail(TP_ERR_FORMAT, "the file has no images init.%s", path);
}

static tp_tensor *child(run *r, const char *name, tp_tensor *x) { return tp_forward(tp_module_find(r->net, name), x); }

static bool build_mlp(run *r)
{
    add_linear(r, "l1"), add_linear(r, "l2"), add_linear(r, "l3");
    return !tp_failed();
}

static tp_tensor *mlp(run *r, int64_t step, tp_tensor **target)
{
    (void)target;
    tp_tensor *x = batch_input(r, step);
    return child(r, "l3", tp_gelu(child(r, "l2", tp_tanh(child(r, "l1", x)))));
}

/* ---- lenet: two convolutions, each with relu and max pool 2, and three layers; the input is bytes / 255 ------------------------------ */

static bool build_lenet(run *r)
{
    add_conv(r, "conv1", 2), add_conv(r, "conv2", 0);
    add_linear(r, "fc1"), add_linear(r, "fc2"), add_linear(r, "fc3");
    return !tp_failed();
}

static tp_tensor *lenet(run *r, int64_t step, tp_tensor **target)
{
    (void)target;
    tp_tensor *x = tp_unsqueeze(tp_div(tp_to_dtype(batch_input(r, step), r->dtype), 255), 1);
    x = tp_max_pool2d(tp_relu(child(r, "conv1", x)), 2);
    x = tp_flatten(tp_max_pool2d(tp_relu(child(r, "conv2", x)), 2), 1, -1);
    return child(r, "fc3", tp_relu(child(r, "fc2", tp_relu(child(r, "fc1", x)))));
}

/* ---- resnet: relu(bn2(conv2(relu(bn1(conv1(x))))) + skip) in each block -------------------------------------------------------------- */

static tp_tensor *convolve(run *r, const char *name, tp_tensor *x, int64_t stride)
{
    tp_tensor *w = weight(r, "%s.weight", name);
    return w ? tp_conv2d(x, w, NULL, .stride = stride, .padding = (tp_size(w, 2) - 1) / 2) : NULL;
}

static tp_tensor *normalize(run *r, const char *name, tp_tensor *x)
{
    const bool training = tp_is_training(r->net);
    if (training) {
        TP_NO_GRAD();
        tp_add_(weight(r, "%s.num_batches_tracked", name), 1);
    }
    return tp_batch_norm(x, weight(r, "%s.running_mean", name), weight(r, "%s.running_var", name), .weight = weight(r, "%s.weight", name),
                         .bias = weight(r, "%s.bias", name), .training = training);
}

static tp_tensor *block(run *r, int i, tp_tensor *x)
{
    char name[7][40];
    static const char *const parts[] = { "conv1", "bn1", "conv2", "bn2", "skip_conv", "skip_bn" };
    for (int k = 0; k < 6; k++) snprintf(name[k], sizeof name[k], "block%d.%s", i, parts[k]);
    const bool skips = has_weight(r, "%s.weight", name[4]);
    tp_tensor *y = tp_relu(normalize(r, name[1], convolve(r, name[0], x, skips ? 2 : 1)));
    y = normalize(r, name[3], convolve(r, name[2], y, 1));
    return tp_relu(tp_add(y, skips ? normalize(r, name[5], convolve(r, name[4], x, 2)) : x));
}

static tp_tensor *resnet(run *r, int64_t step, tp_tensor **target)
{
    (void)target;
    tp_tensor *x = tp_div(tp_to_dtype(batch_input(r, step), r->dtype), 255);
    x = tp_relu(normalize(r, "bn", convolve(r, "conv", x, 1)));
    for (int i = 1; has_weight(r, "block%d.conv1.weight", i); i++) x = block(r, i, x);
    return apply_linear(r, "fc", tp_mean(x, .dims = TP_DIMS(2, 3)));
}

/* ---- gpt: pre-norm blocks of causal attention and a gelu layer; the embedding is the output layer ------------------------------------------- */

static tp_tensor *layer_norm(run *r, const char *name, tp_tensor *x)
{
    tp_tensor *w = weight(r, "%s.weight", name);
    return w ? tp_layer_norm(x, tp_shape_of(w), .weight = w, .bias = weight(r, "%s.bias", name)) : NULL;
}

/* "two heads of 16" */
static int64_t head_size(run *r)
{
    const char *text = text_at(r->s->text, "model"), *at = text ? strstr(text, "heads of ") : NULL;
    return at ? strtoll(at + strlen("heads of "), NULL, 10) : 0;
}

static tp_tensor *attend(run *r, const char *block, tp_tensor *x)
{
    char name[64];
    snprintf(name, sizeof name, "%s.qkv", block);
    const int64_t b = tp_size(x, 0), t = tp_size(x, 1), w = tp_size(x, 2), size = head_size(r);
    if (!x || size < 1 || w % size) {
        tp_fail(TP_ERR_FORMAT, "the text does not say how wide a head is");
        return NULL;
    }
    tp_tensor *part[3] = { NULL };
    int n = 0;
    if (tp_chunk(apply_linear(r, name, x), 3, -1, part, 3, &n) || n != 3) return NULL;
    for (int i = 0; i < 3; i++) part[i] = tp_transpose(tp_reshape(part[i], TP_SHAPE(b, t, w / size, size)), 1, 2);
    tp_tensor *y = tp_scaled_dot_product_attention(part[0], part[1], part[2], .is_causal = true);
    snprintf(name, sizeof name, "%s.proj", block);
    return apply_linear(r, name, tp_reshape(tp_transpose(y, 1, 2), TP_SHAPE(b, t, w)));
}

static tp_tensor *gpt_block(run *r, const char *block, tp_tensor *x)
{
    char ln1[64], ln2[64], up[64], down[64];
    snprintf(ln1, sizeof ln1, "%s.ln1", block), snprintf(ln2, sizeof ln2, "%s.ln2", block);
    snprintf(up, sizeof up, "%s.up", block), snprintf(down, sizeof down, "%s.down", block);
    x = tp_add(x, attend(r, block, layer_norm(r, ln1, x)));
    return tp_add(x, apply_linear(r, down, tp_gelu(apply_linear(r, up, layer_norm(r, ln2, x)), .approximate = TP_GELU_TANH)));
}

static tp_tensor *gpt(run *r, int64_t step, tp_tensor **target)
{
    (void)target;
    tp_tensor *ids = batch_input(r, step), *tok = weight(r, "tok.weight");
    tp_tensor *x = tp_add(tp_embedding(ids, tok), tp_narrow(weight(r, "pos.weight"), 0, 0, tp_size(ids, 1)));
    for (int i = 0; has_weight(r, "blocks.%d.qkv.weight", i); i++) {
        char name[32];
        snprintf(name, sizeof name, "blocks.%d", i);
        x = gpt_block(r, name, x);
    }
    return tp_flatten(tp_matmul(layer_norm(r, "ln", x), tp_transpose(tok, 0, 1)), 0, 1);
}

const model feedforward_models[] = {
    { "mlp", build_mlp, mlp }, { "lenet", build_lenet, lenet }, { "resnet", NULL, resnet }, { "gpt", NULL, gpt }, { NULL, NULL, NULL },
};
