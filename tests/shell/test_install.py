"""gradus as it is installed: away from the tree, moved, without a home, in a folder that means harm; what its man page
says; and what bash completes."""

import os
import pathlib
import re
import shutil
import subprocess

import pexpect

from terminal import CONTROL, GRADUS, TIMEOUT, contains, equal, run_all, test

BUILD = pathlib.Path(GRADUS).parents[2]
TREE = (BUILD / "src/shell" / (BUILD / "src/shell/source_root").read_text()).resolve()
meson = shutil.which("meson")


def install(folder):
    """Installs under the folder; returns where the prefix is."""
    done = subprocess.run([meson, "install", "-C", BUILD, "--no-rebuild", "--quiet"], capture_output=True, text=True,
                          env={**os.environ, "DESTDIR": folder})
    equal((done.returncode, done.stderr), (0, ""))
    found = list(pathlib.Path(folder).rglob("bin/gradus"))
    equal(len(found), 1)
    return found[0].parent.parent


def run(program, *args, cwd, **env):
    """A program without a terminal, that knows of nothing but where programs are: (status, stdout, stderr)."""
    done = subprocess.run([program, *args], cwd=cwd, env={"PATH": os.environ["PATH"], **env}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=4 * TIMEOUT)
    return done.returncode, done.stdout, done.stderr


def empty(folder, name="empty"):
    path = pathlib.Path(folder, name)
    path.mkdir()
    return path


def man_page():
    """The text of the man page as it is read, with one space between words."""
    text = (TREE / "docs/gradus.1").read_text()
    text = re.sub(r'^\.[A-Z]+ ?', "", text, flags=re.M)
    text = text.replace(r"\-", "-").replace(r"\(dq", '"').replace(r"\(aq", "'")
    text = re.sub(r"\\f[RBI]|\\", "", text)
    return re.sub(r"\s+", " ", text.replace('"', ""))


# What changes between two words of a line does not show: spaces are left out on both sides.
def closed_up(text):
    return re.sub(r"[\s\[\]]+", "", text)


@test("What meson installs plays a lesson in an empty folder, without HOME; moved as a whole it does so, too")
def _(folder):
    prefix = install(os.path.join(folder, "here"))
    for part in ("bin/gradus", "share/man/man1/gradus.1", "share/bash-completion/completions/gradus",
                 "share/gradus/lessons/10-neuron.md", "share/gradus/datasets/README.md"):
        equal((prefix / part).is_file(), True)
    cwd = empty(folder)
    status, out, err = run(prefix / "bin/gradus", "lesson", "run", "neuron", cwd=cwd)
    equal((status, err), (0, ""))
    contains(out, "9.67299303")
    equal(sorted(os.listdir(cwd)), ["plots"])
    for plot in os.listdir(cwd / "plots"):
        equal((cwd / "plots" / plot).read_bytes()[:4], b"\x89PNG")

    moved = pathlib.Path(folder, "there and back")
    shutil.move(prefix, moved)
    shutil.rmtree(os.path.join(folder, "here"))
    status, out, err = run(moved / "bin/gradus", "-e", "data.iris(); data.digits(); lesson.find('neuron').slug", cwd=cwd)
    equal((status, out, err), (0, "neuron\n", ""))
    status, out, _ = run(moved / "bin/gradus", "doctor", cwd=cwd)
    contains(out, f"{moved}/share/gradus/lessons\n")

    link = pathlib.Path(folder, "gradus")
    link.symlink_to(moved / "bin/gradus")
    contains(run(link, "lesson", cwd=cwd)[1], "neuron")

    shutil.rmtree(moved / "share/gradus")
    status, _, err = run(moved / "bin/gradus", "lesson", cwd=cwd)
    equal(status, 1)
    contains(err, f"the lessons that come with gradus are not where they belong: cannot read the folder \"{moved}/share")


