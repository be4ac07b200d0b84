#!/usr/bin/env python3
"""Writes prints.h: tensors, and what PyTorch prints of them. Run by hand, with PyTorch; the tests need only prints.h."""
import math
import os

import torch

nan, inf = math.nan, math.inf
torch.manual_seed(0)
t = torch.tensor
r = torch.randn

# group -> name -> tensor. A tensor of integers 0 .. n - 1 is written as its shape alone.
GROUPS = {
    "plain": {
        "fractions": t([1.0, 2.5, -3.25]),
        "whole": t([1.0, 2.0, -30.0]),
        "zeros": torch.zeros(2, 3),
        "ones": torch.ones(3),
        "negative_zero": t([-0.0, 0.0]),
        "matrix": r(3, 4),
        "scalar": t(3.14159274),
        "whole_scalar": t(-7.0),
        "one_element": t([0.5]),
        "three_dims": r(2, 2, 3),
        "four_dims": torch.arange(16.0).reshape(2, 2, 2, 2) / 4,
    },
    "scientific": {
        "tiny": t([1e-5, 1.0]),
        "huge": t([1e9, 0.5]),
        "wide_range": t([0.001, 2.0, 1.5]),
        "just_within": t([0.002, 2.0, -1.5]),
        "whole_and_huge": t([1e9, 3.0]),
        "large_whole": t([100000000.0, 1000000.0]),
        "with_zero": t([0.0, 1e-6, -1e-5]),
        "scalar_tiny": t(1e-8),
        "extremes": t([1e300, -1e-300], dtype=torch.float64),
        "subnormal": t([1e-45, 3.4e38]),
    },
    "not_finite": {
        "among_fractions": t([nan, inf, -inf, 1.5]),
        "among_whole": t([nan, inf, -inf, 1.0, 2.0]),
        "alone": t([nan, nan]),
        "infinity": t(-inf),
        "among_scientific": t([1e-9, nan, inf, -1.0]),
    },
    "integers": {
        "int64": t([1, -20, 300]),
        "int32": t([[1, 2], [-3, 4]], dtype=torch.int32),
        "int16": t([7], dtype=torch.int16),
        "int8": t([-128, 127], dtype=torch.int8),
        "uint8": t([0, 255], dtype=torch.uint8),
        "extremes": t([-(2**63), 2**63 - 1]),
        "bool": t([[True, False], [False, False]]),
        "one_bool": t(True),
        "one_integer": t(-5),
    },
    "dtypes": {
        "float64": t([1.5, 2.5], dtype=torch.float64),
        "float16": t([1.5, 65504.0, 6e-8], dtype=torch.float16),
        "half_range": t([0.1, -2.25], dtype=torch.float16),
        "bfloat16": t([3.140625, 1e30], dtype=torch.bfloat16),
        "whole_double_matrix": torch.eye(3, dtype=torch.float64),
        "complex64": t([1 + 2j, -1.5 - 0.25j, 0j]),
        "complex128": t([[1e-9 + 1j, complex(nan, -inf)]], dtype=torch.complex128),
        "one_complex": t(2 - 3j),
    },
    "lines": {
        "wrapped_fractions": r(50),
        "wrapped_whole": torch.arange(40.0),
        "wrapped_integers": torch.arange(100) * 1000003,
        "wrapped_rows": r(2, 17),
        "wrapped_double": r(13, dtype=torch.float64),
        "wrapped_complex": torch.complex(r(11), r(11)),
        "wrapped_bools": torch.arange(30) % 3 == 0,
        "suffix_on_the_last_line": torch.full((1, 8), 0.12345678, dtype=torch.float64),
        "suffix_on_a_line_of_its_own": torch.full((8,), 1234.5678, dtype=torch.float64),
    },
    "summaries": {
        "exactly_1000": torch.arange(1000),
        "more_than_1000": torch.arange(1001),
        "matrix_of_many": torch.arange(10000).reshape(100, 100),
        "few_rows": torch.arange(2000).reshape(2, 1000),
        "few_columns": torch.arange(2000).reshape(1000, 2),
        "three_dims": torch.arange(8 * 9 * 20).reshape(8, 9, 20),
        "only_the_shown_count": torch.cat([torch.ones(500), t([1e-9]), torch.ones(600)]),
    },
    "empty": {
        "vector": torch.zeros(0),
        "rows": torch.zeros(0, 3),
        "columns": torch.zeros(2, 0),
        "integers": torch.zeros(0, dtype=torch.int64),
        "bools": torch.zeros(1, 0, 5, dtype=torch.bool),
    },
}

