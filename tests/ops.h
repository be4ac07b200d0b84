/* Made by record_ops.py with PyTorch 2.15.0: calls of ops, and what it makes of them. */
#include <math.h>

#include <taper/registry.h>

typedef struct recorded_tensor {
    tp_dtype dtype;
    tp_shape shape;
    int64_t stride[TP_MAX_DIMS];                      /* -1: any */
    const double *reals;
    const int64_t *integers;
    bool grad;
} recorded_tensor;
typedef struct recorded_argument { tp_arg arg; const recorded_tensor *tensor[4]; } recorded_argument;
typedef struct recorded_call {
    const char *op;
    recorded_argument args[8];
    int n_args;
    const recorded_tensor *made[2];
    int n_made;
    const recorded_tensor *grad[4];                    /* of the arguments that need one, in order; NULL: none */
    int n_grads;
} recorded_call;

static const recorded_tensor tensor_0 = { TP_F32, { { 2, 1, 3 }, 3 }, { 3, 3, 1 }, (const double[]){ -2, 3.5, 0.25,
    -1.75, 2, -2.25 }, NULL, true };
static const recorded_tensor tensor_1 = { TP_F32, { { 4, 1 }, 2 }, { 1, 1 }, (const double[]){ 1.5, -0, 2.25, 0.25 },
    NULL, true };
static const recorded_tensor tensor_2 = { TP_F32, { { 2, 1, 3 }, 3 }, { -1 }, (const double[]){ 4, 3.75, 3.5, 3.5, 4.5,
    4.25 }, NULL, false };
static const recorded_tensor tensor_3 = { TP_F32, { { 4, 1 }, 2 }, { -1 }, (const double[]){ 6, 5.5, 6.25, 5.75 }, NULL,
    false };
static const recorded_tensor tensor_4 = { TP_F32, { { 2, 4, 3 }, 3 }, { 12, 3, 1 }, (const double[]){ -0.5, 5, 1.75, -2,
    3.5, 0.25, 0.25, 5.75, 2.5, -1.75, 3.75, 0.5, -0.25, 3.5, -0.75, -1.75, 2, -2.25, 0.5, 4.25, 0, -1.5, 2.25, -2 },
    NULL, false };
static const recorded_tensor tensor_5 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1.5, 0.75, -4 }, NULL, true };
static const recorded_tensor tensor_6 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2.5, -2.75, 0, -0.5, 3,
    -0.75 }, NULL, true };
static const recorded_tensor tensor_7 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 1.75, 2.25, 1.5 }, NULL, false
    };
static const recorded_tensor tensor_8 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0.5, -0.75, -1, -1.25,
    -1.5, -0.5 }, NULL, false };
static const recorded_tensor tensor_9 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 4, 3.5, -4, 2, -2.25,
    -3.25 }, NULL, false };
static const recorded_tensor tensor_10 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1, -1, 3.5, 0.75, 1.25,
    -0.25 }, NULL, true };
static const recorded_tensor tensor_11 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2.5 }, NULL, true };
static const recorded_tensor tensor_12 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 1.25, 1.875, 2.5, 3.125,
    3.75, 1.25 }, NULL, false };
static const recorded_tensor tensor_13 = { TP_F32, { { 0 }, 0 }, { -1 }, (const double[]){ 4.9375 }, NULL, false };
static const recorded_tensor tensor_14 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2.5, -2.5, 8.75, 1.875,
    3.125, -0.625 }, NULL, false };
static const recorded_tensor tensor_15 = { TP_F32, { { 1, 3 }, 2 }, { 3, 1 }, (const double[]){ 2, 1, -0.25 }, NULL,
    true };
static const recorded_tensor tensor_16 = { TP_F32, { { 2, 1 }, 2 }, { 1, 1 }, (const double[]){ -1, 3.75 }, NULL, true
    };
static const recorded_tensor tensor_17 = { TP_F32, { { 1, 3 }, 2 }, { -1 }, (const double[]){ -0.166666657,
    -0.349999994, -0.866666675 }, NULL, false };
static const recorded_tensor tensor_18 = { TP_F32, { { 2, 1 }, 2 }, { -1 }, (const double[]){ -1.5, -0.275555551 },
    NULL, false };
static const recorded_tensor tensor_19 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2, -1, 0.25,
    0.533333361, 0.266666681, -0.0666666701 }, NULL, false };
static const recorded_tensor tensor_20 = { TP_F32, { { 3, 1, 2 }, 3 }, { 2, 2, 1 }, (const double[]){ -3.25, -1.25,
    -0.25, 0.75, -1.75, -1.25 }, NULL, true };
static const recorded_tensor tensor_21 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ -0.25, -4.5 }, NULL, true };
static const recorded_tensor tensor_22 = { TP_F32, { { 3, 1, 2 }, 3 }, { -1 }, (const double[]){ -0.125, -3.375, -0.25,
    -5.625, -0.375, -2.25 }, NULL, false };
static const recorded_tensor tensor_23 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ -4.5, -0.625 }, NULL, false
    };
static const recorded_tensor tensor_24 = { TP_F32, { { 3, 1, 2 }, 3 }, { 2, 2, 1 }, (const double[]){ 0.8125, 5.625,
    0.0625, -3.375, 0.4375, 5.625 }, NULL, false };
static const recorded_tensor tensor_25 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_26 = { TP_F32, { { 1, 1 }, 2 }, { 1, 1 }, (const double[]){ 1.75 }, NULL, true };
static const recorded_tensor tensor_27 = { TP_F32, { { 2, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_28 = { TP_F32, { { 1, 1 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_29 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_30 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_31 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 3 }, NULL, true };
static const recorded_tensor tensor_32 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_33 = { TP_F32, { { 0 }, 0 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_34 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_35 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2.5, -1, -0.25, -2.5,
    -2.75, -3 }, NULL, true };
static const recorded_tensor tensor_36 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_37 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.5, 1, 1.75, -0.5,
    -0.75, -1 }, NULL, false };
static const recorded_tensor tensor_38 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -0.75, -1, 0.75 }, NULL, true
    };
static const recorded_tensor tensor_39 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ -0.5, -0.75, -1 }, NULL,
    false };
static const recorded_tensor tensor_40 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1.75, 2, 0.25 }, NULL, false
    };
static const recorded_tensor tensor_41 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 2, 4, -0.5 }, NULL, true };
static const recorded_tensor tensor_42 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ -0.125, -0.046875, -4 },
    NULL, false };
static const recorded_tensor tensor_43 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.5, 0.25, -2 }, NULL, false
    };
static const recorded_tensor tensor_44 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 1.75, -1, 0.25, 1.25 },
    NULL, true };
static const recorded_tensor tensor_45 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 1.75, -0.25, -0.25, 1.25
    }, NULL, true };
static const recorded_tensor tensor_46 = { TP_F32, { { 2, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25 },
    NULL, false };
static const recorded_tensor tensor_47 = { TP_F32, { { 2, 2 }, 2 }, { -1 }, (const double[]){ 0.25, 0.375, 0.5, 0.625 },
    NULL, false };
static const recorded_tensor tensor_48 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 2.625, -1.125, 0.125,
    1.875 }, NULL, false };
static const recorded_tensor tensor_49 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1.5, 1, 4.25 }, NULL, true };
static const recorded_tensor tensor_50 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0.5, 0.75, 1 }, NULL, false
    };
static const recorded_tensor tensor_51 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -7.5, -5, -1.75 }, NULL, false
    };
static const recorded_tensor tensor_52 = { TP_F32, { { 2, 1 }, 2 }, { 1, 1 }, (const double[]){ -4.25, 0.75 }, NULL,
    true };
static const recorded_tensor tensor_53 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1, 0.5, 2 }, NULL, true };
static const recorded_tensor tensor_54 = { TP_F32, { { 2, 1 }, 2 }, { -1 }, (const double[]){ 0, 1.5 }, NULL, false };
static const recorded_tensor tensor_55 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 1.75, 0.75, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_56 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 1, 0.5, 2, 1, 0.75, 2 },
    NULL, false };
static const recorded_tensor tensor_57 = { TP_F32, { { 2, 1 }, 2 }, { 1, 1 }, (const double[]){ 0.75, 1.5 }, NULL, false
    };
static const recorded_tensor tensor_58 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1.75, -0.25, 0.75 }, NULL,
    false };
static const recorded_tensor tensor_59 = { TP_BOOL, { { 2, 3 }, 2 }, { 3, 1 }, NULL, (const int64_t[]){ 0, 0, 1, 0, 0, 0
    }, false };
static const recorded_tensor tensor_60 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 3.5, 3.5, 1.75, -0.5,
    2.5, 2.75 }, NULL, true };
static const recorded_tensor tensor_61 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2, -0.75, 2, -2.75,
    -1.75, 1.5 }, NULL, true };
static const recorded_tensor tensor_62 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.916666687, 0.708333373,
    -0.0416666679, 0.375, 0.708333373, 0.208333343 }, NULL, false };
static const recorded_tensor tensor_63 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0.916666687,
    -0.708333373, 0.0416666679, -0.375, -0.708333373, -0.208333343 }, NULL, false };
static const recorded_tensor tensor_64 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 12.177083 }, NULL, false };
static const recorded_tensor tensor_65 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 2.75, -2, -1.25, 0.75,
    0.75, 1.75 }, NULL, true };
static const recorded_tensor tensor_66 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -0.25, -1.5, -2 }, NULL, true
    };
static const recorded_tensor tensor_67 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_68 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 1.75, 2.25, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_69 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 2.5, -3.5, -3.25, 0.5,
    -0.75, -0.25 }, NULL, false };
static const recorded_tensor tensor_70 = { TP_F32, { { 2, 3 }, 2 }, { 6, 2 }, (const double[]){ -0, 0.25, -1.25, 1, 1.5,
    -3.5 }, NULL, true };
static const recorded_tensor tensor_71 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 0.25, -0.25, 1.75, 0.5,
    0.5, 2 }, NULL, true };
static const recorded_tensor tensor_72 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.125, -0.1875, 1.75,
    0.625, 0.75, 1 }, NULL, false };
static const recorded_tensor tensor_73 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0, 0.1875, -1.25, 1.25,
    2.25, -1.75 }, NULL, false };
static const recorded_tensor tensor_74 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0, -0.0625, -2.1875,
    0.5, 0.75, -7 }, NULL, false };
static const recorded_tensor tensor_75 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY }, NULL,
    true };
static const recorded_tensor tensor_76 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ 0, 0.5, 0, 0 }, NULL, false
    };
static const recorded_tensor tensor_77 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_78 = { TP_F32, { { 2, 4 }, 2 }, { 4, 1 }, (const double[]){ 1, NAN, -2, INFINITY, 3,
    INFINITY, INFINITY, 1 }, NULL, true };
static const recorded_tensor tensor_79 = { TP_F32, { { 2, 4 }, 2 }, { -1 }, (const double[]){ 0, 0.5, 0, 0, 0, 0.75, 0,
    0 }, NULL, false };
static const recorded_tensor tensor_80 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ NAN, INFINITY }, NULL, false
    };
static const recorded_tensor tensor_81 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1 }, false };
static const recorded_tensor tensor_82 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ NAN, 1, NAN }, NULL, false };
static const recorded_tensor tensor_83 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_84 = { TP_F32, { { 2, 4 }, 2 }, { 4, 1 }, (const double[]){ 1, NAN, -2, INFINITY,
    INFINITY, 0, INFINITY, 1 }, NULL, false };
static const recorded_tensor tensor_85 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_86 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_87 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 2, 1, NAN, 1 }, NULL, false };
static const recorded_tensor tensor_88 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 2, NAN, NAN, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_89 = { TP_F32, { { 6 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY,
    -INFINITY, -0 }, NULL, true };
static const recorded_tensor tensor_90 = { TP_F32, { { 6 }, 1 }, { -1 }, (const double[]){ 0.5, 0.75, 0, 1.25, 0, 0 },
    NULL, false };
static const recorded_tensor tensor_91 = { TP_F32, { { 6 }, 1 }, { 1 }, (const double[]){ 1, NAN, 0, INFINITY, 0, -0 },
    NULL, false };
static const recorded_tensor tensor_92 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY }, NULL,
    true };
static const recorded_tensor tensor_93 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ NAN, NAN, NAN, NAN }, NULL,
    false };
static const recorded_tensor tensor_94 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ NAN, NAN, NAN, NAN }, NULL,
    false };
static const recorded_tensor tensor_95 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0, -INFINITY, 1,
    -INFINITY, -INFINITY, -INFINITY }, NULL, false };
static const recorded_tensor tensor_96 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.268941432, 0,
    0.731058598, NAN, NAN, NAN }, NULL, false };
static const recorded_tensor tensor_97 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ INFINITY, 1 }, NULL, false };
static const recorded_tensor tensor_98 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ NAN, NAN }, NULL, false };
static const recorded_tensor tensor_99 = { TP_F32, { { 3, 3 }, 2 }, { 3, 1 }, (const double[]){ 0, -INFINITY, 1,
    -INFINITY, -INFINITY, -INFINITY, 88, 1000, -1000 }, NULL, false };
static const recorded_tensor tensor_100 = { TP_F32, { { 3, 3 }, 2 }, { 3, 1 }, (const double[]){ -1.31326163, -INFINITY,
    -0.313261658, NAN, NAN, NAN, -912, 0, -2000 }, NULL, false };
static const recorded_tensor tensor_101 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_102 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_103 = { TP_BOOL, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0, 1, 1 }, false
    };
static const recorded_tensor tensor_104 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1, -1, 0 }, NULL, true };
static const recorded_tensor tensor_105 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_106 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ INFINITY, INFINITY, INFINITY
    }, NULL, false };
static const recorded_tensor tensor_107 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ INFINITY, -INFINITY, NAN },
    NULL, false };
static const recorded_tensor tensor_108 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0, -1, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_109 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -INFINITY, NAN, INFINITY },
    NULL, false };
static const recorded_tensor tensor_110 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1, -0, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_111 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ NAN, -0, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_112 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -INFINITY, INFINITY, 89, -104
    }, NULL, false };
static const recorded_tensor tensor_113 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 0, INFINITY, INFINITY, 0 },
    NULL, false };
static const recorded_tensor tensor_114 = { TP_F32, { { 5 }, 1 }, { 1 }, (const double[]){ -INFINITY, INFINITY, NAN,
    -100, 100 }, NULL, false };
static const recorded_tensor tensor_115 = { TP_F32, { { 5 }, 1 }, { 1 }, (const double[]){ 0, 1, NAN, 0, 1 }, NULL,
    false };
static const recorded_tensor tensor_116 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -INFINITY, INFINITY, NAN },
    NULL, false };
static const recorded_tensor tensor_117 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1, 1, NAN }, NULL, false };
static const recorded_tensor tensor_118 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, NAN, -2, INFINITY }, NULL,
    false };
static const recorded_tensor tensor_119 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_120 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ INFINITY, -INFINITY }, NULL,
    false };
static const recorded_tensor tensor_121 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_122 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ -INFINITY, -INFINITY }, NULL,
    true };
static const recorded_tensor tensor_123 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ 0.25, 0.25 }, NULL, false };
static const recorded_tensor tensor_124 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ -INFINITY }, NULL, false };
static const recorded_tensor tensor_125 = { TP_F32, { { 1, 2, 4 }, 3 }, { 8, 4, 1 }, (const double[]){ 1, NAN, -2,
    INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY }, NULL, true };
static const recorded_tensor tensor_126 = { TP_F32, { { 1, 2, 4 }, 3 }, { -1 }, (const double[]){ 0, 0.5, 0, 0.75, 0, 0,
    0, 0 }, NULL, false };
static const recorded_tensor tensor_127 = { TP_F32, { { 1, 1, 2 }, 3 }, { 2, 2, 1 }, (const double[]){ NAN, INFINITY },
    NULL, false };
static const recorded_tensor tensor_128 = { TP_F64, { { 4 }, 1 }, { 1 }, (const double[]){ 1e+39, -1e+39, NAN, 65520.0
    }, NULL, false };
static const recorded_tensor tensor_129 = { TP_F16, { { 4 }, 1 }, { 1 }, (const double[]){ INFINITY, -INFINITY, NAN,
    INFINITY }, NULL, false };
static const recorded_tensor tensor_130 = { TP_F64, { { 3 }, 1 }, { 1 }, (const double[]){ 1e+39, NAN, -INFINITY },
    NULL, false };
static const recorded_tensor tensor_131 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ INFINITY, NAN, -INFINITY },
    NULL, false };
static const recorded_tensor tensor_132 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ NAN, 0, 0.5, -0 }, NULL,
    false };
static const recorded_tensor tensor_133 = { TP_BOOL, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0, 1, 0 }, false
    };
