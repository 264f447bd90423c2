#!/usr/bin/env python3
"""Every wrapped system call and every allocation fails in turn, in each of
sbx's processes, while a set is used: nothing hangs, breaks or is left, no
child is held up, and what is missing is marked.  Wants a build with
-DSBX_FAULTS; with sanitizers any report of theirs is a failure.

The set is up before a fault is armed; a fault during `up` has a walk of its
own.  FAULTS=role/name,... restricts the walk."""
import errno
import fcntl
import json
import os
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from faultbuild import FaultSet, content, stands
from sbxtest import LONG, ZOO, alive, done, ok, same, until
from torture import (RESIZE, Wire, clean, descendants, frame, nfds, numbers,
                     rundir, stat, wait_rows, zombies)

SHORTAGE = ("EMFILE", "ENFILE", "ENOMEM")
CALLS = {
    "read": ("EIO", "EAGAIN"), "pread": ("EIO", "ENOMEM"),
    "write": ("ENOSPC", "EIO", "EAGAIN"),
    "pwrite": ("ENOSPC", "EIO", "EDQUOT"),
    "splice": ("ENOSPC", "EIO", "EINVAL", "EAGAIN", "ENOMEM"),
    "openat": SHORTAGE + ("ENOSPC", "EACCES", "EIO"),
    "pipe": SHORTAGE, "socketpair": SHORTAGE, "socket": SHORTAGE,
    "connect": ("EAGAIN", "ECONNREFUSED"), "accept": SHORTAGE +
    ("ECONNABORTED",), "memfd": SHORTAGE, "dup": ("EMFILE",),
    "mkdirat": ("ENOSPC", "EROFS"), "unlinkat": ("EROFS", "EIO"),
    "fstat": ("EIO",), "ftruncate": ("EIO",), "rename": ("ENOSPC",),
    "renameat": ("ENOSPC", "EROFS"), "send": ("ENOBUFS", "EPIPE"),
    "sendmsg": ("EAGAIN", "ENOBUFS", "ENOMEM", "ETOOMANYREFS"),
    "recvmsg": ("EAGAIN", "ENOMEM"), "fork": ("EAGAIN", "ENOMEM"),
    "mem": ("ENOMEM",), "exec": ("ENOMEM", "EIO"),
}
BUSY = ("EAGAIN",)	# for ever, it is a promise that poll will be true
KEEPER = ("read", "pipe", "fork", "recvmsg", "sendmsg", "dup", "openat",
          "memfd", "socketpair", "mem", "exec")

RC = """
defaults {
    stop TERM 300ms KILL
}
process steady {
    argv %(zoo)s tick 5
}
process lines {
    argv %(zoo)s print 500
    autostart no
    watch odd /line (?<n>\\d*[13579])$/ value=n count
}
process term {
    argv %(zoo)s cat
    tty yes
    autostart no
}
process pipe {
    argv cat
    stdin pipe
    autostart no
    ready exec true
}
""" % {"zoo": ZOO}


class Faulty(FaultSet):
    def __init__(self, text):
        FaultSet.__init__(self, text)
        self.env["ASAN_OPTIONS"] = \
            "abort_on_error=1:detect_leaks=1:handle_abort=0:log_path=" + \
            self.dir + "/asan"
        self.env["UBSAN_OPTIONS"] = \
            "print_stacktrace=1:halt_on_error=1:log_path=" + \
            self.dir + "/asan"

    def ask(self, *words):
        """A command that may fail, but not hang nor be killed."""
        try:
            code, out, err = self.sbx(*words, timeout=30)
        except subprocess.TimeoutExpired:
            self.wrong.append("hangs: " + " ".join(words))
            return None
        if code < 0 or code not in (0, 1, 2, 3, 4, 124, 125):
            self.wrong.append("%s: code %d %s" % (" ".join(words), code, err))
        elif code and not err.strip():
            self.wrong.append("%s: code %d without a word" %
                              (" ".join(words), code))
        return code


def finish(s, name):
    clean(s, name)
    same(s.sbx("down")[0], 0, "down works")
    s.end()


def walk(s):
    """What is done while a fault is armed."""
    for words in (("start", "lines", "--wait", "5s"),
                  ("start", "term", "pipe", "--wait", "5s"),
                  ("send", "term", "hello\n"), ("send", "pipe", "x\n"),
                  ("logs", "lines", "-n", "1"), ("screen", "term"), ("ls",),
                  ("values", "lines"), ("events",), ("doctor",),
                  ("stop", "lines", "term", "pipe")):
        s.ask(*words)


