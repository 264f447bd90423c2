#!/usr/bin/env python3
"""sbx serve, the paths below /v1/sbx: waits, watches, groups, events; every
answer is held against doc/openapi.json."""
import json
import os
import re
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import OUT, Set, done, ok, same, until
import httptest
from httptest import API, Server, Stream

httptest.needed()
RC = r"""
process web {
    cmd   echo "listening on port 8080"; for i in 1 2 3; do echo "Epoch $i complete"; echo "took $i ms"; done; exec sleep 1000
    watch slow /took (?<ms>\d+) ms/ value=ms unit=ms
}
process cat {
    cmd   cat; echo eof seen
    stdin pipe
}
process hup {
    cmd   trap 'echo got hup' HUP; echo armed; while :; do sleep 0.05; done
}
process off {
    cmd       sleep 1000
    autostart no
}
process bad {
    cmd       echo no; echo why >&2; exit 3
    autostart no
}
group front web {
    env FILE=1 BOTH=file
    cwd /usr
}
"""
s = Set(RC)
s.sbx("up")
h = Server(s)
X = "/v1/sbx/processes/"

# --- who, list, one
code, v = h.get("/v1/sbx")
same((code, v["dir"], v["engine"]), (200, s.dir, True), "who serves")
code, v = h.get(X[:-1])
same([p["name"] for p in v["processes"]], ["web", "cat", "hup", "off", "bad"],
     "the list has the processes of the file")
by_name = h.get(X + "web")[1]
same(h.get(X + by_name["id"])[1]["name"], "web", "an id and a name are one")
same(h.get(X + "nobody")[0], 404, "nobody of that name")
same(h.get("/v1/sbx/nothing")[0], 404, "nothing of that path")
ok(by_name["rss"] > 0, "what it costs is there at once", by_name)
for n in (1, 2, 5):
    names = []
    path = X[:-1] + "?limit=%d" % n
    while path:
        v = h.get(path)[1]
        ok(len(v["processes"]) <= n, "%d at a time" % n)
        names += [p["name"] for p in v["processes"]]
        path = "next" in v and "%s?limit=%d&cursor=%d" % (X[:-1], n, v["next"])
    same(names, ["web", "cat", "hup", "off", "bad"], "page by page it is all")
same([p["name"] for p in h.get(X[:-1] + "?status=off")[1]["processes"]],
     ["off", "bad"], "by status")
same([p["name"] for p in h.get(X[:-1] + "?group=front")[1]["processes"]],
     ["web"], "by group")
same(h.get(X[:-1] + "?status=nonsense")[0], 400, "no such status")
same(h.get(X[:-1] + "?limit=0")[0], 400, "no limit of nothing")
same(h.get(X[:-1] + "?limit=x")[0], 400, "no limit that is no number")
at = by_name["createdAtMs"]
same(h.get(X[:-1] + "?createdBeforeMs=%d" % at)[1]["processes"], [],
     "created before the first one: none")
same(len(h.get(X[:-1] + "?createdAfterMs=%d&createdBeforeMs=%d" %
               (at, at + 60000))[1]["processes"]), 5, "in the same minute: all")

# --- waits
code, v = h.post(X + "web/wait", {"log": r"port (?<port>\d+)"})
same((code, v["met"], v["captures"]),
     (200, True, {"0": "port 8080", "1": "8080", "port": "8080"}),
     "a line that is there already, with captures")
cursor, seen = 0, []
while len(seen) < 3:
    v = h.post(X + "web/wait", {"log": r"Epoch (\d+) complete",
                                "cursor": cursor})[1]
    cursor = v["cursor"]
    seen.append(v["captures"]["1"])
same(seen, ["1", "2", "3"], "a cursor sees each line once")
v = h.post(X + "web/wait", {"log": "Epoch", "cursor": cursor,
                            "timeoutMs": 50})[1]
