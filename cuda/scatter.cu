/* scatter.cu: gathering and scattering along a dim, and what combine.cuh gives to other families. With i the place in the index, and i'
 * the same with its place along the dim replaced by what the index says:
 *
 *   gather   y[i] = x[i']                     scatter  y[i'] = y[i'] op x[i],  in the order of places along the dim
 *
 * A few indices are gone through by one thread for each line and column. More of them are sorted, with their places, and what goes to one
 * place is combined in order by one thread: the same sums in the same order as on the CPU, and no atomics. Where hundreds go to one place,
 * pieces are combined first, by a thread each. */
#include "cuda/combine.cuh"

enum { FEW = 32, AHEAD = 4, PIECE = 128 };

/* ---- Reading --------------------------------------------------------------------------------------------------------------------------------- */

/* What stands in place of a bad index's is not looked at: the next call that waits is an error. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK)
take_places(T *y, const T *x, TPC_GIVEN tpc_walk walk, TPC_GIVEN tpc_range range, int64_t masked)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[3];
        tpc_offsets(walk, i, at);
        const int64_t index = tpc_index_at(range, at[1]);
        T v;
        if (index < 0 || index == masked) memset((void *)&v, 0, sizeof v);
        else v = x[at[2] + tpc_place_of(range, index)];
        y[at[0]] = v;
    }
}

/* The elements of the last dim that go together, as one of up to 16 bytes */
static int64_t pack_of(const tpc_taking &t, const void *y, const void *x, int64_t item)
{
    const int last = t.ndim - 1;
    if (last < 0 || t.y[last] != 1 || t.x[last] != 1 || t.index[last]) return 1;
    for (int64_t pack = 16 / item; pack > 1; pack /= 2) {
        bool good = !(((uintptr_t)y | (uintptr_t)x) % (uintptr_t)(item * pack)) && !(t.size[last] % pack) && !(t.range.step % pack);
        for (int d = 0; d < last && good; d++) good = !(t.y[d] % pack) && !(t.x[d] % pack);
        for (int d = 0; d < t.range.n_digits && good; d++) good = !(t.range.digit_step[d] % pack);
        if (good) return pack;
    }
    return 1;
}

