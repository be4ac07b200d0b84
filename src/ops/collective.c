/* collective.c: what several devices do together, into tensors that are there.
 *
 *   all_reduce, reduce, broadcast, all_gather, reduce_scatter      over a list of tensors, one for each device
 *
 * Lists are checked here, all of a call before anything is written. Then the devices' backend is asked whether it has a library for it, and
 * collective_plain.c does what it does not take. */
#include "ops/collective.h"

#include "core/memory.h"

#include <stdlib.h>

/* ---- What is asked ------------------------------------------------------------------------------------------------------------------------- */

typedef struct asked { const char *op; tp__together of; } asked;

static tp_status check_list(const char *op, const tp_tensor_list *list, const char *name)
{
    if (tp__pending_error()) return tp__pending();
    if (!list->at || list->n < 1 || list->n > TP__RANKS)
        return tp_fail(TP_ERR_ARGUMENT, "%s: %s has %lld tensors, 1 to %d are possible", op, name, (long long)(list->at ? list->n : 0), TP__RANKS);
    for (int64_t r = 0; r < list->n; r++) {
        if (!list->at[r]) return tp_fail(TP_ERR_ARGUMENT, "%s: tensor %lld of %s is NULL", op, (long long)r, name);
        if (!tp__alive(list->at[r], op)) return tp__pending();
    }
    return TP_OK;
}

static bool same_layout(const tp_tensor *a, const tp_tensor *b)
{
    if (a->flags & b->flags & TP__CONTIGUOUS) return true;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] > 1 && a->stride[i] != b->stride[i]) return false;
    return true;
}

static tp_status check_like(const char *op, const tp_tensor *x, int rank, const tp_tensor *first)
{
    if (x->dtype != first->dtype)
        return tp_fail(TP_ERR_DTYPE, "%s: tensor %d is %s, tensor 0 %s", op, rank, tp_dtype_name((tp_dtype)x->dtype),
                       tp_dtype_name((tp_dtype)first->dtype));
    const char *const shape = tp__shape_text(x);
    if (!tp__same_shape(x, first)) return tp_fail(TP_ERR_SHAPE, "%s: tensor %d is %s, tensor 0 %s", op, rank, shape, tp__shape_text(first));
    if (!tp__is_dense(x)) return tp_fail(TP_ERR_SHAPE, "%s: tensor %d, %s, has gaps in memory: use tp_contiguous", op, rank, shape);
    if (same_layout(x, first)) return TP_OK;
    return tp_fail(TP_ERR_SHAPE, "%s: tensors 0 and %d, %s, are laid out in different ways: use tp_contiguous", op, rank, shape);
}

static tp_status check_devices(const char *op, tp_tensor *const *in, int n)
{
    for (int r = 0; r < n; r++) {
        if ((in[r]->device == TP_CPU) != (in[0]->device == TP_CPU))
            return tp_fail(TP_ERR_DEVICE, "%s: tensor %d is on %s, tensor 0 on %s: all are on the CPU, or none", op, r,
                           tp_device_name(in[r]->device), tp_device_name(in[0]->device));
        for (int s = 0; s < r && in[r]->device != TP_CPU; s++)
            if (in[s]->device == in[r]->device)
                return tp_fail(TP_ERR_DEVICE, "%s: tensors %d and %d are both on %s: each is on a device of its own", op, s, r,
                               tp_device_name(in[r]->device));
    }
    return in[0]->device != TP_CPU && n > 1 ? tp__not_while_recording(op) : TP_OK;
}

/* ---- What may be written ------------------------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const tp_tensor *x) { return (size_t)x->numel * tp__dtype_bytes[x->dtype]; }
static bool overlap(const tp_tensor *a, const tp_tensor *b)
{
    const char *const x = a->data, *const y = b->data;
    return a->device == b->device && x < y + bytes_of(b) && y < x + bytes_of(a);
}

/* Of one rank: is what is read where it may be? */
static bool in_its_place(const tp__together *t, int r)
{
    const char *const x = t->in[r]->data, *const y = t->out[r]->data;
    if (t->kind == TP__ALL_GATHER) return x == y + r * bytes_of(t->in[r]);
    if (t->kind == TP__REDUCE_SCATTER) return y == x + r * bytes_of(t->out[r]);
    return x == y;
}

