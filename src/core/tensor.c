/* tensor.c: making and freeing headers and storages, geometry, and what a caller reads of a tensor. */
#include "core/graph.h"
#include "core/memory.h"
#include "core/op.h"
#include "core/rest.h"

/* ---- Storage ---------------------------------------------------------------------------------------------------------------- */

static int data_pool(size_t bytes)
{
    return bytes <= 128 ? 0 : 64 - 7 - __builtin_clzll(bytes - 1);       /* 128 << pool holds it */
}

static bool alloc_data(tp__thread *self, tp_storage *s, size_t bytes)
{
    const size_t pools_end = (size_t)128 << (TP__DATA_POOLS - 1);
    s->bytes = bytes;
    if (!tp__pools_on()) {                             /* exactly as large as asked, so that a sanitizer sees the end */
        s->origin = TP__FROM_ALLOCATOR;
        s->data = tp__raw_alloc(bytes ? bytes : 1);
    } else if (bytes <= pools_end) {
        bool apart;
        s->pool = (uint8_t)(TP__POOL_DATA + data_pool(bytes));
        s->data = tp__pool_get(self, s->pool, &apart);
        s->bytes = tp__pool_bytes[s->pool];
        s->origin = apart ? TP__FROM_ALLOCATOR : TP__FROM_POOL;
    } else {
        s->data = tp__cache_alloc(&s->bytes);
        s->origin = TP__FROM_CACHE;
    }
    if (!s->data) tp__no_memory(self->op ? self->op : "tensor", bytes);
    return s->data;
}

#ifdef TP_DEBUG_HANDLES
#define INLINE_BYTES (-1)                              /* all data apart, where a sanitizer sees its bounds */
#else
#define INLINE_BYTES TP__INLINE_BYTES
#endif

tp_storage *tp__storage_new(tp_device device, size_t bytes)
{
    tp__thread *self = &tp__self;
    bool apart;
    tp_storage *s = tp__pool_get(self, TP__POOL_STORAGE, &apart);
    if (__builtin_expect(!s, 0)) return NULL;
    s->owned_apart = apart;
    atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
    atomic_store_explicit(&s->version, 0, memory_order_relaxed);
    s->saved = false;
    s->writer = NULL;
    s->device = device;
    s->used = bytes;
    if (__builtin_expect(device == TP_CPU && (int64_t)bytes <= INLINE_BYTES, 1)) {
        s->data = s->small;
        s->bytes = TP__INLINE_BYTES;
        s->origin = apart ? TP__FROM_INLINE_APART : TP__FROM_INLINE;
    } else if (device == TP_CPU) {
        if (!alloc_data(self, s, bytes)) goto failed;
    } else {
        const tp_backend *backend = tp__backend(device);
        if (!backend) tp__no_device(self->op ? self->op : "tensor", device);
        s->data = backend ? backend->alloc(device - TP_CUDA(0), bytes, &s->block) : NULL;
        s->bytes = bytes;
        s->origin = TP__FROM_DEVICE;
        if (!s->data) goto failed;
        return s;                                      /* counted by its backend, not as the host's */
    }
    tp__count_use(self, (int64_t)s->bytes);
    tp__count_allocation(self);
    return s;
failed:
    tp__pool_return(self, TP__POOL_STORAGE, s, apart);
    return NULL;
}

void tp__storage_free(tp_storage *s)
{
    tp__thread *self = &tp__self;
    if (s->origin < TP__FROM_USER) tp__count_use(self, -(int64_t)s->bytes);
#ifdef TP_DEBUG_HANDLES
    if (s->origin < TP__FROM_USER) memset(s->data, 0xDB, s->bytes);      /* what is read of the dead is seen to be nothing */
#endif
    switch (s->origin) {
    case TP__FROM_INLINE: case TP__FROM_INLINE_APART: break;
    case TP__FROM_POOL: tp__pool_return(self, s->pool, s->data, false); break;
    case TP__FROM_CACHE: tp__cache_free(s->data, s->bytes); break;
    case TP__FROM_USER: if (s->drop) s->drop(s->drop_arg, s->data); break;
    case TP__FROM_DEVICE: tp__cuda()->release(s->device - TP_CUDA(0), s->data, s->bytes, s->block); break;
    case TP__FROM_PINNED: tp__cuda()->pinned_release(s->data, s->bytes); break;
    case TP__FROM_ALLOCATOR: tp__raw_free(s->data, s->bytes ? s->bytes : 1); break;
    default: break;
    }
    tp__pool_return(self, TP__POOL_STORAGE, s, s->owned_apart);
}

