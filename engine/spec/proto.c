#include "proto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/strv.h"

enum { NAMES_MAX = 10000, IDS_MAX = 10000, ENVIRON_MAX = 10000 };

/*
 * The fields of a row in wire order, one line each; packing, unpacking and
 * copying are all made from this list.
 */
#define ROW_STRINGS(X)                                                         \
	X(name) X(desc) X(group) X(command) X(argv) X(cwd) X(user) X(url)      \
	X(reason)                                                              \
	X(waits) X(stop_step) X(depends) X(by) X(file) X(ports) X(title)     \
	X(watches) X(left_list)
#define ROW_U32(X)                                                             \
	X(id) X(order) X(line) X(pid) X(errors) X(warnings) X(tree_count)      \
	X(left)                                                                \
	X(fail_step) X(fail_error)
#define ROW_U64(X)                                                             \
	X(run) X(restarts) X(retries) X(restart_max) X(log_bytes)              \
	X(log_lines)                                                           \
	X(dropped_bytes) X(cpu_permille) X(rss_bytes)
#define ROW_I64(X)                                                             \
	X(created_at_ms) X(started_at_ms) X(ready_at_ms) X(ended_at_ms)        \
	X(deadline_at_ms) X(next_run_at_ms)
#define ROW_U16(X) X(rows) X(cols)
#define ROW_BOOL(X)                                                            \
	X(ready) X(unready) X(paused) X(tty) X(hidden) X(autostart)            \
	X(has_exit) X(core) X(has_ready_rule) X(stdin_open) X(stopped)         \
	X(going) X(any_holder) X(interactive) X(own_cwd)

static int
done(const struct msg_reader *r)
{
	return msg_done(r) ? 0 : -EPROTO;
}

int
proto_put_hello(struct buf *b, const struct proto_hello *h)
{
	int r = msg_put_u32(b, h->magic);
	r |= msg_put_u32(b, h->version);
	r |= msg_put_str(b, h->release);
	r |= msg_put_u32(b, h->engine_pid);
	r |= msg_put_u32(b, h->keeper_pid);
	r |= msg_put_u32(b, h->anchor_pid);
	r |= msg_put_str(b, h->set_name);
	r |= msg_put_str(b, h->set_dir);
	r |= msg_put_str(b, h->rc_path);
	r |= msg_put_str(b, h->state_dir);
	r |= msg_put_i64(b, h->loaded_at_ms);
	r |= msg_put_str(b, h->who ? h->who : "");
	r |= msg_put_u32(b, h->records);
	return r ? -EMSGSIZE : 0;
}

/*
 * Magic and version come first and are filled in even when the rest cannot
 * be read, so that another version can be named.
 */
int
proto_get_hello(const void *data, size_t len, struct proto_hello *h)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	*h = (struct proto_hello){ .magic = msg_u32(&r) };
	h->version = msg_u32(&r);
	h->release = msg_str_nn(&r);
	h->engine_pid = msg_u32(&r);
	h->keeper_pid = msg_u32(&r);
	h->anchor_pid = msg_u32(&r);
	h->set_name = msg_str_nn(&r);
	h->set_dir = msg_str_nn(&r);
	h->rc_path = msg_str_nn(&r);
	h->state_dir = msg_str_nn(&r);
	h->loaded_at_ms = msg_i64(&r);
	h->who = msg_str_nn(&r);
	h->records = msg_u32(&r);
	return done(&r);
}

