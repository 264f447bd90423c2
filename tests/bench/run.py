"""The benchmarks of sbx against cat, tmux and grep, in one run.

Each figure is the median of several tries, the tries of the two sides
alternate, and what counts is the ratio: machines differ.
"""
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SBX = os.environ["SBX"]
HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.join(os.environ["O"], "tests", "bench")
ROOT = tempfile.mkdtemp(prefix="sbxb", dir="/tmp")
TRIES = int(os.environ.get("TRIES", "3"))
LINES = int(os.environ.get("LINES_", "1000000"))

WATCHES = r"""
    watch errors  /\b(?:ERROR|FATAL)\b/ level=error
    watch slow    /took (?<ms>\d{4,})ms/ value=ms unit=ms
    watch latency / 200 (?<lat>1[0-9])ms / value=lat unit=ms
    watch oom     /heap out of memory/i count
    watch done    /^line 0000999999 / mark
"""


def tool(name):
    return os.path.join(BIN, "bench_" + name)


class Set:
    """An sbxrc in a directory of its own, with a runtime of its own."""

    def __init__(self, text):
        self.dir = tempfile.mkdtemp(dir=ROOT)
        self.rc = os.path.join(self.dir, "sbxrc")
        with open(self.rc, "w") as f:
            f.write(text)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.dir + "/r",
                        XDG_STATE_HOME=self.dir + "/s", HOME=self.dir,
                        LC_ALL="C.UTF-8", TERM="xterm-256color")
        self.env.pop("TMUX", None)
        os.makedirs(self.dir + "/r", 0o700)

    def run(self, *words, check=True):
        p = subprocess.run([SBX, *words], cwd=self.dir, env=self.env,
                           capture_output=True, text=True,
                           stdin=subprocess.DEVNULL)
        if check and p.returncode != 0:
            sys.exit("sbx %s: %d %s" % (" ".join(words), p.returncode,
                                        p.stderr))
        return p.stdout

    def tmux(self, *words):
        return subprocess.run(["tmux", "-L", "b" + os.path.basename(self.dir),
                               "-f", "/dev/null", *words], env=self.env,
                              cwd=self.dir, capture_output=True, text=True)

    def open_screen(self, *words):
        self.tmux("new-session", "-d", "-x", "120", "-y", "40", SBX, *words)

    def end(self):
        self.run("down", "--timeout", "2s", check=False)
        self.tmux("kill-server")
        shutil.rmtree(self.dir, ignore_errors=True)