tp_status tpc_take(const tp__call *call, void *y, const void *x, int dtype, const tpc_taking &taking)
{
    tpc_taking t = taking;
    const int64_t item = tpc_size(dtype), pack = pack_of(t, y, x, item);
    const int last = t.ndim - 1;
    for (int d = 0; d < last && pack > 1; d++) t.y[d] /= pack, t.x[d] /= pack;
    if (pack > 1) {
        t.size[last] /= pack;
        t.range.step /= pack;
        for (int d = 0; d < t.range.n_digits; d++) t.range.digit_step[d] /= pack;
    }
    const int64_t *const stride[] = { t.y, t.index, t.x };
    tpc_walk walk;
    tpc_walk_dims(&walk, t.ndim, t.size, stride, 3);
    if (!walk.numel) return TP_OK;
    TPC_BY_SIZE((int)(item * pack), TPC_LAUNCH(take_places<T>, tpc_blocks(call, walk.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y,
                                               (const T *)x, walk, t.range, t.masked))
    return tpc_launched(call);
}

/* ---- Writing: one element ----------------------------------------------------------------------------------------------------------------------- */

TPC_DEVICE void set_element(void *y, int64_t at, const void *x, int64_t from, int size)
{
    switch (size) {
    case 1: ((uint8_t *)y)[at] = ((const uint8_t *)x)[from]; break;
    case 2: ((uint16_t *)y)[at] = ((const uint16_t *)x)[from]; break;
    case 4: ((uint32_t *)y)[at] = ((const uint32_t *)x)[from]; break;
    case 8: ((uint64_t *)y)[at] = ((const uint64_t *)x)[from]; break;
    default: ((uint64_t *)y)[2 * at] = ((const uint64_t *)x)[2 * from], ((uint64_t *)y)[2 * at + 1] = ((const uint64_t *)x)[2 * from + 1]; break;
    }
}

TPC_DEVICE int64_t sum_of(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
TPC_DEVICE int64_t product_of(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
TPC_DEVICE float sum_of(float a, float b) { return a + b; }
TPC_DEVICE float product_of(float a, float b) { return a * b; }
TPC_DEVICE double sum_of(double a, double b) { return a + b; }
TPC_DEVICE double product_of(double a, double b) { return a * b; }

/* Integers of less than 64 bits are cut when they are stored, which gives the same; 16-bit floats are rounded each time. */
template <class W> TPC_DEVICE W combined(int op, int dtype, W a, W b)
{
    W v;
    switch (op) {
    case TPC_ADD: v = sum_of(a, b); break;
    case TPC_MUL: v = product_of(a, b); break;
    case TPC_MAX: v = b > a || b != b ? b : a; break;  /* a NaN in a fails both comparisons, so it stays */
    default: v = b < a || b != b ? b : a; break;
    }
    return sizeof(W) == sizeof(float) ? (W)tpc_round_to(dtype, v) : v;
}

/* ---- Few indices: in turn ------------------------------------------------------------------------------------------------------------------------ */

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) combine_in_turn(TPC_GIVEN tpc_combine c, int size)
{
    const int64_t all = c.lines.numel * c.columns.numel;
    for (int64_t t = tpc_first(); t < all; t += tpc_step()) {
        int64_t column, line[3], at[2];
        tpc_offsets(c.lines, tpc_split(t, c.columns.numel, &column), line);
        tpc_offsets(c.columns, column, at);
        for (int64_t i = 0; i < c.n; i++) {
            const int64_t index = tpc_index_at(c.range, line[2] + i * c.index_step);
            if (index < 0) continue;
            const int64_t to = line[0] + at[0] + tpc_place_of(c.range, index), from = line[1] + at[1] + i * c.row_step;
            if (c.op == TPC_SET) set_element(c.table, to, c.rows, from, size);
            else tpc_store(c.table, c.dtype, to, combined(c.op, c.dtype, tpc_load<W>(c.table, c.dtype, to), tpc_load<W>(c.rows, c.dtype, from)));
        }
    }
}

/* ---- Many: sorted --------------------------------------------------------------------------------------------------------------------------------- */

/* A bad index becomes `size`, and comes last. */
static __global__ void __launch_bounds__(TPC_BLOCK) make_keys(void *keys, bool wide, TPC_GIVEN tpc_combine c)
{
    for (int64_t t = tpc_first(); t < c.lines.numel * c.n; t += tpc_step()) {
        int64_t i, line[3];
        tpc_offsets(c.lines, tpc_split(t, c.n, &i), line);
        const int64_t index = tpc_index_at(c.range, line[2] + i * c.index_step), key = index < 0 ? c.range.size : index;
        if (wide) ((uint64_t *)keys)[t] = (uint64_t)key;
        else ((uint32_t *)keys)[t] = (uint32_t)key;
    }
}

/* Lines of n keys in order, and where they stood. pieces [lines, n / PIECE, columns]: of PIECE keys that are one; NULL: there are few, or the op
 * sets. */
struct sorted { const void *keys; bool wide; const uint32_t *places; void *pieces; };

/* v combined with rows from position i to end of the order; `dtype` is what v is rounded to each time. */
template <class W> TPC_DEVICE W combine_between(const tpc_combine &c, int dtype, const uint32_t *places, int64_t from, int64_t i, int64_t end, W v)
{
    W next[AHEAD];
    for (; i + AHEAD <= end; i += AHEAD) {              /* loads that do not wait for each other */
        TPC_UNROLL(4)
        for (int k = 0; k < AHEAD; k++) next[k] = tpc_load<W>(c.rows, c.dtype, from + places[i + k] * c.row_step);
        TPC_UNROLL(4)
        for (int k = 0; k < AHEAD; k++) v = combined(c.op, dtype, v, next[k]);
    }
    for (; i < end; i++) v = combined(c.op, dtype, v, tpc_load<W>(c.rows, c.dtype, from + places[i] * c.row_step));
    return v;
}

/* Floats of pieces are float64, and rounded at the end. Where the order of terms could matter to more than the last digits, the piece is NaN, and gone
 * through one by one. */
template <class W> struct piece_of { using type = W; };
template <> struct piece_of<float> { using type = double; };
TPC_DEVICE int64_t kept_piece(int, int64_t v) { return v; }
TPC_DEVICE double kept_piece(int op, double v)
{
    const double size = ::fabs(v);
    return op == TPC_MAX || op == TPC_MIN || (isfinite(v) && (op != TPC_MUL || (size > 1e-200 && size < 1e200))) ? v : NAN;
}
TPC_DEVICE bool is_kept(int64_t) { return true; }
TPC_DEVICE bool is_kept(double v) { return v == v; }

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) combine_pieces(TPC_GIVEN tpc_combine c, TPC_GIVEN sorted s)
{
    using P = typename piece_of<W>::type;
    const int64_t count = c.n / PIECE, all = c.lines.numel * count * c.columns.numel;
    for (int64_t t = tpc_first(); t < all; t += tpc_step()) {
        int64_t column, piece, line[3], at[2];
        const int64_t row = tpc_split(tpc_split(t, c.columns.numel, &column), count, &piece), base = row * c.n, first = base + piece * PIECE;
        const uint64_t key = tpc_key_at(s.keys, s.wide, first);
        if (key >= (uint64_t)c.range.size || tpc_key_at(s.keys, s.wide, first + PIECE - 1) != key) continue;
        tpc_offsets(c.lines, row, line);
        tpc_offsets(c.columns, column, at);
        const int64_t from = line[1] + at[1];
        P v = (P)tpc_load<W>(c.rows, c.dtype, from + s.places[first] * c.row_step);
        v = combine_between<P>(c, TP_F32, s.places, from, first + 1, first + PIECE, v);
        ((P *)s.pieces)[t] = kept_piece(c.op, v);
    }
}

/* Behind the last key that is as that at `first` */
TPC_DEVICE int64_t run_end(const sorted &s, int64_t base, int64_t n, int64_t first, uint64_t key)
{
    int64_t lo = first, hi, step = 1;
    while (lo + step < n && tpc_key_at(s.keys, s.wide, base + lo + step) == key) lo += step, step *= 2;
    hi = lo + step < n ? lo + step : n;                /* the key at lo is as it, that at hi is not */
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (tpc_key_at(s.keys, s.wide, base + mid) == key) lo = mid;
        else hi = mid;
    }
    return hi;
}

