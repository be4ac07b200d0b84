/* tests/test_cuda_random.c: each draw on the device is the CPU's to the bit: of any seed and parameter, from states out of step with Philox's
 * blocks, into any strides, of rows whose weights are one or many to a thread. */
#define _GNU_SOURCE                                    /* dladdr */
#include "cuda_same.h"

#include <stdlib.h>

static const uint64_t seeds[] = { 0, 5, 0x123456789abcdef, UINT64_MAX };
enum { N_SEEDS = 4 };

/* Seeds, streams, and offsets in step with a block and not; `a` is on the CPU, `da` its copy on the device, x either of them. */
#define DRAW(call_of_x) do { \
        for (uint64_t d = 0; d < 2 * N_SEEDS; d++) { \
            const tp_rng_state state = { .seed = seeds[d / 2], .stream = d, .offset = 4 + (d % 2 ? 1 + d / 2 % 3 : d << 33) }; \
            ck_ok(tp_rng_set(state)); \
            tp_tensor *x = a, *want = call_of_x; \
            ck_ok(tp_rng_set(state)); \
            x = da; \
            same_bits(call_of_x, want, #call_of_x); \
        } \
    } while (0)

START_TEST(real_numbers_are_the_same)
{
    begin(_i);
    for (int k = 0; k < 4; k++)
        for (int turned = 0; turned < 2; turned++) {
            TP_SCOPE();
            tp_tensor *a = tp_to_dtype(tp_rand(TP_SHAPE(41, 13)), floats[k]), *da = there(a);
            if (turned) a = tp_transpose(a, 0, 1), da = tp_transpose(da, 0, 1);
            DRAW(tp_uniform_(tp_clone(x), -2, 3));
            DRAW(tp_uniform_(tp_narrow(tp_clone(x), 0, 1, 9), -2, 3));
            DRAW(tp_normal_(tp_clone(x), 0, 1));
            DRAW(tp_normal_(tp_clone(x), -1e3, 1e-3));
            DRAW(tp_normal_(tp_narrow(tp_clone(x), 0, 1, 9), 1, 2));
            DRAW(tp_dropout(x, 0.3, true));
            DRAW(tp_exponential_(tp_clone(x), 2));
            DRAW(tp_exponential_(tp_clone(x), 1e-6));
            DRAW(tp_log_normal_(tp_clone(x), 0, 1));
            DRAW(tp_log_normal_(tp_clone(x), -3, 0.2));
            DRAW(tp_cauchy_(tp_clone(x), 0, 1));
            DRAW(tp_cauchy_(tp_clone(x), 7, 1e-3));
            DRAW(tp_randn_like(x));
            DRAW(tp_rand_like(x));
        }
}
END_TEST

START_TEST(whole_numbers_are_the_same)
{
    static const double rates[] = { 0, 1e-3, 0.7, 9.9, 10, 11.5, 40, 1e3, 1e6, 1e12 }, chances[] = { 1e-12, 0.01, 0.3, 0.5, 0.999 };
    static const tp_dtype whole[] = { TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_F32, TP_F64, TP_F16 };
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        tp_tensor *a = tp_to_dtype(tp_rand(TP_SHAPE(41, 13)), floats[k]), *da = there(a);
        DRAW(tp_bernoulli(x));
        for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
            if (rates[r] > 1e4 && tp_dtype_size(floats[k]) == 2) continue;
            DRAW(tp_poisson(tp_mul(x, rates[r])));
            DRAW(tp_poisson(tp_full_like(x, rates[r])));
        }
        a = tp_transpose(a, 0, 1), da = tp_transpose(da, 0, 1);
        DRAW(tp_poisson(tp_mul(x, 30)));
        DRAW(tp_bernoulli(x));
    }
    for (int k = 0; k < 8; k++) {
        TP_SCOPE();
        tp_tensor *a = tp_zeros(TP_SHAPE(999), .dtype = whole[k]), *da = there(a);
        for (size_t p = 0; p < sizeof chances / sizeof *chances; p++) {
            DRAW(tp_geometric_(tp_clone(x), chances[p]));
            DRAW(tp_bernoulli_(tp_clone(x), chances[p]));
        }
        DRAW(tp_randint_like(x, 3, 100));
        if (whole[k] == TP_I64) DRAW(tp_randint_like(x, INT64_MIN / 2, INT64_MAX / 2));
    }
}
END_TEST

