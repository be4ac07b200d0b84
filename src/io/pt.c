/* src/io/pt.c: reads what torch.save writes: a zip archive of FOLDER/data.pkl, a pickle (pickle.c), FOLDER/data/KEY, the bytes of
 * each storage, and FOLDER/byteorder.
 *
 * What the pickle describes is walked once, and each tensor and number becomes an entry that is named by the way to it. */
#include "io/file.h"
#include "io/pickle.h"

static const char open_op[] = TP__FILE_OPEN, tensor_op[] = TP__FILE_TENSOR;

enum { MOST_PICKLE = 64 << 20, MOST_NAME = 1024, MOST_DEPTH = 64, MOST_VISITS = 1 << 22 };

/* A storage, by its place in the archive. Where several entries lie in it, it is read once and stays for the others. */
typedef struct storage {
    tp_tensor *tensor;                         /* retained: all its elements, one dim */
    tp_dtype dtype;
    int64_t users;
} storage;

typedef struct checkpoint {
    char folder[256];
    bool swapped;                              /* the machine that wrote it was big-endian */
    storage *storages;
    int64_t n;
    /* While it is walked: */
    char name[MOST_NAME];
    int64_t visits;
} checkpoint;

/* ---- Storages --------------------------------------------------------------------------------------------------------------- */

/* ("storage", torch.FloatStorage, key, device, number of elements) */
static tp__py *find_storage(void *self, tp__pickle *p, const tp__py *id)
{
    tp_file *const f = self;
    const checkpoint *const c = f->self;
    tp__py *const *const part = id->as.at;
    char name[sizeof c->folder + 64];
    tp__zip_entry e;
    if (id->kind != TP__PY_TUPLE || id->n < 5 || !tp__py_is_text(part[0], "storage") || part[2]->kind != TP__PY_TEXT ||
        part[4]->kind != TP__PY_INT) {
        tp__pickle_broken(p, "a persistent id names no storage");
        return NULL;
    }
    if (part[1]->kind != TP__PY_NAME || !part[1]->as.name->is_storage)
        return tp__py_what(p, part[1]);
    const int n = snprintf(name, sizeof name, "%sdata/%.*s", c->folder, (int)(part[2]->n < 50 ? part[2]->n : 50), part[2]->as.text);
    const int64_t place = tp__zip_find(&f->zip, name), numel = part[4]->as.integer;
    if (place < 0 || (size_t)n != strlen(name)) {
        tp_fail(TP_ERR_FORMAT, "%s: there is no %s, in %s", open_op, tp__quote(name).text, f->path);
        return NULL;
    }
    tp__py *const v = tp__py_new(p, TP__PY_STORAGE);
    tp__py_storage *const s = v ? tp__arena_alloc(p->arena, sizeof *s) : NULL;
    if (!s || tp__zip_entry_at(&f->zip, place, &e))
        return NULL;
    const tp__py_name *const type = part[1]->as.name;
    const int64_t size = type->is_untyped ? 1 : (int64_t)tp_dtype_size(type->dtype);
    if (numel < 0 || e.bytes % size || e.bytes / size != numel) {
        tp_fail(TP_ERR_FORMAT, "%s: %s has %lld bytes, and the pickle says %lld of %lld, in %s", open_op, tp__quote(name).text,
                (long long)e.bytes, (long long)numel, (long long)size, f->path);
        return NULL;
    }
    *s = (tp__py_storage){ place, e.bytes, type->dtype };
    v->as.storage = s;
    return v;
}

/* ---- Entries ------------------------------------------------------------------------------------------------------------------ */

static tp_status add_tensor(tp_file *f, size_t n, tp__py_tensor *t)
{
    checkpoint *const c = f->self;
    storage *const s = &c->storages[t->storage->place];
    if (s->dtype && t->dtype && s->dtype != t->dtype)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" takes as %s what another tensor takes as %s, in %s", open_op, tp__quote(c->name).text,
                       tp_dtype_name(t->dtype), tp_dtype_name(s->dtype), f->path);
    if (t->dtype)
        s->dtype = t->dtype;
    s->users++;
    return tp__file_add(f, c->name, n, &(tp__item){ .dtype = t->dtype, .dtype_text = t->dtype_text, .shape = t->shape, .known = true,
                                                    .place = t->storage->place, .more = t });
}

