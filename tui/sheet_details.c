#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "details_page.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "status_text.h"
#include "view.h"

/* Everything that is known of one process, as pages that scroll. */
enum { ASK_MS = 1000 };

struct details {
	struct sheet sheet;
	uint32_t proc;
	enum page_tab tab;
	int tab_ends[PAGE_TABS];	/* columns, as last drawn */
	int top;
	int lines, height;	/* as last drawn */
	int choice;		/* of the page; 0: none yet */
	bool reveal;		/* values that look like secrets */
	struct page_facts facts;
	uint64_t at_asked_ms;
};

/* "[Overview] Env  Tree ...", or only the open one. */
static void
draw_tabs(struct details *d, const struct pen *pen, int x)
{
	char text[160] = "";
	size_t n = 0;

	for (int i = 0; i < PAGE_TABS; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      i == (int)d->tab ? "[%s] " : "%s  ",
				      page_tab_name((enum page_tab)i));
		d->tab_ends[i] = x + (int)n;
	}
	if (x + (int)n > pen->clip.x + pen->clip.w) {
		snprintf(text, sizeof(text), "[%s] %d/%d",
			 page_tab_name(d->tab), (int)d->tab + 1, PAGE_TABS);
		d->tab_ends[0] = 0;	/* the others are not seen */
	}
	draw_text(pen, 0, x, text);
}

