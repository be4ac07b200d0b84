/* order.c: the order of an epoch. Random ones are drawn with the dice of (seed, epoch), so that they are the same on every machine and in every
 * replica, each of which takes every replicas-th place.
 *
 *   shuffle        permutations, one after the other where more samples are wanted than there are (Fisher & Yates)
 *   replacement    each drawn anew
 *   weights        with replacement by the running sums; else the least of -ln(u) / w, as Efraimidis & Spirakis 2006 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dice.h"
#include "order.h"

/* In (0, 1) */
static double unit(tp__dice *dice)
{
    const uint64_t high = tp__dice_word(dice), low = tp__dice_word(dice);
    return ((double)((high << 32 | low) >> 11) + 0.5) * 0x1p-53;
}

/* ---- Options --------------------------------------------------------------------------------------------------------------------- */

static tp_status check_weights(const tp__order *o, int64_t wanted)
{
    int64_t possible = 0;
    double sum = 0;
    for (int64_t i = 0; i < o->n; i++) {
        const double w = o->opt.weights[i];
        if (!(w >= 0) || isinf(w))
            return tp_fail(TP_ERR_ARGUMENT, "data_loader: weight %lld is %g, not a finite number from 0 on", (long long)i, w);
        possible += w > 0;
        sum += w;
    }
    if (isinf(sum) || (wanted && !possible))
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: the weights add up to %g", sum);
    if (!o->opt.replacement && wanted > possible)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: %lld samples without replacement, of which %lld have a weight", (long long)wanted, (long long)possible);
    return TP_OK;
}

static tp_status check(const tp__order *o)
{
    const tp_data_loader_options *opt = &o->opt;
    const bool random = opt->shuffle || opt->replacement || opt->weights;
    if (opt->replicas < 1 || opt->rank < 0 || opt->rank >= opt->replicas)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: rank %lld of %lld replicas", (long long)opt->rank, (long long)opt->replicas);
    if (opt->replicas > 1 && random && opt->seed == TP_NONE)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: replicas in a random order need a seed, the same for all");
    if (opt->sampler && random)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: a sampler goes without shuffle, replacement and weights");
    if (opt->samples != TP_NONE && (opt->samples < 0 || !(random || opt->sampler)))
        return tp_fail(TP_ERR_ARGUMENT, opt->samples < 0 ? "data_loader: samples %lld, not 0 or more" :
                       "data_loader: samples %lld goes with shuffle, replacement, weights or a sampler", (long long)opt->samples);
    if (o->total && !o->n)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: %lld samples of an empty dataset", (long long)o->total);
    return opt->weights ? check_weights(o, o->total) : TP_OK;
}

tp_status tp__order_set_up(tp__order *o, const tp_data_loader_options *opt, int64_t n)
{
    *o = (tp__order){ .opt = *opt, .n = n, .total = opt->samples == TP_NONE ? n : opt->samples };
    const tp_status status = check(o);
    if (status)
        return status;
    o->count = o->total / opt->replicas + (o->total % opt->replicas != 0);
    if (opt->weights && n) {
        if (!(o->weights = tp_mem_alloc((size_t)n * sizeof *o->weights)))
            return tp_error_status();
        memcpy(o->weights, opt->weights, (size_t)n * sizeof *o->weights);
    }
    if (!o->total || !(opt->shuffle || opt->replacement || opt->weights || opt->sampler))
        return TP_OK;
    const int64_t most = INT64_MAX / (int64_t)sizeof *o->places - n;
    if (o->total > most)
        return tp_fail(TP_ERR_ARGUMENT, "data_loader: %lld samples are too many", (long long)o->total);
    o->room = opt->shuffle ? (o->total + n - 1) / n * n : o->total;      /* whole permutations */
    o->places = tp_mem_alloc((size_t)o->room * sizeof *o->places);
    return o->places ? TP_OK : tp_error_status();
}

