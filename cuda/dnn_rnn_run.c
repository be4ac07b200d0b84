/* dnn_rnn_run.c: recurrent nets by cuDNN: what a thread keeps of those that it ran, and the runs. Training keeps what cuDNN calls its reserve;
 * the backward writes into that, so it gets a copy, and first asks for the gradients of the data, then for those of the weights. */
#include "cuda/dnn_rnn.h"

#ifndef TPC_HAS_CUDNN
void tpc_dnn_net_room(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run) { (void)call, (void)net, run->able = false; }
tp_status tpc_dnn_net_forward(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run, const tpc_dnn_net_data *data)
{
    (void)call, (void)net, (void)data;
    run->done = false;
    return TP_OK;
}
tp_status tpc_dnn_net_backward(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run, const tpc_dnn_net_data *data)
{
    return tpc_dnn_net_forward(call, net, run, data);
}
#else
#include <stdlib.h>

#include "cuda/runtime.h"

/* ---- What a thread keeps ----------------------------------------------------------------------------------------------------------------- */

enum { NETS = 64 };
typedef struct entry {
    tpc_dnn_net net;
    int device;
    bool tf32, works;
    uint64_t used;                                     /* when; 0: the entry is free */
    cudnnRNNDescriptor_t rnn;
    size_t bytes;                                      /* of its weights, as cuDNN holds them */
    tpc_dnn_piece *piece;                              /* NULL: not asked yet */
    int n_pieces;
} entry;
typedef struct nets { uint64_t clock; entry entry[NETS]; } nets;

static void clear(entry *e)
{
    if (e->rnn) tpc_dnn()->DestroyRNNDescriptor(e->rnn);
    free(e->piece);
    *e = (entry){ .used = 0 };
}

void tpc_dnn_nets_end(void *of)
{
    nets *t = of;
    for (int i = 0; i < NETS; i++) clear(&t->entry[i]);
}

/* The net as cuDNN knows it. NULL: it does not take it, or is not there. */
static entry *entry_for(const tp__call *call, cudnnHandle_t handle, const tpc_dnn_net *net)
{
    nets *t = handle ? tpc_dnn_thread_nets(sizeof *t) : NULL;
    if (!t) return NULL;
    const int device = tpc_device(call);
    const bool tf32 = tpc_may_use_tf32() && net->dtype == TP_F32;
    entry *e = &t->entry[0];
    for (int i = 0; i < NETS; i++) {
        entry *is = &t->entry[i];
        if (is->used < e->used) e = is;
        if (!is->used || is->device != device || is->tf32 != tf32 || memcmp(&is->net, net, sizeof *net)) continue;
        is->used = ++t->clock;
        return is->works ? is : NULL;
    }
    clear(e);
    *e = (entry){ .net = *net, .device = device, .tf32 = tf32, .used = ++t->clock, .rnn = tpc_dnn_describe_net(net, tf32) };
    e->works = e->rnn && !tpc_dnn()->GetRNNWeightSpaceSize(handle, e->rnn, &e->bytes) && e->bytes >= tpc_dnn_weight_bytes(net);
    return e->works ? e : NULL;
}

/* ---- A run ----------------------------------------------------------------------------------------------------------------------------------- */

typedef struct job {
    const tp__call *call;
    cudnnHandle_t handle;
    entry *e;
    cudnnRNNDataDescriptor_t x, y;
    cudnnTensorDescriptor_t states;
    size_t room, kept;                                 /* bytes of workspace and reserve */
} job;

/* False: cuDNN does not take it. */
static bool job_open(job *j, const tp__call *call, const tpc_dnn_net *net, const tp__rnn_run *run)
{
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    *j = (job){ .call = call, .handle = tpc_dnn_handle(call) };
    if (!j->handle) return false;
    tpc_relax(&mode);
    j->e = entry_for(call, j->handle, net);
    bool good = j->e;
    if (good && run->steps) {
        j->x = tpc_dnn_describe_rows(net, run, net->input);
        j->y = tpc_dnn_describe_rows(net, run, net->hidden * net->dirs);
        j->states = tpc_dnn_describe_states(net, run->batch);
        good = j->x && j->y && j->states
               && !tpc_dnn()->GetRNNTempSpaceSizes(j->handle, j->e->rnn, run->train ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE,
                                                   j->x, &j->room, &j->kept);
    }
    if (!good) cudaGetLastError();
    tpc_relax(&mode);
    return good;
}

