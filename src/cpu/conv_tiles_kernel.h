/* conv_tiles_kernel.h: the kernels of conv_tiles.h for one instruction set. Included after vec_f32.h, with
 *
 *   VECTORS          vectors of a strip of w: TP__DOT_ROWS * VECTORS accumulators
 *   OUTER_VECTORS    vectors of an outer tile: TP__OUTER_ROWS * OUTER_VECTORS accumulators */

/* ---- Dot products ---------------------------------------------------------------------------------------------------------------- */

static TP__INLINE void FOR(dot_body)(const tp__dot_tile *t, const int rows, const int vectors)
{
    V acc[TP__DOT_ROWS][VECTORS];
    const float *x[TP__DOT_ROWS], *w = t->w;
    TP__UNROLLED for (int r = 0; r < rows; r++) {
        x[r] = t->x + r * t->x_row;
        TP__UNROLLED for (int v = 0; v < vectors; v++) acc[r][v] = SET1(0);
    }
    for (int64_t k = 0; k < t->length; k++, w += vectors * LANES) {
        V wv[VECTORS];
        TP__UNROLLED for (int v = 0; v < vectors; v++) wv[v] = LOAD(w + v * LANES);
        TP__UNROLLED for (int r = 0; r < rows; r++) {
            const V xv = SET1(x[r][k]);
            TP__UNROLLED for (int v = 0; v < vectors; v++) acc[r][v] = FMA(xv, wv[v], acc[r][v]);
        }
    }
    TP__UNROLLED for (int r = 0; r < rows; r++) {
        TP__UNROLLED for (int v = 0; v < vectors; v++) {
            float *y = t->y + r * t->y_row + v * LANES;
            if (t->accumulate) acc[r][v] += LOAD(y);
            STORE(y, acc[r][v]);
        }
    }
}

#if VECTORS == 4
#define MORE_VECTORS(rows) case 3: FOR(dot_body)(t, rows, 3); break; case 4: FOR(dot_body)(t, rows, 4); break;
#else
#define MORE_VECTORS(rows)
#endif
#define DOT_ROWS(rows) static void FOR(dot_##rows)(const tp__dot_tile *t) \
    { \
        switch (t->vectors) { \
        case 1: FOR(dot_body)(t, rows, 1); break; \
        case 2: FOR(dot_body)(t, rows, 2); break; \
        MORE_VECTORS(rows) \
        default: break; \
        } \
    }
DOT_ROWS(1) DOT_ROWS(2) DOT_ROWS(3) DOT_ROWS(4) DOT_ROWS(5) DOT_ROWS(6)

static void FOR(dot)(const tp__dot_tile *t)
{
    static void (*const by_rows[TP__DOT_ROWS])(const tp__dot_tile *) = { FOR(dot_1), FOR(dot_2), FOR(dot_3), FOR(dot_4), FOR(dot_5), FOR(dot_6) };
    by_rows[t->rows - 1](t);
}

/* ---- Outer products ---------------------------------------------------------------------------------------------------------------- */

/* So many products are summed up before they are added to what is there: rounding grows less. */
enum { FOR(chain) = 128 };

static TP__INLINE void FOR(outer_body)(const tp__outer_tile *t, const int rows, const int vectors)
{
    const float *a = t->a, *x = t->x;
    for (int64_t left = t->count; left > 0; left -= FOR(chain)) {
        V acc[TP__OUTER_ROWS][OUTER_VECTORS];
        TP__UNROLLED for (int r = 0; r < rows; r++) {
            TP__UNROLLED for (int v = 0; v < vectors; v++) acc[r][v] = SET1(0);
        }
        const int64_t count = left < FOR(chain) ? left : FOR(chain);
        for (int64_t p = 0; p < count; p++, a += t->a_step, x += t->x_step) {
            V xv[OUTER_VECTORS];
            TP__UNROLLED for (int v = 0; v < vectors; v++) xv[v] = LOAD(x + v * LANES);
            TP__UNROLLED for (int r = 0; r < rows; r++) {
                const V av = SET1(a[r]);
                TP__UNROLLED for (int v = 0; v < vectors; v++) acc[r][v] = FMA(av, xv[v], acc[r][v]);
            }
        }
        TP__UNROLLED for (int r = 0; r < rows; r++) {
            TP__UNROLLED for (int v = 0; v < vectors; v++) {
                float *dw = t->dw + r * t->dw_row + v * LANES;
                STORE(dw, LOAD(dw) + acc[r][v]);
            }
        }
    }
}

#if OUTER_VECTORS == 3
#define MORE_OUTER(rows) case 2: FOR(outer_body)(t, rows, 2); break; case 3: FOR(outer_body)(t, rows, 3); break;
#else
#define MORE_OUTER(rows)
#endif
#define OUTER_ROWS(rows) static void FOR(outer_##rows)(const tp__outer_tile *t) \
    { \
        switch (t->vectors) { \
        case 1: FOR(outer_body)(t, rows, 1); break; \
        MORE_OUTER(rows) \
        default: break; \
        } \
    }
