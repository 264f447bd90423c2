#!/usr/bin/env python3
"""What users of other process managers ran into: none of it is true here."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import Set, alive, done, ok, same, until

s = Set(r"""
process handy {
    cmd      trap 'echo asked' USR1; while :; do sleep 0.05; done
    stop cmd kill -USR1 $SBX_PID
    stop     TERM 200ms KILL
    stop.timeout 400ms
}
process counted {
    cmd      exec sleep 1000
    ready exec echo x >>asked
    ready.every 10ms
}
process clock {
    cmd      for i in 1 2 3 4 5 6 7 8 9; do sleep 0.05; echo $i; done
    autostart no
}
process again {
    cmd      while read x; do echo "$x"; done
    stdin    pipe
    ready log /^open/
}
process after {
    cmd      exec sleep 1001
    depends  again
    autostart no
}
process late {
    cmd      trap 'echo last words; exit 0' HUP TERM; echo up; while :; do sleep 0.05; done
    tty      yes
}
process holder {
    cmd      (trap '' HUP; sleep 1002) & echo $!; exit 7
    tty      yes
}
process brief {
    cmd      exit 3
    restart  always
    restart.backoff 10ms..10ms
    restart.max 3
}
process plain {
    cmd      echo "[red]text[/] 100%d; #x $((1+1))" "PORT=$PORT" "HIDDEN=$HIDDEN" # no
}
process up_again {
    cmd      while read x; do echo "$x"; done
    stdin    pipe
    ready    log /^on/
    live     log /^on/
    live.every 50ms
    live.fails 2
    live.action mark
}
process waits_for_it {
    cmd      exec sleep 1003
    depends  up_again ready
    autostart no
}
process never {
    cmd      exec sleep 1004
    ready log /^never/
    autostart no
}
process stuck {
    cmd      exec sleep 1005
    depends  never ready
    autostart no
}
""")
s.env.pop("PORT", None)
s.write("HIDDEN=injected\n", ".env")
same(s.sbx("up")[0], 0, "up")

# process-compose: a stop command that succeeds is all that is tried.
same(s.sbx("stop", "handy")[0], 0, "a stop command that succeeds is a step")
ok("asked" in s.out("logs", "handy"), "it was run")
same(s.row("handy").get("signal"), "TERM", "the ladder goes on")

# process-compose: a readiness probe runs for ever.
ok(until(lambda: s.row("counted").get("ready")), "it becomes ready")
s.sbx("start", "clock")
s.sbx("wait", "clock", "--exit", "--timeout", "30s")
with open(s.dir + "/asked") as f:
    same(f.read(), "x\n", "and is not asked again")

# process-compose: a line makes ready only once in a life; what a dependency
# without a condition means is not what is written.
s.sbx("start", "after")
same(s.status("after"), "waiting", "a dependency on what has a check waits")
s.sbx("send", "again", "open")
ok(until(lambda: s.status("after") == "running"), "until it is ready")
s.sbx("restart", "again")
ok(not s.row("again").get("ready"), "another run is not ready")
s.sbx("send", "again", "open")
ok(until(lambda: s.row("again").get("ready")), "before its own line")

# process-compose: the terminal is closed before its program has ended.
ok(until(lambda: "up" in s.out("logs", "late")), "it runs")
same(s.sbx("stop", "late")[0], 0, "a terminal is stopped")
ok("last words" in s.out("logs", "late"), "its last words are heard",
   s.out("logs", "late"))

# mprocs: who holds the terminal keeps it running.
ok(until(lambda: s.status("holder") == "failed"), "a leader's end is the end")
pid = int(s.out("logs", "holder").split()[-1])
ok(until(lambda: not alive(pid)), "of what holds its terminal, too")

# mprocs: not restarted when it ends within a second.
ok(until(lambda: s.status("brief") == "failed"), "it is given up")
same(s.row("brief")["run"], 4, "after as many tries as it may have")

# Text is text, nothing is put into the environment unasked.
ok(until(lambda: s.status("plain") == "completed"), "it has ended")
same(s.raw("plain"), b"[red]text[/] 100%d; #x 2 PORT= HIDDEN=\n",
     "no markup, no cut, no port, no .env")

# process-compose: one that starts late fails for a moment of unreadiness.
s.sbx("send", "up_again", "on")
ok(until(lambda: s.row("up_again").get("ready")), "ready")
ok(until(lambda: not s.row("up_again").get("ready")), "not any more")
s.sbx("start", "waits_for_it")
same(s.status("waits_for_it"), "waiting", "who comes then waits")
s.sbx("send", "up_again", "on")
ok(until(lambda: s.status("waits_for_it") == "running"), "and is started")

# process-compose: stop and start while it waits leave two of them.
s.sbx("start", "never")
for i in range(3):
    s.sbx("start", "stuck")
    same(s.status("stuck"), "waiting", "it waits")
    same(s.sbx("stop", "stuck", "--wait", "5s")[0], 0, "it can be stopped")
s.sbx("start", "stuck", "--no-deps")
ok(until(lambda: s.status("stuck") == "running"), "it can be started")
same(s.row("stuck")["run"], 1, "once")
done()
