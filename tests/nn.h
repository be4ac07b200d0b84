/* tests/nn.h: what the tests of modules share: a network of one's own, LeNet, and what an error says. */
#ifndef TP_TESTS_NN_H
#define TP_TESTS_NN_H

#include "expect.h"

#include <unistd.h>

/* What a thread makes at its first use stays with it: made here, so that it is not taken for a leak. */
static inline void warm_up(void)
{
    tp_fail(TP_ERR_ARGUMENT, "warm_up: nothing is wrong");
    tp_clear_error();
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_linear(2, 2), tp_sequential(tp_nn_dropout(0.5)));
    tp_forward(m, tp_randn(TP_SHAPE(1, 2)));
    tp_module_free(m);
}

static inline tp_module *lenet(void)
{
    return tp_sequential(
        tp_nn_conv2d(1, 6, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2),
        tp_nn_conv2d(6, 16, 5), tp_nn_relu(), tp_nn_max_pool2d(2),
        tp_nn_flatten(), tp_nn_linear(400, 120), tp_nn_relu(),
        tp_nn_linear(120, 84), tp_nn_relu(), tp_nn_linear(84, 10, .bias = false));
}

/* ---- Modules of one's own ----------------------------------------------------------------------------------------------------- */

typedef struct Net { tp_module base; tp_module *body, *head; tp_tensor *scale, *steps; } Net;

static inline tp_tensor *net_forward(tp_module *self, tp_tensor *x)
{
    Net *m = (Net *)self;
    return tp_mul(tp_forward(m->head, tp_forward(m->body, x)), m->scale);
}

static inline Net *net_new(int64_t middle)
{
    TP_SCOPE();
    Net *m = tp_module_new(Net, net_forward);
    if (!m) return NULL;
    m->body = tp_add_child(m, "body", tp_sequential(tp_nn_linear(6, 8), tp_nn_relu(), tp_nn_linear(8, middle)));
    m->head = tp_add_child(m, "head", tp_nn_linear(5, 3));
    m->scale = tp_add_parameter(m, "scale", tp_ones(TP_SHAPE(1)));
    m->steps = tp_add_buffer(m, "steps", tp_zeros(TP_SHAPE(2), .dtype = TP_I64));
    return tp_module_done(m);
}

static inline void check_names(tp_entry_list list, const char *const *names, int64_t n)
{
    ck_assert_int_eq(list.n, n);
    for (int64_t i = 0; i < n; i++) ck_assert_str_eq(list.at[i].name, names[i]);
}
#define NAMES(list, ...) check_names(list, (const char *[]){ __VA_ARGS__ }, (int64_t)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)))

/* Modules that count how many of them were freed. */
static int drops;
static inline void count_drop(tp_module *self) { (void)self; drops++; }
static const tp_module_class counted_class = { .size = sizeof(tp_module_class), .type = "Counted", .drop = count_drop };
static inline tp_module *counted(void) { return tp_module_new_class_with(sizeof(tp_module), &counted_class); }

#endif
