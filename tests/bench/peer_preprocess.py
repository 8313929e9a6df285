#!/usr/bin/python3
"""peer_preprocess.py FOLDER [SECONDS]: what the usual Python way of reading frames reaches.

torchvision's ImageFolder with Resize((128, 128)) and ToTensor, in one process on one thread, over the
frames below FOLDER (one sub-folder per class) for about SECONDS (default 10), shuffled. Prints

    peer torchvision <images per second>

Without torchvision, Pillow and numpy do the same work and say so ("peer pillow+numpy ..."). Without
those, one line that begins with SKIP, and exit 0.
"""
import os
import random
import sys
import time


def torchvision_reader(folder):
    import torch
    from torchvision import datasets, transforms

    torch.set_num_threads(1)
    steps = transforms.Compose([transforms.Resize((128, 128)), transforms.ToTensor()])
    return datasets.ImageFolder(folder, transform=steps)


class PillowReader:
    """The same work by hand: decode, convert, resize, (3,128,128) float32 in 0..1."""

    def __init__(self, folder):
        self.paths = [os.path.join(place, name) for place, _, names in os.walk(folder)
                      for name in names if name.lower().endswith((".jpg", ".jpeg"))]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        import numpy
        from PIL import Image

        with Image.open(self.paths[index]) as image:
            pixels = image.convert("RGB").resize((128, 128), Image.BILINEAR)
        return numpy.ascontiguousarray(numpy.asarray(pixels).transpose(2, 0, 1), "float32") / 255


def open_reader(folder):
    try:
        return "torchvision", torchvision_reader(folder)
    except ImportError:
        import numpy  # noqa: F401  either missing one is an ImportError for main
        import PIL  # noqa: F401
        return "pillow+numpy", PillowReader(folder)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: peer_preprocess.py FOLDER [SECONDS]")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    limit_s = float(sys.argv[2]) if len(sys.argv) == 3 else 10
    try:
        name, reader = open_reader(sys.argv[1])
    except ImportError as error:
        print(f"SKIP: neither torchvision nor Pillow with numpy can be imported ({error})")
        return
    order = random.Random(0).sample(range(len(reader)), len(reader))
    if not order:
        sys.exit(f"{sys.argv[1]}: no frames")
    for index in order[:50]:
        reader[index]
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < limit_s:
        reader[order[done % len(order)]]
        done += 1
    print(f"peer {name} {done / (time.perf_counter() - start):.1f}")


if __name__ == "__main__":
    main()
