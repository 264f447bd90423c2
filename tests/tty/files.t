#!/bin/sh
# Files that a process is started again for.
. tests/lib/tty.sh

runs_of() {
	field_of "$1" run
}
ran() {
	[ "$(runs_of "$1")" -ge "$2" ]
}
same_run() {
	[ "$(runs_of "$1")" = "$2" ]
}
journal_has() {
	sbx events --json | grep -F "\"process\":\"$1\"" | grep -q "$2"
}

mkdir -p src/deep out
echo 1 >src/a.c
cat >sbxrc <<'END_RC'
process server {
	cmd exec sleep 1000
	files 'src/**/*.c' !'**/*_test.c' debounce=50ms
}
process front {
	cmd exec sleep 1001
	depends server
}
process build {
	cmd cat src/a.c
	files src debounce=50ms
}
process idle {
	cmd exec sleep 1002
	files src debounce=50ms
	autostart no
}
process loop {
	cmd echo x >>out/made; exec sleep 1003
	files out debounce=50ms
	autostart no
}
process late {
	cmd exec sleep 1005
	files '*.txt' debounce=2s
	autostart no
}
process broken {
	argv ./made-later
	files made-later debounce=50ms
	autostart no
}
END_RC
exits 0 "up" sbx up --wait 30s
exits 0 "the task ends" sbx wait build --exit --timeout 20s
front=$(pid_of front) server=$(pid_of server) n=$(runs_of build)
echo 2 >src/a.c
wait_until "a change restarts what runs" new_pid server "$server"
wait_until "... and a task that has ended" ran build $((n + 1))
like "$(sbx why server)" 'server is running, .*: restarted because src/a.c changed' "why says which file"
ok "the journal has it" journal_has server '"event":"files".*"text":"src/a.c changed"'
is "$(pid_of front)" "$front" "what depends on it is left alone"
is "$(status_of idle)" off "what is off stays off"

server=$(pid_of server) n=$(runs_of build)
echo 1 >src/deep/a_test.c
wait_until "another file of the task" ran build $((n + 1))
is "$(pid_of server)" "$server" "is none of the server's"
mkdir src/new
echo 1 >src/new/b.c
wait_until "a directory that is new is watched too" new_pid server "$server"

exits 0 "stop by hand" sbx stop server
server_run=$(runs_of server) n=$(runs_of build)
echo 3 >src/a.c
wait_until "the task runs" ran build $((n + 1))
ok "what was stopped by hand stays down" same_run server "$server_run"
exits 0 "start" sbx start server
echo 4 >src/a.c
wait_until "from then on it is watched" ran server $((server_run + 2))

kill_engine
wait_until "it runs" has_status server running
n=$(runs_of server)
again() {
	date >src/a.c
	ran server "$1"
}
wait_until "another engine watches too" again $((n + 1))

exits 0 "start of one that waits long for more" sbx start late
n=$(runs_of late)
echo x >late.txt
exits 0 "a new watch" sbx watch late add any /any/ count
wait_until "loses no change that is waiting" ran late $((n + 1))

exits 0 "start of one that changes its own files" sbx start loop
wait_until "it is held" journal_has loop 'it seems to change the files that it watches'
is "$(runs_of loop)" 6 "after a few runs"
is "$(status_of loop)" running "it runs on"

exits 1 "start of what is not there" sbx start broken
printf '#!/bin/sh\nexec sleep 1004\n' >made.tmp
chmod +x made.tmp
mv made.tmp made-later
wait_until "when it is there it is started" has_status broken running

mkdir bad
printf 'process a {\n\tcmd true\n\tfiles !src\n}\n' >bad/sbxrc
exits 2 "a pattern that is wrong" sbx check bad/sbxrc
exits 0 "down" sbx down
done_testing
