#!/bin/sh
# Every fuzz target over its corpus and a few pseudo-random inputs, under the
# compiler of this build.
TEST_SECONDS=200
. tests/lib/tty.sh
cd "$TOP" || exit 99

for source in tests/fuzz/fuzz_*.c; do
	name=${source#tests/fuzz/fuzz_}
	name=${name%.c}
	case $name in
	http_*) [ -x "$O/sbx-serve" ] || continue ;;	# built without it
	esac
	set --
	[ -d "tests/fuzz/corpus/$name" ] && set -- "tests/fuzz/corpus/$name"
	ok "$name survives its corpus and random inputs" \
		timeout 90 "$O/tests/fuzz/replay_$name" -r "${FUZZ_RANDOM:-400}" "$@"
done
done_testing
