#!/bin/sh
# why: sentences about real processes.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
print($1)"
}

cat >sbxrc <<'END_RC'
process db {
	cmd echo up; exec sleep 1000
	ready log /never/
}
process web {
	cmd exec sleep 1001
	depends db
}
process oom {
	cmd echo 'Out of memory'; exec sleep 1002
	watch mem /memory/ stop
}
process job {
	cmd exit 3
	autostart no
}
process again {
	cmd exit 4
	restart always
	restart.backoff 60s..60s
}
process idle sleep 1003
process noisy {
	cmd seq 30; echo enough; exec sleep 1004
	watch all /\d/ level=warn
	watch end /enough/ stop
}
process silent {
	cmd echo hello; exec sleep 1005
	watch beat absent /hello/ for 200ms stop
}
process starter {
	cmd echo zero; echo go on; exec sleep 1006
	watch go /go/ start=started
}
process started {
	cmd echo one; echo going; exec sleep 1007
	autostart no
	watch go /going/ level=warn
}
process loop {
	cmd echo "crash $SBX_RESTARTS"; exec sleep 1008
	watch crash /crash/ restart
	restart.max 1
	restart.backoff 10ms..10ms
}
END_RC
exits 3 "no engine, no answer" sbx why web
exits 0 "up" sbx up
exits 0 "the watch stops it" sbx wait oom --exit --timeout 20s
exits 0 "why it is stopped" sbx why oom
like "$out" "^oom is stopped: stopped by watch 'mem', line 1 .*The line was: Out of memory" \
	"names the watch and quotes its line"
exits 0 "a watch among many hits of another one" sbx wait noisy --exit --timeout 20s
exits 0 "why" sbx why noisy
like "$out" "stopped by watch 'end', line 31 .*The line was: enough" "its line is kept"
exits 0 "silence stops it" sbx wait silent --exit --timeout 20s
exits 0 "why" sbx why silent
like "$out" "^silent is stopped: stopped by watch 'beat', silent for 200ms .TERM.\. It ran" \
	"no line is blamed"
exits 0 "what a watch starts" sbx wait started --log going --timeout 20s
exits 0 "why it runs" sbx why started
like "$out" "started by watch 'go', line 2 of starter\. The line of starter was: go on" \
	"whose watch, and its line"
exits 0 "restarts by a watch" sbx wait loop --exit --timeout 20s
is "$(status_of loop)" failed "are given up"
exits 0 "why" sbx why loop
like "$out" "^loop has failed: gave up after 1 restart .*by watch 'crash', line 2 .*The line was: crash 1" \
	"as a failure"
like "$(sbx ls --status failed)" "^loop +failed" "the list says the same"
exits 0 "why it waits" sbx why web
like "$out" '^web is waiting for db ready: started with the set\. ' "names what it waits for"
like "$out" ' db is starting: ' "and says how that is"
exits 0 "why it is off" sbx why job
is "$out" "job is off: not started yet. It does not start by itself." "autostart no"
exits 0 "start the job" sbx start job
exits 0 "it ends" sbx wait job --exit --timeout 20s
exits 0 "why it failed" sbx why job
like "$out" '^job has failed: exit 3\. It ran .* ago\.$' "the exit code"
exits 0 "why it runs" sbx why idle
like "$out" '^idle is running, for [0-9]+s: started with the set\.$' "who started it"
exits 0 "why --json" sbx why idle --json
is "$(json 'v["name"], v["status"], v["why"][:15]')" "idle running idle is running" \
	"name, status, why"
is "$(json 'v["events"][-1]["event"], v["events"][-1]["process"]')" "started idle" \
	"the last event is its start"
exits 0 "stop by hand" sbx stop idle
exits 0 "why it is stopped" sbx why idle
like "$out" '^idle is stopped: stopped by you' "by whom"
exits 4 "no such process" sbx why idel
like "$err" "did you mean 'idle'" "one is suggested"
exits 2 "two of them" sbx why idle web
exits 0 "start again" sbx start idle
exits 0 "why of a former run" sbx why idle --run -1
like "$out" '^run 1 of idle was ended: stopped by you.*\. It began [0-9]+s ago \(started with the set\).* and ran ' \
	"how it ended and began"
exits 0 "of the present one" sbx why idle --run 2
like "$out" '^idle is running, ' "as without"
exits 0 "of one that a watch ended" sbx why oom --run 1
like "$out" "^run 1 of oom was ended: stopped by watch 'mem', line 1 .*The line was: Out of memory" \
	"with the line"
exits 0 "why --run --json" sbx why job --run 1 --json
is "$(json 'v["run"], v["status"], v["why"][:27]')" "1 failed run 1 of job failed: exit 3" "a run, its status"
is "$(json '{e["run"] for e in v["events"]}')" "{1}" "events of that run alone"
exits 1 "a run that is not there yet" sbx why idle --run 9
like "$err" "'idle' has had 2 runs" "how many there were"

sbx add own -- sh -c 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done' >"$T/out"
exits 0 "one with an end of its own" sbx wait own --log up --timeout 20s
exits 0 "is asked for it" sbx signal TERM own
exits 0 "and ends" sbx wait own --exit --timeout 20s
like "$(sbx why own)" 'exit 0\. .* TERM had been sent to it by you\.$' "by whom"

