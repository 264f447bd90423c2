#!/bin/sh
# up, start, stop, restart, kill, signal, rm, clean, down; ls and show.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
p = {x['name']: x for x in v['processes']} if isinstance(v.get('processes'), list) else {}
print($1)"
}

cat >sbxrc <<'END'
process web {
	cmd trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done
	ready log /^up/
}
process tree sleep 1000 & (setsid sleep 1001 &) ; wait
process hard {
	cmd trap '' TERM; sleep 1002 & while :; do wait; done
	stop TERM 200ms KILL
}
process job {
	cmd exit 3
	ready log /never/
	autostart no
}
process never {
	argv /nowhere/program
	autostart no
}
process slow {
	cmd sleep 1003
	ready log /never/
	autostart no
}
group all web tree hard
END
exits 0 "up" sbx up
is "$out" "" "it prints nothing"
exits 0 "up again changes nothing" sbx up
exits 0 "wait for web" sbx wait web --ready --timeout 20s
exits 0 "ls" sbx ls
like "$out" '^NAME +STATE +PID +UPTIME' "it has titles"
like "$out" '^web +ready +[0-9]+ ' "web is ready"
like "$out" '^job +off ' "job is off"
exits 0 "ls --json" sbx ls --json
is "$(json 'v["version"]')" 1 "version 1"
is "$(json '[x["name"] for x in v["processes"]]')" \
	"['web', 'tree', 'hard', 'job', 'never', 'slow']" "in the order of the file"
is "$(json 'p["web"]["status"], p["web"]["ready"], p["web"]["run"]')" \
	"running True 1" "web"
is "$(json 'p["tree"]["group"]')" all "group"
is "$(json 'abs(p["web"]["started_at_ms"] - __import__("time").time()*1000) < 60000')" \
	True "times are since the epoch"
like "$(json 'p["web"]["started_at"]')" '^20[0-9-]+T[0-9:.]+[+Z]' "and in RFC 3339"
is "$(json '"pid" in p["job"], "exit_code" in p["job"], "started_at" in p["job"]')" \
	"False False False" "what does not apply is absent"
is "$(json 'p["web"]["config"]["line"]')" 1 "where it is defined"
exits 0 "ls of a status" sbx ls --json --status off,failed
is "$(json 'sorted(p)')" "['job', 'never', 'slow']" "only those"
exits 0 "ls of what was created" sbx ls --created 1h..
is "$(printf '%s\n' "$out" | wc -l)" "$(sbx ls | wc -l)" "is all of it"
exits 0 "ls of what was created long ago" sbx ls --created ..1h
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 1 "is nothing"
exits 2 "no range" sbx ls --created 1h
exits 0 "ls of names" sbx ls --json web 'sl*' --status off,running
is "$(json 'sorted(p)')" "['slow', 'web']" "only those"
exits 4 "ls of a name that is not there" sbx ls web wep
like "$err" "'wep'" "names it"
exits 0 "ls of a group" sbx ls --json --group all
is "$(json 'sorted(p)')" "['hard', 'tree', 'web']" "only those"
exits 4 "ls of a group that is not there" sbx ls --group al
like "$err" "no process is in a group 'al'" "says so"
like "$err" "did you mean 'all'" "one is suggested"
exits 4 "as JSON" sbx ls --json --group nobody
is "$out" "" "no list"
exits 0 "none of a status is an answer" sbx ls --json --status timed_out --group all
is "$(json 'v["processes"]')" "[]" "an empty one"
exits 0 "nobody has failed" sbx restart --failed
like "$err" "no process has failed" "that is told"
exits 4 "nobody to wait for" sbx wait --failed
like "$err" "no process has failed" "that is told"
exits 4 "a pattern that fits nothing" sbx stop 'x*'
exits 0 "ls in pages" sbx ls --json --limit 4
is "$(json 'len(p)')" 4 "four"
next=$(json 'v["next"]')
exits 0 "ls --since" sbx ls --json --since 1h
is "$(printf '%s' "$out" | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["processes"]))')" \
	"$(sbx ls --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["processes"]))')" \
	"those that were not started yet were made since then too"
