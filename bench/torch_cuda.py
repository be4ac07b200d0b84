#!/usr/bin/env python3
"""PyTorch on a GPU at the work of taper-bench: the same weights and inputs, drawn by the same generator in the same order.

    torch_cuda.py --list
    torch_cuda.py --case NAME [--compile] [--steps N] [--device cuda|cpu] [--tf32] [--amp]
    torch_cuda.py --probe                  versions, the device, and what it reaches: copies and a product of bfloat16

One JSON line: case, mode, device, median_us, min_us, iters, items_per_s, peak_device_mb, loss_first, loss_10, loss_last. A step is timed from
its start to its loss on the host, a small case by events of the device. Fused optimizers are used where PyTorch has them.
"""
import argparse, json, statistics, sys, time

import numpy as np
import torch
import torch.nn.functional as F

A, C = 6364136223846793005, 1442695040888963407


class Draw:
    """s = s A + C mod 2^64; 24 bits of each s, by blocks: s_k = A^k s_0 + C (A^(k-1) + ... + 1)."""
    N = 1 << 16

    def __init__(self, device):
        self.s, self.device = 1, device
        self.a, self.c = np.empty(self.N, np.uint64), np.empty(self.N, np.uint64)
        a, c = 1, 0
        for k in range(self.N):
            a, c = a * A % 2 ** 64, (c * A + C) % 2 ** 64
            self.a[k], self.c[k] = a, c

    def bits(self, n):
        out = np.empty(n, np.uint64)
        with np.errstate(over='ignore'):
            for at in range(0, n, self.N):
                m = min(self.N, n - at)
                s = self.a[:m] * np.uint64(self.s) + self.c[:m]
                out[at:at + m] = s >> np.uint64(40)
                self.s = int(s[-1])
        return out

    def there(self, array, shape):
        return torch.from_numpy(array.reshape(shape)).to(self.device)

    def uniform(self, shape, a):
        k = self.bits(int(np.prod(shape))).astype(np.float32)
        return self.there(np.float32(a) * (k * np.float32(2 ** -23) - np.float32(1)), shape)

    def uniform01(self, shape):
        return self.there(self.bits(int(np.prod(shape))).astype(np.float32) * np.float32(2 ** -24), shape)

    def ints(self, shape, n):
        return self.there((self.bits(int(np.prod(shape))) % np.uint64(n)).astype(np.int64), shape)

    def const(self, shape, value):
        return torch.full(shape, value, device=self.device)

    def linear(self, out, into):
        return [self.uniform((out, into), into ** -.5), self.const((out,), 0.)]

    def text(self, batches, batch, steps, symbols=65):
        x, y = np.empty((batches * batch, steps), np.int64), np.empty((batches * batch, steps), np.int64)
        for row in range(batches * batch):
            k = self.bits(steps + 1)
            c = int(k[0]) % symbols
            for t in range(steps):
                x[row, t] = c
                y[row, t] = c = (7 * c + 3 + int(k[t + 1]) % 3) % symbols
        return self.there(x, (batches, batch, steps)), self.there(y, (batches, batch * steps))


def leaves(lists):
    flat = [t for part in lists for t in (part if isinstance(part, list) else [part])]
    return [t.requires_grad_(True) for t in flat]


# Each case gives (loss of batch i, optimizer, items, steps, warm-up); a small one (function, items, repetitions).

def mlp(g):
    p = leaves([g.linear(512, 784), g.linear(256, 512), g.linear(10, 256)])
    x, y = g.uniform((8, 128, 784), 1), g.ints((8, 128), 10)

    def loss(x, y):
        h = F.relu(F.linear(x, p[0], p[1]))
        return F.cross_entropy(F.linear(F.relu(F.linear(h, p[2], p[3])), p[4], p[5]), y)
    return loss, (x, y), torch.optim.SGD(p, lr=.05, momentum=.9, fused=g.fused), 128, 300, 50


