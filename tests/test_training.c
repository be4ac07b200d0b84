/* test_training.c: a run of training that stops, in the middle of an epoch too, and goes on in other objects as if it had not. */
#include "data.h"
#include "failing.h"
#include "folder.h"

typedef struct run {
    tp_dataset *set;
    tp_module *net;
    tp_optimizer *opt;
    tp_schedule *schedule;
    tp_scaler *scaler;
    tp_loader *loader;
    tp_tensor *steps;
} run;

/* Of weights, order and dropout that differ from run to run. */
static run begin(int workers)
{
    run r = { .set = numbers(20), .net = tp_sequential(tp_nn_linear(2, 8), tp_nn_batch_norm1d(8), tp_nn_dropout(0.5), tp_nn_linear(8, 1)) };
    r.opt = tp_adam(tp_parameters(r.net), .lr = 0.01);
    r.schedule = tp_sequential_schedule(TP_SCHEDULES(tp_linear_schedule(r.opt, .total_iters = 3), tp_cosine_schedule(r.opt, 9)), (int64_t[]){ 3 });
    r.scaler = tp_grad_scaler(.init_scale = 8, .growth_interval = 3);
    r.loader = tp_data_loader(r.set, .batch_size = 4, .shuffle = true, .workers = workers);
    r.steps = tp_keep(tp_zeros((tp_shape){ .ndim = 0 }, .dtype = TP_I64));
    return r;
}

static void end(run *r) { tp_free_all(r->set, r->net, r->opt, r->schedule, r->scaler, r->loader, r->steps); }

static void steps(run *r, int n, double *losses)
{
    tp_batch batch;
    for (int i = 0; i < n;) {
        if (!tp_loader_next(r->loader, &batch))
            continue;                                  /* the next epoch */
        TP_SCOPE();
        tp_tensor *loss = tp_mse_loss(tp_forward(r->net, tp_div(batch.x, 40)), tp_unsqueeze(tp_div(tp_to_dtype(batch.y, TP_F32), 20), 1));
        ck_ok(tp_zero_grad(r->opt));
        ck_ok(tp_backward(tp_scaler_scale(r->scaler, loss)));
        ck_ok(tp_scaler_step(r->scaler, r->opt));
        ck_ok(tp_scaler_update(r->scaler));
        ck_ok(tp_schedule_step(r->schedule));
        ck_assert_ptr_nonnull(tp_add_(r->steps, 1));
        losses[i++] = tp_item(loss);
    }
}

#define PARTS(r) { "model", (r).net }, { "optimizer", (r).opt }, { "scheduler", (r).schedule }, { "scaler", (r).scaler }, { "loader", (r).loader }, \
                 { "steps", (r).steps }

START_TEST(a_run_goes_on_as_if_it_had_not_stopped)
{
    make_folder();
    for (int before = 0; before < 13; before += 4) {   /* at the beginning; in epoch 0, 1 and 2, of 5 batches each */
        TP_SCOPE();
        double whole[20], rest[20];
        tp_manual_seed(7);
        run first = begin(2);
        steps(&first, before, whole);
        ck_ok(tp_training_save(in_folder("run.safetensors"), PARTS(first)));
        steps(&first, 17 - before, whole + before);
        const double drawn = tp_item(tp_rand(TP_SHAPE(1)));

        tp_manual_seed(99);
        run second = begin(0);
        ck_ok(tp_training_load(in_folder("run.safetensors"), PARTS(second)));
        ck_assert_int_eq(tp_item_i64(second.steps), before);
        steps(&second, 17 - before, rest);
        ck_assert_mem_eq(rest, whole + before, (size_t)(17 - before) * sizeof *rest);
        ck_assert_int_eq(tp_item_i64(second.steps), 17);
        ck_assert(tp_item(tp_rand(TP_SHAPE(1))) == drawn);
        ck_assert(tp_get_lr(second.opt) == tp_get_lr(first.opt) && tp_scaler_get_scale(second.scaler) == tp_scaler_get_scale(first.scaler));
        tp_parameter_list a = tp_parameters(first.net), b = tp_parameters(second.net);
        for (int64_t i = 0; i < a.n; i++)
            ck_assert(tp_equal(a.at[i], b.at[i]));
        end(&first);
        end(&second);
    }
    remove_folder();
    ck_fine();
}
END_TEST

