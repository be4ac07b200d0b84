/* module.c: the life of a module: made, given its members, done or given up, freed. */
#include "module.h"

#include <string.h>

static void free_whole(tp_module *m);
static const tp_module *running_in(const tp_module *m);
static void destroy(void *self) { (tp_module_free)(self); }

bool tp__is_module(const tp_module *m, const char *op)
{
    if (!m) return tp_fail(TP_ERR_ARGUMENT, "%s: the module is NULL", op), false;
    if (m->base.object.kind == TP_KIND_MODULE) return true;
    const bool dead = m->base.object.kind == TP_KIND_DEAD;
    return tp_fail(TP_ERR_STATE, "%s: %s", op, dead ? "the module was freed" : "this is no module"), false;
}

tp_status tp__may_change(const tp_module *m, const char *op)
{
    if (!tp__is_module(m, op) || tp_failed()) return tp_error_status();
    return TP_OK;
}

/* ---- Made ------------------------------------------------------------------------------------------------------------------- */

static struct tp_module_state *state_new(size_t bytes, const tp_module_class *cls)
{
    struct tp_module_state *s = tp_mem_calloc(sizeof *s);
    if (!s) return NULL;
    s->type = tp_mem_string(cls->type);
    if (!s->type) {
        tp_mem_free(s, sizeof *s);
        return NULL;
    }
    memcpy(&s->cls, cls, cls->size);                   /* an older program's class is shorter: the rest is zero */
    s->cls.type = s->type;
    s->bytes = bytes;
    s->training = true;
    return s;
}

tp_module *tp_module_new_class_with(size_t bytes, const tp_module_class *cls)
{
    if (tp_failed()) return NULL;
    if (!cls || cls->size < offsetof(tp_module_class, forward) || cls->size > sizeof *cls || !cls->type || bytes < sizeof(tp_module)) {
        tp_fail(TP_ERR_ARGUMENT, "module_new: %s", !cls ? "the class is NULL" : bytes < sizeof(tp_module) ?
                "a module begins with `tp_module base`" : cls->size > sizeof *cls ? "the class is of a newer header than the library's" :
                "the class has no size or no type");
        return NULL;
    }
    tp_module *m = tp_mem_calloc(bytes);
    if (!m) return NULL;
    m->base.object = (tp_object){ .kind = TP_KIND_MODULE, .destroy = destroy };
    m->base.state = state_new(bytes, cls);
    if (!m->base.state) {
        tp_mem_free(m, bytes);
        return NULL;
    }
    m->base.cls = &m->base.state->cls;
    return m;
}

tp_module *tp_module_new_with(size_t bytes, const char *type, tp_forward_fn *forward)
{
    return tp_module_new_class_with(bytes, &(tp_module_class){ .size = sizeof(tp_module_class), .type = type, .forward = forward });
}

tp_module *(tp_module_done)(tp_module *m)
{
    if (!tp__is_module(m, "module_done")) return NULL;
    if (!tp__state(m)->broken && !tp_failed()) return m;
    tp_fail(TP_ERR_STATE, "module_done: a member of %s could not be made", tp__state(m)->type);
    (tp_module_free)(m);
    return NULL;
}

/* ---- Members ------------------------------------------------------------------------------------------------------------------ */

/* Room for one more member of that name; NULL is an error. */
static tp__member *member_new(tp_module *m, const char *op, const char *name)
{
    struct tp_module_state *s = tp__state(m);
    if (!name || !*name || strchr(name, '.')) {
        tp_fail(TP_ERR_ARGUMENT, "%s: \"%s\" is no name for a member: it must not be empty or have a dot", op, name ? name : "");
        return NULL;
    }
    for (int64_t i = 0; i < s->n; i++)
        if (!strcmp(s->members[i].name, name)) {
            tp_fail(TP_ERR_ARGUMENT, "%s: %s has a member \"%s\" already", op, s->type, name);
            return NULL;
        }
    if (s->n == s->room) {
        const int64_t room = s->room ? 2 * s->room : 4;
        tp__member *members = tp_mem_resize(s->members, (size_t)s->room * sizeof *members, (size_t)room * sizeof *members);
        if (!members) return NULL;
        s->members = members;
        s->room = room;
    }
    char *copy = tp_mem_string(name);
    if (!copy) return NULL;
    tp__tree_changed(m);
    s->members[s->n] = (tp__member){ .name = copy };
    return &s->members[s->n++];
}

tp_module *tp__root_of(tp_module *m)
{
    while (tp__state(m)->parent) m = tp__state(m)->parent;
    return m;
}

