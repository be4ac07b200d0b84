/* tests/test_cuda_dnn.c: convolution, normalization over a batch, windows of images, attention and
 * recurrent nets by cuDNN, against the CPU, with their gradients; which of its plans are taken, how long they are kept, and
 * what becomes of what it refuses. */
#include "cuda_agree.h"

#include <pthread.h>

static void begin(int order) { cuda_order(order, 11); }

/* Of the simulated device's. False: it has none, and there is nothing to count. */
static bool count(taper_cuda_host_graphs *graphs)
{
    void *found = cuda_host_needed("taper_cuda_host_count_graphs");
    void (*read)(taper_cuda_host_graphs *);
    memcpy(&read, &found, sizeof read);
    if (read) read(graphs);
    return read;
}
static int64_t runs(void)
{
    taper_cuda_host_graphs g = { 0 };
    return count(&g) ? g.runs : 0;
}
static void ck_ran(int64_t before, int64_t times, const char *what)
{
    taper_cuda_host_graphs g;
    if (count(&g)) ck_assert_msg(g.runs == before + times, "%s went by cuDNN %lld times, not %lld", what, (long long)(g.runs - before), (long long)times);
}

static tp_tensor *last(tp_tensor *x) { return tp_contiguous(x, .memory_format = TP_CHANNELS_LAST); }
static const tp_dtype taken[] = { TP_F32, TP_F16, TP_BF16 };

/* ---- Convolution ------------------------------------------------------------------------------------------------------------------------ */

typedef struct conv { int64_t stride, padding, dilation, groups, output_padding; bool transposed; } conv;
static tp_tensor *conv2d(tp_tensor *const *in, const void *arg)
{
    const conv *c = arg;
    if (c->transposed)
        return tp_conv_transpose2d(in[0], in[1], in[2], .stride = c->stride, .padding = c->padding, .dilation = c->dilation, .groups = c->groups,
                                   .output_padding = c->output_padding);
    return tp_conv2d(in[0], in[1], in[2], .stride = c->stride, .padding = c->padding, .dilation = c->dilation, .groups = c->groups);
}
static tp_tensor *conv1d(tp_tensor *const *in, const void *arg) { return (void)arg, tp_conv1d(in[0], in[1], in[2], .stride = 2, .padding = 1); }
static tp_tensor *conv3d(tp_tensor *const *in, const void *arg) { return (void)arg, tp_conv3d(in[0], in[1], in[2], .padding = 1); }

START_TEST(convolutions_agree)
{
    begin(_i);
    for (int k = 0; k < 3; k++) {
        const tp_dtype d = taken[k];
        const double tol = 4 * tolerance(d);
        TP_SCOPE();
        const int64_t before = runs();
        tp_tensor *x = normal(d, TP_SHAPE(2, 7, 13, 11)), *w = normal(d, TP_SHAPE(9, 7, 3, 3)), *b = normal(d, TP_SHAPE(9));
        agree(conv2d, &(conv){ 1, 1, 1, 1, 0, false }, (tp_tensor *[]){ x, w, b }, 3, tol, "3x3");
        agree(conv2d, &(conv){ 2, 1, 1, 1, 0, false }, (tp_tensor *[]){ last(x), w, b }, 3, tol, "channels last");
        agree(conv2d, &(conv){ 2, 1, 1, 1, 0, false }, (tp_tensor *[]){ last(x), last(w), NULL }, 3, tol, "channels last of both");
        agree(conv2d, &(conv){ 2, 3, 2, 2, 0, false },
              (tp_tensor *[]){ normal(d, TP_SHAPE(2, 6, 19, 12)), normal(d, TP_SHAPE(10, 3, 3, 2)), NULL }, 3, tol,
              "strided groups");
        agree(conv2d, &(conv){ 2, 1, 1, 8, 0, false }, (tp_tensor *[]){ normal(d, TP_SHAPE(3, 8, 9, 9)),
            normal(d, TP_SHAPE(8, 1, 3, 3)), normal(d, TP_SHAPE(8)) }, 3, tol, "depthwise");
        agree(conv1d, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(2, 5, 17)), normal(d, TP_SHAPE(4, 5, 3)), normal(d, TP_SHAPE(4)) }, 3, tol, "1d");
        agree(conv3d, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(1, 3, 5, 6, 7)), normal(d, TP_SHAPE(5, 3, 3, 3, 3)), normal(d, TP_SHAPE(5)) }, 3, tol, "3d");
        ck_ran(before, 7 * 3, "convolution");
        agree(conv2d, &(conv){ 2, 1, 1, 1, 1, true }, (tp_tensor *[]){ normal(d, TP_SHAPE(2, 6, 7, 5)),
            normal(d, TP_SHAPE(6, 9, 3, 3)), normal(d, TP_SHAPE(9)) }, 3, tol, "transposed");
        agree(conv2d, &(conv){ 2, 0, 1, 3, 0, true },
              (tp_tensor *[]){ last(normal(d, TP_SHAPE(2, 6, 7, 5))), normal(d, TP_SHAPE(6, 3, 3, 3)),
                               normal(d, TP_SHAPE(9)) },
              3, tol, "transposed groups");
    }
}
END_TEST

