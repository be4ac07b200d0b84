/* random.c: tensors of random numbers, filling in place, and dropout.
 *
 *   uniform_  lo <= x < hi            no gradient goes back: what was there is gone
 *   normal_   mean + std z
 *   random_   from <= x < to, whole
 *   dropout   y = x m / (1 - p)       dx = dy m / (1 - p),  m = 0 with probability p, else 1
 *
 * An op takes its part of the thread's generator when its shapes are checked; dropout's node keeps that state, and no mask. */
#include <float.h>
#include <math.h>

#include "core/create.h"
#include "core/kernel_args.h"
#include "ops/complex.h"
#include "ops/run.h"

/* ---- Shape rules ------------------------------------------------------------------------------------------------------------------- */

static int64_t words_per_real(tp_dtype dtype) { return dtype == TP_F64 ? 2 : 1; }
static int64_t words_per_integer(int64_t from, int64_t to) { return (uint64_t)to - (uint64_t)from <= (uint64_t)1 << 32 ? 2 : 4; }

static tp_status check_uniform(const char *op, tp_dtype dtype, double lo, double hi)
{
    if (!tp__is_floating(dtype)) return tp_fail(TP_ERR_DTYPE, "%s: %s is no floating dtype", op, tp_dtype_name(dtype));
    const double most = dtype == TP_F64 ? DBL_MAX : dtype == TP_F16 ? 65504 : dtype == TP_BF16 ? 0x1.fep127 : FLT_MAX;
    if (!(lo <= hi) || lo < -most || hi > most || !(hi - lo <= most)) return tp_fail(TP_ERR_ARGUMENT, "%s: there are no numbers from %g to %g", op, lo, hi);
    return TP_OK;
}

static tp_status check_normal(const char *op, tp_dtype dtype, double std)
{
    if (!tp__is_floating(dtype)) return tp_fail(TP_ERR_DTYPE, "%s: %s is no floating dtype", op, tp_dtype_name(dtype));
    if (!(std >= 0)) return tp_fail(TP_ERR_ARGUMENT, "%s: the standard deviation is %g, and has to be at least 0", op, std);
    return TP_OK;
}

static tp_status check_integers(const char *op, tp_dtype dtype, int64_t from, int64_t to)
{
    static const struct { int64_t least, most; } range[TP_DTYPE_END] = {
        [TP_F32] = { INT64_MIN, INT64_MAX }, [TP_F64] = { INT64_MIN, INT64_MAX }, [TP_F16] = { -65504, 65504 }, [TP_BF16] = { INT64_MIN, INT64_MAX },
        [TP_I64] = { INT64_MIN, INT64_MAX }, [TP_I32] = { INT32_MIN, INT32_MAX }, [TP_I16] = { INT16_MIN, INT16_MAX },
        [TP_I8] = { INT8_MIN, INT8_MAX }, [TP_U8] = { 0, UINT8_MAX }, [TP_BOOL] = { 0, 1 },
    };
    if (dtype < 0 || dtype >= TP_DTYPE_END) return tp_fail(TP_ERR_DTYPE, "%s: %d is no dtype", op, (int)dtype);
    if (tp__is_complex(dtype)) return tp_fail(TP_ERR_DTYPE, "%s: %s holds no whole numbers", op, tp_dtype_name(dtype));
    if (from >= to) return tp_fail(TP_ERR_ARGUMENT, "%s: there are no numbers from %lld on below %lld", op, (long long)from, (long long)to);
    if (from < range[dtype].least || to - 1 > range[dtype].most)
        return tp_fail(TP_ERR_ARGUMENT, "%s: %s does not hold all numbers from %lld on below %lld", op, tp_dtype_name(dtype), (long long)from, (long long)to);
    return TP_OK;
}

static tp_status uniform_shape(tp__call *call)
{
    tp__real_draw *draw = (tp__real_draw *)(uintptr_t)call->attr;
    const tp_dtype dtype = (tp_dtype)call->in[0]->dtype;
    if (check_uniform("uniform_", dtype, draw->a, draw->b)) return tp__pending();
    draw->state = tp__rng_take((uint64_t)(call->in[0]->numel * words_per_real(dtype)));
    return tp__in_place(call);
}

