#!/usr/bin/env python3
"""The engine is killed again and again under load: no child, no byte, no
record is lost, nothing is started twice."""
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import LONG, SBX, Set, alive, done, ok, same, until

COUNT = "i=0; while [ $i -lt %d ]; do i=$((i+1)); echo $i; " \
        "[ $((i %% 50)) = 0 ] && sleep 0.01; done; sleep 1000"
s = Set("""
process plain {
    cmd %s
}
process both {
    cmd i=0; while :; do i=$((i+1)); echo $i; echo $i >&2; sleep 0.002; done
}
process term {
    cmd %s
    tty yes
}
process once {
    cmd echo ran >>ran.txt; sleep 0.3
}
process flaky {
    cmd sleep 0.1; exit 1
    restart on-failure
    restart.backoff 100ms..200ms
    restart.max 0
}
""" % (COUNT % 200000, COUNT % 200000))
same(s.sbx("up")[0], 0, "the set is up")
pids = {r["name"]: r["pid"] for r in s.rows()
        if r["name"] in ("plain", "both", "term")}
ok(all(pids.values()), "all of them run", pids)

rounds = 100 if LONG else 20
killed = set()
for i in range(rounds):
    killed.add(s.kill_engine())
    s.answers()
same(len(killed), rounds, "every engine was another one")
now = {r["name"]: r["pid"] for r in s.rows() if r["name"] in pids}
same(now, pids, "the children are the same")
ok(all(alive(p) for p in pids.values()), "and they live")
ok(until(lambda: s.status("once") == "completed"), "the one-shot is over")
same(open(s.dir + "/ran.txt").read(), "ran\n", "it ran once")


def contiguous(data, name):
    numbers = [int(w) for w in data.split()[:-1]]
    want = list(range(1, len(numbers) + 1))
    bad = [(g, w) for g, w in zip(numbers, want) if g != w][:3]
    ok(len(numbers) > 100 and numbers == want,
       "%s: %d lines, none missing or doubled" % (name, len(numbers)), bad)


contiguous(s.raw("plain"), "stdout")
contiguous(s.raw("both"), "two streams, stdout")
contiguous(s.raw("both", "stderr"), "two streams, stderr")
contiguous(s.raw("term", "pty"), "pty")
text = s.out("logs", "plain", "--json").splitlines()
ok(len(text) > 100 and '"seq":1,' in text[0].replace(" ", ""),
   "the index starts at 1", text[:1])
flaky = s.row("flaky")
ok(flaky.get("restarts", 0) > 3, "restarts go on", flaky)
s.end()

# What is piped into a process arrives once, however often the engine dies.
s = Set("process in {\n argv cat\n stdin pipe\n log.keep 1G\n}\n")
s.sbx("up")
data = b"".join(b"%08d\n" % i for i in range(400000))
for words in (("exec", "--", "cat"), ("send", "in", "-")):
    p = subprocess.Popen([SBX, *words], cwd=s.dir, env=s.env,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    got = []
    reader = threading.Thread(target=lambda: got.append(p.stdout.read()))
    writer = threading.Thread(target=lambda: (p.stdin.write(data),
                                              p.stdin.close()))
    reader.start()
    writer.start()
    while writer.is_alive() and s.doctor().get("engine_pid"):
        s.kill_engine()
        s.answers()
    same(p.wait(120), 0, "%s over many engines" % words[0])
    reader.join()
    if words[0] == "send":
        until(lambda: len(s.raw("in")) >= len(data), 30)
        got = [s.raw("in")]
    ok(got[0] == data, "each byte arrives once",
       "%d of %d" % (len(got[0]), len(data)))
s.end()

# Who waits for a place keeps his turn.
s = Set("set limit.processes 1\n" + "".join(
    "process %s {\n cmd echo %s >>order; sleep 0.1\n autostart no\n}\n" %
    (n, n) for n in "abcd") +
    "process first {\n argv sleep 1000\n}\n")
same(s.sbx("up")[0], 0, "the only place is taken")
for name in "dbca":
    s.sbx("start", name)
same([s.status(n) for n in "abcd"], ["queued"] * 4, "four wait for it")
s.kill_engine()
ok(s.answers(), "another engine")
same(s.sbx("stop", "first")[0], 0, "the place is free")
ok(until(lambda: {s.status(n) for n in "abcd"} == {"completed"}, 30),
   "all of them run", s.rows())
same(open(s.dir + "/order").read().split(), list("dbca"),
     "in the order in which they came")
done()
