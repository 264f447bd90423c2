#ifndef SBX_ANSWER_H
#define SBX_ANSWER_H

/*
 * An HTTP/1 answer as far as a probe needs it: the final status, where the
 * body begins and how its end is known.  Pure and incremental: the caller
 * keeps all bytes so far in one place and offers them again when there are
 * more; no byte is looked at twice.  Nothing is believed that was not read,
 * and anything may come.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_HEAD_MAX = 64 * 1024 };	/* interim answers included */

enum answer_state {
	ANSWER_MORE,	/* not known yet */
	ANSWER_STATUS,	/* status is final; the headers go on */
	ANSWER_HEAD,	/* body_off is known */
	ANSWER_BAD,	/* not HTTP, or too much of it: see text */
};

struct answer {
	int status;		/* 200..599 once final */
	size_t body_off;
	bool chunked, has_length;
	uint64_t length;
	char text[96];		/* of BAD: "not HTTP: SSH-2.0-OpenSSH" */
	bool final;
	size_t at, scanned;	/* the present line, what was looked at */
};

/* All zero is a new one.  data is all that has come so far. */
enum answer_state answer_feed(struct answer *a, const char *data, size_t len);
/* After HEAD: is the body whole?  Without a length only its end tells. */
bool	answer_is_whole(const struct answer *a, const char *data, size_t len);
/* Takes the chunk marks out, in place; returns the length.  Stops where the
 * form is broken or cut. */
size_t	answer_dechunk(char *body, size_t len);

#endif
