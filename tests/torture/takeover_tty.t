#!/usr/bin/env python3
"""A new engine shows the same terminal: screen, size, history, modes; and a
question that the old one did not see is answered once."""
import json
import os
import random
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import Set, done, ok, same, until
from torture import REPLY, RESIZE, Wire, frame

s = Set(r"""
process term {
    argv bash --norc --noprofile
    env PS1='$ '
    tty yes
}
process pager {
    cmd seq 1 1000 | less
    tty yes
}
process asks {
    cmd stty raw -echo; while read -r -n1 k; do printf '\033[6n'; done; sleep 1000
    tty yes
}
""")
same(s.sbx("up")[0], 0, "the set is up")
s.sbx("send", "term", "for i in $(seq 300); do echo -e \"\\e[3$((i%8))m"
      "line $i\\e[0m\"; done; echo en''d\n")
same(s.sbx("wait", "term", "--log", "^end", "--timeout", "10s")[0], 0,
     "three hundred coloured lines")
same(s.sbx("wait", "pager", "--screen", "^22$", "--timeout", "10s")[0], 0,
     "less shows its first page")
s.sbx("send", "pager", "--keys", "Space Space 5")


def pictures():
    return [s.out("screen", n, "--ansi", "--scrollback")
            for n in ("term", "pager")]


def settled():
    a = pictures()
    return a if a == pictures() and ":5" in a[1] else None


before = until(settled)
ok(before, "the pictures stand still")
for i in range(3):
    s.kill_engine()
    s.answers()
    same(pictures(), before, "engine %d shows the same" % (i + 2))
ok("line 5\n" in s.out("screen", "term", "--scrollback"),
   "the history is there too")
s.sbx("send", "pager", "--keys", "BS BS g")
same(s.sbx("wait", "pager", "--screen", "^1$", "--timeout", "10s")[0], 0,
     "less goes on")

# --- sizes ---------------------------------------------------------------------------

s = Set(r"""
process t {
    cmd trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done
    tty yes
}
process full {
    cmd seq -f '%06.0f of twelve thousand lines of its history, all of them long' 12000; exec cat
    tty yes
}
""")
same(s.sbx("up")[0], 0, "a set of two terminals")
same(s.sbx("wait", "full", "--log", "012000", "--timeout", "20s")[0], 0,
     "one has a long history")
ids = {r["name"]: r["id"] for r in s.rows()}


def told():
    """As the program sees it."""
    words = s.raw("t", "pty").decode().split("\r\n")
    return ([w for w in words if re.fullmatch(r"\d+ \d+", w)] or [""])[-1]


def drawn(name="t"):
    screen = json.loads(s.out("screen", name, "--json"))
    return "%d %d" % (screen["rows"], screen["cols"])


def sizes(wire, name, count, ask=True):
    """Asks for so many at once; the last one."""
    many = [(rnd.randrange(2, 90), rnd.randrange(2, 200))
            for _ in range(count)]
    wire.send(b"".join(frame(RESIZE, struct.pack("<IHH", ids[name], *size))
                       for size in many))
    for _ in range(count if ask else 0):
        wire.until(REPLY)
    return "%d %d" % many[-1]


rnd = random.Random(7)
for name in ("full", "t"):
    w = Wire(s)
    last = sizes(w, name, 70)
    ok(until(lambda: drawn(name) == last),
       "of seventy sizes at once the last one counts", (drawn(name), last))
    w.close()
ok(until(lambda: told() == last), "also for the program", (told(), last))
for i in range(10):
    w = Wire(s)
    sure = sizes(w, "t", 1 + i % 5)
    if i % 2:
        sizes(w, "t", 30, False)
    s.kill_engine()
    s.answers()
    ok(until(lambda: told() == drawn(), 5), "engine %d: they agree" % (i + 2),
       (told(), drawn()))
    if i % 2 == 0:
        ok(until(lambda: drawn() == sure), "on what was promised",
           (drawn(), sure))
    w.close()
had = drawn()
same(s.sbx("restart", "t", "--wait", "10s")[0], 0, "another run")
ok(until(lambda: told() == had), "has the size of its picture", (told(), had))
same(drawn(), had, "which stays")
s.end()
done()
