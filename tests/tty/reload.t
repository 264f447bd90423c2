#!/usr/bin/env python3
"""A reload is a difference: what has not changed is not touched, a file with
mistakes changes nothing, and an engine killed in the middle leaves a set."""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SBX, Set, alive, done, ok, same, until

FIRST = """
set limit.processes 200
process same  exec sleep 1000
process web {
    cmd     exec sleep 1001
    depends db
}
process db    exec sleep 1002
process gone  exec sleep 1003
process quiet {
    cmd   exec sleep 1004
    watch err /ERROR/ level=error
}
process bad {
    argv /no/such/program
}
"""
SECOND = """
# Lines of another number.

process fresh {
    cmd exec sleep 1011
    depends web
}
process idle {
    cmd       exec sleep 1012
    autostart no
}
process quiet {
    cmd     exec sleep 1004
    watch   oops /OOPS/ level=error
    restart always
}
process same  exec sleep 1000
process db {
    cmd   exec sleep 1002
    cwd   /
    ready delay 50ms
}
process web {
    cmd     exec sleep 2001
    depends db ready
}
process bad {
    argv sleep 1005
}
"""

s = Set(FIRST)
same(s.sbx("up")[0], 1, "the set is up but for one")
same(s.sbx("add", "mine", "--", "sleep", "1009")[0], 0, "one is added by hand")
until(lambda: s.status("bad") == "error")


def state():
    return {r["name"]: (r["status"], r.get("pid"), r["run"]) for r in s.rows()}


def plan(*words):
    code, out, err = s.sbx("reload", "--plan", "--json", *words)
    if code:
        return err
    return json.loads(out)["plan"]


def does(rows):
    return {r.get("name", r.get("setting")): r["action"] for r in rows}


# --- nothing to do
before = state()
same(set(does(plan()).values()), {"leave"}, "the same file is no difference")
code, out, err = s.sbx("reload")
same((code, out), (0, ""), "a reload of it")
ok("nothing has changed" in err, "says so", err)
same(state(), before, "and does nothing")
lines = FIRST.replace("\nprocess", "\n\n# words\n\nprocess")
s.write(lines)
same(set(does(plan()).values()), {"leave"}, "lines that move are none either")
same(s.sbx("reload")[0], 0, "a reload of these")
same(state(), before, "does nothing")
same(s.row("web")["config"]["line"],
     1 + lines[:lines.index("process web")].count("\n"),
     "but where it is written is known")

# --- a file that is empty for a moment
pids = {r["name"]: r.get("pid") for r in s.rows()}
text = open(s.dir + "/sbxrc").read()
s.write("")
code, out, err = s.sbx("reload")
same(code, 2, "an empty file is no wish to end everything")
ok("no process any more" in err and "sbx down" in err, "and says so", err)
same({r["name"]: r.get("pid") for r in s.rows()}, pids, "nothing changed")
s.write(text)

# --- mistakes
s.write(SECOND + "process web {\n    restrat always\n}\n")
code, out, err = s.sbx("reload")
same(code, 2, "a file with mistakes")
ok("restrat" in err and re.search(r"sbxrc:\d+:\d+", err),
   "is told with their places", err)
ok("the set runs on as it is" in err, "and what becomes of the set", err)
same(state(), before, "nothing has changed")
code, out, err = s.sbx("reload", "--json")
same(code, 2, "with --json too")
ok("restrat" in json.loads(err)["error"]["details"], "with details", err)
code, out, err = s.sbx("up")
same(code, 1, "up goes on with the set as it was")
ok("mistake" in err, "and says so", err)
os.remove(s.dir + "/sbxrc")
ok(s.sbx("-f", s.dir + "/sbxrc", "reload")[0] != 0, "no file at all")
s.write(SECOND)
os.chmod(s.dir + "/sbxrc", 0o666)
same(s.sbx("reload")[0], 2, "a file that others can write")
os.chmod(s.dir + "/sbxrc", 0o644)
before = state()

# --- a plan
want = {"fresh": "start", "idle": "add", "quiet": "change", "same": "leave",
        "db": "restart", "web": "restart", "bad": "start", "gone": "stop",
        "limit.processes": "set"}
same(does(plan()), want, "the plan")
same(state(), before, "changes nothing")
out = s.out("reload", "--plan")
ok(re.search(r"^restart +db +\(cwd, ready\)$", out, re.M), "in words", out)
ok(re.search(r"^leave +same$", out, re.M), "with what is left alone", out)
code, out, err = s.sbx("up")
ok("differs from what runs" in err and "restart 2" in err, "up tells of it",
   err)
now = state()
same([now[n] for n in ("same", "web", "db", "gone")],
     [before[n] for n in ("same", "web", "db", "gone")],
     "and does not do it")

