#!/bin/sh
# logs: replay and follow without a gap, filters, forms, exact bytes.
. tests/lib/tty.sh

# lines EXPRESSION: over the objects of the last output
lines() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = [json.loads(l) for l in sys.stdin if l.strip()]
text = [x['text'] for x in v if 'text' in x]
print($1)"
}

cat >sbxrc <<'END'
process two {
	cmd for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; sleep 0.01; done; printf tail
}
process count {
	cmd i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done
	autostart no
}
process bytes {
	cmd printf 'a\000b\377\n'; printf '\033[31mred\033[m\n'; printf 'no newline'
	autostart no
}
process other echo from other
process long {
	cmd head -c 200000 /dev/zero | tr '\000' x; echo; echo after
	autostart no
}
END
exits 0 "up" sbx up
exits 0 "their end" sbx wait two other --exit --timeout 20s
exits 0 "logs" sbx logs two --json
is "$(lines '[t for t, x in zip(text, v) if x["stream"] == "stdout"]')" \
	"['out 1', 'out 2', 'out 3', 'out 4', 'out 5', 'tail']" "stdout is whole"
is "$(lines '[t for t, x in zip(text, v) if x["stream"] == "stderr"]')" \
	"['err 1', 'err 2', 'err 3', 'err 4', 'err 5']" "and stderr"
is "$(lines '[x["seq"] for x in v] == list(range(1, 12))')" True "numbers from 1"
is "$(lines 'all(x["run"] == 1 and "time" in x and "time_ms" in x for x in v)')" \
	True "run and times"
is "$(lines '[x["text"] for x in v if x.get("partial")]')" "['tail']" "what lacks its newline"
exits 0 "a stream" sbx logs two --stream stderr
is "$out" "err 1
err 2
err 3
err 4
err 5" "only that"
exits 2 "a stream that is none" sbx logs two --stream sdterr
exits 0 "the last lines" sbx logs two --stream stdout -n 2
is "$out" "out 5
tail" "two of them"
exits 0 "grep" sbx logs two --grep 'out [24]'
is "$out" "out 2
out 4" "what matches"
exits 0 "grep and the last" sbx logs two --grep 'out' -n 1
is "$out" "out 5" "one"
exits 2 "a bad pattern" sbx logs two --grep 'a**'
like "$err" "^sbx: --grep: quantifier does not follow" "names its option"
like "$err" "^      \^$" "and shows the place"
exits 0 "since a cursor" sbx logs two --since 9 --json
is "$(lines '[x["seq"] for x in v]')" "[10, 11]" "what comes after it"
exits 0 "since a duration" sbx logs two --since 1h
like "$out" 'out 1' "everything"
exits 0 "since a time to come" sbx logs two --since 2100-01-01T00:00:00Z
is "$out" "" "nothing"
exits 2 "since nonsense" sbx logs two --since yesteryear

exits 0 "several" sbx logs
like "$out" '^two   \| out 1' "prefixed by their names"
like "$out" '^other \| from other' "all of them"
exits 0 "without prefixes" sbx logs --no-prefix
like "$out" '^out 1$' "without"
exits 4 "of nobody" sbx logs twoo
like "$err" "did you mean 'two'" "one is suggested"

# Exact bytes.
exits 0 "run it" sbx start bytes long
exits 0 "their end" sbx wait bytes long --exit --timeout 20s
sbx logs bytes --raw --stream stdout >raw
printf 'a\000b\377\n\033[31mred\033[m\nno newline' >want
ok "--raw gives the exact bytes" cmp raw want
sbx logs bytes >raw
ok "so do plain lines to a pipe" cmp raw want
exits 0 "as JSON" sbx logs bytes --json
is "$(lines '__import__("base64").b64decode(v[0]["data"]) == b"a\0b\xff"')" True \
	"data is base64 where it is not UTF-8"
sbx logs long | head -n 1 | wc -c >n
is "$(cat n)" 200001 "a long line is whole"
exits 0 "a long one as JSON" sbx logs long --json
is "$(lines '[len(t) for t in text]')" "[200000, 5]" "whole too"

# To a terminal nothing of it acts.
screen_open 80x24 "cd '$T/w' && '$SBX_BIN' logs bytes"
wait_screen '\[ended 0\]' "logs on a terminal"
like "$(screen_text)" '^a\^@b\\xFF|^a\^@b\\xff' "controls are shown"
like "$(screen_text)" '^red$' "colours are not text"
screen_close

# Follow: replay, then live, each line once, then the end.
sbx logs count -f --json --since 0 >follow &
follower=$!
exits 0 "start it" sbx start count
exits 0 "its end" sbx wait count --exit --timeout 30s
wait $follower
is "$(python3 -c '
import json
v = [json.loads(l) for l in open("follow")]
seqs = [x["seq"] for x in v if "seq" in x]
print(len(seqs))')" "$(python3 -c '
import json
v = [json.loads(l) for l in open("follow")]
print(0 if len(v) == 1 else 20000)')" "a follower of one that is off ends at once or sees all"
sbx restart count
sbx logs count -f --json --run 2 >follow
is "$(python3 -c '
import json
v = [json.loads(l) for l in open("follow")]
text = [x["text"] for x in v if "text" in x]
print(text == ["line %d" % (i + 1) for i in range(20000)], len(text))')" \
	"True 20000" "a follower gets every line once"
