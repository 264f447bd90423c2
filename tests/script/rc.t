#!/bin/sh
# Files of every kind of mistake, with what "sbx check" says of them: each
# tests/script/rc/NAME.rc has its NAME.out, without the last line.
. tests/lib/tty.sh
cases=$TOP/tests/script/rc
# Wherever the program was built, its data is that of the tree.
mkdir -p "$XDG_CONFIG_HOME/sbx"
ln -s "$TOP/themes" "$TOP/tui/keys" "$XDG_CONFIG_HOME/sbx"
cd "$T/w" || exit 99

# What is the same wherever the test runs.
said() {
	printf '%s\n' "$out" "$err" | sed -e "s,'$T/w/,'DIR/,g" \
		-e '/^sbxrc: [0-9]* error/d' -e '/: no mistakes, /d' \
		-e '/^$/d'
}

for file in "$cases"/*.rc; do
	name=$(basename "$file" .rc)
	cp "$file" sbxrc
	run env PATH=/bin:/usr/bin "$SBX_BIN" check
	want=0
	grep -q ': error: ' "$cases/$name.out" && want=2
	is "$code" "$want" "$name: exit code"
	is "$(said)" "$(cat "$cases/$name.out")" "$name: what is said"
done

cp "$cases/messages.rc" sbxrc
exits 2 "mistakes as JSON" sbx check --json
is "$(printf '%s\n' "$out" | python3 -c '
import json, sys
v = [json.loads(line) for line in sys.stdin]
print(len(v), {x["level"] for x in v} <= {"error", "warning"},
      v[0]["file"], v[0]["line"], v[0]["column"], v[0]["text"])')" \
	"$(sed -n '1s/^sbxrc:\([0-9]*\):\([0-9]*\): error: /MANY True sbxrc \1 \2 /p' "$cases/messages.out" |
		sed "s/MANY/$(grep -c '^sbxrc:.*: \(error\|warning\): ' "$cases/messages.out")/")" \
	"one a line, with their place"
exits 2 "a file with mistakes starts nothing" sbx up
like "$err" '^sbxrc: 10 errors; nothing was started\.$' "and says so"
exits 3 "no engine was started" sbx ls

cp "$cases/fine.rc" sbxrc
chmod o+w sbxrc
exits 2 "a file that others can write starts nothing" sbx up
like "$out$err" 'can be written by others' "and the reason is given"
ok "the person may name it" sbx check sbxrc
rm sbxrc
ln -s "$cases/fine.rc" sbxrc
exits 2 "a symbolic link is not followed" sbx check
like "$out$err" 'is a symbolic link' "and the reason is given"
done_testing
