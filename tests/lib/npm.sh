#!/bin/sh
# Puts npm packages into a directory that several tests share, once:
#	npm.sh DIR PACKAGE@VERSION...
# Fails where they are not there and the registry cannot be reached.  Nothing
# of a package is run.
set -eu
dir=${1:?usage: npm.sh DIR PACKAGE@VERSION...}
shift
want=$*
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
[ "$(cat "$dir/done" 2>/dev/null)" != "$want" ] || exit 0
command -v npm >/dev/null 2>&1 || { echo "npm.sh: no npm" >&2; exit 1; }
rm -rf "$dir/done" "$dir/node_modules" "$dir/package-lock.json"
echo '{ "private": true }' >"$dir/package.json"
cd "$dir"
timeout 240 npm install --no-audit --no-fund --no-progress --ignore-scripts \
	--no-package-lock --loglevel=error --fetch-retries=1 \
	--cache "$PWD/cache" "$@" >log 2>&1 9>&- ||
	{ tail -n 5 log >&2; exit 1; }
rm -rf cache
echo "$want" >done
