#!/bin/sh
# Every command with the worst that a caller can do: words that mean nothing,
# numbers that are too large, no stdout or a full one, no home, nothing to
# write to.  Each ends with a message and the documented code.
. tests/lib/tty.sh

cat >sbxrc <<'END_RC'
process web sleep 1000
process term {
	cmd echo hi; exec sleep 1001
	tty yes
}
END_RC
long=$(printf 'x%.0s' 1 2 3 4 5 6 7 8 9 0 | sed 's/.*/&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&/')
huge=99999999999999999999999
# one_of CODES NAME COMMAND...: a code of the list, a message if it is not 0.
one_of() {
	codes=$1 name=$2
	shift 2
	run timeout 30 "$@" </dev/null
	case " $codes " in
	*" $code "*) ;;
	*) fail "$name" "exit $code: $out$err"; return ;;
	esac
	if [ "$code" != 0 ] && [ -z "$out$err" ]; then
		fail "$name" "exit $code without a word"
	else
		pass "$name"
	fi
}

for verb in ls show why stop restart kill signal rm clean logs send screen wait \
	attach watch values events env scale reload down; do
	case $verb in
	signal) set -- TERM web ;;
	send | scale) set -- web 2 ;;
	clean | ls | events | env | reload | down) set -- ;;
	*) set -- web ;;
	esac
	exits 3 "$verb: no engine" "$SBX_BIN" "$verb" "$@"
done
exits 0 "up" sbx up
exits 4 "attach nobody" sbx attach tern
like "$err" "did you mean 'term'" "one is suggested"
exits 2 "attach two" sbx attach '*'
like "$err" "means 2 processes, one is wanted" "none of them is taken"
exits 2 "-f with a directory" sbx -f . ls
like "$err" "'.': Is a directory" "says so"
printf 'process x {\n' >bad.rc
exits 2 "settings of a file with mistakes" sbx -f bad.rc set
like "$err" "'sbx check' tells more" "which tells where"
exits 3 "an engine that is not there" env SBX_SOCKET=/nowhere "$SBX_BIN" ls
like "$err" 'SBX_SOCKET names it' "and who says so"
for verb in $(sbx __table commands names); do
	exits 2 "$verb --nonsense" "$SBX_BIN" "$verb" --nonsense
	like "$err" "'sbx $verb' has no option" "... says so"
	case $verb in
	down | serve | init) continue ;;
	esac
	one_of "0 1 2 3 4" "$verb with an empty word" "$SBX_BIN" "$verb" ''
	one_of "0 1 2 4" "$verb with a long one" "$SBX_BIN" "$verb" "$long"
	one_of "0 1 2 4" "$verb with two of them" "$SBX_BIN" "$verb" "$huge" "$long"
done
unlike "$(sbx show '' 2>&1)" 'did you mean' "nothing is near to nothing"

for words in "logs web -n $huge" "logs web -n -1" "logs web --since $huge" \
	"ls --limit $huge" "ls --limit 0" "wait web --timeout $huge" \
	"wait web --port 65536" "wait web --idle $huge" "scale web $huge" \
	"signal $huge web" "down --timeout $huge" "set limit.processes $huge" \
	"set limit.logs 0" "exec --max-output $huge -- true" \
	"exec --timeout 0 -- true" "events -n $huge" "env =x" "env -A=1"; do
	# shellcheck disable=SC2086
	one_of 2 "$words" "$SBX_BIN" $words
done
exits 2 "a variable of two lines" sbx env 'A
B=1'

full() {
	timeout 30 "$SBX_BIN" "$@" >/dev/full 2>"$T/full.err" </dev/null
}
closed() {
	timeout 30 "$SBX_BIN" "$@" >&- 2>"$T/full.err" </dev/null
}
for words in "ls" "ls --json" "show web" "why web" "logs term" \
	"logs term --json" "logs term --raw" "events" "set" "help" "version" \
	"keys" "theme list" "completion bash" "doctor" "check" "screen term" \
	"exec -- echo hi" "reload --plan" "--help"; do
	# shellcheck disable=SC2086
	full $words
	is "$?" 125 "$words: stdout is full"
	ok "... it is said" [ -s "$T/full.err" ]
	# shellcheck disable=SC2086
	closed $words
	is "$?" 125 "$words: there is no stdout"
	like "$(cat "$T/full.err")" 'Bad file descriptor' "... and nothing in its place"
	# shellcheck disable=SC2086
	{ timeout 30 "$SBX_BIN" $words; echo $? >"$T/code"; } 2>/dev/null </dev/null | :
	case $(cat "$T/code") in
	0 | 141) pass "$words: its reader is gone" ;;
	*) fail "$words: its reader is gone" "exit $(cat "$T/code")" ;;
	esac
