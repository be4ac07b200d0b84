/* registry.c: all ops, gathered from the tables at the end of the files in src/ops/, and calls by name. */
#include "ops/run.h"

#include <pthread.h>
#include <stdlib.h>

extern const tp_op *const *const tp__op_tables[];      /* made by the Makefile from the file names, which are.. */
extern const char *const tp__op_table_names[];

enum { MOST_OPS = 2048, ATTR_ROOM = 1024, SLOTS = 64 };
static const tp_op *all[MOST_OPS];
static int n_all;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int by_name(const void *a, const void *b)
{
    return strcmp(tp__state(*(const tp_op *const *)a)->name, tp__state(*(const tp_op *const *)b)->name);
}

static void gather(void)
{
    for (int i = 0; tp__op_tables[i]; i++)
        for (const tp_op *const *op = tp__op_tables[i]; *op && n_all < MOST_OPS; op++) {
            tp__state(*op)->family = tp__op_table_names[i];
            all[n_all++] = *op;
        }
    qsort(all, (size_t)n_all, sizeof *all, by_name);
}

int tp_op_count(void)
{
    pthread_once(&once, gather);
    return n_all;
}

const tp_op *tp_op_at(int i) { return i >= 0 && i < tp_op_count() ? all[i] : NULL; }

/* PyTorch's second names. One that ends in an underscore is that of the form in place, if the op has one. */
static const struct { const char *name, *op; } aliases[] = {
    { "affine_grid_generator", "affine_grid" }, { "arccos", "acos" }, { "arccosh", "acosh" }, { "arcsin", "asin" },
    { "arcsinh", "asinh" }, { "arctan", "atan" }, { "arctan2", "atan2" }, { "arctanh", "atanh" }, { "divide", "div" },
    { "fix", "trunc" }, { "fold", "col2im" }, { "greater", "gt" }, { "greater_equal", "ge" }, { "less", "lt" },
    { "less_equal", "le" }, { "matrix_power", "linalg_matrix_power" }, { "multiply", "mul" },
    { "native_channel_shuffle", "channel_shuffle" }, { "negative", "neg" }, { "not_equal", "ne" }, { "slogdet", "linalg_slogdet" },
    { "special_expit", "sigmoid" }, { "special_gammainc", "igamma" }, { "special_gammaincc", "igammac" }, { "special_gammaln", "lgamma" },
    { "special_psi", "digamma" }, { "subtract", "sub" }, { "upsample", "interpolate" },
};

/* The op's name for an alias, written to `room` where it gets an underscore; else `name`. */
static const char *own_name(const char *name, char *room, size_t size)
{
    const size_t n = strlen(name), stem = n && name[n - 1] == '_' ? n - 1 : n;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strlen(aliases[i].name) != stem || memcmp(aliases[i].name, name, stem)) continue;
        if (stem == n) return aliases[i].op;
        snprintf(room, size, "%s_", aliases[i].op);
        return room;
    }
    return name;
}

/* The first whose full name is `name`, or begins with it and a dot. */
static int first_of(const char *name)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (!strcmp(tp__state(all[i])->name, name)) return i;
    for (int i = 0; i < n_all; i++)
        if (!strcmp(tp__state(all[i])->base_name, name)) return i;
    return -1;
}

const tp_op *tp_op_find(const char *name)
{
    char room[64];
    const int i = name ? first_of(own_name(name, room, sizeof room)) : -1;
    return i < 0 ? NULL : all[i];
}

const char *tp_op_name(const tp_op *op) { return op ? tp__state(op)->name : NULL; }
const char *tp_op_family(const tp_op *op) { return op && tp_op_count() ? tp__state(op)->family : NULL; }
const char *tp_op_schema(const tp_op *op) { return op ? op->schema : NULL; }
bool tp_op_is_internal(const tp_op *op) { return op && op->flags & TP__INTERNAL; }
bool tp_op_is_differentiable(const tp_op *op) { return op && (op->backward || op->compose) && !(op->flags & TP__NO_GRAD_OP); }

/* ---- From named arguments to slots and attributes ------------------------------------------------------------------------------- */

typedef struct binding {
    const tp_op *op;
    tp_tensor *few[SLOTS], **slots;                    /* by slot; a longer list gets memory of its own */
    int n_slots, room;
    _Alignas(16) unsigned char attr[ATTR_ROOM];
    bool quiet;                                        /* an overload that does not fit is no error yet */
} binding;

