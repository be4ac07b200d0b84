/* fft_library.c: cuFFT's functions, looked up at run time, and the plans that were made: the last ones used stay. A plan is used under a lock, since
 * its stream and its working memory, which is ours, are set for each transform. */
#include "cuda/fft_library.h"

#if __has_include(<cufft.h>)

#include <cufft.h>

#include "cuda/library.h"
#include "cuda/runtime.h"

enum { PLANS = 64 };

#define EACH_FUNCTION(X) \
    X(Create) X(SetAutoAllocation) X(MakePlanMany64) X(SetWorkArea) X(SetStream) X(Destroy) X(ExecC2C) X(ExecR2C) X(ExecC2R) X(ExecZ2Z) X(ExecD2Z) X(ExecZ2D)

static struct {
#define FIELD(name) __typeof__(cufft##name) *name;
    EACH_FUNCTION(FIELD)
#undef FIELD
} fft;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;             /* of the plans */
static bool there;

static bool find_functions(void)
{
    void *const library = tpc_library("libcufft.so." TPC_TEXT(CUFFT_VER_MAJOR));
    if (!library) return false;
#define TAKE(name) if (!TPC_TAKE(library, fft.name, cufft##name)) return false;
    EACH_FUNCTION(TAKE)
#undef TAKE
    return true;
}

static void load(void) { there = !tpc_left_out("TAPER_CUDA_CUFFT") && find_functions(); }

static bool is_here(int index)
{
    pthread_once(&once, load);
    return there && !tpc_lost(index);
}

bool tpc_fft_is_here(const tp__call *call) { return is_here(tpc_device(call)); }

/* ---- Plans -------------------------------------------------------------------------------------------------------------------------------- */

/* All that a plan depends on, without gaps */
typedef struct question { int64_t device, type, rank, n[3], batch, stride, x_apart, y_apart; } question;
typedef struct plan {
    question of;
    cufftHandle handle;
    size_t room;
    uint64_t used;                                     /* 0: there is none */
    bool works, recorded;                              /* recorded: graphs run it, so that it stays */
} plan;
static plan plans[PLANS];
static uint64_t clock_;

static question question_of(int index, const tpc_fourier *f)
{
    static const int64_t types[2][3] = { { CUFFT_C2C, CUFFT_R2C, CUFFT_C2R }, { CUFFT_Z2Z, CUFFT_D2Z, CUFFT_Z2D } };
    question q = { .device = index, .type = types[f->wide][f->kind], .rank = f->rank, .batch = f->batch, .stride = f->stride, .x_apart = f->x_apart,
                   .y_apart = f->y_apart };
    for (int i = 0; i < f->rank; i++) q.n[i] = f->n[i];
    return q;
}

static void make(plan *p)
{
    const question *q = &p->of;
    long long n[3], x[3], y[3];
    for (int i = 0; i < q->rank; i++) n[i] = x[i] = y[i] = q->n[i];
    if (q->type == CUFFT_R2C || q->type == CUFFT_D2Z) y[q->rank - 1] = n[q->rank - 1] / 2 + 1;
    if (q->type == CUFFT_C2R || q->type == CUFFT_Z2D) x[q->rank - 1] = n[q->rank - 1] / 2 + 1;
    p->works = false;
    if (fft.Create(&p->handle)) return;
    p->works = !fft.SetAutoAllocation(p->handle, 0) &&
               !fft.MakePlanMany64(p->handle, (int)q->rank, n, x, q->stride, q->x_apart, y, q->stride, q->y_apart, (cufftType)q->type, q->batch, &p->room);
    if (!p->works) fft.Destroy(p->handle);
}

/* With the lock held. NULL: none can be had now */
static plan *plan_for(const question *q)
{
    plan *at = NULL;
    for (int i = 0; i < PLANS; i++) {
        if (plans[i].used && !memcmp(&plans[i].of, q, sizeof *q)) return &plans[i];
        if (!plans[i].recorded && (!at || plans[i].used < at->used)) at = &plans[i];
    }
    if (!at || tpc_self.graph) return NULL;            /* making one waits for the device */
    if (at->used && at->works) fft.Destroy(at->handle);
    *at = (plan){ .of = *q };
    make(at);
    return at;
}

/* ---- Running it ------------------------------------------------------------------------------------------------------------------------------ */

static cufftResult execute(const plan *p, const tpc_fourier *f)
{
    const int way = f->forward ? CUFFT_FORWARD : CUFFT_INVERSE;
    switch (p->of.type) {
    case CUFFT_C2C: return fft.ExecC2C(p->handle, f->x, f->y, way);
    case CUFFT_R2C: return fft.ExecR2C(p->handle, f->x, f->y);
    case CUFFT_C2R: return fft.ExecC2R(p->handle, f->x, f->y);
    case CUFFT_Z2Z: return fft.ExecZ2Z(p->handle, f->x, f->y, way);
    case CUFFT_D2Z: return fft.ExecD2Z(p->handle, f->x, f->y);
    default: return fft.ExecZ2D(p->handle, f->x, f->y);
    }
}

static tp_status run(const tp__call *call, plan *p, const tpc_fourier *f, bool *done)
{
    void *room = p->room ? tpc_room(call, p->room) : NULL;
    if (p->room && !room) return TP_ERR_MEMORY;
    cufftResult error = fft.SetStream(p->handle, tpc_stream(call));
    if (!error && room) error = fft.SetWorkArea(p->handle, room);
    if (!error) error = execute(p, f);
    if (room) tpc_room_free(call, room);
    *done = true;
    const tp_status launched = tpc_launched(call);
    return launched || !error ? launched : tpc_fail(call, TP_ERR_DEVICE, "cuFFT refuses a transform of %lld x %lld points: status %d", (long long)f->batch,
                                                    (long long)f->n[f->rank - 1], (int)error);
}

tp_status tpc_fft_by_library(const tp__call *call, const tpc_fourier *f, bool *done)
{
    const int index = tpc_device(call);
    *done = false;
    const tp_status ready = tpc_ready(index);
    if (ready || !is_here(index)) return ready;
    const question q = question_of(index, f);
    pthread_mutex_lock(&lock);
    plan *p = plan_for(&q);
    tp_status status = TP_OK;
    if (p) {
        p->used = ++clock_;
        p->recorded |= tpc_self.graph != NULL;
        if (p->works) status = run(call, p, f, done);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

#else

bool tpc_fft_is_here(const tp__call *call) { return (void)call, false; }
tp_status tpc_fft_by_library(const tp__call *call, const tpc_fourier *f, bool *done) { return (void)call, (void)f, *done = false, TP_OK; }

#endif
