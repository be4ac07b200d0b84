"""Which of PyTorch's functions does a sample of its test suite call, and what are the names of the arguments?

A function written in Python has a signature. One in C++ has none, so the overloads that the dispatcher knows are tried.
aten says `self` where the documentation says `input`, as we do.
"""

import inspect
from pathlib import Path

import torch
from torch.overrides import TorchFunctionMode
from torch.testing._internal import common_methods_invocations as invocations

# Variants of tests, not of functions.
NOT_FUNCTIONS = ("decomposed", "triton_optimized", "without_cudnn", "complex", "partial_views")
# Parameters of functions in C++ that take them in ways that no schema tells.
PARAMETERS = {"einsum": ("equation", "operands"), "__getitem__": ("input", "index"), "nonzero": ("input",)}
ATEN = {"nn.functional.cross_entropy": "cross_entropy_loss", "nn.functional.unfold": "im2col", "nn.functional.pad": "pad",
        "__getitem__": "index"}
# Say where a result is to live, not what it is; the samples have the defaults.
PLACES = ("device", "requires_grad", "pin_memory")


def full_name(op):
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


def has_schemas(name):
    return bool(torch._C._jit_get_schemas_for_operator(f"aten::{name}"))


def aten_name(op):
    """The name in aten, or None where PyTorch has composed the function in Python."""
    if op.name in ATEN:
        return ATEN[op.name]
    guesses = [op.aten_name, op.name.split(".")[-1]] if op.name.startswith("nn.") else [op.name.replace(".", "_"), op.aten_name]
    return next((g for g in guesses if "." not in g and has_schemas(g)), None)


def core_ops(only):
    wanted = set((Path(__file__).parent / "core.txt").read_text().split())
    for op in invocations.op_db:
        name = aten_name(op) or op.name.removeprefix("nn.functional.")
        if name not in wanted or op.variant_test_name in NOT_FUNCTIONS:
            continue
        if only is None or {full_name(op), op.name, name} & only:
            yield op


class Caught(Exception):
    pass


class Catch(TorchFunctionMode):
    """Raises Caught with the call when a function of that name is called."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def __torch_function__(self, fn, types, args=(), kwargs=None):
        if getattr(fn, "__name__", "") == self.name:
            raise Caught(fn, args, kwargs or {})
        return fn(*args, **(kwargs or {}))


def public(op):
    """The function as documented: of torch, or a method of tensors."""
    found = torch
    for part in op.name.split("."):
        found = getattr(found, part, None)
    return found or getattr(torch.Tensor, op.name, None) or op.op


def call_of(op, sample):
    """What a sample comes down to: the documented function, its positional arguments and its keywords.

    The test suite wraps some functions, to seed them or to turn arguments around: such a wrapper is run until it calls
    the function itself. None: it does not.
    """
    args, kwargs = (sample.input, *sample.args), {k: v for k, v in sample.kwargs.items() if k not in PLACES}
    fn = public(op)
    if op.op is fn or not inspect.isfunction(op.op):
        return fn, args, kwargs
    try:
        with Catch(op.name.split(".")[-1]):
            op.op(*args, **kwargs)
    except Caught as caught:
        fn, args, kwargs = caught.args
        return fn, args, {k: v for k, v in kwargs.items() if k not in PLACES}
    return None


def signature_names(fn):
    if not inspect.isfunction(fn):
        return None
    both = torch._jit_internal.boolean_dispatched.get(fn)
    parameters = inspect.signature(both["if_false"] if both else fn).parameters.values()
    return None if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters) else [p.name for p in parameters]


def suits(value, kind):
    """Whether a value may stand where a schema says `kind`."""
    if kind.startswith("Optional["):
        return value is None or suits(value, kind[9:-1])
    if kind.startswith("List["):
        inner = kind[5:-1]
        return isinstance(value, (list, tuple)) and all(suits(v, inner) for v in value) or (inner in ("int", "SymInt") and suits(value, "int"))
    if kind == "Tensor":
        return isinstance(value, (torch.Tensor, int, float))
    types = {"int": int, "SymInt": int, "float": (int, float), "bool": bool, "str": str, "ScalarType": torch.dtype,
             "Scalar": (bool, int, float), "number": (bool, int, float), "MemoryFormat": torch.memory_format, "Device": torch.device,
             "Layout": torch.layout}
    return isinstance(value, types.get(kind, object)) and not (kind in ("int", "SymInt") and isinstance(value, bool))


def from_schema(schema, args, kwargs):
    """The names of args by one overload, and args with a trailing row of numbers packed; with a mark for how well they fit."""
    parameters = [a for a in schema.arguments if not a.is_out]
    places = [a for a in parameters if not a.kwarg_only]
    if any("Dimname" in str(a.real_type) for a in parameters) or not places and args:
        return None
    if len(args) > len(places):
        if not str(places[-1].real_type).startswith("List["):
            return None
        args = (*args[: len(places) - 1], tuple(args[len(places) - 1 :]))
    given = list(zip(places, args))
    kinds = {a.name: a for a in parameters}
    if any(("self" if k == "input" else k) not in kinds for k in kwargs):
        return None
    given += [(kinds["self" if k == "input" else k], v) for k, v in kwargs.items()]
    if not all(suits(v, str(a.real_type)) for a, v in given):
        return None
    if any(not a.has_default_value() and a.name not in {b.name for b, _ in given} for a in parameters):
        return None
    exact = sum(isinstance(v, torch.Tensor) == ("Tensor" in str(a.real_type)) for a, v in given)
    return exact, [a.name for a in places[: len(args)]], args


def named(op, fn, args, kwargs):
    """Positional arguments with their documented names, None where nothing tells."""
    names = PARAMETERS.get(op.name)
    if names:
        if len(args) > len(names) or (op.name == "einsum" and not isinstance(args[-1], (list, tuple))):
            args = (*args[: len(names) - 1], tuple(args[len(names) - 1 :]))
        if op.name == "__getitem__":
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            args = (args[0], tuple(torch.tensor(i) if isinstance(i, list) else i for i in index))
    else:
        names = signature_names(fn)
    if names is None:
        overloads = torch._C._jit_get_schemas_for_operator(f"aten::{aten_name(op) or op.name}")
        fits = [f for f in (from_schema(s, args, kwargs) for s in overloads) if f]
        if not fits:
            return [(None, v) for v in args]
        _, names, args = max(fits, key=lambda f: f[0])
    return [("input" if n == "self" else n, v) for n, v in zip(names, args)]
