#!/usr/bin/env python3
"""Real programs look in our terminal as they do in tmux.

Each program runs at 80x24 on a PTY of its own; what it writes is fed to
vtshow and to a pane of a private tmux, and the two screens are compared cell
by cell: character, colours, attributes, and the place of the cursor.  Any
cut of the bytes will do, so nothing has to stand still to be compared.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, "tests/lib")
from sbxtest import done, ok  # noqa: E402

ROWS, COLS = 24, 80
OUT = os.environ.get("O", os.path.abspath("build"))
VTSHOW = os.path.join(OUT, "tests", "lib", "vtshow")
DIR = tempfile.mkdtemp(prefix="sbx-oracle.", dir="/tmp")
DEADLINE = 20.0
PLAIN = (None, None, frozenset())
GRAPHICS = dict(zip("`abcdefghijklmnopqrstuvwxyz{|}~",
                    "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"))
ENV = {"PATH": os.environ["PATH"], "HOME": DIR, "TERM": "xterm-256color",
       "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "PS1": "$ ", "TMPDIR": DIR,
       "LS_COLORS": "di=01;34:ln=38;5;208:ex=01;32", "TZ": "UTC"}


def record(argv, steps):
    """The bytes at each step; a step is (what to wait for, keys to send)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(DIR)
        os.execvpe(argv[0], argv, ENV)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
    data, samples, seen = b"", [], 0
    end = time.monotonic() + DEADLINE
    try:
        for wanted, keys in steps:
            while not re.search(wanted, data[seen:], re.S):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("%r in %r" % (wanted, data[-300:]))
                if select.select([fd], [], [], left)[0]:
                    try:
                        new = os.read(fd, 65536)
                    except OSError:
                        break
                    if re.search(rb"\x1b\[0?c", new):
                        os.write(fd, b"\x1b[?62;22c")
                    data += new
            # What is there at once belongs to the same picture.
            while select.select([fd], [], [], 0.05)[0]:
                try:
                    more = os.read(fd, 65536)
                except OSError:
                    break
                data += more
                if not more or len(data) > 1 << 20:
                    break
            samples.append(data)
            seen = len(data)
            os.write(fd, keys)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(fd)
        os.waitpid(pid, 0)
    return samples


def sgr(looks, params):
    """The looks after an SGR sequence."""
    fg, bg, attrs = looks
    names = {1: "bold", 2: "dim", 3: "italic", 4: "under", 5: "blink",
             7: "reverse", 8: "conceal", 9: "strike"}
    p = [[int(x or 0) for x in part.split(":")] for part in params.split(";")]
    i = 0
    while i < len(p):
        n = p[i][0]
        if n == 0:
            fg, bg, attrs = PLAIN
        elif n in names:
            attrs = attrs | {names[n]}
        elif n == 22:
            attrs = attrs - {"bold", "dim"}
        elif 23 <= n <= 29:
            attrs = attrs - {names.get(n - 20)}
        elif n in (38, 48):
            flat = [x for part in p[i + 1:] for x in part]
            if flat[0] == 5:
                colour, used = flat[1], 2
            else:
                colour, used = tuple(flat[1:4]), 4
            fg, bg = (colour, bg) if n == 38 else (fg, colour)
            i += used
        elif 30 <= n <= 37 or n == 39:
            fg = None if n == 39 else n - 30
        elif 40 <= n <= 47 or n == 49:
            bg = None if n == 49 else n - 40
        elif 90 <= n <= 97:
            fg = n - 82
        elif 100 <= n <= 107:
            bg = n - 92
        i += 1
    return fg, bg, attrs


