/* tests/test_cuda_products.c: products of matrices and linear layers on the device, by cuBLASLt where it takes them: what it is asked, and how
 * often, and that all agrees with the CPU, gradients too. */
#include "cuda_agree.h"

#include <pthread.h>

#if defined(__SANITIZE_THREAD__)                       /* which starts a thread of its own: gradients keep to themselves from the beginning */
enum { ALONE = 0 };
#else
enum { ALONE = 1 };
#endif

static void begin(int order) { cuda_order(order, 11); }
static bool is_counted(void) { return cuda_host_function("taper_cuda_host_count_products"); }

/* ---- What goes by the library ------------------------------------------------------------------------------------------------------------ */

START_TEST(products_go_by_the_library)
{
    begin(_i);
    if (!cuda_host_needed("taper_cuda_host_count_products")) return;
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const tp_dtype d = floats[k];
        const double tol = 4 * tolerance(d);
        tp_tensor *x = normal(d, TP_SHAPE(3, 5, 17)), *w = normal(d, TP_SHAPE(8, 17)), *b = normal(d, TP_SHAPE(8)),
                  *dx = tp_to(x, DEVICE), *dw = tp_to(w, DEVICE);
        taper_cuda_host_products before = cuda_products();
        close_to(tp_linear(dx, dw, tp_to(b, DEVICE)), tp_linear(x, w, b), tol, "linear");
        taper_cuda_host_products after = cuda_products();
        ck_assert_int_eq(after.count, before.count + 1);
        ck_assert(after.m == 15 && after.n == 8 && after.k == 17 && after.batch == 1 && !after.accumulated);
        ck_assert_int_eq(after.biased, d != TP_F64);   /* which gets its bias by a kernel of ours */
        close_to(tp_linear(dx, dw, NULL), tp_linear(x, w, NULL), tol, "linear without a bias");
        close_to(tp_matmul(dx, tp_transpose(dw, 0, 1)), tp_matmul(x, tp_transpose(w, 0, 1)), tol, "a batch by one matrix");
        ck_assert_int_eq(cuda_products().batch, 1);
        close_to(tp_matmul(tp_transpose(dx, 1, 2), dx), tp_matmul(tp_transpose(x, 1, 2), x), tol, "a batch by a batch");
        after = cuda_products();
        ck_assert(after.m == 17 && after.n == 17 && after.k == 5 && after.batch == 3);
        const int64_t asked = after.asked;
        close_to(tp_matmul(tp_transpose(dx, 1, 2), dx), tp_matmul(tp_transpose(x, 1, 2), x), tol, "the same once more");
        ck_assert_int_eq(cuda_products().asked, asked);     /* the advice is kept */
        before = cuda_products();
        close_to(tp_matmul(tp_as_strided(dx, TP_SHAPE(5, 4), (int64_t[]){ 4, 2 }, 0),
                           tp_narrow(tp_transpose(dw, 0, 1), 0, 0, 4)),
                 tp_matmul(tp_as_strided(x, TP_SHAPE(5, 4), (int64_t[]){ 4, 2 }, 0),
                           tp_narrow(tp_transpose(w, 0, 1), 0, 0, 4)),
                 tol, "strides that it does not take");
        ck_assert_int_eq(cuda_products().count, before.count);
    }
}
END_TEST

/* What is advised and then refused is done by our own kernel, and not asked for again. */
START_TEST(a_product_that_is_refused_is_our_own)
{
    enum { INVALID_VALUE = 7, ARCH_MISMATCH = 8, NOT_SUPPORTED = 15 };
    static const int refusals[] = { INVALID_VALUE, ARCH_MISMATCH, NOT_SUPPORTED };
    begin(0);
    void *found = cuda_host_needed("taper_cuda_host_refuse_product");
    if (!found) return;
    void (*refuse)(int);
    memcpy(&refuse, &found, sizeof refuse);
    for (int k = 0; k < 3; k++) {
        TP_SCOPE();
        tp_tensor *x = normal(TP_F32, TP_SHAPE(9 + k, 17)), *w = normal(TP_F32, TP_SHAPE(8, 17)), *b = normal(TP_F32, TP_SHAPE(8));
        tp_tensor *dx = tp_to(x, DEVICE), *dw = tp_to(w, DEVICE), *db = tp_to(b, DEVICE), *y = tp_linear(x, w, b), *z = tp_linear(x, w, NULL);
        for (int again = 0; again < 2; again++) {
            const taper_cuda_host_products before = cuda_products();
            if (!again) refuse(refusals[k]);
            close_to(tp_linear(dx, dw, db), y, 1e-5, "its bias comes by itself");
            ck_assert_int_eq(cuda_products().count, before.count + 1);
            ck_assert(!cuda_products().biased && cuda_products().asked == before.asked + (again ? 0 : 2));
        }
        refuse(refusals[k]);
        for (int again = 0; again < 2; again++) {
            const int64_t before = cuda_products().count;
            close_to(tp_linear(dx, dw, NULL), z, 1e-5, "by our own kernel");
            ck_assert_int_eq(cuda_products().count, before);
        }
    }
}
END_TEST

