"""For tests that want a build with -DSBX_FAULTS, where calls fail, take their
time and the clock goes as a file says.  `make test` has one beside the other:
this is imported before sbxtest, which then takes that one."""
import os

_beside = os.environ.get("O", "build").rstrip("/") + "-faults/sbx"
if os.path.exists(_beside):
    os.environ["SBX"] = os.path.abspath(_beside)
from sbxtest import SBX, skip_all	# noqa: E402

with open(SBX, "rb") as f:
    if b"SBX_FAULT\0" not in f.read():
        skip_all("not built with -DSBX_FAULTS")


def arm(path, what):
    """The fault that file tells from now on (engine/base/fault.h)."""
    with open(path + ".new", "w") as f:
        f.write(what)
    os.rename(path + ".new", path)
