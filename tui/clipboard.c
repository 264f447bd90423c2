#include "clipboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "helper.h"
#include "term.h"

/* What xterm takes; others take more. */
enum { OSC52_MAX = 74994 };

static void
add_base64(struct buf *b, const unsigned char *s, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned n = (unsigned)s[i] << 16;
		n |= i + 1 < len ? (unsigned)s[i + 1] << 8 : 0;
		n |= i + 2 < len ? s[i + 2] : 0;
		buf_addc(b, digits[n >> 18]);
		buf_addc(b, digits[n >> 12 & 63]);
		buf_addc(b, i + 1 < len ? digits[n >> 6 & 63] : '=');
		buf_addc(b, i + 2 < len ? digits[n & 63] : '=');
	}
}

static bool
osc52_fits(size_t len)
{
	return (len + 2) / 3 * 4 <= OSC52_MAX;
}

static void
put_osc52(const char *text, size_t len)
{
	struct buf b;

	buf_init(&b, OSC52_MAX + 64);
	buf_adds(&b, "\033]52;c;");
	add_base64(&b, (const unsigned char *)text, len);
	buf_adds(&b, "\033\\");
	term_write(b.data, b.len);
	buf_fini(&b);
}

static bool
is_set(const char *name)
{
	const char *s = getenv(name);

	return s && *s;
}

/* The program of the display that is there; NULL: none. */
static char *const *
display_program(void)
{
	static char *const wl[] = { (char *)"wl-copy", NULL };
	static char *const xclip[] = { (char *)"xclip", (char *)"-selection",
				       (char *)"clipboard", NULL };
	static char *const xsel[] = { (char *)"xsel", (char *)"-ib", NULL };

	if (is_set("WAYLAND_DISPLAY") && helper_there(wl[0]))
		return wl;
	if (!is_set("DISPLAY"))
		return NULL;
	return helper_there(xclip[0]) ? xclip
	       : helper_there(xsel[0]) ? xsel
				       : NULL;
}

static int
put_file(const char *text, size_t len, char how[CLIPBOARD_HOW_MAX],
	 struct err *e)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *dir = state && *state == '/'
			    ? mem_fmt("%s/sbx", state)
			    : mem_fmt("%s/.local/state/sbx", home ? home : "");
	int at = sys_private_dir(dir), r = at;

	if (at >= 0) {
		int fd = sys_openat(at, "copy", O_WRONLY | O_CREAT | O_TRUNC |
						O_NOFOLLOW, 0600);
		r = fd < 0 ? fd : sys_write_all(fd, text, len);
		sys_close(fd);
		sys_close(at);
	}
	if (r < 0)
		err_set(e, ERR_FAILED, "%s/copy cannot be written: %s", dir,
			strerror(-r));
	else
		snprintf(how, CLIPBOARD_HOW_MAX, "to %s/copy", dir);
	free(dir);
	return r < 0 ? -1 : 0;
}

static int
put_auto(struct loop *l, const char *text, size_t len,
	 char how[CLIPBOARD_HOW_MAX], clipboard_fn *fn, void *arg,
	 struct err *e)
{
	/* By itself tmux takes no sequence of a program in it, but it has a
	 * command that does the same and passes it on. */
	static char *const tmux[] = { (char *)"tmux", (char *)"load-buffer",
				      (char *)"-w", (char *)"-", NULL };
	char *const *argv = is_set("TMUX") && helper_there(tmux[0]) ? tmux
								    : NULL;

	if (!argv && term_is_xterm_like() && osc52_fits(len)) {
		put_osc52(text, len);
		snprintf(how, CLIPBOARD_HOW_MAX, "(OSC 52)");
		return 0;
	}
	if (!argv)
		argv = display_program();
	if (!argv)
		return put_file(text, len, how, e);
	snprintf(how, CLIPBOARD_HOW_MAX, "(%s)", argv[0]);
	return helper_run(l, argv, NULL, text, len, fn, arg, e);
}

int
clipboard_put(struct loop *l, const char *setting, const char *text,
	      size_t len, char how[CLIPBOARD_HOW_MAX], clipboard_fn *fn,
	      void *arg, struct err *e)
{
	if (!strcmp(setting, "off"))
		return err_set(e, ERR_USAGE, "nothing is copied: "
			       "'set clipboard off'");
	if (!strcmp(setting, "auto"))
		return put_auto(l, text, len, how, fn, arg, e);
	if (strcmp(setting, "osc52") != 0) {
		snprintf(how, CLIPBOARD_HOW_MAX, "(%.100s)", setting);
		return helper_shell(l, setting, NULL, text, len, fn, arg, e);
	}
	if (!osc52_fits(len))
		return err_set(e, ERR_FAILED, "this is too much for OSC 52: "
			       "%zu bytes", len);
	put_osc52(text, len);
	snprintf(how, CLIPBOARD_HOW_MAX, "(OSC 52)");
	return 0;
}
