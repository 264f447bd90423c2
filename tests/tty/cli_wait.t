#!/bin/sh
# wait: each kind, and its three ends.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
print($1)"
}

free_port
port2=$port
free_port
why_says() {
	sbx why "$1" | grep -q "$2"
}
mkdir nest
cat >sbxrc <<END
process epochs {
	cmd for i in 1 2 3; do echo "Epoch \$i complete"; done; echo bad >&2; sleep 1010
}
process late {
	cmd read x; echo "listening on port 18081"; exit 4
	stdin pipe
}
process split {
	cmd while read x; do printf 'port 18'; sleep 0.4; printf '081'; sleep 1.5; echo; done
	stdin pipe
}
process login {
	cmd printf 'login: '; read x; read x
	stdin pipe
}
process server {
	argv python3 -m http.server --bind 127.0.0.1 $port
	autostart no
}
process page {
	argv python3 -m http.server --bind 127.0.0.1 $port2
	ready http http://127.0.0.1:$port2/page body=/(?m)^state: (?:up|fine)$/i
	autostart no
}
process deep {
	argv python3 -m http.server --bind 127.0.0.1 $port2
	ready http http://127.0.0.1:$port2/page body=/(?:a*)*\\d/
	ready.timeout 3s
	autostart no
}
process sleeper sleep 1011
process flood {
	cmd seq 200000
	log.keep 256K
	autostart no
}
process task {
	cmd exit 0
	autostart no
}
process lives {
	cmd test -e ../lived || echo first; touch ../lived; exit 3
	cwd nest
	autostart no
}
END
if [ "$(id -u)" = 0 ]; then
	cat >>sbxrc <<-'END'
	process other {
		cmd sleep 1012
		cwd /
		user nobody
		ready exec test "$(id -un) $USER" = "nobody nobody"
	}
	END
fi
exits 0 "up" sbx up
cursor=0
for i in 1 2 3; do
	exits 0 "epoch $i" sbx wait epochs --log 'Epoch (?<n>\d+) (com.*)' \
		--after "$cursor" --json --timeout 20s
	is "$(json 'v["met"], v["line"], v["captures"], v["stream"]')" \
		"True Epoch $i complete {'0': 'Epoch $i complete', '1': '$i', 'n': '$i', '2': 'complete'} stdout" \
		"each once"
	cursor=$(json 'v["cursor"]')
done
exits 124 "there is no fourth" sbx wait epochs --log 'Epoch (\d+)' \
	--after "$cursor" --json --timeout 200ms
is "$(json 'v["met"], v["why"], v["name"]')" "False timeout epochs" "it timed out"
is "$(status_of epochs)" running "and lives on"
exits 0 "a string is no pattern" sbx wait epochs --string 'Epoch 2' --timeout 20s
is "$out" "Epoch 2 complete" "the line is printed"
exits 124 "it is literal" sbx wait epochs --string 'Epoch .' --timeout 200ms
exits 0 "a stream" sbx wait epochs --log . --stream stderr --json --timeout 20s
is "$(json 'v["line"], v["stream"]')" "bad stderr" "only that"
exits 124 "a wait for one" sbx wait epochs --log . --stream pty --timeout 100ms
like "$err" "'epochs' has no terminal: nothing comes on pty" "that is not there is told"

# Ended first: at once, with its code.
sbx wait late --log 'will not come' --json --timeout 60s >ended &
waiter=$!
exits 0 "met while it waits" sh -c \
	"'$SBX_BIN' send late go && '$SBX_BIN' wait late --log 'port (\d+)' --timeout 20s"
wait $waiter
is $? 1 "the other one ended with the process"
out=$(cat ended)
is "$(json 'v["met"], v["why"], v["exit_code"], v["last_lines"]')" \
	"False ended 4 ['listening on port 18081']" "says how, with the last lines"
