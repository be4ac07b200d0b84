/* bench.h: a case of taper-bench, and what all of them are made with.
 *
 * A case is a row of its family's table. setup draws the inputs; then a micro case is `forward` (the harness measures it, or
 * with .backward its gradients, too) or `run` when it does something else, and a training case is `step`. What a case draws
 * is kept in b->x in the order of drawing, so that equal seeds mean equal inputs in every program that does the same work. */
#ifndef BENCH_H
#define BENCH_H

#include <taper/taper.h>

typedef struct bench bench;

typedef struct bench_case {
    const char *name;
    void (*setup)(bench *b);
    tp_tensor *(*forward)(bench *b);                   /* the op, from b->x to its output */
    void (*run)(bench *b);                             /* one repetition, where it is not just `forward` */
    double (*step)(bench *b, int i);                   /* one training step; returns its loss */
    bool backward;                                     /* forward and gradients */
    int64_t n;                                         /* what the family's setup makes of them */
    const void *geometry;
    bool recorded;                                     /* the step uses bench_batch and bench_loss, so --graph can record it */
} bench_case;

enum { BENCH_TENSORS = 288, BENCH_FED = 4 };
struct bench {
    const bench_case *is;
    uint64_t lcg;
    tp_tensor *x[BENCH_TENSORS];
    int n_x, n_params;
    uint32_t leaves;                                   /* bit i: x[i] gets a gradient in the .backward form */
    int checked;                                       /* whose gradient is summed for loss_last */
    tp_tensor *upstream;                               /* the gradient that backward starts from */
    int inner;                                         /* repetitions timed together */
    int64_t items, flops, bytes;                       /* of one iteration; `bytes` and `flops` of forward alone, the rest here */
    int64_t backward_bytes;
    int flops_factor;                                  /* forward and backward, in units of forward */
    int steps, warm;
    tp_device device;                                  /* where what is drawn goes */
    tp_dtype amp;                                      /* of the region that the loss is computed in; 0: none */
    bool mixed;                                        /* set by a case whose step does so: --amp is possible */
    bool feeds;                                        /* the step is recorded: batches are copied into `fed`, the loss into `loss` */
    int n_fed, fed_of[BENCH_FED];
    tp_tensor *fed[BENCH_FED], *loss;
    tp_module *net;                                    /* both may be NULL */
    tp_optimizer *opt;
    double host_us;                                    /* of the host, for a repetition whose time is the device's */
    char extra[256];                                   /* more fields of the JSON line, ", \"rounds\": 12" */
};

/* 24 bits of the generator: s = s * 6364136223846793005 + 1442695040888963407, then s >> 40. */
uint32_t bench_bits(bench *b);
int64_t bench_below(bench *b, int64_t n);
tp_tensor *bench_uniform(bench *b, tp_shape shape, double a);      /* in [-a, a) */
tp_tensor *bench_uniform01(bench *b, tp_shape shape);
tp_tensor *bench_ints(bench *b, tp_shape shape, int64_t n);        /* int64 below n */
tp_tensor *bench_const(bench *b, tp_shape shape, double value);    /* draws nothing */
tp_tensor *bench_given(bench *b, const int64_t *values, tp_shape shape);
/* Text of 65 symbols, two tensors: [batches, batch, time], and what comes next of each [batches, batch * time]. Of time + 1 symbols
 * the first is k % 65, the next (7 c + 3 + k % 3) % 65. */
void bench_text(bench *b, int64_t batches, int64_t batch, int64_t time);
void bench_linear(bench *b, int64_t out, int64_t in);              /* weight +-1/sqrt(in), zero bias */
void bench_params(bench *b);                                       /* all that was drawn so far is trained */
tp_tensor_list bench_param_list(bench *b);
/* What a step that can be recorded (`.recorded`) takes and leaves: batch i of x[of], and its loss. */
tp_tensor *bench_batch(bench *b, int of, int i);
double bench_loss(bench *b, tp_tensor *loss);
void bench_feed(bench *b, int i);
void bench_drop_grads(bench *b);
double bench_sum(tp_tensor *x);                                    /* in double */

/* ---- Parts of networks: parts.c ---------------------------------------------------------------------------------------------- */

/* A step: gradients zeroed, the loss in the region of b->amp, backward, the optimizer's step. */
double bench_train(bench *b, int i, tp_tensor *(*loss_of)(bench *b, int i));

/* Draws the parameters of a GPT: those of all symbols and places, the blocks', those of the last norm. A block has two of each part:
 * weight and bias. */
void bench_gpt(bench *b, int64_t symbols, int64_t time, int64_t width, int blocks);
enum { BENCH_TOKENS, BENCH_PLACES, BENCH_BLOCK };      /* in b->x; from the last on, the blocks */
enum { LN1, LN1_B, QKV, QKV_B, PROJ, PROJ_B, LN2, LN2_B, UP, UP_B, DOWN, DOWN_B, PER_BLOCK };
tp_tensor *bench_layer_norm(tp_tensor *const *w, tp_tensor *x);
/* Part i of q, k, v, as [batch, heads, time, width of a head] */
tp_tensor *bench_heads(tp_tensor *qkv, int i, int64_t heads);

/* Draws a convolution's weight in +-sqrt(6 / fan_in), and its norm's weight and bias; pixels: of its output, of all images. */
void bench_conv_norm(bench *b, int64_t in, int64_t out, int64_t kernel, int64_t pixels);
/* And what is not trained: images [batches, batch, 3, side, side], their classes, the norms' means and variances, if the convolutions came
 * first. */
void bench_images(bench *b, int64_t batches, int64_t batch, int64_t side, int64_t classes, int convs);
tp_tensor *bench_conv_normed(tp_tensor *const *w, tp_tensor *const *stats, tp_tensor *x, int64_t stride);

/* Each family's cases; the last has no name. */
extern const bench_case bench_overhead[], bench_elementwise[], bench_products[], bench_convolution[], bench_moving[], bench_fourier[],
                        bench_train_dense[], bench_train_loops[], bench_train_chars[], bench_train_trees[], bench_train_resnet[],
                        bench_train_gpt[], bench_train_large[], bench_loading[];

int bench_start(int threads);                          /* the case `start`: from the start of the process to its first op */
int bench_first_op(void);                              /* what it starts */
int bench_roofline(int threads);                       /* what the machine can do, as a JSON line */
double bench_now_us(void);
double bench_resident_mb(void);
void bench_print_line(const char *name, int threads, double *us, int n, const char *fields);     /* sorts us */

#endif
