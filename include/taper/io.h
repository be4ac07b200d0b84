/* io.h: tensors in files.
 *
 * safetensors: 8 bytes of little-endian header length, a JSON header {"name": {"dtype", "shape", "data_offsets"}, ..}, then the
 * elements. What PyTorch's safetensors writes is read here and the other way round. A file is checked in full before anything
 * of it is used, so a broken or hostile one is a TP_ERR_FORMAT that says what is wrong, never a crash. */
#ifndef TAPER_IO_H
#define TAPER_IO_H

#include <taper/core.h>

typedef struct tp_metadata { const char *key, *value; } tp_metadata;

typedef struct tp_safetensors tp_safetensors;          /* an open file; tp_free_all closes it, too */

#ifdef __cplusplus
extern "C" {
#endif

/* Writes entries[0 .. n - 1], tensors of any strides and device, and metadata[0 .. n_metadata - 1] (NULL for none). Names and
 * metadata are UTF-8; names are distinct. The file appears at `path` whole or not at all: it is written beside it, flushed to
 * the disk and renamed, so after a failure or a crash the old file is as it was. Refused, with its code, while an error is
 * unread. TP_ERR_ARGUMENT: NULL, a name twice or not UTF-8; TP_ERR_DTYPE: complex128, which the format lacks; TP_ERR_IO. */
TP_API tp_status tp_safetensors_save(const char *path, const tp_named_tensor *entries, int64_t n,
                                     const tp_metadata *metadata, int64_t n_metadata);

/* Opens a file and checks all of its header. The caller closes it. NULL: TP_ERR_IO, TP_ERR_FORMAT, TP_ERR_MEMORY. The file must
 * not be truncated while it, or a tensor of it, is in use; a file that is replaced by rename is fine. */
TP_API tp_safetensors *tp_safetensors_open(const char *path);
TP_API void tp_safetensors_close(tp_safetensors *file);          /* NULL is fine. Tensors of the file stay valid */

/* Entries are in the order of the header, 0 <= i < count; names are borrowed from the file. A NULL file has no entries. */
TP_API int64_t tp_safetensors_count(const tp_safetensors *file);
TP_API const char *tp_safetensors_name(const tp_safetensors *file, int64_t i);     /* NULL: out of range */
TP_API int64_t tp_safetensors_find(const tp_safetensors *file, const char *name);  /* -1: no such entry. No error */
TP_API tp_dtype tp_safetensors_dtype(const tp_safetensors *file, int64_t i);       /* 0: one that Taper lacks (U16, F8_E4M3, ..) */
TP_API tp_shape tp_safetensors_shape(const tp_safetensors *file, int64_t i);

/* The elements, on the CPU, without a copy: the tensor is a private view of the file. Writing to it in place never reaches the
 * file, but is seen by other tensors made of the same entry of this handle. (An entry that is not aligned to its element size
 * is copied.) The result belongs to the scope and may outlive the handle. TP_ERR_INDEX: i is out of range; TP_ERR_DTYPE. */
TP_API tp_tensor *tp_safetensors_tensor(tp_safetensors *file, int64_t i);
TP_API tp_tensor *tp_safetensors_get(tp_safetensors *file, const char *name);      /* TP_ERR_ARGUMENT: no such entry */

/* The header's __metadata__, strings by key, borrowed from the file. */
TP_API const char *tp_safetensors_metadata(const tp_safetensors *file, const char *key);     /* NULL: not there. No error */
TP_API int64_t tp_safetensors_metadata_count(const tp_safetensors *file);
TP_API tp_metadata tp_safetensors_metadata_at(const tp_safetensors *file, int64_t i);        /* NULLs: out of range */

#ifdef __cplusplus
}
#endif

#endif
