"""Exports: what a session, a script and a lesson become as Markdown, as a web page and as a notebook."""

import base64
import html
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import pexpect

from terminal import GRADUS, Shell, Skip, contains, environment, equal, gradus, run_all, test

LESSONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "lessons")
EVERY_KIND = os.path.join(LESSONS, "all-kinds.md")
PNG = b"\x89PNG\r\n\x1a\n"
YELLOW, PURPLE = (252, 231, 34), (70, 1, 85)  # the ends of the palette of heat maps

SCRIPT = r"""-- A *script* with <script>alert(1)</script> in a remark.

local hidden = 3

print(hidden, "</script><script>alert(2)</script> <b>&amp; \"x\"")

print("``` \n```` and\n~~~")

print("bad \xff\27[31mred\27[0m\n100%\rdone\0\7 ünï")

io.stdout:write("to standard output\n")

plot.heatmap({{1, 2}, {3, 4}}, {title="a <b> & `c` $d 'e' \"f\" \\ </svg>"})

image.show(zeros(4, 4))

{oops}
"""


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()


def notebook(folder, name):
    """The notebook, after Jupyter's own check of it where that is there."""
    try:
        import nbformat
    except ImportError:
        print("# no python3-nbformat here: notebooks are read, but not validated")
    else:
        nbformat.validate(nbformat.read(os.path.join(folder, name), as_version=nbformat.NO_CONVERT))
    book = json.loads(read(folder, name))
    equal((book["nbformat"], book["nbformat_minor"]), (4, 5))
    equal(len({cell["id"] for cell in book["cells"]}), len(book["cells"]))
    return book


def outputs(book):
    return [output for cell in book["cells"] for output in cell.get("outputs", [])]


def exported(folder, source, name, *args, status=0, **env):
    done = gradus("export", source, "-o", name, *args, folder=folder, **env)
    equal(done[0], status)
    equal([each for each in os.listdir(folder) if each.endswith(".part")], [])
    return done[2]


def text_of(page):
    """What a reader sees of a page, without its style and tags."""
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def browser():
    """The command of a Chromium that starts, or None: on Ubuntu it is a snap, which sees no temporary files."""
    name = shutil.which("chromium")
    if not name or "/snap" in os.path.realpath(name):
        return None
    try:
        version = subprocess.run([name, "--version"], capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return None
    return [name] if version.returncode == 0 and re.fullmatch(r"Chromium (?!.*snap).*\s*", version.stdout) else None


def browse(command, folder, name, *args):
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [*command, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             f"--user-data-dir={profile}", *args, "file://" + os.path.join(folder, name)],
            capture_output=True, text=True, timeout=120, cwd=folder).stdout


def count_pixels(folder, picture, colour):
    """How many pixels of a PNG file have that colour, about."""
    code = """
      local path, r, g, b = ...
      local x = data.image(path)
      local function near(channel, value) return lt(abs(x[{{}, {}, channel}] - tonumber(value)), 6) end
      print(math.tointeger((near(1, r) * near(2, g) * near(3, b)):sum()))"""
    status, out, err = gradus("-e", code, picture, *map(str, colour), folder=folder)
    equal((status, err), (0, ""))
    return int(out)


@test("A script becomes Markdown: remarks as prose, its parts with what they print, pictures beside it")
def _(folder):
    write(folder, "s.lua", SCRIPT.replace("{oops}\n", ""))
    equal(exported(folder, "s.lua", "out.md"), "")
    text = read(folder, "out.md")
    contains(text, "# s\n")
    contains(text, r"A *script* with \<script>alert(1)\</script> in a remark.")
    contains(text, 'local hidden = 3\n\nprint(hidden, ')  # a local and what uses it stay together
    contains(text, '```text\n3\t</script><script>alert(2)</script> <b>&amp; "x"\n```\n')
    contains(text, "`````text\n``` \n```` and\n~~~\n`````\n")
    contains(text, "```text\nbad \ufffdred\ndone ünï\n```\n")
    contains(text, "```text\nto standard output\n```\n")
    pictures = re.findall(r"!\[figure: .*\]\(<(out_files/plot-[0-9a-f]{16}\.png)>\)", text)
    equal((len(pictures), sorted(os.listdir(folder + "/out_files"))),
          (2, sorted(os.path.basename(each) for each in pictures)))
    for each in pictures:
        with open(os.path.join(folder, each), "rb") as file:
            equal(file.read(8), PNG)


