/* io.h: tensors in files, and shared with other libraries' memory (DLPack: dlpack.h).
 *
 * tp_file_open reads every format of tensors that Taper knows, by what is in the file: safetensors, an index of safetensors in
 * several files, PyTorch's .pt, NumPy's .npy and .npz. A module and an optimizer load from any of them.
 *
 * safetensors: 8 bytes of little-endian header length, a JSON header {"name": {"dtype", "shape", "data_offsets"}, ..}, then the
 * elements. What PyTorch's safetensors writes is read here and the other way round. A file is checked in full before anything
 * of it is used, so a broken or hostile one is a TP_ERR_FORMAT that says what is wrong, never a crash. */
#ifndef TAPER_IO_H
#define TAPER_IO_H

#include <taper/core.h>

typedef struct tp_metadata { const char *key, *value; } tp_metadata;

typedef struct tp_file tp_file;                        /* an open file of any format; tp_free_all closes it, too */
typedef struct tp_safetensors tp_safetensors;          /* the same of safetensors alone */

/* What a file holds besides tensors and numbers: its name in the file and what it is, "str", "None", "collections.Counter" */
typedef struct tp_skipped { const char *name, *what; } tp_skipped;

typedef struct tp_file_open_options {
    TP__HEAD(tp_file_open_options);
    const char *prefix TP__IS(nullptr);                /* "model.": only the entries whose names begin so, and without it */
    TP__TAIL;
} tp_file_open_options;
#define TP__DEFAULT_file_open

typedef struct tp_npz_save_options {
    TP__HEAD(tp_npz_save_options);
    bool compress TP__IS(false);                       /* deflated, as by numpy.savez_compressed */
    TP__TAIL;
} tp_npz_save_options;
#define TP__DEFAULT_npz_save

#define TP__EACH_IO_OPTIONS(X) X(file_open) X(npz_save)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Files of any format ---------------------------------------------------------------------------------------------- */

/* Opens a file, of whichever format its content is, and checks what says where its tensors are; they are read when asked for.
 *   safetensors   as below, without copies
 *   an index      JSON {"metadata", "weight_map": {"name": "file"}}: the entries of several safetensors, which lie in the folder
 *                 of the index or below; each is opened when something of it is asked for. A name that begins with a / or
 *                 goes through .. is refused
 *   .pt, .pth     what torch.save writes (zip; not what it wrote before 1.6). Nothing in it is run: tensors, numbers, dicts,
 *                 lists and tuples are read, and whatever else is there is skipped. Names are paths through dicts and lists,
 *                 joined by dots: "state.0.exp_avg". A number is a 0-dim int64, float64 or bool, and a list of nothing but
 *                 numbers one dim of them. Tensors that shared memory when they were saved share it here
 *   .npz          an entry for each array, named as in numpy.load; stored or deflated
 *   .npy          one entry, ""; without a copy if it is aligned and of this machine's byte order
 * The caller closes it. NULL: TP_ERR_IO (no such file, or it cannot be read), TP_ERR_FORMAT (of none of these formats, broken or
 * hostile; the message says what is wrong and where), TP_ERR_UNSUPPORTED (zip files, where libzip is not installed), TP_ERR_MEMORY.
 * One thread uses a handle at a time. The file must not be truncated while it is open, or a tensor of it is in use; one that is replaced by rename is fine. */
TP_API tp_file *tp_file_open_with(const char *path, const tp_file_open_options *o);
TP_API void tp_file_close(tp_file *file);              /* NULL is fine. Tensors of the file stay valid */
TP_API const char *tp_file_format(const tp_file *file);          /* "safetensors", "index", "pt", "npz", "npy" */

/* Entries are in the order of the file, 0 <= i < count; texts are borrowed from the file. A NULL file has no entries. An index
 * may have to open a file for dtype and shape: 0 and an error where that fails. */
TP_API int64_t tp_file_count(const tp_file *file);
TP_API const char *tp_file_name(const tp_file *file, int64_t i);           /* NULL: out of range */
TP_API int64_t tp_file_find(const tp_file *file, const char *name);        /* -1: no such entry. No error */
TP_API tp_dtype tp_file_dtype(tp_file *file, int64_t i);                   /* 0: one that Taper lacks */
TP_API tp_shape tp_file_shape(tp_file *file, int64_t i);
/* The values, on the CPU, in the scope. They may outlive the handle, and writing to them never reaches the file, but may be
 * seen by other tensors made by this handle. TP_ERR_INDEX: i is out of range; TP_ERR_DTYPE; TP_ERR_FORMAT; TP_ERR_MEMORY. */