def recovered(s, state):
    """The fault is over: everything works as if it had never been."""
    if not s.answers():
        s.wrong.append("it does not answer: " + s.sbx("ls")[2])
        return
    engine, keeper, anchor = s.pids()
    if keeper != state["keeper"]:
        s.wrong.append("the keeper is another one")
    if s.row("steady").get("pid") != state["steady"]:
        s.wrong.append("the steady child is another one: %s" %
                       s.row("steady"))
    code, out, err = s.sbx("stop", "lines", "term", "pipe", timeout=30)
    if code:
        s.wrong.append("stop fails: " + err)
    seen = s.row("lines").get("log_lines", 0)
    dropped = s.row("lines").get("dropped_bytes", 0)
    code, out, err = s.sbx("start", "lines", timeout=30)
    if code:
        s.wrong.append("start fails: " + err)
    row = wait_rows(s, lambda r: r["lines"]["status"] == "completed",
                    10)["lines"]
    run = row["run"]
    out = s.out("logs", "lines", "--run", str(run), "--no-prefix")
    want = "".join("line %d\n" % i for i in range(1, 501))
    if row["status"] != "completed" or out != want:
        s.wrong.append("after it: %s, %d lines" % (row, out.count("\n")))
    code, out, err = s.sbx("start", "term", "pipe", "--wait", "10s")
    if code:
        s.wrong.append("term and pipe do not start: " + err)
    s.sbx("send", "term", "again\n")
    if not until(lambda: b"again" in s.raw("term", "pty"), 10):
        s.wrong.append("the terminal is silent")
    s.sbx("stop", "term", "pipe")
    n = numbers(s.raw("steady"))
    if any(b <= a for a, b in zip(n, n[1:])):
        s.wrong.append("lines come twice")
    # Whole ticks are lost: what is not there is what the mark says.
    now = n[-1] if n else 0
    there = set(n)
    missing = sum(len("line %d\n" % i) for i in range(1, now + 1)
                  if i not in there)
    dropped = s.row("steady").get("dropped_bytes", 0)
    if missing != dropped:
        s.wrong.append("%d bytes are missing, %d are marked" %
                       (missing, dropped))
    if not until(lambda: (numbers(s.raw("steady")) or [0])[-1] > now, 10):
        s.wrong.append("the steady child stands still")


def states(s):
    engine, keeper, anchor = s.pids()
    return {"keeper": keeper, "steady": s.row("steady").get("pid")}


def plans():
    """(role, call, errno, how) of the walk."""
    short = [
        ("engine", "dup", "EMFILE", "1+"),
        ("engine", "pread", "EIO", "1+"), ("engine", "openat", "EACCES", "1+"),
        ("engine", "splice", "ENOSPC", "1"), ("engine", "splice", "EIO", "2+"),
        ("engine", "pwrite", "ENOSPC", "1+"), ("engine", "pwrite", "EIO", "3"),
        ("engine", "openat", "EMFILE", "1+"), ("engine", "memfd", "EMFILE", "1"),
        ("engine", "accept", "EMFILE", "1"),
        ("engine", "sendmsg", "ENOBUFS", "2"), ("engine", "mem", "ENOMEM", "1"),
        ("engine", "mem", "ENOMEM", "40"), ("keeper", "pipe", "EMFILE", "2"),
        ("keeper", "fork", "EAGAIN", "1"), ("keeper", "recvmsg", "ENOMEM", "1"),
        ("client", "connect", "EAGAIN", "1"), ("client", "mem", "ENOMEM", "9"),
        ("client", "recvmsg", "EIO", "1"), ("client", "fstat", "EIO", "1+"),
    ]
    if not LONG:
        return short
    out = []
    for role in ("engine", "keeper", "client"):
        for name, codes in CALLS.items():
            if role == "keeper" and name not in KEEPER:
                continue
            for code in codes:
                counts = ["1", "2", "5", "20"]
                if name == "mem":
                    counts = [str(n) for n in range(1, 200, 7)]
                elif code not in BUSY and role != "keeper" and \
                        name not in ("sendmsg", "recvmsg"):
                    counts += ["1+", "4+"]
                out += [(role, name, code, n) for n in counts]
    return out


chosen = os.environ.get("FAULTS")
s = Faulty(RC)
s.wrong = []
same(s.sbx("up")[0], 0, "the set is up")
state, since = states(s), time.monotonic()
happened = 0
for role, name, code, how in plans():
    if chosen and role + "/" + name not in chosen.split(","):
        continue
    what = "%s/%s:%s:%s" % (role, name, code, how)
    s.wrong = []
    s.arm("%s/%s:%d:%s" % (role, name, getattr(errno, code), how))
    walk(s)
    happened += s.disarm()
    recovered(s, state)
    ok(not s.wrong, what, "\n".join(s.wrong))
    # What waits in the zoo waits five minutes.
    if s.wrong or time.monotonic() - since > 120:
        clean(s, what)
        s.end()
        s = Faulty(RC)
        s.wrong = []
        s.sbx("up")
        state, since = states(s), time.monotonic()
