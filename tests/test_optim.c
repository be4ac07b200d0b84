/* tests/test_optim.c: optimizers against steps recorded from PyTorch 2.15 and against their formulas, and what they refuse. */
#include "optim.h"

/* ---- Recorded runs: a parameter of two elements, four gradients, the parameter thereafter ------------------------------------ */

static void run(const char *label, tp_tensor *x, tp_optimizer *opt, const double *v)
{
    ck_assert_msg(opt && !tp_failed(), "%s", label);
    for (int t = 0; t < 4; t++) {
        give(x, v[2 + 2 * t], v[3 + 2 * t]);
        ck_assert_int_eq(tp_step(opt), TP_OK);
    }
    for (int i = 0; i < 2; i++)
        ck_assert_msg(fabs(value(x, i) - v[10 + i]) < 1e-7, "%s: element %d is %.12g, not %.12g", label, i, value(x, i), v[10 + i]);
    tp_optimizer_free(opt);
}

#define PLAIN(...) __VA_ARGS__
#define RUN(name, options, ...) do { \
    TP_SCOPE(); \
    const double v[] = { __VA_ARGS__ }; \
    tp_tensor *x = parameter(v[0], v[1]); \
    run(#name #options, x, tp_##name(TP_TENSORS(x), PLAIN options), v); \
} while (0)
#define RUN_DEFAULT(name, ...) do { \
    TP_SCOPE(); \
    const double v[] = { __VA_ARGS__ }; \
    tp_tensor *x = parameter(v[0], v[1]); \
    run(#name, x, tp_##name(TP_TENSORS(x)), v); \
} while (0)

