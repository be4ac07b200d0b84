/* conv_select.c: which way a convolution goes, and the gradient of its bias. */
#include "cpu/conv.h"

#include <string.h>

#include "cpu/simd.h"

tp_status tp__conv_forward(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    if (g->n * g->out * g->oh * g->ow == 0) return TP_OK;
    if (tp__conv_by_lanes_fits(g)) return tp__conv_by_lanes(g, x, w, b, y);
    if (!tp__conv_by_rows_fits(g)) return tp__conv_by_gemm(g, x, w, b, y);
    tp__conv_by_rows(g, x, w, b, y);
    return TP_OK;
}

tp_status tp__conv_data(const tp__conv *g, const void *dy, const void *w, void *dx)
{
    if (g->n * g->c * g->h * g->w == 0) return TP_OK;
    if (tp__conv_by_lanes_data_fits(g)) return tp__conv_by_lanes_data(g, dy, w, dx);
    if (!tp__conv_by_rows_fits(g)) return tp__conv_by_gemm_data(g, dy, w, dx);
    tp__conv_by_rows_data(g, dy, w, dx);
    return TP_OK;
}

tp_status tp__conv_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    if (g->out * g->c * g->kh * g->kw == 0) return TP_OK;
    if (tp__conv_by_lanes_fits(g)) return tp__conv_by_lanes_weight(g, x, dy, dw);
    if (!tp__conv_by_rows_fits(g)) return tp__conv_by_gemm_weight(g, x, dy, dw);
    tp__conv_by_rows_weight(g, x, dy, dw);
    return TP_OK;
}

/* Each plane in sixteen sums, which are one vector or a few. */
#define SUM_PLANE(T) \
    static TP__INLINE void sum_plane_##T##_body(int64_t n, const T *x, T *out) \
    { \
        T sum[16] = { 0 }; \
        int64_t i = 0; \
        for (; i + 16 <= n; i += 16) for (int s = 0; s < 16; s++) sum[s] += x[i + s]; \
        for (; i < n; i++) sum[i & 15] += x[i]; \
        for (int s = 8; s; s /= 2) for (int e = 0; e < s; e++) sum[e] += sum[e + s]; \
        *out += sum[0]; \
    } \
    TP__SIMD(static, sum_plane_##T, (int64_t n, const T *x, T *out), (n, x, out))
SUM_PLANE(float)
SUM_PLANE(double)

void tp__conv_bias(const tp__conv *g, const void *dy, void *db)
{
    const int64_t l = g->oh * g->ow;
    memset(db, 0, (size_t)g->out * tp_dtype_size(g->dtype));
    for (int64_t image = 0; image < g->n; image++)
        for (int64_t o = 0; o < g->out; o++) {
            if (g->dtype == TP_F32) sum_plane_float(l, (const float *)dy + (image * g->out + o) * l, (float *)db + o);
            else sum_plane_double(l, (const double *)dy + (image * g->out + o) * l, (double *)db + o);
        }
}
