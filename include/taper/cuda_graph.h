/* cuda_graph.h: a training step that is recorded once and replayed as one, so that the host's part of it costs nothing.
 *
 *     static tp_status step(void *arg)                  // forward, backward, optimizer
 *     {
 *         trainer *t = arg;
 *         tp_zero_grad(t->opt);
 *         tp_tensor *loss = tp_cross_entropy(tp_forward(t->net, t->x), t->y);
 *         tp_backward(loss);
 *         tp_step(t->opt);
 *         return tp_copy_(t->loss, tp_detach(loss)) ? TP_OK : tp_error_status();
 *     }
 *     ...
 *     tp_copy_(trainer.x, first.x);                     // a batch for the steps before
 *     tp_copy_(trainer.y, first.y);
 *     tp_cuda_graph *graph = tp_cuda_graph_record(device, step, &trainer, 2);
 *     while (next batch) {
 *         tp_copy_(trainer.x, batch.x);                 // the inputs are tensors that stay: batches are copied into them
 *         tp_copy_(trainer.y, batch.y);
 *         tp_cuda_graph_replay(graph);
 *     }
 *     tp_cuda_graph_free(graph);
 *
 * What is recorded is what the device is asked, with the addresses and numbers of that time. So a step
 *   - reads its inputs from tensors of the device that stay, and leaves what is wanted of it in such tensors (here the loss);
 *   - does not wait for the device: tp_item, tp_copy_to, tp_print, tp_to from or to the CPU, tp_synchronize, and ops whose result has a size that
 *     depends on data, such as tp_nonzero, are errors that name the op (TP_ERR_STATE), and so are tp_stream_set and tp_event_record.
 *     tp_clip_grad_norm and a gradient scaler (taper/scaler.h) do not wait;
 *   - drops old gradients by tp_zero_grad before tp_backward;
 *   - takes the same way each time: an `if` of the host's, the learning rate and a number such as p of dropout are as they were. Record anew
 *     when one changes. Step counts of optimizers and random numbers do advance: a replay draws what the step would have drawn.
 *
 * Memory that the step allocates belongs to the graph until that is freed, and tensors that it reads are kept for it even when they are
 * dropped. Replays of a graph come one after the other, on the current stream of the thread that asks for them. A graph
 * may be replayed by any thread, but by one at a time. On the CPU nothing is recorded, and a replay calls the step. */
#ifndef TAPER_CUDA_GRAPH_H
#define TAPER_CUDA_GRAPH_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_cuda_graph tp_cuda_graph;
typedef tp_status tp_cuda_graph_fn(void *arg);         /* a scope is opened around each call of it */

/* Calls `step` `warm_up` times, which are real steps that make what is made once (gradients, the state of optimizers; 2 is enough for
 * all of Taper's, 0 where such steps were made before), and once more, recorded on `device` and not carried out. Only that last call is what
 * replays do.
 *   return  the caller's, until tp_cuda_graph_free. NULL: the step's own error, TP_ERR_STATE (a graph is being recorded already; an optimizer
 *           or a scaler has made no step yet, and would begin anew at each replay), TP_ERR_ARGUMENT (warm_up < 0), TP_ERR_DEVICE,
 *           TP_ERR_MEMORY; the device and what the step uses go on as before */
TP_API tp_cuda_graph *tp_cuda_graph_record(tp_device device, tp_cuda_graph_fn *step, void *arg, int64_t warm_up);
TP_API tp_status tp_cuda_graph_replay(tp_cuda_graph *graph);     /* one more step. Does not wait */
TP_API void tp_cuda_graph_free(tp_cuda_graph *graph);            /* waits for its replays; what it left in tensors stays. NULL is fine */
/* Does this thread record one? Then what is made once, and stays, would be made anew at each replay. */
TP_API bool tp_cuda_graph_is_recording(void);

#ifdef __cplusplus
}
#endif

#endif
