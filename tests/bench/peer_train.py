#!/usr/bin/env python3
"""PyTorch on the network of unmask: images per second of a training step and of inference.

    python3 tests/bench/peer_train.py [--batch 32] [--threads 2] [--layout channels_last|default]
                                      [--rounds 5] [--seconds 1] [--store store.h5]

One line per result: `peer train 123.4`, `peer infer 456.7` (median of the rounds). Frames are read
and converted to float before the clock starts. For PyTorch at its best set also
MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 in the environment: its large
activations then no longer come from fresh pages in every step.
"""
import argparse
import statistics
import sys
import time

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"SKIP: {error}")
    sys.exit(0)


def read_frames(args):
    """uint8 (N,H,W,3) and labels: the first rows of a store, or noise."""
    if args.store:
        import h5py

        with h5py.File(args.store, "r") as store:
            frames = store["train/frames"][: args.batch]
            labels = store["train/labels"][: args.batch]
    else:
        noise = np.random.default_rng(1)
        frames = noise.integers(0, 256, (args.batch, 128, 128, 3), dtype=np.uint8)
        labels = np.arange(args.batch) % 2
    return frames, labels.astype(np.float32)


def network(size, channels):
    layers, c = [], 3
    for k in channels:
        layers += [torch.nn.Conv2d(c, k, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2)]
        c, size = k, size // 2
    layers += [torch.nn.Flatten(), torch.nn.Linear(c * size * size, 1), torch.nn.Sigmoid()]
    return torch.nn.Sequential(*layers)


def rate(function, images, seconds, wait=lambda: None):
    """Images per second of a function, called for about so many seconds; wait() ends what it began.

    One call is timed first: a device takes a thousand launches before it makes the caller wait, which
    a loop that watches the clock would all begin.
    """
    function()
    wait()
    begin = time.perf_counter()
    function()
    wait()
    calls = max(1, int(seconds / (time.perf_counter() - begin)))
    begin = time.perf_counter()
    for _ in range(calls):
        function()
    wait()
    return calls * images / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layout", choices=["channels_last", "default"], default="channels_last")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--channels", default="16,32,64")
    parser.add_argument("--store")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    frames, labels = read_frames(args)
    layout = torch.channels_last if args.layout == "channels_last" else torch.contiguous_format
    model = network(frames.shape[1], [int(k) for k in args.channels.split(",")])
    model = model.to(memory_format=layout)
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(255).contiguous(memory_format=layout)
    y = torch.from_numpy(labels)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001)
    criterion = torch.nn.BCELoss()

    def train():
        optimizer.zero_grad(set_to_none=True)
        criterion(model(x).flatten(), y).backward()
        optimizer.step()

    def infer():
        with torch.inference_mode():
            model(x)

    results = {"train": [], "infer": []}
    for _ in range(args.rounds):
        results["train"].append(rate(train, len(x), args.seconds))
        results["infer"].append(rate(infer, len(x), args.seconds))
    for what, rates in results.items():
        print(f"peer {what} {statistics.median(rates):.1f}")


if __name__ == "__main__":
    main()
