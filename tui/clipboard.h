#ifndef SBX_CLIPBOARD_H
#define SBX_CLIPBOARD_H

/*
 * Text to the clipboard, by the setting of that name: "osc52" is a sequence
 * for the terminal, whose text is encoded and can do nothing; "off" is
 * nowhere; "auto" is the first of tmux (which passes it on to its terminal),
 * OSC 52, a program of the display and a file that will do; anything else is
 * a line for the shell, which gets the text as its input.
 */

#include <stddef.h>

struct err;
struct loop;

/* status of the program that took it, as of waitpid. */
typedef void clipboard_fn(int status, void *arg);

enum { CLIPBOARD_HOW_MAX = 256 };

/* 0 with the way it went in how; fn is called later if that was a program.
 * -1 when it went nowhere. */
int	clipboard_put(struct loop *l, const char *setting, const char *text,
		      size_t len, char how[CLIPBOARD_HOW_MAX],
		      clipboard_fn *fn, void *arg, struct err *e);

#endif
