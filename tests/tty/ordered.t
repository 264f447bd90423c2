#!/bin/sh
# Several are stopped and restarted in the order of their dependencies, by
# hand and because files have changed.
. tests/lib/tty.sh

cat >member <<'END_MEMBER'
#!/bin/sh
# member NAME: notes when it starts and ends, slowly.
trap 'sleep 0.3; echo "-$1" >>order; exit 0' TERM
echo "+$1" >>order
echo up
while :; do sleep 0.05; done
END_MEMBER
chmod +x member
mkdir src
cat >sbxrc <<'END_RC'
process base {
	cmd exec ./member base
	ready log /^up/
	files src debounce=50ms cascade=yes
}
process middle {
	cmd exec ./member middle
	depends base ready
	ready log /^up/
}
process task {
	cmd echo +task >>order
	depends middle ready
}
process top {
	cmd exec ./member top
	depends task ok
	ready log /^up/
}
process aside {
	cmd exec ./member aside
	depends base ready
	autostart no
}
process loop {
	cmd echo "+loop" >>order; date >>out/made; exec sleep 1000
	files out debounce=50ms cascade=yes
	autostart no
}
process victim {
	cmd exec sleep 1001
	depends loop started
	autostart no
}
END_RC
order() {
	tr '\n' ' ' <order
}
came_to() {
	[ "$(order)" = "$1" ]
}
kill_engine() {
	old=$(engine_pid)
	kill -KILL "$old"
}
chain='+base +middle +task +top '
back='-top -middle -base '

exits 0 "up" sbx up --wait 30s
is "$(order)" "$chain" "they start in their order"

: >order
exits 0 "stop of all" sbx stop --all
is "$(order)" "$back" "those that need others first"
exits 0 "up" sbx up --wait 30s

: >order
exits 0 "restart --with-dependents" sbx restart base --with-dependents --wait 30s
is "$(order)" "$back$chain" "down from the top, up from the base"

: >order
exits 0 "stop of two" sbx stop base middle
is "$(order)" "-middle -base " "the other way round than they were named"
is "$(status_of top)" running "who was not asked for runs on"
exits 0 "start" sbx start base middle --wait 30s

: >order
date >src/a
wait_until "a change cascades" came_to "$back$chain"
like "$(sbx why top)" 'restarted because base: src/a changed' "why names the file"
is "$(status_of aside)" off "what is off stays off"
exits 0 "stop by hand" sbx stop top
: >order
date >src/a
wait_until "the next change" came_to "-middle -base +base +middle +task "
is "$(status_of top)" completed "what was stopped by hand stays down"
exits 0 "start" sbx start top --wait 30s

# The request outlives the engine: those whose turn has not come are told by
# the next one.
: >order
sbx stop --all >"$T/stop.out" 2>&1 &
stop=$!
wait_until "the first one is being stopped" has_status top stopping
kill_engine
wait "$stop"
is "$?" 0 "a stop over two engines"
is "$(order)" "$back" "is in order too"

exits 0 "start of a loop" sbx start loop victim
mkdir -p out
exits 0 "stop by hand takes back what waits" sbx restart loop
is_held() {
	sbx events --json | grep -q 'it seems to change the files'
}
wait_until "it is held" is_held
n=$(field_of victim run)
ok "the dependent was restarted as often as it was" [ "$n" -ge 5 ]
# The last of them may be about to begin.
each_was_heard() {
	[ "$(grep -c +loop order)" = "$(field_of loop run)" ]
}
wait_until "no run is without its cause" each_was_heard
exits 0 "down" sbx down

# A step of a stop costs what ends, not all that runs here: so many reads.
i=0
while [ $i -lt 60 ]; do
	echo "process c$i { argv sleep 1017; depends c$((i - 1)) }"
	i=$((i + 1))
done | sed 's/ depends c-1//; s/ {/ {\n/; s/;/\n/; s/ }/\n}/' >chain.rc
exits 0 "a chain of sixty" sbx -f chain.rc up --wait 60s
engine=$(sbx -f chain.rc doctor --json |
	 sed -n 's/.*"engine_pid":\([0-9]*\).*/\1/p')
reads() {
	sed -n 's/^syscr: //p' "/proc/$engine/io"
}
before=$(reads)
exits 0 "its stop" sbx -f chain.rc stop --all
read_now=$(($(reads) - before))
ok "takes $read_now reads, less than 2400" [ "$read_now" -lt 2400 ]
exits 0 "down" sbx -f chain.rc down
done_testing
