#!/bin/sh
# Colours, hostile output, the mouse, programs that use the whole terminal.
TEST_SECONDS=300
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process evil {
    cmd     i=0; while [ $i -lt 40 ]; do i=$((i+1)); printf '\033]0;owned\007\033]52;c;b3duZWQ=\007\033[2J\033[?1049l\033c\033[8;9;9tline %s \033[31mred\033[0m \302\233 \377\n' $i; done; sleep 1000
}
process long  i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo "number $i"; done; sleep 1000
process shell {
    argv    sh
    tty     yes
    env     "PS1=ready> "
}
process mouse {
    cmd     stty -echo -icanon; printf '\033[?1000h\033[?1006hon\n'; exec cat -v
    tty     yes
}
RC
raw() {
	tmux_ send-keys -l -- "$(printf "$1")"
}
coloured() {
	tmux_ capture-pane -pe | grep -Eq -e "$1"
}
shows_color() {
	if poll "$WAIT" coloured "$1"; then pass "$2"; else fail "$2"; fi
}
server_gone() {
	! tmux_ list-sessions
}
close_it() {
	screen_keys Q
	wait_screen '\[ended 0\]' "$1: left"
	tmux_ kill-server
	poll "$WAIT" server_gone
	rm -f "$T/x/t"
}

# Output of a hostile process is text.
screen_open 80x24 "COLORTERM=truecolor $SBX_BIN"
wait_screen 'line 40 red' "the hostile log is shown"
tmux_ rename-window -t : tested >/dev/null
title=$(tmux_ display -p '#{pane_title}')
like "$title" 'shop|sbx|^[^o]' "the title is not what the process wanted"
unlike "$title" 'owned' "it owns nothing"
is "$(tmux_ display -p '#{alternate_on}')" 1 "the alternate screen is still on"
is "$(tmux_ show-buffer 2>/dev/null)" "" "the clipboard is untouched"
shows_color 'line 40 .\[31mred' "colours of a log are kept"
wait_screen '^.shop ' "the list is where it was"

# Exact colours of a program in its terminal.
screen_keys 3 Enter
wait_screen 'ready>' "a terminal"
screen_type 'printf "\033[38;2;10;200;30mrgb\033[0m \033[48;5;99mbg\033[0m \033[9mstrike\033[0m\n"'
screen_keys Enter
shows_color '38;2;10;200;30mrgb' "24-bit colour"
shows_color '48;5;99mbg' "a colour of 256"
shows_color '\[9mstrike' "struck through"

# A program that uses the whole terminal, and its size.
screen_type 'stty size'
screen_keys Enter
wait_screen '│21 5[0-9]$' "the terminal is as large as its pane"
screen_type 'seq 1 100'
screen_keys Enter
wait_screen '│100$' "much output"
raw '\033[<64;60;10M'
wait_screen 'PAUSED  G to follow' "the wheel scrolls back"
wait_screen '│8[0-9]$' "into the scrollback"
screen_type 'x'
wait_no_screen 'PAUSED' "typing returns"
screen_keys C-u
if command -v vim >/dev/null; then
	printf 'first line\nsecond line\n' >text
	screen_type 'vim -u NONE -i NONE text'
	screen_keys Enter
	wait_screen '│first line' "vim shows the file"
	screen_type 'dwihello '
	screen_keys Escape
	wait_screen '│hello line' "vim has the keys"
	screen_size 100x30
	wait_screen '│~ *$' "vim draws in the new size"
	screen_size 80x24
	wait_screen '^ shop +4 up│' "and in the old one"
	screen_type ':wq'
	screen_keys Enter
	wait_until "and writes" grep -q '^hello line' text
fi
screen_keys 'C-]'
wait_screen '^ LIST ' "back in the list"

# The mouse.
raw '\033[<0;5;3M\033[<0;5;3m'
wait_screen '│ long ' "a click selects"
wait_screen 'number 500' "its log"
raw '\033[<64;60;10M'
wait_screen 'PAUSED' "the wheel scrolls the log under it"
raw '\033[<65;60;10M\033[<65;60;10M'
wait_no_screen 'PAUSED' "down to the end it follows again"
raw '\033[<0;5;5M\033[<0;5;5m'
wait_screen '│ mouse ' "a click on the fourth"
raw '\033[<0;40;8M\033[<0;40;8m'
wait_screen '^ TERM ' "a click into a terminal uses it"
raw '\033[<0;40;8M\033[<0;40;8m'
wait_screen '\[<0;1[0-9];7M' "its program gets the next one, in its own places"
raw '\033[<64;40;8M'
wait_screen '\[<64;1[0-9];7M' "and the wheel"
raw '\033[<0;5;2M\033[<0;5;2m'
wait_screen '^ LIST  evil' "a click on the list leaves"
close_it colours

