/* tests/test_cuda_graph.c: a step that is recorded and replayed is the step, bit by bit; what must not be recorded is refused, and nothing
 * is left broken after an error. */
#include "cuda.h"
#include "failing.h"

enum { IN = 12, HIDDEN = 20, OUT = 5, BATCH = 8, STEPS = 10, WARM_UP = 2 };

typedef enum kind { SGD, ADAM, ADAMW, RMSPROP, ADAGRAD, ADADELTA, ADAMAX, NADAM, RADAM, RPROP, ASGD, KINDS } kind;

typedef struct trainer {
    tp_tensor *w[4], *x, *y, *loss;
    tp_optimizer *opt;
    tp_scaler *scaler;
} trainer;

static tp_tensor *there(tp_tensor *x) { return tp_keep(tp_to(x, DEVICE)); }

static tp_optimizer *optimizer_of(kind which, tp_tensor_list params)
{
    switch (which) {
    case SGD: return tp_sgd(params, .lr = 0.05, .momentum = 0.9, .weight_decay = 1e-3);
    case ADAM: return tp_adam(params, .lr = 0.01, .amsgrad = true);
    case ADAMW: return tp_adamw(params, .lr = 0.01);
    case RMSPROP: return tp_rmsprop(params, .momentum = 0.9, .centered = true);
    case ADAGRAD: return tp_adagrad(params, .lr_decay = 0.1);
    case ADADELTA: return tp_adadelta(params);
    case ADAMAX: return tp_adamax(params);
    case NADAM: return tp_nadam(params);
    case RADAM: return tp_radam(params, .lr = 0.01);
    case RPROP: return tp_rprop(params);
    case ASGD: return tp_asgd(params, .t0 = 3);
    default: return NULL;
    }
}

static trainer trainer_new(kind optimizer)
{
    trainer t = { .opt = NULL };
    tp_manual_seed(3);
    TP_SCOPE();
    t.w[0] = there(tp_mul(0.3, tp_randn(TP_SHAPE(HIDDEN, IN))));
    t.w[1] = there(tp_zeros(TP_SHAPE(HIDDEN)));
    t.w[2] = there(tp_mul(0.3, tp_randn(TP_SHAPE(OUT, HIDDEN))));
    t.w[3] = there(tp_zeros(TP_SHAPE(OUT)));
    for (int i = 0; i < 4; i++) tp_requires_grad(t.w[i], true);
    t.x = there(tp_zeros(TP_SHAPE(BATCH, IN)));
    t.y = there(tp_zeros(TP_SHAPE(BATCH, OUT)));
    t.loss = there(tp_zeros((tp_shape){ .ndim = 0 }));
    t.opt = optimizer_of(optimizer, (tp_tensor_list){ .at = t.w, .n = 4 });
    ck_fine();
    return t;
}

static void trainer_free(trainer *t)
{
    tp_optimizer_free(t->opt);
    tp_scaler_free(t->scaler);
    for (int i = 0; i < 4; i++) tp_release(t->w[i]);
    tp_release(t->x);
    tp_release(t->y);
    tp_release(t->loss);
}

/* Squared error of a net of two layers */
static tp_status step(void *arg)
{
    trainer *t = arg;
    tp_zero_grad(t->opt);
    tp_tensor *h = tp_relu(tp_add(tp_matmul(t->x, tp_transpose(t->w[0], 0, 1)), t->w[1]));
    tp_tensor *e = tp_sub(tp_add(tp_matmul(h, tp_transpose(t->w[2], 0, 1)), t->w[3]), t->y);
    tp_tensor *loss = tp_mean(tp_mul(e, e));
    tp_backward(loss);
    tp_step(t->opt);
    return tp_copy_(t->loss, tp_detach(loss)) ? TP_OK : tp_error_status();
}

/* The same in mixed precision, with a scaled loss and clipped gradients */
static tp_status mixed_step(void *arg)
{
    trainer *t = arg;
    tp_tensor *loss;
    const tp_tensor_list params = { .at = t->w, .n = 4 };
    tp_zero_grad(t->opt);
    {
        TP_AUTOCAST(TP_F16);
        tp_tensor *h = tp_relu(tp_linear(t->x, t->w[0], t->w[1]));
        loss = tp_mse_loss(tp_linear(h, t->w[2], t->w[3]), t->y);
    }
    tp_backward(tp_scaler_scale(t->scaler, loss));
    tp_scaler_unscale(t->scaler, t->opt);
    tp_clip_grad_norm(params, 0.05);
    tp_clip_grad_value(params, 0.04);
    tp_scaler_step(t->scaler, t->opt);
    tp_scaler_update(t->scaler);
    return tp_copy_(t->loss, tp_detach(loss)) ? TP_OK : tp_error_status();
}

