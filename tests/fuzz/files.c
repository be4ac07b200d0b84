/* files.c: files that are changed at random, for each reader, for sanitizers to look at.
 *
 * A case is one file, made from its number and the seed alone, so that `--case N` repeats it. It begins as a good one, of some
 * tensors with random names, dtypes and shapes, or one of tests/files; then bytes, numbers and pieces are changed, copied, cut out or put in,
 * most often where a format keeps what it says of itself. Of a .pt and a .npz what is packed inside is changed, too, and packed
 * again, so that the checksums hold. What must hold: no crash, no hang, bounded memory, and an error if and only if there is no
 * tensor. */
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include <zlib.h>

#include <taper/taper.h>

#include "io/zip.h"

enum { MOST = 64 << 10, HANGS_AFTER = 60, PARTS = 64, GOOD = 40 };
#define MOST_BYTES ((size_t)256 << 20)                 /* of one allocation: what is larger fails */
#define MOST_READ  ((int64_t)1 << 22)                  /* elements: an expanded view may have any number */

#include "fuzz.h"

/* ---- The case under way -------------------------------------------------------------------------------------------------------------- */

static struct { long long number; const char *reader; } now;
static char folder[256], path[300];
static long long opened, worked, refused, findings;

static void tell(void)
{
    char line[900];
    const int n = snprintf(line, sizeof line, "\nfuzz: --reader %s --case %lld: %s\n", now.reader ? now.reader : "", now.number, path);
    if (n > 0 && write(STDERR_FILENO, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1) < 0) return;
}

static void complain(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    tell();
    findings++;
}

#if defined(__SANITIZE_ADDRESS__)
const char *__asan_default_options(void);
/* libzip and jansson allocate for themselves */
const char *__asan_default_options(void) { return "allocator_may_return_null=1:max_allocation_size_mb=300:abort_on_error=1"; }
#endif

/* ---- Bytes, and changing them ------------------------------------------------------------------------------------------------------------ */

typedef struct bytes { unsigned char *at; size_t n; } bytes;

static unsigned char memory_of[1 + PARTS][MOST];            /* the file's, and each part's: static, since a sanitizer's malloc is slow */

static size_t read_bytes(const char *name, unsigned char *at)
{
    FILE *f = fopen(name, "rb");
    const size_t n = f ? fread(at, 1, MOST, f) : 0;
    if (f) fclose(f);
    return n;
}

static void write_bytes(const char *name, const void *at, size_t n)
{
    FILE *f = fopen(name, "wb");
    if (!f || fwrite(at, 1, n, f) != n || fclose(f)) {
        fprintf(stderr, "fuzz-files: cannot write %s\n", name);
        exit(2);
    }
}

static void change_number(bytes *b, size_t at)
{
    static const int64_t odd[] = { 0, 1, -1, 8, 9, 255, 256, 65535, 65536, INT32_MAX, UINT32_MAX, INT64_MAX, INT64_MIN, 1LL << 40, 1LL << 61 };
    const size_t width = (size_t)1 << below(4);
    if (at + width > b->n) return;
    uint64_t v = 0;
    memcpy(&v, b->at + at, width);
    v = one_in(2) ? (uint64_t)odd[below((int64_t)(sizeof odd / sizeof *odd))] : v + (uint64_t)below(9) - 4;
    memcpy(b->at + at, &v, width);
}

/* Digits of a text, which are sizes and offsets in JSON and in NumPy's headers. */
static void change_digits(bytes *b, size_t at)
{
    while (at < b->n && (b->at[at] < '0' || b->at[at] > '9')) at++;
    for (; at < b->n && b->at[at] >= '0' && b->at[at] <= '9' && !one_in(3); at++) b->at[at] = (unsigned char)('0' + below(10));
}

