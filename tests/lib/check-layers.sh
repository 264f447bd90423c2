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
tui=$(ls tui/*.[ch] 2>/dev/null)
only() {	# only FILES (a pattern) HEADER
	no "only $1 includes $2" "#include *<${2%.h}" \
		$(echo "$engine" | grep -vxE "$1") $tui
}
no "the engine includes curses" '#include *<(n?curses|ncursesw|term|panel)(\.h|/)' $engine
no "the engine includes tui/" '#include *"(\.\./)?tui/' $engine
only engine/vt.c vterm.h
only engine/regex.c pcre2.h
only engine/ytree.c yaml.h
only engine/http_server.c microhttpd.h
only engine/http_ws.c wslay.h
only 'engine/(http_.*\.[ch]|import_npm\.c)' jansson.h
no "engine, keeper and sbx know nothing of HTTP" '#include *"http_' \
	$(echo "$engine" | grep -v '^engine/http_') $tui
exit $fail
