/* schema.c: what a layer's schema says: parsed into fields, which are filled from arguments, read back, and printed. */
#include "layer.h"
#include "module.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parsing ---------------------------------------------------------------------------------------------------------------------- */

#define TYPE(word, type, T) { word, TP__FIELD_##type, sizeof(T), _Alignof(T) }
static const struct { const char *word; tp__field_type type; size_t bytes, align; } types[] = {
    TYPE("bool", BOOL, bool), TYPE("bool?", MAYBE, int32_t), TYPE("int", INT, int64_t), TYPE("float", FLOAT, double),
    TYPE("string", CHOICE, int32_t), TYPE("dtype", DTYPE, tp_dtype), TYPE("device", DEVICE, tp_device), TYPE("int[n]", INT_N, int64_t[3]),
    TYPE("padding", PADDING, int64_t[3]), TYPE("int[]", INTS, tp__int_values), TYPE("float[]", FLOATS, tp__float_values),
    TYPE("Tensor", TENSOR, tp_tensor *), TYPE("buffer", BUFFER, tp_tensor *), TYPE("module", MODULE, tp_module *),
};

static const char *read_word(const char *at, char *out, size_t size)
{
    size_t n = 0;
    for (; isalnum((unsigned char)*at) || *at == '_'; at++)
        if (n + 1 < size) out[n++] = *at;
    out[n] = 0;
    return at;
}

/* "{a,b}" becomes words that end in 0. */
static const char *read_choices(const char *at, tp__layer_state *s, size_t *used, tp__field *f)
{
    f->choices = s->words + *used;
    for (at++; *at != '}'; at++) {
        assert(*used + 3 < sizeof s->words);
        s->words[(*used)++] = *at == ',' ? 0 : *at;
    }
    s->words[(*used)++] = 0;
    s->words[(*used)++] = 0;
    return at + 1;
}

static const char *read_type(const char *at, tp__layer_state *s, size_t *used, tp__field *f, size_t *align)
{
    char word[16];
    at = read_word(at, word, sizeof word);
    if (*at == '[') {
        f->length = atoi(at + 1);
        if (strcmp(word, "padding")) strcat(word, f->length ? "[n]" : "[]");
        at = strchr(at, ']') + 1;
    }
    if (*at == '{') at = read_choices(at, s, used, f);
    f->optional = *at == '?';
    if (f->optional && !strcmp(word, "bool")) strcat(word, "?");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(word, types[i].word)) continue;
        f->type = types[i].type;
        f->bytes = types[i].bytes;
        *align = types[i].align;
    }
    assert(f->bytes);
    return at + f->optional;
}

bool tp__op_takes(const char *schema, const char *name, bool tensor)
{
    static const char word[] = "Tensor";
    const size_t n = strlen(name), m = sizeof word - 1;
    for (const char *at = strstr(schema, name); at; at = strstr(at + 1, name)) {
        if (at == schema || (at[-1] != ' ' && at[-1] != '(') || (at[n] != '=' && at[n] != ',' && at[n] != ')')) continue;
        const char *type = at - 1;                     /* from here back to the parameter's type */
        while (type > schema && type[-1] != ' ' && type[-1] != '(') type--;
        return !strncmp(type, word, m) == tensor;
    }
    return false;
}

static void find_op(const tp__layer *layer, tp__layer_state *s)
{
    char inplace[64];
    s->op = tp_op_find(layer->op);
    snprintf(inplace, sizeof inplace, "%s_", layer->op);
    s->op_inplace = tp_op_find(inplace);
    assert(s->op);
    for (int i = 0; i < s->n; i++) s->fields[i].to_op = tp__op_takes(tp_op_schema(s->op), s->fields[i].name, false);
}

static void parse(const tp__layer *layer, tp__layer_state *s)
{
    const char *at = read_word(layer->schema, s->type, sizeof s->type) + 1;
    size_t used = 0;
    bool by_name = false;
    s->bytes = sizeof(tp_module);
    while (*at != ')') {
        if (*at == ' ' || *at == ',') at++;
        else if (*at == '*') by_name = true, at++;
        else if (*at == '.') s->open = true, at++;
        else {
            size_t align = 1;
            assert(s->n < TP__MOST_FIELDS);
            tp__field *f = &s->fields[s->n++];
            at = read_type(at, s, &used, f, &align);
            at = read_word(at + 1, f->name, sizeof f->name);
            if (*at == '=') {
                f->initial = at + 1;
                f->optional |= !strncmp(at + 1, "none", 4);
                at += strcspn(at, ",)");
            }
            f->required = !f->initial;
            f->by_name = by_name;
            f->offset = (s->bytes + align - 1) / align * align;
            s->bytes = f->offset + f->bytes;
        }
    }
    if (layer->op) find_op(layer, s);
}

