/* loader.c: a ring of slots. Workers take the numbers of batches in turn and make batch b in slot b % n_slots, as far ahead as
 * slots are free; the caller takes them in order, and gives a slot back when it asks for the next. What a batch holds depends
 * on seed, epoch and number alone, so the workers' number and pace change nothing.
 *
 * With a device the caller's thread sends batches there, on a stream of the loader's own, and not only the one that it gives: those that
 * come after it, as far as they are made, are on their way while the device computes. Without workers the next one is made for that. */
#include <pthread.h>
#include <string.h>
#include "loader.h"
#include "order.h"

enum { MOST_WORKERS = 1024, MOST_PREFETCH = 4096 };

struct tp_loader {
    tp_object object;
    tp__recipe recipe;
    tp_data_loader_options opt;
    int64_t count, n_batches, epoch;             /* count: samples of an epoch */
    tp__order order;
    int64_t *indices;                            /* of all slots */
    tp__slot *slots;
    int64_t n_slots;
    tp_stream *side;                             /* on which batches are copied to the device, while that computes */
    int64_t ahead;                               /* batches sent there before they are asked for, at most; 0: they stay on the CPU */
    int64_t delivered;                           /* batches that the caller has had, of this epoch */
    int64_t first;                               /* where the next epoch begins: tp_loader_seek */
    bool lent;                                   /* the last of them is still the caller's */
    tp__progress bar;

    tp_thread **threads;
    int64_t n_threads;
    pthread_mutex_t lock;                        /* guards what follows, and `ready` of the slots */
    pthread_cond_t more, done;                   /* more to do; a batch is done */
    int64_t claimed, released, busy;             /* batches begun, given back, and being made */
    bool running, stopping;
};

static void destroy(void *loader) { tp_loader_free(loader); }

static bool is_loader(const tp_loader *l, const char *op)
{
    if (l && l->object.kind == TP_KIND_LOADER)
        return true;
    tp_fail(TP_ERR_ARGUMENT, l ? "%s: this is no loader, or it was freed" : "%s: the loader is NULL", op);
    return false;
}

/* ---- Making ----------------------------------------------------------------------------------------------------------------- */

static void make(tp_loader *l, int64_t number)
{
    tp__slot *slot = &l->slots[number % l->n_slots];
    const int64_t start = number * l->opt.batch_size, left = l->count - start;
    slot->size = left < l->opt.batch_size ? left : l->opt.batch_size;
    slot->first = (uint64_t)l->epoch * (uint64_t)l->count + (uint64_t)start;
    for (int64_t i = 0; i < slot->size; i++)
        slot->indices[i] = tp__order_at(&l->order, start + i);
    tp__batch_make(&l->recipe, slot);
}

static bool may_claim(const tp_loader *l)
{
    return l->running && l->claimed < l->n_batches && l->claimed < l->released + l->n_slots;
}

static void work(void *arg)
{
    tp_loader *l = arg;
    tp_thread_serial(true);
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->stopping && !may_claim(l))
            pthread_cond_wait(&l->more, &l->lock);
        if (l->stopping)
            break;
        const int64_t number = l->claimed++;
        l->busy++;
        pthread_mutex_unlock(&l->lock);
        make(l, number);
        pthread_mutex_lock(&l->lock);
        l->slots[number % l->n_slots].ready = true;
        l->busy--;
        pthread_cond_signal(&l->done);           /* one thread at most waits for it, the caller's */
    }
    pthread_mutex_unlock(&l->lock);
}

/* In the caller's thread, whose generator is as before when this is over. */
static void make_here(tp_loader *l, int64_t number)
{
    const tp_rng_state state = tp_rng_get();
    make(l, number);
    tp_rng_set(state);
}

/* ---- An epoch ----------------------------------------------------------------------------------------------------------------- */

static tp_status begin_epoch(tp_loader *l)
{
    for (; l->n_threads < l->opt.workers && l->n_batches > 0; l->n_threads++)
        if (!(l->threads[l->n_threads] = tp_thread_start("taper-loader", work, l)))
            return tp_error_status();
    if (tp__order_draw(&l->order, l->recipe.seed, l->epoch) != TP_OK)
        return tp_error_status();
    l->delivered = l->first;
    l->first = 0;
    if (l->opt.progress)
        tp__progress_begin(&l->bar, l->delivered);
    pthread_mutex_lock(&l->lock);
    l->claimed = l->released = l->delivered;
    l->running = true;
    pthread_cond_broadcast(&l->more);
    pthread_mutex_unlock(&l->lock);
    return TP_OK;
}

