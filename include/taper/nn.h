/* nn.h: modules and layers; one header per family.
 *
 *   tp_module *net = tp_sequential(tp_nn_linear(784, 128), tp_nn_relu(), tp_nn_linear(128, 10, .bias = false));
 *   tp_tensor *y = tp_forward(net, x);
 *   tp_module_free(net);
 *
 * A layer has PyTorch's name, options, defaults, parameters and initialization. tp_nn_..., or tp_module_build("Conv2d", ...), gives it to
 * the caller. NULL: TP_ERR_ARGUMENT (sizes, options), TP_ERR_DTYPE, TP_ERR_DEVICE, TP_ERR_MEMORY, or an unread error. Those of one input
 * are run by tp_forward, the others by tp_call. */
#ifndef TAPER_NN_H
#define TAPER_NN_H

#include <taper/nn/activation.h>
#include <taper/nn/attention.h>
#include <taper/nn/conv.h>
#include <taper/nn/init.h>
#include <taper/nn/linear.h>
#include <taper/nn/loss.h>
#include <taper/nn/norm.h>
#include <taper/nn/pad.h>
#include <taper/nn/pool.h>
#include <taper/nn/recurrent.h>
#include <taper/nn/shape.h>
#include <taper/nn/module.h>
#include <taper/nn/hooks.h>
#include <taper/nn/parametrize.h>

#define TP__EACH_NN_OPTIONS(X) \
    TP__EACH_NN_MODULE_OPTIONS(X) \
    TP__EACH_NN_ACTIVATION_OPTIONS(X) \
    TP__EACH_NN_ATTENTION_OPTIONS(X) \
    TP__EACH_NN_CONV_OPTIONS(X) \
    TP__EACH_NN_INIT_OPTIONS(X) \
    TP__EACH_NN_LINEAR_OPTIONS(X) \
    TP__EACH_NN_LOSS_OPTIONS(X) \
    TP__EACH_NN_NORM_OPTIONS(X) \
    TP__EACH_NN_PAD_OPTIONS(X) \
    TP__EACH_NN_PARAMETRIZE_OPTIONS(X) \
    TP__EACH_NN_POOL_OPTIONS(X) \
    TP__EACH_NN_RECURRENT_OPTIONS(X) \
    TP__EACH_NN_SHAPE_OPTIONS(X)

#endif
