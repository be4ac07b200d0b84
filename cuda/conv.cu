/* conv.cu: convolution and its adjoints in the input and in the weight, in one to three dims: by cuDNN, where it has a plan for it, else as
 * products of matrices. Large ones without groups are laid out as columns, which cuBLASLt multiplies; of others the right factor is never
 * laid out: a tile of it is gathered into shared memory from the image (implicit gemm).
 *
 *   forward   y[o][pos] = sum over k = (c, tap)  of w[o][k] x[c][pos stride - pad + tap apart]
 *   data      x[c][pos] = sum over k = (tap, o)  of w[o][c][tap] y[o][(pos + pad - tap apart) / stride], where that is whole
 *   weight    w[o][c, tap] = sum over k = (image, pos)  of y[o][pos] x[c][pos stride - pad + tap apart]
 *
 * by groups of channels; positions are of all images, one after the other. Few channels to a group, above all depthwise ones, leave
 * tiles empty: those go element by element. A transposed convolution is `data`. Images are read and written where they lie, so channels
 * may be the last dim. 16-bit floats are multiplied and added in float32, integers in int64, where sums wrap. */
#include "cuda/dnn.cuh"
#include "cuda/kernel.cuh"
#include "cuda/matmul.cuh"

enum { SIDE = 64, DEPTH = 16, EACH = 4, FEW = 4 };     /* a block's tile; a thread has EACH x EACH of it, and loads as many */

/* n = quotient size + remainder */
struct divided { int64_t size; tpc_divisor by; };
static divided divided_by(int64_t size) { return { size, tpc_divisor_of(size < INT32_MAX ? size : 1) }; }

struct image { void *data; int dtype; int64_t n, c, at[3]; };            /* strides */

struct geometry {
    image large, small;                                /* x and y, or their gradients */
    void *w;
    int w_dtype;
    const void *bias;                                  /* of what is written */
    int bias_dtype;
    int64_t bias_step, w_stride[5];                    /* of a weight that is written; one that is read is row-major */
    int64_t images, groups, cg, og, taps;
    divided size[3], out[3], kernel[3], stride[3], outputs;              /* outputs: og */
    int64_t pad[3], apart[3];
    bool wide;                                         /* numbers may not fit 31 bits */
};

TPC_DEVICE void add_product(float &sum, float a, float b) { sum += a * b; }
TPC_DEVICE void add_product(double &sum, double a, double b) { sum += a * b; }
TPC_DEVICE void add_product(int64_t &sum, int64_t a, int64_t b) { sum = (int64_t)((uint64_t)sum + (uint64_t)a * (uint64_t)b); }
TPC_DEVICE void add(float &sum, float v) { sum += v; }
TPC_DEVICE void add(double &sum, double v) { sum += v; }
TPC_DEVICE void add(int64_t &sum, int64_t v) { sum = (int64_t)((uint64_t)sum + (uint64_t)v); }

TPC_DEVICE int64_t quotient(int64_t n, const divided &by, bool wide) { return wide ? n / by.size : (int64_t)tpc_divide((uint32_t)n, by.by); }
/* The remainder; n becomes the quotient. */
TPC_DEVICE int64_t cut(int64_t &n, const divided &by, bool wide)
{
    const int64_t whole = quotient(n, by, wide), rest = n - whole * by.size;
    n = whole;
    return rest;
}

/* A number as places of three dims and what is left: an image, or a channel. */
struct places { int64_t left, at[3], number; bool inside; };
TPC_DEVICE places split(int64_t number, int64_t n, const divided (&size)[3], bool wide)
{
    places p = { number, { 0, 0, 0 }, number, number < n };
    if (!p.inside) return p;
    p.at[2] = cut(p.left, size[2], wide);
    p.at[1] = cut(p.left, size[1], wide);
    p.at[0] = cut(p.left, size[0], wide);
    return p;
}
TPC_DEVICE void advance(places &p, const divided (&size)[3])
{
    p.number++;
    if (++p.at[2] < size[2].size) return;
    p.at[2] = 0;
    if (++p.at[1] < size[1].size) return;
    p.at[1] = 0;
    if (++p.at[0] < size[0].size) return;
    p.at[0] = 0;
    p.left++;
}
TPC_DEVICE int64_t offset(const image &x, int64_t n, int64_t c, int64_t z, int64_t i, int64_t j)
{
    return n * x.n + c * x.c + z * x.at[0] + i * x.at[1] + j * x.at[2];
}

