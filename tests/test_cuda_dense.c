/* tests/test_cuda_dense.c: convolution, pooling, interpolation, recurrent layers, attention and linear algebra on the device,
 * against the CPU, with their gradients, where shapes are large or odd enough for every path. Under each order of threads. */
#include "cuda_agree.h"

static void begin(int order)
{
    setenv("TAPER_CUDA_CUDNN", "0", 1);                /* test_cuda_dnn.c has what goes by cuDNN */
    cuda_order(order, 11);
}

/* ---- Convolution ------------------------------------------------------------------------------------------------------------------------ */

typedef struct conv { int64_t stride, padding, dilation, groups; bool transposed; } conv;
static tp_tensor *conv2d(tp_tensor *const *in, const void *arg)
{
    const conv *c = arg;
    if (c->transposed)
        return tp_conv_transpose2d(in[0], in[1], in[2], .stride = c->stride, .padding = c->padding, .dilation = c->dilation, .groups = c->groups);
    return tp_conv2d(in[0], in[1], in[2], .stride = c->stride, .padding = c->padding, .dilation = c->dilation, .groups = c->groups);
}
static tp_tensor *conv3d(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_conv3d(in[0], in[1], in[2], .padding = 1);
}

START_TEST(convolutions_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        const tp_dtype d = floats[k];
        const double tol = 4 * tolerance(d);
        TP_SCOPE();
        agree(conv2d, &(conv){ 1, 1, 1, 1, false },
              (tp_tensor *[]){ normal(d, TP_SHAPE(2, 7, 13, 11)), normal(d, TP_SHAPE(9, 7, 3, 3)),
                               normal(d, TP_SHAPE(9)) },
              3, tol, "3x3");
        agree(conv2d, &(conv){ 2, 3, 2, 2, false },
              (tp_tensor *[]){ normal(d, TP_SHAPE(2, 6, 19, 12)), normal(d, TP_SHAPE(10, 3, 3, 2)), NULL }, 3, tol,
              "strided groups");
        agree(conv2d, &(conv){ 2, 1, 1, 8, false }, (tp_tensor *[]){ normal(d, TP_SHAPE(3, 8, 9, 9)),
            normal(d, TP_SHAPE(8, 1, 3, 3)), normal(d, TP_SHAPE(8)) }, 3, tol, "depthwise");
        agree(conv2d, &(conv){ 2, 1, 1, 1, true }, (tp_tensor *[]){ normal(d, TP_SHAPE(2, 6, 7, 5)),
            normal(d, TP_SHAPE(6, 9, 3, 3)), normal(d, TP_SHAPE(9)) }, 3, tol, "transposed");
        agree(conv3d, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(1, 3, 5, 6, 7)), normal(d, TP_SHAPE(5, 3, 3, 3, 3)), normal(d, TP_SHAPE(5)) }, 3, tol, "3d");
    }
}
END_TEST

/* The gradient of a weight over so many positions that the sum is cut into chunks, and channels last. */
START_TEST(long_sums_and_layouts_agree)
{
    begin(_i);
    setenv("TAPER_CUDA_CUBLASLT", "0", 1);
    TP_SCOPE();
    agree(conv2d, &(conv){ 1, 1, 1, 1, false },
          (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(3, 5, 33, 31)), normal(TP_F32, TP_SHAPE(70, 5, 3, 3)), NULL }, 3,
          2e-5, "many channels");
    tp_tensor *x = tp_permute(normal(TP_F32, TP_SHAPE(2, 9, 8, 6)), TP_DIMS(0, 3, 1, 2)), *w = normal(TP_F32, TP_SHAPE(7, 6, 3, 3));
    close_to(tp_conv2d(tp_to(x, DEVICE), tp_to(w, DEVICE), NULL, .padding = 1), tp_conv2d(x, w, NULL, .padding = 1), 2e-5, "channels last");
    tp_tensor *a = tp_randint(-9, 9, TP_SHAPE(2, 3, 9, 9), .dtype = TP_I64), *b = tp_randint(-9, 9, TP_SHAPE(6, 3, 3, 3), .dtype = TP_I64);
    tp_tensor *whole = tp_conv2d(a, b, NULL);
    if (whole) close_to(tp_conv2d(tp_to(a, DEVICE), tp_to(b, DEVICE), NULL), whole, 0, "integers");
    else tp_clear_error();
}
END_TEST

/* Large ones go by columns and cuBLASLt. */
START_TEST(convolutions_by_columns_agree)
{
    begin(_i);
    for (int k = 0; k < 3; k++) {
        const tp_dtype d = floats[k];
        const double tol = 8 * tolerance(d);
        TP_SCOPE();
        const int64_t before = cuda_products().count;
        agree(conv2d, &(conv){ 2, 2, 2, 1, false },
              (tp_tensor *[]){ normal(d, TP_SHAPE(3, 9, 31, 34)), normal(d, TP_SHAPE(20, 9, 3, 3)),
                               normal(d, TP_SHAPE(20)) },
              3, tol, "columns");
        agree(conv2d, &(conv){ 2, 1, 1, 1, true },
              (tp_tensor *[]){ normal(d, TP_SHAPE(3, 20, 16, 17)), normal(d, TP_SHAPE(20, 9, 3, 3)),
                               normal(d, TP_SHAPE(9)) },
              3, tol, "transposed columns");
        if (cuda_host_function("taper_cuda_host_count_products")) ck_assert_int_ge(cuda_products().count, before + 6);
    }
}
END_TEST