START_TEST(every_option_steps_as_pytorch_does)
{
    RUN_DEFAULT(sgd,
        0.377374142557803, -1.03082480803556, 1.89322426967419, -0.305392830926623, -1.10500387019179, 1.7677724213949,
        2.44652134973056, 0.0542073111630256, -0.772321182630467, 0.496809703451562, 0.374911721991221, -1.03283820464064);
    RUN(sgd, (.lr = 0.01),
        1.12672454959165, 1.19604868657653, -0.664991527803151, 0.967076985083342, 1.11116743093333, 0.130167956941346,
        -0.978074528582889, 1.56729762495392, -1.01742063010724, 0.117450457683373, 1.14221774214725, 1.16822875632991);
    RUN(sgd, (.weight_decay = 0.5),
        -0.0439354935270464, -0.219646190087209, 0.0687512733083097, -1.02817492435992, -0.445626462362285, -0.187919224089447,
        -1.66704918191421, -1.11226099521188, -3.21162640689168, 0.670510305492708, -0.0385933136076993, -0.217551667722468);
    RUN(sgd, (.momentum = 0.9),
        -1.28943742276312, -0.460545926155274, 0.601731184202971, 0.57365286164724, -0.728214748584159, 0.771555983303058,
        0.834432946543684, -1.18790325596147, 0.399907672387938, -1.49032998100091, -1.29151864460776, -0.460862288893902);
    RUN(sgd, (.weight_decay = 0.1, .maximize = true),
        0.219540968352096, -0.481737197515201, -0.291547849226912, -1.07076743640532, 0.221440857238011, 0.361751786509503,
        -0.141843174708484, 1.26747871151781, -0.0131180865422939, 1.35785703063305, 0.219228154237065, -0.479628089342747);
    RUN(sgd, (.momentum = 0.9, .dampening = 0.5),
        0.809369694112727, 0.758824590693752, 0.978294860085338, -0.16751897756442, -0.168811901471124, -0.845963537378573,
        0.100069160409453, 1.26504049400502, -1.96124160966621, -1.26083767121581, 0.807119633317831, 0.759975599417047);
    RUN(sgd, (.momentum = 0.9, .weight_decay = 0.1),
        0.922816629717962, -0.636430269955303, 0.606399736464135, -2.16473763827021, 0.121733011010733, -2.87541654147726,
        1.01368871961402, -0.365862705478716, -0.665429337219955, 0.34760749626863, 0.918306511356098, -0.620273092859009);
    RUN(sgd, (.momentum = 0.9, .nesterov = true, .weight_decay = 0.1),
        -0.751818819031612, 1.14396518580952, -0.71106896552027, 1.40012041493506, 0.975062627952821, -0.0617059762686494,
        -0.166179286618457, -0.935257794085479, -0.0501265764314551, 0.707189561701164, -0.750802323418445, 1.13824825420326);
    RUN(sgd, (.lr = 0.1, .momentum = 0.9, .nesterov = true),
        -0.00347718292839027, 1.31009518737787, -0.442795984846024, 1.00311398996248, 1.97366944060745, -0.994949548288744,
        -0.216003527635021, 0.254932268118773, 0.927304589407084, 0.818663525836358, -0.618543635797253, 1.01684041243574);
    RUN(sgd, (.lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01),
        -0.623832489508404, -0.772845149335259, 0.168333697589396, -1.36040423342964, 1.19489560879429, -0.405695326746551,
        -1.62835571576485, -0.782672996012456, 1.50290711243027, -1.900541480441, -0.792187575328622, 0.0138043498999366);
    RUN(sgd, (.lr = 0.1, .maximize = true, .momentum = 0.5),
        0.261087098013406, -0.431086216280527, -1.29325955427548, 0.0448611256745271, -0.652152365325346, 0.791796365356837,
        0.387325798686924, -0.175916574721027, -1.2569996035478, 0.391073322073775, -0.163126822896924, -0.271390545279883);
    RUN_DEFAULT(adam,
        -0.566776266847969, -0.149381257365923, 0.258684848616156, 0.480099739235842, 0.603986594843153, -0.508361310854773,
        -0.865646558458566, 0.000230508019918945, 0.154889343634188, 1.70086557216683, -0.56868629896755, -0.1507556370908);
    RUN(adam, (.lr = 0.01),
        0.6919304704551, 0.361756348098355, -0.014698197049809, -1.20608110249784, -0.731417485082545, 0.702696368739043,
        1.22812625036209, 0.13467053497713, 0.139300017182981, -0.103383393898773, 0.704414246035988, 0.375963738949415);
    RUN(adam, (.weight_decay = 0.1),
        0.612575936062077, -1.96897085177197, 0.224974343132806, 0.0121760078761264, -0.114715690331843, -1.56238933337945,
        -0.520575854308876, -0.576453812407694, -0.418662632903637, -1.14299851161916, 0.611919341042153, -1.965441519102);
    RUN(adam, (.weight_decay = 0.1, .maximize = true),
        -0.0810528422768075, -0.680971495450093, -0.924847038264749, -0.878717548146159, -0.0228058141437116, -0.0736837577079967,
        0.602359372411328, 0.663745078352146, -1.37544072911247, -1.85533867396105, -0.0833148147416919, -0.683083728740838);
    RUN(adam, (.weight_decay = 0.1, .amsgrad = true),
        -0.92144693504698, 0.487915565245049, -0.278735347809979, 0.256821962306008, -0.55653328147391, -0.102521655322282,
        -1.19147065236604, -1.05540896683092, 1.98595249730086, -0.093744578657239, -0.918522140612093, 0.487300290125146);
    RUN(adam, (.lr = 0.01, .amsgrad = true),
        -0.894920081432992, 0.179707613838433, 0.580090718242209, -1.07542905115878, -0.221227378921536, -0.164612642488356,
        -1.63873644694845, -0.450475710354565, -0.860715371119455, 0.785825191406415, -0.897310669455806, 0.207643621137703);
    RUN(adam, (.lr = 0.01, .weight_decay = 0.1),
        0.776315753262399, 0.950397032833993, 0.205278862255134, 0.676888865076026, 0.0502697520285453, -0.0688275762033175,
        -0.013590864292963, 1.2532951879182, 1.41788925166229, -0.781830141848221, 0.74188183383888, 0.921461456202305);
    RUN(adam, (.betas = { 0.8, 0.9 }, .eps = 0.001),
        0.223444684831196, -0.110690421113511, 1.12937249734984, -0.311813745519849, 1.25567135886626, 0.011725308391308,
        0.747112154234029, 0.685612438361084, -1.08121459560098, -0.374827268486911, 0.220197131189222, -0.109548615848054);
    RUN(adam, (.lr = 0.01, .maximize = true),
        0.268113724298805, -0.138904450506228, 1.04268763950691, -0.913234601542356, -1.6423575793421, 1.82238357844111,
        0.845908149295906, -0.402465290795612, 1.61012882868263, 0.522981217646424, 0.279993594908031, -0.141083168943541);
    RUN_DEFAULT(adamw,
        0.323869826279146, -0.880972418192723, -0.476161306178517, -0.396691544605391, 0.247453430006572, -1.98926195768684,
        0.174705084982897, 1.01281224702533, -0.557901417262788, 1.33947538125791, 0.325495869773975, -0.878844136552751);
    RUN(adamw, (.lr = 0.01),
        -0.137132278061196, 0.889713782529809, 0.284316322001949, -0.782584153222111, 0.0245007616218305, -0.979555699407565,
        -0.748102361854494, -0.581995091639774, 0.927187452936284, -0.665687448617734, -0.152714925682882, 0.928727255604133);
    RUN(adamw, (.weight_decay = 0.1),
        0.424324800002839, -0.331245891840621, -1.15722906816951, 0.330638481119865, 0.161638253841637, 2.9763116795424,
        0.584839514870692, 1.0385375276664, -0.779327700669516, 1.67347972666841, 0.426185797763396, -0.334583393068729);
    RUN(adamw, (.weight_decay = 0.1, .maximize = true),
        -0.766153467412677, -2.42061579334716, -0.686790434934465, -2.33627654032451, 2.03077558365966, 0.231070592459266,
        0.428560507638736, -0.267807475579174, -2.24632471346493, -1.49574456632394, -0.765992391802291, -2.42244569983076);
    RUN(adamw, (.weight_decay = 0.1, .amsgrad = true),
        0.374125396926101, 0.36361933412677, 0.290854558765356, -1.94296789292053, -0.269526698304732, -0.0202916568932806,
        0.601766231270545, 1.64284456684603, 0.509214204435744, -0.40755400009692, 0.371775111947926, 0.365219901553669);
    RUN(adamw, (.lr = 0.01, .amsgrad = true),
        -0.10915708336008, -0.329455906873303, 1.13262399874935, -0.436444906322689, 0.308107141324601, 0.126850838631109,
        -0.520869881302718, 0.746381553799464, 1.14621605854219, -0.734986499168863, -0.136804357452421, -0.317259957384652);
    RUN(adamw, (.lr = 0.01, .weight_decay = 0.3),
        0.683739866728937, -0.83799568755221, 0.0636609365383962, -0.0670172616260972, 0.300353156569192, 0.546618166917006,
        -0.877025696586075, 0.564995384822572, 0.208925901716845, -0.48466234360266, 0.662624964697545, -0.835325373686764);
    RUN(adamw, (.betas = { 0.8, 0.9 }, .eps = 0.001),
        1.05516510595195, -0.17579204196893, 0.996565628338104, 0.633277282223827, -0.876286857537365, 0.22106218733615,
        -1.19074357244761, 0.498432671048393, -1.43005081141837, -0.185683116767527, 1.05537295234475, -0.179131780697237);
}
END_TEST