static const recorded_tensor tensor_134 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_135 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_136 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_137 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_138 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_139 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_140 = { TP_F32, { { 3, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_141 = { TP_F32, { { 3, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_142 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_143 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_144 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_145 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_146 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_147 = { TP_F32, { { 2, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_148 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ NAN, NAN }, NULL, false };
static const recorded_tensor tensor_149 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_150 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_151 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_152 = { TP_F32, { { 3, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_153 = { TP_F32, { { 3, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_154 = { TP_F32, { { 3, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_155 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_156 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_157 = { TP_F32, { { 2, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_158 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_159 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0, 0, 0, 0, 0, 0 },
    NULL, false };
static const recorded_tensor tensor_160 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_161 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_162 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_163 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_164 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_165 = { TP_F32, { { 0, 2 }, 2 }, { 2, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_166 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1.75, -2.5, 6.25,
    -0.5, 5.25, -0.5 }, NULL, true };
static const recorded_tensor tensor_167 = { TP_F32, { { 0, 2 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_168 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0 }, NULL,
    false };
static const recorded_tensor tensor_169 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_170 = { TP_F32, { { 0, 2 }, 2 }, { 2, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_171 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 2.5, -0.25, 0.75, -0.5,
    -1.5, -0.5 }, NULL, true };
static const recorded_tensor tensor_172 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1.25, -0.25, 3.25 }, NULL,
    true };
static const recorded_tensor tensor_173 = { TP_F32, { { 0, 2 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_174 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0 }, NULL,
    false };
static const recorded_tensor tensor_175 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_176 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_177 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_178 = { TP_F32, { { 3, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_179 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1.25, 1.25, 2 }, NULL, true
    };
static const recorded_tensor tensor_180 = { TP_F32, { { 2, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_181 = { TP_F32, { { 3, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_182 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 1.75, 2.25, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_183 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1.25, 1.25, 2, -1.25,
    1.25, 2 }, NULL, false };
static const recorded_tensor tensor_184 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_185 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 2.25, 1.75, -0.75, 0.5
    }, NULL, true };
static const recorded_tensor tensor_186 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_187 = { TP_F32, { { 2, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25 },
    NULL, false };
static const recorded_tensor tensor_188 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 2.25, 1.75, -0.75, 0.5
    }, NULL, false };
static const recorded_tensor tensor_189 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_190 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 1.25, 1.5, 0.75, -3,
    -1.5, -2.5 }, NULL, true };
static const recorded_tensor tensor_191 = { TP_F32, { { 2, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_192 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_193 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 1.25, 1.5, 0.75, -3,
    -1.5, -2.5 }, NULL, false };
static const recorded_tensor tensor_194 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_195 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_196 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_197 = { TP_I64, { { 0 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_198 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_199 = { TP_I64, { { 0 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_200 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_201 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_202 = { TP_F32, { { 3, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_203 = { TP_F32, { { 2, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_204 = { TP_F32, { { 2, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_205 = { TP_F32, { { 0, 5 }, 2 }, { 5, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_206 = { TP_F32, { { 0, 2, 5, 5 }, 4 }, { 50, 25, 5, 1 }, (const double[]){ 0 },
    NULL, true };
static const recorded_tensor tensor_207 = { TP_F32, { { 3, 2, 3, 3 }, 4 }, { 18, 9, 3, 1 }, (const double[]){ 1.5, 0.75,
    -0.5, 2.5, 2.25, 1.5, -0.5, -0.5, -1.25, -0.5, 0.25, 1, 0.75, -0.25, -2.75, -3, -0.25, -0.75, 0.5, -0.5, -0, -1.75,
    -1, 4.25, 0.75, 5, -5.5, 5, 0.75, 0.5, 0.25, 3.5, -0.5, 1.5, -2.25, 4.75, -2, 1.5, -1.75, -2, 0.75, 0.5, 0.25, 2.75,
    1, -2, -2.5, -0.5, 1.5, -0, 1, -1.75, 0.75, 1.75 }, NULL, true };
static const recorded_tensor tensor_208 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.75, 1.75, -1.75 }, NULL,
    true };
static const recorded_tensor tensor_209 = { TP_F32, { { 0, 2, 5, 5 }, 4 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_210 = { TP_F32, { { 3, 2, 3, 3 }, 4 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_211 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_212 = { TP_F32, { { 0, 3, 3, 3 }, 4 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_213 = { TP_F32, { { 0, 2, 4, 4 }, 4 }, { 32, 16, 4, 1 }, (const double[]){ 0 },
    NULL, true };
static const recorded_tensor tensor_214 = { TP_F32, { { 0, 2, 4, 4 }, 4 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_215 = { TP_F32, { { 0, 2, 2, 2 }, 4 }, { 8, 4, 2, 1 }, (const double[]){ 0 }, NULL,
    false };
static const recorded_tensor tensor_216 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_217 = { TP_I64, { { 0 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_218 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_219 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_220 = { TP_F32, { { 0, 3 }, 2 }, { 3, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_221 = { TP_I64, { { 0 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_222 = { TP_F32, { { 0, 3 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_223 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_224 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_225 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_226 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_227 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_228 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_229 = { TP_I64, { { 0 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_230 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ -2.25, 5.75, 3.75, 2,
    -0.75, -3.25 }, NULL, true };
static const recorded_tensor tensor_231 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0 }, NULL,
    false };
static const recorded_tensor tensor_232 = { TP_F32, { { 0, 2 }, 2 }, { 2, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_233 = { TP_F32, { { 1, 0 }, 2 }, { 1, 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_234 = { TP_F32, { { 1, 0 }, 2 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_235 = { TP_F32, { { 3, 0 }, 2 }, { 0, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_236 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 1, 1.25, 1.25, -1.75,
    -0.75, -0.25 }, NULL, true };
static const recorded_tensor tensor_237 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0 }, NULL,
    false };
static const recorded_tensor tensor_238 = { TP_F32, { { 0, 2 }, 2 }, { 2, 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_239 = { TP_F32, { { 2, 0, 3 }, 3 }, { 3, 3, 1 }, (const double[]){ 0 }, NULL, true
    };
static const recorded_tensor tensor_240 = { TP_F32, { { 2, 0, 3 }, 3 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_241 = { TP_F32, { { 3, 2, 0 }, 3 }, { 1, 3, 3 }, (const double[]){ 0 }, NULL, false
    };
static const recorded_tensor tensor_242 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_243 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_244 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_245 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ -0.75, 0.75,
    1.5, 3.75, -2, 0.75, 2, 2, 2.5, -3.25, -1.5, -2.5, 1.25, 1.5, 0.5, 0.5, -0.25, 3.25, -0.25, -2.75, -1.75, -0.75,
    -0.5, 0.5 }, NULL, true };
static const recorded_tensor tensor_246 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.5, 0.5, 0.5,
    0.75, 0.75, 0.75, 0.75, 1, 1, 1, 1, 1.25, 1.25, 1.25, 1.25, 1.5, 1.5, 1.5, 1.5, 0.5, 0.5, 0.5, 0.5 }, NULL, false };
static const recorded_tensor tensor_247 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 5.25, 2.75, -4.75,
    3.75, 0, -2.5 }, NULL, false };
static const recorded_tensor tensor_248 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ -1.75, 1, -1,
    -2.75, 3, 0.75, -3.25, 1, -3.5, -1, -0.5, 1.25, -0.25, 1.25, -3.5, 1.5, -1, -1, 2, -1.25, 1, 2, -2, -4.25 }, NULL,
    true };
static const recorded_tensor tensor_249 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.5, 0.5, 0.5,
    0.75, 0.75, 0.75, 0.75, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 1, 1, 1, 1 }, NULL, false };
static const recorded_tensor tensor_250 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -5.5, 0.25, -7 }, NULL, false
    };
static const recorded_tensor tensor_251 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ -0.25, 4.5, 0.5,
    0, 0.75, 2, 1, 0.5, -0.75, -0, 1, 1.5, -2, -2.5, -1, -0.75, 1.75, 0.25, 2.25, 2.25, 1.25, 1.5, -5.25, 2.75 }, NULL,
    true };
static const recorded_tensor tensor_252 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    0.5, 0.75, 1, 1.25, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.5, 0.5, 0.75, 1, 1.5, 0.5, 0.75, 1 }, NULL, false };
static const recorded_tensor tensor_253 = { TP_F32, { { 2, 1, 4 }, 3 }, { 4, 4, 1 }, (const double[]){ -0.25, 6.5, 2.5,
    2, 1, -0.75, -4, 4.25 }, NULL, false };
static const recorded_tensor tensor_254 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 3 }, NULL, true };
static const recorded_tensor tensor_255 = { TP_F32, { { 0 }, 0 }, { -1 }, (const double[]){ 0.5 }, NULL, false };
static const recorded_tensor tensor_256 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 3 }, NULL, false };
static const recorded_tensor tensor_257 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2.25, 0, 0.25, 3.25,
    -0.5, 0.5 }, NULL, true };
static const recorded_tensor tensor_258 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.5, 0.5, 0.5, 0.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_259 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1.25 }, NULL, false };
static const recorded_tensor tensor_260 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 0.25, -2, -1.5,
    -3.75, -2.25, -1.25, -4.75, -1.75, -0.5, 2, -2, -3, -2.5, 1.75, -0.75, 0.25, -1.75, -2, -0.25, -2.25, -0.25, -2.5,
    3, 2 }, NULL, true };
static const recorded_tensor tensor_261 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.0833333358, 0.125,
    0.166666672, 0.208333328, 0.0833333358, 0.125, 0.166666672, 0.208333328, 0.0833333358, 0.125, 0.166666672,
    0.208333328, 0.0833333358, 0.125, 0.166666672, 0.208333328, 0.0833333358, 0.125, 0.166666672, 0.208333328,
    0.0833333358, 0.125, 0.166666672, 0.208333328 }, NULL, false };
static const recorded_tensor tensor_262 = { TP_F32, { { 1, 1, 4 }, 3 }, { 4, 4, 1 }, (const double[]){ -1.16666663,
    -0.666666687, -1.04166663, -1.41666663 }, NULL, false };
static const recorded_tensor tensor_263 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.5, -0, -0.75, -1.25,
    -1.5, 1.75 }, NULL, true };
static const recorded_tensor tensor_264 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 0, 0, 0, 1 },
    NULL, false };
static const recorded_tensor tensor_265 = { TP_F32, { { 1, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.5, -0, 1.75 }, NULL,
    false };
static const recorded_tensor tensor_266 = { TP_I64, { { 1, 3 }, 2 }, { 3, 1 }, NULL, (const int64_t[]){ 0, 0, 1 }, false
    };
static const recorded_tensor tensor_267 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2 }, NULL, true };
static const recorded_tensor tensor_268 = { TP_F32, { { 0 }, 0 }, { -1 }, (const double[]){ 0.5 }, NULL, false };
static const recorded_tensor tensor_269 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2 }, NULL, false };
static const recorded_tensor tensor_270 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_271 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -4.5, -1, -2, -0, -0,
    0.5 }, NULL, false };
static const recorded_tensor tensor_272 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 5 }, false };
static const recorded_tensor tensor_273 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.5, -1.5, -1.5, 1.5,
    1, 0.25 }, NULL, false };
static const recorded_tensor tensor_274 = { TP_I64, { { 2, 1 }, 2 }, { 1, 1 }, NULL, (const int64_t[]){ 0, 0 }, false };
static const recorded_tensor tensor_275 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2 }, NULL, false };
static const recorded_tensor tensor_276 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 0 }, false };
static const recorded_tensor tensor_277 = { TP_F32, { { 2, 3, 2 }, 3 }, { 6, 2, 1 }, (const double[]){ 2, 0, -0.75,
    -0.5, 2.25, -1, 1.5, -2.25, -2.75, 2, -1.5, 2.75 }, NULL, true };
static const recorded_tensor tensor_278 = { TP_F32, { { 2, 3, 2 }, 3 }, { -1 }, (const double[]){ -0.23871161,
    -0.0542020313, -0.0016467931, 0.120722756, 0.240358338, -0.0665207505, 0.00469403155, 4.25535727e-05, 0.00676975166,
    0.162663147, -0.0114638228, -0.162705675 }, NULL, false };
static const recorded_tensor tensor_279 = { TP_F32, { { 2, 3, 2 }, 3 }, { 6, 2, 1 }, (const double[]){ 0.425902873,
    0.506480396, 0.027227059, 0.307195902, 0.546870112, 0.186323732, 0.939804316, 0.00455542328, 0.0134055894,
    0.319359809, 0.0467901006, 0.676084757 }, NULL, false };
static const recorded_tensor tensor_280 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2 }, NULL, true };
static const recorded_tensor tensor_281 = { TP_F32, { { 0 }, 0 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_282 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_283 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.75, -2.25, -0.25,
    0.5, -5, -1 }, NULL, true };
static const recorded_tensor tensor_284 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0.483808935,
    -1.36480498, -0.0187680721, 0.483808875, 1.36480498, 0.0187680274 }, NULL, false };
static const recorded_tensor tensor_285 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.575939417,
    -0.061967615, -0.38687101, -0.825939417, -2.81196761, -1.13687098 }, NULL, false };
static const recorded_tensor tensor_286 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_287 = { TP_F64, { { 2 }, 1 }, { 1 }, (const double[]){ 0.26894142136999516,
    0.7310585786300049 }, NULL, false };
static const recorded_tensor tensor_288 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 2.75, 0.25, 2,
    2.5, 4.25, 0.25, -0.25, 1.75, -0.75, -1.75, 0.5, -0.75, 3.5, 3.25, 2.5, -1.25, -1.25, -0.25, 0.75, -0.5, -1, 0.25,
    0, -0.5 }, NULL, true };
static const recorded_tensor tensor_289 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1,
    1.25, 1.5, 0.5, 1.5, 0.5, 0.75, 1, 0.75, 1, 1.25, 1.5, 1.25, 1.5, 0.5, 0.75, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_290 = { TP_F32, { { 4, 3, 2 }, 3 }, { 1, 4, 12 }, (const double[]){ 2.75, 3.5, 4.25,
    -1.25, -0.75, -1, 0.25, 3.25, 0.25, -0.25, -1.75, 0.25, 2, 2.5, -0.25, 0.75, 0.5, 0, 2.5, -1.25, 1.75, -0.5, -0.75,
    -0.5 }, NULL, false };
static const recorded_tensor tensor_291 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 0.75, -1.25, 0,
    3.75, 3, 0.25, -4.5, 3.75, -2.5, -3.5, -2.5, 1.5, -3.75, 2, -2, 0.5, -0, 2.5, 0.75, 1.25, 0, 1.25, 1.75, -1.75 },
    NULL, true };
static const recorded_tensor tensor_292 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_293 = { TP_F32, { { 2, 12 }, 2 }, { 12, 1 }, (const double[]){ 0.75, -1.25, 0, 3.75,
    3, 0.25, -4.5, 3.75, -2.5, -3.5, -2.5, 1.5, -3.75, 2, -2, 0.5, -0, 2.5, 0.75, 1.25, 0, 1.25, 1.75, -1.75 }, NULL,
    false };
static const recorded_tensor tensor_294 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_295 = { TP_F32, { { 1 }, 1 }, { 1 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_296 = { TP_F32, { { 3, 4 }, 2 }, { 4, 1 }, (const double[]){ 2.5, 0, 0.5, -0.25,
    -0.5, -0.5, -2.25, -0.75, -1.5, -1.5, -3, -1 }, NULL, true };
static const recorded_tensor tensor_297 = { TP_F32, { { 3, 4 }, 2 }, { -1 }, (const double[]){ 0.5, 0, 0, 0, 0.75, 0, 0,
    0, 1, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_298 = { TP_F32, { { 3 }, 1 }, { 4 }, (const double[]){ 2.5, -0.5, -1.5 }, NULL,
    false };
static const recorded_tensor tensor_299 = { TP_F32, { { 3, 4 }, 2 }, { 4, 1 }, (const double[]){ -2.75, 1.5, 2.5, 1.5,
    -4.5, -1, -2, 4.5, -1, 0.25, -1, 0 }, NULL, true };
static const recorded_tensor tensor_300 = { TP_F32, { { 3, 4 }, 2 }, { -1 }, (const double[]){ 0, 0.5, 0.75, 0, 0, 1,
    1.25, 0, 0, 1.5, 0.5, 0 }, NULL, false };
static const recorded_tensor tensor_301 = { TP_F32, { { 3, 2 }, 2 }, { 4, 1 }, (const double[]){ 1.5, 2.5, -1, -2, 0.25,
    -1 }, NULL, false };
static const recorded_tensor tensor_302 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 2.5, -1.75, 0.25, -2.5,
    2.5, -1 }, NULL, true };
static const recorded_tensor tensor_303 = { TP_F32, { { 2, 1 }, 2 }, { 1, 1 }, (const double[]){ -1.5, -2.5 }, NULL,
    true };
static const recorded_tensor tensor_304 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.5, 0.5,
    0.75 }, NULL, false };
static const recorded_tensor tensor_305 = { TP_F32, { { 2, 1 }, 2 }, { -1 }, (const double[]){ 1.25, 1 }, NULL, false };
static const recorded_tensor tensor_306 = { TP_F32, { { 2, 4 }, 2 }, { 4, 1 }, (const double[]){ 2.5, -1.75, 0.25, -1.5,
    -2.5, 2.5, -1, -2.5 }, NULL, false };
static const recorded_tensor tensor_307 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 2.25, -2, -1.25,
    0.75, -2.5, -0.25, -0.25, 1.25, 1.25, 1.25, 1.25, -0, 1.75, 2, -1.25, -2, -1, -1.5, 2, -0.5, 1.5, 1, -1.75, -0 },
    NULL, true };
static const recorded_tensor tensor_308 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    0.75, 1, 1.25, 1.5, 1, 1.25, 1.5, 0.5, 1.25, 1.5, 0.5, 0.75, 1.5, 0.5, 0.75, 1, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_309 = { TP_F32, { { 4, 2, 3 }, 3 }, { 1, 12, 4 }, (const double[]){ 2.25, -2.5,
    1.25, 1.75, -1, 1.5, -2, -0.25, 1.25, 2, -1.5, 1, -1.25, -0.25, 1.25, -1.25, 2, -1.75, 0.75, 1.25, -0, -2, -0.5, -0
    }, NULL, false };
static const recorded_tensor tensor_310 = { TP_BOOL, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){ 1, 0, 1, 1 },
    false };
static const recorded_tensor tensor_311 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 2, 1 }, false };
static const recorded_tensor tensor_312 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_313 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 3 }, false };
static const recorded_tensor tensor_314 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_315 = { TP_F64, { { 0 }, 0 }, { 0 }, (const double[]){ 3.0 }, NULL, false };
static const recorded_tensor tensor_316 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_317 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1.5 }, NULL, false };
static const recorded_tensor tensor_318 = { TP_F16, { { 3 }, 1 }, { 1 }, (const double[]){ -0.5, 1.5, 1.75 }, NULL, true
    };
static const recorded_tensor tensor_319 = { TP_F16, { { 3 }, 1 }, { -1 }, (const double[]){ 0.5, 0.5, 0.5 }, NULL, false
    };
static const recorded_tensor tensor_320 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2.75 }, NULL, false };
static const recorded_tensor tensor_321 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 9223372036854775807,
    INT64_MIN }, false };
static const recorded_tensor tensor_322 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, -1 }, false };
static const recorded_tensor tensor_323 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ INT64_MIN,
    9223372036854775807 }, false };
static const recorded_tensor tensor_324 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 4611686018427387904,
    3037000500 }, false };
static const recorded_tensor tensor_325 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 4, 3037000500 }, false
    };
static const recorded_tensor tensor_326 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0,
    -9223372036709301616 }, false };
static const recorded_tensor tensor_327 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ INT64_MIN }, false };
static const recorded_tensor tensor_328 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_329 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 9223372036854775807 },
    false };
static const recorded_tensor tensor_330 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 2147483647,
    -2147483648 }, false };
static const recorded_tensor tensor_331 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, -1 }, false };
static const recorded_tensor tensor_332 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ -2147483648,
    2147483647 }, false };
static const recorded_tensor tensor_333 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 127, -128 }, false };
static const recorded_tensor tensor_334 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, -1 }, false };
static const recorded_tensor tensor_335 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ -128, 127 }, false };
static const recorded_tensor tensor_336 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 200, 255 }, false };
static const recorded_tensor tensor_337 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 100, 1 }, false };
static const recorded_tensor tensor_338 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 44, 0 }, false };
static const recorded_tensor tensor_339 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 100, -100 }, false };
static const recorded_tensor tensor_340 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3, 3 }, false };
static const recorded_tensor tensor_341 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 44, -44 }, false };
static const recorded_tensor tensor_342 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3 }, false };
static const recorded_tensor tensor_343 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 5 }, false };
static const recorded_tensor tensor_344 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 254 }, false };
static const recorded_tensor tensor_345 = { TP_U8, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1, 255 }, false };
static const recorded_tensor tensor_346 = { TP_U8, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 255, 1 }, false };
static const recorded_tensor tensor_347 = { TP_I8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ -128 }, false };
static const recorded_tensor tensor_348 = { TP_I8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ -128 }, false };
static const recorded_tensor tensor_349 = { TP_I16, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 300 }, false };
static const recorded_tensor tensor_350 = { TP_I16, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 300 }, false };
static const recorded_tensor tensor_351 = { TP_I16, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 24464 }, false };
static const recorded_tensor tensor_352 = { TP_I8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 100 }, false };
static const recorded_tensor tensor_353 = { TP_I8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ -56 }, false };
static const recorded_tensor tensor_354 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 250 }, false };
static const recorded_tensor tensor_355 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 4 }, false };
static const recorded_tensor tensor_356 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3 }, false };
static const recorded_tensor tensor_357 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3 }, false };
static const recorded_tensor tensor_358 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 7, -7 }, false };
static const recorded_tensor tensor_359 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 2, 2 }, false };
static const recorded_tensor tensor_360 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 3.5, -3.5 }, NULL, false };
static const recorded_tensor tensor_361 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_362 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 0 }, false };
static const recorded_tensor tensor_363 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ INFINITY, NAN }, NULL, false
    };
static const recorded_tensor tensor_364 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ -3, 3 }, false };
static const recorded_tensor tensor_365 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 3 }, false };
static const recorded_tensor tensor_366 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 2147483647, 1 }, false
    };
static const recorded_tensor tensor_367 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 2147483648 }, false };
static const recorded_tensor tensor_368 = { TP_I64, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){
    4611686018427387904, 1, 1, 1 }, false };
static const recorded_tensor tensor_369 = { TP_I64, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){ 4, 0, 1, 2 },
    false };
static const recorded_tensor tensor_370 = { TP_I64, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){ 1, 2, 5, 2 },
    false };
static const recorded_tensor tensor_371 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ -5,
    4611686018427387905 }, false };
static const recorded_tensor tensor_372 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 4611686018427387905 },
    false };
static const recorded_tensor tensor_373 = { TP_U8, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){ 3, 3, 1, 2 },
    false };
static const recorded_tensor tensor_374 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3, 2 }, false };
static const recorded_tensor tensor_375 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1 }, false };
static const recorded_tensor tensor_376 = { TP_I64, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 5, 7, 7 }, false };
static const recorded_tensor tensor_377 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_378 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 9007199254740992,
    9007199254740993 }, false };
static const recorded_tensor tensor_379 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 9007199254740993,
    9007199254740993 }, false };
static const recorded_tensor tensor_380 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1 }, false };
static const recorded_tensor tensor_381 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 9007199254740993 },
    false };
static const recorded_tensor tensor_382 = { TP_F64, { { 1 }, 1 }, { 1 }, (const double[]){ 9007199254740992.0 }, NULL,
    false };
static const recorded_tensor tensor_383 = { TP_BOOL, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_384 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1 }, false };
static const recorded_tensor tensor_385 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 1, 2.71828175 }, NULL, false
    };
static const recorded_tensor tensor_386 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 4, 9 }, false };
static const recorded_tensor tensor_387 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 2, 3 }, NULL, false };
static const recorded_tensor tensor_388 = { TP_I64, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2, 4 }, false };
static const recorded_tensor tensor_389 = { TP_F64, { { 0 }, 0 }, { 0 }, (const double[]){ 2.3333333333333335 }, NULL,
    false };
static const recorded_tensor tensor_390 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 300.700012, -1.89999998, 2 },
    NULL, false };
static const recorded_tensor tensor_391 = { TP_I16, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 300, -1, 2 }, false };
static const recorded_tensor tensor_392 = { TP_I64, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 300, -1, 128 }, false
    };
static const recorded_tensor tensor_393 = { TP_U8, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 44, 255, 128 }, false
    };
static const recorded_tensor tensor_394 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 300, -129 }, false };
static const recorded_tensor tensor_395 = { TP_I8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 44, 127 }, false };
static const recorded_tensor tensor_396 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 9007199254740993,
    4611686018427387905 }, false };
static const recorded_tensor tensor_397 = { TP_F64, { { 2 }, 1 }, { 1 }, (const double[]){ 9007199254740992.0,
    4.611686018427388e+18 }, NULL, false };
static const recorded_tensor tensor_398 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 5, 0 }, false };
static const recorded_tensor tensor_399 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_400 = { TP_BOOL, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1, 0 }, false };
static const recorded_tensor tensor_401 = { TP_BOOL, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0, 0 }, false };
static const recorded_tensor tensor_402 = { TP_BOOL, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1, 0 }, false };
static const recorded_tensor tensor_403 = { TP_BOOL, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1, 0 }, false };
static const recorded_tensor tensor_404 = { TP_BOOL, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0, 0 }, false };
static const recorded_tensor tensor_405 = { TP_BOOL, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0, 0 }, false };
static const recorded_tensor tensor_406 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_407 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1 }, false };
static const recorded_tensor tensor_408 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 1, 0 }, NULL, false };
static const recorded_tensor tensor_409 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_410 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_411 = { TP_BOOL, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_412 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3 }, false };
static const recorded_tensor tensor_413 = { TP_BOOL, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_414 = { TP_F32, { { 1 }, 1 }, { 1 }, (const double[]){ 1.5 }, NULL, false };
static const recorded_tensor tensor_415 = { TP_BOOL, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_416 = { TP_BOOL, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_417 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_418 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 2.5, NAN }, NULL, false };
static const recorded_tensor tensor_419 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 2.5, NAN }, NULL, false };
static const recorded_tensor tensor_420 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1 }, false };
static const recorded_tensor tensor_421 = { TP_BOOL, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_422 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1 }, false };
static const recorded_tensor tensor_423 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 2 }, false };
static const recorded_tensor tensor_424 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_425 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 0.731058598, 0.5 }, NULL,
    false };
static const recorded_tensor tensor_426 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_427 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 0 }, false };
static const recorded_tensor tensor_428 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_429 = { TP_BOOL, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_430 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 2 }, false };
static const recorded_tensor tensor_431 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_432 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 0.25, -0.25,
    2.5, -1, 0.25, 1, -0.75, 0.5, -3, 0, -0, 2.75, 0.5, 1.5, 3, -0.5, -2.75, 0, -2.25, 1.5, -1.25, 0.25, 1.5, -0 },
    NULL, true };
static const recorded_tensor tensor_433 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_434 = { TP_F32, { { 6, 4 }, 2 }, { 4, 1 }, (const double[]){ 0.25, -0.25, 2.5, -1,
    0.25, 1, -0.75, 0.5, -3, 0, -0, 2.75, 0.5, 1.5, 3, -0.5, -2.75, 0, -2.25, 1.5, -1.25, 0.25, 1.5, -0 }, NULL, false
    };
static const recorded_tensor tensor_435 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 0.75, 1.25, -0.5, 1, 3,
    -0.5 }, NULL, true };
static const recorded_tensor tensor_436 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_437 = { TP_F32, { { 6 }, 1 }, { 1 }, (const double[]){ 0.75, 1.25, -0.5, 1, 3, -0.5
    }, NULL, false };
static const recorded_tensor tensor_438 = { TP_F32, { { 2, 3, 4 }, 3 }, { 3, 1, 6 }, (const double[]){ -1.5, -2.25, -1,
    -1.5, -1.25, 1.5, -1, -0.25, 0.25, -2.5, -0.75, 4.25, 2.25, 1.25, 1.75, -0.5, -2.25, 2.5, -3, -1.25, -0.5, 0.25,
    3.25, 1.75 }, NULL, true };
static const recorded_tensor tensor_439 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_440 = { TP_F32, { { 6, 4 }, 2 }, { 1, 6 }, (const double[]){ -1.5, -2.25, -1, -1.5,
    -1.25, 1.5, -1, -0.25, 0.25, -2.5, -0.75, 4.25, 2.25, 1.25, 1.75, -0.5, -2.25, 2.5, -3, -1.25, -0.5, 0.25, 3.25,
    1.75 }, NULL, false };
static const recorded_tensor tensor_441 = { TP_F32, { { 2, 3, 4 }, 3 }, { 24, 8, 2 }, (const double[]){ 1.25, 5.5, -0.5,
    -0, 0.5, -1, 2, -0.75, 1.75, 5.75, 1.5, -0.25, -1.5, 1, 0.5, 2.75, -4, 2.5, 0.75, -1.75, -3, 0.25, 3, 0.75 }, NULL,
    true };
static const recorded_tensor tensor_442 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_443 = { TP_F32, { { 2, 12 }, 2 }, { 24, 2 }, (const double[]){ 1.25, 5.5, -0.5, -0,
    0.5, -1, 2, -0.75, 1.75, 5.75, 1.5, -0.25, -1.5, 1, 0.5, 2.75, -4, 2.5, 0.75, -1.75, -3, 0.25, 3, 0.75 }, NULL,
    false };
static const recorded_tensor tensor_444 = { TP_F32, { { 4, 2 }, 2 }, { 2, 1 }, (const double[]){ 1.25, 1.25, -1, 3.5, 1,
    0, -1.5, 0.5 }, NULL, true };
static const recorded_tensor tensor_445 = { TP_F32, { { 4, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5, 0.75, 1 }, NULL, false };
static const recorded_tensor tensor_446 = { TP_F32, { { 2, 2, 1, 2 }, 4 }, { 4, 2, 2, 1 }, (const double[]){ 1.25, 1.25,
    -1, 3.5, 1, 0, -1.5, 0.5 }, NULL, false };
static const recorded_tensor tensor_447 = { TP_F32, { { 1, 3 }, 2 }, { 7, 2 }, (const double[]){ -1.5, 1, 1.5 }, NULL,
    true };
static const recorded_tensor tensor_448 = { TP_F32, { { 1, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1 }, NULL,
    false };
static const recorded_tensor tensor_449 = { TP_F32, { { 3, 1 }, 2 }, { 2, 2 }, (const double[]){ -1.5, 1, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_450 = { TP_F32, { { 3, 1, 2 }, 3 }, { 2, 9, 1 }, (const double[]){ 0.5, -1.5, -0, 2,
    2.5, -0.25 }, NULL, true };
static const recorded_tensor tensor_451 = { TP_F32, { { 3, 1, 2 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5 }, NULL, false };
static const recorded_tensor tensor_452 = { TP_F32, { { 6 }, 1 }, { 1 }, (const double[]){ 0.5, -1.5, -0, 2, 2.5, -0.25
    }, NULL, false };
static const recorded_tensor tensor_453 = { TP_F32, { { 6 }, 1 }, { 2 }, (const double[]){ -0.25, -0.5, -0.25, 1.25,
    -4.5, -0.75 }, NULL, true };
static const recorded_tensor tensor_454 = { TP_F32, { { 6 }, 1 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5, 0.5
    }, NULL, false };
static const recorded_tensor tensor_455 = { TP_F32, { { 2, 3 }, 2 }, { 6, 2 }, (const double[]){ -0.25, -0.5, -0.25,
    1.25, -4.5, -0.75 }, NULL, false };
static const recorded_tensor tensor_456 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 1, 3 }, (const double[]){ 0, 0.75, 1.5,
    -0.25, -0.5, 0.5, 2, -2.25, -3.75, -1, -1.5, 0.5, -1.25, 1, 0.25, -1, 1.5, 2.5, 1.75, 2.75, 1.75, 0.5, -0.25, -3.5
    }, NULL, true };
static const recorded_tensor tensor_457 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_458 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 1, 3 }, (const double[]){ 0, 0.75, 1.5,
    -0.25, -0.5, 0.5, 2, -2.25, -3.75, -1, -1.5, 0.5, -1.25, 1, 0.25, -1, 1.5, 2.5, 1.75, 2.75, 1.75, 0.5, -0.25, -3.5
    }, NULL, false };
static const recorded_tensor tensor_459 = { TP_F32, { { 1 }, 1 }, { 5 }, (const double[]){ -3.25 }, NULL, true };
static const recorded_tensor tensor_460 = { TP_F32, { { 1 }, 1 }, { -1 }, (const double[]){ 0.5 }, NULL, false };
static const recorded_tensor tensor_461 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ -3.25 }, NULL, false };
static const recorded_tensor tensor_462 = { TP_F32, { { 4, 1 }, 2 }, { 1, 9 }, (const double[]){ 3.5, -0.5, 2.25, 0.75
    }, NULL, true };
static const recorded_tensor tensor_463 = { TP_F32, { { 4, 1 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25 },
    NULL, false };
static const recorded_tensor tensor_464 = { TP_F32, { { 2, 1, 2 }, 3 }, { 2, 2, 1 }, (const double[]){ 3.5, -0.5, 2.25,
    0.75 }, NULL, false };
static const recorded_tensor tensor_465 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0, 2.5, -1.5, 0.5,
    0.75, 2.5 }, NULL, true };
