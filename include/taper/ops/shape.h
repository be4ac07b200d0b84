/* shape.h: shapes, views and copies. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_SHAPE_H
#define TAPER_OPS_SHAPE_H

#include <taper/core.h>

typedef struct tp_squeeze_options {
    TP__HEAD(tp_squeeze_options);
    tp_dims dims TP__IS({});                           /* all that have size 1 */
    TP__TAIL;
} tp_squeeze_options;
#define TP__DEFAULT_squeeze

typedef struct tp_slice_options {
    TP__HEAD(tp_slice_options);
    int64_t start TP__IS(TP_NONE), end TP__IS(TP_NONE);          /* below 0: from the end. What is beyond is cut off */
    int64_t step TP__IS(1);                            /* at least 1 */
    TP__TAIL;
} tp_slice_options;
#define TP__DEFAULT_slice .start = TP_NONE, .end = TP_NONE, .step = 1,

typedef struct tp_diagonal_options {
    TP__HEAD(tp_diagonal_options);
    int64_t offset TP__IS(0);                          /* above the main diagonal; below it where negative */
    int dim1 TP__IS(0), dim2 TP__IS(1);
    TP__TAIL;
} tp_diagonal_options;
#define TP__DEFAULT_diagonal .dim2 = 1,
typedef struct tp_diag_embed_options {
    TP__HEAD(tp_diag_embed_options);
    int64_t offset TP__IS(0);
    int dim1 TP__IS(-2), dim2 TP__IS(-1);              /* of the result */
    TP__TAIL;
} tp_diag_embed_options;
#define TP__DEFAULT_diag_embed .dim1 = -2, .dim2 = -1,

typedef struct tp_repeat_interleave_options {
    TP__HEAD(tp_repeat_interleave_options);
    int64_t dim TP__IS(TP_NONE);                       /* not given: all elements in a row */
    int64_t output_size TP__IS(TP_NONE);               /* of dim, if it is known */
    TP__TAIL;
} tp_repeat_interleave_options;
#define TP__DEFAULT_repeat_interleave .dim = TP_NONE, .output_size = TP_NONE,

typedef enum tp_pad_mode { TP_PAD_MODE_DEFAULT = 0, TP_PAD_CONSTANT, TP_PAD_REFLECT, TP_PAD_REPLICATE, TP_PAD_CIRCULAR } tp_pad_mode;
typedef struct tp_pad_options {
    TP__HEAD(tp_pad_options);
    tp_pad_mode mode TP__IS(TP_PAD_MODE_DEFAULT);      /* constant */
    double value TP__IS(0);                            /* of the constant mode alone */
    TP__TAIL;
} tp_pad_options;
#define TP__DEFAULT_pad

#define TP__EACH_SHAPE_OP_OPTIONS(X) X(squeeze) X(slice) X(diagonal) X(diag_embed) X(repeat_interleave) X(pad)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Views: they share x's memory, and a write to either is seen by both. Any dtype ------------------------------------------ */

