#!/bin/sh
# sbxrc.example as it is, by the command line.
TEST_SECONDS=200
. tests/lib/tty.sh
free_port
EXAMPLE_PORT=$port
export EXAMPLE_PORT
cp "$TOP/sbxrc.example" sbxrc.example
example() {
	verb=$1
	shift
	sbx "$verb" -f sbxrc.example "$@"
}
# Without -f it is not found: show and the like go by this socket.
in_example() {
	SBX_SOCKET=$(echo "$T"/r/sbx/*/sock) "$@"
}
ex_field() {
	in_example field_of "$@"
}
ex_has() {
	[ "$(ex_field "$1" "$2")" = "$3" ]
}

exits 0 "the example has no mistakes" sbx check sbxrc.example
is "$err" "" "and no warnings"

# A bare machine: only what Debian's base has.
mkdir "$T/bin"
for tool in sh bash perl sleep seq echo printf tr nproc uname date cat env; do
	ln -s "$(command -v $tool)" "$T/bin/$tool"
done
ok "it names no other program" sh -c "! grep -nE 'python|docker|npm|node |curl|nc ' sbxrc.example"

PATH_BEFORE=$PATH
PATH=$T/bin
"$SBX_BIN" up -f sbxrc.example >"$T/up.out" 2>&1 </dev/null
code=$?
PATH=$PATH_BEFORE
is "$code" 0 "up, with a PATH of a dozen programs"
exits 0 "the server gets ready" in_example sbx wait web --ready --timeout 40s
is "$(ex_field prepare status)" completed "the task before it has ended"
like "$(curl -fsS "http://127.0.0.1:$EXAMPLE_PORT/")" 'hello from sbx' "it serves its greeting"
exits 0 "the visitor reads pages" in_example sbx wait visitor --log '/page/[0-9]+: HTTP/1.0 200' --timeout 40s

exits 0 "the training job prints epochs" in_example sbx wait train --log 'epoch (\d+)/60' --timeout 40s
in_example poll "$WAIT" sh -c "'$SBX_BIN' values train progress --json | grep -q '\"count\": *[1-9]'"
values=$(in_example sbx values train --json)
like "$values" 'loss' "loss is a value"
like "$values" 'epoch' "epoch is a value"

exits 0 "the flaky one gets there" in_example sbx wait flaky --log '^connected' --timeout 60s
is "$(ex_field flaky restarts)" 2 "after two restarts"
wait_until "and is ready" ex_has flaky ready True

exits 0 "the flood floods" in_example sbx wait flood --log '^line 9999 ' --timeout 60s
is "$(ex_field shell tty)" True "the shell has a terminal"
exits 0 "it can be typed into" in_example sbx send shell 'echo $((6*7))' --until '^42' --timeout 30s
like "$(in_example sbx screen shell)" '^42' "its screen shows the answer"

exits 0 "start what does not start by itself" in_example sbx start progress
exits 0 "the progress bar ends" in_example sbx wait progress --exit --timeout 60s
like "$(in_example sbx logs progress --no-prefix)" 'saved' "its log has the last line"
is "$(in_example sbx logs progress --no-prefix | grep -c downloading)" 1 \
	"a redrawn line is one line of the log"

is "$(in_example sbx logs about --no-prefix | head -n 1)" \
	"this is sbx, the set is called example" "the short form ran"
like "$(in_example sbx ls --group backend --json)" '"name": *"web"' "groups select"
old=$(ex_field web pid)
exits 0 "restart a group" in_example sbx restart backend
wait_until "web is another process" in_example new_pid web "$old"

exits 0 "down" in_example sbx down
done_testing
