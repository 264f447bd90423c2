#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "action.h"
#include "command.h"
#include "edit.h"
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/conf/cmd.h"
#include "keylist.h"

/*
 * The keys that work here, made from the keymap and the tables of actions
 * and verbs: what is not bound is listed without a key and runs all the
 * same.
 */
enum { ROWS_MAX = 400 };

struct line {
	const char *section;
	char key[24];
	char command[80];
	const char *help;
};

struct help {
	struct sheet sheet;
	struct edit edit;
	struct line lines[ROWS_MAX];
	size_t count;
	size_t fit[ROWS_MAX];	/* those that fit what is typed */
	size_t fit_count;
	size_t chosen, top;
	bool pairs;		/* two lines stand in a row */
	enum mode mode;
};

static const char *const sections[] = { "Process", "View", "Find", "Move",
					"Session", "Other" };

static void
add(struct help *h, const char *section, const char *key,
    const char *command, const char *text)
{
	struct line *l = &h->lines[h->count];

	if (h->count == ROWS_MAX)
		return;
	for (size_t i = 0; i < h->count; i++) {
		if (strcmp(h->lines[i].command, command) != 0)
			continue;
		/* A second key of the same command. */
		size_t n = strlen(h->lines[i].key);
		if (n && *key && n + strlen(key) + 2 < 9)
			snprintf(h->lines[i].key + n, 24 - n, " %s", key);
		return;
	}
	l->section = section;
	snprintf(l->key, sizeof(l->key), "%s", key);
	snprintf(l->command, sizeof(l->command), "%s", command);
	l->help = text;
	h->count++;
}

struct collect {
	struct help *help;
	struct ui *ui;
};

static void
collect_binding(const char *mode, const char *key, const char *command,
		void *arg)
{
	struct collect *c = arg;
	struct key k;
	const char *section;

	(void)mode;
	if (!command || key_parse(key, strlen(key), &k, NULL) < 0)
		return;
	/* Only if this is what the key does here now. */
	const char *now = keymap_find(c->ui->keymap, c->help->mode, k);
	if (!now || strcmp(now, command) != 0)
		return;
	const struct row *r = keylist_row(command, &section);
	if (!strncmp(command, "select ", 7))
		return;
	/* Verbs are told by themselves: their help is a long sentence. */
	bool told = r && table_find(&action_table, r->name);
	add(c->help, section, key, command, told ? r->help : NULL);
}

static void
collect_rest(struct help *h)
{
	for (size_t i = 0; i < action_table.count; i++) {
		const struct row *r = table_row(&action_table, i);
		add(h, "Other", "", r->name, r->help);
	}
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct row *r = table_row(&cmd_verb_table, i);
		const struct verb_row *v =
			(const struct verb_row *)(const void *)r;
		if (v->built && v->request)
			add(h, "Other", "", r->name, r->help);
	}
}

static bool
fits(const struct line *l, const char *text)
{
	return !*text || strcasestr(l->command, text) ||
	       (l->help && strcasestr(l->help, text)) ||
	       !strcmp(l->key, text);
}

static void
refit(struct help *h)
{
	h->fit_count = 0;
	for (size_t s = 0; s < ARRAY_LEN(sections); s++)
		for (size_t i = 0; i < h->count; i++)
			if (!strcmp(h->lines[i].section, sections[s]) &&
			    fits(&h->lines[i], h->edit.text))
				h->fit[h->fit_count++] = i;
	if (h->chosen >= h->fit_count)
		h->chosen = h->fit_count ? h->fit_count - 1 : 0;
}

static void
fill(struct ui *ui, struct help *h, enum mode mode)
{
	struct collect c = { h, ui };

	h->mode = mode;
	h->count = h->chosen = h->top = 0;
	keymap_each(ui->keymap, collect_binding, &c);
	collect_rest(h);
	refit(h);
}

/* One row of the sheet: a heading, or one or two lines. */
struct shown {
	const char *heading;
	size_t left, right;	/* indexes into fit; right may be none */
	bool has_right;
};

/* Two columns where there is room and nothing is typed. */
static size_t
arrange(struct help *h, int width, struct shown *out)
{
	size_t n = 0;
	const char *section = NULL;

	h->pairs = width >= 60 && !h->edit.len;
	for (size_t i = 0; i < h->fit_count; i++) {
		const struct line *l = &h->lines[h->fit[i]];
		if (!section || strcmp(section, l->section) != 0) {
			section = l->section;
			out[n++] = (struct shown){ .heading = section };
		}
		struct shown s = { .left = i };
		if (h->pairs && i + 1 < h->fit_count &&
		    !strcmp(h->lines[h->fit[i + 1]].section, section)) {
			s.right = ++i;
			s.has_right = true;
		}
		out[n++] = s;
	}
	return n;
}

