#!/bin/sh
# Writes the generated parts of the manuals anew: what stands between
#	.\" begin table NAME
#	.\" end table
# is what "sbx __table NAME mdoc" prints, or "sbx-serve __routes" for routes,
# from the tables of the programs.
#	gendoc.sh BUILD_DIR [OUT_DIR]
# Without OUT_DIR the files of doc/ are changed in place.
set -eu
build=${1:?usage: gendoc.sh BUILD_DIR [OUT_DIR]}
out=${2:-doc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for page in doc/*.[1-8]; do
	name=${page#doc/}
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'.\" begin table routes')
			printf '%s\n' "$line"
			# Built without HTTP: it stays as it is.
			[ -x "$build/sbx-serve" ] || continue
			"$build/sbx-serve" __routes
			skipping=1 ;;
		'.\" begin table '*)
			printf '%s\n' "$line"
			"$build/sbx" __table "${line#'.\" begin table '}" mdoc
			skipping=1 ;;
		'.\" end table')
			printf '%s\n' "$line"
			skipping= ;;
		*)
			[ -n "${skipping:-}" ] || printf '%s\n' "$line" ;;
		esac
	done <"$page" >"$tmp/$name"
	[ -z "${skipping:-}" ] || { echo "gendoc: $page: a table has no end" >&2; exit 1; }
	cmp -s "$tmp/$name" "$out/$name" || cp "$tmp/$name" "$out/$name"
done
