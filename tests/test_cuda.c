/* tests/test_cuda.c: memory, streams, copies and errors of the CUDA backend. No kernel but those that fill and copy is needed. */
#include "cuda.h"
#include "failing.h"
#include "folder.h"

#include "core/op.h"

#include <taper/dlpack.h>

#include <pthread.h>

static tp_tensor *numbers(int64_t n) { return tp_arange(0, (double)n, 1, .dtype = TP_F32); }

/* ---- Copies ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(values_go_there_and_back)
{
    const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_C64, TP_C128 };
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        TP_SCOPE();
        tp_tensor *x = tp_to_dtype(numbers(100), dtypes[i]), *y = tp_to(x, DEVICE);
        ck_assert_ptr_nonnull(y);
        ck_assert_int_eq(tp_device_of(y), DEVICE);
        ck_assert_int_eq(tp_dtype_of(y), dtypes[i]);
        ck_assert(tp_equal(x, tp_to(y, TP_CPU)));
        ck_assert(tp_equal(x, y));
    }
    ck_fine();
}
END_TEST

START_TEST(new_tensors_are_where_another_is)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(2), .dtype = TP_F64, .device = DEVICE), *host = tp_zeros(TP_SHAPE(2));
    tp_tensor *made[] = { tp_new_zeros(x, TP_SHAPE(3)), tp_new_full(x, TP_SHAPE(3), 2), tp_new_empty_strided(x, TP_SHAPE(3), TP_SHAPE(2)),
                          tp_new_tensor(x, (int32_t[]){ 4, 5, 6 }, TP_I32, TP_SHAPE(3)), tp_type_as(tp_to_dtype(numbers(3), TP_I32), x) };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        ck_assert(tp_device_of(made[i]) == DEVICE && tp_dtype_of(made[i]) == TP_F64 && tp_numel(made[i]) == 3);
    ck_values(tp_to(made[1], TP_CPU), 2, 2, 2);
    ck_values(tp_to(made[3], TP_CPU), 4, 5, 6);
    ck_values(tp_to(made[4], TP_CPU), 0, 1, 2);
    ck_assert_int_eq(tp_device_of(tp_type_as(x, host)), TP_CPU);
    tp_tensor *y = NULL;
    ck_ok(tp_op_call("to.other", (tp_arg[]){ { .kind = TP_ARG_TENSOR, .value.tensor = host }, { .kind = TP_ARG_TENSOR, .value.tensor = x } }, 2, &y, 1, NULL));
    ck_assert(tp_device_of(y) == DEVICE && tp_dtype_of(y) == TP_F64);
    ck_assert_int_eq(tp_device_of(tp_new_ones(host, TP_SHAPE(1), .device = DEVICE)), DEVICE);
    ck_fine();
}
END_TEST

START_TEST(a_device_tells_what_it_is_and_its_peaks_begin_again)
{
    tp_device_properties p;
    ck_ok(tp_get_device_properties(DEVICE, &p));
    ck_assert(p.name[0] && p.major >= 7 && p.minor >= 0 && p.processors >= 1 && p.free_memory > 0 && p.free_memory <= p.total_memory);
    tp_memory m;
    { TP_SCOPE(); tp_zeros(TP_SHAPE(1 << 20), .device = DEVICE); }
    ck_ok(tp_reset_peak_memory(DEVICE));
    ck_ok(tp_memory_stats(DEVICE, &m));
    ck_assert(m.peak == m.in_use && m.peak_reserved == m.reserved);
    { TP_SCOPE(); tp_zeros(TP_SHAPE(1 << 20), .device = DEVICE); }
    const int64_t before = m.in_use;
    ck_ok(tp_memory_stats(DEVICE, &m));
    ck_assert(m.in_use == before && m.peak >= before + (4 << 20));
    ck_fine();
}
END_TEST

START_TEST(a_layout_without_gaps_is_kept)
{
    tp_tensor *x = tp_contiguous(tp_reshape(numbers(2 * 3 * 4 * 5), TP_SHAPE(2, 3, 4, 5)), .memory_format = TP_CHANNELS_LAST);
    tp_tensor *y = tp_to(x, DEVICE), *t = tp_to(tp_transpose(tp_reshape(numbers(12), TP_SHAPE(3, 4)), 0, 1), DEVICE);
    for (int d = 0; d < 4; d++) ck_assert_int_eq(tp_stride(y, d), tp_stride(x, d));
    ck_assert(tp_equal(tp_to(y, TP_CPU), x));
    ck_assert_int_eq(tp_stride(t, 0), 1);
    ck_values(tp_to(t, TP_CPU), 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
    ck_fine();
}
END_TEST

START_TEST(the_host_reads_values_but_not_memory)
{
    tp_tensor *x = tp_to(tp_full(TP_SHAPE(1), 2.5), DEVICE);
    ck_assert(tp_item(x) == 2.5);
    ck_assert_int_eq(tp_item_i64(tp_to(tp_full(TP_SHAPE(1), INT64_MAX), DEVICE)), INT64_MAX);
    ck_assert_ptr_null(tp_data(x));
    ck_error(TP_ERR_DEVICE, "the tensor is on cuda:0");
    ck_assert_ptr_null(tp_data_mut(x));
    ck_error(TP_ERR_DEVICE, "the tensor is on cuda:0");
    float v[4];
    ck_ok(tp_copy_to(tp_to(numbers(4), DEVICE), v, sizeof v));
    ck_assert(v[0] == 0 && v[3] == 3);
    char text[200];
    tp_to_string(tp_to(numbers(3), DEVICE), text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "0., 1., 2."));
    ck_assert_ptr_nonnull(strstr(text, "cuda:0"));
    ck_fine();
}
END_TEST

START_TEST(a_gradient_comes_back_to_where_the_leaf_is)
{
    tp_tensor *x = LEAF(1, 2, 3), *y = tp_to(tp_to(x, DEVICE), TP_CPU);
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 2, 4, 6);
    ck_assert_int_eq(tp_device_of(tp_grad_of(x)), TP_CPU);
}
END_TEST

START_TEST(a_number_of_the_host_has_its_gradient_there)
{
    tp_tensor *x = tp_to(numbers(4), DEVICE), *c = tp_full((tp_shape){ .ndim = 0 }, 2.0, .requires_grad = true), *of_c;
    tp_tensor *y = tp_sum(tp_mul(x, tp_mul(c, c)));    /* by a node of the CPU, too */
    ck_ok(tp_grad(&y, 1, &c, 1, NULL, &of_c, .retain_graph = true));
    ck_assert_int_eq(tp_device_of(of_c), TP_CPU);
    for (int i = 1; i < 3; i++) {
        ck_ok(tp_backward(y, .retain_graph = true));
        ck_assert_int_eq(tp_device_of(tp_grad_of(c)), TP_CPU);
        ck_values(tp_grad_of(c), 24 * i);
    }
    ck_assert_int_eq(tp_set_grad(c, tp_zeros((tp_shape){ .ndim = 0 }, .device = DEVICE)), TP_ERR_DEVICE);
    ck_message("set_grad: a gradient on cuda:0 for a tensor on cpu");
}
END_TEST

