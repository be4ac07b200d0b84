/* test_parity.c: that parity fails where a fixture says something else than Taper computes, that no file crashes it, and that Taper does
 * as the tree's fixtures say. It reads build/CONFIG/bin/parity, and alters copies of tests/parity/fixtures. */
#include "folder.h"
#include "parity_tool.h"

#include <jansson.h>
#include <sys/stat.h>

enum { MOST_TENSORS = 4096 };

static void path_of(char *out, size_t size, const char *name) { snprintf(out, size, "%s/%s.safetensors", folder, name); }

static const char *last_line(void)
{
    size_t n = strlen(output);
    while (n && output[n - 1] == '\n') output[--n] = 0;
    const char *line = strrchr(output, '\n');
    return line ? line + 1 : output;
}

#define ck_says(text) ck_assert_msg(strstr(output, text), "\"%s\" is not in: %s", text, output)

/* ---- A fixture that is altered ----------------------------------------------------------------------------------------------- */

typedef struct copy {
    const char *name;
    tp_safetensors *file;
    tp_named_tensor tensors[MOST_TENSORS];
    int64_t n;
    json_t *samples, *errors;
} copy;

static json_t *section(const copy *c, const char *name)
{
    json_t *parsed = json_loads(tp_safetensors_metadata(c->file, name), 0, NULL);
    ck_assert_ptr_nonnull(parsed);
    return parsed;
}

static void open_copy(copy *c, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "tests/parity/fixtures/%s.safetensors", name);
    const char *slash = strrchr(name, '/');
    *c = (copy){ .name = slash ? slash + 1 : name, .file = tp_safetensors_open(path) };
    ck_fine();
    for (; c->n < tp_safetensors_count(c->file); c->n++) {
        ck_assert_int_lt(c->n, MOST_TENSORS);
        c->tensors[c->n] = (tp_named_tensor){ tp_safetensors_name(c->file, c->n), tp_clone(tp_safetensors_tensor(c->file, c->n)) };
    }
    c->samples = section(c, "samples");
    c->errors = section(c, "errors");
}

static void save_copy(copy *c)
{
    char path[600];
    char *samples = json_dumps(c->samples, JSON_COMPACT), *errors = json_dumps(c->errors, JSON_COMPACT);
    const tp_metadata metadata[] = { { "samples", samples }, { "errors", errors } };
    path_of(path, sizeof path, c->name);
    ck_ok(tp_safetensors_save(path, c->tensors, c->n, metadata, 2));
    free(samples);
    free(errors);
}

static void close_copy(copy *c)
{
    json_decref(c->samples);
    json_decref(c->errors);
    tp_safetensors_close(c->file);
}

/* The first sample whose `list` names a tensor of that dtype that is not empty, and that tensor. */
static json_t *sample_with(copy *c, json_t *(*list)(json_t *sample), tp_dtype dtype, tp_tensor **out)
{
    size_t i, k;
    json_t *sample, *item;
    json_array_foreach(c->samples, i, sample)
        json_array_foreach(list(sample), k, item) {
            const char *name = json_string_value(json_object_get(item, "tensor"));
            for (int64_t t = 0; name && t < c->n; t++) {
                if (strcmp(c->tensors[t].name, name) || tp_dtype_of(c->tensors[t].tensor) != dtype || !tp_numel(c->tensors[t].tensor)) continue;
                *out = c->tensors[t].tensor;
                return sample;
            }
        }
    ck_abort_msg("%s has no such sample", c->name);
    return NULL;
}

static json_t *outputs_of(json_t *sample) { return json_object_get(sample, "outputs"); }
static json_t *grads_of(json_t *sample) { return json_object_get(sample, "grads"); }
static json_t *param_grads_of(json_t *sample) { return json_object_get(sample, "param_grads"); }
static json_t *after_of(json_t *sample) { return json_object_get(sample, "after"); }
static json_t *second_grads_of(json_t *sample) { return json_object_get(json_object_get(sample, "gradgrads"), "grads"); }