/* Of a position of the small side and a tap, the value of the large one. */
template <class T> TPC_DEVICE T from_large(const geometry &g, int64_t n, int64_t c, const int64_t (&small)[3], const int64_t (&tap)[3])
{
    int64_t at = n * g.large.n + c * g.large.c;
    bool inside = true;
    for (int d = 0; d < 3; d++) {
        const int64_t place = small[d] * g.stride[d].size - g.pad[d] + tap[d] * g.apart[d];
        inside = inside && place >= 0 && place < g.size[d].size;
        at += place * g.large.at[d];
    }
    return inside ? tpc_load<T>(g.large.data, g.large.dtype, at) : (T)0;
}
template <class T> TPC_DEVICE T from_small(const geometry &g, int64_t n, int64_t o, const int64_t (&large)[3], const int64_t (&tap)[3])
{
    int64_t at = n * g.small.n + o * g.small.c;
    for (int d = 0; d < 3; d++) {
        const int64_t place = large[d] + g.pad[d] - tap[d] * g.apart[d];
        if (place < 0) return 0;
        const int64_t whole = quotient(place, g.stride[d], g.wide);
        if (whole * g.stride[d].size != place || whole >= g.out[d].size) return 0;
        at += whole * g.small.at[d];
    }
    return tpc_load<T>(g.small.data, g.small.dtype, at);
}
template <class T> TPC_DEVICE void write(const geometry &g, const image &to, int64_t c, const places &p, T v)
{
    if (g.bias) add(v, tpc_load<T>(g.bias, g.bias_dtype, c * g.bias_step));
    tpc_store(to.data, to.dtype, offset(to, p.left, c, p.at[0], p.at[1], p.at[2]), v);
}

/* Element by element, where memory is what is waited for, float32 is added in float64. */
template <class T> struct wide_sum { using type = double; };
template <> struct wide_sum<int64_t> { using type = int64_t; };

/* ---- The three products: left [m, k], right [k, n] of each group -------------------------------------------------------------------------- */

/* side_of and depth_of are what a column and a step of the sum are; `deep`: neighbours in memory are neighbours in the sum; run: so many
 * steps are added up by themselves. */
struct conv_forward {
    geometry g;
    static constexpr bool deep = false;
    __device__ places side_of(int64_t j, int64_t n) const { return split(j, n, g.out, g.wide); }
    __device__ places depth_of(int64_t k, int64_t n) const { return split(k, n, g.kernel, g.wide); }
    template <class T> using sum_of = typename wide_sum<T>::type;
    __device__ int64_t run() const { return g.cg * g.taps; }
    __device__ void next(places &k) const { advance(k, g.kernel); }
    template <class T> __device__ T left(int64_t group, int64_t i, const places &k) const
    {
        return tpc_load<T>(g.w, g.w_dtype, (group * g.og + i) * g.cg * g.taps + k.number);
    }
    template <class T> __device__ T right(int64_t group, const places &j, const places &k) const
    {
        return from_large<T>(g, j.left, group * g.cg + k.left, j.at, k.at);
    }
    template <class T> __device__ void store(int64_t group, int64_t i, const places &j, T v) const { write(g, g.small, group * g.og + i, j, v); }
};
struct conv_data {                                          /* taps from outside, as PyTorch: channels of one are added up first */
    geometry g;
    static constexpr bool deep = false;
    template <class T> using sum_of = T;
    __device__ int64_t run() const { return g.og; }
    __device__ places side_of(int64_t j, int64_t n) const { return split(j, n, g.size, g.wide); }
    __device__ places depth_of(int64_t k, int64_t n) const
    {
        int64_t tap = k < n ? k : 0;
        const int64_t o = cut(tap, g.outputs, g.wide);
        places p = split(tap, g.taps, g.kernel, g.wide);
        p.inside = k < n;
        p.left = o;
        return p;
    }
    __device__ void next(places &k) const
    {
        if (++k.left < g.og) return;
        advance(k, g.kernel);
        k.left = 0;
    }
    template <class T> __device__ T left(int64_t group, int64_t i, const places &k) const
    {
        return tpc_load<T>(g.w, g.w_dtype, ((group * g.og + k.left) * g.cg + i) * g.taps + k.number);
    }
    template <class T> __device__ T right(int64_t group, const places &j, const places &k) const
    {
        return from_small<T>(g, j.left, group * g.og + k.left, j.at, k.at);
    }
    template <class T> __device__ void store(int64_t group, int64_t i, const places &j, T v) const { write(g, g.large, group * g.cg + i, j, v); }
};
struct conv_weight {
    geometry g;
    static constexpr bool deep = true;
    __device__ places side_of(int64_t j, int64_t n) const { return split(j, n, g.kernel, g.wide); }
    __device__ places depth_of(int64_t k, int64_t n) const { return split(k, n, g.out, g.wide); }
    template <class T> __device__ T left(int64_t group, int64_t i, const places &k) const
    {
        return tpc_load<T>(g.small.data, g.small.dtype, offset(g.small, k.left, group * g.og + i, k.at[0], k.at[1], k.at[2]));
    }
    template <class T> __device__ T right(int64_t group, const places &j, const places &k) const
    {
        return from_large<T>(g, k.left, group * g.cg + j.left, k.at, j.at);
    }
    template <class T> __device__ void store(int64_t group, int64_t i, const places &j, T v) const
    {
        const int64_t o = group * g.og + i;
        tpc_store(g.w, g.w_dtype, o * g.w_stride[0] + j.left * g.w_stride[1] + j.at[0] * g.w_stride[2] + j.at[1] * g.w_stride[3] + j.at[2] * g.w_stride[4], v);
    }
};