START_TEST(copy_crosses_devices)
{
    tp_tensor *x = tp_to(numbers(4), DEVICE), *y = tp_zeros(TP_SHAPE(4));
    ck_assert_ptr_nonnull(tp_copy_(y, x));
    ck_values(y, 0, 1, 2, 3);
    ck_assert_ptr_nonnull(tp_copy_(x, tp_full(TP_SHAPE(4), 7.0)));
    ck_values(tp_to(x, TP_CPU), 7, 7, 7, 7);
    ck_fine();
}
END_TEST

START_TEST(tensors_of_two_devices_do_not_meet)
{
    tp_tensor *x = tp_to(numbers(4), DEVICE);
    ck_assert_ptr_null(tp_add(x, numbers(4)));
    ck_message("add: tensors are on cuda:0 and cpu");
    ck_assert_ptr_null(tp_matmul(tp_reshape(numbers(4), TP_SHAPE(2, 2)), tp_reshape(x, TP_SHAPE(2, 2))));
    ck_message("matmul: tensors are on cuda:0 and cpu");
    ck_assert_ptr_null(tp_add_(tp_scalar(1), tp_reshape(tp_to(tp_full(TP_SHAPE(1), 1.0), DEVICE), (tp_shape){ 0 })));
    ck_message("add_: tensors are on cuda:0 and cpu");
}
END_TEST

