/* pad.cu: pad, by a rule that says of each dim from which place of the input a place of the output comes, -1 from outside; and its adjoint,
 * where each place of the input looks for those that came from it, and adds them in their order. */
#include "cuda/order.cuh"

struct padding {
    int ndim, mode;
    int64_t numel, before[TP_MAX_DIMS], after[TP_MAX_DIMS], size[TP_MAX_DIMS], padded[TP_MAX_DIMS];
    int64_t small[TP_MAX_DIMS], large[TP_MAX_DIMS];    /* steps of the input, and of the padded */
};

TPC_DEVICE int64_t place_of(const padding &p, int d, int64_t i)
{
    const int64_t at = i - p.before[d], size = p.size[d];
    switch (p.mode) {
    case TP__PAD_REFLECT: return at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
    case TP__PAD_REPLICATE: return at < 0 ? 0 : at >= size ? size - 1 : at;
    case TP__PAD_CIRCULAR: {                           /* round by what the cuts left */
        const int64_t from = p.before[d] < 0 ? -p.before[d] : 0, end = size + (p.after[d] < 0 ? p.after[d] : 0), room = end - from;
        return at < from ? at + room : at >= end ? at - room : at;
    }
    default: return at >= 0 && at < size ? at : -1;
    }
}

static padding padding_of(const tp__pad *a, const tpc_array &small, const tpc_array &large)
{
    padding p = padding();
    p.ndim = small.ndim;
    p.mode = a->mode;
    for (int d = 0; d < p.ndim; d++) {
        p.before[d] = a->before.v[d];
        p.after[d] = a->after.v[d];
        p.size[d] = small.shape[d];
        p.padded[d] = large.shape[d];
        p.small[d] = small.stride[d];
        p.large[d] = large.stride[d];
    }
    return p;
}

/* ---- Forward -------------------------------------------------------------------------------------------------------------------------------- */

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pad_places(T *y, const T *x, TPC_GIVEN padding p, const T outside)
{
    for (int64_t i = tpc_first(); i < p.numel; i += tpc_step()) {
        int64_t rest = i, to = 0, from = 0;
        bool is_outside = false;
        for (int d = p.ndim - 1; d >= 0; d--) {
            int64_t at;
            rest = tpc_split(rest, p.padded[d], &at);
            const int64_t place = place_of(p, d, at);
            to += at * p.large[d];
            from += place * p.small[d];
            is_outside |= place < 0;
        }
        y[to] = is_outside ? outside : x[from];
    }
}

/* The value as the dtype has it */
template <class T> static T value_of(const tp_operand &value, int dtype)
{
    union { double real[2]; float single[2]; int64_t whole; __half half; __nv_bfloat16 brain; unsigned char bytes[16]; } held = { { 0, 0 } };
    const bool is_real = value.kind == TP_OPERAND_REAL;
    const double real = is_real ? value.as.real : (double)value.as.integer;
    T y;
    switch (dtype) {
    case TP_F64: case TP_C128: held.real[0] = real; break;
    case TP_F32: case TP_C64: held.single[0] = (float)real; break;
    case TP_F16: held.half = __float2half_rn((float)real); break;
    case TP_BF16: held.brain = __float2bfloat16_rn((float)real); break;
    case TP_BOOL: held.bytes[0] = real != 0; break;
    default: held.whole = is_real ? (real >= -9223372036854775808.0 && real < 9223372036854775808.0 ? (int64_t)real : INT64_MIN) : value.as.integer;
    }
    memcpy((void *)&y, held.bytes, sizeof y);          /* of whole numbers the low bytes */
    return y;
}