/* The middle element grows by a little more than any tolerance allows. */
static void nudge(tp_tensor *x)
{
    void *values = tp_data_mut(x);
    ck_assert_ptr_nonnull(values);
    if (tp_dtype_of(x) == TP_F64) ((double *)values)[tp_numel(x) / 2] += 1e-3;
    else ((float *)values)[tp_numel(x) / 2] += 1e-2f;
}

static void run_altered(const char *says)
{
    static const char *const ways[] = { "--verbose", "--verbose --here" };
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(run_parity("", folder, ways[i]), 1);
        ck_says(says);
        ck_assert_ptr_nonnull(strstr(last_line(), " passed, 1 failed, 0 skipped"));
    }
}

/* ---- What it must notice --------------------------------------------------------------------------------------------------------- */

START_TEST(fixtures_as_they_are_pass)
{
    static const char *const names[] = { "mul", "transpose", "tanh" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        TP_SCOPE();
        copy c;
        open_copy(&c, names[i]);
        save_copy(&c);
        close_copy(&c);
    }
    ck_assert_msg(run_parity("", folder, "--verbose") == 0, "%s", output);
    ck_assert_ptr_nonnull(strstr(last_line(), " passed, 0 failed, 0 skipped"));
}
END_TEST

static void alter_a_number(const char *name, json_t *(*list)(json_t *), tp_dtype dtype, const char *says)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, name);
    sample_with(&c, list, dtype, &x);
    nudge(x);
    save_copy(&c);
    close_copy(&c);
    run_altered(says);
}

START_TEST(one_altered_number_in_an_output_fails) { alter_a_number("mul", outputs_of, TP_F64, "     output 0: 1 of "); }
END_TEST
START_TEST(one_altered_number_in_a_gradient_fails)     /* by tp_grad, and by tp_backward */
{
    alter_a_number("mul", grads_of, TP_F64, "     gradient of in0: 1 of ");
    alter_a_number("mul", grads_of, TP_F32, "     gradient of in0: 1 of ");
}
END_TEST
START_TEST(one_altered_number_in_a_second_gradient_fails) { alter_a_number("mul", second_grads_of, TP_F64, "     second-order gradient of in0: 1 of "); }
END_TEST

START_TEST(the_form_in_place_is_held_against_the_same_numbers)
{
    alter_a_number("tanh", outputs_of, TP_F64, "     in place: 1 of ");
    alter_a_number("tanh", grads_of, TP_F32, "     in place: gradient of in0: 1 of ");
}
END_TEST

START_TEST(an_argument_of_another_name_than_pytorch_s_fails)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, "mul");
    json_t *args = json_object_get(sample_with(&c, outputs_of, TP_F64, &x), "args");
    json_object_set_new(json_array_get(args, 1), "name", json_string("multiplier"));
    save_copy(&c);
    close_copy(&c);
    run_altered("by names alone: the call failed: mul: no argument is named \"multiplier\"");
}
END_TEST

static void alter_a_view(void (*alter)(json_t *text), const char *says)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, "transpose");
    alter(json_array_get(outputs_of(sample_with(&c, outputs_of, TP_F64, &x)), 0));
    save_copy(&c);
    close_copy(&c);
    run_altered(says);
}

static void forget_the_view(json_t *text) { ck_assert_int_eq(json_object_del(text, "view_of"), 0); }
static void shift_the_view(json_t *text) { ck_assert_int_eq(json_object_set_new(text, "offset", json_integer(1)), 0); }
START_TEST(a_view_where_pytorch_has_none_fails) { alter_a_view(forget_the_view, "it shares the memory of in0, and PyTorch's does not"); }
END_TEST
START_TEST(a_view_of_another_geometry_fails) { alter_a_view(shift_the_view, "], offset 0, and not ["); }
END_TEST

