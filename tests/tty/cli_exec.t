#!/bin/sh
# exec and add: codes, streams, limits, signals.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
print($1)"
}

# No sbxrc: the set is the directory.
exits 0 "exec starts an engine" sbx exec -- echo hello
is "$out" hello "its output"
exits 7 "the command's code" sbx exec -- sh -c 'echo out; echo err >&2; exit 7'
is "$out" out "stdout is stdout"
is "$err" err "stderr is stderr"
exits 0 "a line for the shell" sbx exec -- 'echo a | tr a b'
is "$out" b "is run by it"
exits 0 "words are words" sbx exec -- printf '%s|' 'a b' '' '$HOME' '*'
is "$out" 'a b||$HOME|*|' "untouched"
exits 143 "a signal" sbx exec -- sh -c 'kill -TERM $$'
exits 137 "exit 137 by itself" sbx exec -- sh -c 'exit 137'
exits 127 "not found" sbx exec -- no-such-program
like "$err" "no-such-program.*not found" "it is told"
touch plain
exits 126 "not executable" sbx exec -- ./plain
exits 127 "not there" sbx exec -- ./nowhere
exits 126 "no directory" sbx exec --cwd nowhere -- true
like "$err" "cwd '.*nowhere'" "it is told"
exits 124 "a timeout" sbx exec --timeout 200ms -- sleep 1005
exits 2 "no command" sbx exec --
exits 0 "env" sbx exec --env A=1 --env -HOME -- sh -c 'echo $A${HOME-none}'
is "$out" 1none "is set and removed"
for name in 'A B=1' '=1' '-A B'; do
	exits 2 "no name of a variable: $name" sbx exec --env "$name" -- true
	like "$err" "no (name of a )?variable" "it is told"
done
mkdir sub
exits 0 "cwd" sbx exec --cwd sub -- pwd
is "$out" "$(pwd)/sub" "is relative to here"
exits 126 "no such user" sbx exec --user nosuchuser -- true
like "$err" "nosuchuser" "it is told"
exits 0 "a terminal" sbx exec --tty -- sh -c 'test -t 0 && test -t 1 && stty size'
like "$out" '^24 80' "has a size"
is "$(sbx ls --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["processes"])')" \
	"[]" "nothing of them is kept"

# Every byte, in order, up to the last one.
sbx exec -- sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo $i; done; printf end' >big
ok "30000 lines and an end without newline" \
	sh -c '(seq 30000; printf end) | cmp - big'
sbx exec -- head -c 5000000 /dev/zero | wc -c >n
is "$(cat n)" 5000000 "five million NULs"
i=0
while [ $i -lt 30 ]; do
	i=$((i + 1))
	[ "$(sbx exec -- sh -c 'printf last')" = last ] || break
done
is $i 30 "the last byte is always there"

exits 3 "as JSON" sbx exec --json -- sh -c 'echo out; printf err >&2; exit 3'
is "$(json 'v["exit_code"], v["stdout"], v["stderr"], v["timed_out"]')" \
	"3 out
 err False" "all of it"
is "$(json 'v["stdout_truncated"], type(v["duration_ms"]).__name__, "signal" in v')" \
	"False int False" "and more"
exits 137 "a signal as JSON" sbx exec --json -- sh -c 'kill -9 $$'
is "$(json 'v["signal"], "exit_code" in v')" "KILL False" "by name"
exits 124 "a timeout as JSON" sbx exec --json --timeout 100ms -- sleep 1006
is "$(json 'v["timed_out"]')" True "says so"
exits 0 "bytes as JSON" sbx exec --json -- printf 'a\377'
is "$(json '__import__("base64").b64decode(v["stdout_base64"])')" "b'a\\xff'" "in base64"
exits 0 "a limit" sbx exec --json --max-output 10 -- sh -c 'seq 1000; echo short >&2'
is "$(json 'v["stdout"], v["stdout_truncated"], v["stderr_truncated"]')" \
	"1
2
3
4
5
 True False" "keeps the head"
exits 0 "each stream has its own" sbx exec --json --max-output 10 -- \
	sh -c 'seq 5; seq 5 9 >&2; seq 10 20 >&2'
is "$(json 'v["stdout"], v["stdout_truncated"], v["stderr"], v["stderr_truncated"]')" \
	"1
2
3
4
5
 False 5
6
7
8
9
 True" "of so many bytes"
exits 0 "the default limit" sbx exec --json -- head -c 3000000 /dev/zero
is "$(json 'len(v["stdout"]), v["stdout_truncated"]')" "1048576 True" "is 1 MiB"
exits 0 "a limit on plain output" sbx exec --max-output 4 -- echo longer
is "$out" long "is kept too"
like "$err" 'first 4 bytes' "and told"

