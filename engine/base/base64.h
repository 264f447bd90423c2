#ifndef SBX_BASE64_H
#define SBX_BASE64_H

/*
 * Base64 of RFC 4648 with padding.  Decoding is strict: no other characters,
 * no missing padding, no set bits behind the end; so each text has exactly
 * one form.
 */

#include <stddef.h>

struct buf;

/* Appends; 0 or -EMSGSIZE. */
int	base64_encode(struct buf *b, const void *data, size_t len);
/* 0; -EINVAL for a malformed text, -EMSGSIZE; b is unchanged on failure. */
int	base64_decode(struct buf *b, const char *text, size_t len);

#endif
