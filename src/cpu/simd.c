/* simd.c: finding the vector instructions of this machine, at load. */
#include "cpu/simd.h"

#include <stdlib.h>
#include <string.h>

_Atomic int tp__simd_found;

static int machine_level(void)
{
#if TP__HAS_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TP__SIMD_BASE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return TP__SIMD_AVX512;
    return TP__SIMD_AVX2;
#else
    return TP__SIMD_BASE;
#endif
}

int tp__simd_limit(int level)
{
    const int machine = machine_level();
    const int found = level < machine ? level : machine;
    atomic_store_explicit(&tp__simd_found, found, memory_order_relaxed);
    return found;
}

__attribute__((constructor)) static void find_level(void)
{
    const char *asked = getenv("TAPER_SIMD");
    int level = TP__SIMD_AVX512;
    if (asked && !strcmp(asked, "avx2")) level = TP__SIMD_AVX2;
    if (asked && !strcmp(asked, "base")) level = TP__SIMD_BASE;
    tp__simd_limit(level);
}