/* A view that is not aligned, strides with gaps, a side that has another layout, a bias whose elements lie apart. */
START_TEST(any_layout_agrees)
{
    begin(_i);
    for (int k = 0; k < 3; k++) {
        const tp_dtype d = taken[k];
        TP_SCOPE();
        tp_tensor *all = normal(d, TP_SHAPE(900)), *w = normal(d, TP_SHAPE(4, 5, 3, 3)), *b = normal(d, TP_SHAPE(4, 3));
        tp_tensor *there = tp_to(all, DEVICE), *dw = tp_to(w, DEVICE), *db = tp_select(tp_to(b, DEVICE), 1, 1);
        b = tp_select(b, 1, 1);
        static const struct { int64_t stride[4], offset; } layouts[] = {
            { { 360, 72, 8, 1 }, 1 }, { { 400, 80, 9, 1 }, 0 }, { { 360, 1, 40, 5 }, 3 }, { { 360, 72, 1, 9 }, 0 }, { { 0, 72, 8, 1 }, 4 },
        };
        for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
            tp_tensor *x = tp_as_strided(all, TP_SHAPE(2, 5, 9, 8), layouts[i].stride, layouts[i].offset);
            tp_tensor *dx = tp_as_strided(there, TP_SHAPE(2, 5, 9, 8), layouts[i].stride, layouts[i].offset);
            close_to(tp_conv2d(dx, dw, db, .padding = 1), tp_conv2d(x, w, b, .padding = 1), 4 * tolerance(d), "a layout");
        }
    }
}
END_TEST

/* What is left out at an end, which the library does not take; float64, which it is not asked for; and nothing at all. */
START_TEST(the_rest_goes_as_before)
{
    begin(0);
    TP_SCOPE();
    const int64_t before = runs();
    tp_tensor *x = normal(TP_F32, TP_SHAPE(2, 3, 8, 8)), *w = normal(TP_F32, TP_SHAPE(3, 4, 3, 3));
    agree(conv2d, &(conv){ 1, 2, 2, 1, 1, true }, (tp_tensor *[]){ x, w, normal(TP_F32, TP_SHAPE(4)) }, 3, 1e-5, "uneven");
    x = normal(TP_F64, TP_SHAPE(2, 3, 8, 8)), w = normal(TP_F64, TP_SHAPE(4, 3, 4, 4));
    agree(conv2d, &(conv){ 1, 0, 1, 1, 0, false }, (tp_tensor *[]){ x, w, NULL }, 2, 1e-12, "float64");
    x = tp_zeros(TP_SHAPE(0, 3, 8, 8)), w = normal(TP_F32, TP_SHAPE(4, 3, 4, 4));
    agree(conv2d, &(conv){ 1, 0, 1, 1, 0, false }, (tp_tensor *[]){ x, w, NULL }, 2, 0, "no images");
    ck_ran(before, 0, "what it does not take");
}
END_TEST

/* ---- Normalization over a batch ------------------------------------------------------------------------------------------------------------ */

static tp_tensor *batch_norm(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_batch_norm(in[0], NULL, NULL, .weight = in[1], .bias = in[2], .training = true);
}

START_TEST(normalization_agrees)
{
    begin(_i);
    for (int k = 0; k < 3; k++) {
        const tp_dtype d = taken[k];
        TP_SCOPE();
        const int64_t before = runs();
        tp_tensor *w = normal(TP_F32, TP_SHAPE(8)), *b = normal(TP_F32, TP_SHAPE(8)), *x = tp_add(normal(d, TP_SHAPE(3, 8, 5, 4)), 2);
        agree(batch_norm, NULL, (tp_tensor *[]){ last(x), w, b }, 3, 4 * tolerance(d), "channels last");
        agree(batch_norm, NULL, (tp_tensor *[]){ last(x), NULL, NULL }, 3, 4 * tolerance(d), "without a weight");
        agree(batch_norm, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(9, 8)), w, b }, 3, 4 * tolerance(d), "rows");
        ck_ran(before, d == TP_F32 ? 6 : 4, "normalization");         /* in 16 bits all through, PyTorch rounds what cuDNN does not */
        agree(batch_norm, NULL, (tp_tensor *[]){ x, w, b }, 3, 4 * tolerance(d), "row-major");
        ck_ran(before, d == TP_F32 ? 6 : 4, "normalization of what is row-major");
    }
}
END_TEST

/* The statistics move as on the CPU. */
START_TEST(running_statistics_agree)
{
    begin(0);
    TP_SCOPE();
    tp_tensor *x = last(tp_add(tp_mul(tp_randn(TP_SHAPE(3, 8, 5, 4)), 1e-3), 5)), *mean = tp_randn(TP_SHAPE(8)), *var = tp_add(tp_rand(TP_SHAPE(8)), 1);
    tp_tensor *there_mean = tp_to(mean, DEVICE), *there_var = tp_to(var, DEVICE), *y = tp_batch_norm(x, mean, var, .training = true, .momentum = 1);
    close_to(tp_batch_norm(tp_to(x, DEVICE), there_mean, there_var, .training = true, .momentum = 1), y, 1e-3, "y");
    close_to(there_mean, mean, 1e-6, "the mean");
    close_to(there_var, var, 1e-4, "the variance, which is less than eps");
}
END_TEST