static void feed(trainer *t, int i)
{
    TP_SCOPE();
    tp_tensor *x = tp_sin(tp_add(tp_reshape(tp_arange(0, BATCH * IN, 1, .dtype = TP_F32), TP_SHAPE(BATCH, IN)), 0.7 * i));
    ck_assert_ptr_nonnull(tp_copy_(t->x, tp_to(x, DEVICE)));
    ck_assert_ptr_nonnull(tp_copy_(t->y, tp_to(tp_mul(tp_narrow(x, 1, 0, OUT), 0.5), DEVICE)));
}

static void ck_same_bits(tp_tensor *a, tp_tensor *b)
{
    TP_SCOPE();
    tp_tensor *x = tp_to(a, TP_CPU), *y = tp_to(b, TP_CPU);
    ck_fine();
    ck_assert_mem_eq(tp_data(x), tp_data(y), (size_t)tp_numel(x) * sizeof(float));
}

START_TEST(a_replay_is_the_step_bit_by_bit)
{
    trainer eager = trainer_new(_i), t = trainer_new(_i);
    feed(&t, 0);
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, step, &t, WARM_UP);
    ck_fine();
    for (int i = 0; i < WARM_UP + STEPS; i++) {
        feed(&eager, i < WARM_UP ? 0 : i);
        ck_ok(step(&eager));
        if (i < WARM_UP) continue;
        feed(&t, i);
        ck_ok(tp_cuda_graph_replay(graph));
        ck_same_bits(t.loss, eager.loss);
    }
    for (int i = 0; i < 4; i++) ck_same_bits(t.w[i], eager.w[i]);
    if (_i != SGD) ck_assert(tp_item(tp_optimizer_state(t.opt, t.w[0], "step")) == WARM_UP + STEPS);
    if (cuda_counts().launches) ck_assert_int_eq(cuda_counts().graph_launches, STEPS);
    tp_cuda_graph_free(graph);
    trainer_free(&t);
    trainer_free(&eager);
    ck_fine();
}
END_TEST

/* Clipping, scaling and unscaling wait for nothing; where a gradient is infinite, neither parameters nor state nor step counts change. */
START_TEST(a_step_of_mixed_precision_is_recorded)
{
    trainer eager = trainer_new(_i), t = trainer_new(_i);
    eager.scaler = tp_grad_scaler(.init_scale = 1024, .growth_interval = 3);
    t.scaler = tp_grad_scaler(.init_scale = 1024, .growth_interval = 3);
    tp_tensor *before = tp_keep(tp_zeros(TP_SHAPE(HIDDEN, IN), .device = DEVICE));
    feed(&t, 0);
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, mixed_step, &t, WARM_UP);
    ck_fine();
    for (int i = 0; i < WARM_UP + STEPS; i++) {
        const bool infinite = i == WARM_UP + 4;
        TP_SCOPE();
        feed(&eager, i < WARM_UP ? 0 : i);
        if (infinite) tp_copy_(eager.x, tp_full(TP_SHAPE(BATCH, IN), 1e6, .device = DEVICE));
        tp_copy_(before, tp_detach(eager.w[0]));
        ck_ok(mixed_step(&eager));
        if (infinite) ck_same_bits(before, eager.w[0]);
        if (i < WARM_UP) continue;
        feed(&t, i);
        if (infinite) tp_copy_(t.x, tp_full(TP_SHAPE(BATCH, IN), 1e6, .device = DEVICE));
        ck_ok(tp_cuda_graph_replay(graph));
        if (!infinite) ck_same_bits(t.loss, eager.loss);
        ck_assert(tp_scaler_get_scale(t.scaler) == tp_scaler_get_scale(eager.scaler));
    }
    for (int i = 0; i < 4; i++) ck_same_bits(t.w[i], eager.w[i]);
    if (_i != SGD) ck_assert(tp_item(tp_optimizer_state(t.opt, t.w[0], "step")) == WARM_UP + STEPS - 1);
    ck_assert(tp_scaler_get_scale(t.scaler) != 1024);
    tp_cuda_graph_free(graph);
    tp_release(before);
    trainer_free(&t);
    trainer_free(&eager);
    ck_fine();
}
END_TEST

