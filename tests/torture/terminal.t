#!/usr/bin/env python3
"""A terminal that changes its size all the time, reads nothing, hangs up, is
of another kind or sends what no terminal sends: the processes go on, the
picture is right in the end, nothing acts by itself."""
import os
import random
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import LONG, SBX, ZOO, Set, done, ok, same, until
from torture import Tty, bounded, wait_rows, whole

s = Set("""
set name shop
set tips off
set paste.confirm no
process web {
    argv %(zoo)s tick 50
}
process sizes {
    cmd stty -echo; trap 'echo size $(stty size)' WINCH; echo ready; while :; do read -r x && echo "got $x"; done
    tty yes
}
process flood {
    cmd while :; do echo 'a line of a flood, as wide as it is long and in no hurry to end'; done
    log.keep 8M
}
process count {
    cmd stty raw -echo; echo ready; head -c 1000000 | md5sum; exec sleep 1000
    tty yes
}
process slow {
    cmd stty raw -echo; until [ -e go ]; do sleep 0.1; done; head -c 3145728 | md5sum; echo then $(head -c 1); exec sleep 1000
    tty yes
}
""" % {"zoo": ZOO})
same(s.sbx("up")[0], 0, "the set is up")
rows = wait_rows(s, lambda r: all(p["status"] == "running"
                                  for p in r.values()))
engine, keeper, anchor = s.pids()
pids = {n: r["pid"] for n, r in rows.items()}
rnd = random.Random(int(os.environ.get("SEED", "3")))


def unchanged(name):
    now = {r["name"]: r.get("pid") for r in s.rows()}
    same(now, pids, name + ": every process is the same one")


def grows(name, what):
    n = s.row(name)["log_bytes"]
    ok(until(lambda: s.row(name)["log_bytes"] > n, 20), what, s.row(name))


def calm(text):
    """What a clock or a meter changes is no difference."""
    return re.sub(r"[ .0-9\u00b7\u2800-\u28ff\u2580-\u259f]+", " ", text)


def sizes():
    return re.findall(rb"size (\d+ \d+)", s.raw("sizes", "pty"))


# --- sizes -------------------------------------------------------------------

t = Tty(s, [SBX])
ok(t.sees("^ LIST  web"), "the screen is open", t.picture())
for n, keys in (("flood", b"k/?:"), ("sizes", b"\x1b\x0c")):
    t.key(b"\x1b")
    t.key(b"2" if n == "sizes" else b"3")
    for i in range(2000 if LONG else 250):
        t.resize(*rnd.choice(((1, 1), (200, 500), (2, 3), (24, 80), (1, 500),
                              (200, 1), (rnd.randrange(1, 200),
                                         rnd.randrange(1, 300)))))
        if i % 10 == 0:
            t.type(bytes([rnd.choice(keys)]))
        until(lambda: False, 0.004)
t.resize(24, 80)
for i in range(4):
    t.key(b"\x1b")
same(s.sbx("stop", "flood", "web")[0], 0, "what moves is stopped")
pids["flood"] = pids["web"] = None
t.key(b"2")
t.redraw()
ok(t.sees("^ LIST  sizes"), "after a storm of sizes it is in the list",
   t.picture())
fresh = Tty(s, [SBX])
fresh.sees("^ LIST  ")
fresh.key(b"2")
ok(until(lambda: calm(fresh.picture()) == calm(t.picture()), 20, 0.2),
   "and shows what one that was just opened shows",
   t.picture() + fresh.picture())
fresh.close()
ok(until(lambda: sizes() and s.out("screen", "sizes", "--json"), 20),
   "the program was told of sizes")
# One quiet size, one signal.
before = None
while before != len(sizes()):
    before = len(sizes())
    s.sbx("send", "sizes", "well %d\n" % before)
    until(lambda: b"got well %d" % before in s.raw("sizes", "pty"), 20)
t.resize(40, 120)
ok(until(lambda: len(sizes()) > before, 20), "a new size is told")
s.sbx("send", "sizes", "then\n")
ok(until(lambda: b"got then" in s.raw("sizes", "pty"), 20),
   "the program goes on")
same(len(sizes()), before + 1, "once")
t.key(b"q")
ok(t.sees("leave sbx"), "a dialog", t.picture())
for size in ((3, 10), (200, 300), (24, 80)):
    t.resize(*size)
    until(lambda: False, 0.05)
