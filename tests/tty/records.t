#!/usr/bin/env python3
"""Records of what has ended: what they tell, after engines and more runs, is
the same as while all that a run needs was there."""
import json
import os
import sys

sys.path.insert(0, "tests/lib")
from sbxtest import Set, done, ok, same, until

ENDED = "completed", "failed"
s = Set("process idle sleep 1000\n")
s.sbx("up")


def add(name, *words, code):
    s.sbx("add", name, "--", *words)
    until(lambda: s.row(name)["status"] in ENDED)
    same(s.row(name)["exit_code"], code, "%s has ended" % name)


def runs(name):
    """Who looks makes its directory, so it is the last thing to be done."""
    return [{k: r.get(k) for k in ("run", "pid", "status", "reason",
                                   "exit_code", "max_rss")}
            for r in json.loads(s.out("show", name, "--json"))["runs"][::-1]]


def told(name):
    r = s.row(name)
    return {k: r.get(k) for k in ("status", "reason", "exit_code", "run",
                                  "log_lines", "log_bytes", "restarts")}


def has_log(name):
    return os.path.isdir(os.path.join(s.doctor()["state_dir"], "log", name))


add("still", "true", code=0)
add("bad", "sh", "-c", "exit 7", code=7)
add("said", "echo", "a word", code=0)
names = "still", "bad", "said"
before = {n: told(n) for n in names}
same(before["bad"]["reason"], "exit 7", "why it has failed")
ok(not has_log("still") and not has_log("bad"), "silent ones have no log")
s.kill_engine()
same({n: told(n) for n in names}, before, "another engine tells the same")
ok(not has_log("still"), "and makes no log")

# A second run: the first one is in the list of runs, with all of it.
s.sbx("start", "bad")
until(lambda: s.row("bad")["run"] == 2 and s.row("bad")["status"] in ENDED)
two = runs("bad")
same([(r["run"], r["status"], r["reason"]) for r in two],
     [(1, "failed", "exit 7"), (2, "failed", "exit 7")], "both runs are told")
ok(all(r["pid"] > 0 for r in two) and two[0]["pid"] != two[1]["pid"],
   "with their process ids")

# A reader of one that has said nothing.
same(s.out("logs", "still"), "", "its log is empty")
one = runs("still")
same([(r["run"], r["status"]) for r in one], [(1, "completed")],
     "its run is told")
ok(one[0]["pid"] > 0 and one[0]["max_rss"] > 0,
   "with its process id and memory")
same(s.out("logs", "said"), "a word\n", "what was said is there")

# Stops and restarts of what is at rest.
same(s.sbx("stop", "still")[0], 0, "a stop of what has ended")
same(told("still"), before["still"], "changes nothing")
s.sbx("restart", "said")
until(lambda: s.row("said")["run"] == 2 and s.row("said")["status"] in ENDED)
same(s.out("logs", "said"), "a word\na word\n", "its log goes on")
s.kill_engine()
same(s.out("logs", "said"), "a word\na word\n", "also with another engine")
same(len(runs("bad")), 2, "which knows both runs")

# What happens to one at rest is known to the next engine, each time.
for n in range(3):
    s.sbx("add", "extra", "--", "true")
    until(lambda: s.status("extra") in ENDED)
    s.sbx("add", "other", "--", "true")
    until(lambda: s.status("other") in ENDED)
    s.sbx("rm", "extra")
    s.kill_engine()
    same((s.row("extra"), s.status("other")), ({}, "completed"),
         "one is forgotten, its neighbour is not")
    s.sbx("rm", "other")
s.write("process idle sleep 1000\nprocess once {\n cmd exit 4\n desc one\n}\n")
s.sbx("reload")
until(lambda: s.status("once") in ENDED)
s.sbx("start", "bad")       # the records are saved, and saved again
until(lambda: s.row("bad")["run"] == 3 and s.status("bad") in ENDED)
s.write("process idle sleep 1000\nprocess once {\n cmd exit 4\n desc two\n}\n")
s.sbx("reload")
s.kill_engine()
same(s.row("once").get("desc"), "two", "another definition")
s.sbx("watch", "once", "add", "four", "/4/", "count")
s.kill_engine()
ok("four" in s.out("watch", "once"), "a watch that was added")
s.write("process idle sleep 1000\n")
s.sbx("reload")
s.kill_engine()
same(s.row("once"), {}, "one that is not in the file any more")

# One that has given up has counted its restarts.
s.write("process idle sleep 1000\n"
        "process loops {\n cmd exit 3\n restart on-failure\n restart.max 2\n"
        " restart.backoff 10ms\n}\n")
s.sbx("reload")
until(lambda: s.row("loops")["status"] == "failed")
ok("gave up after 2 restarts" in s.row("loops")["reason"], "it has given up")
s.kill_engine()
ok("gave up after 2 restarts" in s.row("loops")["reason"],
   "and has with another engine")
s.sbx("start", "loops")
until(lambda: s.row("loops")["run"] == 6)
until(lambda: s.row("loops")["status"] == "failed")
ok("gave up after 2 restarts" in s.row("loops")["reason"],
   "a start by hand counts anew")
s.end()
done()
