#!/bin/sh
# completion: what the shells offer.
. tests/lib/tty.sh

# offered WORD...: the candidates of a line, in bash
offered() {
	bash -c 'source <("$0" completion bash)
		COMP_WORDS=("$0" "$@") COMP_CWORD=$#
		COMP_LINE="$0 $*"; COMP_POINT=${#COMP_LINE}
		_sbx; printf "%s\n" "${COMPREPLY[@]}"' "$SBX_BIN" "$@" | tr '\n' ' '
}

cat >sbxrc <<'END_RC'
process web sleep 1000
process worker sleep 1001
process db sleep 1002
END_RC
is "$(offered rest)" "restart " "a verb"
is "$(offered w)" "why wait watch web worker " "verbs and processes of the file"
is "$(offered stop w)" "web worker " "names where a verb takes them"
is "$(offered wait web --ti)" "--timeout " "options of the verb"
is "$(offered logs --stream s)" "stdout stderr " "values of an option"
is "$(offered run --success f)" "first " "words of --success"
is "$(offered signal HU)" "HUP " "signals"
is "$(offered signal HUP d)" "db " "then names"
is "$(offered completion z)" "zsh " "shells"
is "$(offered init --from p)" "procfile process-compose " "formats of init"
is "$(offered watch web a)" "add " "what watch can do"
is "$(offered theme sh)" "show " "what theme can do"
is "$(offered theme show term)" "terminal " "themes"
is "$(offered help ex)" "exec " "help of verbs"
is "$(offered exec -- w)" " " "behind -- is the shell's own"
printf 'process other sleep 1\n' >second
is "$(offered set list.)" "list.columns list.width " "settings"
is "$(offered set glyphs a)" "auto ascii " "what a setting can be"
is "$(offered scale w)" " " "no process has replicas"
printf 'process job {\n cmd true\n replicas 2\n}\ngroup jobs job\nprocess o true\n' >third
is "$(offered -f third scale '')" "job " "what can be scaled"
is "$(offered -f third stop j)" "job.0 job.1 job jobs " "replicas and groups"
is "$(offered -f third env '')" "jobs " "groups"
is "$(offered -f third ls --group j)" "jobs " "groups of an option"
is "$(offered -f second stop o)" "other " "names of another file"
is "$(ls "$T/r")" "" "nothing was started"
exits 0 "up" sbx up
exits 0 "add" sbx add wonder -- sleep 1003
is "$(offered stop wo)" "worker wonder " "names of the running engine"
engine=$(engine_pid)
kill -STOP "$engine"
is "$(offered stop wo)" "worker " "one that hangs is not waited for"
kill -CONT "$engine"
# bash itself, where a name with a colon is several words.
exits 0 "add" sbx add test:unit -- sleep 1004
exits 0 "add" sbx add test:all -- sleep 1004
if command -v bash >/dev/null; then
	mkdir -p "$T/bin"
	ln -s "$SBX_BIN" "$T/bin/sbx"
	screen_open 80x24 "PATH='$T/bin':\$PATH; PS1='> '; export PATH PS1; cd '$T/w' && exec bash --norc --noprofile"
	wait_screen '^>' "bash is there"
	screen_type 'source <(sbx completion bash); echo sour''ced'
	screen_keys Enter
	wait_screen '^sourced' "it takes the script"
	screen_type 'sbx stop te'
	screen_keys Tab
	wait_screen '^> sbx stop test:$' "up to where they differ"
	screen_type 'u'
	screen_keys Tab
	wait_screen '^> sbx stop test:unit' "a part of the name"
	screen_type 'test:'
	screen_keys Tab Tab
	wait_screen '^all +unit' "what may follow the colon"
	screen_type 'a'
	screen_keys Tab
	screen_type 'd'
	screen_keys Tab
	wait_screen '^> sbx stop test:unit test:all db' "and the next words"
	screen_close
fi
exits 2 "no such shell" sbx completion tcsh
like "$err" "bash zsh fish" "those there are"
for shell in zsh fish; do
	exits 0 "completion $shell" sbx completion $shell
	printf '%s\n' "$out" >script
	if command -v $shell >/dev/null; then
		ok "$shell takes it" $shell -n script
	else
		pass "$shell takes it # SKIP not installed"
	fi
done
if command -v zsh >/dev/null; then
	screen_open 80x24 "PATH='$T/bin':\$PATH; PS1='> '; export PATH PS1; cd '$T/w' && exec zsh -f"
	wait_screen '^>' "zsh is there"
	screen_type 'autoload -U compinit; compinit -u; source <(sbx completion zsh); echo sour''ced'
	screen_keys Enter
	wait_screen '^sourced' "it takes the script too"
	screen_type 'sbx stop test:u'
	screen_keys Tab
	wait_screen '^> sbx stop test:unit' "a name with a colon"
	screen_type 'won'
	screen_keys Tab
	wait_screen '^> sbx stop test:unit wonder' "of the running engine"
	screen_keys C-u
	screen_type 'sbx wait web --ti'
	screen_keys Tab
	wait_screen '^> sbx wait web --timeout' "an option"
	screen_close
	mkdir -p fpath
	sbx completion zsh >fpath/_sbx
	screen_open 80x24 "PATH='$T/bin':\$PATH; PS1='> '; export PATH PS1; cd '$T/w' && exec zsh -f"
	wait_screen '^>' "zsh is there again"
	screen_type 'fpath=($PWD/fpath $fpath); autoload -U compinit; compinit -u -D; echo rea''dy'
	screen_keys Enter
	wait_screen '^ready' "the script is a file of fpath"
	screen_type 'sbx stop won'
	screen_keys Tab
	wait_screen '^> sbx stop wonder' "the first Tab is answered"
	screen_close
else
	pass "zsh completes # SKIP not installed"
fi
if command -v fish >/dev/null; then
	is "$(PATH="$T/bin:$PATH" fish -c 'source script
		complete -C "sbx stop wo"' | cut -f 1 | tr '\n' ' ')" \
		"wonder worker " "fish offers the names of the running engine"
	touch wofile
	is "$(PATH="$T/bin:$PATH" fish -c 'source script
		complete -C "sbx stop wo"' | cut -f 1 | tr '\n' ' ')" \
		"wonder worker " "and no files beside them"
	is "$(PATH="$T/bin:$PATH" fish -c 'source script
		complete -C "sbx check wo"' | cut -f 1 | tr '\n' ' ')" \
		"wofile " "but where files are meant"
else
	pass "fish offers the names of the running engine # SKIP not installed"
fi
exits 0 "down" sbx down

done_testing