/* v combined with the whole pieces of keys `from` to `to` */
template <class W> TPC_DEVICE typename piece_of<W>::type combine_whole(const tpc_combine &c, const sorted &s, int64_t row, int64_t column, int64_t from_row,
                                                                       int64_t from, int64_t to, typename piece_of<W>::type v)
{
    using P = typename piece_of<W>::type;
    const int64_t count = c.n / PIECE, base = row * c.n;
    for (int64_t i = from; i < to; i++) {
        const P piece = ((const P *)s.pieces)[(row * count + i) * c.columns.numel + column];
        if (is_kept(piece)) v = combined(c.op, TP_F32, v, piece);
        else v = combine_between<P>(c, TP_F32, s.places, from_row, base + i * PIECE, base + (i + 1) * PIECE, v);
    }
    return v;
}

/* A thread for each place in the order, of which the first one with its key goes on to the last. */
template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) combine_sorted(TPC_GIVEN tpc_combine c, int size, TPC_GIVEN sorted s)
{
    using P = typename piece_of<W>::type;
    const int64_t all = c.lines.numel * c.n * c.columns.numel;
    for (int64_t t = tpc_first(); t < all; t += tpc_step()) {
        int64_t column, first, line[3], at[2];
        const int64_t row = tpc_split(tpc_split(t, c.columns.numel, &column), c.n, &first), base = row * c.n;
        const uint64_t key = tpc_key_at(s.keys, s.wide, base + first);
        const bool is_set = c.op == TPC_SET;
        if (key >= (uint64_t)c.range.size) continue;
        if (is_set ? first + 1 < c.n && tpc_key_at(s.keys, s.wide, base + first + 1) == key
                   : first && tpc_key_at(s.keys, s.wide, base + first - 1) == key)
            continue;
        tpc_offsets(c.lines, row, line);
        tpc_offsets(c.columns, column, at);
        const int64_t to = line[0] + at[0] + tpc_place_of(c.range, (int64_t)key), from = line[1] + at[1];
        if (is_set) {
            set_element(c.table, to, c.rows, from + s.places[base + first] * c.row_step, size);
            continue;
        }
        const int64_t end = run_end(s, base, c.n, first, key), whole = (first + PIECE - 1) / PIECE, behind = end / PIECE;
        const W v = tpc_load<W>(c.table, c.dtype, to);
        if (!s.pieces || whole >= behind) {
            tpc_store(c.table, c.dtype, to, combine_between<W>(c, c.dtype, s.places, from, base + first, base + end, v));
            continue;
        }
        P sum = combine_between<P>(c, TP_F32, s.places, from, base + first, base + whole * PIECE, (P)v);
        sum = combine_whole<W>(c, s, row, column, from, whole, behind, sum);
        tpc_store(c.table, c.dtype, to, combine_between<P>(c, TP_F32, s.places, from, base + behind * PIECE, base + end, sum));
    }
}

