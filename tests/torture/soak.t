#!/usr/bin/env python3
"""Random commands, kills, reloads, upgrades and deaths of engines for
SOAK_SECONDS (10), or until SOAK_LIVES processes have lived: after them no
process, descriptor, byte or record is left over or missing, and every state
has its cause.  SEED repeats a walk."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import sbxtest
from sbxtest import SANITIZED, ZOO, Set, alive, done, ok, same, until
from torture import (bounded, descendants, engine_log, nfds, numbers, rss_kb,
                     stat, statedir, wait_rows, whole, zombies)

LIVES = int(os.environ.get("SOAK_LIVES", "0"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "0" if LIVES else "10"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
rnd = random.Random(SEED)
print("# SEED=%d" % SEED, flush=True)

RC = """
set limit.processes 100
defaults {
    restart.backoff 20ms..200ms
    restart.max 0
    stop TERM 200ms KILL
    log.keep 2M
}
process steady {
    argv %(zoo)s tick 5
    log.keep 1G
}
process steady-tty {
    argv %(zoo)s tick 7
    tty yes
    log.keep 1G
}
process flaky {
    cmd echo up; sleep 0.05; echo down; exit 3
    restart on-failure
    watch down /down/ count
}
process crash {
    cmd sleep 0.1; kill -SEGV $$
    restart always
}
process daemons {
    cmd %(zoo)s daemon & setsid sleep 100031 & env -i %(zoo)s daemon leave; sleep 1000
    autostart no
}
process ignore {
    argv %(zoo)s ignore
    ready log /ready/
}
process cat {
    argv cat
    stdin pipe
}
process shell {
    argv bash --norc -i
    tty yes
}
process flood {
    argv %(zoo)s flood 8
    autostart no
}
process late {
    cmd echo waited
    depends ignore ready
}
process probed {
    argv %(zoo)s wait
    ready exec true
    autostart no
}
process storm {
    argv %(zoo)s storm 2
    autostart no
}
process off {
    argv no-such-program
    autostart no
}
process worker {
    argv %(zoo)s tick 20
    replicas 2
    depends ignore started
    group pool
}
process timed {
    cmd echo a time; sleep 0.1
    schedule every 1s
    schedule.overlap replace
}
process edited {
    cmd echo edited; exec sleep 100034
    files edited.d debounce=20ms cascade=yes
}
process behind {
    cmd echo behind; exec sleep 100035
    depends edited started
}
process short {
    argv sleep 100036
    timeout 300ms
    restart always
}
process checked {
    cmd echo checked; exec sleep 100037
    ready log /checked/
    live exec test ! -e unwell
    live.every 100ms
    live.fails 1
    live.action restart
    hook told read x; sleep 100038
    watch told /checked/ run=told max=5/1m
}
""" % {"zoo": ZOO}
EXTRA = """
process x-extra {
    cmd echo extra; exec sleep 100033
}
"""
# What a reload can find another time.  What the steady ones watch and keep may
# change under them; nothing else of theirs does.
EDITS = (
    ("echo down", "echo DOWN"),
    ("replicas 2", "replicas 3"),
    ("    depends ignore started\n", ""),
    ("    group pool\n", "    group other\n"),
    ("restart.backoff 20ms..200ms", "restart.backoff 10ms..400ms"),
    ("schedule every 1s", "schedule every 2s at-start"),
    ("overlap replace", "overlap queue"),
    ("debounce=20ms cascade=yes", "debounce=10ms"),
    ("timeout 300ms", "timeout 200ms"),
    ("live.action restart", "live.action mark"),
    ("tick 5\n", "tick 5\n    watch tens /0$/ count\n"),
    ("tick 7\n", "tick 7\n    log.rotate 1M\n    log.file tty.log\n"),
    ("process late {\n", "process late {\n    env LATE=1\n"),
    ("set limit.processes 100\n", "set limit.processes 90\n"),
    ("process storm {", "process tempest {"),
)
s = Set(RC, ZOO_SECONDS=str(4 * 3600))
os.mkdir(s.dir + "/edited.d")
BINARIES = [sbxtest.SBX, s.dir + "/sbx-new"]
shutil.copy(sbxtest.SBX, BINARIES[1])
with open(BINARIES[1], "ab") as f:
    f.write(b"\n")			# another one, which does the same
same(s.sbx("up")[0], 0, "the set is up")
NAMES = sorted({r["name"].split(".")[0] for r in s.rows()} -
               {"steady", "steady-tty"})
engine, keeper, anchor = s.pids()
wait_rows(s, lambda r: r["steady"]["log_lines"] > 20)
s.sbx("stop", *NAMES)
before = {"keeper fds": nfds(keeper), "engine fds": nfds(engine),
          "keeper kB": rss_kb(keeper), "engine kB": rss_kb(engine)}
steady = {n: s.row(n)["pid"] for n in ("steady", "steady-tty")}
GRACE = 90 if LIVES or SECONDS > 60 else 25	# seconds that a command may take
wrong, counts, clients, added, low = [], {}, [], 0, 0
lived, runs = 0, {}


def some(most=3):
    return rnd.sample(NAMES, rnd.randint(1, most))


def client(*words):
    clients.append((time.monotonic(), words, s.popen(
        *words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)))


def add():
    global added
    added += 1
    words = rnd.choice((["echo", "hi"], ["sh", "-c", "sleep 0.1; exit 4"],
                        ["sleep", "100032"], ["no-such-program"]))
    client("add", "x%d" % added, *(["--rm"] if rnd.random() < 0.5 else []),
           *(["--tty"] if rnd.random() < 0.3 else []), "--", *words)


def engine_now():
    """None while there is none."""
    return s.doctor().get("engine_pid")


def kill_engine():
    pid = engine_now()
    try:
        if pid:
            os.kill(pid, rnd.choice((signal.SIGKILL,) * 5 + (
                signal.SIGTERM if SANITIZED else signal.SIGSEGV,
                signal.SIGABRT)))
    except OSError:
        pass			# it was killed a moment ago


def kill_child():
    spared = [engine_now(), *steady.values()]
    children = [p for p in descendants(keeper) if p not in spared]
    # Without its pid a new engine could be among them.
    if children and spared[0]:
        try:
            os.kill(rnd.choice(children), rnd.choice(
                (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)))
        except OSError:
            pass


def reload():
    """Another process, other lines of some, or mistakes."""
    text = RC
    for old, new in rnd.sample(EDITS, rnd.randint(0, 3)):
        text = text.replace(old, new)
    text += rnd.choice(("", "", EXTRA, "process {\n"))
    # At once: half of a file is a set too, which a reload would believe.
    s.write(text, "new")
    os.rename(s.dir + "/new", s.dir + "/sbxrc")
    client("reload", *rnd.choice(((), (), ("--plan",), ("--wait", "2s"))))


def upgrade():
    """The other binary asks for the set."""
    BINARIES.reverse()
    sbxtest.SBX = BINARIES[0]
    client("up", *rnd.choice(((), ("--wait", "2s"), ("late",))))


def limits():
    """For a moment most have to queue; or nonsense."""
    global low
    if rnd.random() < 0.3:
        client("set", *rnd.choice((
            ("limit.processes", "0"), ("limit.run-timeout", "1h"),
            ("log.keep", "1M"), ("limit.output", "2M"), ("nonsense", "1"))))
    elif not low:
        low = time.monotonic()
        s.sbx("set", "limit.processes", str(rnd.randint(4, 12)))


def raise_limit():
    """A queue that nobody empties would hang by right."""
    global low
    if low and time.monotonic() - low > 1 and \
            s.sbx("set", "limit.processes", "100")[0] == 0:
        low = 0


def touch():
    name = "%s/edited.d/%d" % (s.dir, rnd.randrange(20))
    if rnd.random() < 0.3 and os.path.exists(name):
        os.unlink(name)
    else:
        with open(name, "a") as f:
            f.write("x")


def unwell():
    name = s.dir + "/unwell"
    if os.path.exists(name):
        os.unlink(name)
    else:
        open(name, "w").close()


def watch():
    name = rnd.choice(NAMES + ["steady", "steady-tty"])
    client("watch", name, *rnd.choice((
        ("add", "w%d" % rnd.randrange(5), "/(?<n>\\d+)/", "value=n"),
        ("add", "w%d" % rnd.randrange(5), "/e/", "count", "max=2/1s"),
        ("add", "a", "absent", "/x/", "for", "200ms", "mark"),
        ("rm", "w%d" % rnd.randrange(5)), ("rm", "a"), (r"/(\d)\1/",), ())))


def look():
    client(*rnd.choice((
        ("why", rnd.choice(NAMES)), ("show", rnd.choice(NAMES), "--json"),
        ("values", "steady"), ("events", "-n", "20"), ("ls", "--json"),
        ("logs", rnd.choice(NAMES), "--run", "-1"), ("env",), ("doctor",),
        ("wait", "steady", "--log", "no such", "--timeout", "500ms"))))


def words(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as f:
            return f.read().replace("\0", " ")
    except OSError:
        return "gone"


def kill_client():
    if clients:
        rnd.choice(clients)[2].kill()


ACTIONS = (
    (10, "start", lambda: client("start", *some(), "--wait", "5s")),
    (8, "stop", lambda: client("stop", *some(), "--wait", "5s")),
    (6, "restart", lambda: client("restart", *some(), "--wait", "5s")),
    (3, "kill", lambda: client("kill", *some(), "--wait", "5s")),
    (3, "signal", lambda: client("signal", rnd.choice(
        ("HUP", "USR1", "STOP", "CONT", "TERM")), *some(1))),
    (6, "add", add),
    (6, "clean", lambda: client(rnd.choice(("rm", "rm", "kill")), "x*")),
    (4, "send", lambda: client("send", rnd.choice(("cat", "shell")),
                               "echo %d\n" % rnd.randrange(10 ** 6))),
    (3, "logs", lambda: client("logs", *some(), "-n", "50")),
    (2, "follow", lambda: client("logs", *some(), "-f")),
    (3, "screen", lambda: client("screen", "shell")),
    (3, "wait", lambda: client("wait", rnd.choice(NAMES), "--timeout", "1s")),
    (4, "exec", lambda: client("exec", "--timeout", "10s", "--",
                               "sh", "-c", "echo a; exit 3")),
    (2, "kill engine", kill_engine),
    (5, "kill a child", kill_child),
    (4, "reload", reload),
    (1, "upgrade", upgrade),
    (3, "scale", lambda: client("scale", "worker", str(rnd.randrange(5)))),
    (2, "dependents", lambda: client(
        rnd.choice(("stop", "restart")), rnd.choice(("ignore", "edited")),
        "--with-dependents", "--wait", "5s")),
    (2, "limits", limits),
    (3, "env", lambda: client("env", *rnd.choice((
        (), ("pool",), ("other",))), rnd.choice(("A=1", "-A", "A=2")))),
    (4, "touch", touch),
    (2, "unwell", unwell),
    (4, "watch", watch),
    (4, "look", look),
    (4, "kill a client", kill_client),
)
WEIGHTS = [a[0] for a in ACTIONS]


def reap(all_=False):
    for item in list(clients):
        since, words, p = item
        age = time.monotonic() - since
        follows = "-f" in words
        if p.poll() is None and (all_ or age > 2) and follows:
            p.kill()
        if p.poll() is None and age > GRACE:
            wrong.append("hangs: %s\n%s\n%s" % (
                " ".join(words), open("/proc/%d/stack" % p.pid).read(),
                s.out("ls", "--all") + s.out("events", "-n", "20")))
            p.kill()
            p.wait()
        if p.poll() is not None:
            err = p.stderr.read().decode("utf-8", "replace")
            if p.returncode < 0 and p.returncode != -signal.SIGKILL:
                wrong.append("%s: signal %d" % (" ".join(words),
                                                -p.returncode))
            elif p.returncode == 125:
                wrong.append("%s: %s" % (" ".join(words), err))
            p.stderr.close()
            clients.remove(item)


def count():
    """Lives so far, as the numbers of the runs say."""
    global lived
    for r in s.rows():
        if r["name"] in steady and r.get("pid") != steady[r["name"]]:
            wrong.append("%s is another one: %s" % (
                r["name"], [e for e in s.events()
                            if e.get("process") == r["name"]][-9:]))
        n, was = r.get("run", 0), runs.get(r["name"], 0)
        lived += n - was if n > was else 0
        runs[r["name"]] = n
    return lived + counts.get("exec", 0)


end = time.monotonic() + SECONDS
counted = 0
while len(wrong) < 2:
    if time.monotonic() > end and (not LIVES or counted >= LIVES):
        break
    if sum(counts.values()) % 200 == 0:
        counted = count()
    raise_limit()
    weight, name, act = rnd.choices(ACTIONS, WEIGHTS)[0]
    counts[name] = counts.get(name, 0) + 1
    act()
    reap()
    if len(clients) > 6:
        time.sleep(rnd.random() * 0.05)
until(lambda: raise_limit() or reap(True) or not clients, GRACE + 5)
counted = count()
print("# %d lives, " % counted + ", ".join("%d %s" % (n, k) for k, n in sorted(counts.items())))
ok(not wrong, "no command has hung or broken", "\n".join(wrong))

# --- the balance -----------------------------------------------------------------------

if os.path.exists(s.dir + "/unwell"):
    os.unlink(s.dir + "/unwell")
def gaps(events):
    """Where a process is in another state than the entry before has left it
    in, an entry has no cause, or a run has begun or ended twice."""
    found, state, seen = [], {}, set()
    for e in events:
        name, run = e.get("process"), e.get("run")
        if e["event"] in ("journal-gap", "leftover"):
            found.append(e)
        if e["event"] in ("added", "removed"):
            state.pop(name, None)
            seen = {x for x in seen if x[0] != name}
        elif "to" in e:
            if state.get(name, e["from"]) != e["from"]:
                found.append((state[name], e))
            state[name] = e["to"]
        if "to" in e and not e.get("text"):
            found.append(e)
        if e["event"] in ("started", "exit", "ended"):
            if (name, run, e["event"]) in seen:
                found.append(("twice", e))
            seen.add((name, run, e["event"]))
    return found


s.write(RC, "new")
os.rename(s.dir + "/new", s.dir + "/sbxrc")
until(lambda: s.sbx("reload")[0] == 0, 20)
until(engine_now, 30)
until(lambda: s.sbx("scale", "worker", "2")[0] == 0, 20)
last = engine_now()
code, out, err = s.sbx("stop", *NAMES, timeout=60)
same(code, 0, "everything is stopped")
extra = [r["name"] for r in s.rows()
         if r["name"].split(".")[0] not in NAMES and r["name"] not in steady]
if extra:
    s.sbx("stop", *extra, timeout=60)
live = [(r["name"], r["status"]) for r in s.rows()
        if r.get("pid") and r["name"] not in steady]
same(live, [], "and is")
left = until(lambda: not [r for r in s.rows() if r["name"] in extra and
                          not r["name"].startswith("x")], 40)
ok(left, "nothing is kept of a command that was run and forgotten", s.rows())
if any(r["name"].startswith("x") for r in s.rows()):
    code, out, err = s.sbx("rm", "x*")
    ok(code == 0, "the added ones are forgotten", err)
until(engine_now, 30)
ok(last and engine_now() == last, "no engine has died by itself",
   (last, s.doctor(), engine_log(s)[-2000:], s.out("events")[-2000:]))
entries = s.events()
missing = gaps(entries)
ok(not missing, "no state without an entry, no entry without a cause",
   "\n".join(map(str, missing[:10])))
mute = [r for r in s.rows() if len(s.out("why", r["name"]).split()) < 3]
ok(not mute, "every state is explained", mute)
engine, k, a = s.pids()
same((k, a), (keeper, anchor), "keeper and anchor are the first ones")
# A hook has a minute, whatever becomes of its process.
left = until(lambda: set(descendants(keeper)) ==
             {engine} | set(steady.values()), 90)
ok(left, "nothing else is below the keeper",
   "\n".join("%d %s %s" % (p, stat(p), words(p)) for p in descendants(keeper)))
now = {n: s.row(n).get("pid") for n in steady}
ok(now == steady, "who was left alone still runs",
   (now, steady, [e for e in entries if e.get("process") in steady][-20:]))
for name, stream in (("steady", "stdout"), ("steady-tty", "pty")):
    n = numbers(s.raw(name, stream).replace(b"\r", b""))
    bad = [(x, y) for x, y in zip(n, n[1:]) if y != x + 1][:3]
    ok(len(n) > 100 and n[0] == 1 and not bad,
       "%s: %d lines, none missing or doubled" % (name, len(n)), bad)
ok(until(lambda: nfds(keeper) <= before["keeper fds"], 10),
   "the keeper has the descriptors it had",
   (before["keeper fds"], nfds(keeper)))
ok(until(lambda: nfds(engine) <= before["engine fds"] + 12, 10),
   "the engine has about those it had",
   (before["engine fds"], nfds(engine),
    sorted(os.readlink("/proc/%d/fd/%s" % (engine, f))
           for f in os.listdir("/proc/%d/fd" % engine))))
bounded(keeper, before["keeper kB"] + 512, "the keeper has not grown")
bounded(engine, before["engine kB"] + 48 * 1024, "the engine has not grown")
ok(until(lambda: not zombies(anchor), 10), "no zombie", zombies(anchor))
whole(s, "after %g seconds" % SECONDS)
same(s.sbx("down")[0], 0, "down works")
ok(until(lambda: not alive(keeper) and not alive(anchor), 5),
   "and ends the keeper")
if os.environ.get("SOAK_JOURNAL"):
    for name in os.listdir(statedir(s)):
        if name.startswith("journal"):
            shutil.copy(statedir(s) + "/" + name, os.environ["SOAK_JOURNAL"])
s.end()
done()