/* ---- Pools and interpolation ------------------------------------------------------------------------------------------------------------- */

static tp_tensor *overlapping(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_max_pool2d(in[0], 3, .stride = 1, .padding = 1);
}
static tp_tensor *means(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_avg_pool2d(in[0], 3, .stride = 2, .padding = 1, .count_include_pad = false);
}
static tp_tensor *whole_mean(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_adaptive_avg_pool2d(in[0], 1);
}
typedef struct sizes { int64_t h, w; tp_interpolation mode; bool antialias; } sizes;
static tp_tensor *resized(tp_tensor *const *in, const void *arg)
{
    const sizes *s = arg;
    return tp_interpolate(in[0], .output_size = { s->h, s->w, TP_NONE }, .mode = s->mode, .antialias = s->antialias);
}

START_TEST(pools_agree)
{
    begin(_i);
    for (int k = 0; k < 2; k++) {
        TP_SCOPE();
        tp_tensor *x = normal(floats[k], TP_SHAPE(2, 3, 17, 14)), *in[] = { x };
        agree(overlapping, NULL, in, 1, tolerance(floats[k]), "max_pool2d");
        agree(means, NULL, in, 1, tolerance(floats[k]), "avg_pool2d");
        agree(whole_mean, NULL, in, 1, tolerance(floats[k]), "adaptive_avg_pool2d");
        agree(overlapping, NULL, (tp_tensor *[]){ tp_zeros(TP_SHAPE(1, 2, 9, 9), .dtype = floats[k]) }, 1, 0, "max_pool2d of equals");
    }
}
END_TEST

/* Windows that are so far apart that their numbers need 64 bits, and such as need 32: the same elements, and the same places for the gradient. */
typedef struct sliding { int64_t kernel, stride, padding, dilation; } sliding;
static tp_tensor *slid(tp_tensor *const *in, const void *arg)
{
    const sliding *w = arg;
    return tp_max_pool2d(in[0], w->kernel, .stride = w->stride, .padding = w->padding, .dilation = w->dilation);
}
START_TEST(windows_of_any_size_agree)
{
    static const sliding all[] = { { 3, 1 << 30, 1, 2 }, { 2, 1 << 30, 1, 1 }, { 3, 2, 1, 2 }, { 5, 3, 2, 1 }, { 1, 2, 0, 1 } };
    begin(_i);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 5; i++) {
            TP_SCOPE();
            tp_tensor *x = normal(floats[k], TP_SHAPE(2, 3, 9, 11));
            agree(slid, &all[i], &x, 1, 0, "windows");
        }
    for (int i = 0; i < 5; i++) {
        TP_SCOPE();
        tp_tensor *x = tp_randint(-9, 9, TP_SHAPE(2, 3, 9, 11)), *there = tp_to(x, DEVICE);
        close_to(slid(&there, &all[i]), slid(&x, &all[i]), 0, "windows of integers");
    }
}
END_TEST

/* All values of a plane go to one place: the longest list there is. Sums keep their order, so that they are the CPU's to the bit. */
START_TEST(sums_at_one_place_keep_their_order)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(1, 2, 21, 21)), *in[] = { x };
    ck_assert_ptr_nonnull(tp_fill_(tp_narrow(tp_narrow(x, 2, 10, 1), 3, 10, 1), 1));
    tp_tensor *here = tp_clone(in[0]), *there = tp_to(in[0], DEVICE);
    ck_ok(tp_requires_grad(here, true));
    ck_ok(tp_requires_grad(there, true));
    tp_tensor *y = tp_max_pool2d(here, 21, .stride = 1, .padding = 10),
              *dy = tp_max_pool2d(there, 21, .stride = 1, .padding = 10), *v = tp_randn(tp_shape_of(y));
    ck_ok(tp_backward(tp_sum(tp_mul(y, v))));
    ck_ok(tp_backward(tp_sum(tp_mul(dy, tp_to(v, DEVICE)))));
    close_to(tp_grad_of(there), tp_grad_of(here), 0, "the gradient at one place");
}
END_TEST

/* e^(-inf + i inf) is 0, which powers of 0 come to. */
START_TEST(powers_of_complex_zeros_agree)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *p = tp_complex(tp_arange(1, 4, 1, .dtype = TP_F32), tp_fill_(tp_zeros(TP_SHAPE(3)), -2)), *zero = tp_zeros_like(p);
    tp_tensor *y = tp_pow(tp_to(zero, DEVICE), tp_to(p, DEVICE)), *same = tp_pow(tp_to(p, DEVICE), 1);
    close_to(tp_view_as_real(y), tp_view_as_real(tp_pow(zero, p)), 0, "powers of zeros");
    close_to(tp_view_as_real(same), tp_view_as_real(p), 0, "the first power");
}
END_TEST

START_TEST(interpolations_agree)
{
    begin(_i);
    TP_SCOPE();
    static const tp_interpolation modes[] = { TP_NEAREST, TP_BILINEAR, TP_BICUBIC, TP_NEAREST_EXACT };
    for (int k = 0; k < 4; k++) {
        for (int large = 0; large < 2; large++) {
            agree(resized, &(sizes){ large ? 31 : 5, large ? 23 : 9, modes[k], false },
                  (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(2, 3, 12, 14)) }, 1, 1e-5, "interpolate");
        }
    }
    agree(resized, &(sizes){ 4, 5, TP_BILINEAR, true }, (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(1, 2, 40, 37)) }, 1, 1e-5, "interpolate, antialiased");
}
END_TEST

