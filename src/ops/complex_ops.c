/* complex_ops.c: which ops take complex tensors, and how. One that stands here nowhere refuses them, before anything else is asked.
 *
 *   AS_IS   elements are moved whatever they are, or the op is made of others
 *   OWN     a kernel of its own, complex_NAME
 *   PARTS   linear with real coefficients: its kernel runs on the real parts, then on the imaginary ones
 *   MAGNITUDES, VARIANCE, DEVIATION      the op of |z|; var z = var re z + var im z; and the root of that
 *
 * An entry is for all overloads of a name and for its form in place. */
#include "ops/complex.h"

#include "ops/run.h"

static const char *const as_is[] = {
    "view_as_real", "view_as_complex", "view_as_real_copy", "view_as_complex_copy", "real", "imag", "conj", "resolve_conj", "resolve_neg", "isreal",
    /* made like another one, cast, copied */
    "empty_like", "zeros_like", "ones_like", "full_like", "new_empty", "new_zeros", "new_ones", "new_full", "new_empty_strided",
    "clone", "contiguous", "alias_copy", "to", "to_dtype", "type_as", "bfloat16", "bool", "byte", "cdouble", "cfloat", "char", "double", "float", "half",
    "int", "long", "short", "copy", "fill", "zero", "item", "empty", "zeros",
    /* views */
    "as_strided", "as_strided_copy", "as_strided_scatter", "strided_gather", "strided_sum", "strided_scatter", "broadcast_to", "broadcast_tensors",
    "expand", "expand_as", "expand_copy", "view", "T", "H", "mT", "mH", "view_as", "view_copy", "reshape", "reshape_as", "ravel", "flatten", "unflatten", "squeeze",
    "squeeze_copy", "unsqueeze", "unsqueeze_copy", "permute", "permute_copy", "transpose", "transpose_copy", "t", "t_copy", "swapaxes", "swapdims",
    "movedim", "moveaxis", "adjoint", "narrow", "narrow_copy", "select", "select_copy", "select_scatter", "slice", "slice_copy", "slice_scatter",
    "diagonal", "diagonal_copy", "diagonal_scatter", "linalg_diagonal", "diag", "diag_embed", "diagflat", "split", "split_with_sizes",
    "split_with_sizes_copy", "chunk", "unbind", "unbind_copy", "tensor_split", "hsplit", "vsplit", "dsplit", "unsafe_chunk", "unsafe_split",
    "unsafe_split_with_sizes", "unfold", "unfold_copy", "atleast_1d", "atleast_2d", "atleast_3d",
    /* put together, rearranged */
    "cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "row_stack", "column_stack", "block_diag", "flip", "fliplr", "flipud", "roll",
    "rot90", "repeat", "tile", "tril", "triu", "meshgrid", "cartesian_prod", "combinations", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
    "fft_fftshift", "fft_ifftshift", "fft_c2c", "fft_c2r", "fft_fft", "fft_fft2", "fft_fftn", "fft_ifft", "fft_ifft2", "fft_ifftn", "fft_irfft", "fft_irfft2",
    "fft_irfftn", "fft_hfft", "fft_hfft2", "fft_hfftn", "stft", "istft", "pad", "constant_pad_nd", "pad_constant", "pad_mirror",
    /* indexed, chosen */
    "take", "take_along_dim", "gather", "index", "index_select", "index_fill", "index_copy", "masked_select", "masked_fill", "masked_scatter", "where",
    "argwhere", "nonzero", "narrow_backward",
    /* of others */
    "matmul", "mm", "bmm", "mv", "dot", "vdot", "addmm", "baddbmm", "addbmm", "addmv", "addr", "cumulative_trapezoid", "trapezoid", "trapz", "diff", "einsum", "tensordot", "inner", "outer", "ger", "kron", "vander",
    "chain_matmul", "linalg_multi_dot", "linalg_vecdot", "linalg_matrix_power", "linalg_cross", "cross", "true_divide", "ldexp", "positive", "isclose",
    "allclose", "equal", "count_nonzero", "float_power", "sum_to_size", "norm", "linalg_norm", "linalg_matrix_norm", "dist",
    "normalize",
};

static const char *const own[] = {
    "add", "sub", "mul", "div", "rsub", "addcmul", "addcdiv", "lerp", "pow", "square", "sqrt", "rsqrt", "reciprocal", "neg", "exp", "exp2", "expm1", "log",
    "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid",
    "sigmoid_backward", "tanh_backward", "abs", "absolute", "sgn", "angle", "conj_physical", "eq", "ne", "logical_and", "logical_or", "logical_xor",
    "logical_not",
    "isfinite", "isinf", "isnan", "prod", "cumprod", "linear_scan",
};

