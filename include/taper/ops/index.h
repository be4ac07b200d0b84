/* index.h: indexing, gathering and scattering. What holds for all ops is said in ops.h.
 *
 * An index that is out of range is TP_ERR_INDEX; then nothing is written. Indices are int64 or int32. */
#ifndef TAPER_OPS_INDEX_H
#define TAPER_OPS_INDEX_H

#include <taper/registry.h>

typedef struct tp_index_put_options {
    TP__HEAD(tp_index_put_options);
    bool accumulate TP__IS(false);                     /* adds, also several times to one place */
    TP__TAIL;
} tp_index_put_options;
#define TP__DEFAULT_index_put

typedef struct tp_index_add_options {
    TP__HEAD(tp_index_add_options);
    double alpha TP__IS(1);                            /* what is added is alpha source; whole for integers */
    TP__TAIL;
} tp_index_add_options;
#define TP__DEFAULT_index_add .alpha = 1,

typedef enum tp_reduce { TP_REDUCE_SUM = 1, TP_REDUCE_PROD, TP_REDUCE_MEAN, TP_REDUCE_AMAX, TP_REDUCE_AMIN } tp_reduce;
typedef struct tp_scatter_reduce_options {
    TP__HEAD(tp_scatter_reduce_options);
    bool include_self TP__IS(true);                    /* false: what is reduced to a place replaces what is there */
    TP__TAIL;
} tp_scatter_reduce_options;
#define TP__DEFAULT_scatter_reduce .include_self = true,

typedef struct tp_embedding_options {
    TP__HEAD(tp_embedding_options);
    int64_t padding_idx TP__IS(TP_NONE);               /* this row of the weight gets no gradient */
    double max_norm TP__IS(0);                         /* rows of the weight that are looked up are first scaled down to it; 0: not */
    double norm_type TP__IS(2);                        /* p of that norm */
    bool scale_grad_by_freq TP__IS(false);             /* a row's gradient is divided by how often it is looked up */
    bool sparse TP__IS(false);                         /* the weight's gradient is held as rows: tp_grad_rows */
    TP__TAIL;
} tp_embedding_options;
#define TP__DEFAULT_embedding .padding_idx = TP_NONE, .norm_type = 2,

typedef enum tp_bag_mode { TP_BAG_DEFAULT = 0, TP_BAG_MEAN, TP_BAG_SUM, TP_BAG_MAX } tp_bag_mode;
typedef struct tp_embedding_bag_options {
    TP__HEAD(tp_embedding_bag_options);
    tp_tensor *offsets TP__IS(nullptr);                /* where each bag begins, int64 or int32; for indices of one dim */
    tp_bag_mode mode TP__IS(TP_BAG_DEFAULT);           /* the mean */
    tp_tensor *per_sample_weights TP__IS(nullptr);     /* like the indices: factors of a sum */
    bool include_last_offset TP__IS(false);            /* the last offset is where the last bag ends */
    int64_t padding_idx TP__IS(TP_NONE);               /* this row is in no bag */
    double max_norm TP__IS(0), norm_type TP__IS(2);    /* as of embedding */
    bool scale_grad_by_freq TP__IS(false);
    bool sparse TP__IS(false);                         /* as of embedding; not of the maximum */
    TP__TAIL;
} tp_embedding_bag_options;
#define TP__DEFAULT_embedding_bag .padding_idx = TP_NONE, .norm_type = 2,

#define TP__EACH_INDEX_OP_OPTIONS(X) X(index_put) X(index_add) X(scatter_reduce) X(embedding) X(embedding_bag)

