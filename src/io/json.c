/* src/io/json.c: a strict reader of JSON (RFC 8259) in place. */
#include "json.h"

#include <string.h>

bool tp__json_fail(tp__json *j, const char *error)
{
    if (!j->error)
        j->error = error;
    return false;
}

static void skip_space(tp__json *j)
{
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r'))
        j->at++;
}

bool tp__json_take(tp__json *j, char c)
{
    if (j->error)
        return false;
    skip_space(j);
    if (j->at == j->end || *j->at != c)
        return false;
    j->at++;
    return true;
}

bool tp__json_expect(tp__json *j, char c)
{
    if (tp__json_take(j, c))
        return true;
    switch (c) {
    case '{': return tp__json_fail(j, "an object is expected");
    case '[': return tp__json_fail(j, "an array is expected");
    case '"': return tp__json_fail(j, "a string is expected");
    case ':': return tp__json_fail(j, "a colon is expected");
    default:  return tp__json_fail(j, "a comma or a closing bracket is expected");
    }
}

bool tp__json_more(tp__json *j, char close, int64_t *n)
{
    if (j->error || tp__json_take(j, close))
        return false;
    if (*n > 0 && !tp__json_expect(j, ','))
        return false;
    ++*n;
    return true;
}

/* ---- Strings ---------------------------------------------------------------------------------------------------- */

/* Bytes of the character at s, or 0: not shortest, a surrogate, beyond U+10FFFF, cut off (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    const size_t n = s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : s[0] >= 0xE0 && s[0] <= 0xEF ? 3 : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    const bool bad = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90)
                  || (s[0] == 0xF4 && s[1] > 0x8F);
    return bad ? 0 : n;
}

bool tp__utf8_is_valid(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        const size_t n = utf8_length((const unsigned char *)text + i, bytes - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static char *utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

static bool hex4(tp__json *j, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, j->at++) {
        if (j->at == j->end)
            return tp__json_fail(j, "the string does not end");
        const char c = *j->at;
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return tp__json_fail(j, "\\u takes four hexadecimal digits");
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* What follows \u: a character, or the first half of a surrogate pair and then the second. */
static char *unicode_escape(tp__json *j, char *out)
{
    uint32_t c, low;
    if (!hex4(j, &c))
        return NULL;
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (j->end - j->at < 2 || j->at[0] != '\\' || j->at[1] != 'u') {
            tp__json_fail(j, "half of a surrogate pair");
            return NULL;
        }
        j->at += 2;
        if (!hex4(j, &low))
            return NULL;
        if (low < 0xDC00 || low > 0xDFFF) {
            tp__json_fail(j, "half of a surrogate pair");
            return NULL;
        }
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    } else if (c >= 0xDC00 && c <= 0xDFFF) {
        tp__json_fail(j, "half of a surrogate pair");
        return NULL;
    }
    if (c == 0) {
        tp__json_fail(j, "a string that holds the character 0");
        return NULL;
    }
    return utf8_put(out, c);
}

static char *escape(tp__json *j, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (j->at == j->end) {
        tp__json_fail(j, "the string does not end");
        return NULL;
    }
    const char c = *j->at++;
    if (c == 'u')
        return unicode_escape(j, out);
    const char *which = c ? strchr(from, c) : NULL;
    if (!which) {
        tp__json_fail(j, "an unknown escape");
        return NULL;
    }
    *out++ = to[which - from];
    return out;
}

char *tp__json_string(tp__json *j)
{
    if (!tp__json_expect(j, '"'))
        return NULL;
    char *const text = j->at, *out = j->at;
    for (;;) {
        if (j->at == j->end) {
            tp__json_fail(j, "the string does not end");
            return NULL;
        }
        const unsigned char c = (unsigned char)*j->at;
        if (c == '"') {
            j->at++;
            *out = 0;                                  /* where the quote was, or before */
            return text;
        }
        if (c < 0x20) {
            tp__json_fail(j, "a control character in a string");
            return NULL;
        }
        if (c == '\\') {
            j->at++;
            out = escape(j, out);
            if (!out)
                return NULL;
            continue;
        }
        const size_t n = utf8_length((const unsigned char *)j->at, (size_t)(j->end - j->at));
        if (n == 0) {
            tp__json_fail(j, "a string that is not UTF-8");
            return NULL;
        }
        memmove(out, j->at, n);
        out += n;
        j->at += n;
    }
}

