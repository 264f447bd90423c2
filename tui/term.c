#include "term.h"

#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/base/utf8.h"
#include "engine/log/strip.h"
#include "terminfo.h"

#define MOUSE_ON "\033[?1002h\033[?1006h"
#define MOUSE_OFF "\033[?1003l\033[?1002l\033[?1006l"
#define REPORTS_ON "\033[?1004h\033[?2004h\033[?2031h"
#define REPORTS_OFF "\033[?1004l\033[?2004l\033[?2026l\033[?2031l"

/* All of it is needed by the handler of fatal signals. */
static struct {
	bool up, has_screen;
	struct term_options options;
	struct terminfo info;
	enum term_depth depth;
	struct termios saved;
	bool saved_ok;
	bool titled;
	int shape;
	char restore[512];
	size_t restore_len;
	SCREEN *screen;
} term = { .shape = -1 };

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
				     SIGABRT };

static void
on_fatal(int signo)
{
	if (term.up) {
		ssize_t ignored =
			write(STDOUT_FILENO, term.restore, term.restore_len);
		(void)ignored;
		if (term.saved_ok)
			tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	}
	/* SA_RESETHAND: the second time it ends us, with its core. */
	raise(signo);
}

static void
catch_fatal(void)
{
	static char stack[16384];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa;

	sigaltstack(&ss, NULL);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_fatal;
	sa.sa_flags = SA_ONSTACK | (int)SA_RESETHAND | SA_NODEFER;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
		sigaction(fatal_signals[i], &sa, NULL);
}

/* Capabilities may hold padding "$<5>": it is for slow glass terminals and
 * must not be written. */
static void
add_plain(struct buf *b, const char *s)
{
	while (*s) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>')
							     : NULL;
		if (end) {
			s = end + 1;
			continue;
		}
		buf_addc(b, *s++);
	}
}

static void
prepare_restore(void)
{
	struct buf b;

	buf_init(&b, sizeof(term.restore));
	buf_adds(&b, MOUSE_OFF REPORTS_OFF);
	if (term.info.cursor_shapes)
		buf_adds(&b, "\033[0 q");
	add_plain(&b, terminfo_string("sgr0"));
	add_plain(&b, terminfo_string("rmkx"));
	add_plain(&b, terminfo_string("cnorm"));
	add_plain(&b, terminfo_string("rmcup"));
	memcpy(term.restore, buf_str(&b), b.len);
	term.restore_len = b.len;
	buf_fini(&b);
}

/* What the terminal has, and of that what is wanted. */
static enum term_depth
depth_of(const struct terminfo *ti, enum term_color wanted)
{
	const char *no = getenv("NO_COLOR");

	if (wanted == TERM_COLOR_NEVER ||
	    (wanted == TERM_COLOR_AUTO && no && *no) || ti->colors < 8)
		return TERM_MONO;
	if (wanted == TERM_COLOR_16)
		return ti->colors >= 16 ? TERM_16 : TERM_8;
	if (wanted == TERM_COLOR_TRUE && ti->colors >= 256)
		return TERM_RGB;
	if (wanted == TERM_COLOR_256 && ti->colors >= 256)
		return TERM_256;
	if (ti->rgb)
		return TERM_RGB;
	return ti->colors >= 256 ? TERM_256 : ti->colors >= 16 ? TERM_16
							       : TERM_8;
}

/* newterm() with the entry that knows RGB; the environment of children is
 * not touched. */
static SCREEN *
open_screen(void)
{
	char *entry = term.depth == TERM_RGB ? terminfo_direct() : NULL;
	char *old = mem_str(getenv("TERMINFO"));
	SCREEN *s = NULL;

	if (term.depth == TERM_RGB && !entry)
		term.depth = TERM_256;
	if (entry) {
		setenv("TERMINFO", entry, 1);
		s = newterm(NULL, stdout, stdin);
		if (old)
			setenv("TERMINFO", old, 1);
		else
			unsetenv("TERMINFO");
		if (!s)
			term.depth = TERM_256;
	}
	if (!s)
		s = newterm(NULL, stdout, stdin);
	free(entry);
	free(old);
	return s;
}

static void
set_raw(void)
{
	struct termios t = term.saved;

	cfmakeraw(&t);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

/* What curses does not do by itself, after each newterm or refresh. */
static void
modes_on(void)
{
	struct buf b;

	buf_init(&b, 256);
	buf_adds(&b, REPORTS_ON);
	if (term.options.mouse)
		buf_adds(&b, MOUSE_ON);
	term_write(b.data, b.len);
	buf_fini(&b);
	term.shape = -1;
}

int
term_check(struct err *e)
{
	if (terminfo_read(&term.info, e) < 0)
		return -1;
	if (term.info.can_move)
		return 0;
	err_set(e, ERR_FAILED,
		"the terminal type '%s' cannot show a full screen",
		getenv("TERM"));
	return err_hint(e, "use 'sbx up' and 'sbx logs -f'");
}

int
term_up(const struct term_options *o, struct err *e)
{
	if (term_check(e) < 0)
		return -1;
	term.saved_ok = tcgetattr(STDIN_FILENO, &term.saved) == 0;
	term.options = *o;
	term.depth = depth_of(&term.info, o->color);
	prepare_restore();
	catch_fatal();
	term.up = true;
	term.screen = open_screen();
	if (!term.screen) {
		term.up = false;
		return err_set(e, ERR_INTERNAL, "curses refused to start");
	}
	if (term.depth != TERM_MONO) {
		start_color();
		use_default_colors();
		if (!has_colors())
			term.depth = TERM_MONO;
	}
	typeahead(-1);
	idlok(stdscr, FALSE);
	leaveok(stdscr, FALSE);
	/* Curses writes a frame in one piece only after it has once been
	 * through endwin(). */
	endwin();
	refresh();
	set_raw();
	modes_on();
	return 0;
}

void
term_suspend(void)
{
	if (!term.up)
		return;
	term_write(term.restore, term.restore_len);
	endwin();
	if (term.saved_ok)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &term.saved);
}

