#ifndef SBX_VTGUARD_H
#define SBX_VTGUARD_H

/*
 * A DEC and ANSI parser with bounds: any bytes in, only complete pieces out.
 * UTF-8 is checked (what is not valid becomes U+FFFD, encoded C1 controls
 * vanish), numbers stop at VTGUARD_VALUE_MAX, parameters beyond
 * VTGUARD_PARAMS are dropped, strings beyond VTGUARD_STRING_MAX bytes are
 * dropped whole.  Where the bytes are cut into pieces makes no difference
 * but to the lengths of text runs.  It knows no sequence's meaning.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

#define VTGUARD_PARAMS 32
#define VTGUARD_VALUE_MAX 65535
#define VTGUARD_STRING_MAX 65536

struct vtguard_csi {
	int param[VTGUARD_PARAMS];	/* -1: left out */
	int count;			/* "CSI m" has 0, "CSI ;m" 2 */
	/* Bit i: parameter i was set apart from the one before by a colon. */
	uint32_t sub;
	char leader;			/* one of <=>? or 0 */
	char inter;			/* intermediate byte or 0 */
	char final;
};

struct vtguard_ops {
	/* Bytes 0x20 to 0x7e. */
	void (*text)(void *arg, const char *ascii, size_t len);
	/* Code points from 0xa0 on. */
	void (*points)(void *arg, const uint32_t *points, size_t count);
	/* C0 controls but NUL, ESC, CAN and SUB. */
	void (*control)(void *arg, unsigned char c);
	void (*escape)(void *arg, char inter, char final);
	void (*csi)(void *arg, const struct vtguard_csi *csi);
	/* The string without its frame; a NUL follows. */
	void (*osc)(void *arg, const char *s, size_t len);
	void (*dcs)(void *arg, const char *s, size_t len);
};

/* To be embedded; the fields are the parser's own. */
struct vtguard {
	const struct vtguard_ops *ops;
	void *arg;
	int state;
	struct vtguard_csi csi;
	bool overlong;		/* csi or string has passed a limit */
	bool string_is_osc;
	char inter;		/* of an escape */
	char partial[4];	/* beginning of a UTF-8 character */
	int partial_len;
	struct buf string;
};

void	vtguard_init(struct vtguard *g, const struct vtguard_ops *ops,
		     void *arg);
void	vtguard_fini(struct vtguard *g);
void	vtguard_feed(struct vtguard *g, const char *s, size_t len);
/* Appends the beginning of what is not complete yet: fed to a fresh guard it
 * makes that go on where this one is.  0 or -EMSGSIZE. */
int	vtguard_resume(const struct vtguard *g, struct buf *out);
/* Printable ASCII bytes at the beginning of s. */
size_t	vtguard_ascii_run(const char *s, size_t len);

#endif
