/* tests/test_autocast.c: which dtype ops compute in inside of a region, as PyTorch 2.15 does on the CPU; and that parameters, and their
 * gradients, stay float32. */
#include "expect.h"
#include "failing.h"

#include <pthread.h>

static tp_tensor *numbers(tp_shape shape, tp_dtype dtype)
{
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++) n *= shape.dim[d];
    return tp_to_dtype(tp_reshape(tp_sin(tp_arange(1, (double)n + 1, 1, .dtype = TP_F32)), shape), dtype);
}
static tp_tensor *parameter(tp_shape shape)
{
    tp_tensor *w = tp_clone(numbers(shape, TP_F32));
    ck_ok(tp_requires_grad(w, true));
    return w;
}

/* ---- The lists ------------------------------------------------------------------------------------------------------------------------------- */

enum { X = 1, Y, CLASSES, IMAGE, FILTER, VOLUME, LIST };         /* [4, 4], [4, 4], [4], [1, 2, 4, 4], [3, 2, 3, 3], [1, 2, 4, 4, 4], both */

/* The result's dtype, of inputs of float32 and of bfloat16; 0: it is refused. */
static const struct { const char *op; int in[3]; tp_dtype of_f32, of_bf16; } lists[] = {
    { "matmul", { X, Y }, TP_BF16, TP_BF16 }, { "mm", { X, Y }, TP_BF16, TP_BF16 }, { "linear", { X, Y }, TP_BF16, TP_BF16 },
    { "addmm", { X, X, Y }, TP_BF16, TP_BF16 }, { "conv2d", { IMAGE, FILTER }, TP_BF16, TP_BF16 },
    { "mse_loss", { X, Y }, TP_F32, TP_F32 }, { "l1_loss", { X, Y }, TP_F32, TP_F32 }, { "cross_entropy", { X, CLASSES }, TP_F32, TP_F32 },
    { "cdist", { X, Y }, TP_F32, TP_F32 }, { "prod", { X }, TP_F32, TP_F32 }, { "trace", { X }, TP_F32, TP_F32 },
    { "linalg_inv", { X }, TP_F32, TP_F32 }, { "avg_pool3d", { VOLUME, 0 }, 0, 0 },
    { "cat", { LIST }, TP_F32, TP_BF16 }, { "stack", { LIST }, TP_F32, TP_BF16 },
    { "softmax", { X }, TP_F32, TP_BF16 }, { "sum", { X }, TP_F32, TP_BF16 }, { "exp", { X }, TP_F32, TP_BF16 }, { "add", { X, Y }, TP_F32, TP_BF16 },
    { "gelu", { X }, TP_F32, TP_BF16 }, { "mean", { X }, TP_F32, TP_BF16 },
};

static tp_tensor *input(int which, tp_dtype dtype)
{
    static const int64_t classes[] = { 1, 0, 3, 2 };
    tp_tensor *x = numbers(TP_SHAPE(4, 4), dtype);
    switch (which) {
    case CLASSES: return tp_from_data(classes, TP_I64, TP_SHAPE(4));
    case IMAGE: return numbers(TP_SHAPE(1, 2, 4, 4), dtype);
    case FILTER: return numbers(TP_SHAPE(3, 2, 3, 3), dtype);
    case VOLUME: return numbers(TP_SHAPE(1, 2, 4, 4, 4), dtype);
    case Y: return tp_to_dtype(tp_add(x, 0.5), dtype);
    default: return x;
    }
}

static tp_dtype made_by(const char *op, const int *in, tp_dtype dtype)
{
    TP_SCOPE();
    tp_arg args[3];
    tp_tensor *both[] = { input(X, dtype), input(Y, dtype) }, *y = NULL;
    int n = 0, n_out;
    for (; n < 3 && in[n]; n++) args[n] = (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = input(in[n], dtype) };
    if (in[0] == LIST) args[0] = (tp_arg){ .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = both };
    if (!strcmp(op, "softmax")) args[n++] = (tp_arg){ .kind = TP_ARG_INT, .value.integer = 1 };
    TP_AUTOCAST(TP_BF16);
    ck_assert_msg(!tp_op_call(op, args, n, &y, 1, &n_out), "%s: %s", op, tp_failed() ? tp_last_error()->message : "");
    return tp_dtype_of(y);
}

