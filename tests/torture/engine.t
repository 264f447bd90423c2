#!/usr/bin/env python3
"""The engine dies in every state that a process can be in, by every signal;
engines race, and what they keep in their directories goes away."""
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import (LONG, SANITIZED, SBX, ZOO, Set, alive, done, ok, same,
                     until)
from torture import (numbers, parents, rundir, sock_path, statedir, wait_rows,
                     whole, zombies)

RC = """
set limit.processes 6
defaults {
    restart.backoff 100s..100s
    stop TERM 1s KILL
}
process running {
    argv %(zoo)s tick 20
}
process starting {
    argv %(zoo)s wait
    ready log /never/
}
process probing {
    argv %(zoo)s wait
    ready exec sleep 1000
}
process paused {
    argv %(zoo)s stopself
}
process stopping {
    argv %(zoo)s ignore
    ready log /ready/
    stop TERM 100s KILL
    stdin pipe
}
process backoff {
    cmd echo ran >>backoff.txt; exit 1
    restart on-failure
}
process waiting {
    cmd echo ran >>waiting.txt
    depends starting ready
}
process term {
    argv %(zoo)s wait
    tty yes
    autostart no
}
process queued {
    cmd echo ran >>queued.txt
    autostart no
}
process once {
    cmd echo ran >>once.txt
}
""" % {"zoo": ZOO}
WANT = {"running": "running", "starting": "starting", "probing": "starting",
        "paused": "running", "stopping": "stopping", "backoff": "backoff",
        "waiting": "waiting", "queued": "queued", "once": "completed",
        "term": "running"}


def picture(s):
    """What must be the same whichever engine is asked."""
    return {r["name"]: (r["status"], r.get("pid"), r["run"], r["restarts"],
                        r.get("paused"), r.get("exit_code"),
                        r.get("started_at_ms"), r.get("reason"))
            for r in s.rows()}


s = Set(RC)
same(s.sbx("up")[0], 0, "the set is up")
wait_rows(s, lambda r: r["once"]["status"] == "completed" and
          r["backoff"]["status"] == "backoff" and
          r["stopping"].get("ready") and r["paused"].get("paused"))
s.sbx("start", "term")
wait_rows(s, lambda r: r["term"]["status"] == "running")
s.sbx("start", "queued")
stopper = s.popen("stop", "stopping", stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE)
follower = s.popen("logs", "running", "-f", "--raw", stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)
rows = wait_rows(s, lambda r: all(r[n]["status"] == st
                                  for n, st in WANT.items()))
same({n: r["status"] for n, r in rows.items()}, WANT, "in all these states")
first = picture(s)
keeper = s.pids()[1]
# Each crash in a row makes the keeper's pause longer: all of them take long.
for signo in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT) + \
        ((signal.SIGTERM, signal.SIGBUS, signal.SIGILL, signal.SIGALRM,
          signal.SIGUSR1) if LONG else (signal.SIGTERM,)):
    name = signal.Signals(signo).name
    if SANITIZED and signo in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL):
        continue
    pid = s.kill_engine(signo)
    until(lambda: not alive(pid), 10)
    now = until(lambda: picture(s), 15)
    same(now, first, name + ": the next engine knows all of it")
    ok(s.pids()[0] != pid, name + ": and it is another one")
for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT,
              signal.SIGTSTP, signal.SIGXFSZ):
    pid = s.kill_engine(signo)
    same(picture(s), first, signal.Signals(signo).name + " means nothing to it")
    same(s.pids()[0], pid, "the engine is the same one")
ok(stopper.poll() is None and follower.poll() is None,
   "clients that wait for a stop and for lines still do")
same(s.sbx("stop", "queued")[0], 0, "a queued start is called off")
same(s.sbx("kill", "stopping")[0], 0, "the stop that was going on is hastened")
out, err = stopper.communicate(timeout=20)
ok(stopper.returncode == 0, "and who waited hears of the end", err.decode())
same(s.sbx("stop", "waiting", "backoff", "paused", "probing")[0], 0,
     "what waited is called off, what ran is stopped")
same(s.sbx("start", "queued")[0], 0, "there is room now")
rows = wait_rows(s, lambda r: r["queued"]["status"] == "completed")
same(open(s.dir + "/queued.txt").read(), "ran\n", "it ran once")
same(open(s.dir + "/once.txt").read(), "ran\n", "so did the first one")
same(open(s.dir + "/backoff.txt").read(), "ran\n", "and the one in backoff")
ok(not os.path.exists(s.dir + "/waiting.txt"), "the waiting one never did")
same(s.sbx("stop", "running")[0], 0, "the one that was followed is stopped")
out, err = follower.communicate(timeout=20)
got = [int(l.split()[1]) for l in out.splitlines()]
ok(got == list(range(1, len(got) + 1)), "its follower missed nothing")
ok(out == s.raw("running"), "not even the last line",
   "%d of %d bytes, then %s" % (len(out), len(s.raw("running")),
                                err.decode()))