void tp__storage_adopt(tp_storage *s, void *data, size_t bytes, tp_drop_fn *drop, void *arg)
{
    tp__count_use(&tp__self, -(int64_t)s->bytes);      /* the user's memory is not ours to count */
    if (s->origin == TP__FROM_POOL) tp__pool_return(&tp__self, s->pool, s->data, false);
    else if (s->origin == TP__FROM_ALLOCATOR) tp__raw_free(s->data, s->bytes ? s->bytes : 1);
    s->data = data;
    s->bytes = s->used = bytes;
    s->origin = TP__FROM_USER;
    s->drop = drop;
    s->drop_arg = arg;
}

/* ---- Headers ------------------------------------------------------------------------------------------------------------------ */

/* Small data and its header were mostly born together and die together: then the storage stays with the dead header, as its
 * spare, and both come back by one step. A header in its pool has a spare or NULL for its storage. */
static inline bool stays_with_header(const tp_storage *s, const tp_tensor *x)
{
    return s->origin == TP__FROM_INLINE && !(x->flags & TP__APART);
}

/* Blocks of a chunk come zeroed: without a spare. So does one that is allocated apart. */
__attribute__((noinline)) static tp__free_block *header_refill(tp__thread *self, uint8_t *apart)
{
    bool is_apart;
    void *block = tp__pool_refill(self, TP__POOL_TENSOR, &is_apart);
    if (block && is_apart) memset(block, 0, sizeof(tp_tensor));
    *apart = is_apart ? TP__APART : 0;
    return block;
}

/* Gives x, whose storage is its spare or NULL, one of its own. False: an error, and x has none. */
static inline bool take_storage(tp__thread *self, tp_tensor *x, size_t bytes)
{
    tp_storage *spare = x->storage;
    if (__builtin_expect(spare && bytes <= TP__INLINE_BYTES && x->device == TP_CPU, 1)) {
        atomic_store_explicit(&spare->refs, 1, memory_order_relaxed);
        atomic_store_explicit(&spare->version, 0, memory_order_relaxed);
        spare->saved = false;
        spare->writer = NULL;
        spare->used = bytes;
        x->data = spare->small;
        tp__count_use(self, TP__INLINE_BYTES);
        tp__count_allocation(self);
        return true;
    }
    if (spare) tp__pool_return(self, TP__POOL_STORAGE, spare, false);
    x->storage = tp__storage_new(x->device, bytes);
    if (!x->storage) return false;
    x->data = x->storage->data;
    return true;
}

/* In the current scope with refs 1, the scope's. Its storage is its spare or NULL; `look` is the caller's to set, with *apart in
 * its flags. */
static inline tp_tensor *header_new(tp__thread *self, uint8_t *apart)
{
    tp__free_block *block = self->pool[TP__POOL_TENSOR];
    *apart = 0;
    if (__builtin_expect(!!block, 1)) tp__pool_take(self, TP__POOL_TENSOR, block);
    else if (!(block = header_refill(self, apart))) return NULL;
    tp_tensor *x = (tp_tensor *)(void *)block;
    x->kind = TP_KIND_TENSOR;
    atomic_store_explicit(&x->refs, 1, memory_order_relaxed);
    x->output = 0;
    x->node = NULL;
    x->base = NULL;
    x->grad = NULL;
    atomic_store_explicit(&x->kept, 0, memory_order_relaxed);            /* who released what he kept left a count behind */
    if (__builtin_expect(tp__enlist(self, x), 1)) return x;
    x->kind = TP_KIND_DEAD;
    tp__pool_return(self, TP__POOL_TENSOR, x, *apart);
    return NULL;
}

