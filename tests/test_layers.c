/* tests/test_layers.c: the layers: built in C and by name, printed, run, copied; recurrent ones on sequences of all lengths; attention and
 * its masks; and what each leaves behind when memory fails. What they compute is held against PyTorch by parity. */
#include "expect.h"
#include "failing.h"

/* ---- Built, and printed ----------------------------------------------------------------------------------------------------------------- */

static void ck_prints(tp_module *m, const char *want)
{
    char *text = NULL;
    size_t size = 0;
    ck_assert_msg(m != NULL, "%s: %s", want, tp_last_error() ? tp_last_error()->message : "no error");
    FILE *out = open_memstream(&text, &size);
    ck_ok(tp_module_fprint(out, m));
    fclose(out);
    if (size) text[size - 1] = 0;
    ck_assert_str_eq(text, want);
    free(text);
    tp_module_free(m);
}

START_TEST(options_in_c_are_pytorchs_and_print_so)
{
    TP_SCOPE();
    ck_prints(tp_nn_conv1d(2, 4, 3, .padding = TP_SAME), "Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=same)");
    ck_prints(tp_nn_conv3d(2, 4, 3, .stride_dhw = { 1, 2, 2 }, .groups = 2, .padding_mode = TP_PAD_REFLECT),
              "Conv3d(2, 4, kernel_size=(3, 3, 3), stride=(1, 2, 2), groups=2, padding_mode=reflect)");
    ck_prints(tp_nn_conv_transpose2d(2, 4, 3, .stride = 2, .output_padding = 1, .bias = false),
              "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), output_padding=(1, 1), bias=False)");
    ck_prints(tp_nn_max_pool1d(3, .stride = 2), "MaxPool1d(kernel_size=3, stride=2, padding=0, dilation=1, ceil_mode=False)");
    ck_prints(tp_nn_avg_pool2d(2, .kernel_hw = { 2, 3 }), "AvgPool2d(kernel_size=(2, 3), stride=(2, 3), padding=0)");
    ck_prints(tp_nn_adaptive_avg_pool2d(4, .size_hw = { TP_NONE, 2 }), "AdaptiveAvgPool2d(output_size=(4, 2))");
    ck_prints(tp_nn_lp_pool3d(2, 2), "LPPool3d(norm_type=2.0, kernel_size=2, stride=2, ceil_mode=False)");
    ck_prints(tp_nn_batch_norm2d(3, .momentum = -1), "BatchNorm2d(3, eps=1e-05, momentum=None, affine=True, track_running_stats=True)");
    ck_prints(tp_nn_instance_norm1d(3), "InstanceNorm1d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)");
    ck_prints(tp_nn_layer_norm(TP_SHAPE(3, 4)), "LayerNorm((3, 4), eps=1e-05, elementwise_affine=True)");
    ck_prints(tp_nn_group_norm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)");
    ck_prints(tp_nn_rms_norm(TP_SHAPE(5)), "RMSNorm((5,), eps=None, elementwise_affine=True)");
    ck_prints(tp_nn_zero_pad2d(1, .sides = { 2, 0 }), "ZeroPad2d((2, 0, 0, 0))");
    ck_prints(tp_nn_constant_pad1d(2, 1.5), "ConstantPad1d(padding=(2, 2), value=1.5)");
    ck_prints(tp_nn_leaky_relu(), "LeakyReLU(negative_slope=0.01)");
    ck_prints(tp_nn_softplus(.beta = 2), "Softplus(beta=2.0, threshold=20.0)");
    ck_prints(tp_nn_gelu(.approximate = TP_GELU_TANH), "GELU(approximate=tanh)");
    ck_prints(tp_nn_prelu(.num_parameters = 3), "PReLU(num_parameters=3)");
    ck_prints(tp_nn_cross_entropy_loss(.label_smoothing = 0.1), "CrossEntropyLoss()");
    ck_prints(tp_nn_upsample(.scale = 2, .mode = TP_BILINEAR), "Upsample(scale_factor=2.0, mode=bilinear)");
    ck_prints(tp_nn_lstm(3, 4, .num_layers = 2, .bidirectional = true), "LSTM(3, 4, num_layers=2, bidirectional=True)");
    ck_prints(tp_nn_bilinear(2, 3, 4), "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)");
    ck_prints(tp_nn_unflatten(1, TP_SHAPE(2, -1)), "Unflatten(dim=1, unflattened_size=(2, -1))");
}
END_TEST

