#!/bin/sh
# PostgreSQL, Redis, a Python service and nginx, by the command line: start,
# crash, restart, log search, stop.
TEST_SECONDS=300
WAIT=60
. tests/lib/tty.sh
. "$TOP/tests/sets/shop/setup.sh"

exits 0 "the set has no mistakes" sbx check
exits 0 "up --wait starts all of it" sbx up --wait 120s
like "$(sbx ls)" '^.*initdb .*done' "the cluster was made"
for name in db cache app proxy; do
	is "$(field_of $name ready)" True "$name is ready"
done
is "$(status_of schema)" completed "the tables were made"
is "$(get /items | head -n 1)" "1 lamp 12" "a page through nginx, Python and PostgreSQL"
is "$(get /visits)" 1 "... and through Redis"
is "$(get /visits)" 2 "Redis counts"
is "$(get /buy/2)" "left 3" "PostgreSQL changes a row"

# Order: whoever depends on another was started after it was ready.
like "$(sbx events)" 'db .*ready' "the journal has db ready"
is "$(sbx events --json | python3 -c '
import json, sys
first = {}
for line in sys.stdin:
    e = json.loads(line)
    key = (e.get("process"), e.get("event"))
    first.setdefault(key, e.get("seq", e.get("time_ms")))
order = [first.get(k) for k in (("db", "ready"), ("schema", "started"),
         ("app", "started"), ("app", "ready"), ("proxy", "started"))]
print("in order" if None not in order and order == sorted(order) else
      "%s of %s" % (order, sorted(map(str, first))))')" "in order" \
	"db ready, then schema, then app, then proxy"

# Values out of lines.
like "$(sbx values cache version)" '[0-9]+\.[0-9]+' "Redis' version became a value"
like "$(sbx values app latency --json)" '"unit": *"ms"' "latency has its unit"
like "$(sbx values proxy)" '200' "nginx' last status became a value"

# Waits against real output.
exits 0 "wait --log finds the old line" \
	sbx wait cache --log 'Ready to accept' --timeout 20s
exits 0 "wait --port --http" \
	sbx wait proxy --port "$SHOP_PORT" --http /health --timeout 20s
exits 124 "a wait that cannot be met times out" \
	sbx wait app --string 'never printed' --timeout 300ms
exits 4 "no such process" sbx wait dbb --ready --timeout 1s
like "$err" "did you mean 'db'" "... with a suggestion"

# Crash: the postmaster by kill -9, its children are not ours to find.
old=$(pid_of db)
backends=$(pgrep -P "$old" | wc -l)
[ "$backends" -gt 0 ]
is $? 0 "PostgreSQL has children of its own"
cursor=$(sbx wait db --log 'ready to accept connections' --json |
	python3 -c 'import json,sys; print(json.load(sys.stdin)["cursor"])')
kill -KILL "$old"
wait_until "db is another process" new_pid db "$old"
exits 0 "it says again that it is ready" \
	sbx wait db --log 'ready to accept connections' --after "$cursor" --timeout 60s
wait_until "db is ready again" is_ready db
is "$(field_of db restarts)" 1 "one restart is counted"
like "$(sbx events)" 'db .*KILL' "the journal tells the signal"
like "$(sbx logs db)" 'not properly shut down|automatic recovery' "the log tells of the recovery"
wait_until "the shop serves again" serves /buy/2 "left 2"
is "$(get /items | sed -n 3p)" "3 table 2" "nothing was lost"

# Crash of the cache: nobody else is restarted.
app_pid=$(pid_of app)
old=$(pid_of cache)
kill -KILL "$old"
wait_until "cache is another process" new_pid cache "$old"
wait_until "cache is ready again" is_ready cache
wait_until "the counter began again" serves /visits 1
is "$(pid_of app)" "$app_pid" "app was left alone"

# A failure seen in the log and in a watch.
exits 0 "stop cache" sbx stop cache
is "$(get /visits)" "" "without a cache there are no visits"
exits 0 "the error is in the log" sbx wait app --log '^ERROR /visits' --timeout 30s
wait_until "the watch has counted it" sh -c "\"$SBX_BIN\" values app errors | grep -q '[1-9]'"
exits 0 "start cache" sbx start cache --wait 60s
wait_until "visits are back" serves /visits 1

# Log search.
like "$(sbx logs proxy --grep '"GET /items' -n 1)" '"GET /items HTTP/1.[01]" 200' "logs --grep finds a request"
is "$(sbx logs db app --grep 'no such line')" "" "logs --grep finds nothing else"
is "$(sbx logs app --stream stdout --no-prefix --grep '^serving' | head -n 1)" \
	"serving on port $SHOP_APP_PORT" "a stream of one process"
like "$(sbx logs db --json --grep 'ready to accept' -n 1)" '"stream": *"stderr"' "as JSON, with its stream"
sbx logs app --raw --stream stdout >"$T/raw"
ok "raw output has every line" grep -q "^serving on port $SHOP_APP_PORT$" "$T/raw"

# Restart by hand, with what depends on it.
old_app=$(pid_of app) old_proxy=$(pid_of proxy)
exits 0 "restart app --with-dependents" sbx restart app --with-dependents --wait 60s
wait_until "app is another process" new_pid app "$old_app"
wait_until "proxy is another process" new_pid proxy "$old_proxy"
wait_until "the shop serves after that" serves /health ok

# The same environment for a command.
is "$(sbx exec --like schema -- psql -XAtqc 'select count(*) from items')" 3 \
	"exec --like asks the database"
exits 1 "exec gives the command's exit code" sbx exec --like schema -- psql -Xqc 'select nothing'

# A polite stop is a clean one.
exits 0 "stop all" sbx stop --all --wait 60s
like "$(sbx logs db -n 20)" 'database system is shut down' "PostgreSQL has shut down in order"
like "$(sbx logs app -n 5)" 'closing' "the service has closed"
is "$(status_of proxy)" completed "the proxy has ended well"
exits 0 "down" sbx down --timeout 30s
exits 3 "and there is no engine" sbx ls
done_testing
