"""Makes the fixtures of this folder: calls of PyTorch's functions and what they gave, in small files that `parity` reads.

    python make_fixtures.py [--out DIR] [--seed N] [--ops NAME,NAME]

The calls are the samples by which PyTorch tests itself (torch.testing), with its sizes made smaller, so that a file stays
short. Of each function and dtype those are taken that differ most from one another. It needs PyTorch 2.15, numpy,
expecttest and hypothesis. core.txt lists the functions.
"""

import argparse
import random
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from torch.testing._internal.common_device_type import precisionOverride, toleranceOverride
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, UnaryUfuncInfo

import error_calls
from fixture_file import CannotStore, Sample, Store, number
from torch_calls import aten_name, call_of, core_ops, full_name, public

HERE = Path(__file__).parent
# Samples of each dtype.
QUOTA = {torch.float64: 4, torch.float32: 3, torch.int64: 2, torch.bool: 1, torch.bfloat16: 1, torch.float16: 1}
MOST_ERRORS = 9
MOST_BYTES = 1500  # of the tensors that go into a call
MOST_BYTES_OF_FILE = 16_000
# Among equal elements the order is open.
OPEN_ORDER = ("sort", "argsort", "topk", "kthvalue", "median", "mode", "msort", "nanmedian")
UNSET = ("empty", "new_empty")


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