static tp_status normal_shape(tp__call *call)
{
    tp__real_draw *draw = (tp__real_draw *)(uintptr_t)call->attr;
    const tp_dtype dtype = (tp_dtype)call->in[0]->dtype;
    if (check_normal("normal_", dtype, draw->b)) return tp__pending();
    draw->state = tp__rng_take((uint64_t)(call->in[0]->numel * words_per_real(dtype)));
    return tp__in_place(call);
}

static tp_status random_shape(tp__call *call)
{
    tp__integer_draw *draw = (tp__integer_draw *)(uintptr_t)call->attr;
    if (check_integers("random_", (tp_dtype)call->in[0]->dtype, draw->from, draw->to)) return tp__pending();
    draw->state = tp__rng_take((uint64_t)(call->in[0]->numel * words_per_integer(draw->from, draw->to)));
    return tp__in_place(call);
}

static tp_status dropout_shape(tp__call *call)
{
    tp__dropout *drop = (tp__dropout *)(uintptr_t)call->attr;
    tp_tensor *x = call->in[0];
    if (!(drop->p >= 0 && drop->p <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, and has to be from 0 to 1", drop->p);
    if (!drop->training || drop->p == 0) {             /* x itself: neither a copy nor a node */
        call->need = 0;
        return tp__in_place(call);
    }
    if (!tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)x->dtype));
    if (!tp__out_like(call, x, (tp_dtype)x->dtype)) return tp__pending();
    const tp_rng_state state = tp__rng_take((uint64_t)x->numel);
    drop->seed = (int64_t)state.seed;
    drop->stream = (int64_t)state.stream;
    drop->offset = (int64_t)state.offset;
    return TP_OK;
}

static tp_status dropout_forward(tp__call *call)
{
    if (call->out[0] == call->in[0]) return TP_OK;
    const tp_kernel *kernel = tp__kernel(call->op, call->in[0]->device);
    return kernel ? kernel->run(call) : tp__pending();
}

static tp_status dropout_backward_shape(tp__call *call)
{
    if (!tp__is_floating(call->in[0]->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)call->in[0]->dtype));
    return tp__same_as_input(call);
}

/* ---- Rules ----------------------------------------------------------------------------------------------------------------------------- */

static tp_status no_gradient(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)dy, (void)need, (void)dx;
    return TP_OK;
}

static const tp_op op_dropout_backward;

static tp_status dropout_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp__dropout drop = *(const tp__dropout *)tp__attr(node);
    dx[0] = tp__run1(&op_dropout_backward, &dy[0], 1, &drop, TP__CALLER);
    return tp__made(dx[0]);
}

/* ---- Samples ----------------------------------------------------------------------------------------------------------------------------- */

static void give_random(tp_sample_set *set, tp_tensor *x, tp_arg a, tp_arg b)
{
    tp__sample sample = { .n = 3, .random = true, .no_gradcheck = true };
    sample.args[0] = (tp_arg)TP__TENSOR_ARG(x);
    sample.args[1] = a;
    sample.args[2] = b;
    set->take(set, &sample);
}

static void real_samples(tp_sample_set *set)
{
    give_random(set, tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1), (tp_arg)TP__FLOAT_ARG(-0.5), (tp_arg)TP__FLOAT_ARG(2));
    give_random(set, tp__sample_tensor(set, TP_SHAPE(0, 2), -1, 1), (tp_arg)TP__FLOAT_ARG(0), (tp_arg)TP__FLOAT_ARG(1));
}

static void integer_samples(tp_sample_set *set)
{
    give_random(set, tp__sample_indices(TP_SHAPE(3, 5), 2), (tp_arg)TP__INT_ARG(-3), (tp_arg)TP__INT_ARG(7));
}

static void dropout_samples(tp_sample_set *set)
{
    give_random(set, tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1), (tp_arg)TP__FLOAT_ARG(0.4), (tp_arg)TP__BOOL_ARG(true));
    give_random(set, tp__sample_tensor(set, TP_SHAPE(4), -1, 1), (tp_arg)TP__FLOAT_ARG(1), (tp_arg)TP__BOOL_ARG(true));
}