/* ---- Recurrent layers -------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *lstm(tp_tensor *const *in, const void *arg)
{
    tp_tensor *c;
    tp_tensor *y = tp_lstm_layer(in[0], in[1], in[2], in[3], *(const bool *)arg, &c);
    return y ? tp_add(y, c) : NULL;
}
static tp_tensor *gru(tp_tensor *const *in, const void *arg) { return tp_gru_layer(in[0], in[1], in[2], in[3], *(const bool *)arg); }

START_TEST(recurrent_layers_agree)
{
    begin(_i);
    const int64_t t = 4, n = 5, h = 9;
    for (int k = 0; k < 4; k++) {
        const tp_dtype d = k < 2 ? floats[k] : TP_F32;
        const bool reverse = k & 1, state = k & 2;
        const double tol = 4 * tolerance(d);
        TP_SCOPE();
        tp_tensor *h0 = state ? normal(d, TP_SHAPE(n, h)) : NULL, *c0 = state ? normal(d, TP_SHAPE(n, h)) : NULL;
        agree(lstm, &reverse, (tp_tensor *[]){ normal(d, TP_SHAPE(t, n, 4 * h)), normal(d, TP_SHAPE(4 * h, h)), h0, c0 }, 4, tol, "lstm_layer");
        agree(gru, &reverse,
              (tp_tensor *[]){ normal(d, TP_SHAPE(t, n, 3 * h)), normal(d, TP_SHAPE(3 * h, h)),
                               normal(d, TP_SHAPE(3 * h)), h0 },
              4, tol, "gru_layer");
    }
}
END_TEST

/* ---- Attention ------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct heads { int64_t batch, heads, own, l, n, e, w; bool causal; tp_tensor *mask; } heads;    /* own: of k and v */
static tp_tensor *by_attention(tp_tensor *const *in, const void *arg)
{
    const heads *h = arg;
    tp_tensor *mask = h->mask ? tp_to(h->mask, tp_device_of(in[0])) : NULL, *part[3];
    for (int i = 0; i < 3; i++) part[i] = tp_transpose(in[i], 1, 2);                     /* [batch, length, heads, ..]: rows lie apart */
    return tp_scaled_dot_product_attention(part[0], part[1], part[2], .attn_mask = mask, .is_causal = h->causal, .enable_gqa = h->own != h->heads);
}

START_TEST(attention_agrees)
{
    begin(_i);
    TP_SCOPE();
    const heads forms[] = {
        { 1, 2, 1, 140, 150, 20, 6, true, NULL }, { 2, 2, 2, 5, 70, 4, 70, false, tp_gt(tp_randn(TP_SHAPE(5, 70)), -0.5) },
        { 1, 1, 1, 66, 3, 33, 130, false, tp_randn(TP_SHAPE(1, 1, 1, 3)) }, { 2, 4, 2, 3, 9, 140, 5, true, NULL },
        { 1, 2, 2, 4, 6, 3, 3, false, tp_masked_fill(tp_zeros(TP_SHAPE(4, 6)), tp_eq(tp_reshape(tp_arange(0, 4, 1), TP_SHAPE(4, 1)), 2), -INFINITY) },
    };
    for (int k = 0; k < 4; k++)
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            TP_SCOPE();
            const heads *h = &forms[f];
            if (k > 1 && f % 2) continue;
            tp_tensor *const in[] = { normal(floats[k], TP_SHAPE(h->batch, h->l, h->heads, h->e)), normal(floats[k], TP_SHAPE(h->batch, h->n, h->own, h->e)),
                                      normal(floats[k], TP_SHAPE(h->batch, h->n, h->own, h->w)) };
            agree(by_attention, h, in, 3, tolerance(floats[k]), "attention");
        }
    TP_NO_GRAD();
    tp_tensor *wide = tp_to(tp_randn(TP_SHAPE(2, 3, 300)), DEVICE);                           /* of other ops */
    ck_assert_int_eq(tp_size(tp_scaled_dot_product_attention(wide, wide, wide), 2), 300);
}
END_TEST

/* ---- Linear algebra -------------------------------------------------------------------------------------------------------------------------------- */

/* What a factorization makes up again, so that signs do not matter */
static void factors_make(tp_tensor *x)
{
    tp_tensor *on = tp_to(x, DEVICE), *r, *l, *u, *s, *vh, *q = tp_linalg_qr(on, &r);
    close_to(tp_matmul(q, r), x, 1e-10, "qr");
    tp_tensor *p = tp_linalg_lu(on, &l, &u);
    close_to(tp_matmul(tp_matmul(p, l), u), x, 1e-10, "lu");
    tp_tensor *a = tp_linalg_svd(on, &s, &vh);
    ck_assert_ptr_nonnull(a);
    const int64_t k = tp_size(s, -1);
    if (tp_size(a, -1) == k && tp_size(vh, -2) == k) close_to(tp_matmul(tp_mul(a, tp_unsqueeze(s, -2)), vh), x, 1e-10, "svd");
}

