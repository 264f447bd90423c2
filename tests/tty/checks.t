#!/usr/bin/env python3
"""Rules of readiness and life, steps of a stop that are no signals, hooks."""
import base64
import json
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SBX, ZOO, Set, alive, done, ok, same, until

RC = r"""
defaults {
    stop TERM 300ms KILL
}
process notify {
    cmd read x; echo READY=1 >&$SBX_NOTIFY_FD; exec sleep 1000
    stdin pipe
    ready notify
}
process screen {
    cmd printf 'wait'; read x; printf '\033[2J\033[Hall is w'; printf 'ell\n'; exec sleep 1000
    tty yes
    ready screen /^all is well$/
}
process prompt {
    cmd printf '\033[2J\033[3;3Hask> '; exec sleep 1000
    tty yes
    ready screen /^  ask> $/
}
process socket {
    cmd exec python3 -c 'import socket,time; s=socket.socket(socket.AF_UNIX); s.bind("app.sock"); s.listen(); time.sleep(1000)'
    ready unix app.sock
}
process beat {
    cmd echo tick; while read x; do echo "$x"; done; exec sleep 1000
    stdin pipe
    live log /^tick/
    live.every 100ms
    live.fails 3
    live.action mark
}
process sick {
    cmd exec sleep 1000
    live exec test ! -e bad
    live.every 50ms
    live.fails 2
    restart.backoff 10ms..10ms
}
process doomed {
    cmd exec sleep 1000
    live exec test ! -e bad2
    live.every 50ms
    live.fails 1
    live.action stop
}
process polite {
    cmd trap 'echo asked; exit 0' USR1; while :; do sleep 0.05; done
    stop cmd kill -USR1 $SBX_PID
}
process editor {
    cmd read line; echo "typed $line"; exit 0
    tty yes
    stop keys 'quit' Enter
}
process stubborn {
    argv %s ignore TERM
    stop cmd false
    stop TERM 200ms KILL
    stop.timeout 1s
}
process hooked {
    cmd while read x; do echo "$x"; done
    stdin pipe
    hook page printf '%%s|%%s|%%s|%%s|%%s\n' "$SBX_PROCESS" "$SBX_MATCH" "$SBX_1" "$SBX_who" "$SBX_LINE" >> pages
    hook bad printf '%%s' "$SBX_RUN" > run.of; exit 7
    hook slow exec sleep 1000
    hook own env | grep -aE '^SBX_(PROCESS|SOCKET|WATCH|LINE|free)=' | sort > own.new; mv own.new own
    watch own /own (?<PROCESS>\S+) (?<SOCKET>\S+) (?<WATCH>\S+) (?<free>.+) / run=own
    watch alarm /alarm (?<who>\S+)/ run=page
    watch fail /fail/ run=bad
    watch flood /flood/ run=slow
    watch other /begin/ start=later
    watch quiet absent /pulse/ for 300ms run=page level=warn
}
process again {
    cmd echo begin; exec sleep 1000
    autostart no
    restart.max 3
    hook round %s restart again
    watch begin /begin/ run=round
}
process falls {
    cmd echo falls; exit 1
    autostart no
    restart.max 2
    hook round %s restart falls
    watch falls /falls/ run=round
}
process later {
    cmd echo started; exec sleep 1000
    autostart no
}
process mine {
    cmd echo $SBX_PORT > port.new; mv port.new port; exec sleep 1000
    port auto
    ready port auto
}
process thief {
    cmd exec python3 -c 'import socket,time; s=socket.create_server(("127.0.0.1", int(open("port").read()))); time.sleep(1000)'
    autostart no
}
""" % (ZOO, SBX, SBX)

s = Set(RC)


def row(name):
    return s.row(name) or {}


def ready(name):
    return bool(row(name).get("ready"))


same(s.sbx("check")[0], 0, "the file is fine")
same(s.sbx("up")[0], 0, "up")

