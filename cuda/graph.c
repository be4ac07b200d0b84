/* graph.c: what a stream is given, recorded once and launched again as one.
 *
 * A graph has a stream of its own, so that the allocator gives it memory that nothing else gets: it stays until the graph is freed. Blocks of
 * other streams that are used while it records are held as long. Pinned memory that copies in it read is its own. Random numbers move
 * at each replay by what a word in device memory says, which is written before the launch. */
#include "cuda/runtime.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct pinned_piece { void *memory; size_t bytes; } pinned_piece;

struct tpc_graph {
    tpc_stream_of *stream;
    void *before;                                      /* the thread's stream, to be restored */
    bool chosen;                                       /* ours is the thread's current one */
    cudaGraphExec_t exec;
    cudaEvent_t done;                                  /* all that was asked of it so far is */
    tpc_draws *draws;
    void *draws_block;
    bool drew;                                         /* a kernel reads draws */
    tpc_holds holds;
    pinned_piece *pinned;
    int64_t n_pinned, pinned_room;
};

static _Atomic uint64_t last_id;

/* graph.cu */
cudaError_t tpc_put_draws(cudaStream_t stream, tpc_draws *to, tpc_draws value);

tpc_holds *tpc_holds_of(tpc_graph *graph) { return &graph->holds; }

tp_status tpc_may_wait(int index, const char *what)
{
    if (__builtin_expect(!tpc_self.graph, 1)) return TP_OK;
    if (!what) what = tpc_core->op_under_way();
    return tpc_core->fail(TP_ERR_STATE, "%s: the host cannot wait for cuda:%d while a graph is recorded", what ? what : "cuda", index);
}

const tpc_draws *tpc_draws_of(const tp__call *call)
{
    (void)call;
    if (__builtin_expect(!tpc_self.graph, 1)) return NULL;
    tpc_self.graph->drew = true;
    return tpc_self.graph->draws;
}

bool tpc_graph_keeps_pinned(void *memory, size_t bytes)
{
    tpc_graph *g = tpc_self.graph;
    if (g->n_pinned == g->pinned_room) {
        const int64_t room = g->pinned_room ? 2 * g->pinned_room : 8;
        pinned_piece *more = tpc_core->fails_now() ? NULL : realloc(g->pinned, sizeof *more * (size_t)room);
        if (!more) return false;
        g->pinned = more;
        g->pinned_room = room;
    }
    g->pinned[g->n_pinned++] = (pinned_piece){ memory, bytes };
    return true;
}

/* What `second` is given from now on comes after what `first` was given. */
static cudaError_t follow(tpc_graph *g, cudaStream_t first, cudaStream_t second)
{
    const cudaError_t error = cudaEventRecord(g->done, first);
    return error ? error : cudaStreamWaitEvent(second, g->done, 0);
}

tp_status tpc_graph_new(int index, void **out)
{
    tp_status status = tpc_ready(index);
    if (status) return status;
    if (tpc_self.graph) return tpc_core->fail(TP_ERR_STATE, "cuda_graph_record: this thread records a graph already");
    tpc_graph *g = tpc_core->fails_now() ? NULL : calloc(1, sizeof *g);
    if (!g) return tpc_core->fail(TP_ERR_MEMORY, "cuda_graph_record: no memory");
    void *stream = NULL;
    if (!(g->done = tpc_event_take(index))) status = tpc_core->fail(TP_ERR_MEMORY, "cuda_graph_record: no event");
    if (!status) status = tpc_stream_new(index, &stream);
    if (status) {
        tpc_event_give(index, g->done);
        free(g);
        return status;
    }
    g->stream = stream;
    g->stream->keeps = true;
    g->holds.id = atomic_fetch_add(&last_id, 1) + 1;
    const cudaError_t error = follow(g, tpc_current(index)->handle, g->stream->handle);
    g->before = tpc_stream_set(index, g->stream);
    g->chosen = true;
    *out = g;
    return error ? tpc_error(index, error, NULL, "a stream that waits for another") : TP_OK;
}

