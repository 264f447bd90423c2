/*
 * The terminal pane of a program that goes on drawing: only the rows that
 * have changed are drawn again, and the frame is the one that drawing all of
 * it gives.  The rows are an emulator's, fed with random bytes.
 */
#include <stdbool.h>
#include "../lib/test.h"
#include "../lib/uirig.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/conn.h"
#include "engine/base/err.h"
#include "engine/base/msg.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "engine/term/cell.h"
#include "engine/term/vt.h"
#include "tui/ui.h"

struct rig {
	struct options *options;
	struct set set;
	struct ui *ui;
	struct vt *vt;
	uint64_t seen;
	int rows, cols;		/* of the picture that was sent */
};

static const struct vt_hooks no_hooks;

static void
send_row(struct rig *r, enum status status)
{
	struct buf none = BUF_INIT(16);
	struct proc_row p = uirig_row(1, "shell", "", status);

	p.tty = true;
	p.pid = 7;
	uirig_send_row(r->ui, &p);
	uirig_frame(r->ui, PROTO_SYNC, &none);
}

/* What an engine would send of the terminal. */
static void
send_screen(struct rig *r)
{
	struct buf b = BUF_INIT(1 << 20), rows = BUF_INIT(1 << 20);
	struct buf one = BUF_INIT(1 << 20);
	struct vt_cursor cur = vt_cursor(r->vt);
	struct proto_screen s = {
		.proc = 1, .gen = vt_gen(r->vt),
		.rows = (uint16_t)vt_rows(r->vt),
		.cols = (uint16_t)vt_cols(r->vt),
		.cursor_row = (uint16_t)cur.row,
		.cursor_col = (uint16_t)cur.col,
		.cursor_visible = cur.visible, .modes = vt_modes(r->vt),
		.sb_first = vt_sb_first(r->vt), .sb_next = vt_sb_next(r->vt),
		.title = "",
	};

	s.whole = s.rows != r->rows || s.cols != r->cols;
	for (int y = 0; y < s.rows; y++) {
		if (!s.whole && vt_row_gen(r->vt, y) <= r->seen)
			continue;
		buf_clear(&one);
		vt_row_pack(r->vt, y, &one);
		msg_put_u16(&rows, (uint16_t)y);
		msg_put_bytes(&rows, one.data, one.len);
		s.row_count++;
	}
	proto_put_screen(&b, &s);
	buf_add(&b, rows.data ? rows.data : "", rows.len);
	uirig_frame(r->ui, PROTO_SCREEN, &b);
	r->seen = s.gen;
	r->rows = s.rows;
	r->cols = s.cols;
	buf_fini(&one);
	buf_fini(&rows);
}

static void
rig_init(struct rig *r, int rows, int cols)
{
	struct err e = ERR_INIT;

	clock_fake(1000000000, 1767571200000);
	*r = (struct rig){ .options = options_new() };
	r->set = (struct set){ .name = (char *)"s", .dir = (char *)"/",
			       .path = (char *)"/sbxrc",
			       .options = r->options };
	r->ui = ui_new(NULL, &r->set, TERM_MONO, &e);
	ui_resize(r->ui, rows, cols);
	r->ui->chosen = true;
	send_row(r, STATUS_RUNNING);
	r->vt = vt_new(rows - 3, cols - 27, 100, &no_hooks, r);
	send_screen(r);
	ui_draw(r->ui);
	ui_key(r->ui, (struct key){ .sym = SYM_ENTER });
	ui_draw(r->ui);
}

static void
rig_fini(struct rig *r)
{
	vt_free(r->vt);
	ui_free(r->ui);
	options_free(r->options);
	clock_real();
}

/* Cells as text and looks: a canvas may name the same glyph in two ways. */
static char *
picture(const struct canvas *c, struct buf *looks)
{
	buf_clear(looks);
	for (int y = 0; y < canvas_rows(c); y++) {
		const struct vt_cell *row = canvas_row(c, y);
		for (int x = 0; x < canvas_cols(c); x++) {
			msg_put_u32(looks, row[x].fg);
			msg_put_u32(looks, row[x].bg);
			msg_put_u16(looks, row[x].attrs);
			msg_put_u8(looks, (unsigned char)row[x].width);
		}
	}
	return canvas_text(c);
}