static tp_status check_overlaps(const asked *a)
{
    const tp__together *t = &a->of;
    for (int r = 0; r < t->n; r++) {
        if (!t->out[r]) continue;
        for (int s = 0; s < t->n; s++) {
            const bool bad = s == r ? t->in[r] != t->out[r] && overlap(t->in[r], t->out[r]) && !in_its_place(t, r)
                                    : overlap(t->out[r], t->in[s]) || (t->out[s] && overlap(t->out[r], t->out[s]));
            if (bad) return tp_fail(TP_ERR_ARGUMENT, "%s: what is written for tensor %d overlaps with tensor %d in memory", a->op, r, s);
        }
    }
    return TP_OK;
}

static tp_status check_gradient(const char *op, tp_tensor *x, int rank)
{
    if (tp__self.mode & TP__NO_RECORD || !tp__needs_grad(x)) return TP_OK;
    return tp__fail_tensors(TP_ERR_STATE, op, &x, 1, "tensor %d, %s, needs a gradient, and this is not recorded: use TP_NO_GRAD() or tp_detach",
                            rank, tp__shape_text(x));
}

static tp_status check_how(const char *op, tp__together *t)
{
    const int dtype = t->in[0]->dtype;
    if (!t->how) t->how = TP_COLLECTIVE_SUM;
    if (t->how < 0 || t->how > TP_COLLECTIVE_AVG) return tp_fail(TP_ERR_ARGUMENT, "%s: %d is no op", op, t->how);
    if ((tp__is_complex(dtype) && (t->how == TP_COLLECTIVE_MIN || t->how == TP_COLLECTIVE_MAX)) || (dtype == TP_BOOL && t->how == TP_COLLECTIVE_AVG))
        return tp_fail(TP_ERR_DTYPE, "%s: there is no %s of %s", op, t->how == TP_COLLECTIVE_AVG ? "mean" : t->how == TP_COLLECTIVE_MIN ? "minimum" : "maximum",
                       tp_dtype_name((tp_dtype)dtype));
    return TP_OK;
}

/* All of a call's lists have the shapes that they should. */
static tp_status check(asked *a)
{
    tp__together *t = &a->of;
    tp_status status = check_devices(a->op, t->in, t->n);
    for (int r = 0; r < t->n && !status; r++) status = check_like(a->op, t->in[r], r, t->in[0]);
    if (!status) status = check_how(a->op, t);
    for (int r = 0; r < t->n && !status; r++) {
        tp_tensor *y = t->out[r];
        status = check_gradient(a->op, t->in[r], r);
        if (!y || status) continue;
        if (y->device != t->in[r]->device)
            return tp_fail(TP_ERR_DEVICE, "%s: what is written for tensor %d is on %s, the tensor on %s", a->op, r, tp_device_name(y->device),
                           tp_device_name(t->in[r]->device));
        status = check_gradient(a->op, y, r);
        if (!status && !tp__may_write(y, a->op)) status = tp__pending();
    }
    return status ? status : check_overlaps(a);
}

/* Of an output that is like the tensors. */
static tp_status check_out(const asked *a, int rank)
{
    const tp__together *t = &a->of;
    return t->out[rank] == t->in[rank] ? TP_OK : check_like(a->op, t->out[rank], rank, t->in[0]);
}

/* ---- Giving it to the devices -------------------------------------------------------------------------------------------------------------- */

static void use(const tp_backend *backend, const tp_tensor *x)
{
    if (x && x->storage->origin == TP__FROM_DEVICE) backend->use(x->device - TP_CUDA(0), x->storage->block);
}

/* One piece of memory: `many` of them, 2 n pointers for each, and whether each was done. */
typedef struct given { tp__collective *at; void **data; bool *done; int index[TP__RANKS]; } given;

