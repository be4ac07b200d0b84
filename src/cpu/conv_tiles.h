/* conv_tiles.h: between conv_winograd.c and its kernels for each instruction set. Channels are in the vectors: images are laid
 * out [positions][channels] for them, in pieces that the caches hold. */
#ifndef TP__CONV_TILES_H
#define TP__CONV_TILES_H

#include <stdbool.h>
#include <stdint.h>

enum { TP__DOT_ROWS = 6, TP__OUTER_ROWS = 8 };

/* Dot products of some rows of x with all columns of a strip of w:  y[r][..] = sum over k of x[r][k] w[k][..], added to
 * what is there, or not. */
typedef struct tp__dot_tile {
    const float *x;
    int64_t x_row, length;                             /* floats between rows of x; k */
    const float *w;                                    /* [length][vectors lanes] */
    float *y;
    int64_t y_row;                                     /* floats between its rows */
    int rows, vectors;
    bool accumulate;
} tp__dot_tile;

/* Outer products over positions:  dw[r][..] += sum over p of a[p a_step + r] x[p x_step + ..] */
typedef struct tp__outer_tile {
    const float *a, *x;
    int64_t a_step, x_step, count;
    float *dw;
    int64_t dw_row;
    int rows, vectors;
} tp__outer_tile;

typedef struct tp__conv_kernels {
    int lanes, vectors, outer_vectors;                 /* floats of a vector; vectors of a full strip of w, of an outer tile */
    void (*dot)(const tp__dot_tile *t);
    void (*outer)(const tp__outer_tile *t);
    /* `count` positions of `channels` planes, elements `step` apart, to [count][row], zeros up to `padded` channels; and back,
     * with `bias`, which may be NULL, added. */
    void (*in)(float *to, int64_t row, const float *from, int64_t plane, int64_t step, int64_t channels, int64_t padded, int64_t count);
    void (*out)(float *to, int64_t plane, int64_t step, const float *from, int64_t row, int64_t channels, int64_t count, const float *bias);
    /* Winograd's F(2 x 2, 3 x 3), of `channels` (whole vectors) of one tile: to or from 16 matrices `matrix` floats apart.
     * A lane of not_finite becomes NaN where a result is not finite. */
    void (*tile_in)(float *to, int64_t matrix, const float *x, int64_t x_row, int64_t x_col, int64_t channels);
    void (*tile_out)(float *y, int64_t y_row, int64_t y_col, const float *from, int64_t matrix, int64_t channels, float *not_finite);
    void (*tile_gradient)(float *to, int64_t matrix, const float *dy, int64_t y_row, int64_t y_col, int64_t channels);
    void (*kernel_in)(float *to, int64_t matrix, const float *w, int64_t step);          /* vectors of 9 taps, `step` floats apart */
    void (*kernel_out)(float *dw, const float *from, int64_t matrix, float *not_finite);     /* dw [9][lanes] */
} tp__conv_kernels;

extern const tp__conv_kernels tp__conv_base_f32, tp__conv_avx2_f32, tp__conv_avx512_f32;
const tp__conv_kernels *tp__conv_kernels_here(void);

#endif
