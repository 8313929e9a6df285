#!/usr/bin/python3
"""Makes tests/golden/image/: small odd JPEG files and what Pillow makes of them.

Needs Debian's python3-pil, python3-scipy and libjpeg-turbo-progs (cjpeg, jpegtran), so that files, decoder and
results come from the same libjpeg-turbo. All pictures are generated here.

    cases.tsv      file, Pillow's mode (ERR: refuses), width, height, quality (what it was made with,
                   0 if unknown), subsampling, orientation, SHA-256 of the RGB bytes, of them resized
                   to 128x128, of them resized to 17x50
    measures.tsv   file that Pillow reads, 1 if it has EXIF, mean of its luma, variance of the
                   luma's Laplacian where it has four neighbours
    resize.tsv     seed, input width and height, output width and height, SHA-256
    cuts.tsv       file, and for each length 0..n whether Pillow reads the file cut there (1 / 0)
    quality.tsv    quality, its luma and its chroma table as they stand in a file, in hexadecimal
    changes.tsv    file, first byte that may change, seed, and for each change whether Pillow reads
"""
import hashlib
import io
import os
import struct
import subprocess
import tempfile
import warnings

import numpy
from PIL import Image
from scipy import ndimage

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "image")
MASK = (1 << 64) - 1


def mix(x):
    """random_mix of base/random.h"""
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def random_at(seed, k):
    return mix((mix(seed) + (k + 1) * 0x9E3779B97F4A7C15) & MASK)


def random_below(word, bound):
    return word * bound >> 64


def picture(width, height, channels=3):
    """A soft pattern with a hard-edged disc and some grain."""
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    waves = [128 + 100 * numpy.sin(x / (3 + c) + 1.7 * c) * numpy.cos(y / (5 - c)) for c in range(4)]
    values = numpy.stack(waves[:channels], axis=-1)
    values[(x - width / 2) ** 2 + (y - height / 3) ** 2 < (height / 4) ** 2] = [230, 40, 90, 10][:channels]
    grain = numpy.random.RandomState(width * 1000 + height).randint(-12, 13, values.shape)
    return numpy.clip(values + grain, 0, 255).astype(numpy.uint8)


def pillow_jpeg(pixels, mode="RGB", **options):
    out = io.BytesIO()
    height, width, _ = pixels.shape
    Image.frombytes(mode, (width, height), pixels.tobytes()).save(out, "JPEG", **options)
    return out.getvalue()


def cjpeg(pixels, *options):
    height, width, _ = pixels.shape
    ppm = b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()
    return subprocess.run(["cjpeg", *options], input=ppm, stdout=subprocess.PIPE, check=True).stdout


def one_scan_per_component(jpeg):
    with tempfile.NamedTemporaryFile("w") as script:
        script.write("0;\n1;\n2;\n")
        script.flush()
        return subprocess.run(["jpegtran", "-scans", script.name], input=jpeg,
                              stdout=subprocess.PIPE, check=True).stdout


def patched(jpeg, marker, offset, value):
    """Overwrites bytes at an offset behind the first occurrence of a marker."""
    at = jpeg.index(marker) + offset
    return jpeg[:at] + value + jpeg[at + len(value):]


