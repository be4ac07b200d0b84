/* conv_phases.h: between conv_phases.c and its kernels for each instruction set. Rows of x are laid out with their padding, columns that are a stride
 * apart side by side: every tap of every output is an element at a fixed offset, and a vector beyond the last column is there too. */
#ifndef TP__CONV_PHASES_H
#define TP__CONV_PHASES_H

#include <stdbool.h>
#include <stdint.h>

/* A row of y for a strip of outputs:  y[r][j] = bias[r] + sum over k of w[k][r] x[offset[k] + j] */
typedef struct tp__phase_row {
    const float *x, *w, *bias;                         /* w [k][rows of the kernels], bias as many, or NULL */
    const int64_t *offset;
    int64_t k, cols;
    float *y;
    int64_t channel;                                   /* floats between channels of y */
    int rows;
    bool past;                                         /* y is at a line of the caches in each row, and goes past them */
} tp__phase_row;

/* dw[r][s] = sum over i, j of dy[r][i][j] x[i x_row + offset[s] + j], for as many channels and taps as the kernels have */
typedef struct tp__phase_weight {
    const float *x, *const *dy;
    const int64_t *offset;
    int64_t x_row, rows, cols;                         /* dy is [rows][cols] */
    float *dw;                                         /* [channels][taps] */
} tp__phase_weight;

typedef struct tp__phase_kernels {
    int lanes, rows, channels, taps;
    void (*row)(const tp__phase_row *t);
    void (*weight)(const tp__phase_weight *t);
} tp__phase_kernels;

enum { TP__PHASE_ROWS = 8, TP__PHASE_CHANNELS = 4, TP__PHASE_TAPS = 6 };     /* at most */
extern const tp__phase_kernels tp__phases_avx2_f32, tp__phases_avx512_f32;

#endif
