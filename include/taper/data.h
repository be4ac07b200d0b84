/* data.h: datasets, and the loader that makes batches of them.
 *
 *   tp_dataset *train = tp_mnist("data/mnist", .train = true);
 *   tp_loader *loader = tp_data_loader(train, .batch_size = 64, .shuffle = true, .workers = 2);
 *   tp_batch batch;
 *   while (tp_loader_next(loader, &batch)) { TP_SCOPE(); ... batch.x, batch.y ... }
 *
 * A sample has up to TP_MAX_FIELDS fields, each a tensor on the CPU; a batch stacks each field along a new first dim. Datasets
 * and loaders are the caller's to free, with tp_free_all in any order: a loader holds its dataset, a subset what it is part of. */
#ifndef TAPER_DATA_H
#define TAPER_DATA_H

#include <taper/core.h>

#define TP_MAX_FIELDS 8

typedef struct tp_dataset tp_dataset;
typedef struct tp_loader tp_loader;

/* A batch, lent by the loader until the next tp_loader_next, tp_loader_reset or tp_loader_free. A tensor of it that was kept
 * stays as it is. */
typedef struct tp_batch {
    tp_tensor *x, *y;                                  /* field[0] and field[1]; NULL where the dataset has fewer */
    tp_tensor *field[TP_MAX_FIELDS];                   /* all of them, [size, ..] */
    int64_t n_fields;
    int64_t size;                                      /* samples */
    const int64_t *indices;                            /* [size]: which ones of the dataset */
} tp_batch;

/* Where a loader stands, to be stored and given back. */
typedef struct tp_loader_place {
    uint64_t seed;                                     /* of order and samples */
    int64_t epoch;                                     /* the one that runs, else the one to come; from 0 */
    int64_t batch;                                     /* how many batches of it the caller has had */
} tp_loader_place;

typedef struct tp_sample {
    tp_tensor *field[TP_MAX_FIELDS];
    int64_t n_fields;
} tp_sample;

typedef struct tp_field {                              /* of one sample, without the dim of the batch */
    tp_dtype dtype;
    tp_shape shape;
} tp_field;

/* A dataset of your own. Fill it with designators, `.size` too; members are added at the end. All functions may be called from
 * several threads at once, `self` is theirs to guard. They fail through tp_fail and return its status.
 *   count      samples; asked once by each loader
 *   get        one sample: new tensors belong to the scope, which is the loader's; all samples of a batch have the same shapes.
 *              Random numbers drawn in it depend on the loader's seed, the epoch and the position alone
 *   fields     for get_batch: what a sample is made of, written to fields[0 .. n - 1]; returns n, or a negative status
 *   get_batch  writes n samples into fields[i], contiguous [n, ..] on the CPU, through tp_data_mut: no allocation per sample.
 *              Used instead of get where there is one; random numbers as in get, by the batch
 *   drop       frees self when nobody uses the dataset any longer */
typedef struct tp_dataset_class {
    size_t size;                                       /* sizeof(tp_dataset_class) */
    const char *name;                                  /* in messages, "Tensors" */
    int64_t (*count)(void *self);
    tp_status (*get)(void *self, int64_t index, tp_sample *out);
    int (*fields)(void *self, tp_field *fields);
    tp_status (*get_batch)(void *self, const int64_t *indices, int64_t n, tp_tensor *const *fields);
    void (*drop)(void *self);
} tp_dataset_class;

/* Makes a batch of n samples: writes tensors of the scope to out. Called from the workers. */
typedef tp_status tp_collate_fn(void *arg, const tp_sample *samples, int64_t n, tp_sample *out);

/* The order of an epoch: writes to places[0 .. n - 1] which samples it has, any of them as often as it likes. Called when the epoch begins,
 * from the thread that asks for its first batch; what it does should depend on seed and epoch alone where several loaders share an order. */
typedef tp_status tp_sampler_fn(void *arg, int64_t epoch, uint64_t seed, int64_t *places, int64_t n);

/* ---- Options ---------------------------------------------------------------------------------------------------------- */

typedef struct tp_mnist_options {
    TP__HEAD(tp_mnist_options);
    bool train TP__IS(true);                           /* the train-.. files; else t10k-.. */
    bool normalize TP__IS(false);                      /* (x - 0.1307) / 0.3081, mean and deviation of the train images */
    TP__TAIL;
} tp_mnist_options;
#define TP__DEFAULT_mnist .train = true,

