#!/usr/bin/env python3
"""Settings and variables at run time: read, changed, refused; they outlive
an engine and give way to the file at a reload."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import Set, done, ok, same, until

RC = """
set limit.processes 7
env FROM_FILE=set GONE=here WAY=/first:$WAY
process show {
    cmd       env | grep -E '^(FROM_FILE|GONE|SET|GROUP|OWN|BOTH|TEXT)=' | sort
    autostart no
    env       OWN=own
}
process alone {
    cmd       env | grep -E '^(SET|GROUP|BOTH|FROM_FILE)=' | sort
    autostart no
}
process many1 exec sleep 1001
process many2 exec sleep 1002
process many3 exec sleep 1003
group front show {
    env GROUP=file
}
"""
os.environ["WAY"] = "/own"
s = Set(RC)
code, out, err = s.sbx("set", "limit.processes")
same((code, out), (0, "7\n"), "without an engine: as the file says")
same(s.sbx("set", "limit.processes", "3")[0], 3, "a change needs one")
same(s.sbx("env")[0], 3, "env too")
same(s.sbx("up")[0], 0, "the set is up")

# --- set
settings = json.loads(s.out("set", "--json"))["settings"]
same({x["key"]: x["value"] for x in settings}["limit.processes"], "7",
     "set lists them")
ok("limit.processes        7\n" in s.out("set"), "in words too")
one = json.loads(s.out("set", "limit.processes", "--json"))
same((one["value"], one["default"], one["run_time"]), ("7", "64", True),
     "one of them")
for words, what in ((("limit.processes", "0"), "zero"),
                    (("limit.processes", "x"), "no number"),
                    (("limit.input", "0"), "a size of zero"),
                    (("limit.log", "2M"), "a contradiction"),
                    (("log.keep", "1M"), "what only the file can say"),
                    (("theme", "nord"), "a setting of the screen"),
                    (("nonsense", "1"), "none at all")):
    before = s.out("set")
    code, out, err = s.sbx("set", *words)
    same((code, s.out("set")), (2, before), what + " is refused")
ok("':set theme nord' in the screen" in s.sbx("set", "theme", "nord")[2],
   "the screen's are named as such")
same(s.sbx("set", "limit.processes", "3")[0], 0, "a change")
same(s.out("set", "limit.processes"), "3\n", "is in force")
s.sbx("start", "show", "alone")
ok(until(lambda: s.status("show") == "queued"), "and acts", s.status("show"))
s.kill_engine()
ok(s.answers(), "another engine")
same(s.out("set", "limit.processes"), "3\n", "has it too")
same(s.sbx("set", "limit.processes", "9")[0], 0, "more places")
ok(until(lambda: s.status("show") == "completed"), "let the queued one go")
s.sbx("set", "limit.output", "4")
same(json.loads(s.out("exec", "--json", "--", "echo", "too long"))["stdout"],
     "too ", "limit.output cuts what exec keeps")

# --- env


def run(name):
    s.sbx("restart", name)
    until(lambda: s.status(name) == "completed")
    last = s.row(name)["run"]
    return s.out("logs", name, "--run", str(last), "--raw").split()


same(run("show"), ["FROM_FILE=set", "GONE=here", "GROUP=file", "OWN=own"],
     "what the file says")
pid = s.row("many1")["pid"]
same(s.sbx("env", "SET=1", "BOTH=set", "-GONE", "OWN=set", "FROM_FILE=now",
           "TEXT=a b")[0], 0, "variables of the set")
same(s.sbx("env", "front", "GROUP=now", "BOTH=front")[0], 0, "of a group")
same(run("show"), ["BOTH=front", "FROM_FILE=now", "GROUP=now", "OWN=own",
                   "SET=1", "TEXT=a", "b"],
     "set, group, process: the last one wins")
same(run("alone"), ["BOTH=set", "FROM_FILE=now", "SET=1"],
     "who is not in the group has none of it")
same(s.row("many1")["pid"], pid, "what runs was not touched")
rows = json.loads(s.out("env", "--json"))["env"]
ok({"name": "GONE", "value": None, "source": "run time"} in rows and
   {"name": "GROUP", "value": "file", "group": "front", "source": "sbxrc"}
   in rows, "env lists both", rows)
same(s.out("env", "front"), "front: GROUP=file\nfront: GROUP=now  (run time)\n"
     "front: BOTH=front  (run time)\n", "or those of a group")
for word in ("A B=1", "=1", "-A B"):
    code, out, err = s.sbx("env", word)
    ok(code == 2 and "variable" in err, "no name: " + word, (code, err))
# What is added is in the set, too.
added = "env | grep -E '^(FROM_FILE|GONE|WAY|BOTH)=' | sort"
same(s.out("exec", "--env", "BOTH=own", "--", "sh", "-c", added).split(),
     ["BOTH=own", "FROM_FILE=now", "WAY=/first:/own"],
     "what is added has the variables of the file, then those of now")
s.sbx("add", "more", "--env", "FROM_FILE=own", "--", "sh", "-c", added)
until(lambda: s.status("more") == "completed")
same(s.out("logs", "more", "--raw").split(),
     ["BOTH=set", "FROM_FILE=own", "WAY=/first:/own"], "its own win")
s.sbx("rm", "more")
same(s.sbx("env", "nowhere", "A=1")[0], 4, "there is no such group")
before = s.out("env")
same((s.sbx("env", "A=1", "=x")[0], s.out("env")), (2, before),
     "one word that is wrong: none is taken")
same(s.sbx("env", "front", "--cwd", "/usr")[0], 0, "a directory of a group")
same(s.out("exec", "--group", "front", "--", "pwd"), "/usr\n",
     "is where an added member starts")
same(s.out("exec", "--group", "front", "--cwd", "/", "--", "pwd"), "/\n",
     "unless it has its own")
ok({"group": "front", "cwd": "/usr", "source": "run time"} in
   json.loads(s.out("env", "--json"))["cwd"], "env tells it")
same(s.sbx("env", "--cwd", "/usr")[0], 2, "the set has its own")
s.sbx("env", "LINES=a\nb\\c")
ok({"name": "LINES", "value": "a\nb\\c", "source": "run time"} in
   json.loads(s.out("env", "--json"))["env"], "any byte of a value")
s.kill_engine()
ok(s.answers(), "another engine")
same(run("alone"), ["BOTH=set", "FROM_FILE=now", "SET=1"], "has them too")
same(s.out("exec", "--group", "front", "--", "pwd"), "/usr\n",
     "and the directory")
same(s.sbx("env", "front", "--cwd", "-")[0], 0, "which can be taken back")
ok(s.out("exec", "--group", "front", "--", "pwd") != "/usr\n", "is no more")
ok(not [e for e in s.events() if "a b" in e.get("text", "")],
   "values are not in the journal")

# --- reload: as the file says
ok("differs" not in s.sbx("up")[2], "the file has not changed")
plan = json.loads(s.out("reload", "--plan", "--json"))["plan"]
ok({"action": "reset", "setting": "limit.processes", "value": "7"} in plan,
   "a reload would set it back", plan)
# What is run for somebody else is bounded by the set.
same(s.sbx("set", "limit.run-timeout", "6m")[0], 2,
     "a default above the longest one")
same(s.sbx("set", "limit.run-timeout", "300ms")[0], 0, "limit.run-timeout")
same(s.sbx("exec", "--bounded", "--", "sleep", "1000")[0], 124, "bounds exec")
same(s.sbx("exec", "--", "sleep", "0.5")[0], 0, "that wants to be bounded")
same(s.sbx("set", "limit.run-timeout-max", "400ms")[0], 0,
     "limit.run-timeout-max")
same(s.sbx("exec", "--bounded", "--timeout", "1h", "--", "sleep", "1000")[0],
     124, "is the longest")
same(s.sbx("exec", "--timeout", "1h", "--", "sleep", "0.5")[0], 0,
     "of those alone")
same(s.sbx("reload")[0], 0, "a reload")
same(s.out("set", "limit.processes"), "7\n", "does")
same(run("alone"), ["FROM_FILE=set"], "the variables too")

# The environment of who adds one is kept once for all that have the same.
same(s.sbx("set", "limit.processes", "100")[0], 0, "room for more")
for i, one in enumerate("xxyx"):
    s.env["MINE"] = one
    s.sbx("add", "mine-%d" % i, "--no-start", "--", "sh", "-c",
          "echo mine is $MINE")
del s.env["MINE"]
same(s.sbx("rm", "mine-0")[0], 0, "one of them goes")
for i in (1, 2, 3):
    s.sbx("start", "mine-%d" % i)
    s.sbx("wait", "mine-%d" % i, "--exit", "--timeout", "30s")
same([s.out("logs", "mine-%d" % i, "--no-prefix") for i in (1, 2, 3)],
     ["mine is x\n", "mine is y\n", "mine is x\n"], "each has its own")

# A word means a process or a group, as in the file.
code, out, err = s.sbx("add", "front", "--", "true")
ok(code == 1 and "'front' is the name of a group already" in err,
   "no process has the name of a group", (code, err))
code, out, err = s.sbx("add", "other", "--group", "alone", "--", "true")
ok(code == 1 and "'alone' is the name of a process already" in err,
   "no group that of a process", (code, err))
same(s.sbx("add", "self", "--group", "self", "--", "true")[0], 1,
     "nor one that of its own")
same(s.sbx("add", "--group", "front", "--", "true")[0], 0,
     "one without a name has neither")
done()
