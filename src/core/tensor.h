/* tensor.h: what stands behind a handle. A pooled header with its geometry inline; the memory apart, shared by views. */
#ifndef TP__TENSOR_H
#define TP__TENSOR_H

#include <stdatomic.h>
#include <string.h>

#include <taper/extend.h>

typedef struct tp_node tp_node;                        /* autograd/node.h */
typedef struct tp__grad_state tp__grad_state;          /* gradient and hooks, of those that have any: autograd/node.h */

/* Where a storage's memory came from, and so where it goes. */
enum { TP__FROM_INLINE, TP__FROM_INLINE_APART, TP__FROM_POOL, TP__FROM_ALLOCATOR, TP__FROM_CACHE, TP__FROM_USER, TP__FROM_DEVICE,
       TP__FROM_PINNED };

#define TP__INLINE_BYTES 64
typedef struct tp_storage {
    void *data;
    size_t bytes;                                      /* what was taken for it, to be given back */
    size_t used;                                       /* what was asked for: the elements lie in these */
    _Atomic int32_t refs;
    _Atomic uint32_t version;                          /* one more for each in-place write */
    const char *writer;                                /* the op of the last in-place write; a string that stays */
    tp_device device;
    uint8_t origin, pool;                              /* TP__FROM_..; the size class */
    bool owned_apart;                                  /* this header was allocated without pools */
    bool saved;                                        /* a tensor of it was held for a rule, some time */
    tp_drop_fn *drop;                                  /* TP__FROM_USER */
    union {
        void *drop_arg;
        void *block;                                   /* TP__FROM_DEVICE: the backend's word for the memory */
    };
    _Alignas(64) unsigned char small[TP__INLINE_BYTES];          /* small data is pooled with its storage */
} tp_storage;

enum {
    TP__CONTIGUOUS    = 1,
    TP__REQUIRES_GRAD = 2,                             /* a leaf that gathers a gradient */
    TP__WRAPPED       = 4,                             /* a number that became a tensor: it promotes by category only */
    TP__NO_GRAD_VIEW  = 8,                             /* a view made while not recording */
    TP__MULTI_VIEW    = 16,                            /* one of several views that an op returned: not to be written in place */
    TP__APART         = 32,                            /* allocated without pools */
    TP__RETAIN_GRAD   = 64,                            /* no leaf, but keeps its gradient */
    TP__FUNCTION_VIEW = 128,                           /* an input, or a view, that a function of one's own returned: as MULTI_VIEW */
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "`look` below takes its parts in this order");

struct tp_tensor {
    uint32_t kind;                                     /* TP_KIND_TENSOR, or TP_KIND_DEAD when it is back in its pool */
    _Atomic int32_t refs;
    union {
        struct { uint8_t dtype, ndim, flags, rest; tp_device device; };
        uint64_t look;                                 /* all of these at once: what a fast path compares */
    };
    int64_t numel;
    void *data;                                        /* of the first element */
    tp_storage *storage;
    tp_node *node;                                     /* what made it, while recording; counted */
    union {
        tp_tensor *base;                               /* of a view: the tensor that owns the memory; counted */
        const char *died_in;                           /* of a dead header: where its scope was opened */
    };
    tp__grad_state *grad;
    uint32_t view_version;                             /* of the storage, when `node` was made for this view */
    uint16_t output;                                   /* which output of `node` this is */
    uint32_t home, home_thread;                        /* 1 + place in the scope list of that thread; 0: no scope owns it */
    _Atomic int32_t kept;                              /* how many of `refs` are the caller's */
    struct tp_stand_in *stand_in;                      /* what it is another tensor by, for a while; never of a dead one */
    int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];   /* strides in elements */
};

/* Parts of `look`. PLAIN: a contiguous tensor of the CPU that is no wrapped number. */
#define TP__LOOK_PLAIN_MASK  ((uint64_t)(TP__CONTIGUOUS | TP__WRAPPED) << 16 | (uint64_t)UINT32_MAX << 32)
#define TP__LOOK_PLAIN       ((uint64_t)TP__CONTIGUOUS << 16 | (uint64_t)TP_CPU << 32)
#define TP__LOOK_DTYPE_NDIM  ((uint64_t)0xffff)
#define TP__LOOK_FLAGS       ((uint64_t)0xff0000)
#define TP__LOOK_NDIM        ((uint64_t)0xff00)
#define TP__LOOK_DEVICE      ((uint64_t)UINT32_MAX << 32)

/* ---- Making and counting ------------------------------------------------------------------------------------------------- */

/* Contiguous, values not set. NULL: TP_ERR_MEMORY, TP_ERR_SHAPE (too many elements), TP_ERR_DEVICE */
tp_tensor *tp__tensor_new(tp_device device, tp_dtype dtype, int ndim, const int64_t *shape);
/* The same for the shape of an x that has elements to count: nothing of it is checked again. */
tp_tensor *tp__tensor_like(const tp_tensor *x, tp_dtype dtype);
/* With given strides, dense in some order. */
tp_tensor *tp__tensor_new_strided(tp_device device, tp_dtype dtype, int ndim, const int64_t *shape, const int64_t *stride);
/* Shares x's storage. `offset` in elements of the storage. No tape, no base. */
tp_tensor *tp__alias(tp_tensor *x, int ndim, const int64_t *shape, const int64_t *stride, int64_t offset);
tp_tensor *tp__alias_like(tp_tensor *x);
tp_storage *tp__storage_new(tp_device device, size_t bytes);
void tp__storage_free(tp_storage *storage);
/* An empty storage takes over memory of the user's. */
void tp__storage_adopt(tp_storage *storage, void *data, size_t bytes, tp_drop_fn *drop, void *arg);
void tp__tensor_free(tp_tensor *x);                    /* when refs is 0 */

