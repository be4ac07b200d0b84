/* linear_regression.c: finds the line behind noisy points with tensors and gradients alone, no modules. */
#include "arguments.h"

int main(int argc, char **argv)
{
    tp_device device = tp_cuda_is_available() ? TP_CUDA(0) : TP_CPU;
    const argument table[] = { { "device", "NAME", "cpu or cuda (default: cuda if there is one)", .device = &device } };
    int status;
    if (!read_arguments(argc, argv, "linear_regression", "fits y = w x + b to noisy points, and prints w and b", table, 1, &status))
        return status;
    tp_manual_seed(1);
    tp_tensor *x = tp_uniform(TP_SHAPE(200), -1, 1, .device = device);
    tp_tensor *y = tp_add(tp_sub(tp_mul(x, 3), 2), tp_normal(TP_SHAPE(200), 0, 0.1, .device = device));    // y = 3 x - 2 + noise

    tp_tensor *w = tp_zeros(TP_SHAPE(1), .device = device, .requires_grad = true);
    tp_tensor *b = tp_zeros(TP_SHAPE(1), .device = device, .requires_grad = true);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(w, b), .lr = 0.2);

    for (int step = 0; step <= 100 && !tp_failed(); step++) {
        TP_SCOPE();                              // every tensor made below dies at the closing brace
        tp_tensor *loss = tp_mse_loss(tp_add(tp_mul(x, w), b), y);
        tp_zero_grad(opt);
        tp_backward(loss);                       // adds d loss / d w to tp_grad_of(w), and the same for b
        tp_step(opt);
        if (step % 25 == 0 && !tp_failed())
            printf("step %3d: loss %.5f\n", step, tp_item(loss));
    }

    if (!tp_failed())
        printf("learned y = %.2f x %+.2f; the points are from y = 3 x - 2\n", tp_item(w), tp_item(b));
    tp_free_all(opt);
    return tp_report_error(stderr);              // 0 when nothing went wrong, else prints the first error
}