/* The state of an optimizer would be made anew, and the scale of a scaler be what it was at first, at each replay. */
START_TEST(without_a_step_before_what_it_makes_once_is_refused)
{
    trainer t = trainer_new(_i);
    feed(&t, 0);
    ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, step, &t, 0));
    ck_error(TP_ERR_STATE, "step: ");
    ck_ok(step(&t));
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, step, &t, 0);
    ck_ok(tp_cuda_graph_replay(graph));
    tp_cuda_graph_free(graph);
    t.scaler = tp_grad_scaler(.init_scale = 1024);
    ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, mixed_step, &t, 0));
    ck_error(TP_ERR_STATE, "scaler_scale: ");
    ck_ok(mixed_step(&t));
    graph = tp_cuda_graph_record(DEVICE, mixed_step, &t, 0);
    ck_ok(tp_cuda_graph_replay(graph));
    tp_cuda_graph_free(graph);
    trainer_free(&t);
    ck_fine();
}
END_TEST

START_TEST(nothing_else_gets_the_memory_of_a_graph)
{
    trainer eager = trainer_new(SGD), t = trainer_new(SGD);
    feed(&t, 0);
    feed(&eager, 0);
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, step, &t, 1);
    ck_ok(step(&eager));
    ck_assert_ptr_nonnull(graph);
    for (int i = 0; i < 5; i++) {
        TP_SCOPE();
        tp_memory_trim(DEVICE);
        for (int k = 0; k < 20; k++) tp_full(TP_SHAPE(30 * (k + 1)), NAN, .device = DEVICE);
        ck_ok(step(&eager));
        ck_ok(tp_cuda_graph_replay(graph));
        ck_same_bits(t.loss, eager.loss);
    }
    tp_cuda_graph_free(graph);
    ck_ok(step(&t));                                   /* it goes on without */
    ck_ok(step(&eager));
    ck_same_bits(t.loss, eager.loss);
    trainer_free(&t);
    trainer_free(&eager);
}
END_TEST

START_TEST(what_a_graph_reads_stays_when_it_is_dropped)
{
    trainer t = trainer_new(SGD);
    feed(&t, 0);
    tp_tensor *loss = tp_retain(t.loss);
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, step, &t, 1);
    ck_assert_ptr_nonnull(graph);
    const int64_t before = device_memory().in_use;
    trainer_free(&t);
    for (int k = 0; k < 20; k++) tp_drop(tp_full(TP_SHAPE(30 * (k + 1)), NAN, .device = DEVICE));
    ck_ok(tp_cuda_graph_replay(graph));
    ck_assert(isfinite(tp_item(loss)));
    tp_cuda_graph_free(graph);
    ck_assert_int_lt(device_memory().in_use, before);
    tp_release(loss);
    ck_fine();
}
END_TEST

typedef struct drawer { tp_tensor *x, *uniform, *dropped, *grad, *whole; } drawer;
static tp_status draw_some(void *arg)
{
    drawer *d = arg;
    tp_copy_(d->uniform, tp_uniform(TP_SHAPE(37), -1, 1, .device = DEVICE));
    tp_set_grad(d->x, NULL);
    tp_tensor *y = tp_dropout(d->x, 0.4, true);
    tp_backward(tp_sum(tp_mul(y, y)));
    tp_copy_(d->dropped, tp_detach(y));
    tp_copy_(d->grad, tp_grad_of(d->x));
    tp_copy_(d->whole, tp_randint(0, 1000, TP_SHAPE(11), .dtype = TP_F32, .device = DEVICE));
    return tp_error_status();
}

static drawer drawer_new(void)
{
    TP_SCOPE();
    drawer d = { there(tp_arange(1, 101, 1, .dtype = TP_F32)), there(tp_zeros(TP_SHAPE(37))), there(tp_zeros(TP_SHAPE(100))),
                 there(tp_zeros(TP_SHAPE(100))), there(tp_zeros(TP_SHAPE(11))) };
    tp_requires_grad(d.x, true);
    ck_fine();
    return d;
}
static void drawer_free(drawer *d)
{
    tp_release(d->x);
    tp_release(d->uniform);
    tp_release(d->dropped);
    tp_release(d->grad);
    tp_release(d->whole);
}