static const recorded_tensor tensor_466 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 1, 1.5, 0.75, 1.25,
    0.5 }, NULL, false };
static const recorded_tensor tensor_467 = { TP_F32, { { 3, 2 }, 2 }, { 1, 3 }, (const double[]){ 0, 0.5, 2.5, 0.75,
    -1.5, 2.5 }, NULL, false };
static const recorded_tensor tensor_468 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_469 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_470 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 0.75, 0.5,
    -0.75, 0.25, -0.25, -1, 2.75, 4.5, -2.25, -1.25, 2.25, 0.75, -2.25, 1.75, 1, 4.25, 0.25, 2.5, 6, -1, 0.5, -0.25,
    -4.5, -1.75 }, NULL, true };
static const recorded_tensor tensor_471 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    0.75, 1, 1.25, 1.5, 1, 1.25, 1.5, 0.5, 1.25, 1.5, 0.5, 0.75, 1.5, 0.5, 0.75, 1, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_472 = { TP_F32, { { 4, 2, 3 }, 3 }, { 1, 12, 4 }, (const double[]){ 0.75, -0.25,
    -2.25, -2.25, 0.25, 0.5, 0.5, -1, -1.25, 1.75, 2.5, -0.25, -0.75, 2.75, 2.25, 1, 6, -4.5, 0.25, 4.5, 0.75, 4.25, -1,
    -1.75 }, NULL, false };
static const recorded_tensor tensor_473 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.75, 1, 1.75 }, NULL, true
    };
static const recorded_tensor tensor_474 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 1.75, 2.25, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_475 = { TP_F32, { { 2, 1, 3 }, 3 }, { 0, 3, 1 }, (const double[]){ 0.75, 1, 1.75,
    0.75, 1, 1.75 }, NULL, false };
static const recorded_tensor tensor_476 = { TP_F32, { { 1, 3 }, 2 }, { 3, 1 }, (const double[]){ 0, -4, 2 }, NULL, true
    };
static const recorded_tensor tensor_477 = { TP_F32, { { 1, 3 }, 2 }, { -1 }, (const double[]){ 4, 3.75, 3.5 }, NULL,
    false };
static const recorded_tensor tensor_478 = { TP_F32, { { 4, 3 }, 2 }, { 0, 1 }, (const double[]){ 0, -4, 2, 0, -4, 2, 0,
    -4, 2, 0, -4, 2 }, NULL, false };
static const recorded_tensor tensor_479 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1 }, NULL, true };
static const recorded_tensor tensor_480 = { TP_F32, { { 0 }, 0 }, { -1 }, (const double[]){ 3.5 }, NULL, false };
static const recorded_tensor tensor_481 = { TP_F32, { { 2, 2 }, 2 }, { 0, 0 }, (const double[]){ 1, 1, 1, 1 }, NULL,
    false };
static const recorded_tensor tensor_482 = { TP_F32, { { 3, 1 }, 2 }, { 1, 1 }, (const double[]){ -0.5, -2, 1.75 }, NULL,
    true };
static const recorded_tensor tensor_483 = { TP_F32, { { 3, 1 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1 }, NULL,
    false };
static const recorded_tensor tensor_484 = { TP_F32, { { 1, 3, 1 }, 3 }, { 3, 1, 1 }, (const double[]){ -0.5, -2, 1.75 },
    NULL, false };
static const recorded_tensor tensor_485 = { TP_F32, { { 2, 1 }, 2 }, { 3, 1 }, (const double[]){ -3.25, -1.75 }, NULL,
    true };
static const recorded_tensor tensor_486 = { TP_F32, { { 2, 1 }, 2 }, { -1 }, (const double[]){ 5, 5 }, NULL, false };
static const recorded_tensor tensor_487 = { TP_F32, { { 2, 5 }, 2 }, { 3, 0 }, (const double[]){ -3.25, -3.25, -3.25,
    -3.25, -3.25, -1.75, -1.75, -1.75, -1.75, -1.75 }, NULL, false };
static const recorded_tensor tensor_488 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ 0.75, -0.75,
    -0.25, 1, 1.25, -1.5, 0, -0.75, 1.25, 0.5, 1, -1.5, 0, 2.25, -1.75, -0, -1.5, -0.5, -1.75, 2.5, -1.75, 0.5, 1.75, 0
    }, NULL, true };
static const recorded_tensor tensor_489 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0, 0,
    0, 0.5, 0.75, 1, 1.25, 0, 0, 0, 0, 0, 0, 0, 0, 1.5, 0.5, 0.75, 1 }, NULL, false };
static const recorded_tensor tensor_490 = { TP_F32, { { 2, 4 }, 2 }, { 12, 1 }, (const double[]){ 1.25, 0.5, 1, -1.5,
    -1.75, 0.5, 1.75, 0 }, NULL, false };
static const recorded_tensor tensor_491 = { TP_F32, { { 5, 2 }, 2 }, { 2, 1 }, (const double[]){ 0.25, -1, -0.75, 1,
    -1.5, -1.75, 3, 1.75, 6, 1.75 }, NULL, true };
static const recorded_tensor tensor_492 = { TP_F32, { { 5, 2 }, 2 }, { -1 }, (const double[]){ 0, 0, 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0, 0 }, NULL, false };
static const recorded_tensor tensor_493 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ -0.75, 1, -1.5, -1.75,
    3, 1.75 }, NULL, false };
static const recorded_tensor tensor_494 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.75, -2.5, 3, 4, 1.5,
    -0.25 }, NULL, true };
static const recorded_tensor tensor_495 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0, 0.5, 1, 0.75, 1.25, 0
    }, NULL, false };
static const recorded_tensor tensor_496 = { TP_F32, { { 2, 2 }, 2 }, { 1, 2 }, (const double[]){ -2.5, 4, 3, 1.5 },
    NULL, false };
static const recorded_tensor tensor_497 = { TP_F32, { { 6 }, 1 }, { 1 }, (const double[]){ -1.25, -0.75, -0.75, 0.25,
    -1.25, -1 }, NULL, true };
static const recorded_tensor tensor_498 = { TP_F32, { { 6 }, 1 }, { -1 }, (const double[]){ 0.5, 2, 3.25, 1.5, 1.25, 0
    }, NULL, false };
static const recorded_tensor tensor_499 = { TP_F32, { { 3, 3 }, 2 }, { 1, 1 }, (const double[]){ -1.25, -0.75, -0.75,
    -0.75, -0.75, 0.25, -0.75, 0.25, -1.25 }, NULL, false };
static const recorded_tensor tensor_500 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ -1, -1.25, 1.25, -1.5,
    -0.25, 2.5 }, NULL, true };
static const recorded_tensor tensor_501 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0, 0.5, 1, 0, 0.75, 1.25
    }, NULL, false };
static const recorded_tensor tensor_502 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -1.25, -0.25, 1.25, 2.5 },
    NULL, false };
static const recorded_tensor tensor_503 = { TP_F32, { { 2, 3, 4 }, 3 }, { 12, 4, 1 }, (const double[]){ -1.25, -0.25,
    0.75, 2.25, 2.25, -1.25, -3.75, -1.5, -3.25, 1.5, 0.75, -0.5, -0.75, -3.5, 2, -2, -0.25, 1.75, 5.5, -1, 3, -3.25,
    -0, -3.75 }, NULL, true };
static const recorded_tensor tensor_504 = { TP_F32, { { 2, 3, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25,
    1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25, 1.5, 0.5, 0.75, 1, 1.25 }, NULL, false };
static const recorded_tensor tensor_505 = { TP_F32, { { 2, 12 }, 2 }, { 12, 1 }, (const double[]){ -1.25, -0.25, 0.75,
    2.25, 2.25, -1.25, -3.75, -1.5, -3.25, 1.5, 0.75, -0.5, -0.75, -3.5, 2, -2, -0.25, 1.75, 5.5, -1, 3, -3.25, -0,
    -3.75 }, NULL, false };
static const recorded_tensor tensor_506 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ -1.5, -2.25, -2.25,
    3.75, -0.25, -0.25 }, NULL, true };
static const recorded_tensor tensor_507 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_508 = { TP_F32, { { 6 }, 1 }, { 1 }, (const double[]){ -1.5, -2.25, -2.25, 3.75,
    -0.25, -0.25 }, NULL, false };
static const recorded_tensor tensor_509 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 1.25, -1.75, 2.75, -1,
    7.25, -1.5 }, NULL, true };
static const recorded_tensor tensor_510 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_511 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 1.25, -1.75, 2.75, -1,
    7.25, -1.5 }, NULL, false };
static const recorded_tensor tensor_512 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 2.75, -2.5, 1.75, 2.25,
    -0.75, -1 }, NULL, true };
static const recorded_tensor tensor_513 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_514 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 2.75, -2.5, 1.75, 2.25,
    -0.75, -1 }, NULL, false };
static const recorded_tensor tensor_515 = { TP_F32, { { 3, 2 }, 2 }, { 4, 2 }, (const double[]){ -2.5, 1.5, -1.25, 3.75,
    -0.5, 4.25 }, NULL, true };
static const recorded_tensor tensor_516 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_517 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ -2.5, 1.5, -1.25, 3.75,
    -0.5, 4.25 }, NULL, false };
static const recorded_tensor tensor_518 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ -0.25, 1, 1, 2.25,
    -1.25, 1.75 }, NULL, false };
static const recorded_tensor tensor_519 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 1.5, 0, -1.25, 0.25,
    -0.25, 3 }, NULL, false };
static const recorded_tensor tensor_520 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 1.25, 1, -0.25, 2.5,
    -1.5, 4.75 }, NULL, false };
static const recorded_tensor tensor_521 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 5.5, 0.25, -1.5, 3.5,
    1.5, -1.25 }, NULL, true };
static const recorded_tensor tensor_522 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 0, 1.25, 1.5,
    0 }, NULL, false };
static const recorded_tensor tensor_523 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 5.5, 0.25, 0, 3.5, 1.5,
    0 }, NULL, false };
static const recorded_tensor tensor_524 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 1, 2.75, 2, 1, 1, 1.25
    }, NULL, true };
static const recorded_tensor tensor_525 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25, 1.5,
    0.5 }, NULL, false };
static const recorded_tensor tensor_526 = { TP_F64, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ 1.0, 2.75, 2.0, 1.0,
    1.0, 1.25 }, NULL, false };
static const recorded_tensor tensor_527 = { TP_F32, { { 2, 2, 3, 2 }, 4 }, { 12, 1, 4, 2 }, (const double[]){ -0.25,
    -2.25, 1, 0.5, -2.5, 1.5, -1.25, -0, -0.5, 1.25, -5.25, 1, 0, 0, 0.5, -0.5, 2.75, 1.5, 1.75, 1.5, 0.75, -1.5, 0.5,
    -4.5 }, NULL, false };
static const recorded_tensor tensor_528 = { TP_F32, { { 2, 2, 3, 2 }, 4 }, { 12, 1, 4, 2 }, (const double[]){ -0.5,
    -4.5, 2, 1, -5, 3, -2.5, -0, -1, 2.5, -10.5, 2, 0, 0, 1, -1, 5.5, 3, 3.5, 3, 1.5, -3, 1, -9 }, NULL, false };
static const recorded_tensor tensor_529 = { TP_F32, { { 5 }, 1 }, { 1 }, (const double[]){ 1, 3, 3, 2, 3 }, NULL, true
    };
static const recorded_tensor tensor_530 = { TP_F32, { { 5 }, 1 }, { -1 }, (const double[]){ 0, 0.166666672, 0.166666672,
    0, 0.166666672 }, NULL, false };
static const recorded_tensor tensor_531 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 3 }, NULL, false };
static const recorded_tensor tensor_532 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 2, 2, 1, 0, 5, 5 },
    NULL, true };
static const recorded_tensor tensor_533 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 0, 0, 0, 0.75, 0 },
    NULL, false };
static const recorded_tensor tensor_534 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 2, 5 }, NULL, false };
static const recorded_tensor tensor_535 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1 }, false };
static const recorded_tensor tensor_536 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1, 2, 3 }, NULL, true };
static const recorded_tensor tensor_537 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1, 3, 2 }, NULL, true };
static const recorded_tensor tensor_538 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0.25, 0, 1 }, NULL, false };
static const recorded_tensor tensor_539 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0.25, 0.75, 0 }, NULL, false
    };
static const recorded_tensor tensor_540 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1, 3, 3 }, NULL, false };
static const recorded_tensor tensor_541 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 2, 2, 1, 2 }, NULL,
    false };
static const recorded_tensor tensor_542 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 0 }, false };
static const recorded_tensor tensor_543 = { TP_F32, { { 1, 2, 4 }, 3 }, { 8, 4, 1 }, (const double[]){ 1, 1, 0, 0, 1, 1,
    0, 0 }, NULL, true };
static const recorded_tensor tensor_544 = { TP_F32, { { 1, 2, 4 }, 3 }, { -1 }, (const double[]){ 0.5, 0, 0.75, 0, 0, 0,
    0, 0 }, NULL, false };
static const recorded_tensor tensor_545 = { TP_F32, { { 1, 1, 2 }, 3 }, { 2, 2, 1 }, (const double[]){ 1, 0 }, NULL,
    false };
static const recorded_tensor tensor_546 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0, -0, 1 }, NULL, true };
static const recorded_tensor tensor_547 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0, 0, 1 }, NULL, false };
static const recorded_tensor tensor_548 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0, -0, 1 }, NULL, false };
static const recorded_tensor tensor_549 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 2, 3 }, NULL, true };
static const recorded_tensor tensor_550 = { TP_F64, { { 2 }, 1 }, { 1 }, (const double[]){ 1.0, 2.0 }, NULL, true };
static const recorded_tensor tensor_551 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ 0.5, 0.75 }, NULL, false };
static const recorded_tensor tensor_552 = { TP_F64, { { 2 }, 1 }, { -1 }, (const double[]){ 1.0, 1.25 }, NULL, false };
static const recorded_tensor tensor_553 = { TP_F64, { { 4 }, 1 }, { 1 }, (const double[]){ 2.0, 3.0, 1.0, 2.0 }, NULL,
    false };
static const recorded_tensor tensor_554 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_555 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ -1.75, 3.5 }, NULL, true };
static const recorded_tensor tensor_556 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ 0.75, 1 }, NULL, false };
static const recorded_tensor tensor_557 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1, -1.75, 3.5 }, NULL, false
    };
static const recorded_tensor tensor_558 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_559 = { TP_I8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ -1 }, false };
static const recorded_tensor tensor_560 = { TP_I16, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, -1 }, false };
static const recorded_tensor tensor_561 = { TP_F16, { { 1 }, 1 }, { 1 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_562 = { TP_BF16, { { 1 }, 1 }, { 1 }, (const double[]){ 1 }, NULL, false };
static const recorded_tensor tensor_563 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 1, 1 }, NULL, false };
static const recorded_tensor tensor_564 = { TP_F16, { { 1 }, 1 }, { 1 }, (const double[]){ 1.5 }, NULL, true };
static const recorded_tensor tensor_565 = { TP_I64, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 3 }, false };
static const recorded_tensor tensor_566 = { TP_F16, { { 1 }, 1 }, { -1 }, (const double[]){ 0.5 }, NULL, false };
static const recorded_tensor tensor_567 = { TP_F16, { { 2 }, 1 }, { 1 }, (const double[]){ 1.5, 3 }, NULL, false };
static const recorded_tensor tensor_568 = { TP_F32, { { 1, 2 }, 2 }, { 2, 1 }, (const double[]){ 3.25, 3.5 }, NULL, true
    };
static const recorded_tensor tensor_569 = { TP_F32, { { 0 }, 1 }, { 1 }, (const double[]){ 0 }, NULL, true };
static const recorded_tensor tensor_570 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 0.5, 2.5, -0.75, -0.75,
    -0.75, 2.25 }, NULL, true };
static const recorded_tensor tensor_571 = { TP_F32, { { 1, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75 }, NULL, false
    };
static const recorded_tensor tensor_572 = { TP_F32, { { 0 }, 1 }, { -1 }, (const double[]){ 0 }, NULL, false };
static const recorded_tensor tensor_573 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 1, 1.25, 1.5, 0.5, 0.75,
    1 }, NULL, false };
static const recorded_tensor tensor_574 = { TP_F32, { { 4, 2 }, 2 }, { 2, 1 }, (const double[]){ 3.25, 3.5, 0.5, 2.5,
    -0.75, -0.75, -0.75, 2.25 }, NULL, false };
static const recorded_tensor tensor_575 = { TP_F32, { { 2, 2 }, 2 }, { 1, 2 }, (const double[]){ 0.25, 0, 2, 0.25 },
    NULL, true };
static const recorded_tensor tensor_576 = { TP_F32, { { 1, 2 }, 2 }, { 2, 1 }, (const double[]){ 1.25, 1.25 }, NULL,
    true };
static const recorded_tensor tensor_577 = { TP_F32, { { 2, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25 },
    NULL, false };
static const recorded_tensor tensor_578 = { TP_F32, { { 1, 2 }, 2 }, { -1 }, (const double[]){ 1.5, 0.5 }, NULL, false
    };
static const recorded_tensor tensor_579 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 0.25, 0, 2, 0.25, 1.25,
    1.25 }, NULL, false };
static const recorded_tensor tensor_580 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.75, -1.25, -0.5,
    -2.25, -2.25, 0.25 }, NULL, true };
static const recorded_tensor tensor_581 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.5, -0.5, 0.5, 4,
    -1.5, 0.5, 1.5, 1.25, 4.5, 2.25, -3.25, -0.25 }, NULL, true };
static const recorded_tensor tensor_582 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -0.25, -0, -1.25, 0 }, NULL,
    true };
static const recorded_tensor tensor_583 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 7.5625, -4.1875, 4.8125,
    6.125, -3.8125, 4.125 }, NULL, false };
static const recorded_tensor tensor_584 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -3.75, -4, 0.125,
    -1.6875, -2.0625, -0.25, -2.4375, -2.9375, -0.3125, -3.1875, -3.8125, -0.375 }, NULL, false };
static const recorded_tensor tensor_585 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ 2, 1.25, 1.75, 2.25 }, NULL,
    false };
static const recorded_tensor tensor_586 = { TP_F32, { { 2, 4 }, 2 }, { 4, 1 }, (const double[]){ -0.25, -1.375, -6.1875,
    2.5, -0.125, -5.5, -6.3125, 2.1875 }, NULL, false };
static const recorded_tensor tensor_587 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -2, -2.75, -2 }, NULL, true
    };
static const recorded_tensor tensor_588 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 2.75, 2.25, -3.5, 1,
    0.75, 1.25, 1, -0.25, -0.25, 1.25, -0.75, -0.5 }, NULL, true };
static const recorded_tensor tensor_589 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 4.6875, 0.5, -1.6875 },
    NULL, false };
static const recorded_tensor tensor_590 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -1, -1.375, -1, -1.5,
    -2.0625, -1.5, -2, -2.75, -2, -2.5, -3.4375, -2.5 }, NULL, false };
static const recorded_tensor tensor_591 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -4.6875, -6.5625, -0.8125,
    0.5625 }, NULL, false };
static const recorded_tensor tensor_592 = { TP_F32, { { 2, 2, 3 }, 3 }, { 6, 3, 1 }, (const double[]){ -2, 1.75, 0.5,
    0.5, -0.75, -0.5, 0, 0.25, 1.25, 0, -3, 3.5 }, NULL, true };
static const recorded_tensor tensor_593 = { TP_F32, { { 1, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.5, 0, -2 }, NULL,
    true };
static const recorded_tensor tensor_594 = { TP_F32, { { 1 }, 1 }, { 1 }, (const double[]){ -0.5 }, NULL, true };
static const recorded_tensor tensor_595 = { TP_F32, { { 2, 2, 3 }, 3 }, { -1 }, (const double[]){ -0.25, 0, -1, -0.375,
    0, -1.5, -0.5, 0, -2, -0.625, 0, -2.5 }, NULL, false };
static const recorded_tensor tensor_596 = { TP_F32, { { 1, 3 }, 2 }, { -1 }, (const double[]){ -0.625, -3.1875, 5.5 },
    NULL, false };
static const recorded_tensor tensor_597 = { TP_F32, { { 1 }, 1 }, { -1 }, (const double[]){ 3.5 }, NULL, false };
static const recorded_tensor tensor_598 = { TP_F32, { { 2, 2, 1 }, 3 }, { 2, 1, 1 }, (const double[]){ -0.5, 0.25, -3,
    -7.5 }, NULL, false };
static const recorded_tensor tensor_599 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.75, 2.25, 0.5, 0.5,
    0, 1.25 }, NULL, true };
static const recorded_tensor tensor_600 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1.25, 0.25, -3.75 }, NULL,
    true };
static const recorded_tensor tensor_601 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0.625, 0.125, -1.875,
    -0.9375, 0.1875, -2.8125 }, NULL, false };
static const recorded_tensor tensor_602 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0.75, 1.125, 1.1875 }, NULL,
    false };
static const recorded_tensor tensor_603 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ -2.25, -5.3125 }, NULL, false
    };
static const recorded_tensor tensor_604 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -2.25, -4.5, 2.75 }, NULL,
    true };
static const recorded_tensor tensor_605 = { TP_F32, { { 2, 3, 2 }, 3 }, { 6, 2, 1 }, (const double[]){ 1.75, -0.5, 1.75,
    2.25, 1, -0.5, -0, 0.25, -2.5, 1.75, 1.5, 1.25 }, NULL, true };
static const recorded_tensor tensor_606 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0.8125, 2.25, 3.1875 },
    NULL, false };
static const recorded_tensor tensor_607 = { TP_F32, { { 2, 3, 2 }, 3 }, { -1 }, (const double[]){ -1.125, -1.6875,
    -2.25, -3.375, 1.375, 2.0625, -2.25, -2.8125, -4.5, -5.625, 2.75, 3.4375 }, NULL, false };
static const recorded_tensor tensor_608 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ -9.0625, -10.375,
    15.375, -5 }, NULL, false };
static const recorded_tensor tensor_609 = { TP_F32, { { 2, 1, 2, 3 }, 4 }, { 6, 6, 3, 1 }, (const double[]){ 1, -2,
    -0.25, -0.25, -0.5, 2, -2.75, -2, 2, 1, -3.5, -0.5 }, NULL, true };
static const recorded_tensor tensor_610 = { TP_F32, { { 4, 3, 2 }, 3 }, { 6, 2, 1 }, (const double[]){ -1.5, 2.25, 2,
    0.25, -1, 2.25, -0.5, -2.25, 1.25, -3, -0.5, -0.5, 0.5, 0.75, 2, -3.25, -2, -0.5, -2.25, -2.25, 0.25, 0.25, 1.5,
    -0.25 }, NULL, true };
static const recorded_tensor tensor_611 = { TP_F32, { { 2, 1, 2, 3 }, 4 }, { -1 }, (const double[]){ -4.25, -0.25,
    -1.875, -5, -0.6875, 1.6875, -5.875, 2.1875, -0.875, -3.5, -1.0625, -0.4375 }, NULL, false };
static const recorded_tensor tensor_612 = { TP_F32, { { 4, 3, 2 }, 3 }, { -1 }, (const double[]){ -0.5625, -0.8125,
    -7.375, -9.375, 2.75, 3.5625, 0.9375, -0.5625, -7.875, -7.375, 1.625, 2.75, -2.25, 0.9375, -8.375, -7.875, 3.3125,
    1.625, -2.3125, -2.25, -7, -8.375, 5, 3.3125 }, NULL, false };
static const recorded_tensor tensor_613 = { TP_F32, { { 2, 4, 2, 2 }, 4 }, { 16, 4, 2, 1 }, (const double[]){ -5.25,
    1.1875, -2.625, 3.8125, -2.875, 3.875, -1.5, 1.0625, -3, 7.375, -5.125, 0.4375, -3.125, -2.6875, 3.4375, -0.0625,
    -1.875, -2.1875, -8, 0.25, -2.125, 11.1875, -4.625, 8.5, -9.375, 3.4375, -5.5, 12.375, 8.6875, 5.1875, -3.875, -3 },
    NULL, false };
static const recorded_tensor tensor_614 = { TP_F32, { { 2, 3 }, 2 }, { 1, 2 }, (const double[]){ -2, 0.25, 2.5, -1.25,
    2.25, -0.25 }, NULL, true };
static const recorded_tensor tensor_615 = { TP_F32, { { 3, 2 }, 2 }, { 1, 3 }, (const double[]){ -4.25, 2, -3, -0, 1.25,
    2.5 }, NULL, true };
static const recorded_tensor tensor_616 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0.625, -1.5, 2.5, -1.75,
    -3, 4.375 }, NULL, false };
static const recorded_tensor tensor_617 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ -2.25, -3.0625, 2.375, 3,
    1, 1.5625 }, NULL, false };
static const recorded_tensor tensor_618 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 10.875, 2.25, -1.75,
    -3.125 }, NULL, false };
