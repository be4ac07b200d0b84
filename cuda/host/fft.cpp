/* fft.cpp: cuFFT on the simulated device: the functions that cuda/fft_library.c uses, as sums in float64, one dim after the other. The working
 * memory that a plan asks for is used, and what a transform to real numbers read is spoilt. */
#if __has_include(<cufft.h>)
#include <cufft.h>
#include <math.h>

#include "cuda/host/counters.h"
#include "cuda/host/cudahost.h"
#include "cuda/host/queue.h"

using namespace cudahost;

namespace {

struct number { double re, im; };
struct plan { bool used, made; cufftType type; int rank; int64_t n[3], points, batch, stride, x_apart, y_apart; number *work; cudaStream_t stream; };

enum { PLANS = 256, FIRST = 7 };                       /* handles are no small numbers from 0 on */
plan plans[PLANS];
taper_cuda_host_transforms noted;                      /* by several threads, as the plans are made: under the lock */

bool is_wide(cufftType type) { return type == CUFFT_Z2Z || type == CUFFT_D2Z || type == CUFFT_Z2D; }
bool from_real(cufftType type) { return type == CUFFT_R2C || type == CUFFT_D2Z; }
bool to_real(cufftType type) { return type == CUFFT_C2R || type == CUFFT_Z2D; }

double read(const void *x, bool wide, int64_t i) { return wide ? ((const double *)x)[i] : ((const float *)x)[i]; }
void write(void *y, bool wide, int64_t i, double v)
{
    if (wide) ((double *)y)[i] = v;
    else ((float *)y)[i] = (float)v;
}

int64_t first() { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }
int64_t step() { return (int64_t)gridDim.x * blockDim.x; }

__global__ void take(const plan p, const void *x)
{
    const bool wide = is_wide(p.type);
    for (int64_t i = first(); i < p.points * p.batch; i += step()) {
        const int64_t b = i / p.points, k = i % p.points;
        const bool mirrored = to_real(p.type) && 2 * k > p.n[0];
        const int64_t at = b * p.x_apart + (mirrored ? p.n[0] - k : k) * p.stride;
        number v = { 0, 0 };
        if (from_real(p.type)) v.re = read(x, wide, at);
        else v = { read(x, wide, 2 * at), mirrored ? -read(x, wide, 2 * at + 1) : read(x, wide, 2 * at + 1) };
        p.work[i] = v;
    }
}

__global__ void transform(const plan p, const number *x, number *y, int64_t n, int64_t inner, double sign)
{
    for (int64_t i = first(); i < p.points * p.batch; i += step()) {
        const int64_t k = i / inner % n, base = i - k * inner;
        number sum = { 0, 0 };
        for (int64_t j = 0; j < n; j++) {
            const double angle = sign * 2 * M_PI * (double)(j * k % n) / (double)n, c = cos(angle), s = sin(angle);
            const number v = x[base + j * inner];
            sum.re += v.re * c - v.im * s;
            sum.im += v.re * s + v.im * c;
        }
        y[i] = sum;
    }
}

__global__ void give(const plan p, const number *from, void *y)
{
    const bool wide = is_wide(p.type);
    const int64_t points = from_real(p.type) ? p.n[0] / 2 + 1 : p.points;
    for (int64_t i = first(); i < points * p.batch; i += step()) {
        const int64_t b = i / points, k = i % points, at = b * p.y_apart + k * p.stride;
        const number v = from[b * p.points + k];
        if (to_real(p.type)) {
            write(y, wide, at, v.re);
            continue;
        }
        write(y, wide, 2 * at, v.re);
        write(y, wide, 2 * at + 1, v.im);
    }
}

__global__ void spoil(const plan p, void *x)
{
    const int64_t points = p.n[0] / 2 + 1;
    for (int64_t i = first(); i < points * p.batch; i += step())
        write(x, is_wide(p.type), 2 * (i / points * p.x_apart + i % points * p.stride), NAN);
}

plan *plan_of(cufftHandle handle) { return handle >= FIRST && handle < FIRST + PLANS && plans[handle - FIRST].used ? &plans[handle - FIRST] : nullptr; }

cufftResult run(cufftHandle handle, cufftType type, void *x, void *y, int direction)
{
    plan *p = plan_of(handle);
    if (!p || !p->made) return CUFFT_INVALID_PLAN;
    if (p->type != type || !x || !y || (direction != CUFFT_FORWARD && direction != CUFFT_INVERSE)) return CUFFT_INVALID_VALUE;
    /* as of complex numbers */
    if (from_real(type) && (uintptr_t)x % (is_wide(type) ? 2 * sizeof(double) : 2 * sizeof(float))) return CUFFT_INVALID_VALUE;
    if (!p->work || !p->stream || (x == y && (from_real(type) || to_real(type)))) return CUFFT_EXEC_FAILED;
    const int64_t all = p->points * p->batch, blocks = (all + 63) / 64;
    const unsigned grid = (unsigned)(blocks < 64 ? blocks : 64);
    const double sign = to_real(type) || (!from_real(type) && direction == CUFFT_INVERSE) ? 1 : -1;
    number *a = p->work, *b = a + all;
    {
        const guard held(lock);
        noted.runs++;
    }
    TPC_LAUNCH(take, grid, 64, 0, p->stream, *p, x);
    int64_t inner = 1;
    for (int d = p->rank - 1; d >= 0; inner *= p->n[d--]) {
        TPC_LAUNCH(transform, grid, 64, 0, p->stream, *p, a, b, p->n[d], inner, sign);
        number *const t = a;
        a = b, b = t;
    }
    if (to_real(type)) TPC_LAUNCH(spoil, grid, 64, 0, p->stream, *p, x);
    TPC_LAUNCH(give, grid, 64, 0, p->stream, *p, a, y);
    return CUFFT_SUCCESS;
}

} /* namespace */

