/* loader.h: the loader's parts: batches in slots (batch.c), the ring of slots and its workers (loader.c), the bar (progress.c). */
#ifndef TAPER_DATA_LOADER_H
#define TAPER_DATA_LOADER_H

#include <taper/stream.h>

#include "dataset.h"

/* A batch, and the buffers that the next batch of the slot takes over unless someone still uses them. */
typedef struct tp__slot {
    tp_tensor *field[TP_MAX_FIELDS];             /* retained */
    int64_t n_fields;
    int64_t *indices;                            /* [size] */
    int64_t size;
    uint64_t first;                              /* the number of its first sample since epoch 0: what seeds the samples */
    tp_tensor *moved[TP_MAX_FIELDS];             /* retained: the batch on another device, once it is sent there */
    tp_event *copied;                            /* it is there, and the memory of `field` may be written again */
    bool sent, tried;                            /* tried: and perhaps without success */
    bool ready, failed;
    tp_error_copy error;
} tp__slot;

/* How batches are made: read by all workers, written by none. */
typedef struct tp__recipe {
    tp_dataset *set;
    tp_collate_fn *collate;
    void *collate_arg;
    bool pinned;
    uint64_t seed;
} tp__recipe;

/* Makes the batch of slot->indices; what fails is put into the slot and leaves no error in the thread. */
void tp__batch_make(const tp__recipe *recipe, tp__slot *slot);
void tp__slot_empty(tp__slot *slot);             /* gives its tensors up */

enum { TP__LOGGED = 8, TP__LOGGED_NAME = 32 };
typedef struct tp__progress {
    bool shown;
    double began, drawn;                         /* seconds of the monotonic clock */
    int64_t first;                               /* batches that the epoch had before it began */
    int64_t n_logged;
    struct { char name[TP__LOGGED_NAME]; tp_tensor *value; } logged[TP__LOGGED];
} tp__progress;

void tp__progress_begin(tp__progress *bar, int64_t first);      /* the batch that the epoch begins with */
void tp__progress_draw(tp__progress *bar, int64_t epoch, int64_t done, int64_t all, bool last);    /* ten times a second at most */
tp_status tp__progress_log(tp__progress *bar, const char *name, tp_tensor *value);
void tp__progress_forget(tp__progress *bar);     /* the logged values */

#endif
