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
END_RC
exits 3 "no engine, no answer" sbx why web
exits 0 "up" sbx up
exits 0 "the watch stops it" sbx wait oom --exit --timeout 20s
exits 0 "why it is stopped" sbx why oom
like "$out" "^oom is stopped: stopped by watch 'mem', line 1 .*The line was: Out of memory" \
	"names the watch and quotes its line"
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
tries=0
until sbx why again 2>"$T/why.err" | grep -q '^again has ended and will be started again in .*: exit 4\. It is restart 1'; do
	tries=$((tries + 1))
	[ "$tries" -lt 200 ] || break
	sleep 0.05
done
ok "why it comes again" [ "$tries" -lt 200 ]
exits 0 "down" sbx down

done_testing
