/* text.h: what char_rnn and gpt learn from: the characters of a file, or sentences that are made up from a small grammar. The
 * last tenth, at most 50 000 characters, is held out. What the grammar's dice took of bits is the bound that no net can beat; one that
 * is tested on windows that begin from nothing stays above it, for it has to find out first where it is. */
#ifndef EXAMPLES_TEXT_H
#define EXAMPLES_TEXT_H

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>

enum { HELD_OUT = 50000 };

typedef struct text {
    tp_tensor *train, *test;                     /* int64 [n]: characters as their places in symbols. The caller's, by text_free */
    tp_tensor *symbols;                          /* int64 [kinds]: code points, rising */
    tp_tensor *prompt;                           /* int64 [n]: what a sample begins with */
    int64_t kinds;
    double floor;                                /* bits per held-out character that the grammar's dice took; NaN of a file: unknown */
} text;

/* ---- The grammar ---------------------------------------------------------------------------------------------------------- */

/* A capital stands for one of its alternatives, each as likely. Which form a verb has depends on a noun that may be far away.
 * S: a line, C: a clause; O, P: one or several who do it; I, K: what one does, or several; Q: to whom */
static const char *const grammar['Z' + 1] = {
    ['S'] = "C.\n|C, and C.\n|if C, then C.\n|O, who G Q, I.\n",
    ['C'] = "O I|P K",
    ['O'] = "the N|a N|every J N|the N that I|the N that P F|W",
    ['P'] = "the M|two M|many J M|the M that K|the M that O G",
    ['I'] = "G Q|D",
    ['K'] = "F Q|B",
    ['D'] = "sleeps|waits|runs away|knows that C",
    ['B'] = "sleep|wait|run away|know that C",
    ['Q'] = "O|P",
    ['G'] = "sees|hears|follows|fears|chases|loves",
    ['F'] = "see|hear|follow|fear|chase|love",
    ['N'] = "fox|dog|mouse|child|king|goose|bird|thief",
    ['M'] = "foxes|dogs|mice|children|kings|geese|birds|thieves",
    ['J'] = "old|young|clever|hungry",
    ['W'] = "anna|otto|emma|max",
};

typedef struct speaker { char *at; size_t used, room; double bits; uint64_t dice; } speaker;

/* Writes one of the alternatives of a rule. What does not fit is left out. */
static void speak(speaker *s, char rule)
{
    const char *at = grammar[(unsigned char)rule];
    unsigned n = 1;
    for (const char *c = at; *c; c++) n += *c == '|';
    s->bits += log2(n);
    s->dice = s->dice * 6364136223846793005u + 1442695040888963407u;         /* Knuth's, TAOCP 3.3.4 */
    for (unsigned skip = (unsigned)(((s->dice >> 32) * n) >> 32); skip; at++) skip -= *at == '|';
    for (; *at && *at != '|'; at++)
        if (*at >= 'A' && *at <= 'Z') speak(s, *at);
        else if (s->used < s->room) s->at[s->used++] = *at;
}

enum { MADE_UP = 1000000 };                      /* characters */

static bool make_up(speaker *s, int64_t seed, double *floor)
{
    s->room = MADE_UP;
    s->dice = (uint64_t)seed;
    if (!(s->at = malloc(s->room))) return tp_fail(TP_ERR_MEMORY, "text: no memory for %zu bytes", s->room), false;
    while (s->used < MADE_UP - HELD_OUT) speak(s, 'S');
    const double before = s->bits, from = (double)s->used;
    while (s->used < s->room) speak(s, 'S');
    *floor = (s->bits - before) / ((double)s->used - from);
    return true;
}

/* ---- Files and characters ------------------------------------------------------------------------------------------------------ */

static bool read_file(speaker *s, const char *path)
{
    FILE *f = fopen(path, "rb");
    for (size_t got = 1; f && got; s->used += got) {
        if (s->used == s->room) {
            char *more = realloc(s->at, s->room += s->room / 2 + 65536);
            if (!more) break;
            s->at = more;
        }
        errno = 0;
        got = fread(s->at + s->used, 1, s->room - s->used, f);
    }
    const bool whole = f && feof(f);
    if (!whole) tp_fail(TP_ERR_IO, "text: %s: %s", path, errno ? strerror(errno) : "not to be read");
    if (f) fclose(f);
    return whole;
}

/* The code point at *at, which moves behind it; -1: that is no UTF-8. */
static int64_t next_character(const unsigned char **at, const unsigned char *end)
{
    static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char first = *(*at)++;
    const int bytes = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;
    int64_t code = bytes < 2 ? first : first & (0x7F >> bytes);
    if (!bytes || end - *at < bytes - 1) return -1;
    for (int i = 1; i < bytes; i++, (*at)++) {
        if ((**at & 0xC0) != 0x80) return -1;
        code = code << 6 | (**at & 0x3F);
    }
    return code < least[bytes] || code > 0x10FFFF ? -1 : code;
}

