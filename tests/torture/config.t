#!/usr/bin/env python3
"""Sets that are too large, files that change or go away under a set that
runs: limits are told, and what runs goes on by what was read last."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import ZOO, Set, alive, done, ok, same, until
from torture import SANITIZED, bounded, wait_rows, whole

# --- large ---------------------------------------------------------------------

def many(n):
    return Set("".join("process p%d {\n argv sleep 1000\n autostart no\n}\n" %
                       i for i in range(n)))


N = 1000 if SANITIZED else 3000
s = many(N)
code, out, err = s.sbx("up", timeout=120)
ok(code == 0, "a set of %d" % N, err)
same(len(s.rows()), N, "all of them are there")
same(s.sbx("start", "p%d" % (N - 1), "--wait", "20s")[0], 0,
     "one can be started")
s.kill_engine()
row = until(lambda: s.row("p%d" % (N - 1)), 60)
ok(row and row["status"] == "running", "the next engine has them all", row)
same(len(s.rows()), N, "each of them")
bounded(s.pids()[0], 64 * 1024, "in bounded memory")
s.end()
s = many(10000)
code, out, err = s.sbx("up", timeout=120)
if code:
    ok("too large" in err, "a set of 10000: a limit is told", err)
    said = s.sbx("check", timeout=60)
    ok(said[0] == 2 and "too large" in said[1], "check says so too", said)
    same([r["status"] for r in s.rows()], [], "nothing is started")
    ok(until(lambda: s.sbx("ls")[0] == 3, 30, 0.5), "the engine has gone too")
else:
    same(s.sbx("check", timeout=60)[0], 0, "a set of 10000 is none too many")
    same(len(s.rows()), 10000, "a set of 10000")
s.end()

s = Set("process a {\n argv %s tick 20\n%s}\n" % (ZOO, "".join(
    " watch w%d /line %d$/ count\n" % (i, i) for i in range(1000))))
code, out, err = s.sbx("check")
if code:
    ok("at most" in out + err or "limit" in out + err,
       "1000 watches: a limit is told", (out + err)[-500:])
else:
    same(s.sbx("up")[0], 0, "1000 watches")
    ok(until(lambda: '"w50"' in s.out("values", "a", "--json"), 30),
       "are kept", s.out("values", "a")[:300])
s.end()
for what, text in (
        ("a name of 5000 bytes",
         "process %s {\n argv true\n}\n" % ("n" * 5000)),
        ("a word of 1 MB",
         "process a {\n argv true %s\n}\n" % ("w" * (1 << 20))),
        ("10 MB of nothing", "#" * (10 << 20)),
        ("a NUL", "process a {\n argv tr\0ue\n}\n"),
        ("blocks in blocks", "process a {\n" * 100000)):
    s = Set(text)
    code, out, err = s.sbx("check", timeout=60)
    said = out + err
    ok(code in (0, 2) and (code == 0 or "sbxrc" in said) and
       len(said) < 100000, what + ": told or taken (%d)" % code, said[:300])
    if code:
        ok(s.sbx("up")[0] == 2 and s.sbx("ls")[0] == 3,
           what + ": nothing is started")
    s.end()

# --- it changes while the set runs ---------------------------------------------

RC = """
process a {
    argv %(zoo)s wait
}
process b {
    argv %(zoo)s wait
    autostart no
}
""" % {"zoo": ZOO}
s = Set(RC)
same(s.sbx("up")[0], 0, "a set runs")
wait_rows(s, lambda r: r["a"]["status"] == "running")
pid = s.row("a")["pid"]
path = s.dir + "/sbxrc"


def replace(how):
    try:
        os.unlink(path)
    except IsADirectoryError:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    if how == "directory":
        os.mkdir(path)
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "link to itself":
        os.symlink("sbxrc", path)
    elif how == "endless":
        os.symlink("/dev/zero", path)
    elif how is not None:
        s.write(how)
        if "mode" in how:
            os.chmod(path, 0)


for name, how in (
        ("truncated", RC[:30]), ("empty", ""),
        ("of mistakes", "procss x\n" * 50),
        ("of bytes", "\x01\x02\xff" * 1000), ("deleted", None),
        ("unreadable", RC + "# mode 0\n"), ("a directory", "directory"),
        ("a FIFO", "fifo"), ("a link to itself", "link to itself"),
        ("endless", "endless")):
    replace(how)
    name = "the file is %s: " % name
    # An empty file is a set of nothing: up leaves alone what runs.
    for verb in ("up", "reload") if how else ("up",):
        two = [s.popen("-f", path, verb, stdout=-1, stderr=-1)
               for i in range(2)]
        for p in two:
            out, err = p.communicate(timeout=60)
            code = p.returncode
            ok(code in (0, 1, 2, 3) and (code == 0 or err),
               name + "%s ends with a word (%d)" % (verb, code), (out, err))
            if verb == "reload" and how != RC + "# mode 0\n":
                ok(code, name + "it is not taken over")
    replace(RC)
    row = s.row("a")
    same((row.get("status"), row.get("pid")), ("running", pid),
         name + "what runs goes on")
engine = s.pids()[0]
replace(RC[:40])
os.kill(engine, signal.SIGKILL)
code, out, err = s.sbx("ls")
ok(code in (0, 2) and (code == 0 or err), "a torn file: ls says so or works",
   (code, out, err))
replace(RC)
ok(until(lambda: s.row("a").get("pid") == pid, 30),
   "an engine that comes while the file is torn has the set", s.rows())
same(s.sbx("start", "b", "--wait", "20s")[0], 0, "all of it")
whole(s, "at the end")
keeper = s.pids()[1]
same(s.sbx("down")[0], 0, "down works")
ok(until(lambda: not alive(keeper), 10), "and ends all")
s.end()
done()