/* ---- Steps ------------------------------------------------------------------------------------------------------------------- */

START_TEST(the_defaults_are_those_of_pytorch)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 2);
    tp_optimizer *sgd = tp_sgd(TP_TENSORS(x)), *adam = tp_adam_with(TP_TENSORS(x), NULL), *adamw = tp_adamw(TP_TENSORS(x), .lr = 0.5);
    ck_assert_double_eq(tp_get_lr(sgd), 1e-3);
    ck_assert_double_eq(tp_get_lr(adam), 1e-3);
    ck_assert_double_eq(tp_get_lr(adamw), 0.5);
    ck_assert_int_eq(tp_param_group_count(sgd), 1);
    const tp_adamw_options o = TP__BRACES(adamw, );
    ck_assert_double_eq(o.weight_decay, 0.01);
    ck_assert_double_eq(o.betas[0], 0.9);
    ck_assert_double_eq(o.betas[1], 0.999);
    ck_assert_double_eq(o.eps, 1e-8);
    ck_assert(!o.amsgrad && !o.maximize);
    tp_free_all(sgd, adam, adamw);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(the_first_momentum_is_the_gradient_whatever_the_dampening)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x), .lr = 0.5, .momentum = 0.5, .dampening = 0.75);
    ck_assert_ptr_null(tp_optimizer_state(opt, x, "momentum_buffer"));
    ck_assert(!tp_failed());
    give(x, 1, -2);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_close(value(tp_optimizer_state(opt, x, "momentum_buffer"), 1), -2);
    ck_close(value(x, 1), 2);
    ck_assert_int_eq(tp_step(opt), TP_OK);             /* v = 0.5 * -2 + 0.25 * -2 */
    ck_close(value(tp_optimizer_state(opt, x, "momentum_buffer"), 1), -1.5);
    ck_close(value(x, 1), 2.75);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(a_parameter_without_a_gradient_is_left_alone_and_begins_when_it_has_one)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *y = parameter(1, 1);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x, y), .lr = 1, .momentum = 0.5, .dampening = 0.5, .weight_decay = 0.25);
    give(x, 0, 0);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_close(value(x, 0), 0.75);
    ck_close(value(y, 0), 1);
    ck_assert_ptr_null(tp_optimizer_state(opt, y, "momentum_buffer"));
    give(y, 1, 1);                                     /* the first step of y, the second of x */
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_close(value(tp_optimizer_state(opt, y, "momentum_buffer"), 0), 1.25);
    ck_close(value(y, 0), -0.25);
    ck_close(value(tp_optimizer_state(opt, x, "momentum_buffer"), 0), 0.5 * 0.25 + 0.5 * 0.1875);
    tp_optimizer_free(opt);

    tp_tensor *z = parameter(1, 1);
    opt = tp_adam(TP_TENSORS(x, z));
    for (int t = 0; t < 3; t++)
        ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert_ptr_null(tp_optimizer_state(opt, z, "step"));
    give(z, 1, 1);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert_double_eq(tp_item(tp_optimizer_state(opt, x, "step")), 4);
    ck_assert_double_eq(tp_item(tp_optimizer_state(opt, z, "step")), 1);
    ck_close(value(z, 0), 1 - 1e-3 / (1 + 1e-8));
    tp_optimizer_free(opt);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(groups_have_options_of_their_own)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *y = parameter(1, 1), *z = parameter(1, 1);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x), .lr = 0.5, .weight_decay = 0.5);
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y), .lr = 0.25, .maximize = true), TP_OK);
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(z), .weight_decay = 0), TP_OK);
    ck_assert_int_eq(tp_param_group_count(opt), 3);
    give(x, 1, 1), give(y, 1, 1), give(z, 1, 1);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_close(value(x, 0), 1 - 0.5 * 1.5);
    ck_close(value(y, 0), 1 - 0.25 * (-1 + 0.5));
    ck_close(value(z, 0), 0.5);
    ck_assert_int_eq(tp_set_group_lr(opt, 1, 2), TP_OK);
    ck_assert_double_eq(tp_get_group_lr(opt, 1), 2);
    ck_assert_double_eq(tp_get_lr(opt), 0.5);
    ck_assert_int_eq(tp_set_lr(opt, 0), TP_OK);
    ck_assert_double_eq(tp_get_group_lr(opt, 1), 0);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_close(value(z, 0), 0.5);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(a_step_needs_no_dense_tensors)
{
    TP_SCOPE();
    const float w[] = { 1, 2, 3, 4, 5, 6 }, g[] = { 1, 2, 3, 4, 5, 6 };
    tp_tensor *x = tp_transpose(tp_from_data(w, TP_F32, TP_SHAPE(2, 3)), 0, 1), *y = tp_from_data(w, TP_F32, TP_SHAPE(3, 2));
    x = tp_detach(x);
    ck_assert(!tp_is_contiguous(x));
    tp_requires_grad(x, true);
    tp_requires_grad(y, true);
    tp_set_grad(x, tp_transpose(tp_from_data(g, TP_F32, TP_SHAPE(2, 3)), 0, 1));
    tp_set_grad(y, tp_transpose(tp_from_data(g, TP_F32, TP_SHAPE(2, 3)), 0, 1));
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x, y), .lr = 1);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert(tp_equal(tp_detach(x), tp_zeros(TP_SHAPE(3, 2))));
    const float want[] = { 0, 2 - 4, 3 - 2, 4 - 5, 5 - 3, 0 };
    ck_assert(tp_equal(tp_detach(y), tp_from_data(want, TP_F32, TP_SHAPE(3, 2))));
    tp_optimizer_free(opt);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(zero_grad_drops_gradients_and_steps_count_as_writes)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1);
    tp_optimizer *opt = tp_adam(TP_TENSORS(x));
    give(x, 1, 1);
    const uint32_t before = tp_version_of(x);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert(tp_version_of(x) > before);
    ck_assert_int_eq(tp_zero_grad(opt), TP_OK);
    ck_assert_ptr_null(tp_grad_of(x));
    ck_assert_int_eq(tp_zero_grad(opt), TP_OK);
    ck_assert(tp_is_leaf(x) && tp_needs_grad(x));
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(an_optimizer_keeps_its_parameters_alive_and_leaks_nothing)
{
    const int64_t before = in_use();
    tp_optimizer *opt;
    {
        TP_SCOPE();
        tp_tensor *x = parameter(1, 1);
        opt = tp_adam(TP_TENSORS(x), .amsgrad = true);
        give(x, 1, 1);
    }
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert_int_gt(in_use(), before);
    tp_free_all(opt);
    ck_assert_int_eq(in_use(), before);
    tp_optimizer_free(NULL);
    ck_assert(!tp_failed());
}
END_TEST

