/* call.c: runs a sample of an op: the call, its outputs, and a call that has to fail. */
#include "parity.h"

tp_status call_op(const char *op, const tp_arg *args, int n, int by_position, tp_tensor **outputs, int *n_outputs)
{
    tp_arg given[MAX_ARGS];
    memcpy(given, args, sizeof *args * (size_t)n);
    for (int i = 0; i < by_position; i++) given[i].name = NULL;
    return tp_op_call(op, given, n, outputs, MAX_OUTPUTS, n_outputs);
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
    tp_tensor *got = s->outputs[i];
    const char *kind = text_at(text, "kind");
    if (!kind) {
        damaged(s, "an output of no kind");
    } else if (flag_at(s->text, "random")) {
        check_random(s, what, got, text);
    } else if (strcmp(kind, "tensor")) {
        compare_number(s, what, got, text);
    } else {
        tp_tensor *want = sample_stored(s, text_at(text, "tensor"));
        if (flag_at(s->text, "gauge")) compare_kind(s, what, got, want);
        else if (flag_at(s->text, "ties")) ties_compare(s, what, got, want);
        else compare_tensors(s, what, got, want);
        if (!s->module) check_view(s, what, got, text);          /* which fixtures of modules do not tell */
    }
}

bool compare_outputs(sample *s)
{
    const json_t *outputs = json_object_get(s->text, "outputs");
    const int n = (int)json_array_size(outputs);
    int told = 0;                                      /* but for those that are None, which are no outputs here */
    if (!json_is_array(outputs)) return damaged(s, "no list of outputs");
    for (int i = 0; i < n; i++) {
        const char *kind = text_at(json_array_get(outputs, (size_t)i), "kind");
        told += !kind || strcmp(kind, "none");
    }
    if (told != s->n_outputs) return differ(s, "it has %d outputs, and not %d", s->n_outputs, told);
    for (int i = n - 1; i >= 0; i--) {                 /* to where the fixture counts them */
        const char *kind = text_at(json_array_get(outputs, (size_t)i), "kind");
        s->outputs[i] = !kind || strcmp(kind, "none") ? s->outputs[--told] : NULL;
    }
    for (int i = 0; i < n; i++)
        if (s->outputs[i]) check_output(s, i, json_array_get(outputs, (size_t)i));
    return s->verdict == PASSED;
}

/* Values that two calls need not share. */
static bool is_free(const sample *s) { return flag_at(s->text, "random") || flag_at(s->text, "gauge") || flag_at(s->text, "ties"); }

/* The same call with every argument by name, which bindings may prefer, gives the same. Two numbers are "a" and "b" in fixtures:
 * PyTorch has names for them in its scripting language alone. */
static void check_names(sample *s)
{
    tp_tensor *outputs[MAX_OUTPUTS];
    int n = 0;
    if (json_is_false(json_object_get(s->text, "names_resolved"))) return;
    for (int i = 0; i < s->n_args; i++)
        if (!s->args[i].name || (!s->n_leaves && !strcmp(s->args[i].name, "a"))) return;
    if (tp_op_call(s->op, s->args, s->n_args, outputs, MAX_OUTPUTS, &n)) differ_error(s, "by names alone: the call failed");
    else if (n != s->n_outputs) differ(s, "by names alone: it has %d outputs, and not %d", n, s->n_outputs);
    else for (int i = 0; i < n; i++) (is_free(s) ? compare_kind : compare_tensors)(s, "by names alone", outputs[i], s->outputs[i]);
}

void run_op_sample(sample *s)
{
    if (!is_registered(s) || !arguments_make(s)) return;
    if (s->unpassable) {
        differ(s, "an argument has a dtype that Taper lacks");
        return;
    }
    if (call_op(s->op, s->args, s->n_args, s->n_by_position, s->outputs, &s->n_outputs)) {
        differ_error(s, "the call failed");
        return;
    }
    if (compare_outputs(s)) check_gradients(s, "", s->outputs, true);
    if (writes_an_argument(tp_op_find(s->op))) return; /* what follows calls again, with what was given */
    check_names(s);
    char form[sizeof s->op + 1];
    snprintf(form, sizeof form, "%s_", s->op);
    if (tp_op_find(form) && !flag_at(s->text, "ties") && !flag_at(s->text, "gauge")) check_in_place(s, form);
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
    tp_status status = call_op(s->op, s->args, s->n_args, s->n_by_position, s->outputs, &s->n_outputs);
    if (!status) status = tp_synchronize(s->settings->device);           /* what a device finds in the data, it tells late */
    if (!status) differ(s, "the call has to fail, and did not; PyTorch says: %s", message ? message : "");
    else if (!tp_failed()) differ(s, "the call failed with the status %s, and left no error", tp_status_name(status));
    tp_clear_error();
    if (tp_failed()) differ(s, "the error is not cleared by tp_clear_error");
}
