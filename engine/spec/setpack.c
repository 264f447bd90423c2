#include "setpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/strv.h"
#include "spec.h"

enum { WORDS_MAX = 100000 };

int
setpack_put(struct buf *b, const struct setpack *s)
{
	struct buf one = BUF_INIT(SPEC_PACK_MAX);
	int r = msg_put_str(b, s->name);
	r |= msg_put_str(b, s->dir);
	r |= msg_put_str(b, s->rc_path);
	r |= msg_put_strv(b, s->environ);
	r |= msg_put_strv(b, s->settings);
	r |= msg_put_strv(b, s->env);
	r |= msg_put_strv(b, s->files);
	r |= msg_put_u32(b, (uint32_t)s->group_count);
	for (size_t i = 0; i < s->group_count; i++) {
		r |= msg_put_str(b, s->groups[i].name);
		r |= msg_put_strv(b, s->groups[i].members);
		r |= msg_put_strv(b, s->groups[i].env);
		r |= msg_put_str(b, s->groups[i].cwd);
	}
	r |= msg_put_u32(b, (uint32_t)s->spec_count);
	for (size_t i = 0; i < s->spec_count && !r; i++) {
		buf_clear(&one);
		r |= spec_pack(s->specs[i], &one);
		r |= msg_put_bytes(b, one.data, one.len);
	}
	buf_fini(&one);
	return r ? -EMSGSIZE : 0;
}

static int
get_groups(struct msg_reader *r, struct setpack *s)
{
	uint32_t count = msg_u32(r);
	if (r->bad || count > SETPACK_GROUPS_MAX)
		return -1;
	if (count == 0)
		return 0;
	s->groups = mem_array(count, sizeof *s->groups);
	for (; s->group_count < count && !r->bad; s->group_count++) {
		struct setpack_group *g = &s->groups[s->group_count];
		g->name = mem_str(msg_str_nn(r));
		g->members = msg_strv(r, SETPACK_SPECS_MAX);
		g->env = msg_strv(r, WORDS_MAX);
		g->cwd = mem_str(msg_str_nn(r));
	}
	return r->bad ? -1 : 0;
}

static int
get_specs(struct msg_reader *r, struct setpack *s, struct err *e)
{
	uint32_t count = msg_u32(r);
	if (r->bad || count > SETPACK_SPECS_MAX)
		return err_set(e, ERR_USAGE, "more than %d processes",
			       SETPACK_SPECS_MAX);
	if (count == 0)
		return 0;
	s->specs = mem_array(count, sizeof *s->specs);
	for (uint32_t i = 0; i < count; i++) {
		size_t len;
		const char *data = msg_bytes(r, &len);
		if (r->bad)
			return err_set(e, ERR_USAGE, "the set is cut short");
		if (spec_unpack(data, len, &s->specs[i], e) < 0)
			return -1;
		s->spec_count++;
	}
	return 0;
}

int
setpack_get(const void *data, size_t len, struct setpack *s, struct err *e)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	*s = (struct setpack){ .name = mem_str(msg_str_nn(&r)) };
	s->dir = mem_str(msg_str_nn(&r));
	s->rc_path = mem_str(msg_str_nn(&r));
	s->environ = msg_strv(&r, WORDS_MAX);
	s->settings = msg_strv(&r, WORDS_MAX);
	s->env = msg_strv(&r, WORDS_MAX);
	s->files = msg_strv(&r, WORDS_MAX);
	int rc = get_groups(&r, s);
	if (rc == 0)
		rc = get_specs(&r, s, e);
	else
		err_set(e, ERR_USAGE, "the groups of the set cannot be read");
	if (rc == 0 && !msg_done(&r))
		rc = err_set(e, ERR_USAGE, "the set cannot be read");
	if (rc < 0)
		setpack_fini(s);
	return rc;
}

void
setpack_fini(struct setpack *s)
{
	free(s->name);
	free(s->dir);
	free(s->rc_path);
	strv_free(s->environ);
	strv_free(s->settings);
	strv_free(s->env);
	strv_free(s->files);
	for (size_t i = 0; i < s->group_count; i++) {
		free(s->groups[i].name);
		strv_free(s->groups[i].members);
		strv_free(s->groups[i].env);
		free(s->groups[i].cwd);
	}
	free(s->groups);
	for (size_t i = 0; i < s->spec_count; i++)
		spec_free(s->specs[i]);
	free(s->specs);
	*s = (struct setpack){ .name = NULL };
}
