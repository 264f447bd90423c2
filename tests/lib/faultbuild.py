"""For tests that want a build with -DSBX_FAULTS, where calls fail, take their
time and the clock goes as a file says.  `make test` has one beside the other:
this is imported before sbxtest, which then takes that one."""
import os

_beside = os.environ.get("O", "build").rstrip("/") + "-faults/sbx"
if os.path.exists(_beside):
    os.environ["SBX"] = os.path.abspath(_beside)
from sbxtest import SBX, Set, skip_all	# noqa: E402

with open(SBX, "rb") as f:
    if b"SBX_FAULT\0" not in f.read():
        skip_all("not built with -DSBX_FAULTS")


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