/* ---- An index: TP_INDEX(..), of at most 16 items ------------------------------------------------------------------------------
 *
 *   Python               C and C++
 *   x[1]                 tp_index(x, TP_INDEX(1))
 *   x[2:5, ::2]          tp_index(x, TP_INDEX(TP_SLICE(2, 5), TP_SLICE(TP_NONE, TP_NONE, 2)))
 *   x[..., -1]           tp_index(x, TP_INDEX(TP_ELLIPSIS, -1))
 *   x[:, None]           tp_index(x, TP_INDEX(TP_ALL, TP_NEWAXIS))
 *   x[rows, columns]     tp_index(x, TP_INDEX(rows, columns))
 *   x[mask] = 0          tp_index_put_(x, TP_INDEX(mask), 0)
 *   x[1:] += y           tp_index_put_(x, TP_INDEX(TP_SLICE(1, TP_NONE)), y, .accumulate = true)
 *
 * An item is a number, one of the words above, or a tensor: of int64 or int32, which broadcast with each other, or a mask, bool
 * or uint8, which stands for as many dims as it has. A list is good until the end of its block, in C++ of its expression. */
typedef struct tp_index_list { const tp_arg *at; int n; } tp_index_list;

#ifdef __cplusplus
extern "C" {
#endif

/* ---- By brackets ---------------------------------------------------------------------------------------------------------------- */

/* x[index]. Without tensors a view of x. With tensors a copy, in which the dims that they index are replaced, where they are
 * neighbours, by the dims that they broadcast to; else these come first. Any dtype. Gradient: x. TP_ERR_INDEX: also too many
 * items, or a mask of another shape. */
TP_API tp_tensor *tp_index(tp_tensor *x, tp_index_list index);
/* x with values, a number or a tensor that broadcasts to x[index], in that place. Tensors have x's dtype where the index has
 * tensors. Which of several values for one place stays is the last. Gradients: x, values. */
TP_API tp_tensor *tp_index_put_with(tp_tensor *x, tp_index_list index, tp_operand values, const tp_index_put_options *o);
TP_API tp_tensor *tp_index_put__with(tp_tensor *x, tp_index_list index, tp_operand values, const tp_index_put_options *o);

/* ---- By masks ------------------------------------------------------------------------------------------------------------------- */

/* Where x is not 0: int64 [n, ndim], in row-major order. No gradient. */
TP_API tp_tensor *tp_nonzero(tp_tensor *x);
TP_API tp_tensor *tp_argwhere(tp_tensor *x);                     /* another name for it */
TP_API tp_tensor *tp_nonzero_static(tp_tensor *x, int64_t size, int64_t fill_value);       /* the first `size` of them, filled up with fill_value */
/* Of positions in a flattened tensor of that shape, the index along each dim, int64, as tp_split gives its parts. */
TP_API tp_status tp_unravel_index(tp_tensor *indices, tp_shape shape, tp_tensor **out, int max, int *n);
/* The elements of x where the mask, a bool tensor that broadcasts with x, is set: [n]. Gradient: x. */
TP_API tp_tensor *tp_masked_select(tp_tensor *x, tp_tensor *mask);
/* x with the elements where the mask is set replaced by those of source, in order. TP_ERR_SHAPE: there are too few. Gradients: x, source. */
TP_API tp_tensor *tp_masked_scatter(tp_tensor *x, tp_tensor *mask, tp_tensor *source);
TP_API tp_tensor *tp_masked_scatter_(tp_tensor *x, tp_tensor *mask, tp_tensor *source);

/* ---- Along a dim, by one index of 1 dim --------------------------------------------------------------------------------------------
 * x [.., n, ..] is n slices along dim, and source has one for each index. An index counts from 0. */

/* Slices index[0], index[1], .. of x. Gradient: x. */
TP_API tp_tensor *tp_index_select(tp_tensor *x, int dim, tp_tensor *index);
/* x with those slices increased by alpha source. Gradients: x, source. */
TP_API tp_tensor *tp_index_add_with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options *o);
TP_API tp_tensor *tp_index_add__with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options *o);
/* x with those slices replaced by source, or filled with a value: a number, or a 0-dim tensor. Gradients: x, source, value. */
TP_API tp_tensor *tp_index_copy(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);
TP_API tp_tensor *tp_index_copy_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);
TP_API tp_tensor *tp_index_fill_with(tp_tensor *x, int dim, tp_tensor *index, tp_operand value);
TP_API tp_tensor *tp_index_fill__with(tp_tensor *x, int dim, tp_tensor *index, tp_operand value);
/* x reduced with source, by any way but TP_REDUCE_SUM. Gradients: x, source. */
TP_API tp_tensor *tp_index_reduce_with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_reduce reduce, const tp_scatter_reduce_options *o);
TP_API tp_tensor *tp_index_reduce__with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_reduce reduce, const tp_scatter_reduce_options *o);

