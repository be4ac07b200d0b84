/* gemm_kernel.h: the kernels of a matrix product, for one instruction set and dtype. Included after vec_f32.h or vec_f64.h
 * have said what a vector is, and MR and NV how large a full tile: MR rows of NV vectors, with all accumulators in registers.
 * GROUP divides MR and NV * LANES.
 *
 * Every element of C is one chain of FMAs over k in order whichever tile it falls into, so how C is cut changes no bit. */

#define UNROLLED TP__UNROLLED
#define NR (NV * LANES)

/* ---- Packing ---------------------------------------------------------------------------------------------------------- */

static TP__INLINE void FOR(pack_adjacent)(T *dst, const int width, const T *src, int64_t deep, int64_t k)
{
    for (int64_t p = 0; p < k; p++) memcpy(dst + p * width, src + p * deep, (size_t)width * sizeof(T));
}

/* GROUP rows whose elements are adjacent along k. */
static void FOR(pack_group)(T *dst, int width, const T *src, int64_t along, int64_t k)
{
    int64_t p = 0;
    for (; p + GROUP <= k; p += GROUP) {
        G g[GROUP];
        UNROLLED for (int i = 0; i < GROUP; i++) memcpy(&g[i], src + i * along + p, sizeof(G));
        TRANSPOSE(g);
        UNROLLED for (int i = 0; i < GROUP; i++) memcpy(dst + (p + i) * width, &g[i], sizeof(G));
    }
    for (; p < k; p++)
        for (int i = 0; i < GROUP; i++) dst[p * width + i] = src[i * along + p];
}

static void FOR(pack_any)(T *dst, int width, const T *src, int64_t along, int64_t deep, int from, int valid, int64_t k)
{
    for (int64_t p = 0; p < k; p++) {
        for (int i = from; i < valid; i++) dst[p * width + i] = src[i * along + p * deep];
        for (int i = valid; i < width; i++) dst[p * width + i] = 0;
    }
}

#define PIECE 128
static void FOR(pack)(void *to, int width, const void *from, int64_t along, int64_t deep, int valid, int64_t k)
{
    T *dst = to;
    const T *src = from;
    int done = 0;
    if (along == 1 && valid == width) {
        if (width == NR) FOR(pack_adjacent)(dst, NR, src, deep, k);
        else if (width == MR) FOR(pack_adjacent)(dst, MR, src, deep, k);
        else FOR(pack_adjacent)(dst, width, src, deep, k);
        return;
    }
    if (deep == 1)                                     /* piece by piece, so that the lines which several groups fill stay in the first cache */
        for (int64_t p = 0; p < k; p += PIECE)
            for (done = 0; done + GROUP <= valid; done += GROUP)
                FOR(pack_group)(dst + p * width + done, width, src + done * along + p, along, k - p < PIECE ? k - p : PIECE);
    if (done < width) FOR(pack_any)(dst, width, src, along, deep, done, valid, k);
}

/* ---- A tile of C: rows x nv vectors ------------------------------------------------------------------------------------- */

typedef struct FOR(place) { const T *a, *b; int64_t k; T *c; int64_t ldc; const T *bias_col, *bias_row; bool accumulate;
                             const char *ahead; int64_t ahead_step; } FOR(place);

#define LAST_STEPS 48
#define STEP() do { \
        V bv[NV]; \
        __builtin_prefetch(ahead, 0, 2); \
        ahead += at->ahead_step; \
        UNROLLED for (int v = 0; v < nv; v++) bv[v] = whole || v + 1 < nv ? LOAD(b + v * LANES) : LOAD_PART(b + v * LANES, part); \
        UNROLLED for (int i = 0; i < rows; i++) { \
            const V av = SET1(a[i * a_row]); \
            UNROLLED for (int v = 0; v < nv; v++) acc[i][v] = FMA(av, bv[v], acc[i][v]); \
        } \
        a += a_col; \
        b += b_row; \
    } while (0)

/* Rows, vectors and, for packed strips, strides are constants where this is called, so the loops are straight code. The last
 * vector has `part` elements; b is read in full when `whole`. What is not packed is short, as a rule, and has one loop for all steps. */
