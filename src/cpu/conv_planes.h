/* conv_planes.h: between conv_planes.c and its kernels for each instruction set. A plane of x is laid out with its padding, so
 * that every tap of every output is an element of it, and a vector beyond the last column too. */
#ifndef TP__CONV_PLANES_H
#define TP__CONV_PLANES_H

#include <stdbool.h>
#include <stdint.h>

/* y[i][j] = start + sum over k of w[k] x[i x_step + offset[k] + j]; the start is `bias`, or y where it is to `accumulate`. */
typedef struct tp__plane {
    const float *x, *w;
    const int64_t *offset;
    int64_t x_step, rows, cols;                        /* floats of x from one row of y to the next; of y */
    int taps;
    bool near;                                         /* 3x3, row by row of x and without gaps */
    bool accumulate;
    float bias;
    float *y;                                          /* [rows][cols] */
} tp__plane;

/* sums[k][..] += the lanes of the sum over i, j of dy[i][j] x[i x_step + offset[k] + j] */
typedef struct tp__plane_weight {
    const float *x, *dy;
    const int64_t *offset;
    int64_t x_step, rows, cols;
    int taps;
    float *sums;                                       /* [taps][lanes] */
} tp__plane_weight;

typedef struct tp__plane_kernels {
    int lanes;
    void (*copy)(float *to, int64_t to_row, const float *from, int64_t from_row, int64_t rows, int64_t cols);
    void (*plane)(const tp__plane *t);
    void (*weight)(const tp__plane_weight *t);
    float (*sum)(const float *sums);                   /* of one vector's lanes */
} tp__plane_kernels;

extern const tp__plane_kernels tp__planes_base_f32, tp__planes_avx2_f32, tp__planes_avx512_f32;

#endif