# What is piped in.
is "$(printf 'a\nb' | sbx exec -- sh -c 'cat; echo .')" "a
b." "stdin goes to the command, and its end"
is "$(sbx exec -- sh -c 'cat; echo .' </dev/null)" "." "an empty one is empty"
seq 300000 >numbers
ok "a file of two megabytes" sh -c "'$SBX_BIN' exec -- cat <numbers | cmp - numbers"
ok "and a pipe" sh -c "cat numbers | '$SBX_BIN' exec -- sh -c 'sleep 0.3; cat' | cmp - numbers"
yes | sbx exec -- head -n 2 >two
is "$? $(tr '\n' ' ' <two)" "0 y y " "one that ends early is no error"
yes | sbx exec -- sh -c 'exec <&-; sleep 0.3; exit 5'
is $? 5 "nor is one that closes it"
yes | sbx exec -- sh -c 'echo not read; exit 6' >unread
is "$? $(cat unread)" "6 not read" "nor one that does not read"
mkfifo quiet
(sleep 1011 >quiet) &
holder=$!
is "$(sbx exec -- echo done <quiet)" "done" "an open pipe without data keeps nobody"
kill $holder
is "$(sbx exec -- sh -c 'read x || echo none' <&-)" none "a closed one"
is "$(printf 'x\0y' | sbx exec -- od -An -c | tr -s ' ')" ' x \0 y' "any bytes"

# Like another process.
cat >like.rc <<'END'
process web {
	cmd sleep 1007
	cwd sub
	env COLOR=red SHAPE=round
}
END
exits 0 "a set" sbx -f like.rc up
exits 0 "--like" sbx -f like.rc exec --like web --env SHAPE=square -- \
	sh -c 'echo $COLOR $SHAPE; pwd'
is "$out" "red square
$(pwd)/sub" "has its environment and directory, and its own"
exits 4 "--like nobody" sbx -f like.rc exec --like wbe -- true
like "$err" "did you mean 'web'" "one is suggested"

# It is run once: a restart of everything does not mean it, its name does.
"$SBX_BIN" -f like.rc exec -- sh -c 'echo ran >>once1; until [ -e go ]; do sleep 0.02; done; echo done' >out1 &
pid=$!
wait_until "it runs" grep -q ran once1
for which in --all '*'; do
	exits 0 "restart $which" sbx -f like.rc restart "$which"
done
echo >go
wait $pid
is "$? $(cat out1) $(cat once1)" "0 done ran" "leaves a command of exec alone"
rm go
"$SBX_BIN" -f like.rc exec -- sh -c 'until [ -e go ]; do sleep 0.02; done' &
pid=$!
name=
one_runs() {
	name=$(sbx -f like.rc ls --json | sed -n 's/.*"name":"\(proc_[0-9]*\)".*/\1/p')
	[ -n "$name" ]
}
wait_until "another one" one_runs
exits 0 "stop --all" sbx -f like.rc stop --all
wait $pid
is $? 143 "ends it"

# Interrupted: the first one is polite, the second one is not.
"$SBX_BIN" exec -- sh -c 'trap "echo polite; exit 5" TERM; echo up; while :; do sleep 0.05; done' >int &
pid=$!
wait_until "it runs" grep -q up int
kill -INT $pid
wait $pid
is $? 5 "SIGINT stops it by its ladder"
like "$(cat int)" polite "it had its say"
"$SBX_BIN" exec -- sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done' >int2 &
pid=$!
wait_until "it runs" grep -q up int2
kill -INT $pid
"$SBX_BIN" events --json >events
wait_until "it is being stopped" sh -c "'$SBX_BIN' ls --status stopping --json | grep -q proc_"
kill -INT $pid
wait $pid
is $? 137 "the second one kills"

# Nobody reads its output any more.
(sbx exec -- yes; echo $? >code) | head -n 1 >/dev/null
is "$(cat code)" 141 "a closed stdout stops it"
exits 125 "a full disk is told" sh -c "'$SBX_BIN' exec -- yes >/dev/full"

# The engine dies under it, twice.
# Two pipes: the second read of one could still find its first writer.
mkfifo go.a go.b
"$SBX_BIN" exec -- sh -c 'echo a; read x <go.a; echo b; read x <go.b; echo c; printf d' >over &
pid=$!
for line in a b; do
	wait_until "it has printed $line" grep -q $line over
	kill -KILL "$(engine_pid)"
	exits 0 "the next engine answers" sbx ls
	echo go >go.$line