static bool child_fits(tp_module *m, const char *op, const char *name, tp_module *child)
{
    if (!child) {
        tp_fail(TP_ERR_ARGUMENT, "%s: child \"%s\" of %s is NULL", op, name ? name : "", tp__state(m)->type);
        return false;
    }
    if (!tp__is_module(child, op)) return false;
    if (tp__state(child)->parent) {
        tp_fail(TP_ERR_ARGUMENT, "%s: \"%s\" belongs to a %s already, as \"%s\"", op, name ? name : "",
                tp__state(tp__state(child)->parent)->type, tp__state(child)->name);
        return false;
    }
    if (tp__root_of(m) == child) return tp_fail(TP_ERR_ARGUMENT, "%s: \"%s\" contains the module that it is given to", op, name), false;
    int depth = 1;
    for (const tp_module *at = m; at; at = tp__state(at)->parent) depth++;
    if (depth + tp__state(child)->height > TP_MAX_MODULE_DEPTH)
        return tp_fail(TP_ERR_ARGUMENT, "%s: with \"%s\" modules would be nested %d deep, %d are possible", op, name,
                       depth + tp__state(child)->height, TP_MAX_MODULE_DEPTH), false;
    return true;
}

/* What is below m is at least that high; and so on above it. */
static void grow_to(tp_module *m, int height)
{
    for (; m && tp__state(m)->height < height; m = tp__state(m)->parent) tp__state(m)->height = height++;
}

static void attach(tp_module *m, tp__member *member, tp_module *child)
{
    member->child = child;
    tp__state(child)->parent = m;
    child->base.object.owned = 1;
    tp__state(child)->name = member->name;
    grow_to(m, tp__state(child)->height + 1);
}
/* A child is taken over on failure, too, unless it has a parent. */
static void drop(tp_module *child)
{
    if (child && child->base.object.kind == TP_KIND_MODULE && !tp__state(child)->parent) (tp_module_free)(child);
}

tp_module *(tp_add_child)(tp_module *m, const char *name, tp_module *child)
{
    if (!tp__is_module(m, "add_child")) return drop(child), NULL;
    tp__member *member = child_fits(m, "add_child", name, child) && !tp_failed() ? member_new(m, "add_child", name) : NULL;
    if (!member) {
        tp__state(m)->broken = true;
        if (tp__root_of(m) != child) drop(child);
        return NULL;
    }
    member->kind = TP_ENTRY_MODULE;
    attach(m, member, child);
    return child;
}

/* Taper's own layers hold their children by pointers of their own, but for those that only list them. */
static const tp_module *that_holds_on(const tp_module *m)
{
    static const char *const lists[] = { "Sequential", "ModuleList", "ModuleDict" };
    for (; m; m = tp__state(m)->parent) {
        bool lists_them = !tp__state(m)->layer;
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) lists_them |= !strcmp(tp__state(m)->type, lists[i]);
        if (!lists_them) return m;
    }
    return NULL;
}

/* The member whose child may be replaced */
static tp__member *place_of(tp_module *m, const char *op, const char *name)
{
    struct tp_module_state *s = tp__state(m);
    const tp_module *const holder = that_holds_on(m);
    tp__member *member = NULL;
    for (int64_t i = 0; i < s->n && name; i++)
        if (s->members[i].child && !strcmp(s->members[i].name, name)) member = &s->members[i];
    if (!member) return tp_fail(TP_ERR_ARGUMENT, "%s: %s has no child \"%s\"", op, s->type, name ? name : ""), NULL;
    if (holder) return tp_fail(TP_ERR_UNSUPPORTED, "%s: a %s keeps the layers that it was made with", op, tp__state(holder)->type), NULL;
    if (s->around && s->around->n_computed && !strcmp(name, "parametrizations"))
        return tp_fail(TP_ERR_UNSUPPORTED, "%s: %s computes weights by \"%s\": tp_remove_parametrizations", op, s->type, name), NULL;
    const tp_module *const running = running_in(member->child);
    return running ? (tp_fail(TP_ERR_STATE, "%s: %s in it is running", op, tp__state(running)->type), NULL) : member;
}

tp_module *(tp_replace_child)(tp_module *m, const char *name, tp_module *child)
{
    static const char op[] = "replace_child";
    if (!tp__is_module(m, op)) return drop(child), NULL;
    tp__member *member = !tp_failed() && child_fits(m, op, name, child) ? place_of(m, op, name) : NULL;
    if (!member) {
        if (tp__root_of(m) != child) drop(child);
        return NULL;
    }
    tp_module *const was = member->child;
    attach(m, member, child);
    tp__tree_changed(m);
    free_whole(was);
    return child;
}

