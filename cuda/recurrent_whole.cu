/* recurrent_whole.cu: whole recurrent nets, which cuDNN computes. Where it does not, the op that asks is made of others; so there is no kernel
 * of our own here: those that do a layer are in recurrent.cu. */
#include "cuda/dnn.h"
#include "cuda/plain.cuh"

static tpc_dnn_net net_of(const tp__call *call, const tp__rnn_run *run)
{
    const tp__rnn_layers *a = static_cast<const tp__rnn_layers *>(tpc_attr(call));
    tpc_dnn_net net = {};
    net.mode = a->mode, net.dtype = run->dtype, net.biases = a->biases, net.dirs = a->bidirectional ? 2 : 1;
    net.input = run->input, net.hidden = a->hidden, net.layers = a->layers;
    return net;
}
static tp__rnn_run *run_of(const tp__call *call) { return static_cast<tp__rnn_run *>(tpc_scratch_of(call)); }

/* No inputs and no outputs: the answer is in the scratch. */
static tp_status room(tp__call *call)
{
    const tpc_dnn_net net = net_of(call, run_of(call));
    tpc_dnn_net_room(call, &net, run_of(call));
    return TP_OK;
}

/* An input without gaps that begins where 16 bytes do, or a half of one, and a copy of what is otherwise; absent ones are NULL. */
enum part { WHOLE, FIRST_HALF, SECOND_HALF };
struct dense {
    tpc_temporary copy;
    void *data = nullptr;
    size_t bytes = 0;
    tp_status status = TP_OK;
    dense(const tp__call *call, int i, part of = WHOLE) : copy(call)
    {
        tpc_array x;
        if (!tpc_in(call, i, &x)) return;
        status = tpc_contiguous(call, &x, &copy.data);
        const size_t item = x.dtype == TP_U8 ? 1 : x.dtype == TP_F32 ? 4 : 2;
        bytes = (size_t)x.numel * item / (of == WHOLE ? 1 : 2);
        data = (char *)x.data + (of == SECOND_HALF ? bytes : 0);
        if (status || !((uintptr_t)data % 16)) return;
        void *const room = tpc_room(call, bytes);
        status = room ? tpc_check(call, cudaMemcpyAsync(room, data, bytes, cudaMemcpyDeviceToDevice, tpc_stream(call)), "a copy on the device") : TP_ERR_MEMORY;
        if (copy.data) tpc_room_free(call, copy.data);
        copy.data = data = room;
    }
};
static void *out_of(const tp__call *call, int i)
{
    tpc_array y;
    return tpc_out(call, i, &y) && y.numel ? y.data : nullptr;
}
static void *kept_of(const tp__call *call, const tp_tensor *kept)
{
    tpc_array x;
    return tpc_array_of(call, kept, &x) && x.numel ? x.data : nullptr;
}

/* x, weight, state? -> y, h, c */
static tp_status layers(tp__call *call)
{
    enum { X, WEIGHT, STATE };
    tp__rnn_run *run = run_of(call);
    const tpc_dnn_net net = net_of(call, run);
    const bool lstm = net.mode == TP__NET_LSTM;
    const dense x(call, X), weight(call, WEIGHT), hx(call, STATE, lstm ? FIRST_HALF : WHOLE), cx(call, lstm ? STATE : INT16_MAX, SECOND_HALF);
    tpc_dnn_net_data d = {};
    for (const dense *in : { &x, &weight, &hx, &cx })
        if (in->status) return in->status;
    d.x = x.data, d.weight = weight.data, d.hx = hx.data, d.cx = cx.data;
    d.y = out_of(call, 0), d.hy = out_of(call, 1), d.cy = out_of(call, 2);
    d.kept = kept_of(call, run->kept);
    return tpc_dnn_net_forward(call, &net, run, &d);
}

/* dy?, dh?, dc?, x, weight, state?, batch_sizes?, y, kept -> dx, dweight, dstate */
static tp_status layers_backward(tp__call *call)
{
    enum { DY, DH, DC, X, WEIGHT, STATE, Y = STATE + 2, KEPT };
    tp__rnn_run *run = run_of(call);
    const tpc_dnn_net net = net_of(call, run);
    const bool lstm = net.mode == TP__NET_LSTM;
    const dense dy(call, DY), dh(call, DH), dc(call, lstm ? DC : INT16_MAX), x(call, X), weight(call, WEIGHT), hx(call, STATE, lstm ? FIRST_HALF : WHOLE),
        cx(call, lstm ? STATE : INT16_MAX, SECOND_HALF), y(call, Y), kept(call, KEPT);
    for (const dense *in : { &dy, &dh, &dc, &x, &weight, &hx, &cx, &y, &kept })
        if (in->status) return in->status;
    const cudaStream_t stream = tpc_stream(call);
    char *const dstate = static_cast<char *>(out_of(call, 2));
    const bool apart = dstate && lstm && hx.bytes % 16;        /* the second half begins where 16 bytes do not */
    const tpc_temporary zeros(call, dy.data ? 0 : y.bytes), second(call, apart ? cx.bytes : 0);
    tp_status status = (!dy.data && !zeros.data) || (apart && !second.data) ? TP_ERR_MEMORY : TP_OK;
    if (!status && zeros.data) status = tpc_check(call, cudaMemsetAsync(zeros.data, 0, y.bytes, stream), "a fill");
    tpc_dnn_net_data d = {};
    d.x = x.data, d.weight = weight.data, d.hx = hx.data, d.cx = cx.data, d.y = y.data, d.kept = kept.data;
    d.dy = dy.data ? dy.data : zeros.data, d.dhy = dh.data, d.dcy = dc.data;
    d.dx = out_of(call, 0), d.dweight = out_of(call, 1), d.dhx = dstate, d.dcx = apart ? second.data : dstate && lstm ? dstate + hx.bytes : nullptr;
    if (!status) status = tpc_dnn_net_backward(call, &net, run, &d);
    if (!status && apart && run->done)
        status = tpc_check(call, cudaMemcpyAsync(dstate + hx.bytes, second.data, cx.bytes, cudaMemcpyDeviceToDevice, stream), "a copy on the device");
    return status;
}

extern "C" const tp_kernel tp__cuda_recurrent_whole[] = {
    { "rnn_layers_room", room, NULL }, { "rnn_layers", layers, NULL }, { "rnn_layers_backward", layers_backward, NULL }, { NULL, NULL, NULL },
};
