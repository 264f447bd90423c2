#include "detailrow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "proto.h"

static void
put_field(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_addc(out, *text == PROTO_FIELD_END ||
					      *text == PROTO_RECORD_END
				      ? '?'
				      : *text);
	buf_addc(out, PROTO_FIELD_END);
}

void
detailrow_put(struct buf *out, const char *kind, const char *a, const char *b,
	      const char *c)
{
	put_field(out, kind);
	put_field(out, a);
	put_field(out, b);
	if (c)
		put_field(out, c);
	buf_addc(out, PROTO_RECORD_END);
}

static const char *
next_field(char **s)
{
	char *field = *s, *end = strchr(field, PROTO_FIELD_END);

	if (!end)
		return "";
	*end = '\0';
	*s = end + 1;
	return field;
}

bool
detailrow_next(char **text, struct detailrow *row)
{
	char *s = *text, *end = strchr(s, PROTO_RECORD_END);

	if (!end)
		return false;
	*end = '\0';
	*text = end + 1;
	row->kind = next_field(&s);
	row->a = next_field(&s);
	row->b = next_field(&s);
	row->c = next_field(&s);
	return true;
}

bool
detailrow_member(const struct detailrow *row, struct detailrow_member *m)
{
	bool left = strcmp(row->kind, "left") == 0;
	int at = 0;

	*m = (struct detailrow_member){ .command = row->c, .left = left };
	if ((!left && strcmp(row->kind, "tree") != 0) ||
	    sscanf(row->a, "%d %d", &m->pid, &m->ppid) != 2 ||
	    sscanf(row->b, "%" SCNu64 " %" SCNu64 " %n", &m->cpu_us,
		   &m->rss_bytes, &at) != 2)
		return false;
	m->ports = row->b + at;
	return true;
}
