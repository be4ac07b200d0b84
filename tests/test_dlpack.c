/* tests/test_dlpack.c: memory goes out and comes back by the DLPack protocol, and is given back once. Python's side of it, with
 * NumPy where that is there, is in test_ctypes.py. */
#include "failing.h"

#include <stddef.h>

/* The ABI of dlpack.h, version 1, on 64 bits. */
_Static_assert(sizeof(tp_dl_tensor) == 48 && offsetof(tp_dl_tensor, shape) == 24 && offsetof(tp_dl_tensor, byte_offset) == 40, "DLTensor");
_Static_assert(sizeof(tp_dlpack) == 64 && offsetof(tp_dlpack, deleter) == 56, "DLManagedTensor");
_Static_assert(sizeof(tp_dlpack_versioned) == 80 && offsetof(tp_dlpack_versioned, flags) == 24 && offsetof(tp_dlpack_versioned, tensor) == 32,
               "DLManagedTensorVersioned");

START_TEST(what_goes_out_comes_back_over_the_same_memory)
{
    TP_SCOPE();
    static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL, TP_C64, TP_C128 };
    const int64_t before = in_use();
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        for (int versioned = 0; versioned < 2; versioned++) {
            TP_SCOPE();
            tp_tensor *x = tp_transpose(tp_zeros(TP_SHAPE(3, 4), .dtype = dtypes[i]), 0, 1), *y;
            if (versioned) y = tp_from_dlpack_versioned(tp_to_dlpack_versioned(x));
            else y = tp_from_dlpack(tp_to_dlpack(x));
            ck_fine();
            ck_assert_ptr_eq(tp_data(x), tp_data(y));
            ck_assert_int_eq(tp_dtype_of(y), dtypes[i]);
            ck_assert_int_eq(tp_size(y, 0), 4);
            ck_assert_int_eq(tp_stride(y, 0), 1);
            ck_assert_int_eq(tp_stride(y, 1), 4);
        }
    ck_assert_int_eq(in_use(), before);

    tp_tensor *x = tp_arange(0, 6, 1, .dtype = TP_F32), *y = tp_from_dlpack(tp_to_dlpack(tp_narrow(x, 0, 2, 3)));
    tp_fill_(y, 9);
    ck_values(x, 0, 1, 9, 9, 9, 5);
    tp_dlpack *scalar = tp_to_dlpack(tp_scalar(3));
    ck_assert_int_eq(scalar->tensor.ndim, 0);
    ck_assert_int_eq(scalar->tensor.device.type, TP_DL_CPU);
    ck_values(tp_from_dlpack(scalar), 3);
    ck_assert_int_eq(tp_size(tp_from_dlpack(tp_to_dlpack(tp_zeros(TP_SHAPE(2, 0)))), 0), 2);
    tp_tensor *whole = tp_from_dlpack(tp_to_dlpack(x));          /* is one that can be differentiated */
    ck_ok(tp_requires_grad(whole, true));
    ck_ok(tp_backward(tp_sum(tp_mul(whole, whole))));
    ck_values(tp_grad_of(whole), 0, 2, 18, 18, 18, 10);
}
END_TEST

/* ---- Another library's memory ---------------------------------------------------------------------------------------------------- */

static int deleted;
static void on_delete(tp_dlpack *self) { (void)self, deleted++; }
static void on_delete_versioned(tp_dlpack_versioned *self) { (void)self, deleted++; }

static float floats[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
static int64_t shape[9] = { 2, 3, 1, 1, 1, 1, 1, 1, 1 }, strides[9] = { 1, 4, 1, 1, 1, 1, 1, 1, 1 };

static tp_dlpack theirs(void)
{
    return (tp_dlpack){ .tensor = { .data = floats, .device = { TP_DL_CPU, 0 }, .ndim = 2, .dtype = { TP_DL_FLOAT, 32, 1 }, .shape = shape,
                                    .strides = strides, .byte_offset = 4 }, .deleter = on_delete };
}

START_TEST(the_deleter_is_called_once_with_the_last_user)
{
    tp_dlpack from = theirs();
    tp_tensor *kept;
    deleted = 0;
    {
        TP_SCOPE();
        tp_tensor *x = tp_from_dlpack(&from);
        ck_values(x, 1, 5, 9, 2, 6, 10);
        kept = tp_keep(tp_select(x, 0, 1));
    }
    ck_assert_int_eq(deleted, 0);
    {
        TP_SCOPE();
        ck_values(kept, 2, 6, 10);
    }
    tp_free(kept);
    ck_assert_int_eq(deleted, 1);
    {
        TP_SCOPE();
        from = theirs();
        from.tensor.strides = NULL;
        ck_values(tp_from_dlpack(&from), 1, 2, 3, 4, 5, 6);
        tp_dlpack none = theirs();                     /* no deleter is fine, and so is an empty tensor */
        none.tensor.dtype.code = TP_DL_INT;
        none.deleter = NULL;
        none.tensor.data = NULL;
        shape[1] = 0;
        ck_assert_int_eq(tp_numel(tp_from_dlpack(&none)), 0);
        shape[1] = 3;
        ck_fine();
    }
    ck_assert_int_eq(deleted, 2);
}
END_TEST

START_TEST(what_is_read_only_is_copied_and_given_back)
{
    TP_SCOPE();
    tp_dlpack_versioned from = { .version = { 1, 1 }, .deleter = on_delete_versioned, .flags = TP_DL_READ_ONLY, .tensor = theirs().tensor };
    deleted = 0;
    tp_tensor *x = tp_from_dlpack_versioned(&from);
    ck_assert_int_eq(deleted, 1);
    ck_values(x, 1, 5, 9, 2, 6, 10);
    tp_fill_(x, 0);
    ck_assert(floats[1] == 1);
    from.flags = 0;
    tp_tensor *y = tp_from_dlpack_versioned(&from);
    ck_assert_ptr_eq(tp_data(y), floats + 1);
    ck_assert_int_eq(deleted, 1);
    from.version.major = 2;
    ck_assert_ptr_null(tp_from_dlpack_versioned(&from));
    ck_message("from_dlpack_versioned: version 2.1 of the protocol; 1 is understood");
}
END_TEST

#define REFUSED(change, message) do { \
    tp_dlpack from = theirs(); \
    change; \
    ck_assert_ptr_null(tp_from_dlpack(&from)); \
    ck_message(message); \
} while (0)