START_TEST(a_copy_where_pytorch_has_a_view_fails)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, "mul");
    json_t *sample = sample_with(&c, outputs_of, TP_F64, &x), *first = json_array_get(json_object_get(sample, "args"), 0);
    json_object_set(json_array_get(outputs_of(sample), 0), "view_of", json_object_get(first, "tensor"));
    save_copy(&c);
    close_copy(&c);
    run_altered("output 0: it is no view of in0, and PyTorch's is");
}
END_TEST

START_TEST(a_call_that_has_to_fail_and_does_not_fails)
{
    TP_SCOPE();
    copy c;
    open_copy(&c, "mul");
    json_t *error = json_array_get(c.errors, 0), *sample = json_array_get(c.samples, 0);
    ck_assert_ptr_nonnull(error);
    json_object_set(error, "args", json_object_get(sample, "args"));
    json_object_set(error, "kwargs", json_object_get(sample, "kwargs"));
    save_copy(&c);
    close_copy(&c);
    run_altered("the call has to fail, and did not");
}
END_TEST

START_TEST(a_call_that_fails_and_should_not_fails)
{
    TP_SCOPE();
    copy c;
    open_copy(&c, "mul");
    json_t *error = json_array_get(c.errors, 0), *sample = json_array_get(c.samples, 0);
    json_object_set(sample, "args", json_object_get(error, "args"));
    save_copy(&c);
    close_copy(&c);
    run_altered("the call failed: mul: ");
}
END_TEST

START_TEST(an_output_too_many_fails)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, "mul");
    json_t *outputs = outputs_of(sample_with(&c, outputs_of, TP_F64, &x));
    json_array_append(outputs, json_array_get(outputs, 0));
    save_copy(&c);
    close_copy(&c);
    run_altered("it has 1 outputs, and not 2");
}
END_TEST

START_TEST(another_dtype_or_shape_fails)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, "mul");
    sample_with(&c, outputs_of, TP_F64, &x);
    for (int64_t i = 0; i < c.n; i++)
        if (c.tensors[i].tensor == x) c.tensors[i].tensor = tp_to_dtype(x, TP_F32);
    save_copy(&c);
    close_copy(&c);
    run_altered("output 0: it is float64 [");
}
END_TEST

START_TEST(an_op_that_is_not_there_fails_unless_that_is_allowed)
{
    TP_SCOPE();
    copy c;
    size_t i;
    json_t *sample;
    open_copy(&c, "tanh");
    json_array_foreach(c.samples, i, sample) json_object_set_new(sample, "function", json_string("nn.functional.tanhish"));
    save_copy(&c);
    close_copy(&c);
    ck_assert_int_eq(run_parity("", folder, ""), 1);
    ck_says("there is no op \"tanhish\"");
    ck_assert_ptr_null(strstr(last_line(), " 0 failed"));
    ck_assert_int_eq(run_parity("", folder, "--registered"), 1);               /* nothing is left to run */
    ck_says("not in the registry: tanhish\n");
    ck_assert_str_eq(last_line(), "0 passed, 0 failed, 0 skipped");
}
END_TEST

START_TEST(at_most_one_in_a_hundred_is_skipped_each_for_a_reason)
{
    TP_SCOPE();
    copy c;
    char options[700];
    open_copy(&c, "tanh");
    save_copy(&c);
    close_copy(&c);
    snprintf(options, sizeof options, "--skips '%s/skips.txt'", folder);
    char path[600];
    snprintf(path, sizeof path, "%s/skips.txt", folder);
    FILE *skips = fopen(path, "w");
    ck_assert_ptr_nonnull(skips);
    fputs("# a comment\ntanh, its reason\n", skips);
    fclose(skips);
    ck_assert_int_eq(run_parity("", folder, options), 1);
    ck_says("1 % is the most");
    ck_says("0 passed, 0 failed, ");
}
END_TEST

