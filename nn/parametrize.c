/* parametrize.c: tensors that are computed before each run of their module, from parameters that are trained in their place.
 *
 *   m
 *     weight                        its handle, computed: the value of parametrizations.weight while m runs
 *     parametrizations              ModuleDict
 *       weight                      ParametrizationList, which holds "original", or "original0", "original1", ..
 *         0, 1, ..                  value = .. m1(m0(originals))
 */
#include "module.h"

#include <string.h>

/* ---- The list: its forward is the value -------------------------------------------------------------------------------------------- */

enum { MOST_ORIGINALS = 8 };

static tp_status list_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const struct tp_module_state *s = tp__state(self);
    tp_arg originals[MOST_ORIGINALS];
    int count = 0;
    tp_tensor *x = NULL;
    (void)args;
    if (n || max < 1) return tp_fail(TP_ERR_ARGUMENT, "ParametrizationList: it takes no arguments, and gives one tensor");
    for (int64_t i = 0; i < s->n && count < MOST_ORIGINALS; i++)
        if (s->members[i].tensor) originals[count++] = (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = s->members[i].tensor };
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->members[i].child) continue;
        if (x) x = tp_forward_at(s->members[i].child, x, NULL);
        else tp_call_at(s->members[i].child, originals, count, &x, 1, NULL, NULL);
        if (!x) return tp_error_status();
    }
    outs[0] = x;
    *n_out = 1;
    return x ? TP_OK : tp_fail(TP_ERR_STATE, "ParametrizationList: it has no module");
}

static const tp_module_class list_class = { .size = sizeof(tp_module_class), .type = "ParametrizationList", .call = list_call };

static tp_tensor *value_of(const tp__computed *c)
{
    tp_tensor *value = NULL;
    if (tp_path_has(c->list)) return tp_fail(TP_ERR_STATE, "parametrize: \"%s\" is needed to compute itself", c->name), NULL;
    tp_call_at(c->list, NULL, 0, &value, 1, NULL, NULL);
    return value;
}

/* ---- A run ------------------------------------------------------------------------------------------------------------------------------ */

struct tp__standing { int n; struct { tp_stand_in *stands; tp_tensor *handle, *value; } at[]; };

static size_t standing_bytes(int n) { return sizeof(tp__standing) + (size_t)n * sizeof ((tp__standing *)NULL)->at[0]; }

tp__standing *tp__computed_begin(tp_module *m)
{
    tp__around *around = tp__state(m)->around;
    const int n = around->n_computed;
    tp__standing *s = tp_mem_calloc(standing_bytes(n));
    if (!s) return NULL;
    pthread_mutex_lock(&around->turn);                 /* the handles are shared by all threads */
    around->standing++;
    s->n = n;
    for (int i = 0; i < n && !tp_failed(); i++) {
        s->at[i].handle = around->computed[i].handle;
        s->at[i].value = value_of(&around->computed[i]);
        if (s->at[i].value) s->at[i].stands = tp_stand_in_begin(s->at[i].handle, s->at[i].value);
    }
    if (!tp_failed()) return s;
    tp__computed_end(m, s, NULL, 0);
    return NULL;
}

void tp__computed_end(tp_module *m, tp__standing *s, tp_tensor **outs, int n_outs)
{
    if (!s) return;
    for (int i = s->n - 1; i >= 0; i--) {
        tp_stand_in_end(s->at[i].stands);
        for (int k = 0; k < n_outs; k++)               /* what was handed through as it is */
            if (outs[k] == s->at[i].handle) outs[k] = s->at[i].value;
    }
    tp__state(m)->around->standing--;
    pthread_mutex_unlock(&tp__state(m)->around->turn);
    tp_mem_free(s, standing_bytes(s->n));
}

const tp__computed *tp__computed_find(const tp_module *m, const char *name)
{
    const tp__around *around = tp__state(m)->around;
    for (int i = 0; around && i < around->n_computed; i++)
        if (!strcmp(around->computed[i].name, name)) return &around->computed[i];
    return NULL;
}

tp_tensor *tp__computed_value(tp_module *m, const tp_tensor *handle)
{
    tp__around *around = tp__state(m)->around;
    tp_tensor *value = NULL;
    pthread_mutex_lock(&around->turn);
    for (int i = 0; i < around->n_computed && !value; i++)
        if (around->computed[i].handle == handle) value = value_of(&around->computed[i]);
    pthread_mutex_unlock(&around->turn);
    return value;
}

/* ---- Made: all that can fail first ------------------------------------------------------------------------------------------------------- */