/* ---- Pinned memory -------------------------------------------------------------------------------------------------------------------------- */

START_TEST(pinned_memory_may_be_freed_while_it_is_read)
{
    for (int round = 0; round < 20; round++) {
        TP_SCOPE();
        tp_tensor *on_device = NULL;
        {
            tp_scope inner = tp_scope_open();
            tp_tensor *x = tp_empty(TP_SHAPE(1000), .pinned = true);
            ck_assert(tp_is_pinned(x));
            float *v = tp_data_mut(x);
            for (int i = 0; i < 1000; i++) v[i] = (float)(round * 1000 + i);
            on_device = tp_escape(tp_to(x, DEVICE, .non_blocking = true));
            tp_scope_close(&inner);
        }
        float *other = tp_data_mut(tp_empty(TP_SHAPE(1000), .pinned = true));       /* not the memory that is still being read */
        for (int i = 0; i < 1000; i++) other[i] = -1;
        tp_tensor *back = tp_to(on_device, TP_CPU, .non_blocking = true);
        ck_assert(tp_is_pinned(back));
        ck_ok(tp_synchronize(DEVICE));
        const float *got = tp_data(back);
        for (int i = 0; i < 1000; i++) ck_assert(got[i] == (float)(round * 1000 + i));
    }
    ck_assert(!tp_is_pinned(numbers(3)));
    ck_fine();
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(what_is_in_use_on_the_device_is_counted_there)
{
    tp_item(tp_to(numbers(1), DEVICE));
    const tp_memory before = device_memory();
    const int64_t on_host = in_use();
    {
        TP_SCOPE();
        for (int i = 0; i < 10; i++) tp_empty(TP_SHAPE(1000), .device = DEVICE);
        ck_assert_int_eq(device_memory().in_use - before.in_use, 10 * 4096);
        ck_assert_int_lt(in_use() - on_host, 10 * 4096);
        ck_assert_int_eq(device_memory().allocations - before.allocations, 10);
        ck_assert_int_le(device_memory().system_allocations - before.system_allocations, 1);
    }
    ck_assert_int_eq(device_memory().in_use, before.in_use);
    ck_assert_int_ge(device_memory().peak, before.in_use + 10 * 4096);
    ck_assert_int_ge(device_memory().reserved, 2 << 20);
}
END_TEST

START_TEST(freed_memory_is_used_again_joined_and_given_back)
{
    const int64_t large = 8 << 20;
    const tp_memory start = device_memory();
    for (int i = 0; i < 50; i++) {
        TP_SCOPE();
        for (int k = 1; k <= 8; k++) tp_empty(TP_SHAPE(k * 300), .device = DEVICE, .dtype = TP_U8);
        tp_empty(TP_SHAPE(large), .device = DEVICE, .dtype = TP_U8);
        tp_empty(TP_SHAPE(large), .device = DEVICE, .dtype = TP_U8);
    }
    const tp_memory now = device_memory();
    ck_assert_int_le(now.system_allocations - start.system_allocations, 3);
    {
        TP_SCOPE();                                    /* all that was cut has become whole again: 20 MiB in one piece, cached */
        tp_empty(TP_SHAPE(19 << 20), .device = DEVICE, .dtype = TP_U8);
        ck_assert_int_eq(device_memory().system_allocations, now.system_allocations);
    }
    ck_assert_int_gt(tp_memory_trim(DEVICE), 0);
    ck_assert_int_eq(device_memory().reserved, 0);
    ck_assert_int_eq(cuda_counts().live_bytes, 0);
}
END_TEST

START_TEST(without_memory_the_caches_are_freed_and_it_is_tried_again)
{
    {
        TP_SCOPE();
        tp_empty(TP_SHAPE(30 << 20), .device = DEVICE, .dtype = TP_U8);
    }
    if (!cuda_fail_at(1)) return;
    ck_assert_ptr_nonnull(tp_empty(TP_SHAPE(40 << 20), .device = DEVICE, .dtype = TP_U8));
    ck_assert_int_eq(device_memory().reserved, 40 << 20);                /* what was cached is gone */
    cuda_fail_at(1);
    ck_assert_ptr_null(tp_empty(TP_SHAPE(50 << 20), .device = DEVICE, .dtype = TP_U8));
    ck_error(TP_ERR_MEMORY, "empty: no memory for 52428800 bytes on cuda:0: 41943040 in use, 0 cached");
    ck_assert_ptr_nonnull(tp_empty(TP_SHAPE(50 << 20), .device = DEVICE, .dtype = TP_U8));
    ck_assert_ptr_null(tp_empty(TP_SHAPE((int64_t)1 << 50), .device = DEVICE));
    ck_error(TP_ERR_MEMORY, "no memory for");
    ck_fine();
}
END_TEST

static void some_work(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_to(numbers(1000), DEVICE, .non_blocking = true);
    tp_tensor *pinned = tp_empty(TP_SHAPE(10), .pinned = true);
    tp_to(pinned, DEVICE, .non_blocking = true);
    tp_stream *side = tp_stream_new(DEVICE);
    tp_event *event = side ? tp_event_new(DEVICE, false) : NULL;
    if (event && !tp_event_record(event, NULL) && !tp_stream_wait(DEVICE, side, event)) {
        tp_stream_set(DEVICE, side);
        tp_to(x, TP_CPU);
        tp_stream_set(DEVICE, NULL);
    }
    tp_event_free(event);
    tp_drop(x);
    tp_stream_free(side);
}
/* Every op of it needs memory of the device. */
static void ops_work(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_to(numbers(600), DEVICE);
    tp_requires_grad(x, true);
    tp_tensor *y = tp_mul(tp_transpose(tp_reshape(x, TP_SHAPE(20, 30)), 0, 1), 2.0);
    tp_tensor *z = tp_contiguous(tp_add(y, tp_to_dtype(tp_clone(y), TP_F64)));
    if (tp_backward(z, .grad = z)) return;
    tp_copy_to(tp_grad_of(x), (float[600]){ 0 }, 2400);
}
START_TEST(any_allocation_of_an_op_may_fail) { every_point("cuda ops", ops_work, ops_work, NULL); }
END_TEST

START_TEST(the_device_may_have_no_memory_at_any_time)
{
    int64_t n = 1;
    bool failed = true;
    for (; failed && n < 100; n++) {
        tp_memory_trim(DEVICE);
        if (!cuda_fail_at(n)) return;
        ops_work(NULL);
        failed = tp_failed();                          /* with caches to free it is tried again, and nothing fails */
        if (failed) ck_error(TP_ERR_MEMORY, "no memory for");
        cuda_fail_at(0);
        ops_work(NULL);
        ck_fine();
    }
    ck_assert_int_gt(n, 2);
}
END_TEST

START_TEST(every_tensor_has_memory_of_its_own_in_direct_mode)
{
    setenv("TAPER_CUDA_ALLOC", "direct", 1);
    ops_work(NULL);
    some_work(NULL);
    ck_fine();
    ck_assert_int_eq(device_memory().reserved, 0);
    tp_tensor *x = tp_empty(TP_SHAPE(100), .device = DEVICE);
    ck_assert_ptr_nonnull(x);
    ck_assert_int_eq(device_memory().in_use, 512);
    ck_assert_int_eq(device_memory().system_allocations, device_memory().allocations);
}
END_TEST

START_TEST(any_allocation_may_fail) { every_point("cuda", some_work, some_work, NULL); }
END_TEST

/* ---- Streams ------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(memory_that_another_stream_uses_waits_for_it)
{
    tp_stream *side = tp_stream_new(DEVICE);
    tp_event *ready = tp_event_new(DEVICE, false);
    for (int round = 0; round < 50; round++) {
        TP_SCOPE();
        tp_scope inner = tp_scope_open();
        tp_tensor *x = tp_to(tp_full(TP_SHAPE(5000), (double)round), DEVICE), *out = tp_empty(TP_SHAPE(5000), .pinned = true);
        tp_escape(out);
        ck_ok(tp_event_record(ready, NULL));
        ck_ok(tp_stream_wait(DEVICE, side, ready));
        ck_ok(tp_stream_set(DEVICE, side));
        tp_tensor *y = tp_escape(tp_to(x, TP_CPU, .non_blocking = true));
        ck_ok(tp_stream_set(DEVICE, NULL));
        tp_scope_close(&inner);                        /* x is free, and read by the side stream as yet */
        tp_tensor *pinned = tp_full(TP_SHAPE(5000), -1.0, .pinned = true);
        tp_to(pinned, DEVICE, .non_blocking = true);   /* must not lie where x did */
        ck_ok(tp_stream_synchronize(DEVICE, side));
        const float *got = tp_data(y);
        for (int i = 0; i < 5000; i++) ck_assert(got[i] == (float)round);
    }
    tp_event_free(ready);
    tp_stream_free(side);
    ck_ok(tp_synchronize(DEVICE));
}
END_TEST