/* Of the samples that one line of a list names. */
static long skipped_by(const char *line)
{
    char path[600], options[700];
    snprintf(path, sizeof path, "%s/skips.txt", folder);
    snprintf(options, sizeof options, "--ops tanh --skips '%s'", path);
    FILE *skips = fopen(path, "w");
    ck_assert_ptr_nonnull(skips);
    fputs(line, skips);
    fclose(skips);
    ck_assert_int_eq(run_parity("", "tests/parity/fixtures", options), 0);
    const char *at = strstr(last_line(), " failed, ");
    ck_assert_ptr_nonnull(at);
    return atol(at + strlen(" failed, "));
}

START_TEST(a_line_skips_one_sample_or_one_dtype)
{
    ck_assert_int_eq(skipped_by("tanh/s1, its reason\n"), 1);
    const long doubles = skipped_by("tanh float64, its reason\n");
    ck_assert_int_ge(doubles, 1);
    ck_assert_int_eq(skipped_by("tan, another op\ntanh/s, no sample\ntanh float, no dtype\n"), 0);
}
END_TEST

START_TEST(nothing_to_run_fails)
{
    ck_assert_int_eq(run_parity("", folder, ""), 1);
    ck_assert_str_eq(last_line(), "0 passed, 0 failed, 0 skipped");
    ck_assert_int_eq(run_parity("", "no/such/folder", ""), 1);
    ck_says("cannot read no/such/folder");
    ck_assert_int_eq(run_parity("", "tests/parity/fixtures", "--ops tanh,nonsense"), 1);
    ck_says("no fixture is of \"nonsense\"");
    ck_assert_int_eq(run_parity("", "tests/parity/fixtures", "--device moon"), 2);
    ck_assert_int_eq(run_parity("", "tests/parity/fixtures", "--part 3/2"), 2);
}
END_TEST

/* ---- Equal elements ------------------------------------------------------------------------------------------------------------------ */

/* max of [1, 3, 3] by dim 0, which is at 1 here: a fixture that says `index`, with the gradient where it says. */
static int run_max(int64_t index, int gradient_at, bool ties)
{
    TP_SCOPE();
    char path[600], samples[2048];
    double grad[3] = { 0, 0, 0 };
    grad[gradient_at] = 2;
    const tp_named_tensor tensors[] = {
        { "s0.in0", tp_from_data((double[]){ 1, 3, 3 }, TP_F64, TP_SHAPE(3)) }, { "s0.out0", tp_from_data((double[]){ 3 }, TP_F64, (tp_shape){ .ndim = 0 }) },
        { "s0.out1", tp_from_data(&index, TP_I64, (tp_shape){ .ndim = 0 }) }, { "s0.cot0", tp_from_data((double[]){ 2 }, TP_F64, (tp_shape){ .ndim = 0 }) },
        { "s0.grad_in0", tp_from_data(grad, TP_F64, TP_SHAPE(3)) } };
    snprintf(samples, sizeof samples, "[{\"id\": \"s0\", \"function\": \"max\", \"args\": ["
             "{\"name\": \"input\", \"kind\": \"tensor\", \"tensor\": \"s0.in0\", \"requires_grad\": true, \"strides\": [1], \"offset\": 0},"
             "{\"name\": \"dim\", \"kind\": \"int\", \"value\": 0}], \"kwargs\": [], \"atol\": 0, \"rtol\": 0, \"ties\": %s, \"outputs\": ["
             "{\"kind\": \"tensor\", \"tensor\": \"s0.out0\", \"cot\": \"s0.cot0\"}, {\"kind\": \"tensor\", \"tensor\": \"s0.out1\"}],"
             "\"grads\": [{\"of\": \"s0.in0\", \"tensor\": \"s0.grad_in0\"}]}]", ties ? "true" : "false");
    path_of(path, sizeof path, "max");
    ck_ok(tp_safetensors_save(path, tensors, 5, &(tp_metadata){ "samples", samples }, 1));
    return run_parity("", folder, "--verbose");
}

