/* error.c: the first error of a thread stays until it is read. Recording one takes no memory, so that running out of it can
 * be reported. */
#include "core/memory.h"
#include "core/place.h"
#include "core/rest.h"
#include "core/symbol.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

static tp__thread_rest emergency;                      /* shared by threads that got no memory for their own */

tp__thread_rest *tp__rest(void)
{
    tp__thread *self = &tp__self;
    if (self->rest) return self->rest;
    if (self->mode & TP__PENDING) return &emergency;   /* its error stands there, whether there is memory again or not */
    if (!self->id) tp__thread_meet();
    tp__thread_rest *rest = tp__frame_alloc(sizeof *rest);
    if (rest) {
        memset(rest, 0, sizeof *rest);
        self->rest = rest;
    } else {
        emergency.has_error = false;
    }
    return rest ? rest : &emergency;
}

/* ---- The record ------------------------------------------------------------------------------------------------------------- */

/* "net.body.2 (Linear)": the root's name is the expression that tp_forward was given, the rest are names of children. */
static void write_path(char *out, size_t size)
{
    const tp_path_frame *frames[64];
    int n = 0;
    for (const tp_path_frame *at = tp__self.path; at && n < 64; at = at->outer) frames[n++] = at;
    out[0] = 0;
    if (!n) return;
    size_t used = 0;
    for (int i = n - 1; i >= 0; i--) {
        const char *name = frames[i]->name;
        if (i == n - 1 || !name) {                     /* a root: of this call, or of one made inside of it */
            const char *colon = frames[i]->where ? strstr(frames[i]->where, ": ") : NULL;
            name = colon ? colon + 2 : frames[i]->type;
            used = 0;
        }
        const int wrote = snprintf(out + used, size - used, "%s%s", used ? "." : "", name);
        if (wrote < 0 || (size_t)wrote >= size - used) return;
        used += (size_t)wrote;
    }
    snprintf(out + used, size - used, " (%s)", frames[0]->type);
}

/* The user's call is where the program called into Taper, else the return address of the outermost op, else the innermost module
 * call that said where it stands. */
void tp__place_now(tp__place *out)
{
    const tp_path_frame *const inner = tp__self.path;
    const void *outside = tp__outside_caller();
    out->caller = outside ? outside : inner && inner->opaque ? NULL : tp__self.caller;
    out->where[0] = 0;
    write_path(out->path, sizeof out->path);
    for (const tp_path_frame *at = inner; at && !out->where[0]; at = at->outer) {
        const char *colon = at->where ? strstr(at->where, ": ") : NULL;
        if (colon) snprintf(out->where, sizeof out->where, "%.*s", (int)(colon - at->where), at->where);
    }
    if (!out->caller && !out->where[0] && tp__self.caller)
        snprintf(out->where, sizeof out->where, "%p", (void *)(uintptr_t)tp__self.caller);
}

void tp__place_text(const void *caller, const char *where, char *out, size_t size)
{
    if (caller && tp__symbolize(caller, out, size)) return;
    if (caller && !where[0]) snprintf(out, size, "%p", (void *)(uintptr_t)caller);
    else snprintf(out, size, "%s", where);
}

static void link_copy(tp_error_copy *copy)
{
    copy->error.op = copy->op;
    copy->error.message = copy->message;
    copy->error.path = copy->path;
    copy->error.where = copy->where;
}

static tp_status record(tp_status code, tp_tensor *const *tensors, int n, const char *prefix, const char *format, va_list list)
{
    tp__thread_rest *rest = tp__rest();
    if (code >= 0) code = TP_ERR_ARGUMENT;             /* no error has the code of success */
    if (rest->has_error && tp__pending_error()) return code;             /* the first one is kept */
    tp_error_copy *e = &rest->error;
    memset(&e->error, 0, sizeof e->error);
    int used = prefix ? snprintf(e->message, sizeof e->message, "%s: ", prefix) : 0;
    if (used < 0 || (size_t)used >= sizeof e->message) used = 0;
    vsnprintf(e->message + used, sizeof e->message - (size_t)used, format, list);
    snprintf(e->op, sizeof e->op, "%.*s", (int)strcspn(e->message, ":"), e->message);
    tp__place place;
    tp__place_now(&place);
    memcpy(e->path, place.path, sizeof e->path);
    tp__place_text(place.caller, place.where, e->where, sizeof e->where);
    e->error.code = code;
    for (int i = 0; i < n; i++) {
        const tp_tensor *x = tensors[i];
        if (!x || x->kind != TP_KIND_TENSOR || e->error.n_tensors == TP_ERROR_TENSORS) continue;
        tp_shape *shape = &e->error.shape[e->error.n_tensors];
        shape->ndim = x->ndim;
        memcpy(shape->dim, x->shape, sizeof *x->shape * x->ndim);
        e->error.dtype[e->error.n_tensors++] = (tp_dtype)x->dtype;
    }
    link_copy(e);
    rest->has_error = true;
    tp__self.mode |= TP__PENDING;
    const char *const stop = getenv("TAPER_ABORT");
    if (stop && *stop && strcmp(stop, "0") != 0) {     /* asked for: stop where a debugger can look */
        fprintf(stderr, "taper: %s%s%s\n", e->message, e->path[0] ? ", in " : "", e->path);
        abort();
    }
    return code;
}