def with_exif(jpeg, order, orientation, as_long=False):
    mark = {"II": "<", "MM": ">"}[order]
    value = struct.pack(mark + "HHII", 0x0112, 4, 1, orientation) if as_long else \
        struct.pack(mark + "HHIHH", 0x0112, 3, 1, orientation, 0)
    software = struct.pack(mark + "HHI4s", 0x0131, 2, 4, b"abc\0")
    tiff = order.encode() + struct.pack(mark + "HIH", 42, 8, 2) + value + software + b"\0" * 4
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def make_files():
    """name -> (bytes, quality, subsampling, orientation)"""
    rgb, odd = picture(40, 30), picture(37, 29)
    plain = pillow_jpeg(rgb, quality=75)
    cmyk = pillow_jpeg(picture(33, 21, 4), "CMYK", quality=80)
    sof = plain.index(b"\xff\xc0")
    files = {
        "444.jpg": (pillow_jpeg(odd, quality=90, subsampling=0), 90, "4:4:4", 0),
        "422.jpg": (pillow_jpeg(odd, quality=60, subsampling=1), 60, "4:2:2", 0),
        "420.jpg": (pillow_jpeg(odd, quality=75, subsampling=2), 75, "4:2:0", 0),
        "440.jpg": (cjpeg(odd, "-quality", "85", "-sample", "1x2"), 85, "4:4:0", 0),
        "411.jpg": (cjpeg(odd, "-quality", "70", "-sample", "4x1"), 70, "4:1:1", 0),
        "410.jpg": (cjpeg(odd, "-quality", "70", "-sample", "4x2"), 70, "4:1:0", 0),
        "factors.jpg": (cjpeg(odd, "-quality", "70", "-sample", "2x2,1x2,2x1"), 70, "22,12,21", 0),
        "grey.jpg": (pillow_jpeg(picture(37, 29, 1), "L", quality=45), 45, "grey", 0),
        "cmyk.jpg": (cmyk, 80, "4:4:4", 0),
        "ycck.jpg": (patched(cmyk, b"Adobe", 11, b"\2"), 80, "4:4:4", 0),
        "rgb.jpg": (cjpeg(odd, "-quality", "75", "-rgb"), 75, "4:4:4", 0),
        "progressive.jpg": (pillow_jpeg(odd, quality=75, progressive=True), 75, "4:2:0", 0),
        "progressive_grey.jpg": (pillow_jpeg(picture(20, 30, 1), "L", quality=75, progressive=True),
                                 75, "grey", 0),
        "arithmetic.jpg": (cjpeg(odd, "-quality", "75", "-arithmetic"), 75, "4:2:0", 0),
        "restarts.jpg": (cjpeg(odd, "-quality", "75", "-restart", "2B"), 75, "4:2:0", 0),
        "three_scans.jpg": (one_scan_per_component(cjpeg(odd, "-quality", "75")), 75, "4:2:0", 0),
        "1x1.jpg": (pillow_jpeg(picture(1, 1), quality=50), 50, "4:2:0", 0),
        "1x60.jpg": (pillow_jpeg(picture(1, 60), quality=95), 95, "4:2:0", 0),
        "200x2.jpg": (pillow_jpeg(picture(200, 2), quality=30), 30, "4:2:0", 0),
        "256x256.jpg": (pillow_jpeg(picture(256, 256), quality=20), 20, "4:2:0", 0),
        "16bit_tables.jpg": (cjpeg(odd, "-quality", "8"), 8, "4:2:0", 0),
        "exif_little.jpg": (with_exif(plain, "II", 6), 75, "4:2:0", 6),
        "exif_big.jpg": (with_exif(plain, "MM", 8), 75, "4:2:0", 8),
        "exif_long.jpg": (with_exif(plain, "MM", 3, as_long=True), 75, "4:2:0", 3),
        "exif_nine.jpg": (with_exif(plain, "II", 9), 75, "4:2:0", 0),
        "no_end.jpg": (plain[:-2], 75, "4:2:0", 0),
        "no_end_but_zeros.jpg": (plain[:-2] + b"\0" * 40, 75, "4:2:0", 0),
        "junk_behind.jpg": (plain + b"junk" * 5, 75, "4:2:0", 0),
        "junk_between.jpg": (plain[:sof] + b"junk" + plain[sof:], 75, "4:2:0", 0),
        "half.jpg": (plain[: len(plain) * 3 // 4], 75, "4:2:0", 0),
        "precision_12.jpg": (patched(plain, b"\xff\xc0", 4, b"\x0c"), 75, "4:2:0", 0),
        "lossless.jpg": (patched(plain, b"\xff\xc0", 1, b"\xc3"), 75, "4:2:0", 0),
        "no_height.jpg": (patched(plain, b"\xff\xc0", 5, b"\0\0"), 75, "4:2:0", 0),
        "bomb.jpg": (patched(plain, b"\xff\xc0", 5, b"\xf0\0\xf0\0"), 75, "4:2:0", 0),
        "two_components.jpg": (patched(plain, b"\xff\xc0", 9, b"\2"), 75, "", 0),
    }
    for quality in (1, 2, 10, 24, 49, 51, 99, 100):
        files[f"quality_{quality}.jpg"] = (pillow_jpeg(picture(9, 7), quality=quality), quality,
                                           "4:2:0", 0)
    return files


def read(data):
    """The RGB image that Pillow reads, and its mode; None, "ERR" if it refuses."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return image.convert("RGB"), image.mode
    except Exception:
        return None, "ERR"


def sha256(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def describe(name, data, quality, subsampling, orientation):
    image, mode = read(data)
    hashes = ["-"] * 3
    width = height = 0
    if image:
        width, height = image.size
        hashes = [sha256(i) for i in (image, image.resize((128, 128), Image.BILINEAR),
                                      image.resize((17, 50), Image.BILINEAR))]
    return [name, mode, width, height, quality, subsampling or "-", orientation, *hashes]


def measures(name, data):
    image, _ = read(data)
    luma = numpy.asarray(image.convert("L"), float)
    laplacian = ndimage.convolve(luma, [[0, 1, 0], [1, -4, 1], [0, 1, 0]])[1:-1, 1:-1]
    has_exif = int("exif" in Image.open(io.BytesIO(data)).info)
    return [name, has_exif, luma.mean(), laplacian.var() if laplacian.size else 0.0]


def resize_cases():
    sizes = [(1, 1, 1, 1), (1, 1, 7, 5), (7, 5, 1, 1), (2, 3, 3, 2), (256, 256, 128, 128), (5, 9, 5, 4),
             (5, 9, 3, 9), (100, 3, 33, 3), (640, 360, 128, 128), (31, 77, 128, 128), (3, 400, 50, 7),
             (1000, 2, 3, 2), (200, 200, 224, 224), (129, 127, 128, 128), (128, 128, 128, 128),
             (2, 1, 300, 1), (17, 16, 16, 17), (6000, 1, 1, 1), (1, 6000, 1, 1), (255, 257, 64, 100)]
    for seed, (w, h, new_w, new_h) in enumerate(sizes):
        values = bytes(random_at(seed, k) & 255 for k in range(w * h * 3))
        image = Image.frombytes("RGB", (w, h), values).resize((new_w, new_h), Image.BILINEAR)
        yield [seed, w, h, new_w, new_h, sha256(image)]


def cuts(data):
    return "".join("01"[read(data[:n])[0] is not None] for n in range(len(data) + 1))


def changes(data, first, seed, count):
    """Change k gives byte `first + below(r(2k))` the value r(2k + 1); only that one byte."""
    verdicts = ""
    for k in range(count):
        at = first + random_below(random_at(seed, 2 * k), len(data) - first)
        value = random_at(seed, 2 * k + 1) & 255
        changed = data[:at] + bytes([value]) + data[at + 1:]
        verdicts += "01"[read(changed)[0] is not None]
    return verdicts


def quality_tables():
    for quality in range(1, 101):
        jpeg = pillow_jpeg(picture(8, 8), quality=quality)
        at = jpeg.index(b"\xff\xdb")
        yield [quality, jpeg[at + 5 : at + 69].hex(), jpeg[at + 74 : at + 138].hex()]


def write_table(name, rows):
    with open(os.path.join(FOLDER, name), "w") as table:
        for row in rows:
            table.write("\t".join(map(str, row)) + "\n")


def main():
    warnings.simplefilter("ignore")
    os.makedirs(FOLDER, exist_ok=True)
    small = picture(24, 17)
    files = make_files()
    files["cut.jpg"] = (pillow_jpeg(small, quality=25, optimize=True), 25, "4:2:0", 0)
    files["cut_progressive.jpg"] = (pillow_jpeg(small, quality=25, progressive=True), 25, "4:2:0", 0)
    files["cut_zeros.jpg"] = (files["cut.jpg"][0][:-2] + b"\0" * 40, 25, "4:2:0", 0)
    for name, (data, *_) in files.items():
        with open(os.path.join(FOLDER, name), "wb") as out:
            out.write(data)
    write_table("cases.tsv", [describe(name, *files[name]) for name in sorted(files)])
    write_table("measures.tsv", [measures(name, files[name][0]) for name in sorted(files)
                                 if read(files[name][0])[0]])
    write_table("resize.tsv", resize_cases())
    write_table("cuts.tsv", [[name, cuts(files[name][0])] for name in files if "cut" in name])
    write_table("quality.tsv", quality_tables())
    rows = []
    for seed, name in enumerate(("cut.jpg", "cut_progressive.jpg", "arithmetic.jpg", "restarts.jpg")):
        data = files[name][0]
        first = data.index(b"\xff\xda") + 2
        rows.append([name, first, seed, changes(data, first, seed, 1000)])
    write_table("changes.tsv", rows)


if __name__ == "__main__":
    main()
