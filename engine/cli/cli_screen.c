/* screen: what is on the terminal of a process. */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/msg.h"
#include "client/screenjson.h"
#include "term/cell.h"
#include "term/vt.h"

enum {
	OUT_MAX = 64 << 20,
	FETCH_ROWS = 1000,
	COLS_MAX = VT_COLS_MAX,
	PICTURE_MS = 5000,
};

struct lines {		/* one text a line, oldest first */
	char **text;
	size_t count, cap;
};

static void
add_line(struct lines *l, struct buf *b)
{
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		l->text = mem_grow(l->text, l->cap, cap, sizeof *l->text);
		l->cap = cap;
	}
	l->text[l->count++] = mem_strn(buf_str(b), b->len);
	buf_clear(b);
}

static void
free_lines(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->text[i]);
	free(l->text);
}

static void
put_cells(struct buf *out, const struct cell_pool *pool,
	  const struct vt_cell *cells, unsigned cols, bool ansi)
{
	char text[CELL_TEXT_MAX], sgr[CELL_SGR_MAX];
	struct vt_cell now = CELL_BLANK;
	const struct vt_cell none = CELL_BLANK;

	while (cols > 0 && (ansi ? cell_is_blank(&cells[cols - 1]) :
				   cells[cols - 1].glyph == ' '))
		cols--;
	for (unsigned i = 0; i < cols; i++) {
		if (ansi && !cell_same_looks(&now, &cells[i])) {
			buf_add(out, sgr, cell_sgr(&now, &cells[i], sgr));
			now = cells[i];
		}
		buf_add(out, text, cell_text(pool, &cells[i], text));
	}
	if (ansi && !cell_same_looks(&now, &none))
		buf_add(out, sgr, cell_sgr(&now, &none, sgr));
}

static int
check_picture(struct cli *c, void *arg)
{
	const uint32_t *id = arg;
	struct model_proc *p = model_find(c->model, *id);
	return !p || p->screen;
}

static struct model_proc *
fetch_picture(struct cli *c, uint32_t id, const char *name)
{
	cli_watch_screens(c, &id, 1);
	int rc = cli_until(c, check_picture, &id, clock_ms() + PICTURE_MS);
	c->screen_count = 0;
	if (rc < 0) {
		if (c->err.code == ERR_TIMEOUT) {
			err_set(&c->err, ERR_FAILED,
				"'%s' has no picture", name);
			err_hint(&c->err, "its terminal was given up, see "
					  "'sbx events'; or it never ran");
		}
		return NULL;
	}
	struct model_proc *p = model_find(c->model, id);
	if (!p)
		err_set(&c->err, ERR_NO_PROCESS, "'%s' is gone", name);
	return p;
}

/* --- the scrollback --- */

struct fetch {
	struct cli *c;
	struct lines *lines;
	bool ansi, done;
	uint64_t next;		/* id to go on with */
	uint32_t count;		/* that came */
	int rc;
};

static int
take_rows(struct fetch *f, const struct conn_frame *frame)
{
	struct cell_pool *pool = cell_pool_new(4096);
	struct vt_cell *cells = mem_array(COLS_MAX, sizeof *cells);
	struct buf b = BUF_INIT(1 << 20);
	struct msg_reader r;

	msg_open(&r, frame->data, frame->len);
	(void)msg_u32(&r);
	f->next = msg_u64(&r);
	f->count = msg_u32(&r);
	for (uint32_t i = 0; i < f->count && !r.bad; i++) {
		size_t len;
		const char *data = msg_bytes(&r, &len);
		cell_unpack(data, len, pool, cells, COLS_MAX, NULL);
		put_cells(&b, pool, cells, COLS_MAX, f->ansi);
		add_line(f->lines, &b);
		f->next++;
	}
	buf_fini(&b);
	free(cells);
	cell_pool_free(pool);
	return r.bad ? err_set(&f->c->err, ERR_INTERNAL,
			       "the engine's answer is malformed") : 0;
}

static void
on_rows(struct client *client, const struct client_answer *a, void *arg)
{
	struct fetch *f = arg;
	(void)client;

	f->done = true;
	if (a->err) {
		f->c->err = *a->err;
		f->rc = -1;
	} else {
		f->rc = take_rows(f, a->frame);
	}
}

