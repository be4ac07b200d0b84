/* test_nn_text.c: a module as text: printed, and summed up. */
#include "failing.h"
#include "nn.h"

#include <taper/extend.h>

START_TEST(a_module_prints_as_in_pytorch)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    tp_module *m = tp_sequential(tp_nn_conv2d(1, 6, 5, .padding = 2, .bias = false), tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(),
                                 tp_sequential(tp_nn_linear(6, 2), tp_nn_dropout(0.1)), tp_nn_embedding(9, 5, .padding_idx = 0), tp_nn_softmax(-1));
    ck_assert_int_eq(tp_module_fprint(out, m), TP_OK);
    fclose(out);
    ck_assert_str_eq(text,
        "Sequential(\n"
        "  (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2), bias=False)\n"
        "  (1): ReLU()\n"
        "  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
        "  (3): Flatten(start_dim=1, end_dim=-1)\n"
        "  (4): Sequential(\n"
        "    (0): Linear(in_features=6, out_features=2, bias=True)\n"
        "    (1): Dropout(p=0.1, inplace=False)\n"
        "  )\n"
        "  (5): Embedding(9, 5, padding_idx=0)\n"
        "  (6): Softmax(dim=-1)\n"
        ")\n");
    free(text);
    tp_module_free(m);
}
END_TEST

static char *text;
static size_t size;
static FILE *begin(void)
{
    text = NULL;
    return open_memstream(&text, &size);
}

static void check_text(FILE *out, const char *want)
{
    fclose(out);
    ck_fine();
    ck_assert_str_eq(text, want);
    free(text);
}

START_TEST(a_summary_is_a_table_of_layers_with_totals)
{
    FILE *out = begin();
    tp_module *net = lenet();
    ck_ok(tp_summary(net, TP_SHAPE(1, 1, 28, 28), .out = out));
    check_text(out,
        "Model: Sequential\n"
        "_________________________________________________________\n"
        "Layer (type)   Output shape     Params     MACs    Memory\n"
        "=========================================================\n"
        "Sequential     [1, 10]               -        -         -\n"
        "0 (Conv2d)     [1, 6, 28, 28]      156  117,600  18.38 KB\n"
        "1 (ReLU)       [1, 6, 28, 28]        0        0  18.38 KB\n"
        "2 (MaxPool2d)  [1, 6, 14, 14]        0        0   4.59 KB\n"
        "3 (Conv2d)     [1, 16, 10, 10]   2,416  240,000   6.25 KB\n"
        "4 (ReLU)       [1, 16, 10, 10]       0        0   6.25 KB\n"
        "5 (MaxPool2d)  [1, 16, 5, 5]         0        0   1.56 KB\n"
        "6 (Flatten)    [1, 400]              0        0       0 B\n"
        "7 (Linear)     [1, 120]         48,120   48,000     480 B\n"
        "8 (ReLU)       [1, 120]              0        0     480 B\n"
        "9 (Linear)     [1, 84]          10,164   10,080     336 B\n"
        "10 (ReLU)      [1, 84]               0        0     336 B\n"
        "11 (Linear)    [1, 10]             840      840      40 B\n"
        "=========================================================\n"
        "Total params: 61,696 (241.00 KB)\n"
        "Trainable params: 61,696 (241.00 KB)\n"
        "Non-trainable params: 0 (0 B)\n"
        "Total MACs: 416,520\n"
        "Memory: 3.06 KB of inputs, 57.04 KB of outputs, 301.10 KB in all\n"
        "_________________________________________________________\n");
    tp_module_free(net);
}
END_TEST

START_TEST(a_summary_counts_groups_frozen_parameters_and_buffers)
{
    FILE *out = begin();
    tp_module *net = tp_sequential(tp_nn_conv1d(4, 6, 3, .groups = 2), tp_nn_batch_norm1d(6), tp_nn_conv_transpose1d(6, 2, 2, .stride = 2));
    tp_module_requires_grad(tp_module_find(net, "1"), false);
    ck_ok(tp_summary(net, TP_SHAPE(2, 4, 10), .out = out));
    check_text(out,                                              /* 96 x 2 x 3 of the first, 96 x 2 x 2 of the last */
        "Model: Sequential\n"
        "_______________________________________________________\n"
        "Layer (type)         Output shape  Params  MACs  Memory\n"
        "=======================================================\n"
        "Sequential           [2, 2, 16]         -     -       -\n"
        "0 (Conv1d)           [2, 6, 8]         42   576   384 B\n"
        "1 (BatchNorm1d)      [2, 6, 8]         12     0   384 B\n"
        "2 (ConvTranspose1d)  [2, 2, 16]        26   384   256 B\n"
        "=======================================================\n"
        "Total params: 80 (320 B)\n"
        "Trainable params: 68 (272 B)\n"
        "Non-trainable params: 12 (48 B)\n"
        "Buffers: 13 (56 B)\n"
        "Total MACs: 960\n"
        "Memory: 320 B of inputs, 1.00 KB of outputs, 1.68 KB in all\n"
        "_______________________________________________________\n");
    tp_module_free(net);
}
END_TEST