static void build_all(void *arg)                       /* every constructor of C that the test above leaves out */
{
    (void)arg;
    TP_SCOPE();
    tp_module *const all[] = {
        tp_nn_identity(), tp_nn_relu6(), tp_nn_silu(), tp_nn_mish(), tp_nn_selu(), tp_nn_hardsigmoid(), tp_nn_hardswish(), tp_nn_log_sigmoid(),
        tp_nn_softsign(), tp_nn_tanhshrink(), tp_nn_elu(), tp_nn_celu(), tp_nn_hardtanh(), tp_nn_hardshrink(), tp_nn_softshrink(),
        tp_nn_threshold(0, 1), tp_nn_rrelu(), tp_nn_glu(0), tp_nn_softmin(0), tp_nn_log_softmax(0), tp_nn_softmax2d(), tp_nn_dropout1d(0.1),
        tp_nn_dropout2d(0.1), tp_nn_dropout3d(0.1), tp_nn_alpha_dropout(0.1), tp_nn_feature_alpha_dropout(0.1), tp_nn_conv2d(1, 2, 3),
        tp_nn_conv_transpose1d(1, 2, 3), tp_nn_conv_transpose3d(1, 2, 3), tp_nn_max_pool3d(2), tp_nn_avg_pool1d(2), tp_nn_avg_pool3d(2),
        tp_nn_lp_pool1d(2, 2), tp_nn_lp_pool2d(2, 2), tp_nn_max_unpool1d(2), tp_nn_max_unpool2d(2), tp_nn_max_unpool3d(2),
        tp_nn_fractional_max_pool2d(2, .output_ratio = 0.5), tp_nn_fractional_max_pool3d(2, .output_size = 2), tp_nn_adaptive_max_pool1d(2),
        tp_nn_adaptive_max_pool2d(2), tp_nn_adaptive_max_pool3d(2), tp_nn_adaptive_avg_pool1d(2), tp_nn_adaptive_avg_pool3d(2),
        tp_nn_batch_norm1d(2), tp_nn_batch_norm3d(2), tp_nn_instance_norm2d(2, .affine = true), tp_nn_instance_norm3d(2, .track_running_stats = true),
        tp_nn_local_response_norm(3), tp_nn_zero_pad1d(1), tp_nn_zero_pad3d(1), tp_nn_reflection_pad1d(1), tp_nn_reflection_pad2d(1),
        tp_nn_reflection_pad3d(1), tp_nn_replication_pad1d(1), tp_nn_replication_pad2d(1), tp_nn_replication_pad3d(1), tp_nn_circular_pad1d(1),
        tp_nn_circular_pad2d(1), tp_nn_circular_pad3d(1), tp_nn_constant_pad2d(1, 2), tp_nn_constant_pad3d(1, 2), tp_nn_unfold(2), tp_nn_fold(3, 3, 2),
        tp_nn_pixel_shuffle(2), tp_nn_pixel_unshuffle(2), tp_nn_channel_shuffle(2), tp_nn_embedding(4, 2, .padding_idx = 1),
        tp_nn_embedding_bag(4, 2, .mode = TP_BAG_SUM), tp_nn_l1_loss(), tp_nn_mse_loss(.reduction = TP_REDUCTION_SUM), tp_nn_smooth_l1_loss(),
        tp_nn_huber_loss(), tp_nn_nll_loss(), tp_nn_bce_loss(), tp_nn_bce_with_logits_loss(), tp_nn_kl_div_loss(), tp_nn_poisson_nll_loss(),
        tp_nn_gaussian_nll_loss(), tp_nn_ctc_loss(), tp_nn_hinge_embedding_loss(), tp_nn_margin_ranking_loss(), tp_nn_cosine_embedding_loss(),
        tp_nn_soft_margin_loss(), tp_nn_multi_margin_loss(.weight = tp_ones(TP_SHAPE(3))), tp_nn_multilabel_margin_loss(),
        tp_nn_multilabel_soft_margin_loss(), tp_nn_triplet_margin_loss(), tp_nn_cosine_similarity(), tp_nn_pairwise_distance(), tp_nn_rnn(2, 3),
        tp_nn_gru(2, 3, .batch_first = true), tp_nn_rnn_cell(2, 3, .relu = true), tp_nn_lstm_cell(2, 3), tp_nn_gru_cell(2, 3),
        tp_nn_multihead_attention(4, 2, .kdim = 3), tp_nn_transformer_encoder(tp_nn_transformer_encoder_layer(4, 2), 2, tp_nn_layer_norm(TP_SHAPE(4))),
        tp_nn_transformer_decoder(tp_nn_transformer_decoder_layer(4, 2), 1, NULL),
        tp_nn_transformer(.d_model = 4, .nhead = 2, .num_encoder_layers = 1, .num_decoder_layers = 1, .dim_feedforward = 4),
        tp_nn_module_list(tp_nn_relu(), tp_nn_linear(2, 2)), tp_nn_module_dict(), tp_nn_parameter_dict(),
        tp_nn_tree_lstm_cell(2, 3), tp_nn_child_sum_tree_lstm_cell(2, 3), tp_nn_kv_cache(1, 1, 2, 2),
        tp_nn_adaptive_log_softmax_with_loss(4, 9, TP_SHAPE(2, 5), .head_bias = true),
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i] && !tp_failed()) ck_abort_msg("constructor %zu: no module and no error", i);
        if (all[i]) tp_module_free(all[i]);
    }
}
START_TEST(every_constructor_makes_a_module)
{
    build_all(NULL);
    ck_fine();
}
END_TEST
START_TEST(building_survives_every_failing_allocation) { every_point("layers", build_all, NULL, NULL); }
END_TEST

START_TEST(every_type_has_a_schema_and_says_what_it_lacks)
{
    int n = 0;
    for (; tp_module_type_at(n); n++) {
        const char *type = tp_module_type_at(n), *schema = tp_module_schema(type);
        ck_assert_msg(schema && !strncmp(schema, type, strlen(type)) && schema[strlen(type)] == '(', "%s", type);
        const tp_arg unknown = { .name = "no_such_argument", .kind = TP_ARG_INT };
        const bool open = strstr(schema, "...") != NULL;
        tp_module *m = tp_module_build(type, &unknown, 1);
        ck_assert_msg(open || (!m && tp_failed()), "%s takes anything", type);
        tp_clear_error();
        tp_module_free(m);
    }
    ck_assert_int_ge(n, 135);
    ck_assert_ptr_null(tp_module_schema("Nonsense"));
    ck_assert_ptr_null(tp_module_type_at(-1));
}
END_TEST

