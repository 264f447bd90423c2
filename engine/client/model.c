#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "life/select.h"
#include "log/logtold.h"

enum {
	HASH_SIZE = 1024,		/* a power of two */
	VALUES_MAX = 4096,
	CLUSTERS_MAX = 4096,		/* combining texts on one screen */
	SCREEN_SIDE_MAX = 1024,
};

struct model {
	model_gone_fn *gone;
	void *arg;
	struct model_proc **procs;	/* in list order */
	size_t count, cap;
	struct model_proc *hash[HASH_SIZE];
	bool synced, unsorted;
	uint64_t events;
	unsigned note_level;
	char *note, *bye;
	struct logtold *told;		/* NULL before the first */
};

struct model *
model_new(model_gone_fn *gone, void *arg)
{
	struct model *m = mem_alloc(sizeof *m);
	*m = (struct model){ .gone = gone, .arg = arg };
	return m;
}

static void
free_values(struct model_proc *p)
{
	for (size_t i = 0; i < p->value_count; i++) {
		free((void *)(uintptr_t)p->values[i].name);
		free((void *)(uintptr_t)p->values[i].unit);
		free((void *)(uintptr_t)p->values[i].last);
	}
	free(p->values);
	p->values = NULL;
	p->value_count = 0;
}

void
model_drop_screen(struct model_proc *p)
{
	struct model_screen *s = p->screen;
	if (!s)
		return;
	cell_pool_free(s->pool);
	free((void *)(uintptr_t)s->head.title);
	free(s->cells);
	free(s->row_flags);
	free(s->dirty);
	free(s);
	p->screen = NULL;
}

static void
free_proc(struct model_proc *p)
{
	proc_row_free((struct proc_row *)(uintptr_t)p->row);
	free_values(p);
	model_drop_screen(p);
	free(p);
}

void
model_free(struct model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++) {
		if (m->gone)
			m->gone(m->procs[i], m->arg);
		free_proc(m->procs[i]);
	}
	free(m->procs);
	free(m->told);
	free(m->note);
	free(m->bye);
	free(m);
}

static struct model_proc **
hash_slot(struct model *m, uint32_t id)
{
	struct model_proc **at = &m->hash[id & (HASH_SIZE - 1)];
	while (*at && (*at)->id != id)
		at = &(*at)->next_hash;
	return at;
}

struct model_proc *
model_find(struct model *m, uint32_t id)
{
	return *hash_slot(m, id);
}

static void
drop(struct model *m, struct model_proc *p)
{
	size_t i = 0;

	if (m->gone)
		m->gone(p, m->arg);
	*hash_slot(m, p->id) = p->next_hash;
	while (m->procs[i] != p)
		i++;
	memmove(m->procs + i, m->procs + i + 1,
		(m->count - i - 1) * sizeof *m->procs);
	m->count--;
	free_proc(p);
}

static int
by_order(const void *a, const void *b)
{
	const struct model_proc *p = *(struct model_proc *const *)a;
	const struct model_proc *q = *(struct model_proc *const *)b;

	if (p->row->order != q->row->order)
		return p->row->order < q->row->order ? -1 : 1;
	return p->id < q->id ? -1 : p->id > q->id;
}

/* Sorted when somebody looks: a set arrives row by row. */
static void
sort(struct model *m)
{
	if (m->unsorted && m->count > 1)
		qsort(m->procs, m->count, sizeof *m->procs, by_order);
	m->unsorted = false;
}

static int
take_row(struct model *m, const struct conn_frame *f, struct model_proc **out)
{
	struct proc_row row;
	int changed = MODEL_ROWS;

	if (proto_get_row(f->data, f->len, &row) < 0)
		return -EPROTO;
	struct model_proc **slot = hash_slot(m, row.id), *p = *slot;
	if (!p) {
		if (m->count >= MODEL_PROCS_MAX)
			return -EPROTO;
		p = mem_alloc(sizeof *p);
		*p = (struct model_proc){ .id = row.id };
		*slot = p;
		if (m->count == m->cap) {
			size_t cap = m->cap ? m->cap * 2 : 32;
			m->procs = mem_grow(m->procs, m->cap, cap,
					    sizeof *m->procs);
			m->cap = cap;
		}
		m->procs[m->count++] = p;
		m->unsorted = true;
		changed |= MODEL_ORDER;
	} else if (p->row->order != row.order) {
		m->unsorted = true;
		changed |= MODEL_ORDER;
	}
	proc_row_free((struct proc_row *)(uintptr_t)p->row);
	p->row = proc_row_dup(&row);
	p->stale = false;
	p->rev++;
	*out = p;
	return changed;
}

static int
take_gone(struct model *m, const struct conn_frame *f, struct model_proc **out)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);
	if (!msg_done(&r))
		return -EPROTO;
	struct model_proc *p = model_find(m, id);
	*out = NULL;
	if (!p)
		return 0;
	drop(m, p);
	return MODEL_ROWS | MODEL_ORDER;
}

