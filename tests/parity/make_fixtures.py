"""Makes the fixtures of this folder: calls of PyTorch's functions and what they gave, in small files that `parity` reads.

    python make_fixtures.py [--out DIR] [--seed N] [--ops NAME,NAME]

The calls are the samples by which PyTorch tests itself (torch.testing), with its sizes made smaller, so that a file stays
short. Of each function and dtype those are taken that differ most from one another. It needs PyTorch 2.15, numpy,
expecttest and hypothesis. core.txt lists the functions.
"""

import argparse
import inspect
import json
import random
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.testing._internal import common_methods_invocations as invocations
from torch.testing._internal.common_device_type import precisionOverride, toleranceOverride
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, UnaryUfuncInfo

import error_calls

HERE = Path(__file__).parent
CODES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
QUOTA = {torch.float64: 4, torch.float32: 3, torch.int64: 2, torch.bool: 1, torch.bfloat16: 1, torch.float16: 1}
MOST_ERRORS = 9
MOST_BYTES = 1500  # of the tensors that go into a call
MOST_BYTES_OF_FILE = 16_000
# Variants of tests, not of functions.
NOT_FUNCTIONS = ("decomposed", "triton_optimized", "without_cudnn", "complex", "partial_views")
# Among equal elements the order is open.
OPEN_ORDER = ("sort", "argsort", "topk", "kthvalue", "median", "mode", "msort", "nanmedian")
UNSET = ("empty", "new_empty")
# Parameters of functions in C++ that take them in ways that no schema tells.
PARAMETERS = {"einsum": ("equation", "operands"), "__getitem__": ("input", "index"), "nonzero": ("input",)}
ATEN = {"nn.functional.cross_entropy": "cross_entropy_loss", "nn.functional.unfold": "im2col", "nn.functional.pad": "pad",
        "__getitem__": "index"}


# Say where a result is to live, not what it is; the samples have the defaults.
PLACES = ("device", "requires_grad", "pin_memory")


class CannotStore(Exception):
    pass


def make_small():
    """PyTorch's samples are made of sides of S, M and L; they are read when a sample is drawn."""
    sides = {"XS": 2, "S": 3, "M": 4, "L": 6}
    for name, module in list(sys.modules.items()):
        if name.startswith("torch.testing._internal"):
            for side, n in sides.items():
                if isinstance(getattr(module, side, None), int):
                    setattr(module, side, n)


def seed_from(*words):
    seed = zlib.crc32(repr(words).encode())
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def word(dtype):
    return str(dtype).split(".")[1]


# ---- Which function, and the names of its parameters ------------------------------------------------------------------


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
    wanted = set((HERE / "core.txt").read_text().split())
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


# ---- What a file holds --------------------------------------------------------------------------------------------------


class Store:
    """The tensors and the JSON of a file."""

    def __init__(self):
        self.tensors, self.sections = {}, {}

    def put(self, name, t):
        if t.dtype not in CODES or t.layout != torch.strided or t.dim() > 8:
            raise CannotStore(f"{t.dtype}")
        plain = t.detach().resolve_neg()
        self.tensors[name] = torch.empty(plain.shape, dtype=plain.dtype).copy_(plain)
        return name

    def nbytes(self):
        return sum(t.numel() * t.element_size() for t in self.tensors.values())

    def write(self, path):
        # Wide elements first, so that each tensor is aligned.
        ordered = sorted(self.tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
        header = {"__metadata__": {k: json.dumps(v, separators=(",", ":"), allow_nan=False) for k, v in self.sections.items()}}
        at, parts = 0, []
        for name, t in ordered:
            parts.append((t.view(torch.int16) if t.dtype is torch.bfloat16 else t).numpy().tobytes())
            header[name] = {"dtype": CODES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(parts[-1])]}
            at += len(parts[-1])
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
        return path.stat().st_size


def number(value):
    if isinstance(value, float) and not np.isfinite(value):
        return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    return value


