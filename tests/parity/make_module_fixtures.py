"""Makes the fixtures of fixtures/modules: modules of PyTorch built, called and differentiated, in small files that `parity` reads.

    python make_module_fixtures.py [--out DIR] [--seed N]

One file a family; FAMILIES says which modules, with which arguments, are called with what. Parameters and running statistics are
moved away from their initial values first. In float64, in training and, where that differs, in evaluation. It needs PyTorch 2.15.
"""

import argparse
import zlib
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from fixture_file import Store, number

HERE = Path(__file__).parent
TOLERANCE = {"atol": 1e-7, "rtol": 1e-7}


class New:
    """A module that is yet to be built: its class and the constructor's arguments by name."""

    def __init__(self, kind, **options):
        self.kind, self.options = kind, options

    def build(self):
        return getattr(nn, self.kind)(**{k: v.build() if isinstance(v, New) else v for k, v in self.options.items()})


class Packed:
    def __init__(self, padded, lengths, batch_first=False, enforce_sorted=True):
        self.padded, self.lengths, self.batch_first, self.enforce_sorted = padded, lengths, batch_first, enforce_sorted


def x(*shape):
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def whole(high, *shape):
    return torch.randint(high, shape)


def linear():
    yield New("Linear", in_features=3, out_features=2), (x(2, 3),), {}
    yield New("Linear", in_features=3, out_features=2, bias=False), (x(3),), {}
    yield New("Bilinear", in1_features=2, in2_features=3, out_features=2), (x(2, 2), x(2, 3)), {}
    yield New("Embedding", num_embeddings=5, embedding_dim=2, padding_idx=-1), (whole(5, 2, 3),), {}
    yield New("EmbeddingBag", num_embeddings=5, embedding_dim=2, mode="sum"), (whole(5, 6), torch.tensor([0, 2]), x(6)), {}
    yield New("Dropout", p=0.0), (x(2, 2),), {}


def conv():
    for n, size in ((1, (5,)), (2, (4, 3)), (3, (3, 3, 2))):
        yield New(f"Conv{n}d", in_channels=2, out_channels=2, kernel_size=2, stride=2, padding=1, groups=2), (x(1, 2, *size),), {}
        yield New(f"ConvTranspose{n}d", in_channels=2, out_channels=2, kernel_size=2, stride=2), (x(1, 2, *size),), {}
    for mode in ("reflect", "replicate", "circular"):
        yield New("Conv2d", in_channels=1, out_channels=2, kernel_size=(2, 3), padding="same", padding_mode=mode), (x(1, 1, 4, 3),), {}
    yield New("ConvTranspose2d", in_channels=1, out_channels=1, kernel_size=3, stride=2), (x(1, 1, 2, 2),), {"output_size": [6, 5]}


def pool():
    for n, size in ((1, (5,)), (2, (4, 5)), (3, (3, 4, 3))):
        yield New(f"MaxPool{n}d", kernel_size=2, return_indices=True, ceil_mode=True), (x(1, 2, *size),), {}
        yield New(f"AvgPool{n}d", kernel_size=2, padding=1, count_include_pad=False), (x(1, *size),), {}
        yield New(f"AdaptiveAvgPool{n}d", output_size=2), (x(1, 1, *size),), {}
        yield New(f"AdaptiveMaxPool{n}d", output_size=2), (x(1, 1, *size),), {}
        yield New(f"LPPool{n}d", norm_type=2.0, kernel_size=2), (x(1, 1, *size),), {}
    yield New("AdaptiveAvgPool2d", output_size=(None, 2)), (x(1, 1, 3, 4),), {}
    yield New("MaxUnpool2d", kernel_size=2), (x(1, 1, 2, 2), torch.tensor([[[[0, 3], [9, 14]]]])), {}
    yield New("FractionalMaxPool2d", kernel_size=2, output_size=3, _random_samples=torch.rand(1, 2, 2, dtype=torch.float64)), (x(1, 2, 5, 6),), {}


