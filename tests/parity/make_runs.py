"""Makes the fixtures of runs/: steps of PyTorch's optimizers, clipped gradients, schedules, and short training runs of small models.

    python make_runs.py [--out DIR] [--seed N] [--only NAME,NAME]

Needs PyTorch 2.15. A run is made in float64, whose losses, gradient norms, weights and outputs are stored, and in float32, whose
losses tell how far roundings take one astray.
"""

import argparse
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from fixture_file import Store, number

HERE = Path(__file__).parent
STEPS = 4

# ---- Optimizers -------------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": [{"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}, {"lr": 0.2, "maximize": True}],
    "Adam": [{"lr": 0.05, "amsgrad": True, "weight_decay": 0.1}, {"betas": [0.7, 0.9], "eps": 1e-3}],
    "AdamW": [{"lr": 0.05, "weight_decay": 0.2}, {"amsgrad": True, "maximize": True}],
    "RMSprop": [{"lr": 0.05, "centered": True, "momentum": 0.8, "weight_decay": 0.1}, {"alpha": 0.7, "maximize": True}],
    "Adagrad": [{"lr": 0.1, "lr_decay": 0.2, "initial_accumulator_value": 0.3}, {"weight_decay": 0.2, "maximize": True}],
    "Adadelta": [{"rho": 0.7, "weight_decay": 0.1}, {"lr": 0.3, "eps": 1e-2}],
    "Adamax": [{"lr": 0.05, "weight_decay": 0.1}, {"betas": [0.6, 0.8], "eps": 0.1}],
    "NAdam": [{"lr": 0.05, "momentum_decay": 0.2}, {"weight_decay": 0.1, "decoupled_weight_decay": True}],
    "RAdam": [{"lr": 0.05, "betas": [0.8, 0.5]}, {"weight_decay": 0.1, "decoupled_weight_decay": True, "betas": [0.9, 0.99]}],
    "Rprop": [{"lr": 0.05, "etas": [0.3, 1.5]}, {"step_sizes": [0.02, 0.06]}],
    "ASGD": [{"lr": 0.1, "t0": 1, "lambd": 0.1}, {"alpha": 0.5, "weight_decay": 0.2}],
    "Adafactor": [{"lr": 0.05, "weight_decay": 0.1, "beta2_decay": -0.6}, {"d": 1.3, "eps": [1e-3, 1e-2], "maximize": True}],
    "Muon": [{"lr": 0.05, "adjust_lr_fn": "match_rms_adamw"}, {"nesterov": False, "ns_steps": 3, "ns_coefficients": [3.0, -4.0, 2.0]},
             {"adjust_lr_fn": "spectral_unclamped"}],
}
SHAPES = [(3,), (2, 3)]
MATRICES = [(3, 2), (2, 4)]


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return number(value)


def optimizer_sample(store, name, options, dtype, sample, groups):
    params = [torch.randn(s, dtype=dtype).requires_grad_() for s in (MATRICES if name == "Muon" else SHAPES)]
    text = {"id": sample, "optimizer": name, "dtype": str(dtype).removeprefix("torch."), "options": {k: plain(v) for k, v in options.items()}}
    text |= {"atol": 1e-7, "rtol": 1e-7} if dtype is torch.float64 else {"atol": 1e-5, "rtol": 1.3e-6}
    given = params
    if groups:
        given = [{"params": params[:1], "lr": 0.3}, {"params": params[1:]}]
        text["groups"] = [{"params": [0], "lr": 0.3}, {"params": [1]}]
    optimizer = getattr(torch.optim, name)(given, **{k: tuple(v) if isinstance(v, list) else v for k, v in options.items()})
    rows = [{"values": [p.detach().clone()], "grads": [], "without": [], "state": {}} for p in params]
    for step in range(STEPS):
        for i, (p, r) in enumerate(zip(params, rows)):
            r["grads"].append(torch.randn(p.shape, dtype=dtype))
            skipped = groups and i == 1 and step == 1
            r["without"] += [step] if skipped else []
            p.grad = None if skipped else r["grads"][-1].clone()
        optimizer.step()
        for p, r in zip(params, rows):
            r["values"].append(p.detach().clone())
            for key, value in optimizer.state[p].items():
                if value is not None:
                    r["state"].setdefault(key, []).append(torch.as_tensor(value).detach().clone())
    text["params"] = [{"shape": list(p.shape), "values": store.put(f"{sample}.p{i}", torch.stack(r["values"])),
                       "grads": store.put(f"{sample}.g{i}", torch.stack(r["grads"])), "no_grad_at": r["without"],
                       "state": {k: store.put(f"{sample}.p{i}.{k}", torch.stack(v)) for k, v in r["state"].items()}}
                      for i, (p, r) in enumerate(zip(params, rows))]
    return text