# ready
until(lambda: row("notify").get("status") == "starting")
ok(not ready("notify"), "notify: not before it says so")
s.sbx("send", "notify", "go\n")
ok(until(lambda: ready("notify")), "notify: ready", s.out("why", "notify"))
ok("READY=1" in s.out("why", "notify"), "notify: and why",
   s.out("why", "notify"))
ok(not ready("screen"), "screen: not before it shows so")
s.sbx("send", "screen", "\n")
ok(until(lambda: ready("screen")), "screen: ready", s.out("why", "screen"))
ok(until(lambda: ready("prompt")), "screen: a prompt that ends in a blank",
   s.out("why", "prompt"))
ok(until(lambda: ready("socket")), "unix: ready", s.out("why", "socket"))

# a port that the engine has picked
until(lambda: os.path.exists(s.dir + "/port"))
s.sbx("start", "thief")
ok(until(lambda: "is held by" in s.out("why", "mine")),
   "port auto: a stranger's server is not its own", s.out("why", "mine"))
ok(not ready("mine"), "port auto: and does not make it ready")

# live
ok(until(lambda: "its check fails" in s.out("why", "beat")),
   "live log: silence is marked", s.out("why", "beat"))
ok(not ready("beat") and alive(row("beat")["pid"]),
   "live log: it is not ready, and lives")


def beats():
    """It is ready for as long as it goes on beating."""
    s.sbx("send", "beat", "tick again\n")
    return ready("beat")


ok(until(beats), "live log: a line makes it ready again")

first = row("sick")["pid"]
ok(ready("sick"), "live exec: it is ready at once")
open(s.dir + "/bad", "w").close()
ok(until(lambda: row("sick").get("restarts", 0) >= 1),
   "live exec: failures restart it", s.out("why", "sick"))
os.unlink(s.dir + "/bad")
ok(until(lambda: row("sick").get("status") == "running" and
         row("sick")["pid"] != first), "live exec: and it runs again")
ok("exit code 1" in s.out("events"), "live exec: the cause is told")
open(s.dir + "/bad2", "w").close()
ok(until(lambda: row("doomed").get("status") in ("off", "killed",
                                                 "completed")),
   "live.action stop: stopped", row("doomed"))

# stop
same(s.sbx("stop", "polite")[0], 0, "stop cmd: gone")
same(row("polite")["status"], "completed", "stop cmd: by itself")
ok("asked" in s.out("logs", "polite"), "stop cmd: it was asked")
same(s.sbx("stop", "editor")[0], 0, "stop keys: gone")
ok("typed quit" in s.out("logs", "editor"), "stop keys: typed",
   s.out("logs", "editor"))
s.sbx("start", "editor")
s.sbx("signal", "STOP", "editor")
ok(until(lambda: "is paused" in s.out("why", "editor")), "one that is paused",
   s.out("why", "editor"))
s.sbx("stop", "editor")
same(row("editor")["status"], "completed", "goes on for its stop")
same(s.sbx("stop", "stubborn")[0], 0, "a stop command that fails: gone")
ok("stop command has exit code 1" in s.out("events"),
   "a stop command that fails is told")

# hooks
s.sbx("send", "hooked", "alarm $(touch${IFS}pwned);`id`|x\n")
ok(until(lambda: os.path.exists(s.dir + "/pages") and
         "alarm" in open(s.dir + "/pages").read()), "a hook runs")
want = "alarm $(touch${IFS}pwned);`id`|x"
same([x for x in open(s.dir + "/pages").read().split("\n") if "alarm" in x],
     ["hooked|%s|%s|%s|%s" % (want, want[6:], want[6:], want)],
     "the line reaches it by its environment only")