static bool is_number(const tp__py *v) { return v->kind >= TP__PY_BOOL && v->kind <= TP__PY_REAL; }

/* The dtype that holds a list's numbers; 0: it is none of nothing but numbers. */
static tp_dtype dtype_of_numbers(const tp__py *v)
{
    bool real = false, whole = false, truth = false;
    for (uint32_t i = 0; i < v->n; i++) {
        real |= v->as.at[i]->kind == TP__PY_REAL;
        whole |= v->as.at[i]->kind == TP__PY_INT;
        truth |= v->as.at[i]->kind == TP__PY_BOOL;
        if (!is_number(v->as.at[i]) || (truth && (real || whole)))
            return TP_DTYPE_DEFAULT;
    }
    return real ? TP_F64 : whole ? TP_I64 : truth ? TP_BOOL : TP_DTYPE_DEFAULT;
}

/* A number, or a list of them; `more` is the value, and place -1. */
static tp_status add_numbers(tp_file *f, size_t n, tp__py *v, tp_dtype dtype)
{
    const checkpoint *const c = f->self;
    const tp_shape shape = { { is_number(v) ? 0 : v->n }, !is_number(v) };
    return tp__file_add(f, c->name, n, &(tp__item){ .dtype = dtype, .shape = shape, .known = true, .place = -1, .more = v });
}

static const char *what_is(tp_file *f, const tp__py *v)
{
    char text[128];
    switch (v->kind) {
    case TP__PY_NONE: return "None";
    case TP__PY_TEXT: return "str";
    case TP__PY_BYTES: return "bytes";
    case TP__PY_STORAGE: return "a storage";
    case TP__PY_OPAQUE: return v->as.what;
    case TP__PY_NAME: {
        const int n = snprintf(text, sizeof text, "%s.%s", v->as.name->module, v->as.name->name);
        return tp__arena_text(&f->arena, text, (size_t)n);
    }
    default: return "a key that is neither text nor whole number";
    }
}

static tp_status skip(tp_file *f, size_t n, const tp__py *v)
{
    const checkpoint *const c = f->self;
    const char *const what = what_is(f, v);
    return what ? tp__file_skip(f, c->name, n, what) : tp_error_status();
}

static tp_status walk(tp_file *f, size_t n, tp__py *v, int depth);

/* Goes on with a member: the first n bytes of the name are those of its container. */
static tp_status walk_member(tp_file *f, size_t n, const char *key, size_t key_bytes, tp__py *v, int depth)
{
    checkpoint *const c = f->self;
    const bool dot = depth > 1;
    if (n + dot + key_bytes >= MOST_NAME)
        return tp_fail(TP_ERR_FORMAT, "%s: a name of more than %d bytes, in %s", open_op, MOST_NAME, f->path);
    if (dot)
        c->name[n] = '.';
    memcpy(c->name + n + dot, key, key_bytes);
    c->name[n + dot + key_bytes] = 0;
    return walk(f, n + dot + key_bytes, v, depth);
}

static tp_status walk_dict(tp_file *f, size_t n, const tp__py *dict, int depth)
{
    char digits[24];
    tp_status status = TP_OK;
    for (uint32_t i = 0; i + 1 < dict->n && !status; i += 2) {
        const tp__py *const key = dict->as.at[i];
        if (key->kind == TP__PY_TEXT)
            status = walk_member(f, n, key->as.text, key->n, dict->as.at[i + 1], depth);
        else if (key->kind == TP__PY_INT)
            status = walk_member(f, n, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)key->as.integer),
                                 dict->as.at[i + 1], depth);
        else
            status = tp__file_skip(f, ((checkpoint *)f->self)->name, n, "a key that is neither text nor whole number");
    }
    return status;
}

static tp_status walk_list(tp_file *f, size_t n, const tp__py *list, int depth)
{
    char digits[24];
    tp_status status = TP_OK;
    for (uint32_t i = 0; i < list->n && !status; i++)
        status = walk_member(f, n, digits, (size_t)snprintf(digits, sizeof digits, "%u", i), list->as.at[i], depth);
    return status;
}

