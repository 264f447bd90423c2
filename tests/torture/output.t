#!/usr/bin/env python3
"""Output of every awkward kind: bytes exact, memory bounded, no last line
lost, whatever number of processes ends at once."""
import json
import os
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import LONG, SBX, ZOO, Set, done, ok, same, until
from torture import (SCREEN_WATCH, SUBSCRIBE, Wire, bounded, frame, nfds,
                     wait_rows, whole, zombies)
import struct

BIG_MB = 1000 if LONG else 100
MEMORY_KB = 96 * 1024		# of the engine, whatever comes

# --- bytes ---------------------------------------------------------------------

nasty = bytes(range(256)) * 64 + b"\xc3" + b"\n" + b"\xe2\x82" + b"\0" * 999 + \
    b"\r" * 5000 + b"\xff\xfe" + "\u0301".encode() * 10000 + b"\n" + b"no end"
s = Set("""
set limit.log 4G
defaults {
    autostart no
    log.keep 4G
}
process nasty {
    argv cat nasty
}
process nasty-err {
    cmd cat nasty >&2
}
process split {
    argv perl -e '$| = 1; for (split //, "\\xe2\\x82\\xac\\n" x 300) { print; select undef, undef, undef, 0.0005 if rand() < 0.05 }'
}
process bytes {
    argv perl -e '$| = 1; for (1 .. %d) { syswrite STDOUT, $_ %% 50 ? "x" : "\\n" }'
}
process big {
    cmd head -c %dM /dev/zero | tr '\\0' x
}
process cr {
    argv perl -e 'print "$_%%\\r" for 1 .. 200000; print "\\nend\\n"'
}
process marks {
    argv perl -e 'print "a" . "\\xcc\\x81" x 10000 . "\\n" for 1 .. 20'
}
process garbage {
    argv perl -e 'srand 7; while (1) { my $x = ""; $x .= chr int rand 256 for 1 .. 4096; syswrite STDOUT, $x or die }'
    tty yes
}
process titles {
    argv perl -e '$| = 1; print "\\e]0;title $_\\a" for 1 .. 100000; print "\\e[c\\e[6n\\e]10;?\\a\\eP+q544e\\e\\\\" x 5000; print "done\\n"; sleep 1000'
    tty yes
}
""" % (2000000 if LONG else 100000, BIG_MB))
with open(s.dir + "/nasty", "wb") as f:
    f.write(nasty)
if not same(s.sbx("up")[0], 0, "the set is there"):
    done()
engine, keeper, anchor = s.pids()
fds = nfds(engine), nfds(keeper)


def run(name, status="completed", seconds=60):
    s.sbx("start", name)
    return wait_rows(s, lambda r: r[name]["status"] == status, seconds)[name]


def same_bytes(got, want, name):
    ok(got == want, "%s (%d bytes)" % (name, len(want)),
       "%d bytes came, %s" % (len(got), got[:60]))


run("nasty")
same_bytes(s.raw("nasty"), nasty, "every byte as it was")
run("nasty-err")
same_bytes(s.raw("nasty-err", "stderr"), nasty, "on the other stream too")
same_bytes(s.raw("nasty-err"), b"", "and on no other")
run("split")
same_bytes(s.raw("split"), b"\xe2\x82\xac\n" * 300, "split characters")
lines = [json.loads(l) for l in s.out("logs", "split", "--json").splitlines()]
texts = [l["text"] for l in lines if "text" in l]
ok(texts == ["\u20ac"] * 300, "are whole in the lines", texts[:3])
run("bytes")
n = 2000000 if LONG else 100000
same_bytes(s.raw("bytes"), b"".join(b"\n" if i % 50 == 0 else b"x"
                                    for i in range(1, n + 1)),
           "one byte a write")
row = run("big", seconds=240)
same((row["status"], row["log_bytes"]), ("completed", BIG_MB << 20),
     "a line of %d MB" % BIG_MB)
