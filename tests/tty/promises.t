#!/usr/bin/env python3
"""Sentences of what sbx promises that are small and shown nowhere else:
names, words, environments, users, waits, queues, viewers."""
import glob
import grp
import json
import os
import pwd
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SBX, Set, done, ok, same, until

s = Set(r"""
env LEVEL=set TWICE=set GONE=set
env-file more
group crowd {
    env LEVEL=group TWICE=group
}
defaults {
    stop KILL
}
process asis {
    cmd printf '%s|' "a  b" 'c#d' $((1+1)) ${HOME:+set} # not a comment of sbx
}
process words {
    argv printf %s| "a  b" 'c#d' "$((1+1))" '${HOME}'
}
process mine {
    argv tool
    path bin
}
process level {
    cmd echo $LEVEL $TWICE ${GONE-none} $FILED
    group crowd
    env LEVEL=own -GONE
}
process after {
    cmd echo $LEVEL $TWICE $GONE $FILED
}
process nobody {
    cmd echo ran as somebody; id -u
    user no-such-user-here
}
process nowhere {
    cmd echo ran somewhere
    cwd /no/such/directory
}
process burns {
    cmd while :; do :; done
    limit cpu=1s
}
process late {
    cmd sleep 1000
    ready delay 200ms
}
process quick {
    argv sleep 1000
    timeout 300ms
}
process asks {
    cmd stty raw -echo; printf '\033[6n'; dd bs=1 count=6 2>/dev/null | od -An -c; echo asked; exec sleep 1000
    tty yes
}
process x1 {
    argv sleep 1000
    ready log /never/
}
process x2 {
    argv sleep 1000
    ready log /never/
}
process needs {
    cmd echo never
    depends x1 ready
    depends x2 ready
}
process breaks {
    cmd read x; exit 5
    stdin pipe
}
process hopes {
    cmd echo never
    depends breaks ok
}
process inside {
    cmd cd /; "%s" ls --json; echo code $?
}
""".replace("%s\" ls", SBX + "\" ls"))
os.mkdir(s.dir + "/bin")
s.write("#!/bin/sh\necho the tool\n", "bin/tool")
os.chmod(s.dir + "/bin/tool", 0o755)
s.write("FILED='from a file'\n", "more")
same(s.sbx("up")[0], 1, "up, where two cannot start")


def log(name):
    until(lambda: s.status(name) in ("completed", "failed"), 30)
    return s.out("logs", name)


# Commands and environments.
same(log("asis"), "a  b|c#d|2|set|", "the text of cmd goes to the shell as is")
same(log("words"), "a  b|c#d|$((1+1))|${HOME}|", "words go to no shell")
same(log("mine"), "the tool\n", "a word is looked up in the PATH of the child")
same(log("level"), "own group none from a file\n",
     "set, group, process: the last one counts, one is removed")
same(log("after"), "set set set from a file\n", "and it is so for nobody else")
for name, words in (("nobody", "no-such-user-here"),
                    ("nowhere", "/no/such/directory")):
    row = s.row(name)
    ok(row["status"] == "error" and words in row["reason"] and
       row["run"] <= 1 and not row.get("log_bytes"),
       "%s: an error, and nothing is run" % name, row)
