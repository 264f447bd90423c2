#!/usr/bin/env python3
"""set listen: the server runs with its set, comes again when it is killed,
outlives an engine, and goes with the set."""
import http.client
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import Set, alive, done, ok, same, until
import httptest

httptest.needed()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def health(port, token=None):
    try:
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        c.request("GET", "/v1/health", headers=token and {
            "Authorization": "Bearer " + token} or {})
        return c.getresponse().status
    except OSError:
        return 0


port, other = free_port(), free_port()
s = Set("set listen 127.0.0.1:%d\nprocess a exec sleep 1000\n" % port)
s.sbx("up")
ok(until(lambda: health(port) == 200), "it is there with the set")
same([r["name"] for r in s.rows()], ["a"], "and not in the list")
d = s.doctor()
pid = d["listen_pid"]
same((d["listen"], alive(pid)), ("127.0.0.1:%d" % port, True),
     "doctor knows it")
s.kill_engine()
ok(until(lambda: "engine_pid" in s.doctor()), "another engine")
same((s.doctor().get("listen_pid"), alive(pid), health(port)),
     (pid, True, 200), "has taken it over")
os.kill(pid, signal.SIGKILL)
ok(until(lambda: health(port) == 200 and
         s.doctor().get("listen_pid", pid) != pid, 20),
   "killed, it is started again")
d = s.doctor()
same((d["listen_restarts"], d["listen_error"]),
     (1, "was ended by signal 9"), "which doctor tells")
old = d["listen_pid"]
same(s.sbx("set", "listen", "127.0.0.1:%d" % other)[0], 0, "another place")
ok(until(lambda: health(other) == 200), "it listens there")
ok(until(lambda: not alive(old)), "and not where it was", health(port))
for bad in ("nonsense", "127.0.0.1:99999", "unix:"):
    same(s.sbx("set", "listen", bad)[0], 2, "'%s' is no place" % bad)
with open(s.dir + "/token", "w") as f:
    f.write("sesame\n")
same(s.sbx("set", "listen.token-file", "token")[0], 0, "a token")
ok(until(lambda: health(other) == 401), "is needed then")
same(health(other, "sesame"), 200, "and lets in")
same(s.sbx("set", "listen", "off")[0], 0, "off")
ok(until(lambda: "listen_pid" not in s.doctor()), "it is gone")
s.sbx("set", "listen.token-file", "none")
s.sbx("set", "listen", "0.0.0.0:%d" % other)
ok(until(lambda: "listen_error" in s.doctor()),
   "for everybody and without a token it does not run")
ok("not of this machine" in s.doctor()["listen_error"], "and says why",
   s.doctor()["listen_error"])
said = [e["text"] for e in s.events() if "sbx serve on" in e.get("text", "")]
same(len([x for x in said if "0.0.0.0" in x]), 1,
     "in the journal too, once and not at each try")
s.sbx("set", "listen", "unix:api.sock")
ok(until(lambda: os.path.exists(s.dir + "/api.sock") and
         "listen_pid" in s.doctor()), "a socket")
same(os.stat(s.dir + "/api.sock").st_mode & 0o777, 0o600, "of its user alone")
pid = s.doctor()["listen_pid"]
with open("/proc/%d/cmdline" % pid) as f:
    ok("sesame" not in f.read(), "no secret in ps")

os.kill(pid, signal.SIGKILL)
ok(until(lambda: s.doctor().get("listen_pid", pid) != pid, 20),
   "killed, it is there again, at the same path")
same(s.doctor()["listen_error"], "was ended by signal 9",
     "what ended it is told, not what it said before")

# --- a reload
s.write("set listen 127.0.0.1:%d\nprocess a exec sleep 1000\n" % other)
same(s.sbx("reload")[0], 0, "a reload")
ok(until(lambda: health(other) == 200), "goes to where the file says")
pid = s.doctor()["listen_pid"]
same(s.sbx("down")[0], 0, "down")
ok(until(lambda: not alive(pid), 5), "nothing of it is left")
ok(not os.path.exists(s.dir + "/api.sock"), "the socket's file neither")
done()