static int
take_sync(struct model *m)
{
	int changed = MODEL_SYNC;

	for (size_t i = m->count; i-- > 0;) {
		if (!m->procs[i]->stale)
			continue;
		drop(m, m->procs[i]);
		changed |= MODEL_ROWS | MODEL_ORDER;
	}
	m->synced = true;
	return changed;
}

static int
take_grow(struct model *m, const struct conn_frame *f, struct model_proc **out)
{
	struct proto_grow g;

	if (proto_get_grow(f->data, f->len, &g) < 0)
		return -EPROTO;
	*out = model_find(m, g.proc);
	if (!*out)
		return 0;
	(*out)->grow = g;
	return MODEL_GROW;
}

/* The growth that this will be is known with it. */
static int
take_told(struct model *m, const struct conn_frame *f, struct model_proc **out)
{
	struct msg_reader r;

	if (!m->told)
		m->told = mem_alloc(sizeof *m->told);
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);
	if (logtold_get(&r, m->told) < 0)
		return -EPROTO;
	const struct logtold *t = m->told;
	struct model_proc *p = *out = model_find(m, id);
	if (!p)
		return 0;
	p->grow.next_seq = SBX_MAX(p->grow.next_seq, t->seq + t->count);
	p->grow.partial = false;
	p->grow.bytes[t->stream] = SBX_MAX(p->grow.bytes[t->stream],
					   t->off + t->len);
	return MODEL_TOLD;
}

static int
take_values(struct model *m, const struct conn_frame *f,
	    struct model_proc **out)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r), count = msg_u32(&r);
	if (r.bad || count > VALUES_MAX)
		return -EPROTO;
	struct model_proc fresh = { .id = id };
	if (count > 0)
		fresh.values = mem_array(count, sizeof *fresh.values);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		struct proto_value v;
		if (proto_get_value(&r, &v) < 0)
			break;
		v.name = mem_str(v.name);
		v.unit = mem_str(v.unit);
		v.last = mem_str(v.last);
		fresh.values[fresh.value_count++] = v;
	}
	*out = model_find(m, id);
	if (!msg_done(&r) || !*out) {
		bool bad = !msg_done(&r);
		free_values(&fresh);
		return bad ? -EPROTO : 0;
	}
	free_values(*out);
	(*out)->values = fresh.values;
	(*out)->value_count = fresh.value_count;
	return MODEL_VALUES;
}

static struct model_screen *
new_screen(const struct proto_screen *head)
{
	struct model_screen *s = mem_alloc(sizeof *s);
	size_t cells = (size_t)head->rows * head->cols;

	*s = (struct model_screen){ .head = *head };
	s->head.title = mem_str("");
	s->pool = cell_pool_new(CLUSTERS_MAX);
	s->cells = mem_array(cells, sizeof *s->cells);
	s->row_flags = mem_array(head->rows, sizeof *s->row_flags);
	s->dirty = mem_array(head->rows, sizeof *s->dirty);
	for (size_t i = 0; i < cells; i++)
		s->cells[i] = CELL_BLANK;
	for (unsigned i = 0; i < head->rows; i++)
		s->dirty[i] = true;
	return s;
}

/* Clusters of rows that were replaced would fill the pool for ever. */
static void
sweep(struct model_screen *s)
{
	if (!cell_pool_full(s->pool))
		return;
	cell_pool_sweep_begin(s->pool);
	for (unsigned i = 0; i < s->head.rows; i++)
		cell_pool_keep(s->pool, s->cells + (size_t)i * s->head.cols,
			       s->head.cols);
	cell_pool_sweep_end(s->pool);
}

static int
take_rows(struct model_screen *s, struct msg_reader *r, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		unsigned row = msg_u16(r), flags = 0;
		size_t len;
		const char *data = msg_bytes(r, &len);
		if (r->bad || row >= s->head.rows)
			return -EPROTO;
		sweep(s);
		if (cell_unpack(data, len, s->pool,
				s->cells + (size_t)row * s->head.cols,
				s->head.cols, &flags) < 0)
			return -EPROTO;
		s->row_flags[row] = (uint8_t)flags;
		s->dirty[row] = true;
	}
	return msg_done(r) ? 0 : -EPROTO;
}

static int
take_screen(struct model *m, const struct conn_frame *f,
	    struct model_proc **out)
{
	struct proto_screen head;
	struct msg_reader r;