/* ---- Windows of images ------------------------------------------------------------------------------------------------------------------------ */

typedef struct windows { int64_t kernel, stride, padding, dilation; bool counts, ceil_mode; } windows;
static tp_tensor *means(tp_tensor *const *in, const void *arg)
{
    const windows *w = arg;
    return tp_avg_pool2d(in[0], w->kernel, .stride = w->stride, .padding = w->padding, .count_include_pad = w->counts, .ceil_mode = w->ceil_mode);
}
static tp_tensor *greatest(tp_tensor *const *in, const void *arg)
{
    const windows *w = arg;
    return tp_max_pool2d(in[0], w->kernel, .stride = w->stride, .padding = w->padding, .dilation = w->dilation, .ceil_mode = w->ceil_mode);
}

START_TEST(means_agree)
{
    begin(_i);
    for (int k = 0; k < 3; k++) {
        const tp_dtype d = taken[k];
        const double tol = 2 * tolerance(d);
        TP_SCOPE();
        int64_t before = runs();
        tp_tensor *x = last(normal(d, TP_SHAPE(2, 5, 9, 8)));
        for (int counts = 0; counts < 2; counts++) agree(means, &(windows){ 3, 2, 1, 1, counts, false }, (tp_tensor *[]){ x }, 1, tol, "means");
        ck_ran(before, 2, "means, whose gradient comes row-major");
        for (int counts = 0; counts < 2; counts++) {
            const windows w = { 3, 2, 1, 1, counts, false };
            tp_tensor *dx[2], *dy = last(normal(d, TP_SHAPE(2, 5, 5, 4)));
            for (int device = 0; device < 2; device++) {
                tp_tensor *in = device ? tp_to(x, DEVICE) : tp_clone(x), *v = device ? tp_to(dy, DEVICE) : dy;
                ck_ok(tp_requires_grad(in, true));
                tp_tensor *y = means(&in, &w);
                ck_ok(tp_grad(&y, 1, &in, 1, &v, &dx[device]));
            }
            close_to(dx[1], dx[0], 4 * tol, "the gradient of means");
        }
        before += 6;
        ck_ran(before, 0, "means and their gradients");
        agree(means, &(windows){ 3, 2, 0, 1, true, true }, (tp_tensor *[]){ x }, 1, tol, "windows that are cut off");
        agree(means, &(windows){ 3, 2, 1, 1, true, false }, (tp_tensor *[]){ tp_contiguous(x) }, 1, tol, "row-major");
        ck_ran(before, 0, "what it does not take");
    }
}
END_TEST

/* Equals and what is not a number among the elements, windows of nothing but -inf: the first of equals has the gradient, and the last NaN. */
static tp_tensor *awkward(tp_dtype dtype, tp_shape shape)
{
    tp_tensor *x = tp_round(tp_mul(tp_randn(shape), 1.5)), *u = tp_rand(shape);
    x = tp_where(tp_gt(u, 0.4), x, tp_full_like(x, -INFINITY));
    return tp_to_dtype(tp_where(tp_gt(u, 0.05), x, tp_full_like(x, NAN)), dtype);
}

START_TEST(greatest_agree)
{
    static const windows taken_by_it[] = { { 2, 2, 0, 1, false, false }, { 3, 2, 1, 1, false, false }, { 3, 1, 0, 1, false, false } };
    static const windows others[] = { { 3, 2, 0, 1, false, true }, { 2, 1, 1, 3, false, false }, { 12, 5, 6, 1, false, false } };
    begin(_i);
    for (int k = 0; k < 3; k++) {
        const tp_dtype d = taken[k];
        TP_SCOPE();
        const int64_t before = runs();
        for (int i = 0; i < 3; i++) {
            tp_tensor *x = i ? awkward(d, TP_SHAPE(2, 5, 9, 8)) : normal(d, TP_SHAPE(2, 5, 9, 8)), *there = tp_to(last(x), DEVICE);
            tp_tensor *here = tp_clone(x), *dy;
            ck_ok(tp_requires_grad(here, true));
            ck_ok(tp_requires_grad(there, true));
            tp_tensor *want = greatest(&here, &taken_by_it[i]), *got = greatest(&there, &taken_by_it[i]);
            ck_assert_msg(tp_item(tp_all(tp_isclose(tp_to(got, TP_CPU), want, .rtol = 0, .atol = 0, .equal_nan = true))) == 1, "windows %d differ", i);
            dy = tp_to_dtype(tp_round(tp_mul(tp_randn(tp_shape_of(want)), 4)), d);       /* whose sums are exact */
            tp_tensor *dx[2];
            ck_ok(tp_grad(&want, 1, &here, 1, &dy, &dx[0]));
            dy = tp_to(last(dy), DEVICE);
            ck_ok(tp_grad(&got, 1, &there, 1, &dy, &dx[1]));
            ck_assert_msg(tp_allclose(tp_to(dx[1], TP_CPU), dx[0], 0, 0), "windows %d: the gradient differs", i);
        }
        ck_ran(before, 3, "the gradient of the greatest");
        for (int i = 0; i < 3; i++)
            agree(greatest, &others[i], (tp_tensor *[]){ last(normal(d, TP_SHAPE(2, 5, 14, 13))) }, 1, 2 * tolerance(d),
                  "other windows");
        agree(greatest, &taken_by_it[1], (tp_tensor *[]){ normal(d, TP_SHAPE(2, 5, 9, 8)) }, 1, 2 * tolerance(d), "row-major");
        ck_ran(before, 3, "what it does not take");
    }
}
END_TEST