@test("Exporting again replaces the pictures that are out of date, and leaves other files alone")
def _(folder):
    write(folder, "s.lua", "plot {1, 2}\n\nplot {1, 3}\n")
    exported(folder, "s.lua", "out.md")
    before = set(os.listdir(folder + "/out_files"))
    write(folder + "/out_files", "mine.png", "kept")
    write(folder, "s.lua", "plot {1, 2}\n")
    exported(folder, "s.lua", "out.md")
    after = set(os.listdir(folder + "/out_files"))
    equal((len(before), len(after & before), after - before), (2, 1, {"mine.png"}))


@test("A script becomes a valid notebook, with its pictures and the error it stopped at")
def _(folder):
    write(folder, "s.lua", SCRIPT)
    err = exported(folder, "s.lua", "out.ipynb", status=1)
    contains(err, "out.ipynb is there, and shows where it failed: s.lua:17: ")
    book = notebook(folder, "out.ipynb")
    equal(book["metadata"]["language_info"]["name"], "lua")
    shown = outputs(book)
    equal([each["output_type"] for each in shown],
          ["stream", "stream", "stream", "stream", "display_data", "display_data", "error"])
    equal("".join(shown[0]["text"]), '3\t</script><script>alert(2)</script> <b>&amp; "x"\n')
    equal("".join(shown[2]["text"]), "bad \ufffdred\ndone ünï\n")
    equal("".join(shown[4]["data"]["text/plain"]),
          "figure: a <b> & `c` $d 'e' \"f\" \\ </svg>, 2 x 2 matrix")
    for each in shown[4:6]:
        equal(base64.b64decode(each["data"]["image/png"])[:8], PNG)
    equal(shown[6]["ename"], "error")
    contains(shown[6]["traceback"][0], "s.lua:17: ")


@test("A page holds the same text, its pictures within it, and nothing that runs or is fetched")
def _(folder):
    write(folder, "s.lua", SCRIPT)
    exported(folder, "s.lua", "out.html", status=1)
    page = read(folder, "out.html")
    seen = text_of(page)
    for part in ('3\t</script><script>alert(2)</script> <b>&amp; "x"\n', "``` \n```` and\n~~~",
                 "bad \ufffdred\ndone ünï", "to standard output",
                 "A script with <script>alert(1)</script> in a remark.", "error: s.lua:17: "):
        contains(seen, part)
    equal(len(re.findall("<script|javascript:|https?://|<link|<iframe", page)), 0)
    image = r'<img src="data:image/png;base64,[A-Za-z0-9+/=]+" width="\d+" height="\d+" alt="figure: '
    equal(len(re.findall(image, page)), 2)
    contains(page, "default-src 'none'")
    contains(page, '<span class="k">local</span> hidden = <span class="n">3</span>')


@test("A browser shows the page's text and pictures, on light and on dark paper")
def _(folder):
    command = browser()
    if not command:
        raise Skip("no Chromium that starts here (on Ubuntu it is a snap)")
    write(folder, "s.lua", SCRIPT)
    exported(folder, "s.lua", "out.html", status=1)
    page = read(folder, "out.html")
    shown = browse(command, folder, "out.html", "--dump-dom")
    equal(text_of(shown).split(), text_of(page).split())
    equal(shown.count("<img "), 2)
    for name, setting, paper in (("light", 1, (253, 253, 252)), ("dark", 0, (28, 31, 36))):
        browse(command, folder, "out.html", f"--screenshot={folder}/{name}.png", "--window-size=900,2600",
               f"--blink-settings=preferredColorScheme={setting}")
        equal(count_pixels(folder, name + ".png", paper) > 100000, True)
        # The heat map's own colours: a picture that failed to load has none of them.
        for colour in (YELLOW, PURPLE):
            equal(count_pixels(folder, name + ".png", colour) > 5000, True)
        equal((count_pixels(folder, name + ".png", (255, 255, 255)) > 20000), name == "light")


