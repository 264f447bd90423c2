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
screen_keys Enter
wait_screen '^ Enter start these  w write sbxrc' "the next Enter would start them"
screen_keys Enter
wait_screen '^›. web +up' "and does"
wait_screen '^ . worker +up' "all of them"
wait_screen 'nothing was written' "without a file"
ok "as it says" test ! -e sbxrc
is "$(field_of web command)" "echo listening; sleep 1000" "what runs is what was shown"
screen_keys a
wait_screen 'write these lines to a new sbxrc' "one that is added could be kept"
screen_keys Escape
wait_screen '^ LIST ' "closed"
web=$(pid_of web)
screen_type ':'
wait_screen '^ COMMAND ' "a prompt"
screen_type write
screen_keys Enter
wait_screen 'these lines would make an sbxrc here' ":write would make one"
ok "and has not yet" test ! -e sbxrc
screen_keys Enter
wait_screen 'written to sbxrc' "Enter makes it"
ok "without a mistake" sbx check
is "$(pid_of web)" "$web" "the set is found by it, and nobody was restarted"
like "$(sbx show web)" 'config +sbxrc:' "they belong to the file"
ok "reload knows it" sbx reload
echo 'process extra sleep 1000' >>sbxrc
wait_screen 'sbxrc changed: 1 difference' "an edit is noticed"
kill_engine
wait_until "by another engine, too" has_status web running
is "$(pid_of web)" "$web" "which has all of it"
exits 0 "reload" sbx reload
wait_until "it starts what is new" has_status extra running
rm sbxrc
screen_keys q
wait_screen 'leave sbx' "q asks"
screen_keys s
wait_screen '\[ended 0\]' "all is stopped"
close
screen_open 80x24 "$SBX_BIN"
wait_screen '^.no sbxrc here' "the first screen again"
screen_keys w
wait_screen 'sbx: .*/sbxrc is written, with 2 processes' "w writes it"
wait_screen '\[ended 0\]' "and leaves"
ok "it has no mistakes" sbx check
close

# An edited sbxrc.
cat >sbxrc <<'RC'
set name shop
env FROM=sbxrc
process web {
    cmd   echo listening; read x; echo trouble; sleep 1000
    stdin pipe
    watch bad /trouble/ level=error notify
}
RC
cat >edit <<END
#!/bin/sh
[ ! -f $T/edited ] || { cp $T/edited "\$2"; rm $T/edited; }
echo "\$2" >>$T/files
END
chmod +x edit
screen_open 80x24 "EDITOR=$T/w/edit $SBX_BIN"
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
screen_keys C-e
wait_until "C-e is the editor" grep -q '/sbxrc$' "$T/files"
wait_screen 'start +docs' "and shows it again"
screen_keys Escape
wait_screen '^ LIST ' "Esc changes nothing"
is "$(status_of docs)" "" "nothing was added"
line reload
wait_screen 'start +docs' ":reload does the same"
screen_keys Enter
wait_screen '^ . docs +up' "Enter takes it over"
cat >>sbxrc <<'RC'
process bad {
    cmd sleep 1000
    restrat always
    nice many
}
RC
wait_screen 'sbxrc changed: 2 mistakes \(C-r shows\)' "mistakes are told"
screen_keys C-r
wait_screen '^.sbxrc has 2 mistakes . still running with the version of' "C-r"
wait_screen "sbxrc:[0-9]*:5: error: unknown word 'restrat'" "shows them"
wait_screen '^        \| +\^~~~~~~' "where they are"
wait_screen '^  If these were right, reload would:' "and what is meant"
wait_screen '^    start +bad +\(new\)' "as a plan"
wait_screen '^    leave +web docs' "of all processes"
wait_screen '^ CONFIG  2 errors' "two of them"
wait_screen 'e open .EDITOR at line ([0-9]+)  r check' "the first is chosen"
screen_keys r
wait_screen '^ CONFIG  2 errors' "it is looked at again"
is "$(status_of bad)" "" "nothing is changed by that"
screen_keys Escape
wait_screen '^ LIST ' "and change nothing"
sed -i '/^process bad/,$d' sbxrc

# One more, by hand and for good.
screen_keys a
wait_screen '^ FORM ' "the form"
screen_type 'sleep 1001'
wait_screen '\[ \] write these lines to sbxrc' "it need not be kept"
wait_screen 'process sleep \{' "its lines are shown"
screen_keys BTab Space
wait_screen '\[x\] write these lines to sbxrc' "but it can"
screen_keys Enter
wait_screen 'written to sbxrc' "it is"
wait_screen '^›. sleep +up' "and runs"
like "$(tail -n 3 sbxrc)" '^    cmd sleep 1001$' "its lines are at the end"
like "$(cat sbxrc)" '^set name shop$' "the others are as they were"
like "$(sbx show sleep)" 'config +sbxrc' "it belongs to the file"
sleeper=$(pid_of sleep)
ok "and is from the start what the file makes of it" sh -c \
	"tr '\\0' '\\n' </proc/$sleeper/environ | grep -qx FROM=sbxrc"

