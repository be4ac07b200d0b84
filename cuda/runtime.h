/* runtime.h: what the C files of the plugin share: devices, the streams of a thread, errors, and the allocator. */
#ifndef TPC_RUNTIME_H
#define TPC_RUNTIME_H

#include <pthread.h>

#include "core/op.h"
#include "cuda/call.h"

enum { TPC_MAX_DEVICES = 16 };

extern const tp_core_services *tpc_core;               /* set by taper_backend_entry */
extern const unsigned char tpc_dtype_bytes[TP_DTYPE_END];        /* of an element: call.c */

/* ---- Devices and streams (runtime.c) -------------------------------------------------------------------------------------------------- */

/* A stream of ours, or one that is made for a device. Small numbers name streams where the allocator keeps a set of them. */
typedef struct tpc_stream_of {
    cudaStream_t handle;
    int device;
    uint32_t id;                                       /* unlike that of any other, ever */
    int refs;                                          /* of a user's: its own, and one for each block that it used; the allocator's lock */
    bool gone;
    struct tpc_graph *graph;                           /* that records it now; changed with the allocator's lock held */
    bool keeps;                                        /* of a graph: what is cached for it stays, for it is written at each replay */
} tpc_stream_of;

typedef struct tpc_graph tpc_graph;

typedef struct tpc_thread {                            /* what a thread has */
    bool chose;                                        /* cudaSetDevice was called here: before, the current device may have no context yet */
    tpc_stream_of *stream[TPC_MAX_DEVICES];            /* current; NULL: the device's own */
    tpc_graph *graph;                                  /* that this thread records, on one of them */
} tpc_thread;
extern __thread tpc_thread tpc_self;

int tpc_probe(char *why, size_t size);                 /* how many devices there are; 0 and the reason */
int tpc_device_count(void);
tp_status tpc_ready(int index);                        /* the device has its stream, is current and is not lost; else an error */
tpc_stream_of *tpc_current(int index);                 /* after tpc_ready */
int tpc_multiprocessors(int index);
tp_status tpc_properties(int index, tp_device_properties *out);
bool tpc_synchronous(void);                            /* TAPER_CUDA_SYNC=1 */
/* May products of float32 round their factors to 10 bits? Asked at each call, and part of what a remembered algorithm depends on. */
bool tpc_may_use_tf32(void);
bool tpc_lost(int index);
bool tpc_gone(void);                                 /* nothing of the runtime may be called any longer */
tpc_stream_of *tpc_own_stream(int index);

/* The error of a runtime call: remembered as the first cause where no later call can succeed. `op` may be NULL. */
tp_status tpc_error(int index, cudaError_t error, const char *op, const char *what);
#define TPC_TRY(index, call) \
    do { const cudaError_t tpc_e = (call); if (tpc_e) return tpc_error(index, tpc_e, NULL, #call); } while (0)

/* The error that a kernel noted on the device, and was not read yet. Called where the device was waited for. */
tp_status tpc_read_slot(int index);
tp_status tpc_wait_stream(int index, tpc_stream_of *stream);

tp_status tpc_stream_new(int index, void **stream);
void tpc_stream_free(int index, void *stream);
void *tpc_stream_set(int index, void *stream);
void *tpc_stream_current(int index);
tp_status tpc_stream_synchronize(int index, void *stream);
tp_status tpc_stream_is_idle(int index, void *stream, bool *idle);
tp_status tpc_synchronize(int index);

/* ---- Events (events.c): taken from a pool, since making one takes long ------------------------------------------------------------------ */

cudaEvent_t tpc_event_take(int index);                 /* without timing; NULL: none can be made, no error is set */
void tpc_event_give(int index, cudaEvent_t event);
tp_status tpc_event_new(int index, bool timed, void **event);
void tpc_event_free(int index, void *event);
tp_status tpc_event_record(int index, void *event, void *stream);
tp_status tpc_event_wait(int index, void *event, void *stream);
tp_status tpc_event_synchronize(int index, void *event);
tp_status tpc_event_is_done(int index, void *event, bool *done);
tp_status tpc_event_elapsed(int index, void *from, void *to, double *milliseconds);

/* ---- Memory (alloc.c, pinned.c, transfer.c) ----------------------------------------------------------------------------------------------------- */

typedef struct tpc_block tpc_block;
void *tpc_alloc(int index, size_t bytes, void **block);          /* NULL: an error is set */
void tpc_release(int index, void *memory, size_t bytes, void *block);
/* The current stream uses a block: where it is not the one that it was allocated for, the release waits for it. */
void tpc_block_use(int index, void *block);
void *tpc_room_at(int index, size_t bytes);
void tpc_room_end(int index, void *room);
tp_status tpc_memory(int index, tp_memory *out);
void tpc_reset_peak(int index);
int64_t tpc_trim(int index);
/* A graph holds each block that what it records uses: it is not used for anything else before the graph lets go of it. */
typedef struct tpc_holds { int64_t n, room; tpc_block **at; uint64_t id; bool failed; } tpc_holds;
void tpc_stream_records(int index, tpc_stream_of *stream, tpc_graph *graph);         /* NULL: no longer */
void tpc_let_go(int index, tpc_holds *holds);
/* Between these two no thread takes memory from the device or gives it back: freeing waits for kernels, which may wait for what another device
 * was not given yet. */
void tpc_memory_stands(int index);
void tpc_memory_moves(int index);
void tpc_stream_gone(int index, tpc_stream_of *stream);          /* it is idle and about to be freed: its blocks are any stream's */

void *tpc_pinned_alloc(size_t bytes);
void tpc_pinned_release(void *memory, size_t bytes);
bool tpc_pinned_use(const void *memory, int index, tpc_stream_of *stream);       /* a copy reads or writes it. False: it is not pinned */

/* ---- Graphs (graph.c) ---------------------------------------------------------------------------------------------------------------------------- */

tp_status tpc_graph_new(int index, void **graph);
tp_status tpc_graph_begin(int index, void *graph);
tp_status tpc_graph_end(int index, void *graph, bool keep, bool drew);
tp_status tpc_graph_launch(int index, void *graph, const uint64_t draws[3]);
void tpc_graph_free(int index, void *graph);
/* An error that names what wants to wait, if this thread records a graph. `what` may be NULL: the op under way. */
tp_status tpc_may_wait(int index, const char *what);
tpc_holds *tpc_holds_of(tpc_graph *graph);
bool tpc_graph_keeps_pinned(void *memory, size_t bytes);         /* what is recorded reads it: the graph frees it. False: no memory */
/* While a thread records, the runtime refuses some calls that do no harm. Between two of these it does not. */
static inline void tpc_relax(enum cudaStreamCaptureMode *mode) { if (tpc_self.graph) cudaThreadExchangeStreamCaptureMode(mode); }
#define TPC_RELAXED cudaStreamCaptureModeRelaxed

/* ---- Several devices together (collective.c) ---------------------------------------------------------------------------------------------------- */

tp_status tpc_collectives(int ranks, const int *index, const tp__collective *at, int64_t n, bool *done);

tp_status tpc_copy_bytes(void *dst, tp_device to, const void *src, tp_device from, size_t bytes, bool non_blocking);

#endif
