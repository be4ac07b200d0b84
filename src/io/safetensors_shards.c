/* src/io/safetensors_shards.c: writes safetensors in several files with an index.
 *
 * The files get names that nothing has yet, so that the old index goes on to name its old files until the new one takes its
 * place, in one step. The files of the old one are removed after that. */
#define _GNU_SOURCE
#include "atomic_file.h"
#include "safetensors.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

static const char op[] = "safetensors_save_sharded";
static const char index_end[] = ".safetensors.index.json", shard_end[] = ".safetensors";

enum { MOST_SHARDS = 99999, MOST_TRIES = 10000 };

typedef struct saving {
    const char *path;
    int stem;                                  /* bytes of the path up to NAME's end */
    int folder;                                /* bytes of the path up to its last / */
    int64_t *first;                            /* n_shards + 1 places in the entries */
    int64_t n_shards, written, total;
    int serial;                                /* 0: plain names */
} saving;

typedef struct shard_path { char text[PATH_MAX + 64]; } shard_path;

static shard_path path_of(const saving *s, int64_t i)
{
    shard_path p;
    char serial[16] = "";
    if (s->serial)
        snprintf(serial, sizeof serial, "-%d", s->serial);
    snprintf(p.text, sizeof p.text, "%.*s%s-%05lld-of-%05lld%s", s->stem, s->path, serial, (long long)i + 1, (long long)s->n_shards, shard_end);
    return p;
}

/* ---- What goes where -------------------------------------------------------------------------------------------------------- */

/* In order, as many as fit. */
static tp_status cut(saving *s, const tp_named_tensor *entries, int64_t n, int64_t most)
{
    int64_t in_shard = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t bytes = tp_numel(entries[i].tensor) * (int64_t)tp_dtype_size(tp_dtype_of(entries[i].tensor));
        if (i == 0 || in_shard > most - bytes) {
            s->first[s->n_shards++] = i;
            in_shard = 0;
        }
        in_shard += bytes;
        s->total += bytes;
    }
    if (n == 0)
        s->first[s->n_shards++] = 0;
    s->first[s->n_shards] = n;
    return s->n_shards <= MOST_SHARDS ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: %lld bytes a file make %lld files, and at most %d are written", op,
                                                        (long long)most, (long long)s->n_shards, MOST_SHARDS);
}

static bool is_free(const saving *s)
{
    for (int64_t i = 0; i < s->n_shards; i++)
        if (access(path_of(s, i).text, F_OK) == 0)
            return false;
    return true;
}

static tp_status choose_names(saving *s)
{
    for (s->serial = 0; s->serial < MOST_TRIES; s->serial++)
        if (is_free(s))
            return TP_OK;
    return tp_fail(TP_ERR_IO, "%s: %d sets of files are beside %s already", op, MOST_TRIES, s->path);
}

/* ---- The index ------------------------------------------------------------------------------------------------------------------ */

static tp_status no_memory(void) { return tp_fail(TP_ERR_MEMORY, "%s: no memory for the index", op); }

static tp_status put_names(json_t *map, const saving *s, const tp_named_tensor *entries)
{
    tp_status status = TP_OK;
    for (int64_t shard = 0; shard < s->n_shards && !status; shard++) {
        const shard_path path = path_of(s, shard);
        for (int64_t i = s->first[shard]; i < s->first[shard + 1] && !status; i++) {
            json_t *const name = tp__safetensors_string(entries[i].name, "name of entry", i);
            json_t *const file = name ? json_string(path.text + s->folder) : NULL;
            if (name && !file)
                no_memory();
            status = tp__safetensors_put(map, name, file, "entries");
            json_decref(name);
        }
    }
    return status;
}

static tp_status put_metadata(json_t *object, const saving *s, const tp_metadata *metadata, int64_t n)
{
    tp_status status = json_object_set_new(object, "total_size", json_integer(s->total)) ? no_memory() : TP_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        json_t *const key = tp__safetensors_string(metadata[i].key, "key of metadata", i);
        status = tp__safetensors_put(object, key, key ? tp__safetensors_string(metadata[i].value, "value of metadata", i) : NULL, "metadata");
        json_decref(key);
    }
    return status;
}

/* The text is jansson's to free. */
static char *make_index(const saving *s, const tp_named_tensor *entries, const tp_metadata *metadata, int64_t n_metadata)
{
    char *text = NULL;
    json_t *const root = json_pack("{s:{}, s:{}}", "metadata", "weight_map");
    if (!root) {
        no_memory();
        return NULL;
    }
    if (!put_metadata(json_object_get(root, "metadata"), s, metadata, n_metadata) && !put_names(json_object_get(root, "weight_map"), s, entries)) {
        text = json_dumps(root, JSON_INDENT(2));
        if (!text)
            no_memory();
    }
    json_decref(root);
    return text;
}