ok(happened > 0, "%d of the faults happened" % happened)
clean(s, "all of them")
engine, keeper, anchor = s.pids()
ok(until(lambda: not zombies(keeper)), "no zombie is left", zombies(keeper))
ok(nfds(keeper) < 40, "the keeper has %d descriptors" % nfds(keeper))
ok(nfds(engine) < 90, "the engine has %d descriptors" % nfds(engine))
same(s.sbx("down")[0], 0, "down works")
s.end()

# --- a record that cannot be kept -----------------------------------------------------

s = Faulty("process a {\n argv %s tick 20\n}\n"
           "process b {\n argv %s wait\n autostart no\n env LARGE=%s\n"
           " restart.backoff 100ms..200ms\n restart.max 0\n}\n" %
           (ZOO, ZOO, "x" * 70000))	# its start takes a file
same(s.sbx("up")[0], 0, "a set of two")
pid = s.row("a")["pid"]
for call, code in (("memfd", "ENOMEM"), ("pwrite", "ENOSPC"),
                   ("ftruncate", "ENOMEM")):
    what = "the registry without %s" % call
    if call == "ftruncate":
        s.kill_engine()	# which comes to that with its first save
    s.arm("engine/%s:%d:1+" % (call, getattr(errno, code)))
    s.sbx("start", "b", "--wait", "500ms")
    row = s.row("b")
    ok(row.get("status") == "backoff" and not row.get("pid"),
       what + ": nothing starts", row)
    # Without a memfd it is the command that cannot be handed on.
    ok(("" if call == "memfd" else "record cannot be kept: ") +
       os.strerror(getattr(errno, code)) in row.get("reason", ""),
       what + ": and that is why", row)
    s.kill_engine()
    s.disarm()
    ok(s.answers(), what + ": the next engine")
    ok(until(lambda: s.sbx("start", "b", "--wait", "5s")[0] == 0, 20),
       what + ": it starts afterwards", s.row("b"))
    same(s.row("a").get("pid"), pid, what + ": the other one lives")
    s.arm("engine/%s:%d:1+" % (call, getattr(errno, code)))
    s.sbx("kill", "b", "--wait", "5s")
    same(s.status("b"), "killed", what + ": a kill works")
    s.disarm()
s.arm("engine/pwrite:%d:1+" % errno.ENOSPC)
same(s.sbx("down")[0], 0, "down works without a registry")
s.disarm()
clean(s, "records that cannot be kept")
s.end()

# --- a keeper that has room for no descriptor ------------------------------------------

s = Faulty("process a {\n argv %s wait\n stop TERM 300ms KILL\n}\n"
           "process b {\n argv %s wait\n stop TERM 300ms KILL\n}\n"
           "process task {\n cmd echo ran >>ran; while [ -e hold ]; do "
           "sleep 0.05; done\n autostart no\n}\n" % (ZOO, ZOO))
same(s.sbx("up")[0], 0, "a set whose keeper runs short of descriptors")
pid = s.row("a")["pid"]
open(s.dir + "/hold", "w").close()
same(s.sbx("start", "task")[0], 0, "a task runs")
ok(until(lambda: os.path.exists(s.dir + "/ran")), "it has begun")
s.arm("keeper/rights:%d:1+" % errno.EMFILE)
s.kill_engine()
ok(s.answers(), "an engine that can hand on none")
same(s.sbx("add", "new", "--no-start", "--", "true")[0], 0, "it adds one")
same(s.sbx("stop", "b")[0], 0, "it stops one")
os.unlink(s.dir + "/hold")
ok(until(lambda: s.status("task") == "completed"), "it sees the task's end")
rows = [(r["name"], r["status"], r["run"], r.get("reason")) for r in s.rows()]
s.kill_engine()
s.disarm()
ok(s.answers(), "another engine")
same([(r["name"], r["status"], r["run"], r.get("reason")) for r in s.rows()],
     rows, "it knows all that the former one knew")
same(s.row("a").get("pid"), pid, "what ran runs")
with open(s.dir + "/ran") as f:
    same(f.read(), "ran\n", "the task ran once")
finish(s, "a keeper without room")

# --- an engine that has room for no descriptor at first -----------------------------------

s = Faulty("process a {\n argv %s tick 20\n}\n"
           "process t {\n argv cat\n tty yes\n}\n"
           "process in {\n argv cat\n stdin pipe\n}\n"
           "process ends {\n cmd while [ -e hold ]; do sleep 0.05; done; "
           "echo last words\n}\n" % ZOO)
open(s.dir + "/hold", "w").close()
same(s.sbx("up")[0], 0, "a set whose engine runs short of descriptors")
pids = {r["name"]: r["pid"] for r in s.rows()}
s.arm("engine/rights:%d:2+" % errno.EMFILE)
s.kill_engine()
ok(s.answers(), "an engine that got none")
same({r["name"]: r["pid"] for r in s.rows()}, pids, "it has every process")
os.unlink(s.dir + "/hold")
ok(until(lambda: not alive(pids["ends"])), "one ends")
s.ask("ls")
had = len(s.raw("a"))
s.disarm()
ok(until(lambda: len(s.raw("a")) > had), "there is room: output goes on")
ok(until(lambda: s.status("ends") == "completed"), "it has ended",
   s.row("ends"))
