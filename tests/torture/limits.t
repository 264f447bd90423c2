#!/usr/bin/env python3
"""Too few descriptors, an engine that is not given memory, a clock far ahead:
what cannot be done is said, the rest goes on, nothing spins.  And what
children, other users and links get: nothing of sbx's."""
import os
import re
import resource
import signal
import stat as st_
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SANITIZED, SBX, ZOO, Set, alive, done, ok, same, until
from torture import (Wire, nfds, rundir, sock_path, stat, statedir, wait_rows,
                     whole)


def limit(pid, what, soft=None):
    """Only the soft limit: nobody may raise the other one again."""
    hard = resource.prlimit(pid, what)[1]
    resource.prlimit(pid, what, (hard if soft is None else soft, hard))


def ticks(pid):
    return sum(int(t) for t in stat(pid)[11:13])


# --- descriptors ----------------------------------------------------------------------

N = 60
text = "".join("process p%d {\n argv %s wait\n}\n" % (i, ZOO)
               for i in range(N))
s = Set(text)
p = subprocess.run(["prlimit", "--nofile=64:64", SBX, "up"], cwd=s.dir,
                   env=s.env, capture_output=True, text=True, timeout=60,
                   stdin=subprocess.DEVNULL)
ok(p.returncode in (0, 1), "60 processes with 64 descriptors: up returns",
   p.stderr)
ok(p.returncode == 0 or p.stderr.strip(), "with a word", p.stderr)
code, out, err = s.sbx("ls")
if code == 3:
    ok("descriptor" in p.stderr.lower() or "open files" in p.stderr,
       "the engine did not start and says that", p.stderr)
else:
    same(code, 0, "the engine answers")
    engine, keeper, anchor = s.pids()
    rows = s.rows()
    odd = [r for r in rows if r["status"] not in ("running", "queued",
                                                  "waiting") and
           not r.get("reason")]
    ok(not odd, "what does not run has a reason", odd[:2])
    before = ticks(engine), ticks(keeper)
    until(lambda: False, 1)
    after = ticks(engine), ticks(keeper)
    ok(after[0] - before[0] < 60 and after[1] - before[1] < 60,
       "nobody spins", (before, after))
    code, out, err = s.sbx("down", timeout=60)
    same(code, 0, "down works")
    ok(until(lambda: not alive(keeper), 10), "and ends all")
s.end()

s = Set("process a {\n argv %s tick 10\n}\nprocess b {\n argv %s wait\n"
        " autostart no\n}\n" % (ZOO, ZOO))
same(s.sbx("up")[0], 0, "a set of two")
engine, keeper, anchor = s.pids()
limit(engine, resource.RLIMIT_NOFILE, nfds(engine))
wires = []
try:
    for i in range(20):
        w = Wire(s, greet=False)
        wires.append(w)
except OSError:
    pass
before = ticks(engine)
until(lambda: False, 1)
ok(ticks(engine) - before < 60, "no descriptor for a client: no spin",
   ticks(engine) - before)
for w in wires:
    w.close()
limit(engine, resource.RLIMIT_NOFILE)
ok(s.answers(), "with descriptors it serves again")
limit(keeper, resource.RLIMIT_NOFILE, nfds(keeper))
code, out, err = s.sbx("start", "b", "--wait", "500ms")
ok(code, "no descriptor for a child: not started", (code, out, err))
row = s.row("b")
ok("open files" in row.get("reason", ""), "with the kernel's words", row)
limit(keeper, resource.RLIMIT_NOFILE)
ok(until(lambda: s.status("b") == "running", 20),
   "it is tried again by itself", s.row("b"))

# --- what has ended holds no descriptor -----------------------------------------------

s.end()
s = Set("".join("process p%d {\n argv echo %d\n}\n" % (i, i)
                for i in range(N)))
s.sbx("up")
rows = wait_rows(s, lambda r: all(p["status"] == "completed"
                                  for p in r.values()))
engine, keeper, anchor = s.pids()
ok(until(lambda: nfds(engine) < N / 2), "60 ended records hold no descriptor",
   nfds(engine))
same([s.raw("p%d" % i) for i in (0, N - 1)], [b"0\n", b"%d\n" % (N - 1)],
     "their logs are there")
s.sbx("start", "p0", "--wait", "5s")
same(s.raw("p0"), b"0\n0\n", "and go on")
same(s.sbx("rm", "p1")[0], 0, "one is forgotten")
ok(until(lambda: not os.path.exists(statedir(s) + "/log/p1")),
   "and its log is removed")
old = s.kill_engine()
ok(until(lambda: s.sbx("ls")[0] == 0 and nfds(s.pids()[0]) < N / 2),
   "nor with the next engine", nfds(s.pids()[0]))
s.end()
s = Set("process a {\n argv %s tick 10\n}\nprocess b {\n argv %s wait\n"
        " autostart no\n}\n" % (ZOO, ZOO))
same(s.sbx("up")[0], 0, "a set of two again")
engine, keeper, anchor = s.pids()

# --- memory -----------------------------------------------------------------------------

pid = s.row("a")["pid"]
with open("/proc/%d/statm" % engine) as f:
    size = int(f.read().split()[0]) * 4096
if not SANITIZED:
    limit(engine, resource.RLIMIT_AS, size)
