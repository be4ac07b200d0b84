/* test_cuda_collective.c: what several devices do together: by NCCL, by copies and kernels of our own, and on the CPU. */
#include "cuda.h"
#include "failing.h"

enum { MOST = 4, BY_CPU = 0, BY_LIBRARY, BY_OWN, WAYS };

static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL };
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static int n_devices;
/* TAPER_CUDA_NCCL=1: one device alone goes by it as well. */
static void begin(int way, int order)
{
    setenv("TAPER_CUDA_HOST_DEVICES", "4", 0);
    setenv("TAPER_CUDA_NCCL", way == BY_OWN ? "0" : "1", 1);
    cuda_order(order, 5);
    n_devices = way == BY_CPU ? MOST : tp_cuda_device_count() < MOST ? tp_cuda_device_count() : MOST;
    if (n_devices < MOST) printf("skipped in part: there are %d devices, not %d\n", n_devices, MOST);
}

static taper_cuda_host_together together(void)
{
    taper_cuda_host_together t = { 0 };
    void *found = cuda_host_function("taper_cuda_host_count_together");
    void (*read)(taper_cuda_host_together *);
    memcpy(&read, &found, sizeof read);
    if (read) read(&t);
    return t;
}

/* ---- Each kind, op and dtype -------------------------------------------------------------------------------------------------------------- */

/* Small numbers, so that all sums and products are exact in any dtype. */
static double number(tp_dtype dtype, int rank, int64_t i) { return dtype == TP_BOOL ? (rank + i) % 3 == 0 : 1 + (rank + i) % 3; }

static double combined(tp_dtype dtype, tp_collective_op op, int n, int64_t i)
{
    double y = number(dtype, 0, i);
    for (int r = 1; r < n; r++) {
        const double x = number(dtype, r, i);
        y = op == TP_COLLECTIVE_PROD ? y * x : op == TP_COLLECTIVE_MIN ? fmin(y, x) : op == TP_COLLECTIVE_MAX ? fmax(y, x) : y + x;
    }
    if (op == TP_COLLECTIVE_AVG) y = dtype <= TP_BF16 ? y / n : trunc(y / n);
    return dtype == TP_BOOL ? y > 0 : y;
}

/* The devices of ranks: in order, or the other way round */
static tp_device device_of(int way, int n, int rank, bool turned) { return way == BY_CPU ? TP_CPU : TP_CUDA(turned ? n - 1 - rank : rank); }

static tp_tensor *numbers(tp_dtype dtype, int rank, int64_t from, int64_t count, tp_device device)
{
    double values[64];
    for (int64_t i = 0; i < count; i++) values[i] = number(dtype, rank, from + i);
    tp_tensor *x = tp_to(tp_to_dtype(tp_from_data(values, TP_F64, TP_SHAPE(count)), dtype), device);
    return tp_contiguous(x);
}

static void ck_combined(tp_tensor *y, tp_collective_op op, int n, int64_t from, int64_t count, const char *what)
{
    const tp_dtype dtype = tp_dtype_of(y);
    const double within = op != TP_COLLECTIVE_AVG ? 0 : dtype == TP_BF16 ? 2e-2 : dtype == TP_F16 ? 2e-3 : 1e-6;
    double got[64];
    ck_assert_int_eq(tp_numel(y), count);
    ck_ok(tp_copy_to(tp_to_dtype(y, TP_F64), got, (size_t)count * sizeof *got));
    for (int64_t i = 0; i < count; i++) {
        const double want = combined(dtype, op, n, from + i);
        ck_assert_msg(fabs(got[i] - want) <= within * fabs(want), "%s of %s, op %d, %d ranks, element %lld: %g, not %g", what, tp_dtype_name(dtype), (int)op, n,
                      (long long)i, got[i], want);
    }
}

