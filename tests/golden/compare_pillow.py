#!/usr/bin/python3
"""Compares unmask's decoding and resizing with Pillow's, file by file.

    make build/tests/bench/dump_pixels
    tests/golden/compare_pillow.py [--size 128] [--tool build/tests/bench/dump_pixels] FOLDER...

For every JPEG below the folders (--all: for every file) three things must agree: whether it is
read at all, the decoded RGB bytes, and the bytes after resizing to SIZE x SIZE with BILINEAR.
Exit 1 and one line per file where they do not.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import warnings

import PIL
from PIL import Image


def find_files(folders, take_all):
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                if take_all or name.lower().endswith((".jpg", ".jpeg", ".mpo")):
                    yield os.path.join(place, name)


def pillow_says(path, size):
    """(read?, hash of the pixels, hash of the resized pixels, the reason if not)"""
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            rgb = image.convert("RGB")
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error, ...
        return False, "-", "-", f"{type(error).__name__}: {error}"
    resized = rgb.resize((size, size), Image.BILINEAR)
    digests = [hashlib.sha256(x.tobytes()).hexdigest() for x in (rgb, resized)]
    return True, digests[0], digests[1], ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--tool", default="build/tests/bench/dump_pixels")
    parser.add_argument("--all", action="store_true", help="every file, whatever its name")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    paths = list(find_files(arguments.folders, arguments.all))
    if not paths:
        parser.error("no JPEG files there")
    tool = subprocess.run([arguments.tool, str(arguments.size)], input="\n".join(paths) + "\n",
                          stdout=subprocess.PIPE, text=True, errors="replace", check=True)
    lines = tool.stdout.splitlines()
    assert len(lines) == len(paths), "the tool lost a line"
    equal = both_refuse = differ = 0
    for path, line in zip(paths, lines):
        verdict, *_, decoded, resized, reason = line.split("\t")
        read, pillow_decoded, pillow_resized, pillow_reason = pillow_says(path, arguments.size)
        if read != (verdict != "rejected"):
            print(f"VERDICT {path}: unmask {verdict} ({reason}), Pillow: {pillow_reason or 'reads'}")
            differ += 1
        elif (decoded, resized) != (pillow_decoded, pillow_resized):
            print(f"PIXELS  {path}: {'decoded' if decoded != pillow_decoded else 'resized'} differ")
            differ += 1
        else:
            equal += read
            both_refuse += not read
    print(f"Pillow {PIL.__version__}: {len(paths)} files, {equal} equal to the byte, "
          f"{both_refuse} refused by both, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
