#!/bin/sh
# replicas and scale; ports that are picked.
. tests/lib/tty.sh

names() {
	sbx ls --json | python3 -c 'import json,sys
print(" ".join(p["name"] for p in json.load(sys.stdin)["processes"]))'
}
names_are() {
	[ "$(names)" = "$1" ]
}

cat >serve.py <<'END_PY'
import signal, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
print("port", sys.argv[1], flush=True)
signal.pause()
END_PY
free_port
base=$port
free_port
free_port
cat >sbxrc <<END_RC
process worker {
	cmd echo "I am \$SBX_INDEX of \$SBX_PROCESS on \$SBX_PORT_WEB"; exec sleep 1000
	replicas 2
	port web $base
	log.file out/worker.log
}
process user {
	cmd exec sleep 1001
	depends worker
}
process last sleep 1002
process web {
	cmd exec python3 serve.py \$SBX_PORT
	port auto
	ready port auto
}
process admin {
	cmd echo "http=\$SBX_PORT_HTTP grpc=\$SBX_PORT_GRPC"; exec sleep 1003
	port http auto
	port grpc auto
}
group crew worker last
END_RC
mkdir out
exits 0 "check" sbx check
exits 0 "up" sbx up --wait 30s
is "$(names)" "worker.0 worker.1 user last web admin" "there are two of them"
wait_until "the first knows its number and port" sh -c "'$SBX_BIN' logs worker.0 | grep -q 'I am 0 of worker.0 on $base\$'"
wait_until "so does the second" sh -c "'$SBX_BIN' logs worker.1 | grep -q 'I am 1 of worker.1 on $((base + 1))\$'"
wait_until "each has a copy of its log" grep -q 'I am 1 ' out/worker.1.log

# --- names ---
exits 0 "the name means all of them" sbx stop worker
is "$(status_of worker.0) $(status_of worker.1)" "killed killed" "both are stopped"
exits 0 "so does depends" sbx restart user --wait 20s
is "$(status_of worker.0) $(status_of worker.1)" "running running" "both are started"
exits 0 "a pattern" sbx stop 'worker.*'
exits 0 "a group" sbx start crew
exits 0 "one of them" sbx stop worker.1
is "$(status_of worker.0) $(status_of worker.1)" "running killed" "and no other"
exits 0 "start" sbx start worker

# --- scale ---
exits 0 "scale up" sbx scale worker 4
is "$(names)" "worker.0 worker.1 worker.2 worker.3 user last web admin" "they stand together"
is "$(status_of worker.2) $(status_of worker.3)" "running running" "the new ones run"
pids="$(pid_of worker.0) $(pid_of worker.1)"
kill_engine
wait_until "another engine has them" names_are "worker.0 worker.1 worker.2 worker.3 user last web admin"
exits 0 "scale down" sbx scale worker 1
wait_until "the highest are gone" names_are "worker.0 user last web admin"
is "$(pid_of worker.0)" "${pids% *}" "the first one runs on"
exits 0 "scale up again" sbx scale worker 2
wait_until "a new one" has_status worker.1 running
exits 2 "scale to none" sbx scale worker 0
like "$err" "'0' is not a number from 1 to 1000" "says so"
exits 1 "scale of one that has no replicas" sbx scale last 2
like "$err" "'last' has no replicas" "says so"
exits 4 "scale of none" sbx scale wokrer 2
like "$err" "did you mean 'worker'" "one is suggested"

# --- reload ---
exits 0 "scale up" sbx scale worker 3
pids="$(pid_of worker.0) $(pid_of worker.1) $(pid_of worker.2)"
sed -i 's/^process last sleep.*/process last sleep 1009/' sbxrc
exits 0 "reload of something else" sbx reload
is "$(names)" "worker.0 worker.1 worker.2 user last web admin" "keeps the number"
is "$(pid_of worker.0) $(pid_of worker.1) $(pid_of worker.2)" "$pids" "and the processes"
sed -i 's/ replicas 2/ replicas 1/; s/	replicas 2/	replicas 1/' sbxrc
exits 0 "reload of another number" sbx reload
wait_until "makes it that one" names_are "worker.0 user last web admin"
exits 0 "scale up" sbx scale worker 2
sed -i 's/	replicas 1/	replicas 3/' sbxrc
exits 0 "reload of more" sbx reload
wait_until "makes it that one" names_are "worker.0 worker.1 worker.2 user last web admin"
wait_until "which runs" has_status worker.2 running
is "$(pid_of worker.0)" "${pids%% *}" "the first one has never ended"