static void
draw_line(struct ui *ui, const struct pen *pen, const struct help *h, int y,
	  int x, int w, size_t i)
{
	const struct line *l = &h->lines[h->fit[i]];
	struct pen own = *pen;
	char text[128];
	size_t len;

	snprintf(text, sizeof(text), "%s", l->help ? l->help : l->command);
	/* "restart --with-dependents" is a phrase too. */
	for (char *s = text; !l->help && (s = strstr(s, " --"));) {
		memmove(s + 1, s + 3, strlen(s + 2));
		while (*++s && *s != ' ')
			*s = *s == '-' ? ' ' : *s;
	}
	/* What it does in the second place is for those who look it up. */
	len = strcspn(text, ";");
	if (draw_columns(text) > w - 9)
		text[len] = 0;
	if (i == h->chosen) {
		own.style = ui_style(ui, ROLE_SHEET_SELECTED);
		draw_fill(&own, (struct rect){ y, x, 1, w });
	}
	struct pen kp = own;
	if (i != h->chosen)
		kp.style = ui_style(ui, ROLE_SHEET_KEY);
	kp.style.bg = own.style.bg;
	draw_right(&kp, y, x, 7, l->key, "");
	draw_cut(&own, y, x + 9, w - 9, text, ui_glyph(ui, GLYPH_MORE));
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct help *h = (struct help *)sh;
	struct shown rows[2 * ROWS_MAX];
	char title[96], footer[96];
	int screen = canvas_rows(ui->canvas);
	/* On a small one the panes are of no use behind it. */
	struct rect r = sheet_place(ui, 2, screen - (screen < 16 ? 0 : 5), 68);

	snprintf(title, sizeof(title), "keys here: %s",
		 h->mode == MODE_LIST ? "list of processes" : "log");
	snprintf(footer, sizeof(footer),
		 "%zu action%s%s", h->fit_count, h->fit_count == 1 ? "" : "s",
		 r.w < 60 ? "" : "  Enter runs the line  Esc close");
	struct rect in = sheet_frame(ui, r, title, footer);
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);
	int x = draw_text(&pen, in.y, in.x, "> ");
	int end = ui_text(ui, &pen, in.y, x, ROLE_PROMPT,
			  h->edit.len ? h->edit.text : "");
	if (!h->edit.len)
		ui_text(ui, &pen, in.y, end, ROLE_PROMPT_COMPLETE,
			"type to filter");
	draw_right(&pen, in.y, in.x + in.w / 2, in.w - in.w / 2,
		   in.w < 50		    ? "Tab: other"
		   : h->mode == MODE_LIST ? "Tab: keys of the log"
					    : "Tab: keys of the list", "");
	canvas_set_cursor(ui->canvas, (struct canvas_cursor){
		in.y, x + edit_column(&h->edit), true, 2 });
	size_t n = arrange(h, in.w, rows), at = 0;
	int height = SBX_MAX(in.h - 2, 0);
	for (size_t i = 0; i < n; i++)
		if (!rows[i].heading && (rows[i].left == h->chosen ||
					 (rows[i].has_right &&
					  rows[i].right == h->chosen)))
			at = i;
	if (at < h->top)
		h->top = at > 0 && rows[at - 1].heading ? at - 1 : at;
	if (height > 0 && at >= h->top + (size_t)height)
		h->top = at - (size_t)height + 1;
	int half = (in.w - 2) / 2;
	for (int i = 0; i < height && h->top + (size_t)i < n; i++) {
		const struct shown *s = &rows[h->top + (size_t)i];
		int y = in.y + 2 + i;
		if (s->heading) {
			ui_text(ui, &pen, y, in.x, ROLE_SHEET_TITLE,
				s->heading);
			continue;
		}
		draw_line(ui, &pen, h, y, in.x, h->pairs ? half : in.w,
			  s->left);
		if (s->has_right)
			draw_line(ui, &pen, h, y, in.x + half + 2, half,
				  s->right);
	}
}

static void
move(struct help *h, int by)
{
	if (by < 0)
		h->chosen -= SBX_MIN(h->chosen, (size_t)-by);
	else
		h->chosen = SBX_MIN(h->chosen + (size_t)by,
				    h->fit_count ? h->fit_count - 1 : 0);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct help *h = (struct help *)sh;
	bool changed = false;
	char command[80];

	switch (k.sym) {
	case SYM_ESC:
		sheet_close(ui);
		return;
	case SYM_TAB:
		fill(ui, h, h->mode == MODE_LIST ? MODE_LOG : MODE_LIST);
		return;
	case SYM_ENTER:
		if (!h->fit_count)
			return;
		snprintf(command, sizeof(command), "%s",
			 h->lines[h->fit[h->chosen]].command);
		sheet_close(ui);
		command_run(ui, command);
		return;
	case SYM_UP:
		move(h, h->pairs ? -2 : -1);
		return;
	case SYM_DOWN:
		move(h, h->pairs ? 2 : 1);
		return;
	case SYM_LEFT:
		move(h, -1);
		return;
	case SYM_RIGHT:
		move(h, 1);
		return;
	case SYM_PGUP:
		move(h, -10);
		return;
	case SYM_PGDN:
		move(h, 10);
		return;
	default:
		break;
	}
	if ((k.sym == 'c' && k.mods == KEY_CTRL) ||
	    (k.sym == 'q' && !k.mods && !h->edit.len)) {
		sheet_close(ui);
		return;
	}
	edit_key(&h->edit, k, &changed);
	if (changed) {
		h->chosen = h->top = 0;
		refit(h);
	}
}

static void
paste(struct ui *ui, struct sheet *sh, const char *text, size_t len)
{
	struct help *h = (struct help *)sh;

	(void)ui;
	edit_insert(&h->edit, text, len);
	refit(h);
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	static char text[128];

	(void)sh;
	snprintf(text, sizeof(text), "type to filter  %s choose  Enter run it"
		 "  Esc close       man sbx for the rest",
		 ui_glyph(ui, GLYPH_UP_DOWN));
	return text;
}

static const struct sheet_ops ops = {
	.word = "HELP", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste, .hint = hint,
};

void
sheet_help_open(struct ui *ui)
{
	struct help *h = mem_alloc(sizeof(*h));

	h->sheet.ops = &ops;
	fill(ui, h, ui->mode);
	sheet_open(ui, &h->sheet);
}
