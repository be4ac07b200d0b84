/* einsum.c: sums of products by the names of dims, after "Einstein summation" as NumPy and PyTorch write it.
 *
 * Operands are taken from left to right, two at a time. The dims of a pair fall into four kinds: `batch`, in both and wanted
 * later; `inner`, in both and summed now; `left` and `right`, in one alone. So each pair is one batched product
 * [batch, left, inner] x [batch, inner, right]. Dims of one operand that nobody wants are summed first. All by other ops,
 * which record themselves. */
#include "ops/run.h"
#include "ops/samples.h"

enum { LETTERS = 52, LABELS = LETTERS + TP_MAX_DIMS, MOST_OPERANDS = 32 };       /* "A".."Z", "a".."z", then what "..." stands for */

typedef struct term { tp_tensor *x; int n; uint8_t label[TP_MAX_DIMS]; } term;   /* one label per dim */
typedef struct equation {
    const tp__call *call;
    int n_terms;
    term terms[MOST_OPERANDS];
    int dots;                                          /* the most dims that a "..." stands for */
    int64_t size[LABELS];
    int uses[LABELS];                                  /* in how many operands */
    int n_out;
    uint8_t out[TP_MAX_DIMS];
} equation;

static tp_status unreadable(const equation *e, const char *what)
{ return tp__call_fail(e->call, TP_ERR_ARGUMENT, "%s in \"%s\"", what, *(const char *const *)e->call->attr); }

static int label_of(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1; }
static char letter_of(int label) { return (char)(label < 26 ? 'A' + label : label < LETTERS ? 'a' + label - 26 : '.'); }

/* ---- Reading --------------------------------------------------------------------------------------------------------------------- */

/* The subscripts of one operand or of the result: up to `end`. labels[i] is -1 for "...". Returns how many, or -1: an error. */
static int read_subscripts(const equation *e, const char **at, const char *end, int8_t *labels, int most)
{
    int n = 0;
    bool dots = false;
    for (; *at < end && **at != ','; (*at)++) {
        if (**at == ' ') continue;
        int label = label_of(**at);
        if (**at == '.') {
            if (end - *at < 3 || strncmp(*at, "...", 3) || dots) return unreadable(e, "a misplaced \".\""), -1;
            dots = true;
            *at += 2;
        } else if (label < 0) {
            char what[32];
            snprintf(what, sizeof what, "the character '%c'", **at);
            return unreadable(e, what), -1;
        }
        if (n == most) return unreadable(e, "more than 8 dims"), -1;
        labels[n++] = (int8_t)label;
    }
    return n;
}

static tp_status take_size(equation *e, int label, int64_t size)
{
    if (e->size[label] < 0 || e->size[label] == 1) e->size[label] = size;
    else if (size != 1 && size != e->size[label])
        return tp__call_fail(e->call, TP_ERR_SHAPE, "the sizes %lld and %lld of '%c' do not broadcast",
                             (long long)e->size[label], (long long)size, letter_of(label));
    return TP_OK;
}

static tp_status read_operand(equation *e, const char **at, const char *end, int i)
{
    int8_t labels[TP_MAX_DIMS + 1];
    term *t = &e->terms[i];
    t->x = e->call->in[1 + i];
    const int n = read_subscripts(e, at, end, labels, TP_MAX_DIMS + 1);
    if (n < 0) return tp__pending();
    int named = n;
    for (int k = 0; k < n; k++) named -= labels[k] < 0;
    const int dots = t->x->ndim - named;
    if (dots < 0 || (named == n && dots))
        return tp__call_fail(e->call, TP_ERR_SHAPE, "operand %d, %s, has %d dims, %d are named", i, tp__shape_text(t->x), t->x->ndim, named);
    for (int k = 0; k < n; k++) {                      /* dims of "..." are aligned at the last */
        if (labels[k] >= 0) t->label[t->n++] = (uint8_t)labels[k];
        else for (int d = 0; d < dots; d++) t->label[t->n++] = (uint8_t)(LABELS - dots + d);
    }
    if (dots > e->dots && named < n) e->dots = dots;
    return TP_OK;
}

static tp_status read_result(equation *e, const char *arrow)
{
    int8_t labels[TP_MAX_DIMS + 1];
    int n = 0;
    bool taken[LABELS] = { false };
    if (arrow) {
        const char *at = arrow + 2;
        if ((n = read_subscripts(e, &at, at + strlen(at), labels, TP_MAX_DIMS + 1)) < 0) return tp__pending();
        if (*at) return unreadable(e, "a comma in the result");
    } else {
        int times[LABELS] = { 0 };
        labels[n++] = -1;
        for (int i = 0; i < e->n_terms; i++)
            for (int k = 0; k < e->terms[i].n; k++) times[e->terms[i].label[k]]++;
        for (int l = 0; l < LETTERS; l++) {
            if (times[l] == 1 && n == TP_MAX_DIMS + 1) return unreadable(e, "more than 8 dims");
            if (times[l] == 1) labels[n++] = (int8_t)l;
        }
    }
    for (int k = 0; k < n; k++) {
        const int first = labels[k] < 0 ? LABELS - e->dots : labels[k], last = labels[k] < 0 ? LABELS : labels[k] + 1;
        for (int l = first; l < last; l++) {
            if (e->size[l] < 0 || taken[l]) return unreadable(e, taken[l] ? "a letter twice in the result" : "a letter in the result that no operand has");
            if (e->n_out == TP_MAX_DIMS) return unreadable(e, "more than 8 dims");
            taken[l] = true;
            e->out[e->n_out++] = (uint8_t)l;
        }
    }
    return TP_OK;
}