/* Counts are atomic once there is a second thread; glibc says so in the thread that starts it, before it runs. A locked add
 * costs as much as the rest of a small op. */
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>
static inline bool tp__is_alone(void) { return __libc_single_threaded; }
#else
static inline bool tp__is_alone(void) { return false; }
#endif
static inline void tp__count_up(_Atomic int32_t *refs)
{
    if (tp__is_alone()) atomic_store_explicit(refs, atomic_load_explicit(refs, memory_order_relaxed) + 1, memory_order_relaxed);
    else atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}
/* True for the last one. The release of a sole reference is a plain load: nobody else can count up from one. */
static inline bool tp__count_down(_Atomic int32_t *refs)
{
    const int32_t n = atomic_load_explicit(refs, memory_order_acquire);
    if (n == 1) return true;
    if (!tp__is_alone()) return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
    atomic_store_explicit(refs, n - 1, memory_order_relaxed);
    return false;
}
static inline void tp__ref(tp_tensor *x) { tp__count_up(&x->refs); }
static inline void tp__unref(tp_tensor *x)
{
    if (tp__count_down(&x->refs)) tp__tensor_free(x);
}

/* Bytes of an element of a dtype that is known to be one. */
extern const uint8_t tp__dtype_bytes[TP_DTYPE_END];

/* ---- Geometry ----------------------------------------------------------------------------------------------------------------- */

static inline int64_t tp__offset_of(const tp_tensor *x)
{
    return ((const char *)x->data - (const char *)x->storage->data) / tp__dtype_bytes[x->dtype];
}
static inline uint32_t tp__version(const tp_tensor *x) { return atomic_load_explicit(&x->storage->version, memory_order_relaxed); }
static inline bool tp__same_shape(const tp_tensor *a, const tp_tensor *b)
{
    if (a->ndim != b->ndim || a->numel != b->numel) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}
/* Does an element stand for several, by a stride of 0? */
static inline bool tp__is_expanded(const tp_tensor *x)
{
    for (int i = 0; i < x->ndim; i++)
        if (!x->stride[i] && x->shape[i] > 1) return true;
    return false;
}
static inline tp_shape tp__shape(int ndim, const int64_t *dims)
{
    tp_shape shape = { .ndim = ndim };
    memcpy(shape.dim, dims, sizeof *dims * (size_t)ndim);
    return shape;
}
static inline bool tp__is_floating(int dtype) { return dtype >= TP_F32 && dtype <= TP_BF16; }
static inline bool tp__is_complex(int dtype) { return dtype == TP_C64 || dtype == TP_C128; }
static inline bool tp__is_integer(int dtype) { return dtype >= TP_I64 && dtype <= TP_U8; }       /* bool is none */
static inline bool tp__needs_grad(const tp_tensor *x) { return x->node || x->flags & TP__REQUIRES_GRAD; }

/* Sets shape, contiguous strides, numel and the flag. False: more than 2^62 bytes. */
bool tp__set_shape(tp_tensor *x, int ndim, const int64_t *shape);
bool tp__geometry_is_contiguous(int ndim, const int64_t *shape, const int64_t *stride);
bool tp__is_dense(const tp_tensor *x);                 /* non-overlapping, no holes, in some order of dims */
/* The memory format that dense inputs keep: strides like x's for a shape like x's. */
void tp__strides_like(const tp_tensor *x, int64_t *stride);
/* layout.c, too. Channels-last formats are for 4 and for 5 dims; others fit all, and mean contiguous. */
bool tp__format_fits(tp_memory_format format, int ndim);
void tp__strides_of_format(tp_memory_format format, int ndim, const int64_t *shape, int64_t *stride);
bool tp__has_format(const tp_tensor *x, tp_memory_format format);
int tp__dim(int64_t dim, int ndim);                    /* wraps a negative dim; -1 when out of range (0-dim takes 0 and -1) */
int tp__dims_by_stride(const tp_tensor *x, int *order);          /* those of size other than 1, by falling stride; returns how many */

/* Contiguous, of the CPU, no wrapped number, and short: one loop takes it at once, where a kernel would cut it for threads. */
enum { TP__FLAT_MOST = 1 << 15 };                      /* elements */
static inline bool tp__is_flat(const tp_tensor *x) { return (x->look & TP__LOOK_PLAIN_MASK) == TP__LOOK_PLAIN && x->numel <= TP__FLAT_MOST; }
/* Is b as flat as a, of its dtype and shape? */
static inline bool tp__is_flat_like(const tp_tensor *b, const tp_tensor *a)
{
    return !((a->look ^ b->look) & (TP__LOOK_PLAIN_MASK | TP__LOOK_DTYPE_NDIM)) && tp__same_shape(a, b);
}

/* "[3, 5]", in a ring of buffers of the thread: good until eight more are made. */
const char *tp__shape_text(const tp_tensor *x);
const char *tp__dims_text(int ndim, const int64_t *dims);

#endif