static void insert(bytes *b, size_t at, const void *what, size_t n)
{
    if (b->n + n > MOST || at > b->n) return;
    char copy[256];
    memcpy(copy, what, n);
    memmove(b->at + at + n, b->at + at, b->n - at);
    memcpy(b->at + at, copy, n);
    b->n += n;
}

static void change_once(bytes *b, size_t begin, size_t end)
{
    static const char *const words[] = { "{", "}", "[", "]", "\"", ",", ":", "(", "t", "\x94", "h\0", "}q\0", "]a", "(u", "\x85", "R", "Q", ".", "e", "0", "2",
        "-1", "1e9", "99999999999999999999", "null", "true", "F32", "BOOL", "__metadata__", "..", "/", "<f8", ">i2", "|O", "True", "\\u0000", "\xff\xff",
        "[[[[[[[[[[[[[[[[", "ctorch._utils\n_rebuild_tensor_v2\n", "ccollections\nOrderedDict\n)R", "PK\3\4", "PK\1\2", "PK\5\6" };
    if (b->n == 0) return;
    const size_t at = begin + (size_t)below((int64_t)(end > begin ? end - begin : 1));
    if (at >= b->n) return;
    switch (below(9)) {
    case 0: b->at[at] ^= (unsigned char)(1 << below(8)); break;
    case 1: b->at[at] = (unsigned char)draw(); break;
    case 2: change_number(b, at); break;
    case 3: change_digits(b, at); break;
    case 4: {
        const char *word = words[below((int64_t)(sizeof words / sizeof *words))];
        insert(b, at, word, strlen(word) ? strlen(word) : 1);
        break;
    }
    case 5: {                                          /* a piece once more, elsewhere */
        const size_t from = (size_t)below((int64_t)b->n), n = 1 + (size_t)below(200);
        if (from + n <= b->n) insert(b, at, b->at + from, n);
        break;
    }
    case 6: {                                          /* a piece less */
        const size_t n = (size_t)below(one_in(2) ? 4 : 100);
        if (at + n > b->n) break;
        memmove(b->at + at, b->at + at + n, b->n - at - n);
        b->n -= n;
        break;
    }
    case 7: if (one_in(4)) b->n = at; break;
    default: {                                         /* two pieces change places */
        const size_t from = (size_t)below((int64_t)b->n), n = 1 + (size_t)below(16);
        if (from + n > b->n || at + n > b->n) break;
        char copy[16];
        memcpy(copy, b->at + from, n);
        memmove(b->at + from, b->at + at, n);
        memcpy(b->at + at, copy, n);
    }
    }
}

static void change(bytes *b, size_t begin, size_t end)
{
    for (int64_t i = one_in(4) ? below(20) : below(3); i >= 0; i--) change_once(b, begin, end < b->n ? end : b->n);
}

/* ---- Good files -------------------------------------------------------------------------------------------------------------------------- */

static char names[8][24];
static tp_named_tensor entries[8];

static int64_t draw_entries(void)
{
    static const char *const words[] = { "weight", "bias", "0", "net.", "step", "exp_avg", "\xc3\xa4", "x" };
    const int64_t n = one_in(10) ? 0 : 1 + below(5);
    for (int64_t i = 0; i < n; i++) {
        const tp_dtype dtype = (tp_dtype)(1 + below(TP_DTYPE_END - 1));
        tp_shape shape = { .ndim = (int)below(4) };
        for (int d = 0; d < shape.ndim; d++) shape.dim[d] = one_in(10) ? 0 : 1 + below(5);
        snprintf(names[i], sizeof names[i], "%lld%s%s", (long long)i, words[below(8)], words[below(8)]);
        entries[i] = (tp_named_tensor){ names[i], tp_zeros(shape, .dtype = dtype == TP_C128 ? TP_C64 : dtype) };
    }
    return n;
}

/* ---- What is inside of an archive ---------------------------------------------------------------------------------------------------------- */

typedef struct part { char name[200]; bytes b; size_t done; } part;
static part parts[PARTS];