static const recorded_tensor tensor_619 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_620 = { TP_I64, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 2, 1, 2 }, false };
static const recorded_tensor tensor_621 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.122131109,
    0.000142833582, 0.121988282, 0.0966562629, 0.0276924819, -0.124348737, 0.0173403397, -0.0644762665, 0.0471359342,
    0.0331734903, 0.0901748985, -0.123348393 }, NULL, false };
static const recorded_tensor tensor_622 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 3.52084541 }, NULL, false };
static const recorded_tensor tensor_623 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_624 = { TP_I64, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 2, 1, 2 }, false };
static const recorded_tensor tensor_625 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.5, 2, 1 }, NULL, false };
static const recorded_tensor tensor_626 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.0542804934,
    6.34815951e-05, 0.0542170145, 0.0859166756, 0.0246155392, -0.110532209, 0.0308272708, -0.114624478, 0.0837972164,
    0.0294875465, 0.0801554695, -0.109643012 }, NULL, false };
static const recorded_tensor tensor_627 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2.87143683 }, NULL, false };
static const recorded_tensor tensor_628 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_629 = { TP_I64, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, -100, 1, 2 }, false
    };
static const recorded_tensor tensor_630 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.5, 2, 1 }, NULL, false };
static const recorded_tensor tensor_631 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.059828233,
    -0.0189442355, 0.0787724704, 0, 0, 0, 0.0315702371, -0.120807409, 0.0892371982, 0.0344144106, 0.0874446481,
    -0.121859051 }, NULL, false };
static const recorded_tensor tensor_632 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 2.21882987 }, NULL, false };
static const recorded_tensor tensor_633 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_634 = { TP_I64, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 2, 1, 2 }, false };
static const recorded_tensor tensor_635 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.488524437,
    0.000571334327, 0.487953126, 0, 0, 0, 0.138722718, -0.515810132, 0.377087474, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_636 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 3.77438879, 0, 0.725278139, 0
    }, NULL, false };
static const recorded_tensor tensor_637 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_638 = { TP_I64, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 2, 1, 2 }, false };
static const recorded_tensor tensor_639 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.455191106,
    -0.0160953328, 0.471286446, 0, 0, 0, 0.0526946932, -0.224571735, 0.171877071, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_640 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 4.52466679 }, NULL, false };
static const recorded_tensor tensor_641 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_642 = { TP_I64, { { 4 }, 1 }, { 1 }, NULL, (const int64_t[]){ -100, -100, -100, -100
    }, false };
static const recorded_tensor tensor_643 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_644 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ NAN }, NULL, false };
static const recorded_tensor tensor_645 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_646 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.0949982405,
    0.901318252, 0.00368348183, 0.0753887445, 0.918422937, 0.00618828507, 0.00261689303, 0.498691529, 0.498691529,
    0.444213986, 0.34595421, 0.209831819 }, NULL, true };
static const recorded_tensor tensor_647 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.5, 2, 1 }, NULL, false };
static const recorded_tensor tensor_648 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.0023057186,
    -0.210874975, 0.213180721, 0.168558389, -0.164873868, -0.00368450093, 0.0231611226, -0.0319133364, 0.00875222031,
    0.0103536109, 0.0155559015, -0.0259095151 }, NULL, false };
static const recorded_tensor tensor_649 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ 0.212309361, 1.52423739,
    0.00274373568, 0.0144648431, 0.339109361, 0.591429651, 0.111109391, 0.163187578, 0.109718785, 0.0746191442,
    0.0734765902, 0.486738324 }, NULL, false };
static const recorded_tensor tensor_650 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 4.28887701 }, NULL, false };
static const recorded_tensor tensor_651 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -2.75, 4, 2,
    0.75, -3, -2.75, -1.5, -1.75, 1.5, 2.5, -1.5 }, NULL, true };
static const recorded_tensor tensor_652 = { TP_F32, { { 4, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.715868711,
    0.124399327, 0.15973191, 0.154280767, 0.691438377, 0.154280767, 0.19990775, 0.256686628, 0.543405592, 0.17317912,
    0.222366393, 0.604454517 }, NULL, false };
static const recorded_tensor tensor_653 = { TP_F32, { { 4, 3 }, 2 }, { -1 }, (const double[]){ -0.346458793,
    -0.0616283305, 0.408087134, 0.464226902, -0.352423906, -0.11180298, -0.0611850321, 0.22750324, -0.166318119,
    0.115260996, 0.623790979, -0.739052057 }, NULL, false };
static const recorded_tensor tensor_654 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 3.54859185, 1.89285445,
    1.11101425, 2.9175601 }, NULL, false };
static const recorded_tensor tensor_655 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.75, -2.5, 1.75 }, NULL,
    true };
static const recorded_tensor tensor_656 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_657 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 0.133082926, -0.494839817,
    0.361756861 }, NULL, false };
static const recorded_tensor tensor_658 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 4.57363558 }, NULL, false };
static const recorded_tensor tensor_659 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 2, 3.25, 2.5 }, NULL, true };
static const recorded_tensor tensor_660 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.25, 0.5, 0.25 }, NULL,
    false };
static const recorded_tensor tensor_661 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ -0.0435543507, 0.0342732072,
    0.00928117335 }, NULL, false };
static const recorded_tensor tensor_662 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1.06467223 }, NULL, false };
static const recorded_tensor tensor_663 = { TP_F32, { { 2, 3, 2 }, 3 }, { 6, 2, 1 }, (const double[]){ -2, 3.75, 2,
    -0.25, 2.25, 0.75, -4, -4.5, 1, -4.75, -3.25, -2.75 }, NULL, true };
static const recorded_tensor tensor_664 = { TP_I64, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){ 0, 1, 2, 2 },
    false };
static const recorded_tensor tensor_665 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 0.5, 2, 1 }, NULL, false };
static const recorded_tensor tensor_666 = { TP_F32, { { 2, 3, 2 }, 3 }, { -1 }, (const double[]){ -0.0551135987,
    0.208053231, 0.0241300277, -0.218411595, 0.0309835672, 0.0103583606, 0.000733260589, 0.0147491246, 0.108825542,
    0.01148663, -0.109558798, -0.0262357537 }, NULL, false };
static const recorded_tensor tensor_667 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 3.35308099 }, NULL, false };
static const recorded_tensor tensor_668 = { TP_F32, { { 2, 3, 1, 2 }, 4 }, { 6, 2, 2, 1 }, (const double[]){ -1.75, 1,
    -1.75, -1.25, 2.25, -1.25, -0.25, 0, 0.75, 1.5, 1.25, -5.25 }, NULL, true };
static const recorded_tensor tensor_669 = { TP_I64, { { 2, 1, 2 }, 3 }, { 2, 2, 1 }, NULL, (const int64_t[]){ 0, 1, 2,
    -100 }, false };
static const recorded_tensor tensor_670 = { TP_F32, { { 2, 3, 1, 2 }, 4 }, { -1 }, (const double[]){ -0.391165793,
    0.544425905, -0.0411657915, -0.53471297, 0.432331592, -0.00971300155, 0.0219516307, 0, 0.231498957, 0, -0.253450632,
    0 }, NULL, false };
static const recorded_tensor tensor_671 = { TP_F32, { { 2, 1, 2 }, 3 }, { 2, 2, 1 }, (const double[]){ 3.63597631,
    2.21627998, 0.804130673, 0 }, NULL, false };
static const recorded_tensor tensor_672 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 1000, -1000, 0,
    -INFINITY, 0, 1 }, NULL, true };
static const recorded_tensor tensor_673 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_674 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.25, -0.25, 0, 0,
    0.0672353581, -0.0672353506 }, NULL, false };
static const recorded_tensor tensor_675 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 1000.15662 }, NULL, false };
static const recorded_tensor tensor_676 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1.75, 2.5, 1.25,
    -1.75, -1.25, -2 }, NULL, true };
static const recorded_tensor tensor_677 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 3.25, 0.25, 1.75,
    -1.75, -2, 0.75 }, NULL, true };
static const recorded_tensor tensor_678 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -5, 3.375, -1, 0, 2.25,
    -2.75 }, NULL, false };
static const recorded_tensor tensor_679 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 5, -3.375, 1, 0, -2.25,
    2.75 }, NULL, false };
static const recorded_tensor tensor_680 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 25, 5.0625, 0.25, 0,
    0.5625, 7.5625 }, NULL, false };
static const recorded_tensor tensor_681 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.25, -0.25, -1.5,
    -2.75, -5.25, -0.75 }, NULL, true };
static const recorded_tensor tensor_682 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -0.25, -1.25, -2.5, 1,
    2.5, -2 }, NULL, true };
static const recorded_tensor tensor_683 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 0.5, 1, 1, -3.75, -7.75,
    1.25 }, NULL, false };
static const recorded_tensor tensor_684 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -0.5, -1, -1, 3.75, 7.75,
    -1.25 }, NULL, false };
static const recorded_tensor tensor_685 = { TP_F32, { { 0 }, 0 }, { 0 }, (const double[]){ 77.9375 }, NULL, false };
static const recorded_tensor tensor_686 = { TP_F64, { { 2 }, 1 }, { 1 }, (const double[]){ -2.75, 3.0 }, NULL, true };
static const recorded_tensor tensor_687 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ -0.25, 5.75 }, NULL, true };
static const recorded_tensor tensor_688 = { TP_F64, { { 2 }, 1 }, { -1 }, (const double[]){ -1.25, -1.375 }, NULL, false
    };
static const recorded_tensor tensor_689 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ 1.25, 1.375 }, NULL, false
    };
static const recorded_tensor tensor_690 = { TP_F64, { { 0 }, 0 }, { 0 }, (const double[]){ 6.90625 }, NULL, false };
static const recorded_tensor tensor_691 = { TP_I64, { { 2, 2 }, 2 }, { 2, 1 }, NULL, (const int64_t[]){ 0, 2, 2, 1 },
    false };
static const recorded_tensor tensor_692 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ -2.5, -1.25, -1, 1,
    -1.25, 1.5 }, NULL, true };
static const recorded_tensor tensor_693 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 0.75, 1, 2.5,
    1.75 }, NULL, false };
static const recorded_tensor tensor_694 = { TP_F32, { { 2, 2, 2 }, 3 }, { 4, 2, 1 }, (const double[]){ -2.5, -1.25,
    -1.25, 1.5, -1.25, 1.5, -1, 1 }, NULL, false };
static const recorded_tensor tensor_695 = { TP_I64, { { 5 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 1, 1, 0, 2 }, false
    };
static const recorded_tensor tensor_696 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ -0.25, -0, -0.25,
    -1.25, 0.25, 0 }, NULL, true };
static const recorded_tensor tensor_697 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 1.25, 1.75, 0, 0, 1.25,
    1.5 }, NULL, false };
static const recorded_tensor tensor_698 = { TP_F32, { { 5, 2 }, 2 }, { 2, 1 }, (const double[]){ -0.25, -0, -0.25,
    -1.25, -0.25, -1.25, -0.25, -0, 0.25, 0 }, NULL, false };
static const recorded_tensor tensor_699 = { TP_I64, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 2, 2 }, false };
static const recorded_tensor tensor_700 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 2.75, -0, -2.75, 3.75,
    1.25, 2.75 }, NULL, true };
static const recorded_tensor tensor_701 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0.5, 0.75, 0, 0, 0, 0 },
    NULL, false };
static const recorded_tensor tensor_702 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 2.75, -0, 1.25, 2.75,
    1.25, 2.75 }, NULL, false };
static const recorded_tensor tensor_703 = { TP_I64, { { 0 }, 0 }, { 0 }, NULL, (const int64_t[]){ 1 }, false };
static const recorded_tensor tensor_704 = { TP_F32, { { 3, 2 }, 2 }, { 2, 1 }, (const double[]){ 2, 1.75, 4, -1, -1.25,
    1.75 }, NULL, true };
static const recorded_tensor tensor_705 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0, 0, 0.5, 0.75, 0, 0 },
    NULL, false };
static const recorded_tensor tensor_706 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 4, -1 }, NULL, false };
static const recorded_tensor tensor_707 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_708 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1, 2, -0.25, 0.5,
    -1.75, -0.25 }, NULL, true };
static const recorded_tensor tensor_709 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ 1.25, 1.5, 0.5, 0.5,
    0.75, 1 }, NULL, false };
static const recorded_tensor tensor_710 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 0.5, -1.75, -0.25, -1,
    2, -0.25 }, NULL, false };
static const recorded_tensor tensor_711 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1 }, false };
static const recorded_tensor tensor_712 = { TP_F32, { { 3, 2 }, 2 }, { 1, 3 }, (const double[]){ -3.75, 2.75, -2.75,
    -0.5, -0.75, 0.5 }, NULL, true };
static const recorded_tensor tensor_713 = { TP_F32, { { 3, 2 }, 2 }, { -1 }, (const double[]){ 0, 0, 1.5, 2, 0, 0 },
    NULL, false };
static const recorded_tensor tensor_714 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ -2.75, -0.5, -2.75,
    -0.5 }, NULL, false };
static const recorded_tensor tensor_715 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, 2.5, 2.25, 0.75 }, NULL,
    true };
static const recorded_tensor tensor_716 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25 }, NULL,
    false };
static const recorded_tensor tensor_717 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 1, 2.5, 2.25, 0.75 }, NULL,
    true };
static const recorded_tensor tensor_718 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -3.25, 2.5, -1, 2.25 }, NULL,
    true };
static const recorded_tensor tensor_719 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ 0.5, 0.75, 1, 1.25 }, NULL,
    false };
static const recorded_tensor tensor_720 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -3.25, 2.5, -1, 2.25 }, NULL,
    true };
static const recorded_tensor tensor_721 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -1.75, -0.5, -3, -0.25 },
    NULL, true };
static const recorded_tensor tensor_722 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ 0, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_723 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ -0, -0, -0, -0 }, NULL, false
    };
static const recorded_tensor tensor_724 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { 120, 30, 6, 1 }, (const double[]){ -2.25,
    -2.25, -0.5, -0.75, 1.75, 1.5, -0.75, -4.25, 0.75, -2.5, 0.75, 0.5, 0.25, 2.5, 2.25, -0.5, -2.75, -3.5, 1.25, 1.5,
    1.25, -3, -0.75, 3.75, 1.5, -1.25, -0.25, 0.25, 2.75, 3.25, 2, -1.75, -1.25, 0, -1, 0.5, 1, 0.25, 1.25, 1, -0.25,
    1.5, -0.5, 0, 1, 4.5, -3, -3.25, -1.25, 1.75, 2, 0.25, -0.5, -0.75, 1, -0.75, -1, 1.5, 3, 6.75, -3, -2.5, 3.75, -1,
    -1.25, 1.75, 2.25, 2.5, -3, 5.25, -1, 0.75, -3.25, -1, -1, -1, -2.25, 2.25, -0.25, 1.5, -0.25, 1.25, -1.75, 0, 1.75,
    -0.75, 2, 0.75, -0.5, 4.5, -3.75, -0, -2, -2, 0, 1.5, 3.25, -2.75, 0.75, 1, -5.25, -3.5, -0.5, 0.5, 0.5, 0.25, 0.75,
    1, 1, -1.75, 1.5, -1.75, -0.5, -4.75, -0.25, -0, 2, 0.75, -1.75, -0, -1.25, -1, 3.75, -0.75, 0.25, 2.25, 1.75, 2.75,
    -1.75, -0.75, -1.5, 1.25, 1.25, 1, 4, -2.25, -0.25, 0.25, -1.25, -2.5, -0.25, -2, -0.75, 0.5, -0.5, 0.25, 0.5, 2.25,
    0.5, 0.75, -0.5, -0.25, 0.5, -1.5, -3.75, 0.25, -1.5, 0.75, 0.25, 0.75, 2, -2, 0.5, -0.25, 2, -1, 1.5, 1.25, 0.75,
    0.5, -0.25, 0.75, -0.75, -2.25, 0.5, -2.75, -0.25, -0.75, -3, -0.75, 2.25, 0.25, 3.25, 1.5, -2.25, -1.5, 3, 0.5,
    1.25, -2, -2.5, -2.5, -1, 1, 0.75, 0.75, 0.25, 1.75, -0.5, 2, -0.25, -2.25, 0.75, 1.25, 1.25, -2.5, 1.25, -1, 2.25,
    0.25, 2, 1.75, -2.5, 2, -1, -2.5, 2, 2.5, -1.25, 1.25, 0.5, -0, -2, -0.25, -0.75, 3.25, 0.5, 0.75, -0.25, 1.25,
    -0.5, -2.75, -0.25, -1, -1, 1.75, -1.75, 1.75, 2.25, -3.5 }, NULL, true };
static const recorded_tensor tensor_725 = { TP_F32, { { 3, 4, 3, 2 }, 4 }, { 24, 6, 2, 1 }, (const double[]){ 4.25,
    0.75, 6.25, 0, 1.5, -1.5, -2.75, 1.75, 0, -0.75, -0.25, -1.75, -0, -1.5, 0.75, 1.25, -0.75, 1.25, 1.5, 2.5, -1.5,
    -2.25, 0.25, -0.5, 0, -0.25, -1.25, -2.5, 0.5, -0.25, -2.25, 1, -1.5, 1.5, -2.25, 0.25, 3.75, -0.25, -2.25, -0.5,
    -1, -4.25, 1, 1.25, -2.75, -2.75, -2.75, -0.5, -2.25, -3.5, -1.25, 1, 3, -1, 0.5, -2, 1, 0.25, 1, -0.25, -1.25, 3,
    0.5, 0.5, -3.75, 0.5, -1.25, -0.5, -1.25, -2.25, 0, -0.5 }, NULL, true };
static const recorded_tensor tensor_726 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1.5, 5.25, -0.75 }, NULL,
    true };
static const recorded_tensor tensor_727 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { -1 }, (const double[]){ 1, 0, -0.25, -0.5,
    -0.75, -4.5, 2.875, 2.0625, 2.375, 2.6875, 3, -6.75, 5.375, 4.4375, 5.3125, 6.1875, 7.0625, -10.875, 4.375, 4.4375,
    5.5625, 6.6875, 7.8125, -6.375, 2.5, 2.375, 2.9375, 3.5, 4.0625, -4.125, -2.25, -3, -3.9375, -4.875, -5.8125, 1.125,
    -2.5, -2.875, -3.6875, -4.5, -5.3125, 2.625, -3.25, -4.875, -6.5, -8.125, -9.75, 0, -1, -1.875, -2.5625, -3.25,
    -3.9375, -1.125, -0.75, -2, -2.8125, -3.625, -4.4375, -2.625, 1.25, 2.5, 3.4375, 4.375, 5.3125, 1.875, 0.75, 2.375,
    3.375, 4.375, 5.375, 3.75, -2, -3, -4, -5, -6, 0, -3.25, -5.5, -7.4375, -9.375, -11.3125, -1.875, -2.75, -5.375,
    -7.375, -9.375, -11.375, -3.75, 0.625, 2.5625, 3.6875, 4.8125, 5.9375, 4.875, -2.125, -5.1875, -7.25, -9.3125,
    -11.375, -6, -3.375, -7.8125, -10.875, -13.9375, -17, -8.25, -4, -10.375, -14.5625, -18.75, -22.9375, -13.125,
    -1.25, -2.625, -3.625, -4.625, -5.625, -2.25, 1, 0, -0.25, -0.5, -0.75, -4.5, 2.875, 2.0625, 2.375, 2.6875, 3,
    -6.75, 5.375, 4.4375, 5.3125, 6.1875, 7.0625, -10.875, 4.375, 4.4375, 5.5625, 6.6875, 7.8125, -6.375, 2.5, 2.375,
    2.9375, 3.5, 4.0625, -4.125, -2.25, -3, -3.9375, -4.875, -5.8125, 1.125, -2.5, -2.875, -3.6875, -4.5, -5.3125,
    2.625, -3.25, -4.875, -6.5, -8.125, -9.75, 0, -1, -1.875, -2.5625, -3.25, -3.9375, -1.125, -0.75, -2, -2.8125,
    -3.625, -4.4375, -2.625, 1.25, 2.5, 3.4375, 4.375, 5.3125, 1.875, 0.75, 2.375, 3.375, 4.375, 5.375, 3.75, -2, -3,
    -4, -5, -6, 0, -3.25, -5.5, -7.4375, -9.375, -11.3125, -1.875, -2.75, -5.375, -7.375, -9.375, -11.375, -3.75, 0.625,
    2.5625, 3.6875, 4.8125, 5.9375, 4.875, -2.125, -5.1875, -7.25, -9.3125, -11.375, -6, -3.375, -7.8125, -10.875,
    -13.9375, -17, -8.25, -4, -10.375, -14.5625, -18.75, -22.9375, -13.125, -1.25, -2.625, -3.625, -4.625, -5.625, -2.25
    }, NULL, false };
static const recorded_tensor tensor_728 = { TP_F32, { { 3, 4, 3, 2 }, 4 }, { -1 }, (const double[]){ -4.9375, -0.5625,
    -13.375, -8.25, 1.4375, 7.0625, 1.25, -2.3125, 14.3125, 2.9375, 5.3125, 5.1875, -3.4375, 0.125, -4.75, 0.5, -2.0625,
    13.9375, -3, -7.0625, -3.1875, -15.375, 4, -7, -4.9375, -0.5625, -13.375, -8.25, 1.4375, 7.0625, 1.25, -2.3125,
    14.3125, 2.9375, 5.3125, 5.1875, -3.4375, 0.125, -4.75, 0.5, -2.0625, 13.9375, -3, -7.0625, -3.1875, -15.375, 4, -7,
    -4.9375, -0.5625, -13.375, -8.25, 1.4375, 7.0625, 1.25, -2.3125, 14.3125, 2.9375, 5.3125, 5.1875, -3.4375, 0.125,
    -4.75, 0.5, -2.0625, 13.9375, -3, -7.0625, -3.1875, -15.375, 4, -7 }, NULL, false };
static const recorded_tensor tensor_729 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 30, 30, 30 }, NULL, false };
static const recorded_tensor tensor_730 = { TP_F32, { { 2, 3, 3, 5 }, 4 }, { -1 }, (const double[]){ -24.375, -48.375,
    -6.875, -3.5625, 43.0625, -18.375, -10.4375, 9.6875, -37.25, -31.125, 18.3125, 26.5, 22.8125, -43.0625, -14.75,
    -2.8125, 6.125, 26.1875, -2.8125, 26.3125, 9.4375, 7.4375, -13.5, 23.0625, 9.6875, -4.25, -11.75, 0.25, -3.4375,
    -6.125, 29.0625, 39.1875, 4.4375, 23.0625, 10.75, 20, -10.625, 30.75, -20.125, 0.0625, -6.4375, -19, -24.875,
    14.8125, 55.6875, 7.3125, 0.6875, 4.0625, -21.9375, -8.6875, 37, 10.1875, 16.4375, -16.5, -10.3125, -12.5, -2.9375,
    9.5, 2.8125, 0.0625, -4.5625, -3.4375, 11.9375, 9.8125, -13.25, 18.1875, -7.5, 12, 0.0625, -19.625, 11.25, 4.75,
    30.6875, 18.1875, 2.4375, 0.9375, -12.8125, 11.9375, -18.875, -9.5, -18, -8.5, -11.3125, -2.375, -5.3125, -8.625,
    -7.25, -1.3125, 12.75, -3.8125 }, NULL, false };
static const recorded_tensor tensor_731 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { 120, 30, 6, 1 }, (const double[]){ -2.25,
    -2.25, -0.5, -0.75, 1.75, 1.5, -0.75, -4.25, 0.75, -2.5, 0.75, 0.5, 0.25, 2.5, 2.25, -0.5, -2.75, -3.5, 1.25, 1.5,
    1.25, -3, -0.75, 3.75, 1.5, -1.25, -0.25, 0.25, 2.75, 3.25, 2, -1.75, -1.25, 0, -1, 0.5, 1, 0.25, 1.25, 1, -0.25,
    1.5, -0.5, 0, 1, 4.5, -3, -3.25, -1.25, 1.75, 2, 0.25, -0.5, -0.75, 1, -0.75, -1, 1.5, 3, 6.75, -3, -2.5, 3.75, -1,
    -1.25, 1.75, 2.25, 2.5, -3, 5.25, -1, 0.75, -3.25, -1, -1, -1, -2.25, 2.25, -0.25, 1.5, -0.25, 1.25, -1.75, 0, 1.75,
    -0.75, 2, 0.75, -0.5, 4.5, -3.75, -0, -2, -2, 0, 1.5, 3.25, -2.75, 0.75, 1, -5.25, -3.5, -0.5, 0.5, 0.5, 0.25, 0.75,
    1, 1, -1.75, 1.5, -1.75, -0.5, -4.75, -0.25, -0, 2, 0.75, -1.75, -0, -1.25, -1, 3.75, -0.75, 0.25, 2.25, 1.75, 2.75,
    -1.75, -0.75, -1.5, 1.25, 1.25, 1, 4, -2.25, -0.25, 0.25, -1.25, -2.5, -0.25, -2, -0.75, 0.5, -0.5, 0.25, 0.5, 2.25,
    0.5, 0.75, -0.5, -0.25, 0.5, -1.5, -3.75, 0.25, -1.5, 0.75, 0.25, 0.75, 2, -2, 0.5, -0.25, 2, -1, 1.5, 1.25, 0.75,
    0.5, -0.25, 0.75, -0.75, -2.25, 0.5, -2.75, -0.25, -0.75, -3, -0.75, 2.25, 0.25, 3.25, 1.5, -2.25, -1.5, 3, 0.5,
    1.25, -2, -2.5, -2.5, -1, 1, 0.75, 0.75, 0.25, 1.75, -0.5, 2, -0.25, -2.25, 0.75, 1.25, 1.25, -2.5, 1.25, -1, 2.25,
    0.25, 2, 1.75, -2.5, 2, -1, -2.5, 2, 2.5, -1.25, 1.25, 0.5, -0, -2, -0.25, -0.75, 3.25, 0.5, 0.75, -0.25, 1.25,
    -0.5, -2.75, -0.25, -1, -1, 1.75, -1.75, 1.75, 2.25, -3.5 }, NULL, true };
