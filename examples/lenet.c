/* lenet.c: learns to read handwritten digits. The program of the README, with a test pass after each epoch, and with the net saved
 * at the end, loaded into a fresh one and compared. */
#include "arguments.h"

typedef struct arguments {
    const char *data, *model, *save;
    tp_device device;
    int64_t split, epochs, batch_size, seed, workers;
} arguments;

static tp_module *build(const char *model)
{
    if (strcmp(model, "linear") == 0)
        return tp_sequential(tp_nn_flatten(), tp_nn_linear(784, 10));
    if (strcmp(model, "mlp") == 0)
        return tp_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(), tp_nn_linear(128, 10));
    return tp_sequential(
        tp_nn_conv2d(1, 6, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2),
        tp_nn_conv2d(6, 16, 5), tp_nn_relu(), tp_nn_max_pool2d(2),
        tp_nn_flatten(), tp_nn_linear(400, 120), tp_nn_relu(),
        tp_nn_linear(120, 84), tp_nn_relu(), tp_nn_linear(84, 10));
}

/* On failure both are NULL and the error stands, so what follows does nothing, and main reports it. */
static void open_data(const arguments *a, tp_dataset **train, tp_dataset **test)
{
    *train = *test = NULL;
    if (!a->data) {
        *train = tp_digits(12000, .seed = a->seed, .train = true);
        *test = tp_digits(2000, .seed = a->seed, .train = false);
    } else if (!a->split) {
        *train = tp_mnist(a->data, .train = true, .normalize = true);
        *test = tp_mnist(a->data, .train = false, .normalize = true);
    } else {
        tp_dataset *all = tp_mnist(a->data, .train = true, .normalize = true);
        if (!all && tp_last_error()->code == TP_ERR_IO) {    /* no train files: the others */
            tp_clear_error();
            all = tp_mnist(a->data, .train = false, .normalize = true);
        }
        const int64_t n = all ? tp_dataset_count(all) : 0;
        if (all && a->split >= n)
            tp_fail(TP_ERR_ARGUMENT, "lenet: --split %lld leaves none of the %lld images to test on", (long long)a->split, (long long)n);
        *train = all ? tp_subset(all, 0, a->split) : NULL;
        *test = all ? tp_subset(all, a->split, n - a->split) : NULL;
        tp_free_all(all);                                    /* the parts hold it */
    }
}

static double evaluate(tp_module *net, tp_loader *loader)
{
    TP_NO_GRAD();
    tp_eval(net);
    int64_t right = 0, all = 0;
    tp_batch batch;
    while (tp_loader_next(loader, &batch)) {
        TP_SCOPE();
        tp_tensor *guess = tp_argmax(tp_forward(net, batch.x), .dim = 1);
        right += tp_item_i64(tp_sum(tp_eq(guess, batch.y)));
        all += batch.size;
    }
    tp_train(net);
    return all ? (double)right / (double)all : 0;
}

/* Whether two nets say the same, bit for bit, of every image. */
static bool agree(tp_module *net, tp_module *other, tp_loader *loader)
{
    TP_NO_GRAD();
    tp_eval(net);
    tp_eval(other);
    bool same = true;
    tp_batch batch;
    while (tp_loader_next(loader, &batch)) {
        TP_SCOPE();
        same &= tp_equal(tp_forward(net, batch.x), tp_forward(other, batch.x));
    }
    return same;
}

/* The first test images, as far as a digit goes, and what the net reads in them; an error is left for main to report. */
static void draw(tp_module *net, tp_dataset *test, tp_device dev)
{
    enum { SHOWN = 4, FIRST = 4, LAST = 24 };                /* of 28 rows and columns; the rest is margin */
    TP_NO_GRAD();
    TP_SCOPE();
    float pixel[SHOWN][28 * 28];
    int64_t guess[SHOWN];
    const int64_t all = tp_dataset_count(test), n = all < SHOWN ? all : SHOWN;
    for (int64_t i = 0; i < n; i++) {
        tp_sample sample;
        tp_dataset_get(test, i, &sample);
        guess[i] = tp_item_i64(tp_argmax(tp_forward(net, tp_to(tp_unsqueeze(sample.field[0], 0), dev))));
        if (tp_copy_to(sample.field[0], pixel[i], sizeof pixel[i]) != TP_OK)
            return;
    }
    if (tp_failed())
        return;
    puts("the first images to test on, and what it reads in them:");
    for (int row = FIRST; row < LAST; row += 2) {            /* a character is twice as high as it is wide */
        for (int64_t i = 0; i < n; i++)
            for (int column = FIRST; column < LAST; column++) {
                const float *p = &pixel[i][28 * row + column], ink = (p[0] + p[28]) / 2;
                putchar(" .:+#"[ink < 0.2 ? 0 : ink < 0.35 ? 1 : ink < 0.5 ? 2 : ink < 0.7 ? 3 : 4]);
            }
        putchar('\n');
    }
    for (int64_t i = 0; i < n; i++)
        printf("%*lld%*s", 10, (long long)guess[i], 10, "");
    putchar('\n');
}

