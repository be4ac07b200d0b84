/* parametrize.h: tensors of a module that are computed from others before each run, as torch.nn.utils.parametrize; and modules that
 * are run with other tensors, as torch.func.functional_call.
 *
 *   tp_weight_norm(conv);                                       // of the one that is called "weight"
 *   tp_spectral_norm(linear, .name = "weight", .n_power_iterations = 2);
 *   tp_remove_parametrizations(conv, "weight", true);
 *
 * m gets a child "parametrizations" and that one a child of the tensor's name, which has the parameters that are trained instead,
 * "original", or "original0", "original1", .., and the modules "0", "1", .. that compute: the names of a state_dict are PyTorch's.
 * The tensor itself is no parameter any longer: its handle has its value while m runs and zeros in between, tp_module_tensor computes it
 * anew. So make an optimizer afterwards. Threads that run such a module take turns. */
#ifndef TAPER_NN_PARAMETRIZE_H
#define TAPER_NN_PARAMETRIZE_H

#include <taper/nn/module.h>

/* ---- Options ---------------------------------------------------------------------------------------------------------------- */

typedef struct tp_weight_norm_options {
    TP__HEAD(tp_weight_norm_options);
    const char *name TP__IS(nullptr);                  /* "weight" */
    int64_t dim TP__IS(0);                             /* that keeps its norms; TP_NONE or -1: one norm of all */
    TP__TAIL;
} tp_weight_norm_options;
#define TP__DEFAULT_weight_norm

typedef struct tp_spectral_norm_options {
    TP__HEAD(tp_spectral_norm_options);
    const char *name TP__IS(nullptr);                  /* "weight" */
    int64_t n_power_iterations TP__IS(1);
    double eps TP__IS(1e-12);
    int64_t dim TP__IS(TP_NONE);                       /* of the outputs: 1 of ConvTranspose layers, else 0 */
    TP__TAIL;
} tp_spectral_norm_options;
#define TP__DEFAULT_spectral_norm .n_power_iterations = 1, .eps = 1e-12, .dim = TP_NONE,

typedef struct tp_functional_call_options {
    TP__HEAD(tp_functional_call_options);
    bool strict TP__IS(false);                         /* every parameter and buffer must be given */
    TP__TAIL;
} tp_functional_call_options;
#define TP__DEFAULT_functional_call

#define TP__EACH_NN_PARAMETRIZE_OPTIONS(X) X(weight_norm) X(spectral_norm) X(functional_call)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Parametrizations -------------------------------------------------------------------------------------------------------
 * On error m is as it was. TP_ERR_ARGUMENT: m has no parameter or buffer of that name, or it stands in its tree under another name as well,
 * or m has a member "parametrizations" of its own; TP_ERR_UNSUPPORTED: m is itself what computes a tensor, a ParametrizationList; TP_ERR_MEMORY,
 * or an unread error. Gradients: the originals. */

/* w = g v / |v|, with the norm of each slice along dim: "original0" is g, its size that of w with 1 for all dims but dim, and "original1"
 * is v, as w was. TP_ERR_ARGUMENT: dim; the tensor is parametrized already. */
TP_API tp_status tp_weight_norm_with(tp_module *m, const tp_weight_norm_options *o);
/* w = original / sigma, sigma = u' W v, of the matrix W that original is with dim for its rows; of one dim w = original / |original|. u and
 * v, the buffers "0._u" and "0._v", are found by power iterations: 15 now, and n_power_iterations with every run in training.
 * TP_ERR_ARGUMENT: dim, n_power_iterations < 1. */
TP_API tp_status tp_spectral_norm_with(tp_module *m, const tp_spectral_norm_options *o);
/* w = p(original): what p's forward makes of the tensor, of the same shape and dtype. Of a tensor that is parametrized, the new one comes
 * after those that are there. m takes p over, also on failure, unless p contains m. As well as above, TP_ERR_SHAPE, TP_ERR_DTYPE, or an error of p. */
TP_API tp_status tp_register_parametrization(tp_module *m, const char *name, tp_module *p);
/* The tensor is a parameter or buffer of m again, with its computed value (leave_parametrized), or with that of the original. The last of m's
 * own. TP_ERR_ARGUMENT: it is not parametrized; the original is asked for and there are several. TP_ERR_STATE: in a forward of m. */