/* Rows of fewer weights than a block has threads, of as many, and of more, up to those that are sorted in another way; of sizes far apart, so that
 * another order of additions gives other sums, and some that cannot be drawn. */
START_TEST(categories_are_the_same)
{
    static const int64_t sizes[] = { 1, 5, 256, 257, 1000, 2048, 5003 };
    begin(_i);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int k = 0; k < 2; k++) {
            TP_SCOPE();
            const int64_t n = sizes[s];
            tp_tensor *a = tp_exp(tp_mul(tp_randn(TP_SHAPE(3, n), .dtype = floats[k]), 4));
            if (n > 5) tp_fill_(tp_narrow(a, 1, 2, 2), 0);
            tp_tensor *da = there(a);
            DRAW(tp_multinomial(x, n > 5 ? n - 2 : 1));
            DRAW(tp_multinomial(x, 2000, .replacement = true));
        }
}
END_TEST

START_TEST(an_order_is_the_same)
{
    static const int64_t sizes[] = { 0, 1, 2, 3001 };
    begin(_i);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int seed = 0; seed < 4; seed++) {
            TP_SCOPE();
            tp_manual_seed((uint64_t)seed);
            tp_tensor *want = tp_randperm(sizes[s]);
            tp_manual_seed((uint64_t)seed);
            same_bits(tp_randperm(sizes[s], .device = DEVICE), want, "randperm");
        }
}
END_TEST

/* On the device on the host both sides have one C library, whose functions would be alike by chance: so none may be called. What is left are
 * those that are exact. */
START_TEST(nothing_asks_the_c_library)
{
    static const char *const objects[] = { "cuda-host/random.cu.o", "cuda-host/random_draw.cu.o", "obj/src/cpu/random.o", "obj/src/cpu/random_draw.o" };
    static const char *const exact[] = { "sqrt", "sqrtf", "floor", "ceil", "fabs", "rint", "trunc" };
    const char *build = getenv("TAPER_BUILD");
    if (!build || system("command -v nm > /dev/null")) {
        printf("skipped in part: TAPER_BUILD is not set, or nm is missing\n");
        return;
    }
    for (int i = 0; i < 4; i++) {
        char command[5000], line[400], functions[200] = "";
        snprintf(command, sizeof command, "%s/%s", build, objects[i]);
        if (access(command, R_OK)) continue;           /* a real device is tested */
        snprintf(command, sizeof command, "nm -u '%s/%s'", build, objects[i]);
        FILE *read = popen(command, "r");
        ck_assert_ptr_nonnull(read);
        int lines = 0;
        while (fgets(line, sizeof line, read)) {
            char name[400];
            if (sscanf(line, " U %399s", name) != 1) continue;
            lines++;
            name[strcspn(name, "@")] = 0;
            bool allowed = false;
            for (size_t e = 0; e < sizeof exact / sizeof *exact; e++) allowed |= !strcmp(name, exact[e]);
            void *const library = dlopen("libm.so.6", RTLD_LAZY | RTLD_LOCAL);
            void *const found = library && !allowed ? dlsym(library, name) : NULL;
            Dl_info from = { 0 };
            if (found && dladdr(found, &from) && from.dli_fname && strstr(from.dli_fname, "libm.so"))
                snprintf(functions + strlen(functions), sizeof functions - strlen(functions), " %.40s", name);
        }
        ck_assert_int_eq(pclose(read), 0);
        ck_assert_int_gt(lines, 0);
        ck_assert_msg(!*functions, "%s calls%s", objects[i], functions);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_random");
    TCase *t = tcase_create("cuda_random");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, real_numbers_are_the_same, 0, cuda_orders());
        tcase_add_loop_test(t, whole_numbers_are_the_same, 0, cuda_orders());
        tcase_add_loop_test(t, categories_are_the_same, 0, cuda_orders());
        tcase_add_loop_test(t, an_order_is_the_same, 0, cuda_orders());
        tcase_add_test(t, nothing_asks_the_c_library);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
