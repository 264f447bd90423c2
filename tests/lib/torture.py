"""For torture tests: what /proc says of sbx's own processes, its socket with
nothing of sbx in between, and directories on a small disk of their own.

A failing assertion of the program, a sanitizer's report or a dead process of
sbx must never pass unseen: whole(s) is asked at the end of each scenario.
"""
import array
import fcntl
import glob
import json
import os
import re
import socket
import struct
import subprocess
import sys
import termios
import threading

from sbxtest import OUT, SBX, alive, ok, until

MAGIC = 0x31584253


def frame_types():
    """The numbers of the frames, as the header has them."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(here + "/../../engine/spec/proto.h") as f:
        text = re.search(r"enum proto_type \{(.*?)\n\};", f.read(), re.S)[1]
    types, last = {}, 0
    for name, no in re.findall(r"\bPROTO_(\w+)(?: = (\d+))?,",
                               re.sub(r"/\*.*?\*/", "", text, flags=re.S)):
        last = int(no) if no else last + 1
        types[name] = last
    return types


_types = frame_types()
HELLO, REQUEST, SUBSCRIBE = (_types[t] for t in
                             ("HELLO", "REQUEST", "SUBSCRIBE"))
SCREEN_WATCH, RESIZE, INPUT = (_types[t] for t in
                               ("SCREEN_WATCH", "RESIZE", "INPUT"))
REPLY, BYE = _types["REPLY"], _types["BYE"]

with open(SBX, "rb") as _f:
    SANITIZED = b"__asan_init" in _f.read()	# its memory says nothing

COMPLAINTS = re.compile(
    r"Assertion .* failed|\w*Sanitizer|runtime error:|"
    r"stack smashing|buffer overflow detected|corrupted|double free")


def nfds(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def rss_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def bounded(pid, most_kb, name):
    now = rss_kb(pid)
    return ok(SANITIZED or now < most_kb, name,
              "%d kB are more than %d" % (now, most_kb))


def stat(pid):
    """Fields of /proc/PID/stat from the state on; None if it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def parents():
    """Every process with its parent and state."""
    out = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            st = stat(int(name))
            if st:
                out[int(name)] = (int(st[1]), st[0])
    return out


def descendants(root):
    """All live and dead descendants of a process: pid to state."""
    table, out, todo = parents(), {}, [root]
    while todo:
        up = todo.pop()
        for pid, (ppid, state) in table.items():
            if ppid == up and pid not in out:
                out[pid] = state
                todo.append(pid)
    return out


def zombies(root):
    return [p for p, state in descendants(root).items() if state == "Z"]


def rundir(s):
    return glob.glob(s.dir + "/r/sbx/*")[0]


def statedir(s):
    return glob.glob(s.dir + "/s/sbx/*-*")[0]


def sock_path(s):
    return rundir(s) + "/sock"


def engine_log(s):
    text = ""
    for path in glob.glob(s.dir + "/s/sbx/*/engine.log") + \
            glob.glob(s.dir + "/asan.*"):
        with open(path, errors="replace") as f:
            text += f.read()
    return text


def clean(s, name):
    """Nothing of sbx has complained of itself.  A signal that the test sent
    is reported by a sanitizer too; its address is who sent it."""
    sent = re.compile(r" on unknown address 0x0*%x " % os.getpid())
    log = "".join(
        part for part in re.split(r"(?=AddressSanitizer:DEADLYSIGNAL)",
                                  engine_log(s)) if not sent.search(part))
    return ok(not COMPLAINTS.search(log), name + ": nothing broke inside",
              log[-3000:])


def whole(s, name, engine=None):
    """The set answers, no process of sbx is a zombie or has complained."""
    code, out, err = s.sbx("ls", "--json")
    ok(code == 0, name + ": the engine answers", err)
    if engine:
        ok(alive(engine), name + ": and it is the same one")
    clean(s, name)


def frame(kind, data=b"", number=1, fds=0):
    return struct.pack("<IHBBI", len(data), kind, fds, 0, number) + data


def text(s):
    return struct.pack("<I", len(s) + 1) + s.encode() + b"\0"


def protocol():
    out = subprocess.run([SBX, "version", "--json"], capture_output=True)
    return json.loads(out.stdout)["protocol"]


PROTOCOL = protocol()


def hello(version=PROTOCOL, magic=MAGIC):
    return frame(HELLO, struct.pack("<II", magic, version) + text("test") +
                 struct.pack("<III", 0, 0, 0) + text("") * 4 +
                 struct.pack("<q", 0) + text("") + struct.pack("<I", 0))


def request(verb, names=(), flags=0, number=0, for_ms=0):
    return frame(REQUEST, struct.pack("<HIqQ", verb, flags, number, for_ms) +
                 text("") + struct.pack("<I", len(names)) +
                 b"".join(text(n) for n in names) + struct.pack("<Q", 0))


