"""Running a suite: the digits are compared first, then everyone is timed in turn, and a table says how it went."""

import math
import platform
import statistics

from framework import contestants

NUMBERS = 64  # of a result, at most so many are compared


def _seconds(value):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _difference(ours, theirs):
    """The greatest relative difference of two results, or infinity when they have different sizes."""
    if ours[0] != theirs[0]:
        return math.inf
    scale = max((abs(x) for x in theirs[1] if math.isfinite(x)), default=0) or 1
    worst = 0.0
    for x, y in zip(ours[1], theirs[1]):
        if x != y and not (math.isnan(x) and math.isnan(y)):
            worst = max(worst, abs(x - y) / scale if math.isfinite(x) and math.isfinite(y) else math.inf)
    return worst


class Measurement:
    """One workload and the contestants that take part in it."""

    def __init__(self, workload, suite, running, given):
        self.workload, self.given = workload, given
        self.contestants = {name: running[name] for name in workload.code if name in running}
        for name, contestant in self.contestants.items():
            contestant.do(workload.setup.get(name, ""))
            contestant.do(workload.code[name])

    def digits(self):
        """Peer -> the greatest difference of its result from gradus's."""
        values = {name: contestant.value(NUMBERS, self.workload.result[name])
                  for name, contestant in self.contestants.items() if name in self.workload.result}
        return {name: _difference(values["gradus"], value) for name, value in values.items()
                if name != "gradus" and "gradus" in values}

    def _time(self, name, repeats):
        elapsed, processor = self.contestants[name].time(repeats, self.workload.code[name])
        return elapsed if self.given.wall else processor

    def _repeats(self, name):
        repeats = 1
        while (taken := self._time(name, repeats)) < self.given.seconds:
            # Towards the goal, but not on the word of one short measurement.
            repeats = max(repeats + 1, min(repeats * 10, int(repeats * 1.2 * self.given.seconds / max(taken, 1e-9))))
        return repeats

    def times(self):
        """Contestant -> seconds for one run, a list with one entry a round. Rounds go forth and back."""
        names = list(self.contestants)
        repeats = {name: self._repeats(name) for name in names}
        taken = {name: [] for name in names}
        for number in range(self.given.rounds):
            for name in names if number % 2 == 0 else reversed(names):
                taken[name].append(self._time(name, repeats[name]) / repeats[name])
        return taken


HEADS = ("", "gradus", "peer", "its time", "times as fast", "quartiles", "bar", "digits")
UNTIMED = (0, 2, 7)  # what there is to say when nothing is timed
LEFT = (0, 2, 7)     # columns of text


def _print_row(cells, widths, columns):
    print("  ".join(cells[i].ljust(widths[i]) if i in LEFT else cells[i].rjust(widths[i]) for i in columns).rstrip(),
          flush=True)


def _digits(difference, tolerance):
    text = "equal" if difference == 0 else f"{difference:.0e}"
    return text if difference <= tolerance else f"{text} DIFFER (allowed {tolerance:.0e})"


def _compared(ours, theirs, bar):
    """Cells for the ratio, its quartiles and the bar. Each round gives a ratio: what slows the machine down, slows
    both."""
    ratios = [their / our for their, our in zip(theirs, ours)]
    median = statistics.median(ratios)
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [median] * 3
    verdict = f"{bar:g} {'met' if median >= bar else 'MISSED'}" if bar else ""
    return f"{median:.2f}", f"{quartiles[0]:.2f} .. {quartiles[2]:.2f}", verdict


def _rows(measurement, differences, taken):
    """A row of cells for each peer, or one for gradus alone."""
    workload = measurement.workload
    median = {name: _seconds(statistics.median(times)) for name, times in taken.items()}
    peers = [name for name in measurement.contestants if name != "gradus"]
    for peer in peers or [""]:
        compared = "", "", ""
        if peer in taken and "gradus" in taken:
            bar = workload.bar
            if isinstance(bar, list):
                bar = bar[min(measurement.given.threads, len(bar)) - 1]
            compared = _compared(taken["gradus"], taken[peer], bar)
        digits = _digits(differences[peer], workload.tolerance) if peer in differences else ""
        yield (workload.name, median.get("gradus", ""), peer, median.get(peer, ""), *compared, digits)


def run(suite, running, given):
    """Runs the suite and prints its table. False when results differ, or a workload fails."""
    workloads = [workload for workload in suite.workloads if given.only in workload.name]
    if not workloads or not running:
        return True
    clock = "elapsed time" if given.wall else "processor time"
    print(f"\n{suite.name}: {suite.title}")
    how = "each once, untimed" if given.smoke else f"{clock}, medians of {given.rounds} interleaved rounds"
    print(f"{_processor()}; {given.threads} thread{'s' * (given.threads > 1)} each; {how}")
    for contestant in running.values():
        print(f"{contestant.name}: {contestant.about}")
    widths = [max(len(workload.name) for workload in workloads), 8, max(map(len, running)), 8, 13, 16, 10, 0]
    columns = UNTIMED if given.smoke else range(len(HEADS))
    print()
    _print_row(HEADS, widths, columns)
    right = True
    for name, code in suite.setup.items():
        if name in running:
            running[name].do(code)
    for workload in workloads:
        try:
            measurement = Measurement(workload, suite, running, given)
            differences = measurement.digits()
            right = right and all(worst <= workload.tolerance for worst in differences.values())
            for cells in _rows(measurement, differences, {} if given.smoke else measurement.times()):
                _print_row(cells, widths, columns)
        except contestants.Failed as problem:
            print(f"{workload.name}: {problem}", flush=True)
            right = False
            if any(contestant.process.poll() is not None for contestant in running.values()):
                break
    return right
