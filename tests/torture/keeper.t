#!/usr/bin/env python3
"""When the keeper dies, alone or with the engine, no child and no descendant
lives on, daemons with an empty environment included."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import ZOO, Set, alive, done, ok, same, until

RC = """
process plain {
    argv sleep 100000
}
process term {
    argv sh -c 'sleep 100001; :'
    tty yes
}
process daemons {
    cmd env -i %s daemon & sleep 0.2; setsid sleep 100002 & sleep 100003
}
""" % ZOO


def family(keeper):
    """All descendants of the keeper but the engine."""
    children, out = {}, []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as f:
                ppid = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(ppid, []).append(int(name))
    todo = [keeper]
    while todo:
        for pid in children.get(todo.pop(), []):
            out.append(pid)
            todo.append(pid)
    return out


for what in ("keeper", "keeper and engine", "keeper, engine and anchor"):
    s = Set(RC)
    same(s.sbx("up")[0], 0, "%s: the set is up" % what)
    engine, keeper, anchor = s.pids()
    ok(until(lambda: len(family(keeper)) >= 7), "the daemons are there",
       family(keeper))
    pids = [p for p in family(keeper) if p != engine]
    ok(len(pids) >= 6, "%d descendants" % len(pids))
    victims = {"keeper": [keeper], "keeper and engine": [keeper, engine],
               "keeper, engine and anchor": [anchor, keeper, engine]}[what]
    for v in victims:
        os.kill(v, signal.SIGSTOP)
    for v in victims:
        os.kill(v, signal.SIGKILL)
    start = time.monotonic()
    if what.endswith("anchor"):
        # Nobody is left to end the daemons: the next start does it.
        ok(until(lambda: not alive(pids[0])), "direct children are gone")
        same(s.sbx("up")[0], 0, "the set starts again")
        ok(until(lambda: not any(alive(p) for p in pids), 15),
           "and nothing of the old one is left",
           [p for p in pids if alive(p)])
    else:
        # Two seconds is what is promised; a busy machine takes longer.
        ok(until(lambda: not any(alive(p) for p in pids), 15),
           "nothing of it lives on",
           [p for p in pids if alive(p)])
        print("# %.1f s" % (time.monotonic() - start))
        ok(until(lambda: not alive(anchor), 15), "the anchor has ended")
        same(s.sbx("ls")[0], 3, "no engine is there")
        same(s.sbx("up")[0], 0, "it starts again")
        same(s.status("plain"), "running", "and runs")
    s.end()
done()