@test("A build folder in its tree finds lessons and Lua after the tree was moved; one without its tree does without")
def _(folder):
    tree = pathlib.Path(folder, "tree")
    (tree / "build/src/shell").mkdir(parents=True)
    for part in ("lua", "lessons"):
        shutil.copytree(TREE / part, tree / part)
    shutil.copy(GRADUS, tree / "build/src/shell")
    (tree / "build/src/shell/source_root").write_text("../../..")
    (tree / "lua/gradus/nn/init.lua").write_text("return {tree = true}")
    code = ("-e", "nn.tree, lesson.find(10).slug")
    equal(run(tree / "build/src/shell/gradus", *code, cwd=folder), (0, "true\nneuron\n", ""))
    moved = tree.rename(tree.with_name("moved"))
    equal(run(moved / "build/src/shell/gradus", *code, cwd=folder), (0, "true\nneuron\n", ""))
    shutil.rmtree(moved / "lua")
    equal(run(moved / "build/src/shell/gradus", "-e", "nn.Dense{2}; 1 + 1", cwd=folder), (0, "2\n", ""))


@test("An installed gradus takes its Lua from itself, whatever lies around it and in the current folder")
def _(folder):
    prefix = install(folder)
    cwd = empty(folder)
    broken = "error('this file is not ours')\n"
    for near in (cwd, prefix, prefix / "share/gradus", pathlib.Path(folder)):
        for name in ("lua/gradus/help.lua", "lua/gradus/options.lua", "lua/gradus/nn/init.lua", "gradus/nn.lua",
                     "share/gradus/lua/gradus/nn/init.lua"):
            (near / name).parent.mkdir(parents=True, exist_ok=True)
            (near / name).write_text(broken)
    (cwd / "source_root").write_text(str(cwd))
    (prefix / "bin/lua/gradus").mkdir(parents=True)
    (prefix / "bin/lua/gradus/help.lua").write_text(broken)
    equal(run(prefix / "bin/gradus", "-e", "nn.Dense{2}; 1 + 1", cwd=cwd), (0, "2\n", ""))


@test("No file of the current folder is run or read unasked: the same words give the same text beside a dozen of them")
def _(folder):
    def session(cwd):
        child = pexpect.spawn(GRADUS, encoding="utf-8", timeout=TIMEOUT, dimensions=(40, 100), cwd=cwd,
                              env={"PATH": os.environ["PATH"], "TERM": "xterm"})
        child.delaybeforesend = None
        said = []
        for line in ("nn.Dense{2}", "plot({1, 2, 4})", "gradus", "random.seed(1); random.random()"):
            child.expect(r"\x1b\[\?2004h> ")
            said.append(CONTROL.sub("", child.before))
            child.send(line + "\r")
        child.expect(r"\x1b\[\?2004h> ")
        said.append(CONTROL.sub("", child.before))
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        equal(child.exitstatus, 0)
        return said

    before = session(empty(folder))
    hostile = empty(folder, "hostile")
    for name in ("init.lua", "gradus.lua", "nn.lua", "plot.lua", "random.lua", "session.lua", "gradus/init.lua",
                 "gradus/nn.lua", "gradus/session.lua", ".gradusrc", ".gradus.lua", "lua/gradus/help.lua"):
        (hostile / name).parent.mkdir(parents=True, exist_ok=True)
        (hostile / name).write_text("io.open('ran', 'w'):close() error('ran')\n")
    (hostile / ".inputrc").write_text('"n": "touch"\n"p": "error()"\nset editing-mode vi\n')
    for name in (".gnuplot", ".gnuplotrc", "gnuplotrc", "gnuplot.ini"):
        (hostile / name).write_text("!touch ran\nset title 'ran'\nset print 'ran'\nprint 1\n")
    equal(session(hostile), before)
    equal((hostile / "ran").exists(), False)


# /proc is a folder in which not even root can make one.
for what, home in {"No HOME at all": None, "A HOME that cannot be written": "/proc", "A HOME that is no folder": "/dev/null",
                   "A HOME that is a relative path": "."}.items():
    @test(f"{what} is no reason not to start: one remark, and everything works")
    def _(folder, home=home):
        cwd = empty(folder)
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", **({"HOME": home} if home else {})}
        child = pexpect.spawn(GRADUS, encoding="utf-8", timeout=TIMEOUT, dimensions=(40, 200), cwd=cwd, env=env)
        child.delaybeforesend = None
        child.expect(r"\x1b\[\?2004h> ")
        banner = CONTROL.sub("", child.before).strip().split("\n")
        equal(len(banner), 2)
        contains(banner[1], "the history of this session cannot be kept")
        for line, answer in {"1 + 1": "2", ":lesson neuron": "A neuron learns", ":leave": "", "2 + 2": "4"}.items():
            child.send(line + "\r")
            child.expect(r"\x1b\[\?2004l\r")
            child.expect(r"\x1b\[\?2004h> ")
            contains(CONTROL.sub("", child.before), answer)
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        equal(child.exitstatus, 0)
        equal(os.listdir(cwd), [])


