#!/usr/bin/env python3
"""Makes the pictures beside it, with Pillow and by hand, and what they hold as .npy: what tests/c/test_picture.c reads.
Run it here; the files are kept in git. Made with Pillow 9.4 (Debian 12)."""
import struct
import zlib

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 13, 18
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
rgb = np.stack([x * 14, y * 20, (x + y) * 8], axis=2).astype("u1")
gray = (x * 7 + y * 9).astype("u1")
alpha = ((x * 37 + y * 11) % 256).astype("u1")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def png(name, numbers, bits, colour, interlaced=False, extra=b""):
    """`numbers` (height, width, channels), each below 2 ** bits. Pillow writes few of the kinds that PNG has."""
    data = b""
    for top, left, down, right in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = numbers[top::down, left::right]
        if part.size == 0:
            continue
        for row in part.reshape(len(part), -1):
            text = "".join(format(v, f"0{bits}b") for v in row)
            text += "0" * (-len(text) % 8)
            data += b"\0" + bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    head = struct.pack(">IIBBBBB", numbers.shape[1], numbers.shape[0], bits, colour, 0, 0, interlaced)
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(data, 9)) +
                chunk(b"IEND", b""))


# PNG: what a file holds is what Pillow reads from it, where Pillow reads it.
Image.fromarray(rgb).save("rgb.png")
Image.fromarray(gray).save("gray.png")
Image.fromarray(np.dstack([rgb, alpha])).save("rgba.png")
Image.fromarray(np.dstack([gray, alpha]), "LA").save("gray_alpha.png")
Image.fromarray(rgb).quantize(16).save("palette.png")
for bits in 1, 2, 4:
    png(f"gray{bits}.png", (gray % 2**bits)[..., None], bits, 0)
png("gray16.png", (gray.astype(int) * 257)[..., None], 16, 0)
png("rgb16.png", rgb.astype(int) * 257, 16, 2)
png("interlaced.png", rgb.astype(int), 8, 2, interlaced=True)
png("interlaced1.png", (gray % 2)[..., None], 1, 0, interlaced=True)
png("transparent_gray.png", gray[..., None].astype(int), 8, 0, extra=chunk(b"tRNS", struct.pack(">H", int(gray[3, 4]))))

# JPEG: lossy, so what is expected is what Pillow (the same library) decodes.
big = np.kron(rgb, np.ones((4, 4, 1), dtype="u1"))
Image.fromarray(big).save("rgb.jpg", quality=90)
Image.fromarray(big).save("progressive.jpg", quality=90, progressive=True)
Image.fromarray(big).save("sharp.jpg", quality=95, subsampling=0)
Image.fromarray(big[..., 0]).save("gray.jpg", quality=90)
Image.fromarray(big).convert("CMYK").save("cmyk.jpg", quality=95)
corner = np.zeros((24, 40), dtype="u1")
corner[:8, :8] = 250  # the first row and column are told by it
corner[:8, 32:] = 120
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(corner).save(f"turned{orientation}.jpg", quality=95, exif=exif)
for name in "rgb", "progressive", "sharp", "gray", "cmyk":
    picture = Image.open(name + ".jpg")
    np.save(name + "_jpg.npy", np.array(picture.convert("RGB") if picture.mode == "CMYK" else picture))
for name in "rgb", "gray", "rgba", "gray_alpha", "palette", "gray1", "gray2", "gray4", "interlaced", "interlaced1":
    picture = Image.open(name + ".png")
    picture = picture.convert({"P": "RGB", "1": "L"}.get(picture.mode, picture.mode))
    np.save(name + "_png.npy", np.array(picture))


def shares(new, old):
    """(new, old): how much of each old pixel lies under each new one, of rows that add up to 1."""
    edges = np.arange(new + 1) * old / new
    k = np.arange(old)
    under = np.minimum(edges[1:, None], k + 1) - np.maximum(edges[:-1, None], k)
    return np.maximum(under, 0) * new / old


# Shrunk: the mean of the area. (Pillow's BOX is that where whole pixels fit; elsewhere it takes whole pixels.)
for height, width in (5, 7), (13, 18), (1, 1):
    shrunk = np.einsum("ia,jb,abc->ijc", shares(height, HEIGHT), shares(width, WIDTH), rgb)
    np.save(f"shrunk_{height}x{width}.npy", np.round(shrunk).astype("u1"))
np.save("shrunk_50x50.npy", np.array(Image.fromarray(rgb).resize((50, 50), Image.NEAREST)))
np.save("rgb_as_gray.npy", np.array(Image.fromarray(rgb).convert("L")))

# Hostile: sizes that no such file can hold.
png("bomb.png", np.zeros((1, 1, 1), dtype=int), 8, 0)
data = open("bomb.png", "rb").read()
head = struct.pack(">IIBBBBB", 16000, 16000, 8, 2, 0, 0, 0)
with open("bomb.png", "wb") as f:
    f.write(data[:8] + chunk(b"IHDR", head) + data[33:])
data = bytearray(open("gray.jpg", "rb").read())
at = data.index(b"\xff\xc0")
data[at + 5:at + 9] = struct.pack(">HH", 65000, 4000)
open("bomb.jpg", "wb").write(data)
