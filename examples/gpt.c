/* gpt.c: a small GPT learns to go on with a text, character by character, and writes some of its own.
 *
 * Blocks of causal attention and GELU perceptrons over vectors of characters and of places, with the table of characters once more
 * as the last product (Radford et al. 2019). AdamW with a warm-up and a cosine, gradients clipped. While it writes, each block
 * remembers keys and values of what it has seen, so a character costs one step; that this gives the same logits is checked. What it
 * is made of is saved with its characters, and --run writes by what was saved.
 *
 * As it stands it reaches 0.605 bits per held-out character, of which the grammar leaves 0.494 open, in 61 seconds of one processor
 * core. */
#include "arguments.h"
#include "text.h"

typedef struct arguments {
    const char *data, *prompt, *save, *run;
    tp_device device;
    int64_t epochs, batch_size, context, width, heads, layers, seed, workers, length;
    double lr, dropout, temperature;
} arguments;

/* ---- A block ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    tp_module base;
    tp_module *norm1, *attend, *project, *norm2, *widen, *narrow, *drop;
    tp_module *cache;                            /* of who writes, else NULL; no child, so it is in no file */
    int64_t heads;
} Block;

/* [batch, steps, width] -> [batch, heads, steps, width / heads] */
static tp_tensor *cut_heads(tp_tensor *x, int64_t heads)
{
    return tp_transpose(tp_unflatten(x, 2, TP_SHAPE(heads, -1)), 1, 2);
}

/* With a cache: all that there is to see first, then one step at a time. */
static tp_tensor *attention(const Block *b, tp_tensor *x)
{
    tp_tensor *qkv[3] = { NULL };
    tp_chunk(tp_forward(b->attend, x), 3, -1, qkv, 3, NULL);
    tp_tensor *q = cut_heads(qkv[0], b->heads), *k = cut_heads(qkv[1], b->heads), *v = cut_heads(qkv[2], b->heads);
    if (b->cache) tp_kv_cache_append(b->cache, k, v, &k, &v);
    tp_tensor *y = tp_scaled_dot_product_attention(q, k, v, .is_causal = tp_size(x, 1) > 1);
    return tp_forward(b->project, tp_flatten(tp_transpose(y, 1, 2), 2, 3));
}

static tp_tensor *block_forward(tp_module *self, tp_tensor *x)
{
    const Block *b = (const Block *)self;
    x = tp_add(x, tp_forward(b->drop, attention(b, tp_forward(b->norm1, x))));
    tp_tensor *wide = tp_gelu(tp_forward(b->widen, tp_forward(b->norm2, x)));
    return tp_add(x, tp_forward(b->drop, tp_forward(b->narrow, wide)));
}

static tp_module *new_block(const arguments *a)
{
    Block *b = tp_module_new(Block, block_forward);
    if (!b) return NULL;
    b->heads = a->heads;
    b->norm1 = tp_add_child(b, "norm1", tp_nn_layer_norm(TP_SHAPE(a->width)));
    b->attend = tp_add_child(b, "attend", tp_nn_linear(a->width, 3 * a->width));
    b->project = tp_add_child(b, "project", tp_nn_linear(a->width, a->width));
    b->norm2 = tp_add_child(b, "norm2", tp_nn_layer_norm(TP_SHAPE(a->width)));
    b->widen = tp_add_child(b, "widen", tp_nn_linear(a->width, 4 * a->width));
    b->narrow = tp_add_child(b, "narrow", tp_nn_linear(4 * a->width, a->width));
    b->drop = tp_add_child(b, "drop", tp_nn_dropout(a->dropout));
    return tp_module_done(b);
}

/* ---- The net ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    tp_module base;
    tp_module *symbols, *places, *blocks, *norm;
    tp_tensor *table;                            /* symbols' weight, which is the head's, too */
    int64_t seen;                                /* steps in the caches of the blocks */
} GPT;