START_TEST(what_does_not_fit_is_told)
{
    ck_assert_ptr_null(tp_nn_conv2d(3, 4, 2, .padding = TP_SAME, .stride = 2));
    ck_message("Conv2d: padding \"same\" needs a stride of 1, and not 2");
    ck_assert_ptr_null(tp_nn_group_norm(3, 4));
    ck_message("GroupNorm: 4 channels cannot be cut into 3 groups");
    ck_assert_ptr_null(tp_nn_gru(3, 0));
    ck_message("GRU: input_size 3, hidden_size 0 and num_layers 1 must be positive");
    ck_assert_ptr_null(tp_nn_multihead_attention(5, 2));
    ck_message("MultiheadAttention: embed_dim 5 cannot be cut into 2 heads");
    const tp_arg bias = { .name = "bias", .kind = TP_ARG_INT, .value.integer = 1 }, twice[] = { { .kind = TP_ARG_FLOAT, .value.real = 0.1 },
        { .name = "p", .kind = TP_ARG_FLOAT, .value.real = 0.2 } };
    ck_assert_ptr_null(tp_module_build("LSTM", &bias, 1));
    ck_message("LSTM: argument \"bias\" takes a bool");
    ck_assert_ptr_null(tp_module_build("Dropout", twice, 2));
    ck_message("Dropout: argument \"p\" is given twice");
    ck_assert_ptr_null(tp_nn_mse_loss(.weight = tp_ones(TP_SHAPE(1))));
    ck_message("MSELoss: it takes no weight");

    TP_SCOPE();
    tp_module *m = tp_nn_bilinear(2, 2, 2);
    tp_tensor *x = tp_ones(TP_SHAPE(1, 2)), *y;
    const tp_arg one = { .kind = TP_ARG_TENSOR, .value.tensor = x }, other = { .name = "input3", .kind = TP_ARG_TENSOR, .value.tensor = x };
    ck_assert_int_eq(tp_call(m, &one, 1, &y, 1, NULL), TP_ERR_ARGUMENT);
    ck_message("Bilinear: forward lacks its argument \"input2\"");
    ck_assert_int_eq(tp_call(m, &other, 1, &y, 1, NULL), TP_ERR_ARGUMENT);
    ck_message("Bilinear: forward takes no argument \"input3\"; it takes input1, input2");
    tp_module_free(m);
}
END_TEST

/* ---- Norms -------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(batch_norm_counts_its_batches_and_keeps_still_in_evaluation)
{
    TP_SCOPE();
    tp_module *m = tp_nn_batch_norm1d(2, .momentum = -1);
    tp_tensor *mean = tp_module_tensor(m, "running_mean"), *count = tp_module_tensor(m, "num_batches_tracked");
    const float a[] = { 1, 2, 3, 4 }, b[] = { 5, 6, 7, 8 };
    ck_assert_ptr_nonnull(tp_forward(m, tp_from_data(a, TP_F32, TP_SHAPE(2, 2))));
    ck_assert_ptr_nonnull(tp_forward(m, tp_from_data(b, TP_F32, TP_SHAPE(2, 2))));
    ck_values(mean, 4, 5);                             /* the mean of both batches */
    ck_assert_int_eq(tp_item_i64(count), 2);
    ck_assert_ptr_null(tp_forward(m, tp_ones(TP_SHAPE(1, 2))));          /* one value per channel */
    tp_clear_error();
    ck_assert_ptr_null(tp_forward(m, tp_ones(TP_SHAPE(2, 2, 2, 2))));
    ck_error(TP_ERR_ARGUMENT, "BatchNorm1d: the input has 4 dims, and not 2 or 3");
    ck_assert_int_eq(tp_item_i64(count), 2);           /* what failed did not count */
    tp_eval(m);
    ck_assert_ptr_nonnull(tp_forward(m, tp_ones(TP_SHAPE(1, 2))));
    ck_assert_int_eq(tp_item_i64(count), 2);
    tp_module_free(m);
}
END_TEST

