#!/bin/sh
# watch: a pattern on trial, watches that come and go while it runs.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
print($1)"
}

cat >sbxrc <<'END'
process web {
	cmd for i in 1 2 3 4; do echo "took $i ms"; done; echo "no ms" >&2; while read x; do echo "$x"; done
	stdin pipe
	ready log /no ms/
	watch own /zz/ count
	hook page echo paged
}
process gap {
	cmd : gap-of-engines; trap 'echo over now; echo now >gap.out' USR1; echo up; while :; do sleep 0.05; done
	ready log /up/
	watch over /over/ stop
}
END
exits 0 "up" sbx up --wait
exits 0 "a trial" sbx watch web '/TOOK (?<ms>\d+) ms/i' --json
is "$(json 'v["lines"], v["hits"], v["first"]["line"], v["last"]["line"], v["groups"]')" \
	"5 4 took 1 ms took 4 ms [{'name': 'ms', 'count': 4, 'last': 4, 'min': 1, 'max': 4, 'mean': 2.5}]" \
	"what would match, and the values"
exits 0 "in words" sbx watch web '/took (?<ms>\d+)/'
like "$out" '^4 of 5 lines match$' "how many"
like "$out" '^first +line [0-9]+, .*: took 1 ms$' "the first one"
like "$out" '^ms +count 4 +last 4 +min 1 +max 4 +mean 2\.5$' "the group"
exits 0 "of one stream" sbx watch web '/ms/' --stream stderr --json
is "$(json 'v["hits"]')" 1 "only that"
exits 0 "a trial on one" sbx watch web '/ms/' --stream pty
like "$err" "'web' has no terminal: nothing comes on pty" "that is not there"
exits 2 "a stream that it does not have" sbx watch web add mute '/ms/' stream=pty
like "$err" "'web' has no terminal: nothing comes on pty" "why it is refused"
exits 0 "none" sbx watch web '/nothing/'
is "$out" "0 of 5 lines match" "is an answer too"
exits 2 "a bad pattern" sbx watch web '/a(b/'
like "$err" "missing closing parenthesis" "says where"
exits 2 "one without slashes" sbx watch web 'took'
like "$err" "write /took/" "and how it is written"

exits 0 "add" sbx watch web add slow '/took (?<ms>\d+) ms/' value=ms unit=ms level=warn
like "$err" "from now on; it goes with a reload" "says from when"
exits 0 "a line" sbx send web 'took 77 ms' --until 77 --timeout 20s
exits 0 "its values" sbx watch web --json
is "$(json '[(w["name"], w["count"], w.get("samples")) for w in v["values"]]')" \
	"[('own', 0, None), ('slow', 1, [77])]" "are of new lines alone"
engine=$(engine_pid)
kill -KILL "$engine"
exits 0 "another line" sbx send web 'took 78 ms' --until 78 --timeout 20s
exits 0 "values" sbx watch web --json
is "$(json '[(w["name"], w["count"], w.get("samples")) for w in v["values"]]')" \
	"[('own', 0, None), ('slow', 2, [77, 78])]" "survive the engine"
# A line that comes while there is no engine is acted on by the next one.
gap=$(engine_pid)
kill -STOP "$gap"
kill -USR1 "$(pgrep -P "$(ps -o ppid= -p "$gap" | tr -d ' ')" -f 'gap''-of-engines')"
wait_until "it has printed" grep -qs now "$T/w/gap.out"
kill -KILL "$gap"
exits 0 "its watch stops it" sbx wait gap --exit --timeout 20s
exits 0 "and says so" sbx why gap
like "$out" "stopped by watch 'over', line 2 .*The line was: over now" "with the line"
# Nothing moves in it: only the time tells.
exits 0 "a silence" sbx watch web add quiet absent /beat/ for 300ms notify
was_told() {
	sbx events | grep -q 'web .*watch quiet: silent for 300ms'
}
wait_until "is told of a process that is silent already" was_told
exits 0 "rm" sbx watch web rm quiet
exits 1 "the same name" sbx watch web add slow /x/ count
like "$err" "has a watch 'slow' already" "is taken"
exits 2 "no such action" sbx watch web add bad /x/ cnt
like "$err" "'cnt' is nothing a watch can do" "by the words of sbxrc"
exits 2 "no such group" sbx watch web add bad /x/ value=ms
exits 2 "no such hook" sbx watch web add bad /x/ run=nix
exits 0 "a hook that there is" sbx watch web add paged /x/ run=page
exits 4 "no such process" sbx watch web add bad /x/ start=nix
exits 2 "nothing to do" sbx watch web add bad /x/
exits 2 "two lines" sbx watch web add bad '/x/ count
stop cmd rm'
exits 0 "rm" sbx watch web rm paged
exits 1 "once" sbx watch web rm paged
like "$err" "has no watch 'paged'" "only"
exits 0 "the plan of a reload" sbx reload --plan
like "$out" 'change +web +\(watch\)' "has it"
pid=$(sbx show web --json | sed 's/.*"pid":\([0-9]*\).*/\1/')
exits 0 "reload" sbx reload
is "$(sbx show web --json | sed 's/.*"pid":\([0-9]*\).*/\1/')" "$pid" "restarts nothing"
exits 0 "values" sbx watch web --json
is "$(json '[w["name"] for w in v["values"]]')" "['own']" "and takes it away"
exits 0 "events" sbx events
like "$out" "web .*watch 'slow' was added" "tell who was added"
cat >>sbxrc <<'END'
process slow {
	cmd trap 'while ! test -e over; do sleep 0.1; done; exit 0' TERM; echo begin one; while :; do sleep 0.1; done
	stop TERM 60s KILL
	watch gone /gone/ count
}
END
exits 0 "reload" sbx reload
exits 0 "one that ends slowly" sbx wait slow --log begin --timeout 20s
sed -i 's/begin one/begin two/; s/watch gone/watch other/' sbxrc
sbx reload >/dev/null 2>&1 &
reload=$!
wait_until "it is about to be another one" has_status slow stopping
exits 0 "add a watch to it" sbx watch slow add late '/begin (?<no>\w+)/' value=no
exits 1 "one that the next run has" sbx watch slow add other /x/ count
exits 0 "take one away that only this run has" sbx watch slow rm gone
touch over
wait "$reload"
exits 0 "the next run" sbx wait slow --log 'begin two' --timeout 20s
counts() {
	sbx watch slow --json >watch.json &&
		[ "$(python3 -c 'import json; print([(w["name"], w["count"]) for w in json.load(open("watch.json"))["values"]])')" = "[('other', 0), ('late', 1)]" ]
}
wait_until "has it too, beside its own" counts
exits 4 "nobody" sbx watch wbe /x/
exits 2 "--stream of a list" sbx watch web --stream stdout
exits 0 "down" sbx down
# A pattern that is too slow.
exits 0 "one that prints what is hard" sbx add hard -- sh -c \
	'while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab; sleep 0.05; done'
exits 0 "a pattern that hardly ends" sbx watch hard add evil '/^(a+)+$/' count
wait_until "is switched off, and the journal says why" sh -c \
	"'$SBX_BIN' events | grep -q 'hard watch-off.*evil: its pattern took too long'"
done_testing