START_TEST(results_have_the_dtypes_of_the_lists)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (!lists[i].of_f32) continue;
        ck_assert_msg(made_by(lists[i].op, lists[i].in, TP_F32) == lists[i].of_f32, "%s of float32", lists[i].op);
        ck_assert_msg(made_by(lists[i].op, lists[i].in, TP_BF16) == lists[i].of_bf16, "%s of bfloat16", lists[i].op);
    }
    TP_SCOPE();
    TP_AUTOCAST(TP_F16);
    tp_tensor *x = numbers(TP_SHAPE(4, 4), TP_F64);
    ck_assert_int_eq(tp_dtype_of(tp_matmul(x, x)), TP_F64);          /* which is never cast */
    tp_tensor *y = numbers(TP_SHAPE(4, 4), TP_F32), *z = tp_matmul(y, y);
    ck_assert_int_eq(tp_dtype_of(z), TP_F16);
    ck_assert(tp_allclose(tp_to_dtype(z, TP_F32), tp_to_dtype(tp_matmul(tp_to_dtype(y, TP_F16), tp_to_dtype(y, TP_F16)), TP_F32), 0, 0));
    ck_fine();
}
END_TEST

/* ---- Parameters ------------------------------------------------------------------------------------------------------------------------------- */

enum { MOST = 16 };
static const void *seen[MOST];
static int n_seen;
static void *note(void *arg, tp_tensor *x)             /* what the tape saves with the weight's shape and 16 bits */
{
    (void)arg;
    if (tp_dtype_of(x) == TP_BF16 && tp_size(x, 0) == 5 && n_seen < MOST) seen[n_seen++] = tp_data(x);
    return tp_keep(x);
}
static tp_tensor *give(void *arg, void *packed) { (void)arg; return packed; }
static void drop(void *arg, void *packed) { (void)arg; tp_free(packed); }

START_TEST(a_parameter_is_cast_once_and_its_gradient_is_float32)
{
    TP_SCOPE();
    tp_tensor *w = parameter(TP_SHAPE(5, 4)), *x = numbers(TP_SHAPE(3, 4), TP_F32), *loss;
    ck_ok(tp_requires_grad(x, true));
    n_seen = 0;
    {
        TP_SAVED_TENSORS_HOOKS(note, give, drop, NULL);
        TP_AUTOCAST(TP_BF16);
        tp_tensor *y = tp_linear(x, w, NULL);
        {
            TP_AUTOCAST(TP_BF16);                      /* the copies are those of the outermost region */
            y = tp_add(y, tp_linear(tp_mul(2, x), w, NULL));
        }
        loss = tp_sum(y);
        ck_assert_int_eq(n_seen, 2);
        ck_assert_ptr_eq(seen[0], seen[1]);
        TP_NO_GRAD();
        ck_assert_ptr_nonnull(tp_mul_(w, 1));          /* written: made anew */
        TP_ENABLE_GRAD();
        loss = tp_add(loss, tp_sum(tp_linear(x, w, NULL)));
        ck_assert_ptr_ne(seen[2], seen[1]);
        ck_assert_int_eq(tp_dtype_of(loss), TP_BF16);
    }
    ck_ok(tp_backward(loss));
    ck_assert_int_eq(tp_dtype_of(tp_grad_of(w)), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_grad_of(x)), TP_F32);
    tp_tensor *want = tp_mul(4, tp_expand(tp_sum(x, .dims = TP_DIMS(0), .keepdim = true), TP_SHAPE(5, 4)));
    ck_assert(tp_allclose(tp_grad_of(w), tp_detach(want), 2e-2, 2e-2));
    ck_fine();
}
END_TEST

/* What was cast while nothing was recorded, or in a region that is over, is of no use to who needs a gradient; and a step in between counts. */
START_TEST(copies_are_as_good_as_new_ones)
{
    TP_SCOPE();
    tp_tensor *w = parameter(TP_SHAPE(5, 4)), *x = numbers(TP_SHAPE(3, 4), TP_F32);
    TP_AUTOCAST(TP_BF16);
    {
        TP_NO_GRAD();
        ck_assert(!tp_needs_grad(tp_linear(x, w, NULL)));
    }
    for (int i = 0; i < 3; i++) {                      /* several backwards by one copy */
        ck_ok(tp_backward(tp_sum(tp_linear(x, w, NULL), .dtype = TP_F32)));
        ck_assert_ptr_nonnull(tp_grad_of(w));
    }
    tp_set_autocast_cache(false);
    tp_tensor *square = parameter(TP_SHAPE(4, 4)), *y = tp_linear(x, w, NULL);
    tp_set_autocast_cache(true);
    ck_assert_ptr_nonnull(tp_linear(x, square, NULL));
    ck_ok(tp_set_data(square, tp_t(tp_detach(square))));         /* other elements of the same memory */
    ck_assert(tp_equal(tp_linear(x, square, NULL), tp_linear(x, tp_detach(square), NULL)));
    ck_assert(tp_equal(y, tp_linear(x, w, NULL)));
    ck_fine();
}
END_TEST

