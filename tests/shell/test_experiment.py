"""lessons/experiment.lua: the course's experiment on pictures of one's own, and on real photographs where they are."""

import os
import re

from terminal import contains, equal, gradus, run_all, test

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(TREE, "lessons", "experiment.lua")
# 2,527 photographs of TrashNet (https://github.com/garythung/trashnet), 50x50 and grey; x, and y with glass as 1.
PHOTOGRAPHS = os.environ.get("GRADUS_PHOTOGRAPHS", os.path.join(TREE, "..", "shared", "data", "trashnet50_gray.npz"))


def table(text):
    """{name: {measure: mean, or None where it is undefined}}"""
    rows = {}
    for line in text.splitlines():
        found = re.match(r"(.+?) +(\d+)  (.*)$", line)
        if found:
            means = [None if cell.startswith("undefined") else float(cell.split(" ± ")[0])
                     for cell in re.split(r"  +", found[3].strip())]
            rows[found[1]] = dict(zip(("accuracy", "recall", "precision", "specificity", "F1"), means))
            rows[found[1]]["parameters"] = int(found[2])
    return rows


@test("four ways are compared beside the majority baseline, over as many seeds as are wanted")
def _(folder):
    pictures = os.path.join(folder, "own.npz")
    equal(gradus("-e", "d = data.waste{n=60}; data.save([[" + pictures + "]], {x=d.x_train, y=d.y_train})")[0], 0)
    status, out, err = gradus(SCRIPT, pictures, "1", "2", "1")
    equal((status, err), (0, ""))
    contains(out, "2 seeds, 1 epochs")
    contains(out, "always the larger class")
    rows = table(out)
    equal({name: row["parameters"] for name, row in rows.items()},
          {"MLP": 320386, "CNN": 7394, "CNN + class weights": 7394, "CNN + class weights + flips/shifts": 7394})
    for row in rows.values():
        assert all(value is None or 0 <= value <= 1 for name, value in row.items() if name != "parameters"), row
    equal(gradus(SCRIPT)[0], 1)


# Shortened: one seed of five, 6 epochs of 30.
@test("on real photographs the MLP finds nothing and class weights find what the plain CNN misses")
def _(folder):
    if not os.path.exists(PHOTOGRAPHS):
        print("# skipped: no photographs at GRADUS_PHOTOGRAPHS")
        return
    status, out, err = gradus(SCRIPT, PHOTOGRAPHS, "1", "1", "6")
    equal((status, err), (0, ""))
    rows = table(out)
    plain = rows["CNN"]["recall"]
    assert rows["MLP"]["recall"] <= 0.05, out
    assert rows["CNN + class weights"]["recall"] >= plain + 0.15, out
    assert rows["CNN + class weights + flips/shifts"]["recall"] >= plain + 0.15, out


run_all()
