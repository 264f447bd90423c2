#ifndef SBX_JSONOUT_H
#define SBX_JSONOUT_H

/*
 * JSON written straight into a buffer: commas and nesting are kept right
 * here, keys are plain ASCII literals of ours.  Output is always valid UTF-8
 * on one line; bytes that are not valid UTF-8 either become U+FFFD (names,
 * commands) or choose another key with base64 (log text), see jsonout_bytes.
 *
 * Errors are sticky: once the buffer is full nothing more is added and
 * jsonout_end gives -EMSGSIZE.  A wrong order of calls is our mistake (assert).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum { JSON_DEPTH_MAX = 32 };

struct jsonout {
	struct buf *b;
	unsigned depth;
	bool failed;
	bool camel;			/* keys are written in camelCase */
	bool comma[JSON_DEPTH_MAX];	/* a value was written on this level */
	char close[JSON_DEPTH_MAX];	/* '}' or ']' */
};

void	jsonout_begin(struct jsonout *j, struct buf *b);
/* Our keys, which are snake_case here, come out in camelCase: for HTTP. */
void	jsonout_begin_camel(struct jsonout *j, struct buf *b);
/* Everything must be closed.  0 or -EMSGSIZE. */
int	jsonout_end(const struct jsonout *j);

/* name is NULL inside an array and at the top, else the key. */
void	jsonout_object(struct jsonout *j, const char *name);
void	jsonout_array(struct jsonout *j, const char *name);
void	jsonout_close(struct jsonout *j);	/* the innermost one */

void	jsonout_string(struct jsonout *j, const char *name, const char *s);
void	jsonout_stringn(struct jsonout *j, const char *name, const char *s,
		     size_t len);
void	jsonout_int(struct jsonout *j, const char *name, int64_t v);
void	jsonout_uint(struct jsonout *j, const char *name, uint64_t v);
/* Shortest form that reads back as the same number; null if not finite. */
void	jsonout_double(struct jsonout *j, const char *name, double v);
void	jsonout_bool(struct jsonout *j, const char *name, bool v);
void	jsonout_null(struct jsonout *j, const char *name);

/* "text":"..." if it is valid UTF-8, else "data":"base64": the keys given. */
void	jsonout_bytes(struct jsonout *j, const char *text_name,
		   const char *data_name, const void *data, size_t len);
/* "NAME":"2026-03-01T12:03:22.123+01:00","NAME_ms":1772362... */
void	jsonout_time(struct jsonout *j, const char *name, int64_t wall_ms);
/* A key that comes from outside (variable and capture names): as it is. */
void	jsonout_keyn(struct jsonout *j, const char *key, size_t len,
		  const char *s, size_t slen);
void	jsonout_keyn_null(struct jsonout *j, const char *key, size_t len);

#endif
