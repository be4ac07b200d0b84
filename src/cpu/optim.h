/* optim.h: one pass over all parameters of a step, in chunks that do not depend on the number of threads. */
#ifndef TP__CPU_OPTIM_H
#define TP__CPU_OPTIM_H

#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/simd.h"

enum { TP__STEP_CHUNK = 1 << 13 };                     /* elements */

/* Elements first .. first + n - 1 of tensor `which`; `chunk` counts all chunks. */
typedef void tp__step_chunk_fn(const void *attr, int64_t chunk, int64_t which, int64_t first, int64_t n);

int64_t tp__count_chunks(tp_tensor *const *params, int64_t n_params);
/* arrays: about how many are read or written at each element. */
void tp__over_chunks(tp_tensor *const *params, int64_t n_params, int arrays, tp__step_chunk_fn *run, const void *attr);

static inline void *tp__chunk_at(tp_tensor *const *list, int64_t which, int64_t first)
{
    return list ? (char *)list[which]->data + first * (int64_t)tp_dtype_size((tp_dtype)list[which]->dtype) : NULL;
}

#define TP__F32_OF(v) (v)
#define TP__F32_TO(v) (v)

#endif
