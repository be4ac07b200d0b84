/* test_attention.c: what the walk over the registry cannot know of attention: that blocks of it make what the formula does, at every
 * instruction set and number of threads; rows that see nothing; the layout of results; failing memory. */
#include "failing.h"

#include <taper/autograd.h>
#include <taper/extend.h>

#include "cpu/simd.h"

#include <math.h>

typedef struct form { int64_t batch, heads, own, l, n, e, w; bool causal; int mask; } form;    /* own: heads of k and v */
enum { NONE, BOOLS, ADDED, PADDING, LEARNED, MASKS };
enum { Q, K, V, MASK, INPUTS };

static tp_tensor *values(tp_dtype dtype, tp_shape shape) { return tp_to_dtype(tp_uniform(shape, -1, 1, .dtype = TP_F64), dtype); }

static tp_tensor *mask_of(const form *f, tp_dtype dtype)
{
    switch (f->mask) {
    case BOOLS: return tp_gt(values(TP_F64, TP_SHAPE(f->l, f->n)), -0.3);
    case ADDED: case LEARNED: return values(dtype, TP_SHAPE(f->batch, 1, f->l, f->n));
    case PADDING: return tp_gt(values(TP_F64, TP_SHAPE(f->batch, 1, 1, f->n)), -0.8);
    default: return NULL;
    }
}

static tp_tensor *repeated(tp_tensor *x, int64_t times) { return tp_repeat_interleave(x, times, .dim = 1); }

/* The formula, in float64. */
static tp_tensor *by_formula(const form *f, tp_tensor *const *in)
{
    tp_tensor *x[INPUTS];
    for (int i = 0; i < INPUTS; i++) x[i] = in[i] && tp_dtype_of(in[i]) != TP_BOOL ? tp_to_dtype(in[i], TP_F64) : in[i];
    tp_tensor *k = repeated(x[K], f->heads / f->own), *v = repeated(x[V], f->heads / f->own);
    tp_tensor *s = tp_mul(tp_matmul(x[Q], tp_transpose(k, -1, -2)), 1 / sqrt((double)f->e));
    if (f->causal) s = tp_masked_fill(s, tp_eq(tp_tril(tp_ones(TP_SHAPE(f->l, f->n)), 0), 0), -1e300);
    if (f->mask && tp_dtype_of(x[MASK]) == TP_BOOL) s = tp_masked_fill(s, tp_logical_not(x[MASK]), -1e300);
    else if (f->mask) s = tp_add(s, x[MASK]);
    return tp_matmul(tp_softmax(s, -1), v);
}

/* Heads as they come of one product, [batch, length, heads * width], seen as [batch, heads, length, width] */
static tp_tensor *heads_of(tp_dtype dtype, int64_t batch, int64_t heads, int64_t length, int64_t width)
{
    return tp_detach(tp_transpose(values(dtype, TP_SHAPE(batch, length, heads, width)), 1, 2));
}

static void make(const form *f, tp_dtype dtype, tp_tensor **in)
{
    in[Q] = heads_of(dtype, f->batch, f->heads, f->l, f->e);
    in[K] = heads_of(dtype, f->batch, f->own, f->n, f->e);
    in[V] = heads_of(dtype, f->batch, f->own, f->n, f->w);
    in[MASK] = mask_of(f, dtype);
    for (int i = 0; i < MASK; i++) ck_ok(tp_requires_grad(in[i], true));
    if (f->mask == LEARNED) ck_ok(tp_requires_grad(in[MASK], true));
}

static tp_tensor *attend(const form *f, tp_tensor *const *in)
{
    return tp_scaled_dot_product_attention(in[Q], in[K], in[V], .attn_mask = in[MASK], .is_causal = f->causal, .enable_gqa = f->own != f->heads);
}

static void ck_near(tp_tensor *a, tp_tensor *b, double tolerance, const char *what, const form *f)
{
    ck_fine();
    const double scale = b ? tp_item(tp_max(tp_abs(b))) : 1;
    ck_assert_msg(a && b && tp_allclose(tp_to_dtype(a, TP_F64), b, tolerance, tolerance * (scale < 1 ? 1 : scale)),
                  "%s differs: l %lld, n %lld, e %lld, w %lld, mask %d", what, (long long)f->l, (long long)f->n, (long long)f->e, (long long)f->w, f->mask);
}