typedef struct tp_cifar10_options {
    TP__HEAD(tp_cifar10_options);
    bool train TP__IS(true);                           /* data_batch_1.bin to data_batch_5.bin; else test_batch.bin */
    bool normalize TP__IS(false);                      /* (x - mean) / deviation of the train images, by channel */
    TP__TAIL;
} tp_cifar10_options;
#define TP__DEFAULT_cifar10 .train = true,

typedef struct tp_digits_options {
    TP__HEAD(tp_digits_options);
    int64_t seed TP__IS(0);
    bool train TP__IS(true);                           /* else the test images, which share no random number with these */
    TP__TAIL;
} tp_digits_options;
#define TP__DEFAULT_digits .train = true,

typedef struct tp_window_dataset_options {
    TP__HEAD(tp_window_dataset_options);
    int64_t stride TP__IS(TP_NONE);                    /* steps from one window to the next; not given: length, so that none overlap */
    int64_t random TP__IS(TP_NONE);                    /* instead: so many samples, each from a place that is drawn anew in each epoch */
    TP__TAIL;
} tp_window_dataset_options;
#define TP__DEFAULT_window_dataset .stride = TP_NONE, .random = TP_NONE,

typedef struct tp_shapes_options {
    TP__HEAD(tp_shapes_options);
    int64_t seed TP__IS(0);
    bool train TP__IS(true);                           /* else the test images, which share no random number with these */
    TP__TAIL;
} tp_shapes_options;
#define TP__DEFAULT_shapes .train = true,

typedef struct tp_data_loader_options {
    TP__HEAD(tp_data_loader_options);
    int64_t batch_size TP__IS(1);
    bool shuffle TP__IS(false);                        /* another order each epoch */
    bool drop_last TP__IS(false);                      /* leave out a last batch that is not full */
    bool progress TP__IS(false);                       /* a bar on stderr, if that is a terminal */
    bool pinned TP__IS(false);                         /* batches in page-locked memory; always with .device = TP_CUDA(i) */
    int64_t workers TP__IS(0);                         /* threads that make batches; 0: tp_loader_next makes them */
    int64_t prefetch TP__IS(2);                        /* batches made ahead, for each worker; with a device, also sent to it ahead, in all */
    int64_t seed TP__IS(TP_NONE);                      /* of order and samples; not given: drawn from the thread's generator */
    tp_device device TP__IS(0);                        /* where batches go, on a stream of the loader's; the CPU. Without workers the
                                                          batch after the one that is given is then made with it */
    tp_collate_fn *collate TP__IS(nullptr);            /* NULL stacks each field; get_batch is not used with one */
    void *collate_arg TP__IS(nullptr);
    int64_t samples TP__IS(TP_NONE);                   /* of an epoch, in a random order or a sampler's; not given: as many as the dataset has */
    bool replacement TP__IS(false);                    /* each sample is drawn anew, so that some come twice and others not */
    const double *weights TP__IS(nullptr);             /* one for each sample of the dataset, copied: samples are drawn as often as they say. With
                                                          .replacement, or else those of weight 0 must not be asked for */
    int64_t replicas TP__IS(1), rank TP__IS(0);        /* this loader is one of several that share an epoch: it has places rank, rank + replicas, ..
                                                          of it, and from its beginning again where they do not come out even */
    tp_sampler_fn *sampler TP__IS(nullptr);            /* an order of your own; without shuffle, replacement and weights */
    void *sampler_arg TP__IS(nullptr);
    TP__TAIL;
} tp_data_loader_options;
#define TP__DEFAULT_data_loader .batch_size = 1, .prefetch = 2, .seed = TP_NONE, .samples = TP_NONE, .replicas = 1,

#define TP__EACH_DATA_OPTIONS(X) X(mnist) X(cifar10) X(digits) X(shapes) X(window_dataset) X(data_loader)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Datasets: what makes one returns NULL on error ------------------------------------------------------------------------ */

/* Copies the class. `self` is the dataset's from then on: drop(self) is called also when this fails. TP_ERR_ARGUMENT: no size,
 * no count, neither get nor get_batch, or get_batch without fields. */