static tp_status misfit(const binding *b, const char *format, const char *what)
{
    if (b->quiet) return TP_ERR_ARGUMENT;
    char text[200];
    snprintf(text, sizeof text, format, what);
    enum { SHOWN = 360 };                              /* of a schema, so that the message holds it */
    const char *schema = b->op->schema;
    return tp_fail(TP_ERR_ARGUMENT, "%s: %s; the schema is %.*s%s", tp__state(b->op)->base_name, text, SHOWN, schema, strlen(schema) > SHOWN ? ".." : "");
}

static bool operand_of(const tp_arg *arg, tp_operand *out)
{
    if (arg->kind == TP_ARG_BOOL) *out = (tp_operand){ .kind = TP_OPERAND_BOOL, .as.integer = arg->value.boolean };
    else if (arg->kind == TP_ARG_INT) *out = (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = arg->value.integer };
    else if (arg->kind == TP_ARG_FLOAT) *out = (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = arg->value.real };
    else return false;
    return true;
}

/* An integer, or one of several; TP_NONE where a list has none. */
static bool integer_of(const tp_arg *arg, int i, int64_t *out)
{
    const tp_arg *item = arg->kind == TP_ARG_LIST ? &arg->value.list[i] : arg;
    if (arg->kind == TP_ARG_INTS) *out = arg->value.ints[i];
    else if (item->kind == TP_ARG_INT) *out = item->value.integer;
    else if (item->kind == TP_ARG_NONE && item != arg) *out = TP_NONE;
    else return false;
    return true;
}

static bool set_ints(const tp__param *p, const tp_arg *arg, void *to)
{
    const int n = arg->kind == TP_ARG_INTS || arg->kind == TP_ARG_LIST ? arg->n : 1;
    const int most = p->type == TP__TYPE_INTS ? TP_MAX_DIMS : p->length;
    int64_t *v = p->type == TP__TYPE_INTS ? ((tp__ints *)to)->v : to;
    const bool none = !n && p->type == TP__TYPE_INT_N && p->optional;      /* stride=[] says as much as none */
    if (n > most || (p->type == TP__TYPE_INT_N && n != 1 && n != most && !none)) return false;
    for (int i = 0; i < n; i++)
        if (!integer_of(arg, i, &v[i])) return false;
    for (int i = 0; i < most && none; i++) v[i] = TP_NONE;
    if (p->type == TP__TYPE_INTS) ((tp__ints *)to)->n = n;
    else for (int i = n; i < most && n; i++) v[i] = v[0];
    return true;
}

static bool set_floats(const tp_arg *arg, tp__floats *to)
{
    const bool several = arg->kind == TP_ARG_FLOATS || arg->kind == TP_ARG_INTS;
    tp_operand number;
    to->n = several ? arg->n : 1;
    if (to->n > TP_MAX_DIMS || (!several && !operand_of(arg, &number))) return false;
    if (!several) to->v[0] = number.kind == TP_OPERAND_REAL ? number.as.real : (double)number.as.integer;
    for (int i = 0; several && i < arg->n; i++) to->v[i] = arg->kind == TP_ARG_FLOATS ? arg->value.floats[i] : (double)arg->value.ints[i];
    return true;
}

static tp_device device_named(const char *name)         /* "cpu", "cuda", "cuda:1"; 0: of none */
{
    if (!name || !strcmp(name, "cpu")) return name ? TP_CPU : 0;
    if (!strcmp(name, "cuda")) return TP_CUDA(0);
    char *end;
    const long index = strncmp(name, "cuda:", 5) || name[5] < '0' || name[5] > '9' ? -1 : strtol(name + 5, &end, 10);
    return index >= 0 && index < 256 && !*end ? TP_CUDA((int)index) : 0;
}