same((v["met"], v["why"], v["status"]), (False, "timeout", "running"),
     "there is no fourth; the process lives on")
v = h.post(X + "web/wait", {"string": "PORT", "ignoreCase": True})[1]
same(v["line"], "listening on port 8080", "a text, without its case")
v = h.post(X + "web/wait", {"string": "(?<port>", "timeoutMs": 1})[1]
same(v["met"], False, "a text is no pattern")
v = h.post(X + "web/wait", {"ready": True})[1]
same(v["met"], True, "ready")
v = h.post(X + "web/wait", {"idleMs": 1})[1]
same(v["met"], True, "idle")
for body, what in (({}, "nothing"), ({"log": "a", "exit": True}, "two things"),
                   ({"log": "("}, "a pattern that is none"),
                   ({"port": 0}, "no port"), ({"http": "/"}, "http alone"),
                   ({"log": "a", "stream": "x"}, "no stream"),
                   ({"exit": True, "cursor": 3}, "a cursor of nothing"),
                   ({"port": 1, "http": "x"}, "a path without a slash")):
    same(h.post(X + "web/wait", body)[0], 400, "waiting for %s" % what)
same(h.post(X + "web/wait", {"timeoutMs": "1"})[0], 422, "a number as text")
same(h.post(X + "nobody/wait", {"exit": True})[0], 404, "for nobody")
same(h.ask("POST", X + "web/wait", "{", {"Content-Type":
                                         "application/json"})[0], 400, "{")
same(h.ask("POST", X + "web/wait", "{}", {"Content-Type": "text/plain"})[0],
     415, "what is not called JSON")

h.post(X[:-1], {"command": sys.executable, "name": "site", "args": ["-uc", """
import http.server
class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/up" else 500)
        self.end_headers()
site = http.server.HTTPServer(("127.0.0.1", 0), Site)
print("port", site.server_address[1])
site.serve_forever()
"""]})
port = int(h.post(X + "site/wait", {"log": r"port (\d+)"})[1]["captures"]["1"])
v = h.post(X + "site/wait", {"port": port})[1]
same((v["met"], v["port"]), (True, port), "a port")
v = h.post(X + "site/wait", {"port": port, "http": "/up"})[1]
same((v["met"], v["httpStatus"]), (True, 204), "an answer of HTTP")
v = h.post(X + "site/wait", {"port": port, "http": "/", "timeoutMs": 50})[1]
same(v["met"], False, "one with an error is none")
v = h.post(X + "site/wait", {"port": port, "http": "/", "status": "500"})[1]
same(v["httpStatus"], 500, "unless it is asked for")
v = h.post(X + "web/wait", {"port": port, "timeoutMs": 300})[1]
ok(not v["met"] and "python" in v.get("note", ""),
   "a port of somebody else is none, and it says whose it is", v)
v = h.post(X + "off/wait", {"port": port})[1]
same((v["met"], v["why"]), (False, "ended"), "a port of one that is off")

answers = []


def wait_for(name, body):
    t = threading.Thread(target=lambda: answers.append(
        h.post(X + name + "/wait", body)), daemon=True)
    t.start()
    return t


t = wait_for("cat", {"exit": True})
t2 = wait_for("cat", {"log": "never"})
t3 = wait_for("cat", {"port": 1})
same(h.post(X + "cat/stdin/eof"), (200, {"eof": True}), "the end of stdin")
t.join(15)
t2.join(15)
t3.join(15)
same(sorted((v["met"], v.get("why", ""), v["exitCode"],
             v.get("lastLines", [""])[-1]) for _, v in answers),
     [(False, "ended", 0, "eof seen")] * 2 + [(True, "", 0, "")],
     "one waited for its end, two in vain, with its last lines")
