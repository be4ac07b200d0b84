/* options.h: how a call takes options, lists and numbers.
 *
 *   tp_sum(x, .dims = TP_DIMS(0), .keepdim = true)
 *
 * is a macro over the plain function tp_sum_with(x, const tp_sum_options *). The macro writes PyTorch's defaults first and
 * the caller's values after them, so every value can be said, zero and false included. NULL means all defaults. In C++ the
 * same names are inline functions that take the options struct, whose members begin as the defaults. */
#ifndef TAPER_OPTIONS_H
#define TAPER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#ifdef __cplusplus
#include <initializer_list>
#include <type_traits>
#endif

#if defined(__GNUC__)
#define TP_API __attribute__((visibility("default")))
#define TP__PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define TP_API
#define TP__PRINTF(text, first)
#endif

#define TP_NONE INT64_MIN     /* an integer option that is not given, where each other value means something */
#define TP__END ((void *)(intptr_t)-1)       /* ends a list; NULL cannot, for a failed constructor is NULL */

/* An options struct begins with TP__HEAD and ends in TP__TAIL. Its defaults stand twice, one above the other: TP__IS for
 * C++, and TP__DEFAULT_name for C and for the library, where what is not named is zero. A test compares the two. */
#ifdef __cplusplus
#define TP__IS(...) = __VA_ARGS__
#else
#define TP__IS(...)
#endif
#define TP__HEAD(T) size_t size TP__IS(offsetof(T, tp__end))      /* what the caller's header knows of the struct */
#define TP__TAIL    char tp__end TP__IS(0)

/* In C a struct that begins with a member which nothing fits refuses `.dims = 1`, for which C would open the braces itself. */
#if defined(__GNUC__) && !defined(__cplusplus)
#define TP__GUARD(name) __extension__ char name[0];
#else
#define TP__GUARD(name)
#endif

#define TP__CAT(a, b)  TP__CAT_(a, b)
#define TP__CAT_(a, b) a##b
#define TP__TEXT(x)    TP__TEXT_(x)
#define TP__TEXT_(x)   #x
#define TP__HERE       __FILE__ ":" TP__TEXT(__LINE__) ": "

#ifndef __cplusplus
/* The trailing comma keeps `...` from being empty; tp__end is the last member and the last default, so that an option
 * without its name is an excess element. The pragmas quiet the one warning that an overridden default draws. */
#define TP__OPTIONS(name, ...) &(tp_##name##_options)TP__BRACES(name, __VA_ARGS__)
#define TP__BRACES(name, ...)  { .size = offsetof(tp_##name##_options, tp__end), TP__DEFAULT_##name .tp__end = 0, __VA_ARGS__ }
#if defined(TP_ISO_C) || !defined(__GNUC__)
#define TP__DEFAULTS(call) (call)
#elif defined(__clang__)
#define TP__DEFAULTS(call) __extension__({ _Pragma("clang diagnostic push") \
    _Pragma("clang diagnostic ignored \"-Winitializer-overrides\"") call; _Pragma("clang diagnostic pop") })
#else
#define TP__DEFAULTS(call) __extension__({ _Pragma("GCC diagnostic push") \
    _Pragma("GCC diagnostic ignored \"-Woverride-init\"") call; _Pragma("GCC diagnostic pop") })
#endif
#endif

/* A declaration that undoes itself at the end of its block. */
#if !defined(__cplusplus) && defined(__GNUC__)
#define TP__UNTIL_EXIT(T, name, close) T TP__CAT(name, __LINE__) __attribute__((cleanup(close), unused))
#endif

#endif
