/* pad.h: more at the edges of the last one to three dims, see tp_pad. */
#ifndef TAPER_NN_PAD_H
#define TAPER_NN_PAD_H

#include <taper/nn/module.h>

typedef struct tp_nn_pad_options {
    TP__HEAD(tp_nn_pad_options);
    int64_t sides[6] TP__IS({ TP_NONE, TP_NONE, TP_NONE, TP_NONE, TP_NONE, TP_NONE });     /* left, right, top, bottom, front, back */
    TP__TAIL;
} tp_nn_pad_options;
#define TP__DEFAULT_nn_pad .sides = { TP_NONE, TP_NONE, TP_NONE, TP_NONE, TP_NONE, TP_NONE },

#define TP__EACH_NN_PAD_OPTIONS(X) X(nn_pad)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- By `padding` at every side, or as .sides says ------------------------------------------------------------------------ */

TP_API tp_module *tp_nn_zero_pad1d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_zero_pad2d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_zero_pad3d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_reflection_pad1d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_reflection_pad2d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_reflection_pad3d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_replication_pad1d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_replication_pad2d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_replication_pad3d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_circular_pad1d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_circular_pad2d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_circular_pad3d_with(int64_t padding, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_constant_pad1d_with(int64_t padding, double value, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_constant_pad2d_with(int64_t padding, double value, const tp_nn_pad_options *o);
TP_API tp_module *tp_nn_constant_pad3d_with(int64_t padding, double value, const tp_nn_pad_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_zero_pad1d(...) tp__nn_zero_pad1d(__VA_ARGS__, )
#define tp__nn_zero_pad1d(padding, ...) TP__DEFAULTS(tp_nn_zero_pad1d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_zero_pad2d(...) tp__nn_zero_pad2d(__VA_ARGS__, )
#define tp__nn_zero_pad2d(padding, ...) TP__DEFAULTS(tp_nn_zero_pad2d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_zero_pad3d(...) tp__nn_zero_pad3d(__VA_ARGS__, )
#define tp__nn_zero_pad3d(padding, ...) TP__DEFAULTS(tp_nn_zero_pad3d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_reflection_pad1d(...) tp__nn_reflection_pad1d(__VA_ARGS__, )
#define tp__nn_reflection_pad1d(padding, ...) TP__DEFAULTS(tp_nn_reflection_pad1d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_reflection_pad2d(...) tp__nn_reflection_pad2d(__VA_ARGS__, )
#define tp__nn_reflection_pad2d(padding, ...) TP__DEFAULTS(tp_nn_reflection_pad2d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_reflection_pad3d(...) tp__nn_reflection_pad3d(__VA_ARGS__, )
#define tp__nn_reflection_pad3d(padding, ...) TP__DEFAULTS(tp_nn_reflection_pad3d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_replication_pad1d(...) tp__nn_replication_pad1d(__VA_ARGS__, )
#define tp__nn_replication_pad1d(padding, ...) TP__DEFAULTS(tp_nn_replication_pad1d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_replication_pad2d(...) tp__nn_replication_pad2d(__VA_ARGS__, )
#define tp__nn_replication_pad2d(padding, ...) TP__DEFAULTS(tp_nn_replication_pad2d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_replication_pad3d(...) tp__nn_replication_pad3d(__VA_ARGS__, )
#define tp__nn_replication_pad3d(padding, ...) TP__DEFAULTS(tp_nn_replication_pad3d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_circular_pad1d(...) tp__nn_circular_pad1d(__VA_ARGS__, )
#define tp__nn_circular_pad1d(padding, ...) TP__DEFAULTS(tp_nn_circular_pad1d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_circular_pad2d(...) tp__nn_circular_pad2d(__VA_ARGS__, )
#define tp__nn_circular_pad2d(padding, ...) TP__DEFAULTS(tp_nn_circular_pad2d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_circular_pad3d(...) tp__nn_circular_pad3d(__VA_ARGS__, )
#define tp__nn_circular_pad3d(padding, ...) TP__DEFAULTS(tp_nn_circular_pad3d_with(padding, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_constant_pad1d(...) tp__nn_constant_pad1d(__VA_ARGS__, )
#define tp__nn_constant_pad1d(padding, value, ...) TP__DEFAULTS(tp_nn_constant_pad1d_with(padding, value, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_constant_pad2d(...) tp__nn_constant_pad2d(__VA_ARGS__, )
#define tp__nn_constant_pad2d(padding, value, ...) TP__DEFAULTS(tp_nn_constant_pad2d_with(padding, value, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#define tp_nn_constant_pad3d(...) tp__nn_constant_pad3d(__VA_ARGS__, )
#define tp__nn_constant_pad3d(padding, value, ...) TP__DEFAULTS(tp_nn_constant_pad3d_with(padding, value, TP__OPTIONS(nn_pad, __VA_ARGS__)))
#else
inline tp_module *tp_nn_zero_pad1d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_zero_pad1d_with(padding, &o); }
inline tp_module *tp_nn_zero_pad2d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_zero_pad2d_with(padding, &o); }
inline tp_module *tp_nn_zero_pad3d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_zero_pad3d_with(padding, &o); }
inline tp_module *tp_nn_reflection_pad1d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_reflection_pad1d_with(padding, &o); }
inline tp_module *tp_nn_reflection_pad2d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_reflection_pad2d_with(padding, &o); }
inline tp_module *tp_nn_reflection_pad3d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_reflection_pad3d_with(padding, &o); }
inline tp_module *tp_nn_replication_pad1d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_replication_pad1d_with(padding, &o); }
inline tp_module *tp_nn_replication_pad2d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_replication_pad2d_with(padding, &o); }
inline tp_module *tp_nn_replication_pad3d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_replication_pad3d_with(padding, &o); }
inline tp_module *tp_nn_circular_pad1d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_circular_pad1d_with(padding, &o); }
inline tp_module *tp_nn_circular_pad2d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_circular_pad2d_with(padding, &o); }
inline tp_module *tp_nn_circular_pad3d(int64_t padding, const tp_nn_pad_options &o = {}) { return tp_nn_circular_pad3d_with(padding, &o); }
inline tp_module *tp_nn_constant_pad1d(int64_t padding, double value, const tp_nn_pad_options &o = {})
{ return tp_nn_constant_pad1d_with(padding, value, &o); }
inline tp_module *tp_nn_constant_pad2d(int64_t padding, double value, const tp_nn_pad_options &o = {})
{ return tp_nn_constant_pad2d_with(padding, value, &o); }
inline tp_module *tp_nn_constant_pad3d(int64_t padding, double value, const tp_nn_pad_options &o = {})
{ return tp_nn_constant_pad3d_with(padding, value, &o); }
#endif

#endif
