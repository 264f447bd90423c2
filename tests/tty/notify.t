#!/bin/sh
# notify: events of a process that the person is told of.
. tests/lib/tty.sh

cat >sbxrc <<'RC'
set name shop
process sick {
    cmd      read x; exit 3
    stdin    pipe
    notify   fail
}
process loops {
    cmd      read x; exit 4
    stdin    pipe
    restart  on-failure
    restart.backoff 10ms..10ms
    restart.max 2
    notify   fail
    autostart no
}
process fine {
    cmd      read x; exit 0
    stdin    pipe
    notify   fail exit
}
process web {
    cmd      while read x; do echo $x; done
    stdin    pipe
    ready    log /^up/
    live     log /^up/
    live.every 100ms
    live.fails 2
    live.action mark
    notify   ready unready
}
process quiet {
    cmd      while read x; do echo $x; done
    stdin    pipe
    notify   silence=300ms
    autostart no
}
RC
has_note() {
	grep -q "^sbx: note: $1" notes
}
count() {
	grep -c "^sbx: note: $1" notes
}
mkfifo typed
sbx --plain <typed >notes 2>&1 &
plain=$!
exec 3>typed
wait_until "it is up" has_status quiet off
ok "web is up" sbx send web up
wait_until "ready is told" has_note 'web is ready'
wait_until "unready too" has_note 'web is not ready: '
ok "sick gets its line" sbx send sick x
wait_until "a failure" has_note 'sick has failed: exit 3'
ok "an end" sbx send fine x
wait_until "that is none" has_note 'fine has ended: exit 0'
is "$(count 'fine has failed')" 0 "is told as such"
exits 0 "stop by hand" sbx start fine
exits 0 "stop by hand" sbx stop fine
exits 0 "a loop" sbx start loops
for i in 1 2 3; do
	run_is() { [ "$(field_of loops run)" = "$i" ]; }
	poll "$WAIT" run_is
	sbx send loops x
	[ "$i" != 1 ] || wait_until "its first failure" has_note 'loops has failed: exit 4'
done
wait_until "and its last" has_note 'loops has failed: gave up'
is "$(count 'loops has failed')" 2 "and none between"
is "$(count 'fine')" 1 "a stop by hand is not told"
exits 0 "a quiet one" sbx start quiet
wait_until "silence" has_note 'quiet has been silent for 300ms'
is "$(count quiet.*silent)" 1 "is told once"
ok "a line" sbx send quiet x
twice() { [ "$(count quiet.*silent)" = 2 ]; }
wait_until "and again after a line" twice
like "$(sbx events)" 'quiet note.*has been silent' "it is in the journal"
echo quit >&3
wait "$plain"
is "$?" 0 "plain mode ends"
done_testing
