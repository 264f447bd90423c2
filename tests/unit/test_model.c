#include "engine/client/model.h"

#include <errno.h>

#include "engine/base/buf.h"
#include "engine/base/conn.h"
#include "engine/base/err.h"
#include "engine/base/msg.h"
#include "engine/life/select.h"
#include "engine/log/logtold.h"
#include "engine/term/cell.h"
#include "tests/lib/test.h"

static struct buf frame_buf = BUF_INIT(1 << 20);

static int
take(struct model *m, uint16_t type, struct model_proc **p)
{
	struct conn_frame f = { .type = type, .data = buf_str(&frame_buf),
				.len = frame_buf.len };
	int r = model_take(m, &f, p);
	buf_clear(&frame_buf);
	return r;
}

static int
row(struct model *m, uint32_t id, uint32_t order, const char *name)
{
	struct proc_row r = { .id = id, .order = order, .name = name,
			      .group = "all", .status = STATUS_RUNNING };
	proto_put_row(&frame_buf, &r);
	return take(m, PROTO_ROW, NULL);
}

static int
gone(struct model *m, uint32_t id)
{
	msg_put_u32(&frame_buf, id);
	return take(m, PROTO_GONE, NULL);
}

TEST(rows_come_change_and_go)
{
	struct model *m = model_new(NULL, NULL);

	EQ_INT(row(m, 7, 3, "db"), MODEL_ROWS | MODEL_ORDER);
	EQ_INT(row(m, 5, 1, "web"), MODEL_ROWS | MODEL_ORDER);
	EQ_INT(row(m, 1029, 2, "job"), MODEL_ROWS | MODEL_ORDER);
	EQ_INT(model_count(m), 3);
	EQ_STR(model_at(m, 0)->row->name, "web");
	EQ_STR(model_at(m, 1)->row->name, "job");
	EQ_STR(model_at(m, 2)->row->name, "db");
	OK(!model_at(m, 3));
	/* 5 and 1029 share a place in the hash. */
	EQ_STR(model_find(m, 1029)->row->name, "job");
	EQ_STR(model_find(m, 5)->row->name, "web");
	OK(!model_find(m, 6));
	uint64_t rev = model_find(m, 5)->rev;
	EQ_INT(row(m, 5, 1, "web2"), MODEL_ROWS);
	OK(model_find(m, 5)->rev > rev);
	EQ_INT(row(m, 5, 9, "web2"), MODEL_ROWS | MODEL_ORDER);
	EQ_STR(model_at(m, 2)->row->name, "web2");
	EQ_INT(gone(m, 5), MODEL_ROWS | MODEL_ORDER);
	EQ_INT(gone(m, 5), 0);
	EQ_INT(model_count(m), 2);
	OK(model_find_name(m, "db"));
	OK(!model_find_name(m, "web2"));
	model_free(m);
}

static unsigned goodbyes;

static void
count_gone(struct model_proc *p, void *arg)
{
	(void)p;
	(void)arg;
	goodbyes++;
}

TEST(what_a_resync_does_not_name_goes)
{
	struct model *m = model_new(count_gone, NULL);

	goodbyes = 0;
	row(m, 1, 1, "a");
	row(m, 2, 2, "b");
	EQ_INT(take(m, PROTO_SYNC, NULL), MODEL_SYNC);
	OK(model_synced(m));
	EQ_INT(model_count(m), 2);
	model_resync(m);
	OK(!model_synced(m));
	row(m, 2, 1, "b");
	EQ_INT(take(m, PROTO_SYNC, NULL),
	       MODEL_SYNC | MODEL_ROWS | MODEL_ORDER);
	EQ_INT(model_count(m), 1);
	EQ_INT(goodbyes, 1);
	model_free(m);
	EQ_INT(goodbyes, 2);
}

TEST(hits_grow_old)
{
	const uint64_t second = PROTO_HIT_SLOT_US / 2;
	struct proto_value v = { .hit_slot = 100 };
	size_t last = PROTO_HIT_SLOTS - 1;

	v.hits[0] = 1;
	v.hits[last] = 9;
	EQ_INT(proto_value_hits(&v, last, 201 * second), 9);
	EQ_INT(proto_value_hits(&v, 0, 201 * second), 1);
	EQ_INT(proto_value_hits(&v, last, 202 * second), 0);
	EQ_INT(proto_value_hits(&v, last - 1, 202 * second), 9);
	EQ_INT(proto_value_hits(&v, 0, 202 * second), 0);
	EQ_INT(proto_value_hits(&v, 0, (200 + 2 * last) * second), 9);
	for (size_t i = 0; i <= last; i++)
		EQ_INT(proto_value_hits(&v, i, 100000 * second), 0);
	/* A clock that is behind the engine's makes nothing of the future. */
	EQ_INT(proto_value_hits(&v, last, 0), 9);
}

