/* optim/schedule.h: what a schedule is made of. A class names its options with their defaults and says what comes next; making,
 * checking, stepping and freeing are written once. */
#ifndef TP_OPTIM_SCHEDULE_H
#define TP_OPTIM_SCHEDULE_H

#include "optimizer.h"

#include <taper/schedule.h>

/* member, and the default: TP_UNSET must be given, NONE need not be */
#define TP__SCHEDULE_NONE (TP_UNSET / 2)
typedef struct tp__schedule_option { size_t offset; double value; } tp__schedule_option;
enum { TP__SCHEDULE_OPTIONS = 12 };

typedef struct tp__schedule_class {
    const char *name;
    tp_schedule_kind kind;
    bool takes_fn, takes_milestones, cycles_momentum;
    int modes;                                 /* how many there are; the first is the default */
    tp__schedule_option options[TP__SCHEDULE_OPTIONS];         /* of reals */
    tp_status (*check)(tp_schedule *s);        /* options against each other; those that follow from others are set. May be NULL */
    tp_status (*begin)(tp_schedule *s);        /* what is done before the first rate; may be NULL */
    tp_status (*advance)(tp_schedule *s);      /* at a step, before rates are asked for; may be NULL */
    double (*next)(const tp_schedule *s, int group, double lr);        /* the rate of last_epoch */
    double (*restart)(const tp_schedule *s, double base);      /* that of epoch 0, when its turn comes in a sequence; NULL: next */
} tp__schedule_class;
extern const tp__schedule_class tp__schedule_classes[];
const char *tp__schedule_real_name(size_t offset);     /* of the member of tp_schedule_options */
extern const int tp__schedule_class_count;

struct tp_schedule {
    tp_object object;
    const tp__schedule_class *class;
    tp_optimizer *opt;
    tp_schedule_options o;                     /* in force */
    int64_t last_epoch, steps;
    int n_groups;
    double *base;                              /* [n_groups] */
    int64_t *milestones;
    double t_cur, t_i;                         /* cosine_restarts */
    double best;                               /* plateau */
    int64_t bad_epochs, cooling;
    int64_t n_children;
    tp_schedule **children;
    tp_schedule *next;                         /* while a list of them is freed */
};

#endif
