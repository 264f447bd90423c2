#include "remember.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "edit.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "engine/conf/setfile.h"
#include "filters.h"
#include "logview.h"
#include "pane.h"
#include "ui.h"
#include "view.h"

enum { FILE_BYTES = 1 << 20, FOLDS_MAX = 1000 };

struct remembered {
	char *path;		/* of the file */
	char *text;		/* of it, until it was applied; or NULL */
	uint32_t keeper;	/* of now */
	bool same;		/* ... and of then */
	char *selected;		/* a name; NULL: none */
};

/* "WORD VALUE": true if it is that word, *value is then behind it. */
static bool
is_word(char *line, const char *word, char **value)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 || line[len] != ' ')
		return false;
	*value = line + len + 1;
	return true;
}

/* The first word of *s, which goes on behind it. */
static char *
take_word(char **s)
{
	char *word = *s;

	*s += strcspn(word, " ");
	if (**s)
		*(*s)++ = '\0';
	return word;
}

static void
take_fold(struct ui *ui, const char *group)
{
	struct list_view *lv = &ui->list;

	if (!*group || lv->folded_count == FOLDS_MAX)
		return;
	lv->folded = mem_grow(lv->folded, lv->folded_count,
			      lv->folded_count + 1, sizeof(*lv->folded));
	lv->folded[lv->folded_count++] = mem_str(group);
}

static void
take_sort(struct ui *ui, const char *name)
{
	for (int i = 0; i < SORT_COUNT; i++)
		if (!strcmp(name, list_sort_names[i]))
			ui->list.sort = (enum list_sort)i;
}

/* A theme that has gone since is told of once, and is not remembered. */
static bool
has_theme(struct ui *ui, const char *name)
{
	struct err e = ERR_INIT;

	if (theme_check(name, NULL, &e) == 0)
		return true;
	ui_toast(ui, TOAST_WARN, "%s; it was on last time", e.text);
	return false;
}

static void
take_option(struct ui *ui, char *value)
{
	const char *name = take_word(&value);
	const struct option_row *row = option_get(name, NULL);

	if (!row || !option_is_of_screen(row))
		return;
	if (!strcmp(name, "theme") && !has_theme(ui, value))
		return;
	(void)options_change(ui->options, name, value, NULL);
}

/* What is about the screen as a whole. */
static void
take_line(struct ui *ui, char *line)
{
	struct remembered *m = ui->remembered;
	char *value;

	if (is_word(line, "keeper", &value))
		m->same = strtoul(value, NULL, 10) == m->keeper;
	else if (is_word(line, "select", &value) && m->same)
		m->selected = mem_str(value);
	else if (is_word(line, "fold", &value))
		take_fold(ui, value);
	else if (is_word(line, "sort", &value))
		take_sort(ui, value);
	else if (is_word(line, "wrap", &value))
		ui->wrap = !strcmp(value, "on");
	else if (is_word(line, "details", &value))
		ui->details_on = !strcmp(value, "on");
	else if (is_word(line, "hidden", &value))
		ui->list.hidden = !strcmp(value, "on");
	else if (is_word(line, "find", &value) && ui->finds)
		history_add(ui->finds, value);
	else if (is_word(line, "set", &value) && m->same)
		take_option(ui, value);
}

static void
each_line(struct ui *ui, void (*fn)(struct ui *ui, char *line))
{
	for (const char *s = ui->remembered->text; s && *s;) {
		size_t len = strcspn(s, "\n");
		char *line = mem_strn(s, len);
		fn(ui, line);
		free(line);
		s += len + (s[len] == '\n');
	}
}

void
remember_load(struct ui *ui, const struct proto_hello *h)
{
	struct buf b = BUF_INIT(FILE_BYTES);
	struct remembered *m;

	if (ui->remembered || ui->attached || !h->state_dir ||
	    !*h->state_dir)
		return;
	m = ui->remembered = mem_alloc(sizeof(*m));
	m->path = mem_fmt("%s/screen", h->state_dir);
	m->keeper = h->keeper_pid;
	if (setfile_read(m->path, SETFILE_REAL, &b, NULL, NULL) == 0) {
		m->text = mem_str(buf_str(&b));
		each_line(ui, take_line);
		ui_apply_options(ui);
	}
	buf_fini(&b);
}