tp_status tp_fail(tp_status code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    code = record(code, NULL, 0, NULL, format ? format : "fail: no message", list);
    va_end(list);
    return code;
}

tp_status tp__fail_tensors(tp_status code, const char *op, tp_tensor *const *tensors, int n, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    record(code, tensors, n, op, format, list);
    va_end(list);
    return code;
}

void tp__error_add(const char *text)
{
    if (!tp__pending_error()) return;
    tp_error_copy *e = &tp__rest()->error;
    const size_t used = strlen(e->message);
    snprintf(e->message + used, sizeof e->message - used, "%s", text);
}

/* ---- Reading it ------------------------------------------------------------------------------------------------------------------ */

bool tp_failed(void) { return tp__pending_error(); }

const tp_error *tp_last_error(void)
{
    return tp__pending_error() ? &tp__rest()->error.error : NULL;
}

tp_status tp__pending(void) { return tp__pending_error() ? tp__rest()->error.error.code : TP_OK; }
tp_status tp_error_status(void) { return tp__pending(); }

void tp_clear_error(void)
{
    if (!tp__pending_error()) return;
    tp__rest()->has_error = false;
    tp__self.mode &= ~(uint32_t)TP__PENDING;
}

int tp_report_error(FILE *out)
{
    const tp_error *e = tp_last_error();
    if (!e) return 0;
    if (out)
        fprintf(out, "taper: %s%s%s%s%s\n", e->message, e->path[0] ? ", in " : "", e->path, e->where[0] ? ", called from " : "", e->where);
    tp_clear_error();
    return 1;
}

bool tp_error_take(tp_error_copy *out)
{
    if (!out || !tp__pending_error()) return false;
    *out = tp__rest()->error;
    link_copy(out);
    tp_clear_error();
    return true;
}

tp_status tp_error_rethrow(const tp_error_copy *copy)
{
    tp__thread_rest *rest = tp__rest();
    if (!copy) return tp_fail(TP_ERR_ARGUMENT, "error_rethrow: the copy is NULL");
    if (rest->has_error && tp__pending_error()) return copy->error.code;
    rest->error = *copy;
    link_copy(&rest->error);
    rest->has_error = true;
    tp__self.mode |= TP__PENDING;
    return copy->error.code;
}

bool tp__alive(tp_tensor *x, const char *op)
{
    if (!x) return false;
    if (x->kind == TP_KIND_TENSOR) return true;
    if (x->kind == TP_KIND_DEAD && x->died_in)
        tp_fail(TP_ERR_STATE, "%s: a tensor is used after its scope: it died with the scope opened at %s", op, x->died_in);
    else if (x->kind == TP_KIND_DEAD)
        tp_fail(TP_ERR_STATE, "%s: a tensor is used after it was freed, or its scope was closed", op);
    else
        tp_fail(TP_ERR_ARGUMENT, "%s: the argument is no tensor", op);
    return false;
}

void tp_path_push(tp_path_frame *frame)
{
    if (!frame) return;
    frame->outer = tp__self.path;
    tp__self.path = frame;
}

void tp_path_pop(tp_path_frame *frame)
{
    if (frame) tp__self.path = frame->outer;
}

bool tp_path_has(const void *module)
{
    for (const tp_path_frame *at = tp__self.path; at; at = at->outer)
        if (at->module == module) return true;
    return false;
}

/* ---- Names, log -------------------------------------------------------------------------------------------------------------------- */

const char *tp_status_name(tp_status status)
{
    switch (status) {
    case TP_OK: return "ok";
#define NAME(name, value, text) case TP_ERR_##name: return text;
    TP_EACH_STATUS(NAME)
#undef NAME
    }
    return "unknown";
}

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static tp_log_fn *log_fn;
static void *log_arg;

void tp_set_log(tp_log_fn *fn, void *arg)
{
    pthread_mutex_lock(&log_lock);
    log_fn = fn;
    log_arg = arg;
    pthread_mutex_unlock(&log_lock);
}

void tp_log_message(tp_log_level level, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format ? format : "(no message)", list);
    va_end(list);
    pthread_mutex_lock(&log_lock);
    tp_log_fn *const fn = log_fn;
    void *const arg = log_arg;
    pthread_mutex_unlock(&log_lock);                   /* what it calls may log, or set another */
    if (fn) fn(arg, level, text);
    else fprintf(stderr, "taper: %s%s\n", level == TP_LOG_WARNING ? "warning: " : "", text);
}

tp_status tp_options_take(const char *op, void *mine, const void *theirs, size_t known)
{
    if (!theirs) return TP_OK;
    size_t size;
    memcpy(&size, theirs, sizeof size);
    if (size < sizeof size) return tp_fail(TP_ERR_ARGUMENT, "%s: the options have size %zu: begin from the defaults", op, size);
    if (size > known)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the options have size %zu, and the library knows %zu: .size is Taper's own and was given, "
                                        "or the header is newer", op, size, known);
    memcpy(mine, theirs, size);
    return TP_OK;
}
