#ifndef SBX_WATCHLINE_H
#define SBX_WATCHLINE_H

/*
 * A watch that is added while its process runs: what stands behind "watch"
 * in an sbxrc, read by the same code, and in the form in which the engine
 * takes it (PROTO_V_WATCH_ADD).
 */

struct buf;
struct err;
struct spec;

/* "watch NAME /PATTERN/ ACTION...": a spec that holds the one watch; NULL
 * with the place of the mistake in quote. */
struct spec *watchline_read(const char *line, struct buf *quote,
			    struct err *e);
/* Appended to out, which has room for 2 * SPEC_PACK_MAX.  0 or -1. */
int	watchline_pack(const struct spec *s, struct buf *out, struct err *e);

#endif
