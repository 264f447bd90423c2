#!/bin/sh
# Schedules: when a process runs, what is told of it, by hand, over engines.
. tests/lib/tty.sh

runs_of() {
	grep -c . "$1.log" 2>/dev/null || echo 0
}
ran() {
	[ "$(runs_of "$1")" -ge "$2" ]
}
events_of() {
	sbx events --json | grep -F "\"process\":\"$1\"" | grep -c "$2"
}
has_event() {
	[ "$(events_of "$1" "$2")" -ge "${3:-1}" ]
}

cat >sbxrc <<'END_RC'
process tick {
	cmd echo run >>tick.log; exit 3
	schedule every 1s
}
process rare {
	cmd echo run >>rare.log
	schedule every 1h
}
process first {
	cmd echo run >>first.log
	schedule every 1h at-start
}
process noon {
	cmd echo run >>noon.log
	schedule cron "0 12 * * *"
}
process slow {
	cmd echo run >>slow.log; exec sleep 1000
	schedule every 1s
	schedule.overlap skip
}
process anew {
	cmd echo run >>anew.log; exec sleep 1001
	schedule every 1s
	schedule.overlap replace
	autostart no
}
process after {
	cmd echo run >>after.log; exec sleep 3
	schedule every 1s
	schedule.overlap queue
	autostart no
}
process db {
	cmd exec sleep 1002
	autostart no
}
process needs {
	cmd echo run >>needs.log
	schedule every 1s
	depends db
	autostart no
}
END_RC
exits 0 "check" sbx check
exits 0 "up" sbx up --wait 30s
is "$(status_of noon) $(status_of rare)" "scheduled scheduled" "up begins a schedule"
is "$(runs_of rare) $(runs_of noon)" "0 0" "... and runs nothing"
wait_until "at-start runs at once" ran first 1
wait_until "... and is scheduled then" has_status first scheduled
like "$(sbx ls)" '^noon  *(12:00|[0-9]+-[0-9]+ 12:00)' "ls tells the next time"
like "$(sbx show noon)" '^next  *20[0-9-]*T12:00:00' "show too"
like "$(sbx show noon --json)" '"next_run_at":"20[0-9-]*T12:00:00' "show --json too"
like "$(sbx why noon)" '^noon is scheduled to start in .*: next run at (20[0-9-]* )?12:00:00\.$' "why"
wait_until "it runs again and again" ran tick 3
wait_until "why tells how it ended last" sh -c "'$SBX_BIN' why tick | grep -q 'next run at .*; last: exit 3'"
wait_until "a run that goes on is not disturbed" has_event slow '"event":"skipped"'
is "$(runs_of slow)" 1 "... and is the only one"

exits 0 "start by hand" sbx start rare
wait_until "runs it now" ran rare 1
wait_until "and the schedule goes on" has_status rare scheduled
exits 0 "wait --exit of one that has run" sbx wait rare --exit --timeout 20s

exits 0 "stop by hand" sbx stop tick
count=$(runs_of tick)
like "$(sbx why tick)" 'stopped by you' "why it is down"
exits 0 "start of one that replaces" sbx start anew
wait_until "... its runs" ran anew 3
is "$(status_of tick) $(runs_of tick)" "$(status_of tick) $count" "stop by hand keeps it down"
unlike "$(status_of tick)" scheduled "it is not scheduled"
exits 0 "stop" sbx stop anew
exits 0 "start of one that queues" sbx start after
wait_until "... runs after the last one" ran after 2
unlike "$(sbx events --json | grep -F '"process":"after"')" '"cause":"schedule","text":"[^"]*stop' "and stops none"
exits 0 "stop" sbx stop after
exits 0 "start by hand of one that was down" sbx start tick
wait_until "it runs" ran tick $((count + 1))
wait_until "and again by its schedule" ran tick $((count + 3))

exits 0 "start of one that needs another" sbx start needs
wait_until "it runs" ran needs 1
exits 0 "its dependency dies" sbx kill db
count=$(runs_of needs)
wait_until "it cannot run without" sh -c "'$SBX_BIN' why needs | grep -q 'last: db'"
exits 0 "its dependency comes back" sbx start db
wait_until "so it runs" ran needs $((count + 1))

kill_engine
is "$(status_of noon) $(status_of first)" "scheduled scheduled" "scheduled over a change of engines"
count=$(runs_of tick)
wait_until "and followed" ran tick $((count + 2))
is "$(runs_of first) $(runs_of rare)" "1 1" "nothing ran twice"
like "$(sbx why noon)" 'next run at' "why is the same"

# --- reload ---
cat >>sbxrc <<'END_RC'
process newer {
	cmd echo run >>newer.log
	schedule every 1h
}
END_RC
sed -i 's/"0 12 /"0 13 /; /^process tick/,/^}/s/schedule every 1s/restart never/' sbxrc
exits 0 "reload" sbx reload
is "$(status_of newer)" scheduled "a new one begins with its schedule"
wait_until "another time" sh -c "'$SBX_BIN' why noon | grep -q 'next run at .*13:00:00'"
wait_until "one without a schedule has none" has_status tick off
is "$(runs_of newer)" 0 "nothing ran for it"

# --- what the file gets wrong ---
mkdir bad
cat >bad/sbxrc <<'END_RC'
process a {
	cmd true
	schedule cron "0 25 * * *"
}
process b {
	cmd true
	schedule every 10ms
}
process c {
	cmd true
	schedule cron "0 14 * *"
}
END_RC
exits 2 "check of a wrong one" sbx check bad/sbxrc
like "$err$out" 'sbxrc:3:19: error: ' "the hour"
like "$err$out" 'sbxrc:7:17: error: this time is too short' "too often"
like "$err$out" 'sbxrc:11:' "a field is missing"

exits 0 "down" sbx down

cat >sbxrc <<'END_RC'
process unkept {
	cmd echo run >>unkept.log
	schedule every 1s
	keep no
}
END_RC
exits 0 "up" sbx up
wait_until "keep no: it runs again all the same" ran unkept 3
exits 0 "down" sbx down
done_testing
