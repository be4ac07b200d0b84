/* test_cuda_registry.c: every op of the registry, on each sample that it brings, on the device as on the CPU: outputs, what is written
 * in place, and gradients, by fused kernels and by recorded ops. tools/gpu-check runs it on a GPU. A line says what it took. Under a
 * sanitizer, which is slow, the first sample of each op is taken in float32, the second in float64. */
#include "cuda.h"
#include "walk.h"

#include <taper/autograd.h>

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static int checks, on_cpu, taken;
static bool in_complex;
static double within;

/* Ops without tensors make theirs where they are told to. */
static void ask_for_device(walk *w)
{
    const tp__op_state *s = tp__state(w->op);
    for (int p = 0; p < s->n_params && w->sample.n < TP__MAX_ARGS; p++)
        if (s->params[p].type == TP__TYPE_DEVICE && !w->n_slots)
            w->sample.args[w->sample.n++] = (tp_arg){ .name = s->params[p].name, .kind = TP_ARG_DEVICE, .value.device = DEVICE };
}

/* Where to cut is asked of the host, as in PyTorch. */
static bool stays(const walk *w, int slot)
{
    const char *name = tp_op_name(w->op);
    return slot && (!strcmp(name, "split_parts") || !strcmp(name, "tensor_split.tensor"));
}

static tp_tensor *moved(tp_tensor *x)
{
    tp_tensor *y = tp_to(tp_detach(x), DEVICE);
    if (y && tp_needs_grad(x)) tp_requires_grad(y, true);
    return y;
}

/* The sample's tensors, those in a list of any arguments among them, which is copied */
static void move_all(walk *w, tp_arg *list, int room)
{
    for (int i = 0; i < w->n_slots; i++)
        if (!stays(w, i)) *w->slot[i] = moved(*w->slot[i]);
    for (int i = 0; i < w->sample.n; i++) {
        tp_arg *arg = &w->sample.args[i];
        if (arg->kind != TP_ARG_LIST || arg->n > room) continue;
        memcpy(list, arg->value.list, (size_t)arg->n * sizeof *list);
        for (int k = 0; k < arg->n; k++)
            if (list[k].kind == TP_ARG_TENSOR) list[k].value.tensor = moved(list[k].value.tensor);
        arg->value.list = list;
        list += arg->n;
        room -= arg->n;
    }
}

static void compare(const walk *w, const char *what, int i, tp_tensor *got, tp_tensor *want)
{
    const double tolerance = want && (tp__is_floating(tp_dtype_of(want)) || tp__is_complex(tp_dtype_of(want))) ? within : 0;
    if (got && want && tp_dtype_of(got) != tp_dtype_of(want))
        walk_complain(w, "%s %d is %s on the device, %s on the CPU", what, i, tp_dtype_name(tp_dtype_of(got)), tp_dtype_name(tp_dtype_of(want)));
    else if (!walk_close(got ? tp_to(got, TP_CPU) : NULL, want, tolerance)) walk_complain(w, "%s %d differs", what, i);
    checks++;
}

/* What is asked of the host, or is told to be there */
static bool answers_on_the_host(const char *name)
{
    static const char *const names[] = { "broadcast_shapes", "equal", "to.device", "to_device" };
    bool is = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) is |= !strcmp(name, names[i]);
    return is;
}

static void compare_outputs(walk *w, int n, tp_tensor **got, int n_want, tp_tensor **want)
{
    if (n != n_want || n < 0) walk_complain(w, "%d outputs on the device, %d on the CPU", n, n_want);
    for (int i = 0; i < n && n == n_want; i++) {
        if (got[i] && tp_device_of(got[i]) != DEVICE) {
            on_cpu++;
            if (!answers_on_the_host(tp_op_name(w->op))) walk_complain(w, "output %d is on %s", i, tp_device_name(tp_device_of(got[i])));
        }
        if (!w->sample.random || w->op->flags & TP__RANDOM) compare(w, "output", i, tp_detach(got[i]), tp_detach(want[i]));
    }
}

static void on_both(walk *w)
{
    if (SANITIZED && w->which != (within < 1e-6)) return;
    bool any = false;
    for (int i = 0; i < w->n_slots; i++) any |= tp_is_complex(*w->slot[i]);
    if (in_complex && (!any || !tp_op_takes_complex(w->op))) return;
    taken++;
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    tp_tensor *want_y[WALK_OUTPUTS], *y[WALK_OUTPUTS], *want_dx[2][WALK_SLOTS] = { { NULL } }, *dx[WALK_SLOTS] = { NULL };
    const int n_want = walk_call(w, want_y);
    bool good = tp_op_is_differentiable(w->op) && n;
    for (int create = 0; create < 2 && good; create++) good = walk_gradients(w, slot, n, create, want_dx[create]);
    if (in_complex && tp_error_status() == TP_ERR_DTYPE) tp_clear_error(), good = false;               /* another dtype is asked for */
    if (n_want < 0 && !tp_failed()) return;
    if (walk_failed(w, "on the CPU")) return;
    tp_arg list[WALK_SLOTS];
    move_all(w, list, WALK_SLOTS);
    ask_for_device(w);
    if (walk_failed(w, "to the device")) return;
    const int n_y = walk_call(w, y);
    compare_outputs(w, n_y, y, n_want, want_y);
    for (int create = 0; create < 2 && good && !tp_failed(); create++) {
        if (!walk_gradients(w, slot, n, create, dx)) break;
        for (int i = 0; i < n; i++) compare(w, create ? "the recorded gradient of input" : "the gradient of input", slot[i], dx[i], want_dx[create][i]);
    }
    walk_failed(w, "on the device");
}

START_TEST(every_op_does_on_the_device_what_it_does_on_the_cpu)
{
    within = _i == 1 ? 1e-9 : 2e-4;
    in_complex = _i == 2;
    const taper_cuda_host_counts before = cuda_counts();
    const walk_sum sum = walk_all(_i == 2 ? TP_C64 : _i ? TP_F64 : TP_F32, on_both);
    ck_ok(tp_synchronize(DEVICE));
    const taper_cuda_host_counts after = cuda_counts();
    printf("%s: %d ops, %d of %d samples, %d comparisons, %d outputs stay on the host, %lld launches\n",
           _i == 2 ? "complex64" : _i ? "float64" : "float32", sum.ops, taken, sum.samples, checks, on_cpu,
           (long long)(after.launches - before.launches));
    fflush(stdout);
    ck_assert_int_eq(sum.failures, 0);
    ck_assert_int_gt(checks, 500);
    ck_assert_int_gt(checks, taken);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_registry");
    TCase *t = tcase_create("registry");
    tcase_set_timeout(t, 120);
    if (has_device(t)) tcase_add_loop_test(t, every_op_does_on_the_device_what_it_does_on_the_cpu, 0, 3);
    suite_add_tcase(s, t);
    return run_suite(s);
}
