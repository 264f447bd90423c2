#!/usr/bin/env python3
"""A new engine shows the same terminal: screen, size, history, modes; and a
question that the old one did not see is answered once."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import Set, done, ok, same, until

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
    until(lambda: s.sbx("ls")[0] == 0)
    same(pictures(), before, "engine %d shows the same" % (i + 2))
ok("line 5\n" in s.out("screen", "term", "--scrollback"),
   "the history is there too")
s.sbx("send", "pager", "--keys", "BS BS g")
same(s.sbx("wait", "pager", "--screen", "^1$", "--timeout", "10s")[0], 0,
     "less goes on")
done()