const tp__layer_state *tp__layer_prepare(const tp__layer *layer)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    tp__layer_state *s = layer->state;
    if (!atomic_load_explicit(&s->ready, memory_order_acquire)) {
        pthread_mutex_lock(&lock);
        if (!atomic_load(&s->ready)) {
            parse(layer, s);
            assert(!layer->bytes || layer->bytes >= s->bytes);
            atomic_store_explicit(&s->ready, 1, memory_order_release);
        }
        pthread_mutex_unlock(&lock);
    }
    return s;
}

const tp__field *tp__field_find(const tp__layer_state *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->fields[i].name, name)) return &s->fields[i];
    return NULL;
}

tp_arg tp__argument_of(const tp_module *m, const char *name)
{
    const tp__field *f = tp__field_find(tp__layer_prepare(tp__state(m)->layer), name);
    return f ? tp__field_arg(f, m) : (tp_arg){ .kind = TP_ARG_NONE };
}

const char *tp__word(const tp__field *field, int32_t choice)
{
    const char *at = field->choices;
    for (int32_t i = 1; i < choice && *at; i++) at += strlen(at) + 1;
    return choice && *at ? at : NULL;
}

static int32_t choice_of(const tp__field *f, const char *word, size_t length)
{
    int32_t i = 1;
    for (const char *at = f->choices; *at; at += strlen(at) + 1, i++)
        if (strlen(at) == length && !strncmp(at, word, length)) return i;
    return 0;
}

/* ---- Filling ------------------------------------------------------------------------------------------------------------------------ */

static void *place(const tp__field *f, tp_module *m) { return (char *)m + f->offset; }

static void put_none(const tp__field *f, tp_module *m)
{
    int64_t *to = place(f, m);
    switch (f->type) {
    case TP__FIELD_INT: *to = TP_NONE; break;
    case TP__FIELD_INT_N: for (int i = 0; i < 3; i++) to[i] = TP_NONE; break;
    case TP__FIELD_FLOAT: *(double *)to = NAN; break;
    case TP__FIELD_INTS: ((tp__int_values *)to)->n = -1; break;
    case TP__FIELD_FLOATS: ((tp__float_values *)to)->n = -1; break;
    default: memset(to, 0, f->bytes);
    }
}

static void put_default(const tp__field *f, tp_module *m)
{
    int64_t *to = place(f, m);
    if (!f->initial || !strncmp(f->initial, "none", 4)) {
        put_none(f, m);
        return;
    }
    switch (f->type) {
    case TP__FIELD_BOOL: *(bool *)to = *f->initial == 't'; break;
    case TP__FIELD_FLOAT: *(double *)to = strtod(f->initial, NULL); break;
    case TP__FIELD_CHOICE: *(int32_t *)to = choice_of(f, f->initial, strcspn(f->initial, ",)")); break;
    case TP__FIELD_INT: *to = strtoll(f->initial, NULL, 10); break;
    case TP__FIELD_INT_N: case TP__FIELD_PADDING: for (int i = 0; i < 3; i++) to[i] = strtoll(f->initial, NULL, 10); break;
    default: memset(to, 0, f->bytes);                  /* int[] =() is none of them */
    }
}

/* Numbers from an int, ints, or a list of ints and None; `most` is how many there is room for. Returns how many, -1: they are no such. */
static int64_t read_ints(const tp_arg *arg, int64_t most, int64_t *to)
{
    if (arg->kind == TP_ARG_INT) return *to = arg->value.integer, 1;
    if ((arg->kind != TP_ARG_INTS && arg->kind != TP_ARG_LIST) || arg->n > most) return -1;
    for (int i = 0; i < arg->n; i++) {
        const tp_arg *item = arg->kind == TP_ARG_LIST ? &arg->value.list[i] : NULL;
        if (item && item->kind != TP_ARG_INT && item->kind != TP_ARG_NONE) return -1;
        to[i] = !item ? arg->value.ints[i] : item->kind == TP_ARG_INT ? item->value.integer : TP_NONE;
    }
    return arg->n;
}

