"""kill -9 while a checkpoint is written leaves the old file or the new one: TAP, given the program."""

import array
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

# Every number in the file is that of the save: a mixture of two would show.
PROGRAM = r"""
local path = ...
local m = nn.Sequential{nn.Dense{500, use_bias=false, input_shape={600}}}
local kernel = m.layers[1].kernel
local first = pcall(nn.load, path) and nn.load(path).layers[1].kernel[{1, 1}] or 0
for n = first + 1, 1000000 do
  kernel[{{}}] = n
  m:save(path)
  io.stdout:write(string.format("saved %d\n", n)):flush()
end
"""

ROUNDS = 12


def numbers(path):
    """The kernel, read without gradus."""
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = array.array("f")
        data.frombytes(file.read())
    begin, end = header["dense/kernel"]["data_offsets"]
    assert end == 600 * 500 * 4 and begin == 0 and json.loads(header["__metadata__"]["gradus"])["format"] == 1
    return data


def kill_once(folder, path, script):
    """Kills a program at some moment of its saving; gives what it said last, and what is in the file."""
    with subprocess.Popen([sys.argv[1], script, path], stdout=subprocess.PIPE, text=True) as program:
        said = int(program.stdout.readline().split()[1])
        time.sleep(random.uniform(0, 0.05))
        program.kill()
        for line in program.stdout:
            if line.endswith("\n"):
                said = int(line.split()[1])
    return said, numbers(path)


failed = 0
random.seed(1)
with tempfile.TemporaryDirectory() as folder:
    path, script = os.path.join(folder, "net.safetensors"), os.path.join(folder, "save.lua")
    with open(script, "w") as file:
        file.write(PROGRAM)
    whole = newest = tidy = True
    torn = 0
    for _ in range(ROUNDS):
        said, data = kill_once(folder, path, script)
        whole = whole and len(set(data)) == 1 and len(data) == 600 * 500
        newest = newest and data[0] in (said, said + 1)
        left = [name for name in os.listdir(folder) if name.endswith(".part")]
        torn += len(left) > 0
        tidy = tidy and len(left) <= 1
    print(f"# {torn} of {ROUNDS} were killed in the middle of a write")
    code = "local m = nn.load(...) print(m.layers[1].kernel[{1, 1}] == m.layers[1].kernel[{600, 500}]) m:save(...)"
    with open(script, "w") as file:
        file.write(code)
    loaded = subprocess.run([sys.argv[1], script, path], capture_output=True, text=True)
    results = [
        ("A checkpoint is whole whenever its writer is killed", whole),
        ("It is the last one that was finished, or the one after it", newest),
        ("It loads", loaded.stdout == "true\n" and loaded.returncode == 0),
        ("What killed writers have left goes with the next save", tidy and
         sorted(os.listdir(folder)) == ["net.safetensors", "save.lua"]),
    ]
    print(f"1..{len(results)}")
    for number, (sentence, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {sentence}")
        failed += not good
sys.exit(failed > 0)