# --- done
seq = max(e["seq"] for e in s.events())
code, out, err = s.sbx("reload", "--wait", "30s")
same((code, out), (0, ""), "the reload")
ok("restart 2" in err and "stop 1" in err, "says what it did", err)
now = state()
for name in ("same", "quiet", "mine"):
    same(now[name], before[name], "%s was not touched" % name)
for name in ("web", "db"):
    ok(now[name][2] == before[name][2] + 1 and now[name][0] == "running",
       "%s is another run" % name, str(now[name]))
    ok(not alive(before[name][1]), "the old one is gone")
ok("gone" not in now and not alive(before["gone"][1]), "gone is forgotten")
same(now["fresh"][0], "running", "fresh runs")
same(now["idle"][0], "off", "idle does not")
same(now["bad"][0], "running", "what had failed runs as it is now")
same([r["name"] for r in s.rows()],
     ["fresh", "idle", "quiet", "same", "db", "web", "bad", "mine"],
     "in the order of the file")
same(s.row("db")["cwd"], "/", "db is where the file says")
events = [e for e in s.events() if e["seq"] > seq]
changed = {e["process"]: e for e in events
           if e["event"] == "config" and e.get("process")}
same(set(changed), {"fresh", "idle", "quiet", "db", "web", "bad", "gone"},
     "the journal has each of them")
same({e["cause"] for e in changed.values()}, {"user"}, "and who did it")
order = [(e.get("process"), e["event"]) for e in events]
ok(order.index(("web", "exit")) < order.index(("db", "restart")),
   "web has ended before db is stopped", order)
ok(order.index(("db", "ready")) < order.index(("web", "started")),
   "db is ready before web starts", order)
same(set(does(plan()).values()), {"leave"}, "then there is nothing to do")

# --- what applies to a run that goes on
pid = s.row("quiet")["pid"]
s.write(SECOND.replace("restart always", "timeout 300ms"))
same(does(plan())["quiet"], "change", "a timeout needs no other run")
same(s.sbx("reload")[0], 0, "it is taken over")
ok(until(lambda: s.status("quiet") == "timed_out"), "and ends the run",
   s.status("quiet"))
ok(not alive(pid), "that there was")

# --- one that leaves and comes back, one by hand that the file has now
s.write(SECOND.replace("process same  exec sleep 1000\n", "") +
        "process mine {\n    argv sleep 1009\n    stdin pipe\n    cwd %s\n}\n" % s.dir)
same({k: v for k, v in does(plan()).items() if k in ("same", "mine")},
     {"same": "stop", "mine": "leave"}, "one by hand becomes the file's")
same(s.sbx("reload")[0], 0, "the reload")
same(state()["mine"], now["mine"], "it was not touched")
s.write(SECOND)
same(s.sbx("reload")[0], 0, "and back")
ok("mine" not in state(), "now it has gone with the file")
same(s.status("same"), "running", "and the other one is back")
s.sbx("stop", "same")
s.write(SECOND.replace("sleep 1000", "sleep 3000"))
same(s.sbx("reload")[0], 0, "a change of one that was stopped by hand")
same(s.row("same")["status"], "killed", "does not start it")

# --- an edit is noticed, and never applied by itself


def noticed(after):
    found = until(lambda: [e for e in s.events() if e["seq"] > after and
                           e["event"] == "config-changed"])
    return [e["text"] for e in found]


def newest():
    return max(e["seq"] for e in s.events())


s.write(SECOND)
s.sbx("reload")
s.screen()
ok(s.sees("fresh"), "a screen")
before, seq = state(), newest()
s.write("include more.sbxrc optional\n" + SECOND, "new")
os.rename(s.dir + "/new", s.dir + "/sbxrc")
s.write("process more exec sleep 4000\n", "more.sbxrc")
s.write(SECOND.replace("sleep 2001", "sleep 2002"), "new")
os.rename(s.dir + "/new", s.dir + "/sbxrc")
same(noticed(seq), ["sbxrc changed: 1 difference (sbx reload)"],
     "an edit by renaming is told once")
ok(s.sees("sbxrc changed: 1 difference"), "on the screen too", s.capture())
same(state(), before, "and nothing is done")
seq = newest()
s.write(SECOND + "proces x\n")
same(noticed(seq), ["sbxrc changed: 1 mistake (sbx check)"],
     "one with a mistake")
seq = newest()
s.write("# words\n" + SECOND)
same(noticed(seq), ["sbxrc is what runs again"], "and one that takes it back")
seq = newest()
s.write("include more.sbxrc\n" + SECOND)
same(noticed(seq), ["sbxrc changed: 1 difference (sbx reload)"],
     "one that includes a file")
