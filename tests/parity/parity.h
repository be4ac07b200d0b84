/* parity.h: what the files of the parity program share.
 *
 * The program reads fixtures, which hold calls and what PyTorch computed for them, makes the same calls through the registry
 * and compares. It computes nothing itself, knows no op, and uses public headers alone. A file is run by a process of its own
 * (worker.c), so that a crash is one failed sample; a sample runs in a scope of its own, with memory of its own. */
#ifndef PARITY_H
#define PARITY_H

#include <taper/taper.h>

#include <jansson.h>
#include <string.h>

#define SUFFIX ".safetensors"                          /* of every path that is run */
enum { MAX_LEAVES = 1024, MAX_ARGS = 32, MAX_OUTPUTS = 1024, MAX_DEPTH = 8 };

typedef enum verdict { PASSED, FAILED, SKIPPED, MISSING } verdict;     /* MISSING: the registry lacks the op, and that was allowed */

typedef struct settings {
    const char *directory, *ops, *skips;
    tp_device device;
    int threads, part, parts;                          /* parts 0: all files */
    bool registered, verbose, here;
} settings;

/* ---- fixture.c: a file, and what is in its JSON ------------------------------------------------------------------------------ */

typedef struct fixture {
    char stem[256];                                    /* the file's name without .safetensors */
    tp_safetensors *tensors;
    json_t *samples, *errors;                          /* arrays; errors may be NULL */
    char problem[512];                                 /* what is wrong with the file, or "" */
} fixture;

bool fixture_open(fixture *f, const char *path);
void fixture_close(fixture *f);
int fixture_count(const fixture *f);                   /* samples, then errors */
const json_t *fixture_sample(const fixture *f, int i, bool *is_error);

const char *text_at(const json_t *object, const char *key);            /* NULL: there is no such string */
bool flag_at(const json_t *object, const char *key);                   /* absent is false */
bool number_of(const json_t *value, double *out);                      /* a number, or "nan", "inf", "-inf" */

/* ---- sample.c: one sample while it runs ----------------------------------------------------------------------------------------- */

typedef struct leaf { const char *name; tp_tensor *tensor; } leaf;     /* by the name of its stored values */

typedef struct sample {
    const settings *settings;
    const fixture *file;
    const json_t *text;
    const char *id;
    char op[96];                                       /* as the registry calls it */
    double atol, rtol;
    leaf leaves[MAX_LEAVES];
    int n_leaves;
    tp_arg args[MAX_ARGS];
    int n_args, n_by_position;
    bool unpassable;                                   /* an argument has a kind that no call can carry */
    json_t *grads;                                     /* those of inputs, then those of a module's parameters; owned */
    tp_module *module;                                 /* of a sample of a module; owned */
    const json_t *packed;                              /* the argument that is a packed sequence, if one is */
    tp_tensor *outputs[MAX_OUTPUTS];
    int n_outputs;
    bool reordered;                                    /* of equal elements others were named than PyTorch's */
    bool strays;                                       /* what failed is that a run in float32 went another way, not its first step */
    struct block *blocks;                              /* sample_alloc's */
    verdict verdict;
    char message[8192];                                /* one line for each thing that differs */
    size_t length;
} sample;

void sample_run(sample *s, const settings *how, const fixture *file, int index);
void sample_end(sample *s);
void *sample_alloc(sample *s, size_t count, size_t size);              /* zeroed, lives as long as the sample; NULL: it has failed */
tp_tensor *sample_leaf(const sample *s, const char *name);             /* an input by name, or NULL */
tp_tensor *sample_stored(sample *s, const char *name);                 /* the values stored under a name; NULL: it has failed */