class Wire:
    """A client that says exactly what it is told to."""

    def __init__(self, s, greet=True):
        self.sock = socket.socket(socket.AF_UNIX)
        # Blocking, it waits while the queue of the listener is full; with a
        # timeout of Python's it would fail at once.
        self.sock.connect(sock_path(s))
        self.sock.settimeout(60)
        self.rest = b""
        if greet:
            self.send(hello())
            self.until(HELLO)

    def send(self, data, fds=()):
        if fds:
            self.sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                        array.array("i", fds))])
        else:
            self.sock.sendall(data)

    def frame(self):
        """Kind and bytes of the next frame; (None, b"") at the end."""
        try:
            while len(self.rest) < 12 or len(self.rest) < 12 + \
                    struct.unpack_from("<I", self.rest)[0]:
                data = self.sock.recv(65536)
                if not data:
                    return None, b""
                self.rest += data
        except ConnectionError:
            return None, b""
        length, kind = struct.unpack_from("<IH", self.rest)
        data = self.rest[12:12 + length]
        self.rest = self.rest[12 + length:]
        return kind, data

    def until(self, kind):
        """The bytes of the next frame of a kind; None at the end."""
        while True:
            got, data = self.frame()
            if got == kind:
                return data
            if got is None:
                return None

    def gone(self):
        """The engine hangs up, whatever it says before."""
        try:
            while self.frame()[0] is not None:
                pass
        except socket.timeout:
            return False
        return True

    def close(self):
        self.sock.close()


def in_namespace():
    """Runs this script again where its mounts are its own; False if that is
    not permitted here."""
    if os.environ.get("TORTURE_NS"):
        return True
    if os.geteuid() != 0 or subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True).returncode != 0:
        return False
    os.environ["TORTURE_NS"] = "1"
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "-m", sys.executable] + sys.argv)


def small_disk(path, size):
    os.makedirs(path, 0o700, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    "mode=700,size=" + size, "none", path], check=True)


def fill(path):
    """Takes what is left of a disk, to the last block; the file's name."""
    name = path + "/filler"
    with open(name, "wb", buffering=0) as f:
        size = 1 << 20
        while size:
            try:
                while f.write(b"x" * size) == size:
                    pass
            except OSError:
                pass
            size //= 16
    return name


def numbers(data):
    """Line numbers of bytes such as b"line 12\\nline 13\\n"."""
    return [int(w) for w in re.findall(rb"^line (\d+)$", data, re.M)]


def wait_rows(s, fn, seconds=20):
    """Until fn(rows by name) is true; the rows."""
    box = {}

    def look():
        box["rows"] = {r["name"]: r for r in s.rows()}
        return bool(box["rows"]) and fn(box["rows"])
    until(look, seconds, 0.05)
    return box["rows"]


class Tty:
    """A terminal with a program in it, as bare as a terminal can be: it has a
    size, takes bytes or not, answers nothing, and can hang up."""

    def __init__(self, s, argv, rows=24, cols=80, **env):
        self.master, slave = os.openpty()
        self.data, self.mark = b"", 0
        self.reads = threading.Event()
        self.reads.set()
        self.resize(rows, cols)
        self.saved = termios.tcgetattr(slave)
        self.slave = slave
        env = dict(s.env, **env)
        for name in [n for n in env if env[n] is None]:
            del env[name]
        self.p = subprocess.Popen(
            argv, cwd=s.dir, env=env, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.reads.wait()
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            self.data += data

    def resize(self, rows, cols):
        self.rows, self.cols = rows, cols
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("<4H", rows, cols, 0, 0))

    def type(self, data):
        """Everything at once, as a paste comes."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.master, view[:4000]):]

    def key(self, data):
        """One key, and nothing for a moment: what comes at once is a paste
        to sbx."""
        self.type(data)
        until(lambda: False, 0.08)

    def redraw(self):
        """What is drawn from now on makes the picture."""
        self.mark = len(self.data)
        self.key(b"\x0c")

    def picture(self):
        p = subprocess.run([OUT + "/tests/lib/vtshow", str(self.rows),
                            str(self.cols)], input=self.data[self.mark:],
                           capture_output=True)
        text = re.sub(rb"\x1b\[[0-9;:]*m", b"", p.stdout)
        return text.decode("utf-8", "replace").rsplit("cursor ", 1)[0]

    def sees(self, pattern, seconds=20):
        return until(lambda: re.search(pattern, self.picture(), re.M), seconds,
                     0.1)

    def sane(self):
        """Its settings are what they were."""
        return termios.tcgetattr(self.slave) == self.saved

    def ended(self, seconds=20):
        """The exit code; None if it goes on."""
        until(lambda: self.p.poll() is not None, seconds)
        return self.p.returncode

    def close(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()
        self.reads.set()
        for fd in (self.slave, self.master):
            if fd >= 0:
                os.close(fd)
        self.slave = self.master = -1

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
        self.slave = self.master = -1