START_TEST(linear_algebra_agrees)
{
    begin(_i);
    static const int64_t matrices[][2] = { { 5, 5 }, { 37, 20 }, { 12, 40 } };
    for (int k = 0; k < 3; k++) {
        TP_SCOPE();
        tp_tensor *x = normal(TP_F64, TP_SHAPE(3, matrices[k][0], matrices[k][1])), *on = tp_to(x, DEVICE);
        tp_tensor *square = tp_add(tp_matmul(x, tp_transpose(x, 1, 2)),
                                   tp_eye(matrices[k][0], TP_NONE, .dtype = TP_F64)),
                  *there = tp_to(square, DEVICE), *b, *d;
        close_to(tp_linalg_svdvals(on), tp_linalg_svdvals(x), 1e-10, "svdvals");
        close_to(tp_linalg_inv(there), tp_linalg_inv(square), 1e-9, "inv");
        close_to(tp_linalg_solve(there, on), tp_linalg_solve(square, x), 1e-9, "solve");
        close_to(tp_linalg_cholesky(there), tp_linalg_cholesky(square), 1e-10, "cholesky");
        close_to(tp_linalg_det(there), tp_linalg_det(square), 1e-10, "det");
        close_to(tp_linalg_slogdet(there, &d), tp_linalg_slogdet(square, &b), 0, "the sign of slogdet");
        close_to(d, b, 1e-10, "slogdet");
        close_to(tp_linalg_eigvalsh(there), tp_linalg_eigvalsh(square), 1e-10, "eigvalsh");
    }
}
END_TEST

START_TEST(factorizations_make_the_matrix)
{
    begin(_i);
    TP_SCOPE();
    factors_make(normal(TP_F64, TP_SHAPE(2, 9, 9)));
    factors_make(normal(TP_F64, TP_SHAPE(2, 35, 12)));
}
END_TEST

/* Large ones are cut into blocks, and most of it is products: by cuBLASLt, and once by tiles of our own. */
START_TEST(large_matrices_agree)
{
    static const int64_t shapes[ORDERS][2] = { { 133, 133 }, { 170, 131 }, { 129, 150 } };
    const int64_t m = shapes[_i][0], n = shapes[_i][1], batch = _i ? 1 : 2;
    if (_i == 2) setenv("TAPER_CUDA_CUBLASLT", "0", 1);
    begin(_i);
    TP_SCOPE();
    const int64_t before = cuda_products().count;
    tp_tensor *x = normal(TP_F64, TP_SHAPE(batch, m, n)), *on = tp_to(x, DEVICE), *r, *l, *u, *q, *b, *d, *full[2];
    q = tp_linalg_qr(on, &r);
    close_to(tp_matmul(q, r), x, 1e-12, "qr");
    const tp_arg complete[] = { { .kind = TP_ARG_TENSOR, .value.tensor = on }, { .kind = TP_ARG_STRING, .value.string = "complete" } };
    ck_ok(tp_op_call("linalg_qr", complete, 2, full, 2, NULL));
    close_to(tp_matmul(full[0], full[1]), x, 1e-12, "the complete qr");
    close_to(tp_matmul(tp_transpose(full[0], 1, 2), full[0]), tp_clone(tp_expand(tp_eye(m, TP_NONE, .dtype = TP_F64), TP_SHAPE(batch, m, m))), 1e-12, "q'q");
    tp_tensor *p = tp_linalg_lu(on, &l, &u);
    close_to(tp_matmul(tp_matmul(p, l), u), x, 1e-12, "lu");
    ck_assert_double_le(tp_item(tp_max(tp_abs(l))), 1);
    tp_tensor *a = tp_add(tp_matmul(x, tp_transpose(x, 1, 2)), tp_mul(3, tp_eye(m, TP_NONE, .dtype = TP_F64))), *there = tp_to(a, DEVICE);
    close_to(tp_linalg_cholesky(there), tp_linalg_cholesky(a), 1e-11, "cholesky");
    close_to(tp_linalg_solve(there, on), tp_linalg_solve(a, x), 1e-9, "solve");
    close_to(tp_linalg_slogdet(there, &d), tp_linalg_slogdet(a, &b), 0, "the sign of slogdet");
    close_to(d, b, 1e-12, "slogdet");
    tp_tensor *small = tp_div(a, (double)(3 * m));
    for (int upper = 0; upper < 2; upper++)
        close_to(tp_linalg_solve_triangular(tp_to(small, DEVICE), on, upper, .unitriangular = upper),
                 tp_linalg_solve_triangular(small, x, upper, .unitriangular = upper), 1e-9, "triangular");
    if (cuda_host_function("taper_cuda_host_count_products")) ck_assert_int_eq(cuda_products().count > before, _i != 2);
    if (_i) return;
    close_to(tp_linalg_inv(there), tp_linalg_inv(a), 1e-9, "inv");
    tp_tensor *single = tp_to_dtype(x, TP_F32), *narrow = tp_to_dtype(a, TP_F32);
    close_to(tp_linalg_solve(tp_to(narrow, DEVICE), tp_to(single, DEVICE)), tp_linalg_solve(narrow, single), 2e-3, "solve in float32");
}
END_TEST

