/* conv_gather.cu: convolutions as products of matrices, left [m, k] by right [k, n] of each group, whose right factor is never laid out: a tile
 * of it is gathered into shared memory from the image (implicit gemm). conv.cuh has the formulas.
 *
 * Few channels to a group, above all depthwise ones, leave tiles empty: those go element by element. */
#include "cuda/conv.cuh"

enum { SIDE = 64, DEPTH = 16, EACH = 4, FEW = TPC_CONV_FEW };      /* a block's tile; a thread has EACH x EACH of it, and loads as many */

TPC_DEVICE void add_product(float &sum, float a, float b) { sum += a * b; }
TPC_DEVICE void add_product(double &sum, double a, double b) { sum += a * b; }
TPC_DEVICE void add_product(int64_t &sum, int64_t a, int64_t b) { sum = (int64_t)((uint64_t)sum + (uint64_t)a * (uint64_t)b); }

/* Element by element, where memory is what is waited for, float32 is added in float64. */
template <class T> struct wide_sum { using type = double; };
template <> struct wide_sum<int64_t> { using type = int64_t; };

/* ---- The three products ---------------------------------------------------------------------------------------------------------------- */

/* Of a position of the large side and a tap, the value of the small one. */
template <class T> TPC_DEVICE T from_small(const tpc_conv &g, int64_t n, int64_t o, const int64_t (&large)[3], const int64_t (&tap)[3])
{
    int64_t at = n * g.small.n + o * g.small.c;
    for (int d = 0; d < 3; d++) {
        const int64_t place = large[d] + g.pad[d] - tap[d] * g.apart[d];
        if (place < 0) return 0;
        const int64_t whole = tpc_quotient(place, g.stride[d], g.wide);
        if (whole * g.stride[d].size != place || whole >= g.out[d].size) return 0;
        at += whole * g.small.at[d];
    }
    return tpc_load<T>(g.small.data, g.small.dtype, at);
}

/* side_of and depth_of are what a column and a step of the sum are; `deep`: neighbours in memory are neighbours in the sum; run: so many
 * steps are added up by themselves. */
struct conv_forward {
    tpc_conv g;
    static constexpr bool deep = false;
    __device__ tpc_conv_places side_of(int64_t j, int64_t n) const { return tpc_conv_split(j, n, g.out, g.wide); }
    __device__ tpc_conv_places depth_of(int64_t k, int64_t n) const { return tpc_conv_split(k, n, g.kernel, g.wide); }
    template <class T> using sum_of = typename wide_sum<T>::type;
    __device__ int64_t run() const { return g.cg * g.taps; }
    __device__ void next(tpc_conv_places &k) const { tpc_conv_advance(k, g.kernel); }
    template <class T> __device__ T left(int64_t group, int64_t i, const tpc_conv_places &k) const
    {
        return tpc_load<T>(g.w, g.w_dtype, (group * g.og + i) * g.cg * g.taps + k.number);
    }
    template <class T> __device__ T right(int64_t group, const tpc_conv_places &j, const tpc_conv_places &k) const
    {
        return tpc_conv_from_large<T>(g, j.left, group * g.cg + k.left, j.at, k.at);
    }
    template <class T> __device__ void store(int64_t group, int64_t i, const tpc_conv_places &j, T v) const
    {
        tpc_conv_write(g, g.small, group * g.og + i, j, v);
    }
};
struct conv_data {                                          /* taps from outside, as PyTorch: channels of one are added up first */
    tpc_conv g;
    static constexpr bool deep = false;
    template <class T> using sum_of = T;
    __device__ int64_t run() const { return g.og; }
    __device__ tpc_conv_places side_of(int64_t j, int64_t n) const { return tpc_conv_split(j, n, g.size, g.wide); }
    __device__ tpc_conv_places depth_of(int64_t k, int64_t n) const
    {
        int64_t tap = k < n ? k : 0;
        const int64_t o = tpc_cut(tap, g.outputs, g.wide);
        tpc_conv_places p = tpc_conv_split(tap, g.taps, g.kernel, g.wide);
        p.inside = k < n;
        p.left = o;
        return p;
    }
    __device__ void next(tpc_conv_places &k) const
    {
        if (++k.left < g.og) return;
        tpc_conv_advance(k, g.kernel);
        k.left = 0;
    }
    template <class T> __device__ T left(int64_t group, int64_t i, const tpc_conv_places &k) const
    {
        return tpc_load<T>(g.w, g.w_dtype, ((group * g.og + k.left) * g.cg + i) * g.taps + k.number);
    }
    template <class T> __device__ T right(int64_t group, const tpc_conv_places &j, const tpc_conv_places &k) const
    {
        return from_small<T>(g, j.left, group * g.og + k.left, j.at, k.at);
    }
    template <class T> __device__ void store(int64_t group, int64_t i, const tpc_conv_places &j, T v) const
    {
        tpc_conv_write(g, g.large, group * g.cg + i, j, v);
    }
};
struct conv_weight {
    tpc_conv g;
    static constexpr bool deep = true;
    __device__ tpc_conv_places side_of(int64_t j, int64_t n) const { return tpc_conv_split(j, n, g.kernel, g.wide); }
    __device__ tpc_conv_places depth_of(int64_t k, int64_t n) const { return tpc_conv_split(k, n, g.out, g.wide); }
    template <class T> __device__ T left(int64_t group, int64_t i, const tpc_conv_places &k) const
    {
        return tpc_load<T>(g.small.data, g.small.dtype, tpc_conv_offset(g.small, k.left, group * g.og + i, k.at[0], k.at[1], k.at[2]));
    }
    template <class T> __device__ T right(int64_t group, const tpc_conv_places &j, const tpc_conv_places &k) const
    {
        return tpc_conv_from_large<T>(g, k.left, group * g.cg + j.left, k.at, j.at);
    }
    template <class T> __device__ void store(int64_t group, int64_t i, const tpc_conv_places &j, T v) const
    {
        const int64_t o = group * g.og + i;
        tpc_store(g.w, g.w_dtype, o * g.w_stride[0] + j.left * g.w_stride[1] + j.at[0] * g.w_stride[2] + j.at[1] * g.w_stride[3] + j.at[2] * g.w_stride[4], v);
    }
};