static TP__INLINE void FOR(tile_body)(const FOR(place) *at, const int rows, const int nv, int64_t a_row, int64_t a_col, int64_t b_row,
                                       const bool packed, const bool whole, int part)
{
    V acc[MR][NV];
    UNROLLED for (int i = 0; i < rows; i++) {
        UNROLLED for (int v = 0; v < nv; v++) acc[i][v] = SET1(0);
    }
    const T *a = at->a, *b = at->b;
    const char *ahead = at->ahead;
    int64_t p = 0;
    if (packed) {                                      /* C comes to the second-level cache while the products are summed */
        UNROLLED for (int i = 0; i < rows; i++) {
            UNROLLED for (int v = 0; v < nv; v++) __builtin_prefetch(at->c + i * at->ldc + v * LANES, 0, 2);
        }
        for (; p + LAST_STEPS < at->k; p++) STEP();
    }
    UNROLLED for (int i = 0; i < rows; i++) {          /* and to the first one late: rows a power of two apart drive each other out of it */
        UNROLLED for (int v = 0; v < nv; v++) __builtin_prefetch(at->c + i * at->ldc + v * LANES, 1);
    }
    for (; p < at->k; p++) STEP();
    if (part == LANES && !at->accumulate && !at->bias_col && !at->bias_row) {          /* as a rule: a short tile is not held up by asking */
        UNROLLED for (int i = 0; i < rows; i++) {
            UNROLLED for (int v = 0; v < nv; v++) STORE(at->c + i * at->ldc + v * LANES, acc[i][v]);
        }
        return;
    }
    UNROLLED for (int i = 0; i < rows; i++) {
        T *c = at->c + i * at->ldc;
        UNROLLED for (int v = 0; v < nv; v++) {
            const bool full = v + 1 < nv || part == LANES;
            T *to = c + v * LANES;
            V sum = acc[i][v];
            if (at->accumulate) sum += full ? LOAD(to) : LOAD_PART(to, part);
            if (at->bias_col) sum += full ? LOAD(at->bias_col + v * LANES) : LOAD_PART(at->bias_col + v * LANES, part);
            if (at->bias_row) sum += SET1(at->bias_row[i]);
            if (full) STORE(to, sum);
            else STORE_PART(to, sum, part);
        }
    }
}

#define TILE_ROWS(rows) static void FOR(tile_##rows)(const FOR(place) *at, int nv, int part) \
    { \
        if (nv == 1) FOR(tile_body)(at, rows, 1, 1, MR, LANES, true, true, part); \
        else if (nv == 2 && NV >= 2) FOR(tile_body)(at, rows, 2, 1, MR, 2 * LANES, true, true, part); \
        else if (NV >= 3) FOR(tile_body)(at, rows, 3, 1, MR, 3 * LANES, true, true, part); \
    }
/* The same straight from the operands. */
#define PLAIN_ROWS(rows) static void FOR(plain_##rows)(const FOR(place) *at, int nv, int part, int64_t a_row, int64_t a_col, int64_t b_row) \
    { \
        if (nv == NV && part == LANES) FOR(tile_body)(at, rows, NV, a_row, a_col, b_row, false, true, LANES); \
        else if (nv == 1) FOR(tile_body)(at, rows, 1, a_row, a_col, b_row, false, false, part); \
        else if (nv == 2 && NV >= 2) FOR(tile_body)(at, rows, 2, a_row, a_col, b_row, false, false, part); \
        else if (NV >= 3) FOR(tile_body)(at, rows, 3, a_row, a_col, b_row, false, false, part); \
    }
typedef void FOR(tile_fn)(const FOR(place) *at, int nv, int part);
typedef void FOR(plain_fn)(const FOR(place) *at, int nv, int part, int64_t a_row, int64_t a_col, int64_t b_row);
TILE_ROWS(1) TILE_ROWS(2) TILE_ROWS(3) TILE_ROWS(4)
PLAIN_ROWS(1) PLAIN_ROWS(2) PLAIN_ROWS(3) PLAIN_ROWS(4)
#if MR > 4
TILE_ROWS(5) TILE_ROWS(6) TILE_ROWS(7) TILE_ROWS(8)
PLAIN_ROWS(5) PLAIN_ROWS(6) PLAIN_ROWS(7) PLAIN_ROWS(8)
#define BY_ROWS(kind) { FOR(kind##_1), FOR(kind##_2), FOR(kind##_3), FOR(kind##_4), FOR(kind##_5), FOR(kind##_6), FOR(kind##_7), FOR(kind##_8) }
#else
#define BY_ROWS(kind) { FOR(kind##_1), FOR(kind##_2), FOR(kind##_3), FOR(kind##_4) }
#endif
static FOR(tile_fn) *const FOR(tile_by_rows)[MR] = BY_ROWS(tile);
static FOR(plain_fn) *const FOR(plain_by_rows)[MR] = BY_ROWS(plain);