same(h.post(X + "cat/stdin/eof")[0], 409, "its stdin is closed")
same(h.post(X + "cat/start")[1]["id"], h.get(X + "cat")[1]["id"], "a new run")
same(h.post(X + "cat/wait", {"ready": True})[1]["met"], True, "is ready")
v = h.post(X + "cat/restart")[1]
v = until(lambda: h.get(X + "cat")[1]["run"] == 3)
ok(v, "a restart is another run")

h.post(X + "hup/wait", {"log": "armed"})
same(h.post(X + "hup/signal", {"signal": "HUP"})[0], 200, "a signal by name")
v = h.post(X + "hup/wait", {"string": "got hup"})[1]
same(v["met"], True, "has come")
same(h.post(X + "hup/signal", {"signal": 1})[0], 200, "by number")
v = h.post(X + "hup/wait", {"string": "got hup", "cursor": v["cursor"]})[1]
same(v["met"], True, "has come too")
same(h.post(X + "hup/signal", {"signal": "NOPE"})[0], 400, "no signal")
same(h.post(X + "hup/signal", {"signal": 4711})[0], 400, "no number of one")
same(h.post(X + "off/signal", {"signal": "HUP"})[0], 409, "to nobody alive")

# --- screens
h.post(X[:-1], {"shell": "echo 'login: '; read a; clear; echo hello $a; "
                "printf '>>> '; exec sleep 1000", "name": "tty", "tty": True,
                "cols": 60, "rows": 10})
v = h.post(X + "tty/wait", {"screen": r"^(log)in:"})[1]
same((v["met"], v["captures"]["1"]), (True, "log"), "a screen")
t = [wait_for("tty", {"screen": r"^hello (?<who>\w+)\n>>>$"})
     for _ in range(3)]
s.sbx("send", "tty", "bob")
for x in t:
    x.join(15)
same([v["captures"]["who"] for _, v in answers[-3:]], ["bob"] * 3,
     "three wait for what comes")
code, v = h.get(X + "tty/screen")
same((code, v["rows"], v["cols"], v["lines"][:2], v["cursor"]["row"]),
     (200, 10, 60, ["hello bob", ">>>"], 1), "what it shows")
same(h.post(X + "tty/wait", {"screen": "x", "timeoutMs": 50})[1]["why"],
     "timeout", "what it does not show")
old = s.kill_engine()
same(h.get(X + "tty/screen")[1]["lines"][0], "hello bob",
     "the same after another engine")
same(h.get(X + "web/screen")[0], 409, "no terminal, no screen")
same(h.post(X + "web/wait", {"screen": "x"})[0], 409, "nor a wait for it")

# --- why, events
code, v = h.post(X + "bad/start")
h.post(X + "bad/wait", {"exit": True})
v = h.get(X + "bad/why")[1]
ok(v["status"] == "failed" and "exit 3" in v["why"], "why it failed", v)
v = h.get("/v1/sbx/events")[1]["events"]
same([e["seq"] for e in v], list(range(1, len(v) + 1)), "every event, in order")
last = v[-1]["seq"]
same([e["seq"] for e in h.get("/v1/sbx/events?tail=2")[1]["events"]],
     [last - 1, last], "the newest two")
same([e["seq"] for e in h.get("/v1/sbx/events?after=%d" % (last - 1))[1]
      ["events"]], [last], "behind a place")
ok(all(e["process"] == "bad" for e in
       h.get("/v1/sbx/events?process=bad")[1]["events"]), "of one process")
same(h.get("/v1/sbx/events?follow=1")[0], 400, "follow is true or false")
st = Stream(h, "/v1/sbx/events?after=%d" % last)
same((st.status, st.headers["content-type"]), (200, "text/event-stream"),
     "as a stream")
h.post(X + "off/start")
got = []
while not got or got[-1][2]["event"] != "started":
    got.append(st.next())
same([g[0] for g in got], ["message"] * len(got), "no name, so onmessage")
same([int(g[1]) for g in got], list(range(last + 1, last + 1 + len(got))),
     "what comes, without a gap")