static void compare(const form *f, tp_dtype dtype, double tolerance)
{
    TP_SCOPE();
    tp_tensor *in[INPUTS], *ours[INPUTS], *theirs[INPUTS];
    make(f, dtype, in);
    const int n = f->mask == LEARNED ? 4 : 3;
    tp_tensor *y = attend(f, in), *z = by_formula(f, in), *dz = values(TP_F64, tp_shape_of(z)), *dy = tp_to_dtype(dz, dtype);
    ck_near(y, z, tolerance, "y", f);
    ck_ok(tp_grad(&y, 1, in, n, &dy, ours));
    ck_ok(tp_grad(&z, 1, in, n, &(tp_tensor *){ tp_to_dtype(dy, TP_F64) }, theirs));
    for (int i = 0; i < n; i++) ck_near(ours[i], tp_to_dtype(theirs[i], TP_F64), 4 * tolerance, ((const char *const[]){ "dq", "dk", "dv", "dmask" })[i], f);
}

static const form forms[] = {
    { 1, 1, 1, 1, 1, 1, 1, false, NONE }, { 2, 3, 3, 5, 7, 3, 2, false, BOOLS }, { 2, 4, 2, 130, 140, 8, 5, true, NONE },
    { 1, 2, 1, 129, 530, 16, 33, false, PADDING }, { 2, 2, 2, 37, 600, 9, 8, true, NONE }, { 1, 2, 2, 260, 70, 32, 32, true, NONE },
    { 2, 2, 1, 3, 300, 64, 64, false, ADDED }, { 1, 6, 2, 1, 40, 24, 24, false, NONE }, { 2, 2, 2, 20, 33, 4, 4, false, LEARNED },
};
enum { FORMS = sizeof forms / sizeof *forms };

