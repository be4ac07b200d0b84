/* core.h: tensors, scopes, errors, random numbers, memory and devices.
 *
 * A tensor is a handle, `tp_tensor *`. The result of every function that makes a tensor belongs to the innermost open
 * scope of the thread and dies with it; tp_keep makes it the caller's. What makes a tensor returns NULL on error and
 * passes NULL through, so a chain of calls needs one check at its end. Everything else returns a tp_status.
 * The first error of a thread stays until it is reported or cleared; until then nothing that lasts is changed. */
#ifndef TAPER_CORE_H
#define TAPER_CORE_H

#include <taper/options.h>

/* ---- Values ------------------------------------------------------------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif

/* Every function that makes no tensor returns one of these: 0, or what went wrong. */
#define TP_EACH_STATUS(X) \
    X(SHAPE,       -1,  "shape")        /* shapes, dims or sizes that do not fit */ \
    X(DTYPE,       -2,  "dtype")        /* a dtype that the call does not take */ \
    X(MEMORY,      -3,  "memory")       /* no memory */ \
    X(ARGUMENT,    -4,  "argument")     /* any other argument that does not fit */ \
    X(INDEX,       -5,  "index")        /* an index, class or position out of range, found in the data */ \
    X(DEVICE,      -6,  "device")       /* no such device, or tensors on several */ \
    X(IO,          -7,  "io")           /* a file could not be opened, read or written */ \
    X(FORMAT,      -8,  "format")       /* a file or a buffer is not what it should be */ \
    X(STATE,       -9,  "state")        /* not now: a graph that is freed, a value that was overwritten, a dead handle */ \
    X(UNSUPPORTED, -10, "unsupported")  /* no kernel, no such op, or a part that is not built in */ \
    X(NUMERIC,     -11, "numeric")      /* a singular matrix, an overflow, a NaN that was looked for */ \
    X(SYSTEM,      -12, "system")       /* the operating system refused: a thread, a lock */
typedef enum tp_status {
    TP_OK = 0,
#define TP__STATUS(name, value, text) TP_ERR_##name = value,
    TP_EACH_STATUS(TP__STATUS)
#undef TP__STATUS
} tp_status;
TP_API const char *tp_status_name(tp_status status);   /* "shape", ...; "ok" */

/* name, C type that holds one element, bytes, the name as printed */
#define TP_EACH_DTYPE(X) \
    X(F32, float, 4, "float32") X(F64, double, 8, "float64") X(F16, uint16_t, 2, "float16") X(BF16, uint16_t, 2, "bfloat16") \
    X(I64, int64_t, 8, "int64") X(I32, int32_t, 4, "int32") X(I16, int16_t, 2, "int16") X(I8, int8_t, 1, "int8") \
    X(U8, uint8_t, 1, "uint8") X(BOOL, bool, 1, "bool") X(C64, tp_c64, 8, "complex64") X(C128, tp_c128, 16, "complex128")
typedef struct tp_c64 { float re, im; } tp_c64;
typedef struct tp_c128 { double re, im; } tp_c128;
typedef enum tp_dtype {
    TP_DTYPE_DEFAULT = 0,                              /* not given */
#define TP__DTYPE(name, type, bytes, text) TP_##name,
    TP_EACH_DTYPE(TP__DTYPE)
#undef TP__DTYPE
    TP_DTYPE_END
} tp_dtype;
/* How exact products of float32 matrices, linear layers and convolutions are on a GPU; sums are float32 either way. */
typedef enum tp_float32_precision {
    TP_PRECISION_STRICT = 1,                           /* float32 throughout */
    TP_PRECISION_TF32,                                 /* factors may be rounded to 10 bits of mantissa, by which tensor cores take them: several times
                                                          as fast, relative errors near 1e-3 */
} tp_float32_precision;
TP_API const char *tp_dtype_name(tp_dtype dtype);      /* "float32", ... */
TP_API size_t tp_dtype_size(tp_dtype dtype);           /* bytes of an element; 0 for what is no dtype */
TP_API tp_dtype tp_promote_types(tp_dtype a, tp_dtype b);        /* of a result of both, as torch.promote_types; 0 for what is no dtype */
/* Whether a result of dtype `from` may be written into one of `to`, as torch.can_cast: not complex into real, floating into integers, nor
 * anything but bool into bool. False for what is no dtype. */
