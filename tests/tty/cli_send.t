#!/bin/sh
# send, screen, values, events.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
print($1)"
}


cat >sbxrc <<'END'
process cat {
	argv cat
	stdin pipe
}
process asks {
	cmd printf '> '; while read x; do [ "$x" != quit ] || exit 3; [ "$x" = one ] || printf 'got %s\n> ' "$x"; done
	stdin pipe
}
process shell {
	argv sh -i
	tty yes
	env PS1=%
}
process quiet {
	cmd stty -echo; echo shown; exec cat >/dev/null
	tty yes
}
process modes {
	cmd stty -echo -isig -icanon min 1; echo go; while read -r x; do case $x in a) printf '\033[?1happ$\n';; *) printf '%s$\n' "$x" | cat -v;; esac; done
	tty yes
}
process late {
	cmd while [ ! -e go ]; do sleep 0.05; done; cat >late.got
	stdin pipe
}
process once {
	cmd while [ ! -e go ]; do sleep 0.05; done; cat >once.got
	stdin pipe
}
process other {
	cmd exec sleep 1000
}
process closed {
	argv sleep 1012
	stdin null
}
process stuck {
	argv sleep 1013
	stdin pipe
}
process waits {
	cmd until [ -e read ]; do sleep 0.05; done; exec cat >waits.got
	stdin pipe
}
process numbers {
	cmd for i in 1 2 3 4; do echo "took ${i}0 ms"; done; echo "nothing"; sleep 1014
	watch latency /took (?<ms>\d+) ms/ value=ms unit=ms
	watch odd /nothing/ count
}
END
exits 0 "up" sbx up
exits 0 "send" sbx send cat 'hello world'
exits 0 "it arrives with a newline" sbx wait cat --log '^hello world$' --timeout 20s
exits 0 "send --until" sbx send cat 'two' --until '^two$' --timeout 20s
is "$out" two "the answer"
exits 124 "an old line is no answer" sbx send cat 'three' --until '^two$' --timeout 300ms
# Only what comes behind the sent bytes counts, to the byte.
exits 0 "a prompt" sbx wait asks --log '^> $' --timeout 20s
exits 124 "that was there before is no answer" sbx send asks 'one' --until '^> ' --timeout 500ms
exits 0 "the rest of its line is" sbx send asks 'two' --until '^got two$' --timeout 20s
is "$out" "got two" "without the prompt"
exits 0 "as JSON" sbx send asks 'three' --until '^got (?<what>.*)$' --timeout 20s --json
is "$(json 'v["met"], v["line"], v["captures"]["what"], v["stream"]')" \
	"True got three three stdout" "like wait"
exits 1 "an end is told" sbx send asks quit --until never --timeout 20s --json
is "$(json 'v["met"], v["why"], v["exit_code"]')" "False ended 3" "with its code"
exits 0 "base64" sbx send cat --base64 AP8K
sbx logs cat --raw | tail -c 3 >got
printf '\000\377\n' >want
wait_until "bytes" sh -c "'$SBX_BIN' logs cat --raw | tail -c 3 | cmp - '$T/w/want'"
exits 2 "bad base64" sbx send cat --base64 'A?'
exits 2 "of a wrong length" sbx send cat --base64 'AAA'
seq 200000 >numbers
# In pieces below limit.input; a text is one piece and refused as a whole.
exits 0 "a small limit" sbx set limit.input 100
exits 1 "a text above it" sbx send cat "$(head -c 100 numbers)"
like "$err" "101 bytes are more than limit.input .100." "is told"
head -c 1000 numbers | "$SBX_BIN" send cat -
is $? 0 "a stream is not bound by it"
exits 0 "the limit again" sbx set limit.input 64K
tail -c +1001 numbers | "$SBX_BIN" send cat -
is $? 0 "a large stdin"
exits 0 "end of input" sbx send cat --eof
exits 0 "it ends" sbx wait cat --exit --timeout 30s
sbx logs cat --raw | tail -n 200000 >got
ok "all of it has arrived" cmp got numbers
exits 1 "to an ended one" sbx send cat late
like "$err" 'not running' "says so"
exits 1 "to a closed stdin" sbx send closed x
like "$err" 'stdin' "says so"
# One request is 64 KiB at most, whatever the queue could take.
text=$(head -c 65536 /dev/zero | tr '\0' x)
exits 1 "a text that is a byte too long" sbx send stuck "$text"
is "$err" "sbx: 65537 bytes are more than limit.input (65536)" "is told"
exits 1 "bytes too" sbx send stuck --base64 "$(head -c 65537 /dev/zero | base64)"
taken=0
while sbx send stuck --base64 "$(head -c 65536 /dev/zero | base64)" 2>full; do
	taken=$((taken + 1))
	[ $taken -lt 100 ] || break
