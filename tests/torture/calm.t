#!/usr/bin/env python3
"""A turn in which only bytes have moved looks at nothing else: all that
follows from bytes, and from what comes together with them, happens while
nobody asks for anything.  So files alone are looked at here: a question of
ours would be a turn of another kind."""
import os
import re
import signal
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from httptest import SERVE, Server, WebSocket
from sbxtest import Set, done, ok, same, until
from torture import (INPUT, SUBSCRIBE, Wire, frame, frame_types, statedir,
                     whole)

TYPES = frame_types()
GROWTH, PROMPT = 2, 32
SAYS = ("exec 3<>in.%s; while read -r l <&3; do echo $l; echo $l >>seen.%s; "
        "done")
NOISE = ["noise%d" % i for i in range(12)]
s = Set("".join("""
process %s {
    cmd %s
    %s
}
""" % (name, SAYS % (name, name), more) for name, more in (
    ("copied", "log.file copy"),
    ("watched", """hook note echo x >>hooked
    hook silence echo x >>silent
    watch go /^go/ start=started
    watch hooked /^hook/ run=note
    watch again /^again/ restart
    watch still absent /./ for 300ms run=silence"""),
    ("two", ""),
    ("hit", "ready log /^now/"))) + """
process started {
    cmd echo x >>ran
    autostart no
}
process behind {
    cmd touch behind.ran
    depends hit ready
}
process shower {
    cmd exec <in.shower; while read -r l; do i=$((i+1)); echo line $i; done
    tty yes
}
""" + "".join("""
process %s {
    cmd exec <in.%s; while read -r l; do echo $l; done
}
""" % (name, name) for name in NOISE))
fifos = {}
for name in ["copied", "watched", "two", "hit",
             "shower"] + NOISE:
    os.mkfifo("%s/in.%s" % (s.dir, name))
    fifos[name] = os.open("%s/in.%s" % (s.dir, name), os.O_RDWR)
same(s.sbx("up")[0], 0, "a set")
until(lambda: all(s.status(n) in ("running", "ready") for n in fifos))
rows = {r["name"]: r["id"] for r in s.rows()}
engine = s.pids()[0]


def say(name, text):
    os.write(fifos[name], text.encode() + b"\n")


def text_of(name):
    try:
        with open("%s/%s" % (s.dir, name)) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def stopped(fn):
    """What fn does comes to the engine in one turn, in that order."""
    os.kill(engine, signal.SIGSTOP)
    fn()
    os.kill(engine, signal.SIGCONT)


switches = 0


def rests():
    """It has not run since this was asked last."""
    global switches
    with open("/proc/%d/status" % engine) as f:
        now = re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", f.read())[1]
    before, switches = switches, now
    return before == now


# --- what follows from a line ------------------------------------------------

for i in range(20):
    say("copied", "n%d" % i)
    if not until(lambda: text_of("copy").endswith("n%d\n" % i), 10):
        break
same(text_of("copy").split(), ["n%d" % i for i in range(20)],
     "each line is in its log.file")
say("watched", "hook")
ok(until(lambda: text_of("hooked")), "a hook runs")
say("watched", "go")
ok(until(lambda: text_of("ran")), "another process starts")
ok(until(lambda: text_of("silent")), "silence is seen")
say("hit", "now")
ok(until(lambda: os.path.exists(s.dir + "/behind.ran")),
   "who depends on a line starts")
say("watched", "again")
ok(until(lambda: s.row("watched")["restarts"] == 1 and
         s.row("watched")["status"] == "running"), "a restart")
say("watched", "hook")
ok(until(lambda: text_of("hooked") == "x\nx\n"), "and the same again")

# --- what comes together with bytes -------------------------------------------

# Two that are told, one after the other, of the same line.
one, other = Wire(s), Wire(s)
for c in one, other:
    c.send(frame(SUBSCRIBE, struct.pack("<I", GROWTH | PROMPT)) +
           frame(TYPES["LOG_OPEN"], struct.pack("<I", rows["two"])))
    c.until(TYPES["LOG"])
tell = frame(TYPES["LOG_TELL"], struct.pack("<IB", rows["two"], 1))


def knows(c, line):
    """Until it is told of that line of "two"."""
    c.sock.settimeout(10)
    while True:
        try:
            kind, data = c.frame()
        except OSError:
            return False
        if kind == TYPES["TOLD"] and data[:4] == struct.pack(
                "<I", rows["two"]) and line in data:
            return True
        if kind == TYPES["GROW"] and struct.unpack_from("<IQ", data) >= (
                rows["two"], said + 1) and data[:4] == struct.pack(
                "<I", rows["two"]):
            return True
        if kind is None:
            return False


