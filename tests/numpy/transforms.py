"""Fourier transforms. Complex numbers are two tensors, real and imaginary parts."""
import itertools

from suite import axis

SIZES = [1, 2, 3, 4, 7, 8, 12, 17, 30, 64]


def transforms(s):
    for n, dtype in itertools.product(SIZES, ("float64", "float32", "int64")):
        a, b = s.operand((n,), dtype), s.operand((n,), dtype, "ties")
        for name in ("fft", "ifft"):
            s.case(f"parts(np.fft.{name}(a), a)", f"{{fft.{name}(a)}}", "scaled", a=a)
            s.case(f"parts(np.fft.{name}(a + 1j * b), a)", f"{{fft.{name}(a, b)}}", "scaled", a=a, b=b)
        s.case("parts(np.fft.rfft(a), a)", "{fft.rfft(a)}", "scaled", a=a)
    for shape, dtype in itertools.product([(3, 4), (5, 2), (2, 3, 4)], ("float64", "float32")):
        a, b = s.operand(shape, dtype), s.operand(shape, dtype, "ties")
        for at in range(-len(shape), len(shape)):
            s.case(f"parts(np.fft.fft(a + 1j * b, axis={at}), a)",
                   f"{{fft.fft(a, b, {{axis={axis(at)}}})}}", "scaled", a=a, b=b)
            s.case(f"parts(np.fft.rfft(a, axis={at}), a)", f"{{fft.rfft(a, {{axis={axis(at)}}})}}", "scaled", a=a)
        for name in ("fft2", "ifft2"):
            s.case(f"parts(np.fft.{name}(a), a)", f"{{fft.{name}(a)}}", "scaled", a=a)
            s.case(f"parts(np.fft.{name}(a + 1j * b), a)", f"{{fft.{name}(a, b)}}", "scaled", a=a, b=b)
        s.case("parts(np.fft.fft(a.T), a)", "{fft.fft(a.T)}", "scaled", a=a)
        s.case("parts(np.fft.fft2(a[::-1]), a)", '{fft.fft2(a["::-1"])}', "scaled", a=a)
    a, b = s.operand((9,)), s.operand((9,), "float64", "ties")
    for n, norm in itertools.product((4, 9, 16), ("backward", "ortho", "forward")):
        for name in ("fft", "ifft"):
            s.case(f"parts(np.fft.{name}(a + 1j * b, n={n}, norm='{norm}'), a)",
                   f'{{fft.{name}(a, b, {{n={n}, norm="{norm}"}})}}', "scaled", a=a, b=b)
        s.case(f"parts(np.fft.rfft(a, n={n}, norm='{norm}'), a)",
               f'{{fft.rfft(a, {{n={n}, norm="{norm}"}})}}', "scaled", a=a)
    for n in (8, 9, 16, 17):
        s.case(f"np.fft.irfft(a + 1j * b, n={n})", f"fft.irfft(a, b, {{n={n}}})", "scaled", a=a, b=b)


def frequencies(s):
    for n, d in itertools.product((1, 2, 5, 8), (1, 0.1)):
        s.case(f"np.fft.fftfreq({n}, {d})", f"fft.fftfreq({n}, {d})", "close")
        s.case(f"np.fft.rfftfreq({n}, {d})", f"fft.rfftfreq({n}, {d})", "close")
    for shape in [(1,), (4,), (5,), (3, 4), (2, 3, 5)]:
        a = s.operand(shape)
        for name in ("fftshift", "ifftshift"):
            s.case(f"np.fft.{name}(a)", f"fft.{name}(a)", a=a)
            for at in range(len(shape)):
                s.case(f"np.fft.{name}(a, {at})", f"fft.{name}(a, {at + 1})", a=a)


FAMILIES = [transforms, frequencies]