/* Of columns that are turned by the whole device: tall ones, by way of Q R; wide ones; of little rank, with columns of zeros. */
static tp_tensor *by_rank(int64_t m, int64_t n, int64_t rank, double zeros)
{
    tp_tensor *x = tp_matmul(normal(TP_F64, TP_SHAPE(m, rank)), normal(TP_F64, TP_SHAPE(rank, n)));
    return tp_mul(x, tp_to_dtype(tp_ge(tp_rand(TP_SHAPE(n)), zeros), TP_F64));
}
static void ck_singular(tp_tensor *x, const char *what)
{
    TP_SCOPE();
    tp_tensor *s, *vh, *u = tp_linalg_svd(tp_to(x, DEVICE), &s, &vh);
    const int64_t k = tp_size(x, -1) < tp_size(x, -2) ? tp_size(x, -1) : tp_size(x, -2);
    u = tp_narrow(u, -1, 0, k), vh = tp_narrow(vh, -2, 0, k);
    close_to(s, tp_linalg_svdvals(x), 1e-12, what);
    close_to(tp_matmul(tp_mul(u, tp_unsqueeze(s, -2)), vh), x, 1e-12, what);
    tp_tensor *one = tp_eye(k, TP_NONE, .dtype = TP_F64);
    close_to(tp_matmul(tp_transpose(u, -1, -2), u), tp_clone(tp_expand(one, tp_shape_of(tp_matmul(tp_transpose(u, -1, -2), u)))), 1e-12, what);
    close_to(tp_matmul(vh, tp_transpose(vh, -1, -2)), tp_clone(tp_expand(one, tp_shape_of(tp_matmul(vh, tp_transpose(vh, -1, -2))))), 1e-12, what);
}
START_TEST(large_singular_values_agree)
{
    begin(_i);
    TP_SCOPE();
    if (_i == 0) ck_singular(normal(TP_F64, TP_SHAPE(2, 67, 70)), "columns in rounds");
    if (_i == 0) ck_singular(tp_transpose(normal(TP_F64, TP_SHAPE(2, 3, 6000)), 1, 2), "few columns");
    if (_i == 1) ck_singular(normal(TP_F64, TP_SHAPE(66, 270)), "a wide matrix");
    if (_i == 1) ck_singular(tp_zeros(TP_SHAPE(65, 65), .dtype = TP_F64), "zeros");
    if (_i == 2) ck_singular(by_rank(80, 65, 7, 0.3), "a matrix of little rank");
    if (_i) return;
    tp_tensor *x = normal(TP_F32, TP_SHAPE(2, 64, 64)), *s;
    tp_fill_(tp_narrow(tp_flatten(x, 0, -1), 0, 70, 1), INFINITY);
    tp_tensor *u = tp_linalg_svd(tp_to(x, DEVICE), &s, NULL);
    ck_assert(tp_item(tp_all(tp_isnan(tp_select(s, 0, 0)))) == 1 && tp_item(tp_all(tp_isnan(tp_select(u, 0, 0)))) == 1);
    close_to(tp_select(s, 0, 1), tp_linalg_svdvals(tp_select(x, 0, 1)), 1e-6, "the one beside a matrix that is not finite");
}
END_TEST

/* a v = v w, v'v = 1, and the eigenvalues of the CPU */
static void ck_symmetric(tp_tensor *a, double tol, const char *what)
{
    TP_SCOPE();
    tp_tensor *there = tp_to(a, DEVICE), *v, *w = tp_linalg_eigh(there, &v), *one = tp_eye(tp_size(a, -1), TP_NONE, .dtype = tp_dtype_of(a));
    close_to(w, tp_linalg_eigvalsh(a), tol, what);
    close_to(tp_matmul(tp_mul(v, tp_unsqueeze(w, -2)), tp_transpose(v, -1, -2)), a, tol, what);
    close_to(tp_matmul(tp_transpose(v, -1, -2), v), tp_clone(tp_expand(one, tp_shape_of(a))), tol, what);
}
START_TEST(large_symmetric_matrices_agree)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = normal(TP_F64, TP_SHAPE(2, 67, 67)), *q = tp_linalg_qr(x, NULL), *two = tp_add(tp_to_dtype(tp_ge(tp_arange(0, 67, 1), 40), TP_F64), 1);
    if (_i == 0) ck_symmetric(tp_add(x, tp_transpose(x, 1, 2)), 1e-12, "symmetric matrices");
    if (_i == 0) ck_symmetric(tp_zeros(TP_SHAPE(1, 64, 64), .dtype = TP_F64), 1e-12, "zeros");
    if (_i == 0) ck_symmetric(tp_neg(tp_eye(65, TP_NONE, .dtype = TP_F64)), 1e-12, "-1");
    tp_tensor *twice = tp_matmul(tp_mul(q, tp_unsqueeze(two, -2)), tp_transpose(q, 1, 2));
    if (_i == 1) ck_symmetric(tp_mul(tp_select(tp_add(twice, tp_transpose(twice, 1, 2)), 0, 0), 1e200), 1e-12, "two values often");
    if (_i == 2) ck_symmetric(tp_to_dtype(tp_add(x, tp_transpose(x, 1, 2)), TP_F32), 2e-6, "float32");
}
END_TEST