exits 0 "ls --since later" sbx ls --json --since 2999-01-01T00:00:00Z
is "$out" '{"version":1,"processes":[]}' "has nobody"
exits 0 "the next page" sbx ls --json --limit 4 --after "$next"
is "$(json 'sorted(p), "next" in v')" "['never', 'slow'] False" "the rest"
for i in 1 2 3; do sbx add page$i -- true; done
sbx wait page1 page2 page3 --exit --timeout 20s
out=$(sbx ls --json)
most=$(json 'len(p) - 2')
out=$(sbx ls --json --limit "$most")
next=$(json 'v["next"]')
exits 0 "one of the first page is forgotten" sbx rm page1
exits 0 "the next page" sbx ls --json --after "$next"
is "$(json 'sorted(p)')" "['page2', 'page3']" "leaves out nobody"
exits 0 "the one of the cursor is forgotten" sbx rm page2
exits 0 "the next page" sbx ls --json --after "$next"
is "$(json 'sorted(p)')" "['page3']" "begins with the one behind it"
exits 0 "rm" sbx rm page3
exits 2 "no such status" sbx ls --status runing
like "$err" "did you mean 'running'" "one is suggested"
exits 2 "what ls shows beside" sbx ls --status ready
like "$err" 'one of: off queued waiting .* timed_out error$' "those there are"
exits 2 "none at all" sbx ls --status ''

exits 0 "show --json" sbx show web --json
is "$(json 'v["name"], v["ready"], v["depends"] if "depends" in v else 0')" \
	"web True 0" "one process"
exits 0 "show" sbx show web
like "$out" '^reason +' "it has the reason"
exits 4 "show of a process that is not there" sbx show wbe
like "$err" "did you mean 'web'" "one is suggested"

left_of_tree() {
	test_pids | while read -r p; do
		tr '\0' ' ' <"/proc/$p/cmdline"
		echo
	done 2>/dev/null | grep '^sleep 100[01] '
}

# The whole tree is gone when stop returns.
pid=$(pid_of tree)
exits 0 "stop" sbx stop tree
is "$(status_of tree)" killed "it is not running"
is "$(left_of_tree)" "" "nothing of its tree is left"
ok "nor the leader" is_gone "$pid"
exits 0 "stop of one that is off" sbx stop job
exits 4 "stop of one that is not there" sbx stop web nix
is "$(status_of web)" running "and then nothing is stopped"
exits 0 "the ladder ends in KILL" sbx stop hard
is "$(status_of hard)" killed "killed"
exits 0 "start --wait" sbx start web tree hard --wait 20s
pid=$(pid_of web)
exits 124 "stop --wait with too little time" sh -c \
	"'$SBX_BIN' signal STOP hard && '$SBX_BIN' stop hard --wait 1ms"
exits 0 "stop goes on by itself" sbx wait hard --exit --timeout 20s
exits 0 "restart" sbx restart web --wait
isnt=$(pid_of web)
ok "another process" [ "$isnt" != "$pid" ]
is "$(field_of web run)" 2 "run 2"
exits 0 "kill of a group" sbx kill all --json
is "$(json 'sorted(p), set(x["status"] for x in p.values())')" \
	"['hard', 'tree', 'web'] {'killed'}" "prints what became of them"
is "$(left_of_tree)" "" "nothing of a tree that was killed is left"
exits 0 "start by pattern" sbx start 'w*' --wait 20s
exits 0 "signal" sbx signal TERM web
exits 0 "it ends by it" sbx wait web --exit --timeout 20s
is "$(field_of web exit_code)" 0 "with its own code"
exits 2 "no such signal" sbx signal TREM web
exits 1 "signal to one that does not run" sbx signal HUP job
exits 0 "signal --all means those that run" sbx signal CONT --all

exits 1 "start --wait of one that fails" sbx start job --wait
like "$err" 'job: exit 3' "says why"

# The answer follows from what the run was, not from when it is looked at.
cat >up.rc <<'END'
defaults {
	autostart no
}
process bad false
process said {
	cmd echo up; exit 3
	ready log /^up/
	replicas 20
}
process briefly {
	cmd sleep 1.2; exit 4
}
process lives sleep 1008
process again {
	cmd exit 5
	restart on-failure
	restart.backoff 10ms..10ms
	restart.max 2
}
process flood yes
END
exits 0 "a set that fails in several ways" sbx -f up.rc up
exits 0 "a flood" sbx -f up.rc start flood
codes=
for i in 1 2 3 4 5 6; do
	sbx -f up.rc start bad --wait >"$T/out" 2>&1
	codes="$codes$?"