TP_API bool tp_can_cast(tp_dtype from, tp_dtype to);
TP_API bool tp_is_floating_dtype(tp_dtype dtype);      /* float32, float64, float16, bfloat16 */

/* How the elements of new memory are laid out. Channels-last: of images [n, c, h, w], volumes [n, c, d, h, w], c innermost. */
typedef enum tp_memory_format {
    TP_FORMAT_DEFAULT = 0,                             /* not given: what the call says */
    TP_CONTIGUOUS_FORMAT,                              /* row-major */
    TP_PRESERVE_FORMAT,                                /* as the input, without its gaps and repetitions */
    TP_CHANNELS_LAST, TP_CHANNELS_LAST_3D
} tp_memory_format;

typedef int32_t tp_device;                             /* an integer: compares with ==. 0 is not given; none has the value of a dtype */
#define TP_CPU     0x80
#define TP_CUDA(i) (0x100 + (i))
TP_API const char *tp_device_name(tp_device device);   /* "cpu", "cuda:0" */

#ifdef __cplusplus
}
#endif

#define TP_MAX_DIMS 8
typedef struct tp_shape { int64_t dim[TP_MAX_DIMS]; int ndim; } tp_shape;                    /* (tp_shape){ 0 } is 0-dim */
typedef struct tp_dims { TP__GUARD(use_TP_DIMS) int n; int dim[TP_MAX_DIMS]; } tp_dims;      /* n = 0: every dim */

typedef struct tp_tensor tp_tensor;
typedef struct tp_named_tensor { const char *name; tp_tensor *tensor; } tp_named_tensor;
typedef struct tp_tensor_list { TP__GUARD(use_TP_TENSORS) tp_tensor *const *at; int64_t n; } tp_tensor_list;

/* A number or a tensor: what arithmetic takes on either side. An integer and a real promote as Python's int and float. */
typedef enum tp_operand_kind { TP_OPERAND_NONE = 0, TP_OPERAND_TENSOR, TP_OPERAND_REAL, TP_OPERAND_INTEGER, TP_OPERAND_BOOL } tp_operand_kind;
typedef struct tp_operand {
    tp_operand_kind kind;
    union { tp_tensor *tensor; double real; int64_t integer; } as;
#ifdef __cplusplus
    tp_operand() : kind(TP_OPERAND_NONE) { as.integer = 0; }
    tp_operand(tp_tensor *x) : kind(TP_OPERAND_TENSOR) { as.tensor = x; }
    tp_operand(double v) : kind(TP_OPERAND_REAL) { as.real = v; }
    template <class I, class = typename std::enable_if<std::is_integral<I>::value>::type>
    tp_operand(I v) : kind(TP_OPERAND_INTEGER) { as.integer = static_cast<int64_t>(v); }
#endif
} tp_operand;

#ifndef __cplusplus
#define TP__COUNT(T, ...) ((int)(sizeof((T[]){ __VA_ARGS__ }) / sizeof(T)))
#define TP_SHAPE(...)   ((tp_shape){ { __VA_ARGS__ }, TP__COUNT(int64_t, __VA_ARGS__) })
#define TP_DIMS(...)    ((tp_dims){ .n = TP__COUNT(int, __VA_ARGS__), .dim = { __VA_ARGS__ } })
#define TP_TENSORS(...) tp__tensors((tp_tensor *[]){ __VA_ARGS__, TP__END })                /* lives as long as its block */
static inline tp_tensor_list tp__tensors(tp_tensor *const *at)
{
    int64_t n = 0;
    while ((void *)at[n] != TP__END) n++;
    return (tp_tensor_list){ .at = at, .n = n };
}
#endif
/* The list of an array that was filled by a loop: tp_stack(tp_tensors(steps, n), 0). It borrows the array. */
static inline tp_tensor_list tp_tensors(tp_tensor *const *at, int64_t n)
{
#ifdef __cplusplus
    return { at, n };
#else
    return (tp_tensor_list){ .at = at, .n = n };
#endif
}