void tp__order_free(tp__order *o)
{
    tp_mem_free(o->places, (size_t)o->room * sizeof *o->places);
    tp_mem_free(o->weights, (size_t)o->n * sizeof *o->weights);
    o->places = NULL;
    o->weights = NULL;
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------------------------- */

static tp_status draw_by_sums(tp__order *o, tp__dice *dice)
{
    const size_t bytes = (size_t)o->n * sizeof(double);
    double *sums = tp_mem_alloc(bytes), sum = 0;
    if (!sums)
        return tp_error_status();
    for (int64_t i = 0; i < o->n; i++)
        sums[i] = sum += o->weights[i];
    for (int64_t j = 0; j < o->total; j++) {
        const double v = unit(dice) * sum;
        int64_t lo = 0, hi = o->n - 1;
        while (lo < hi) {                        /* the first sum above v */
            const int64_t mid = lo + (hi - lo) / 2;
            if (sums[mid] > v)
                hi = mid;
            else
                lo = mid + 1;
        }
        while (lo > 0 && o->weights[lo] == 0)    /* rounding led to the end */
            lo--;
        o->places[j] = lo;
    }
    tp_mem_free(sums, bytes);
    return TP_OK;
}

typedef struct keyed { double key; int64_t place; } keyed;
static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->place > y->place) - (x->place < y->place);
}

static tp_status draw_by_keys(tp__order *o, tp__dice *dice)
{
    const size_t bytes = (size_t)o->n * sizeof(keyed);
    keyed *keys = tp_mem_alloc(bytes);
    if (!keys)
        return tp_error_status();
    for (int64_t i = 0; i < o->n; i++) {
        const double u = unit(dice);
        keys[i] = (keyed){ o->weights[i] > 0 ? fmin(-log(u) / o->weights[i], DBL_MAX) : INFINITY, i };      /* none of weight 0 before one of 1e-310 */
    }
    qsort(keys, (size_t)o->n, sizeof *keys, by_key);
    for (int64_t j = 0; j < o->total; j++)
        o->places[j] = keys[j].place;
    tp_mem_free(keys, bytes);
    return TP_OK;
}

static tp_status draw_by_sampler(tp__order *o, uint64_t seed, int64_t epoch)
{
    for (int64_t i = 0; i < o->total; i++)
        o->places[i] = -1;                       /* what it leaves out is no place */
    const tp_status status = o->opt.sampler(o->opt.sampler_arg, epoch, seed, o->places, o->total);
    if (tp_failed())
        return tp_error_status();
    if (status)
        return tp_fail(status, "data_loader: the sampler failed and did not say why");
    for (int64_t i = 0; i < o->total; i++)
        if (o->places[i] < 0 || o->places[i] >= o->n)
            return tp_fail(TP_ERR_INDEX, "data_loader: the sampler gave %lld as number %lld, of a dataset of %lld", (long long)o->places[i], (long long)i,
                           (long long)o->n);
    return TP_OK;
}

tp_status tp__order_draw(tp__order *o, uint64_t seed, int64_t epoch)
{
    if (!o->places)
        return TP_OK;
    tp__dice dice = tp__dice_start(seed, TP__DICE_ORDER, (uint64_t)epoch);
    if (o->opt.sampler)
        return draw_by_sampler(o, seed, epoch);
    if (o->weights)
        return o->opt.replacement ? draw_by_sums(o, &dice) : draw_by_keys(o, &dice);
    for (int64_t i = 0; i < o->total && o->opt.replacement; i++)
        o->places[i] = tp__dice_below(&dice, o->n);
    for (int64_t i = 0; i < o->room && !o->opt.replacement; i += o->n)
        tp__dice_shuffled(&dice, o->places + i, o->n);
    return TP_OK;
}

int64_t tp__order_at(const tp__order *o, int64_t i)
{
    const int64_t place = (i * o->opt.replicas + o->opt.rank) % o->total;
    return o->places ? o->places[place] : place;
}