/* ---- By tiles ---------------------------------------------------------------------------------------------------------------------------------- */

/* The sum is cut into `chunks`, whose results go to `partial` [chunks, groups, m, n] if there are several. */
struct size { int64_t m, n, k, chunk, chunks; };

template <class Op, class T> static __global__ void __launch_bounds__(TPC_BLOCK) by_tiles(const Op op, const size s, T *partial)
{
    TPC_SHARED(T, left, [DEPTH][SIDE + 1]);
    TPC_SHARED(T, right, [DEPTH][SIDE + 1]);
    const int t = (int)threadIdx.x, row = t / (SIDE / EACH), column = t % (SIDE / EACH);
    const int64_t down = (s.m + SIDE - 1) / SIDE, across = (s.n + SIDE - 1) / SIDE, tiles = down * across;
    for (int64_t tile = blockIdx.x; tile < tiles * op.g.groups * s.chunks; tile += gridDim.x) {
        const int64_t i0 = tile % down * SIDE, j0 = tile / down % across * SIDE, group = tile / tiles % op.g.groups, part = tile / tiles / op.g.groups;
        const int64_t first = part * s.chunk, last = first + s.chunk < s.k ? first + s.chunk : s.k;
        places side[Op::deep ? EACH : 1];
        for (int e = 0; e < (Op::deep ? EACH : 1); e++) side[e] = op.side_of(j0 + (Op::deep ? t / DEPTH + e * (TPC_BLOCK / DEPTH) : t % SIDE), s.n);
        T sum[EACH][EACH] = {};
        for (int64_t k0 = first; k0 < last; k0 += DEPTH) {
            const places deep = op.depth_of(k0 + t % DEPTH, last);
            for (int e = 0; e < EACH; e++) {
                const int i = t / DEPTH + e * (TPC_BLOCK / DEPTH);
                left[t % DEPTH][i] = deep.inside && i0 + i < s.m ? op.template left<T>(group, i0 + i, deep) : (T)0;
                if constexpr (Op::deep) {
                    right[t % DEPTH][i] = deep.inside && side[e].inside ? op.template right<T>(group, side[e], deep) : (T)0;
                } else {
                    const int d = t / SIDE + e * (TPC_BLOCK / SIDE);
                    const places k = op.depth_of(k0 + d, last);
                    right[d][t % SIDE] = k.inside && side[0].inside ? op.template right<T>(group, side[0], k) : (T)0;
                }
            }
            __syncthreads();
            T more[EACH][EACH] = {};                   /* apart, so that float32 rounds less */
            for (int d = 0; d < DEPTH; d++) {
                T a[EACH], b[EACH];
                for (int e = 0; e < EACH; e++) a[e] = left[d][row + e * (SIDE / EACH)], b[e] = right[d][column + e * (SIDE / EACH)];
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++) add_product(more[i][j], a[i], b[j]);
            }
            for (int i = 0; i < EACH; i++)
                for (int j = 0; j < EACH; j++) sum[i][j] += more[i][j];
            __syncthreads();
        }
        for (int j = 0; j < EACH; j++) {
            const int64_t x = j0 + column + j * (SIDE / EACH);
            const places to = op.side_of(x, s.n);
            for (int i = 0; i < EACH; i++) {
                const int64_t y = i0 + row + i * (SIDE / EACH);
                if (!to.inside || y >= s.m) continue;
                if (s.chunks == 1) op.store(group, y, to, sum[i][j]);
                else partial[((part * op.g.groups + group) * s.m + y) * s.n + x] = sum[i][j];
            }
        }
    }
}