/* ---- By positions in the flattened tensor; negative ones count from the end ------------------------------------------------------ */

/* x.flat[index], of the index's shape. Gradient: x. */
TP_API tp_tensor *tp_take(tp_tensor *x, tp_tensor *index);
/* x with source, of as many elements as the index, put there; or added, also several times to one place. Gradients: x, source. */
TP_API tp_tensor *tp_put(tp_tensor *x, tp_tensor *index, tp_tensor *source, bool accumulate);
TP_API tp_tensor *tp_put_(tp_tensor *x, tp_tensor *index, tp_tensor *source, bool accumulate);

/* ---- Along a dim, by an index for each element -----------------------------------------------------------------------------------
 * index has as many dims as x, and is not larger but along dim. With dim 1 of 3: */

/* y[i][j][k] = x[i][index[i][j][k]][k], of the index's shape. Gradient: x. */
TP_API tp_tensor *tp_gather(tp_tensor *x, int dim, tp_tensor *index);
/* The same of x and index broadcast but along dim; an index of positions in the flattened x if dim is TP_FLAT. */
TP_API tp_tensor *tp_take_along_dim(tp_tensor *x, tp_tensor *indices, int dim);
#define TP_FLAT INT32_MIN
/* x with y[i][index[i][j][k]][k] = src[i][j][k], src a number or a tensor, not smaller than the index. Of several values for one
 * place the last along dim stays. Gradients: x, src. */
TP_API tp_tensor *tp_scatter_with(tp_tensor *x, int dim, tp_tensor *index, tp_operand src);
TP_API tp_tensor *tp_scatter__with(tp_tensor *x, int dim, tp_tensor *index, tp_operand src);
/* The same added to what is there, in the order along dim. Gradients: x, src. */
TP_API tp_tensor *tp_scatter_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src);
TP_API tp_tensor *tp_scatter_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src);
/* The same reduced with what is there. Equal extremes share the gradient. Gradients: x, src. */
TP_API tp_tensor *tp_scatter_reduce_with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, tp_reduce reduce, const tp_scatter_reduce_options *o);
TP_API tp_tensor *tp_scatter_reduce__with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, tp_reduce reduce, const tp_scatter_reduce_options *o);

/* ---- Rows of a table -------------------------------------------------------------------------------------------------------------- */

/* weight[indices]: indices int64 or int32 [..], weight [rows, width] -> [.., width]. TP_ERR_INDEX. Gradient: weight; with .sparse, where
 * the weight is a leaf, as rows of it. (PyTorch refuses .sparse with .scale_grad_by_freq; here they go together.) */
TP_API tp_tensor *tp_embedding_with(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options *o);
/* Mean, sum or maximum of the rows in each bag; 0 for an empty one. indices [bags, n], or [n] with offsets; weight [rows, width],
 * floating -> [bags, width]. TP_ERR_INDEX. Gradients: weight, per_sample_weights. On the CPU a 16-bit weight's gradient is rounded at
 * each step, as PyTorch's is, and in its order; so are sums of index_put with accumulate, and of an index's gradient. */
TP_API tp_tensor *tp_embedding_bag_with(tp_tensor *indices, tp_tensor *weight, const tp_embedding_bag_options *o);
/* Rows of equal index added up, in the order in which they stand: indices int64 or int32 [..] of any values, rows [.., width], floating ->
 * at int64 [n], rising and distinct, and sums [n, width]; means of them if `mean`. 16-bit floats are summed in float32 and rounded once.
 * Both belong to the scope, and are NULL on error: TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_MEMORY. No gradient. */
TP_API tp_status tp_coalesce_rows(tp_tensor *indices, tp_tensor *rows, bool mean, tp_tensor **at, tp_tensor **sums);
/* 1 at the class and 0 elsewhere: x int64 [..] -> int64 [.., num_classes]; -1: as many as the greatest asks for. TP_ERR_INDEX. */
TP_API tp_tensor *tp_one_hot(tp_tensor *x, int64_t num_classes);