static bool put_ints_n(const tp__field *f, const tp_arg *arg, int64_t *to)
{
    int64_t v[3];
    const int64_t n = read_ints(arg, f->length, v);
    if (n != 1 && n != f->length) return false;
    for (int i = 0; i < 3; i++) to[i] = v[n == 1 || i >= n ? 0 : i];
    return true;
}

static bool put_padding(const tp__field *f, const tp_arg *arg, int64_t *to)
{
    if (arg->kind != TP_ARG_STRING) return put_ints_n(f, arg, to);
    if (!arg->value.string) return false;
    const bool same = !strcmp(arg->value.string, "same");
    for (int i = 0; i < 3; i++) to[i] = same ? TP_SAME : 0;
    return same || !strcmp(arg->value.string, "valid");
}

static bool put_floats(const tp_arg *arg, tp__float_values *to)
{
    const bool several = arg->kind == TP_ARG_FLOATS || arg->kind == TP_ARG_INTS;
    to->n = several ? arg->n : 1;
    if (to->n > TP_MAX_DIMS || (!several && arg->kind != TP_ARG_FLOAT && arg->kind != TP_ARG_INT)) return false;
    if (!several) to->v[0] = arg->kind == TP_ARG_FLOAT ? arg->value.real : (double)arg->value.integer;
    for (int i = 0; several && i < arg->n; i++) to->v[i] = arg->kind == TP_ARG_FLOATS ? arg->value.floats[i] : (double)arg->value.ints[i];
    return true;
}

/* Puts a value in its place. NULL, or what would have fitted. */
static const char *put(const tp__field *f, const tp_arg *arg, tp_module *m)
{
    void *to = place(f, m);
    const bool is_int = arg->kind == TP_ARG_INT, is_bool = arg->kind == TP_ARG_BOOL;
    switch (f->type) {
    case TP__FIELD_BOOL:
        if (is_bool) *(bool *)to = arg->value.boolean;
        return is_bool ? NULL : "a bool";
    case TP__FIELD_MAYBE:
        if (is_bool) *(int32_t *)to = arg->value.boolean ? tp__yes : tp__no;
        return is_bool ? NULL : "a bool";
    case TP__FIELD_INT:
        if (is_int) *(int64_t *)to = arg->value.integer;
        return is_int ? NULL : "an int";
    case TP__FIELD_FLOAT:
        if (!is_int && arg->kind != TP_ARG_FLOAT) return "a number";
        *(double *)to = is_int ? (double)arg->value.integer : arg->value.real;
        return NULL;
    case TP__FIELD_CHOICE:
        *(int32_t *)to = arg->kind == TP_ARG_STRING && arg->value.string ? choice_of(f, arg->value.string, strlen(arg->value.string)) : 0;
        return *(int32_t *)to ? NULL : "one of the words that the schema names";
    case TP__FIELD_DTYPE:
        if (arg->kind == TP_ARG_DTYPE) *(tp_dtype *)to = arg->value.dtype;
        return arg->kind == TP_ARG_DTYPE ? NULL : "a dtype";
    case TP__FIELD_DEVICE:
        if (arg->kind == TP_ARG_DEVICE) *(tp_device *)to = arg->value.device;
        return arg->kind == TP_ARG_DEVICE ? NULL : "a device";
    case TP__FIELD_INT_N: return put_ints_n(f, arg, to) ? NULL : "an int, or one for each dim";
    case TP__FIELD_PADDING: return put_padding(f, arg, to) ? NULL : "an int, one for each dim, \"valid\" or \"same\"";
    case TP__FIELD_INTS: return (((tp__int_values *)to)->n = read_ints(arg, TP_MAX_DIMS, ((tp__int_values *)to)->v)) >= 0 ? NULL : "ints, at most 8";
    case TP__FIELD_FLOATS: return put_floats(arg, to) ? NULL : "numbers, at most 8";
    case TP__FIELD_TENSOR: case TP__FIELD_BUFFER:
        if (arg->kind == TP_ARG_TENSOR) *(tp_tensor **)to = arg->value.tensor;
        return arg->kind == TP_ARG_TENSOR && arg->value.tensor ? NULL : "a tensor";
    case TP__FIELD_MODULE:
        if (arg->kind == TP_ARG_MODULE) *(tp_module **)to = arg->value.module;
        return arg->kind == TP_ARG_MODULE && arg->value.module ? NULL : "a module";
    }
    return NULL;
}

