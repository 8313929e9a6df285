#!/usr/bin/python3
"""Makes tests/golden/changes.tsv: what the changes of a robustness sweep do to a picture, by Pillow,
scipy and numpy (Debian's python3-pil, python3-scipy, python3-numpy).

    change, strength, row, side of the picture, SHA-256 of its changed bytes
"""
import hashlib
import io
import os

import numpy
from PIL import Image, ImageEnhance
from scipy.ndimage import gaussian_filter1d


def random_at(seed, k):
    """base/random.h, for an array of k."""
    def mix(x):
        x = (x ^ x >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ x >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        return x ^ x >> numpy.uint64(31)
    first = mix(numpy.array([seed], dtype=numpy.uint64))
    return mix(first + (k.astype(numpy.uint64) + numpy.uint64(1)) * numpy.uint64(0x9E3779B97F4A7C15))


def picture(size):
    """A ramp in each channel, and grain that now and then reaches both ends."""
    k = numpy.arange(size * size * 3)
    grain = (random_at(size, k) % numpy.uint64(64)).astype(int)
    ramp = (k // 3 % size + k % 3 * (k // (3 * size))) * 255 // (3 * size)
    return numpy.clip(ramp + grain - 20, 0, 255).astype(numpy.uint8).reshape(size, size, 3)


def jpeg(pixels, quality, row):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=int(quality), subsampling=2)
    return numpy.asarray(Image.open(file))


def downscale(pixels, factor, row):
    size = pixels.shape[0]
    small = max(1, int(size / factor + 0.5))
    image = Image.fromarray(pixels).resize((small, small), Image.BILINEAR)
    return numpy.asarray(image.resize((size, size), Image.BILINEAR))


def to_bytes(values):
    return numpy.clip(numpy.rint(values), 0, 255).astype(numpy.uint8)


def blur(pixels, sigma, row):
    for axis in (1, 0):
        pixels = gaussian_filter1d(pixels.astype(float), sigma, axis, mode="nearest", truncate=4)
    return to_bytes(pixels)


def noise(pixels, sigma, row):
    count = pixels.size
    words = random_at(row, numpy.arange(count + count % 2)) >> numpy.uint64(11)
    u = (words[0::2] + numpy.uint64(1)).astype(float) * 2.0**-53
    v = words[1::2].astype(float) * 2.0**-53
    normal = numpy.sqrt(-2 * numpy.log(u)) * numpy.exp(2j * numpy.pi * v)
    both = numpy.stack([normal.real, normal.imag], axis=-1).ravel()[:count]
    return to_bytes(pixels + sigma * both.reshape(pixels.shape))


def brightness(pixels, factor, row):
    return numpy.asarray(ImageEnhance.Brightness(Image.fromarray(pixels)).enhance(factor))


CHANGES = {"jpeg": (jpeg, (90, 70, 50, 30)), "downscale": (downscale, (2, 4)),
           "blur": (blur, (0.5, 1, 2)), "noise": (noise, (5, 10, 20)),
           "brightness": (brightness, (0.5, 0.75, 1.25, 1.5))}

if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "changes.tsv"), "w", encoding="ascii") as table:
        for name, (change, strengths) in CHANGES.items():
            for strength in strengths:
                for size, row in ((1, 3), (33, 0), (128, 7)):
                    changed = change(picture(size), strength, row)
                    digest = hashlib.sha256(changed.tobytes()).hexdigest()
                    table.write(f"{name}\t{strength:g}\t{row}\t{size}\t{digest}\n")