TEST(growth_values_bells_notes)
{
	struct model *m = model_new(NULL, NULL);
	struct model_proc *p;
	struct proto_grow g = { .proc = 1, .next_seq = 42, .partial = true };
	struct proto_value v = { .name = "latency", .unit = "ms", .count = 2,
				 .numeric = true, .last_number = 7 };
	unsigned level;

	proto_put_grow(&frame_buf, &g);
	EQ_INT(take(m, PROTO_GROW, &p), 0);	/* not known yet */
	row(m, 1, 1, "web");
	proto_put_grow(&frame_buf, &g);
	EQ_INT(take(m, PROTO_GROW, &p), MODEL_GROW);
	EQ_INT(p->grow.next_seq, 42);
	OK(p->grow.partial);
	for (int i = 0; i < 2; i++) {
		msg_put_u32(&frame_buf, 1);
		msg_put_u32(&frame_buf, 1);
		proto_put_value(&frame_buf, &v);
		EQ_INT(take(m, PROTO_VALUES, &p), MODEL_VALUES);
		EQ_INT(p->value_count, 1);
		EQ_STR(p->values[0].name, "latency");
		OK(p->values[0].last_number == 7);
	}
	msg_put_u32(&frame_buf, 1);
	EQ_INT(take(m, PROTO_BELL, &p), MODEL_BELL);
	EQ_INT(p->bells, 1);
	EQ_STR(model_note(m, &level), "");
	msg_put_u8(&frame_buf, 2);
	msg_put_str(&frame_buf, "be careful");
	EQ_INT(take(m, PROTO_NOTE, NULL), MODEL_NOTE);
	EQ_STR(model_note(m, &level), "be careful");
	EQ_INT(level, 2);
	msg_put_u64(&frame_buf, 99);
	EQ_INT(take(m, PROTO_EVENTS, NULL), MODEL_EVENTS);
	EQ_INT(model_events(m), 99);
	msg_put_str(&frame_buf, "down");
	EQ_INT(take(m, PROTO_BYE, NULL), MODEL_BYE);
	EQ_STR(model_bye(m), "down");
	model_free(m);
}

/* One row of text at row y. */
static void
put_screen_row(uint16_t y, const char *text)
{
	struct vt_cell cells[10];
	struct buf packed = BUF_INIT(4096);

	for (size_t i = 0; i < 10; i++) {
		cells[i] = CELL_BLANK;
		if (i < strlen(text))
			cells[i].glyph = (unsigned char)text[i];
	}
	cell_pack(NULL, cells, 10, 0, &packed);
	msg_put_u16(&frame_buf, y);
	msg_put_bytes(&frame_buf, packed.data, packed.len);
	buf_fini(&packed);
}

static const char *
screen_row(const struct model_proc *p, unsigned y)
{
	static struct buf b = BUF_INIT(4096);
	buf_clear(&b);
	model_screen_text(p->screen, y, 0, &b);
	return buf_str(&b);
}

TEST(screens_are_patched_row_by_row)
{
	struct model *m = model_new(NULL, NULL);
	struct model_proc *p;
	struct proto_screen s = { .proc = 1, .gen = 5, .rows = 3, .cols = 10,
				  .title = "vi", .whole = 1, .row_count = 2 };

	row(m, 1, 1, "sh");
	proto_put_screen(&frame_buf, &s);
	put_screen_row(0, "hello");
	put_screen_row(2, "x y");
	EQ_INT(take(m, PROTO_SCREEN, &p), MODEL_SCREEN);
	EQ_STR(screen_row(p, 0), "hello");
	EQ_STR(screen_row(p, 1), "");
	EQ_STR(screen_row(p, 2), "x y");
	EQ_STR(p->screen->head.title, "vi");
	OK(p->screen->dirty[1]);
	p->screen->dirty[0] = p->screen->dirty[1] = p->screen->dirty[2] = 0;

	s.whole = 0;
	s.row_count = 1;
	s.gen = 6;
	proto_put_screen(&frame_buf, &s);
	put_screen_row(1, "new");
	EQ_INT(take(m, PROTO_SCREEN, &p), MODEL_SCREEN);
	EQ_STR(screen_row(p, 0), "hello");
	EQ_STR(screen_row(p, 1), "new");
	OK(!p->screen->dirty[0]);
	OK(p->screen->dirty[1]);

	/* Another size starts anew; a row outside of it is refused. */
	s.rows = 2;
	proto_put_screen(&frame_buf, &s);
	put_screen_row(2, "out");
	EQ_INT(take(m, PROTO_SCREEN, &p), -EPROTO);
	EQ_STR(screen_row(p, 0), "");
	s.cols = 0;
	proto_put_screen(&frame_buf, &s);
	EQ_INT(take(m, PROTO_SCREEN, &p), -EPROTO);
	model_drop_screen(p = model_find(m, 1));
	OK(!p->screen);
	model_free(m);
}

