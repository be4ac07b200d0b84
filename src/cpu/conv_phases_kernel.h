/* conv_phases_kernel.h: the kernels of conv_phases.h for one instruction set. Included after vec_f32.h, with
 *
 *   ROWS                    output channels of a tile of y, by three vectors of columns: ROWS * 3 accumulators
 *   CHANNELS, TAPS          a tile of dw */

#define WIDE 3
#ifdef __AVX512F__
#define STORE_PAST(p, v) _mm512_stream_ps(p, v)
#else
#define STORE_PAST(p, v) STORE(p, v)                   /* less than a line at a time would be slower */
#endif

/* ---- A row of y ------------------------------------------------------------------------------------------------------------------------ */

static TP__INLINE void FOR(phase_tile)(const tp__phase_row *t, int64_t j, const int wide)
{
    V acc[ROWS][WIDE];
    TP__UNROLLED for (int r = 0; r < ROWS; r++) {
        const V start = SET1(t->bias ? t->bias[r] : 0);
        TP__UNROLLED for (int v = 0; v < wide; v++) acc[r][v] = start;
    }
    const float *x = t->x + j, *w = t->w;
    for (int64_t k = 0; k < t->k; k++, w += ROWS) {
        const float *from = x + t->offset[k];
        V xv[WIDE];
        TP__UNROLLED for (int v = 0; v < wide; v++) xv[v] = LOAD(from + v * LANES);
        TP__UNROLLED for (int r = 0; r < ROWS; r++) {
            const V wv = SET1(w[r]);
            TP__UNROLLED for (int v = 0; v < wide; v++) acc[r][v] = FMA(wv, xv[v], acc[r][v]);
        }
    }
    const int64_t left = t->cols - j - (wide - 1) * LANES;             /* columns of the last vector */
    TP__UNROLLED for (int r = 0; r < ROWS; r++) {
        if (r == t->rows) break;
        float *y = t->y + r * t->channel + j;
        TP__UNROLLED for (int v = 0; v < wide; v++) {
            if (t->past) STORE_PAST(y + v * LANES, acc[r][v]);
            else if (v + 1 < wide || left >= LANES) STORE(y + v * LANES, acc[r][v]);
            else STORE_PART(y + v * LANES, acc[r][v], (int)left);
        }
    }
}

static void FOR(phase_tile_3)(const tp__phase_row *t, int64_t j) { FOR(phase_tile)(t, j, 3); }
static void FOR(phase_tile_2)(const tp__phase_row *t, int64_t j) { FOR(phase_tile)(t, j, 2); }
static void FOR(phase_tile_1)(const tp__phase_row *t, int64_t j) { FOR(phase_tile)(t, j, 1); }

/* One vector alone has few sums under way, so four are two and two. */
static void FOR(phase_row)(const tp__phase_row *t)
{
    int64_t j = 0, left = (t->cols + LANES - 1) / LANES;
    for (; left == 3 || left > 4; left -= 3, j += 3 * LANES) FOR(phase_tile_3)(t, j);
    for (; left >= 2; left -= 2, j += 2 * LANES) FOR(phase_tile_2)(t, j);
    if (left) FOR(phase_tile_1)(t, j);
}

/* ---- A tile of dw ---------------------------------------------------------------------------------------------------------------------- */

#define ADD_TAPS(load) do { \
        V g[CHANNELS]; \
        TP__UNROLLED for (int r = 0; r < CHANNELS; r++) g[r] = load(t->dy[r] + at); \
        TP__UNROLLED for (int s = 0; s < TAPS; s++) { \
            const V xv = load(x[s] + j); \
            TP__UNROLLED for (int r = 0; r < CHANNELS; r++) acc[r][s] = FMA(g[r], xv, acc[r][s]); \
        } \
    } while (0)
#define LOAD_LEFT(p) LOAD_PART(p, part)

static void FOR(phase_weight)(const tp__phase_weight *t)
{
    V acc[CHANNELS][TAPS];
    TP__UNROLLED for (int r = 0; r < CHANNELS; r++) {
        TP__UNROLLED for (int s = 0; s < TAPS; s++) acc[r][s] = SET1(0);
    }
    const int64_t whole = t->cols / LANES * LANES;
    const int part = (int)(t->cols - whole);
    for (int64_t i = 0; i < t->rows; i++) {
        const float *x[TAPS];
        int64_t at = i * t->cols, j = 0;
        TP__UNROLLED for (int s = 0; s < TAPS; s++) x[s] = t->x + i * t->x_row + t->offset[s];
        for (; j < whole; j += LANES, at += LANES) ADD_TAPS(LOAD);
        if (part) ADD_TAPS(LOAD_LEFT);
    }
    TP__UNROLLED for (int r = 0; r < CHANNELS; r++) {
        TP__UNROLLED for (int s = 0; s < TAPS; s++) t->dw[r * TAPS + s] = SUM(acc[r][s]);
    }
}

const tp__phase_kernels FOR(tp__phases) = { LANES, ROWS, CHANNELS, TAPS, FOR(phase_row), FOR(phase_weight) };