for i in range(40):
    if not alive(engine):
        break
    s.sbx("add", "--no-start", "--env", "X=" + "y" * 100000, "--", "true")
ok(s.answers(), "an engine without memory: the set answers")
same(s.row("a").get("pid"), pid, "and its processes live")
whole(s, "after that")
s.sbx("stop", "a")
n = [int(l.split()[1]) for l in s.raw("a").splitlines()]
ok(n == list(range(1, len(n) + 1)), "no line is lost", (len(n), n[-1:]))
s.end()

# --- a clock far ahead ---------------------------------------------------------------------

s = Set("process a {\n cmd echo up; sleep 0.2; exit 1\n restart on-failure\n"
        " restart.max 2\n restart.backoff 50ms..100ms\n}\n")
script = '"%s" up && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ' \
         '19 20; do sleep 0.2; "%s" ls --status failed | grep -q failed && ' \
         'break; done; "%s" ls --json; "%s" down' % (SBX, SBX, SBX, SBX)
p = subprocess.run(["unshare", "-T", "--monotonic", "400000000", "--boottime",
                    "400000000", "--fork", "sh", "-c", script], cwd=s.dir,
                   env=s.env, capture_output=True, text=True, timeout=60,
                   stdin=subprocess.DEVNULL)
if "unshare" in p.stderr:
    ok(True, "a clock 12 years ahead # SKIP not permitted here")
else:
    ok('"status":"failed"' in p.stdout and p.returncode == 0,
       "a clock 12 years ahead: restarts, gives up, ends",
       (p.returncode, p.stdout, p.stderr))
s.end()

# --- rights ---------------------------------------------------------------------------------

s = Set("""
process fds {
    argv %(zoo)s fds
}
process status {
    argv %(zoo)s status
}
""" % {"zoo": ZOO})
r, w = os.pipe()
os.set_inheritable(w, True)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
subprocess.run([SBX, "up"], cwd=s.dir, env=s.env, close_fds=False, timeout=60,
               stdin=subprocess.DEVNULL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
rows = wait_rows(s, lambda r: all(p["status"] == "completed"
                                  for p in r.values()))
same(s.raw("fds").split(), [b"0", b"1", b"2"], "a child has 0, 1 and 2")
text = s.raw("status").decode()
blk = re.search(r"SigBlk:\s*(\w+)", text)
ign = re.search(r"SigIgn:\s*(\w+)", text)
ok(blk and int(blk.group(1), 16) == 0, "no signal blocked", text)
ok(ign and int(ign.group(1), 16) == 0, "and none ignored", text)
for path in (rundir(s), statedir(s), statedir(s) + "/log"):
    mode = os.stat(path).st_mode
    same(st_.S_IMODE(mode), 0o700, "%s is ours alone" % path.split("/")[-1])
for top, dirs, files in os.walk(s.dir + "/s"):
    for name in files:
        mode = st_.S_IMODE(os.lstat(top + "/" + name).st_mode)
        if mode != 0o600:
            ok(False, "%s has mode %o" % (name, mode))
if os.geteuid() == 0:
    for path in (s.dir, s.dir + "/r", s.dir + "/r/sbx", rundir(s)):
        os.chmod(path, 0o755)
    os.chmod(sock_path(s), 0o666)
    code = """if 1:
        import os, socket, sys
        os.setgid(65534); os.setuid(65534)
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(10)
        c.connect(sys.argv[1])
        data = b"x"
        while data:
            data = c.recv(1000)
            sys.stdout.write(data.decode("latin-1"))
        """
    p = subprocess.run([sys.executable, "-c", code, sock_path(s)],
                       capture_output=True, text=True, timeout=30)
    ok("another user" in p.stdout, "another user is sent away", p)
same(s.sbx("down")[0], 0, "down works")
s.end()
s = Set("process a {\n argv sleep 1000\n}\n")
os.makedirs(s.dir + "/elsewhere")
os.symlink(s.dir + "/elsewhere", s.dir + "/r/sbx")
code, out, err = s.sbx("up")
ok(code == 1 and "link" in err, "a link in the place of a directory is refused",
   (code, out, err))
os.unlink(s.dir + "/r/sbx")
for what in ("a link", "what others may write to"):
    state = "%s/state %s" % (s.dir, what)
    os.mkdir(state)
    if what == "a link":
        os.symlink(s.dir + "/elsewhere", state + "/sbx")
    else:
        os.mkdir(state + "/sbx")
        os.chmod(state + "/sbx", 0o777)
    s.env["XDG_STATE_HOME"] = state
    code, out, err = s.sbx("up")
    ok(code == 1 and "XDG_STATE_HOME" in err, "and so is %s in that of the "
       "state directory" % what, (code, err))
    same(os.listdir(state + "/sbx"), [], "nothing is in it")
s.env["XDG_STATE_HOME"] = s.dir + "/s"
os.makedirs(s.dir + "/r/sbx")
os.chmod(s.dir + "/r/sbx", 0o777)
code, out, err = s.sbx("up")
ok(code == 1 and err.strip(), "and one that others may write to",
   (code, out, err))
os.chmod(s.dir + "/r/sbx", 0o700)
same(s.sbx("up")[0], 0, "one of our own is taken")
done()