static bool set_attribute(const tp__param *p, const tp_arg *arg, void *to)
{
    tp_operand number;
    switch (p->type) {
    case TP__TYPE_BOOL:
        if (arg->kind != TP_ARG_BOOL) return false;
        *(bool *)to = arg->value.boolean;
        return true;
    case TP__TYPE_INT:
        if (arg->kind == TP_ARG_TENSOR) {              /* a 0-dim tensor of integers counts as its value */
            if (!tp__alive(arg->value.tensor, "op_call") || arg->value.tensor->ndim || !tp__is_integer(arg->value.tensor->dtype)) return false;
            *(int64_t *)to = tp_item_i64(arg->value.tensor);
            return true;
        }
        if (arg->kind != TP_ARG_INT && arg->kind != TP_ARG_BOOL) return false;
        *(int64_t *)to = arg->kind == TP_ARG_INT ? arg->value.integer : arg->value.boolean;
        return true;
    case TP__TYPE_FLOAT:
        if (!operand_of(arg, &number)) return false;
        *(double *)to = number.kind == TP_OPERAND_REAL ? number.as.real : (double)number.as.integer;
        return true;
    case TP__TYPE_NUMBER: return operand_of(arg, to);
    case TP__TYPE_DTYPE:
        if (arg->kind != TP_ARG_DTYPE) return false;
        *(tp_dtype *)to = arg->value.dtype;
        return true;
    case TP__TYPE_DEVICE:
        if (arg->kind == TP_ARG_STRING) return (*(tp_device *)to = device_named(arg->value.string)) != 0;
        if (arg->kind != TP_ARG_DEVICE) return false;
        *(tp_device *)to = arg->value.device;
        return true;
    case TP__TYPE_STRING:
        if (arg->kind != TP_ARG_STRING) return false;
        *(const char **)to = arg->value.string;
        return true;
    case TP__TYPE_ANY:
        *(const tp_arg **)to = arg;
        return true;
    case TP__TYPE_FLOATS: return set_floats(arg, to);
    case TP__TYPE_INT_LIST:
        if (arg->kind != TP_ARG_INTS && arg->kind != TP_ARG_INT) return false;
        *(tp__int_list *)to = (tp__int_list){ arg->kind == TP_ARG_INTS ? arg->n : 1, arg->kind == TP_ARG_INTS ? arg->value.ints : &arg->value.integer };
        return true;
    case TP__TYPE_CHOICE:
        if (arg->kind != TP_ARG_STRING && arg->kind != TP_ARG_LAYOUT && arg->kind != TP_ARG_MEMORY_FORMAT) return false;
        return (*(int32_t *)to = tp__choice(p, arg->value.string)) != 0;
    default: return set_ints(p, arg, to);
    }
}

/* A list that has items has a place where they are. */
static bool has_items(const tp_arg *arg)
{
    switch (arg->kind) {
    case TP_ARG_BOOLS: return !arg->n || (arg->n > 0 && arg->value.bools);
    case TP_ARG_INTS: return !arg->n || (arg->n > 0 && arg->value.ints);
    case TP_ARG_FLOATS: return !arg->n || (arg->n > 0 && arg->value.floats);
    case TP_ARG_TENSORS: return !arg->n || (arg->n > 0 && arg->value.tensors);
    case TP_ARG_LIST: break;
    default: return true;
    }
    bool good = !arg->n || (arg->n > 0 && arg->value.list);
    for (int i = 0; i < arg->n && good; i++) good = has_items(&arg->value.list[i]);
    return good;
}

/* The tensors of an argument of any kind stand in no slot, where the call would look. */
static bool all_alive(const tp_arg *arg, const char *op)
{
    bool good = arg->kind != TP_ARG_TENSOR || !arg->value.tensor || tp__alive(arg->value.tensor, op);
    for (int i = 0; i < arg->n && good; i++) {
        if (arg->kind == TP_ARG_TENSORS) good = !arg->value.tensors[i] || tp__alive(arg->value.tensors[i], op);
        else if (arg->kind == TP_ARG_LIST) good = all_alive(&arg->value.list[i], op);
    }
    return good;
}

static void set_default(const tp__param *p, void *to)
{
    switch (p->type) {
    case TP__TYPE_BOOL: *(bool *)to = p->value.i; break;
    case TP__TYPE_CHOICE: *(int32_t *)to = (int32_t)p->value.i; break;
    case TP__TYPE_INT_N: memcpy(to, p->value.ints.v, p->bytes); break;
    case TP__TYPE_INT: case TP__TYPE_FLOAT: case TP__TYPE_NUMBER: case TP__TYPE_INTS: memcpy(to, &p->value, p->bytes); break;
    default: memset(to, 0, p->bytes);
    }
}

