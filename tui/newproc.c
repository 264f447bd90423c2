#include "newproc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/client/client.h"
#include "engine/client/session.h"
#include "engine/conf/rcload.h"
#include "engine/conf/rcwrite.h"
#include "engine/conf/set.h"
#include "engine/conf/setfile.h"
#include "engine/spec/spec.h"
#include "sheet.h"
#include "ui.h"

enum { TEXT_BYTES = 16 << 20, PATH_MAX_LEN = 64 };

extern char **environ;

/* One lot, until the engine has answered for all of them. */
struct adding {
	struct ui *ui;
	size_t waiting;
	bool failed;
	char *keep;		/* lines for the sbxrc; NULL: none */
	char **start;		/* names of those to be started */
	size_t start_count;
	bool *starts;		/* by place: does it start by itself? */
	size_t answered;
};

/* With what was written to it. */
static int
read_sbxrc(const struct ui *ui, struct err *e)
{
	struct session *s = mem_alloc(sizeof(*s));
	int r = session_find(s, ui->rc_path, e);

	if (r == 0)
		r = session_load(s, e);
	session_fini(s);
	free(s);
	return r;
}

bool
newproc_has_sbxrc(struct ui *ui)
{
	struct err e = ERR_INIT;
	char *path = NULL;

	if (!*ui->rc_path && *ui->set_dir &&
	    set_find_rc(ui->set_dir, ui->set_dir, NULL, &path, &e) == 0) {
		free(ui->rc_path);
		ui->rc_path = path;
	}
	return *ui->rc_path != '\0';
}

void
newproc_keep(struct ui *ui, const char *text)
{
	struct err e = ERR_INIT;
	struct rcwrite_place place;
	bool there = newproc_has_sbxrc(ui);

	if (!there) {
		free(ui->rc_path);
		ui->rc_path = mem_fmt("%s/sbxrc", ui->set_dir);
	}
	int fd = sys_open(ui->rc_path, O_RDWR | O_APPEND | O_NONBLOCK |
			  (there ? 0 : O_CREAT | O_EXCL), 0644);
	int r = fd < 0 ? fd : rcwrite_append(fd, text, &place);

	if (r < 0) {
		ui_toast(ui, TOAST_ERROR, "%s: %s", ui->rc_path,
			 strerror(-r));
	} else if (read_sbxrc(ui, &e) < 0) {
		/* What is open at its end has swallowed the lines, or a name
		 * is there by now. */
		rcwrite_take_back(fd, &place);
		if (!there)
			unlink(ui->rc_path);
		ui_toast(ui, TOAST_ERROR, "not written to sbxrc, which would "
			 "have mistakes");
	} else {
		sheet_reload_after(ui, "written to sbxrc");
	}
	sys_close(fd);
}

static void
finish(struct adding *a)
{
	struct ui *ui = a->ui;
	struct proto_request q = { .verb = PROTO_V_START, .names = a->start };

	if (a->start_count && ui->client)
		client_request(ui->client, &q, NULL, NULL);
	if (a->keep && !a->failed)
		newproc_keep(ui, a->keep);
	for (size_t i = 0; i < a->start_count; i++)
		free(a->start[i]);
	free(a->start);
	free(a->starts);
	free(a->keep);
	free(a);
}

static void
on_added(struct client *c, const struct client_answer *answer, void *arg)
{
	struct adding *a = arg;
	struct ui *ui = a->ui;
	const struct proto_reply *r = answer->reply;
	bool starts = a->starts[a->answered++];

	(void)c;
	if (answer->err || !r || r->code) {
		a->failed = true;
		ui_toast(ui, TOAST_ERROR, "%s", answer->err ? answer->err->text
				: r ? r->text : "no answer");
	} else if (r->id_count) {
		if (starts)
			a->start[a->start_count++] = mem_str(r->text);
		/* The first of them is looked at. */
		if (a->answered == 1)
			ui_select_added(ui, r->ids[0]);
		ui->chosen = true;
		ui->dirty = true;
	}
	if (--a->waiting == 0)
		finish(a);
}