/* Below a pivot of 0, which is passed over, numbers stay that no row loses. */
static void lu_alone(tp_tensor *x, const char *what)
{
    tp_tensor *here[3], *there[3];
    for (int k = 0; k < 2; k++) {
        const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = k ? tp_to(x, DEVICE) : x },
                                { .name = "pivot", .kind = TP_ARG_BOOL, .value.boolean = false } };
        ck_ok(tp_op_call("linalg_lu_factor_ex", args, 2, k ? there : here, 3, NULL));
    }
    close_to(there[0], here[0], 1e-9, what);
    close_to(there[1], here[1], 0, what);
    close_to(there[2], here[2], 0, what);
}
START_TEST(large_factors_without_exchanges_agree)
{
    static const int64_t shapes[ORDERS][2] = { { 150, 150 }, { 170, 101 }, { 129, 180 } };
    const int64_t m = shapes[_i][0], n = shapes[_i][1];
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = tp_add(normal(TP_F64, TP_SHAPE(2, m, n)), tp_mul(40, tp_eye(m, n, .dtype = TP_F64))), *zeros = tp_clone(x);
    lu_alone(x, "lu without exchanges");
    static const int64_t at[] = { 0, 17, 70, 100 };    /* whose row has one number, far from the diagonal: the pivot is 0, and numbers are below it */
    for (int i = 0; i < 4; i++) {
        if (i % 2) tp_fill_(tp_narrow(zeros, 1, at[i], 1), 0);
        else tp_fill_(tp_narrow(tp_narrow(zeros, 1, 0, at[i] + 1), 2, at[i], 1), 0);
        if (i % 2 && at[i] + 1 < n) tp_fill_(tp_narrow(tp_narrow(zeros, 1, at[i], 1), 2, n - 1, 1), 2);
    }
    lu_alone(zeros, "lu without exchanges, by pivots of 0");
}
END_TEST

START_TEST(large_matrices_that_fail_are_named)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = tp_clone(tp_expand(tp_eye(140, TP_NONE), TP_SHAPE(2, 140, 140)));
    ((float *)tp_data(x))[140 * 140 + 137 * 141] = 0;
    tp_tensor *on = tp_to(x, DEVICE);
    ck_assert_ptr_null(tp_linalg_inv(on));
    ck_assert_msg(strstr(tp_last_error()->message, "matrix 1 of the batch is singular: pivot 137"), "%s", tp_last_error()->message);
    tp_clear_error();
    ck_assert_ptr_null(tp_linalg_cholesky(on));
    ck_assert_msg(strstr(tp_last_error()->message, "matrix 1 of the batch is not positive definite: pivot 137"), "%s", tp_last_error()->message);
    tp_clear_error();
    close_to(tp_linalg_det(on), tp_linalg_det(x), 0, "det");
}
END_TEST

START_TEST(singular_matrices_are_errors)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = tp_to(tp_ones(TP_SHAPE(2, 3, 3)), DEVICE);
    ck_assert_ptr_null(tp_linalg_inv(x));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_NUMERIC);
    ck_assert_msg(strstr(tp_last_error()->message, "matrix 0 of the batch is singular"), "%s", tp_last_error()->message);
    tp_clear_error();
    ck_assert_ptr_null(tp_linalg_cholesky(tp_neg(x)));
    ck_assert_msg(strstr(tp_last_error()->message, "is not positive definite"), "%s", tp_last_error()->message);
    tp_clear_error();
}
END_TEST

/* ---- Linear algebra by L D L' --------------------------------------------------------------------------------------------------------- */

typedef struct factored { tp_tensor *ld, *pivots, *info; } factored;
static factored ldl(tp_tensor *x, bool hermitian)
{
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .name = "hermitian", .kind = TP_ARG_BOOL, .value.boolean = hermitian } };
    tp_tensor *out[3] = { NULL };
    const tp_status status = tp_op_call("linalg_ldl_factor_ex", args, 2, out, 3, NULL);
    ck_assert_msg(!status, "ldl_factor: %s", status ? tp_last_error()->message : "");
    return (factored){ out[0], out[1], out[2] };
}
static tp_tensor *ldl_solve(tp_tensor *ld, tp_tensor *pivots, tp_tensor *b, bool hermitian)
{
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = ld },
                            { .kind = TP_ARG_TENSOR, .value.tensor = pivots },
                            { .kind = TP_ARG_TENSOR, .value.tensor = b },
                            { .name = "hermitian", .kind = TP_ARG_BOOL, .value.boolean = hermitian } };
    tp_tensor *y = NULL;
    return tp_op_call("linalg_ldl_solve", args, 4, &y, 1, NULL) ? NULL : y;
}
/* The same steps in the same order: the same pivots, and numbers that differ at most where a compiler fuses some of the CPU's. */
static factored ldl_agrees(tp_tensor *x, bool hermitian, const char *what)
{
    const double tol = tp_dtype_of(x) == TP_F64 ? 1e-11 : 1e-5;
    const factored here = ldl(x, hermitian), there = ldl(tp_to(x, DEVICE), hermitian);
    close_to(there.pivots, here.pivots, 0, what);
    close_to(there.info, here.info, 0, what);
    close_to(there.ld, here.ld, tol, what);
    return here;
}
static void ldl_solves(factored f, tp_tensor *b, bool hermitian, const char *what)
{
    const double tol = tp_dtype_of(b) == TP_F64 ? 1e-11 : 1e-5;
    close_to(ldl_solve(tp_to(f.ld, DEVICE), tp_to(f.pivots, DEVICE), tp_to(b, DEVICE), hermitian), ldl_solve(f.ld, f.pivots, b, hermitian), tol, what);
}
static tp_tensor *symmetric(tp_tensor *x) { return tp_add(x, tp_transpose(x, -1, -2)); }
static int64_t pairs_in(tp_tensor *pivots) { return (int64_t)tp_item(tp_sum(tp_to_dtype(tp_lt(pivots, 0), TP_I64))) / 2; }