static bool
same_as_whole(struct rig *r)
{
	struct buf some = BUF_INIT(1 << 22), all = BUF_INIT(1 << 22);

	ui_draw(r->ui);
	struct canvas_cursor at = canvas_cursor(r->ui->canvas);
	char *text = picture(r->ui->canvas, &some);
	r->ui->dirty = true;
	ui_draw(r->ui);
	struct canvas_cursor want = canvas_cursor(r->ui->canvas);
	char *whole = picture(r->ui->canvas, &all);
	bool same = !strcmp(text, whole) && some.len == all.len &&
		    !memcmp(some.data, all.data, all.len) &&
		    at.y == want.y && at.x == want.x &&
		    at.visible == want.visible;
	if (!same)
		printf("# drawn\n%s# should be\n%s", text, whole);
	free(text);
	free(whole);
	buf_fini(&some);
	buf_fini(&all);
	return same;
}

static const char *const pieces[] = {
	"x", "hello ", "\r\n", "\r", "\n\n\n", "\033[H", "\033[2J", "\033[K",
	"\033[31mred\033[m", "\033[7m", "\033[m", "\033[5;9H", "\033[20;40H",
	"\345\255\227", "e\314\201", "\033[3;7r", "\033M", "\033[L", "\033[P",
	"\033[?5h", "\033[?5l", "\033[?25l", "\033[?25h", "\033[?1049h",
	"\033[?1049l", "\033[10@", "a long line that is wrapped at the edge ",
	"\360\237\230\200", "\033[4h", "\033[4l",
};

static void
feed_some(struct rig *r, unsigned *seed)
{
	for (int n = rand_r(seed) % 4; n >= 0; n--) {
		const char *s = pieces[(size_t)rand_r(seed) %
				       ARRAY_LEN(pieces)];
		vt_feed(r->vt, s, strlen(s));
	}
	send_screen(r);
}

TEST(changed_rows_make_the_whole_picture)
{
	struct rig r;
	unsigned seed = 7;

	rig_init(&r, 24, 80);
	EQ_INT(r.ui->mode, MODE_TERM);
	for (int i = 0; i < 4000; i++) {
		feed_some(&r, &seed);
		if (i % 3 == 0)
			feed_some(&r, &seed);
		if (i % 400 == 399)
			vt_resize(r.vt, 5 + rand_r(&seed) % 30,
				  5 + rand_r(&seed) % 90);
		OK(same_as_whole(&r));
	}
	rig_fini(&r);
}

TEST(only_changed_rows_are_drawn)
{
	struct rig r;

	rig_init(&r, 24, 80);
	vt_feed(r.vt, "one\r\ntwo", 8);
	send_screen(&r);
	ui_draw(r.ui);
	OK(r.ui->term_place.proc == 1);
	/* A mark on the canvas that no row of the terminal explains. */
	struct pen pen = ui_pen(r.ui, r.ui->layout.main, ROLE_TEXT);
	draw_text(&pen, r.ui->layout.main.y, r.ui->layout.main.x, "kept");
	vt_feed(r.vt, "!", 1);
	send_screen(&r);
	ui_draw(r.ui);
	char *text = canvas_text(r.ui->canvas);
	OK(strstr(text, "kept"));
	OK(strstr(text, "two!"));
	free(text);
	/* The end of the run draws all of it. */
	send_row(&r, STATUS_COMPLETED);
	ui_draw(r.ui);
	text = canvas_text(r.ui->canvas);
	OK(!strstr(text, "kept"));
	free(text);
	rig_fini(&r);
}

TEST(rows_that_go_on_are_marked)
{
	struct rig r;

	rig_init(&r, 24, 80);
	vt_resize(r.vt, 21, 90);
	vt_feed(r.vt, "short\r\n\033[80Cfar\033[H", 18);
	send_screen(&r);
	ui_draw(r.ui);
	char *text = canvas_text(r.ui->canvas), *end;
	char *line = strstr(text, "│short\n");
	OK(line);
	line = strchr(line, '\n') + 1;
	end = strchr(line, '\n');
	OK(!memcmp(end - 3, "›", 3));
	free(text);
	rig_fini(&r);
}

TEST_MAIN()