def norm():
    yield New("BatchNorm1d", num_features=3, momentum=None), (x(4, 3),), {}
    yield New("BatchNorm2d", num_features=2), (x(2, 2, 2, 3),), {}
    yield New("BatchNorm3d", num_features=2, affine=False), (x(1, 2, 2, 2, 2),), {}
    yield New("InstanceNorm1d", num_features=2, affine=True, track_running_stats=True), (x(2, 2, 4),), {}
    yield New("InstanceNorm2d", num_features=2), (x(2, 3, 3),), {}
    yield New("LayerNorm", normalized_shape=[2, 3]), (x(2, 2, 3),), {}
    yield New("RMSNorm", normalized_shape=4, eps=0.1), (x(2, 4),), {}
    yield New("GroupNorm", num_groups=2, num_channels=4), (x(2, 4, 3),), {}
    yield New("LocalResponseNorm", size=3, alpha=0.1), (x(1, 4, 3),), {}


def activation():
    for name in ("ReLU", "ReLU6", "Sigmoid", "Tanh", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Softsign", "Tanhshrink", "LogSigmoid",
                 "SELU", "GELU", "ELU", "CELU", "LeakyReLU", "Softplus", "Hardtanh", "Softshrink", "Hardshrink", "PReLU", "Identity"):
        yield New(name), (x(2, 3),), {}
    yield New("GELU", approximate="tanh"), (x(3),), {}
    yield New("Threshold", threshold=0.1, value=-2.0), (x(4),), {}
    yield New("PReLU", num_parameters=2), (x(2, 2, 2),), {}
    yield New("GLU", dim=0), (x(4, 2),), {}
    for name in ("Softmax", "LogSoftmax", "Softmin"):
        yield New(name, dim=1), (x(2, 3),), {}
    yield New("Softmax2d"), (x(1, 2, 2, 2),), {}


def shape():
    for n, size in ((1, (3,)), (2, (3, 3)), (3, (3, 3, 2))):
        for kind in ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"):
            yield New(f"{kind}{n}d", padding=1), (x(1, 1, *size),), {}
    yield New("ConstantPad2d", padding=(1, 0, 2, -1), value=2.5), (x(1, 2, 3),), {}
    yield New("Flatten"), (x(2, 2, 3),), {}
    yield New("Unflatten", dim=1, unflattened_size=(2, 3)), (x(1, 6),), {}
    yield New("Unfold", kernel_size=(2, 3), padding=1), (x(1, 1, 3, 3),), {}
    yield New("Fold", output_size=(3, 3), kernel_size=2), (x(1, 4, 4),), {}
    yield New("PixelShuffle", upscale_factor=2), (x(1, 4, 2, 1),), {}
    yield New("PixelUnshuffle", downscale_factor=2), (x(1, 1, 2, 4),), {}
    yield New("ChannelShuffle", groups=2), (x(1, 4, 2),), {}
    yield New("Upsample", scale_factor=1.7, mode="bilinear", align_corners=True), (x(1, 1, 3, 3),), {}
    yield New("Upsample", size=5), (x(1, 1, 3),), {}