/* ---- Attention -------------------------------------------------------------------------------------------------------------------------- */

/* apart: each head has memory of its own, else it is a part of rows */
typedef struct heads { bool causal, apart; tp_tensor *mask; bool shared; } heads;
static tp_tensor *attention(tp_tensor *const *in, const void *arg)
{
    const heads *h = arg;
    tp_tensor *part[3];
    for (int i = 0; i < 3; i++) part[i] = h->apart ? tp_contiguous(tp_transpose(in[i], 1, 2)) : tp_transpose(in[i], 1, 2);
    return tp_scaled_dot_product_attention(part[0], part[1], part[2], .attn_mask = h->mask ? tp_to(h->mask, tp_device_of(in[0])) : NULL, .is_causal = h->causal,
                                           .enable_gqa = h->shared);
}

START_TEST(attention_agrees)
{
    begin(_i);
    TP_SCOPE();
    const heads forms[] = { { false, false, NULL, false }, { true, false, NULL, false }, { true, true, NULL, false } };
    for (int k = 0; k < 2; k++) {
        const tp_dtype d = taken[1 + k];
        tp_tensor *const in[] = { normal(d, TP_SHAPE(1, 66, 2, 8)), normal(d, TP_SHAPE(1, 71, 2, 8)), normal(d, TP_SHAPE(1, 71, 2, 16)) };
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            const int64_t before = runs();
            agree(attention, &forms[f], in, 3, 2 * tolerance(d), "attention");
            ck_ran(before, 2, "attention and its backward");
        }
    }
    const int64_t shared = runs();
    tp_tensor *const grouped[] = { normal(TP_BF16, TP_SHAPE(2, 66, 6, 8)), normal(TP_BF16, TP_SHAPE(2, 71, 2, 8)), normal(TP_BF16, TP_SHAPE(2, 71, 2, 16)) };
    agree(attention, &(heads){ true, _i == 1, NULL, true }, grouped, 3, 2 * tolerance(TP_BF16), "shared heads");
    ck_ran(shared, 2, "attention of shared heads and its backward");
    const int64_t before = runs();                     /* what cuDNN is not asked for */
    tp_tensor *const in[] = { normal(TP_F32, TP_SHAPE(1, 66, 1, 8)), normal(TP_F32, TP_SHAPE(1, 71, 1, 8)),
                              normal(TP_F32, TP_SHAPE(1, 71, 1, 8)) },
                     *few[3], *odd[3];
    for (int i = 0; i < 3; i++) few[i] = tp_to_dtype(tp_narrow(in[i], 1, 0, 5), TP_BF16), odd[i] = tp_to_dtype(tp_narrow(in[i], 3, 0, 6), TP_BF16);
    agree(attention, &forms[1], in, 3, tolerance(TP_F32), "float32");
    agree(attention, &forms[1], few, 3, tolerance(TP_BF16), "few rows");
    agree(attention, &forms[1], odd, 3, tolerance(TP_BF16), "odd widths");
    const heads seen = { false, false, tp_gt(tp_randn(TP_SHAPE(66, 71)), -0.5), false };
    for (int i = 0; i < 3; i++) few[i] = tp_to_dtype(in[i], TP_BF16);
    agree(attention, &seen, few, 3, tolerance(TP_BF16), "a mask");
    ck_ran(before, 0, "other attention");
}
END_TEST

/* ---- In parts ---------------------------------------------------------------------------------------------------------------------------- */

