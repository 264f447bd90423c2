#!/bin/sh
# Rows of the list that are no process: the line over a group, and what a run
# that is over has left.
TEST_SECONDS=200
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process keeps {
    cmd   setsid sleep 1000 & setsid sleep 1001 & sleep 0.2
    tree  keep
}
process api {
    cmd   echo hello from api; sleep 1002
    group backend
}
process db {
    cmd   echo hello from db; sleep 1003
    group backend
}
process web {
    cmd   echo hello from web; sleep 1004
    group front
}
RC

# says KEY ERE: what is told is seen for some seconds only, so the key is
# pressed until it is.
says() {
	screen_keys "$1"
	screen_has "$2"
}

# What tree keep has left, each in a row.
screen_open 80x24 "$SBX_BIN"
wait_screen '^.. keeps +done \+2' "a run that is over has left two"
wait_screen '^   └ [0-9]+ sleep 1000' "each has a row"
wait_screen '^   └ [0-9]+ sleep 1001' "the other too"
screen_size 200x50
wait_screen ' PORTS .*│' "all columns"
# The word behind it wants room, which a pid of five digits leaves none of.
wait_screen '^     └ [0-9]+ sleep 1000( +left)? .*│' "with them as well"
screen_size 80x24
wait_screen '^   └ [0-9]+ sleep 1000' "and back"
screen_keys g
wait_screen '^›. keeps' "the cursor on the process"
screen_keys Down
wait_screen '^›  └ [0-9]+ sleep 1000' "goes to what it has left"
wait_screen '^ LIST  [0-9]+, left by keeps' "which the status row names"
wait_screen '^ Enter log  x stop it  X kill' "and the hints are for it"
first=$(screen_text | sed -n 's/^›  └ \([0-9]*\) .*/\1/p')
screen_keys x
# First of all: three seconds later it is not there any more.
wait_screen "^ :stop keeps/$first" "the command is shown"
wait_until "x ends it" is_gone "$first"
wait_screen '^.. keeps +done \+1' "one is left"
wait_no_screen 'sleep 1000' "its row goes"
screen_keys g Down
wait_screen '^›  └ [0-9]+ sleep 1001' "the other one"
second=$(screen_text | sed -n 's/^›  └ \([0-9]*\) .*/\1/p')
screen_keys S
wait_screen "send a signal to keeps/$second" "S is for it alone"
screen_keys Escape
wait_no_screen 'send a signal' "closed"
screen_keys X
wait_until "X kills it" is_gone "$second"
wait_screen '^›. keeps +done  ' "the cursor falls to the process"

# The line over a group.
screen_size 120x40
wait_screen '^ ▾ backend  2/2' "groups have lines"
screen_keys g Down
wait_screen '^›▾ backend' "the cursor goes there"
wait_screen '^ LIST  group backend' "the status row names it"
wait_screen '^ Enter fold  s start them' "the hints are for it"
screen_keys Enter
wait_screen '^›▸ backend  2/2' "Enter folds it"
wait_no_screen '● api' "its processes are not listed"
wait_screen '^ Enter unfold' "as the hint says"
screen_keys A
wait_screen '^▌logs of backend  2 processes' "A merges its logs"
wait_screen 'hello from db' "a log of it"
unlike "$(screen_text)" 'hello from web' "and no other"
screen_keys A
wait_screen '^›▸ backend' "back on the line"
wait_until "details are of a process" says d "'details' is for a process, not for the group backend"
screen_keys Enter
wait_screen '● api' "Enter unfolds it"
screen_keys Space
wait_screen '^ +\+● api' "Space marks all of it"
wait_screen '^ +\+● db' "all"
screen_keys Space
wait_no_screen '\+● api' "and none"
screen_keys x
wait_screen 'stop 2 processes' "x asks for the group"
wait_screen 'api db' "by name"
screen_keys s
wait_until "and stops it" has_status api killed
wait_until "all of it" has_status db killed
is "$(status_of web)" running "nobody else"
screen_keys s
wait_screen 'start 2 processes' "s too"
screen_keys s
wait_until "starts it" has_status db running
screen_keys Tab J
wait_screen "^ LOG  " "the log of a process"
wait_screen '^.+│▌(api|db|web)  ' "J goes to processes only"

