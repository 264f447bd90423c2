#!/usr/bin/env python3
"""sbx serve under bad clients: half requests, crowds, huge and broken bytes,
strange pages, wrong tokens, readers that do not read.  After each of them
somebody else is answered, the server is the same one and has not grown."""
import base64
import os
import random
import re
import resource
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SANITIZED, Set, done, ok, same, until
import httptest
from httptest import Server

httptest.needed()
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
CROWD = min(1500, hard // 4)
SECRET = "s3same-0pen-w0rd"
s = Set("""
process tty {
    tty yes
    cmd exec cat
}
process flood {
    cmd while echo 0123456789012345678901234567890123456789; do :; done
    autostart no
    log.keep 8M
}
""")
s.sbx("up")
h = Server(s)
pid = h.p.pid
X = "/v1/sbx/processes/"


def memory(what):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(what + r":\s+(\d+) kB", f.read())[1])


before = memory("VmRSS")


def well(name):
    """Somebody else is answered, by the same process, within its size."""
    code = h.get("/v1/health", timeout=15)[0]
    same((code, h.p.poll()), (200, None), name + ": others are served")
    if not SANITIZED:
        ok(memory("VmRSS") < before + 80 * 1024, name + ": it is no larger",
           "%d kB, %d kB before" % (memory("VmRSS"), before))


def status(data, **kw):
    answer = h.raw(data, most=12, **kw)
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0


def request(line, *headers, body=b""):
    head = (line, *(headers or ("Host: localhost",)), "", "")
    return "\r\n".join(head).encode() + body


# --- crowds
idle = [h.socket() for _ in range(CROWD)]
well("%d that ask nothing" % CROWD)
for x in idle:
    x.sendall(b"GET /v1/health HTTP/1.1\r\nHost: loc")
well("and half a header each")
for x in idle[::2]:
    x.sendall(b"alhost\r\n\r\n")
same({x.recv(12) for x in idle[::20]}, {b"HTTP/1.1 200"},
     "who goes on is answered")
for x in idle:
    x.close()
slow = [h.socket() for _ in range(50)]
for x in slow:
    x.sendall(request("POST %stty/wait HTTP/1.1" % X, "Host: localhost",
                      "Content-Type: application/json",
                      "Content-Length: 1000", body=b"{"))
for byte in b"GET /v1/health HTTP/1.1\r\n":
    for x in slow:
        x.sendall(bytes([byte]))
well("bodies byte by byte")
for x in slow:
    x.close()

# --- sizes
ok(status(request("GET /v1/health HTTP/1.1", "Host: localhost",
                  "X: " + "x" * 100000)) in (0, 400, 413, 431),
   "a header of 100 KB")
ok(status(request("GET /%s HTTP/1.1" % ("x" * 100000))) in (0, 400, 414, 431),
   "a path of 100 KB")
ok(status(b"x" * 1000000) in (0, 400, 414, 431), "a line of 1 MB")
many = ["X-%d: y" % i for i in range(20000)]
ok(status(request("GET / HTTP/1.1", "Host: localhost", *many)) in
   (0, 400, 413, 431), "20,000 headers")
well("heads")
JSON = ("Host: localhost", "Content-Type: application/json")
three = b"[" + b"1," * 1500000 + b"1]"
same(status(request("POST %stty/wait HTTP/1.1" % X, *JSON,
                    "Content-Length: %d" % len(three), body=three)), 413,
     "a body of 3 MB")
same(status(request("POST %stty/wait HTTP/1.1" % X, *JSON,
                    "Content-Length: 99999999999")), 413,
     "the word of one of 100 GB")
chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
ok(status(request("POST %stty/wait HTTP/1.1" % X, *JSON,
                  "Transfer-Encoding: chunked", body=chunk * 2000),
          timeout=20) in (0, 413), "130 MB in chunks")
deep = b"[" * 100000
same(status(request("POST %stty/wait HTTP/1.1" % X, *JSON, "Connection: close",
                    "Content-Length: %d" % len(deep), body=deep)), 400,
     "100,000 brackets")
big = b'{"log":"' + b"(" * 60000 + b'"}'
same(status(request("POST %stty/wait HTTP/1.1" % X, *JSON, "Connection: close",
                    "Content-Length: %d" % len(big), body=big)), 400,
     "a pattern of 60,000 brackets")
well("bodies")

