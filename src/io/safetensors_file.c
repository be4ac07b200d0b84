/* src/io/safetensors_file.c: one file of safetensors, or several with an index, as files of any format.
 *
 * The index {"metadata": {..}, "weight_map": {"name": "shard"}} says where each name is; what it is stands in the shard alone,
 * which is opened when something of it is asked for. */
#include "io/file.h"
#include "io/safetensors.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

static const char op[] = TP__FILE_OPEN;

/* ---- One file ------------------------------------------------------------------------------------------------------------ */

/* The header's length is below 2^32, so its upper bytes are 0: no text begins so. */
static bool is_safetensors(const char *at, size_t bytes)
{
    return bytes >= 9 && at[8] == '{' && memcmp(at + 4, "\0\0\0\0", 4) == 0;
}

/* What the safetensors' handle says of its entry `from`. */
static void describe(tp__item *item, tp_safetensors *from, int64_t i)
{
    item->dtype = from->entries[i].dtype;
    item->dtype_text = from->entries[i].dtype_text;
    item->shape = from->entries[i].shape;
    item->place = i;
    item->known = true;
}

static tp_status open_one(tp_file *f)
{
    tp_safetensors *const s = f->self = tp__safetensors_over(f->path, f->map);
    for (int64_t i = 0; i < tp_safetensors_count(s); i++) {
        tp__item item = { 0 };
        describe(&item, s, i);
        if (tp__file_add(f, s->entries[i].name, strlen(s->entries[i].name), &item))
            return tp_error_status();
    }
    if (!s)
        return tp_error_status();
    f->metadata = s->metadata;
    f->n_metadata = s->n_metadata;
    return TP_OK;
}

static tp_tensor *read_one(tp_file *f, const tp__item *item) { return tp_safetensors_tensor(f->self, item->place); }
static void close_one(tp_file *f) { tp_safetensors_close(f->self); }

const tp__format tp__format_safetensors = { .name = "safetensors", .is = is_safetensors, .open = open_one, .tensor = read_one,
                                            .close = close_one };

/* ---- The index --------------------------------------------------------------------------------------------------------------- */

typedef struct shard { const char *name; tp_safetensors *file; int64_t entries; } shard;
typedef struct shards {
    json_t *json;                              /* the names of shards and the metadata stay in it */
    shard *at;
    int64_t n, room;
} shards;

static bool is_index(const char *at, size_t bytes)
{
    size_t i = 0;
    while (i < bytes && isspace((unsigned char)at[i]))
        i++;
    return i < bytes && at[i] == '{';
}

/* A path that cannot leave the folder: no root, no step up. Links are the user's own affair. */
static bool stays_below(const char *path)
{
    if (*path == '/' || !*path)
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        const size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return false;
    }
    return true;
}

static tp_status parse_index(tp_file *f, shards *s)
{
    json_error_t error = { .text = "" };
    if (f->map->bytes > TP__SAFETENSORS_MAX_HEADER)
        return tp_fail(TP_ERR_FORMAT, "%s: an index of %zu bytes is longer than the %d that are read, in %s", op, f->map->bytes,
                       TP__SAFETENSORS_MAX_HEADER, f->path);
    errno = 0;
    s->json = json_loadb(f->map->at, f->map->bytes, JSON_REJECT_DUPLICATES, &error);
    if (s->json)
        return TP_OK;
    if (!*error.text || errno == ENOMEM)
        return tp_fail(TP_ERR_MEMORY, "%s: no memory for the index of %zu bytes, in %s", op, f->map->bytes, f->path);
    return tp_fail(TP_ERR_FORMAT, "%s: the index is not JSON: %s, at byte %d, in %s", op, tp__quote(error.text).text, error.position, f->path);
}

/* Shards are few and names of one come one after another, so it is looked for from the last one back. */
static int64_t find_shard(shards *s, const char *name)
{
    int64_t i = s->n - 1;
    while (i >= 0 && strcmp(s->at[i].name, name) != 0)
        i--;
    return i;
}

