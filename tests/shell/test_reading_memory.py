"""No reader takes more than four times the memory of what a file decodes to."""

import gzip
import io
import os
import random
import struct
import sys

from terminal import equal, gradus, run_all, test

# What the process had at most, less what it had before; and the bytes of what it got.
MEASURE = """
local function now(key)
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match(key .. ":%%s+(%%d+)")
    if kilobytes then return tonumber(kilobytes) * 1024 end
  end
end
collectgarbage()
local before = now "VmRSS"
local got = %s
local size = {uint8 = 1, bool = 1, float32 = 4, int64 = 8, float64 = 8}
local bytes = 0
for _, t in ipairs(got) do bytes = bytes + t.size * size[t.dtype] end
print(now "VmHWM" - before, bytes)
"""
SLACK = 6 << 20  # of the program itself: tables of a decoder, pieces of Lua

FILES = {}


def made(name, code):
    """Registers what makes a file; `code` reads it as a list of tensors."""
    def register(function):
        FILES[name] = function, code
        return function
    return register


def npy(kind, shape, body, fortran=False):
    header = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + body


NOISE = random.Random(1).randbytes(16 << 20)
IDX = bytes([0, 0, 8, 3]) + struct.pack(">III", 1024, 128, 128) + NOISE


@made("bytes.npy", "{data.load(FILE)}")
def _():
    return npy("|u1", (len(NOISE),), NOISE)


@made("turned.npy", "{data.load(FILE)}")
def _():
    return npy(">f4", (2048, 2048), bytes(16 << 20), fortran=True)


@made("half.npy", "{data.load(FILE)}")
def _():
    return npy("<f2", (2 << 20,), bytes(4 << 20))


@made("a.idx", "{data.load(FILE)}")
def _():
    return IDX


@made("noise.idx.gz", "{data.load(FILE)}")
def _():
    return gzip.compress(IDX, 1)


@made("zeros.idx.gz", "{data.load(FILE)}")
def _():
    return gzip.compress(IDX[:16] + bytes(16 << 20), 1)


@made("numbers.csv", "{data.load(FILE)}")
def _():
    return b"0.123456,7.25,-3e4\n" * 400000


@made("words.csv", "(function() local d = data.csv(FILE); return {d.x, d.y} end)()")
def _():
    return b"a,b,kind\n" + b"".join(b"%d,%d,%s\n" % (i, 2 * i, (b"can", b"cup")[i % 2]) for i in range(400000))


@made("cifar.bin", "(function() local d = data.cifar(FILE); return {d.x, d.y} end)()")
def _():
    return b"\3" * (3073 * 5000)


# Pictures, where there is Pillow to make large ones.
def picture(kind, **options):
    from PIL import Image
    file = io.BytesIO()
    image = Image.frombytes("RGB", (2048, 2048), NOISE[:3 << 22])
    if options.pop("turned", False):
        exif = image.getexif()
        exif[0x112] = 6
        options["exif"] = exif
    if options.pop("cmyk", False):
        image = image.convert("CMYK")
    image.save(file, kind, **options)
    return file.getvalue()


for file_name, given in {
        "plain.png": {"kind": "PNG", "compress_level": 1}, "plain.jpg": {"kind": "JPEG"},
        "progressive.jpg": {"kind": "JPEG", "progressive": True}, "turned.jpg": {"kind": "JPEG", "turned": True},
        "cmyk.jpg": {"kind": "JPEG", "cmyk": True}}.items():
    made(file_name, "{data.image(FILE)}")(lambda given=given: picture(**given))


@test("every reader, and peak memory at most four times the decoded size")
def _(folder):
    if "ASAN_OPTIONS" in os.environ:
        print("# skipped: the sanitizers' memory is measured with it")
        return
    for name, (make, code) in FILES.items():
        try:
            content = make()
        except ImportError:
            print(f"# {name} is left out: no python3-pil here")
            continue
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(content)
        status, out, err = gradus("-e", MEASURE % code.replace("FILE", f'"{path}"'))
        equal((status, err), (0, ""))
        peak, decoded = map(int, out.split())
        assert decoded >= 4 << 20, (name, decoded)
        print(f"# {name}: {peak / decoded:.2f} times {decoded / 1e6:.0f} MB", file=sys.stderr)
        assert peak <= 4 * decoded + SLACK, (name, peak, decoded)
        os.remove(path)


# An archive is written by gradus itself.
@test("archives of arrays, stored and packed, likewise")
def _(folder):
    if "ASAN_OPTIONS" in os.environ:
        print("# skipped: the sanitizers' memory is measured with it")
        return
    for packed in "false", "true":
        path = os.path.join(folder, "a.npz")
        equal(gradus("-e", f'data.save("{path}", {{x=random.randint(0, 200, {{16, 1024, 1024}}):astype "uint8"}}, '
                           f'{{compressed={packed}}})')[0], 0)
        status, out, err = gradus("-e", MEASURE % f'{{data.load("{path}").x}}')
        equal((status, err), (0, ""))
        peak, decoded = map(int, out.split())
        assert peak <= 4 * decoded + SLACK, (packed, peak, decoded)


run_all()