static void reduce_all_ways(int way, tp_dtype dtype, tp_collective_op op, int n, bool turned)
{
    enum { COUNT = 7 };
    TP_SCOPE();
    tp_tensor *x[MOST], *y[MOST], *whole[MOST], *piece[MOST];
    for (int r = 0; r < n; r++) {
        const tp_device device = device_of(way, n, r, turned);
        x[r] = numbers(dtype, r, 0, COUNT, device);
        y[r] = tp_zeros(TP_SHAPE(COUNT), .dtype = dtype, .device = device);
        whole[r] = numbers(dtype, r, 0, n * 3, device);
        piece[r] = r % 2 ? tp_zeros(TP_SHAPE(3), .dtype = dtype, .device = device) : tp_narrow(whole[r], 0, 3 * r, 3);
    }
    const tp_tensor_list in = { .at = x, .n = n }, out = { .at = y, .n = n };
    ck_ok(tp_collective_all_reduce(in, .op = op, .out = out));
    for (int r = 0; r < n; r++) ck_combined(y[r], op, n, 0, COUNT, "all_reduce");
    tp_zero_(y[n - 1]);
    ck_ok(tp_collective_reduce(in, .op = op, .root = n - 1, .out = y[n - 1]));
    ck_combined(y[n - 1], op, n, 0, COUNT, "reduce");
    for (int r = 0; r < n; r++) ck_combined(x[r], TP_COLLECTIVE_SUM, 1, r, COUNT, "what was read");
    ck_ok(tp_collective_reduce_scatter(((tp_tensor_list){ .at = whole, .n = n }), ((tp_tensor_list){ .at = piece, .n = n }), .op = op));
    for (int r = 0; r < n; r++) ck_combined(piece[r], op, n, 3 * r, 3, "reduce_scatter");
    const uint32_t version = tp_version_of(x[0]);
    ck_ok(tp_collective_all_reduce(in, .op = op));
    for (int r = 0; r < n; r++) ck_combined(x[r], op, n, 0, COUNT, "all_reduce in place");
    ck_assert_int_gt(tp_version_of(x[0]), version);
}

static void move_all_ways(int way, tp_dtype dtype, int n, bool turned)
{
    enum { COUNT = 5 };
    TP_SCOPE();
    tp_tensor *x[MOST], *all[MOST];
    for (int r = 0; r < n; r++) {
        const tp_device device = device_of(way, n, r, turned);
        all[r] = tp_zeros(TP_SHAPE(n, COUNT), .dtype = dtype, .device = device);
        x[r] = numbers(dtype, r, 0, COUNT, device);
        if (r % 2) x[r] = tp_copy_(tp_select(all[r], 0, r), x[r]);
    }
    const tp_tensor_list in = { .at = x, .n = n };
    ck_ok(tp_collective_all_gather(in, (tp_tensor_list){ .at = all, .n = n }));
    for (int r = 0; r < n; r++)
        for (int s = 0; s < n; s++) ck_combined(tp_select(all[r], 0, s), TP_COLLECTIVE_SUM, 1, s, COUNT, "all_gather");
    ck_ok(tp_collective_broadcast(in, n / 2));
    for (int r = 0; r < n; r++) ck_combined(x[r], TP_COLLECTIVE_SUM, 1, n / 2, COUNT, "broadcast");
}

/* 0 to 2: the CPU, by NCCL, by our own; each in another order of threads and streams */
START_TEST(all_kinds_ops_and_dtypes_are_right)
{
    begin(_i, _i);
    for (int d = 0; d < DTYPES; d++) {
        const int n = d % 2 && n_devices > 1 ? n_devices - 1 : n_devices;
        for (tp_collective_op op = TP_COLLECTIVE_SUM; op <= TP_COLLECTIVE_AVG; op++)
            if (op != TP_COLLECTIVE_AVG || dtypes[d] != TP_BOOL) reduce_all_ways(_i, dtypes[d], op, n, op % 2);
        move_all_ways(_i, dtypes[d], n, d % 3 == 0);
    }
    for (int n = 1; n <= n_devices; n++) {
        reduce_all_ways(_i, TP_F32, TP_COLLECTIVE_SUM, n, false);
        move_all_ways(_i, TP_F32, n, true);
    }
    if (_i == BY_LIBRARY && cuda_host_needed("taper_cuda_host_count_together")) ck_assert_int_gt(together().operations, 200);
    if (_i == BY_OWN) ck_assert_int_eq(together().operations, 0);
}
END_TEST