class Sample:
    """One call: describes its arguments, and holds copies of the tensors, which it is then made with."""

    def __init__(self, op, fn, args, kwargs, name):
        self.op, self.fn, self.name = op, fn, name
        self.store, self.leaves, self.known = Store(), {}, {}
        pairs = named(op, fn, args, kwargs)
        self.args = [self.describe(v, n) for n, v in pairs]
        self.kwargs = [self.describe(v, "input" if k == "self" else k) for k, v in kwargs.items()]
        self.positions = [self.copy(v) for _, v in pairs]
        self.keywords = {k: self.copy(v) for k, v in kwargs.items()}
        self.input_bytes = self.store.nbytes()

    def leaf(self, t):
        if id(t) in self.known:
            return self.known[id(t)][1]
        if t.device.type != "cpu" or t.dtype not in CODES or t.layout != torch.strided:
            raise CannotStore(f"{t.dtype}")
        with torch.no_grad():
            room = t.untyped_storage().nbytes() // t.element_size()
            whole = t.detach().as_strided((room,), (1,), 0).clone()
        copy = whole.as_strided(t.shape, t.stride(), t.storage_offset()).requires_grad_(t.requires_grad)
        name = self.store.put(f"{self.name}.in{len(self.leaves)}", copy)
        self.known[id(t)] = (t, name)
        self.leaves[name] = copy
        return name

    def copy(self, v):
        if isinstance(v, torch.Tensor):
            return self.leaves[self.leaf(v)]
        return type(v)(self.copy(i) for i in v) if type(v) in (list, tuple) else v

    def describe(self, v, name=None):
        text = {"name": name}
        simple = {type(None): "none", bool: "bool", int: "int", float: "float", str: "str", type(Ellipsis): "ellipsis",
                  torch.dtype: "dtype", torch.memory_format: "memory_format", torch.layout: "layout", torch.device: "device"}
        if isinstance(v, torch.Tensor):
            name = self.leaf(v)
            plain = v.is_contiguous() and v.storage_offset() == 0
            text |= {"kind": "tensor", "tensor": name, "requires_grad": v.requires_grad, "contiguous": plain,
                     "strides": list(v.stride()), "offset": v.storage_offset()}
            if not plain:
                text["storage"] = v.untyped_storage().nbytes() // v.element_size()
        elif isinstance(v, slice):
            text |= {"kind": "slice", "start": v.start, "stop": v.stop, "step": v.step}
        elif isinstance(v, (list, tuple)):
            text |= self.describe_list(v)
        elif type(v) in simple:
            text["kind"] = simple[type(v)]
            if type(v) in (bool, int, float, str):
                text["value"] = number(v)
            elif text["kind"] not in ("none", "ellipsis"):
                text["value"] = str(v).removeprefix("torch.")
        else:
            raise CannotStore(type(v).__name__)
        return text

    def describe_list(self, v):
        for kind in (bool, int, float):
            if all(type(i) is kind for i in v):
                return {"kind": (kind if v else int).__name__ + "s", "value": [number(i) for i in v]}
        items = [self.describe(i) for i in v]
        return {"kind": "tensors" if all(i["kind"] == "tensor" for i in items) else "list", "items": items}

    def call(self, positions=None, keywords=None):
        args = positions or self.positions
        if self.op.name == "einsum":
            args = [args[0], *args[1]]
        return self.fn(*args, **(keywords or self.keywords))

    def features(self):
        """What sets it apart: ranks, layouts, emptiness, dtypes, and which options have which values."""
        for i, t in enumerate(self.leaves.values()):
            yield from (("rank", i, t.dim()), ("strides", i, t.is_contiguous(), 0 in t.stride()), ("empty", i, t.numel() == 0), ("dtype", i, t.dtype))
        yield ("shapes", tuple(t.shape for t in self.leaves.values()))
        for text in self.args + self.kwargs:
            yield ("option", text["name"], text["kind"], str(text.get("value", text.get("items") and len(text["items"]))))
        yield ("given", len(self.args), tuple(sorted(str(t["name"]) for t in self.kwargs)))


