/* pointwise_run.c: how an elementwise loop gets to its elements. The dims are walked in the order of the output, neighbours joined;
 * a row goes straight through the loop where it is contiguous and of the loop's dtype, else by blocks that stay in the first
 * cache: inputs are cast or spread into one, the output is cast out of one. Of a sum the output is never more than a block; a
 * large output goes past the caches block by block. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/pointwise.h"
#include "cpu/scratch.h"
#include "cpu/stream.h"

enum { OPERANDS = TP__POINTWISE_INPUTS + 1, BLOCK_BYTES = 4096, PARALLEL_FROM = 1 << 17, CHUNK = 1 << 15,
       LEAST_ROW = 1024 };                              /* bytes of a row that is streamed */

typedef struct operand {                               /* 0 is the output */
    char *data;
    tp_dtype dtype, loop_dtype;                        /* what it is, what the loop takes or gives */
    tp_dtype via;                                      /* an input is cast to this first; 0: at once */
    int64_t item, loop_item;                           /* bytes of an element */
    int64_t stride[TP_MAX_DIMS];                       /* in elements; 0 where an input broadcasts */
    bool direct, single;                               /* the loop may use its memory; it is one value */
} operand;

typedef struct walk {
    int n, ndim;
    const tp_tensor *tensor[OPERANDS];
    operand at[OPERANDS];
    int64_t size[TP_MAX_DIMS];
    int64_t block;                                     /* elements, or INT64_MAX where all operands are direct */
    bool streams, plain;                               /* the output goes past the caches; and is all that does not stay where it is */
    tp_flat_fn *loop;
    const void *attr;
    tp__sum *sums;                                     /* of each piece; NULL: the output is written */
} walk;

typedef struct blocks { _Alignas(64) char of[OPERANDS][BLOCK_BYTES]; } blocks;

/* The dims of the output by falling stride, neighbours joined where all operands step evenly over both. */
static void lay_out(walk *w)
{
    const tp_tensor *y = w->tensor[0];
    int order[TP_MAX_DIMS];
    const int n = tp__dims_by_stride(y, order);
    w->ndim = 0;
    for (int i = 0; i < n; i++) {
        int64_t step[OPERANDS] = { y->stride[order[i]] };
        for (int k = 1; k < w->n; k++) {
            const tp_tensor *x = w->tensor[k];
            const int d = order[i] - (y->ndim - x->ndim);
            step[k] = d >= 0 && x->shape[d] != 1 ? x->stride[d] : 0;
        }
        const int64_t size = y->shape[order[i]];
        bool joins = w->ndim > 0;
        for (int k = 0; k < w->n && joins; k++) joins = w->at[k].stride[w->ndim - 1] == step[k] * size;
        if (!joins) w->size[w->ndim++] = 1;
        w->size[w->ndim - 1] *= size;
        for (int k = 0; k < w->n; k++) w->at[k].stride[w->ndim - 1] = step[k];
    }
    if (!w->ndim) {
        w->size[w->ndim++] = 1;
        for (int k = 0; k < w->n; k++) w->at[k].stride[0] = 1;
    }
}

/* n times the one value at the start of the block */
static void spread(void *block, int64_t item, int64_t n)
{
#define FILL(T) { T *x = block; const T value = *x; for (int64_t i = 1; i < n; i++) x[i] = value; break; }
    switch (item) {
    case 1: memset(block, *(unsigned char *)block, (size_t)n); break;
    case 2: FILL(uint16_t)
    case 4: FILL(uint32_t)
    case 8: FILL(uint64_t)
    default: FILL(tp_c128)
    }
#undef FILL
}

/* n elements of x, `stride` apart, for the loop. What they are cast to on the way is no wider than what the loop takes. */
static void fetch(const operand *x, char *block, const char *data, int64_t stride, int64_t n)
{
    _Alignas(64) char rounded[BLOCK_BYTES];
    if (x->via) {
        tp__cast_row(rounded, x->via, 1, data, x->dtype, stride, n);
        tp__cast_row(block, x->loop_dtype, 1, rounded, x->via, 1, n);
    } else {
        tp__cast_row(block, x->loop_dtype, 1, data, x->dtype, stride, n);
    }
}

static void spread_value(const operand *x, const char *data, char *block, int64_t n)
{
    fetch(x, block, data, 1, 1);
    spread(block, x->loop_item, n);
}

#define SUM_BLOCK(name, T, S) \
    static TP__INLINE void name##_body(int64_t n, const T *x, S *sum) \
    { \
        enum { LANES = 32 }; \
        T part[LANES] = { 0 }; \
        int64_t i = 0; \
        for (; i + LANES <= n; i += LANES) \
            for (int l = 0; l < LANES; l++) part[l] += x[i + l]; \
        for (int half = LANES / 2; half; half /= 2) \
            for (int l = 0; l < half; l++) part[l] += part[l + half]; \
        for (; i < n; i++) part[0] += x[i]; \
        *sum += (S)part[0]; \
    } \
    TP__SIMD(static, name, (int64_t n, const T *x, S *sum), (n, x, sum))