if os.geteuid() == 0:
    # What /dev/stderr is belongs to who runs; its own words go before what
    # comes with the user.
    s.sbx("add", "opens", "--user", "daemon", "--cwd", "/", "-e", "HOME=/mine",
          "-e", "-SHELL", "--", "sh", "-c",
          "echo no error >/dev/stderr; echo $HOME ${SHELL-none} $USER "
          ">/dev/stdout")
    same(sorted(log("opens").split("\n")), ["", "/mine none daemon",
                                            "no error"],
         "another user opens its own output, and has the HOME it was given")
    s.sbx("add", "demon", "--user", "daemon", "--cwd", "/", "--", "sh", "-c",
          "echo $(id -un) $(id -gn) $HOME $USER $LOGNAME $SHELL; id -G")
    got = log("demon").split("\n")
    them = pwd.getpwnam("daemon")
    same(got[0].split(), ["daemon", grp.getgrgid(them.pw_gid).gr_name,
                          them.pw_dir, "daemon", "daemon", them.pw_shell],
         "another user: it is that one")
    ok("0" not in got[1].split(), "and in no group of ours", got)
    ok(s.env["HOME"] not in got[0], "with a home of its own", got)
    who = "echo $(id -u) $(id -G) $HOME $USER $LOGNAME $SHELL"
    for user, want in (("54321:54322", "54321 54322 / 54321 54321 /bin/sh\n"),
                       ("1:54322", None), ("1", None)):
        name = "n" + user.replace(":", "-")
        s.sbx("add", name, "--user", user, "--cwd", "/", "--", "sh", "-c", who)
        got = log(name)
        if want:
            same(got, want, "numbers without an entry")
        else:
            words = got.split()
            ok(words[0] == "1" and "0" not in words and "daemon" in words and
               ("54322" in words) == (":" in user),
               "a number with an entry is that user: " + user, got)
    for user, why in (("54321", "54321:GROUP"),
                      ("54321:nogrouphere", "unknown group 'nogrouphere'")):
        name = "w" + user[:3] + user[-1:]
        added = s.sbx("add", name, "--user", user, "--cwd", "/", "--", "true")
        row = s.row(name)
        ok(row.get("status") == "error" and why in row["reason"],
           "refused: " + user, (added, row))
    for user in "4294967295:1", "1:4294967295", "99999999999999999999":
        code, out, err = s.sbx("add", "--user", user, "--", "true")
        ok(code == 2 and "from 0 to 4294967294" in err, "nobody: " + user, err)

# Readiness, timeouts, the terminal without a viewer.
same(s.sbx("wait", "late", "--ready", "--timeout", "30s")[0], 0,
     "ready after a delay")
ok(until(lambda: s.status("quick") == "timed_out", 30), "a timeout ends it")
same(s.sbx("wait", "asks", "--log", "asked", "--timeout", "30s")[0], 0,
     "a question of a program is answered with nobody there")
ok("R" in s.out("logs", "asks"), "with the place of the cursor",
   s.out("logs", "asks"))

ok(until(lambda: s.status("burns") == "killed", 30) and
   s.row("burns")["signal"] == "XCPU", "limit cpu ends it", s.row("burns"))
ok("limit cpu" in s.out("why", "burns"), "and is named", s.out("why", "burns"))

# What waits tells for what.
code, out, err = s.sbx("why", "needs")
ok("x1" in out and "x2" in out, "all that is waited for is told", out)
same(s.sbx("stop", "needs")[0], 0, "a wait can be called off")
same(s.status("needs"), "off", "and then it is off")
same(s.status("hopes"), "waiting", "one that hopes")
s.sbx("send", "breaks", "x")
ok(until(lambda: s.status("hopes") == "failed", 30),
   "fails when what it waits for cannot come")
ok("breaks" in s.row("hopes")["reason"], "and says so", s.row("hopes"))

# Which engine is meant.
last = log("inside").rstrip().split("\n")
ok(last[-1] == "code 0" and json.loads(last[0])["processes"],
   "a process finds its engine by SBX_SOCKET", last)
os.makedirs(s.dir + "/deep/er")
p = subprocess.run([SBX, "ls"], cwd=s.dir + "/deep/er", env=s.env,
                   capture_output=True, text=True, stdin=subprocess.DEVNULL)
ok(p.returncode == 0 and "asis" in p.stdout, "it is found by walking up", p)
p = subprocess.run([SBX, "-f", s.dir + "/sbxrc", "ls"], cwd="/", env=s.env,
                   capture_output=True, text=True, stdin=subprocess.DEVNULL)
ok(p.returncode == 0 and "asis" in p.stdout, "and by -f", p)

# Records.
pid = s.row("late")["pid"]
code, out, err = s.sbx("add", "late", "--", "true")
ok(code == 1 and "late" in err, "a name that is taken is refused", err)
same((s.row("late")["pid"], s.status("late")), (pid, "running"),
     "and whose it is is untouched")
