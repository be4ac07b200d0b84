/* vecmath.c: the bounds that vecmath.h keeps out of the compiler's sight. */
#include "cpu/vecmath.h"

const struct tp__reach tp__reach = { .tanh = 9.01f, .erf = 3.93f, .gelu_gate = 5.5f, .gelu_slope = 6.1f,
                                    .exp_most = 89.0f, .exp_least = -104.0f, .exp_normal = -87.33654f,
                                    .one = 1.0f };