TP_API tp_status tp_remove_parametrizations(tp_module *m, const char *name, bool leave_parametrized);
TP_API bool tp_is_parametrized(tp_module *m, const char *name);          /* name NULL: is any of m's own tensors? */

/* ---- Functional calls -------------------------------------------------------------------------------------------------------------- */

/* tp_call, with other tensors for the parameters and buffers of m and of what is below it: for "body.2.weight" is used what `tensors` has
 * under that name, and of the same shape or not. Gradients go to the tensors given, in-place writes (running statistics) as well. A
 * tensor that stands under several names is another under all of them when it is given under one. Afterwards, also on error, m is as it was.
 * A checkpoint in it uses the same tensors when it is run again. For one thread at a time, as whatever changes a module.
 * TP_ERR_ARGUMENT: a name that m does not have; one tensor given two values; with strict, one that is missing. */
TP_API tp_status tp_functional_call_with(tp_module *m, const tp_named_tensor *tensors, int64_t n_tensors, const tp_arg *args, int n,
                                         tp_tensor **outs, int max, int *n_out, const tp_functional_call_options *o);
/* The same of one input and output, as tp_forward. */
TP_API tp_tensor *tp_functional_forward_with(tp_module *m, const tp_named_tensor *tensors, int64_t n_tensors, tp_tensor *x,
                                             const tp_functional_call_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_weight_norm(...) tp__weight_norm(__VA_ARGS__, )
#define tp__weight_norm(m, ...) TP__DEFAULTS(tp_weight_norm_with(TP_MODULE(m), TP__OPTIONS(weight_norm, __VA_ARGS__)))
#define tp_spectral_norm(...) tp__spectral_norm(__VA_ARGS__, )
#define tp__spectral_norm(m, ...) TP__DEFAULTS(tp_spectral_norm_with(TP_MODULE(m), TP__OPTIONS(spectral_norm, __VA_ARGS__)))
#define tp_register_parametrization(m, name, p) tp_register_parametrization(TP_MODULE(m), name, TP_MODULE(p))
#define tp_remove_parametrizations(m, name, leave_parametrized) tp_remove_parametrizations(TP_MODULE(m), name, leave_parametrized)
#define tp_is_parametrized(m, name) tp_is_parametrized(TP_MODULE(m), name)
#define tp_functional_call(...) tp__functional_call(__VA_ARGS__, )
#define tp__functional_call(m, tensors, n_tensors, args, n, outs, max, n_out, ...) \
    TP__DEFAULTS(tp_functional_call_with(TP_MODULE(m), tensors, n_tensors, args, n, outs, max, n_out, TP__OPTIONS(functional_call, __VA_ARGS__)))
#define tp_functional_forward(...) tp__functional_forward(__VA_ARGS__, )
#define tp__functional_forward(m, tensors, n_tensors, x, ...) \
    TP__DEFAULTS(tp_functional_forward_with(TP_MODULE(m), tensors, n_tensors, x, TP__OPTIONS(functional_call, __VA_ARGS__)))
#else
inline tp_status tp_weight_norm(tp_module *m, const tp_weight_norm_options &o = {}) { return tp_weight_norm_with(m, &o); }
inline tp_status tp_spectral_norm(tp_module *m, const tp_spectral_norm_options &o = {}) { return tp_spectral_norm_with(m, &o); }
inline tp_status tp_functional_call(tp_module *m, const tp_named_tensor *tensors, int64_t n_tensors, const tp_arg *args, int n, tp_tensor **outs,
                                    int max, int *n_out, const tp_functional_call_options &o = {})
{ return tp_functional_call_with(m, tensors, n_tensors, args, n, outs, max, n_out, &o); }
inline tp_tensor *tp_functional_forward(tp_module *m, const tp_named_tensor *tensors, int64_t n_tensors, tp_tensor *x,
                                        const tp_functional_call_options &o = {})
{ return tp_functional_forward_with(m, tensors, n_tensors, x, &o); }
#endif
#endif