/* ---- Recurrent layers -------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *lengths_of(const int64_t *v, int64_t n) { return tp_from_data(v, TP_I64, TP_SHAPE(n)); }

START_TEST(packing_takes_lengths_in_any_order_and_goes_back)
{
    TP_SCOPE();
    const int64_t lengths[] = { 2, 4, 1, 4 };
    tp_tensor *x = tp_randn(TP_SHAPE(5, 4, 3)), *again;
    const tp_packed_sequence p = tp_pack_padded_sequence(x, lengths_of(lengths, 4), .enforce_sorted = false);
    ck_assert_ptr_nonnull(p.data);
    ck_assert_int_eq(tp_size(p.data, 0), 11);
    ck_values(p.batch_sizes, 4, 3, 2, 2);
    ck_values(p.sorted_indices, 1, 3, 0, 2);
    ck_values(p.unsorted_indices, 2, 0, 3, 1);
    tp_tensor *y = tp_pad_packed_sequence(&p, .padding_value = 7, .total_length = 5, .lengths = &again);
    ck_values(again, 2, 4, 1, 4);
    for (int64_t b = 0; b < 4; b++)
        for (int64_t t = 0; t < 5; t++) {
            tp_tensor *got = tp_select(tp_select(y, 1, b), 0, t), *was = tp_select(tp_select(x, 1, b), 0, t);
            ck_assert(t < lengths[b] ? tp_equal(got, was) : tp_equal(got, tp_full(TP_SHAPE(3), 7.0)));
        }
    ck_assert_ptr_null(tp_pack_padded_sequence(x, lengths_of(lengths, 4)).data);
    ck_message("pack_padded_sequence: lengths do not fall: pass .enforce_sorted = false");
    ck_assert_ptr_null(tp_pack_padded_sequence(x, lengths_of((int64_t[]){ 6, 1, 1, 1 }, 4)).data);
    ck_message("pack_padded_sequence: length 6 is not between 1 and 5");
    ck_assert_ptr_null(tp_pack_padded_sequence(x, lengths_of(lengths, 3)).data);
    ck_message("pack_padded_sequence: 3 lengths for a batch of 4");
}
END_TEST

static void ck_same(tp_tensor *a, tp_tensor *b)
{
    ck_fine();
    ck_assert(a && b && tp_allclose(a, b, 1e-5, 1e-6));
}

START_TEST(packed_sequences_give_what_each_gives_alone)
{
    TP_SCOPE();
    const int64_t lengths[] = { 2, 5, 3 };
    tp_module *const layers[] = { tp_nn_lstm(3, 4, .num_layers = 2, .bidirectional = true), tp_nn_gru(3, 4, .bidirectional = true),
                                  tp_nn_rnn(3, 4, .num_layers = 2), tp_nn_lstm(3, 4, .proj_size = 2) };
    tp_tensor *x = tp_randn(TP_SHAPE(5, 3, 3));
    const tp_packed_sequence p = tp_pack_padded_sequence(x, lengths_of(lengths, 3), .enforce_sorted = false);
    for (size_t k = 0; k < 4; k++) {
        tp_tensor *const four[] = { p.data, p.batch_sizes, p.sorted_indices, p.unsorted_indices };
        const tp_arg packed = { .kind = TP_ARG_TENSORS, .n = 4, .value.tensors = four };
        tp_tensor *out[3], *own[3];
        int n = 0;
        ck_ok(tp_call(layers[k], &packed, 1, out, 3, &n));
        ck_assert_int_eq(n, k == 0 || k == 3 ? 3 : 2);
        const tp_packed_sequence y = { out[0], p.batch_sizes, p.sorted_indices, p.unsorted_indices };
        tp_tensor *padded = tp_pad_packed_sequence(&y);
        for (int64_t b = 0; b < 3; b++) {
            const tp_arg one = { .kind = TP_ARG_TENSOR, .value.tensor = tp_narrow(tp_select(x, 1, b), 0, 0, lengths[b]) };
            ck_ok(tp_call(layers[k], &one, 1, own, 3, &n));
            ck_same(own[0], tp_narrow(tp_select(padded, 1, b), 0, 0, lengths[b]));
            for (int i = 1; i < n; i++) ck_same(own[i], tp_select(out[i], 1, b));
        }
        tp_module_free(layers[k]);
    }
}
END_TEST

START_TEST(a_cell_in_a_loop_is_a_layer)
{
    TP_SCOPE();
    tp_module *layer = tp_nn_gru(3, 4), *cell = tp_nn_gru_cell(3, 4), *lstm = tp_nn_lstm_cell(3, 4);
    static const char *const names[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh" };
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_l0", names[i]);
        TP_NO_GRAD();
        ck_assert_ptr_nonnull(tp_copy_(tp_module_tensor(cell, names[i]), tp_module_tensor(layer, name)));
    }
    tp_tensor *x = tp_randn(TP_SHAPE(6, 2, 3)), *y = tp_forward(layer, x), *h = NULL, *c = NULL;
    for (int t = 0; t < 6; t++) {
        h = tp_gru_cell_step(cell, tp_select(x, 0, t), h);
        ck_same(h, tp_select(y, 0, t));
    }
    tp_tensor *last = tp_unsqueeze(tp_select(y, 0, 2), 0), *rest = NULL;           /* a list of states serves every kind of layer */
    const tp_arg go_on[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_narrow(x, 0, 3, 3) },
                             { .name = "hx", .kind = TP_ARG_TENSORS, .n = 1, .value.tensors = &last } };
    ck_ok(tp_call(layer, go_on, 2, &rest, 1, NULL));
    ck_same(rest, tp_narrow(y, 0, 3, 3));
    tp_tensor *first = tp_lstm_cell_step(lstm, tp_select(x, 0, 0), NULL, &c), *was = c;
    ck_assert(first && c && tp_lstm_cell_step(lstm, tp_select(x, 0, 1), first, &c) && c != was);
    ck_assert_ptr_null(tp_gru_cell_step(lstm, x, NULL));
    ck_message("gru_cell_step: the module is a LSTMCell");
    ck_assert_ptr_null(tp_gru_cell_step(cell, tp_ones(TP_SHAPE(2, 3)), tp_ones(TP_SHAPE(3, 4))));
    ck_error(TP_ERR_SHAPE, "GRUCell: the hidden state is [3, 4], and should be [2, 4]");
    tp_free_all(layer, cell, lstm);
}
END_TEST

static void train_recurrent(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_module *m = tp_nn_lstm(2, 3, .bidirectional = true);
    const tp_packed_sequence p = tp_pack_padded_sequence(tp_ones(TP_SHAPE(3, 2, 2)), lengths_of((int64_t[]){ 2, 3 }, 2), .enforce_sorted = false);
    tp_tensor *const four[] = { p.data, p.batch_sizes, p.sorted_indices, p.unsorted_indices };
    const tp_arg packed = { .kind = TP_ARG_TENSORS, .n = 4, .value.tensors = four };
    tp_tensor *y = NULL;
    if (m && p.data && tp_call(m, &packed, 1, &y, 1, NULL) == TP_OK) tp_backward(tp_sum(y));
    if (m) tp_module_free(m);
}
START_TEST(a_packed_lstm_survives_every_failing_allocation) { every_point("a packed LSTM", train_recurrent, NULL, NULL); }
END_TEST

/* ---- Attention ----------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_causal_mask_hides_what_comes_later)
{
    TP_SCOPE();
    tp_module *m = tp_nn_multihead_attention(4, 2, .batch_first = true);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 3, 4)), *mask = tp_causal_mask(3, TP_F32, TP_CPU), *y[2], *hinted;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = x },
        { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .name = "attn_mask", .kind = TP_ARG_TENSOR, .value.tensor = mask },
        { .name = "is_causal", .kind = TP_ARG_BOOL, .value.boolean = true } };
    ck_ok(tp_call(m, args, 4, y, 2, NULL));
    ck_same(tp_sum(y[1], .dims = TP_DIMS(-1)), tp_ones(TP_SHAPE(2, 3)));
    ck_assert(tp_item(tp_amax(tp_triu(y[1], 1))) == 0);
    ck_ok(tp_call(m, args, 5, &hinted, 1, NULL));      /* one output: the weights are not made */
    ck_same(hinted, y[0]);
    const tp_arg wrong[] = { args[0], args[1], args[2], { .name = "attn_mask", .kind = TP_ARG_TENSOR, .value.tensor = tp_zeros(TP_SHAPE(2, 3)) } };
    ck_assert_int_eq(tp_call(m, wrong, 4, y, 2, NULL), TP_ERR_SHAPE);
    ck_error(TP_ERR_SHAPE, "MultiheadAttention: attn_mask is [2, 3], and should be [l, s] or [n heads, l, s]");
    tp_module_free(m);
}
END_TEST