done
is "$codes" 111111 "who fails at once was never up"
exits 1 "nor is it for a wait" sbx -f up.rc wait bad
exits 0 "who said it was ready was up" sbx -f up.rc start said --wait 20s
like "$err" 'said.0 was up and has ended since: exit 3' "that it has ended is told"
exits 0 "stop the flood" sbx -f up.rc kill flood
exits 1 "who is tried again and gives up" sbx -f up.rc start again --wait 20s
like "$err" 'gave up after 2 restarts' "says so"
exits 0 "who lives for a second is up" sbx -f up.rc start briefly --wait 20s
exits 0 "and so when it has lived as long as there is time" \
	sbx -f up.rc start lives --wait 100ms
exits 0 "down" sbx -f up.rc down

sbx add twice -- sh -c 'echo old; test -e second && exit 3; touch second; echo first' >"$T/out"
sbx wait twice --exit --timeout 20s
exits 1 "one that failed the second time" sh -c \
	"'$SBX_BIN' start twice && '$SBX_BIN' wait twice --log never --after 2 --timeout 20s"
is "$(printf '%s\n' "$err" | grep -c '^  | ')" 1 "lines of that run alone are quoted"
exits 0 "rm" sbx rm twice
exits 1 "start of one that cannot be run" sbx start never
like "$err" 'nowhere' "says why"
exits 0 "ls --failed is a status" sbx ls --status failed,error --json
is "$(json 'p["job"]["exit_code"], p["never"]["status"]')" "3 error" "codes"
exits 124 "start --wait of one that is never ready" sbx start slow --wait 200ms
is "$(status_of slow)" starting "it lives on"
exits 124 "beside one that fails" sbx start slow job --wait 3s
like "$err" '^sbx: job: exit 3' "whose end is told, too"
exits 0 "stop --all" sbx stop --all

# Each one is gone for itself: another run of it is not waited for.
exits 0 "one that is slow to end" sbx add lazy -- \
	sh -c 'trap "touch asked; sleep 1; exit 0" TERM; echo up; while :; do sleep 0.05; done'
exits 0 "it runs" sbx wait lazy --log up --timeout 20s
exits 0 "start" sbx start web --wait 20s
timeout 30 "$SBX_BIN" stop web lazy &
stopper=$!
wait_until "lazy is asked to end" test -e asked
exits 0 "web has ended" sbx wait web --exit --timeout 20s
exits 0 "somebody starts it" sbx start web --wait 20s
wait $stopper
is $? 0 "stop returns"
is "$(status_of lazy) $(status_of web)" "completed running" "with the other one running"
exits 0 "stop it" sbx stop web
exits 0 "rm" sbx rm lazy

# Records.
exits 1 "a running one cannot be forgotten" sh -c \
	"'$SBX_BIN' add run1 -- sleep 1004 && '$SBX_BIN' rm run1"
like "$err" 'sbx stop run1' "it says what helps"
exits 0 "stop it" sbx stop run1
exits 0 "rm" sbx rm run1
exits 4 "it is gone" sbx show run1
exits 0 "a name can be used again" sbx add run1 -- true
exits 0 "its end" sbx wait run1 --exit --timeout 20s
exits 1 "a name that is taken" sbx add run1 -- true
exits 0 "names are made" sbx add --json -- true
first=$(json 'list(p)[0]')
like "$first" '^proc_[0-9]+$' "proc_N"
exits 0 "its end" sbx wait "$first" --exit --timeout 20s
exits 0 "clean" sbx clean --json
ok "counts them" [ "$(json 'v["removed"]')" -ge 2 ]
exits 0 "a second one" sbx add --no-start -- true
ok "is another" [ "$out" != "$first" ]

exits 0 "doctor" sbx doctor --json
anchor=$(json 'v["anchor_pid"]')
exits 0 "down" sbx down
ok "the anchor is gone" is_gone "$anchor"
exits 3 "nobody answers" sbx ls

# Two that start one set at once start one engine.
sbx up >up1 2>&1 &
one=$!
sbx up >up2 2>&1 &
two=$!
wait $one
is $? 0 "the first up"
wait $two
is $? 0 "the second up"
is "$(test_pids | while read -r p; do tr '\0' ' ' </proc/$p/cmdline; echo
	done 2>/dev/null | grep -c '^sbx __engine')" 1 "one engine"