static int
fetch_scrollback(struct cli *c, const struct model_proc *p, bool ansi,
		 struct lines *out)
{
	struct fetch f = { .c = c, .lines = out, .ansi = ansi,
			   .next = p->screen->head.sb_first };
	uint64_t end = p->screen->head.sb_next;
	uint32_t id = p->id;

	while (f.next < end) {
		uint64_t left = end - f.next;
		f.done = false;
		int r = client_scrollback(c->client, id, f.next,
			(uint32_t)SBX_MIN(left, (uint64_t)FETCH_ROWS),
			on_rows, &f);
		if (r < 0)
			err_set(&c->err, ERR_NO_ENGINE,
				"asking the engine: %s", strerror(-r));
		else if (client_wait(c->client, &f.done, 0, &c->err) == 0 &&
			 f.rc == 0) {
			if (f.count == 0)
				break;
			continue;
		}
		if (!cli_come_again(c))
			return -1;
		f.rc = 0;
	}
	return 0;
}

/* --- printing --- */

static void
json_lines(struct jsonout *j, const char *name, const struct lines *l)
{
	jsonout_array(j, name);
	for (size_t i = 0; i < l->count; i++)
		jsonout_string(j, NULL, l->text[i]);
	jsonout_close(j);
}

static int
put_json(struct cli *c, const struct model_proc *p, const struct lines *old,
	 const struct lines *now)
{
	struct buf b = BUF_INIT(OUT_MAX);
	struct jsonout j;

	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "name", p->row->name);
	screenjson_head(&j, p->screen);
	json_lines(&j, "lines", now);
	if (cli_given(c, CMD_OPT_SCROLLBACK))
		json_lines(&j, "scrollback", old);
	jsonout_close(&j);
	int rc = jsonout_end(&j) | buf_addc(&b, '\n');
	rc = rc < 0 ? err_set(&c->err, ERR_FAILED, "that is too long") :
		      cli_put(c, &b);
	buf_fini(&b);
	return rc;
}

static int
put_lines(struct cli *c, const struct lines *l, size_t count)
{
	struct buf b = BUF_INIT(OUT_MAX);
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		buf_adds(&b, l->text[i]);
		buf_addc(&b, '\n');
		rc = cli_put(c, &b);
	}
	buf_fini(&b);
	return rc;
}

int
cli_screen(struct cli *c)
{
	struct lines old = { .text = NULL }, now = { .text = NULL };
	struct buf b = BUF_INIT(1 << 20);
	struct model_proc *p = NULL;
	bool ansi = cli_given(c, CMD_OPT_ANSI);
	int rc = -1;

	c->come_back = true;
	if (cli_rows(c, 0) == 0)
		p = cli_one(c, c->cmd->words[0]);
	if (p && !p->row->tty) {
		err_set(&c->err, ERR_FAILED, "'%s' has no terminal",
			p->row->name);
		err_hint(&c->err, "'sbx logs %s' shows what it prints",
			 p->row->name);
		p = NULL;
	}
	if (p)
		p = fetch_picture(c, p->id, c->cmd->words[0]);
	if (p) {
		const struct model_screen *s = p->screen;
		for (unsigned i = 0; i < s->head.rows; i++) {
			put_cells(&b, s->pool,
				  s->cells + (size_t)i * s->head.cols,
				  s->head.cols, ansi);
			add_line(&now, &b);
		}
		rc = cli_given(c, CMD_OPT_SCROLLBACK) ?
			fetch_scrollback(c, p, ansi, &old) : 0;
	}
	/* The empty rows below the last text say nothing to a person. */
	size_t count = now.count;
	while (count > 0 && !now.text[count - 1][0])
		count--;
	if (rc == 0 && c->json)
		rc = put_json(c, p, &old, &now);
	else if (rc == 0 && put_lines(c, &old, old.count) == 0)
		rc = put_lines(c, &now, count);
	free_lines(&old);
	free_lines(&now);
	buf_fini(&b);
	return rc < 0 ? cli_fail(c) : 0;
}
