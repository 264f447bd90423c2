#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "action.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/words.h"
#include "engine/client/client.h"
#include "engine/conf/cmd.h"
#include "engine/conf/keycmd.h"
#include "engine/conf/option.h"
#include "engine/conf/rc.h"
#include "engine/spec/spec.h"
#include "pane.h"
#include "sheet.h"
#include "status_text.h"
#include "ui.h"
#include "view.h"

enum { WORDS_MAX = 128, ECHO_MS = 3000, LINE_MAX_LEN = 4096 };

extern char **environ;

static void
echo(struct ui *ui, const char *line)
{
	snprintf(ui->echo, sizeof(ui->echo), ":%.150s", line);
	ui->echo_until_ms = clock_ms() + ECHO_MS;
	ui->dirty = true;
}

static void
on_reply(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;

	(void)c;
	if (a->err) {
		if (!ui->going_down)
			ui_toast(ui, TOAST_ERROR, "%s", a->err->text);
		return;
	}
	if (!a->reply)
		return;
	if (a->reply->code)
		ui_toast(ui, TOAST_ERROR, "%s%s%s", a->reply->text,
			 *a->reply->hint ? ": " : "", a->reply->hint);
	else if (*a->reply->text)
		ui_toast(ui, TOAST_INFO, "%s", a->reply->text);
	else if (*a->reply->hint)
		ui_toast(ui, TOAST_WARN, "%s", a->reply->hint);
}

/* A new process becomes the selected one. */
static void
on_added(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;

	on_reply(c, a, arg);
	if (!a->err && a->reply && !a->reply->code && a->reply->id_count) {
		ui->chosen = true;
		ui_select_added(ui, a->reply->ids[0]);
		ui->dirty = true;
	}
}

static bool
connected(struct ui *ui)
{
	if (!ui->client)
		ui_toast(ui, TOAST_ERROR, "no connection to the engine now");
	return ui->client != NULL;
}

static void
send_request(struct ui *ui, const struct proto_request *q)
{
	int r = connected(ui) ? client_request(ui->client, q, on_reply, ui)
			      : 0;

	if (r < 0)
		ui_toast(ui, TOAST_ERROR, "not sent: %s", strerror(-r));
}