	msg_open(&r, f->data, f->len);
	if (proto_get_screen(&r, &head) < 0 || head.rows == 0 ||
	    head.cols == 0 || head.rows > SCREEN_SIDE_MAX ||
	    head.cols > SCREEN_SIDE_MAX)
		return -EPROTO;
	struct model_proc *p = *out = model_find(m, head.proc);
	if (!p)
		return 0;
	if (head.whole || !p->screen || p->screen->head.rows != head.rows ||
	    p->screen->head.cols != head.cols) {
		model_drop_screen(p);
		p->screen = new_screen(&head);
	}
	struct model_screen *s = p->screen;
	char *title = mem_str(head.title);
	free((void *)(uintptr_t)s->head.title);
	s->head = head;
	s->head.title = title;
	s->moved = true;
	if (take_rows(s, &r, head.row_count) < 0)
		return -EPROTO;
	return MODEL_SCREEN;
}

static int
take_bell(struct model *m, const struct conn_frame *f, struct model_proc **out)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);
	if (!msg_done(&r))
		return -EPROTO;
	*out = model_find(m, id);
	if (!*out)
		return 0;
	(*out)->bells++;
	return MODEL_BELL;
}

static int
take_text(struct model *m, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	unsigned level = f->type == PROTO_NOTE ? msg_u8(&r) : 0;
	const char *text = msg_str_nn(&r);
	if (!msg_done(&r))
		return -EPROTO;
	char **to = f->type == PROTO_NOTE ? &m->note : &m->bye;
	free(*to);
	*to = mem_str(text);
	if (f->type == PROTO_BYE)
		return MODEL_BYE;
	m->note_level = level;
	return MODEL_NOTE;
}

int
model_take(struct model *m, const struct conn_frame *f,
	   struct model_proc **proc)
{
	struct model_proc *unused;
	struct model_proc **out = proc ? proc : &unused;
	struct msg_reader r;

	*out = NULL;
	switch (f->type) {
	case PROTO_ROW:
		return take_row(m, f, out);
	case PROTO_GONE:
		return take_gone(m, f, out);
	case PROTO_SYNC:
		return take_sync(m);
	case PROTO_GROW:
		return take_grow(m, f, out);
	case PROTO_TOLD:
		return take_told(m, f, out);
	case PROTO_VALUES:
		return take_values(m, f, out);
	case PROTO_SCREEN:
		return take_screen(m, f, out);
	case PROTO_BELL:
		return take_bell(m, f, out);
	case PROTO_EVENTS:
		msg_open(&r, f->data, f->len);
		uint64_t events = msg_u64(&r);
		if (!msg_done(&r))
			return -EPROTO;
		m->events = events;
		return MODEL_EVENTS;
	case PROTO_NOTE:
	case PROTO_BYE:
		return take_text(m, f);
	default:
		return 0;
	}
}

void
model_resync(struct model *m)
{
	for (size_t i = 0; i < m->count; i++)
		m->procs[i]->stale = true;
	m->synced = false;
}

bool
model_synced(const struct model *m)
{
	return m->synced;
}

size_t
model_count(const struct model *m)
{
	return m->count;
}

struct model_proc *
model_at(struct model *m, size_t idx)
{
	sort(m);
	return idx < m->count ? m->procs[idx] : NULL;
}

struct model_proc *
model_find_name(struct model *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->procs[i]->row->name, name) == 0)
			return m->procs[i];
	return NULL;
}

int
model_screen_text(const struct model_screen *s, unsigned row, unsigned least,
		  struct buf *out)
{
	const struct vt_cell *cells = s->cells + (size_t)row * s->head.cols;
	unsigned cols = s->head.cols;

	while (cols > least && cells[cols - 1].glyph == ' ')
		cols--;
	for (unsigned i = 0; i < cols; i++) {
		char text[CELL_TEXT_MAX];
		size_t len = cell_text(s->pool, &cells[i], text);
		if (buf_add(out, text, len) < 0)
			return -EMSGSIZE;
	}
	return 0;
}

const char *
model_note(const struct model *m, unsigned *level)
{
	if (level)
		*level = m->note_level;
	return m->note ? m->note : "";
}

const struct logtold *
model_told(const struct model *m)
{
	return m->told;
}

uint64_t
model_events(const struct model *m)
{
	return m->events;
}

const char *
model_bye(const struct model *m)
{
	return m->bye ? m->bye : "";
}

int
model_select(struct model *m, char *const *names, unsigned flags,
	     struct model_proc ***out, struct err *e)
{
	sort(m);
	size_t n = m->count;
	struct select_item *items = mem_array(n + 1, sizeof *items);
	bool *hit = mem_array(n + 1, sizeof *hit);

	for (size_t i = 0; i < n; i++) {
		const struct proc_row *r = m->procs[i]->row;
		items[i] = (struct select_item){
			.name = r->name, .groups = r->group,
			.failed = select_is_failed(r->status, r->stopped),
			.hidden = r->hidden,
		};
	}
	int found = select_match(items, n, names, flags, hit, e);
	*out = NULL;
	if (found >= 0) {
		size_t k = 0;
		*out = mem_array((size_t)found + 1, sizeof **out);
		for (size_t i = 0; i < n; i++)
			if (hit[i])
				(*out)[k++] = m->procs[i];
	}
	free(items);
	free(hit);
	return found;
}
