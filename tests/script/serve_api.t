#!/usr/bin/env python3
"""The operations of sbx serve, each status of them, over TCP and over a Unix
socket; who may ask; limits; engines that die; a clean end."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import OUT, Set, done, ok, pids_with, same, skip_all, until

if not os.access(OUT + "/sbx-serve", os.X_OK):
    skip_all("built without HTTP")

URN = "urn:sandbox-agent:error:"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, r):
        self.status, self.body = r.status, r.read()
        self.type = r.headers.get("content-type")
        self.headers = r.headers

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """sbx serve of a set; its requests."""

    def __init__(self, s, *words):
        self.set, self.token = s, None
        self.p = s.popen("serve", *words, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
        self.url = self.p.stdout.readline().decode().strip()

    def connect(self):
        if self.url.startswith("unix:"):
            return UnixConnection(self.url[5:])
        host, port = re.match(r"http://(.*):(\d+)$", self.url).groups()
        return http.client.HTTPConnection(host.strip("[]"), int(port),
                                          timeout=60)

    def ask(self, method, path, body=None, **headers):
        c = self.connect()
        h = {k.replace("_", "-"): v for k, v in headers.items()}
        if self.token and "authorization" not in h:
            h["authorization"] = "Bearer " + self.token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            h.setdefault("content-type", "application/json")
        try:
            c.request(method, path, body, h)
            return Answer(c.getresponse())
        finally:
            c.close()

    def raw(self, data):
        """What comes back until the server closes."""
        c = self.connect()
        c.connect()
        c.sock.sendall(data)
        out = b""
        try:
            while True:
                more = c.sock.recv(65536)
                if not more:
                    break
                out += more
        except OSError:
            pass
        c.close()
        return out

    def create(self, command, *args, **more):
        return self.ask("POST", "/v1/processes",
                        dict(command=command, args=list(args), **more)).json

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        code = self.p.wait(60)
        err = self.p.stderr.read().decode()
        self.p.stdout.close()
        self.p.stderr.close()
        return code, err


def problem(a, status, urn, title, detail, name):
    d = a.json if a.body else {}
    same((a.status, a.type, d.get("type"), d.get("title"), d.get("status")),
         (status, "application/problem+json", URN + urn, title, status), name)
    ok(re.search(detail, d.get("detail", "")), name + ": the detail",
       d.get("detail"))


def plain(a, status, name):
    same((a.status, (a.type or "").split(";")[0]), (status, "text/plain"),
         name)


def operations(v, where):
    """All of them, with every status of each."""
    a = v.ask("GET", "/v1/health")
    same((a.status, a.json), (200, {"status": "ok"}), where + "health")
    same(v.ask("HEAD", "/v1/health").body, b"", where + "HEAD has no body")

    config = v.ask("GET", "/v1/processes/config").json
    same(config, {"maxConcurrentProcesses": 64, "defaultRunTimeoutMs": 30000,
                  "maxRunTimeoutMs": 300000, "maxOutputBytes": 1048576,
                  "maxLogBytesPerProcess": 10485760,
                  "maxInputBytesPerRequest": 65536}, where + "the limits")
    change = dict(config, defaultRunTimeoutMs=5000, maxRunTimeoutMs=4000,
                  maxInputBytesPerRequest=4)
    want = dict(change, defaultRunTimeoutMs=4000)
    same(v.ask("POST", "/v1/processes/config", change).json, want,
         where + "others, the default lowered to the maximum")
    same(v.ask("GET", "/v1/processes/config").json, want, where + "are kept")
    problem(v.ask("POST", "/v1/processes/config",
                  dict(config, maxOutputBytes=0)), 400, "invalid_request",
            "Invalid Request", "maxOutputBytes", where + "a limit of zero")
    for wrong in (dict(config, maxOutputBytes=-1),
                  dict(config, maxOutputBytes="1"), {}, [], 3):
        plain(v.ask("POST", "/v1/processes/config", wrong), 422,
              where + "limits that are none: %.30s" % (wrong,))
    same(v.ask("GET", "/v1/processes/config").json, want,
         where + "change nothing")

    p = v.create("cat", tty=False, interactive=True)
    same((p["command"], p["args"], p["tty"], p["interactive"], p["owner"],
          p["status"], "cwd" in p, "exitCode" in p, "exitedAtMs" in p),
         ("cat", [], False, True, "user", "running", False, False, False),
         where + "create: what is told of it")
    ok(re.fullmatch(r"proc_\d+", p["id"]) and p["pid"] > 0 and
       p["createdAtMs"] > 10**12, where + "create: id, pid and time", p)
    at = "/v1/processes/" + p["id"]
    same(v.ask("GET", at).json, p, where + "get")
    words = ["-c", "exit 3", "a\x1fb", "", " c ", "\x1e", "\n"]
    q = v.create("sh", *words, cwd="/tmp", env={"A": "b"})
    same((q["cwd"], q["args"]), ("/tmp", words),
         where + "create: a directory, and any words")
    problem(v.ask("POST", "/v1/processes", {"command": " "}), 400,
            "invalid_request", "Invalid Request",
            "^invalid request: command must not be empty$",
            where + "an empty command")
    problem(v.ask("POST", "/v1/processes", {"command": "/nonexistent/x"}),
            502, "stream_error", "Stream Error",
            r"^stream error: failed to spawn process: No such file or "
            r"directory \(os error 2\)$", where + "a command that is none")
    for body in ({}, {"command": 3}, {"command": "a", "args": "b"},
                 {"command": "a", "env": {"A": 1}},
                 {"command": "a", "tty": "yes"}):
        plain(v.ask("POST", "/v1/processes", body), 422,
              where + "create: %s" % body)
    plain(v.ask("POST", "/v1/processes", "{"), 400, where + "broken JSON")
    plain(v.ask("POST", "/v1/processes", "{}", content_type="text/plain"),
          415, where + "another content type")

    rows = v.ask("GET", "/v1/processes").json["processes"]
    same([r["id"] for r in rows],
         sorted((r["id"] for r in rows), key=lambda i: int(i[5:])),
         where + "list: in the order they were made")
    same([r["id"] for r in rows][-2:], [p["id"], q["id"]],
         where + "list: what could not be spawned is not there")
    same(v.ask("GET", "/v1/processes?owner=desktop").json, {"processes": []},
         where + "list: of another owner")
    plain(v.ask("GET", "/v1/processes?owner=nobody"), 400,
          where + "list: of none")

    same(v.ask("POST", at + "/input",
               {"data": base64.b64encode(b"hi\n").decode()}).json,
         {"bytesWritten": 3}, where + "input")
    same(v.ask("POST", at + "/input", {"data": "ho\n", "encoding": "utf8"})
         .json, {"bytesWritten": 3}, where + "input as text")
    problem(v.ask("POST", at + "/input", {"data": "aGVsbG8=", }), 413,
            "invalid_request", "Payload Too Large",
            r"exceeds maxInputBytesPerRequest \(4\)$", where + "too much")
    problem(v.ask("POST", at + "/input", {"data": "a"}), 400,
            "invalid_request", "Invalid Request", "base64",
            where + "input: no base64")
    problem(v.ask("POST", at + "/input", {"data": "a", "encoding": "x"}), 400,
            "invalid_request", "Invalid Request", "encoding",
            where + "input: no encoding")
    until(lambda: v.ask("GET", "/v1/processes/" + q["id"])
          .json["status"] == "exited")
    problem(v.ask("POST", "/v1/processes/%s/input" % q["id"], {"data": ""}),
            409, "conflict", "Conflict", "not running",
            where + "input to one that has ended")
    problem(v.ask("POST", at + "/terminal/resize", {"cols": 9, "rows": 9}),
            409, "conflict", "Conflict", "tty",
            where + "resize without a terminal")
    for size in ({"cols": 65536, "rows": 1}, {"cols": 1}, {"cols": -1,
                                                          "rows": 1}):
        plain(v.ask("POST", at + "/terminal/resize", size), 422,
              where + "resize: %s" % size)
    t = v.create("cat", tty=True)
    tat = "/v1/processes/" + t["id"]
    same(v.ask("POST", tat + "/terminal/resize", {"cols": 100, "rows": 30})
         .json, {"cols": 100, "rows": 30}, where + "resize")

    def said():
        return b"".join(base64.b64decode(e["data"]) for e in
                        v.ask("GET", at + "/logs").json["entries"])

    ok(until(lambda: said() == b"hi\nho\n"), where + "what it was sent it says",
       said())

    problem(v.ask("DELETE", at), 409, "conflict", "Conflict", "running",
            where + "delete: it runs")
    e = v.ask("POST", at + "/stop?waitMs=30000").json
    same((e["status"], e["signal"], "pid" in e, "exitCode" in e),
         ("exited", "TERM", False, False), where + "stop")
    e = v.ask("POST", tat + "/kill?waitMs=30000").json
    same((e["status"], e["signal"], e["exitedAtMs"] >= e["createdAtMs"]),
         ("exited", "KILL", True), where + "kill")
    same(v.ask("POST", tat + "/kill").status, 200,
         where + "one that has ended")
    plain(v.ask("POST", tat + "/stop?waitMs=soon"), 400,
          where + "waitMs: no number")
    same(until(lambda: v.ask("GET", "/v1/processes/" + q["id"]).json
               .get("exitCode")), 3, where + "an exit code")
    for i in (p["id"], q["id"], t["id"]):
        a = v.ask("DELETE", "/v1/processes/" + i)
        same((a.status, a.body), (204, b""), where + "delete")
        problem(v.ask("GET", "/v1/processes/" + i), 404, "not_found",
                "Not Found", "^not found: process " + i + "$",
                where + "it is gone")
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/stop"),
                         ("POST", "/kill"), ("GET", "/logs")):
        a = v.ask(method, "/v1/processes/a%2Fb%20c" + tail)
        same((a.status, a.json["details"]),
             (404, {"id": "a/b c", "resource": "process"}),
             where + "%s of nobody" % (method + tail))

    r = v.ask("POST", "/v1/processes/run", {
        "command": "sh", "args": ["-c", "echo out; echo err >&2; exit 7"]})
    d = r.json
    ok(d.pop("durationMs") >= 0, where + "run: its time")
    same(d, {"exitCode": 7, "timedOut": False, "stdout": "out\n",
             "stderr": "err\n", "stdoutTruncated": False,
             "stderrTruncated": False}, where + "run")
    d = v.ask("POST", "/v1/processes/run", {
        "command": "sh", "args": ["-c", "trap '' TERM HUP; sleep 1000 & "
                                  "setsid sleep 1000 & echo $$; wait"],
        "env": {"SBX_TEST_TREE": s.dir + "/tree"}, "timeoutMs": 300}).json
    same((d["exitCode"], d["timedOut"]), (None, True),
         where + "run: the time is over")
    same(pids_with(s.dir + "/tree"), [], where + "run: for the whole tree")
    d = v.ask("POST", "/v1/processes/run", {
        "command": "sh", "args": ["-c", "echo head; seq 100000; echo e >&2"],
        "maxOutputBytes": 5}).json
    same((d["stdout"], d["stdoutTruncated"], d["stderr"],
          d["stderrTruncated"], d["exitCode"]),
         ("head\n", True, "e\n", False, 0), where + "run: the head is kept")
    problem(v.ask("POST", "/v1/processes/run", {"command": ""}), 400,
            "invalid_request", "Invalid Request", "empty",
            where + "run: nothing")
    problem(v.ask("POST", "/v1/processes/run", {"command": "/nonexistent"}),
            502, "stream_error", "Stream Error", "os error 2",
            where + "run: what is not there")
    same(v.ask("POST", "/v1/processes/config", config).status, 200,
         where + "the old limits")

    problem(v.ask("GET", "/v1/nothing"), 404, "not_found", "Not Found",
            "^endpoint not found$", where + "no such path")
    a = v.ask("PUT", "/v1/processes")
    same((a.status, a.body, a.headers["allow"]),
         (405, b"", "GET,HEAD,POST"), where + "no such method")
    plain(v.ask("POST", "/v1/processes", b" " * (3 << 20)), 413,
          where + "a body of 3 MiB")
    a = v.ask("POST", "/v1/processes",
              json.dumps({"command": "true", "args": ["x" * 100000]}))
    ok(a.status in (200, 502), where + "one of 100 KB is none", a.body)
    v.ask("DELETE", "/v1/processes/" + a.json.get("id", "x"))


s = Set("process web {\n    cmd sleep 1000\n    autostart no\n}\n"
        "process shown {\n    argv sleep 1000\n}\n")
v = Server(s, "--listen", "127.0.0.1:0")
ok(v.url.startswith("http://127.0.0.1:"), "it says where it is", v.url)
operations(v, "tcp: ")

# --- the processes of the sbxrc, and the set's other clients
rows = {r["id"]: r for r in v.ask("GET", "/v1/processes").json["processes"]}
web = s.row("web")
same(rows["proc_%d" % web["id"]]["command"], "sleep 1000",
     "a process of the sbxrc is there")
same(s.sbx("start", "web")[0], 0, "started by a person")
same(until(lambda: v.ask("GET", "/v1/processes/proc_%d" % web["id"])
           .json["status"]), "running", "it is seen to run")
v.ask("POST", "/v1/processes/proc_%d/stop?waitMs=30000" % web["id"])
ok(re.search("by the API", s.out("why", "web")), "who stopped it is known",
   s.out("why", "web"))
p = v.create("sleep", "1000")
row = until(lambda: [r for r in s.rows()
                     if "proc_%d" % r["id"] == p["id"]])[0]
same((row["group"], row["by"], row["name"]), ("api", "api", "sleep"),
     "one that is made here has group, maker and name")
q = v.create("sleep", "1001")
row = until(lambda: [r for r in s.rows()
                     if "proc_%d" % r["id"] == q["id"]])[0]
ok(re.fullmatch(r"sleep-\d+", row["name"]), "the next one has one of its own",
   row["name"])

# --- nobody waits for another
deaf = v.create("sleep", "1000")
full = [v.ask("POST", "/v1/processes/%s/input" % deaf["id"],
              {"data": "x" * 65536, "encoding": "text"}).status
        for i in range(40)]
same((full[0], full[-1]), (200, 409), "a full stdin is an error")
same(v.ask("GET", "/v1/health").status, 200, "and nobody else's")
c = v.connect()
c.request("POST", "/v1/processes/run", json.dumps(
    {"command": "sleep", "args": ["1000"],
     "env": {"SBX_TEST_LEFT": s.dir + "/left"}}),
    {"content-type": "application/json"})
ok(until(lambda: pids_with(s.dir + "/left")), "run: while it runs")
c.close()
ok(until(lambda: not pids_with(s.dir + "/left")),
   "it goes with the client that does not wait for it")
idle = []
for i in range(1000):
    x = socket.create_connection(("127.0.0.1",
                                  int(v.url.rsplit(":", 1)[1])))
    idle.append(x)
same(v.ask("GET", "/v1/health").status, 200, "a thousand idle connections")
for x in idle:
    x.close()

# --- the limit of processes
config = v.ask("GET", "/v1/processes/config").json
v.ask("POST", "/v1/processes/config", dict(config, maxConcurrentProcesses=1))
problem(v.ask("POST", "/v1/processes", {"command": "true"}), 409, "conflict",
        "Conflict", "limit", "one more than may run")
problem(v.ask("POST", "/v1/processes/run", {"command": "true"}), 409,
        "conflict", "Conflict", "limit", "run: one more than may run")
v.ask("POST", "/v1/processes/config", config)

# --- the limit of logs
big = v.create("sh", "-c", "seq -f %099.0f 40000; exec sleep 1000")
size = lambda: [r["log_bytes"] - r["dropped_bytes"] for r in s.rows()
                if "proc_%d" % r["id"] == big["id"]][0]
ok(until(lambda: size() == 4000000), "a log below the limit",
   [r for r in s.rows() if r["name"].startswith("sh")])
v.ask("POST", "/v1/processes/config", dict(config,
                                           maxLogBytesPerProcess=1000000))
ok(until(lambda: size() <= 1000000), "above it its oldest part goes", size())
v.ask("POST", "/v1/processes/config", config)

# --- what is no request
for data, status in ((b"GET\r\n\r\n", b"400"), (b"\x16\x03\x01\r\n\r\n", b"4"),
                     (b"GET /v1/health HTTP/1.1\r\n\r\n", b"400"),
                     (b"GET /v1/health HTTP/1.1\r\nHost: x\r\nA: " +
                      b"b" * 100000 + b"\r\n\r\n", b"4"),
                     (b"GET /" + b"a" * 100000, b"4"),
                     (b"GET /v1/processes/%00 HTTP/1.0\r\nHost: localhost"
                      b"\r\n\r\n", b"404"),
                     (b"GET /v1/processes?owner=%00 HTTP/1.0\r\nHost: "
                      b"localhost\r\n\r\n", b"400")):
    got = v.raw(data)
    ok(got == b"" or got.split(b" ")[1].startswith(status),
       "no request: %.30r" % data, got[:200])
same(v.ask("GET", "/v1/health").status, 200, "it is still there")

# --- pages of browsers
for name, headers, status in (
        ("the server's own", {"origin": v.url}, 200),
        ("a stranger's", {"origin": "http://evil.test"}, 403),
        ("a file's", {"origin": "null"}, 403),
        ("a stranger's name for this address",
         {"host": "evil.test:80", "origin": "http://evil.test:80"}, 403),
        ("a name of this machine", {"host": "localhost:1"}, 200),
        ("an address", {"host": "[::1]:1"}, 200)):
    same(v.ask("GET", "/v1/processes", **headers).status, status,
         "a page: " + name)

# --- the engine dies, the engine goes
s.kill_engine()
same(v.ask("GET", "/v1/processes/" + p["id"]).json["status"], "running",
     "another engine has the same processes")
s.kill_engine()
same(v.ask("POST", "/v1/processes/%s/kill?waitMs=30000" % p["id"])
     .json["status"], "exited", "and ends them")
same(s.sbx("down")[0], 0, "the set goes down")
same(v.ask("GET", "/v1/processes").json, {"processes": []},
     "then there is no process")
same(v.ask("GET", "/v1/processes/proc_1").status, 404, "nor one of them")
same(v.ask("POST", "/v1/processes/run", {"command": "echo"}).json["stdout"],
     "\n", "an engine is started for one that is asked for")
same(len(s.rows()), 2, "with its set")
code, err = v.stop()
same((code, err), (0, ""), "SIGTERM: a clean end")

# --- a Unix socket, and a token
path = s.dir + "/sock"
with open(s.dir + "/token", "w") as f:
    f.write("s3cret\n")
v = Server(s, "--unix", path, "--token-file", s.dir + "/token")
same(os.stat(path).st_mode & 0o777, 0o600, "the socket is its owner's")
for given in (None, "", "Bearer", "Bearer x", "Bearer s3cret2", "s3cret"):
    a = v.ask("GET", "/v1/health", **({"authorization": given} if given
                                      else {}))
    if a.status != 401 or given is None:
        problem(a, 401, "token_invalid", "Token Invalid", "^token invalid$",
                "no token: %r" % given)
same(v.ask("GET", "/v1/health?access_token=s3cret").status, 401,
     "not in the query")
same(v.ask("GET", "/v1/nothing").status, 401, "nor what is not there")
v.token = "s3cret"
operations(v, "unix: ")
same(v.ask("GET", "/v1/health", origin="http://evil.test").status, 200,
     "who knows the token is no page that was lured here")
v.p.kill()
v.p.wait()
ok(os.path.exists(path), "one that was killed leaves its socket")
v = Server(s, "--unix", path)
same(v.ask("GET", "/v1/health").status, 200, "the next one takes it over")
same(Server(s, "--unix", path).p.wait(60), 1, "but not one that is in use")
same(v.stop()[0], 0, "an end")
ok(not os.path.exists(path), "that leaves no socket")

# --- who asks again and again (http_api_get.c)
v = Server(s, "--listen", "127.0.0.1:0")
asking, other = v.connect(), v.connect()


def on(connection, method, path, body=None):
    connection.request(method, "/v1/processes" + path,
                       json.dumps(body) if body else None,
                       {"content-type": "application/json"})
    return Answer(connection.getresponse())


wrong = []
for i in range(60):
    # One that ends at once, a moment later, or is killed by somebody else.
    words = ["true"], ["sleep", "0.004"], ["sleep", "1000"]
    command, *args = words[i % 3]
    p = on(asking, "POST", "", {"command": command, "args": args}).json
    at = "/" + p["id"]
    for n in range(100000):
        if i % 3 == 2 and n == i % 4:
            on(other, "POST", at + "/kill")
        p = on(asking, "GET", at).json
        if p["status"] != "running":
            break
    want = None if i % 3 == 2 else 0
    if p["status"] != "exited" or p.get("exitCode") != want:
        wrong.append(p)
    if on(asking, "DELETE", at).status != 204 or \
            on(asking, "GET", at).status != 404:
        wrong.append(at)
same(wrong, [], "who asks until it has ended hears of each end")
p = on(asking, "POST", "", {"command": "sleep", "args": ["1000"]}).json
on(asking, "GET", "/" + p["id"])
s.kill_engine()
same([on(asking, "GET", "/" + p["id"]).json["status"] for i in range(20)],
     ["running"] * 20, "also over engines")
on(asking, "POST", "/" + p["id"] + "/kill")

# --- what may not be done twice is asked of the next engine, and done once
def over_engines(*requests):
    """All at once, of an engine that takes them and dies: statuses."""
    pid = s.doctor()["engine_pid"]
    os.kill(pid, signal.SIGSTOP)
    asked = []
    for method, path, body in requests:
        c = v.connect()
        c.request(method, path, json.dumps(body),
                  {"content-type": "application/json"})
        asked.append(c)
    same(v.ask("GET", "/v1/health").status, 200, "the server has read them")
    os.kill(pid, signal.SIGKILL)
    return [Answer(c.getresponse()).status for c in asked]


def up(*words):
    """The path of one that has said that it is up."""
    p = on(asking, "POST", "", {"command": words[0], "args": words[1:]}).json
    path = "/v1/processes/" + p["id"]
    until(lambda: lines(b"up", path))
    return path


def lines(text, at):
    entries = v.ask("GET", at + "/logs").json["entries"]
    return sum(base64.b64decode(e["data"]).count(text) for e in entries)


at = up("sh", "-c", "echo up; while read -r l; do echo got $l; done")
told = up("perl", "-e", '$| = 1; $SIG{USR1} = sub { print "USR1\\n" }; '
          'print "up\\n"; sleep 1 while 1')
got = over_engines(*[("POST", at + "/input", {"data": "one\n",
                                              "encoding": "utf8"})] * 3,
                   ("POST", told.replace("/v1", "/v1/sbx") + "/signal",
                    {"signal": "USR1"}))
same(got, [200] * 4, "each is answered by the next engine")
until(lambda: lines(b"got one", at) >= 3 and lines(b"USR1", told))
v.ask("POST", at + "/input", {"data": "end\n", "encoding": "utf8"})
until(lambda: lines(b"got end", at))
same((lines(b"got one", at), lines(b"USR1", told)), (3, 1), "and is done once")
got = over_engines(*[("POST", at + "/input", {"data": "many\n",
                                              "encoding": "utf8"})] * 64)
v.ask("POST", at + "/input", {"data": "over\n", "encoding": "utf8"})
until(lambda: lines(b"got over", at))
same(got, [200] * 64, "also 64 at once")
same(lines(b"got many", at), 64, "and each once")
got = over_engines(*[("POST", at + "/input", {"data": "more\n",
                                              "encoding": "utf8"})] * 90)
v.ask("POST", at + "/input", {"data": "last\n", "encoding": "utf8"})
until(lambda: lines(b"got last", at))
ok(set(got) <= {200, 503} and got.count(200) >= 64,
   "of still more some may be told that there was no engine", got)
ok(got.count(200) <= lines(b"got more", at) <= 90,
   "who was told that it is taken is right", (got, lines(b"got more", at)))
for path in at, told:
    v.ask("POST", path + "/kill")
v.stop()

# --- a run whose server is killed
v = Server(s, "--listen", "127.0.0.1:0")
c = v.connect()


def running():
    return pids_with("sleep 98765")


c.request("POST", "/v1/processes/run", json.dumps(
    {"command": "sh", "args": ["-c", "sleep 98765; true"]}),
    {"content-type": "application/json"})
until(running)
s.kill_engine()
same(v.ask("GET", "/v1/processes").status, 200, "another engine")
ok(running(), "has the run, for its server")
v.p.kill()
v.p.wait()
ok(until(lambda: not running(), 20), "which is killed: the run ends, too")
v.stop()

# --- the command line
v = Server(s, "--listen", "127.0.0.1:0", "--token", "t0ken-in-ps")
v.token = "t0ken-in-ps"
same(v.ask("GET", "/v1/health").status, 200, "a token by a word")
v.ask("POST", "/v1/processes/run", {"command": "true"})
same(pids_with("t0ken-in-ps"), [], "no process shows it")
v.stop()
for words, code, text in (
        (("--listen", "0.0.0.0:0"), 2, "not of this machine alone"),
        (("--listen", "x"), 2, "not ADDR:PORT"),
        (("--listen", "127.0.0.1:0", "--unix", "x"), 2, "one of them"),
        (("--token", ""), 2, "empty"),
        (("--token-file", s.dir + "/none"), 2, "No such file"),
        (("--unix", s.dir + "/sbxrc"), 1, "in use|exist")):
    got, out, err = s.sbx("serve", *words)
    ok(got == code and re.search(text, err), "serve " + " ".join(words), err)
v = Server(s, "--listen", "127.0.0.1:0", "--allow-origin", "http://a.test")
a = v.ask("OPTIONS", "/v1/processes", origin="http://a.test",
          access_control_request_method="POST")
same((a.status, a.headers["access-control-allow-origin"],
      a.headers["access-control-allow-methods"]),
     (204, "http://a.test", "GET,HEAD,POST"), "a page that may ask")
same(v.ask("GET", "/v1/health", origin="http://a.test")
     .headers["access-control-allow-origin"], "http://a.test",
     "is let read the answer")
same(v.ask("GET", "/v1/health", origin="http://b.test").status, 403,
     "another may not")
v.stop()
done()