static const recorded_tensor tensor_732 = { TP_F32, { { 3, 4, 3, 2 }, 4 }, { 24, 6, 2, 1 }, (const double[]){ -3, 0.5,
    0.25, 2.25, -2.5, -2.25, -2.25, 2.75, -3.5, 2.25, 0.75, 0.75, 0, -3.25, 0.5, -0.25, -1.75, -0.5, 1.75, 0.5, -2,
    -4.5, -0.25, 4.5, -0.75, 1.25, -2, 1.75, -0.25, -3.75, -2.25, 1.25, 2, 1.5, 2, -3, -1, -3.5, 1.75, -2, -1.5, 1, 3,
    -0.75, 3, -0.75, -0.75, 0.75, 0.75, 0.25, 4.75, -0.5, -0.75, -1.75, -0, -0.5, 0.75, 0, -4.5, -3.25, 0, 1, 2.75,
    -2.25, 2, -0.25, 3.5, -0.75, 1.25, 0.5, 5, 0.75 }, NULL, true };
static const recorded_tensor tensor_733 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { -1 }, (const double[]){ 2.125, 0.0625,
    3.625, 0.8125, 4.5, 4.0625, -5.5, -3.6875, -5.375, -6.25, -7.125, -7.5625, 4.0625, 5.25, 2.125, 0.0625, 3.625,
    0.8125, -6.875, -6.75, -5.5, -3.6875, -5.375, -6.25, 3.1875, 4.8125, 4.0625, 5.25, 2.125, 0.0625, 2.625, 0.25,
    3.5625, 0.0625, 4.5, -2.625, -3.0625, -2.5625, -2.9375, -4.125, -2.8125, -8.1875, 4.5, 1.375, 2.625, 0.25, 3.5625,
    0.0625, -1.625, -9.4375, -3.0625, -2.5625, -2.9375, -4.125, 3.5625, -2.8125, 4.5, 1.375, 2.625, 0.25, -5.5, 3.9375,
    -3.8125, 5.1875, -4.9375, 4.25, -5.875, -3.1875, -2.875, -3.75, -5.5, -2.4375, -4.6875, 6.125, -5.5, 3.9375,
    -3.8125, 5.1875, -5.125, -0.125, -5.875, -3.1875, -2.875, -3.75, -3.5625, 5.5, -4.6875, 6.125, -5.5, 3.9375, -2.25,
    2.875, -4.0625, 3.4375, -5.25, 0.25, 3.375, 10.5, 3.0625, 9.1875, 5.25, 13.1875, -6.6875, 3.875, -2.25, 2.875,
    -4.0625, 3.4375, 7.75, 15.875, 3.375, 10.5, 3.0625, 9.1875, -5.5, 0.8125, -6.6875, 3.875, -2.25, 2.875, 3.625,
    0.8125, 4.5, 4.0625, 3.1875, 4.8125, -5.375, -6.25, -7.125, -7.5625, -3.875, -8.25, 2.125, 0.0625, 3.625, 0.8125,
    4.5, 4.0625, -5.5, -3.6875, -5.375, -6.25, -7.125, -7.5625, 4.0625, 5.25, 2.125, 0.0625, 3.625, 0.8125, 3.5625,
    0.0625, 4.5, -2.625, 3.5625, -2.8125, -2.9375, -4.125, -2.8125, -8.1875, 0.4375, -6.9375, 2.625, 0.25, 3.5625,
    0.0625, 4.5, -2.625, -3.0625, -2.5625, -2.9375, -4.125, -2.8125, -8.1875, 4.5, 1.375, 2.625, 0.25, 3.5625, 0.0625,
    -3.8125, 5.1875, -4.9375, 4.25, -3.5625, 5.5, -2.875, -3.75, -5.5, -2.4375, -8.125, -1.75, -5.5, 3.9375, -3.8125,
    5.1875, -4.9375, 4.25, -5.875, -3.1875, -2.875, -3.75, -5.5, -2.4375, -4.6875, 6.125, -5.5, 3.9375, -3.8125, 5.1875,
    -4.0625, 3.4375, -5.25, 0.25, -5.5, 0.8125, 3.0625, 9.1875, 5.25, 13.1875, 5.5625, 12.5, -2.25, 2.875, -4.0625,
    3.4375, -5.25, 0.25, 3.375, 10.5, 3.0625, 9.1875, 5.25, 13.1875, -6.6875, 3.875, -2.25, 2.875, -4.0625, 3.4375 },
    NULL, false };
static const recorded_tensor tensor_734 = { TP_F32, { { 3, 4, 3, 2 }, 4 }, { -1 }, (const double[]){ 0.6875, -1.625,
    0.3125, 8.9375, -2.375, -1, 1.9375, 5, 0.0625, -5.125, 0.375, 1, 4.625, -0.8125, 4.75, 4.5625, 4.8125, -3.25, -10.5,
    4.3125, 4.875, -5.5, -11.375, -1.0625, -5.125, -2.875, -1.1875, 12.875, -6.625, -1.3125, 3.5, 3.25, 1.25, -1.5625,
    4.125, 1.4375, 10, -3.5, 3.0625, 7.3125, 12.0625, -0.9375, -14.4375, -2.0625, 6.1875, -9.1875, -13.4375, -2.4375,
    -10.3125, 0.5625, 3.5625, 11.8125, 0.6875, -1.625, 2.5625, 3.0625, -1.9375, 3.25, 1.9375, 5, 9.75, -2.75, 0.4375,
    -1.8125, 4.625, -0.8125, -11.5, 6.25, 6.875, -14.125, -10.5, 4.3125 }, NULL, false };
static const recorded_tensor tensor_735 = { TP_F32, { { 2, 3, 3, 4 }, 4 }, { -1 }, (const double[]){ 33, 19.6875,
    -22.125, -4.0625, 0.0625, 26.6875, -19.4375, -10.125, 4.8125, -14.1875, 23.6875, -38.4375, 12.375, -21.25, -15.1875,
    9.9375, -3.875, -1.5, 11.9375, -6.4375, 0.9375, -15.75, 17.8125, -0.5, 5.9375, -38.8125, 1.8125, -8.9375, 8.75,
    -27.9375, 8.125, -46.6875, -4.875, -19, -5.5, 19.0625, -11.0625, 7.3125, 13, 3.6875, 3.6875, 9.4375, 23, -9.0625,
    7.125, 21.375, -22.625, 11.75, -6.5, 14.1875, 8.4375, -14.6875, -3.5, 4.25, 41.1875, 7.625, -0.5625, -2.6875,
    -22.8125, -12.625, -0.875, -3.4375, 2.9375, 6.6875, 3, 26.1875, -22.6875, 16.0625, -4.0625, -6.8125, -4.625, -3.8125
    }, NULL, false };
static const recorded_tensor tensor_736 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { 120, 30, 6, 1 }, (const double[]){ -2.25,
    -2.25, -0.5, -0.75, 1.75, 1.5, -0.75, -4.25, 0.75, -2.5, 0.75, 0.5, 0.25, 2.5, 2.25, -0.5, -2.75, -3.5, 1.25, 1.5,
    1.25, -3, -0.75, 3.75, 1.5, -1.25, -0.25, 0.25, 2.75, 3.25, 2, -1.75, -1.25, 0, -1, 0.5, 1, 0.25, 1.25, 1, -0.25,
    1.5, -0.5, 0, 1, 4.5, -3, -3.25, -1.25, 1.75, 2, 0.25, -0.5, -0.75, 1, -0.75, -1, 1.5, 3, 6.75, -3, -2.5, 3.75, -1,
    -1.25, 1.75, 2.25, 2.5, -3, 5.25, -1, 0.75, -3.25, -1, -1, -1, -2.25, 2.25, -0.25, 1.5, -0.25, 1.25, -1.75, 0, 1.75,
    -0.75, 2, 0.75, -0.5, 4.5, -3.75, -0, -2, -2, 0, 1.5, 3.25, -2.75, 0.75, 1, -5.25, -3.5, -0.5, 0.5, 0.5, 0.25, 0.75,
    1, 1, -1.75, 1.5, -1.75, -0.5, -4.75, -0.25, -0, 2, 0.75, -1.75, -0, -1.25, -1, 3.75, -0.75, 0.25, 2.25, 1.75, 2.75,
    -1.75, -0.75, -1.5, 1.25, 1.25, 1, 4, -2.25, -0.25, 0.25, -1.25, -2.5, -0.25, -2, -0.75, 0.5, -0.5, 0.25, 0.5, 2.25,
    0.5, 0.75, -0.5, -0.25, 0.5, -1.5, -3.75, 0.25, -1.5, 0.75, 0.25, 0.75, 2, -2, 0.5, -0.25, 2, -1, 1.5, 1.25, 0.75,
    0.5, -0.25, 0.75, -0.75, -2.25, 0.5, -2.75, -0.25, -0.75, -3, -0.75, 2.25, 0.25, 3.25, 1.5, -2.25, -1.5, 3, 0.5,
    1.25, -2, -2.5, -2.5, -1, 1, 0.75, 0.75, 0.25, 1.75, -0.5, 2, -0.25, -2.25, 0.75, 1.25, 1.25, -2.5, 1.25, -1, 2.25,
    0.25, 2, 1.75, -2.5, 2, -1, -2.5, 2, 2.5, -1.25, 1.25, 0.5, -0, -2, -0.25, -0.75, 3.25, 0.5, 0.75, -0.25, 1.25,
    -0.5, -2.75, -0.25, -1, -1, 1.75, -1.75, 1.75, 2.25, -3.5 }, NULL, true };
static const recorded_tensor tensor_737 = { TP_F32, { { 4, 2, 3, 2 }, 4 }, { 12, 6, 2, 1 }, (const double[]){ -3, -3.5,
    0.25, -2.25, 3, -0.25, 1.25, -0.25, -0.25, 2, 1.75, -1, -1.75, 0.25, 3.75, 0.75, -0, -1.5, -1, -0.75, 1.25, -2.25,
    -0.25, -0.5, -0.25, 2.75, 1.25, -1, -0.75, -2.75, 3.5, 4.25, -0.5, 1.5, 1.25, 0.5, -4, 1, -1, -1.75, -0, 2.25, 0.75,
    -0.5, -2.25, -0.75, 2, -2.25 }, NULL, true };
static const recorded_tensor tensor_738 = { TP_F32, { { 4 }, 1 }, { 1 }, (const double[]){ 2.25, 1.25, -0, 1 }, NULL,
    true };
static const recorded_tensor tensor_739 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { -1 }, (const double[]){ -2.375, -5.1875,
    -7.1875, -9.1875, -11.1875, -4.875, -0.375, -2.9375, -4.3125, -5.6875, -7.0625, -7.125, 1.125, -1.5625, -2.625,
    -3.6875, -4.75, -9.75, 3.5, 3.625, 4.5625, 5.5, 6.4375, -4.875, 1.5, 1.375, 1.6875, 2, 2.3125, -2.625, 0.125,
    -0.3125, -0.5, -0.6875, -0.875, -1.5, 0.625, 0.3125, 0.3125, 0.3125, 0.3125, -1.875, 1.375, 0.6875, 0.6875, 0.6875,
    0.6875, -4.125, 1.25, 1, 1.1875, 1.375, 1.5625, -2.625, 0.75, 0.375, 0.375, 0.375, 0.375, -2.25, -2.125, -1.3125,
    -1.4375, -1.5625, -1.6875, 5.625, -2, -2.5, -3.25, -4, -4.75, 1.5, -2.375, -3.3125, -4.375, -5.4375, -6.5, 0.75,
    -0.25, -2, -2.9375, -3.875, -4.8125, -4.875, -0.375, -0.8125, -1.125, -1.4375, -1.75, -0.75, 2.125, 5.0625, 7.0625,
    9.0625, 11.0625, 5.625, 0.75, 3.375, 4.875, 6.375, 7.875, 6.75, 2.375, 4.9375, 6.8125, 8.6875, 10.5625, 4.125, 0.25,
    -0.125, -0.25, -0.375, -0.5, -1.5, 1.625, 1.5625, 1.9375, 2.3125, 2.6875, -2.625, -2.375, -5.1875, -7.1875, -9.1875,
    -11.1875, -4.875, -0.375, -2.9375, -4.3125, -5.6875, -7.0625, -7.125, 1.125, -1.5625, -2.625, -3.6875, -4.75, -9.75,
    3.5, 3.625, 4.5625, 5.5, 6.4375, -4.875, 1.5, 1.375, 1.6875, 2, 2.3125, -2.625, 0.125, -0.3125, -0.5, -0.6875,
    -0.875, -1.5, 0.625, 0.3125, 0.3125, 0.3125, 0.3125, -1.875, 1.375, 0.6875, 0.6875, 0.6875, 0.6875, -4.125, 1.25, 1,
    1.1875, 1.375, 1.5625, -2.625, 0.75, 0.375, 0.375, 0.375, 0.375, -2.25, -2.125, -1.3125, -1.4375, -1.5625, -1.6875,
    5.625, -2, -2.5, -3.25, -4, -4.75, 1.5, -2.375, -3.3125, -4.375, -5.4375, -6.5, 0.75, -0.25, -2, -2.9375, -3.875,
    -4.8125, -4.875, -0.375, -0.8125, -1.125, -1.4375, -1.75, -0.75, 2.125, 5.0625, 7.0625, 9.0625, 11.0625, 5.625,
    0.75, 3.375, 4.875, 6.375, 7.875, 6.75, 2.375, 4.9375, 6.8125, 8.6875, 10.5625, 4.125, 0.25, -0.125, -0.25, -0.375,
    -0.5, -1.5, 1.625, 1.5625, 1.9375, 2.3125, 2.6875, -2.625 }, NULL, false };
static const recorded_tensor tensor_740 = { TP_F32, { { 4, 2, 3, 2 }, 4 }, { -1 }, (const double[]){ -4.9375, -0.5625,
    -13.375, -8.25, 1.4375, 7.0625, 1.25, -2.3125, 14.3125, 2.9375, 5.3125, 5.1875, -4.9375, -0.5625, -13.375, -8.25,
    1.4375, 7.0625, 1.25, -2.3125, 14.3125, 2.9375, 5.3125, 5.1875, -3.4375, 0.125, -4.75, 0.5, -2.0625, 13.9375, -3,
    -7.0625, -3.1875, -15.375, 4, -7, -3.4375, 0.125, -4.75, 0.5, -2.0625, 13.9375, -3, -7.0625, -3.1875, -15.375, 4, -7
    }, NULL, false };
static const recorded_tensor tensor_741 = { TP_F32, { { 4 }, 1 }, { -1 }, (const double[]){ 30, 30, 30, 30 }, NULL,
    false };
static const recorded_tensor tensor_742 = { TP_F32, { { 2, 4, 3, 5 }, 4 }, { -1 }, (const double[]){ 28.6875, 14.5,
    16.4375, 5.625, -16.875, 14.5625, 15.1875, 28.25, -0.5, -4.3125, 0.1875, -16.25, 0.375, 19.3125, 15.75, -5, -14,
    1.6875, 1.25, 6.3125, -0.3125, 13.1875, 0.375, 14.75, -15.3125, 4.25, 2, -3.6875, -17.1875, 2.6875, -19.875,
    15.4375, -22.8125, -3.375, 3.8125, 0.375, -16.9375, 19.6875, -19.4375, -36.5625, -6.0625, 2.6875, -5.3125, 2.4375,
    -9.625, -8.5625, 21.75, -25.9375, -5.8125, 25.4375, 13.375, -20.625, 29.5, -20.125, 9.125, 6.875, 5.875, 4.25, 13,
    25.375, 9.6875, -3.8125, 14.375, -0.25, -18.25, -19.5625, -10, 12.375, 9.6875, 5.4375, 3.875, -20.1875, 8.125,
    16.0625, -5.125, 7.4375, 6.25, -10, -0.6875, 5.875, 9.75, -2.625, 24.0625, -12, 2.5625, -6.875, -9.0625, -14.9375,
    0.5, 1, 15.9375, -2.875, 7.1875, -0.625, -22.5625, 11.8125, 6.75, 4.9375, -4, -9.875, -0.125, -1.125, 11.625,
    9.3125, 6.6875, -18.5625, 1.3125, -16.375, 3.875, 18, -5.125, 4.625, -10.25, -4.9375, 8.4375, -10.3125, 4.1875,
    -5.75, 11.25, 13.0625 }, NULL, false };
static const recorded_tensor tensor_743 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { 120, 30, 6, 1 }, (const double[]){ -2.25,
    -2.25, -0.5, -0.75, 1.75, 1.5, -0.75, -4.25, 0.75, -2.5, 0.75, 0.5, 0.25, 2.5, 2.25, -0.5, -2.75, -3.5, 1.25, 1.5,
    1.25, -3, -0.75, 3.75, 1.5, -1.25, -0.25, 0.25, 2.75, 3.25, 2, -1.75, -1.25, 0, -1, 0.5, 1, 0.25, 1.25, 1, -0.25,
    1.5, -0.5, 0, 1, 4.5, -3, -3.25, -1.25, 1.75, 2, 0.25, -0.5, -0.75, 1, -0.75, -1, 1.5, 3, 6.75, -3, -2.5, 3.75, -1,
    -1.25, 1.75, 2.25, 2.5, -3, 5.25, -1, 0.75, -3.25, -1, -1, -1, -2.25, 2.25, -0.25, 1.5, -0.25, 1.25, -1.75, 0, 1.75,
    -0.75, 2, 0.75, -0.5, 4.5, -3.75, -0, -2, -2, 0, 1.5, 3.25, -2.75, 0.75, 1, -5.25, -3.5, -0.5, 0.5, 0.5, 0.25, 0.75,
    1, 1, -1.75, 1.5, -1.75, -0.5, -4.75, -0.25, -0, 2, 0.75, -1.75, -0, -1.25, -1, 3.75, -0.75, 0.25, 2.25, 1.75, 2.75,
    -1.75, -0.75, -1.5, 1.25, 1.25, 1, 4, -2.25, -0.25, 0.25, -1.25, -2.5, -0.25, -2, -0.75, 0.5, -0.5, 0.25, 0.5, 2.25,
    0.5, 0.75, -0.5, -0.25, 0.5, -1.5, -3.75, 0.25, -1.5, 0.75, 0.25, 0.75, 2, -2, 0.5, -0.25, 2, -1, 1.5, 1.25, 0.75,
    0.5, -0.25, 0.75, -0.75, -2.25, 0.5, -2.75, -0.25, -0.75, -3, -0.75, 2.25, 0.25, 3.25, 1.5, -2.25, -1.5, 3, 0.5,
    1.25, -2, -2.5, -2.5, -1, 1, 0.75, 0.75, 0.25, 1.75, -0.5, 2, -0.25, -2.25, 0.75, 1.25, 1.25, -2.5, 1.25, -1, 2.25,
    0.25, 2, 1.75, -2.5, 2, -1, -2.5, 2, 2.5, -1.25, 1.25, 0.5, -0, -2, -0.25, -0.75, 3.25, 0.5, 0.75, -0.25, 1.25,
    -0.5, -2.75, -0.25, -1, -1, 1.75, -1.75, 1.75, 2.25, -3.5 }, NULL, true };
static const recorded_tensor tensor_744 = { TP_F32, { { 8, 1, 2, 2 }, 4 }, { 4, 4, 2, 1 }, (const double[]){ 1, -0,
    -2.25, 1.5, 3, -0.25, -0.25, -2.5, 0.5, -6.25, -0.5, 0.75, 0, -0.5, -1.5, 1.75, 0.75, 1.25, 2.5, -1.25, -1.25, -2.5,
    -1.25, -1, -0, -0.75, -0.75, 2, 2.5, 1, -1.75, -3.25 }, NULL, true };
static const recorded_tensor tensor_745 = { TP_F32, { { 8 }, 1 }, { 1 }, (const double[]){ 0.5, -3.5, -4.5, 2.25, -1.25,
    1.5, -1.5, 0.25 }, NULL, true };
static const recorded_tensor tensor_746 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { -1 }, (const double[]){ 3.5, 4.5, 5.25,
    2.4375, -0.375, -0.125, 3.75, 3.5, 4.3125, 5.25, -0.3125, -0.375, 1.375, 1.75, -1, -0.625, -2.5, 0.3125, -3.5625,
    -1.375, -1.625, -4.375, -2, -2.25, -2.9375, -3.5625, -0.75, -1.625, -1.75, -2, 0.75, 0.25, -9.375, -3.125, -5.3125,
    -7, 0.625, 0.75, -7.8125, -9.375, -3.625, -5.3125, -1.375, -1.125, -6.0625, -8.4375, -7, -0.25, -1.375, -1.875,
    0.0625, 0.1875, 2.125, 2.75, -2.75, -1.375, 1.5, 0.0625, 2.4375, 2.125, 0.3125, 0.1875, -0.5625, -1, -1.875,
    -2.1875, -1.125, 0.3125, -2.3125, -0.5625, 0, -1.875, 1.5, 1.6875, -3.9375, -4.625, -1.3125, -2.1875, 0.625, 2.5,
    0.0625, -2.0625, -2.625, -1.625, 0.3125, 0.625, 0.3125, 0.0625, -2.0625, -2.625, 3.75, 1.25, 2.625, 2.0625, -0.375,
    0.625, 3.125, 3.75, 1.9375, 2.625, -0.4375, -0.375, -0.875, 1.3125, -0.9375, 0.6875, 1.3125, -2.6875, -2.75, -3.375,
    -4.375, -5.3125, 0.875, 0.5625, -2.125, -2.75, -5.625, -4.375, -2.875, 0.875, 4.5, 5.5, 2.4375, 3.375, -0.125,
    -0.1875, 3.5, 4.5, 5.25, 2.4375, -0.375, -0.125, 1.75, 0.875, -0.625, -0.5625, 0.3125, 0, -1.375, -2, -4.375,
    -4.9375, -2.25, 0.625, -3.5625, -1.375, -1.625, -4.375, -2, -2.25, 0.25, 0.375, -3.125, -4.6875, -7, -8.0625, 0.75,
    0.25, -9.375, -3.125, -5.3125, -7, -1.125, -1.5, -8.4375, -8, -0.25, -3.5, -1.875, -1.75, 0.1875, -0.625, 2.75,
    3.375, -1.375, -1.875, 0.0625, 0.1875, 2.125, 2.75, 0.1875, -0.875, -1, -3, -2.1875, -2.5, 0.3125, 0.1875, -0.5625,
    -1, -1.875, -2.1875, 1.6875, 0.3125, -4.625, -1.5625, -2.1875, -4.625, 2.5, 2.8125, -2.0625, -2.3125, -1.625,
    -2.1875, 0.625, 2.5, 0.0625, -2.0625, -2.625, -1.625, 1.25, 1.875, 2.0625, 2.75, 0.625, 0.6875, 3.75, 1.25, 2.625,
    2.0625, -0.375, 0.625, 1.3125, 1.3125, 0.6875, 0.4375, -2.6875, -2.9375, -3.375, -1.8125, -5.3125, -1.25, 0.5625,
    -2.25, -2.75, -3.375, -4.375, -5.3125, 0.875, 0.5625 }, NULL, false };
static const recorded_tensor tensor_747 = { TP_F32, { { 8, 1, 2, 2 }, 4 }, { -1 }, (const double[]){ 0.375, 11.125,
    4.5625, 3.125, -6.1875, -2.8125, 7.375, 7.6875, 5.1875, 1.0625, 4.625, 6.0625, 6.9375, -3.3125, 14.0625, -0.125,
    3.75, 5.9375, -0.375, 9.4375, 9.125, -6.1875, 0.5, 13.0625, 6.75, -8.5625, 1.875, -8.1875, -1, -2.875, 2.375,
    -2.6875 }, NULL, false };
static const recorded_tensor tensor_748 = { TP_F32, { { 8 }, 1 }, { -1 }, (const double[]){ 23, 25, 23.25, 24, 24.75,
    23, 25, 23.25 }, NULL, false };
