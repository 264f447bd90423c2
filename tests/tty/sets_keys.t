#!/bin/sh
# The same shop by keys in a terminal.
TEST_SECONDS=300
WAIT=60
. tests/lib/tty.sh
. "$TOP/tests/sets/shop/setup.sh"

screen_open 200x50 "$SBX_BIN"
wait_screen '● proxy +ready' "the screen opens and the last one gets ready"
wait_screen '● db +ready' "db is ready"
wait_screen '✓ schema +done' "the tables were made"
is "$(get /items | head -n 1)" "1 lamp 12" "the shop serves"

# To db: the second one of the first group.
screen_keys g Down Down
wait_screen 'db .*pid [0-9]+' "db is selected and its log is shown"
wait_screen 'ready to accept connections' "its log is on the screen"

# Log search.
screen_keys Enter
wait_screen '^ LOG ' "Enter goes into the log"
screen_type /
wait_screen '^ FIND ' "/ asks what to find"
screen_type 'listening on IPv4'
screen_keys Enter
wait_screen 'match 1 of 1 ' "find counts its matches"
wait_screen 'listening on IPv4' "and shows the line"
screen_keys G Tab
wait_screen '^ LIST ' "Tab goes back to the list"

# Crash.
old=$(pid_of db)
kill -KILL "$old"
wait_until "db is another process" new_pid db "$old"
wait_until "db is ready again" is_ready db
wait_until "the shop serves again" serves /buy/1 "left 11"
wait_screen 'recovery|not properly shut down' "the log on the screen tells of it"

# Restart by key.
old=$(pid_of db)
screen_keys r
wait_until "r restarts it" new_pid db "$old"
wait_until "and it gets ready" is_ready db

# Stop and start by keys.
screen_keys x
wait_until "x stops it" has_status db completed
wait_screen '✓ db +done' "the list says so"
like "$(sbx logs db -n 20)" 'database system is shut down' "in order"
screen_keys s
wait_until "s starts it" is_ready db
wait_until "the shop serves after that" serves /items "$(printf '1 lamp 11\n2 chair 4\n3 table 2')"

# Leave: this set says that quitting stops everything.
app_pid=$(pid_of app)
screen_keys Escape
# A q right behind it would be Alt-q, and messages may cover what Esc did: it
# is pressed again until it has left.
left() {
	screen_has '\[ended 0\]' && return
	screen_keys q
	false
}
wait_until "Esc and q leave" left
wait_until "and all is stopped" is_gone "$app_pid"
exits 3 "no engine is left" sbx ls
done_testing