said = 0


def say_two():
    global said
    said += 1
    say("two", "line%d" % said)
    until(lambda: "line%d\n" % said in text_of("seen.two"))


say_two()
ok(knows(one, b"line1"), "a line is told")
ok(knows(other, b"line1"), "to both")
one.send(tell)
say_two()
ok(knows(one, b"line2") and knows(other, b"line2"), "to one of them first")
for i in range(3):
    first, second = (one, other) if i % 2 == 0 else (other, one)

    def both():
        say_two()
        second.send(tell)

    stopped(both)
    ok(knows(first, b"line%d" % said), "one was told first")
    ok(knows(second, b"line%d" % said), "the one that asks to be hears of it")
one.close()
other.close()
whole(s, "after all that", engine)

# --- a terminal that is opened in a flood --------------------------------------

if os.path.exists(SERVE):
    h = Server(s)
    path = "/v1/processes/proc_%d/terminal/ws" % rows["shower"]

    def drain(ws):
        try:
            while ws.frame()[0] not in (0, 8):
                pass
        except OSError:
            pass

    # So many grow that none is told of at once.
    quiet = threading.Event()

    def rush():
        while not quiet.wait(0.001):
            for name in NOISE:
                say(name, "x")
            say("shower", "x\n" * 5)

    threading.Thread(target=rush, daemon=True).start()
    first = WebSocket(h, path)
    threading.Thread(target=drain, args=(first,), daemon=True).start()
    bad, last = [], 0
    for i in range(20):
        ws, got, end = WebSocket(h, path), b"", last + 300
        while last < end:
            kind, data = ws.frame()
            if kind in (0, 8):
                break
            if kind == 2:
                got += data
                last = ([last] + [int(n) for n in re.findall(
                    rb"line (\d+)\s", got[-100:])])[-1]
        ws.close()
        # Of the picture and of what follows it: no line comes twice.
        nos = [int(n) for n in re.findall(rb"line (\d+)\s", got)]
        back = [(a, b) for a, b in zip(nos, nos[1:]) if b <= a]
        if back:
            bad.append((i, len(nos), back[:3]))
    ok(last >= 6000, "a terminal is opened again and again", last)
    same(bad, [], "nothing that the picture has comes again behind it")
    quiet.set()
    first.close()
    same(h.end(), 0, "the server ends")
for fd in fifos.values():
    os.close(fd)
same(s.sbx("down")[0], 0, "down works")

# --- a client that leaves ------------------------------------------------------

# Its last word changes no more than bytes; it was answered, and so has gone.
s = Set("""
process brief {
    cmd echo something; exec sleep 1000
    keep no
}
""")
same(s.sbx("up")[0], 0, "a set of one")
engine, brief = s.pids()[0], s.row("brief")["id"]
w = Wire(s)
w.send(frame(TYPES["LOG_OPEN"], struct.pack("<I", brief)))
w.until(TYPES["LOG"])
log = statedir(s) + "/log/brief"
ok(until(lambda: os.path.isdir(log)), "its log")
same(s.sbx("stop", "brief")[0], 0, "it ends")
until(rests, 20, 2)
ok(os.path.isdir(log), "its log is there while it is read")


def leave():
    w.send(frame(INPUT, struct.pack("<IBQI", brief, 0, 0, 0)))
    w.close()


stopped(leave)
ok(until(lambda: not os.path.isdir(log)), "and goes when its reader has left")
whole(s, "after that", engine)
same(s.sbx("down")[0], 0, "down works")

# What waits to be read is recorded when it is taken, and not again for each
# piece that is: else its length counts as often as there are pieces.
LONG_INPUT = 400000
s = Set("""
process slow {
    cmd stty raw -echo; echo up; exec python3 slow.py
    tty yes
}
""")
s.write("""import os, time
n = 0
while n < %d:
    n += len(os.read(0, 4096))
    time.sleep(0.003)
print("done")
""" % LONG_INPUT, "slow.py")
same(s.sbx("up")[0], 0, "one that reads slowly")
same(s.sbx("wait", "slow", "--log", "up", "--timeout", "20s")[0], 0, "it reads")


def written():
    with open("/proc/%d/io" % s.pids()[0]) as f:
        return int(re.search(r"wchar: (\d+)", f.read())[1])


before = written()
same(s.sbx("send", "slow", "-", input=b"x" * LONG_INPUT)[0], 0, "it is sent")
same(s.sbx("wait", "slow", "--log", "done", "--timeout", "60s")[0], 0,
     "all of it is read")
times = (written() - before) / LONG_INPUT
ok(times < 24, "what was sent is not written for each piece", times)
same(s.sbx("down")[0], 0, "down works")
done()
