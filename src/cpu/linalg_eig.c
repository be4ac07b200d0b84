/* linalg_eig.c: eigenvalues and eigenvectors of square matrices by core/eig.h, one matrix after the other
 *
 *   eig_values   w           eig_factors   w and the vectors as columns
 *
 * A matrix that is not finite, or whose eigenvalues are not found, is an error. Nothing is fused: the bits are those of a device. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include "core/eig.h"
#include "core/op.h"

/* Input is contiguous. */
static tp__z element(const tp_tensor *x, int64_t i)
{
    switch ((tp_dtype)x->dtype) {
    case TP_F32: return tp__z_of(((const float *)x->data)[i], 0);
    case TP_F64: return tp__z_of(((const double *)x->data)[i], 0);
    case TP_C64: return tp__z_of(((const float *)x->data)[2 * i], ((const float *)x->data)[2 * i + 1]);
    default: return ((const tp__z *)x->data)[i];
    }
}
static void put(tp_tensor *y, int64_t i, tp__z v)
{
    if (y->dtype == TP_C128) ((tp__z *)y->data)[i] = v;
    else ((float *)y->data)[2 * i] = (float)v.re, ((float *)y->data)[2 * i + 1] = (float)v.im;
}

static tp_status one(tp__call *call, const tp__eig *s, int64_t b)
{
    const int64_t n = s->n;
    for (int64_t i = 0; i < n * n; i++) s->t[i] = element(call->in[0], b * n * n + i);
    switch (tp__eig_run(s)) {
    case TP__EIG_NOT_FINITE: return tp__call_fail(call, TP_ERR_NUMERIC, "matrix %lld has elements that are not finite", (long long)b);
    case TP__EIG_NOT_FOUND: return tp__call_fail(call, TP_ERR_NUMERIC, "the eigenvalues of matrix %lld were not found", (long long)b);
    default: break;
    }
    for (int64_t i = 0; i < n; i++) put(call->out[0], b * n + i, s->w[i]);
    for (int64_t i = 0; i < n && s->vectors; i++)
        for (int64_t k = 0; k < n; k++) put(call->out[1], (b * n + i) * n + k, s->t[k * n + i]);
    return TP_OK;
}

static tp_status run(tp__call *call, bool vectors)
{
    const tp_tensor *x = call->in[0];
    const int64_t n = x->shape[x->ndim - 1];
    const bool real = !tp__is_complex(x->dtype);
    if (!x->numel) return TP_OK;
    const size_t bytes = (size_t)tp__eig_room(n, real, vectors);
    void *room = tp_mem_alloc(bytes);
    if (!room) return TP_ERR_MEMORY;
    const tp__eig s = tp__eig_of(room, n, tp__eig_steps(n), real, vectors);
    tp_status status = TP_OK;
    for (int64_t b = 0; b < x->numel / (n * n) && !status; b++) status = one(call, &s, b);
    tp_mem_free(room, bytes);
    return status;
}

static tp_status eig_values(tp__call *call) { return run(call, false); }
static tp_status eig_factors(tp__call *call) { return run(call, true); }

const tp_kernel tp__cpu_linalg_eig[] = { { "eig_values", eig_values, NULL }, { "eig_factors", eig_factors, NULL }, { NULL, NULL, NULL } };
