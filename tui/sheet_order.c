#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base/base.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/words.h"
#include "engine/conf/option.h"
#include "status_text.h"
#include "view.h"

/*
 * How the list is made: its order and its columns; and, on the other page,
 * the order in which the processes of the set start: who waits for whom.
 */

enum {
	SHEET_COLS = 66,
	FIRST_SORT = 1,		/* rows of the first page, with headings */
	COLUMN_HEADING = FIRST_SORT + SORT_COUNT,
	FIRST_COLUMN,
	HIDDEN_ROW = FIRST_COLUMN + LIST_COLUMN_COUNT,
	LIST_ROWS,
	LEVELS_MAX = 64,
};

/* A process, and how many stand one behind the other before it. */
struct node {
	uint32_t id, order;
	int level;
};

struct order {
	struct sheet sheet;
	struct node *nodes;	/* of the graph */
	size_t count;
	bool graph;		/* the second page */
	int chosen, top;	/* of the page in sight */
	struct rect in;		/* as last drawn */
};

/* --- the list --- */

static bool
has_column(const struct ui *ui, enum list_column c)
{
	enum list_column now[LIST_COLUMN_COUNT];
	size_t n = options_columns(ui->options, now);

	for (size_t i = 0; i < n; i++)
		if (now[i] == c)
			return true;
	return false;
}

/* Takes a column away, or puts it behind the others. */
static void
toggle_column(struct ui *ui, enum list_column c)
{
	enum list_column now[LIST_COLUMN_COUNT];
	size_t n = options_columns(ui->options, now), used = 0;
	char value[256] = "";
	bool had = has_column(ui, c);
	struct err e = ERR_INIT;

	if (!had)
		now[n++] = c;
	for (size_t i = 0; i < n; i++) {
		if (had && now[i] == c)
			continue;
		used += (size_t)snprintf(
			value + used, sizeof(value) - used, "%s%s",
			used ? " " : "",
			table_row(&list_column_table, now[i])->name);
	}
	if (!used || options_change(ui->options, "list.columns", value, &e) < 0)
		ui_toast(ui, TOAST_INFO, "one column has to stay");
	else
		ui_apply_options(ui);
}

static void
draw_list_row(struct ui *ui, const struct pen *p, int y, int no)
{
	struct rect in = p->clip;
	const char *more = ui_glyph(ui, GLYPH_MORE);

	if (no == 0 || no == COLUMN_HEADING) {
		ui_text(ui, p, y, in.x, ROLE_TEXT_STRONG,
			no ? "Columns" : "Order");
	} else if (no < COLUMN_HEADING) {
		int sort = no - FIRST_SORT;
		int x = draw_text(p, y, in.x + 1,
				  (int)ui->list.sort == sort ? "(*)" : "( )");
		draw_text(p, y, x + 1, list_sort_names[sort]);
		draw_text(p, y, in.x + 15,
			  sort == SORT_NONE ? "as it is in the file, in groups"
					    : "one list without groups");
	} else if (no < HIDDEN_ROW) {
		const struct row *r = table_row(&list_column_table,
						(size_t)(no - FIRST_COLUMN));
		bool on = has_column(ui, (enum list_column)(no -
							    FIRST_COLUMN));
		int x = draw_text(p, y, in.x + 1, on ? "[x]" : "[ ]");
		draw_text(p, y, x + 1, r->name);
		draw_cut(p, y, in.x + 15, in.w - 15, r->help, more);
	} else {
		int x = draw_text(p, y, in.x + 1,
				  ui->list.hidden ? "[x]" : "[ ]");
		draw_text(p, y, x + 1, "hidden");
		draw_cut(p, y, in.x + 15, in.w - 15,
			 "processes that say 'hidden yes' too", more);
	}
}

