/* tree.c: a module and all below it: lists of what there is, found by name, set to a mode, moved. */
#include "module.h"

#include <string.h>

/* ---- Lists ---------------------------------------------------------------------------------------------------------------------- */

/* A name from the root of the walk, from its last part up. */
typedef struct prefix { const struct prefix *outer; const char *name; } prefix;

typedef struct walk {
    tp__list_kind kind;
    int64_t n;                                         /* entries so far */
    size_t chars;                                      /* of names so far */
    tp_entry *entries;                                 /* NULL: only counts */
    tp_tensor **tensors;
    char *names;
} walk;

static size_t write_name(const prefix *at, char *out)  /* returns the length; out may be NULL */
{
    if (!at->name) return 0;
    size_t n = write_name(at->outer, out);
    if (n && out) out[n] = '.';
    if (n) n++;
    const size_t length = strlen(at->name);
    if (out) memcpy(out + n, at->name, length);
    return n + length;
}

static void put(walk *w, const prefix *at, tp_entry entry)
{
    if (w->entries) {
        if (entry.tensor && w->kind != TP__STATE)
            for (int64_t i = 0; i < w->n; i++)
                if (w->tensors[i] == entry.tensor) return;       /* tied: listed once, under its first name */
        char *name = w->names + w->chars;
        name[write_name(at, name)] = 0;
        entry.name = name;
        w->entries[w->n] = entry;
        w->tensors[w->n] = entry.tensor;
    }
    w->chars += write_name(at, NULL) + 1;
    w->n++;
}

static bool lists_tensor(const walk *w, const tp__member *member)
{
    if (member->kind == TP_ENTRY_MODULE) return false;
    if (w->kind == TP__PARAMETERS) return member->kind == TP_ENTRY_PARAMETER;
    if (w->kind == TP__BUFFERS) return member->kind == TP_ENTRY_BUFFER;
    return w->kind == TP__STATE && member->persistent;
}

/* PyTorch's order: a module, its parameters, its buffers, then its children, each as they were added. */
static void visit(walk *w, tp_module *m, const prefix *at)
{
    const struct tp_module_state *s = tp__state(m);
    if (w->kind == TP__MODULES) put(w, at, (tp_entry){ .kind = TP_ENTRY_MODULE, .module = m });
    for (tp_entry_kind kind = TP_ENTRY_PARAMETER; kind <= TP_ENTRY_MODULE; kind++)
        for (int64_t i = 0; i < s->n; i++) {
            const tp__member *member = &s->members[i];
            const prefix inner = { at, member->name };
            if (member->kind != kind) continue;
            if (lists_tensor(w, member)) put(w, &inner, (tp_entry){ .kind = kind, .tensor = member->tensor, .module = m });
            else if (kind == TP_ENTRY_MODULE && w->kind == TP__CHILDREN) put(w, &inner, (tp_entry){ .kind = kind, .module = member->child });
            else if (kind == TP_ENTRY_MODULE) visit(w, member->child, &inner);
        }
}

tp__list *tp__list_of(tp_module *m, tp__list_kind kind)
{
    tp__list *list = &tp__state(m)->lists[kind];
    if (list->made) return list;
    const prefix root = { NULL, NULL };
    walk w = { .kind = kind };
    visit(&w, m, &root);
    const size_t bytes = (size_t)w.n * (sizeof *w.entries + sizeof *w.tensors) + w.chars + 1;
    void *block = tp_mem_alloc(bytes);
    if (!block) return NULL;
    w.entries = block;
    w.tensors = (tp_tensor **)(w.entries + w.n);
    w.names = (char *)(w.tensors + w.n);
    w.n = 0;
    w.chars = 0;
    visit(&w, m, &root);
    *list = (tp__list){ .entries = { w.entries, w.n }, .tensors = w.tensors, .block = block, .bytes = bytes, .made = true };
    return list;
}

void tp__lists_drop(tp_module *m)
{
    for (int kind = 0; kind < TP__LISTS; kind++) {
        tp__list *list = &tp__state(m)->lists[kind];
        tp_mem_free(list->block, list->bytes);
        *list = (tp__list){ .made = false };
    }
}