START_TEST(a_replay_draws_what_the_step_would_have_drawn)
{
    drawer eager = drawer_new(), d = drawer_new();
    tp_manual_seed(5);
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, draw_some, &d, 1);
    ck_fine();
    for (int i = 0; i < 4; i++) {
        if (i) tp_manual_seed(11 * (uint64_t)i);       /* another seed, and then further on in its numbers */
        tp_rng_state at = tp_rng_get();
        for (int k = 0; k < 2; k++) {
            ck_ok(tp_cuda_graph_replay(graph));
            const tp_rng_state after = tp_rng_get();
            ck_ok(tp_rng_set(at));
            ck_ok(draw_some(&eager));
            at = tp_rng_get();
            ck_assert_mem_eq(&at, &after, sizeof at);
            ck_same_bits(d.uniform, eager.uniform);
            ck_same_bits(d.dropped, eager.dropped);
            ck_same_bits(d.grad, eager.grad);
            ck_same_bits(d.whole, eager.whole);
        }
    }
    tp_cuda_graph_free(graph);
    drawer_free(&d);
    drawer_free(&eager);
}
END_TEST

/* A bad index is told by the next call that waits. Until then no step writes what was made of it, nor counts. */
typedef struct looker { tp_tensor *w, *index; tp_optimizer *opt; } looker;
static tp_status look_up(void *arg)
{
    looker *t = arg;
    tp_zero_grad(t->opt);
    tp_backward(tp_sum(tp_embedding(t->index, t->w)));
    return tp_step(t->opt);
}

START_TEST(no_step_is_made_of_a_bad_index)
{
    tp_tensor *good = there(tp_from_data((int64_t[]){ 1, 2 }, TP_I64, TP_SHAPE(2))), *bad = there(tp_from_data((int64_t[]){ 1, 9 }, TP_I64, TP_SHAPE(2)));
    looker t = { there(tp_ones(TP_SHAPE(5, 3))), there(tp_from_data((int64_t[]){ 1, 2 }, TP_I64, TP_SHAPE(2))), NULL };
    tp_requires_grad(t.w, true);
    t.opt = optimizer_of(_i, TP_TENSORS(t.w));
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, look_up, &t, 2);
    ck_ok(tp_cuda_graph_replay(graph));
    tp_tensor *before = tp_keep(tp_clone(tp_detach(t.w)));
    for (int replays = 0; replays < 2; replays++) {
        ck_assert_ptr_nonnull(tp_copy_(t.index, bad));
        ck_ok(replays ? tp_cuda_graph_replay(graph) : look_up(&t));
        ck_assert_ptr_nonnull(tp_copy_(t.index, good));
        ck_ok(replays ? tp_cuda_graph_replay(graph) : look_up(&t));         /* nor is one that comes after it */
        ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_INDEX);
        ck_error(TP_ERR_INDEX, "embedding: index 9 is out of range for size 5");
        ck_same_bits(t.w, before);
        if (_i != SGD) ck_assert(tp_item(tp_optimizer_state(t.opt, t.w, "step")) == 3);
    }
    ck_ok(look_up(&t));
    ck_assert(!tp_equal(tp_to(tp_detach(t.w), TP_CPU), tp_to(before, TP_CPU)));
    ck_fine();
    tp_cuda_graph_free(graph);
    tp_optimizer_free(t.opt);
    tp_release(t.w), tp_release(t.index), tp_release(before), tp_release(good), tp_release(bad);
}
END_TEST

/* A count lies where its parameter does or on the host, and while a graph is recorded there alone where a replay can count. */
typedef struct stepped { tp_tensor *p, *g, *m, *v, *step; } stepped;
static tp_status adam_of(void *arg)
{
    stepped *s = arg;
    return tp_fused_adam_(TP_TENSORS(s->p), TP_TENSORS(s->g), TP_TENSORS(s->m), TP_TENSORS(s->v), (tp_tensor_list){ .n = 0 }, TP_TENSORS(s->step), .lr = 0.1);
}

