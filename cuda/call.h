/* call.h: what a kernel in cuda/ sees of a call, in C++17 (the .cu files) and in C11. A kernel is a function
 *
 *     static tp_status softmax(tp__call *call)
 *
 * that reads the call through the functions below, launches on tpc_stream(call) and ends in `return tpc_launched(call);`. A file
 * FAMILY.cu ends in `extern "C" const tp_kernel tp__cuda_FAMILY[] = { { "softmax", softmax, NULL }, ..., { NULL, NULL, NULL } };`,
 * which the Makefile finds by the file's name. What a kernel computes is what the one of that name in src/cpu/ does. */
#ifndef TPC_CALL_H
#define TPC_CALL_H

#include <cuda_runtime_api.h>

#include "core/kernel_args.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What is given --------------------------------------------------------------------------------------------------------------- */

/* A tensor, as numbers. `data` is of the first element, strides are in elements. Beside tensors of the device a 0-dim tensor of the
 * CPU may stand, such as a number that was wrapped: on_device is false, and tpc_real or tpc_integer read it. */
typedef struct tpc_array {
    void *data;
    int32_t dtype, ndim;
    bool on_device, wrapped, contiguous;
    int64_t numel, shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];
} tpc_array;

int tpc_n_in(const tp__call *call);
int tpc_n_out(const tp__call *call);
bool tpc_in(const tp__call *call, int i, tpc_array *x);          /* false: it is absent, and x is all zero */
bool tpc_out(const tp__call *call, int i, tpc_array *x);
bool tpc_array_of(const tp__call *call, const tp_tensor *tensor, tpc_array *x);      /* one of a list in the attributes; false: NULL */
const void *tpc_attr(const tp__call *call);            /* of the type that src/core/kernel_args.h, else the op's schema, tells */
void *tpc_scratch_of(const tp__call *call);            /* what the shape rule left: of elementwise ops the dtype to compute in */
uint64_t tpc_need(const tp__call *call);               /* bit i: argument i needs a gradient */
const char *tpc_op(const tp__call *call);              /* "softmax" */

/* The one element of an array that is not on the device, or the first: any dtype. Sets nothing; of device memory never call it. */
double tpc_real(const tpc_array *x);
int64_t tpc_integer(const tpc_array *x);

/* The next output of an op whose shape rule leaves it to the kernel, since its size depends on data. */
tp_status tpc_make_out(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape, tpc_array *y);

/* ---- Launching ------------------------------------------------------------------------------------------------------------------- */

/* The current stream of the thread on the call's device, which becomes the thread's current device. */
cudaStream_t tpc_stream(const tp__call *call);
int tpc_device(const tp__call *call);                  /* its index */
int tpc_processors(const tp__call *call);              /* multiprocessors that the device has */

/* After each launch: its error, if any, with the op's name. With TAPER_CUDA_SYNC=1 it waits for the kernel first. */
tp_status tpc_launched(const tp__call *call);
/* Any other call of the runtime. */
tp_status tpc_check(const tp__call *call, cudaError_t error, const char *what);
/* An error of the call's own: the message begins with the op's name. Returns `status`. */
tp_status tpc_fail(const tp__call *call, tp_status status, const char *format, ...) TP__PRINTF(3, 4);

/* ---- Memory for the time of a call --------------------------------------------------------------------------------------------------- */

/* Device memory, 512-byte aligned; NULL: an error that holds the figures. Freed in the order of the stream, so as soon as the last
 * kernel that uses it is launched. In C++ let a tpc_temporary hold it. */
void *tpc_room(const tp__call *call, size_t bytes);
void tpc_room_free(const tp__call *call, void *room);
/* Room that holds a copy of `bytes` of the host's, which may change after the call: tables of pointers and sizes. */
void *tpc_upload(const tp__call *call, const void *from, size_t bytes);
/* Waits for the stream and reads: for sizes that depend on data. An error that a kernel left is returned. */
tp_status tpc_download(const tp__call *call, void *to, const void *device_memory, size_t bytes);
/* Makes x row-major: as it is if it is so already, else a copy in *room, which is the caller's to free (NULL: none was made). */
tp_status tpc_contiguous(const tp__call *call, tpc_array *x, void **room);
/* copy.cu: y = x of the same shape, cast, from any strides to any; x may be a value of the host's, which fills y. */
tp_status tpc_copy(const tp__call *call, const tpc_array *y, const tpc_array *x);

/* ---- Random numbers --------------------------------------------------------------------------------------------------------------------- */

/* A call has the generator's state by value. What a graph records would draw the same numbers at each replay: its kernels read here, in
 * memory of the device, what holds instead. NULL where nothing is recorded. Each kernel that draws asks, and gives its kernel the pointer:
 *     const tpc_draws *moved = tpc_draws_of(call);    ... in the kernel: state = tpc_draw_state(state, moved); */
typedef struct tpc_draws { uint64_t seed, stream, shift; } tpc_draws;                /* shift: words that each offset moves by */
const tpc_draws *tpc_draws_of(const tp__call *call);

/* ---- Errors that only the data tells ---------------------------------------------------------------------------------------------------- */

/* The device's slot for the first bad value. A kernel that meets one notes it by tpc_note_bad and goes on with a value that is good
 * (or writes nothing); the next call that waits for the device returns the error, `format` filled in with the value and the limit
 * ("index %lld is out of range for size %lld"; it must stay, as a string literal does). */
typedef struct tpc_slot { int32_t id, spare; int64_t value, limit; } tpc_slot;           /* id -1: being written */
typedef struct tpc_watch { tpc_slot *slot; int32_t id; } tpc_watch;
tpc_watch tpc_watch_for(const tp__call *call, tp_status status, const char *format);
/* Not 0: a bad value was noted, and is not told yet. Memory of the host's that kernels may read; NULL: the device cannot be used. */
const int32_t *tpc_noted_of(const tp__call *call);

#ifdef __cplusplus
}

struct tpc_temporary {
    const tp__call *call;
    void *data = nullptr;
    tpc_temporary(const tp__call *of, size_t bytes) : call(of), data(bytes ? tpc_room(of, bytes) : nullptr) {}
    explicit tpc_temporary(const tp__call *of) : call(of) {}
    tpc_temporary(const tp__call *of, void *room) : call(of), data(room) {}        /* takes over what tpc_contiguous or tpc_upload gave */
    ~tpc_temporary() { if (data) tpc_room_free(call, data); }
    tpc_temporary(const tpc_temporary &) = delete;
    tpc_temporary &operator=(const tpc_temporary &) = delete;
    template <class T> T *as() const { return static_cast<T *>(data); }
};

#if defined(__CUDACC__) || defined(TPC_CUDAHOST_H)
static __device__ inline tp_rng_state tpc_draw_state(tp_rng_state state, const tpc_draws *moved)
{
    if (!moved) return state;
    state.seed = moved->seed;
    state.stream = moved->stream;
    state.offset += moved->shift;
    return state;
}

static __device__ inline void tpc_note_bad(tpc_watch watch, int64_t value, int64_t limit)
{
    if (atomicCAS(&watch.slot->id, 0, -1)) return;               /* another one was first */
    watch.slot->value = value;
    watch.slot->limit = limit;
    __threadfence_system();                                      /* the host may look, since it waited for another stream */
    atomicExch(&watch.slot->id, watch.id);
}
#endif
#endif

#endif
