#!/bin/sh
# List, log and terminal panes, their keys, and what must not be a key.
TEST_SECONDS=300
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process api {
    cmd     i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo "line $i of api"; [ $((i % 50)) = 0 ] && echo "ERROR number $i"; done; sleep 1000
    watch errors /ERROR/ level=error
}
process web {
    cmd     echo listening; echo listening too >&2; read x; echo ding; sleep 1000
    stdin   pipe
    watch   ding /ding/ bell
    watch   up /listening/ mark
    watch   bad /listening/ level=error stream=stderr
}
process shell {
    argv    sh -i
    tty     yes
    env     "PS1=ready> "
}
process cat {
    argv    cat -v
    tty     yes
}
RC

# A prompt has to be there before something is typed into it: many letters at
# once outside one are taken for a paste.
prompt() {
	screen_type "$1"
	wait_screen "^ $2 " "$1 opens $2"
}

screen_open 80x24 "stty -a >$T/stty.before; $SBX_BIN; code=\$?; stty -a >$T/stty.after; (exit \$code)"
wait_screen '^.shop +4 up' "the list says how many are up"
wait_screen '^›. api ' "the first process is selected"
wait_screen 'ERROR number 200' "its log is shown to the end"
wait_screen '^ LIST  api  follow' "the status row tells the mode"
wait_screen '/ find  : command  \? keys  q quit' "the hint row tells the keys"
wait_screen '^ tip: . lists all keys *│' "a tip, the first time"
is "$(screen_text | wc -l)" 24 "the picture fits"

# The log: stand still, search, errors, filter.
screen_keys Tab
wait_screen '^ LOG  api ' "Tab goes to the log"
screen_keys k k k
wait_screen 'PAUSED  \+0 new  G to follow' "scrolling up stands still and says so"
screen_keys G
wait_no_screen 'PAUSED' "G follows again"
prompt / FIND
screen_type 'line 1[0-9] of'
screen_keys Enter
wait_screen 'match 10 of 10 ' "a search goes to the nearest hit and counts"
screen_keys N N
wait_screen 'match 8 of 10 ' "N goes back"
screen_keys n
wait_screen 'match 9 of 10 ' "n goes on"
screen_keys Escape
wait_no_screen 'match ' "Esc clears the search"
screen_keys g
wait_screen '│. line 1 of api' "g goes to the first line"
prompt / FIND
screen_type 'line 199 of'
screen_keys Enter
wait_screen 'match 1 of 1 ' "a hit near the end"
wait_screen '│› line 199 of api' "is marked where it falls"
like "$(screen_text | sed -n 22p)" 'ERROR number 200' "the page ends with the log's end"
like "$(screen_text | sed -n 2p)" 'line 18[0-9] of' "and it is full"
wait_screen 'PAUSED  \+0 new' "and stands still"
screen_keys Escape
wait_no_screen 'match ' "Esc clears that search, too"
screen_keys m g
wait_screen '│. line 1 of api' "a mark at the end is out of sight"
screen_keys ']'
wait_screen '── mark 1 ──' "] goes there"
like "$(screen_text | sed -n 2p)" 'line 18[0-9] of' "on a full page, too"
screen_keys ']'
wait_screen 'no further run or mark' "and no further"
screen_keys g e
wait_screen '› ERROR number 50' "e goes to the next error"
prompt '&' FILTER
screen_type 'ERROR'
screen_keys Enter
wait_no_screen '│. line [0-9]+ of' "a filter keeps what matches"
wait_screen '&ERROR' "and is shown"
screen_keys Escape
wait_screen '│. line [0-9]+ of' "Esc takes it away"
screen_keys q
wait_screen '^ LIST ' "q goes back to the list"

# A terminal: every key is the program's but one.
screen_keys 4
wait_screen '│ cat  . tty' "4 selects the fourth process"
screen_keys Enter
wait_screen '^ TERM  every key goes to cat' "Enter uses its terminal"
wait_screen 'Ctrl-\] back to the list' "and only one key is told"
screen_type 'qjxd?:/ Q'
screen_keys Enter
wait_screen '│qjxd\?:/ Q' "keys of sbx are text there"
screen_keys 'C-]'
wait_screen '^ LIST  cat' "C-] leaves"
screen_keys 'C-]'
wait_screen '^ TERM ' "and comes back"
screen_keys 'C-]' 'C-]'
screen_keys Enter
wait_screen '│(\^\])+$' "twice quickly is one for the program"
wait_screen '^ TERM ' "which keeps the keys"

