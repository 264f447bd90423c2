#!/usr/bin/env python3
"""--plain: lines instead of the screen, commands typed as lines."""
import os
import pty
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from sbxtest import SBX, Set, done, ok, same, until

s = Set("""
process a {
    cmd echo first; read x; echo "got $x"; exit 3
    stdin pipe
}
process b {
    cmd echo 'evil \\033[2J\\007'; exec sleep 1000
}
""")


class Plain:
    def __init__(self, *words, stdin=subprocess.PIPE, **env):
        self.text = ""
        self.out = open(s.dir + "/plain.out", "wb+")
        self.p = subprocess.Popen([SBX, *words], cwd=s.dir,
                                  env=dict(s.env, **env), stdin=stdin,
                                  stdout=self.out, stderr=self.out)

    def say(self, line):
        self.p.stdin.write(line.encode() + b"\n")
        self.p.stdin.flush()

    def sees(self, text, count=1):
        def look():
            with open(s.dir + "/plain.out", "rb") as f:
                self.text = f.read().decode("utf-8", "replace")
            return self.text.count(text) >= count
        return until(look)

    def end(self):
        return self.p.wait(20)


p = Plain("--plain")
ok(p.sees("a | first"), "it starts the set and prints", p.text)
ok(p.sees("b | evil"), "with names in front", p.text)
p.say("send a 'hello'")
ok(p.sees("a | got hello"), "a line is a command", p.text)
ok(p.sees("a | --- exit 3 ---"), "what becomes of it, in words", p.text)
p.say("nonsense")
ok(p.sees("nonsense"), "a mistake is told and ends nothing", p.text)
p.say("ls 'unclosed")
ok(p.sees("quote", 1) or "'" in p.text, "a line that is none as well", p.text)
p.say("why a")
ok(p.sees("failed"), "answers stand between the lines", p.text)
same(p.text.count("a | --- exit 3 ---"), 1, "each change is told once")
s.sbx("add", "late", "--", "echo", "hello from late")
ok(p.sees("late | hello from late"), "what comes later is shown", p.text)
p.say("quit")
same(p.end(), 0, "quit leaves")
same((s.row("b") or {}).get("status"), "running", "and lets them run")

p = Plain()
ok(p.sees("| --- started"), "into a pipe sbx is plain by itself", p.text)
ok("evil" not in p.text, "what was there before is not told again")
p.p.send_signal(signal.SIGTERM)
same(p.end(), 143, "a signal leaves")
p = Plain("--plain", stdin=subprocess.DEVNULL)
ok(p.sees("| --- started"), "without a stdin it goes on", p.text)
s.sbx("down")
same(p.end(), 0, "until the set is down")
text = open(s.dir + "/plain.out").read()
ok("stopped" in text, "and says so", text)

main, end = pty.openpty()
p = Plain("a", stdin=end, TERM="dumb")
os.close(end)
ok(p.sees("a | first"), "names start only these", p.text)
ok("b | " not in p.text, "and not the others", p.text)
ok(p.sees("type commands as lines"), "a person is told how", p.text)
os.write(main, b"\x04")
same(p.end(), 0, "the end of input leaves")
os.close(main)
s.write("set plain.verbosity state\n" + open(s.dir + "/sbxrc").read())
s.sbx("down")
p = Plain("--plain")
ok(p.sees("| --- started"), "plain.verbosity state: changes", p.text)
ok("evil" not in p.text and "first" not in p.text, "and no output", p.text)
p.say("set plain.verbosity log")
ok(p.sees("'set plain.verbosity log' in the sbxrc"),
   "and is changed in the file", p.text)
ok("':set" not in p.text, "not where there is no such thing", p.text)
p.say("quit")
p.end()
done()