#ifdef TP_DEBUG_HANDLES
/* Dead headers wait here, so that a handle used after its scope is always recognized and not taken for a later tensor. */
enum { QUARANTINE = 4096 };
static __thread struct { tp_tensor *at[QUARANTINE]; unsigned next; } quarantine;
static tp_tensor *bury(tp_tensor *x)
{
    tp_tensor *oldest = quarantine.at[quarantine.next];
    quarantine.at[quarantine.next] = x;
    quarantine.next = (quarantine.next + 1) % QUARANTINE;
    return oldest;
}
void tp__quarantine_end(void)
{
    for (int i = 0; i < QUARANTINE; i++) {
        tp_tensor *x = quarantine.at[i];
        quarantine.at[i] = NULL;
        if (x) tp__pool_return(&tp__self, TP__POOL_TENSOR, x, x->flags & TP__APART);
    }
}
#else
static tp_tensor *bury(tp_tensor *x) { return x; }
void tp__quarantine_end(void) {}
#endif

void tp__tensor_free(tp_tensor *x)
{
    tp__thread *self = &tp__self;
    tp_storage *storage = x->storage;
    tp_node *node = x->node;
    tp_tensor *base = x->base;
    tp__grad_state *grad = x->grad;
    x->kind = TP_KIND_DEAD;
    x->died_in = self->depth ? self->marks[self->depth].where : NULL;
    const bool last = tp__count_down(&storage->refs);
    if (last && stays_with_header(storage, x)) {
        tp__count_use(self, -TP__INLINE_BYTES);
        storage = NULL;
    } else {
        x->storage = NULL;
    }
    x = bury(x);
    if (x) tp__pool_return(self, TP__POOL_TENSOR, x, x->flags & TP__APART);
    if (last && storage) tp__storage_free(storage);
    if (node) tp__node_unref(node);
    if (__builtin_expect(!base & !grad, 1)) return;
    if (base) tp__unref(base);                         /* the root of all views: no chain */
    if (grad) tp__grad_state_free(grad);
}

bool tp__set_shape(tp_tensor *x, int ndim, const int64_t *shape)
{
    int64_t numel = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        x->shape[i] = shape[i];
        x->stride[i] = numel;
        if (__builtin_mul_overflow(numel, shape[i] > 0 ? shape[i] : 1, &numel) || numel > INT64_MAX / 32) return false;
    }
    x->ndim = (uint8_t)ndim;
    for (int i = 0; i < ndim; i++)
        if (!shape[i]) numel = 0;
    x->numel = numel;
    x->flags |= TP__CONTIGUOUS;
    return true;
}

static tp_tensor *drop_header(tp__thread *self, tp_tensor *x)            /* one that has no storage yet */
{
    if (x->home == self->listed) self->listed--;
    else self->list[x->home - 1] = NULL;
    x->kind = TP_KIND_DEAD;
    tp__pool_return(self, TP__POOL_TENSOR, x, x->flags & TP__APART);
    return NULL;
}

static bool dims_are_good(tp_dtype dtype, int ndim, const int64_t *shape)
{
    const char *op = tp__self.op ? tp__self.op : "tensor";
    if (dtype <= TP_DTYPE_DEFAULT || dtype >= TP_DTYPE_END) return tp_fail(TP_ERR_DTYPE, "%s: %d is no dtype", op, dtype), false;
    if (ndim < 0 || ndim > TP_MAX_DIMS) return tp_fail(TP_ERR_SHAPE, "%s: %d dims, at most %d are possible", op, ndim, TP_MAX_DIMS), false;
    for (int i = 0; i < ndim; i++)
        if (shape[i] < 0) return tp_fail(TP_ERR_SHAPE, "%s: size %lld of dim %d is negative", op, (long long)shape[i], i), false;
    return true;
}

