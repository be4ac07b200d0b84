/* src/io/npy.c: reads NumPy's arrays.
 *
 * The header is the text of a Python dict with three keys, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, of which
 * exactly this much is understood. */
#include "io/npy.h"

#include <stdlib.h>

/* The kind and bytes of an element, as NumPy writes them behind the byte order, and our dtype. */
static const struct { char text[4]; int dtype; } dtypes[] = {
    { "f4", TP_F32 }, { "f8", TP_F64 }, { "f2", TP_F16 }, { "V2", TP_BF16 }, { "i8", TP_I64 }, { "i4", TP_I32 }, { "i2", TP_I16 },
    { "i1", TP_I8 }, { "u1", TP_U8 }, { "b1", TP_BOOL }, { "c8", TP_C64 }, { "c16", TP_C128 },
};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* ---- The header ------------------------------------------------------------------------------------------------------------- */

typedef struct scan {
    const char *op, *where;
    const char *at, *end;
} scan;

static tp_status unreadable(const scan *s, const char *expected)
{
    const size_t left = (size_t)(s->end - s->at);
    char rest[24];
    memcpy(rest, s->at, left < 20 ? left : 20);
    rest[left < 20 ? left : 20] = 0;
    return tp_fail(TP_ERR_FORMAT, "%s: the header has \"%s\" where %s is expected, in %s", s->op, tp__quote(rest).text, expected, s->where);
}

static void skip_spaces(scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

static bool take(scan *s, const char *word)
{
    skip_spaces(s);
    const size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* A string without escapes into out; what does not fit is cut. */
static tp_status take_string(scan *s, char *out, size_t size, const char *expected)
{
    skip_spaces(s);
    const char quote = s->at < s->end ? *s->at : 0;
    const char *const end = quote == '\'' || quote == '"' ? memchr(s->at + 1, quote, (size_t)(s->end - s->at - 1)) : NULL;
    if (!end || memchr(s->at, '\\', (size_t)(end - s->at)) || memchr(s->at, 0, (size_t)(end - s->at)))
        return unreadable(s, expected);
    const size_t n = (size_t)(end - s->at - 1), fits = n < size ? n : size - 1;
    memcpy(out, s->at + 1, fits);
    out[fits] = 0;
    s->at = end + 1;
    return TP_OK;
}

/* A structured array's description: brackets and strings, passed over. */
static tp_status skip_list(scan *s)
{
    int depth = 0;
    do {
        char text[4];
        skip_spaces(s);
        if (s->at == s->end)
            return unreadable(s, "the end of a list");
        if (*s->at == '\'' || *s->at == '"') {
            if (take_string(s, text, sizeof text, "a string"))
                return TP_ERR_FORMAT;
            continue;
        }
        depth += *s->at == '[' || *s->at == '(';
        depth -= *s->at == ']' || *s->at == ')';
        s->at++;
    } while (depth > 0);
    return TP_OK;
}

static tp_status take_descr(scan *s, tp__npy *out)
{
    skip_spaces(s);
    if (s->at < s->end && *s->at == '[') {
        strcpy(out->dtype_text, "a structured dtype");
        return skip_list(s);
    }
    if (take_string(s, out->dtype_text, sizeof out->dtype_text, "a dtype"))
        return TP_ERR_FORMAT;
    const char order = out->dtype_text[0];
    if (order != '<' && order != '>' && order != '|' && order != '=')
        return TP_OK;                          /* none of ours */
    for (int i = 0; i < DTYPES; i++)
        if (strcmp(out->dtype_text + 1, dtypes[i].text) == 0)
            out->dtype = (tp_dtype)dtypes[i].dtype;
    out->swapped = order == '>' && tp_dtype_size(out->dtype) > 1;
    return TP_OK;
}

static tp_status take_shape(scan *s, tp__npy *out)
{
    if (!take(s, "("))
        return unreadable(s, "a shape");
    int64_t n = 0;
    while (!take(s, ")")) {
        int64_t size = 0;
        if (n > 0 && !take(s, ","))
            return unreadable(s, "a , or )");
        if (n > 0 && take(s, ")"))
            break;
        skip_spaces(s);
        if (s->at == s->end || *s->at < '0' || *s->at > '9')
            return unreadable(s, "a size");
        for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
            if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *s->at - '0', &size))
                return tp_fail(TP_ERR_FORMAT, "%s: a size of more than 63 bits, in %s", s->op, s->where);
        take(s, "L");                          /* Python 2's long */
        if (n < TP_MAX_DIMS)
            out->shape.dim[n] = size;
        n++;
    }
    if (n > TP_MAX_DIMS)
        return tp_fail(TP_ERR_FORMAT, "%s: %lld dims, and at most %d are possible, in %s", s->op, (long long)n, TP_MAX_DIMS, s->where);
    out->shape.ndim = (int)n;
    return TP_OK;
}