static bool make_turn(tp__around *around)
{
    pthread_mutexattr_t kind;
    if (!pthread_mutexattr_init(&kind)) {
        pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);       /* a module may run inside of a run of itself */
        around->has_turn = !pthread_mutex_init(&around->turn, &kind);
        pthread_mutexattr_destroy(&kind);
    }
    if (!around->has_turn) tp_fail(TP_ERR_SYSTEM, "register_parametrization: no lock could be made");
    return around->has_turn;
}

static bool make_room(tp__around *around)
{
    if (!around->has_turn && !make_turn(around)) return false;
    if (around->n_computed < around->computed_room) return true;
    const int room = around->computed_room + 2;
    tp__computed *more = tp_mem_resize(around->computed, (size_t)around->computed_room * sizeof *more, (size_t)room * sizeof *more);
    if (!more) return false;
    around->computed = more;
    around->computed_room = room;
    return true;
}

static void give_up(tp_module *p) { tp__free_orphans((tp_module *const[]){ p, TP__END }); }

/* As tp_add_child, but m is what it was if that fails. */
static bool try_add(tp_module *m, const char *name, tp_module *child)
{
    struct tp_module_state *s = tp__state(m);
    const bool was_broken = s->broken, added = (tp_add_child)(m, name, child);
    s->broken = was_broken;
    return added;
}

/* Takes p over, also on failure. */
static tp_module *list_new(const tp__member *member, tp_module *p, tp_tensor *const *originals, int n)
{
    tp_module *list = tp_module_new_class_with(sizeof *list, &list_class);
    if (!list) return give_up(p), NULL;
    const bool needs = tp_needs_grad(member->tensor), trained = member->kind == TP_ENTRY_PARAMETER;
    char name[32];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, n == 1 ? "original" : "original%d", i);
        if (trained) (tp_add_parameter)(list, name, originals[i]);
        else tp_add_buffer(list, name, originals[i], .persistent = member->persistent);
        if (trained && !tp_failed()) tp_requires_grad(originals[i], needs);
    }
    (tp_add_child)(list, "0", p);
    return (tp_module_done)(list);
}

static tp_status check_value(const char *op, const char *name, tp_tensor *value, tp_tensor *like)
{
    char theirs[96], ours[96];
    if (!value) return tp_error_status();
    tp__write_shape(tp_shape_of(value), theirs, sizeof theirs);
    tp__write_shape(tp_shape_of(like), ours, sizeof ours);
    if (strcmp(theirs, ours)) return tp_fail(TP_ERR_SHAPE, "%s: \"%s\" is %s, and was made %s", op, name, ours, theirs);
    if (tp_dtype_of(value) != tp_dtype_of(like))
        return tp_fail(TP_ERR_DTYPE, "%s: \"%s\" is %s, and was made %s", op, name, tp_dtype_name(tp_dtype_of(like)), tp_dtype_name(tp_dtype_of(value)));
    return TP_OK;
}

/* Gives `list` to m.parametrizations, which is made if it has to be. It is taken over, also on failure. */
static tp_status attach(tp_module *m, const char *op, const char *name, tp_module *list)
{
    const struct tp_module_state *s = tp__state(m);
    const tp__member *found = tp__member_at(m, "parametrizations", NULL);
    tp_module *dict = found ? found->child : NULL, *fresh = NULL;
    if (found && (!dict || strcmp(tp__state(dict)->type, "ModuleDict"))) {
        (tp_module_free)(list);
        return tp_fail(TP_ERR_ARGUMENT, "%s: %s has a member \"parametrizations\" of its own", op, s->type);
    }
    if (!found) dict = fresh = tp_nn_module_dict();
    if (!dict) {
        (tp_module_free)(list);
        return tp_error_status();
    }
    if (fresh) tp__state(fresh)->training = s->training;
    if (!try_add(dict, name, list)) {
        if (fresh) (tp_module_free)(fresh);
        return tp_error_status();
    }
    return !fresh || try_add(m, "parametrizations", fresh) ? TP_OK : tp_error_status();
}

/* What the handle is between the runs: zeros that take no memory. */
static tp_tensor *nothing_like(tp_tensor *x)
{
    return tp_expand(tp_zeros((tp_shape){ .ndim = 0 }, .dtype = tp_dtype_of(x), .device = tp_device_of(x)), tp_shape_of(x));
}

static bool is_tied(tp_module *m, const tp_tensor *x)
{
    const tp__list *all = tp__list_of(tp__root_of(m), TP__STATE);
    int64_t times = 0;
    for (int64_t i = 0; all && i < all->entries.n; i++) times += all->tensors[i] == x;
    return times > 1;
}

