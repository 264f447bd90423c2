#!/usr/bin/env python3
"""Garbage on the socket, clients that idle, crowd or never read: whoever
sends it is sent away with a word in the journal, nobody else notices, and the
engine does not grow."""
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import LONG, SBX, ZOO, Set, done, ok, same, until
from torture import (BYE, HELLO, INPUT, MAGIC, PROTOCOL, REPLY, REQUEST,
                     RESIZE, SCREEN_WATCH, SUBSCRIBE, Wire, bounded, frame,
                     hello, nfds, request, rss_kb, sock_path, text, wait_rows,
                     whole)

GROWTH_KB = 24 * 1024

s = Set("""
process tick {
    argv %(zoo)s tick 10
}
process flood {
    cmd while :; do echo 'a line of a flood that nobody reads in time'; done
    log.keep 8M
}
process tty {
    cmd while :; do printf '\\033[H%%s' "$(cat /etc/passwd)"; done
    tty yes
    log.keep 8M
}
process echo {
    argv cat
    stdin pipe
}
""" % {"zoo": ZOO})
same(s.sbx("up")[0], 0, "the set is up")
rows = wait_rows(s, lambda r: all(p["status"] == "running"
                                  for p in r.values()))
ids = {name: r["id"] for name, r in rows.items()}
engine, keeper, anchor = s.pids()
# Warm: what it keeps for good is there before anything is measured.
until(lambda: s.row("flood")["log_bytes"] > 12 << 20, 20)
fds = nfds(engine)
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


def refused():
    return sum(e["event"] == "client-refused" for e in s.events())


def sends(what, name, fds_=(), greet=False):
    """Somebody sends this: it is dropped, with a reason in the journal."""
    before = refused()
    w = Wire(s, greet=greet)
    try:
        w.send(what, fds_)
    except OSError:
        pass
    ok(w.gone(), name + ": is hung up on")
    w.close()
    ok(until(lambda: refused() > before, 5), name + ": the journal tells")


rnd = random.Random(5)
sends(rnd.randbytes(4096), "random bytes")
sends(b"\0" * 4096, "zeros")
sends(struct.pack("<IHBBI", 0xffffffff, HELLO, 0, 0, 1) + b"x" * 100,
      "a length of 4 GiB")
sends(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP")
sends(frame(HELLO, b"\1\2"), "a greeting that is too short")
sends(hello(magic=0x12345678), "another magic")
sends(request(1), "no greeting at all")
sends(frame(999, b"abc"), "an unknown kind", greet=True)
sends(frame(REQUEST, b"\xff" * 40), "a request of ff", greet=True)
sends(frame(REQUEST, struct.pack("<HIqQ", 1, 0, 0, 0) + text("") +
            struct.pack("<I", 0x7fffffff)), "a list of 2^31 words",
      greet=True)
sends(frame(REPLY, b"x"), "an answer to nothing", greet=True)
sends(frame(REQUEST, b"", fds=9), "nine descriptors that are not there",
      greet=True)

# An old version hears of ours.
w = Wire(s, greet=False)
w.send(hello(version=99))
kind, data = w.frame()
ok(kind == HELLO and struct.unpack_from("<II", data) == (MAGIC, PROTOCOL),
   "another version is told of ours", (kind, data[:8]))
w.close()

# Descriptors nobody asked for.
r, wr = os.pipe()
for i in range(20):
    w = Wire(s)
    w.send(hello()[:3], [r, wr] * 8)
    w.close()
w = Wire(s)
w.send(request(9), [r, wr] * 5)
ok(w.until(REPLY) is not None, "descriptors nobody asked for are dropped")
w.close()
ok(until(lambda: nfds(engine) <= fds + 12), "and closed",
   (fds, nfds(engine)))

# Every kind of message with every kind of body.
for i in range(2000 if LONG else 150):
    w = Wire(s)
    try:
        for k in range(20):
            w.send(frame(rnd.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                     14, 15, 16)),
                         rnd.choice((b"", struct.pack("<I", rnd.choice(
                             list(ids.values()) + [0, 77, 0xffffffff])))) +
                         rnd.randbytes(rnd.randrange(0, 60))))
    except OSError:
        pass
    w.close()
wait_rows(s, lambda r: len(r) >= 4)
whole(s, "after random messages", engine)
s.sbx("start", "tick", "flood", "tty", "echo")

# Half a message and silence; clients that say nothing; and too many.
idle = [Wire(s) for i in range(100)]
for w in idle[:50]:
    w.send(frame(REQUEST, b"x" * 1000)[:600])
silent = [Wire(s, greet=False) for i in range(200)]
code, out, err = s.sbx("ls")
same(code, 0, "300 idle clients: another one is served")
code, out, err = s.sbx("send", "echo", "hello\n")
same(code, 0, "and served well")
more = []
for i in range(1000):
    w = socket.socket(socket.AF_UNIX)
    w.setblocking(False)
    try:
        w.connect(sock_path(s))
    except BlockingIOError:
        pass
    more.append(w)
code, out, err = s.sbx("ls", timeout=30)
same(code, 0, "1000 connections more: and another one")
for w in more:
    w.close()
for w in idle + silent:
    w.close()
ok(until(lambda: nfds(engine) <= fds + 12), "all of them are forgotten",
   (fds, nfds(engine)))

bounded(engine, 64 * 1024, "the engine is small")

# Clients that subscribe to everything and never read.
rss = rss_kb(engine)
deaf = []
for i in range(8):
    w = Wire(s)
    w.send(frame(SUBSCRIBE, struct.pack("<I", 31)))
    w.send(frame(SCREEN_WATCH, struct.pack("<IHH", ids["tty"], 50, 200)))
    deaf.append(w)
