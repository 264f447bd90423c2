#!/usr/bin/env python3
"""Logs and terminals over HTTP: no entry and no byte is lost or comes twice,
whatever the log, the reader and the engine do; or a mark says how many."""
import base64
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from httptest import Server, WebSocket, needed
from sbxtest import LONG, SANITIZED, Set, done, ok, same, until

needed()
LINES = 1000000 if LONG else 100000 if SANITIZED else 300000
s = Set("""
process talk {
    cmd for i in 1 2 3; do echo out $i; echo err $i >&2; done; read go; \
        printf 'name? '; read name; echo "hello $name"; exit 7
    stdin pipe
    autostart no
}
process flood {
    cmd echo go; read go; awk 'BEGIN { for (i = 1; i <= %(lines)d; i++) printf "%%099d\\n", i }'
    stdin pipe
    log.keep 4M
    autostart no
}
process old {
    argv awk 'BEGIN { for (i = 1; i <= 60000; i++) printf "%%099d\\n", i }'
    log.keep 1M
    autostart no
}
process ticks {
    cmd i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo $i; sleep 0.005; done; exit 3
    autostart no
}
process bytes {
    cmd printf 'a\\000b\\377\\n'; head -c 3000000 /dev/zero | tr '\\0' x; echo
    autostart no
}
process term {
    argv sh
    env PS1=%%
    tty yes
}
process tflood {
    cmd seq 400000
    tty yes
    log.keep 1M
    autostart no
}
process deaf {
    cmd stty raw; echo deaf; sleep 1000
    tty yes
    autostart no
}
process asks {
    cmd stty -echo; echo start; printf '\\033[6n\\033[c\\033]11;?\\007'; \
        sleep 0.3; echo end; sleep 1000
    tty yes
    autostart no
}
process die {
    cmd kill -9 $$
    autostart no
}
process again {
    cmd echo why >&2; echo begin; read go; printf half; exit 3
    stdin pipe
    autostart no
}
process tries {
    cmd echo try; exit 4
    restart on-failure
    restart.backoff 10ms..10ms
    restart.max 3
    autostart no
}
""" % {"lines": LINES})
same(s.sbx("up")[0], 0, "the set is up")
h = Server(s)
ids = {r["name"]: "proc_%d" % r["id"] for r in s.rows()}


def logs(name, **query):
    q = "&".join("%s=%s" % kv for kv in query.items())
    return "/v1/processes/%s/logs?%s" % (ids[name], q)


def data(entry):
    return base64.b64decode(entry["data"])


def follow(name, last=None, **query):
    headers = {"Last-Event-ID": str(last)} if last is not None else None
    return h.events(logs(name, follow="true", **query), headers)


def rest(f):
    """All events to the end: entries, others."""
    entries, others = [], []
    while True:
        e = f.next()
        if e is None:
            return entries, others
        if e[0] == "log":
            if e[1] and e[1].split(":")[0] != str(e[2]["sequence"]):
                ok(False, "an id is that of its entry", e)
            entries.append(e[2])
        else:
            others.append(e)


def numbered(entries, first=1):
    """Are these all numbers from first on, each once?"""
    for e in entries:
        if e.get("firstSequence", e["sequence"]) != first:
            return False
        first = e["sequence"] + 1
    return True


def terminal(name, **kw):
    return WebSocket(h, "/v1/processes/%s/terminal/ws" % ids[name], **kw)


# --- replay, then live, then the end

f = follow("talk")
same((f.status, f.headers["content-type"], f.headers["cache-control"]),
     (200, "text/event-stream", "no-cache"), "headers come before any entry")
f.close()
s.sbx("start", "talk")
f = follow("talk")
first = [f.next() for i in range(6)]
same(sorted(data(e[2]) for e in first),
     sorted(b"%s %d\n" % (w, i) for w in (b"out", b"err") for i in (1, 2, 3)),
     "what was there comes first")
same([(e[0], e[1], e[2]["sequence"]) for e in first],
     [("log", str(i), i) for i in range(1, 7)], "numbers count from 1")
late = follow("talk", since=6)
errs = follow("talk", stream="stderr")
s.sbx("send", "talk", "go")
e = f.next()
same((data(e[2]), e[1]), (b"name? ", "7:7:0:24"),
     "an unfinished line comes by itself")
code, body = h.get(logs("talk"))
same([data(e) for e in body["entries"][6:]], [b"name? "],
     "and is an entry for everybody")
