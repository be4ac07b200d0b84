/* dnn.c: a thread's handles for cuDNN, the plans that it has made, and how one is run.
 *
 * Plans are not for several threads at once, so each thread has its own, found by what they are of. At most PLANS are kept, those that were
 * used last; what a graph recorded is kept as long as the process, since the code that it runs belongs to the plan. What cuDNN has no plan
 * for is remembered, too. */
#include "cuda/dnn_rnn.h"

#include <stdlib.h>

#include "cuda/runtime.h"

#ifdef TPC_HAS_CUDNN

enum { PLANS = 512, SLOTS = 1024 };

typedef struct entry {
    tpc_dnn_plan plan;                                 /* first: a plan is its entry */
    tpc_dnn_builder *build;
    uint64_t hash;
    int device;
    uint32_t forbidden;
    size_t size;
    struct entry *next, *newer, *older;                /* of the slot; by use */
    _Alignas(8) unsigned char key[];
} entry;

typedef struct thread {
    cudnnHandle_t handle[TPC_MAX_DEVICES];
    entry *slot[SLOTS], *newest, *oldest;
    int n;
    void *nets;                                        /* dnn_rnn_run.c's */
} thread;

static __thread thread *mine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;

/* ---- What a thread has ---------------------------------------------------------------------------------------------------------------------- */

static void free_entry(entry *e)
{
    if (!e->plan.kept) tpc_dnn_plan_end(&e->plan);
    free(e);
}

static void end_thread(void *of)
{
    thread *t = of;
    if (t->nets && !tpc_gone()) tpc_dnn_nets_end(t->nets);
    free(t->nets);
    for (entry *e = t->newest, *older; e && !tpc_gone(); e = older) {
        older = e->older;
        free_entry(e);
    }
    for (int i = 0; i < TPC_MAX_DEVICES && !tpc_gone(); i++)
        if (t->handle[i] && !tpc_lost(i) && !tpc_ready(i)) tpc_dnn()->Destroy(t->handle[i]);
    mine = NULL;
    free(t);
}
static void make_key(void) { pthread_key_create(&at_exit, end_thread); }

static thread *this_thread(void)
{
    if (mine) return mine;
    pthread_once(&once, make_key);
    thread *t = calloc(1, sizeof *t);
    if (t && pthread_setspecific(at_exit, t)) {
        free(t);
        t = NULL;
    }
    return mine = t;
}

void *tpc_dnn_thread_nets(size_t bytes)
{
    thread *t = this_thread();
    if (t && !t->nets) t->nets = calloc(1, bytes);
    return t ? t->nets : NULL;
}

cudnnHandle_t tpc_dnn_handle(const tp__call *call)
{
    const int index = tpc_device(call);
    if (!tpc_dnn() || tpc_ready(index)) return NULL;
    thread *t = this_thread();
    if (!t) return NULL;
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    if (!t->handle[index] && tpc_dnn()->Create(&t->handle[index])) t->handle[index] = NULL;
    const bool set = t->handle[index] && !tpc_dnn()->SetStream(t->handle[index], tpc_current(index)->handle);
    tpc_relax(&mode);
    if (!set) cudaGetLastError();
    return set ? t->handle[index] : NULL;
}

/* ---- Plans ----------------------------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const void *key, size_t size)
{
    uint64_t hash = 14695981039346656037ull;
    for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)key)[i]) * 1099511628211ull;
    return hash ^ hash >> 32;
}

static void unlink_use(thread *t, entry *e)
{
    *(e->newer ? &e->newer->older : &t->newest) = e->older;
    *(e->older ? &e->older->newer : &t->oldest) = e->newer;
}
static void link_use(thread *t, entry *e)
{
    e->newer = NULL;
    e->older = t->newest;
    *(t->newest ? &t->newest->newer : &t->oldest) = e;
    t->newest = e;
}

static void forget(thread *t, entry *e)
{
    entry **at = &t->slot[e->hash % SLOTS];
    while (*at != e) at = &(*at)->next;
    *at = e->next;
    unlink_use(t, e);
    t->n--;
    free_entry(e);
}

static entry *make(thread *t, cudnnHandle_t handle, const entry *like, const void *key)
{
    tpc_dnn_graph g = { .n_parts = 0 };
    entry *e = malloc(sizeof *e + like->size);
    if (!e) return NULL;
    *e = *like;
    memcpy(e->key, key, e->size);
    while (t->n >= PLANS) forget(t, t->oldest);
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    like->build(&g, e->key);
    if (!tpc_dnn_pick(&g, &(tpc_dnn_target){ .handle = handle }, like->forbidden, tpc_dnn_most_workspace(), true, &e->plan)) cudaGetLastError();
    tpc_relax(&mode);
    e->next = t->slot[e->hash % SLOTS];
    t->slot[e->hash % SLOTS] = e;
    link_use(t, e);
    t->n++;
    return e;
}

tpc_dnn_plan *tpc_dnn_planned(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden)
{
    cudnnHandle_t handle = tpc_dnn_handle(call);
    if (!handle) return NULL;
    thread *t = this_thread();
    const entry like = { .build = build, .hash = hash_of(key, size), .device = tpc_device(call), .forbidden = forbidden, .size = size };
    entry *e = t->slot[like.hash % SLOTS];
    while (e && (e->hash != like.hash || e->build != build || e->device != like.device || e->forbidden != forbidden || e->size != size
                 || memcmp(e->key, key, size)))
        e = e->next;
    if (!e) {
        e = make(t, handle, &like, key);
    } else if (e != t->newest) {
        unlink_use(t, e);
        link_use(t, e);
    }
    return e ? &e->plan : NULL;
}

/* ---- Running ----------------------------------------------------------------------------------------------------------------------------------- */

static cudnnStatus_t execute(cudnnHandle_t handle, const tpc_dnn_plan *plan, int n, const int64_t *uids, void *const *data, void *room)
{
    const tpc_dnn_functions *f = tpc_dnn();
    cudnnBackendDescriptor_t pack = NULL;
    cudnnStatus_t status = f->BackendCreateDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack);
    if (status) return status;
    status = f->BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, n, uids);
    if (!status) status = f->BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, n, data);
    if (!status) status = f->BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &room);
    if (!status) status = f->BackendFinalize(pack);
    if (!status) status = f->BackendExecute(handle, plan->plan, pack);
    f->BackendDestroyDescriptor(pack);
    return status;
}

/* A plan that is refused now would be the next time. What the device itself met is an error. */
tp_status tpc_dnn_run(const tp__call *call, tpc_dnn_plan *plan, int n, const int64_t *uids, void *const *data, bool *done)
{
    *done = false;
    cudnnHandle_t handle = mine->handle[tpc_device(call)];       /* which looking for the plan has set to the stream */
    void *room = plan->workspace > 0 ? tpc_room(call, (size_t)plan->workspace) : NULL;
    if (plan->workspace > 0 && !room) return TP_ERR_MEMORY;
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    if (tpc_self.graph) plan->kept = true;
    const cudnnStatus_t status = execute(handle, plan, n, uids, data, room);
    tpc_relax(&mode);
    if (room) tpc_room_free(call, room);
    if (!status) {
        *done = true;
        return tpc_launched(call);
    }
    if (status >= CUDNN_STATUS_EXECUTION_FAILED) {
        const tp_status launched = tpc_launched(call);
        return launched ? launched : tpc_fail(call, TP_ERR_DEVICE, "cuDNN fails: %s", tpc_dnn()->GetErrorString(status));
    }
    cudaGetLastError();
    plan->works = false;
    return TP_OK;
}

#endif
