#!/bin/sh
# Puts the npm packages that tests and benchmarks use into a directory that
# they share, once:
#	npm.sh DIR
# Fails where they are not there and the registry cannot be reached.  Nothing
# of a package is run.
set -eu
dir=${1:?usage: npm.sh DIR}
want="sandbox-agent@0.4.2 ws@8.18.0 undici@6.21.0 @xterm/xterm@5.5.0"

mkdir -p "$dir"
cd "$dir"
exec 9>lock
flock 9
[ "$(cat done 2>/dev/null)" != "$want" ] || exit 0
rm -rf done node_modules
command -v npm >/dev/null 2>&1 || { echo "npm.sh: no npm" >&2; exit 1; }
echo '{ "private": true }' >package.json
timeout 240 npm install --no-audit --no-fund --no-progress --ignore-scripts \
	--no-package-lock --loglevel=error --fetch-retries=1 \
	--cache "$PWD/cache" $want >log 2>&1 9>&- ||
	{ tail -n 5 log >&2; exit 1; }
rm -rf cache
echo "$want" >done
