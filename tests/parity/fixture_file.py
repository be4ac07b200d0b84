"""A fixture file, and the description of a call as JSON."""

import json

import numpy as np
import torch

import torch_calls

CODES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


class CannotStore(Exception):
    pass


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
        pairs = torch_calls.named(op, fn, args, kwargs)
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