static void job_close(job *j)
{
    if (j->x) tpc_dnn()->DestroyRNNDataDescriptor(j->x);
    if (j->y) tpc_dnn()->DestroyRNNDataDescriptor(j->y);
    if (j->states) tpc_dnn()->DestroyTensorDescriptor(j->states);
}

static bool fits(const tpc_dnn_net *net, const tp__rnn_run *run)
{
    const double most = INT32_MAX, gates = 4.0 * (double)net->hidden;
    if (!tpc_dnn_takes(net->dtype) || net->input < 1 || net->hidden < 1 || gates * (double)net->dirs > most) return false;
    return !run->steps || (run->batch > 0 && (double)run->rows * gates * (double)net->dirs <= most && (double)run->rows * (double)net->input <= most);
}

void tpc_dnn_net_room(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run)
{
    job j = { .call = NULL };
    run->able = fits(net, run) && job_open(&j, call, net, run);
    run->bytes = run->able && run->train ? j.kept : 0;
    job_close(&j);
}

/* Asks cuDNN, once for a net, where it wants the weights. */
static tp_status ask_places(job *j)
{
    entry *e = j->e;
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    void *space = e->piece ? NULL : tpc_room(j->call, e->bytes);
    if (e->piece) return TP_OK;
    if (!space) return TP_ERR_MEMORY;
    tpc_relax(&mode);
    e->piece = tpc_dnn_place_weights(j->handle, e->rnn, &e->net, space, e->bytes, &e->n_pieces);
    tpc_relax(&mode);
    e->works = e->piece;
    tpc_room_free(j->call, space);
    return TP_OK;
}

/* *space: ours as they are, if cuDNN wants them so, else *room for a copy, which is made if `fill`; else it is zero. */
static tp_status place_weights(job *j, void *ours, bool fill, void **room, void **space)
{
    const cudaStream_t stream = tpc_stream(j->call);
    const entry *e = j->e;
    *room = NULL;
    *space = ours;
    if (ask_places(j)) return TP_ERR_MEMORY;
    if (!e->works) return TP_OK;
    const bool as_it_is = e->n_pieces == 1 && !e->piece->its && e->bytes == e->piece->bytes;
    if (as_it_is && fill) return TP_OK;
    if (!as_it_is && !(*space = *room = tpc_room(j->call, e->bytes))) return TP_ERR_MEMORY;
    tp_status status = tpc_check(j->call, cudaMemsetAsync(*space, 0, e->bytes, stream), "a fill");
    for (int i = 0; i < e->n_pieces && !status && fill; i++)
        status = tpc_check(j->call,
                           cudaMemcpyAsync((char *)*room + e->piece[i].its, (char *)ours + e->piece[i].ours, e->piece[i].bytes,
                                           cudaMemcpyDeviceToDevice, stream),
                           "a copy on the device");
    return status;
}

/* What the device itself met is an error; else, if cuDNN refuses it now, it would the next time. */
static tp_status result(job *j, cudnnStatus_t status, tp__rnn_run *run)
{
    run->done = !status;
    if (!status) return tpc_launched(j->call);
    if (status >= CUDNN_STATUS_EXECUTION_FAILED) {
        const tp_status launched = tpc_launched(j->call);
        return launched ? launched : tpc_fail(j->call, TP_ERR_DEVICE, "cuDNN fails: %s", tpc_dnn()->GetErrorString(status));
    }
    cudaGetLastError();
    j->e->works = false;
    return TP_OK;
}

static void free_room(const job *j, void *room) { if (room) tpc_room_free(j->call, room); }