/* f of all images, and of one after the other: the same bits, and those of the gradients. */
enum { IMAGES = 5 };
static void same_bits(tp_tensor *got, tp_tensor *want, const char *what)
{
    ck_assert_msg(got && want, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_msg(tp_equal(tp_to(got, TP_CPU), tp_to(want, TP_CPU)), "%s differs in parts", what);
}
static int64_t all_and_each(function *f, const void *arg, tp_tensor *const *in, int n, const char *what)
{
    tp_tensor *there[INPUTS], *one[INPUTS], *v = NULL, *y = NULL;
    for (int i = 0; i < n; i++) {
        there[i] = tp_to(in[i], DEVICE);
        ck_ok(tp_requires_grad(there[i], true));
    }
    const int64_t before = runs();
    y = f(there, arg);
    v = normal(tp_dtype_of(y), tp_shape_of(y));
    ck_ok(tp_backward(tp_sum(tp_mul(y, tp_to(v, DEVICE)))));
    const int64_t ran = runs() - before;
    for (int64_t k = 0; k < IMAGES; k++) {
        for (int i = 0; i < n; i++) {
            one[i] = tp_to(tp_narrow(in[i], 0, k, 1), DEVICE);
            ck_ok(tp_requires_grad(one[i], true));
        }
        tp_tensor *part = f(one, arg);
        same_bits(tp_narrow(y, 0, k, 1), part, what);
        ck_ok(tp_backward(tp_sum(tp_mul(part, tp_to(tp_narrow(v, 0, k, 1), DEVICE)))));
        for (int i = 0; i < n; i++) same_bits(tp_narrow(tp_grad_of(there[i]), 0, k, 1), tp_grad_of(one[i]), what);
    }
    return ran;
}

/* Room for all images; for some; for one; for a head of one, where heads share none; for nothing: then it goes as it would without cuDNN. */
START_TEST(attention_in_parts_is_the_whole)
{
    enum { HEADS = 2, ROWS = 68, KEYS = 71, BOTH = 2 };
    static const struct { const char *room; int64_t runs; } rooms[] = { { "1000000000", BOTH }, { "1500000", 2 * BOTH }, { "600000", IMAGES * BOTH },
        { "250000", HEADS * IMAGES * BOTH }, { "4000", 0 } };
    setenv("TAPER_CUDA_CUDNN_WORKSPACE", rooms[_i].room, 1);
    begin(0);
    TP_SCOPE();
    tp_tensor *const in[] = { normal(TP_BF16, TP_SHAPE(IMAGES, ROWS, HEADS, 8)), normal(TP_BF16, TP_SHAPE(IMAGES, KEYS, HEADS, 8)),
                              normal(TP_BF16, TP_SHAPE(IMAGES, KEYS, HEADS, 16)) };
    for (int k = 0; k < 2; k++) {
        const int64_t ran = all_and_each(attention, &(heads){ true, k, NULL, false }, in, 3, "attention");
        taper_cuda_host_graphs g;
        if (count(&g)) ck_assert_int_eq(ran, rooms[_i].runs);
    }
}
END_TEST

/* ---- Recurrent nets ---------------------------------------------------------------------------------------------------------------------------- */

enum { FEATURES = 5, HIDDEN = 3, MOST_PARAMS = 32 };
typedef struct net { int gates, layers, dirs; bool relu, biased, packed, batch_first; double dropout; int give; } net;         /* give: y, h, c */

/* The parameters, cut out of one tensor, so that there are few inputs. */
static int64_t cut(const net *n, tp_tensor *all, tp_tensor **to)
{
    int64_t at = 0, count = 0;
    for (int i = 0; i < n->layers * n->dirs; i++)
        for (int k = 0; k < (n->biased ? 4 : 2); k++) {
            const int64_t rows = n->gates * HIDDEN, cols = k > 1 ? 1 : k ? HIDDEN : i < n->dirs ? FEATURES : HIDDEN * n->dirs;
            if (to) to[count] = k > 1 ? tp_narrow(all, 0, at, rows) : tp_reshape(tp_narrow(all, 0, at, rows * cols), TP_SHAPE(rows, cols));
            count++;
            at += rows * cols;
        }
    return to ? count : at;
}

/* in: x, all parameters, h, c */
static tp_tensor *recur(tp_tensor *const *in, const void *arg)
{
    const net *n = arg;
    tp_tensor *params[MOST_PARAMS], *hy = NULL, *cy = NULL, *y;
    const tp_tensor_list list = { .at = params, .n = cut(n, in[1], params) };
    tp_tensor *sizes = n->packed ? tp_from_data((const int64_t[]){ 3, 3, 2, 1 }, TP_I64, TP_SHAPE(4)) : NULL;
#define NET .batch_sizes = sizes, .has_biases = n->biased, .num_layers = n->layers, .dropout = n->dropout, .train = true, .bidirectional = n->dirs == 2, \
    .batch_first = n->batch_first, .hy = &hy
    if (n->dropout > 0) tp_manual_seed(5);
    if (n->gates == 4) y = tp_lstm(in[0], in[2], in[3], list, NET, .cy = &cy);
    else if (n->gates == 3) y = tp_gru(in[0], in[2], list, NET);
    else y = n->relu ? tp_rnn_relu(in[0], in[2], list, NET) : tp_rnn_tanh(in[0], in[2], list, NET);
#undef NET
    return n->give == 1 ? hy : n->give == 2 ? cy : y;
}

/* runs: by the library, each of a forward and a backward in two parts */
static double widened = 1;                             /* where tensor cores may be used */
static void recurs(const net *n, tp_dtype dtype, bool with_state, int runs_of, const char *what)
{
    TP_SCOPE();
    const int64_t before = runs();
    const tp_shape state = TP_SHAPE(n->layers * n->dirs, 3, HIDDEN);
    tp_tensor *in[] = { normal(dtype, n->packed ? TP_SHAPE(9, FEATURES) : n->batch_first ? TP_SHAPE(3, 4, FEATURES) : TP_SHAPE(4, 3, FEATURES)),
                        tp_mul(normal(dtype, TP_SHAPE(cut(n, NULL, NULL))), 0.5), with_state ? normal(dtype, state) : NULL,
                        with_state && n->gates == 4 ? normal(dtype, state) : NULL };
    agree(recur, n, in, 4, 8 * widened * tolerance(dtype), what);
    ck_ran(before, runs_of, what);
}

START_TEST(recurrent_nets_agree)
{
    static const int gates[] = { 4, 3, 1, 1 };
    begin(_i);
    for (int k = 0; k < 3; k++)
        for (int mode = 0; mode < 4; mode++) {
            const tp_dtype d = taken[k];
            recurs(&(net){ .gates = gates[mode], .relu = mode == 3, .layers = 1, .dirs = 1, .biased = true }, d, true, 3, "a layer");
            recurs(&(net){ .gates = gates[mode], .relu = mode == 3, .layers = 2, .dirs = 2, .biased = true,
                .batch_first = true }, d, false, 3, "two layers both ways");
            recurs(&(net){ .gates = gates[mode], .relu = mode == 3, .layers = 2, .dirs = 1, .give = 1 }, d, true, 3, "the state, without biases");
            recurs(&(net){ .gates = gates[mode], .relu = mode == 3, .layers = 1, .dirs = 2, .biased = true, .packed = true }, d, true, 3, "packed");
            if (mode < 2)
                recurs(&(net){ .gates = gates[mode], .layers = 2, .dirs = 2, .biased = true, .packed = true,
                    .give = mode ? 1 : 2 }, d, mode, 3, "a packed state");
        }
}
END_TEST

/* Between the layers of each by itself the same elements are dropped as on the CPU; float64 is not asked for. */
START_TEST(other_recurrent_nets_agree)
{
    begin(0);
    recurs(&(net){ .gates = 4, .layers = 2, .dirs = 1, .biased = true, .dropout = 0.5 }, TP_F32, true, 6, "dropout");
    recurs(&(net){ .gates = 3, .layers = 2, .dirs = 2, .biased = true }, TP_F64, true, 0, "float64");
    TP_SCOPE();
    const net n = { .gates = 3, .layers = 1, .dirs = 1, .biased = true, .packed = true };
    tp_tensor *x = tp_to(tp_randn(TP_SHAPE(9, FEATURES)), DEVICE), *all = tp_to(tp_randn(TP_SHAPE(cut(&n, NULL, NULL))), DEVICE);
    ck_assert_ptr_null(recur((tp_tensor *[]){ x, all, tp_zeros(TP_SHAPE(1, 3, HIDDEN)), NULL }, &n));
    ck_message("gru: tensors are on cuda:0 and cpu");
}
END_TEST

/* The gradient of a gradient, which cuDNN does not have */
START_TEST(second_gradients_of_recurrent_nets_agree)
{
    begin(0);
    TP_SCOPE();
    const net n = { .gates = 4, .layers = 2, .dirs = 2, .biased = true };
    tp_tensor *here[] = { normal(TP_F32, TP_SHAPE(3, 3, FEATURES)),
                          tp_mul(normal(TP_F32, TP_SHAPE(cut(&n, NULL, NULL))), 0.5),
                          normal(TP_F32, TP_SHAPE(4, 3, HIDDEN)), normal(TP_F32, TP_SHAPE(4, 3, HIDDEN)) },
              *there[4], *second[2][4];
    for (int i = 0; i < 4; i++) there[i] = tp_to(here[i], DEVICE);
    for (int device = 0; device < 2; device++) {
        tp_tensor **in = device ? there : here, *first[4], *sum = NULL;
        for (int i = 0; i < 4; i++) ck_ok(tp_requires_grad(in[i], true));
        tp_tensor *y = recur(in, &n), *loss = tp_sum(tp_mul(y, y));
        ck_ok(tp_grad(&loss, 1, in, 4, NULL, first, .create_graph = true));
        for (int i = 0; i < 4; i++) {
            tp_tensor *part = tp_sum(tp_mul(first[i], first[i]));
            sum = sum ? tp_add(sum, part) : part;
        }
        ck_ok(tp_grad(&sum, 1, in, 4, NULL, second[device]));
    }
    for (int i = 0; i < 4; i++) close_to(second[1][i], second[0][i], 1e-4, "a second gradient");
}
END_TEST

typedef struct training { tp_tensor *in[4], *dx; net n; } training;
static tp_status train(void *arg)
{
    training *t = arg;
    tp_tensor *y = recur(t->in, &t->n), *loss = tp_sum(tp_mul(y, y)), *dx;
    if (tp_grad(&loss, 1, t->in, 1, NULL, &dx)) return tp_error_status();
    return tp_copy_(t->dx, dx) ? TP_OK : tp_error_status();
}
START_TEST(a_recorded_net_is_the_net)
{
    begin(0);
    TP_SCOPE();
    training t = { .n = { .gates = 4, .layers = 2, .dirs = 1, .biased = true } }, want = t;
    want.in[0] = normal(TP_F32, TP_SHAPE(4, 3, FEATURES)), want.in[1] = normal(TP_F32, TP_SHAPE(cut(&t.n, NULL, NULL)));
    want.in[2] = want.in[3] = NULL;
    t.in[0] = tp_to(tp_zeros_like(want.in[0]), DEVICE), t.in[1] = tp_to(want.in[1], DEVICE), t.in[2] = t.in[3] = NULL;
    t.dx = tp_zeros_like(t.in[0]), want.dx = tp_zeros_like(want.in[0]);
    ck_ok(tp_requires_grad(t.in[0], true));
    ck_ok(tp_requires_grad(want.in[0], true));
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, train, &t, 1);
    ck_assert_msg(graph, "%s", tp_last_error() ? tp_last_error()->message : "nothing");
    {
        TP_NO_GRAD();
        ck_assert_ptr_nonnull(tp_copy_(t.in[0], tp_to(want.in[0], DEVICE)));
    }
    for (int i = 0; i < 2; i++) ck_ok(tp_cuda_graph_replay(graph));
    ck_ok(train(&want));
    close_to(t.dx, want.dx, 1e-4, "a replayed net");
    tp_cuda_graph_free(graph);
}
END_TEST

