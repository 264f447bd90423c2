#!/bin/sh
# Wide and combining characters on the screen of a process, whatever the
# locale of the one who started the engine.
. tests/lib/tty.sh
cat >sbxrc <<'END'
process cells {
	tty yes
	cmd printf '日本|\nnai\314\210f|\nend'; exec sleep 1000
}
END
has_end() {
	sbx screen cells | grep -q end
}
for locale in C C.UTF-8; do
	exits 0 "up" env -u LANG -u LC_CTYPE LC_ALL=$locale "$SBX_BIN" up
	wait_until "it prints" has_end
	exits 0 "the screen" sbx screen cells --json
	is "$(printf '%s' "$out" | python3 -c '
import json, sys
s = json.load(sys.stdin)
print(ascii(s["lines"][:3]), s["cursor"]["col"])')" \
		"['\\u65e5\\u672c|', 'nai\\u0308f|', 'end'] 3" "$locale: its lines"
	exits 0 "down" sbx down
done

# The column behind wide characters is what the program is told (CSI 6n).
cat >sbxrc <<'END'
process asks {
	tty yes
	cmd stty raw -echo; printf '日本e\314\201\033[6n'; dd bs=6 count=1 2>/dev/null | tr -d '\033'; exec sleep 1000
}
END
for locale in C C.UTF-8; do
	exits 0 "up" env -u LANG -u LC_CTYPE LC_ALL=$locale "$SBX_BIN" up
	exits 0 "$locale: two columns each, and none for a mark" \
		sbx wait asks --string '[1;6R' --timeout 20s
	exits 0 "down" sbx down
done
done_testing