static const recorded_tensor tensor_749 = { TP_F32, { { 2, 8, 3, 4 }, 4 }, { -1 }, (const double[]){ 1.0625, -8.125,
    -9.1875, -4.375, -1.1875, -11.625, -2.6875, 10.375, -3, 6.1875, 7.4375, 4.3125, -15.8125, -9.4375, 0.875, 2.75,
    -9.375, -8.5, 0.125, -19.75, -3.0625, 3.8125, -2.875, -12.3125, 5.3125, -2, -1.625, -12.3125, -9.6875, -11.3125,
    -3.6875, -14.0625, -12.25, -31.125, 17.5, 22.375, 5.375, 10.125, -4, -10.4375, 7, -0.4375, -1.5, -0.1875, -1.5,
    3.75, 10.5, 13.4375, -5.6875, -5.625, 0.3125, -5.125, -3.625, 9.375, -3.1875, 6.75, -3.0625, -6.0625, 0.8125,
    -2.9375, 0.9375, 9.375, 3.4375, -2.625, 6.75, -17.875, 9.8125, -8.5, 3.875, 5.4375, 6.375, -8.3125, 1.375, 0.125,
    -0.375, -0.8125, 0.1875, -4.4375, 0.3125, -7.0625, 2.3125, -0.1875, -7.0625, -2.8125, -11.875, -3.4375, -8.0625,
    -6.9375, 2.5, 3.125, -4.125, 17.75, -6.5625, -0.6875, 4.4375, 0.5625, 2.4375, -6.125, -5.125, 5.1875, 4.6875, 5.875,
    -1.8125, 5, 3.625, 4.3125, 4.125, -5.6875, -18.5, -0.9375, 7.3125, -6.375, 3.125, 10.5625, -6.4375, -6.8125, -1.875,
    -5.625, 7.1875, -12.75, -6.625, 4.125, 19.3125, -5.375, -7.375, -8.5, -17.3125, 6.3125, -17.1875, 2.4375, -15, -13,
    4.75, 1.625, 3.75, 5.8125, 0.5625, 2.4375, 0.3125, -1.8125, 0.0625, 5.5625, -3.375, 1.4375, 1.0625, 2.375, -0.0625,
    -2.3125, 1.625, 4.4375, -5, -13.0625, 0.5, -4.5625, -0.0625, -1.3125, -8.9375, -4.5625, 1.875, 0.6875, -4.5, 5.625,
    5.75, 11.8125, -1.9375, 2.5, -3.875, -2.8125, 0.375, 3.6875, 0.8125, -0.5625, -1.375, -8.875, -2, -1.4375, -3.6875,
    -1.75, 3.9375, -10.375, 8.6875, -3.5, -7.3125, -5.375, 6.0625, 14.5, -0.6875, 11.4375, 1.9375, -5.875, -5.375,
    17.4375 }, NULL, false };
static const recorded_tensor tensor_750 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { 120, 30, 6, 1 }, (const double[]){ -2.25,
    -2.25, -0.5, -0.75, 1.75, 1.5, -0.75, -4.25, 0.75, -2.5, 0.75, 0.5, 0.25, 2.5, 2.25, -0.5, -2.75, -3.5, 1.25, 1.5,
    1.25, -3, -0.75, 3.75, 1.5, -1.25, -0.25, 0.25, 2.75, 3.25, 2, -1.75, -1.25, 0, -1, 0.5, 1, 0.25, 1.25, 1, -0.25,
    1.5, -0.5, 0, 1, 4.5, -3, -3.25, -1.25, 1.75, 2, 0.25, -0.5, -0.75, 1, -0.75, -1, 1.5, 3, 6.75, -3, -2.5, 3.75, -1,
    -1.25, 1.75, 2.25, 2.5, -3, 5.25, -1, 0.75, -3.25, -1, -1, -1, -2.25, 2.25, -0.25, 1.5, -0.25, 1.25, -1.75, 0, 1.75,
    -0.75, 2, 0.75, -0.5, 4.5, -3.75, -0, -2, -2, 0, 1.5, 3.25, -2.75, 0.75, 1, -5.25, -3.5, -0.5, 0.5, 0.5, 0.25, 0.75,
    1, 1, -1.75, 1.5, -1.75, -0.5, -4.75, -0.25, -0, 2, 0.75, -1.75, -0, -1.25, -1, 3.75, -0.75, 0.25, 2.25, 1.75, 2.75,
    -1.75, -0.75, -1.5, 1.25, 1.25, 1, 4, -2.25, -0.25, 0.25, -1.25, -2.5, -0.25, -2, -0.75, 0.5, -0.5, 0.25, 0.5, 2.25,
    0.5, 0.75, -0.5, -0.25, 0.5, -1.5, -3.75, 0.25, -1.5, 0.75, 0.25, 0.75, 2, -2, 0.5, -0.25, 2, -1, 1.5, 1.25, 0.75,
    0.5, -0.25, 0.75, -0.75, -2.25, 0.5, -2.75, -0.25, -0.75, -3, -0.75, 2.25, 0.25, 3.25, 1.5, -2.25, -1.5, 3, 0.5,
    1.25, -2, -2.5, -2.5, -1, 1, 0.75, 0.75, 0.25, 1.75, -0.5, 2, -0.25, -2.25, 0.75, 1.25, 1.25, -2.5, 1.25, -1, 2.25,
    0.25, 2, 1.75, -2.5, 2, -1, -2.5, 2, 2.5, -1.25, 1.25, 0.5, -0, -2, -0.25, -0.75, 3.25, 0.5, 0.75, -0.25, 1.25,
    -0.5, -2.75, -0.25, -1, -1, 1.75, -1.75, 1.75, 2.25, -3.5 }, NULL, true };
static const recorded_tensor tensor_751 = { TP_F32, { { 2, 4, 3, 3 }, 4 }, { 36, 9, 3, 1 }, (const double[]){ -5.25,
    -2.5, 1, 1.5, 0.25, 1.25, 3.75, -2, -1.75, -1.25, 2.5, -1.5, -3.75, 1, 0.75, 2, -2, -1.5, 4.75, 1.5, -0.25, -3, 0.5,
    -2, 3.25, 0.5, 2, 0.5, -0.5, 1, 1.25, 0.25, 0.25, -0.75, -1, 1.75, 0.5, 1.25, -0.75, 1.75, 0.5, -2.75, -3.25, -5.5,
    0.75, -1.75, 3.25, 4.75, 2.25, -2.75, -1, 3, -1.75, 0.25, -3.5, -1.25, -3, 0.75, 2.25, 3, 2.75, -0.25, 0.75, 2.75,
    0.25, 1, 1.25, 1, 3.75, 1, 1.25, 1 }, NULL, true };
static const recorded_tensor tensor_752 = { TP_F32, { { 2, 4, 5, 6 }, 4 }, { -1 }, (const double[]){ -5.5, -1.5,
    -0.3125, -0.0625, -1, 0, -0.3125, -0.1875, -2, -0.3125, -1.625, 0, -0.8125, -4.1875, -7.5625, -7.125, -1.125, 0,
    2.9375, -6.9375, 1.75, -8.625, -2.75, 0, 4.8125, -10.3125, 1.75, -2.625, -2.75, 0, -5.25, 7.75, 2.125, 1.5625,
    1.4375, 0, -3.75, 2.5625, -2.6875, 3.5625, 2.9375, 0, -3.5, 2.6875, 1.5625, 4.9375, 3.8125, 0, 3.875, -5.0625,
    3.3125, -6.4375, -1.8125, 0, 5.625, -7.8125, -1.9375, -4.5, -1, 0, 0.75, 1.75, -5.4375, 2.1875, -0.875, 0, -1.3125,
    2.9375, -3, 3.6875, -2, 0, 1.1875, 4.5625, 4.0625, 1.9375, -2.3125, 0, 4.3125, 2.3125, 8.75, 3.0625, 4.4375, 0,
    6.1875, 3.8125, 5, 4.25, 2.875, 0, 6.125, 0.25, 8.5, 0.8125, 4, 0, 4.9375, 1.0625, 11.875, 1.3125, 7, 0, 7.9375,
    1.6875, 16.1875, 0.4375, 7.0625, 0, 2.125, 1.1875, 8.5625, 1.5625, 7.4375, 0, 3.5, 1.9375, 13, 2, 7.375, 0, -5.5,
    -1.5, -0.3125, -0.0625, -1, 0, -0.3125, -0.1875, -2, -0.3125, -1.625, 0, -0.8125, -4.1875, -7.5625, -7.125, -1.125,
    0, 2.9375, -6.9375, 1.75, -8.625, -2.75, 0, 4.8125, -10.3125, 1.75, -2.625, -2.75, 0, -5.25, 7.75, 2.125, 1.5625,
    1.4375, 0, -3.75, 2.5625, -2.6875, 3.5625, 2.9375, 0, -3.5, 2.6875, 1.5625, 4.9375, 3.8125, 0, 3.875, -5.0625,
    3.3125, -6.4375, -1.8125, 0, 5.625, -7.8125, -1.9375, -4.5, -1, 0, 0.75, 1.75, -5.4375, 2.1875, -0.875, 0, -1.3125,
    2.9375, -3, 3.6875, -2, 0, 1.1875, 4.5625, 4.0625, 1.9375, -2.3125, 0, 4.3125, 2.3125, 8.75, 3.0625, 4.4375, 0,
    6.1875, 3.8125, 5, 4.25, 2.875, 0, 6.125, 0.25, 8.5, 0.8125, 4, 0, 4.9375, 1.0625, 11.875, 1.3125, 7, 0, 7.9375,
    1.6875, 16.1875, 0.4375, 7.0625, 0, 2.125, 1.1875, 8.5625, 1.5625, 7.4375, 0, 3.5, 1.9375, 13, 2, 7.375, 0 }, NULL,
    false };
static const recorded_tensor tensor_753 = { TP_F32, { { 2, 4, 3, 3 }, 4 }, { -1 }, (const double[]){ 7.375, -9.75,
    7.6875, 8.4375, -7.6875, 13.5, 8.3125, -7.8125, 2, 7.5, 3.6875, 0.875, 4.4375, 1.875, 2, 5.5625, 1.125, -1.3125,
    -1.125, 2, 0.625, 9, 3.375, -1.3125, 2.4375, -2.9375, 2.375, -4.9375, 10.25, -10.8125, -3.125, 6.625, -8.125,
    -1.1875, 0.5, 1.5, 7.375, -9.75, 7.6875, 8.4375, -7.6875, 13.5, 8.3125, -7.8125, 2, 7.5, 3.6875, 0.875, 4.4375,
    1.875, 2, 5.5625, 1.125, -1.3125, -1.125, 2, 0.625, 9, 3.375, -1.3125, 2.4375, -2.9375, 2.375, -4.9375, 10.25,
    -10.8125, -3.125, 6.625, -8.125, -1.1875, 0.5, 1.5 }, NULL, false };
static const recorded_tensor tensor_754 = { TP_F32, { { 2, 2, 5, 2 }, 4 }, { -1 }, (const double[]){ -42.5, -2.875,
    -6.1875, 23.375, 33, 16.9375, 46.6875, -8.375, -35.9375, 4.625, -24.875, -30.4375, -21.375, 0.9375, -27.0625,
    -18.375, 3.1875, 3.25, 42.875, -4, -12.875, 17.375, -2.1875, 1.5, 30.5625, 7.625, -3.6875, 7, -28, -29.8125,
    -16.6875, 21.875, 28.6875, -7.0625, -15.75, -22.9375, 2.125, 5.25, 0.1875, 13.25 }, NULL, false };
static const recorded_tensor tensor_755 = { TP_F32, { { 4, 5, 5 }, 3 }, { 25, 5, 1 }, (const double[]){ 2.5, 2.25, 1.5,
    -2.25, -2.25, -1.75, 0.5, 1.5, -0.5, -2.75, 0, 1.25, -0, 2.75, 1, 2, -2.25, -1.75, 0.25, 1.5, -1, -2.5, 3.25, -0.5,
    -3, 0.25, -2.25, -2.5, -1, -0.25, 1.5, -1.25, 3.5, 0.75, -0, 2.5, -0, -2.5, 1.5, -0.75, -0.25, -1.5, 0.25, -3.5, -2,
    -0.75, 1, 3.5, -0, 3.5, -6, -3.5, -2, 1.5, -5.25, 1.25, 0.25, 1.25, 2, -0.75, -2.25, 2.25, 2, 0.75, 0.75, 2.25, 0,
    -2.25, 0, -0.5, -1.75, 0.5, -0.5, -1.5, 0.25, -1.75, -0.5, -1, 0.75, 0, -3.75, 0.75, -1, 1.75, -1.25, -3, -3, -1, 1,
    3.25, 4.5, 0, -2.25, 0.5, 2, 2.5, -3, -1, 2.75, -0.5 }, NULL, true };
static const recorded_tensor tensor_756 = { TP_F32, { { 2, 4, 1, 1 }, 4 }, { 4, 1, 1, 1 }, (const double[]){ 0.25, 0,
    -0.5, 2.25, 2, 1.5, 0, 0.25 }, NULL, true };
static const recorded_tensor tensor_757 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ -2.25, -1.5 }, NULL, true };
static const recorded_tensor tensor_758 = { TP_F32, { { 4, 5, 5 }, 3 }, { -1 }, (const double[]){ 1.125, 1.6875, 2.25,
    2.8125, 3.375, 1.125, 1.6875, 2.25, 2.8125, 3.375, 1.125, 1.6875, 2.25, 2.8125, 3.375, 1.125, 1.6875, 2.25, 2.8125,
    3.375, 1.125, 1.6875, 2.25, 2.8125, 3.375, 0.75, 1.125, 1.5, 1.875, 2.25, 0.75, 1.125, 1.5, 1.875, 2.25, 0.75,
    1.125, 1.5, 1.875, 2.25, 0.75, 1.125, 1.5, 1.875, 2.25, 0.75, 1.125, 1.5, 1.875, 2.25, -0.25, -0.375, -0.5, -0.625,
    -0.75, -0.25, -0.375, -0.5, -0.625, -0.75, -0.25, -0.375, -0.5, -0.625, -0.75, -0.25, -0.375, -0.5, -0.625, -0.75,
    -0.25, -0.375, -0.5, -0.625, -0.75, 1.25, 1.875, 2.5, 3.125, 3.75, 1.25, 1.875, 2.5, 3.125, 3.75, 1.25, 1.875, 2.5,
    3.125, 3.75, 1.25, 1.875, 2.5, 3.125, 3.75, 1.25, 1.875, 2.5, 3.125, 3.75 }, NULL, false };
static const recorded_tensor tensor_759 = { TP_F32, { { 2, 4, 1, 1 }, 4 }, { -1 }, (const double[]){ -3.75, -1.1875,
    -9.9375, 2.375, -3.75, -1.1875, -9.9375, 2.375 }, NULL, false };
static const recorded_tensor tensor_760 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ 25, 25 }, NULL, false };
static const recorded_tensor tensor_761 = { TP_F32, { { 2, 5, 5 }, 3 }, { -1 }, (const double[]){ -2.5625, -1.0625,
    -3.125, -1.875, -0.1875, -11.75, -0.5625, -4.75, 0.5625, -5.375, -7.875, -9.8125, -5.5, 0.3125, 4.9375, 7.25,
    -2.8125, -6.625, -1.0625, 2.875, 4, -9.875, -3.4375, 4.5625, -4.25, 3.4375, -0.5, -2.5, -7.3125, -6.375, -3.6875,
    -2.1875, 6.5, -0.9375, -7.3125, 1.5, 0.25, -5.5, 6.5, 0.1875, 3.25, -8.25, -5.1875, -6.125, -1, -4, -5.75, 10,
    -1.8125, -2.375 }, NULL, false };
static const recorded_tensor tensor_762 = { TP_F32, { { 1, 2, 3, 3 }, 4 }, { 18, 9, 3, 1 }, (const double[]){ 1.5,
    -4.75, 2.25, 1.25, -0.5, 0.75, 1, -1, 2, 4, -2.5, -2, 2.75, 0.5, 0.25, -2, 0.75, 0 }, NULL, true };
static const recorded_tensor tensor_763 = { TP_F32, { { 2, 2, 3, 3 }, 4 }, { 18, 9, 3, 1 }, (const double[]){ -1.5,
    -0.75, -1, 0.75, 1.25, 3, -1.25, 4.5, -0, 0.25, 1.25, 1, 0.75, -4.5, 1.75, 0.25, -5, 2.25, -0.75, 1, -1, 2.25,
    -0.25, 4.5, -1.5, -2.75, 0.25, 2.25, -2, 0.5, -1, 4, -0.75, 2, -1.25, -0.25 }, NULL, true };
static const recorded_tensor tensor_764 = { TP_F32, { { 1, 2, 3, 3 }, 4 }, { -1 }, (const double[]){ 3.125, 4.8125, 6.5,
    3.125, 4.8125, 6.5, 3.125, 4.8125, 6.5, 1.125, 1.5, 1.875, 1.125, 1.5, 1.875, 1.125, 1.5, 1.875 }, NULL, false };
static const recorded_tensor tensor_765 = { TP_F32, { { 2, 2, 3, 3 }, 4 }, { -1 }, (const double[]){ 3.4375, 2.8125,
    2.1875, 3.4375, 2.8125, 2.1875, 3.4375, 2.8125, 2.1875, 0.5625, 0.125, -0.3125, 0.5625, 0.125, -0.3125, 0.5625,
    0.125, -0.3125, 3.4375, 2.8125, 2.1875, 3.4375, 2.8125, 2.1875, 3.4375, 2.8125, 2.1875, 0.5625, 0.125, -0.3125,
    0.5625, 0.125, -0.3125, 0.5625, 0.125, -0.3125 }, NULL, false };
static const recorded_tensor tensor_766 = { TP_F32, { { 1, 2, 5, 5 }, 4 }, { -1 }, (const double[]){ 9, -18.875, -14.25,
    25.4375, -3.3125, 17.6875, -41.75, 7.625, 9.25, -0.6875, 6.5625, 10.875, -12.25, 12.5625, -5.625, 1, 12.0625,
    -0.0625, 2.9375, 0.4375, -3, -1.5, -2.3125, 0.1875, -3, -0.625, -9.6875, 23, -1.5625, -7.375, 3.375, -11, 6.6875,
    -17.375, 6.4375, 4.8125, 4.375, 7.0625, 0.875, -7.75, 6.125, -16.8125, 19.625, -1.75, 4.5, -2, 6.375, -9.75, 4.4375,
    -1.5 }, NULL, false };
static const recorded_tensor tensor_767 = { TP_F32, { { 1, 2, 3, 3 }, 4 }, { 18, 1, 6, 2 }, (const double[]){ 2, 0.75,
    -0, 3.5, 1, 0.25, 2, -0.75, -0.25, 0, 1.5, -1, 1.25, -2, -2.5, 2.5, 0.75, 0 }, NULL, true };
static const recorded_tensor tensor_768 = { TP_F32, { { 2, 2, 2, 2 }, 4 }, { 8, 4, 2, 1 }, (const double[]){ -2.5,
    -1.75, -0.75, 2.75, -3, -1.75, 2.25, 1.75, -0.25, -1.25, 2.25, -1.75, 1, 0.75, 0.75, 2 }, NULL, true };
static const recorded_tensor tensor_769 = { TP_F32, { { 1, 2, 3, 3 }, 4 }, { -1 }, (const double[]){ -1.625, -4.75,
    -1.9375, 0.3125, -6.75, -2.25, 0.9375, 2.75, 1.6875, 0, -1.5, -0.9375, 0, 2, 0.875, 2.8125, 6.8125, 4.1875 }, NULL,
    false };
static const recorded_tensor tensor_770 = { TP_F32, { { 2, 2, 2, 2 }, 4 }, { -1 }, (const double[]){ 6.3125, 1.6875,
    3.5625, -0.375, -0.125, -5.125, 2.5625, -2.125, 7, 2.125, 6.5, 0.8125, -0.3125, -2.25, 3.5, -3.6875 }, NULL, false
    };
static const recorded_tensor tensor_771 = { TP_F32, { { 1, 2, 2, 2 }, 4 }, { -1 }, (const double[]){ -9.5, -13.5625,
    -7.375, 9, 2.75, -4.125, 6.8125, -5.125 }, NULL, false };
static const recorded_tensor tensor_772 = { TP_F32, { { 1, 2, 5, 6 }, 4 }, { 60, 30, 6, 1 }, (const double[]){ -0,
    -1.75, -1.5, 0, -1.5, -3, -0.75, 1.5, 2.5, 1.25, 0.5, 3.5, 1.5, 0.25, -4.5, -0.25, 3.5, -2.5, -1.25, -0, 2.25, 1,
    -3, 0, 1.75, -0, 1.75, 2.75, 0.5, -1.75, 0.25, 1, -0.25, 2, -1, 0, -0.75, -2.5, -2, -0.25, -1.75, -2, -0.25, -2.5,
    -1.5, 0.5, 1.75, 2.5, -2.25, 0.5, -2.5, 1.25, 2.75, -0.75, -0.75, 1, -2.25, -2.5, 1.25, -8.25 }, NULL, true };