static void FOR(tile)(const tp__tile *t)
{
    const FOR(place) at = { t->a, t->b, t->k, t->c, t->ldc, t->bias_col, t->bias_row, t->accumulate, t->ahead, t->ahead_step };
    const int nv = (t->cols + LANES - 1) / LANES, part = t->cols - (nv - 1) * LANES;
    if (t->a_packed) FOR(tile_by_rows)[t->rows - 1](&at, nv, part);
    else FOR(plain_by_rows)[t->rows - 1](&at, nv, part, t->a_row, t->a_col, nv * LANES);
}

/* ---- Without packing: B's columns are adjacent --------------------------------------------------------------------------- */

/* One row of A. The sum over k runs in four chains, since one row alone has too few to hide the latency of an FMA. */
static TP__INLINE void FOR(row_body)(const FOR(place) *at, const int nv, int64_t a_col, int64_t b_row, const bool whole, int part)
{
    V acc[4][NV];
    UNROLLED for (int s = 0; s < 4; s++) {
        UNROLLED for (int v = 0; v < nv; v++) acc[s][v] = SET1(0);
    }
    const T *a = at->a, *b = at->b;
    int64_t p = 0;
    for (; p + 4 <= at->k; p += 4, a += 4 * a_col, b += 4 * b_row) {
        UNROLLED for (int s = 0; s < 4; s++) {
            const V av = SET1(a[s * a_col]);
            const T *from = b + s * b_row;
            UNROLLED for (int v = 0; v < nv; v++)
                acc[s][v] = FMA(av, whole || v + 1 < nv ? LOAD(from + v * LANES) : LOAD_PART(from + v * LANES, part), acc[s][v]);
        }
    }
    for (; p < at->k; p++, a += a_col, b += b_row) {
        const V av = SET1(*a);
        UNROLLED for (int v = 0; v < nv; v++)
            acc[0][v] = FMA(av, whole || v + 1 < nv ? LOAD(b + v * LANES) : LOAD_PART(b + v * LANES, part), acc[0][v]);
    }
    UNROLLED for (int v = 0; v < nv; v++) {
        const int n = v + 1 < nv ? LANES : part;
        V sum = (acc[0][v] + acc[1][v]) + (acc[2][v] + acc[3][v]);
        if (at->accumulate) sum += LOAD_PART(at->c + v * LANES, n);
        if (at->bias_col) sum += LOAD_PART(at->bias_col + v * LANES, n);
        if (at->bias_row) sum += SET1(*at->bias_row);
        STORE_PART(at->c + v * LANES, sum, n);
    }
}

static void FOR(row)(const FOR(place) *at, int nv, int part, int64_t a_col, int64_t b_row)
{
    if (nv == NV && part == LANES) FOR(row_body)(at, NV, a_col, b_row, true, LANES);
    else if (nv == 1) FOR(row_body)(at, 1, a_col, b_row, false, part);
    else if (nv == 2 && NV >= 2) FOR(row_body)(at, 2, a_col, b_row, false, part);
    else if (NV >= 3) FOR(row_body)(at, 3, a_col, b_row, false, part);
}

static void FOR(rows)(const tp__gemm_args *g, int64_t first, int64_t last)
{
    for (int64_t j = first; j < last; j += NR) {
        const int cols = last - j < NR ? (int)(last - j) : NR;
        const int nv = (cols + LANES - 1) / LANES, part = cols - (nv - 1) * LANES;
        for (int64_t i = 0; i < g->m; i += MR) {
            const int rows = g->m - i < MR ? (int)(g->m - i) : MR;
            FOR(place) at = { (const T *)g->a + i * g->a_row, (const T *)g->b + j, g->k, (T *)g->c + i * g->ldc + j, g->ldc,
                              g->bias_col ? (const T *)g->bias_col + j : NULL, g->bias_row ? (const T *)g->bias_row + i : NULL,
                              g->accumulate, NULL, 0 };
            at.ahead = tp__ahead_take(g->ahead, g->k, at.a, &at.ahead_step);
            if (g->m == 1) FOR(row)(&at, nv, part, g->a_col, g->b_row);
            else FOR(plain_by_rows)[rows - 1](&at, nv, part, g->a_row, g->a_col, g->b_row);
        }
    }
    tp__ahead_rest(g->ahead);
}

