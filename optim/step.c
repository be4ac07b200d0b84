/* optim/step.c: one step: gather what has a gradient, make the state that is missing, then write, all in one pass a group. */
#include "optimizer.h"

#include <taper/cuda_graph.h>

static const char op[] = "step";

static bool has_state(const tp_optimizer *opt, const tp__group *group, const tp__param *p)
{
    tp_shape shape;
    for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s]; s++)
        if (!p->state[s] && tp__keeps(opt->class, &group->values, s)
            && tp__state_shape(opt->class, &group->values, s, tp_shape_of(p->tensor), &shape))
            return false;
    return true;
}

void tp__release_state(tp__param *p)
{
    for (int s = 0; s < TP__OPTIM_STATES; s++) {
        tp_release(p->state[s]);
        p->state[s] = NULL;
    }
}

#define list_of tp__list_of
enum { PARAMS = TP__LIST_PARAMS, GRADS = TP__LIST_GRADS, STATES = TP__LIST_STATES, TARGETS = TP__LIST_TARGETS };

static bool has_grad(tp_tensor *x) { return tp_grad_is_rows(x) || tp_grad_of(x); }

static bool is_scalar(const tp_optimizer *opt, int s) { return opt->class->scalars >> s & 1; }
static bool is_floating(tp_dtype dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }

static tp_status check_param(const tp_optimizer *opt, const tp__group *group, const tp__param *p, int64_t i)
{
    const tp_dtype dtype = tp_dtype_of(p->tensor);
    const tp_device device = tp_device_of(p->tensor);
    tp_tensor *grad;
    if (tp__step_rows_check(opt, group, p->tensor, i) || tp_grad_rows(p->tensor, NULL, &grad))
        return tp_error_status();
    if (!grad)
        grad = tp_grad_of(p->tensor);
    if (!is_floating(dtype))
        return tp_fail(TP_ERR_DTYPE, "%s: parameter %lld is %s, which is no real floating dtype", op, (long long)i, tp_dtype_name(dtype));
    if (tp_dtype_of(grad) != dtype || tp_device_of(grad) != device)
        return tp_fail(TP_ERR_STATE, "%s: parameter %lld is %s on %s, its gradient %s on %s", op, (long long)i, tp_dtype_name(dtype),
                       tp_device_name(device), tp_dtype_name(tp_dtype_of(grad)), tp_device_name(tp_device_of(grad)));
    for (int s = 0; s < TP__OPTIM_STATES; s++)
        if (p->state[s] && (tp_device_of(p->state[s]) != device || (tp_dtype_of(p->state[s]) != dtype && !is_scalar(opt, s))))
            return tp_fail(TP_ERR_STATE, "%s: parameter %lld became %s on %s after its first step, and its %s did not", op, (long long)i,
                           tp_dtype_name(dtype), tp_device_name(device), opt->class->state[s]);
    return TP_OK;
}

static tp_status make_state(const tp_optimizer *opt, const tp__group *group, tp__param *p)
{
    if (tp_cuda_graph_is_recording())
        return tp_fail(TP_ERR_STATE, "%s: a graph is recorded, and an optimizer has made no step with this parameter: it would begin anew at each replay", op);
    tp__release_state(p);
    for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s]; s++) {
        tp_shape shape;
        if (!tp__state_shape(opt->class, &group->values, s, tp_shape_of(p->tensor), &shape))
            continue;
        TP_SCOPE();
        p->state[s] = tp_retain(tp_full(shape, opt->class->initial ? opt->class->initial(&group->values, s) : 0,
                                .dtype = is_scalar(opt, s) ? TP_F32 : tp_dtype_of(p->tensor), .device = tp_device_of(p->tensor)));
        if (!p->state[s]) {
            tp__release_state(p);
            return tp_error_status();
        }
    }
    p->fresh = true;
    return TP_OK;
}

/* The fused ops take dense tensors; what is not is stepped as a copy, which goes back into `target` afterwards. */
static tp_status append(const tp_optimizer *opt, tp__group *group, const tp__param *p)
{
    const int64_t at = group->n_active;
    tp_tensor *const w = tp_contiguous(p->tensor), *const g = tp_contiguous(tp_grad_of(p->tensor));
    if (!w || !g)
        return tp_error_status();
    list_of(group, TARGETS)[at] = p->tensor;
    list_of(group, PARAMS)[at] = w;
    list_of(group, GRADS)[at] = g;
    for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s]; s++)
        list_of(group, STATES + s)[at] = p->state[s];
    group->n_active++;
    return TP_OK;
}

/* Fills the lists of a group, parameters at their first step first. */
static tp_status gather(const tp_optimizer *opt, tp__group *group)
{
    tp_status status = TP_OK;
    group->n_active = group->n_fresh = group->n_rows = 0;
    for (int64_t i = 0; i < group->n && !status; i++) {
        tp__param *const p = &group->params[i];
        if (!has_grad(p->tensor))
            continue;
        status = check_param(opt, group, p, i);
        if (!status && !has_state(opt, group, p))
            status = make_state(opt, group, p);
        if (!status && tp_grad_is_rows(p->tensor))
            status = tp__step_rows_plan(opt, group, p);
        else if (!status && p->fresh)
            status = append(opt, group, p);
    }
    group->n_fresh = group->n_active;
    for (int64_t i = 0; i < group->n && !status; i++)
        if (!group->params[i].fresh && !tp_grad_is_rows(group->params[i].tensor) && tp_grad_of(group->params[i].tensor))
            status = append(opt, group, &group->params[i]);
    return status;
}