static tp_tensor *add_tensor(tp_module *m, const char *op, const char *name, tp_tensor *x, tp_entry_kind kind, bool persistent)
{
    if (!tp__is_module(m, op)) return NULL;
    if (!x) tp_fail(TP_ERR_ARGUMENT, "%s: \"%s\" of %s is NULL", op, name ? name : "", tp__state(m)->type);
    if (tp_failed()) goto broken;
    if (!tp_is_leaf(x)) {
        tp_fail(TP_ERR_STATE, "%s: \"%s\" of %s is the result of a recorded op: tp_detach it", op, name ? name : "", tp__state(m)->type);
        goto broken;
    }
    if (kind == TP_ENTRY_PARAMETER && tp_requires_grad(x, true) != TP_OK) goto broken;
    tp__member *member = member_new(m, op, name);
    if (!member) goto broken;
    member->kind = kind;
    member->persistent = persistent;
    member->tensor = tp_retain(x);
    return x;
broken:
    tp__state(m)->broken = true;
    return NULL;
}

tp_tensor *(tp_add_parameter)(tp_module *m, const char *name, tp_tensor *x)
{
    return add_tensor(m, "add_parameter", name, x, TP_ENTRY_PARAMETER, true);
}

tp_tensor *tp_add_buffer_with(tp_module *m, const char *name, tp_tensor *x, const tp_add_buffer_options *o)
{
    tp_add_buffer_options options = TP__BRACES(add_buffer, );
    if (tp_options_take("add_buffer", &options, o, offsetof(tp_add_buffer_options, tp__end)) != TP_OK) {
        if (m) tp__state(m)->broken = true;
        return NULL;
    }
    return add_tensor(m, "add_buffer", name, x, TP_ENTRY_BUFFER, options.persistent);
}

void tp__member_remove(tp_module *m, int64_t at)
{
    struct tp_module_state *s = tp__state(m);
    const tp__member was = s->members[at];
    memmove(&s->members[at], &s->members[at + 1], (size_t)(s->n - at - 1) * sizeof was);
    s->n--;
    tp__tree_changed(m);
    if (was.child) free_whole(was.child);
    tp_release(was.tensor);
    tp_mem_free_string(was.name);
}

/* ---- Freed -------------------------------------------------------------------------------------------------------------------- */

static void free_whole(tp_module *m)
{
    struct tp_module_state *s = tp__state(m);
    if (s->cls.drop) s->cls.drop(m);
    for (int64_t i = s->n - 1; i >= 0; i--) {
        if (s->members[i].child) free_whole(s->members[i].child);
        tp_release(s->members[i].tensor);
        tp_mem_free_string(s->members[i].name);
    }
    tp__lists_drop(m);
    tp_mem_free(s->members, (size_t)s->room * sizeof *s->members);
    tp__around_free(s->around);
    tp_mem_free_string(s->type);
    const size_t bytes = s->bytes;
    tp_mem_free(s, sizeof *s);
    m->base.object.kind = TP_KIND_DEAD;
    tp_mem_free(m, bytes);
}

/* m or what is below it; NULL: none. */
static const tp_module *running_in(const tp_module *m)
{
    const struct tp_module_state *s = tp__state(m);
    const tp_module *found = tp_path_has(m) ? m : NULL;
    for (int64_t i = 0; i < s->n && !found; i++)
        if (s->members[i].child) found = running_in(s->members[i].child);
    return found;
}

void (tp_module_free)(tp_module *m)
{
    if (!m || !tp__is_module(m, "module_free")) return;
    const struct tp_module_state *s = tp__state(m);
    const tp_module *running;
    if (s->parent)
        tp_fail(TP_ERR_ARGUMENT, "module_free: \"%s\" belongs to a %s, which frees it", s->name, tp__state(s->parent)->type);
    else if ((running = running_in(m)))
        tp_fail(TP_ERR_STATE, "module_free: %s of it is running: free it when that has returned", tp__state(running)->type);
    else
        free_whole(m);
}

static bool stands_before(tp_module *const *list, int64_t i)
{
    for (int64_t j = 0; j < i; j++)
        if (list[j] == list[i]) return true;
    return false;
}

void tp__free_orphans(tp_module *const *list)
{
    int64_t n = 0;
    while ((void *)list[n] != TP__END) n++;
    for (int64_t i = n - 1; i >= 0; i--)               /* from the end: a repetition is not read again once it is freed */
        if (list[i] && !stands_before(list, i) && list[i]->base.object.kind == TP_KIND_MODULE && !tp__state(list[i])->parent)
            free_whole(list[i]);
}