done

# With --json stdout is JSON, for each verb that has it.
cat >is_json.py <<'END_PY'
import json, sys
text = sys.stdin.read()
try:
    json.loads(text)
except ValueError:
    text or sys.exit("nothing")
    for line in text.splitlines():
        json.loads(line)
END_PY
for words in "up" "ls" "show web" "why web" "start web" "restart web" \
	"signal CONT web" "send term hi" "screen term" "logs term" \
	"wait web" "wait term --log hi" "watch web add w /x/ count" \
	"watch web /x/" "watch web" "watch web rm w" "values web" "events" \
	"set" "set limit.processes" "set limit.processes 60" "env" "env A=1 -B" \
	"reload" "reload --plan" "exec -- true" "add --no-start -- true" \
	"stop web" "kill web" "rm web" "clean" "doctor" "keys" "version" \
	"theme list" "theme show mono" "theme check mono"; do
	case $words in
	*' -- '*) set -- "${words%% -- *}" --json -- true ;;
	*) set -- "$words" --json ;;
	esac
	# shellcheck disable=SC2086
	run sbx $1 "$2" ${3+"$3" "$4"}
	printf '%s\n' "$out" | python3 is_json.py 2>"$T/json.err"
	is "$? $code" "0 0" "$words --json"
done
exits 0 "web again" sbx up
run sbx env A=2 --json
like "$out" '"name":"A","value":"2"' "what env has changed"
run sbx set limit.processes 50 --json
like "$out" '"value":"50"' "what set has changed"
for words in "show nobody" "set nothing" "signal NOPE web" "stop nobody" \
	"wait nobody --log x" "logs nobody" "exec --like nobody -- true" \
	"ls --limit x" "send web"; do
	# shellcheck disable=SC2086
	case $words in
	*' -- '*) run sbx ${words%% -- *} --json -- true ;;
	*) run sbx $words --json ;;
	esac
	printf '%s\n' "$err" | python3 is_json.py 2>"$T/json.err"
	is "$?" 0 "$words --json: the error is JSON"
	like "$err" '"error":\{"code":"[a-z_]+","message":"' "... of that form"
done
"$SBX_BIN" ls <&- >/dev/null 2>&-
is "$?" 0 "no stdin and no stderr"
"$SBX_BIN" show nobody <&- 2>&- >/dev/null
is "$?" 4 "nor a place for the message"
exits 0 "down" sbx down

exits 0 "no HOME" env -u HOME -u XDG_STATE_HOME -u XDG_CONFIG_HOME XDG_STATE_HOME="$T/s2" "$SBX_BIN" up
exits 0 "an engine without it" env -u HOME XDG_STATE_HOME="$T/s2" "$SBX_BIN" down
: >"$T/file"
exits 1 "the state directory is a file" env XDG_STATE_HOME="$T/file" "$SBX_BIN" up
like "$err" "$T/file.*Not a directory" "is told"
exits 1 "the runtime directory is one" env XDG_RUNTIME_DIR="$T/file" "$SBX_BIN" up
like "$err" 'Not a directory' "is told as well"
: >sbxrc
exits 0 "a set" sbx up
exits 0 "of which one says nothing" sbx add still -- true
exits 0 "and is over" sbx wait still
logs=$(find "$XDG_STATE_HOME" -name log -type d)
: >"$logs/still"
exits 0 "show needs no place for a log" sbx show still
like "$out" 'status +completed' "and says the rest"
like "$err" 'the log' "what is missing is told"
exits 0 "in JSON too" sbx show still --json
exits 0 "another one speaks" sbx add loud -- echo it is loud
exits 0 "and is heard" sbx wait loud --log 'it is loud' --timeout 20s
exits 0 "all logs but that one" sbx logs
like "$out" 'it is loud' "are shown"
like "$err" 'still: .*log' "it is named"
exits 1 "alone there is nothing to show" sbx logs still
rm -f "$logs/still"
exits 0 "down" sbx down
rm sbxrc
mkdir "$T/gone"
cd "$T/gone" || exit 99
rmdir "$T/gone"
exits 2 "a working directory that is gone" "$SBX_BIN" up
like "$err" 'the working directory' "is named"
cd "$T/w" || exit 99
done_testing