static void
use_list_row(struct ui *ui, int no)
{
	char line[64];

	if (no == HIDDEN_ROW) {
		command_run(ui, "hidden");
	} else if (no >= FIRST_COLUMN) {
		toggle_column(ui, (enum list_column)(no - FIRST_COLUMN));
	} else if (no >= FIRST_SORT && no < COLUMN_HEADING) {
		snprintf(line, sizeof(line), "sort %s",
			 list_sort_names[no - FIRST_SORT]);
		command_run(ui, line);
	}
}

/* --- the graph --- */

static int
by_level(const void *a, const void *b)
{
	const struct node *m = a, *n = b;

	if (m->level != n->level)
		return m->level - n->level;
	return (m->order > n->order) - (m->order < n->order);
}

struct named {
	const char *name;
	size_t node;
};

/* from waits for to. */
struct edge {
	size_t from, to;
};

static int
by_name(const void *a, const void *b)
{
	const struct named *m = a, *n = b;

	return strcmp(m->name, n->name);
}

/* Of the processes in the order of the model; caller frees. */
static struct edge *
find_edges(struct ui *ui, size_t *edge_count)
{
	size_t count = model_count(ui->model), n = 0;
	struct named *names = mem_array(SBX_MAX(count, 1u), sizeof(*names));
	struct edge *edges = NULL;

	for (size_t i = 0; i < count; i++)
		names[i] = (struct named){ model_at(ui->model, i)->row->name,
					   i };
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		const char *at = model_at(ui->model, i)->row->depends;
		for (char *name; (name = words_next_dep(&at)); free(name)) {
			struct named *to = bsearch(&(struct named){ name, 0 },
						   names, count,
						   sizeof(*names), by_name);
			if (!to)
				continue;
			edges = mem_grow(edges, n, n + 1, sizeof(*edges));
			edges[n++] = (struct edge){ i, to->node };
		}
	}
	free(names);
	*edge_count = n;
	return edges;
}

/* As it is now: the page does not change under the cursor. */
static void
make_graph(struct ui *ui, struct order *o)
{
	size_t edge_count;
	struct edge *edges = find_edges(ui, &edge_count);
	bool moved = true;

	free(o->nodes);
	o->count = model_count(ui->model);
	o->nodes = mem_array(SBX_MAX(o->count, 1u), sizeof(*o->nodes));
	for (size_t i = 0; i < o->count; i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		o->nodes[i] = (struct node){ r->id, r->order, 1 };
	}
	/* A circle is refused when the file is read, so this ends; if one
	 * came about all the same, the last level does. */
	for (int turn = 0; moved && turn < LEVELS_MAX; turn++) {
		moved = false;
		for (size_t i = 0; i < edge_count; i++) {
			struct node *n = &o->nodes[edges[i].from];
			int below = o->nodes[edges[i].to].level + 1;
			moved |= below > n->level;
			n->level = SBX_MAX(n->level, below);
		}
	}
	free(edges);
	qsort(o->nodes, o->count, sizeof(*o->nodes), by_level);
}

static void
draw_node(struct ui *ui, const struct pen *p, int y, const struct node *n,
	  bool first)
{
	struct model_proc *proc = model_find(ui->model, n->id);
	struct rect in = p->clip;
	const char *more = ui_glyph(ui, GLYPH_MORE);

	if (first)
		draw_fmt(p, y, in.x + 1, "%d", n->level);
	if (!proc)
		return;
	const struct proc_row *r = proc->row;
	ui_text(ui, p, y, in.x + 4, row_role(r), ui_shape(ui, row_shape(r)));
	int x = draw_cut(p, y, in.x + 6, 20, r->name, more);
	x = SBX_MAX(x + 2, in.x + 22);
	draw_cut(p, y, x, in.x + in.w - x, r->depends, more);
}

/* --- both --- */

static int
page_rows(const struct order *o)
{
	return o->graph ? (int)o->count : LIST_ROWS;
}

