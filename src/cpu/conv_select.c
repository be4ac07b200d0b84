/* conv_select.c: which way a convolution goes. */
#include "cpu/conv.h"

tp_status tp__conv_forward(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    if (g->n * g->out * g->od * g->oh * g->ow == 0) return TP_OK;
    bool finite = false;
    if (tp__conv_by_winograd_fits(g)) {
        const tp_status status = tp__conv_by_winograd(g, x, w, b, y, &finite);
        if (status || finite) return status;
        return tp__conv_by_gemm(g, x, w, b, y);
    }
    if (tp__conv_by_lanes_fits(g)) return tp__conv_by_lanes(g, x, w, b, y);
    if (tp__conv_by_planes_fits(g)) return tp__conv_by_planes(g, x, w, b, y);
    if (tp__conv_by_phases_fits(g)) return tp__conv_by_phases(g, x, w, b, y);
    if (!tp__conv_by_rows_fits(g)) return tp__conv_by_gemm(g, x, w, b, y);
    tp__conv_by_rows(g, x, w, b, y);
    return TP_OK;
}

tp_status tp__conv_data(const tp__conv *g, const void *dy, const void *w, void *dx)
{
    if (g->n * g->c * g->d * g->h * g->w == 0) return TP_OK;
    if (g->narrow) return tp__conv_by_gemm_data(g, dy, w, dx);
    bool finite = false;
    if (tp__conv_by_winograd_fits(g)) {
        const tp_status status = tp__conv_by_winograd_data(g, dy, w, dx, &finite);
        if (status || finite) return status;
        return tp__conv_by_gemm_data(g, dy, w, dx);
    }
    if (tp__conv_by_lanes_data_fits(g)) return tp__conv_by_lanes_data(g, dy, w, dx);
    if (tp__conv_by_planes_fits(g)) return tp__conv_by_planes_data(g, dy, w, dx);
    if (!tp__conv_by_rows_fits(g)) return tp__conv_by_gemm_data(g, dy, w, dx);
    tp__conv_by_rows_data(g, dy, w, dx);
    return TP_OK;
}

tp_status tp__conv_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    if (g->out * g->c * g->kd * g->kh * g->kw == 0) return TP_OK;
    if (g->narrow) return tp__conv_by_gemm_weight(g, x, dy, dw);
    bool finite = false;
    if (tp__conv_by_winograd_fits(g)) {
        const tp_status status = tp__conv_by_winograd_weight(g, x, dy, dw, &finite);
        if (status || finite) return status;
        return tp__conv_by_gemm_weight(g, x, dy, dw);
    }
    if (tp__conv_by_lanes_fits(g)) return tp__conv_by_lanes_weight(g, x, dy, dw);
    if (tp__conv_by_planes_fits(g)) return tp__conv_by_planes_weight(g, x, dy, dw);
    if (tp__conv_by_phases_weight_fits(g)) return tp__conv_by_phases_weight(g, x, dy, dw);
    if (!tp__conv_by_rows_fits(g)) return tp__conv_by_gemm_weight(g, x, dy, dw);
    tp__conv_by_rows_weight(g, x, dy, dw);
    return TP_OK;
}