exits 1 "in words" sbx wait late --log 'will not come'
like "$err" 'ended before a line matched: exit 4' "says how"
like "$err" '\| listening on port 18081' "quotes the last lines"
last_lines() {
	exits 1 "$1" sbx wait lives --log 'will not come' --json
	is "$(json 'v["last_lines"]')" "$2" "$3"
}
exits 0 "a first run" sbx start lives
exits 0 "ends" sbx wait lives --exit --timeout 20s
last_lines "it" "['first']" "its line"
exits 0 "a second one" sbx start lives
exits 0 "ends too" sbx wait lives --exit --timeout 20s
last_lines "a run without a word" "[]" "nothing of an earlier one"
rmdir nest
exits 1 "and cannot be run" sbx start lives
last_lines "no run" "[]" "nor of the last one"
exits 0 "lines of an ended one" sbx wait late --log listening
exits 4 "nobody" sbx wait wbe --exit --json
is "$(json 'v["met"], v["why"]')" "False no_process" "says so"

# Lines that are not finished.
exits 0 "a prompt" sbx wait login --log 'login: $' --timeout 20s
# More than 200 ms and less than a second of silence; a slow machine makes it
# longer, so one good try of many is enough.
split=0
try=0
while [ $split != 18081 ] && [ $try -lt 10 ]; do
	try=$((try + 1))
	sbx wait split --log 'port (\d+)' --after $((try - 1)) --json --timeout 60s >split &
	waiter=$!
	sbx send split x
	wait $waiter
	out=$(cat split)
	split=$(json 'v["captures"]["1"]')
	exits 0 "its end" sbx wait split --log '081$' --after $((try - 1)) --timeout 20s
done
is "$split" 18081 "the rest of a number is waited for"

# Ports.
exits 1 "nothing is listened to by one that is off" \
	sbx wait server --port "$port" --timeout 5s
like "$err" "^sbx: 'server' has not been started: there is nothing to wait for" \
	"that is said"
like "$err" "sbx start server" "and what helps"
exits 1 "nor is it ready" sbx wait server
exits 0 "it is not running, as an end is" sbx wait server --exit
like "$err" "'server' has not been started" "but it is told"
exits 0 "start it" sbx start server
exits 0 "a port" sbx wait server --port "$port" --json --timeout 20s
is "$(json 'v["met"], v["port"]')" "True $port" "it accepts"
exits 0 "http" sbx wait server --port "$port" --http / --json --timeout 20s
is "$(json 'v["http_status"]')" 200 "answers"
exits 124 "another status" sbx wait server --port "$port" --http /none --timeout 500ms
like "$err" '^  HTTP 404$' "which is told"
exits 124 "as JSON" sbx wait server --port "$port" --http /none --timeout 500ms --json
is "$(json 'v["why"], v["note"]')" "timeout HTTP 404" "too"
exits 0 "a status that is wanted" sbx wait server --port "$port" --http /none \
	--status 404-404 --timeout 20s
exits 124 "a stranger's port is not ours, but it accepts: only dead ones are refused" \
	sbx wait sleeper --port 1 --timeout 300ms
exits 124 "another one's port is not its own" \
	sbx wait sleeper --port "$port" --timeout 2s
like "$err" "port $port is held by python3 .pid [0-9]+., not by this process" \
	"and whose it is is told"
exits 2 "no such port" sbx wait server --port 70000

# A check has the rights of its process.
[ "$(id -u)" != 0 ] || exits 0 "a check runs as its process" \
	sbx wait other --ready --timeout 20s

# The body of the answer has to match, under the limits of every pattern.
echo "state: starting" >page
exits 0 "start a page" sbx start page
exits 0 "it answers" sbx wait page --port "$port2" --http /page --timeout 20s
exits 124 "but is not ready" sbx wait page --ready --timeout 500ms
{ echo hello; echo "State: UP"; } >page
exits 0 "a body that matches makes it ready" sbx wait page --ready --timeout 20s
exits 0 "stop it" sbx stop page
{ head -c 5000 /dev/zero | tr '\0' a; echo; } >page
exits 0 "a page that is hard to match" sbx start deep
wait_until "is not, and why says so" why_says deep 'its body is too hard for the pattern'
exits 0 "stop it too" sbx stop deep

