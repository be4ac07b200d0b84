/* gradient.c: gradients of sum(out * cot) over the outputs that have a cotangent, and the gradients of those.
 *
 *   first    g_i = d sum(out * cot) / d in_i
 *   second   d sum(g_i * cot2_i) / d in_j  and  / d cot_k */
#include "parity.h"

typedef struct pass {                                  /* what is differentiated, by what, and what comes out */
    tp_tensor *outputs[MAX_OUTPUTS], *cots[MAX_OUTPUTS];
    const char *cot_names[MAX_OUTPUTS];
    int n;
    tp_tensor *inputs[MAX_LEAVES], *grads[MAX_LEAVES];
    int m;
} pass;

static pass *new_pass(sample *s) { return sample_alloc(s, 1, sizeof(pass)); }

/* Where the output is, which may say so itself. */
static tp_tensor *cotangent(sample *s, const char *name, tp_device device)
{
    tp_tensor *stored = sample_stored(s, name);
    tp_tensor *cot = stored ? tp_to(tp_clone(stored), device) : NULL;
    if (stored && !cot) differ_error(s, "a cotangent could not be made");
    return cot;
}

/* Null stands for "no output depends on this input". NULL says just that here; an op that cannot know may also give zeros. */
static bool check_absent(sample *s, const char *what, tp_tensor *got)
{
    const long double *g = got ? compare_read(s, got) : NULL;
    for (int64_t i = 0; g && i < tp_numel(got); i++)
        if (g[i] != 0) return differ(s, "%s: there is one, and PyTorch has none", what);
    return !got || g;
}

static void check(sample *s, const char *form, const json_t *text, tp_tensor *got, bool first)
{
    char what[128];
    const char *of = text_at(text, "of"), *stored = text_at(text, "tensor"), *dot = of ? strrchr(of, '.') : NULL;
    snprintf(what, sizeof what, "%s%s of %.80s", form, first ? "gradient" : "second-order gradient", s->module && of ? of : dot ? dot + 1 : "?");
    if (!stored) check_absent(s, what, got);
    else if (!got) differ(s, "%s: there is none, and PyTorch has one", what);
    else if (first && s->reordered) ties_compare_gradient(s, what, got, sample_stored(s, stored));
    else compare_tensors(s, what, got, sample_stored(s, stored));
}

/* ---- First order ---------------------------------------------------------------------------------------------------------------- */

static bool choose_outputs(sample *s, pass *p, const char *form, tp_tensor *const *outputs, bool second)
{
    const json_t *texts = json_object_get(s->text, "outputs");
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const char *cot = text_at(json_array_get(texts, i), "cot");
        if (!cot) continue;
        if (!tp_needs_grad(outputs[i])) return differ(s, "%soutput %zu: it needs no gradient, and PyTorch's does", form, i);
        p->outputs[p->n] = outputs[i];
        p->cot_names[p->n] = cot;
        p->cots[p->n] = cotangent(s, cot, tp_device_of(outputs[i]));
        if (!p->cots[p->n]) return false;
        if (second && tp_requires_grad(p->cots[p->n], true)) return differ_error(s, "a cotangent could not be made");
        p->n++;
    }
    return true;
}

static bool choose_inputs(sample *s, pass *p, const json_t *grads, const pass *first)
{
    if (json_array_size(grads) > MAX_LEAVES) return damaged(s, "more gradients than inputs");
    for (size_t i = 0; i < json_array_size(grads); i++) {
        const char *of = text_at(json_array_get(grads, i), "of");
        tp_tensor *x = sample_leaf(s, of);
        for (int k = 0; first && of && !x && k < first->n; k++)
            if (!strcmp(first->cot_names[k], of)) x = first->cots[k];
        if (!x) return damaged(s, "a gradient of no input");
        p->inputs[p->m++] = x;
    }
    return true;
}

/* Both ways to a gradient are taken: tp_backward where one output is differentiated once, tp_grad elsewhere. */
static tp_status differentiate(pass *p, bool second)
{
    if (second || p->n != 1) return tp_grad(p->outputs, p->n, p->inputs, p->m, p->cots, p->grads, .create_graph = second, .allow_unused = true);
    for (int i = 0; i < p->m; i++) tp_set_grad(p->inputs[i], NULL);
    const tp_status status = tp_backward(p->outputs[0], .grad = p->cots[0]);
    for (int i = 0; i < p->m; i++) p->grads[i] = tp_grad_of(p->inputs[i]);
    return status;
}

/* ---- Second order --------------------------------------------------------------------------------------------------------------- */

static bool choose_gradients(sample *s, pass *p, const json_t *cots, const pass *first)
{
    const json_t *grads = s->grads;
    for (size_t i = 0; i < json_array_size(cots); i++) {
        const char *of = text_at(json_array_get(cots, i), "grad_of"), *cot = text_at(json_array_get(cots, i), "cot");
        int k = 0;
        while (k < first->m && !(of && text_at(json_array_get(grads, (size_t)k), "of") && !strcmp(of, text_at(json_array_get(grads, (size_t)k), "of")))) k++;
        if (k == first->m || p->n == MAX_OUTPUTS) return damaged(s, "a second cotangent of no gradient");
        if (!first->grads[k]) return false;            /* told already */
        if (!tp_needs_grad(first->grads[k]))
            return differ(s, "the gradient of %s cannot be differentiated again",
                          strrchr(of, '.') ? strrchr(of, '.') + 1 : of);
        p->outputs[p->n] = first->grads[k];
        p->cots[p->n] = cotangent(s, cot, tp_device_of(first->grads[k]));
        if (!p->cots[p->n++]) return false;
    }
    return p->n > 0;
}

static void check_second(sample *s, const json_t *text, const pass *first)
{
    const json_t *grads = json_object_get(text, "grads");
    pass *p = new_pass(s);
    if (!p || !choose_gradients(s, p, json_object_get(text, "cots"), first) || !choose_inputs(s, p, grads, first)) return;
    if (tp_grad(p->outputs, p->n, p->inputs, p->m, p->cots, p->grads, .allow_unused = true)) differ_error(s, "the second-order gradient failed");
    else for (int i = 0; i < p->m; i++) check(s, "", json_array_get(grads, (size_t)i), p->grads[i], false);
}

/* `form` begins the messages: "" or "in place: ". */
void check_gradients(sample *s, const char *form, tp_tensor *const *outputs, bool with_second)
{
    const json_t *grads = s->grads, *text = with_second ? json_object_get(s->text, "gradgrads") : NULL;
    pass *p = json_array_size(grads) ? new_pass(s) : NULL;
    const bool second = text && !s->reordered;         /* the order of equal elements is in every second-order gradient */
    if (!p || !choose_outputs(s, p, form, outputs, second) || !choose_inputs(s, p, grads, NULL)) return;
    if (!p->n) damaged(s, "gradients, and no cotangent");
    else if (differentiate(p, second)) differ_error(s, *form ? "in place: the gradient failed" : "the gradient failed");
    else {
        for (int i = 0; i < p->m; i++) check(s, form, json_array_get(grads, (size_t)i), p->grads[i], true);
        if (second) check_second(s, text, p);
    }
}
