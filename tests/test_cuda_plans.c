/* test_cuda_plans.c: what cuDNN says to the graphs that we offer it, on GPUs that are not here: by the same objects that are in
 * libtaper_cuda.so, for devices which are described to it. And whether NCCL has all that is asked of it. */
#include "expect.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#ifdef WITH_CUDA                                       /* by the Makefile, where the toolkit's headers are */
#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"
#include "cuda/dnn_rnn.h"
#include "cuda/nccl.h"
#include "cuda/runtime.h"
#endif

#ifdef TPC_HAS_CUDNN

/* ---- Devices -------------------------------------------------------------------------------------------------------------------------- */

/* What a device says of itself */
#define DEVICE_OF(name, version, processors, shared, memory, cache, threads_per) \
    "{\"deviceName\": \"" name "\", \"cudaDeviceId\": 0, \"deviceVer\": " version ", \"driverVer\": 13000, \"multiProcessorCount\": " processors \
    ", \"maxSharedMemoryPerBlockOptin\": " shared ", \"maxSharedMemoryPerBlock\": 49152, \"totalGlobalMem\": " memory \
    ", \"maxGridSize\": [2147483647, 65535, 65535], \"maxBlockSize\": [1024, 1024, 64], \"regsPerBlock\": 65536, \"smClockRateKHz\": 1980000, " \
    "\"memClockRateKHz\": 2619000, \"l2CacheSize\": " cache ", \"warpSize\": 32, \"reservedSharedMemoryPerBlock\": 1024, \"maxRegistersPerSM\": 65536, " \
    "\"pciDeviceId\": 0, \"maxCtasPerSM\": 32, \"maxThreadsPerBlock\": 1024, \"maxThreadsPerSM\": " threads_per ", " \
    "\"isTccDriver\": 0, \"supportCoopLaunch\": 1}"
static const struct { const char *name, *json; } devices[] = {
    { "sm_80", DEVICE_OF("NVIDIA A100-SXM4-80GB", "800", "108", "166912", "85520809984", "41943040", "2048") },
    { "sm_90", DEVICE_OF("NVIDIA H100 80GB HBM3", "900", "132", "232448", "85520809984", "52428800", "2048") },
    { "sm_100", DEVICE_OF("NVIDIA B200", "1000", "148", "232448", "191500000000", "132644864", "2048") },
};
#ifdef __SANITIZE_ADDRESS__                            /* one is enough to look at our own code */
enum { FIRST = 1, DEVICES = 2 };
#else
enum { FIRST = 0, DEVICES = sizeof devices / sizeof *devices };
#endif