/* ---- Refusals ------------------------------------------------------------------------------------------------------------------ */

START_TEST(options_out_of_range_are_refused)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1);
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x), .lr = -1));
    ck_message("sgd: lr is -1, and has to be 0 or more");
    ck_assert_ptr_null(tp_adam(TP_TENSORS(x), .lr = NAN));
    ck_message("adam: lr is nan, and has to be 0 or more");
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x), .dampening = NAN));
    ck_message("sgd: dampening is NaN");
    ck_assert_ptr_null(tp_rprop(TP_TENSORS(x), .step_sizes = { 1e-6, NAN }));
    ck_message("rprop: step_sizes[1] is NaN");
    ck_assert_ptr_null(tp_muon(TP_TENSORS(tp_zeros(TP_SHAPE(2, 2), .requires_grad = true)), .ns_coefficients = { 1, NAN, 1 }));
    ck_message("muon: ns_coefficients[1] is NaN");
    ck_assert_ptr_null(tp_asgd(TP_TENSORS(x), .t0 = NAN));
    ck_assert(strstr(tp_last_error()->message, "t0"));
    tp_clear_error();
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x), .momentum = -0.5));
    ck_message("sgd: momentum is -0.5, and has to be 0 or more");
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x), .weight_decay = -2));
    ck_message("sgd: weight_decay is -2, and has to be 0 or more");
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x), .nesterov = true));
    ck_message("sgd: nesterov takes a momentum and no dampening, and they are 0 and 0");
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x), .nesterov = true, .momentum = 0.9, .dampening = 0.5));
    ck_message("sgd: nesterov takes a momentum and no dampening, and they are 0.9 and 0.5");
    ck_assert_ptr_null(tp_adam(TP_TENSORS(x), .betas = { 1, 0.9 }));
    ck_message("adam: betas[0] is 1, and has to be at least 0 and less than 1");
    ck_assert_ptr_null(tp_adamw(TP_TENSORS(x), .betas[1] = -0.1));
    ck_message("adamw: betas[1] is -0.1, and has to be at least 0 and less than 1");
    ck_assert_ptr_null(tp_adamw(TP_TENSORS(x), .eps = -1));
    ck_message("adamw: eps is -1, and has to be 0 or more");
    ck_assert_ptr_null(tp_adam_with(TP_TENSORS(x), &(tp_adam_options){ .lr = 1 }));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_ARGUMENT);        /* no size: made by hand */
    tp_clear_error();
    tp_optimizer *opt = tp_adam(TP_TENSORS(x));
    ck_assert_int_eq(tp_set_lr(opt, -1), TP_ERR_ARGUMENT);
    ck_message("set_lr: lr is -1, and has to be 0 or more");
    ck_assert_int_eq(tp_set_group_lr(opt, 1, 1), TP_ERR_ARGUMENT);
    ck_message("set_group_lr: there is no group 1, there are 1");
    ck_assert_double_nan(tp_get_group_lr(opt, -1));
    ck_message("get_group_lr: there is no group -1, there are 1");
    ck_assert_double_eq(tp_get_lr(opt), 1e-3);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(parameters_are_distinct_leaves)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *y = parameter(1, 1);
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x, y, x)));
    ck_message("sgd: a parameter is given twice");
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x, tp_mul(y, 2))));
    ck_message("sgd: parameter 1 of 2 is not a leaf: it was computed from others");
    ck_assert_ptr_null(tp_sgd((tp_tensor_list){ .n = 0 }));
    ck_message("sgd: there are no parameters, or one is NULL");
    ck_assert_ptr_null(tp_sgd(TP_TENSORS(x, NULL)));
    ck_message("sgd: there are no parameters, or one is NULL");
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x));
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y, x)), TP_ERR_ARGUMENT);
    ck_message("param_group: a parameter is given twice");
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y), .eps = 1), TP_ERR_ARGUMENT);
    ck_message("param_group: sgd has no option eps");
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y), .nesterov = true), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_param_group_count(opt), 1);
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y)), TP_OK);
    ck_assert_ptr_null(tp_optimizer_state(opt, x, "exp_avg"));
    ck_message("optimizer_state: sgd has no state exp_avg");
    ck_assert_ptr_null(tp_optimizer_state(opt, parameter(1, 1), "momentum_buffer"));
    ck_message("optimizer_state: the tensor is no parameter of this optimizer");
    tp_optimizer_free(opt);
    ck_assert_int_eq(tp_step(NULL), TP_ERR_ARGUMENT);
    ck_message("step: the optimizer is NULL");
}
END_TEST