/* The batch on the device is given up. */
static void forget_moved(tp__slot *slot)
{
    for (int i = 0; i < TP_MAX_FIELDS; i++) {
        tp_release(slot->moved[i]);
        slot->moved[i] = NULL;
    }
    slot->sent = slot->tried = false;
}

/* The workers finish the batches that they are at and begin no others. */
static void end_epoch(tp_loader *l)
{
    pthread_mutex_lock(&l->lock);
    l->running = false;
    while (l->busy > 0)
        pthread_cond_wait(&l->done, &l->lock);
    pthread_mutex_unlock(&l->lock);
    for (int64_t i = 0; i < l->n_slots; i++) {
        if (l->slots[i].sent)
            tp__slot_empty(&l->slots[i]);        /* a copy may read it still; it goes where nobody looks */
        forget_moved(&l->slots[i]);
        l->slots[i].ready = false;
    }
    tp__progress_forget(&l->bar);
    l->epoch += l->epoch < INT64_MAX;            /* which tp_loader_seek may go to */
}

/* Before the slot's memory is written again, the copy out of it is waited for, which may tell an error that a kernel met. */
static tp_status take_back(tp_loader *l)
{
    if (!l->lent)
        return TP_OK;
    tp__slot *slot = &l->slots[(l->delivered - 1) % l->n_slots];
    const tp_status status = slot->sent ? tp_event_synchronize(slot->copied) : TP_OK;
    if (status || (slot->tried && !slot->sent))
        tp__slot_empty(slot);                    /* a copy may run still: pinned memory is used again when it is done */
    forget_moved(slot);
    l->lent = false;
    pthread_mutex_lock(&l->lock);
    slot->ready = false;
    l->released = l->delivered;
    pthread_cond_signal(&l->more);               /* room for one batch more */
    pthread_mutex_unlock(&l->lock);
    return status;
}

static tp__slot *await(tp_loader *l, int64_t number)
{
    tp__slot *slot = &l->slots[number % l->n_slots];
    if (!l->opt.workers) {
        if (!slot->ready)
            make_here(l, number);
        slot->ready = true;
        return slot;
    }
    pthread_mutex_lock(&l->lock);
    while (!slot->ready)
        pthread_cond_wait(&l->done, &l->lock);
    pthread_mutex_unlock(&l->lock);
    return slot;
}

/* Begins the copy of a batch to the device, on the side stream. What fails leaves the slot as it was, but for `tried`. */
static tp_status send(tp_loader *l, tp__slot *slot)
{
    const tp_device device = l->opt.device;
    TP_SCOPE();
    TP_NO_GRAD();
    slot->tried = true;
    if ((!l->side && !(l->side = tp_stream_new(device))) || (!slot->copied && !(slot->copied = tp_event_new(device, false))))
        return tp_error_status();
    tp_stream *const outer = tp_stream_current(device);
    tp_status status = tp_stream_set(device, l->side);
    for (int64_t i = 0; i < slot->n_fields && !status; i++)
        if (!(slot->moved[i] = tp_retain(tp_to(slot->field[i], device, .non_blocking = true))))
            status = tp_error_status();
    if (!status)
        status = tp_event_record(slot->copied, NULL);
    tp_stream_set(device, outer);
    if (status)
        forget_moved(slot);
    slot->sent = !status;
    slot->tried = true;                          /* forget_moved took it back */
    return status;
}

static bool is_made(tp_loader *l, const tp__slot *slot)
{
    pthread_mutex_lock(&l->lock);
    const bool made = slot->ready;
    pthread_mutex_unlock(&l->lock);
    return made;
}

/* Sends what comes after the next batch, as far as it is made. A batch for which the device has no memory now is tried again when it is
 * asked for; any other error is this call's, since it may be that of a kernel. */
static tp_status send_ahead(tp_loader *l)
{
    for (int64_t number = l->delivered + 1; number <= l->delivered + l->ahead && number < l->n_batches; number++) {
        tp__slot *slot = &l->slots[number % l->n_slots];
        if (!l->opt.workers)
            await(l, number);
        if (!is_made(l, slot))
            break;
        if (slot->failed || slot->tried)
            continue;
        const tp_status status = send(l, slot);
        if (status == TP_ERR_MEMORY)
            tp_clear_error();
        if (status)
            return status == TP_ERR_MEMORY ? TP_OK : status;
    }
    return TP_OK;
}