names = []
for i in range(2):
    names.append(s.out("add", "--", "true").strip())
    s.sbx("wait", names[-1], "--exit", "--timeout", "30s")
    s.sbx("rm", names[-1])
s.kill_engine()
ok(s.answers(), "another engine")
names.append(s.out("add", "--no-start", "--", "true").strip())
ok(len(set(names)) == 3, "a name that was made is never used again", names)


def spools():
    return len(glob.glob(s.dir + "/s/sbx/*/log/*"))


before = spools()
code, out, err = s.sbx("add", "brief", "--rm", "--", "echo", "gone")
ok(until(lambda: s.sbx("show", "brief")[0] == 4), "what is not kept goes")
ok(until(lambda: spools() <= before), "with its log", (before, spools()))
gone = [e for e in s.events()
        if e["event"] == "removed" and e.get("process") == "brief"]
ok(gone and gone[0]["cause"] == "none" and "keep no" in gone[0]["text"],
   "the journal does not say that somebody did it", gone)
same(s.sbx("stop", "--all")[0], 0, "stop all")

# A queue: first in, first out.
same(s.sbx("set", "limit.processes", "1")[0], 0, "one at a time")
s.sbx("add", "q0", "--", "sh", "-c", "read x; echo 0 >>order")
for i in (1, 2, 3):
    s.sbx("add", "q%d" % i, "--", "sh", "-c", "echo %d >>order" % i)
same([s.status("q%d" % i) for i in range(4)],
     ["running", "queued", "queued", "queued"], "the others are queued")
ok("queued: " in s.out("why", "q1") and
   "It starts as soon as" in s.out("why", "q1"), "and why says what for",
   s.out("why", "q1"))
s.sbx("add", "called-off", "--", "sh", "-c", "echo no >>order")
same((s.status("called-off"), s.sbx("stop", "called-off")[0],
      s.status("called-off")), ("queued", 0, "off"),
     "who is queued can be called off")
code, out, err = s.sbx("add", "q4", "--no-queue", "--", "true")
same((code, s.sbx("show", "q4")[0]), (1, 4), "refused where it is asked for")
ok("limit.processes is 1" in err, "with the limit", err)
s.sbx("add", "q5", "--no-start", "--", "true")
same((s.sbx("start", "q5", "--no-queue")[0], s.status("q5")), (1, "off"),
     "a start is refused and changes nothing")
same(s.sbx("exec", "--no-queue", "--", "true")[0], 1, "exec too")
s.sbx("send", "q0", "x")
ok(until(lambda: all(s.status("q%d" % i) == "completed" for i in range(4)),
         30), "they run")
with open(s.dir + "/order") as f:
    same(f.read().split(), ["0", "1", "2", "3"], "in their order")
s.sbx("set", "limit.processes", "64")
same(s.sbx("start", "q5", "--no-queue")[0], 0, "with a place it starts")

# Two viewers: a terminal has the size of the one who typed last.
s.sbx("add", "shell", "--tty", "--", "sh", "-i")
sizes = {"a": (100, 30), "b": (70, 20)}
for name, (cols, rows) in sizes.items():
    s.tmux("new-session", "-d", "-s", name, "-x", str(cols), "-y", str(rows),
           SBX + " attach shell; sleep 1000")
s.tmux("set-option", "-g", "status", "off")
for name, (cols, rows) in sizes.items():
    s.tmux("resize-window", "-t", name, "-x", str(cols), "-y", str(rows))


def size_by(name):
    """What the program sees when that viewer types."""
    s.tmux("send-keys", "-t", name, "stty size", "Enter")
    return s.out("screen", "shell", "--json") and \
        json.loads(s.out("screen", "shell", "--json"))["cols"]


for name in ("a", "b", "a"):
    ok(until(lambda: size_by(name) == sizes[name][0], 30, 0.3),
       "viewer %s types: the terminal is as wide as its own" % name,
       s.out("screen", "shell", "--json"))
shown = s.tmux("capture-pane", "-p", "-t", "a")
ok("Ctrl-] leave" in shown and "back to the list" not in shown,
   "attach has no list to go back to", shown)