static bool read_options(int argc, char **argv, arguments *a, int *status)
{
    static const char *const models[] = { "lenet", "mlp", "linear", NULL };
    const argument table[] = {
        { "data", "DIR", "MNIST's IDX files, plain or gzipped (default: digits that are drawn on the spot)", .text = &a->data },
        { "split", "N", "with --data: train on the first N images of the one pair of files in DIR, test on the rest",
          .number = &a->split, .least = 1 },
        { "model", "NAME", "lenet, mlp or linear (default lenet)", .text = &a->model, .choices = models },
        { "device", "NAME", "cpu or cuda (default: cuda if there is one)", .device = &a->device },
        { "epochs", "N", "passes over the training images (default 6)", .number = &a->epochs },
        { "batch-size", "N", "images per step (default 64)", .number = &a->batch_size, .least = 1 },
        { "seed", "N", "of weights, order and drawn digits (default 0)", .number = &a->seed },
        { "workers", "N", "threads that load images (default 2)", .number = &a->workers },
        { "save", "PATH", "where the net goes (default lenet.safetensors)", .text = &a->save, .written = true },
    };
    if (!read_arguments(argc, argv, "lenet", "learns to read digits; the last line is the accuracy on images that it has not seen", table,
                        sizeof table / sizeof *table, status))
        return false;
    if (!a->split || a->data)
        return true;
    fputs("lenet: --split needs --data\n", stderr);
    *status = 2;
    return false;
}

int main(int argc, char **argv)
{
    arguments a = { .model = "lenet", .save = "lenet.safetensors", .epochs = 6, .batch_size = 64, .workers = 2,
                    .device = tp_cuda_is_available() ? TP_CUDA(0) : TP_CPU };
    int status;
    if (!read_options(argc, argv, &a, &status))
        return status;

    tp_manual_seed((uint64_t)a.seed);
    tp_device dev = a.device;

    tp_module *net = build(a.model);
    tp_module_to(net, dev);

    tp_optimizer *opt = tp_adam(tp_parameters(net), .lr = 1e-3);
    tp_dataset *train, *test;
    open_data(&a, &train, &test);
    tp_loader *loader = tp_data_loader(train, .batch_size = a.batch_size, .shuffle = true, .workers = a.workers,
                                       .device = dev, .progress = true);
    tp_loader *tests = tp_data_loader(test, .batch_size = 256, .device = dev);

    int64_t numbers = 0;
    for (int64_t i = 0; i < tp_parameters(net).n; i++)
        numbers += tp_numel(tp_parameters(net).at[i]);
    if (!tp_failed())
        printf("%s, of %lld parameters, on %s: %lld images to learn from, %lld to test on\n", a.model, (long long)numbers,
               tp_device_name(dev), (long long)tp_dataset_count(train), (long long)tp_dataset_count(test));

    for (int64_t epoch = 0; epoch < a.epochs && !tp_failed(); epoch++) {
        tp_set_lr(opt, 3 * epoch < 2 * a.epochs ? 1e-3 : 2e-4);          // smaller steps in the last third
        tp_batch batch;
        while (tp_loader_next(loader, &batch)) { // false at the end of the epoch, and on an error
            TP_SCOPE();                          // every tensor made below dies at the closing brace
            tp_tensor *logits = tp_forward(net, batch.x);
            tp_tensor *loss = tp_cross_entropy(logits, batch.y);
            tp_zero_grad(opt);
            tp_backward(loss);
            tp_step(opt);
            tp_loader_log(loader, "loss", loss); // read when it is there: no stall on a GPU
        }
        const double accuracy = evaluate(net, tests);
        if (!tp_failed()) {
            printf("epoch %lld: accuracy %.4f\n", (long long)epoch + 1, accuracy);
            fflush(stdout);
        }
    }
    tp_module_save(net, a.save);

    tp_module *again = build(a.model);
    tp_module_to(again, dev);
    tp_module_load(again, a.save);
    if (!agree(net, again, tests) && !tp_failed())
        tp_fail(TP_ERR_STATE, "lenet: the net loaded from %s does not say what the saved one says", a.save);
    const double accuracy = evaluate(again, tests);
    tp_eval(again);
    draw(again, test, dev);
    if (!tp_failed())
        printf("test accuracy %.4f\n", accuracy);
    tp_free_all(net, again, opt, loader, tests, train, test);
    return tp_report_error(stderr);              // 0 when nothing went wrong, else prints the first error
}
