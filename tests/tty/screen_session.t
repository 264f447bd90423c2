#!/bin/sh
# Where the screen begins and ends: a directory without an sbxrc, an sbxrc
# that is edited, notes, the end of everything, a terminal that is closed.
TEST_SECONDS=300
. tests/lib/tty.sh
line() {
	screen_type :
	poll "$WAIT" screen_has '^ COMMAND '
	screen_type "$1"
	screen_keys Enter
}

# A server that is still ending would take the next screen with it.
close() {
	server=$(tmux_ display-message -p '#{pid}')
	screen_close
	poll "$WAIT" is_gone "$server"
	rm -f "$T/x/t"
}

# Nothing to run yet.
printf 'web: echo listening; sleep 1000\nworker: sleep 1000\n' >Procfile
printf '{ "scripts": { "dev": "vite", "lint": "eslint ." } }\n' >package.json
screen_open 80x24 "$SBX_BIN"
wait_screen '^.no sbxrc here' "the first screen says what is missing"
wait_screen '› Procfile +2 processes +web, worker' "and what was found"
wait_screen '  package.json +2 processes' "in all files"
screen_keys Enter
wait_screen 'process web' "Enter shows what it would be"
screen_keys Escape
wait_screen '^.no sbxrc here' "Esc goes back"
screen_keys '?'
wait_screen '^ HELP ' "? tells the keys"
screen_keys Escape
wait_screen '^ START ' "and closes"
ok "nothing is written" test ! -e sbxrc
screen_keys w
wait_screen 'sbx: .*/sbxrc is written, with 2 processes' "w writes it"
wait_screen '\[ended 0\]' "and leaves"
ok "it has no mistakes" sbx check
close

# An edited sbxrc.
cat >sbxrc <<'RC'
set name shop
process web {
    cmd   echo listening; read x; echo trouble; sleep 1000
    stdin pipe
    watch bad /trouble/ level=error notify
}
RC
screen_open 80x24 "$SBX_BIN"
wait_screen '^›. web ' "the set"
screen_keys C-r
wait_screen 'nothing has changed in the sbxrc' "C-r reads it again"
cat >>sbxrc <<'RC'
process docs  printf '\033[31mred docs\033[0m\n'; sleep 1000
RC
wait_screen 'sbxrc' "an edit is noticed"
screen_keys C-r
wait_screen '^ CONFIG ' "C-r shows"
wait_screen 'start +docs' "what would change"
screen_keys Escape
wait_screen '^ LIST ' "Esc changes nothing"
is "$(status_of docs)" "" "nothing was added"
line reload
wait_screen 'start +docs' ":reload does the same"
screen_keys Enter
wait_screen '^ . docs +up' "Enter takes it over"
cat >>sbxrc <<'RC'
process bad {
    restrat always
}
RC
screen_keys C-r
wait_screen "unknown word 'restrat'" "mistakes are shown"
screen_keys Escape
wait_screen '^ LIST ' "and change nothing"
sed -i '/^process bad/,$d' sbxrc

# Colours and notes.
screen_keys 2
wait_screen 'red docs' "a log"
colours() {
	tmux_ capture-pane -p -e | grep 'red docs' | grep -q '31m'
}
ok "has its colours" colours
line 'set log.colors off'
no_colours() {
	! colours
}
wait_until "or has not" no_colours
line "set notify cat >$T/note; echo \"\$SBX_NOTE\" >>$T/note"
wait_screen '^ LIST ' "notes go to a command"
ok "a line" sbx send web x
wait_until "which gets the text" grep -q trouble "$T/note"
line 'hangup'
line 'set hangup stop'
wait_screen '^ LIST ' "hangup stop"
web=$(pid_of web)
close
wait_until "a closed terminal stops everything" is_gone "$web"
down() {
	sbx ls >/dev/null 2>&1
	[ $? = 3 ]
}
wait_until "the engine too" down

# The end of everything.
cat >sbxrc <<'RC'
set on-done quit
process one  sleep 1; exit 0
process two  sleep 1; exit 3
RC
screen_open 80x24 "$SBX_BIN"
wait_screen '\[ended 3\]' "on-done quit leaves with the worst exit code"
done_testing
