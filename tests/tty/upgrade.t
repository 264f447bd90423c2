#!/usr/bin/env python3
"""A binary put in the place of the one that runs takes over with the next
engine; one that cannot read what its predecessor kept leaves it to that."""
import atexit
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import sbxtest
from sbxtest import Set, alive, done, ok, same, skip_all, until

# The first word of what an engine keeps for the next one (registry.c).
MAGIC, OTHER = b"SBXR", b"SBXQ"

bin_dir = tempfile.mkdtemp(prefix="sbxbin", dir="/tmp")
atexit.register(shutil.rmtree, bin_dir, True)
original = open(sbxtest.SBX, "rb").read()
if MAGIC not in original:
    skip_all("the word is not in this binary as it stands")
path = os.path.join(bin_dir, "sbx")


def install(data):
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)


install(original)
sbxtest.SBX = path
s = Set("""
process one   sleep 1000
process two   i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done
process three {
    argv cat
    tty yes
}
""")
same(s.sbx("up")[0], 0, "the set is up")
pids = {r["name"]: r["pid"] for r in s.rows()}


def new_engine(name):
    old = s.kill_engine()
    ok(until(lambda: s.sbx("ls")[0] == 0 and
             s.doctor().get("engine_pid", old) != old), name)
    same({r["name"]: r.get("pid") for r in s.rows()}, pids,
         "it has every process")
    ok(all(alive(p) for p in pids.values()), "and they live")
    return os.readlink("/proc/%d/exe" % s.doctor()["engine_pid"])


install(original + b"\n")
same(new_engine("a newer one"), path, "it is the newer one")
install(original.replace(MAGIC, OTHER))
new_engine("one that reads something else")
ok([e for e in s.events() if "the former one goes on" in e["text"]],
   "the journal has it")
install(original)

# --- another binary asks the engine to make room
other = os.path.join(bin_dir, "other")


def put(data, name=other):
    with open(name, "wb") as f:
        f.write(data)
    os.chmod(name, 0o755)


def engine_exe():
    return os.readlink("/proc/%d/exe" % s.doctor()["engine_pid"])


def as_before(name):
    same({r["name"]: r.get("pid") for r in s.rows()}, pids,
         name + ": every process is there")
    ok(all(alive(p) for p in pids.values()), "and lives")


version = s.doctor()["engine_version"].encode()
newer = b"9" * len(version)
ok("took over" in s.sbx("up")[2], "up with the one that was put there")
same(engine_exe(), path, "the engine is that one")
same(s.sbx("up")[2], "", "up with the same one again says nothing")
put(original.replace(b"\0" + version + b"\0", b"\0" + newer + b"\0"))
old = s.doctor()["engine_pid"]
sbxtest.SBX = other
code, out, err = s.sbx("ls")
same((code, err), (0, ""), "who only asks changes nothing")
code, out, err = s.sbx("up")
same(code, 0, "up with another one")
ok("took over from another one (%s)" % version.decode() in err, "says so",
   err)
same(engine_exe(), other, "the engine is that one")
ok(s.doctor()["engine_pid"] != old and not alive(old), "the old one has gone")
as_before("another binary")
lines = s.raw("two").split()
same(lines, [b"%d" % i for i in range(1, len(lines) + 1)],
     "no line is lost or doubled")
ok(until(lambda: len(s.raw("two").split()) > len(lines)), "and they go on")
s.sbx("send", "three", "hello")
ok(until(lambda: "hello" in s.out("screen", "three")), "the terminal too")
new_engine("an engine after that")
same(engine_exe(), other, "is the newer one")

# --- one that cannot read the records
strange = os.path.join(bin_dir, "strange")
put(original.replace(MAGIC, OTHER), strange)
sbxtest.SBX = strange
code, out, err = s.sbx("up")
same(code, 0, "up with one that reads something else")
ok("cannot read its records" in err, "says that it could not", err)
as_before("one that cannot")
same(engine_exe(), other, "the engine is the former one")
sbxtest.SBX = other

# --- by whom that speaks another version of the protocol
def frame(kind, ident, payload):
    return struct.pack("<IHHI", len(payload), kind, 0, ident) + payload


def text(t):
    t += b"\0"
    return struct.pack("<I", len(t)) + t


def ask_for(binary):
    c = socket.socket(socket.AF_UNIX)
    c.settimeout(20)
    c.connect(s.doctor()["socket"])
    c.sendall(frame(1, 0, struct.pack("<II", 0x31584253, 999) + text(b"x")) +
              frame(63, 7, text(binary.encode())))
    got = b""
    try:
        while True:
            data = c.recv(65536)
            if not data:
                return got
            got += data
            if b"cannot be run" in got:
                return got
    except OSError:
        return got


old = s.doctor()["engine_pid"]
ok(b"cannot be run" in ask_for("/no/such/file"), "a file that is not there")
same(s.doctor()["engine_pid"], old, "the engine stays")
ask_for(path)
ok(until(lambda: s.sbx("ls")[0] == 0 and s.doctor()["engine_pid"] != old),
   "one that is")
same(engine_exe(), path, "takes over")
as_before("by another protocol")
sbxtest.SBX = path

# --- one whose records nobody here can read is still ended in order ---------

FAKE = """
import os, signal, socket, struct, sys
path = %r
with open(os.path.dirname(path) + "/anchor", "w") as f:
    f.write(str(os.getpid()))
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(5)
def end(*_):
    os.unlink(path)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
hello = struct.pack("<IIIIII", 0x31584253, 999, 4, 0x00392e39, 0, 0)
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.sendall(struct.pack("<IHHI", len(hello), 1, 0, 0) + hello)
    c.recv(4096)
    c.close()
"""
s = Set("process one   sleep 1000\n")
s.sbx("up")
sock = s.doctor()["socket"]
s.sbx("down")
with open(s.dir + "/__anchor", "w") as f:
    f.write(FAKE % sock)
fake = subprocess.Popen(["sbx", "__anchor", "rc:%s/sbxrc" % s.dir],
                        executable=sys.executable, cwd=s.dir)
ok(until(lambda: "9.9 (protocol 999)" in s.sbx("ls")[2]),
   "an engine of a later protocol is named")
code, out, err = s.sbx("up")
same(code, 1, "up cannot take over from it")
ok("'sbx down' ends it" in err, "and says what can", err)
same(s.sbx("down")[0], 0, "down ends it")
same(fake.wait(20), 0, "by TERM to its anchor")
same(s.sbx("down")[0], 3, "it is gone")
done()
