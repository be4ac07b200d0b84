"""DLPack between the shared library and NumPy, and PyTorch where that is there, by capsules as Python passes them.

Usage: test_dlpack.py LIBRARY. Ends with status 0 when all is well, or where NumPy is missing."""
import ctypes as C
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: there is no NumPy")
    sys.exit()
try:
    import torch
except ImportError:
    torch = None

lib = C.CDLL(sys.argv[1])
Pointer = C.c_void_p
F32 = 1


class Shape(C.Structure):
    _fields_ = [("dim", C.c_int64 * 8), ("ndim", C.c_int)]


class Scope(C.Structure):
    _fields_ = [("depth", C.c_size_t)]


def function(name, result, *arguments, library=lib):
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found


to_dlpack = {"dltensor": function("tp_to_dlpack", Pointer, Pointer), "dltensor_versioned": function("tp_to_dlpack_versioned", Pointer, Pointer)}
from_dlpack = {"dltensor": function("tp_from_dlpack", Pointer, Pointer), "dltensor_versioned": function("tp_from_dlpack_versioned", Pointer, Pointer)}
from_data = function("tp_from_data", Pointer, Pointer, C.c_int, Shape)
transpose = function("tp_transpose", Pointer, Pointer, C.c_int, C.c_int)
data = function("tp_data", Pointer, Pointer)
stride = function("tp_stride", C.c_int64, Pointer, C.c_int)
failed = function("tp_failed", C.c_bool)
clear_error = function("tp_clear_error", None)
scope_open = function("tp_scope_open", Scope)
scope_close = function("tp_scope_close", None, C.POINTER(Scope))
capsule_new = function("PyCapsule_New", C.py_object, Pointer, C.c_char_p, Pointer, library=C.pythonapi)
capsule_pointer = function("PyCapsule_GetPointer", Pointer, C.py_object, C.c_char_p, library=C.pythonapi)
capsule_name = function("PyCapsule_SetName", C.c_int, C.py_object, C.c_char_p, library=C.pythonapi)
capsule_is = function("PyCapsule_IsValid", C.c_int, C.py_object, C.c_char_p, library=C.pythonapi)
NAMES = {name: name.encode() for name in to_dlpack}              # a capsule borrows its name
USED = {name: ("used_" + name).encode() for name in to_dlpack}


class Ours:
    """One of our tensors, as Python's libraries ask for it."""
    def __init__(self, x, versioned):
        self.x, self.name = x, "dltensor_versioned" if versioned else "dltensor"

    def __dlpack_device__(self):
        return 1, 0

    def __dlpack__(self, **options):
        return capsule_new(to_dlpack[self.name](self.x), NAMES[self.name], None)


def take(array, **options):
    capsule = array.__dlpack__(**options)
    name = next(n for n in NAMES if capsule_is(capsule, NAMES[n]))
    x = from_dlpack[name](capsule_pointer(capsule, NAMES[name]))
    if x:
        capsule_name(capsule, USED[name])
    return x


def out(module, versioned):
    x = transpose(from_data((C.c_float * 6)(*range(6)), F32, Shape((C.c_int64 * 8)(2, 3), 2)), 0, 1)
    array = module.from_dlpack(Ours(x, versioned))
    assert array.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert (array.ctypes.data if module is np else array.data_ptr()) == data(x)
    return array


def main():
    scope = scope_open()
    kept = [out(np, False)] + ([out(torch, False)] if torch else [])
    if torch or int(np.__version__.split(".")[0]) >= 2 and int(np.__version__.split(".")[1]) >= 1:
        kept += [out(m, True) for m in ((np, torch) if torch else (np,))]
    scope_close(C.byref(scope))
    assert all(a.tolist() == [[0, 3], [1, 4], [2, 5]] for a in kept)     # they outlive our scope
    del kept

    scope = scope_open()
    array = np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2]
    x = take(array)
    assert data(x) == array.ctypes.data and stride(x, 1) == 2
    assert not take(array[::-1]) and failed()                            # negative strides
    clear_error()
    if torch:
        t = torch.arange(6.).view(2, 3).t()
        assert data(take(t)) == t.data_ptr()
    fixed = np.arange(3, dtype=np.float32)
    fixed.flags.writeable = False
    try:
        x = take(fixed, max_version=(1, 0))
    except (TypeError, BufferError):                                     # a NumPy without versions
        pass
    else:
        assert data(x) != fixed.ctypes.data                              # a copy
    scope_close(C.byref(scope))
    print("dlpack: NumPy %s%s" % (np.__version__, ", PyTorch " + torch.__version__ if torch else ""))


main()