START_TEST(what_does_not_fit_is_refused_and_stays_the_callers)
{
    TP_SCOPE();
    deleted = 0;
    int64_t negative[2] = { -1, 4 }, far[2] = { INT64_MAX / 2, 4 }, huge[2] = { INT64_MAX / 2, 4 }, less[2] = { -2, 4 };
    ck_assert_ptr_null(tp_from_dlpack(NULL));
    ck_message("from_dlpack: the pointer is NULL");
    ck_assert_ptr_null(tp_to_dlpack(NULL));
    ck_fine();
    REFUSED(from.tensor.ndim = 9, "from_dlpack: 9 dims, at most 8 are possible");
    REFUSED(from.tensor.ndim = -1, "from_dlpack: -1 dims, at most 8 are possible");
    REFUSED(from.tensor.shape = NULL, "from_dlpack: the shape is NULL");
    REFUSED(from.tensor.shape = less, "from_dlpack: size -2 of dim 0 is negative");
    REFUSED(from.tensor.shape = huge, "from_dlpack: the shape has more elements than 64 bits count");
    REFUSED(from.tensor.strides = negative, "from_dlpack: stride -1 of dim 0 is negative: copy it first");
    REFUSED(from.tensor.strides = far, "from_dlpack: the strides reach further than 64 bits count");
    REFUSED(from.tensor.data = NULL, "from_dlpack: the data is NULL");
    REFUSED(from.tensor.byte_offset = 2, "from_dlpack: the data is not aligned for float32: copy it first");
    REFUSED(from.tensor.dtype.lanes = 4, "from_dlpack: dtype code 2 of 32 bits in 4 lanes, which Taper lacks");
    REFUSED(from.tensor.dtype.code = TP_DL_UINT, "from_dlpack: dtype code 1 of 32 bits in 1 lanes, which Taper lacks");
    REFUSED(from.tensor.device.type = 8, "from_dlpack: the memory is on device 0 of type 8, which cannot be used here");
    ck_assert_int_eq(deleted, 0);
    ck_assert_ptr_null(tp_to_dlpack(tp_zeros(TP_SHAPE(2), .requires_grad = true)));
    ck_message("to_dlpack: the tensor needs a gradient, which other libraries do not know of; give tp_detach(x)");
}
END_TEST

static void there_and_back(void *arg)
{
    TP_SCOPE();
    tp_dlpack *out = tp_to_dlpack(arg);
    if (out && !tp_from_dlpack(out)) out->deleter(out);
    tp_dlpack_versioned *read_only = tp_to_dlpack_versioned(arg);
    if (!read_only) return;
    read_only->flags = TP_DL_READ_ONLY;
    if (!tp_from_dlpack_versioned(read_only)) read_only->deleter(read_only);
}

START_TEST(each_failing_allocation_is_an_error_that_leaks_nothing)
{
    TP_SCOPE();
    every_point("dlpack", there_and_back, NULL, tp_transpose(tp_ones(TP_SHAPE(30, 4)), 0, 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dlpack");
    TCase *tests = tcase_create("dlpack");
    tcase_add_test(tests, what_goes_out_comes_back_over_the_same_memory);
    tcase_add_test(tests, the_deleter_is_called_once_with_the_last_user);
    tcase_add_test(tests, what_is_read_only_is_copied_and_given_back);
    tcase_add_test(tests, what_does_not_fit_is_refused_and_stays_the_callers);
    tcase_add_test(tests, each_failing_allocation_is_an_error_that_leaks_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