/* ---- By tiles ---------------------------------------------------------------------------------------------------------------------------------- */

/* The sum is tpc_cut into `chunks`, whose results go to `partial` [chunks, groups, m, n] if there are several. */
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
        tpc_conv_places side[Op::deep ? EACH : 1];
        for (int e = 0; e < (Op::deep ? EACH : 1); e++) side[e] = op.side_of(j0 + (Op::deep ? t / DEPTH + e * (TPC_BLOCK / DEPTH) : t % SIDE), s.n);
        T sum[EACH][EACH] = {};
        for (int64_t k0 = first; k0 < last; k0 += DEPTH) {
            const tpc_conv_places deep = op.depth_of(k0 + t % DEPTH, last);
            for (int e = 0; e < EACH; e++) {
                const int i = t / DEPTH + e * (TPC_BLOCK / DEPTH);
                left[t % DEPTH][i] = deep.inside && i0 + i < s.m ? op.template left<T>(group, i0 + i, deep) : (T)0;
                if constexpr (Op::deep) {
                    right[t % DEPTH][i] = deep.inside && side[e].inside ? op.template right<T>(group, side[e], deep) : (T)0;
                } else {
                    const int d = t / SIDE + e * (TPC_BLOCK / SIDE);
                    const tpc_conv_places k = op.depth_of(k0 + d, last);
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
            const tpc_conv_places to = op.side_of(x, s.n);
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
        const tpc_conv_places j = op.side_of(e % s.n, s.n);
        tpc_conv_places k = op.depth_of(0, s.k);
        T sum = 0;
        for (int64_t step = 0; step < s.k;) {
            typename Op::template sum_of<T> run = 0;
            for (const int64_t last = step + op.run(); step < last; step++, op.next(k))
                add_product(run, op.template left<T>(group, i, k), op.template right<T>(group, j, k));
            tpc_plus(sum, (T)run);
        }
        op.store(group, i, j, sum);
    }
}

/* A block for each: where there are few of them, and each is a long sum. */
template <class Op, class T> static __global__ void __launch_bounds__(TPC_BLOCK) by_blocks(const Op op, const size s)
{
    for (int64_t e = blockIdx.x; e < op.g.groups * s.m * s.n; e += gridDim.x) {
        const int64_t i = e / s.n % s.m, group = e / s.n / s.m;
        const tpc_conv_places j = op.side_of(e % s.n, s.n);
        typename wide_sum<T>::type sum = 0;
        for (int64_t n = threadIdx.x; n < s.k; n += TPC_BLOCK) {
            const tpc_conv_places k = op.depth_of(n, s.k);
            add_product(sum, op.template left<T>(group, i, k), op.template right<T>(group, j, k));
        }
        sum = tpc_block_sum(sum);
        if (!threadIdx.x) op.store(group, i, j, (T)sum);
    }
}

/* ---- Running them ---------------------------------------------------------------------------------------------------------------------- */

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

tp_status tpc_conv_by_gathering(const tp__call *call, const tpc_conv &g, int kind)
{
    const int64_t outputs = g.images * g.out[0].size * g.out[1].size * g.out[2].size;
    if (kind == TPC_DNN_FORWARD) return run(call, conv_forward{ g }, g.og, outputs, g.cg * g.taps);
    if (kind == TPC_DNN_WEIGHT) return run(call, conv_weight{ g }, g.og, g.cg * g.taps, outputs);
    return run(call, conv_data{ g }, g.cg, g.images * g.size[0].size * g.size[1].size * g.size[2].size, g.og * g.taps);
}

extern "C" const tp_kernel tp__cuda_conv_gather[] = { { NULL, NULL, NULL } };
