#!/bin/sh
# Runs every test of a build: unit binaries, replays of the fuzz targets,
# scripts, end-to-end tests and the short forms of the torture tests, through
# one prove, so that its last lines count all of them.
#	runtests.sh BUILD_DIR [TEST...]
set -eu
cd "$(dirname "$0")/../.."
build=${1:?usage: runtests.sh BUILD_DIR [TEST...]}
shift
O=$(cd "$build" && pwd)
SBX=$O/sbx
export O SBX
export LC_ALL=C.UTF-8 TZ=UTC
# The engine has no terminal to complain to: what a sanitizer finds in any
# process of a test goes to files, and is a failure of the whole run.
reports=$O/san-reports
rm -rf "$reports"
mkdir -p "$reports"
chmod 1777 "$reports"
export ASAN_OPTIONS="log_path=$reports/asan:abort_on_error=1:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$PWD/tests/lib/lsan.supp:print_suppressions=0}"
unset SBX_SOCKET SBX_ID SBX_PROCESS SBX_FAULT LONG MAKEFLAGS MAKELEVEL MFLAGS

if [ $# -eq 0 ]; then
	# The long ones first, so that all jobs end at about the same time.
	set --
	for t in tests/tty/*.t tests/torture/*.t tests/script/*.t; do
		[ -e "$t" ] && set -- "$@" "$t"
	done
	for t in tests/unit/test_*.c; do
		t=$O/${t%.c}
		[ -x "$t" ] && set -- "$@" "$t" && continue
		echo "runtests: $t was not built" >&2
		exit 1
	done
fi

# Four fifths of their time they wait for something.
jobs=$(($(nproc 2>/dev/null || echo 2) + 1))
[ "$jobs" -le 5 ] || jobs=5
[ "$jobs" -ge 3 ] || jobs=3
code=0
results=$(mktemp)
prove -j"$jobs" --timer --merge "$@" >"$results" 2>&1 || code=$?
cat "$results"
# A deadline can pass on a machine that is busy with something else: what
# failed in the crowd runs once more alone, in the open.  Failing twice is a
# failure, and so is a crowd of failures.
again=$(sed -n 's/^\([^ ]*\) *(Wstat: .*/\1/p' "$results")
if [ "$code" != 0 ] && [ -n "$again" ] && [ "$(echo "$again" | wc -l)" -le 3 ]; then
	echo "runtests: once more, alone:" $again
	code=0
	prove --timer --merge $again || code=$?
fi
rm -f "$results"
for report in "$reports"/*; do
	[ -s "$report" ] || continue
	# Tests end processes by signals that a sanitizer takes for its own.
	grep -q 'SEGV on unknown address\|ABRT on unknown\|BUS on unknown' "$report" && continue
	cat "$report"
	echo "runtests: a sanitizer found something: $report"
	code=1
done
exit $code
