#include "theme.h"

#include <string.h>
#include "base/base.h"

/*
 * Themes that are there without any file.  "terminal" is the text of
 * themes/terminal.theme, word for word; a test compares them.
 */
static const char terminal_text[] =
	"# The terminal's own colours: names of the sixteen ANSI colours and "
	"\"default\"\n"
	"# only, so it is right on every palette, light or dark.\n"
	"theme terminal\n"
	"\n"
	"color text               default default\n"
	"color text.dim           bright-black\n"
	"color text.strong        - - bold\n"
	"color border             bright-black\n"
	"color border.focus       cyan - bold\n"
	"color title              - - bold\n"
	"color title.focus        cyan - bold\n"
	"color cursor             - - reverse\n"
	"color cursor.inactive    - - bold\n"
	"color mark               magenta - bold\n"
	"color selection          - - reverse\n"
	"color match              black yellow\n"
	"color match.current      black bright-yellow bold\n"
	"color filter             magenta\n"
	"color gutter             bright-black\n"
	"color gutter.error       red - bold\n"
	"color gutter.warn        yellow - bold\n"
	"color gutter.mark        cyan\n"
	"color gutter.watch       cyan\n"
	"color time               bright-black\n"
	"color log.error          red\n"
	"color log.warn           yellow\n"
	"color log.debug          bright-black\n"
	"color log.control        bright-black\n"
	"color log.note           bright-black - italic\n"
	"color name.1             cyan\n"
	"color name.2             green\n"
	"color name.3             blue\n"
	"color name.4             yellow\n"
	"color name.5             magenta\n"
	"color name.6             bright-cyan\n"
	"color name.7             bright-green\n"
	"color name.8             bright-magenta\n"
	"color status.ready       green\n"
	"color status.starting    yellow\n"
	"color status.failed      red - bold\n"
	"color status.retry       yellow - bold\n"
	"color status.stopping    yellow\n"
	"color status.unhealthy   red\n"
	"color status.done        bright-black\n"
	"color status.off         bright-black\n"
	"color status.waiting     cyan\n"
	"color status.scheduled   blue\n"
	"color status.paused      magenta\n"
	"color status.tty         green\n"
	"color flag.error         red - bold\n"
	"color flag.output        bright-black\n"
	"color flag.bell          yellow - bold\n"
	"color mode               black blue bold\n"
	"color mode.list          black blue bold\n"
	"color mode.log           black cyan bold\n"
	"color mode.term          black yellow bold\n"
	"color mode.select        black magenta bold\n"
	"color mode.prompt        black green bold\n"
	"color mode.confirm       black red bold\n"
	"color hint               bright-black\n"
	"color hint.key           - - bold\n"
	"color toast.warn         yellow\n"
	"color toast.error        red - bold\n"
	"color prompt.complete    bright-black\n"
	"color prompt.invalid     red\n"
	"color sheet.border       cyan\n"
	"color sheet.title        - - bold\n"
	"color sheet.selected     - - reverse\n"
	"color sheet.key          cyan - bold\n"
	"color meter.low          green\n"
	"color meter.mid          yellow\n"
	"color meter.high         red\n"
	"color spark              cyan\n"
	"color scroll             bright-black\n"
	"color scroll.thumb       default\n"
	"color scroll.tick        red\n"
	"color paused             yellow - bold\n"
	"color link               blue - underline\n"
	"color term.dead          bright-black\n";

static const char mono_text[] =
	"theme mono\n"
	"color text               default default\n"
	"color text.strong        - - bold\n"
	"color border.focus       - - bold\n"
	"color title.focus        - - bold\n"
	"color cursor             - - reverse\n"
	"color cursor.inactive    - - bold\n"
	"color mark               - - bold\n"
	"color selection          - - reverse\n"
	"color match              - - underline\n"
	"color match.current      - - reverse\n"
	"color gutter.error       - - bold\n"
	"color gutter.warn        - - bold\n"
	"color log.error          - - bold\n"
	"color status.failed      - - bold\n"
	"color status.unhealthy   - - bold\n"
	"color flag.error         - - bold\n"
	"color flag.bell          - - bold\n"
	"color mode               - - reverse\n"
	"color hint.key           - - bold\n"
	"color toast.warn         - - bold\n"
	"color toast.error        - - reverse\n"
	"color prompt.invalid     - - underline\n"
	"color sheet.title        - - bold\n"
	"color sheet.selected     - - reverse\n"
	"color sheet.key          - - bold\n"
	"color paused             - - bold\n"
	"color scroll.thumb       - - reverse\n"
	"color link               - - underline\n";

static const struct {
	const char *name, *text;
} builtin[] = {
	{ "mono", mono_text },
	{ "terminal", terminal_text },
};

const char *
theme_builtin(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(builtin); i++)
		if (!strcmp(builtin[i].name, name))
			return builtin[i].text;
	return NULL;
}