# --- what is no request
for data, what in ((b"\0" * 100, "NUL"), (b"\r\n" * 5000, "empty lines"),
                   (b"GET", "a word"), (b"GET / HTTP/9.9\r\n\r\n", "9.9"),
                   (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
                   (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
                   (request("GET /v1/health HTTP/1.1", "Host: localhost",
                            "Content-Length: -1"), "a negative length"),
                   (request("GET /v1/health HTTP/1.1", "Host: localhost",
                            "Content-Length: 1", "Content-Length: 2"),
                    "two lengths"),
                   (request("POST /v1/sbx/env HTTP/1.1", *JSON,
                            "Content-Length: 5", "Transfer-Encoding: chunked",
                            body=b"0\r\n\r\nGET /v1/health HTTP/1.1\r\n"),
                    "a length and chunks")):
    answer = h.raw(data, timeout=0.3)
    ok(not answer or answer.startswith(b"HTTP/1."), what + " is survived",
       answer[:200])
random.seed(1)
seeds = [request("GET %stty?x=%%00&y=%%zz HTTP/1.1" % X),
         request("POST %stty/wait HTTP/1.1" % X, *JSON, "Content-Length: 15",
                 body=b'{"log":"never"}'),
         request("GET /v1/sbx/events?follow=true HTTP/1.1"),
         request("GET /v1/processes/proc_1/terminal/ws HTTP/1.1",
                 "Host: localhost", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")]
for i in range(400):
    data = bytearray(random.choice(seeds))
    for _ in range(random.randrange(1, 8)):
        at = random.randrange(len(data))
        data[at:at + random.randrange(3)] = random.randbytes(
            random.randrange(3))
    x = h.socket()
    x.sendall(data)
    x.close()
well("400 broken requests")

# --- pages of a browser
H = "GET /v1/health HTTP/1.1"
for headers, want, what in (
        (("Host: localhost:%d" % h.port,), 200, "localhost"),
        (("Host: 127.0.0.1:%d" % h.port,), 200, "an address"),
        (("Host: evil.example",), 403, "a name that resolves to here"),
        (("Host: localhost.evil.example",), 403, "one that looks like ours"),
        (("Host: localhost", "Origin: http://evil.example"), 403,
         "a page of somebody"),
        (("Host: localhost", "Origin: null"), 403, "a page of nobody"),
        (("Host: localhost:%d" % h.port, "Origin: http://localhost:%d" %
          h.port), 200, "a page of its own")):
    same(status(request(H, "Connection: close", *headers)), want, what)
ws = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
tty = h.get(X + "tty")[1]["id"]
WS = "GET /v1/processes/%s/terminal/ws HTTP/1.1" % tty
same(status(request(WS, "Host: localhost", "Origin: http://evil.example",
                    *ws), timeout=5), 403, "a terminal for a foreign page")
same(h.ask("POST", X + "tty/signal", {"signal": "KILL"},
           {"Origin": "http://evil.example"})[0], 403,
     "nor does it end a process")
same(h.get(X + "tty")[1]["status"], "running", "which lives on")

# --- frames


def open_terminal(server=h, query=""):
    x = server.socket()
    x.sendall(request(WS.replace(" HTTP", query + " HTTP"), "Host: localhost",
                      *ws))
    head = b""
    while b"\r\n\r\n" not in head:
        more = x.recv(1)
        if not more:
            break
        head += more
    return x, head


def frame(op, data, fin=0x80, mask=b"mask", size=None):
    n = len(data) if size is None else size
    head = bytes([fin | op])
    head += (struct.pack(">B", 0x80 | n) if n < 126 else
             struct.pack(">BH", 0xfe, n) if n < 65536 else
             struct.pack(">BQ", 0xff, n))
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def ends(x):
    """The server closes; what it had said."""
    said = b""
    x.settimeout(20)
    try:
        while True:
            more = x.recv(65536)
            if not more:
                return said
            said += more
    except ConnectionError:
        return said
    except OSError:
        return None


x, head = open_terminal()
same(head[9:12], b"101", "a terminal is open")
for data, what in (
        (frame(1, b"x", size=2 ** 62), "a frame of 4 EB"),
        (frame(1, b"x", size=2 ** 63), "of a negative size"),
        (b"\x81\x05hello", "one without a mask"),
        (frame(3, b""), "an opcode that is none"),
        (frame(9, b"p" * 126), "a ping that is too long"),
        (frame(9, b"p", fin=0), "a ping in pieces"),
        (frame(0, b"x"), "a piece of nothing"),
        (frame(1, b"\xff\xfe"), "text that is none"),
        (b"\xf1" + frame(1, b"x")[1:], "reserved bits"),
        (frame(1, b"y" * 60000, fin=0) +
         frame(0, b"y" * 60000, fin=0) * 100, "a message without an end")):
    try:
        x.sendall(data)
    except ConnectionError:
        pass
    ok(ends(x) is not None, what + " ends it")
    x.close()
    x, head = open_terminal()
x.sendall(frame(1, b"{}") + frame(2, b"\0\1") +
          frame(1, b'{"type":"resize","cols":-1,"rows":99999}') +
          frame(1, b'{"type":"input","data":"%s"}' % (b"z" * 200000)) +
          frame(1, b'{"type":"input","data":"=","encoding":"base64"}') +
          frame(1, b'{"type":"resize","cols":91,"rows":27}'))
ok(until(lambda: h.get(X + "tty")[1].get("cols") == 91),
   "messages that mean nothing are passed over")
x.close()
pings = [open_terminal()[0] for _ in range(20)]
for x in pings:
    x.settimeout(0.2)
    try:
        x.sendall(frame(9, b"p" * 100) * 20000)
    except OSError:
        pass
well("40 MB of pings from who does not read")
for x in pings:
    x.close()

# --- who does not read
s.sbx("start", "flood")
deaf = []
for i in range(30):
    x = h.socket()
    x.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    x.sendall(request("GET /v1/processes/%s/logs?follow=true HTTP/1.1" %
                      h.get(X + "flood")[1]["id"]))
    deaf.append(x)
ok(until(lambda: h.get(X + "flood")[1]["logLines"] > 100000, 60),
   "a flood goes on beside 30 followers that do not read")
well("floods for the deaf")
for x in deaf:
    x.close()
s.sbx("kill", "flood")
same(h.end(), 0, "it ends well")
same(h.stderr(), "", "and has said nothing")

# --- tokens
with open(s.dir + "/token", "w") as f:
    f.write(SECRET + "\n")
for words in (("--token-file", "token"), ("--token", SECRET)):
    h = Server(s, "--listen", "127.0.0.1:0", *words, token=SECRET)
    how = words[0]
    same(h.get(X + "tty")[0], 200, how + ": who knows it is let in")
    for given, what in ((None, "none"), ("", "an empty one"),
                        (SECRET[:-1], "the beginning of it"),
                        (SECRET + "x", "more than it"),
                        ("x" * 60000, "a long one")):
        h.token = None
        same(h.get("/v1/health", headers=given is not None and {
            "Authorization": "Bearer " + given} or {})[0], 401,
            "%s: %s" % (how, what))
    same(h.ask("GET", "/v1/health", headers={
        "Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()
        })[0], 401, how + ": another scheme")
    for path in ("/v1/health", "/v1/sbx", "/v1/processes", X + "tty",
                 "/v1/processes/%s/logs" % tty, "/v1/sbx/events", "/v1/no"):
        same(h.ask("GET", path + "?access_token=" + SECRET)[0], 401,
             "%s: access_token is nothing for %s" % (how, path))
    x, head = open_terminal(h)
    same(head[9:12], b"401", how + ": a terminal wants it")
    x.close()
    x, head = open_terminal(h, "?access_token=" + SECRET)
    same(head[9:12], b"101", how + ": and takes it as access_token")
    x.close()
    x, head = open_terminal(h, "?access_token=" + SECRET[:-1])
    same(head[9:12], b"401", how + ": unless it is wrong")
    x.close()
    ps = b""
    for p in os.listdir("/proc"):
        if p.isdigit() and int(p) != os.getpid():
            try:
                with open("/proc/%s/cmdline" % p, "rb") as f:
                    ps += f.read()
            except OSError:
                pass
    ok(SECRET.encode() not in ps, how + ": ps does not show it")
    p = h.ask("POST", X[:-1], {"command": "env", "name": "env" + how},
              {"Authorization": "Bearer " + SECRET})
    same(until(lambda: s.status("env" + how) == "completed"), True,
         how + ": a process is made")
    ok(SECRET.encode() not in s.raw("env" + how),
       how + ": and does not inherit it")
    same((h.end(), SECRET in h.stderr()),
         (0, False), how + ": nor is it logged")
same(s.sbx("serve", "--listen", "0.0.0.0:0")[0], 2,
     "an address for everybody wants one")
os.chmod(s.dir + "/token", 0o600)
events = s.out("events", "--json")
ok(SECRET not in events, "the journal has none")
done()