START_TEST(a_stream_belongs_to_a_device_and_a_thread)
{
    tp_stream *side = tp_stream_new(DEVICE), *host = tp_stream_new(TP_CPU);
    ck_assert_ptr_null(tp_stream_current(DEVICE));
    ck_ok(tp_stream_set(DEVICE, side));
    ck_assert_ptr_eq(tp_stream_current(DEVICE), side);
    ck_assert_int_eq(tp_stream_set(DEVICE, host), TP_ERR_DEVICE);
    ck_message("stream_set: the stream is of cpu, not of cuda:0");
    ck_assert(tp_stream_is_idle(TP_CPU, host));
    ck_ok(tp_stream_synchronize(DEVICE, side));
    ck_assert(tp_stream_is_idle(DEVICE, side));
    ck_assert_int_eq(tp_stream_synchronize(DEVICE, host), TP_ERR_DEVICE);
    ck_message("stream_synchronize: the stream is of cpu, not of cuda:0");
    ck_assert(!tp_stream_is_idle(TP_CPU, side));
    ck_message("stream_is_idle: the stream is of cuda:0, not of cpu");
    tp_event *event = tp_event_new(DEVICE, false);
    ck_assert_int_eq(tp_stream_wait(DEVICE, host, event), TP_ERR_DEVICE);
    ck_message("stream_wait: the stream is of cpu, not of cuda:0");
    tp_event_free(event);
    tp_tensor *x = tp_to(numbers(10), DEVICE);
    tp_stream_free(side);                              /* x was allocated for it */
    ck_assert_ptr_null(tp_stream_current(DEVICE));
    ck_assert_ptr_null(tp_stream_new(TP_CUDA(15)));
    ck_error(TP_ERR_DEVICE, "stream_new: there is no device cuda:15");
    ck_values(tp_to(x, TP_CPU), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    tp_stream_free(host);
}
END_TEST

START_TEST(events_tell_when_and_how_long)
{
    tp_event *from = tp_event_new(DEVICE, true), *to = tp_event_new(DEVICE, true), *plain = tp_event_new(DEVICE, false);
    ck_ok(tp_event_record(from, NULL));
    tp_to(tp_empty(TP_SHAPE(100000), .pinned = true), DEVICE, .non_blocking = true);
    ck_ok(tp_event_record(to, NULL));
    ck_ok(tp_event_synchronize(to));
    ck_assert(tp_event_is_done(from) && tp_event_is_done(to));
    ck_assert(tp_event_elapsed(from, to) >= 0);
    ck_assert(isnan(tp_event_elapsed(from, plain)));
    ck_error(TP_ERR_ARGUMENT, "both events must be timed");
    tp_event *on_host = tp_event_new(TP_CPU, true);
    ck_ok(tp_event_record(on_host, NULL));
    ck_assert(tp_event_is_done(on_host));
    tp_event_free(on_host), tp_event_free(from), tp_event_free(to), tp_event_free(plain);
    ck_fine();
}
END_TEST

static void *copies(void *arg)
{
    int *bad = arg;
    for (int round = 0; round < 30; round++) {
        TP_SCOPE();
        tp_tensor *x = tp_full(TP_SHAPE(3000), (double)round);
        *bad += !tp_equal(tp_to(tp_to(x, DEVICE), TP_CPU), x);
    }
    *bad += tp_failed();
    return NULL;
}
START_TEST(several_threads_use_one_device)
{
    pthread_t thread[4];
    int bad[4] = { 0 };
    for (int i = 0; i < 4; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, copies, &bad[i]), 0);
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(bad[i], 0);
}
END_TEST