int
proto_put_request(struct buf *b, const struct proto_request *q)
{
	char *none[] = { NULL };
	int r = msg_put_u16(b, (uint16_t)q->verb);
	r |= msg_put_u32(b, q->flags);
	r |= msg_put_i64(b, q->number);
	r |= msg_put_u64(b, q->for_ms);
	r |= msg_put_str(b, q->text ? q->text : "");
	r |= msg_put_strv(b, q->names ? q->names : none);
	r |= msg_put_u64(b, q->key);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_request(const void *data, size_t len, struct proto_request *q)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	*q = (struct proto_request){ .verb = (enum proto_verb)msg_u16(&r) };
	q->flags = msg_u32(&r);
	q->number = msg_i64(&r);
	q->for_ms = msg_u64(&r);
	q->text = msg_str_nn(&r);
	q->names = msg_strv(&r, NAMES_MAX);
	q->key = msg_u64(&r);
	if (msg_done(&r) && q->names)
		return 0;
	proto_request_fini(q);
	return -EPROTO;
}

void
proto_request_fini(struct proto_request *q)
{
	strv_free(q->names);
	q->names = NULL;
}

int
proto_put_add(struct buf *b, const struct proto_add *a)
{
	char *none[] = { NULL };
	int r = msg_put_u32(b, a->flags);
	r |= msg_put_str(b, a->like ? a->like : "");
	r |= msg_put_strv(b, a->environ ? a->environ : none);
	r |= msg_put_bytes(b, a->spec, a->spec_len);
	r |= msg_put_u64(b, a->key);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_add(const void *data, size_t len, struct proto_add *a)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	*a = (struct proto_add){ .flags = msg_u32(&r) };
	a->like = msg_str_nn(&r);
	a->environ = msg_strv(&r, ENVIRON_MAX);
	a->spec = msg_bytes(&r, &a->spec_len);
	a->key = msg_u64(&r);
	if (msg_done(&r) && a->environ)
		return 0;
	proto_add_fini(a);
	return -EPROTO;
}

void
proto_add_fini(struct proto_add *a)
{
	strv_free(a->environ);
	a->environ = NULL;
}

int
proto_put_reply(struct buf *b, const struct proto_reply *p)
{
	int r = msg_put_u32(b, p->code);
	r |= msg_put_str(b, p->text ? p->text : "");
	r |= msg_put_str(b, p->hint ? p->hint : "");
	r |= msg_put_u32(b, (uint32_t)p->id_count);
	for (size_t i = 0; i < p->id_count; i++)
		r |= msg_put_u32(b, p->ids[i]);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_reply(const void *data, size_t len, struct proto_reply *p)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	*p = (struct proto_reply){ .code = msg_u32(&r) };
	p->text = msg_str_nn(&r);
	p->hint = msg_str_nn(&r);
	uint32_t count = msg_u32(&r);
	if (r.bad || count > IDS_MAX || count > (r.len - r.off) / 4)
		return -EPROTO;
	if (count > 0) {
		uint32_t *ids = mem_array(count, sizeof *ids);
		for (uint32_t i = 0; i < count; i++)
			ids[i] = msg_u32(&r);
		p->ids = ids;
		p->id_count = count;
	}
	if (msg_done(&r))
		return 0;
	proto_reply_fini(p);
	return -EPROTO;
}

void
proto_reply_fini(struct proto_reply *p)
{
	free((void *)(uintptr_t)p->ids);
	p->ids = NULL;
	p->id_count = 0;
}

