/* optim_rules.cu: the steps of further optimizers, over all parameters in one launch. A rule is the struct of its numbers
 * (core/optim_rules.h) and what it does to one element: p the parameter, g its gradient, a, b and c the states that have an element each, in
 * the order of the lists. Operations are in PyTorch's order.
 *
 * What the rule makes of its numbers and of a parameter's scalars is a row of a second table. Where the scalars lie on the device, a
 * kernel fills it and counts the step; else the host does, and nothing waits for the device. */
#include "core/optim_rules.h"
#include "cuda/optim.cuh"

TPC_DEVICE float root(float x) { return sqrtf(x); }
TPC_DEVICE double root(double x) { return ::sqrt(x); }

/* An element, as the rule's `step` takes it; b and c may not be kept. */
template <class T> struct element { T p, g, a, b, c; bool has_b, has_c; };

/* m moved to g by `weight`, from the nearer end as torch.lerp */
template <class T> TPC_DEVICE T toward(T m, T g, T weight) { return weight < (T)0.5 ? m + weight * (g - m) : g - (g - m) * ((T)1 - weight); }
/* The gradient as a step takes it */
template <class T, class K> TPC_DEVICE void take_gradient(element<T> &e, const K &k)
{
    if (k.maximize != 0) e.g = -e.g;
    if (k.weight_decay != 0) e.g = e.g + (T)k.weight_decay * e.p;
}

/* What a rule does not say: nothing is prepared, before or after. */
struct plain {
    __host__ __device__ static void before(const double *, float *const *) {}
    __host__ __device__ static void prepare(void *, const double *) {}
    __host__ __device__ static void after(const double *, float *const *) {}
};

/* ---- RMSprop (Hinton 2012), centered as Graves 2013: a square_avg, b momentum_buffer, c grad_avg ------------------------------------- */

struct rmsprop : plain {
    using numbers = tp__rule_rmsprop;
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        const T rest = (T)(1 - k.alpha), lr = (T)-k.lr;
        take_gradient(e, k);
        e.a = e.a * (T)k.alpha + rest * e.g * e.g;
        if (e.has_c) e.c = toward(e.c, e.g, rest);
        const T size = root(e.has_c ? e.a - e.c * e.c : e.a) + (T)k.eps;
        if (e.has_b) e.b = e.b * (T)k.momentum + e.g / size;
        e.p = e.has_b ? e.p + lr * e.b : e.p + lr * e.g / size;
    }
};

/* ---- Adagrad (Duchi, Hazan & Singer 2011): a sum ------------------------------------------------------------------------------------- */

struct adagrad : plain {
    using numbers = tp__rule_adagrad;
    __host__ __device__ static void prepare(void *k, const double *scalar) { tp__rule_adagrad_prepare(k, scalar); }
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        take_gradient(e, k);
        e.a = e.a + e.g * e.g;
        e.p = e.p + (T)-k.rate * e.g / (root(e.a) + (T)k.eps);
    }
};

/* ---- Adam of rows, as torch.optim.SparseAdam: a exp_avg, b exp_avg_sq ---------------------------------------------------------------- */

struct sparse_adam : plain {
    using numbers = tp__rule_sparse_adam;
    __host__ __device__ static void prepare(void *k, const double *scalar) { tp__rule_sparse_adam_prepare(k, scalar); }
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        const T g = k.maximize != 0 ? -e.g : e.g;
        e.a = e.a + (g - e.a) * (T)(1 - k.beta1);
        e.b = e.b + (g * g - e.b) * (T)(1 - k.beta2);
        e.p = e.p + (T)-k.rate * (e.a / (root(e.b) + (T)k.eps));
    }
};

/* ---- Adadelta (Zeiler 2012): a square_avg, b acc_delta ------------------------------------------------------------------------------- */

