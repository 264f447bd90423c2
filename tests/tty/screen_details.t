#!/bin/sh
# What the details tell that no row has: how the last checks ended, and which
# process of a tree listens where.
TEST_SECONDS=150
. tests/lib/tty.sh
free_port
cat >sbxrc <<RC
set name shop
process sick {
    cmd         sleep 1000
    ready exec  test -e go
    live exec   test ! -e bad
    live.every  50ms
    live.fails  3
    live.action mark
}
process server {
    cmd         python3 -m http.server --bind 127.0.0.1 $port & wait
    ready port  $port
}
process plain   sleep 1001
process shell {
    argv        bash --norc --noprofile -i
    tty         yes
    stop        HUP 1s KILL
}
RC
screen_open 100x30 "$SBX_BIN"
wait_screen '^›  . sick' "the screen is up"
screen_keys d h h
wait_screen '\[Probes\]' "the page of the checks"
wait_screen '^ ready +exec test -e go' "what is asked"
wait_screen '^ +✗✗✗+  the check ' "what has failed is a row of signs"
wait_screen '^ (ready)? +[0-9:]{8} ✗ +[0-9.]+ m?s  the check .*1' "each with its time, duration and reason"
touch go
wait_screen '^ +✗+●  its check has exit code 0' "the success is the newest"
wait_screen '^ +ready since' "it is ready"
wait_screen '^ live +exec test ! -e bad' "then the other one is asked"
wait_screen '^ +●●●+  ' "with its own row of signs"
touch bad
wait_screen '^ +●*✗✗✗+  ' "failures come behind"
wait_screen '^ live +[0-9:]{8} ✗' "the newest is on top"
wait_screen '^ +✗{50}  ' "the last 50 are kept"
sleep_lines() {
	[ "$(screen_text | grep -Ec '^ (live)? +[0-9:]{8} [✗●]')" -gt 15 ]
}
wait_until "as many lines as there is room" sleep_lines
kill_engine
wait_screen '^ +✗+●●+  its check has exit code 0' "another engine adds to what the last one has seen"
screen_keys q
wait_screen '^ LIST ' "closed"
screen_keys 2
wait_screen '^›  . server' "a server"
screen_keys d l l
wait_screen "^  +└ [0-9]+ .*http.server.*  :$port +[0-9.]+% " "the process that listens is named with its port"
screen_keys h h
wait_screen '^ ready +port' "the overview has the check"
wait_screen '●  ' "and how it went"
screen_keys q 3
wait_screen '^›  . plain' "one without"
screen_keys d h h
wait_screen 'no check: it counts as ready when it runs' "says so"
screen_keys q q
wait_screen 'leave sbx' "q asks"
wait_screen 'Esc +stay' "with its answers"
unlike "$(screen_text)" 'in front' "a shell alone has nothing in front"
screen_keys Escape
wait_screen '^ LIST ' "Esc stays"
screen_keys 4 Enter
wait_screen '^ TERM ' "in the shell"
screen_type 'sleep 1002'
screen_keys Enter
wait_screen 'sleep 1002' "a program is started"
in_front() {
	pgrep -f '^sleep 1002' >/dev/null
}
wait_until "and runs" in_front
screen_keys 'C-]'
wait_screen '^ LIST ' "C-] leaves"
screen_keys q
wait_screen 'shell has a program in front: sleep 1002' "leaving tells of it"
screen_keys Escape
wait_screen '^ LIST ' "Esc stays"
screen_keys d
wait_screen '^ in front +sleep 1002' "so do the details"
done_testing
