/* autocast.c: what a region of mixed precision does to each op: PyTorch's lists, by name, for the CPU and for CUDA.
 *
 *   LOWER    float tensors become the region's dtype, parameters once (core/autocast.c)
 *   FLOAT    16-bit floats become float32
 *   RESULT   as FLOAT, by the op's own argument dtype, so that it reads 16 bits and sums in float32; where that is given, nothing
 *   WIDE     as FLOAT, but of logits of 16 bits and classes the loss alone is float32: by a kernel that reads them as they are
 *   WIDEST   float32 if one input is float32, else the region's dtype
 *   BANNED   an error: its backward overflows in 16 bits
 *
 * Names without an entry are called as they are, and what they are composed of is looked up in turn, unless the entry is ALONE: PyTorch
 * has a kernel of its own for it, which casts nothing. Float64, integers, and numbers are never cast. */
#include "ops/autocast.h"

#include "autograd/node.h"
#include "core/autocast.h"
#include "core/memory.h"
#include "ops/loss.h"

#include <taper/autocast.h>

enum { NONE, LOWER, FLOAT, RESULT, WIDE, WIDEST, BANNED, ALONE };

static const struct row { const char *name; uint8_t cpu, cuda; } rows[] = {
    { "matmul", LOWER, LOWER }, { "mm", LOWER, LOWER }, { "bmm", LOWER, LOWER }, { "addmm", LOWER, LOWER }, { "addbmm", LOWER, LOWER },
    { "baddbmm", LOWER, LOWER }, { "linear", LOWER, LOWER }, { "linalg_vecdot", LOWER, LOWER },
    { "conv1d", LOWER, LOWER }, { "conv2d", LOWER, LOWER }, { "conv3d", LOWER, LOWER },
    { "conv_transpose1d", LOWER, LOWER }, { "conv_transpose2d", LOWER, LOWER }, { "conv_transpose3d", LOWER, LOWER },
    { "prelu", LOWER, LOWER }, { "scaled_dot_product_attention", LOWER, LOWER },
    { "mv", NONE, LOWER }, { "addmv", NONE, LOWER }, { "addr", ALONE, LOWER }, { "einsum", NONE, LOWER }, { "chain_matmul", NONE, LOWER },
    { "linalg_multi_dot", NONE, LOWER }, { "lstm_cell", NONE, LOWER }, { "gru_cell", NONE, LOWER },
    { "lstm_layer", LOWER, LOWER }, { "gru_layer", WIDEST, LOWER }, { "rnn_layers", NONE, LOWER },
    { "lstm_gates", WIDEST, NONE }, { "gru_gates", WIDEST, NONE }, { "rnn_tanh_cell", NONE, LOWER }, { "rnn_relu_cell", NONE, LOWER },

    { "acos", NONE, FLOAT }, { "asin", NONE, FLOAT }, { "cosh", NONE, FLOAT },
    { "sinh", NONE, FLOAT }, { "tan", NONE, FLOAT }, { "erfinv", NONE, FLOAT }, { "exp", NONE, FLOAT }, { "expm1", NONE, FLOAT },
    { "log", NONE, FLOAT }, { "log10", NONE, FLOAT }, { "log2", NONE, FLOAT }, { "log1p", NONE, FLOAT }, { "reciprocal", NONE, FLOAT },
    { "rsqrt", NONE, FLOAT }, { "pow", NONE, FLOAT }, { "softplus", NONE, FLOAT }, { "renorm", NONE, FLOAT }, { "logsumexp", NONE, FLOAT },
    { "layer_norm", NONE, FLOAT }, { "native_layer_norm", NONE, FLOAT }, { "rms_norm", NONE, FLOAT }, { "group_norm", NONE, FLOAT },
    { "native_group_norm", NONE, ALONE }, { "cosine_similarity", NONE, FLOAT }, { "dist", NONE, FLOAT }, { "pdist", NONE, FLOAT }, { "cdist", FLOAT, FLOAT },
    { "norm", NONE, RESULT }, { "linalg_vector_norm", NONE, RESULT }, { "linalg_matrix_norm", NONE, RESULT },
    { "softmax", NONE, RESULT }, { "log_softmax", NONE, RESULT }, { "sum", NONE, RESULT }, { "prod", FLOAT, RESULT }, { "cumsum", NONE, RESULT },
    { "cumprod", NONE, RESULT }, { "interpolate", NONE, FLOAT },

    { "cross_entropy", FLOAT, WIDE }, { "nll_loss", FLOAT, FLOAT }, { "l1_loss", FLOAT, FLOAT }, { "smooth_l1_loss", FLOAT, FLOAT },
    { "huber_loss", FLOAT, FLOAT }, { "mse_loss", FLOAT, FLOAT }, { "kl_div", FLOAT, FLOAT }, { "margin_ranking_loss", FLOAT, FLOAT },
    { "multilabel_margin_loss", FLOAT, FLOAT }, { "soft_margin_loss", FLOAT, FLOAT }, { "triplet_margin_loss", FLOAT, FLOAT },
    { "multi_margin_loss", FLOAT, FLOAT }, { "cosine_embedding_loss", FLOAT, FLOAT }, { "hinge_embedding_loss", FLOAT, FLOAT },
    { "poisson_nll_loss", FLOAT, FLOAT }, { "binary_cross_entropy_with_logits", FLOAT, FLOAT }, { "binary_cross_entropy", FLOAT, BANNED },
    { "ctc_loss", FLOAT, NONE },

    { "avg_pool3d", FLOAT, NONE }, { "max_pool3d", FLOAT, NONE }, { "adaptive_avg_pool3d", FLOAT, NONE }, { "adaptive_max_pool3d", FLOAT, NONE },
    { "fractional_max_pool2d", FLOAT, NONE }, { "fractional_max_pool3d", FLOAT, NONE }, { "max_unpool2d", FLOAT, NONE },
    { "max_unpool3d", FLOAT, NONE }, { "pad_mirror", FLOAT, NONE }, { "quantile", FLOAT, NONE }, { "nanquantile", FLOAT, NONE },
    { "trace", FLOAT, ALONE }, { "inverse", FLOAT, NONE }, { "pinverse", FLOAT, NONE }, { "svd", FLOAT, NONE },
    { "cholesky_inverse", FLOAT, NONE }, { "cholesky_solve", FLOAT, NONE }, { "lu_solve", FLOAT, NONE }, { "triangular_solve", FLOAT, NONE },
    { "geqrf", FLOAT, NONE }, { "orgqr", FLOAT, NONE }, { "ormqr", FLOAT, NONE },
    { "linalg_cholesky", FLOAT, NONE }, { "linalg_cholesky_ex", FLOAT, NONE }, { "linalg_cond", FLOAT, NONE },
    { "linalg_eigh", FLOAT, NONE }, { "linalg_eigvalsh", FLOAT, NONE }, { "linalg_inv", FLOAT, NONE },
    { "linalg_inv_ex", FLOAT, NONE }, { "linalg_householder_product", FLOAT, NONE }, { "linalg_lstsq", FLOAT, NONE },
    { "linalg_matrix_rank", FLOAT, NONE }, { "linalg_qr", FLOAT, NONE }, { "linalg_solve", FLOAT, NONE }, { "linalg_svd", FLOAT, NONE },
    { "linalg_svdvals", FLOAT, NONE }, { "linalg_tensorinv", FLOAT, NONE }, { "linalg_tensorsolve", FLOAT, NONE },
    { "fft_fft", FLOAT, NONE }, { "fft_fft2", FLOAT, NONE }, { "fft_fftn", FLOAT, NONE }, { "fft_ifft", FLOAT, NONE }, { "fft_ifft2", FLOAT, NONE },
    { "fft_ifftn", FLOAT, NONE }, { "fft_rfft", FLOAT, NONE }, { "fft_rfft2", FLOAT, NONE }, { "fft_rfftn", FLOAT, NONE }, { "fft_irfft", FLOAT, NONE },
    { "fft_irfft2", FLOAT, NONE }, { "fft_irfftn", FLOAT, NONE }, { "fft_hfft", FLOAT, NONE }, { "fft_ihfft", FLOAT, NONE }, { "stft", FLOAT, FLOAT },

    { "cat", WIDEST, NONE }, { "concat", WIDEST, NONE }, { "concatenate", WIDEST, NONE }, { "stack", WIDEST, NONE }, { "index_copy", WIDEST, NONE },
    { "grid_sampler", FLOAT, WIDEST }, { "grid_sample", FLOAT, WIDEST }, { "addcdiv", NONE, WIDEST }, { "addcmul", NONE, WIDEST },
    { "atan2", NONE, WIDEST }, { "bilinear", ALONE, WIDEST }, { "cross", ALONE, WIDEST }, { "dot", NONE, WIDEST },
    { "vdot", NONE, WIDEST }, { "inner", NONE, WIDEST }, { "index_put", NONE, WIDEST }, { "tensordot", NONE, WIDEST }, { "scatter_add", NONE, WIDEST },
};

