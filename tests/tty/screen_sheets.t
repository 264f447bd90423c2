#!/bin/sh
# Prompts and dialogs: finding a name, leaving, the command line, and a
# terminal whose program is started again by itself.
TEST_SECONDS=300
. tests/lib/tty.sh
cat >sbxrc <<'RC'
set name shop
process api  echo listening; sleep 1000
process web {
    cmd         echo listening; sleep 1001 & wait
    env         COLOUR=blue API_TOKEN=sesame -REMOVED
    ready log   /listening/
    watch hits  /listening/
    restart     on-failure
    restart.max 5
    stop        INT 2s TERM 3s KILL
    limit       core=0
}
process off {
    cmd <<END
        if true; then
            sleep 1000
        fi
    END
    autostart   no
}
process again {
    cmd             printf 'again> '; read -r line; echo "got <$line>"
    tty             yes
    restart         always
    restart.backoff 100ms..100ms
    restart.max     0
}
RC
REMOVED=1
mkdir tmp
TMPDIR=$PWD/tmp
export REMOVED TMPDIR
prompt() {
	screen_type "$1"
	wait_screen "^ $2 " "$1 opens $2"
}

# Programs in front of the screen say what they were given.
cat >look <<'END'
#!/bin/sh
echo "$0 has $* ($(head -n 1 "$2$1" 2>/dev/null | cut -c 1-12))"
read -r answer
END
sed 's/(\$(head.*/with $(cat)"; read -r answer <\/dev\/tty/;/^read/d' <look >page
chmod +x look page
# The shell around it would take Ctrl-C for itself too.
screen_open 80x24 "trap : INT; EDITOR=$T/w/look PAGER=$T/w/page BROWSER=true $SBX_BIN"
wait_screen '^›. api +up' "the first process is selected"
wait_screen '^ . again +tty' "the terminal is up"

# A name that is not there moves nothing.
screen_keys 2
wait_screen '^›. web' "the second is selected"
prompt / FIND
screen_type 'ag'
wait_screen '^›. again' "a name is found while it is typed"
screen_type 'x'
wait_screen '^›. web' "what does not match goes back to where it was"
wait_screen 'no match' "and says so"
screen_keys Enter
wait_screen '^ LIST .*no match: no name holds .agx' "Enter too"
wait_screen '^›. web' "the cursor has not moved"
prompt / FIND
screen_type 'ap'
wait_screen '^›. api' "found behind the end of the list"
screen_keys Escape
wait_screen '^›. web' "Esc goes back"
prompt / FIND
screen_type 'ap'
screen_keys Enter
wait_screen '^ LIST  api' "Enter stays there"
wait_screen '^›. api' "with the cursor"

# Leaving offers what makes sense.
screen_keys q
wait_screen 'leave sbx — 3 processes are running' "q counts"
wait_screen 'i  interrupt  send Ctrl-C to api' "a process that runs can be interrupted"
screen_keys Escape
wait_screen "^ LIST " "Esc closes it"
screen_keys 3
wait_screen '^›. off' "one that is off"
screen_keys q
wait_screen 'leave sbx' "q asks"
unlike "$(screen_text)" 'interrupt' "it cannot be interrupted"
like "$(screen_text)" '^ d s or .* Enter' "nor do the hints say so"
screen_keys i
screen_keys Down Down
wait_screen '› Esc  stay' "the cursor goes over what is there"
screen_keys Enter
wait_screen '^ LIST ' "and stays"

# The command line takes the row that the cursor is on.
web=$(pid_of web)
screen_keys 2
wait_screen '^›. web' "the second is selected"
prompt : COMMAND
screen_type 'rest'
wait_screen '› restart ' "the first offer is under the cursor"
wait_screen 'in sbxrc: bind KEY restart   shell: sbx restart' "and explained"
screen_keys Down
wait_screen '› restart web' "the next one"
wait_screen 'in sbxrc: bind KEY restart web   shell: sbx restart web' "is explained as well"
screen_keys Enter
wait_until "Enter runs it" new_pid web "$web"
prompt : COMMAND
screen_type 'stop '
wait_screen '  web ' "names are offered"
unlike "$(screen_text)" '› api' "but none is taken by itself"
screen_keys Escape
wait_screen '^ LIST ' "Esc closes it"
prompt : COMMAND
screen_type 'zoo'
wait_screen '› zoom' "the beginning of a command"
screen_keys Enter
wait_screen '^.web .*zoom' "is enough"
screen_keys z
wait_screen '^ LOG ' "not zoomed"

# What is typed for a program never reaches the next one.
screen_keys 4 Enter
wait_screen '^ TERM  every key goes to again' "the terminal has the keys"
screen_type 'first'
screen_keys Enter
wait_screen '^ TERM  again was started anew; keys are not sent' "it was started again"
screen_type 'lost'
wait_screen '^ Enter type into it   Ctrl-\] back to the list' "the hint says what to do"
screen_keys Enter
wait_screen '^ TERM  every key goes to again' "Enter connects"
screen_type 'second'
screen_keys Enter
wait_screen '^ TERM  again was started anew' "it has ended again"
run sbx logs again
like "$out" 'got <first>' "the first line went to the first"
like "$out" 'got <second>' "the second to the second, and no more"
unlike "$out" 'lost' "nothing was typed ahead"
screen_keys 'C-]'
wait_screen '^ LIST ' "C-] leaves"

