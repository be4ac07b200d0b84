/* test_cuda_fft.c: Fourier transforms on the device beside the CPU's, by cuFFT and by our own kernels. */
#include "cuda_agree.h"

typedef struct how { int kind; int64_t dim, n; tp_fft_norm norm; } how;
enum { FFT, IFFT, RFFT, IRFFT, HFFT, IHFFT, FFT2, RFFT2, FFTN, KINDS };

/* As real numbers, of real numbers: the last dim of an input that has to be complex is its parts. */
static tp_tensor *transform(tp_tensor *const *in, const void *arg)
{
    const how *h = arg;
    switch (h->kind) {
    case FFT: return tp_view_as_real(tp_fft_fft(in[0], .dim = h->dim, .n = h->n, .norm = h->norm));
    case IFFT: return tp_view_as_real(tp_fft_ifft(tp_view_as_complex(in[0]), .dim = h->dim, .n = h->n, .norm = h->norm));
    case RFFT: return tp_view_as_real(tp_fft_rfft(in[0], .dim = h->dim, .n = h->n, .norm = h->norm));
    case IRFFT: return tp_fft_irfft(tp_view_as_complex(in[0]), .dim = h->dim, .n = h->n, .norm = h->norm);
    case HFFT: return tp_fft_hfft(tp_view_as_complex(in[0]), .dim = h->dim, .n = h->n, .norm = h->norm);
    case IHFFT: return tp_view_as_real(tp_fft_ihfft(in[0], .dim = h->dim, .n = h->n, .norm = h->norm));
    case FFT2: return tp_view_as_real(tp_fft_fft2(in[0], .norm = h->norm));
    case RFFT2: return tp_view_as_real(tp_fft_rfft2(in[0], .norm = h->norm, .dims = TP_DIMS(0, 1)));
    default: return tp_view_as_real(tp_fft_fftn(in[0], .norm = h->norm));
    }
}

static void all_agree(tp_dtype dtype)
{
    static const int64_t lengths[] = { 1, 2, 6, 15, 37 };
    static const char *const names[] = { "fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "rfft2", "fftn" };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int kind = 0; kind < KINDS; kind++)
            for (int64_t dim = 0; dim < (kind < FFT2 ? 3 : 1); dim++) {
                TP_SCOPE();
                const int64_t n = lengths[i];
                const how h = { kind, dim, kind < FFT2 ? n : TP_NONE, (tp_fft_norm)(1 + (kind + dim) % 3) };
                tp_shape shape = kind < FFT2 ? TP_SHAPE(3, 4, 3) : TP_SHAPE(n % 7 + 1, n, 3);
                if (kind == IFFT || kind == IRFFT || kind == HFFT) shape.dim[shape.ndim++] = 2;
                agree(transform, &h, (tp_tensor *[]){ normal(dtype, shape) }, 1, 4 * tolerance(dtype), names[kind]);
            }
}

static taper_cuda_host_transforms transforms(void)
{
    taper_cuda_host_transforms t = { 0 };
    void *found = cuda_host_function("taper_cuda_host_count_transforms");
    void (*read)(taper_cuda_host_transforms *);
    memcpy(&read, &found, sizeof read);
    if (read) read(&t);
    return t;
}

START_TEST(transforms_agree_by_the_library)
{
    cuda_order(_i, 7);
    all_agree(_i ? TP_F32 : TP_F64);
    if (cuda_host_needed("taper_cuda_host_count_transforms")) ck_assert_int_gt(transforms().runs, 100);
}
END_TEST

START_TEST(transforms_agree_by_our_own_kernels)
{
    setenv("TAPER_CUDA_CUFFT", "0", 1);
    cuda_order(_i, 7);
    all_agree(_i ? TP_F32 : TP_F64);
    ck_assert_int_eq(transforms().runs, 0);
}
END_TEST

/* cuFFT takes real numbers where complex ones could begin: others are copied. */
static tp_tensor *of_all_but_the_first(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_view_as_real(tp_fft_rfft(tp_narrow(in[0], 0, 1, 7)));
}
START_TEST(real_numbers_begin_anywhere)
{
    TP_SCOPE();
    agree(of_all_but_the_first, NULL, (tp_tensor *[]){ normal(TP_F32, TP_SHAPE(8)) }, 1, 4 * tolerance(TP_F32), "an odd place");
    agree(of_all_but_the_first, NULL, (tp_tensor *[]){ normal(TP_F64, TP_SHAPE(8)) }, 1, 4 * tolerance(TP_F64), "an odd place");
    if (cuda_host_needed("taper_cuda_host_count_transforms")) ck_assert_int_gt(transforms().runs, 0);
}
END_TEST

START_TEST(plans_stay_and_their_number_is_bounded)
{
    if (!cuda_host_needed("taper_cuda_host_count_transforms")) return;
    TP_SCOPE();
    tp_tensor *x = tp_to(tp_randn(TP_SHAPE(2, 6)), DEVICE);
    ck_assert_ptr_nonnull(tp_fft_rfft(x));
    const int64_t made = transforms().made;
    ck_assert_ptr_nonnull(tp_fft_rfft(x));
    ck_assert_int_eq(transforms().made, made);
    for (int64_t n = 1; n < 100; n++) ck_assert_ptr_nonnull(tp_fft_rfft(x, .n = n));
    ck_assert_int_eq(transforms().alive, 64);
}
END_TEST

static tp_status step(void *arg)
{
    tp_tensor *const *x = arg;
    return tp_copy_(x[1], tp_fft_irfft(tp_fft_rfft(x[0], .dim = 0), .dim = 0)) ? TP_OK : tp_error_status();
}

START_TEST(a_graph_keeps_its_plans)
{
    if (!cuda_host_needed("taper_cuda_host_count_transforms")) return;
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(8, 3)), *on_device[] = { tp_to(x, DEVICE), tp_to(tp_zeros(TP_SHAPE(8, 3)), DEVICE) };
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, step, on_device, 2);
    ck_assert_ptr_nonnull(graph);
    const int64_t runs = transforms().runs;
    ck_assert_int_gt(runs, 0);
    for (int64_t n = 1; n < 150; n++) ck_assert_ptr_nonnull(tp_fft_rfft(on_device[0], .n = n));
    ck_assert_int_eq(transforms().alive, 64);
    tp_zero_(on_device[1]);
    ck_ok(tp_cuda_graph_replay(graph));
    close_to(on_device[1], x, 1e-5, "there and back");
    tp_cuda_graph_free(graph);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_fft");
    TCase *t = tcase_create("cuda_fft");
    tcase_set_timeout(t, 120);
    if (!has_device(t)) return suite_add_tcase(s, t), run_suite(s);
    tcase_add_loop_test(t, transforms_agree_by_the_library, 0, 2);
    tcase_add_loop_test(t, transforms_agree_by_our_own_kernels, 0, 2);
    tcase_add_test(t, real_numbers_begin_anywhere);
    tcase_add_test(t, plans_stay_and_their_number_is_bounded);
    tcase_add_test(t, a_graph_keeps_its_plans);
    suite_add_tcase(s, t);
    return run_suite(s);
}