SUM_BLOCK(sum_block_f32, float, double)
SUM_BLOCK(sum_block_f64, double, double)
SUM_BLOCK(sum_block_u64, uint64_t, uint64_t)           /* of int64: it wraps */

static void add_block(const operand *out, const void *block, int64_t n, tp__sum *sum)
{
    if (out->loop_dtype == TP_F64) sum_block_f64(n, block, &sum->real);
    else if (out->loop_dtype == TP_I64) sum_block_u64(n, block, &sum->whole);
    else sum_block_f32(n, block, &sum->real);
}

/* A block of results to the output, cast on the way. */
static void put(const walk *w, char *y, const blocks *b, int64_t n)
{
    const operand *out = &w->at[0];
    const int64_t step = out->stride[w->ndim - 1];
    _Alignas(64) char cast[BLOCK_BYTES];
    if (!w->streams) {
        tp__cast_row(y, out->dtype, step, b->of[0], out->loop_dtype, 1, n);
    } else if (out->dtype == out->loop_dtype) {
        tp__stream(y, b->of[0], n * out->item);
    } else {
        tp__cast_row(cast, out->dtype, 1, b->of[0], out->loop_dtype, 1, n);
        tp__stream(y, cast, n * out->item);
    }
}

/* Elements of the next block of a row that has n left. Of a streamed output the first ends at a line. */
static int64_t next_block(const walk *w, const char *y, int64_t n, int64_t most)
{
    const int64_t head = w->streams ? tp__to_line(y) / w->at[0].item : 0;
    return head ? (head < n ? head : n) : most < n ? most : n;
}

/* A row of which nothing is cast, to an output that goes past the caches. Two inputs or more are asked for two blocks ahead: of what is read
 * in turn, farther ahead is slower than not at all, and one input the processor foresees better. */
static void stream_row(const walk *w, char *y, const void **in, char *block, int64_t n)
{
    const operand *out = &w->at[0];
    const int64_t step = TP__STREAM_BLOCK / out->item, last = w->ndim - 1, head = tp__to_line(y) / out->item;
    tp__lines_fn *lines = tp__stream_lines();
    for (int64_t at = 0, m; at < n; at += m, y += m * out->item) {
        m = at || !head ? step : head;
        if (m > n - at) m = n - at;
        for (int k = 1; k < w->n && w->n > 2; k++)
            if (w->at[k].stride[last]) tp__ask_for((const char *)in[k - 1] + 2 * TP__STREAM_BLOCK, m * w->at[k].item);
        w->loop(m, block, in, w->attr);
        if (m == step) lines(y, block, TP__STREAM_BLOCK);
        else tp__stream(y, block, m * out->item);
        for (int k = 1; k < w->n; k++)
            if (w->at[k].stride[last]) in[k - 1] = (const char *)in[k - 1] + m * w->at[k].item;
    }
}

/* One row of the innermost dim */
static void run_row(const walk *w, char *const *data, blocks *b, int64_t n, tp__sum *sum)
{
    const int last = w->ndim - 1;
    const operand *out = &w->at[0];
    const int64_t most = n < w->block ? n : w->block;
    const void *in[TP__POINTWISE_INPUTS];
    for (int k = 1; k < w->n; k++) {
        const operand *x = &w->at[k];
        in[k - 1] = x->direct ? data[k] : b->of[k];
        if (!x->stride[last] && !x->single && !x->direct) spread_value(x, data[k], b->of[k], most);
    }
    if (w->plain) {
        stream_row(w, data[0], in, b->of[0], n);
        return;
    }
    for (int64_t at = 0, m; at < n; at += m) {
        char *y = data[0] + at * out->stride[last] * out->item;
        m = next_block(w, y, n - at, most);
        for (int k = 1; k < w->n; k++) {
            const operand *x = &w->at[k];
            const int64_t stride = x->stride[last];
            if (x->direct) in[k - 1] = data[k] + at * x->item;
            else if (stride) fetch(x, b->of[k], data[k] + at * stride * x->item, stride, m);
        }
        w->loop(m, out->direct ? y : b->of[0], in, w->attr);
        if (w->sums) add_block(out, b->of[0], m, sum);
        else if (!out->direct) put(w, y, b, m);
    }
}