static void dropout_backward_samples(tp_sample_set *set)                 /* the state is given, so the mask stands */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1)), TP__FLOAT_ARG(0.4), TP__BOOL_ARG(true),
             TP__INT_ARG(7), TP__INT_ARG(1), TP__INT_ARG(16));
}

/* ---- Descriptors --------------------------------------------------------------------------------------------------------------------------- */

enum { FILLS = TP__INPLACE | TP__RANDOM };
static const tp_op op_uniform_ = { .schema = "uniform_(Tensor! input, float from=0, float to=1) -> Tensor", .flags = FILLS, .kernel = "uniform",
    .shape = uniform_shape, .backward = no_gradient, .attr_size = sizeof(tp__real_draw), .samples = real_samples, .state = TP__STATE };
static const tp_op op_normal_ = { .schema = "normal_(Tensor! input, float mean=0, float std=1) -> Tensor", .flags = FILLS, .kernel = "normal",
    .shape = normal_shape, .backward = no_gradient, .attr_size = sizeof(tp__real_draw), .samples = real_samples, .state = TP__STATE };
static const tp_op op_random_ = { .schema = "random_(Tensor! input, int from, int to) -> Tensor", .flags = FILLS, .kernel = "random",
    .shape = random_shape, .backward = no_gradient, .attr_size = sizeof(tp__integer_draw), .samples = integer_samples, .state = TP__STATE };
static const tp_op op_randperm = { .schema = "randperm_(Tensor! input) -> Tensor", .flags = FILLS | TP__INTERNAL, .kernel = "randperm",
    .state = TP__STATE };                              /* not in the table: tp_randperm_with calls its kernel */
static const tp_op op_dropout = { .schema = "dropout(Tensor input, float p=0.5, bool training=true) -> Tensor", .flags = TP__RANDOM,
    .shape = dropout_shape, .forward = dropout_forward, .backward = dropout_backward, .attr_size = sizeof(tp__dropout),
    .samples = dropout_samples, .state = TP__STATE };
static const tp_op op_dropout_backward = {
    .schema = "dropout_backward(Tensor grad, float p, bool training, int seed, int stream, int offset) -> Tensor", .flags = TP__INTERNAL,
    .kernel = "dropout", .shape = dropout_backward_shape, .backward = dropout_backward, .attr_size = sizeof(tp__dropout),
    .samples = dropout_backward_samples, .state = TP__STATE };

/* ---- Making tensors --------------------------------------------------------------------------------------------------------------------------- */

/* Errors on the way name `op` and its caller, unless a call is under way. */
typedef struct around { const char *op; const void *caller; } around;

static around enter(const char *op, const void *caller)
{
    tp__thread *self = &tp__self;
    const around was = { self->op, self->caller };
    self->op = op;
    if (!self->caller) self->caller = caller;
    return was;
}

static tp_tensor *leave(around was, tp_tensor *x)
{
    tp__self.op = was.op;
    tp__self.caller = was.caller;
    return x;
}

/* The parts of z, which is contiguous, as a vector; a real tensor itself. */
static tp_tensor *parts_of(tp_tensor *z)
{
    const int64_t n = 2 * z->numel;
    tp_tensor *x = tp__is_complex(z->dtype) ? tp__alias(z, 1, &n, &(int64_t){ 1 }, 0) : z;
    if (x && x != z) x->dtype = (uint8_t)tp__part_dtype(z->dtype);
    return x;
}

/* Of a complex number both parts are drawn; those of a normal one have half the variance each, and no mean. */
static tp_tensor *draw_real(const char *op, bool normal, tp_shape shape, double a, double b, const tp_tensor_options *o)
{
    tp_tensor_options mine;
    if (!tp__create_options(op, &mine, o, TP_F32)) return NULL;
    const tp_dtype dtype = normal && a != 0 ? mine.dtype : tp__part_dtype(mine.dtype);
    if (normal ? check_normal(op, dtype, b) : check_uniform(op, dtype, a, b)) return NULL;
    tp_tensor *y = tp__create(op, shape, &mine), *x = y ? parts_of(y) : NULL;
    if (!x) return NULL;
    if (normal && x != y) b *= 0.70710678118654752440;
    const tp__real_draw attr = { a, b, tp__rng_take((uint64_t)(x->numel * words_per_real(dtype))) };
    return tp__create_done(tp__create_fill(x, normal ? &op_normal_ : &op_uniform_, &attr) ? y : NULL, &mine);
}

