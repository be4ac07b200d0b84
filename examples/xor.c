/* xor.c: a net with one hidden layer learns exclusive or: the shortest complete training loop. */
#include "arguments.h"

int main(int argc, char **argv)
{
    tp_device device = tp_cuda_is_available() ? TP_CUDA(0) : TP_CPU;
    const argument table[] = { { "device", "NAME", "cpu or cuda (default: cuda if there is one)", .device = &device } };
    int status;
    if (!read_arguments(argc, argv, "xor", "teaches a small net exclusive or, and prints what it learned", table, 1, &status))
        return status;
    tp_manual_seed(1);
    tp_tensor *x = tp_to(tp_from_data((float[]){ 0, 0, 0, 1, 1, 0, 1, 1 }, TP_F32, TP_SHAPE(4, 2)), device);
    tp_tensor *y = tp_to(tp_from_data((float[]){ 0, 1, 1, 0 }, TP_F32, TP_SHAPE(4, 1)), device);

    tp_module *net = tp_sequential(tp_nn_linear(2, 8), tp_nn_tanh(), tp_nn_linear(8, 1));
    tp_module_to(net, device);
    tp_optimizer *opt = tp_adam(tp_parameters(net), .lr = 0.05);

    for (int step = 0; step <= 100 && !tp_failed(); step++) {
        TP_SCOPE();                              // every tensor made below dies at the closing brace
        tp_tensor *loss = tp_mse_loss(tp_forward(net, x), y);
        tp_zero_grad(opt);
        tp_backward(loss);
        tp_step(opt);
        if (step % 25 == 0 && !tp_failed())
            printf("step %3d: loss %.5f\n", step, tp_item(loss));
    }

    int right = 0;
    tp_tensor *guess = tp_forward(net, x);
    for (int i = 0; i < 4 && !tp_failed(); i++) {
        const double a = tp_item(tp_select(tp_select(x, 0, i), 0, 0)), b = tp_item(tp_select(tp_select(x, 0, i), 0, 1));
        const double value = tp_item(tp_select(guess, 0, i)), wanted = tp_item(tp_select(y, 0, i));
        printf("%g xor %g = %.3f\n", a, b, value);
        right += (value > 0.5) == (wanted > 0.5);
    }
    if (!tp_failed())
        printf("xor: %d of 4 right\n", right);
    tp_free_all(net, opt);
    return tp_report_error(stderr) || right < 4;  // tp_report_error: 0 when nothing went wrong, else prints the first error
}