static tp_status by_backend(const tp_backend *backend, const asked *a, int64_t many, given *g)
{
    const int n = a->of.n;
    g->data = (void **)(g->at + many);
    g->done = (bool *)(g->data + 2 * n * many);
    for (int r = 0; r < n; r++) g->index[r] = a->of.in[r]->device - TP_CUDA(0);
    for (int64_t i = 0; i < many; i++) {
        const tp__together *t = &a[i].of;
        void **const in = g->data + 2 * n * i, **const out = in + n;
        for (int r = 0; r < n; r++) {
            in[r] = t->in[r]->data;
            out[r] = t->out[r] ? t->out[r]->data : NULL;
            use(backend, t->in[r]);
            use(backend, t->out[r]);
        }
        g->at[i] = (tp__collective){ .kind = t->kind, .how = t->how, .dtype = t->in[0]->dtype, .root = t->root, .count = t->count,
                                     .in = (const void *const *)in, .out = out };
    }
    return backend->collectives(n, g->index, g->at, many, g->done);
}

static tp_status carry_out(const asked *a, int64_t many, const bool *done)
{
    TP_NO_GRAD();
    tp_status status = TP_OK;
    for (int64_t i = 0; i < many && !status; i++)
        if (!done || !done[i]) status = tp__together_plainly(&a[i].of);
    return status;
}

/* All are over the same devices, and none is empty. */
static tp_status run_all(const asked *a, int64_t many)
{
    const tp_backend *backend = tp__backend(a->of.in[0]->device);
    const size_t room = sizeof(tp__collective) + 2 * (size_t)a->of.n * sizeof(void *) + sizeof(bool);
    given g = { .at = NULL };
    if (!backend) return tp__no_device(a->op, a->of.in[0]->device);
    const char *const outer = tp__self.op;
    tp_status status = TP_OK;
    tp__self.op = a->op;
    if (backend->collectives) {
        g.at = tp_mem_calloc(room * (size_t)many);
        status = g.at ? by_backend(backend, a, many, &g) : TP_ERR_MEMORY;
    }
    if (!status) status = carry_out(a, many, g.done);
    tp__self.op = outer;
    for (int64_t i = 0; i < many; i++)
        for (int r = 0; r < a->of.n; r++)
            if (a[i].of.out[r]) tp__bump(a[i].of.out[r], a->op);
    tp_mem_free(g.at, room * (size_t)many);
    return status;
}

static tp_status run(asked *a)
{
    const tp_status status = check(a);
    return status || !a->of.count ? status : run_all(a, 1);
}

/* ---- Public -------------------------------------------------------------------------------------------------------------------------------- */

static tp_status check_root(const char *op, int64_t root, int64_t n)
{
    return root >= 0 && root < n ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: root %lld is none of the ranks 0 to %lld", op, (long long)root, (long long)n - 1);
}

static tp_status check_both(const char *op, const tp_tensor_list *tensors, const tp_tensor_list *out)
{
    tp_status status = check_list(op, tensors, "the list");
    if (!status) status = check_list(op, out, "the list of outputs");
    if (!status && out->n != tensors->n)
        status = tp_fail(TP_ERR_ARGUMENT, "%s: there are %lld tensors, and %lld outputs", op, (long long)tensors->n, (long long)out->n);
    return status;
}

tp_status tp_collective_all_reduce_with(tp_tensor_list tensors, const tp_collective_all_reduce_options *options)
{
    static const char op[] = "collective_all_reduce";
    tp_collective_all_reduce_options o = TP__BRACES(collective_all_reduce, );
    tp_status status = tp_options_take(op, &o, options, offsetof(tp_collective_all_reduce_options, tp__end));
    const tp_tensor_list *out = o.out.n ? &o.out : &tensors;
    if (!status) status = check_both(op, &tensors, out);
    if (status) return status;
    asked a = { op, { .kind = TP__ALL_REDUCE, .how = (int)o.op, .n = (int)tensors.n, .count = tensors.at[0]->numel, .in = tensors.at, .out = out->at } };
    for (int r = 0; r < a.of.n && !status; r++) status = check_out(&a, r);
    return status ? status : run(&a);
}