START_TEST(large_tensors_are_shared_out_and_all_get_the_same_bits)
{
    begin(_i, _i);
    TP_SCOPE();
    tp_tensor *x[MOST], *sum = NULL, *whole[MOST];
    for (int r = 0; r < n_devices; r++) {
        tp_tensor *v = tp_randn(TP_SHAPE(20001));
        sum = sum ? tp_add(sum, v) : v;
        x[r] = tp_to(v, device_of(_i, n_devices, r, false), .copy = true);
        whole[r] = tp_to(tp_view_as_complex(tp_randn(TP_SHAPE(3, 4, 2))), device_of(_i, n_devices, r, false));
    }
    ck_ok(tp_collective_all_reduce(((tp_tensor_list){ .at = x, .n = n_devices })));
    for (int r = 1; r < n_devices; r++) ck_assert(tp_equal(tp_to(x[r], TP_CPU), tp_to(x[0], TP_CPU)));
    /* NCCL's order is its own. */
    ck_assert(_i == BY_LIBRARY ? tp_allclose(tp_to(x[0], TP_CPU), sum, 1e-5, 1e-5) : tp_equal(tp_to(x[0], TP_CPU), sum));
    sum = tp_to(whole[0], TP_CPU);
    for (int r = 1; r < n_devices; r++) sum = tp_add(sum, tp_to(whole[r], TP_CPU));
    ck_ok(tp_collective_all_reduce(((tp_tensor_list){ .at = whole, .n = n_devices })));
    ck_assert(tp_allclose(tp_view_as_real(tp_to(whole[0], TP_CPU)), tp_view_as_real(sum), 1e-5, 1e-5));
    tp_tensor *last[MOST], *empty[MOST];
    for (int r = 0; r < n_devices; r++) {
        last[r] = tp_clone(tp_to(tp_arange(0, 48, 1, .dtype = TP_F32), device_of(_i, n_devices, r, false)));
        last[r] = tp_clone(tp_reshape(last[r], TP_SHAPE(2, 3, 2, 4)), .memory_format = TP_CHANNELS_LAST);
        empty[r] = tp_zeros(TP_SHAPE(0, 3), .device = device_of(_i, n_devices, r, false));
    }
    ck_ok(tp_collective_all_reduce(((tp_tensor_list){ .at = last, .n = n_devices }), .op = TP_COLLECTIVE_MAX));
    ck_assert(tp_equal(tp_reshape(tp_to(last[0], TP_CPU), TP_SHAPE(48)), tp_arange(0, 48, 1, .dtype = TP_F32)));
    ck_ok(tp_collective_all_reduce(((tp_tensor_list){ .at = empty, .n = n_devices })));
    ck_ok(tp_collective_all_gather(((tp_tensor_list){ .at = empty, .n = n_devices }), ((tp_tensor_list){ .at = empty, .n = n_devices })));
    ck_fine();
}
END_TEST

/* ---- Streams and memory ------------------------------------------------------------------------------------------------------------------- */

static void use_streams(tp_stream *const *streams)
{
    for (int r = 0; r < n_devices; r++) ck_ok(tp_stream_set(TP_CUDA(r), streams ? streams[r] : NULL));
}

/* Inputs are made and given up on streams of their own, and their memory is asked for again at once. */
START_TEST(streams_and_memory_are_kept_in_order)
{
    begin(_i / ORDERS ? BY_OWN : BY_LIBRARY, _i % ORDERS);
    tp_stream *streams[MOST] = { NULL };
    for (int r = 0; r < n_devices; r++) ck_assert_ptr_nonnull(streams[r] = tp_stream_new(TP_CUDA(r)));
    for (int turn = 0; turn < 4; turn++) {
        TP_SCOPE();
        tp_tensor *y[MOST], *x[MOST];
        use_streams(streams);
        for (int r = 0; r < n_devices; r++) y[r] = tp_zeros(TP_SHAPE(300), .device = TP_CUDA(r));
        {
            TP_SCOPE();
            use_streams(turn % 2 ? streams : NULL);
            for (int r = 0; r < n_devices; r++) x[r] = tp_mul(tp_add(tp_ones(TP_SHAPE(300), .device = TP_CUDA(r)), r + turn), 2);
            if (turn % 2 == 0)
                for (int r = 0; r < n_devices; r++) {
                    tp_event *event = tp_event_new(TP_CUDA(r), false);
                    ck_ok(tp_event_record(event, NULL));
                    ck_ok(tp_stream_wait(TP_CUDA(r), streams[r], event));
                    tp_event_free(event);
                }
            use_streams(streams);
            ck_ok(tp_collective_all_reduce(((tp_tensor_list){ .at = x, .n = n_devices }), .out = { .at = y, .n = n_devices }));
            use_streams(turn % 2 ? streams : NULL);
        }
        for (int i = 0; i < 4 * n_devices; i++) tp_full(TP_SHAPE(300), -1.0, .device = TP_CUDA(i / 4));     /* of as many as were made above */
        use_streams(streams);
        double want = 0;
        for (int r = 0; r < n_devices; r++) want += 2 * (1 + r + turn);
        for (int r = n_devices - 1; r >= 0; r--) ck_assert(tp_item(tp_min(y[r])) == want && tp_item(tp_max(y[r])) == want);
    }
    use_streams(NULL);
    for (int r = 0; r < n_devices; r++) tp_stream_free(streams[r]);
    ck_fine();
}
END_TEST