static cudnnBackendDescriptor_t properties_of(const char *json)
{
    tpc_dnn_graph g = { .n_parts = 0 };
    const cudnnBackendDescriptor_t p = tpc_dnn_part(&g, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    tpc_dnn_set(&g, p, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (int64_t)strlen(json), json);
    tpc_dnn_finish(&g, p);
    ck_assert_msg(!g.status, "cuDNN does not understand a device's properties: %s", tpc_dnn()->GetErrorString(g.status));
    return p;
}

/* ---- In the place of cuda/dnn.c ---------------------------------------------------------------------------------------------------------- */

/* finalize: plans are made as they are on a device, and not just promised by an engine. */
static struct { const char *on; cudnnBackendDescriptor_t device; bool tf32, finalize; int taken, run; } plans;

bool tpc_may_use_tf32(void) { return plans.tf32; }
tpc_dnn_plan *tpc_dnn_planned(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden)
{
    static tpc_dnn_plan plan;
    tpc_dnn_graph g = { .n_parts = 0 };
    (void)call, (void)size;
    build(&g, key);
    ck_assert_msg(!g.status, "%s: a graph cannot be built: %s", plans.on, tpc_dnn()->GetErrorString(g.status));
    const bool works = tpc_dnn_pick(&g, &(tpc_dnn_target){ .properties = plans.device }, forbidden, tpc_dnn_most_workspace(), plans.finalize, &plan);
    ck_assert_msg(!works || !plan.plan == !plans.finalize, "%s: a plan is made where it is asked for, and only there", plans.on);
    const int64_t wanted = plan.wanted;
    tpc_dnn_plan_end(&plan);
    plan.works = works, plan.wanted = wanted;
    plans.taken += works;
    return &plan;
}
tp_status tpc_dnn_run(const tp__call *call, tpc_dnn_plan *plan, int n, const int64_t *uids, void *const *data, bool *done)
{
    (void)call, (void)plan, (void)n, (void)uids, (void)data;
    plans.run++;
    *done = true;
    return TP_OK;
}

static void plan_for(int device)
{
    plans.on = devices[device].name;
    plans.device = properties_of(devices[device].json);
    plans.taken = 0;
}
static void end(const char *what)
{
    printf("%s: cuDNN %zu has plans for all %d %s\n", plans.on, tpc_dnn_version(), plans.taken, what);
    fflush(stdout);
    tpc_dnn()->BackendDestroyDescriptor(plans.device);
}

static const struct { int dtype; bool tf32; const char *name; } modes[] = {
    { TP_F32, false, "float32" }, { TP_F32, true, "float32 by tensor cores" }, { TP_F16, false, "float16" }, { TP_BF16, false, "bfloat16" },
};
enum { MODES = sizeof modes / sizeof *modes };

/* ---- Convolution ------------------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; tpc_dnn_conv of; } convs[] = {
    /* as large as they are in networks */
    { "3x3", { .images = 32, .groups = 1, .cg = 64, .og = 128, .size = { 1, 28, 28 }, .out = { 1, 28, 28 },
        .kernel = { 1, 3, 3 }, .stride = { 1, 1, 1 }, .pad = { 0, 1, 1 }, .apart = { 1, 1, 1 } } },
    { "1x1", { .images = 32, .groups = 1, .cg = 256, .og = 64, .size = { 1, 56, 56 }, .out = { 1, 56, 56 },
        .kernel = { 1, 1, 1 }, .stride = { 1, 1, 1 }, .pad = { 0, 0, 0 }, .apart = { 1, 1, 1 } } },
    { "7x7 stride 2 of 3 channels", { .images = 32, .groups = 1, .cg = 3, .og = 64, .size = { 1, 224, 224 },
        .out = { 1, 112, 112 }, .kernel = { 1, 7, 7 }, .stride = { 1, 2, 2 }, .pad = { 0, 3, 3 },
        .apart = { 1, 1, 1 } } },
    { "5x5 of 1 channel", { .images = 64, .groups = 1, .cg = 1, .og = 6, .size = { 1, 28, 28 }, .out = { 1, 28, 28 },
        .kernel = { 1, 5, 5 }, .stride = { 1, 1, 1 }, .pad = { 0, 2, 2 }, .apart = { 1, 1, 1 } } },
    { "odd sizes", { .images = 3, .groups = 1, .cg = 7, .og = 9, .size = { 1, 13, 11 }, .out = { 1, 13, 11 },
        .kernel = { 1, 3, 3 }, .stride = { 1, 1, 1 }, .pad = { 0, 1, 1 }, .apart = { 1, 1, 1 } } },
    { "dilated", { .images = 8, .groups = 1, .cg = 32, .og = 32, .size = { 1, 33, 33 }, .out = { 1, 33, 33 },
        .kernel = { 1, 3, 3 }, .stride = { 1, 1, 1 }, .pad = { 0, 2, 2 }, .apart = { 1, 2, 2 } } },
    { "4 groups", { .images = 8, .groups = 4, .cg = 16, .og = 32, .size = { 1, 28, 28 }, .out = { 1, 14, 14 },
        .kernel = { 1, 3, 3 }, .stride = { 1, 2, 2 }, .pad = { 0, 1, 1 }, .apart = { 1, 1, 1 } } },
    { "depthwise", { .images = 8, .groups = 64, .cg = 1, .og = 1, .size = { 1, 28, 28 }, .out = { 1, 28, 28 },
        .kernel = { 1, 3, 3 }, .stride = { 1, 1, 1 }, .pad = { 0, 1, 1 }, .apart = { 1, 1, 1 } } },
    { "one dim", { .images = 8, .groups = 1, .cg = 80, .og = 128, .size = { 1, 1, 300 }, .out = { 1, 1, 300 },
        .kernel = { 1, 1, 3 }, .stride = { 1, 1, 1 }, .pad = { 0, 0, 1 }, .apart = { 1, 1, 1 } } },
    { "three dims", { .images = 2, .groups = 1, .cg = 16, .og = 32, .size = { 16, 28, 28 }, .out = { 16, 28, 28 },
        .kernel = { 3, 3, 3 }, .stride = { 1, 1, 1 }, .pad = { 1, 1, 1 }, .apart = { 1, 1, 1 } } },
    { "padded unevenly", { .images = 4, .groups = 1, .cg = 16, .og = 16, .size = { 1, 16, 16 }, .out = { 1, 16, 16 },
        .kernel = { 1, 4, 4 }, .stride = { 1, 1, 1 }, .pad = { 0, 1, 1 }, .apart = { 1, 1, 1 } } },
};
enum { CONVS = sizeof convs / sizeof *convs };

