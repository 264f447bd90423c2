#!/bin/sh
# A terminal without bracketed paste: what it pastes is no command.
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process web  echo listening; sleep 1000
process cat {
    cmd     cat
    tty     yes
}
RC
# tmux gives the bytes to the program as they are.
paste_raw() {
	printf "$1" | tmux_ load-buffer -b p - && tmux_ paste-buffer -r -b p
}
screen_open 80x24 "$SBX_BIN"
wait_screen '^ LIST  web' "the screen is open"
web=$(pid_of web)

paste_raw 'xrsXR\nxXDyQ\rQs'
wait_screen 'paste ignored' "in the list it is told"
is "$(pid_of web)" "$web" "and stopped nothing"
wait_no_screen 'paste ignored' "for a while"

# One that comes in several reads is one to its end.
i=0
long=
while [ $i -lt 600 ]; do
	i=$((i + 1))
	long="${long}xsr-xX\n"
done
paste_raw "${long}x"
wait_screen 'paste ignored' "a long one"
wait_no_screen 'paste ignored' "for a while"
is "$(pid_of web)" "$web" "stopped nothing"

# Whatever else may happen to them meanwhile.
asked_for() {
	sbx events --json | grep '"cause":"user"'
}
screen_keys q
wait_screen 'leave sbx' "the leave dialog"
before=$(asked_for)
paste_raw 'stop it all, do!\n'
wait_screen 'paste ignored' "is not answered by it"
wait_no_screen 'paste ignored' "for a while"
screen_keys Escape
wait_no_screen 'leave sbx' "but by a key"
is "$(asked_for)" "$before" "nothing was done by it"

screen_type :
wait_screen '^ COMMAND' "a prompt"
paste_raw 'mouse on\rxXxXqQ'
wait_screen 'paste ignored' "takes its line of a paste"
is "$(pid_of web)" "$web" "and nothing of the rest is a command"

screen_keys Down
wait_screen '^ LIST  cat' "a terminal"
screen_keys Enter
wait_screen '^ TERM  every key goes to cat' "has the keys"
paste_raw 'all of this text\n'
wait_screen '│all of this text' "and what is pasted"
done_testing