/* In mixed precision the states are of 16 bits, too. */
START_TEST(recurrent_nets_are_cast)
{
    begin(0);
    TP_SCOPE();
    const net n = { .gates = 3, .layers = 2, .dirs = 2, .biased = true };
    tp_tensor *in[] = { normal(TP_F32, TP_SHAPE(4, 3, FEATURES)), tp_mul(normal(TP_F32, TP_SHAPE(cut(&n, NULL, NULL))), 0.5), NULL, NULL };
    tp_tensor *there[] = { tp_to(in[0], DEVICE), tp_to(in[1], DEVICE), NULL, NULL }, *y;
    const int64_t before = runs();
    {
        TP_AUTOCAST(TP_BF16);
        y = recur(there, &n);
    }
    ck_ran(before, 1, "mixed precision");
    ck_assert_ptr_nonnull(y);
    ck_assert_int_eq(tp_dtype_of(y), TP_BF16);
    ck_assert(tp_allclose(tp_to_dtype(tp_to(y, TP_CPU), TP_F32), recur(in, &n), 5e-2, 5e-2));
}
END_TEST

/* ---- Plans ------------------------------------------------------------------------------------------------------------------------------------ */

/* Engine 2 is the plain one: float32 throughout. */
START_TEST(tensor_cores_are_for_who_wants_them)
{
    if (_i) setenv("TAPER_CUDA_TF32", "1", 1);
    begin(0);
    taper_cuda_host_graphs g;
    TP_SCOPE();
    tp_tensor *x = normal(TP_F32, TP_SHAPE(2, 7, 9, 9)), *w = normal(TP_F32, TP_SHAPE(5, 7, 3, 3));
    tp_tensor *y = tp_to(tp_conv2d(tp_to(x, DEVICE), tp_to(w, DEVICE), NULL), TP_CPU), *want = tp_conv2d(x, w, NULL);
    if (!count(&g)) return;
    ck_assert_int_eq(g.engine, _i ? 0 : 2);
    ck_assert(tp_allclose(y, want, 1e-5, 1e-5) == !_i);
    ck_assert(tp_allclose(y, want, 1e-2, 1e-2));
    if (_i) widened = 100;
    recurs(&(net){ .gates = 4, .layers = 1, .dirs = 1, .biased = true }, TP_F32, true, 3, _i ? "a net by tensor cores" : "a net");
    ck_assert(count(&g) && g.engine == (_i ? 0 : 2));
    tp_conv2d(tp_to(tp_to_dtype(x, TP_BF16), DEVICE), tp_to(tp_to_dtype(w, TP_BF16), DEVICE), NULL);
    ck_ok(tp_synchronize(DEVICE));
    ck_assert(count(&g) && g.engine == 0);
}
END_TEST

