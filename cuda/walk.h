/* walk.h: how a kernel steps through tensors of one shape and several layouts. The host orders and joins their dims (walk.c), so that
 * what is contiguous is one dim; the kernel makes an element's offsets from its number (kernel.cuh). */
#ifndef TPC_WALK_H
#define TPC_WALK_H

#include "cuda/call.h"

enum { TPC_WALK_ARRAYS = 6 };

/* n / size of n < 2^31 is (mulhi(n, factor) + n) >> shift */
typedef struct tpc_divisor { uint32_t size, factor, shift; } tpc_divisor;

typedef struct tpc_walk {
    int64_t numel;
    int32_t ndim;                                      /* at least 1 */
    bool wide;                                         /* numbers of elements do not fit 31 bits */
    int64_t size[TP_MAX_DIMS];
    tpc_divisor by[TP_MAX_DIMS];
    int64_t stride[TPC_WALK_ARRAYS][TP_MAX_DIMS];      /* in elements; 0 where an array broadcasts */
} tpc_walk;

#ifdef __cplusplus
extern "C" {
#endif

/* Over y in the order of its memory; x[k] broadcasts to it. In the walk y is array 0, x[k] array k + 1. */
void tpc_walk_over(tpc_walk *w, const tpc_array *y, const tpc_array *const *x, int n);
/* Over given dims in the order given: stride[k] is array k's. */
void tpc_walk_dims(tpc_walk *w, int ndim, const int64_t *size, const int64_t *const *stride, int n);
tpc_divisor tpc_divisor_of(int64_t size);

/* ---- Elementwise kernels (pointwise.cuh) ---------------------------------------------------------------------------------------------- */

/* What a row says of its loops, as tp__pointwise of src/cpu/pointwise.h does. */
typedef struct tpc_loops { uint32_t dtypes; uint8_t n_in, conditions; bool gives_bool; uint8_t takes_number; } tpc_loops;

typedef struct tpc_operand {                           /* 0 is the output */
    void *data;
    int32_t dtype, via;                                /* via: an input is cast to this first; 0: at once */
    bool is_value;                                     /* a number of the host's: `real` and `whole` are it, as the loop takes it */
    double real;
    int64_t whole;
} tpc_operand;

typedef struct tpc_pointwise {
    tpc_walk walk;
    int32_t compute;                                   /* F32, F64 or I64: the loop */
    int32_t storage;                                   /* of all arrays where `direct` */
    bool linear;                                       /* all are contiguous in the same order */
    bool direct;                                       /* and of the storage dtype, which the loop takes, and aligned */
    tpc_operand at[TPC_WALK_ARRAYS];
} tpc_pointwise;

/* Of the call's first n_in tensors. y NULL: output 0, else it stands for it. */
tp_status tpc_pointwise_plan(const tp__call *call, const tpc_loops *loops, const tpc_array *y, tpc_pointwise *plan);
/* Of other inputs than the call's, and to y. */
tp_status tpc_pointwise_plan_on(const tp__call *call, const tpc_loops *loops, const tpc_array *y, const tpc_array *in, tpc_pointwise *plan);
/* A number of the host's as the dtype holds it, at most 16 bytes. */
void tpc_value_as(const tpc_array *x, int dtype, void *to);
/* The shape that n arrays broadcast to, laid out as the first that has it; without memory. */
void tpc_broadcast(tpc_array *y, const tpc_array *x, int n);

#ifdef __cplusplus
}
#endif

#endif