static void all_work(void *arg)
{
    (void)arg;
    TP_SCOPE();
    const tp_device devices[] = { TP_CUDA(0), TP_CUDA(1), TP_CUDA(2) };
    tp_tensor *x[3], *y[3];
    for (int r = 0; r < 3; r++) x[r] = tp_ones(TP_SHAPE(5), .device = devices[r]);
    tp_collective_all_reduce(((tp_tensor_list){ .at = x, .n = 3 }));
    tp_tensor *z = tp_detach(x[0]);
    tp_requires_grad(z, true);
    tp_comm_broadcast(z, devices, 3, y);
    tp_backward(tp_sum(tp_comm_reduce_add((tp_tensor_list){ .at = y, .n = 3 }, devices[1])));
}
START_TEST(any_allocation_may_fail)
{
    begin(_i ? BY_OWN : BY_LIBRARY, 0);
    if (n_devices < 3) return;
    every_point("collectives", all_work, all_work, NULL);
    tp_memory m;
    for (int r = 0; r < 3; r++) {
        ck_ok(tp_memory_stats(TP_CUDA(r), &m));
        ck_assert_int_eq(m.in_use, 0);
    }
}
END_TEST

/* ---- Mistakes ------------------------------------------------------------------------------------------------------------------------------- */

#define PAIR(a, b) ((tp_tensor_list){ .at = (tp_tensor *[]){ a, b }, .n = 2 })
START_TEST(wrong_lists_are_refused)
{
    begin(BY_LIBRARY, 0);
    if (n_devices < 2) return;
    TP_SCOPE();
    tp_tensor *a = tp_ones(TP_SHAPE(2, 3), .device = TP_CUDA(0)), *b = tp_ones(TP_SHAPE(2, 3), .device = TP_CUDA(1)), *here = tp_ones(TP_SHAPE(2, 3));
    tp_tensor *whole = tp_ones(TP_SHAPE(4), .dtype = TP_I64, .device = TP_CUDA(1));
    ck_assert_int_eq(tp_collective_all_reduce(PAIR(a, a)), TP_ERR_DEVICE);
    ck_message("collective_all_reduce: tensors 0 and 1 are both on cuda:0: each is on a device of its own");
    tp_collective_broadcast(PAIR(a, here), 0);
    ck_message("collective_broadcast: tensor 1 is on cpu, tensor 0 on cuda:0: all are on the CPU, or none");
    tp_collective_all_reduce(((tp_tensor_list){ .at = NULL, .n = 0 }));
    ck_message("collective_all_reduce: the list has 0 tensors, 1 to 64 are possible");
    tp_collective_broadcast(PAIR(a, NULL), 0);
    ck_message("collective_broadcast: tensor 1 of the list is NULL");
    tp_collective_all_reduce(PAIR(a, whole));
    ck_message("collective_all_reduce: tensor 1 is int64, tensor 0 float32");
    tp_collective_all_reduce(PAIR(a, tp_reshape(b, TP_SHAPE(6))));
    ck_message("collective_all_reduce: tensor 1 is [6], tensor 0 [2, 3]");
    tp_collective_all_reduce(PAIR(tp_narrow(a, 1, 0, 2), tp_narrow(b, 1, 0, 2)));
    ck_message("collective_all_reduce: tensor 0, [2, 2], has gaps in memory: use tp_contiguous");
    tp_collective_all_reduce(PAIR(a, tp_transpose(tp_ones(TP_SHAPE(3, 2), .device = TP_CUDA(1)), 0, 1)));
    ck_message("collective_all_reduce: tensors 0 and 1, [2, 3], are laid out in different ways: use tp_contiguous");
    tp_collective_reduce(PAIR(a, b), .root = 2);
    ck_message("collective_reduce: root 2 is none of the ranks 0 to 1");
    tp_collective_reduce(PAIR(a, b), .out = b);
    ck_message("collective_reduce: what is written for tensor 0 is on cuda:1, the tensor on cuda:0");
    tp_collective_all_reduce(PAIR(a, b), .op = (tp_collective_op)9);
    ck_message("collective_all_reduce: 9 is no op");
    tp_collective_all_gather(PAIR(a, b), PAIR(a, b));
    ck_message("collective_all_gather: of rank 0, [2, 3] is not 2 parts of [2, 3]");
    tp_collective_all_reduce(PAIR(tp_zeros(TP_SHAPE(1), .dtype = TP_BOOL), tp_zeros(TP_SHAPE(1), .dtype = TP_BOOL)), .op = TP_COLLECTIVE_AVG);
    ck_message("collective_all_reduce: there is no mean of bool");
    tp_collective_all_reduce(PAIR(here, here));
    ck_message("collective_all_reduce: what is written for tensor 0 overlaps with tensor 1 in memory");
    tp_tensor *leaf = tp_ones(TP_SHAPE(2, 3), .device = TP_CUDA(1), .requires_grad = true);
    tp_collective_all_reduce(PAIR(a, leaf));
    ck_message("collective_all_reduce: tensor 1, [2, 3], needs a gradient, and this is not recorded: use TP_NO_GRAD() or tp_detach");
    ck_ok(tp_collective_all_reduce(PAIR(a, tp_detach(leaf))));
    const tp_tensor_list uneven[] = { PAIR(a, a), { .at = &b, .n = 1 } };
    tp_collective_all_reduce_coalesced(uneven, 2);
    ck_message("collective_all_reduce_coalesced: list 1 has 1 tensors, list 0 2");
    const tp_tensor_list twice[] = { PAIR(a, a), PAIR(b, tp_clone(b)) };
    tp_collective_all_reduce_coalesced(twice, 2);
    ck_message("collective_all_reduce_coalesced: a tensor stands twice in a list, or overlaps with another");
    ck_assert_ptr_null(tp_comm_reduce_add(PAIR(a, whole), TP_CPU));
    ck_message("comm_reduce_add: tensor 1 is [4] int64, tensor 0 [2, 3] float32");
    tp_comm_broadcast(a, (tp_device[]){ TP_CUDA(12) }, 1, &b);
    ck_error(TP_ERR_DEVICE, "comm_broadcast: there is no device cuda:12");
}
END_TEST

