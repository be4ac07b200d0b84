/* place.h: where the program stands: the path of modules, and the user's call. What is an address becomes text when it is read,
 * since that takes long. */
#ifndef TP__PLACE_H
#define TP__PLACE_H

#include <stddef.h>

typedef struct tp__place {
    const void *caller;                                /* return address of the call; NULL where `where` is all that is known */
    char path[256];                                    /* "net.body.2 (Linear)", or "" */
    char where[256];                                   /* "train.c:41" of the innermost module call that said so, or "" */
} tp__place;

void tp__place_now(tp__place *out);
/* "train.c:41", or as near as one can come; "" when nothing is known. */
void tp__place_text(const void *caller, const char *where, char *out, size_t size);

/* Adds to the message of the unread error. */
void tp__error_add(const char *text);

/* The op that a message of this call names: that which a user called, where this one is a part of it that no user calls. ops/run.c */
struct tp__call;
const char *tp__op_name(const struct tp__call *call);

#endif