TP_API tp_dataset *tp_dataset_new(const tp_dataset_class *type, void *self);
TP_API tp_dataset *tp_dataset_retain(tp_dataset *set); /* one more user, for a dataset made of others; freed as often */
TP_API void tp_dataset_free(tp_dataset *set);          /* NULL is fine */
TP_API int64_t tp_dataset_count(tp_dataset *set);      /* 0 for NULL and on error */
/* One sample; its tensors belong to the scope. On error all are NULL. TP_ERR_INDEX: not 0 <= index < count. */
TP_API tp_status tp_dataset_get(tp_dataset *set, int64_t index, tp_sample *out);

/* Sample i is x[i], y[i], ..: tp_tensor_dataset(TP_TENSORS(x, y)). Holds the tensors, which are on the CPU and of equal first
 * dim; one that is not contiguous is copied. */
TP_API tp_dataset *tp_tensor_dataset(tp_tensor_list tensors);

/* Pieces of a long sequence [n, ..], of a text as int64 [n]: x: [length, ..], and y: the same one step later, what comes next. Sample i
 * begins at step i stride. Holds the sequence, as tp_tensor_dataset. TP_ERR_SHAPE: n <= length; TP_ERR_ARGUMENT: length or an option. */
TP_API tp_dataset *tp_window_dataset_with(tp_tensor *sequence, int64_t length, const tp_window_dataset_options *o);

/* The samples start .. start + count - 1, or those of `indices` (copied). TP_ERR_INDEX: not in the set. */
TP_API tp_dataset *tp_subset(tp_dataset *set, int64_t start, int64_t count);
TP_API tp_dataset *tp_subset_of(tp_dataset *set, const int64_t *indices, int64_t n);

/* The samples of all sets, one set after the other; or side by side: sample i has the fields of each set's sample i, which has as many samples as the
 * others. All stay the caller's to free. TP_ERR_ARGUMENT: no set, sizes that differ. */
TP_API tp_dataset *tp_concat_dataset(tp_dataset *const *sets, int64_t n);
TP_API tp_dataset *tp_stack_dataset(tp_dataset *const *sets, int64_t n);
/* Parts of these sizes, which add up to the set's, drawn without replacement: the same of the same seed. Each of parts[0 .. n - 1] is the caller's to
 * free; on error all are NULL. TP_ERR_ARGUMENT */
TP_API tp_status tp_random_split(tp_dataset *set, const int64_t *sizes, int64_t n, int64_t seed, tp_dataset **parts);

/* An IDX file, plain or gzipped (told by its content), as a tensor of its dtype and shape; belongs to the scope. Nothing is
 * allocated that the file cannot hold. TP_ERR_IO: not to be opened or read; TP_ERR_FORMAT: not IDX, cut short, or too long. */
TP_API tp_tensor *tp_idx_read(const char *path);
/* Images (uint8 [n, h, w]) and labels (uint8 [n]) from two IDX files. x: float32 [1, h, w] in 0..1, y: int64 []. */
TP_API tp_dataset *tp_idx_dataset(const char *images_path, const char *labels_path);
/* MNIST, and what is stored like it, from the usual four file names in `dir`, with or without .gz. */
TP_API tp_dataset *tp_mnist_with(const char *dir, const tp_mnist_options *o);
/* CIFAR-10, and what is stored like it, from its binary files in `dir` or dir/cifar-10-batches-bin. x: float32 [3, 32, 32] in 0..1,
 * y: int64 []. Of the five train files the last ones may be missing. TP_ERR_IO: no such file, or one that cannot be read;
 * TP_ERR_FORMAT: a file that is empty, is no whole number of records, or has a label over 9. */
TP_API tp_dataset *tp_cifar10_with(const char *dir, const tp_cifar10_options *o);
/* n handwritten-looking digits, drawn from strokes: x: float32 [1, 28, 28] in 0..1, y: int64 []. The same on every machine. */
TP_API tp_dataset *tp_digits_with(int64_t n, const tp_digits_options *o);
/* n colour images of one of ten shapes each, of any size, place, angle and colours, on a ground that has a pattern: a disc, ring, half
 * disc, triangle, square, frame, star, cross, arrow, crescent. x: float32 [3, 32, 32] in 0..1, y: int64 []. The same on every machine. */
TP_API tp_dataset *tp_shapes_with(int64_t n, const tp_shapes_options *o);

/* ---- The loader --------------------------------------------------------------------------------------------------------------- */

