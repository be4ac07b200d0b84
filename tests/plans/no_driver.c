/* no_driver.c: a libcuda.so.1 that has no device, for what wants to load one: cuDNN plans for devices that it is told about, and asks the
 * driver for nothing that matters. The Makefile adds all other functions of the toolkit's libcuda.so, each of which returns 0. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NO_DEVICE = 100, NOT_FOUND = 500 };

int cuInit(unsigned flags) { return (void)flags, NO_DEVICE; }
int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuGetExportTable(const void **table, const void *id) { return (void)id, *table = NULL, NOT_FOUND; }

/* Code that was compiled for a device is loaded so as to see that it is all there. */
static int handle;
#define GIVES(name, ...) int name(void **to, __VA_ARGS__) { return *to = &handle, 0; }
GIVES(cuLibraryLoadData, const void *code)
GIVES(cuLibraryGetKernel, void *library, const char *name)
GIVES(cuLibraryGetModule, void *library)
GIVES(cuKernelGetFunction, void *kernel)
GIVES(cuModuleLoadData, const void *code)
GIVES(cuModuleLoadDataEx, const void *code)
GIVES(cuModuleLoadFatBinary, const void *code)
GIVES(cuModuleGetFunction, void *module, const char *name)

int cuGetErrorName(int error, const char **text) { return (void)error, *text = "CUDA_ERROR_NO_DEVICE", 0; }
int cuGetErrorString(int error, const char **text) { return (void)error, *text = "there is no device", 0; }
int cuGetProcAddress_v2(const char *name, void **found, int version, uint64_t flags, int *status)
{
    char newer[256];
    void *self = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
    (void)version, (void)flags;
    snprintf(newer, sizeof newer, "%s_v2", name);
    *found = !self || !strcmp(name, "cuInit") ? NULL : dlsym(self, newer);
    if (self && !*found) *found = dlsym(self, name);
    if (status) *status = !*found;
    return *found ? 0 : NOT_FOUND;
}
