#!/bin/sh
# What was stopped by hand comes back when somebody asks for it again.
. tests/lib/tty.sh
cat >sbxrc <<'END'
process db {
	cmd echo open; exec sleep 1000
	ready log /^open/
}
process web {
	cmd exec sleep 1001
	depends db ready
}
process other {
	cmd exec sleep 1002
	autostart no
}
END
running() {
	[ "$(status_of db) $(status_of web)" = "running running" ]
}
is_run() {
	[ "$(field_of web run)" = "$1" ]
}
exits 0 "up" sbx up
wait_until "both run" running
exits 0 "stop --all" sbx stop --all
exits 0 "start of one that needs the other" sbx start web --wait
wait_until "both run" running

exits 0 "stop --all" sbx stop --all
exits 0 "up" sbx up --wait
wait_until "both run" running
is "$(status_of other)" off "and nothing else"
pids="$(pid_of db) $(pid_of web)"
exits 0 "up again" sbx up
is "$(pid_of db) $(pid_of web)" "$pids" "changes nothing"

exits 0 "stop --all" sbx stop --all
exits 0 "start --no-deps" sbx start web --no-deps
wait_until "that one runs" has_status web running
is "$(status_of db)" killed "and not the other"

exits 0 "restart" sbx restart web --wait
wait_until "brings the other one" running
exits 0 "stop" sbx stop db
old=$(pid_of web)
exits 0 "restart --no-deps of one that runs" sbx restart web --no-deps
wait_until "is another run" new_pid web "$old"
is "$(status_of db)" killed "without the other"
exits 0 "stop" sbx stop web
exits 0 "restart --no-deps of one that has ended" sbx restart web --no-deps
wait_until "that one runs" has_status web running
is "$(status_of db)" killed "without the other"
exits 0 "one that is started again" sbx restart web
wait_until "its eighth run" is_run 8

# An engine that cannot begin: its words are there before the five seconds
# that a slow one is waited for have passed.
exits 0 "down" sbx down
state=$(echo "$XDG_STATE_HOME"/sbx/*-*)
rm -r "$state/log"
: >"$state/log"
exits 1 "an engine that cannot begin" timeout 4 "$SBX_BIN" up
like "$(sbx up 2>&1)" 'does not come up: .*sbx/' "its own words are shown"
rm "$state/log"
exits 0 "when it can, it does" sbx up
done_testing
