#ifndef SBX_INPUT_H
#define SBX_INPUT_H

/*
 * Bytes of a terminal to keys, mouse, pastes, focus and answers.  Knows the
 * sequences of xterm, rxvt, linux, tmux and the CSI u coding, all at once:
 * they do not contradict each other, so no terminfo is needed.  Any split of
 * the same bytes gives the same events, apart from a lone ESC, which becomes
 * a key when nothing follows within input_wait_ms().
 *
 * Pastes are bracketed (mode 2004) and come whole; one of more than
 * INPUT_PASTE_MAX bytes comes as paste_over, without any of them.  It may be
 * empty: somebody has pasted nothing, or an end mark and more.  Everything
 * between the brackets is content, the leave key too.  What is not understood
 * is dropped, never passed on as keys.
 */

#include <stdbool.h>
#include <stddef.h>
#include "engine/term/keys.h"
#include "engine/term/vt.h"

struct input;

#define INPUT_PASTE_MAX (16u << 20)

enum input_type {
	INPUT_KEY,
	INPUT_MOUSE,
	INPUT_PASTE,
	INPUT_FOCUS,
	INPUT_REPLY,
};

enum input_reply {
	INPUT_REPLY_MODE,	/* DECRPM: args[0] mode, args[1] state */
	INPUT_REPLY_CURSOR,	/* CPR: args[0] row, args[1] column, from 1 */
	INPUT_REPLY_DEVICE,	/* DA1 */
	INPUT_REPLY_OTHER,
	INPUT_REPLY_GROUND,	/* args[0]: 1 a light background, 0 a dark one;
				 * OSC 11, or the report of mode 2031 */
};

struct input_event {
	enum input_type type;
	struct key key;
	struct vt_mouse mouse;	/* row and col from 0 */
	const char *paste;	/* valid during the callback */
	size_t paste_len;
	bool paste_over;	/* it was too long to keep */
	bool focus;
	enum input_reply reply;
	int args[2];
};

typedef void input_fn(const struct input_event *ev, void *arg);

struct input *input_new(input_fn *fn, void *arg);
void	input_free(struct input *in);			/* NULL is fine */
void	input_feed(struct input *in, const void *bytes, size_t len);
/* How long to wait for more before input_timeout(); -1: nothing pends. */
int	input_wait_ms(const struct input *in);
void	input_timeout(struct input *in);
/* CSI 1;2R is F3 with Shift or an answer: an answer while one is awaited. */
void	input_expect_cursor(struct input *in, bool wanted);

#endif
