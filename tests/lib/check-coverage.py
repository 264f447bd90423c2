#!/usr/bin/env python3
"""Every test that doc/semantics-coverage.md names is there.

A cell of the last column is "open: what is missing", or

    `unit/test_life.c` name, name; `tty/cli_exec.t` "name of a check"

with files below tests/ and words that stand in the file as they are.
Prints what is wrong; with -o also the rows that are open."""
import os
import re
import sys

page = "doc/semantics-coverage.md"
wrong = 0
texts = {}


def complain(no, text):
    global wrong
    wrong += 1
    print("%s:%d: %s" % (page, no, text), file=sys.stderr)


def look(no, path, names):
    path = "tests/" + path
    if path not in texts:
        if not os.path.isfile(path):
            complain(no, "there is no " + path)
            return
        with open(path, errors="replace") as f:
            texts[path] = f.read()
    for name in re.findall(r'"([^"]*)"|([A-Za-z_][A-Za-z0-9_]*)', names):
        quoted, word = name
        if quoted and quoted not in texts[path] or \
           word and not re.search(r"\b%s\b" % word, texts[path]):
            complain(no, "%s has no %r" % (path, quoted or word))


rows = 0
for no, line in enumerate(open(page), 1):
    if not line.startswith("|") or set(line.strip()) <= set("|-"):
        continue
    cells = [c.strip() for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
    if len(cells) != 2:
        complain(no, "a row has two cells")
        continue
    if cells[1] == "shown by":
        continue
    rows += 1
    shown, is_open, rest = cells[1].partition("open:")
    if is_open and "-o" in sys.argv:
        print("%s: open: %s" % (cells[0], rest.strip()))
    parts = re.findall(r"`([^`]*)`([^`]*)", shown)
    if not parts and not is_open:
        complain(no, "no test is named")
    for path, names in parts:
        look(no, path, names)
        if not names.strip(" ;,"):
            complain(no, "name what in %s shows it" % path)
if rows < 50:
    complain(0, "rows are missing")
sys.exit(1 if wrong else 0)