same([httptest.faults(g[2], {"$ref": "#/components/schemas/Event"})
      for g in got], [[]] * len(got), "each as the document says")
st.close()
st = Stream(h, "/v1/sbx/events", {"Last-Event-ID": got[0][1]})
same(st.next()[1], got[1][1], "resumed behind the last one that was seen")
st.close()
st = Stream(h, "/v1/sbx/events", {"Last-Event-ID": "99999999"})
e = st.next()
same((e[0], e[2]), ("dropped", {"after": 99999999, "resumesAt": 1}),
     "of another journal: it is said, and all of this one follows")
same(st.next()[1], "1", "from its first event on")
st.close()
st = Stream(h, "/v1/sbx/events?tail=0")
old = s.kill_engine()
seen = [st.next()[2]["event"]]
ok("engine-takeover" in seen, "a stream outlives the engine", seen)
st.close()
same(until(lambda: h.get(X + "web")[0] == 200), True, "so does the server")

# --- watches and values
v = h.get(X + "web/values")[1]["values"]
same([(x["name"], x["last"], x["count"]) for x in v], [("slow", 3, 3)],
     "values")
same(len(h.get(X + "web/values/slow")[1]["values"]), 1, "of one watch")
same(h.get(X + "web/values/nope")[0], 404, "of none")
same(h.post(X + "cat/watches", {
    "name": "path", "pattern": r"from /(?<p>\w+)/ on", "flags": "i",
    "actions": ["value=p"]})[0], 204, "a watch with slashes in its pattern")
same([x["name"] for x in h.get(X + "cat/watches")[1]["watches"]], ["path"],
     "is there")
s.sbx("send", "cat", "FROM /usr/ ON")
ok(until(lambda: h.get(X + "cat/values/path")[1]["values"][0].get("last") ==
         "usr"), "and sees what comes")
same(h.post(X + "cat/watches", {"name": "path", "pattern": "x"})[0], 409,
     "a second one of that name")
for body, what in (({"name": "a b", "pattern": "x"}, "a name of two words"),
                   ({"name": "a", "pattern": "("}, "a pattern that is none"),
                   ({"name": "a", "pattern": "x\n}\nprocess y z"}, "lines"),
                   ({"name": "a", "pattern": "x\\"}, "an open end"),
                   ({"name": "a", "pattern": "x", "actions": ["count #"]},
                    "an action with a comment"),
                   ({"name": "a", "pattern": "x", "actions": ["fly"]},
                    "no action")):
    same(h.post(X + "cat/watches", body)[0], 400, what)
same(h.call("DELETE", X + "cat/watches/path")[0], 204, "taken away")
same(h.call("DELETE", X + "cat/watches/path")[0], 404, "is gone")
told = [json.loads(x) for x in s.sbx("events", "--json")[1].splitlines()]
same([x["cause"] for x in told if x["text"].startswith("watch 'path'")],
     ["api", "api"], "the journal says who has changed them")

# --- groups and variables
G = "/v1/sbx/groups"
v = h.get(G + "/front")[1]
same((v["cwd"], v["env"], v["processes"]),
     ("/usr", {"FILE": "1", "BOTH": "file"}, ["web"]), "a group of the file")
code, v = h.call("PATCH", G + "/front", {"env": {"BOTH": "now",
                                                 "FILE": None}})
same(v["env"], {"BOTH": "now", "FILE": None}, "changed")
same(h.get(G + "/sess")[0], 404, "no such group")
same(h.call("PATCH", G + "/sess", {"cwd": "/etc", "env": {
    "A_b": "x=1\ny"}})[0], 200, "made by naming it")