/* The numbers of the class's rule are its first options; what is kept and what is not the lists tell. */
static tp_status step_by_rule(const tp__optim_class *class, const tp__optim_values *v, const tp__step_lists *given)
{
    tp_tensor_list lists[2 + TP__OPTIM_STATES] = { given->params, given->grads };
    double numbers[TP__MOST_NUMBERS];
    int n = 0, n_lists = 2;
    for (int i = 0; i < class->n_numbers; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[class->options[i].value];
        const void *const at = (const char *)v + row->offset;
        if (row->count == TP__FLAG)
            numbers[n++] = *(const bool *)at;
        for (int j = 0; j < row->count; j++)
            numbers[n++] = ((const double *)at)[j];
    }
    for (int s = 0; s < TP__OPTIM_STATES && class->state[s]; s++)
        lists[n_lists++] = given->state[s];
    return tp_fused_step_(class->name, lists, n_lists, numbers, n);
}

tp_status tp__step_lists_of(const tp__optim_class *class, const tp__optim_values *v, const tp__step_lists *lists)
{
    return class->step ? class->step(v, lists) : step_by_rule(class, v, lists);
}

static tp_status step_range(const tp_optimizer *opt, const tp__group *group, int64_t begin, int64_t end, bool first)
{
    const int64_t n = end - begin;
    tp__step_lists lists = { .params = { .at = list_of(group, PARAMS) + begin, .n = n },
                             .grads = { .at = list_of(group, GRADS) + begin, .n = n }, .first = first };
    if (n == 0)
        return TP_OK;
    for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s]; s++)
        if (tp__keeps(opt->class, &group->values, s))
            lists.state[s] = (tp_tensor_list){ .at = list_of(group, STATES + s) + begin, .n = n };
    return tp__step_lists_of(opt->class, &group->values, &lists);
}

static tp_status step_group(const tp_optimizer *opt, tp__group *group)
{
    const int64_t apart = opt->class->first_apart ? group->n_fresh : 0;
    tp_status status = step_range(opt, group, 0, apart, true);
    if (!status)
        status = step_range(opt, group, apart, group->n_active, false);
    for (int64_t i = 0; i < group->n_active && !status; i++)
        if (list_of(group, PARAMS)[i] != list_of(group, TARGETS)[i])
            status = tp_copy_(list_of(group, TARGETS)[i], list_of(group, PARAMS)[i]) ? TP_OK : tp_error_status();
    if (!status && group->n_rows)
        status = tp__step_rows_write(opt, group);
    for (int64_t i = 0; i < group->n && !status; i++)
        group->params[i].fresh = false;
    return status;
}

tp_status tp_step(tp_optimizer *opt)
{
    tp_status status = tp__optimizer_check(opt, op);
    if (!status && opt->class->minimize)
        status = tp_fail(TP_ERR_ARGUMENT, "%s: %s evaluates the loss itself: tp_step_closure", op, opt->class->name);
    if (status)
        return status;
    TP_SCOPE();
    TP_NO_GRAD();
    for (int g = 0; g < opt->n_groups && !status; g++)
        status = gather(opt, &opt->groups[g]);
    for (int g = 0; g < opt->n_groups && !status; g++)
        status = step_group(opt, &opt->groups[g]);
    for (int g = 0; g < opt->n_groups && status; g++)
        for (int64_t i = 0; i < opt->groups[g].n; i++)
            if (opt->groups[g].params[i].fresh) {      /* as if the step had not been tried */
                tp__release_state(&opt->groups[g].params[i]);
                opt->groups[g].params[i].fresh = false;
            }
    return status;
}

tp_tensor *tp_step_closure(tp_optimizer *opt, tp_closure_fn *closure, void *arg)
{
    if (tp__optimizer_check(opt, "step_closure"))
        return NULL;
    if (!closure) {
        tp_fail(TP_ERR_ARGUMENT, "step_closure: the closure is NULL");
        return NULL;
    }
    if (opt->class->minimize)
        return opt->class->minimize(opt, closure, arg);
    tp_tensor *const loss = closure(arg);
    return loss && !tp_step(opt) ? loss : NULL;
}

tp_status tp_zero_grad(tp_optimizer *opt)
{
    tp_status status = tp__optimizer_check(opt, "zero_grad");
    for (int g = 0; !status && g < opt->n_groups; g++)
        for (int64_t i = 0; !status && i < opt->groups[g].n; i++)
            if (has_grad(opt->groups[g].params[i].tensor))
                status = tp_set_grad(opt->groups[g].params[i].tensor, NULL);
    return status;
}