template <class W> static tp_status combine_as(const tp__call *call, const tpc_combine &c)
{
    const int size = tpc_size(c.dtype);
    /* What is written may hold the indices themselves, if it is of their dtype: then they are read before. */
    if (c.n <= 1 || (c.n <= FEW && c.dtype != c.range.dtype)) {
        TPC_LAUNCH(combine_in_turn<W>, tpc_blocks(call, c.lines.numel * c.columns.numel), TPC_BLOCK, 0, tpc_stream(call), c, size);
        return tpc_launched(call);
    }
    tpc_order o(call, c.lines.numel, c.n, c.range.size >= (int64_t)UINT32_MAX);
    if (!o.good()) return TP_ERR_MEMORY;
    TPC_LAUNCH(make_keys, tpc_blocks(call, c.lines.numel * c.n), TPC_BLOCK, 0, tpc_stream(call), o.keys, o.wide, c);
    const tp_status status = tpc_order_run(call, &o, tpc_bits_of(c.range.size));
    if (status) return status;
    const int64_t pieces = c.op == TPC_SET ? 0 : c.lines.numel * (c.n / PIECE) * c.columns.numel;
    tpc_temporary room(call, (size_t)pieces * sizeof(typename piece_of<W>::type));
    if (pieces && !room.data) return TP_ERR_MEMORY;
    const sorted s = { o.keys, o.wide, o.places, room.data };
    if (pieces) TPC_LAUNCH(combine_pieces<W>, tpc_blocks(call, pieces), TPC_BLOCK, 0, tpc_stream(call), c, s);
    TPC_LAUNCH(combine_sorted<W>, tpc_blocks(call, c.lines.numel * c.n * c.columns.numel), TPC_BLOCK, 0, tpc_stream(call), c, size, s);
    return tpc_launched(call);
}

tp_status tpc_combine_run(const tp__call *call, const tpc_combine &c)
{
    if (!c.n || !c.lines.numel || !c.columns.numel) return TP_OK;
    if (c.op != TPC_SET && tpc_is_complex(c.dtype)) return tpc_fail(call, TP_ERR_UNSUPPORTED, "there is no kernel for complex numbers");
    if (c.n > TPC_ORDER_MOST) return tpc_fail(call, TP_ERR_SHAPE, "there are %lld indices, at most %d are possible", (long long)c.n, TPC_ORDER_MOST);
    if (c.op == TPC_SET || !tpc_is_floating(c.dtype)) return combine_as<int64_t>(call, c);
    return c.dtype == TP_F64 ? combine_as<double>(call, c) : combine_as<float>(call, c);
}

/* ---- Along a dim ------------------------------------------------------------------------------------------------------------------------------------ */

static int64_t size_at(const tpc_array &x, int d) { return x.ndim ? x.shape[d] : 1; }
static int64_t step_at(const tpc_array &x, int d) { return x.ndim ? x.stride[d] : 0; }

/* in: x, index */
static tp_status gather(tp__call *call)
{
    tpc_array x, index, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &index);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int dim = (int)*(const int64_t *)tpc_attr(call);
    tpc_taking t = tpc_taking();
    t.masked = TP_NONE;
    t.range = tpc_range_of(call, index, size_at(x, dim), step_at(x, dim), false);
    t.ndim = y.ndim;
    for (int d = 0; d < y.ndim; d++) {
        t.size[d] = y.shape[d];
        t.y[d] = y.stride[d];
        t.index[d] = step_at(index, d);
        t.x[d] = d == dim ? 0 : step_at(x, d);
    }
    return tpc_take(call, y.data, x.data, y.dtype, t);
}

