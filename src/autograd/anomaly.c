/* anomaly.c: who made the NaN? While the mode is on, a node notes what its op was called with and where, and each rule's gradients
 * are looked at. The note hangs among the node's hooks, so that nodes are no larger for it. */
#include "autograd/walk.h"

#include "core/convert.h"
#include "core/memory.h"
#include "core/place.h"

typedef struct tp__origin {
    _Atomic int32_t refs;
    struct tp__origin *by;                             /* of the node whose rule made this one, in a recorded backward; counted */
    const char *op;                                    /* all strings lie in text */
    const char *called_with, *path, *where;
    const void *caller;
    size_t bytes;
    char text[];
} tp__origin;

static __thread tp__origin *watched;                   /* of the node whose rule runs */

/* ---- The mode ------------------------------------------------------------------------------------------------------------------ */

tp_anomaly_mode tp_anomaly_mode_set(bool on)
{
    tp__thread *self = &tp__self;
    const tp_anomaly_mode was = { self->mode & TP__ANOMALY };
    self->mode = on ? self->mode | TP__ANOMALY : self->mode & ~(uint32_t)TP__ANOMALY;
    return was;
}

void tp_anomaly_mode_restore(tp_anomaly_mode *was)
{
    if (was) tp_anomaly_mode_set(was->tp__was);
}
void tp_set_detect_anomaly(bool on) { tp_anomaly_mode_set(on); }
bool tp_anomaly_enabled(void) { return tp__self.mode & TP__ANOMALY; }

/* ---- Notes --------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp__is_origin(void *arg, tp_tensor *grad)
{
    (void)arg;
    return grad;
}

void tp__origin_unref(tp__origin *origin)
{
    while (origin && tp__count_down(&origin->refs)) {
        tp__origin *by = origin->by;
        tp_mem_free(origin, origin->bytes);
        origin = by;
    }
}

static tp__origin *origin_of(const tp_node *node)
{
    for (const tp__hook *hook = node->u.hooks; hook; hook = hook->next)
        if (hook->fn == tp__is_origin) return hook->arg;
    return NULL;
}

/* "[2, 3] float32, none, [3] int64" */
static void write_inputs(char *out, size_t size, tp_tensor *const *in, int n)
{
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < n; i++) {
        const int wrote = in[i] ? snprintf(out + used, size - used, "%s%s %s", used ? ", " : "", tp__shape_text(in[i]), tp_dtype_name((tp_dtype)in[i]->dtype))
                                : snprintf(out + used, size - used, "%snone", used ? ", " : "");
        if (wrote < 0 || (size_t)wrote >= size - used) {
            snprintf(out + used, size - used < 4 ? 0 : 4, "...");
            return;
        }
        used += (size_t)wrote;
    }
}

static const char *put(char **at, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *const to = *at;
    memcpy(to, text, n);
    *at += n;
    return to;
}

tp_status tp__note_origin(tp_node *node, tp_tensor *const *in, int n)
{
    char inputs[160];
    bool custom;
    tp__place place;
    tp__place_now(&place);
    write_inputs(inputs, sizeof inputs, in, n);
    const char *const op = tp__node_name(node, &custom);
    const size_t bytes = sizeof(tp__origin) + strlen(op) + strlen(inputs) + strlen(place.path) + strlen(place.where) + 4;
    tp__origin *origin = tp_mem_alloc(bytes);
    tp__hook *hook = origin ? tp_mem_alloc(sizeof *hook) : NULL;
    if (!hook) {
        tp_mem_free(origin, bytes);
        return TP_ERR_MEMORY;
    }
    char *at = origin->text;
    atomic_store_explicit(&origin->refs, 1, memory_order_relaxed);
    origin->by = watched;
    if (watched) tp__count_up(&watched->refs);
    origin->op = put(&at, op);
    origin->called_with = put(&at, inputs);
    origin->path = put(&at, place.path);
    origin->where = put(&at, place.where);
    origin->caller = place.caller;
    origin->bytes = bytes;
    *hook = (tp__hook){ .next = node->u.hooks, .fn = tp__is_origin, .arg = origin, .output = TP__ORIGIN_OUTPUT };
    node->u.hooks = hook;
    return TP_OK;
}

