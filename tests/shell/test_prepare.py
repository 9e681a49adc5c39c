"""gradus prepare: the six files and what they hold, broken off and continued, logs, refusals, batch scripts."""

import ast
import csv
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import time
import zlib

from terminal import GRADUS, Shell, contains, environment, equal, gradus, run_all, test

PICTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "pictures")
ARRAYS = [f"{axis}_{part}.npy" for axis in "xy" for part in ("train", "val", "test")]
OURS = sorted(ARRAYS + ["README.md", "files.csv", "prepare.json"])


def png(path, pixels, width):
    """Writes a grey PNG of 8 bits."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + pixels[at:at + width] for at in range(0, len(pixels), width))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        head = struct.pack(">IIBBBBB", width, len(pixels) // width, 8, 0, 0, 0, 0)
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def photographs(folder, classes=("bottle", "can"), count=20, side=6):
    """folder/photos/CLASS/NN.png, each of its own pixels; returns {path: pixels}."""
    draw, made = random.Random(1), {}
    for name in classes:
        for i in range(count):
            path = f"photos/{name}/{i:02}.png"
            made[path] = bytes(draw.randrange(256) for _ in range(side * side))
            png(os.path.join(folder, path), made[path], side)
    return made


def npy(path):
    """Shape, dtype and bytes of a .npy file in C order."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\1\0", data[:8]
    length, = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10:10 + length].decode())
    assert not header["fortran_order"]
    return header["shape"], header["descr"], data[10 + length:]


def bytes_of(folder):
    result = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            result[name] = file.read()
    return result


def prepare(folder, *args, status=0):
    got, out, err = gradus("prepare", *args, folder=folder)
    assert got == status, (got, out, err)
    return out if status == 0 else err