@test("A lesson becomes a document: prose, cells, exercises to be solved, hints and answers to be opened")
def _(folder):
    equal(exported(folder, EVERY_KIND, "out.md"), "")
    text = read(folder, "out.md")
    for part in ("# Every kind of cell\n", "*a lesson of gradus · by A. Author · CC BY 4.0*",
                 "A lesson for the tests. It has *emphasis*, **weight**, `code` and [a link](https://example.org).",
                 "- a list\n  1. with a numbered one\n- and its end\n\n> a quote\n",
                 "| a | table |\n|---|-------|\n| 1 | 2     |",
                 "*What is set up here:*\n\n```lua\nbase = 10\n```", "**Predict:** What is twice the base?",
                 "```lua\ndouble = 2 * base\ndouble\n```\n\n```text\n20\n```", "It is 20.", "It is (4, 3).",
                 "*Your turn:*\n\n```lua\nfunction triple(x)\nend\n```",
                 "<summary>Hint 2</summary>\n\nIt must `return` something.",
                 "**Question.** Which is larger?\n\n- [ ] `triple(1)`\n- [ ] `double`\n- [ ] neither\n",
                 "- `double` — *Right*: it is 20", "```lua\ntriple(2)\n```\n\n```text\n6\n```"):
        contains(text, part)
    for hidden in ("Only the presenter", "check.", "return 3 * x", "x ^ 3"):
        equal(hidden in text, False)
    exported(folder, EVERY_KIND, "answers.md", "--answers")
    text = read(folder, "answers.md")
    contains(text, "*An answer:*\n\n```lua\nfunction triple(x)\n  return 3 * x\nend\n```")
    equal("function triple(x)\nend" in text, False)


@test("A lesson becomes a valid notebook and a page, by its name, its number and its file, with its options")
def _(folder):
    exported(folder, "tour", "a.ipynb")
    book = notebook(folder, "a.ipynb")
    exported(folder, "1", "b.ipynb")
    equal(notebook(folder, "b.ipynb"), book)
    equal(sum(each["output_type"] == "display_data" for each in outputs(book)), 1)
    exported(folder, EVERY_KIND, "c.ipynb", "--positive=3")
    tags = [tag for cell in notebook(folder, "c.ipynb")["cells"] for tag in cell["metadata"].get("tags", [])]
    equal(tags, ["setup", "exercise"])
    exported(folder, EVERY_KIND, "c.html")
    page = read(folder, "c.html")
    for part in ("<ul>\n<li>\na list\n<ol start=\"1\">\n<li>\nwith a numbered one\n</li>\n</ol>\n</li>\n"
                 "<li>\nand its end\n</li>\n</ul>", "<blockquote>\n<p>a quote</p>\n</blockquote>",
                 "<th>a</th><th>table</th>", "<td>1</td><td>2</td>",
                 '<a href="https://example.org" rel="noreferrer">a link</a>', '<div class="prose" id="now-you">'):
        contains(page, part)


@test("What a session typed, printed, drew and got wrong is exported in all three forms")
def _(folder):
    shell = Shell(folder, TERM="xterm-256color")
    shell.do("x = tensor{{1, 2}, {3, 4}}")
    shell.do("x")
    shell.do("for i = 1, 2 do", ">> ")
    shell.do("  print('row', x[i])", ">> ")
    shell.do("end")
    shell.do("zeors(3)")
    shell.do("plot.heatmap(x)")
    shell.do("image.show(zeros(4, 4))")
    shell.do("?sigmoid")
    shell.do("m = nn.Sequential{nn.Dense{1, input_shape={2}}}; m:compile{'sgd', 'mse'}; "
             "m:fit{x, ones(2, 1), epochs=2};")
    equal(shell.do(":export s.md"), "s.md: 7 entries, 2 pictures")
    equal(shell.do(":export s.html"), "s.html: 7 entries, 2 pictures")
    equal(shell.do(":export s.ipynb"), "s.ipynb: 7 entries, 2 pictures")
    text = read(folder, "s.md")
    contains(text, "```lua\nx\n```\n\n```text\n[[1. 2.]\n [3. 4.]]\n```\n")
    contains(text, "```lua\nfor i = 1, 2 do\n  print('row', x[i])\nend\n```\n\n"
             "```text\nrow\t[1. 2.]\nrow\t[3. 4.]\n```\n")
    contains(text, '```text\nerror: zeors is not defined: did you mean "zeros"?\n  zeors(3)\n  ^^^^^\n```\n')
    contains(text, "\n  2/2  ")
    equal("=====" in text or "\x1b" in text or "sigmoid" in text, False)
    equal(text.count("!["), 2)
    book = notebook(folder, "s.ipynb")
    equal([each["output_type"] for each in outputs(book)],
          ["stream", "stream", "error", "display_data", "display_data", "stream"])
    equal(read(folder, "s.html").count("<img "), 2)
    equal(shell.leave(), 0)