# Details: what the mock-up has, on pages.
screen_keys 2
wait_screen '^›. web' "the one with everything"
screen_keys d
wait_screen '^▌web  . ready  pid [0-9]+   \[Overview\] Env  Tree  Watches  Probes  Events' "d shows the pages"
wait_screen 'command   echo.*config   sbxrc:[0-9]+' "two facts in a line"
wait_screen 'restart  on-failure  0/5' "rules of the process"
wait_screen 'stop     INT 2s TERM 3s KILL' "as they are written"
wait_screen 'limits    core=0' "limits"
wait_screen 'why       web is running' "why it is as it is"
wait_screen "tree      $(pid_of web) " "its tree"
wait_screen 'sleep 1001' "with what it has started"
wait_screen 'watches   hits +[1-9]' "its watches with their hits"
wait_screen '^ DETAIL  web  1-21 of [0-9]+' "and how much is below"
screen_keys l l
wait_screen '\[Tree\]' "the whole tree"
wait_screen "^›tree +$(pid_of web) " "the cursor is on its first process"
screen_keys j
wait_screen '^›.* sleep 1001' "j goes to the next"
child=$(screen_text | sed -n 's/^›[^0-9]*\([0-9]*\) sleep 1001.*/\1/p')
screen_keys S
wait_screen "send a signal to web/$child" "S is for that one"
screen_keys j j j j Enter
wait_until "which gets it" grep -q '^State:.T' "/proc/$child/status"
wait_screen "^ :signal STOP web/$child" "the command is shown"
is "$(sed -n 's/^State:	\(.\).*/\1/p' "/proc/$(pid_of web)/status")" S "the others have not got it"
screen_keys S k
screen_keys Escape
wait_no_screen 'send a signal' "or not"
screen_keys h h
wait_screen '\[Overview\]' "back"
kill -CONT "$child"
screen_keys G
wait_screen 'ready     log /listening/' "G goes to the end: the check"
wait_screen 'events    ' "and events"
screen_keys l
wait_screen '\[Env\]' "l goes to the next page"
wait_screen '^ +set by sbxrc \(2\)' "what sbxrc has set"
wait_screen 'COLOUR +blue' "a variable"
wait_screen 'API_TOKEN +\(hidden\)' "a secret is hidden"
wait_screen 'removed \(1\)' "what it has removed"
screen_keys v
wait_screen 'API_TOKEN +sesame' "v shows it"
screen_keys h h
wait_screen '\[Events\]' "h goes round to the last"
wait_screen 'ready (after|at once)' "with the events"
screen_keys q
wait_screen '^ LIST ' "q closes"
screen_keys 3 d
wait_screen 'no check|off  . off' "one that is off has them too"
wait_screen 'why       off is off' "and a reason"
screen_keys q
wait_screen '^ LIST ' "closed"

# The log and the lines of a process in other programs.
screen_keys 1 o
wait_screen 'open of api' "o asks what"
screen_keys p
wait_screen 'page has  with listening' "the log in the pager"
screen_keys y Enter
wait_screen '^ LIST  api' "its end brings the screen back"
wait_screen '^›. api' "as it was"
screen_keys o e
wait_screen 'look has .*tmp/sbx-log.* .listening' "the log in the editor"
screen_keys y Enter
wait_screen '^ LIST  api' "and back"
is "$(ls tmp)" "" "no copy of it is left"
screen_keys o c
wait_screen 'look has .2 .*/sbxrc' "its lines in the editor"
screen_keys C-c
wait_screen '^ LIST  api' "Ctrl-C there is not for sbx"
screen_keys o c
wait_screen 'look has .2 .*/sbxrc' "again"
echo 'process more  sleep 1000' >>sbxrc
screen_keys y Enter
wait_screen '^▌sbxrc: reload would' "what was edited is offered"
wait_screen '^  start +more' "as a plan"
screen_keys Escape
wait_screen '^ LIST  api' "or not"
screen_keys o u
wait_screen 'api has no url' "a process without a URL"

# Wide and narrow.
screen_keys 3
wait_screen '^›. off' "a command of several lines"
screen_size 200x50
wait_screen 'off  . off +if true; then sleep 1000 fi' "is one in the title"
wait_screen 'web +started with the set +│' "its start is an event"
is "$(screen_text | grep -c 'web *started with the set')" 1 "told once"
screen_size 20x4
wait_screen '… 3 more' "20x4: a list"
wait_screen '3up  . help' "and totals, without what is not"
screen_keys q
wait_screen '› d  detach' "a question without its frame"
screen_keys Escape
wait_screen '^ LIST ' "Esc stays"
screen_keys d
wait_screen '^▌off  . off' "details"
unlike "$(screen_text)" '… 3 more' "cover all but the status"
screen_keys q 4 Enter
wait_screen '^ TERM  C-\] list' "the way out of a terminal"
screen_keys 'C-]'
wait_screen '^ LIST ' "and out"
screen_keys 3
screen_size 80x24
wait_screen '^›. off' "80x24 again"
prompt '?' HELP
screen_type 'wrap'
wait_screen ' 1 action  Enter' "one action"
screen_keys Escape
wait_screen '^ LIST ' "closed"

# The last one, and none.
sbx stop again api >/dev/null 2>&1
wait_screen "^.shop +1 up" "two are stopped"
screen_keys q
wait_screen 'leave sbx — 1 process is running' "q counts one"
wait_screen 'd  detach     it goes on' "and speaks of one"
sbx stop web >/dev/null 2>&1
wait_screen 'leave sbx — nothing is running' "and none"
screen_keys Escape
wait_screen '^ LIST ' "Esc stays"
screen_keys o c
wait_screen 'look has .[0-9]+ .*/sbxrc' "a program in front"
sbx down >/dev/null 2>&1
screen_keys y Enter
wait_screen 'sbx: shop is stopped' "keeps the terminal when the set goes"
done_testing