static tp_status walk(tp_file *f, size_t n, tp__py *v, int depth)
{
    checkpoint *const c = f->self;
    if (v->kind == TP__PY_TENSOR)
        return add_tensor(f, n, v->as.tensor);
    if (is_number(v))
        return add_numbers(f, n, v, v->kind == TP__PY_REAL ? TP_F64 : v->kind == TP__PY_INT ? TP_I64 : TP_BOOL);
    const bool is_list = v->kind == TP__PY_LIST || v->kind == TP__PY_TUPLE;
    if (!is_list && v->kind != TP__PY_DICT)
        return skip(f, n, v);
    const tp_dtype dtype = is_list ? dtype_of_numbers(v) : TP_DTYPE_DEFAULT;
    if (dtype)
        return add_numbers(f, n, v, dtype);
    c->visits += 1 + v->n;                     /* a value that is met by many ways is walked as often */
    if (v->open || depth == MOST_DEPTH || c->visits > MOST_VISITS)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" %s, in %s", open_op, tp__quote(c->name).text,
                       v->open ? "holds itself" : depth == MOST_DEPTH ? "is nested too deeply" : "has too many members", f->path);
    v->open = true;
    const tp_status status = is_list ? walk_list(f, n, v, depth + 1) : walk_dict(f, n, v, depth + 1);
    v->open = false;
    c->name[n] = 0;
    return status;
}

/* ---- Opening ------------------------------------------------------------------------------------------------------------------- */

/* All of entry i, in the arena. */
static char *read_entry(tp_file *f, int64_t i, int64_t most, tp__zip_entry *e)
{
    if (tp__zip_entry_at(&f->zip, i, e))
        return NULL;
    if (e->bytes > most) {
        tp_fail(TP_ERR_FORMAT, "%s: %s has %lld bytes, and %lld are the most that is read, in %s", open_op, tp__quote(e->name).text,
                (long long)e->bytes, (long long)most, f->path);
        return NULL;
    }
    char *const data = tp__arena_alloc(&f->arena, (size_t)e->bytes + 1);
    struct zip_file *const file = data ? tp__zip_start(&f->zip, i) : NULL;
    tp_status status = file ? tp__zip_read(&f->zip, file, e->name, data, e->bytes) : tp_error_status();
    if (!status)
        status = tp__zip_end(&f->zip, file, e->name);
    tp__zip_stop(file);
    return file && !status ? data : NULL;
}

/* Where the pickle is says what folder all lies in. */
static tp_status find_pickle(tp_file *f, checkpoint *c, int64_t *at)
{
    for (*at = 0; *at < f->zip.n; ++*at) {
        tp__zip_entry e;
        if (tp__zip_entry_at(&f->zip, *at, &e))
            return tp_error_status();
        const char *const slash = strchr(e.name, '/');
        if (!slash || strcmp(slash, "/data.pkl") != 0)
            continue;
        const size_t n = (size_t)(slash - e.name) + 1;
        if (n >= sizeof c->folder)
            return tp_fail(TP_ERR_FORMAT, "%s: the folder in the archive has a name of %zu bytes, in %s", open_op, n, f->path);
        memcpy(c->folder, e.name, n);
        return TP_OK;
    }
    return tp_fail(TP_ERR_FORMAT, "%s: there is no data.pkl, in %s", open_op, f->path);
}

static tp_status find_byte_order(tp_file *f, checkpoint *c)
{
    char name[sizeof c->folder + 16];
    tp__zip_entry e;
    snprintf(name, sizeof name, "%sbyteorder", c->folder);
    const int64_t i = tp__zip_find(&f->zip, name);
    if (i < 0)
        return TP_OK;
    const char *const order = read_entry(f, i, 64, &e);
    if (!order)
        return tp_error_status();
    c->swapped = strcmp(order, "big") == 0;
    return c->swapped || strcmp(order, "little") == 0
               ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: the byte order \"%s\" is neither little nor big, in %s", open_op, tp__quote(order).text, f->path);
}