static void ck_convolution(int i, int kind, int mode, bool last, bool aligned, bool biased)
{
    static const char *const kinds[] = { [TPC_DNN_FORWARD] = "forward", [TPC_DNN_DATA] = "data", [TPC_DNN_WEIGHT] = "weight" };
    tpc_dnn_conv c = convs[i].of;
    c.kind = kind, c.dtype = modes[mode].dtype, c.last = last, c.aligned = aligned, c.biased = biased;
    plans.tf32 = modes[mode].tf32;
    ck_assert_msg(tpc_dnn_convolves(NULL, &c), "%s: there is no plan for convolution %s, %s, %s%s%s%s", plans.on, convs[i].name, kinds[kind], modes[mode].name,
                  last ? ", channels last" : "", aligned ? "" : ", not aligned", biased ? ", with a bias" : "");
}

START_TEST(convolutions_have_plans)
{
    plan_for(_i);
    for (int i = 0; i < CONVS; i++)
        for (int kind = 0; kind < 3; kind++)
            for (int mode = 0; mode < MODES; mode++)
                for (int last = 0; last < 2; last++) {
                    ck_convolution(i, kind, mode, last, true, false);
                    if (kind == TPC_DNN_FORWARD && tp_dtype_size((tp_dtype)modes[mode].dtype) == 2) ck_convolution(i, kind, mode, last, true, true);
                }
    for (int kind = 0; kind < 3; kind++)
        for (int mode = 0; mode < MODES; mode++) ck_convolution(0, kind, mode, false, false, false);
    for (int mode = 2; mode < MODES; mode++) ck_convolution(0, TPC_DNN_DATA, mode, true, true, true);        /* of other sizes there is none */
    end("convolutions");
}
END_TEST

START_TEST(normalizations_have_plans)
{
    static const int64_t sizes[][3] = { { 32, 56 * 56, 64 }, { 32, 7 * 7, 2048 }, { 3, 20, 8 }, { 64, 1, 104 }, { 2, 28 * 28 * 16, 24 } };
    plan_for(_i);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int backward = 0; backward < 2; backward++)
            for (int mode = 0; mode < MODES; mode++) {
                const tpc_dnn_norm k = { .backward = backward, .dtype = modes[mode].dtype, .aligned = 1,
                    .n = sizes[i][0], .inner = sizes[i][1], .channels = sizes[i][2] };
                plans.tf32 = modes[mode].tf32;
                ck_assert_msg(tpc_dnn_normalizes(NULL, &k),
                              "%s: there is no plan for normalization%s of %lld x %lld x %lld, %s", plans.on,
                              backward ? ", backward," : "", (long long)k.n, (long long)k.inner, (long long)k.channels,
                              modes[mode].name);
            }
    end("normalizations");
}
END_TEST

static const tpc_dnn_pool pools[] = {
    { .images = 32, .channels = 64, .size = { 56, 56 }, .out = { 28, 28 }, .kernel = { 2, 2 }, .stride = { 2, 2 } },
    { .images = 32, .channels = 64, .size = { 56, 56 }, .out = { 28, 28 }, .kernel = { 3, 3 }, .stride = { 2, 2 }, .pad = { 1, 1 } },
    { .images = 3, .channels = 3, .size = { 9, 9 }, .out = { 7, 7 }, .kernel = { 3, 3 }, .stride = { 1, 1 } },
    { .images = 3, .channels = 6, .size = { 1, 9 }, .out = { 1, 4 }, .kernel = { 1, 2 }, .stride = { 1, 2 } },
};
enum { POOLS = sizeof pools / sizeof *pools };

static bool pools_windows(int i, int kind, int mode, bool count_padding)
{
    tpc_dnn_pool k = pools[i];
    bool done;
    k.kind = kind, k.count_padding = count_padding, k.dtype = modes[mode].dtype, k.aligned = 1;
    plans.tf32 = modes[mode].tf32;
    ck_ok(tpc_dnn_windows(NULL, &k, NULL, NULL, NULL, &done));
    return done;
}