@test("In a pause of training what was printed so far is exported, and what the shell says of itself is not")
def _(folder):
    shell = Shell(folder)
    shell.do("m = nn.Sequential{nn.Dense{1, input_shape={2}}}; m:compile{'sgd', 'mse'}")
    shell.type("m:fit{random.random(3200, 2), ones(3200, 1), epochs=100000}\r")
    shell.child.expect_exact(" 3/100000 ")
    shell.interrupt()
    shell.until_prompt("paused> ")
    shell.do("1 + 2", "paused> ")
    equal(shell.do(":export a.md", "paused> "), "a.md: 3 entries, 0 pictures")
    shell.do(":stop")
    shell.do(":export b.md")
    for name in ("a.md", "b.md"):
        text = read(folder, name)
        equal(re.search(r"```text\n *epoch +time +loss\n +1/100000 ", text) is not None, True)
        contains(text, "```lua\n1 + 2\n```\n\n```text\n3\n```\n")
        equal([part for part in ("paused after", "entries", "stopped after", ":continue") if part in text], [])


@test("Ctrl-C while pictures are drawn for an export leaves nothing behind, and the session goes on")
def _(folder):
    shell = Shell(folder)
    shell.do("x = random.random(2000); for i = 1, 20 do plot(x, x * i) end")
    for name in ("o.md", "o.html", "o.ipynb"):
        shell.type(f":export {name}\r")
        shell.child.expect(r"\x1b\[\?2004l\r")
        time.sleep(0.3)
        shell.interrupt()
        contains(shell.until_prompt(), "interrupted")
    equal(os.listdir(folder), ["state"])
    equal(shell.do("1 + 1"), "2")


@test("A saved session is exported as it was: values print, and its first line is no part of it")
def _(folder):
    shell = Shell(folder)
    for line in ("y = 3; y + 1", "plot({1, 2}); nil", "y * 2"):
        shell.do(line)
    shell.do(":save s.lua")
    shell.leave()
    exported(folder, "s.lua", "out.md")
    text = read(folder, "out.md")
    contains(text, "*a session of gradus, from s.lua*")
    contains(text, "```lua\ny = 3; print(y + 1)\n```\n\n```text\n4\n```\n")
    contains(text, "print(y * 2)\n```\n\n```text\n6\n```\n")
    equal((text.count("!["), "enters it again" in text), (1, False))
    shell = Shell(folder)
    equal("enters it again" in shell.do(":load s.lua"), False)
    equal(shell.do("y"), "3")


