#!/bin/sh
# log.file: a copy of the log beside it, exact whatever dies.
. tests/lib/tty.sh

same_as_log() {
	sbx logs "$1" --no-prefix >"$T/log" && cmp -s "$T/log" "$2"
}
whole() {
	zcat -f "$1".5.gz "$1".4.gz "$1".3.gz "$1".2.gz "$1".1.gz "$1" 2>/dev/null
}
whole_is() {
	[ "$(whole "$1" | cksum)" = "$(seq "$2" | cksum)" ]
}

mkdir logs
cat >sbxrc <<'END_RC'
process count {
	cmd i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i % 100)) = 0 ] && sleep 0.05; done
	log.file logs/count.log
}
process many {
	cmd seq 30000; while [ ! -e go ]; do sleep 0.05; done; seq 30001 60000
	log.file logs/many.log
	log.rotate 64K keep=5 gzip
}
process nowhere {
	cmd echo hello
	log.file missing/x.log
}
process own {
	cmd echo run; exec sleep 1000
	files logs debounce=50ms
}
process last {
	cmd exec 2>/dev/null; trap 'seq 300000; exit' TERM; while :; do sleep 0.05; done
	log.file logs/last.log
	replicas 2
}
END_RC
exits 0 "check" sbx check
exits 0 "up" sbx up
kill_engine
kill_engine
kill_engine
exits 0 "it ends" sbx wait count --exit --timeout 60s
wait_until "the copy is what the log is" same_as_log count logs/count.log
is "$(cksum <logs/count.log)" "$(seq 3000 | cksum)" "after three engines"

gone() {
	[ -s logs/many.log.1.gz ]
}
wait_until "rotated files are compressed" gone
touch go
exits 0 "it ends" sbx wait many --exit --timeout 60s
wait_until "nothing is missing between them" whole_is logs/many.log 60000
exits 0 "restart" sbx restart count
exits 0 "it ends" sbx wait count --exit --timeout 60s
wait_until "the next run is behind" same_as_log count logs/count.log

like "$(sbx events)" "nowhere: log.file .*missing" "what cannot be written is told"
mkdir missing
wait_until "when it can, it is" grep -q hello missing/x.log
is "$(field_of own run)" 1 "a copy is no changed file of another one"
exits 0 "one less" sbx scale last 1
fewer() {
	! sbx ls --json | grep -q '"last\.1"'
}
wait_until "it is forgotten" fewer
is "$(cksum <logs/last.1.log)" "$(seq 300000 | cksum)" "not before all is copied"
exits 0 "down" sbx down
is "$(cksum <logs/last.0.log)" "$(seq 300000 | cksum)" "nor does the set end"
done_testing
