/* loss_pair.h: losses of two tensors, element by element: a is the input, b the target; then the slope of each, where a is dy, b the input,
 * c the target. A backend says what a ROW(name, number of inputs, expression) is, and how it rounds: R to the 16 bits of the dtype, where
 * PyTorch's kernel, computing in that dtype, rounds; R_F16 and R_BF16 for kernels that go through float32 for the other of the two. */
#ifndef TP__ROWS_LOSS_PAIR_H
#define TP__ROWS_LOSS_PAIR_H

#define S ((T)p.scale)                                 /* 1 / n of a mean, else 1 */
#define P ((T)p.parameter)

ROW(mse_loss, 2, R(a - b) * R(a - b))
ROW(mse_loss_backward, 3, R(R(2 * S) * R(b - c)) * a)
ROW(l1_loss, 2, ABS(a - b))
ROW(l1_loss_backward, 3, b > c ? S * a : b < c ? -S * a : 0)

#define D      R_F16(ABS(a - b))                       /* of smooth_l1; and below of huber, whose half of the two is the other */
#define BETA   R_F16(P)
ROW(smooth_l1_loss, 2, D < BETA ? R_F16(R_F16((T)0.5 * D) * D) / BETA : D - R_F16((T)0.5 * BETA))
ROW(smooth_l1_loss_backward, 3, S * a * (CLAMP(b - c, -P, P) / P))
#undef D
#define D      R_BF16(ABS(a - b))
#define DELTA  R_BF16(P)
ROW(huber_loss, 2, D <= DELTA ? R_BF16((T)0.5 * D) * D : DELTA * R_BF16(D - R_BF16((T)0.5 * DELTA)))
ROW(huber_loss_backward, 3, R(b - c) <= -R(P) ? R(-R(S) * a) * R(P) : R(b - c) >= R(P) ? R(R(S) * a) * R(P) : R(R(S) * R(b - c)) * a)

#define E(x, t) R(EXP(-R(x * t)))
ROW(soft_margin_loss, 2, LOG1P(E(a, b)))
ROW(soft_margin_loss_backward, 3, R(R(R(c * E(b, c)) * -R(S)) / R(1 + E(b, c))) * a)
ROW(kl_div, 2, (b == 0 ? 0 : R(b * R(LOG(b)))) - R(b * a))
ROW(kl_div_backward, 3, ((void)b, -R(a * S) * c))
ROW(kl_div_log, 2, R(EXP(b)) * R(b - a))
ROW(kl_div_log_backward, 3, ((void)b, -R(a * S) * R(EXP(c))))

/* With a weight: c of the value, d of the slope. Logarithms are bounded as in PyTorch. Inputs and targets that are no probabilities make
 * NaN, by which a kernel knows to look for them. */
#define PROBABILITY(t)          (((t >= 0) & (t <= 1)) ? t : (T)NAN)
#define ENTROPY(x, t)           (R(R(t - 1) * MOST(R(LOG_OF_REST(x)), -100)) - R(t * MOST(R(LOG(x)), -100)))
#define ENTROPY_SLOPE(dy, x, t) R(R(dy * R(x - t)) / MOST(R(R(1 - x) * x), R((T)1e-12)))
ROW(binary_cross_entropy, 2, ENTROPY(a, PROBABILITY(b)))
ROW(binary_cross_entropy_backward, 3, ENTROPY_SLOPE(a, b, c) * S)
ROW(binary_cross_entropy_weighted, 3, c * R(ENTROPY(a, PROBABILITY(b))))
ROW(binary_cross_entropy_weighted_backward, 4, R(d * ENTROPY_SLOPE(a, b, c)) * S)

/* Then the weight of positives: d of the value, e of the slope */
ROW(binary_cross_entropy_with_logits, 2, R(R(1 - b) * a) - R(LOG_SIGMOID(a)))
ROW(binary_cross_entropy_with_logits_backward, 3, R(R(R(SIGMOID(b)) - c) * a) * S)
ROW(binary_cross_entropy_with_logits_weighted, 4, c * R(R(R(1 - b) * a) - R(R(R(R(d - 1) * b) + 1) * R(LOG_SIGMOID(a)))))
ROW(binary_cross_entropy_with_logits_weighted_backward, 4, R(R(R(R(SIGMOID(b)) - c) * a) * d) * S)
ROW(binary_cross_entropy_with_logits_positive_backward, 5, R(R(R(R(R(R(R(e * c) + 1) - c) * R(SIGMOID(b))) - R(e * c)) * a) * d) * S)

#undef S
#undef P
#undef D
#undef BETA
#undef DELTA
#undef E
#undef ENTROPY
#undef ENTROPY_SLOPE

#endif