void tp__autocast_prepare(tp__op_state *state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, state->base_name)) {
            state->autocast[TP__BACKEND_CPU] = rows[i].cpu;
            state->autocast[TP__BACKEND_CUDA] = rows[i].cuda;
            return;
        }
}

/* ---- What is cast to what --------------------------------------------------------------------------------------------------------------- */

static int backend_of(tp_tensor *const *in, int n)
{
    int backend = TP__BACKEND_CPU;
    for (int i = 0; i < n && backend == TP__BACKEND_CPU; i++)
        if (in[i] && in[i]->kind == TP_KIND_TENSOR && !(in[i]->flags & TP__WRAPPED)) backend = tp__backend_of(in[i]->device);
    return backend;
}

static bool is_eligible(const tp_tensor *x, int backend)
{
    return x && x->kind == TP_KIND_TENSOR && !(x->flags & TP__WRAPPED) && tp__is_floating(x->dtype) && x->dtype != TP_F64 &&
           tp__backend_of(x->device) == backend;
}

static tp_dtype widest(tp_tensor *const *in, int n, int backend, tp_dtype narrow)
{
    for (int i = 0; i < n; i++)
        if (is_eligible(in[i], backend) && (tp_dtype)in[i]->dtype != narrow) return TP_F32;
    return narrow;
}

