#!/usr/bin/env python3
"""Makes corpus/: small good files, and hostile ones, that fuzzing starts from beside those in tests/data. Run it here; the
files are kept in git."""
import gzip
import json
import struct
import zipfile

import numpy as np


def write(name, data):
    with open("corpus/" + name, "wb") as f:
        f.write(data)


idx = bytes([0, 0, 8, 3]) + struct.pack(">III", 2, 3, 4) + bytes(range(24))
write("a.idx", idx)
write("floats.idx", bytes([0, 0, 13, 1]) + struct.pack(">I", 3) + np.array([1, np.nan, -2], ">f4").tobytes())
write("huge.idx", bytes([0, 0, 8, 3]) + struct.pack(">III", 2**32 - 1, 2**32 - 1, 2**32 - 1))
write("a.gz", gzip.compress(idx, mtime=0))
write("two.gz", gzip.compress(idx, mtime=0) + gzip.compress(bytes(3000), mtime=0))
write("bomb.gz", gzip.compress(bytes(1 << 20), mtime=0))
header = json.dumps({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                     "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}, "__metadata__": {"a": "b"}}).encode()
write("a.safetensors", struct.pack("<Q", len(header)) + header + bytes(range(22)))
write("numbers.csv", b"1,2.5,-3e2\n4,5,nan\n\n7 , 8, 9\n")
write("words.csv", b'a,"b ""c""",kind\r\n1,2,"x, y"\r\n3,NA,z\r\n,5,x\r\n')
write("tabs.csv", b"skipped\nh\tw\n1\t2\n3\t\n")
write("decimal.csv", b"a;b\n1,5;2\n-3;1e9\n")
write("cifar.bin", bytes([3]) + bytes(range(256)) * 12)
write("cifar100.bin", bytes([1, 99]) + bytes(range(256)) * 12)
write("coco.json", json.dumps({
    "images": [{"id": 1, "file_name": "a.jpg", "height": 4, "width": 6.5}],
    "categories": [{"id": 1, "name": "B\u00f6x"}],
    "annotations": [{"id": 7, "image_id": 1, "category_id": 1, "bbox": [0, -1e3, 2.5e-2, 3], "iscrowd": False,
                     "segmentation": [[1, 2], []], "note": None}]}).encode())
write("deep.json", b"[" * 900 + b"]" * 900)
nan_header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (nan,), }"
for name, text in ("nan", nan_header), ("huge", nan_header.replace(b"nan", b"9" * 18)):
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    write(name + ".npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text)
# Two members that share their bytes.
with zipfile.ZipFile("corpus/overlap.npz", "w") as archive:
    archive.writestr(zipfile.ZipInfo("a.npy"), open("../data/c_f8.npy", "rb").read())
data = open("corpus/overlap.npz", "rb").read()
start = data.index(b"PK\1\2")
end = data.index(b"PK\5\6")
entry = data[start:end]
tail = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 2, 2, 2 * len(entry), start, 0)
write("overlap.npz", data[:start] + entry + entry.replace(b"a.npy", b"b.npy") + tail)