static const recorded_tensor tensor_773 = { TP_F32, { { 1, 2, 5, 6 }, 4 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0,
    0, 0.5, 0.75, 0, 0, 1, 1.25, 0, 0, 0, 0.5, 0, 0, 0, 1.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.75, 0, 1, 0, 1.25, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.5, 0, 0.5, 0.75, 0, 0, 0, 0, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_774 = { TP_F32, { { 1, 2, 2, 3 }, 4 }, { 12, 6, 3, 1 }, (const double[]){ 1.5, 2.5,
    3.5, 1.5, 2.25, 3.5, 1, 2, 0, 0.5, 1.25, 2.75 }, NULL, false };
static const recorded_tensor tensor_775 = { TP_F32, { { 1, 2, 5, 6 }, 4 }, { 60, 30, 6, 1 }, (const double[]){ 0.25,
    1.5, -2, -1, -3.25, 1.75, -4.5, -1.5, -2.5, -3.75, -1.25, 0.75, -2.5, 2.25, -0.5, 2.25, 1.75, -0.75, 0.25, -0.25, 3,
    -0.75, -0.5, 2.25, 1.75, 0.5, -3.5, 0.5, -1, 3.75, 0.25, 4.25, -0.5, 4.75, 3.5, -0.25, 0.75, -0.75, 2.25, -0.5, 1.5,
    3.5, -2.25, -2.5, -4, 3.75, -0.25, 1, 2, -1.25, 1, -0.75, -2.75, 0.25, -2.25, -1.5, -2, -0.25, -3.5, -1.25 }, NULL,
    true };
static const recorded_tensor tensor_776 = { TP_F32, { { 1, 2, 5, 6 }, 4 }, { -1 }, (const double[]){ 0, 0.5, 0, 0.75, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 1.25, 0, 0, 0, 0, 0, 0, 1.5, 0, 0, 0.5, 0.75, 0, 0, 1, 0, 1.25, 0, 1.5, 0, 0.5, 0.75, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 1.25, 0, 1.5, 1, 0, 0, 0, 0, 0, 0, 0.5, 0, 0.75, 0, 1 }, NULL, false };
static const recorded_tensor tensor_777 = { TP_F32, { { 1, 2, 3, 3 }, 4 }, { 18, 9, 3, 1 }, (const double[]){ 1.5, -1,
    1.75, 2.25, 3, 2.25, 1.75, 0.5, 3.75, 4.25, 4.75, 3.5, 2, 3.75, 1, -1.5, -0.25, -1.25 }, NULL, false };
static const recorded_tensor tensor_778 = { TP_F32, { { 1, 1, 5, 6 }, 4 }, { 30, 30, 6, 1 }, (const double[]){ -3.25,
    1.5, 0.25, 0.25, -1.5, 1.5, 3.75, -1.25, -1.75, -3.25, -0.5, -2.5, 1, 0.5, 2, -1.5, 0.5, -4, -1.25, 0.25, 2, 2.5,
    -0.25, 1.5, -1.5, 0.75, 3.25, -0.75, 0.75, -1.5 }, NULL, true };
static const recorded_tensor tensor_779 = { TP_F32, { { 1, 1, 5, 6 }, 4 }, { -1 }, (const double[]){ 0, 1, 1.25, 1.5, 0,
    1.25, 3.5, 0, 0, 0, 0, 0, 0, 0, 1.5, 0, 0, 0, 1.5, 0, 0, 2.5, 0, 4.25, 0, 0.5, 1.75, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_780 = { TP_F32, { { 1, 1, 3, 7 }, 4 }, { 21, 21, 7, 1 }, (const double[]){ 3.75,
    3.75, 1.5, 0.25, 0.25, 1.5, 1.5, 3.75, 3.75, 2, 2.5, 2.5, 1.5, 1.5, -1.25, 0.75, 3.25, 3.25, 2.5, 1.5, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_781 = { TP_F32, { { 2, 6, 6 }, 3 }, { 36, 6, 1 }, (const double[]){ -5.5, 0.25,
    2.75, -1.5, -2.25, -2, 0, -1.75, -5.25, 2, -1.25, 7, -2, 2.5, -3, -0, -1.25, -1.25, -1.25, -1.5, -0.5, -0.5, 1.75,
    -0.75, 3.25, 1.25, -0.25, 2.75, 1.25, 0.5, -2.5, -1, -0.75, 0.25, -1.25, -2.5, 2, -0.25, -4.25, -1, -1.25, -1, 2,
    -1.5, -1.25, 3.5, -1, 2.75, 1, 2.5, 4, -0.5, 0.25, 0.75, -2.5, -0.75, -0, -3.5, -0.5, 3, 3.5, -1.5, -0.75, -2.5,
    1.25, -3.75, 1.75, -2.75, 1, 1.75, -0.5, -0.75 }, NULL, true };
static const recorded_tensor tensor_782 = { TP_F32, { { 2, 6, 6 }, 3 }, { -1 }, (const double[]){ 0, 0, 1.5, 0, 0, 0,
    1.5, 0, 0, 0.5, 0, 1, 0, 0.75, 0, 1.25, 0, 0, 0, 0, 1, 0, 2.25, 0, 1.25, 0, 0, 2.25, 0.5, 0, 0, 0, 0, 1.75, 0, 0, 0,
    0, 0, 0, 0, 0, 0.5, 0, 0, 2, 0, 0, 0, 1.5, 4.25, 0, 0, 2.5, 0, 0, 1, 0, 0, 0.75, 0, 0, 0, 0, 0, 0, 1.25, 0, 0.5,
    1.5, 0, 0 }, NULL, false };
static const recorded_tensor tensor_783 = { TP_F32, { { 2, 4, 4 }, 3 }, { 16, 4, 1 }, (const double[]){ 2.75, 2.5, 2.75,
    -0, 0, 2, 1.75, 7, 3.25, 2.75, 1.25, 2.75, -0.5, 0.25, 1.75, 0.25, 4, 2.5, 4, 0.75, 2, 3.5, -0, 3.5, 4, 2.5, 4,
    0.75, 1.75, 1.75, 1, 3 }, NULL, false };
static const recorded_tensor tensor_784 = { TP_F32, { { 1, 1, 5, 5 }, 4 }, { 25, 25, 5, 1 }, (const double[]){ -1.25,
    -1.75, -0.5, 1, -2.75, -3.25, 1.25, -0.5, 4.25, -2.5, -0.5, -1.75, -0.5, 0.25, 2.5, -0.5, -1, 0, 0.5, -2, 2.5, -0,
    -1, -5.5, 2.75 }, NULL, true };
static const recorded_tensor tensor_785 = { TP_F32, { { 1, 1, 5, 5 }, 4 }, { -1 }, (const double[]){ 0, 0, 0, 0, 0, 0,
    1.75, 0, 3.75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0.75, 0, 0, 0, 1.25 }, NULL, false };
static const recorded_tensor tensor_786 = { TP_F32, { { 1, 1, 3, 3 }, 4 }, { 9, 9, 3, 1 }, (const double[]){ 1.25, 4.25,
    4.25, 1.25, 4.25, 4.25, 2.5, 0.5, 2.75 }, NULL, false };
static const recorded_tensor tensor_787 = { TP_F32, { { 1, 1, 7, 7 }, 4 }, { 49, 49, 7, 1 }, (const double[]){ 0.5,
    -1.5, -3, 0.25, -0.25, 2, 2.75, 0, 0, -0, 5, -0.5, -0.25, 1, 1, -0, 0.25, 0.5, -2.75, -1.75, 0.75, 0.5, 1, -0.75,
    -2, 1.5, 1, -0.75, 3.25, -2.75, 1.25, -0.75, 2.25, -2.25, 3.75, 1, -2.75, -2.25, 1, -1.25, 0.25, 2.25, 1.5, 1.5,
    0.75, 1, 0.25, -1, -1.75 }, NULL, true };
static const recorded_tensor tensor_788 = { TP_F32, { { 1, 1, 7, 7 }, 4 }, { -1 }, (const double[]){ 0.5, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0.75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.25, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0,
    1.5, 0, 0, 0, 0, 0, 0 }, NULL, false };
static const recorded_tensor tensor_789 = { TP_F32, { { 1, 1, 3, 2 }, 4 }, { 6, 6, 2, 1 }, (const double[]){ 0.5, 5,
    3.25, 1, 1.5, 1 }, NULL, false };
static const recorded_tensor tensor_790 = { TP_F32, { { 1, 1, 4, 4 }, 4 }, { 16, 16, 4, 1 }, (const double[]){ 1.25,
    0.5, 0.25, 1, 0.75, -2.5, 2.5, 1, -4.25, -4.5, 1.25, -1.5, -1.25, -1, 1.25, 2.5 }, NULL, true };
static const recorded_tensor tensor_791 = { TP_F32, { { 1, 1, 4, 4 }, 4 }, { -1 }, (const double[]){ 0.5, 0, 0, 0, 0, 0,
    0.75, 0, 0, 0, 0, 0, 0, 1, 0, 1.25 }, NULL, false };
static const recorded_tensor tensor_792 = { TP_F32, { { 1, 1, 2, 2 }, 4 }, { 4, 4, 2, 1 }, (const double[]){ 1.25, 2.5,
    -1, 2.5 }, NULL, false };
static const recorded_tensor tensor_793 = { TP_I64, { { 1, 1, 2, 2 }, 4 }, { 4, 4, 2, 1 }, NULL, (const int64_t[]){ 0,
    6, 13, 15 }, false };
static const recorded_tensor tensor_794 = { TP_F32, { { 1, 1, 4, 4 }, 4 }, { 16, 16, 4, 1 }, (const double[]){ -0.75,
    -0.25, -5.25, 1, -0.5, -1.75, -3.75, 0.25, -2.75, 3, 0.25, -3.25, -3, 1.5, 0.25, 1.75 }, NULL, true };
static const recorded_tensor tensor_795 = { TP_F32, { { 1, 1, 4, 4 }, 4 }, { -1 }, (const double[]){ 0.5, 0, 0, 0.75, 0,
    0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1.25 }, NULL, false };
static const recorded_tensor tensor_796 = { TP_F32, { { 1, 1, 2, 2 }, 4 }, { 4, 4, 2, 1 }, (const double[]){ -0.75, 1,
    -3, 1.75 }, NULL, false };
static const recorded_tensor tensor_797 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 1.5, 2.5 }, NULL, false };
static const recorded_tensor tensor_798 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 2.5, 3.5 }, NULL, false };
static const recorded_tensor tensor_799 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_800 = { TP_I64, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1 }, false };
static const recorded_tensor tensor_801 = { TP_I32, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 2, 3 }, false };
static const recorded_tensor tensor_802 = { TP_F16, { { 2 }, 1 }, { 1 }, (const double[]){ 1.5, 2 }, NULL, false };
static const recorded_tensor tensor_803 = { TP_F64, { { 2 }, 1 }, { 1 }, (const double[]){ 2.0, 3.0 }, NULL, false };
static const recorded_tensor tensor_804 = { TP_F16, { { 2 }, 1 }, { 1 }, (const double[]){ 3, 6 }, NULL, false };
static const recorded_tensor tensor_805 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1.75, 1.25, -1.5, 1.5,
    1.5, 2.75 }, NULL, false };
static const recorded_tensor tensor_806 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ -1, -1.75, -0.25 }, NULL,
    true };
static const recorded_tensor tensor_807 = { TP_F32, { { 3 }, 1 }, { -1 }, (const double[]){ 1.75, 2.25, 1.5 }, NULL,
    false };
static const recorded_tensor tensor_808 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -2.75, -0.5, -1.75,
    0.5, -0.25, 2.5 }, NULL, false };
static const recorded_tensor tensor_809 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -3.25, 1.75, -2.25,
    1.25, 0, -2.75 }, NULL, false };
static const recorded_tensor tensor_810 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ -1.25, 1.25, -1.5,
    0.75, 1.75, 1.75 }, NULL, true };
static const recorded_tensor tensor_811 = { TP_F32, { { 2, 3 }, 2 }, { -1 }, (const double[]){ -1.625, 1.3125, -2.25,
    1.5625, 0, -1.375 }, NULL, false };
static const recorded_tensor tensor_812 = { TP_F32, { { 2, 3 }, 2 }, { 3, 1 }, (const double[]){ 4.0625, 2.1875, 3.375,
    0.9375, 0, -4.8125 }, NULL, false };
static const recorded_tensor tensor_813 = { TP_I32, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 0, 0, 0 }, false };
static const recorded_tensor tensor_814 = { TP_F32, { { 3 }, 1 }, { 1 }, (const double[]){ 1.89999998, -1.89999998, 3 },
    NULL, false };
static const recorded_tensor tensor_815 = { TP_I32, { { 3 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, -1, 3 }, false };
static const recorded_tensor tensor_816 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 2, 4, -0.25, 0.5 },
    NULL, false };
static const recorded_tensor tensor_817 = { TP_F32, { { 2 }, 1 }, { 1 }, (const double[]){ 1, 1.25 }, NULL, true };
static const recorded_tensor tensor_818 = { TP_F32, { { 2 }, 1 }, { -1 }, (const double[]){ 1.5, 2 }, NULL, false };
static const recorded_tensor tensor_819 = { TP_F32, { { 2, 2 }, 2 }, { 2, 1 }, (const double[]){ 1, 1.25, 1, 1.25 },
    NULL, false };
static const recorded_tensor tensor_820 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 2 }, false };
static const recorded_tensor tensor_821 = { TP_U8, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 7, 7 }, false };
static const recorded_tensor tensor_822 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 250 }, false };
static const recorded_tensor tensor_823 = { TP_U8, { { 1 }, 1 }, { 1 }, NULL, (const int64_t[]){ 4 }, false };
static const recorded_tensor tensor_824 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };
static const recorded_tensor tensor_825 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 1 }, false };
static const recorded_tensor tensor_826 = { TP_BOOL, { { 2 }, 1 }, { 1 }, NULL, (const int64_t[]){ 1, 0 }, false };

