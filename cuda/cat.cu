/* cat.cu: cat and stack: every member is copied, and cast, into its part of the output.
 *
 * Contiguous members of one dtype are rows: of the dims before `dim` one each, as wide as a member has elements from there on. Up to MANY of
 * them go in one launch, in pieces as wide as all sizes and addresses allow. */
#include "cuda/kernel.cuh"

enum { MANY = 32 };

/* Columns [first, first + width) of the output's rows; member k has those from start[k] on, start[n] being the width. In pieces of T. */
struct joining {
    int n;
    bool wide;                                         /* numbers of pieces do not fit 31 bits */
    int64_t outer, row, first, width;
    tpc_divisor by;
    const void *x[MANY];
    int64_t start[MANY + 1];
};

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) join_rows(T *y, TPC_GIVEN joining j)
{
    for (int64_t i = tpc_first(); i < j.outer * j.width; i += tpc_step()) {
        const int64_t row = j.wide ? i / j.width : tpc_divide((uint32_t)i, j.by), column = i - row * j.width;
        int k = 0;
        while (column >= j.start[k + 1]) k++;
        y[row * j.row + j.first + column] = ((const T *)j.x[k])[row * (j.start[k + 1] - j.start[k]) + column - j.start[k]];
    }
}

static bool are_rows(const tp__call *call, const tpc_array &y)
{
    bool good = y.contiguous;
    for (int i = 0; i < tpc_n_in(call) && good; i++) {
        tpc_array x;
        tpc_in(call, i, &x);
        good = !x.numel || (x.contiguous && x.on_device && x.dtype == y.dtype);
    }
    return good;
}

/* The bytes of a piece: a power of 2 that divides them all */
static int piece_of(const tp__call *call, const tpc_array &y, int64_t outer)
{
    uint64_t all = 16 | (uint64_t)(uintptr_t)y.data;
    for (int i = 0; i < tpc_n_in(call); i++) {
        tpc_array x;
        tpc_in(call, i, &x);
        if (x.numel) all |= (uint64_t)(x.numel / outer * tpc_size(x.dtype)) | (uint64_t)(uintptr_t)x.data;
    }
    return (int)(all & (~all + 1));
}

static tp_status join_plain(const tp__call *call, const tpc_array &y, int64_t dim)
{
    joining j = joining();
    j.outer = 1;
    for (int64_t d = 0; d < dim; d++) j.outer *= y.shape[d];
    const int piece = piece_of(call, y, j.outer);
    j.row = y.numel / j.outer * tpc_size(y.dtype) / piece;
    for (int i = 0; i < tpc_n_in(call); i++) {
        tpc_array x;
        tpc_in(call, i, &x);
        if (x.numel) {
            j.x[j.n] = x.data;
            j.width += x.numel / j.outer * tpc_size(x.dtype) / piece;
            j.start[++j.n] = j.width;
        }
        if (!j.n || (j.n < MANY && i + 1 < tpc_n_in(call))) continue;
        j.by = tpc_divisor_of(j.width);
        j.wide = j.outer * j.width > INT32_MAX;
        TPC_BY_SIZE(piece, TPC_LAUNCH(join_rows<T>, tpc_blocks(call, j.outer * j.width), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, j))
        j.first += j.width;
        j.n = 0;
        j.width = 0;
    }
    return tpc_launched(call);
}

static tp_status cat(tp__call *call)
{
    tpc_array y, x;
    tpc_out(call, 0, &y);
    const int64_t dim = *(const int64_t *)tpc_attr(call);
    if (!y.numel) return TP_OK;
    if (are_rows(call, y)) return join_plain(call, y, dim);
    int64_t at = 0;
    for (int i = 0; i < tpc_n_in(call); i++) {
        tpc_in(call, i, &x);
        if (!x.numel) continue;
        const bool stacked = x.ndim < y.ndim;
        tpc_array part = y;
        part.numel = x.numel;
        part.contiguous = false;
        part.data = (char *)y.data + at * y.stride[dim] * tpc_size(y.dtype);
        part.ndim = x.ndim;
        for (int d = 0; d < x.ndim; d++) {
            part.shape[d] = x.shape[d];
            part.stride[d] = y.stride[d + (stacked && d >= dim)];
        }
        const tp_status status = tpc_copy(call, &part, &x);
        if (status) return status;
        at += stacked ? 1 : x.shape[dim];
    }
    return TP_OK;
}

extern "C" const tp_kernel tp__cuda_cat[] = { { "cat", cat, NULL }, { NULL, NULL, NULL } };
