/* fuse.c: batch norms that are done with training: folded into the layer before them, and given new statistics.
 *
 *   y = g (W x + b - mean) / sqrt(var + eps) + c  =  (s W) x + (b - mean) s + c,   s = g / sqrt(var + eps) */
#include "layer.h"
#include "module.h"

#include <math.h>
#include <string.h>

/* ---- Folding ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_type(tp_module *m, const char *prefix)
{
    return m && tp__state(m)->layer && !strncmp(tp_module_type(m), prefix, strlen(prefix));
}

/* The layer made again, with a bias */
static tp_module *with_bias(const tp_module *m)
{
    const tp__layer_state *s = tp__layer_prepare(tp__state(m)->layer);
    tp_arg args[TP__MOST_FIELDS];
    for (int i = 0; i < s->n; i++) {
        args[i] = tp__field_arg(&s->fields[i], m);
        if (!strcmp(s->fields[i].name, "bias")) args[i].value.boolean = true;
    }
    return tp__layer_make(s->type, args, s->n);
}

static tp_status fold(tp_module *m, tp_module *norm, int along, tp_module *into)
{
    tp_tensor *w = tp_module_tensor(m, "weight"), *b = tp_module_tensor(m, "bias");
    tp_tensor *mean = tp_module_tensor(norm, "running_mean"), *var = tp_module_tensor(norm, "running_var");
    tp_tensor *gain = tp_module_tensor(norm, "weight"), *shift = tp_module_tensor(norm, "bias");
    if (!w) return tp_error_status();
    if (tp_size(w, along) != tp_numel(mean))
        return tp_fail(TP_ERR_SHAPE, "fuse_bn_eval: the layer gives %lld channels, the norm takes %lld",
                       (long long)tp_size(w, along), (long long)tp_numel(mean));
    tp_tensor *scale = tp_rsqrt(tp_add(var, tp__argument_of(norm, "eps").value.real));
    if (gain) scale = tp_mul(scale, gain);
    tp_tensor *bias = tp_mul(b ? tp_sub(b, mean) : tp_neg(mean), scale);
    if (shift) bias = tp_add(bias, shift);
    tp_shape shape = { .ndim = tp_ndim(w) };
    for (int d = 0; d < shape.ndim; d++) shape.dim[d] = d == along ? tp_numel(mean) : 1;
    const tp_dtype dtype = tp_dtype_of(w);
    tp_tensor *weight = tp_to_dtype(tp_mul(w, tp_reshape(scale, shape)), dtype);
    tp_status status = weight ? tp_set_data(tp_module_tensor(into, "weight"), weight) : tp_error_status();
    if (!status) status = tp_set_data(tp_module_tensor(into, "bias"), tp_to_dtype(bias, dtype));
    return status;
}

static tp_status check(tp_module *m, tp_module *norm)
{
    if (tp_failed()) return tp_error_status();
    if (!is_type(m, "Conv") && !is_type(m, "Linear"))
        return tp_fail(TP_ERR_UNSUPPORTED, "fuse_bn_eval: takes a convolution or Linear, not %s", m ? tp_module_type(m) : "NULL");
    if (!is_type(norm, "BatchNorm")) return tp_fail(TP_ERR_ARGUMENT, "fuse_bn_eval: the second is no BatchNorm, but %s", norm ? tp_module_type(norm) : "NULL");
    if (tp_is_training(m) || tp_is_training(norm)) return tp_fail(TP_ERR_STATE, "fuse_bn_eval: both must be in evaluation mode: tp_eval");
    if (!tp_module_tensor(norm, "running_mean"))
        return tp_failed() ? tp_error_status() : tp_fail(TP_ERR_ARGUMENT, "fuse_bn_eval: the norm keeps no running statistics");
    if (is_type(m, "ConvTranspose") && tp__argument_of(m, "groups").value.integer != 1)
        return tp_fail(TP_ERR_UNSUPPORTED, "fuse_bn_eval: takes no transposed convolution in groups");
    return TP_OK;
}