def loss():
    two = "L1Loss MSELoss SmoothL1Loss HuberLoss".split()
    for name in two:
        yield New(name, reduction="sum"), (x(2, 3), x(2, 3)), {}
    yield New("CrossEntropyLoss", weight=torch.rand(3, dtype=torch.float64) + 0.1, label_smoothing=0.2), (x(4, 3), whole(3, 4)), {}
    yield New("NLLLoss", ignore_index=1, reduction="none"), (x(4, 3), torch.tensor([0, 1, 2, 1])), {}
    yield New("BCELoss"), (torch.rand(2, 3, dtype=torch.float64).requires_grad_(), whole(2, 2, 3).double()), {}
    yield New("BCEWithLogitsLoss", pos_weight=torch.rand(3, dtype=torch.float64)), (x(2, 3), whole(2, 2, 3).double()), {}
    yield New("KLDivLoss", reduction="batchmean"), (x(2, 3), torch.rand(2, 3, dtype=torch.float64)), {}
    yield New("PoissonNLLLoss", full=True), (x(2, 3), whole(4, 2, 3).double()), {}
    yield New("GaussianNLLLoss"), (x(2, 3), x(2, 3), (torch.rand(2, 3, dtype=torch.float64) + 0.1).requires_grad_()), {}
    yield New("CTCLoss"), (torch.randn(4, 2, 3, dtype=torch.float64).log_softmax(-1).requires_grad_(), whole(2, 2, 2) + 1, [4, 3], [2, 1]), {}
    signs = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    yield New("HingeEmbeddingLoss", margin=0.7), (x(3), signs), {}
    yield New("MarginRankingLoss", margin=0.3), (x(3), x(3), signs), {}
    yield New("CosineEmbeddingLoss", margin=0.1), (x(3, 4), x(3, 4), signs), {}
    yield New("SoftMarginLoss"), (x(3), signs), {}
    yield New("MultiMarginLoss", p=2), (x(2, 3), whole(3, 2)), {}
    yield New("MultiLabelMarginLoss"), (x(1, 4), torch.tensor([[3, 0, -1, 1]])), {}
    yield New("MultiLabelSoftMarginLoss"), (x(2, 3), whole(2, 2, 3).double()), {}
    yield New("TripletMarginLoss", swap=True), (x(2, 3), x(2, 3), x(2, 3)), {}
    yield New("LinearCrossEntropyLoss", in_features=3, num_classes=2), (x(4, 3), whole(2, 4)), {}
    yield New("CosineSimilarity"), (x(2, 3), x(2, 3)), {}
    yield New("PairwiseDistance", p=2.0, keepdim=True), (x(2, 3), x(2, 3)), {}
    yield New("AdaptiveLogSoftmaxWithLoss", in_features=4, n_classes=9, cutoffs=[2, 5], div_value=2.0), (x(6, 4), torch.tensor([0, 8, 3, 1, 4, 5])), {}
    yield New("AdaptiveLogSoftmaxWithLoss", in_features=4, n_classes=5, cutoffs=[3], head_bias=True), (x(4), torch.tensor(4)), {}


def recurrent():
    for name, states in (("RNN", 1), ("LSTM", 2), ("GRU", 1)):
        def state(*size):
            return x(*size) if states == 1 else (x(*size), x(*size))
        yield New(name, input_size=2, hidden_size=3, num_layers=2, bidirectional=True), (x(3, 2, 2), state(4, 2, 3)), {}
        yield New(name, input_size=2, hidden_size=3, batch_first=True, bias=False), (x(2, 2, 2),), {}
        yield New(name, input_size=2, hidden_size=2), (x(3, 2),), {}
        yield New(name, input_size=2, hidden_size=2, bidirectional=True), (Packed(x(4, 3, 2), [2, 4, 1], enforce_sorted=False),), {}
        yield New(name, input_size=2, hidden_size=2, batch_first=True), (Packed(x(3, 3, 2), [3, 2, 2], batch_first=True),), {}
        yield New(f"{name}Cell", input_size=2, hidden_size=3), (x(2, 2), state(2, 3)), {}
    yield New("LSTM", input_size=2, hidden_size=3, proj_size=2), (x(2, 2, 2),), {}
    yield New("RNN", input_size=2, hidden_size=3, nonlinearity="relu"), (x(2, 1, 2),), {}


def attention():
    blocked = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    padding = torch.tensor([[False, False, True], [False, True, False]])
    q = x(3, 2, 4)
    yield New("MultiheadAttention", embed_dim=4, num_heads=2), (q, q, q), {"attn_mask": blocked}
    yield New("MultiheadAttention", embed_dim=4, num_heads=2, kdim=3, vdim=2, bias=False), (x(2, 1, 4), x(3, 1, 3), x(3, 1, 2)), {"need_weights": False}
    yield New("MultiheadAttention", embed_dim=4, num_heads=2, batch_first=True, add_bias_kv=True, add_zero_attn=True), \
        (x(2, 3, 4), x(2, 3, 4), x(2, 3, 4)), {"key_padding_mask": padding, "average_attn_weights": False}
    small = {"d_model": 4, "nhead": 2, "dim_feedforward": 3, "dropout": 0.0}
    yield New("TransformerEncoderLayer", **small, batch_first=True), (x(2, 3, 4),), {"src_key_padding_mask": padding}
    yield New("TransformerDecoderLayer", **small, norm_first=True, activation="gelu"), (x(3, 1, 4), x(2, 1, 4)), {"tgt_mask": blocked}
    yield New("TransformerEncoder", encoder_layer=New("TransformerEncoderLayer", **small), num_layers=2), (x(2, 1, 4),), {}
    yield New("Transformer", **small, num_encoder_layers=1, num_decoder_layers=1), (x(2, 1, 4), x(3, 1, 4)), {}


