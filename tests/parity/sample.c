/* sample.c: one sample: its memory, its verdict, and which of the readers runs it. */
#include "parity.h"

#include <stdarg.h>
#include <stdlib.h>

typedef struct block { struct block *next; _Alignas(16) char bytes[]; } block;

/* What a sample is, by a key that only its kind has. */
static const struct { const char *key; void (*run)(sample *), (*run_error)(sample *); } readers[] = {
    { "function", run_op_sample, run_op_error },
    { "losses", run_trajectory, NULL },                /* has an optimizer, too */
    { "optimizer", run_optimizer_sample, NULL },
    { "scheduler", run_schedule_sample, NULL },
    { "clip", run_clip_sample, NULL },
    { "module", run_module_sample, run_module_error },
};

void *sample_alloc(sample *s, size_t count, size_t size)
{
    size_t bytes;
    block *b = __builtin_mul_overflow(count, size, &bytes) || bytes > (size_t)1 << 40 ? NULL : calloc(1, sizeof *b + bytes + 1);
    if (!b) {
        differ(s, "no memory for %zu elements of %zu bytes", count, size);
        return NULL;
    }
    b->next = s->blocks;
    s->blocks = b;
    return b->bytes;
}

tp_tensor *sample_leaf(const sample *s, const char *name)
{
    for (int i = 0; name && i < s->n_leaves; i++)
        if (!strcmp(s->leaves[i].name, name)) return s->leaves[i].tensor;
    return NULL;
}

tp_tensor *sample_stored(sample *s, const char *name)
{
    tp_tensor *x = name ? tp_safetensors_get(s->file->tensors, name) : NULL;
    if (!x) {
        tp_clear_error();
        damaged(s, "a tensor that the file does not hold");
    }
    return x;
}

bool differ(sample *s, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const size_t room = sizeof s->message - s->length;
    if (room > 1) {
        const int n = vsnprintf(s->message + s->length, room - 1, format, list);
        s->length += n < 0 ? 0 : (size_t)n < room - 2 ? (size_t)n : room - 2;
        s->message[s->length++] = '\n';
        s->message[s->length] = 0;
    }
    va_end(list);
    s->verdict = FAILED;
    return false;
}

bool differ_error(sample *s, const char *what)
{
    const tp_error *error = tp_last_error();
    differ(s, "%s: %s", what, error ? error->message : "and there is no error");
    tp_clear_error();
    return false;
}

bool damaged(sample *s, const char *what) { return differ(s, "the fixture is damaged: it has %s", what); }

static void read_head(sample *s)
{
    s->id = text_at(s->text, "id");
    if (!s->id) s->id = "?";
    name_in_registry(text_at(s->text, "function") ? text_at(s->text, "function") : s->file->stem, s->op, sizeof s->op);
    s->grads = json_array();
    json_array_extend(s->grads, json_object_get(s->text, "grads"));      /* fails, and adds nothing, where there are none */
    json_array_extend(s->grads, json_object_get(s->text, "param_grads"));
    const json_t *atol = json_object_get(s->text, "atol"), *rtol = json_object_get(s->text, "rtol");
    if ((atol && !number_of(atol, &s->atol)) || (rtol && !number_of(rtol, &s->rtol))) damaged(s, "a tolerance");
}

void sample_run(sample *s, const settings *how, const fixture *file, int index)
{
    bool is_error;
    size_t i = 0;
    memset(s, 0, sizeof *s);
    s->settings = how;
    s->file = file;
    s->text = fixture_sample(file, index, &is_error);
    read_head(s);
    const char *reason = skip_reason(how->skips, file->stem, text_at(s->text, "dtype"), s->id);
    while (i < sizeof readers / sizeof *readers && !json_object_get(s->text, readers[i].key)) i++;
    if (reason) {
        s->verdict = SKIPPED;
        snprintf(s->message, sizeof s->message, "%s\n", reason);
    } else if (i == sizeof readers / sizeof *readers || (is_error && !readers[i].run_error)) {
        damaged(s, "a sample of no known kind");
    } else if (s->verdict == PASSED) {
        TP_SCOPE();
        (is_error ? readers[i].run_error : readers[i].run)(s);
        if (s->verdict == PASSED && tp_failed()) differ_error(s, "an error is left unread");
        tp_clear_error();
        tp_module_free(s->module);
        s->module = NULL;
        if (s->verdict == FAILED && s->n_args) {
            char call[1024];
            arguments_print(s, call, sizeof call);
            differ(s, "  in %s", call);
        }
        tp_clear_error();
    }
}

void sample_end(sample *s)
{
    json_decref(s->grads);
    while (s->blocks) {
        block *next = s->blocks->next;
        free(s->blocks);
        s->blocks = next;
    }
}