def optimizers():
    store, samples = Store(), []
    for name, sets in OPTIMIZERS.items():
        for i, options in enumerate(sets):
            dtype = torch.float32 if i else torch.float64
            samples.append(optimizer_sample(store, name, options, dtype, f"s{len(samples)}", groups=not i and name != "Muon"))
    store.sections["samples"] = samples
    return store


LBFGS = [("rosenbrock", {"line_search_fn": "strong_wolfe"}), ("rosenbrock", {"lr": 0.3, "max_iter": 5, "history_size": 2}),
         ("least_squares", {"line_search_fn": "strong_wolfe", "max_eval": 4}), ("least_squares", {"lr": 0.2, "tolerance_grad": 0.05})]


def lbfgs():
    store, samples = Store(), []
    for loss, options in LBFGS:
        sample = f"s{len(samples)}"
        a, b = torch.randn(5, 2, dtype=torch.float64), torch.randn(5, dtype=torch.float64)
        if loss == "least_squares":
            store.put(f"{sample}.A", a)
            store.put(f"{sample}.b", b)
        x = torch.tensor([-1.2, 1.5], dtype=torch.float64, requires_grad=True)
        optimizer, values, steps = torch.optim.LBFGS([x], **options), [x.detach().clone()], []

        def closure():
            optimizer.zero_grad()
            value = ((a @ x - b) ** 2).mean() if loss == "least_squares" else (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
            value.backward()
            return value

        for _ in range(STEPS):
            steps.append({"loss": optimizer.step(closure).item()})
            values.append(x.detach().clone())
        samples.append({"id": sample, "optimizer": "LBFGS", "dtype": "float64", "options": options, "loss": loss, "atol": 1e-6, "rtol": 1e-6,
                        "steps": steps, "params": [{"shape": [2], "values": store.put(f"{sample}.p0", torch.stack(values))}]})
    store.sections["samples"] = samples
    return store


# ---- Schedules: [class, options], with a function written as an expression of the epoch ---------------------------------------

SCHEDULES = [
    ["LambdaLR", {"lr_lambda": "max(1 - epoch / 9, 0.5 ** epoch) if epoch != 4 else (epoch // 3) % 2 + 0.25"}],
    ["MultiplicativeLR", {"lr_lambda": "0.8 if epoch % 3 == 1 else 1.05"}],
    ["StepLR", {"step_size": 4, "gamma": 0.3}], ["MultiStepLR", {"milestones": [0, 3, 3, 7]}], ["ConstantLR", {"factor": 0.25, "total_iters": 4}],
    ["LinearLR", {"start_factor": 0.2, "end_factor": 0.9, "total_iters": 6}], ["ExponentialLR", {"gamma": 0.8}],
    ["PolynomialLR", {"total_iters": 7, "power": 1.5}], ["CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}],
    ["CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2}],
    ["CyclicLR", {"base_lr": 0.02, "max_lr": 0.2, "step_size_up": 2, "step_size_down": 3, "mode": "triangular2"}],
    ["CyclicLR", {"base_lr": 0.02, "max_lr": 0.2, "step_size_up": 3, "mode": "exp_range", "gamma": 0.9, "cycle_momentum": False}],
    ["OneCycleLR", {"max_lr": 0.3, "total_steps": 14}],
    ["OneCycleLR", {"max_lr": 0.3, "epochs": 7, "steps_per_epoch": 2, "three_phase": True, "anneal_strategy": "linear", "final_div_factor": 10.0}],
    ["ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 1, "min_lr": 0.01}],
    ["ReduceLROnPlateau", {"mode": "max", "patience": 0, "threshold": 0.05, "threshold_mode": "abs"}],
    ["SWALR", {"swa_lr": 0.03, "anneal_epochs": 4}], ["SWALR", {"swa_lr": 0.03, "anneal_epochs": 0, "anneal_strategy": "linear"}],
    ["ChainedScheduler", {"schedulers": [["LinearLR", {"total_iters": 3}], ["StepLR", {"step_size": 2}]]}],
    ["SequentialLR", {"milestones": [2, 5, 9], "schedulers": [["ConstantLR", {}], ["LinearLR", {"total_iters": 2}], ["CosineAnnealingWarmRestarts", {"T_0": 3}],
                                                              ["MultiStepLR", {"milestones": [0, 2]}]]}],
]
EPOCHS = 14


def make_schedule(optimizer, name, options):
    options = dict(options)
    if "lr_lambda" in options:
        options["lr_lambda"] = eval(f"lambda epoch: {options['lr_lambda']}")
    if "schedulers" in options:
        options["schedulers"] = [make_schedule(optimizer, *pair) for pair in options["schedulers"]]
    if name == "ChainedScheduler":
        return torch.optim.lr_scheduler.ChainedScheduler(**options)
    where = torch.optim.swa_utils if name == "SWALR" else torch.optim.lr_scheduler
    return getattr(where, name)(optimizer, **options)


def schedules():
    store, samples = Store(), []
    for name, options in SCHEDULES:
        groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.2, 0.05)]
        optimizer = torch.optim.SGD(groups, momentum=0.8)
        schedule = make_schedule(optimizer, name, options)
        metrics = torch.rand(EPOCHS).tolist()
        rows = []
        for metric in [*metrics, None]:
            rows.append([(g["lr"], g["momentum"]) for g in optimizer.param_groups])
            optimizer.step()
            if metric is not None:
                schedule.step(*([metric] if name == "ReduceLROnPlateau" else []))
        samples.append({"id": f"s{len(samples)}", "scheduler": name, "options": options, "base_lrs": [0.2, 0.05], "momentum": 0.8, "atol": 1e-12,
                        "rtol": 1e-9, "lrs": [[lr for lr, _ in row] for row in rows], "momenta": [[m for _, m in row] for row in rows]}
                       | ({"metrics": metrics} if name == "ReduceLROnPlateau" else {}))
    store.sections["samples"] = samples
    return store


CLIPS = [("clip_grad_norm_", {"max_norm": 0.7}), ("clip_grad_norm_", {"max_norm": 0.4, "norm_type": 1.0}),
         ("clip_grad_norm_", {"max_norm": 0.2, "norm_type": math.inf}), ("clip_grad_norm_", {"max_norm": 100.0, "norm_type": 2.5}),
         ("clip_grad_norm_", {"max_norm": 1.0, "norm_type": 0.0}), ("clip_grad_norm_", {"max_norm": 1.0, "norm_type": -math.inf}),
         ("clip_grad_norm_", {"max_norm": 1.0, "error_if_nonfinite": True}), ("clip_grad_value_", {"clip_value": 0.3})]


def clip():
    store, samples = Store(), []
    for name, options in CLIPS:
        for value in (0.5, math.inf, math.nan):
            sample = f"s{len(samples)}"
            params = [nn.Parameter(torch.zeros(s, dtype=torch.float64)) for s in SHAPES]
            for p in params:
                p.grad = torch.randn(p.shape, dtype=torch.float64)
            params[0].grad[1] = value
            text = {"id": sample, "clip": name, "dtype": "float64", "options": {k: plain(v) for k, v in options.items()}, "atol": 1e-7, "rtol": 1e-7,
                    "grads": [store.put(f"{sample}.g{i}", p.grad) for i, p in enumerate(params)]}
            try:
                norm = getattr(nn.utils, name)(params, **options)
                text["norm"] = None if norm is None else store.put(f"{sample}.norm", norm)
                text["clipped"] = [store.put(f"{sample}.c{i}", p.grad) for i, p in enumerate(params)]
            except RuntimeError:
                text["error"] = True
            samples.append(text)
    store.sections["samples"] = samples
    return store


# ---- Models: modules whose parameters are named as the reader expects, and a function of one batch --------------------------


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(5, 6), nn.Linear(6, 7), nn.Linear(7, 3)

    def forward(self, x):
        return self.l3(F.gelu(self.l2(self.l1(x).tanh())))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 2, 5, padding=2), nn.Conv2d(2, 3, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(27, 6), nn.Linear(6, 5), nn.Linear(5, 4)

    def forward(self, x):
        x = (x.to(self.fc1.weight.dtype) / 255)[:, None]
        for conv in (self.conv1, self.conv2):
            x = F.max_pool2d(conv(x).relu(), 2)
        return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        if stride > 1:
            self.skip_conv, self.skip_bn = nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)

    def forward(self, x):
        skip = self.skip_bn(self.skip_conv(x)) if hasattr(self, "skip_bn") else x
        return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + skip).relu()


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.block1, self.block2, self.fc = Block(4, 4, 1), Block(4, 6, 2), nn.Linear(6, 3)

    def forward(self, x):
        x = self.bn(self.conv(x.to(self.fc.weight.dtype) / 255)).relu()
        return self.fc(self.block2(self.block1(x)).mean((2, 3)))