static tp_status fill_one(const tp__layer_state *s, tp_module *m, const tp_arg *arg, int position, bool *seen)
{
    int at = 0;
    while (at < s->n && (arg->name ? strcmp(arg->name, s->fields[at].name) : at != position || s->fields[at].by_name)) at++;
    if (at == s->n && s->open && arg->kind != TP_ARG_MODULE) return TP_OK;
    if (at == s->n && arg->name) return tp_fail(TP_ERR_ARGUMENT, "%s: it takes no argument \"%s\"", s->type, arg->name);
    if (at == s->n) return tp_fail(TP_ERR_ARGUMENT, "%s: it takes no argument %d by position", s->type, position);
    const tp__field *f = &s->fields[at];
    if (seen[at]) return tp_fail(TP_ERR_ARGUMENT, "%s: argument \"%s\" is given twice", s->type, f->name);
    seen[at] = true;
    if (arg->kind == TP_ARG_NONE && f->optional) return put_none(f, m), TP_OK;
    const char *wants = put(f, arg, m);
    return wants ? tp_fail(TP_ERR_ARGUMENT, "%s: argument \"%s\" takes %s", s->type, f->name, wants) : TP_OK;
}

tp_status tp__fields_fill(const tp__layer *layer, tp_module *m, const tp_arg *args, int n)
{
    const tp__layer_state *s = tp__layer_prepare(layer);
    bool seen[TP__MOST_FIELDS] = { false };
    tp_status status = TP_OK;
    for (int i = 0; i < s->n; i++) put_default(&s->fields[i], m);
    for (int i = 0; i < n && !status; i++) status = fill_one(s, m, &args[i], i, seen);
    for (int i = 0; i < s->n && !status; i++)
        if (s->fields[i].required && !seen[i]) status = tp_fail(TP_ERR_ARGUMENT, "%s: it lacks its argument \"%s\"", s->type, s->fields[i].name);
    return status;
}

tp_status tp__field_set_word(tp_module *m, const char *name, const char *word)
{
    const tp__field *f = tp__field_find(tp__layer_prepare(tp__state(m)->layer), name);
    return put(f, &(tp_arg){ .kind = TP_ARG_STRING, .value.string = word }, m) ? tp__misfit(m, "\"%s\" cannot be %s", name, word) : TP_OK;
}

/* ---- Read back ------------------------------------------------------------------------------------------------------------------------ */

tp_arg tp__field_arg(const tp__field *f, const tp_module *m)
{
    const void *at = (const char *)m + f->offset;
    const int64_t *ints = at;                          /* these are read where the field is of their type alone */
    const int32_t *word = at;
    tp_arg arg = { .name = f->name };
    switch (f->type) {
    case TP__FIELD_BOOL: arg.kind = TP_ARG_BOOL; arg.value.boolean = *(const bool *)at; break;
    case TP__FIELD_MAYBE: arg.kind = *word ? TP_ARG_BOOL : TP_ARG_NONE; arg.value.boolean = *word == tp__yes; break;
    case TP__FIELD_INT: arg.kind = *ints == TP_NONE && f->optional ? TP_ARG_NONE : TP_ARG_INT; arg.value.integer = *ints; break;
    case TP__FIELD_FLOAT:
        arg.value.real = *(const double *)at;
        arg.kind = isnan(arg.value.real) && f->optional ? TP_ARG_NONE : TP_ARG_FLOAT;
        break;
    case TP__FIELD_CHOICE: arg.kind = *word ? TP_ARG_STRING : TP_ARG_NONE; arg.value.string = tp__word(f, *word); break;
    case TP__FIELD_DTYPE: arg.kind = *word ? TP_ARG_DTYPE : TP_ARG_NONE; arg.value.dtype = (tp_dtype)*word; break;
    case TP__FIELD_DEVICE: arg.kind = *word ? TP_ARG_DEVICE : TP_ARG_NONE; arg.value.device = *word; break;
    case TP__FIELD_INT_N: case TP__FIELD_PADDING:
        arg.kind = TP_ARG_NONE;
        for (int i = 0; i < f->length; i++)
            if (ints[i] != TP_NONE) arg.kind = TP_ARG_INTS;
        arg.n = f->length;
        arg.value.ints = ints;
        break;
    case TP__FIELD_INTS: arg.n = (int32_t)*ints; arg.kind = *ints < 0 ? TP_ARG_NONE : TP_ARG_INTS; arg.value.ints = ints + 1; break;
    case TP__FIELD_FLOATS:
        arg.n = (int32_t)*ints; arg.kind = *ints < 0 ? TP_ARG_NONE : TP_ARG_FLOATS; arg.value.floats = ((const tp__float_values *)at)->v;
        break;
    case TP__FIELD_TENSOR: case TP__FIELD_BUFFER:
        arg.value.tensor = *(tp_tensor *const *)at;
        arg.kind = arg.value.tensor ? TP_ARG_TENSOR : TP_ARG_NONE;
        break;
    case TP__FIELD_MODULE:
        arg.value.module = *(tp_module *const *)at;
        arg.kind = arg.value.module ? TP_ARG_MODULE : TP_ARG_NONE;
        break;
    }
    return arg;
}