START_TEST(of_equal_elements_any_may_be_named)
{
    ck_assert_msg(run_max(1, 1, false) == 0, "%s", output);
    ck_assert_int_eq(run_max(2, 2, false), 1);
    ck_assert_msg(run_max(2, 2, true) == 0, "%s", output);
    ck_assert_int_eq(run_max(0, 1, true), 1);
    ck_says("output 1: index 1 points at 3, and PyTorch's at 1");
    ck_assert_int_eq(run_max(2, 0, true), 1);
    ck_says("gradient of in0: an element 1 gets 0, and not 2");
    ck_assert_int_eq(run_max(1, 2, true), 1);           /* it names the same, and has the gradient elsewhere */
}
END_TEST

/* ---- Damaged files ------------------------------------------------------------------------------------------------------------------ */

static void run_damaged(const char *says)
{
    ck_assert_int_eq(run_parity("", folder, "--verbose"), 1);
    ck_says(says);
    ck_assert_ptr_null(strstr(output, "it crashed"));
    ck_assert_ptr_nonnull(strstr(last_line(), " failed, 0 skipped"));
}

/* What one place of the first sample is set to, and what parity says of it. A path is of keys, "args/0/strides". */
static const struct { const char *at, *json, *says; } damages[] = {
    { "args", "7", "no list of arguments" },
    { "args/0", "7", "an argument of no known kind" },
    { "args/0/kind", "\"sparse\"", "an argument of no known kind" },
    { "args/0/kind", "\"int\"", "an int" },
    { "args/0/kind", "\"slice\"", "a slice" },
    { "args/0/kind", "\"floats\"", "a list without values" },
    { "args/0/kind", "\"dtype\"", "a dtype" },
    { "args/0/tensor", "\"nowhere\"", "a tensor that the file does not hold" },
    { "args/0/tensor", "null", "a tensor without a name" },
    { "args/0/strides", "[-1, 1]", "strides" },
    { "args/0/strides", "null", "strides" },
    { "args/0/strides", "[9223372036854775807, 9223372036854775807, 1]", "strides" },
    { "args/0/offset", "9223372036854775807", "an offset" },
    { "args/0/offset", "1000", "strides that leave the storage" },
    { "args/0/offset", "-1", "an offset" },
    { "args/0/storage", "9223372036854775807", "a storage" },
    { "args/0/storage", "-5", "a storage" },
    { "atol", "\"many\"", "a tolerance" },
    { "outputs", "{}", "no list of outputs" },
    { "outputs/0", "[]", "an output of no kind" },
    { "outputs/0/tensor", "\"nowhere\"", "a tensor that the file does not hold" },
    { "outputs/0/view_of", "\"nowhere\"", "a view of no input" },
    { "outputs/0/cot", "\"nowhere\"", "a tensor that the file does not hold" },
    { "grads/0/of", "\"nowhere\"", "a gradient of no input" },
    { "gradgrads/cots/0/grad_of", "\"nowhere\"", "a second cotangent of no gradient" },
    { "function", "null", "a sample of no known kind" },
};

static void set_at(json_t *value, const char *path, json_t *to)
{
    const size_t n = strcspn(path, "/");
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)n, path);
    const bool is_last = !path[n];
    if (json_is_array(value) && is_last) json_array_set_new(value, (size_t)atoi(key), to);
    else if (is_last && json_is_null(to)) json_object_del(value, key), json_decref(to);
    else if (is_last) json_object_set_new(value, key, to);
    else set_at(json_is_array(value) ? json_array_get(value, (size_t)atoi(key)) : json_object_get(value, key), path + n + 1, to);
}

START_TEST(a_damaged_sample_is_told_and_crashes_nothing)
{
    TP_SCOPE();
    copy c;
    tp_tensor *x;
    open_copy(&c, "mul");
    set_at(sample_with(&c, second_grads_of, TP_F64, &x), damages[_i].at, json_loads(damages[_i].json, JSON_DECODE_ANY, NULL));
    save_copy(&c);
    close_copy(&c);
    run_damaged(damages[_i].says);
}
END_TEST

