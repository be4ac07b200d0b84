/* tests/test_cuda_foreign.c: another library of the process chooses its own device on our threads, at any time: before each call here, and while a
 * step is recorded. What is Taper's stays on the device that it is asked of. */
#include "cuda_same.h"

#include <pthread.h>

#include <taper/nn.h>
#include <taper/optim.h>

static void (*choose)(int);

/* The other library works on any of two devices; where there is one alone, there is nothing to choose. */
static bool two_devices(void)
{
    void *found = cuda_host_needed("taper_cuda_host_choose");
    memcpy(&choose, &found, sizeof choose);
    return choose && tp_cuda_device_count() >= 2;
}

static tp_tensor *numbers(int64_t n) { return tp_arange(0, (double)n, 1, .dtype = TP_F32); }

#define AFTER(other, ...) (choose(other), (__VA_ARGS__))

START_TEST(ops_run_where_their_tensors_are)
{
    begin(_i);
    if (!two_devices()) return;
    for (int d = 0; d < 2; d++)
        for (int other = 0; other < 2; other++) {
            TP_SCOPE();
            const tp_device device = TP_CUDA(d);
            tp_tensor *x = AFTER(other, tp_to(numbers(6000), device)), *y = AFTER(other, tp_mul(x, 2)), *m = AFTER(other, tp_reshape(x, TP_SHAPE(60, 100)));
            ck_assert_int_eq(tp_device_of(y), device);
            ck_assert_double_eq(AFTER(other, tp_item(tp_sum(y))), 5999.0 * 6000);
            ck_assert(tp_equal(AFTER(other, tp_to(tp_sort(x, .descending = true), TP_CPU)), tp_sort(numbers(6000), .descending = true)));
            ck_assert_int_eq(tp_numel(AFTER(other, tp_nonzero(x))), 5999);
            tp_tensor *product = AFTER(other, tp_matmul(m, tp_transpose(m, 0, 1)));
            ck_assert(tp_allclose(AFTER(other, tp_to(product, TP_CPU)), tp_matmul(tp_to(m, TP_CPU), tp_transpose(tp_to(m, TP_CPU), 0, 1)), 1e-5, 1e-5));
            tp_tensor *pinned = tp_empty(TP_SHAPE(6000), .pinned = true);
            ck_assert_ptr_nonnull(tp_copy_(pinned, numbers(6000)));
            tp_tensor *sent = AFTER(other, tp_to(pinned, device, .non_blocking = true));
            ck_assert(tp_equal(AFTER(other, tp_to(sent, TP_CPU)), numbers(6000)));
            ck_ok(AFTER(other, tp_synchronize(device)));
        }
    ck_fine();
}
END_TEST

START_TEST(devices_copy_to_each_other)
{
    begin(_i);
    if (!two_devices()) return;
    for (int other = 0; other < 2; other++) {
        TP_SCOPE();
        tp_tensor *x = AFTER(other, tp_to(numbers(1000), TP_CUDA(0))), *y = AFTER(other, tp_to(x, TP_CUDA(1))),
                  *z = AFTER(other, tp_to(tp_add(y, 1), TP_CUDA(0)));
        choose(other);
        ck_assert(tp_equal(tp_to(z, TP_CPU), tp_add(numbers(1000), 1)));
    }
    ck_fine();
}
END_TEST

/* Memory that another stream uses is parked with an event, which is of the device that is current when it is made. */
START_TEST(streams_events_and_memory_are_of_their_device)
{
    begin(_i);
    if (!two_devices()) return;
    for (int d = 0; d < 2; d++)
        for (int other = 0; other < 2; other++) {
            const tp_device device = TP_CUDA(d);
            tp_stream *stream = AFTER(other, tp_stream_new(device));
            tp_event *event = AFTER(other, tp_event_new(device, false));
            ck_assert(stream && event);
            for (int round = 0; round < 3; round++) {
                TP_SCOPE();
                tp_tensor *x = AFTER(other, tp_full(TP_SHAPE(5000), 3, .device = device)), *y = NULL;
                ck_ok(AFTER(other, tp_event_record(event, NULL)));
                ck_ok(AFTER(other, tp_stream_wait(device, stream, event)));
                ck_ok(tp_stream_set(device, stream));
                y = AFTER(other, tp_mul(x, x));
                ck_ok(AFTER(other, tp_stream_synchronize(device, stream)));
                ck_ok(tp_stream_set(device, NULL));
                ck_assert_double_eq(AFTER(other, tp_item(tp_sum(y))), 45000);
                choose(other);                         /* the scope frees x, which the stream used */
            }
            choose(other);
            tp_event_free(event);
            tp_stream_free(stream);
        }
    ck_fine();
}
END_TEST