/* ---- Without packing: A and B are adjacent along k ------------------------------------------------------------------------ */

static TP__INLINE void FOR(dots_body)(const tp__gemm_args *g, int64_t i0, int64_t j0, const int ra, const int rb)
{
    const T *a = (const T *)g->a + i0 * g->a_row, *b = (const T *)g->b + j0 * g->b_col;
    V acc[4][8];
    UNROLLED for (int i = 0; i < ra; i++) {
        UNROLLED for (int j = 0; j < rb; j++) acc[i][j] = SET1(0);
    }
    int64_t p = 0;
    for (; p + LANES <= g->k; p += LANES) {
        V av[4];
        UNROLLED for (int i = 0; i < ra; i++) av[i] = LOAD(a + i * g->a_row + p);
        UNROLLED for (int j = 0; j < rb; j++) {
            const V bv = LOAD(b + j * g->b_col + p);
            UNROLLED for (int i = 0; i < ra; i++) acc[i][j] = FMA(av[i], bv, acc[i][j]);
        }
    }
    if (p < g->k) {
        const int part = (int)(g->k - p);
        V av[4];
        UNROLLED for (int i = 0; i < ra; i++) av[i] = LOAD_PART(a + i * g->a_row + p, part);
        UNROLLED for (int j = 0; j < rb; j++) {
            const V bv = LOAD_PART(b + j * g->b_col + p, part);
            UNROLLED for (int i = 0; i < ra; i++) acc[i][j] = FMA(av[i], bv, acc[i][j]);
        }
    }
    T *c = (T *)g->c + i0 * g->ldc + j0;
    UNROLLED for (int i = 0; i < ra; i++) {
        UNROLLED for (int j = 0; j < rb; j++) {
            T sum = SUM(acc[i][j]);
            if (g->accumulate) sum += c[i * g->ldc + j];
            if (g->bias_col) sum += ((const T *)g->bias_col)[j0 + j];
            if (g->bias_row) sum += ((const T *)g->bias_row)[i0 + i];
            c[i * g->ldc + j] = sum;
        }
    }
}

static void FOR(dots_1x8)(const tp__gemm_args *g, int64_t i, int64_t j) { FOR(dots_body)(g, i, j, 1, 8); }
static void FOR(dots_1x1)(const tp__gemm_args *g, int64_t i, int64_t j) { FOR(dots_body)(g, i, j, 1, 1); }
static void FOR(dots_4x4)(const tp__gemm_args *g, int64_t i, int64_t j) { FOR(dots_body)(g, i, j, 4, 4); }
static void FOR(dots_4x1)(const tp__gemm_args *g, int64_t i, int64_t j) { FOR(dots_body)(g, i, j, 4, 1); }

static void FOR(dots)(const tp__gemm_args *g, int64_t first, int64_t last)
{
    int64_t i = 0;
    for (; i + 4 <= g->m; i += 4) {
        int64_t j = first;
        for (; j + 4 <= last; j += 4) FOR(dots_4x4)(g, i, j);
        for (; j < last; j++) FOR(dots_4x1)(g, i, j);
    }
    for (; i < g->m; i++) {
        int64_t j = first;
        for (; j + 8 <= last; j += 8) FOR(dots_1x8)(g, i, j);
        for (; j < last; j++) FOR(dots_1x1)(g, i, j);
    }
}

const tp__gemm_kernels FOR(tp__gemm) = { LANES, MR, NR, FOR(pack), FOR(tile), FOR(rows), FOR(dots) };

#undef PIECE
#undef UNROLLED
#undef NR
#undef STEP
#undef LAST_STEPS
#undef TILE_ROWS
#undef PLAIN_ROWS
#undef BY_ROWS
