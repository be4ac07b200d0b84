/* select.cu: one element or another. They are only moved, so kernels go by their size; what has another dtype is cast first. Where all lie
 * alike, 16 bytes go at once with as many conditions. */
#include "cuda/pointwise.cuh"

#define REPLACED a != a ? (T)p.nan : a == (T)INFINITY ? (T)p.posinf : a == (T)-INFINITY ? (T)p.neginf : a
TP__EVERY1_WITH(nan_to_num, tp__nan_to_num, REPLACED, REPLACED, a)

/* y = condition ? a : b. What is NULL is one value. */
template <class T> struct choice {
    T *y;
    const uint8_t *condition;
    const T *a, *b;
    uint8_t condition_value;
    T a_value, b_value;
};

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) choose_walk(const choice<T> s, const tpc_walk walk)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[4];
        tpc_offsets(walk, i, at);
        const uint8_t first = s.condition ? s.condition[at[1]] : s.condition_value;
        s.y[at[0]] = first ? (s.a ? s.a[at[2]] : s.a_value) : s.b ? s.b[at[3]] : s.b_value;
    }
}

template <int W> struct bytes_of { using type = uint4; };
template <> struct bytes_of<8> { using type = uint2; };
template <> struct bytes_of<4> { using type = uint32_t; };
template <> struct bytes_of<2> { using type = uint16_t; };

template <class T, int W> TPC_DEVICE void load_pack(const T *x, T value, int64_t pack, T (&v)[W])
{
    if (x) {
        const uint4 bytes = ((const uint4 *)x)[pack];
        memcpy(v, &bytes, sizeof v);
    } else {
        TPC_UNROLL(16)
        for (int j = 0; j < W; j++) v[j] = value;
    }
}
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) choose_direct(const choice<T> s, int64_t n)
{
    enum { W = 16 / sizeof(T) };
    using mask = typename bytes_of<W>::type;
    for (int64_t i = tpc_first(); i < n / W; i += tpc_step()) {
        uint8_t first[W];
        T a[W], b[W];
        if (s.condition) {
            const mask bytes = ((const mask *)s.condition)[i];
            memcpy(first, &bytes, sizeof first);
        }
        load_pack(s.a, s.a_value, i, a);
        load_pack(s.b, s.b_value, i, b);
        TPC_UNROLL(16)
        for (int j = 0; j < W; j++) a[j] = (s.condition ? first[j] : s.condition_value) ? a[j] : b[j];
        uint4 bytes;
        memcpy(&bytes, a, sizeof bytes);
        ((uint4 *)s.y)[i] = bytes;
    }
    const int64_t i = n / W * W + tpc_first();         /* the rest, less than W of them */
    if (i >= n) return;
    const uint8_t first = s.condition ? s.condition[i] : s.condition_value;
    s.y[i] = first ? (s.a ? s.a[i] : s.a_value) : s.b ? s.b[i] : s.b_value;
}

static bool lies_plainly(const tpc_walk &walk, const tpc_array *const *x, const void *y)
{
    bool plain = walk.ndim == 1 && walk.stride[0][0] == 1 && (uintptr_t)y % 16 == 0;
    for (int k = 0; k < 3; k++) plain &= !x[k]->on_device || (walk.stride[k + 1][0] == 1 && (uintptr_t)x[k]->data % 16 == 0);
    return plain;
}

template <class T> static tp_status choose_as(const tp__call *call, const tpc_array &y, const tpc_array *const *x)
{
    choice<T> s = {};
    tpc_walk walk;
    unsigned char bits[16];
    s.y = (T *)y.data;
    if (x[0]->on_device) s.condition = (const uint8_t *)x[0]->data;
    else tpc_value_as(x[0], TP_BOOL, &s.condition_value);
    for (int k = 1; k < 3; k++) {
        if (x[k]->on_device) {
            (k == 1 ? s.a : s.b) = (const T *)x[k]->data;
            continue;
        }
        tpc_value_as(x[k], y.dtype, bits);
        memcpy(k == 1 ? &s.a_value : &s.b_value, bits, sizeof(T));
    }
    tpc_walk_over(&walk, &y, x, 3);
    if constexpr (sizeof(T) < 16) {
        if (lies_plainly(walk, x, y.data)) {
            TPC_LAUNCH(choose_direct<T>, tpc_blocks(call, y.numel, 16 / sizeof(T)), TPC_BLOCK, 0, tpc_stream(call), s, y.numel);
            return tpc_launched(call);
        }
    }
    TPC_LAUNCH(choose_walk<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), s, walk);
    return tpc_launched(call);
}

/* x in another dtype, contiguous, in room; broadcast dims stay as small as they are. */
static tp_status cast_to(const tp__call *call, int dtype, tpc_array *x, tpc_temporary *room)
{
    if (!x->on_device || x->dtype == dtype || !x->numel) return TP_OK;
    tpc_array y = *x;
    int64_t stride = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        y.stride[d] = stride;
        stride *= x->shape[d];
    }
    y.contiguous = true;
    y.dtype = dtype;
    y.data = room->data = tpc_room(call, (size_t)x->numel * tpc_size(dtype));
    if (!y.data) return TP_ERR_MEMORY;
    const tp_status status = tpc_copy(call, &y, x);
    *x = y;
    return status;
}

static tp_status choose(const tp__call *call, tpc_array condition, tpc_array a, tpc_array b)
{
    tpc_array y;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    tpc_temporary room[3] = { tpc_temporary(call), tpc_temporary(call), tpc_temporary(call) };
    tp_status status = condition.dtype == TP_U8 ? TP_OK : cast_to(call, TP_BOOL, &condition, &room[0]);
    if (!status) status = cast_to(call, y.dtype, &a, &room[1]);
    if (!status) status = cast_to(call, y.dtype, &b, &room[2]);
    if (status) return status;
    const tpc_array *const x[] = { &condition, &a, &b };
    TPC_BY_SIZE(tpc_size(y.dtype), return choose_as<T>(call, y, x))
    return TP_OK;
}

static tp_status where(tp__call *call)
{
    tpc_array condition, a, b;
    tpc_in(call, 0, &condition);
    tpc_in(call, 1, &a);
    tpc_in(call, 2, &b);
    return choose(call, condition, a, b);
}
static tp_status masked_fill(tp__call *call)
{
    tpc_array x, mask, value;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &mask);
    tpc_in(call, 2, &value);
    return choose(call, mask, value, x);
}

extern "C" const tp_kernel tp__cuda_select[] = {
    { "where", where, NULL }, { "masked_fill", masked_fill, NULL }, TP__ROW(nan_to_num) { NULL, NULL, NULL }
};