# ---- What PyTorch makes of a call ------------------------------------------------------------------------------------------


def flat(out):
    if isinstance(out, (list, tuple)) and not isinstance(out, torch.Size):
        return [x for part in out for x in flat(part)]
    return [out]


def tolerances(op, dtypes):
    """PyTorch's own for the widest allowance among the dtypes, or what its tests allow this function."""
    found = {"atol": 0.0, "rtol": 0.0}
    for dtype in dtypes:
        rtol, atol = torch.testing._comparison.default_tolerances(dtype)
        here = [{"atol": atol, "rtol": rtol}]
        for info in op.decorators:
            if getattr(info, "device_type", None) not in (None, "cpu"):
                continue
            for decorator in getattr(info, "decorators", [info]):
                if isinstance(decorator, toleranceOverride) and dtype in decorator.d:
                    here.append({"atol": decorator.d[dtype].atol, "rtol": decorator.d[dtype].rtol})
                if isinstance(decorator, precisionOverride) and dtype in decorator.d:
                    here.append({"atol": decorator.d[dtype], "rtol": 0.0})
        found = {k: max(found[k], *(h[k] for h in here)) for k in found}
    return found


def is_random(sample):
    if sample.op.name.startswith(UNSET):
        return True
    before = torch.get_rng_state()
    sample.call()
    return not torch.equal(before, torch.get_rng_state())


def describe_output(sample, out, i):
    if isinstance(out, torch.Tensor):
        text = {"kind": "tensor", "tensor": sample.store.put(f"{sample.name}.out{i}", out)}
        for name, leaf in sample.leaves.items():
            if out.numel() and out.untyped_storage().data_ptr() == leaf.untyped_storage().data_ptr():
                text |= {"view_of": name, "strides": list(out.stride()), "offset": out.storage_offset()}
        return text
    if isinstance(out, (bool, int, float)):
        return {"kind": type(out).__name__, "value": number(out)}
    raise CannotStore(type(out).__name__)


def put_gradients(sample, prefix, names, grads):
    store = sample.store
    return [{"of": n, "tensor": None if g is None else store.put(f"{sample.name}.{prefix}{n.split('.')[1]}", g)} for n, g in zip(names, grads)]


def add_gradients(sample, text, outputs, dtype):
    """Gradients of sum(out * cot), and in float64 those of sum(gradient * second cotangent)."""
    names = [n for n, t in sample.leaves.items() if t.requires_grad]
    chosen = [i for i, o in enumerate(outputs) if isinstance(o, torch.Tensor) and o.requires_grad]
    if not names or not chosen:
        return
    again = dtype is torch.float64 and sample.op.supports_gradgrad
    cots = {f"{sample.name}.cot{i}": torch.randn(outputs[i].shape).to(outputs[i].dtype).requires_grad_(again) for i in chosen}
    for i, (name, cot) in zip(chosen, cots.items()):
        text["outputs"][i]["cot"] = sample.store.put(name, cot)
    grads = torch.autograd.grad([outputs[i] for i in chosen], [sample.leaves[n] for n in names], list(cots.values()),
                                create_graph=again, allow_unused=True)
    text["grads"] = put_gradients(sample, "grad_", names, grads)
    by = {n: g for n, g in zip(names, grads) if again and g is not None and g.requires_grad}
    if not by:
        return
    seconds = {n: torch.randn(g.shape, dtype=g.dtype) for n, g in by.items()}
    targets = {**{n: sample.leaves[n] for n in names}, **cots}
    try:
        found = torch.autograd.grad(list(by.values()), list(targets.values()), list(seconds.values()), allow_unused=True)
    except (RuntimeError, NotImplementedError):
        return
    text["gradgrads"] = {
        "cots": [{"grad_of": n, "cot": sample.store.put(f"{sample.name}.second_{n.split('.')[1]}", c)} for n, c in seconds.items()],
        "grads": put_gradients(sample, "gradgrad_", list(targets), found),
    }