class Gpt(nn.Module):
    """two heads of 4"""

    def __init__(self, vocab):
        super().__init__()
        self.tok, self.pos, self.ln = nn.Embedding(vocab, 8), nn.Embedding(6, 8), nn.LayerNorm(8)
        self.blocks = nn.ModuleList(nn.ModuleDict({"ln1": nn.LayerNorm(8), "qkv": nn.Linear(8, 24), "proj": nn.Linear(8, 8), "ln2": nn.LayerNorm(8),
                                                   "up": nn.Linear(8, 16), "down": nn.Linear(16, 8)}) for _ in range(2))

    def forward(self, ids):
        x = self.tok(ids) + self.pos.weight[: ids.shape[1]]
        for m in self.blocks:
            q, k, v = (p.unflatten(-1, (2, 4)).transpose(1, 2) for p in m["qkv"](m["ln1"](x)).split(8, -1))
            x = x + m["proj"](F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
            x = x + m["down"](F.gelu(m["up"](m["ln2"](x)), approximate="tanh"))
        return (self.ln(x) @ self.tok.weight.T).flatten(0, 1)


class CharLstm(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.embed, self.lstm, self.head, self.carried = nn.Embedding(vocab, 3), nn.LSTM(3, 4, 2, batch_first=True), nn.Linear(4, vocab), None

    def forward(self, x):
        y, state = self.lstm(self.embed(x), self.carried)
        self.carried = tuple(s.detach() for s in state)
        return self.head(y).flatten(0, 1)


class Gru(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.head = nn.GRU(2, 5), nn.Linear(5, 1)

    def forward(self, x):
        return self.head(self.gru(x)[0][-1])[:, 0]


WORDS = ["it", "is", "fine", "not", "."]
TREES = ["(3 (2 it) (4 (2 is) (4 fine)))", "(1 (1 (2 it) (1 (2 is) (0 not))) (2 .))", "(2 .)"]


class TreeLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.leaf, self.node, self.head = nn.Embedding(len(WORDS), 4), nn.Linear(4, 12), nn.Linear(8, 20), nn.Linear(4, 5)

    def cell(self, words, nodes):
        """Takes the words of one tree off the list, from "(" to ")"."""
        words.pop(0)
        label = int(words.pop(0))
        if words[0] == "(":
            (hl, cl), (hr, cr) = self.cell(words, nodes), self.cell(words, nodes)
            i, fl, fr, o, u = self.node(torch.cat([hl, hr])).chunk(5)
            c = i.sigmoid() * u.tanh() + fl.sigmoid() * cl + fr.sigmoid() * cr
        else:
            i, o, u = self.leaf(self.embed.weight[WORDS.index(words.pop(0))]).chunk(3)
            c = i.sigmoid() * u.tanh()
        words.pop(0)
        h = o.sigmoid() * c.tanh()
        nodes.append((h, label))
        return h, c

    def forward(self, text):
        nodes = []
        self.cell(text.replace("(", " ( ").replace(")", " ) ").split(), nodes)
        self.labels = torch.tensor([label for _, label in nodes])
        return self.head(torch.stack([h for h, _ in nodes]))


def letters(batches, rows, length, vocab):
    text = torch.randint(vocab, (batches, rows, length + 1))
    return text[..., :-1].contiguous(), text[..., 1:].contiguous()


def make_run(name):
    """(model, x, y, loss, optimizer, options, and what else the run says)"""
    if name == "mlp":
        return Mlp(), torch.randn(2, 4, 5), torch.randint(3, (2, 4)), "cross_entropy", "SGD", {"lr": 0.2, "momentum": 0.8}, {}
    if name == "lenet":
        x = torch.randint(256, (2, 2, 20, 20), dtype=torch.uint8)
        return LeNet(), x, torch.randint(4, (2, 2)), "cross_entropy", "Adam", {"lr": 0.01}, {}
    if name == "resnet":
        x = torch.randint(256, (2, 3, 3, 6, 6), dtype=torch.uint8)
        return ResNet(), x, torch.randint(3, (2, 3)), "cross_entropy", "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}, {}
    if name == "gpt":
        model = Gpt(7)
        names = [n for n, _ in model.named_parameters()]
        matrices = [n for n, p in model.named_parameters() if p.dim() == 2]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": [n for n in names if n not in matrices], "weight_decay": 0.0}]
        extra = {"groups": groups, "clip_grad_norm": 0.8, "lrs": [0.01 / (1 + i) for i in range(6)]}
        return model, *letters(6, 2, 5, 7), "cross_entropy", "AdamW", {"lr": 0.01, "betas": [0.9, 0.95]}, extra
    if name == "char_lstm":
        return CharLstm(6), *letters(6, 2, 5, 6), "cross_entropy", "AdamW", {"lr": 0.02}, {"clip_grad_norm": 0.3}
    if name == "gru":
        x = torch.rand(6, 4, 3, 2)
        return Gru(), x, x.sum((1, 3)), "mse_loss", "RMSprop", {"lr": 0.01, "centered": True}, {"clip_grad_norm": 1.0}
    return TreeLstm(), None, None, "cross_entropy", "Adagrad", {"lr": 0.1}, {"trees": TREES, "vocab": WORDS}


def train(name, seed, dtype, steps=6):
    torch.manual_seed(seed)
    model, x, y, loss_name, optimizer_name, options, extra = make_run(name)
    model = model.to(dtype)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    named = dict(model.named_parameters())
    given = [{**g, "params": [named[n] for n in g["params"]]} for g in extra.get("groups", [{"params": list(named)}])]
    optimizer = getattr(torch.optim, optimizer_name)(given, **options)
    losses, norms, first = [], [], {}
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = extra["lrs"][step] if "lrs" in extra else group["lr"]
        if x is None:
            out = model(TREES[step % len(TREES)])
            target = model.labels
        else:
            batch = x[step % len(x)]
            out = model(batch.to(dtype) if batch.is_floating_point() else batch)
            target = y[step % len(y)].flatten()
        loss = getattr(F, loss_name)(out, target.to(dtype) if target.is_floating_point() else target)
        optimizer.zero_grad()
        loss.backward()
        first = first or {n: p.grad.clone() for n, p in named.items() if p.grad is not None}
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), extra.get("clip_grad_norm", math.inf))))
        losses.append(loss.item())
        optimizer.step()
    return model, start, x, y, first, losses, norms, {"loss": loss_name, "optimizer": optimizer_name, "options": options, **extra}