# Another server, which has not seen the piece.
h2 = Server(s)
again = h2.events(logs("talk", follow="true"),
                  {"Last-Event-ID": "7:7:0:24"})
s.sbx("send", "talk", "bob")
entries, others = rest(f)
same([(e["sequence"], data(e)) for e in entries], [(8, b"hello bob\n")],
     "then what follows it, and nothing twice")
same([data(e) for e in rest(again)[0]], [b"hello bob\n"],
     "the place behind it means the same to another server")
same(h2.end(), 0, "which ends")
same([(e[0], e[2]["exitCode"], e[2]["status"]) for e in others],
     [("exit", 7, "failed")], "the exit is told, and the stream ends")
entries, others = rest(late)
same([(e["sequence"], data(e)) for e in entries],
     [(7, b"name? "), (8, b"hello bob\n")], "since: what comes behind it")
entries, others = rest(errs)
same([data(e) for e in entries], [b"err 1\n", b"err 2\n", b"err 3\n"],
     "one stream alone")
code, body = h.get(logs("talk", tail=2))
same([e["sequence"] for e in body["entries"]], [7, 8], "tail")
code, body = h.get(logs("talk", tail=0))
same((code, body["entries"], body["stream"]), (200, [], "combined"), "tail=0")
code, body = h.get(logs("talk", since=3, tail=2, stream="stdout"))
same([e["sequence"] for e in body["entries"]], [7, 8],
     "since, tail and stream together")
entries, others = rest(follow("talk", last=7, tail=1))
same([e["sequence"] for e in entries], [8],
     "Last-Event-ID goes before what the query asks for")
for q in ("follow=1", "stream=x", "tail=x", "since=-1", "tail="):
    same(h.ask("GET", logs("talk") + q)[0], 400, q + " is refused")
s.sbx("start", "die", "--wait")
until(lambda: s.status("die") == "killed")
same([e[2]["signal"] for e in rest(follow("die"))[1]], ["KILL"],
     "death by a signal has its name")

# --- each run has its end, and before what the next one prints

def told(f, last=None):
    """What comes up to that: text of entries; run and end of exits."""
    out = []
    while not out or out[-1] != last:
        e = f.next()
        if e is None:
            break
        out.append(data(e[2]).decode() if e[0] == "log" else
                   (e[2]["run"], e[2]["status"],
                    e[2].get("signal", e[2]["exitCode"])))
    return out


s.sbx("start", "again")
f, errs = follow("again", stream="stdout"), follow("again", stream="stderr")
got = told(f, "begin\n")
for i in range(3):
    same(h.post("/v1/sbx/processes/again/restart")[0], 200, "a restart")
    got += told(f, "begin\n")
s.sbx("send", "again", "go")
ends = [(1, "killed", "TERM"), (2, "killed", "TERM"), (3, "killed", "TERM"),
        (4, "failed", 3)]
want = ["begin\n", ends[0], "begin\n", ends[1], "begin\n", ends[2],
        "begin\n", "half", ends[3]]
same(got + told(f), want, "a restart: each run that ends is told")
same(told(errs), [e.replace("begin", "why") if e == "begin\n" else e
                  for e in want if e != "half"], "to who reads one stream, too")
same(told(follow("again", stream="stdout")), want,
     "and to who comes when all is over")
same(told(follow("again", stream="stdout", tail=2)), want[-3:],
     "a tail has the ends that are in it")
same(told(follow("again", stream="stdout", tail=0)), want[-1:],
     "and that of the last run, if it has nothing else")
s.sbx("start", "tries")
same(told(follow("tries")), ["try\n", (1, "failed", 4), "try\n",
                             (2, "failed", 4), "try\n", (3, "failed", 4),
                             "try\n", (4, "failed", 4)],
     "a restart of the policy: the same, without a pause")

# --- bytes

s.sbx("start", "bytes")
until(lambda: s.status("bytes") == "completed")
for what, entries in (("a follower", rest(follow("bytes"))[0]),
                      ("the body", h.get(logs("bytes"))[1]["entries"])):
    text = b"".join(data(e) for e in entries)
    ok(text == s.raw("bytes"), "exact bytes, a line of 3 MB too: " + what,
       len(text))
    ok(len(entries) > 2, "a long line comes in parts: " + what)

# --- a flood

