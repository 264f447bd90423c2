#!/usr/bin/env python3
"""Whom sbx believes: the owner of a configuration, of directories, of the
other end of a socket; and what a child gets of sbx."""
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SBX, Set, done, ok, same, until

STRANGER = 40000 + os.getpid() % 20000
ROOT = os.geteuid() == 0
ONE = "process a {\n argv sleep 1000\n}\n"

# --- what a child gets -------------------------------------------------------

s = Set("""
process pipes {
    cmd ls -l /proc/self/fd; env -0 >env.pipes; ulimit -a >limits; umask >>limits
}
process tty {
    cmd ls -l /proc/self/fd; env -0 >env.tty
    tty yes
}
process both {
    cmd ls -l /proc/self/fd; env -0 >env.both; echo READY=1 >&3; exec sleep 1000
    stdin pipe
    ready notify
    live.every 100ms
    live exec ls -l /proc/self/fd >fds.live; env -0 >env.live
    stop cmd ls -l /proc/self/fd >fds.stop; env -0 >env.stop
    watch total /^total/ run=page
    hook page ls -l /proc/self/fd >fds.hook; env -0 >env.hook
}
""", MARK="as it was")
s.env.pop("SBX_ID", None)
os.environ.pop("LD_PRELOAD", None)
same(s.sbx("up")[0], 0, "up")
ok(until(lambda: s.status("pipes") == "completed" and
         s.status("tty") == "completed"), "both have ended", s.rows())
ok(until(lambda: os.path.exists(s.dir + "/env.hook")), "a hook has run")
ok(until(lambda: os.path.exists(s.dir + "/env.live") and
         os.path.getsize(s.dir + "/env.live")), "a check has run")
s.sbx("stop", "both")


def read(name):
    with open(s.dir + "/" + name, errors="replace") as f:
        return f.read()


def fds(text):
    """Numbers of the descriptors, without that of the directory itself."""
    return sorted(int(n) for n, to in
                  re.findall(r" (\d+) -> (.*)", text)
                  if not re.match(r"/proc/\d+/fd", to))


def env(name):
    return dict(v.split("=", 1) for v in read(name).split("\0") if v)


same(fds(s.out("logs", "pipes")), [0, 1, 2], "pipes: 0, 1 and 2")
same(fds(s.out("logs", "tty", "--raw")), [0, 1, 2], "a terminal: 0, 1 and 2")
same(fds(s.out("logs", "both")), [0, 1, 2, 3], "and what notify is for")
for name in ("hook", "live", "stop"):
    same([n for n in fds(read("fds." + name)) if n > 2], [],
         "%s: no other descriptor" % name)

KNOWN = {"SBX", "SBX_PROCESS", "SBX_RUN", "SBX_RESTARTS", "SBX_SOCKET",
         "SBX_ID"}
MORE = {"pipes": set(), "tty": {"TERM", "COLORTERM"},
        "both": {"SBX_NOTIFY_FD"},
        "live": {"SBX_PID", "SBX_NOTIFY_FD"},
        "stop": {"SBX_PID", "SBX_NOTIFY_FD"},
        "hook": {"SBX_PID", "SBX_EVENT", "SBX_WATCH", "SBX_LINE", "SBX_MATCH",
                 "SBX_TIME", "SBX_STREAM", "SBX_SEQ", "SBX_NOTIFY_FD"}}
SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}
for name, more in MORE.items():
    got = env("env." + name)
    same(sorted(set(got) - set(s.env) - KNOWN - more - SHELL), [],
         "%s: nothing in the environment but what is documented" % name)
    same(got.get("MARK"), "as it was", "%s: and all of the person's" % name)
    same(sorted(k for k in got if k.startswith("LD_") and k not in s.env), [],
         "%s: nothing for the loader" % name)
manual = open(os.path.join(os.path.dirname(__file__), "..", "..", "doc",
                           "sbx.1")).read()
same([k for k in sorted(KNOWN) if ".It Ev %s\n" % k not in manual], [],
     "all of them are in the manual")

# --- files of everything that is kept ----------------------------------------

bad = []
for top in (s.dir + "/r/sbx", s.dir + "/s/sbx"):
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            st = os.lstat(at + "/" + name)
            if stat.S_IMODE(st.st_mode) & 0o077 or stat.S_ISLNK(st.st_mode):
                bad.append("%s/%s %o" % (at, name, st.st_mode))
same(bad, [], "nothing that is kept can be read by others")

# --- a secret in the environment ---------------------------------------------

s.sbx("add", "b", "--env", "API_TOKEN=sesame", "--", "sleep", "1000")
ok("sesame" not in s.out("show", "b") and
   "sesame" not in s.out("show", "b", "--json") and
   "sesame" not in s.out("events"), "a secret is not shown")
s.end()

# --- configuration -----------------------------------------------------------


def nothing_runs(s):
    return s.sbx("ls")[0] == 3


s = Set(ONE)
for mode, what in ((0o666, "all"), (0o622, "all but not read")):
    os.chmod(s.dir + "/sbxrc", mode)
    code, out, err = s.sbx("up")
    ok(code == 2 and "written by others" in err, "%o is refused" % mode,
       (code, out, err))