same(s.out("logs", "ends", "--no-prefix"), "last words\n", "its output is there")
for name, stream in (("t", "pty"), ("in", "stdout")):
    ok(until(lambda: s.sbx("send", name, "hello\n")[0] == 0), "input is taken")
    ok(until(lambda: b"hello" in s.raw(name, stream)), "and arrives")
n = numbers(s.raw("a"))
same(n, list(range(1, len(n) + 1)), "nothing is missing or twice")
finish(s, "an engine without room")

# --- an engine dies while a command is on its way to exec ----------------------------------

s = Faulty("process a {\n argv %s wait\n ready exec exec sleep 4321\n}\n" % ZOO)
same(s.sbx("up")[0], 0, "a set with a check by command")
engine, keeper, anchor = s.pids()


def commands():
    """Of the keeper's children: pids by what they run."""
    found = {}
    for pid, state in descendants(keeper).items():
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                found.setdefault(f.read(), []).append(pid)
        except OSError:
            pass
    return found


CHECK = b"sleep\0004321\0"
with open("/proc/%d/cmdline" % keeper, "rb") as f:
    RAW = f.read()
ok(until(lambda: CHECK in commands()), "its check runs", commands())
s.arm("keeper/exec:0:1+")
os.kill(commands()[CHECK][0], signal.SIGKILL)
ok(until(lambda: RAW in commands(), 15, 0), "the next one takes long to begin",
   commands())
lost = commands()[RAW][0]
s.kill_engine()
ok(s.answers(), "another engine takes over")
# Its number is not given out again: else the next check's time ends it too.
ok(until(lambda: not alive(lost), 4), "what nobody waits for is gone",
   commands())
s.disarm()
ok(until(lambda: len(commands().get(CHECK, ())) == 1),
   "and its check goes on", commands())