p = subprocess.Popen([SBX, "logs", "big", "--raw"], cwd=s.dir, env=s.env,
                     stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
count, other = 0, 0
for piece in iter(lambda: p.stdout.read(1 << 20), b""):
    count += len(piece)
    other += len(piece) - piece.count(b"x")
p.wait()
same((count, other), (BIG_MB << 20, 0), "is all there")
bounded(engine, MEMORY_KB, "in bounded memory")
s.sbx("rm", "big")
run("cr")
ok(s.raw("cr").endswith(b"200000%\r\nend\n"), "nothing but returns",
   s.raw("cr")[-30:])
run("marks")
same_bytes(s.raw("marks"), (b"a" + b"\xcc\x81" * 10000 + b"\n") * 20,
           "ten thousand combining marks")

# --- terminals -------------------------------------------------------------------

s.sbx("start", "garbage", "titles")
rows = wait_rows(s, lambda r: r["garbage"]["status"] == "running" and
                 r["titles"]["status"] == "running")
w = Wire(s)
w.send(frame(SUBSCRIBE, struct.pack("<I", 1)))
sizes = [(1, 1), (200, 500), (2, 1), (24, 80), (1, 500), (0xffff, 0xffff),
         (200, 1)] * (200 if LONG else 10)
for r, c in sizes:
    w.send(frame(SCREEN_WATCH, struct.pack("<IHH", rows["garbage"]["id"],
                                           r, c)))
    w.send(frame(SCREEN_WATCH, struct.pack("<IHH", rows["titles"]["id"],
                                           r, c)))
w.close()
ok(until(lambda: s.row("garbage")["log_bytes"] > 4 << 20, 30),
   "garbage flows through all sizes", s.row("garbage"))
ok(until(lambda: b"done" in s.raw("titles", "pty"), 60),
   "a flood of titles and questions is not held up")
same(s.sbx("screen", "titles")[0], 0, "its screen can be had")
same(s.sbx("stop", "garbage", "titles", timeout=30)[0], 0, "both stop")
bounded(engine, MEMORY_KB, "in bounded memory")
ok(until(lambda: (nfds(engine), nfds(keeper)) <= (fds[0] + 40, fds[1])),
   "no descriptor is left of them",
   (fds, nfds(engine), nfds(keeper)))
whole(s, "after all that", engine)
s.end()

# --- a log that is dropped as fast as it is read --------------------------------------

s = Set("""
process flood {
    argv %s flood 64
    log.keep 1M
}
""" % ZOO)
s.sbx("up")
for i in range(20 if LONG else 4):
    p = s.popen("logs", "flood", "-f", *(["--json"] if i % 2 else []),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    s.sbx("start", "flood")
    threading.Timer(0.5 + 0.1 * i, p.terminate).start()
    out, err = p.communicate(timeout=60)
    ok(p.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM) and out,
       "it is followed to its end", (p.returncode, err[-300:]))
s.end()

# --- many at once -----------------------------------------------------------------

N = 1000
names = ["p%d" % i for i in range(N)]
text = "set limit.processes 2000\ndefaults {\n autostart no\n}\n"
for i, name in enumerate(names):
    end = ("exit 0", "exit 7", "kill -KILL $$")[i % 3]
    text += "process %s {\n cmd echo first %d; echo last %d; %s\n}\n" % (
        name, i, i, end)
s = Set(text)
same(s.sbx("up")[0], 0, "a set of %d" % N)
engine, keeper, anchor = s.pids()
fds = nfds(keeper)
rounds = 10 if LONG else 1
for k in range(rounds):
    s.sbx("start", "--all")
    until(lambda: all(r["status"] in ("completed", "failed", "killed")
                      for r in s.rows()), 120, 0.2)
rows = s.rows()
bad = [r for i, r in enumerate(rows)
       if (r["status"], r.get("exit_code"), r.get("signal")) !=
       (("completed", 0, None), ("failed", 7, None),
        ("killed", None, "KILL"))[i % 3]]
ok(len(rows) == N and not bad, "every end is told right", bad[:2])
got = {}
for line in s.out("logs", "--all", "--json").splitlines():
    line = json.loads(line)
    if "text" in line:
        got.setdefault(line["name"], []).append(line["text"])
bad = [name for i, name in enumerate(names)
       if got.get(name) != ["first %d" % i, "last %d" % i] * rounds]
ok(not bad, "%d lives, no line is lost" % (N * rounds),
   "%s: %s" % (bad[:3], got.get(bad[0]) if bad else ""))
ok(until(lambda: not zombies(keeper)), "no zombie is left")
ok(until(lambda: nfds(keeper) <= fds), "no descriptor is left",
   (fds, nfds(keeper)))
whole(s, "after %d lives" % (N * rounds), engine)
s.end()

# --- all end in the same moment -------------------------------------------------------

N = 1000 if LONG else 300
text = "set limit.processes 2000\n"
for i in range(N):
    text += "process g%d {\n argv %s gate ./gate 7\n}\n" % (i, ZOO)
s = Set(text)
os.mkfifo(s.dir + "/gate")
same(s.sbx("up")[0], 0, "%d wait for a gate" % N)
rows = wait_rows(s, lambda r: all(p["status"] == "running"
                                  for p in r.values()), 60)
engine, keeper, anchor = s.pids()
gate = os.open(s.dir + "/gate", os.O_WRONLY)
os.close(gate)
rows = wait_rows(s, lambda r: all(p["status"] == "failed"
                                  for p in r.values()), 60)
bad = [r for r in rows.values() if r.get("exit_code") != 7]
ok(len(rows) == N and not bad, "and end at once, each with its code", bad[:2])
ok(until(lambda: not zombies(keeper)), "without a zombie")
whole(s, "after that", engine)
done()
