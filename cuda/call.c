/* call.c: a call as kernels see it. */
#include "cuda/runtime.h"

#include <stdarg.h>

#include "core/convert.h"

/* ---- What is given --------------------------------------------------------------------------------------------------------------- */

const unsigned char tpc_dtype_bytes[TP_DTYPE_END] = {
#define BYTES(name, type, size, text) [TP_##name] = size,
    TP_EACH_DTYPE(BYTES)
#undef BYTES
};

static int index_of(const tp__call *call)
{
    if (call->device >= TP_CUDA(0)) return call->device - TP_CUDA(0);
    for (int i = 0; i < call->n_out; i++)
        if (call->out[i] && call->out[i]->device != TP_CPU) return call->out[i]->device - TP_CUDA(0);
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i] && call->in[i]->device != TP_CPU) return call->in[i]->device - TP_CUDA(0);
    return 0;
}

bool tpc_array_of(const tp__call *call, const tp_tensor *x, tpc_array *out)
{
    if (!x) {
        *out = (tpc_array){ .data = NULL };
        return false;
    }
    (void)call;
    out->data = x->data;
    out->dtype = x->dtype;
    out->ndim = x->ndim;
    out->on_device = x->device != TP_CPU;
    out->wrapped = x->flags & TP__WRAPPED;
    out->contiguous = x->flags & TP__CONTIGUOUS;
    out->numel = x->numel;
    memcpy(out->shape, x->shape, sizeof out->shape);
    memcpy(out->stride, x->stride, sizeof out->stride);
    if (x->storage->origin == TP__FROM_DEVICE) tpc_block_use(x->device - TP_CUDA(0), x->storage->block);
    return true;
}

int tpc_n_in(const tp__call *call) { return call->n_in; }
int tpc_n_out(const tp__call *call) { return call->n_out; }
bool tpc_in(const tp__call *call, int i, tpc_array *x) { return tpc_array_of(call, i < call->n_in ? call->in[i] : NULL, x); }
bool tpc_out(const tp__call *call, int i, tpc_array *x) { return tpc_array_of(call, i < call->n_out ? call->out[i] : NULL, x); }
const void *tpc_attr(const tp__call *call) { return call->attr; }
void *tpc_scratch_of(const tp__call *call) { return call->scratch; }
uint64_t tpc_need(const tp__call *call) { return call->need; }
const char *tpc_op(const tp__call *call) { return tpc_core->op_name(call); }

double tpc_real(const tpc_array *x)
{
    switch (x->dtype) {
    case TP_F32: return *(const float *)x->data;
    case TP_F64: return *(const double *)x->data;
    case TP_F16: return tp__f16_to_f32(*(const uint16_t *)x->data);
    case TP_BF16: return tp__bf16_to_f32(*(const uint16_t *)x->data);
    case TP_C64: return ((const tp_c64 *)x->data)->re;
    case TP_C128: return ((const tp_c128 *)x->data)->re;
    default: return (double)tpc_integer(x);
    }
}

int64_t tpc_integer(const tpc_array *x)
{
    switch (x->dtype) {
    case TP_I64: return *(const int64_t *)x->data;
    case TP_I32: return *(const int32_t *)x->data;
    case TP_I16: return *(const int16_t *)x->data;
    case TP_I8: return *(const int8_t *)x->data;
    case TP_U8: return *(const uint8_t *)x->data;
    case TP_BOOL: return *(const bool *)x->data;
    default: return tp__whole(tpc_real(x));
    }
}

tp_status tpc_make_out(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape, tpc_array *y)
{
    tp_tensor *made = tpc_core->out(call, dtype, ndim, shape);
    return tpc_array_of(call, made, y) ? TP_OK : tpc_core->pending();
}

/* ---- Launching ------------------------------------------------------------------------------------------------------------------- */

int tpc_device(const tp__call *call) { return index_of(call); }
int tpc_processors(const tp__call *call) { return tpc_multiprocessors(index_of(call)); }

/* A device that is lost or cannot be made ready gives the stream NULL: the launch fails there or is refused by tpc_launched. */
cudaStream_t tpc_stream(const tp__call *call)
{
    const int index = index_of(call);
    return tpc_ready(index) ? NULL : tpc_current(index)->handle;
}