tp_status tpc_graph_begin(int index, void *graph)
{
    tpc_graph *g = graph;
    tp_status status = tpc_ready(index);
    if (!status) status = tpc_wait_stream(index, g->stream);       /* what failed in the steps before comes to light */
    if (status) return status;
    if (!g->draws && !(g->draws = tpc_alloc(index, sizeof *g->draws, &g->draws_block))) return tpc_core->pending();
    tpc_stream_records(index, g->stream, g);
    const cudaError_t error = cudaStreamBeginCapture(g->stream->handle, cudaStreamCaptureModeThreadLocal);
    if (error) {
        tpc_stream_records(index, g->stream, NULL);
        return tpc_error(index, error, "cuda_graph_record", "cudaStreamBeginCapture");
    }
    tpc_self.graph = g;
    return TP_OK;
}

/* The runtime's error is not reported where another came before it, of which it is a consequence. */
static tp_status stop(int index, tpc_graph *g, bool keep, bool drew)
{
    cudaGraph_t recorded = NULL;
    cudaError_t error = cudaStreamEndCapture(g->stream->handle, &recorded);
    tpc_self.graph = NULL;
    tpc_stream_records(index, g->stream, NULL);
    tp_status status = TP_OK;
    if (keep && !error && g->holds.failed) status = tpc_core->fail(TP_ERR_MEMORY, "cuda_graph_record: no memory for the list of what it uses");
    if (keep && !error && !status && drew && !g->drew)
        status = tpc_core->fail(TP_ERR_UNSUPPORTED, "cuda_graph_record: the step draws random numbers by ops that a graph would repeat");
    if (keep && !error && !status) error = cudaGraphInstantiate(&g->exec, recorded, 0);
    if (recorded) cudaGraphDestroy(recorded);
    if (error && keep) return tpc_error(index, error, "cuda_graph_record", "ending the recording");
    cudaGetLastError();
    return status;
}

tp_status tpc_graph_end(int index, void *graph, bool keep, bool drew)
{
    tpc_graph *g = graph;
    if (!tpc_lost(index) && !tpc_gone()) tpc_ready(index);         /* the step may have left another device current */
    tp_status status = tpc_self.graph == g ? stop(index, g, keep, drew) : TP_OK;
    if (!g->chosen) return status;
    g->chosen = false;
    tpc_stream_set(index, g->before);
    const cudaError_t error = tpc_lost(index) ? cudaSuccess : follow(g, g->stream->handle, tpc_current(index)->handle);
    return error && !status ? tpc_error(index, error, "cuda_graph_record", "a stream that waits for another") : status;
}

tp_status tpc_graph_launch(int index, void *graph, const uint64_t draws[3])
{
    tpc_graph *g = graph;
    const tp_status status = tpc_ready(index);
    if (status) return status;
    if (tpc_self.graph) return tpc_core->fail(TP_ERR_STATE, "cuda_graph_replay: not while a graph is recorded");
    tpc_stream_of *stream = tpc_current(index);
    cudaError_t error = cudaStreamWaitEvent(stream->handle, g->done, 0);
    if (!error && g->drew) error = tpc_put_draws(stream->handle, g->draws, (tpc_draws){ draws[0], draws[1], draws[2] });
    if (!error) error = cudaGraphLaunch(g->exec, stream->handle);
    if (!error) error = cudaEventRecord(g->done, stream->handle);
    if (error) return tpc_error(index, error, "cuda_graph_replay", "launching a graph");
    return tpc_synchronous() ? tpc_wait_stream(index, stream) : TP_OK;
}

void tpc_graph_free(int index, void *graph)
{
    tpc_graph *g = graph;
    if (!tpc_gone()) {
        enum cudaStreamCaptureMode mode = TPC_RELAXED;
        tpc_relax(&mode);
        if (!tpc_lost(index)) cudaEventSynchronize(g->done);
        if (!tpc_lost(index) && g->exec) cudaGraphExecDestroy(g->exec);
        cudaGetLastError();
        if (g->draws) tpc_release(index, g->draws, sizeof *g->draws, g->draws_block);
        tpc_let_go(index, &g->holds);
        for (int64_t i = 0; i < g->n_pinned; i++) tpc_pinned_release(g->pinned[i].memory, g->pinned[i].bytes);
        tpc_event_give(index, g->done);
        tpc_stream_free(index, g->stream);
        tpc_relax(&mode);                              /* until here, for what it held may be given back to the device */
    }
    free(g->pinned);
    free(g);
}