static const char *const parts[] = {
    "sum", "mean", "cumsum", "cumsum_reversed", "index_add", "scatter_add", "gather_backward", "pad_mirror_backward", "repeat_slices", "repeat_slices_backward",
};

static const char *const magnitudes[] = { "linalg_vector_norm" };
static const char *const variance[] = { "var", "var_mean" };
static const char *const deviation[] = { "std", "std_mean" };

static bool stands_in(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (*names[i] == *name && !strcmp(names[i], name)) return true;
    return false;
}
#define STANDS_IN(list, name) stands_in(list, sizeof(list) / sizeof *(list), name)

void tp__complex_prepare(tp__op_state *state)
{
    char name[sizeof state->base_name];
    const size_t n = strlen(state->base_name);
    memcpy(name, state->base_name, n + 1);
    if (n && name[n - 1] == '_') name[n - 1] = 0;
    state->complex = STANDS_IN(own, name) ? TP__COMPLEX_OWN : STANDS_IN(parts, name) ? TP__COMPLEX_PARTS : STANDS_IN(as_is, name) ? TP__COMPLEX_AS_IS
        : STANDS_IN(magnitudes, name) ? TP__COMPLEX_MAGNITUDES : STANDS_IN(variance, name) ? TP__COMPLEX_VARIANCE
        : STANDS_IN(deviation, name) ? TP__COMPLEX_DEVIATION : TP__COMPLEX_NO;
}

bool tp_op_takes_complex(const tp_op *op) { return op && tp__state(op)->complex; }

/* ---- By parts ---------------------------------------------------------------------------------------------------------------------- */

enum { MOST = 16 };

static tp_tensor *part_of(tp_tensor *x, int which) { return x && tp__is_complex(x->dtype) ? tp__part(x, which) : x; }

static bool is_input(const tp__call *call, const tp_tensor *y)
{
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i] == y) return true;
    return false;
}

/* A kernel writes an output of its own as it lies, contiguous as a rule; one that it overwrites has any strides. */
static tp_tensor *part_out(const tp__call *call, const tp_tensor *y, tp_tensor *const *in)
{
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i] == y) return in[i];
    return tp__tensor_new(y->device, tp__part_dtype(y->dtype), y->ndim, y->shape);
}

static tp_status run_part(tp__call *call, int which, tp_status (*work)(tp__call *))
{
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *in[MOST], *out[MOST];
    tp__call part = *call;
    for (int i = 0; i < call->n_in; i++)
        if (!(in[i] = part_of(call->in[i], which)) && call->in[i]) return tp__pending();
    for (int i = 0; i < call->n_out; i++)
        if (!(out[i] = part_out(call, call->out[i], in))) return tp__pending();
    part.in = in;
    part.out = out;
    part.complex = false;
    const tp_status status = work(&part);
    for (int i = 0; i < call->n_out && !status; i++)
        if (!is_input(call, call->out[i]) && !tp_copy_(tp__part(call->out[i], which), out[i])) return tp__pending();
    return status;
}

tp_status tp__by_parts(tp__call *call, tp_status (*work)(tp__call *))
{
    if (call->n_in > MOST || call->n_out > MOST) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "%d complex tensors are too many", call->n_in);
    const tp_status status = run_part(call, 0, work);
    return status ? status : run_part(call, 1, work);
}

/* ---- Made of the real op ------------------------------------------------------------------------------------------------------------- */

static int run_real(tp__call *call, tp_tensor *x, tp_tensor **out)
{
    tp_tensor *in[MOST];
    if (!x) return -1;
    for (int i = 0; i < call->n_in; i++) in[i] = call->in[i] == call->in[0] ? x : call->in[i];
    return tp__run(call->op, in, call->n_in, call->attr, out, 4, NULL);
}

tp_status tp__complex_compose(tp__call *call)
{
    tp_tensor *z = call->in[0], *a[4] = { NULL }, *b[4] = { NULL };
    const int how = tp__state(call->op)->complex;
    if (!tp__is_complex(z->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "the first tensor is %s, another one complex", tp_dtype_name((tp_dtype)z->dtype));
    if (how == TP__COMPLEX_MAGNITUDES) return run_real(call, tp_abs(z), a) < 0 ? tp__pending() : tp__give_out(call, a[0]);
    const int n = run_real(call, tp_real(z), a);
    if (n < 0 || run_real(call, tp_imag(z), b) < 0) return tp__pending();
    tp_tensor *y = how == TP__COMPLEX_DEVIATION ? tp_hypot(a[0], b[0]) : tp_add(a[0], b[0]);
    if (!tp__out_made(call, y)) return tp__pending();
    return n > 1 ? tp__give_out(call, tp_complex(a[1], b[1])) : TP_OK;
}