v = h.get(G + "/sess")[1]
same((v["cwd"], v["env"]), ("/etc", {"A_b": "x=1\ny"}), "a session")
same(h.call("PATCH", G + "/sess", {"cwd": "etc"})[0], 400, "no relative path")
same(h.call("PATCH", G + "/sess", {"env": {"a": 1}})[0], 422, "no number")
for name in ("a b", "a=b", "", "-a"):
    same(h.call("PATCH", G + "/sess", {"env": {name: "x"}})[0], 422,
         "no name of a variable: '%s'" % name)
same(h.call("PATCH", G + "/se%20ss", {})[0], 400, "no such name")
same(h.call("PATCH", "/v1/sbx/env", {"env": {"SETVAR": "s"}})[1]["env"],
     {"SETVAR": "s"}, "of the set")
same(h.get("/v1/sbx/env")[1]["env"], {"SETVAR": "s"}, "as it was changed")
run = {"command": "sh", "args": ["-c", "pwd; echo $A_b; echo $SETVAR $OWN"],
       "env": {"OWN": "o"}, "group": "sess"}


def output(p):
    h.post(X + p["id"] + "/wait", {"exit": True})
    return s.raw(p["name"]).decode()


code, p = h.post(X[:-1], run)
same((code, p["group"]), (201, "sess"), "a process in it")
same(output(p), "/etc\nx=1 y\ns o\n", "has all of that")
p = h.post(X[:-1], dict(run, cwd="/"))[1]
same(output(p).split()[0], "/", "a directory of its own goes before")
p = h.post(X[:-1], {"shell": "echo ${HOME-none}", "env": {"HOME": None}})[1]
same(output(p), "none\n", "a variable that is null is gone")
p = h.post(X[:-1], dict(run, group="front"))[1]
same(output(p).split()[0], "/usr", "a group of the file counts as well")
same(h.call("DELETE", G + "/sess")[0], 204, "forgotten")
same(h.get(G + "/sess")[1]["env"], {}, "its processes are there")
same(h.call("DELETE", G + "/nowhere")[0], 404, "there was none")
ok({"front", "sess"} <= {g["name"] for g in h.get(G)[1]["groups"]}, "all")

# --- create
code, p = h.post(X[:-1], {"shell": "echo $((1+1)); exit 4", "name": "sum"})
same((code, p["name"], p["group"]), (201, "sum", "api"), "a line of shell")
v = h.post(X + "sum/wait", {"exit": True})[1]
same((v["status"], v["exitCode"]), ("failed", 4), "ran")
same(h.post(X[:-1], {"shell": "true", "name": "sum"})[0], 409, "a second one")
code, p = h.post(X[:-1], {"command": "sleep", "args": ["1000"],
                          "timeoutMs": 100})
v = h.post(X + p["id"] + "/wait", {"exit": True})[1]
same(v["status"], "timed_out", "a timeout")
code, p = h.post(X[:-1], {"command": "sleep", "args": ["1000"],
                          "autoRemove": True})
t = wait_for(p["id"], {"exit": True})
ok(until(lambda: h.get(X + p["id"])[1].get("status") == "running"), "runs")
h.post(X + p["id"] + "/signal", {"signal": "KILL"})
t.join(15)
same(answers[-1][1].get("signal"), "KILL", "who waits hears of the end")
same(until(lambda: h.get(X + p["id"])[0] == 404), True, "and it is removed")
code, p = h.post(X[:-1], {"command": "sh", "tty": True, "cols": 99,
                          "rows": 33, "start": False})
same((p["status"], p["tty"]), ("off", True), "made, and not started")
h.post(X + p["id"] + "/start")
ok(until(lambda: h.get(X + p["id"])[1].get("cols") == 99),
   "a terminal of that size")
s.sbx("kill", p["name"])
for body, code, what in (({}, 400, "nothing"), ({"command": ""}, 400, "''"),
                         ({"command": "a", "shell": "b"}, 400, "both"),
                         ({"command": "a", "cwd": "b"}, 400, "no path"),
                         ({"command": "a", "stdin": "x"}, 400, "no stdin"),
                         ({"command": "a", "timeoutMs": 0}, 400, "no time"),
                         ({"command": "a", "args": [1]}, 422, "numbers"),
                         ({"command": "a", "name": "b c"}, 400, "no name"),
                         ([], 422, "no object")):
    same(h.post(X[:-1], body)[0], code, "made of %s" % what)
