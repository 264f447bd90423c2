"""For tests that want a build with -DSBX_FAULTS, where calls fail, take their
time and the clock goes as a file says.  `make test` has one beside the other:
this is imported before sbxtest, which then takes that one."""
import os
import signal

_beside = os.environ.get("O", "build").rstrip("/") + "-faults/sbx"
if os.path.exists(_beside):
    os.environ["SBX"] = os.path.abspath(_beside)
from sbxtest import SBX, Set, pids_with, skip_all, until	# noqa: E402

with open(SBX, "rb") as f:
    if b"SBX_FAULT\0" not in f.read():
        skip_all("not built with -DSBX_FAULTS")


def content(pid, name):
    try:
        with open("/proc/%d/%s" % (pid, name), "rb") as f:
            return f.read()
    except OSError:
        return b""


def stands(pid):
    """Is it held by a fault?  Only those poll nothing for 10 ms."""
    return content(pid, "syscall").split()[1:4] == [b"0x0", b"0x0", b"0xa"]


class FaultSet(Set):
    """One whose processes do what its file of faults says."""

    def __init__(self, text):
        Set.__init__(self, text)
        self.fault = self.dir + "/fault"
        self.env["SBX_FAULT"] = self.fault

    def arm(self, what):
        """The fault from now on (engine/base/fault.h)."""
        with open(self.fault + ".new", "w") as f:
            f.write(what)
        os.rename(self.fault + ".new", self.fault)

    def disarm(self):
        """True if the fault has happened (one that happens once)."""
        try:
            os.unlink(self.fault)
            return False
        except FileNotFoundError:
            return True

    def engines(self):
        return [pid for pid in pids_with("rc:" + self.dir)
                if content(pid, "comm") == b"sbx: engine\n"]

    def held(self):
        return [pid for pid in self.engines() if stands(pid)]

    def kill_held(self, seconds=15, instead=lambda: False):
        """Kills the engines that a fault holds; how many that were."""
        found = []

        def look():
            # Between two looks of its own it does not stand.
            found[:] = self.held()
            return found or instead()

        until(look, seconds)
        for engine in found:
            os.kill(engine, signal.SIGKILL)
        return len(found)
