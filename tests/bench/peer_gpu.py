#!/usr/bin/env python3
"""PyTorch on the network of unmask, on a GPU: images per second of a training step, three ways.

    python3 tests/bench/peer_gpu.py [--device cuda] [--batch 32,256,2048] [--seconds 0.5]

    eager   float32, NCHW, PyTorch's defaults: as people run it (its convolutions round to TF32)
    amp     channels_last, autocast to bfloat16, cuDNN's algorithms tried out
    graph   the same, captured as one CUDA graph: forward, backward, RMSprop

Frames are floats on the device before the clock starts. One line per result: `peer eager 32 1234.5`;
then what the device can do at best: `peer copy 0 4300.0` (GB/s read and written by a copy) and
`peer matmul-bf16 0 780.0` (TFLOP/s of a large product). What cannot run says `SKIP: reason`.
"""
import argparse
import sys

from peer_train import network, rate, torch  # ends with a SKIP line where there is no PyTorch


def trainer(device, batch, mode):
    """A function that makes one training step."""
    best = mode != "eager"
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = best
    layout = torch.channels_last if best else torch.contiguous_format
    model = network(128, [16, 32, 64])[:-1].to(device, memory_format=layout)  # the loss has the sigmoid
    x = torch.rand(batch, 3, 128, 128, device=device).contiguous(memory_format=layout)
    y = (torch.arange(batch, device=device) % 2).float()
    options = {"capturable": True} if mode == "graph" else {}
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.99, eps=1e-8, **options)
    criterion = torch.nn.BCEWithLogitsLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        # a cached weight would be cast outside the graph
        with torch.autocast(device, torch.bfloat16, enabled=best, cache_enabled=mode != "graph"):
            logits = model(x).flatten()
        criterion(logits.float(), y).backward()
        optimizer.step()

    return captured(step) if mode == "graph" else step


def captured(step):
    """The step as a CUDA graph, after a few steps beside it that let everything be allocated."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def limits(device, seconds, wait):
    """What the device can do: a copy's GB/s, and a product's TFLOP/s in each precision."""
    big = device == "cuda"
    count = 2**30 if big else 2**26
    source = torch.ones(count, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    yield "copy", rate(lambda: target.copy_(source), 2 * count / 1e9, seconds, wait)
    n = 8192 if big else 512
    for name, kind, tf32 in [("fp32", torch.float32, False), ("tf32", torch.float32, True), ("bf16", torch.bfloat16, False)]:
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a = torch.randn(n, n, device=device).to(kind)
        yield f"matmul-{name}", rate(lambda: torch.matmul(a, a), 2 * n**3 / 1e12, seconds, wait)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch", default="32,256,2048")
    parser.add_argument("--seconds", type=float, default=0.5)
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        print("SKIP: PyTorch sees no GPU")
        sys.exit(0)
    wait = torch.cuda.synchronize if args.device == "cuda" else lambda: None
    for batch in map(int, args.batch.split(",")):
        for mode in ["eager", "amp", "graph"]:
            if mode == "graph" and args.device != "cuda":
                print("SKIP: a CUDA graph needs a GPU")
                continue
            try:
                step = trainer(args.device, batch, mode)
                for _ in range(3):
                    step()
                print(f"peer {mode} {batch} {rate(step, batch, args.seconds, wait):.1f}", flush=True)
            except Exception as error:  # the others still count
                print(f"SKIP: PyTorch, {mode}, batch {batch}: {repr(error)[:200]}", flush=True)
    for name, value in limits(args.device, args.seconds, wait):
        print(f"peer {name} 0 {value:.3f}", flush=True)


if __name__ == "__main__":
    main()