START_TEST(windows_have_plans)
{
    static const char *const kinds[] = { [TPC_DNN_MEANS] = "means",
                                         [TPC_DNN_MEANS_BACK] = "the gradient of means",
                                         [TPC_DNN_GREATEST_BACK] = "the gradient of the greatest" };
    plan_for(_i);
    for (int i = 0; i < POOLS; i++)
        for (int mode = 0; mode < MODES; mode++)
            for (int kind = 0; kind < 3; kind++)
                for (int counts = 0; counts < (kind == TPC_DNN_GREATEST_BACK ? 1 : 2); counts++)
                    ck_assert_msg(pools_windows(i, kind, mode, counts), "%s: there is no plan for %s of windows %d, %s",
                                  plans.on, kinds[kind], i, modes[mode].name);
    tpc_dnn_pool large = { .kind = TPC_DNN_GREATEST_BACK, .dtype = TP_F32, .aligned = 1, .images = 1, .channels = 4,
        .size = { 40, 40 }, .out = { 29, 29 }, .kernel = { 12, 12 }, .stride = { 1, 1 } };
    bool done;
    ck_ok(tpc_dnn_windows(NULL, &large, NULL, NULL, NULL, &done));
    ck_assert_msg(!done, "a byte does not tell 144 places");
    end("windows of images");
}
END_TEST

/* ---- Attention --------------------------------------------------------------------------------------------------------------------------------- */

/* Heads that are parts of a row of q, k and v together, or apart of each other. */
static bool attends(bool backward, int dtype, bool causal, bool packed, int64_t batch, int64_t heads, int64_t own, int64_t l, int64_t n, int64_t e)
{
    const tpc_dnn_heads at = { .q = NULL };
    const int64_t row = packed ? (heads + 2 * own) * e : e, head = packed ? e : l * e;
    tpc_dnn_attention a = { .dtype = dtype, .causal = causal, .backward = backward, .batch = batch, .heads = heads, .own = own, .l = l, .n = n, .e = e, .w = e,
                            .q = { packed ? l * row : heads * l * e, head, row }, .y = { heads * l * e, e, heads * e }, .dy = { heads * l * e, e, heads * e } };
    const int64_t keys[] = { packed ? n * row : own * n * e, packed ? e : n * e, row };
    memcpy(a.k, keys, sizeof keys), memcpy(a.v, keys, sizeof keys), memcpy(a.dk, keys, sizeof keys), memcpy(a.dv, keys, sizeof keys);
    memcpy(a.dq, a.q, sizeof a.q);
    bool done;
    ck_ok(tpc_dnn_attend(NULL, &a, &at, 1, &done));
    return done;
}

START_TEST(attentions_have_plans)
{
    static const int64_t sizes[][6] = { { 8, 12, 12, 1024, 1024, 64 }, { 2, 16, 16, 512, 512, 128 }, { 1, 4, 4, 1000, 1000, 64 },
                                        { 4, 8, 8, 256, 640, 32 }, { 2, 3, 3, 64, 70, 8 },
                                        { 2, 32, 8, 1024, 1024, 128 }, { 1, 6, 1, 200, 333, 64 } };
    plan_for(_i);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 16; kind++) {
            const bool backward = kind & 1, causal = kind & 2, packed = kind & 4;
            const int64_t *s = sizes[i];
            ck_assert_msg(attends(backward, kind & 8 ? TP_BF16 : TP_F16, causal, packed, s[0], s[1], s[2], s[3], s[4],
                                  s[5]), "%s: there is no plan for attention%s of %lld x %lld x %lld%s%s", plans.on,
                          backward ? ", backward," : "", (long long)s[3], (long long)s[4], (long long)s[5],
                          causal ? ", causal" : "", packed ? ", packed" : "");
        }
    ck_assert(!attends(false, TP_F32, true, true, 8, 12, 12, 1024, 1024, 64));
    ck_assert(!attends(false, TP_F16, true, true, 8, 12, 12, 1024, 1024, 60));
    end("attentions");
}
END_TEST

/* Recurrent nets have no plans. What can be asked without a device is whether cuDNN takes their descriptions, and where it wants the weights: as
 * ours are, so that none is copied. It asks for a handle, and does not look at it. */
