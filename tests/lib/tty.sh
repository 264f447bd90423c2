# Shell library of the end-to-end tests; a test begins with
#
#	#!/bin/sh
#	. tests/lib/tty.sh
#
# is run from the top of the source tree, and prints TAP.  Each test has its
# own HOME, runtime and state directories under $T (a short path: the path of
# a socket has 107 bytes at most), so that all of them can run side by side.
# At the end the engine is stopped, and nothing that the test has started may
# be left in /proc: that is the last check of every test.
#
# Nothing here sleeps to be in step with something else: what takes time is
# waited for with a deadline (WAIT seconds, generous, for slow machines).
#
# Set before sourcing: TEST_SECONDS, after which the whole test is ended.

# A test that hangs is ended with everything it runs; the trap below cleans.
if [ -z "${TTY_SH_INNER:-}" ]; then
	TTY_SH_INNER=1
	export TTY_SH_INNER
	exec timeout -k 30 "${TEST_SECONDS:-150}" sh "$0" "$@"
fi
unset TTY_SH_INNER

TOP=$(pwd)
O=${O:-$TOP/build}
SBX_BIN=${SBX:-$O/sbx}
WAIT=${WAIT:-40}
T=$(mktemp -d /tmp/sbx.XXXXXX) || exit 99
mkdir -m 700 "$T/r" "$T/s" "$T/h" "$T/w" "$T/x"

# The system's own programs first: wrappers in a home directory may want HOME.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL=C.UTF-8 TZ=UTC HOME="$T/h" SHELL=/bin/sh
export XDG_RUNTIME_DIR="$T/r" XDG_STATE_HOME="$T/s" XDG_CONFIG_HOME="$T/h/.config"
export SBX_TEST_ID="sbx-test-$T"
unset SBX_SOCKET SBX SBX_ID SBX_PROCESS TMUX NO_COLOR COLORTERM MAKEFLAGS MAKELEVEL
[ -x "$SBX_BIN" ] || { echo "Bail out! no $SBX_BIN: run make first"; exit 99; }

tap_no=0
tap_failed=0
code=0

sbx() {
	"$SBX_BIN" "$@"
}

# --- TAP ---

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	tap_no=$((tap_no + 1))
	echo "ok $tap_no - $*"
}

fail() {
	tap_no=$((tap_no + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_no - $*"
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	ok_name=$1
	shift
	ok_code=0
	"$@" >"$T/ok.out" 2>&1 || ok_code=$?
	if [ "$ok_code" = 0 ]; then
		pass "$ok_name"
	else
		fail "$ok_name"
		note "exit $ok_code: $*"
		head -n 40 "$T/ok.out" | sed 's/^/#   /'
	fi
}

# is GOT WANT NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		note "     got: $1"
		note "expected: $2"
	fi
}

# like TEXT ERE NAME: some line of the text matches.
like() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
	else
		fail "$3"
		note "no line matches: $2"
		note "$1"
	fi
}

unlike() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		fail "$3"
		note "a line matches: $2"
		note "$1"
	else
		pass "$3"
	fi
}

# --- the engine ---

engine_pid() {
	sbx doctor --json | sed -n 's/.*"engine_pid":\([0-9]*\).*/\1/p'
}
another_engine() {
	new=$(engine_pid)
	[ -n "$new" ] && [ "$new" != "$old" ]
}
# $new takes over from $old.
kill_engine() {
	old=$(engine_pid)
	kill -KILL "$old"
	poll "$WAIT" another_engine
}

skip_all() {
	trap - EXIT INT TERM HUP
	rm -rf "$T"
	echo "1..0 # SKIP $*"
	exit 0
}

# run COMMAND...: $code, and what it printed in $out and $err.
run() {
	code=0
	"$@" >"$T/run.out" 2>"$T/run.err" </dev/null || code=$?
	out=$(cat "$T/run.out")
	err=$(cat "$T/run.err")
}

# exits CODE NAME COMMAND...
exits() {
	exits_want=$1 exits_name=$2
	shift 2
	run "$@"
	if [ "$code" = "$exits_want" ]; then
		pass "$exits_name"
	else
		fail "$exits_name"
		note "exit $code, not $exits_want: $*"
		note "$out"
		note "$err"
	fi
}

# --- waiting ---

now_s() {
	read -r now_up now_idle </proc/uptime
	echo "${now_up%.*}"
}

