"""Draws one figure of every kind and looks at the pixels, and lets gnuplot fail in every way.

usage: test_plots.py GRADUS    (speaks TAP)
"""
import glob
import os
import re
import stat
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

GRADUS = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))

count = failed = 0


def test(name, problem):
    """`problem` is None or what is wrong."""
    global count, failed
    count += 1
    if problem:
        failed += 1
        problem = '\n'.join(problem) if isinstance(problem, list) else problem
        print('# ' + str(problem).replace('\n', '\n# '))
    print(f"{'not ok' if problem else 'ok'} {count} - {name}", flush=True)


def gradus(code, folder, gnuplot=None, display=None, timeout=60):
    environment = {k: v for k, v in os.environ.items() if k not in ('DISPLAY', 'WAYLAND_DISPLAY', 'GRADUS_GNUPLOT')}
    environment['LC_ALL'] = 'C.UTF-8'
    if gnuplot is not None:
        environment['GRADUS_GNUPLOT'] = gnuplot
    if display is not None:
        environment['DISPLAY'] = display
    return subprocess.run([GRADUS, '-e', code], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, text=True)


def read_png(path):
    """Width, height, colours and ink: a dict from (r, g, b) to how many pixels have it and the frame around them, [left,
    top, right, bottom] as parts of the page; and the part of each cell of a 4 x 4 grid that is not paper."""
    data = open(path, 'rb').read()
    assert data[:8] == b'\x89PNG\r\n\x1a\n', 'no PNG file'
    position, packed = 8, b''
    while position < len(data):
        length, kind = struct.unpack('>I4s', data[position:position + 8])
        body = data[position + 8:position + 8 + length]
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', body[:10])
        elif kind == b'IDAT':
            packed += body
        position += 12 + length
    assert depth == 8 and colour in (2, 6), f'depth {depth}, colour type {colour}'
    size = 3 if colour == 2 else 4
    raw, stride = zlib.decompress(packed), width * size
    above, colours, boxes, ink = bytearray(stride), {}, {}, [[0] * 4 for _ in range(4)]
    for y in range(height):
        start = y * (stride + 1)
        kind, row = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        for i in range(stride):
            left = row[i - size] if i >= size else 0
            if kind == 1:
                row[i] = (row[i] + left) & 255
            elif kind == 2:
                row[i] = (row[i] + above[i]) & 255
            elif kind == 3:
                row[i] = (row[i] + (left + above[i]) // 2) & 255
            elif kind == 4:
                corner = above[i - size] if i >= size else 0
                estimate = left + above[i] - corner
                a, b, c = abs(estimate - left), abs(estimate - above[i]), abs(estimate - corner)
                nearest = left if a <= b and a <= c else above[i] if b <= c else corner
                row[i] = (row[i] + nearest) & 255
        for i in range(0, stride, size):
            pixel = (row[i], row[i + 1], row[i + 2])
            x = i // size
            if pixel in colours:
                colours[pixel] += 1
                box = boxes[pixel]
                if x < box[0]:
                    box[0] = x
                elif x > box[2]:
                    box[2] = x
                box[3] = y
            else:
                colours[pixel] = 1
                boxes[pixel] = [x, y, x, y]
            if pixel != (255, 255, 255):
                ink[4 * y // height][4 * x // width] += 1
        above = row
    frames = {pixel: (box[0] / width, box[1] / height, (box[2] + 1) / width, (box[3] + 1) / height)
              for pixel, box in boxes.items()}
    return width, height, colours, frames, [[16 * n / (width * height) for n in line] for line in ink]


BLUE, RED, GREEN = (0x00, 0x72, 0xb2), (0xd5, 0x5e, 0x00), (0x00, 0x9e, 0x73)

WHITE, BLACK = (255, 255, 255), (0, 0, 0)

# What must be seen: least and greatest part of the page that is not paper; colours that must be there, each with how
# much of the page's width and height they must reach over; and the cells of a 4 x 4 grid that may stay empty.
GALLERY = {
    'curves': (0.01, 0.3, {BLUE: (0.6, 0.5), RED: (0.7, 0.1)}, ()),
    'points': (0.005, 0.3, {BLUE: (0.7, 0.5)}, ()),
    'bars': (0.1, 0.8, {}, ()),
    'labelled-bars': (0.1, 0.8, {}, ()),
    'scatter': (0.005, 0.3, {BLUE: (0.5, 0.5), RED: (0.05, 0.05), GREEN: (0.01, 0.02)}, ()),
    'history': (0.01, 0.3, {BLUE: (0.7, 0.5), RED: (0.7, 0.5)}, ()),
    'confusion': (0.2, 0.95, {(8, 48, 107): (0.2, 0.2)}, ((0, 0), (3, 0))),
    'heatmap': (0.4, 0.97, {}, ()),
    'cells': (0.3, 0.95, {}, ()),
    'picture': (0.3, 1, {}, ()),
    'colours': (0.6, 1, {(0, 128, 255): (0.01, 0.05), (255, 128, 0): (0.01, 0.05)}, ()),
    'sheet': (0.1, 0.9, {BLACK: (0.5, 0.5)}, ()),
    'kernels': (0.3, 0.97, {BLACK: (0.5, 0.5)}, ()),
    'steps': (0.01, 0.3, {BLUE: (0.7, 0.5)}, ()),
    'band': (0.05, 0.5, {BLUE: (0.7, 0.3)}, ()),
    'errorbars': (0.01, 0.3, {BLUE: (0.7, 0.5)}, ()),
    'histogram': (0.1, 0.6, {}, ()),
    'contour': (0.5, 0.95, {WHITE: (0.9, 0.9), BLACK: (0.3, 0.2)}, ()),
    'surface': (0.1, 0.8, {BLACK: (0.2, 0.2)}, ((0, 0), (0, 3), (3, 0), (3, 3))),
    'vectors': (0.02, 0.4, {BLUE: (0.7, 0.6)}, ()),
    'boundary': (0.5, 0.97, {BLUE: (0.3, 0.3), RED: (0.3, 0.3)}, ()),
    'boundaries': (0.5, 0.97, {BLUE: (0.3, 0.3), GREEN: (0.3, 0.3)}, ()),
    'roc': (0.01, 0.3, {BLUE: (0.6, 0.6)}, ()),
    'precision-recall': (0.01, 0.3, {BLUE: (0.6, 0.3)}, ()),
    'probabilities': (0.05, 0.6, {}, ()),
    'grid': (0.1, 0.8, {}, ()),
}


def look(path, least, most, wanted, empty):
    width, height, colours, frames, ink = read_png(path)
    if not (150 <= width <= 850 and 120 <= height <= 600):
        return f'{width} x {height} pixels'
    total = 1 - colours.get(WHITE, 0) / (width * height)
    if not least <= total <= most:
        return f'{total:.3f} of the page is ink; expected {least} to {most}'
    for colour, (across, down) in wanted.items():
        if colours.get(colour, 0) < 8:
            return f'the colour {colour} is not there'
        left, top, right, bottom = frames[colour]
        if right - left < across or bottom - top < down:
            return f'{colour} is within {frames[colour]} only'
    for y, line in enumerate(ink):
        for x, part in enumerate(line):
            if part < 0.002 and (y, x) not in empty:
                return f'there is no ink in row {y}, column {x} of the 4 x 4 grid: {ink}'
    return None


def look_at_svg(path):
    text = open(path, encoding='utf-8').read()
    shapes = len(re.findall(r'<(?:path|polygon|image|use|rect)', text))
    if not text.rstrip().endswith('</svg>') or shapes < 3:
        return f'{shapes} shapes, {len(text)} bytes'
    return None


def look_at_pdf(path):
    data = open(path, 'rb').read()
    return None if data.startswith(b'%PDF') and data.rstrip().endswith(b'%%EOF') and len(data) > 2000 else len(data)


def look_at_text(path, columns, coloured, ascii_only):
    text = open(path, encoding='utf-8').read()
    plain = re.sub(r'\033\[[0-9;]*m', '', text)
    lines = plain.split('\n')
    # Colours on spaces are ink, too.
    ink = sum(not c.isspace() for c in plain) + len(re.findall(r'\033\[48;', text))
    if max(map(len, lines)) > columns or ink < 20 or '\033' in plain or not coloured and '\033' in text:
        return f'{max(map(len, lines))} columns, {ink} characters\n{text}'
    if ascii_only and not text.isascii():
        return f'more than ASCII:\n{text}'
    return None


# How the gallery is drawn as characters: the ending of a file's name, columns, whether in colour, whether in ASCII.
CHARACTERS = {'txt': (80, False, False), '120.txt': (120, True, False), 'ascii.txt': (80, False, True),
              'ascii-colour.txt': (80, True, True)}


def pictures(folder):
    code = f'assert(loadfile("{HERE}/gallery.lua", "t", _ENV))("{folder}")'
    done = gradus(code, folder)
    test('every kind of figure is drawn', done.stderr if done.returncode else None)
    for name, expected in GALLERY.items():
        ways = {'png': lambda path: look(path, *expected), 'svg': look_at_svg, 'pdf': look_at_pdf}
        for ending, how in CHARACTERS.items():
            ways[ending] = lambda path, how=how: look_at_text(path, *how)
        wrong = []
        for ending, look_at in ways.items():
            try:
                problem = look_at(f'{folder}/{name}.{ending}')
            except (OSError, AssertionError) as error:
                problem = error
            if problem:
                wrong.append(f'{name}.{ending}: {problem}')
        test(f'{name}: as PNG, SVG, PDF and characters the size is right, and there is ink where it should be', wrong)


def fake(folder, body):
    path = os.path.join(folder, 'fake-gnuplot')
    with open(path, 'w') as file:
        file.write('#!/bin/sh\n' + body + '\n')
    os.chmod(path, stat.S_IRWXU)
    return path


def trouble(folder):
    """Each fault is an error that names the figure, and the session goes on."""
    code = ('local settings = require("gradus.plot").settings; settings.seconds = 0.5; '
            'local ok, message = pcall(plot, {1, 2}, {title="my curve"}); print(ok, message); print("still here")')
    faults = {
        'missing': ('/nowhere/gnuplot', 'apt install gnuplot-nox'),
        'dying at its start': (fake(folder, 'echo cannot load library >&2; exit 9'), 'cannot load library'),
        'hanging': (fake(folder, 'sleep 30'), 'did not finish within 0.5 s'),
    }
    for name, (program, part) in faults.items():
        if program.startswith(folder):  # one file at a time
            body = {'dying at its start': 'echo cannot load library >&2; exit 9', 'hanging': 'sleep 30'}[name]
            program = fake(folder, body)
        done = gradus(code, folder, gnuplot=program)
        problem = None
        for wanted in ('figure "my curve"', part, 'still here'):
            if wanted not in done.stdout:
                problem = f'{wanted!r} is not in\n{done.stdout}{done.stderr}'
        test(f'a gnuplot that is {name} is an error that names the figure', problem)

    lazy = f'{folder}/lazy'
    os.mkdir(lazy)
    watched = fake(lazy, f'touch {lazy}/started; exec gnuplot "$@"')
    gradus('x = linspace(0, 1, 5); m = nn.Dense{2}; print(sum(x)); plot.theme "print"', lazy, gnuplot=watched)
    early = os.path.exists(f'{lazy}/started')
    gradus('plot{1, 2}', lazy, gnuplot=watched)
    test('gnuplot is not started before the first plot',
         'started too early' if early else None if os.path.exists(f'{lazy}/started') else 'never started')

    # A display that nobody is at: this gnuplot claims to open windows and fails.
    claims = fake(folder, """
        while read -r line; do
          case $line in load*) cat /dev/fd/3;; *) echo "$line";; esac
        done | sed -u "s/print GPVAL_TERMINALS/print 'qt png dumb'/" | gnuplot "$@" """)
    done = gradus('local plot = require "gradus.plot"; plot.settings.is_terminal = true; '
                  'plot({1, 2}, {title="one"}); plot({1, 2}, {title="two"})', folder, gnuplot=claims, display=':99')
    test('when no window opens, plots appear as characters, and that is said once',
         None if done.stdout.count('no window could be opened') == 1 and done.stdout.count('one') == 1 and
         done.stdout.count('***') > 2 and 'two' in done.stdout else done.stdout + done.stderr)

    # A gnuplot without cairo and libgd.
    bare = fake(folder, """
        while read -r line; do
          case $line in load*) cat /dev/fd/3;; *) echo "$line";; esac
        done | sed -u "s/print GPVAL_TERMINALS/print 'svg dumb'/" | gnuplot "$@" """)
    done = gradus('print(pcall(plot, {1, 2}, {title="my curve"})); plot.terminal "none"; local f = plot({1, 2}); '
                  'print(pcall(f.save, f, "x.pdf")); print(f:save("x.svg")); plot.terminal "sixel"; '
                  'print(pcall(f.show, f)); print "still here"', folder, gnuplot=bare)
    test('a gnuplot that lacks a terminal is an error that says what else there is',
         None if all(part in done.stdout for part in ('figure "my curve": this gnuplot writes no PNG', 'writes no PDF',
                                                      'draws no sixel', 'save the figure as .svg', 'still here'))
         and os.path.exists(f'{folder}/x.svg') else done.stdout + done.stderr)

    # A file that must not grow ends as one on a full disk does.
    cramped = f'{folder}/cramped'
    os.makedirs(f'{cramped}/plots')
    with open(f'{cramped}/plots/01-my-curve.png', 'w') as file:
        file.write('old')
    done = subprocess.run(['sh', '-c', 'trap "" XFSZ; ulimit -f 2; exec "$0" -e "$1"', GRADUS, code], cwd=cramped,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, env={k: v for k, v in os.environ.items() if k != 'DISPLAY'})
    left = os.listdir(f'{cramped}/plots')
    test('a picture that has no room is an error, leaves nothing lying around, and what was there before',
         None if 'figure "my curve": cannot write' in done.stdout and 'still here' in done.stdout and
         left == ['01-my-curve.png'] and open(f'{cramped}/plots/{left[0]}').read() == 'old'
         else f'{left}\n{done.stdout}{done.stderr}')

    os.mkfifo(f'{folder}/pipe.png')
    os.symlink('/dev/full', f'{folder}/full.png')
    for name, what in (('pipe.png', 'a pipe or a device'), ('full.png', 'a pipe or a device'), ('/', 'must end in')):
        done = gradus(f'plot.terminal "none"; print(pcall(plot.save, "x.png")); local f = plot({{1}}, {{title="t"}}); '
                      f'print(pcall(f.save, f, "{name}")); print "still here"', folder)
        test(f'saving as {name} is an error with the reason',
             None if what in done.stdout and 'still here' in done.stdout else done.stdout + done.stderr)

    os.mkdir(f'{folder}/locked')
    with open(f'{folder}/locked/plots', 'w'):
        pass  # a file where the folder should be: also root cannot write there
    done = gradus(code, f'{folder}/locked')
    test('a folder that cannot be made is an error with the reason',
         None if 'cannot make the folder "plots"' in done.stdout and 'still here' in done.stdout
         else done.stdout + done.stderr)


def processes(folder):
    """Gnuplot killed from outside: the next plot starts it again, and in between it is no zombie."""
    code = ('local core = require "gradus.core.plot"; plot.terminal "none"; plot({1, 2}):save("a.svg"); '
            'local f = io.open("/proc/self/stat"); local me = f:read("a"):match("^%d+"); f:close(); '
            'local function children() local p = io.popen("ps -o pid=,stat=,comm= --ppid " .. me); '
            'local t = p:read("a"); p:close(); return t end; '
            'local pid = children():match("(%d+)%s+%S+%s+gnuplot"); print("running", pid ~= nil); '
            'os.execute("kill -9 " .. pid .. "; sleep 0.2"); core.tend(); '
            'print("zombies", children():match("gnuplot") ~= nil); '
            'plot({1, 2}):save("b.svg"); print("again", os.rename("b.svg", "B.svg")); '
            'os.execute("kill -9 " .. children():match("(%d+)%s+%S+%s+gnuplot") .. "; sleep 0.2"); '
            'plot({1, 2}):save("c.svg"); print("again", os.rename("c.svg", "C.svg")); '
            'io.stdout:flush(); os.execute("ls /proc/self/fd | wc -l");')
    done = gradus(code, folder)
    test('a killed gnuplot leaves no zombie, is started again, and its pipes reach no other process',
         None if done.stdout.split() == 'running true zombies false again true again true 4'.split()
         else done.stdout + done.stderr)


    # The learner's own files are open, too, when gnuplot is started.
    code = ('plot.terminal "none"; local held = {}; for i = 1, 5 do held[i] = io.open("/dev/zero") end; '
            'plot({1, 2}):save("a.svg"); for _, file in ipairs(held) do file:close() end; '
            'os.execute("ls -l /proc/$(pgrep -P $PPID gnuplot)/fd; echo; ls -l /proc/self/fd")')
    done = gradus(code, folder)
    of_gnuplot, _, of_command = done.stdout.partition('\n\n')
    of_gnuplot = sorted(int(number) for number in re.findall(r' (\d+) -> ', of_gnuplot))
    test('gnuplot has nothing open but its pipes and its script, and a command nothing of them',
         None if of_gnuplot == [0, 1, 2, 3] and 'socket' not in of_command and 'memfd' not in of_command and
         len(re.findall(' -> ', of_command)) == 4 else f'{of_gnuplot}\n{done.stdout}{done.stderr}')


def in_the_terminal(folder):
    """Pictures as escape sequences, for a terminal that is told to have them."""
    for name, start, end in (('sixel', '\033P', '\033\\'), ('kitty', '\033_Ga=T,f=100,q=2,m=1;iVBORw0KGgo', '\033\\')):
        done = gradus(f'plot.terminal "{name}"; plot({{1, 2}}, {{title="x"}}); plot.heatmap({{{{1, 2}}}})', folder)
        test(f'plots appear as {name} pictures when that is asked for',
             None if done.stdout.startswith(start) and done.stdout.endswith(end + '\n') and not done.returncode
             else ascii(done.stdout[:200]) + done.stderr)
    # Asked by us: a terminal made of a pipe's two ends that answers what it is.
    import pty
    import select
    for answer, wanted in ((b'\033[?62;4;22c', b'\033P'), (b'\033_Gi=31;OK\033\\\033[?62c', b'\033_Ga=T'),
                           (b'\033[?1;2c', b'***'), (b'', b'***')):
        pid, fd = pty.fork()
        if pid == 0:
            for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'ACCESSIBLE'):
                os.environ.pop(name, None)
            os.environ['TERM'] = 'xterm-256color'
            os.chdir(folder)
            os.execv(GRADUS, [GRADUS, '-e', 'plot({1, 2, 3}, {title="t"}); print "done"'])
        seen, asked = b'', False
        while select.select([fd], [], [], 20)[0]:
            try:
                block = os.read(fd, 65536)
            except OSError:
                break
            if not block:
                break
            seen += block
            if b'\033[c' in seen and not asked:
                asked = True
                os.write(fd, answer)
        os.close(fd)
        os.waitpid(pid, 0)
        test(f'a terminal that answers {answer!r} is shown {wanted!r}',
             None if asked and wanted in seen.replace(b'\033[0m', b'') and b'done' in seen else ascii(seen[-500:]))


def hostile_texts(folder):
    """Texts of the learner's appear letter for letter, wherever they stand in a figure, and run nothing."""
    texts = ['`touch canary`', '$(touch canary) ${HOME}', '@macro @x', 'x_{1}^{2} {/Times=40 big} & ~a{b} \\alpha', '%s %d %%',
             'it\'s "quoted" \'\'twice\'\'', "'. system('touch canary') .'", '"; !touch canary; "', 'back\\slash\\n\\t\\x41',
             '# no comment', 'EOD', 'Größe 日本 ∂E/∂w', '<b>&amp;</b>', '\\', "'", '"', '$1 $data1 $2', 'plot x, \\']
    uses = {
        'title': 'plot({1, 2, 3}, {title = s})', 'xlabel': 'plot({1, 2, 3}, {xlabel = s})',
        'ylabel': 'plot({1, 2, 3}, {ylabel = s})', 'legend': 'plot({1, 2, 3}, {legend = {s}})',
        'annotation': 'plot({1, 2, 3}, {annotations = {{2, 2, s}}})', 'bar': 'plot.bars({s, "b"}, {1, 2})',
        'row': 'plot.heatmap({{1, 2}, {3, 4}}, {rows = {s, "b"}})',
        'column': 'plot.heatmap({{1, 2}, {3, 4}}, {columns = {s, "b"}})',
        'class': 'plot.confusion {counts = {{1, 2}, {3, 4}}, classes = {s, "b"}}',
        'caption': 'plot.images({{{1, 2}, {3, 4}}}, {captions = {s}})',
        'panel': 'plot.grid{function() plot({1}, {title = s}) plot({2}) end}',
        'height': 'plot.surface({{1, 2}, {3, 4}}, {zlabel = s})',
        'scores': 'plot.roc({0, 1}, {0.2, 0.7}, {legend = s})',
        'probability': 'plot.probabilities({0.1, 0.9}, {classes = {s, "b"}})',
    }
    script = f'{folder}/texts.lua'
    with open(script, 'w') as file:
        file.write('plot.terminal "none"\nfor i = 1, #arg do\n  local s = arg[i];\n' + ''.join(
            f'  ({use}):save("{name}-" .. i .. ".svg");\n' for name, use in uses.items()) + 'end\n')
    done = subprocess.run([GRADUS, script, *texts], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, text=True)
    wrong = [done.stderr] if done.returncode else []
    for name in uses:
        for i, text in enumerate(texts, 1):
            try:
                root = xml.etree.ElementTree.parse(f'{folder}/{name}-{i}.svg').getroot()
            except (OSError, xml.etree.ElementTree.ParseError) as error:
                wrong.append(f'{name}: {text!r}: {error}')
                continue
            shown = [''.join(e.itertext()).strip() for e in root.iter() if e.tag.endswith('}text')]
            if not any(text in each.replace('\xa0', ' ') for each in shown):
                wrong.append(f'{name}: {text!r} is not among {shown}')
    test('texts of any kind stand letter for letter in titles, names, legends, annotations and captions', wrong)
    test('and none of them is run', 'a canary was made' if glob.glob(f'{folder}/**/canary*', recursive=True) else None)


def hostile_names(folder):
    """File names are the learner's: as they are, and neither gnuplot nor a shell reads them."""
    names = ['|touch canary; cat >canary2 #.png', '`touch canary`.svg', '$(touch canary).pdf', "'; touch canary'.png",
             'new\nline.svg', 'quo"te\\n.png', '@m x_{1} 100 %d.pdf', '~x.png', 'Größe 日本.png', '-o.png', '< x.svg']
    code = 'plot.terminal "none"; local f = plot({1, 2}); for i = 1, #arg do f:save(arg[i]) end'
    script = f'{folder}/script.lua'
    with open(script, 'w') as file:
        file.write(code)
    os.mkdir(f'{folder}/names')
    raw = [os.fsencode(name) for name in names] + [b'not utf8 \xff\xfe.png']
    done = subprocess.run([GRADUS.encode(), script.encode(), *raw], cwd=f'{folder}/names', stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    made = sorted(os.listdir(f'{folder}/names'.encode()))
    test('file names of any kind are taken literally and run nothing',
         None if made == sorted(raw) else f'{made}\n{done.stdout}{done.stderr}')
    starts = {b'png': b'\x89PNG', b'svg': b'<?xml', b'pdf': b'%PDF-'}
    wrong = [name for name in made
             if not open(os.path.join(f'{folder}/names'.encode(), name), 'rb').read(5).startswith(starts[name[-3:]])]
    test('and what they name is a picture of their kind', wrong)


def files(folder):
    done = gradus('plot({1, 2}, {title="Über `x`: 50 % / y"}); plot({2, 1})', folder)
    made = sorted(os.listdir(f'{folder}/plots'))
    test('without a terminal plots are numbered PNG files, and their paths are printed',
         None if made == ['01-Über-x-50-y.png', '02-figure.png'] and
         re.findall(r'^plot: (\S+)$', done.stdout, re.M) == ['plots/' + name for name in made]
         else f'{made}\n{done.stdout}{done.stderr}')
    for kind, start in (('svg', b'<?xml'), ('pdf', b'%PDF')):
        done = gradus(f'plot.terminal("none"); plot({{1, 2}}):save("a.{kind}")', folder)
        try:
            begins = open(f'{folder}/a.{kind}', 'rb').read(5).startswith(start)
        except OSError:
            begins = False
        test(f'a figure is saved as .{kind}', None if begins else done.stdout + done.stderr)
    gradus('plot.terminal("none"); plot.heatmap({{1, 2}, {3, 4}}, {values = false}):save("cells.svg")', folder)
    svg = open(f'{folder}/cells.svg', encoding='utf-8').read()
    test('the cells of a matrix are shapes in an SVG, where many programs would blur a picture',
         None if '<image' not in svg and len(re.findall('<polygon', svg)) >= 4 else svg)
    done = gradus('print(1)', folder, gnuplot=fake(folder, 'touch started'))
    test('gnuplot is not started before the first plot', None if not os.path.exists(f'{folder}/started') else 'it was')
    done = gradus('plot.terminal("characters"); plot({1, 2, 3}, {title="three"}); plot.bars({"a"}, {1})', folder)
    test('plots are drawn as characters', None if '***' in done.stdout and '█' in done.stdout and '\033' not in done.stdout
         else done.stdout + done.stderr)


for part in (pictures, trouble, processes, in_the_terminal, hostile_texts, hostile_names, files):
    with tempfile.TemporaryDirectory() as temporary:
        part(temporary)
print(f'1..{count}')
sys.exit(1 if failed else 0)