static tp_status pad(tp__call *call)
{
    const tp__pad *a = (const tp__pad *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    padding p = padding_of(a, x, y);
    p.numel = y.numel;
    TPC_BY_SIZE(tpc_size(y.dtype), TPC_LAUNCH(pad_places<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, (const T *)x.data, p,
                                              value_of<T>(a->value, y.dtype)))
    return tpc_launched(call);
}

/* ---- Backward --------------------------------------------------------------------------------------------------------------------------------- */

/* Places of the padded dim that came from `at`, rising: those of a run, or up to three. */
struct sources { int64_t n, first, some[3]; bool is_run; };

TPC_DEVICE void add_source(const padding &p, int d, int64_t at, int64_t i, sources *s)
{
    if (i < 0 || i >= p.padded[d] || place_of(p, d, i) != at) return;
    for (int64_t k = 0; k < s->n; k++)
        if (s->some[k] == i) return;
    int64_t to = s->n++;
    for (; to > 0 && s->some[to - 1] > i; to--) s->some[to] = s->some[to - 1];
    s->some[to] = i;
}
TPC_DEVICE sources sources_of(const padding &p, int d, int64_t at)
{
    sources s = { 0, 0, { 0, 0, 0 }, p.mode == TP__PAD_REPLICATE };
    const int64_t last = p.size[d] - 1, i = at + p.before[d];
    if (s.is_run) {
        const int64_t end = at == last ? p.padded[d] : i + 1 < p.padded[d] ? i + 1 : p.padded[d];
        s.first = at == 0 || i < 0 ? 0 : i;
        s.n = end > s.first ? end - s.first : 0;
        return s;
    }
    add_source(p, d, at, i, &s);
    if (p.mode != TP__PAD_REFLECT) return s;
    add_source(p, d, at, p.before[d] - at, &s);
    add_source(p, d, at, 2 * last - at + p.before[d], &s);
    return s;
}

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) gather_sums(void *dx, const void *dy, int dtype, TPC_GIVEN padding p)
{
    for (int64_t i = tpc_first(); i < p.numel; i += tpc_step()) {
        int64_t rest = i, to = 0, digit[TP_MAX_DIMS];
        sources s[TP_MAX_DIMS];
        bool any = true;
        for (int d = p.ndim - 1; d >= 0; d--) {
            int64_t at;
            rest = tpc_split(rest, p.size[d], &at);
            to += at * p.small[d];
            s[d] = sources_of(p, d, at);
            digit[d] = 0;
            any &= s[d].n > 0;
        }
        W sum = 0;
        while (any) {
            int64_t from = 0;
            for (int d = 0; d < p.ndim; d++) from += (s[d].is_run ? s[d].first + digit[d] : s[d].some[digit[d]]) * p.large[d];
            sum += tpc_load<W>(dy, dtype, from);
            int d = p.ndim - 1;
            for (; d >= 0 && ++digit[d] == s[d].n; d--) digit[d] = 0;
            any = d >= 0;
        }
        tpc_store(dx, dtype, to, sum);
    }
}

/* Circular: dim by dim, from the first on, what is behind the middle is added to its beginning, and what is before it to its end; 16-bit
 * floats are rounded after each. w: [outer, n, inner], of n the first l and the last r are outside of the middle. */
template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) fold_dim(W *w, int64_t outer, int64_t n, int64_t inner, int64_t l, int64_t r, int rounds)
{
    const int64_t middle = n - l - r;
    for (int64_t i = tpc_first(); i < outer * middle * inner; i += tpc_step()) {
        int64_t k, at;
        const int64_t o = tpc_split(tpc_split(i, inner, &k), middle, &at);
        W *const row = w + o * n * inner + k, v = row[(l + at) * inner];
        W sum = v;
        if (at < r) sum = tpc_round_to(rounds, sum + row[(n - r + at) * inner]);
        if (at >= middle - l) sum = tpc_round_to(rounds, sum + row[(at - (middle - l)) * inner]);
        if (at < r || at >= middle - l) row[(l + at) * inner] = sum;
    }
}

