#!/bin/sh
# What the build and the tests need from Debian.
#   deps.sh check   say what the build lacks, exit 1 if anything
#   deps.sh build   install what the build lacks
#   deps.sh test    install what build and tests lack
# Root is asked for (sudo) only when something is missing.
set -eu

build="gcc make pkg-config libncurses-dev libvterm-dev libpcre2-dev libjansson-dev libyaml-dev"
[ "${WITH_HTTP:-1}" = 0 ] || build="$build libmicrohttpd-dev libwslay-dev"
tests="$build clang libclang-rt-14-dev tmux vim htop less procps python3 perl \
mandoc valgrind vttest postgresql redis-server nginx-light curl git strace util-linux \
nodejs npm chromium"

# A package counts as there when another one provides the same thing.
present() {
	case $1 in
	nginx-light) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] ;;
	postgresql) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
	gcc) command -v cc >/dev/null 2>&1 ;;
	libclang-rt-14-dev) ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 ;;
	nodejs) command -v node >/dev/null 2>&1 ;;
	make | tmux | vim | vttest | htop | less | python3 | perl | mandoc | valgrind | redis-server | curl | git | strace | clang | npm | chromium)
		command -v "$1" >/dev/null 2>&1 ;;
	*) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
	esac
}

missing() {
	for p in "$@"; do
		present "$p" || printf '%s ' "$p"
	done
}

case ${1:-} in
check)
	# Off Debian the libraries may be there under other names.
	for lib in libpcre2-8:libpcre2-dev ncursesw:libncurses-dev \
		jansson:libjansson-dev yaml-0.1:libyaml-dev; do
		command -v pkg-config >/dev/null 2>&1 && pkg-config --exists ${lib%:*} && continue
		echo "sbx: the build needs ${lib%:*} (Debian: ${lib#*:}); 'make deps' installs what is missing on Debian" >&2
		exit 1
	done
	[ "${WITH_HTTP:-1}" = 0 ] && exit 0
	for header in microhttpd.h:libmicrohttpd-dev wslay/wslay.h:libwslay-dev; do
		echo "#include <${header%:*}>" | ${CC:-cc} -E -x c - >/dev/null 2>&1 && continue
		echo "sbx: sbx-serve needs ${header%:*} (Debian: ${header#*:}); 'make deps' installs it, WITH_HTTP=0 does without" >&2
		exit 1
	done
	exit 0 ;;
build) list=$(missing $build) ;;
test) list=$(missing $tests) ;;
*) echo "usage: deps.sh check|build|test" >&2; exit 2 ;;
esac

[ -n "$list" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "sbx: missing: $list" >&2
	echo "sbx: apt-get is not here; install these by hand" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	echo "sbx: installing with sudo: $list"
	sudo=sudo
else
	echo "sbx: installing: $list"
fi
# Services that a package brings must not start: the tests run their own.
policy=
if [ -z "$sudo" ] && [ ! -e /usr/sbin/policy-rc.d ]; then
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends $list >/dev/null