START_TEST(counts_of_steps_lie_where_they_can_be_counted)
{
    stepped s = { there(tp_ones(TP_SHAPE(3))), there(tp_ones(TP_SHAPE(3))), there(tp_zeros(TP_SHAPE(3))),
                  there(tp_zeros(TP_SHAPE(3))), tp_keep(tp_zeros(TP_SHAPE(1))) };
    ck_ok(adam_of(&s));
    ck_assert(tp_item(s.step) == 1);
    ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, adam_of, &s, 0));
    ck_error(TP_ERR_STATE, "fused_adam_: ");
    ck_assert(tp_item(s.step) == 1);
    stepped host = { tp_ones(TP_SHAPE(3)), tp_ones(TP_SHAPE(3)), tp_zeros(TP_SHAPE(3)), tp_zeros(TP_SHAPE(3)), there(tp_zeros(TP_SHAPE(1))) };
    ck_assert_int_eq(adam_of(&host), TP_ERR_DEVICE);
    ck_error(TP_ERR_DEVICE, "is on cuda:0, its parameter on cpu");
    tp_tensor *const found = there(tp_zeros((tp_shape){ .ndim = 0 })), *const on_host = tp_zeros(TP_SHAPE(1));
    stepped all = { host.p, host.g, host.m, host.v, on_host };
    ck_assert_ptr_null(tp_fused_skip(found));
    ck_assert_int_eq(adam_of(&all), TP_ERR_DEVICE);
    ck_error(TP_ERR_DEVICE, "found_inf, which is read before the step, is on cuda:0, the first parameter on cpu");
    tp_fused_skip(NULL);
    ck_ok(adam_of(&all));
    tp_release(found);
    if (tp_cuda_device_count() > 1) {
        stepped apart = s;
        apart.step = tp_zeros(TP_SHAPE(1), .device = TP_CUDA(1));
        ck_assert_int_eq(adam_of(&apart), TP_ERR_DEVICE);
        ck_error(TP_ERR_DEVICE, "is on cuda:1, its parameter on cuda:0");
    }
    tp_release(s.p), tp_release(s.g), tp_release(s.m), tp_release(s.v), tp_release(s.step), tp_release(host.step);
    ck_fine();
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *victim;
static tp_status asks_for_an_item(void *arg) { (void)arg; tp_item(victim); return TP_OK; }
static tp_status copies_out(void *arg) { float v[4]; (void)arg; return tp_copy_to(victim, v, sizeof v); }
static tp_status moves_to_the_host(void *arg) { (void)arg; tp_to(victim, TP_CPU); return TP_OK; }
static tp_status takes_from_the_host(void *arg) { (void)arg; tp_to(tp_ones(TP_SHAPE(3)), DEVICE); return TP_OK; }
static tp_status synchronizes(void *arg) { (void)arg; return tp_synchronize(DEVICE); }
static tp_status changes_streams(void *arg) { (void)arg; return tp_stream_set(DEVICE, NULL); }
static tp_status fails_by_itself(void *arg) { (void)arg; return TP_ERR_IO; }
static tp_status checks_the_norm(void *arg)
{
    (void)arg;
    tp_tensor *w = tp_ones(TP_SHAPE(4), .device = DEVICE);
    tp_requires_grad(w, true);
    tp_set_grad(w, victim);
    return tp_clip_grad_norm(TP_TENSORS(w), 1, .error_if_nonfinite = true) ? TP_OK : tp_error_status();
}
static tp_status has_an_error(void *arg) { (void)arg; tp_add(victim, tp_ones(TP_SHAPE(7), .device = DEVICE)); return TP_OK; }
static tp_status is_fine(void *arg) { (void)arg; return tp_add_(victim, 1) ? TP_OK : tp_error_status(); }
static tp_status records_another(void *arg) { (void)arg; tp_cuda_graph_record(DEVICE, is_fine, NULL, 0); return TP_OK; }
static const struct { tp_cuda_graph_fn *step; tp_status status; const char *text; } refused[] = {
    { asks_for_an_item, TP_ERR_SHAPE, "item: " },
    { copies_out, TP_ERR_STATE, "the host cannot wait for cuda:0 while a graph is recorded" },
    { moves_to_the_host, TP_ERR_STATE, "the host cannot wait for cuda:0 while a graph is recorded" },
    { takes_from_the_host, TP_ERR_STATE, "the host cannot wait for cuda:0 while a graph is recorded" },
    { synchronizes, TP_ERR_STATE, "synchronize: the host cannot wait for cuda:0 while a graph is recorded" },
    { changes_streams, TP_ERR_STATE, "stream_set: not while a graph is recorded" },
    { checks_the_norm, TP_ERR_STATE, "item: the host cannot wait for cuda:0 while a graph is recorded" },
    { fails_by_itself, TP_ERR_IO, "an error of its own" },
    { has_an_error, TP_ERR_SHAPE, "add: " },
    { records_another, TP_ERR_STATE, "cuda_graph_record: not while a graph is recorded" },
};

static tp_status reads_one(void *arg) { tp_item(arg); return TP_OK; }

