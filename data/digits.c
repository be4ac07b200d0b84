/* digits.c: the built-in digits, drawn once when the dataset is made. */
#include "dataset.h"
#include "strokes.h"

tp_dataset *tp_digits_with(int64_t n, const tp_digits_options *o)
{
    tp_digits_options opt = TP__BRACES(digits, );
    if (tp_failed() || tp_options_take("digits", &opt, o, opt.size) != TP_OK)
        return NULL;
    if (n < 0) {
        tp_fail(TP_ERR_ARGUMENT, "digits: %lld images", (long long)n);
        return NULL;
    }
    TP_SCOPE();
    tp_tensor *images = tp_empty(TP_SHAPE(n, TP__DIGIT_SIDE, TP__DIGIT_SIDE), .dtype = TP_U8);
    tp_tensor *labels = tp_empty(TP_SHAPE(n), .dtype = TP_U8);
    uint8_t *pixels = tp_data_mut(images), *label = tp_data_mut(labels);
    if (tp_failed())
        return NULL;
    for (int64_t i = 0; i < n; i++) {
        tp__dice dice = tp__dice_start((uint64_t)opt.seed, opt.train ? TP__DICE_DIGITS_TRAIN : TP__DICE_DIGITS_TEST, (uint64_t)i);
        label[i] = (uint8_t)tp__dice_between(&dice, 0, 9);
        tp__draw_digit(pixels + i * TP__DIGIT_PIXELS, label[i], &dice);
    }
    return tp__image_dataset(images, labels, NULL, NULL);
}