# Behind something that is open it would be part of it.
cp sbxrc "$T/rc"
echo 'process open {' >>sbxrc
cp sbxrc "$T/rc.open"
screen_keys a
wait_screen '^ FORM ' "the form"
screen_type 'sleep 1003'
screen_keys BTab Space Enter
wait_screen 'not written to sbxrc' "a file with mistakes is left alone"
ok "and is as it was" cmp sbxrc "$T/rc.open"
mv "$T/rc" sbxrc

# The same in the editor.
cat >"$T/edited" <<'END'
process odd {
    cmd   sleep 1002
    restrat always
}
END
screen_keys a
wait_screen '^ FORM ' "the form again"
screen_type 'true'
screen_keys C-e
wait_screen "line 3: unknown word 'restrat'" "mistakes are told"
wait_screen '^ FORM ' "and the form stays"
cat >"$T/edited" <<'END'
process odd {
    cmd   sleep 1002
    env   COLOUR=blue
}
END
screen_keys C-e
wait_screen '^›. odd +up' "what the editor left is added"
ok "with all its lines" sh -c "tr '\\0' '\\n' </proc/$(pid_of odd)/environ | grep -qx COLOUR=blue"
is "$(field_of odd cwd)" "$T/w" "it runs in the directory of the set"
is "$(ls /tmp/sbx-new.* 2>/dev/null | wc -l)" 0 "no file of it is left"
unlike "$(cat sbxrc)" odd "nor in sbxrc, when it was not to be kept"
is "$(pid_of sleep)" "$sleeper" "nobody was restarted"

# What was changed here as lines, and what has happened.
line 'set scroll.lines 5'
line 'bind C-k zoom'
ok "one by hand" sbx add hand --env 'A=b c' --group front --timeout 1h -- \
	sleep '10 03'
ok "which gets a watch" sbx watch hand add w '/x y/' level=warn
ok "one with a secret" sbx add hush --env API_KEY=sesame -- sleep 1004
free_port
"$SBX_BIN" serve --listen "127.0.0.1:$port" >/dev/null 2>&1 &
served=$!
wait_until "and one over HTTP" curl -sf -H 'content-type: application/json' \
	-d '{"command":"sleep","args":["1005"]}' \
	"http://127.0.0.1:$port/v1/processes"
kill "$served"
line write
wait_screen '^ WRITE ' ":write shows the lines"
wait_screen '; :write all adds 1 made over HTTP' "and says what it leaves out"
unlike "$(screen_text)" 'sleep 1005' "which is not there"
screen_keys Escape
wait_no_screen '^ WRITE ' "closed"
line 'write all'
wait_screen '^ WRITE ' ":write all"
screen_keys G
wait_screen '^      argv sleep 1005' "writes it, too"
screen_keys Escape
wait_no_screen '^ WRITE ' "closed"
line write
wait_screen '^ WRITE ' "the lines again"
wait_screen '^  set scroll.lines 5' "of settings"
wait_screen '^  bind C-k zoom' "of keys"
wait_screen "^      argv sleep '10 03'" "of processes"
wait_screen "^      env 'A=b c'" "with variables"
wait_screen "^      group front" "groups"
wait_screen "^      watch w /x y/ level=warn" "watches"
wait_screen "^      timeout 1h" "and limits"
screen_keys G
wait_screen "^      # env API_KEY: looks like a secret" "a secret is left out"
unlike "$(cat sbxrc)" 'scroll.lines' "nothing is written yet"
screen_keys Enter
wait_screen '^ CONFIG ' "Enter writes them and shows what a reload would do"
like "$(cat sbxrc)" '^set scroll.lines 5' "they are at the end"
ok "without a mistake" sbx check
screen_keys Enter
wait_screen '^ LIST ' "taken over"
like "$(sbx show hand)" 'config +sbxrc' "it belongs to the file"
line events
wait_screen '^ EVENTS ' ":events"
wait_screen '^  [0-9:]{8} hand +(started|added)' "tells what has happened"
screen_keys q
wait_screen '^ LIST ' "closed"
screen_keys w t w
wait_screen 'time column: ' "of two messages at once the second comes, too"
screen_keys t t t
line events
wait_screen '^ EVENTS ' ":events again"
wait_screen ' screen +time column: off' "tells all messages of the status row"
wait_screen ' screen +wrap on' "the hidden ones, too"
screen_keys q
wait_screen '^ LIST ' "closed"
# One whole line of a log.
ok "a long line" sbx add long -- seq -s ' ' 60
wait_screen ' . long +done' "is in a log"
screen_type ':'
wait_screen '^ COMMAND ' "a prompt"
screen_type 'select long'
screen_keys Enter
wait_screen '^›. long' "which is selected"
wait_screen '1 2 3 4 .*›' "and cut"
screen_keys Tab Enter
wait_screen '^▌long, line 1' "Enter shows all of it"
wait_screen ' 58 59 60' "to its end"
screen_keys q
wait_screen '^ LOG ' "closed"
screen_keys Tab
wait_screen '^ LIST ' "the list"

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
