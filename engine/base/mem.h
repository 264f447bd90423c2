#ifndef SBX_MEM_H
#define SBX_MEM_H

/*
 * Allocation that cannot fail upward: on exhaustion the process says so on
 * stderr and exits 125.  For configuration, tables and objects whose number
 * is limited elsewhere.  Growth driven by a child, a client or a file goes
 * through struct buf, which has a maximum.
 *
 * Zero-size requests are our own mistakes and abort.
 */

#include <stddef.h>
#include "base.h"

void	*mem_alloc(size_t size);		/* zeroed */
/* Not zeroed: for what is read into, of which a page that is not used costs
 * none then. */
void	*mem_raw(size_t size);
void	*mem_array(size_t count, size_t size);	/* zeroed, overflow-checked */
/* Grows from old_count to new_count elements; the new space is zero. */
void	*mem_grow(void *p, size_t old_count, size_t new_count, size_t size);
void	*mem_dup(const void *p, size_t len);
char	*mem_str(const char *s);		/* NULL gives NULL */
char	*mem_strn(const char *s, size_t len);	/* adds the NUL */
/* What is freed goes back to the system: to be called once, by a process that
 * lives long and now and then needs a lot for a moment. */
void	mem_give_back(void);
char	*mem_fmt(const char *fmt, ...) SBX_PRINTF(1, 2);

#endif
