"""data.get against a server on this machine: fetched once, continued, verified, and what is said without a network."""

import hashlib
import http.server
import io
import os
import shutil
import tarfile
import threading
import zipfile

from terminal import contains, equal, gradus, run_all, test

PICTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "pictures")


class Server:
    """Serves a folder on 127.0.0.1, with or without ranges, and remembers what was asked for."""

    def __init__(self, folder, ranges=True):
        requests = self.requests = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *rest):
                super().__init__(*rest, directory=folder)

            def log_message(self, *_):
                pass

            def do_GET(self):
                wanted = self.headers.get("Range")
                requests.append((self.path, wanted))
                path = self.translate_path(self.path)
                if not wanted or not ranges or not os.path.isfile(path):
                    return super().do_GET()
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                with open(path, "rb") as file:
                    data = file.read()
                if start >= len(data):
                    return self.send_error(416)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                self.wfile.write(data[start:])

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def folders(folder):
    served, cache = os.path.join(folder, "served it's"), os.path.join(folder, "cache it's")  # a quote, and a blank
    os.makedirs(served)
    os.makedirs(cache)
    return served, cache


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def run(code, cache, **more):
    # No proxy stands between this machine and itself.
    return gradus("-e", code, **{"XDG_CACHE_HOME": cache, "no_proxy": "*", "NO_PROXY": "*", **more})


FETCH = """
local download = require "gradus.data.download"
print(download.file({name = "a.bin", size = %d, sha256 = %s}, {"%s"}, download.cache() .. "/set"))
"""


def fetch(server, cache, data, sha=True):
    hashed = f'"{hashlib.sha256(data).hexdigest()}"' if sha else "nil"
    return run(FETCH % (len(data), hashed, server.address), cache)


def read(path):
    with open(path, "rb") as file:
        return file.read()


DATA = bytes(range(256)) * 400


@test("A file is fetched once, verified, and used as it is the next time")
def _(folder):
    served, cache = folders(folder)
    write(f"{served}/a.bin", DATA)
    with Server(served) as server:
        status, out, err = fetch(server, cache, DATA)
        equal((status, err), (0, ""))
        contains(out, f"{cache}/gradus/set/a.bin")
        equal(read(f"{cache}/gradus/set/a.bin"), DATA)
        equal(fetch(server, cache, DATA)[0], 0)
        equal(len(server.requests), 1)


@test("What an earlier try left is continued where it ended, and fetched anew from a server that cannot")
def _(folder):
    served, cache = folders(folder)
    write(f"{served}/a.bin", DATA)
    for ranges in True, False:
        write(f"{cache}/gradus/set/a.bin.part", DATA[:1000])
        with Server(served, ranges) as server:
            equal(fetch(server, cache, DATA)[0], 0)
            equal(server.requests[0], ("/a.bin", "bytes=1000-"))
        equal(read(f"{cache}/gradus/set/a.bin"), DATA)
        equal(os.listdir(f"{cache}/gradus/set"), ["a.bin"])
        os.remove(f"{cache}/gradus/set/a.bin")


@test("A whole file that was not yet renamed needs no server")
def _(folder):
    served, cache = folders(folder)
    write(f"{cache}/gradus/set/a.bin.part", DATA)
    with Server(served) as server:
        equal(fetch(server, cache, DATA)[0], 0)
        equal(server.requests, [])


@test("Wrong bytes are never taken: neither from the server nor from the cache")
def _(folder):
    served, cache = folders(folder)
    write(f"{served}/a.bin", b"x" * len(DATA))
    with Server(served) as server:
        status, _, err = fetch(server, cache, DATA)
        equal(status, 1)
        contains(err, "its SHA-256 is")
        contains(err, "By hand: save")
        equal(os.listdir(f"{cache}/gradus/set"), [])
        write(f"{cache}/gradus/set/a.bin", DATA[:-1])
        status, _, err = fetch(server, cache, DATA)
        equal(status, 1)
        contains(err, f"it has {len(DATA) - 1} bytes, and should have {len(DATA)}")
        contains(err, "Remove it")