START_TEST(recurrent_nets_are_taken)
{
    static uint64_t no_handle[1 << 14];
    static char space[1 << 16];
    int taken = 0, pieces = 0;
    void *const library = dlopen("libcudnn.so.9", RTLD_NOW | RTLD_NOLOAD), *const found = library ? dlsym(library, "cudnnGetRNNDataDescriptor") : NULL;
    __typeof__(cudnnGetRNNDataDescriptor) *read;
    ck_assert(found);
    memcpy(&read, &found, sizeof read);
    for (int32_t kind = TP__NET_LSTM; kind <= TP__NET_RELU; kind++)
        for (int mode = 0; mode < MODES; mode++)
            for (int way = 0; way < 8; way++) {
                const tpc_dnn_net net = { .mode = kind, .dtype = modes[mode].dtype, .biases = way & 1,
                    .dirs = way & 2 ? 2 : 1, .input = 80, .hidden = 512, .layers = way & 4 ? 3 : 1 };
                const cudnnRNNDescriptor_t rnn = tpc_dnn_describe_net(&net, modes[mode].tf32);
                ck_assert_msg(rnn, "cuDNN does not take a net of mode %d, %s", (int)kind, modes[mode].name);
                const tp__rnn_run runs[] = {
                    { .steps = 7, .batch = 4, .rows = 28 },
                    { .steps = 3, .batch = 2, .rows = 4, .sizes = (const int64_t[]){ 2, 1, 1 } }
                };
                for (int i = 0; i < 2; i++) {
                    const cudnnRNNDataDescriptor_t rows = tpc_dnn_describe_rows(&net, &runs[i], net.input);
                    const cudnnTensorDescriptor_t states = tpc_dnn_describe_states(&net, runs[i].batch);
                    ck_assert(rows && states);
                    int length[4] = { 0 }, steps, batch, width;
                    cudnnDataType_t type;
                    cudnnRNNDataLayout_t layout;
                    float fill;
                    ck_assert(!read(rows, &type, &layout, &steps, &batch, &width, (int)runs[i].batch, length, &fill));
                    ck_assert(steps == runs[i].steps && batch == runs[i].batch && width == 80 && length[0] == steps && length[1] == (i ? 1 : 7));
                    ck_assert(!tpc_dnn()->DestroyRNNDataDescriptor(rows) && !tpc_dnn()->DestroyTensorDescriptor(states));
                    taken++;
                }
                ck_assert(!tpc_dnn()->DestroyRNNDescriptor(rnn));
                const tpc_dnn_net small = { .mode = kind, .dtype = net.dtype, .biases = net.biases, .dirs = net.dirs,
                    .input = 5, .hidden = 3, .layers = net.layers };
                const cudnnRNNDescriptor_t of = tpc_dnn_describe_net(&small, modes[mode].tf32);
                size_t bytes = 0;
                ck_assert(of && !tpc_dnn()->GetRNNWeightSpaceSize((cudnnHandle_t)(void *)no_handle, of, &bytes));
                tpc_dnn_piece *piece = tpc_dnn_place_weights((cudnnHandle_t)(void *)no_handle, of, &small, space, bytes, &pieces);
                ck_assert_msg(piece && pieces == 1 && !piece->ours && !piece->its && piece->bytes == bytes && bytes == tpc_dnn_weight_bytes(&small),
                              "cuDNN has the weights of a net of mode %d otherwise, in %d pieces", (int)kind, pieces);
                free(piece);
                const tpc_dnn_net longer = { .mode = kind, .dtype = net.dtype, .biases = net.biases, .dirs = net.dirs,
                    .input = 5, .hidden = 3, .layers = net.layers + 1 };
                /* it has no such layer */
                ck_assert(!tpc_dnn_place_weights((cudnnHandle_t)(void *)no_handle, of, &longer, space, bytes, &pieces) && !pieces);
                ck_assert(!tpc_dnn()->DestroyRNNDescriptor(of));
            }
    printf("cuDNN %zu takes all %d recurrent nets, and has their weights as we do\n", tpc_dnn_version(), taken);
    fflush(stdout);
}
END_TEST

