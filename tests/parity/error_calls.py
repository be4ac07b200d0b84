"""Calls that PyTorch refuses, by function: the arguments of each, a dict at the end being keywords.

They are what users get wrong: shapes that do not go together, dims out of range, sizes below zero, dtypes that make no sense.
"""

import torch


def t(*shape):
    return torch.full(shape, 0.5, dtype=torch.float64)


def whole(*values):
    return torch.tensor(values)


def mask(*values):
    return torch.tensor(values, dtype=torch.bool)


# Two shapes that do not broadcast, for whatever takes two tensors.
PAIRS = [(t(3, 2), t(3)), (t(4), t(2, 3)), (t(2, 1, 2), t(2, 3, 3))]
# A dim that a matrix does not have, for whatever takes one.
DIMS = [(t(3, 4), 2), (t(3, 4), -3)]

CALLS = {
    **{name: PAIRS for name in "add sub mul div.no_rounding_mode pow remainder fmod atan2 maximum minimum eq ne lt le gt ge logical_and logical_or max.binary min.binary".split()},
    **{name: DIMS for name in "sum mean amax amin argmax argmin all any cumsum cumprod softmax log_softmax logsumexp max.reduction_with_dim min.reduction_with_dim sort argsort unbind var std prod".split()},
    "where": [(mask(True, False), t(3), t(2))],
    "masked_fill": [(t(3), mask(True, False), 1.0)],
    "lerp": [(t(3), t(2), 0.25)],
    "addcmul": [(t(2), t(2), t(3))],
    "addcdiv": [(t(3), t(3), t(2))],
    "matmul": [(t(3, 4), t(3, 4)), (t(4), t(3)), (t(2, 3, 4), t(3, 4, 5)), (t(3), t())],
    "mm": [(t(3, 4), t(3, 4)), (t(3, 4), t(4)), (t(1, 3, 4), t(4, 2))],
    "bmm": [(t(2, 3, 4), t(2, 3, 4)), (t(2, 3, 4), t(1, 4, 2)), (t(3, 4), t(4, 3))],
    "mv": [(t(3, 4), t(3)), (t(3), t(3))],
    "dot": [(t(3), t(4)), (t(3, 1), t(3, 1))],
    "outer": [(t(2, 2), t(3))],
    "addmm": [(t(3, 3), t(3, 2), t(3, 2))],
    "baddbmm": [(t(2, 3, 3), t(2, 3, 2), t(2, 3, 2))],
    "einsum": [("ab,bc->ac", (t(2, 3), t(2, 3))), ("ab->ac", (t(2, 3),)), ("a", (t(2, 3),)), ("ab,bc", (t(2, 3),))],
    "reshape": [(t(3, 4), (5, 2)), (t(3, 4), (-1, 5)), (t(3, 4), (-1, -1)), (t(3, 0), (-1, 0))],
    "view": [(t(3, 4), (5,)), (t(3, 4).t(), (12,))],
    "flatten": [(t(2, 3), 1, 0), (t(2, 3), 0, 2)],
    "transpose": [(t(3, 4), 0, 2), (t(3, 4), -3, 0)],
    "permute": [(t(3, 4), (0,)), (t(3, 4), (1, 1)), (t(3, 4), (0, 2))],
    "squeeze": [(t(1, 2), 2)],
    "unsqueeze": [(t(2), 2), (t(2), -3)],
    "expand": [(t(3), (4,)), (t(2, 3), (3,))],
    "repeat": [(t(2, 3), (2,)), (t(2), (-1,))],
    "flip": [(t(2, 3), (0, 0)), (t(2, 3), (2,))],
    "roll": [(t(2, 3), (1, 2), (0,)), (t(2, 3), 1, 2)],
    "cat": [([t(2, 3), t(2, 2)], 0), ([t(2), t(2, 2)], 0), ([t(2)], 1)],
    "stack": [([t(2), t(3)], 0), ([t(2), t(2)], 2)],
    "split": [(t(5), -2), (t(5), 2, 1)],
    "chunk": [(t(5), 0), (t(5), 2, 1)],
    "narrow": [(t(5), 0, 3, 3), (t(5), 0, 0, -1), (t(5), 1, 0, 1)],
    "select": [(t(2, 3), 1, 3), (t(2, 3), 1, -4), (t(2, 3), 2, 0)],
    "diagonal": [(t(3, 3), 0, 0, 0), (t(3), 0)],
    "as_strided": [(t(5), (3, 3), (2, 1)), (t(5), (2,), (1,), 4), (t(5), (2, 2), (1,))],
    "unfold": [(t(5), 0, 6, 1), (t(5), 0, 2, 0)],
    "tril": [(t(3),)],
    "triu": [(t(3),)],
    "repeat_interleave": [(t(3), whole(1, 2)), (t(2), whole(1, -1))],
    "nn.functional.pad.constant": [(t(2), (1, 1, 1, 1)), (t(2, 3), (1,)), (t(2), (-2, -1))],
    "nn.functional.pad.reflect": [(t(1, 3), (3, 0), "reflect")],
    "__getitem__": [(t(2, 3), (3,)), (t(2, 3), (0, 0, 0)), (t(2, 3), (whole(0, 2),)), (t(2, 3), (mask(True),))],
    "index_select": [(t(2, 3), 0, whole(2)), (t(2, 3), 1, t(2))],
    "index_put": [(t(3), (whole(3),), t(1)), (t(3), (whole(0, 1),), t(3))],
    "index_add": [(t(2, 3), 0, whole(2), t(1, 3)), (t(2, 3), 0, whole(0), t(1, 2))],
    "gather": [(t(2, 3), 0, whole(0)), (t(2, 3), 1, torch.tensor([[3]])), (t(2, 3), 0, torch.zeros(1, 4, dtype=torch.int64))],
    "scatter": [(t(2, 3), 1, torch.tensor([[3]]), 1.0), (t(2, 3), 0, torch.tensor([[0, 1]]), t(1, 1))],
    "scatter_add": [(t(2, 3), 0, torch.tensor([[-1]]), t(1, 1))],
    "masked_select": [(t(3), mask(True, False)), (t(3), t(3))],
    "topk": [(t(3), 4), (t(3), -1), (t(3), 1, 1)],
    "nn.functional.linear": [(t(2, 3), t(3, 4)), (t(2, 3), t(4, 3), t(3))],
    "nn.functional.bilinear": [(t(2, 3), t(2, 4), t(5, 4, 3))],
    "nn.functional.embedding": [(whole(5), t(5, 2)), (whole(-1), t(5, 2)), (t(2), t(5, 2))],
    "nn.functional.embedding_bag": [(whole(0, 1), t(5, 2)), (whole(5, 0), t(5, 2), whole(0))],
    "nn.functional.conv1d": [(t(1, 2, 5), t(3, 1, 2)), (t(1, 2, 1), t(3, 2, 2))],
    "nn.functional.conv2d": [(t(1, 2, 4, 4), t(3, 1, 2, 2)), (t(1, 2, 4, 4), t(3, 2, 2, 2), t(2)), (t(1, 2, 4, 4), t(3, 2, 5, 5)),
                             (t(1, 2, 4, 4), t(3, 2, 2, 2), {"stride": 0}), (t(1, 2, 4, 4), t(3, 2, 2, 2), {"padding": -1}),
                             (t(1, 2, 4, 4), t(3, 1, 2, 2), {"groups": 2})],
    "nn.functional.conv_transpose2d": [(t(1, 2, 3, 3), t(3, 2, 2, 2)), (t(1, 2, 3, 3), t(2, 3, 2, 2), {"output_padding": 1})],
    "nn.functional.max_pool2d": [(t(1, 2, 4, 4), 5), (t(1, 2, 4, 4), 2, {"padding": 2}), (t(3, 3), 2)],
    "nn.functional.avg_pool2d": [(t(1, 2, 4, 4), 5), (t(1, 2, 4, 4), 2, {"divisor_override": 0})],
    "nn.functional.adaptive_avg_pool2d": [(t(3), (1, 1)), (t(1, 2, 3, 3), (-1, 1))],
    "nn.functional.batch_norm": [(t(2, 3), t(2), t(2)), (t(1, 3), t(3), t(3), {"training": True})],
    "nn.functional.layer_norm": [(t(2, 3), (2,)), (t(2, 3), (3,), t(2))],
    "nn.functional.group_norm": [(t(2, 3, 2), 2), (t(2, 4, 2), 2, t(3))],
    "nn.functional.dropout": [(t(2), -0.5), (t(2), 1.5)],
    "nn.functional.glu": [(t(3),), (t(2, 4), 2)],
    "nn.functional.prelu": [(t(2, 3), t(2))],
    "nn.functional.pixel_shuffle": [(t(1, 3, 2, 2), 2)],
    "nn.functional.scaled_dot_product_attention": [(t(1, 2, 3), t(1, 2, 4), t(1, 2, 4))],
    "nn.functional.mse_loss": [(t(2, 3), t(3, 2))],
    "nn.functional.cross_entropy": [(t(2, 3), whole(0, 3)), (t(2, 3), whole(0, -1)), (t(2, 3), whole(0)), (t(2, 3), whole(0, 1), t(2))],
    "nn.functional.nll_loss": [(t(2, 3), whole(0, 3)), (t(2, 3), whole(0, 1, 2))],
    "nn.functional.binary_cross_entropy": [(t(2) + 1, t(2)), (t(2), t(3))],
    "nn.functional.binary_cross_entropy_with_logits": [(t(2), t(3))],
    "nn.functional.one_hot": [(whole(0, 3), 3), (whole(-1), 2), (t(2), 3)],
    "linalg.cholesky": [(t(2, 3),), (-t(2, 2),)],
    "linalg.inv": [(t(2, 2),), (t(2, 3),)],
    "linalg.solve": [(t(2, 2), t(2)), (torch.eye(2).double(), t(3))],
    "linalg.det": [(t(2, 3),)],
    "arange": [(0, 4, -1), (0, 4, 0)],
    "linspace": [(0.0, 1.0, -2)],
    "eye": [(-2,)],
    "full": [((-1,), 1.0)],
}


def calls(name):
    """The calls for one function, as (args, kwargs)."""
    for call in CALLS.get(name, ()):
        yield (call[:-1], call[-1]) if isinstance(call[-1], dict) else (call, {})
