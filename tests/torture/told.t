#!/usr/bin/env python3
"""Who follows a log is told of bytes on their way into the files: each once
and in order, with the numbers and times that the log has, wherever the engine
is killed, and when the disk takes none of them.  Wants a build with
-DSBX_FAULTS."""
import base64
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from faultbuild import FaultSet
from httptest import Server, WebSocket, needed
from sbxtest import LONG, done, ok, same, until

needed()
SAYS = "exec 3<>in.%s; while read -r l <&3; do printf '%%b' \"$l\"; done"
s = FaultSet("""
process pipe {
    cmd %s
}
process both {
    cmd exec 3<>in.both; while read -r l <&3; do case $l in e*) printf '%%b' "$l" >&2 ;; *) printf '%%b' "$l" ;; esac; echo "$l" >>seen.both; done
}
process term {
    cmd stty raw -echo; %s
    tty yes
}
""" % (SAYS % "pipe", SAYS % "term"))
fifos = {}
for name in ("pipe", "both", "term"):
    os.mkfifo("%s/in.%s" % (s.dir, name))
    fifos[name] = os.open("%s/in.%s" % (s.dir, name), os.O_RDWR)
same(s.sbx("up", "--wait")[::2], (0, ""), "a set with a pipe and a terminal")
h = Server(s)
ids = {r["name"]: "proc_%d" % r["id"] for r in s.rows()}
logs = "/v1/processes/%s/logs" % ids["pipe"]


def say(name, text):
    os.write(fifos[name], text.encode() + b"\n")


events = []
stream = h.events(logs + "?follow=true")


def collect():
    for event in iter(stream.next, None):
        events.append(event)


reader = threading.Thread(target=collect, daemon=True)
reader.start()


def heard(text):
    return until(lambda: any(
        e[0] == "log" and text in base64.b64decode(e[2]["data"])
        for e in events[-20:]), 20)


def entries():
    return h.get(logs)[1]["entries"]


# Without a fault: as the index has it, to the millisecond.
for i in range(200):
    say("pipe", r"n %d\n" % i)
    if i % 3 == 0:
        heard(b"n %d\n" % i)
say("pipe", r"two\nlines and a ta")
say("pipe", r"il\n")
ok(heard(b"lines and a tail\n"), "a tail becomes a line")
same([e[2] for e in events], entries(),
     "entries are those of the log, with their numbers and times")

# Killed before each of its calls.
STEPS = {"splice": 2, "splice_file": 1, "tee": 1, "sendmsg": 3, "pwrite": 4,
         "pread": 3, "read": 3}
killed = no = 0
bad = []
for call, count in STEPS.items():
    for nth in range(1, count + 1):
        no += 1
        s.arm("engine/%s:0:%d+" % (call, nth))
        say("pipe", r"killed %d\nand %d\n" % (no, no))
        held = s.kill_held(0.5)
        killed += held
        s.disarm()
        s.answers()
        say("pipe", r"then %d\n" % no)
        if not heard(b"then %d\n" % no):
            bad.append("call %d of %s: the next line is not there" %
                       (nth, call))
same(bad, [], "what comes behind a death is heard")
ok(killed > 5, "%d engines died" % killed)
said = [b"%s %d\n" % (w, n) for n in range(1, no + 1)
        for w in (b"killed", b"and", b"then")]
got = [base64.b64decode(e[2]["data"]) for e in events]
same(got[got.index(said[0]):], said, "each line once, in order")
same([e[2]["sequence"] for e in events],
     [e["sequence"] for e in entries()], "and with the numbers of the log")


def keys(entry):
    return entry["sequence"], entry["data"], entry["stream"]


same([keys(e[2]) for e in events], [keys(e) for e in entries()],
     "which has the same")

# Two streams: what was told first stays first, though the other one's file is
# looked at before it.
both = h.events("/v1/processes/%s/logs?follow=true" % ids["both"])
pairs = []


def collect_both():
    for event in iter(both.next, None):
        pairs.append(event[2])


threading.Thread(target=collect_both, daemon=True).start()


def seen_both(text):
    def there():
        with open(s.dir + "/seen.both") as f:
            return text in f.read()
    return until(there, 10)


def told_both(text):
    return until(lambda: any(text in base64.b64decode(e["data"])
                             for e in pairs), 20)


say("both", r"begin\n")
told_both(b"begin\n")
for call, count in STEPS.items():
    for nth in range(1, count + 1):
        no += 1
        s.arm("engine/%s:0:%d+" % (call, nth))
        say("both", r"err %d\n" % no)
        until(s.held, 0.5)
        say("both", r"out %d\n" % no)
        seen_both("out %d" % no)
        s.kill_held(0.1)
        s.disarm()
        s.answers()
        say("both", r"then %d\n" % no)
        told_both(b"then %d\n" % no)
got = h.get("/v1/processes/%s/logs" % ids["both"])[1]["entries"]
same([keys(e) for e in pairs], [keys(e) for e in got],
     "of two streams each line once, with the numbers of the log")

# The disk takes nothing: what was told of is not in the log, and a gap of one
# number stands for lines of three.
before = len(events)
s.arm("engine/splice_file:28:1")
say("pipe", r"lost 1\nlost 2\nlost 3\n")
ok(until(lambda: not os.path.exists(s.fault), 10), "a write fails")
for i in range(4):
    say("pipe", r"after %d\n" % i)
    heard(b"after %d\n" % i)
got = [base64.b64decode(e[2]["data"]) for e in events[before:]
       if e[0] == "log"]
same([g for g in got if g.startswith(b"after")],
     [b"after %d\n" % i for i in range(4)],
     "every line behind it is heard once")
ok(all(g.startswith((b"after", b"lost")) for g in got), "and nothing else",
   got)
texts = [base64.b64decode(e["data"]) for e in entries()]
same(texts[-4:], [b"after %d\n" % i for i in range(4)],
     "the log goes on behind its gap")

# A terminal, byte by byte.
w = WebSocket(h, "/v1/processes/%s/terminal/ws" % ids["term"])
seen = [b""]


def listen():
    while True:
        kind, data = w.frame()
        if kind in (0, 8):
            return
        if kind == 2:
            seen[0] += data


threading.Thread(target=listen, daemon=True).start()
say("term", "begin.")
ok(until(lambda: b"begin." in seen[0], 20), "a terminal is shown")
want = b"begin."
for call, count in STEPS.items():
    for nth in range(1, count + 1):
        no += 1
        if not LONG and no % 2:
            continue
        s.arm("engine/%s:0:%d+" % (call, nth))
        say("term", "k%d." % no)
        s.kill_held(0.5)
        s.disarm()
        s.answers()
        say("term", "t%d." % no)
        want += b"k%d.t%d." % (no, no)
        until(lambda: b"t%d." % no in seen[0], 20)
same(seen[0][seen[0].rindex(b"begin."):], want,
     "a terminal's bytes come once, in order, over the deaths of engines")
stream.sock.shutdown(2)
same(h.end(), 0, "the server ends")
for fd in fifos.values():
    os.close(fd)
same(s.sbx("down")[0], 0, "down works")
done()
