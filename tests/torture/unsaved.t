#!/usr/bin/env python3
"""The registry cannot be saved: what would be promised waits for it, then it is
said that it is not safe; what is only looked at is answered, and nothing spins.
Wants a build with -DSBX_FAULTS."""
import errno
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from faultbuild import FaultSet
from sbxtest import done, ok, pids_with, same, until
from torture import stat

s = FaultSet("""
process steady {
    cmd i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done
}
process other {
    cmd echo run >>other; exec sleep 1000
    autostart no
}
process gone {
    cmd sleep 1000
}
process killed {
    cmd sleep 1000
}
""")
same(s.sbx("up")[0], 0, "a set")
NOWHERE = "engine/registry:%d:1+" % errno.ENOSPC


def ran():
    try:
        with open(s.dir + "/other") as f:
            return f.read().split()
    except FileNotFoundError:
        return []


def facts():
    return {k: v for k, v in s.doctor().items() if k == "registry"}


# One that passes: nobody notices.
s.arm("engine/registry:%d:1" % errno.ENOMEM)
same(s.sbx("start", "other")[0], 0, "a save that fails once delays a start")
ok(s.disarm(), "it had failed")
same(s.sbx("stop", "other")[0], 0, "stop")
same(len(ran()), 1, "it was started once")

# One that lasts for less than the time that answers wait.
s.arm(NOWHERE)
p = s.popen("add", "--no-start", "waits", "--", "true",
            stdout=subprocess.DEVNULL)
ok(until(lambda: "not saved for" in str(facts())), "doctor says so", facts())
same(p.poll(), None, "the answer waits")
s.disarm()
same(p.wait(20), 0, "and says that it is done")
engine = s.kill_engine()
ok(until(lambda: s.status("waits") == "off"), "which the next engine knows")
same(facts(), {"registry": "saved"}, "doctor knows that it is saved")

# One that does not pass.
s.arm(NOWHERE)
code, out, err = s.sbx("add", "--no-start", "lost", "--", "true")
same(code, 1, "what is not recorded is not promised")
ok("not recorded: the registry cannot be saved: No space left" in err,
   "and why is said", err)
code, out, err = s.sbx("start", "other")
same(code, 1, "a start is refused")
ok("registry" in err, "for that reason", err)
same(len(ran()), 1, "and nothing was started")
same(s.sbx("ls")[0], 0, "what is looked at is answered")
same(s.sbx("env")[0], 0, "variables too")
ok("cannot be saved" in s.out("events"), "the journal says it",
   s.out("events"))
before = s.row("steady")["log_lines"]
ok(until(lambda: s.row("steady")["log_lines"] > before),
   "output is taken meanwhile")
for verb, name in (("signal CONT", "gone"), ("stop", "gone"),
                   ("kill", "killed")):
    pid = s.row(name)["pid"]
    code, out, err = s.sbx(*verb.split(), name)
    same(code, 0, verb + ": carried out all the same")
    ok("not recorded: the registry cannot be saved: No space left" in err,
       verb + ": it is said that it is not recorded", err)
    same(stat(pid) is None, "CONT" not in verb, verb + ": waited for")


def ticks():
    st = stat(s.doctor()["engine_pid"])
    return int(st[11]) + int(st[12])


used, began = ticks(), time.monotonic()
until(lambda: time.monotonic() > began + 1, 5, 0.2)
ok((ticks() - used) / os.sysconf("SC_CLK_TCK") <
   0.7 * (time.monotonic() - began), "it does not spin")
s.disarm()
ok(until(lambda: facts() == {"registry": "saved"}), "then it works again")
ok(until(lambda: "can be saved again" in s.out("events")), "which is said, too")
same(s.sbx("start", "other")[0], 0, "and what was refused can be started")
s.kill_engine()
ok(until(lambda: s.status("lost") == "off"), "what had been taken is safe now")
same(s.status("other"), "running", "all of it")

# It fails while it goes down.
s.arm(NOWHERE)
same(s.sbx("down")[0], 0, "down works even so")
ok(until(lambda: not pids_with("rc:" + s.dir)), "and nothing is left")

# A run that has not changed is not packed again; this build packs it all the
# same, and has an engine that falls where it is another one than was saved.
s = FaultSet("process says while :; do echo x; sleep 0.02; done\n"
             "process other sleep 1000\n")
s.sbx("up")
engine = s.doctor()["engine_pid"]
for _ in range(8):
    s.sbx("restart", "other")
    s.sbx("signal", "CONT", "says")
same(s.doctor()["engine_pid"], engine, "what is not saved again has not changed")
s.end()
done()
