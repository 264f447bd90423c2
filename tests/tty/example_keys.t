#!/bin/sh
# sbxrc.example as somebody meets it: the screen, a few keys, the terminal,
# and out.
TEST_SECONDS=200
. tests/lib/tty.sh
free_port
EXAMPLE_PORT=$port
export EXAMPLE_PORT
cp "$TOP/sbxrc.example" sbxrc.example

screen_open 80x24 "$SBX_BIN -f sbxrc.example"
wait_screen 'web .*ready' "the screen opens, the server gets ready"
wait_screen 'prepare .*done' "the task is done"
wait_screen '\? keys' "the hint row tells how to get help"
wait_screen ' LIST ' "the mode is shown"
wait_screen 'flaky .*(ready|retry|starting)' "the flaky one is there"

screen_keys ?
wait_screen 'Esc' "? opens the keys"
screen_keys Escape
wait_screen ' LIST ' "Esc closes them"

# To the shell, and into it.
screen_type :
wait_screen '^ ?COMMAND' ": opens the command line"
screen_type 'select shell'
screen_keys Enter
wait_screen 'shell .*tty' "a process can be selected by name"
screen_keys Enter
wait_screen ' TERM ' "Enter goes into its terminal"
screen_type 'echo $((6*7))'
screen_keys Enter
wait_screen '│42|\|42|^42' "the shell answers"
screen_keys C-]
wait_screen ' LIST ' "Ctrl-] comes back"

# Sizes.
screen_size 200x50
wait_screen 'PROCESS|CPU' "wide: columns"
screen_size 40x10
wait_screen 'shell|web' "narrow: something is still there"
screen_size 1x1
screen_size 80x24
wait_screen 'web .*ready' "back to 80x24"

# Leave and come back.
screen_keys q
wait_screen 'detach' "q asks"
screen_keys d
wait_screen '\[ended 0\]' "detached"
screen_close
SBX_SOCKET=$(echo "$T"/r/sbx/*/sock)
export SBX_SOCKET
exits 0 "the processes go on" sbx wait web --ready --timeout 20s
unset SBX_SOCKET
screen_open 80x24 "$SBX_BIN -f sbxrc.example"
wait_screen 'web .*ready' "the screen comes back"
screen_keys q
wait_screen 'detach' "q asks again"
screen_keys s
wait_screen '\[ended 0\]' "stopped"
screen_close
wait_until "nothing runs any more" nothing_left
done_testing
