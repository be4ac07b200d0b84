/* state.c: a module's state in a file: saved as safetensors, loaded from any format. Loading compares all names and shapes first,
 * converts second and copies last, so a file that does not fit changes nothing. */
#include "module.h"

#include <taper/io.h>

#include <stdarg.h>
#include <string.h>

tp_status (tp_module_save)(tp_module *m, const char *path)
{
    tp_status status = tp__may_change(m, "module_save");
    const tp__list *list = status == TP_OK ? tp__list_of(m, TP__STATE) : NULL;
    if (!list) return tp_error_status();
    const int64_t n = list->entries.n;
    tp_named_tensor *entries = tp_mem_alloc((size_t)(n + 1) * sizeof *entries);
    if (!entries) return tp_error_status();
    for (int64_t i = 0; i < n; i++) entries[i] = (tp_named_tensor){ list->entries.at[i].name, list->tensors[i] };
    const tp_metadata format = { "format", "pt" };     /* laid out as PyTorch's: readers there ask for it */
    status = tp_safetensors_save(path, entries, n, &format, 1);
    tp_mem_free(entries, (size_t)(n + 1) * sizeof *entries);
    return status;
}

/* ---- Does the file fit? ---------------------------------------------------------------------------------------------------------- */

/* A few names of one kind of misfit, and how many there are in all. */
typedef struct misfits { int64_t n; size_t used; char text[128]; } misfits;

static void TP__PRINTF(2, 3) add_misfit(misfits *list, const char *format, ...)
{
    va_list args;
    const size_t room = sizeof list->text - list->used;
    va_start(args, format);
    const int separator = list->n ? snprintf(list->text + list->used, room, ", ") : 0;
    const size_t start = list->used + (size_t)separator;
    const int wrote = start < sizeof list->text ? vsnprintf(list->text + start, sizeof list->text - start, format, args) : 0;
    va_end(args);
    list->n++;
    if (list->used == sizeof list->text) return;       /* full: only counts */
    if (start + (size_t)wrote < sizeof list->text) {
        list->used = start + (size_t)wrote;
        return;
    }
    const size_t keep = list->used < sizeof list->text - 6 ? list->used : sizeof list->text - 6;
    snprintf(list->text + keep, sizeof list->text - keep, "%s", keep ? ", .." : "..");
    list->used = sizeof list->text;
}

static bool same_shape(tp_shape a, tp_shape b)
{
    return a.ndim == b.ndim && !memcmp(a.dim, b.dim, (size_t)a.ndim * sizeof a.dim[0]);
}

/* A tied tensor that the file has under one of its other names is not missing. */
static bool is_found_elsewhere(const tp__list *list, const int64_t *at, int64_t i)
{
    for (int64_t j = 0; j < list->entries.n; j++)
        if (at[j] >= 0 && list->tensors[j] == list->tensors[i]) return true;
    return false;
}

/* Writes to at[i] which entry of the file goes to the module's entry i, or -1. */
static tp_status match(tp_module *m, const char *path, tp_file *file, const tp__list *list, bool strict, int64_t *at)
{
    misfits missing = { 0 }, unexpected = { 0 }, differing = { 0 };
    const tp_entry *entries = list->entries.at;
    for (int64_t i = 0; i < list->entries.n; i++) at[i] = tp_file_find(file, entries[i].name);
    for (int64_t i = 0; i < list->entries.n; i++) {
        char theirs[64], ours[64];
        if (at[i] < 0) {
            if (strict && !is_found_elsewhere(list, at, i)) add_misfit(&missing, "%s", entries[i].name);
            continue;
        }
        const tp_shape a = tp_file_shape(file, at[i]), b = tp_shape_of(list->tensors[i]);
        if (tp_failed()) return tp_error_status();     /* a part of an index that does not open */
        if (same_shape(a, b)) continue;
        tp__write_shape(a, theirs, sizeof theirs);
        tp__write_shape(b, ours, sizeof ours);
        add_misfit(&differing, "%s %s for %s", entries[i].name, theirs, ours);
    }
    for (int64_t j = 0; strict && j < tp_file_count(file); j++) {
        bool wanted = false;
        for (int64_t i = 0; i < list->entries.n && !wanted; i++) wanted = at[i] == j;
        if (!wanted) add_misfit(&unexpected, "%s", tp_file_name(file, j));
    }
    if (!missing.n && !unexpected.n && !differing.n) return TP_OK;
    const char *open[] = { missing.n ? " (" : "", unexpected.n ? " (" : "", differing.n ? " (" : "" };
    const char *close[] = { missing.n ? ")" : "", unexpected.n ? ")" : "", differing.n ? ")" : "" };
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    return tp_fail(differing.n ? TP_ERR_SHAPE : TP_ERR_ARGUMENT,
                   "module_load: %.60s does not fit %.40s: %lld missing%s%s%s, %lld unexpected%s%s%s, %lld of another shape%s%s%s",
                   name, (tp_module_type)(m), (long long)missing.n, open[0], missing.text, close[0], (long long)unexpected.n, open[1],
                   unexpected.text, close[1], (long long)differing.n, open[2], differing.text, close[2]);
}

/* ---- Taking it over ---------------------------------------------------------------------------------------------------------------- */

/* ready[i]: what goes into entry i, in its dtype and on its device, so that the copies that follow need no memory. */
static tp_status convert(tp_file *file, const tp__list *list, const int64_t *at, tp_tensor **ready)
{
    for (int64_t i = 0; i < list->entries.n; i++) {
        tp_tensor *x = list->tensors[i];
        ready[i] = NULL;
        if (at[i] < 0) continue;
        ready[i] = tp_to(tp_to_dtype(tp_file_tensor(file, at[i]), tp_dtype_of(x)), tp_device_of(x));
        if (!ready[i]) return tp_error_status();
    }
    return TP_OK;
}

static tp_status load(tp_module *m, const char *path, tp_file *file, bool strict)
{
    const tp__list *list = tp__list_of(m, TP__STATE);
    if (!list) return tp_error_status();
    const size_t n = (size_t)list->entries.n + 1;
    int64_t *at = tp_mem_alloc(n * sizeof *at);
    tp_tensor **ready = tp_mem_alloc(n * sizeof *ready);
    tp_status status = at && ready ? match(m, path, file, list, strict, at) : tp_error_status();
    if (status == TP_OK) {
        TP_SCOPE();
        TP_NO_GRAD();
        status = convert(file, list, at, ready);
        for (int64_t i = 0; status == TP_OK && i < list->entries.n; i++)
            if (ready[i] && !tp_copy_(list->tensors[i], ready[i])) status = tp_error_status();
    }
    tp_mem_free(at, n * sizeof *at);
    tp_mem_free(ready, n * sizeof *ready);
    return status;
}

tp_status tp_module_load_with(tp_module *m, const char *path, const tp_module_load_options *o)
{
    tp_module_load_options options = TP__BRACES(module_load, );
    tp_status status = tp_options_take("module_load", &options, o, offsetof(tp_module_load_options, tp__end));
    if (status == TP_OK) status = tp__may_change(m, "module_load");
    if (status != TP_OK) return status;
    tp_file *file = tp_file_open(path, .prefix = options.prefix);
    if (!file) return tp_error_status();
    const tp_skipped whole = tp_file_skipped_at(file, 0);
    if (tp_file_count(file) == 0 && whole.name && !*whole.name && !options.prefix)
        status = tp_fail(TP_ERR_FORMAT, "module_load: %.200s holds no tensors but a %.80s: save its state_dict() instead", path, whole.what);
    else
        status = load(m, path, file, options.strict);
    tp_file_close(file);
    return status;
}