/* Modules, with the dtypes that PyTorch gives: forward, and a backward to every parameter. */
START_TEST(modules_train_in_a_region)
{
    TP_SCOPE();
    const struct { tp_module *m; tp_shape shape; tp_dtype made; } cases[] = {
        { tp_nn_lstm(4, 5), TP_SHAPE(3, 2, 4), TP_BF16 }, { tp_nn_gru(4, 5), TP_SHAPE(3, 2, 4), TP_F32 }, { tp_nn_rnn(4, 5), TP_SHAPE(3, 2, 4), TP_BF16 },
        { tp_nn_lstm_cell(4, 5), TP_SHAPE(2, 4), TP_F32 }, { tp_nn_gru_cell(4, 5), TP_SHAPE(2, 4), TP_F32 }, { tp_nn_rnn_cell(4, 5), TP_SHAPE(2, 4), TP_BF16 },
        { tp_nn_transformer_encoder_layer(8, 2), TP_SHAPE(3, 2, 8), TP_F32 },
        { tp_sequential(tp_nn_conv2d(2, 3, 3), tp_nn_batch_norm2d(3), tp_nn_relu()), TP_SHAPE(2, 2, 5, 5), TP_BF16 },
        { tp_sequential(tp_nn_linear(4, 5), tp_nn_layer_norm(TP_SHAPE(5)), tp_nn_gelu()), TP_SHAPE(2, 4), TP_BF16 },
        { tp_sequential(tp_nn_linear(4, 6), tp_nn_group_norm(2, 6), tp_nn_prelu()), TP_SHAPE(2, 4), TP_BF16 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TP_SCOPE();
        tp_tensor *y;
        {
            TP_AUTOCAST(TP_BF16);
            y = tp_forward(cases[i].m, numbers(cases[i].shape, TP_F32));
        }
        ck_fine();
        ck_assert_msg(tp_dtype_of(y) == cases[i].made, "module %zu makes %s", i, tp_dtype_name(tp_dtype_of(y)));
        ck_ok(tp_backward(tp_sum(tp_to_dtype(y, TP_F32))));
        const tp_tensor_list params = tp_parameters(cases[i].m);
        for (int64_t k = 0; k < params.n; k++) ck_assert_msg(tp_dtype_of(tp_grad_of(params.at[k])) == TP_F32, "module %zu, parameter %lld", i, (long long)k);
        tp_module_free(cases[i].m);
    }
    ck_fine();
}
END_TEST

/* ---- Regions --------------------------------------------------------------------------------------------------------------------------------------- */

static void *elsewhere(void *arg)
{
    *(tp_dtype *)arg = tp_autocast_dtype();
    return NULL;
}

START_TEST(regions_nest_and_are_of_their_thread)
{
    TP_SCOPE();
    tp_tensor *x = numbers(TP_SHAPE(4, 4), TP_F32);
    pthread_t thread;
    tp_dtype there = TP_I64;
    ck_assert_int_eq(tp_autocast_dtype(), TP_DTYPE_DEFAULT);
    {
        TP_AUTOCAST(TP_BF16);
        ck_assert_int_eq(tp_dtype_of(tp_matmul(x, x)), TP_BF16);
        {
            TP_NO_AUTOCAST();
            ck_assert_int_eq(tp_dtype_of(tp_matmul(x, x)), TP_F32);
            TP_AUTOCAST(TP_F16);
            ck_assert_int_eq(tp_dtype_of(tp_matmul(x, x)), TP_F16);
        }
        ck_assert_int_eq(tp_dtype_of(tp_matmul(x, x)), TP_BF16);
        ck_assert_int_eq(pthread_create(&thread, NULL, elsewhere, &there), 0);
        pthread_join(thread, NULL);
        ck_assert_int_eq(there, TP_DTYPE_DEFAULT);
        {
            TP_AUTOCAST(TP_F32);
            ck_error(TP_ERR_DTYPE, "autocast: to bfloat16 or float16, not to float32");
            ck_assert_int_eq(tp_autocast_dtype(), TP_BF16);
        }
    }
    ck_assert_int_eq(tp_autocast_dtype(), TP_DTYPE_DEFAULT);
    ck_assert_int_eq(tp_dtype_of(tp_matmul(x, x)), TP_F32);
    ck_fine();
}
END_TEST

static tp_tensor *two_layers(void *arg, tp_tensor *const *x)
{
    tp_tensor **w = arg;
    return tp_linear(tp_gelu(tp_linear(x[0], w[0], NULL)), w[1], NULL);
}

START_TEST(a_checkpoint_runs_again_in_the_region_of_its_first_run)
{
    TP_SCOPE();
    tp_tensor *w[] = { parameter(TP_SHAPE(5, 4)), parameter(TP_SHAPE(3, 5)) }, *x = numbers(TP_SHAPE(6, 4), TP_F32), *want[2];
    for (int checked = 0; checked < 2; checked++) {
        tp_tensor *y;
        {
            TP_AUTOCAST(TP_BF16);
            y = checked ? tp_checkpoint(two_layers, w, x) : two_layers(w, &x);
        }
        ck_assert_int_eq(tp_dtype_of(y), TP_BF16);
        ck_ok(tp_backward(tp_sum(tp_to_dtype(y, TP_F32))));
        ck_assert_int_eq(tp_autocast_dtype(), TP_DTYPE_DEFAULT);
        for (int i = 0; i < 2; i++) {
            if (checked) ck_assert(tp_equal(tp_grad_of(w[i]), want[i]));
            else want[i] = tp_clone(tp_grad_of(w[i]));
            ck_ok(tp_set_grad(w[i], NULL));
        }
    }
    ck_fine();
}
END_TEST

static tp_dtype in_backward;
static tp_tensor *own_forward(tp_context *call, tp_tensor *const *x)
{
    tp_save(call, x[0]);
    return tp_matmul(x[0], x[0]);
}
static tp_status own_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    tp_tensor *x = tp_saved(call, 0);
    in_backward = tp_dtype_of(tp_matmul(x, x));
    dx[0] = tp_to_dtype(dy, TP_F32);
    return tp_error_status();
}
static tp_tensor *see_grad(void *arg, tp_tensor *grad)
{
    *(tp_dtype *)arg = tp_autocast_dtype();
    return grad;
}

