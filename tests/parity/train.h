/* train.h: what the files of whole training runs share: a run while it goes, and what a model is. */
#ifndef PARITY_TRAIN_H
#define PARITY_TRAIN_H

#include "parity.h"

enum { MOST_LAYERS = 8 };

typedef struct run {
    sample *s;
    const struct model *model;
    tp_module *net;                                    /* its parameters and buffers have the file's names */
    tp_dtype dtype;
    int64_t steps;
    tp_tensor *x, *y;                                  /* one batch a row; NULL: the model has data of its own */
    tp_tensor *carried[2 * MOST_LAYERS];               /* slots of tp_assign: what goes from step to step */
} run;

typedef struct model {
    const char *name;                                  /* as the file's */
    bool (*build)(run *r);                             /* makes net of layers; NULL: holders with the file's names */
    tp_tensor *(*forward)(run *r, int64_t step, tp_tensor **target);       /* target begins as y's row; NULL: an error */
} model;
extern const model feedforward_models[], recurrent_models[];           /* each ends in one without a name */

/* A parameter or buffer by name; NULL and an error: there is none. */
tp_tensor *weight(run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool has_weight(run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* x's row of a step, floating as the model is. */
tp_tensor *batch_input(run *r, int64_t step);
/* linear(x) with the weights "NAME.weight" and, if it is there, "NAME.bias". */
tp_tensor *apply_linear(run *r, const char *name, tp_tensor *x);

#endif
