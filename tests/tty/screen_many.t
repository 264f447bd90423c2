#!/bin/sh
# Several processes at once: marks, panes side by side, all logs as one; and
# text that is selected and copied.
TEST_SECONDS=300
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process api {
    cmd     for i in 1 2 3 4 5 6; do echo "api line $i"; sleep 0.1; done; while read -r x; do echo "api says $x"; done
    stdin   pipe
    watch   bad /trouble/ level=error
}
process web {
    cmd     sleep 0.05; for i in 1 2 3 4 5 6; do echo "web line $i"; sleep 0.1; done; while read -r x; do echo "web says $x"; done
    stdin   pipe
}
process db {
    cmd     echo "db	tab"; printf 'esc\033]0;title\007 \033[31mred\033[0m\n'; sleep 1000
}
process shell {
    argv    sh -i
    tty     yes
    env     "PS1=ready> "
}
process cave {
    cmd     sleep 1000
    hidden  yes
}
RC
prompt() {
	screen_type "$1"
	wait_screen "^ $2 " "$1 opens $2"
}
line() {
	screen_type :
	poll "$WAIT" screen_has '^ COMMAND '
	screen_type "$1"
	screen_keys Enter
}
buffer() {
	tmux_ show-buffer 2>/dev/null
}
buffer_is() {
	[ "$(buffer)" = "$1" ]
}

screen_open 80x24 "$SBX_BIN"
wait_screen '^›. api ' "the first process is selected"
wait_screen 'api line 6' "it has said all"
wait_screen '^ . shell +tty' "the terminal is up"
screen_keys 2
wait_screen 'web line 6' "so has the second"
screen_keys 1

# Marks.
screen_keys Space
wait_screen '^ \+. api ' "Space marks"
wait_screen '^› . web' "and goes on to the next"
wait_screen '1 marked' "the status row counts"
screen_keys Space
wait_screen '^ \+. web ' "the second is marked too"
wait_screen 'x stop  r restart' "hints are for the marked ones"
screen_keys x
wait_screen 'stop 2 processes' "an action is for all that are marked, and asks"
wait_screen 'api web' "with their names"
screen_keys Escape
wait_screen '^ LIST ' "Esc does nothing"
is "$(status_of api)" running "nothing was stopped"
screen_keys Escape
wait_no_screen '^ \+' "Esc clears the marks"
screen_keys 1 Space 3 v
wait_screen '^›\+. db' "v marks up to the cursor"
wait_screen '^ \+. web' "those between as well"
api=$(pid_of api)
screen_keys r
wait_screen 'restart 3 processes' "r is for them"
screen_keys r
wait_until "and restarts them" new_pid api "$api"
screen_keys U
wait_no_screen '^.\+' "U clears all marks"

# All logs as one.
wait_until "they are up again" has_status web running
screen_keys A
wait_screen '^.all logs  4 processes, newest last +follow' "A shows all logs"
wait_screen '^ LOG  all  follow' "the status row says so"
wait_screen '^  [0-9:]{8} api .*[▕█]$' "and a scroll bar where"
wait_screen '^  [0-9:]{8} api   │ api line 6' "lines have time and name"
ok "a line" sbx send api "one trouble"
wait_screen '^! [0-9:]{8} api   │ api says one trouble' "a new line comes last, with its watch's mark"
ok "another" sbx send web "two"
wait_screen '^  [0-9:]{8} web   │ web says two' "of another process too"
order=$(screen_text | grep -o '[a-z]* says .*' | tr '\n' ',')
like "$order" 'api says one trouble *[▕█],web says two' "in the order in which they came"
prompt '&' FILTER
screen_type 'line [56]'
screen_keys Enter
wait_no_screen 'api line 1' "filters are for all"
wait_screen 'web line 5' "what matches stays"
wait_screen '^ LOG  all .*&line \[56\]' "and they are shown"
screen_keys Escape
wait_screen 'says two' "Esc takes the filter away"
prompt / FIND
screen_type 'line 3'
screen_keys Enter
wait_screen '^› .*web   │ web line 3' "a search goes to the newest hit"
screen_keys N
wait_screen '^› .*api   │ api line 3' "N to the one before, of another process"
screen_keys Escape
wait_no_screen '/line 3' "Esc clears the search"
screen_keys e
wait_screen '^› .*api   │ api says one trouble' "e goes to what a watch marks"
screen_keys Space
wait_no_screen 'api   │' "Space hides the process of the line"
screen_keys U
wait_screen 'api   │' "U shows it again"
prompt / FIND
screen_type 'web line 2'
screen_keys Enter
wait_screen '^› .*web   │ web line 2' "a line is found"
screen_keys Escape
wait_no_screen '/web line' "the line stays chosen"
screen_keys Enter
wait_screen '^ LOG  web ' "Enter goes to that process"
wait_screen 'web line 2' "at that line"
screen_keys G
wait_screen 'web says two' "G goes to its end"
screen_keys q
wait_screen '^ LIST ' "q goes back"