static tp_status part_begin(void *self) { return ((part *)self)->done = 0, TP_OK; }
static void part_end(void *self) { (void)self; }
static int64_t part_write(void *self, void *out, int64_t room)
{
    part *p = self;
    const size_t left = p->b.n - p->done, n = left < (size_t)room ? left : (size_t)room;
    memcpy(out, p->b.at + p->done, n);
    p->done += n;
    return (int64_t)n;
}

static int64_t unpack(bytes archive)
{
    tp__zip zip;
    int64_t n = 0;
    if (tp__zip_open(&zip, "fuzz", "fuzz", (const char *)archive.at, archive.n) == TP_OK)
        for (; n < zip.n && n < PARTS; n++) {
            tp__zip_entry e;
            if (tp__zip_entry_at(&zip, n, &e) || e.bytes > MOST) break;
            part *p = &parts[n];
            snprintf(p->name, sizeof p->name, "%s", e.name);
            p->b = (bytes){ memory_of[1 + n], (size_t)e.bytes };
            struct zip_file *file = tp__zip_start(&zip, n);
            if (file) tp__zip_read(&zip, file, e.name, p->b.at, e.bytes);
            tp__zip_stop(file);
        }
    tp__zip_close(&zip);
    return n;
}

static void pack(int64_t n)
{
    tp__zip_part out[PARTS];
    for (int64_t i = 0; i < n; i++) out[i] = (tp__zip_part){ parts[i].name, (int64_t)parts[i].b.n, part_begin, part_write, part_end, &parts[i] };
    write_bytes(path, "", 0);
    if (n && tp__zip_write("fuzz", path, out, n, one_in(2)) && tp_error_status() != TP_ERR_IO) complain("cannot pack");
    tp_clear_error();
}

/* Changes one of the parts, the pickle most often; now and then the whole. */
static void change_archive(bytes archive)
{
    if (one_in(4)) {                                   /* the directory is at the end */
        change(&archive, one_in(2) ? archive.n * 2 / 3 : 0, archive.n);
        write_bytes(path, archive.at, archive.n);
        return;
    }
    const int64_t n = unpack(archive);
    for (int64_t i = 0; i < n; i++) {
        const bool tells = strstr(parts[i].name, ".pkl") || strstr(parts[i].name, ".npy");
        if (tells ? one_in(2) : one_in(16)) change(&parts[i].b, 0, parts[i].b.n);
    }
    pack(n);
}

/* ---- The readers ----------------------------------------------------------------------------------------------------------------------------- */

/* Good files of each reader, made when the program starts; a file of tests/files for each of a .pt. */
static bytes good[8][GOOD];

static bool take_good(int reader, int i)
{
    unsigned char *at = memory_of[0];
    const size_t n = read_bytes(path, at);
    if (!n || !(good[reader][i].at = malloc(n))) return false;
    memcpy(good[reader][i].at, at, n);
    good[reader][i].n = n;
    return true;
}

static void make_safetensors(int i)
{
    const tp_metadata metadata = { "format", "pt" };
    tp_safetensors_save(path, entries, draw_entries(), &metadata, i % 2);
}

static void make_index(int i)                          /* its other files stay in the folder */
{
    snprintf(path, sizeof path, "%s/m%d.safetensors.index.json", folder, i);
    tp_safetensors_save_sharded(path, entries, draw_entries(), NULL, 0, 1 + below(200));
}

static void make_npy(int i)
{
    (void)i;
    tp_npy_save(path, draw_entries() ? entries[0].tensor : tp_zeros(TP_SHAPE(2), .dtype = TP_C128));
}

static void make_npz(int i)
{
    tp_npz_save(path, entries, draw_entries(), .compress = i % 2);
}

static void make_pt(int i)
{
    static const char *const files[] = { "checkpoint", "tensors", "big" };
    snprintf(path, sizeof path, "tests/files/%s.pt", files[i % 3]);
}