def outcome(sample, given, dtype):
    """The sample as JSON, with everything that PyTorch computed."""
    op = sample.op
    text = {"id": sample.name, "op": full_name(op), "function": op.name, "aten": aten_name(op), "dtype": word(dtype),
            "args": sample.args, "kwargs": sample.kwargs, "broadcasts_input": given.broadcasts_input}
    if is_random(sample):
        outputs = flat(sample.call())
        return text | {"random": True, "atol": 0.0, "rtol": 0.0, "outputs": [
            {"kind": "tensor", "tensor": None, "dtype": word(o.dtype), "shape": list(o.shape)} for o in outputs]}
    returned = sample.call()
    outputs = flat(returned)
    text["outputs"] = [describe_output(sample, o, i) for i, o in enumerate(outputs)]
    text |= tolerances(op, {dtype} | {o.dtype for o in outputs if isinstance(o, torch.Tensor) and o.dtype.is_floating_point})
    if op.name in OPEN_ORDER and any(t.unique().numel() < t.numel() for t in sample.leaves.values()):
        text["ties"] = True
    processed = flat(given.output_process_fn_grad(returned))
    if any(not any(p is o for o in outputs) for p in processed):
        return text | {"gauge": True}
    try:
        add_gradients(sample, text, outputs, dtype)
    except (RuntimeError, NotImplementedError):
        for o in text["outputs"]:
            o.pop("cot", None)
        text["no_grad"] = True
    return text


# ---- Calls whose rounding says nothing ---------------------------------------------------------------------------------------


def widened(v):
    if isinstance(v, torch.Tensor):
        return v.detach().double().requires_grad_(v.requires_grad) if v.dtype.is_floating_point else v
    return type(v)(widened(i) for i in v) if type(v) in (list, tuple) else v


def is_exact_enough(sample, text):
    """Whether PyTorch's own result is within the tolerance of what it computes from the same numbers in float64.

    Where it is not, as after a cancellation in float16, the digits are those of one order of operations.
    """
    leaves = {}
    args = [widened(v) for v in sample.positions]
    keywords = {k: widened(v) for k, v in sample.keywords.items()}
    for before, after in zip(flat([*sample.positions, *sample.keywords.values()]), flat([*args, *keywords.values()])):
        leaves |= {n: after for n, leaf in sample.leaves.items() if leaf is before}
    outputs = flat(sample.call(args, keywords))
    pairs = [(text["outputs"][i]["tensor"], o) for i, o in enumerate(outputs)]
    cots = [(o, sample.store.tensors[t["cot"]].double()) for o, t in zip(outputs, text["outputs"]) if "cot" in t]
    names = [g["of"] for g in text.get("grads", ())]
    if names:
        grads = torch.autograd.grad([o for o, _ in cots], [leaves[n] for n in names], [c for _, c in cots], allow_unused=True)
        pairs += [(g["tensor"], found) for g, found in zip(text["grads"], grads) if g["tensor"]]
    stored = sample.store.tensors
    return all(torch.allclose(stored[n].double(), o.double(), text["rtol"], text["atol"], equal_nan=True) for n, o in pairs if o.dtype.is_floating_point)


# ---- Which calls ----------------------------------------------------------------------------------------------------------------


def drawn(op, dtype, seed):
    """All samples of a function in a dtype that can be stored, as (Sample, SampleInput)."""
    differentiable = dtype.is_floating_point and op.supports_autograd and dtype in op.supported_backward_dtypes("cpu")
    elementwise = isinstance(op, (UnaryUfuncInfo, BinaryUfuncInfo))
    seed_from(seed, full_name(op), word(dtype))
    samples = (op.reference_inputs if elementwise else op.sample_inputs)("cpu", dtype, requires_grad=differentiable, set_seed=False)
    while True:
        try:
            given = next(samples)
            call = call_of(op, given)
            if call:
                yield Sample(op, *call, "probe"), call, given
        except StopIteration:
            return
        except Exception:  # a sample that does not go with the smaller sides, or that the format has no words for
            continue


