/* rest.h: what a thread needs seldom, apart from the small struct that each op reads. */
#ifndef TP__REST_H
#define TP__REST_H

#include "core/thread.h"

enum { TP__TEXTS = 8, TP__TEXT_BYTES = 200 };

struct tp__thread_rest {
    tp_error_copy error;
    bool has_error;
    char text[TP__TEXTS][TP__TEXT_BYTES];              /* shape texts, in a ring */
    int next_text;
    bool rng_seeded;
    tp_rng_state rng;
};

/* Never NULL: without memory, one that all threads in need share. */
tp__thread_rest *tp__rest(void);

#endif
