/* module.c: runs a sample of a module: built by its name, given PyTorch's parameters, called; what comes out, what of its state
 * changed, and the gradients of inputs and parameters are compared. And constructions and calls that have to fail. */
#include "parity.h"

/* ---- Built ------------------------------------------------------------------------------------------------------------------------ */

tp_module *module_build(sample *s, const json_t *text)
{
    const char *type = text_at(text, "module");
    tp_arg args[MAX_ARGS];
    int by_position = 0;
    if (!type) damaged(s, "a module without a name");
    const int n = type ? arguments_read(s, json_object_get(text, "ctor"), args, &by_position) : -1;
    if (n < 0) return NULL;
    for (int i = 0; i < by_position; i++) args[i].name = NULL;
    return tp_module_build(type, args, n);
}

static bool is_known(sample *s)
{
    const char *type = text_at(s->text, "module");
    return tp_module_schema(type) || differ(s, "there is no module \"%s\"", type ? type : "");
}

static bool make_module(sample *s)
{
    const char *dtype = text_at(s->text, "dtype");
    const bool single = dtype && !strcmp(dtype, "float32");
    s->module = module_build(s, s->text);
    if (!s->module) return false;
    if (tp_module_to_dtype(s->module, single ? TP_F32 : TP_F64) || tp_module_to(s->module, s->settings->device)) return false;
    return !json_is_false(json_object_get(s->text, "training")) || !tp_eval(s->module);
}

static void add_leaf(sample *s, const char *name, tp_tensor *x)
{
    if (s->n_leaves == MAX_LEAVES) damaged(s, "more tensors than a sample may have");
    else s->leaves[s->n_leaves++] = (leaf){ name, x };
}

/* The module has just these parameters and buffers, in this order, and takes their values. */
static bool load_state(sample *s)
{
    const json_t *state = json_object_get(s->text, "state");
    const tp_entry_list own = tp_state_dict(s->module);
    if (own.n != (int64_t)json_array_size(state))
        return differ(s, "its state has %lld tensors, and not %zu", (long long)own.n, json_array_size(state));
    TP_NO_GRAD();
    for (int64_t i = 0; i < own.n; i++) {
        const json_t *entry = json_array_get(state, (size_t)i);
        const char *name = text_at(entry, "name"), *kind = text_at(entry, "kind");
        tp_tensor *want = sample_stored(s, text_at(entry, "tensor")), *x = own.at[i].tensor;
        if (!want || !name || !kind) return s->verdict == FAILED || damaged(s, "a state without names");
        if (strcmp(name, own.at[i].name) || (own.at[i].kind == TP_ENTRY_PARAMETER) != !strcmp(kind, "parameter"))
            return differ(s, "its state has \"%s\" in the place of the %s \"%s\"", own.at[i].name, kind, name);
        if (!compare_kind(s, name, x, want)) return false;
        if (!tp_copy_(x, tp_to(want, s->settings->device))) return differ_error(s, "its state cannot be written");
        if (own.at[i].kind == TP_ENTRY_PARAMETER) add_leaf(s, name, x);
    }
    return true;
}

/* ---- Run ------------------------------------------------------------------------------------------------------------------------- */

static bool call_module(sample *s)
{
    tp_arg args[MAX_ARGS];
    memcpy(args, s->args, sizeof args);
    for (int i = 0; i < s->n_by_position; i++) args[i].name = NULL;
    if (tp_call(s->module, args, s->n_args, s->outputs, MAX_OUTPUTS, &s->n_outputs)) return false;
    if (!s->packed) return true;
    tp_tensor *const *in = s->args[0].value.tensors;   /* the first output comes back as the input went in: packed */
    const tp_packed_sequence packed = { s->outputs[0], in[1], in[2], in[3] };
    s->outputs[0] = tp_pad_packed_sequence(&packed, .batch_first = flag_at(s->packed, "batch_first"));
    return s->outputs[0] != NULL;
}

/* What the forward changed is told by `after`; the rest is as it was. */
static void check_state(sample *s)
{
    const json_t *state = json_object_get(s->text, "state"), *after = json_object_get(s->text, "after");
    for (size_t i = 0; i < json_array_size(state); i++) {
        const json_t *entry = json_array_get(state, i);
        const char *name = text_at(entry, "name");
        char what[128];
        snprintf(what, sizeof what, "afterwards %.100s", name);
        for (size_t k = 0; k < json_array_size(after); k++)
            if (!strcmp(text_at(json_array_get(after, k), "name") ? text_at(json_array_get(after, k), "name") : "", name)) entry = json_array_get(after, k);
        compare_tensors(s, what, tp_detach(tp_module_tensor(s->module, name)), sample_stored(s, text_at(entry, "tensor")));
    }
}

void run_module_sample(sample *s)
{
    if (!is_known(s)) return;
    if (!make_module(s)) {
        if (s->verdict != FAILED) differ_error(s, "the module could not be built");
    } else if (load_state(s) && arguments_make(s)) {
        if (!call_module(s)) differ_error(s, "the call failed");
        else if (compare_outputs(s)) check_gradients(s, "", s->outputs, false);
        if (s->verdict == PASSED) check_state(s);
    }
}

void run_module_error(sample *s)
{
    const char *message = text_at(s->text, "message"), *on = text_at(s->text, "error_on");
    bool failed = !is_known(s) || !make_module(s);
    const bool forward = on && !strcmp(on, "forward");
    if (s->verdict == FAILED) return;
    if (failed && forward) {
        differ_error(s, "it is the forward that has to fail, and the module could not be built");
        return;
    }
    if (forward) {
        if (!arguments_make(s)) return;
        failed = !call_module(s) || tp_synchronize(s->settings->device);      /* a device tells late what it finds in the data */
    }
    if (!failed) differ(s, "the %s has to fail, and did not; PyTorch says: %s", on ? on : "call", message ? message : "");
    else if (!tp_failed()) differ(s, "the %s failed, and left no error", on ? on : "call");
    tp_clear_error();
}