os.chmod(s.dir + "/sbxrc", 0o644)
os.chmod(s.dir, 0o777)
code, out, err = s.sbx("up")
ok(code == 2 and "a directory that others can write to" in err,
   "so is one in a directory for all", (code, out, err))
os.chmod(s.dir, 0o700)
os.rename(s.dir + "/sbxrc", s.dir + "/elsewhere")
os.symlink("elsewhere", s.dir + "/sbxrc")
code, out, err = s.sbx("up")
ok(code == 2 and "symbolic link" in err, "and a link", (code, out, err))
os.unlink(s.dir + "/sbxrc")
os.rename(s.dir + "/elsewhere", s.dir + "/sbxrc")
s.write("include more.sbxrc\nenv-file env\n" + ONE)
s.write("process c {\n argv sleep 1000\n}\n", "more.sbxrc")
s.write("A=1\n", "env")
os.chmod(s.dir + "/more.sbxrc", 0o666)
code, out, err = s.sbx("up")
ok(code == 2 and "more.sbxrc" in err, "and what it includes", (code, out, err))
os.chmod(s.dir + "/more.sbxrc", 0o600)
if ROOT:
    for name in ("sbxrc", "more.sbxrc"):
        os.chown(s.dir + "/" + name, STRANGER, 0)
        code, out, err = s.sbx("up")
        ok(code == 2 and "belongs to somebody else" in err,
           "%s of another user is refused" % name, (code, out, err))
        os.chown(s.dir + "/" + name, 0, 0)
ok(nothing_runs(s), "none of them has started anything")
same(s.sbx("up")[0], 0, "mine is taken")
os.chmod(s.dir + "/sbxrc", 0o666)
code, out, err = s.sbx("reload")
ok(code == 2, "a reload refuses what has become untrusted", (code, out, err))
same(s.status("a"), "running", "and changes nothing")
os.chmod(s.dir + "/sbxrc", 0o644)
s.end()

# --- directories and sockets -------------------------------------------------

if not ROOT:
    done()


def as_stranger():
    os.setgroups([])
    os.setgid(STRANGER)
    os.setuid(STRANGER)


def stranger(cwd, *words, **env):
    return subprocess.run([SBX, *words], cwd=cwd, preexec_fn=as_stranger,
                          env=dict({"PATH": os.environ["PATH"]}, **env),
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)


# Without a runtime directory and a home it is /tmp/sbx-UID: made by others?
home = tempfile.mkdtemp(prefix="sbxt", dir="/tmp")
fallback = "/tmp/sbx-%d" % STRANGER
with open(home + "/sbxrc", "w") as f:
    f.write(ONE)
for path in (home, home + "/sbxrc"):
    os.chown(path, STRANGER, STRANGER)
elsewhere = home + "/elsewhere"
os.mkdir(elsewhere, 0o700)
os.chown(elsewhere, STRANGER, STRANGER)
try:
    ran = stranger(home, "check").returncode == 0
    ok(ran or not os.access(SBX, os.X_OK), "the program runs as another user")
except OSError:
    print("# the program cannot be run as another user here")
    ran = False


def made_by(what):
    """Each way to make the directory before its owner does."""
    if what == "a link":
        os.symlink(elsewhere, fallback)
    elif what == "root's":
        os.mkdir(fallback, 0o777)
    else:
        os.mkdir(fallback)
        os.chown(fallback, STRANGER, STRANGER)
        os.chmod(fallback, 0o777)


for what in ("a link", "root's", "one for all") if ran else ():
    for env in ({}, {"XDG_RUNTIME_DIR": elsewhere}, {"HOME": home}):
        made_by(what)
        p = stranger(home, "up", **env)
        ok(p.returncode == 1 and fallback in p.stderr,
           "%s in the place of /tmp/sbx-UID is refused%s" %
           (what, "".join(" (only %s)" % k for k in env)), p)
        if os.path.islink(fallback):
            os.unlink(fallback)
        else:
            shutil.rmtree(fallback)
if ran:
    p = stranger(home, "up")
    same(p.returncode, 0, "one that it makes is taken")
    ok(stat.S_IMODE(os.stat(fallback).st_mode) == 0o700, "and is its own")
    p = stranger(home, "down", "--timeout", "5s")
    same(p.returncode, 0, "down")
    shutil.rmtree(fallback, ignore_errors=True)

# An engine of somebody else: nothing is told to it.
path = home + "/sock"
child = os.fork()
if child == 0:
    as_stranger()
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen()
    heard = b""
    for i in range(2):
        c = sock.accept()[0]
        c.settimeout(20)
        heard += c.recv(1000)
    os._exit(1 if heard else 0)
until(lambda: os.path.exists(path))
s = Set(ONE)
s.env["SBX_SOCKET"] = path
for words in (("ls",), ("add", "--env", "TOKEN=x", "--", "true")):
    code, out, err = s.sbx(*words)
    ok(code not in (0, 3) and "belongs to somebody else" in err,
       "%s: an engine of another user is not believed" % words[0],
       (code, out, err))
same(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0,
     "it has heard nothing")
del s.env["SBX_SOCKET"]
s.end()
shutil.rmtree(home)
done()