/* The second backward adds its product to the gradient that is there; tensor cores round float32 only where that was allowed. */
START_TEST(gradients_are_added_by_the_library)
{
    setenv("TAPER_CUDA_TF32", "1", 1);
    begin(0);
    if (!cuda_host_needed("taper_cuda_host_count_products")) return;
    TP_SCOPE();
    tp_tensor *x = normal(TP_F32, TP_SHAPE(40, 17)), *w = normal(TP_F32, TP_SHAPE(8, 17)), *dx = tp_to(x, DEVICE), *dw = tp_to(w, DEVICE);
    ck_ok(tp_requires_grad(w, true));
    ck_ok(tp_requires_grad(dw, true));
    for (int k = 0; k < 2; k++) {                      /* before the CPU's products: they start threads, and then gradients keep to themselves */
        ck_ok(tp_backward(tp_sum(tp_sin(tp_linear(dx, dw, NULL)))));      /* whose gradient is no expanded number */
        ck_assert_int_eq(cuda_products().accumulated, ALONE ? k : 0);
    }
    for (int k = 0; k < 2; k++) ck_ok(tp_backward(tp_sum(tp_sin(tp_linear(x, w, NULL)))));
    ck_assert_int_eq(cuda_products().compute, 77);     /* CUBLAS_COMPUTE_32F_FAST_TF32 */
    close_to(tp_grad_of(dw), tp_grad_of(w), 5e-3, "the gradient");
    ck_assert(!tp_allclose(tp_to(tp_grad_of(dw), TP_CPU), tp_grad_of(w), 1e-6, 1e-6));
}
END_TEST

/* The switch is read at each product, and an algorithm that was advised for one precision is not used for the other. */
START_TEST(float32_precision_is_chosen_at_any_time)
{
    setenv("TAPER_CUDA_TF32", "0", 1);
    begin(0);
    ck_assert_int_eq(tp_get_float32_precision(), TP_PRECISION_STRICT);
    if (!cuda_host_needed("taper_cuda_host_count_products")) return;
    TP_SCOPE();
    tp_tensor *x = normal(TP_F32, TP_SHAPE(40, 17)), *w = normal(TP_F32, TP_SHAPE(8, 17)), *y = tp_linear(x, w, NULL),
              *dx = tp_to(x, DEVICE), *dw = tp_to(w, DEVICE);
    for (int k = 0; k < 4; k++) {
        const bool strict = k % 2 == 0;
        ck_ok(tp_set_float32_precision(strict ? TP_PRECISION_STRICT : TP_PRECISION_TF32));
        close_to(tp_linear(dx, dw, NULL), y, strict ? 1e-5 : 1e-2, "the product");
        ck_assert_int_eq(cuda_products().compute, strict ? 68 : 77);      /* CUBLAS_COMPUTE_32F, .._FAST_TF32 */
        ck_assert_int_eq(tp_get_float32_precision(), strict ? TP_PRECISION_STRICT : TP_PRECISION_TF32);
    }
    close_to(tp_linear(tp_to_dtype(dx, TP_F64), tp_to_dtype(dw, TP_F64), NULL),
             tp_linear(tp_to_dtype(x, TP_F64), tp_to_dtype(w, TP_F64), NULL), 1e-12, "float64");
    ck_assert_int_eq(tp_set_float32_precision((tp_float32_precision)7), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_get_float32_precision(), TP_PRECISION_TF32);
}
END_TEST

/* ---- A weight's gradient and a bias's ------------------------------------------------------------------------------------------------------- */

