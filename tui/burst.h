#ifndef SBX_BURST_H
#define SBX_BURST_H

/*
 * Which keys are a paste.  A terminal without brackets sends a paste as keys,
 * all at once; and a paste with brackets may hold an end mark, so that what
 * follows it at once is no key either.  Nothing that was pasted may act as a
 * command: such keys are text where text is wanted, else refused.  Pure:
 * bytes and times in, the rule out; nothing is kept or decoded here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct burst {
	uint64_t until_us;	/* the last paste may go on until then */
	bool bare;		/* keys are, or may be, a paste as keys */
	bool behind;		/* they come right behind one with brackets */
};

/* One read of the terminal, before its keys are handled. */
void	burst_read(struct burst *b, const char *bytes, size_t len,
		   uint64_t now_us);
/* A paste with brackets has ended in it. */
void	burst_pasted(struct burst *b, uint64_t now_us);
/* Must a key be refused?  text: it would be a letter of a text; sheet: a
 * dialog is open, whose answers are texts too. */
bool	burst_refuses(const struct burst *b, bool text, bool sheet);

/* Has one read more letters than anybody types at once?  A key that is held
 * down is no paste. */
bool	burst_is_paste(const char *bytes, size_t len);

#endif