TEST(what_is_told_counts_as_growth)
{
	struct model *m = model_new(NULL, NULL);
	struct model_proc *p;
	struct logtold t = { .seq = 5, .count = 2, .stream = LOG_ERR,
			     .off = 10, .len = 4, .data = "a\nb\n" };
	struct proto_grow g = { .proc = 1, .next_seq = 5, .partial = true };

	OK(!model_told(m));
	row(m, 1, 1, "web");
	proto_put_grow(&frame_buf, &g);
	EQ_INT(take(m, PROTO_GROW, &p), MODEL_GROW);
	msg_put_u32(&frame_buf, 1);
	logtold_put(&frame_buf, &t);
	EQ_INT(take(m, PROTO_TOLD, &p), MODEL_TOLD);
	EQ_INT(p->grow.next_seq, 7);
	EQ_INT(p->grow.bytes[LOG_ERR], 14);
	OK(!p->grow.partial);
	EQ_MEM(model_told(m)->data, model_told(m)->len, "a\nb\n", 4);
	EQ_INT(model_told(m)->count, 2);
	/* One of a process that is not known, and such as cannot be. */
	msg_put_u32(&frame_buf, 2);
	logtold_put(&frame_buf, &t);
	EQ_INT(take(m, PROTO_TOLD, &p), 0);
	t.stream = LOG_STREAMS;
	msg_put_u32(&frame_buf, 1);
	logtold_put(&frame_buf, &t);
	EQ_INT(take(m, PROTO_TOLD, &p), -EPROTO);
	static const char much[LOGTOLD_BYTES + 1];
	msg_put_u32(&frame_buf, 1);
	for (int i = 0; i < 4; i++)
		msg_put_u64(&frame_buf, 1);
	msg_put_u8(&frame_buf, LOG_OUT);
	msg_put_bytes(&frame_buf, "", 0);
	msg_put_bytes(&frame_buf, much, sizeof much);
	EQ_INT(take(m, PROTO_TOLD, &p), -EPROTO);
	model_free(m);
}

/* Every prefix of every kind of frame, and frames with a byte too much. */
TEST(malformed_frames_are_refused)
{
	static const uint16_t types[] = {
		PROTO_ROW, PROTO_GONE, PROTO_GROW, PROTO_VALUES, PROTO_SCREEN,
		PROTO_BELL, PROTO_EVENTS, PROTO_NOTE, PROTO_BYE, PROTO_TOLD,
	};
	struct model *m = model_new(NULL, NULL);
	struct proc_row r = { .id = 1, .order = 1, .name = "web" };
	struct buf b = BUF_INIT(1 << 16);

	row(m, 1, 1, "web");
	proto_put_row(&b, &r);
	for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
		for (size_t len = 0; len < b.len; len++) {
			struct conn_frame f = { .type = types[t],
						.data = b.data, .len = len };
			int got = model_take(m, &f, NULL);
			if (types[t] == PROTO_ROW)
				EQ_INT(got, -EPROTO);
		}
	}
	buf_addc(&b, 'x');
	struct conn_frame f = { .type = PROTO_ROW, .data = b.data,
				.len = b.len };
	EQ_INT(model_take(m, &f, NULL), -EPROTO);
	f.type = 12345;
	EQ_INT(model_take(m, &f, NULL), 0);
	EQ_INT(model_count(m), 1);
	buf_fini(&b);
	model_free(m);
}

TEST(processes_are_selected_in_list_order)
{
	struct model *m = model_new(NULL, NULL);
	char *names[] = { "b*", "a", NULL }, *wrong[] = { "zz", NULL };
	struct model_proc **found;
	struct err e = ERR_INIT;

	row(m, 3, 3, "b1");
	row(m, 2, 2, "a");
	row(m, 1, 1, "b0");
	EQ_INT(model_select(m, names, 0, &found, &e), 3);
	EQ_STR(found[0]->row->name, "b0");
	EQ_STR(found[1]->row->name, "a");
	free(found);
	EQ_INT(model_select(m, NULL, SELECT_ALL, &found, &e), 3);
	free(found);
	EQ_INT(model_select(m, wrong, 0, &found, &e), -1);
	OK(!found);
	model_free(m);
}

TEST_MAIN()
