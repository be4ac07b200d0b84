/* optim/training.c: the parts of a run of training in one file. Each kind of part says how it is listed below its name, and how it is
 * loaded from there; the loads are those of its own file, with a prefix. */
#include "entries.h"

#include <taper/training.h>

#include <stdio.h>
#include <string.h>

enum { MOST_NAME = 100 };
static const char random_name[] = "random";

static tp_kind kind_of(const void *object) { return *(const tp_kind *)object; }

/* ---- Is it a part? ---------------------------------------------------------------------------------------------------------------- */

static bool is_part(const void *object)
{
    const tp_kind kind = kind_of(object);
    return kind == TP_KIND_TENSOR || kind == TP_KIND_MODULE || kind == TP_KIND_OPTIMIZER || kind == TP_KIND_SCHEDULE || kind == TP_KIND_LOADER ||
           (kind == TP_KIND_OTHER && tp__is_scaler(object));
}

static tp_status check_parts(const char *op, const char *path, const tp_part *parts, int n)
{
    if (tp_failed())
        return tp_error_status();
    if (!path || !parts || n < 1)
        return tp_fail(TP_ERR_ARGUMENT, "%s: there is no %s", op, path ? "part" : "path");
    for (int i = 0; i < n; i++) {
        const char *const name = parts[i].name;
        if (!name || !*name || strlen(name) > MOST_NAME || strchr(name, '.') || strcmp(name, random_name) == 0)
            return tp_fail(TP_ERR_ARGUMENT, "%s: part %d cannot be named \"%.40s\"", op, i, name ? name : "");
        for (int j = 0; j < i; j++)
            if (strcmp(name, parts[j].name) == 0)
                return tp_fail(TP_ERR_ARGUMENT, "%s: two parts are named \"%s\"", op, name);
        if (!parts[i].object)
            return tp_fail(TP_ERR_ARGUMENT, "%s: the part \"%s\" is NULL", op, name);
        if (!is_part(parts[i].object))
            return tp_fail(TP_ERR_ARGUMENT, "%s: the part \"%s\" is no module, optimizer, schedule, scaler, loader or tensor, or was freed", op, name);
    }
    return TP_OK;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------------------------ */

static tp_status list_number(tp__entries *e, const char *prefix, const char *name, int64_t value)
{
    return tp__entries_add(e, tp_from_data(&value, TP_I64, (tp_shape){ .ndim = 0 }), "%s%s", prefix, name);
}

static tp_status list_loader(tp_loader *loader, const char *prefix, tp__entries *e)
{
    const tp_loader_place place = tp_loader_tell(loader);
    tp_status status = list_number(e, prefix, "seed", (int64_t)place.seed);
    status = status ? status : list_number(e, prefix, "epoch", place.epoch);
    return status ? status : list_number(e, prefix, "batch", place.batch);
}

static tp_status list_module(tp_module *m, const char *prefix, tp__entries *e)
{
    const tp_entry_list state = tp_state_dict(m);
    tp_status status = tp_failed() ? tp_error_status() : TP_OK;
    for (int64_t i = 0; i < state.n && !status; i++)
        status = tp__entries_add(e, state.at[i].tensor, "%s%s", prefix, state.at[i].name);
    return status;
}

static tp_status list_part(tp_part part, tp__entries *e)
{
    char prefix[MOST_NAME + 2];
    snprintf(prefix, sizeof prefix, "%s.", part.name);
    switch ((int)kind_of(part.object)) {
    case TP_KIND_TENSOR: return tp__entries_add(e, part.object, "%s", part.name);
    case TP_KIND_MODULE: return list_module(part.object, prefix, e);
    case TP_KIND_OPTIMIZER: return tp__optimizer_list(part.object, prefix, e);
    case TP_KIND_SCHEDULE: return tp__schedule_list(part.object, prefix, e);
    case TP_KIND_LOADER: return list_loader(part.object, prefix, e);
    default: return tp__scaler_list(part.object, prefix, e);
    }
}

tp_status tp_training_save_each(const char *path, const tp_part *parts, int n)
{
    tp_status status = check_parts("training_save", path, parts, n);
    if (status)
        return status;
    TP_SCOPE();
    TP_NO_GRAD();
    tp__entries e = { .n = 0 };
    for (int i = 0; i < n && !status; i++)
        status = list_part(parts[i], &e);
    if (!status) {
        const tp_rng_state random = tp_rng_get();
        const int64_t words[] = { (int64_t)random.seed, (int64_t)random.stream, (int64_t)random.offset, (int64_t)random.spare };
        status = tp__entries_add(&e, tp_from_data(words, TP_I64, TP_SHAPE(4)), "%s", random_name);
    }
    if (!status)
        status = tp__entries_say(&e, "", "format", "pt");       /* laid out as PyTorch's: readers there ask for it */
    return tp__entries_save(&e, status, path);
}

/* ---- Loading ----------------------------------------------------------------------------------------------------------------------- */

static const char load_op[] = "training_load";

/* n int64 of that name. */
static tp_status read_words(tp_file *file, const char *prefix, const char *name, int64_t *out, int64_t n)
{
    char whole[MOST_NAME + 20];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const int64_t i = tp_file_find(file, whole);
    if (i < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: the file has no %s", load_op, whole);
    tp_tensor *const x = tp_file_tensor(file, i);
    if (x && (tp_dtype_of(x) != TP_I64 || tp_numel(x) != n))
        return tp_fail(TP_ERR_FORMAT, "%s: %s should be %lld of int64", load_op, whole, (long long)n);
    return tp_copy_to(x, out, (size_t)n * sizeof *out);
}

static tp_status load_loader(tp_loader *loader, const char *prefix, tp_file *file)
{
    int64_t seed = 0;
    tp_loader_place place = { .epoch = 0 };
    tp_status status = read_words(file, prefix, "seed", &seed, 1);
    status = status ? status : read_words(file, prefix, "epoch", &place.epoch, 1);
    status = status ? status : read_words(file, prefix, "batch", &place.batch, 1);
    place.seed = (uint64_t)seed;
    return status ? status : tp_loader_seek(loader, place);
}

static tp_status load_tensor(tp_tensor *x, const char *name, tp_file *file)
{
    const int64_t i = tp_file_find(file, name);
    if (i < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: the file has no %s", load_op, name);
    const tp_shape theirs = tp_file_shape(file, i), ours = tp_shape_of(x);
    if (theirs.ndim != ours.ndim || memcmp(theirs.dim, ours.dim, (size_t)ours.ndim * sizeof *ours.dim) != 0)
        return tp_fail(TP_ERR_SHAPE, "%s: %s has another shape than the tensor", load_op, name);
    return tp_copy_(x, tp_to(tp_to_dtype(tp_file_tensor(file, i), tp_dtype_of(x)), tp_device_of(x))) ? TP_OK : tp_error_status();
}

static tp_status load_part(tp_part part, const char *path, tp_file *file)
{
    char prefix[MOST_NAME + 2];
    snprintf(prefix, sizeof prefix, "%s.", part.name);
    switch ((int)kind_of(part.object)) {
    case TP_KIND_TENSOR: return load_tensor(part.object, part.name, file);
    case TP_KIND_MODULE: return tp_module_load((tp_module *)part.object, path, .prefix = prefix);
    case TP_KIND_OPTIMIZER: return tp_optimizer_load((tp_optimizer *)part.object, path, .prefix = prefix);
    case TP_KIND_SCHEDULE: return tp_schedule_load((tp_schedule *)part.object, path, .prefix = prefix);
    case TP_KIND_LOADER: return load_loader(part.object, prefix, file);
    default: return tp_scaler_load((tp_scaler *)part.object, path, .prefix = prefix);
    }
}

/* Does the entry belong to one of the parts? */
static bool is_asked_for(const char *entry, const tp_part *parts, int n)
{
    const size_t length = strcspn(entry, ".");
    bool found = strcmp(entry, random_name) == 0;
    for (int i = 0; i < n && !found; i++)
        found = strlen(parts[i].name) == length && memcmp(parts[i].name, entry, length) == 0;
    return found;
}

static tp_status load_all(const char *path, tp_file *file, const tp_part *parts, int n)
{
    const bool ours = strcmp(tp_file_format(file), "safetensors") == 0;
    int64_t words[4];
    if (ours && tp_file_find(file, random_name) < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: %.200s has no \"%s\": it is not of training_save", load_op, path, random_name);
    tp_status status = ours ? read_words(file, "", random_name, words, 4) : TP_OK;
    for (int64_t i = 0; i < tp_file_count(file) && ours && !status; i++)
        if (!is_asked_for(tp_file_name(file, i), parts, n))
            status = tp_fail(TP_ERR_ARGUMENT, "%s: %.200s has %.100s, which is of none of the parts", load_op, path, tp_file_name(file, i));
    for (int i = 0; i < n && !status; i++)
        status = load_part(parts[i], path, file);
    if (status || !ours)
        return status;
    return tp_rng_set((tp_rng_state){ (uint64_t)words[0], (uint64_t)words[1], (uint64_t)words[2], (uint64_t)words[3] });
}

tp_status tp_training_load_each(const char *path, const tp_part *parts, int n)
{
    tp_status status = check_parts(load_op, path, parts, n);
    if (status)
        return status;
    TP_SCOPE();
    TP_NO_GRAD();
    tp_file *const file = tp_file_open(path);
    if (!file)
        return tp_error_status();
    status = load_all(path, file, parts, n);
    tp_file_close(file);
    return status;
}
