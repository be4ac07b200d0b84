#!/usr/bin/env python3
"""Writes nn_norms.h: weight norm, spectral norm and CrossMapLRN2d as PyTorch computes them. Run by hand, with PyTorch; the tests need
only nn_norms.h."""
import torch
from torch import nn
from torch.nn.utils import parametrizations

from recorded import write

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

LAYERS = {"LINEAR": (lambda: nn.Linear(3, 4), (5, 3)), "CONV": (lambda: nn.Conv2d(2, 3, 2), (2, 2, 3, 3)),
          "TRANSPOSED": (lambda: nn.ConvTranspose2d(2, 3, 2), (2, 2, 2, 2))}
WEIGHT = [("LINEAR", 0), ("LINEAR", 1), ("LINEAR", None), ("CONV", 0), ("CONV", -2), ("CONV", 3)]
SPECTRAL = [("LINEAR", None, 1), ("LINEAR", 1, 3), ("CONV", None, 2), ("TRANSPOSED", None, 1), ("TRANSPOSED", -4, 2)]
RESPONSE = [(3, 0.5, 0.75, 1.5), (5, 1.0, 1.25, 2.0), (4, 0.7, 0.5, 1.0), (2, 0.3, 0.75, 1.0)]


def numbers(x):
    return "N(%s)" % ", ".join("%.12g" % v for v in x.detach().double().flatten().tolist())


def run(layer, x):
    y = layer(x)
    (y * y).sum().div(2).backward()
    return y


def weight_case(kind, dim):
    make, shape = LAYERS[kind]
    layer, x = make(), torch.randn(shape, requires_grad=True)
    before = layer.weight.detach().clone()
    parametrizations.weight_norm(layer, dim=dim)
    p = layer.parametrizations.weight
    with torch.no_grad():
        p.original0.mul_(1.5)
    g = p.original0.detach().clone()
    y = run(layer, x)
    parts = [before, layer.bias, x, g, y, x.grad, p.original0.grad, p.original1.grad]
    return "{ %s, %s, %s }" % (kind, "TP_NONE" if dim is None else dim, ", ".join(map(numbers, parts)))


def spectral_case(kind, dim, n):
    make, shape = LAYERS[kind]
    layer, x = make(), torch.randn(shape, requires_grad=True)
    before = layer.weight.detach().clone()
    parametrizations.spectral_norm(layer, dim=dim, n_power_iterations=n)
    p = layer.parametrizations.weight
    with torch.no_grad():
        for b in (p[0]._u, p[0]._v):
            b.copy_(nn.functional.normalize(torch.randn_like(b), dim=0))
    u, v = p[0]._u.clone(), p[0]._v.clone()
    y = run(layer, x)
    grads = [x.grad, p.original.grad]
    after = [p[0]._u.clone(), p[0]._v.clone()]
    layer.eval()
    assert torch.equal(layer(x), layer(x))
    parts = [before, layer.bias, x, u, v, y] + grads + after + [layer(x)]
    return "{ %s, %s, %d, %s }" % (kind, "TP_NONE" if dim is None else dim, n, ", ".join(map(numbers, parts)))


def response_case(size, alpha, beta, k):
    x = torch.randn(2, 7, 1, 2, requires_grad=True)
    y = run(nn.CrossMapLRN2d(size, alpha, beta, k), x)
    return "{ %d, %g, %g, %g, %s }" % (size, alpha, beta, k, ", ".join(map(numbers, [x, y, x.grad])))


def main():
    out = ["/* Made by record_nn.py with PyTorch %s. Gradients are those of sum(y^2) / 2. */" % torch.__version__.split("+")[0],
           "#include <taper/core.h>", "", "#define N(...) (const double[]){ __VA_ARGS__ }", "",
           "enum { LINEAR, CONV, TRANSPOSED };", "",
           "static const struct { int layer; int64_t dim; const double *weight, *bias, *x, *g, *y, *dx, *dg, *dv; } weight_norms[] = {"]
    out += ["    %s," % weight_case(*case) for case in WEIGHT]
    out += ["};", "", "static const struct { int layer; int64_t dim, n; "
            "const double *weight, *bias, *x, *u, *v, *y, *dx, *dw, *u_after, *v_after, *y_eval; } spectral_norms[] = {"]
    out += ["    %s," % spectral_case(*case) for case in SPECTRAL]
    out += ["};", "", "static const struct { int64_t size; double alpha, beta, k; const double *x, *y, *dx; } responses[] = {"]
    out += ["    %s," % response_case(*case) for case in RESPONSE]
    write("nn_norms.h", out + ["};"])


if __name__ == "__main__":
    main()
