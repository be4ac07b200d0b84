// tests/options_cpp.cpp: the defaults of every options struct as C++17 sees them, a line of bytes each; test_options.c compares
// them with those of C. And the overloads that stand for C's macros, called once each.
#include <taper/taper.h>

#include <cstdio>
#include <cstring>
#include <new>

template <class T> static void print(const char *name)
{
    alignas(T) unsigned char bytes[sizeof(T)];
    std::memset(bytes, 0, sizeof bytes);
    const T *o = new (bytes) T;                        // padding stays zero: T has default member initializers only
    std::printf("%s %zu ", name, o->size);
    for (std::size_t i = 0; i < o->size; i++) std::printf("%02x", bytes[i]);
    std::printf("\n");
}

// An error of an op with options is told with the line of its call, not with that of the overload in the header.
static bool places()
{
    TP_SCOPE();
    const bool none = !tp_fft_fft(tp_ones(TP_SHAPE(2)), [] { tp_fft_options o; o.n = 0; return o; }());
    const char *where = tp_failed() ? tp_last_error()->where : ".h:";
    const bool good = none && *where && !std::strstr(where, ".h:");
    tp_clear_error();
    return good;
}

static double halved(void *, double epoch, int) { return 1 / (1 + epoch); }
static bool schedules(tp_optimizer *opt)
{
    const int64_t at[] = { 1, 3 };
    tp_schedule_options steps, cyclic;
    steps.total_steps = 10;
    cyclic.cycle_momentum = 0;
    steps.cycle_momentum = 0;
    tp_schedule_options half;
    half.gamma = 0.5;
    tp_schedule *all[] = { tp_constant_schedule(opt), tp_linear_schedule(opt), tp_polynomial_schedule(opt), tp_plateau_schedule(opt),
                           tp_exponential_schedule(opt, 0.9), tp_cosine_schedule(opt, 10), tp_cosine_restarts_schedule(opt, 5),
                           tp_one_cycle_schedule(opt, 0.1, steps), tp_swa_schedule(opt, 0.05), tp_lambda_schedule(opt, halved, nullptr),
                           tp_multiplicative_schedule(opt, halved, nullptr), tp_multi_step_schedule(opt, at, 2),
                           tp_cyclic_schedule(opt, 0.01, 0.1, cyclic), tp_step_schedule(opt, 1, half) };
    tp_set_lr(opt, 0.5);
    bool good = !tp_failed();
    for (tp_schedule *s : all) {
        good = good && s;
        tp_schedule_free(s);
    }
    return good;
}

static bool overloads()
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    tp_sum_options o;
    o.keepdim = true;
    o.dims = TP_DIMS(0);
    bool good = tp_item(tp_sum(tp_sub(1.0, tp_mul(x, 2)))) == -6 && tp_ndim(tp_sum(x, o)) == 2;
    tp_tensor_options grad, whole;
    whole.dtype = TP_I64;
    grad.requires_grad = true;
    tp_tensor *w = tp_ones(TP_SHAPE(3), grad);
    good = good && tp_backward(tp_sum(tp_mul(w, 3))) == TP_OK && tp_item(tp_sum(tp_grad_of(w))) == 9;
    good = good && tp_result_type(w, 2.5) == TP_F32;
    tp_multinomial_options again;
    again.replacement = true;
    good = good && tp_numel(tp_multinomial(w, 5, again)) == 5;
    tp_nn_linear_options no_bias;
    no_bias.bias = false;
    tp_module *net = tp_sequential(tp_nn_linear(3, 2, no_bias), tp_nn_relu());
    tp_optimizer *opt = tp_sgd(tp_parameters(net));
    good = good && tp_forward(net, x) && tp_step(opt) == TP_OK;
    good = good && schedules(opt);
    {
        TP_INFERENCE_MODE();
        TP_DETECT_ANOMALY();
        good = good && tp_inference_mode_enabled() && tp_anomaly_enabled() && tp_graph_dot(w, "/dev/null") == TP_OK;
    }
    good = good && !tp_inference_mode_enabled() && !tp_anomaly_enabled();
    {
        TP_NO_GRAD();
        good = good && !tp_needs_grad(tp_mul(w, 2));
    }
    tp_tensor *corner = tp_index(x, TP_INDEX(0, TP_SLICE(0, 2), TP_NEWAXIS));
    good = good && tp_ndim(corner) == 2 && tp_index_put_(x, TP_INDEX(TP_ELLIPSIS, tp_zeros(TP_SHAPE(1), whole)), 0);
    good = good && !std::strcmp(tp_device_name(tp_device_of(x)), "cpu") && !std::strcmp(tp_dtype_name(tp_dtype_of(x)), "float32")
           && tp_dtype_size(TP_F64) == 8 && tp_promote_types(TP_I64, TP_F16) == TP_F16 && !std::strcmp(tp_status_name(TP_OK), "ok");
    tp_free_all(opt, net, static_cast<tp_module *>(nullptr));
    return good && !tp_failed();
}

int main()
{
#define PRINT(name) print<tp_##name##_options>(#name);
    TP__EACH_CORE_OPTIONS(PRINT)
    TP__EACH_AUTOGRAD_OPTIONS(PRINT)
    TP__EACH_OPS_OPTIONS(PRINT)
    TP__EACH_COLLECTIVE_OPTIONS(PRINT)
    TP__EACH_NN_OPTIONS(PRINT)
    TP__EACH_OPTIM_OPTIONS(PRINT)
    TP__EACH_SCALER_OPTIONS(PRINT)
    TP__EACH_DATA_OPTIONS(PRINT)
    TP__EACH_IO_OPTIONS(PRINT)
    return overloads() && places() ? 0 : 1;
}