def wait_file(path, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.path.exists(path) and os.path.getsize(path):
            with open(path) as f:
                return int(f.read())
        time.sleep(0.005)
    sys.exit("nothing in %s after %d s" % (path, seconds))


def median(values):
    return statistics.median(values)


def show(name, value, unit, base=None, base_name=""):
    line = "%-44s %10.2f %-5s" % (name, value, unit)
    if base:
        line += "  %6.2f x %s (%.2f)" % (value / base, base_name, base)
    print(line, flush=True)


def cat_flood(how, to="/dev/null"):
    result = os.path.join(ROOT, "cat.txt")
    subprocess.run("%s %d %s %s | cat >%s" %
                   (tool("flood"), LINES, how, result, to), shell=True,
                   check=True)
    took = wait_file(result)
    os.unlink(result)
    return took


def cat_file_flood(how):
    """What keeping the bytes costs on this machine, with nothing else."""
    kept = os.path.join(ROOT, "cat.kept")
    took = cat_flood(how, kept)
    os.unlink(kept)
    return took


def sbx_flood(how, screen, others=0):
    s = Set("process flood {\n cmd exec %s %d %s $OUT 300\n env OUT=%s\n%s}\n"
            % (tool("flood"), LINES, how, "/dev/null", WATCHES))
    with open(s.rc) as f:
        text = f.read().replace("/dev/null", s.dir + "/took")
    with open(s.rc, "w") as f:
        for i in range(others):
            f.write("process p%d {\n argv sleep 1000\n}\n" % i)
        f.write(text)
    if others or not screen:
        s.run("up")
    if screen:
        s.open_screen("flood")
    took = wait_file(s.dir + "/took")
    s.run("wait", "flood", "--exit", "--timeout", "120s", check=False)
    kept = subprocess.run("%s logs flood --raw --stream stdout | wc -l" % SBX,
                          shell=True, cwd=s.dir, env=s.env,
                          capture_output=True, text=True).stdout
    s.end()
    if int(kept) != LINES:
        sys.exit("flood: %d of %d lines kept" % (int(kept), LINES))
    return took


def bench_flood():
    for how, name in (("line", "a write a line"), ("stdio", "blocks of 4 KB"),
                      ("block", "blocks of 64 KB")):
        ways = (("cat", lambda: cat_flood(how)),
                ("  cat >file", lambda: cat_file_flood(how)),
                ("  sbx, 5 watches, no screen", lambda: sbx_flood(how, False)),
                ("  sbx, 5 watches, screen open", lambda: sbx_flood(how, True)),
                ("  the same, 20 processes beside it",
                 lambda: sbx_flood(how, True, 20)))
        took = [[] for _ in ways]
        for _ in range(TRIES):
            for way, to in zip(ways, took):
                to.append(way[1]())
        base = median(took[0]) / 1e3
        show("flood, 1M lines, %s: cat" % name, base, "ms")
        for way, to in zip(ways[1:], took[1:]):
            show(way[0], median(to) / 1e3, "ms", base, "cat")


def bench_tty():
    """The same flood on a terminal, against tmux."""
    ours, theirs = [], []
    lines = LINES // 5
    for _ in range(TRIES):
        s = Set("process flood {\n argv %s %d line took 300\n tty yes\n}\n" %
                (tool("flood"), lines))
        s.open_screen()
        ours.append(wait_file(s.dir + "/took"))
        s.end()
        s = Set("")
        s.tmux("new-session", "-d", "-x", "120", "-y", "40", tool("flood"),
               str(lines), "line", s.dir + "/took", "300")
        theirs.append(wait_file(s.dir + "/took"))
        s.tmux("kill-server")
    show("flood on a tty, %d lines: tmux" % lines, median(theirs) / 1e3, "ms")
    show("  sbx, screen open", median(ours) / 1e3, "ms", median(theirs) / 1e3,
         "tmux")


def echo(where, *targets):
    """p50, p99 and max in ms, for each (marker, keys, command...)."""
    words = []
    for t in targets:
        words += ["--"] * bool(words) + list(t)
    p = subprocess.run([tool("echo"), "400", *words], env=where.env,
                       cwd=where.dir, capture_output=True, text=True)
    if p.returncode:
        sys.exit("echo: " + p.stderr)
    return [[int(w) / 1e3 for w in line.split()]
            for line in p.stdout.splitlines()]


CAT = "process shell {\n argv sh -c 'echo READY; exec cat'\n tty yes\n}\n"


def bench_echo():
    ours, theirs, flooded = [], [], []
    server = "e%d" % os.getpid()
    for _ in range(TRIES):
        s = Set(CAT)
        tmux, sbx = echo(s, ("READY", "", "tmux", "-L", server, "-f",
                             "/dev/null", "new-session",
                             "echo READY; exec cat"),
                         ("READY", "\\r", SBX))
        subprocess.run(["tmux", "-L", server, "kill-server"],
                       capture_output=True)
        theirs.append(tmux)
        ours.append(sbx)
        s.end()
        s = Set(CAT + "process noise {\n cmd while :; do echo "
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n}\n")
        flooded += echo(s, ("READY", "\\r", SBX))
        s.end()
    for i, name in ((0, "p50"), (1, "p99")):
        base = median([t[i] for t in theirs])
        show("key to echo, %s: tmux" % name, base, "ms")
        show("  sbx", median([t[i] for t in ours]), "ms", base, "tmux")
        show("  sbx, another process floods", median([t[i] for t in flooded]),
             "ms", base, "tmux")


def bench_frame():
    for count in (10, 100):
        ours, theirs = [], []
        for _ in range(max(TRIES, 5)):
            s = Set("set limit.processes 200\n" +
                    "".join("process p%d {\n argv sleep 1000\n}\n" % i
                            for i in range(1, count + 1)))
            p = subprocess.run([tool("frame"), "p%d" %
                                min(count, 20), SBX], env=s.env, cwd=s.dir,
                               capture_output=True, text=True)
            if p.returncode:
                sys.exit("frame: " + p.stderr)
            ours.append(int(p.stdout) / 1e3)
            s.end()
            s = Set("")
            words = ["tmux", "-L", "f%d" % os.getpid(), "-f", "/dev/null",
                     "new-session", "-n", "w1", "sleep 1000"]
            for i in range(2, count + 1):
                words += [";", "new-window", "-n", "w%d" % i, "sleep 1000"]
            p = subprocess.run([tool("frame"), "w%d*" % count, *words],
                               env=s.env, cwd=s.dir, capture_output=True,
                               text=True)
            theirs.append(int(p.stdout or 0) / 1e3)
            subprocess.run(["tmux", "-L", "f%d" % os.getpid(), "kill-server"],
                           capture_output=True)
            shutil.rmtree(s.dir, ignore_errors=True)
        show("first frame, %d processes: tmux" % count, median(theirs), "ms")
        show("  sbx, engine included", median(ours), "ms", median(theirs),
             "tmux")


def stat_of(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    out = {"cpu": ticks / os.sysconf("SC_CLK_TCK")}
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS"):
                out["rss"] = int(line.split()[1]) / 1024
            if line.startswith("voluntary_ctxt"):
                out["wakes"] = int(line.split()[1])
    return out


def bench_idle():
    s = Set("set limit.processes 200\n" +
            "".join("process p%d {\n argv sleep 100000\n}\n" % i
                    for i in range(100)))
    s.run("up")
    d = json.loads(s.run("doctor", "--json"))
    pids = [d["engine_pid"], d["keeper_pid"]]
    time.sleep(3)
    before = [stat_of(p) for p in pids]
    seconds = 10
    time.sleep(seconds)
    after = [stat_of(p) for p in pids]
    cpu = sum(a["cpu"] - b["cpu"] for a, b in zip(after, before))
    wakes = sum(a["wakes"] - b["wakes"] for a, b in zip(after, before))
    show("100 idle processes: CPU, share of a core", 100 * cpu / seconds, "%")
    show("  wake-ups a second", wakes / seconds, "/s")
    show("  engine resident", after[0]["rss"], "MB")
    show("  keeper resident", after[1]["rss"], "MB")
    show("  engine and keeper", after[0]["rss"] + after[1]["rss"], "MB")
    took, theirs = [], []
    for _ in range(40):
        start = time.monotonic()
        s.run("ls")
        took.append((time.monotonic() - start) * 1e3)
        start = time.monotonic()
        subprocess.run(["true"])
        theirs.append((time.monotonic() - start) * 1e3)
    show("sbx ls, 100 processes", median(took), "ms", median(theirs),
         "running true")
    s.end()


def bench_create():
    s = Set("process idle {\n argv sleep 1000\n}\n")
    s.run("up")
    d = json.loads(s.run("doctor", "--json"))
    subprocess.run([tool("create"), d["socket"], "1000"], check=True)
    count = 200
    start = time.monotonic()
    for _ in range(count):
        s.run("exec", "--", "true")
    took = time.monotonic() - start
    base = time.monotonic()
    for _ in range(count):
        subprocess.run(["true"])
    base = time.monotonic() - base
    show("exec true, a client each", count / took, "/s", count / base,
         "running true")
    s.end()


class Server:
    """A server of the process API: sbx serve, or the one that is published
    with the npm package sandbox-agent."""

    def __init__(self, npm, original):
        self.npm, self.original, self.set = npm, original, Set("")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        at = "127.0.0.1:%d" % self.port
        if original:
            words = [original, "server", "--no-token", "--no-telemetry",
                     "--port", str(self.port)]
        else:
            self.set.run("up")
            words = [SBX, "serve", "--listen", at]
        self.child = subprocess.Popen(words, cwd=self.set.dir,
                                      env=self.set.env,
                                      stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        self.url = "http://" + at
        end = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            if time.monotonic() > end:
                sys.exit("serve: nothing listens at " + at)
            time.sleep(0.01)

    def figures(self, what):
        pids = [self.child.pid]
        if not self.original:
            d = json.loads(self.set.run("doctor", "--json"))
            pids += [d["engine_pid"], d["keeper_pid"]]
        p = subprocess.run(["node", os.path.join(HERE, "serve.mjs"), "--npm",
                            self.npm, "--url", self.url, "--flood",
                            tool("flood"), "--dir", self.set.dir, "--pids",
                            ",".join(map(str, pids)), what],
                           env=self.set.env, capture_output=True, text=True)
        if p.returncode:
            sys.exit("serve: " + p.stdout + p.stderr)
        return json.loads(p.stdout)

    def end(self):
        self.child.terminate()
        self.child.wait()
        self.set.end()


SERVE_ROWS = (
    ("life_ms", "create, exit and delete of true, p50", "ms"),
    ("life_mean_ms", "  mean", "ms"),
    ("life_p99_ms", "  p99", "ms"),
    ("follow_ms", "write to follower, p50", "ms"),
    ("follow_mean_ms", "  mean", "ms"),
    ("follow_p99_ms", "  p99", "ms"),
    ("echo_ms", "key to echo over the WebSocket, p50", "ms"),
    ("echo_mean_ms", "  mean", "ms"),
    ("echo_p99_ms", "  p99", "ms"),
    ("many_start_ms", "200 processes, 200 followers: start", "ms"),
    ("many_ms", "  200 lines each: until all is there", "ms"),
    ("many_lost", "  lines lost", ""),
    ("many_cpu_ms", "  processor time of the server", "ms"),
    ("many_mb", "  resident then", "MB"),
    ("flood_child_ms", "100 MB, one follower: writer", "ms"),
    ("flood_ms", "  until the follower has it", "ms"),
    ("flood_lost", "  lines lost", ""),
    ("flood_cpu_ms", "  processor time of the server", "ms"),
    ("flood_mb", "  resident then", "MB"),
    ("idle_mb", "resident at first", "MB"),
    ("dead_kb", "a dead record", "KB"),
    ("full_kb", "a dead record with 106 KB of output", "KB"),
)


def settle():
    """What the last run has left to the disk is not of the next one."""
    os.sync()
    for _ in range(20):
        before = busy()
        time.sleep(0.2)
        if busy() - before < 0.02:
            return


def busy():
    """Seconds that the processors have worked, all together."""
    with open("/proc/stat") as f:
        words = f.readline().split()[1:]
    return sum(int(words[i]) for i in (0, 1, 2, 5, 6, 7)) / os.sysconf(
        "SC_CLK_TCK")


def bench_serve():
    """sbx serve against the published server of the same API.  All of the
    server is looked at: for sbx the engine and the keeper, too."""
    npm = os.path.join(os.environ["O"], "npm")
    if subprocess.run(["sh", os.path.join(HERE, "../lib/npm.sh"),
                       npm]).returncode:
        print("serve: left out, the npm packages are not there")
        return
    original = os.path.join(npm, "node_modules/@sandbox-agent/cli-linux-x64"
                            "/bin/sandbox-agent")
    sides = [""]
    if os.path.exists(original):
        os.chmod(original, 0o755)
        sides.append(original)
    runs = [{} for _ in sides]
    for what, tries in (("dead", TRIES), ("full", TRIES), ("lives", TRIES),
                        ("latency", 3 * TRIES), ("echo", 3 * TRIES),
                        ("many", TRIES), ("flood", TRIES)):
        for n in range(tries):
            # One after the other, and each as often first.
            pairs = list(zip(sides, runs))
            for side, run in pairs[::1 - 2 * (n % 2)]:
                settle()
                server = Server(npm, side)
                try:
                    for key, value in server.figures(what).items():
                        run.setdefault(key, []).append(value)
                finally:
                    server.end()
    for key, name, unit in SERVE_ROWS:
        values = [median(run[key]) for run in runs]
        show("serve: " + name, values[0], unit,
             *([values[1], "sandbox-agent"] if values[1:] else []))
        if values[1:] and not values[1]:
            print("%-44s %10.2f %-5s" % ("  sandbox-agent", values[1], unit))


BENCHES = {"flood": bench_flood, "tty": bench_tty, "echo": bench_echo,
           "frame": bench_frame, "idle": bench_idle, "create": bench_create,
           "serve": bench_serve}


def main():
    try:
        for name in sys.argv[1:] or BENCHES:
            if name in BENCHES:
                BENCHES[name]()
            else:
                subprocess.run([tool(name)], check=True)
        if not sys.argv[1:]:
            for name in ("log", "vt"):
                if os.path.exists(tool(name)):
                    subprocess.run([tool(name)], check=True)
    finally:
        shutil.rmtree(ROOT, ignore_errors=True)


main()