START_TEST(blocks_make_what_the_formula_does)
{
    tp_manual_seed(1);
    tp__simd_limit(_i);
    for (int k = 0; k < FORMS; k++) {
        compare(&forms[k], TP_F64, 1e-12);
        compare(&forms[k], TP_F32, 4e-6);
        compare(&forms[k], TP_F16, 4e-3);
        compare(&forms[k], TP_BF16, 3e-2);
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* Many heads go to threads whole, few are cut. */
START_TEST(three_threads_give_the_same_bits_as_one)
{
    static const form cases[] = { { 2, 4, 4, 150, 300, 32, 32, true, NONE },
                                  { 1, 2, 1, 300, 530, 32, 48, false, BOOLS },
                                  { 1, 1, 1, 400, 520, 64, 64, true, NONE } };
    static const tp_dtype dtypes[] = { TP_F32, TP_BF16 };
    tp_manual_seed(2);
    for (int k = 0; k < 6; k++) {
        TP_SCOPE();
        const form *f = &cases[k / 2];
        tp_tensor *in[INPUTS], *y[2], *dx[2][3];
        make(f, dtypes[k % 2], in);
        for (int run = 0; run < 2; run++) {
            tp_set_num_threads(run ? 3 : 1);
            y[run] = attend(f, in);
            tp_tensor *loss = tp_sum(tp_mul(y[run], y[run]));
            ck_ok(tp_grad(&loss, 1, in, 3, NULL, dx[run]));
        }
        tp_set_num_threads(1);
        ck_assert(tp_equal(y[0], y[1]));
        for (int i = 0; i < 3; i++) ck_assert_msg(tp_equal(dx[0][i], dx[1][i]), "case %d, gradient %d", k, i);
    }
}
END_TEST

START_TEST(a_row_that_sees_nothing_is_zero)
{
    TP_SCOPE();
    tp_tensor *x = values(TP_F32, TP_SHAPE(2, 3, 4)), *seen = tp_ones(TP_SHAPE(3, 3), .dtype = TP_BOOL);
    ck_ok(tp_requires_grad(x, true));
    tp_fill_(tp_select(seen, 0, 1), 0);
    tp_tensor *added = tp_masked_fill(tp_zeros(TP_SHAPE(3, 3)), tp_logical_not(seen), -INFINITY), *masks[] = { seen, added };
    for (int i = 0; i < 2; i++) {
        tp_tensor *y = tp_scaled_dot_product_attention(x, x, x, .attn_mask = masks[i]), *loss = tp_sum(tp_select(y, 1, 1)), *dx;
        ck_assert(tp_equal(tp_select(y, 1, 1), tp_zeros(TP_SHAPE(2, 4))));
        ck_assert(tp_item(tp_sum(tp_abs(tp_select(y, 1, 0)))) > 0);
        ck_ok(tp_grad(&loss, 1, &x, 1, NULL, &dx, .retain_graph = true));
        ck_assert(tp_equal(dx, tp_zeros(TP_SHAPE(2, 3, 4))));
        loss = tp_sum(y);
        ck_ok(tp_grad(&loss, 1, &x, 1, NULL, &dx));
        ck_assert(tp_item(tp_all(tp_isfinite(dx))) == 1);
    }
    ck_fine();
}
END_TEST

/* One row sees the first key alone, and a mask of one number hides all or nothing, of the backward too. */
START_TEST(one_row_and_one_mask_are_as_good_as_many)
{
    TP_SCOPE();
    tp_manual_seed(5);
    tp_tensor *in[] = { values(TP_F64, TP_SHAPE(2, 1, 3)), values(TP_F64, TP_SHAPE(2, 4, 3)), values(TP_F64, TP_SHAPE(2, 4, 3)), NULL }, *dx[4], *more[4];
    ck_assert(tp_allclose(tp_scaled_dot_product_attention(in[0], in[1], in[2], .is_causal = true), tp_narrow(in[2], 1, 0, 1), 1e-12, 1e-12));
    for (int dropout = 0; dropout < 2; dropout++)
        for (int hidden = 0; hidden < 2; hidden++) {
            in[3] = tp_full((tp_shape){ .ndim = 0 }, hidden ? -INFINITY : 0.5, .dtype = TP_F64);
            for (int i = 0; i < 4; i++) ck_ok(tp_requires_grad(in[i] = tp_detach(in[i]), true));
            tp_tensor *y = tp_scaled_dot_product_attention(in[0], in[1], in[2], .attn_mask = in[3],
                                                           .dropout_p = dropout ? 1e-12 : 0),
                      *loss = tp_sum(tp_mul(y, y));
            tp_tensor *plain = tp_scaled_dot_product_attention(in[0], in[1], in[2]);
            ck_assert(tp_allclose(y, hidden ? tp_zeros_like(y) : plain, 1e-9, 1e-9));
            ck_ok(tp_grad(&loss, 1, in, 4, NULL, dx, .create_graph = true));
            tp_tensor *all = tp_add(tp_sum(tp_mul(dx[0], dx[0])), tp_sum(tp_mul(dx[2], dx[2])));
            ck_ok(tp_grad(&all, 1, in, 4, NULL, more));
            for (int i = 0; i < 4; i++) {
                ck_assert(tp_item(tp_sum(tp_isfinite(dx[i]))) == (double)tp_numel(dx[i]));
                ck_assert(tp_item(tp_sum(tp_isfinite(more[i]))) == (double)tp_numel(more[i]));
            }
        }
    ck_fine();
}
END_TEST

START_TEST(of_nothing_there_is_zero_or_nothing)
{
    TP_SCOPE();
    tp_tensor *q = values(TP_F32, TP_SHAPE(2, 3, 4)), *k = tp_zeros(TP_SHAPE(2, 0, 4)), *none = tp_zeros(TP_SHAPE(0, 3, 4)), *dx[2];
    tp_tensor *in[] = { q, k };
    for (int i = 0; i < 2; i++) ck_ok(tp_requires_grad(in[i], true));
    tp_tensor *y = tp_scaled_dot_product_attention(q, k, k), *loss = tp_sum(y);
    ck_assert(tp_equal(y, tp_zeros(TP_SHAPE(2, 3, 4))));
    ck_ok(tp_grad(&loss, 1, in, 2, NULL, dx));
    ck_assert(tp_equal(dx[0], tp_zeros(TP_SHAPE(2, 3, 4))));
    ck_assert_int_eq(tp_numel(tp_scaled_dot_product_attention(none, none, none, .is_causal = true)), 0);
    ck_assert_int_eq(tp_numel(tp_scaled_dot_product_attention(k, q, q)), 0);
    ck_fine();
}
END_TEST

/* Heads that were parts of a row are so again, without a copy. */
START_TEST(results_keep_the_order_of_the_query)
{
    TP_SCOPE();
    tp_tensor *qkv = values(TP_F32, TP_SHAPE(2, 7, 3, 4, 8)), *part[3];
    for (int i = 0; i < 3; i++) part[i] = tp_transpose(tp_select(qkv, 2, i), 1, 2);
    tp_tensor *y = tp_scaled_dot_product_attention(part[0], part[1], part[2], .is_causal = true);
    ck_assert(tp_is_contiguous(tp_transpose(y, 1, 2)));
    for (int i = 0; i < 3; i++) part[i] = tp_contiguous(part[i]);
    tp_tensor *z = tp_scaled_dot_product_attention(part[0], part[1], part[2], .is_causal = true);
    ck_assert(tp_is_contiguous(z));
    ck_assert(tp_allclose(y, z, 1e-6, 1e-6));
}
END_TEST

/* With groups of heads there is no dim more: by the kernels, in a recorded backward, and with dropout, which repeats the heads. */
START_TEST(heads_are_shared_of_as_many_dims_as_there_may_be)
{
    TP_SCOPE();
    tp_manual_seed(3);
    tp_tensor *few[3], *many[3], *want[3], *got[3];
    for (int i = 0; i < 3; i++) {
        few[i] = values(TP_F64, i ? TP_SHAPE(2, 2, 5, 3) : TP_SHAPE(2, 4, 5, 3));
        many[i] = tp_detach(tp_reshape(few[i], i ? TP_SHAPE(2, 1, 1, 1, 1, 2, 5, 3) : TP_SHAPE(2, 1, 1, 1, 1, 4, 5, 3)));
        ck_ok(tp_requires_grad(few[i], true));
        ck_ok(tp_requires_grad(many[i], true));
    }
    for (int recorded = 0; recorded < 2; recorded++) {
        tp_tensor *y = tp_scaled_dot_product_attention(few[0], few[1], few[2], .enable_gqa = true);
        tp_tensor *z = tp_scaled_dot_product_attention(many[0], many[1], many[2], .enable_gqa = true), *a = tp_sum(tp_mul(y, y)), *b = tp_sum(tp_mul(z, z));
        ck_ok(tp_grad(&a, 1, few, 3, NULL, want, .create_graph = recorded));
        ck_ok(tp_grad(&b, 1, many, 3, NULL, got, .create_graph = recorded));
        ck_fine();
        for (int i = 0; i < 3; i++) ck_assert(tp_allclose(tp_reshape(got[i], tp_shape_of(want[i])), want[i], 1e-12, 1e-12));
    }
    tp_tensor *z = tp_scaled_dot_product_attention(many[0], many[1], many[2], .enable_gqa = true, .dropout_p = 1);
    ck_fine();
    ck_assert(tp_item(tp_sum(tp_abs(z))) == 0);
}
END_TEST

static void train_some(void *arg)
{
    TP_SCOPE();
    tp_tensor *in[INPUTS], *dx[3];
    (void)arg;
    for (int i = 0; i < 2; i++) {
        const form f = { 1, 2, 1, 10, 12, 4, 4, !i, i ? BOOLS : NONE };
        in[MASK] = i ? tp_ones(TP_SHAPE(f.l, f.n), .dtype = TP_BOOL) : NULL;
        in[Q] = tp_ones(TP_SHAPE(1, 2, 10, 4), .dtype = i ? TP_F16 : TP_F32);
        in[K] = tp_ones(TP_SHAPE(1, 1, 12, 4), .dtype = i ? TP_F16 : TP_F32);
        in[V] = tp_ones(TP_SHAPE(1, 1, 12, 4), .dtype = i ? TP_F16 : TP_F32);
        for (int k = 0; k < 3; k++)
            if (!in[k] || tp_requires_grad(in[k], true)) return;
        tp_tensor *y = attend(&f, in), *loss = tp_sum(y);
        if (!loss || tp_grad(&loss, 1, in, 3, NULL, dx)) return;
    }
}
START_TEST(every_allocation_may_fail) { every_point("attention", train_some, NULL, NULL); } END_TEST

int main(void)
{
    Suite *suite = suite_create("attention");
    TCase *tests = tcase_create("attention");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, blocks_make_what_the_formula_does, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_test(tests, three_threads_give_the_same_bits_as_one);
    tcase_add_test(tests, a_row_that_sees_nothing_is_zero);
    tcase_add_test(tests, one_row_and_one_mask_are_as_good_as_many);
    tcase_add_test(tests, of_nothing_there_is_zero_or_nothing);
    tcase_add_test(tests, results_keep_the_order_of_the_query);
    tcase_add_test(tests, heads_are_shared_of_as_many_dims_as_there_may_be);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
