/* complex_ops.c: which ops take complex tensors, and how. One that stands here nowhere refuses them, before anything else is asked.
 *
 *   AS_IS   elements are moved whatever they are, or the op is made of others
 *   OWN     a kernel of its own, complex_NAME
 *   PARTS   linear with real coefficients: its kernel runs on the real parts, then on the imaginary ones
 *   FORM    made of ops on real tensors: it stands in complex_forms.c
 *
 * An entry is for all overloads of a name and for its form in place, but for those in real_alone. */
#include "ops/complex.h"

#include "ops/run.h"

static const char *const as_is[] = {
    "view_as_real", "view_as_complex", "view_as_real_copy", "view_as_complex_copy", "real", "imag", "conj", "resolve_conj", "resolve_neg", "isreal",
    /* made like another one, cast, copied */
    "empty_like", "rand_like", "randn_like", "zeros_like", "ones_like", "full_like", "new_empty", "new_zeros", "new_ones", "new_full", "new_empty_strided",
    "clone", "contiguous", "alias_copy", "detach_copy", "to", "to_dtype", "to_device", "to_other", "type_as", "bfloat16", "bool", "byte",
    "cdouble", "cfloat", "char",
    "double", "float", "half", "int", "long", "short", "copy", "fill", "zero", "item", "empty", "zeros",
    /* views */
    "as_strided", "as_strided_copy", "as_strided_scatter", "strided_gather", "strided_sum", "strided_scatter",
    "strided_scatter_taken", "broadcast_to", "broadcast_tensors", "expand", "expand_as", "expand_copy", "view", "T",
    "H", "mT", "mH", "view_as", "view_copy", "reshape", "reshape_as", "ravel", "flatten", "unflatten", "squeeze",
    "squeeze_copy", "unsqueeze", "unsqueeze_copy", "permute", "permute_copy", "transpose", "transpose_copy", "t",
    "t_copy", "swapaxes", "swapdims", "movedim", "moveaxis", "adjoint", "narrow", "narrow_copy", "select",
    "select_copy", "select_scatter", "slice", "slice_copy", "slice_scatter", "diagonal", "diagonal_copy",
    "diagonal_scatter", "linalg_diagonal", "diag", "diag_embed", "diagflat", "split", "split_copy", "split_with_sizes",
    "split_with_sizes_copy", "chunk", "unbind", "unbind_copy", "tensor_split", "hsplit", "vsplit", "dsplit",
    "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "unfold", "unfold_copy", "atleast_1d", "atleast_2d",
    "atleast_3d",
    /* put together, rearranged */
    "cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "row_stack", "column_stack", "block_diag",
    "flip", "fliplr", "flipud", "roll", "rot90", "repeat", "tile", "tril", "triu", "meshgrid", "cartesian_prod",
    "combinations", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "fft_fftshift", "fft_ifftshift", "fft_c2c",
    "fft_c2r", "fft_fft", "fft_fft2", "fft_fftn", "fft_ifft", "fft_ifft2", "fft_ifftn", "fft_irfft", "fft_irfft2",
    "fft_irfftn", "fft_hfft", "fft_hfft2", "fft_hfftn", "stft", "istft", "feature_dropout", "dropout1d", "dropout2d",
    "dropout3d", "pad", "constant_pad_nd", "pad_constant", "pad_mirror",
    /* indexed, chosen */
    "take", "take_along_dim", "gather", "index", "index_select", "index_fill", "index_copy", "masked_select", "masked_fill", "masked_scatter", "where",
    "argwhere", "nonzero", "nonzero_static", "narrow_backward", "rows_take", "rows_put", "rows_fill", "roll_each", "split_parts", "index_put",
    "im2col", "col2im", "index_view", "_chunk_cat", "_unsafe_masked_index",
    "_unsafe_masked_index_put_accumulate", "repeat_interleave", "resize", "resize_as", "scatter", "scatter_set", "put",
    /* of others */
    "matmul", "mm", "bmm", "mv", "dot", "vdot", "addmm", "baddbmm", "addbmm", "addmv", "addr", "cumulative_trapezoid", "trapezoid", "trapz", "diff",
    "einsum", "tensordot", "inner", "outer", "ger", "kron", "vander",
    "chain_matmul", "linalg_multi_dot", "linalg_vecdot", "linalg_matrix_power", "linalg_cross", "cross", "true_divide", "ldexp", "positive", "isclose",
    "allclose", "equal", "count_nonzero", "float_power", "sum_to_size", "norm", "linalg_norm", "linalg_matrix_norm", "dist",
    "normalize", "__radd__", "__rdiv__", "__rmatmul__", "__rmul__", "__rpow__", "__rsub__",
    "linalg_vander", "pairwise_distance", "trace", "masked_sum",
    "linalg_eig", "linalg_eigvals", "complex_slogdet", "linalg_inv_ex", "linalg_solve_ex", "linalg_cholesky_ex", "softmin", "masked_prod",
    "masked_cumsum", "masked_cumprod", "masked_norm",
    "masked_mean", "masked_var", "masked_std", "cov", "corrcoef", "matrix_exp", "linalg_matrix_exp", "linalg_tensorinv", "linalg_tensorsolve",
    "gradient",
};

