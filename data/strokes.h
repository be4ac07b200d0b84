/* strokes.h: draws one handwritten-looking digit. */
#ifndef TAPER_DATA_STROKES_H
#define TAPER_DATA_STROKES_H

#include <stdint.h>
#include "dice.h"

enum { TP__DIGIT_SIDE = 28, TP__DIGIT_PIXELS = TP__DIGIT_SIDE * TP__DIGIT_SIDE };

/* Draws digit 0..9 into 28 x 28 bytes (0 is paper, 255 ink) with what chance `rng` deals it. */
void tp__draw_digit(uint8_t *pixels, int digit, tp__dice *rng);

#endif