/* What the library says is told, and it begins anew. */
START_TEST(an_error_of_the_library_is_told_once)
{
    begin(BY_LIBRARY, 0);
    void *found = cuda_host_needed("taper_cuda_host_fail_together");
    void (*spoil)(int, int);
    memcpy(&spoil, &found, sizeof spoil);
    if (!spoil || n_devices < 2) return;
    TP_SCOPE();
    tp_tensor *a = tp_ones(TP_SHAPE(2), .device = TP_CUDA(0)), *b = tp_ones(TP_SHAPE(2), .device = TP_CUDA(1));
    cuda_fail_at(2);                                   /* the second of two communicators finds no memory */
    ck_assert_int_eq(tp_collective_all_reduce(PAIR(a, b)), TP_ERR_DEVICE);
    ck_message("collective_all_reduce: NCCL, making communicators on cuda:0, cuda:1: unhandled cuda error: no memory "
               "for the buffers of rank 1 (TAPER_CUDA_NCCL=0 does without it)");
    ck_assert_int_eq(together().alive, 0);
    spoil(5, 0);
    ck_assert_int_eq(tp_collective_all_reduce(PAIR(a, b)), TP_ERR_DEVICE);
    ck_error(TP_ERR_DEVICE, "NCCL, giving it work on cuda:0, cuda:1: invalid usage: as was asked for");
    ck_assert_int_eq(together().alive, 0);
    spoil(6, 1);
    ck_ok(tp_collective_all_reduce(PAIR(a, b)));
    ck_ok(tp_synchronize(TP_CUDA(0)));
    tp_collective_all_reduce(PAIR(a, b));
    ck_error(TP_ERR_DEVICE, "NCCL, in what it was given before on cuda:0, cuda:1: remote process exited");
    ck_ok(tp_collective_all_reduce(PAIR(b, a)));
    ck_values(tp_to(a, TP_CPU), 4, 4);
    ck_assert_int_eq(together().alive, 2);
}
END_TEST

