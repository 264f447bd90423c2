#!/bin/sh
# The manuals say what the program's tables say, are valid mdoc, and the
# documents name no file that is not there.
#	check-doc.sh BUILD_DIR
set -u
build=${1:?usage: check-doc.sh BUILD_DIR}
fail=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sh tests/lib/gendoc.sh "$build" "$tmp" || exit 1
for page in doc/*.[1-8]; do
	if ! diff -u "$page" "$tmp/${page#doc/}"; then
		echo "check-doc: $page is not up to date: run 'make doc'" >&2
		fail=1
	fi
	# Our own pages are not installed where it looks for those named.
	if mandoc -Tlint "$page" 2>/dev/null |
	    grep -v 'referenced manual not found'; then
		echo "check-doc: $page is not valid mdoc" >&2
		fail=1
	fi
done
for doc in README.md doc/*.md; do
	for path in $(grep -oE '\b(engine|tui|tests|doc|themes)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' "$doc" | sort -u); do
		[ -e "$path" ] && continue
		# Families are named as engine/rc_ or tests/unit/test_NAME.c
		case $path in *NAME*|*_X.c) continue ;; esac
		ls "$path"* >/dev/null 2>&1 && continue
		echo "check-doc: $doc names $path, which is not there" >&2
		fail=1
	done
done
python3 tests/lib/check-coverage.py || fail=1
exit $fail