static void convolve(int64_t size)
{
    TP_SCOPE();
    ck_assert_ptr_nonnull(tp_conv1d(tp_ones(TP_SHAPE(1, 1, size), .device = DEVICE), tp_ones(TP_SHAPE(1, 1, 1), .device = DEVICE), NULL));
    ck_ok(tp_synchronize(DEVICE));
}

START_TEST(plans_are_kept_but_not_all)
{
    enum { MANY = 600 };
    begin(0);
    taper_cuda_host_graphs first, g;
    convolve(3);
    if (!count(&first)) return;
    convolve(3);
    ck_assert(count(&g) && g.plans == first.plans && g.parts == first.parts);
    for (int i = 0; i < MANY; i++) convolve(4 + i);
    ck_assert(count(&g) && g.plans == first.plans + MANY);
    const int64_t parts = g.parts;
    ck_assert_int_lt(parts, MANY * first.parts);
    convolve(3);                                       /* made anew in the place of another */
    ck_assert(count(&g) && g.plans == first.plans + MANY + 1 && g.parts == parts);
}
END_TEST

static void *other_thread(void *arg)
{
    convolve(3);
    return arg;
}
START_TEST(a_thread_takes_its_plans_along)
{
    begin(0);
    taper_cuda_host_graphs before, after;
    pthread_t thread;
    convolve(3);
    if (!count(&before)) return;
    ck_assert(!pthread_create(&thread, NULL, other_thread, NULL) && !pthread_join(thread, NULL));
    ck_assert(count(&after));
    ck_assert_int_eq(after.plans, before.plans + 1);
    ck_assert_int_eq(after.parts, before.parts);
    ck_assert_int_eq(after.handles, before.handles);
}
END_TEST