/* Adds a line to the message and fails the sample. Returns false. */
bool differ(sample *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool differ_error(sample *s, const char *what);        /* with the unread error of Taper, which is cleared */
bool damaged(sample *s, const char *what);             /* the fixture says something that cannot be */

/* ---- name.c: what the registry calls things -------------------------------------------------------------------------------------- */

void name_in_registry(const char *function, char *out, size_t size);
bool name_is_missing(const fixture *f, char *op, size_t size);         /* the file is of an op that the registry lacks, which is put into op */
bool name_is_asked_for(const char *list, const fixture *f, int *which);

/* ---- argument.c, describe.c --------------------------------------------------------------------------------------------------------- */

/* From `text`'s args and kwargs, into room for MAX_ARGS. Returns how many there are, of which the first *by_position go by position;
 * -1: the sample has failed. */
int arguments_read(sample *s, const json_t *text, tp_arg *args, int *by_position);
bool arguments_make(sample *s);                        /* fills args from the sample's args and kwargs */
void arguments_print(const sample *s, char *out, size_t size);         /* the call, for people */
const char *shape_text(tp_tensor *x, char *out, size_t size);          /* "float32 [2, 3]" */

/* ---- call.c, view.c, gradient.c, inplace.c: a call by the registry, and what is asked of it ------------------------------------------ */

/* As PyTorch was called: the first by_position arguments go by position, the others by name. */
tp_status call_op(const char *op, const tp_arg *args, int n, int by_position, tp_tensor **outputs, int *n_outputs);
void run_op_sample(sample *s);
void run_op_error(sample *s);
void check_view(sample *s, const char *what, tp_tensor *got, const json_t *text);
void check_gradients(sample *s, const char *form, tp_tensor *const *outputs, bool with_second);     /* form: "" or "in place: " */
void check_in_place(sample *s, const char *form);      /* form: the op's name with an underscore */
bool writes_an_argument(const tp_op *op);

/* ---- options.c, optimizer.c: optimizers by name, and their runs ----------------------------------------------------------------------- */

bool options_read(sample *s, const json_t *object, const char *except, tp_arg *out, int *n);       /* out has MAX_ARGS */
/* Finds a parameter by what the file calls it, or NULL. The optimizer, with its groups, is freed by the caller; NULL: it has failed. */
typedef tp_tensor *find_param_fn(void *arg, const json_t *name);
tp_optimizer *options_optimizer(sample *s, tp_tensor_list all, find_param_fn *find, void *arg);
void run_optimizer_sample(sample *s);
void run_clip_sample(sample *s);

/* ---- module.c: a module by the registry ------------------------------------------------------------------------------------------------ */

/* Builds what `text`, {"module", "ctor"}, says. NULL: it failed, with an unread error of Taper or the sample's own. */
tp_module *module_build(sample *s, const json_t *text);
void run_module_sample(sample *s);
void run_module_error(sample *s);
bool compare_outputs(sample *s);                       /* call.c: of an op or a module */

/* ---- schedule.c, expression.c ------------------------------------------------------------------------------------------------------------ */

void run_schedule_sample(sample *s);
double expression_value(const char *text, double epoch, bool *bad);    /* bad: it cannot be read */

/* ---- trajectory.c: a whole training run ------------------------------------------------------------------------------------------------- */

void run_trajectory(sample *s);

/* ---- compare.c, ties.c: false: the sample has failed -------------------------------------------------------------------------------- */

long double *compare_read(sample *s, tp_tensor *x);    /* the elements, row-major; NULL: the sample has failed */
bool compare_close(long double got, long double want, double atol, double rtol);
bool compare_kind(sample *s, const char *what, tp_tensor *got, tp_tensor *want);       /* dtype and shape */
bool compare_tensors(sample *s, const char *what, tp_tensor *got, tp_tensor *want);
bool compare_number(sample *s, const char *what, tp_tensor *got, const json_t *text);
bool ties_compare(sample *s, const char *what, tp_tensor *got, tp_tensor *want);
bool ties_compare_gradient(sample *s, const char *what, tp_tensor *got, tp_tensor *want);

/* ---- skips.c: the samples that are not run, each for a reason in a file of the tree ----------------------------------------------------- */

const char *skip_reason(const char *skips, const char *op, const char *dtype, const char *id);      /* NULL: run it */

/* ---- worker.c: runs a file in a process of its own ------------------------------------------------------------------------------------------ */

/* Told of each sample as it ends. id is "s3", or "" for the file as a whole, which alone may be MISSING. */
typedef void outcome_fn(void *arg, const char *op, const char *id, verdict result, const char *message);
enum { MOST_ASKED = 1024 };                            /* names in --ops */
/* asked[i] becomes true where the i-th of --ops named the file. */
void worker_run_file(const settings *how, const char *path, bool *asked, outcome_fn *told, void *arg);

#endif