# Panes side by side.
screen_keys 1
screen_type '|'
wait_screen 'mark two or more processes' "| without marks tells how"
screen_keys Space Space
screen_type '|'
wait_screen '│.api  .*pid' "the first pane"
wait_screen '│ web  .*pid' "the second one below it"
wait_screen '^ LOG  api' "the first has the keys"
screen_keys Tab
wait_screen '^ LOG  web' "Tab goes to the second"
wait_screen '│.web  ' "whose title has the bar"
ok "a line for the other" sbx send api "three"
wait_screen 'api says three' "is seen in its pane"
screen_keys Tab
wait_screen '^ LIST ' "and to the list"
screen_keys Tab z
wait_no_screen 'web says' "z shows one of them alone"
screen_keys z
wait_screen 'web says' "and all again"
for size in 200x50 40x12 120x40 80x24; do
	screen_size "$size"
	wait_until "$size: it is alive" screen_has '.'
done
wait_screen 'web says' "still two panes"
screen_type '|'
wait_no_screen 'web says' "| goes back to one"
screen_keys A
wait_screen '^.marked logs  2 processes' "A merges the marked ones"
screen_keys Escape
wait_screen '^.\+. api' "Esc, layer by layer"
screen_keys Escape
wait_no_screen '^.\+' "to the marks"
screen_keys Escape
wait_screen '^ LIST ' "and the list"

# Order and hidden ones.
wait_no_screen ' cave ' "a hidden process is not listed"
screen_keys H
wait_screen ' cave ' "H lists it"
line 'sort name'
wait_screen 'sorted by name' "the list is sorted"
is "$(screen_text | sed -n '2,6s/^.. \([a-z]*\) .*/\1/p' | tr '\n' ' ')" "api cave db shell web " "by name"
screen_type '<'
wait_screen 'in the order of sbxrc' "< goes back a column"
screen_keys H
wait_no_screen ' cave ' "H again hides it"

# Lines of a log.
screen_keys 1 Tab
wait_screen '^ LOG  api' "the log has the keys"
screen_keys m
wait_screen '── mark 1 ── [0-9:]+ ──' "m draws a line"
screen_keys C
wait_no_screen 'api line 1' "C clears the view"
screen_keys C
wait_screen 'api line 1' "and brings it back"
screen_type '['
wait_screen 'PAUSED' "[ goes to the mark"
screen_type '['
wait_screen '── run 2 ──' "and to the run before"
screen_keys G

# Selecting: lines, characters, a block.
screen_keys V
wait_screen '^ SELECT  1 line, ' "V selects a line"
screen_keys k k
wait_screen '^ SELECT  3 lines, ' "k extends"
screen_keys y
wait_screen 'copied 3 lines \(tmux\)' "y copies, and says how"
wait_until "the clipboard has them" buffer_is "api line 6
api says one trouble
api says three"
line 'set clipboard osc52'
tmux_ set-option -s set-clipboard on
screen_keys v 0 l l l l l
wait_screen '^ SELECT  1 line, 6 bytes' "characters"
screen_keys Enter
wait_until "OSC 52 fills the clipboard" buffer_is 'api sa'
screen_keys V k C-v 0 l l
wait_screen '^ SELECT  2 lines, 7 bytes' "a block"
screen_keys y
wait_until "is cut out of each line" buffer_is "api
api"
screen_keys V Y
wait_until "Y has time and name" sh -c "tmux -S '$T/x/t' show-buffer | grep -Eq '^[0-9:]{8} api api says three'"
line "set clipboard cat >$T/clip"
screen_keys y
wait_until "a command gets the text" grep -qx 'api says three' "$T/clip"
line 'set clipboard off'
screen_keys y
wait_screen 'nothing is copied' "off copies nothing"
line 'set clipboard auto'
screen_keys 3
wait_screen '^ LOG  db' "another log"
screen_keys V k y
wait_until "what is copied does nothing" buffer_is "db	tab
esc red"
screen_keys q
wait_screen '^ LIST ' "the list again"
screen_keys y
wait_screen '^ COPY ' "y in the list asks what"
screen_keys n
wait_until "a name is copied" buffer_is db

# Mouse: a drag selects, the release copies.
mouse() {
	tmux_ send-keys -l "$(printf '\033[<%d;%d;%d%s' "$1" "$2" "$3" "$4")"
}
screen_keys 1
wait_screen 'api line 2' "the log of the first"
row=$(screen_text | grep -n -m1 'api line 2' | cut -d: -f1)
left=$(screen_text | sed -n "${row}p" | sed 's/api line 2.*//' | wc -m)
mouse 0 "$left" "$row" M
mouse 32 "$((left + 3))" "$((row + 1))" M
wait_screen '^ SELECT  2 lines' "a drag selects"
mouse 0 "$((left + 3))" "$((row + 1))" m
wait_until "its end copies" buffer_is "api line 2
api "

# A terminal.
screen_keys 4 Enter
wait_screen '^ TERM ' "the shell"
screen_type 'seq -f "row %g" 100'
screen_keys Enter
wait_screen 'row 100' "has said something"
screen_keys 'C-]'
wait_screen '^ LIST ' "C-] leaves"
line 'choose lines'
wait_no_screen '^ SELECT' "v in the list marks"
screen_keys U
row=$(screen_text | grep -n -m1 'row 99' | cut -d: -f1)
left=$(screen_text | sed -n "${row}p" | sed 's/row 99.*//' | wc -m)
mouse 0 "$left" "$row" M
mouse 32 "$((left + 6))" "$((row + 1))" M
wait_screen '^ SELECT  2 lines' "a drag selects rows of a terminal"
mouse 0 "$((left + 6))" "$((row + 1))" m
wait_until "and copies them" buffer_is "row 99
row 100"
done_testing