int
proto_put_row(struct buf *b, const struct proc_row *row)
{
	int r = msg_put_u8(b, (uint8_t)row->status);
#define X(f) r |= msg_put_str(b, row->f ? row->f : "");
	ROW_STRINGS(X)
#undef X
#define X(f) r |= msg_put_u32(b, row->f);
	ROW_U32(X)
#undef X
#define X(f) r |= msg_put_u64(b, row->f);
	ROW_U64(X)
#undef X
#define X(f) r |= msg_put_i64(b, row->f);
	ROW_I64(X)
#undef X
#define X(f) r |= msg_put_u16(b, row->f);
	ROW_U16(X)
#undef X
#define X(f) r |= msg_put_u8(b, row->f);
	ROW_BOOL(X)
#undef X
	r |= msg_put_u32(b, (uint32_t)row->exit_code);
	r |= msg_put_u32(b, (uint32_t)row->exit_signal);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_row(const void *data, size_t len, struct proc_row *row)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	*row = (struct proc_row){ .id = 0 };
	unsigned status = msg_u8(&r);
	if (status >= STATUS_COUNT)
		return -EPROTO;
	row->status = (enum status)status;
#define X(f) row->f = msg_str_nn(&r);
	ROW_STRINGS(X)
#undef X
#define X(f) row->f = msg_u32(&r);
	ROW_U32(X)
#undef X
#define X(f) row->f = msg_u64(&r);
	ROW_U64(X)
#undef X
#define X(f) row->f = msg_i64(&r);
	ROW_I64(X)
#undef X
#define X(f) row->f = msg_u16(&r);
	ROW_U16(X)
#undef X
#define X(f) row->f = msg_u8(&r) != 0;
	ROW_BOOL(X)
#undef X
	row->exit_code = (int32_t)msg_u32(&r);
	row->exit_signal = (int32_t)msg_u32(&r);
	return done(&r);
}

struct proc_row *
proc_row_dup(const struct proc_row *r)
{
	size_t size = sizeof *r;
#define X(f) size += strlen(r->f ? r->f : "") + 1;
	ROW_STRINGS(X)
#undef X
	/* One block: most of them are empty, and a client has thousands. */
	struct proc_row *copy = mem_alloc(size);
	char *at = (char *)(copy + 1);
	*copy = *r;
#define X(f) copy->f = at; at = stpcpy(at, r->f ? r->f : "") + 1;
	ROW_STRINGS(X)
#undef X
	return copy;
}

void
proc_row_free(struct proc_row *r)
{
	free(r);
}