static void change_safetensors(bytes b)
{
    change(&b, one_in(3) ? 0 : 8, b.n > 8 ? 8 + b.at[0] + 256u * b.at[1] : b.n);         /* the header */
    write_bytes(path, b.at, b.n);
}

static void change_text(bytes b)
{
    change(&b, 0, b.n);
    write_bytes(path, b.at, b.n);
}

static void change_npy(bytes b)
{
    change(&b, one_in(3) ? 0 : 10, 128);
    write_bytes(path, b.at, b.n);
}


static void read_file(void)
{
    TP_SCOPE();
    tp_file *f = tp_file_open(path, .prefix = one_in(10) ? "0" : NULL);
    if (!f != tp_failed()) complain(f ? "it opens, but there is an error" : "it does not open, without an error");
    tp_clear_error();
    if (!f) refused++;
    else opened++;
    for (int64_t i = 0; i < tp_file_count(f); i++) {
        TP_SCOPE();
        if (tp_file_find(f, tp_file_name(f, i)) != i) complain("an entry is not found by its name");
        tp_tensor *x = tp_file_tensor(f, i);
        if (!x != tp_failed()) complain(x ? "there is a tensor and an error" : "there is no tensor, without an error");
        tp_clear_error();
        if (!x) continue;
        worked++;
        if (tp_numel(x) < MOST_READ && !tp_contiguous(tp_to_dtype(x, TP_F64))) complain("a tensor cannot be read");   /* looks at every element */
        tp_clear_error();
    }
    for (int64_t i = 0; i < tp_file_skipped_count(f); i++)
        if (!strlen(tp_file_skipped_at(f, i).what)) complain("something is skipped that is nothing");
    tp_file_close(f);
}

/* ---- The readers of data: samples ------------------------------------------------------------------------------------------------------- */

enum { IMAGES = 3, RECORD = 1 + 3 * 32 * 32 };

static unsigned char *put_big(unsigned char *at, uint32_t v)
{
    for (int i = 24; i >= 0; i -= 8) *at++ = (unsigned char)(v >> i);
    return at;
}

/* Images every other time, which a data set can be made of, and the labels beside them; else any dtype and shape. */
static void make_idx(int i)
{
    static const unsigned char types[] = { 0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E }, widths[] = { 1, 1, 2, 4, 4, 8 };
    static const unsigned char labels[8 + IMAGES] = { 0, 0, 8, 1, 0, 0, 0, IMAGES, 3, 1, 4 };
    unsigned char file[1024], *at = file;
    const int type = i % 2 ? (int)below(6) : 0, ndim = i % 2 ? 1 + (int)below(4) : 3;
    int64_t left = widths[type];
    at = put_big(at, (uint32_t)types[type] << 8 | (uint32_t)ndim);
    for (int d = 0; d < ndim; d++) {
        const int64_t n = i % 2 == 0 && d == 0 ? IMAGES : one_in(12) ? 0 : 1 + below(3);
        at = put_big(at, (uint32_t)n);
        left *= n;
    }
    while (left--) *at++ = (unsigned char)draw();
    write_bytes(path, file, (size_t)(at - file));
    char beside[300];
    snprintf(beside, sizeof beside, "%s/train-labels-idx1-ubyte", folder);
    write_bytes(beside, labels, sizeof labels);
}

