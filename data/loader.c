/* loader.c: a ring of slots. Workers take the numbers of batches in turn and make batch b in slot b % n_slots, as far ahead as
 * slots are free; the caller takes them in order, and gives a slot back when it asks for the next. What a batch holds depends
 * on seed, epoch and number alone, so the workers' number and pace change nothing. */
#include <taper/stream.h>

#include <pthread.h>
#include <string.h>
#include "dice.h"
#include "loader.h"

enum { MOST_WORKERS = 1024, MOST_PREFETCH = 4096 };

struct tp_loader {
    tp_object object;
    tp__recipe recipe;
    tp_data_loader_options opt;
    int64_t count, n_batches, epoch;
    int64_t *order;                              /* [count] when shuffled, else NULL */
    int64_t *indices;                            /* of all slots */
    tp__slot *slots;
    int64_t n_slots;
    tp_tensor *moved[TP_MAX_FIELDS];             /* the lent batch on another device */
    tp_stream *side;                             /* on which it is copied there, while the device computes */
    tp_event *copied;                            /* it is there, and the slot's memory may be written again */
    int64_t delivered;                           /* batches that the caller has had, of this epoch */
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
        slot->indices[i] = l->order ? l->order[start + i] : start + i;
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

/* Fisher and Yates, by the dice of (seed, epoch). */
static void shuffle(tp_loader *l)
{
    tp__dice dice = tp__dice_start(l->recipe.seed, TP__DICE_ORDER, (uint64_t)l->epoch);
    for (int64_t i = 0; i < l->count; i++) {
        const int64_t j = tp__dice_below(&dice, i + 1);
        l->order[i] = l->order[j];
        l->order[j] = i;
    }
}

static tp_status begin_epoch(tp_loader *l)
{
    for (; l->n_threads < l->opt.workers && l->n_batches > 0; l->n_threads++)
        if (!(l->threads[l->n_threads] = tp_thread_start("taper-loader", work, l)))
            return tp_error_status();
    if (l->order)
        shuffle(l);
    if (l->opt.progress)
        tp__progress_begin(&l->bar);
    l->delivered = 0;
    pthread_mutex_lock(&l->lock);
    l->claimed = l->released = 0;
    l->running = true;
    pthread_cond_broadcast(&l->more);
    pthread_mutex_unlock(&l->lock);
    return TP_OK;
}

/* The workers finish the batches that they are at and begin no others. */
static void end_epoch(tp_loader *l)
{
    pthread_mutex_lock(&l->lock);
    l->running = false;
    while (l->busy > 0)
        pthread_cond_wait(&l->done, &l->lock);
    pthread_mutex_unlock(&l->lock);
    for (int64_t i = 0; i < l->n_slots; i++)
        l->slots[i].ready = false;
    tp__progress_forget(&l->bar);
    l->epoch++;
}

static void take_back(tp_loader *l)
{
    if (!l->lent)
        return;
    for (int i = 0; i < TP_MAX_FIELDS; i++) {
        tp_release(l->moved[i]);
        l->moved[i] = NULL;
    }
    l->lent = false;
    if (l->copied)
        tp_event_synchronize(l->copied);
    pthread_mutex_lock(&l->lock);
    l->slots[(l->delivered - 1) % l->n_slots].ready = false;
    l->released = l->delivered;
    pthread_cond_signal(&l->more);               /* room for one batch more */
    pthread_mutex_unlock(&l->lock);
}

static tp__slot *await(tp_loader *l, int64_t number)
{
    tp__slot *slot = &l->slots[number % l->n_slots];
    if (!l->opt.workers) {
        make_here(l, number);
        return slot;
    }
    pthread_mutex_lock(&l->lock);
    while (!slot->ready)
        pthread_cond_wait(&l->done, &l->lock);
    pthread_mutex_unlock(&l->lock);
    return slot;
}

/* On a stream of its own; what the thread does on the device from now on waits for it. */
static tp_status move(tp_loader *l, const tp__slot *slot)
{
    const tp_device device = l->opt.device;
    TP_SCOPE();
    TP_NO_GRAD();
    if ((!l->side && !(l->side = tp_stream_new(device))) || (!l->copied && !(l->copied = tp_event_new(device, false))))
        return tp_error_status();
    tp_stream *const outer = tp_stream_current(device);
    tp_status status = tp_stream_set(device, l->side);
    for (int64_t i = 0; i < slot->n_fields && !status; i++)
        if (!(l->moved[i] = tp_retain(tp_to(slot->field[i], device, .non_blocking = true))))
            status = tp_error_status();
    const tp_status recorded = tp_event_record(l->copied, NULL);
    tp_stream_set(device, outer);
    if (!status)
        status = recorded;
    return status ? status : tp_stream_wait(device, NULL, l->copied);
}

bool tp_loader_next(tp_loader *l, tp_batch *batch)
{
    if (batch)
        *batch = (tp_batch){ .size = 0 };
    if (tp_failed() || !is_loader(l, "loader_next"))
        return false;
    if (!batch)
        return tp_fail(TP_ERR_ARGUMENT, "loader_next: the batch is NULL"), false;
    take_back(l);
    if (!l->running && begin_epoch(l) != TP_OK)
        return false;
    const bool over = l->delivered == l->n_batches;
    if (l->opt.progress)
        tp__progress_draw(&l->bar, l->epoch, l->delivered, l->n_batches, over);
    if (over) {
        end_epoch(l);
        return false;
    }
    const tp__slot *slot = await(l, l->delivered);
    l->delivered++;
    l->lent = true;
    if (slot->failed)
        return tp_error_rethrow(&slot->error), false;
    const bool elsewhere = l->opt.device != 0 && l->opt.device != TP_CPU;
    if (elsewhere && move(l, slot) != TP_OK)
        return false;
    memcpy(batch->field, elsewhere ? l->moved : slot->field, (size_t)slot->n_fields * sizeof *batch->field);
    batch->x = batch->field[0];
    batch->y = batch->field[1];
    batch->n_fields = slot->n_fields;
    batch->size = slot->size;
    batch->indices = slot->indices;
    return true;
}

void tp_loader_reset(tp_loader *l)
{
    if (!is_loader(l, "loader_reset") || !l->running)
        return;
    take_back(l);
    end_epoch(l);
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

static tp_status check_options(const tp_data_loader_options *o)
{
    if (o->batch_size < 1)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: batch_size %lld, not 1 or more", (long long)o->batch_size);
    if (o->workers < 0 || o->workers > MOST_WORKERS)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: %lld workers, not 0 to %d", (long long)o->workers, MOST_WORKERS);
    if (o->prefetch < 1 || o->prefetch > MOST_PREFETCH)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: prefetch %lld, not 1 to %d", (long long)o->prefetch, MOST_PREFETCH);
    return TP_OK;
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
    l->count = tp_dataset_count(l->recipe.set);
    if (tp_failed() || choose_seed(l) != TP_OK)
        return tp_error_status();
    const int64_t whole = l->count / o->batch_size;
    l->n_batches = whole + (l->count % o->batch_size && !o->drop_last);
    l->n_slots = o->workers ? smaller(o->workers * o->prefetch + 1, l->n_batches > 0 ? l->n_batches : 1) : 1;
    if (!(l->slots = tp_mem_calloc((size_t)l->n_slots * sizeof *l->slots)))
        return tp_error_status();
    if (l->count > 0 && !(l->indices = tp_mem_alloc(index_bytes(l))))
        return tp_error_status();
    for (int64_t i = 0; i < l->n_slots && l->indices; i++)
        l->slots[i].indices = l->indices + i * smaller(o->batch_size, l->count);
    if (o->shuffle && l->count > 0 && !(l->order = tp_mem_alloc((size_t)l->count * sizeof *l->order)))
        return tp_error_status();
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
    l->recipe = (tp__recipe){ .set = tp_dataset_retain(set), .collate = opt.collate, .collate_arg = opt.collate_arg, .pinned = opt.pinned || (opt.device && opt.device != TP_CPU) };
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
    for (int64_t i = 0; l->slots && i < l->n_slots; i++)
        tp__slot_empty(&l->slots[i]);
    for (int i = 0; i < TP_MAX_FIELDS; i++)
        tp_release(l->moved[i]);
    tp_event_free(l->copied);
    tp_stream_free(l->side);
    tp__progress_forget(&l->bar);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->more);
    pthread_cond_destroy(&l->done);
    tp_dataset_free(l->recipe.set);
    tp_mem_free(l->threads, (size_t)l->opt.workers * sizeof *l->threads);
    tp_mem_free(l->order, (size_t)l->count * sizeof *l->order);
    if (l->indices)
        tp_mem_free(l->indices, index_bytes(l));
    tp_mem_free(l->slots, (size_t)l->n_slots * sizeof *l->slots);
    l->object.kind = TP_KIND_DEAD;
    tp_mem_free(l, sizeof *l);
}