TP_API tp_tensor *tp_view(tp_tensor *x, tp_shape shape);         /* one dim may be -1. TP_ERR_SHAPE where the strides allow none */
TP_API tp_tensor *tp_reshape(tp_tensor *x, tp_shape shape);      /* the same; a copy where it cannot be a view */
TP_API tp_tensor *tp_flatten(tp_tensor *x, int start_dim, int end_dim);            /* both included; a reshape */
TP_API tp_tensor *tp_unflatten(tp_tensor *x, int dim, tp_shape sizes);             /* dim becomes these; one may be -1 */
TP_API tp_tensor *tp_squeeze_with(tp_tensor *x, const tp_squeeze_options *o);      /* drops dims of size 1, and keeps others */
TP_API tp_tensor *tp_unsqueeze(tp_tensor *x, int dim);           /* a dim of size 1 before dim; -1: at the end */
TP_API tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1);
TP_API tp_tensor *tp_t(tp_tensor *x);                            /* of at most 2 dims */
TP_API tp_tensor *tp_permute(tp_tensor *x, tp_dims dims);        /* y.shape[i] = x.shape[dims[i]] */
TP_API tp_tensor *tp_movedim(tp_tensor *x, tp_dims source, tp_dims destination);   /* the others stay in order */
TP_API tp_tensor *tp_expand(tp_tensor *x, tp_shape shape);       /* -1 keeps a size */
TP_API tp_tensor *tp_broadcast_to(tp_tensor *x, tp_shape shape); /* another name for it */
TP_API tp_tensor *tp_expand_as(tp_tensor *x, tp_tensor *other);
TP_API tp_tensor *tp_view_as(tp_tensor *x, tp_tensor *other);
TP_API tp_tensor *tp_reshape_as(tp_tensor *x, tp_tensor *other);
TP_API tp_tensor *tp_ravel(tp_tensor *x);                        /* one dim; a copy where it cannot be a view */
TP_API tp_tensor *tp_atleast_1d(tp_tensor *x);                   /* with dims of size 1 in front, .. */
TP_API tp_tensor *tp_atleast_2d(tp_tensor *x);
TP_API tp_tensor *tp_atleast_3d(tp_tensor *x);                   /* .. or on both sides: [n] -> [1, n, 1], [n, m] -> [n, m, 1] */
TP_API tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index);                 /* drops dim. TP_ERR_INDEX */
TP_API tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length); /* TP_ERR_INDEX */
TP_API tp_tensor *tp_slice_with(tp_tensor *x, int dim, const tp_slice_options *o); /* x[start : end : step] along dim */
TP_API tp_tensor *tp_diagonal_with(tp_tensor *x, const tp_diagonal_options *o);    /* of two dims, as a last one */
TP_API tp_tensor *tp_unfold(tp_tensor *x, int dim, int64_t size, int64_t step);    /* windows of dim, as a last dim */
TP_API tp_tensor *tp_as_strided(tp_tensor *x, tp_shape shape, const int64_t *strides, int64_t offset);  /* in elements, of the storage */

/* Several views. out[0 .. *n - 1] belong to the scope, of the max that there is room for; n may be NULL. While recording they
 * are not to be written in place. On error all max are NULL. TP_ERR_SHAPE, TP_ERR_ARGUMENT (also: no room). */
TP_API tp_status tp_split(tp_tensor *x, int64_t size, int dim, tp_tensor **out, int max, int *n);   /* of `size`, the last maybe less */
TP_API tp_status tp_split_sizes(tp_tensor *x, const int64_t *sizes, int n_sizes, int dim, tp_tensor **out, int max, int *n);
TP_API tp_status tp_chunk(tp_tensor *x, int64_t chunks, int dim, tp_tensor **out, int max, int *n); /* at most so many, of one size */
TP_API tp_status tp_unbind(tp_tensor *x, int dim, tp_tensor **out, int max, int *n);                /* a select for each index */
TP_API tp_status tp_tensor_split(tp_tensor *x, int64_t sections, int dim, tp_tensor **out, int max, int *n);      /* sizes differ by at most 1 */
TP_API tp_status tp_broadcast_tensors(tp_tensor_list tensors, tp_tensor **out, int max, int *n);    /* each expanded to the shape of all */
/* Of vectors: each expanded to the grid that they span, [n_0, n_1, ..]; indexing "ij" (NULL too), or "xy", where the first two dims change places. */
TP_API tp_status tp_meshgrid(tp_tensor_list tensors, const char *indexing, tp_tensor **out, int max, int *n);

/* ---- Joining, and diagonals: new memory ------------------------------------------------------------------------------------------ */