ok(t.sees("leave sbx"), "stays through three sizes", t.picture())
t.key(b"\x1b")
unchanged("sizes")
s.sbx("start", "flood", "web")
wait_rows(s, lambda r: r["web"]["status"] == "running")
pids = {r["name"]: r.get("pid") for r in s.rows()}

# --- it does not read --------------------------------------------------------

t.key(b"3")
ok(t.sees("^ LIST  flood"), "a flood is looked at", t.picture())
t.reads.clear()
grows("flood", "a terminal that reads nothing: the flood goes on")
grows("web", "so does its neighbour")
for i in range(20):
    t.resize(20 + i, 70 + i)
    t.type(b"j" if i % 2 else b"k")
grows("web", "whatever is typed there")
bounded(t.p.pid, 64 * 1024, "the screen keeps nothing for it")
t.resize(24, 80)
t.reads.set()
t.key(b"\x1b")
t.redraw()
ok(t.sees("^ LIST  "), "it reads again: the picture comes back", t.picture())
t.reads.clear()
grows("flood", "once more")
t.p.send_signal(signal.SIGTERM)
until(lambda: False, 0.5)
t.reads.set()
same(t.ended(), 128 + signal.SIGTERM, "who is asked to end meanwhile ends")
ok(t.sane(), "and the terminal is as it was")
t.close()
t = Tty(s, [SBX])
t.sees("^ LIST  ")
t.key(b"3")
t.reads.clear()
grows("flood", "and once more")
t.hang_up()
ok(t.ended() is not None, "it hangs up without having read: the screen ends")
t = Tty(s, [SBX])
t.sees("^ LIST  ")
t.hang_up()
ok(t.ended() is not None, "it hangs up while nothing happens: the same")
unchanged("hang-ups")

# --- under a shell -----------------------------------------------------------


def shell():
    t = Tty(s, ["bash", "--norc", "--noprofile", "-i"], PS1="shell> ")
    t.sees("shell>")
    return t


def answers(t, word, name):
    """The terminal is the shell's."""
    t.type(b"echo %s''-is-there\n" % word)
    ok(t.sees(word.decode() + "-is-there"), name, t.picture())


def foreground(t, name):
    t.mark = len(t.data)
    t.type(b"fg\n")
    ok(t.sees("^ LIST  flood"), name, t.picture())


t = shell()
t.type(b"%s\n" % SBX.encode())
ok(t.sees("^ LIST  flood"), "the screen under a shell", t.picture())
t.key(b"\x1a")
answers(t, b"one", "Ctrl-Z: the shell is back")
grows("web", "the processes go on")
t.resize(30, 100)
foreground(t, "the screen comes back in the new size")
t.key(b"Q")
answers(t, b"two", "and can be left")
t.type(b"%s &\n" % SBX.encode())
ok(until(lambda: b"Stopped" in t.data.split(b"two-is-there")[-1] or
         not t.type(b"\n"), 20, 0.5), "in the background it stops")
answers(t, b"three", "the shell keeps the terminal")
foreground(t, "in the foreground it opens")
t.key(b"Q")
answers(t, b"four", "and can be left")
t.close()
unchanged("a shell")

# --- what nobody types -------------------------------------------------------

t = Tty(s, [SBX])
t.sees("^ LIST  flood")
for what, name in (
        (b"\x1b[200~" + b"xXrRD\r" * 200000 + b"\x1b[201~", "a large paste"),
        (b"\x1b[200~x\x1b[201~xXrRDx\r\x1b[201~", "a paste with its end in it"),
        (b"\x1b[200~\x1b[31mx\x1b]0;x\x07\x1b[201~", "a paste of escapes"),
        (b"\x1b[999;999;999z\x1b[?1;2;3;4$y\x1bP1$rx\x1b\\\x1b]99;x\x1b\\",
         "sequences that nobody knows"),
        (b"\x1b[<0;9999;9999M\x1b[<0;0;0M\x1b[<99;5;5M\x1b[<0;-1;-1M",
         "a mouse out of range"),
        (b"\x1b[M\xff\xff\xff\x1b[M   \x1b[m", "an old mouse out of range"),
        (bytes(b for b in range(128, 256)) * 50, "bytes that are no text")):
    t.type(what)
    until(lambda: False, 0.1)
    t.key(b"\x1b")
    t.key(b"\x1b")
    unchanged(name)