static void train_transformer(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_module *m = tp_nn_transformer(.d_model = 4, .nhead = 2, .num_encoder_layers = 1, .num_decoder_layers = 1, .dim_feedforward = 3), *copy = NULL;
    tp_tensor *x = tp_ones(TP_SHAPE(2, 1, 4)), *y = NULL;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = x } };
    if (m && x && tp_call(m, args, 2, &y, 1, NULL) == TP_OK) tp_backward(tp_sum(y));
    if (m) copy = tp_module_copy(m);
    if (copy) tp_module_free(copy);
    if (m) tp_module_free(m);
}
START_TEST(a_transformer_survives_every_failing_allocation) { every_point("a transformer and its copy", train_transformer, NULL, NULL); }
END_TEST

/* ---- Trees, positions, and what attention has seen ------------------------------------------------------------------------------------- */

START_TEST(tree_cells_run_in_plain_recursion)
{
    TP_SCOPE();
    tp_module *m = tp_nn_tree_lstm_cell(3, 4), *sum = tp_nn_child_sum_tree_lstm_cell(3, 4);
    ck_assert_int_eq(tp_parameters(m).n, 4);
    ck_assert_int_eq(tp_size(tp_module_tensor(m, "node.weight"), 0), 20);
    tp_tensor *x = tp_randn(TP_SHAPE(3)), *cl, *cr, *c, *c2;
    tp_tensor *hl = tp_tree_lstm_leaf(m, x, &cl), *hr = tp_tree_lstm_leaf(m, tp_mul(x, 2), &cr), *h = tp_tree_lstm_node(m, hl, cl, hr, cr, &c);
    ck_assert(h && c && tp_size(h, 0) == 4);
    ck_ok(tp_backward(tp_sum(h)));
    ck_assert_ptr_nonnull(tp_grad_of(tp_module_tensor(m, "leaf.weight")));
    tp_tensor *leaf = tp_child_sum_tree_lstm_step(sum, x, (tp_tensor_list){ .n = 0 }, (tp_tensor_list){ .n = 0 }, &c2);
    tp_tensor *node = tp_child_sum_tree_lstm_step(sum, x, TP_TENSORS(leaf, hl, hr), TP_TENSORS(c2, cl, cr), &c);
    tp_tensor *turned = tp_child_sum_tree_lstm_step(sum, x, TP_TENSORS(hr, leaf, hl), TP_TENSORS(cr, c2, cl), &c);
    ck_same(node, turned);                             /* children have no order */
    ck_assert_ptr_null(tp_tree_lstm_leaf(sum, x, &c));
    ck_message("tree_lstm_leaf: the module is a ChildSumTreeLSTMCell, and not a TreeLSTMCell");
    tp_free_all(m, sum);
}
END_TEST

START_TEST(rotated_products_tell_distances_alone)
{
    TP_SCOPE();
    tp_tensor *p = tp_sinusoidal_positions(3, 4);
    ck_values(tp_select(p, 0, 0), 0, 1, 0, 1);
    ck_same(tp_select(tp_select(p, 0, 2), 0, 0), tp_sin(tp_scalar(2)));
    tp_tensor *q = tp_randn(TP_SHAPE(1, 8)), *k = tp_randn(TP_SHAPE(1, 8));
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        tp_tensor *near = tp_sum(tp_mul(tp_rotary(q, .first = 5, .interleaved = interleaved), tp_rotary(k, .first = 2, .interleaved = interleaved)));
        tp_tensor *far = tp_sum(tp_mul(tp_rotary(q, .first = 1003, .interleaved = interleaved), tp_rotary(k, .first = 1000, .interleaved = interleaved)));
        ck_assert(tp_allclose(near, far, 1e-4, 1e-5));
        ck_same(tp_rotary(q, .interleaved = interleaved), q);            /* step 0 turns nothing */
    }
    ck_assert_ptr_null(tp_rotary(tp_ones(TP_SHAPE(2, 3))));
    ck_error(TP_ERR_SHAPE, "rotary: the input is [.., steps, width] with an even width");
}
END_TEST

START_TEST(a_cache_grows_step_by_step)
{
    TP_SCOPE();
    tp_module *m = tp_nn_kv_cache(1, 2, 5, 3);
    tp_tensor *k = tp_randn(TP_SHAPE(1, 2, 4, 3)), *v = tp_randn(TP_SHAPE(1, 2, 4, 3)), *all_k, *all_v;
    ck_ok(tp_kv_cache_append(m, tp_narrow(k, 2, 0, 3), tp_narrow(v, 2, 0, 3), &all_k, &all_v));
    ck_ok(tp_kv_cache_append(m, tp_narrow(k, 2, 3, 1), tp_narrow(v, 2, 3, 1), &all_k, &all_v));
    ck_assert(tp_equal(all_k, k) && tp_equal(all_v, v));
    ck_assert_int_eq(tp_kv_cache_length(m), 4);
    ck_assert_int_eq(tp_kv_cache_append(m, tp_narrow(k, 2, 0, 2), tp_narrow(v, 2, 0, 2), NULL, NULL), TP_ERR_SHAPE);
    ck_message("kv_cache_append: 2 steps after 4, there is room for 5");
    ck_ok(tp_kv_cache_truncate(m, 0));
    ck_assert_int_eq(tp_kv_cache_length(m), 0);
    ck_assert_int_eq(tp_state_dict(m).n, 0);           /* nothing of it is saved */
    tp_module_free(m);
}
END_TEST