def lenet(g):
    p = leaves([g.uniform((6, 1, 5, 5), .2), g.const((6,), 0.), g.uniform((16, 6, 5, 5), 150 ** -.5), g.const((16,), 0.),
                g.linear(120, 400), g.linear(84, 120), g.linear(10, 84)])
    x, y = g.uniform01((8, 64, 1, 28, 28)), g.ints((8, 64), 10)

    def loss(x, y):
        h = F.max_pool2d(F.relu(F.conv2d(x, p[0], p[1], padding=2)), 2)
        h = F.max_pool2d(F.relu(F.conv2d(h, p[2], p[3])), 2).flatten(1)
        h = F.relu(F.linear(F.relu(F.linear(h, p[4], p[5])), p[6], p[7]))
        return F.cross_entropy(F.linear(h, p[8], p[9]), y)
    return loss, (x, y), torch.optim.Adam(p, lr=1e-3, fused=g.fused), 64, 150, 20


def gpt(width, heads, blocks, steps, symbols, batch, tied):
    def build(g):
        tokens, places = g.uniform((symbols, width), .02), g.uniform((steps, width), .02)
        each = []
        for _ in range(blocks):
            first = [g.const((width,), 1.), g.const((width,), 0.)] + g.linear(3 * width, width) + g.linear(width, width)
            each.append(first + [g.const((width,), 1.), g.const((width,), 0.)] + g.linear(4 * width, width) + g.linear(width, 4 * width))
        last = [g.const((width,), 1.), g.const((width,), 0.)]
        head = tokens if tied else g.uniform((symbols, width), width ** -.5)
        p = leaves([tokens, places] + each + [last] + ([] if tied else [head]))
        if tied:
            x, y = g.ints((2, batch, steps), symbols), g.ints((2, batch * steps), symbols)
        else:
            x, y = g.text(8, batch, steps)

        def loss(x, y):
            h = F.embedding(x, tokens) + places
            for w in each:
                q, k, v = (t.view(batch, steps, heads, width // heads).transpose(1, 2)
                           for t in F.linear(F.layer_norm(h, (width,), w[0], w[1]), w[2], w[3]).chunk(3, -1))
                a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, steps, width)
                h = h + F.linear(a, w[4], w[5])
                up = F.gelu(F.linear(F.layer_norm(h, (width,), w[6], w[7]), w[8], w[9]), approximate='tanh' if tied else 'none')
                h = h + F.linear(up, w[10], w[11])
            return F.cross_entropy(F.linear(F.layer_norm(h, (width,), *last), head).flatten(0, 1), y)
        opt = torch.optim.AdamW(p, lr=1e-4 if tied else 1e-3, weight_decay=.01, fused=g.fused)
        return loss, (x, y), opt, batch * steps, 30 if tied else 40, 5 if tied else 4
    return build


def adamw(g):
    _, _, opt, _, _, _ = gpt(768, 12, 12, 1024, 50304, 1, True)(g)
    p = opt.param_groups[0]['params']
    for t in p:
        t.grad = torch.full_like(t, .001)
    return None, p[-2], opt, 1, 60, 10


