/* cross_map.c: normalization across channels by the old rule, to the letter of torch.nn.CrossMapLRN2d.
 *
 *   CrossMapLRN2d   y_c = x_c s_c^-beta,  s_c = k + alpha / size (sum of x_j^2 over |j - c| < r, and for c >= r once more x_0^2)
 *                   dx_c = dy_c s_c^-beta - 2 alpha beta / size x_c  sum of dy_j y_j / s_j over c - r <= j < c - r + size
 *                   with r = (size + 1) / 2, whole
 *
 * That x_0 stays in the sum, and that the second window is not the first turned round, so that dx is not quite the derivative, are
 * PyTorch's. Sums run along the channels as there, so that rounding is the same. */
#include "layer.h"

#include <string.h>

typedef struct cross_map { tp_module base; int64_t size; double alpha, beta, k; } cross_map;
typedef struct rule { double size, alpha, beta, k; } rule;               /* goes to the tape as a tensor of four */

static int64_t radius(int64_t size) { return (size + 1) / 2; }

static tp_status at(tp_tensor *x, int64_t c, tp_tensor **out)
{
    *out = tp_select(x, 1, c);
    return *out ? TP_OK : tp_error_status();
}

/* The running sum takes x's channel `add` in and lets `drop` go, where there are such channels; *sum may be NULL, which is zero. */
static tp_status step(tp_tensor *x, int64_t add, int64_t drop, tp_tensor **sum)
{
    const int64_t channels = tp_size(x, 1);
    tp_tensor *term;
    if (add >= 0 && add < channels) {
        if (at(x, add, &term) != TP_OK) return tp_error_status();
        *sum = *sum ? tp_add(*sum, term) : tp_clone(term);
    }
    if (drop >= 0 && drop < channels && *sum) {
        if (at(x, drop, &term) != TP_OK) return tp_error_status();
        *sum = tp_sub(*sum, term);
    }
    return tp_error_status();
}

static tp_tensor *stacked(tp_tensor **rows, int64_t n) { return tp_stack((tp_tensor_list){ .at = rows, .n = n }, 1); }

static tp_tensor *scales(tp_tensor *x, const rule *r)
{
    const int64_t channels = tp_size(x, 1), reach = radius((int64_t)r->size);
    tp_tensor **rows = tp_mem_alloc((size_t)channels * sizeof *rows), *squares = tp_mul(x, x), *sum = NULL, *s = NULL;
    bool good = rows && squares;
    for (int64_t c = 0; good && c < reach && c < channels; c++) good = step(squares, c, -1, &sum) == TP_OK;
    for (int64_t c = 0; good && c < channels; c++) {
        if (c) good = step(squares, c + reach - 1, c > reach ? c - reach : -1, &sum) == TP_OK;
        rows[c] = sum;
    }
    if (good) s = tp_add(tp_mul(stacked(rows, channels), r->alpha / r->size), r->k);
    tp_mem_free(rows, (size_t)channels * sizeof *rows);
    return s;
}

static tp_tensor *forward(tp_context *call, tp_tensor *const *x)
{
    rule r;
    memcpy(&r, tp_data(x[1]), sizeof r);
    tp_tensor *s = scales(x[0], &r), *y = tp_mul(tp_pow(s, -r.beta), x[0]);
    tp_save(call, x[0]);
    tp_save(call, x[1]);
    tp_save(call, s);
    tp_save(call, y);
    return y;
}

static tp_tensor *windows(tp_tensor *ratio, const rule *r)
{
    const int64_t channels = tp_size(ratio, 1), size = (int64_t)r->size, reach = size > 1 ? radius(size) : 0;
    tp_tensor **rows = tp_mem_alloc((size_t)channels * sizeof *rows), *sum = tp_zeros_like(tp_select(ratio, 1, 0)), *all = NULL;
    bool good = rows && sum;
    for (int64_t c = 0; good && c < size - 1 - reach; c++) good = step(ratio, c, -1, &sum) == TP_OK;
    for (int64_t c = 0; good && c < channels; c++) {
        good = step(ratio, c + size - 1 - reach, -1, &sum) == TP_OK;
        rows[c] = sum;
        if (good) good = step(ratio, -1, c - reach, &sum) == TP_OK;
    }
    if (good) all = stacked(rows, channels);
    tp_mem_free(rows, (size_t)channels * sizeof *rows);
    return all;
}

static tp_status backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    tp_tensor *x = tp_saved(call, 0), *numbers = tp_saved(call, 1), *s = tp_saved(call, 2), *y = tp_saved(call, 3);
    if (!x || !numbers || !s || !y) return tp_error_status();
    rule r;
    memcpy(&r, tp_data(numbers), sizeof r);
    tp_tensor *sums = windows(tp_div(tp_mul(dy, y), s), &r);
    dx[0] = tp_sub(tp_mul(tp_pow(s, -r.beta), dy), tp_mul(tp_mul(x, sums), 2 * r.alpha * r.beta / r.size));
    return dx[0] ? TP_OK : tp_error_status();
}

static const tp_function function = { .name = "CrossMapLRN2d", .forward = forward, .backward = backward, .once_differentiable = true };

static tp_status init(tp_module *self)
{
    const cross_map *m = (const cross_map *)self;
    return m->size < 1 || m->size > INT32_MAX ? tp__misfit(self, "size %lld must be positive", (long long)m->size) : TP_OK;
}

static tp_tensor *run(tp_module *self, tp_tensor *x)
{
    const cross_map *m = (const cross_map *)self;
    const rule r = { (double)m->size, m->alpha, m->beta, m->k };
    if (tp_ndim(x) != 4) return tp__misfit(self, "the input has %d dims, and not 4", tp_ndim(x)), NULL;
    if (!tp_size(x, 1)) return tp__misfit(self, "the input has no channels"), NULL;
    return tp_apply(&function, x, tp_from_data(&r, TP_F64, TP_SHAPE(4)));
}

static void describe(tp_module *self, char *out, size_t size)
{
    const cross_map *m = (const cross_map *)self;
    snprintf(out, size, "%lld, alpha=%g, beta=%g, k=%g", (long long)m->size, m->alpha, m->beta, m->k);
}

tp_module *tp_nn_cross_map_lrn2d_with(int64_t size, const tp_local_response_norm_options *options)
{
    TP__TAKE(local_response_norm, o, options);
    return TP__MAKE("CrossMapLRN2d", TP__WITH_INT(size, size), TP__WITH_REAL(alpha, o.alpha), TP__WITH_REAL(beta, o.beta), TP__WITH_REAL(k, o.k));
}

const tp__layer tp__nn_cross_map[] = {
    { "CrossMapLRN2d(int size, float alpha=1e-4, float beta=0.75, float k=1)", sizeof(cross_map), init, run, .describe = describe, TP__LAYER },
    { .schema = NULL },
};