/* in: what is written, index, what is put there */
static tp_status scatter(tp__call *call, int op)
{
    tpc_array table, index, rows;
    tpc_in(call, 0, &table);
    tpc_in(call, 1, &index);
    tpc_in(call, 2, &rows);
    if (!index.numel) return TP_OK;
    const int dim = (int)((const tp__scatter_put *)tpc_attr(call))->dim, dims = index.ndim ? index.ndim : 1;
    tpc_combine c = tpc_combine();
    c.op = op;
    c.dtype = table.dtype;
    c.table = table.data;
    c.rows = rows.data;
    c.range = tpc_range_of(call, index, size_at(table, dim), step_at(table, dim), false);
    c.n = size_at(index, dim);
    c.index_step = step_at(index, dim);
    c.row_step = step_at(rows, dim);
    int64_t size[TP_MAX_DIMS], of_table[TP_MAX_DIMS], of_rows[TP_MAX_DIMS], of_index[TP_MAX_DIMS];
    const int64_t *const stride[] = { of_table, of_rows, of_index };
    int n = 0;
    for (int d = 0; d < dims; d++) {
        if (d == dim) continue;
        size[n] = size_at(index, d);
        of_table[n] = step_at(table, d);
        of_rows[n] = step_at(rows, d);
        of_index[n++] = step_at(index, d);
    }
    tpc_walk_dims(&c.lines, n, size, stride, 3);
    tpc_walk_dims(&c.columns, 0, size, stride, 2);
    return tpc_combine_run(call, c);
}

static tp_status scatter_set(tp__call *call) { return scatter(call, TPC_SET); }
static tp_status scatter_add(tp__call *call) { return scatter(call, TPC_ADD); }
static tp_status scatter_mul(tp__call *call) { return scatter(call, TPC_MUL); }
static tp_status scatter_max(tp__call *call) { return scatter(call, TPC_MAX); }
static tp_status scatter_min(tp__call *call) { return scatter(call, TPC_MIN); }

/* ---- Means ---------------------------------------------------------------------------------------------------------------------------------------------- */

TPC_DEVICE float quotient(float v, int64_t n) { return v / (float)n; }
TPC_DEVICE double quotient(double v, int64_t n) { return v / (double)n; }
TPC_DEVICE int64_t quotient(int64_t v, int64_t n) { return v / n - (v % n < 0); }

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) divide(void *y, int dtype, const int64_t *count, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) tpc_store(y, dtype, i, quotient(tpc_load<W>(y, dtype, i), count[i] > 1 ? count[i] : 1));
}

/* in[0] divided by in[2], how many values were summed, int64 and laid out alike; where there is none, by 1. */
static tp_status scatter_mean(tp__call *call)
{
    tpc_array y, count;
    tpc_in(call, 0, &y);
    tpc_in(call, 2, &count);
    if (!y.numel || y.dtype == TP_BOOL) return TP_OK;
    if (tpc_is_complex(y.dtype)) return tpc_fail(call, TP_ERR_UNSUPPORTED, "there is no mean of complex numbers");
    const unsigned blocks = tpc_blocks(call, y.numel);
    const int64_t *n = (const int64_t *)count.data;
    if (y.dtype == TP_F64) TPC_LAUNCH(divide<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, n, y.numel);
    else if (tpc_is_floating(y.dtype)) TPC_LAUNCH(divide<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, n, y.numel);
    else TPC_LAUNCH(divide<int64_t>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, n, y.numel);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_scatter[] = {
    { "gather", gather, NULL }, { "scatter_set", scatter_set, NULL }, { "scatter_add", scatter_add, NULL }, { "scatter_mul", scatter_mul, NULL },
    { "scatter_max", scatter_max, NULL }, { "scatter_min", scatter_min, NULL }, { "scatter_mean", scatter_mean, NULL }, { NULL, NULL, NULL },
};
