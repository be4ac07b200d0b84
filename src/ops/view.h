/* view.h: what the files of the view ops share: geometries, dims that are checked, and the way back of a gradient. */
#ifndef TP__VIEW_H
#define TP__VIEW_H

#include "ops/run.h"

/* Where the elements of a tensor lie: in elements, the offset counted from the start of the storage. */
typedef struct tp__geometry { int ndim; int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS], offset; } tp__geometry;

static inline tp__ints tp__ints_of(const int64_t *v, int64_t n)          /* at most TP_MAX_DIMS; n is what it is told */
{
    tp__ints ints = { .n = n };
    if (n > 0) memcpy(ints.v, v, sizeof *v * (size_t)(n < TP_MAX_DIMS ? n : TP_MAX_DIMS));
    return ints;
}

tp__geometry tp__geometry_of(const tp_tensor *x);
tp__geometry tp__geometry_plain(int ndim, const int64_t *shape);         /* contiguous, from 0 on */
static inline tp_tensor *tp__out_geometry(tp__call *call, tp_tensor *x, const tp__geometry *g)
{
    return tp__out_view(call, x, g->ndim, g->shape, g->stride, g->offset);
}

/* dim wrapped into *d; or an error of the call that names x's shape. A 0-dim tensor has dims 0 and -1. */
tp_status tp__take_dim(tp__call *call, int64_t dim, const tp_tensor *x, int *d);
/* The same among ndim dims of something else than x. */
tp_status tp__take_dim_of(tp__call *call, int64_t dim, int ndim, const tp_tensor *x, int *d);
/* A public function's shape or dims: false and an error if their number is impossible. */
bool tp__shape_is_good(const char *op, const tp_shape *shape);
bool tp__take_dims(const char *op, const tp_dims *dims, tp__ints *ints);

/* x, or a view of it with at least so many dims, as atleast_1d, 2d and 3d have it. */
tp_tensor *tp__at_least(tp_tensor *x, int ndim);

/* Rules: dx has the kept shape of input 0. tp__to_shape of a view that only cuts the same elements anew. */
tp_status tp__to_shape(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx);
/* zeros of the kept shape of input 0 with dy at [start, start + dy's size) of dim. */
tp_tensor *tp__embed(const tp_node *node, tp_tensor *dy, int64_t dim, int64_t start);
/* zeros of `shape` with dy, which is contiguous, added at `region`, a geometry within a contiguous base of that shape. Both
 * are linear, and have rules of their own. */
tp_tensor *tp__region_sum(tp_tensor *dy, const tp__geometry *region, int ndim, const int64_t *shape);
/* x with the region replaced by src, as a contiguous tensor. */
tp_tensor *tp__region_replace(tp_tensor *x, tp_tensor *src, const tp__geometry *region);

/* .compose of an op that copies what a view op (.out_of_place) shows, and of a form that lays a tensor out anew in place: it
 * becomes the view, no element is written. Both take the view op's arguments, attributes and samples. */
tp_status tp__copy_of_view(tp__call *call);
tp_status tp__relay_as_view(tp__call *call);
#define TP__COPY_FORM(text, of, bytes, give) { .schema = text, .compose = tp__copy_of_view, .out_of_place = &(of), .attr_size = bytes, \
    .samples = give, .state = TP__STATE }
#define TP__RELAY_FORM(text, of, bytes, give) { .schema = text, .flags = TP__INPLACE | TP__RELAYS, .compose = tp__relay_as_view, .out_of_place = &(of), \
    .attr_size = bytes, .samples = give, .state = TP__STATE }

#endif
