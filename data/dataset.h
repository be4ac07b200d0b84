/* dataset.h: what the files of this room share. */
#ifndef TAPER_DATA_DATASET_H
#define TAPER_DATA_DATASET_H

#include <taper/data.h>
#include <taper/extend.h>

/* True, or an error in the name of `op` for what is no dataset. */
bool tp__is_dataset(tp_dataset *set, const char *op);
tp_status tp__dataset_get(tp_dataset *set, int64_t index, tp_sample *out);      /* index is checked */
const tp_dataset_class *tp__dataset_class(tp_dataset *set);
void *tp__dataset_self(tp_dataset *set);
/* The unread error's status, else an error that says that `what` of the dataset failed without one. */
tp_status tp__dataset_failed(tp_dataset *set, const char *what, tp_status status);
/* Images uint8 [n, h, w] or [n, c, h, w] and labels uint8 [n] as a dataset of float32 [c, h, w], c = 1 where it is not there, and
 * int64 []: y = (x / 255 - mean[c]) / deviation[c]; both NULL: y = x / 255. No more than TP__MAX_CHANNELS. */
enum { TP__MAX_CHANNELS = 4 };
tp_dataset *tp__image_dataset(tp_tensor *images, tp_tensor *labels, const double *mean, const double *deviation);

#endif