static bool
is_heading(const struct order *o, int no)
{
	return !o->graph && (no == 0 || no == COLUMN_HEADING);
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct order *o = (struct order *)sh;
	int rows = page_rows(o);
	struct rect r = sheet_place(ui, -1, SBX_MAX(rows, 4) + 2, SHEET_COLS);

	o->in = sheet_frame(ui, r, o->graph ? "who waits for whom"
					    : "order and columns",
			    o->graph ? "Tab list  Enter go there  Esc close"
				     : "Tab graph  Space choose  Esc close");
	o->chosen = SBX_MAX(SBX_MIN(o->chosen, rows - 1), 0);
	o->top = SBX_MAX(SBX_MIN(o->top, o->chosen),
			 o->chosen - o->in.h + 1);
	for (int i = 0; i < o->in.h && o->top + i < rows; i++) {
		int no = o->top + i, y = o->in.y + i;
		struct pen pen = ui_pen(ui, o->in, no == o->chosen
						? ROLE_SHEET_SELECTED
						: ROLE_SHEET);
		draw_fill(&pen, (struct rect){ y, o->in.x, 1, o->in.w });
		if (o->graph)
			draw_node(ui, &pen, y, &o->nodes[no],
				  i == 0 || o->nodes[no].level !=
						    o->nodes[no - 1].level);
		else
			draw_list_row(ui, &pen, y, no);
	}
}

static void
use(struct ui *ui, struct order *o)
{
	if (!o->graph) {
		use_list_row(ui, o->chosen);
		return;
	}
	uint32_t id = (size_t)o->chosen < o->count ? o->nodes[o->chosen].id
						   : 0;
	if (!model_find(ui->model, id))
		return;
	sheet_close(ui);
	ui->chosen = true;
	ui_select(ui, id);
}

static void
move(struct order *o, int by)
{
	int rows = page_rows(o);

	if (rows == 0)
		return;
	do
		o->chosen = (o->chosen + rows + by) % rows;
	while (is_heading(o, o->chosen));
}

static void
show_page(struct ui *ui, struct order *o, bool graph)
{
	o->graph = graph;
	o->top = 0;
	o->chosen = graph ? 0 : FIRST_SORT + (int)ui->list.sort;
	if (graph)
		make_graph(ui, o);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct order *o = (struct order *)sh;

	if (sheet_is_close(k)) {
		sheet_close(ui);
	} else if (k.sym == SYM_TAB) {
		show_page(ui, o, !o->graph);
	} else if (k.mods) {
		return;
	} else if (k.sym == SYM_DOWN || k.sym == 'j') {
		move(o, 1);
	} else if (k.sym == SYM_UP || k.sym == 'k') {
		move(o, -1);
	} else if (k.sym == SYM_ENTER || k.sym == ' ') {
		use(ui, o);
	} else if (k.sym == 'H') {
		use_list_row(ui, HIDDEN_ROW);
	}
}

/* A click chooses, one on what is chosen uses it. */
static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *e)
{
	struct order *o = (struct order *)sh;
	int no = o->top + e->row - o->in.y;

	if (e->kind != VT_MOUSE_PRESS)
		return false;
	if (e->button == VT_BUTTON_WHEEL_UP)
		move(o, -1);
	else if (e->button == VT_BUTTON_WHEEL_DOWN)
		move(o, 1);
	else if (!rect_holds(o->in, e->row, e->col))
		sheet_close(ui);
	else if (no == o->chosen)
		use(ui, o);
	else if (no < page_rows(o) && !is_heading(o, no))
		o->chosen = no;
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui;
	return ((struct order *)sh)->graph
		       ? "j k choose  Enter go there  Tab order and columns  "
			 "Esc close"
		       : "j k choose  Space or Enter use it  H hidden  "
			 "Tab graph  Esc close";
}

static void
free_sheet(struct sheet *sh)
{
	free(((struct order *)sh)->nodes);
	free(sh);
}

static const struct sheet_ops ops = {
	.word = "ORDER", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .mouse = mouse, .hint = hint,
	.free = free_sheet,
};

void
sheet_order_open(struct ui *ui, bool graph)
{
	struct order *o = mem_alloc(sizeof(*o));

	o->sheet.ops = &ops;
	show_page(ui, o, graph);
	sheet_open(ui, &o->sheet);
}
