/* loss_narrow.c: sums of losses in 16-bit floats. */
#include "cpu/loss.h"

enum { LEVELS = 8, LEAST_POWER = 4 };

static int64_t power_of(int64_t rows)                  /* of 2: how many a level takes in before it is added to the next */
{
    int64_t log = 0;
    while ((int64_t)1 << log < rows) log++;
    return log / LEVELS > LEAST_POWER ? log / LEVELS : LEAST_POWER;
}

static double join(tp_dtype dtype, const double *level)
{
    double sum = 0;
    for (int i = 0; i < LEVELS; i++) sum = tp__narrowed(dtype, sum + level[i]);
    return sum;
}

double tp__class_sum_narrow(tp_dtype dtype, int64_t rows, const double *losses, const int64_t *target, int64_t ignore, const double *weight, bool mean)
{
    const int64_t power = power_of(rows), mask = ((int64_t)1 << power) - 1;
    double loss[LEVELS] = { 0 }, total[LEVELS] = { 0 };
    int64_t counted = 0;
    for (int64_t r = 0; r < rows; r++) {
        if (target[r] == ignore) continue;
        counted++;
        loss[0] = tp__narrowed(dtype, loss[0] + losses[r]);
        if (weight) total[0] = tp__narrowed(dtype, total[0] + weight[target[r]]);
        for (int i = 0; i + 1 < LEVELS && !(r & mask << (i * power)); i++) {
            loss[i + 1] = tp__narrowed(dtype, loss[i + 1] + loss[i]);
            total[i + 1] = tp__narrowed(dtype, total[i + 1] + total[i]);
            loss[i] = total[i] = 0;
        }
    }
    const double sum = join(dtype, loss);
    return mean ? sum / (weight ? join(dtype, total) : tp__narrowed(dtype, (double)counted)) : sum;
}