extern "C" {

void taper_cuda_host_count_transforms(taper_cuda_host_transforms *out)
{
    const guard held(lock);
    *out = noted;
}

cufftResult CUFFTAPI cufftCreate(cufftHandle *handle)
{
    const guard held(lock);
    for (int i = 0; i < PLANS; i++) {
        if (plans[i].used) continue;
        plans[i] = plan();
        plans[i].used = true;
        *handle = FIRST + i;
        noted.alive++;
        return CUFFT_SUCCESS;
    }
    return CUFFT_ALLOC_FAILED;
}
cufftResult CUFFTAPI cufftDestroy(cufftHandle handle)
{
    plan *p = plan_of(handle);
    if (!p) return CUFFT_INVALID_PLAN;
    const guard held(lock);
    p->used = false;
    noted.alive--;
    return CUFFT_SUCCESS;
}
cufftResult CUFFTAPI cufftSetAutoAllocation(cufftHandle handle, int on)
{
    plan *p = plan_of(handle);
    return !p || p->made ? CUFFT_INVALID_PLAN : on ? CUFFT_NOT_SUPPORTED : CUFFT_SUCCESS;
}
cufftResult CUFFTAPI cufftSetStream(cufftHandle handle, cudaStream_t stream)
{
    plan *p = plan_of(handle);
    if (!p) return CUFFT_INVALID_PLAN;
    p->stream = stream;
    return CUFFT_SUCCESS;
}
cufftResult CUFFTAPI cufftSetWorkArea(cufftHandle handle, void *work)
{
    plan *p = plan_of(handle);
    if (!p || (uintptr_t)work % 16) return p ? CUFFT_INVALID_VALUE : CUFFT_INVALID_PLAN;
    p->work = static_cast<number *>(work);
    return CUFFT_SUCCESS;
}

cufftResult CUFFTAPI cufftMakePlanMany64(cufftHandle handle, int rank, long long *n, long long *x_size,
                                         long long x_stride, long long x_apart, long long *y_size, long long y_stride,
                                         long long y_apart, cufftType type, long long batch, size_t *room)
{
    plan *p = plan_of(handle);
    if (!p || p->made) return CUFFT_INVALID_PLAN;
    if (rank < 1 || rank > 3 || batch < 1 || x_stride != y_stride || x_stride < 1 || x_apart < 1 || y_apart < 1) return CUFFT_INVALID_VALUE;
    if (rank > 1 && (from_real(type) || to_real(type) || x_stride != 1)) return CUFFT_NOT_SUPPORTED;
    p->points = 1;
    for (int d = 0; d < rank; d++) {
        if (n[d] < 1) return CUFFT_INVALID_SIZE;
        if (x_size[d] != (to_real(type) ? n[d] / 2 + 1 : n[d]) || y_size[d] != (from_real(type) ? n[d] / 2 + 1 : n[d])) return CUFFT_INVALID_SIZE;
        p->points *= p->n[d] = n[d];
    }
    p->made = true;
    p->type = type, p->rank = rank, p->batch = batch, p->stride = x_stride, p->x_apart = x_apart, p->y_apart = y_apart;
    *room = 2 * sizeof(number) * (size_t)(p->points * batch);
    const guard held(lock);
    noted.made++;
    return CUFFT_SUCCESS;
}

cufftResult CUFFTAPI cufftExecC2C(cufftHandle h, cufftComplex *x, cufftComplex *y, int direction) { return run(h, CUFFT_C2C, x, y, direction); }
cufftResult CUFFTAPI cufftExecZ2Z(cufftHandle h, cufftDoubleComplex *x, cufftDoubleComplex *y, int direction) { return run(h, CUFFT_Z2Z, x, y, direction); }
cufftResult CUFFTAPI cufftExecR2C(cufftHandle h, cufftReal *x, cufftComplex *y) { return run(h, CUFFT_R2C, x, y, CUFFT_FORWARD); }
cufftResult CUFFTAPI cufftExecC2R(cufftHandle h, cufftComplex *x, cufftReal *y) { return run(h, CUFFT_C2R, x, y, CUFFT_INVERSE); }
cufftResult CUFFTAPI cufftExecD2Z(cufftHandle h, cufftDoubleReal *x, cufftDoubleComplex *y) { return run(h, CUFFT_D2Z, x, y, CUFFT_FORWARD); }
cufftResult CUFFTAPI cufftExecZ2D(cufftHandle h, cufftDoubleComplex *x, cufftDoubleReal *y) { return run(h, CUFFT_Z2D, x, y, CUFFT_INVERSE); }

} /* extern "C" */

#endif
