/* test_parity_runs.c: that parity finds one altered number in a run of an optimizer, in clipped gradients and in a whole training run,
 * and that Taper does as the tree's runs say. It reads build/CONFIG/bin/parity, and alters copies of tests/parity/runs. */
#include "folder.h"
#include "parity_tool.h"

#include <jansson.h>

enum { MOST_TENSORS = 1024 };

static int run_tool(const char *directory)
{
    const int status = run_parity("", directory, "--skips '' --verbose");
    ck_assert_msg(!strstr(output, "it crashed") && !strstr(output, "it ran for"), "%s", output);
    return status;
}

/* Copies a file of tests/parity/runs into the folder. `tensor`, if it is given, has its last element altered; in the section a number
 * is replaced: `path` is of keys and places, "0/options/lr". */
static void set_at(json_t *value, const char *path, json_t *to)
{
    const size_t n = strcspn(path, "/");
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)n, path);
    json_t *inner = json_is_array(value) ? json_array_get(value, (size_t)atoi(key)) : json_object_get(value, key);
    ck_assert_msg(inner || !path[n], "there is no %s", path);
    if (path[n]) set_at(inner, path + n + 1, to);
    else if (json_is_array(value)) json_array_set_new(value, (size_t)atoi(key), to);
    else json_object_set_new(value, key, to);
}

static void alter(tp_tensor *x)
{
    tp_tensor *last = tp_narrow(tp_flatten(x, 0, -1), 0, tp_numel(x) - 1, 1);
    ck_assert_ptr_nonnull(tp_dtype_of(x) == TP_I64 ? tp_sub_(last, 1) : tp_add_(last, 0.01));
}

static void copy_file(const char *name, const char *section, const char *tensor, const char *path, const char *json)
{
    static tp_named_tensor tensors[MOST_TENSORS];
    char from[300], to[600];
    bool found = !tensor;
    TP_SCOPE();
    snprintf(from, sizeof from, "tests/parity/runs/%s.safetensors", name);
    snprintf(to, sizeof to, "%s/%s.safetensors", folder, name);
    tp_safetensors *file = tp_safetensors_open(from);
    ck_fine();
    const int64_t n = tp_safetensors_count(file);
    ck_assert_int_le(n, MOST_TENSORS);
    for (int64_t i = 0; i < n; i++) {
        tensors[i] = (tp_named_tensor){ tp_safetensors_name(file, i), tp_clone(tp_safetensors_tensor(file, i)) };
        if (tensor && !strcmp(tensor, tensors[i].name)) alter(tensors[i].tensor), found = true;
    }
    ck_assert_msg(found, "%s has no %s", name, tensor);
    json_t *text = json_loads(tp_safetensors_metadata(file, section), 0, NULL);
    if (path) set_at(text, path, json_loads(json, JSON_DECODE_ANY, NULL));
    char *dumped = json_dumps(text, JSON_COMPACT);
    ck_ok(tp_safetensors_save(to, tensors, n, &(tp_metadata){ section, dumped }, 1));
    free(dumped);
    json_decref(text);
    tp_safetensors_close(file);
}

