#!/bin/sh
# However it ends, the terminal is left as it was; the engine may die.
TEST_SECONDS=300
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process web  echo listening; sleep 1000
process shell {
    argv    sh
    tty     yes
    env     "PS1=ready> "
}
RC

keeper_pid() {
	sbx doctor | awk '$1 == "keeper_pid" { print $2 }'
}
# The one process of this test that is the screen.
client_pid() {
	tmux_ list-panes -F '#{pane_pid}' | while read -r shell; do
		for p in $(cat "/proc/$shell/task/$shell/children"); do
			echo "$p"
		done
	done
}
state() {
	tmux_ display -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}'
}
# A new server on the same socket only when the old one has let go of it.
server_gone() {
	! tmux_ list-sessions
}
close_it() {
	tmux_ kill-server
	poll "$WAIT" server_gone
	rm -f "$T/x/t"
}
terminal_is_clean() {
	wait_screen '\[ended ' "$1: the screen has ended"
	is "$(state)" "0 1 0" "$1: alternate screen, cursor, mouse"
	ok "$1: stty" cmp "$T/stty.before" "$T/stty.after"
	close_it
	rm -f "$T/stty.before" "$T/stty.after"
}
open_it() {
	screen_open 80x24 "stty -a >$T/stty.before; $SBX_BIN; code=\$?; stty -a >$T/stty.after; (exit \$code)"
	wait_screen '^ LIST  web' "$1: it is open"
	is "$(state | cut -d' ' -f1)" 1 "$1: on the alternate screen"
}

for sig in TERM HUP INT SEGV ABRT BUS; do
	open_it "$sig"
	kill -"$sig" "$(client_pid)"
	terminal_is_clean "$sig"
done
is "$(status_of web)" running "nothing of that touched a process"

# The client is killed: that cannot be made clean, the next one is.
open_it KILL
kill -KILL "$(client_pid)"
wait_screen 'ended 137' "KILL: it is gone"
close_it
is "$(status_of web)" running "KILL: the processes go on"

# The engine dies under an open screen.
open_it engine
screen_keys 2
wait_screen 'ready>' "the terminal is shown"
old=$(engine_pid)
kill -KILL "$old"
new_engine() {
	ne=$(engine_pid)
	[ -n "$ne" ] && [ "$ne" != "$old" ]
}
wait_until "there is a new engine" new_engine
wait_screen '^ LIST  shell' "the selection is kept"
screen_keys Enter
wait_screen '^ TERM ' "its terminal can be used"
# Typed before the connection is back: kept for the new engine.
screen_type 'echo al''ive'
screen_keys Enter
wait_screen '│alive$' "and answers, whenever it was typed"
screen_keys 'C-]'
wait_screen '^ LIST ' "back in the list"
shell=$(pid_of shell)
screen_keys x
wait_until "requests go to the new engine" is_gone "$shell"

# Somebody else stops the set.
sbx down >/dev/null 2>&1
wait_screen 'sbx: shop is stopped' "the screen says that the set was stopped"
terminal_is_clean "down"

# Keeper and engine die together.
open_it both
engine=$(engine_pid)
kill -KILL "$(keeper_pid)" "$engine" 2>/dev/null
wait_screen '^sbx: .*keeper' "the screen tells what has happened"
terminal_is_clean "both"

# What is no terminal for a full screen.
screen_open 80x24 "TERM=dumb $SBX_BIN"
wait_screen "type commands as lines" "TERM=dumb has lines instead"
screen_type 'down'
screen_keys Enter
wait_screen '\[ended 0\]' "and a command ends it"
close_it
screen_open 80x24 "TERM=no-such-terminal $SBX_BIN"
wait_screen "is not known here" "an unknown TERM is refused"
exits 3 "and has started nothing" sbx ls
close_it
echo 'procss web ls' >sbxrc
screen_open 80x24 "$SBX_BIN"
wait_screen "sbxrc:1:1: error: unknown word 'procss'" "mistakes are told before the screen"
wait_screen '\[ended 2\]' "with exit code 2, too"
close_it
rm sbxrc

# No sbxrc at all.
screen_open 80x24 "$SBX_BIN"
wait_screen 'no sbxrc here' "the first-run screen"
wait_screen 'process web     npm run dev' "with an example"
screen_type t
wait_screen '. shell +tty' "t opens a terminal"
screen_keys Enter
wait_screen '^ TERM ' "which can be used"
screen_keys 'C-]'
wait_screen '^ LIST ' "and left"
screen_keys q s
wait_screen 'sbx: .* is stopped' "q s stops all and leaves"
wait_screen '\[ended 0\]' "with exit code 0"
done_testing