/* Batches of a dataset, in an order fixed by the seed whatever the number of workers. Workers start with the first batch.
 * Used by one thread at a time. NULL: TP_ERR_ARGUMENT (an option out of its range, no dataset), TP_ERR_DEVICE (there is no such device), TP_ERR_MEMORY. */
TP_API tp_loader *tp_data_loader_with(tp_dataset *set, const tp_data_loader_options *o);
TP_API void tp_loader_free(tp_loader *loader);         /* stops the workers, whatever they do; NULL is fine */
/* The next batch. False, and *batch is empty: at the end of the epoch, and the call after that begins the next one; on an
 * error; and while an error is unread, which changes nothing. What failed in a worker is reported at its batch; the call after
 * that goes on behind it. */
TP_API bool tp_loader_next(tp_loader *loader, tp_batch *batch);
/* Leaves the epoch: tp_loader_next begins the next one. Nothing between two epochs. */
TP_API void tp_loader_reset(tp_loader *loader);
TP_API int64_t tp_loader_batches(tp_loader *loader);   /* in an epoch */
TP_API int64_t tp_loader_epoch(tp_loader *loader);     /* the one that runs, else the one to come; from 0 */
/* Where the loader stands, and going there: tp_loader_next then gives what it would have given. So a run that was stopped goes on with the
 * batches that it had not seen, in the same order, in another process too, given the same dataset and options; the number of workers may
 * differ. Leaves the epoch that runs. TP_ERR_ARGUMENT: an epoch below 0, or a batch that an epoch does not have. */
TP_API tp_loader_place tp_loader_tell(tp_loader *loader);         /* zeros for NULL */
TP_API tp_status tp_loader_seek(tp_loader *loader, tp_loader_place place);
/* Shows a one-element tensor in the progress bar under a name. The value is read when the bar is drawn, later. Refused while
 * an error is unread. */
TP_API tp_status tp_loader_log(tp_loader *loader, const char *name, tp_tensor *value);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_mnist(...) tp__mnist(__VA_ARGS__, )
#define tp__mnist(dir, ...) TP__DEFAULTS(tp_mnist_with(dir, TP__OPTIONS(mnist, __VA_ARGS__)))
#define tp_digits(...) tp__digits(__VA_ARGS__, )
#define tp__digits(n, ...) TP__DEFAULTS(tp_digits_with(n, TP__OPTIONS(digits, __VA_ARGS__)))
#define tp_window_dataset(...) tp__window_dataset(__VA_ARGS__, )
#define tp__window_dataset(x, length, ...) TP__DEFAULTS(tp_window_dataset_with(x, length, TP__OPTIONS(window_dataset, __VA_ARGS__)))
#define tp_cifar10(...) tp__cifar10(__VA_ARGS__, )
#define tp__cifar10(dir, ...) TP__DEFAULTS(tp_cifar10_with(dir, TP__OPTIONS(cifar10, __VA_ARGS__)))
#define tp_shapes(...) tp__shapes(__VA_ARGS__, )
#define tp__shapes(n, ...) TP__DEFAULTS(tp_shapes_with(n, TP__OPTIONS(shapes, __VA_ARGS__)))
#define tp_data_loader(...) tp__data_loader(__VA_ARGS__, )
#define tp__data_loader(set, ...) TP__DEFAULTS(tp_data_loader_with(set, TP__OPTIONS(data_loader, __VA_ARGS__)))
#else
inline tp_dataset *tp_mnist(const char *dir, const tp_mnist_options &o = {}) { return tp_mnist_with(dir, &o); }
inline tp_dataset *tp_digits(int64_t n, const tp_digits_options &o = {}) { return tp_digits_with(n, &o); }
inline tp_dataset *tp_window_dataset(tp_tensor *sequence, int64_t length, const tp_window_dataset_options &o = {})
{ return tp_window_dataset_with(sequence, length, &o); }
inline tp_dataset *tp_cifar10(const char *dir, const tp_cifar10_options &o = {}) { return tp_cifar10_with(dir, &o); }
inline tp_dataset *tp_shapes(int64_t n, const tp_shapes_options &o = {}) { return tp_shapes_with(n, &o); }
inline tp_loader *tp_data_loader(tp_dataset *set, const tp_data_loader_options &o = {}) { return tp_data_loader_with(set, &o); }
#endif

#endif