static void
draw_title(struct ui *ui, struct details *d, const struct pen *pen,
	   const struct proc_row *r)
{
	char state[STATUS_TEXT_MAX];

	int x = ui_text(ui, pen, 0, 0, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	x = ui_text(ui, pen, 0, x, ROLE_TITLE_FOCUS, r->name) + 2;
	x = ui_text(ui, pen, 0, x, row_role(r), ui_shape(ui, row_shape(r)));
	x = ui_text(ui, pen, 0, x + 1, ROLE_TITLE,
		    row_state(r, clock_wall_ms(), state));
	if (r->pid)
		x = draw_fmt(pen, 0, x + 2, "pid %u", r->pid);
	draw_tabs(d, pen, x + 3);
}

/* Does the page have lines to choose from? */
static bool
has_choice(const struct details *d)
{
	return d->tab == PAGE_TREE || d->tab == PAGE_WATCHES;
}

/* The chosen line, the first one if it is gone, is in sight. */
static void
find_chosen(struct details *d, const struct page *page)
{
	int at = -1, first = -1;

	for (size_t i = 0; i < page->count; i++) {
		int choice = page->lines[i].choice;
		if (choice && first < 0)
			first = (int)i;
		if (choice && choice == d->choice)
			at = (int)i;
	}
	at = at < 0 ? first : at;
	d->choice = at < 0 ? 0 : page->lines[at].choice;
	if (at < 0)
		return;
	d->top = SBX_MIN(d->top, at);
	d->top = SBX_MAX(d->top, at - d->height + 1);
}

static void
draw_line(struct ui *ui, const struct details *d, const struct pen *pen,
	  int y, const struct page_line *l)
{
	page_draw(ui, pen, y, l);
	if (!has_choice(d) || !l->choice || l->choice != d->choice)
		return;
	struct pen tint = ui_pen(ui, pen->clip, ROLE_CURSOR);
	draw_tint(&tint, (struct rect){ y, pen->clip.x, 1, pen->clip.w });
	ui_text(ui, pen, y, pen->clip.x, ROLE_TEXT_STRONG,
		ui_glyph(ui, GLYPH_CURSOR));
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct details *d = (struct details *)sh;
	struct model_proc *p = model_find(ui->model, d->proc);
	struct rect all = sheet_room(ui);
	struct pen pen = ui_pen(ui, all, ROLE_TEXT);
	draw_fill(&pen, all);
	if (!p) {
		draw_text(&pen, 0, 1, "this process is gone");
		return;
	}
	draw_title(ui, d, &pen, p->row);
	struct page page = { .cols = all.w };
	page_make(&page, d->tab, ui, p, &d->facts, d->reveal);
	d->lines = (int)page.count;
	d->height = all.h - 1;
	if (has_choice(d))
		find_chosen(d, &page);
	d->top = SBX_MAX(0, SBX_MIN(d->top, d->lines - d->height));
	for (int y = 0; y < d->height && d->top + y < d->lines; y++)
		draw_line(ui, d, &pen, 1 + y, &page.lines[d->top + y]);
	page_fini(&page);
}

/* The sheet may be gone by now: it is looked for, not remembered. */
static void
on_details(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	uint32_t proc = page_answer(a);

	(void)c;
	for (struct sheet *sh = ui->sheet; proc && sh; sh = sh->below) {
		struct details *d = (struct details *)sh;
		if (sh->ops->draw != draw || d->proc != proc)
			continue;
		page_facts_take(&d->facts, a->reply->text, clock_ms());
		ui->dirty = true;
		return;
	}
}

static void
ask(struct ui *ui, struct details *d)
{
	struct model_proc *p = model_find(ui->model, d->proc);

	d->at_asked_ms = clock_ms();
	if (p)
		page_ask(ui, p, on_details);
}

/* What changes by itself, like the figures of the tree. */
static void
tick(struct ui *ui, struct sheet *sh)
{
	struct details *d = (struct details *)sh;

	if (clock_ms() - d->at_asked_ms >= ASK_MS)
		ask(ui, d);
}

static void
show_tab(struct details *d, int by)
{
	d->tab = (enum page_tab)(((int)d->tab + PAGE_TABS + by) % PAGE_TABS);
	d->top = d->choice = 0;
}

/* To the next line that can be chosen, and what is done with it. */
static bool
choice_key(struct ui *ui, struct details *d, struct key k)
{
	struct model_proc *p = model_find(ui->model, d->proc);
	bool down = k.sym == SYM_DOWN || k.sym == 'j', tree;
	char whom[LIST_TARGET_MAX];
	int before = 0;

	if (!has_choice(d) || k.mods || !p)
		return false;
	tree = d->tab == PAGE_TREE;
	if (tree && (k.sym == 'S' || k.sym == SYM_ENTER)) {
		snprintf(whom, sizeof(whom), "%s/%d", p->row->name, d->choice);
		if (d->choice)
			sheet_signal_open(ui, whom);
		return true;
	}
	if (k.sym == SYM_ENTER) {
		/* Before the first picture nothing is chosen yet. */
		size_t no = (size_t)SBX_MAX(d->choice, 1);
		if (no <= p->value_count)
			log_show_watch(ui, p, &p->values[no - 1]);
		return true;
	}
	if (!down && k.sym != SYM_UP && k.sym != 'k')
		return false;
	struct page page = { .cols = sheet_room(ui).w };
	page_make(&page, d->tab, ui, p, &d->facts, d->reveal);
	for (size_t i = 0; i < page.count; i++) {
		int choice = page.lines[i].choice;
		if (choice && down && before == d->choice && before) {
			d->choice = choice;
			break;
		}
		if (choice && !down && choice == d->choice && before) {
			d->choice = before;
			break;
		}
		before = choice ? choice : before;
	}
	page_fini(&page);
	return true;
}

static bool
scroll_key(struct details *d, struct key k)
{
	int page = SBX_MAX(d->height - 1, 1);

	if (k.sym == SYM_DOWN || k.sym == 'j')
		d->top++;
	else if (k.sym == SYM_UP || k.sym == 'k')
		d->top--;
	else if (k.sym == SYM_PGDN || k.sym == ' ')
		d->top += page;
	else if (k.sym == SYM_PGUP)
		d->top -= page;
	else if (k.sym == SYM_HOME || k.sym == 'g')
		d->top = 0;
	else if (k.sym == SYM_END || k.sym == 'G')
		d->top = d->lines;
	else
		return false;
	d->top = SBX_MAX(0, SBX_MIN(d->top, d->lines - d->height));
	return true;
}

/* Commands for this process, wherever the cursor of the list is. */
static void
act(struct ui *ui, const struct details *d, struct key k)
{
	const struct model_proc *p = model_find(ui->model, d->proc);
	const char *verb = k.sym == 'r'	  ? "restart"
			   : k.sym == 's' ? "start"
			   : k.sym == 'x' ? "stop"
					  : NULL;
	char line[LIST_TARGET_MAX];

	if (p && k.sym == 'S')
		sheet_signal_open(ui, p->row->name);
	if (!p || !verb)
		return;
	snprintf(line, sizeof(line), "%s %s", verb, p->row->name);
	command_run(ui, line);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct details *d = (struct details *)sh;

	if (sheet_is_close(k) || (!k.mods && k.sym == 'd')) {
		sheet_close(ui);
		return;
	}
	if (k.sym == SYM_TAB || k.sym == SYM_LEFT || k.sym == SYM_RIGHT ||
	    k.sym == 'h' || k.sym == 'l') {
		bool back = k.sym == SYM_LEFT || k.sym == 'h' ||
			    k.mods == KEY_SHIFT;
		show_tab(d, back ? -1 : 1);
		return;
	}
	if (choice_key(ui, d, k) || scroll_key(d, k) || k.mods)
		return;
	if (k.sym == 'v')
		d->reveal = !d->reveal;
	else if (k.sym == 'y')
		sheet_copy_open(ui);
	else if (k.sym == 'o')
		command_run(ui, "open-in");
	else
		act(ui, d, k);
}

/* On a name of the title: that page, or the next one where there is but the
 * open one's. */
static void
click_tab(struct details *d, int col)
{
	int i = 0;

	if (!d->tab_ends[0]) {
		show_tab(d, 1);
		return;
	}
	while (i < PAGE_TABS && col >= d->tab_ends[i])
		i++;
	if (i < PAGE_TABS)
		show_tab(d, i - (int)d->tab);
}

static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *m)
{
	struct details *d = (struct details *)sh;

	(void)ui;
	if (m->kind != VT_MOUSE_PRESS)
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP)
		return scroll_key(d, (struct key){ SYM_UP, 0 });
	if (m->button == VT_BUTTON_WHEEL_DOWN)
		return scroll_key(d, (struct key){ SYM_DOWN, 0 });
	if (m->button == VT_BUTTON_LEFT && m->row == 0)
		click_tab(d, m->col);
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	const struct details *d = (const struct details *)sh;

	(void)ui;
	if (d->tab == PAGE_TREE)
		return "h l tabs  j k choose  S send it a signal  s start  "
		       "x stop  r restart  q back";
	if (d->tab == PAGE_WATCHES)
		return "h l tabs  j k choose  Enter its last line  s start  "
		       "x stop  r restart  q back";
	return d->tab == PAGE_ENV
		       ? "h l tabs  j k rows  v show what is hidden  q back"
		       : "h l tabs  j k rows  y copy  o open  s start  x stop  "
			 "r restart  q back";
}

/* Which lines are in sight, when there are more. */
static const char *
about(struct ui *ui, struct sheet *sh)
{
	static char text[128];
	const struct details *d = (const struct details *)sh;
	struct model_proc *p = model_find(ui->model, d->proc);

	snprintf(text, sizeof(text), "%.80s", p ? p->row->name : "");
	size_t n = strlen(text);
	if (d->lines > d->height)
		snprintf(text + n, sizeof(text) - n, "  %d-%d of %d",
			 d->top + 1, SBX_MIN(d->top + d->height, d->lines),
			 d->lines);
	return text;
}

static void
free_sheet(struct sheet *sh)
{
	struct details *d = (struct details *)sh;

	page_facts_fini(&d->facts);
	free(d);
}

static const struct sheet_ops ops = {
	.word = "DETAIL", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .mouse = mouse, .hint = hint,
	.about = about, .tick = tick, .free = free_sheet,
};

void
sheet_details_open(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);
	struct details *d;

	if (!p)
		return;
	d = mem_alloc(sizeof(*d));
	d->sheet.ops = &ops;
	d->proc = p->id;
	sheet_open(ui, &d->sheet);
	ask(ui, d);
}