static tp_status reduce_two(void *arg)
{
    tp_tensor *const *x = arg;
    return tp_collective_all_reduce(((tp_tensor_list){ .at = x, .n = 2 }));
}
static tp_status reduce_one(void *arg)
{
    tp_tensor *const *x = arg;
    return tp_collective_all_reduce(((tp_tensor_list){ .at = x, .n = 1 }), .out = { .at = x + 1, .n = 1 });
}
START_TEST(a_graph_is_of_one_device)
{
    begin(BY_LIBRARY, 0);
    if (n_devices < 2) return;
    TP_SCOPE();
    tp_tensor *x[] = { tp_ones(TP_SHAPE(2), .device = TP_CUDA(0)), tp_ones(TP_SHAPE(2), .device = TP_CUDA(1)) };
    tp_tensor *y[] = { x[0], tp_zeros(TP_SHAPE(2), .device = TP_CUDA(0)) };
    ck_assert_ptr_null(tp_cuda_graph_record(TP_CUDA(0), reduce_two, x, 1));
    ck_message("collective_all_reduce: not while a graph is recorded");
    tp_cuda_graph *graph = tp_cuda_graph_record(TP_CUDA(0), reduce_one, y, 1);
    ck_assert_ptr_nonnull(graph);
    tp_fill_(y[0], 7);
    ck_ok(tp_cuda_graph_replay(graph));
    ck_values(tp_to(y[1], TP_CPU), 7, 7);
    tp_cuda_graph_free(graph);
}
END_TEST

/* ---- Differentiable ---------------------------------------------------------------------------------------------------------------------- */

/* Of one tensor, by way of all that there is; `arg` says whether the CPU is among the devices. */
static tp_tensor *there_and_back(void *arg, tp_tensor *const *in)
{
    const bool *mixed = arg;
    const tp_device devices[] = { TP_CUDA(0), *mixed ? TP_CPU : TP_CUDA(1), TP_CUDA(2) };
    const int64_t sizes[] = { 1, 3, 2 };
    tp_tensor *x[3], *y[3], *z[3];
    tp_tensor *a = tp_to(in[0], TP_CUDA(0));
    if (tp_comm_broadcast(a, devices, 3, x) || tp_comm_scatter(tp_mul(a, a), devices, 3, y, NULL, .dim = 1, .sizes = sizes)) return NULL;
    for (int i = 0; i < 3; i++) {
        z[i] = tp_tanh(y[2 - i]);
        x[i] = tp_mul(tp_mul(x[i], x[i]), i + 1);
    }
    tp_tensor *sum = tp_comm_reduce_add((tp_tensor_list){ .at = x, .n = 3 }, TP_CUDA(2));
    return tp_to(tp_add(sum, tp_comm_gather(((tp_tensor_list){ .at = z, .n = 3 }), TP_CUDA(2), .dim = 1)), TP_CPU);
}

START_TEST(gradients_come_back)
{
    begin(_i / 2 ? BY_OWN : BY_LIBRARY, 0);
    if (n_devices < 3) return;
    TP_SCOPE();
    bool mixed = _i % 2;
    tp_tensor *x = tp_to_dtype(tp_randn(TP_SHAPE(2, 6)), TP_F64);
    ck_ok(tp_requires_grad(x, true));
    ck_ok(tp_gradcheck(there_and_back, &mixed, &x, 1));
    ck_ok(tp_gradgradcheck(there_and_back, &mixed, &x, 1));
    tp_tensor *y[3];
    int pieces = -1;
    const tp_device devices[] = { TP_CUDA(0), TP_CUDA(1), TP_CUDA(0) };
    ck_ok(tp_comm_scatter(tp_arange(0, 4, 1), devices, 3, y, &pieces));
    ck_assert_int_eq(pieces, 2);
    ck_assert(!y[2] && tp_device_of(y[1]) == TP_CUDA(1));
    ck_ok(tp_comm_broadcast(tp_scalar(3), devices, 3, y));
    ck_values(tp_comm_gather(((tp_tensor_list){ .at = y, .n = 3 }), TP_CPU), 3, 3, 3);
    ck_assert(tp_device_of(tp_comm_reduce_add((tp_tensor_list){ .at = y, .n = 3 }, TP_CUDA(1))) == TP_CUDA(1));
}
END_TEST

