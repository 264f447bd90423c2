#ifndef SBX_ERR_H
#define SBX_ERR_H

/*
 * An error that a person can be shown: a code for the program, one finished
 * line for the person (lower case, no full stop, the subject in quotes) and
 * where it helps a hint that says what to do next.  Engine code fills one and
 * returns; only the edges print.  A NULL struct err * is allowed everywhere.
 */

#include "base.h"

enum err_code {
	ERR_NONE,
	ERR_FAILED,	/* the thing asked for did not work       exit 1   */
	ERR_USAGE,	/* wrong words, wrong configuration       exit 2   */
	ERR_NO_ENGINE,	/* nothing serves this set                exit 3   */
	ERR_NO_PROCESS,	/* no process of that name                exit 4   */
	ERR_TIMEOUT,	/* the time given has passed              exit 124 */
	ERR_INTERNAL,	/* sbx itself: a system call, memory      exit 125 */
	ERR_FULL,	/* a queue is full: it may work later     exit 1   */
	ERR_TOO_LARGE,	/* more than a limit allows at once       exit 1   */
	ERR_OTHER,	/* an engine of another protocol answers  exit 1   */
	ERR_COUNT
};

struct err {
	enum err_code code;
	char text[512];
	char hint[256];		/* "" if there is none */
};

#define ERR_INIT { ERR_NONE, "", "" }

/* Both cut what does not fit; set clears the hint.  They return -1, so that
 * a function can end with "return err_set(...)". */
int	err_set(struct err *e, enum err_code code, const char *fmt, ...)
	SBX_PRINTF(3, 4);
int	err_hint(struct err *e, const char *fmt, ...) SBX_PRINTF(2, 3);

int	err_exit_code(enum err_code code);
const char *err_code_name(enum err_code code);	/* for JSON: "no_process" */

#endif