START_TEST(a_summary_counts_the_steps_of_recurrent_layers)
{
    FILE *out = begin();
    tp_module *net = tp_sequential(tp_nn_lstm(3, 4, .num_layers = 2, .bidirectional = true), tp_nn_linear(8, 2));
    ck_ok(tp_summary(net, TP_SHAPE(5, 2, 3), .out = out));
    check_text(out,                                              /* 10 steps x 2 directions x 16 x (3 + 4 + 8 + 4) */
        "Model: Sequential\n"
        "_________________________________________________\n"
        "Layer (type)  Output shape  Params   MACs  Memory\n"
        "=================================================\n"
        "Sequential    [5, 2, 2]          -      -       -\n"
        "0 (LSTM)      [5, 2, 8]        736  6,080   320 B\n"
        "1 (Linear)    [5, 2, 2]         18    160    80 B\n"
        "=================================================\n"
        "Total params: 754 (2.95 KB)\n"
        "Trainable params: 754 (2.95 KB)\n"
        "Non-trainable params: 0 (0 B)\n"
        "Total MACs: 6,240\n"
        "Memory: 120 B of inputs, 400 B of outputs, 3.45 KB in all\n"
        "_________________________________________________\n");
    tp_module_free(net);
}
END_TEST

START_TEST(a_summary_counts_projections_and_scores_of_attention)
{
    FILE *out = begin();
    tp_module *net = tp_nn_transformer_encoder_layer(8, 2, .dim_feedforward = 16, .batch_first = true);
    ck_ok(tp_summary(net, TP_SHAPE(2, 5, 8), .out = out));
    check_text(out,                                              /* 8 x 3 x 80 + 2 x 2 x 25 x 8 */
        "Model: TransformerEncoderLayer\n"
        "___________________________________________________________________\n"
        "Layer (type)                    Output shape  Params   MACs  Memory\n"
        "===================================================================\n"
        "TransformerEncoderLayer         [2, 5, 8]          -      -       -\n"
        "self_attn (MultiheadAttention)  [2, 5, 8]        216  2,720       -\n"
        "self_attn.out_proj (Linear)     [2, 5, 8]         72    640   320 B\n"
        "linear1 (Linear)                [2, 5, 16]       144  1,280   640 B\n"
        "dropout (Dropout)               [2, 5, 16]         0      0     0 B\n"
        "linear2 (Linear)                [2, 5, 8]        136  1,280   320 B\n"
        "norm1 (LayerNorm)               [2, 5, 8]         16      0   320 B\n"
        "norm2 (LayerNorm)               [2, 5, 8]         16      0   320 B\n"
        "dropout1 (Dropout)              [2, 5, 8]          0      0     0 B\n"
        "dropout2 (Dropout)              [2, 5, 8]          0      0     0 B\n"
        "===================================================================\n"
        "Total params: 600 (2.34 KB)\n"
        "Trainable params: 600 (2.34 KB)\n"
        "Non-trainable params: 0 (0 B)\n"
        "Total MACs: 5,920\n"
        "Memory: 320 B of inputs, 1.88 KB of outputs, 4.53 KB in all\n"
        "___________________________________________________________________\n");
    tp_module_free(net);
}
END_TEST

static tp_tensor *head_twice(tp_module *self, tp_tensor *x)
{
    Net *m = (Net *)self;
    return tp_mul(tp_forward(m->head, tp_forward(m->head, tp_forward(m->body, x))), m->scale);
}

START_TEST(a_summary_tells_what_is_shared_and_what_is_not_called)
{
    TP_SCOPE();
    FILE *out = begin();
    Net *m = tp_module_new(Net, head_twice);
    m->body = tp_add_child(m, "body", tp_sequential(tp_nn_linear(6, 3), tp_nn_relu()));
    m->head = tp_add_child(m, "head", tp_nn_linear(3, 3));
    tp_add_child(m, "spare", tp_nn_linear(3, 9));
    m->scale = tp_add_parameter(m, "scale", tp_ones(TP_SHAPE(1)));
    tp_add_parameter(m, "tied", tp_module_tensor(m->head, "weight"));
    m = tp_module_done(m);
    ck_ok(tp_summary(m, TP_SHAPE(2, 6), .out = out));
    check_text(out,
        "Model: Net\n"
        "_____________________________________________________\n"
        "Layer (type)       Output shape  Params  MACs  Memory\n"
        "=====================================================\n"
        "Net                [2, 3]            10     -       -\n"
        "body (Sequential)  [2, 3]             -     -       -\n"
        "body.0 (Linear)    [2, 3]            21    36    24 B\n"
        "body.1 (ReLU)      [2, 3]             0     0    24 B\n"
        "head (Linear) x2   [2, 3]             3    36    48 B\n"
        "spare (Linear)     -                 36     -       -\n"
        "=====================================================\n"
        "Total params: 70 (280 B)\n"
        "Trainable params: 70 (280 B)\n"
        "Non-trainable params: 0 (0 B)\n"
        "Total MACs: 72\n"
        "Memory: 48 B of inputs, 96 B of outputs, 424 B in all\n"
        "_____________________________________________________\n");
    tp_module_free(m);
}
END_TEST

