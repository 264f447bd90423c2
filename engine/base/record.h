#ifndef SBX_RECORD_H
#define SBX_RECORD_H

/*
 * A plain struct described once, as a table of its fields; freeing, copying,
 * comparing, packing and unpacking are walks over that table, so that a new
 * field cannot be forgotten in one of them.
 *
 * In the packed form every field stands behind its tag and length: a reader
 * skips tags it does not know and leaves alone what is missing.  Unpacking
 * takes any bytes; after an error the object is still fit for record_fini().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum field_type {
	FIELD_STR,	/* char *, owned, may be NULL */
	FIELD_STRV,	/* char **, NULL-terminated, owned, may be NULL */
	FIELD_BOOL,
	FIELD_INT,	/* int, min..max */
	FIELD_UINT,	/* unsigned, min..max */
	FIELD_U64,
	FIELD_DOUBLE,
	FIELD_STRUCT,	/* another record, embedded */
	FIELD_LIST,	/* pointer to an array of records, and a size_t */
};

struct record;

struct field {
	const char *word;		/* what a person calls it */
	uint8_t tag;			/* never changes its meaning */
	enum field_type type;
	size_t offset;
	size_t count_offset;		/* of a list */
	const struct record *of;	/* of a struct or a list */
	int64_t min, max;		/* of a number; max of a list */
	bool aside;			/* is no difference to record_diff() */
	bool light;			/* none to record_diff_heavy() */
};

struct record {
	size_t size;
	const struct field *fields;
	size_t count;
	size_t text_max;		/* bytes of any string in it */
};

void	record_fini(const struct record *r, void *obj);
/* to must be all zero. */
void	record_copy(const struct record *r, void *to, const void *from);
/* The first field behind that one (NULL: of all) that differs, or NULL. */
const struct field *record_diff_next(const struct record *r, const void *a,
				     const void *b, const struct field *f);
/* The first field that differs, or NULL. */
const struct field *record_diff(const struct record *r, const void *a,
				const void *b);
/* The first one that is neither aside nor light, or NULL. */
const struct field *record_diff_heavy(const struct record *r, const void *a,
				      const void *b);
/* 0 or -EMSGSIZE; b may then hold a part. */
int	record_pack(const struct record *r, const void *obj, struct buf *b);
/* 0, or -EINVAL for what is no such record.  obj keeps what is not in data;
 * it must be valid before. */
int	record_unpack(const struct record *r, void *obj, const char *data,
		      size_t len);

#endif