static bytes read_fixture(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "tests/parity/fixtures/%s.safetensors", name);
    return read_bytes(path);
}

static void write_fixture(const char *at, size_t n)
{
    char path[600];
    path_of(path, sizeof path, "mul");
    write_bytes(path, at, n);
}

START_TEST(a_damaged_file_is_told_and_crashes_nothing)
{
    const bytes whole = read_fixture("mul");
    for (size_t keep = 0; keep < whole.n; keep = keep < 16 ? keep + 5 : keep * 3) {          /* cut off */
        write_fixture(whole.at, keep);
        run_damaged("the file");
    }
    memcpy(strstr(whole.at + 8, "samples"), "sample_", 7);
    write_fixture(whole.at, whole.n);
    run_damaged("it has no section \"samples\"");
    memset(strstr(whole.at + 8, "sample_") + 10, '!', 20);
    write_fixture(whole.at, whole.n);
    run_damaged("the file");
    free(whole.at);
}
END_TEST

static const char *const flipped[] = { "mul", "modules/norm", "modules/attention" };
START_TEST(no_flipped_byte_crashes_anything)
{
    const bytes whole = read_fixture(flipped[_i]);
    const size_t n = whole.n;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 150; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;       /* xorshift64, Marsaglia 2003 */
        char *at = &whole.at[random % (i % 3 ? 16384 < n ? 16384 : n : n)], was = *at;
        *at = (char)(random >> 40);
        write_fixture(whole.at, whole.n);
        run_parity("", folder, "--verbose");
        ck_assert_msg(!strstr(output, "it crashed") && !strstr(output, "it ran for"), "byte %td as %d: %s", at - whole.at, *at, output);
        *at = was;
    }
    free(whole.at);
}
END_TEST

/* ---- Modules --------------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; json_t *(*list)(json_t *); const char *says; } module_numbers[] = {
    { "modules/norm", outputs_of, "     output 0: 1 of " },
    { "modules/norm", grads_of, "     gradient of s0.in0: 1 of " },
    { "modules/norm", param_grads_of, "     gradient of weight: 1 of " },
    { "modules/norm", after_of, "     afterwards running_mean: 1 of " },
    { "modules/recurrent", param_grads_of, "     gradient of weight_ih_l0: 1 of " },
    { "modules/attention", outputs_of, "     output 0: 1 of " },
};
START_TEST(one_altered_number_of_a_module_fails)
{
    alter_a_number(module_numbers[_i].name, module_numbers[_i].list, TP_F64, module_numbers[_i].says);
}
END_TEST

/* What one place of a sample of a module is set to, and what parity says of it. */
static const struct { const char *at, *json, *says; } module_damages[] = {
    { "module", "\"Nonsense\"", "there is no module \"Nonsense\"" },
    { "ctor", "7", "no list of arguments" },
    { "ctor/kwargs/0/name", "\"features\"", "the module could not be built: BatchNorm1d: it takes no argument \"features\"" },
    { "ctor/kwargs/0/value", "4", "weight: it is float64 [4], and not float64 [3]" },
    { "state", "[]", "its state has 5 tensors, and not 0" },
    { "state/0/name", "\"scale\"", "its state has \"weight\" in the place of the parameter \"scale\"" },
    { "state/0/kind", "\"buffer\"", "its state has \"weight\" in the place of the buffer \"weight\"" },
    { "state/0/tensor", "\"nowhere\"", "a tensor that the file does not hold" },
    { "after", "[]", "afterwards running_mean: 3 of 3 elements differ" },
    { "args/0/name", "null", NULL },                   /* by position */
    { "training", "false", " elements differ" },
    { "dtype", "\"float32\"", "weight: it is float32 [3], and not float64 [3]" },
    { "param_grads/0/of", "\"nowhere\"", "a gradient of no input" },
};