# The last search is repeated by nothing typed, also by the next screen.
screen_type ':'
wait_screen '^ COMMAND ' "a prompt"
screen_type 'select web'
screen_keys Enter
wait_screen '│.web ' "web"
screen_keys /
wait_screen '^ FIND ' "what to find"
screen_type 'from'
screen_keys Enter
wait_screen '/from  match 1 of 1' "found"
screen_keys Escape
wait_no_screen '/from' "not any more"
screen_keys / Enter
wait_screen '/from  match 1 of 1' "found again"
screen_keys Escape
wait_no_screen '/from' "not any more"

# What was seen when it was left is seen when one comes back.
screen_keys Tab
wait_screen '^ LIST ' "the list"
screen_keys 4
wait_screen '^›  . web' "the last one"
screen_keys m
wait_screen '── mark 1 ──' "a mark"
screen_keys '&'
wait_screen '^ FILTER ' "a filter"
screen_type '!nothing'
screen_keys Enter
wait_screen '&!nothing' "is set"
screen_keys w
wait_screen 'wrap on' "wrapped"
screen_keys t
wait_screen 'time on' "with times"
screen_keys g Down
wait_screen '^›▾ backend' "on the group"
screen_keys Enter
wait_screen '^›▸ backend' "folded"
screen_keys 2
wait_screen '^›  . web' "and back"
screen_keys Q
wait_screen '\[ended 0\]' "detached"
again() {
	server=$(tmux_ display-message -p '#{pid}')
	screen_close
	poll "$WAIT" is_gone "$server"
	rm -f "$T/x/t"
	screen_open 120x40 "$SBX_BIN"
}
again
wait_screen '^›  . web' "the same process is selected"
wait_screen '^ ▸ backend  2/2' "the same group is folded"
wait_screen 'wrap on  time on' "wrapped, with times"
wait_screen '&!nothing' "the filter is there"
wait_screen '── mark 1 ──' "so is the mark"
screen_keys Tab / Enter
wait_screen '/from  ' "the last search is known"
screen_keys Escape
wait_no_screen '/from' "it goes first"
screen_keys q
wait_no_screen '&!nothing' "then the filter"
screen_keys q
wait_screen '^ LIST ' "then the log"
screen_keys q
wait_screen 'leave sbx' "q asks"
screen_keys s
wait_screen '\[ended 0\]' "all is stopped"
again
wait_screen '^ ▸ backend  2/2' "a new session has the groups as they were"
wait_screen 'wrap on  time off' "but settings of its own"
unlike "$(screen_text)" '&!nothing|^›  . web' "and begins at its beginning"

# Whatever stands in the place of its file.
file=$(find "$T" -name screen -type f)
rm "$file"
mkfifo "$file"
screen_keys Q
wait_screen '\[ended 0\]' "it leaves"
ok "and the file is one again" test -f "$file"
is "$(find "$T" -name 'screen.*')" "" "no other one is left"
# A log that has lost its beginning says so above its first line.
cat >small.rc <<'RC'
process full {
    cmd      seq 100000 199999; exec sleep 1005
    log.keep 256K
}
RC
exits 0 "a log that is too long" sbx -f small.rc up
wait_until "all of it is there" sh -c "'$SBX_BIN' -f small.rc logs full -n 1 | grep -q 199999"
# Its engine has come to the end of that turn, and dropped what is too much.
exits 0 "its row" sbx -f small.rc show full
run sbx -f small.rc logs full
first=$(printf '%s\n' "$out" | head -n 1)
gone=$(printf '%s\n' "$err" | sed -n 's/^sbx: full: dropped \([0-9]*\) bytes$/\1/p')
screen_open 80x24 "'$SBX_BIN' -f small.rc"
wait_screen '199999' "its log"
screen_keys Tab g
wait_screen "── ${gone:-none} bytes are missing here, up to line [1-9]" "what is missing, at its top"
wait_screen "│  ${first:-none}( |\$)" "and then its first whole line"
unlike "$(screen_text)" "│  [0-9]{1,5}( |\$)" "and no part of one"
screen_keys A
wait_screen 'all logs' "all logs"
screen_keys g
wait_screen "full .*${gone:-none} bytes are missing here" "begin with it, too"
screen_close
done_testing