s.tmux("kill-session", "-t", "b")
s.tmux("kill-session", "-t", "a")
same(s.status("shell"), "running", "without viewers it goes on")
s.sbx("down", "--timeout", "3s")
s.sbx("up", "asis")
names.append(s.out("add", "--no-start", "--", "true").strip())
same(names[3], "proc_4", "nor by the next engine of the set, nor left out")
s.end()

# The words of a process reach it as they are named.
s = Set(r"""
process bits {
    cmd umask; nice; ulimit -n; ulimit -c; readlink /proc/self/fd/0
    umask 027
    nice 5
    limit nofile=77 core=0
    stdin null
}
process reads {
    cmd readlink /proc/self/fd/0 | cut -d: -f1; read x; echo "got $x"
    stdin pipe
}
process typed {
    cmd tty <&0 >/dev/null && echo a terminal; stty size; echo $TERM
    tty yes
    stdin tty
}
process apart {
    cmd echo shown; echo an error >&2; test -t 2 || echo apart
    tty yes
    stderr separate
    env TERM=vt100
}
process joined {
    cmd echo $TERM; test -t 2 && echo in the screen >&2
    tty yes
    env TERM=vt100
}
""")
same(s.sbx("up")[0], 0, "up")
same(log("bits"), "0027\n5\n77\n0\n/dev/null\n", "umask, nice, limit, stdin null")
s.sbx("send", "reads", "a line")
same(log("reads"), "pipe\ngot a line\n", "stdin pipe")
same(log("typed"), "a terminal\n24 80\nxterm-256color\n",
     "stdin tty, its size and TERM")
log("apart")
same((s.out("logs", "apart", "--stream", "pty"),
      s.out("logs", "apart", "--stream", "stderr"),
      s.out("screen", "apart").strip()),
     ("shown\napart\n", "an error\n", "shown\napart"),
     "stderr separate: in the log, not on the screen")
same(log("joined"), "vt100\nin the screen\n", "joined it is; a TERM of its own")
s.end()

# What is named is so, whatever sbx was started with: that of a program which
# "nice -n 10" starts from here.
NICE = min(os.nice(0) + 10, 19)
if os.geteuid() == 0:
    s = Set("""
process named {
    cmd umask; nice; ulimit -n
    umask 022
    nice 0
    limit nofile=150
}
process unnamed {
    cmd umask; nice; ulimit -n
}
""")
    subprocess.run(["sh", "-c", "umask 077; ulimit -Sn 100; "
                    "exec nice -n 10 \"$0\" up", SBX], cwd=s.dir, env=s.env,
                   stdin=subprocess.DEVNULL)
    same(log("named"), "0022\n0\n150\n",
         "umask 022, nice 0 and a higher limit undo what sbx has")
    same(log("unnamed"), "0077\n%d\n100\n" % NICE, "and else it stays")
    s.end()

# Somebody who is not root is told what he may not do.
if os.geteuid() == 0:
    s = Set("""
process hurry {
    cmd echo ran
    nice -5
}
process calm {
    cmd echo ran
    nice 0
}
process more {
    cmd echo ran
    limit nofile=1000000000
}
process other {
    cmd echo ran
    user daemon
}
process self {
    cmd echo ran
    user nobody
}
""")
    shutil.copy(SBX, s.dir + "/sbx")
    for path in (s.dir, s.dir + "/r", s.dir + "/sbx", s.dir + "/sbxrc"):
        os.chown(path, 65534, 65534)

    def as_nobody(*words, nice=0):
        return subprocess.run(["nice", "-n", str(nice), s.dir + "/sbx",
                               *words], cwd=s.dir, env=s.env,
                              user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).stdout

    as_nobody("up", nice=10)
    for name, word in (("hurry", "nice -5: "),
                       ("calm", "nice 0: Permission denied, that of sbx is "
                        "%d" % NICE),
                       ("more", "limit nofile=1000000000: "),
                       ("other", "not permitted to become 'daemon'")):
        row = json.loads(as_nobody("show", name, "--json") or "{}")
        ok(row.get("status") == "error" and word in row["reason"] and
           row["run"] == 0, "refused: " + word, row)
        same(as_nobody("logs", name), "", "and nothing is run")
    as_nobody("wait", "self", "--exit", "--timeout", "30s")
    same(as_nobody("logs", "self"), "ran\n", "as oneself it may be named")
    as_nobody("down")
    s.end()

