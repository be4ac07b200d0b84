/* inplace.c: where the registry has the op with a trailing underscore, it has to do the same to a copy of the input: give what the
 * op gives, with the same gradients, or fail where the result does not fit into the input. */
#include "parity.h"

/* The place and name of the argument that an op writes, marked by ! in its schema. -1: it writes none. */
static int written(const tp_op *op, char *name, size_t size)
{
    int i = 0;
    const char *at = strchr(tp_op_schema(op), '(') + 1;
    while (*at && *at != ')') {
        const size_t n = strcspn(at, ",)"), type = strcspn(at, " ,)");
        if (memchr(at, '!', type < n ? type : n)) {
            const char *word = at + type + (at[type] == ' ');
            snprintf(name, size, "%.*s", (int)strcspn(word, "=,)"), word);
            return i;
        }
        at += n + (at[n] == ',');
        while (*at == ' ') at++;
        i++;
    }
    return -1;
}

bool writes_an_argument(const tp_op *op)
{
    char name[32];
    return written(op, name, sizeof name) >= 0;
}

static int argument_at(const sample *s, int place, const char *name)
{
    for (int i = 0; i < s->n_args; i++)
        if (s->args[i].name && !strcmp(s->args[i].name, name)) return i;
    return place < s->n_by_position && !s->args[place].name ? place : -1;
}

static bool is_floating(tp_dtype dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }

/* torch.can_cast: a real does not become an integer, and nothing but a bool becomes one. */
static bool can_cast(tp_dtype from, tp_dtype to)
{
    return !(is_floating(from) && !is_floating(to)) && !(from != TP_BOOL && to == TP_BOOL);
}

static bool same_shape(tp_tensor *a, tp_tensor *b)
{
    const tp_shape p = tp_shape_of(a), q = tp_shape_of(b);
    bool same = p.ndim == q.ndim;
    for (int i = 0; same && i < p.ndim; i++) same = p.dim[i] == q.dim[i];
    return same;
}

/* Whether the result can be written into the input. Where it has the input's geometry or is another view of it, only its dtype can be
 * in the way. (broadcasts_input says too much: it is also set where the input has the shape of the result, and PyTorch writes it.) */
static bool fits(const sample *s, const json_t *output, tp_tensor *want, tp_tensor *x)
{
    bool says_dtype = false;
    for (int i = 0; i < s->n_args; i++) says_dtype |= s->args[i].kind == TP_ARG_DTYPE;
    const tp_dtype from = tp_dtype_of(want), to = tp_dtype_of(x);
    return (same_shape(want, x) || text_at(output, "view_of")) && (says_dtype ? from == to : can_cast(from, to));
}

static void check_result(sample *s, tp_tensor *x, tp_tensor *y, tp_tensor *const *outputs, int n, tp_tensor *want)
{
    const tp_dtype dtype = tp_dtype_of(x);
    const bool as_is = tp_dtype_of(want) == dtype;
    if (n != 1 || outputs[0] != y) {
        differ(s, "in place: it returns %s, and not its input", n == 1 ? "another tensor" : "several tensors");
        return;
    }
    if (compare_tensors(s, "in place", y, as_is ? want : tp_to_dtype(want, dtype)) && as_is) check_gradients(s, "in place: ", outputs, false);
}

void check_in_place(sample *s, const char *form)
{
    char name[32];
    tp_arg args[MAX_ARGS];
    tp_tensor *outputs[MAX_OUTPUTS];
    int n = 0, n_outputs = 0;
    const json_t *text = json_array_get(json_object_get(s->text, "outputs"), 0);
    const int place = written(tp_op_find(form), name, sizeof name), at = argument_at(s, place, name);
    tp_tensor *x = at >= 0 && s->args[at].kind == TP_ARG_TENSOR ? s->args[at].value.tensor : NULL;
    tp_tensor *want = text_at(text, "tensor") ? sample_stored(s, text_at(text, "tensor")) : NULL, *y = x ? tp_clone(x) : NULL;
    if (!y || !want) return;                           /* it is written into a number, or is random */
    if (!strcmp(form, "bernoulli_")) return;           /* x is written, and is not what is drawn by */
    int by_position = s->n_by_position;
    for (int i = 0; i < s->n_args; i++) {
        if (s->args[i].name && !strcmp(s->args[i].name, "inplace")) {          /* says by flag what the underscore says */
            by_position -= i < s->n_by_position;
            continue;
        }
        args[n] = s->args[i];
        if (i == at) args[n].value.tensor = y;
        n++;
    }
    if (at > place && at < by_position) {              /* polygamma(n, input), and polygamma_(input, n) */
        const tp_arg moved = args[at];
        for (int i = at; i > place; i--) args[i] = args[i - 1];
        args[place] = moved;
    }
    const bool as_is = strcmp(form, "float_power_") || tp_dtype_of(want) == tp_dtype_of(x);          /* it does not cast what it has widened */
    const bool good = as_is && fits(s, text, want, x);
    const tp_status status = call_op(form, args, n, by_position, outputs, &n_outputs);
    if (status && good) differ_error(s, "in place: it failed");
    else if (!status && !good) differ(s, "in place: it has to fail, since the result has another shape or dtype than the input");
    else if (!status) check_result(s, x, y, outputs, n_outputs, want);
    tp_clear_error();
}
