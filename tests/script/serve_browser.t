#!/bin/sh
# A terminal in a browser: xterm.js in Chromium shows what sbx's screen shows.
TEST_SECONDS=400
. tests/lib/node.sh
command -v chromium >/dev/null 2>&1 || skip_all "chromium is not here"

printf 'process web {\n argv sleep 1000\n}\n' >sbxrc
token='s3cret+Token/~x='
printf '%s\n' "$token" >token
free_port
node_tests browser.mjs --url "http://127.0.0.1:$port" --token "$token" \
	--sbx "$SBX_BIN" --dir "$T/w"
done_testing
