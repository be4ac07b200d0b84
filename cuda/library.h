/* library.h: functions of a library of the toolkit, looked up when the first is wanted. On the simulated device cuda/host/ has them. */
#ifndef TPC_LIBRARY_H
#define TPC_LIBRARY_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TPC_TEXT(x)  TPC_TEXT_(x)
#define TPC_TEXT_(x) #x

/* Does this environment variable, as 0, leave the library out? */
static inline bool tpc_left_out(const char *variable)
{
    const char *text = getenv(variable);
    return text && !strcmp(text, "0");
}

/* TPC_TAKE(library, to, function): is it there? Then `to` is it. */
#ifdef TP_CUDA_HOST
static inline void *tpc_library(const char *name) { return (void *)(uintptr_t)name; }
#define TPC_TAKE(library, to, function) ((void)(library), (to) = (function), true)
#else
static inline void *tpc_library(const char *name) { return dlopen(name, RTLD_NOW | RTLD_LOCAL); }
static inline bool tpc_take(void *library, const char *name, void *to)
{
    void *const found = dlsym(library, name);
    memcpy(to, &found, sizeof found);
    return found;
}
#define TPC_TAKE(library, to, function) tpc_take(library, #function, &(to))
#endif

#endif
