/* attr.h: what crosses to a kernel, readable as C11 and as C++17: the forms of attributes, and a kernel's row in a table. */
#ifndef TP__ATTR_H
#define TP__ATTR_H

#include <taper/core.h>

typedef struct tp__ints { int64_t n, v[TP_MAX_DIMS]; } tp__ints;
typedef struct tp__floats { int64_t n; double v[TP_MAX_DIMS]; } tp__floats;
typedef struct tp__int_list { int64_t n; const int64_t *v; } tp__int_list;

typedef struct tp__call tp__call;                      /* core/op.h; in cuda/ read through cuda/call.h */
typedef tp_status tp_kernel_fn(tp__call *call);
/* A plain loop over n elements of an elementwise op: all contiguous and of one dtype; y may be an input. */
typedef void tp_flat_fn(int64_t n, void *y, const void *const *in, const void *attr);

typedef struct tp_kernel {
    const char *name;
    tp_kernel_fn *run;
    tp_flat_fn *const *flat;                           /* by dtype (TP_DTYPE_END of them), for the CPU's fast path; NULL: none */
} tp_kernel;

#endif
