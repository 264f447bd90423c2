#!/bin/sh
# Who may include what: the engine knows no curses and nothing of tui/, and
# each foreign library is known to exactly one file.
fail=0
no() {	# no MESSAGE PATTERN FILES...
	message=$1 pattern=$2
	shift 2
	if grep -nE "$pattern" "$@" 2>/dev/null; then
		echo "check-layers: $message" >&2
		fail=1
	fi
}
engine=$(ls engine/*.c engine/*.h)
no "the engine includes curses" '#include *<(n?curses|ncursesw|term|panel)(\.h|/)' $engine
no "the engine includes tui/" '#include *"(\.\./)?tui/' $engine
no "only engine/vt.c includes vterm.h" '#include *<vterm' \
	$(echo "$engine" | grep -v '^engine/vt\.c$') $(ls tui/*.[ch] 2>/dev/null)
no "only engine/regex.c includes pcre2.h" '#include *<pcre2' \
	$(echo "$engine" | grep -v '^engine/regex\.c$') $(ls tui/*.[ch] 2>/dev/null)
no "only engine/ytree.c includes yaml.h" '#include *<yaml' \
	$(echo "$engine" | grep -v '^engine/ytree\.c$') $(ls tui/*.[ch] 2>/dev/null)
no "only engine/http_server.c includes microhttpd.h" '#include *<microhttpd' \
	$(echo "$engine" | grep -v '^engine/http_server\.c$') $(ls tui/*.[ch] 2>/dev/null)
no "only engine/http_ws.c includes wslay.h" '#include *<wslay' \
	$(echo "$engine" | grep -v '^engine/http_ws\.c$') $(ls tui/*.[ch] 2>/dev/null)
no "only engine/http_*.[ch] and import_npm.c include jansson.h" '#include *<jansson' \
	$(echo "$engine" | grep -v '^engine/http_\|^engine/import_npm\.c$') $(ls tui/*.[ch] 2>/dev/null)
no "engine, keeper and sbx know nothing of HTTP" '#include *"http_' \
	$(echo "$engine" | grep -v '^engine/http_') $(ls tui/*.[ch] 2>/dev/null)
exit $fail
