#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "buf.h"
#include "mem.h"
#include "msg.h"
#include "strv.h"

/* Where a field of an object is.  Lists keep pointer and count apart. */
static void *
at(const void *obj, size_t offset)
{
	return (char *)(uintptr_t)obj + offset;
}

static size_t *
count_at(const struct field *f, const void *obj)
{
	return at(obj, f->count_offset);
}

static char *
list_at(const struct field *f, const void *obj)
{
	return *(char **)at(obj, f->offset);
}

static void
field_fini(const struct field *f, void *obj)
{
	switch (f->type) {
	case FIELD_STR:
		free(*(char **)at(obj, f->offset));
		*(char **)at(obj, f->offset) = NULL;
		break;
	case FIELD_STRV:
		strv_free(*(char ***)at(obj, f->offset));
		*(char ***)at(obj, f->offset) = NULL;
		break;
	case FIELD_STRUCT:
		record_fini(f->of, at(obj, f->offset));
		break;
	case FIELD_LIST:
		for (size_t i = 0; i < *count_at(f, obj); i++)
			record_fini(f->of, list_at(f, obj) + i * f->of->size);
		free(list_at(f, obj));
		*(char **)at(obj, f->offset) = NULL;
		*count_at(f, obj) = 0;
		break;
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_UINT:
	case FIELD_U64:
	case FIELD_DOUBLE:
		break;
	}
}

void
record_fini(const struct record *r, void *obj)
{
	for (size_t i = 0; i < r->count; i++)
		field_fini(&r->fields[i], obj);
}

static size_t
number_size(enum field_type type)
{
	switch (type) {
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_INT:
	case FIELD_UINT:
		return sizeof(int);
	default:
		return sizeof(uint64_t);
	}
}

static void
list_copy(const struct field *f, void *to, const void *from)
{
	size_t count = *count_at(f, from), size = f->of->size;

	if (count == 0)
		return;
	char *list = mem_array(count, size);
	for (size_t i = 0; i < count; i++)
		record_copy(f->of, list + i * size,
			    list_at(f, from) + i * size);
	*(char **)at(to, f->offset) = list;
	*count_at(f, to) = count;
}

void
record_copy(const struct record *r, void *to, const void *from)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct field *f = &r->fields[i];
		void *t = at(to, f->offset);
		void *s = at(from, f->offset);
		switch (f->type) {
		case FIELD_STR:
			*(char **)t = mem_str(*(char **)s);
			break;
		case FIELD_STRV:
			*(char ***)t = strv_dup(*(char ***)s);
			break;
		case FIELD_STRUCT:
			record_copy(f->of, t, s);
			break;
		case FIELD_LIST:
			list_copy(f, to, from);
			break;
		default:
			memcpy(t, s, number_size(f->type));
		}
	}
}

static bool
str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
list_equal(const struct field *f, const void *a, const void *b)
{
	size_t count = *count_at(f, a);

	if (count != *count_at(f, b))
		return false;
	for (size_t i = 0; i < count; i++)
		if (record_diff(f->of, list_at(f, a) + i * f->of->size,
				list_at(f, b) + i * f->of->size))
			return false;
	return true;
}

static bool
field_equal(const struct field *f, const void *a, const void *b)
{
	void *x = at(a, f->offset), *y = at(b, f->offset);

	switch (f->type) {
	case FIELD_STR:
		return str_equal(*(char **)x, *(char **)y);
	case FIELD_STRV:
		return strv_equal(*(char ***)x, *(char ***)y);
	case FIELD_STRUCT:
		return !record_diff(f->of, x, y);
	case FIELD_LIST:
		return list_equal(f, a, b);
	default:
		return memcmp(x, y, number_size(f->type)) == 0;
	}
}

const struct field *
record_diff_next(const struct record *r, const void *a, const void *b,
		 const struct field *f)
{
	for (f = f ? f + 1 : r->fields; f < r->fields + r->count; f++)
		if (!f->aside && !field_equal(f, a, b))
			return f;
	return NULL;
}

const struct field *
record_diff(const struct record *r, const void *a, const void *b)
{
	return record_diff_next(r, a, b, NULL);
}

const struct field *
record_diff_heavy(const struct record *r, const void *a, const void *b)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->fields[i].aside && !r->fields[i].light &&
		    !field_equal(&r->fields[i], a, b))
			return &r->fields[i];
	return NULL;
}

static int
list_pack(const struct field *f, const void *obj, struct buf *out)
{
	size_t count = *count_at(f, obj);
	struct buf one = BUF_INIT(out->max);
	int rc = msg_put_u32(out, (uint32_t)count);

	for (size_t i = 0; i < count && rc == 0; i++) {
		buf_clear(&one);
		rc = record_pack(f->of, list_at(f, obj) + i * f->of->size,
				 &one);
		if (rc == 0)
			rc = msg_put_bytes(out, buf_str(&one), one.len);
	}
	buf_fini(&one);
	return rc;
}

