"""A contestant that runs Python: what a learner types at its prompt. framework/contestants.py has the protocol."""

import gc
import importlib
import sys
import textwrap
import time

channel = sys.stdout


def answer(text):
    channel.write("bench: " + text.replace("\n", " | ") + "\n")
    channel.flush()


def numbers_of(value, most):
    """Any number, list or array (NumPy's, PyTorch's, TensorFlow's) as a flat list."""
    while hasattr(value, "detach") or hasattr(value, "numpy"):
        value = value.detach() if hasattr(value, "detach") and getattr(value, "requires_grad", False) else value.numpy()
    if hasattr(value, "ravel"):
        value = value.ravel()
        flat, count = value, len(value)
    else:
        flat, pending = [], [value]
        while pending:
            item = pending.pop(0)
            if isinstance(item, (list, tuple)):
                pending[:0] = item
            else:
                flat.append(item)
        count = len(flat)
    kept = [i * count // min(most, count) for i in range(min(most, count))]
    return count, [float(flat[i]) for i in kept]


def serve(names):
    for line in sys.stdin.buffer:
        verb, number, length = line.split()
        text = sys.stdin.buffer.read(int(length)).decode()
        try:
            if verb == b"do":
                exec(compile(text, "<setup>", "exec"), names)
                answer("done")
            elif verb == b"time":
                # The names are globals, as at the prompt: so are those of the gradus side.
                loop = compile("for _ in range(repeats):\n" + textwrap.indent(text, "  "), "<workload>", "exec")
                names["repeats"] = int(number)
                gc.collect()
                elapsed, processor = time.perf_counter(), time.process_time()
                exec(loop, names)
                processor, elapsed = time.process_time() - processor, time.perf_counter() - elapsed
                answer(f"{elapsed:.9f} {processor:.9f}")
            else:
                count, numbers = numbers_of(eval(text, names), int(number))
                answer(" ".join([str(count), *(f"{x:.17g}" for x in numbers)]))
        except Exception as problem:
            answer(f"error {type(problem).__name__}: {problem}")


def main():
    module = sys.argv[1]
    names = {"__name__": "__main__"}
    about = "Python " + sys.version.split()[0]
    if module != "python":
        try:
            loaded = importlib.import_module(module)
        except ImportError as problem:
            answer(f"absent {sys.executable}: {problem}")
            return
        about = f"{module} {getattr(loaded, '__version__', '')}, {about}"
    answer(about)
    serve(names)


main()