# Without colours, and with few.
screen_open 80x24 "NO_COLOR=1 $SBX_BIN"
wait_screen 'line 40 red' "NO_COLOR"
unlike "$(tmux_ capture-pane -pe)" '\[[0-9;]*(3|4|9)[0-7]m' "NO_COLOR: no colour at all"
close_it NO_COLOR
# 38 and 48 begin colours of 256 and of 24 bit.
screen_open 80x24 "NO_COLOR=1 $SBX_BIN --color 256"
wait_screen 'line 40 red' "--color goes before NO_COLOR"
like "$(tmux_ capture-pane -pe)" '\[[0-9;]*(3|4|9)[0-7]m' "there are colours"
close_it "--color 256"
screen_open 80x24 "COLORTERM=truecolor $SBX_BIN --color 16"
wait_screen 'line 40 red' "--color 16"
unlike "$(tmux_ capture-pane -pe)" '[[;][34]8[;:]' "has no more than these"
close_it "--color 16"
screen_open 80x24 "$SBX_BIN --color never"
wait_screen 'line 40 red' "--color never"
unlike "$(tmux_ capture-pane -pe)" '\[[0-9;]*(3|4|9)[0-7]m' "has none"
close_it "--color never"
exits 2 "another colour" sbx --color green
like "$err" 'auto . never . 16 . 256 . true' "tells which there are"
screen_open 80x24 "$SBX_BIN --ascii"
wait_screen '^\[shop ' "--ascii"
wait_screen '^>\* evil ' "has signs for fonts without others"
unlike "$(screen_text | grep -v evil)" '[^ -~]' "and no other"
close_it "--ascii"
screen_open 80x24 "TERM=vt100 $SBX_BIN"
wait_screen 'line 40 red' "vt100"
close_it vt100
screen_open 80x24 "TERM=linux $SBX_BIN"
wait_screen 'line 40 red' "linux"
unlike "$(tmux_ capture-pane -pe)" '[[;]30m│' "black is no colour for what is to be grey"
close_it linux
screen_open 80x24 "LC_ALL=C $SBX_BIN"
wait_screen '^\[shop ' "LC_ALL=C: signs are ASCII"
wait_screen '^>\* evil ' "and shapes"
screen_type ':'
wait_screen '^\[COMMAND\]' "a prompt"
screen_type 'set glyphs unicode'
screen_keys Enter
wait_screen '^›● evil' "and can be changed"
screen_type ':'
wait_screen '^ COMMAND ' "again"
screen_type 'theme mono'
screen_keys Enter
wait_screen ':theme|^›● evil' "a theme too"
close_it ascii

# A terminal that tells the colour of its background, and of a change.
sbx down >/dev/null 2>&1
mkdir -p "$XDG_CONFIG_HOME/sbx"
ln -s "$TOP/themes" "$XDG_CONFIG_HOME/sbx/themes"
echo 'set theme solarized' >"$XDG_CONFIG_HOME/sbx/sbxrc"
seen=$(TERM=xterm-256color COLORTERM=truecolor python3 - "$SBX_BIN" <<'END'
import os, pty, select, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["sbx"])
out = b""

def wait_for(*texts):
    global out
    end = time.time() + 40
    while time.time() < end and not any(t in out for t in texts):
        if select.select([fd], [], [], 0.2)[0]:
            out += os.read(fd, 65536)
    found = any(t in out for t in texts)
    out = b""
    return found

asked = wait_for(b"\033]11;?")
os.write(fd, b"\033]11;rgb:ffff/ffff/eeee\033\\\033[?62c")
light = wait_for(b"253;246;227", b"253:246:227")
os.write(fd, b"\033[?997;1n")
dark = wait_for(b"0;43;54", b"0:43:54")
os.write(fd, b"Q")
wait_for(b"detached from")
os.waitpid(pid, 0)
print(asked, light, dark)
END
)
is "$seen" "True True True" "the theme is light where the terminal is, and follows it"
done_testing
