/* tests/test_image_examples.c: the examples that learn from images, on little data: what they say, what they leave, and what they say of data
 * and files that will not do. */
#include "program.h"

#ifdef TP_HAVE_PNG
#include <png.h>
#endif

/* ---- Little data ------------------------------------------------------------------------------------------------------------------- */

static void begin_idx(FILE *f, int n, int side)
{
    const int dims[] = { n, side, side }, count = side ? 3 : 1;
    fwrite((uint8_t[]){ 0, 0, 8, (uint8_t)count }, 1, 4, f);
    for (int i = 0; i < count; i++) fwrite((uint8_t[]){ 0, 0, (uint8_t)(dims[i] >> 8), (uint8_t)dims[i] }, 1, 4, f);
}

/* n images of 28 x 28: of class c a white square of 8 x 8, at (2 c, 2 c). */
static void write_squares(const char *part, int n)
{
    char name[64];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    FILE *images = fopen(in_folder(name), "wb");
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
    FILE *labels = fopen(in_folder(name), "wb");
    begin_idx(images, n, 28), begin_idx(labels, n, 0);
    for (int i = 0; i < n; i++) {
        const int at = i % 10 * 2;
        for (int y = 0; y < 28; y++)
            for (int x = 0; x < 28; x++) fputc(y >= at && y < at + 8 && x >= at && x < at + 8 ? 255 : 0, images);
        fputc(i % 10, labels);
    }
    ck_assert(fclose(images) == 0 && fclose(labels) == 0);
}

/* n records of CIFAR-10: of class c the planes whose bits c has are bright, and all are striped. */
static void write_stripes(const char *name, int n)
{
    FILE *f = fopen(in_folder(name), "wb");
    for (int i = 0; i < n; i++) {
        fputc(i % 8, f);
        for (int c = 0; c < 3; c++)
            for (int at = 0; at < 32 * 32; at++) fputc((i % 8 >> c & 1 ? 190 : 40) + (at / 32 + i) % 4 * 10, f);
    }
    ck_assert_int_eq(fclose(f), 0);
}

/* How many tensors the file has; `name` is one of them. */
static int64_t count_tensors(const char *file, const char *name)
{
    TP_SCOPE();
    tp_safetensors *f = tp_safetensors_open(in_folder(file));
    ck_assert_ptr_nonnull(tp_safetensors_get(f, name));
    const int64_t n = tp_safetensors_count(f);
    tp_safetensors_close(f);
    ck_fine();
    return n;
}

/* ---- The programs ------------------------------------------------------------------------------------------------------------------ */

START_TEST(lenet_learns_from_files_and_leaves_its_net)
{
    write_squares("train", 200), write_squares("t10k", 50);
    ck_assert_double_gt(measured("%B/lenet --data %T --epochs 6 --batch-size 20 --save %T/net", "test accuracy "), 0.9);
    ck_assert_int_eq(count_tensors("net", "0.weight"), 10);
}
END_TEST

START_TEST(resnet_learns_from_files_and_leaves_its_net)
{
    write_stripes("data_batch_1.bin", 96), write_stripes("data_batch_2.bin", 64), write_stripes("test_batch.bin", 24);
    ck_assert_double_gt(measured("%B/resnet --data %T --epochs 6 --batch-size 16 --save %T/net", "test accuracy "), 0.9);
    ck_assert_int_eq(count_tensors("net", "layer2.0.downsample.1.running_var"), 56);
    measured("%B/resnet --data %T --epochs 1 --blocks 2 --batch-size 64 --save %T/net", "test accuracy ");
    ck_assert_int_eq(count_tensors("net", "layer3.1.bn2.num_batches_tracked"), 92);
}
END_TEST

START_TEST(resnet_draws_its_images_and_is_the_same_with_any_number_of_workers)
{
    const ended alone = run("%B/resnet --images 40 --epochs 1 --batch-size 16 --workers 0 --save %T/net");
    const ended three = run("%B/resnet --images 40 --epochs 1 --batch-size 16 --workers 3 --save %T/other");
    ck_assert_msg(alone.status == 0 && alone.lines == 2, "%s", alone.all);
    ck_assert_str_eq(alone.all, three.all);
    const bytes net = read_bytes(in_folder("net")), other = read_bytes(in_folder("other"));
    ck_assert_uint_eq(net.n, other.n);
    ck_assert_mem_eq(net.at, other.at, net.n);
    free(net.at), free(other.at);
    measured("%B/resnet --images 40 --epochs 0 --model linear --save %T/net", "test accuracy 0.");
    ck_assert_int_eq(count_tensors("net", "1.weight"), 2);
}
END_TEST

START_TEST(resnet_goes_on_where_it_was_stopped)
{
    const ended whole = run("%B/resnet --images 40 --epochs 4 --batch-size 16 --save %T/net");
    const ended first = run("%B/resnet --images 40 --epochs 4 --batch-size 16 --save %T/none --run %T/run | head -n 1");      /* by SIGPIPE */
    const ended rest = run("%B/resnet --images 40 --epochs 4 --batch-size 16 --save %T/other --run %T/run --workers 2");
    ck_assert_msg(whole.status == 0 && whole.lines == 5 && first.lines == 1 && rest.status == 0, "%s", rest.all);
    ck_assert_msg(rest.lines < 5 && strcmp(rest.last, whole.last) == 0, "%s", rest.all);
    const bytes net = read_bytes(in_folder("net")), other = read_bytes(in_folder("other"));
    ck_assert_uint_eq(net.n, other.n);
    ck_assert_mem_eq(net.at, other.at, net.n);
    free(net.at), free(other.at);
    fails("%B/resnet --images 40 --model linear --epochs 1 --run %T/run --save %T/net", 1, "module_load: run does not fit");
}
END_TEST