static void put_character(int64_t code)
{
    const int more = (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
    putchar((int)(more ? (0xFF80 >> more & 0xFF) | code >> 6 * more : code));
    for (int i = more - 1; i >= 0; i--) putchar((int)(0x80 | (code >> 6 * i & 0x3F)));
}

static int by_value(const void *a, const void *b) { return (*(const int64_t *)a > *(const int64_t *)b) - (*(const int64_t *)a < *(const int64_t *)b); }

/* UTF-8 -> int64 [characters], each as its place in t->symbols, or as its code point while there are none. */
static tp_tensor *text_encode(const text *t, const char *bytes, size_t n)
{
    const unsigned char *at = (const unsigned char *)bytes, *const end = at + n;
    const int64_t *const symbols = tp_data(t->symbols);
    tp_tensor *x = tp_empty(TP_SHAPE((int64_t)n), .dtype = TP_I64);
    int64_t *const out = tp_data_mut(x), used = 0;
    for (; out && at < end; used++) {
        const int64_t code = out[used] = next_character(&at, end);
        if (code < 0) return tp_fail(TP_ERR_FORMAT, "text: byte %td is no UTF-8", at - (const unsigned char *)bytes - 1), NULL;
        const int64_t *found = symbols ? bsearch(&code, symbols, (size_t)t->kinds, sizeof code, by_value) : NULL;
        if (symbols && !found) return tp_fail(TP_ERR_ARGUMENT, "text: \"%s\" has a character that is not in the text, U+%04llX", bytes, (long long)code), NULL;
        if (found) out[used] = found - symbols;
    }
    return tp_narrow(x, 0, 0, used);
}

/* ---- For the examples -------------------------------------------------------------------------------------------------------------- */

/* Reads the file, or makes a text up where path is NULL. Without a prompt it is the beginning of the held-out text. On failure the
 * error stands, and t may hold NULLs. */
static void text_open(text *t, const char *path, int64_t seed, const char *prompt)
{
    TP_SCOPE();
    *t = (text){ .floor = NAN };
    speaker s = { .at = NULL };
    if (path ? read_file(&s, path) : make_up(&s, seed, &t->floor)) {
        tp_tensor *codes = text_encode(t, s.at, s.used);
        if (codes && tp_numel(codes) < 20) tp_fail(TP_ERR_ARGUMENT, "text: %s has %lld characters, too few to learn from", path, (long long)tp_numel(codes));
        t->symbols = tp_keep(tp_unique(codes));
        t->kinds = tp_numel(t->symbols);
        tp_tensor *all = tp_searchsorted(t->symbols, codes);
        const int64_t n = tp_numel(all), held_out = n / 10 < HELD_OUT ? n / 10 : HELD_OUT;
        t->train = tp_keep(tp_narrow(all, 0, 0, n - held_out));
        t->test = tp_keep(tp_narrow(all, 0, n - held_out, held_out));
        t->prompt = tp_keep(prompt ? text_encode(t, prompt, strlen(prompt)) : tp_narrow(t->test, 0, 0, held_out < 20 ? held_out : 20));
        if (prompt && !*prompt) tp_fail(TP_ERR_ARGUMENT, "text: the prompt is empty");
        if (!tp_failed()) printf("text: %lld characters of %lld kinds, the last %lld held out\n", (long long)n, (long long)t->kinds, (long long)held_out);
    }
    free(s.at);
}

/* The same of a net that was saved, which has no text to learn from, only its symbols. Without a prompt it is the first of these. */
static void text_reopen(text *t, tp_tensor *symbols, const char *prompt)
{
    *t = (text){ .floor = NAN };
    if (symbols && (tp_dtype_of(symbols) != TP_I64 || tp_ndim(symbols) != 1 || !tp_numel(symbols)))
        tp_fail(TP_ERR_FORMAT, "text: the symbols of a net are a row of int64");
    if (tp_failed() || !symbols) return;         /* or the error of whoever looked for them stands */
    t->symbols = tp_keep(symbols);
    t->kinds = tp_numel(symbols);
    t->prompt = tp_keep(prompt ? text_encode(t, prompt, strlen(prompt)) : tp_zeros(TP_SHAPE(1), .dtype = TP_I64));
    if (prompt && !*prompt) tp_fail(TP_ERR_ARGUMENT, "text: the prompt is empty");
}

/* How many tensors a saved net has of a name with a number in it, from 0 on: its layers, say */
static int64_t text_count(tp_file *file, const char *before, const char *after)
{
    char name[64];
    for (int64_t n = 0;; n++) {
        snprintf(name, sizeof name, "%s%lld%s", before, (long long)n, after);
        if (!file || tp_file_find(file, name) < 0) return n;
    }
}

static void text_free(text *t) { tp_free_all(t->train, t->test, t->symbols, t->prompt); }

/* The loss of a net that gives logits [batch, steps, kinds], in nats per character. */
static tp_tensor *text_loss(tp_module *net, const tp_batch *batch)
{
    return tp_cross_entropy(tp_flatten(tp_forward(net, batch->x), 0, 1), tp_flatten(batch->y, 0, 1));
}

/* Bits per character of windows that begin from nothing. */
static double text_bits(tp_module *net, tp_loader *loader)
{
    TP_NO_GRAD();
    tp_eval(net);
    double sum = 0, windows = 0;
    tp_batch batch;
    while (tp_loader_next(loader, &batch)) {
        TP_SCOPE();
        sum += tp_item(text_loss(net, &batch)) * (double)batch.size;
        windows += (double)batch.size;
    }
    tp_train(net);
    return sum / windows / M_LN2;
}

/* Prints characters that are places in t->symbols. */
static void text_print(const text *t, tp_tensor *places)
{
    TP_SCOPE();
    tp_tensor *codes = tp_to(tp_flatten(places, 0, -1), TP_CPU);
    const int64_t *at = tp_data(codes), *symbols = tp_data(t->symbols);
    for (int64_t i = 0; at && symbols && i < tp_numel(codes); i++) put_character(symbols[at[i]]);
    fflush(stdout);
}

/* One of the places [1], as likely as its logit [1, kinds] says; the colder, the more often the likeliest, and at 0 always that. */
static tp_tensor *text_draw(tp_tensor *logits, double temperature)
{
    if (temperature <= 0) return tp_argmax(logits, .dim = -1);
    return tp_flatten(tp_multinomial(tp_softmax(tp_div(logits, temperature), -1), 1, .replacement = true), 0, -1);
}

#endif