static tp_tensor *draw_integers(const char *op, tp_shape shape, int64_t from, int64_t to, const tp_tensor_options *o)
{
    tp_tensor_options mine;
    if (!tp__create_options(op, &mine, o, TP_I64) || check_integers(op, mine.dtype, from, to)) return NULL;
    tp_tensor *x = tp__create(op, shape, &mine);
    if (!x) return NULL;
    const tp__integer_draw attr = { from, to, tp__rng_take((uint64_t)(x->numel * words_per_integer(from, to))) };
    return tp__create_done(tp__create_fill(x, &op_random_, &attr), &mine);
}

static tp_tensor *draw_permutation(const char *op, int64_t n, const tp_tensor_options *o)
{
    tp_tensor_options mine;
    if (!tp__create_options(op, &mine, o, TP_I64) || (n > 0 && check_integers(op, mine.dtype, 0, n))) return NULL;
    if (n < 0) return tp_fail(TP_ERR_ARGUMENT, "%s: n is %lld, and has to be at least 0", op, (long long)n), NULL;
    const tp_tensor_options whole = { .dtype = TP_I64, .device = mine.device };
    tp_tensor *x = tp__create(op, TP_SHAPE(n), &whole);
    if (!x) return NULL;
    const tp__permutation_draw attr = { tp__rng_take((uint64_t)n * 2) };
    return tp__create_done(tp_to_dtype(tp__create_fill(x, &op_randperm, &attr), mine.dtype), &mine);
}

tp_tensor *tp_rand_with(tp_shape shape, const tp_tensor_options *o)
{
    const around was = enter("rand", TP__CALLER);
    return leave(was, draw_real("rand", false, shape, 0, 1, o));
}

tp_tensor *tp_randn_with(tp_shape shape, const tp_tensor_options *o)
{
    const around was = enter("randn", TP__CALLER);
    return leave(was, draw_real("randn", true, shape, 0, 1, o));
}

tp_tensor *tp_uniform_with(tp_shape shape, double lo, double hi, const tp_tensor_options *o)
{
    const around was = enter("uniform", TP__CALLER);
    return leave(was, draw_real("uniform", false, shape, lo, hi, o));
}

tp_tensor *tp_normal_with(tp_shape shape, double mean, double std, const tp_tensor_options *o)
{
    const around was = enter("normal", TP__CALLER);
    return leave(was, draw_real("normal", true, shape, mean, std, o));
}

tp_tensor *tp_randint_with(int64_t lo, int64_t hi, tp_shape shape, const tp_tensor_options *o)
{
    const around was = enter("randint", TP__CALLER);
    return leave(was, draw_integers("randint", shape, lo, hi, o));
}

tp_tensor *tp_randperm_with(int64_t n, const tp_tensor_options *o)
{
    const around was = enter("randperm", TP__CALLER);
    return leave(was, draw_permutation("randperm", n, o));
}

/* ---- In place, and dropout ---------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_uniform_(tp_tensor *x, double lo, double hi)
{
    tp__real_draw attr = { .a = lo, .b = hi };
    return tp__run1(&op_uniform_, &x, 1, &attr, TP__CALLER);
}

tp_tensor *tp_normal_(tp_tensor *x, double mean, double std)
{
    tp__real_draw attr = { .a = mean, .b = std };
    return tp__run1(&op_normal_, &x, 1, &attr, TP__CALLER);
}

tp_tensor *tp_dropout(tp_tensor *x, double p, bool training)
{
    tp__dropout attr = { .p = p, .training = training };
    return tp__run1(&op_dropout, &x, 1, &attr, TP__CALLER);
}

const tp_op *const tp__ops_random[] = { &op_uniform_, &op_normal_, &op_random_, &op_dropout, &op_dropout_backward, NULL };