def by_variety(candidates):
    """Candidates in an order in which each adds the most that is new; among equals the smallest comes first."""
    left, seen = [(c, set(c[0].features())) for c in candidates], set()
    while left:
        best = max(left, key=lambda item: (len(item[1] - seen), -item[0][0].input_bytes))
        left = [item for item in left if item is not best]
        seen |= best[1]
        yield best[0]


def error_samples(op, seed):
    """The calls of error_calls.py, and those that PyTorch's own tests expect to fail."""
    for n, (args, kwargs) in enumerate(error_calls.calls(full_name(op))):
        yield Sample(op, public(op), args, kwargs, f"err{n}")
    if op.error_inputs_func is None:
        return
    seed_from(seed, full_name(op), "errors")
    for n, case in enumerate(op.error_inputs("cpu", set_seed=False)):
        try:
            call = call_of(op, case.sample_input)
            if not call or "out" in call[2]:
                continue
            sample = Sample(op, *call, f"own{n}")
            if sample.input_bytes <= MOST_BYTES:
                yield sample
        except Exception:
            continue


def errors_of(op, store, seed):
    texts = []
    for sample in error_samples(op, seed):
        if len(texts) == MOST_ERRORS:
            break
        try:
            sample.call()
        except Exception as error:
            message = (str(error).strip().splitlines() or [""])[0][:200]
            texts.append({"id": sample.name, "op": full_name(op), "function": op.name, "aten": aten_name(op), "args": sample.args,
                          "kwargs": sample.kwargs, "error_type": type(error).__name__, "message": message})
            store.tensors |= sample.store.tensors
    return texts


def samples_of(op, dtype, seed, first):
    """The samples of a function in one dtype, with what PyTorch computed; the first is called s<first>."""
    usable = [c for c in drawn(op, dtype, seed) if c[0].input_bytes <= MOST_BYTES]
    usable = usable or sorted(drawn(op, dtype, seed), key=lambda c: c[0].input_bytes)[:2]
    found = 0
    for _, call, given in by_variety(usable):
        if found == QUOTA[dtype]:
            return
        seed_from(seed, full_name(op), word(dtype), found)
        try:
            sample = Sample(op, *call, f"s{first + found}")
            text = outcome(sample, given, dtype)
            if dtype.is_floating_point and dtype.itemsize < 8 and not {"random", "ties", "gauge"} & set(text) and not is_exact_enough(sample, text):
                continue
        except Exception:  # PyTorch has no kernel for it, or it gives what the format has no words for
            continue
        found += 1
        yield sample, text


def make(op, folder, seed):
    """Writes the file of one function. Returns samples, errors, bytes."""
    store, texts = Store(), []
    for dtype in QUOTA:
        if dtype not in op.supported_dtypes("cpu"):
            continue
        for sample, text in samples_of(op, dtype, seed, len(texts)):
            if texts and store.nbytes() + sample.store.nbytes() > MOST_BYTES_OF_FILE:
                break
            texts.append(text)
            store.tensors |= sample.store.tensors
    store.sections = {"samples": texts, "errors": errors_of(op, store, seed)}
    size = store.write(folder / f"{full_name(op)}.safetensors") if texts else 0
    return len(texts), len(store.sections["errors"]), size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "fixtures")
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--ops", help="comma-separated names; all of core.txt if left out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    make_small()
    options.out.mkdir(parents=True, exist_ok=True)
    totals = np.zeros(3, dtype=int)
    for op in core_ops(options.ops and set(options.ops.split(","))):
        counts = make(op, options.out, options.seed)
        totals += counts
        if not counts[0]:
            print(f"{full_name(op)}: no samples")
    print(f"{totals[0]} samples, {totals[1]} errors, {totals[2]} bytes")


if __name__ == "__main__":
    main()