START_TEST(symmetric_factors_agree)
{
    begin(_i);
    static const int64_t orders[] = { 1, 2, 3, 5, 8, 32, 45, 70 };
    for (int k = 0; k < 8; k++)
        for (int t = 0; t < 2; t++) {
            const int64_t n = orders[k];
            TP_SCOPE();
            tp_tensor *x = symmetric(normal(floats[t], TP_SHAPE(3, n, n))), *b = normal(floats[t], TP_SHAPE(3, n, 4));
            const factored f = ldl_agrees(x, k % 2, "ldl of a batch");
            ldl_solves(f, b, k % 2, "systems of a batch");
            if (t) ck_assert_msg(tp_allclose(tp_matmul(x, ldl_solve(f.ld, f.pivots, b, false)), b, 1e-7, 1e-7), "the solution does not solve");
            /* of a diagonal of zeros nothing is a pivot by itself */
            const factored pairs = ldl_agrees(tp_mul(x, tp_sub(tp_ones(TP_SHAPE(n, n), .dtype = floats[t]),
                                                               tp_eye(n, TP_NONE, .dtype = floats[t]))), true,
                                              "ldl by blocks of 2");
            if (n > 1) ck_assert_int_ge(pairs_in(pairs.pivots), n > 2 ? 3 * (n / 4) : 3);
            if (n % 2 == 0) ldl_solves(pairs, b, true, "systems by blocks of 2");
        }
}
END_TEST

/* From which on all blocks take a step's columns from what is left. */
START_TEST(large_symmetric_factors_agree)
{
    begin(_i);
    TP_SCOPE();
    const int64_t n = 130;
    tp_tensor *x = symmetric(normal(TP_F64, TP_SHAPE(2, n, n))), *kept = tp_to_dtype(tp_ge(tp_rand(TP_SHAPE(n)), 0.1), TP_F64);
    if (_i == 0) ldl_solves(ldl_agrees(x, false, "ldl of large matrices"), normal(TP_F64, TP_SHAPE(2, n, 3)), false, "large systems");
    const factored pairs = _i == 1 ? ldl_agrees(tp_mul(x, tp_sub(1, tp_eye(n, TP_NONE, .dtype = TP_F64))), false,
                                                "ldl of large matrices by blocks of 2")
                                   : (factored){ 0 };
    if (_i == 1) ck_assert_int_ge(pairs_in(pairs.pivots), n / 4);
    if (_i == 1) ldl_solves(pairs, normal(TP_F64, TP_SHAPE(2, n, 70)), true, "large systems by blocks of 2");
    if (_i == 2) ldl_agrees(tp_mul(tp_mul(x, kept), tp_unsqueeze(kept, 1)), false, "ldl of large singular matrices");
    if (_i == 2) ldl_agrees(tp_to_dtype(tp_narrow(x, 0, 0, 1), TP_F32), false, "ldl of a large matrix in float32");
}
END_TEST

START_TEST(odd_symmetric_matrices_agree)
{
    begin(_i);
    TP_SCOPE();
    const tp_dtype d = TP_F64;
    ldl_agrees(tp_zeros(TP_SHAPE(0, 0), .dtype = d), false, "ldl of nothing");
    ldl_agrees(tp_zeros(TP_SHAPE(0, 4, 4), .dtype = d), false, "ldl of no matrices");
    const factored none = ldl_agrees(tp_zeros(TP_SHAPE(3, 0, 0), .dtype = d), false, "ldl of empty matrices");
    ck_assert_int_eq(tp_numel(none.info), 3);
    ldl_solves(none, tp_zeros(TP_SHAPE(3, 0, 2), .dtype = d), false, "systems of nothing");
    const factored single = ldl_agrees(tp_full(TP_SHAPE(1, 1), -3, .dtype = d), true, "ldl of a number");
    ldl_solves(single, normal(d, TP_SHAPE(1, 1)), true, "a system of a number");
    ldl_solves(single, tp_zeros(TP_SHAPE(1, 0), .dtype = d), true, "a system without right sides");
    ldl_agrees(tp_ones(TP_SHAPE(2, 4, 4), .dtype = d), false, "ldl of singular matrices");        /* info is 2 */
    ldl_agrees(tp_zeros(TP_SHAPE(5, 5), .dtype = d), false, "ldl of zeros");
    ldl_agrees(normal(d, TP_SHAPE(9, 9)), false, "ldl reads the lower triangle");
    ldl_agrees(tp_transpose(normal(d, TP_SHAPE(2, 9, 9)), 1, 2), false, "ldl of what is not contiguous");
    tp_tensor *x = symmetric(normal(d, TP_SHAPE(7, 7)));
    ldl_agrees(tp_sign(x), false, "ldl of equals");    /* of which the first is taken */
    const factored f = ldl_agrees(x, true, "ldl of one matrix");
    ldl_solves(f, normal(d, TP_SHAPE(2, 5, 7, 3)), true, "one matrix, a batch of right sides");
    ldl_solves(f, normal(d, TP_SHAPE(7, 60)), true, "many right sides");
    const factored many = ldl_agrees(symmetric(normal(d, TP_SHAPE(700, 3, 3))), false, "ldl of more matrices than blocks");
    ldl_solves(many, normal(d, TP_SHAPE(700, 3, 1)), false, "systems of more matrices than blocks");
}
END_TEST