static void lend(tp_loader *l, const tp__slot *slot, tp_batch *batch)
{
    memcpy(batch->field, l->ahead ? slot->moved : slot->field, (size_t)slot->n_fields * sizeof *batch->field);
    batch->x = batch->field[0];
    batch->y = batch->field[1];
    batch->n_fields = slot->n_fields;
    batch->size = slot->size;
    batch->indices = slot->indices;
}

bool tp_loader_next(tp_loader *l, tp_batch *batch)
{
    if (batch)
        *batch = (tp_batch){ .size = 0 };
    if (tp_failed() || !is_loader(l, "loader_next"))
        return false;
    if (!batch)
        return tp_fail(TP_ERR_ARGUMENT, "loader_next: the batch is NULL"), false;
    if (take_back(l) != TP_OK || (!l->running && begin_epoch(l) != TP_OK))
        return false;
    const bool over = l->delivered == l->n_batches;
    if (l->opt.progress)
        tp__progress_draw(&l->bar, l->epoch, l->delivered, l->n_batches, over);
    if (over) {
        end_epoch(l);
        return false;
    }
    tp__slot *slot = await(l, l->delivered);
    tp_status status = slot->failed || !l->ahead || slot->sent ? TP_OK : send(l, slot);
    if (!status && l->ahead && (status = send_ahead(l)) != TP_OK)
        return false;                            /* the batch is there still */
    l->delivered++;
    l->lent = true;
    if (slot->failed)
        return tp_error_rethrow(&slot->error), false;
    /* What the thread asks of the device from now on comes after the copy. */
    if (status || (l->ahead && tp_stream_wait(l->opt.device, NULL, slot->copied) != TP_OK))
        return false;
    lend(l, slot, batch);
    return true;
}

void tp_loader_reset(tp_loader *l)
{
    if (!is_loader(l, "loader_reset") || !l->running)
        return;
    take_back(l);                                /* an error of a kernel's stays unread */
    end_epoch(l);
}

tp_loader_place tp_loader_tell(tp_loader *l)
{
    if (!is_loader(l, "loader_tell"))
        return (tp_loader_place){ .seed = 0 };
    return (tp_loader_place){ .seed = l->recipe.seed, .epoch = l->epoch, .batch = l->running ? l->delivered : l->first };
}

tp_status tp_loader_seek(tp_loader *l, tp_loader_place place)
{
    if (tp_failed() || !is_loader(l, "loader_seek"))
        return tp_error_status();
    if (place.epoch < 0 || place.batch < 0 || place.batch > l->n_batches)
        return tp_fail(TP_ERR_ARGUMENT, "loader_seek: batch %lld of epoch %lld, where an epoch has %lld", (long long)place.batch,
                       (long long)place.epoch, (long long)l->n_batches);
    tp_loader_reset(l);
    if (tp_failed())
        return tp_error_status();
    l->recipe.seed = place.seed;                 /* no worker is at a batch now */
    l->epoch = place.epoch;
    l->first = place.batch;
    return TP_OK;
}

int64_t tp_loader_batches(tp_loader *l) { return is_loader(l, "loader_batches") ? l->n_batches : 0; }
int64_t tp_loader_epoch(tp_loader *l) { return is_loader(l, "loader_epoch") ? l->epoch : 0; }

tp_status tp_loader_log(tp_loader *l, const char *name, tp_tensor *value)
{
    if (tp_failed() || !is_loader(l, "loader_log"))
        return tp_error_status();
    if (!name || !value)
        return tp_fail(TP_ERR_ARGUMENT, "loader_log: %s is NULL", name ? "the value" : "the name");
    if (tp_numel(value) != 1)
        return tp_fail(TP_ERR_SHAPE, "loader_log: \"%s\" has %lld elements, not 1", name, (long long)tp_numel(value));
    return l->running && l->bar.shown ? tp__progress_log(&l->bar, name, value) : TP_OK;
}

/* ---- A loader's beginning and end ------------------------------------------------------------------------------------------------ */

static tp_status check_device(tp_device device)
{
    if (device == 0 || device == TP_CPU)
        return TP_OK;
    if (device < TP_CUDA(0) || device >= TP_CUDA(16))
        return tp_fail(TP_ERR_DEVICE, "data_loader: %d is no device", (int)device);
    const int there = tp_cuda_device_count();
    if (device < TP_CUDA(there))
        return TP_OK;
    return tp_fail(TP_ERR_DEVICE, "data_loader: there is no device %s: %s%s", tp_device_name(device), there ? "the last is " : "",
                   there ? tp_device_name(TP_CUDA(there - 1)) : tp_cuda_why_not());
}