s.sbx("reload")
seq = newest()
s.kill_engine()
ok(s.answers(), "another engine")
s.write("process more exec sleep 4001\n", "more.sbxrc")
same(noticed(seq), ["sbxrc changed: 1 difference (sbx reload)"],
     "an edit of that file, with an engine that took over")
s.sbx("set", "watch-config", "off")
seq = newest()
s.write(SECOND)
s.sbx("set", "watch-config", "on")
s.write("include more.sbxrc\n" + SECOND.replace("2001", "2003"))
same(noticed(seq), ["sbxrc changed: 2 differences (sbx reload)"],
     "set watch-config off: only what came after it is told of")

# --- kill -9 of the engine in the middle, again and again
MANY = "".join("process p%d exec sleep %d\n" % (i, 5000 + i)
               for i in range(100))
s.write("set limit.processes 200\n" + MANY)
same(s.sbx("reload", timeout=120)[0], 0, "a hundred new ones")
rows = s.rows()
same(len(rows), 100, "they are there, and nothing else")
same({r["status"] for r in rows}, {"running"}, "and run")
old = {r["name"]: r["pid"] for r in rows}
for n in range(1, 6):
    text = "set limit.processes 200\n" + "".join(
        "process p%d exec sleep %d\n" %
        (i, 5000 + i + (10000 * n if i % 10 == 0 else 0))
        for i in range(100) if i % 7 != n)
    s.write(text)
    engine = s.doctor()["engine_pid"]
    p = s.popen("reload", stderr=subprocess.DEVNULL)
    until(lambda: any(e["event"] == "config" and e["seq"] > seq
                      for e in s.events()[-20:]), 1 if n % 2 else 0.05)
    try:
        os.kill(engine, signal.SIGKILL)
    except OSError:
        pass
    p.wait(60)
    ok(s.answers(), "kill %d: an engine answers" % n)
    same(s.sbx("reload", timeout=120)[0], 0, "the same reload again")
    same(set(does(plan()).values()), {"leave"}, "ends with the set")
    ok(until(lambda: {r["status"] for r in s.rows()} == {"running"}),
       "all of it runs", {r["name"]: r["status"] for r in s.rows()
                          if r["status"] != "running"})
    rows = s.rows()
    same({r["name"] for r in rows},
         {"p%d" % i for i in range(100) if i % 7 != n}, "and nothing else")
    same([r["name"] for r in rows if r["run"] > 1 and
          int(r["name"][1:]) % 10], [], "what was not changed has its run")
    seq = max(e["seq"] for e in s.events())
s.end()

# --- a file that is removed while its set runs
s = Set("process a exec sleep 1009\n")
same(s.sbx("up")[0], 0, "a set whose file goes")
pid = s.row("a")["pid"]
text = open(s.dir + "/sbxrc").read()
os.mkdir(s.dir + "/below")
os.unlink(s.dir + "/sbxrc")
for words in (("ls",), ("-f", "sbxrc", "ls"), ("-f", s.dir + "/sbxrc", "ls")):
    code, out, err = s.sbx(*words)
    ok(code == 0 and "running" in out and "is gone; its set still runs" in err,
       " ".join(words) + ": is found where it was", (code, out, err))
p = subprocess.run([SBX, "ls"], cwd=s.dir + "/below", env=s.env,
                   capture_output=True, text=True)
ok(p.returncode == 0 and "running" in p.stdout, "from below too", p)
code, out, err = s.sbx("reload")
ok(code == 2 and "No such file" in err, "it cannot be read again", err)
same(s.sbx("up")[0], 0, "up leaves it as it is")
same(s.sbx("-f", "other", "ls")[0], 2, "another one that is not there")
old = s.kill_engine()
ok(until(lambda: s.row("a").get("pid") == pid and
         s.doctor()["engine_pid"] != old), "another engine takes over")
same(s.sbx("down")[0], 0, "it can be ended")
same(s.sbx("ls")[0], 3, "then there is none")
s.write(text)
same(s.sbx("up")[0], 0, "the file is back")

# --- and with its directory
os.mkdir(s.dir + "/gone")
rc = s.dir + "/gone/sbxrc"
s.write("process b exec sleep 1010\n", "gone/sbxrc")
same(s.sbx("-f", rc, "up")[0], 0, "a set whose directory goes")
os.unlink(rc)
os.rmdir(s.dir + "/gone")
code, out, err = s.sbx("-f", rc, "ls")
ok(code == 0 and "running" in out and "is gone; its set still runs" in err,
   "is found by the name it had", (code, out, err))
same(s.sbx("-f", rc, "down")[0], 0, "and can be ended")
same(s.sbx("-f", rc, "ls")[0], 2, "then it is a file that is not there")
done()