/* ---- Training ---------------------------------------------------------------------------------------------------------------------------------- */

enum { BATCH = 12, STEPS = 3 };
static tp_module *net_new(void) { return tp_sequential(tp_nn_linear(5, 8), tp_nn_tanh(), tp_nn_linear(8, 3)); }
static tp_tensor *loss_of(tp_module *net, tp_tensor *x, tp_tensor *y) { return tp_mse_loss(tp_forward(net, x), y); }

/* A net on each device, a piece of the batch for each: the same as one net with the whole batch. */
START_TEST(replicas_train_as_one_net)
{
    begin(_i ? BY_OWN : BY_LIBRARY, _i);
    if (n_devices < 2) return;
    enum { N = 2 };
    const tp_device devices[N] = { TP_CUDA(0), TP_CUDA(1) };
    tp_module *net = net_new(), *replica[N];
    tp_optimizer *opt = tp_sgd(tp_parameters(net), .lr = 0.1, .momentum = 0.9), *each[N];
    for (int r = 0; r < N; r++) {
        ck_assert_ptr_nonnull(replica[r] = tp_module_copy(net));
        ck_ok(tp_module_to(replica[r], devices[r]));
        each[r] = tp_sgd(tp_parameters(replica[r]), .lr = 0.1, .momentum = 0.9);
    }
    const int64_t groups = together().groups;
    for (int step = 0; step < STEPS; step++) {
        TP_SCOPE();
        tp_tensor *x = tp_randn(TP_SHAPE(BATCH, 5)), *y = tp_randn(TP_SHAPE(BATCH, 3)), *xs[N], *ys[N], *grads[N][8];
        tp_tensor_list lists[N];
        tp_zero_grad(opt);
        ck_ok(tp_backward(loss_of(net, x, y)));
        ck_ok(tp_step(opt));
        ck_ok(tp_comm_scatter(x, devices, N, xs, NULL));
        ck_ok(tp_comm_scatter(y, devices, N, ys, NULL));
        for (int r = 0; r < N; r++) {
            tp_zero_grad(each[r]);
            ck_ok(tp_backward(loss_of(replica[r], xs[r], ys[r])));
            const tp_tensor_list params = tp_parameters(replica[r]);
            for (int64_t i = 0; i < params.n; i++) grads[r][i] = tp_grad_of(params.at[i]);
            lists[r] = (tp_tensor_list){ .at = grads[r], .n = params.n };
        }
        ck_ok(tp_collective_all_reduce_coalesced(lists, N, .op = TP_COLLECTIVE_AVG));
        for (int r = 0; r < N; r++) ck_ok(tp_step(each[r]));
    }
    if (!_i && cuda_host_needed("taper_cuda_host_count_together")) ck_assert_int_eq(together().groups, groups + STEPS);
    const tp_tensor_list want = tp_parameters(net), a = tp_parameters(replica[0]), b = tp_parameters(replica[1]);
    for (int64_t i = 0; i < want.n; i++) {
        TP_SCOPE();
        ck_assert(tp_allclose(tp_to(a.at[i], TP_CPU), want.at[i], 1e-5, 1e-6));
        ck_assert(tp_equal(tp_to(a.at[i], TP_CPU), tp_to(b.at[i], TP_CPU)));
    }
    tp_free_all(opt, each[0], each[1], net, replica[0], replica[1]);
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_collective");
    TCase *t = tcase_create("cuda_collective");
    tcase_set_timeout(t, 120);
    if (!has_device(t)) return suite_add_tcase(s, t), run_suite(s);
    tcase_add_loop_test(t, all_kinds_ops_and_dtypes_are_right, 0, WAYS);
    tcase_add_loop_test(t, large_tensors_are_shared_out_and_all_get_the_same_bits, 0, WAYS);
    tcase_add_loop_test(t, streams_and_memory_are_kept_in_order, 0, 2 * ORDERS);
    tcase_add_loop_test(t, any_allocation_may_fail, 0, 2);
    tcase_add_test(t, wrong_lists_are_refused);
    tcase_add_test(t, an_error_of_the_library_is_told_once);
    tcase_add_test(t, a_graph_is_of_one_device);
    tcase_add_loop_test(t, gradients_come_back, 0, 4);
    tcase_add_loop_test(t, replicas_train_as_one_net, 0, 2);
    suite_add_tcase(s, t);
    return run_suite(s);
}