static tp_status take_dict(scan *s, tp__npy *out)
{
    int seen = 0;
    if (!take(s, "{"))
        return unreadable(s, "a {");
    while (!take(s, "}")) {
        char key[16];
        if (seen && !take(s, ","))
            return unreadable(s, "a , or }");
        if (seen && take(s, "}"))
            break;
        const scan before = *s;
        if (take_string(s, key, sizeof key, "a key") || !take(s, ":"))
            return unreadable(s, "a key and a :");
        const int bit = strcmp(key, "descr") == 0 ? 1 : strcmp(key, "fortran_order") == 0 ? 2 : strcmp(key, "shape") == 0 ? 4 : 0;
        if (!bit || seen & bit)
            return unreadable(&before, "one of descr, fortran_order and shape, once each,");
        seen |= bit;
        if (bit == 2) {
            out->fortran = take(s, "True");
            if (!out->fortran && !take(s, "False"))
                return unreadable(s, "True or False");
        } else if (bit == 1 ? take_descr(s, out) : take_shape(s, out)) {
            return TP_ERR_FORMAT;
        }
    }
    if (seen != 7)
        return tp_fail(TP_ERR_FORMAT, "%s: the header lacks %s, in %s", s->op, seen & 1 ? seen & 2 ? "shape" : "fortran_order" : "descr", s->where);
    skip_spaces(s);
    return s->at == s->end ? TP_OK : unreadable(s, "the end");
}

size_t tp__npy_header_bytes(const char *op, const char *where, const char *at)
{
    const unsigned char *const u = (const unsigned char *)at;
    if (memcmp(at, "\x93NUMPY", TP__NPY_MAGIC) != 0) {
        tp_fail(TP_ERR_FORMAT, "%s: no NumPy array, in %s", op, where);
        return 0;
    }
    if (u[6] < 1 || u[6] > 3) {
        tp_fail(TP_ERR_FORMAT, "%s: version %d.%d of NumPy's format; 1, 2 and 3 are read, in %s", op, u[6], u[7], where);
        return 0;
    }
    size_t n = (size_t)u[8] | (size_t)u[9] << 8, header = TP__NPY_LEAST + n;
    if (u[6] > 1) {
        n |= (size_t)u[10] << 16 | (size_t)u[11] << 24;
        header = TP__NPY_LEAST + 2 + n;
    }
    if (n <= TP__NPY_MOST)
        return header;
    tp_fail(TP_ERR_FORMAT, "%s: a header of %zu bytes, where %d are the most that is read, in %s", op, n, TP__NPY_MOST, where);
    return 0;
}

tp_status tp__npy_parse(const char *op, const char *where, const char *at, size_t header, tp__npy *out)
{
    scan s = { op, where, at + (at[6] > 1 ? TP__NPY_LEAST + 2 : TP__NPY_LEAST), at + header };
    *out = (tp__npy){ .header = header };
    if (take_dict(&s, out))
        return TP_ERR_FORMAT;
    const size_t size = tp_dtype_size(out->dtype);
    if (!tp__count_bytes(out->shape, size ? size : 1, &out->numel, &out->bytes))
        return tp_fail(TP_ERR_FORMAT, "%s: the shape has more elements than 64 bits count, in %s", op, where);
    if (!out->dtype)
        out->bytes = 0;
    return TP_OK;
}

tp_shape tp__npy_stored_shape(const tp__npy *npy)
{
    tp_shape stored = npy->shape;
    for (int i = 0; npy->fortran && i < stored.ndim; i++)
        stored.dim[i] = npy->shape.dim[stored.ndim - 1 - i];
    return stored;
}

tp_tensor *tp__npy_from_stored(tp_tensor *x, const tp__npy *npy)
{
    if (!npy->fortran || npy->shape.ndim < 2)
        return x;
    tp_dims turned = { .n = npy->shape.ndim };
    for (int i = 0; i < turned.n; i++)
        turned.dim[i] = turned.n - 1 - i;
    return tp_permute(x, turned);
}

/* ---- A file of one array ---------------------------------------------------------------------------------------------------- */

static bool is_npy(const char *at, size_t bytes) { return bytes >= TP__NPY_MAGIC && memcmp(at, "\x93NUMPY", TP__NPY_MAGIC) == 0; }