START_TEST(devices_copy_to_each_other)
{
    if (tp_cuda_device_count() < 2) return;
    for (int round = 0; round < 20; round++) {
        TP_SCOPE();
        tp_tensor *x = tp_to(tp_full(TP_SHAPE(4000), (double)round), DEVICE), *y = tp_to(x, TP_CUDA(1));
        tp_drop(x);
        ck_assert_int_eq(tp_device_of(y), TP_CUDA(1));
        ck_assert_ptr_null(tp_add(y, tp_to(numbers(4000), DEVICE)));
        ck_message("add: tensors are on cuda:1 and cuda:0");
        tp_to(tp_full(TP_SHAPE(4000), -1.0, .pinned = true), DEVICE, .non_blocking = true);
        ck_assert(tp_equal(tp_to(y, TP_CPU), tp_full(TP_SHAPE(4000), (double)round, .dtype = TP_F32)));
    }
    ck_fine();
}
END_TEST

/* ---- The loader and files --------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_loader_gives_batches_of_the_device)
{
    for (int workers = 0; workers < 3; workers++) {
        TP_SCOPE();
        tp_tensor *x = tp_reshape(numbers(400), TP_SHAPE(100, 4)), *y = tp_arange(0, 100, 1);
        tp_dataset *set = tp_tensor_dataset(TP_TENSORS(x, y));
        tp_loader *loader = tp_data_loader(set, .batch_size = 8, .workers = workers, .device = DEVICE);
        tp_batch batch;
        int64_t seen = 0;
        while (tp_loader_next(loader, &batch)) {
            TP_SCOPE();
            ck_assert_int_eq(tp_device_of(batch.x), DEVICE);
            ck_assert(tp_equal(batch.x, tp_narrow(x, 0, seen, batch.size)));
            ck_assert(tp_equal(batch.y, tp_narrow(y, 0, seen, batch.size)));
            seen += batch.size;
        }
        ck_fine();
        ck_assert_int_eq(seen, 100);
        tp_free_all(loader, set);
    }
}
END_TEST

START_TEST(tensors_of_the_device_are_saved_and_loaded)
{
    make_folder();
    tp_tensor *x = tp_to(numbers(6), DEVICE);
    ck_ok(tp_npy_save(in_folder("x.npy"), x));
    ck_values(tp_npy_load(in_folder("x.npy")), 0, 1, 2, 3, 4, 5);
    tp_module *m = tp_nn_linear(3, 2);
    ck_ok(tp_module_to(m, DEVICE));
    ck_ok(tp_module_save(m, in_folder("m.safetensors")));
    tp_module *other = tp_nn_linear(3, 2);
    ck_ok(tp_module_load(other, in_folder("m.safetensors")));
    ck_ok(tp_module_load(m, in_folder("m.safetensors")));
    ck_assert(tp_equal(tp_parameters(m).at[0], tp_parameters(other).at[0]));
    ck_assert_int_eq(tp_device_of(tp_parameters(m).at[0]), DEVICE);
    tp_free_all(m, other);
    remove_folder();
}
END_TEST

static bool given_back;
static void take_it_back(tp_dlpack *self) { (void)self, given_back = true; }

/* By DLPack, both ways: each waits for the device, so that the other's streams need know nothing of ours. */
START_TEST(memory_of_the_device_is_shared_with_other_libraries)
{
    TP_SCOPE();
    tp_tensor *x = tp_add(tp_to(numbers(6), DEVICE), 1.0), *y;
    tp_dlpack *out = tp_to_dlpack(x);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(out->tensor.device.type, TP_DL_CUDA);
    ck_assert_int_eq(out->tensor.device.id, 0);
    if (cuda_host_function("taper_cuda_host_counters")) ck_assert(tp_stream_is_idle(DEVICE, NULL));
    tp_dlpack theirs = *out;
    theirs.deleter = take_it_back;
    {
        TP_SCOPE();
        y = tp_from_dlpack(&theirs);
        ck_assert_int_eq(tp_device_of(y), DEVICE);
        tp_mul_(y, 2.0);
        ck_assert(!given_back);
    }
    ck_assert(given_back);
    ck_assert(tp_stream_is_idle(DEVICE, NULL));        /* nothing was reading it still */
    ck_values(tp_to(x, TP_CPU), 2, 4, 6, 8, 10, 12);
    theirs.tensor.dtype.code = TP_DL_COMPLEX, theirs.tensor.dtype.bits = 128;
    theirs.tensor.byte_offset = 8;                     /* where two float64 may begin, and no complex128 of a device */
    theirs.tensor.shape[0] = 1;
    ck_assert_ptr_null(tp_from_dlpack(&theirs));
    ck_error(TP_ERR_ARGUMENT, "the data is not aligned for complex128");
    theirs.tensor.byte_offset = 0;
    theirs.tensor.device.id = 15;
    ck_assert_ptr_null(tp_from_dlpack(&theirs));
    ck_error(TP_ERR_DEVICE, "there is no device cuda:15");
    out->deleter(out);
    ck_fine();
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_lost_device_is_reported_by_its_first_cause)
{
    TP_SCOPE();
    tp_tensor *x = tp_to(numbers(10), DEVICE);
    if (!cuda_lose(700)) return;
    ck_assert(isnan(tp_item(tp_reshape(tp_narrow(x, 0, 0, 1), (tp_shape){ 0 }))));
    ck_error(TP_ERR_DEVICE, "the device cuda:0 was lost: ");
    cuda_lose(719);                                    /* what comes after is not the cause */
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_DEVICE);
    ck_error(TP_ERR_DEVICE, "an illegal memory access was encountered (cudaErrorIllegalAddress)");
    ck_assert_ptr_null(tp_empty(TP_SHAPE(4), .device = DEVICE));
    ck_error(TP_ERR_DEVICE, "empty: the device cuda:0 was lost: ");
    ck_assert_ptr_null(tp_to(numbers(10), DEVICE));
    ck_error(TP_ERR_DEVICE, "cudaErrorIllegalAddress");
    ck_assert_int_eq(tp_memory_trim(DEVICE), 0);
    ck_assert_ptr_null(tp_stream_new(DEVICE));
    ck_error(TP_ERR_DEVICE, "was lost");
    tp_drop(x);
    ck_values(tp_add(numbers(2), 1.0), 1, 2);          /* the host goes on */
}
END_TEST