tp_status tp_collective_reduce_with(tp_tensor_list tensors, const tp_collective_reduce_options *options)
{
    static const char op[] = "collective_reduce";
    tp_collective_reduce_options o = TP__BRACES(collective_reduce, );
    tp_tensor *out[TP__RANKS] = { NULL };
    tp_status status = tp_options_take(op, &o, options, offsetof(tp_collective_reduce_options, tp__end));
    if (!status) status = check_list(op, &tensors, "the list");
    if (!status) status = check_root(op, o.root, tensors.n);
    if (!status && o.out && !tp__alive(o.out, op)) status = tp__pending();
    if (status) return status;
    out[o.root] = o.out ? o.out : tensors.at[o.root];
    asked a = { op, { .kind = TP__REDUCE, .how = (int)o.op, .root = (int)o.root, .n = (int)tensors.n, .count = tensors.at[0]->numel, .in = tensors.at,
                      .out = out } };
    status = check_out(&a, a.of.root);
    return status ? status : run(&a);
}

tp_status tp_collective_broadcast(tp_tensor_list tensors, int64_t root)
{
    static const char op[] = "collective_broadcast";
    tp_status status = check_list(op, &tensors, "the list");
    if (!status) status = check_root(op, root, tensors.n);
    if (status) return status;
    return run(&(asked){ op, { .kind = TP__BROADCAST, .how = TP_COLLECTIVE_SUM, .root = (int)root, .n = (int)tensors.n, .count = tensors.at[0]->numel,
                               .in = tensors.at, .out = tensors.at } });
}

/* n `parts` are as many elements as each of `whole`; all are row-major, and of one dtype. */
static tp_status check_parts(const char *op, const tp_tensor_list *parts, const tp_tensor_list *whole)
{
    for (int64_t r = 0; r < parts->n; r++) {
        const tp_tensor *p = parts->at[r], *w = whole->at[r];
        if (w->dtype != p->dtype) return tp_fail(TP_ERR_DTYPE, "%s: tensor %lld and its output are %s and %s", op, (long long)r,
                                                 tp_dtype_name((tp_dtype)w->dtype), tp_dtype_name((tp_dtype)p->dtype));
        if (!tp__same_shape(p, parts->at[0]) || p->numel > INT64_MAX / TP__RANKS || w->numel != p->numel * parts->n)
            return tp_fail(TP_ERR_SHAPE, "%s: of rank %lld, %s is not %lld parts of %s", op, (long long)r, tp__shape_text(w), (long long)parts->n,
                           tp__shape_text(parts->at[0]));
        if (!(p->flags & w->flags & TP__CONTIGUOUS))
            return tp_fail(TP_ERR_SHAPE, "%s: of rank %lld, %s and %s must both be contiguous", op, (long long)r, tp__shape_text(w),
                           tp__shape_text(p));
    }
    return TP_OK;
}

tp_status tp_collective_all_gather(tp_tensor_list tensors, tp_tensor_list out)
{
    static const char op[] = "collective_all_gather";
    tp_status status = check_both(op, &tensors, &out);
    if (!status) status = check_parts(op, &tensors, &out);
    if (status) return status;
    return run(&(asked){ op, { .kind = TP__ALL_GATHER, .how = TP_COLLECTIVE_SUM, .n = (int)tensors.n, .count = tensors.at[0]->numel,
                               .in = tensors.at, .out = out.at } });
}

tp_status tp_collective_reduce_scatter_with(tp_tensor_list tensors, tp_tensor_list out, const tp_collective_options *options)
{
    static const char op[] = "collective_reduce_scatter";
    tp_collective_options o = TP__BRACES(collective, );
    tp_status status = tp_options_take(op, &o, options, offsetof(tp_collective_options, tp__end));
    if (!status) status = check_both(op, &tensors, &out);
    if (!status) status = check_parts(op, &out, &tensors);
    if (status) return status;
    return run(&(asked){ op, { .kind = TP__REDUCE_SCATTER, .how = (int)o.op, .n = (int)tensors.n, .count = out.at[0]->numel, .in = tensors.at,
                               .out = out.at } });
}