/* int64 [batch, steps] -> logits [batch, steps, symbols] */
static tp_tensor *gpt_forward(tp_module *self, tp_tensor *x)
{
    const GPT *m = (const GPT *)self;
    const double first = (double)m->seen, steps = (double)tp_size(x, 1);
    tp_tensor *place = tp_forward(m->places, tp_arange(first, first + steps, 1, .device = tp_device_of(x)));
    tp_tensor *h = tp_forward(m->blocks, tp_add(tp_forward(m->symbols, x), place));
    return tp_linear(tp_forward(m->norm, h), m->table, NULL);
}

/* Matrices normal, of 1 / sqrt(width), those that add to the sum over the layers less; biases zero. */
static void set_weights(GPT *m, const arguments *a)
{
    const tp_entry_list all = tp_named_parameters(m);
    const double std = 1 / sqrt((double)a->width);
    for (int64_t i = 0; i < all.n; i++) {
        const bool adds = strstr(all.at[i].name, "project") || strstr(all.at[i].name, "narrow");
        if (tp_ndim(all.at[i].tensor) == 2) tp_init_normal_(all.at[i].tensor, 0, adds ? std / sqrt(2 * (double)a->layers) : std);
        else if (strstr(all.at[i].name, "bias")) tp_init_constant_(all.at[i].tensor, 0);
    }
}

static GPT *build(const arguments *a, const text *t)
{
    if (a->heads < 1 || a->width % a->heads)
        tp_fail(TP_ERR_ARGUMENT, "gpt: a width of %lld cannot be cut into %lld heads", (long long)a->width, (long long)a->heads);
    GPT *m = tp_module_new(GPT, gpt_forward);
    if (!m) return NULL;
    m->symbols = tp_add_child(m, "symbols", tp_nn_embedding(t->kinds, a->width));
    m->places = tp_add_child(m, "places", tp_nn_embedding(a->context, a->width));
    m->blocks = tp_add_child(m, "blocks", tp_sequential(new_block(a)));
    for (int64_t i = 1; i < a->layers; i++) tp_module_append(m->blocks, new_block(a));
    m->norm = tp_add_child(m, "norm", tp_nn_layer_norm(TP_SHAPE(a->width)));
    tp_add_buffer(m, "characters", tp_clone(t->symbols));        /* what the rows of the table stand for */
    tp_add_buffer(m, "heads", tp_full(TP_SHAPE(1), a->heads));   /* which no weight's shape tells */
    m = tp_module_done(m);
    if (!m) return NULL;
    m->table = tp_module_tensor(m->symbols, "weight");
    set_weights(m, a);
    tp_module_to(m, a->device);
    return m;
}

/* Gives every block a cache, or takes it away. */
static void remember(GPT *m, const arguments *a, bool on)
{
    const tp_entry_list blocks = tp_named_children(m->blocks);
    for (int64_t i = 0; i < blocks.n; i++) {
        Block *b = (Block *)blocks.at[i].module;
        tp_module_free(b->cache);
        b->cache = on ? tp_nn_kv_cache(1, a->heads, a->context, a->width / a->heads, .device = a->device) : NULL;
    }
    m->seen = 0;
}

/* Logits of what comes after x [1, steps], which goes on with what the blocks remember. */
static tp_tensor *go_on(GPT *m, tp_tensor *x)
{
    tp_tensor *logits = tp_forward(m, x);
    m->seen += tp_size(x, 1);
    return logits;
}

/* ---- Testing and writing ------------------------------------------------------------------------------------------------------ */

/* The greatest difference between logits of one window at once and step by step with the caches. */
static double difference(GPT *net, const arguments *a, const text *t)
{
    TP_SCOPE();
    TP_NO_GRAD();
    tp_eval(net);
    double most = 0;
    tp_tensor *x = tp_to(tp_unsqueeze(tp_narrow(t->test, 0, 0, a->context), 0), a->device), *all = tp_forward(net, x);
    const int64_t first = a->context / 2 + 1;
    remember(net, a, true);
    for (int64_t at = 0, n = first; at < a->context && !tp_failed(); at += n, n = 1) {
        TP_SCOPE();
        tp_tensor *piece = go_on(net, tp_narrow(x, 1, at, n));
        most = fmax(most, tp_item(tp_max(tp_abs(tp_sub(piece, tp_narrow(all, 1, at, n))))));
    }
    remember(net, a, false);
    tp_train(net);
    return most;
}

