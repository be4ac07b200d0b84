/* strokes.c: digits drawn from strokes. A glyph is a few strokes on a grid 14 wide and 20 high; its points are shaken, the whole
 * is scaled, slanted, rotated and shifted, and each stroke is drawn with a round pen and soft edges, on noisy paper.
 * All of it in integers (16 bits of fraction), so every machine and compiler draws the same image. */
#include <stdbool.h>
#include <string.h>
#include "strokes.h"

enum { END = -1, LINE = -2, CURVE = -3 };        /* what the points that follow make; curves pass through them (Catmull-Rom) */
enum { ONE = 1 << 16, PER_SPAN = 6, VARIANTS = 3, POINTS = 16 };

static const int8_t glyphs[10][VARIANTS][44] = {
    { { CURVE, 7,0, 2,3, 0,10, 2,17, 7,20, 12,17, 14,10, 12,3, 7,0, END },
      { CURVE, 10,1, 5,1, 2,5, 1,12, 4,19, 8,20, 12,15, 12,7, 9,2, 5,1, END },
      { CURVE, 7,0, 4,3, 3,10, 4,17, 7,20, 10,17, 11,10, 10,3, 7,0, END } },
    { { LINE, 7,0, 7,20, END },
      { LINE, 3,4, 8,0, 8,20, END },
      { LINE, 3,4, 7,0, 7,20, LINE, 2,20, 12,20, END } },
    { { CURVE, 1,5, 3,1, 8,0, 12,3, 11,8, 6,14, 1,20, LINE, 1,20, 13,20, END },
      { CURVE, 1,4, 5,0, 11,2, 11,7, 7,13, 3,18, 1,18, 3,16, 8,18, 13,20, END },
      { LINE, 1,1, 12,1, 1,20, 13,20, END } },
    { { CURVE, 1,3, 6,0, 12,3, 11,7, 6,9, CURVE, 6,9, 12,11, 13,16, 8,20, 1,18, END },
      { LINE, 1,0, 12,0, 6,8, CURVE, 6,8, 12,10, 13,16, 7,20, 1,17, END },
      { CURVE, 2,2, 7,0, 11,3, 9,8, 4,10, 10,11, 13,15, 10,19, 2,19, END } },
    { { LINE, 9,0, 0,13, 14,13, LINE, 10,6, 10,20, END },
      { CURVE, 2,0, 1,7, 3,11, 12,10, LINE, 11,0, 11,20, END },
      { LINE, 10,20, 10,0, 0,13, 14,13, END } },
    { { LINE, 12,0, 3,0, 2,8, CURVE, 2,8, 7,7, 13,11, 12,17, 7,20, 1,18, END },
      { CURVE, 12,2, 6,0, 2,4, 5,9, 11,12, 12,17, 6,20, 1,17, END },
      { LINE, 3,1, 3,9, CURVE, 3,9, 9,8, 12,13, 9,19, 1,19, LINE, 3,1, 13,0, END } },
    { { CURVE, 11,1, 5,4, 1,11, 2,17, 7,20, 12,17, 11,12, 6,11, 2,14, END },
      { CURVE, 9,0, 5,6, 2,13, 4,19, 9,20, 12,16, 9,12, 4,14, END },
      { LINE, 4,0, 3,14, CURVE, 3,14, 4,19, 9,20, 13,16, 10,12, 5,13, 3,15, END } },
    { { LINE, 0,0, 13,0, 5,20, END },
      { LINE, 1,0, 13,0, 6,20, LINE, 4,10, 12,10, END },
      { LINE, 1,4, 1,1, 13,0, CURVE, 13,0, 9,8, 7,20, END } },
    { { CURVE, 7,9, 2,6, 3,1, 7,0, 11,1, 12,6, 7,9, CURVE, 7,9, 1,13, 2,18, 7,20, 12,18, 13,13, 7,9, END },
      { CURVE, 12,3, 7,0, 2,3, 4,8, 10,12, 12,17, 7,20, 2,17, 4,12, 10,8, 12,3, END },
      { CURVE, 7,8, 4,5, 5,1, 8,0, 11,3, 7,8, 2,13, 3,18, 7,20, 11,17, 10,12, 7,8, END } },
    { { CURVE, 12,4, 7,0, 2,3, 2,8, 7,10, 12,7, 12,4, CURVE, 12,4, 12,12, 9,20, END },
      { CURVE, 11,3, 6,0, 2,4, 4,9, 9,8, 11,3, LINE, 11,3, 11,20, END },
      { CURVE, 12,4, 7,0, 2,3, 2,8, 7,10, 12,7, 12,4, CURVE, 12,4, 13,13, 9,19, 2,18, END } },
};

typedef struct point { int64_t x, y; } point;

typedef struct canvas {
    uint8_t *pixels;
    int64_t radius;                              /* of the pen */
    int64_t ink;                                 /* of its darkest, 0..255 */
    int64_t xx, xy, yx, yy, dx, dy;              /* from the grid to pixels */
} canvas;

