/* samples.h: the inputs that an op brings for its tests. The registry walk calls every op on each of its samples, checks
 * gradients and second gradients numerically, and repeats it with strided inputs. */
#ifndef TP__SAMPLES_H
#define TP__SAMPLES_H

#include "core/op.h"

typedef struct tp__sample {
    tp_arg args[TP__MAX_ARGS];
    int n;
    bool random;                                       /* outputs differ from call to call */
    bool no_gradcheck;                                 /* at a kink, or where the seed decides */
    bool needs_all;                                    /* not even an optional tensor can be left out */
} tp__sample;
struct tp_sample_set {
    void (*take)(tp_sample_set *set, const tp__sample *sample);          /* called for each; tensors are the current scope's */
    void *arg;
    tp_dtype dtype;                                    /* of floating samples: float64 for gradient checks, or complex128 */
};

/* Floating values in (lo, hi), or complex ones whose real parts are, requiring grad. */
tp_tensor *tp__sample_tensor(const tp_sample_set *set, tp_shape shape, double lo, double hi);
/* Floating values that differ, far enough apart that a small step leaves their order as it is, requiring grad. */
tp_tensor *tp__sample_distinct(const tp_sample_set *set, tp_shape shape);
tp_tensor *tp__sample_plus(tp_tensor *x, double by);                       /* x + by, a leaf too */
tp_tensor *tp__sample_indices(tp_shape shape, int64_t below);            /* int64 */
#define TP__SCALAR_SHAPE    ((tp_shape){ { 0 }, 0 })
#define TP__TENSOR_ARG(t)   { .kind = TP_ARG_TENSOR, .value.tensor = (t) }
#define TP__INT_ARG(v)      { .kind = TP_ARG_INT, .value.integer = (v) }
#define TP__FLOAT_ARG(v)    { .kind = TP_ARG_FLOAT, .value.real = (v) }
#define TP__BOOL_ARG(v)     { .kind = TP_ARG_BOOL, .value.boolean = (v) }
#define TP__STRING_ARG(v)   { .kind = TP_ARG_STRING, .value.string = (v) }
#define TP__INTS_ARG(count, ...) { .kind = TP_ARG_INTS, .n = (count), .value.ints = (const int64_t[]){ __VA_ARGS__ } }
#define TP__NAMED(label, ...) { .name = label, __VA_ARGS__ }
static inline tp_arg tp__tensor_named(const char *name, tp_tensor *x)      /* x may be NULL: none */
{
    return (tp_arg){ .name = name, .kind = x ? TP_ARG_TENSOR : TP_ARG_NONE, .value.tensor = x };
}
#define TP__GIVE(set, ...) \
    do { \
        const tp_arg args_[] = { __VA_ARGS__ }; \
        tp__sample sample_ = { .n = (int)(sizeof args_ / sizeof *args_) }; \
        memcpy(sample_.args, args_, sizeof args_); \
        (set)->take(set, &sample_); \
    } while (0)

#endif