FAMILIES = (linear, conv, pool, norm, activation, shape, loss, recurrent, attention)
MODES_DIFFER = ("BatchNorm", "InstanceNorm")
ERRORS = {
    "linear": [("constructor", New("Linear", in_features=-1, out_features=2), ()), ("forward", New("Linear", in_features=3, out_features=2), (x(2, 4),)),
               ("constructor", New("Dropout", p=1.5), ())],
    "conv": [("constructor", New("Conv2d", in_channels=3, out_channels=2, kernel_size=2, groups=2), ())],
    "norm": [("constructor", New("GroupNorm", num_groups=3, num_channels=4), ()), ("forward", New("BatchNorm2d", num_features=2), (x(2, 2),))],
    "recurrent": [("constructor", New("GRU", input_size=2, hidden_size=0), ()),
                  ("forward", New("LSTMCell", input_size=2, hidden_size=3), (x(2, 2), (x(2, 4), x(2, 4))))],
    "attention": [("constructor", New("MultiheadAttention", embed_dim=5, num_heads=2), ())],
}

# ---- A call as JSON ---------------------------------------------------------------------------------------------------------


class Call:
    def __init__(self, name):
        self.name, self.store, self.leaves = name, Store(), {}

    def leaf(self, t):
        for name, known in self.leaves.items():
            if known is t:
                return name
        name = self.store.put(f"{self.name}.in{len(self.leaves)}", t)
        self.leaves[name] = t
        return name

    def describe(self, name, v):
        """The JSON of an argument, and what PyTorch is given."""
        if isinstance(v, New):
            return {"name": name, "kind": "module", "module": v.kind, "ctor": self.constructor(v)}, None
        if isinstance(v, Packed):
            text, _ = self.describe(name, v.padded)
            text |= {"kind": "packed", "lengths": v.lengths, "batch_first": v.batch_first, "enforce_sorted": v.enforce_sorted}
            return text, pack_padded_sequence(v.padded, torch.tensor(v.lengths), v.batch_first, v.enforce_sorted)
        if isinstance(v, torch.Tensor):
            return {"name": name, "kind": "tensor", "tensor": self.leaf(v), "requires_grad": v.requires_grad, "contiguous": True,
                    "strides": list(v.stride()), "offset": 0}, v
        if isinstance(v, (list, tuple)) and v and isinstance(v[0], torch.Tensor):
            return {"name": name, "kind": "tensors", "items": [self.describe(None, t)[0] for t in v]}, v
        if isinstance(v, (list, tuple)) and all(type(i) is int for i in v):
            return {"name": name, "kind": "ints", "value": list(v)}, v
        if isinstance(v, (list, tuple)):
            return {"name": name, "kind": "list", "items": [self.describe(None, i)[0] for i in v]}, v
        kind = {type(None): "none", bool: "bool", int: "int", float: "float", str: "str"}[type(v)]
        return {"name": name, "kind": kind} | ({} if v is None else {"value": number(v)}), v

    def constructor(self, new):
        return {"args": [], "kwargs": [self.describe(k, v)[0] for k, v in new.options.items()]}

    def arguments(self, module, args, kwargs):
        names = list(module.forward.__code__.co_varnames[1:])
        pairs = [self.describe(n, v) for n, v in zip(names, args)], [self.describe(k, v) for k, v in kwargs.items()]
        text = {"args": [t for t, _ in pairs[0]], "kwargs": [t for t, _ in pairs[1]]}
        return text, [v for _, v in pairs[0]], {t["name"]: v for t, v in pairs[1]}