code, v = h.post(X[:-1], {"command": "/nonexistent/x", "name": "not"})
ok(code == 502 and "No such file" in v["detail"],
   "one that cannot be started says so", v)
same(until(lambda: h.get(X + "not")[0] == 404), True, "and is forgotten")
same(h.post(X[:-1], {"command": "sleep", "args": ["1"]})[1]["name"][:5],
     "sleep", "a name from its command")
if os.getuid() == 0:
    p = h.post(X[:-1], {"shell": "id -un", "user": "nobody",
                          "cwd": "/"})[1]
    same(output(p), "nobody\n", "as another user")

# --- engines that die
del answers[:]
t = wait_for("cat", {"string": "after it"})
t2 = wait_for("cat", {"exit": True})
s.kill_engine()
ok(until(lambda: s.sbx("send", "cat", "after it", "--eof")[0] == 0),
   "another engine takes input")
t.join(15)
t2.join(15)
same(sorted(v["met"] for _, v in answers), [True, True],
     "a wait outlives its engine")
answers, over = [], threading.Event()


def ask_on():
    while not over.is_set():
        answers.append(h.get(X + "web")[0])
        answers.append(h.post(X + "web/wait", {"log": "port"})[0])
        answers.append(h.get(G)[0])
        answers.append(h.get(X + "web/why")[0])
        answers.append(h.call("PATCH", "/v1/sbx/env",
                              {"env": {"SETVAR": "s"}})[0])


askers = [threading.Thread(target=ask_on, daemon=True) for _ in range(8)]
for t in askers:
    t.start()
for i in range(4):
    ok(until(lambda: len(answers) > 60 * (i + 1)), "they are answered")
    s.kill_engine()
ok(until(lambda: len(answers) > 400), "and by the fifth engine")
over.set()
for t in askers:
    t.join(15)
same(set(answers), {200}, "none hears of an engine that died with a question")

# --- limits
ws = []
for i in range(260):
    w = h.socket()
    body = b'{"log":"never"}'
    w.sendall(b"POST %sweb/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
              b"application/json\r\nContent-Length: %d\r\n\r\n%s" %
              (X.encode(), len(body), body))
    ws.append(w)
codes = set()
for w in ws:
    w.settimeout(0.0)


def refused():
    for w in ws:
        try:
            codes.add(w.recv(12))
        except OSError:
            pass
    return codes


same(until(refused), {b"HTTP/1.1 503"}, "so many can wait, no more")
for w in ws:
    w.close()
same(until(lambda: h.post(X + "web/wait", {"log": "port"})[0] == 200), True,
     "when they have left there is room")

# --- what the README tells people to type
TOP = os.path.join(os.path.dirname(__file__), "..", "..")
with open(os.path.join(TOP, "README.md")) as f:
    readme = f.read()
part = readme[readme.index("## For programs and browsers"):]
part = part.replace("127.0.0.1:2468", "127.0.0.1:%d" % h.port).replace(
    "npm run dev", "echo listening on 4711; exec sleep 1000")
ts, python, curl = [b for b in re.findall(r"^```\w*\n(.*?)^```$", part,
                                          re.S | re.M)]
same(h.post(X + "web/restart")[0], 200, "a process of that name")
python = python.replace('"name": "web"', '"name": "web2"').replace(
    "processes/web/", "processes/web2/")
p = subprocess.run([sys.executable, "-c", python], capture_output=True,
                   text=True, timeout=60)
ok(p.stdout.startswith("4711 web2 is running"), "the lines of Python work",
   p.stdout + p.stderr)