@test("The man page has every line of the usage and every option, and no command or option that there is not")
def _(folder):
    usage = run(GRADUS, "--help", cwd=folder)[1]
    page = man_page()
    closed = closed_up(page)
    for line in usage.splitlines():
        for command in re.findall(r"(?:^|  )gradus (\S.*?)(?:  |$)", line):
            for part in command.split(" | "):
                contains(closed, closed_up(part))
        option = re.match(r"  (--\w+ \w+)", line)
        if option:
            contains(page, option[1])
    own = run(GRADUS, "-e", "for _, name in ipairs {'export', 'prepare'} do print(require('gradus.' .. name).usage) end",
              cwd=folder)[1]
    words = set(re.findall(r"--?[a-z]+", usage + own)) | {"-h"}
    lessons = "".join(path.read_text() for path in (TREE / "lessons").glob("*.md"))
    words |= {"--" + name for line in re.findall(r"^options: (.*)", lessons, re.M) for name in re.split(r",\s*", line)}
    for option in re.findall(r"(?<![\w-])--?[a-z]+", page):
        if option not in words:
            raise AssertionError(f"the man page has {option}, which --help does not know")
    for command in re.findall(r"gradus ([a-z]+)(?= )", page[page.index("COMMANDS"):page.index("OPTIONS")]):
        if not re.search(rf"gradus {command}\b", usage):
            raise AssertionError(f"the man page has gradus {command}, which --help does not know")


@test("The man page has every environment variable that the program reads, and the exit statuses that it gives")
def _(folder):
    page = man_page()
    for path in [*(TREE / "src").rglob("*.c"), *(TREE / "lua").rglob("*.lua")]:
        text = path.read_text()
        names = re.findall(r'\bgetenv\s*\(?\s*"(\w+)"', text) + re.findall(r'"((?:XDG|GRADUS)_\w+)"', text)
        for name in names:
            if name not in page[page.index("ENVIRONMENT"):]:
                raise AssertionError(f"{path} reads {name}, of which the man page says nothing")
    statuses = page[page.index("EXIT STATUS"):page.index("ENVIRONMENT")]
    for status, args in {0: ["--version"], 1: ["-e", "error()"], 2: ["--no-such-option"]}.items():
        equal(run(GRADUS, *args, cwd=folder)[0], status)
        contains(statuses, f" {status} ")


@test("What the man page says in its examples is so")
def _(folder):
    page = man_page()
    contains(page, "gradus -e 'linspace(0, 1, 5):sum()' Prints 2.5.")
    equal(run(GRADUS, "-e", "linspace(0, 1, 5):sum()", cwd=folder)[1], "2.5\n")


@test("The man page is clean by the judgement of man")
def _(folder):
    if not shutil.which("groff"):
        return
    done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", TREE / "docs/gradus.1"], capture_output=True, text=True)
    equal(done.stderr, "")


