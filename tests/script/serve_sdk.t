#!/bin/sh
# The published package sandbox-agent drives sbx serve, over TCP and over a
# Unix socket, with a token and without one.
TEST_SECONDS=400
. tests/lib/node.sh

printf 'process web {\n argv sleep 1000\n}\n' >sbxrc
token='s3cret+Token/~x='
printf '%s\n' "$token" >"$T/token"

serve_start
node_tests sdk.mjs $serve_at
serve_stop

serve_start --token-file "$T/token"
node_tests sdk.mjs $serve_at --token "$token"
serve_stop

serve_start --unix "$T/x/http"
node_tests sdk.mjs $serve_at
serve_stop

serve_start --unix "$T/x/http" --token-file "$T/token"
node_tests sdk.mjs $serve_at --token "$token"
serve_stop
done_testing
