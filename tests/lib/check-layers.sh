#!/bin/sh
# Who may include what: a folder of the engine only those named behind it
# here, the engine no curses and nothing of tui/, and each foreign library is
# known to exactly one file.
layers='
base
term	base
life	base
spec	base life
log	base term life spec
child	base
probe	base life child
conf	base term life spec probe
text	base term life spec log
core	base term life spec log child probe conf text
client	base term life spec log probe conf text
cli	base term life spec log child conf text client
http	base term life spec log child conf text client
'
fail=0
bad() {
	echo "check-layers: $*" >&2
	fail=1
}
no() {	# no MESSAGE PATTERN FILES...
	message=$1 pattern=$2
	shift 2
	grep -nE "$pattern" "$@" 2>/dev/null && bad "$message"
}
engine=$(ls engine/*/*.[ch])
tui=$(ls tui/*.[ch])

for dir in engine/*; do
	folder=${dir#engine/}
	[ -d "$dir" ] || { bad "$dir belongs in a folder"; continue; }
	row=$(echo "$layers" | grep -E "^$folder(	|\$)") ||
		{ bad "engine/$folder is in no row of the layers"; continue; }
	below=$(echo "${row#"$folder"}" | tr -s '\t ' '||')
	if grep -nE '#include "[^"]*/' "$dir"/*.[ch] |
	   grep -vE "#include \"(${below#|})/[^/]*\""; then
		bad "engine/$folder includes only:${below:+ }$(echo "$below" | tr '|' ' ')"
	fi
done

only() {	# only FILES (a pattern) HEADER
	no "only $1 includes $2" "#include *<${2%.h}" \
		$(echo "$engine" | grep -vxE "$1") $tui
}
no "the engine includes curses" '#include *<(n?curses|ncursesw|term|panel)(\.h|/)' $engine
only engine/term/vt.c vterm.h
only engine/base/regex.c pcre2.h
only engine/conf/ytree.c yaml.h
only engine/http/http_server.c microhttpd.h
only engine/http/http_ws.c wslay.h
only 'engine/(http/http_.*\.[ch]|conf/import_npm\.c)' jansson.h
no "the screen knows nothing of HTTP" '#include *"engine/http/' $tui
exit $fail