static tp_status add_entry(tp_file *f, shards *s, const char *name, const json_t *value)
{
    const char *const path = json_string_value(value);
    if (!path)
        return tp_fail(TP_ERR_FORMAT, "%s: the file of \"%s\" is not a string, in %s", op, tp__quote(name).text, f->path);
    if (!stays_below(path))
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" is in the file \"%s\", which is not below the folder of %s", op, tp__quote(name).text,
                       tp__quote(path).text, f->path);
    int64_t i = find_shard(s, path);
    if (i < 0) {
        if (s->n == 4096)
            return tp_fail(TP_ERR_FORMAT, "%s: the index names more than 4096 files, in %s", op, f->path);
        if (s->n == s->room) {
            const int64_t room = s->room ? 2 * s->room : 16;
            shard *const wider = tp_mem_resize(s->at, (size_t)s->room * sizeof *s->at, (size_t)room * sizeof *s->at);
            if (!wider)
                return TP_ERR_MEMORY;
            s->at = wider;
            s->room = room;
        }
        i = s->n++;
        s->at[i] = (shard){ .name = path };
    }
    s->at[i].entries++;
    return tp__file_add(f, name, strlen(name), &(tp__item){ .place = i });
}

/* Texts, and numbers as such: {"total_size": 123} is what others write. */
static tp_status read_metadata(tp_file *f, json_t *object)
{
    const char *key;
    json_t *value;
    f->metadata = tp__arena_alloc(&f->arena, json_object_size(object) * sizeof *f->metadata);
    if (!f->metadata)
        return tp_error_status();
    json_object_foreach(object, key, value) {
        char digits[24];
        const char *text = json_string_value(value);
        if (json_is_integer(value))
            text = tp__arena_text(&f->arena, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value)));
        if (!text && json_is_integer(value))
            return tp_error_status();
        if (text)
            f->metadata[f->n_metadata++] = (tp_metadata){ key, text };
    }
    return TP_OK;
}

static tp_status open_index(tp_file *f)
{
    const char *name;
    json_t *value;
    shards *const s = f->self = tp_mem_calloc(sizeof *s);
    if (!s || parse_index(f, s))
        return tp_error_status();
    json_t *const map = json_object_get(s->json, "weight_map");
    if (!json_is_object(map))
        return tp_fail(TP_ERR_FORMAT, "%s: the index has no object weight_map, in %s", op, f->path);
    json_object_foreach(map, name, value)
        if (add_entry(f, s, name, value))
            return tp_error_status();
    return read_metadata(f, json_object_get(s->json, "metadata"));
}

static tp_status open_shard(tp_file *f, shard *s)
{
    const char *const slash = strrchr(f->path, '/');
    const size_t folder = slash ? (size_t)(slash - f->path) + 1 : 0, bytes = folder + strlen(s->name) + 1;
    char *const path = tp_mem_alloc(bytes);
    if (!path)
        return TP_ERR_MEMORY;
    memcpy(path, f->path, folder);
    strcpy(path + folder, s->name);
    s->file = tp_safetensors_open(path);
    tp_mem_free(path, bytes);
    return s->file ? TP_OK : tp_error_status();
}

static tp_status know(tp_file *f, tp__item *item)
{
    shard *const s = &((shards *)f->self)->at[item->place];
    if (!s->file && open_shard(f, s))
        return tp_error_status();
    const char *const name = item->name - f->prefix_bytes;
    const int64_t i = tp_safetensors_find(s->file, name);
    if (i < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" should be in %s, and is not, by %s", TP__FILE_TENSOR, tp__quote(name).text, s->name, f->path);
    describe(item, s->file, i);
    item->more = s->file;
    return TP_OK;
}

static tp_tensor *read_sharded(tp_file *f, const tp__item *item)
{
    (void)f;
    return tp_safetensors_tensor(item->more, item->place);
}

static void close_index(tp_file *f)
{
    shards *const s = f->self;
    if (!s)
        return;
    for (int64_t i = 0; i < s->n; i++)
        tp_safetensors_close(s->at[i].file);
    tp_mem_free(s->at, (size_t)s->room * sizeof *s->at);
    json_decref(s->json);
    tp_mem_free(s, sizeof *s);
}

const tp__format tp__format_index = { .name = "index", .is = is_index, .open = open_index, .know = know, .tensor = read_sharded,
                                      .close = close_index };
