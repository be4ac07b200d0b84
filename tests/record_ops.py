#!/usr/bin/env python3
"""Writes ops.h: calls of ops, and what PyTorch makes of them. Run by hand, with PyTorch; the tests need only ops.h."""
import math

import torch
import torch.nn.functional as F

from recorded import write

nan, inf = math.nan, math.inf
torch.manual_seed(0)
DTYPES = ["F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"]
TORCH = dict(zip(DTYPES, [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
                          torch.uint8, torch.bool]))
NAMES = {v: k for k, v in TORCH.items()}

CALLS = {
    "max": torch.max, "max.dim": torch.max, "max.other": torch.maximum, "argmax": torch.argmax, "softmax": torch.softmax,
    "log_softmax": torch.log_softmax, "expand": lambda input, size: input.expand(size), "view": lambda input, size: input.view(size),
    "as_strided": torch.as_strided, "clone": torch.clone, "contiguous": torch.Tensor.contiguous,
    "to_dtype": lambda input, dtype: input.to(dtype), "conv2d": F.conv2d, "max_pool2d": F.max_pool2d, "cross_entropy": F.cross_entropy,
    "mse_loss": F.mse_loss, "linear": F.linear, "embedding": F.embedding, "dropout": F.dropout,
    "add_": lambda input, other: input.add_(other), "mul_": lambda input, other: input.mul_(other),
    "copy_": lambda input, src: input.copy_(src), "fill_": lambda input, value: input.fill_(value),
}


def call_of(op):
    return CALLS[op] if op in CALLS else getattr(torch, op)


def t(values, dtype="F32", grad=False, stride=None):
    x = torch.as_tensor(values, dtype=TORCH[dtype])
    if stride is not None:
        memory = torch.zeros(1 + sum((n - 1) * s for n, s in zip(x.shape, stride)), dtype=x.dtype)
        memory.as_strided(x.shape, stride).copy_(x)
        x = memory.as_strided(x.shape, stride)
    return x.requires_grad_(grad)


def r(*shape, grad=True, dtype="F32", stride=None):
    return t((torch.randn(shape) * 8).round() / 4, dtype, grad, stride)


def i(values):
    return t(values, "I64")


