#!/bin/sh
# theme: list, show, check.
. tests/lib/tty.sh

mkdir -p "$T/h/.config/sbx/themes"
cat >"$T/h/.config/sbx/themes/two.theme" <<'END'
theme two
palette dark {
    ground #000000 black
    ink    #ffffff white
}
palette light {
    ground #ffffff white
    ink    #777777 bright-black
}
color text ink ground
END
exits 0 "list" sbx theme list
like "$out" '^terminal$' "a compiled-in one"
like "$out" '^two$' "and one of the person's"
exits 0 "as JSON" sbx theme list --json
is "$(printf '%s' "$out" | python3 -c 'import json,sys; v=json.load(sys.stdin); print(v["version"], "two" in v["themes"])')" \
	"1 True" "the same"
exits 0 "show" sbx theme show two
like "$out" '^two, dark$' "both variants"
like "$out" '^two, light$' "of a theme that has them"
like "$out" '^text +#777777 +#ffffff' "a role, its text, its ground"
exits 0 "the nord that comes along" sbx theme check "$TOP/themes/nord.theme"
like "$out" ' 9\.[12]:1  text$' "how well its text can be read"
like "$out" 'no line of their own:.* meter' "what it does not name"
for theme in "$TOP"/themes/*.theme; do
	exits 0 "${theme##*/} has no mistake and can be read" sbx theme check "$theme"
done
exits 0 "one with two variants" sbx theme show "$TOP/themes/solarized.theme"
like "$out" 'solarized.theme, dark$' "is dark"
like "$out" 'solarized.theme, light$' "or light"
exits 0 "the compiled-in ones" sbx theme check terminal mono
exits 1 "one that is hard to read" sbx theme check two
like "$out" '^two, dark: no mistakes$' "is not in the dark"
like "$out" '^two, light: no mistakes, but hard to read$' "but in the light"
like "$out" ' 4\.5:1  text +hard to read: 4\.5:1 at least' "by a hair"
exits 1 "as JSON" sbx theme check two --json
is "$(printf '%s' "$out" | python3 -c '
import json, sys
v = json.load(sys.stdin)["themes"]
print([(t["name"], t["variant"], t["readable"]) for t in v], v[0]["roles"][0]["contrast"], v[0]["roles"][0]["own"])')" \
	"[('two', 'dark', True), ('two', 'light', False)] 21 True" "per variant"
printf 'theme bad\ncolor text redd\ncolor stauts.ready green\n' >bad.theme
exits 2 "mistakes" sbx theme check ./bad.theme
like "$err" 'bad.theme:2:12: ' "each with its place"
like "$err" "did you mean 'status.ready'" "and what was meant"
exits 2 "no such theme" sbx theme show tow
like "$err" "did you mean 'two'" "one is suggested"
exits 2 "no such word" sbx theme chekc
like "$err" "did you mean 'check'" "one is suggested"
exits 2 "no such file" sbx theme check ./none.theme
done_testing
