/* loss_linear.c: the cross entropy of what a linear layer makes of its input.
 *
 *   logits = x W^T + b, seen as [.., num_classes, ..out_features];  the loss is that of CrossEntropyLoss */
#include "layer.h"

typedef struct linear_cross_entropy {
    tp_module base;
    int64_t in, classes;
    tp__int_values out;
    bool bias;
    tp_device device;
    tp_dtype dtype;
    int32_t reduction;
    tp_tensor *weight;
    int64_t ignore_index;
    double label_smoothing;
    tp_tensor *options;                                /* of PyTorch's chunked computation: none */
    tp_module *linear;
} linear_cross_entropy;

enum { NONE = 1, MEAN, SUM };

static tp_status init(tp_module *self)
{
    linear_cross_entropy *m = (linear_cross_entropy *)self;
    int64_t out = m->classes;
    if (m->in < 0 || m->classes < 0) return tp__misfit(self, "sizes must not be negative: %lld -> %lld", (long long)m->in, (long long)m->classes);
    for (int i = 0; i < m->out.n; i++)
        if (m->out.v[i] < 0 || __builtin_mul_overflow(out, m->out.v[i], &out)) return tp__misfit(self, "out_features cannot be");
    if (m->weight && (tp_ndim(m->weight) != 1 || tp_numel(m->weight) != m->classes))
        return tp__misfit(self, "the weight has not one value for each of %lld classes", (long long)m->classes);
    if (!(m->label_smoothing >= 0 && m->label_smoothing <= 1)) return tp__misfit(self, "label_smoothing %g is not between 0 and 1", m->label_smoothing);
    m->linear = tp_add_child(self, "linear", TP__MAKE("Linear", TP__WITH_INT(in_features, m->in), TP__WITH_INT(out_features, out),
                                                      TP__WITH_BOOL(bias, m->bias), TP__WITH_PLACE(*m)));
    return m->linear ? TP_OK : tp_error_status();
}

static tp_status call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    static const tp_reduction reductions[] = { [NONE] = TP_REDUCTION_NONE, [MEAN] = TP_REDUCTION_MEAN, [SUM] = TP_REDUCTION_SUM };
    const linear_cross_entropy *m = (const linear_cross_entropy *)self;
    const tp_arg *in[2];
    const tp_status status = tp__inputs(self, "input, target", args, n, in);
    tp_tensor *x = status ? NULL : tp__input_tensor(self, in[0], "input"), *target = status ? NULL : tp__input_tensor(self, in[1], "target");
    tp_tensor *logits = tp_forward_at(m->linear, x, NULL);
    (void)max;                                         /* at least 1, as for all layers */
    if (!logits || !target) return tp_error_status();
    tp_shape shape = tp_shape_of(logits);
    if (shape.ndim + m->out.n > TP_MAX_DIMS) return tp__misfit(self, "the input has too many dims");
    shape.dim[shape.ndim - 1] = m->classes;
    for (int i = 0; i < m->out.n; i++) shape.dim[shape.ndim++] = m->out.v[i];
    outs[0] = tp_cross_entropy(tp_reshape(logits, shape), target, .weight = m->weight, .reduction = reductions[m->reduction],
                               .ignore_index = m->ignore_index == TP_NONE ? -100 : m->ignore_index, .label_smoothing = m->label_smoothing);
    *n_out = 1;
    return outs[0] ? TP_OK : tp_error_status();
}

const tp__layer tp__nn_loss_linear[] = {
    { "LinearCrossEntropyLoss(int in_features, int num_classes, *, int[]? out_features=none, bool bias=false, device device=none, dtype dtype=none, "
      "string{none,mean,sum} reduction=mean, buffer? weight=none, int? ignore_index=none, float label_smoothing=0, Tensor? options=none)",
      sizeof(linear_cross_entropy), init, .call = call, TP__LAYER },
    { .schema = NULL },
};