START_TEST(what_is_wrong_in_the_data_is_the_error_of_the_next_call_that_waits)
{
    tp_tensor *x = tp_to(tp_full(TP_SHAPE(4), 7), DEVICE), *y = tp_to(tp_arange(0, 4, 1), DEVICE);
    tp_tensor *z = tp_remainder(x, y);                 /* by 0 */
    ck_assert_ptr_nonnull(z);
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "remainder: ");
    ck_ok(tp_synchronize(DEVICE));                     /* told once; and the device goes on */
    ck_values(tp_to(tp_remainder(x, tp_add(y, 1)), TP_CPU), 0, 1, 1, 3);
    tp_remainder(x, y);
    ck_assert(isnan(tp_item(tp_narrow(tp_add(y, 1), 0, 0, 1))));
    ck_error(TP_ERR_ARGUMENT, "remainder: ");
    ck_fine();
}
END_TEST

START_TEST(when_each_launch_waits_the_op_itself_fails)
{
    setenv("TAPER_CUDA_SYNC", "1", 1);
    tp_tensor *x = tp_to(tp_full(TP_SHAPE(4), 7), DEVICE), *y = tp_to(tp_arange(0, 4, 1), DEVICE);
    ck_assert_ptr_null(tp_remainder(x, y));
    ck_error(TP_ERR_ARGUMENT, "remainder: ");
    ck_ok(tp_synchronize(DEVICE));
}
END_TEST

