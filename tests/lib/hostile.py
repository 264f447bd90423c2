"""What a child can print to do harm, and a look at what reached a terminal.

    from hostile import CORPUS, harm, on_terminal
    code, out = on_terminal(s, "logs", "web")
    ok(not harm(out), "nothing acts", harm(out))

One table for every place where a child's text is shown.  Each entry carries
OWNED where a terminal would take it as a title, an answer or a key, so that
it can be seen where it went.
"""
import os
import pty
import re
import select
import struct
import subprocess
import fcntl
import termios
import time

from sbxtest import SBX

# name, bytes; every one of them is one line
CORPUS = [
    ("cursor and erase", b"\x1b[2J\x1b[H\x1b[3J\x1b[1;1HOWNED\x1b[99A\x1b[K"),
    ("modes", b"\x1b[?1049h\x1b[?1000h\x1b[?1003;1006h\x1b[?25l\x1b[?2004h"),
    ("scroll region", b"\x1b[2;3r\x1b[5S\x1b[5T\x1b[10L\x1b[10M"),
    ("questions", b"\x1b[c\x1b[>c\x1b[6n\x1b[5n\x1b[?6n\x1b[18t\x1b[21t\x1b]10;?\x07"),
    ("window title BEL", b"\x1b]0;OWNED\x07\x1b]2;OWNED\x07"),
    ("window title ST", b"\x1b]2;OWNED\x1b\\"),
    ("title with C1 inside", b"\x1b]2;OW\xc2\x9dNED\xc2\x9c tail\x07"),
    ("clipboard", b"\x1b]52;c;T1dORUQ=\x07"),
    ("hyperlink", b"\x1b]8;;file:///OWNED\x1b\\click\x1b]8;;\x1b\\"),
    ("notification", b"\x1b]9;OWNED\x07\x1b]777;notify;OWNED;OWNED\x07"),
    ("colour table", b"\x1b]4;1;#000000\x07\x1b]10;#000\x07\x1b]104\x07"),
    ("DCS", b"\x1bP$q\"p\x1b\\\x1bP+q544e\x1b\\\x1bPtmux;\x1b\x1b]0;OWNED\x07\x1b\\"),
    ("sixel", b"\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\"),
    ("APC, PM, SOS", b"\x1b_GOWNED\x1b\\\x1b^OWNED\x1b\\\x1bXOWNED\x1b\\"),
    ("screen's title", b"\x1bkOWNED\x1b\\"),
    ("reset and charsets", b"\x1bc\x1b(0lqk\x1b)0\x0e\x0f\x1b7\x1b8\x1bD\x1bM\x1b#8"),
    ("soft reset, keypad", b"\x1b[!p\x1b=\x1b>\x1b[62;1\"p\x1b[4h\x1b[20h"),
    ("printing and keys", b"\x1b[5i\x1b[4i\x1b[>4;2m\x1b[=1;1u\x1b[>1u\x1b[8;1;1t"),
    ("unended CSI", b"\x1b[1;2;3"),
    ("unended OSC", b"\x1b]0;OWNED"),
    ("unended DCS", b"\x1bPOWNED"),
    ("a lone escape", b"end\x1b"),
    ("controls inside CSI", b"\x1b[3\x07\x0a"[:-1] + b"1\x08mOWNED"),
    ("C1 as raw bytes", b"\x9b2J\x9d0;OWNED\x07\x90OWNED\x9c\x9fOWNED\x9c\x84\x85\x88\x8d\x8e\x9a"),
    ("C1 as UTF-8", b"\xc2\x9b2J\xc2\x9d0;OWNED\xc2\x9c\xc2\x90OWNED\xc2\x9c\xc2\x9fOWNED\xc2\x9c\xc2\x85\xc2\x8d"),
    ("all C0", bytes(b for b in range(1, 32) if b != 10) + b"\x7f"),
    ("NUL", b"a\0b\0\0c"),
    ("bells", b"\x07" * 200),
    ("carriage returns", b"secret\rOWNED\r\r  \rok\b\b\b\b\b\b\b\b"),
    ("bidi", "user\u202enimda\u202c \u2066x\u2069 \u200fr \u061c".encode()),
    ("invisible", "a\u200bb\u2060c\ufeffd\u00ade\U000e0041\u2028\u2029".encode()),
    ("not UTF-8", b"\xff\xfe\xc0\xaf\xe0\x80\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3"),
    ("cut UTF-8", b"\xe2\x82"),
    ("combining flood", ("e" + "\u0301" * 500 + "x").encode()),
    ("wide at edges", ("\u4e00" * 200).encode()),
    ("a long line", b"L" * 65535 + b"\x1b[31m" + b"M" * 5000),
    ("many colours", b"".join(b"\x1b[38;5;%dm#" % (i % 256) for i in range(3000))),
    ("huge numbers", b"\x1b[99999999999999999999m\x1b[" + b"1;" * 5000 + b"mx"),
    ("shell", b"$(touch OWNED) `touch OWNED`; touch OWNED | & \" ' \\ %s%n !! ${IFS}"),
    ("markup", b"</script><b>OWNED&quot; {\"a\":\"\\u0000\"}\\"),
]

LINES = b"".join(data + b"\n" for name, data in CORPUS)

# What sbx itself writes: colours; and on the full screen what its terminal
# type has, plus the two modes and questions that it is documented to use.
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
SCREEN = re.compile(
    r"\x1b\[[0-9;]*[ABCDGHJKLMPSTXZ@`bdfr]|\x1b\[[0-9;:]*m|"
    r"\x1b\[\?(?:1|7|12|25|1000|1002|1003|1004|1006|1049|2004|2026|2031)(?:;\d+)*[hl]|"
    r"\x1b[=>78DM]|\x1b[()][0B]|\x1b\[3?4[hl]|\x1b\[!p|\x1b\[\?3;4l|"
    r"\x1b\[2[23];0;0t|\x1b\[6n|\x1b\[\?2026\$p|\x1b\[c|\x1b\[\d q|\x1b\]104\x07|"
    r"\x1b\]11;\?\x07|"
    r"\x1b\[2[23];2t|\x1b\]2;sbx (?:(?!OWNED)[ -~])*\x07")

# Controls of C1 and characters that turn text or break lines.
HIDDEN = re.compile("[\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e"
                    "\u2066-\u2069]")


def harm(data, screen=False, more=None):
    """Why these bytes would act on a terminal or deceive who reads them; an
    empty text if they do not."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        return "not UTF-8: %s: %r" % (e, data[max(0, e.start - 30):e.end + 30])
    text = (SCREEN if screen else COLOUR).sub("", text)
    if more:
        text = more.sub("", text)
    allowed = "\r\n\t\b\x0e\x0f" if screen else "\r\n"
    for i, c in enumerate(text):
        if (c < " " and c not in allowed) or c == "\x7f" or HIDDEN.match(c):
            return "U+%04X in %r" % (ord(c), text[max(0, i - 40):i + 60])
    return ""


def on_terminal(s, *words, seconds=40, size=(24, 100), last=None):
    """Runs sbx with a terminal for stdin, stdout and stderr: its exit code
    and all that it wrote.  It is ended when it has written what the pattern
    last says, or when time is up."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", size[0], size[1], 0, 0))
    p = subprocess.Popen([SBX, *words], cwd=s.dir, env=s.env, stdin=slave,
                         stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    out, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.05)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:         # nobody has the other end any more
            break
        out += data
        if last and re.search(last, out):
            break
    if last or time.monotonic() >= end:
        p.kill()
    code = p.wait()
    os.close(master)
    return code, out
