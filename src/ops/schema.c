/* schema.c: reading schemas. "name.overload(type name=default, *, ...) -> results" becomes a table of parameters, with the
 * place of each attribute in the op's struct, which is laid out as C lays out those members. */
#include "ops/autocast.h"
#include "ops/complex.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

static const struct { const char *word; uint8_t type; uint8_t bytes, align; } types[] = {
    { "Tensor", TP__TYPE_TENSOR, 0, 1 },
    { "bool", TP__TYPE_BOOL, sizeof(bool), _Alignof(bool) },
    { "int", TP__TYPE_INT, sizeof(int64_t), _Alignof(int64_t) },
    { "float", TP__TYPE_FLOAT, sizeof(double), _Alignof(double) },
    { "number", TP__TYPE_NUMBER, sizeof(tp_operand), _Alignof(tp_operand) },
    { "dtype", TP__TYPE_DTYPE, sizeof(tp_dtype), _Alignof(tp_dtype) },
    { "device", TP__TYPE_DEVICE, sizeof(tp_device), _Alignof(tp_device) },
    { "any", TP__TYPE_ANY, sizeof(const tp_arg *), _Alignof(const tp_arg *) },
    { "string", TP__TYPE_STRING, sizeof(const char *), _Alignof(const char *) },
};

static const char *skip(const char *at) { while (*at == ' ' || *at == ',') at++; return at; }

static const char *word(const char *at, char *out, size_t size)
{
    size_t n = 0;
    while (isalnum((unsigned char)*at) || *at == '_') {
        if (n + 1 < size) out[n++] = *at;
        at++;
    }
    out[n] = 0;
    return at;
}

/* 1 + the place of `value` among "a,b,c}", 0 if it is none of them. */
static int32_t choice(const char *choices, const char *value, size_t length)
{
    int32_t i = 1;
    for (const char *at = choices; *at && *at != '}'; i++) {
        const size_t n = strcspn(at, ",}");
        if (n == length && !strncmp(at, value, n)) return i;
        at += n + (at[n] == ',');
    }
    return 0;
}

int32_t tp__choice(const tp__param *param, const char *value) { return value ? choice(param->choices, value, strlen(value)) : 0; }

static void set_default(tp__param *p, const char *text, size_t length)
{
    p->has_default = true;
    const bool none = length == 4 && !strncmp(text, "none", 4);
    switch (p->type) {
    case TP__TYPE_BOOL: p->value.i = *text == 't'; break;
    case TP__TYPE_INT: p->value.i = none ? TP_NONE : strtoll(text, NULL, 10); break;
    case TP__TYPE_FLOAT: p->value.d = strtod(text, NULL); break;
    case TP__TYPE_CHOICE: p->value.i = none ? 0 : choice(p->choices, text, length); break;
    case TP__TYPE_INT_N:
        p->value.ints.n = p->length;
        for (int i = 0; i < p->length; i++) p->value.ints.v[i] = none ? TP_NONE : strtoll(text, NULL, 10);
        break;
    case TP__TYPE_NUMBER: case TP__TYPE_TENSOR:        /* of a tensor or number */
        if (!none) p->value.number = strchr(text, '.') && strcspn(text, ".") < length
            ? (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = strtod(text, NULL) }
            : (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = strtoll(text, NULL, 10) };
        break;
    default: break;                                    /* no tensors, no dtype, no ints: zero */
    }
    p->optional |= none;
}

static const char *parse_type(const char *at, tp__param *p, size_t *bytes, size_t *align)
{
    char name[16];
    at = word(at, name, sizeof name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(name, types[i].word)) continue;
        p->type = types[i].type;
        *bytes = types[i].bytes;
        *align = types[i].align;
    }
    for (;; at++) {
        if (*at == '?') p->optional = true;
        else if (*at == '!') p->written = true;
        else if (*at == '{') {
            p->type = TP__TYPE_CHOICE;
            *bytes = sizeof(int32_t);
            *align = _Alignof(int32_t);
            p->choices = at + 1;
            at += strcspn(at, "}");
        }
        else if (!strncmp(at, "|number", 7)) p->or_number = true, at += 6;
        else if (*at == '[') {
            p->length = (uint8_t)strtol(at + 1, NULL, 10);
            if (p->type == TP__TYPE_TENSOR) p->type = TP__TYPE_TENSORS;
            else if (p->type == TP__TYPE_FLOAT) p->type = TP__TYPE_FLOATS;
            else p->type = at[1] == '+' ? TP__TYPE_INT_LIST : p->length ? TP__TYPE_INT_N : TP__TYPE_INTS;
            if (p->type == TP__TYPE_INTS) *bytes = sizeof(tp__ints);
            if (p->type == TP__TYPE_FLOATS) *bytes = sizeof(tp__floats);
            if (p->type == TP__TYPE_INT_LIST) *bytes = sizeof(tp__int_list);
            if (p->type == TP__TYPE_INT_N) *bytes = p->length * sizeof(int64_t);
            at += strcspn(at, "]");
        } else return at;
    }
}

static void parse(const tp_op *op, tp__op_state *s)
{
    const char *at = op->schema;
    const size_t name = strcspn(at, "("), base = strcspn(at, ".(");
    snprintf(s->name, sizeof s->name, "%.*s", (int)name, at);
    snprintf(s->base_name, sizeof s->base_name, "%.*s", (int)base, at);
    s->list_at = s->last_tensor = -1;
    bool keyword_only = false;
    size_t offset = 0;
    for (at = skip(at + name + 1); *at && *at != ')'; at = skip(at)) {
        if (*at == '*') {
            keyword_only = true;
            at++;
            continue;
        }
        if (s->n_params == TP__MAX_ARGS) break;
        tp__param *p = &s->params[s->n_params];
        size_t bytes = 0, align = 1;
        p->keyword_only = keyword_only;
        at = parse_type(at, p, &bytes, &align);
        at = word(skip(at), p->name, sizeof p->name);
        if (*at == '=') {
            const size_t length = strcspn(at + 1, ",)");
            set_default(p, at + 1, length);
            at += 1 + length;
        } else if (p->optional) {
            set_default(p, "none", 4);
        }
        if (p->type == TP__TYPE_TENSOR || p->type == TP__TYPE_TENSORS) s->last_tensor = s->n_params;
        if (p->type == TP__TYPE_TENSORS) s->list_at = s->n_params;
        offset = (offset + align - 1) / align * align;
        p->offset = (uint16_t)offset;
        p->bytes = (uint16_t)bytes;
        offset += bytes;
        s->n_params++;
    }
    s->attr_bytes = offset;
    const char *results = strstr(at, "->");
    for (s->n_results = 0; results && (results = strstr(results, "Tensor")); results++) s->n_results++;
}

void tp__op_prepare(const tp_op *op)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!atomic_load(&op->state->ready)) {
        parse(op, op->state);
        tp__autocast_prepare(op->state);
        tp__complex_prepare(op->state);
        atomic_store_explicit(&op->state->ready, 1, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
}