static tp_status open_npy(tp_file *f)
{
    static const char op[] = TP__FILE_OPEN;
    tp__npy *const npy = f->self = tp__arena_alloc(&f->arena, sizeof *npy);
    if (!npy)
        return tp_error_status();
    if (f->map->bytes < TP__NPY_LEAST + 2)
        return tp_fail(TP_ERR_FORMAT, "%s: the file ends in its header, after %zu bytes, in %s", op, f->map->bytes, f->path);
    const size_t header = tp__npy_header_bytes(op, f->path, f->map->at);
    if (!header)
        return TP_ERR_FORMAT;
    if (header > f->map->bytes)
        return tp_fail(TP_ERR_FORMAT, "%s: the file ends in its header, after %zu bytes of %zu, in %s", op, f->map->bytes, header, f->path);
    if (tp__npy_parse(op, f->path, f->map->at, header, npy))
        return TP_ERR_FORMAT;
    if (npy->dtype && (uint64_t)npy->bytes != f->map->bytes - header)
        return tp_fail(TP_ERR_FORMAT, "%s: the header takes %lld bytes of elements, and there are %zu, in %s", op, (long long)npy->bytes,
                       f->map->bytes - header, f->path);
    return tp__file_add(f, "", 0, &(tp__item){ .dtype = npy->dtype, .dtype_text = npy->dtype_text, .shape = npy->shape, .known = true });
}

static tp_tensor *read_npy(tp_file *f, const tp__item *item)
{
    const tp__npy *const npy = f->self;
    tp_tensor *x;
    if (npy->swapped) {
        x = tp_from_data(f->map->at + npy->header, npy->dtype, tp__npy_stored_shape(npy));
        void *const data = tp_data_mut(x);
        if (!data)
            return NULL;
        tp__swap_bytes(data, npy->numel, npy->dtype);
    } else {
        x = tp__mapping_tensor(TP__FILE_TENSOR, item->name, f->map, npy->header, npy->dtype, tp__npy_stored_shape(npy));
    }
    return tp__npy_from_stored(x, npy);
}

const tp__format tp__format_npy = { .name = "npy", .is = is_npy, .open = open_npy, .tensor = read_npy };

tp_tensor *tp_npy_load(const char *path)
{
    tp_file *const f = tp_file_open_with(path, NULL);
    if (f && f->format != &tp__format_npy) {
        tp_fail(TP_ERR_FORMAT, "npy_load: %s is a file of the format %s", path, f->format->name);
        tp_file_close(f);
        return NULL;
    }
    tp_tensor *const x = f ? tp_file_tensor(f, 0) : NULL;
    tp_file_close(f);
    return x;
}

/* ---- Writing ------------------------------------------------------------------------------------------------------------------- */

void tp__npy_print(tp_tensor *x, char out[TP__NPY_HEADER], size_t *bytes)
{
    const tp_shape shape = tp_shape_of(x);
    const size_t size = tp_dtype_size(tp_dtype_of(x));
    int i = 0;
    while (dtypes[i].dtype != (int)tp_dtype_of(x))
        i++;
    int n = snprintf(out + TP__NPY_LEAST, TP__NPY_HEADER - TP__NPY_LEAST, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                     size > 1 ? '<' : '|', dtypes[i].text);
    for (i = 0; i < shape.ndim; i++)
        n += snprintf(out + TP__NPY_LEAST + n, (size_t)(TP__NPY_HEADER - TP__NPY_LEAST - n), "%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    n += snprintf(out + TP__NPY_LEAST + n, (size_t)(TP__NPY_HEADER - TP__NPY_LEAST - n), "%s), }", shape.ndim == 1 ? "," : "");
    /* NumPy leaves room for the first size to grow to 21 digits in place, and pads to 64 with a newline at the end. */
    if (shape.ndim > 0) {
        char digits[24];
        const int used = snprintf(digits, sizeof digits, "%lld", (long long)shape.dim[0]);
        memset(out + TP__NPY_LEAST + n, ' ', (size_t)(21 - used));
        n += 21 - used;
    }
    *bytes = (TP__NPY_LEAST + (size_t)n + 1 + 63) / 64 * 64;
    memset(out + TP__NPY_LEAST + n, ' ', *bytes - TP__NPY_LEAST - (size_t)n);
    out[*bytes - 1] = '\n';
    memcpy(out, "\x93NUMPY\x01", 7);
    out[7] = 0;
    out[8] = (char)((*bytes - TP__NPY_LEAST) & 0xFF);
    out[9] = (char)((*bytes - TP__NPY_LEAST) >> 8);
}