@test("six files hold each photograph once, under its label, and files.csv says where each row came from")
def _(folder):
    made = photographs(folder)
    log = prepare(folder, "photos", "-o", "out", "--size", "6", "--gray", "--split", "80,10,10", "--seed", "1")
    equal(sorted(os.listdir(os.path.join(folder, "out"))), OURS)
    with open(os.path.join(folder, "out", "files.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    equal(len(rows), 40)
    equal({row["file"] for row in rows}, set(made))
    for part, count in ("train", 32), ("val", 4), ("test", 4):
        shape, dtype, x = npy(os.path.join(folder, "out", f"x_{part}.npy"))
        equal((shape, dtype), ((count, 6, 6), "|u1"))
        shape, dtype, y = npy(os.path.join(folder, "out", f"y_{part}.npy"))
        equal((shape, dtype), ((count,), "|u1"))
        equal(y.count(1), count // 2)  # each class alike
        for row in rows:
            if row["set"] == part:
                i = int(row["row"])
                equal(x[36 * i:36 * i + 36], made[row["file"]])
                equal((y[i], row["class"]), (int(row["label"]), os.path.basename(os.path.dirname(row["file"]))))
    contains(log, "x_train.npy  (32, 6, 6)  uint8")
    with open(os.path.join(folder, "out", "README.md")) as file:
        readme = file.read()
    for part in ("gradus prepare photos -o out --size 6 --gray --split 80,10,10 --seed 1",
                 "0      bottle        16  50.0 %",
                 "np.load(\"x_train.npy\")", "data.load \"out\"", "every file could be read"):
        contains(readme, part)


@test("NumPy reads the six files")
def _(folder):
    try:
        import numpy
    except ImportError:
        print("# no python3-numpy here")
        return
    photographs(folder)
    prepare(folder, "photos", "-o", "out", "--size", "4x5")
    for part, count in ("train", 32), ("val", 4), ("test", 4):
        x = numpy.load(os.path.join(folder, "out", f"x_{part}.npy"))
        y = numpy.load(os.path.join(folder, "out", f"y_{part}.npy"))
        equal((x.shape, x.dtype, y.shape, y.dtype), ((count, 4, 5, 3), numpy.uint8, (count,), numpy.uint8))
        assert (x[..., 0] == x[..., 1]).all() and x.std() > 10
        equal(sorted(set(y.tolist())), [0, 1])


@test("the same command gives the same bytes, another seed another split, and a finished folder is left as it is")
def _(folder):
    photographs(folder)
    prepare(folder, "photos", "-o", "out", "--gray")
    first = bytes_of(os.path.join(folder, "out"))
    contains(prepare(folder, "photos", "-o", "out", "--gray"), "nothing to do")
    equal(bytes_of(os.path.join(folder, "out")), first)
    os.remove(os.path.join(folder, "out", "y_val.npy"))  # no longer whole
    prepare(folder, "photos", "-o", "out", "--gray", "--threads", "2")
    equal(bytes_of(os.path.join(folder, "out")), first)
    prepare(folder, "photos", "-o", "out", "--gray", "--seed", "2", "--overwrite")
    other = bytes_of(os.path.join(folder, "out"))
    prepare(folder, "photos", "-o", "out", "--gray", "--seed", "2", "--overwrite")  # told to, it does it again
    equal(bytes_of(os.path.join(folder, "out")), other)
    assert other["x_train.npy"] != first["x_train.npy"] and len(other["x_train.npy"]) == len(first["x_train.npy"])


@test("killed in the middle and started again, it goes on and makes the same bytes")
def _(folder):
    for name in ("bottle", "can"):
        os.makedirs(os.path.join(folder, "photos", name))
        for i in range(1300):
            shutil.copy(os.path.join(PICTURES, "rgb.jpg" if name == "can" else "progressive.jpg"),
                        os.path.join(folder, "photos", name, f"{i:04}.jpg"))
    for run in ("whole", "broken"):  # one OUT name, so that the READMEs agree
        os.mkdir(os.path.join(folder, run))
    command = ["prepare", "../photos", "-o", "out", "--size", "40", "--augment", "flip,noise=0.1", "--threads", "1"]
    whole, broken = os.path.join(folder, "whole"), os.path.join(folder, "broken")
    equal(gradus(*command, folder=whole)[0], 0)
    unfinished = os.path.join(broken, "out", "unfinished")
    for ending in signal.SIGKILL, signal.SIGINT:
        number = 1  # of the next piece
        while os.path.exists(os.path.join(unfinished, f"all-{number}.json")):
            number += 1
        process = subprocess.Popen([GRADUS, *command], cwd=broken, env=environment(folder), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        until, piece = time.time() + 60, os.path.join(unfinished, f"all-{number}.json")
        while not os.path.exists(piece) and process.poll() is None and time.time() < until:
            time.sleep(0.002)
        if ending == signal.SIGKILL:
            process.send_signal(signal.SIGSTOP)
            contains(gradus(*command, folder=broken)[2], f"process {process.pid} of this machine works in")
        process.send_signal(ending)
        _, err = process.communicate(timeout=60)
        assert os.path.exists(piece), "there is no such piece"
        equal(process.returncode, -signal.SIGKILL if ending == signal.SIGKILL else 130)
        if ending == signal.SIGINT:
            contains(err, "interrupted")
        assert not os.path.exists(os.path.join(broken, "out", "prepare.json")), "it was over before it was broken off"
    kept = os.stat(os.path.join(unfinished, "all-1.npy")).st_ino
    # A piece that was damaged since is read again.
    with open(os.path.join(unfinished, "all-1.npy"), "r+b") as file:
        file.truncate(200)
    status, out, err = gradus("prepare", "../photos", "-o", "out", "--size", "41", folder=broken)
    equal(status, 1)
    contains(err, "broken off, with another --augment")
    equal(os.stat(os.path.join(unfinished, "all-1.npy")).st_ino, kept)  # nothing was lost by asking
    for name in "x_train.npy.123.part", os.path.join("unfinished", "all-2.npy.123.part"):  # killed while it wrote them
        with open(os.path.join(broken, "out", name), "wb") as file:
            file.write(b"half")
    status, out, err = gradus(*command, folder=broken)
    equal((status, err), (0, ""))
    contains(out, "going on where an earlier run was broken off")
    equal(bytes_of(os.path.join(broken, "out")), bytes_of(os.path.join(whole, "out")))


@test("the log of a job has whole lines and no control characters, whatever a file is called")
def _(folder):
    photographs(folder)
    with open(os.path.join(folder, "photos", "can", "notes\a.txt"), "w") as file:
        file.write("no picture")
    log = prepare(folder, "photos", "-o", "out")
    assert all(c == "\n" or c >= " " for c in log), repr(log)
    assert log.endswith("README.md\n"), log
    contains(log, "left out: photos/can/notes?.txt: it is neither a PNG nor a JPEG picture")
    with open(os.path.join(folder, "out", "README.md")) as file:
        contains(file.read(), "photos/can/notes?.txt: it is neither")


@test("what is not a photograph, links that go round, empty folders and odd names are told, and nothing stops")
def _(folder):
    made = photographs(folder)
    photos = os.path.join(folder, "photos")
    os.mkdir(os.path.join(photos, "empty"))
    os.symlink("..", os.path.join(photos, "can", "up"))
    os.symlink("nowhere.png", os.path.join(photos, "can", "gone.png"))
    os.mkfifo(os.path.join(photos, "can", "pipe.png"))
    name = os.path.join(photos, "bottle", 'ünï, "code".png')
    png(name, bytes(36), 6)
    with open(os.path.join(photos, "phone.heic"), "wb") as file:
        file.write(b"\0\0\0\x18ftypheic")
    shutil.copy(os.path.join(photos, "phone.heic"), os.path.join(photos, "can", "phone.heic"))
    with open(os.path.join(photos, "can", "half.png"), "wb") as file, open(name, "rb") as whole:
        file.write(whole.read()[:40])
    log = prepare(folder, "photos", "-o", "photos/out", "--size", "6", "--gray")  # OUT among the classes
    for part in ("43 files in 2 classes", "up: it is a link back", "gone.png: No such file", "pipe.png: it is a pipe",
                 "empty: there is no file", "phone.heic: it lies beside", "can/phone.heic: it is a HEIC", "half.png: "):
        contains(log, part)
    with open(os.path.join(photos, "out", "files.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    equal(len([row for row in rows if row["row"] != ""]), len(made) + 1)
    equal(len([row for row in rows if row["set"] == "left out"]), 7)
    contains(str([row["file"] for row in rows if row["row"] != ""]), "ünï, \"code\".png")
    contains(prepare(folder, "photos", "-o", "photos/out", "--size", "6", "--gray"), "nothing to do")
    status, out, _ = gradus("-e", """d = data.load "photos/out"
        for i, r in ipairs(d.rows_train) do
          if r:find "code" then print(r, d.classes[d.y_train[i] + 1], max(d.x_train[i])) end
        end
        print(#d.rows_train)""", folder=folder)
    equal(status, 0)
    contains(out, '.png\tbottle\t0\n33')


@test("photographs that are split already stay so; a part without a folder is taken from the training part")
def _(folder):
    made = photographs(folder)
    for path in made:
        part = "test" if path[-5] == "9" else "train"
        target = os.path.join(folder, "split", part, path[7:])
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.join(folder, path), target)
    prepare(folder, "split", "-o", "out", "--size", "6", "--gray")
    sizes = {part: npy(os.path.join(folder, "out", f"x_{part}.npy"))[0][0] for part in ("train", "val", "test")}
    equal(sizes, {"train": 32, "val": 4, "test": 4})
    x = npy(os.path.join(folder, "out", "x_test.npy"))[2]
    equal({x[i:i + 36] for i in range(0, 144, 36)}, {made[path] for path in made if path[-5] == "9"})
    with open(os.path.join(folder, "out", "README.md")) as file:
        contains(file.read(), "no folder for the validation part: it was taken from the training pictures")
    contains(prepare(folder, "split", "-o", "other", "--split", "50,25,25"), "PHOTOS is split already by its folders")
    equal(npy(os.path.join(folder, "other", "x_test.npy"))[0], (4, 50, 50, 3))
    equal(npy(os.path.join(folder, "other", "x_train.npy"))[0], (24, 50, 50, 3))  # 25 of 75 % become validation
    shutil.copytree(os.path.join(folder, "split", "test"), os.path.join(folder, "split", "testing"))
    contains(prepare(folder, "split", "-o", "other", status=1), "two folders for the test part, test and testing")


@test("changed copies stand behind the training pictures, which stay as they are")
def _(folder):
    photographs(folder)
    prepare(folder, "photos", "-o", "plain", "--size", "6", "--gray")
    prepare(folder, "photos", "-o", "more", "--size", "6", "--gray", "--augment", "flip=vertical,rotate=-20:20",
            "--copies", "3")
    plain, more = npy(os.path.join(folder, "plain", "x_train.npy")), npy(os.path.join(folder, "more", "x_train.npy"))
    equal((plain[0], more[0]), ((32, 6, 6), (128, 6, 6)))
    equal(more[2][:len(plain[2])], plain[2])
    labels = npy(os.path.join(folder, "more", "y_train.npy"))[2]
    equal(labels[32:], bytes(label for label in labels[:32] for _ in range(3)))
    for name in ("x_val.npy", "y_val.npy", "x_test.npy"):
        equal(npy(os.path.join(folder, "more", name)), npy(os.path.join(folder, "plain", name)))
    with open(os.path.join(folder, "more", "files.csv")) as file:
        equal(file.read().count("changed copy"), 96)


@test("COCO annotations give the classes")
def _(folder):
    photographs(folder)
    with open(os.path.join(folder, "a.json"), "w") as file:
        images = ",".join(f'{{"id": {i}, "file_name": "{name}/{i % 20:02}.png", "height": 6, "width": 6}}'
                          for i, name in enumerate(["bottle"] * 20 + ["can"] * 20))
        boxes = ",".join(f'{{"id": {i}, "image_id": {i}, "category_id": {1 + i // 20}, "bbox": [0, 0, 3, 3]}}'
                         for i in range(40))
        file.write(f'{{"images": [{images}], "annotations": [{boxes}], "categories": [{{"id": 1, "name": "Bottle"}}, '
                   '{"id": 2, "name": "Can"}]}')
    prepare(folder, "photos", "-o", "out", "--coco", "a.json", "--positive", "Bottle", "--size", "6", "--gray")
    equal(npy(os.path.join(folder, "out", "y_train.npy"))[2].count(1), 16)
    log = prepare(folder, "photos", "-o", "boxes", "--coco", "a.json", "--by", "box", "--size", "3", "--gray")
    contains(log, "1      Can")
    contains(prepare(folder, "photos", "-o", "x", "--coco", "a.json", "--positive", "Botle", status=1), '"Bottle"?')


@test("wrong usage ends with status 2 and the way to say it")
def _(folder):
    photographs(folder)
    for args, part in (
            ([], "which photographs?"), (["photos"], "where to?"),
            (["photos", "more", "-o", "out"], "one folder, but got"),
            (["photos", "-o", "out", "--sise", "3"], 'did you mean "--size"'),
            (["photos", "-o", "out", "--size", "0"], "pixels"),
            (["photos", "-o", "out", "--split", "80,20"], "three numbers"), (["photos", "-o"], "needs a value"),
            (["photos", "-o", "out", "--split", "80,10,20"], "adds up to 110"),
            (["photos", "-o", "out", "--seed", "x"], "--seed"),
            (["photos", "-o", "out", "--augment", "rotat=3"], 'did you mean "rotate"'),
            (["photos", "-o", "out", "--augment", "rotate=900"], "between -360 and 360"),
            (["photos", "-o", "out", "--queue", "q"], "goes with --job"),
            (["photos", "-o", "out", "--job", "lsf"], "pbs, slurm"),
            (["photos", "-o", "out", "--positive", "x"], "--coco")):
        contains(prepare(folder, *args, status=2), part)
    assert not os.path.exists(os.path.join(folder, "out"))
    contains(prepare(folder, "--help"), "--augment LIST")


@test("what cannot be prepared, or would destroy something, ends with status 1 and says why")
def _(folder):
    photographs(folder)
    contains(prepare(folder, "nowhere", "-o", "out", status=1), "there are no photographs: nowhere: No such file")
    contains(prepare(folder, "photos/can/01.png", "-o", "out", status=1), "is a file: name the folder")
    os.makedirs(os.path.join(folder, "nothing", "bottle"))
    contains(prepare(folder, "nothing", "-o", "out", status=1), "there are no files")
    contains(prepare(folder, "photos/can", "-o", "out", status=1), "have no classes")
    for out in "photos", "photos/.", "photos/can":
        contains(prepare(folder, "photos", "-o", out, status=1), "holds the photographs")
    shutil.copytree(os.path.join(folder, "photos"), os.path.join(folder, "deep", "photos"))
    contains(prepare(folder, "deep", "-o", "out", status=1), 'Did you mean "deep/photos", which has bottle, can?')
    os.makedirs(os.path.join(folder, "texts", "a"))
    os.makedirs(os.path.join(folder, "texts", "b"))
    for name in ("a/1.png", "b/1.png"):
        with open(os.path.join(folder, "texts", name), "w") as file:
            file.write("no picture")
    contains(prepare(folder, "texts", "-o", "out", status=1), "none of the files can be read")
    shutil.copy(os.path.join(folder, "photos", "can", "01.png"), os.path.join(folder, "texts", "a", "2.png"))
    contains(prepare(folder, "texts", "-o", "other", status=1), "of one class")
    with open(os.path.join(folder, "file"), "w") as file:
        file.write("mine")
    contains(prepare(folder, "photos", "-o", "file", status=1), "is a file: -o takes a folder")
    contains(prepare(folder, "photos", "-o", "file/out", status=1), "Not a directory")
    os.makedirs(os.path.join(folder, "mine"))
    shutil.copy(os.path.join(folder, "file"), os.path.join(folder, "mine", "y_val.npy"))
    contains(prepare(folder, "photos", "-o", "mine", status=1), "gradus prepare did not make it")
    equal(bytes_of(os.path.join(folder, "mine")), {"y_val.npy": b"mine"})
    prepare(folder, "photos", "-o", "mine", "--overwrite")
    contains(prepare(folder, "photos", "-o", "mine", "--size", "9", status=1), "--size (50x50 there, 9x9 now)")
    png(os.path.join(folder, "photos", "can", "new.png"), bytes(36), 6)
    contains(prepare(folder, "photos", "-o", "mine", status=1), "the photographs themselves")


@test("a full disk is an error, and the same command goes on when there is room")
def _(folder):
    photographs(folder, side=40)
    done = subprocess.run([GRADUS, "prepare", "photos", "-o", "out", "--gray"], cwd=folder, env=environment(folder),
                          capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)))
    equal(done.returncode, 1)
    contains(done.stderr, "cannot write")
    contains(done.stderr, "the same command goes on from there")
    prepare(folder, "photos", "-o", "out", "--gray")
    equal(sorted(os.listdir(os.path.join(folder, "out"))), OURS)


@test("a batch script does exactly the command, from the folder where it was asked for")
def _(folder):
    made = photographs(folder)
    command = ["prepare", "photos", "-o", "it's out", "--size", "6", "--gray", "--augment", "flip"]
    script = prepare(folder, *command[1:], "--job", "pbs", "--queue", "short", "--walltime", "00:10:00", "--cores", "2")
    for line in ("#!/bin/bash", "#PBS -q short", "#PBS -l select=1:ncpus=2", "#PBS -l walltime=00:10:00"):
        assert line in script.split("\n"), script
    assert not os.path.exists(os.path.join(folder, "it's out"))
    script = prepare(folder, *command[1:], "--job", "slurm", "--memory", "2gb", "--script", "job.sh")
    contains(script, "submit it with sbatch job.sh")
    with open(os.path.join(folder, "job.sh")) as file:
        lines = file.read().split("\n")
    for line in ("#SBATCH --mem=2G", "#SBATCH --cpus-per-task=4", "#SBATCH --time=01:00:00"):
        assert line in lines, lines
    contains(prepare(folder, *command[1:], "--job", "slurm", "--script", "job.sh", status=1), "is there already")
    done = subprocess.run(["bash", os.path.join(folder, "job.sh")], cwd="/", env=environment(folder),
                          capture_output=True, text=True)
    equal((done.returncode, done.stderr), (0, ""))
    equal(npy(os.path.join(folder, "it's out", "x_train.npy"))[0], (2 * 32, 6, 6))
    equal(len(made), 40)


@test("a prepared folder is a data set in the shell")
def _(folder):
    photographs(folder)
    prepare(folder, "photos", "-o", "out", "--gray")
    shell = Shell(folder)
    shell.do('d = data.load "out"')
    contains(shell.do("d"), "1 can ")
    equal(shell.do("d.rows_val[1]")[:7], "photos/")
    equal(shell.do('data.load("out", {only="y_test"}).x_test == nil'), "true")
    contains(shell.do('data.load "photos"'), 'data.folder("photos") reads folders of photographs')
    equal(shell.leave(), 0)


run_all()
