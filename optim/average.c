/* optim/average.c: averages of weights over training, and weights as one vector.
 *
 *   a = a + (x - a) / (n + 1)          the mean of all x        (Izmailov et al. 2018, "Averaging weights leads to wider optima")
 *   a = a + (1 - decay) (x - a)        a moving one */
#include "optimizer.h"

static tp_status check_list(tp_tensor_list list, const char *op)
{
    if (list.n < 0 || (list.n && !list.at))
        return tp_fail(TP_ERR_ARGUMENT, "%s: a list is NULL", op);
    for (int64_t i = 0; i < list.n; i++)
        if (!list.at[i])
            return tp_fail(TP_ERR_ARGUMENT, "%s: tensor %lld is NULL", op, (long long)i);
    return TP_OK;
}

/* ---- Averages ---------------------------------------------------------------------------------------------------------------------- */

static bool same_shape(tp_tensor *a, tp_tensor *b)
{
    bool same = tp_ndim(a) == tp_ndim(b);
    for (int d = 0; same && d < tp_ndim(a); d++)
        same = tp_size(a, d) == tp_size(b, d);
    return same;
}

static tp_status check_pairs(tp_tensor_list a, tp_tensor_list x)
{
    if (check_list(a, "average") || check_list(x, "average"))
        return tp_error_status();
    if (a.n != x.n)
        return tp_fail(TP_ERR_ARGUMENT, "average: %lld averages of %lld tensors", (long long)a.n, (long long)x.n);
    for (int64_t i = 0; i < a.n; i++) {
        if (!same_shape(a.at[i], x.at[i]))
            return tp_fail(TP_ERR_SHAPE, "average: tensor %lld has another shape than its average", (long long)i);
        if (tp_dtype_of(a.at[i]) != tp_dtype_of(x.at[i]))
            return tp_fail(TP_ERR_DTYPE, "average: tensor %lld is %s, its average %s", (long long)i, tp_dtype_name(tp_dtype_of(x.at[i])),
                           tp_dtype_name(tp_dtype_of(a.at[i])));
    }
    return TP_OK;
}

static bool is_averaged(tp_tensor *x)
{
    const tp_dtype dtype = tp_dtype_of(x);
    return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16 || tp_is_complex(x);
}

static tp_status average_one(tp_tensor *a, tp_tensor *x, int64_t n, double decay)
{
    TP_SCOPE();
    tp_tensor *to = tp_detach(a), *from = tp_to(tp_detach(x), tp_device_of(a));
    if (n == 0 || !is_averaged(a))
        return tp_copy_(to, from) ? TP_OK : tp_error_status();
    const double weight = decay == TP_UNSET ? 1 / ((double)n + 1) : 1 - decay;
    return tp_add_(to, tp_mul(tp_sub(from, to), weight)) ? TP_OK : tp_error_status();
}

tp_status tp_average_with(tp_tensor_list averages, tp_tensor_list values, int64_t n, const tp_average_options *options)
{
    tp_average_options o = TP__BRACES(average, );
    if (tp_failed() || tp_options_take("average", &o, options, offsetof(tp_average_options, tp__end)) || check_pairs(averages, values))
        return tp_error_status();
    if (n < 0)
        return tp_fail(TP_ERR_ARGUMENT, "average: %lld calls before this one", (long long)n);
    if (o.decay != TP_UNSET && !(o.decay >= 0 && o.decay <= 1))
        return tp_fail(TP_ERR_ARGUMENT, "average: decay is %g, and has to be from 0 to 1", o.decay);
    TP_NO_GRAD();
    tp_status status = TP_OK;
    for (int64_t i = 0; i < averages.n && !status; i++)
        status = average_one(averages.at[i], values.at[i], n, o.decay);
    return status;
}

/* ---- One vector -------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_parameters_to_vector(tp_tensor_list params)
{
    static const char op[] = "parameters_to_vector";
    if (tp_failed() || check_list(params, op))
        return NULL;
    if (!params.n)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the list is empty", op), NULL;
    const size_t bytes = (size_t)params.n * sizeof(tp_tensor *);
    tp_tensor **flat = tp_mem_alloc(bytes), *y = NULL;
    if (!flat)
        return NULL;
    bool complete = true;
    for (int64_t i = 0; i < params.n && complete; i++) {
        if (tp_dtype_of(params.at[i]) != tp_dtype_of(params.at[0]))
            tp_fail(TP_ERR_DTYPE, "%s: tensor %lld is %s, the first %s", op, (long long)i,
                    tp_dtype_name(tp_dtype_of(params.at[i])), tp_dtype_name(tp_dtype_of(params.at[0])));
        complete = (flat[i] = tp_reshape(params.at[i], TP_SHAPE(-1)));
    }
    if (complete)
        y = tp_cat((tp_tensor_list){ .at = flat, .n = params.n }, 0);
    tp_mem_free(flat, bytes);
    return y;
}

tp_status tp_vector_to_parameters(tp_tensor *vector, tp_tensor_list params)
{
    static const char op[] = "vector_to_parameters";
    int64_t all = 0, from = 0;
    if (tp_failed() || check_list(params, op))
        return tp_error_status();
    if (!vector || tp_ndim(vector) != 1)
        return tp_fail(TP_ERR_ARGUMENT, "%s: takes a vector", op);
    for (int64_t i = 0; i < params.n; i++)
        all += tp_numel(params.at[i]);
    if (all != tp_numel(vector))
        return tp_fail(TP_ERR_SHAPE, "%s: the vector has %lld elements, the parameters %lld", op, (long long)tp_numel(vector), (long long)all);
    TP_SCOPE();
    TP_NO_GRAD();
    for (int64_t i = 0; i < params.n; i++) {
        const int64_t n = tp_numel(params.at[i]);
        if (!tp_copy_(tp_detach(params.at[i]), tp_reshape(tp_narrow(vector, 0, from, n), tp_shape_of(params.at[i]))))
            return tp_error_status();
        from += n;
    }
    return TP_OK;
}