OUTER_ROWS(1) OUTER_ROWS(2) OUTER_ROWS(3) OUTER_ROWS(4) OUTER_ROWS(5) OUTER_ROWS(6) OUTER_ROWS(7) OUTER_ROWS(8)

static void FOR(outer)(const tp__outer_tile *t)
{
    static void (*const by_rows[TP__OUTER_ROWS])(const tp__outer_tile *) = { FOR(outer_1), FOR(outer_2), FOR(outer_3), FOR(outer_4), FOR(outer_5),
                                                                             FOR(outer_6), FOR(outer_7), FOR(outer_8) };
    by_rows[t->rows - 1](t);
}

/* ---- Layouts --------------------------------------------------------------------------------------------------------------------------- */

static void FOR(channels_in)(float *to, int64_t row, const float *from, int64_t plane, int64_t step, int64_t channels, int64_t padded, int64_t count)
{
    int64_t c = 0;
    if (plane == 1) {
        for (int64_t p = 0; p < count; p++) memcpy(to + p * row, from + p * step, (size_t)channels * sizeof(float));
        c = channels;
    }
    for (; step == 1 && c + GROUP <= channels; c += GROUP) {
        const float *x = from + c * plane;
        int64_t p = 0;
        for (; p + GROUP <= count; p += GROUP) {
            G g[GROUP];
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(&g[i], x + i * plane + p, sizeof(G));
            TRANSPOSE(g);
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(to + (p + i) * row + c, &g[i], sizeof(G));
        }
        for (; p < count; p++)
            for (int i = 0; i < GROUP; i++) to[p * row + c + i] = x[i * plane + p];
    }
    if (c == padded) return;
    for (int64_t p = 0; p < count; p++) {
        for (int64_t i = c; i < channels; i++) to[p * row + i] = from[i * plane + p * step];
        for (int64_t i = channels; i < padded; i++) to[p * row + i] = 0;
    }
}

static void FOR(channels_out)(float *to, int64_t plane, int64_t step, const float *from, int64_t row, int64_t channels, int64_t count, const float *bias)
{
    int64_t c = 0;
    for (int64_t p = 0; p < count && plane == 1; p++)
        for (int64_t i = 0; i < channels; i++) to[p * step + i] = from[p * row + i] + (bias ? bias[i] : 0);
    if (plane == 1) return;
    for (; step == 1 && c + GROUP <= channels; c += GROUP) {
        float *y = to + c * plane;
        int64_t p = 0;
        for (; p + GROUP <= count; p += GROUP) {
            G g[GROUP];
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(&g[i], from + (p + i) * row + c, sizeof(G));
            TRANSPOSE(g);
            if (bias) {
                TP__UNROLLED for (int i = 0; i < GROUP; i++) g[i] += bias[c + i];
            }
            TP__UNROLLED for (int i = 0; i < GROUP; i++) memcpy(y + i * plane + p, &g[i], sizeof(G));
        }
        for (; p < count; p++)
            for (int i = 0; i < GROUP; i++) y[i * plane + p] = from[p * row + c + i] + (bias ? bias[c + i] : 0);
    }
    for (; c < channels; c++)
        for (int64_t p = 0; p < count; p++) to[c * plane + p * step] = from[p * row + c] + (bias ? bias[c] : 0);
}

/* ---- Winograd: F(2 x 2, 3 x 3) -------------------------------------------------------------------------------------------------- */

/* y = A' ((G w G') . (B' x B)) A by polynomials at 0, 1, -1 and infinity. Each function does one side of a product. */
static TP__INLINE void FOR(side_in)(const V x[4], V t[4])                /* B' */
{
    t[0] = x[0] - x[2];
    t[1] = x[1] + x[2];
    t[2] = x[2] - x[1];
    t[3] = x[3] - x[1];
}
static TP__INLINE void FOR(side_out)(const V m[4], V y[2])               /* A' */
{
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = (m[1] - m[2]) + m[3];
}
static TP__INLINE void FOR(side_gradient)(const V y[2], V z[4])          /* A */
{
    z[0] = y[0];
    z[1] = y[0] + y[1];
    z[2] = y[0] - y[1];
    z[3] = y[1];
}
static TP__INLINE void FOR(side_kernel)(const V w[3], V u[4])            /* G */
{
    const V half = SET1(0.5f), even = (w[0] + w[2]) * half, odd = w[1] * half;
    u[0] = w[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = w[2];
}
static TP__INLINE void FOR(side_kernel_back)(const V p[4], V w[3])       /* G' */
{
    const V half = SET1(0.5f), even = (p[1] + p[2]) * half;
    w[0] = p[0] + even;
    w[1] = (p[1] - p[2]) * half;
    w[2] = even + p[3];
}

static void FOR(tile_in)(float *to, int64_t matrix, const float *x, int64_t x_row, int64_t x_col, int64_t channels)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        V t[4][4];
        TP__UNROLLED for (int j = 0; j < 4; j++) {
            V column[4], done[4];
            TP__UNROLLED for (int i = 0; i < 4; i++) column[i] = LOAD(x + i * x_row + j * x_col + c);
            FOR(side_in)(column, done);
            TP__UNROLLED for (int i = 0; i < 4; i++) t[i][j] = done[i];
        }
        TP__UNROLLED for (int i = 0; i < 4; i++) {
            V done[4];
            FOR(side_in)(t[i], done);
            TP__UNROLLED for (int j = 0; j < 4; j++) STORE(to + (i * 4 + j) * matrix + c, done[j]);
        }
    }
}