asker = Wire(s)
try:
    asker.sock.settimeout(1)
    for i in range(100000):
        asker.send(request(9) * 50)
except OSError:
    pass
before = s.row("flood")["log_bytes"], s.row("tick")["log_lines"]
ok(until(lambda: s.row("flood")["log_bytes"] > before[0] + (8 << 20) and
         s.row("tick")["log_lines"] > before[1] + 20, 30),
   "clients that never read hold back nobody",
   (before, s.row("flood"), s.row("tick")))
bounded(engine, rss + GROWTH_KB, "the engine does not grow")
# One byte a time, to the end of a frame.
w = Wire(s)
for b in request(9):
    w.send(bytes([b]))
ok(w.until(REPLY) is not None, "a client that sends byte by byte is served")
w.close()


def add_long(name, before, behind, text):
    """A terminal with a scrollback that takes a while to wrap anew."""
    s.sbx("add", name, "--tty", "--", "perl", "-e",
          'sub size { ioctl(STDIN, 0x5413, $w = "\\0" x 8); '
          'join("x", unpack("S2", $w)) } $| = 1; ' + before +
          ' print "line $_ of a scrollback\\n" for 1 .. 20000; '
          'print "go\\n"; ' + behind)
    ok(until(lambda: b"go" in s.raw(name, "pty")), text)


# Sizes faster than a terminal can be folded anew: it gets the last of a turn.
add_long("winch", '$SIG{WINCH} = sub { syswrite STDOUT, "winch\\n" };',
         'sleep 1 while 1', "a long scrollback")
w = Wire(s)
w.send(b"".join(frame(SCREEN_WATCH, struct.pack(
    "<IHH", s.row("winch")["id"], 10 + i % 40, 20 + i % 100))
    for i in range(300)) + frame(SCREEN_WATCH, struct.pack(
        "<IHH", s.row("winch")["id"], 33, 77)))
ok(until(lambda: (s.row("winch").get("rows"), s.row("winch").get("cols")) ==
         (33, 77)), "a storm of sizes", s.row("winch"))
ok(until(lambda: b"winch" in s.raw("winch", "pty")) and
   s.raw("winch", "pty").count(b"winch") < 100, "is a few of them",
   s.raw("winch", "pty").count(b"winch"))
w.close()
s.sbx("kill", "winch")
s.sbx("rm", "winch")
# Two of them are taken at once: a pane that is zoomed, and then its window.
add_long("zoomed", '$SIG{WINCH} = sub { syswrite STDOUT, "is " . size() . '
         '"\\n" };', 'sleep 1 while 1', "a third one")
number = s.row("zoomed")["id"]
w = Wire(s)
w.send(frame(RESIZE, struct.pack("<IHH", number, 30, 70)) +
       frame(RESIZE, struct.pack("<IHH", number, 31, 71)))
ok(until(lambda: b"is 31x71" in s.raw("zoomed", "pty")), "a size")
same(re.findall(rb"is (\w+)", s.raw("zoomed", "pty")), [b"31x71"],
     "the second size waits for nothing")
w.close()
s.sbx("kill", "zoomed")
s.sbx("rm", "zoomed")
# A size is there before what is typed behind it, also when it has to wait.
add_long("sized", 'system "stty -echo";',
         'while (<STDIN>) { print "typed at ", size(), "\\n" }',
         "another long scrollback")
number = s.row("sized")["id"]
want = [b"%dx%d" % (20 + i, 50 + 3 * i) for i in range(12)]
w = Wire(s)
for i, size in enumerate(want):
    rows, cols = map(int, size.split(b"x"))
    w.send(frame(RESIZE, struct.pack("<IHH", number, rows, cols)) +
           frame(INPUT, struct.pack("<IBQI", number, 0, 0, 1) + b"\n"))
    until(lambda: s.raw("sized", "pty").count(b"typed at") > i)
same(re.findall(rb"typed at (\w+)", s.raw("sized", "pty")), want,
     "input comes behind the size that was sent before it")
s.sbx("kill", "sized")
w.send(frame(RESIZE, struct.pack("<IHH", number, 40, 99)))
ok(until(lambda: '"cols":99' in s.out("screen", "sized", "--json")),
   "its last picture may have another size")
w.close()
s.sbx("start", "sized")
ok(until(lambda: s.raw("sized", "pty").count(b"go") == 2), "another run")
s.sbx("send", "sized", "")
ok(until(lambda: s.raw("sized", "pty").endswith(b"typed at 40x99\r\n")),
   "has the size of the time between, and input", s.raw("sized", "pty")[-99:])
s.sbx("kill", "sized")
s.sbx("rm", "sized")
# One that is stopped, one that is killed in mid-frame.
p = s.popen("logs", "flood", "-f", stdout=subprocess.PIPE)
os.kill(p.pid, signal.SIGSTOP)
for i in range(20):
    q = s.popen("logs", "flood", "-f", "--json", stdout=subprocess.DEVNULL)
    time.sleep(0.01)
    q.kill()
    q.wait()
same(s.sbx("ls")[0], 0, "stopped and killed clients: nobody notices")
p.kill()
p.wait()
for w in deaf + [asker]:
    w.close()
ok(until(lambda: nfds(engine) <= fds + 12), "and nothing of them is left",
   (fds, nfds(engine)))
n = [int(l.split()[1]) for l in s.raw("tick").splitlines()[:-1]]
runs = s.row("tick")["run"]
ok(runs > 1 or n == list(range(1, len(n) + 1)), "the ticking child is whole",
   (runs, n[:3], n[-3:]))
bounded(engine, rss + GROWTH_KB, "the engine has not grown")
whole(s, "at the end", engine)
done()