typedef struct step { tp_tensor *x, *w, *y; } step;
static tp_status run_step(void *arg)
{
    step *s = arg;
    return tp_copy_(s->y, tp_batch_norm(tp_conv2d(s->x, s->w, NULL, .padding = 1), NULL, NULL, .training = true)) ? TP_OK : tp_error_status();
}
START_TEST(a_recorded_step_is_the_step)
{
    begin(0);
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *x = last(tp_randn(TP_SHAPE(2, 4, 6, 6))), *w = tp_randn(TP_SHAPE(8, 4, 3, 3));
    step s = { tp_to(tp_zeros_like(x), DEVICE), tp_to(w, DEVICE), tp_to(last(tp_zeros(TP_SHAPE(2, 8, 6, 6))), DEVICE) };
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, run_step, &s, 1);
    ck_assert_msg(graph, "%s", tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_ptr_nonnull(tp_copy_(s.x, tp_to(x, DEVICE)));
    ck_ok(tp_cuda_graph_replay(graph));
    close_to(s.y, tp_batch_norm(tp_conv2d(x, w, NULL, .padding = 1), NULL, NULL, .training = true), 1e-5, "a replayed step");
    tp_cuda_graph_free(graph);
}
END_TEST

/* Each allocation fails once: an error, and then the result. */
START_TEST(missing_memory_is_an_error)
{
    setenv("TAPER_CUDA_ALLOC", "direct", 1);
    begin(0);
    TP_SCOPE();
    TP_NO_GRAD();
    const net n = { .gates = 4, .layers = 2, .dirs = 1, .biased = true };
    tp_tensor *x = tp_to(last(tp_randn(TP_SHAPE(2, 4, 6, 6))), DEVICE), *w = tp_to(tp_randn(TP_SHAPE(8, 4, 3, 3)), DEVICE), *y = NULL;
    tp_tensor *rows = tp_to(tp_randn(TP_SHAPE(4, 3, FEATURES)), DEVICE), *all = tp_to(tp_randn(TP_SHAPE(cut(&n, NULL, NULL))), DEVICE);
    for (int64_t at = 1; cuda_fail_at(at) && !y; at++) {
        y = tp_conv2d(x, w, NULL, .padding = 1);
        y = y ? tp_batch_norm(y, NULL, NULL, .training = true) : NULL;
        y = y ? recur((tp_tensor *[]){ rows, all, NULL, NULL }, &n) : NULL;
        if (y) continue;
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_MEMORY);
        tp_clear_error();
        ck_assert_int_lt(at, 50);
    }
    cuda_fail_at(0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_dnn");
    TCase *t = tcase_create("cuda_dnn");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, convolutions_agree, 0, cuda_orders());
        tcase_add_loop_test(t, any_layout_agrees, 0, cuda_orders());
        tcase_add_loop_test(t, attention_agrees, 0, ORDERS);
        tcase_add_loop_test(t, attention_in_parts_is_the_whole, 0, 5);
        tcase_add_test(t, the_rest_goes_as_before);
        tcase_add_loop_test(t, normalization_agrees, 0, cuda_orders());
        tcase_add_test(t, running_statistics_agree);
        tcase_add_loop_test(t, means_agree, 0, cuda_orders());
        tcase_add_loop_test(t, greatest_agree, 0, cuda_orders());
        tcase_add_loop_test(t, recurrent_nets_agree, 0, cuda_orders());
        tcase_add_test(t, other_recurrent_nets_agree);
        tcase_add_test(t, second_gradients_of_recurrent_nets_agree);
        tcase_add_test(t, a_recorded_net_is_the_net);
        tcase_add_test(t, recurrent_nets_are_cast);
        tcase_add_loop_test(t, tensor_cores_are_for_who_wants_them, 0, 2);
        tcase_add_test(t, plans_are_kept_but_not_all);
        tcase_add_test(t, a_thread_takes_its_plans_along);
        tcase_add_test(t, a_recorded_step_is_the_step);
        tcase_add_test(t, missing_memory_is_an_error);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