def check_flood(entries, others, name):
    marks = [e[2] for e in others if e[0] == "dropped"]
    text = b"".join(data(e) for e in entries)
    lines = text.split(b"\n")
    same((len(lines) - 1, lines[-1], marks), (LINES, b"", []),
         name + ": every line, and no mark")
    ok(all(int(l) == i + 1 for i, l in enumerate(lines[:-1])),
       name + ": in order, once")
    ok(numbered(entries, 2), name + ": no number is missing")


s.sbx("start", "flood")
f = follow("flood")
same(data(f.next()[2]), b"go\n", "a follower is there")
# One that does not read at all is beside it.
deaf = follow("flood")
s.sbx("send", "flood", "go")
entries, others = rest(f)
check_flood(entries, others, "a flood of 25 times what the log keeps")
ok(len(entries) < LINES / 10, "many lines that wait are one event",
   len(entries))


def kept():
    """Bytes that are there now."""
    return s.row("flood")["log_bytes"] - s.row("flood").get("dropped_bytes", 0)


ok(until(lambda: kept() < 6 << 20, 20),
   "the log has its size again, although one takes nothing", kept())
code, body = h.get(logs("flood", tail=10, since=LINES + 1))
same((code, body["entries"]), (200, []), "others are served")
entries, others = rest(deaf)
marks = [e[2] for e in others if e[0] == "dropped"]
text = b"".join(data(e) for e in entries)
same(len(text) + sum(m["bytes"] for m in marks), LINES * 100 + 3,
     "who slept is told how many bytes it missed")
ok(marks and all(m["entries"] == m["lastSequence"] + 1 - m["firstSequence"]
                 for m in marks), "and how many entries", marks)
deaf.close()

# --- what the cap has taken

s.sbx("start", "old")
until(lambda: s.status("old") == "completed")
code, body = h.get(logs("old"))
gone = body.get("droppedEntries", 0)
same((body["entries"][0]["sequence"], body["droppedBytes"] +
      sum(len(data(e)) for e in body["entries"])), (gone + 1, 6000000),
     "a body says how much is gone")
f = follow("old", last=100)
e = f.next()
same((e[0], e[1], e[2]["firstSequence"], e[2]["lastSequence"],
      e[2]["entries"]), ("dropped", str(gone), 101, gone, gone - 100),
     "who comes back too late is told first")
entries, others = rest(f)
ok(numbered(entries, gone + 1), "then the rest comes")

# --- the engine dies in the middle

s.sbx("start", "ticks")
f = follow("ticks")
entries = [f.next()[2] for i in range(10)]
s.kill_engine()
more, others = rest(f)
entries += more
got = b"".join(data(e) for e in entries).split(b"\n")[:-1]
ok(got == [b"%d" % i for i in range(1, 301)],
   "kill -9 of the engine: no gap and nothing twice",
   (len(got), [(i, x) for i, x in enumerate(got) if int(x) != i + 1][:3]))
ok(numbered(entries), "numbers go on")
same([(e[0], e[2]["exitCode"]) for e in others if e[0] != "dropped"],
     [("exit", 3)], "and the end is told")

# --- a terminal

until(lambda: "%" in s.out("screen", "term"))
w = terminal("term")
same((w.status, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in w.head,
      "permessage" in w.head.lower()), (101, True, False), "the handshake")
same(w.text(), {"type": "ready", "processId": ids["term"]}, "ready is first")
same(w.frame(), (2, b"%"), "then what was there")
w.say(type="input", data="echo A$((1 + 1))\n")
same(w.until(b"A2\r\n%"), b"echo A$((1 + 1))\r\nA2\r\n%",
     "then bytes, as they are")
w.say(type="resize", cols=100, rows=30)
w.say(type="input", data=base64.b64encode(b"stty size\n").decode(),
      encoding="base64")
ok(b"\r\n30 100\r\n" in w.until(b"30 100\r\n%"), "resize")
other = terminal("term")
other.text()
screen = other.until(b"30 100\r\n%")
ok(screen.startswith(b"\033c") and b"A$((1 + 1))" in screen,
   "a second one gets the screen of now", screen)
other.say(type="resize", cols=90, rows=20)
other.say(type="input", data="stty size\n")
other.until(b"20 90\r\n%")
w.say(type="input", data="stty size\n")
ok(b"30 100\r\n" in w.until(b"30 100\r\n%"),
   "the size is that of who typed last")
other.say(type="close")
same(other.until(b"nothing")[-1:] + bytes([other.frame()[0]]), b"%\0",
     "close closes")