static void
add_all(struct ui *ui, const struct set *set, const char *text)
{
	struct adding *a = mem_alloc(sizeof(*a));

	a->ui = ui;
	a->keep = mem_str(text);
	a->start = mem_array(set->spec_count + 1, sizeof(*a->start));
	a->starts = mem_array(set->spec_count + 1, sizeof(*a->starts));
	a->waiting = 1;
	for (size_t i = 0; i < set->spec_count; i++) {
		struct spec *s = set->specs[i];
		s->source = SPEC_FROM_ADD;
		free(s->file);
		s->file = NULL;
		a->starts[i] = s->autostart;
		a->waiting++;
		int r = client_add(ui->client, PROTO_ADD_NO_START, environ, s,
				   NULL, 0, on_added, a);
		if (r == 0)
			continue;
		ui_toast(ui, TOAST_ERROR, "not sent: %s", strerror(-r));
		a->failed = true;
		a->waiting--;
		break;
	}
	if (--a->waiting == 0)
		finish(a);
}

/* The first one; its file will not be there any more. */
static void
tell_mistake(const struct diags *ds, struct err *e)
{
	const struct diag *d;

	for (size_t i = 0; (d = diags_get(ds, i)); i++)
		if (d->level == DIAG_ERROR)
			break;
	err_set(e, ERR_USAGE, "line %u: %s", d ? d->line : 0,
		d ? d->text : "mistakes");
	if (d && d->hint)
		err_hint(e, "%s", d->hint);
}

/* Text as a file: its path, for as long as the descriptor is open that is
 * given, or -errno. */
static int
in_memory(const char *text, char path[PATH_MAX_LEN])
{
	int fd = sys_memfd("sbxrc");
	int r = fd < 0 ? fd : sys_write_all(fd, text, strlen(text));

	if (r < 0) {
		sys_close(fd);
		return r;
	}
	snprintf(path, PATH_MAX_LEN, "/proc/self/fd/%d", fd);
	return fd;
}

struct set *
newproc_read(const struct ui *ui, const char *lines, bool behind_sbxrc)
{
	char path[PATH_MAX_LEN];
	struct set_request rq = { .path = path, .base = ui->set_dir,
				  .trusted = true, .environment = environ };
	struct buf all = BUF_INIT(TEXT_BYTES);
	struct diags *ds = diags_new();
	struct set *set = NULL;
	int fd = -1;

	if (behind_sbxrc && *ui->rc_path) {
		buf_adds(&all, "include ");
		(void)rcwrite_word(&all, ui->rc_path);
		buf_addc(&all, '\n');
	}
	if (buf_adds(&all, lines) == 0)
		fd = in_memory(buf_str(&all), path);
	if (fd >= 0)
		(void)set_load(&rq, &set, ds);
	sys_close(fd);
	diags_free(ds);
	buf_fini(&all);
	return set;
}

/* Each as the sbxrc would have it with these lines at its end. */
static void
put_behind_sbxrc(const struct ui *ui, struct set *set, const char *lines)
{
	struct set *whole = newproc_read(ui, lines, true);

	for (size_t i = 0; whole && i < set->spec_count; i++) {
		const struct spec *s = set_find(whole, set->specs[i]->name);
		if (!s)
			continue;
		spec_free(set->specs[i]);
		set->specs[i] = spec_dup(s);
	}
	set_free(whole);
}

int
newproc_file(struct ui *ui, const char *path, bool keep_it, struct err *e)
{
	struct set_request rq = { .path = path, .base = ui->set_dir,
				  .trusted = true, .alone = true,
				  .environment = environ };
	struct buf text = BUF_INIT(TEXT_BYTES);
	struct diags *ds = diags_new();
	struct set *set = NULL;
	int rc = -1;

	if (!ui->client) {
		err_set(e, ERR_FAILED, "no connection to the engine now");
	} else if (set_load(&rq, &set, ds) < 0) {
		tell_mistake(ds, e);
	} else if (set->spec_count == 0) {
		err_set(e, ERR_USAGE, "there is no process in it");
	} else if (setfile_read(path, 0, &text, NULL, e) == 0) {
		put_behind_sbxrc(ui, set, buf_str(&text));
		add_all(ui, set, keep_it ? buf_str(&text) : NULL);
		rc = 0;
	}
	set_free(set);
	diags_free(ds);
	buf_fini(&text);
	return rc;
}

int
newproc_text(struct ui *ui, const char *text, bool keep_it, struct err *e)
{
	char path[PATH_MAX_LEN];
	int fd = in_memory(text, path);

	if (fd < 0)
		return err_set(e, ERR_INTERNAL, "no memory for a file");
	int r = newproc_file(ui, path, keep_it, e);
	sys_close(fd);
	return r;
}
