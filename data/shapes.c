/* shapes.c: the built-in colour images. A shape is a few closed rings of points, filled where an odd number of them is around; it is
 * scaled, stretched, turned and shifted, and painted on a ground of another colour. Both have a pattern, and the whole is noisy. No
 * pixel tells a class by itself. All of it in integers (10 bits of fraction), so every machine and compiler draws the same image. */
#include "dataset.h"
#include "dice.h"

enum { ONE = 1 << 10, SIDE = 32, PLANE = SIDE * SIDE, CHANNELS = 3, CLASSES = 10, MAX_POINTS = 32 };
enum { END = -128, NEXT = -127 };                /* of the shape; of the ring */

#define DISC 0,-60, 23,-55, 42,-42, 55,-23, 60,0, 55,23, 42,42, 23,55, 0,60, -23,55, -42,42, -55,23, -60,0, -55,-23, -42,-42, -23,-55

static const int8_t shapes[CLASSES][2 * MAX_POINTS + 2] = {     /* x, y within -64..64 */
    { DISC, END },
    { DISC, NEXT, 0,-32, 23,-23, 32,0, 23,23, 0,32, -23,23, -32,0, -23,-23, END },                                      /* ring */
    { -64,-26, 64,-26, 59,-1, 45,20, 24,33, 0,38, -24,33, -45,20, -59,-1, END },                                        /* half disc */
    { 0,-64, 58,38, -58,38, END },                                                                                      /* triangle */
    { -52,-52, 52,-52, 52,52, -52,52, END },                                                                            /* square */
    { -56,-56, 56,-56, 56,56, -56,56, NEXT, -30,-30, 30,-30, 30,30, -30,30, END },                                      /* frame */
    { 0,-64, 16,-21, 61,-20, 25,8, 38,52, 0,26, -38,52, -25,8, -61,-20, -16,-21, END },                                 /* star */
    { -18,-64, 18,-64, 18,-18, 64,-18, 64,18, 18,18, 18,64, -18,64, -18,18, -64,18, -64,-18, -18,-18, END },            /* cross */
    { 0,-64, 46,-10, 17,-10, 17,64, -17,64, -17,-10, -46,-10, END },                                                    /* arrow */
    { 20,-60, -10,-63, -42,-46, -62,-12, -60,22, -40,50, -8,63, 22,58, -6,38, -20,14, -20,-16, -6,-40, END },           /* crescent */
};

typedef struct outline { int64_t x[MAX_POINTS], y[MAX_POINTS]; int ring_end[2], rings; } outline;      /* in pixels */

/* Colours a and b, mixed as a wave runs: along (dx, dy), or along both axes of it. */
typedef struct paint { int64_t a[CHANNELS], b[CHANNELS], dx, dy; enum { PLAIN, STRIPES, CHECKS, PAINTS } kind; } paint;

static int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

static int64_t root(int64_t v)                   /* floor(sqrt(v)) of what is below 2^24 */
{
    int64_t r = 0;
    for (int64_t bit = 1 << 12; bit; bit >>= 1)
        if ((r + bit) * (r + bit) <= v)
            r += bit;
    return r;
}

/* A direction of length ONE, every angle as likely: a point of the disc, taken outwards. */
static void turn(tp__dice *dice, int64_t *x, int64_t *y)
{
    int64_t square;
    do {
        *x = tp__dice_between(dice, -ONE, ONE);
        *y = tp__dice_between(dice, -ONE, ONE);
        square = *x * *x + *y * *y;
    } while (square < ONE * ONE / 16 || square > ONE * ONE);
    const int64_t length = root(square);
    *x = *x * ONE / length;
    *y = *y * ONE / length;
}

static void place(const int8_t *points, tp__dice *dice, outline *out)
{
    int64_t cosine, sine;
    turn(dice, &cosine, &sine);
    const int64_t radius = tp__dice_between(dice, ONE * 9, ONE * 14), stretch = tp__dice_between(dice, ONE * 80 / 100, ONE);
    const int64_t room = SIDE / 2 * ONE - radius * 3 / 4;                  /* corners may be cut off, and no more than that */
    const int64_t x = SIDE / 2 * ONE + tp__dice_between(dice, -room, room), y = SIDE / 2 * ONE + tp__dice_between(dice, -room, room);
    int n = 0;
    out->rings = 0;
    for (; *points != END; points++) {
        if (*points == NEXT) {
            out->ring_end[out->rings++] = n;
            continue;
        }
        const int64_t u = points[0] * radius / 64, v = points[1] * radius / 64 * stretch / ONE;
        out->x[n] = x + (u * cosine - v * sine) / ONE;
        out->y[n++] = y + (u * sine + v * cosine) / ONE;
        points++;
    }
    out->ring_end[out->rings++] = n;
}

