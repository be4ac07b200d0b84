/* training.h: all that a run of training is made of in one file, from which it goes on as if it had never stopped.
 *
 *   if (access("run.safetensors", R_OK) == 0)
 *       tp_training_load("run.safetensors", { "model", net }, { "optimizer", opt }, { "scheduler", schedule }, { "loader", loader });
 *   ..
 *   tp_training_save("run.safetensors", { "model", net }, { "optimizer", opt }, { "scheduler", schedule }, { "loader", loader });
 *
 * Each part has a name, and what it saves stands in the file below it: "model.0.weight", "optimizer.state.0.exp_avg", "loader.epoch". So
 * one part of it can be loaded alone as well: tp_module_load(net, path, .prefix = "model."). The thread's generator of random numbers
 * goes along as "random". */
#ifndef TAPER_TRAINING_H
#define TAPER_TRAINING_H

#include <taper/data.h>
#include <taper/nn.h>
#include <taper/optim.h>
#include <taper/scaler.h>

/* A module (or a struct of your own that begins with one), optimizer, schedule, scaler, loader, or a tensor: what else is to be remembered,
 * such as a count of steps, as a 0-dim int64. The name is unique, has no dot, and is not "random". */
typedef struct tp_part { const char *name; void *object; } tp_part;

#ifdef __cplusplus
extern "C" {
#endif

/* Writes one safetensors file, whole or, on error, as it was. Refused while an error is unread. TP_ERR_ARGUMENT: no part, a name, a part
 * that is NULL or of another kind; TP_ERR_UNSUPPORTED: an optimizer that cannot be saved; TP_ERR_IO, TP_ERR_MEMORY. */
TP_API tp_status tp_training_save_each(const char *path, const tp_part *parts, int n);
/* Loads the parts in the order given, which need not be that of saving, then sets the thread's generator. Each part is made first as it was
 * made for the run that was saved, a schedule after its optimizer, and is loaded whole or not at all; after an error those before it have
 * been. Tensors are written in place. The file may be one of PyTorch's too, of a dict with the state_dict() of each part; it has no "random",
 * and what nobody asked for in it is passed over. In one of ours that is TP_ERR_ARGUMENT, before anything is loaded. Else the errors
 * are those of each part's own load, and TP_ERR_FORMAT: nothing is there for a loader, a tensor, or the generator. */
TP_API tp_status tp_training_load_each(const char *path, const tp_part *parts, int n);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define TP__PARTS(...) (tp_part[]){ __VA_ARGS__ }, (int)(sizeof((tp_part[]){ __VA_ARGS__ }) / sizeof(tp_part))
#define tp_training_save(path, ...) tp_training_save_each(path, TP__PARTS(__VA_ARGS__))
#define tp_training_load(path, ...) tp_training_load_each(path, TP__PARTS(__VA_ARGS__))
#else
/* tp_training_save(path, { { "model", net }, { "optimizer", opt } }) */
inline tp_status tp_training_save(const char *path, std::initializer_list<tp_part> parts)
{ return tp_training_save_each(path, parts.begin(), static_cast<int>(parts.size())); }
inline tp_status tp_training_load(const char *path, std::initializer_list<tp_part> parts)
{ return tp_training_load_each(path, parts.begin(), static_cast<int>(parts.size())); }
#endif

#endif
