/* tests/test_random.c: Philox by its known answers, and numbers that depend on seed, stream and element alone. */
#include "expect.h"

#include "core/draw.h"
#include "cpu/simd.h"

#include <pthread.h>

/* Random123 1.14, kat_vectors, philox4x32 10: the counter is (block, stream), the key the seed. */
START_TEST(philox_gives_the_known_answers)
{
    static const struct { uint64_t seed, stream, block; uint32_t want[4]; } known[] = {
        { 0, 0, 0, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { 0x299f31d0a4093822u, 0x0370734413198a2eu, 0x85a308d3243f6a88u, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        tp__philox(known[i].seed, known[i].stream, known[i].block, out);
        for (int k = 0; k < 4; k++) ck_assert_uint_eq(out[k], known[i].want[k]);
    }
}
END_TEST

START_TEST(a_uniform_is_the_words_of_its_blocks)
{
    tp_manual_seed(5);
    const tp_rng_state state = tp_rng_get();
    tp_tensor *x = tp_rand(TP_SHAPE(10));
    for (int i = 0; i < 10; i++) {
        uint32_t word[4];
        const uint64_t at = state.offset + (uint64_t)i;
        tp__philox(state.seed, state.stream, at / 4, word);
        ck_assert_float_eq(((const float *)tp_data(x))[i], tp__unit_float(word[at % 4]));
    }
}
END_TEST

#define DRAWS(X) X(tp_rand(TP_SHAPE(100003))) X(tp_randn(TP_SHAPE(100003))) X(tp_randint(-5, 1000, TP_SHAPE(100003))) \
    X(tp_uniform(TP_SHAPE(317, 211), -2, 3, .dtype = TP_F64)) X(tp_normal(TP_SHAPE(317, 211), 1, 2, .dtype = TP_F64)) \
    X(tp_dropout(tp_ones(TP_SHAPE(100003)), 0.3, true)) X(tp_randperm(1000))

START_TEST(the_bits_do_not_depend_on_the_number_of_threads)
{
#define SAME(draw) do { \
    TP_SCOPE(); \
    tp_set_num_threads(1); \
    tp_manual_seed(11); \
    tp_tensor *one = draw; \
    tp_set_num_threads(4); \
    tp_manual_seed(11); \
    tp_tensor *four = draw; \
    ck_assert_msg(tp_equal(one, four), "%s", #draw); \
} while (0);
    DRAWS(SAME)
}
END_TEST

START_TEST(the_bits_do_not_depend_on_the_instructions)
{
#define AT_EACH_LEVEL(draw) do { \
    TP_SCOPE(); \
    tp__simd_limit(TP__SIMD_BASE); \
    tp_manual_seed(11); \
    tp_tensor *base = draw; \
    for (int level = TP__SIMD_AVX2; level <= TP__SIMD_AVX512; level++) { \
        tp__simd_limit(level); \
        tp_manual_seed(11); \
        ck_assert_msg(tp_equal(base, draw), "%s", #draw); \
    } \
} while (0);
    DRAWS(AT_EACH_LEVEL)
    AT_EACH_LEVEL(tp_randn(TP_SHAPE(9999), .dtype = TP_F64))
    AT_EACH_LEVEL(tp_exponential_(tp_zeros(TP_SHAPE(9999), .dtype = TP_F64), 3))
    AT_EACH_LEVEL(tp_geometric_(tp_zeros(TP_SHAPE(9999)), 0.01))
    AT_EACH_LEVEL(tp_log_normal_(tp_zeros(TP_SHAPE(9999), .dtype = TP_F64), 0, 1))
    AT_EACH_LEVEL(tp_cauchy_(tp_zeros(TP_SHAPE(9999), .dtype = TP_F64), 0, 1))
    AT_EACH_LEVEL(tp_poisson(tp_linspace(0, 100, 9999)))
    AT_EACH_LEVEL(tp_multinomial(tp_linspace(0, 100, 3000), 2000))
    AT_EACH_LEVEL(tp_multinomial(tp_linspace(0, 100, 3000), 2000, .replacement = true))
}
END_TEST

START_TEST(multinomial_replaces_only_what_it_is_told_to)
{
    TP_SCOPE();
    tp_tensor *weights = tp_ones(TP_SHAPE(5));
    ck_assert(tp_equal(tp_sort(tp_multinomial(weights, 5)), tp_arange(0, 5, 1)));
    ck_assert_ptr_null(tp_multinomial(weights, 6));
    ck_message("multinomial: 6 samples are wanted of 5 without replacement (.replacement is false)");
    ck_assert_int_eq(tp_numel(tp_multinomial(weights, 6, .replacement = true)), 6);
    ck_fine();
}
END_TEST

START_TEST(the_ends_of_the_unit_interval_are_not_drawn)
{
    static const uint32_t words[] = { 0, 1, 1u << 10, 1u << 11, UINT32_MAX - (1u << 11), UINT32_MAX };
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            const double u = tp__inner_unit(words[i], words[j]), v = tp__unit_double(words[i], words[j]);
            ck_assert(u > 0 && u < 1);
            ck_assert_double_eq(v, ldexp((double)(((uint64_t)words[i] << 32 | words[j]) >> 11), -53));
        }
}
END_TEST

/* Of 200000 numbers as many are k as should be: chi-square, whose mean is the number of classes and whose variance is twice that. Below 10 by
 * inversion, from there on by rejection, whose rule differs below k = 9. */
START_TEST(poisson_numbers_are_as_often_as_they_should_be)
{
    enum { N = 200000, MOST = 120 };
    static const double rates[] = { 0.4, 9.5, 10, 12, 60 };
    for (int r = 0; r < 5; r++) {
        TP_SCOPE();
        tp_manual_seed(2);
        int64_t count[MOST] = { 0 };
        tp_tensor *x = tp_poisson(tp_full(TP_SHAPE(N), rates[r]));
        for (int64_t i = 0; i < N; i++) {
            const float k = ((const float *)tp_data(x))[i];
            ck_assert(k >= 0 && k < MOST && k == floorf(k));
            count[(int)k]++;
        }
        double sum = 0;
        int classes = 0;
        for (int k = 0; k < MOST; k++) {
            const double wanted = N * exp(k * log(rates[r]) - rates[r] - lgamma(k + 1));
            if (wanted < 20) continue;
            sum += ((double)count[k] - wanted) * ((double)count[k] - wanted) / wanted;
            classes++;
        }
        ck_assert_int_ge(classes, 5);
        ck_assert_msg(sum < classes + 5 * sqrt(2 * classes), "rate %g: %g of %d classes", rates[r], sum, classes);
    }
}
END_TEST

START_TEST(a_seed_gives_the_same_bits_again_and_another_seed_others)
{
#define AGAIN(draw) do { \
    TP_SCOPE(); \
    tp_manual_seed(3); \
    tp_tensor *a = draw, *more = draw; \
    tp_manual_seed(3); \
    tp_tensor *b = draw; \
    tp_manual_seed(4); \
    tp_tensor *c = draw; \
    ck_assert_msg(tp_equal(a, b) && !tp_equal(a, more) && !tp_equal(a, c), "%s", #draw); \
} while (0);
    DRAWS(AGAIN)
}
END_TEST

START_TEST(the_bits_of_an_element_do_not_depend_on_strides)
{
    tp_manual_seed(8);
    tp_tensor *plain = tp_uniform_(tp_empty(TP_SHAPE(30, 20)), 0, 1);
    tp_manual_seed(8);
    tp_tensor *turned = tp_uniform_(tp_transpose(tp_empty(TP_SHAPE(20, 30)), 0, 1), 0, 1);
    ck_assert(!tp_is_contiguous(turned));
    ck_assert(tp_equal(plain, turned));
    tp_manual_seed(8);
    tp_tensor *part = tp_uniform_(tp_narrow(tp_zeros(TP_SHAPE(30, 50)), 1, 7, 20), 0, 1);
    ck_assert(tp_equal(plain, part));
}
END_TEST

START_TEST(the_state_can_be_read_and_given_back)
{
    tp_manual_seed(1);
    tp_rand(TP_SHAPE(7));
    const tp_rng_state state = tp_rng_get();
    tp_tensor *a = tp_randn(TP_SHAPE(9)), *b = tp_randn(TP_SHAPE(9));
    ck_ok(tp_rng_set(state));
    ck_assert(tp_equal(a, tp_randn(TP_SHAPE(9))));
    ck_assert(tp_equal(b, tp_randn(TP_SHAPE(9))));
    ck_assert(!tp_equal(a, b));
}
END_TEST

static void *draw(void *arg)
{
    TP_SCOPE();
    tp_copy_to(tp_rand(TP_SHAPE(4)), arg, 4 * sizeof(float));
    return NULL;
}

START_TEST(each_thread_has_numbers_of_its_own_by_seed_and_order)
{
    float first[3][4], again[3][4];
    for (int round = 0; round < 2; round++) {
        tp_manual_seed(21);
        for (int i = 0; i < 3; i++) {
            pthread_t thread;
            pthread_create(&thread, NULL, draw, round ? again[i] : first[i]);
            pthread_join(thread, NULL);
        }
    }
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert(memcmp(first[0], first[1], sizeof *first) && memcmp(first[1], first[2], sizeof *first));
    float mine[4];
    tp_manual_seed(21);
    draw(mine);
    ck_assert(memcmp(mine, first[0], sizeof mine));
}
END_TEST

START_TEST(numbers_have_the_range_mean_and_variance_that_they_should)
{
    tp_manual_seed(2);
    tp_tensor *u = tp_rand(TP_SHAPE(200000)), *n = tp_randn(TP_SHAPE(200000)), *i = tp_randint(2, 5, TP_SHAPE(30000));
    const float *v = tp_data(u), *g = tp_data(n);
    double sum = 0, squares = 0;
    for (int k = 0; k < 200000; k++) {
        ck_assert(v[k] >= 0 && v[k] < 1);
        ck_assert(isfinite(g[k]));
        sum += g[k], squares += (double)g[k] * g[k];
    }
    ck_assert_double_eq_tol(tp_item(tp_mean(u)), 0.5, 0.005);
    ck_assert_double_eq_tol(sum / 200000, 0, 0.01);
    ck_assert_double_eq_tol(squares / 200000, 1, 0.02);
    int count[3] = { 0 };
    for (int k = 0; k < 30000; k++) {
        const int64_t at = ((const int64_t *)tp_data(i))[k] - 2;
        ck_assert(at >= 0 && at < 3);
        count[at]++;
    }
    for (int k = 0; k < 3; k++) ck_assert_int_lt(abs(count[k] - 10000), 500);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("random");
    TCase *t = tcase_create("random");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, philox_gives_the_known_answers);
    tcase_add_test(t, a_uniform_is_the_words_of_its_blocks);
    tcase_add_test(t, the_bits_do_not_depend_on_the_number_of_threads);
    tcase_add_test(t, the_bits_do_not_depend_on_the_instructions);
    tcase_add_test(t, multinomial_replaces_only_what_it_is_told_to);
    tcase_add_test(t, the_ends_of_the_unit_interval_are_not_drawn);
    tcase_add_test(t, poisson_numbers_are_as_often_as_they_should_be);
    tcase_add_test(t, a_seed_gives_the_same_bits_again_and_another_seed_others);
    tcase_add_test(t, the_bits_of_an_element_do_not_depend_on_strides);
    tcase_add_test(t, the_state_can_be_read_and_given_back);
    tcase_add_test(t, each_thread_has_numbers_of_its_own_by_seed_and_order);
    tcase_add_test(t, numbers_have_the_range_mean_and_variance_that_they_should);
    suite_add_tcase(s, t);
    return run_suite(s);
}
