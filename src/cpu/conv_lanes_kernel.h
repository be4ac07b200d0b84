/* conv_lanes_kernel.h: the kernels of conv_lanes.c for one instruction set. Included after vec_f32.h, with
 *
 *   ROWS                    output channels of a tile of y, by three positions: ROWS * 3 accumulators
 *   CHANNELS, TAPS          a tile of dw */

#define WIDE 3

/* ---- Images to lanes and back ---------------------------------------------------------------------------------------------- */

static void FOR(lanes_in)(float *to, const float *from, int64_t image, int valid, int64_t count)
{
    for (int first = 0; first < LANES; first += GROUP) {
        const float *x = from + first * image;
        const int here = valid - first < 0 ? 0 : valid - first < GROUP ? valid - first : GROUP;
        int64_t p = 0;
        for (; here == GROUP && p + GROUP <= count; p += GROUP) {
            G g[GROUP];
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(&g[i], x + i * image + p, sizeof(G));
            TRANSPOSE(g);
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(to + (p + i) * LANES + first, &g[i], sizeof(G));
        }
        for (; p < count; p++)
            for (int i = 0; i < GROUP; i++) to[p * LANES + first + i] = i < here ? x[i * image + p] : 0;
    }
}

static void FOR(lanes_out)(float *to, int64_t image, int valid, const float *from, int64_t count)
{
    for (int first = 0; first < valid; first += GROUP) {
        float *y = to + first * image;
        const int here = valid - first < GROUP ? valid - first : GROUP;
        int64_t p = 0;
        for (; here == GROUP && p + GROUP <= count; p += GROUP) {
            G g[GROUP];
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(&g[i], from + (p + i) * LANES + first, sizeof(G));
            TRANSPOSE(g);
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(y + i * image + p, &g[i], sizeof(G));
        }
        for (; p < count; p++)
            for (int i = 0; i < here; i++) y[i * image + p] = from[p * LANES + first + i];
    }
}

/* ---- A row of y ---------------------------------------------------------------------------------------------------------------- */

static TP__INLINE void FOR(lanes_tile)(const tp__lanes_row *t, int64_t j, const int rows, const int wide)
{
    V acc[ROWS][WIDE];
    TP__UNROLLED for (int r = 0; r < rows; r++) {
        const V start = SET1(t->bias ? t->bias[r] : 0);
        TP__UNROLLED for (int v = 0; v < wide; v++) acc[r][v] = start;
    }
    const float *x = t->x + j * t->step, *w = t->w;
    const int64_t step = t->step;
    for (int64_t k = 0; k < t->k; k++, w += ROWS) {
        const float *from = x + t->offset[k];
        V xv[WIDE];
        TP__UNROLLED for (int v = 0; v < wide; v++) xv[v] = LOAD(from + v * step);
        TP__UNROLLED for (int r = 0; r < rows; r++) {
            const V wv = SET1(w[r]);
            TP__UNROLLED for (int v = 0; v < wide; v++) acc[r][v] = FMA(wv, xv[v], acc[r][v]);
        }
    }
    TP__UNROLLED for (int r = 0; r < rows; r++) {
        float *y = t->y + r * t->channel + j * LANES;
        TP__UNROLLED for (int v = 0; v < wide; v++) STORE(y + v * LANES, acc[r][v]);
    }
}

#define LANES_ROWS(rows) static void FOR(lanes_row_##rows)(const tp__lanes_row *t) \
    { \
        int64_t j = 0; \
        for (; j + 3 <= t->count; j += 3) FOR(lanes_tile)(t, j, rows, 3); \
        if (t->count - j == 2) FOR(lanes_tile)(t, j, rows, 2); \
        else if (t->count - j == 1) FOR(lanes_tile)(t, j, rows, 1); \
    }
LANES_ROWS(1) LANES_ROWS(2) LANES_ROWS(3) LANES_ROWS(4)
#if ROWS > 4
LANES_ROWS(5) LANES_ROWS(6) LANES_ROWS(7) LANES_ROWS(8)
#endif

static void FOR(lanes_row)(const tp__lanes_row *t)
{
    static void (*const by_rows[ROWS])(const tp__lanes_row *) = {
        FOR(lanes_row_1), FOR(lanes_row_2), FOR(lanes_row_3), FOR(lanes_row_4),
#if ROWS > 4
        FOR(lanes_row_5), FOR(lanes_row_6), FOR(lanes_row_7), FOR(lanes_row_8),
#endif
    };
    by_rows[t->rows - 1](t);
}

/* ---- A tile of dw --------------------------------------------------------------------------------------------------------------- */

static TP__INLINE void FOR(lanes_weight_tile)(const tp__lanes_taps *t, const int channels, const int taps)
{
    V acc[CHANNELS][TAPS];
    TP__UNROLLED for (int r = 0; r < channels; r++) {
        TP__UNROLLED for (int s = 0; s < taps; s++) acc[r][s] = SET1(0);
    }
    const int64_t step = t->step, channel = t->dy_channel;
    for (int64_t i = 0; i < t->height; i++) {
        const float *dy = t->dy + i * t->dy_row, *x[TAPS];
        TP__UNROLLED for (int s = 0; s < taps; s++) x[s] = t->x + i * t->x_row + t->offset[s];
        for (int64_t j = 0, at = 0; j < t->count; j++, dy += LANES, at += step) {
            V g[CHANNELS];
            TP__UNROLLED for (int r = 0; r < channels; r++) g[r] = LOAD(dy + r * channel);
            TP__UNROLLED for (int s = 0; s < taps; s++) {
                const V xv = LOAD(x[s] + at);
                TP__UNROLLED for (int r = 0; r < channels; r++) acc[r][s] = FMA(g[r], xv, acc[r][s]);
            }
        }
    }
    TP__UNROLLED for (int r = 0; r < channels; r++) {
        TP__UNROLLED for (int s = 0; s < taps; s++) t->dw[r * taps + s] = SUM(acc[r][s]);
    }
}

#define LANES_TAPS(channels) static void FOR(lanes_weight_##channels)(const tp__lanes_taps *t) \
    { \
        switch (t->taps) { \
        case 1: FOR(lanes_weight_tile)(t, channels, 1); break; \
        case 2: FOR(lanes_weight_tile)(t, channels, 2); break; \
        LANES_MORE_TAPS(channels) \
        default: break; \
        } \
    }
#if TAPS > 2
#define LANES_MORE_TAPS(channels) \
        case 3: FOR(lanes_weight_tile)(t, channels, 3); break; \
        case 4: FOR(lanes_weight_tile)(t, channels, 4); break; \
        case 5: FOR(lanes_weight_tile)(t, channels, 5); break; \
        case 6: FOR(lanes_weight_tile)(t, channels, 6); break;
#else
#define LANES_MORE_TAPS(channels)
#endif
LANES_TAPS(1) LANES_TAPS(2) LANES_TAPS(3) LANES_TAPS(4)

static void FOR(lanes_weight)(const tp__lanes_taps *t)
{
    static void (*const by_channels[CHANNELS])(const tp__lanes_taps *) = { FOR(lanes_weight_1), FOR(lanes_weight_2), FOR(lanes_weight_3),
                                                                           FOR(lanes_weight_4) };
    by_channels[t->channels - 1](t);
}

const tp__lanes_kernels FOR(tp__lanes) = { LANES, ROWS, CHANNELS, TAPS, FOR(lanes_in), FOR(lanes_out), FOR(lanes_row), FOR(lanes_weight) };
