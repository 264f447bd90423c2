#!/bin/sh
# Words, exit codes, messages: what needs no process.
. tests/lib/tty.sh

# json CODE: python over the parsed output of the last run, in variable v
json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
print($1)"
}

exits 0 "help" sbx help
like "$out" '^  stop NAME' "it lists the verbs"
exits 0 "--help" sbx --help
exits 0 "a verb's help" sbx wait --help
like "$out" '^usage: sbx wait' "it begins with the usage"
like "$out" '^  sbx wait web --ready' "it has examples"
exits 0 "help of a verb" sbx help logs
for verb in down clean events; do
	exits 0 "help of one without words" sbx help $verb
	is "$(printf '%s\n' "$out" | head -n 1)" "usage: sbx $verb [options]" "nothing behind it"
done
exits 0 "help of a topic" sbx help exit-codes
like "$out" '^124 ' "it has the exit codes"
exits 2 "no such help" sbx help lsgo
exits 0 "version" sbx version
like "$out" '^sbx [0-9]+\.[0-9]+' "it tells the version"
exits 0 "--version" sbx --version
exits 0 "version --json" sbx version --json
is "$(json 'type(v["protocol"]).__name__')" int "the protocol is a number"

exits 2 "an unknown option" sbx ls --jsn
like "$err" "no option '--jsn'" "it is named"
like "$err" "did you mean '--json'" "one is suggested"
is "$out" "" "nothing on stdout"
exits 2 "a misspelt verb" sbx stpo
like "$err" "did you mean 'sbx stop'" "one is suggested"
exits 2 "a verb without its words" sbx stop
exits 2 "a value that is none" sbx wait x --timeout soon
exits 2 "an error in JSON" sbx ls --limit x --json
out=$err
is "$(json 'v["error"]["code"]')" usage "has its code"
like "$err" '"message":"--limit' "has its message"

# No engine runs here, and nothing of these starts one.
for verb in ls "show x" "logs" "wait x" "stop x" "events" "values x" \
	"send x y" "screen x" down clean "rm x" "signal HUP x" "kill x"; do
	exits 3 "no engine: $verb" sbx $verb
done
like "$err" "no engine runs" "it says so"
like "$err" "sbx up" "it says what helps"
is "$(ls "$T/r")" "" "nothing was started"
exits 3 "with --json" sbx ls --json
out=$err
is "$(json 'v["error"]["code"]')" no_engine "the code is no_engine"
exits 3 "a socket that nobody listens at" env SBX_SOCKET="$T/none" "$SBX_BIN" ls
exits 2 "a file that is not there" sbx -f nowhere/sbxrc up
for verb in up run "start x"; do
	exits 2 "no sbxrc: $verb" sbx $verb
	like "$err" "no sbxrc or .sbxrc in '$T/w' or above it" "what was looked for"
	like "$err" "sbx add -- CMD" "what can be done"
done
echo 'web: true' >Procfile
exits 2 "no sbxrc, but another file" sbx up
like "$err" 'sbx init --from procfile' "that one is named"
rm Procfile
is "$(ls "$T/r")" "" "nothing was started"

# check: nothing is started, every mistake is told.
exits 2 "check without a file" sbx check
printf 'process web echo hi\nprocess db echo ho\n' >sbxrc
exits 0 "check of a good file" sbx check
like "$out" 'sbxrc: no mistakes, 2 processes' "says how many"
printf 'process web {\n  cmd echo hi\n  restrat always\n}\nsetz x\n' >bad
exits 2 "check of a bad one" sbx check bad
like "$out" 'bad:3:' "has the place of the first"
like "$out" 'bad:5:' "and of the second mistake"
exits 2 "check of both" sbx check sbxrc bad
like "$out" 'no mistakes' "tells about the good one too"
exits 2 "up with mistakes" sbx -f bad up
like "$err" 'bad:3:' "has the place"
like "$err" 'nothing was started' "says that nothing was started"
is "$(ls "$T/r")" "" "nothing was"
exits 4 "a process that is not there" sbx wbe
like "$err" "did you mean 'web'" "one is suggested"

exits 0 "doctor without an engine" sbx doctor --json
is "$(json '"engine_pid" in v')" False "there is no engine"
like "$(json 'v["engine"]')" 'no engine runs' "it says so"
exits 0 "reset needs a terminal or says so" \
	sh -c "setsid '$SBX_BIN' reset </dev/null; [ \$? = 1 ]"
done_testing