def resnet50(g):
    def conv(into, out, kernel):
        fan = into * kernel * kernel
        return [g.uniform((out, into, kernel, kernel), (6 / fan) ** .5), g.const((out,), 1.), g.const((out,), 0.)]
    into, all_of, plan = 64, [conv(3, 64, 7)], []
    for s, n in enumerate((3, 4, 6, 3)):
        for k in range(n):
            inner, stride = 64 << s, 2 if s and not k else 1
            all_of += [conv(into, inner, 1), conv(inner, inner, 3), conv(inner, 4 * inner, 1)]
            if not k:
                all_of.append(conv(into, 4 * inner, 1))
            plan.append((stride, not k))
            into = 4 * inner
    fc = g.linear(1000, into)
    p = leaves(all_of + [fc])
    x, y = g.uniform((2, 64, 3, 224, 224), 1.7), g.ints((2, 64), 1000)
    stats = [(g.const((w.shape[0],), 0.), g.const((w.shape[0],), 1.)) for w, _, _ in all_of]

    def norm(i, x, stride):
        w, scale, shift = all_of[i]
        return F.batch_norm(F.conv2d(x, w, None, stride, w.shape[2] // 2), *stats[i], scale, shift, True)

    def loss(x, y):
        h, at = F.max_pool2d(F.relu(norm(0, x, 2)), 3, 2, 1), 1
        for stride, reshapes in plan:
            r = norm(at + 2, F.relu(norm(at + 1, F.relu(norm(at, h, 1)), stride)), 1)
            at += 3
            if reshapes:
                h = norm(at, h, stride)
                at += 1
            h = F.relu(r + h)
        return F.cross_entropy(F.linear(h.mean((2, 3)), *fc), y)
    return loss, (x, y), torch.optim.SGD(p, lr=.01, momentum=.9, fused=g.fused), 64, 30, 5


def lstm(g):
    width, layers = 256, 2
    embedding = g.uniform((65, width), .1)
    drawn = [[g.uniform((4 * width, width), .0625), g.uniform((4 * width, width), .0625), g.const((4 * width,), 0.), g.const((4 * width,), 0.)]
             for _ in range(layers)]
    out = g.linear(65, width)
    x, y = g.text(8, 32, 64)
    net = torch.nn.LSTM(width, width, layers, batch_first=True, device=g.device)
    with torch.no_grad():
        for to, value in zip(net.parameters(), [t for layer in drawn for t in layer]):
            to.copy_(value)
    p = leaves([embedding, out]) + list(net.parameters())

    def loss(x, y):
        return F.cross_entropy(F.linear(net(F.embedding(x, embedding))[0], *out).flatten(0, 1), y)
    return loss, (x, y), torch.optim.Adam(p, lr=2e-3, fused=g.fused), 32 * 64, 24, 3


def tinyrnn(g):
    a = 32 ** -.5
    p = leaves([g.uniform((32, 32), a), g.uniform((32, 32), a), g.const((32,), 0.), g.uniform((32, 1), a), g.const((1,), 0.)])
    x, y = g.uniform((8, 100, 1, 32), 1), g.uniform((8, 1, 1), 1)

    def loss(x, y):
        h = torch.zeros(1, 32, device=x.device)
        for t in range(100):
            h = torch.tanh(x[t] @ p[0] + h @ p[1] + p[2])
        e = h @ p[3] + p[4] - y
        return (e * e).sum()
    return loss, (x, y), torch.optim.SGD(p, lr=.01, fused=g.fused), 100, 200, 20


def chain(size):
    def build(g):
        a, b = g.uniform((size,), 1), g.uniform((size,), 1)
        return (lambda: a + b), 1, 100
    return build


def pair(name, n):
    def build(g):
        a = g.uniform((n, n), 1)
        b = g.uniform((n, n), 1) if name in ('add', 'mul', 'matmul') else None
        return {'add': lambda: a + b, 'mul': lambda: a * b, 'tanh': lambda: torch.tanh(a), 'softmax': lambda: torch.softmax(a, -1),
                'matmul': lambda: a @ b, 'gelu': lambda: F.gelu(a)}[name], 1, 10
    return build


STEPS = {'train_mlp': mlp, 'train_tinyrnn': tinyrnn, 'train_lenet': lenet, 'train_gpt': gpt(128, 4, 4, 128, 65, 8, False), 'train_resnet50': resnet50,
         'train_charlstm_nn': lstm,
         'train_gpt2_124m': gpt(768, 12, 12, 1024, 50304, 4, True), 'step_adamw_124m': adamw}
SMALL = {'op_add_1_nograd': chain(1), **{f'{name}_4096': pair(name, 4096) for name in ('add', 'mul', 'tanh', 'softmax', 'gelu')},
         **{f'matmul_{n}': pair('matmul', n) for n in (512, 1024)}}


def wait(o):
    if o.device == 'cuda':
        torch.cuda.synchronize()


def measure_steps(o, g):
    loss_of, data, opt, items, steps, warm = STEPS[o.case](g)
    steps = min(steps, o.steps or steps)
    warm = min(warm, steps // 2)
    if o.compile:
        loss_of = torch.compile(loss_of) if loss_of else loss_of
    us, losses = [], []
    for i in range(steps):
        wait(o)
        start = time.perf_counter()
        if loss_of:
            opt.zero_grad(set_to_none=True)
            x, y = data
            with torch.autocast(o.device, torch.bfloat16, enabled=o.amp):
                loss = loss_of(x[i % len(x)], y[i % len(y)])
            loss.backward()
            opt.step()
            losses.append(loss.item())
        else:
            opt.step()
            losses.append(data.flatten()[0].item())
        if i >= warm:
            us.append((time.perf_counter() - start) * 1e6)
    return us, items, losses


def measure_small(o, g):
    run, items, inner = SMALL[o.case](g)
    with torch.no_grad():
        for _ in range(3 * inner):
            run()
        us = []
        for _ in range(50):
            wait(o)
            if o.device == 'cuda':
                a, b = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                a.record()
            start = time.perf_counter()
            for _ in range(inner):
                run()
            took = (time.perf_counter() - start) * 1e6
            if o.device == 'cuda':
                b.record()
                wait(o)
                took = a.elapsed_time(b) * 1e3
            us.append(took / inner)
        return us, items, [float(run().double().sum())]


def probe():
    r = {'torch': torch.__version__, 'cuda': torch.version.cuda, 'cudnn': torch.backends.cudnn.version(), 'device': torch.cuda.get_device_name(0)}
    x = torch.empty(1 << 28, dtype=torch.float32, device='cuda')
    a, b = (torch.randn(8192, 8192, device='cuda', dtype=torch.bfloat16) for _ in range(2))
    for name, run, work in (('copy_TB_s', lambda: x.clone(), 8 * x.numel() / 1e12), ('bf16_product_TFLOP_s', lambda: a @ b, 2 * 8192 ** 3 / 1e12)):
        took = []
        for _ in range(20):
            s, e = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            s.record()
            run()
            e.record()
            torch.cuda.synchronize()
            took.append(s.elapsed_time(e) / 1e3)
        r[name] = round(work / statistics.median(took[5:]), 2)
    print(json.dumps(r))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--list', action='store_true')
    p.add_argument('--probe', action='store_true')
    p.add_argument('--case')
    p.add_argument('--compile', action='store_true')
    p.add_argument('--tf32', action='store_true')
    p.add_argument('--amp', action='store_true', help='the loss is computed under autocast to bfloat16')
    p.add_argument('--steps', type=int, default=0)
    p.add_argument('--device', default='cuda', choices=('cuda', 'cpu'))
    o = p.parse_args()
    if o.list:
        return print('\n'.join([*STEPS, *SMALL]))
    if o.device == 'cuda' and not torch.cuda.is_available():
        print('torch_cuda.py: this PyTorch sees no GPU', file=sys.stderr)
        sys.exit(77)
    if o.probe:
        return probe()
    if o.case not in STEPS and o.case not in SMALL:
        sys.exit(f'torch_cuda.py: no case {o.case}; --list names them')
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = o.tf32      # as Taper: float32 is float32 unless asked
    g = Draw(o.device)
    g.fused = o.device == 'cuda'
    us, items, losses = (measure_steps if o.case in STEPS else measure_small)(o, g)
    median = statistics.median(us)
    print(json.dumps({'case': o.case, 'mode': 'compiled' if o.compile else 'eager', 'device': o.device, 'median_us': round(median, 3),
                      'min_us': round(min(us), 3), 'iters': len(us), 'items_per_s': round(items / median * 1e6, 1),
                      'peak_device_mb': round(torch.cuda.max_memory_allocated() / 2 ** 20, 1) if o.device == 'cuda' else None,
                      'loss_first': losses[0], 'loss_10': losses[10] if len(losses) > 10 else None, 'loss_last': losses[-1]}))


if __name__ == '__main__':
    main()