static const struct { const char *file, *section, *tensor, *path, *json, *says; } alterations[] = {
    { "optimizers", "samples", "s0.p0", NULL, NULL, "step 3, parameter 0: 1 of 3 elements differ" },
    { "optimizers", "samples", "s0.g1", NULL, NULL, "step 3, parameter 1" },
    { "optimizers", "samples", "s2.p0.exp_avg_sq", NULL, NULL, "step 3, state exp_avg_sq of parameter 0" },
    { "optimizers", "samples", "s20.p1.eta", NULL, NULL, "step 3, state eta of parameter 1" },
    { "optimizers", "samples", NULL, "6/options/momentum", "0.79", "s6" },
    { "optimizers", "samples", NULL, "7/options/alpha", "0.71", "s7" },
    { "optimizers", "samples", NULL, "0/groups/0/lr", "0.31", "step 0, parameter 0" },
    { "optimizers", "samples", NULL, "0/params/1/no_grad_at", "[2]", "step 1, parameter 1" },
    { "optimizers", "samples", NULL, "0/options", "{\"rate\":1}", "sgd has no option rate" },
    { "optimizers", "samples", NULL, "0/optimizer", "\"Sgdx\"", "there is no optimizer Sgdx" },
    { "optimizers", "samples", NULL, "0/params/0/values", "\"nowhere\"", "a tensor that the file does not hold" },
    { "optimizers", "samples", NULL, "0/params/0/grads", "\"s0.p0\"", "gradients of other steps" },
    { "optimizers", "samples", NULL, "0/groups/0/params", "[7]", "a group with a parameter that is not there" },
    { "lbfgs", "samples", "s0.p0", NULL, NULL, "step 3, parameter 0" },
    { "lbfgs", "samples", "s2.A", NULL, NULL, "the loss is" },
    { "lbfgs", "samples", NULL, "1/steps/2/loss", "0.5", "step 2: the loss is" },
    { "lbfgs", "samples", NULL, "3/options/tolerance_grad", "0.5", "s3" },
    { "lbfgs", "samples", NULL, "0/loss", "\"cubic\"", "a loss of no known kind" },
    { "schedules", "samples", NULL, "2/lrs/9/1", "0.0046", "step 9, group 1: the rate" },
    { "schedules", "samples", NULL, "12/momenta/3/0", "0.9", "step 3, group 0: the momentum" },
    { "schedules", "samples", NULL, "14/metrics/1", "0.1", "s14" },
    { "schedules", "samples", NULL, "0/options/lr_lambda", "\"1 +\"", "a function that cannot be read" },
    { "schedules", "samples", NULL, "19/options/milestones/1", "6", "step 6, group 0" },
    { "schedules", "samples", NULL, "2/options/gama", "1", "there is no option gama" },
    { "schedules", "samples", NULL, "2/scheduler", "\"StairLR\"", "there is no schedule StairLR" },
    { "clip", "samples", "s0.norm", NULL, NULL, "the norm" },
    { "clip", "samples", "s3.c1", NULL, NULL, "gradient 1" },
    { "clip", "samples", NULL, "0/options/max_norm", "0.69", "gradient 0" },
    { "clip", "samples", NULL, "0/error", "true", "it succeeds, and has to fail" },
    { "mlp", "trajectory", "final.l2.weight", NULL, NULL, "final.l2.weight" },
    { "mlp", "trajectory", "grad0.l1.bias", NULL, NULL, "grad0.l1.bias" },
    { "mlp", "trajectory", "eval.out", NULL, NULL, "eval.out" },
    { "mlp", "trajectory", NULL, "losses/2", "1.2", "float64, step 2: the loss" },
    { "mlp", "trajectory", NULL, "grad_norms/3", "0.1", "float64, step 3: the norm of the gradients" },
    { "mlp", "trajectory", NULL, "loss", "\"hinge\"", "a loss of no known kind" },
    { "mlp", "trajectory", NULL, "name", "\"mlq\"", "there is no model mlq" },
    { "mlp", "trajectory", NULL, "steps", "7", "fewer numbers than steps" },
    { "lenet", "trajectory", "init.conv1.bias", NULL, NULL, "float64, step 0: the loss" },
    { "resnet", "trajectory", "final.bn.running_var", NULL, NULL, "final.bn.running_var" },
    { "resnet", "trajectory", "final.bn.num_batches_tracked", NULL, NULL, "final.bn.num_batches_tracked" },
    { "gpt", "trajectory", NULL, "lrs/1", "0.0051", "float64, step 2: the loss" },
    { "gpt", "trajectory", NULL, "clip_grad_norm", "0.79", "float64, step" },
    { "gpt", "trajectory", NULL, "model", "\"many heads\"", "how wide a head is" },
    { "char_lstm", "trajectory", "x", NULL, NULL, "float64, step" },
    { "gru", "trajectory", NULL, "options/lr", "0.011", "float64, step 1: the loss" },
    { "treelstm", "trajectory", NULL, "trees/1", "\"(1 (2 it) (2 is\"", "tree 1 is none" },
    { "treelstm", "trajectory", NULL, "trees/0", "\"(3 (2 it) (4 (2 is) (3 fine)))\"", "float64, step 0: the loss" },
};

START_TEST(one_altered_number_fails)
{
    copy_file(alterations[_i].file, alterations[_i].section, NULL, NULL, NULL);
    ck_assert_msg(run_tool(folder) == 0, "%s as it is: %s", alterations[_i].file, output);
    copy_file(alterations[_i].file, alterations[_i].section, alterations[_i].tensor, alterations[_i].path, alterations[_i].json);
    ck_assert_int_eq(run_tool(folder), 1);
    ck_assert_msg(strstr(output, alterations[_i].says), "\"%s\" is not in: %s", alterations[_i].says, output);
}
END_TEST

START_TEST(every_run_goes_as_pytorch_s)
{
    const int status = run_tool("tests/parity/runs");
    ck_assert_msg(status == 0 && strstr(output, " 0 failed, 0 skipped"), "%s", output);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("parity of runs");
    TCase *t = tcase_create("runs");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_loop_test(t, one_altered_number_fails, 0, (int)(sizeof alterations / sizeof *alterations));
    tcase_add_test(t, every_run_goes_as_pytorch_s);
    suite_add_tcase(s, t);
    return run_suite(s);
}