static tp_tensor *cast(tp_tensor *x, tp_dtype dtype)
{
    const bool kept = x->dtype == TP_F32 && x->flags & TP__REQUIRES_GRAD && !x->node && !x->base;
    tp_tensor *y = kept ? tp__casts_find(x, dtype) : NULL;
    if (y) return y;
    y = tp_to_dtype(x, dtype);
    if (y && kept) tp__casts_keep(x, y);
    return y;
}

/* The attributes with dtype=float32, in `room`; NULL: the op has no such argument, or it is given. */
static const void *with_dtype(const tp_op *op, const void *attr, char *room, size_t size, bool *given)
{
    const tp__op_state *state = tp__state(op);
    *given = false;
    for (int i = 0; i < state->n_params; i++) {
        const tp__param *p = &state->params[i];
        tp_dtype dtype;
        if (p->type != TP__TYPE_DTYPE || strcmp(p->name, "dtype") || op->attr_size > size) continue;
        memcpy(&dtype, (const char *)attr + p->offset, sizeof dtype);
        if ((*given = dtype != TP_DTYPE_DEFAULT)) return NULL;
        memcpy(room, attr, op->attr_size);
        dtype = TP_F32;
        memcpy(room + p->offset, &dtype, sizeof dtype);
        return room;
    }
    return NULL;
}

/* ---- The call ---------------------------------------------------------------------------------------------------------------------------- */

/* The call with its inputs cast to dtype; 0: as they are. Copies that nobody keeps go at once, not at the end of the scope. */
static int run_cast(const tp_op *op, tp_tensor *const *in, int n, const void *attr, tp_tensor **out, int max_out, const void *caller, int backend,
                    tp_dtype dtype)
{
    enum { FEW = 16 };
    tp_tensor *few[FEW], **x = n > FEW ? tp_mem_alloc((size_t)n * sizeof *x) : few;
    if (!x) return TP_ERR_MEMORY;
    int got = 0;
    out[0] = NULL;
    for (int i = 0; i < n && !got; i++) {
        x[i] = in[i];
        if (dtype && is_eligible(in[i], backend) && (tp_dtype)in[i]->dtype != dtype && !(x[i] = cast(in[i], dtype))) got = tp__pending();
    }
    if (!got) {
        const uint8_t was = tp__autocast_put(0);
        got = tp__run_as_given(op, x, n, attr, out, max_out, caller);
        tp__autocast_put(was);
        for (int i = 0; i < n; i++) {
            bool given = x[i] == in[i];
            for (int k = 0; k < got && !given; k++) given = out[k] == x[i];
            if (!given) tp_drop(x[i]);
        }
    }
    if (x != few) tp_mem_free(x, (size_t)n * sizeof *x);
    return got;
}

int tp__run_autocast(const tp_op *op, tp_tensor *const *in, int n, const void *attr, tp_tensor **out, int max_out, const void *caller)
{
    char room[256];
    const tp__op_state *state = tp__state(op);
    const int backend = backend_of(in, n);
    const tp_dtype narrow = tp_autocast_dtype();
    const int how = tp__pending_error() ? NONE : state->autocast[backend];
    tp_dtype dtype = TP_DTYPE_DEFAULT;
    bool given;
    switch (how) {
    case NONE: return tp__run_as_given(op, in, n, attr, out, max_out, caller);
    case BANNED:
        out[0] = NULL;
        return tp_fail(TP_ERR_DTYPE, "%s: it is not safe inside of a region of autocast: take %s_with_logits, or TP_NO_AUTOCAST() and float32",
                       state->base_name, state->base_name);
    case LOWER: dtype = narrow; break;
    case FLOAT: dtype = TP_F32; break;
    case WIDE:
        if (n > 2 && is_eligible(in[0], backend) && in[1] && !tp__is_floating(in[1]->dtype) && !in[2]) op = &tp__op_cross_entropy_wide;
        else dtype = TP_F32;
        break;
    case WIDEST: dtype = widest(in, n, backend, narrow); break;
    case RESULT:
        if (!n || !is_eligible(in[0], backend)) break;
        const void *as = with_dtype(op, attr, room, sizeof room, &given);
        if (as) attr = as;
        else if (!given) dtype = TP_F32;
        break;
    default: break;
    }
    return run_cast(op, in, n, attr, out, max_out, caller, backend, dtype);
}
