#!/bin/sh
# sbx serve and the set of a person who works beside it, and what is left when
# one of the programs or a client fails.
TEST_SECONDS=400
. tests/lib/node.sh

cat >sbxrc <<'EOF'
process web {
    cmd     echo web is up; exec cat
    stdin   pipe
}
process term {
    argv    sh
    tty     yes
}
process small {
    cmd     echo first; read x; seq 2000000; read x
    stdin   pipe
    log.keep 1M
}
EOF
sbx up --wait 30s >/dev/null
free_port
node_tests set.mjs --url "http://127.0.0.1:$port" --sbx "$SBX_BIN"
done_testing