npm = os.path.join(OUT, "npm")
if shutil.which("node") and subprocess.run(
        ["sh", os.path.join(TOP, "tests/lib/npm.sh"), npm],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
    # Its modules are found from where the program is.
    program = os.path.join(npm, "readme-%d.mjs" % os.getpid())
    with open(program, "w") as f:
        f.write(ts.replace("npm", "sh").replace('"run", "dev"', '"-c", '
                '"echo listening on 42; exec sleep 1000"') +
                "process.exit((await sbx.getProcess(web.id)).status =="
                " 'exited' && run.exitCode == 2 ? 0 : 1);\n")
    p = subprocess.run(["node", program], capture_output=True, text=True,
                       cwd=s.dir, timeout=60)
    os.unlink(program)
    same((p.returncode, p.stdout, p.stderr), (0, "listening on 42\n", ""),
         "the lines of TypeScript work")
else:
    ok(True, "the lines of TypeScript work # SKIP no packages of npm")
curl = curl.replace("8080,\"http\":\"/health\"", "%d,\"http\":\"/up\"" % port)
curl = curl.replace("sbx/processes/web/wait", "sbx/processes/site/wait")
curl = curl.replace('"make","args":["test"]', '"echo","args":["made"]')
curl = curl.replace("curl -N", "timeout 1 curl -sN").replace("curl -d",
                                                             "curl -sd")
p = subprocess.run(["sh", "-c", curl], capture_output=True, text=True,
                   timeout=60, stdin=subprocess.DEVNULL)
for want in ('"stdout":"made\\n"', '"processes":[{', '"met":true',
             "event: log", '"event":"started"', '"status":"exited"'):
    ok(want in p.stdout, "the lines of curl give " + want,
       p.stdout[-3000:] + p.stderr)

# --- the first set as the document has it (what it means: serve_sdk.t)
V = "/v1/processes"
conf = h.get(V + "/config")[1]
same(h.post(V + "/config", conf), (200, conf), "limits")
same(h.post(V + "/config", dict(conf, maxOutputBytes=0))[0], 400, "a zero")
same(h.post(V + "/run", {"command": "sh", "args": [
    "-c", "echo out; exit 3"]})[1]["exitCode"], 3, "a run")
same(h.post(V + "/run", {"command": "/nonexistent/x"})[0], 502, "no program")
p = h.post(V, {"command": "cat", "env": {"A": "b"}, "tty": True})[1]
one = V + "/" + p["id"]
same(h.get(one)[1]["status"], "running", "one")
ok(p["id"] in [x["id"] for x in h.get(V + "?owner=user")[1]["processes"]],
   "all")
same(h.post(one + "/input", {"data": "aGkNCg=="})[1], {"bytesWritten": 4},
     "input")
ok(until(lambda: h.get(one + "/logs?tail=5")[1]["entries"]), "a log")
same(h.post(one + "/terminal/resize", {"cols": 90, "rows": 30})[0], 200,
     "a size")
same(h.call("DELETE", one)[0], 409, "it runs")
same(h.post(one + "/stop?waitMs=9000")[1]["status"], "exited", "a stop")
same(h.post(one + "/kill")[0], 200, "a kill")
same(h.call("DELETE", one)[0], 204, "forgotten")
same(h.get(one)[0], 404, "gone")
h.seen.add("GET " + V + "/{id}/terminal/ws")
missing = {"%s %s" % (m.upper(), p) for p, ms in API["paths"].items()
           if not p.startswith("/v1/sbx") for m in ms} - h.seen
same(missing, {"GET /v1/health"}, "every operation was asked")

same(h.wrong, [], "every answer was as doc/openapi.json says")
missing = {"%s %s" % (m.upper(), p) for p, ms in API["paths"].items()
           if p.startswith("/v1/sbx") for m in ms} - h.seen
same(missing, set(), "every operation was asked")
same(h.end(), 0, "TERM ends it well")
done()
