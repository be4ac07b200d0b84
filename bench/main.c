/* taper-bench: one case a process, one JSON line. bench/README.md says what the fields are. */
#include "bench.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TIMES = 2000, LOSS_AT = 10 };

static const bench_case *const families[] = { bench_overhead, bench_elementwise, bench_products, bench_convolution, bench_moving, bench_fourier,
                                              bench_train_dense, bench_train_loops, bench_train_chars, bench_train_trees,
                                              bench_train_resnet, bench_train_gpt, bench_train_large, bench_loading };
enum { FAMILIES = sizeof families / sizeof *families };

double bench_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

double bench_resident_mb(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &size, &resident) != 2) resident = 0;
        fclose(f);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* Seconds of processor time: of the whole machine, and of this process. */
typedef struct cpu_time { double wall, machine, own; } cpu_time;
static cpu_time cpu_now(void)
{
    const double tick = (double)sysconf(_SC_CLK_TCK);
    unsigned long long v[10] = { 0 };
    FILE *f = fopen("/proc/stat", "r");
    if (f) {
        if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
                   &v[7], &v[8], &v[9]) < 8)
            memset(v, 0, sizeof v);
        fclose(f);
    }
    struct tms t;
    times(&t);
    /* All but idle, waiting and stolen time. */
    const double busy = (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[8] + v[9]);
    return (cpu_time){ bench_now_us() * 1e-6, busy / tick, (double)(t.tms_utime + t.tms_stime + t.tms_cutime + t.tms_cstime) / tick };
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_print_line(const char *name, int threads, double *us, int n, const char *fields)
{
    qsort(us, (size_t)n, sizeof *us, by_value);
    const double median = n % 2 ? us[n / 2] : (us[n / 2 - 1] + us[n / 2]) / 2;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"case\": \"%s\", \"threads\": %d, \"median_us\": %.3f, \"min_us\": %.3f, \"iters\": %d, \"peak_rss_mb\": %.1f, %s", name,
           threads, median, us[0], n, (double)usage.ru_maxrss / 1024, fields);
    const char *tag = getenv("BENCH_TAG");
    if (tag) printf(", \"tag\": \"%s\"", tag);
    printf("}\n");
}

/* ---- A micro case ----------------------------------------------------------------------------------------------------------- */

static void repeat_forward(bench *b)
{
    TP_SCOPE();
    TP_NO_GRAD();
    b->is->forward(b);
}

static void repeat_backward(bench *b)
{
    TP_SCOPE();
    bench_drop_grads(b);
    tp_backward(b->is->forward(b), .grad = b->upstream);
}

static void prepare_backward(bench *b)
{
    for (int i = 0; i < b->n_x; i++)
        if (b->leaves >> i & 1) tp_requires_grad(b->x[i], true);
    TP_SCOPE();
    b->upstream = bench_uniform(b, tp_shape_of(b->is->forward(b)), 1);
    b->flops *= b->flops_factor;
    b->bytes += b->backward_bytes;
}

static int measure_micro(bench *b, double min_seconds, double *us, double *first, double *last)
{
    void (*run)(bench *) = b->is->run ? b->is->run : b->is->backward ? repeat_backward : repeat_forward;
    if (b->is->backward && b->is->forward && !b->is->run) prepare_backward(b);
    tp_event *from = tp_event_new(b->device, true), *to = tp_event_new(b->device, true);
    run(b);
    {
        TP_SCOPE();
        *first = bench_sum(b->is->forward(b));
        *last = b->is->backward ? bench_sum(tp_grad_of(b->x[b->checked])) : 0;
    }
    for (int i = 0; i < 3 * b->inner; i++) run(b);
    int n = 0;
    const double end = bench_now_us() + min_seconds * 1e6;
    while (!tp_failed() && (n < 5 || (n < MAX_TIMES && bench_now_us() < end))) {
        const double start = bench_now_us();
        tp_event_record(from, NULL);
        for (int i = 0; i < b->inner; i++) run(b);
        const double asked = bench_now_us();
        tp_event_record(to, NULL);
        if (b->device != TP_CPU) tp_synchronize(b->device);
        us[n++] = (b->device == TP_CPU ? asked - start : tp_event_elapsed(from, to) * 1e3) / b->inner;
        b->host_us = (asked - start) / b->inner;
    }
    tp_event_free(from);
    tp_event_free(to);
    return n;
}