char *tp__json_key(tp__json *j)
{
    char *const key = tp__json_string(j);
    return key && tp__json_expect(j, ':') ? key : NULL;
}

/* ---- Numbers and the rest ------------------------------------------------------------------------------------------ */

static bool is_digit(const tp__json *j) { return j->at < j->end && *j->at >= '0' && *j->at <= '9'; }

bool tp__json_natural(tp__json *j, int64_t *out)
{
    if (j->error)
        return false;
    skip_space(j);
    if (j->at < j->end && *j->at == '-')
        return tp__json_fail(j, "a negative number");
    if (!is_digit(j))
        return tp__json_fail(j, "an integer is expected");
    const char *const first = j->at;
    int64_t value = 0;
    for (; is_digit(j); j->at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *j->at - '0', &value))
            return tp__json_fail(j, "an integer beyond 64 bits");
    if (*first == '0' && j->at - first > 1)
        return tp__json_fail(j, "a number that begins with 0");
    if (j->at < j->end && (*j->at == '.' || *j->at == 'e' || *j->at == 'E'))
        return tp__json_fail(j, "a number that is not an integer");
    *out = value;
    return true;
}

static bool skip_digits(tp__json *j)
{
    if (!is_digit(j))
        return tp__json_fail(j, "a digit is expected");
    while (is_digit(j))
        j->at++;
    return true;
}

static bool skip_number(tp__json *j)
{
    if (j->at < j->end && *j->at == '-')
        j->at++;
    const char *const first = j->at;
    if (!is_digit(j))
        return tp__json_fail(j, "a value is expected");
    skip_digits(j);
    if (*first == '0' && j->at - first > 1)
        return tp__json_fail(j, "a number that begins with 0");
    if (j->at < j->end && *j->at == '.') {
        j->at++;
        if (!skip_digits(j))
            return false;
    }
    if (j->at < j->end && (*j->at == 'e' || *j->at == 'E')) {
        j->at++;
        if (j->at < j->end && (*j->at == '+' || *j->at == '-'))
            j->at++;
        return skip_digits(j);
    }
    return true;
}

static bool skip_word(tp__json *j, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(j->end - j->at) < n || memcmp(j->at, word, n) != 0)
        return tp__json_fail(j, "a value is expected");
    j->at += n;
    return true;
}

static bool skip_value(tp__json *j, int depth)
{
    int64_t n = 0;
    if (depth > TP__JSON_DEPTH)
        return tp__json_fail(j, "nested too deep");
    if (tp__json_take(j, '{')) {
        while (tp__json_more(j, '}', &n))
            if (!tp__json_key(j) || !skip_value(j, depth + 1))
                return false;
        return !j->error;
    }
    if (tp__json_take(j, '[')) {
        while (tp__json_more(j, ']', &n))
            if (!skip_value(j, depth + 1))
                return false;
        return !j->error;
    }
    if (j->error)
        return false;
    const char c = j->at < j->end ? *j->at : 0;        /* tp__json_take has passed the white space */
    switch (c) {
    case '"': return tp__json_string(j) != NULL;
    case 't': return skip_word(j, "true");
    case 'f': return skip_word(j, "false");
    case 'n': return skip_word(j, "null");
    default:  return skip_number(j);
    }
}

bool tp__json_skip(tp__json *j)
{
    return skip_value(j, 1);
}

bool tp__json_finish(tp__json *j)
{
    if (j->error)
        return false;
    skip_space(j);
    return j->at == j->end || tp__json_fail(j, "something follows the end");
}