@test("What cannot be exported is refused with one line, and leaves nothing behind")
def _(folder):
    write(folder, "s.lua", "print(1)\n")
    write(folder, "lesson.md", read(LESSONS, "all-kinds.md"))
    os.mkdir(folder + "/folder.html")
    kept = sorted(os.listdir(folder))
    for args, status, part in (
            (["s.lua", "-o", "out.htm"], 2, 'ends in .md, .html or .ipynb, not in "out.htm": did you mean "html"?'),
            (["s.lua", "-o", "out"], 2, "ends in .md, .html or .ipynb"),
            (["s.lua"], 2, "where to?"), ([], 2, "which lesson or script?"), (["s.lua", "-o"], 2, "-o needs"),
            (["nowhere.lua", "-o", "o.md"], 2, "cannot read nowhere.lua"),
            (["nuron", "-o", "o.md"], 2, 'did you mean "neuron"?'),
            (["neuron", "-o", "o.md", "--dta=x"], 2, "the lesson neuron has no options"),
            (["./lesson.md", "-o", "lesson.md"], 2, "would take the place of what is exported"),
            (["s.lua", "-o", "nowhere/o.md"], 1, "cannot write nowhere/o.md: No such file"),
            (["s.lua", "-o", "folder.html"], 1, "it is a folder")):
        got, out, err = gradus("export", *args, folder=folder)
        equal((got, out), (status, ""))
        contains(err.split("\n")[0], part)
        equal(sorted(os.listdir(folder)), kept)
    shell = Shell(folder)
    equal(shell.do(":export x.md"), "nothing has been entered that could be exported")
    shell.do("1 + 1")
    contains(shell.do(":export"), "where?")
    contains(shell.do(":export x.pdf"), "ends in .md, .html or .ipynb")
    contains(shell.do(":export nowhere/x.md"), "cannot write nowhere/x.md: No such file")
    equal(sorted(set(os.listdir(folder)) - {"state"}), kept)


@test("A full disk costs the export, with one line, and the old one stays")
def _(folder):
    def full():  # a file that must not grow fails as one on a full disk does
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    write(folder, "s.lua", "plot {1, 2}\n")
    for name in ("o.md", "o.html", "o.ipynb"):
        write(folder, name, "old")
        done = subprocess.run([GRADUS, "export", "s.lua", "-o", name], capture_output=True, text=True, cwd=folder,
                              env=environment(folder), preexec_fn=full)
        equal((done.returncode, done.stderr.count("\n")), (1, 1))
        contains(done.stderr, "File too large")
        equal(read(folder, name), "old")
    equal(sorted(os.listdir(folder)), ["o.html", "o.ipynb", "o.md", "s.lua"])


@test("Without gnuplot the rest is exported, and one line says what is missing")
def _(folder):
    write(folder, "s.lua", "plot {1, 2}\n\nplot {1, 3}\n\nimage.show({{0, 1}})\n\nprint 'after'\n")
    err = exported(folder, "s.lua", "o.ipynb", status=1, GRADUS_GNUPLOT="/nonexistent/gnuplot")
    equal(err.count("\n"), 1)
    contains(err, "2 pictures are left out: ")
    contains(err, "gnuplot")
    shown = outputs(notebook(folder, "o.ipynb"))
    texts = ["".join(each["text"]) for each in shown]
    equal(texts[:2] + texts[3:], ["figure: 1 series\n", "figure: 1 series\n", "after\n"])
    equal(re.fullmatch(r"(( +)@+\n)+", texts[2]) is not None, True)  # what needs no gnuplot is there, in characters


@test("Ctrl-C while something is exported leaves nothing behind")
def _(folder):
    write(folder, "s.lua", "plot {1, 2}\n\nio.stderr:write('go\\n') while true do end\n")
    child = subprocess.Popen([GRADUS, "export", "s.lua", "-o", "o.md"], stderr=subprocess.PIPE, text=True,
                             env=environment(folder), cwd=folder)
    equal(child.stderr.readline(), "go\n")
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    err = child.communicate(timeout=20)[1]
    equal((child.returncode, err), (130, "gradus: interrupted\n"))
    equal(os.listdir(folder), ["s.lua"])


@test("In a terminal a long export tells how far it is, in a line of which nothing is left")
def _(folder):
    child = pexpect.spawn(GRADUS, ["export", EVERY_KIND, "-o", "o.md"], encoding="utf-8", timeout=20,
                          env=environment(folder), cwd=folder)
    child.expect_exact("\r\x1b[K  step 1 of 3: Cells and text")
    child.expect_exact("\r\x1b[K  step 3 of 3: A question")
    child.expect(pexpect.EOF)
    equal(child.before[-len("\r\x1b[K"):], "\r\x1b[K")
    child.close()
    equal((child.exitstatus, os.listdir(folder)), (0, ["o.md"]))


run_all()