static tp_status open_pt(tp_file *f)
{
    int64_t at;
    tp__zip_entry e;
    checkpoint *const c = f->self = tp__arena_alloc(&f->arena, sizeof *c);
    if (!c || find_pickle(f, c, &at) || find_byte_order(f, c))
        return tp_error_status();
    c->storages = tp__arena_alloc(&f->arena, (size_t)f->zip.n * sizeof *c->storages);
    const char *const bytes = c->storages ? read_entry(f, at, MOST_PICKLE, &e) : NULL;
    if (!bytes)
        return tp_error_status();
    c->n = f->zip.n;
    tp__pickle p = { .where = f->path, .arena = &f->arena, .persistent = find_storage, .self = f };
    const tp_status status = tp__pickle_run(&p, bytes, (size_t)e.bytes);
    return status ? status : walk(f, 0, p.result, 0);
}

static void close_pt(tp_file *f)
{
    const checkpoint *const c = f->self;
    for (int64_t i = 0; c && i < c->n; i++)
        tp_release(c->storages[i].tensor);
}

/* ---- Reading ------------------------------------------------------------------------------------------------------------------- */

/* All elements of a storage, in this shape. */
static tp_tensor *read_storage(tp_file *f, const tp__item *item, tp_shape shape)
{
    const checkpoint *const c = f->self;
    tp_tensor *const x = tp_empty(shape, .dtype = item->dtype);
    const int64_t n = tp_numel(x), bytes = n * (int64_t)tp_dtype_size(item->dtype);
    if (n == 0)
        return x;
    void *const data = tp_data_mut(x);
    f->zip.op = tensor_op;
    struct zip_file *const file = data ? tp__zip_start(&f->zip, item->place) : NULL;
    tp_status status = file ? tp__zip_read(&f->zip, file, item->name, data, bytes) : tp_error_status();
    if (!status)
        status = tp__zip_end(&f->zip, file, item->name);
    tp__zip_stop(file);
    if (!status && item->dtype == TP_BOOL)
        status = tp__check_bools(tensor_op, item->name, data, n);
    if (!file || status)
        return NULL;
    if (c->swapped)
        tp__swap_bytes(data, n, item->dtype);
    return x;
}

static tp_tensor *read_numbers(const tp__item *item)
{
    const tp__py *const v = item->more;
    tp_tensor *const x = tp_empty(item->shape, .dtype = item->dtype);
    char *const data = tp_data_mut(x);
    const uint32_t n = is_number(v) ? 1 : v->n;
    if (!data)
        return NULL;
    for (uint32_t i = 0; i < n; i++) {
        const tp__py *const one = is_number(v) ? v : v->as.at[i];
        if (item->dtype == TP_F64)
            ((double *)data)[i] = one->kind == TP__PY_REAL ? one->as.real : (double)one->as.integer;
        else if (item->dtype == TP_I64)
            ((int64_t *)data)[i] = one->as.integer;
        else
            ((bool *)data)[i] = one->as.integer != 0;
    }
    return x;
}

static bool fills_its_storage(const tp__py_tensor *t)
{
    int64_t stride = 1;
    for (int i = t->shape.ndim - 1; i >= 0; i--) {
        if (t->shape.dim[i] != 1 && t->stride[i] != stride)
            return false;
        stride *= t->shape.dim[i];
    }
    return t->offset == 0 && t->numel * (int64_t)tp_dtype_size(t->dtype) == t->storage->bytes;
}

static tp_tensor *read_pt(tp_file *f, const tp__item *item)
{
    if (item->place < 0)
        return read_numbers(item);
    const tp__py_tensor *const t = item->more;
    storage *const s = &((checkpoint *)f->self)->storages[item->place];
    if (t->numel == 0)
        return tp_empty(t->shape, .dtype = t->dtype);
    if (s->users == 1 && fills_its_storage(t))
        return read_storage(f, item, t->shape);
    tp_tensor *const all = s->tensor ? s->tensor : read_storage(f, item, (tp_shape){ { t->storage->bytes / (int64_t)tp_dtype_size(t->dtype) }, 1 });
    if (s->users > 1 && !s->tensor)
        s->tensor = tp_retain(all);
    return tp_as_strided(all, t->shape, t->stride, t->offset);
}

const tp__format tp__format_pt = { .name = "pt", .open = open_pt, .tensor = read_pt, .close = close_pt };