static tp_status add_slot(binding *b, tp_tensor *x)
{
    if (b->n_slots == b->room) {
        tp_tensor **more = tp_mem_alloc((size_t)b->room * 2 * sizeof *more);
        if (!more) return TP_ERR_MEMORY;
        memcpy(more, b->slots, (size_t)b->n_slots * sizeof *more);
        if (b->slots != b->few) tp_mem_free(b->slots, (size_t)b->room * sizeof *more);
        b->slots = more;
        b->room *= 2;
    }
    b->slots[b->n_slots++] = x;
    return TP_OK;
}

static tp_status bind_tensor(binding *b, const tp__param *p, const tp_arg *arg)
{
    tp_operand number = p->value.number;               /* its default, if it has one */
    if (!arg && (p->type == TP__TYPE_TENSORS || !number.kind)) return add_slot(b, NULL);
    if (p->type == TP__TYPE_TENSORS) {
        if (arg->kind != TP_ARG_TENSORS && arg->kind != TP_ARG_LIST) return misfit(b, "\"%s\" must be a list of tensors", p->name);
        for (int i = 0; i < arg->n; i++) {
            const bool listed = arg->kind == TP_ARG_LIST;
            if (listed && arg->value.list[i].kind != TP_ARG_TENSOR) return misfit(b, "\"%s\" must be a list of tensors", p->name);
            const tp_status status = add_slot(b, listed ? arg->value.list[i].value.tensor : arg->value.tensors[i]);
            if (status) return status;
        }
        return TP_OK;
    }
    if (arg && arg->kind == TP_ARG_TENSOR) return add_slot(b, arg->value.tensor);
    if (arg && (!p->or_number || !operand_of(arg, &number))) return misfit(b, "\"%s\" must be a tensor", p->name);
    tp_tensor *x = tp__operand(number);
    return x ? add_slot(b, x) : tp__pending();
}

static const tp_arg *argument(const tp__op_state *s, int i, const tp_arg *args, int n)
{
    for (int k = 0; k < n; k++)
        if (args[k].name ? !strcmp(args[k].name, s->params[i].name) : k == i && !s->params[i].keyword_only) return &args[k];
    return NULL;
}

static const char *name_of(const tp_arg *arg, const tp__op_state *s, int k) { return arg->name ? arg->name : k < s->n_params ? s->params[k].name : "?"; }

static tp_status check_names(const binding *b, const tp__op_state *s, const tp_arg *args, int n)
{
    for (int k = 0; k < n; k++) {
        if (!has_items(&args[k])) return misfit(b, "\"%s\" is a list that is NULL, or of less than 0 items", name_of(&args[k], s, k));
        if (!args[k].name) {
            if (k >= s->n_params || s->params[k].keyword_only) return misfit(b, "too many arguments by position%s", "");
            continue;
        }
        int found = -1;
        for (int i = 0; i < s->n_params; i++)
            if (!strcmp(args[k].name, s->params[i].name)) found = i;
        if (found < 0) return misfit(b, "no argument is named \"%s\"", args[k].name);
        for (int j = 0; j < n; j++)
            if (j != k && (args[j].name ? !strcmp(args[j].name, args[k].name) : j == found))
                return misfit(b, "\"%s\" is given twice", args[k].name);
    }
    return TP_OK;
}

static tp_status bind(binding *b, const tp_arg *args, int n)
{
    const tp__op_state *s = tp__state(b->op);
    b->slots = b->few;
    b->n_slots = 0;
    b->room = SLOTS;
    tp_status status = check_names(b, s, args, n);
    for (int i = 0; i < s->n_params && !status; i++) {
        const tp__param *p = &s->params[i];
        const tp_arg *arg = argument(s, i, args, n);
        if (arg && arg->kind == TP_ARG_NONE && p->type != TP__TYPE_ANY) {
            if (!p->optional) return misfit(b, "\"%s\" cannot be none", p->name);
            if (p->type == TP__TYPE_TENSOR) arg = NULL;
        } else if (!arg && !p->has_default && !p->optional) {
            return misfit(b, "\"%s\" is missing", p->name);
        }
        if (p->type == TP__TYPE_TENSOR || p->type == TP__TYPE_TENSORS) {
            status = bind_tensor(b, p, arg);
            continue;
        }
        if (i < s->last_tensor) status = add_slot(b, NULL);
        void *to = b->attr + p->offset;
        if (arg && p->type == TP__TYPE_ANY && !all_alive(arg, s->base_name)) return tp__pending();
        if (!arg) set_default(p, to);
        else if (arg->kind == TP_ARG_NONE && p->type != TP__TYPE_ANY) {
            tp__param none = *p;                       /* absent is not the default where the default is a value */
            if (p->type == TP__TYPE_INT) none.value.i = TP_NONE;
            else if (p->type == TP__TYPE_INT_N) for (int k = 0; k < p->length; k++) none.value.ints.v[k] = TP_NONE;
            else memset(&none.value, 0, sizeof none.value);
            set_default(&none, to);
        } else if ((b->quiet && arg->kind == TP_ARG_TENSOR && p->type == TP__TYPE_INT) || !set_attribute(p, arg, to)) {      /* max(x, y) is no max(x, dim) */
            status = misfit(b, "\"%s\" is of a wrong kind or value", p->name);
        }
    }
    return status;
}