static const char *const own[] = {
    "add", "sub", "mul", "div", "rsub", "addcmul", "addcdiv", "lerp", "pow", "square", "sqrt", "rsqrt", "reciprocal", "neg", "exp", "exp2", "expm1", "log",
    "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid",
    "sigmoid_backward", "tanh_backward", "abs", "absolute", "sgn", "angle", "conj_physical", "eq", "ne", "logical_and", "logical_or", "logical_xor",
    "logical_not",
    "isfinite", "isinf", "isnan", "prod", "cumprod", "linear_scan",
};

static const char *const parts[] = {
    "sum", "mean", "rows_add", "rows_sum", "image_to_columns", "columns_to_image", "cumsum", "cumsum_reversed", "index_add", "scatter_add",
    "gather_backward", "pad_mirror_backward", "repeat_slices", "repeat_slices_backward",
};

/* Whole names: a magnitude is real, nothing is rounded, weights are real. */
static const char *const real_alone[] = { "abs_", "absolute_", "div.mode", "div_.mode", "l1_loss.weight" };

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
    if (n > 1 && name[n - 1] == '_' && name[n - 2] != '_') name[n - 1] = 0;
    state->complex = STANDS_IN(real_alone, state->name) ? TP__COMPLEX_NO
        : STANDS_IN(own, name) ? TP__COMPLEX_OWN
        : STANDS_IN(parts, name) ? TP__COMPLEX_PARTS
        : STANDS_IN(as_is, name) ? TP__COMPLEX_AS_IS
        : tp__complex_form_of(name) ? TP__COMPLEX_FORM : TP__COMPLEX_NO;
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

/* A kernel writes an output of its own as it lies, contiguous as a rule; one that it overwrites has any strides. A real one (the index
 * alone was complex, which only an empty one may be) is what the real parts make. */
static tp_tensor *part_out(const tp__call *call, tp_tensor *y, tp_tensor *const *in, int which)
{
    if (!tp__is_complex(y->dtype) && !which) return y;
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
        if (!(out[i] = part_out(call, call->out[i], in, which))) return tp__pending();
    part.in = in;
    part.out = out;
    part.complex = false;
    const tp_status status = work(&part);
    for (int i = 0; i < call->n_out && !status; i++)
        if (tp__is_complex(call->out[i]->dtype) && !is_input(call, call->out[i]) && !tp_copy_(tp__part(call->out[i], which), out[i])) return tp__pending();
    return status;
}

tp_status tp__by_parts(tp__call *call, tp_status (*work)(tp__call *))
{
    if (call->n_in > MOST || call->n_out > MOST) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "%d complex tensors are too many", call->n_in);
    bool any = false;
    for (int i = 0; i < call->n_out; i++) any |= tp__is_complex(call->out[i]->dtype);
    const tp_status status = run_part(call, 0, work);
    return status || !any ? status : run_part(call, 1, work);
}