/* ---- First values ----------------------------------------------------------------------------------------------------------------------------- */

static double spread(tp_tensor *x) { return tp_item(tp_sqrt(tp_mean(tp_mul(x, x)))); }

START_TEST(first_values_have_the_sizes_that_pytorch_gives_them)
{
    TP_SCOPE();
    tp_tensor *w = tp_zeros(TP_SHAPE(60, 40, 3), .requires_grad = true), *m = tp_empty(TP_SHAPE(30, 50));        /* fans of 120 and 180 */
    ck_assert_double_eq_tol(spread(tp_init_xavier_uniform_(w, 2)), 2 * sqrt(2. / 300), 5e-3);
    ck_assert_double_eq_tol(spread(tp_init_xavier_normal_(w, 1)), sqrt(2. / 300), 5e-3);
    ck_assert_double_eq_tol(spread(tp_init_kaiming_uniform_(w, .a = sqrt(5))), 1 / sqrt(3. * 120), 5e-3);
    ck_assert_double_eq_tol(spread(tp_init_kaiming_normal_(w, .fan_out = true, .nonlinearity = TP_GAIN_RELU)), sqrt(2. / 180), 5e-3);
    ck_assert(tp_is_leaf(w));
    ck_assert(tp_item(tp_amax(tp_abs(tp_init_trunc_normal_(m, 0, 1, -0.5, 0.5)))) <= 0.5 && spread(m) > 0.2);
    tp_init_orthogonal_(m, 2);
    ck_assert(tp_allclose(tp_matmul(m, tp_transpose(m, 0, 1)), tp_mul(tp_init_eye_(tp_empty(TP_SHAPE(30, 30))), 4), 1e-4, 1e-4));
    tp_tensor *d = tp_init_dirac_(tp_empty(TP_SHAPE(4, 2, 3)), 2), *x = tp_randn(TP_SHAPE(1, 4, 5));
    ck_same(tp_conv1d(x, d, NULL, .padding = 1, .groups = 2), x);
    ck_values(tp_init_constant_(tp_empty(TP_SHAPE(2)), 3), 3, 3);
    ck_values(tp_init_ones_(tp_empty(TP_SHAPE(2))), 1, 1);
    ck_values(tp_init_zeros_(tp_empty(TP_SHAPE(2))), 0, 0);
    tp_tensor *s = tp_init_sparse_(tp_empty(TP_SHAPE(21, 200)), 0.3, 0.01), *none = tp_sum(tp_eq(s, 0), .dims = TP_DIMS(0));
    ck_assert(tp_item(tp_amin(none)) == 7 && tp_item(tp_amax(none)) == 7);        /* 6.3 rounded up, in each column */
    ck_assert_double_eq_tol(spread(s), 0.01 * sqrt(14. / 21), 5e-4);
    ck_assert(!tp_equal(tp_select(tp_eq(s, 0), 1, 0), tp_select(tp_eq(s, 0), 1, 1)));
    ck_assert(tp_item(tp_sum(tp_eq(tp_init_sparse_(m, 1, 1), 0))) == 1500);
    ck_assert_ptr_null(tp_init_xavier_normal_(tp_empty(TP_SHAPE(3)), 1));
    ck_message("xavier_normal_: fan in and fan out need 2 dims or more");
    ck_assert_ptr_null(tp_init_sparse_(m, 1.5, 1));
    ck_message("sparse_: the share of zeros must be in 0 .. 1");
    ck_assert_ptr_null(tp_init_sparse_(w, 0.5, 1));
    ck_message("sparse_: the tensor must be a matrix");
    ck_assert_ptr_null(tp_init_eye_(NULL));
    ck_fine();
}
END_TEST

/* ---- Containers and copies --------------------------------------------------------------------------------------------------------------------------- */