done
like "$(cat full)" "'stuck' does not read its input: 10[0-9]* bytes are waiting .1048576 at most" \
	"a queue has a limit that is told by name"
ok "of so many texts" [ $taken -ge 16 ]
exits 0 "another one" sbx start asks
exits 0 "nobody else is kept from it" sbx send asks another --until '^got another$' --timeout 20s

# A text is sent as a whole or not at all, however full the queue is.
text=$(head -c 64999 /dev/zero | tr '\0' x)
taken=0
while sbx send waits "$text" 2>full; do
	taken=$((taken + 1))
	[ $taken -lt 100 ] || break
done
like "$(cat full)" "does not read its input" "until the queue is full"
exits 0 "a shorter one" sbx send waits y
: >read
exits 0 "its end" sbx send waits --eof
exits 0 "it has read all" sbx wait waits --exit --timeout 30s
is "$(awk '{ n[length($0)]++ } END { print n[64999], n[1], NR }' waits.got)" \
	"$taken 1 $((taken + 1))" "no text was cut"
exits 0 "one that reads" sbx start cat
base64 numbers >numbers64
"$SBX_BIN" send cat --base64 - <numbers64
is $? 0 "takes bytes without a limit, as base64 writes them"
exits 0 "end of input" sbx send cat --eof
exits 0 "it ends" sbx wait cat --exit --timeout 30s
sbx logs cat --raw | tail -n 200000 >got
ok "all of them have arrived" cmp got numbers
exits 2 "nothing to send" sbx send cat
exits 2 "a bad pattern" sbx send stuck 'never sent' --until '('
like "$err" "^sbx: --until: missing closing" "names its option"
exits 2 "two things" sbx send shell x --keys Enter
exits 4 "to nobody" sbx send kat x
like "$err" "did you mean 'cat'" "one is suggested"

# A terminal.
exits 0 "a line" sbx send shell 'echo $((40+2))' --until '^42' --timeout 20s
exits 0 "screen" sbx screen shell
like "$out" '^42$' "shows it"
exits 0 "a picture" sbx wait quiet --screen shown --timeout 20s
exits 124 "that was there is no answer" sbx send quiet x --until-screen shown --timeout 500ms
exits 0 "keys" sbx send shell --keys "'echo key' Tab BS Up" --timeout 1s --until-screen .
exits 0 "keys again" sbx send shell --keys "C-u 'echo k''ey' Enter" --until-screen '(?m)^key' --timeout 20s
exits 2 "no such key" sbx send shell --keys 'Entr'
exits 2 "no key at all" sbx send shell --keys ' '
exits 0 "keys" sbx send modes --keys 'Up C-a Enter' --until '^\^\[\[A\^A[$]$' --timeout 20s
exits 2 "one of them is no key" sbx send modes --keys 'Up Upp'
exits 0 "what turns cursor keys" sbx send modes --keys 'a Enter' --until '^app[$]$' --timeout 20s
exits 0 "they are by its mode now" sbx send modes --keys 'Up Down Enter' --until '^\^\[OA\^\[OB[$]$' --timeout 20s
exits 0 "it has shown them" sbx stop modes
exits 0 "and goes" sbx rm modes
exits 1 "keys to a pipe" sbx send stuck --keys Enter
like "$err" 'no terminal' "says so"
exits 0 "screen --json" sbx screen shell --json
is "$(json 'v["rows"], v["cols"], len(v["lines"]), sorted(v["cursor"])')" \
	"24 80 24 ['col', 'row', 'visible']" "has its size"
is "$(json '"42" in v["lines"], v["alternate"]')" "True False" "and its rows"
exits 0 "colours" sbx send shell "printf '\\033[31mred\\033[m\\n'" --until-screen '(?m)^red' --timeout 20s
exits 0 "screen --ansi" sbx screen shell --ansi
like "$out" "$(printf '\033')\\[.*31.*mred" "has them"
exits 0 "screen without" sbx screen shell
like "$out" '^red$' "has not"
exits 0 "lines that scroll off" sbx send shell 'seq 100' --until-screen '(?m)^100' --timeout 20s
exits 0 "screen --scrollback" sbx screen shell --scrollback
like "$out" '^42$' "has them"
is "$(printf '%s\n' "$out" | grep -c '^[0-9]*$')" 101 "each once"
exits 1 "screen of a pipe" sbx screen stuck
exits 1 "wait --screen of a pipe" sbx wait stuck --screen x
exits 0 "wait --screen" sbx wait shell --screen '100' --timeout 20s
exits 0 "a prompt with a blank at its end" \
	sbx send shell "PS1='ask> '" --until-screen '^ask> $' --timeout 20s