/* The middle of the folded dy is dx, where nothing was cut off. */
static tp_status fold(const tp__call *call, const tp__pad *a, const tpc_array &dy, const tpc_array &dx)
{
    const int dtype = dy.dtype == TP_F64 ? TP_F64 : TP_F32;
    tpc_temporary room(call, (size_t)(dy.numel ? dy.numel : 1) * tpc_size(dtype));
    if (!room.data) return TP_ERR_MEMORY;
    tpc_array work = dy, to = dx;
    work.data = room.data;
    work.dtype = dtype;
    work.contiguous = true;
    int64_t step = 1, outer = 1;
    for (int d = dy.ndim - 1; d >= 0; step *= dy.shape[d--]) work.stride[d] = step;
    tp_status status = tpc_copy(call, &work, &dy);
    for (int d = 0; d < dy.ndim && dy.numel; outer *= dy.shape[d++]) {
        const int64_t l = a->before.v[d] > 0 ? a->before.v[d] : 0, r = a->after.v[d] > 0 ? a->after.v[d] : 0, n = dy.shape[d], inner = dy.numel / outer / n;
        if (!l && !r) continue;
        const unsigned blocks = tpc_blocks(call, outer * (n - l - r) * inner);
        if (dtype == TP_F64) TPC_LAUNCH(fold_dim<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), (double *)work.data, outer, n, inner, l, r, TP_F64);
        else TPC_LAUNCH(fold_dim<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), (float *)work.data, outer, n, inner, l, r, (int)dy.dtype);
    }
    if (!status) status = tpc_check(call, cudaMemsetAsync(dx.data, 0, (size_t)dx.numel * tpc_size(dx.dtype), tpc_stream(call)), "filling with zero");
    work.numel = 1;
    for (int d = 0; d < dy.ndim; d++) {
        const int64_t before = a->before.v[d], after = a->after.v[d];
        work.shape[d] = to.shape[d] = dx.shape[d] + (before < 0 ? before : 0) + (after < 0 ? after : 0);
        work.numel *= work.shape[d];
        work.data = (char *)work.data + (before > 0 ? before : 0) * work.stride[d] * tpc_size(dtype);
        to.data = (char *)to.data + (before < 0 ? -before : 0) * dx.stride[d] * tpc_size(dx.dtype);
    }
    to.numel = work.numel;
    to.contiguous = work.contiguous = false;
    return status ? status : tpc_copy(call, &to, &work);
}

/* Of a constant, where nothing was cut off, the gradient is a part of dy. */
static bool is_part(const tp__pad *a, const tpc_array &dx, tpc_array *dy)
{
    bool part = a->mode == TP__PAD_CONSTANT;
    for (int d = 0; d < dx.ndim; d++) part &= a->before.v[d] >= 0 && a->after.v[d] >= 0;
    for (int d = 0; d < dx.ndim && part; d++) {
        dy->data = (char *)dy->data + a->before.v[d] * dy->stride[d] * tpc_size(dy->dtype);
        dy->shape[d] = dx.shape[d];
    }
    if (part) dy->numel = dx.numel, dy->contiguous = false;
    return part;
}

static tp_status pad_backward(tp__call *call)
{
    const tp__pad *a = (const tp__pad *)tpc_attr(call);
    tpc_array dy, dx;
    tpc_in(call, 0, &dy);
    tpc_out(call, 0, &dx);
    if (!dx.numel) return TP_OK;
    if (a->mode == TP__PAD_CIRCULAR) return fold(call, a, dy, dx);
    if (is_part(a, dx, &dy)) return tpc_copy(call, &dx, &dy);
    padding p = padding_of(a, dx, dy);
    p.numel = dx.numel;
    const unsigned blocks = tpc_blocks(call, dx.numel);
    if (dy.dtype == TP_F64) TPC_LAUNCH(gather_sums<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), dx.data, (const void *)dy.data, dy.dtype, p);
    else TPC_LAUNCH(gather_sums<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), dx.data, (const void *)dy.data, dy.dtype, p);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_pad[] = { { "pad_dims", pad, NULL }, { "pad_dims_backward", pad_backward, NULL }, { NULL, NULL, NULL } };