template <class Op, class T> static __global__ void __launch_bounds__(TPC_BLOCK) join_chunks(const Op op, const size s, const T *partial)
{
    const int64_t all = op.g.groups * s.m * s.n;
    for (int64_t e = tpc_first(); e < all; e += tpc_step()) {
        T sum = 0;
        for (int64_t part = 0; part < s.chunks; part++) sum += partial[part * all + e];
        op.store(e / s.n / s.m, e / s.n % s.m, op.side_of(e % s.n, s.n), sum);
    }
}

/* ---- Element by element --------------------------------------------------------------------------------------------------------------------------- */

template <class Op, class T> static __global__ void __launch_bounds__(TPC_BLOCK) by_elements(const Op op, const size s)
{
    for (int64_t e = tpc_first(); e < op.g.groups * s.m * s.n; e += tpc_step()) {
        const int64_t i = e / s.n % s.m, group = e / s.n / s.m;
        const places j = op.side_of(e % s.n, s.n);
        places k = op.depth_of(0, s.k);
        T sum = 0;
        for (int64_t step = 0; step < s.k;) {
            typename Op::template sum_of<T> run = 0;
            for (const int64_t last = step + op.run(); step < last; step++, op.next(k))
                add_product(run, op.template left<T>(group, i, k), op.template right<T>(group, j, k));
            add(sum, (T)run);
        }
        op.store(group, i, j, sum);
    }
}

/* A block for each: where there are few of them, and each is a long sum. */
template <class Op, class T> static __global__ void __launch_bounds__(TPC_BLOCK) by_blocks(const Op op, const size s)
{
    for (int64_t e = blockIdx.x; e < op.g.groups * s.m * s.n; e += gridDim.x) {
        const int64_t i = e / s.n % s.m, group = e / s.n / s.m;
        const places j = op.side_of(e % s.n, s.n);
        typename wide_sum<T>::type sum = 0;
        for (int64_t n = threadIdx.x; n < s.k; n += TPC_BLOCK) {
            const places k = op.depth_of(n, s.k);
            add_product(sum, op.template left<T>(group, i, k), op.template right<T>(group, j, k));
        }
        sum = tpc_block_sum(sum);
        if (!threadIdx.x) op.store(group, i, j, (T)sum);
    }
}

/* ---- By columns ------------------------------------------------------------------------------------------------------------------------------------ */

/* Of some images at a time: columns [positions, k] with k = (c, tap), and the small side as [positions, o], so that each of the three is one
 * product: small = columns W', columns = small W, W = small' columns. */
enum column_kind { TO_SMALL, TO_LARGE, TO_WEIGHT };
struct part { int64_t first, images, positions, k; void *columns, *small; int dtype; };       /* positions: of one image */
static const int64_t COLUMN_BYTES = (int64_t)256 << 20, COLUMN_WORK = (int64_t)1 << 19;

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) gather_columns(const geometry g, const part p)
{
    const int64_t rows = p.images * p.positions;
    for (int64_t e = tpc_first(); e < rows * p.k; e += tpc_step()) {
        const int64_t row = e / p.k;
        const places at = split(row, rows, g.out, g.wide), k = split(e - row * p.k, p.k, g.kernel, g.wide);
        tpc_store(p.columns, p.dtype, e, from_large<T>(g, p.first + at.left, k.left, at.at, k.at));
    }
}

/* x = the sum of what columns hold of it */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) fold_columns(const geometry g, const part p)
{
    const int64_t plane = g.size[0].size * g.size[1].size * g.size[2].size, all = p.images * plane;
    for (int64_t e = tpc_first(); e < all * g.cg; e += tpc_step()) {
        const int64_t c = e / plane % g.cg;
        places to = split(e / plane / g.cg * plane + e % plane, all, g.size, g.wide), tap = split(0, g.taps, g.kernel, g.wide);
        T sum = 0;
        for (; tap.number < g.taps; advance(tap, g.kernel)) {
            int64_t at = to.left;
            bool inside = true;
            for (int d = 0; d < 3; d++) {
                const int64_t place = to.at[d] + g.pad[d] - tap.at[d] * g.apart[d], whole = place < 0 ? 0 : quotient(place, g.stride[d], g.wide);
                inside = inside && whole * g.stride[d].size == place && whole < g.out[d].size;
                at = at * g.out[d].size + whole;
            }
            if (inside) sum += tpc_load<T>(p.columns, p.dtype, at * p.k + c * g.taps + tap.number);
        }
        to.left += p.first;
        write(g, g.large, c, to, sum);
    }
}

