/* src/io/json.h: a strict reader of JSON that steps through the text instead of building a tree.
 *
 * The headers we read come from strangers. A tree costs a hundred times its text, keeps integers as doubles, and the common C
 * libraries allocate it through one process-wide hook that belongs to the user's program. This reader allocates nothing, has
 * exact integers, refuses what RFC 8259 refuses, and decodes strings where they stand: a string is never longer than its text. */
#ifndef TP_IO_JSON_H
#define TP_IO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tp__json {
    char *begin, *at, *end;
    const char *error;                         /* what is wrong at `at`; NULL so far. Sticky: every call is false after it */
} tp__json;

bool tp__json_take(tp__json *j, char c);       /* past white space and c, if c is next; no error if it is not */
bool tp__json_expect(tp__json *j, char c);     /* the same, and an error if it is not */
/* One more member or element before `close`? *n counts them and starts at 0. False at the end and on an error. */
bool tp__json_more(tp__json *j, char close, int64_t *n);
char *tp__json_string(tp__json *j);            /* decoded in place, NUL-terminated, valid UTF-8 without NUL; NULL: an error */
char *tp__json_key(tp__json *j);               /* a string and its colon */
bool tp__json_natural(tp__json *j, int64_t *out);        /* an integer >= 0 */
bool tp__json_skip(tp__json *j);               /* any value, nested at most TP__JSON_DEPTH deep */
bool tp__json_finish(tp__json *j);             /* nothing but white space is left */
bool tp__json_fail(tp__json *j, const char *error);      /* false */

enum { TP__JSON_DEPTH = 32 };

bool tp__utf8_is_valid(const char *text, size_t bytes);

#endif
