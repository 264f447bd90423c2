#!/bin/sh
# keys: the bindings in words, without a screen and without an engine.
. tests/lib/tty.sh

json() {
	printf '%s\n' "$out" | python3 -c "
import json, sys
v = json.load(sys.stdin)
k = {(x['key'], x['mode']): x for x in v['keys']}
print($1)"
}

exits 0 "keys without an sbxrc" sbx keys
like "$out" '^KEY +MODE +COMMAND +MEANING$' "it has titles"
like "$out" '^x +list,log +stop +stop processes' "a command of the table has its meaning"
like "$out" '^C-d +list,log +half-down +[a-z]' "an action too"
like "$out" '^C-\] +term +leave +' "the leave key of a terminal"
is "$(sbx __table keys names | grep -c '^bind ')" \
	"$(printf '%s\n' "$out" | sed 1d | grep -vc ' term ')" "no default binding is missing"

cat >sbxrc <<'END_RC'
set leave C-a
bind list x kill
bind F5 restart web --with-dependents
unbind q
process web sleep 1000
END_RC
exits 0 "keys with an sbxrc" sbx keys
like "$out" '^x +log +stop ' "a default key that is left in one mode"
like "$out" '^x +list +kill ' "its new meaning in the other"
like "$out" '^F5 +list,log +restart web --with-dependents +stop and start' "a new one"
unlike "$out" '^q ' "one that was taken away"
like "$out" '^C-a +term ' "the leave key that was set"
exits 0 "keys --json" sbx keys --json
is "$(json 'v["version"]')" 1 "version 1"
is "$(json 'k[("x", "list")]["command"], k[("x", "list")]["from"]')" \
	"kill sbxrc" "where it comes from"
is "$(json 'k[("x", "log")]["from"], bool(k[("x", "log")]["meaning"])')" \
	"default True" "and what it means"
is "$(ls "$T/r")" "" "nothing was started"

echo 'bind x+ stop' >bad
exits 2 "a mistake in a key" sbx -f bad keys
is "$out" "" "nothing is printed"
exits 0 "SBX_SOCKET names no file: the default keys" \
	env SBX_SOCKET="$T/none" "$SBX_BIN" keys
like "$out" '^q +list,log +back' "they are whole"

config=${XDG_CONFIG_HOME:-$HOME/.config}/sbx
mkdir -p "$config"
cp -r "$TOP/tui/keys" "$config/keys"
for k in "$config"/keys/*; do
	name=${k##*/}
	printf 'set keys %s\nprocess web true\n' "$name" >sbxrc
	exits 0 "keys of $name" sbx keys
done
printf 'bind d zoom\nset keys mprocs\nbind C-e find\nprocess web true\n' >sbxrc
exits 0 "keys of a preset" sbx keys
like "$out" '^d +list,log +remove' "they come where they are named"
like "$out" '^C-e +list,log +find' "a line behind them wins"
like "$out" '^C-a +term ' "a preset can have a leave key"
echo 'set keys sbx' >>sbxrc
exits 0 "another preset" sbx keys
like "$out" '^d +list,log +zoom' "takes the place of the first one"
like "$out" '^C-\] +term ' "its leave key too"
echo 'process evil touch evil' >"$config/keys/evil"
echo 'set keys evil' >>sbxrc
exits 2 "a file of keys holds keys" sbx check
like "$out$err" "'process' is not allowed in a file of keys" "and says so"

done_testing