def cells(text):
    """Rows of (character, looks); rows are cut behind the last that shows."""
    rows, looks, graphics = [], PLAIN, False
    for line in text.split("\n")[:ROWS]:
        row = []
        for m in re.finditer(r"\x1b\[([0-9;:]*)m|\x1b[^m]*m|([\x0e\x0f])|(.)", line):
            if m.group(1) is not None:
                looks = sgr(looks, m.group(1))
            elif m.group(2):
                graphics = m.group(2) == "\x0e"
            elif m.group(3):
                c = m.group(3)
                row.append((GRAPHICS.get(c, c) if graphics else c, looks))
        # tmux does not print what was only cleared, in whatever colour.
        while row and row[-1][0] == " " and not row[-1][1][2]:
            row.pop()
        rows.append(row)
    rows += [[]] * (ROWS - len(rows))
    return rows


def tmux(*args):
    return subprocess.run(["tmux", "-L", "oracle", "-f", "tmux.conf", *args],
                          cwd=DIR, env=dict(ENV, TMUX_TMPDIR=DIR), timeout=DEADLINE,
                          capture_output=True).stdout.decode("utf-8", "replace")


def ours(data, *sizes):
    r = subprocess.run([VTSHOW, str(ROWS), str(COLS), *map(str, sizes)],
                       input=data, capture_output=True, timeout=DEADLINE, check=True)
    text, cursor = r.stdout.decode().rsplit("cursor ", 1)
    return cells(text), tuple(map(int, cursor.split()))


def theirs(data, name, *sizes):
    path = os.path.join(DIR, "bytes")
    with open(path, "wb") as f:
        # tmux has read it all when it knows the title.
        f.write(data + b"\x18\x1b]2;end-" + name.encode() + b"\x1b\\")
    tmux("new-session", "-d", "-s", name, "-x", str(COLS), "-y", str(ROWS),
         "stty raw -echo; cat bytes; exec sleep 1000")
    end = time.monotonic() + DEADLINE
    want = "end-" + name
    while True:
        got = tmux("display", "-p", "-t", name,
                   "#{cursor_y} #{cursor_x} #{pane_title}").split(" ", 2)
        if len(got) == 3 and got[2].strip() == want:
            break
        if time.monotonic() > end:
            raise TimeoutError("tmux has not read %s: %r" % (name, got))
    cols = COLS
    for rows, cols in zip(sizes[::2], sizes[1::2]):
        tmux("resize-window", "-t", name, "-x", str(cols), "-y", str(rows))
    got = tmux("display", "-p", "-t", name, "#{cursor_y} #{cursor_x}").split()
    text = tmux("capture-pane", "-p", "-e", "-N", "-t", name)
    tmux("kill-session", "-t", name)
    # A wrap that waits has the cursor behind the last column.
    return cells(text), (int(got[0]), min(int(got[1]), cols - 1))


def differences(a, b):
    out = []
    for y, (ra, rb) in enumerate(zip(a[0], b[0])):
        if ra != rb:
            out += ["row %d ours  %r" % (y, "".join(c for c, _ in ra)),
                    "row %d tmux  %r" % (y, "".join(c for c, _ in rb))]
            for x, (ca, cb) in enumerate(zip(ra, rb)):
                if ca != cb:
                    out.append("  at %d ours %r tmux %r" % (x, ca, cb))
                    break
    if a[1] != b[1]:
        out.append("cursor ours %r tmux %r" % (a[1], b[1]))
    return out


count = 0


# Margins set in origin mode put the cursor to the origin; tmux puts it to the
# corner of the screen, and fails this page of vttest.
WRONG_IN_TMUX = re.compile(rb"Origin mode test\. This line should be at the "
                           rb"bottom(?!.*\x1b\[2J)", re.S)


def compare(name, samples):
    global count
    bad = []
    samples = [data for data in samples if not WRONG_IN_TMUX.search(data)]
    for data in samples:
        count += 1
        bad += differences(ours(data), theirs(data, "s%d" % count))
    shown = sum(len(row) for row in ours(samples[-1])[0])
    ok(not bad and shown > 20, "%s: %d screens as in tmux" % (name, len(samples)),
       "\n".join(bad) or "only %d cells are shown" % shown)


