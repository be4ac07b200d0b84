/* cifar.c: CIFAR-10's binary files: records of one label and 32 x 32 reds, then as many greens and blues. A file has no header, so
 * what can be told of a broken one is that its size is no whole number of records, or that a label is none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "dataset.h"

enum { CLASSES = 10, CHANNELS = 3, SIDE = 32, PIXELS = CHANNELS * SIDE * SIDE, RECORD = 1 + PIXELS, TRAIN_FILES = 5, PATH_SIZE = 4096 };

/* Of dir/name, or of dir/cifar-10-batches-bin/name, as the archive unpacks. False without an error: there is none. */
static bool find(const char *dir, const char *name, char *path)
{
    static const char *const forms[] = { "%s/%s", "%s/cifar-10-batches-bin/%s" };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct stat info;
        const int length = snprintf(path, PATH_SIZE, forms[i], dir, name);
        if (length < 0 || length >= PATH_SIZE) {
            tp_fail(TP_ERR_ARGUMENT, "cifar10: the name of the folder has %zu bytes, which is too long", strlen(dir));
            return false;
        }
        if (stat(path, &info) == 0)
            return true;
    }
    return false;
}

static FILE *open_records(const char *path, int64_t *records)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &info) != 0)
        tp_fail(TP_ERR_IO, "cifar10: %s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        tp_fail(TP_ERR_IO, "cifar10: %s is not a regular file", path);
    else if (info.st_size == 0 || info.st_size % RECORD)
        tp_fail(TP_ERR_FORMAT, "cifar10: %s has %lld bytes, which are not records of %d: %s", path, (long long)info.st_size, RECORD,
                info.st_size ? "it is cut short, or something else" : "it is empty");
    else {
        *records = info.st_size / RECORD;
        return file;
    }
    if (file)
        fclose(file);
    return NULL;
}

static tp_status read_records(FILE *file, const char *path, int64_t records, uint8_t *pixels, uint8_t *labels)
{
    for (int64_t i = 0; i < records; i++) {
        if (fread(&labels[i], 1, 1, file) != 1 || fread(pixels + i * PIXELS, 1, PIXELS, file) != PIXELS)
            return ferror(file) ? tp_fail(TP_ERR_IO, "cifar10: %s: %s", path, strerror(errno))
                                : tp_fail(TP_ERR_FORMAT, "cifar10: %s ends within record %lld of %lld", path, (long long)i, (long long)records);
        if (labels[i] >= CLASSES)
            return tp_fail(TP_ERR_FORMAT, "cifar10: record %lld of %s has label %d, not 0 to %d", (long long)i, path, labels[i], CLASSES - 1);
    }
    return TP_OK;
}

static tp_status read_file(const char *path, tp_tensor **images, tp_tensor **labels)
{
    int64_t records = 0;
    FILE *file = open_records(path, &records);
    if (!file)
        return tp_error_status();
    *images = tp_empty(TP_SHAPE(records, CHANNELS, SIDE, SIDE), .dtype = TP_U8);
    *labels = tp_empty(TP_SHAPE(records), .dtype = TP_U8);
    uint8_t *pixels = tp_data_mut(*images), *label = tp_data_mut(*labels);
    if (!tp_failed())
        read_records(file, path, records, pixels, label);
    fclose(file);
    return tp_error_status();
}

/* The train files count up from 1, and a smaller set has fewer of them; one that is missing before another is a mistake. */
static int64_t find_train_files(const char *dir, char (*paths)[PATH_SIZE])
{
    char name[32];
    int64_t n = 0;
    for (int i = 1; i <= TRAIN_FILES && !tp_failed(); i++) {
        snprintf(name, sizeof name, "data_batch_%d.bin", i);
        if (!find(dir, name, paths[n]))
            continue;
        if (++n < i)
            tp_fail(TP_ERR_IO, "cifar10: there is %s, but no data_batch_%lld.bin", paths[n - 1], (long long)n);
    }
    if (!n && !tp_failed())
        tp_fail(TP_ERR_IO, "cifar10: no data_batch_1.bin in %s", dir);
    return tp_failed() ? 0 : n;
}

tp_dataset *tp_cifar10_with(const char *dir, const tp_cifar10_options *o)
{
    static const double mean[] = { 0.4914, 0.4822, 0.4465 }, deviation[] = { 0.2470, 0.2435, 0.2616 };     /* of the train images */
    tp_cifar10_options opt = TP__BRACES(cifar10, );
    char paths[TRAIN_FILES][PATH_SIZE];
    if (tp_failed() || tp_options_take("cifar10", &opt, o, opt.size) != TP_OK)
        return NULL;
    if (!dir) {
        tp_fail(TP_ERR_ARGUMENT, "cifar10: the folder is NULL");
        return NULL;
    }
    int64_t n = 1;
    if (opt.train)
        n = find_train_files(dir, paths);
    else if (!find(dir, "test_batch.bin", paths[0]) && !tp_failed())
        tp_fail(TP_ERR_IO, "cifar10: no test_batch.bin in %s", dir);
    TP_SCOPE();
    tp_tensor *images[TRAIN_FILES], *labels[TRAIN_FILES];
    for (int64_t i = 0; i < n && !tp_failed(); i++)
        read_file(paths[i], &images[i], &labels[i]);
    if (tp_failed())
        return NULL;
    return tp__image_dataset(tp_cat((tp_tensor_list){ .at = images, .n = n }, 0), tp_cat((tp_tensor_list){ .at = labels, .n = n }, 0),
                             opt.normalize ? mean : NULL, opt.normalize ? deviation : NULL);
}