/* ", called with [2] float32 at train.c:41 in net.0 (Linear)", and what it was the backward of. */
static void write_origin(char *out, size_t size, const tp_node *node)
{
    const tp__origin *origin = origin_of(node);
    size_t used = 0;
    if (!origin) snprintf(out, size, "; anomaly detection was off when it was called");
    for (; origin && used < size; origin = origin->by) {
        char where[256];
        tp__place_text(origin->caller, origin->where, where, sizeof where);
        const int wrote = snprintf(out + used, size - used, "%s%s, called with %s%s%s%s%s", used ? "; for the backward of " : "", used ? origin->op : "",
                                   origin->called_with, where[0] ? " at " : "", where, origin->path[0] ? " in " : "", origin->path);
        if (wrote < 0) return;
        used += (size_t)wrote;
    }
}

/* ---- Looking ------------------------------------------------------------------------------------------------------------------- */

static bool row_has_nan(const char *row, tp_dtype dtype, int64_t stride, int64_t n)
{
    double values[256];
    const bool complex = tp__is_complex(dtype);
    const int64_t most = complex ? 128 : 256;
    for (int64_t i = 0; i < n; i += most) {
        const int64_t now = n - i < most ? n - i : most;
        tp__cast_row(values, complex ? TP_C128 : TP_F64, 1, row + i * stride * (int64_t)tp_dtype_size(dtype), dtype, stride, now);
        for (int64_t k = 0; k < now * (complex ? 2 : 1); k++)
            if (values[k] != values[k]) return true;
    }
    return false;
}

static bool has_nan(tp_tensor *x)
{
    if (x && x->device != TP_CPU) x = tp_to(x, TP_CPU);
    if (!x || !x->numel || !(tp__is_floating(x->dtype) || tp__is_complex(x->dtype))) return false;
    const int64_t n = x->ndim ? x->shape[x->ndim - 1] : 1, stride = x->ndim ? x->stride[x->ndim - 1] : 1;
    for (int64_t row = 0; row < x->numel / n; row++) {
        int64_t at = 0, left = row;
        for (int d = x->ndim - 2; d >= 0; d--) {
            at += left % x->shape[d] * x->stride[d];
            left /= x->shape[d];
        }
        if (row_has_nan((const char *)x->data + at * (int64_t)tp_dtype_size((tp_dtype)x->dtype), (tp_dtype)x->dtype, stride, n)) return true;
    }
    return false;
}

const tp__origin *tp__watch_begin(const tp_node *node)
{
    tp__origin *const outer = watched;
    watched = origin_of(node);
    return outer;
}

tp_status tp__watch_end(const tp_node *node, const tp__origin *outer, tp_status status, tp_tensor *const *dy, tp_tensor *const *dx)
{
    char origin[320];
    bool custom;
    const char *const name = tp__node_name(node, &custom);
    watched = (tp__origin *)(uintptr_t)outer;
    TP_NO_GRAD();
    if (status || tp__pending_error()) {
        write_origin(origin, sizeof origin, node);
        tp__error_add(" (");
        tp__error_add(name);
        tp__error_add(origin);
        tp__error_add(")");
        return status ? status : tp__pending();
    }
    for (int i = 0; i < node->n_out; i++) {
        if (!has_nan(dy[i])) continue;
        write_origin(origin, sizeof origin, node);
        return tp_fail(TP_ERR_NUMERIC, "backward: a NaN came to %s, from a hook, a sum or the gradient that was given%s", name, origin);
    }
    for (int i = 0; i < node->n_edges; i++) {
        if (!dx[i] || !tp__edge_needs(node, i) || !has_nan(dx[i])) continue;
        write_origin(origin, sizeof origin, node);
        return tp_fail(TP_ERR_NUMERIC, "backward: the gradient of input %d of %s has a NaN%s", i, name, origin);
    }
    return tp__pending();
}
