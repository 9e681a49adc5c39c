"""Photographs for the suite "photographs": a tree of them made with Pillow, and Pillow's way to read it."""

import multiprocessing
import os
import pathlib

import numpy as np
from PIL import Image, ImageOps

FOLDER = pathlib.Path(os.environ["BENCH_FOLDER"]) / "photos"
COUNT = 40 if "BENCH_SMOKE" in os.environ else 2500
CLASSES = ("bottle", "can", "cup", "glass", "paper")


def _photo(number):
    """512x384, as detailed as a photograph: coarse shapes, fine ones and grain; about 45 kB."""
    draw = np.random.RandomState(number)
    layers = 0
    for rows, weight in ((3, 110), (12, 50), (48, 30)):
        coarse = draw.randint(0, 256, (rows, rows * 4 // 3, 3)).astype(np.uint8)
        layers = layers + weight / 255 * np.asarray(Image.fromarray(coarse).resize((512, 384), Image.BICUBIC), np.float32)
    grain = draw.normal(30, 6, (384, 512, 1))
    path = FOLDER / CLASSES[number % len(CLASSES)] / f"{number:05}.jpg"
    Image.fromarray(np.clip(layers + grain, 0, 255).astype(np.uint8)).save(path, quality=85)


def make():
    """Makes the tree, on all cores: it is not what is measured."""
    for name in CLASSES:
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
    with multiprocessing.Pool() as pool:
        pool.map(_photo, range(COUNT), chunksize=20)


def _upright(path):
    with Image.open(path) as photo:
        return np.asarray(ImageOps.exif_transpose(photo).convert("L").resize((50, 50), Image.BOX))


def _draft(path):
    with Image.open(path) as photo:
        photo.draft("L", (50, 50))  # decodes at a half, quarter or eighth, whichever is large enough
        return np.asarray(ImageOps.exif_transpose(photo).convert("L").resize((50, 50), Image.BOX))


_pool = None


def load(draft):
    """All photographs as one array, in the order of their names, by as many processes as the run allows."""
    global _pool
    if _pool is None:  # kept: starting processes is not what is measured either
        _pool = multiprocessing.Pool(int(os.environ["OMP_NUM_THREADS"]))
    paths = sorted(FOLDER.glob("*/*.jpg"))
    return np.stack(_pool.map(_draft if draft else _upright, paths, chunksize=25))