def trajectory(name, seed):
    single = train(name, seed, torch.float32)
    model, start, x, y, first, losses, norms, text = train(name, seed, torch.float64)
    store = Store()
    stray = max(abs(a - b) / abs(b) for a, b in zip(single[5], losses))
    text |= {"name": name, "model": " ".join((type(model).__doc__ or name).split()), "steps": len(losses), "batches": len(TREES if x is None else x),
             "parameters": [n for n, _ in model.named_parameters()], "buffers": [n for n, _ in model.named_buffers()], "losses": losses,
             "losses_float32": single[5], "grad_norms": norms, "float32_deviation": stray}
    rounded = [("init", start), ("grad0", first), ("final", model.state_dict())]
    for part, tensors in rounded:
        for key, value in tensors.items():
            store.put(f"{part}.{key}", value.float() if value.is_floating_point() else value)
    if x is not None:
        store.put("x", x)
        store.put("y", y)
        model.eval()
        model.carried = None
        batch = x[0]
        store.put("eval.out", model(batch.double() if batch.is_floating_point() else batch).float())
    store.sections["trajectory"] = text
    return store


RUNS = ("mlp", "lenet", "resnet", "gpt", "char_lstm", "gru", "treelstm")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    made = {"optimizers": optimizers, "lbfgs": lbfgs, "schedules": schedules, "clip": clip} | {name: lambda name=name: trajectory(name, options.seed) for name in RUNS}
    for name in options.only.split(",") if options.only else made:
        torch.manual_seed(options.seed)
        print(name, made[name]().write(options.out / f"{name}.safetensors"))


if __name__ == "__main__":
    main()
