#!/usr/bin/env python3
"""The wall clock is set and the clocks change while schedules run.  Wants a
build with -DSBX_FAULTS, whose clock goes as a file says."""
import datetime
import os
import sys
import time
import zoneinfo

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faultbuild	# noqa: F401
from sbxtest import Set, done, ok, same, skip_all, until

try:
    ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
except zoneinfo.ZoneInfoNotFoundError:
    skip_all("no time zones here")

RC = """
process gap {
    cmd exit 0
    schedule cron "30 2 * * *"
}
process hours {
    cmd exit 0
    schedule cron "0 * * * *"
}
process daily {
    cmd exit 0
    schedule cron "0 14 * * *"
}
process every {
    cmd exit 0
    schedule every 1h
}
"""
s = Set(RC, TZ="Europe/Berlin")
s.env["SBX_CLOCK"] = s.dir + "/clock"


def set_clock(*when, fold=0):
    at = datetime.datetime(*when, fold=fold, tzinfo=ZONE).timestamp()
    with open(s.dir + "/clock", "w") as f:
        f.write(str(int((at - time.time()) * 1000)))


def wall():
    with open(s.dir + "/clock") as f:
        off = int(f.read()) / 1000
    return datetime.datetime.fromtimestamp(time.time() + off, ZONE)


def runs():
    return {r["name"]: r["run"] for r in s.rows()}


def went(*names, since):
    """Those have run once more and are at rest, the others have not."""
    want = {n: r + (n in names) for n, r in since.items()}
    return until(lambda: runs() == want and
                 {r["status"] for r in s.rows()} == {"scheduled"}, 20)


def passes(hour, minute, second):
    return until(lambda: (wall().hour, wall().minute, wall().second) >=
                 (hour, minute, second), 20)


# Summer time begins: there is no 02:30.
set_clock(2027, 3, 28, 1, 59, 57)
same(s.sbx("up")[0], 0, "before summer time")
none = runs()
same(set(none.values()), {0}, "nothing is due yet")
ok("at 03:00:00" in s.row("gap")["reason"],
   "what is left out comes behind the gap", s.row("gap"))
ok(went("gap", "hours", since=none), "it runs once, an hour's run too", runs())

# It ends: there are two 02:30.
now = runs()
set_clock(2027, 10, 31, 2, 29, 57)
ok(until(lambda: runs()["gap"] == now["gap"] + 2, 20),
   "what was missed runs once, then the first of two", runs())
ok(until(lambda: {r["status"] for r in s.rows()} == {"scheduled"}, 20),
   "at rest")
same({n: r - now[n] for n, r in runs().items()},
     {"gap": 2, "hours": 1, "daily": 1, "every": 0}, "the others once")
now = runs()
set_clock(2027, 10, 31, 2, 29, 57, fold=1)
ok(passes(2, 30, 2), "the second one passes")
same(runs()["gap"], now["gap"], "and it does not run again")

# Somebody sets the clock.
set_clock(2027, 11, 10, 13, 0, 30)
ok(until(lambda: "at 14:00:00" in s.row("daily")["reason"]), "a day in autumn",
   s.row("daily"))
ok(until(lambda: {r["status"] for r in s.rows()} == {"scheduled"}), "at rest")
now = runs()
set_clock(2027, 11, 10, 14, 0, 30)
ok(went("daily", "hours", since=now), "forwards: what was missed runs", runs())
now = runs()
set_clock(2027, 11, 13, 14, 59, 0)
ok(went("daily", "gap", "hours", since=now), "three days: once", runs())
told = [e["text"] for e in s.events() if e.get("process") == "daily" and
        e["event"] == "skipped"]
ok(told and "passed unseen" in told[-1], "and the journal counts", told)
now = runs()
set_clock(2027, 11, 13, 13, 59, 58)
ok(passes(14, 0, 1), "backwards: the time comes again")
same(runs(), now, "and nothing runs twice")
ok("2027-11-14 14:00:00" in s.row("daily")["reason"], "but the next day",
   s.row("daily"))
s.kill_engine()
ok(s.answers(), "another engine")
same(runs(), now, "knows that too")
set_clock(2027, 6, 1, 13, 59, 57)
ok(went("daily", "hours", since=now), "a wrong clock set right: anew", runs())
same(runs()["every"], 0, "what is counted in hours minds none of it")
done()