static tp_status put_index(const char *path, const char *text)
{
    tp__atomic_file f;
    tp_status status = tp__atomic_open(&f, op, path);
    if (status)
        return status;
    status = tp__atomic_write(&f, text, strlen(text));
    if (!status)
        return tp__atomic_commit(&f);
    tp__atomic_abandon(&f);
    return status;
}

/* ---- The old files ---------------------------------------------------------------------------------------------------------------- */

/* NAME[-SERIAL]-00001-of-00003.safetensors, in the folder itself */
static bool is_ours(const saving *s, const char *file)
{
    const size_t stem = (size_t)(s->stem - s->folder);
    int end = -1;
    if (strncmp(file, s->path + s->folder, stem) != 0)
        return false;
    file += stem;
    if (sscanf(file, "-%*[0-9]-of-%*[0-9].safetensors%n", &end) < 0 || end < 0)
        if (sscanf(file, "-%*[0-9]-%*[0-9]-of-%*[0-9].safetensors%n", &end) < 0 || end < 0)
            return false;
    return file[end] == 0;
}

static void remove_old(const saving *s, json_t *old)
{
    const char *name, *last = "";
    json_t *value;
    json_object_foreach(json_object_get(old, "weight_map"), name, value) {
        char path[PATH_MAX + 64];
        const char *const file = json_string_value(value);
        if (!file || strcmp(file, last) == 0 || !is_ours(s, file) || strlen(file) > 255)
            continue;
        last = file;
        bool kept = false;
        for (int64_t i = 0; i < s->n_shards && !kept; i++)
            kept = strcmp(path_of(s, i).text + s->folder, file) == 0;
        if (!kept && snprintf(path, sizeof path, "%.*s%s", s->folder, s->path, file) < (int)sizeof path)
            unlink(path);
    }
}

/* ---- All of it ------------------------------------------------------------------------------------------------------------------------ */

/* NULL where there is none, or it is no JSON. */
static json_t *read_old(const char *path)
{
    struct stat info;
    json_error_t error;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? json_load_file(path, 0, &error) : NULL;
}

static tp_status write_all(saving *s, const tp_named_tensor *entries, const tp_metadata *metadata, int64_t n_metadata)
{
    char *const index = make_index(s, entries, metadata, n_metadata);
    tp_status status = index ? TP_OK : tp_error_status();
    for (; s->written < s->n_shards && !status; s->written += !status) {
        const int64_t from = s->first[s->written], to = s->first[s->written + 1];
        status = tp_safetensors_save(path_of(s, s->written).text, from < to ? entries + from : NULL, to - from, metadata, n_metadata);
    }
    if (!status) {
        json_t *const old = read_old(s->path);
        status = put_index(s->path, index);
        if (!status)
            remove_old(s, old);
        json_decref(old);
    }
    for (int64_t i = 0; status && i < s->written; i++)
        unlink(path_of(s, i).text);
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    if (index)
        release(index);
    return status;
}

tp_status tp_safetensors_save_sharded(const char *path, const tp_named_tensor *entries, int64_t n, const tp_metadata *metadata,
                                      int64_t n_metadata, int64_t most)
{
    if (tp_failed())
        return tp_error_status();
    const size_t bytes = path ? strlen(path) : 0, end = sizeof index_end - 1;
    const char *const slash = path ? strrchr(path, '/') : NULL;
    const size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    if (!path || bytes >= PATH_MAX || bytes < folder + end + 1 || strcmp(path + bytes - end, index_end) != 0)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the path is %.200s, and should end in NAME%s", op, path ? path : "NULL", index_end);
    if (most < 1)
        return tp_fail(TP_ERR_ARGUMENT, "%s: %lld bytes a file", op, (long long)most);
    if (tp__safetensors_check(entries, n, metadata, n_metadata))
        return tp_error_status();
    saving s = { .path = path, .stem = (int)(bytes - end), .folder = (int)folder };
    s.first = tp_mem_alloc((size_t)(n + 2) * sizeof *s.first);
    if (!s.first)
        return TP_ERR_MEMORY;
    tp_status status = cut(&s, entries, n, most);
    if (!status)
        status = choose_names(&s);
    if (!status)
        status = write_all(&s, entries, metadata, n_metadata);
    tp_mem_free(s.first, (size_t)(n + 2) * sizeof *s.first);
    return status;
}
