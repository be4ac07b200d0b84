#!/usr/bin/env python3
"""Takes a net from PyTorch to Taper and back.

    python3 examples/interop/interop.py

PyTorch saves a net, a batch, and what it makes of them: outputs, gradients, the weights after a step of Adam. interop.c loads the
net, does the same and saves it; PyTorch loads that, strictly, and must see what Taper saw. The exit status is 1 if any number
differs by 1e-5 or more. --record DIR only writes PyTorch's part.
"""

import argparse
import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit("interop: this needs PyTorch: pip install torch")

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = 1e-5


class Net(nn.Module):
    """What interop.c builds. Biases that what follows takes away again (before a batch norm, of attention's keys) are left out:
    their gradients are nothing but rounding, which a step of Adam would make as large as any other."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.lstm = nn.LSTM(12, 16, batch_first=True)
        self.attention = nn.MultiheadAttention(16, 4, bias=False, batch_first=True)
        self.after = nn.LayerNorm(16)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.norm(self.conv(x)).relu(), 2)
        x, _ = self.lstm(x.permute(0, 3, 1, 2).flatten(2))
        x = self.after(x + self.attention(x, x, x, need_weights=False)[0])
        return self.head(x.mean(1))


# safetensors, for who lacks the package: the length of a JSON header, the header, the elements.

NAMES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


def save_file(tensors, path):
    header, data = {}, b""
    for name, x in tensors.items():
        raw = x.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": NAMES[x.dtype], "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def load_file(path):
    raw = bytearray(Path(path).read_bytes())
    length = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        dtype = next(d for d, text in NAMES.items() if text == entry["dtype"])
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(raw[8 + length + begin : 8 + length + end], dtype=dtype)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


try:
    from safetensors.torch import load_file, save_file  # noqa: F811
except ImportError:
    pass


def record(folder):
    """Writes the net, the batch and what PyTorch makes of them; returns the net after its step."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    net = Net()
    x, y = torch.randn(16, 1, 6, 8), torch.randint(0, 5, (16,))
    save_file({name: v.clone() for name, v in net.state_dict().items()}, folder / "model.safetensors")
    torch.save(net.state_dict(), folder / "model.pt")
    save_file({"x": x, "y": y}, folder / "batch.safetensors")

    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    logits = net(x)
    loss = nn.functional.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    expected = {"logits": logits.detach(), "loss": loss.detach()}
    expected |= {f"grad.{name}": p.grad for name, p in net.named_parameters()}
    expected |= {f"step.{name}": v.clone() for name, v in net.state_dict().items()}
    net.eval()
    with torch.no_grad():
        expected["answers"] = net(x)
    save_file(expected, folder / "expected.safetensors")
    return net, x


def apart(a, b):
    difference = (a.double() - b.double()).abs().max().item()
    return math.inf if math.isnan(difference) else difference


def main():
    parser = argparse.ArgumentParser(description="Takes a net from PyTorch to Taper and back.")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/interop", help="where the files go (default build/interop)")
    parser.add_argument("--program", type=Path, help="what interop.c became (default: built by make)")
    parser.add_argument("--record", type=Path, metavar="DIR", help="only write PyTorch's files, to DIR")
    arguments = parser.parse_args()
    if arguments.record:
        record(arguments.record)
        return 0

    print(f"PyTorch {torch.__version__} -> Taper", flush=True)
    net, x = record(arguments.folder)
    program = arguments.program
    if program is None:
        program = ROOT / "build/release/bin/interop"
        subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "-C", ROOT, "build/release/bin/interop"], check=True, stdout=subprocess.DEVNULL)
    if subprocess.run([program, "--data", arguments.folder]).returncode:
        return 1

    print("Taper -> PyTorch")
    back = Net().eval()
    back.load_state_dict(load_file(arguments.folder / "taper.safetensors"), strict=True)
    answers = load_file(arguments.folder / "answers.safetensors")["answers"]
    ours = net.state_dict()
    worst = max(apart(v, ours[name]) for name, v in back.state_dict().items())
    print(f"{'weights':34} {worst:.1e} from PyTorch's own")
    with torch.no_grad():
        again = apart(back(x), answers)
    print(f"{'outputs of the net that came back':34} {again:.1e} from Taper's")
    if max(worst, again) >= ALLOWED:
        print(f"interop: {max(worst, again):g} is more than {ALLOWED:g}", file=sys.stderr)
        return 1
    print(f"both ways agree within {ALLOWED:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