static tp_status first_of(tp_module *m, const char *op, tp__member *member, tp_module *p, tp_tensor *const *originals, int n, bool checked)
{
    TP_SCOPE();
    tp__around *around = tp__around_of(m);
    tp_module *list = list_new(member, p, originals, n);
    if (!list) return tp_error_status();
    tp__state(p)->training = tp__state(list)->training = tp__state(m)->training;
    tp_tensor *handle = member->tensor, *nothing = nothing_like(handle);
    const char *name = member->name;
    tp_status status = around && nothing && make_room(around) ? TP_OK : tp_error_status();
    if (status == TP_OK && checked) {
        TP_NO_GRAD();
        status = check_value(op, name, value_of(&(tp__computed){ name, handle, list }), handle);
    }
    if (status != TP_OK) {
        (tp_module_free)(list);
        return status;
    }
    status = attach(m, op, name, list);                /* members may have another address now; name has not */
    if (status != TP_OK) return status;
    for (int64_t i = 0; i < tp__state(m)->n; i++)
        if (tp__state(m)->members[i].name == name) tp__state(m)->members[i].kind = (tp_entry_kind)0;
    around->computed[around->n_computed++] = (tp__computed){ name, handle, list };
    tp__tree_changed(m);
    tp_requires_grad(handle, false);
    tp_set_grad(handle, NULL);
    return tp_set_data(handle, nothing);
}

/* After those that are there, whose value says what it must be like: the dtype may have changed since the first. */
static tp_status next_of(const char *op, const tp__computed *c, tp_module *p, bool checked)
{
    TP_SCOPE();
    TP_NO_GRAD();
    struct tp_module_state *s = tp__state(c->list);
    tp_tensor *before = checked ? value_of(c) : NULL;
    if (checked && !before) {
        tp_module *const orphans[] = { p, TP__END };
        tp__free_orphans(orphans);
        return tp_error_status();
    }
    int64_t n = 0;
    char name[24];
    for (int64_t i = 0; i < s->n; i++) n += s->members[i].child != NULL;
    snprintf(name, sizeof name, "%lld", (long long)n);
    if (!try_add(c->list, name, p)) return tp_error_status();
    tp__state(p)->training = s->training;
    if (!checked) return TP_OK;
    const tp_status status = check_value(op, c->name, tp_forward_at(p, before, NULL), before);
    if (status != TP_OK) tp__member_remove(c->list, s->n - 1);
    return status;
}

tp_status tp__parametrize(tp_module *m, const char *op, const char *name, tp_module *p, tp_tensor *const *originals, int n, bool checked)
{
    tp_status status = tp_error_status();
    const struct tp_module_state *s = tp__state(m);
    const tp__computed *computed = tp__computed_find(m, name);
    tp__member *member = NULL;
    for (int64_t i = 0; i < s->n; i++)
        if (!strcmp(s->members[i].name, name) && s->members[i].tensor) member = &s->members[i];
    if (!status && !member) status = tp_fail(TP_ERR_ARGUMENT, "%s: %s has no parameter or buffer \"%s\"", op, s->type, name);
    if (!status && !p) status = tp_fail(TP_ERR_ARGUMENT, "%s: the module is NULL", op);
    if (!status && tp__state(p)->parent) status = tp_fail(TP_ERR_ARGUMENT, "%s: the %s belongs to a module already", op, tp__state(p)->type);
    if (!status && tp__root_of(m) == p) return tp_fail(TP_ERR_ARGUMENT, "%s: the %s contains the module that it is given to", op, tp__state(p)->type);
    if (!status && s->cls.call == list_call)
        status = tp_fail(TP_ERR_UNSUPPORTED, "%s: what \"%s\" is computed from is not computed itself: give another module to what it computes", op, name);
    if (!status && !computed && is_tied(m, member->tensor))
        status = tp_fail(TP_ERR_ARGUMENT, "%s: \"%s\" of %s is tied: it stands under another name as well", op, name, s->type);
    if (status) return give_up(p), status;
    if (computed) return next_of(op, computed, p, checked);
    if (originals) return first_of(m, op, member, p, originals, n, checked);
    TP_SCOPE();
    tp_tensor *original = tp_clone(tp_detach(member->tensor));
    return original ? first_of(m, op, member, p, &original, 1, checked) : (give_up(p), tp_error_status());
}

tp_status (tp_register_parametrization)(tp_module *m, const char *name, tp_module *p)
{
    const tp_status status = tp__may_change(m, "register_parametrization");
    if (status != TP_OK) return give_up(p), status;
    if (p && !tp__is_module(p, "register_parametrization")) return tp_error_status();
    return tp__parametrize(m, "register_parametrization", name ? name : "", p, NULL, 0, true);
}

