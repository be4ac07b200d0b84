/* conv_lanes.h: between conv_lanes.c and its kernels for each instruction set. A plane in lanes is [positions][lanes]: element
 * i of the vector is image i of the block. */
#ifndef TP__CONV_LANES_H
#define TP__CONV_LANES_H

#include <stdint.h>

/* One row of output positions for all output channels of a strip (at most `rows` of the kernels):
 *   y[r][j] = bias[r] + sum over k of w[k][r] x[offset[k] + j step] */
typedef struct tp__lanes_row {
    const float *x;
    const int64_t *offset;                             /* in floats, per k */
    const float *w;                                    /* [k][rows of the kernels] */
    int64_t k, count, step;                            /* taps and channels; positions; floats between positions of x */
    float *y;
    int64_t channel;                                   /* floats between channels of y */
    int rows;
    const float *bias;                                 /* NULL: none */
} tp__lanes_row;

/* dw[r][t] = sum over rows i, positions j and lanes of dy[r][i][j] x[offset[t] + i x_row + j step] */
typedef struct tp__lanes_taps {
    const float *x, *dy;
    const int64_t *offset;
    int64_t x_row, dy_row, dy_channel;                 /* floats between rows, and between channels of dy */
    int64_t height, count, step;
    int channels, taps;                                /* at most those of the kernels */
    float *dw;                                         /* [channels][taps] */
} tp__lanes_taps;

typedef struct tp__lanes_kernels {
    int lanes, rows, channels, taps;
    void (*in)(float *to, const float *from, int64_t image, int valid, int64_t count);       /* count positions of valid images to lanes */
    void (*out)(float *to, int64_t image, int valid, const float *from, int64_t count);      /* and back */
    void (*row)(const tp__lanes_row *t);
    void (*weight)(const tp__lanes_taps *t);
} tp__lanes_kernels;

extern const tp__lanes_kernels tp__lanes_base_f32, tp__lanes_avx2_f32, tp__lanes_avx512_f32;

#endif