static int
field_pack(const struct field *f, const void *obj, struct buf *out)
{
	const void *p = at(obj, f->offset);

	switch (f->type) {
	case FIELD_STR:
		return msg_put_str(out, *(char *const *)p);
	case FIELD_STRV:
		return msg_put_strv(out, *(char **const *)p);
	case FIELD_BOOL:
		return msg_put_u8(out, *(const bool *)p);
	case FIELD_INT:
		return msg_put_i64(out, *(const int *)p);
	case FIELD_UINT:
		return msg_put_i64(out, *(const unsigned *)p);
	case FIELD_U64:
		return msg_put_u64(out, *(const uint64_t *)p);
	case FIELD_DOUBLE:
		return msg_put_double(out, *(const double *)p);
	case FIELD_STRUCT:
		return record_pack(f->of, p, out);
	case FIELD_LIST:
		return list_pack(f, obj, out);
	}
	return -EINVAL;
}

int
record_pack(const struct record *r, const void *obj, struct buf *b)
{
	struct buf one = BUF_INIT(b->max);
	int rc = 0;

	for (size_t i = 0; i < r->count && rc == 0; i++) {
		buf_clear(&one);
		rc = field_pack(&r->fields[i], obj, &one);
		if (rc == 0)
			rc = msg_put_u8(b, r->fields[i].tag);
		if (rc == 0)
			rc = msg_put_bytes(b, buf_str(&one), one.len);
	}
	buf_fini(&one);
	return rc;
}

static int
str_unpack(const struct record *r, const struct field *f, void *obj,
	   struct msg_reader *in)
{
	const char *s = msg_str(in);

	if (in->bad || (s && strlen(s) > r->text_max))
		return -EINVAL;
	*(char **)at(obj, f->offset) = mem_str(s);
	return 0;
}

static int
strv_unpack(const struct record *r, const struct field *f, void *obj,
	    struct msg_reader *in)
{
	char **v = msg_strv(in, (size_t)f->max);

	*(char ***)at(obj, f->offset) = v;
	for (; v && *v; v++)
		if (strlen(*v) > r->text_max)
			return -EINVAL;
	return in->bad ? -EINVAL : 0;
}

static int
list_unpack(const struct field *f, void *obj, struct msg_reader *in)
{
	uint32_t count = msg_u32(in);
	size_t size = f->of->size;

	/* Every element takes at least its length, so a count that the
	 * message cannot hold allocates nothing. */
	if (in->bad || (int64_t)count > f->max ||
	    count > (in->len - in->off) / 4)
		return -EINVAL;
	if (count == 0)
		return 0;
	char *list = mem_array(count, size);
	*(char **)at(obj, f->offset) = list;
	*count_at(f, obj) = count;
	for (uint32_t i = 0; i < count; i++) {
		size_t len;
		const char *data = msg_bytes(in, &len);
		if (in->bad ||
		    record_unpack(f->of, list + i * size, data, len) < 0)
			return -EINVAL;
	}
	return 0;
}

static int
number_unpack(const struct field *f, void *obj, struct msg_reader *in)
{
	int64_t v = f->type == FIELD_BOOL ? msg_u8(in) : msg_i64(in);
	int64_t max = f->type == FIELD_BOOL ? 1 : f->max;

	if (in->bad || v < f->min || v > max)
		return -EINVAL;
	if (f->type == FIELD_BOOL)
		*(bool *)at(obj, f->offset) = v;
	else if (f->type == FIELD_INT)
		*(int *)at(obj, f->offset) = (int)v;
	else
		*(unsigned *)at(obj, f->offset) = (unsigned)v;
	return 0;
}

static int
field_unpack(const struct record *r, const struct field *f, void *obj,
	     const char *data, size_t len)
{
	struct msg_reader in;
	int rc = 0;

	if (f->type == FIELD_STRUCT)
		return record_unpack(f->of, at(obj, f->offset), data, len);
	field_fini(f, obj);
	msg_open(&in, data, len);
	switch (f->type) {
	case FIELD_STR:
		rc = str_unpack(r, f, obj, &in);
		break;
	case FIELD_STRV:
		rc = strv_unpack(r, f, obj, &in);
		break;
	case FIELD_LIST:
		rc = list_unpack(f, obj, &in);
		break;
	case FIELD_U64:
		*(uint64_t *)at(obj, f->offset) = msg_u64(&in);
		break;
	case FIELD_DOUBLE:
		*(double *)at(obj, f->offset) = msg_double(&in);
		break;
	default:
		rc = number_unpack(f, obj, &in);
	}
	return rc < 0 || !msg_done(&in) ? -EINVAL : 0;
}

int
record_unpack(const struct record *r, void *obj, const char *data, size_t len)
{
	struct msg_reader in;

	msg_open(&in, data, len);
	while (in.off < in.len && !in.bad) {
		uint8_t tag = msg_u8(&in);
		size_t size;
		const char *bytes = msg_bytes(&in, &size);
		for (size_t i = 0; i < r->count && !in.bad; i++)
			if (r->fields[i].tag == tag &&
			    field_unpack(r, &r->fields[i], obj, bytes,
					 size) < 0)
				return -EINVAL;
	}
	return msg_done(&in) ? 0 : -EINVAL;
}
