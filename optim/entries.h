/* optim/entries.h: what is to be written to a file: tensors, their names, and words about them. An object lists itself below a prefix,
 * so that it may have a file of its own or be part of one. */
#ifndef TP_OPTIM_ENTRIES_H
#define TP_OPTIM_ENTRIES_H

#include "schedule.h"

#include <taper/io.h>
#include <taper/scaler.h>

enum { TP__MOST_WORDS = 32 };
typedef struct tp__entries {
    int64_t n, room;
    tp_named_tensor *at;                       /* names are owned, tensors belong to the scope or to the object */
    int64_t n_words;
    tp_metadata words[TP__MOST_WORDS];         /* keys are owned */
} tp__entries;

/* x NULL: the error that there is. */
tp_status TP__PRINTF(3, 4) tp__entries_add(tp__entries *e, tp_tensor *x, const char *format, ...);
/* "prefix" "key": value, in the file's metadata. */
tp_status tp__entries_say(tp__entries *e, const char *prefix, const char *key, const char *value);
/* Writes the file if `status` is TP_OK, and frees the list in any case. */
tp_status tp__entries_save(tp__entries *e, tp_status status, const char *path);

/* What the metadata say under `key` of the object below a prefix, which is NULL for none. In a file of PyTorch's, nothing. */
const char *tp__file_says(const tp_file *file, const char *prefix, const char *key);

tp_status tp__optimizer_list(tp_optimizer *opt, const char *prefix, tp__entries *e);
tp_status tp__schedule_list(const tp_schedule *s, const char *prefix, tp__entries *e);
tp_status tp__scaler_list(tp_scaler *s, const char *prefix, tp__entries *e);
bool tp__is_scaler(const void *object);        /* of an object of TP_KIND_OTHER */

#endif