struct adadelta : plain {
    using numbers = tp__rule_adadelta;
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        const T rho = (T)k.rho, rest = (T)(1 - k.rho), eps = (T)k.eps;
        take_gradient(e, k);
        e.a = e.a * rho + rest * e.g * e.g;
        const T delta = root(e.b + eps) / root(e.a + eps) * e.g;
        e.b = e.b * rho + rest * delta * delta;
        e.p = e.p + (T)-k.lr * delta;
    }
};

/* ---- Adamax (Kingma & Ba 2015, algorithm 2): a exp_avg, b exp_inf -------------------------------------------------------------------- */

struct adamax : plain {
    using numbers = tp__rule_adamax;
    __host__ __device__ static void prepare(void *k, const double *scalar) { tp__rule_adamax_prepare(k, scalar); }
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        take_gradient(e, k);
        const T old = e.b * (T)k.beta2, fresh = (e.g < 0 ? -e.g : e.g) + (T)k.eps;
        e.a = toward(e.a, e.g, (T)(1 - k.beta1));
        e.b = old > fresh || old != old ? old : fresh;
        e.p = e.p + (T)-k.rate * e.a / e.b;
    }
};

/* ---- NAdam (Dozat 2016): a exp_avg, b exp_avg_sq; scalars step and mu_product -------------------------------------------------------- */

struct nadam : plain {
    using numbers = tp__rule_nadam;
    __host__ __device__ static void before(const double *given, float *const *scalar) { tp__rule_nadam_before(given, scalar); }
    __host__ __device__ static void prepare(void *k, const double *scalar) { tp__rule_nadam_prepare(k, scalar); }
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        take_gradient(e, k);
        const T p = e.p * (T)k.shrink;
        e.a = toward(e.a, e.g, (T)(1 - k.beta1));
        e.b = e.b * (T)k.beta2 + (T)(1 - k.beta2) * e.g * e.g;
        const T size = root(e.b / (T)k.root) + (T)k.eps;
        e.p = p + (T)k.of_grad * e.g / size + (T)k.of_mean * e.a / size;
    }
};

/* ---- RAdam (Liu et al. 2020): a exp_avg, b exp_avg_sq -------------------------------------------------------------------------------- */

struct radam : plain {
    using numbers = tp__rule_radam;
    __host__ __device__ static void prepare(void *k, const double *scalar) { tp__rule_radam_prepare(k, scalar); }
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        take_gradient(e, k);
        const T p = e.p * (T)k.shrink;
        e.a = toward(e.a, e.g, (T)(1 - k.beta1));
        e.b = e.b * (T)k.beta2 + (T)(1 - k.beta2) * e.g * e.g;
        T move = e.a / (T)k.correction * (T)k.lr;
        if (k.rectified != 0) move = move * ((T)k.root / (root(e.b) + (T)k.eps)) * (T)k.rectified;
        e.p = p - move;
    }
};

/* ---- Rprop (Riedmiller & Braun 1993): a prev, b step_size ---------------------------------------------------------------------------- */

struct rprop : plain {
    using numbers = tp__rule_rprop;
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        const T g = k.maximize != 0 ? -e.g : e.g, agree = g * e.a, least = (T)k.least, most = (T)k.most;
        const T grown = e.b * (agree > 0 ? (T)k.plus : agree < 0 ? (T)k.minus : (T)1), lifted = grown < least ? least : grown;
        e.b = lifted > most ? most : lifted;
        e.a = agree < 0 ? (T)0 : g;
        e.p = e.p - (e.a > 0 ? e.b : e.a < 0 ? -e.b : (T)0);
    }
};

/* ---- ASGD (Polyak & Juditsky 1992): a ax; scalars step, eta and mu, which are of the step before ------------------------------------- */

struct asgd : plain {
    using numbers = tp__rule_asgd;
    __host__ __device__ static void prepare(void *k, const double *scalar) { tp__rule_asgd_prepare(k, scalar); }
    __host__ __device__ static void after(const double *given, float *const *scalar) { tp__rule_asgd_after(given, scalar); }
    template <class T> static __device__ __forceinline__ void step(element<T> &e, const numbers &k)
    {
        take_gradient(e, k);
        e.p = e.p * (T)(1 - k.lambd * k.eta) + (T)-k.eta * e.g;
        e.a = k.mu != 1 ? e.a + (e.p - e.a) * (T)k.mu : e.p;
    }
};