/* What is about one process. */
static void
take_process(struct ui *ui, char *line)
{
	char *value, *name;
	uint64_t after;
	int64_t ms;
	bool filter = is_word(line, "filter", &value);

	if (!filter && !is_word(line, "mark", &value))
		return;
	name = take_word(&value);
	struct model_proc *p = model_find_name(ui->model, name);
	if (!p || (filter && !ui->remembered->same))
		return;
	struct logview *lv = ui_pane(ui, p)->log;
	if (filter)
		(void)filters_add(logview_filters(lv), value, NULL);
	else if (sscanf(value, "%" SCNu64 " %" SCNd64, &after, &ms) == 2)
		logview_put_mark(lv, after, ms);
}

void
remember_apply(struct ui *ui)
{
	struct remembered *m = ui->remembered;

	if (!m || !m->text)
		return;
	each_line(ui, take_process);
	free(m->text);
	m->text = NULL;
	struct model_proc *p = m->selected
				       ? model_find_name(ui->model,
							 m->selected)
				       : NULL;
	if (!p || ui->selected || ui->wanted_names)
		return;
	ui->chosen = true;
	ui_select(ui, p->id);
}

static void
put_process(struct ui *ui, struct buf *b, struct model_proc *p)
{
	const struct pane *pa = p->user;
	uint64_t after;
	const char *text;
	int64_t ms;

	if (!pa)
		return;
	for (size_t i = 0; (text = filters_get(logview_filters(pa->log), i));
	     i++)
		buf_addf(b, "filter %s %s\n", p->row->name, text);
	for (size_t i = 0; logview_get_mark(pa->log, i, &after, &ms); i++)
		buf_addf(b, "mark %s %" PRIu64 " %" PRId64 "\n", p->row->name,
			 after, ms);
	if (p->id == ui->selected)
		buf_addf(b, "select %s\n", p->row->name);
}

/* In the place of the old one: neither half a file on a full disk, nor lines
 * of two screens that leave at once. */
static void
put_file(const char *path, const struct buf *b)
{
	char *part = mem_fmt("%s.XXXXXX", path);
	int fd = mkostemp(part, O_CLOEXEC);

	if (fd >= 0 && (sys_write_all(fd, b->data, b->len) < 0 ||
			sys_rename(part, path) < 0))
		unlink(part);
	sys_close(fd);
	free(part);
}

void
remember_save(struct ui *ui)
{
	struct remembered *m = ui->remembered;
	struct buf b = BUF_INIT(FILE_BYTES);
	size_t pos;

	/* Before the first rows nothing is known. */
	if (!m || !ui->started)
		return;
	buf_addf(&b, "keeper %u\n", m->keeper);
	ui_put_options(ui, true, &b);
	for (size_t i = 0; i < ui->list.folded_count; i++)
		buf_addf(&b, "fold %s\n", ui->list.folded[i]);
	buf_addf(&b, "sort %s\n", list_sort_names[ui->list.sort]);
	buf_addf(&b, "wrap %s\n", ui->wrap ? "on" : "off");
	buf_addf(&b, "details %s\n", ui->details_on ? "on" : "off");
	buf_addf(&b, "hidden %s\n", ui->list.hidden ? "on" : "off");
	pos = ui->finds ? history_count(ui->finds) : 0;
	const char *find = pos ? history_find(ui->finds, "", -1, &pos) : NULL;
	if (find)
		buf_addf(&b, "find %s\n", find);
	for (size_t i = 0; i < model_count(ui->model); i++)
		put_process(ui, &b, model_at(ui->model, i));
	put_file(m->path, &b);
	buf_fini(&b);
}

void
remember_free(struct ui *ui)
{
	struct remembered *m = ui->remembered;

	if (!m)
		return;
	free(m->path);
	free(m->text);
	free(m->selected);
	free(m);
	ui->remembered = NULL;
}
