/* random.cuh: the words that an element of a draw takes (src/core/philox.h). */
#ifndef TPC_RANDOM_CUH
#define TPC_RANDOM_CUH

#include "cuda/kernel.cuh"

/* A kernel's state: what a graph records finds at each replay where its draws begin, by a pointer that the state holds. The host makes it by
 * tpc_state_of, kernels read it by tpc_state. */
static inline tp_rng_state tpc_state_of(const tp__call *call, tp_rng_state state)
{
    state.spare = (uint64_t)(uintptr_t)tpc_draws_of(call);
    return state;
}
TPC_DEVICE tp_rng_state tpc_state(const tp_rng_state &given) { return tpc_draw_state(given, (const tpc_draws *)(uintptr_t)given.spare); }

/* Words first .. first + N - 1 of a draw, N a multiple of 4. A draw begins with a block of its own, and so do the words here, unless
 * somebody set the generator's state to a place between. */
template <int N> TPC_DEVICE void tpc_draw(const tp_rng_state &given, uint64_t first, uint32_t (&w)[N])
{
    const tp_rng_state state = tpc_state(given);
    const uint64_t at = state.offset + first;
    if (!(at % 4)) {
        for (int b = 0; b < N / 4; b++) tp__philox(state.seed, state.stream, at / 4 + (uint64_t)b, w + 4 * b);
        return;
    }
    uint32_t got[4];
    for (int i = 0; i < N; i++) {
        if (!i || !((at + (uint64_t)i) % 4)) tp__philox(state.seed, state.stream, (at + (uint64_t)i) / 4, got);
        w[i] = got[(at + (uint64_t)i) % 4];
    }
}

/* The elements of x in row-major order */
static inline void tpc_walk_rows(tpc_walk *walk, const tpc_array &x)
{
    const int64_t *const stride[] = { x.stride };
    tpc_walk_dims(walk, x.ndim, x.shape, stride, 1);
}

#endif