/* ---- Steps --------------------------------------------------------------------------------------------------------------------------- */

struct rule_numbers { double of[TP__RULE_NUMBERS]; };

/* Counts the step of one parameter, and makes its numbers. */
template <class Rule> __host__ __device__ static void prepare_one(float *const *scalar, const double *given, rule_numbers *k)
{
    double value[TP__RULE_SCALARS] = { 0, 0, 0 };
    *scalar[0] += 1;
    Rule::before(given, scalar);
    for (int i = 0; i < TP__RULE_SCALARS && scalar[i]; i++) value[i] = *scalar[i];
    for (int i = 0; i < TP__RULE_NUMBERS; i++) k->of[i] = given[i];
    Rule::prepare(k->of, value);
    Rule::after(given, scalar);
}
template <class Rule> static __global__ void prepare_rows(const tpc_step_row *rows, int64_t n, const rule_numbers given, rule_numbers *k, const float *skip)
{
    if (skip && *skip != 0) return;
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        float *const scalar[] = { rows[i].scalar[0], rows[i].scalar[1], rows[i].scalar[2] };
        prepare_one<Rule>(scalar, given.of, &k[i]);
    }
}

template <class Rule, class T> TPC_DEVICE void rule_chunk(const tpc_step_row &r, int64_t from, int64_t to, const typename Rule::numbers &k)
{
    element<T> e = {};
    e.has_b = r.state[1] != nullptr;
    e.has_c = r.state[2] != nullptr;
    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) {
        e.p = tpc_load<T>(r.param, r.dtype, i);
        e.g = tpc_load<T>(r.grad, r.dtype, i);
        e.a = tpc_load<T>(r.state[0], r.dtype, i);
        if (e.has_b) e.b = tpc_load<T>(r.state[1], r.dtype, i);
        if (e.has_c) e.c = tpc_load<T>(r.state[2], r.dtype, i);
        Rule::step(e, k);
        tpc_store(r.state[0], r.dtype, i, e.a);
        if (e.has_b) tpc_store(r.state[1], r.dtype, i, e.b);
        if (e.has_c) tpc_store(r.state[2], r.dtype, i, e.c);
        tpc_store(r.param, r.dtype, i, e.p);
    }
}
template <class Rule> static __global__ void __launch_bounds__(TPC_BLOCK)
rule_step(const tpc_step_row *rows, int64_t n, int64_t chunks, const rule_numbers *k, const float *skip)
{
    if (skip && *skip != 0) return;
    for (int64_t c = blockIdx.x; c < chunks; c += gridDim.x) {
        const tpc_step_row &in_table = tpc_step_of(rows, n, c), r = in_table;
        const auto [from, to] = tpc_step_elements(r, c);
        typename Rule::numbers own;
        memcpy((void *)&own, (const void *)&k[&in_table - rows], sizeof own);
        if (r.dtype == TP_F64) rule_chunk<Rule, double>(r, from, to, own);
        else rule_chunk<Rule, float>(r, from, to, own);
    }
}

/* The scalars of parameter i, which all lie on the device or all on the host, and its states. */
static tp_status take_lists(const tp__call *call, const tp__rule_step *s, int64_t i, tpc_step_row *row, bool *on_device)
{
    int scalars = 0, states = 0;
    for (int k = 2; k < s->n_lists; k++) {
        tpc_array x;
        if (!(s->scalars >> k & 1)) {
            row->state[states++] = tpc_data_of(call, s->list[k], i);
            continue;
        }
        tpc_array_of(call, s->list[k][i], &x);
        if ((i || scalars) && x.on_device != *on_device) return tpc_fail(call, TP_ERR_DEVICE, "some of the scalars are on the device, and some are not");
        *on_device = x.on_device;
        row->scalar[scalars++] = (float *)x.data;
    }
    return TP_OK;
}

