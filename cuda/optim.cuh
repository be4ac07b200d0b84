/* optim.cuh: many tensors in one launch: their pointers go to the device in a table; a block takes a chunk of elements, and finds its tensor
 * by the chunks before it. */
#ifndef TPC_OPTIM_CUH
#define TPC_OPTIM_CUH

#include "cuda/kernel.cuh"

#include <new>

enum { TPC_STEP_CHUNK = 1 << 13 };                              /* elements of a block */

/* made: what a kernel makes of the step's number before, so that not every thread has to */
struct tpc_step_row { void *param, *grad, *state[3]; float *scalar[3]; int64_t numel, first_chunk; int dtype; float steps; double made[2]; };

/* The row that chunk c is of. Kernels copy it: by the table, each store to a parameter could change what the next element needs of it. */
TPC_DEVICE const tpc_step_row &tpc_step_of(const tpc_step_row *rows, int64_t n, int64_t c)
{
    int64_t lo = 0, hi = n - 1;
    while (lo < hi) {
        const int64_t mid = (lo + hi + 1) / 2;
        if (rows[mid].first_chunk <= c) lo = mid;
        else hi = mid - 1;
    }
    return rows[lo];
}
/* What chunk c has of its row's elements: from the first to before the last */
struct tpc_step_span { int64_t from, to; };
TPC_DEVICE tpc_step_span tpc_step_elements(const tpc_step_row &r, int64_t c)
{
    const int64_t from = (c - r.first_chunk) * TPC_STEP_CHUNK, to = from + TPC_STEP_CHUNK;
    return { from, to < r.numel ? to : r.numel };
}

struct tpc_steps {
    tpc_step_row *rows;
    int64_t n, chunks;
    tpc_temporary device;
    tpc_steps(const tp__call *call, int64_t count) : rows(new (std::nothrow) tpc_step_row[(size_t)count]()), n(count), chunks(0), device(call) {}
    ~tpc_steps() { delete[] rows; }
};

static void *tpc_data_of(const tp__call *call, tp_tensor *const *list, int64_t i)
{
    tpc_array x;
    return list && tpc_array_of(call, list[i], &x) ? x.data : nullptr;
}

/* What is read before a step is made: where `at` is not 0, an infinite gradient was found, or a kernel noted a bad value that is not told yet,
 * such as an index of the forward, and nothing is written. It is decided once for all kernels of a step: what is noted may change meanwhile. */
struct tpc_skip {
    tpc_temporary room;
    const float *found = nullptr, *at = nullptr;
    explicit tpc_skip(const tp__call *call) : room(call, sizeof(float)) {}
};
template <int> static __global__ void tpc_decide(float *skip, const float *found, const int32_t *noted)
{
    *skip = (found && *found != 0) || (noted && *(const volatile int32_t *)noted) ? 1 : 0;
}
static inline tp_status tpc_skip_decide(const tp__call *call, const tp_tensor *found, tpc_skip *s)
{
    tpc_array x;
    if (!s->room.data) return TP_ERR_MEMORY;
    s->found = found && tpc_array_of(call, found, &x) ? (const float *)x.data : nullptr;
    s->at = s->room.as<float>();
    TPC_LAUNCH(tpc_decide<0>, 1, 1, 0, tpc_stream(call), s->room.as<float>(), s->found, tpc_noted_of(call));
    return tpc_launched(call);
}

static tp_status tpc_steps_fill(const tp__call *call, tpc_steps *t, tp_tensor *const *params, tp_tensor *const *grads)
{
    if (!t->rows) return tpc_fail(call, TP_ERR_MEMORY, "no memory for a table of %lld parameters", (long long)t->n);
    for (int64_t i = 0; i < t->n; i++) {
        tpc_array p;
        tpc_array_of(call, params[i], &p);
        t->rows[i].param = p.data;
        t->rows[i].grad = tpc_data_of(call, grads, i);
        t->rows[i].dtype = p.dtype;
        t->rows[i].numel = p.numel;
        t->rows[i].first_chunk = t->chunks;
        t->chunks += (p.numel + TPC_STEP_CHUNK - 1) / TPC_STEP_CHUNK;
    }
    return TP_OK;
}
static bool tpc_steps_upload(const tp__call *call, tpc_steps *t)
{
    return (t->device.data = tpc_upload(call, t->rows, sizeof(tpc_step_row) * (size_t)t->n)) != nullptr;
}

#endif