cat >>sbxrc <<'END_RC'
process slow {
	cmd trap 'while ! test -e over; do sleep 0.1; done; exit 0' TERM; echo new; while :; do sleep 0.1; done
	stop TERM 60s KILL
	replicas 3
}
END_RC
exits 0 "reload with ones that end slowly" sbx reload
wait_until "they run" has_status slow.2 running
sed -i 's/	replicas 3/	replicas 1/; s/echo new/echo newer/' sbxrc
sbx reload >/dev/null 2>&1 &
reload=$!
wait_until "which takes long" has_status slow.2 stopping
sbx scale slow 3 >/dev/null 2>&1 &
scale=$!
is_wanted() {
	sbx events | grep -q 'slow.2 start by you'
}
wait_until "scale takes them back" is_wanted
touch over
wait "$reload" "$scale"
is "$?" 0 "which is done when they run"
says_newer() {
	sbx logs slow.2 --no-prefix | grep -q newer
}
wait_until "they begin with the definition of now" says_newer
is "$(status_of slow.1) $(status_of slow.2)" "running running" "and run"
like "$(names)" 'slow.0 slow.1 slow.2' "all of them"
exits 0 "and go" sbx kill slow

# --- ports that are picked ---
wait_until "its port is asked" is_ready web
first=$(sbx logs web --no-prefix -n 1)
like "$first" '^port [0-9]+$' "there is one"
listening() {
	sbx ls --json | python3 -c 'import json,sys
print([p.get("ports") for p in json.load(sys.stdin)["processes"]
	if p["name"] == "web"])'
}
is "$(listening)" "[[${first#port }]]" "it is told"
exits 0 "restart" sbx restart web --wait 20s
is "$(sbx logs web --no-prefix -n 1)" "$first" "it keeps it"
exits 0 "a while" sbx wait web --idle 1500ms
is "$(listening)" "[[${first#port }]]" "it is told of the new run by the next look"
exits 0 "stop" sbx stop web
python3 serve.py "${first#port }" >/dev/null &
stranger=$!
taken() {
	python3 -c 'import socket,sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "${first#port }"
}
wait_until "somebody takes it" taken
exits 0 "start" sbx start web --wait 20s
second=$(sbx logs web --no-prefix -n 1)
unlike "$second" "^$first\$" "another one is picked"
kill "$stranger"
kill_engine
exits 0 "restart under another engine" sbx restart web --wait 20s
is "$(sbx logs web --no-prefix -n 1)" "$second" "it is known there"
like "$(sbx logs admin --no-prefix -n 1)" '^http=([0-9]+) grpc=[0-9]+$' "two ports of one process"
sbx logs admin --no-prefix -n 1 | {
	IFS='= ' read -r _ one _ two
	[ "$one" != "$two" ]
}
is $? 0 "are not the same"

# --- what the file gets wrong ---
mkdir bad
printf 'process a {\n\tcmd true\n\treplicas 2\n}\nprocess a.1 true\n' >bad/sbxrc
exits 2 "a name that a replica has" sbx check bad/sbxrc
like "$err$out" "sbxrc:5:9: error: 'a.1' is a replica of 'a' already" "says so"
printf 'process a {\n\tcmd true\n\tready port auto\n}\n' >bad/sbxrc
exits 2 "a check of a port that is not picked" sbx check bad/sbxrc
printf 'process a {\n\tcmd true\n\tport 9000\n\treplicas 3\n}\nprocess b {\n\tcmd true\n\tport 9002\n}\n' >bad/sbxrc
exits 2 "a port that a replica has" sbx check bad/sbxrc
like "$err$out" "sbxrc:8:7: error: port 9002 is that of process 'a.2' already" "says so"
exits 0 "down" sbx down

# Who waits for all of them does not wait for those that go.
cat >wait.rc <<'END_RC'
process many {
	cmd [ "$SBX_INDEX" -gt 1 ] || echo here; exec sleep 1004
	replicas 4
	ready log /here/
}
process waits {
	cmd exec sleep 1005
	depends many ready
}
END_RC
waits() {
	sbx -f wait.rc why waits
}
exits 0 "up" sbx -f wait.rc up
wait_until "one that waits" sh -c "'$SBX_BIN' -f wait.rc why waits | grep -q 'many.2 ready, many.3 ready'"
exits 0 "scale down" sbx -f wait.rc scale many 3
like "$(waits)" 'is waiting for many\.2 ready:' "waits for the others"
sed -i 's/replicas 4/replicas 2/' wait.rc
exits 0 "fewer in the file" sbx -f wait.rc reload
wait_until "and runs when they are ready" sh -c "'$SBX_BIN' -f wait.rc why waits | grep -q '^waits is running'"
exits 0 "down" sbx -f wait.rc down
done_testing