/* Every object begins with one of these, so that tp_free_all can tell them apart and a dead handle is recognized. */
typedef enum tp_kind {
    TP_KIND_TENSOR = 0x7E450001, TP_KIND_MODULE, TP_KIND_OPTIMIZER, TP_KIND_SCHEDULE, TP_KIND_DATASET, TP_KIND_LOADER, TP_KIND_OTHER,
    TP_KIND_DEAD = 0x7E45DEAD
} tp_kind;

/* ---- Options ------------------------------------------------------------------------------------------------------- */

typedef struct tp_tensor_options {
    TP__HEAD(tp_tensor_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32, or what the call says */
    tp_device device TP__IS(0);                        /* the CPU */
    bool requires_grad TP__IS(false), pinned TP__IS(false);      /* pinned: page-locked, for copies to a GPU; nothing without one */
    TP__TAIL;
} tp_tensor_options;
#define TP__DEFAULT_tensor

typedef struct tp_to_options {
    TP__HEAD(tp_to_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* as it is */
    bool copy TP__IS(false), non_blocking TP__IS(false);         /* never x itself; to a device without waiting for a copy of pinned memory;
                                                          from it into pinned memory, which is there after tp_synchronize */
    tp_memory_format memory_format TP__IS(TP_FORMAT_DEFAULT);    /* preserve */
    TP__TAIL;
} tp_to_options;
#define TP__DEFAULT_to

typedef struct tp_clone_options {
    TP__HEAD(tp_clone_options);
    tp_memory_format memory_format TP__IS(TP_FORMAT_DEFAULT);    /* clone: preserve; contiguous: row-major */
    TP__TAIL;
} tp_clone_options;
#define TP__DEFAULT_clone
typedef tp_clone_options tp_contiguous_options;
#define TP__DEFAULT_contiguous

#define TP__EACH_CORE_OPTIONS(X) X(tensor) X(to) X(clone) X(contiguous)

/* ---- What a caller reads ------------------------------------------------------------------------------------------- */

typedef struct tp_scope { size_t tp__depth; } tp_scope;

#define TP_ERROR_TENSORS 4
typedef struct tp_error {
    tp_status code;
    const char *op;                                    /* what came before the colon of the message, "linear" */
    const char *message;                               /* "linear: input [64, 784] has 784 features, weight [10, 512] takes 512" */
    const char *path;                                  /* "net.3 (Linear)", or "" outside of a module */
    const char *where;                                 /* "train.c:41": the user's call, as far as it is known, or "" */
    int n_tensors;                                     /* the tensors that the failing op was given, the first four */
    tp_shape shape[TP_ERROR_TENSORS];
    tp_dtype dtype[TP_ERROR_TENSORS];
} tp_error;

typedef struct tp_memory {                            /* bytes, unless said otherwise */
    int64_t in_use, peak;                              /* held by live tensors and objects, now and at most */
    int64_t reserved, peak_reserved;                   /* taken from the system, cached blocks included */
    int64_t limit;                                     /* cached bytes beyond which freed blocks go back at once */
    int64_t allocations, system_allocations;           /* counts: requests, and those that the caches could not serve */
} tp_memory;

typedef struct tp_device_properties {
    char name[256];                                    /* "NVIDIA H100 80GB HBM3"; of the CPU its model, or "cpu" where the system does not tell */
    int64_t total_memory, free_memory;                 /* bytes that it has, and that no process uses now */
    int major, minor;                                  /* the compute capability, 9 and 0; of the CPU 0 */
    int processors;                                    /* multiprocessors; of the CPU, processors that the process may use */
} tp_device_properties;

/* Where all host memory comes from. alloc returns memory aligned to at least `align` (a power of two, 64 at most) or NULL;
 * `bytes` in release is what was asked for. Both may be called from any thread. */
typedef struct tp_allocator {
    void *(*alloc)(void *arg, size_t bytes, size_t align);
    void (*release)(void *arg, void *memory, size_t bytes);
    void *arg;
} tp_allocator;

typedef enum tp_log_level { TP_LOG_INFO = 1, TP_LOG_WARNING } tp_log_level;
typedef void tp_log_fn(void *arg, tp_log_level level, const char *message);
typedef void tp_drop_fn(void *arg, void *data);

/* The state of a generator: 4 words, to be stored and given back. */
typedef struct tp_rng_state { uint64_t seed, stream, offset, spare; } tp_rng_state;

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Creation: the result belongs to the scope. NULL: TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_DEVICE, TP_ERR_MEMORY -------- */

TP_API tp_tensor *tp_empty_with(tp_shape shape, const tp_tensor_options *o);       /* values are not set */
TP_API tp_tensor *tp_zeros_with(tp_shape shape, const tp_tensor_options *o);       /* all 0 */
TP_API tp_tensor *tp_ones_with(tp_shape shape, const tp_tensor_options *o);        /* all 1 */
/* dtype: float32, int64 for an integer. TP_ERR_DTYPE: one without the value */
TP_API tp_tensor *tp_full_with(tp_shape shape, tp_operand value, const tp_tensor_options *o);
/* start, start + step, ..: ceil((end - start) / step) values. dtype: int64 if all three are whole, else float32 */
TP_API tp_tensor *tp_arange_with(double start, double end, double step, const tp_tensor_options *o);
TP_API tp_tensor *tp_rand_with(tp_shape shape, const tp_tensor_options *o);        /* uniform in [0, 1) */
TP_API tp_tensor *tp_randn_with(tp_shape shape, const tp_tensor_options *o);       /* normal, mean 0, variance 1 */
TP_API tp_tensor *tp_randint_with(int64_t lo, int64_t hi, tp_shape shape, const tp_tensor_options *o);  /* lo <= v < hi; int64 */
TP_API tp_tensor *tp_randperm_with(int64_t n, const tp_tensor_options *o);         /* 0 .. n - 1 in random order; int64 */
TP_API tp_tensor *tp_uniform_with(tp_shape shape, double lo, double hi, const tp_tensor_options *o);    /* lo <= v < hi */
TP_API tp_tensor *tp_normal_with(tp_shape shape, double mean, double std, const tp_tensor_options *o);

/* Copies `data`, numel elements of `dtype` in row-major order. */
TP_API tp_tensor *tp_from_data(const void *data, tp_dtype dtype, tp_shape shape);
/* Uses `data` in place, contiguous. When the last user of the memory is gone drop(arg, data) is called, also when the call
 * itself fails; NULL: the caller's memory outlives the tensor. */
TP_API tp_tensor *tp_from_blob(void *data, tp_dtype dtype, tp_shape shape, tp_drop_fn *drop, void *arg);
TP_API tp_tensor *tp_scalar(double value);             /* 0-dim float32 */

/* ---- Properties: of a NULL tensor they are 0, false, NaN, NULL, and no error; of a dead one the same, and TP_ERR_STATE ------ */

TP_API tp_shape tp_shape_of(tp_tensor *x);             /* sizes, and how many; NULL: the 0-dim shape */
TP_API int tp_ndim(tp_tensor *x);                      /* number of dims; NULL: 0, as of a 0-dim tensor */
TP_API int64_t tp_numel(tp_tensor *x);                 /* number of elements, 1 of a 0-dim tensor; NULL: 0 */
TP_API int64_t tp_size(tp_tensor *x, int dim);         /* dim < 0 counts from the end; NULL: 0; out of range: 0, and TP_ERR_SHAPE */
TP_API int64_t tp_stride(tp_tensor *x, int dim);       /* in elements; otherwise as tp_size */
TP_API int64_t tp_storage_offset(tp_tensor *x);        /* of the first element in the storage, in elements; NULL: 0 */
TP_API tp_dtype tp_dtype_of(tp_tensor *x);             /* TP_F32, ...; NULL: TP_DTYPE_DEFAULT, which is 0 */
TP_API tp_device tp_device_of(tp_tensor *x);           /* TP_CPU, TP_CUDA(i); NULL: 0, which is no device */
TP_API bool tp_is_floating_point(tp_tensor *x);        /* of a floating dtype? tp_is_complex: ops/complex.h. NULL: false */
TP_API bool tp_is_contiguous(tp_tensor *x);            /* are its elements row-major, without gaps? NULL: false */
TP_API bool tp_is_pinned(tp_tensor *x);                /* its memory is page-locked: copies to a device and from it need not be waited for.
                                                          NULL: false */
TP_API bool tp_shares_storage(tp_tensor *a, tp_tensor *b);     /* the same storage, even where their elements do not overlap; NULL: false */
TP_API uint32_t tp_version_of(tp_tensor *x);           /* how often the storage was written in place; NULL: 0 */

/* The elements. Const: writing goes through tp_data_mut, which counts as one in-place write and refuses what in-place ops
 * refuse: a leaf that requires grad while recording, and anything while an error is unread. Not contiguous memory is the
 * caller's to walk, by tp_stride. NULL for NULL; NULL and an error for a device tensor. */
TP_API const void *tp_data(tp_tensor *x);
TP_API void *tp_data_mut(tp_tensor *x);
TP_API double tp_item(tp_tensor *x);                   /* the value of a one-element tensor, the real part of a complex one; NaN on error,
                                                          and for NULL */
TP_API int64_t tp_item_i64(tp_tensor *x);              /* the same, exact for integers; 0 on error */
TP_API tp_status tp_copy_to(tp_tensor *x, void *out, size_t bytes);   /* contiguous, row-major; bytes must be those of x */
TP_API void tp_print(tp_tensor *x);                    /* to stdout, as PyTorch prints, and a newline */
TP_API tp_status tp_fprint(FILE *out, tp_tensor *x);   /* the same, to out. TP_ERR_ARGUMENT, if one is NULL; TP_ERR_IO */
TP_API size_t tp_to_string(tp_tensor *x, char *out, size_t size);     /* as snprintf: returns the length it needs */
TP_API bool tp_allclose(tp_tensor *a, tp_tensor *b, double rtol, double atol);  /* |a - b| <= atol + rtol |b|; NaN is never close.
                                                          NULL: false; other shapes: false, and TP_ERR_SHAPE */
TP_API bool tp_equal(tp_tensor *a, tp_tensor *b);      /* same shape, same values; NULL: false */

/* ---- Lifetime ---------------------------------------------------------------------------------------------------------- */

/* TP_SCOPE(); at the top of a block: every tensor made below dies where the block is left. A scope is a depth: closing one
 * closes those inside it. `where` is a string that outlives the scope, named when a dead handle is used; it may be NULL. */
TP_API tp_scope tp_scope_open_at(const char *where);
TP_API tp_scope tp_scope_open(void);
TP_API void tp_scope_close(tp_scope *scope);
TP_API tp_tensor *tp_keep(tp_tensor *x);               /* x becomes the caller's as well, until tp_free */
TP_API void tp_free(tp_tensor *x);                     /* gives back what tp_keep gave; an error for what nobody kept */
TP_API tp_tensor *tp_escape(tp_tensor *x);             /* hands x to the scope outside; nothing for what lives longer anyway */
TP_API void tp_drop(tp_tensor *x);                     /* gives x up before its scope ends; nothing for what is not this scope's */
/* Keeps x in *slot and gives the old value back if the slot kept it. A slot starts as NULL, a scope's tensor, or a kept one
 * whose keep it takes over; it ends with tp_free. x may be NULL. Returns x. */
TP_API tp_tensor *tp_assign(tp_tensor **slot, tp_tensor *x);
/* Frees loaders, optimizers, schedules, modules, datasets and kept tensors, up to TP__END, in any order. What another object
 * owns, as a module its children, is left to its owner. */
TP_API void tp_free_each(void *const *objects);

/* ---- Copies and moves: differentiable. The result belongs to the scope ---------------------------------------------------- */

TP_API tp_tensor *tp_to_with(tp_tensor *x, tp_device device, const tp_to_options *o);   /* x itself where nothing changes; a dtype goes as .dtype */
TP_API tp_tensor *tp_to_dtype(tp_tensor *x, tp_dtype dtype);                            /* x itself where nothing changes; complex to real: the real part */
TP_API tp_tensor *tp_type_as(tp_tensor *x, tp_tensor *other);                           /* of other's dtype and on its device; x itself likewise. Gradient: x */
TP_API tp_tensor *tp_clone_with(tp_tensor *x, const tp_clone_options *o);               /* always new memory */
TP_API tp_tensor *tp_contiguous_with(tp_tensor *x, const tp_contiguous_options *o);     /* x itself where it is in that format */
TP_API tp_tensor *tp_detach(tp_tensor *x);             /* shares the storage, not the tape */

/* ---- Errors --------------------------------------------------------------------------------------------------------------- */

TP_API bool tp_failed(void);                           /* an error of this thread is unread */
TP_API const tp_error *tp_last_error(void);            /* NULL when there is none. Reading does not clear it */
TP_API void tp_clear_error(void);                      /* forgets this thread's error: calls work again */
TP_API int tp_report_error(FILE *out);                 /* prints and clears: 1, or 0 when nothing went wrong. out may be NULL */
/* Sets the thread's error unless one stands, and returns `code`. The message reads "op: what, with numbers". */
TP_API tp_status tp_fail(tp_status code, const char *format, ...) TP__PRINTF(2, 3);
TP_API void tp_set_log(tp_log_fn *log, void *arg);     /* NULL: stderr */
/* One line to where tp_set_log sends them; at most 511 bytes, and no newline. */
TP_API void tp_log_message(tp_log_level level, const char *format, ...) TP__PRINTF(2, 3);

/* ---- Random numbers: Philox 4x32-10, counted by element ------------------------------------------------------------------- */

/* Seeds this thread, and every thread that draws for the first time hereafter: by the seed and the thread's order. */
TP_API void tp_manual_seed(uint64_t seed);
TP_API tp_rng_state tp_rng_get(void);                  /* of this thread's generator */
TP_API tp_status tp_rng_set(tp_rng_state state);       /* goes on from what tp_rng_get gave; the unread error, if there is one */

/* ---- Memory, threads, devices, version -------------------------------------------------------------------------------------- */

/* What the device's memory holds now: *out is set, to zeros on error. TP_ERR_ARGUMENT: out is NULL; TP_ERR_DEVICE: there is no such device */
TP_API tp_status tp_memory_stats(tp_device device, tp_memory *out);
TP_API tp_status tp_reset_peak_memory(tp_device device);         /* the peaks begin again at what is held now. TP_ERR_DEVICE */
TP_API int64_t tp_memory_trim(tp_device device);       /* gives cached blocks back to the system; returns bytes, 0 if there is no
                                                          such device */
/* How much may be cached, at once and from now on: what is beyond goes back to the system. TP_ERR_ARGUMENT: less than 0;
 * TP_ERR_DEVICE: not TP_CPU, whose cache alone has a limit */
TP_API tp_status tp_set_memory_limit(tp_device device, int64_t cached_bytes);
/* Before the first tensor, or when none is alive; NULL: the built-in one. Copied. */
TP_API tp_status tp_set_allocator(const tp_allocator *allocator);
/* Threads of kernels, from 1 to 1024; until it is set, what TAPER_NUM_THREADS or else OMP_NUM_THREADS says, or else the processors
 * that the process may use. Results do not depend on it. */
TP_API void tp_set_num_threads(int n);
TP_API int tp_get_num_threads(void);                   /* what is in force, from 1 on */
/* The CUDA backend is a library of its own, libtaper_cuda.so: the one that the environment's TAPER_CUDA_BACKEND names, else that beside
 * libtaper.so, or beside the program where Taper is linked statically, else the loader's. It is looked for at first use. */
TP_API bool tp_cuda_is_available(void);                /* the backend was found, and it has a device */
TP_API int tp_cuda_device_count(void);                 /* 0 when it is not available */
TP_API const char *tp_cuda_why_not(void);              /* one line; "" when it is available */
/* What a device is; *out is set, to zeros on error. TP_ERR_ARGUMENT: out is NULL; TP_ERR_DEVICE: there is no such device, or it cannot be used */
TP_API tp_status tp_get_device_properties(tp_device device, tp_device_properties *out);
TP_API tp_status tp_synchronize(tp_device device);     /* waits until the device has done all that it was asked */
/* For all threads, from the next op on; what a graph recorded stays as it was. Strict, unless TAPER_CUDA_TF32=1 is in the environment.
 * Nothing changes on the CPU. TP_ERR_ARGUMENT */
TP_API tp_status tp_set_float32_precision(tp_float32_precision precision);
TP_API tp_float32_precision tp_get_float32_precision(void);
TP_API const char *tp_version(void);                   /* "0.1.0" */

#ifdef __cplusplus
}
#endif

/* ---- Macros in C, overloads in C++ ---------------------------------------------------------------------------------------- */

#ifdef __cplusplus
struct tp__scope_guard {
    tp_scope scope;
    explicit tp__scope_guard(const char *where) : scope(tp_scope_open_at(where)) {}
    ~tp__scope_guard() { tp_scope_close(&scope); }
    tp__scope_guard(const tp__scope_guard &) = delete;
};
#define TP_SCOPE() tp__scope_guard TP__CAT(tp__scope_, __LINE__)(__FILE__ ":" TP__TEXT(__LINE__))
#elif defined(__GNUC__)
#define TP_SCOPE() TP__UNTIL_EXIT(tp_scope, tp__scope_, tp_scope_close) = tp_scope_open_at(__FILE__ ":" TP__TEXT(__LINE__))
#else
#define TP_SCOPE() _Static_assert(0, "no cleanup attribute: pair tp_scope_open with tp_scope_close")
#endif

#ifndef __cplusplus

#define tp_empty(...) tp__empty(__VA_ARGS__, )
#define tp__empty(shape, ...) TP__DEFAULTS(tp_empty_with(shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_zeros(...) tp__zeros(__VA_ARGS__, )
#define tp__zeros(shape, ...) TP__DEFAULTS(tp_zeros_with(shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_ones(...) tp__ones(__VA_ARGS__, )
#define tp__ones(shape, ...) TP__DEFAULTS(tp_ones_with(shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_full(...) tp__full(__VA_ARGS__, )
#define tp__full(shape, value, ...) TP__DEFAULTS(tp_full_with(shape, TP__OPERAND(value), TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_arange(...) tp__arange(__VA_ARGS__, )
#define tp__arange(start, end, step, ...) TP__DEFAULTS(tp_arange_with(start, end, step, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_rand(...) tp__rand(__VA_ARGS__, )
#define tp__rand(shape, ...) TP__DEFAULTS(tp_rand_with(shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_randn(...) tp__randn(__VA_ARGS__, )
#define tp__randn(shape, ...) TP__DEFAULTS(tp_randn_with(shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_randint(...) tp__randint(__VA_ARGS__, )
#define tp__randint(lo, hi, shape, ...) TP__DEFAULTS(tp_randint_with(lo, hi, shape, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_randperm(...) tp__randperm(__VA_ARGS__, )
#define tp__randperm(n, ...) TP__DEFAULTS(tp_randperm_with(n, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_uniform(...) tp__uniform(__VA_ARGS__, )
#define tp__uniform(shape, lo, hi, ...) TP__DEFAULTS(tp_uniform_with(shape, lo, hi, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_normal(...) tp__normal(__VA_ARGS__, )
#define tp__normal(shape, mean, std, ...) TP__DEFAULTS(tp_normal_with(shape, mean, std, TP__OPTIONS(tensor, __VA_ARGS__)))
#define tp_to(...) tp__to(__VA_ARGS__, )
#define tp__to(x, device, ...) TP__DEFAULTS(tp_to_with(x, device, TP__OPTIONS(to, __VA_ARGS__)))
#define tp_clone(...) tp__clone(__VA_ARGS__, )
#define tp__clone(x, ...) TP__DEFAULTS(tp_clone_with(x, TP__OPTIONS(clone, __VA_ARGS__)))
#define tp_contiguous(...) tp__contiguous(__VA_ARGS__, )
#define tp__contiguous(x, ...) TP__DEFAULTS(tp_contiguous_with(x, TP__OPTIONS(contiguous, __VA_ARGS__)))
#define tp_free_all(...) tp_free_each((void *[]){ __VA_ARGS__, TP__END })

static inline tp_operand tp__from_tensor(tp_tensor *x) { return (tp_operand){ TP_OPERAND_TENSOR, { .tensor = x } }; }
static inline tp_operand tp__from_real(double v) { return (tp_operand){ TP_OPERAND_REAL, { .real = v } }; }
static inline tp_operand tp__from_integer(int64_t v) { return (tp_operand){ TP_OPERAND_INTEGER, { .integer = v } }; }
#define TP__INT(T) T: tp__from_integer
#define TP__SELECT(v) _Generic((v), tp_tensor *: tp__from_tensor, void *: tp__from_tensor, float: tp__from_real, double: tp__from_real, \
    TP__INT(_Bool), TP__INT(char), TP__INT(signed char), TP__INT(unsigned char), TP__INT(short), TP__INT(unsigned short), \
    TP__INT(int), TP__INT(unsigned), TP__INT(long), TP__INT(unsigned long), TP__INT(long long), TP__INT(unsigned long long))(v)
