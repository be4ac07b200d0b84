"""Makes the small files beside it, which test_io reads: with PyTorch and NumPy, so that they are what users have.

Usage: make.py, in any folder."""
import collections
import os
import zipfile

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def checkpoint():
    """A model, its optimizer after two steps, what a training script keeps besides, and the model one step later."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 2, bias=False))
    opt = torch.optim.Adam(net.parameters(), lr=0.1, betas=(0.8, 0.9))

    def step(t):
        for i, p in enumerate(net.parameters()):
            p.grad = torch.full_like(p, 0.25 * (i + 1) - t)
        opt.step()

    step(0)
    step(1)
    kept = {"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 7, "best": 0.5, "done": True, "name": "mlp",
            "none": None, "sizes": [1, 2, 3], "mixed": [torch.ones(1), "text"], "counter": collections.Counter("ab")}
    kept = {k: {n: t.clone() for n, t in v.items()} if k == "model" else v for k, v in kept.items()}
    kept["optimizer"] = {"state": {i: {n: t.clone() for n, t in s.items()} for i, s in opt.state_dict()["state"].items()},
                         "param_groups": opt.state_dict()["param_groups"]}
    step(2)
    kept["after"] = net.state_dict()
    torch.save(kept, path("checkpoint.pt"))


def tensors():
    base = torch.arange(24.)
    kinds = {str(t)[6:]: torch.arange(4).to(t) for t in (
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
        torch.bool, torch.complex64, torch.complex128, torch.uint16)}
    views = {"base": base, "turned": base.view(4, 6).t(), "row": base[6:12], "wide": base[3:4].expand(2, 3), "scalar": torch.tensor(2.5),
             "none": torch.zeros(0, 3), "parameter": torch.nn.Parameter(torch.ones(2)), "sparse": torch.eye(2).to_sparse()}
    torch.save(collections.OrderedDict(views=views, kinds=kinds), path("tensors.pt"), pickle_protocol=4)


def big_endian():
    """As a machine of the other byte order writes it."""
    torch.save({"x": torch.tensor([1.5, -2.0]), "z": torch.tensor([1 + 2j]), "b": torch.tensor([True])}, path("big.pt"))
    with zipfile.ZipFile(path("big.pt")) as old:
        parts = {i.filename: old.read(i) for i in old.infolist()}
    sizes = {"big/data/0": 4, "big/data/1": 4, "big/data/2": 1}
    with zipfile.ZipFile(path("big.pt"), "w") as new:
        for name, data in parts.items():
            if name in sizes:
                data = np.frombuffer(data, "u%d" % sizes[name]).byteswap().tobytes()
            new.writestr(zipfile.ZipInfo(name), b"big" if name == "big/byteorder" else data)


def arrays():
    x = np.arange(6, dtype="f4").reshape(2, 3)
    np.save(path("array.npy"), x)
    np.save(path("fortran.npy"), np.asfortranarray(np.arange(24, dtype="i2").reshape(2, 3, 4)))
    np.savez_compressed(path("arrays.npz"), x=x, big=np.arange(3, dtype=">i4"), scalar=np.float64(3.5), flags=np.array([True, False]),
                        z=np.array([1 + 2j]), unsigned=np.arange(2, dtype="u2"), text=np.array(["ab"]))


if __name__ == "__main__":
    checkpoint()
    tensors()
    big_endian()
    arrays()
