/* cuda_graph.c: recording a step, with the generator of the thread as it would be had the step been carried out each time. */
#include <taper/cuda_graph.h>

#include "core/autocast.h"
#include "core/op.h"

struct tp_cuda_graph {
    tp_device device;
    void *of;                                          /* the backend's; NULL: on the CPU, where a replay calls the step */
    tp_cuda_graph_fn *step;
    void *arg;
    uint64_t words, offset;                            /* random words that a replay takes; the generator's offset when it was recorded */
};

static __thread bool recording;

tp_status tp__not_while_recording(const char *op)
{
    return recording ? tp_fail(TP_ERR_STATE, "%s: not while a graph is recorded", op) : TP_OK;
}

bool tp_cuda_graph_is_recording(void) { return recording; }

static tp_status call(tp_cuda_graph_fn *step, void *arg)
{
    TP_SCOPE();
    const tp_status status = step(arg);
    if (tp__pending_error()) return tp__pending();
    return status ? tp_fail(status, "cuda_graph: the step returned an error of its own: %s", tp_status_name(status)) : TP_OK;
}

static tp_status warm_up_by(tp_cuda_graph *g, int64_t times)
{
    tp_status status = TP_OK;
    while (times-- > 0 && !status) status = call(g->step, g->arg);
    return status;
}

/* Between begin and end. The step drew from the generator, but nothing of it was carried out: that is taken back. */
static tp_status record(tp_cuda_graph *g)
{
    const tp_rng_state before = tp_rng_get();
    tp__casts_drop(&tp__self);                         /* copies of parameters: a replay shall make them anew */
    recording = true;
    tp_status status = call(g->step, g->arg);
    recording = false;
    tp__casts_drop(&tp__self);
    const tp_rng_state after = tp_rng_get();
    g->offset = before.offset;
    g->words = after.offset - before.offset;
    if (!status && (after.seed != before.seed || after.stream != before.stream))
        status = tp_fail(TP_ERR_STATE, "cuda_graph_record: the step seeds the generator, which is not recorded");
    tp__rng_put(before);
    return status;
}

static tp_status make(tp_cuda_graph *g, const tp_backend *backend, int64_t warm_up)
{
    const int index = g->device - TP_CUDA(0);
    if (!backend->graph_new) return warm_up_by(g, warm_up);
    tp_status status = backend->graph_new(index, &g->of);
    if (status && !g->of) return status;
    if (!status) status = warm_up_by(g, warm_up);
    if (!status && !(status = backend->graph_begin(index, g->of))) status = record(g);
    const tp_status ended = backend->graph_end(index, g->of, !status, g->words);
    return status ? status : ended;
}

tp_cuda_graph *tp_cuda_graph_record(tp_device device, tp_cuda_graph_fn *step, void *arg, int64_t warm_up)
{
    static const char op[] = "cuda_graph_record";
    if (tp__pending_error() || tp__not_while_recording(op)) return NULL;
    if (!step || warm_up < 0) {
        tp_fail(TP_ERR_ARGUMENT, step ? "%s: warm_up is %lld, less than 0" : "%s: there is no step", op, (long long)warm_up);
        return NULL;
    }
    const tp_backend *backend = device == TP_CPU || device >= TP_CUDA(0) ? tp__backend(device) : NULL;
    if (!backend) {
        tp__no_device(op, device);
        return NULL;
    }
    tp_cuda_graph *g = tp_mem_calloc(sizeof *g);
    if (!g) return NULL;
    *g = (tp_cuda_graph){ .device = device, .step = step, .arg = arg };
    if (!make(g, backend, warm_up)) return g;
    tp_cuda_graph_free(g);
    return NULL;
}

tp_status tp_cuda_graph_replay(tp_cuda_graph *g)
{
    if (tp__pending_error()) return tp__pending();
    if (!g) return tp_fail(TP_ERR_ARGUMENT, "cuda_graph_replay: the graph is NULL");
    if (!g->of) return call(g->step, g->arg);
    uint64_t draws[3] = { 0 };
    tp_rng_state state;
    if (g->words) {
        state = tp_rng_get();
        draws[0] = state.seed, draws[1] = state.stream, draws[2] = state.offset - g->offset;
    }
    tp__casts_drop(&tp__self);                         /* the graph may write the parameters */
    const tp_status status = tp__cuda()->graph_launch(g->device - TP_CUDA(0), g->of, draws);
    if (!status && g->words) {
        state.offset += g->words;
        tp__rng_put(state);
    }
    return status;
}

void tp_cuda_graph_free(tp_cuda_graph *g)
{
    if (!g) return;
    if (g->of) tp__cuda()->graph_free(g->device - TP_CUDA(0), g->of);
    tp_mem_free(g, sizeof *g);
}