other.close()
for send, want in (
        ((2, b"x"), "binary input is not supported; use text JSON frames"),
        ((1, "{"), "invalid terminal frame: "),
        ((1, "[]"), "invalid terminal frame: "),
        ((1, '{"type":"what"}'), "invalid terminal frame: "),
        ((1, '{"type":"input"}'), "invalid terminal frame: "),
        ((1, '{"type":"input","data":"a","encoding":"x"}'),
         "invalid terminal frame: encoding must be one of"),
        ((1, '{"type":"input","data":"!","encoding":"base64"}'),
         "invalid terminal frame: "),
        ((1, '{"type":"resize","cols":70000,"rows":1}'),
         "invalid terminal frame: "),
        ((1, '{"type":"input","data":"%s"}' % ("x" * 65537)),
         "input payload exceeds maxInputBytesPerRequest (65536)")):
    w.send(*send)
    e = w.text()
    ok(e["type"] == "error" and e["message"].startswith(want),
       "an error: " + want, e)
w.send(9, b"?")
same(w.frame(), (10, b"?"), "a ping has its pong")
w.say(type="input", data="cat > /dev/null\n")
w.until(b"cat > /dev/null\r\n")
s.kill_engine()
s.answers()
w.say(type="input", data="still\n")
ok(b"still" in w.until(b"still\r\n"), "it outlives the engine")
w.say(type="input", data="\x03")
w.until(b"%")
w.say(type="input", data="exit 7\n")
e = w.text()
same((e["type"], e["exitCode"]), ("exit", 7), "the exit is told")
same((w.frame(), w.sock.send(b"\x88\x80\0\0\0\0"), w.frame()[0]),
     ((8, b""), 6, 0), "then it closes, without a code")
w = terminal("term")
w.text()
screen = w.until(b"exit 7")
e = w.text()
same((b"exit 7" in screen, e, w.frame()),
     (True, {"type": "exit", "exitCode": 7}, (8, b"")),
     "an ended one: screen, exit, close")
same([terminal("talk").status,
      WebSocket(h, "/v1/processes/proc_999/terminal/ws").status,
      terminal("term", key="short").status,
      h.ask("GET", "/v1/processes/%s/terminal/ws" % ids["talk"])[0]],
     [409, 404, 400, 400], "no terminal, no process, no handshake")

# A reader who sleeps gets the screen again, not a gap.
w = terminal("tflood")
w.text()
w.close()
s.sbx("start", "tflood")
w = terminal("tflood")
w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
until(lambda: s.status("tflood") == "completed", 60)
got, kind = b"", 2
while kind in (1, 2):
    kind, more = w.frame()
    got += more if kind == 2 else b""
# Lines of the program, or of a picture of them.
numbers = [int(x) for x in re.findall(rb"(?:^|[\nH])(\d+)(?=[\r\033])",
                                      got.split(b"\033c")[-1])]
same(numbers[-1:], [400000], "a slow terminal ends with what is there")
ok(all(b == a + 1 for a, b in zip(numbers, numbers[1:])),
   "and has no hole behind its last screen")

# What asks the terminal is answered by the engine, and by nobody else.
s.sbx("start", "asks")
w = terminal("asks")
w.text()
got = w.until(b"end\r\n")
ok(got.startswith(b"start\r\n") and got.endswith(b"end\r\n") and
   b"\033[6n" not in got and b"11;?" not in got, "questions are left out",
   got)

# A full stdin is an error, and holds up nobody.
s.sbx("start", "deaf")
w = terminal("deaf")
w.until(b"deaf")
for i in range(40):
    w.say(type="input", data="y" * 60000)
e = w.text()
ok(e["type"] == "error" and "input" in e["message"], "a full input", e)
code, body = h.get(logs("talk", tail=1))
same((code, len(body["entries"])), (200, 1), "others are served")
w.send(9, b"!")
ok(until(lambda: w.frame() == (10, b"!")), "it goes on itself")
w.close()

# With a token.
h.end()
h = Server(s, "--listen", "127.0.0.1:0", "--token", "secret")
path = "/v1/processes/%s/terminal/ws" % ids["term"]
same([WebSocket(h, path).status,
      WebSocket(h, path + "?access_token=secret").status,
      WebSocket(h, path + "?access_token=wrong").status,
      WebSocket(h, path, {"Authorization": "Bearer secret"}).status],
     [401, 101, 401, 101], "access_token opens a terminal")
h.token = None
same(h.ask("GET", logs("talk") + "access_token=secret")[0], 401,
     "and nothing else")
same(h.end(), 0, "the server ends in order")
done()
