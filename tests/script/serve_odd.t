#!/usr/bin/env python3
"""sbx serve and what is unusual but not hostile: words of the command line,
methods, forms of a request and values at the edge."""
import os
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SANITIZED, Set, done, ok, same, until
import httptest
from httptest import Server

httptest.needed()
s = Set("""
process a {
    argv sleep 1000
}
process t {
    tty yes
    argv cat
}
""")


s.sbx("up")


# --- words that cannot be
def file(name, data):
    path = os.path.join(s.dir, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


for name, words, said in (
        ("no path", ("--unix", ""), "path"),
        ("a NUL in the token", ("--token-file", file("t1", b"a\0b\n")),
         "characters"),
        ("a byte no header can have", ("--token-file",
                                       file("t2", b"a\x01b\n")),
         "characters"),
        ("a blank before it", ("--token-file", file("t3", b" ab\n")),
         "blank"),
        ("a blank behind it", ("--token", "ab "), "blank"),
        ("a long token", ("--token-file", file("t4", b"z" * 5000)), "long"),
        ("an empty first line", ("--token-file", file("t5", b"\nab\n")),
         "empty")):
    code, out, err = s.sbx("serve", *words, timeout=20)
    same((code, out, said in err), (2, "", True), name + " is refused")
    ok("ab" not in err and "zzz" not in err, name + ": no secret is said", err)

# --- HEAD: nothing behind the header, so that the next answer is one
h = Server(s)


def request(line, *headers):
    return "\r\n".join((line, "Host: localhost", *headers, "", "")).encode()


AGAIN = request("GET /v1/health HTTP/1.1", "Connection: close")
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket",
           "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
for path in ("/v1/health", "/v1/processes", "/v1/processes/proc_1",
             "/v1/processes/proc_1/logs",
             "/v1/processes/proc_1/logs?follow=true",
             "/v1/sbx/events?follow=true", "/v1/sbx/events"):
    answer = h.raw(request("HEAD %s HTTP/1.1" % path) + AGAIN)
    head, _, rest = answer.partition(b"\r\n\r\n")
    same(head[:12], b"HTTP/1.1 200", "HEAD " + path)
    ok(not rest or rest.startswith(b"HTTP/1.1 200"), "is a header alone",
       rest[:80])
    ok(rest or b"Connection: close" in head, "and another may come, or not",
       head)
answer = h.raw(request("HEAD /v1/processes/proc_2/terminal/ws HTTP/1.1",
                       *UPGRADE) + AGAIN)
same(answer[:12], b"HTTP/1.1 400", "HEAD is no handshake")

# --- what a client of a proxy sends
for target, want in (("http://localhost/v1/health", b"200"),
                     ("HTTP://localhost:1/v1/processes?owner=x", b"400"),
                     ("http://localhost", b"404")):
    same(h.raw(request("GET %s HTTP/1.1" % target, "Connection: close"))
         [9:12], want, target)

# --- requests of a hand that was not careful: one answer, and a useful one
for data, want in (
        (b"GET /v1/health HTTP/1.1\r\n\r\n", b"no Host header"),
        (b"POST /v1/processes/run HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
         b"no Host header"),
        (request("GET /v1/he alth HTTP/1.1"), b"endpoint not found")):
    answer = h.raw(data, timeout=1)
    same((answer.count(b"HTTP/1.1 4"), want in answer), (1, True),
         "%r" % data[:24])

# --- where a request ends is said once: else a proxy in front that believes
# something else takes a piece of one for another one of somebody else
LENGTH, CHUNKS = "Content-Length: 5", "Transfer-Encoding: chunked"
for what, *lines in (
        ("two lengths", LENGTH, "Content-Length: 0"),
        ("two, the first one is nothing", "Content-Length: 0", LENGTH),
        ("the same length twice", LENGTH, "content-length: 5"),
        ("a length and one that is none", LENGTH, "Content-Length: x"),
        ("a length and chunks", LENGTH, CHUNKS),
        ("chunks and a length", CHUNKS, "Content-length: 0"),
        ("chunks twice", CHUNKS, CHUNKS),
        ("chunks and no coding", CHUNKS, "Transfer-Encoding: identity"),
        ("another coding", "Transfer-Encoding: gzip, chunked"),
        ("chunks, but not as the last", "Transfer-Encoding: chunked, gzip"),
        ("a coding that looks like it", "Transfer-Encoding: xchunked"),
        ("an empty coding", "Transfer-Encoding:"),
        ("a blank before the colon", "Content-Length : 5"),
        ("a tab there", "Transfer-Encoding\t: chunked"),
        ("a blank in another name", "Accept : text/plain"),
        ("a length on two lines", "Content-Length: 5\r\n 0"),
        ("a coding on two lines", "Transfer-Encoding: chunk\r\n\ted"),
        *(("length %r" % n, "Content-Length: " + n)
          for n in ("x", "-1", "+5", "5 0", "5,5", "5, 5", "0x5", "5.0",
                    "\v5", ""))):
    answer = h.raw(request("GET /v1/health HTTP/1.1", *lines) +
                   b"0\r\n\r\n" + AGAIN, timeout=5)
    same((answer[:13], answer.count(b"HTTP/1.1 200"),
          b"\r\nConnection: close\r\n" in answer),
         (b"HTTP/1.1 400 ", 0, True), what + ": 400 and the end")
answer = h.raw(request("GET /v1/health HTTP/1.0", CHUNKS,
                       "Connection: keep-alive") + b"0\r\n\r\n" + AGAIN,
               timeout=5)
same((answer[9:13], answer.count(b"HTTP/1.1 ")), (b"400 ", 1),
     "chunks, before there were any")
for what, line, body in (("no length", "Accept: */*", b""),
                         ("a length of 0", "Content-Length: 0", b""),
                         ("zeros before it", "Content-Length: 005", b"12345"),
                         ("chunks", "Transfer-Encoding: Chunked",
                          b"5\r\n12345\r\n0\r\n\r\n")):
    answer = h.raw(request("GET /v1/health HTTP/1.1", line) + body + AGAIN)
    same(answer.count(b"HTTP/1.1 200"), 2, what + ": and the next request")
u = Server(s, "--unix", os.path.join(s.dir, "sock"))
same(u.raw(b"GET /v1/health HTTP/1.1\r\nConnection: close\r\n\r\n")[9:12],
     b"200", "a socket of a path needs none")
u.end()

# --- values at the edge
P, X = "/v1/processes", "/v1/sbx/processes"
same([len(h.get(X + "?createdBeforeMs=" + n)[1]["processes"])
      for n in ("0", "1", str(1 << 60))], [0, 0, 2], "created before")
same(h.post("/v1/processes/proc_2/terminal/resize",
            {"cols": 65535, "rows": 2000}), (200, {"cols": 1024,
                                                   "rows": 1024}),
     "resize: the size that it has then")
screen = h.get(X + "/t/screen")[1]
same((screen["cols"], screen["rows"]), (1024, 1024), "and it has it")


# --- why one is refused
long = "x" * 140000
for body, want, said in (
        ({"command": "true", "args": [long]}, 400, "140000 bytes"),
        ({"command": long}, 400, "140000 bytes"),
        ({"command": "true", "env": {"A": long}}, 400, "140002 bytes"),
        ({"command": "true", "args": ["x"] * 5000}, 422, "4096 strings"),
        ({"command": "true", "cwd": "/nowhere"}, 502,
         "cwd '/nowhere': No such file or directory (os error 2)"),
        ({"command": "/nowhere"}, 502,
         "process: No such file or directory (os error 2)"),
        ({"command": "true", "user": "nosuchuser"}, 502,
         "unknown user 'nosuchuser'")):
    code, answer = h.post(X, body)
    same((code, said in str(answer)), (want, True), "it says: " + said)
same([h.call("PATCH", "/v1/sbx/" + x, {"env": {"A": long}})[0]
      for x in ("env", "groups/g")], [400, 400],
     "nor a variable that nobody could be given")

# --- a client whose machine is gone: the kernel asks for it
def timer(x):
    """That of the server's end of a connection: 2 is the one that asks."""
    here, there = ("%04X" % x.getpeername()[1], "%04X" % x.getsockname()[1])
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            word = line.split()
            if (word[1].endswith(":" + here) and
                    word[2].endswith(":" + there)):
                return int(word[5].split(":")[0], 16)
    return None


x = h.socket()
x.sendall(request("GET %s/proc_1/logs?follow=true HTTP/1.1" % P))
x.recv(1000)
same(until(lambda: timer(x) == 2), True, "a client that says nothing is asked")
x.close()

# --- many who want one name
answers = []


def take_name(name):
    answers.append(h.post(X, {"command": "sleep", "args": ["1000"],
                              "name": name})[0])


for name in ("one", "two", "three"):
    several = [threading.Thread(target=take_name, args=[name])
               for _ in range(8)]
    for t in several:
        t.start()
    for t in several:
        t.join()
same(sorted(answers), [201] * 3 + [409] * 21, "one has it, others a conflict")

# --- many that wait for a line and leave
def rss():
    with open("/proc/%d/status" % h.p.pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def files():
    return len(os.listdir("/proc/%d/fd" % h.p.pid))


body = b'{"log":"nothing"}'
before, few = rss(), files()
for _ in range(5):
    waiting = [h.socket() for _ in range(60)]
    for x in waiting:
        x.sendall(request("POST %s/a/wait HTTP/1.1" % X,
                          "Content-Type: application/json",
                          "Content-Length: %d" % len(body)) + body)
    ok(until(lambda: files() >= few + 100), "60 wait", files())
    for x in waiting:
        x.close()
    ok(until(lambda: files() <= few + 5), "and leave", files())
ok(SANITIZED or rss() < before + 20 * 1024, "what they had is given back",
   "%d kB, %d kB before" % (rss(), before))

# --- what can be answered is in the document
for path, methods in httptest.API["paths"].items():
    for method, op in methods.items():
        want = {"401", "403"}
        if "requestBody" in op:
            want |= {"400", "413", "415", "422"}
        if any(p["in"] == "query" for p in op.get("parameters", [])):
            want.add("400")
        if "{" in path:
            want.add("404")
        same(want - set(op["responses"]), set(),
             "%s %s: its answers are listed" % (method, path))

# --- NUL: a key, where there are keys
p = h.post(P, {"command": "od", "args": ["-An", "-tx1"]})[1]["id"]
for data in ("a\0b\0", "\n"):
    same(h.post(P + "/%s/input" % p, {"data": data, "encoding": "utf8"}),
         (200, {"bytesWritten": len(data)}), "input: %r" % data)
h.post("/v1/sbx/processes/%s/stdin/eof" % p)
same(h.post("/v1/sbx/processes/%s/wait" % p, {"string": "61 00 62 00 0a"})[1]
     ["met"], True, "comes whole")
same(h.post(P + "/%s/input" % p, {"data": "YQ==\0"})[0], 400, "no base64")
for body in ({"command": "tr\0ue"}, {"command": "true", "args": ["\0"]},
             {"command": "true", "cwd": "/\0"},
             {"command": "true", "env": {"A": "\0"}}):
    for path in (P, P + "/run", "/v1/sbx/processes"):
        code, said = h.post(path, body)
        same((code, "NUL" in said, "JSON" in said), (422, True, False),
             "%s: %r" % (path, body))
for path, body in (("groups/g", {"cwd": "/\0x"}),
                   ("env", {"env": {"A": "\0"}})):
    same(h.call("PATCH", "/v1/sbx/" + path, body)[0], 422, "%r" % body)
same(h.post("/v1/sbx/processes/a/signal", {"signal": "HUP\0"})[0], 400,
     "nor a signal")

for bad in ("x", "", "-1", "9" * 30):
    same((h.post(P + "/proc_1/stop?waitMs=" + bad)[0],
          h.post(P + "/proc_1/kill?waitMs=" + bad)[0]), (400, 400),
         "waitMs=" + bad[:5])
killed = h.post(P + "/run", {"command": "sh", "args": ["-c", "kill -9 $$"]})
same((killed[0], killed[1]["signal"], killed[1]["reason"]),
     (200, "KILL", "killed by KILL"), "run: one that was killed")
for path in (P, P + "/run", P + "/proc_1/input", "/v1/sbx/processes"):
    same(h.post(path, b" " * (3 << 20),
                headers={"content-type": "application/json"})[0], 413,
         path + ": a body of 3 MiB")
same(h.get("/v1/health", headers={"Host": "evil.test"})[0], 403, "a name")
same(h.get(P, headers={"Origin": "http://evil.test"})[0], 403, "an origin")
same(h.get("/v1/sbx")[1]["dir"], s.dir, "whose directory")
s.sbx("down")
same("dir" in h.get("/v1/sbx")[1], False, "without an engine: nobody's")
same(h.wrong, [], "every answer was as doc/openapi.json says")
h.end()
done()