void tp__tree_changed(tp_module *m)
{
    for (; m; m = tp__state(m)->parent) tp__lists_drop(m);
}

static tp_entry_list entries_of(tp_module *m, const char *op, tp__list_kind kind)
{
    const tp__list *list = m && tp__is_module(m, op) ? tp__list_of(m, kind) : NULL;
    return list ? list->entries : (tp_entry_list){ NULL, 0 };
}

tp_entry_list (tp_named_parameters)(tp_module *m) { return entries_of(m, "named_parameters", TP__PARAMETERS); }
tp_entry_list (tp_named_buffers)(tp_module *m) { return entries_of(m, "named_buffers", TP__BUFFERS); }
tp_entry_list (tp_named_children)(tp_module *m) { return entries_of(m, "named_children", TP__CHILDREN); }
tp_entry_list (tp_named_modules)(tp_module *m) { return entries_of(m, "named_modules", TP__MODULES); }
tp_entry_list (tp_state_dict)(tp_module *m) { return entries_of(m, "state_dict", TP__STATE); }

tp_parameter_list (tp_parameters)(tp_module *m)
{
    const tp__list *list = m && tp__is_module(m, "parameters") ? tp__list_of(m, TP__PARAMETERS) : NULL;
    return list ? (tp_parameter_list){ .at = list->tensors, .n = list->entries.n } : (tp_parameter_list){ .at = NULL, .n = 0 };
}

/* ---- Found by name ---------------------------------------------------------------------------------------------------------------- */

const tp__member *tp__member_at(tp_module *m, const char *path, tp_module **owner)
{
    for (;;) {
        const struct tp_module_state *s = tp__state(m);
        const size_t length = strcspn(path, ".");
        const tp__member *found = NULL;
        for (int64_t i = 0; i < s->n && !found; i++)
            if (!strncmp(s->members[i].name, path, length) && !s->members[i].name[length]) found = &s->members[i];
        if (owner) *owner = m;
        if (!found || !path[length]) return found;
        if (!found->child) return NULL;
        m = found->child;
        path += length + 1;
    }
}

tp_module *(tp_module_find)(tp_module *m, const char *path)
{
    if (!m || !path || !tp__is_module(m, "module_find")) return NULL;
    if (!*path) return m;
    const tp__member *found = tp__member_at(m, path, NULL);
    return found ? found->child : NULL;
}

tp_tensor *(tp_module_tensor)(tp_module *m, const char *path)
{
    if (!m || !path || !tp__is_module(m, "module_tensor")) return NULL;
    tp_module *owner;
    const tp__member *found = tp__member_at(m, path, &owner);
    if (found && found->tensor && !found->kind) return tp__computed_value(owner, found->tensor);
    return found ? found->tensor : NULL;
}

const char *(tp_module_type)(tp_module *m) { return m && tp__is_module(m, "module_type") ? tp__state(m)->type : ""; }

/* ---- Applied to all ------------------------------------------------------------------------------------------------------------------ */

static tp_status apply(tp_module *m, tp_module_fn *fn, void *arg)
{
    const struct tp_module_state *s = tp__state(m);
    for (int64_t i = 0; i < s->n; i++)                 /* fn may add members: to the end, and at another address */
        if (s->members[i].child && apply(s->members[i].child, fn, arg) != TP_OK) return tp_error_status();
    fn(arg, m);
    return tp_error_status();
}

tp_status (tp_module_apply)(tp_module *m, tp_module_fn *fn, void *arg)
{
    const tp_status status = tp__may_change(m, "module_apply");
    if (status != TP_OK) return status;
    return fn ? apply(m, fn, arg) : tp_fail(TP_ERR_ARGUMENT, "module_apply: the function is NULL");
}

/* ---- Modes -------------------------------------------------------------------------------------------------------------------------- */

static void set_training(tp_module *m, bool on)
{
    struct tp_module_state *s = tp__state(m);
    s->training = on;
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].child) set_training(s->members[i].child, on);
}

tp_status (tp_train)(tp_module *m)
{
    const tp_status status = tp__may_change(m, "train");
    if (status == TP_OK) set_training(m, true);
    return status;
}

tp_status (tp_eval)(tp_module *m)
{
    const tp_status status = tp__may_change(m, "eval");
    if (status == TP_OK) set_training(m, false);
    return status;
}