static int64_t root(int64_t v)                   /* floor(sqrt(v)) */
{
    int64_t r = 0;
    for (int64_t bit = (int64_t)1 << 30; bit; bit >>= 1)
        if ((r + bit) * (r + bit) <= v)
            r += bit;
    return r;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

static int64_t pixel_of(int64_t v) { return clamp(v / ONE, 0, TP__DIGIT_SIDE - 1); }

static point place(const canvas *c, point p)
{
    return (point){ (c->xx * p.x + c->xy * p.y) / ONE + c->dx, (c->yx * p.x + c->yy * p.y) / ONE + c->dy };
}

/* Darkens each pixel by how much of it lies within the pen's radius of the segment. */
static void draw_segment(const canvas *c, point a, point b)
{
    const int64_t reach = c->radius + ONE, dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy, length = root(square);
    const int64_t left = pixel_of((a.x < b.x ? a.x : b.x) - reach), right = pixel_of((a.x > b.x ? a.x : b.x) + reach);
    const int64_t top = pixel_of((a.y < b.y ? a.y : b.y) - reach), bottom = pixel_of((a.y > b.y ? a.y : b.y) + reach);
    for (int64_t y = top; y <= bottom; y++)
        for (int64_t x = left; x <= right; x++) {
            const int64_t ex = x * ONE + ONE / 2 - a.x, ey = y * ONE + ONE / 2 - a.y, along = ex * dx + ey * dy;
            int64_t distance;
            if (along <= 0 || length == 0)
                distance = root(ex * ex + ey * ey);
            else if (along >= square)
                distance = root((ex - dx) * (ex - dx) + (ey - dy) * (ey - dy));
            else
                distance = (ex * dy - ey * dx < 0 ? ey * dx - ex * dy : ex * dy - ey * dx) / length;
            const int64_t cover = clamp(c->radius - distance + ONE / 2, 0, ONE) * c->ink / ONE;
            uint8_t *const pixel = &c->pixels[y * TP__DIGIT_SIDE + x];
            if (cover > *pixel)
                *pixel = (uint8_t)cover;
        }
}

static int64_t between_points(int64_t p0, int64_t p1, int64_t p2, int64_t p3, int64_t t, int64_t n)
{
    const int64_t cubic = 3 * (p1 - p2) + p3 - p0, square = 2 * p0 - 5 * p1 + 4 * p2 - p3;   /* Catmull & Rom 1974 */
    return (2 * p1 * n * n * n + (p2 - p0) * t * n * n + square * t * t * n + cubic * t * t * t) / (2 * n * n * n);
}

static void draw_stroke(const canvas *c, const point *p, int n, bool curved)
{
    for (int i = 0; i + 1 < n; i++) {
        const point before = p[i > 0 ? i - 1 : 0], after = p[i + 2 < n ? i + 2 : n - 1];
        point from = p[i];
        const int steps = curved ? PER_SPAN : 1;
        for (int s = 1; s <= steps; s++) {
            const point to = !curved ? p[i + 1] : (point){ between_points(before.x, p[i].x, p[i + 1].x, after.x, s, steps),
                                                           between_points(before.y, p[i].y, p[i + 1].y, after.y, s, steps) };
            draw_segment(c, from, to);
            from = to;
        }
    }
}

/* Grid to pixels: scale and aspect, slant, rotation, shift. Angles are small: sin a = a - a^3 / 6, cos a = 1 - a^2 / 2. */
static void aim(canvas *c, tp__dice *rng)
{
    const int64_t height = tp__dice_between(rng, ONE * 70 / 100, ONE * 105 / 100);          /* pixels of one grid unit */
    const int64_t width = height * tp__dice_between(rng, 75, 115) / 100;
    const int64_t slant = tp__dice_between(rng, -ONE * 35 / 100, ONE * 35 / 100);
    const int64_t angle = tp__dice_between(rng, -ONE * 25 / 100, ONE * 25 / 100);
    const int64_t sine = angle - angle * angle / ONE * angle / ONE / 6, cosine = ONE - angle * angle / ONE / 2;
    c->xx = width * cosine / ONE;
    c->yx = width * sine / ONE;
    c->xy = -height * (sine + slant * cosine / ONE) / ONE;
    c->yy = height * (cosine - slant * sine / ONE) / ONE;
    c->dx = 14 * ONE + tp__dice_between(rng, -2 * ONE, 2 * ONE);
    c->dy = 14 * ONE + tp__dice_between(rng, -2 * ONE, 2 * ONE);
}

void tp__draw_digit(uint8_t *pixels, int digit, tp__dice *rng)
{
    const int64_t shake = ONE * 9 / 10;          /* of each point, in grid units */
    canvas c = { .pixels = pixels };
    memset(pixels, 0, TP__DIGIT_PIXELS);
    aim(&c, rng);
    c.radius = tp__dice_between(rng, ONE * 60 / 100, ONE * 150 / 100);
    c.ink = tp__dice_between(rng, 150, 255);

    const int8_t *at = glyphs[digit][tp__dice_between(rng, 0, VARIANTS - 1)];
    while (*at != END) {
        const bool curved = *at++ == CURVE;
        point p[POINTS];
        int n = 0;
        for (; *at >= 0; at += 2)
            p[n++] = place(&c, (point){ (at[0] - 7) * ONE + tp__dice_between(rng, -shake, shake),
                                        (at[1] - 10) * ONE + tp__dice_between(rng, -shake, shake) });
        draw_stroke(&c, p, n, curved);
    }
    const int64_t noise = tp__dice_between(rng, 10, 40);
    for (int i = 0; i < TP__DIGIT_PIXELS; i += 2) {          /* two pixels a word: each the sum of two bytes */
        const uint32_t word = tp__dice_word(rng);
        const int64_t a = (word & 255) + (word >> 8 & 255), b = (word >> 16 & 255) + (word >> 24);
        pixels[i] = (uint8_t)clamp(pixels[i] + (a - 255) * noise / 128, 0, 255);
        pixels[i + 1] = (uint8_t)clamp(pixels[i + 1] + (b - 255) * noise / 128, 0, 255);
    }
}
