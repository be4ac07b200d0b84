/* copy.cu: copies between any layouts and dtypes, and filling. What is contiguous on both sides goes by the runtime's own copy; where the
 * innermost dim of the one is not that of the other, a tile is turned in shared memory, so that both sides are read and written in
 * whole lines. Where rows are contiguous on both sides, neighbours go together, up to 16 bytes; and four at once between float dtypes of one layout. */
#include "cuda/pointwise.cuh"

enum { TILE = 32, TILE_ROWS = 8 };

TPC_DEVICE bool is_floating(int dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }
TPC_DEVICE bool is_complex(int dtype) { return dtype == TP_C64 || dtype == TP_C128; }
TPC_DEVICE double imaginary(const void *x, int dtype, int64_t i)
{
    return dtype == TP_C64 ? (double)((const float *)x)[2 * i + 1] : dtype == TP_C128 ? ((const double *)x)[2 * i + 1] : 0;
}

/* y[i] = x[j], as tp__cast_row of src/core/convert.c casts. */
static __device__ void cast_one(void *y, int to, int64_t i, const void *x, int from, int64_t j)
{
    if (is_complex(from) || is_complex(to)) {
        const double re = tpc_load<double>(x, from, j), im = imaginary(x, from, j);
        if (to == TP_C64) ((float *)y)[2 * i] = (float)re, ((float *)y)[2 * i + 1] = (float)im;
        else if (to == TP_C128) ((double *)y)[2 * i] = re, ((double *)y)[2 * i + 1] = im;
        else if (to == TP_BOOL) ((uint8_t *)y)[i] = re != 0 || im != 0;
        else tpc_store(y, to, i, re);
    } else if (!is_floating(from) && !is_floating(to)) {
        tpc_store(y, to, i, tpc_load<int64_t>(x, from, j));
    } else {
        tpc_store(y, to, i, tpc_load<double>(x, from, j));
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) cast_walk(void *y, int to, const void *x, int from, TPC_GIVEN tpc_walk walk)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[2];
        tpc_offsets(walk, i, at);
        cast_one(y, to, at[0], x, from, at[1]);
    }
}

/* Between float32 and 16-bit floats, all contiguous and aligned: a cast for each of autocast's operands should cost what the memory does. */
static __global__ void __launch_bounds__(TPC_BLOCK) cast_packs(void *y, int to, const void *x, int from, int64_t n)
{
    enum { W = 4 };
    for (int64_t i = tpc_first(); i < n / W; i += tpc_step()) {
        float v[W];
        tpc_load_pack(x, from, i, v);
        tpc_store_pack(y, to, i, v);
    }
    const int64_t i = n / W * W + tpc_first();         /* the rest, less than W of them */
    if (i < n) tpc_store(y, to, i, tpc_load<float>(x, from, i));
}
static bool comes_in_packs(const void *x, int dtype)
{
    return (dtype == TP_F32 || dtype == TP_F16 || dtype == TP_BF16) && (uintptr_t)x % (4 * (size_t)tpc_size(dtype)) == 0;
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) copy_walk(T *y, const T *x, TPC_GIVEN tpc_walk walk)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[2];
        tpc_offsets(walk, i, at);
        y[at[0]] = x[at[1]];
    }
}

/* Planes of `rows` x `columns`: y steps by 1 along a row, x along a column. */
struct turned { int64_t rows, columns, y_row, x_column; };
template <class T> static __global__ void __launch_bounds__(TILE *TILE_ROWS) copy_turned(T *y, const T *x, turned t, TPC_GIVEN tpc_walk planes)
{
    TPC_SHARED(T, tile, [TILE][TILE + 1]);
    const int64_t across = (t.columns + TILE - 1) / TILE, down = (t.rows + TILE - 1) / TILE;
    for (int64_t b = blockIdx.x; b < across * down * planes.numel; b += gridDim.x) {
        const int64_t plane = b / (across * down), column = b % across * TILE, row = b / across % down * TILE;
        int64_t at[2];
        tpc_offsets(planes, plane, at);
        for (int i = (int)threadIdx.y; i < TILE; i += TILE_ROWS)
            if (row + threadIdx.x < t.rows && column + i < t.columns) tile[i][threadIdx.x] = x[at[1] + row + threadIdx.x + (column + i) * t.x_column];
        __syncthreads();
        for (int i = (int)threadIdx.y; i < TILE; i += TILE_ROWS)
            if (row + i < t.rows && column + threadIdx.x < t.columns) y[at[0] + (row + i) * t.y_row + column + threadIdx.x] = tile[threadIdx.x][i];
        __syncthreads();
    }
}

/* The elements of the innermost dim that go together, as one of up to 16 bytes; the walk becomes one of these. */
static int64_t take_packs(tpc_walk *w, const void *y, const void *x, int64_t item)
{
    const int last = w->ndim - 1;
    if (w->stride[0][last] != 1 || w->stride[1][last] != 1) return 1;
    for (int64_t pack = 16 / item; pack > 1; pack /= 2) {
        bool good = !(((uintptr_t)y | (uintptr_t)x) % (uintptr_t)(item * pack)) && !(w->size[last] % pack);
        for (int d = 0; d < last && good; d++) good = !(w->stride[0][d] % pack) && !(w->stride[1][d] % pack);
        if (!good) continue;
        for (int d = 0; d < last; d++) w->stride[0][d] /= pack, w->stride[1][d] /= pack;
        w->size[last] /= pack;
        w->numel /= pack;
        w->by[last] = tpc_divisor_of(w->size[last]);
        w->wide = w->numel > INT32_MAX;
        return pack;
    }
    return 1;
}

