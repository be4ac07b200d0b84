/* scaler.h: scaling the loss, so that small gradients do not vanish in float16, as torch.amp.GradScaler does it.
 *
 *     tp_scaler *scaler = tp_grad_scaler();
 *     for (...) {
 *         tp_zero_grad(opt);
 *         { TP_AUTOCAST(TP_F16); loss = ...; }
 *         tp_backward(tp_scaler_scale(scaler, loss));
 *         tp_scaler_unscale(scaler, opt);                // only to clip: tp_scaler_step does it otherwise
 *         tp_clip_grad_norm(tp_parameters(net), 1.0);
 *         tp_scaler_step(scaler, opt);                   // no step where a gradient is infinite or NaN
 *         tp_scaler_update(scaler);                      // then the scale is halved; after 2000 steps without, doubled
 *     }
 *
 * On CUDA all of this stays on the device: nothing waits, and it can be recorded in a graph. The optimizers made of ops (adafactor, muon),
 * sgd with dampening, and gradients held as rows wait for whether a step is made. */
#ifndef TAPER_SCALER_H
#define TAPER_SCALER_H

#include <taper/optim.h>

typedef struct tp_scaler tp_scaler;

typedef struct tp_grad_scaler_options {
    TP__HEAD(tp_grad_scaler_options);
    double init_scale TP__IS(65536), growth_factor TP__IS(2), backoff_factor TP__IS(0.5);      /* above 0; above 1; between 0 and 1 */
    int64_t growth_interval TP__IS(2000);              /* steps without an infinite gradient until the scale grows */
    bool enabled TP__IS(true);                         /* false: losses are not scaled, and each step is made */
    TP__TAIL;
} tp_grad_scaler_options;
#define TP__DEFAULT_grad_scaler .init_scale = 65536, .growth_factor = 2, .backoff_factor = 0.5, .growth_interval = 2000, .enabled = true,

typedef struct tp_scaler_load_options {
    TP__HEAD(tp_scaler_load_options);
    const char *prefix TP__IS(nullptr);                /* "scaler.": where in the file the state is */
    TP__TAIL;
} tp_scaler_load_options;
#define TP__DEFAULT_scaler_load

#define TP__EACH_SCALER_OPTIONS(X) X(grad_scaler) X(scaler_load)

#ifdef __cplusplus
extern "C" {
#endif

/* The caller frees it. NULL: TP_ERR_ARGUMENT (a factor or the interval out of range), TP_ERR_MEMORY. It is of the device of the first loss
 * or gradient that it meets; what is elsewhere is TP_ERR_DEVICE. */
TP_API tp_scaler *tp_grad_scaler_with(const tp_grad_scaler_options *o);
TP_API void tp_scaler_free(tp_scaler *s);              /* NULL is fine */

/* loss * scale: like loss, but float32 where that is 0-dim and 16 bits. It belongs to the scope. NULL: a NULL, TP_ERR_DEVICE, TP_ERR_MEMORY. Gradients: loss */
TP_API tp_tensor *tp_scaler_scale(tp_scaler *s, tp_tensor *loss);
/* Divides the gradients of the optimizer's parameters by the scale, and notes whether one of them is infinite or NaN. TP_ERR_STATE: it was
 * done already, or the optimizer has stepped, since the last update; TP_ERR_DTYPE: a gradient is float16, which parameters shall not be */
TP_API tp_status tp_scaler_unscale(tp_scaler *s, tp_optimizer *opt);
/* tp_step, after tp_scaler_unscale unless that was called; where a gradient is infinite or NaN, parameters and state stay as they are.
 * TP_ERR_STATE: the optimizer has stepped since the last update, or none of its parameters has a gradient */
TP_API tp_status tp_scaler_step(tp_scaler *s, tp_optimizer *opt);
/* The scale for the next step, after all optimizers have stepped. TP_ERR_STATE: no gradients were looked at since the last one */
TP_API tp_status tp_scaler_update(tp_scaler *s);

/* The scale, 1 if it is not enabled, and steps since it changed; they wait for the device. NaN and -1 on error. */
TP_API double tp_scaler_get_scale(tp_scaler *s);
TP_API int64_t tp_scaler_growth_tracker(tp_scaler *s);
TP_API tp_status tp_scaler_set_scale(tp_scaler *s, double scale);        /* as update(new_scale) in PyTorch: what was noted is forgotten */
TP_API bool tp_scaler_is_enabled(const tp_scaler *s);
/* 1 where the optimizer's gradients were found to be infinite or NaN since the last update, else 0: 0-dim float32, on the device, borrowed
 * until that. NULL: they were not looked at */
TP_API tp_tensor *tp_scaler_found_inf(tp_scaler *s, const tp_optimizer *opt);

/* As safetensors: scale, growth_factor, backoff_factor, growth_interval, _growth_tracker, which are PyTorch's names. Loading takes a
 * .pt of a scaler's state_dict() as well, and changes nothing unless all of it is there. */
TP_API tp_status tp_scaler_save(tp_scaler *s, const char *path);
TP_API tp_status tp_scaler_load_with(tp_scaler *s, const char *path, const tp_scaler_load_options *o);

#ifdef __cplusplus
}
inline tp_scaler *tp_grad_scaler(const tp_grad_scaler_options &o = {}) { return tp_grad_scaler_with(&o); }
inline tp_status tp_scaler_load(tp_scaler *s, const char *path, const tp_scaler_load_options &o = {}) { return tp_scaler_load_with(s, path, &o); }
#else
#define tp_grad_scaler(...) TP__DEFAULTS(tp_grad_scaler_with(TP__OPTIONS(grad_scaler, __VA_ARGS__)))
#define tp_scaler_load(...) tp__scaler_load(__VA_ARGS__, )
#define tp__scaler_load(s, path, ...) TP__DEFAULTS(tp_scaler_load_with(s, path, TP__OPTIONS(scaler_load, __VA_ARGS__)))
#endif

#endif