TP_API tp_tensor *tp_cat(tp_tensor_list tensors, int dim);       /* tp_cat(TP_TENSORS(a, b), 0) */
TP_API tp_tensor *tp_stack(tp_tensor_list tensors, int dim);     /* along a new dim; all of one shape */
TP_API tp_tensor *tp_hstack(tp_tensor_list tensors);             /* along dim 1, vectors along 0 */
TP_API tp_tensor *tp_vstack(tp_tensor_list tensors);             /* of at least 2 dims, along dim 0 */
TP_API tp_tensor *tp_dstack(tp_tensor_list tensors);             /* of at least 3 dims, along dim 2 */
TP_API tp_tensor *tp_column_stack(tp_tensor_list tensors);       /* as hstack, vectors as columns */
TP_API tp_tensor *tp_block_diag(tp_tensor_list tensors);         /* matrices along the diagonal, else 0 */
TP_API tp_tensor *tp_cartesian_prod(tp_tensor_list tensors);     /* of vectors: [n_0 n_1 .., k], every choice of one of each; of one: itself */
TP_API tp_tensor *tp_combinations(tp_tensor *x, int r, bool with_replacement);     /* of a vector: [.., r], in the order of its elements */
TP_API tp_tensor *tp_diag_embed_with(tp_tensor *x, const tp_diag_embed_options *o);          /* the last dim on a diagonal, else 0 */
TP_API tp_tensor *tp_diag(tp_tensor *x, int64_t diagonal);       /* a vector as a matrix, or a copy of a matrix's diagonal */
TP_API tp_tensor *tp_diagflat(tp_tensor *x, int64_t offset);     /* all elements, as the diagonal of a matrix */
/* A copy of x with src in the place of that view of it. Gradients: x, src. */
TP_API tp_tensor *tp_select_scatter(tp_tensor *x, tp_tensor *src, int dim, int64_t index);
TP_API tp_tensor *tp_slice_scatter_with(tp_tensor *x, tp_tensor *src, int dim, const tp_slice_options *o);
TP_API tp_tensor *tp_diagonal_scatter_with(tp_tensor *x, tp_tensor *src, const tp_diagonal_options *o);

/* ---- Other places, other numbers of them: new memory. Gradient: x -------------------------------------------------------------------- */

TP_API tp_tensor *tp_flip(tp_tensor *x, tp_dims dims);           /* in reverse order along each of them; none for n = 0 */
TP_API tp_tensor *tp_fliplr(tp_tensor *x);                       /* dim 1 */
TP_API tp_tensor *tp_flipud(tp_tensor *x);                       /* dim 0 */
TP_API tp_tensor *tp_rot90(tp_tensor *x, int64_t times, int dim0, int dim1);       /* quarter turns from dim0 towards dim1 */
/* y[(i + shift) mod n] = x[i] along each dim; without dims one shift of all elements in a row. */
TP_API tp_tensor *tp_roll(tp_tensor *x, tp_shape shifts, tp_dims dims);
TP_API tp_tensor *tp_tril(tp_tensor *x, int64_t diagonal);       /* of the last two dims: x where column - row <= diagonal, else 0 */
TP_API tp_tensor *tp_triu(tp_tensor *x, int64_t diagonal);       /* x where column - row >= diagonal, else 0 */
TP_API tp_tensor *tp_tril_(tp_tensor *x, int64_t diagonal);
TP_API tp_tensor *tp_triu_(tp_tensor *x, int64_t diagonal);

TP_API tp_tensor *tp_repeat(tp_tensor *x, tp_shape repeats);     /* the whole so many times along each dim; more of them come first */
TP_API tp_tensor *tp_tile(tp_tensor *x, tp_shape repeats);       /* the same for fewer repeats than dims: of the last ones */
/* Each slice of dim so many times, one after another: a number for all, or a tensor of integers, one each. */
TP_API tp_tensor *tp_repeat_interleave_with(tp_tensor *x, tp_operand repeats, const tp_repeat_interleave_options *o);

/* Two numbers for each dim from the last one on: how many elements come before and after, fewer where they are below 0.
 * tp_pad(x, TP_SHAPE(1, 2)) pads the last dim. Reflect, replicate and circular are for one to three dims, after one or two others;
 * reflect takes less than the dim has elements, circular no more. TP_ERR_SHAPE, TP_ERR_ARGUMENT. */
TP_API tp_tensor *tp_pad_with(tp_tensor *x, tp_shape pad, const tp_pad_options *o);
TP_API tp_tensor *tp_pixel_shuffle(tp_tensor *x, int64_t factor);          /* [.., c r r, h, w] -> [.., c, h r, w r] */
TP_API tp_tensor *tp_pixel_unshuffle(tp_tensor *x, int64_t factor);        /* and back */
TP_API tp_tensor *tp_channel_shuffle(tp_tensor *x, int64_t groups);        /* [n, g k, ..] -> [n, k g, ..] */

/* ---- Filling, in place -------------------------------------------------------------------------------------------------------- */

/* These write x and return it; NULL on error, and for NULL. They are recorded: the gradient of what was overwritten is 0. TP_ERR_STATE: x is a
 * leaf that requires grad, or a view of one, while recording. */