static tp_tensor *linear(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_linear(in[0], in[1], in[2]);
}
static tp_tensor *addmm(tp_tensor *const *in, const void *arg)
{
    const double *scale = arg;
    return scale ? tp_addmm(in[0], in[1], in[2], .beta = scale[0], .alpha = scale[1]) : tp_addmm(in[0], in[1], in[2]);
}
static tp_tensor *baddbmm(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_baddbmm(in[0], in[1], in[2]);
}

/* Both come with one product, but for float64, which the library does it not for; the last time by our own kernels alone. */
START_TEST(gradients_of_weight_and_bias_come_together)
{
    const bool ours = _i == cuda_orders();
    if (ours) setenv("TAPER_CUDA_CUBLASLT", "0", 1);
    begin(ours ? 0 : _i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const tp_dtype d = floats[k];
        const double tol = 4 * tolerance(d);
        taper_cuda_host_products before = cuda_products(), after;
        agree(linear, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(3, 5, 17)), normal(d, TP_SHAPE(8, 17)), normal(d, TP_SHAPE(8)) }, 3, tol, "linear");
        after = cuda_products();
        if (ours) ck_assert_int_eq(after.count, before.count);
        else if (is_counted())
            ck_assert_msg(after.count == before.count + 3 && after.summed == (d == TP_F64 ? 0 : 'a'),
                          "linear: %lld products", (long long)(after.count - before.count));
        if (is_counted() && !ours) ck_assert(after.m == 8 && after.n == 17 && after.k == 15);
        agree(linear, NULL,
              (tp_tensor *[]){ tp_transpose(normal(d, TP_SHAPE(17, 6)), 0, 1), normal(d, TP_SHAPE(8, 17)),
                               normal(d, TP_SHAPE(1)) },
              3, tol, "one bias for all");
        agree(linear, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(17)), normal(d, TP_SHAPE(8, 17)), normal(d, TP_SHAPE(8)) }, 3, tol, "a vector");
        agree(linear, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(7, 17)), normal(d, TP_SHAPE(17)), normal(d, TP_SHAPE(1)) }, 3, tol, "a weight of one dim");
        agree(linear, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(1000, 3)), normal(d, TP_SHAPE(2, 3)), normal(d, TP_SHAPE(2)) }, 3, 8 * tol, "many rows");
        agree(linear, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(0, 3)), normal(d, TP_SHAPE(2, 3)), normal(d, TP_SHAPE(2)) }, 3, tol, "no rows");
        agree(linear, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(4, 0)), normal(d, TP_SHAPE(2, 0)), normal(d, TP_SHAPE(2)) }, 3, tol, "no features");
        before = cuda_products();
        agree(addmm, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(9)), normal(d, TP_SHAPE(6, 7)), normal(d, TP_SHAPE(7, 9)) }, 3, tol, "addmm of a row");
        after = cuda_products();
        if (is_counted() && !ours)
            ck_assert_msg(after.count == before.count + 3 && after.summed == (d == TP_F64 ? 0 : 'b'),
                          "addmm: %lld products", (long long)(after.count - before.count));
        agree(addmm, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(6, 9)), normal(d, TP_SHAPE(6, 7)), normal(d, TP_SHAPE(7, 9)) }, 3, tol, "addmm of a matrix");
        agree(addmm, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(6, 1)), normal(d, TP_SHAPE(6, 7)), normal(d, TP_SHAPE(7, 9)) }, 3, tol, "addmm of a column");
        agree(addmm, NULL,
              (tp_tensor *[]){ normal(d, TP_SHAPE(1, 9)), normal(d, TP_SHAPE(6, 7)),
                               tp_transpose(normal(d, TP_SHAPE(9, 7)), 0, 1) },
              3, tol, "addmm of a matrix of one row");
        agree(addmm, (double[]){ 0.5, -2 },
              (tp_tensor *[]){ normal(d, TP_SHAPE(9)), normal(d, TP_SHAPE(6, 7)), normal(d, TP_SHAPE(7, 9)) }, 3, tol,
              "addmm with numbers");
        agree(addmm, (double[]){ 0, 1 },
              (tp_tensor *[]){ normal(d, TP_SHAPE(9)), normal(d, TP_SHAPE(6, 7)), normal(d, TP_SHAPE(7, 9)) }, 3, tol,
              "addmm of nothing");
        agree(baddbmm, NULL, (tp_tensor *[]){ normal(d, TP_SHAPE(2, 6, 9)), normal(d, TP_SHAPE(2, 6, 7)), normal(d, TP_SHAPE(2, 7, 9)) }, 3, tol, "baddbmm");
    }
}
END_TEST

