/* dlpack.h: memory shared with other libraries, by the DLPack protocol (https://dmlc.github.io/dlpack).
 *
 * The structs are those of its ABI, in words of our own, so that a program may include the protocol's header, too: a pointer to
 * a tp_dlpack is one to a DLManagedTensor, a tp_dlpack_versioned one to a DLManagedTensorVersioned. In Python the pointer
 * travels in a capsule named "dltensor" or "dltensor_versioned", which is renamed "used_dltensor.." by who takes it over.
 *
 * Memory of a CUDA device is handed over when the device is done with what it was asked before, by anybody, and so it is given back: each
 * of these waits for it. What both sides ask of the device in between is for the program to order (tp_synchronize). */
#ifndef TAPER_DLPACK_H
#define TAPER_DLPACK_H

#include <taper/core.h>

enum { TP_DL_CPU = 1, TP_DL_CUDA = 2, TP_DL_CUDA_HOST = 3 };               /* device.type */
enum { TP_DL_INT = 0, TP_DL_UINT, TP_DL_FLOAT, TP_DL_OPAQUE, TP_DL_BFLOAT, TP_DL_COMPLEX, TP_DL_BOOL };          /* dtype.code */
#define TP_DL_READ_ONLY 1u                             /* flags: nobody may write to it */
#define TP_DL_COPIED    2u                             /* the memory was made for this tensor */

typedef struct tp_dl_tensor {
    void *data;
    struct { int32_t type, id; } device;
    int32_t ndim;
    struct { uint8_t code, bits; uint16_t lanes; } dtype;
    int64_t *shape, *strides;                          /* strides in elements; NULL: row-major */
    uint64_t byte_offset;
} tp_dl_tensor;

typedef struct tp_dlpack {
    tp_dl_tensor tensor;
    void *context;
    void (*deleter)(struct tp_dlpack *self);           /* gives the memory and this struct back; may be NULL */
} tp_dlpack;

typedef struct tp_dlpack_versioned {
    struct { uint32_t major, minor; } version;         /* 1.x */
    void *context;
    void (*deleter)(struct tp_dlpack_versioned *self);
    uint64_t flags;
    tp_dl_tensor tensor;
} tp_dlpack_versioned;

#ifdef __cplusplus
extern "C" {
#endif

/* x's memory for another library, with x's strides; it lives until the deleter is called, by any thread, which is for who takes
 * it over. What is written through it counts as no write here. NULL: TP_ERR_ARGUMENT (x needs a gradient: give tp_detach(x)),
 * TP_ERR_MEMORY. */
TP_API tp_dlpack *tp_to_dlpack(tp_tensor *x);
TP_API tp_dlpack_versioned *tp_to_dlpack_versioned(tp_tensor *x);
/* A tensor of the scope over another library's memory, on the CPU or a CUDA device; the deleter is called with its
 * last user. What is read-only is copied instead, and given back at once. On error the memory stays the caller's and the deleter
 * is not called: TP_ERR_ARGUMENT (NULL, not aligned, negative strides, a version other than 1), TP_ERR_DTYPE, TP_ERR_SHAPE,
 * TP_ERR_DEVICE, TP_ERR_MEMORY. */
TP_API tp_tensor *tp_from_dlpack(tp_dlpack *from);
TP_API tp_tensor *tp_from_dlpack_versioned(tp_dlpack_versioned *from);

#ifdef __cplusplus
}
#endif

#endif