START_TEST(resnet_says_in_a_line_what_is_wrong)
{
    fails("%B/resnet --data %T", 1, "cifar10: no data_batch_1.bin in /");
    write_stripes("data_batch_1.bin", 20);
    fails("%B/resnet --data %T", 1, "cifar10: no test_batch.bin in /");
    write_bytes(in_folder("test_batch.bin"), "short", 5);
    fails("%B/resnet --data %T", 1, "test_batch.bin has 5 bytes, which are not records of 3073");
    write_stripes("test_batch.bin", 10);
    fails("%B/resnet --data %T --epochs 0 --save %T/none/net", 2, "resnet: --save: no file can be written at ");
    fails("%B/resnet --model vgg", 2, "resnet: --model does not take \"vgg\"; see --help");
    fails("%B/resnet --blocks 0", 2, "resnet: --blocks takes a whole number from 1 on, not \"0\"");
}
END_TEST

#ifdef TP_HAVE_PNG
/* A grey image of the folder as bytes; freed by free(). */
static uint8_t *read_png(const char *name, unsigned width, unsigned height)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    ck_assert_msg(png_image_begin_read_from_file(&image, in_folder(name)), "%s: %s", name, image.message);
    ck_assert_uint_eq(image.format, PNG_FORMAT_GRAY);
    ck_assert_uint_eq(image.width, width);
    ck_assert_uint_eq(image.height, height);
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
    ck_assert_msg(png_image_finish_read(&image, NULL, pixels, 0, NULL), "%s: %s", name, image.message);
    return pixels;
}

START_TEST(autoencoder_draws_what_goes_in_and_what_comes_out)
{
    enum { CELL = 30, COLUMNS = 16, ROWS = 3, WIDTH = COLUMNS * CELL };
    write_squares("train", 200), write_squares("t10k", 50);
    ck_assert_double_lt(measured("%B/autoencoder --data %T --epochs 30 --batch-size 20 --code 8 --picture %T/squares.png", "test loss "), 0.02);
    uint8_t *pixels = read_png("squares.png", WIDTH, ROWS * 2 * CELL);
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        const uint8_t *in = pixels + (i / COLUMNS * 2 * CELL + 1) * WIDTH + i % COLUMNS * CELL + 1, *out = in + CELL * WIDTH;
        const int corner = i % 10 * 2 * (WIDTH + 1), middle = corner + 4 * WIDTH + 4;
        ck_assert_msg(in[corner] == 255 && in[corner + 7 * WIDTH + 7] == 255 && in[corner + 8] == 0 && in[corner + 8 * WIDTH] == 0, "image %d", i);
        ck_assert_msg(in[-1] == 76 || in[-1] == 77, "line of %d", in[-1]);
        ck_assert_msg(out[middle] > 128 && out[27] < 128, "image %d: %d in its square, %d outside", i, out[middle], out[27]);
    }
    free(pixels);
    ck_assert_int_eq(count_files(), 5);                /* the data, the picture and nothing else */
}
END_TEST

START_TEST(autoencoder_draws_few_images_in_fewer_columns)
{
    measured("%B/autoencoder --images 16 --epochs 1 --batch-size 8 --picture %T/few.png", "test loss ");
    free(read_png("few.png", 4 * 30, 2 * 30));
}
END_TEST

START_TEST(autoencoder_says_in_a_line_what_is_wrong)
{
    ck_assert_str_eq(strncmp(run("%B/autoencoder --help").all, "usage: autoencoder", 18) ? "other" : "usage", "usage");
    fails("%B/autoencoder wrong", 2, "\"wrong\" is no option; see --help");
    fails("%B/autoencoder --data %T", 1, "mnist: no train-images-idx3-ubyte or .gz in /");
    fails("%B/autoencoder --images 8 --picture %T/none/a.png", 2, "autoencoder: --picture: no file can be written at ");
    fails("%B/autoencoder --images 8 --picture %T", 1, "it is not a regular file");
    fails("%B/autoencoder --images 8 --picture /dev/full", 1, "autoencoder: cannot write /dev/full: it is not a regular file");
    write_bytes(in_folder("old.png"), "old", 3);
    const ended huge = run("%B/autoencoder --images 4000000000000 --picture %T/old.png");       /* ASan has a word to say, too */
    ck_assert_msg(huge.status == 1 && strstr(huge.all, "no memory for "), "%s", huge.all);
    const bytes old = read_bytes(in_folder("old.png"));
    ck_assert(old.n == 3 && memcmp(old.at, "old", 3) == 0);
    free(old.at);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST
#endif

int main(void)
{
    Suite *s = suite_create("image_examples");
    TCase *t = tcase_create("image_examples");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, lenet_learns_from_files_and_leaves_its_net);
    tcase_add_test(t, resnet_learns_from_files_and_leaves_its_net);
    tcase_add_test(t, resnet_draws_its_images_and_is_the_same_with_any_number_of_workers);
    tcase_add_test(t, resnet_goes_on_where_it_was_stopped);
    tcase_add_test(t, resnet_says_in_a_line_what_is_wrong);
#ifdef TP_HAVE_PNG
    tcase_add_test(t, autoencoder_draws_what_goes_in_and_what_comes_out);
    tcase_add_test(t, autoencoder_draws_few_images_in_fewer_columns);
    tcase_add_test(t, autoencoder_says_in_a_line_what_is_wrong);
#endif
    suite_add_tcase(s, t);
    return run_suite(s);
}