done
wait $pid
is $? 0 "its exit code is there"
is "$(tr '\n' ' ' <over)" "a b c d" "and every byte, once"
mkfifo typed
"$SBX_BIN" exec -- sh -c 'while read x; do echo got $x; done; echo end' <typed >echoed &
pid=$!
exec 5>typed
echo one >&5
wait_until "it reads" grep -q 'got one' echoed
kill -KILL "$(engine_pid)"
exits 0 "the next engine answers" sbx ls
echo two >&5
wait_until "it reads on" grep -q 'got two' echoed
exec 5>&-
wait $pid
is $? 0 "it ends with its stdin"
is "$(tail -n 1 echoed)" end "after the last line"
# More than may wait: the rest is with us while there is no engine.
seq 500000 >much
"$SBX_BIN" exec -- sh -c 'echo here >&2; while [ ! -e go.much ]; do sleep 0.05; done; cksum' \
	<much >sum 2>told &
pid=$!
wait_until "it runs" grep -q here told
for turn in 1 2 3; do
	kill -KILL "$(engine_pid)"
	exits 0 "the next engine answers" sbx ls
done
touch go.much
wait $pid
is $? 0 "much stdin, and no engine for moments"
is "$(cat sum)" "$(cksum <much)" "is all there, once"
# While pieces are taken and refused in turn.
"$SBX_BIN" exec -- python3 -c '
import sys, time
n = 0
while True:
    data = sys.stdin.buffer.raw.read(8192)
    if not data:
        break
    sys.stdout.buffer.write(data)
    n += 1
    if n % 8 == 0:
        time.sleep(0.01)
' <much >much.out &
pid=$!
for turn in 1 2 3 4 5 6; do
	kill -KILL "$(engine_pid)"
	exits 0 "the next engine answers" sbx ls
done
wait $pid
is "$? $(cksum <much.out)" "0 $(cksum <much)" "engines die under it: all of it, once"

# And the command ends before its client has found the next engine.
mkfifo go.c
"$SBX_BIN" exec -- sh -c 'echo a; read x <go.c; echo b; exit 7' >gone &
pid=$!
wait_until "it has printed" grep -q a gone
kill -STOP $pid
kill -KILL "$(engine_pid)"
exits 0 "the next engine answers" sbx ls
echo go >go.c
wait_until "the command has ended" sh -c "'$SBX_BIN' events | grep -q 'exit 7'"
kill -CONT $pid
wait $pid
is $? 7 "its client still learns how"
is "$(cat gone)" "a
b" "and what it printed"

exits 0 "add" sbx add -- sh -c 'read x; echo got $x'
name=$out
like "$name" '^proc_[0-9]+$' "prints the name"
exits 0 "send" sbx send "$name" hi
exits 0 "its end" sbx wait "$name" --exit --timeout 20s
is "$(sbx logs "$name")" "got hi" "it has a stdin"
exits 0 "add --rm" sbx add gone --rm -- true
wait_until "it is forgotten" sh -c "'$SBX_BIN' show gone; [ \$? = 4 ]"
exits 0 "add in a group" sbx add g1 --group crowd -- sleep 1008
exits 0 "the group stops it" sbx stop crowd
mkdir -p of-group
cat >group.rc <<'END'
env LEVEL=set SET=yes
group crowd {
	env LEVEL=group GROUP=yes
	cwd of-group
}
process web {
	cmd sleep 1009
	group crowd
}
END
exits 0 "a set with a group" sbx -f group.rc up
exits 0 "add into it" sbx -f group.rc add member --group crowd --env OWN=yes -- \
	sh -c 'echo $LEVEL $SET $GROUP $OWN; pwd'
exits 0 "its end" sbx -f group.rc wait member --exit --timeout 20s
is "$(sbx -f group.rc logs member)" "group yes yes yes
$(pwd)/of-group" "it has the variables and the directory of the group"
exits 0 "exec in it" sbx -f group.rc exec --group crowd --env LEVEL=own --cwd sub -- \
	sh -c 'echo $LEVEL $GROUP; pwd'
is "$out" "own yes
$(pwd)/sub" "its own ones win"
exits 0 "down" sbx -f group.rc down
exits 1 "add of what cannot be run" sbx add bad -- no-such-program
exits 2 "a bad name" sbx add 'a b' -- true
exits 124 "a timeout of its own" sh -c \
	"'$SBX_BIN' add late --timeout 100ms -- sleep 1009 && '$SBX_BIN' wait late --exit && exit 124"
is "$(status_of late)" timed_out "is told"

# A client that is slow to take the end of its command.
sbx rm bad late
"$SBX_BIN" exec -- sh -c 'until [ -e go ]; do sleep 0.05; done; echo ran >>ran' &
client=$!
wait_until "a command runs" sh -c "'$SBX_BIN' ls | grep -q until"
kill -STOP $client
touch go
wait_until "it has ended" sh -c "! '$SBX_BIN' ls --status running | grep until"
exits 0 "up" sbx up
exits 0 "up once more" sbx up --wait 10s
kill -CONT $client
wait $client
is "$?" 0 "its client takes the end"
is "$(cat ran)" ran "it was run once"
done_testing