/* One or two members. */
static void write_gzipped(bytes b)
{
    static unsigned char packed[2 * MOST];
    bytes out = { packed, 0 };
    const size_t first = one_in(3) ? (size_t)below((int64_t)b.n + 1) : b.n, pieces[] = { first, b.n - first };
    for (int i = 0; i < 2 && (!i || pieces[1]); i++) {
        z_stream z = { .next_in = b.at + (i ? first : 0), .avail_in = (unsigned)pieces[i], .next_out = packed + out.n,
                       .avail_out = (unsigned)(sizeof packed - out.n) };
        if (deflateInit2(&z, (int)below(10), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return;
        deflate(&z, Z_FINISH);
        out.n += z.total_out;
        deflateEnd(&z);
    }
    if (one_in(3) && out.n < MOST) change(&out, 0, out.n);
    write_bytes(path, out.at, out.n);
}

static void change_idx(bytes b)
{
    if (!one_in(8)) change(&b, one_in(3) ? 0 : 2, one_in(3) ? b.n : 20);
    if (one_in(2)) write_gzipped(b);
    else write_bytes(path, b.at, b.n);
}

static void make_cifar(int i)
{
    bytes b = { memory_of[0], (size_t)(1 + i % 4) * RECORD };
    memset(b.at, (int)below(256), b.n);
    for (size_t k = 0; k < b.n; k += RECORD) b.at[k] = (unsigned char)below(10);
    write_bytes(path, b.at, b.n);
}

/* What is told apart is the size of a file, and the labels; and which files there are. */
static void change_cifar(bytes b)
{
    static const char *const others[] = { "data_batch_2.bin", "data_batch_3.bin", "test_batch.bin" };
    char other[300];
    const int64_t records = (int64_t)b.n / RECORD;
    if (one_in(2)) b.n -= (size_t)below(records + 1) * RECORD;
    if (one_in(2)) b.at[below(records) * RECORD] = (unsigned char)below(12);
    if (one_in(3)) change(&b, 0, b.n);
    write_bytes(path, b.at, b.n);
    for (int i = 0; i < 3; i++) {
        snprintf(other, sizeof other, "%s/%s", folder, others[i]);
        if (one_in(3)) write_bytes(other, b.at, one_in(4) ? b.n : (size_t)RECORD);
        else if (one_in(2)) unlink(other);
    }
}

/* Every sample and a batch of them: that reads every byte. */
static void read_dataset(tp_dataset *set, int64_t labels)
{
    TP_SCOPE();
    if (!set != tp_failed()) complain(set ? "there is a data set and an error" : "there is no data set, without an error");
    tp_clear_error();
    if (!set) {
        refused++;
        return;
    }
    opened++;
    for (int64_t i = 0; i < tp_dataset_count(set); i++) {
        tp_sample sample;
        if (tp_dataset_get(set, i, &sample) || sample.n_fields != 2) complain("a sample cannot be read");
        else if (!(tp_item(sample.field[1]) < (double)labels) || !tp_contiguous(sample.field[0])) complain("a label is none");
        tp_clear_error();
    }
    tp_loader *loader = tp_data_loader(set, .batch_size = 2, .shuffle = true);
    tp_batch batch;
    while (tp_loader_next(loader, &batch)) worked++;
    if (tp_failed()) complain("a batch cannot be read");
    tp_clear_error();
    tp_loader_free(loader);
    tp_dataset_free(set);
}

static void read_idx(void)
{
    TP_SCOPE();
    tp_tensor *x = tp_idx_read(path);
    if (!x != tp_failed()) complain(x ? "there is a tensor and an error" : "there is no tensor, without an error");
    tp_clear_error();
    if (x && !tp_contiguous(tp_to_dtype(x, TP_F64))) complain("a tensor cannot be read");
    tp_clear_error();
    worked += x != NULL;
    read_dataset(tp_mnist(folder, .normalize = one_in(2)), 256);
    if (one_in(4)) read_dataset(tp_idx_dataset(path, path), 256);
}

static void read_cifar(void)
{
    read_dataset(tp_cifar10(folder, .train = !one_in(4), .normalize = one_in(2)), 10);
}

/* ---- What a run of training is made of ------------------------------------------------------------------------------------------------------- */

typedef struct training {
    tp_dataset *set;
    tp_module *net;
    tp_optimizer *opt;
    tp_schedule *schedule;
    tp_scaler *scaler;
    tp_loader *loader;
    tp_tensor *steps;
} training;

static training begin_training(int workers)
{
    training r = { .net = tp_sequential(tp_nn_linear(2, 3), tp_nn_batch_norm1d(3), tp_nn_dropout(0.5)),
                   .steps = tp_keep(tp_zeros((tp_shape){ .ndim = 0 }, .dtype = TP_I64)) };
    r.set = tp_tensor_dataset(TP_TENSORS(tp_ones(TP_SHAPE(20, 2))));
    r.opt = tp_adam(tp_parameters(r.net), .amsgrad = one_in(2));
    r.schedule = tp_sequential_schedule(TP_SCHEDULES(tp_linear_schedule(r.opt, .total_iters = 3), tp_cosine_schedule(r.opt, 9)), (int64_t[]){ 3 });
    r.scaler = tp_grad_scaler(.init_scale = 8);
    r.loader = tp_data_loader(r.set, .batch_size = 4, .shuffle = true, .workers = workers);
    return r;
}
static void end_training(training *r) { tp_free_all(r->set, r->net, r->opt, r->schedule, r->scaler, r->loader, r->steps); }
#define PARTS_OF(r) { "model", (r)->net }, { "optimizer", (r)->opt }, { "scheduler", (r)->schedule }, { "scaler", (r)->scaler }, \
                    { "loader", (r)->loader }, { "steps", (r)->steps }

static void step_once(training *r)
{
    TP_SCOPE();
    tp_batch batch;
    if (!tp_loader_next(r->loader, &batch) && !tp_failed()) tp_loader_next(r->loader, &batch);
    tp_zero_grad(r->opt);
    if (!tp_failed()) tp_backward(tp_scaler_scale(r->scaler, tp_sum(tp_forward(r->net, batch.x))));
    tp_scaler_step(r->scaler, r->opt);
    tp_scaler_update(r->scaler);
    tp_schedule_step(r->schedule);
    tp_rand(TP_SHAPE(2));
}

static void make_training(int i)
{
    training r = begin_training(0);
    for (; i % 4; i--) step_once(&r);
    tp_training_save(path, PARTS_OF(&r));
    end_training(&r);
}

/* Mostly what the entries hold: the header is that of any file. */
static void change_training(bytes b)
{
    uint64_t header = 0;
    memcpy(&header, b.at, sizeof header);
    const size_t begin = sizeof header + (size_t)header;
    if (one_in(4) || begin >= b.n) {
        change_safetensors(b);
        return;
    }
    for (int64_t i = below(4); i >= 0; i--) {
        const size_t at = begin + (size_t)below((int64_t)((b.n - begin) / 8)) * 8;
        if (one_in(2)) change_number(&b, at);
        else b.at[at + (size_t)below(8)] = (unsigned char)draw();
    }
    write_bytes(path, b.at, b.n);
}

/* What was loaded is used: a step count, a place in an epoch, a scale. */
static void read_training(void)
{
    TP_SCOPE();
    training r = begin_training(one_in(16) ? 2 : 0);
    if (tp_failed()) complain("a run cannot be begun");
    const tp_status status = tp_training_load(path, PARTS_OF(&r));
    if ((status != TP_OK) != tp_failed()) complain(status ? "it is refused without an error" : "there is an error, and it is not refused");
    if (status) refused++;
    else opened++;
    tp_clear_error();
    for (int i = 0; i < 3; i++, tp_clear_error()) step_once(&r);
    if (!status && tp_training_save(path, PARTS_OF(&r))) complain("what was loaded cannot be saved");
    tp_clear_error();
    worked += !status;
    end_training(&r);
}

/* ---- All of them --------------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name, *file; void (*make)(int i); void (*change)(bytes b); void (*read)(void); } readers[] = {
    { "safetensors", "file", make_safetensors, change_safetensors, read_file }, { "index", "file", make_index, change_text, read_file },
    { "npy", "file", make_npy, change_npy, read_file }, { "npz", "file", make_npz, change_archive, read_file },
    { "pt", "file", make_pt, change_archive, read_file }, { "idx", "train-images-idx3-ubyte", make_idx, change_idx, read_idx },
    { "cifar", "data_batch_1.bin", make_cifar, change_cifar, read_cifar }, { "training", "file", make_training, change_training, read_training },
};
enum { READERS = sizeof readers / sizeof *readers };

static void set_path(int reader) { snprintf(path, sizeof path, "%s/%s", folder, readers[reader].file); }

static bool make_good(int reader)
{
    for (int i = 0; i < GOOD; i++) {
        TP_SCOPE();
        memset(entries, 0, sizeof entries);
        set_path(reader);
        readers[reader].make(i);
        if (tp_failed() || !take_good(reader, i)) {
            fprintf(stderr, "fuzz-files: cannot make %s: %s\n", path, tp_failed() ? tp_last_error()->message : "run it from the root of the tree");
            return false;
        }
    }
    return true;
}

static void set_dice(uint64_t seed, long long number, int reader)
{
    state = seed * 0x2545F4914F6CDD1Du + (uint64_t)number * 0x9E3779B97F4A7C15u + (uint64_t)reader;
    for (int i = 0; i < 4; i++) draw();
}

static void run_case(int reader, uint64_t seed)
{
    set_dice(seed, now.number, reader);
    now.reader = readers[reader].name;
    set_path(reader);
    bytes b = good[reader][below(GOOD)];
    memcpy(memory_of[0], b.at, b.n);
    b.at = memory_of[0];
    watch_for_hangs(true);
    readers[reader].change(b);
    readers[reader].read();
    watch_for_hangs(false);
}

/* ---- The program ---------------------------------------------------------------------------------------------------------------------------- */

static void clean_folder(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char name[800];
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') unlink(name);
    }
    if (d) closedir(d);
}

static const char usage[] =
    "fuzz-files [--seconds N] [--cases N] [--seed N] [--reader NAME] [--case N]\n"
    "  reads files that are changed at random, for N seconds (10) or N cases of each reader; 1 if one did what it must not\n"
    "  --case N   repeats one case of a reader and leaves its file;  --reader NAME   safetensors, index, npy, npz, pt, idx, cifar or training alone\n";

static void run_reader(int reader, double seconds, long long most, uint64_t seed)
{
    const time_t end = time(NULL) + (time_t)seconds;
    const long long was[3] = { opened, refused, worked };
    for (now.number = 0; most ? now.number < most : time(NULL) < end; now.number++)
        run_case(reader, seed);
    printf("%-12s %lld files: %lld opened, %lld refused, %lld tensors or batches read\n", readers[reader].name, now.number, opened - was[0], refused - was[1],
           worked - was[2]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    fuzz_options o;
    int status;
    if (!read_options(argc, argv, "cases", "reader", usage, &o, &status)) return status;
    const char *where = getenv("TMPDIR");
    if (!where) where = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";            /* a disk is what takes longest */
    snprintf(folder, sizeof folder, "%s/taper-fuzz-XXXXXX", where);
    if (!mkdtemp(folder)) return fprintf(stderr, "fuzz-files: cannot make %s\n", folder), 2;
    tell_of_the_end();
    bound_memory();
    bool known = false;
    for (int r = 0; r < READERS; r++) {
        if (o.name && strcmp(o.name, readers[r].name)) continue;
        known = true;
        set_dice((uint64_t)o.seed, -1, r);
        if (!make_good(r)) return 2;
        now.number = o.only;
        if (o.only >= 0) run_case(r, (uint64_t)o.seed);
        else run_reader(r, o.seconds, o.most, (uint64_t)o.seed);
    }
    if (!known) return fputs(usage, stderr), 2;
    if (o.only < 0) {
        clean_folder();
        rmdir(folder);
        printf("seed %lld: %lld findings\n", o.seed, findings);
    }
    return findings != 0;
}
