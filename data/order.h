/* order.h: which samples an epoch of a loader has, and in what order. */
#ifndef TAPER_DATA_ORDER_H
#define TAPER_DATA_ORDER_H

#include "dataset.h"

typedef struct tp__order {
    tp_data_loader_options opt;
    int64_t n;                                   /* samples of the dataset */
    int64_t total;                               /* of an epoch, of all replicas together */
    int64_t count;                               /* of this loader: what the others have, and one from the beginning where they do not come out even */
    int64_t room;
    int64_t *places;                             /* [room], of which `total` count; NULL: one after the other */
    double *weights;                             /* [n] */
} tp__order;

/* Checks the options and draws nothing yet; o is to be freed whatever comes of it. */
tp_status tp__order_set_up(tp__order *o, const tp_data_loader_options *opt, int64_t n);
/* That of an epoch: the same of the same seed, for every replica. */
tp_status tp__order_draw(tp__order *o, uint64_t seed, int64_t epoch);
int64_t tp__order_at(const tp__order *o, int64_t i);
void tp__order_free(tp__order *o);

#endif
