#!/bin/sh
# What a person can write is either done or refused: no row of the tables is
# accepted and then looked at by nobody.
. tests/lib/tty.sh
cd "$TOP" || exit 99

# Settings: each one that is built is read somewhere; to be in the list of
# those that are the screen's own is not enough.
unread=
sed '/screen_options\[\] = {/,/};/d' tui/command.c >"$T/command.c"
for key in $(sbx __table settings names); do
	id=OPTION_$(echo "$key" | tr 'a-z.-' 'A-Z__')
	grep -qE "\\[$id\\]" engine/conf/option.c || { unread="$unread $key(no-row)"; continue; }
	grep -lE "\\b$id\\b" engine/*/*.c tui/*.c "$T/command.c" |
		grep -qvE '^(engine/conf/(option|keycmd)|tui/command)\.c$' || unread="$unread $key"
done
is "$unread" "" "every setting that is accepted is read"
ok "there are settings" [ "$(sbx __table settings names | wc -l)" -gt 10 ]

cd "$T/w" || exit 99
for key in $(sbx __table settings-later names); do
	echo "set $key on" >sbxrc
	exits 2 "set $key is refused" sbx check
	like "$out$err" 'not built yet' "... clearly"
done

# What is typed behind ':' is one thing; "keys" and "events" list the same here
# and on the screen; "reload" and "theme" show here what they do there.
sbx __table commands names | sort >"$T/verbs"
sbx __table actions names | sort >"$T/actions"
is "$(comm -12 "$T/verbs" "$T/actions" | tr '\n' ' ')" "events keys reload theme " "no other name is a command and an action"

for verb in $(sbx __table commands names); do
	exits 0 "sbx $verb --help" sbx "$verb" --help
	like "$out" "^usage: sbx $verb" "... tells how it is used"
done

done_testing
