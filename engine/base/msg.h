#ifndef SBX_MSG_H
#define SBX_MSG_H

/*
 * Fields to and from bytes: little-endian integers and length-prefixed
 * strings, written and read one by one, never a struct image.  A reader is
 * sticky: after the first field that does not fit every further get gives 0
 * or "" and r->bad stays true, so a message is read straight through and
 * checked once at its end with msg_done().  No sockets here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* 0, or -EMSGSIZE when the maximum of b would be passed (nothing is added). */
int	msg_put_u8(struct buf *b, uint8_t v);
int	msg_put_u16(struct buf *b, uint16_t v);
int	msg_put_u32(struct buf *b, uint32_t v);
int	msg_put_u64(struct buf *b, uint64_t v);
int	msg_put_i64(struct buf *b, int64_t v);
int	msg_put_double(struct buf *b, double v);
int	msg_put_bytes(struct buf *b, const void *data, size_t len);
int	msg_put_str(struct buf *b, const char *s);	/* NULL is kept */
/* A NULL-terminated vector; NULL is kept apart from an empty one. */
int	msg_put_strv(struct buf *b, char *const *v);

struct msg_reader {
	const char *data;
	size_t len, off;
	bool bad, tolerant;
};

void	msg_open(struct msg_reader *r, const void *data, size_t len);
/*
 * Of what another release may have written, which has put the fields that are
 * new behind all others: one that is not there is 0, "" or NULL, and who does
 * not know one does not ask msg_done().
 */
void	msg_open_tolerant(struct msg_reader *r, const void *data, size_t len);
uint8_t	msg_u8(struct msg_reader *r);
uint16_t msg_u16(struct msg_reader *r);
uint32_t msg_u32(struct msg_reader *r);
uint64_t msg_u64(struct msg_reader *r);
int64_t	msg_i64(struct msg_reader *r);
double	msg_double(struct msg_reader *r);
/* Points into the message; "" of length 0 when bad. */
const char *msg_bytes(struct msg_reader *r, size_t *len);
/*
 * A string with its NUL inside the message: points into it and lives as long
 * as it.  One that holds a NUL byte itself makes the message bad.  NULL was
 * put as NULL; msg_str_nn gives "" instead.
 */
const char *msg_str(struct msg_reader *r);
const char *msg_str_nn(struct msg_reader *r);
/* NULL-terminated copy; caller frees with strv_free().  At most max words. */
char	**msg_strv(struct msg_reader *r, size_t max);
/* True when everything was read and nothing was wrong. */
bool	msg_done(const struct msg_reader *r);

#endif
