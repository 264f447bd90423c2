#ifndef SBX_SIGNAME_H
#define SBX_SIGNAME_H

/*
 * Names of signals, as people write them (INT, SIGINT, int, 2, RTMIN+1) and
 * as sbx shows them (INT).  Only signals that may be sent by name are here;
 * any number that the kernel knows is accepted.
 */

#include <stddef.h>

#define SIGNAME_MAX 16		/* bytes that signame_text needs */

/* The signal's number, or -EINVAL. */
int	signame_parse(const char *text);
/* "INT"; a number without a name is written as digits.  Returns out. */
const char *signame_text(int signo, char out[SIGNAME_MAX]);
/* Row i of the table, for completion; NULL past its end. */
const char *signame_row(size_t idx);
/* The nearest name for a suggestion, NULL if none is near. */
const char *signame_suggest(const char *text);

#endif