START_TEST(a_pending_error_stops_the_optimizer)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *y = parameter(1, 1);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x), .lr = 1);
    give(x, 1, 1);
    tp_fail(TP_ERR_SHAPE, "test: an error");
    ck_assert_int_eq(tp_step(opt), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_zero_grad(opt), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_set_lr(opt, 3), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y)), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_optimizer_save(opt, scratch_file()), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_optimizer_load(opt, scratch_file()), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_step(NULL), TP_ERR_SHAPE);
    ck_assert_ptr_null(tp_adam((tp_tensor_list){ .n = 0 }));           /* as tp_parameters of a module that failed */
    ck_message("test: an error");
    ck_assert_double_eq(value(x, 0), 1);
    ck_assert_ptr_nonnull(tp_grad_of(x));
    ck_assert_double_eq(tp_get_lr(opt), 1);
    ck_assert_int_ne(access(scratch_file(), F_OK), 0);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(a_failing_allocation_leaves_parameters_and_state_as_they_were)
{
    TP_SCOPE();
    tp_mem_pools(false);
    tp_tensor *x = parameter(1, 1), *y = parameter(2, 2);
    give(x, 1, 1), give(y, 1, 1);
    int64_t points = 0;
    for (int64_t n = 1; ; n++) {                       /* the constructor */
        const int64_t before = in_use();
        tp_mem_fail_at(n, false);
        tp_optimizer *opt = tp_adam(TP_TENSORS(x, y), .amsgrad = true);
        tp_mem_fail_at(0, false);
        const bool made = opt != NULL;
        ck_assert(made != tp_failed());
        tp_clear_error();
        tp_optimizer_free(opt);
        ck_assert_int_eq(in_use(), before);
        if (made)
            break;
        points++;
    }
    tp_optimizer *opt = tp_adam(TP_TENSORS(x), .amsgrad = true);
    ck_assert_int_eq(tp_param_group(opt, TP_TENSORS(y)), TP_OK);
    for (int64_t n = 1; ; n++) {                       /* the first step */
        const int64_t before = in_use();
        tp_mem_fail_at(n, false);
        const tp_status status = tp_step(opt);
        tp_mem_fail_at(0, false);
        if (status == TP_OK)
            break;
        ck_assert_int_eq(status, TP_ERR_MEMORY);
        tp_clear_error();
        ck_assert_double_eq(value(x, 0), 1);
        ck_assert_double_eq(value(y, 0), 2);
        ck_assert_ptr_null(tp_optimizer_state(opt, x, "exp_avg"));
        ck_assert_int_eq(in_use(), before);
        points++;
    }
    ck_assert_double_ne(value(x, 0), 1);
    ck_assert_double_ne(value(y, 0), 2);
    ck_assert_double_eq(tp_item(tp_optimizer_state(opt, y, "step")), 1);
    tp_optimizer_free(opt);
    ck_assert_int_gt(points, 8);
    printf("optimizer and step: %lld points of failing memory\n", (long long)points);
}
END_TEST