START_TEST(a_summary_takes_several_inputs)
{
    TP_SCOPE();
    FILE *out = begin();
    tp_module *m = tp_nn_bilinear(3, 4, 5);
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(2, 3)) },
                            { .name = "input2", .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(2, 4)) } };
    ck_ok(tp_summary(m, TP_SHAPE(0), .out = out, .args = args, .n_args = 2));
    check_text(out,
        "Model: Bilinear\n"
        "________________________________________________\n"
        "Layer (type)  Output shape  Params  MACs  Memory\n"
        "================================================\n"
        "Bilinear      [2, 5]            65   120    40 B\n"
        "================================================\n"
        "Total params: 65 (260 B)\n"
        "Trainable params: 65 (260 B)\n"
        "Non-trainable params: 0 (0 B)\n"
        "Total MACs: 120\n"
        "Memory: 56 B of inputs, 40 B of outputs, 356 B in all\n"
        "________________________________________________\n");
    ck_assert_int_eq(tp_summary(m, TP_SHAPE(0), .n_args = 2), TP_ERR_ARGUMENT);
    ck_message("summary: the list of arguments is NULL, of 2");
    tp_module_free(m);
}
END_TEST

START_TEST(a_summary_knows_integers_and_computed_weights)
{
    FILE *out = begin();
    tp_module *net = tp_sequential(tp_nn_embedding(10, 4), tp_nn_gru(4, 5, .batch_first = true), tp_nn_linear(5, 3));
    ck_ok(tp_weight_norm(tp_module_find(net, "2")));
    ck_ok(tp_summary(net, TP_SHAPE(2, 7), .out = out, .dtype = TP_I64));
    check_text(out,
        "Model: Sequential\n"
        "____________________________________________________________________________________\n"
        "Layer (type)                                     Output shape  Params   MACs  Memory\n"
        "====================================================================================\n"
        "Sequential                                       [2, 7, 3]          -      -       -\n"
        "0 (Embedding)                                    [2, 7, 4]         40      0   224 B\n"
        "1 (GRU)                                          [2, 7, 5]        165  1,890   280 B\n"
        "2 (Linear)                                       [2, 7, 3]          3    210   168 B\n"
        "2.parametrizations (ModuleDict)                  -                  -      -       -\n"
        "2.parametrizations.weight (ParametrizationList)  [3, 5]            18      -       -\n"
        "2.parametrizations.weight.0 (_WeightNorm)        [3, 5]             0      -    60 B\n"
        "====================================================================================\n"
        "Total params: 226 (904 B)\n"
        "Trainable params: 226 (904 B)\n"
        "Non-trainable params: 0 (0 B)\n"
        "Total MACs: 2,100\n"
        "Memory: 112 B of inputs, 732 B of outputs, 1.71 KB in all\n"
        "____________________________________________________________________________________\n");
    tp_module_free(net);
}
END_TEST

static void sum_up(void *arg)
{
    FILE *out = begin();
    tp_summary((tp_module *)arg, TP_SHAPE(2, 3), .out = out);
    fclose(out);
    free(text);
}

START_TEST(a_summary_changes_nothing_also_when_it_fails)
{
    tp_module *net = tp_sequential(tp_nn_linear(3, 2), tp_nn_dropout(0.5));
    every_point("summary", sum_up, NULL, net);
    ck_assert_int_ne(tp_summary(net, TP_SHAPE(2, 4)), TP_OK);
    tp_clear_error();
    ck_assert(tp_is_training(net) && tp_is_training(tp_module_find(net, "1")));
    tp_module_free(net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_text");
    TCase *one = tcase_create("nn_text");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, a_module_prints_as_in_pytorch);
    tcase_add_test(one, a_summary_is_a_table_of_layers_with_totals);
    tcase_add_test(one, a_summary_counts_groups_frozen_parameters_and_buffers);
    tcase_add_test(one, a_summary_counts_the_steps_of_recurrent_layers);
    tcase_add_test(one, a_summary_counts_projections_and_scores_of_attention);
    tcase_add_test(one, a_summary_tells_what_is_shared_and_what_is_not_called);
    tcase_add_test(one, a_summary_takes_several_inputs);
    tcase_add_test(one, a_summary_knows_integers_and_computed_weights);
    tcase_add_test(one, a_summary_changes_nothing_also_when_it_fails);
    suite_add_tcase(s, one);
    return run_suite(s);
}