def flat(out, batch_first):
    if isinstance(out, PackedSequence):
        return [pad_packed_sequence(out, batch_first)[0]]
    if isinstance(out, tuple):
        return [o for part in out for o in flat(part, batch_first)]
    return [out]


def move(module):
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.1 * torch.randn_like(p))
        for name, b in module.named_buffers():
            if name.startswith("running"):
                b.add_(0.1 + torch.rand_like(b))


def run(new, args, kwargs, training, name):
    call = Call(name)
    text = {"id": name, "module": new.kind, "ctor": call.constructor(new), "dtype": "float64", "training": training, **TOLERANCE}
    module = new.build().double().train(training)
    move(module)
    parameters = dict(module.named_parameters())
    before = {k: v.clone() for k, v in module.state_dict().items()}
    text["state"] = [{"name": k, "kind": "parameter" if k in parameters else "buffer", "tensor": call.store.put(f"{name}.state.{k}", v)}
                     for k, v in before.items()]
    described, args, kwargs = call.arguments(module, args, kwargs)
    text |= described
    outputs = flat(module(*args, **kwargs), getattr(module, "batch_first", False))
    text["outputs"] = [{"kind": "none"} if o is None else {"kind": "tensor", "tensor": call.store.put(f"{name}.out{i}", o)} for i, o in enumerate(outputs)]
    text["after"] = [{"name": k, "tensor": call.store.put(f"{name}.after.{k}", v)} for k, v in module.state_dict().items() if not torch.equal(v, before[k])]
    differentiate(call, text, outputs, parameters)
    return call.store, text


def differentiate(call, text, outputs, parameters):
    chosen = [i for i, o in enumerate(outputs) if o is not None and o.requires_grad]
    targets = {n: t for n, t in call.leaves.items() if t.requires_grad} | parameters
    if not chosen or not targets:
        return
    cots = [torch.randn_like(outputs[i]) for i in chosen]
    for i, cot in zip(chosen, cots):
        text["outputs"][i]["cot"] = call.store.put(f"{call.name}.cot{i}", cot)
    grads = torch.autograd.grad([outputs[i] for i in chosen], list(targets.values()), cots, allow_unused=True)
    found = [{"of": n, "tensor": None if g is None else call.store.put(f"{call.name}.grad_{n}", g)} for n, g in zip(targets, grads)]
    text["grads"], text["param_grads"] = found[:len(found) - len(parameters)], found[len(found) - len(parameters):]


def failing(on, new, args, name):
    call = Call(name)
    text = {"id": name, "module": new.kind, "ctor": call.constructor(new), "error_on": on}
    try:
        module = new.build().double()
        if on == "forward":
            described, args, _ = call.arguments(module, args, {})
            text |= described
            module(*args)
    except Exception as error:
        return call.store, text | {"error_type": type(error).__name__, "message": str(error).splitlines()[0][:200]}
    raise SystemExit(f"{new.kind} does not fail")


def make(family, out, seed):
    torch.manual_seed(zlib.crc32(f"{family.__name__} {seed}".encode()))
    store, samples, errors = Store(), [], []
    for new, args, kwargs in family():
        for training in (True, False) if new.kind.startswith(MODES_DIFFER) else (True,):
            part, text = run(new, args, kwargs, training, f"s{len(samples)}")
            store.tensors |= part.tensors
            samples.append(text)
    for on, new, args in ERRORS.get(family.__name__, ()):
        part, text = failing(on, new, args, f"err{len(errors)}")
        store.tensors |= part.tensors
        errors.append(text)
    store.sections = {"samples": samples, "errors": errors}
    return len(samples), store.write(out / f"{family.__name__}.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "fixtures" / "modules")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    made = [make(family, options.out, options.seed) for family in FAMILIES]
    print(f"{sum(n for n, _ in made)} samples, {sum(size for _, size in made)} bytes")


if __name__ == "__main__":
    main()