static bool is_inside(const outline *o, int64_t x, int64_t y)
{
    bool inside = false;
    for (int ring = 0, first = 0; ring < o->rings; first = o->ring_end[ring++])
        for (int i = first, j = o->ring_end[ring] - 1; i < o->ring_end[ring]; j = i++) {
            if ((o->y[i] > y) == (o->y[j] > y))
                continue;                        /* the edge does not cross the line through y */
            const int64_t left = (x - o->x[i]) * (o->y[j] - o->y[i]), right = (y - o->y[i]) * (o->x[j] - o->x[i]);
            inside ^= o->y[j] > o->y[i] ? left < right : left > right;
        }
    return inside;
}

static void mix_colours(paint *p, tp__dice *dice)
{
    p->kind = (int)tp__dice_between(dice, 0, PAINTS - 1);
    turn(dice, &p->dx, &p->dy);
    const int64_t frequency = tp__dice_between(dice, 12, 24);              /* of a wave in the width of the image, quarters */
    p->dx = p->dx * frequency / 4;
    p->dy = p->dy * frequency / 4;
    for (int c = 0; c < CHANNELS; c++) {
        p->a[c] = tp__dice_between(dice, 0, 255);
        p->b[c] = clamp(p->a[c] + tp__dice_between(dice, -70, 70), 0, 255);
    }
}

/* 0 .. ONE .. 0 while `phase` goes on by 2 ONE. */
static int64_t wave(int64_t phase)
{
    const int64_t at = phase & (2 * ONE - 1);
    return at < ONE ? at : 2 * ONE - at;
}

static int64_t colour(const paint *p, int channel, int64_t x, int64_t y)
{
    const int64_t along = (x * p->dx + y * p->dy) / (SIDE / 2), across = (y * p->dx - x * p->dy) / (SIDE / 2);
    const int64_t t = p->kind == PLAIN ? ONE / 2 : p->kind == STRIPES ? wave(along) : (wave(along) + wave(across)) / 2;
    return p->a[channel] + (p->b[channel] - p->a[channel]) * t / ONE;
}

/* By how much a is brighter than b, all channels and both colours taken together. */
static int64_t contrast(const paint *a, const paint *b)
{
    int64_t sum = 0;
    for (int c = 0; c < CHANNELS; c++)
        sum += a->a[c] + a->b[c] - b->a[c] - b->b[c];
    return sum;
}

static void draw(uint8_t *pixels, int shape, tp__dice *dice)
{
    outline o;
    paint ground, figure;
    place(shapes[shape], dice, &o);
    do {
        mix_colours(&ground, dice);
        mix_colours(&figure, dice);
    } while (contrast(&figure, &ground) < 240);
    const int64_t noise = tp__dice_between(dice, 4, 20);
    for (int64_t y = 0; y < SIDE; y++)
        for (int64_t x = 0; x < SIDE; x++) {
            int64_t cover = 0;                   /* four samples a pixel */
            for (int s = 0; s < 4; s++)
                cover += is_inside(&o, x * ONE + ONE / 4 + s % 2 * ONE / 2, y * ONE + ONE / 4 + s / 2 * ONE / 2);
            const uint32_t word = tp__dice_word(dice);
            for (int c = 0; c < CHANNELS; c++) {
                const int64_t shake = (int64_t)(word >> 10 * c & 1023) - 511;
                const int64_t value = (cover * colour(&figure, c, x, y) + (4 - cover) * colour(&ground, c, x, y)) / 4;
                pixels[c * PLANE + y * SIDE + x] = (uint8_t)clamp(value + shake * noise / 512, 0, 255);
            }
        }
}

tp_dataset *tp_shapes_with(int64_t n, const tp_shapes_options *o)
{
    tp_shapes_options opt = TP__BRACES(shapes, );
    if (tp_failed() || tp_options_take("shapes", &opt, o, opt.size) != TP_OK)
        return NULL;
    if (n < 0) {
        tp_fail(TP_ERR_ARGUMENT, "shapes: %lld images", (long long)n);
        return NULL;
    }
    TP_SCOPE();
    tp_tensor *images = tp_empty(TP_SHAPE(n, CHANNELS, SIDE, SIDE), .dtype = TP_U8);
    tp_tensor *labels = tp_empty(TP_SHAPE(n), .dtype = TP_U8);
    uint8_t *pixels = tp_data_mut(images), *label = tp_data_mut(labels);
    if (tp_failed())
        return NULL;
    for (int64_t i = 0; i < n; i++) {
        tp__dice dice = tp__dice_start((uint64_t)opt.seed, opt.train ? TP__DICE_SHAPES_TRAIN : TP__DICE_SHAPES_TEST, (uint64_t)i);
        label[i] = (uint8_t)tp__dice_between(&dice, 0, CLASSES - 1);
        draw(pixels + i * CHANNELS * PLANE, label[i], &dice);
    }
    return tp__image_dataset(images, labels, NULL, NULL);
}
