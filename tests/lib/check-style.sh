#!/bin/sh
# The rules of doc/style.md that a script can hold: file and function
# lengths, trailing blanks, spaces for tabs, calls that are not used here.
fail=0
bad() {
	echo "check-style: $*" >&2
	fail=1
}
files=$(ls engine/*/*.[ch] tui/*.[ch] 2>/dev/null)
for f in $files; do
	n=$(wc -l <"$f")
	[ "$n" -le 800 ] || bad "$f has $n lines (800 at most)"
done
grep -nE '[ 	]+$' $files && bad "trailing blanks"
grep -nE '^        ' $files && bad "eight spaces where a tab belongs"
grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|system|popen|usleep)\(' $files &&
	bad "a banned function"
grep -nwE 'TODO|FIXME|XXX|HACK' $files && bad "an unfinished mark"
# A tab goes to the next eighth column; bytes that go on with a character of
# UTF-8 take none.
LC_ALL=C awk '
	{
		gsub(/[\200-\277]/, "")
		for (width = 0; (at = index($0, "\t")); $0 = substr($0, at + 1))
			width += at + 7 - (width + at - 1) % 8
		if (width + length > 80) {
			printf "%s:%d: %d columns (80 at most)\n", FILENAME, FNR, width + length
			wide = 1
		}
	}
	END { exit wide }
' $files || bad "lines that are too wide"
awk '
	# A body starts with a brace in the first column and ends with one.
	FNR == 1 { open = 0 }
	/^{/ { open = FNR }
	/^}/ && open {
		if (FNR - open > 101) {
			printf "%s:%d: a function of %d lines (100 at most)\n", FILENAME, open, FNR - open - 1
			long = 1
		}
		open = 0
	}
	END { exit long }
' $(ls engine/*/*.c tui/*.c) || bad "functions that are too long"
exit $fail