# Stopped there it would be neither started nor failed for ever.
for what in ("restart", "kill"):
    row = s.row("a")
    s.arm("keeper/exec:0:1+")
    os.kill(row["pid"], signal.SIGKILL)
    until(lambda: s.row("a").get("status") == "killed")
    p = s.popen("start", "a", stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
    ok(until(lambda: RAW in commands(), 15, 0), "a process on its way to exec",
       commands())
    os.kill(commands()[RAW][0], signal.SIGSTOP)
    ok(until(lambda: stat(commands()[RAW][0])[0] != "T"),
       "cannot be stopped there")
    if what == "kill":
        k = s.popen("kill", "a", stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
        same(k.wait(30), 0, "a kill ends it")
        same(s.row("a").get("pid"), None, "and nothing of it is left")
    s.disarm()
    p.wait(30)
    if what == "restart":
        ok(until(lambda: s.row("a").get("pid")), "it starts", s.row("a"))
finish(s, "a command that took long")

# --- a request over the death of an engine is carried out once --------------------------

ASKED_RC = ("process a {\n argv %s wait\n env N=%%d\n}\n"
            "process in {\n argv cat\n stdin pipe\n}\n"
            "process term {\n argv cat\n tty yes\n}\n"
            "process values {\n cmd echo n=5; sleep 1000\n"
            " watch n /n=(\\d+)/ value=1\n}\n"
            "process once {\n cmd echo ran >>ran; sleep 0.1\n"
            " autostart no\n}\n" % ZOO)
s = Faulty(ASKED_RC % 0)
same(s.sbx("up")[0], 0, "a set to be changed")


def ran(once=True):
    try:
        with open(s.dir + "/ran") as f:
            return f.read() == "ran\n" * once
    except FileNotFoundError:
        return not once


ASKED = (
    ("start once", lambda out: until(lambda: s.status("once") == "completed"
                                     and ran())),
    ("exec -- echo ran >>ran; echo out", lambda out: out == "out\n" and ran()),
    ("add one --no-start -- true", lambda out: out == "one\n" and
     [r["name"] for r in s.rows()].count("one") == 1),
    ("rm one", lambda out: not s.row("one")),
    ("env K=1", lambda out: "K=1" in s.out("env")),
    ("set limit.processes 7", lambda out: s.out("set", "limit.processes") ==
     "7\n"),
    ("set limit.processes 64", lambda out: True),
    ("restart a", lambda out: s.row("a")["run"] == run + 1),
    ("ls", lambda out: "once" in out),
    ("send in hello", lambda out: until(lambda: heard("in") > had) and
     heard("in") == had + 1),
    ("send in hello --until hello", lambda out: out == "hello\n" and
     heard("in") == had + 1),
    ("send in --base64 aGVsbG8K", lambda out:
     until(lambda: heard("in") > had) and heard("in") == had + 1),
    # Once as it is typed, once by cat.
    ("send term hello --until ^hello$", lambda out:
     until(lambda: heard("term") > had + 1) and heard("term") == had + 2),
    ("send term --keys 'h e l l o Enter'", lambda out:
     until(lambda: heard("term") > had + 1) and heard("term") == had + 2),
    ("send in --eof", lambda out: until(lambda: s.status("in") ==
                                        "completed")),
    ("reload", lambda out: "restart 1" in err and
     s.row("a")["run"] == run + 1),
    ("values values", lambda out: "5" in out),
    ("screen term --scrollback", lambda out: "hello" in out),
) + (() if not LONG else (
    ("reload --plan", lambda out: "restart" in out and
     s.row("a")["run"] == run),
    ("why a", lambda out: "a" in out), ("logs values", lambda out: "n=5" in out),
    ("events -n 1", lambda out: out), ("show a --json", lambda out: "argv" in out),
    ("signal CONT a", lambda out: True),
    ("stop a", lambda out: s.status("a") == "killed"),
    ("kill in", lambda out: s.status("in") in ("killed", "completed")),
))
DEATHS = ("pwrite:0:2", "write:0:1", "pwrite:0:1", "recvmsg:0:2",
          "sendmsg:0:2", "sendmsg:0:3", "sendmsg:0:4")
if not LONG:
    DEATHS = DEATHS[:1] + DEATHS[3:]


def heard(name):
    return s.raw(name, "pty" if name == "term" else "stdout").count(b"hello")


turn = 0
for text, true in ASKED:
    for call in DEATHS:
        if text == "rm one":
            s.sbx("add", "one", "--no-start", "--", "true")
        elif text.startswith("add one"):
            s.sbx("rm", "one")
        if not ran(False):
            os.unlink(s.dir + "/ran")
        if text.startswith(("send", "kill")):
            s.sbx("start", "in")
        if text.startswith("reload"):
            turn += 1
            s.write(ASKED_RC % turn)
        if text.startswith(("stop", "reload")):
            s.sbx("start", "a")
        run = s.row("a")["run"]
        had = heard("term" if " term" in text else "in")
        engine = s.pids()[0]
        s.arm("engine/%s+" % call)
        words = text.split(" ", 2) if "echo" in text else shlex.split(text)
        p = s.popen(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    text=True)
        stood = until(lambda: stands(engine) or p.poll() is not None, 15, 0) \
            and until(lambda: stands(engine), 0.2, 0)
        if stood:
            # An answer that is on its way already may come.
            until(lambda: p.poll() is not None, 0.2)
            os.kill(engine, signal.SIGKILL)
        s.disarm()
        out, err = p.communicate(timeout=60)
        ok(p.returncode == 0 and true(out), "%s, engine/%s" % (text, call),
           (p.returncode, out, err, s.rows()))
clean(s, "requests of an engine that dies")
run, killed = s.row("a")["run"], 0
same(s.sbx("down")[0], 0, "down works")
for call in DEATHS:
    s.arm("engine/%s+" % call)
    p = s.popen("up", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    killed += s.kill_held(instead=lambda: p.poll() is not None)
    s.disarm()
    out, err = p.communicate(timeout=60)
    run += 1
    ok(p.returncode == 0 and s.row("a").get("run") == run and
       s.status("in") == "running", "up, engine/" + call,
       (p.returncode, out, err, s.rows()))
    same(s.sbx("down")[0], 0, "down works")
ok(killed > 2, "engines died over an up: %d" % killed)
clean(s, "up with an engine that dies")
s.end()

# --- a long answer is given again as well ---------------------------------------------

MANY = 1500
LONG_RC = "\n".join("process a-name-that-makes-the-answer-long-%04d {\n"
                    " argv true\n autostart no\n env N=%%d\n}" % i
                    for i in range(MANY)) + "\n"
s = Faulty(LONG_RC.replace("%d", "0"))
same(s.sbx("up")[0], 0, "a set of many")
killed = 0
for nth in range(1, 5):
    s.write(LONG_RC.replace("%d", str(nth)))
    engine = s.pids()[0]
    s.arm("engine/sendmsg:0:%d+" % nth)
    p = s.popen("reload", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True)
    if until(lambda: stands(engine) or p.poll() is not None, 20) and \
            stands(engine):
        os.kill(engine, signal.SIGKILL)
        killed += 1
    s.disarm()
    out, err = p.communicate(timeout=60)
    ok(p.returncode == 0 and "change %d" % MANY in err,
       "a reload, the engine dies at word %d" % nth,
       (p.returncode, len(out), err[-200:]))
ok(killed > 1, "%d engines died" % killed)
told = [e["text"] for e in s.events() if "reloaded:" in e["text"]]
same(len(told), 4, "each was carried out once")
finish(s, "long answers")

# --- where splice is refused -----------------------------------------------------------

s = Faulty("process a {\n cmd i=0; while [ $i -lt 3000 ]; do i=$((i+1)); "
           "echo $i; [ $((i % 20)) = 0 ] && sleep 0.005; done\n autostart no\n}\n"
           "process t {\n cmd i=0; while [ $i -lt 1000 ]; do i=$((i+1)); "
           "echo $i; done\n tty yes\n autostart no\n}\n"
           "process in {\n argv cat\n stdin pipe\n}\n")
same(s.sbx("up")[0], 0, "a set")
data = b"".join(b"%d\n" % i for i in range(1, 3001))
# By the file system of the logs alone: not even a kill costs a byte.
for call, code in (("splice_file", "EINVAL"), ("splice", "EPERM"),
                   ("splice", "ENOSYS")):
    what = "%s gives %s" % (call, code)
    s.arm("engine/%s:%d:1+" % (call, getattr(errno, code)))
    had = {n: len(s.raw(n, "pty" if n == "t" else "stdout"))
           for n in ("a", "t", "in")}
    same(s.sbx("start", "a", "t")[0], 0, what + ": they start")
    same(s.sbx("send", "in", "-", input=data)[0], 0, what + ": input is taken")
    while call == "splice_file" and s.status("a") != "completed":
        s.kill_engine()
        s.answers()
    ok(until(lambda: s.status("a") == s.status("t") == "completed" and
             len(s.raw("in")) >= had["in"] + len(data), 30),
       what + ": they end", s.rows())
    s.disarm()
    ok(s.raw("a")[had["a"]:] == data, what + ": all of it is there",
       s.raw("a")[had["a"]:][-100:])
    ok(s.raw("t", "pty")[had["t"]:] == data[:3893].replace(b"\n", b"\r\n"),
       what + ": of a terminal, too", s.raw("t", "pty")[had["t"]:][-100:])
    ok(s.raw("in")[had["in"]:] == data, what + ": input comes once",
       len(s.raw("in")))
    same([r.get("dropped_bytes") for r in s.rows()], [0] * 3,
         what + ": nothing was dropped")
finish(s, "without splice")

# --- a size is told when it is recorded -----------------------------------------------

s = Faulty("process t {\n cmd trap 'stty size' WINCH; while :; do sleep 0.05; done"
           "\n tty yes\n}\n")
same(s.sbx("up")[0], 0, "a terminal")
number = s.row("t")["id"]
for n, call in enumerate(("pwrite:0:1", "pwrite:0:2", "sendmsg:0:1")):
    w = Wire(s)
    engine = s.pids()[0]
    s.arm("engine/%s+" % call)
    w.send(frame(RESIZE, struct.pack("<IHH", number, 30 + n, 90 + n)))
    ok(until(lambda: stands(engine), 15), "a size, engine/" + call)
    os.kill(engine, signal.SIGKILL)
    s.disarm()
    ok(s.answers(), "another engine")
    screen = json.loads(s.out("screen", "t", "--json"))
    tty = os.open("/proc/%d/fd/0" % s.row("t")["pid"],
                  os.O_RDONLY | os.O_NOCTTY)
    told = fcntl.ioctl(tty, termios.TIOCGWINSZ, b"\0" * 8)
    os.close(tty)
    same(struct.unpack("<4H", told)[:2], (screen["rows"], screen["cols"]),
         "the program and its picture have the same one")
    w.close()
finish(s, "sizes")

# --- an engine dies at each step of a short life, and the next one of its own --------

STEPS = {"sendmsg": 16, "recvmsg": 12, "write": 6, "pwrite": 14, "splice": 4,
         "openat": 4, "read": 4, "pread": 3}
s = Faulty("process once {\n cmd echo once >>ran; echo said; sleep 0.05\n"
           " autostart no\n}\n"
           "process again {\n cmd echo again >>ran; echo said; exit 1\n"
           " autostart no\n restart on-failure\n restart.max 2\n"
           " restart.backoff 10ms..20ms\n}\n"
           "process term {\n cmd echo term >>ran; echo said\n tty yes\n"
           " autostart no\n}\n"
           "process steady {\n argv %s wait\n}\n" % ZOO)
same(s.sbx("up")[0], 0, "a set of short lives")
LIVES = {"once": ("completed", 1), "again": ("failed", 3),
         "term": ("completed", 1)}
state = {r["name"]: r for r in s.rows()}
killed, short = 0, not LONG


def lived():
    """What is not as if no engine had died."""
    rows = {r["name"]: r for r in s.rows()}
    with open(s.dir + "/ran") as f:
        ran = f.read().split()
    wrong = [] if rows["steady"]["pid"] == state["steady"]["pid"] else ["steady"]
    for name, (status, runs) in LIVES.items():
        row = rows[name]
        if row["status"] != status or ran.count(name) != runs or \
                row["run"] != state[name].get("run", 0) + runs:
            wrong.append("%s: %s, ran %d times, %s" % (name, row["status"],
                                                     ran.count(name), row))
        said = s.out("logs", name, "--no-prefix", "--run", str(row["run"]))
        if said != "said\n":
            wrong.append("%s said %r" % (name, said))
    return wrong


for call, count in STEPS.items():
    for nth in range(1, count + 1):
        for deaths in (1, 2):
            if chosen or short and (nth * 2 + deaths) % 5:
                continue
            state = {r["name"]: r for r in s.rows()}
            open(s.dir + "/ran", "w").close()
            s.arm("engine/%s:0:%d+" % (call, nth))
            p = s.popen("start", *LIVES, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True)
            for _ in range(deaths):
                killed += s.kill_held(1)
            s.disarm()
            out, err = p.communicate(timeout=60)
            ended = until(lambda: not lived(), 20)
            ok(p.returncode == 0 and ended, "%d of engine/%s, %d deaths" %
               (nth, call, deaths), "%s %s\n%s" % (p.returncode, err,
                                                  "\n".join(lived())))
ok(chosen or killed > 10, "%d engines died" % killed)
finish(s, "steps of a short life")

# --- who sent a signal is known, though the engine died over it ------------------------

s = Faulty("process idle {\n argv %s wait\n}\n" % ZOO)
same(s.sbx("up")[0], 0, "one that is to be signalled")
state = {r["name"]: r for r in s.rows()}
s.arm("engine/pwrite:0:1+")
p = s.popen("signal", "KILL", "idle", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
ok(until(lambda: not alive(state["idle"]["pid"])),
   "the signal has arrived, and nothing is saved")
ok(s.kill_held(), "the engine stands, and is killed")
s.disarm()
p.communicate(timeout=60)
ok(until(lambda: s.status("idle") == "killed"), "it is killed", s.rows())
ok("signalled by you (KILL)" in s.out("why", "idle"), "and who did that is known",
   s.out("why", "idle"))
same(s.sbx("down")[0], 0, "down works")
s.end()

# --- and each process of a tree has had it once -------------------------------------------

s = Faulty(r"""
process count {
    cmd exec python3 -uc 'import os, signal, time; signal.signal(10, lambda *a: os.write(1, b"got %d\n" % os.getpid())); os.fork(); os.write(1, b"up\n"); [time.sleep(9) for i in range(999)]'
}
process mortal {
    cmd exec sleep 1000
    restart always
    restart.backoff 10ms..10ms
}
""")
same(s.sbx("up")[0], 0, "some that are to be signalled")
until(lambda: s.raw("count").count(b"up") == 2)
pid = s.row("count")["pid"]
child = [x for x in descendants(pid) if x != pid][0]
state = {r["name"]: r for r in s.rows()}
had, killed = {pid: 0, child: 0}, 0


def had_it():
    return {x: s.raw("count").count(b"got %d\n" % x) for x in had}


for call in ("pidfd_signal:0:1", "pidfd_signal:0:2", "pwrite:0:1", "pwrite:0:2",
             "sendmsg:0:1", "sendmsg:0:2"):
    for word in ("count", "count/%d" % child):
        s.arm("engine/%s+" % call)
        p = s.popen("signal", "USR1", word, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True)
        killed += s.kill_held(5, lambda: p.poll() is not None)
        s.disarm()
        out, err = p.communicate(timeout=60)
        had[child] += 1
        had[pid] += word == "count"
        until(lambda: had_it() == had, 2)
        ok(p.returncode == 0 and had_it() == had,
           "signal %s, engine/%s: once" % (word, call),
           (p.returncode, out, err, had_it(), had))
        had = had_it()
ok(killed > 5, "%d engines died" % killed)
for call in ("pidfd_signal:0:1", "pwrite:0:1", "pwrite:0:2", "sendmsg:0:1"):
    run = s.row("mortal")["run"]
    s.arm("engine/%s+" % call)
    p = s.popen("signal", "KILL", "mortal", stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True)
    s.kill_held(5, lambda: p.poll() is not None)
    s.disarm()
    out, err = p.communicate(timeout=60)
    until(lambda: s.row("mortal")["run"] == run + 1 and
          s.status("mortal") == "running")
    same((p.returncode, s.row("mortal")["run"]), (0, run + 1),
         "signal KILL, engine/%s: one run ends" % call)
same(s.sbx("down")[0], 0, "down works")
s.end()

# --- what `tree keep` has left lives on when an engine dies over the next run ----------

s = Faulty("process k {\n cmd setsid sleep 4444 & echo said\n tree keep\n"
           " autostart no\n}\n")
same(s.sbx("up")[0], 0, "a process that leaves something")


def left():
    keeper = s.pids()[1]
    return sorted(pid for pid in descendants(keeper)
                  if content(pid, "cmdline") == b"sleep\0004444\0")


same(s.sbx("start", "k", "--wait", "10s")[0], 0, "its first run")
killed = 0
for nth in range(1, 8):
    ok(until(lambda: s.status("k") == "completed" and len(left()) == nth),
       "%d are left" % nth, left())
    had = left()
    s.arm("engine/sendmsg:0:%d+" % nth)
    p = s.popen("start", "k", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True)
    killed += s.kill_held(1)
    s.disarm()
    out, err = p.communicate(timeout=60)
    same(p.returncode, 0, "another run, the engine dies at word %d" % nth)
    ok(until(lambda: s.status("k") == "completed"), "it ends", s.row("k"))
    ok(until(lambda: len(left()) == nth + 1) and set(had) <= set(left()),
       "what was left lives", (had, left()))
ok(killed > 3, "%d engines died" % killed)
same(s.sbx("kill", "k")[0], 0, "a kill ends it")
ok(until(lambda: not left()), "all of it", left())
finish(s, "what is left over the next run")

# --- what is due while the slots are handed over --------------------------------------

s = Faulty("process a {\n argv %s wait\n ready exec true\n live exec true\n"
           " live.every 1s\n live.fails 1\n live.action restart\n"
           " restart always\n}\n" % ZOO)
same(s.sbx("up", "--wait", "10s")[0], 0, "a set with a check of each kind")
pid, keeper = s.row("a")["pid"], s.pids()[1]
old = s.engines()
s.arm("keeper/sendmsg:0:3+")	# behind HELLO and the one slot
os.kill(old[0], signal.SIGKILL)
ok(until(lambda: stands(keeper)), "the keeper is slow")
ok(until(lambda: s.engines() and s.engines() != old), "for another engine")
time.sleep(1.2)	# in which the check is due
s.disarm()
ok(s.answers(), "it serves then")
same((s.row("a").get("pid"), s.row("a").get("restarts")), (pid, 0),
     "and the process is none the worse")
finish(s, "a slow hand-over")

# --- a socket of no more use ---------------------------------------------------------

s = Faulty(RC)
s.wrong = []
same(s.sbx("up")[0], 0, "a set to talk about")
state = states(s)
for role, call, how in (("engine", "recvmsg", "1+"), ("engine", "sendmsg", "1+"),
                        ("engine", "sendmsg", "1"), ("keeper", "recvmsg", "1"),
                        ("keeper", "sendmsg", "1+"), ("keeper", "sendmsg", "1"),
                        ("keeper", "recvmsg", "3+")):
    what = "%s/%s:EIO:%s" % (role, call, how)
    old = s.pids()[0]
    s.wrong = []
    s.sbx("start", "pipe", "--wait", "10s")
    child = s.row("pipe")["pid"]
    s.arm("%s/%s:%d:%s" % (role, call, errno.EIO, how))
    os.kill(child, signal.SIGKILL)	# the keeper has something to tell
    p = s.popen("start", "lines", "--wait", "10s", stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
    ended = until(lambda: not alive(old) or p.poll() is not None, 20)
    s.disarm()
    ok(ended, what + ": something ends", s.pids())
    p.wait(60)
    recovered(s, state)
    ok(not s.wrong, what + ": and all goes on", "\n".join(s.wrong))
s.arm("engine/recvmsg:%d:1" % errno.EIO)
s.ask("ls")
told = [e["text"] for e in s.events()]
ok(any("connection to the keeper broke" in t for t in told),
   "the journal tells of the keeper's socket", told[-20:])
ok(any("client was sent away: " + os.strerror(errno.EIO) in t for t in told),
   "and of a client's", told[-20:])
ok(not any("keeper has died" in t for t in told), "and nothing else", told)
finish(s, "sockets of no more use")

# --- while it comes up ----------------------------------------------------------------

plan = [("client", "fork", "EAGAIN", "1"), ("engine", "mem", "ENOMEM", "30")]
if LONG:
    plan = [(role, name, code, n)
            for role in ("client", "anchor", "keeper", "engine")
            for name, codes in CALLS.items() for code in codes[:2]
            for n in ("1", "3", "9")]
for role, name, code, how in plan:
    if chosen and chosen != role + "/" + name:
        continue
    what = "up with %s/%s:%s:%s" % (role, name, code, how)
    s = Faulty(RC)
    s.wrong = []
    s.arm("%s/%s:%d:%s" % (role, name, getattr(errno, code), how))
    s.ask("up")
    s.disarm()
    code, out, err = s.sbx("up", "--wait", "20s")
    if code:
        s.wrong.append("the next up: " + err)
    if s.status("steady") != "running":
        s.wrong.append("does not run: %s" % s.row("steady"))
    if s.ask("down"):
        s.wrong.append("down fails")
    ok(not s.wrong, what, "\n".join(s.wrong))
    clean(s, what)
    s.end()
done()
