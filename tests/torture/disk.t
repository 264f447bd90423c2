#!/usr/bin/env python3
"""A disk that is full or read-only under the logs, the journal and the
runtime directory: no child is held up, what is missing is counted, and it
recovers by itself.  Needs mounts of its own: skipped where that is not
permitted."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import ZOO, Set, done, ok, same, skip_all, until
from torture import (fill, in_namespace, numbers, small_disk, statedir,
                     wait_rows, whole)

if not in_namespace():
    skip_all("may not mount here")

RC = """
process tick {
    argv %(zoo)s tick 2
}
process err {
    cmd i=0; while :; do i=$((i+1)); echo "line $i"; echo "line $i" >&2; sleep 0.01; done
}
process tty {
    argv %(zoo)s tick 5
    tty yes
}
process old {
    cmd i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo "an old line $i"; done
    log.keep 512K
}
process mark {
    cmd i=0; while :; do i=$((i+1)); echo "$i" >%(dir)s/alive; sleep 0.01; done
}
"""


def marks(s, name):
    """Lines and gaps of a log in their order."""
    out = []
    for line in s.out("logs", name, "--json").splitlines():
        line = json.loads(line)
        if "text" in line or "data" in line or "dropped_bytes" in line:
            out.append(line)
    return out


def advances(path):
    """A child goes on: its own file, on another disk, changes."""
    def read():
        with open(path) as f:
            return f.read().strip()
    first = read()
    return until(lambda: read() not in ("", first), 10)


def accounted(s, name, stream, cr=b""):
    """Every missing byte of a stream of numbered lines is in the marks."""
    data = s.raw(name, stream)
    n = numbers(data.replace(b"\r", b""))
    if any(b <= a for a, b in zip(n, n[1:])):
        return ok(False, name + ": lines come twice or turn back")
    there = sum(len(b"line %d\n" % i) + len(cr) for i in range(1, n[-1] + 1))
    return there - (data.rindex(b"\n") + 1)


other = Set("")			# for a directory that stays whole
s = Set(RC % {"zoo": ZOO, "dir": other.dir})
os.makedirs(s.dir + "/s", exist_ok=True)
small_disk(s.dir + "/s", "6m")
code, out, err = s.sbx("up")
if not ok(code == 0, "a set on a disk of 6 MB", out + err):
    done()
engine, keeper, anchor = s.pids()
wait_rows(s, lambda r: r["old"]["status"] == "completed" and
          r["tick"]["log_lines"] > 50)
pids = {r["name"]: r.get("pid") for r in s.rows()}
old = s.row("old")["dropped_bytes"]
filler = fill(s.dir + "/s")
lines = s.row("tick")["log_lines"]
ok(until(lambda: s.row("old")["dropped_bytes"] > old or
         s.row("tick")["dropped_bytes"] > 0, 20),
   "the disk is full: the oldest segments go first", s.row("old"))
fillers = 0


def starved():
    """Whatever is freed is taken again, until nothing old is left."""
    global fillers
    fillers += 1
    os.rename(s.dir + "/s/filler", s.dir + "/s/filler%d" % fillers)
    fill(s.dir + "/s")
    return s.row("tick")["dropped_bytes"] > 500


until(starved, 20, 0)
row = s.row("tick")
ok(row["dropped_bytes"] > 0, "then new bytes", row)
ok(advances(other.dir + "/alive"), "no child is held up")
same({r["name"]: r.get("pid") for r in s.rows()}, pids,
     "all of them are the same ones")
code, out, err = s.sbx("stop", "err")
same(code, 0, "a stop works on a full disk")
code, out, err = s.sbx("start", "err", "--wait", "10s")
same(code, 0, "a start too")
code, out, err = s.sbx("events")
same(code, 0, "the journal answers")
s.kill_engine()
ok(s.answers(), "an engine starts on a full disk")
same({n: s.row(n).get("pid") for n in ("tick", "tty", "mark")},
     {n: pids[n] for n in ("tick", "tty", "mark")}, "and takes them over")
dropped = s.row("tick")["dropped_bytes"]
ok(until(lambda: s.row("tick")["dropped_bytes"] > dropped, 20),
   "bytes are still counted", (dropped, s.row("tick")))

# Space again.
for name in os.listdir(s.dir + "/s"):
    if name.startswith("filler"):
        os.unlink(s.dir + "/s/" + name)
row = s.row("tick")
ok(until(lambda: s.row("tick")["log_bytes"] > row["log_bytes"] + 300, 20),
   "with space again lines are kept again", (row, s.row("tick")))
gap = until(lambda: [m for m in marks(s, "tick") if "dropped_bytes" in m], 10)
ok(gap, "the gap is in the log")
after = until(lambda: "text" in marks(s, "tick")[-1], 10)
ok(after, "and lines come after it")
for name, stream, cr in (("tick", "stdout", b""), ("tty", "pty", b"\r")):
    same(s.sbx("stop", name)[0], 0, name + " stops")
    missing = accounted(s, name, stream, cr)
    same(missing, s.row(name)["dropped_bytes"],
         name + ": what is missing is what the marks say")
ok(s.events()[-1]["event"] == "ended", "the journal goes on",
   s.events()[-1:])
whole(s, "after a full disk")
same(s.sbx("down")[0], 0, "down works")
s.end()

# --- read-only -----------------------------------------------------------------------

# Open files keep a disk writable: what becomes of them is in faults.t.
s = Set(RC % {"zoo": ZOO, "dir": other.dir})
small_disk(s.dir + "/s", "64m")
subprocess.run(["mount", "-o", "remount,ro", s.dir + "/s"], check=True)
code, out, err = s.sbx("up")
ok(code == 1 and "Read-only" in err, "a read-only state directory is told",
   (code, out, err))
subprocess.run(["mount", "-o", "remount,rw", s.dir + "/s"], check=True)
same(s.sbx("up", "--wait", "20s")[0], 0, "and works when it is writable")
s.end()

# --- full before there is anything ----------------------------------------------------

s = Set(RC % {"zoo": ZOO, "dir": other.dir})
os.makedirs(s.dir + "/s", exist_ok=True)
small_disk(s.dir + "/s", "64k")
fill(s.dir + "/s")
code, out, err = s.sbx("up")
ok(code in (0, 1, 125) and (code == 0 or err.strip()),
   "full from the start: it works or says why", (code, out, err))
os.unlink(s.dir + "/s/filler")
subprocess.run(["mount", "-o", "remount,size=64m", s.dir + "/s"])
code, out, err = s.sbx("up", "--wait", "20s")
same((code, s.status("tick")), (0, "running"), "with space it works")
s.end()
s = Set(RC % {"zoo": ZOO, "dir": other.dir})
small_disk(s.dir + "/r", "64k")
fill(s.dir + "/r")
code, out, err = s.sbx("up")
ok(code in (0, 1, 125) and (code == 0 or err.strip()),
   "no space for the runtime directory: it says so", (code, out, err))
os.unlink(s.dir + "/r/filler")
code, out, err = s.sbx("up", "--wait", "20s")
same((code, s.status("tick")), (0, "running"), "with space it works")
s.end()
other.end()
done()