#ifdef __cplusplus
}
#endif

/* ---- The items of an index ------------------------------------------------------------------------------------------------------- */

static inline tp_arg tp__bare_item(tp_arg_kind kind)
{
    tp_arg item = { NULL, kind, 0, { false } };
    return item;
}
static inline tp_arg tp__slice_item(int64_t start, int64_t stop, int64_t step)
{
    tp_arg item = tp__bare_item(TP_ARG_SLICE);
    item.value.slice.start = start;
    item.value.slice.stop = stop;
    item.value.slice.step = step;
    return item;
}
static inline tp_arg tp__number_item(int64_t i)
{
    tp_arg item = tp__bare_item(TP_ARG_INT);
    item.value.integer = i;
    return item;
}
static inline tp_arg tp__bool_item(bool b)
{
    tp_arg item = tp__bare_item(TP_ARG_BOOL);
    item.value.boolean = b;
    return item;
}
static inline tp_arg tp__tensor_item(tp_tensor *t)
{
    tp_arg item = tp__bare_item(TP_ARG_TENSOR);
    item.value.tensor = t;
    return item;
}
static inline tp_arg tp__item_item(tp_arg item) { return item; }

#define TP_ALL      tp__slice_item(TP_NONE, TP_NONE, 1)
#define TP_ELLIPSIS tp__bare_item(TP_ARG_ELLIPSIS)
#define TP_NEWAXIS  tp__bare_item(TP_ARG_NONE)

#ifndef __cplusplus

#define TP_SLICE(...) TP__SLICE(__VA_ARGS__, 1, )      /* (start, stop) or (start, stop, step); TP_NONE: as far as it goes */
#define TP__SLICE(start, stop, step, ...) tp__slice_item(start, stop, step)
#define TP_INDEX(...) tp__index_items((tp_arg[]){ TP__EACH_ITEM(__VA_ARGS__), { .n = -1 } })
static inline tp_index_list tp__index_items(const tp_arg *at)            /* up to the one that has n = -1 */
{
    int n = 0;
    while (at[n].n >= 0) n++;
    return (tp_index_list){ .at = at, .n = n };
}
#define TP__INDEX_INT(T) T: tp__number_item
#define TP__ITEM_OF(v) _Generic((v), tp_arg: tp__item_item, tp_tensor *: tp__tensor_item, void *: tp__tensor_item, _Bool: tp__bool_item, \
    TP__INDEX_INT(char), TP__INDEX_INT(signed char), TP__INDEX_INT(unsigned char), TP__INDEX_INT(short), TP__INDEX_INT(unsigned short), \
    TP__INDEX_INT(int), TP__INDEX_INT(unsigned), TP__INDEX_INT(long), TP__INDEX_INT(unsigned long), TP__INDEX_INT(long long), \
    TP__INDEX_INT(unsigned long long))(v)
#if defined(TP_ISO_C) || !defined(__GNUC__)
#define TP__ITEM(v) TP__ITEM_OF(v)
#else
#define TP__ITEM(v) __extension__({ TP__UNSHADOWED(__auto_type tp__v = (v);) TP__ITEM_OF(tp__v); })
#endif
#define TP__EACH_ITEM(...) TP__ITEMS(__VA_ARGS__, TP__I16, TP__I15, TP__I14, TP__I13, TP__I12, TP__I11, TP__I10, TP__I9, TP__I8, TP__I7, TP__I6, \
    TP__I5, TP__I4, TP__I3, TP__I2, TP__I1, )(__VA_ARGS__)
