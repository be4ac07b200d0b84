/* rows.cu: looking up, adding and writing rows of a table by index. Some neighbouring dims of the table are indexed, as one:
 *
 *   table  [outer.., indexed.., inner..]        rows  [outer.., index's shape.., inner..]
 *
 * The index is a position in the indexed dims in row-major order. How it is read and written stands in scatter.cu. */
#include "cuda/combine.cuh"

/* The one step at which dims [from, to) are walked; 0 where there is one element. False: there is none. */
static bool even_step(const tpc_array &x, int from, int to, int64_t *step)
{
    int64_t next = 0;
    bool any = false;
    *step = 0;
    for (int d = to - 1; d >= from; d--) {
        if (x.shape[d] == 1) continue;
        if (any && x.stride[d] != next) return false;
        if (!any) *step = x.stride[d];
        any = true;
        next = x.stride[d] * x.shape[d];
    }
    return true;
}

static tpc_range range_over(const tp__call *call, const tpc_array &table, const tpc_array &index, int first, int n, bool wrap)
{
    int64_t size = 1, step = 0;
    for (int d = first; d < first + n; d++) size *= table.shape[d];
    const bool even = even_step(table, first, first + n, &step);
    tpc_range r = tpc_range_of(call, index, size, step, wrap);
    for (int d = first; d < first + n && !even; d++) {
        r.digit_size[r.n_digits] = table.shape[d];
        r.digit_step[r.n_digits++] = table.stride[d];
    }
    return r;
}

/* in: table, index */
static tp_status rows_take(tp__call *call)
{
    const tp__row_lookup *a = (const tp__row_lookup *)tpc_attr(call);
    tpc_array table, index, y;
    tpc_in(call, 0, &table);
    tpc_in(call, 1, &index);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int first = (int)a->dim, n = (int)a->n_dims;
    tpc_taking t = tpc_taking();
    t.masked = TP_NONE;
    t.range = range_over(call, table, index, first, n, a->wrap);
    t.ndim = y.ndim;
    for (int d = 0; d < y.ndim; d++) {
        const bool indexed = d >= first && d < first + index.ndim;
        t.size[d] = y.shape[d];
        t.y[d] = y.stride[d];
        t.index[d] = indexed ? index.stride[d - first] : 0;
        t.x[d] = indexed ? 0 : table.stride[d < first ? d : d - index.ndim + n];
    }
    return tpc_take(call, y.data, table.data, y.dtype, t);
}

/* in: the table that is written, the index, the rows, whose index dims have one step. */
static tp_status write_rows(tp__call *call, int op)
{
    const tp__row_lookup *a = (const tp__row_lookup *)tpc_attr(call);
    tpc_array table, index, rows;
    tpc_temporary room(call);
    tpc_in(call, 0, &table);
    tpc_in(call, 1, &index);
    tpc_in(call, 2, &rows);
    if (!index.numel || !rows.numel) return TP_OK;
    const tp_status status = tpc_contiguous(call, &index, &room.data);
    if (status) return status;
    const int first = (int)a->dim, n = (int)a->n_dims;
    tpc_combine c = tpc_combine();
    c.op = op;
    c.dtype = table.dtype;
    c.table = table.data;
    c.rows = rows.data;
    c.range = range_over(call, table, index, first, n, a->wrap);
    c.n = index.numel;
    c.index_step = 1;
    even_step(rows, first, first + index.ndim, &c.row_step);
    int64_t size[TP_MAX_DIMS], of_table[TP_MAX_DIMS], of_rows[TP_MAX_DIMS];
    const int64_t *const stride[] = { of_table, of_rows, of_rows };
    int dims = 0;
    for (int d = 0; d < table.ndim; d++) {
        if (d >= first && d < first + n) continue;
        size[dims] = table.shape[d];
        of_table[dims] = table.stride[d];
        of_rows[dims++] = rows.stride[d < first ? d : d - n + index.ndim];
    }
    tpc_walk_dims(&c.columns, dims, size, stride, 2);
    tpc_walk_dims(&c.lines, 0, size, stride, 3);
    return tpc_combine_run(call, c);
}

static tp_status rows_add(tp__call *call) { return write_rows(call, TPC_ADD); }
static tp_status rows_put(tp__call *call) { return write_rows(call, TPC_SET); }

/* ---- Several indices as one ------------------------------------------------------------------------------------------------------------------ */

enum { INDICES = TPC_WALK_ARRAYS - 1 };
struct merging { int n; tpc_range range[INDICES]; };

/* y = ((i0 s1 + i1) s2 + i2) ..; `begun`: y holds what earlier ones gave. */
static __global__ void __launch_bounds__(TPC_BLOCK) merge(int64_t *y, TPC_GIVEN merging m, TPC_GIVEN tpc_walk walk, bool begun)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[TPC_WALK_ARRAYS], v = 0;
        tpc_offsets(walk, i, at);
        if (begun) v = y[at[0]];
        for (int k = 0; k < m.n; k++) {
            const int64_t index = tpc_index_at(m.range[k], at[k + 1]);
            v = v * m.range[k].size + (index < 0 ? 0 : index);
        }
        y[at[0]] = v;
    }
}

static tp_status index_merge(tp__call *call)
{
    const tp__index_merge *a = (const tp__index_merge *)tpc_attr(call);
    tpc_array y, x[INDICES];
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    for (int first = 0; first < tpc_n_in(call); first += INDICES) {
        const tpc_array *given[INDICES];
        merging m = merging();
        for (int k = first; k < tpc_n_in(call) && m.n < INDICES; k++, m.n++) {
            tpc_in(call, k, &x[m.n]);
            given[m.n] = &x[m.n];
            m.range[m.n] = tpc_range_of(call, x[m.n], a->sizes.v[k], 1, true);
        }
        tpc_walk walk;
        for (int k = m.n; k < INDICES; k++) given[k] = given[0];
        tpc_walk_over(&walk, &y, given, INDICES);
        TPC_LAUNCH(merge, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (int64_t *)y.data, m, walk, first > 0);
    }
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_rows[] = {
    { "rows_take", rows_take, NULL }, { "rows_add", rows_add, NULL }, { "rows_put", rows_put, NULL }, { "index_merge", index_merge, NULL },
    { NULL, NULL, NULL },
};