static tp_status read_equation(equation *e)
{
    const char *text = *(const char *const *)e->call->attr, *arrow = strstr(text, "->"), *end = arrow ? arrow : text + strlen(text);
    e->n_terms = e->call->n_in - 1;
    if (!e->n_terms || e->n_terms > MOST_OPERANDS) return tp__call_fail(e->call, TP_ERR_ARGUMENT, "takes 1 to %d operands, not %d", MOST_OPERANDS, e->n_terms);
    for (int l = 0; l < LABELS; l++) e->size[l] = -1;
    const char *at = text;
    for (int i = 0; i < e->n_terms; i++) {
        if (i && (at >= end || *at++ != ',')) return unreadable(e, "fewer subscripts than operands");
        if (read_operand(e, &at, end, i)) return tp__pending();
        for (int k = 0; k < e->terms[i].n; k++)
            if (take_size(e, e->terms[i].label[k], e->terms[i].x->shape[k])) return tp__pending();
    }
    if (at < end) return unreadable(e, "more subscripts than operands");
    return read_result(e, arrow);
}

/* ---- Computing --------------------------------------------------------------------------------------------------------------------- */

static int place_of(const term *t, int label)
{
    for (int k = 0; k < t->n; k++)
        if (t->label[k] == label) return k;
    return -1;
}

static void remove_place(term *t, int k)
{
    t->n--;
    memmove(t->label + k, t->label + k + 1, (size_t)(t->n - k));
}

/* A label that stands twice becomes the diagonal; a size of 1 that broadcasts is dropped. */
static tp_status simplify(equation *e, term *t)
{
    for (int k = 0; k < t->n; k++)
        for (int j = k + 1; j < t->n; j++) {
            if (t->label[j] != t->label[k]) continue;
            if (t->x->shape[j] != t->x->shape[k])
                return tp__call_fail(e->call, TP_ERR_SHAPE, "'%c' is %lld and %lld in %s", letter_of(t->label[k]), (long long)t->x->shape[k],
                                     (long long)t->x->shape[j], tp__shape_text(t->x));
            const uint8_t label = t->label[k];
            t->x = tp_diagonal(t->x, .dim1 = k, .dim2 = j);      /* it becomes the last dim */
            if (!t->x) return tp__pending();
            remove_place(t, j);
            remove_place(t, k);
            t->label[t->n++] = label;
            k = -1;
            break;
        }
    for (int k = t->n - 1; k >= 0; k--) {
        if (t->x->shape[k] != 1 || e->size[t->label[k]] == 1) continue;
        if (!(t->x = tp_select(t->x, k, 0))) return tp__pending();
        remove_place(t, k);
    }
    for (int k = 0; k < t->n; k++) e->uses[t->label[k]]++;
    return TP_OK;
}

static bool is_wanted(const equation *e, int label)    /* by the result, or by an operand that is still to come */
{
    for (int k = 0; k < e->n_out; k++)
        if (e->out[k] == label) return true;
    return e->uses[label] > 0;
}

/* Sums what t has alone and nobody wants. */
static tp_status sum_lonely(const equation *e, term *t, const term *other)
{
    tp_dims gone = { .n = 0 };
    for (int k = t->n - 1; k >= 0; k--) {
        if (is_wanted(e, t->label[k]) || (other && place_of(other, t->label[k]) >= 0)) continue;
        gone.dim[gone.n++] = k;
        remove_place(t, k);
    }
    if (gone.n) t->x = tp_sum(t->x, .dims = gone);
    return tp__made(t->x);
}

static tp_tensor *in_order(tp_tensor *x, const int *place, int n)
{
    tp_dims dims = { .n = n };
    bool as_is = true;
    for (int k = 0; k < n; k++) {
        dims.dim[k] = place[k];
        as_is &= place[k] == k;
    }
    return as_is ? x : tp_permute(x, dims);
}

/* The places in t of these labels: first those of `one`, then those of `two`, then `three`. */
typedef struct group { int n; uint8_t label[TP_MAX_DIMS]; int64_t size; } group;
static tp_tensor *as_batch(const term *t, const group *one, const group *two, const group *three)
{
    const group *groups[] = { one, two, three };
    int place[TP_MAX_DIMS], n = 0;
    for (int g = 0; g < 3; g++)
        for (int k = 0; k < groups[g]->n; k++) place[n++] = place_of(t, groups[g]->label[k]);
    return tp_reshape(in_order(t->x, place, n), TP_SHAPE(one->size, two->size, three->size));
}