tp_status tp__computed_copy(const tp_module *from, tp_module *to)
{
    const tp__around *around = tp__state(from)->around;
    for (int i = 0; around && i < around->n_computed; i++) {
        const struct tp_module_state *s = tp__state(around->computed[i].list);
        tp_tensor *originals[MOST_ORIGINALS];
        int n = 0;
        for (int64_t k = 0; k < s->n; k++)
            if (s->members[k].tensor && n < MOST_ORIGINALS) originals[n++] = tp_clone(tp_detach(s->members[k].tensor));
        for (int64_t k = 0; k < s->n; k++) {
            tp_module *p = s->members[k].child ? tp_module_copy(s->members[k].child) : NULL;
            if (!s->members[k].child) continue;
            const tp_status status = p ? tp__parametrize(to, "module_copy", around->computed[i].name, p, originals, n, false) : tp_error_status();
            if (status != TP_OK) return status;
        }
    }
    return TP_OK;
}

/* ---- Given up ----------------------------------------------------------------------------------------------------------------------------- */

/* The member goes to the end, as one that is registered anew in PyTorch. */
static void make_plain(tp_module *m, const tp__computed *c, tp_entry_kind kind)
{
    struct tp_module_state *s = tp__state(m);
    for (int64_t i = 0; i < s->n; i++) {
        if (s->members[i].name != c->name) continue;
        tp__member member = s->members[i];
        member.kind = kind;
        memmove(&s->members[i], &s->members[i + 1], (size_t)(s->n - i - 1) * sizeof member);
        s->members[s->n - 1] = member;
        break;
    }
}

static void remove_child(tp_module *m, const tp_module *child)
{
    for (int64_t i = 0; i < tp__state(m)->n; i++)
        if (tp__state(m)->members[i].child == child) {
            tp__member_remove(m, i);
            return;
        }
}

static tp_tensor *left_value(const tp__computed *c, bool parametrized, tp_entry_kind *kind, bool *needs)
{
    const struct tp_module_state *s = tp__state(c->list);
    tp_tensor *original = NULL;
    int n = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->members[i].tensor) continue;
        original = s->members[i].tensor;
        *kind = s->members[i].kind;
        *needs |= tp_needs_grad(original);
        n++;
    }
    if (!parametrized && n > 1)
        return tp_fail(TP_ERR_ARGUMENT, "remove_parametrizations: \"%s\" has %d originals: only its parametrized value can be left", c->name, n), NULL;
    TP_NO_GRAD();
    return tp_clone(tp_detach(parametrized ? value_of(c) : original));
}

tp_status (tp_remove_parametrizations)(tp_module *m, const char *name, bool leave_parametrized)
{
    tp_status status = tp__may_change(m, "remove_parametrizations");
    if (status != TP_OK) return status;
    const tp__computed *found = name ? tp__computed_find(m, name) : NULL;
    if (!found) return tp_fail(TP_ERR_ARGUMENT, "remove_parametrizations: \"%s\" of %s is not parametrized", name ? name : "", tp__state(m)->type);
    TP_SCOPE();
    tp__around *around = tp__state(m)->around;
    pthread_mutex_lock(&around->turn);
    const bool runs = around->standing || tp_path_has(found->list);
    pthread_mutex_unlock(&around->turn);
    if (runs) return tp_fail(TP_ERR_STATE, "remove_parametrizations: \"%s\" of %s is in use by a run of it", name, tp__state(m)->type);
    const tp__computed c = *found;
    tp_entry_kind kind = TP_ENTRY_PARAMETER;
    bool needs = false;
    tp_tensor *value = left_value(&c, leave_parametrized, &kind, &needs);
    status = value ? tp_set_data(c.handle, value) : tp_error_status();
    if (status == TP_OK && kind == TP_ENTRY_PARAMETER) status = tp_requires_grad(c.handle, needs);
    if (status != TP_OK) return status;
    const int64_t at = found - around->computed;
    memmove(&around->computed[at], &around->computed[at + 1], (size_t)(around->n_computed - at - 1) * sizeof c);
    around->n_computed--;
    tp_module *dict = tp__state(c.list)->parent;
    make_plain(m, &c, kind);
    remove_child(dict, c.list);
    if (!tp__state(dict)->n) remove_child(m, dict);
    tp__tree_changed(m);
    return TP_OK;
}

bool (tp_is_parametrized)(tp_module *m, const char *name)
{
    if (!m || !tp__is_module(m, "is_parametrized")) return false;
    return name ? tp__computed_find(m, name) != NULL : tp__state(m)->around && tp__state(m)->around->n_computed;
}