class Bash:
    """A bash that has the completion, with gradus in its PATH."""

    def __init__(self, cwd):
        self.child = pexpect.spawn("bash", ["--norc", "--noprofile"], encoding="utf-8", timeout=TIMEOUT, cwd=cwd,
                                   dimensions=(40, 200), env={
                                       "PATH": f"{os.path.dirname(GRADUS)}:{os.environ['PATH']}", "TERM": "dumb",
                                       "PS1": "$ ", "INPUTRC": "/dev/null", "HOME": str(cwd)})
        self.child.delaybeforesend = None
        self.child.expect_exact("$ ")
        self.child.send(f"source '{TREE}/docs/gradus.bash'; bind 'set bell-style none'; bind 'set page-completions off'\r")
        self.child.expect_exact("page-completions off'\r\n")
        self.child.expect_exact("$ ")

    def line(self, typed):
        """The words of the line after Tab, as bash reads them."""
        self.child.send(f"{typed}\t\x01printf '\\n<%s>' \x05\r")
        self.child.expect(r"((?:\r\n<[^\r\n]*>)+)\$ ")
        return re.findall(r"<([^\r\n]*)>", self.child.match[1])[1:]

    def candidates(self, typed):
        """What Tab lists when there are several."""
        self.child.send(f"{typed}\t\t")
        self.child.expect_exact("\r\n")
        self.child.expect_exact("$ ")
        listed = set(self.child.before.split())
        self.child.send("\x15\r")
        self.child.expect_exact("\r\n$ ")
        return listed


@test("bash completes commands, options, lessons by slug and number, and what follows a lesson")
def _(folder):
    bash = Bash(folder)
    equal(bash.line("gradus le"), ["lesson"])
    equal(bash.line("gradus lesson pre"), ["lesson", "preview"])
    equal(bash.line("gradus lesson run neu"), ["lesson", "run", "neuron"])
    equal(bash.line("gradus lesson 2"), ["lesson", "20"])
    equal(bash.line("gradus --see"), ["--seed"])
    equal(bash.line("gradus --vers"), ["--version"])
    equal(bash.line("gradus --seed 3 lesson cn"), ["--seed", "3", "lesson", "cnn"])
    equal(bash.line("gradus lesson cnn --pos"), ["lesson", "cnn", "--positive"])
    equal(bash.line("gradus lesson run cnn --thr"), ["lesson", "run", "cnn", "--threads"])
    equal(bash.line("gradus export neu"), ["export", "neuron"])
    equal(bash.line("gradus export neuron --ans"), ["export", "neuron", "--answers"])
    equal(bash.line("gradus prepare . --jo"), ["prepare", ".", "--job"])
    equal(bash.line("gradus prepare . --job pb"), ["prepare", ".", "--job", "pbs"])
    listed = bash.candidates("gradus lesson ")
    for word in ("run", "test", "new", "preview", "tour", "neuron", "cnn"):
        equal(word in listed, True)
    equal(bash.candidates("gradus lesson run cnn --p"), {"--plots", "--positive"})
    equal({"--help", "--version", "--seed", "--threads", "--plots"} <= bash.candidates("gradus --"), True)


@test("bash completes files where gradus takes them: scripts first of all, folders for plots, any file for a lesson's data")
def _(folder):
    for name in ("train it.lua", "data.npz", "notes.md", "odd $name.md"):
        pathlib.Path(folder, name).touch()
    for name in ("pictures", "some plots"):
        pathlib.Path(folder, name).mkdir()
    bash = Bash(folder)
    equal(bash.line("gradus tr"), ["train it.lua"])
    equal(bash.line("gradus no"), ["no"])  # no script
    equal(bash.line("gradus train\\ it.lua da"), ["train it.lua", "data.npz"])
    equal(bash.line("gradus --plots pi"), ["--plots", "pictures/"])
    equal(bash.line("gradus --plots da"), ["--plots", "da"])  # no folder
    equal(bash.line("gradus --plots=so"), ["--plots=some plots/"])
    equal(bash.line("gradus prepare da"), ["prepare", "da"])
    equal(bash.line("gradus prepare pic"), ["prepare", "pictures/"])
    equal(bash.line("gradus export notes.md -o da"), ["export", "notes.md", "-o", "data.npz"])
    equal(bash.line("gradus lesson test no"), ["lesson", "test", "notes.md"])
    equal(bash.line("gradus lesson test notes.md od"), ["lesson", "test", "notes.md", "odd $name.md"])
    equal(bash.line("gradus lesson cnn --data da"), ["lesson", "cnn", "--data", "data.npz"])
    equal(bash.line("gradus lesson cnn --data=da"), ["lesson", "cnn", "--data=data.npz"])
    equal({"lesson", "doctor", "train it.lua".split()[0]} <= bash.candidates("gradus "), True)


run_all()
