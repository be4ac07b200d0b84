"""The shared library through ctypes, knowing nothing but registry.h: what a binding in another language would do.

Usage: test_ctypes.py LIBRARY. Ends with status 0 when all is well."""
import ctypes as C
import math
import sys

lib = C.CDLL(sys.argv[1])
Pointer = C.c_void_p
F32, F64, I64 = 1, 2, 5
NONE, BOOL, INT, FLOAT, STRING, INTS, TENSOR, TENSORS = 0, 1, 2, 3, 4, 10, 12, 13


class Shape(C.Structure):
    _fields_ = [("dim", C.c_int64 * 8), ("ndim", C.c_int)]


class Slice(C.Structure):
    _fields_ = [("start", C.c_int64), ("stop", C.c_int64), ("step", C.c_int64)]


class Value(C.Union):
    _fields_ = [("boolean", C.c_bool), ("integer", C.c_int64), ("real", C.c_double), ("string", C.c_char_p), ("pointer", Pointer), ("slice", Slice)]


class Arg(C.Structure):
    _fields_ = [("name", C.c_char_p), ("kind", C.c_int), ("n", C.c_int32), ("value", Value)]


class Error(C.Structure):
    _fields_ = [("code", C.c_int), ("op", C.c_char_p), ("message", C.c_char_p), ("path", C.c_char_p), ("where", C.c_char_p)]


class Scope(C.Structure):
    _fields_ = [("depth", C.c_size_t)]


def function(name, result, *arguments):
    found = getattr(lib, name)
    found.restype, found.argtypes = result, arguments
    return found


op_count = function("tp_op_count", C.c_int)
op_at = function("tp_op_at", Pointer, C.c_int)
op_name = function("tp_op_name", C.c_char_p, Pointer)
op_schema = function("tp_op_schema", C.c_char_p, Pointer)
op_call = function("tp_op_call", C.c_int, C.c_char_p, C.POINTER(Arg), C.c_int, C.POINTER(Pointer), C.c_int, C.POINTER(C.c_int))
from_data = function("tp_from_data", Pointer, Pointer, C.c_int, Shape)
shape_of = function("tp_shape_of", Shape, Pointer)
copy_to = function("tp_copy_to", C.c_int, Pointer, Pointer, C.c_size_t)
requires_grad = function("tp_requires_grad", C.c_int, Pointer, C.c_bool)
backward_with = function("tp_backward_with", C.c_int, Pointer, Pointer)
grad_of = function("tp_grad_of", Pointer, Pointer)
last_error = function("tp_last_error", C.POINTER(Error))
clear_error = function("tp_clear_error", None)
scope_open = function("tp_scope_open", Scope)
scope_close = function("tp_scope_close", None, C.POINTER(Scope))


def shape(*sizes):
    return Shape((C.c_int64 * 8)(*sizes), len(sizes))


def tensor(values, *sizes):
    return from_data((C.c_float * len(values))(*values), F32, shape(*sizes))


def values_of(x):
    s = shape_of(x)
    n = math.prod(s.dim[:s.ndim])
    out = (C.c_float * max(n, 1))()
    assert copy_to(x, out, 4 * n) == 0, last_error().contents.message
    return list(out)[:n], list(s.dim[:s.ndim])


def argument(value, name=None):
    """By the type of the value: a tensor is a handle in a one-element tuple."""
    a = Arg(name=name.encode() if name else None)
    if value is None:
        a.kind = NONE
    elif isinstance(value, bool):
        a.kind, a.value.boolean = BOOL, value
    elif isinstance(value, int):
        a.kind, a.value.integer = INT, value
    elif isinstance(value, float):
        a.kind, a.value.real = FLOAT, value
    elif isinstance(value, str):
        a.kind, a.value.string = STRING, value.encode()
    elif isinstance(value, tuple):
        a.kind, a.value.pointer = TENSOR, value[0]
    elif value and isinstance(value[0], tuple):
        a.kind, a.n = TENSORS, len(value)
        a.keep = (Pointer * len(value))(*[v[0] for v in value])
        a.value.pointer = C.cast(a.keep, Pointer)
    else:
        a.kind, a.n = INTS, len(value)
        a.keep = (C.c_int64 * max(len(value), 1))(*value)
        a.value.pointer = C.cast(a.keep, Pointer)
    return a


def call(op, *args, **named):
    given = [argument(a) for a in args] + [argument(v, k) for k, v in named.items()]
    array, outputs, n = (Arg * max(len(given), 1))(*given), (Pointer * 8)(), C.c_int()
    status = op_call(op.encode(), array, len(given), outputs, 8, C.byref(n))
    if status:
        message = last_error().contents.message.decode() if last_error() else ""
        clear_error()
        raise RuntimeError(message)
    return [(outputs[i],) for i in range(n.value)]


def refusal(op, *args, **named):
    try:
        call(op, *args, **named)
    except RuntimeError as error:
        return str(error)
    raise AssertionError(op + " goes through")


def main():
    scope = scope_open()
    assert C.sizeof(Arg) == 40, C.sizeof(Arg)
    names = [op_name(op_at(i)).decode() for i in range(op_count())]
    assert len(names) > 50 and names == sorted(names, key=str.encode) and len(set(names)) == len(names)
    assert all(op_schema(op_at(i)).decode().startswith(names[i] + "(") for i in range(len(names)))

    a, b = (tensor([1, 2, 3, 4], 2, 2),), (tensor([10, 20], 2),)
    assert values_of(call("add", a, b)[0][0]) == ([11, 22, 13, 24], [2, 2])
    assert values_of(call("add", other=0.5, input=a)[0][0]) == ([1.5, 2.5, 3.5, 4.5], [2, 2])
    assert values_of(call("add", a, b, alpha=2)[0][0]) == ([21, 42, 23, 44], [2, 2])
    assert values_of(call("sum", a, [0], keepdim=True)[0][0]) == ([4, 6], [1, 2])
    assert values_of(call("sum", a, dim=-1)[0][0]) == ([3, 7], [2])
    assert values_of(call("cat", [a, a], dim=1)[0][0])[1] == [2, 4]
    assert values_of(call("reshape", a, [-1])[0][0])[1] == [4]
    assert len(call("max", a)) == 1 and len(call("max", a, 1)) == 2 and len(call("max", a, a)) == 1
    assert values_of(call("linear", a, a, None)[0][0]) == values_of(call("linear", a, a)[0][0])
    assert values_of(call("mse_loss", a, a, reduction="none")[0][0]) == ([0] * 4, [2, 2])

    assert requires_grad(a[0], True) == 0
    loss = call("sum", call("mul", a, a)[0])[0]
    assert backward_with(loss[0], None) == 0
    assert values_of(grad_of(a[0])) == ([2, 4, 6, 8], [2, 2])

    assert refusal("no_such_op") == 'op_call: there is no op "no_such_op"'
    assert refusal("softmax", a, 2) == "softmax: dim 2 is out of range for [2, 2]"
    assert "the schema is softmax(Tensor input, int dim" in refusal("softmax", a, "rows")
    assert 'no argument is named "dims"' in refusal("softmax", a, dims=1)
    assert "none of its" in refusal("max", "text")
    scope_close(C.byref(scope))
    print("ctypes: %d ops by name" % len(names))


main()
