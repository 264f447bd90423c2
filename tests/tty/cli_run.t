#!/bin/sh
# run: the set in the foreground, with prefixes and an exit code.
. tests/lib/tty.sh

# begin NAME...: a run in the background, and its pid.  What the one before
# it has printed is gone by then: a shell in the background is not there yet.
begin() {
	: >"$T/out"
	"$SBX_BIN" run "$@" >"$T/out" 2>&1 &
	pid=$!
}

# until_line FILE ERE: waits for a line of what runs in the background.
until_line() {
	wait_until "$3" grep -Eq -e "$2" "$1"
}

# place ERE: the number of the first such line of $out
place() {
	printf '%s\n' "$out" | grep -nE -m 1 -e "$1" | cut -d: -f1
}

# done_run PID: waits for the end of a run in the background; $code
done_run() {
	code=0
	wait "$1" || code=$?
}

cat >sbxrc <<'END_RC'
process db {
	cmd echo up; sleep 0.3; echo down
	ready log /up/
}
process longer {
	cmd echo "path=$PWD"; printf half; exit 3
	depends db
}
process never {
	cmd echo never
	autostart no
}
END_RC
exits 3 "run ends with the set, with its worst code" sbx run
like "$out" '^db     \| up$' "the names are aligned"
like "$out" '^longer \| path=/' "the other one"
like "$out" '^longer \| half$' "a line without an end has one here"
like "$out" '^longer \| --- exit 3 ---$' "its end in words"
like "$out" '^db     \| --- ready (after .*|at once.*) ---$' "other changes too"
unlike "$out" 'never' "what does not start by itself stays off"
ok "lines come in order" [ "$(place '\| up$')" -lt "$(place 'path=')" ]
ok "an end behind them" [ "$(place 'half')" -lt "$(place 'exit 3')" ]
ok "no escapes into a pipe" [ "$(printf '%s' "$out" | tr -cd '\033' | wc -c)" = 0 ]
exits 3 "the engine has ended" sbx ls

exits 0 "run of a name" sbx run never
like "$out" '^never \| never$' "only that one"
unlike "$out" '^db' "and not the others"
exits 3 "run of a name with its dependencies" sbx run longer
like "$out" '^db     \| up$' "db is started for it"
exits 3 "--success first" sbx run --success first
exits 0 "--success last" sbx run --success last
exits 0 "--success NAME" sbx run --success db
exits 3 "--success of the other" sbx run --success longer
exits 4 "--success of nobody" sbx run --success lnger
like "$err" "did you mean 'longer'" "one is suggested"
exits 3 "--success of a pattern" sbx run --success 'lo*'
exits 2 "--success of one that is not run" sbx run --success never
like "$err" "this does not start 'never'" "is told"
exits 4 "run of nobody" sbx run nobody
exits 3 "no engine is left" sbx ls

echo 'process idle {
	cmd true
	autostart no
}' >empty
exits 0 "nothing starts by itself" sbx -f empty run
like "$err" "nothing that starts by itself" "it says so"

cat >sbxrc <<'END_RC'
process db {
	cmd trap 'echo db-ends; exit 0' TERM; echo db-up; while :; do sleep 0.05; done
	ready log /db-up/
}
process web {
	cmd trap 'echo web-ends; sleep 0.3; exit 0' TERM; echo web-up; while :; do sleep 0.05; done
	depends db
}
process hard {
	cmd trap 'echo hard-stays' TERM; echo hard-up; while :; do sleep 0.05; done
	stop TERM 100s KILL
	autostart no
}
END_RC
begin
until_line "$T/out" '^web \| web-up' "web runs"
kill -INT $pid
done_run $pid
is "$code" 130 "Ctrl-C: 130"
out=$(cat "$T/out")
like "$out" '^db  \| db-ends' "they are asked to end"
ok "a start is told before its lines" \
	[ "$(place '^web .* --- started')" -lt "$(place '^web .* web-up')" ]
ok "who depends goes first" [ "$(place 'web.*--- .*exit 0')" -lt "$(place 'db-ends')" ]
exits 3 "the engine is gone too" sbx ls

begin hard
until_line "$T/out" '^hard \| hard-up' "hard runs"
kill -INT $pid
until_line "$T/out" '^hard \| hard-stays' "it does not end for the first one"
kill -INT $pid
done_run $pid
is "$code" 130 "the second one kills"
exits 3 "no engine again" sbx ls

# Who reads goes first: nothing of it stays behind.
echo 'process more while :; do echo more; sleep 0.02; done' >more.rc
{ timeout 60 "$SBX_BIN" -f more.rc run; echo $? >"$T/code"; } | head -n 1 >"$T/out"
is "$(cat "$T/code")" 141 "its reader is gone: 141"
exits 3 "and so is the engine" sbx -f more.rc ls
timeout 60 "$SBX_BIN" -f more.rc run >/dev/full 2>"$T/err"
is "$?" 125 "no room for what it prints"
is "$(cat "$T/err")" "sbx: writing the output: No space left on device" "told once"
exits 3 "the engine is gone then too" sbx -f more.rc ls

# Interrupted at any moment of its start it leaves nothing behind.
for ms in 00 01 02 03 04 05 06 07 08 10 12 14 16 18 20 25 30 35 40 50; do
	begin
	sleep 0.0$ms
	kill -TERM $pid
	done_run $pid
	# No engine is left that nobody knows of.
	poll 20 nothing_left || break
done
is "$ms $(test_pids)" "50 " "a run that is ended while it begins leaves nothing"

# With an engine that runs already only what was started is stopped.
exits 0 "up" sbx up db --wait
exits 2 "--success of one that runs already" timeout 30 "$SBX_BIN" run --success db web
is "$(status_of db)" running "it is left alone"
ok "what was begun is gone" [ "$(status_of web)" != running ]
begin web
until_line "$T/out" '^web \| web-up' "web runs beside"
ok "what was printed before is not repeated" sh -c "! grep -q db-up '$T/out'"
kill -TERM $pid
done_run $pid
is "$code" 143 "ended by TERM"
exits 0 "ls" sbx ls
like "$out" '^db +ready ' "db runs on"
like "$out" '^web +(done|stopped) ' "web was stopped"
begin web
until_line "$T/out" '^web \| web-up' "web runs again"
exits 0 "down from elsewhere" sbx down
done_run $pid
ok "run ends with the engine" grep -q '^web | web-ends' "$T/out"

done_testing
