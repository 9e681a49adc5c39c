"""kill -9 while a checkpoint is written leaves the old file or the new one, and a training that is killed again and again
comes to the same bits: TAP, given the program."""

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

# A training that goes on where its last checkpoint was written, mostly in the middle of an epoch of 24 batches.
TRAINING = r"""
local folder = ...
random.seed(1)
local x, y = random.randn(600, 8, 8, 1), random.randint(0, 2, 600)
local there = io.open(folder .. "/last.safetensors")
local m = there and nn.load(folder .. "/last.safetensors")
if not m then
  m = nn.Sequential{nn.RandomFlip{input_shape={8, 8, 1}}, nn.Conv2D{4, 3, activation="relu"}, nn.BatchNormalization{},
    nn.Flatten{}, nn.Dropout{0.3}, nn.Dense{2, activation="softmax"}}
  m:compile{"adam", "sparse_categorical_crossentropy", {"accuracy", "auc"}}
end
m:fit{x, y, batch_size=20, epochs=5, initial_epoch=m.epoch, validation_split=0.2, class_weight={[0]=1, [1]=2},
  verbose=0, callbacks={callbacks.ModelCheckpoint{folder .. "/last.safetensors", save_freq=7},
    callbacks.CSVLogger{folder .. "/log.csv"}, callbacks.ReduceLROnPlateau{patience=1, factor=0.5},
    {batch_end = function(_, batch) io.stdout:write(batch, "\n"):flush() end}}}
m:save(folder .. "/done.safetensors")
"""


def train(folder, script, kill):
    """Trains to the end, in a folder of its own; killed now and then, with one, two and eight threads in turn, when
    `kill`. Gives the bytes of the network and of the log, and how often it was killed."""
    os.mkdir(folder)
    killed = 0
    while True:
        threads = ("1", "2", "8")[killed % 3]
        with subprocess.Popen([sys.argv[1], "--threads", threads, script, folder], stdout=subprocess.PIPE) as program:
            if kill:
                for _ in range(random.randint(10, 30)):
                    program.stdout.readline()
                program.kill()
            program.stdout.read()
        if program.returncode >= 0:
            break
        killed += 1
    files = []
    for name in ("done.safetensors", "log.csv"):
        with open(os.path.join(folder, name), "rb") as file:
            files.append(file.read())
    return files, killed


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
    training = os.path.join(folder, "training.lua")
    with open(training, "w") as file:
        file.write(TRAINING)
    at_once, _ = train(os.path.join(folder, "at-once"), training, False)
    in_pieces, killed = train(os.path.join(folder, "in-pieces"), training, True)
    print(f"# the training was killed {killed} times")
    results = [
        ("A checkpoint is whole whenever its writer is killed", whole),
        ("It is the last one that was finished, or the one after it", newest),
        ("It loads", loaded.stdout == "true\n" and loaded.returncode == 0),
        ("What killed writers have left goes with the next save", tidy and
         sorted(os.listdir(folder)) == ["at-once", "in-pieces", "net.safetensors", "save.lua", "training.lua"]),
        ("A training that is killed in its epochs and goes on comes to the same bits, with any number of threads",
         killed >= 3 and in_pieces == at_once),
    ]
    print(f"1..{len(results)}")
    for number, (sentence, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {sentence}")
        failed += not good
sys.exit(failed > 0)
