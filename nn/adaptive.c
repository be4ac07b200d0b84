/* adaptive.c: a softmax over many classes, the rare ones in clusters of their own (Grave et al. 2017).
 *
 *   head = the classes below cutoffs[0], and one number for each cluster;  cluster i = classes cutoffs[i] .. cutoffs[i + 1] - 1
 *   log p(y | x) = log_softmax(head x)[y],  or of a y in cluster i  log_softmax(head x)[cutoffs[0] + i] + log_softmax(tail_i x)[y - cutoffs[i]]
 *   tail_i goes through in_features / div_value^(i + 1) features, without biases
 *
 * Only rows whose target is in a cluster are run through its tail. */
#include "layer.h"
#include "module.h"

#include <math.h>

typedef struct adaptive {
    tp_module base;
    int64_t in, classes;
    tp__int_values cutoffs;
    double div_value;
    bool head_bias;
    tp_device device;
    tp_dtype dtype;
    tp_module *head, *tail[TP_MAX_DIMS];
} adaptive;

static tp_module *linear(const adaptive *m, int64_t in, int64_t out, bool bias)
{
    return TP__MAKE("Linear", TP__WITH_INT(in_features, in), TP__WITH_INT(out_features, out), TP__WITH_BOOL(bias, bias), TP__WITH_PLACE(*m));
}

/* Where cluster i ends */
static int64_t end_of(const adaptive *m, int64_t i) { return i + 1 < m->cutoffs.n ? m->cutoffs.v[i + 1] : m->classes; }

static tp_status adaptive_init(tp_module *self)
{
    adaptive *m = (adaptive *)self;
    if (m->in < 0) return tp__misfit(self, "in_features %lld must not be negative", (long long)m->in);
    if (m->cutoffs.n < 1) return tp__misfit(self, "cutoffs are missing");
    for (int64_t i = 0; i < m->cutoffs.n; i++)
        if (m->cutoffs.v[i] <= (i ? m->cutoffs.v[i - 1] : 0) || m->cutoffs.v[i] >= m->classes)
            return tp__misfit(self, "cutoffs must rise, from 1 on and below %lld classes: number %lld is %lld", (long long)m->classes, (long long)i,
                              (long long)m->cutoffs.v[i]);
    if (!(m->div_value > 0)) return tp__misfit(self, "div_value %g must be positive", m->div_value);
    m->head = tp_add_child(self, "head", linear(m, m->in, m->cutoffs.v[0] + m->cutoffs.n, m->head_bias));
    tp_module *tail = tp_add_child(self, "tail", tp__layer_make("ModuleList", NULL, 0));
    for (int64_t i = 0; i < m->cutoffs.n && tail; i++) {
        const double width = floor((double)m->in / pow(m->div_value, (double)(i + 1)));
        if (!(width < 1e15)) return tp__misfit(self, "div_value %g makes %g features", m->div_value, width);
        m->tail[i] = tp_module_append(tail, tp_sequential(linear(m, m->in, (int64_t)width, false),
                                                          linear(m, (int64_t)width, end_of(m, i) - m->cutoffs.v[i], false)));
    }
    return tp_error_status();
}

/* ---- Forward --------------------------------------------------------------------------------------------------------------------------- */

static tp_status check(const adaptive *m, tp_tensor *x, tp_tensor *target)
{
    if (!x || !target) return tp_error_status();
    if (tp_ndim(target) > 1 || tp_ndim(x) != tp_ndim(target) + 1)
        return tp__misfit(&m->base, "the input has %d dims, and the target %d: they must be [n, in] and [n], or [in] and one class",
                          tp_ndim(x), tp_ndim(target));
    if (tp_dtype_of(target) != TP_I64) return tp__misfit(&m->base, "the target must be int64, not %s", tp_dtype_name(tp_dtype_of(target)));
    if (tp_ndim(target) && tp_size(x, 0) != tp_size(target, 0))
        return tp__misfit(&m->base, "there are %lld rows and %lld targets", (long long)tp_size(x, 0), (long long)tp_size(target, 0));
    if (!tp_numel(target)) return TP_OK;
    TP_NO_GRAD();
    const int64_t least = tp_item_i64(tp_min(target)), greatest = tp_item_i64(tp_max(target));
    if (!tp_failed() && (least < 0 || greatest >= m->classes))
        return tp_fail(TP_ERR_INDEX, "%s: targets must be 0 to %lld, and are %lld to %lld", tp__state(&m->base)->type, (long long)m->classes - 1,
                       (long long)least, (long long)greatest);
    return tp_error_status();
}

/* log p of each row's own entry */
static tp_tensor *pick(tp_tensor *log_p, tp_tensor *index)
{
    return tp_squeeze(tp_gather(log_p, 1, tp_unsqueeze(index, 1)), .dims = TP_DIMS(1));
}