ok(not os.path.exists(s.dir + "/pwned"), "nothing of it was run")
line = b'own evil /tmp/evil x it\'s "free" \xff\xfe'
s.sbx("send", "hooked", "--base64", base64.b64encode(line + b"\n").decode())
ok(until(lambda: os.path.exists(s.dir + "/own")), "bytes that are no text")
same(open(s.dir + "/own", "rb").read().split(b"\n"),
     [b"SBX_LINE=" + line, b"SBX_PROCESS=hooked",
      b"SBX_SOCKET=" + json.loads(s.out("doctor", "--json"))["socket"].encode(),
      b"SBX_WATCH=own", b"SBX_free=it's \"free\"", b""],
     "no line takes the place of what sbx says")
s.sbx("send", "hooked", "fail\n")
ok(until(lambda: "hook bad has exit code 7" in s.out("events")),
   "a hook that fails is told")
same(open(s.dir + "/run.of").read(), "1", "a hook knows which run it is")
s.sbx("send", "hooked", "flood\n" * 50)
until(lambda: s.out("logs", "hooked").count("flood") == 50)
ok(until(lambda: "hook slow was left out" in s.out("events")),
   "more hooks than may run at a time are told of")
same(s.out("events").count("hook slow was left out"), 1, "and once")
s.sbx("send", "hooked", "begin\n")
ok(until(lambda: row("later").get("status") == "running"),
   "start= starts another one")
ok(until(lambda: "hooked||||" in open(s.dir + "/pages").read()),
   "absent: silence runs its hook", open(s.dir + "/pages").read())
ok("watch quiet: silent for 300ms" in s.out("events"), "and is called so")

# A hook that restarts its own process, which runs the hook again.
def refused(name, runs):
    told = "hook 'round' has restarted '%s'" % name
    ok(until(lambda: told in s.out("events")),
       name + ": a hook that goes round is told of", s.out("events"))
    until(lambda: name + " note by sbx: hook round has exit code 1" in
          s.out("events"))
    same((row(name)["run"], s.out("events").count(told)), (runs, 1),
         name + ": it ends, and that is said once")


s.sbx("start", "again", "falls")
refused("again", 4)
same(row("again")["status"], "running", "the process lives on")
refused("falls", 3)
same(s.sbx("restart", "again")[0], 0, "a person may restart it")


# A new engine goes on with all of it.
pid = json.loads(s.out("doctor", "--json"))["engine_pid"]
os.kill(pid, signal.SIGKILL)
ok(until(lambda: ready("beat") is False, 15), "a new engine checks on")
ok(until(beats), "and sees it recover")

# What is still outstanding when ready.timeout has passed.
s = Set(r"""
defaults {
    ready.timeout 300ms
}
process hangs {
    cmd exec sleep 1000
    ready exec sleep 999; true
}
process late {
    cmd exec sleep 1000
    ready exec test -e tried && exec sleep 999; touch tried; exit 1
    ready.timeout 1500ms
}
process fails {
    cmd exec sleep 1000
    ready exec exit 3
}
process shut {
    cmd exec sleep 1000
    port auto
    ready port auto
}
process mute {
    cmd exec sleep 1000
    ready log /up (and|or) down/
}
process shy {
    cmd exec sleep 1000
    ready notify
}
process marked {
    cmd exec sleep 1000
    watch up /up/ ready
}
""")
s.sbx("up")
for name, why in (
        ("hangs", r"300ms: 'sleep 999; true' has not ended"),
        ("late", r"1.5s: 'test -e tried && exec sleep 999; touch .* has not ended"),
        ("fails", r"300ms: the check has exit code 3"),
        ("shut", r"300ms: connection refused 127.0.0.1:\d+"),
        ("mute", r"300ms: no line has matched /up \(and\|or\) down/"),
        ("shy", r"300ms: it has not notified"),
        ("marked", r"300ms: no watch has called it ready")):
    until(lambda: "not ready within" in s.row(name)["reason"])
    got = s.row(name)["reason"]
    ok(re.search("not ready within " + why, got), name + ": why not", got)
done()