static void FOR(tile_out)(float *y, int64_t y_row, int64_t y_col, const float *from, int64_t matrix, int64_t channels, float *not_finite)
{
    V bad = LOAD(not_finite);
    for (int64_t c = 0; c < channels; c += LANES) {
        V t[2][4], sum = SET1(0);
        TP__UNROLLED for (int j = 0; j < 4; j++) {
            V column[4], done[2];
            TP__UNROLLED for (int i = 0; i < 4; i++) column[i] = LOAD(from + (i * 4 + j) * matrix + c);
            FOR(side_out)(column, done);
            TP__UNROLLED for (int i = 0; i < 2; i++) t[i][j] = done[i];
        }
        TP__UNROLLED for (int i = 0; i < 2; i++) {
            V done[2];
            FOR(side_out)(t[i], done);
            TP__UNROLLED for (int j = 0; j < 2; j++) {
                sum += done[j];
                STORE(y + i * y_row + j * y_col + c, done[j]);
            }
        }
        bad += sum - sum;                              /* NaN for good if one of them is not finite */
    }
    STORE(not_finite, bad);
}

static void FOR(tile_gradient)(float *to, int64_t matrix, const float *dy, int64_t y_row, int64_t y_col, int64_t channels)
{
    for (int64_t c = 0; c < channels; c += LANES) {
        V t[4][2];
        TP__UNROLLED for (int j = 0; j < 2; j++) {
            V column[2], done[4];
            TP__UNROLLED for (int i = 0; i < 2; i++) column[i] = LOAD(dy + i * y_row + j * y_col + c);
            FOR(side_gradient)(column, done);
            TP__UNROLLED for (int i = 0; i < 4; i++) t[i][j] = done[i];
        }
        TP__UNROLLED for (int i = 0; i < 4; i++) {
            V done[4];
            FOR(side_gradient)(t[i], done);
            TP__UNROLLED for (int j = 0; j < 4; j++) STORE(to + (i * 4 + j) * matrix + c, done[j]);
        }
    }
}

static void FOR(kernel_in)(float *to, int64_t matrix, const float *w, int64_t step)
{
    V t[4][3];
    TP__UNROLLED for (int j = 0; j < 3; j++) {
        V column[3], done[4];
        TP__UNROLLED for (int i = 0; i < 3; i++) column[i] = LOAD(w + (i * 3 + j) * step);
        FOR(side_kernel)(column, done);
        TP__UNROLLED for (int i = 0; i < 4; i++) t[i][j] = done[i];
    }
    TP__UNROLLED for (int i = 0; i < 4; i++) {
        V done[4];
        FOR(side_kernel)(t[i], done);
        TP__UNROLLED for (int j = 0; j < 4; j++) STORE(to + (i * 4 + j) * matrix, done[j]);
    }
}

static void FOR(kernel_out)(float *dw, const float *from, int64_t matrix, float *not_finite)
{
    V t[3][4], sum = SET1(0);
    TP__UNROLLED for (int j = 0; j < 4; j++) {
        V column[4], done[3];
        TP__UNROLLED for (int i = 0; i < 4; i++) column[i] = LOAD(from + (i * 4 + j) * matrix);
        FOR(side_kernel_back)(column, done);
        TP__UNROLLED for (int i = 0; i < 3; i++) t[i][j] = done[i];
    }
    TP__UNROLLED for (int i = 0; i < 3; i++) {
        V done[3];
        FOR(side_kernel_back)(t[i], done);
        TP__UNROLLED for (int j = 0; j < 3; j++) {
            sum += done[j];
            STORE(dw + (i * 3 + j) * LANES, done[j]);
        }
    }
    STORE(not_finite, LOAD(not_finite) + (sum - sum));
}

const tp__conv_kernels FOR(tp__conv) = { LANES, VECTORS, OUTER_VECTORS, FOR(dot), FOR(outer), FOR(channels_in), FOR(channels_out), FOR(tile_in),
    FOR(tile_out), FOR(tile_gradient), FOR(kernel_in), FOR(kernel_out) };