tp_module *(tp_fuse_bn_eval)(tp_module *m, tp_module *norm)
{
    if (check(m, norm)) return NULL;
    TP_SCOPE();
    TP_NO_GRAD();
    tp_module *into = with_bias(m);
    if (!into) return NULL;
    if (!fold(m, norm, is_type(m, "ConvTranspose"), into) && !(tp_eval)(into)) return into;
    (tp_module_free)(into);
    return NULL;
}

/* ---- New statistics ----------------------------------------------------------------------------------------------------------------------- */

/* Of a norm whose statistics run; NULL: of any other module. */
static double *momentum_of(tp_module *m)
{
    if (!is_type(m, "BatchNorm") || !tp_module_tensor(m, "running_mean")) return NULL;
    const tp__field *field = tp__field_find(tp__layer_prepare(tp__state(m)->layer), "momentum");
    return field ? (double *)(void *)((char *)m + field->offset) : NULL;
}

static tp_status reset(tp_module *m)
{
    TP_SCOPE();
    const bool good = tp_fill_(tp_module_tensor(m, "running_mean"), 0) && tp_fill_(tp_module_tensor(m, "running_var"), 1)
                   && tp_fill_(tp_module_tensor(m, "num_batches_tracked"), 0);
    return good ? TP_OK : tp_error_status();
}

static tp_status run_through(tp_module *m, tp_next_input_fn *next, void *arg)
{
    for (;;) {
        TP_SCOPE();
        tp_tensor *x = next(arg);
        if (!x) return tp_error_status();
        if (!(tp_forward)(m, x)) return tp_error_status();
    }
}

/* What a module was before; `momentum` is of one with statistics alone. */
typedef struct before { tp_module *m; double momentum; bool training; } before;

/* From m down, whatever failed. A module that came in between is left as it is: `was` has [n] in the order of the tree, and the next is at *at. */
static void put_back(tp_module *m, const before *was, int64_t n, int64_t *at)
{
    const struct tp_module_state *s = tp__state(m);
    for (int64_t i = 0; i < n; i++) {
        const before *b = &was[(*at + i) % n];
        if (b->m != m) continue;
        double *momentum = momentum_of(m);
        if (momentum) *momentum = b->momentum;
        tp__state(m)->training = b->training;
        *at = b - was + 1;
        break;
    }
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].kind == TP_ENTRY_MODULE) put_back(s->members[i].child, was, n, at);
}

tp_status (tp_update_bn)(tp_module *m, tp_next_input_fn *next, void *arg)
{
    if (tp_failed()) return tp_error_status();
    if (!m || !next) return tp_fail(TP_ERR_ARGUMENT, "update_bn: %s is NULL", m ? "what gives the inputs" : "the module");
    TP_NO_GRAD();
    const tp_entry_list all = (tp_named_modules)(m);
    const size_t bytes = (size_t)all.n * sizeof(before);
    before *was = all.n ? tp_mem_alloc(bytes) : NULL;
    if (!was) return tp_error_status();
    const int64_t n = all.n;
    int64_t at = 0;
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        const double *momentum = momentum_of(all.at[i].module);
        was[i] = (before){ all.at[i].module, momentum ? *momentum : 0, (tp_is_training)(all.at[i].module) };
        any = any || momentum;
    }
    tp_status status = TP_OK;
    for (int64_t i = 0; i < n && !status; i++)
        if (momentum_of(was[i].m)) status = reset(was[i].m);
    if (!status && any) {
        for (int64_t i = 0; i < n; i++) {
            double *momentum = momentum_of(was[i].m);
            if (momentum) *momentum = NAN;             /* the mean over all batches */
        }
        status = (tp_train)(m);
        if (!status) status = run_through(m, next, arg);
        put_back(m, was, n, &at);
    }
    tp_mem_free(was, bytes);
    return status;
}