#define TP__ITEMS(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, which, ...) which
#define TP__I1(v)       TP__ITEM(v)
#define TP__I2(v, ...)  TP__ITEM(v), TP__I1(__VA_ARGS__)
#define TP__I3(v, ...)  TP__ITEM(v), TP__I2(__VA_ARGS__)
#define TP__I4(v, ...)  TP__ITEM(v), TP__I3(__VA_ARGS__)
#define TP__I5(v, ...)  TP__ITEM(v), TP__I4(__VA_ARGS__)
#define TP__I6(v, ...)  TP__ITEM(v), TP__I5(__VA_ARGS__)
#define TP__I7(v, ...)  TP__ITEM(v), TP__I6(__VA_ARGS__)
#define TP__I8(v, ...)  TP__ITEM(v), TP__I7(__VA_ARGS__)
#define TP__I9(v, ...)  TP__ITEM(v), TP__I8(__VA_ARGS__)
#define TP__I10(v, ...) TP__ITEM(v), TP__I9(__VA_ARGS__)
#define TP__I11(v, ...) TP__ITEM(v), TP__I10(__VA_ARGS__)
#define TP__I12(v, ...) TP__ITEM(v), TP__I11(__VA_ARGS__)
#define TP__I13(v, ...) TP__ITEM(v), TP__I12(__VA_ARGS__)
#define TP__I14(v, ...) TP__ITEM(v), TP__I13(__VA_ARGS__)
#define TP__I15(v, ...) TP__ITEM(v), TP__I14(__VA_ARGS__)
#define TP__I16(v, ...) TP__ITEM(v), TP__I15(__VA_ARGS__)

#else

inline tp_arg TP_SLICE(int64_t start, int64_t stop, int64_t step = 1) { return tp__slice_item(start, stop, step); }
inline tp_arg tp__index_item(tp_arg item) { return item; }
inline tp_arg tp__index_item(tp_tensor *t) { return tp__tensor_item(t); }
inline tp_arg tp__index_item(bool b) { return tp__bool_item(b); }
template <class I, class = typename std::enable_if<std::is_integral<I>::value>::type>
tp_arg tp__index_item(I i) { return tp__number_item(static_cast<int64_t>(i)); }
template <int N> struct tp__index_array {
    tp_arg at[N + 1];
    operator tp_index_list() const { return { at, N }; }
};
template <class... I> tp__index_array<static_cast<int>(sizeof...(I))> TP_INDEX(I... i) { return { { tp__index_item(i)... } }; }

#endif

/* ---- Options -------------------------------------------------------------------------------------------------------------------------- */

#ifndef __cplusplus
#define tp_index_put(...) tp__index_put(__VA_ARGS__, )
#define tp__index_put(x, index, values, ...) TP__DEFAULTS(tp_index_put_with(x, index, TP__OPERAND(values), TP__OPTIONS(index_put, __VA_ARGS__)))
#define tp_index_put_(...) tp__index_put_(__VA_ARGS__, )
#define tp__index_put_(x, index, values, ...) TP__DEFAULTS(tp_index_put__with(x, index, TP__OPERAND(values), TP__OPTIONS(index_put, __VA_ARGS__)))
#define tp_index_add(...) tp__index_add(__VA_ARGS__, )
#define tp__index_add(x, dim, index, source, ...) TP__DEFAULTS(tp_index_add_with(x, dim, index, source, TP__OPTIONS(index_add, __VA_ARGS__)))
#define tp_index_add_(...) tp__index_add_(__VA_ARGS__, )
#define tp__index_add_(x, dim, index, source, ...) TP__DEFAULTS(tp_index_add__with(x, dim, index, source, TP__OPTIONS(index_add, __VA_ARGS__)))
#define tp_index_fill(x, dim, index, value) tp_index_fill_with(x, dim, index, TP__OPERAND(value))
#define tp_index_fill_(x, dim, index, value) tp_index_fill__with(x, dim, index, TP__OPERAND(value))
#define tp_scatter(x, dim, index, src) tp_scatter_with(x, dim, index, TP__OPERAND(src))
#define tp_scatter_(x, dim, index, src) tp_scatter__with(x, dim, index, TP__OPERAND(src))
#define tp_index_reduce(...) tp__index_reduce(__VA_ARGS__, )
#define tp__index_reduce(x, dim, index, source, reduce, ...) \
    TP__DEFAULTS(tp_index_reduce_with(x, dim, index, source, reduce, TP__OPTIONS(scatter_reduce, __VA_ARGS__)))