/* The small side to [positions, o], or back */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) move_small(const geometry g, const part p, bool back)
{
    const int64_t rows = p.images * p.positions;
    for (int64_t e = tpc_first(); e < rows * g.og; e += tpc_step()) {
        const int64_t o = back ? e / p.positions % g.og : e % g.og, row = back ? e / p.positions / g.og * p.positions + e % p.positions : e / g.og;
        const places at = split(row, rows, g.out, g.wide);
        const int64_t there = offset(g.small, p.first + at.left, o, at.at[0], at.at[1], at.at[2]), here = row * g.og + o;
        if (back) tpc_store(g.small.data, g.small.dtype, there, tpc_load<T>(p.small, p.dtype, here));
        else tpc_store(p.small, p.dtype, here, tpc_load<T>(g.small.data, g.small.dtype, there));
    }
}

static tpc_product column_product(const geometry &g, const part &p, column_kind kind)
{
    const int64_t rows = p.images * p.positions;
    const tpc_matrix columns = { p.columns, p.k, 0, false }, small = { p.small, g.og, 0, false }, w = { g.w, p.k, 0, false };
    if (kind == TO_SMALL) return { p.dtype, rows, g.og, p.k, 1, columns, { g.w, p.k, 0, true }, small, g.bias, false, false, nullptr, nullptr };
    if (kind == TO_LARGE) return { p.dtype, rows, p.k, g.og, 1, small, w, columns, nullptr, false, false, nullptr, nullptr };
    return { p.dtype, g.og, p.k, rows, 1, { p.small, g.og, 0, true }, columns, w, nullptr, p.first > 0, false, nullptr, nullptr };
}

template <class T> static tp_status run_part(const tp__call *call, const geometry &g, const part &p, column_kind kind)
{
    const int64_t rows = p.images * p.positions;
    if (kind != TO_SMALL) TPC_LAUNCH(move_small<T>, tpc_blocks(call, rows * g.og), TPC_BLOCK, 0, tpc_stream(call), g, p, false);
    if (kind != TO_LARGE) TPC_LAUNCH(gather_columns<T>, tpc_blocks(call, rows * p.k), TPC_BLOCK, 0, tpc_stream(call), g, p);
    tp_status status = tpc_launched(call);
    if (!status) status = tpc_multiply(call, column_product(g, p, kind));
    if (status || kind == TO_WEIGHT) return status;
    if (kind == TO_SMALL) TPC_LAUNCH(move_small<T>, tpc_blocks(call, rows * g.og), TPC_BLOCK, 0, tpc_stream(call), g, p, true);
    else TPC_LAUNCH(fold_columns<T>, tpc_blocks(call, p.images * g.cg * g.size[0].size * g.size[1].size * g.size[2].size), TPC_BLOCK, 0, tpc_stream(call), g, p);
    return tpc_launched(call);
}

/* plain: the weight is row-major */
static bool goes_by_columns(const tp__call *call, const geometry &g, column_kind kind, bool plain)
{
    const int dtype = g.large.dtype;
    const double positions = (double)g.images * (double)g.out[0].size * (double)g.out[1].size * (double)g.out[2].size;
    if (g.groups != 1 || g.og <= FEW || !plain || !tpc_is_floating(dtype) || g.small.dtype != dtype || g.w_dtype != dtype) return false;
    if (kind == TO_SMALL && g.bias && (g.bias_dtype != dtype || g.bias_step != 1)) return false;
    return !g.wide && positions * (double)g.og * (double)(g.cg * g.taps) >= (double)COLUMN_WORK && tpc_lt_is_here(call);
}

