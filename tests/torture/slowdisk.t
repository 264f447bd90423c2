#!/usr/bin/env python3
"""A disk that takes its time for each write.  Wants a build with -DSBX_FAULTS,
where calls take as long as a file says."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from faultbuild import FaultSet
from sbxtest import ZOO, done, ok, same, until

LINES = 300000
s = FaultSet("""
process lines {
    argv %(zoo)s print %(lines)d
    autostart no
}
process few {
    cmd echo one; echo two >&2; echo three
    autostart no
}
process echo {
    argv cat
    stdin pipe
}
process stubborn {
    argv %(zoo)s ignore
    stop TERM 300ms KILL
}
""" % {"zoo": ZOO, "lines": LINES})


def slow(call, ms):
    s.arm("engine/%s:-%d:1+" % (call, ms))


def numbers(name):
    return [int(line.split()[1]) for line in
            s.out("logs", name, "--raw", "--no-prefix").splitlines()]


same(s.sbx("up")[0], 0, "it runs")
ok(until(lambda: s.status("echo") == "running"), "all of it")

# A second for each write of output, less for the many of its index.
slow("splice", 1000)
same(s.sbx("start", "few")[0], 0, "a start")
ok(until(lambda: s.status("few") == "completed"), "its end is seen")
same(sorted(s.out("logs", "few", "--no-prefix").split()),
     ["one", "three", "two"], "and each line")
slow("pwrite", 300)
same(s.sbx("start", "few")[0], 0, "another start")
ok(until(lambda: s.row("few").get("run") == 2 and s.status("few") == "completed"),
   "ends as well")
same(sorted(s.out("logs", "few", "--run", "2", "--no-prefix").split()),
     ["one", "three", "two"], "with each line")

# A flood of one, and the others.
slow("splice", 50)
same(s.sbx("start", "lines")[0], 0, "a flood")
same(s.sbx("send", "echo", "hello")[0], 0, "others take input")
ok(until(lambda: "hello" in s.out("logs", "echo")), "and answer")
pid = s.row("stubborn")["pid"]
same(s.sbx("stop", "stubborn")[0], 0, "a stop")
ok(not os.path.exists("/proc/%d" % pid), "means gone")
s.disarm()
ok(until(lambda: s.status("lines") == "completed"), "fast again, it ends")
ok(numbers("lines") == list(range(1, LINES + 1)), "and no line is missing")
same(s.row("lines")["dropped_bytes"], 0, "nor marked as such")
same(s.sbx("down")[0], 0, "down")
done()
