#!/usr/bin/env python3
"""Golden values of training, from PyTorch (Debian: python3-torch).

Writes tests/golden/torch_default.txt and torch_small.txt. Frames and initial weights are made here
by the formulas of common/base/random.h and common/model/model.c, so a C test makes the same.
The classes differ in a pattern, so that the loss falls as in a real run.

    python3 tests/golden/make_torch.py [threads]
"""
import os
import sys

import numpy as np
import torch

MASK = (1 << 64) - 1
HERE = os.path.dirname(os.path.abspath(__file__))


def mix(x):
    x = x ^ (x >> np.uint64(30))
    x = x * np.uint64(0xBF58476D1CE4E5B9)
    x = x ^ (x >> np.uint64(27))
    x = x * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def random_at(seed, count):
    """Values 0 .. count-1 of the stream `seed`."""
    k = np.arange(1, count + 1, dtype=np.uint64)
    return mix(mix(np.array([seed], np.uint64)) + k * np.uint64(0x9E3779B97F4A7C15))


def initial(model, seed):
    """model_initialise: U(-1/sqrt(fan_in), 1/sqrt(fan_in)); element k is a function of (seed, k)."""
    count = sum(p.numel() for p in model.parameters())
    unit = (random_at(seed, count) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    at = 0
    for name, p in model.named_parameters():
        if name.endswith("weight"):
            fan_in = p[0].numel()
        bound = np.float32(1 / np.sqrt(float(fan_in)))
        values = (2 * unit[at : at + p.numel()] - 1) * bound
        p.data.copy_(torch.from_numpy(values.reshape(p.shape)))
        at += p.numel()


def batch(size, n, step):
    """Frames (n,size,size,3) and labels of a step, as golden_batch in tests/unit/test_golden.c.

    A coarse pattern of each frame's own, some noise, and dim stripes whose direction is the label.
    """
    fine = (random_at(1000 + step, n * size * size * 3) >> np.uint64(61)).astype(np.int64)
    coarse = (random_at(5000 + step, n * 8 * 8 * 3) >> np.uint64(60)).astype(np.int64)
    coarse = coarse.reshape(n, 8, 8, 3).repeat(size // 8, 1).repeat(size // 8, 2)
    label = (np.arange(n).reshape(n, 1, 1, 1) + step) % 2
    y = np.arange(size).reshape(1, size, 1, 1)
    x = np.arange(size).reshape(1, 1, size, 1)
    stripes = np.where(label == 1, x // 2 % 2, y // 2 % 2) * 64
    frames = coarse + fine.reshape(n, size, size, 3) + stripes
    return frames.astype(np.uint8), label.reshape(n).astype(np.float32)


def network(size, channels):
    layers, c = [], 3
    for k in channels:
        layers += [torch.nn.Conv2d(c, k, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2)]
        c, size = k, size // 2
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(c * size * size, 1))


def numbers(file, title, values):
    file.write(f"{title} {len(values)}\n")
    file.writelines(f"{float(v):.9g}\n" for v in values)


def sample(tensor):
    """At most 64 elements of a tensor, evenly spaced, and its norm."""
    flat = tensor.detach().double().flatten().numpy()
    stride = max(1, len(flat) // 64)
    return list(flat[::stride][:64]) + [np.linalg.norm(flat)]


def run(path, size, channels, n, steps, square_avg):
    """square_avg: what RMSprop's running square starts from. From 0 its first steps move every weight
    by 0.01, and the default network, with 16,384 inputs to its last layer, is thrown about so that
    one rounding of the weights changes later losses by per cents: nothing could be compared."""
    model = network(size, channels)
    initial(model, 7)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001)
    for p in model.parameters():
        optimizer.state[p] = {"step": 0, "square_avg": torch.full_like(p, square_avg)}
    criterion = torch.nn.BCELoss()
    losses = []
    with open(path, "w") as file:
        file.write(f"# PyTorch {torch.__version__}, made by tests/golden/make_torch.py\n")
        for step in range(steps):
            frames, labels = batch(size, n, step)
            x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
            optimizer.zero_grad()
            loss = criterion(torch.sigmoid(model(x)).flatten(), torch.from_numpy(labels))
            loss.backward()
            losses.append(loss.item())
            if step == 0:
                numbers(file, "initial", sum((sample(p) for p in model.parameters()), []))
                numbers(file, "gradient", sum((sample(p.grad) for p in model.parameters()), []))
            optimizer.step()
            if step == 0:
                numbers(file, "updated", sum((sample(p) for p in model.parameters()), []))
        numbers(file, "losses", losses)
    return losses


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    where = sys.argv[2] if len(sys.argv) > 2 else HERE
    print(run(os.path.join(where, "torch_default.txt"), 128, [16, 32, 64], 32, 50, 0.003))
    print(run(os.path.join(where, "torch_small.txt"), 16, [5, 12], 8, 50, 0.0))


if __name__ == "__main__":
    main()