tp_tensor *tp__tensor_new(tp_device device, tp_dtype dtype, int ndim, const int64_t *shape)
{
    tp__thread *self = &tp__self;
    if (__builtin_expect(!dims_are_good(dtype, ndim, shape), 0)) return NULL;
    uint8_t apart;
    tp_tensor *x = header_new(self, &apart);
    if (!x) return NULL;
    x->flags = apart;
    if (!tp__set_shape(x, ndim, shape)) {
        tp_fail(TP_ERR_SHAPE, "%s: %s has too many elements", tp__self.op ? tp__self.op : "tensor", tp__dims_text(ndim, shape));
        return drop_header(self, x);
    }
    x->dtype = (uint8_t)dtype;
    x->device = device;
    return take_storage(self, x, (size_t)x->numel * tp__dtype_bytes[dtype]) ? x : drop_header(self, x);
}

tp_tensor *tp__tensor_like(const tp_tensor *x, tp_dtype dtype)
{
    tp__thread *self = &tp__self;
    uint8_t apart;
    tp_tensor *y = header_new(self, &apart);
    if (!y) return NULL;
    y->look = (x->look & (TP__LOOK_NDIM | TP__LOOK_DEVICE)) | dtype | (uint64_t)(apart | TP__CONTIGUOUS) << 16;
    y->numel = x->numel;
    memcpy(y->shape, x->shape, sizeof y->shape);       /* all of it: four moves instead of a loop */
    int64_t stride = 1;
    for (int i = x->ndim - 1; i >= 0; i--) {
        y->stride[i] = stride;
        stride *= x->shape[i] > 0 ? x->shape[i] : 1;
    }
    return take_storage(self, y, (size_t)y->numel * tp__dtype_bytes[dtype]) ? y : drop_header(self, y);
}

tp_tensor *tp__tensor_new_strided(tp_device device, tp_dtype dtype, int ndim, const int64_t *shape, const int64_t *stride)
{
    tp_tensor *x = tp__tensor_new(device, dtype, ndim, shape);
    if (!x) return NULL;
    memcpy(x->stride, stride, sizeof *stride * (size_t)ndim);
    if (!tp__geometry_is_contiguous(ndim, shape, stride)) x->flags &= (uint8_t)~TP__CONTIGUOUS;
    return x;
}

tp_tensor *tp__alias(tp_tensor *x, int ndim, const int64_t *shape, const int64_t *stride, int64_t offset)
{
    int64_t room = 1;                                  /* an expanded view has more elements than memory: they must be countable */
    for (int i = 0; i < ndim; i++)
        if (__builtin_mul_overflow(room, shape[i] > 0 ? shape[i] : 1, &room) || room > INT64_MAX / 32) {
            tp_fail(TP_ERR_SHAPE, "%s: %s has too many elements", tp__self.op ? tp__self.op : "tensor", tp__dims_text(ndim, shape));
            return NULL;
        }
    tp__thread *self = &tp__self;
    uint8_t apart;
    tp_tensor *y = header_new(self, &apart);
    if (!y) return NULL;
    if (y->storage) tp__pool_return(self, TP__POOL_STORAGE, y->storage, false);
    y->dtype = x->dtype;
    y->device = x->device;
    y->ndim = (uint8_t)ndim;
    y->flags = apart;
    y->numel = 1;
    for (int i = 0; i < ndim; i++) {
        y->shape[i] = shape[i];
        y->stride[i] = stride[i];
        y->numel *= shape[i];
    }
    if (tp__geometry_is_contiguous(ndim, shape, stride)) y->flags |= TP__CONTIGUOUS;
    y->storage = x->storage;
    tp__count_up(&x->storage->refs);
    y->data = (char *)x->storage->data + offset * tp__dtype_bytes[x->dtype];
    return y;
}

tp_tensor *tp__alias_like(tp_tensor *x)
{
    tp__thread *self = &tp__self;
    uint8_t apart;
    tp_tensor *y = header_new(self, &apart);
    if (!y) return NULL;
    if (y->storage) tp__pool_return(self, TP__POOL_STORAGE, y->storage, false);
    y->look = (x->look & ~TP__LOOK_FLAGS) | (uint64_t)(apart | (x->flags & TP__CONTIGUOUS)) << 16;
    y->numel = x->numel;
    memcpy(y->shape, x->shape, sizeof y->shape);
    memcpy(y->stride, x->stride, sizeof y->stride);
    y->data = x->data;
    y->storage = x->storage;
    tp__count_up(&x->storage->refs);
    return y;
}

