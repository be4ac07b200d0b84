/* dtype.c: names, sizes and promotion of dtypes. */
#include "core/tensor.h"

static const char *const names[TP_DTYPE_END] = {
    "default",
#define ROW(name, type, bytes, text) text,
    TP_EACH_DTYPE(ROW)
#undef ROW
};

const uint8_t tp__dtype_bytes[TP_DTYPE_END] = {
    0,
#define SIZE(name, type, bytes, text) bytes,
    TP_EACH_DTYPE(SIZE)
#undef SIZE
};

const char *tp_dtype_name(tp_dtype dtype) { return dtype >= 0 && dtype < TP_DTYPE_END ? names[dtype] : "no dtype"; }
size_t tp_dtype_size(tp_dtype dtype) { return dtype >= 0 && dtype < TP_DTYPE_END ? tp__dtype_bytes[dtype] : 0; }

static bool known(int dtype) { return dtype > TP_DTYPE_DEFAULT && dtype < TP_DTYPE_END; }

bool tp_is_floating_dtype(tp_dtype dtype) { return tp__is_floating(dtype); }

bool tp_can_cast(tp_dtype from, tp_dtype to)
{
    if (!known(from) || !known(to)) return false;
    if (tp__is_complex(from)) return tp__is_complex(to);
    if (tp__is_floating(from)) return tp__is_floating(to) || tp__is_complex(to);
    return to != TP_BOOL || from == TP_BOOL;
}

/* The lattice of torch.promote_types: the higher category wins; within one, the wider; u8 with a signed integer needs the
 * next signed width; f16 with bf16 needs f32; a real double makes a complex64 a complex128. */
tp_dtype tp_promote_types(tp_dtype a, tp_dtype b)
{
    if (!known(a) || !known(b)) return TP_DTYPE_DEFAULT;
    if (a == b) return a;
    if (tp__is_complex(a) || tp__is_complex(b))
        return a == TP_C128 || b == TP_C128 || a == TP_F64 || b == TP_F64 ? TP_C128 : TP_C64;
    if (tp__is_floating(a) && tp__is_floating(b)) {
        if (a == TP_F64 || b == TP_F64) return TP_F64;
        return TP_F32;                                 /* one is float32, or they are float16 and bfloat16 */
    }
    if (tp__is_floating(a)) return a;
    if (tp__is_floating(b)) return b;
    if (a == TP_BOOL) return b;
    if (b == TP_BOOL) return a;
    if (a == TP_U8 || b == TP_U8) {
        const tp_dtype other = a == TP_U8 ? b : a;
        return other == TP_I8 ? TP_I16 : other;
    }
    return tp_dtype_size(a) > tp_dtype_size(b) ? a : b;
}
