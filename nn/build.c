/* build.c: layers by name, for bindings, graph files and tests: each says in a table what its constructor takes. */
#include "layer.h"
#include "module.h"

#include <assert.h>
#include <string.h>

#define ROW(name) &tp__layer_##name,
static const tp__layer *const layers[] = { TP__EACH_LAYER(ROW) NULL };

enum { GIVEN_BYTES = 256 };                            /* more than any layer's arguments take */

static tp_status wrong(const char *type, const tp__param *param, const char *takes)
{
    return tp_fail(TP_ERR_ARGUMENT, "module_build: argument \"%s\" of %s takes %s", param->name, type, takes);
}

static tp_status only(const char *type, const tp__param *param, const char *value, bool is_it)
{
    if (is_it) return TP_OK;
    return tp_fail(TP_ERR_UNSUPPORTED, "module_build: %s has no \"%s\" but %s", type, param->name, value);
}

static tp_status put_pair(const char *type, const tp__param *param, const tp_arg *arg, int64_t *to)
{
    const bool list = arg->kind == TP_ARG_INTS && (arg->n == 1 || arg->n == 2);
    if (arg->kind != TP_ARG_INT && !list) return wrong(type, param, "one or two ints");
    to[0] = list ? arg->value.ints[0] : arg->value.integer;
    to[1] = list ? arg->value.ints[arg->n - 1] : arg->value.integer;
    return TP_OK;
}

/* Puts a value where its parameter says. */
static tp_status put(const char *type, const tp__param *param, const tp_arg *arg, char *given)
{
    void *to = given + param->offset;
    switch (param->kind) {
    case TP__PARAM_INT:
        if (arg->kind != TP_ARG_INT) return wrong(type, param, "an int");
        *(int64_t *)to = arg->value.integer;
        return TP_OK;
    case TP__PARAM_DIM:
        if (arg->kind != TP_ARG_INT || arg->value.integer != (int)arg->value.integer) return wrong(type, param, "a dim");
        *(int *)to = (int)arg->value.integer;
        return TP_OK;
    case TP__PARAM_FLOAT:
        if (arg->kind != TP_ARG_FLOAT && arg->kind != TP_ARG_INT) return wrong(type, param, "a number");
        *(double *)to = arg->kind == TP_ARG_FLOAT ? arg->value.real : (double)arg->value.integer;
        return TP_OK;
    case TP__PARAM_BOOL:
        if (arg->kind != TP_ARG_BOOL) return wrong(type, param, "a bool");
        *(bool *)to = arg->value.boolean;
        return TP_OK;
    case TP__PARAM_DTYPE:
        if (arg->kind != TP_ARG_DTYPE) return wrong(type, param, "a dtype");
        *(tp_dtype *)to = arg->value.dtype;
        return TP_OK;
    case TP__PARAM_DEVICE:
        if (arg->kind != TP_ARG_DEVICE) return wrong(type, param, "a device");
        *(tp_device *)to = arg->value.device;
        return TP_OK;
    case TP__PARAM_PAIR: return put_pair(type, param, arg, to);
    case TP__PARAM_FALSE: return only(type, param, "False", arg->kind == TP_ARG_BOOL && !arg->value.boolean);
    case TP__PARAM_ZEROS: return only(type, param, "\"zeros\"", arg->kind == TP_ARG_STRING && !strcmp(arg->value.string, "zeros"));
    case TP__PARAM_ABSENT: return only(type, param, "None", false);
    }
    return TP_OK;
}

static int param_of(const tp__layer *layer, const tp_arg *arg, int position)
{
    for (int i = 0; i < TP__MAX_PARAMS && layer->params[i].name; i++)
        if (arg->name ? !strcmp(arg->name, layer->params[i].name) : i == position) return i;
    return -1;
}

static tp_status fill(const tp__layer *layer, const tp_arg *args, int n, char *given)
{
    bool seen[TP__MAX_PARAMS] = { false };
    for (int i = 0; i < n; i++) {
        const int at = param_of(layer, &args[i], i);
        if (at < 0 && args[i].name) return tp_fail(TP_ERR_ARGUMENT, "module_build: %s takes no argument \"%s\"", layer->type, args[i].name);
        if (at < 0) return tp_fail(TP_ERR_ARGUMENT, "module_build: %s takes no argument %d", layer->type, i);
        if (seen[at]) return tp_fail(TP_ERR_ARGUMENT, "module_build: argument \"%s\" of %s is given twice", layer->params[at].name, layer->type);
        seen[at] = args[i].kind != TP_ARG_NONE;
        const tp_status status = seen[at] ? put(layer->type, &layer->params[at], &args[i], given) : TP_OK;
        if (status != TP_OK) return status;
    }
    for (int i = 0; i < TP__MAX_PARAMS && layer->params[i].name; i++)
        if (layer->params[i].required && !seen[i])
            return tp_fail(TP_ERR_ARGUMENT, "module_build: %s lacks its argument \"%s\"", layer->type, layer->params[i].name);
    return TP_OK;
}

static tp_module *make(const char *type, const tp_arg *args, int n, tp_module *const *modules)
{
    _Alignas(max_align_t) char given[GIVEN_BYTES];
    if (!strcmp(type, "Sequential")) {
        for (int i = 0; i < n; i++)                    /* with that unread it makes nothing and frees them all */
            if (args[i].kind != TP_ARG_MODULE || args[i].name)
                tp_fail(TP_ERR_ARGUMENT, "module_build: Sequential takes modules by position");
        return tp_sequential_each(modules);            /* takes them over, come what may */
    }
    for (int i = 0; layers[i]; i++) {
        const tp__layer *layer = layers[i];
        if (strcmp(layer->type, type)) continue;
        assert(layer->bytes <= sizeof given);
        if (layer->bytes) memcpy(given, layer->initial, layer->bytes);
        return fill(layer, args, n, given) == TP_OK ? layer->make(given) : NULL;
    }
    return tp_fail(TP_ERR_UNSUPPORTED, "module_build: no layer \"%s\"", type), NULL;
}

tp_module *tp_module_build(const char *type, const tp_arg *args, int n)
{
    if (!type || n < 0 || (n && !args)) return tp_fail(TP_ERR_ARGUMENT, "module_build: the type or the arguments are NULL"), NULL;
    int count = 0;
    for (int i = 0; i < n; i++) count += args[i].kind == TP_ARG_MODULE;
    tp_module *few[8], **modules = few;                /* on the stack, so that it cannot fail for most */
    if (count >= 8) modules = tp_mem_alloc((size_t)(count + 1) * sizeof *modules);
    if (!modules) {
        for (int i = 0; i < n; i++) {
            tp_module *const one[] = { args[i].kind == TP_ARG_MODULE ? args[i].value.module : NULL, TP__END };
            tp__free_orphans(one);
        }
        return NULL;
    }
    count = 0;
    for (int i = 0; i < n; i++)
        if (args[i].kind == TP_ARG_MODULE) modules[count++] = args[i].value.module;
    modules[count] = TP__END;
    tp_module *m = make(type, args, n, modules);
    if (!m && strcmp(type, "Sequential")) tp__free_orphans(modules);
    if (modules != few) tp_mem_free(modules, (size_t)(count + 1) * sizeof *modules);
    return m;
}

const char *tp_module_type_at(int i)
{
    const int n = (int)(sizeof layers / sizeof *layers) - 1;
    if (i < 0 || i > n) return NULL;
    return i < n ? layers[i]->type : "Sequential";
}
