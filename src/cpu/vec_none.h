/* vec_none.h: takes back what vec_f32.h or vec_f64.h defined. */
#undef T
#undef V
#undef LANES
#undef GROUP
#undef G
#undef TRANSPOSE
#undef FMA
#undef SET1
#undef SUM
#undef LOAD
#undef STORE
#undef LOAD_PART
#undef STORE_PART
#undef FOR
