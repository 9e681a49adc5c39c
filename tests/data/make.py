#!/usr/bin/env python3
"""Makes the files beside it, with NumPy: what tests/c/test_data.c reads. Run it here; the files are kept in git."""
import numpy as np

a = np.arange(6, dtype="<i8").reshape(2, 3) - 2

np.save("c_f8.npy", a / 4)
np.save("fortran_f4.npy", np.asfortranarray((np.arange(24).reshape(2, 3, 4) / 2).astype("<f4")))
np.save("big_i4.npy", (a * 1000003).astype(">i4"))
np.save("bool.npy", a % 2 == 0)
np.save("half.npy", np.array([0, -0.0, 1, -2.5, 65504, 2.0**-24, 2.0**-14, np.inf, np.nan], dtype="<f2"))
np.save("scalar.npy", np.float64(2.5))
np.save("empty.npy", np.zeros((0, 7), dtype="u1"))
np.save("object.npy", np.array([[1, 2], [3]], dtype=object), allow_pickle=True)
np.save("text.npy", np.array(["bottle", "can"]))
np.save("complex.npy", np.array([1 + 2j]))
np.save("fields.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]))
np.save("u8.npy", np.array([1, 2**63 - 1], dtype="<u8"))
np.save("u8_large.npy", np.array([2**63], dtype="<u8"))
with open("version2.npy", "wb") as f:
    np.lib.format.write_array(f, a, version=(2, 0))
with open("version3.npy", "wb") as f:
    np.lib.format.write_array(f, a, version=(3, 0))
np.savez("stored.npz", x=a.astype("u1") + 3, y=np.array([0, 1], dtype="u1"))
np.savez_compressed("deflated.npz", x=np.zeros((20, 10), dtype="f4"), y=np.arange(20) % 3)
np.savez("with_object.npz", x=a, names=np.array(["a", None], dtype=object))
