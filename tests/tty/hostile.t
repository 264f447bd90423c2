#!/usr/bin/env python3
"""What children print, name and title stays text in every place where it is
shown: one corpus (tests/lib/hostile.py) for all of them."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hostile import CORPUS, LINES, harm, on_terminal
from sbxtest import SBX, Set, done, ok, same, until

PROGRAM = r"""
import os, sys, time
kind = sys.argv[1]
data = open("corpus", "rb").read()
def put(fd, b):
    while b:
        b = b[os.write(fd, b):]
if kind == "err":
    put(2, data)
elif kind == "notify":
    put(int(os.environ["SBX_NOTIFY_FD"]), b"STATUS=\x1b]0;OWNED\x07\xff\xe2\x80\xae\n")
elif kind == "titles":
    for line in data.split(b"\n"):
        put(1, b"\x1b]2;" + line + b"\x07\x1b]0;" + line + b"\x1b\\")
    put(1, data + b"\x1bc\x1b]2;T\xe2\x80\xaeOWNED\x07shown here\n")
elif kind == "body":
    import socket
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    s.listen()
    open("port", "w").write(str(s.getsockname()[1]))
    while True:
        c = s.accept()[0]
        put(c.fileno(), b"HTTP/1.0 503 \x1b]0;OWNED\x07\x9b2J\r\n\r\n" + data)
        c.close()
else:
    put(1, data)
if kind == "dies":
    put(1, b"the end \x1b]0;OWNED\x07\x1b[2J\xc2\x9b2J\xe2\x80\xae\xff\n")
    sys.exit(3)