bool (tp_is_training)(tp_module *m) { return m && tp__is_module(m, "is_training") && tp__state(m)->training; }

tp_status (tp_module_requires_grad)(tp_module *m, bool on)
{
    tp_status status = tp__may_change(m, "module_requires_grad");
    const tp__list *list = status == TP_OK ? tp__list_of(m, TP__PARAMETERS) : NULL;
    if (!list) return tp_error_status();
    for (int64_t i = 0; i < list->entries.n && status == TP_OK; i++) status = tp_requires_grad(list->tensors[i], on);
    return status;
}

tp_status (tp_module_zero_grad)(tp_module *m)
{
    tp_status status = tp__may_change(m, "module_zero_grad");
    const tp__list *list = status == TP_OK ? tp__list_of(m, TP__PARAMETERS) : NULL;
    if (!list) return tp_error_status();
    for (int64_t i = 0; i < list->entries.n && status == TP_OK; i++) status = tp_set_grad(list->tensors[i], NULL);
    return status;
}

/* ---- Moves: all that is new is made first, then taken over -------------------------------------------------------------------------- */

typedef struct target { tp_device device; tp_dtype dtype; } target;      /* 0: as it is */

static tp_tensor *converted(tp_tensor *x, target to)
{
    tp_tensor *y = x;
    if (to.dtype && tp__floats(tp_dtype_of(x))) y = tp_to_dtype(y, to.dtype);
    return to.device ? tp_to(y, to.device) : y;
}

typedef struct moved { tp_tensor *x, *data, *grad, *rows; } moved;      /* rows: indices of a gradient that is held as rows, grad their values */

static tp_status prepare(moved *list, int64_t n, target to)
{
    for (int64_t i = 0; i < n; i++) {
        tp_tensor *rows, *grad;
        if (tp_grad_rows(list[i].x, &rows, &grad) != TP_OK) return tp_error_status();
        if (!rows) grad = tp_grad_of(list[i].x);
        list[i].data = converted(list[i].x, to);
        list[i].grad = grad ? converted(grad, to) : NULL;
        list[i].rows = rows ? converted(rows, to) : NULL;
        if (!list[i].data || (grad && !list[i].grad) || (rows && !list[i].rows)) return tp_error_status();
    }
    return TP_OK;
}

static tp_status take_over(moved *list, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (list[i].data == list[i].x) continue;
        tp_status status = tp_set_data(list[i].x, list[i].data);
        if (status == TP_OK && list[i].rows) status = tp_set_grad_rows(list[i].x, list[i].rows, list[i].grad);
        else if (status == TP_OK && list[i].grad) status = tp_set_grad(list[i].x, list[i].grad);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status move(tp_module *m, const char *op, target to)
{
    tp_status status = tp__may_change(m, op);
    if (status != TP_OK) return status;
    const tp__list *parameters = tp__list_of(m, TP__PARAMETERS), *buffers = tp__list_of(m, TP__BUFFERS);
    if (!parameters || !buffers) return tp_error_status();
    const int64_t n_parameters = parameters->entries.n, n = n_parameters + buffers->entries.n;
    if (!n) return TP_OK;
    moved *list = tp_mem_alloc((size_t)n * sizeof *list);
    if (!list) return tp_error_status();
    for (int64_t i = 0; i < n; i++)
        list[i].x = i < n_parameters ? parameters->tensors[i] : buffers->tensors[i - n_parameters];
    {
        TP_SCOPE();
        TP_NO_GRAD();
        status = prepare(list, n, to);
        if (status == TP_OK) status = take_over(list, n);
    }
    tp_mem_free(list, (size_t)n * sizeof *list);
    return status;
}

tp_status (tp_module_to)(tp_module *m, tp_device device)
{
    return move(m, "module_to", (target){ .device = device });
}

tp_status (tp_module_to_dtype)(tp_module *m, tp_dtype dtype)
{
    if (!tp__floats(dtype)) return tp_fail(TP_ERR_DTYPE, "module_to_dtype: %s is not floating", tp_dtype_name(dtype));
    return move(m, "module_to_dtype", (target){ .dtype = dtype });
}
