#include "action_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base64.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "engine/conf/keymap.h"
#include "engine/conf/rcwrite.h"
#include "engine/conf/set.h"
#include "engine/spec/spec.h"
#include "newproc.h"
#include "sheet.h"
#include "ui.h"

/* What was changed here, as lines of an sbxrc. */

enum { TEXT_BYTES = 16 << 20, SPECS_MAX = 500 };

struct binds {
	struct buf *b;
	size_t known;		/* first ones that are not from here */
};

static void
count_bind(const char *mode, const char *key, const char *command, void *arg)
{
	(void)mode, (void)key, (void)command;
	++*(size_t *)arg;
}

static void
put_bind(const char *mode, const char *key, const char *command, void *arg)
{
	struct binds *w = arg;

	if (w->known > 0)
		w->known--;
	else
		buf_addf(w->b, "%s %s%s%s%s%s\n", command ? "bind" : "unbind",
			 mode ? mode : "", mode ? " " : "", key,
			 command ? " " : "", command ? command : "");
}

static void
put_binds(struct ui *ui, struct buf *b)
{
	struct keymap *standard = keymap_new();
	struct binds w = { .b = b };

	keymap_each(standard, count_bind, &w.known);
	w.known += ui->set ? ui->set->bind_count : 0;
	keymap_each(ui->keymap, put_bind, &w);
	keymap_free(standard);
}

/* --- processes that were added --- */

struct writing {
	struct ui *ui;
	bool secrets, all;
	size_t left_out;	/* made by programs */
	size_t waiting;		/* answers of the engine */
	char *mistake;		/* why one of them is missing; NULL */
	struct spec **specs;
	size_t count;
};

static void
free_writing(struct writing *w)
{
	for (size_t i = 0; i < w->count; i++)
		spec_free(w->specs[i]);
	free(w->specs);
	free(w->mistake);
	free(w);
}

/* What they would be behind the lines of the sbxrc without lines of their
 * own; where that has mistakes now, behind nothing. */
static struct set *
read_bare(const struct writing *w, bool tell_tty)
{
	struct buf b = BUF_INIT(TEXT_BYTES);

	for (size_t i = 0; i < w->count; i++)
		(void)rcwrite_bare(&b, w->specs[i], tell_tty);
	struct set *set = newproc_read(w->ui, buf_str(&b), true);
	if (!set)
		set = newproc_read(w->ui, buf_str(&b), false);
	buf_fini(&b);
	return set;
}

static void
put_processes(const struct writing *w, struct buf *b)
{
	struct set *bare = read_bare(w, false), *same = read_bare(w, true);

	for (size_t i = 0; i < w->count; i++) {
		const struct spec *s = w->specs[i];
		struct rcwrite_there there = {
			.bare = bare ? set_find(bare, s->name) : NULL,
			.same_tty = same ? set_find(same, s->name) : NULL,
			.dir = w->ui->set_dir, .secrets = w->secrets,
		};
		if (b->len)
			buf_addc(b, '\n');
		if (!there.bare || !there.same_tty ||
		    rcwrite_spec(b, s, &there) < 0)
			buf_addf(b, "# process %s: no lines can be made of "
				 "it here\n", s->name);
	}
	set_free(bare);
	set_free(same);
}

static void
show(struct writing *w)
{
	struct ui *ui = w->ui;
	bool file = newproc_has_sbxrc(ui);
	struct buf b = BUF_INIT(TEXT_BYTES);

	ui_put_options(ui, false, &b);
	put_binds(ui, &b);
	put_processes(w, &b);
	char title[128];
	int n = snprintf(title, sizeof(title), "%s",
			 file ? "these lines would go to the end of sbxrc"
			      : "these lines would make an sbxrc here");
	if (w->left_out)
		snprintf(title + n, sizeof(title) - (size_t)n,
			 "; :write all adds %zu made over HTTP",
			 w->left_out);
	if (w->mistake)
		ui_toast(ui, TOAST_ERROR, "%s", w->mistake);
	else if (!b.len && w->left_out)
		ui_toast(ui, TOAST_INFO, "nothing was changed by hand; ':write "
			 "all' has %zu made over HTTP", w->left_out);
	else if (!b.len)
		ui_toast(ui, TOAST_INFO, "nothing was changed here that the "
			 "sbxrc does not say");
	else
		sheet_text_open(ui, &(struct sheet_text){
			.word = "WRITE",
			.title = title, .text = buf_str(&b),
			.accept = newproc_keep, .verb = "write them" });
	buf_fini(&b);
	free_writing(w);
}

static void
take_spec(struct writing *w, const char *text)
{
	struct buf packed = BUF_INIT(SPEC_PACK_MAX);
	struct err e = ERR_INIT;
	struct spec *s;

	if (base64_decode(&packed, text, strlen(text)) < 0)
		err_set(&e, ERR_INTERNAL, "a definition cannot be read");
	else if (spec_unpack(buf_str(&packed), packed.len, &s, &e) == 0)
		w->specs[w->count++] = s;
	if (e.text[0] && !w->mistake)
		w->mistake = mem_str(e.text);
	buf_fini(&packed);
}

static void
on_spec(struct client *c, const struct client_answer *a, void *arg)
{
	struct writing *w = arg;
	const char *why = a->err     ? a->err->text
			  : !a->reply ? "no answer"
			  : a->reply->code ? a->reply->text
					   : NULL;

	(void)c;
	if (!why)
		take_spec(w, a->reply->text);
	else if (!w->mistake)
		w->mistake = mem_str(why);
	if (--w->waiting == 0)
		show(w);
}

/* In no file, and no command that is run for its output. */
static bool
is_added(const struct proc_row *r)
{
	return !*r->file && *r->by && !r->hidden;
}

/* What programs have made is for them to keep, as long as nobody asks. */
static bool
is_left_out(struct writing *w, const struct proc_row *r)
{
	if (w->all || !strcmp(r->by, "you"))
		return false;
	w->left_out++;
	return true;
}

void
action_do_write(struct ui *ui, int argc, char *const *argv)
{
	struct writing *w = mem_alloc(sizeof(*w));

	w->ui = ui;
	for (int i = 1; i < argc; i++) {
		w->secrets |= !strcmp(argv[i], "secrets");
		w->all |= !strcmp(argv[i], "all");
	}
	w->specs = mem_array(SPECS_MAX, sizeof(struct spec *));
	w->waiting = 1;
	for (size_t i = 0; ui->client && i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		char *names[] = { (char *)r->name, NULL };
		struct proto_request q = { .verb = PROTO_V_SPEC,
					   .names = names };
		if (!is_added(r) || is_left_out(w, r))
			continue;
		if (w->waiting <= SPECS_MAX &&
		    client_request(ui->client, &q, on_spec, w) == 0)
			w->waiting++;
		else if (!w->mistake)
			w->mistake = mem_str("too many processes to write");
	}
	if (--w->waiting == 0)
		show(w);
}