START_TEST(numbers_and_tensors_of_one_number_may_be_on_the_host)
{
    tp_tensor *x = tp_to(numbers(3), DEVICE), *number = tp_scalar(2);
    ck_values(tp_to(tp_mul(x, number), TP_CPU), 0, 2, 4);
    ck_values(tp_to(tp_mul(number, x), TP_CPU), 0, 2, 4);
    ck_values(tp_to(tp_sub(1.0, x), TP_CPU), 1, 0, -1);
    ck_values(tp_to(tp_add_(x, number), TP_CPU), 2, 3, 4);
    tp_tensor *y = tp_add(number, tp_reshape(tp_narrow(x, 0, 0, 1), (tp_shape){ 0 }));      /* 0-dim, too: of the device */
    ck_assert_int_eq(tp_device_of(y), DEVICE);
    ck_assert(tp_item(y) == 4);
    const taper_cuda_host_counts before = cuda_counts();
    tp_add(x, 1.0);
    ck_ok(tp_synchronize(DEVICE));
    if (before.launches) ck_assert_int_eq(cuda_counts().launches - before.launches, 1);
    ck_fine();
}
END_TEST

/* No op of the CPU is one that a device lacks. */
START_TEST(every_kernel_of_the_cpu_is_there)
{
    const tp_backend *backend = tp__backend(DEVICE);
    int n = 0, missing = 0;
    ck_assert_ptr_nonnull(backend);
    for (const tp_kernel *const *table = tp__cpu_tables; *table; table++)
        for (const tp_kernel *kernel = *table; kernel->name; kernel++, n++)
            if (!backend->find(kernel->name)) missing++, printf("there is no kernel \"%s\"\n", kernel->name);
    printf("%d kernels\n", n);
    fflush(stdout);
    ck_assert_int_eq(missing, 0);
    ck_assert_int_gt(n, 300);
}
END_TEST