/* ---- Dims and texts -------------------------------------------------------------------------------------------------------------- */

int tp__dim(int64_t dim, int ndim)
{
    const int n = ndim ? ndim : 1;
    return dim < -n || dim >= n ? -1 : (int)(dim < 0 ? dim + n : dim);
}

const char *tp__dims_text(int ndim, const int64_t *dims)
{
    tp__thread_rest *rest = tp__rest();
    char *out = rest->text[rest->next_text++ % TP__TEXTS];
    size_t used = 0;
    out[used++] = '[';
    for (int i = 0; i < ndim && used < TP__TEXT_BYTES - 28; i++)
        used += (size_t)snprintf(out + used, TP__TEXT_BYTES - used, "%s%lld", i ? ", " : "", (long long)dims[i]);
    out[used++] = ']';
    out[used] = 0;
    return out;
}

const char *tp__shape_text(const tp_tensor *x) { return tp__dims_text(x->ndim, x->shape); }

/* ---- What a caller reads ------------------------------------------------------------------------------------------------------------ */

tp_shape tp_shape_of(tp_tensor *x)
{
    tp_shape shape = { { 0 }, 0 };
    if (!x || !tp__alive(x, "shape_of")) return shape;
    shape.ndim = x->ndim;
    memcpy(shape.dim, x->shape, sizeof *x->shape * x->ndim);
    return shape;
}

int tp_ndim(tp_tensor *x) { return x && tp__alive(x, "ndim") ? x->ndim : 0; }
int64_t tp_numel(tp_tensor *x) { return x && tp__alive(x, "numel") ? x->numel : 0; }
tp_dtype tp_dtype_of(tp_tensor *x) { return x && tp__alive(x, "dtype_of") ? (tp_dtype)x->dtype : TP_DTYPE_DEFAULT; }
tp_device tp_device_of(tp_tensor *x) { return x && tp__alive(x, "device_of") ? x->device : 0; }
bool tp_is_pinned(tp_tensor *x) { return x && tp__alive(x, "is_pinned") && x->storage->origin == TP__FROM_PINNED; }
bool tp_is_floating_point(tp_tensor *x) { return x && tp__alive(x, "is_floating_point") && tp__is_floating(x->dtype); }
bool tp_is_contiguous(tp_tensor *x) { return x && tp__alive(x, "is_contiguous") && x->flags & TP__CONTIGUOUS; }
int64_t tp_storage_offset(tp_tensor *x) { return x && tp__alive(x, "storage_offset") ? tp__offset_of(x) : 0; }
uint32_t tp_version_of(tp_tensor *x) { return x && tp__alive(x, "version_of") ? tp__version(x) : 0; }

static int64_t of_dim(tp_tensor *x, int dim, const char *op, bool stride)
{
    if (!x || !tp__alive(x, op)) return 0;
    const int at = tp__dim(dim, x->ndim);
    if (at < 0 || at >= x->ndim) {
        tp__fail_tensors(TP_ERR_SHAPE, op, &x, 1, "dim %d is out of range for %s", dim, tp__shape_text(x));
        return 0;
    }
    return stride ? x->stride[at] : x->shape[at];
}
int64_t tp_size(tp_tensor *x, int dim) { return of_dim(x, dim, "size", false); }
int64_t tp_stride(tp_tensor *x, int dim) { return of_dim(x, dim, "stride", true); }

bool tp_shares_storage(tp_tensor *a, tp_tensor *b)
{
    return a && b && tp__alive(a, "shares_storage") && tp__alive(b, "shares_storage") && a->storage == b->storage;
}

bool tp_is_sole(tp_tensor *x)
{
    return x && x->kind == TP_KIND_TENSOR && atomic_load(&x->refs) == 1 && atomic_load(&x->storage->refs) == 1;
}