# Whoever ended it by sbx is named; nobody else is then suspected.
exits 0 "kill" sbx kill idle
exits 0 "start" sbx start idle
exits 0 "why it was killed" sbx why idle --run -1
like "$out" '^run 2 of idle was ended.*: killed by you \(KILL\)' "by whom"
unlike "$out" 'not sent by sbx' "and by nobody else"
exits 0 "a signal" sbx signal KILL idle
exits 0 "ends it" sbx wait idle --exit --timeout 20s
exits 0 "why" sbx why idle
like "$out" '^idle was ended by a signal: signalled by you \(KILL\)\.' "who sent it"
unlike "$out" 'not sent by sbx' "and nobody else"
like "$(sbx events --json | grep '"event":"ended"' | tail -n 1)" '"cause":"user"' \
	"the journal knows it too"
exits 0 "start" sbx start idle
is_paused() {
	sbx show idle --json | grep -q '"paused":true'
}
exits 0 "a pause" sbx signal STOP idle
wait_until "it stands still" is_paused
like "$(sbx why idle)" '^idle is paused by a signal sent by you, for ' "who sent that"
exits 0 "it goes on" sbx signal CONT idle
like "$(sbx events --json | grep '"event":"paused"' | tail -n 1)" '"cause":"user"' \
	"the journal knows who"
leader=$(pid_of idle)
exits 0 "a signal to its leader alone" sbx signal USR1 "idle/$leader"
exits 0 "ends it" sbx wait idle --exit --timeout 20s
like "$(sbx why idle)" 'signalled by you \(USR1\)' "who sent that"
exits 0 "start" sbx start idle
kill -KILL "$(pid_of idle)"
exits 0 "somebody else ends it" sbx wait idle --exit --timeout 20s
like "$(sbx why idle)" 'killed by KILL\. The signal was not sent by sbx' "is told"
exits 0 "start" sbx start idle
leader=$(pid_of idle)
kill -STOP "$leader"
wait_until "it stands still" is_paused
like "$(sbx why idle)" 'is paused' "by somebody else"
exits 0 "a signal that it gets later" sbx signal TERM idle
kill_engine
kill -CONT "$leader"
exits 0 "under another engine" sbx wait idle --exit --timeout 20s
like "$(sbx why idle)" 'signalled by you \(TERM\)' "the next one knows who sent it"
exits 0 "start" sbx start idle
exits 2 "no number" sbx why idle --run x
comes_again() {
	sbx why again | grep -q '^again has ended and will be started again in .*: exit 4\. It is restart 1'
}
wait_until "why it comes again" comes_again
is "$(status_of web)" waiting "web still waits"
exits 0 "start --no-deps of what waits" sbx start web --no-deps
wait_until "waits no more" has_status web running
exits 0 "down" sbx down

# --- a port that a stranger holds ---
# Listens on a port of the kernel's choice, or on that one.
cat >serve.py <<'END_PY'
import signal, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0))
s.listen()
with open(sys.argv[1], "w") as f:
    f.write("%d\n" % s.getsockname()[1])
while True:
    c = s.accept()[0]
    c.recv(1000)
    c.sendall(b"HTTP/1.0 200 ok\r\n\r\n")
    c.close()
END_PY
python3 serve.py stranger.port &
stranger=$!
wait_until "a stranger listens" test -s stranger.port
free_port
later=$port
free_port
own=$port
port=$(cat stranger.port)
cat >sbxrc <<END_RC
process tcp {
	cmd exec sleep 1000
	ready port $port
}
process http {
	cmd exec sleep 1001
	ready http http://127.0.0.1:$port/
}
process any {
	cmd exec sleep 1002
	ready port $port holder=any
}
process own {
	cmd setsid python3 serve.py own.port $own & wait
	ready http http://localhost:$own/
}
process late {
	cmd exit 3
	port $port
}
process proxied {
	cmd exec sleep 1003
	ready port $later localhost
}
END_RC
exits 0 "up" sbx up
exits 0 "any holder is fine where that is said" sbx wait any --ready --timeout 20s
exits 0 "a child in a session of its own is the process's" \
	sbx wait own --ready --timeout 20s
python3 serve.py later.port "$later" &
proxy=$!
exits 0 "what began after it may work for it" sbx wait proxied --ready --timeout 20s
held="port $port is held by python3 .pid $stranger., not by this process"
names_holder() {
	sbx why "$1" | grep -q "$held"
}
for p in tcp http; do
	wait_until "$p: the holder is named" names_holder $p
	is "$(status_of $p)" starting "$p is not ready"
done
like "$(sbx why late)" "port $port was held by python3 .pid $stranger" \
	"one that has failed says who had its port"
like "$(sbx events)" "late port-taken: port $port was held by python3" \
	"and so does the journal"
kill "$stranger"
wait "$stranger" 2>/dev/null
exits 0 "add the rightful one" sbx add again -- python3 serve.py again.port "$port"
wait_until "of another process of the set it is neither" \
	sh -c "\"$SBX_BIN\" why tcp | grep -q 'held by python3 .pid $(pid_of again).'"
exits 0 "down" sbx down
kill "$proxy"
wait "$proxy" 2>/dev/null

done_testing