int main(void)
{
    setenv("TAPER_CUDA_HOST_DEVICES", "2", 0);
    Suite *s = suite_create("cuda");
    TCase *t = tcase_create("cuda");
    tcase_set_timeout(t, 120);
    if (!has_device(t)) return suite_add_tcase(s, t), run_suite(s);
    tcase_add_test(t, values_go_there_and_back);
    tcase_add_test(t, new_tensors_are_where_another_is);
    tcase_add_test(t, a_device_tells_what_it_is_and_its_peaks_begin_again);
    tcase_add_test(t, a_layout_without_gaps_is_kept);
    tcase_add_test(t, the_host_reads_values_but_not_memory);
    tcase_add_test(t, a_gradient_comes_back_to_where_the_leaf_is);
    tcase_add_test(t, a_number_of_the_host_has_its_gradient_there);
    tcase_add_test(t, copy_crosses_devices);
    tcase_add_test(t, tensors_of_two_devices_do_not_meet);
    tcase_add_test(t, pinned_memory_may_be_freed_while_it_is_read);
    tcase_add_test(t, what_is_in_use_on_the_device_is_counted_there);
    tcase_add_test(t, freed_memory_is_used_again_joined_and_given_back);
    tcase_add_test(t, without_memory_the_caches_are_freed_and_it_is_tried_again);
    tcase_add_test(t, any_allocation_may_fail);
    tcase_add_test(t, any_allocation_of_an_op_may_fail);
    tcase_add_test(t, the_device_may_have_no_memory_at_any_time);
    tcase_add_test(t, every_tensor_has_memory_of_its_own_in_direct_mode);
    tcase_add_test(t, memory_that_another_stream_uses_waits_for_it);
    tcase_add_test(t, a_stream_belongs_to_a_device_and_a_thread);
    tcase_add_test(t, events_tell_when_and_how_long);
    tcase_add_test(t, several_threads_use_one_device);
    tcase_add_test(t, devices_copy_to_each_other);
    tcase_add_test(t, a_loader_gives_batches_of_the_device);
    tcase_add_test(t, tensors_of_the_device_are_saved_and_loaded);
    tcase_add_test(t, memory_of_the_device_is_shared_with_other_libraries);
    tcase_add_test(t, a_lost_device_is_reported_by_its_first_cause);
    tcase_add_test(t, what_is_wrong_in_the_data_is_the_error_of_the_next_call_that_waits);
    tcase_add_test(t, when_each_launch_waits_the_op_itself_fails);
    tcase_add_test(t, numbers_and_tensors_of_one_number_may_be_on_the_host);
    tcase_add_test(t, every_kernel_of_the_cpu_is_there);
    suite_add_tcase(s, t);
    return run_suite(s);
}