START_TEST(rules_run_without_a_region_and_functions_in_that_of_their_forward)
{
    static const tp_function own = { .name = "own", .forward = own_forward, .backward = own_backward };
    TP_SCOPE();
    tp_tensor *x = parameter(TP_SHAPE(4, 4)), *y;
    tp_dtype seen_by_hook = TP_I64;
    {
        TP_AUTOCAST(TP_BF16);
        y = tp_apply(&own, x);
    }
    ck_ok(tp_backward(tp_sum(y)));
    ck_assert_int_eq(in_backward, TP_BF16);
    y = tp_apply(&own, x);
    ck_assert_int_gt(tp_register_hook(y, see_grad, &seen_by_hook), 0);
    TP_AUTOCAST(TP_BF16);
    ck_ok(tp_backward(tp_sum(y)));
    ck_assert_int_eq(in_backward, TP_F32);
    ck_assert_int_eq(seen_by_hook, TP_DTYPE_DEFAULT);
    ck_assert_int_eq(tp_autocast_dtype(), TP_BF16);
    ck_fine();
}
END_TEST

START_TEST(without_memory_it_is_an_error_and_no_more)
{
    TP_SCOPE();
    tp_tensor *w[] = { parameter(TP_SHAPE(5, 4)), parameter(TP_SHAPE(3, 5)) }, *x = numbers(TP_SHAPE(6, 4), TP_F32);
    for (int64_t at = 1;; at++) {
        TP_SCOPE();
        tp_mem_fail_at(at, false);
        tp_tensor *loss;
        {
            TP_AUTOCAST(TP_BF16);
            loss = tp_sum(two_layers(w, &x));
        }
        const bool good = loss && !tp_backward(loss);
        const int64_t used = tp_mem_fail_at(0, false);
        ck_assert_int_eq(tp_autocast_dtype(), TP_DTYPE_DEFAULT);
        if (!good) {
            ck_assert_int_eq(tp_error_status(), TP_ERR_MEMORY);
            tp_clear_error();
        } else if (used < at) {
            break;
        }
    }
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("autocast");
    TCase *tests = tcase_create("regions");
    tcase_add_test(tests, results_have_the_dtypes_of_the_lists);
    tcase_add_test(tests, a_parameter_is_cast_once_and_its_gradient_is_float32);
    tcase_add_test(tests, copies_are_as_good_as_new_ones);
    tcase_add_test(tests, modules_train_in_a_region);
    tcase_add_test(tests, regions_nest_and_are_of_their_thread);
    tcase_add_test(tests, a_checkpoint_runs_again_in_the_region_of_its_first_run);
    tcase_add_test(tests, rules_run_without_a_region_and_functions_in_that_of_their_forward);
    tcase_add_test(tests, without_memory_it_is_an_error_and_no_more);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