/* The product is added to the weight's gradient, and the sum is the bias's, each time. */
START_TEST(gradients_that_come_together_are_added)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = normal(TP_F32, TP_SHAPE(40, 17)), *w = normal(TP_F32, TP_SHAPE(8, 17)), *b = normal(TP_F32, TP_SHAPE(8));
    tp_tensor *dx = tp_to(x, DEVICE), *dw = tp_to(w, DEVICE), *db = tp_to(b, DEVICE), *const leaves[] = { w, b, dw, db };
    for (int i = 0; i < 4; i++) ck_ok(tp_requires_grad(leaves[i], true));
    for (int k = 0; k < 3; k++) {                      /* before the CPU's products: they start threads, and then gradients keep to themselves */
        ck_ok(tp_backward(tp_sum(tp_sin(tp_linear(dx, dw, db)))));
        if (is_counted()) ck_assert(cuda_products().accumulated == (ALONE && k > 0) && cuda_products().summed == 'a');
    }
    for (int k = 0; k < 3; k++) ck_ok(tp_backward(tp_sum(tp_sin(tp_linear(x, w, b)))));
    close_to(tp_grad_of(dw), tp_grad_of(w), 2e-5, "the weight's");
    close_to(tp_grad_of(db), tp_grad_of(b), 2e-5, "the bias's");
}
END_TEST

/* TF32 is for products: a sum that came with one would lose what it is not allowed to lose. */
START_TEST(a_sum_is_not_rounded_for_tensor_cores)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *g = tp_to(normal(TP_F32, TP_SHAPE(40, 8)), DEVICE), *x = tp_to(normal(TP_F32, TP_SHAPE(40, 17)), DEVICE),
              *w = tp_to(normal(TP_F32, TP_SHAPE(8, 17)), DEVICE);
    tp_tensor *b = tp_zeros(TP_SHAPE(8), .device = DEVICE), *leaves[] = { w, b };
    ck_ok(tp_set_float32_precision(TP_PRECISION_TF32));
    for (int i = 0; i < 2; i++) ck_ok(tp_requires_grad(leaves[i], true));
    ck_ok(tp_backward(tp_linear(x, w, b), .grad = g));
    if (is_counted()) ck_assert(cuda_products().compute == 77 && !cuda_products().summed);       /* CUBLAS_COMPUTE_32F_FAST_TF32 */
    ck_ok(tp_set_float32_precision(TP_PRECISION_STRICT));
    close_to(tp_grad_of(b), tp_sum(tp_to(g, TP_CPU), .dims = TP_DIMS(0)), 1e-6, "the bias's");
}
END_TEST

/* Everything that the device is given: no product in parts, no sum beside it, no copy of a gradient on its way to a leaf. */
START_TEST(nothing_needless_is_launched)
{
    begin(_i);
    if (!is_counted()) return;
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const tp_dtype d = floats[k];
        tp_tensor *x = tp_to(normal(d, TP_SHAPE(40, 16)), DEVICE), *w = tp_to(normal(d, TP_SHAPE(8, 16)), DEVICE), *b = tp_to(normal(d, TP_SHAPE(8)), DEVICE);
        tp_tensor *g = tp_to(normal(d, TP_SHAPE(40, 8)), DEVICE), *t = tp_transpose(tp_to(normal(d, TP_SHAPE(16, 8)), DEVICE), 0, 1), *leaves[] = { w, b };
        tp_tensor *y = tp_linear(x, w, b);
        for (int i = 0; i < 2; i++) ck_ok(tp_requires_grad(leaves[i], true));
        int64_t before = cuda_counts().given;
        y = tp_linear(x, w, b);
        ck_assert_int_eq(cuda_counts().given - before, d == TP_F64 ? 2 : 1);             /* float64 has a launch for the bias */
        before = cuda_counts().given;
        ck_ok(tp_backward(y, .grad = g));
        ck_assert_int_eq(cuda_counts().given - before, d == TP_F64 ? 2 : 1);             /* and one for its sum */
        before = cuda_counts().given;
        ck_assert_ptr_nonnull(tp_addmm(tp_detach(b), x, tp_transpose(tp_detach(w), 0, 1)));
        ck_assert_int_eq(cuda_counts().given - before, d == TP_F64 ? 2 : 1);
        before = cuda_counts().given;
        ck_assert_ptr_nonnull(tp_addmm(g, x, tp_transpose(tp_detach(w), 0, 1)));
        ck_assert_int_eq(cuda_counts().given - before, 2);                                /* a copy, which the product is added to */
        before = cuda_counts().given;
        ck_assert_ptr_nonnull(tp_linear(t, tp_detach(w), NULL));
        ck_assert_int_eq(cuda_counts().given - before, 1);                                /* t goes as it lies */
        tp_tensor *s = tp_clone(tp_detach(b));
        ck_ok(tp_requires_grad(s, true));
        y = tp_mul(g, s);
        before = cuda_counts().given;
        ck_ok(tp_backward(y, .grad = g));
        ck_assert_int_eq(cuda_counts().given - before, 2);                                /* a product and its sum */
    }
}
END_TEST