TP_API tp_tensor *tp_file_tensor(tp_file *file, int64_t i);
TP_API tp_tensor *tp_file_get(tp_file *file, const char *name);            /* TP_ERR_ARGUMENT: no such entry */
/* Of safetensors, and of an index its texts and whole numbers. */
TP_API const char *tp_file_metadata(const tp_file *file, const char *key); /* NULL: not there. No error */
TP_API int64_t tp_file_metadata_count(const tp_file *file);
TP_API tp_metadata tp_file_metadata_at(const tp_file *file, int64_t i);    /* NULLs: out of range */
/* What was left out, where the format can say: of a .pt what is neither tensor nor number, of a .npz what is no array. */
TP_API int64_t tp_file_skipped_count(const tp_file *file);
TP_API tp_skipped tp_file_skipped_at(const tp_file *file, int64_t i);      /* NULLs: out of range */

/* ---- safetensors --------------------------------------------------------------------------------------------------------- */

/* Writes entries[0 .. n - 1], tensors of any strides and device, and metadata[0 .. n_metadata - 1] (NULL for none). Names and
 * metadata are UTF-8; names are distinct. The file appears at `path` whole or not at all: it is written beside it, flushed to
 * the disk and renamed, so after a failure or a crash the old file is as it was. Refused, with its code, while an error is
 * unread. TP_ERR_ARGUMENT: NULL, a name twice or not UTF-8; TP_ERR_DTYPE: complex128, which the format lacks; TP_ERR_IO. */
TP_API tp_status tp_safetensors_save(const char *path, const tp_named_tensor *entries, int64_t n,
                                     const tp_metadata *metadata, int64_t n_metadata);

/* The same in several files of about `most` bytes of data each (one tensor is never cut) beside `path`, the index, which is
 * NAME.safetensors.index.json; they are NAME-00001-of-00003.safetensors, .., with another number after NAME where files of these
 * names are there. The index is written last, whole or not at all, so that a crash leaves the old index with its old files;
 * only then are the files removed that the old index named, as far as they are named like these. TP_ERR_ARGUMENT: `most` < 1, or
 * a path that does not end so, too. */
TP_API tp_status tp_safetensors_save_sharded(const char *path, const tp_named_tensor *entries, int64_t n,
                                             const tp_metadata *metadata, int64_t n_metadata, int64_t most);

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

/* ---- NumPy's files -------------------------------------------------------------------------------------------------------- */

/* Write as numpy.save, numpy.savez and numpy.savez_compressed do, in C order, whole or not at all. What NumPy lacks is written
 * as its extensions do: bfloat16 as two bytes without a meaning, "<V2" (read them in Python by .view(ml_dtypes.bfloat16)).
 * Names of an archive get ".npy" behind them; they are UTF-8 and distinct. Refused, with its code, while an error is unread.
 * TP_ERR_ARGUMENT: NULL, a name twice or not UTF-8; TP_ERR_IO; TP_ERR_UNSUPPORTED: libzip is not installed; TP_ERR_MEMORY. */
TP_API tp_status tp_npy_save(const char *path, tp_tensor *x);
TP_API tp_status tp_npz_save_with(const char *path, const tp_named_tensor *entries, int64_t n, const tp_npz_save_options *o);
/* The array of a .npy file; in the scope, and as tp_file_tensor gives it. Fortran order becomes strides. */
TP_API tp_tensor *tp_npy_load(const char *path);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_file_open(...) tp__file_open(__VA_ARGS__, )
#define tp__file_open(path, ...) TP__DEFAULTS(tp_file_open_with(path, TP__OPTIONS(file_open, __VA_ARGS__)))
#define tp_npz_save(...) tp__npz_save(__VA_ARGS__, )
#define tp__npz_save(path, entries, n, ...) TP__DEFAULTS(tp_npz_save_with(path, entries, n, TP__OPTIONS(npz_save, __VA_ARGS__)))
#else
inline tp_file *tp_file_open(const char *path, const tp_file_open_options &o = {}) { return tp_file_open_with(path, &o); }
inline tp_status tp_npz_save(const char *path, const tp_named_tensor *entries, int64_t n, const tp_npz_save_options &o = {})
{ return tp_npz_save_with(path, entries, n, &o); }
#endif

#endif
