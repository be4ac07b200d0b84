/* name.c: what the registry calls PyTorch's functions. nn.functional.X and torch.ops.aten.X are X, X.default too, a dot elsewhere
 * is a _, and the table holds the rest. */
#include "parity.h"

static const struct { const char *function, *op; } renames[] = {
    { "__getitem__",             "index" },
    { "nn.functional.unfold",    "im2col" },           /* torch.unfold is another function */
    { "nn.functional.fold",      "col2im" },
};

void name_in_registry(const char *function, char *out, size_t size)
{
    static const char functional[] = "nn.functional.", aten[] = "torch.ops.aten.", usual[] = ".default";
    for (size_t i = 0; i < sizeof renames / sizeof *renames; i++)
        if (!strcmp(renames[i].function, function)) {
            snprintf(out, size, "%s", renames[i].op);
            return;
        }
    if (!strncmp(function, functional, sizeof functional - 1)) function += sizeof functional - 1;
    if (!strncmp(function, aten, sizeof aten - 1)) function += sizeof aten - 1;
    snprintf(out, size, "%s", function);
    char *const end = strstr(out, usual);
    if (end && !end[sizeof usual - 1]) *end = 0;
    for (char *at = out; *at; at++)
        if (*at == '.') *at = '_';
}

static bool is_word(const char *list, size_t length, const char *name) { return name && strlen(name) == length && !strncmp(list, name, length); }

static const json_t *first_of(const fixture *f, char *op, size_t size)
{
    bool is_error;
    const json_t *first = fixture_count(f) ? fixture_sample(f, 0, &is_error) : NULL;
    const char *function = text_at(first, "function");
    *op = 0;
    if (function) name_in_registry(function, op, size);
    return first;
}

bool name_is_missing(const fixture *f, char *op, size_t size)
{
    const char *module = text_at(first_of(f, op, size), "module");
    if (module) snprintf(op, size, "%s", module);
    return *op && !(module ? tp_module_schema(module) != NULL : tp_op_find(op) != NULL);
}

/* Whether --ops names this file: by its stem, or by its first sample's op, function, aten name or name in the registry. */
bool name_is_asked_for(const char *list, const fixture *f, int *which)
{
    char op[96];
    const json_t *first = first_of(f, op, sizeof op);
    *which = 0;
    for (const char *at = list; *at; *which += 1) {
        const size_t n = strcspn(at, ",");
        if (is_word(at, n, f->stem) || is_word(at, n, op) || is_word(at, n, text_at(first, "op")) || is_word(at, n, text_at(first, "function"))
            || is_word(at, n, text_at(first, "module"))
            || is_word(at, n, text_at(first, "aten")))
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}