START_TEST(a_damaged_module_is_told_and_crashes_nothing)
{
    TP_SCOPE();
    copy c;
    open_copy(&c, "modules/norm");
    set_at(json_array_get(c.samples, 0), module_damages[_i].at, json_loads(module_damages[_i].json, JSON_DECODE_ANY, NULL));
    save_copy(&c);
    close_copy(&c);
    if (module_damages[_i].says) run_damaged(module_damages[_i].says);
    else ck_assert_msg(run_parity("", folder, "--verbose") == 0, "%s", output);
}
END_TEST

/* ---- The fixtures of the tree ------------------------------------------------------------------------------------------------------- */

static void run_whole(const char *directory)
{
    const int status = run_parity("", directory, "--skips ''");
    puts(output);
    fflush(stdout);
    ck_assert_ptr_nonnull(strstr(last_line(), " failed, 0 skipped"));
    ck_assert_msg(!strstr(output, "it crashed"), "a sample crashed");
    ck_assert_int_eq(status, 0);
}

START_TEST(every_op_does_what_pytorch_does) { run_whole("tests/parity/fixtures"); }
END_TEST
START_TEST(every_module_does_what_pytorch_does) { run_whole("tests/parity/fixtures/modules"); }
END_TEST

int main(void)
{
    Suite *s = suite_create("parity");
    TCase *altered = tcase_create("altered fixtures"), *whole = tcase_create("fixtures");
    tcase_set_timeout(altered, 120);
    tcase_add_checked_fixture(altered, make_folder, remove_folder);
    tcase_add_test(altered, fixtures_as_they_are_pass);
    tcase_add_test(altered, one_altered_number_in_an_output_fails);
    tcase_add_test(altered, one_altered_number_in_a_gradient_fails);
    tcase_add_test(altered, one_altered_number_in_a_second_gradient_fails);
    tcase_add_test(altered, the_form_in_place_is_held_against_the_same_numbers);
    tcase_add_test(altered, an_argument_of_another_name_than_pytorch_s_fails);
    tcase_add_test(altered, a_view_where_pytorch_has_none_fails);
    tcase_add_test(altered, a_view_of_another_geometry_fails);
    tcase_add_test(altered, a_copy_where_pytorch_has_a_view_fails);
    tcase_add_test(altered, a_call_that_has_to_fail_and_does_not_fails);
    tcase_add_test(altered, a_call_that_fails_and_should_not_fails);
    tcase_add_test(altered, an_output_too_many_fails);
    tcase_add_test(altered, another_dtype_or_shape_fails);
    tcase_add_test(altered, an_op_that_is_not_there_fails_unless_that_is_allowed);
    tcase_add_test(altered, at_most_one_in_a_hundred_is_skipped_each_for_a_reason);
    tcase_add_test(altered, a_line_skips_one_sample_or_one_dtype);
    tcase_add_test(altered, nothing_to_run_fails);
    tcase_add_test(altered, of_equal_elements_any_may_be_named);
    tcase_add_loop_test(altered, a_damaged_sample_is_told_and_crashes_nothing, 0, (int)(sizeof damages / sizeof *damages));
    tcase_add_test(altered, a_damaged_file_is_told_and_crashes_nothing);
    tcase_add_loop_test(altered, no_flipped_byte_crashes_anything, 0, (int)(sizeof flipped / sizeof *flipped));
    tcase_add_loop_test(altered, one_altered_number_of_a_module_fails, 0, (int)(sizeof module_numbers / sizeof *module_numbers));
    tcase_add_loop_test(altered, a_damaged_module_is_told_and_crashes_nothing, 0, (int)(sizeof module_damages / sizeof *module_damages));
    tcase_set_timeout(whole, 600);
    tcase_add_test(whole, every_op_does_what_pytorch_does);
    tcase_add_test(whole, every_module_does_what_pytorch_does);
    suite_add_tcase(s, altered);
    suite_add_tcase(s, whole);
    return run_suite(s);
}