#define tp_index_reduce_(...) tp__index_reduce_in_place(__VA_ARGS__, )
#define tp__index_reduce_in_place(x, dim, index, source, reduce, ...) \
    TP__DEFAULTS(tp_index_reduce__with(x, dim, index, source, reduce, TP__OPTIONS(scatter_reduce, __VA_ARGS__)))
#define tp_scatter_reduce_(...) tp__scatter_reduce_in_place(__VA_ARGS__, )
#define tp__scatter_reduce_in_place(x, dim, index, src, reduce, ...) \
    TP__DEFAULTS(tp_scatter_reduce__with(x, dim, index, src, reduce, TP__OPTIONS(scatter_reduce, __VA_ARGS__)))
#define tp_scatter_reduce(...) tp__scatter_reduce_(__VA_ARGS__, )
#define tp__scatter_reduce_(x, dim, index, src, reduce, ...) \
    TP__DEFAULTS(tp_scatter_reduce_with(x, dim, index, src, reduce, TP__OPTIONS(scatter_reduce, __VA_ARGS__)))
#define tp_embedding(...) tp__embedding(__VA_ARGS__, )
#define tp__embedding(indices, weight, ...) TP__DEFAULTS(tp_embedding_with(indices, weight, TP__OPTIONS(embedding, __VA_ARGS__)))
#define tp_embedding_bag(...) tp__embedding_bag(__VA_ARGS__, )
#define tp__embedding_bag(indices, weight, ...) TP__DEFAULTS(tp_embedding_bag_with(indices, weight, TP__OPTIONS(embedding_bag, __VA_ARGS__)))
#else
inline tp_tensor *tp_embedding_bag(tp_tensor *indices, tp_tensor *weight, const tp_embedding_bag_options &o = {})
{ return tp_embedding_bag_with(indices, weight, &o); }
inline tp_tensor *tp_index_put(tp_tensor *x, tp_index_list index, tp_operand values, const tp_index_put_options &o = {})
{ return tp_index_put_with(x, index, values, &o); }
inline tp_tensor *tp_index_put_(tp_tensor *x, tp_index_list index, tp_operand values, const tp_index_put_options &o = {})
{ return tp_index_put__with(x, index, values, &o); }
inline tp_tensor *tp_index_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options &o = {})
{ return tp_index_add_with(x, dim, index, source, &o); }
inline tp_tensor *tp_index_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options &o = {})
{ return tp_index_add__with(x, dim, index, source, &o); }
inline tp_tensor *tp_index_fill(tp_tensor *x, int dim, tp_tensor *index, tp_operand value) { return tp_index_fill_with(x, dim, index, value); }
inline tp_tensor *tp_index_fill_(tp_tensor *x, int dim, tp_tensor *index, tp_operand value) { return tp_index_fill__with(x, dim, index, value); }
inline tp_tensor *tp_scatter(tp_tensor *x, int dim, tp_tensor *index, tp_operand src) { return tp_scatter_with(x, dim, index, src); }
inline tp_tensor *tp_scatter_(tp_tensor *x, int dim, tp_tensor *index, tp_operand src) { return tp_scatter__with(x, dim, index, src); }
inline tp_tensor *tp_index_reduce_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_reduce reduce, const tp_scatter_reduce_options &o = {})
{ return tp_index_reduce__with(x, dim, index, source, reduce, &o); }
inline tp_tensor *tp_scatter_reduce_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, tp_reduce reduce, const tp_scatter_reduce_options &o = {})
{ return tp_scatter_reduce__with(x, dim, index, src, reduce, &o); }
inline tp_tensor *tp_index_reduce(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_reduce reduce, const tp_scatter_reduce_options &o = {})
{ return tp_index_reduce_with(x, dim, index, source, reduce, &o); }
inline tp_tensor *tp_scatter_reduce(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, tp_reduce reduce, const tp_scatter_reduce_options &o = {})
{ return tp_scatter_reduce_with(x, dim, index, src, reduce, &o); }
inline tp_tensor *tp_embedding(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options &o = {})
{ return tp_embedding_with(indices, weight, &o); }
#endif

#endif
