/* watch.cpp: nothing of an op runs on the host behind the device's back, and nothing is left out. Each kernel of a table is called through
 * a function that looks at what the call gave the device: where there is something to compute, and neither a kernel nor a copy within
 * the device was given, the call is an error that names the op. */
#include <string.h>

#include <atomic>
#include <utility>

#include "cuda/call.h"
#include "cuda/host/queue.h"

using namespace cudahost;

namespace {

enum { MOST = 1024 };
struct watched { const tp_kernel *kernel; tp_kernel shown; };
watched all[MOST];
std::atomic<int> n;
std::atomic<const char *> idle;

/* Elements that the kernel is to write; 0 also where an input is empty, since then there may be nothing to write with. */
int64_t elements_of(const tp__call *call)
{
    tpc_array x;
    int64_t most = 0;
    for (int i = 0; i < tpc_n_in(call); i++)
        if (tpc_in(call, i, &x) && !x.numel) return 0;
    for (int i = 0; i < tpc_n_out(call); i++)
        if (tpc_out(call, i, &x) && x.on_device && x.numel > most) most = x.numel;
    for (int i = 0; i < tpc_n_in(call) && !tpc_n_out(call); i++)         /* a step writes what it is given */
        if (tpc_in(call, i, &x) && x.on_device && x.numel > most) most = x.numel;
    return most;
}

tp_status watch(int i, tp__call *call)
{
    const tp_kernel *kernel = all[i].kernel;
    const char *name = idle.load();
    const int64_t before = given_here;
    const tp_status status = name && !strcmp(name, kernel->name) ? TP_OK : kernel->run(call);
    if (status) return status;
    const int64_t elements = elements_of(call);
    if (!elements) return TP_OK;
    {
        guard g(lock);
        counts.calls++;
    }
    return given_here > before ? TP_OK
        : tpc_fail(call, TP_ERR_STATE, "the kernel \"%s\" gave the device nothing to do for %lld elements", kernel->name, (long long)elements);
}

template <int i> tp_status watch_nth(tp__call *call) { return watch(i, call); }
template <int... i> tp_kernel_fn *const *functions(std::integer_sequence<int, i...>)
{
    static tp_kernel_fn *const table[] = { watch_nth<i>... };
    return table;
}

} /* namespace */

extern "C" const tp_kernel *tpc_watched(const tp_kernel *kernel)
{
    guard g(lock);
    for (int i = 0; i < n; i++)
        if (all[i].kernel == kernel) return &all[i].shown;
    if (n == MOST) die("there are more than %d kernels", (int)MOST);
    watched *w = &all[n];
    *w = { kernel, *kernel };
    w->shown.run = functions(std::make_integer_sequence<int, MOST>())[n];
    n++;
    return &w->shown;
}

extern "C" void taper_cuda_host_idle(const char *kernel) { idle = kernel; }