def resized(name, data, *widths):
    """Lines are wrapped anew at each width; the last is the first again."""
    global count
    bad, sizes = [], []
    for cols in widths:
        count += 1
        sizes += [ROWS, cols]
        bad += ["at %r:" % sizes] * bool(differences(
            ours(data, *sizes), theirs(data, "s%d" % count, *sizes)))
        bad += differences(ours(data, *sizes), theirs(data, "t%d" % count, *sizes))
    if ours(data, *sizes) != ours(data):
        bad.append("not as before")
    ok(not bad, "%s: %d widths as in tmux" % (name, len(widths)), "\n".join(bad))


def run(name, argv, steps):
    if not shutil.which(argv[0]):
        ok(True, "%s # SKIP no %s on this machine" % (name, argv[0]))
        return
    try:
        compare(name, record(argv, steps))
    except (TimeoutError, subprocess.SubprocessError) as e:
        ok(False, name, e)


def prepare():
    with open(os.path.join(DIR, "tmux.conf"), "w") as f:
        f.write("set -g status off\nset -g default-terminal screen-256color\n"
                "set -g default-shell /bin/sh\nset -g history-limit 100\n"
                "set -g allow-rename off\nset -g exit-empty off\n")
    with open(os.path.join(DIR, "inner.conf"), "w") as f:
        f.write("set -g default-shell /bin/sh\nset -g status-right ''\n"
                "set -g escape-time 0\n")
    with open(os.path.join(DIR, "text.c"), "w") as f:
        for i in range(200):
            f.write("/* line %d */\tint f%d(void) { return \"%s\"[%d]; }\n"
                    % (i, i, "x" * (i % 70), i))
    for i in range(60):
        open(os.path.join(DIR, "file-%02d.txt" % i), "w").close()
        if i % 9 == 0:
            os.mkdir(os.path.join(DIR, "dir-%02d" % i))
            os.symlink("file-%02d.txt" % i, os.path.join(DIR, "link-%02d" % i))


UNICODE = (
    "wide 你好世界 and 한국어 next\r\n" + "你" * 45 + "\r\n" +
    "x" + "好" * 45 + "\r\n" + "combining e\u0301a\u0308o\u0302\u0323 n\u0303 end\r\n" +
    "─│┌┐└┘├┤┬┴┼ ▀▄█▌▐░▒▓ ✓✗→←\r\n" + "emoji 👍🎉 😀x\r\n" +
    "half \x1b[6;10H你\x1b[6;11Hx\x1b[6;20H你\x1b[6;20Hy\r\n" +
    "\x1b[8;79Hab\x1b[9;79H你z\x1b[10;80H好\r\n" +
    "кириллица ελληνικά עברית\r\n" +
    "\x1b(0lqqqk\x1b(B \x1b)0\x0ex   x\x0f mjt\r\n" +
    "".join("\x1b[38;5;%dm%03d " % (i, i) for i in range(16, 48)) + "\x1b[m\r\n" +
    "".join("\x1b[48;2;%d;%d;%dm " % (i * 3, 255 - i * 3, i) for i in range(70)) +
    "\x1b[m\r\n\x1b[1mbold\x1b[2mdim\x1b[22m\x1b[3mital\x1b[4munder\x1b[5mblink"
    "\x1b[7mrev\x1b[8mhid\x1b[9mstrike\x1b[m plain\r\n").encode()

EDITING = (
    b"\x1b[2J\x1b[H" + b"".join(b"row %02d %s\r\n" % (i, b"=" * 60) for i in range(23)) +
    b"\x1b[5;10H\x1b[3L\x1b[10;1H\x1b[2M\x1b[12;8H\x1b[4@\x1b[13;8H\x1b[4P"
    b"\x1b[14;8H\x1b[4X\x1b[15;20H\x1b[K\x1b[16;20H\x1b[1K\x1b[17;4H\x1b[2K"
    b"\x1b[44m\x1b[18;30H\x1b[K\x1b[19;1H\x1b[2P\x1b[m"
    b"\x1b[3;8r\x1b[8;1Hnew\n\n\x1b[3;1H\x1bM\x1bM top\x1b[r\x1b[20;5H\x1b7"
    b"\x1b[1;1Hcorner\x1b8back\x1b[21;1Ha\x1b[5b\x1b[22;70H0123456789ABC"
    b"\x1b[4h\x1b[2;3Hins\x1b[4l\x1b[2S\x1b[1T\x1b[24;60Hend")