static tp_status by_columns(const tp__call *call, const geometry &g, column_kind kind)
{
    part p = { 0, 0, g.out[0].size * g.out[1].size * g.out[2].size, g.cg * g.taps, nullptr, nullptr, g.large.dtype };
    const int64_t item = tpc_size(p.dtype), most = COLUMN_BYTES / (p.positions * p.k * item), at_once = most < 1 ? 1 : most < g.images ? most : g.images;
    tpc_temporary columns(call, (size_t)(at_once * p.positions * p.k * item)), small(call, (size_t)(at_once * p.positions * g.og * item));
    if (!columns.data || !small.data) return TP_ERR_MEMORY;
    p.columns = columns.data;
    p.small = small.data;
    tp_status status = TP_OK;
    for (; p.first < g.images && !status; p.first += at_once) {
        p.images = g.images - p.first < at_once ? g.images - p.first : at_once;
        status = p.dtype == TP_F64 ? run_part<double>(call, g, p, kind) : run_part<float>(call, g, p, kind);
    }
    return status;
}

/* ---- By cuDNN -------------------------------------------------------------------------------------------------------------------------------------- */

/* [images, channels, positions], or [images, positions, channels]: inner is what a channel has in a row, 1 in the second. */
struct channels { void *y; const void *b; int dtype, b_dtype; int64_t b_step, n; tpc_divisor by_inner, by_channels; };
template <int> static __global__ void __launch_bounds__(TPC_BLOCK) add_to_channels(const channels s)
{
    for (int64_t e = tpc_first(); e < s.n; e += tpc_step()) {
        const uint32_t row = tpc_divide((uint32_t)e, s.by_inner), c = row - tpc_divide(row, s.by_channels) * s.by_channels.size;
        tpc_store(s.y, s.dtype, e, tpc_load<float>(s.y, s.dtype, e) + tpc_load<float>(s.b, s.b_dtype, c * s.b_step));
    }
}
static tp_status add_bias(const tp__call *call, const geometry &g, const tpc_array &y, bool last)
{
    if (!g.bias) return TP_OK;
    const int64_t inner = last ? 1 : y.numel / y.shape[0] / y.shape[1];
    const channels s = { y.data, g.bias, y.dtype, g.bias_dtype, g.bias_step, y.numel, tpc_divisor_of(inner), tpc_divisor_of(y.shape[1]) };
    TPC_LAUNCH(add_to_channels<0>, tpc_blocks(call, s.n), TPC_BLOCK, 0, tpc_stream(call), s);
    return tpc_launched(call);
}

/* In the layout of what is written, or of x for a weight; other sides are brought to it. */
static tp_status by_cudnn(const tp__call *call, const geometry &g, int kind, const tpc_array &large, const tpc_array &w, const tpc_array &small, bool *done)
{
    *done = false;
    if (g.wide || large.dtype != small.dtype || large.dtype != w.dtype || !tpc_is_floating(w.dtype)) return TP_OK;
    const bool last = kind == TPC_DNN_FORWARD ? tpc_dnn_is_last(small, large) : tpc_dnn_is_last(large, small);
    tpc_dnn_conv c = {};
    c.kind = kind, c.dtype = w.dtype, c.last = last;
    c.aligned = tpc_dnn_aligned(large, last) && tpc_dnn_aligned(small, last) && tpc_dnn_aligned(w, last);
    c.images = g.images, c.groups = g.groups, c.cg = g.cg, c.og = g.og;
    for (int d = 0; d < 3; d++) {
        c.size[d] = g.size[d].size, c.out[d] = g.out[d].size, c.kernel[d] = g.kernel[d].size;
        c.stride[d] = g.stride[d].size, c.pad[d] = g.pad[d], c.apart[d] = g.apart[d];
    }
    /* 16 bits are rounded once, with what is added. */
    const bool fused = g.bias && kind != TPC_DNN_WEIGHT && tpc_size(c.dtype) == 2;
    if (fused && (g.bias_dtype != c.dtype || g.bias_step != 1 || (c.aligned && (uintptr_t)g.bias % 16))) return TP_OK;
    c.biased = fused;
    if (!tpc_dnn_convolves(call, &c)) return TP_OK;
    tpc_dnn_side of_large(call), of_small(call), of_w(call);
    tp_status status = of_large.take(large, last, kind == TPC_DNN_DATA);
    if (!status) status = of_small.take(small, last, kind == TPC_DNN_FORWARD);
    if (!status) status = of_w.take(w, last, kind == TPC_DNN_WEIGHT);
    if (!status) status = tpc_dnn_convolve(call, &c, of_large.x.data, of_w.x.data, of_small.x.data, c.biased ? g.bias : nullptr, done);
    if (status || !*done) return status;
    const tpc_dnn_side &into = kind == TPC_DNN_FORWARD ? of_small : kind == TPC_DNN_DATA ? of_large : of_w;
    status = kind == TPC_DNN_WEIGHT || c.biased ? TP_OK : add_bias(call, g, into.x, last);
    return status ? status : into.give();
}

