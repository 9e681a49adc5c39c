"""Suites: what is measured, as bench/suites/NAME.toml says it. The format is described in bench/README.md."""

import dataclasses
import itertools
import string
import tomllib


class Mistake(Exception):
    """A suite that cannot be read."""


SUITE_KEYS = {"title", "tolerance", "module", "setup", "each", "workload"}
WORKLOAD_KEYS = {"name", "with", "without", "setup", "code", "result", "bar", "tolerance"}
EACH_KEYS = {"setup", "code", "result"}


@dataclasses.dataclass
class Workload:
    name: str
    setup: dict    # contestant -> code run once, untimed
    code: dict     # contestant -> code that is timed
    result: dict   # contestant -> expression, whose numbers must agree
    tolerance: float
    bar: float | list | None  # how many times as fast as each peer gradus is meant to be at least


@dataclasses.dataclass
class Suite:
    name: str
    title: str
    modules: dict    # contestant -> Python module it needs
    setup: dict
    workloads: list

    def contestants(self):
        """Who is named in it, gradus first."""
        names = {name for workload in self.workloads for name in workload.code}
        return sorted(names, key=lambda name: (name != "gradus", name))


def names(folder):
    return sorted(path.stem for path in folder.glob("*.toml"))


def _check(keys, known, where):
    for key in keys:
        if key not in known:
            raise Mistake(f"{where}: there is no key \"{key}\"; the keys are {', '.join(sorted(known))}")


def _filled(value, values):
    """`value` with $names replaced: a text, or a table of texts."""
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    return string.Template(value).safe_substitute(values)


def _workloads(entry, each, tolerance, where):
    _check(entry, WORKLOAD_KEYS, where)
    entry = {**each, **entry}
    for part in ("setup", "code", "result"):  # of those who take part in it
        if isinstance(entry.get(part), dict):
            entry[part] = {name: text for name, text in entry[part].items() if name not in entry.get("without", [])}
    if "name" not in entry or "code" not in entry:
        raise Mistake(f"{where}: a workload has a name, and code for each contestant")
    axes = entry.get("with", {})
    for combination in itertools.product(*axes.values()):
        values = dict(zip(axes, combination))
        result = entry.get("result", {})
        if isinstance(result, str):
            result = {name: result for name in entry["code"]}
        allowed = entry.get("tolerance", tolerance)
        if isinstance(allowed, dict):  # by dtype
            allowed = allowed[values["dtype"]]
        yield Workload(name=_filled(entry["name"], values), setup=_filled(entry.get("setup", {}), values),
                       code=_filled(entry["code"], values), result=_filled(result, values), tolerance=allowed,
                       bar=_bar(entry.get("bar"), values))


def _bar(bar, values):
    """Of one of the values of `with` in it, where it depends on them; a list is for 1 thread and for more."""
    if isinstance(bar, dict):
        return next((bar[value] for value in values.values() if value in bar), None)
    return bar


def load(folder, name):
    path = folder / f"{name}.toml"
    if name.endswith(".toml"):
        path = type(folder)(name)
    try:
        read = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise Mistake(f"there is no suite \"{name}\"; there are {', '.join(names(folder))}") from None
    except tomllib.TOMLDecodeError as problem:
        raise Mistake(f"{path}: {problem}") from None
    _check(read, SUITE_KEYS, str(path))
    _check(read.get("each", {}), EACH_KEYS, f"{path}, each")
    suite = Suite(name=path.stem, title=read.get("title", ""), modules=read.get("module", {}),
                  setup=read.get("setup", {}), workloads=[])
    for number, entry in enumerate(read.get("workload", []), 1):
        where = f"{path}, workload {number}"
        suite.workloads += _workloads(entry, read.get("each", {}), read.get("tolerance", 1e-12), where)
    return suite
