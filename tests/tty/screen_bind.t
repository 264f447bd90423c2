#!/bin/sh
# Keys that are bound for a terminal, and for prompts and sheets.
TEST_SECONDS=150
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
bind term C-x       leave
bind select C-n     line-down
bind select Z       copy
unbind select y
bind detail F5      restart
bind detail J       line-down
bind find C-g       escape
bind command C-t    theme mono
bind confirm C-g    escape
bind all F8         detach
process api  seq 40; sleep 1000
process shell {
    argv cat
    tty  yes
}
RC
screen_open 80x24 "$SBX_BIN"
wait_screen '^›. api' "the screen is up"
wait_screen ' 40 ' "with its log"

# A terminal gives up what was bound, and nothing else.
screen_keys 2 Enter
wait_screen '^ TERM ' "in the terminal"
screen_type 'j'
wait_screen '│j' "keys are its program's"
screen_keys C-x
wait_screen '^ LIST ' "but for one"

# Selecting.
screen_keys 1 Tab V
wait_screen '^ SELECT  1 line' "selecting"
screen_keys k k
wait_screen '^ SELECT  3 lines' "its own keys"
screen_keys C-n
wait_screen '^ SELECT  2 lines' "and one that was bound"
screen_keys y
wait_screen '^ SELECT  2 lines' "y was taken away"
screen_keys Z
wait_screen 'copied 2 lines|copied to' "Z copies"

# Details.
screen_keys Tab
wait_screen '^ LIST ' "the list"
pid=$(pid_of api)
screen_keys d
wait_screen '^ DETAIL ' "details"
screen_keys F5
wait_until "a command goes through" new_pid api "$pid"
screen_keys l
wait_screen '\[Env\]' "their own keys too"
screen_keys J J
wait_screen '^ DETAIL  api  3-' "and what scrolls is theirs"
screen_keys q
wait_screen '^ LIST ' "closed"

# Prompts and questions.
screen_keys /
wait_screen '^ FIND ' "a prompt"
screen_type 'Jgx'
wait_screen 'Jgx' "takes text"
screen_keys C-g
wait_screen '^ LIST ' "C-g closes it"
screen_type ':'
wait_screen '^ COMMAND ' "the command line"
screen_keys C-t
wait_screen '^ COMMAND ' "a command leaves it open"
screen_keys Escape
wait_screen '^ LIST ' "Esc closes it"
screen_keys q
wait_screen 'leave sbx' "a question"
screen_keys C-g
wait_screen '^ LIST ' "is closed"
run sbx keys
like "$out" '^Z +select +copy' "sbx keys has them"
like "$out" '^F8 +list,log,select,command,find,filter,form,confirm,help,detail +detach' "for all their modes"
screen_keys '?'
wait_screen '^ HELP ' "the keys"
screen_keys F8
wait_screen '\[ended 0\]' "and one for all"
done_testing
