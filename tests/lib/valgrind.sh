#!/bin/sh
# Unit tests and a walk through the command line under valgrind: no error, no
# leak.  The engine and the keeper of the walk run under it too.
#	valgrind.sh BUILD_DIR
set -u
build=${1:?usage: valgrind.sh BUILD_DIR}
O=$(cd "$build" && pwd)
fail=0
logs=$(mktemp -d)
vg="valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
--errors-for-leak-kinds=definite,indirect --track-fds=no --trace-children=no --log-file=$logs/%p"
trap 'rm -rf "$logs"' EXIT

report() {
	for log in "$logs"/*; do
		# Lines with -- are about calls that valgrind is too old for.
		grep '^==' "$log" >&2 || continue
		fail=1
	done
	rm -f "$logs"/*
}

for source in tests/unit/test_*.c; do
	name=${source#tests/unit/}
	name=${name%.c}
	case $name in
	# They start this very binary again as anchor and keeper, which
	# valgrind cannot follow through /proc/self/exe.
	test_keeper | test_spawn | test_tree) continue ;;
	esac
	echo "== $name"
	TEST_SECONDS=900 $vg "$O/tests/unit/$name" >"$logs.out" || {
		grep -E '^(not ok|#)' "$logs.out" >&2
		echo "valgrind: $name" >&2
		fail=1
	}
	report
done
rm -f "$logs.out"

echo "== the command line"
T=$(mktemp -d /tmp/sbx.XXXXXX)
mkdir -m 700 "$T/r" "$T/s"
export XDG_RUNTIME_DIR="$T/r" XDG_STATE_HOME="$T/s" HOME="$T" TZ=UTC LC_ALL=C.UTF-8
cd "$T" || exit 1
cat >sbxrc <<'END'
process web {
    cmd         echo listening on 8080; while sleep 1; do echo tick; done
    ready log   /listening on (?<port>\d+)/
    watch port  /listening on (?<port>\d+)/
}
process once echo done
process term {
    argv        sh
    tty         yes
}
END
"$O/sbx" up --wait 30s >/dev/null || fail=1
for words in "ls" "ls --json" "why web" "keys" "show web" "show web --json" "logs web -n 5" \
	"logs web --json -n 5" "logs --raw once" "wait once --exit" \
	"wait web --log listening" "values web" "values web --json" \
	"send term exit" "wait term --exit" "screen term" "events" "events --json" \
	"exec -- echo hello" "add job -- true" "wait job --exit" "rm job" "clean" \
	"check" "version" "help wait" "help exit-codes" "restart web" "signal HUP web" \
	"stop web" "start web" "kill web" "nonsense" "show nobody"; do
	timeout 60 $vg "$O/sbx" $words >/dev/null 2>&1 </dev/null
	[ $? -ne 99 ] || { echo "valgrind: sbx $words" >&2; fail=1; }
done
report
"$O/sbx" down --timeout 5s >/dev/null || fail=1
cd /
rm -rf "$T"
[ "$fail" = 0 ] && echo "valgrind: nothing found"
exit $fail