/* A few to the end, with the code that is compiled for them, which takes long. */
START_TEST(plans_can_be_made)
{
    plan_for(_i);
    plans.finalize = true;
    for (int kind = 0; kind < 3; kind++)
        for (int mode = 0; mode < MODES; mode++) ck_convolution(0, kind, mode, true, true, false);
    ck_convolution(0, TPC_DNN_FORWARD, 3, true, true, true);
    ck_convolution(6, TPC_DNN_DATA, 0, false, true, false);
    for (int backward = 0; backward < 2; backward++)
        ck_assert(tpc_dnn_normalizes(NULL, &(tpc_dnn_norm){ .backward = backward, .dtype = backward ? TP_BF16 : TP_F32,
            .aligned = 1, .n = 32, .inner = 56 * 56, .channels = 64 }));
    for (int backward = 0; backward < 2; backward++) ck_assert(attends(backward, TP_BF16, true, true, 8, 12, 12, 1024, 1024, 64));
    tpc_dnn_conv many = convs[0].of;                   /* what is advised first would take 1.6 GB */
    many.kind = TPC_DNN_FORWARD, many.dtype = TP_F16, many.aligned = 1, many.images = 128, many.cg = many.og = 256;
    many.size[1] = many.size[2] = many.out[1] = many.out[2] = 112;
    ck_assert(tpc_dnn_convolves(NULL, &many));
    plans.run = 0;                                     /* 48 x 12 heads take 1.2 GB and more */
    ck_assert(attends(true, TP_BF16, true, true, 48, 12, 12, 1024, 1024, 64));
    ck_assert_int_eq(plans.run, 2);
    for (int kind = 0; kind < 3; kind++) ck_assert(pools_windows(1, kind, kind == TPC_DNN_MEANS_BACK ? 3 : 0, false));
    end("plans that were made");
}
END_TEST

/* cuDNN and cuBLASLt leave memory behind where there is no device. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return 1; }

/* ---- What it needs --------------------------------------------------------------------------------------------------------------------------------- */

/* The driver without a device, before anything else asks for one. */
static bool load_driver(void)
{
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    if (n <= 0) return false;
    path[n] = 0;
    for (int up = 0; up < 2 && strrchr(path, '/'); up++) *strrchr(path, '/') = 0;
    strcat(path, "/no-driver/libcuda.so.1");
    return dlopen(path, RTLD_NOW | RTLD_GLOBAL);
}
static const char *why_not(void)
{
    if (!load_driver()) return "there is no libcuda.so.1 to stand in for a driver's: the toolkit's stub of it, or nm, is not installed";
    if (!tpc_dnn()) return "cuDNN is not installed";
    return tpc_dnn_version() < 90800 ? "cuDNN is older than 9.8, which plans for no device that is not here" : NULL;
}
#else
static const char *why_not(void) { return "the headers of cuDNN or of the CUDA toolkit are not installed"; }
#endif

START_TEST(there_is_nothing_to_test_with) {} END_TEST

#ifdef TPC_HAS_NCCL
/* What several devices do together needs those; that it is all found can be seen without. */
START_TEST(nccl_has_all_functions)
{
    int version = 0;
    if (!dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL)) {
        printf("skipped: NCCL is not installed: %s\n", dlerror());
        fflush(stdout);
        return;
    }
    ck_assert_msg(tpc_nccl(), "a function of NCCL is missing");
    ck_assert(!tpc_nccl()->GetVersion(&version) && version >= 21300);
    ck_assert_str_eq(tpc_nccl()->GetErrorString(ncclSuccess), "no error");
    printf("NCCL %d.%d.%d has all functions\n", version / 10000, version / 100 % 100, version % 100);
    fflush(stdout);
}
END_TEST
#endif

int main(void)
{
    const char *reason = why_not();
    Suite *s = suite_create("cuda_plans");
    TCase *t = tcase_create("plans without a device");
    tcase_set_timeout(t, 300);
    if (reason) {
        printf("skipped: %s\n", reason);
        tcase_add_test(t, there_is_nothing_to_test_with);
    }
#ifdef TPC_HAS_NCCL
    tcase_add_test(t, nccl_has_all_functions);
#endif
#ifdef TPC_HAS_CUDNN
    if (!reason) {
        tcase_add_loop_test(t, convolutions_have_plans, FIRST, DEVICES);
        tcase_add_loop_test(t, normalizations_have_plans, FIRST, DEVICES);
        tcase_add_loop_test(t, windows_have_plans, FIRST, DEVICES);
        tcase_add_loop_test(t, attentions_have_plans, FIRST, DEVICES);
        tcase_add_test(t, recurrent_nets_are_taken);
        tcase_add_loop_test(t, plans_can_be_made, 1, 2);
    }
#endif
    suite_add_tcase(s, t);
    return run_suite(s);
}