# --- nothing twice, nothing forgotten --------------------------------------------------

rnd = random.Random(os.environ.get("SEED", 1))
n = 200 if LONG else 30
for i in range(n):
    s.sbx("add", "one%d" % i, "--no-start", "--", "sh", "-c",
          "echo %d >>ones.txt" % i)
for i in range(n):
    p = s.popen("start", "one%d" % i, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
    time.sleep(rnd.random() * 0.02)
    s.kill_engine()
    p.wait(30)
    # Its request may have died with the engine: then it was not started.
    if s.status("one%d" % i) == "off":
        s.sbx("start", "one%d" % i)
wait_rows(s, lambda r: all(r["one%d" % i]["status"] == "completed"
                           for i in range(n)))
ran = sorted(int(l) for l in open(s.dir + "/ones.txt"))
same(ran, list(range(n)), "%d engines died near a start: each ran once" % n)
whole(s, "after all that")
ok(until(lambda: not zombies(keeper)), "no zombie is left", zombies(keeper))

# --- with the end of a command -------------------------------------------------

for i in range(20 if LONG else 5):
    engine = until(lambda: s.doctor().get("engine_pid"), 30)
    p = s.popen("exec", "--", "sh", "-c",
                "echo a; sleep 0.3; kill -9 %d; exit 7" % engine,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = p.communicate(timeout=60)
    if (p.returncode, out) != (7, b"a\n"):
        break
ok((p.returncode, out) == (7, b"a\n"),
   "an engine dies with a command: its code and bytes are there",
   (i, p.returncode, out, err))

# --- while the signals of a restart go out --------------------------------------

many = Set("set limit.processes 100\n" + "".join(
    "process p%d {\n argv %s wait\n}\n" % (i, ZOO) for i in range(40)))
same(many.sbx("up", "--wait", "30s")[0], 0, "a set of forty")
for i in range(10 if LONG else 3):
    engine = until(lambda: many.doctor().get("engine_pid"), 30)
    pids = [r["pid"] for r in many.rows()]
    p = many.popen("restart", "--all", stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    until(lambda: not all(alive(pid) for pid in pids), 20, 0)
    os.kill(engine, signal.SIGKILL)
    p.wait(30)
    rows = wait_rows(many, lambda r: all(
        (p["status"], p["run"]) == ("running", i + 2) for p in r.values()))
    bad = [r for r in rows.values()
           if (r["status"], r["run"]) != ("running", i + 2)]
    if bad:
        break
ok(not bad, "whoever got the signal of a restart runs again", bad)
many.end()

# --- stopped for a while ----------------------------------------------------------------

engine = s.pids()[0]
os.kill(keeper, signal.SIGSTOP)
same(s.sbx("ls")[0], 0, "the keeper is stopped: the engine answers")
p = s.popen("start", "once")
ok(until(lambda: s.status("once") == "starting"), "a start has to wait")
os.kill(keeper, signal.SIGCONT)
same(p.wait(20), 0, "until it goes on")
row = wait_rows(s, lambda r: r["once"]["run"] == 2 and
                r["once"]["status"] == "completed")["once"]
same(row["run"], 2, "a start is made up for when it goes on")
os.kill(engine, signal.SIGSTOP)
p = s.popen("ls", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
time.sleep(0.5)
os.kill(engine, signal.SIGCONT)
p.communicate(timeout=20)
same(p.returncode, 0, "a stopped engine answers when it goes on")

# --- what lies in its directories ---------------------------------------------------------

before = picture(s)
os.unlink(sock_path(s))
ok(until(lambda: os.path.exists(sock_path(s)), 10),
   "the socket was removed: it is there again")
same(s.sbx("ls")[0], 0, "and answers")
other = socket.socket(socket.AF_UNIX)
other.bind(sock_path(s) + ".new")
os.rename(sock_path(s) + ".new", sock_path(s))
ok(s.answers(), "another one in its place goes")
other.close()
shutil.rmtree(rundir(s), ignore_errors=True)
ok(s.answers(), "the whole directory comes again")
same(s.sbx("up", "running")[0], 0, "up finds the engine")
same(s.pids()[:1], (engine,), "the same one")
s.sbx("stop", "running")
now = picture(s)
same({k: v[1:3] for k, v in now.items() if k != "running"},
     {k: v[1:3] for k, v in before.items() if k != "running"},
     "nothing was started or lost by that")
s.kill_engine()
ok(s.answers(), "a next engine finds its place")
run = s.row("running")["run"]
same(s.sbx("down")[0], 0, "down ends it")
ok(until(lambda: not alive(keeper), 5), "with its keeper")
ok(not os.path.exists(statedir(s) + "/unended"),
   "an orderly end says so: nobody is looked for at the next start")

# --- races and leftovers ---------------------------------------------------------------------

with open(rundir(s) + "/engine.lock", "w") as f:
    f.write("stale")
stale = socket.socket(socket.AF_UNIX)
stale.bind(sock_path(s))
stale.close()
with open(rundir(s) + "/anchor", "w") as f:
    f.write("%d\n" % os.getpid())
ups = [s.popen("up", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
       for i in range(5)]
texts = [p.communicate(timeout=60) for p in ups]
same([p.returncode for p in ups], [0] * 5,
     "a stale socket, lock and pid: five at once start it")
pids = []
for pid in parents():
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            words = f.read().split(b"\0")
    except OSError:
        continue
    if words[1:3] == [b"__engine", b"rc:" + s.dir.encode() + b"/sbxrc"] and \
            alive(pid):
        pids.append(pid)
same(pids, [s.pids()[0]], "and there is one engine")
same(s.row("running").get("run"), run + 1, "that started each of them once")

# --- its state directory --------------------------------------------------------------------

keeper = s.pids()[1]
wait_rows(s, lambda r: r["running"]["status"] == "running")
row = s.row("running")
pid = row["pid"]
engine = s.pids()[0]
shutil.rmtree(statedir(s), ignore_errors=True)
ok(until(lambda: s.doctor().get("engine_pid", engine) != engine, 10),
   "its state directory is deleted: another engine takes over")
ok(until(lambda: numbers(s.raw("running")), 10), "new output is kept again")
row = s.row("running")
same((row["status"], row["pid"]), ("running", pid),
     "of the same process")
n = numbers(s.raw("running"))
same(n, list(range(n[0], n[0] + len(n))), "from then on without a hole")
code, out, err = s.sbx("wait", "running", "--log", r"line \d+", "--timeout",
                       "5s")
same(code, 0, "and is matched")
code, out, err = s.sbx("add", "late", "--", "echo", "hello")
same(code, 0, "a new process can be added")
ok(until(lambda: s.raw("late") == b"hello\n", 10), "and has a log")
s.kill_engine()
ok(s.answers(), "a next engine comes")
row = s.row("running")
ok(row.get("status") == "running" and alive(row.get("pid", 0)),
   "and has its processes", s.rows())
same(s.sbx("down", "--timeout", "2s")[0], 0, "down works")
ok(until(lambda: not alive(keeper), 5), "and all is gone")
same(s.sbx("up")[0], 0, "the next start makes it anew")
s.end()

# --- a down over two engines --------------------------------------------------------

# It lasts longer than a client waits for an engine that has said goodbye.
s = Set("process a {\n cmd trap '' TERM; echo up; while :; do sleep 0.2; done\n"
        " stop TERM 14s KILL\n ready log /up/\n}\n")
same(s.sbx("up", "--wait", "20s")[0], 0, "one that does not end by TERM")
pid, keeper = s.row("a")["pid"], s.pids()[1]
p = s.popen("down", stderr=subprocess.PIPE)
ok(until(lambda: s.status("a") == "stopping"), "it is being stopped")
s.kill_engine()
err = p.communicate(timeout=60)[1]
ok(p.returncode == 0 and not alive(pid) and not alive(keeper),
   "down returns when all is gone", (p.returncode, err, alive(pid)))
s.end()

# --- an engine that stands still ----------------------------------------------------

s = Set("process a {\n cmd sleep 1000\n}\n")
same(s.sbx("up")[0], 0, "another set")
s.screen()
ok(s.sees(r"a +up"), "on the screen")
engine = s.kill_engine(signal.SIGSTOP)
s.keys("x")
ok(s.sees(r"engine is stopped: 'kill -CONT %d'" % engine),
   "a key that does nothing has a reason", s.capture())
code, out, err = s.sbx("ls")
same((code, out, err), (1, "", "sbx: the engine is stopped\n  'kill -CONT %d' "
                        "lets it go on\n" % engine), "so has a command")
os.kill(engine, signal.SIGCONT)
ok(until(lambda: s.status("a") == "killed"), "then the key has done its work")
s.end()
done()