int
term_resume(void)
{
	if (!term.up)
		return -EINVAL;
	clearok(curscr, TRUE);
	refresh();
	set_raw();
	modes_on();
	return 0;
}

void
term_down(void)
{
	if (!term.up)
		return;
	term_title(NULL);
	term_suspend();
	term.up = false;
	delscreen(term.screen);
	term.screen = NULL;
}

enum term_depth
term_depth(void)
{
	return term.depth;
}

void
term_size(int *rows, int *cols)
{
	struct winsize ws = { 0, 0, 0, 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || !ws.ws_row ||
	    !ws.ws_col) {
		ws.ws_row = 24;
		ws.ws_col = 80;
	}
	*rows = SBX_MIN((int)ws.ws_row, 1000);
	*cols = SBX_MIN((int)ws.ws_col, 1000);
}

int
term_backlog(void)
{
	int n = 0;

	if (ioctl(STDOUT_FILENO, TIOCOUTQ, &n) < 0)
		return 0;
	return n;
}

void
term_write(const void *bytes, size_t len)
{
	sys_write_all(STDOUT_FILENO, bytes, len);
}

void
term_mouse(bool on)
{
	term.options.mouse = on;
	if (on)
		term_write(MOUSE_ON, strlen(MOUSE_ON));
	else
		term_write(MOUSE_OFF, strlen(MOUSE_OFF));
}

void
term_motion(bool all)
{
	const char *s = all ? "\033[?1003h" : "\033[?1003l\033[?1002h";

	if (term.options.mouse)
		term_write(s, strlen(s));
}

void
term_cursor_shape(int shape)
{
	char s[16];

	if (shape == term.shape || !term.info.cursor_shapes)
		return;
	term.shape = shape;
	/* DECSCUSR: 0 its own, 2 block, 4 underline, 6 bar, all steady. */
	snprintf(s, sizeof(s), "\033[%d q", shape < 0 ? 0 : 2 + 2 * shape);
	term_write(s, strlen(s));
}

/* Others would print the text of an OSC, or part of a question. */
bool
term_is_xterm_like(void)
{
	const char *t = getenv("TERM");

	return t && (!strncmp(t, "xterm", 5) || !strncmp(t, "tmux", 4) ||
		     !strncmp(t, "screen", 6) || !strncmp(t, "rxvt", 4) ||
		     !strncmp(t, "alacritty", 9) || !strncmp(t, "foot", 4) ||
		     strstr(t, "kitty") || strstr(t, "konsole"));
}

void
term_title(const char *text)
{
	struct buf b;

	if (!term_is_xterm_like() || (!text && !term.titled))
		return;
	buf_init(&b, 512);
	if (!text) {
		buf_adds(&b, "\033[23;2t");
		term.titled = false;
	} else {
		if (!term.titled)
			buf_adds(&b, "\033[22;2t");
		term.titled = true;
		struct buf safe = BUF_INIT(4096);
		strip_display(text, strlen(text), &safe, NULL, NULL, NULL);
		buf_adds(&b, "\033]2;");
		buf_add(&b, buf_str(&safe),
			utf8_prefix(buf_str(&safe), safe.len, 100));
		buf_adds(&b, "\007");
		buf_fini(&safe);
	}
	term_write(b.data, b.len);
	buf_fini(&b);
}

void
term_ask(void)
{
	/* How wide is a black circle (a cursor question behind it), does the
	 * terminal know synchronised output, which colour has its background;
	 * device attributes mark the end of the answers.  The first frame
	 * covers the circle. */
	static const char ask[] = "\033[H\xe2\x97\x8f\033[6n\033[?2026$p"
				  "\033]11;?\007\033[c";

	if (term_is_xterm_like())
		term_write(ask, sizeof(ask) - 1);
}

void
term_notify(const char *text)
{
	struct buf b;

	if (!term_is_xterm_like())
		return;
	buf_init(&b, 1024);
	buf_adds(&b, "\033]9;");
	/* C1 controls end the sequence in some terminals: two bytes here. */
	for (size_t n = utf8_prefix(text, strlen(text), 200); n > 0; n--) {
		unsigned char c = (unsigned char)*text++;
		bool c1 = c == 0xc2 && ((unsigned char)*text & 0xe0) == 0x80;
		if (c >= 0x20 && c != 0x7f && !c1)
			buf_addc(&b, (char)c);
		else if (c1 && n > 1)
			text++, n--;
	}
	buf_adds(&b, "\007");
	term_write(b.data, b.len);
	buf_fini(&b);
}
