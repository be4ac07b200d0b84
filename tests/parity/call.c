/* call.c: runs a sample of an op: the call, its outputs, and a call that has to fail. */
#include "parity.h"

static bool all_named(const tp_arg *args, int n)
{
    for (int i = 0; i < n; i++)
        if (!args[i].name) return false;
    return true;
}

/* As PyTorch was called: what came by position goes by position. Where the schema does not take that, all go by name. */
tp_status call_op(sample *s, const char *op, const tp_arg *args, int n, tp_tensor **outputs, int *n_outputs)
{
    tp_arg given[MAX_ARGS];
    memcpy(given, args, sizeof *args * (size_t)n);
    for (int i = 0; i < n && i < s->n_by_position; i++) given[i].name = NULL;
    const tp_status status = tp_op_call(op, given, n, outputs, MAX_OUTPUTS, n_outputs);
    if (status != TP_ERR_ARGUMENT || !all_named(args, n)) return status;
    tp_error_copy first;
    const bool kept = tp_error_take(&first);
    const tp_status again = tp_op_call(op, args, n, outputs, MAX_OUTPUTS, n_outputs);
    if (again && kept) {
        tp_clear_error();
        tp_error_rethrow(&first);
    }
    return again ? status : TP_OK;
}

static bool is_registered(sample *s)
{
    return tp_op_find(s->op) || differ(s, "there is no op \"%s\"", s->op);
}

/* ---- Outputs -------------------------------------------------------------------------------------------------------------------- */

static bool check_random(sample *s, const char *what, tp_tensor *got, const json_t *text)
{
    const json_t *shape = json_object_get(text, "shape");
    const char *dtype = text_at(text, "dtype");
    const tp_shape is = tp_shape_of(got);
    if (!dtype || !json_is_array(shape)) return damaged(s, "an output without dtype and shape");
    bool same = !strcmp(tp_dtype_name(tp_dtype_of(got)), dtype) && json_array_size(shape) == (size_t)is.ndim;
    for (int i = 0; same && i < is.ndim; i++) same = json_integer_value(json_array_get(shape, (size_t)i)) == is.dim[i];
    char text_is[160];
    return same || differ(s, "%s: it is %s, of another dtype or shape than PyTorch's %s", what, shape_text(got, text_is, sizeof text_is), dtype);
}

static void check_output(sample *s, int i, const json_t *text)
{
    char what[32];
    snprintf(what, sizeof what, "output %d", i);
    const char *kind = text_at(text, "kind"), *stored = text_at(text, "tensor");
    if (!kind) damaged(s, "an output of no kind");
    else if (flag_at(s->text, "random")) check_random(s, what, s->outputs[i], text);
    else if (strcmp(kind, "tensor")) compare_number(s, what, s->outputs[i], text);
    else compare_tensors(s, what, s->outputs[i], sample_stored(s, stored));
}

static void check_outputs(sample *s)
{
    const json_t *outputs = json_object_get(s->text, "outputs");
    const int n = (int)json_array_size(outputs);
    if (!json_is_array(outputs)) damaged(s, "no list of outputs");
    else if (n != s->n_outputs) differ(s, "it has %d outputs, and not %d", s->n_outputs, n);
    else for (int i = 0; i < n; i++) check_output(s, i, json_array_get(outputs, (size_t)i));
}

void run_op_sample(sample *s)
{
    if (!is_registered(s) || !arguments_make(s)) return;
    if (s->unpassable) {
        differ(s, "an argument has a dtype that Taper lacks");
        return;
    }
    if (call_op(s, s->op, s->args, s->n_args, s->outputs, &s->n_outputs)) differ_error(s, "the call failed");
    else check_outputs(s);
}

/* ---- A call that has to fail -------------------------------------------------------------------------------------------------------- */

void run_op_error(sample *s)
{
    if (!is_registered(s) || !arguments_make(s)) return;
    if (s->unpassable) {                               /* such as torch.quint8: it cannot be written here */
        s->verdict = SKIPPED;
        return;
    }
    const char *message = text_at(s->text, "message");
    const tp_status status = call_op(s, s->op, s->args, s->n_args, s->outputs, &s->n_outputs);
    if (!status) differ(s, "the call has to fail, and did not; PyTorch says: %s", message ? message : "");
    else if (!tp_failed()) differ(s, "the call failed with the status %s, and left no error", tp_status_name(status));
    tp_clear_error();
    if (tp_failed()) differ(s, "the error is not cleared by tp_clear_error");
}
