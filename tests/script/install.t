#!/bin/sh
# "make install" puts down all that the program needs, which then works from
# there, and "make uninstall" takes it away again.
. tests/lib/tty.sh
cd "$TOP" || exit 99

put() {
	make --no-print-directory O="$O" DESTDIR="$T/x" PREFIX=/usr/local "$1" \
		>"$T/make.log" 2>&1
}

ok "make install" put install
root=$T/x/usr/local
is "$(cd "$root" && find . -type f | grep -v '\.theme$\|/sbx/keys/' | sort | tr '\n' ' ')" \
	"./bin/sbx ./libexec/sbx/sbx-serve ./share/doc/sbx/sbxrc.example ./share/man/man1/sbx-serve.1 ./share/man/man1/sbx.1 ./share/man/man5/sbxrc.5 " \
	"program, manuals and example are there"
is "$(ls "$root/share/sbx/themes")" "$(cd themes && ls ./*.theme | sed 's,.*/,,')" \
	"so are all themes"
is "$(ls "$root/share/sbx/keys")" "$(ls tui/keys)" "and all presets of keys"
like "$(grep -a -o '/usr/local/share/sbx' "$O/sbx" | head -1)" share \
	"the program knows the place"

mkdir "$T/y"
mv "$T/x/usr" "$T/y/usr"
cd "$T/w" || exit 99
printf 'set theme nord\nprocess a true\n' >sbxrc
exits 0 "its themes are found where it is" "$T/y/usr/local/bin/sbx" check
like "$out" 'no mistakes, 1 process$' "and are right"

cd "$TOP" || exit 99
mv "$T/y/usr" "$T/x/usr"
ok "make uninstall" put uninstall
is "$(find "$T/x" -type f)" "" "nothing is left"
done_testing