/* ---- Running them ------------------------------------------------------------------------------------------------------------------------------------ */

/* So many chunks of the sum as keep the device busy, none longer than what float32 adds up well, nor shorter than what pays. */
static void cut_sum(const tp__call *call, size &s, int64_t groups)
{
    const int64_t tiles = ((s.m + SIDE - 1) / SIDE) * ((s.n + SIDE - 1) / SIDE) * groups, most = (int64_t)tpc_processors(call) * 4;
    int64_t chunks = tiles && tiles < most ? most / tiles : 1;
    if (chunks > (s.k + 511) / 512) chunks = (s.k + 511) / 512;
    if (chunks < (s.k + 16383) / 16384) chunks = (s.k + 16383) / 16384;
    if (chunks < 1) chunks = 1;
    s.chunk = ((s.k + chunks - 1) / chunks + DEPTH - 1) / DEPTH * DEPTH;
    s.chunks = s.chunk ? (s.k + s.chunk - 1) / s.chunk : 1;
    if (s.chunks < 1) s.chunks = 1;
}

template <class Op, class T> static tp_status run_tiles(const tp__call *call, const Op &op, size s)
{
    s.chunk = s.k, s.chunks = 1;
    if (Op::deep) cut_sum(call, s, op.g.groups);
    const int64_t tiles = ((s.m + SIDE - 1) / SIDE) * ((s.n + SIDE - 1) / SIDE) * op.g.groups * s.chunks, all = op.g.groups * s.m * s.n;
    tpc_temporary partial(call, s.chunks > 1 ? (size_t)(s.chunks * all) * sizeof(T) : 0);
    if (s.chunks > 1 && !partial.data) return TP_ERR_MEMORY;
    TPC_LAUNCH((by_tiles<Op, T>), tpc_grid(call, tiles), TPC_BLOCK, 0, tpc_stream(call), op, s, partial.as<T>());
    const tp_status status = tpc_launched(call);
    if (status || s.chunks == 1) return status;
    TPC_LAUNCH((join_chunks<Op, T>), tpc_blocks(call, all), TPC_BLOCK, 0, tpc_stream(call), op, s, partial.as<T>());
    return tpc_launched(call);
}
template <class Op, class T> static tp_status run_elements(const tp__call *call, const Op &op, const size &s)
{
    const int64_t all = op.g.groups * s.m * s.n;
    if constexpr (Op::deep) TPC_LAUNCH((by_blocks<Op, T>), tpc_grid(call, all), TPC_BLOCK, 0, tpc_stream(call), op, s);
    else TPC_LAUNCH((by_elements<Op, T>), tpc_blocks(call, all), TPC_BLOCK, 0, tpc_stream(call), op, s);
    return tpc_launched(call);
}

template <class Op> static tp_status run(const tp__call *call, const Op &op, int64_t m, int64_t n, int64_t k)
{
    const size s = { m, n, k, k, 1 };
    const int dtype = op.g.large.dtype;
    const bool few = Op::deep ? m * n <= 4 * TPC_BLOCK && (m <= FEW || n <= FEW) : m <= FEW;
    if (tpc_is_complex(dtype)) return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for complex numbers");
    if (!tpc_is_floating(dtype)) return run_elements<Op, int64_t>(call, op, s);
    if (dtype == TP_F64) return few ? run_elements<Op, double>(call, op, s) : run_tiles<Op, double>(call, op, s);
    return few ? run_elements<Op, float>(call, op, s) : run_tiles<Op, float>(call, op, s);
}

/* The last n numbers of a list belong to the last dims. */
static int64_t of_dim(int n, const int64_t *v, int d, int64_t absent) { return d < 3 - n ? absent : v[d - (3 - n)]; }

static image image_of(const tpc_array &x)
{
    image y = { x.data, x.dtype, x.stride[0], x.stride[1], { 0, 0, 0 } };
    for (int d = 0; d < 3; d++) y.at[d] = of_dim(x.ndim - 2, x.stride + 2, d, 0);
    return y;
}