t.redraw()
ok(t.sees("^ LIST  "), "after all that it is in the list", t.picture())
t.key(b"4")
ok(t.sees("^ LIST  count"), "a program that counts", t.picture())
t.key(b"\r")
ok(t.sees("^ TERM "), "has the keys", t.picture())
data = (b"one million bytes, and a word \xc3\xbc\n" * 40000)[:1000000]
want = subprocess.run(["md5sum"], input=data.replace(b"\n", b"\r"),
                      capture_output=True).stdout[:32]
t.type(b"\x1b[200~" + data + b"\x1b[201~")
ok(until(lambda: want in s.raw("count", "pty"), 60),
   "a paste of one million bytes arrives whole",
   s.raw("count", "pty")[-300:])
bounded(t.p.pid, 64 * 1024, "the screen is small")
t.key(b"\x1d")
ok(t.sees("^ LIST  "), "and it leaves by its key", t.picture())
t.key(b"5")
ok(t.sees("^ LIST  slow"), "a program that does not read", t.picture())
t.key(b"\r")
ok(t.sees("^ TERM "), "has the keys", t.picture())
data = b"".join(b"%07d " % i for i in range(3 << 17))	# 3 MiB
t.type(b"\x1b[200~" + data + b"\x1b[201~")
t.key(b"z")
ok(t.sees("bytes are waiting"), "keys behind a large paste are refused",
   t.picture())
t.type(b"\x1b[200~" + data.replace(b"1", b"X") + b"\x1b[201~")
ok(t.sees("nothing was pasted"), "so is another paste, as a whole", t.picture())
t.type(b"\x1b[200~" + data * 6 + b"\x1b[201~")
ok(t.sees("nothing of it was taken"), "and one that is too long", t.picture())
engine = s.kill_engine()
until(lambda: s.pids()[0] != engine, 20)
engine = s.pids()[0]
open(s.dir + "/go", "w").close()
want = subprocess.run(["md5sum"], input=data, capture_output=True).stdout[:32]
ok(until(lambda: want in s.raw("slow", "pty"), 60),
   "the first one is read whole, over a change of engines",
   s.raw("slow", "pty")[-300:])
t.key(b"q")
ok(until(lambda: b"then q" in s.raw("slow", "pty"), 20),
   "and nothing else before the next key", s.raw("slow", "pty")[-300:])
t.key(b"\x1d")
ok(t.sees("^ LIST  "), "back in the list", t.picture())
t.key(b"Q")
same(t.ended(), 0, "the screen can be left")
ok(t.sane(), "the terminal is as it was")
t.close()
unchanged("pastes")

# --- other terminals ---------------------------------------------------------

kinds = [("vt100", {}), ("linux", {}), ("xterm", {"NO_COLOR": "1"}),
         ("xterm", {"LC_ALL": "C"}), ("dumb", {}), ("no-such-terminal", {}),
         (None, {})]
if LONG:
    kinds += [("screen", {}), ("xterm", {}), ("rxvt", {}),
              ("xterm", {"LC_ALL": "xx_YY"}), ("", {}), ("ansi", {})]
for name, env in kinds:
    label = "TERM=%s%s" % (name, "".join(" %s=%s" % e for e in env.items()))
    t = Tty(s, [SBX], TERM=name, **env)
    until(lambda: t.p.poll() is not None or b"as lines" in t.data or
          re.search("^ LIST  ", t.picture(), re.M), 20)
    if t.p.poll() is None:
        t.key(b"quit\n" if b"as lines" in t.data else b"Q")
        same(t.ended(), 0, label + ": it opens and can be left")
        ok(t.sane(), label + ": the terminal is as it was")
    else:
        ok(t.p.returncode in (1, 2) and
           until(lambda: re.search(rb"TERM|terminal", t.data)),
           label + ": it says what is missing", t.data)
    t.close()
for name, how in (("stdin", "<"), ("stdout", ">")):
    t = Tty(s, ["sh", "-c", '"$0" %s/dev/null; exit $?' % how, SBX])
    until(lambda: t.p.poll() is not None or b"as lines" in t.data, 20)
    if t.p.poll() is None:
        t.key(b"quit\n")
    ok(t.ended() in (0, 2) and until(lambda: re.search(
        rb"as lines|terminal", t.data)),
       name + " is no terminal: it takes lines or says so",
       (t.p.returncode, t.data))
    t.close()
unchanged("other terminals")
whole(s, "at the end", engine)
done()
