#ifndef SBX_BUF_H
#define SBX_BUF_H

/*
 * Bounded bytes.  A buffer has a maximum from its creation; an addition that
 * would pass it changes nothing and returns -EMSGSIZE.  The content is always
 * followed by a NUL that does not count, so data may be used as a string when
 * it holds none itself.  The public fields may be read, never written.
 */

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base.h"

struct buf {
	char *data;	/* never NULL after the first addition; NUL follows */
	size_t len;	/* content in bytes */
	size_t cap;	/* allocated */
	size_t max;	/* content may not grow past this */
};

#define BUF_INIT(maximum) { NULL, 0, 0, (maximum) }

void	buf_init(struct buf *b, size_t max);
void	buf_fini(struct buf *b);		/* frees; b is as after init */
void	buf_clear(struct buf *b);		/* keeps the memory */

int	buf_add(struct buf *b, const void *data, size_t len);
int	buf_addc(struct buf *b, char c);
int	buf_adds(struct buf *b, const char *s);
int	buf_addu(struct buf *b, uint64_t v);	/* in decimal */
int	buf_addf(struct buf *b, const char *fmt, ...) SBX_PRINTF(2, 3);
int	buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	SBX_PRINTF(2, 0);

char	*buf_make_room(struct buf *b, size_t len);	/* for buf_room() */

/* Room for len more bytes at the end, or NULL; buf_grew() then counts them. */
static inline char *
buf_room(struct buf *b, size_t len)
{
	return len < b->cap - b->len && len <= b->max - b->len ?
		b->data + b->len : buf_make_room(b, len);
}

static inline void
buf_grew(struct buf *b, size_t len)
{
	assert(b->len + len < b->cap);
	b->len += len;
	b->data[b->len] = '\0';
}

void	buf_skip(struct buf *b, size_t len);	/* drops from the front */
/* Takes each whole line away and gives it, without its newline, to fn, which
 * may add more and says whether it wants the next one. */
typedef bool buf_line_fn(char *line, void *arg);
void	buf_each_line(struct buf *b, buf_line_fn *fn, void *arg);
void	buf_cut(struct buf *b, size_t len);	/* keeps the first len bytes */
void	buf_fit(struct buf *b);		/* gives unused memory back */
/* Hands the memory out (caller frees); "" rather than NULL when empty. */
char	*buf_take(struct buf *b);
const char *buf_str(const struct buf *b);	/* "" when empty */

#endif
