#!/bin/sh
# Fuzzes every target for some seconds, from its corpus.
#	run.sh BUILD_DIR SECONDS
# New inputs go to BUILD_DIR/fuzz/corpus; what crashes is kept and named.
set -eu
build=${1:?usage: run.sh BUILD_DIR SECONDS}
seconds=${2:?usage: run.sh BUILD_DIR SECONDS}
# A target may work in a directory of its own.
build=$(cd "$build" && pwd)
top=$(pwd)
failed=0
for source in tests/fuzz/fuzz_*.c; do
	name=${source#tests/fuzz/fuzz_}
	name=${name%.c}
	corpus=$build/fuzz/corpus/$name
	mkdir -p "$corpus" "$build/fuzz/found"
	seeds=$top/tests/fuzz/corpus/$name
	[ -d "$seeds" ] || seeds=
	echo "== $name, $seconds s"
	"$build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/fuzz/found/$name-" \
		"$corpus" $seeds 2>"$build/fuzz/$name.log" || {
		echo "fuzz: $name found something:" >&2
		tail -n 40 "$build/fuzz/$name.log" >&2
		failed=1
	}
	grep -E '^stat::(number_of_executed|new_units|peak_rss)' "$build/fuzz/$name.log" || :
done
exit $failed