static tp__sum run_rows(const walk *w, int64_t first, int64_t last_row, int64_t from, int64_t n)
{
    blocks b;
    tp__sum sum = { 0 };
    int64_t index[TP_MAX_DIMS];
    char *data[OPERANDS];
    for (int k = 0; k < w->n; k++) {
        data[k] = w->at[k].data + from * w->at[k].stride[w->ndim - 1] * w->at[k].item;
        if (k && w->at[k].single) spread_value(&w->at[k], data[k], b.of[k], n < w->block ? n : w->block);
    }
    int64_t rest = first;
    for (int d = w->ndim - 2; d >= 0; d--) {
        index[d] = rest % w->size[d];
        rest /= w->size[d];
        for (int k = 0; k < w->n; k++) data[k] += index[d] * w->at[k].stride[d] * w->at[k].item;
    }
    for (int64_t row = first; row < last_row; row++) {
        run_row(w, data, &b, n, &sum);
        for (int d = w->ndim - 2; d >= 0; d--) {
            for (int k = 0; k < w->n; k++) data[k] += w->at[k].stride[d] * w->at[k].item;
            if (++index[d] < w->size[d]) break;
            for (int k = 0; k < w->n; k++) data[k] -= index[d] * w->at[k].stride[d] * w->at[k].item;
            index[d] = 0;
        }
    }
    if (w->streams) tp__stream_end();
    return sum;
}

/* Pieces of some CHUNK elements: parts of a row, or a few rows. */
typedef struct share { const walk *w; int64_t rows, inner, per_row, per_piece; } share;

static void run_piece(void *arg, int64_t i)
{
    const share *s = arg;
    tp__sum sum;
    if (s->per_row > 1) {
        const int64_t from = i % s->per_row * CHUNK, rest = s->inner - from;
        sum = run_rows(s->w, i / s->per_row, i / s->per_row + 1, from, rest < CHUNK ? rest : CHUNK);
    } else {
        const int64_t first = i * s->per_piece, last = first + s->per_piece;
        sum = run_rows(s->w, first, last < s->rows ? last : s->rows, 0, s->inner);
    }
    if (s->w->sums) s->w->sums[i] = sum;
}

static int64_t share_out(share *s, const walk *w, int64_t numel)
{
    const int64_t inner = w->size[w->ndim - 1], rows = numel / inner;
    *s = (share){ w, rows, inner, .per_row = (inner + CHUNK - 1) / CHUNK, .per_piece = inner < CHUNK ? (CHUNK + inner - 1) / inner : 1 };
    return s->per_row > 1 ? rows * s->per_row : (rows + s->per_piece - 1) / s->per_piece;
}

/* What the loop computes in where `wanted` is the dtype of the result's rule. */
static tp_dtype loop_dtype(const tp__pointwise *op, tp_dtype wanted)
{
    if (op->loop[wanted]) return wanted;
    const tp_dtype dtype = tp__is_complex(wanted) ? TP_DTYPE_DEFAULT : tp__is_floating(wanted) ? TP_F32 : TP_I64;
    return op->loop[dtype] ? dtype : TP_DTYPE_DEFAULT;
}

/* Is the output large, dense in its rows, and no input? One that is has its lines in the cache already. */
static bool may_stream(const walk *w)
{
    const operand *y = &w->at[0];
    const int last = w->ndim - 1;
    bool streams = !w->sums && y->stride[last] == 1 && w->size[last] * y->item >= LEAST_ROW && tp__streams(w->tensor[0]->numel * y->item);
    for (int k = 1; k < w->n; k++) streams &= w->tensor[k]->storage != w->tensor[0]->storage;
    return streams;
}

/* Whose memory the loop may use, and how long a block is. */
static void choose_path(walk *w)
{
    const int last = w->ndim - 1;
    int64_t widest = 1;
    bool all_direct = true;
    w->streams = may_stream(w);
    w->plain = w->streams && w->at[0].dtype == w->at[0].loop_dtype;
    for (int k = 0; k < w->n; k++) {
        operand *x = &w->at[k];
        x->single = k > 0;
        for (int d = 0; d < w->ndim; d++) x->single &= !x->stride[d];
        x->direct = x->dtype == x->loop_dtype && !x->via && x->stride[last] == 1 && (k || !(w->sums || w->streams));
        if (x->loop_item > widest) widest = x->loop_item;
        all_direct &= x->direct;
        w->plain &= !k || x->direct || !x->stride[last];
    }
    w->block = all_direct ? INT64_MAX : BLOCK_BYTES / widest;
}

/* What an input becomes before the loop's dtype: 300 beside uint8 is 44; and integers whose function is computed in float64, to be
 * rounded once, are float32 nevertheless. */
static tp_dtype via_dtype(bool as_it_is, tp_dtype given, tp_dtype wanted, tp_dtype loop, tp_dtype result)
{
    if (!as_it_is && given != wanted && loop != wanted) return wanted;
    return loop == TP_F64 && result == TP_F32 && !tp__is_floating(given) ? TP_F32 : TP_DTYPE_DEFAULT;
}

