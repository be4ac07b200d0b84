/* mnist.c: images and labels from pairs of IDX files, and the names that MNIST's go by. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "dataset.h"

static tp_dataset *read_pair(const char *images_path, const char *labels_path, const double *mean, const double *deviation)
{
    TP_SCOPE();
    tp_tensor *images = tp_idx_read(images_path);
    tp_tensor *labels = images ? tp_idx_read(labels_path) : NULL;
    if (!labels)
        return NULL;
    if (tp_dtype_of(images) != TP_U8 || tp_ndim(images) != 3) {
        tp_fail(TP_ERR_FORMAT, "idx_dataset: %s holds %d dims of %s; images are 3 of uint8", images_path, tp_ndim(images),
                tp_dtype_name(tp_dtype_of(images)));
        return NULL;
    }
    if (tp_dtype_of(labels) != TP_U8 || tp_ndim(labels) != 1) {
        tp_fail(TP_ERR_FORMAT, "idx_dataset: %s holds %d dims of %s; labels are 1 of uint8", labels_path, tp_ndim(labels),
                tp_dtype_name(tp_dtype_of(labels)));
        return NULL;
    }
    if (tp_size(images, 0) != tp_size(labels, 0)) {
        tp_fail(TP_ERR_FORMAT, "idx_dataset: %s has %lld images, %s has %lld labels", images_path, (long long)tp_size(images, 0),
                labels_path, (long long)tp_size(labels, 0));
        return NULL;
    }
    return tp__image_dataset(images, labels, mean, deviation);
}

tp_dataset *tp_idx_dataset(const char *images_path, const char *labels_path)
{
    return tp_failed() ? NULL : read_pair(images_path, labels_path, NULL, NULL);
}

/* Writes the first path that is there, of dir/{train,t10k}-{images,labels}{-,.}idx{3,1}-ubyte{,.gz}, to path. */
static bool find(const char *dir, const char *part, const char *what, char *path, size_t size)
{
    static const char *const forms[] = { "%s/%s-%s-idx%d-ubyte", "%s/%s-%s-idx%d-ubyte.gz", "%s/%s-%s.idx%d-ubyte", "%s/%s-%s.idx%d-ubyte.gz" };
    const int dims = strcmp(what, "images") == 0 ? 3 : 1;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct stat info;
        const int length = snprintf(path, size, forms[i], dir, part, what, dims);
        if (length < 0 || (size_t)length >= size) {
            tp_fail(TP_ERR_ARGUMENT, "mnist: the name of the folder has %zu bytes, which is too long", strlen(dir));
            return false;
        }
        if (stat(path, &info) == 0)
            return true;
    }
    tp_fail(TP_ERR_IO, "mnist: no %s-%s-idx%d-ubyte or .gz in %s", part, what, dims, dir);
    return false;
}

tp_dataset *tp_mnist_with(const char *dir, const tp_mnist_options *o)
{
    tp_mnist_options opt = TP__BRACES(mnist, );
    char images[4096], labels[4096];
    if (tp_failed() || tp_options_take("mnist", &opt, o, opt.size) != TP_OK)
        return NULL;
    if (!dir) {
        tp_fail(TP_ERR_ARGUMENT, "mnist: the folder is NULL");
        return NULL;
    }
    const char *part = opt.train ? "train" : "t10k";
    if (!find(dir, part, "images", images, sizeof images) || !find(dir, part, "labels", labels, sizeof labels))
        return NULL;
    return read_pair(images, labels, opt.normalize ? (const double[]){ 0.1307 } : NULL, opt.normalize ? (const double[]){ 0.3081 } : NULL);
}