TP_API tp_tensor *tp_copy_(tp_tensor *dst, tp_tensor *src);      /* casts and broadcasts */
TP_API tp_tensor *tp_zero_(tp_tensor *x);                        /* 0 in all places */
TP_API tp_tensor *tp_fill_(tp_tensor *x, double value);          /* value in all places. TP_ERR_DTYPE: one that the dtype of x cannot hold */
/* x[i, i] of a matrix, x[i, i, ..] of a tensor whose dims are equal; with wrap a tall matrix's diagonal begins again below its end. */
TP_API tp_tensor *tp_fill_diagonal_(tp_tensor *x, double value, bool wrap);

/* x takes another shape, as PyTorch's resize_: elements keep their places in memory, and what is new is not set. Not while recording. */
TP_API tp_tensor *tp_resize_(tp_tensor *x, tp_shape shape);
TP_API tp_tensor *tp_resize_as_(tp_tensor *x, tp_tensor *other);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_squeeze(...) tp__squeeze(__VA_ARGS__, )
#define tp__squeeze(x, ...) TP__DEFAULTS(tp_squeeze_with(x, TP__OPTIONS(squeeze, __VA_ARGS__)))
#define tp_slice(...) tp__slice(__VA_ARGS__, )
#define tp__slice(x, dim, ...) TP__DEFAULTS(tp_slice_with(x, dim, TP__OPTIONS(slice, __VA_ARGS__)))
#define tp_slice_scatter(...) tp__slice_scatter(__VA_ARGS__, )
#define tp__slice_scatter(x, src, dim, ...) TP__DEFAULTS(tp_slice_scatter_with(x, src, dim, TP__OPTIONS(slice, __VA_ARGS__)))
#define tp_diagonal_scatter(...) tp__diagonal_scatter(__VA_ARGS__, )
#define tp__diagonal_scatter(x, src, ...) TP__DEFAULTS(tp_diagonal_scatter_with(x, src, TP__OPTIONS(diagonal, __VA_ARGS__)))
#define tp_diagonal(...) tp__diagonal(__VA_ARGS__, )
#define tp__diagonal(x, ...) TP__DEFAULTS(tp_diagonal_with(x, TP__OPTIONS(diagonal, __VA_ARGS__)))
#define tp_repeat_interleave(...) tp__repeat_interleave(__VA_ARGS__, )
#define tp__repeat_interleave(x, repeats, ...) \
    TP__DEFAULTS(tp_repeat_interleave_with(x, TP__OPERAND(repeats), TP__OPTIONS(repeat_interleave, __VA_ARGS__)))
#define tp_pad(...) tp__pad_(__VA_ARGS__, )
#define tp__pad_(x, by, ...) TP__DEFAULTS(tp_pad_with(x, by, TP__OPTIONS(pad, __VA_ARGS__)))
#define tp_diag_embed(...) tp__diag_embed(__VA_ARGS__, )
#define tp__diag_embed(x, ...) TP__DEFAULTS(tp_diag_embed_with(x, TP__OPTIONS(diag_embed, __VA_ARGS__)))
#else
inline tp_tensor *tp_squeeze(tp_tensor *x, const tp_squeeze_options &o = {}) { return tp_squeeze_with(x, &o); }
inline tp_tensor *tp_slice(tp_tensor *x, int dim, const tp_slice_options &o = {}) { return tp_slice_with(x, dim, &o); }
inline tp_tensor *tp_diagonal(tp_tensor *x, const tp_diagonal_options &o = {}) { return tp_diagonal_with(x, &o); }
inline tp_tensor *tp_repeat_interleave(tp_tensor *x, tp_operand repeats, const tp_repeat_interleave_options &o = {})
{ return tp_repeat_interleave_with(x, repeats, &o); }
inline tp_tensor *tp_slice_scatter(tp_tensor *x, tp_tensor *src, int dim, const tp_slice_options &o = {}) { return tp_slice_scatter_with(x, src, dim, &o); }
inline tp_tensor *tp_diagonal_scatter(tp_tensor *x, tp_tensor *src, const tp_diagonal_options &o = {}) { return tp_diagonal_scatter_with(x, src, &o); }
inline tp_tensor *tp_pad(tp_tensor *x, tp_shape pad, const tp_pad_options &o = {}) { return tp_pad_with(x, pad, &o); }
inline tp_tensor *tp_diag_embed(tp_tensor *x, const tp_diag_embed_options &o = {}) { return tp_diag_embed_with(x, &o); }
#endif

#endif