exits 0 "ready" sbx wait sleeper --ready --timeout 20s
exits 0 "several" sbx wait sleeper epochs --ready --timeout 20s
exits 0 "idle" sbx wait sleeper --idle 200ms --timeout 20s
exits 124 "not so long" sbx wait sleeper --idle 60s --timeout 200ms
exits 0 "run it" sbx start task
exits 0 "exit" sbx wait task --exit --json --timeout 20s
is "$(json 'v["met"], v["exit_code"], v["status"]')" "True 0 completed" "its code"
exits 0 "up or ended well" sbx wait task
exits 1 "an ended one is not idle" sbx wait task --idle 1s

# A cursor whose lines are gone is no reason to stop, but is told.
exits 0 "a flood" sbx start flood
exits 0 "it ends" sbx wait flood --exit --timeout 30s
exits 1 "what is gone" sbx wait flood --log '^11$' --after 10 --json
is "$(json 'v["why"], v["missed_lines"] > 1000, v["dropped_bytes"] > 1000')" \
	"ended True True" "is told"
exits 0 "what is there" sbx wait flood --log '^199999$' --after 10
like "$err" "flood: dropped [0-9]+ bytes, which could not be looked at" \
	"is found, and the gap told"
exits 0 "how many" sbx wait flood --log '^199999$' --json
is "$(json 'v["dropped_bytes"]')" "$(sbx logs flood --json | python3 -c '
import json, sys
print(sum(json.loads(line).get("dropped_bytes", 0) for line in sys.stdin))')" \
	"as the log tells it"
exits 0 "its last line" sbx logs flood -n 1 --json
seq=$(json 'v["seq"]')
exits 0 "a cursor that is there" sbx wait flood --log 200000 --after $((seq - 5)) --json
is "$(json 'v["seq"], "dropped_bytes" in v')" "$seq False" "misses nothing"
exits 2 "two conditions" sbx wait task --exit --ready
exits 2 "a bad pattern" sbx wait task --log 'é(b'
is "$err" "sbx: --log: missing closing parenthesis
    é(b
       ^
  --string takes a text as it stands" "its option, its place, what helps"
exits 2 "of a screen" sbx wait task --screen 'a[z'
like "$err" "^sbx: --screen: missing terminating ]" "names its option"
exits 2 "as JSON" sbx wait task --log 'x(' --json
is "$(printf '%s\n' "$err" | python3 -c 'import json,sys; print(json.load(sys.stdin)["error"])')" \
	"{'code': 'usage', 'message': '--log: missing closing parenthesis', 'hint': '--string takes a text as it stands', 'details': '    x(\\n      ^\\n'}" \
	"with its place"
exits 2 "a cursor that is none" sbx wait task --log x --after soon
exits 2 "an option of another condition" sbx wait task --exit --after 3

# A record that is forgotten with its end still tells how it was.
exits 0 "add --rm" sbx add brief --rm -- sh -c 'read x; exit 6'
sbx wait brief --exit --json >brief &
waiter=$!
wait_until "it waits" sh -c "'$SBX_BIN' doctor | grep -q '^clients *2'"
exits 0 "end it" sbx send brief x
wait $waiter
is "$(cat brief | python3 -c 'import json,sys; print(json.load(sys.stdin)["exit_code"])')" \
	6 "its code"

# The engine dies under a wait.
sbx wait sleeper --exit --json >over &
waiter=$!
wait_until "it waits" sh -c "'$SBX_BIN' doctor | grep -q '^clients *2'"
kill -KILL "$(engine_pid)"
exits 0 "stop" sbx stop sleeper
wait $waiter
is $? 0 "the wait goes on with the next one"
out=$(cat over)
is "$(json 'v["signal"]')" TERM "and is met"
done_testing