/* Of scalars on the host, which stay as they are as long as something may fail. */
template <class Rule> static void *upload_numbers(const tp__call *call, const tpc_steps &t, const rule_numbers &given)
{
    rule_numbers *const of = new (std::nothrow) rule_numbers[(size_t)t.n];
    for (int64_t i = 0; i < t.n && of; i++) {
        float held[TP__RULE_SCALARS], *scalar[TP__RULE_SCALARS] = { nullptr, nullptr, nullptr };
        for (int k = 0; k < TP__RULE_SCALARS && t.rows[i].scalar[k]; k++) {
            held[k] = *t.rows[i].scalar[k];
            scalar[k] = &held[k];
        }
        prepare_one<Rule>(scalar, given.of, &of[i]);
    }
    void *const room = of ? tpc_upload(call, of, (size_t)t.n * sizeof *of) : nullptr;
    if (!of) tpc_fail(call, TP_ERR_MEMORY, "no memory for the numbers of %lld parameters", (long long)t.n);
    delete[] of;
    return room;
}

template <class Rule> static tp_status run(const tp__call *call, int n_numbers)
{
    const tp__rule_step *s = (const tp__rule_step *)tpc_attr(call);
    rule_numbers given = {};
    memcpy(given.of, s->numbers, (size_t)n_numbers * sizeof *given.of);
    bool on_device = false;
    tpc_steps t(call, s->n);
    tp_status status = tpc_steps_fill(call, &t, s->list[0], s->list[1]);
    for (int64_t i = 0; i < t.n && !status; i++) status = take_lists(call, s, i, &t.rows[i], &on_device);
    if (status || !t.n) return status;
    tpc_skip skip(call);
    if ((status = tpc_skip_decide(call, s->skip, &skip))) return status;
    float found = 0;                                            /* where counts are the host's, it must be told whether the step is made */
    if (skip.found && !on_device && (status = tpc_download(call, &found, skip.at, sizeof found))) return status;
    if (found != 0) return TP_OK;
    const size_t bytes = (size_t)t.n * sizeof(rule_numbers);
    tpc_temporary numbers(call, on_device ? bytes : 0);
    if (on_device && !numbers.data) return TP_ERR_MEMORY;
    if (!on_device && !(numbers.data = upload_numbers<Rule>(call, t, given))) return TP_ERR_MEMORY;
    if (!tpc_steps_upload(call, &t)) return TP_ERR_MEMORY;
    rule_numbers unused;
    for (int64_t i = 0; i < t.n && !on_device; i++) prepare_one<Rule>(t.rows[i].scalar, given.of, &unused);
    const tpc_step_row *rows = t.device.as<tpc_step_row>();
    if (on_device) TPC_LAUNCH(prepare_rows<Rule>, tpc_blocks(call, t.n), TPC_BLOCK, 0, tpc_stream(call), rows, t.n, given, numbers.as<rule_numbers>(), skip.at);
    if (t.chunks)
        TPC_LAUNCH(rule_step<Rule>, tpc_grid(call, t.chunks), TPC_BLOCK, 0, tpc_stream(call), rows, t.n, t.chunks,
                   numbers.as<rule_numbers>(), skip.at);
    return tpc_launched(call);
}

/* name, and how many numbers are given */
#define EACH_RULE(X) X(rmsprop, 6) X(adagrad, 5) X(sparse_adam, 5) X(adadelta, 5) X(adamax, 6) X(nadam, 8) X(radam, 7) X(rprop, 5) X(asgd, 6)
#define RUN(name, n_numbers) static tp_status name##_run(tp__call *call) { return run<name>(call, n_numbers); }
EACH_RULE(RUN)

#define ROW(name, n_numbers) { "fused_" #name "_", name##_run, NULL },
extern "C" const tp_kernel tp__cuda_optim_rules[] = { EACH_RULE(ROW) { NULL, NULL, NULL } };