/* ---- A training case ---------------------------------------------------------------------------------------------------------- */

static tp_status step_to_record(void *arg)
{
    bench *b = arg;
    b->is->step(b, 0);
    return tp_error_status();
}

/* The same steps, of which the first are real and the others replays; they are timed together with what feeds them. */
static int measure_replays(bench *b, double *us, double *first, double *tenth, double *last)
{
    int n = 0;
    b->feeds = true;
    *first = b->is->step(b, 0), *first = tp_item(b->loss);         /* makes what is fed */
    bench_feed(b, 1);
    tp_cuda_graph *graph = tp_cuda_graph_record(b->device, step_to_record, b, 1);
    for (int i = 2; i < b->steps && !tp_failed(); i++) {
        const double start = bench_now_us();
        bench_feed(b, i);
        tp_cuda_graph_replay(graph);
        *last = tp_item(b->loss);
        const double took = bench_now_us() - start;
        if (i == LOSS_AT) *tenth = *last;
        if (i >= b->warm && n < MAX_TIMES) us[n++] = took;
    }
    tp_cuda_graph_free(graph);
    return n;
}

static int measure_steps(bench *b, double *us, double *first, double *tenth, double *last)
{
    int n = 0;
    for (int i = 0; i < b->steps && !tp_failed(); i++) {
        const double start = bench_now_us();
        *last = b->is->step(b, i);
        const double took = bench_now_us() - start;
        if (i == 0) *first = *last;
        if (i == LOSS_AT) *tenth = *last;
        if (i >= b->warm && n < MAX_TIMES) us[n++] = took;
    }
    return n;
}

typedef struct ask { int threads, steps; double min_seconds, base_mb; tp_device device; tp_dtype amp; bool graph; } ask;

/* What the device's allocator handed out at most, in MB */
static void note_device(bench *b, bool graph)
{
    tp_memory memory = { 0 };
    const size_t used = strlen(b->extra);
    if (b->device == TP_CPU || tp_memory_stats(b->device, &memory)) return;
    snprintf(b->extra + used, sizeof b->extra - used, ", \"device\": \"%s\", \"graph\": %s, \"peak_device_mb\": %.1f, \"host_us\": %.3f",
             tp_device_name(b->device), graph ? "true" : "false", (double)memory.peak / 1048576, b->host_us);
}

static int measure(const bench_case *c, const ask *a)
{
    static double us[MAX_TIMES];
    const int threads = a->threads;
    const double min_seconds = a->min_seconds, base_mb = a->base_mb;
    bench b = { .is = c, .lcg = 1, .inner = 1, .items = 1, .flops_factor = 3, .warm = 2, .device = a->device, .amp = a->amp };
    double first = 0, tenth = 0, last = 0;
    tp_set_num_threads(threads);
    c->setup(&b);
    if (a->steps && b.steps > a->steps) b.steps = a->steps, b.warm = b.warm < a->steps / 2 ? b.warm : a->steps / 2;
    if (a->amp && !b.mixed) tp_fail(TP_ERR_UNSUPPORTED, "taper-bench: %s has no form in mixed precision", c->name);
    if (a->graph && !c->recorded) tp_fail(TP_ERR_UNSUPPORTED, "taper-bench: %s has no step that can be recorded", c->name);
    const cpu_time before = cpu_now();
    const int n = a->graph && c->recorded ? measure_replays(&b, us, &first, &tenth, &last)
                  : c->step ? measure_steps(&b, us, &first, &tenth, &last) : measure_micro(&b, min_seconds, us, &first, &last);
    const cpu_time after = cpu_now();
    if (!tp_failed() && n) {
        qsort(us, (size_t)n, sizeof *us, by_value);
        note_device(&b, a->graph);
        const double median = us[n / 2], wall = after.wall - before.wall;
        const double foreign = (after.machine - before.machine - (after.own - before.own)) / (wall > 0 ? wall : 1);
        char tenth_text[32] = "null", fields[800];
        if (c->step && b.steps > LOSS_AT) snprintf(tenth_text, sizeof tenth_text, "%.9g", tenth);
        snprintf(fields, sizeof fields,
                 "\"items\": %lld, \"items_per_s\": %.1f, \"us_per_item\": %.4f, \"flops\": %lld, \"bytes\": %lld, \"steps\": %d, "
                 "\"base_rss_mb\": %.1f, \"loss_first\": %.9g, \"loss_10\": %s, \"loss_last\": %.9g, \"foreign_cpu\": %.2f%s",
                 (long long)b.items, median > 0 ? (double)b.items / median * 1e6 : 0, median / (double)b.items, (long long)b.flops, (long long)b.bytes,
                 b.steps, base_mb, first, tenth_text, last, foreign > 0 ? foreign : 0, b.extra);
        bench_print_line(c->name, threads, us, n, fields);
    }
    tp_free_all(b.opt, b.net);
    for (int i = 0; i < b.n_x; i++) tp_free(b.x[i]);
    for (int i = 0; i < b.n_fed; i++) tp_free(b.fed[i]);
    tp_free(b.loss);
    return tp_report_error(stderr);
}

