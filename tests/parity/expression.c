/* expression.c: a function of the epoch, written as Python writes it: numbers, epoch, + - * / // % **, comparisons, min, max, parentheses,
 * and "A if C else B". */
#include "parity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_NESTING = 64 };
typedef struct reader { const char *at; double epoch; int depth; bool bad; } reader;

static double choice(reader *r);

static bool take(reader *r, const char *word)
{
    const size_t n = strlen(word);
    while (isspace((unsigned char)*r->at)) r->at++;
    if (strncmp(r->at, word, n) || (isalpha((unsigned char)*word) && (isalnum((unsigned char)r->at[n]) || r->at[n] == '_'))) return false;
    r->at += n;
    return true;
}

static double fault(reader *r)
{
    r->bad = true;
    return NAN;
}

static double listed(reader *r, bool greatest)
{
    if (!take(r, "(")) return fault(r);
    double value = choice(r);
    while (!r->bad && take(r, ",")) {
        const double other = choice(r);
        value = greatest ? fmax(value, other) : fmin(value, other);
    }
    return take(r, ")") ? value : fault(r);
}

static double atom(reader *r)
{
    char *end;
    if (r->depth > MOST_NESTING) return fault(r);
    if (take(r, "epoch")) return r->epoch;
    if (take(r, "min")) return listed(r, false);
    if (take(r, "max")) return listed(r, true);
    if (take(r, "(")) {
        const double value = choice(r);
        return take(r, ")") ? value : fault(r);
    }
    if (!isdigit((unsigned char)*r->at) && *r->at != '.') return fault(r);
    const double value = strtod(r->at, &end);
    r->at = end;
    return value;
}

static double negated(reader *r);

static double power(reader *r)
{
    const double base = atom(r);
    return take(r, "**") ? pow(base, negated(r)) : base;
}

static double negated(reader *r)
{
    r->depth++;
    const double value = take(r, "-") ? -negated(r) : power(r);
    r->depth--;
    return value;
}

static double product(reader *r)
{
    double value = negated(r);
    while (!r->bad) {
        if (take(r, "//")) value = floor(value / negated(r));
        else if (take(r, "*")) value *= negated(r);
        else if (take(r, "/")) value /= negated(r);
        else if (take(r, "%")) {
            const double by = negated(r);
            value -= floor(value / by) * by;
        } else return value;
    }
    return value;
}

static double sum(reader *r)
{
    double value = product(r);
    while (!r->bad)
        if (take(r, "+")) value += product(r);
        else if (take(r, "-")) value -= product(r);
        else return value;
    return value;
}

static double comparison(reader *r)
{
    const double value = sum(r);
    if (take(r, "<=")) return value <= sum(r);
    if (take(r, ">=")) return value >= sum(r);
    if (take(r, "==")) return value == sum(r);
    if (take(r, "!=")) return value != sum(r);
    if (take(r, "<")) return value < sum(r);
    if (take(r, ">")) return value > sum(r);
    return value;
}

static double choice(reader *r)
{
    r->depth++;
    double value = r->depth > MOST_NESTING ? fault(r) : comparison(r);
    if (!r->bad && take(r, "if")) {
        const double condition = comparison(r), other = take(r, "else") ? choice(r) : fault(r);
        if (condition == 0) value = other;
    }
    r->depth--;
    return value;
}

double expression_value(const char *text, double epoch, bool *bad)
{
    reader r = { .at = text, .epoch = epoch };
    const double value = choice(&r);
    while (isspace((unsigned char)*r.at)) r.at++;
    *bad = r.bad || *r.at;
    return value;
}
