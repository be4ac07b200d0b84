/* dice.h: the room's own counter-based generator, Philox 4x32-10 (Salmon et al. 2011), in integers alone: the order of an
 * epoch and the built-in images are the same on every machine and do not disturb the generator of any thread. */
#ifndef TAPER_DATA_DICE_H
#define TAPER_DATA_DICE_H

#include <stdint.h>

typedef struct tp__dice { uint32_t key[2], counter[4], word[4]; int left; } tp__dice;

/* The numbers of (seed, domain, index) never meet those of another domain or index: each has its own 2^32 blocks. */
tp__dice tp__dice_start(uint64_t seed, uint32_t domain, uint64_t index);
uint32_t tp__dice_word(tp__dice *rng);
int64_t tp__dice_below(tp__dice *rng, int64_t n);                   /* 0 <= v < n */
int64_t tp__dice_between(tp__dice *rng, int64_t lo, int64_t hi);    /* lo <= v <= hi */
void tp__dice_shuffled(tp__dice *rng, int64_t *places, int64_t n);  /* 0 to n - 1 in a random order (Fisher and Yates, from within) */

enum { TP__DICE_ORDER = 1, TP__DICE_DIGITS_TRAIN, TP__DICE_DIGITS_TEST, TP__DICE_SHAPES_TRAIN, TP__DICE_SHAPES_TEST, TP__DICE_SPLIT };     /* the domains */

#endif