/* ---- Many at once -------------------------------------------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    const tp_tensor *const x = *(tp_tensor *const *)a, *const y = *(tp_tensor *const *)b;
    return x->data < y->data ? -1 : x->data > y->data;
}

/* No element of a rank's is reduced twice. */
static tp_status check_apart(const asked *a, int64_t many)
{
    tp_tensor **x = tp_mem_alloc((size_t)many * sizeof *x);
    bool apart = true;
    if (!x) return TP_ERR_MEMORY;
    for (int r = 0; r < a->of.n && apart; r++) {
        for (int64_t i = 0; i < many; i++) x[i] = a[i].of.in[r];
        qsort(x, (size_t)many, sizeof *x, by_address);
        for (int64_t i = 1; i < many; i++) apart &= !overlap(x[i - 1], x[i]);
    }
    tp_mem_free(x, (size_t)many * sizeof *x);
    return apart ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: a tensor stands twice in a list, or overlaps with another", a->op);
}

/* The i-th tensors of all ranks, for each i; *many becomes how many of them are not empty. */
static tp_status gather_asked(const char *op, const tp_tensor_list *tensors, int n, int how, asked *a, tp_tensor **by_rank, int64_t *many)
{
    *many = 0;
    for (int64_t i = 0; i < tensors->n; i++) {
        tp_tensor **const x = by_rank + i * n;
        for (int r = 0; r < n; r++) x[r] = tensors[r].at[i];
        asked *one = &a[*many];
        const tp_tensor_list list = { .at = x, .n = n };
        tp_status status = check_list(op, &list, "one of the lists");
        if (status) return status;
        *one = (asked){ op, { .kind = TP__ALL_REDUCE, .how = how, .n = n, .count = x[0]->numel, .in = x, .out = x } };
        if ((status = check(one))) return status;
        for (int r = 0; r < n; r++)
            if (x[r]->device != by_rank[r]->device)
                return tp_fail(TP_ERR_DEVICE, "%s: tensors 0 and %lld of rank %d are on %s and %s", op, (long long)i, r,
                               tp_device_name(by_rank[r]->device), tp_device_name(x[r]->device));
        *many += one->of.count > 0;
    }
    return TP_OK;
}

tp_status tp_collective_all_reduce_coalesced_with(const tp_tensor_list *tensors, int n, const tp_collective_options *options)
{
    static const char op[] = "collective_all_reduce_coalesced";
    tp_collective_options o = TP__BRACES(collective, );
    tp_status status = tp_options_take(op, &o, options, offsetof(tp_collective_options, tp__end));
    if (!status) status = tp__pending();
    if (status) return status;
    if (!tensors || n < 1 || n > TP__RANKS) return tp_fail(TP_ERR_ARGUMENT, "%s: %d lists, 1 to %d are possible", op, tensors ? n : 0, TP__RANKS);
    for (int r = 0; r < n; r++)
        if (tensors[r].n != tensors->n || tensors[r].n < 0 || (tensors[r].n && !tensors[r].at))
            return tp_fail(TP_ERR_ARGUMENT, "%s: list %d has %lld tensors, list 0 %lld", op, r, (long long)tensors[r].n, (long long)tensors->n);
    if (!tensors->n) return TP_OK;
    if (tensors->n > INT32_MAX) return tp_fail(TP_ERR_ARGUMENT, "%s: %lld tensors in a list", op, (long long)tensors->n);
    const size_t room = (size_t)tensors->n * (sizeof(asked) + (size_t)n * sizeof(tp_tensor *));
    asked *a = tp_mem_alloc(room);
    int64_t many = 0;
    if (!a) return TP_ERR_MEMORY;
    status = gather_asked(op, tensors, n, (int)o.op, a, (tp_tensor **)(a + tensors->n), &many);
    if (!status && many) status = check_apart(a, many);
    if (!status && many) status = run_all(a, many);
    tp_mem_free(a, room);
    return status;
}