/* ---- As text, in PyTorch's words -------------------------------------------------------------------------------------------------------- */

typedef struct text { char *out; size_t size, used; } text;

static void TP__PRINTF(2, 3) add(text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (t->used < t->size) t->used += (size_t)vsnprintf(t->out + t->used, t->size - t->used, format, list);
    va_end(list);
}

/* As Python writes a float: the fewest digits that give it back, and a point. */
static void add_real(text *t, double value)
{
    char digits[40];
    int n = 1;
    do snprintf(digits, sizeof digits, "%.*g", n, value);
    while (n++ < 17 && strtod(digits, NULL) != value);
    const bool whole = fabs(value) < 1e16 && value == trunc(value);
    if (whole) add(t, "%.1f", value);
    else add(t, "%s", digits);
}

static void add_ints(text *t, const int64_t *v, int n, bool tuple)
{
    bool equal = !tuple;
    for (int i = 1; i < n; i++) equal &= v[i] == v[0];
    if (!equal) add(t, "(");
    for (int i = 0; i < (equal ? 1 : n); i++) {
        if (i) add(t, ", ");
        if (v[i] == TP_NONE) add(t, "None");
        else add(t, "%lld", (long long)v[i]);
    }
    if (!equal) add(t, n == 1 ? ",)" : ")");
}

static void add_value(text *t, const tp__field *f, const tp_arg *arg, bool tuple)
{
    if (f->type == TP__FIELD_PADDING && arg->value.ints[0] == TP_SAME) {
        add(t, "same");
        return;
    }
    switch (arg->kind) {
    case TP_ARG_BOOL: add(t, arg->value.boolean ? "True" : "False"); break;
    case TP_ARG_INT: add(t, "%lld", (long long)arg->value.integer); break;
    case TP_ARG_FLOAT: add_real(t, arg->value.real); break;
    case TP_ARG_STRING: add(t, "%s", arg->value.string); break;
    case TP_ARG_INTS: add_ints(t, arg->value.ints, arg->n, tuple || f->type == TP__FIELD_INTS); break;
    case TP_ARG_FLOATS: add_real(t, arg->n ? arg->value.floats[0] : 0); break;
    default: add(t, "None");
    }
}

static bool is_default(const tp__field *f, const tp_module *m)
{
    union { tp_module head; char bytes[1024]; } fresh = { .bytes = { 0 } };
    assert(f->offset + f->bytes <= sizeof fresh);
    put_default(f, &fresh.head);
    return !memcmp(fresh.bytes + f->offset, (const char *)m + f->offset, f->bytes);
}

void tp__fields_describe(const tp__layer *layer, const tp_module *m, char *out, size_t size)
{
    const tp__layer_state *s = tp__layer_prepare(layer);
    text t = { out, size, 0 };
    for (const char *at = layer->shows; at && *at;) {
        char name[24];
        bool bare = false, unusual = false, tuple = false;
        for (; *at && !isalnum((unsigned char)*at) && *at != '_'; at++) {
            bare |= *at == ':';
            unusual |= *at == '?';
            tuple |= *at == '#';
        }
        at = read_word(at, name, sizeof name);
        const tp__field *f = tp__field_find(s, name);
        if (!f || (unusual && is_default(f, m))) continue;
        const tp_arg arg = tp__field_arg(f, m);
        add(&t, "%s%s%s", t.used ? ", " : "", bare ? "" : name, bare ? "" : "=");
        add_value(&t, f, &arg, tuple);
    }
}
