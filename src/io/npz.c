/* src/io/npz.c: reads NumPy's archives: a zip of .npy files, each named for its array. */
#include "io/npy.h"

static const char open_op[] = TP__FILE_OPEN, tensor_op[] = TP__FILE_TENSOR;

/* ---- Which kind of archive ------------------------------------------------------------------------------------------------- */

static bool is_zip(const char *at, size_t bytes)
{
    return bytes >= 4 && (memcmp(at, "PK\3\4", 4) == 0 || memcmp(at, "PK\5\6", 4) == 0);         /* the latter: without entries */
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* torch.save puts its pickle at FOLDER/data.pkl; NumPy knows only .npy. */
static tp_status open_zip(tp_file *f)
{
    if (tp__zip_open(&f->zip, open_op, f->path, f->map->at, f->map->bytes))
        return tp_error_status();
    f->format = &tp__format_npz;
    for (int64_t i = 0; i < f->zip.n; i++) {
        tp__zip_entry e;
        if (tp__zip_entry_at(&f->zip, i, &e))
            return tp_error_status();
        const char *const slash = strchr(e.name, '/');
        if (slash && strcmp(slash, "/data.pkl") == 0)
            f->format = &tp__format_pt;
    }
    return f->format->open(f);
}

const tp__format tp__format_zip = { .name = "zip", .is = is_zip, .open = open_zip };

/* ---- Arrays ------------------------------------------------------------------------------------------------------------------- */

typedef struct place { char text[160]; } place;        /* "weight.npy of model.npz" */

static place place_of(const tp_file *f, const char *name)
{
    place p;
    const char *const slash = strrchr(f->path, '/');
    snprintf(p.text, sizeof p.text, "%s of %.70s", tp__quote(name).text, slash ? slash + 1 : f->path);
    return p;
}

static tp_status read_header(tp_file *f, struct zip_file *file, const tp__zip_entry *e, tp__npy *npy)
{
    char start[TP__NPY_LEAST + 2];
    const place where = place_of(f, e->name);
    if (tp__zip_read(&f->zip, file, e->name, start, sizeof start))
        return tp_error_status();
    const size_t header = tp__npy_header_bytes(open_op, where.text, start);
    if (!header)
        return TP_ERR_FORMAT;
    if ((int64_t)header > e->bytes || header < sizeof start)
        return tp_fail(TP_ERR_FORMAT, "%s: a header of %zu bytes in %lld, in %s", open_op, header, (long long)e->bytes, where.text);
    char *const text = tp_mem_alloc(header);
    if (!text)
        return TP_ERR_MEMORY;
    memcpy(text, start, sizeof start);
    tp_status status = tp__zip_read(&f->zip, file, e->name, text + sizeof start, (int64_t)(header - sizeof start));
    if (!status)
        status = tp__npy_parse(open_op, where.text, text, header, npy);
    tp_mem_free(text, header);
    if (!status && npy->dtype && npy->bytes != e->bytes - (int64_t)header)
        status = tp_fail(TP_ERR_FORMAT, "%s: the header takes %lld bytes of elements, and there are %lld, in %s", open_op,
                         (long long)npy->bytes, (long long)(e->bytes - (int64_t)header), where.text);
    return status;
}

static tp_status add_array(tp_file *f, int64_t i)
{
    tp__zip_entry e;
    if (tp__zip_entry_at(&f->zip, i, &e))
        return tp_error_status();
    if (!ends_with(e.name, ".npy")) {
        const char *const what = "no array";
        return tp__file_skip(f, e.name, strlen(e.name), what);
    }
    tp__npy *const npy = tp__arena_alloc(&f->arena, sizeof *npy);
    struct zip_file *const file = npy ? tp__zip_start(&f->zip, i) : NULL;
    tp_status status = file ? read_header(f, file, &e, npy) : tp_error_status();
    tp__zip_stop(file);
    if (!status)
        status = tp__file_add(f, e.name, strlen(e.name) - 4, &(tp__item){ .dtype = npy->dtype, .dtype_text = npy->dtype_text,
                                                                         .shape = npy->shape, .known = true, .place = i, .more = npy });
    return status;
}

static tp_status open_npz(tp_file *f)
{
    tp_status status = TP_OK;
    for (int64_t i = 0; i < f->zip.n && !status; i++)
        status = add_array(f, i);
    return status;
}

static tp_status read_elements(tp_file *f, const tp__item *item, struct zip_file *file, void *data)
{
    const tp__npy *const npy = item->more;
    char header[512];
    tp_status status = TP_OK;
    for (size_t done = 0; done < npy->header && !status; done += sizeof header)        /* read once already, and checked */
        status = tp__zip_read(&f->zip, file, item->name, header, (int64_t)(npy->header - done < sizeof header ? npy->header - done : sizeof header));
    if (!status)
        status = tp__zip_read(&f->zip, file, item->name, data, npy->bytes);
    if (!status)
        status = tp__zip_end(&f->zip, file, item->name);
    if (!status && npy->dtype == TP_BOOL)
        status = tp__check_bools(tensor_op, item->name, data, npy->numel);
    if (!status && npy->swapped)
        tp__swap_bytes(data, npy->numel, npy->dtype);
    return status;
}

static tp_tensor *read_npz(tp_file *f, const tp__item *item)
{
    const tp__npy *const npy = item->more;
    f->zip.op = tensor_op;
    tp_tensor *const x = tp_empty(tp__npy_stored_shape(npy), .dtype = npy->dtype);
    void *const data = tp_data_mut(x);
    struct zip_file *const file = data ? tp__zip_start(&f->zip, item->place) : NULL;
    const tp_status status = file ? read_elements(f, item, file, data) : tp_error_status();
    tp__zip_stop(file);
    return file && !status ? tp__npy_from_stored(x, npy) : NULL;
}

const tp__format tp__format_npz = { .name = "npz", .open = open_npz, .tensor = read_npz };
