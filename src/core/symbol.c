/* symbol.c: return addresses become places. File and line come from the program's debug information by libdw, where Taper
 * is built with it; without, the name of the function or the program has to do. Done only when an error is recorded. */
#define _GNU_SOURCE
#include "core/symbol.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#ifdef TP_HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <unistd.h>

/* Taper's own headers: in C++ they have the overloads by which ops are called. */
static bool is_header(const char *file) { return strstr(file, "include/taper/") != NULL; }

/* The place at which what stands at the address was inlined, outside of the headers; NULL: there is none. */
static const char *inlined_at(Dwarf_Die *unit, Dwarf_Addr address, int *number)
{
    Dwarf_Die *scopes = NULL;
    Dwarf_Files *files;
    const char *found = NULL;
    const int n = dwarf_getsrcfiles(unit, &files, NULL) ? 0 : dwarf_getscopes(unit, address, &scopes);
    for (int i = 0; i < n && !found; i++) {
        Dwarf_Attribute of_file, of_line;
        Dwarf_Word file, line;
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) continue;
        if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_file, &of_file), &file)) continue;
        if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_line, &of_line), &line)) continue;
        const char *name = dwarf_filesrc(files, (size_t)file, NULL, NULL);
        if (!name || is_header(name)) continue;
        found = name;
        *number = (int)line;
    }
    free(scopes);
    return found;
}

/* *header: the place is in one of Taper's headers. */
static bool by_debug_information(uintptr_t address, char *out, size_t size, bool *header)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = dwfl_standard_find_debuginfo };
    bool found = false;
    pthread_mutex_lock(&lock);
    Dwfl *dwfl = dwfl_begin(&callbacks);
    if (dwfl && !dwfl_linux_proc_report(dwfl, getpid()) && !dwfl_report_end(dwfl, NULL, NULL)) {
        Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
        Dwarf_Addr bias;
        Dwarf_Die *unit = NULL;                        /* clang writes no index of addresses: ask each compilation unit */
        while (module && !found && (unit = dwfl_module_nextcu(module, unit, &bias))) {
            if (dwarf_haspc(unit, address - bias) <= 0) continue;
            Dwarf_Line *line = dwarf_getsrc_die(unit, address - bias);
            const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
            int number;
            if (!file || dwarf_lineno(line, &number)) break;
            const char *outside = is_header(file) ? inlined_at(unit, address - bias, &number) : file;
            *header = !outside;
            if (outside) file = outside;
            const char *slash = strrchr(file, '/');
            snprintf(out, size, "%s:%d", slash ? slash + 1 : file, number);
            found = true;
        }
    }
    if (dwfl) dwfl_end(dwfl);
    pthread_mutex_unlock(&lock);
    return found;
}
#else
static bool by_debug_information(uintptr_t address, char *out, size_t size, bool *header)
{
    (void)address, (void)out, (void)size, (void)header;
    return false;
}
#endif

static void *_Atomic backend;                          /* where it is loaded; NULL: it is not */

void tp__symbol_inside(const void *address)
{
    Dl_info at;
    if (dladdr(address, &at)) atomic_store(&backend, at.dli_fbase);
}

const void *tp__outside_caller(void)
{
    void *frames[48];
    Dl_info ours, at;
    void *here = (void *)(uintptr_t)&tp__outside_caller;
    if (!dladdr(here, &ours) || !dladdr((void *)getauxval(AT_ENTRY), &at) || at.dli_fbase == ours.dli_fbase) return NULL;
    const void *const theirs = atomic_load(&backend);
    const int n = backtrace(frames, 48);
    bool inside = false;                               /* the first frame may be the address sanitizer's, which takes backtrace's place */
    for (int i = 0; i < n; i++) {
        if (!dladdr(frames[i], &at)) continue;
        if (at.dli_fbase == ours.dli_fbase || at.dli_fbase == theirs) inside = true;
        else if (inside) return frames[i];
    }
    return NULL;
}

/* The address is in a function of a header that was not inlined: the place that called it, if it is found. */
static void step_out(const void *address, char *out, size_t size)
{
    void *frames[48];
    const int n = backtrace(frames, 48);
    int i = 0;
    while (i < n && frames[i] != address) i++;
    for (bool header = true; header && ++i < n;)
        if (!by_debug_information((uintptr_t)frames[i] - 1, out, size, &header)) return;
}

bool tp__symbolize(const void *address, char *out, size_t size)
{
    const uintptr_t at = (uintptr_t)address - 1;       /* inside of the call, not after it */
    bool header = false;
    if (by_debug_information(at, out, size, &header)) {
        if (header) step_out(address, out, size);
        return true;
    }
    Dl_info info;
    if (!dladdr((const void *)at, &info) || !info.dli_fname) return false;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *program = slash ? slash + 1 : info.dli_fname;
    if (info.dli_sname) snprintf(out, size, "%s+0x%zx in %s", info.dli_sname, (size_t)(at - (uintptr_t)info.dli_saddr), program);
    else snprintf(out, size, "%s+0x%zx", program, (size_t)(at - (uintptr_t)info.dli_fbase));
    return true;
}