/* Is there a dim in which x steps by 1 while the innermost of y is another? Then that dim leaves the walk. */
static bool is_turned(const tpc_walk &walk, turned *t, tpc_walk *planes)
{
    const int last = walk.ndim - 1;
    int row = -1;
    for (int d = 0; d < last; d++)
        if (walk.stride[1][d] == 1 && walk.size[d] >= 8) row = d;
    if (row < 0 || walk.stride[0][last] != 1 || walk.stride[1][last] <= 1 || walk.size[last] < 8) return false;
    *t = { walk.size[row], walk.size[last], walk.stride[0][row], walk.stride[1][last] };
    int64_t size[TP_MAX_DIMS], to[TP_MAX_DIMS], from[TP_MAX_DIMS];
    const int64_t *stride[] = { to, from };
    int n = 0;
    for (int d = 0; d < last; d++)
        if (d != row) {
            size[n] = walk.size[d];
            to[n] = walk.stride[0][d];
            from[n++] = walk.stride[1][d];
        }
    tpc_walk_dims(planes, n, size, stride, 2);
    return true;
}

template <class T> static void copy_as(const tp__call *call, void *y, const void *x, const tpc_walk &walk)
{
    turned t;
    tpc_walk planes;
    const cudaStream_t stream = tpc_stream(call);
    if (is_turned(walk, &t, &planes)) {
        const int64_t tiles = (t.columns + TILE - 1) / TILE * ((t.rows + TILE - 1) / TILE) * planes.numel, most = (int64_t)tpc_processors(call) * 32;
        TPC_LAUNCH(copy_turned<T>, (unsigned)(tiles < most ? tiles : most), dim3(TILE, TILE_ROWS), 0, stream, (T *)y, (const T *)x, t, planes);
    } else {
        TPC_LAUNCH(copy_walk<T>, tpc_blocks(call, walk.numel), TPC_BLOCK, 0, stream, (T *)y, (const T *)x, walk);
    }
}

/* ---- Filling ------------------------------------------------------------------------------------------------------------------------------ */

struct number { double real; int64_t whole; bool is_real; };
static __global__ void __launch_bounds__(TPC_BLOCK) fill_walk(void *y, int dtype, number v, TPC_GIVEN tpc_walk walk)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[1];
        tpc_offsets(walk, i, at);
        if (v.is_real) tpc_store(y, dtype, at[0], v.real);
        else tpc_store(y, dtype, at[0], v.whole);
    }
}

static tp_status fill_with(const tp__call *call, const tpc_array &y, const number &v)
{
    if (!y.numel) return TP_OK;
    if (y.contiguous && (v.is_real ? v.real == 0 && !signbit(v.real) : !v.whole))
        return tpc_check(call, cudaMemsetAsync(y.data, 0, (size_t)y.numel * tpc_size(y.dtype), tpc_stream(call)), "filling with zero");
    tpc_walk walk;
    tpc_walk_over(&walk, &y, nullptr, 0);
    TPC_LAUNCH(fill_walk, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, v, walk);
    return tpc_launched(call);
}

/* The number that is the attribute, cast to every element of output 0. */
static tp_status fill(tp__call *call)
{
    const tp_operand *value = (const tp_operand *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    const bool real = value->kind == TP_OPERAND_REAL;
    return fill_with(call, y, { real ? value->as.real : 0, real ? 0 : value->as.integer, real });
}

/* ---- Copies --------------------------------------------------------------------------------------------------------------------------------- */

extern "C" tp_status tpc_copy(const tp__call *call, const tpc_array *y, const tpc_array *x)
{
    if (!y->numel) return TP_OK;
    if (!x->on_device && !tpc_is_complex(x->dtype)) return fill_with(call, *y, { tpc_real(x), tpc_integer(x), tpc_is_floating(x->dtype) });
    tpc_temporary room(call);
    tpc_array from = *x;
    if (!x->on_device) {
        if (!(from.data = room.data = tpc_upload(call, x->data, (size_t)tpc_size(x->dtype)))) return TP_ERR_MEMORY;
    }
    const tpc_array *const given[] = { &from };
    tpc_walk walk;
    tpc_walk_over(&walk, y, given, 1);
    const bool plain = walk.ndim == 1 && walk.stride[0][0] == 1 && walk.stride[1][0] == 1;
    if (y->dtype != from.dtype && plain && comes_in_packs(y->data, y->dtype) && comes_in_packs(from.data, from.dtype))
        TPC_LAUNCH(cast_packs, tpc_blocks(call, y->numel, 4), TPC_BLOCK, 0, tpc_stream(call), y->data, y->dtype, (const void *)from.data, from.dtype, y->numel);
    else if (y->dtype != from.dtype)
        TPC_LAUNCH(cast_walk, tpc_blocks(call, y->numel), TPC_BLOCK, 0, tpc_stream(call), y->data, y->dtype, from.data, from.dtype, walk);
    else if (plain)
        return tpc_check(call, cudaMemcpyAsync(y->data, from.data, (size_t)y->numel * tpc_size(y->dtype), cudaMemcpyDeviceToDevice,
                                               tpc_stream(call)), "a copy");
    else {
        const int64_t item = tpc_size(y->dtype), pack = take_packs(&walk, y->data, from.data, item);
        TPC_BY_SIZE((int)(item * pack), copy_as<T>(call, y->data, from.data, walk))
    }
    return tpc_launched(call);
}

/* Output 0 is written with input 1, which broadcasts to it; or with input 0, for a clone. */
static tp_status copy(tp__call *call)
{
    tpc_array y, x;
    tpc_out(call, 0, &y);
    tpc_in(call, tpc_n_in(call) > 1, &x);
    return tpc_copy(call, &y, &x);
}

extern "C" const tp_kernel tp__cuda_copy[] = { { "copy", copy, NULL }, { "fill", fill, NULL }, { NULL, NULL, NULL } };
