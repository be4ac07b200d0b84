/* optim_rules.h: the numbers that the optimizers' rules have, for every backend: those that are given in their order, then what `prepare`
 * makes of them and of a parameter's scalars. `before` changes scalars before a step, the count of steps aside, and `after` behind it. */
#ifndef TP__OPTIM_RULES_H
#define TP__OPTIM_RULES_H

#include <math.h>

#include "core/philox.h"

enum { TP__RULE_NUMBERS = 16, TP__RULE_SCALARS = 3 };  /* at most */

typedef struct tp__rule_rmsprop { double lr, alpha, eps, weight_decay, momentum, maximize; } tp__rule_rmsprop;

typedef struct tp__rule_adagrad { double lr, lr_decay, weight_decay, eps, maximize, rate; } tp__rule_adagrad;
TP__ANYWHERE static inline void tp__rule_adagrad_prepare(void *at, const double *scalar)
{
    tp__rule_adagrad *k = (tp__rule_adagrad *)at;
    k->rate = k->lr / (1 + (scalar[0] - 1) * k->lr_decay);
}

typedef struct tp__rule_sparse_adam { double lr, beta1, beta2, eps, maximize, rate; } tp__rule_sparse_adam;
TP__ANYWHERE static inline void tp__rule_sparse_adam_prepare(void *at, const double *scalar)
{
    tp__rule_sparse_adam *k = (tp__rule_sparse_adam *)at;
    k->rate = k->lr * sqrt(1 - pow(k->beta2, scalar[0])) / (1 - pow(k->beta1, scalar[0]));
}

typedef struct tp__rule_adadelta { double lr, rho, eps, weight_decay, maximize; } tp__rule_adadelta;

typedef struct tp__rule_adamax { double lr, beta1, beta2, eps, weight_decay, maximize, rate; } tp__rule_adamax;
TP__ANYWHERE static inline void tp__rule_adamax_prepare(void *at, const double *scalar)
{
    tp__rule_adamax *k = (tp__rule_adamax *)at;
    k->rate = k->lr / (1 - pow(k->beta1, scalar[0]));
}

typedef struct tp__rule_nadam {
    double lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled, maximize, shrink, root, of_grad, of_mean;
} tp__rule_nadam;
TP__ANYWHERE static inline double tp__rule_nadam_mu(const tp__rule_nadam *k, double step) { return k->beta1 * (1 - 0.5 * pow(0.96, step * k->momentum_decay)); }
TP__ANYWHERE static inline void tp__rule_nadam_before(const double *numbers, float *const *scalar)
{
    *scalar[1] = (float)(*scalar[1] * (float)tp__rule_nadam_mu((const tp__rule_nadam *)numbers, *scalar[0]));
}
TP__ANYWHERE static inline void tp__rule_nadam_prepare(void *at, const double *scalar)
{
    tp__rule_nadam *k = (tp__rule_nadam *)at;
    const double mu = tp__rule_nadam_mu(k, scalar[0]), next = tp__rule_nadam_mu(k, scalar[0] + 1);
    k->shrink = k->decoupled != 0 ? 1 - k->lr * k->weight_decay : 1;
    if (k->decoupled != 0) k->weight_decay = 0;
    k->root = 1 - pow(k->beta2, scalar[0]);
    k->of_grad = -k->lr * (1 - mu) / (1 - scalar[1]);
    k->of_mean = -k->lr * next / (1 - scalar[1] * next);
}

typedef struct tp__rule_radam { double lr, beta1, beta2, eps, weight_decay, decoupled, maximize, shrink, correction, root, rectified; } tp__rule_radam;
TP__ANYWHERE static inline void tp__rule_radam_prepare(void *at, const double *scalar)
{
    tp__rule_radam *k = (tp__rule_radam *)at;
    const double t = scalar[0], power = pow(k->beta2, t), most = 2 / (1 - k->beta2) - 1, length = most - 2 * t * power / (1 - power);
    k->shrink = k->decoupled != 0 ? 1 - k->lr * k->weight_decay : 1;
    if (k->decoupled != 0) k->weight_decay = 0;
    k->correction = 1 - pow(k->beta1, t);
    k->root = sqrt(1 - power);
    k->rectified = length > 5 ? sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) : 0;
}

typedef struct tp__rule_rprop { double minus, plus, least, most, maximize; } tp__rule_rprop;

typedef struct tp__rule_asgd { double lr, lambd, alpha, t0, weight_decay, maximize, eta, mu; } tp__rule_asgd;
TP__ANYWHERE static inline void tp__rule_asgd_prepare(void *at, const double *scalar)
{
    tp__rule_asgd *k = (tp__rule_asgd *)at;
    k->eta = scalar[1];
    k->mu = scalar[2];
}
TP__ANYWHERE static inline void tp__rule_asgd_after(const double *numbers, float *const *scalar)
{
    const tp__rule_asgd *k = (const tp__rule_asgd *)numbers;
    const double step = *scalar[0];
    *scalar[1] = (float)(k->lr / pow(1 + k->lambd * k->lr * step, k->alpha));
    *scalar[2] = (float)(1 / fmax(1.0, step - k->t0));
}

#endif