START_TEST(pivots_that_do_not_fit_are_errors)
{
    begin(_i);
    static const int32_t bad[][3] = { { 1, 2, 4 }, { 1, 2, 0 }, { 1, 1, 3 }, { -2, -3, 3 }, { 1, 2, -3 } };
    for (int k = 0; k < 5; k++) {
        TP_SCOPE();
        tp_tensor *pivots = tp_from_data(bad[k], TP_I32, TP_SHAPE(3));
        tp_tensor *y = ldl_solve(tp_eye(3, TP_NONE, .device = DEVICE), tp_to(pivots, DEVICE), tp_ones(TP_SHAPE(3, 1), .device = DEVICE), false);
        ck_assert_msg(!y || !tp_to(y, TP_CPU), "pivots %d are taken", k);
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_INDEX);
        ck_assert_msg(strstr(tp_last_error()->message, "does not fit 3 rows"), "%s", tp_last_error()->message);
        tp_clear_error();
    }
    TP_SCOPE();                                        /* of large matrices the others have their solutions */
    const int64_t n = 130;
    tp_tensor *pivots = tp_clone(tp_expand(tp_arange(1, n + 1, 1, .dtype = TP_I32), TP_SHAPE(2, n))), *two = tp_mul(2, tp_eye(n, TP_NONE, .device = DEVICE));
    tp_fill_(tp_narrow(tp_narrow(pivots, 0, 1, 1), 1, 90, 1), (double)n + 1);
    tp_tensor *y = ldl_solve(tp_clone(tp_expand(two, TP_SHAPE(2, n, n))), tp_to(pivots, DEVICE), tp_ones(TP_SHAPE(2, n, 1), .device = DEVICE), false);
    ck_assert_ptr_null(tp_to(y, TP_CPU));
    ck_error(TP_ERR_INDEX, "pivot 131 does not fit 130 rows");
    close_to(tp_select(y, 0, 0), tp_full(TP_SHAPE(n, 1), 0.5), 0, "the system beside one whose pivots do not fit");
    ck_assert(tp_item(tp_all(tp_isnan(tp_select(y, 0, 1)))) == 1);
}
END_TEST

static tp_tensor *inverse(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_linalg_inv(in[0]);
}
static tp_tensor *triangular(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_linalg_solve_triangular(in[0], in[1], true, .unitriangular = true);
}
START_TEST(missing_memory_is_an_error)
{
    setenv("TAPER_CUDA_ALLOC", "direct", 1);
    begin(0);
    if (!cuda_host_needed("taper_cuda_host_fail_at")) return;
    TP_SCOPE();
    run_short_of_memory(conv2d, &(conv){ 1, 1, 1, 1, false },
                        (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(3, 9, 31, 34)), normal(TP_F32, TP_SHAPE(20, 9, 3, 3)),
                                         normal(TP_F32, TP_SHAPE(20)) },
                        3, "conv2d");
    run_short_of_memory(lstm, &(bool){ false },
                        (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(2, 3, 20)), normal(TP_F32, TP_SHAPE(20, 5)),
                                         normal(TP_F32, TP_SHAPE(3, 5)), normal(TP_F32, TP_SHAPE(3, 5)) },
                        4, "lstm_layer");
    run_short_of_memory(overlapping, NULL, (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(1, 2, 9, 9)) }, 1, "max_pool2d");
    run_short_of_memory(means, NULL, (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(1, 2, 9, 9)) }, 1, "avg_pool2d");
    run_short_of_memory(inverse, NULL, (tp_tensor *[]){ normal(TP_F64, TP_SHAPE(2, 9, 9)) }, 1, "inv");
    run_short_of_memory(triangular, NULL, (tp_tensor *[]){ normal(TP_F64, TP_SHAPE(2, 130, 130)), normal(TP_F64, TP_SHAPE(2, 130, 1)) }, 2, "solve_triangular");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_dense");
    TCase *t = tcase_create("cuda_dense");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, convolutions_agree, 0, cuda_orders());
        tcase_add_loop_test(t, long_sums_and_layouts_agree, 0, cuda_orders());
        tcase_add_loop_test(t, convolutions_by_columns_agree, 0, cuda_orders());
        tcase_add_loop_test(t, pools_agree, 0, cuda_orders());
        tcase_add_loop_test(t, windows_of_any_size_agree, 0, cuda_orders());
        tcase_add_loop_test(t, sums_at_one_place_keep_their_order, 0, cuda_orders());
        tcase_add_loop_test(t, powers_of_complex_zeros_agree, 0, cuda_orders());
        tcase_add_loop_test(t, interpolations_agree, 0, cuda_orders());
        tcase_add_loop_test(t, recurrent_layers_agree, 0, cuda_orders());
        tcase_add_loop_test(t, attention_agrees, 0, cuda_orders());
        tcase_add_loop_test(t, linear_algebra_agrees, 0, cuda_orders());
        tcase_add_loop_test(t, factorizations_make_the_matrix, 0, cuda_orders());
        tcase_add_loop_test(t, large_matrices_agree, 0, ORDERS);
        tcase_add_loop_test(t, large_singular_values_agree, 0, ORDERS);
        tcase_add_loop_test(t, large_symmetric_matrices_agree, 0, ORDERS);
        tcase_add_loop_test(t, large_factors_without_exchanges_agree, 0, ORDERS);
        tcase_add_loop_test(t, large_matrices_that_fail_are_named, 0, cuda_orders());
        tcase_add_loop_test(t, singular_matrices_are_errors, 0, cuda_orders());
        tcase_add_loop_test(t, symmetric_factors_agree, 0, cuda_orders());
        tcase_add_loop_test(t, large_symmetric_factors_agree, 0, ORDERS);
        tcase_add_loop_test(t, odd_symmetric_matrices_agree, 0, cuda_orders());
        tcase_add_loop_test(t, pivots_that_do_not_fit_are_errors, 0, cuda_orders());
        tcase_add_test(t, missing_memory_is_an_error);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