# poll SECONDS COMMAND...: until it succeeds; false when the time is over.
poll() {
	poll_end=$(($(now_s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_s)" -lt "$poll_end" ] || return 1
		sleep 0.05
	done
}

# wait_until NAME COMMAND...
wait_until() {
	wait_name=$1
	shift
	if poll "$WAIT" "$@"; then
		pass "$wait_name"
	else
		fail "$wait_name"
		note "not true after $WAIT s: $*"
		"$@" 2>&1 | head -n 40 | sed 's/^/#   /'
	fi
}

# --- processes ---

# Everything that was started by this test, one pid a line.  The environment
# is that of the last exec, so this shell and its subshells are not in it.
test_pids() {
	for tp in $(cd /proc && env -i PATH="$PATH" grep -lsaF "SBX_TEST_ID=$SBX_TEST_ID" [0-9]*/environ); do
		echo "${tp%/environ}"
	done
}

nothing_left() {
	[ -z "$(test_pids)" ]
}

is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:	[ZX]' "/proc/$1/status" 2>/dev/null
}

# pid_of NAME, status_of NAME, field_of NAME KEY: of the set in this directory
field_of() {
	sbx show "$1" --json 2>/dev/null |
		python3 -c 'import json,sys
v = json.load(sys.stdin).get(sys.argv[1])
print("" if v is None else v)' "$2" 2>/dev/null
}
pid_of() {
	field_of "$1" pid
}
status_of() {
	field_of "$1" status
}
has_status() {
	[ "$(status_of "$1")" = "$2" ]
}
is_ready() {
	[ "$(field_of "$1" ready)" = True ]
}
# new_pid NAME OLD: it runs, and as another process than OLD
new_pid() {
	np=$(pid_of "$1")
	[ -n "$np" ] && [ "$np" != "$2" ]
}

# A TCP port that nobody listens on.  The ranges of parallel tests are apart
# because their process ids are; below the ports that the kernel hands out.
port_next=$((20000 + $$ % 1200 * 10))
free_port() {
	while grep -qi ":$(printf %04X "$port_next") [0-9A-F]*:[0-9A-F]* 0A" \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null; do
		port_next=$((port_next + 1))
	done
	port=$port_next
	port_next=$((port_next + 1))
}

# --- a terminal (tmux on a server of its own) ---

tmux_() {
	tmux -S "$T/x/t" -f /dev/null "$@"
}

# screen_open COLUMNSxROWS COMMAND: a line for sh; its exit status is shown
# when it has ended.
screen_open() {
	so_size=$1
	shift
	tmux_ new-session -d -x "${so_size%x*}" -y "${so_size#*x}" \
		"TERM=tmux-256color; export TERM; $*
		 echo \"[ended \$?]\"; exec sleep 1000" || return 1
	tmux_ set-option -g escape-time 10 >/dev/null
}

# Keys by tmux's names: screen_keys Down Enter C-]
screen_keys() {
	tmux_ send-keys "$@"
}

screen_type() {
	tmux_ send-keys -l -- "$1"
}

screen_text() {
	tmux_ capture-pane -p
}

screen_size() {
	tmux_ resize-window -x "${1%x*}" -y "${1#*x}"
}

screen_has() {
	screen_text | grep -Eq -e "$1"
}

screen_lacks() {
	! screen_has "$1"
}

# wait_screen ERE NAME, wait_no_screen ERE NAME
wait_screen() {
	if poll "$WAIT" screen_has "$1"; then
		pass "$2"
	else
		fail "$2"
		note "no row of the screen matches after $WAIT s: $1"
		screen_text | sed 's/^/# |/'
	fi
}

wait_no_screen() {
	if poll "$WAIT" screen_lacks "$1"; then
		pass "$2"
	else
		fail "$2"
		note "a row of the screen still matches after $WAIT s: $1"
		screen_text | sed 's/^/# |/'
	fi
}

screen_close() {
	[ ! -S "$T/x/t" ] || tmux_ kill-server 2>/dev/null
}

# --- the end ---

# Every engine of this test, whatever set it serves.
all_down() {
	for ad_sock in "$T"/r/sbx/*/sock; do
		[ -S "$ad_sock" ] || continue
		SBX_SOCKET=$ad_sock timeout 60 "$SBX_BIN" down --timeout 10s >/dev/null 2>&1
	done
}

tty_end() {
	trap - EXIT INT TERM HUP
	screen_close
	all_down
	poll 10 nothing_left
	left=$(test_pids)
	for pid in $left; do
		kill -KILL "$pid" 2>/dev/null
	done
	cd /
	[ -n "${KEEP_TEST:-}" ] || rm -rf "$T"
}

# The last line of a test.
done_testing() {
	screen_close
	all_down
	if poll 15 nothing_left; then
		pass "nothing of the test is left"
	else
		fail "nothing of the test is left"
		for pid in $(test_pids); do
			note "$pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
		done
	fi
	echo "1..$tap_no"
	tty_end
	[ "$tap_failed" = 0 ]
	exit
}

trap 'tty_end' EXIT
trap 'echo "# $0 took longer than its TEST_SECONDS"; exit 99' TERM
trap 'exit 98' INT HUP
cd "$T/w" || exit 99