tp_status tpc_check(const tp__call *call, cudaError_t error, const char *what)
{
    return error ? tpc_error(index_of(call), error, tpc_op(call), what) : TP_OK;
}

tp_status tpc_launched(const tp__call *call)
{
    const int index = index_of(call);
    if (tpc_lost(index) || tpc_gone()) return tpc_ready(index);
    cudaError_t error = cudaGetLastError();
    if (!error && tpc_synchronous() && !tpc_self.graph && !tpc_ready(index)) {
        error = cudaStreamSynchronize(tpc_current(index)->handle);
        if (!error) return tpc_read_slot(index);
    }
    return tpc_check(call, error, "the launch of a kernel");
}

tp_status tpc_fail(const tp__call *call, tp_status status, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return tpc_core->call_fail(call, status, "%s", text);
}

/* ---- Memory for the time of a call --------------------------------------------------------------------------------------------------- */

/* The allocator keeps what rooms this thread has. */
void *tpc_room(const tp__call *call, size_t bytes) { return tpc_room_at(index_of(call), bytes); }
void tpc_room_free(const tp__call *call, void *room) { tpc_room_end(index_of(call), room); }

void *tpc_upload(const tp__call *call, const void *from, size_t bytes)
{
    const int index = index_of(call);
    void *room = tpc_room(call, bytes), *staged = room ? tpc_pinned_alloc(bytes) : NULL;
    if (!room) return NULL;
    if (tpc_self.graph && (!staged || !tpc_graph_keeps_pinned(staged, bytes))) {         /* it is read again at each replay */
        if (staged) tpc_pinned_release(staged, bytes);
        tpc_room_free(call, room);
        tpc_fail(call, TP_ERR_MEMORY, "no page-locked memory for %zu bytes of a graph", bytes);
        return NULL;
    }
    if (staged) memcpy(staged, from, bytes);
    /* Without pinned memory it is waited for: where a device can read pages of the host's, the runtime need not make a copy of its own first. */
    cudaError_t error = cudaMemcpyAsync(room, staged ? staged : from, bytes, cudaMemcpyHostToDevice, tpc_current(index)->handle);
    if (!staged && !error) error = cudaStreamSynchronize(tpc_current(index)->handle);
    if (staged && !tpc_self.graph) {
        if (!error) tpc_pinned_use(staged, index, tpc_current(index));
        tpc_pinned_release(staged, bytes);
    }
    if (!error) return room;
    tpc_check(call, error, "a copy to the device");
    tpc_room_free(call, room);
    return NULL;
}

tp_status tpc_download(const tp__call *call, void *to, const void *device_memory, size_t bytes)
{
    enum { WORD = 64 };
    const int index = index_of(call);
    tp_status status = tpc_ready(index);
    if (status || (status = tpc_may_wait(index, tpc_op(call)))) return status;
    /* NULL: the runtime copies by pinned memory of its own, one piece after the other */
    void *const pinned = bytes <= WORD ? tpc_pinned_alloc(WORD) : NULL;
    cudaError_t error = cudaMemcpyAsync(pinned ? pinned : to, device_memory, bytes, cudaMemcpyDeviceToHost, tpc_current(index)->handle);
    if (!error) error = cudaStreamSynchronize(tpc_current(index)->handle);
    if (pinned && !error) memcpy(to, pinned, bytes);
    if (pinned) tpc_pinned_release(pinned, WORD);
    return error ? tpc_check(call, error, "a copy from the device") : tpc_read_slot(index);
}

tp_status tpc_contiguous(const tp__call *call, tpc_array *x, void **room)
{
    *room = NULL;
    if (x->contiguous || !x->on_device || !x->numel) return TP_OK;
    tpc_array y = *x;
    int64_t stride = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        y.stride[d] = stride;
        stride *= x->shape[d];
    }
    y.contiguous = true;
    y.data = *room = tpc_room(call, (size_t)x->numel * tpc_dtype_bytes[x->dtype]);
    if (!y.data) return tpc_core->pending();
    const tp_status status = tpc_copy(call, &y, x);
    if (!status) {
        *x = y;
        return TP_OK;
    }
    tpc_room_free(call, *room);
    *room = NULL;
    return status;
}