typedef struct trainer { tp_module *net; tp_optimizer *opt; tp_tensor *x, *y, *loss; int other; } trainer;

static tp_status step(void *arg)
{
    trainer *t = arg;
    tp_zero_grad(t->opt);
    tp_tensor *loss = AFTER(t->other, tp_mse_loss(tp_forward(t->net, t->x), t->y));
    if (AFTER(t->other, tp_backward(loss)) || AFTER(t->other, tp_step(t->opt))) return tp_error_status();
    tp_tensor *kept = tp_copy_(t->loss, tp_detach(loss));
    choose(t->other);                                  /* the step ends so */
    return kept ? TP_OK : tp_error_status();
}

/* Eagerly, or recorded and replayed; `other` is who else is current, the device itself where nobody meddles. */
static double trained(int d, int other, bool recorded)
{
    tp_manual_seed(3);
    trainer t = { .net = tp_nn_linear(8, 4), .other = other };
    choose(other);
    ck_ok(tp_module_to(t.net, TP_CUDA(d)));
    t.opt = tp_adam(tp_parameters(t.net), .lr = 1e-2);
    t.x = tp_keep(tp_randn(TP_SHAPE(16, 8), .device = TP_CUDA(d)));
    t.y = tp_keep(tp_randn(TP_SHAPE(16, 4), .device = TP_CUDA(d)));
    t.loss = tp_keep(tp_zeros(TP_SHAPE(), .device = TP_CUDA(d)));
    tp_cuda_graph *graph = NULL;
    if (recorded) {
        graph = tp_cuda_graph_record(TP_CUDA(d), step, &t, 1);
        ck_assert_msg(graph != NULL, "%s", tp_last_error() ? tp_last_error()->message : "nothing");
    }
    for (int i = 0; i < 5; i++) {
        TP_SCOPE();
        choose(other);
        ck_ok(graph ? tp_cuda_graph_replay(graph) : step(&t));
    }
    choose(other);
    const double loss = tp_item(t.loss);
    choose(other);
    tp_cuda_graph_free(graph);
    tp_optimizer_free(t.opt);
    tp_module_free(t.net);
    tp_free(t.x);
    tp_free(t.y);
    tp_free(t.loss);
    return loss;
}

START_TEST(a_net_trains_and_is_recorded)
{
    begin(_i);
    if (!two_devices()) return;
    for (int d = 0; d < 2; d++)
        for (int recorded = 0; recorded < 2; recorded++) {
            const double alone = trained(d, d, recorded);
            ck_assert(alone > 0 && alone < 10);
            ck_assert_double_eq(trained(d, 1 - d, recorded), alone);
        }
    ck_fine();
}
END_TEST

/* A thread that never called anything of ours, which is on device 1 when it does */
static void *on_a_thread(void *arg)
{
    TP_SCOPE();
    double *sum = arg;
    choose(1);
    *sum = tp_item(tp_sum(tp_to(numbers(100), TP_CUDA(0))));
    return NULL;
}

START_TEST(a_thread_may_begin_on_another_device)
{
    begin(_i);
    if (!two_devices()) return;
    pthread_t thread;
    double sum = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, on_a_thread, &sum), 0);
    pthread_join(thread, NULL);
    ck_assert_double_eq(sum, 4950);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_foreign");
    TCase *t = tcase_create("cuda_foreign");
    tcase_set_timeout(t, 120);
    if (has_device(t)) {
        tcase_add_loop_test(t, ops_run_where_their_tensors_are, 0, cuda_orders());
        tcase_add_loop_test(t, devices_copy_to_each_other, 0, cuda_orders());
        tcase_add_loop_test(t, streams_events_and_memory_are_of_their_device, 0, cuda_orders());
        tcase_add_loop_test(t, a_net_trains_and_is_recorded, 0, cuda_orders());
        tcase_add_loop_test(t, a_thread_may_begin_on_another_device, 0, cuda_orders());
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
