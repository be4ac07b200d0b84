/* plain.cuh: arguments of a call as row-major memory of one dtype, for kernels that read them in many places: as they lie where that is
 * so already, else as copies, which go back to the outputs at the end. */
#ifndef TPC_PLAIN_CUH
#define TPC_PLAIN_CUH

#include "cuda/kernel.cuh"

struct tpc_plain {
    tpc_array own, x;                                  /* of the call; x is as asked for. data NULL: absent, or of no elements */
    tpc_temporary room;
    explicit tpc_plain(const tp__call *call) : own(), x(), room(call) {}

    tp_status take(const tp__call *call, int i, int dtype)
    {
        if (!tpc_in(call, i, &own)) return TP_OK;
        const tp_status status = lay(call, dtype);
        return status || !room.data ? status : tpc_copy(call, &x, &own);
    }
    tp_status make(const tp__call *call, int i, int dtype) { return tpc_out(call, i, &own) ? lay(call, dtype) : TP_OK; }
    tp_status give(const tp__call *call) const { return room.data ? tpc_copy(call, &own, &x) : TP_OK; }
    template <class T> T *as() const { return static_cast<T *>(x.data); }

private:
    tp_status lay(const tp__call *call, int dtype)
    {
        x = own;
        if (!own.numel) x.data = nullptr;
        if (!own.numel || (own.contiguous && own.dtype == dtype && own.on_device)) return TP_OK;
        int64_t stride = 1;
        for (int d = own.ndim - 1; d >= 0; stride *= own.shape[d--]) x.stride[d] = stride;
        x.dtype = dtype;
        x.contiguous = x.on_device = true;
        x.data = room.data = tpc_room(call, (size_t)own.numel * (size_t)tpc_size(dtype));
        return room.data ? TP_OK : TP_ERR_MEMORY;
    }
};

#endif