#if defined(TP_ISO_C) || !defined(__GNUC__)
#define TP__OPERAND(v) TP__SELECT(v)
#else                                          /* v once in the text: without this a nest of n calls expands to 2^n */
#define TP__OPERAND(v) __extension__({ TP__UNSHADOWED(__auto_type tp__v = (v);) TP__SELECT(tp__v); })
#endif
#ifdef __clang__
#define TP__UNSHADOWED(...) _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wshadow\"") \
    __VA_ARGS__ _Pragma("clang diagnostic pop")
#else
#define TP__UNSHADOWED(...) __VA_ARGS__
#endif

#else

template <class... N> tp_shape TP_SHAPE(N... n) { return { { static_cast<int64_t>(n)... }, static_cast<int>(sizeof...(n)) }; }
template <class... N> tp_dims TP_DIMS(N... n) { return { static_cast<int>(sizeof...(n)), { static_cast<int>(n)... } }; }
inline tp_tensor *tp_empty(tp_shape shape, const tp_tensor_options &o = {}) { return tp_empty_with(shape, &o); }
inline tp_tensor *tp_zeros(tp_shape shape, const tp_tensor_options &o = {}) { return tp_zeros_with(shape, &o); }
inline tp_tensor *tp_ones(tp_shape shape, const tp_tensor_options &o = {}) { return tp_ones_with(shape, &o); }
inline tp_tensor *tp_full(tp_shape shape, tp_operand value, const tp_tensor_options &o = {}) { return tp_full_with(shape, value, &o); }
inline tp_tensor *tp_arange(double start, double end, double step, const tp_tensor_options &o = {}) { return tp_arange_with(start, end, step, &o); }
inline tp_tensor *tp_rand(tp_shape shape, const tp_tensor_options &o = {}) { return tp_rand_with(shape, &o); }
inline tp_tensor *tp_randn(tp_shape shape, const tp_tensor_options &o = {}) { return tp_randn_with(shape, &o); }
inline tp_tensor *tp_randint(int64_t lo, int64_t hi, tp_shape shape, const tp_tensor_options &o = {}) { return tp_randint_with(lo, hi, shape, &o); }
inline tp_tensor *tp_randperm(int64_t n, const tp_tensor_options &o = {}) { return tp_randperm_with(n, &o); }
inline tp_tensor *tp_uniform(tp_shape shape, double lo, double hi, const tp_tensor_options &o = {}) { return tp_uniform_with(shape, lo, hi, &o); }
inline tp_tensor *tp_normal(tp_shape shape, double mean, double std, const tp_tensor_options &o = {}) { return tp_normal_with(shape, mean, std, &o); }
inline tp_tensor *tp_to(tp_tensor *x, tp_device device, const tp_to_options &o = {}) { return tp_to_with(x, device, &o); }
inline tp_tensor *tp_clone(tp_tensor *x, const tp_clone_options &o = {}) { return tp_clone_with(x, &o); }
inline tp_tensor *tp_contiguous(tp_tensor *x, const tp_contiguous_options &o = {}) { return tp_contiguous_with(x, &o); }
template <class T> using tp__list = std::initializer_list<T *>;
template <class... O> void tp_free_all(O *...o) { tp_free_each(tp__list<void>{ o..., TP__END }.begin()); }

#endif
#endif
