# Beginning of the tests that drive "sbx serve" with programs for Node, in the
# place of tests/lib/tty.sh, which it includes.  The packages come from npm,
# unmodified, into a directory of the build that all of these tests share.

NPM=${O:-$PWD/build}/npm
# Before HOME is another: npm may be told there how to reach its registry.
[ -n "${TTY_SH_INNER:-}" ] || sh tests/lib/npm.sh "$NPM" >&2 || :
. tests/lib/tty.sh
command -v node >/dev/null 2>&1 || skip_all "node is not here"
[ -e "$NPM/done" ] || skip_all "the npm registry cannot be reached"

# node_tests PROGRAM [ARGUMENT...]: a program of tests/node/, its results
# numbered into those of this test.
node_tests() {
	node_name=$1
	shift
	node_code=0
	node "$TOP/tests/node/$node_name" --npm "$NPM" "$@" >"$T/node.out" 2>&1 ||
		node_code=$?
	node_seen=0
	while IFS= read -r node_line; do
		case $node_line in
		"ok "*) pass "${node_line#ok * - }" ;;
		"not ok "*)
			fail "${node_line#not ok * - }"
			node_seen=1 ;;
		"1.."*) ;;
		*) printf '# %s\n' "${node_line#\# }" ;;
		esac
	done <"$T/node.out"
	[ "$node_code" = 0 ] || [ "$node_seen" = 1 ] ||
		fail "$node_name ends with $node_code"
}

[ -x "$O/sbx-serve" ] || skip_all "built without HTTP"

# serve_start OPTION...: $serve_pid, when it answers at $serve_at, which is
# what a program of tests/node/ wants to know where it is.
serve_start() {
	case " $* " in
	*" --unix "*)
		serve_at="--unix $T/x/http"
		serve_curl="--unix-socket $T/x/http http://localhost" ;;
	*)
		free_port
		serve_at="--url http://127.0.0.1:$port"
		serve_curl="http://127.0.0.1:$port"
		set -- --listen "127.0.0.1:$port" "$@" ;;
	esac
	"$SBX_BIN" serve "$@" >"$T/serve.out" 2>&1 </dev/null &
	serve_pid=$!
	if ! poll "$WAIT" serve_answers; then
		fail "sbx serve $* answers"
		note "$(cat "$T/serve.out")"
	fi
}

# Any status is an answer.
serve_answers() {
	curl -s -o "$T/serve.health" -m 5 ${serve_curl% *} "${serve_curl##* }/v1/health"
}

serve_stop() {
	kill "$serve_pid" 2>/dev/null
	wait "$serve_pid" 2>/dev/null
}