# What has ended is run again by up, what only is needed is not.
cat >once.rc <<'END'
process migrate echo migrated
process web {
	cmd sleep 1005
	depends migrate ok
}
END
exits 0 "up with a task" sbx -f once.rc up --wait 20s
engine=$(sbx -f once.rc show web --json | sed 's/.*"pid":\([0-9]*\).*/\1/')
exits 0 "up of who needs it" sbx -f once.rc up web
exits 0 "show it" sbx -f once.rc show migrate --json
is "$(json 'v["run"]')" 1 "a dependency that is met is not run again"
exits 0 "up once more" sbx -f once.rc up --wait 20s
exits 0 "show it" sbx -f once.rc show migrate --json
is "$(json 'v["run"], v["status"]')" "2 completed" "the task is run again"
exits 0 "the other one" sbx -f once.rc show web --json
is "$(json 'v["run"], v["pid"]')" "1 $engine" "what runs is left alone"
exits 0 "down" sbx -f once.rc down

# Single processes of a tree, and what 'tree keep' has left.
cat >keep.rc <<'END'
process keeps {
	cmd setsid sleep 1006 & setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' & sleep 0.2
	tree keep
}
process pair  sleep 1007 & wait
END
kpid() {
	sbx -f keep.rc show "$1" --json | python3 -c '
import json, sys
print(*[m["pid"] for m in json.load(sys.stdin)["tree"] if sys.argv[1] in m["command"]])' "$2"
}
left_row() {
	sbx -f keep.rc ls | grep -Eq "^keeps/[0-9]+ +left +[0-9]+ .*$1"
}
exits 0 "up" sbx -f keep.rc up
wait_until "what was left has a row" left_row 'sleep 1006'
wait_until "each of them" left_row 'trap'
sleeper=$(kpid keeps 'sleep 1006')
stubborn=$(sbx -f keep.rc ls | sed -n 's|^keeps/\([0-9]*\) .*trap.*|\1|p')
exits 0 "ls --json" sbx -f keep.rc ls --json
is "$(json '[s["command"] for s in p["keeps"]["survivors"]][0]')" "sleep 1006" "in JSON too"
exits 0 "kill one" sbx -f keep.rc kill "keeps/$sleeper"
ok "it is gone" is_gone "$sleeper"
run sbx -f keep.rc ls
unlike "$out" 'sleep 1006$' "and its row"
like "$out" '^keeps +done, [12] left' "the other one is left"
exits 124 "stop has a limit" sbx -f keep.rc stop "keeps/$stubborn" --wait 100ms
old=$(sbx -f keep.rc doctor --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["engine_pid"])')
kill -KILL "$old"
wait_until "it is killed when TERM was not enough, by the next engine too" is_gone "$stubborn"
run sbx -f keep.rc events
like "$out" "signal by you: TERM to its process $stubborn \\(sh -c" "which the journal tells"
child=$(kpid pair 'sleep 1007' | sed 's/.* //')
leader=$(sbx -f keep.rc show pair --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["pid"])')
exits 0 "a signal to a child alone" sbx -f keep.rc signal STOP "pair/$child"
is "$(sed -n 's/^State:	\(.\).*/\1/p' "/proc/$child/status")" T "it has got it"
is "$(sed -n 's/^State:	\(.\).*/\1/p' "/proc/$leader/status")" S "nobody else has"
exits 2 "the leader ends with its run" sbx -f keep.rc kill "pair/$leader"
like "$err" "sbx kill pair" "as the hint says"
exits 4 "a stranger is none of its processes" sbx -f keep.rc kill pair/$$
exits 4 "one of several is none" sbx -f keep.rc signal CONT "pair/$child" pair/$$ pair
like "$err" "'pair' has no process $$" "it is named"
is "$(sed -n 's/^State:	\(.\).*/\1/p' "/proc/$child/status")" T "and the others are left alone"
exits 4 "the same for kill" sbx -f keep.rc kill "pair/$child" pair pair/$$
exits 2 "and where one is the leader" sbx -f keep.rc stop "pair/$child" "pair/$leader"
kill -0 "$child" && kill -0 "$leader"
is $? 0 "all of them are there"
exits 4 "nor can one be started" sbx -f keep.rc start "pair/$child"
like "$err" 'NAME/PID is for stop, kill and signal' "which is told"
exits 0 "down" sbx -f keep.rc down

# An engine that is killed comes back, and nobody starts another.
old=$(engine_pid)
pid=$(pid_of tree)
kill -KILL "$old"
exits 0 "ls right after it was killed" sbx ls
is "$(pid_of tree)" "$pid" "the processes are the same"
exits 0 "stop works as ever" sbx stop tree
exits 0 "down --timeout" sbx down --timeout 100ms
done_testing