START_TEST(what_cannot_be_stepped_is_an_error_before_anything_is_written)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *h = tp_zeros(TP_SHAPE(2), .dtype = TP_F32, .requires_grad = true);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(x, h), .lr = 1, .momentum = 0.5);
    give(x, 1, 1);
    ck_assert_int_eq(tp_set_grad(h, tp_ones(TP_SHAPE(2))), TP_OK);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert_int_eq(tp_set_grad(h, NULL), TP_OK);
    ck_assert_int_eq(tp_set_data(h, tp_zeros(TP_SHAPE(2), .dtype = TP_F16)), TP_OK);
    ck_assert_int_eq(tp_set_grad(h, tp_zeros(TP_SHAPE(2), .dtype = TP_F16)), TP_OK);
    ck_assert_int_eq(tp_step(opt), TP_ERR_STATE);
    ck_message("step: parameter 1 became float16 on cpu after its first step, and its momentum_buffer did not");
    ck_assert_double_eq(value(x, 0), 0);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(halves_are_stepped_as_wide_numbers_that_are_rounded)
{
    static const char *const names[] = { "sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "rprop", "asgd" };
    static const tp_dtype halves[] = { TP_F16, TP_BF16 };
    for (size_t i = 0; i < 2 * sizeof names / sizeof *names; i++) {
        TP_SCOPE();
        const float w[] = { 1, -2, 0.5f }, g[] = { 0.25f, 1, -0.125f };
        const char *const name = names[i / 2];
        tp_tensor *wide = tp_from_data(w, TP_F32, TP_SHAPE(3)), *half = tp_to_dtype(wide, halves[i % 2]);
        tp_requires_grad(wide, true), tp_requires_grad(half, true);
        tp_set_grad(wide, tp_from_data(g, TP_F32, TP_SHAPE(3)));
        tp_set_grad(half, tp_to_dtype(tp_from_data(g, TP_F32, TP_SHAPE(3)), halves[i % 2]));
        const tp_arg lr = { .name = "lr", .kind = TP_ARG_FLOAT, .value.real = 0.25 };
        tp_optimizer *opt = tp_optimizer_by_name(name, TP_TENSORS(wide, half), &lr, 1);
        ck_assert_msg(tp_step(opt) == TP_OK, "%s: %s", name, tp_failed() ? tp_last_error()->message : "");
        ck_assert_msg(tp_allclose(tp_to_dtype(tp_detach(half), TP_F32), tp_detach(wide), 0.01, 0.001), "%s in %s", name, tp_dtype_name(halves[i % 2]));
        tp_optimizer_free(opt);
    }
    ck_assert(!tp_failed());
}
END_TEST

/* ---- Files ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_loaded_optimizer_goes_on_as_if_nothing_had_happened)
{
    TP_SCOPE();
    const char *path = scratch_file();
    tp_tensor *x = parameter(1, -1), *y = parameter(2, 3), *x2, *y2;
    tp_optimizer *opt = tp_adam(TP_TENSORS(x), .lr = 0.1, .amsgrad = true);
    tp_param_group(opt, TP_TENSORS(y), .lr = 0.3, .betas = { 0.5, 0.6 });
    for (int t = 0; t < 3; t++) {
        give(x, 1 + t, -2);
        give(y, 0.5, t);
        ck_assert_int_eq(tp_step(opt), TP_OK);
    }
    ck_assert_int_eq(tp_optimizer_save(opt, path), TP_OK);
    x2 = parameter(value(x, 0), value(x, 1));
    y2 = parameter(value(y, 0), value(y, 1));
    tp_optimizer *again = tp_adam(TP_TENSORS(x2));
    tp_param_group(again, TP_TENSORS(y2));
    ck_assert_int_eq(tp_optimizer_load(again, path), TP_OK);
    ck_assert_double_eq(tp_get_group_lr(again, 1), 0.3);
    ck_assert_double_eq(tp_item(tp_optimizer_state(again, y2, "step")), 3);
    for (int t = 0; t < 3; t++) {
        give(x, t, 1), give(x2, t, 1), give(y, -1, t), give(y2, -1, t);
        ck_assert_int_eq(tp_step(opt), TP_OK);
        ck_assert_int_eq(tp_step(again), TP_OK);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq(value(x, i), value(x2, i));
        ck_assert_double_eq(value(y, i), value(y2, i));
    }
    tp_optimizer_free(opt);
    tp_optimizer_free(again);
    unlink(path);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(a_file_that_does_not_fit_changes_nothing)
{
    TP_SCOPE();
    const char *path = scratch_file();
    tp_tensor *x = parameter(1, -1), *y = parameter(2, 3);
    tp_optimizer *opt = tp_adam(TP_TENSORS(x), .lr = 0.1);
    give(x, 1, 1);
    ck_assert_int_eq(tp_step(opt), TP_OK);
    ck_assert_int_eq(tp_optimizer_save(opt, path), TP_OK);

    tp_optimizer *other = tp_adamw(TP_TENSORS(x));
    ck_assert_int_eq(tp_optimizer_load(other, path), TP_ERR_FORMAT);
    ck_message("optimizer_load: the file is of adam, the optimizer is adamw");
    tp_optimizer_free(other);
    other = tp_adam(TP_TENSORS(x, y));
    ck_assert_int_eq(tp_optimizer_load(other, path), TP_ERR_FORMAT);
    ck_message("optimizer_load: group 0 has 2 parameters, and in the file 1");
    tp_optimizer_free(other);
    tp_tensor *wide = tp_zeros(TP_SHAPE(3), .requires_grad = true);
    other = tp_adam(TP_TENSORS(wide), .lr = 7);
    ck_assert_int_eq(tp_optimizer_load(other, path), TP_ERR_FORMAT);
    ck_message("optimizer_load: state.0.exp_avg does not have the shape of its parameter");
    ck_assert_double_eq(tp_get_lr(other), 7);
    ck_assert_ptr_null(tp_optimizer_state(other, wide, "step"));
    tp_optimizer_free(other);

    tp_mem_pools(false);
    other = tp_adam(TP_TENSORS(y), .lr = 7);
    for (int64_t n = 1; ; n++) {
        const int64_t before = in_use();
        tp_mem_fail_at(n, false);
        const tp_status status = tp_optimizer_load(other, path);
        tp_mem_fail_at(0, false);
        if (status == TP_OK)
            break;
        ck_assert_int_eq(status, TP_ERR_MEMORY);
        tp_clear_error();
        ck_assert_int_eq(in_use(), before);
        ck_assert_double_eq(tp_get_lr(other), 7);
    }
    ck_assert_double_eq(tp_get_lr(other), 0.1);
    tp_optimizer_free(other);
    tp_optimizer_free(opt);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim");
    TCase *tests = tcase_create("optim");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_option_steps_as_pytorch_does);
    tcase_add_test(tests, the_defaults_are_those_of_pytorch);
    tcase_add_test(tests, the_first_momentum_is_the_gradient_whatever_the_dampening);
    tcase_add_test(tests, a_parameter_without_a_gradient_is_left_alone_and_begins_when_it_has_one);
    tcase_add_test(tests, groups_have_options_of_their_own);
    tcase_add_test(tests, a_step_needs_no_dense_tensors);
    tcase_add_test(tests, zero_grad_drops_gradients_and_steps_count_as_writes);
    tcase_add_test(tests, an_optimizer_keeps_its_parameters_alive_and_leaks_nothing);
    tcase_add_test(tests, options_out_of_range_are_refused);
    tcase_add_test(tests, parameters_are_distinct_leaves);
    tcase_add_test(tests, a_pending_error_stops_the_optimizer);
    tcase_add_test(tests, a_failing_allocation_leaves_parameters_and_state_as_they_were);
    tcase_add_test(tests, what_cannot_be_stepped_is_an_error_before_anything_is_written);
    tcase_add_test(tests, halves_are_stepped_as_wide_numbers_that_are_rounded);
    tcase_add_test(tests, a_loaded_optimizer_goes_on_as_if_nothing_had_happened);
    tcase_add_test(tests, a_file_that_does_not_fit_changes_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