static const bench_case *find(const char *name)
{
    for (int f = 0; f < FAMILIES; f++)
        for (const bench_case *c = families[f]; c->name; c++)
            if (!strcmp(c->name, name)) return c;
    return NULL;
}

static int usage(FILE *out, int status)
{
    fputs("taper-bench --case NAME [--threads N] [--min-time SECONDS] [--device cpu|cuda] [--graph] [--amp] [--steps N]   one JSON line\n"
          "      --device cuda: times by events of the device, or to the loss on the host for a step; --graph: the step recorded and replayed\n"
          "      --amp: in mixed precision of bfloat16, where a training case has that form\n"
          "      --steps: no more than N of a training case\n"
          "taper-bench --roofline [--threads N]                         what the machine can do: FMA and memory\n"
          "taper-bench --list                                           the names\n", out);
    return status;
}

int main(int argc, char **argv)
{
    const double base_mb = bench_resident_mb();
    static const struct option options[] = { { "case", required_argument, NULL, 'c' }, { "threads", required_argument, NULL, 't' },
        { "min-time", required_argument, NULL, 'm' }, { "list", no_argument, NULL, 'l' }, { "help", no_argument, NULL, 'h' },
        { "first-op", no_argument, NULL, 'f' }, { "roofline", no_argument, NULL, 'r' },
        { "device", required_argument, NULL, 'd' }, { "graph", no_argument, NULL, 'g' },
        { "amp", no_argument, NULL, 'a' }, { "steps", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 } };
    const char *name = NULL;
    bool roofline = false;
    ask a = { .threads = 1, .min_seconds = 1, .base_mb = base_mb, .device = TP_CPU };
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'f') return bench_first_op();
        if (o == 'h') return usage(stdout, 0);
        if (o == 'c') name = optarg;
        else if (o == 't') a.threads = atoi(optarg);
        else if (o == 'm') a.min_seconds = atof(optarg);
        else if (o == 's') a.steps = atoi(optarg);
        else if (o == 'g') a.graph = true;
        else if (o == 'a') a.amp = TP_BF16;
        else if (o == 'd' && (!strcmp(optarg, "cpu") || !strcmp(optarg, "cuda"))) a.device = *optarg == 'c' && optarg[1] == 'p' ? TP_CPU : TP_CUDA(0);
        else if (o == 'r') roofline = true;
        else if (o != 'l') return usage(stderr, 2);
        else {
            puts("start");
            for (int f = 0; f < FAMILIES; f++)
                for (const bench_case *c = families[f]; c->name; c++) puts(c->name);
            return 0;
        }
    }
    if ((!name && !roofline) || optind < argc || a.threads < 1 || a.steps < 0) return usage(stderr, 2);
    if (a.device != TP_CPU && !tp_cuda_is_available()) {
        fprintf(stderr, "taper-bench: %s\n", tp_cuda_why_not());
        return 77;
    }
    if (roofline) return bench_roofline(a.threads);
    if (!strcmp(name, "start")) return bench_start(a.threads);
    const bench_case *c = find(name);
    if (!c) {
        fprintf(stderr, "taper-bench: no case '%s'; --list names them\n", name);
        return 2;
    }
    return measure(c, &a);
}