/* Reads the prompt, then one character after the other that it draws itself. When the places are used up it begins anew with the
 * half that it wrote last. */
static void write_on(GPT *net, const arguments *a, const text *t)
{
    TP_SCOPE();
    TP_NO_GRAD();
    tp_eval(net);
    remember(net, a, true);
    text_print(t, t->prompt);
    tp_tensor *line = tp_to(tp_unsqueeze(t->prompt, 0), a->device);          /* all so far, as far as it may be needed again */
    int64_t unread = tp_size(line, 1);
    for (int64_t i = 0; i < a->length && !tp_failed(); i++) {
        TP_SCOPE();
        if (net->seen + unread > a->context) {
            const int64_t half = (a->context + 1) / 2;
            tp_assign(&line, tp_narrow(line, 1, tp_size(line, 1) - half, half));
            unread = half;
            remember(net, a, true);
        }
        tp_tensor *logits = go_on(net, tp_narrow(line, 1, tp_size(line, 1) - unread, unread));
        tp_tensor *next = text_draw(tp_select(logits, 1, -1), a->temperature);
        text_print(t, next);
        tp_assign(&line, tp_cat(TP_TENSORS(line, tp_unsqueeze(next, 0)), 1));
        unread = 1;
    }
    putchar('\n');
    if (a->length) tp_free(line);
    remember(net, a, false);
    tp_train(net);
}

static void learn(GPT *net, const arguments *a, tp_loader *loader, tp_loader *tests)
{
    const int64_t steps = 100 * (a->epochs ? a->epochs : 1), warm_up = steps / 10;
    tp_optimizer *opt = tp_adamw(tp_parameters(net), .lr = a->lr, .betas = { 0.9, 0.99 }, .weight_decay = 0.01);
    tp_schedule *warm = tp_linear_schedule(opt, .start_factor = 0.02, .total_iters = (double)warm_up);
    tp_schedule *cool = tp_cosine_schedule(opt, (double)(steps - warm_up), .eta_min = a->lr / 20);
    tp_schedule *schedule = tp_sequential_schedule(TP_SCHEDULES(warm, cool), &warm_up);
    for (int64_t epoch = 0; epoch < a->epochs && !tp_failed(); epoch++) {
        tp_batch batch;
        while (tp_loader_next(loader, &batch)) {
            TP_SCOPE();
            tp_tensor *loss = text_loss(TP_MODULE(net), &batch);
            tp_zero_grad(opt);
            tp_backward(loss);
            tp_clip_grad_norm(tp_parameters(net), 1.0);
            tp_step(opt);
            tp_schedule_step(schedule);
            tp_loader_log(loader, "loss", loss);
        }
        const double bits = text_bits(TP_MODULE(net), tests);
        if (!tp_failed()) printf("epoch %lld: held-out bits per character %.4f\n", (long long)epoch + 1, bits);
        fflush(stdout);
    }
    tp_free_all(opt, schedule);
}

/* Goes on with the prompt by a net that was saved, whose sizes are those of its tensors. */
static int run_saved(arguments *a)
{
    text t = { .symbols = NULL };
    GPT *net = NULL;
    {
        TP_SCOPE();
        tp_file *file = tp_file_open(a->run);
        tp_tensor *places = tp_file_get(file, "places.weight"), *heads = tp_file_get(file, "heads");
        text_reopen(&t, tp_file_get(file, "characters"), a->prompt);
        a->layers = text_count(file, "blocks.", ".norm1.weight");
        a->context = tp_size(places, 0);
        a->width = tp_size(places, 1);
        a->heads = heads ? tp_item_i64(heads) : 1;
        if (tp_numel(t.prompt) > a->context)
            tp_fail(TP_ERR_ARGUMENT, "gpt: the prompt has %lld characters, and the net sees %lld at once", (long long)tp_numel(t.prompt),
                    (long long)a->context);
        if (!tp_failed()) net = build(a, &t);
        tp_file_close(file);
    }
    if (net) tp_module_load(net, a->run);
    if (!tp_failed()) write_on(net, a, &t);
    if (net) tp_module_free(net);
    text_free(&t);
    return tp_report_error(stderr);
}

