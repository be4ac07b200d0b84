/* complex.h: complex tensors and their parts, for shape rules and rules. */
#ifndef TP__OPS_COMPLEX_H
#define TP__OPS_COMPLEX_H

#include "ops/samples.h"

tp_dtype tp__part_dtype(int dtype);                    /* of a complex dtype; others are their own */
tp_dtype tp__complex_dtype(int dtype);                 /* complex128 of float64 and complex128, else complex64 */
/* The real (0) or imaginary (1) parts of z, in its memory, outside of the tape. NULL: an error. */
tp_tensor *tp__part(tp_tensor *z, int which);
/* A further way: made of ops on real tensors, complex_forms.c. */
enum { TP__COMPLEX_FORM = TP__COMPLEX_PARTS + 1 };
typedef tp_status tp__complex_form(tp__call *call);
tp__complex_form *tp__complex_form_of(const char *name);                 /* NULL: the op has none */
tp_status tp__norm_of_complex(tp__call *call);         /* reduce_norm.c: that of linalg_vector_norm */
/* complex_linalg.c: those of the ops that they are called by. */
tp_status tp__complex_cholesky(tp__call *call);
tp_status tp__complex_solve_triangular(tp__call *call);
tp_status tp__complex_cholesky_solve(tp__call *call);
tp_status tp__complex_cholesky_inverse(tp__call *call);
tp_status tp__complex_slogdet(tp__call *call);
tp_status tp__complex_det(tp__call *call);
tp_status tp__complex_logdet(tp__call *call);
/* Finds which of the TP__COMPLEX_.. the op is. */
void tp__complex_prepare(tp__op_state *state);
/* Runs `work` of a call with complex tensors on their real parts, then on their imaginary ones. */
tp_status tp__by_parts(tp__call *call, tp_status (*work)(tp__call *));
/* Both parts in (lo, hi), requiring grad; complex64 where the set is of 16 bits. */
tp_tensor *tp__sample_complex(const tp_sample_set *set, tp_shape shape, double lo, double hi);

#endif