# The screen is full and the prompt below: in a screen with room tmux pushes
# rows out above blank ones, and sbx does not.  No line ends in a blank: tmux
# wraps that too.
LINES = b"".join(
    b"%d %s.\r\n" % (i, (b"some words that go on and on ", b"\x1b[32mgreen\x1b[m ",
                        "汉字 and text ".encode())[i % 3] * (i * 7 % 11))
    for i in range(60)) + b"user@host:/a/longer/path/of/a/prompt$ ls"


def vttest(choice, pages):
    """A page of the menu: each of its screens asks for RETURN."""
    return [(rb"Enter choice", choice + b"\r")] + [(rb"Push <RETURN>", b"\r")] * pages


def main():
    prepare()
    tmux("start-server")
    run("bash and ls", ["bash", "--norc", "-i"], [
        (rb"\$ ", b"ls --color=always -C\r"), (rb"\$ ", b"ls -la --color=always\r"),
        (rb"\$ ", b"echo one two three\x01\x1bf\x1bd x\r"), (rb"\$ ", b"clear; echo ok\r"),
        (rb"ok\r\n.*\$ ", b"seq 100\r"), (rb"100\r\n", b"")])
    run("vim", ["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "-c", "syntax on",
                "-c", "set ruler nowrap hlsearch showcmd laststatus=2", "text.c"], [
        (rb"text\.c", b"\x06\x06\x05\x05"), (rb"line 4\d", b"/return\r"),
        (rb"return", b":set wrap number\r"), (rb"number", b":split\r:vsplit\r"),
        (rb"text\.c", b"ggOhello \xe4\xbd\xa0\xe5\xa5\xbd\x1b"),
        (rb"\xe5\xa5\xbd", b"20ddGk\x15"), (rb"", b"")])
    run("less", ["less", "-R", "text.c"], [
        (rb"line \d+", b" "), (rb"line 3\d", b"/int f9\r"), (rb"f9", b"b"),
        (rb"line", b"G"), (rb"line 199", b"kkk"), (rb"line", b"")])
    run("htop", ["htop", "-d", "100"], [(rb"F10", b"jjj"), (rb"", b"")])
    run("vttest, cursor movements", ["vttest"], vttest(b"1", 6))
    run("vttest, screen features", ["vttest"], vttest(b"2", 14))
    run("tmux itself", ["tmux", "-L", "inner", "-f", "inner.conf"], [
        (rb"[$#] ", b"ls\r"), (rb"file-\d\d", b"\x02%"), (rb"[$#] ", b"seq 50\r"),
        (rb"50", b'\x02"'), (rb"[$#] ", b"\x02t"), (rb"\x1b\[", b"")])
    subprocess.run(["tmux", "-L", "inner", "kill-server"], cwd=DIR, env=ENV,
                   stderr=subprocess.DEVNULL, check=False)
    compare("wide, combining, colours", [UNICODE])
    compare("editing in the screen", [EDITING])
    resized("narrower and wider", LINES, 79, 50, 33, 120, 200, 80)
    resized("much narrower", LINES, 20, 80)
    done()


if not shutil.which("tmux"):
    print("1..0 # SKIP no tmux on this machine")
    sys.exit(0)
if not os.access(VTSHOW, os.X_OK):
    print("Bail out! no %s: run make check-build first" % VTSHOW)
    sys.exit(99)
try:
    main()
finally:
    tmux("kill-server")
    shutil.rmtree(DIR, ignore_errors=True)