static tp_status forward(job *j, tp__rnn_run *run, const tpc_dnn_net_data *d)
{
    void *packed, *weight, *room = NULL;
    tp_status status = place_weights(j, d->weight, true, &packed, &weight);
    if (!status && j->e->works && j->room && !(room = tpc_room(j->call, j->room))) status = TP_ERR_MEMORY;
    if (!status && j->e->works) {
        enum cudaStreamCaptureMode mode = TPC_RELAXED;
        tpc_relax(&mode);
        const cudnnStatus_t ran =
            tpc_dnn()->RNNForward(j->handle, j->e->rnn, run->train ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE, NULL, j->x, d->x,
                                  j->y, d->y, j->states, d->hx, d->hy, j->states, d->cx, d->cy, j->e->bytes, weight, j->room, room,
                                  run->train ? j->kept : 0, run->train ? d->kept : NULL);
        tpc_relax(&mode);
        status = result(j, ran, run);
    }
    free_room(j, room);
    free_room(j, packed);
    return status;
}

tp_status tpc_dnn_net_forward(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run, const tpc_dnn_net_data *d)
{
    job j = { .call = NULL };
    run->done = false;
    const bool good = fits(net, run) && job_open(&j, call, net, run) && (!run->train || j.kept <= run->bytes);
    const tp_status status = good ? forward(&j, run, d) : TP_OK;
    job_close(&j);
    return status;
}

/* dw is added to what is there, so it begins at zero. Each piece goes where ours is. */
static tp_status weight_gradient(job *j, tp__rnn_run *run, const tpc_dnn_net_data *d, void *room, void *kept)
{
    void *packed, *dweight;
    const cudaStream_t stream = tpc_stream(j->call);
    const entry *e = j->e;
    tp_status status = place_weights(j, d->dweight, false, &packed, &dweight);
    if (!status) {
        enum cudaStreamCaptureMode mode = TPC_RELAXED;
        tpc_relax(&mode);
        const cudnnStatus_t ran = tpc_dnn()->RNNBackwardWeights_v8(j->handle, e->rnn, CUDNN_WGRAD_MODE_ADD, NULL, j->x, d->x, j->states,
                                                                   d->hx, j->y, d->y, e->bytes, dweight, j->room, room, j->kept, kept);
        tpc_relax(&mode);
        status = result(j, ran, run);
    }
    for (int i = 0; packed && run->done && i < e->n_pieces && !status; i++)
        status = tpc_check(j->call,
                           cudaMemcpyAsync((char *)d->dweight + e->piece[i].ours, (char *)packed + e->piece[i].its, e->piece[i].bytes,
                                           cudaMemcpyDeviceToDevice, stream),
                           "a copy on the device");
    free_room(j, packed);
    return status;
}

static tp_status backward(job *j, tp__rnn_run *run, const tpc_dnn_net_data *d)
{
    void *packed, *weight, *room = NULL, *kept = tpc_room(j->call, j->kept);
    if (!kept) return TP_ERR_MEMORY;
    tp_status status = tpc_check(j->call, cudaMemcpyAsync(kept, d->kept, j->kept, cudaMemcpyDeviceToDevice, tpc_stream(j->call)), "a copy on the device");
    if (!status) status = place_weights(j, d->weight, true, &packed, &weight);
    else packed = NULL;
    if (!status && j->e->works && j->room && !(room = tpc_room(j->call, j->room))) status = TP_ERR_MEMORY;
    if (!status && j->e->works) {
        enum cudaStreamCaptureMode mode = TPC_RELAXED;
        tpc_relax(&mode);
        const cudnnStatus_t ran =
            tpc_dnn()->RNNBackwardData_v8(j->handle, j->e->rnn, NULL, j->y, d->y, d->dy, j->x, d->dx, j->states, d->hx, d->dhy, d->dhx,
                                          j->states, d->cx, d->dcy, d->dcx, j->e->bytes, weight, j->room, room, j->kept, kept);
        tpc_relax(&mode);
        status = result(j, ran, run);
    }
    free_room(j, packed);
    if (!status && run->done && d->dweight) status = weight_gradient(j, run, d, room, kept);
    free_room(j, room);
    free_room(j, kept);
    return status;
}

tp_status tpc_dnn_net_backward(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run, const tpc_dnn_net_data *d)
{
    job j = { .call = NULL };
    run->done = false;
    const bool good = fits(net, run) && job_open(&j, call, net, run) && j.kept && j.kept == run->bytes;
    const tp_status status = good ? backward(&j, run, d) : TP_OK;
    job_close(&j);
    return status;
}

#endif
