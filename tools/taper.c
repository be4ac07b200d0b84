/* taper: what this build of Taper is and has, and what is in a file. */
#include <taper/taper.h>

#include <string.h>
#include <unistd.h>

static int usage(FILE *out, int status)
{
    fputs("taper version             the version of the library\n"
          "taper info                processor, threads, devices, modules, memory\n"
          "taper ops [WORD]          the ops and their schemas; those whose name holds WORD\n"
          "taper ops --markdown      docs/ops.md: a table for each family\n"
          "taper show FILE [NAME]    the tensors of a file of any format; the values of one of them\n", out);
    return status;
}

static int version(void)
{
    printf("taper %s\n", tp_version());
    return 0;
}

static void print_processor(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    printf("processor   x86-64:%s%s%s%s%s\n", __builtin_cpu_supports("avx2") ? " avx2" : "", __builtin_cpu_supports("fma") ? " fma" : "",
           __builtin_cpu_supports("avx512f") ? " avx512f" : "", __builtin_cpu_supports("avx512bw") ? " avx512bw" : "",
           __builtin_cpu_supports("avx512vnni") ? " avx512vnni" : "");
#elif defined(__aarch64__)
    puts("processor   aarch64");
#else
    puts("processor   unknown");
#endif
}

static int info(void)
{
    version();
    print_processor();
    printf("cores       %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
    printf("threads     %d\n", tp_get_num_threads());
    printf("devices     cpu%s\n", tp_cuda_is_available() ? ", cuda" : "");
    if (!tp_cuda_is_available()) printf("no cuda     %s\n", tp_cuda_why_not());
    int modules = 0;
    while (tp_module_type_at(modules)) modules++;
    printf("ops         %d\n", tp_op_count());
    printf("modules     %d\n", modules);
    tp_memory memory;
    if (tp_memory_stats(TP_CPU, &memory) == TP_OK) printf("cache       at most %.0f MB of freed memory is kept\n", (double)memory.limit / 1e6);
    return tp_report_error(stderr);
}

/* By family in order of their names; what is internal is left out. */
static int ops_markdown(void)
{
    puts("# The ops\n\nMade from the registry by `make docs`. Names and arguments are PyTorch's; `tp_op_call(name, ..)` takes them, and the\n"
         "functions of `include/taper/ops/` are the same ops; what has no function there (aliases, copies of views, ..) is called\n"
         "by name. How a schema reads is said in `include/taper/registry.h`. A name that ends in an underscore writes its first\n"
         "argument in place.");
    const char *last = "";
    for (;;) {
        const char *next = NULL;
        for (int i = 0; i < tp_op_count(); i++) {
            const char *family = tp_op_family(tp_op_at(i));
            if (!tp_op_is_internal(tp_op_at(i)) && strcmp(family, last) > 0 && (!next || strcmp(family, next) < 0)) next = family;
        }
        if (!next) return tp_report_error(stderr);
        printf("\n## %s\n\n| op | gradient | complex |\n|---|---|---|\n", next);
        for (int i = 0; i < tp_op_count(); i++) {
            const tp_op *op = tp_op_at(i);
            if (tp_op_is_internal(op) || strcmp(tp_op_family(op), next)) continue;
            fputs("| `", stdout);
            for (const char *c = tp_op_schema(op); *c; c++) printf(*c == '|' ? "\\|" : "%c", *c);
            printf("` | %s | %s |\n", tp_op_is_differentiable(op) ? "yes" : "", tp_op_takes_complex(op) ? "yes" : "");
        }
        last = next;
    }
}

static int ops(const char *word)
{
    if (word && !strcmp(word, "--markdown")) return ops_markdown();
    int found = 0;
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        if (word && !strstr(tp_op_name(op), word)) continue;
        printf("%s%s\n", tp_op_schema(op), tp_op_is_differentiable(op) ? "" : "   # no gradient");
        found++;
    }
    if (!found) fprintf(stderr, "taper: no op's name holds '%s'\n", word ? word : "");
    return !found;
}

static void print_shape(tp_shape shape)
{
    putchar('[');
    for (int i = 0; i < shape.ndim; i++) printf("%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    putchar(']');
}

static void list_file(tp_file *file)
{
    double bytes = 0;
    for (int64_t i = 0; i < tp_file_metadata_count(file); i++) {
        const tp_metadata entry = tp_file_metadata_at(file, i);
        printf("# %s: %s\n", entry.key, entry.value);
    }
    for (int64_t i = 0; i < tp_file_count(file); i++) {
        const tp_dtype dtype = tp_file_dtype(file, i);
        const tp_shape shape = tp_file_shape(file, i);
        if (tp_failed()) return;
        double size = (double)tp_dtype_size(dtype);
        for (int d = 0; d < shape.ndim; d++) size *= (double)shape.dim[d];
        bytes += size;
        printf("%-10s ", dtype ? tp_dtype_name(dtype) : "unknown");
        print_shape(shape);
        printf("  %s\n", tp_file_name(file, i));
    }
    for (int64_t i = 0; i < tp_file_skipped_count(file); i++) {
        const tp_skipped skipped = tp_file_skipped_at(file, i);
        printf("# skipped: %s, %s\n", skipped.name, skipped.what);
    }
    printf("%lld tensors, %.3f MB\n", (long long)tp_file_count(file), bytes / 1e6);
}

static int show(const char *path, const char *name)
{
    TP_SCOPE();
    tp_file *file = tp_file_open(path);
    if (file && name) tp_print(tp_file_get(file, name));
    else if (file) list_file(file);
    tp_file_close(file);
    return tp_report_error(stderr);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (!strcmp(command, "--help") || !strcmp(command, "-h") || !strcmp(command, "help")) return usage(stdout, 0);
    if ((!strcmp(command, "version") || !strcmp(command, "--version")) && argc == 2) return version();
    if (!strcmp(command, "info") && argc == 2) return info();
    if (!strcmp(command, "ops") && argc <= 3) return ops(argc == 3 ? argv[2] : NULL);
    if (!strcmp(command, "show") && (argc == 3 || argc == 4)) return show(argv[2], argc == 4 ? argv[3] : NULL);
    return usage(stderr, 2);
}
