/* extend.h: the inside, as far as nn, optim, data and those who extend Taper need it. */
#ifndef TAPER_EXTEND_H
#define TAPER_EXTEND_H

#include <taper/autograd.h>
#include <taper/ops.h>
#include <taper/registry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Memory: everything that Taper allocates goes through these, so that a test can make the n-th call fail ------------- */

TP_API void *tp_mem_alloc(size_t bytes);               /* 64-byte aligned. NULL sets TP_ERR_MEMORY */
TP_API void *tp_mem_calloc(size_t bytes);
TP_API void *tp_mem_resize(void *memory, size_t old_bytes, size_t new_bytes);      /* NULL leaves `memory` as it is */
TP_API char *tp_mem_string(const char *text);          /* a copy; freed with strlen + 1 bytes */
TP_API void tp_mem_free(void *memory, size_t bytes);   /* the bytes that were asked for; NULL is fine */
TP_API void tp_mem_free_string(char *text);
/* Without pools every block is asked of the allocator and given back at once: slow, and what sanitizers want. For the whole
 * process; on unless built with CONFIG=debug or asan. */
TP_API void tp_mem_pools(bool on);
/* The n-th allocation or thread start from now on fails (n >= 1), and so does each after it if `all`; 0 ends it. Returns the
 * number counted since the last call. For tests. */
TP_API int64_t tp_mem_fail_at(int64_t n, bool all);

/* ---- Objects: each begins with this, so that tp_free_all can free it ---------------------------------------------------------- */

typedef struct tp_object {
    uint32_t kind;                                     /* tp_kind */
    uint32_t owned;                                    /* 1: another object frees it, a module's parent; tp_free_all leaves it alone */
    void (*destroy)(void *self);                       /* what tp_free_all calls: loaders, optimizers, schedules, modules, datasets */
} tp_object;

/* ---- The module path of errors ---------------------------------------------------------------------------------------------------- */

/* One frame per running module call, on the caller's stack: core links them, so an error can say where it arose. */
typedef struct tp_path_frame {
    struct tp_path_frame *outer;
    const void *module;
    const char *name;                                  /* of the child in its parent; NULL at the root */
    const char *type;                                  /* "Linear" */
    const char *where;                                 /* "file:line: expression", or NULL */
    bool opaque;                                       /* errors inside stand where the module is called, not where it calls an op */
} tp_path_frame;
TP_API void tp_path_push(tp_path_frame *frame);
TP_API void tp_path_pop(tp_path_frame *frame);
TP_API bool tp_path_has(const void *module);           /* does it run, in this thread? */

/* ---- Options ------------------------------------------------------------------------------------------------------------------------- */

/* Copies `theirs`, as much as its size says, over the defaults in `mine`; NULL is all defaults. TP_ERR_ARGUMENT: no size, or
 * a newer header than the library's. `known` is offsetof(struct, tp__end). */
TP_API tp_status tp_options_take(const char *op, void *mine, const void *theirs, size_t known);

/* ---- Threads: started through Taper, so that a test can make it fail ------------------------------------------------------------------ */

typedef struct tp_thread tp_thread;
TP_API tp_thread *tp_thread_start(const char *name, void (*run)(void *arg), void *arg);    /* NULL: TP_ERR_SYSTEM or TP_ERR_MEMORY */
TP_API void tp_thread_join(tp_thread *thread);         /* frees it, too */
TP_API void tp_thread_serial(bool on);                 /* this thread's kernels use no further threads */
/* Seeds this thread's generator from a seed and a number, whatever its order: loader workers, by sample. */
TP_API void tp_rng_seed(uint64_t seed, uint64_t stream);

/* An error that is carried from one thread to another: a copy of the unread one, which is cleared; set again with rethrow. */
typedef struct tp_error_copy { tp_error error; char op[64], message[512], path[256], where[256]; } tp_error_copy;
TP_API bool tp_error_take(tp_error_copy *out);         /* false: there was none */
TP_API tp_status tp_error_rethrow(const tp_error_copy *copy);

/* ---- Tensors as storage ------------------------------------------------------------------------------------------------------------------ */

/* x's memory becomes that of `with` (same shape and dtype unless x is a leaf without a graph): the handle stays, views of the
 * old memory keep it. How a module moves between devices and dtypes. */
TP_API tp_status tp_set_data(tp_tensor *x, tp_tensor *with);
/* Counts as an in-place write by `op`, for kernels of your own that wrote through tp_data. */
TP_API void tp_bump_version(tp_tensor *x, const char *op);
/* Until tp_stand_in_end, x is `with`, wherever the handle is held: its shape and values, and gradients go to `with`; a write in place
 * goes there as well. What is recorded in between stays right after the end, which gives x back what it was. For functions of
 * one thread, ended there in reverse order. NULL: TP_ERR_ARGUMENT, TP_ERR_MEMORY. tp_stand_in_end(NULL) does nothing. */
typedef struct tp_stand_in tp_stand_in;
TP_API tp_stand_in *tp_stand_in_begin(tp_tensor *x, tp_tensor *with);
TP_API void tp_stand_in_end(tp_stand_in *stand_in);
/* Sole user of its memory: nobody but the caller's reference holds handle or storage. What a recycler asks. */
TP_API bool tp_is_sole(tp_tensor *x);
TP_API tp_tensor *tp_retain(tp_tensor *x);             /* a counted reference for an object, apart from tp_keep's; NULL is fine */
TP_API void tp_release(tp_tensor *x);

#ifdef __cplusplus
}
#endif

#endif