static void
run_set(struct ui *ui, char *const *words, size_t count)
{
	struct err e = ERR_INIT;
	char value[1024];
	size_t n = 0;

	if (count < 2) {
		ui_toast(ui, TOAST_WARN, "set KEY VALUE");
		return;
	}
	const struct option_row *row = option_get(words[1], &e);
	if (!row) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	enum option_id id = (enum option_id)(row - option_rows);
	if (count == 2) {
		ui_toast(ui, TOAST_INFO, "%s %s", row->row.name,
			 options_text(ui->options, id));
		return;
	}
	value[0] = 0;
	for (size_t i = 2; i < count && n < sizeof(value); i++)
		n += (size_t)snprintf(value + n, sizeof(value) - n, "%s%s",
				      i > 2 ? " " : "", words[i]);
	if (options_change(ui->options, words[1], value, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	if (option_is_of_screen(row)) {
		ui_apply_options(ui);
		return;
	}
	char *text = mem_fmt("%s %s", row->row.name, value);
	struct proto_request q = { .verb = PROTO_V_SET, .text = text };
	send_request(ui, &q);
	free(text);
}

void
command_add(struct ui *ui, const struct spec_args *a, int restart)
{
	struct err e = ERR_INIT;
	struct spec *s = spec_from_args(a, &e);

	if (!s) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	s->restart = restart;
	if (connected(ui)) {
		int r = client_add(ui->client, 0, environ, s, NULL, 0,
				   on_added, ui);
		if (r < 0)
			ui_toast(ui, TOAST_ERROR, "not sent: %s",
				 strerror(-r));
	}
	spec_free(s);
}

static void
run_add(struct ui *ui, const struct cmd *c)
{
	const char *name = c->word_count ? c->words[0] : NULL;
	struct spec_args a = {
		.name = name,
		.argv = c->tail,
		.cwd = ui->set_dir,
		.tty = c->args[CMD_OPT_TTY].given,
		.user = c->args[CMD_OPT_USER].text,
		.timeout_ms = c->args[CMD_OPT_RUN_TIMEOUT].number,
		.forget = c->args[CMD_OPT_RM].given,
	};

	if (c->tail_count == 0) {
		sheet_add_open(ui);
		return;
	}
	if (c->args[CMD_OPT_CWD].text)
		a.cwd = c->args[CMD_OPT_CWD].text;
	command_add(ui, &a, SPEC_RESTART_NEVER);
}

/* Names of what a request is about, for a question. */
static size_t
affected(struct ui *ui, const struct proto_request *q, char *out, size_t cap)
{
	struct model_proc **procs = NULL;
	size_t n = 0;
	int count = model_select(ui->model, q->names,
				 q->flags & (PROTO_F_ALL | PROTO_F_FAILED),
				 &procs, NULL);

	out[0] = 0;
	for (int i = 0; i < count && n + 70 < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", i ? " " : "",
				      procs[i]->row->name);
	free(procs);
	return count > 0 ? (size_t)count : 0;
}

static bool
asks(const struct cmd *c)
{
	return c->verb->id == VERB_START || c->verb->id == VERB_STOP ||
	       c->verb->id == VERB_RESTART || c->verb->id == VERB_KILL ||
	       c->verb->id == VERB_RM;
}

/* One that is stopped by hand: its ladder is told. */
static void
expect_stop(struct ui *ui, const struct cmd *c, const char *name)
{
	bool restart = c->verb->id == VERB_RESTART;

	if (c->verb->id != VERB_STOP && !restart)
		return;
	snprintf(ui->stopping, sizeof(ui->stopping), "%.64s", name);
	ui->stop_restarts = restart;
	ui->stop_until_ms = clock_ms() + ECHO_MS;
}

static void
run_request(struct ui *ui, const struct cmd *c, const char *line, bool sure)
{
	struct err e = ERR_INIT;
	struct proto_request q;
	char names[256];

	if (cmd_to_request(c, &q, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	if (c->verb->id == VERB_DOWN && !sure && ui_totals(ui).up > 0) {
		sheet_leave_open(ui);
		return;
	}
	size_t n = affected(ui, &q, names, sizeof(names));
	if (!sure && asks(c) &&
	    n >= options_number(ui->options, OPTION_CONFIRM_BULK)) {
		char title[96], label[64];
		snprintf(title, sizeof(title), "%s %zu processes",
			 c->verb->row.name, n);
		snprintf(label, sizeof(label), "%s them",
			 c->verb->row.name);
		sheet_confirm_open(ui, title, names, c->verb->row.name[0],
				   label, line);
		return;
	}
	if (c->verb->id == VERB_DOWN)
		ui->going_down = true;
	send_request(ui, &q);
	echo(ui, line);
	if (n == 1)
		expect_stop(ui, c, names);
}

/* The words with the marked processes, or the selected one, at their end;
 * how many words there are then. */
static size_t
add_marked(struct ui *ui, char **words, size_t count)
{
	static char target[LIST_TARGET_MAX];
	size_t before = count;

	for (size_t i = 0; i < model_count(ui->model); i++) {
		struct model_proc *p = model_at(ui->model, i);
		if (ui_pane(ui, p)->mark_no && count < WORDS_MAX)
			words[count++] = (char *)p->row->name;
	}
	if (count == before && count < WORDS_MAX && list_target(ui, target))
		words[count++] = target;
	words[count] = NULL;
	return count;
}

/* Does it take several processes, so that it means the marked ones? */
static bool
takes_marked(const struct verb_row *v)
{
	return v->id == VERB_START || v->id == VERB_STOP ||
	       v->id == VERB_RESTART || v->id == VERB_KILL ||
	       v->id == VERB_RM || v->id == VERB_SIGNAL;
}

static char *
joined(char *const *words, size_t count)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < count; i++)
		buf_addf(&b, "%s%s", i ? " " : "", words[i]);
	return buf_take(&b);
}

/* A verb of engine/cmd.h, with the selected process where it needs a name
 * and has none, and for '%'. */
static void
run_verb(struct ui *ui, char **words, size_t count, const char *line,
	 bool sure)
{
	struct model_proc *p = ui_selected(ui);
	struct err e = ERR_INIT;
	struct cmd c;
	char *full = mem_str(line);
	const struct row *row = table_find(&cmd_verb_table, words[0]);
	const struct verb_row *v = (const struct verb_row *)(const void *)row;

	/* '%' is last wherever names are. */
	if (count > 1 && !strcmp(words[count - 1], "%") && p) {
		count = add_marked(ui, words, count - 1);
		free(full);
		full = joined(words, count);
	}
	int r = cmd_parse_verb(words, count, &c, &e);
	if (r < 0 && v && v->request && v->words_min > 0 && p &&
	    count < WORDS_MAX) {
		/* NAME comes last in all of them. */
		size_t more = count + 1;
		words[count] = (char *)p->row->name;
		words[more] = NULL;
		if (takes_marked(v))
			more = add_marked(ui, words, count);
		struct err again = ERR_INIT;
		r = cmd_parse_verb(words, more, &c, &again);
		if (r == 0) {
			free(full);
			full = joined(words, more);
		}
	}
	if (r < 0) {
		ui_toast(ui, TOAST_ERROR, "%s%s%s", e.text,
			 e.hint[0] ? "; " : "", e.hint);
	} else {
		if (c.verb->id == VERB_ADD)
			run_add(ui, &c);
		else if (c.verb->request)
			run_request(ui, &c, full, sure);
		else
			ui_toast(ui, TOAST_WARN,
				 "that is for a shell: sbx %s",
				 c.verb->row.name);
		cmd_fini(&c);
	}
	free(full);
}

static void
run(struct ui *ui, const char *line, bool sure)
{
	struct err e = ERR_INIT;
	struct rc_stmt *st = NULL;
	char *words[WORDS_MAX + 2];
	size_t count = 0;

	ui->dirty = true;
	if (rc_line(line, &st, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	for (size_t i = 0; i < st->count && count < WORDS_MAX; i++)
		words[count++] = st->words[i].text;
	words[count] = NULL;
	const struct action_row *action =
		count ? action_find(words[0]) : NULL;
	if (action) {
		action_run(ui, action, (int)count, words);
	} else if (count && !strcmp(words[0], "set")) {
		run_set(ui, words, count);
		echo(ui, line);
	} else if (count) {
		run_verb(ui, words, count, line, sure);
	}
	rc_line_free(st);
}

void
command_run(struct ui *ui, const char *line)
{
	run(ui, line, false);
}

void
command_sure(struct ui *ui, const char *line)
{
	run(ui, line, true);
}

/* --- completion --- */

struct offers {
	struct completion *out;
	size_t count, max;
	const char *word;	/* what is typed of it */
	size_t from;
};

static void
offer(struct offers *o, const char *text, const char *help)
{
	if (o->count == o->max || strncmp(text, o->word, strlen(o->word)))
		return;
	for (size_t i = 0; i < o->count; i++)
		if (!strcmp(o->out[i].text, text))
			return;
	o->out[o->count++] = (struct completion){ mem_str(text),
						  mem_str(help), o->from };
}

/* Who is in it, with blanks between. */
static void
members(struct ui *ui, const char *group, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "group:");

	for (size_t i = 0; i < model_count(ui->model) && n + 70 < cap; i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		if (words_have(r->group, group))
			n += (size_t)snprintf(out + n, cap - n, " %.64s",
					      r->name);
	}
}

/* Each group once, behind a verb or alone. */
static void
offer_groups(struct ui *ui, struct offers *o, const char *verb)
{
	char text[128], help[256];

	for (size_t i = 0; i < model_count(ui->model); i++) {
		const char *at = model_at(ui->model, i)->row->group;
		for (char *group; (group = words_next(&at)); free(group)) {
			snprintf(text, sizeof(text), "%.32s%s%.64s", verb,
				 *verb ? " " : "", group);
			if (!strncmp(text, o->word, strlen(o->word))) {
				members(ui, group, help, sizeof(help));
				offer(o, text, help);
			}
		}
	}
}

/* "restart api", "restart --failed": a verb with what it could be for. */
static void
offer_uses(struct ui *ui, struct offers *o, const struct verb_row *v)
{
	const struct model_proc *p = ui_selected(ui);
	char text[128], names[160];
	struct proto_request q = { .flags = PROTO_F_FAILED };

	if (p && v->words_min == 1) {
		snprintf(text, sizeof(text), "%s %.64s", v->row.name,
			 p->row->name);
		offer(o, text, v->row.help);
	}
	if (p && v->words_min == 1 && cmd_takes(v, CMD_OPT_WITH_DEPENDENTS)) {
		snprintf(text, sizeof(text), "%s --with-dependents %.64s",
			 v->row.name, p->row->name);
		offer(o, text, "what depends on it too");
	}
	if (takes_marked(v))
		offer_groups(ui, o, v->row.name);
	if (cmd_takes(v, CMD_OPT_FAILED)) {
		size_t n = affected(ui, &q, names, sizeof(names));
		snprintf(text, sizeof(text), "%s --failed", v->row.name);
		offer(o, text, n ? names : "none has failed");
	}
	if (cmd_takes(v, CMD_OPT_ALL)) {
		snprintf(text, sizeof(text), "%s --all", v->row.name);
		offer(o, text, "every process");
	}
}

static void
offer_verbs(struct ui *ui, struct offers *o)
{
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct row *r = table_row(&cmd_verb_table, i);
		const struct verb_row *v =
			(const struct verb_row *)(const void *)r;
		if (keycmd_has(v))
			offer(o, r->name, r->help);
	}
	for (size_t i = 0; *o->word && i < cmd_verb_table.count; i++) {
		const struct row *r = table_row(&cmd_verb_table, i);
		const struct verb_row *v =
			(const struct verb_row *)(const void *)r;
		if (v->built && v->request && v->words_min > 0)
			offer_uses(ui, o, v);
	}
	for (size_t i = 0; i < action_table.count; i++) {
		const struct row *r = table_row(&action_table, i);
		offer(o, r->name, r->help);
	}
}

static void
offer_processes(struct ui *ui, struct offers *o)
{
	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		char command[128];
		offer(o, r->name,
		      *r->desc ? r->desc
			       : one_line(r->command, command,
					  sizeof(command)));
	}
	offer_groups(ui, o, "");
}

static void
offer_themes(struct offers *o)
{
	char **names = theme_names();

	for (size_t i = 0; names[i]; i++) {
		offer(o, names[i], "theme");
		free(names[i]);
	}
	free(names);
}

static void
offer_set(struct ui *ui, struct offers *o, const char *line, size_t word_no)
{
	if (word_no == 1) {
		for (size_t i = 0; i < OPTION_COUNT; i++)
			offer(o, option_rows[i].row.name,
			      options_text(ui->options, (enum option_id)i));
		return;
	}
	char key[64];
	const char *s = line + strcspn(line, " ");
	s += strspn(s, " ");
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(s, " "), s);
	const struct option_row *row = option_get(key, NULL);
	for (size_t i = 0; row && row->type == OPTION_COLUMNS &&
			   i < list_column_table.count; i++) {
		const struct row *c = table_row(&list_column_table, i);
		offer(o, c->name, c->help);
	}
	if (!row || word_no != 2)
		return;
	if (row == &option_rows[OPTION_THEME])
		offer_themes(o);
	else if (row->type == OPTION_BOOL) {
		offer(o, "on", row->row.help);
		offer(o, "off", row->row.help);
	} else if (row->type == OPTION_CHOICE) {
		for (size_t i = 0;; i++) {
			size_t len;
			const char *at = table_word(row->row.args, i, &len);
			if (len == 0)
				break;
			char *word = mem_strn(at, len);
			offer(o, word, row->row.help);
			free(word);
		}
	}
}

