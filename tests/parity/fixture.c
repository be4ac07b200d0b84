/* fixture.c: a fixture file. tp_safetensors_open has checked every name, shape and offset; what its JSON sections say is checked here,
 * as far as all samples share it, and by whoever reads a field. */
#include "parity.h"

#include <math.h>

static bool broken(fixture *f, const char *what, const char *detail)
{
    snprintf(f->problem, sizeof f->problem, "%s%s%s", what, *detail ? ": " : "", detail);
    return false;
}

static bool read_json(fixture *f, const char *name, json_t **out)
{
    const char *text = tp_safetensors_metadata(f->tensors, name);
    json_error_t error = { .text = "" };
    char what[64];
    if (!text) return true;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    snprintf(what, sizeof what, "the section \"%s\" is no JSON", name);
    return *out || broken(f, what, error.text);
}

static bool read_section(fixture *f, const char *name, json_t **out)
{
    char what[64];
    if (!read_json(f, name, out)) return false;
    if (!*out) return true;
    snprintf(what, sizeof what, "the section \"%s\" is no array of objects", name);
    if (!json_is_array(*out)) return broken(f, what, "");
    size_t i;
    json_t *value;
    json_array_foreach(*out, i, value)
        if (!json_is_object(value)) return broken(f, what, "");
    return true;
}

/* A whole run is the only sample of its file. */
static bool read_trajectory(fixture *f)
{
    json_t *run = NULL;
    if (f->samples || !read_json(f, "trajectory", &run) || !run) return !*f->problem;
    const bool good = json_is_object(run);
    if (good) f->samples = json_pack("[o]", run);
    else json_decref(run);
    return good ? f->samples || broken(f, "no memory", "") : broken(f, "the section \"trajectory\" is no object", "");
}

bool fixture_open(fixture *f, const char *path)
{
    *f = (fixture){ .problem = "" };
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    snprintf(f->stem, sizeof f->stem, "%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);
    f->tensors = tp_safetensors_open(path);
    if (!f->tensors) {
        const tp_error *error = tp_last_error();
        broken(f, error ? error->message : "it cannot be opened", "");
        tp_clear_error();
        return false;
    }
    if (!read_section(f, "samples", &f->samples) || !read_section(f, "errors", &f->errors) || !read_trajectory(f)) return false;
    return f->samples || broken(f, "it has no section \"samples\"", "");
}

void fixture_close(fixture *f)
{
    json_decref(f->samples);
    json_decref(f->errors);
    tp_safetensors_close(f->tensors);
    *f = (fixture){ .problem = "" };
}

int fixture_count(const fixture *f) { return (int)(json_array_size(f->samples) + json_array_size(f->errors)); }

const json_t *fixture_sample(const fixture *f, int i, bool *is_error)
{
    const size_t n = json_array_size(f->samples);
    *is_error = (size_t)i >= n;
    return *is_error ? json_array_get(f->errors, (size_t)i - n) : json_array_get(f->samples, (size_t)i);
}

const char *text_at(const json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }

bool flag_at(const json_t *object, const char *key) { return json_is_true(json_object_get(object, key)); }

bool number_of(const json_t *value, double *out)
{
    const char *word = json_string_value(value);
    if (json_is_number(value)) *out = json_number_value(value);
    else if (word && !strcmp(word, "nan")) *out = NAN;
    else if (word && !strcmp(word, "inf")) *out = INFINITY;
    else if (word && !strcmp(word, "-inf")) *out = -INFINITY;
    else return false;
    return true;
}