is "$(tail -n 1 follow | python3 -c '
import json, sys
e = json.load(sys.stdin)["exit"]
print(e["name"], e["exit_code"], e["status"])')" "count 0 completed" "and the end at last"
exits 0 "an older run" sbx logs count --run 1 --json
is "$(lines 'set(x["run"] for x in v), len(v)')" "{1} 20000" "only that run"

# A prompt without a newline is shown before it is answered; the engine may
# die meanwhile.
sbx add ask -- sh -c "printf 'name? '; read x; echo hello \$x; read y"
sbx logs -f ask >prompt 2>said &
follower=$!
wait_until "the prompt is shown" grep -q 'name? ' prompt
engine=$(engine_pid)
kill -KILL "$engine"
exits 0 "answer it" sbx send ask world
wait_until "the answer is shown" grep -q 'hello world' prompt
exits 0 "end it" sbx send ask --eof
wait $follower
is "$?" 0 "the follower ends with it"
is "$(cat prompt)" "name? hello world" "nothing twice, nothing lost"
is "$(tail -n 1 said)" "sbx: ask: exit 1" "and then the exit"

# The runs of a process, and their lines.
cat >runs.rc <<'END'
process again {
	cmd echo "run $SBX_RUN"; exit 3
	restart on-failure
	restart.max 2
	restart.backoff 10ms..20ms
}
END
exits 0 "several runs" sbx -f runs.rc up
exits 0 "its end" sbx -f runs.rc wait again --exit --timeout 30s
exits 0 "show --json" sbx -f runs.rc show again --json
is "$(printf '%s\n' "$out" | python3 -c '
import json, sys
v = json.load(sys.stdin)["runs"]
print([(r["run"], r["status"], r["exit_code"], r["first_seq"], r["lines"]) for r in v])
print(v[2]["reason"], all(r["max_rss"] > 0 and r["duration_ms"] >= 0 and "pid" in r for r in v))')" \
	"[(3, 'failed', 3, 3, 1), (2, 'failed', 3, 2, 1), (1, 'failed', 3, 1, 1)]
exit 3 True" "the newest first, with what became of it"
exits 0 "show" sbx -f runs.rc show again
like "$out" '^ +#2  failed: exit 3  ran [0-9a-z]+, .*lines 2 to 2$' "a line each"
exits 0 "the one before the last" sbx -f runs.rc logs again --run -1
is "$out" "run 2" "by counting back"
exits 0 "the first" sbx -f runs.rc logs again --run 1 --raw
is "$out" "run 1" "by its number"
exits 1 "one too far back" sbx -f runs.rc logs again --run -3
like "$err" "'again' has had 3 runs" "says how many there were"
exits 1 "one to come" sbx -f runs.rc logs again --run 4
exits 2 "none at all" sbx -f runs.rc logs again --run last
exits 0 "down" sbx -f runs.rc down

# What was dropped is marked.
cat >small.rc <<'END'
process flood {
	cmd i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo "line $i of a flood that does not fit"; done
	log.keep 256K
}
END
exits 0 "check" sbx check small.rc
exits 0 "a small log" sbx -f small.rc up
exits 0 "its end" sbx -f small.rc wait flood --exit --timeout 30s
exits 0 "its log" sbx -f small.rc logs flood --json
is "$(lines 'v[0].get("dropped_bytes", 0) > 0')" True "begins with a mark"
is "$(lines 'v[0]["dropped_bytes"] + sum(len(t) + 1 for t in text) ==
	sum(len("line %d of a flood that does not fit\n" % (i + 1)) for i in range(40000))')" \
	True "that tells exactly what is missing"
is "$(lines '[t for t in text if not __import__("re").match(r"line \d+ of a flood that does not fit$", t)]')" \
	"[]" "whole lines follow"
is "$(lines 'text[-1]')" "line 40000 of a flood that does not fit" "the end is there"
exits 0 "more lines than there are" sbx -f small.rc logs flood --json -n 100000
is "$(lines '[t for t in text if not t.startswith("line ")]')" "[]" "are whole too"
is "$(lines 'v[0].get("dropped_bytes", 0) > 0')" True "what is gone was asked for too"
exits 0 "since an hour" sbx -f small.rc logs flood --json --since 1h
is "$(lines 'v[0].get("dropped_bytes", 0) > 0')" True "and of what is gone of it"
exits 0 "its exact bytes" sbx -f small.rc logs flood --raw
gone=$(printf '%s\n' "$err" | sed -n 's/^sbx: flood: dropped \([0-9]*\) bytes$/\1/p')
is "$((${gone:-0} + $(wc -c <"$T/run.out")))" \
	"$(sbx -f small.rc show flood --json | sed 's/.*"log_bytes":\([0-9]*\),.*/\1/')" \
	"tell what is missing before them"
exits 0 "of a stream" sbx -f small.rc logs flood --stream stderr
is "$out$err" "" "what another one has lost is not missing"
exits 0 "another run" sbx -f small.rc restart flood --json
exits 0 "its end" sbx -f small.rc wait flood --exit --timeout 30s
exits 0 "the first run" sbx -f small.rc logs flood --run 1 --json
is "$(lines 'v[0]["dropped_bytes"]')" \
	"$(python3 -c 'print(sum(len("line %d of a flood that does not fit\n" % (i + 1)) for i in range(40000)))')" \
	"all of it is gone, and not more than it had"
done_testing
