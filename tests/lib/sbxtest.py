"""For tests in Python: a set with directories of its own, and TAP.

    from sbxtest import Set, ok, done, until
    s = Set("process a {\n argv sleep 1000\n}\n")
    s.sbx("up")
    ok(s.row("a")["status"] == "running", "a runs")
    done()

Deadlines, never sleeps: until() asks again until it is true or time is up.
At exit every set is brought down and whatever is left of it is a failure.
"""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SBX = os.environ.get("SBX", os.path.abspath("build/sbx"))
OUT = os.environ.get("O", os.path.abspath("build"))
ZOO = os.path.join(OUT, "tests", "lib", "zoo")
LONG = bool(os.environ.get("LONG"))
with open(SBX, "rb") as binary:
    # It reports a SIGSEGV that somebody sends as a fault of its own, and
    # cannot live with little memory.
    SANITIZED = b"__asan_init" in binary.read()

_count = 0
_failed = 0
_sets = []


def ok(true, name, more=""):
    global _count, _failed
    _count += 1
    print("%sok %d - %s" % ("" if true else "not ", _count, name), flush=True)
    if not true:
        _failed += 1
        for line in str(more).splitlines()[:40]:
            print("# " + line, flush=True)
    return bool(true)


def same(got, want, name):
    return ok(got == want, name, "got  %r\nwant %r" % (got, want))


def done():
    for s in list(_sets):
        s.end()
    print("1..%d" % _count, flush=True)
    sys.exit(1 if _failed else 0)


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def until(fn, seconds=15, pause=0.02):
    """The first true value of fn(), or its last one when time is up."""
    end = time.monotonic() + seconds
    while True:
        value = fn()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def pids_with(text):
    """Live processes whose command line or environment holds the text."""
    found = []
    want = text.encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            data = b""
            for part in ("cmdline", "environ"):
                with open("/proc/%s/%s" % (name, part), "rb") as f:
                    data += f.read()
        except OSError:
            continue
        if want in data and alive(int(name)):
            found.append(int(name))
    return found


class Set:
    """An sbxrc in a directory of its own, with a runtime of its own."""

    def __init__(self, text, **env):
        self.dir = tempfile.mkdtemp(prefix="sbxt", dir="/tmp")
        self.write(text)
        os.makedirs(self.dir + "/r", 0o700)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.dir + "/r",
                        XDG_STATE_HOME=self.dir + "/s", HOME=self.dir,
                        XDG_CONFIG_HOME=self.dir + "/c", LC_ALL="C.UTF-8",
                        TERM="xterm-256color", ZOO=ZOO)
        for name in ("TMUX", "SBX", "SBX_SOCKET", "NO_COLOR"):
            self.env.pop(name, None)
        self.env.update(env)
        self.ended = False
        _sets.append(self)

    def write(self, text, name="sbxrc"):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)

    def sbx(self, *words, timeout=60, input=None):
        """Exit code, stdout, stderr."""
        p = subprocess.run([SBX, *words], cwd=self.dir, env=self.env,
                           capture_output=True, timeout=timeout,
                           input=input,
                           stdin=None if input is not None
                           else subprocess.DEVNULL)
        return (p.returncode, p.stdout.decode("utf-8", "replace"),
                p.stderr.decode("utf-8", "replace"))

    def out(self, *words, **kw):
        return self.sbx(*words, **kw)[1]

    def popen(self, *words, **kw):
        return subprocess.Popen([SBX, *words], cwd=self.dir, env=self.env,
                                stdin=subprocess.DEVNULL, **kw)

    def rows(self):
        code, out, err = self.sbx("ls", "--json")
        if code:
            return []
        return json.loads(out)["processes"]

    def row(self, name):
        for r in self.rows():
            if r["name"] == name:
                return r
        return {}

    def status(self, name):
        return self.row(name).get("status")

    def raw(self, name, stream="stdout"):
        """The exact bytes of a stream."""
        return subprocess.run([SBX, "logs", name, "--raw", "--stream", stream],
                              cwd=self.dir, env=self.env, timeout=60,
                              capture_output=True,
                              stdin=subprocess.DEVNULL).stdout

    def doctor(self):
        code, out, err = self.sbx("doctor", "--json")
        facts = json.loads(out or "{}")
        if "engine_pid" not in facts:
            print("# doctor: %d %s %s" % (code, out, err), flush=True)
        return facts

    def pids(self):
        d = self.doctor()
        return d["engine_pid"], d["keeper_pid"], d["anchor_pid"]

    def kill_engine(self, signo=signal.SIGKILL):
        pid = self.doctor()["engine_pid"]
        os.kill(pid, signo)
        return pid

    def answers(self):
        """An engine does, sooner or later."""
        return until(lambda: self.sbx("ls")[0] == 0, 20)

    def events(self):
        out = self.out("events", "--json")
        return [json.loads(line) for line in out.splitlines()]

    def tmux(self, *words):
        return subprocess.run(["tmux", "-L", "t" + os.path.basename(self.dir),
                               "-f", "/dev/null", *words], env=self.env,
                              cwd=self.dir, capture_output=True,
                              text=True).stdout

    def screen(self, *words, cols=80, rows=24):
        """Opens sbx in a tmux of its own."""
        cmd = " ".join([SBX, *words])
        self.tmux("new-session", "-d", "-x", str(cols), "-y", str(rows),
                  cmd + "; echo left $?; sleep 1000")
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def capture(self, *words):
        return self.tmux("capture-pane", "-p", *words)

    def sees(self, pattern, seconds=15):
        """Until the screen matches; the match, or None."""
        return until(lambda: re.search(pattern, self.capture()), seconds)

    def end(self):
        if self.ended:
            return
        self.ended = True
        _sets.remove(self)
        self.sbx("down", "--timeout", "3s")
        self.tmux("kill-server")
        left = until(lambda: not pids_with(self.dir), 5)
        if not left:
            ok(False, "nothing is left of the set",
               "\n".join(open("/proc/%d/cmdline" % p).read()
                         .replace("\0", " ") for p in pids_with(self.dir)
                         if alive(p)))
            for p in pids_with(self.dir):
                os.kill(p, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)


# Whoever ends a test that takes too long gets a clean end, too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@atexit.register
def _clean():
    for s in list(_sets):
        s.ended = True
        s.sbx("down", "--timeout", "1s")
        s.tmux("kill-server")
        for p in pids_with(s.dir):
            try:
                os.kill(p, signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(s.dir, ignore_errors=True)