static void join(group *g, const equation *e, int label)
{
    g->label[g->n++] = (uint8_t)label;
    g->size *= e->size[label];
}

static tp_status contract(const equation *e, term *a, term *b)
{
    if (sum_lonely(e, a, b) || sum_lonely(e, b, a)) return tp__pending();
    group batch = { .size = 1 }, left = batch, right = batch, inner = batch;
    for (int k = 0; k < a->n; k++) {
        const int label = a->label[k];
        join(place_of(b, label) < 0 ? &left : is_wanted(e, label) ? &batch : &inner, e, label);
    }
    for (int k = 0; k < b->n; k++)
        if (place_of(a, b->label[k]) < 0) join(&right, e, b->label[k]);
    const int n = batch.n + left.n + right.n;
    if (n > TP_MAX_DIMS) return tp__call_fail(e->call, TP_ERR_SHAPE, "a product on the way has %d dims, the most is %d", n, TP_MAX_DIMS);
    tp_tensor *x1 = as_batch(a, &batch, &left, &inner), *x2 = as_batch(b, &batch, &inner, &right);
    tp_tensor *y = inner.n ? tp_matmul(x1, x2) : tp_mul(x1, x2);         /* nothing is summed: [.., left, 1] times [.., 1, right] */
    tp_shape shape = { .ndim = 0 };
    a->n = 0;
    const group *groups[] = { &batch, &left, &right };
    for (int g = 0; g < 3; g++)
        for (int k = 0; k < groups[g]->n; k++) {
            a->label[a->n++] = groups[g]->label[k];
            shape.dim[shape.ndim++] = e->size[groups[g]->label[k]];
        }
    return tp__made(a->x = tp_reshape(y, shape));
}

static tp_status einsum_compose(tp__call *call)
{
    equation e = { .call = call };
    if (read_equation(&e)) return tp__pending();
    for (int i = 0; i < e.n_terms; i++)
        if (simplify(&e, &e.terms[i])) return tp__pending();
    term *y = &e.terms[0];
    for (int i = 0; i < e.n_terms; i++) {
        term *t = &e.terms[i];
        for (int k = 0; k < t->n; k++) e.uses[t->label[k]]--;            /* it has come */
        if (i && contract(&e, y, t)) return tp__pending();
    }
    int place[TP_MAX_DIMS];
    if (sum_lonely(&e, y, NULL)) return tp__pending();
    for (int k = 0; k < e.n_out; k++) place[k] = place_of(y, e.out[k]);
    call->out[call->n_out++] = in_order(y->x, place, e.n_out);
    return tp__made(call->out[0]);
}

/* ---- Samples, descriptor, public ------------------------------------------------------------------------------------------------------ */

static void give(tp_sample_set *set, const char *text, tp_tensor *a, tp_tensor *b, tp_tensor *c)
{
    tp_tensor *const list[] = { a, b, c };
    TP__GIVE(set, TP__STRING_ARG(text), { .kind = TP_ARG_TENSORS, .n = 1 + !!b + !!c, .value.tensors = list });
}

static void einsum_samples(tp_sample_set *set)
{
#define X(...) tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1)
    give(set, "ij,jk->ik", X(2, 3), X(3, 4), NULL);
    give(set, "bij, bjk", X(2, 2, 3), X(2, 3, 2), NULL);
    give(set, "i,j->ji", X(3), X(2), NULL);
    give(set, "iji->j", X(3, 2, 3), NULL, NULL);
    give(set, "...ij->...ji", X(2, 3, 4), NULL, NULL);
    give(set, "...i,...i->...", X(2, 1, 3), X(4, 3), NULL);
    give(set, "ab,bc,cd->ad", X(2, 3), X(3, 2), X(2, 4));
    give(set, "ij,kj->i", X(2, 3), X(1, 3), NULL);
    give(set, "ii", X(3, 3), NULL, NULL);
    give(set, "ij,ij->", X(2, 0), X(2, 0), NULL);
#undef X
}

static const tp_op op_einsum = { .schema = "einsum(string equation, Tensor[] operands) -> Tensor", .compose = einsum_compose,
    .attr_size = sizeof(const char *), .samples = einsum_samples, .state = TP__STATE };

tp_tensor *tp_einsum(const char *text, tp_tensor_list operands)
{
    tp_tensor *in[1 + MOST_OPERANDS] = { NULL };       /* the equation stands first */
    if (!text) return tp_fail(TP_ERR_ARGUMENT, "einsum: the equation is NULL"), NULL;
    if (operands.n < 1 || operands.n > MOST_OPERANDS)
        return tp_fail(TP_ERR_ARGUMENT, "einsum: takes 1 to %d operands, not %lld", MOST_OPERANDS, (long long)operands.n), NULL;
    memcpy(in + 1, operands.at, sizeof *in * (size_t)operands.n);
    return tp__run1(&op_einsum, in, 1 + (int)operands.n, &text, TP__CALLER);
}

const tp_op *const tp__ops_einsum[] = { &op_einsum, NULL };
