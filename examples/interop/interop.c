/* interop.c: goes on where PyTorch stopped. interop.py, which starts it, has saved a net, a batch, and what PyTorch makes of them;
 * here the net is loaded by name, run and trained for a step, and what comes out is held against that. Then it goes back. */
#include "../arguments.h"

#define ALLOWED 1e-5                             /* of single floats of about 1 */

typedef struct { tp_module base; tp_module *conv, *norm, *lstm, *attention, *after, *head; } Net;

/* Images [n, 1, 6, 8] -> logits [n, 5]. Columns become steps. */
static tp_tensor *net_forward(tp_module *self, tp_tensor *x)
{
    const Net *m = (const Net *)self;
    x = tp_max_pool2d(tp_relu(tp_forward(m->norm, tp_forward(m->conv, x))), 2);
    x = tp_forward(m->lstm, tp_flatten(tp_permute(x, TP_DIMS(0, 3, 1, 2)), 2, 3));         /* [n, 4, 12] -> [n, 4, 16] */
    const tp_arg once = { .kind = TP_ARG_TENSOR, .value.tensor = x }, qkv[] = { once, once, once };
    tp_tensor *seen = NULL;
    tp_call(m->attention, qkv, 3, &seen, 1, NULL);
    x = tp_forward(m->after, tp_add(x, seen));
    return tp_forward(m->head, tp_mean(x, .dims = TP_DIMS(1)));
}

static Net *build(tp_device device)
{
    Net *m = tp_module_new(Net, net_forward);
    if (!m) return NULL;
    m->conv = tp_add_child(m, "conv", tp_nn_conv2d(1, 4, 3, .padding = 1, .bias = false));
    m->norm = tp_add_child(m, "norm", tp_nn_batch_norm2d(4));
    m->lstm = tp_add_child(m, "lstm", tp_nn_lstm(12, 16, .batch_first = true));
    m->attention = tp_add_child(m, "attention", tp_nn_multihead_attention(16, 4, .bias = false, .batch_first = true));
    m->after = tp_add_child(m, "after", tp_nn_layer_norm(TP_SHAPE(16)));
    m->head = tp_add_child(m, "head", tp_nn_linear(16, 5));
    m = tp_module_done(m);
    tp_module_to(m, device);
    return m;
}

static const char *path_of(const char *folder, const char *name)
{
    static char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) tp_fail(TP_ERR_ARGUMENT, "interop: the path of %s is too long", name);
    return path;
}

/* ---- What is compared ------------------------------------------------------------------------------------------------------ */

/* The greatest |x - PyTorch's|. */
static double apart(tp_tensor *x, tp_file *torch, const char *prefix, const char *name)
{
    char entry[256];
    snprintf(entry, sizeof entry, "%s%s", prefix, name);
    tp_tensor *other = tp_file_get(torch, entry);
    if (tp_numel(x) != tp_numel(other) && !tp_failed())
        tp_fail(TP_ERR_SHAPE, "interop: %s has %lld elements, PyTorch's %lld", entry, (long long)tp_numel(x), (long long)tp_numel(other));
    return tp_item(tp_max(tp_abs(tp_sub(tp_to(tp_to_dtype(tp_detach(x), TP_F64), TP_CPU), tp_to_dtype(other, TP_F64)))));
}

/* The same of all gradients ("grad."), or of all parameters and buffers ("step."). */
static double all_apart(Net *net, tp_file *torch, const char *prefix, bool gradients)
{
    const tp_entry_list all = gradients ? tp_named_parameters(net) : tp_state_dict(net);
    double most = 0;
    for (int64_t i = 0; i < all.n && !tp_failed(); i++) {
        TP_SCOPE();
        const double d = apart(gradients ? tp_grad_of(all.at[i].tensor) : all.at[i].tensor, torch, prefix, all.at[i].name);
        if (!(d <= most)) most = d;              /* a NaN, too */
    }
    return most;
}

static bool same_state(Net *a, Net *b)
{
    const tp_entry_list all = tp_state_dict(a), others = tp_state_dict(b);
    bool same = all.n == others.n && all.n > 0;
    for (int64_t i = 0; i < all.n && same; i++) same = tp_equal(all.at[i].tensor, others.at[i].tensor);
    return same;
}

static void say(const char *what, double difference)
{
    if (tp_failed()) return;
    printf("%-34s %.1e from PyTorch's\n", what, difference);
    if (!(difference < ALLOWED)) tp_fail(TP_ERR_NUMERIC, "interop: %s: %g is more than %g", what, difference, ALLOWED);
}

int main(int argc, char **argv)
{
    const char *data = "build/interop", *save = NULL;
    tp_device device = tp_cuda_is_available() ? TP_CUDA(0) : TP_CPU;
    const argument table[] = {
        { "data", "DIR", "what interop.py wrote (default build/interop)", .text = &data },
        { "save", "DIR", "where taper.safetensors and answers.safetensors go, for it (default: that folder)", .text = &save },
        { "device", "NAME", "cpu or cuda (default: cuda if there is one)", .device = &device },
    };
    int status;
    if (!read_arguments(argc, argv, "interop", "trains PyTorch's net for a step, and compares; interop.py starts it", table,
                        sizeof table / sizeof *table, &status))
        return status;
    if (!save) save = data;

    Net *net = build(device), *other = build(device);
    tp_module_load(net, path_of(data, "model.safetensors"));
    tp_module_load(other, path_of(data, "model.pt"));
    if (!same_state(net, other) && !tp_failed()) tp_fail(TP_ERR_STATE, "interop: model.safetensors and model.pt are not the same net");
    tp_file *batch = tp_file_open(path_of(data, "batch.safetensors")), *torch = tp_file_open(path_of(data, "expected.safetensors"));
    tp_tensor *x = batch ? tp_to(tp_file_get(batch, "x"), device) : NULL, *y = batch ? tp_to(tp_file_get(batch, "y"), device) : NULL;

    tp_optimizer *opt = tp_adam(tp_parameters(net), .lr = 1e-3);
    tp_tensor *logits = tp_forward(net, x), *loss = tp_cross_entropy(logits, y);
    tp_backward(loss);
    tp_step(opt);
    say("outputs", apart(logits, torch, "", "logits"));
    say("the loss", apart(loss, torch, "", "loss"));
    say("gradients", all_apart(net, torch, "grad.", true));
    say("weights after a step of Adam", all_apart(net, torch, "step.", false));

    tp_eval(net);
    tp_tensor *answers;
    {
        TP_NO_GRAD();
        answers = tp_forward(net, x);
    }
    say("outputs after it, in evaluation", apart(answers, torch, "", "answers"));
    tp_module_save(net, path_of(save, "taper.safetensors"));
    tp_safetensors_save(path_of(save, "answers.safetensors"), &(tp_named_tensor){ "answers", answers }, 1, NULL, 0);
    tp_free_all(net, other, opt, batch, torch);
    return tp_report_error(stderr);
}