NAN_ROW = [1.0, nan, -2.0, inf]
C = (r(2, 4, 5, 6), r(4, 2, 3, 2), r(4))
LOGITS, WEIGHT = r(4, 3), t([0.5, 2.0, 1.0])
GROUPS = {
    "broadcasting": [
        ("add", r(2, 1, 3), r(4, 1)), ("sub", r(3), r(2, 3)), ("mul", r(2, 3), t(2.5, grad=True)), ("div", r(1, 3), r(2, 1)),
        ("mul", r(3, 1, 2), r(2)), ("add", r(2, 0), r(1, 1)), ("mul", r(0), t(3.0, grad=True)), ("add", r(2, 3), 2), ("sub", 1, r(3)),
        ("div", 1.0, t([2.0, 4.0, -0.5], grad=True)), ("add", r(2, 2), r(2, 2), {"alpha": 0.5}), ("sub", r(3), 2, {"alpha": 3}),
        ("max.other", r(2, 1), r(3)), ("eq", r(2, 1, grad=False), r(3, grad=False)), ("mse_loss", r(2, 3), r(2, 3)),
        ("add", r(2, 3, stride=(1, 2)), r(3)), ("mul", r(2, 3, stride=(6, 2)), r(2, 3, stride=(1, 2))),
    ],
    "nan_and_infinity": [
        ("max", t(NAN_ROW, grad=True)), ("max.dim", t([NAN_ROW, [3.0, inf, inf, 1.0]], grad=True), 1), ("argmax", t([nan, 1.0, nan])),
        ("argmax", t([NAN_ROW, [inf, 0.0, inf, 1.0]]), 1), ("max.other", t(NAN_ROW), t([2.0, 1.0, nan, 1.0])),
        ("relu", t(NAN_ROW + [-inf, -0.0], grad=True)), ("softmax", t(NAN_ROW, grad=True), 0), ("softmax", t([[0.0, -inf, 1.0], [-inf] * 3]), 1),
        ("softmax", t([inf, 1.0]), 0), ("log_softmax", t([[0.0, -inf, 1.0], [-inf] * 3, [88.0, 1000.0, -1000.0]]), -1),
        ("eq", t(NAN_ROW), t(NAN_ROW)), ("div", t([1.0, -1.0, 0.0], grad=True), t([0.0, 0.0, 0.0])), ("log", t([0.0, -1.0, inf])),
        ("sqrt", t([-1.0, -0.0, inf])), ("exp", t([-inf, inf, 89.0, -104.0])), ("sigmoid", t([-inf, inf, nan, -100.0, 100.0])),
        ("tanh", t([-inf, inf, nan])), ("sum", t(NAN_ROW)), ("mean", t([inf, -inf])), ("max", t([-inf, -inf], grad=True)),
        ("max_pool2d", t([[NAN_ROW, [-inf] * 4]], grad=True), 2), ("to_dtype", t([1e39, -1e39, nan, 65520.0], "F64"), torch.float16),
        ("to_dtype", t([1e39, nan, -inf], "F64"), torch.float32), ("to_dtype", t([nan, 0.0, 0.5, -0.0]), torch.bool),
    ],
    "empty": [
        ("sum", r(0, 3)), ("sum", r(0, 3), 0), ("sum", r(3, 0), 0), ("mean", r(0, 3)), ("mean", r(2, 0), 1), ("softmax", r(0, 3), 1),
        ("log_softmax", r(3, 0), 1), ("matmul", r(2, 0), r(0, 3)), ("matmul", r(0), r(0)), ("matmul", r(0, 2), r(2, 3)), ("linear", r(0, 2), r(3, 2), r(3)),
        ("linear", r(2, 0), r(3, 0), r(3)), ("cat", [r(0), r(2, 2)], 0), ("cat", [r(2, 0), r(2, 3)], 1), ("max.dim", r(0, 3), 1), ("argmax", r(0, 3, grad=False), 1),
        ("reshape", r(0, 3), [3, 0]), ("reshape", r(2, 0), [0, -1 + 6]), ("conv2d", r(0, 2, 5, 5), r(3, 2, 3, 3), r(3)), ("max_pool2d", r(0, 2, 4, 4), 2),
        ("cross_entropy", r(0, 3), i([]), {"reduction": "sum"}), ("cross_entropy", r(0, 3), i([])), ("mse_loss", r(0), r(0)), ("embedding", i([]), r(3, 2)),
        ("expand", r(1, 0), [3, 0]), ("narrow", r(3, 2), 0, 3, 0), ("permute", r(2, 0, 3), [2, 0, 1]), ("relu", r(0)),
    ],
    "dims": [
        ("sum", r(2, 3, 4), -1), ("sum", r(2, 3, 4), [0, -1]), ("sum", r(2, 3, 4), [-2], True), ("sum", t(3.0, grad=True), -1), ("sum", r(2, 3), []),
        ("mean", r(2, 3, 4), [-3, 1], True), ("max.dim", r(2, 3), -2, True), ("max.dim", t(2.0, grad=True), -1), ("argmax", r(2, 3, grad=False)),
        ("argmax", r(2, 3, grad=False), -1, True), ("argmax", t(2.0), 0), ("softmax", r(2, 3, 2), -2), ("softmax", t(2.0, grad=True), -1),
        ("log_softmax", r(2, 3), -2), ("softmax", i([1, 2]), 0, {"dtype": torch.float64}), ("transpose", r(2, 3, 4), -1, 0), ("flatten", r(2, 3, 4), -2, -1),
        ("flatten", t(1.0)), ("select", r(3, 4), -1, -4), ("narrow", r(3, 4), -1, -3, 2), ("cat", [r(2, 3), r(2, 1)], -1), ("permute", r(2, 3, 4), [-1, 0, 1]),
        ("sum", t([[True, False], [True, True]], "BOOL"), 0), ("sum", t([1, 2], "U8")), ("sum", t([1, 2], "I32"), {"dtype": torch.float64}),
        ("mean", i([1, 2]), {"dtype": torch.float32}), ("sum", r(3, dtype="F16"), {"dtype": torch.float32}),
    ],
    "integers": [
        ("add", i([2**63 - 1, -(2**63)]), i([1, -1])), ("mul", i([2**62, 3037000500]), i([4, 3037000500])), ("sub", i([-(2**63)]), i([1])),
        ("add", t([2**31 - 1, -(2**31)], "I32"), t([1, -1], "I32")), ("add", t([127, -128], "I8"), t([1, -1], "I8")), ("add", t([200, 255], "U8"), t([100, 1], "U8")),
        ("mul", t([100, -100], "I8"), t([3, 3], "I8")), ("sub", t([3], "U8"), t([5], "U8")), ("neg", t([0, 1, 255], "U8")), ("neg", t([-128], "I8")),
        ("mul", t([300], "I16"), t([300], "I16")), ("add", t([100], "I8"), 100), ("add", t([250], "U8"), 10), ("mul", i([3]), True), ("div", i([7, -7]), i([2, 2])),
        ("div", i([1, 0]), i([0, 0])), ("relu", i([-3, 3])), ("sum", t([2**31 - 1, 1], "I32")), ("matmul", i([[2**62, 1], [1, 1]]), i([[4, 0], [1, 2]])),
        ("max", i([-5, 2**62 + 1])), ("max.dim", t([[3, 3], [1, 2]], "U8"), 1), ("argmax", i([5, 7, 7])), ("eq", i([2**53, 2**53 + 1]), i([2**53 + 1, 2**53 + 1])),
        ("eq", i([2**53 + 1]), t([2.0**53], "F64")), ("exp", i([0, 1])), ("sqrt", t([4, 9], "U8")), ("mean", i([1, 2, 4]), {"dtype": torch.float64}),
        ("to_dtype", t([300.7, -1.9, 2.0]), torch.int16), ("to_dtype", i([300, -1, 128]), torch.uint8), ("to_dtype", i([300, -129]), torch.int8),
        ("to_dtype", i([2**53 + 1, 2**62 + 1]), torch.float64), ("to_dtype", i([5, 0]), torch.bool),
    ],
    "bools": [
        ("add", t([True, True, False], "BOOL"), t([True, False, False], "BOOL")), ("mul", t([True, True, False], "BOOL"), t([True, False, False], "BOOL")),
        ("div", t([True, False], "BOOL"), t([True, True], "BOOL")), ("eq", t([True, False], "BOOL"), 1), ("add", t([True], "BOOL"), 2), ("add", t([True], "BOOL"), 0.5),
        ("add", t([True], "BOOL"), True), ("mul", t([True, False], "BOOL"), t([2.5, nan])), ("max", t([False, True], "BOOL")), ("sum", t([True, True], "BOOL")),
        ("sigmoid", t([True, False], "BOOL")), ("max.other", t([True, False], "BOOL"), t([False, False], "BOOL")), ("cat", [t([True], "BOOL"), i([2])], 0),
    ],
    "views": [
        ("reshape", r(2, 3, 4, stride=(12, 4, 1)), [6, -1]), ("reshape", r(2, 3, stride=(1, 2)), [6]), ("reshape", r(2, 3, 4, stride=(3, 1, 6)), [6, 4]),
        ("reshape", r(2, 3, 4, stride=(24, 8, 2)), [2, 12]), ("reshape", r(4, 2, stride=(2, 1)), [2, 2, 1, 2]), ("reshape", r(1, 3, stride=(7, 2)), [3, 1]),
        ("reshape", r(3, 1, 2, stride=(2, 9, 1)), [6]), ("reshape", r(6, stride=(2,)), [2, 3]), ("view", r(2, 3, 4, stride=(12, 1, 3)), [2, 12 // 3, 3][:1] + [3, 4]),
        ("view", r(1, stride=(5,)), []), ("view", r(4, 1, stride=(1, 9)), [2, 1, 2]), ("transpose", r(2, 3), 0, 1), ("transpose", t(1.0), 0, -1),
        ("permute", r(2, 3, 4), [2, 0, 1]), ("expand", r(3), [2, 1, 3]), ("expand", r(1, 3), [4, -1]), ("expand", t(1.0, grad=True), [2, 2]),
        ("expand", r(3, 1), [1, 3, 1]), ("expand", r(2, 1, stride=(3, 1)), [2, 5]), ("select", r(2, 3, 4), 1, 2), ("narrow", r(5, 2), 0, 1, 3),
        ("as_strided", r(2, 3), [2, 2], [1, 2], 1), ("as_strided", r(6), [3, 3], [1, 1]), ("as_strided", r(2, 3, stride=(1, 2)), [4], [1], 2),
        ("flatten", r(2, 3, 4), 1), ("flatten", r(2, 3, stride=(1, 2))), ("clone", r(2, 3, stride=(1, 2))), ("contiguous", r(2, 3, stride=(1, 2))),
        ("clone", r(3, 2, stride=(4, 2))), ("add", r(2, 3, stride=(1, 2), grad=False), r(2, 3, stride=(1, 2), grad=False)), ("relu", r(2, 3, stride=(1, 2))),
        ("to_dtype", r(2, 3, stride=(1, 2)), torch.float64), ("mul", r(2, 2, 3, 2, stride=(12, 1, 4, 2), grad=False), 2.0),
    ],
    "ties": [
        ("max", t([1.0, 3.0, 3.0, 2.0, 3.0], grad=True)), ("max.dim", t([[2.0, 2.0, 1.0], [0.0, 5.0, 5.0]], grad=True), 1),
        ("max.other", t([1.0, 2.0, 3.0], grad=True), t([1.0, 3.0, 2.0], grad=True)), ("argmax", t([[2.0, 2.0], [1.0, 2.0]]), 0),
        ("max_pool2d", t([[[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]], grad=True), 2), ("relu", t([0.0, -0.0, 1.0], grad=True)),
    ],
    "promotion_of_lists": [
        ("cat", [r(2), t([1.0, 2.0], "F64", True)], 0), ("cat", [i([1]), r(2)], 0), ("cat", [t([1], "U8"), t([-1], "I8")], 0), ("cat", [t([1.0], "F16"), t([1.0], "BF16")], 0),
        ("cat", [t([1.5], "F16", True), i([3])], 0), ("cat", [r(1, 2), r(0), r(3, 2)], 0), ("cat", [r(2, 2, stride=(1, 2)), r(1, 2)], 0),
        ("linear", r(2, 3), r(4, 3), r(4)), ("linear", r(3), r(4, 3)), ("linear", r(2, 2, 3), r(1, 3), r(1)), ("matmul", r(2, 3), r(3)), ("matmul", r(3), r(2, 3, 2)),
        ("matmul", r(2, 1, 2, 3), r(4, 3, 2)), ("matmul", r(2, 3, stride=(1, 2)), r(3, 2, stride=(1, 3))),
    ],
    "cross_entropy": [
        ("cross_entropy", LOGITS, i([0, 2, 1, 2])), ("cross_entropy", LOGITS, i([0, 2, 1, 2]), {"weight": WEIGHT}),
        ("cross_entropy", LOGITS, i([0, -100, 1, 2]), {"weight": WEIGHT, "label_smoothing": 0.2}), ("cross_entropy", LOGITS, i([0, 2, 1, 2]), {"ignore_index": 2, "reduction": "none"}),
        ("cross_entropy", LOGITS, i([0, 2, 1, 2]), {"ignore_index": 2, "reduction": "sum", "label_smoothing": 0.1}), ("cross_entropy", LOGITS, i([-100] * 4)),
        ("cross_entropy", LOGITS, torch.softmax(r(4, 3, grad=False), 1).requires_grad_(), {"weight": WEIGHT, "label_smoothing": 0.1}),
        ("cross_entropy", LOGITS, torch.softmax(r(4, 3, grad=False), 1), {"reduction": "none"}), ("cross_entropy", r(3), i(1)), ("cross_entropy", r(3), t([0.25, 0.5, 0.25])),
        ("cross_entropy", r(2, 3, 2), i([[0, 1], [2, 2]]), {"weight": WEIGHT}), ("cross_entropy", r(2, 3, 1, 2), i([[[0, 1]], [[2, -100]]]), {"reduction": "none", "label_smoothing": 0.3}),
        ("cross_entropy", t([[1000.0, -1000.0, 0.0], [-inf, 0.0, 1.0]], grad=True), i([1, 2])), ("mse_loss", r(2, 3), r(2, 3), {"reduction": "none"}),
        ("mse_loss", r(2, 3), r(2, 3), {"reduction": "sum"}), ("mse_loss", r(2, dtype="F64"), r(2)),
    ],
    "embedding": [
        ("embedding", i([[0, 2], [2, 1]]), r(3, 2)), ("embedding", i([0, 1, 1, 0, 2]), r(3, 2), {"padding_idx": 1}), ("embedding", i([0, 2, 2]), r(3, 2), {"padding_idx": -1}),
        ("embedding", i(1), r(3, 2)), ("embedding", t([1, 0], "I32"), r(2, 3)), ("embedding", i([1, 1]), r(3, 2, stride=(1, 3))),
        ("dropout", r(4), {"p": 0.5, "training": False}), ("dropout", r(4), {"p": 0.0}), ("dropout", r(4), {"p": 1.0}),
    ],
    "windows": [
        ("conv2d", *C[:1], r(3, 4, 3, 2), r(3)), ("conv2d", C[0], r(3, 4, 3, 2), {"stride": 2, "padding": 1}), ("conv2d", *C, {"groups": 2}),
        ("conv2d", C[0], r(8, 1, 2, 2), r(8), {"groups": 4, "dilation": 2}), ("conv2d", C[0], r(2, 4, 3, 3), {"stride": [1, 2], "padding": [2, 0], "dilation": [2, 1]}),
        ("conv2d", r(4, 5, 5), r(2, 4, 1, 1), r(2)), ("conv2d", r(1, 2, 3, 3), r(2, 2, 3, 3), {"padding": 2}), ("conv2d", r(1, 2, 3, 3, stride=(18, 1, 6, 2)), r(2, 2, 2, 2)),
        ("max_pool2d", r(1, 2, 5, 6), 2), ("max_pool2d", r(1, 2, 5, 6), 2, {"ceil_mode": True}), ("max_pool2d", r(1, 1, 5, 6), [3, 2], [2, 1], 1),
        ("max_pool2d", r(2, 6, 6), 2, 1, 0, 2), ("max_pool2d", r(1, 1, 5, 5), 3, 2, 1, 1, True), ("max_pool2d", r(1, 1, 7, 7), 3, 3, [1, 0], [1, 2], True),
        ("max_pool2d", r(1, 1, 4, 4), 2, {"return_indices": True}), ("max_pool2d", r(1, 1, 4, 4), 1, 3, 0, 1, True),
    ],
    "in_place": [
        ("add_", t([1.5, 2.5]), 1), ("add_", t([1, 2], "I32"), t([1, 1], "I64")), ("mul_", t([1.5, 2.0], "F16"), t([2.0, 3.0], "F64")), ("add_", r(2, 3, grad=False), r(3)),
        ("mul_", r(2, 3, grad=False), r(2, 3)), ("copy_", t([0, 0, 0], "I32"), t([1.9, -1.9, 3.0])), ("copy_", r(2, 2, grad=False), r(2)), ("fill_", t([1, 2], "U8"), 7),
        ("add_", t([250], "U8"), 10), ("mul_", t([True, False], "BOOL"), t([True, True], "BOOL")),
    ],
}


def c_values(x):
    flat = x.detach().reshape(-1)
    if x.dtype.is_floating_point:
        text = [("NAN" if math.isnan(v) else "-INFINITY" if v == -inf else "INFINITY" if v == inf else "%.9g" % v if x.dtype != torch.float64 else repr(v))
                for v in flat.tolist()]
        return "(const double[]){ %s }" % ", ".join(text or ["0"]), "NULL"
    text = ["INT64_MIN" if v == -(2**63) else "%d" % v for v in flat.tolist()]
    return "NULL", "(const int64_t[]){ %s }" % ", ".join(text or ["0"])


def c_tensor(x, layout=True):
    reals, integers = c_values(x)
    dims = lambda v: "{ %s }" % ", ".join(map(str, v)) if v else "{ 0 }"
    return "{ TP_%s, { %s, %d }, %s, %s, %s, %s }" % (
        NAMES[x.dtype], dims(list(x.shape)), x.dim(), dims(list(x.stride())) if layout else "{ -1 }", reals, integers,
        "true" if x.requires_grad and x.is_leaf else "false")


class Writer:
    def __init__(self):
        self.lines, self.count = [], 0

    def tensor(self, x, layout=True):
        name = "tensor_%d" % self.count
        self.count += 1
        self.lines.append("static const recorded_tensor %s = %s;" % (name, c_tensor(x, layout)))
        return name

    def argument(self, v, name):
        label = '"%s"' % name if name else "NULL"
        if isinstance(v, torch.Tensor):
            return "{ { .name = %s, .kind = TP_ARG_TENSOR }, { &%s } }" % (label, self.tensor(v))
        if isinstance(v, list) and v and isinstance(v[0], torch.Tensor):
            return "{ { .name = %s, .kind = TP_ARG_TENSORS, .n = %d }, { %s } }" % (label, len(v), ", ".join("&" + self.tensor(x) for x in v))
        if isinstance(v, bool):
            kind, value = "BOOL", ".boolean = %s" % str(v).lower()
        elif isinstance(v, int):
            kind, value = "INT", ".integer = %d" % v
        elif isinstance(v, float):
            kind, value = "FLOAT", ".real = %r" % v
        elif isinstance(v, str):
            kind, value = "STRING", '.string = "%s"' % v
        elif isinstance(v, torch.dtype):
            kind, value = "DTYPE", ".dtype = TP_" + NAMES[v]
        else:
            return "{ { .name = %s, .kind = TP_ARG_INTS, .n = %d, .value.ints = (const int64_t[]){ %s } }, { NULL } }" % (
                label, len(v), ", ".join(map(str, v or [0])))
        return "{ { .name = %s, .kind = TP_ARG_%s, .value%s }, { NULL } }" % (label, kind, value)

    def case(self, op, *args):
        kwargs = args[-1] if isinstance(args[-1], dict) else {}
        args = args[:-1] if kwargs else args
        tensors = [x for a in list(args) + list(kwargs.values()) for x in (a if isinstance(a, list) else [a]) if isinstance(x, torch.Tensor)]
        written = [self.argument(a, None) for a in args] + [self.argument(v, k) for k, v in kwargs.items()]
        leaves = [x for x in tensors if x.requires_grad]
        made = call_of(op)(*args, **kwargs)
        made = [made] if isinstance(made, torch.Tensor) else list(made)
        total = sum((y * direction(y)).sum() for y in made if y.requires_grad)
        grads = torch.autograd.grad(total, leaves, allow_unused=True) if leaves and isinstance(total, torch.Tensor) else []
        grads = ["NULL" if g is None else "&" + self.tensor(g, False) for g in grads]
        made = ["&" + self.tensor(y, op != "conv2d") for y in made]
        return '    { "%s", { %s }, %d, { %s }, %d, { %s }, %d },' % (op, ", ".join(written), len(written), ", ".join(made), len(made),
                                                                  ", ".join(grads or ["NULL"]), len(grads))


def direction(y):                                        # test_ops.c makes the same
    return (torch.arange(y.numel()) % 5 * 0.25 + 0.5).reshape(y.shape).to(y.dtype)


def promotion(op):
    """The dtype of a (op) b, 0 for an error, and a value of it; b is a tensor, a 0-dim tensor, or an int, a float, a bool."""
    rows, values = [], []
    for a in DTYPES:
        others = [torch.tensor([2, 1]).to(TORCH[b]) for b in DTYPES] + [torch.tensor(2).to(TORCH[b]) for b in DTYPES] + [2, 1.5, True]
        row, value = [], []
        for b in others:
            try:
                y = (call_of(op) if op in CALLS else getattr(torch, op))(torch.tensor([3, 1]).to(TORCH[a]), b)
                row.append("TP_" + NAMES[y.dtype])
                value.append("%.9g" % y.reshape(-1)[0].to(torch.float64).item())
            except (RuntimeError, TypeError):
                row.append("0")
                value.append("0")
        rows.append("    { %s }," % ", ".join(row))
        values.append("    { %s }," % ", ".join(value))
    return rows, values


PROMOTED = ["add", "sub", "mul", "div", "eq", "max.other", "add_", "mul_"]


def main():
    w, groups = Writer(), []
    for name, cases in GROUPS.items():
        groups += ["", "static const recorded_call calls_%s[] = {" % name] + [w.case(*c) for c in cases] + [
            "    { NULL, { { { NULL, TP_ARG_NONE, 0, { 0 } }, { NULL } } }, 0, { NULL }, 0, { NULL }, 0 }", "};"]
    out = ["/* Made by record_ops.py with PyTorch %s: calls of ops, and what it makes of them. */" % torch.__version__.split("+")[0],
           "#include <math.h>", "", "#include <taper/registry.h>", "",
           "typedef struct recorded_tensor {", "    tp_dtype dtype;", "    tp_shape shape;", "    int64_t stride[TP_MAX_DIMS];                      /* -1: any */",
           "    const double *reals;", "    const int64_t *integers;", "    bool grad;", "} recorded_tensor;",
           "typedef struct recorded_argument { tp_arg arg; const recorded_tensor *tensor[4]; } recorded_argument;",
           "typedef struct recorded_call {", "    const char *op;", "    recorded_argument args[8];", "    int n_args;", "    const recorded_tensor *made[2];",
           "    int n_made;", "    const recorded_tensor *grad[4];                    /* of the arguments that need one, in order; NULL: none */", "    int n_grads;", "} recorded_call;", ""]
    out += w.lines + groups
    out += ["", "/* By dtype of a, as in recorded_dtypes, and kind of b: tensor by dtype, 0-dim tensor by dtype, int, float, bool. */",
            "static const tp_dtype recorded_dtypes[] = { %s };" % ", ".join("TP_" + d for d in DTYPES),
            "typedef struct recorded_promotion { const char *op; uint8_t dtype[10][23]; float value[10][23]; } recorded_promotion;",
            "static const recorded_promotion promotions[] = {"]
    for op in PROMOTED:
        rows, values = promotion(op)
        out += ['{ "%s", {' % op] + rows + ["}, {"] + values + ["} },"]
    write("ops.h", out + ["};"])


main()