START_TEST(a_part_can_be_loaded_alone)
{
    make_folder();
    TP_SCOPE();
    double losses[4];
    run r = begin(0), other = begin(0);
    steps(&r, 4, losses);
    const char *const path = in_folder("run.safetensors");
    /* Two optimizers of different kinds in one file, each told from the other. */
    tp_optimizer *sgd = tp_sgd(tp_parameters(r.net), .lr = 0.25), *again = tp_sgd(tp_parameters(other.net)), *adam = tp_adam(tp_parameters(other.net));
    ck_ok(tp_training_save(path, { "net", r.net }, { "adam", r.opt }, { "sgd", sgd }, { "schedule", r.schedule }, { "scaler", r.scaler }));
    ck_ok(tp_module_load(other.net, path, .prefix = "net."));
    ck_assert(tp_equal(tp_module_tensor(other.net, "3.weight"), tp_module_tensor(r.net, "3.weight")));
    ck_ok(tp_optimizer_load(again, path, .prefix = "sgd."));
    ck_assert(tp_get_lr(again) == 0.25);
    ck_ok(tp_optimizer_load(adam, path, .prefix = "adam."));
    ck_ok(tp_schedule_load(other.schedule, path, .prefix = "schedule."));
    ck_assert_int_eq(tp_schedule_epoch(other.schedule), 4);
    ck_ok(tp_scaler_load(other.scaler, path, .prefix = "scaler."));
    ck_assert(tp_scaler_get_scale(other.scaler) == 16);
    ck_assert_int_eq(tp_optimizer_load(again, path, .prefix = "adam."), TP_ERR_FORMAT);
    ck_error(TP_ERR_FORMAT, "optimizer_load: the file is of adam, the optimizer is sgd");
    tp_free_all(sgd, again, adam);
    end(&r);
    end(&other);
    remove_folder();
    ck_fine();
}
END_TEST

START_TEST(what_is_no_part_or_does_not_fit_is_told)
{
    make_folder();
    TP_SCOPE();
    run r = begin(0);
    const char *const path = in_folder("run.safetensors");
    ck_assert_int_eq(tp_training_save(path, { "model", NULL }), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "training_save: the part \"model\" is NULL");
    tp_training_save(path, { "data", r.set });
    ck_error(TP_ERR_ARGUMENT, "training_save: the part \"data\" is no module, optimizer, schedule, scaler, loader or tensor");
    tp_training_save(path, { "a", r.net }, { "a", r.opt });
    ck_error(TP_ERR_ARGUMENT, "training_save: two parts are named \"a\"");
    tp_training_save(path, { "random", r.net });
    ck_error(TP_ERR_ARGUMENT, "training_save: part 0 cannot be named \"random\"");
    tp_training_save(path, { "a.b", r.net });
    ck_error(TP_ERR_ARGUMENT, "training_save: part 0 cannot be named \"a.b\"");
    tp_training_load(path, { "model", r.net });
    ck_error(TP_ERR_IO, "file_open: cannot read");
    ck_assert_int_eq(count_files(), 0);

    ck_ok(tp_training_save(path, { "model", r.net }, { "optimizer", r.opt }, { "steps", r.steps }));
    tp_training_load(path, { "model", r.net }, { "optimizer", r.opt });
    ck_error(TP_ERR_ARGUMENT, "has steps, which is of none of the parts");
    tp_training_load(path, PARTS(r));
    ck_error(TP_ERR_FORMAT, "schedule_load: the file is of no schedule");
    tp_training_load(path, { "optimizer", r.opt }, { "steps", tp_zeros(TP_SHAPE(2), .dtype = TP_I64) }, { "model", r.net });
    ck_error(TP_ERR_SHAPE, "training_load: steps has another shape than the tensor");
    tp_training_load(path, { "model", r.net }, { "optimizer", r.opt }, { "steps", r.loader });
    ck_error(TP_ERR_FORMAT, "training_load: the file has no steps.seed");
    ck_ok(tp_module_save(r.net, path));
    tp_training_load(path, { "model", r.net });
    ck_error(TP_ERR_FORMAT, "has no \"random\": it is not of training_save");
    end(&r);
    remove_folder();
    ck_fine();
}
END_TEST

typedef struct job { run *r; const char *path; } job;
static void save_it(void *arg) { job *j = arg; run *r = j->r; tp_training_save(j->path, PARTS(*r)); }
static void load_it(void *arg) { job *j = arg; run *r = j->r; tp_training_load(j->path, PARTS(*r)); }

START_TEST(failing_memory_is_an_error_and_leaks_nothing)
{
    make_folder();
    TP_SCOPE();
    double losses[2];
    run r = begin(0);
    job j = { &r, in_folder("run.safetensors") };
    steps(&r, 2, losses);
    tp_loader_reset(r.loader);                         /* a batch that is lent would be given back by the first load */
    every_point("a run saved", save_it, load_it, &j);
    every_point("a run loaded", load_it, NULL, &j);
    end(&r);
    remove_folder();
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("training");
    TCase *t = tcase_create("training");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_run_goes_on_as_if_it_had_not_stopped);
    tcase_add_test(t, a_part_can_be_loaded_alone);
    tcase_add_test(t, what_is_no_part_or_does_not_fit_is_told);
    tcase_add_test(t, failing_memory_is_an_error_and_leaks_nothing);
    suite_add_tcase(s, t);
    return run_suite(s);
}