@test("Without a server, a file or curl the message says where to put the file by hand")
def _(folder):
    served, cache = folders(folder)
    with Server(served) as server:
        status, _, err = fetch(server, cache, DATA)
        equal(status, 1)
        contains(err, "the server does not have it")
        contains(err, f"save {server.address}a.bin as {cache}/gradus/set/a.bin")
    status, _, err = run('data.get("mnist", {from="http://127.0.0.1:9/"})', cache)
    equal(status, 1)
    contains(err, "is there a network?")
    contains(err, f"{cache}/gradus/mnist/train-images-idx3-ubyte.gz")
    status, _, err = run('data.get "mnist"', cache, PATH="/nonexistent")
    equal(status, 1)
    contains(err, "curl")


@test("CIFAR-10 is unpacked and read, and one file of its kind alone")
def _(folder):
    served, cache = folders(folder)
    record = bytes([3]) + bytes(3072)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin", "batches.meta.txt"]:
            data = b"airplane\nautomobile\n\n" if name.endswith("txt") else record * 2
            item = tarfile.TarInfo("cifar-10-batches-bin/" + name)
            item.size = len(data)
            tar.addfile(item, io.BytesIO(data))
    write(f"{served}/cifar-10-binary.tar.gz", packed.getvalue())
    with Server(served) as server:
        code = f'd = data.get("cifar10", {{from="{server.address}"}}) print(#d.x_train, #d.x_test, d.rows_train[3])'
        status, out, err = run(code, cache)
        equal((status, err), (0, ""))
        contains(out, "nobody has verified this file")
        contains(out, "10\t2\tdata_batch_2.bin, item 1")
    inside = f"{cache}/gradus/cifar10/cifar-10-batches-bin"
    code = f'd = data.cifar("{inside}/test_batch.bin") print(table.concat(d.x.shape, " "), d.y)'
    equal(run(code, cache)[1], "2 32 32 3\t[3 3]\n")
    contains(run(f'data.cifar("{served}")', cache)[2], "has none of data_batch_1.bin")


@test("TrashNet is unzipped and read; an archive that would write elsewhere is refused")
def _(folder):
    served, cache = folders(folder)
    picture = read(f"{PICTURES}/rgb.jpg")

    def zipped(*names):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, picture)
        write(f"{served}/dataset-resized.zip", packed.getvalue())

    with Server(served) as server:
        code = f'd = data.get("trashnet", {{from="{server.address}", size=9}})'
        code += ' print(table.concat(d.x.shape, " "), d.y, d.classes[2])'
        for bad in "../out.jpg", "/tmp/gradus-out.jpg", "dataset-resized/../../out.jpg":
            zipped(bad)
            status, _, err = run(code, cache)
            equal(status, 1)
            contains(err, "outside of the folder")
            shutil.rmtree(f"{cache}/gradus")
        zipped("dataset-resized/glass/1.jpg", "dataset-resized/paper/1.jpg", "__MACOSX/x", "dataset-resized/.DS_Store")
        status, out, err = run(code, cache)
        equal((status, err), (0, ""))
        contains(out, "2 9 9\t[0 1]\tpaper")


@test("TACO says how it is fetched by hand, and is read when it is there")
def _(folder):
    _, cache = folders(folder)
    status, _, err = run('data.get "taco"', cache)
    equal(status, 1)
    contains(err, "git clone https://github.com/pedropro/TACO")
    contains(err, f"{cache}/gradus/taco/annotations.json")
    write(f"{cache}/gradus/taco/batch_1/1.jpg", read(f"{PICTURES}/rgb.jpg"))
    write(f"{cache}/gradus/taco/annotations.json", b"""{"images": [{"id": 1, "file_name": "batch_1/1.jpg", "width": 72,
        "height": 52}], "categories": [{"id": 5, "name": "Clear plastic bottle", "supercategory": "Bottle"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [1, 1, 20, 30]}]}""")
    equal(run('d = data.get("taco", {size=8}) print(table.concat(d.x.shape, " "), d.y)', cache)[1], "1 8 8\t[1]\n")


@test("A name that there is not is an error with the names that there are")
def _(folder):
    contains(run('data.get "minst"', folder)[2], 'did you mean "mnist"')
    contains(run("data.get(3)", folder)[2], "cifar10, fashion, mnist, taco, trashnet")


run_all()