GRAPH = {
    "a leaf": lambda x: x,
    "sum": lambda x: x + x,
    "relu": torch.relu,
    "log_softmax": lambda x: torch.log_softmax(x, 1),
    "in place": lambda x: (x * 1).add_(1),
    "double": lambda x: x.double().detach().requires_grad_(),
    "empty": lambda x: torch.zeros(0, 2, requires_grad=True),
}

NAMES = {torch.float32: "TP_F32", torch.float64: "TP_F64", torch.float16: "TP_F16", torch.bfloat16: "TP_BF16", torch.int64: "TP_I64",
         torch.int32: "TP_I32", torch.int16: "TP_I16", torch.int8: "TP_I8", torch.uint8: "TP_U8", torch.bool: "TP_BOOL",
         torch.complex64: "TP_C64", torch.complex128: "TP_C128"}


def number(v):
    if isinstance(v, int):
        return "INT64_MIN" if v == -(2**63) else str(int(v))
    if math.isnan(v):
        return "NAN"
    if math.isinf(v):
        return "INFINITY" if v > 0 else "-INFINITY"
    return "-0.0" if v == 0 and math.copysign(1, v) < 0 else repr(v)


def text(s):
    lines = s.split("\n")
    return "\n        ".join('"' + x.replace('"', '\\"') + ("\\n" if i + 1 < len(lines) else "") + '"' for i, x in enumerate(lines))


def wrapped(words):
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > 130:
            lines.append(line.rstrip())
            line = ""
        line += word + ", "
    return "\n    ".join(lines + [line.rstrip(", ")])


def write_case(out, group, name, x):
    flat = x.reshape(-1)
    values = "NULL, NULL"
    if x.numel() and not (x.dtype == torch.int64 and x.numel() >= 1000):
        if x.dtype.is_complex:
            kind, numbers = "double", [v for z in flat.tolist() for v in (z.real, z.imag)]
        elif x.dtype.is_floating_point:
            kind, numbers = "double", flat.double().tolist()
        else:
            kind, numbers = "int64_t", [int(v) for v in flat.tolist()]
        array = f"{group}_{name}"
        out.append(f"static const {kind} {array}[] = {{\n    {wrapped([number(v) for v in numbers])}\n}};")
        values = f"{array}, NULL" if kind == "double" else f"NULL, {array}"
    shape = ", ".join(map(str, x.shape)) or "0"
    return f'    {{ "{name}", {NAMES[x.dtype]}, {{ {{ {shape} }}, {x.dim()} }}, {values},\n        {text(str(x))} }},'


def main():
    out = ["/* Made by record_prints.py with PyTorch " + torch.__version__.split("+")[0] + ": tensors, and what it prints of them. */",
           "#include <math.h>", "", "#include <taper/core.h>", "",
           "typedef struct printed_case {", "    const char *name;", "    tp_dtype dtype;", "    tp_shape shape;",
           "    const double *reals;                               /* or integers; neither: 0, 1, .. */", "    const int64_t *integers;",
           "    const char *text;", "} printed_case;", ""]
    for group, cases in GROUPS.items():
        rows = [write_case(out, group, name, x) for name, x in cases.items()]
        out += [f"static const printed_case print_{group}[] = {{", *rows, "    { 0 }", "};", ""]
    x = torch.arange(4.0).reshape(2, 2).requires_grad_()
    out.append("/* Of x = [[0, 1], [2, 3]], which requires grad. */")
    out.append("static const char *const print_graph[] = {")
    out += [f"    {text(str(make(x)))}, /* {name} */" for name, make in GRAPH.items()]
    out += ["};", ""]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "prints.h"), "w") as f:
        f.write("\n".join(out))


main()