static tp_status set_up(walk *w, const tp__call *call, const tp__pointwise *op, const tp_tensor *y)
{
    const tp_dtype wanted = (tp_dtype)(uintptr_t)call->scratch, dtype = loop_dtype(op, wanted);
    if (!dtype) return tp__call_fail(call, TP_ERR_DTYPE, "there is no kernel for %s", tp_dtype_name(wanted));
    w->loop = op->loop[dtype];
    w->attr = call->attr;
    w->tensor[0] = y;
    w->n = 1;
    for (int i = 0; w->n <= op->n_in; i++)             /* where an attribute stands before a tensor, there is none */
        if (call->in[i]) w->tensor[w->n++] = call->in[i];
    for (int k = 0; k < w->n; k++) {
        const tp_tensor *x = w->tensor[k];
        operand *o = &w->at[k];
        o->data = x->data;
        o->dtype = (tp_dtype)x->dtype;
        o->loop_dtype = (k ? op->conditions >> (k - 1) & 1 : op->gives_bool) ? TP_BOOL : dtype;
        if (!k && op->gives_real) o->loop_dtype = dtype == TP_C64 ? TP_F32 : TP_F64;
        o->item = (int64_t)tp_dtype_size(o->dtype);
        o->loop_item = (int64_t)tp_dtype_size(o->loop_dtype);
        const bool as_it_is = k && op->takes_number >> (k - 1) & 1 && x->numel == 1 && (k > 1 || x->flags & TP__WRAPPED) && dtype != TP_I64;
        if (k && o->loop_dtype == dtype) o->via = via_dtype(as_it_is, o->dtype, wanted, dtype, (tp_dtype)y->dtype);
    }
    lay_out(w);
    choose_path(w);
    if (w->sums) memset(w->at[0].stride, 0, sizeof w->at[0].stride);     /* it has no memory to step over */
    return TP_OK;
}

tp_status tp__pointwise_run(tp__call *call, const tp__pointwise *op)
{
    const tp_tensor *y = call->out[0];
    walk w = { .sums = NULL };
    const tp_status status = y->numel ? set_up(&w, call, op, y) : TP_OK;
    if (status || !y->numel) return status;
    share s;
    const int64_t pieces = share_out(&s, &w, y->numel);
    const int threads = y->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    if (threads > 1) tp__parallel(pieces, threads, run_piece, &s);
    else run_rows(&w, 0, s.rows, 0, s.inner);
    return TP_OK;
}

/* The shape that the inputs broadcast to, laid out as the first that has it; no memory. */
static tp_tensor broadcast(const tp__call *call, int n)
{
    tp_tensor y = { .dtype = TP_F32, .numel = 1 };
    for (int k = 0; k < n; k++)
        if (call->in[k]->ndim > y.ndim) y.ndim = call->in[k]->ndim;
    for (int d = 0; d < y.ndim; d++) y.shape[d] = 1;
    for (int k = 0; k < n; k++)
        for (int d = 0, lead = y.ndim - call->in[k]->ndim; lead + d < y.ndim; d++)
            if (call->in[k]->shape[d] != 1) y.shape[lead + d] = call->in[k]->shape[d];
    int64_t step = 1;
    for (int d = y.ndim - 1; d >= 0; d--) {
        y.stride[d] = step;
        step *= y.shape[d];
        y.numel *= y.shape[d];
    }
    for (int k = 0; k < n; k++)
        if (tp__same_shape(call->in[k], &y) && !tp__is_expanded(call->in[k])) {
            tp__strides_like(call->in[k], y.stride);
            break;
        }
    return y;
}

tp_status tp__pointwise_sum(tp__call *call, const tp__pointwise *op, tp__sum *sum, int64_t *numel)
{
    const tp_tensor like = broadcast(call, op->n_in);
    tp__sum one = { 0 };
    walk w = { .sums = &one };
    *sum = one;
    *numel = like.numel;
    const tp_status status = like.numel ? set_up(&w, call, op, &like) : TP_OK;
    if (status || !like.numel) return status;
    share s;
    const int64_t pieces = share_out(&s, &w, like.numel);
    if (pieces > 1 && !(w.sums = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)pieces * sizeof *w.sums))) return TP_ERR_MEMORY;
    tp__parallel(pieces, like.numel >= PARALLEL_FROM ? tp_get_num_threads() : 1, run_piece, &s);
    for (int64_t i = 0; i < pieces; i++) {
        if (w.at[0].loop_dtype == TP_I64) sum->whole += w.sums[i].whole;
        else sum->real += w.sums[i].real;
    }
    return TP_OK;
}