START_TEST(what_waits_is_an_error_that_names_it)
{
    victim = tp_keep(tp_ones(TP_SHAPE(4), .device = DEVICE));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, refused[i].step, NULL, 0));
        ck_error(refused[i].status, refused[i].text);
        ck_assert(tp_stream_current(DEVICE) == NULL);
        ck_ok(is_fine(NULL));
        ck_ok(tp_synchronize(DEVICE));
    }
    tp_tensor *one = tp_ones(TP_SHAPE(1), .device = DEVICE);
    ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, reads_one, one, 1));             /* fine in the step before */
    ck_message("item: the host cannot wait for cuda:0 while a graph is recorded");
    tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, is_fine, NULL, 0);
    ck_ok(tp_cuda_graph_replay(graph));
    ck_assert(tp_item(tp_narrow(victim, 0, 0, 1)) == 2 + (double)(sizeof refused / sizeof *refused));
    tp_cuda_graph_free(graph);
    tp_release(victim);
}
END_TEST

START_TEST(arguments_are_checked)
{
    ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, NULL, NULL, 0));
    ck_message("cuda_graph_record: there is no step");
    ck_assert_ptr_null(tp_cuda_graph_record(DEVICE, is_fine, NULL, -1));
    ck_message("cuda_graph_record: warm_up is -1, less than 0");
    ck_assert_ptr_null(tp_cuda_graph_record(TP_CUDA(15), is_fine, NULL, 0));
    ck_error(TP_ERR_DEVICE, "there is no device cuda:15");
    ck_assert_int_eq(tp_cuda_graph_replay(NULL), TP_ERR_ARGUMENT);
    ck_message("cuda_graph_replay: the graph is NULL");
    tp_cuda_graph_free(NULL);
}
END_TEST

START_TEST(on_the_cpu_a_replay_calls_the_step)
{
    victim = tp_keep(tp_zeros(TP_SHAPE(1)));
    tp_cuda_graph *graph = tp_cuda_graph_record(TP_CPU, is_fine, NULL, 2);
    for (int i = 0; i < 3; i++) ck_ok(tp_cuda_graph_replay(graph));
    ck_assert(tp_item(victim) == 5);
    tp_cuda_graph_free(graph);
    tp_release(victim);
}
END_TEST

/* ---- Without memory ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_recording_that_fails_leaves_all_usable)
{
    trainer t = trainer_new(ADAM);
    feed(&t, 0);
    ck_ok(step(&t));
    int failures = 0;
    for (int64_t n = 1; n < 400; n += n < 60 ? 1 : 7) {
        tp_memory_trim(DEVICE);
        if (!cuda_fail_at(n)) break;
        tp_cuda_graph *graph = tp_cuda_graph_record(DEVICE, step, &t, n % 2);
        cuda_fail_at(0);
        if (graph) {
            ck_fine();
            ck_ok(tp_cuda_graph_replay(graph));
            tp_cuda_graph_free(graph);
        } else {
            ck_assert_int_eq(tp_error_status(), TP_ERR_MEMORY);
            tp_clear_error();
            failures++;
        }
        ck_ok(step(&t));
        ck_assert(isfinite(tp_item(t.loss)));
    }
    if (cuda_host_function("taper_cuda_host_fail_at")) ck_assert_int_gt(failures, 0);
    trainer_free(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cuda_graph");
    TCase *tests = tcase_create("graphs");
    tcase_set_timeout(tests, 120);
    if (!has_device(tests)) return suite_add_tcase(suite, tests), run_suite(suite);
    tcase_add_loop_test(tests, a_replay_is_the_step_bit_by_bit, SGD, KINDS);
    tcase_add_loop_test(tests, a_step_of_mixed_precision_is_recorded, SGD, KINDS);
    tcase_add_loop_test(tests, without_a_step_before_what_it_makes_once_is_refused, SGD, KINDS);
    tcase_add_test(tests, a_replay_draws_what_the_step_would_have_drawn);
    tcase_add_test(tests, nothing_else_gets_the_memory_of_a_graph);
    tcase_add_test(tests, what_a_graph_reads_stays_when_it_is_dropped);
    tcase_add_loop_test(tests, no_step_is_made_of_a_bad_index, SGD, KINDS);
    tcase_add_test(tests, counts_of_steps_lie_where_they_can_be_counted);
    tcase_add_test(tests, what_waits_is_an_error_that_names_it);
    tcase_add_test(tests, arguments_are_checked);
    tcase_add_test(tests, on_the_cpu_a_replay_calls_the_step);
    tcase_add_test(tests, a_recording_that_fails_leaves_all_usable);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
