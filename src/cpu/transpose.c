/* transpose.c: transposes by tiles, of which both sides are whole lines of the caches, and in these by blocks that are turned over in
 * registers. A tile that goes past the caches is gathered in the first one; meanwhile another is asked for, since no processor foresees
 * where the lines of a column lie: into the second cache, because in the first a column of a power of two has room for few. Even that
 * one has room for 64 such lines at best, so these tiles are low: one line of x by two of y. */
#include "cpu/transpose.h"

#include "cpu/stream.h"
#include "cpu/vec.h"

enum { SIDE = TP__TRANSPOSE_SIDE, TILE_BYTES = 16384 };

typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));

/* Rows k and k + n / 2 are shuffled together like cards, log2(n) times. */
static TP__INLINE void turn_u16(u16x8 *g)
{
    u16x8 t[8];
    for (int round = 0; round < 3; round++) {
        TP__UNROLLED for (int k = 0; k < 4; k++) {
            t[2 * k] = TP__MIX(g[k], g[k + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            t[2 * k + 1] = TP__MIX(g[k], g[k + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        TP__UNROLLED for (int k = 0; k < 8; k++) g[k] = t[k];
    }
}
static TP__INLINE void turn_u8(u8x16 *g)
{
    u8x16 t[16];
    for (int round = 0; round < 4; round++) {
        TP__UNROLLED for (int k = 0; k < 8; k++) {
            t[2 * k] = TP__MIX(g[k], g[k + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            t[2 * k + 1] = TP__MIX(g[k], g[k + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
        TP__UNROLLED for (int k = 0; k < 16; k++) g[k] = t[k];
    }
}
static TP__INLINE void turn_u32(tp__f32x8 *g) { tp__transpose_8x8(g); }
static TP__INLINE void turn_u64(tp__f64x4 *g) { TP__TRANSPOSE_4X4(tp__f64x4, g); }

#define TILE(name, T, G, N) \
    static TP__INLINE void tile_##name##_body(void *y_, int64_t ldy, const void *x_, int64_t ldx, int64_t rows, int64_t columns) \
    { \
        T *y = y_; \
        const T *x = x_; \
        int64_t j = 0; \
        for (; j + N <= columns; j += N) { \
            int64_t i = 0; \
            for (; i + N <= rows; i += N) { \
                G g[N]; \
                TP__UNROLLED for (int k = 0; k < N; k++) memcpy(&g[k], x + (j + k) * ldx + i, sizeof *g); \
                turn_##name(g); \
                TP__UNROLLED for (int k = 0; k < N; k++) memcpy(y + (i + k) * ldy + j, &g[k], sizeof *g); \
            } \
            for (; i < rows; i++) \
                for (int k = 0; k < N; k++) y[i * ldy + j + k] = x[(j + k) * ldx + i]; \
        } \
        for (; j < columns; j++) \
            for (int64_t i = 0; i < rows; i++) y[i * ldy + j] = x[j * ldx + i]; \
    } \
    TP__SIMD(static, tile_##name, (void *y_, int64_t ldy, const void *x_, int64_t ldx, int64_t rows, int64_t columns), (y_, ldy, x_, ldx, rows, columns))
TILE(u8, uint8_t, u8x16, 16)
TILE(u16, uint16_t, u16x8, 8)
TILE(u32, uint32_t, tp__f32x8, 8)
TILE(u64, uint64_t, tp__f64x4, 4)

#if TP__HAS_X86
/* 16 x 16 in registers: pairs of elements, of pairs, of quarters, of halves change places. */
__attribute__((target(TP__TARGET_AVX512))) static TP__INLINE void turn_16(__m512i *g)
{
    __m512i t[16];
    TP__UNROLLED for (int k = 0; k < 16; k += 2) {
        t[k] = _mm512_unpacklo_epi32(g[k], g[k + 1]);
        t[k + 1] = _mm512_unpackhi_epi32(g[k], g[k + 1]);
    }
    TP__UNROLLED for (int k = 0; k < 16; k += 4) {
        TP__UNROLLED for (int h = 0; h < 2; h++) {
            g[k + 2 * h] = _mm512_unpacklo_epi64(t[k + h], t[k + h + 2]);
            g[k + 2 * h + 1] = _mm512_unpackhi_epi64(t[k + h], t[k + h + 2]);
        }
    }
    TP__UNROLLED for (int k = 0; k < 4; k++) {
        TP__UNROLLED for (int h = 0; h < 16; h += 8) {
            t[h + k] = _mm512_shuffle_i32x4(g[h + k], g[h + k + 4], 0x88);
            t[h + k + 4] = _mm512_shuffle_i32x4(g[h + k], g[h + k + 4], 0xdd);
        }
    }
    TP__UNROLLED for (int k = 0; k < 8; k++) {
        g[k] = _mm512_shuffle_i32x4(t[k], t[k + 8], 0x88);
        g[k + 8] = _mm512_shuffle_i32x4(t[k], t[k + 8], 0xdd);
    }
}

/* A tile of 16 rows of y and two lines, each of which goes past the caches from the registers. */
__attribute__((target(TP__TARGET_AVX512))) static void send_16(uint32_t *y, int64_t ldy, const uint32_t *x, int64_t ldx)
{
    enum { N = 16 };
    for (int j = 0; j < 2 * N; j += N) {
        __m512i g[N];
        TP__UNROLLED for (int k = 0; k < N; k++) g[k] = _mm512_loadu_si512(x + (j + k) * ldx);
        turn_16(g);
        TP__UNROLLED for (int k = 0; k < N; k++) _mm512_stream_si512((__m512i *)(void *)(y + k * ldy + j), g[k]);
    }
}
static bool can_send(int64_t item) { return item == 4 && tp__simd_level() == TP__SIMD_AVX512; }
#else
static void send_16(uint32_t *y, int64_t ldy, const uint32_t *x, int64_t ldx) { (void)y, (void)ldy, (void)x, (void)ldx; }
static bool can_send(int64_t item) { return item < 0; }
#endif

static void ask_for(const char *x, int64_t step, int64_t rows, int64_t bytes)
{
    for (int64_t r = 0; r < rows; r++) tp__ask_for(x + r * step, bytes);
}

typedef void tile_fn(void *y, int64_t ldy, const void *x, int64_t ldx, int64_t rows, int64_t columns);

/* Where all rows of y begin at the same place of a line. */
static void stream_strips(tile_fn *tile, char *y, int64_t ldy, const char *x, int64_t ldx, int64_t rows, int64_t columns, int64_t item)
{
    enum { MOST = 2 * TP__LINE, COLUMNS = 32, AHEAD = 4 };               /* bytes of a row of y in a tile; its columns; what is asked for, in tiles */
    const int64_t across = COLUMNS * item > MOST ? MOST / item : COLUMNS * item < TP__LINE ? TP__LINE / item : COLUMNS;
    const int64_t down = TP__LINE / item, all = (rows + down - 1) / down * down, head = tp__to_line(y) / item;
    const int64_t ahead = (across > COLUMNS ? AHEAD / 2 : AHEAD) * down;
    const bool sends = can_send(item);
    tp__lines_fn *const lines = tp__stream_lines();
    _Alignas(TP__LINE) char block[MOST * TP__LINE];
    int64_t j = head < columns ? head : columns;
    tile(y, ldy, x, ldx, rows, j);
    for (; j + across <= columns; j += across)
        for (int64_t i = 0; i < rows; i += down) {
            const int64_t h = rows - i < down ? rows - i : down, next = j + (i + ahead) / all * across;
            const char *from = x + (j * ldx + i) * item, *soon = x + (next * ldx + (i + ahead) % all) * item;
            char *to = y + (i * ldy + j) * item;
            if (next + across <= columns)
                for (int64_t r = 0; r < across; r++) __builtin_prefetch(soon + r * ldx * item, 0, 2);
            if (sends && h == down) {
                send_16((uint32_t *)(void *)to, ldy, (const uint32_t *)(const void *)from, ldx);
                continue;
            }
            tile(block, across, from, ldx, h, across);
            for (int64_t r = 0; r < h; r++) lines(to + r * ldy * item, block + r * across * item, across * item);
        }
    tile(y + j * item, ldy, x + j * ldx * item, ldx, rows, columns - j);
}

void tp__transpose(char *y, int64_t ldy, const char *x, int64_t ldx, int64_t rows, int64_t columns, int64_t item, bool streams)
{
    tile_fn *const tile = item == 1 ? tile_u8 : item == 2 ? tile_u16 : item == 4 ? tile_u32 : tile_u64;
    if (streams && ldy * item % TP__LINE == 0) {
        stream_strips(tile, y, ldy, x, ldx, rows, columns, item);
        return;
    }
    const int64_t across = TILE_BYTES / SIDE / item < SIDE ? TILE_BYTES / SIDE / item : SIDE;        /* columns of y in a tile */
    _Alignas(64) char block[TILE_BYTES];
    for (int64_t i = 0; i < rows; i += SIDE) {
        const int64_t down = rows - i < SIDE ? rows - i : SIDE;
        for (int64_t j = 0, w; j < columns; j += w) {
            const char *from = x + (j * ldx + i) * item;
            char *to = y + (i * ldy + j) * item;
            w = columns - j < across ? columns - j : across;
            if (!streams) {
                tile(to, ldy, from, ldx, down, w);
                continue;
            }
            if (columns - j - w > 0) ask_for(from + w * ldx * item, ldx * item, columns - j - w < across ? columns - j - w : across, down * item);
            tile(block, across, from, ldx, down, w);
            for (int64_t r = 0; r < down; r++) tp__stream(to + r * ldy * item, block + r * across * item, w * item);
        }
    }
}