enum { THREADS = 4, ROUNDS = 10 };
static void *multiply_and_transform(void *arg)
{
    const tp_tensor_list in = *(const tp_tensor_list *)arg;
    for (int i = 0; i < ROUNDS && !tp_failed(); i++) {
        TP_SCOPE();
        tp_tensor *y = tp_linear(in.at[0], in.at[1], NULL), *z = tp_fft_fft(y, .n = 6 + i);
        if (!z || !tp_allclose(tp_to(y, TP_CPU), in.at[2], 1e-4, 1e-4)) return "products differ";
        if (!tp_allclose(tp_to(tp_abs(z), TP_CPU), tp_abs(tp_fft_fft(in.at[2], .n = 6 + i)), 1e-4, 1e-4)) return "transforms differ";
    }
    return tp_failed() ? "an error" : NULL;
}
START_TEST(several_threads_ask_the_libraries)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = normal(TP_F32, TP_SHAPE(9, 17)), *w = normal(TP_F32, TP_SHAPE(8, 17));
    tp_tensor_list in = TP_TENSORS(tp_to(x, DEVICE), tp_to(w, DEVICE), tp_linear(x, w, NULL));
    const taper_cuda_host_products before = cuda_products();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, multiply_and_transform, &in), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_msg(!wrong, "thread %d: %s", i, (const char *)wrong);
    }
    if (is_counted()) ck_assert_int_eq(cuda_products().count - before.count, THREADS * ROUNDS);
}
END_TEST

START_TEST(missing_memory_is_an_error)
{
    setenv("TAPER_CUDA_ALLOC", "direct", 1);
    begin(0);
    if (!cuda_host_needed("taper_cuda_host_fail_at")) return;
    TP_SCOPE();
    run_short_of_memory(linear, NULL,
                        (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(2000, 3)), normal(TP_F32, TP_SHAPE(2, 3)),
                                         normal(TP_F32, TP_SHAPE(2)) },
                        3, "linear");
    run_short_of_memory(linear, NULL,
                        (tp_tensor *[]){ normal(TP_F64, TP_SHAPE(2000, 3)), normal(TP_F64, TP_SHAPE(2, 3)),
                                         normal(TP_F64, TP_SHAPE(2)) },
                        3, "linear in float64");
    run_short_of_memory(addmm, NULL,
                        (tp_tensor *[]){ normal(TP_BF16, TP_SHAPE(3)), normal(TP_BF16, TP_SHAPE(20, 4)),
                                         normal(TP_BF16, TP_SHAPE(4, 3)) },
                        3, "addmm");
    fflush(stdout);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_products");
    TCase *t = tcase_create("cuda_products");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, products_go_by_the_library, 0, cuda_orders());
        tcase_add_test(t, a_product_that_is_refused_is_our_own);
        tcase_add_test(t, gradients_are_added_by_the_library);
        tcase_add_test(t, float32_precision_is_chosen_at_any_time);
        tcase_add_loop_test(t, gradients_of_weight_and_bias_come_together, 0, cuda_orders() + 1);
        tcase_add_loop_test(t, gradients_that_come_together_are_added, 0, cuda_orders());
        tcase_add_loop_test(t, a_sum_is_not_rounded_for_tensor_cores, 0, cuda_orders());
        tcase_add_loop_test(t, nothing_needless_is_launched, 0, cuda_orders());
        tcase_add_loop_test(t, several_threads_ask_the_libraries, 0, cuda_orders());
        tcase_add_test(t, missing_memory_is_an_error);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