START_TEST(modules_that_are_given_are_owned_also_on_failure)
{
    const int64_t before = in_use();
    ck_assert_ptr_null(tp_nn_transformer_encoder(tp_nn_transformer_encoder_layer(4, 2), 0, tp_nn_layer_norm(TP_SHAPE(4))));
    ck_message("TransformerEncoder: num_layers 0 must be positive");
    ck_assert_ptr_null(tp_nn_transformer_encoder(NULL, 2, tp_nn_layer_norm(TP_SHAPE(4))));
    tp_clear_error();
    tp_module *none = NULL;
    ck_assert_ptr_null(tp_nn_module_list(tp_nn_relu(), none, tp_nn_linear(2, 2)));
    tp_clear_error();
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(lists_hold_modules_by_number)
{
    tp_module *list = tp_nn_module_list(tp_nn_relu(), tp_nn_linear(2, 3));
    ck_assert_ptr_nonnull(tp_module_append(list, tp_nn_linear(3, 1)));
    ck_assert_int_eq(tp_named_children(list).n, 3);
    ck_assert_int_eq(tp_numel(tp_module_tensor(list, "2.weight")), 3);
    TP_SCOPE();
    ck_assert_ptr_null(tp_forward(list, tp_ones(TP_SHAPE(2))));
    ck_error(TP_ERR_UNSUPPORTED, "ModuleList has no forward");
    tp_module *p = tp_nn_parameter_list(TP_TENSORS(tp_ones(TP_SHAPE(2)), tp_zeros(TP_SHAPE(3))));
    ck_assert_int_eq(tp_parameters(p).n, 2);
    tp_module *by_name = tp_nn_parameter_dict();
    ck_assert_ptr_nonnull(tp_add_parameter(by_name, "left", tp_ones(TP_SHAPE(2))));
    ck_assert_int_eq(tp_numel(tp_module_tensor(by_name, "left")), 2);
    ck_assert_str_eq(tp_module_type(by_name), "ParameterDict");
    ck_ok(tp_add_buffer(by_name, "seen", tp_zeros((tp_shape){ 0 }, .dtype = TP_I64)) ? TP_OK : tp_error_status());
    ck_prints(by_name, "ParameterDict(\n  (left): Parameter containing: [torch.float32 of size 2]\n  (seen): Tensor: [torch.int64 of size ]\n)");
    ck_assert_ptr_nonnull(tp_add_child(list, "held", p));
    ck_assert_ptr_nonnull(tp_add_parameter(list, "own", tp_ones(TP_SHAPE(1))));          /* as in PyTorch, not printed */
    ck_prints(list, "ModuleList(\n  (0): ReLU()\n  (1): Linear(in_features=2, out_features=3, bias=True)\n"
                    "  (2): Linear(in_features=3, out_features=1, bias=True)\n  (held): ParameterList(\n"
                    "    (0): Parameter containing: [torch.float32 of size 2]\n    (1): Parameter containing: [torch.float32 of size 3]\n  )\n)");
}
END_TEST

typedef struct Tail { tp_module base; tp_module *body, *head; } Tail;
static tp_tensor *tail_forward(tp_module *self, tp_tensor *x) { return tp_forward(((Tail *)self)->head, tp_forward(((Tail *)self)->body, x)); }
static Tail *tail_new(void)
{
    Tail *m = tp_module_new(Tail, tail_forward);
    m->body = tp_add_child(m, "body", tp_sequential(tp_nn_linear(2, 3), tp_nn_relu()));
    m->head = tp_add_child(m, "head", tp_nn_linear(3, 5));
    return tp_module_done(m);
}

START_TEST(a_child_takes_the_place_of_another)
{
    TP_SCOPE();
    const int64_t before = in_use();
    Tail *m = tail_new();
    ck_assert_int_eq(tp_parameters(m).n, 4);
    m->head = tp_replace_child(m, "head", tp_nn_linear(3, 7, .bias = false));
    ck_assert_ptr_nonnull(m->head);
    ck_assert_ptr_eq(tp_module_find(m, "head"), m->head);
    ck_assert_int_eq(tp_parameters(m).n, 3);
    ck_assert_str_eq(tp_named_parameters(m).at[2].name, "head.weight");
    ck_assert_int_eq(tp_size(tp_forward(m, tp_ones(TP_SHAPE(4, 2))), 1), 7);
    ck_assert_ptr_nonnull(tp_replace_child(m->body, "1", tp_nn_tanh()));         /* of a list of layers */
    ck_assert_str_eq(tp_module_type(tp_module_find(m, "body.1")), "Tanh");
    tp_module *first = tp_replace_child(m->body, "0", tp_nn_linear(2, 3));
    tp_tensor *w = tp_module_tensor(first, "weight");
    ck_assert_ptr_eq(tp_named_parameters(m).at[0].tensor, w);                    /* in its order */
    ck_fine();
    tp_module_free(m);
    ck_assert_int_le(in_use() - before, 1 << 16);
}
END_TEST

typedef struct Restless { tp_module base; tp_module *parent; } Restless;
static tp_status replace_inside(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    (void)args, (void)n, (void)max;
    outs[0] = tp_ones(TP_SHAPE(1));
    *n_out = 1;
    return tp_replace_child(((Restless *)self)->parent, "0", tp_nn_relu()) ? TP_OK : tp_error_status();
}

START_TEST(a_child_that_cannot_take_the_place_leaves_it)
{
    TP_SCOPE();
    const int64_t before = in_use();
    Tail *m = tail_new();
    tp_module *none = NULL, *attend = tp_nn_multihead_attention(4, 2);
    ck_assert_ptr_null(tp_replace_child(m, "tail", tp_nn_relu()));
    ck_message("replace_child: Tail has no child \"tail\"");
    ck_assert_ptr_null(tp_replace_child(m, "head", none));
    ck_message("replace_child: child \"head\" of Tail is NULL");
    ck_assert_ptr_null(tp_replace_child(m, "head", m->body));
    ck_message("replace_child: \"head\" belongs to a Tail already, as \"body\"");
    ck_assert_ptr_null(tp_replace_child(attend, "out_proj", tp_nn_linear(4, 4)));
    ck_message("replace_child: a MultiheadAttention keeps the layers that it was made with");
    ck_assert_ptr_null(tp_replace_child(m->body, "0", m));
    ck_error(TP_ERR_ARGUMENT, "contains the module that it is given to");
    tp_fail(TP_ERR_STATE, "something");
    ck_assert_ptr_null(tp_replace_child(m, "head", tp_nn_relu()));
    ck_message("something");
    ck_assert_int_eq(tp_size(tp_forward(m, tp_ones(TP_SHAPE(4, 2))), 1), 5);
    ck_ok(tp_weight_norm(m->head));
    ck_assert_ptr_nonnull(tp_replace_child(m, "head", tp_nn_linear(3, 2)));      /* with all that is below it */
    static const tp_module_class cls = { .size = sizeof cls, .type = "Restless", .call = replace_inside };
    Restless *running = tp_module_done(tp_module_new_class(Restless, &cls));
    tp_module *list = tp_sequential(&running->base);
    running->parent = list;
    ck_assert_ptr_null(tp_forward(list, tp_ones(TP_SHAPE(1))));
    ck_error(TP_ERR_STATE, "Restless in it is running");
    tp_free_all(m, attend, list);
    ck_assert_int_le(in_use() - before, 1 << 16);
}
END_TEST

typedef struct Own { tp_module base; tp_tensor *w; } Own;

START_TEST(a_copy_computes_the_same_and_is_apart)
{
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_conv2d(1, 2, 3, .padding = 1), tp_nn_batch_norm2d(2), tp_nn_flatten(), tp_nn_linear(8, 3));
    tp_tensor *x = tp_randn(TP_SHAPE(4, 1, 2, 2)), *losses[2];
    tp_forward(m, x);
    ck_ok(tp_module_requires_grad(tp_module_find(m, "0"), false));
    tp_eval(m);
    tp_module *copy = tp_module_copy(m);
    ck_fine();
    ck_assert(copy && !tp_is_training(tp_module_find(copy, "1")) && !tp_needs_grad(tp_module_tensor(copy, "0.weight")));
    ck_assert(tp_needs_grad(tp_module_tensor(copy, "3.bias")));
    losses[0] = tp_forward(m, x);
    ck_same(losses[0], tp_forward(copy, x));
    {
        TP_NO_GRAD();
        tp_zero_(tp_module_tensor(m, "3.weight"));
    }
    losses[1] = tp_forward(copy, x);
    ck_same(losses[0], losses[1]);
    Own *own = tp_module_new(Own, NULL);
    own->w = tp_add_parameter(own, "w", tp_ones(TP_SHAPE(1)));
    ck_assert_ptr_null(tp_module_copy(own));
    ck_message("module_copy: Own is a module of one's own, and its class has no copy");
    tp_free_all(m, copy, own);
}
END_TEST