static const recorded_call calls_broadcasting[] = {
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_0 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_1 } } }, 2, { &tensor_4 }, 1, { &tensor_2, &tensor_3 }, 2 },
    { "sub", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_5 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_6 } } }, 2, { &tensor_9 }, 1, { &tensor_7, &tensor_8 }, 2 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_10 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_11 } } }, 2, { &tensor_14 }, 1, { &tensor_12, &tensor_13 }, 2 },
    { "div", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_15 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_16 } } }, 2, { &tensor_19 }, 1, { &tensor_17, &tensor_18 }, 2 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_20 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_21 } } }, 2, { &tensor_24 }, 1, { &tensor_22, &tensor_23 }, 2 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_25 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_26 } } }, 2, { &tensor_29 }, 1, { &tensor_27, &tensor_28 }, 2 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_30 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_31 } } }, 2, { &tensor_34 }, 1, { &tensor_32, &tensor_33 }, 2 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_35 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 2 }, { NULL } } }, 2, { &tensor_37 }, 1, { &tensor_36 }, 1 },
    { "sub", { { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 1 }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_38 } } }, 2, { &tensor_40 }, 1, { &tensor_39 }, 1 },
    { "div", { { { .name = NULL, .kind = TP_ARG_FLOAT, .value.real = 1.0 }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_41 } } }, 2, { &tensor_43 }, 1, { &tensor_42 }, 1 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_44 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_45 } }, { { .name = "alpha", .kind = TP_ARG_FLOAT, .value.real = 0.5 }, { NULL } } }, 3, { &tensor_48 },
        1, { &tensor_46, &tensor_47 }, 2 },
    { "sub", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_49 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 2 }, { NULL } }, { { .name = "alpha", .kind = TP_ARG_INT, .value.integer = 3 }, { NULL } } },
        3, { &tensor_51 }, 1, { &tensor_50 }, 1 },
    { "max.other", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_52 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_53 } } }, 2, { &tensor_56 }, 1, { &tensor_54, &tensor_55 }, 2 },
    { "eq", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_57 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_58 } } }, 2, { &tensor_59 }, 1, { NULL }, 0 },
    { "mse_loss", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_60 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_61 } } }, 2, { &tensor_64 }, 1, { &tensor_62, &tensor_63 }, 2 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_65 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_66 } } }, 2, { &tensor_69 }, 1, { &tensor_67, &tensor_68 }, 2 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_70 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_71 } } }, 2, { &tensor_74 }, 1, { &tensor_72, &tensor_73 }, 2 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_nan_and_infinity[] = {
    { "max", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_75 } } }, 1, { &tensor_77 }, 1, { &tensor_76 }, 1 },
    { "max.dim", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_78 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_80, &tensor_81 }, 2, { &tensor_79 }, 1 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_82 } } }, 1, { &tensor_83 }, 1, { NULL }, 0 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_84 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_85 }, 1, { NULL }, 0 },
    { "max.other", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_86 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_87 } } }, 2, { &tensor_88 }, 1, { NULL }, 0 },
    { "relu", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_89 } } }, 1, { &tensor_91 }, 1, { &tensor_90 }, 1
        },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_92 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_94 }, 1, { &tensor_93 }, 1 },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_95 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_96 }, 1, { NULL }, 0 },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_97 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_98 }, 1, { NULL }, 0 },
    { "log_softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_99 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = -1 }, { NULL } } }, 2, { &tensor_100 }, 1, { NULL }, 0 },
    { "eq", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_101 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_102 } } }, 2, { &tensor_103 }, 1, { NULL }, 0 },
    { "div", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_104 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_105 } } }, 2, { &tensor_107 }, 1, { &tensor_106 }, 1 },
    { "log", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_108 } } }, 1, { &tensor_109 }, 1, { NULL }, 0 },
    { "sqrt", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_110 } } }, 1, { &tensor_111 }, 1, { NULL }, 0 },
    { "exp", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_112 } } }, 1, { &tensor_113 }, 1, { NULL }, 0 },
    { "sigmoid", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_114 } } }, 1, { &tensor_115 }, 1, { NULL }, 0 },
    { "tanh", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_116 } } }, 1, { &tensor_117 }, 1, { NULL }, 0 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_118 } } }, 1, { &tensor_119 }, 1, { NULL }, 0 },
    { "mean", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_120 } } }, 1, { &tensor_121 }, 1, { NULL }, 0 },
    { "max", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_122 } } }, 1, { &tensor_124 }, 1, { &tensor_123 }, 1
        },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_125 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 2, { &tensor_127 }, 1, { &tensor_126 }, 1 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_128 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_F16 }, { NULL } } }, 2, { &tensor_129 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_130 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_F32 }, { NULL } } }, 2, { &tensor_131 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_132 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_BOOL }, { NULL } } }, 2, { &tensor_133 }, 1, { NULL }, 0 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_empty[] = {
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_134 } } }, 1, { &tensor_136 }, 1, { &tensor_135 }, 1
        },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_137 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_139 }, 1, { &tensor_138 }, 1 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_140 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_142 }, 1, { &tensor_141 }, 1 },
    { "mean", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_143 } } }, 1, { &tensor_145 }, 1, { &tensor_144 },
        1 },
    { "mean", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_146 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_148 }, 1, { &tensor_147 }, 1 },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_149 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_151 }, 1, { &tensor_150 }, 1 },
    { "log_softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_152 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 1 }, { NULL } } }, 2, { &tensor_154 }, 1, { &tensor_153 }, 1 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_155 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_156 } } }, 2, { &tensor_159 }, 1, { &tensor_157, &tensor_158 }, 2 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_160 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_161 } } }, 2, { &tensor_164 }, 1, { &tensor_162, &tensor_163 }, 2 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_165 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_166 } } }, 2, { &tensor_169 }, 1, { &tensor_167, &tensor_168 }, 2 },
    { "linear", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_170 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_171 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_172 } } }, 3, { &tensor_176 }, 1, {
        &tensor_173, &tensor_174, &tensor_175 }, 3 },
    { "linear", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_177 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_178 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_179 } } }, 3, { &tensor_183 }, 1, {
        &tensor_180, &tensor_181, &tensor_182 }, 3 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_184, &tensor_185 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_188 }, 1, { &tensor_186, &tensor_187 }, 2
        },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_189, &tensor_190 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 1 }, { NULL } } }, 2, { &tensor_193 }, 1, { &tensor_191, &tensor_192 }, 2
        },
    { "max.dim", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_194 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_196, &tensor_197 }, 2, { &tensor_195 }, 1 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_198 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_199 }, 1, { NULL }, 0 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_200 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 3, 0 } }, { NULL } } }, 2, { &tensor_202 }, 1, { &tensor_201 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_203 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 0, 5 } }, { NULL } } }, 2, { &tensor_205 }, 1, { &tensor_204 }, 1 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_206 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_207 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_208 } } }, 3, { &tensor_212 }, 1, {
        &tensor_209, &tensor_210, &tensor_211 }, 3 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_213 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 2, { &tensor_215 }, 1, { &tensor_214 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_216 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_217 } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "sum" }, {
        NULL } } }, 3, { &tensor_219 }, 1, { &tensor_218 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_220 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_221 } } }, 2, { &tensor_223 }, 1, { &tensor_222 }, 1 },
    { "mse_loss", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_224 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_225 } } }, 2, { &tensor_228 }, 1, { &tensor_226, &tensor_227 }, 2 },
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_229 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_230 } } }, 2, { &tensor_232 }, 1, { &tensor_231 }, 1 },
    { "expand", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_233 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 3, 0 } }, { NULL } } }, 2, { &tensor_235 }, 1, { &tensor_234 }, 1 },
    { "narrow", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_236 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 3 }, { NULL } }, { {
        .name = NULL, .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 4, { &tensor_238 }, 1, { &tensor_237 }, 1
        },
    { "permute", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_239 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 3, .value.ints = (const int64_t[]){ 2, 0, 1 } }, { NULL } } }, 2, { &tensor_241 }, 1, { &tensor_240 }, 1 },
    { "relu", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_242 } } }, 1, { &tensor_244 }, 1, { &tensor_243 },
        1 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_dims[] = {
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_245 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } } }, 2, { &tensor_247 }, 1, { &tensor_246 }, 1 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_248 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n =
        2, .value.ints = (const int64_t[]){ 0, -1 } }, { NULL } } }, 2, { &tensor_250 }, 1, { &tensor_249 }, 1 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_251 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n =
        1, .value.ints = (const int64_t[]){ -2 } }, { NULL } }, { { .name = NULL, .kind = TP_ARG_BOOL, .value.boolean =
        true }, { NULL } } }, 3, { &tensor_253 }, 1, { &tensor_252 }, 1 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_254 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } } }, 2, { &tensor_256 }, 1, { &tensor_255 }, 1 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_257 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n =
        0, .value.ints = (const int64_t[]){ 0 } }, { NULL } } }, 2, { &tensor_259 }, 1, { &tensor_258 }, 1 },
    { "mean", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_260 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n
        = 2, .value.ints = (const int64_t[]){ -3, 1 } }, { NULL } }, { { .name = NULL, .kind = TP_ARG_BOOL,
        .value.boolean = true }, { NULL } } }, 3, { &tensor_262 }, 1, { &tensor_261 }, 1 },
    { "max.dim", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_263 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -2 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_BOOL, .value.boolean = true }, { NULL } } },
        3, { &tensor_265, &tensor_266 }, 2, { &tensor_264 }, 1 },
    { "max.dim", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_267 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } } }, 2, { &tensor_269, &tensor_270 }, 2, { &tensor_268 }, 1 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_271 } } }, 1, { &tensor_272 }, 1, { NULL }, 0 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_273 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_BOOL, .value.boolean = true }, { NULL } } },
        3, { &tensor_274 }, 1, { NULL }, 0 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_275 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_276 }, 1, { NULL }, 0 },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_277 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -2 }, { NULL } } }, 2, { &tensor_279 }, 1, { &tensor_278 }, 1 },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_280 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } } }, 2, { &tensor_282 }, 1, { &tensor_281 }, 1 },
    { "log_softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_283 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = -2 }, { NULL } } }, 2, { &tensor_285 }, 1, { &tensor_284 }, 1 },
    { "softmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_286 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } }, { { .name = "dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64 }, { NULL } }
        }, 3, { &tensor_287 }, 1, { NULL }, 0 },
    { "transpose", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_288 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 3,
        { &tensor_290 }, 1, { &tensor_289 }, 1 },
    { "flatten", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_291 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -2 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = -1 }, { NULL } } }, 3,
        { &tensor_293 }, 1, { &tensor_292 }, 1 },
    { "flatten", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_294 } } }, 1, { &tensor_295 }, 1, { NULL }, 0 },
    { "select", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_296 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = -4 }, { NULL } } }, 3,
        { &tensor_298 }, 1, { &tensor_297 }, 1 },
    { "narrow", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_299 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = -1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = -3 }, { NULL } }, { {
        .name = NULL, .kind = TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 4, { &tensor_301 }, 1, { &tensor_300 }, 1
        },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_302, &tensor_303 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = -1 }, { NULL } } }, 2, { &tensor_306 }, 1, { &tensor_304, &tensor_305 }, 2
        },
    { "permute", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_307 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 3, .value.ints = (const int64_t[]){ -1, 0, 1 } }, { NULL } } }, 2, { &tensor_309 }, 1, { &tensor_308 }, 1
        },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_310 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_311 }, 1, { NULL }, 0 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_312 } } }, 1, { &tensor_313 }, 1, { NULL }, 0 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_314 } }, { { .name = "dtype", .kind = TP_ARG_DTYPE,
        .value.dtype = TP_F64 }, { NULL } } }, 2, { &tensor_315 }, 1, { NULL }, 0 },
    { "mean", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_316 } }, { { .name = "dtype", .kind = TP_ARG_DTYPE,
        .value.dtype = TP_F32 }, { NULL } } }, 2, { &tensor_317 }, 1, { NULL }, 0 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_318 } }, { { .name = "dtype", .kind = TP_ARG_DTYPE,
        .value.dtype = TP_F32 }, { NULL } } }, 2, { &tensor_320 }, 1, { &tensor_319 }, 1 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_integers[] = {
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_321 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_322 } } }, 2, { &tensor_323 }, 1, { NULL }, 0 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_324 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_325 } } }, 2, { &tensor_326 }, 1, { NULL }, 0 },
    { "sub", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_327 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_328 } } }, 2, { &tensor_329 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_330 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_331 } } }, 2, { &tensor_332 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_333 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_334 } } }, 2, { &tensor_335 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_336 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_337 } } }, 2, { &tensor_338 }, 1, { NULL }, 0 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_339 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_340 } } }, 2, { &tensor_341 }, 1, { NULL }, 0 },
    { "sub", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_342 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_343 } } }, 2, { &tensor_344 }, 1, { NULL }, 0 },
    { "neg", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_345 } } }, 1, { &tensor_346 }, 1, { NULL }, 0 },
    { "neg", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_347 } } }, 1, { &tensor_348 }, 1, { NULL }, 0 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_349 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_350 } } }, 2, { &tensor_351 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_352 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 100 }, { NULL } } }, 2, { &tensor_353 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_354 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 10 }, { NULL } } }, 2, { &tensor_355 }, 1, { NULL }, 0 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_356 } }, { { .name = NULL, .kind = TP_ARG_BOOL,
        .value.boolean = true }, { NULL } } }, 2, { &tensor_357 }, 1, { NULL }, 0 },
    { "div", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_358 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_359 } } }, 2, { &tensor_360 }, 1, { NULL }, 0 },
    { "div", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_361 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_362 } } }, 2, { &tensor_363 }, 1, { NULL }, 0 },
    { "relu", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_364 } } }, 1, { &tensor_365 }, 1, { NULL }, 0 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_366 } } }, 1, { &tensor_367 }, 1, { NULL }, 0 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_368 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_369 } } }, 2, { &tensor_370 }, 1, { NULL }, 0 },
    { "max", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_371 } } }, 1, { &tensor_372 }, 1, { NULL }, 0 },
    { "max.dim", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_373 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_374, &tensor_375 }, 2, { NULL }, 0 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_376 } } }, 1, { &tensor_377 }, 1, { NULL }, 0 },
    { "eq", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_378 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_379 } } }, 2, { &tensor_380 }, 1, { NULL }, 0 },
    { "eq", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_381 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, {
        &tensor_382 } } }, 2, { &tensor_383 }, 1, { NULL }, 0 },
    { "exp", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_384 } } }, 1, { &tensor_385 }, 1, { NULL }, 0 },
    { "sqrt", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_386 } } }, 1, { &tensor_387 }, 1, { NULL }, 0 },
    { "mean", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_388 } }, { { .name = "dtype", .kind = TP_ARG_DTYPE,
        .value.dtype = TP_F64 }, { NULL } } }, 2, { &tensor_389 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_390 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_I16 }, { NULL } } }, 2, { &tensor_391 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_392 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_U8 }, { NULL } } }, 2, { &tensor_393 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_394 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_I8 }, { NULL } } }, 2, { &tensor_395 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_396 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_F64 }, { NULL } } }, 2, { &tensor_397 }, 1, { NULL }, 0 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_398 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_BOOL }, { NULL } } }, 2, { &tensor_399 }, 1, { NULL }, 0 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_bools[] = {
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_400 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_401 } } }, 2, { &tensor_402 }, 1, { NULL }, 0 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_403 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_404 } } }, 2, { &tensor_405 }, 1, { NULL }, 0 },
    { "div", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_406 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_407 } } }, 2, { &tensor_408 }, 1, { NULL }, 0 },
    { "eq", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_409 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_410 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_411 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 2 }, { NULL } } }, 2, { &tensor_412 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_413 } }, { { .name = NULL, .kind = TP_ARG_FLOAT,
        .value.real = 0.5 }, { NULL } } }, 2, { &tensor_414 }, 1, { NULL }, 0 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_415 } }, { { .name = NULL, .kind = TP_ARG_BOOL,
        .value.boolean = true }, { NULL } } }, 2, { &tensor_416 }, 1, { NULL }, 0 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_417 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_418 } } }, 2, { &tensor_419 }, 1, { NULL }, 0 },
    { "max", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_420 } } }, 1, { &tensor_421 }, 1, { NULL }, 0 },
    { "sum", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_422 } } }, 1, { &tensor_423 }, 1, { NULL }, 0 },
    { "sigmoid", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_424 } } }, 1, { &tensor_425 }, 1, { NULL }, 0 },
    { "max.other", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_426 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_427 } } }, 2, { &tensor_428 }, 1, { NULL }, 0 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_429, &tensor_430 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_431 }, 1, { NULL }, 0 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_views[] = {
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_432 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 6, -1 } }, { NULL } } }, 2, { &tensor_434 }, 1, { &tensor_433 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_435 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 1, .value.ints = (const int64_t[]){ 6 } }, { NULL } } }, 2, { &tensor_437 }, 1, { &tensor_436 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_438 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 6, 4 } }, { NULL } } }, 2, { &tensor_440 }, 1, { &tensor_439 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_441 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 2, 12 } }, { NULL } } }, 2, { &tensor_443 }, 1, { &tensor_442 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_444 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 4, .value.ints = (const int64_t[]){ 2, 2, 1, 2 } }, { NULL } } }, 2, { &tensor_446 }, 1, { &tensor_445 }, 1
        },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_447 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 3, 1 } }, { NULL } } }, 2, { &tensor_449 }, 1, { &tensor_448 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_450 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 1, .value.ints = (const int64_t[]){ 6 } }, { NULL } } }, 2, { &tensor_452 }, 1, { &tensor_451 }, 1 },
    { "reshape", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_453 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 2, 3 } }, { NULL } } }, 2, { &tensor_455 }, 1, { &tensor_454 }, 1 },
    { "view", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_456 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n
        = 3, .value.ints = (const int64_t[]){ 2, 3, 4 } }, { NULL } } }, 2, { &tensor_458 }, 1, { &tensor_457 }, 1 },
    { "view", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_459 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n
        = 0, .value.ints = (const int64_t[]){ 0 } }, { NULL } } }, 2, { &tensor_461 }, 1, { &tensor_460 }, 1 },
    { "view", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_462 } }, { { .name = NULL, .kind = TP_ARG_INTS, .n
        = 3, .value.ints = (const int64_t[]){ 2, 1, 2 } }, { NULL } } }, 2, { &tensor_464 }, 1, { &tensor_463 }, 1 },
    { "transpose", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_465 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 1 }, { NULL } } }, 3, {
        &tensor_467 }, 1, { &tensor_466 }, 1 },
    { "transpose", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_468 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = -1 }, { NULL } } }, 3,
        { &tensor_469 }, 1, { NULL }, 0 },
    { "permute", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_470 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 3, .value.ints = (const int64_t[]){ 2, 0, 1 } }, { NULL } } }, 2, { &tensor_472 }, 1, { &tensor_471 }, 1 },
    { "expand", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_473 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 3, .value.ints = (const int64_t[]){ 2, 1, 3 } }, { NULL } } }, 2, { &tensor_475 }, 1, { &tensor_474 }, 1 },
    { "expand", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_476 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 4, -1 } }, { NULL } } }, 2, { &tensor_478 }, 1, { &tensor_477 }, 1 },
    { "expand", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_479 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 2, 2 } }, { NULL } } }, 2, { &tensor_481 }, 1, { &tensor_480 }, 1 },
    { "expand", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_482 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 3, .value.ints = (const int64_t[]){ 1, 3, 1 } }, { NULL } } }, 2, { &tensor_484 }, 1, { &tensor_483 }, 1 },
    { "expand", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_485 } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 2, .value.ints = (const int64_t[]){ 2, 5 } }, { NULL } } }, 2, { &tensor_487 }, 1, { &tensor_486 }, 1 },
    { "select", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_488 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 3, {
        &tensor_490 }, 1, { &tensor_489 }, 1 },
    { "narrow", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_491 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 1 }, { NULL } }, { {
        .name = NULL, .kind = TP_ARG_INT, .value.integer = 3 }, { NULL } } }, 4, { &tensor_493 }, 1, { &tensor_492 }, 1
        },
    { "as_strided", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_494 } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 2, 2 } }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 1, 2 } }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 1 }, { NULL } } }, 4, { &tensor_496 }, 1, { &tensor_495 }, 1 },
    { "as_strided", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_497 } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 3, 3 } }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 1, 1 } }, { NULL } } }, 3, { &tensor_499 }, 1, {
        &tensor_498 }, 1 },
    { "as_strided", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_500 } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 1, .value.ints = (const int64_t[]){ 4 } }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INTS,
        .n = 1, .value.ints = (const int64_t[]){ 1 } }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer
        = 2 }, { NULL } } }, 4, { &tensor_502 }, 1, { &tensor_501 }, 1 },
    { "flatten", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_503 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_505 }, 1, { &tensor_504 }, 1 },
    { "flatten", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_506 } } }, 1, { &tensor_508 }, 1, { &tensor_507
        }, 1 },
    { "clone", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_509 } } }, 1, { &tensor_511 }, 1, { &tensor_510 },
        1 },
    { "contiguous", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_512 } } }, 1, { &tensor_514 }, 1, {
        &tensor_513 }, 1 },
    { "clone", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_515 } } }, 1, { &tensor_517 }, 1, { &tensor_516 },
        1 },
    { "add", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_518 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_519 } } }, 2, { &tensor_520 }, 1, { NULL }, 0 },
    { "relu", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_521 } } }, 1, { &tensor_523 }, 1, { &tensor_522 },
        1 },
    { "to_dtype", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_524 } }, { { .name = NULL, .kind =
        TP_ARG_DTYPE, .value.dtype = TP_F64 }, { NULL } } }, 2, { &tensor_526 }, 1, { &tensor_525 }, 1 },
    { "mul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_527 } }, { { .name = NULL, .kind = TP_ARG_FLOAT,
        .value.real = 2.0 }, { NULL } } }, 2, { &tensor_528 }, 1, { NULL }, 0 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_ties[] = {
    { "max", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_529 } } }, 1, { &tensor_531 }, 1, { &tensor_530 }, 1
        },
    { "max.dim", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_532 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_534, &tensor_535 }, 2, { &tensor_533 }, 1 },
    { "max.other", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_536 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_537 } } }, 2, { &tensor_540 }, 1, { &tensor_538, &tensor_539 }, 2 },
    { "argmax", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_541 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 0 }, { NULL } } }, 2, { &tensor_542 }, 1, { NULL }, 0 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_543 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 2, { &tensor_545 }, 1, { &tensor_544 }, 1 },
    { "relu", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_546 } } }, 1, { &tensor_548 }, 1, { &tensor_547 },
        1 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_promotion_of_lists[] = {
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_549, &tensor_550 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_553 }, 1, { &tensor_551, &tensor_552 }, 2
        },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_554, &tensor_555 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_557 }, 1, { &tensor_556 }, 1 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_558, &tensor_559 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_560 }, 1, { NULL }, 0 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_561, &tensor_562 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_563 }, 1, { NULL }, 0 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_564, &tensor_565 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_567 }, 1, { &tensor_566 }, 1 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 3 }, { &tensor_568, &tensor_569, &tensor_570 } }, { {
        .name = NULL, .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_574 }, 1, { &tensor_571,
        &tensor_572, &tensor_573 }, 3 },
    { "cat", { { { .name = NULL, .kind = TP_ARG_TENSORS, .n = 2 }, { &tensor_575, &tensor_576 } }, { { .name = NULL,
        .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } } }, 2, { &tensor_579 }, 1, { &tensor_577, &tensor_578 }, 2
        },
    { "linear", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_580 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_581 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_582 } } }, 3, { &tensor_586 }, 1, {
        &tensor_583, &tensor_584, &tensor_585 }, 3 },
    { "linear", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_587 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_588 } } }, 2, { &tensor_591 }, 1, { &tensor_589, &tensor_590 }, 2 },
    { "linear", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_592 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_593 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_594 } } }, 3, { &tensor_598 }, 1, {
        &tensor_595, &tensor_596, &tensor_597 }, 3 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_599 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_600 } } }, 2, { &tensor_603 }, 1, { &tensor_601, &tensor_602 }, 2 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_604 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_605 } } }, 2, { &tensor_608 }, 1, { &tensor_606, &tensor_607 }, 2 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_609 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_610 } } }, 2, { &tensor_613 }, 1, { &tensor_611, &tensor_612 }, 2 },
    { "matmul", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_614 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_615 } } }, 2, { &tensor_618 }, 1, { &tensor_616, &tensor_617 }, 2 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_cross_entropy[] = {
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_619 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_620 } } }, 2, { &tensor_622 }, 1, { &tensor_621 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_623 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_624 } }, { { .name = "weight", .kind = TP_ARG_TENSOR }, { &tensor_625 } } }, 3, {
        &tensor_627 }, 1, { &tensor_626 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_628 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_629 } }, { { .name = "weight", .kind = TP_ARG_TENSOR }, { &tensor_630 } }, { { .name
        = "label_smoothing", .kind = TP_ARG_FLOAT, .value.real = 0.2 }, { NULL } } }, 4, { &tensor_632 }, 1, {
        &tensor_631 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_633 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_634 } }, { { .name = "ignore_index", .kind = TP_ARG_INT, .value.integer = 2 }, { NULL
        } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "none" }, { NULL } } }, 4, { &tensor_636 },
        1, { &tensor_635 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_637 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_638 } }, { { .name = "ignore_index", .kind = TP_ARG_INT, .value.integer = 2 }, { NULL
        } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "sum" }, { NULL } }, { { .name =
        "label_smoothing", .kind = TP_ARG_FLOAT, .value.real = 0.1 }, { NULL } } }, 5, { &tensor_640 }, 1, { &tensor_639
        }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_641 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_642 } } }, 2, { &tensor_644 }, 1, { &tensor_643 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_645 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_646 } }, { { .name = "weight", .kind = TP_ARG_TENSOR }, { &tensor_647 } }, { { .name
        = "label_smoothing", .kind = TP_ARG_FLOAT, .value.real = 0.1 }, { NULL } } }, 4, { &tensor_650 }, 1, {
        &tensor_648, &tensor_649 }, 2 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_651 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_652 } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "none" }, {
        NULL } } }, 3, { &tensor_654 }, 1, { &tensor_653 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_655 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_656 } } }, 2, { &tensor_658 }, 1, { &tensor_657 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_659 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_660 } } }, 2, { &tensor_662 }, 1, { &tensor_661 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_663 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_664 } }, { { .name = "weight", .kind = TP_ARG_TENSOR }, { &tensor_665 } } }, 3, {
        &tensor_667 }, 1, { &tensor_666 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_668 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_669 } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "none" }, {
        NULL } }, { { .name = "label_smoothing", .kind = TP_ARG_FLOAT, .value.real = 0.3 }, { NULL } } }, 4, {
        &tensor_671 }, 1, { &tensor_670 }, 1 },
    { "cross_entropy", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_672 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_673 } } }, 2, { &tensor_675 }, 1, { &tensor_674 }, 1 },
    { "mse_loss", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_676 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_677 } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "none" }, {
        NULL } } }, 3, { &tensor_680 }, 1, { &tensor_678, &tensor_679 }, 2 },
    { "mse_loss", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_681 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_682 } }, { { .name = "reduction", .kind = TP_ARG_STRING, .value.string = "sum" }, {
        NULL } } }, 3, { &tensor_685 }, 1, { &tensor_683, &tensor_684 }, 2 },
    { "mse_loss", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_686 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_687 } } }, 2, { &tensor_690 }, 1, { &tensor_688, &tensor_689 }, 2 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_embedding[] = {
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_691 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_692 } } }, 2, { &tensor_694 }, 1, { &tensor_693 }, 1 },
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_695 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_696 } }, { { .name = "padding_idx", .kind = TP_ARG_INT, .value.integer = 1 }, { NULL
        } } }, 3, { &tensor_698 }, 1, { &tensor_697 }, 1 },
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_699 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_700 } }, { { .name = "padding_idx", .kind = TP_ARG_INT, .value.integer = -1 }, { NULL
        } } }, 3, { &tensor_702 }, 1, { &tensor_701 }, 1 },
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_703 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_704 } } }, 2, { &tensor_706 }, 1, { &tensor_705 }, 1 },
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_707 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_708 } } }, 2, { &tensor_710 }, 1, { &tensor_709 }, 1 },
    { "embedding", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_711 } }, { { .name = NULL, .kind =
        TP_ARG_TENSOR }, { &tensor_712 } } }, 2, { &tensor_714 }, 1, { &tensor_713 }, 1 },
    { "dropout", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_715 } }, { { .name = "p", .kind = TP_ARG_FLOAT,
        .value.real = 0.5 }, { NULL } }, { { .name = "training", .kind = TP_ARG_BOOL, .value.boolean = false }, { NULL }
        } }, 3, { &tensor_717 }, 1, { &tensor_716 }, 1 },
    { "dropout", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_718 } }, { { .name = "p", .kind = TP_ARG_FLOAT,
        .value.real = 0.0 }, { NULL } } }, 2, { &tensor_720 }, 1, { &tensor_719 }, 1 },
    { "dropout", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_721 } }, { { .name = "p", .kind = TP_ARG_FLOAT,
        .value.real = 1.0 }, { NULL } } }, 2, { &tensor_723 }, 1, { &tensor_722 }, 1 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_windows[] = {
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_724 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_725 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_726 } } }, 3, { &tensor_730 }, 1, {
        &tensor_727, &tensor_728, &tensor_729 }, 3 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_731 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_732 } }, { { .name = "stride", .kind = TP_ARG_INT, .value.integer = 2 }, { NULL } }, { { .name =
        "padding", .kind = TP_ARG_INT, .value.integer = 1 }, { NULL } } }, 4, { &tensor_735 }, 1, { &tensor_733,
        &tensor_734 }, 2 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_736 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_737 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_738 } }, { { .name = "groups", .kind
        = TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 4, { &tensor_742 }, 1, { &tensor_739, &tensor_740, &tensor_741
        }, 3 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_743 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_744 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_745 } }, { { .name = "groups", .kind
        = TP_ARG_INT, .value.integer = 4 }, { NULL } }, { { .name = "dilation", .kind = TP_ARG_INT, .value.integer = 2
        }, { NULL } } }, 5, { &tensor_749 }, 1, { &tensor_746, &tensor_747, &tensor_748 }, 3 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_750 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_751 } }, { { .name = "stride", .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 1, 2 }
        }, { NULL } }, { { .name = "padding", .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 2, 0 } }, {
        NULL } }, { { .name = "dilation", .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 2, 1 } }, { NULL
        } } }, 5, { &tensor_754 }, 1, { &tensor_752, &tensor_753 }, 2 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_755 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_756 } }, { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_757 } } }, 3, { &tensor_761 }, 1, {
        &tensor_758, &tensor_759, &tensor_760 }, 3 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_762 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_763 } }, { { .name = "padding", .kind = TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 3, {
        &tensor_766 }, 1, { &tensor_764, &tensor_765 }, 2 },
    { "conv2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_767 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_768 } } }, 2, { &tensor_771 }, 1, { &tensor_769, &tensor_770 }, 2 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_772 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 2, { &tensor_774 }, 1, { &tensor_773 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_775 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } }, { { .name = "ceil_mode", .kind = TP_ARG_BOOL, .value.boolean =
        true }, { NULL } } }, 3, { &tensor_777 }, 1, { &tensor_776 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_778 } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 3, 2 } }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 2, 1 } }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 1 }, { NULL } } }, 4, { &tensor_780 }, 1, { &tensor_779 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_781 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 1 }, { NULL
        } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } } }, 5, { &tensor_783 }, 1, { &tensor_782 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_784 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 3 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 2 }, { NULL
        } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 1 }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_BOOL, .value.boolean = true }, {
        NULL } } }, 6, { &tensor_786 }, 1, { &tensor_785 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_787 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 3 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 3 }, { NULL
        } }, { { .name = NULL, .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 1, 0 } }, { NULL } }, { {
        .name = NULL, .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 1, 2 } }, { NULL } }, { { .name =
        NULL, .kind = TP_ARG_BOOL, .value.boolean = true }, { NULL } } }, 6, { &tensor_789 }, 1, { &tensor_788 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_790 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 2 }, { NULL } }, { { .name = "return_indices", .kind = TP_ARG_BOOL, .value.boolean
        = true }, { NULL } } }, 3, { &tensor_792, &tensor_793 }, 2, { &tensor_791 }, 1 },
    { "max_pool2d", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_794 } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 3 }, { NULL
        } }, { { .name = NULL, .kind = TP_ARG_INT, .value.integer = 0 }, { NULL } }, { { .name = NULL, .kind =
        TP_ARG_INT, .value.integer = 1 }, { NULL } }, { { .name = NULL, .kind = TP_ARG_BOOL, .value.boolean = true }, {
        NULL } } }, 6, { &tensor_796 }, 1, { &tensor_795 }, 1 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

static const recorded_call calls_in_place[] = {
    { "add_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_797 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 1 }, { NULL } } }, 2, { &tensor_798 }, 1, { NULL }, 0 },
    { "add_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_799 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_800 } } }, 2, { &tensor_801 }, 1, { NULL }, 0 },
    { "mul_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_802 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_803 } } }, 2, { &tensor_804 }, 1, { NULL }, 0 },
    { "add_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_805 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_806 } } }, 2, { &tensor_808 }, 1, { &tensor_807 }, 1 },
    { "mul_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_809 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_810 } } }, 2, { &tensor_812 }, 1, { &tensor_811 }, 1 },
    { "copy_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_813 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_814 } } }, 2, { &tensor_815 }, 1, { NULL }, 0 },
    { "copy_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_816 } }, { { .name = NULL, .kind = TP_ARG_TENSOR
        }, { &tensor_817 } } }, 2, { &tensor_819 }, 1, { &tensor_818 }, 1 },
    { "fill_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_820 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 7 }, { NULL } } }, 2, { &tensor_821 }, 1, { NULL }, 0 },
    { "add_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_822 } }, { { .name = NULL, .kind = TP_ARG_INT,
        .value.integer = 10 }, { NULL } } }, 2, { &tensor_823 }, 1, { NULL }, 0 },
    { "mul_", { { { .name = NULL, .kind = TP_ARG_TENSOR }, { &tensor_824 } }, { { .name = NULL, .kind = TP_ARG_TENSOR },
        { &tensor_825 } } }, 2, { &tensor_826 }, 1, { NULL }, 0 },
    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }
};

/* By dtype of a, as in recorded_dtypes, and kind of b: tensor by dtype, 0-dim tensor by dtype, int, float, bool. */
static const tp_dtype recorded_dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8,
    TP_BOOL };
typedef struct recorded_promotion { const char *op; uint8_t dtype[10][23]; float value[10][23]; } recorded_promotion;
static const recorded_promotion promotions[] = {
{ "add", {
    { TP_F32, TP_F64, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64 },
    { TP_F32, TP_F64, TP_F16, TP_F32, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16 },
    { TP_F32, TP_F64, TP_F32, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_F32, TP_I64 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_F32, TP_I32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_I16, TP_I16, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_F32, TP_I16 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_I16, TP_I8, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_F32, TP_I8 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_U8, TP_U8, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_F32, TP_U8 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_I64, TP_F32, TP_BOOL },
}, {
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 3, 2.5, 1 },
} },
{ "sub", {
    { TP_F32, TP_F64, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, 0, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, 0, TP_F32, TP_F32, 0 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, 0, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, 0, TP_F64, TP_F64, 0 },
    { TP_F32, TP_F64, TP_F16, TP_F32, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, 0, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, 0, TP_F16, TP_F16, 0 },
    { TP_F32, TP_F64, TP_F32, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, 0, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, 0, TP_BF16, TP_BF16, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, 0, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, 0, TP_I64, TP_F32, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I32, TP_I32, TP_I32, 0, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, 0, TP_I32, TP_F32, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_I16, 0, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, 0, TP_I16, TP_F32, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_I16, 0, TP_F32, TP_F64, TP_F16, TP_BF16, TP_I8,
        TP_I8, TP_I8, TP_I8, TP_I8, 0, TP_I8, TP_F32, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_U8, 0, TP_F32, TP_F64, TP_F16, TP_BF16, TP_U8,
        TP_U8, TP_U8, TP_U8, TP_U8, 0, TP_U8, TP_F32, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
}, {
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1.5, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
} },
{ "mul", {
    { TP_F32, TP_F64, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64 },
    { TP_F32, TP_F64, TP_F16, TP_F32, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16 },
    { TP_F32, TP_F64, TP_F32, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_F32, TP_I64 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_F32, TP_I32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_I16, TP_I16, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_F32, TP_I16 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_I16, TP_I8, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_F32, TP_I8 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_U8, TP_U8, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_F32, TP_U8 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_I64, TP_F32, TP_BOOL },
}, {
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 2, 1.5, 1 },
} },
{ "div", {
    { TP_F32, TP_F64, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64 },
    { TP_F32, TP_F64, TP_F16, TP_F32, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16 },
    { TP_F32, TP_F64, TP_F32, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
}, {
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 1.5, 2, 3 },
    { 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.666666687,
        1 },
} },
{ "eq", {
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
    { TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL,
        TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL, TP_BOOL },
}, {
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1 },
} },
{ "max.other", {
    { TP_F32, TP_F64, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, 0, 0, 0 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_F32, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F32, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_I16, TP_I16, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_I16, TP_I8, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I16, TP_U8, TP_U8, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, 0, 0, 0 },
    { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_F32, TP_F64, TP_F16, TP_BF16,
        TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, 0, 0, 0 },
}, {
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0 },
    { 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 0, 0, 0 },
} },
{ "add_", {
    { TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64 },
    { TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16 },
    { TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16 },
    { 0, 0, 0, 0, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, 0, 0, 0, 0, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64,
        TP_I64, TP_I64, 0, TP_I64 },
    { 0, 0, 0, 0, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, 0, 0, 0, 0, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32,
        TP_I32, TP_I32, 0, TP_I32 },
    { 0, 0, 0, 0, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, 0, 0, 0, 0, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16,
        TP_I16, TP_I16, 0, TP_I16 },
    { 0, 0, 0, 0, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, 0, 0, 0, 0, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8,
        0, TP_I8 },
    { 0, 0, 0, 0, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, 0, 0, 0, 0, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8,
        0, TP_U8 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, TP_BOOL, 0, 0, 0, 0, 0, 0, 0, 0, 0, TP_BOOL, 0, 0, TP_BOOL },
}, {
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5, 4.5, 4 },
    { 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 5, 0, 4 },
    { 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 5, 0, 4 },
    { 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 5, 0, 4 },
    { 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 5, 0, 4 },
    { 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 0, 0, 0, 0, 5, 5, 5, 5, 5, 4, 5, 0, 4 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1 },
} },
{ "mul_", {
    { TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32,
        TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32, TP_F32 },
    { TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64,
        TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64, TP_F64 },
    { TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16,
        TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16, TP_F16 },
    { TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16,
        TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16, TP_BF16 },
    { 0, 0, 0, 0, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64, 0, 0, 0, 0, TP_I64, TP_I64, TP_I64, TP_I64, TP_I64,
        TP_I64, TP_I64, 0, TP_I64 },
    { 0, 0, 0, 0, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32, 0, 0, 0, 0, TP_I32, TP_I32, TP_I32, TP_I32, TP_I32,
        TP_I32, TP_I32, 0, TP_I32 },
    { 0, 0, 0, 0, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16, 0, 0, 0, 0, TP_I16, TP_I16, TP_I16, TP_I16, TP_I16,
        TP_I16, TP_I16, 0, TP_I16 },
    { 0, 0, 0, 0, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, 0, 0, 0, 0, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8, TP_I8,
        0, TP_I8 },
    { 0, 0, 0, 0, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, 0, 0, 0, 0, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8, TP_U8,
        0, TP_U8 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, TP_BOOL, 0, 0, 0, 0, 0, 0, 0, 0, 0, TP_BOOL, 0, 0, TP_BOOL },
}, {
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 3, 6, 4.5, 3 },
    { 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 6, 0, 3 },
    { 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 6, 0, 3 },
    { 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 6, 0, 3 },
    { 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 6, 0, 3 },
    { 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 0, 0, 0, 0, 6, 6, 6, 6, 6, 3, 6, 0, 3 },
    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1 },
} },
};