/* w: the shape of the weight */
static geometry geometry_of(const tpc_array &large, const tpc_array &small, const int64_t *w, const tp__ints &stride, const tp__ints &padding,
                            const tp__ints &dilation, int64_t groups)
{
    const int n = large.ndim - 2;
    geometry g = {};
    g.large = image_of(large);
    g.small = image_of(small);
    g.images = large.shape[0];
    g.groups = groups;
    g.cg = large.shape[1] / groups;
    g.og = w[0] / groups;
    g.outputs = divided_by(g.og);
    g.taps = 1;
    double greatest = 0;                               /* in float64, where nothing overflows */
    const double channels = (double)(g.cg > g.og ? g.cg : g.og);
    double of_large = (double)g.images, of_small = (double)g.images;
    for (int d = 0; d < 3; d++) {
        g.size[d] = divided_by(of_dim(n, large.shape + 2, d, 1));
        g.out[d] = divided_by(of_dim(n, small.shape + 2, d, 1));
        g.kernel[d] = divided_by(of_dim(n, w + 2, d, 1));
        g.stride[d] = divided_by(of_dim(n, stride.v, d, 1));
        g.pad[d] = of_dim(n, padding.v, d, 0);
        g.apart[d] = of_dim(n, dilation.v, d, 1);
        g.taps *= g.kernel[d].size;
        of_large *= (double)g.size[d].size;
        of_small *= (double)g.out[d].size;
        const double reach = (double)g.size[d].size + (double)g.pad[d] + (double)g.stride[d].size + (double)g.kernel[d].size * (double)g.apart[d];
        greatest = reach > greatest ? reach : greatest;
    }
    const double sums = channels * (double)g.taps, most = sums > of_large ? sums : of_large;
    g.wide = (greatest > most ? greatest : most) > 2e9 || of_small > 2e9;
    return g;
}

static tp_status convolution(tp__call *call)
{
    const tp__convolution *a = static_cast<const tp__convolution *>(tpc_attr(call));
    tpc_array x, w, b, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &w);
    const bool biased = tpc_in(call, 2, &b);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    bool done;
    const tpc_array &large = a->transposed ? y : x, &small = a->transposed ? x : y;
    geometry g = geometry_of(large, small, w.shape, a->stride, a->padding, a->dilation, a->groups);
    if (biased) g.bias = b.data, g.bias_dtype = b.dtype, g.bias_step = b.ndim ? b.stride[0] : 0;
    tp_status status = by_cudnn(call, g, a->transposed ? TPC_DNN_DATA : TPC_DNN_FORWARD, large, w, small, &done);
    if (!status && !done) status = tpc_contiguous(call, &w, &room.data);
    if (status || done) return status;
    g.w = w.data;
    g.w_dtype = w.dtype;
    const column_kind kind = a->transposed ? TO_LARGE : TO_SMALL;
    if (goes_by_columns(call, g, kind, true)) return by_columns(call, g, kind);
    if (a->transposed) return run(call, conv_data{ g }, g.cg, g.images * g.size[0].size * g.size[1].size * g.size[2].size, g.og * g.taps);
    return run(call, conv_forward{ g }, g.og, g.images * g.out[0].size * g.out[1].size * g.out[2].size, g.cg * g.taps);
}

static tp_status convolution_weight_grad(tp__call *call)
{
    const tp__convolution_weight_grad *a = static_cast<const tp__convolution_weight_grad *>(tpc_attr(call));
    tpc_array x, dy, dw;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &dy);
    tpc_out(call, 0, &dw);
    if (!dw.numel) return TP_OK;
    bool done;
    geometry g = geometry_of(x, dy, dw.shape, a->stride, a->padding, a->dilation, a->groups);
    const tp_status status = by_cudnn(call, g, TPC_DNN_WEIGHT, x, dw, dy, &done);
    if (status || done) return status;
    g.w = dw.data;
    g.w_dtype = dw.dtype;
    g.w_stride[0] = dw.stride[0];
    g.w_stride[1] = dw.stride[1];
    for (int d = 0; d < 3; d++) g.w_stride[2 + d] = of_dim(dw.ndim - 2, dw.stride + 2, d, 0);
    if (goes_by_columns(call, g, TO_WEIGHT, dw.contiguous)) return by_columns(call, g, TO_WEIGHT);
    return run(call, conv_weight{ g }, g.og, g.cg * g.taps, g.images * g.out[0].size * g.out[1].size * g.out[2].size);
}

extern "C" const tp_kernel tp__cuda_conv[] = {
    { "convolution", convolution, NULL }, { "convolution_weight_grad", convolution_weight_grad, NULL }, { NULL, NULL, NULL },
};