START_TEST(what_cannot_be_is_refused_before_anything_is_made)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(3, 2, 4)), *lengths = tp_from_data((int64_t[]){ 1, 3 }, TP_I64, TP_SHAPE(2));
    tp_packed_sequence p = tp_pack_padded_sequence(x, lengths, .enforce_sorted = false);
    ck_values(p.sorted_indices, 1, 0);
    ck_values(p.batch_sizes, 2, 1, 1);
    ck_assert_ptr_null(tp_pad_packed_sequence(&p, .total_length = INT64_MAX));
    ck_error(TP_ERR_ARGUMENT, "is too long");
    ck_assert_ptr_null(tp_nn_rnn(4, INT64_MAX));
    ck_error(TP_ERR_ARGUMENT, "is too large");
    tp_module *cache = tp_nn_kv_cache(1, 1, 4, 2);
    ck_assert_int_ne(tp_kv_cache_append(cache, tp_ones(TP_SHAPE(1, 1, 2, 2)), tp_ones(TP_SHAPE(1, 1, 1, 2)), NULL, NULL), TP_OK);
    ck_error(TP_ERR_SHAPE, "kv_cache_append: keys and values have to be [1, 1, steps, 2] both");
    ck_assert_int_eq(tp_kv_cache_length(cache), 0);
    tp_module_free(cache);
    tp_module *both = tp_nn_transformer(.d_model = 4, .nhead = 2, .num_encoder_layers = 1, .num_decoder_layers = 1, .dim_feedforward = 4);
    tp_tensor *none;
    tp_arg pair[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(3, 2, 5)) } };
    ck_assert_int_ne(tp_call(both, pair, 2, &none, 1, NULL), TP_OK);
    ck_error(TP_ERR_ARGUMENT, "src and tgt have 4 and 5 features, and not 4");
    pair[1].value.tensor = tp_ones(TP_SHAPE(3, 1, 4));
    ck_assert_int_ne(tp_call(both, pair, 2, &none, 1, NULL), TP_OK);
    ck_error(TP_ERR_ARGUMENT, "a batch of 2 of src, and of 1 of tgt");
    pair[1].value.tensor = tp_ones(TP_SHAPE(3, 4));
    ck_assert_int_ne(tp_call(both, pair, 2, &none, 1, NULL), TP_OK);
    ck_error(TP_ERR_ARGUMENT, "src has 3 dims, tgt 2");
    tp_module_free(both);
    tp_arg named = { .name = "x", .kind = TP_ARG_MODULE, .value.module = tp_nn_relu() };
    ck_assert_ptr_null(tp_module_build("Sequential", &named, 1));
    ck_error(TP_ERR_ARGUMENT, "by position");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layers");
    TCase *t = tcase_create("layers");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, options_in_c_are_pytorchs_and_print_so);
    tcase_add_test(t, every_constructor_makes_a_module);
    tcase_add_test(t, building_survives_every_failing_allocation);
    tcase_add_test(t, every_type_has_a_schema_and_says_what_it_lacks);
    tcase_add_test(t, what_does_not_fit_is_told);
    tcase_add_test(t, batch_norm_counts_its_batches_and_keeps_still_in_evaluation);
    tcase_add_test(t, packing_takes_lengths_in_any_order_and_goes_back);
    tcase_add_test(t, packed_sequences_give_what_each_gives_alone);
    tcase_add_test(t, a_cell_in_a_loop_is_a_layer);
    tcase_add_test(t, a_packed_lstm_survives_every_failing_allocation);
    tcase_add_test(t, a_causal_mask_hides_what_comes_later);
    tcase_add_test(t, a_transformer_survives_every_failing_allocation);
    tcase_add_test(t, tree_cells_run_in_plain_recursion);
    tcase_add_test(t, rotated_products_tell_distances_alone);
    tcase_add_test(t, a_cache_grows_step_by_step);
    tcase_add_test(t, first_values_have_the_sizes_that_pytorch_gives_them);
    tcase_add_test(t, modules_that_are_given_are_owned_also_on_failure);
    tcase_add_test(t, lists_hold_modules_by_number);
    tcase_add_test(t, a_child_takes_the_place_of_another);
    tcase_add_test(t, a_child_that_cannot_take_the_place_leaves_it);
    tcase_add_test(t, a_copy_computes_the_same_and_is_apart);
    tcase_add_test(t, what_cannot_be_is_refused_before_anything_is_made);
    suite_add_tcase(s, t);
    return run_suite(s);
}