# Its end: keys stay disconnected.
screen_keys C-d C-d
wait_screen '── ended [0-9:]+, exit 0' "the end is told in its pane"
screen_type 'qxd'
wait_screen '^ TERM  cat has ended; keys are not sent' "no key is a command then"
screen_keys Enter
wait_screen '│▌cat  . tty' "Enter starts it again"
screen_keys 'C-]'
wait_screen '^ LIST ' "C-] leaves still"

# Paste is never a command.
tmux_ set-buffer 'xjqd'
tmux_ paste-buffer -p
wait_screen 'paste ignored' "a paste into the list is ignored"
is "$(status_of cat)" running "and stops nothing"
screen_keys 3 Enter
wait_screen '^ TERM ' "the shell has the keys"
wait_screen 'ready>' "and its prompt"
tmux_ set-buffer 'echo pas''ted'
tmux_ paste-buffer -p
screen_keys Enter
wait_screen '│pasted$' "a paste into a terminal is typed"
# Keys within 20 ms of a paste are its tail, and no command.
sleep 0.1
screen_keys 'C-]'
wait_screen '^ LIST ' "C-] leaves it"

# Sheets and the command line.
prompt '?' HELP
wait_screen 'keys here: list of processes' "it lists the keys"
screen_type 'wrap'
wait_screen 'w  wrap or cut lines' "typing filters them"
screen_keys Enter
wait_screen 'wrap on' "Enter runs one"
prompt : COMMAND
screen_type 'select web'
screen_keys Enter
wait_screen '\+ listening  ' "a watch marks its line"
wait_screen '! listening too  ' "a watch of one stream looks at that stream"
prompt : COMMAND
screen_type 'select api'
screen_keys Enter
wait_screen '^ [A-Z]+  api ' "and back"
bell_rang() {
	[ "$(tmux_ display-message -p '#{window_bell_flag}')" = 1 ]
}
is "$(bell_rang && echo rang)" "" "no bell so far"
ok "a line" sbx send web x
wait_until "a watch rings the bell" bell_rang
web=$(pid_of web)
prompt : COMMAND
screen_type 'stop we'
screen_keys Tab
wait_screen ': stop web' "Tab completes"
screen_keys Enter
wait_until ":stop stops" is_gone "$web"
wait_screen 'stopping web: [A-Z]+, then [A-Z]+ in [0-9]+s  \(X kills now\)' \
	"and tells how"
prompt : COMMAND
screen_type 'bind x zom'
screen_keys Enter
wait_screen "there is no command 'zom'" ":bind refuses what no key could do"
prompt : COMMAND
screen_type 'set timestamps time'
screen_keys Enter
screen_keys 1
wait_screen '[0-9][0-9]:[0-9][0-9]:[0-9][0-9] line' "a setting takes effect at once"
prompt : COMMAND
screen_type 'frobnicate'
screen_keys Enter
wait_screen 'frobnicate' "nonsense is told"
screen_keys d
wait_screen '^ DETAIL  api' "d shows details"
wait_screen 'command +i=0;' "with the command"
screen_keys q
wait_screen '^ LIST ' "q closes them"
prompt a FORM
screen_type 'echo added; sleep 1000'
screen_keys Enter
wait_screen '. echo +up' "the new process is in the list"

# Sizes.
for size in 120x40 40x20 40x10 20x4 10x3 3x2 1x1 200x50; do
	screen_size "$size"
	wait_until "$size: it is alive" screen_has '.'
done
screen_size 80x24
wait_screen '^.shop +[0-9]+ up' "80x24 again"
wait_screen '^ LIST ' "with its status row"

# Leaving.
screen_keys q
wait_screen 'leave sbx — [0-9] processes are running' "q asks"
screen_keys Escape
wait_screen '^ LIST ' "Esc stays"
screen_keys q d
wait_screen 'sbx: detached from shop, [0-9] running. Back: sbx' "d detaches with a receipt"
wait_screen '\[ended 0\]' "and exit code 0"
ok "the terminal is as it was" cmp "$T/stty.before" "$T/stty.after"
is "$(tmux_ display -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" "0 1 0" \
	"screen, cursor and mouse too"
is "$(status_of api)" running "the processes go on"
done_testing