int
proto_put_grow(struct buf *b, const struct proto_grow *g)
{
	int r = msg_put_u32(b, g->proc);
	r |= msg_put_u64(b, g->next_seq);
	for (size_t i = 0; i < ARRAY_LEN(g->bytes); i++)
		r |= msg_put_u64(b, g->bytes[i]);
	r |= msg_put_u64(b, g->dropped_bytes);
	r |= msg_put_u8(b, g->partial);
	r |= msg_put_u8(b, g->ended);
	r |= msg_put_u64(b, g->run);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_grow(const void *data, size_t len, struct proto_grow *g)
{
	struct msg_reader r;
	msg_open(&r, data, len);
	g->proc = msg_u32(&r);
	g->next_seq = msg_u64(&r);
	for (size_t i = 0; i < ARRAY_LEN(g->bytes); i++)
		g->bytes[i] = msg_u64(&r);
	g->dropped_bytes = msg_u64(&r);
	g->partial = msg_u8(&r) != 0;
	g->ended = msg_u8(&r) != 0;
	g->run = msg_u64(&r);
	return done(&r);
}

int
proto_put_value(struct buf *b, const struct proto_value *v)
{
	int r = msg_put_str(b, v->name);
	r |= msg_put_str(b, v->unit ? v->unit : "");
	r |= msg_put_u8(b, v->level);
	r |= msg_put_u64(b, v->count);
	r |= msg_put_str(b, v->last ? v->last : "");
	r |= msg_put_u64(b, v->seq);
	r |= msg_put_u8(b, v->numeric);
	r |= msg_put_double(b, v->last_number);
	r |= msg_put_double(b, v->min);
	r |= msg_put_double(b, v->max);
	r |= msg_put_double(b, v->mean);
	r |= msg_put_double(b, v->p95);
	r |= msg_put_u8(b, v->off);
	r |= msg_put_u32(b, v->sample_count);
	for (uint32_t i = 0; i < v->sample_count; i++)
		r |= msg_put_double(b, v->samples[i]);
	r |= msg_put_bytes(b, v->hits, sizeof v->hits);
	r |= msg_put_u64(b, v->hit_slot);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_value(struct msg_reader *r, struct proto_value *v)
{
	*v = (struct proto_value){ .name = msg_str_nn(r) };
	v->unit = msg_str_nn(r);
	v->level = msg_u8(r);
	v->count = msg_u64(r);
	v->last = msg_str_nn(r);
	v->seq = msg_u64(r);
	v->numeric = msg_u8(r) != 0;
	v->last_number = msg_double(r);
	v->min = msg_double(r);
	v->max = msg_double(r);
	v->mean = msg_double(r);
	v->p95 = msg_double(r);
	v->off = msg_u8(r) != 0;
	v->sample_count = msg_u32(r);
	if (v->sample_count > ARRAY_LEN(v->samples))
		r->bad = true;
	for (uint32_t i = 0; i < v->sample_count && !r->bad; i++)
		v->samples[i] = msg_double(r);
	size_t len;
	const char *hits = msg_bytes(r, &len);
	if (len == sizeof v->hits)
		memcpy(v->hits, hits, len);
	else
		r->bad = true;
	v->hit_slot = msg_u64(r);
	return r->bad ? -EPROTO : 0;
}

uint8_t
proto_value_hits(const struct proto_value *v, size_t slot, uint64_t now_us)
{
	uint64_t now = now_us / PROTO_HIT_SLOT_US;
	uint64_t behind = now > v->hit_slot ? now - v->hit_slot : 0;

	return behind < PROTO_HIT_SLOTS - slot ? v->hits[slot + behind] : 0;
}

int
proto_put_screen(struct buf *b, const struct proto_screen *s)
{
	int r = msg_put_u32(b, s->proc);
	r |= msg_put_u64(b, s->gen);
	r |= msg_put_u64(b, s->shown);
	r |= msg_put_u16(b, s->rows);
	r |= msg_put_u16(b, s->cols);
	r |= msg_put_u16(b, s->cursor_row);
	r |= msg_put_u16(b, s->cursor_col);
	r |= msg_put_u8(b, s->cursor_visible);
	r |= msg_put_u8(b, s->cursor_shape);
	r |= msg_put_u8(b, s->cursor_blink);
	r |= msg_put_u32(b, s->modes);
	r |= msg_put_u64(b, s->sb_first);
	r |= msg_put_u64(b, s->sb_next);
	r |= msg_put_str(b, s->title ? s->title : "");
	r |= msg_put_u8(b, s->whole);
	r |= msg_put_u32(b, s->row_count);
	return r ? -EMSGSIZE : 0;
}

int
proto_get_screen(struct msg_reader *r, struct proto_screen *s)
{
	s->proc = msg_u32(r);
	s->gen = msg_u64(r);
	s->shown = msg_u64(r);
	s->rows = msg_u16(r);
	s->cols = msg_u16(r);
	s->cursor_row = msg_u16(r);
	s->cursor_col = msg_u16(r);
	s->cursor_visible = msg_u8(r);
	s->cursor_shape = msg_u8(r);
	s->cursor_blink = msg_u8(r);
	s->modes = msg_u32(r);
	s->sb_first = msg_u64(r);
	s->sb_next = msg_u64(r);
	s->title = msg_str_nn(r);
	s->whole = msg_u8(r);
	s->row_count = msg_u32(r);
	return r->bad ? -EPROTO : 0;
}

void
proto_mark_text(const struct proto_mark *m, char out[PROTO_MARK_MAX])
{
	snprintf(out, PROTO_MARK_MAX, "%llu %llu %llu",
		 (unsigned long long)m->off[0], (unsigned long long)m->off[1],
		 (unsigned long long)m->off[2]);
}

int
proto_mark_parse(const char *text, struct proto_mark *m)
{
	for (size_t i = 0; i < ARRAY_LEN(m->off); i++) {
		char *end;
		m->off[i] = strtoull(text, &end, 10);
		if (end == text || *end != (i < 2 ? ' ' : '\0'))
			return -EBADMSG;
		text = end + 1;
	}
	return 0;
}
