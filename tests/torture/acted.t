#!/usr/bin/env python3
"""A line that a watch acts on is acted on once, wherever the engine is killed:
it is held before each of its calls from the line on, and killed there.  Wants
a build with -DSBX_FAULTS."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from faultbuild import FaultSet
from sbxtest import LONG, done, ok, same, until

NAMES = ("hooks", "again", "starts")
SAYS = "exec 3<>in.%s; while read -r l <&3; do echo \"$l\"; done"
s = FaultSet("""
process hooks {
    cmd %s
    hook mark echo "$SBX_1" >>marks
    hook slow sleep 0.3; echo "$SBX_1" >>marks
    watch w /^go (\\d+)/ run=mark
    watch s /^slow (\\d+)/ run=slow
}
process again {
    cmd echo run >>runs; %s
    watch w /^again/ restart
    restart.backoff 10ms..10ms
    restart.max 0
}
process starts {
    cmd %s
    watch w /^start/ start=task
}
process task {
    cmd echo run >>tasks
    autostart no
}
process asked {
    cmd trap '' TERM; echo up; while :; do sleep 0.1; done
    stop cmd echo $SBX_PID >>begun; sleep 0.5; echo end >>ended; kill -KILL $SBX_PID
    stop.timeout 20s
}
""" % tuple(SAYS % name for name in NAMES))
for name in NAMES:
    os.mkfifo(s.dir + "/in." + name)
same(s.sbx("up")[::2], (0, ""), "a set whose watches act")
pipes = {name: os.open(s.dir + "/in." + name, os.O_RDWR)
         for name in NAMES}


def say(name, text):
    os.write(pipes[name], (text + "\n").encode())


def words(name):
    try:
        with open(s.dir + "/" + name) as f:
            return f.read().split()
    except FileNotFoundError:
        return []


def rest():
    """Everything is as it was before a line is said."""
    rows = s.rows()
    return rows and all(r["status"] == "running" for r in rows
                        if r["name"] in NAMES)


# What is said, to whom, and the file that tells how often it was acted on.
CASES = {
    "hook": ("hooks", "go %d", "marks"),
    "slow hook": ("hooks", "slow %d", "marks"),
    "restart": ("again", "again", "runs"),
    "start": ("starts", "start", "tasks"),
}
STEPS = {"splice": 2, "pwrite": 10, "sendmsg": 6, "write": 4, "openat": 3,
         "recvmsg": 4, "pread": 3}
only = os.environ.get("CASES", ",".join(CASES)).split(",")
killed = no = 0
for case in only:
    who, line, file = CASES[case]
    for call, count in STEPS.items():
        for nth in range(1, count + 1):
            no += 1
            if not LONG and no % 4:
                continue
            until(rest)
            before = len(words(file))
            s.arm("engine/%s:0:%d+" % (call, nth))
            say(who, line % no if "%" in line else line)
            held = s.kill_held(0.4)
            killed += held
            s.disarm()
            s.answers()
            until(lambda: len(words(file)) > before, 5)
            # What comes behind it is acted on behind it.
            say("hooks", "go 0")
            until(lambda: words("marks")[-1:] == ["0"], 5)
            until(rest)
            got = words(file)[before:]
            got = [w for w in got if w != "0" or who != "hooks"]
            want = [str(no)] if who == "hooks" else ["run"]
            ok(got == want, "%s, before call %d of %s%s" %
               (case, nth, call, "" if held else " (not reached)"), got)
ok(killed > 5, "%d engines died" % killed)

# A stop command goes on, once.
pid = s.row("asked")["pid"]
p = s.popen("stop", "asked")
ok(until(lambda: words("begun")), "a stop command has begun")
s.kill_engine()
same(p.wait(60), 0, "the stop ends with the next engine")
same((words("begun")[-1:], words("ended")), ([str(pid)], ["end"]),
     "its command went on, and ran once")
for fd in pipes.values():
    os.close(fd)
same(s.sbx("down")[0], 0, "down works")
done()