exits 0 "and without it" sbx wait shell --screen '^ask>$' --timeout 20s
exits 0 "wait --screen of two" sbx wait quiet shell --screen '(?m)^(?:100|shown)' --timeout 20s --json
is "$(printf '%s\n' "$out" | grep -c '"met":true')" 2 "an answer each"
exits 124 "one of them is not met" sbx wait quiet shell --screen '(?m)^shown' --timeout 500ms
like "$err" "'shell' is" "it is named"
exits 0 "wait --screen --all" sbx wait --all --screen '(?m)^(?:100|shown)' --timeout 20s
exits 1 "one without a screen among them" sbx wait quiet stuck --screen x
sbx wait --all --screen '(?m)^(?:both|shown)' --timeout 60s >both.out 2>&1 &
both=$!
wait_until "it watches" sh -c "'$SBX_BIN' doctor | grep -q '^clients *2'"
kill_engine
ok "what the other one waits for" sbx send shell 'echo bo''th'
wait "$both"
is "$?" 0 "over another engine too"
exits 0 "the end" sbx send shell --keys 'C-u C-d'
exits 0 "it ends" sbx wait shell --exit --timeout 20s
exits 1 "keys to an ended one" sbx send shell --keys Enter
like "$err" "'shell' is not running" "says so"
exits 0 "one that reads a terminal" sbx add reads --tty -- \
	sh -c 'stty -echo; echo "read $(wc -c)"'
exits 0 "text and the end of input" sbx send reads 'one two' --eof
exits 0 "it ends" sbx wait reads --exit --timeout 20s
exits 0 "with all of it" sbx wait reads --string 'read 8' --timeout 20s
exits 0 "its last screen is there" sbx screen shell
like "$out" '^100$' "as it was"

# Values.
exits 0 "the lines are there" sbx wait numbers --log nothing --timeout 20s
exits 0 "values" sbx values numbers --json
is "$(json '[(w["name"], w["count"]) for w in v["values"]]')" \
	"[('latency', 4), ('odd', 1)]" "per watch"
is "$(json '[v["values"][0][k] for k in ("unit","last","min","max","mean","samples")]')" \
	"['ms', 40, 10, 40, 25, [10, 20, 30, 40]]" "its figures"
exits 0 "in words" sbx values numbers latency
like "$out" '^latency +count 4 +last 40ms +min 10 +max 40' "one line"
exits 1 "no such watch" sbx values numbers lateness
exits 0 "of one without" sbx values stuck
like "$err" 'has no watches' "says so"

# Events.
exits 0 "events" sbx events
like "$out" 'cat .*exit|cat exit' "the end of cat"
is "$(printf '%s\n' "$out" | grep -c 'numbers start')" 1 "its start is one line"
unlike "$out" 'numbers started' "and not two"
unlike "$out" 'cat ended' "nor its end"
exits 0 "events --json" sbx events --json
is "$(printf '%s\n' "$out" | python3 -c '
import json, sys
v = [json.loads(l) for l in sys.stdin]
seqs = [e["seq"] for e in v]
print(seqs == sorted(set(seqs)), all("time_ms" in e and "event" in e and "cause" in e for e in v))')" \
	"True True" "numbered, with time and cause"
# What is queued is neither lost nor sent twice when the engine is killed.
has_bytes() {
	[ "$(wc -c <"$1")" -ge "$2" ]
}
seq 10000 | head -c 48000 >piece
for i in 1 2 3 4; do
	sbx send once - <piece
	sbx send late - $([ $i != 4 ] || echo --eof) <piece
done
exits 0 "records are kept" sbx restart other
kill_engine
touch go
exits 0 "queued input, and its end, outlive the engine" \
	sbx wait late --exit --timeout 20s
is "$(cksum <late.got)" "$(cat piece piece piece piece | cksum)" "all of it"
wait_until "the other one has it" has_bytes once.got 192000
kill_engine
exits 0 "the end" sbx send once --eof
exits 0 "is sent" sbx wait once --exit --timeout 20s
is "$(cksum <once.got)" "$(cat piece piece piece piece | cksum)" "once"

for n in 1 2 5; do
	exits 0 "the last $n" sbx events -n $n
	is "$out" "$(sbx events | tail -n $n)" "are $n lines"
done
exits 0 "the last ones" sbx events --json -n 3
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 3 "three"
sbx events -f --json -n 0 >events &
follower=$!
wait_until "it follows" sh -c "'$SBX_BIN' doctor | grep -q '^clients *2'"
exits 0 "something happens" sbx stop closed
wait_until "it is told" grep -q '"process":"closed"' events
exits 0 "down" sbx down
wait $follower
is $? 0 "the follower ends with the set"
like "$(cat events)" '"event":"engine-stop"' "after the last event"
done_testing