static void
offer_options(struct offers *o, const struct verb_row *v)
{
	char text[64];

	for (size_t i = 0; v->options[i] != CMD_OPT_COUNT; i++) {
		const struct cmd_option_row *r =
			cmd_option((enum cmd_option)v->options[i]);
		snprintf(text, sizeof(text), "--%s", r->row.name);
		offer(o, text, r->row.help);
	}
}

size_t
command_complete(struct ui *ui, const char *line, struct completion *out,
		 size_t max)
{
	struct offers o = { .out = out, .max = max };
	size_t word_no = 0, len = strlen(line), start = 0;
	char first[64];

	for (size_t i = 0; i < len; i++) {
		if (line[i] == ' ') {
			start = i + 1;
			word_no += i > 0 && line[i - 1] != ' ';
		}
	}
	o.word = line + start;
	o.from = start;
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(line, " "), line);
	if (word_no == 0) {
		offer_verbs(ui, &o);
		return o.count;
	}
	const struct row *row = table_find(&cmd_verb_table, first);
	if (!strcmp(first, "set")) {
		offer_set(ui, &o, line, word_no);
	} else if (!strcmp(first, "theme")) {
		offer_themes(&o);
	} else if (row) {
		const struct verb_row *v =
			(const struct verb_row *)(const void *)row;
		if (*o.word == '-')
			offer_options(&o, v);
		else
			offer_processes(ui, &o);
	} else if (!strcmp(first, "fold")) {
		offer_groups(ui, &o, "");
	} else if (!strcmp(first, "select")) {
		offer_processes(ui, &o);
	}
	return o.count;
}

void
completion_free(struct completion *c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(c[i].text);
		free(c[i].help);
	}
}
