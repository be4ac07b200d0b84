/* conv_planes_kernel.h: the kernels of conv_planes.h for one instruction set. Included after vec_f32.h. */

static void FOR(plane_copy)(float *to, int64_t to_row, const float *from, int64_t from_row, int64_t rows, int64_t cols)
{
    const int64_t whole = cols / LANES * LANES;
    for (int64_t i = 0; i < rows; i++, to += to_row, from += from_row) {
        for (int64_t j = 0; j < whole; j += LANES) STORE(to + j, LOAD(from + j));
        if (whole < cols) STORE_PART(to + whole, LOAD_PART(from + whole, (int)(cols - whole)), (int)(cols - whole));
    }
}

/* ---- y, some rows and one vector of columns at a time ---------------------------------------------------------------------------------- */

enum { FOR(PLANE_ROWS) = 4 };

static TP__INLINE void FOR(plane_start)(const tp__plane *t, V *acc, int64_t i, int64_t j, const int rows, int part)
{
    TP__UNROLLED for (int r = 0; r < rows; r++) acc[r] = t->accumulate ? LOAD_PART(t->y + (i + r) * t->cols + j, part) : SET1(t->bias);
}
static TP__INLINE void FOR(plane_end)(const tp__plane *t, const V *acc, int64_t i, int64_t j, const int rows, int part)
{
    TP__UNROLLED for (int r = 0; r < rows; r++) {
        float *y = t->y + (i + r) * t->cols + j;
        if (part == LANES) STORE(y, acc[r]);
        else STORE_PART(y, acc[r], part);
    }
}

static TP__INLINE void FOR(plane_any)(const tp__plane *t, int64_t i, int64_t j, const int rows, int part)
{
    V acc[FOR(PLANE_ROWS)];
    FOR(plane_start)(t, acc, i, j, rows, part);
    const float *x = t->x + i * t->x_step + j;
    for (int k = 0; k < t->taps; k++) {
        const V w = SET1(t->w[k]);
        TP__UNROLLED for (int r = 0; r < rows; r++) acc[r] = FMA(w, LOAD(x + t->offset[k] + r * t->x_step), acc[r]);
    }
    FOR(plane_end)(t, acc, i, j, rows, part);
}

/* 3x3 whose taps are neighbours: a row of x serves three rows of y. Sums in the same order. */
static TP__INLINE void FOR(plane_3x3)(const tp__plane *t, int64_t i, int64_t j, const int rows, int part)
{
    V acc[FOR(PLANE_ROWS)], w[9];
    FOR(plane_start)(t, acc, i, j, rows, part);
    TP__UNROLLED for (int k = 0; k < 9; k++) w[k] = SET1(t->w[k]);
    const float *x = t->x + t->offset[0] + i * t->x_step + j;
    TP__UNROLLED for (int r = 0; r < rows + 2; r++) {
        TP__UNROLLED for (int q = 0; q < 3; q++) {
            const V xv = LOAD(x + r * t->x_step + q);
            TP__UNROLLED for (int p = 2; p >= 0; p--)
                if (r >= p && r - p < rows) acc[r - p] = FMA(w[p * 3 + q], xv, acc[r - p]);
        }
    }
    FOR(plane_end)(t, acc, i, j, rows, part);
}

static void FOR(plane)(const tp__plane *t)
{
    for (int64_t j = 0; j < t->cols; j += LANES) {
        const int part = t->cols - j < LANES ? (int)(t->cols - j) : LANES;
        int64_t i = 0;
        if (t->near) {
            for (; i + 4 <= t->rows; i += 4) FOR(plane_3x3)(t, i, j, 4, part);
            for (; i < t->rows; i++) FOR(plane_3x3)(t, i, j, 1, part);
        } else {
            for (; i + 4 <= t->rows; i += 4) FOR(plane_any)(t, i, j, 4, part);
            for (; i < t->rows; i++) FOR(plane_any)(t, i, j, 1, part);
        }
    }
}

/* ---- dw, some taps at a time -------------------------------------------------------------------------------------------------------------- */

/* Columns beyond the last count for nothing, whatever x has there. */
static TP__INLINE void FOR(plane_taps)(const tp__plane_weight *t, int first, const int taps)
{
    V acc[9];
    TP__UNROLLED for (int k = 0; k < taps; k++) acc[k] = LOAD(t->sums + (first + k) * LANES);
    const int64_t whole = t->cols / LANES * LANES;
    const int part = (int)(t->cols - whole);
    const int64_t *offset = t->offset + first;
    for (int64_t i = 0; i < t->rows; i++) {
        const float *x = t->x + i * t->x_step, *dy = t->dy + i * t->cols;
        for (int64_t j = 0; j < whole; j += LANES) {
            const V g = LOAD(dy + j);
            TP__UNROLLED for (int k = 0; k < taps; k++) acc[k] = FMA(g, LOAD(x + offset[k] + j), acc[k]);
        }
        if (part) {
            const V g = LOAD_PART(dy + whole, part);
            TP__UNROLLED for (int k = 0; k < taps; k++) acc[k] = FMA(g, LOAD_PART(x + offset[k] + whole, part), acc[k]);
        }
    }
    TP__UNROLLED for (int k = 0; k < taps; k++) STORE(t->sums + (first + k) * LANES, acc[k]);
}

static void FOR(plane_weight)(const tp__plane_weight *t)
{
    int k = 0;
    for (; k + 9 <= t->taps; k += 9) FOR(plane_taps)(t, k, 9);
    for (; k + 3 <= t->taps; k += 3) FOR(plane_taps)(t, k, 3);
    for (; k < t->taps; k++) FOR(plane_taps)(t, k, 1);
}

static float FOR(plane_sum)(const float *sums) { return SUM(LOAD(sums)); }

const tp__plane_kernels FOR(tp__planes) = { LANES, FOR(plane_copy), FOR(plane), FOR(plane_weight), FOR(plane_sum) };