int main(int argc, char **argv)
{
    arguments a = { .save = "gpt.safetensors", .epochs = 9, .batch_size = 8, .context = 128, .width = 96, .heads = 4, .layers = 3,
                    .workers = 1, .length = 400, .lr = 6e-3, .temperature = 0.8, .device = tp_cuda_is_available() ? TP_CUDA(0) : TP_CPU };
    const argument table[] = {
        { "data", "FILE", "a text, UTF-8 (default: sentences that a small grammar makes up)", .text = &a.data },
        { "context", "N", "characters that it sees at once (default 128)", .number = &a.context, .least = 1 },
        { "width", "N", "of the vectors (default 96)", .number = &a.width, .least = 1 },
        { "heads", "N", "of attention (default 4)", .number = &a.heads, .least = 1 },
        { "layers", "N", "blocks (default 3)", .number = &a.layers, .least = 1 },
        { "dropout", "X", "of what a block adds (default 0)", .real = &a.dropout },
        { "device", "NAME", "cpu or cuda (default: cuda if there is one)", .device = &a.device },
        { "epochs", "N", "rounds of 100 steps, each with a test after it (default 9)", .number = &a.epochs },
        { "batch-size", "N", "windows per step (default 8)", .number = &a.batch_size, .least = 1 },
        { "lr", "X", "the highest learning rate (default 6e-3)", .real = &a.lr },
        { "seed", "N", "of weights, windows, made-up text and sample (default 0)", .number = &a.seed },
        { "workers", "N", "threads that cut windows (default 1)", .number = &a.workers },
        { "prompt", "TEXT", "what the sample begins with (default: the beginning of the held-out text)", .text = &a.prompt },
        { "length", "N", "characters of the sample (default 400)", .number = &a.length },
        { "temperature", "X", "of the sample: 0 takes what is likeliest, 1 what the net believes (default 0.8)", .real = &a.temperature },
        { "save", "PATH", "where the net goes (default gpt.safetensors)", .text = &a.save, .written = true },
        { "run", "PATH", "learn nothing: write by the net that was saved there", .text = &a.run },
    };
    int status;
    if (!read_arguments(argc, argv, "gpt", "a small GPT learns to go on with a text; the last line is its loss on text that it has not seen", table,
                        sizeof table / sizeof *table, &status))
        return status;

    tp_manual_seed((uint64_t)a.seed);
    if (a.run) return run_saved(&a);
    text t;
    text_open(&t, a.data, a.seed, a.prompt);
    GPT *net = build(&a, &t);
    tp_dataset *train = tp_window_dataset(t.train, a.context, .random = 100 * a.batch_size);
    tp_dataset *test = tp_window_dataset(t.test, a.context);
    tp_loader *loader = tp_data_loader(train, .batch_size = a.batch_size, .workers = a.workers, .device = a.device, .progress = true);
    tp_loader *tests = tp_data_loader(test, .batch_size = 64, .device = a.device);

    learn(net, &a, loader, tests);
    tp_module_save(net, a.save);
    if (!tp_failed()) write_on(net, &a, &t);

    const double apart = tp_failed() ? NAN : difference(net, &a, &t), bits = text_bits(TP_MODULE(net), tests);
    if (!tp_failed() && !(apart < 1e-3))
        tp_fail(TP_ERR_STATE, "gpt: logits with and without the caches differ by %g", apart);
    if (!tp_failed()) printf("with and without caches the logits differ by %.1e at most\n", apart);
    if (!tp_failed() && !a.data) printf("the grammar leaves %.4f bits open\n", t.floor);
    if (!tp_failed()) printf("held-out bits per character %.4f\n", bits);
    tp_free_all(net, loader, tests, train, test);
    text_free(&t);
    return tp_report_error(stderr);
}
