#!/usr/bin/env python3
"""A binary put in the place of the one that runs takes over with the next
engine; one that cannot read what its predecessor kept leaves it to that."""
import atexit
import os
import shutil
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
done()