# Watches that act, limits, and keys while output floods.
s = Set(r"""
set log.keep 1M
process opens {
    cmd echo begin; read x; echo open for all; read x
    stdin pipe
    watch door /open/ ready
}
process speaks {
    cmd echo plain; echo a secret line; echo other; while read x; do echo "$x"; done
    stdin pipe
    watch quiet /secret/ hide
    watch loud /told/ notify
}
process much {
    cmd seq 1000000; read x
    stdin pipe
    log.keep 64M
    autostart no
}
process flood {
    cmd exec yes a line of a flood
    autostart no
}
""")
same(s.sbx("up")[0], 0, "up")
ok(until(lambda: "begin" in s.out("logs", "opens")) and
   not s.row("opens").get("ready"),
   "what a watch makes ready is not so at first", s.row("opens"))
s.sbx("send", "opens", "x")
ok(until(lambda: s.row("opens").get("ready"), 30), "a line makes it ready",
   s.row("opens"))

same(s.sbx("set", "limit.log", "2M")[0], 0, "a limit of logs")
same(s.sbx("start", "much")[0], 0, "a lot of output")
ok(until(lambda: "1000000" in s.out("logs", "much", "-n", "1"), 60),
   "all of it comes")
row = s.row("much")
ok(row["dropped_bytes"] > 3 << 20, "limit.log is above the log of a process",
   row)

s.sbx("add", "more", "--", "sh", "-c", "seq 150000; exec sleep 1000")
ok(until(lambda: "150000" in s.out("logs", "more", "-n", "1"), 60),
   "another one")


def log_files():
    return sum(os.path.getsize(f) for f in
               glob.glob(s.dir + "/s/sbx/*/log/*/*"))


ok(log_files() > 2 << 20, "both keep a lot", log_files())
same(s.sbx("set", "limit.logs", "1M")[0], 0, "a limit of all logs")
ok(until(lambda: log_files() <= 1 << 20, 30), "the oldest go first",
   log_files())
ok("150000" in s.out("logs", "more", "-n", "1"), "what is young stays")
ok("dropped" in s.sbx("logs", "more")[2] + s.out("logs", "more"),
   "the gap is told")
same(s.sbx("set", "limit.logs", "64G")[0], 0, "none again")
s.sbx("kill", "more")
s.sbx("rm", "more")

same(s.sbx("set", "limit.input", "1K")[0], 0, "a limit of input")
code, out, err = s.sbx("send", "speaks", "x" * 5000)
ok(code == 1 and "limit.input" in err, "is told by its name", (code, err))
same(s.sbx("send", "speaks", "short")[0], 0, "what is below it is taken")

same([r["name"] for r in json.loads(s.out("ls", "--json", "--since", "1h"))
      ["processes"]], ["opens", "speaks", "much", "flood"],
     "ls --since: what is there since then")
same(json.loads(s.out("ls", "--json", "--since", "2100-01-01T00:00:00Z"))
     ["processes"], [], "none since a time to come")

s.screen("speaks", cols=90, rows=24)
ok(s.sees("other", 30) and "plain" in s.capture() and
   "secret" not in s.capture(), "a hidden line is not on the screen",
   s.capture())
ok("a secret line" in s.out("logs", "speaks"), "but in the log")
s.sbx("send", "speaks", "it is told to all")
ok(s.sees("loud.*it is told to all|speaks.*it is told to all", 30),
   "notify tells it to who looks", s.capture())
same(s.sbx("start", "flood")[0], 0, "a flood")
s.keys(":")
# Behind the prompt: all at once it were a paste.
s.sees(r"\n COMMAND ", 30)
s.tmux("send-keys", "-l", "stop flood")
ok(s.sees("stop flood", 30), "what is typed is shown", s.capture())
s.keys("Enter")
ok(until(lambda: s.status("flood") in ("killed", "off"), 30),
   "and done", s.row("flood"))
done()