/* x [n, in], target [n] */
static tp_tensor *log_p_of(const adaptive *m, tp_tensor *x, tp_tensor *target)
{
    tp_tensor *entry = target;
    for (int64_t i = 0; i < m->cutoffs.n; i++) entry = tp_where(tp_ge(target, m->cutoffs.v[i]), m->cutoffs.v[0] + i, entry);
    tp_tensor *y = pick(tp_log_softmax(tp_forward_at(m->head, x, NULL), 1), entry);
    for (int64_t i = 0; i < m->cutoffs.n && y; i++) {
        const int64_t first = m->cutoffs.v[i];
        tp_tensor *rows = tp_reshape(tp_nonzero(tp_logical_and(tp_ge(target, first), tp_lt(target, end_of(m, i)))), TP_SHAPE(-1));
        if (!rows) return NULL;
        if (!tp_numel(rows)) continue;
        tp_tensor *own = tp_sub(tp_index_select(target, 0, rows), first);
        y = tp_index_add(y, 0, rows, pick(tp_log_softmax(tp_forward_at(m->tail[i], tp_index_select(x, 0, rows), NULL), 1), own));
    }
    return y;
}

static tp_status adaptive_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const adaptive *m = (const adaptive *)self;
    const tp_arg *in[2];
    const tp_status status = tp__inputs(self, "input, target", args, n, in);
    if (status != TP_OK) return status;
    tp_tensor *x = tp__input_tensor(self, in[0], "input"), *target = tp__input_tensor(self, in[1], "target");
    if (check(m, x, target) != TP_OK) return tp_error_status();
    const bool single = !tp_ndim(target);
    tp_tensor *y = single ? log_p_of(m, tp_unsqueeze(x, 0), tp_unsqueeze(target, 0)) : log_p_of(m, x, target);
    tp_tensor *loss = max > 1 ? tp_mean(tp_neg(y)) : NULL;
    outs[0] = single ? tp_squeeze(y, .dims = TP_DIMS(0)) : y;
    if (max > 1) outs[1] = loss;
    *n_out = max > 1 ? 2 : 1;
    return outs[0] && (loss || max == 1) ? TP_OK : tp_error_status();
}

/* ---- In C -------------------------------------------------------------------------------------------------------------------------------- */

tp_module *tp_nn_adaptive_log_softmax_with_loss_with(int64_t in, int64_t classes, tp_shape cutoffs, const tp_nn_adaptive_log_softmax_with_loss_options *options)
{
    TP__TAKE(nn_adaptive_log_softmax_with_loss, o, options);
    return TP__MAKE("AdaptiveLogSoftmaxWithLoss", TP__WITH_INT(in_features, in), TP__WITH_INT(n_classes, classes),
                    TP__WITH_SIZES(cutoffs, cutoffs.ndim, cutoffs.dim), TP__WITH_REAL(div_value, o.div_value), TP__WITH_BOOL(head_bias, o.head_bias),
                    TP__WITH_PLACE(o));
}

extern const tp__layer tp__nn_adaptive[];                /* below */

static const adaptive *adaptive_of(tp_module *m)
{
    if (!m) return NULL;
    if (m->base.object.kind == TP_KIND_MODULE && tp__state(m)->layer == &tp__nn_adaptive[0]) return (const adaptive *)m;
    return tp_fail(TP_ERR_ARGUMENT, "adaptive_log_prob: the module is no AdaptiveLogSoftmaxWithLoss"), NULL;
}

tp_tensor *(tp_adaptive_log_prob)(tp_module *module, tp_tensor *x)
{
    const adaptive *m = adaptive_of(module);
    tp_tensor *head = m ? tp_log_softmax(tp_forward_at(m->head, x, NULL), -1) : NULL, *part[1 + TP_MAX_DIMS];
    if (!head) return NULL;
    part[0] = tp_narrow(head, -1, 0, m->cutoffs.v[0]);
    for (int64_t i = 0; i < m->cutoffs.n; i++)
        part[i + 1] = tp_add(tp_log_softmax(tp_forward_at(m->tail[i], x, NULL), -1), tp_narrow(head, -1, m->cutoffs.v[0] + i, 1));
    return tp_cat((tp_tensor_list){ .at = part, .n = 1 + m->cutoffs.n }, -1);
}

tp_tensor *(tp_adaptive_predict)(tp_module *module, tp_tensor *x)
{
    TP_NO_GRAD();
    return tp_argmax((tp_adaptive_log_prob)(module, x), .dim = -1);
}

const tp__layer tp__nn_adaptive[] = {
    { "AdaptiveLogSoftmaxWithLoss(int in_features, int n_classes, int[] cutoffs, float div_value=4, bool head_bias=false, device device=none, "
      "dtype dtype=none)", sizeof(adaptive), adaptive_init, .call = adaptive_call, TP__LAYER },
    { .schema = NULL },
};
