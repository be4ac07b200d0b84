/* backend.h: what a backend gives to the core, and what a backend in a library of its own gets of it. A plugin links nothing of
 * the core, since programs may be linked with it statically: it is given a table of the few functions that it needs. */
#ifndef TP__BACKEND_H
#define TP__BACKEND_H

#include <stdarg.h>

#include "core/attr.h"

#define TP__BACKEND_ABI 7

/* What several devices do together, each of which is a rank. in[r] and out[r] are rank r's, on its device, elements one after the other.
 *   all_reduce        out[r] = in[0] how in[1] how ..             count elements
 *   reduce            the same into out[root] alone
 *   broadcast         out[r] = in[root]
 *   all_gather        out[r] = in[0], in[1], ..                   count elements of each in
 *   reduce_scatter    out[r] = part r of in[0] how in[1] how ..   count elements of each out */
typedef enum tp__collective_kind { TP__ALL_REDUCE, TP__REDUCE, TP__BROADCAST, TP__ALL_GATHER, TP__REDUCE_SCATTER } tp__collective_kind;
typedef struct tp__collective {
    tp__collective_kind kind;
    int how;                                           /* tp_collective_op, given */
    int dtype, root;
    int64_t count;
    const void *const *in;
    void *const *out;
} tp__collective;

typedef struct tp_backend {
    uint32_t abi;
    const char *name;
    int (*device_count)(void);
    /* Memory for the stream that is current in this thread, and the allocator's own word for it, which the storage keeps. NULL:
     * none, and an error with the figures. It is used again once the work that was given to its streams before the release is done. */
    void *(*alloc)(int index, size_t bytes, void **block);
    void (*release)(int index, void *memory, size_t bytes, void *block);
    void (*use)(int index, void *block);               /* the current stream uses it: a release waits for that, too; may be NULL */
    /* Between any two devices, the host among them, in the order of the current stream. The call waits for the copy unless
     * non_blocking is given and neither side is host memory that can be paged. */
    tp_status (*copy)(void *dst, tp_device to, const void *src, tp_device from, size_t bytes, bool non_blocking);
    tp_status (*synchronize)(int index);               /* waits for the device; then the errors that kernels left are read */
    tp_status (*memory)(int index, tp_memory *out);
    int64_t (*trim)(int index);                        /* gives back what is cached; returns the bytes */
    const tp_kernel *(*find)(const char *name);        /* NULL: it has none */
    /* What follows may be NULL in a backend without streams. A stream is the backend's; NULL stands for the device's own. */
    tp_status (*stream_new)(int index, void **stream);
    void (*stream_free)(int index, void *stream);
    void *(*stream_set)(int index, void *stream);      /* current in this thread; returns which was */
    void *(*stream_current)(int index);
    tp_status (*stream_synchronize)(int index, void *stream);
    tp_status (*stream_is_idle)(int index, void *stream, bool *idle);
    tp_status (*event_new)(int index, bool timed, void **event);
    void (*event_free)(int index, void *event);
    tp_status (*event_record)(int index, void *event, void *stream);
    tp_status (*event_wait)(int index, void *event, void *stream);        /* what is given to the stream from now on waits for it */
    tp_status (*event_synchronize)(int index, void *event);
    tp_status (*event_is_done)(int index, void *event, bool *done);
    tp_status (*event_elapsed)(int index, void *from, void *to, double *milliseconds);
    void *(*pinned_alloc)(size_t bytes);               /* page-locked host memory; NULL: none, no error */
    void (*pinned_release)(void *memory, size_t bytes);          /* used again when the copies that read it are done */
    /* A graph: new makes a stream for it, which becomes the thread's current one; begin records what is given to that from then on; end
     * stops, makes it ready to be launched if `keep`, and restores the stream. Without begin, end restores alone. All or none are NULL. */
    tp_status (*graph_new)(int index, void **graph);
    tp_status (*graph_begin)(int index, void *graph);
    tp_status (*graph_end)(int index, void *graph, bool keep, bool drew);            /* drew: random numbers were drawn meanwhile */
    tp_status (*graph_launch)(int index, void *graph, const uint64_t draws[3]);      /* seed and stream of draws; words that they move by */
    void (*graph_free)(int index, void *graph);        /* waits for it */
    /* n of them at once, on the current streams; index[r] is rank r's device, each another. done[i]: it was given to them; the others are
     * the caller's, by copies. NULL: there is nothing for that. */
    tp_status (*collectives)(int ranks, const int *index, const tp__collective *at, int64_t n, bool *done);
    tp_status (*properties)(int index, tp_device_properties *out);
    void (*reset_peak)(int index);                     /* of tp_memory: the peaks become what they are the peaks of */
} tp_backend;

typedef struct tp_core_services {
    uint32_t abi;
    tp_status (*fail)(tp_status code, const char *format, ...) TP__PRINTF(2, 3);
    tp_status (*call_fail)(const tp__call *call, tp_status code, const char *format, ...) TP__PRINTF(3, 4);
    tp_status (*pending)(void);                        /* of the unread error */
    bool (*fails_now)(void);                           /* counts one allocation; true: a test wants it to fail */
    const char *(*op_name)(const tp__call *call);      /* a string that stays */
    const char *(*op_under_way)(void);                 /* of this thread, or NULL */
    void *(*alloc)(size_t bytes);                      /* the host's, counted and with an error: tp_mem_alloc */
    void (*release)(void *memory, size_t bytes);
    tp_tensor *(*out)(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape);      /* tp__out */
    bool (*may_use_tf32)(void);                        /* tp_get_float32_precision() == TP_PRECISION_TF32, now */
} tp_core_services;

/* The one symbol of a plugin. NULL, and one line in `why`: it cannot be used. */
typedef const tp_backend *tp_backend_entry_fn(uint32_t abi, const tp_core_services *core, char *why, size_t size);

#endif