open("/proc/self/comm", "w").write("\x1b]0;OWNED\x07")
print("\nthat was it", flush=True)
time.sleep(1000)
"""

RC = r"""
defaults {
    stop KILL
}
process out {
    argv python3 program.py out
    hook page printf '%s' "$SBX_LINE" > page.$SBX_WATCH
    watch title /2;(?<t>.*)/ value=t notify level=error max=100/1s
    watch any /(?<x>.*OWNED.*)/ value=x level=warn run=page
    watch raw /(?<bytes>[^ -~]+)/ value=bytes count
}
process err {
    argv python3 program.py err
    watch all /(?<line>.+)/ value=line notify stream=stderr
}
process dies {
    argv python3 program.py dies
    restart on-failure
    restart.max 1
    restart.backoff 10ms..10ms
}
process titles {
    argv python3 program.py titles
    tty yes
}
process tells {
    argv python3 program.py notify
    ready notify
}
process body {
    argv python3 program.py body
    ready exec cat corpus; exit 1
}
process page {
    cmd exec sleep 1000
    ready http http://127.0.0.1:${PORT:-1}/
    autostart no
}
process fires {
    cmd cat corpus; echo BOOM "$(cat corpus | tr -d '\n\0')"; exec sleep 1000
    watch boom /BOOM/ stop
}
process waits {
    argv sleep 1000
    depends body ready
}
"""

s = Set(RC)
with open(s.dir + "/corpus", "wb") as f:
    f.write(LINES)
s.write(PROGRAM, "program.py")
same(s.sbx("up")[0], 0, "up")
ok(until(lambda: s.status("dies") == "failed", 40), "dies has failed")
ok(until(lambda: s.status("fires") in ("off", "killed"), 40), "fires fired",
   s.row("fires"))
ok(until(lambda: "shown here" in s.out("screen", "titles"), 40),
   "titles is drawn")
ok(until(lambda: s.raw("out") == LINES + b"\nthat was it\n", 40),
   "every byte of it is kept")
ok(until(lambda: s.raw("err", "stderr") == LINES, 40), "of stderr, too")
port = until(lambda: os.path.exists(s.dir + "/port") and
             open(s.dir + "/port").read())
s.env["PORT"] = port
s.sbx("add", "asks", "--no-start", "--", "true")
s.write(RC.replace("${PORT:-1}", port))
s.sbx("reload")
s.sbx("start", "page", "--wait", "1s")
s.sbx("add", "odd", "--", "sh", "-c", "sleep 1000; : \x1b]0;OWNED\x07 \u202e")

# --- the command line on a terminal ------------------------------------------

ALL = ("out", "err", "dies", "titles", "tells", "body", "page", "fires",
       "waits", "odd")
PLACES = [("ls",), ("events",), ("logs",), ("logs", "--no-prefix"),
          ("logs", "out"), ("logs", "titles"), ("logs", "out", "--grep", "."),
          ("logs", "err", "--since", "0", "-n", "100"),
          ("screen", "titles"), ("screen", "titles", "--scrollback"),
          ("values", "out"), ("values", "err"), ("doctor",), ("set",),
          ("wait", "out", "--log", "OWNED"),
          ("wait", "dies", "--log", "never", "--timeout", "1s"),
          ("wait", "tells", "--ready", "--timeout", "100ms"),
          ("wait", "page", "--ready", "--timeout", "1s"),
          ("wait", "body", "--ready", "--timeout", "100ms"),
          ("start", "dies", "--wait", "5s"),
          ("start", "\x1b]0;OWNED\x07\u202e\x9b"),
          ("values", "out", "\x1b]0;OWNED\x07"),
          ("logs", "out", "--grep", "(\x1b]0;OWNED\x07\u202e"),
          ("\x1b]0;OWNED\x07",), ("ls", "--\x1b[2J"),
          ("set", "\x1b[2J"), ("set", "theme", "\x1b]0;OWNED\x07"),
          ("check", "\x1b]0;OWNED\x07"), ("-f", "\x1b]0;OWNED\x07", "ls"),
          ("add", "\x1b]0;OWNED\x07", "--", "true"),
          ("exec", "--", "\x1b]0;OWNED\x07"),
          ("exec", "--cwd", "/\x1b]0;OWNED\x07", "--", "true"),
          ("exec", "--user", "\x1b]0;OWNED\x07", "--", "true"),
          ("send", "out", "--keys", "\x1b]0;OWNED\x07"),
          ("signal", "\x1b]0;OWNED\x07", "out"),
          ("reload", "--plan"), ("help", "\x1b]0;OWNED\x07"),
          ("init", "--from", "\x1b]0;OWNED\x07"),
          ("completion", "\x1b]0;OWNED\x07"),
          ("__complete", "start", ""), ("__complete", "values", "out", "")]
PLACES += [(verb, name) for name in ALL for verb in ("show", "why")]
for words in PLACES:
    code, out = on_terminal(s, *words)
    if words[0] == "__complete":
        out = out.replace(b"\t", b" ")     # what its reader splits at
    ok(not harm(out), "sbx %s: nothing of it acts" % ascii(" ".join(words)),
       harm(out))
code, out = on_terminal(s, "logs", "out", "-f", last=rb"that was it")
ok(b"that was it" in out and not harm(out), "logs -f: nothing of it acts",
   harm(out))

# Also into a pipe, where it is not the log itself.
for words in [p for p in PLACES
              if p[0] not in ("logs", "doctor", "__complete")]:
    code, out, err = s.sbx(*words)
    ok(not harm((out + err).encode()), "sbx %s | cat: nothing of it acts" %
       ascii(" ".join(words)), harm((out + err).encode()))

# With colours only colours.
code, out = on_terminal(s, "screen", "titles", "--ansi")
ok(not harm(out), "screen --ansi: colours and nothing else", harm(out))

# --- JSON --------------------------------------------------------------------

for words in [("ls",), ("events",), ("logs",), ("doctor",), ("set",),
              ("logs", "out", "--run", "1"), ("values", "out"),
              ("values", "err"), ("screen", "titles"),
              ("screen", "titles", "--scrollback"), ("keys",),
              ("wait", "out", "--log", "OWNED"),
              ("wait", "out", "--log", "[^ -~]+"),
              ("wait", "dies", "--log", "never", "--timeout", "1s"),
              ("exec", "--", "cat", "corpus"),
              ("exec", "--", "\x1b]0;OWNED\x07"),
              ("exec", "--", "sh", "-c", "cat corpus >&2; exit 3")] + \
             [(verb, name) for name in ALL for verb in ("show", "why")]:
    p = s.popen(words[0], "--json", *words[1:], stdout=-1, stderr=-1)
    out, err = p.communicate(timeout=60)
    bad = ""
    try:
        whole = (out + err).decode("utf-8")
        for line in whole.rstrip("\n").split("\n") if words[0] in ("logs", "events") \
                else [whole]:
            json.loads(line, strict=True)
    except ValueError as e:
        bad = "%s\n%r" % (e, (out + err)[:300])
    if not bad and re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", out + err):
        bad = "a control character in it"
    ok(not bad, "sbx %s --json is JSON" % ascii(" ".join(words)), bad)

# --- hooks, and what a shell would take --------------------------------------

ok(until(lambda: os.path.exists(s.dir + "/page.any")), "a hook had the line")
ok(not os.path.exists(s.dir + "/OWNED"), "no shell has run any of it")

# --- the full screen: what it writes, and what its terminal makes of it ------

s.tmux("new-session", "-d", "-x", "100", "-y", "24",
       "until [ -e go ]; do sleep 0.05; done; %s; echo left; sleep 1000" % SBX)
s.tmux("set-option", "-g", "status", "off")
s.tmux("resize-window", "-x", "100", "-y", "24")
s.tmux("pipe-pane", "-O", "cat >written")
s.write("", "go")


def sees(pattern, name, *keys):
    for key in keys:
        s.keys(key)
    ok(s.sees(pattern, 20), "the screen: " + name, s.capture())


sees("LIST", "a list and a log")
sees("U.202E", "a hostile log")
sees("LIST  out ", "the first", "g", "g")
sees("LIST  dies ", "the one that died", "j", "j")
sees("the end", "the end of what died")
sees("gave up after", "its details", "d")
sees(r"\[Events\]", "their pages", "l", "l", "l", "l", "l")
sees("LIST", "back", "q")
sees("shown here", "a terminal", "j")
sees("TERM", "used", "Enter")
sees("LIST", "and left", "C-]")
sees("LIST  out ", "the first again", "g", "g")
sees("LOG", "its log", "Tab")
sees("FIND", "a prompt", "/")
sees("match|[0-9]+/[0-9]+", "a search", "O", "W", "N", "E", "D", "Enter")
s.keys("Tab")
s.keys(":")
sees("CMD|COMMAND|^ ?:", "the command line")
s.tmux("send-keys", "-l", "start nonsense\u202ex")
sees("no process|is no|did you", "a mistake", "Enter")
s.keys("Escape")
sees("exit 3|gave up", "what dies tells it", ":")
s.keys("Escape")
s.sbx("restart", "dies", "out", "err")
ok(until(lambda: s.row("dies").get("run", 0) > 2 and
         s.status("dies") == "failed", 40), "dies has died again")
sees("LIST|LOG", "it goes on")
s.tmux("resize-window", "-x", "60", "-y", "12")
s.tmux("resize-window", "-x", "140", "-y", "40")
sees("titles", "all is drawn anew")
with open(s.dir + "/written", "rb") as f:
    written = f.read()
ok(len(written) > 10000 and b"OWNED" in written, "what it has written is seen")
ok(not harm(written, screen=True), "nothing of it acts",
   harm(written, screen=True))
ok("OWNED" not in s.tmux("display-message", "-p", "#{pane_title}"),
   "the title is not the child's")
s.tmux("kill-server")
s.sbx("down", "--timeout", "5s")

# --- a directory with such a name --------------------------------------------

top = s.dir
odd = os.fsencode(top) + b"/\x1b]2;OWNED\x07\x9b2J\xe2\x80\xae\xff d"
os.mkdir(odd)
with open(odd + b"/sbxrc", "w") as f:
    f.write("process a {\n cmd pwd; echo $SBX; exec sleep 1000\n}\n"
            "process b {\n argv /no/such\n}\n")
s.dir = os.fsdecode(odd)
for words in (("check",), ("up",), ("ls",), ("logs",), ("show", "a"),
              ("why", "b"), ("events",), ("doctor",), ("reload", "--plan"),
              ("init",), ("add", "--cwd", "nowhere", "--", "true"),
              ("exec", "--user", "nobody-here", "--", "true"),
              ("-f", "nowhere", "ls")):
    code, out = on_terminal(s, *words)
    ok(not harm(out), "in such a directory, sbx %s: nothing of it acts" %
       " ".join(words), harm(out))
for words in (("ls",), ("show", "a"), ("doctor",), ("events",), ("why", "b")):
    p = s.popen(*words, "--json", stdout=-1, stderr=-1)
    out, err = p.communicate(timeout=60)
    try:
        for line in out.decode().rstrip("\n").split("\n"):
            json.loads(line)
        bad = ""
    except ValueError as e:
        bad = "%s\n%r" % (e, out[:300])
    ok(not bad, "in such a directory, sbx %s --json is JSON" %
       " ".join(words), bad)
code, out = on_terminal(s, last=rb"(?s)LIST.*\]2;sbx.*\x07|\]2;sbx.*LIST")
ok(b"LIST" in out and not harm(out, screen=True),
   "in such a directory, the screen: nothing of it acts",
   harm(out, screen=True))
s.sbx("down", "--timeout", "5s")
s.dir = top
done()