static tp_status call_bound(const tp_op *op, bool quiet, const tp_arg *args, int n, tp_tensor **outputs, int max, int *n_out, bool *fits)
{
    binding b;
    b.op = op;
    b.quiet = quiet;
    memset(b.attr, 0, sizeof b.attr);
    tp_status status = bind(&b, args, n);
    *fits = !status;
    tp_tensor *few[8], **out = max < 8 ? few : outputs;
    if (!status) {
        const int got = tp__run(op, b.slots, b.n_slots, b.attr, out, max < 8 ? 8 : max, TP__CALLER);
        if (got < 0) status = (tp_status)got;
        else if (got > max) status = tp_fail(TP_ERR_ARGUMENT, "%s: it has %d outputs, there is room for %d", tp__state(op)->base_name, got, max);
        else if (n_out) *n_out = got;
        for (int i = 0; i < max; i++) outputs[i] = !status && i < got ? out[i] : NULL;
    }
    if (b.slots != b.few) tp_mem_free(b.slots, (size_t)b.room * sizeof *b.slots);
    return status;
}

static void clear(tp_tensor **outputs, int max, int *n_out)
{
    for (int i = 0; i < max && outputs; i++) outputs[i] = NULL;
    if (n_out) *n_out = 0;
}

static bool lists_are_good(const char *op, const tp_arg *args, int n, tp_tensor **outputs, int max)
{
    if (n >= 0 && max >= 0 && (args || !n) && (outputs || !max)) return true;
    tp_fail(TP_ERR_ARGUMENT, "%s: %d arguments and room for %d outputs, or a list of them is NULL", op, n, max);
    return false;
}

tp_status tp_op_invoke(const tp_op *op, const tp_arg *args, int n, tp_tensor **outputs, int max, int *n_out)
{
    bool fits;
    clear(outputs, max, n_out);
    if (!lists_are_good("op_invoke", args, n, outputs, max)) return TP_ERR_ARGUMENT;
    if (!op) return tp_fail(TP_ERR_UNSUPPORTED, "op_invoke: the op is NULL");
    return call_bound(op, false, args, n, outputs, max, n_out, &fits);
}

/* What a call by its base name may mean; internal ones have to be named in full. */
static bool is_overload(const tp_op *op, const char *name) { return !(op->flags & TP__INTERNAL) && !strcmp(tp__state(op)->base_name, name); }

tp_status tp_op_call(const char *name, const tp_arg *args, int n, tp_tensor **outputs, int max, int *n_out)
{
    clear(outputs, max, n_out);
    if (!lists_are_good("op_call", args, n, outputs, max)) return TP_ERR_ARGUMENT;
    char room[64];
    const char *given = name ? name : "(null)";
    if (name) name = own_name(name, room, sizeof room);
    const int first = name ? first_of(name) : -1;
    if (first < 0) return tp_fail(TP_ERR_UNSUPPORTED, "op_call: there is no op \"%s\"", given);
    const bool by_base = !strcmp(tp__state(all[first])->base_name, name);
    int overloads = 0, last = first;
    for (int i = 0; by_base && i < n_all; i++)
        if (is_overload(all[i], name)) overloads++, last = i;
    bool fits;
    if (overloads < 2) return tp_op_invoke(all[first], args, n, outputs, max, n_out);
    for (int i = 0; i <= last; i++) {
        if (!is_overload(all[i], name)) continue;
        const tp_status status = call_bound(all[i], true, args, n, outputs, max, n_out, &fits);
        if (fits || tp__pending_error()) return status;
    }
    return tp_fail(TP_ERR_ARGUMENT, "%s: none of its %d overloads takes these arguments; the first is %s", name, overloads, all[first]->schema);
}
