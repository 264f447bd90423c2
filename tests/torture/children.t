#!/usr/bin/env python3
"""Processes that behave badly: stop means gone, the end is told with its
cause, the rest of the set notices nothing."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import ZOO, Set, alive, done, ok, pids_with, same, until
from torture import descendants, nfds, wait_rows, whole, zombies

s = Set("""
set limit.processes 200
defaults {
    autostart no
    stop TERM 200ms INT 200ms KILL
}
process ignore {
    argv %(zoo)s ignore
}
process daemons {
    cmd %(zoo)s daemon & env -i %(zoo)s daemon leave & setsid sleep 100021 & (setsid sleep 100022 &) ; wait; sleep 1000
}
process storm {
    argv %(zoo)s storm 4
}
process storm-sid {
    argv %(zoo)s storm-sid 4
}
process bomb {
    argv %(zoo)s bomb 60
}
process holder {
    argv %(zoo)s hold-pipe 3
}
process late {
    cmd trap '' TERM INT; (sleep 0.2; echo late) & echo early; exit 4
}
process kept {
    cmd sleep 0.3 & exit 5
    tree keep
}
process close-out {
    argv %(zoo)s close-out
}
process deaf {
    argv %(zoo)s wait
    stdin pipe
}
process sip {
    cmd while dd bs=1 count=1 2>/dev/null; do sleep 1; done
    stdin pipe
}
process shell {
    argv %(zoo)s wait
    tty yes
}
process cat {
    argv cat
    stdin pipe
}
process stopself {
    argv %(zoo)s stopself
}
process segv {
    cmd echo last words; kill -SEGV $$
}
process abrt {
    argv %(zoo)s signal 6
}
process foreign {
    argv sleep 100023
}
process e137 {
    argv %(zoo)s exit 137
}
process thread {
    argv %(zoo)s thread
}
process background {
    cmd stty tostop; cat </dev/tty & sleep 1000; echo $?
    tty yes
}
process renamed {
    argv bash -c "exec -a '(x) R 1 1 (' %(zoo)s wait"
}
process termios {
    cmd stty raw -echo -isig intr undef; echo raw; %(zoo)s ignore & perl -e 'ioctl STDIN, 0x5412, my $c = "q"; sleep 1000'
    tty yes
}
process nicer {
    cmd exec env -i SBX_ID=none PATH="$PATH" nice -n 7 bash -c "exec -a [kworker/0:1] %(zoo)s wait"
}
process newpids {
    cmd unshare -p -f sh -c '%(zoo)s daemon & exec %(zoo)s ignore' || exec %(zoo)s ignore
}
process noent {
    argv no-such-program-anywhere
}
process eacces {
    argv ./not-executable
}
process enoexec {
    argv ./garbage
}
process interp {
    argv ./bad-interpreter
}
process e2big {
    cmd true
    env BIG=%(big)s
    env BIGGER=%(big)s
    limit stack=256K
}
process cwd {
    cmd true
    cwd ./not-there
}
process user {
    cmd true
    user no-such-user-here
}
""" % {"zoo": ZOO, "big": "x" * 100000})
for name, text, mode in (("not-executable", "#!/bin/sh\n", 0o644),
                         ("garbage", "\x7fELF\0\1\2 nothing\n", 0o755),
                         ("bad-interpreter", "#!/no/such/interp\n", 0o755)):
    s.write(text, name)
    os.chmod(s.dir + "/" + name, mode)
code, out, err = s.sbx("up")
if not ok(code == 0, "the set is there", out + err):
    done()
engine, keeper, anchor = s.pids()


def start(name, status="running"):
    """Starts one and waits for its status; its row."""
    s.sbx("start", name)
    return wait_rows(s, lambda r: r[name]["status"] == status)[name]


def tree(name):
    """What there is below the keeper besides the engine."""
    return [p for p in descendants(keeper) if p != engine]


def gone(name, pids):
    ok(not any(alive(p) for p in pids),
       "%s: nothing of it is alive when stop returns" % name,
       [p for p in pids if alive(p)])


def starts_and_stops(name, least):
    row = start(name)
    same(row.get("status"), "running", name + " runs")
    pids = until(lambda: len(tree(name)) >= least and tree(name))
    ok(pids, "%s: has a tree" % name, tree(name))
    before = descendants(keeper)
    same(s.sbx("stop", name)[0], 0, name + ": stop succeeds")
    gone(name, before.keys() - {engine})


# 1, 2, 3: the ladder, what hides, what forks
starts_and_stops("ignore", 1)
row = s.row("ignore")
same((row["status"], row.get("signal")), ("killed", "KILL"),
     "it took a KILL, and says so")
starts_and_stops("daemons", 6)
start("daemons")
ok(until(lambda: len(tree("daemons")) >= 6), "the daemons are there again")
before = [p for p in descendants(keeper) if p != engine]
s.kill_engine()
same(s.sbx("stop", "daemons")[0], 0, "another engine stops them")
gone("daemons", before)
engine = s.pids()[0]
starts_and_stops("storm", 2)
starts_and_stops("storm-sid", 2)
starts_and_stops("bomb", 60)

# 4: the leader ends first
row = start("holder", "failed")
same(row.get("exit_code"), 3, "the leader's code is the outcome")
ok(until(lambda: not tree("holder")), "and what it left is gone")
s.sbx("add", "lingers", "--", "sh", "-c", "(trap '' TERM; touch set; "
      "exec sleep 100024) & until [ -e set ]; do :; done; exit 3")
row = until(lambda: s.status("lingers") == "stopping" and s.row("lingers"))
ok(row and row["reason"] == "exit 3; ends the 1 left of its tree",
   "while it takes its time, that is the state", s.row("lingers"))
same(s.sbx("stop", "lingers", "--wait", "1ms")[0], 124, "a stop meanwhile")
ok(until(lambda: s.status("lingers") == "failed"), "it has its outcome")
ok("stopped by you while its tree ends" in
   [e["text"] for e in s.events() if e.get("process") == "lingers"],
   "and the journal has it", s.out("events"))
row = start("late", "failed")
same(row.get("exit_code"), 4, "a leader ends, its child speaks on")
same(s.raw("late"), b"early\nlate\n", "late output is kept")
kinds = [e["event"] for e in s.events() if e.get("process") == "late"]
ok("exit" in kinds and "ended" in kinds and
   kinds.index("exit") < kinds.index("ended"),
   "the exit is told before the end", kinds)
row = start("kept", "failed")
same(row.get("exit_code"), 5, "tree keep: the leader's end is the end")

# 5: its three descriptors
row = start("close-out")
same(s.sbx("ls")[0], 0, "stdout is closed, it lives")
cpu = sum(int(open("/proc/%d/stat" % engine).read().rsplit(")", 1)[1]
              .split()[i]) for i in (11, 12))
start("deaf")
start("cat")
code, sent = 0, 0
while code == 0 and sent < 64:
    code, out, err = s.sbx("send", "deaf", "-", input=b"x" * 60000)
    sent += 1
ok(code == 1 and 2 < sent < 64, "a full queue is an error (%d)" % sent, err)
ok("deaf" in err and "does not read" in err, "that names it", err)
same(s.sbx("send", "cat", "hello\n")[0], 0, "others take input")
ok(until(lambda: b"hello" in s.raw("cat")), "and answer")
same(s.sbx("send", "cat", "--eof")[0], 0, "an end of input")
ok(until(lambda: s.status("cat") == "completed"), "ends it")
code, out, err = s.sbx("send", "cat", "more\n")
ok(code == 1 and "not running" in err, "then input is an error", err)
same(s.sbx("stop", "deaf", "close-out")[0], 0, "both are stopped")

# One that reads a byte a second.
start("sip")
start("cat")
for i in range(4):
    same(s.sbx("send", "sip", "-", input=b"sips" * 15000)[0], 0,
         "what it reads later is taken")
same(s.sbx("send", "cat", "quick\n")[0], 0, "meanwhile others")
ok(until(lambda: b"quick" in s.raw("cat")), "read theirs")
ok(until(lambda: s.raw("sip").startswith(b"si")), "and it reads on")
same(s.sbx("stop", "sip", "cat")[0], 0, "nor does it hold up a stop")

# A stranger who got hold of its stdout and goes on writing.
for name in ("deaf", "shell"):
    row = start(name)
    fd = os.open("/proc/%d/fd/1" % row["pid"], os.O_WRONLY | os.O_NOCTTY)
    stranger = os.fork()
    if stranger == 0:
        signal.alarm(60)
        os.close(1)
        try:
            while True:
                os.write(fd, b"strange\n" * 100)
        finally:
            os._exit(0)
    os.close(fd)
    code, out, err = s.sbx("stop", name, timeout=30)
    same(code, 0, name + " ends whoever writes to its output")
    os.kill(stranger, signal.SIGKILL)
    os.waitpid(stranger, 0)

# 6: paused
row = start("stopself")
row = wait_rows(s, lambda r: r["stopself"].get("paused"))["stopself"]
ok(row.get("paused"), "a process that stops itself is paused", row)
os.kill(row["pid"], signal.SIGCONT)
row = wait_rows(s, lambda r: not r["stopself"].get("paused"))["stopself"]
ok(not row.get("paused"), "continued", row)
os.kill(row["pid"], signal.SIGSTOP)
row = wait_rows(s, lambda r: r["stopself"].get("paused"))["stopself"]
ok(row.get("paused"), "and paused from outside", row)
same(s.sbx("stop", "stopself")[0], 0, "a paused one is stopped")
gone("stopself", [row["pid"]])

# 7: signals
row = start("segv", "killed")
same(row.get("signal"), "SEGV", "killed by SEGV")
same(s.raw("segv"), b"last words\n", "with its last line")
same(start("abrt", "killed").get("signal"), "ABRT", "killed by ABRT")
row = start("foreign")
os.kill(row["pid"], signal.SIGKILL)
row = wait_rows(s, lambda r: r["foreign"]["status"] == "killed")["foreign"]
same((row["status"], row.get("signal")), ("killed", "KILL"),
     "killed from elsewhere")
ok(row["reason"], "with a reason", row)
row = start("e137", "failed")
same((row.get("exit_code"), row.get("signal")), (137, None),
     "137 by itself is a code")
starts_and_stops("thread", 1)

# 14, 15
start("background")
same(s.sbx("stop", "background")[0], 0, "a background reader is stopped")
starts_and_stops("renamed", 1)
starts_and_stops("termios", 2)
ok(b"raw" in s.raw("termios", "pty"), "its bytes are kept",
   s.raw("termios", "pty"))
starts_and_stops("nicer", 1)
starts_and_stops("newpids", 1)

# 8: what cannot be run
for name, words in (("noent", "not found in PATH"),
                    ("eacces", "Permission denied"),
                    ("enoexec", "Exec format error"),
                    ("interp", "interpreter"),
                    ("e2big", "Argument list too long"),
                    ("cwd", "not-there"),
                    ("user", "no-such-user-here")):
    row = start(name, "error")
    ok(row["status"] == "error" and words in row["reason"] and
       row["run"] == 0, "%s: said, and no run is counted" % name, row)
ok(until(lambda: not zombies(keeper)), "no zombie is left", zombies(keeper))
whole(s, "at the end", engine)
now = sum(int(open("/proc/%d/stat" % engine).read().rsplit(")", 1)[1]
              .split()[i]) for i in (11, 12))
ok(now - cpu < 400, "a closed stdout costs nothing (%d ticks)" % (now - cpu))
s.end()

# --- tree keep: what may go on goes on writing ---------------------------------------

s = Set("""
process launcher {
    cmd "%(zoo)s" tick 20 & echo "left $!" >&2
    tree keep
    autostart no
}
process daemon {
    cmd setsid sleep 1000 </dev/null >/dev/null 2>&1 &
    tree keep
    autostart no
}
""" % {"zoo": ZOO})
s.sbx("up")
engine, keeper, anchor = s.pids()


def launch():
    """Starts it; the pid of what it leaves."""
    s.sbx("start", "launcher", "--wait", "10s")
    until(lambda: s.status("launcher") == "completed")
    return int(s.raw("launcher", "stderr").split()[-1])


def grows():
    now = len(s.raw("launcher"))
    return until(lambda: len(s.raw("launcher")) > now)


before = nfds(keeper)
left = launch()
same(s.status("launcher"), "completed", "the launcher has ended")
ok(alive(left) and grows(), "what it left lives, its output comes in")
same(s.row("launcher").get("left"), 1, "and it is shown")
ok("1 left" in s.out("ls"), "in the list too", s.out("ls"))
old = s.kill_engine()
until(lambda: s.sbx("ls")[0] == 0 and s.pids()[0] != old)
ok(alive(left) and grows(), "with another engine, too")
engine = s.pids()[0]
most = nfds(engine)
os.kill(left, signal.SIGKILL)
ok(until(lambda: nfds(keeper) <= before), "its end gives the pipes back",
   (nfds(keeper), before))
ok(until(lambda: nfds(engine) < most), "the engine's, too")
first = launch()
second = launch()
ok(until(lambda: not alive(first)) and alive(second) and grows(),
   "the next run takes the pipe from what the last one left")
same(s.row("launcher").get("left"), 1, "only who lives is shown")
code, out, err = s.sbx("rm", "launcher")
ok(code == 1 and "has left 1 process running" in err,
   "it cannot be forgotten while something of it lives", err)
old = s.kill_engine()
until(lambda: s.sbx("ls")[0] == 0 and s.pids()[0] != old)
same(s.row("launcher").get("left"), 1, "another engine knows of it")
same(s.sbx("stop", "launcher")[0], 0, "stop ends it")
ok(not alive(second), "it is gone then")
same(s.row("launcher").get("left"), None, "and not shown any more")
third = launch()
same(s.sbx("kill", "launcher")[0], 0, "kill does, too")
ok(not alive(third), "at once")
s.sbx("start", "daemon", "--wait", "10s")
until(lambda: s.status("daemon") == "completed")
same(s.row("daemon").get("left"), 1, "one without our pipes is shown as well")
ok([m["pid"] for m in json.loads(s.out("show", "daemon", "--json"))["tree"]
    if m.get("left")], "and named")
ok("has left goes on" in s.out("why", "daemon"), "why tells it")
same(s.sbx("signal", "CONT", "daemon")[0], 0, "it takes signals")
same(s.sbx("stop", "--all")[0], 0, "stop of all")
same(s.row("daemon").get("left"), None, "ends it, too")
same(s.sbx("rm", "launcher")[0], 0, "it can be forgotten")
ok(until(lambda: nfds(keeper) <= before), "with its pipes",
   (nfds(keeper), before))
s.write("""
process stays {
    cmd setsid sleep 100041 & trap '' TERM; echo up; while :; do sleep 1; done
    tree keep
    stop TERM 200ms KILL
}
""")
same(s.sbx("reload")[0], 0, "one that is stopped by hand")
ok(until(lambda: len(json.loads(s.out("show", "stays", "--json"))
                     .get("tree", [])) >= 3), "runs")
members = [m["pid"] for m in
           json.loads(s.out("show", "stays", "--json"))["tree"]]
same(s.sbx("stop", "stays")[0], 0, "is stopped")
ok(not [p for p in members if alive(p)] and not s.row("stays").get("left"),
   "as a whole, tree keep or not")
same(s.sbx("down")[0], 0, "down works")
ok(until(lambda: not alive(second)), "and leaves nothing")
done()