static tp_status check_options(const tp_data_loader_options *o)
{
    if (o->batch_size < 1)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: batch_size %lld, not 1 or more", (long long)o->batch_size);
    if (o->workers < 0 || o->workers > MOST_WORKERS)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: %lld workers, not 0 to %d", (long long)o->workers, MOST_WORKERS);
    if (o->prefetch < 1 || o->prefetch > MOST_PREFETCH)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: prefetch %lld, not 1 to %d", (long long)o->prefetch, MOST_PREFETCH);
    return check_device(o->device);
}

static tp_status choose_seed(tp_loader *l)
{
    TP_SCOPE();
    l->recipe.seed = (uint64_t)(l->opt.seed != TP_NONE ? l->opt.seed : tp_item_i64(tp_randint(0, (int64_t)1 << 62, TP_SHAPE(1))));
    return tp_error_status();
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static size_t index_bytes(const tp_loader *l) { return (size_t)(l->n_slots * smaller(l->opt.batch_size, l->count)) * sizeof *l->indices; }

static tp_status set_up(tp_loader *l)
{
    const tp_data_loader_options *o = &l->opt;
    const int64_t all = tp_dataset_count(l->recipe.set);
    if (tp_failed() || choose_seed(l) != TP_OK || tp__order_set_up(&l->order, o, all) != TP_OK)
        return tp_error_status();
    l->count = l->order.count;
    const int64_t whole = l->count / o->batch_size;
    l->n_batches = whole + (l->count % o->batch_size && !o->drop_last);
    l->ahead = o->device == 0 || o->device == TP_CPU ? 0 : o->workers ? o->prefetch : 1;
    l->n_slots = smaller((o->workers ? o->workers * o->prefetch : l->ahead) + 1, l->n_batches > 0 ? l->n_batches : 1);
    if (!(l->slots = tp_mem_calloc((size_t)l->n_slots * sizeof *l->slots)))
        return tp_error_status();
    if (l->count > 0 && !(l->indices = tp_mem_alloc(index_bytes(l))))
        return tp_error_status();
    for (int64_t i = 0; i < l->n_slots && l->indices; i++)
        l->slots[i].indices = l->indices + i * smaller(o->batch_size, l->count);
    if (o->workers && !(l->threads = tp_mem_calloc((size_t)o->workers * sizeof *l->threads)))
        return tp_error_status();
    return TP_OK;
}

tp_loader *tp_data_loader_with(tp_dataset *set, const tp_data_loader_options *o)
{
    tp_data_loader_options opt = TP__BRACES(data_loader, );
    if (tp_failed() || !tp__is_dataset(set, "data_loader") || tp_options_take("data_loader", &opt, o, opt.size) != TP_OK
        || check_options(&opt) != TP_OK)
        return NULL;
    tp_loader *l = tp_mem_calloc(sizeof *l);
    if (!l)
        return NULL;
    l->object = (tp_object){ .kind = TP_KIND_LOADER, .destroy = destroy };
    l->opt = opt;
    l->recipe = (tp__recipe){ .set = tp_dataset_retain(set), .collate = opt.collate, .collate_arg = opt.collate_arg,
        .pinned = opt.pinned || (opt.device && opt.device != TP_CPU) };
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->more, NULL);
    pthread_cond_init(&l->done, NULL);
    if (set_up(l) == TP_OK)
        return l;
    tp_loader_free(l);
    return NULL;
}

void tp_loader_free(tp_loader *l)
{
    if (!l || !is_loader(l, "loader_free"))
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->more);
    pthread_mutex_unlock(&l->lock);
    for (int64_t i = 0; i < l->n_threads; i++)
        tp_thread_join(l->threads[i]);
    for (int64_t i = 0; l->slots && i < l->n_slots; i++) {
        tp__slot_empty(&l->slots[i]);
        forget_moved(&l->slots[i]);
        tp_event_free(l->slots[i].copied);
    }
    tp_stream_free(l->side);
    tp__progress_forget(&l->bar);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->more);
    pthread_cond_destroy(&l->done);
    tp_dataset_free(l->recipe.set);
    tp_mem_free(l->threads, (size_t)l->opt.workers * sizeof *l->threads);
    tp__order_free(&l->order);
    if (l->indices)
        tp_mem_free(l->indices, index_bytes(l));
    tp_mem_free(l->slots, (size_t)l->n_slots * sizeof *l->slots);
    l->object.kind = TP_KIND_DEAD;
    tp_mem_free(l, sizeof *l);
}
