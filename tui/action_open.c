#include "action_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "action.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "helper.h"
#include "sheet.h"
#include "view.h"

/*
 * Names, paths and URLs reach the shell in variables only: what a log says
 * is never a part of a command.  The log comes from "sbx logs", so it is
 * what everybody sees of it.
 */
#define EDITOR "${VISUAL:-${EDITOR:-vi}}"

static const char pager_line[] =
	"\"$SBX_OPEN_EXE\" logs --no-prefix \"$SBX_OPEN_NAME\" | "
	"${PAGER:-less -R}";
static const char editor_line[] =
	"umask 077; f=$(mktemp \"${TMPDIR:-/tmp}/sbx-log.XXXXXX\") || exit; "
	"\"$SBX_OPEN_EXE\" logs --no-prefix \"$SBX_OPEN_NAME\" >\"$f\"; "
	EDITOR " \"$f\"; r=$?; rm -f \"$f\"; exit $r";
static const char config_line[] =
	EDITOR " \"+$SBX_OPEN_LINE\" \"$SBX_OPEN_FILE\"";
static const char browser_line[] =
	"for p in $BROWSER xdg-open open; do "
	"command -v \"$p\" >/dev/null && exec \"$p\" \"$SBX_OPEN_URL\"; "
	"done; exit 127";

static void
front(struct ui *ui, const char *line, void (*done)(struct ui *, int))
{
	ui->front.line = line;
	ui->front.done = done;
	ui->wants |= UI_FRONT;
}

/* Without what was asked for before, where two keys came at once. */
static struct front *
new_front(struct ui *ui)
{
	for (size_t i = 0; ui->front.env[i]; i++)
		free(ui->front.env[i]);
	ui->front = (struct front){ .line = NULL };
	return &ui->front;
}

static void
tell_failure(struct ui *ui, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return;
	ui_toast(ui, TOAST_WARN, WEXITSTATUS(status) == 127
		 ? "there is no such program (see $EDITOR and $PAGER)"
		 : "it ended with exit code %d", WEXITSTATUS(status));
}

static void
show_log(struct ui *ui, const struct proc_row *r, const char *line)
{
	struct front *f = new_front(ui);

	/* This very program, also when its file was replaced. */
	f->env[0] = mem_fmt("SBX_OPEN_EXE=/proc/%d/exe", (int)getpid());
	f->env[1] = mem_fmt("SBX_OPEN_NAME=%s", r->name);
	f->env[2] = ui->socket ? mem_fmt("SBX_SOCKET=%s", ui->socket) : NULL;
	front(ui, line, tell_failure);
}

/* What was changed is offered at once. */
static void
edited(struct ui *ui, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		sheet_reload_open(ui);
	else
		tell_failure(ui, status);
}

void
action_edit_file(struct ui *ui, const char *path, unsigned line,
		 void (*done)(struct ui *ui, int status))
{
	struct front *f = new_front(ui);

	f->env[0] = mem_fmt("SBX_OPEN_FILE=%s", path);
	f->env[1] = mem_fmt("SBX_OPEN_LINE=%u", SBX_MAX(line, 1u));
	front(ui, config_line, done);
}

void
action_edit(struct ui *ui, const char *file, unsigned line)
{
	char *path = *file == '/' ? mem_str(file)
				  : mem_fmt("%s/%s", ui->set_dir, file);

	action_edit_file(ui, path, line, edited);
	free(path);
}

/* The last URL of a text, "" if there is none. */
static char *
last_url(const char *s)
{
	const char *best = NULL;

	for (const char *at = s; (at = strstr(at, "://")); at += 3)
		if (at - s >= 5 && (!strncmp(at - 5, "https", 5) ||
				    !strncmp(at - 4, "http", 4)))
			best = at - (at[-1] == 's' ? 5 : 4);
		else if (at - s == 4 && !strncmp(s, "http", 4))
			best = s;
	if (!best)
		return mem_str("");
	size_t len = strcspn(best, " \t\"'<>|\\^`{}()[]");
	while (len && strchr(".,;:!?", best[len - 1]))
		len--;
	return mem_strn(best, len);
}

/* The newest URL in sight of the log that is read, else that of the process,
 * else its first port. */
static char *
find_url(struct ui *ui, const struct proc_row *r)
{
	struct rect m = ui->layout.main;
	char *url = mem_str("");

	for (int y = m.y + m.h - 1; y >= m.y && !*url; y--) {
		struct buf b = BUF_INIT(64 * 1024);
		if (ui->mode == MODE_LOG && !ui_shows_screen(ui) &&
		    !ui->merged && ui->text_rows[y].used &&
		    log_text(ui, ui->text_rows[y].line, false, &b)) {
			free(url);
			url = last_url(buf_str(&b));
		}
		buf_fini(&b);
	}
	if (*url)
		return url;
	free(url);
	if (*r->url || !*r->ports)
		return mem_str(r->url);
	return mem_fmt("http://localhost:%.*s", (int)strcspn(r->ports, " "),
		       r->ports);
}

static void
on_browser_end(int status, void *arg)
{
	struct ui *ui = arg;

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		ui_toast(ui, TOAST_WARN, "nothing here opens a URL (see "
			 "$BROWSER); y u copies it");
}

static void
open_url(struct ui *ui, const struct proc_row *r)
{
	struct err e = ERR_INIT;
	char *url = find_url(ui, r);

	if (!*url) {
		ui_toast(ui, TOAST_INFO, "%s has no url", r->name);
	} else {
		char *env[] = { mem_fmt("SBX_OPEN_URL=%s", url), NULL };
		if (helper_shell(ui->loop, browser_line, env, "", 0,
				 on_browser_end, ui, &e) < 0)
			ui_toast(ui, TOAST_ERROR, "%s", e.text);
		else
			ui_toast(ui, TOAST_INFO, "%s", url);
		free(env[0]);
	}
	free(url);
}

enum what { PAGER, EDIT_LOG, CONFIG, URL, PAGES, WHATS };

static const struct {
	char key;
	const char *word, *text;
} rows[WHATS] = {
	[PAGER] = { 'p', "pager", "its log in $PAGER" },
	[EDIT_LOG] = { 'e', "editor", "its log in $EDITOR" },
	[CONFIG] = { 'c', "config", "its lines in $EDITOR, then what a reload "
				    "would do" },
	[URL] = { 'u', "url", "its URL; log: the newest one in sight" },
	[PAGES] = { 'd', "details", "all that is known of it" },
};

static void
open_what(struct ui *ui, uint32_t proc, int what, const char *about)
{
	const struct proc_row *r = model_find(ui->model, proc)->row;

	(void)about;
	switch (what) {
	case PAGER:
		show_log(ui, r, pager_line);
		break;
	case EDIT_LOG:
		show_log(ui, r, editor_line);
		break;
	case CONFIG:
		if (*r->file)
			action_edit(ui, r->file, r->line);
		else
			ui_toast(ui, TOAST_INFO, "%s was added by hand, no "
				 "file has it", r->name);
		break;
	case URL:
		open_url(ui, r);
		break;
	default:
		sheet_details_open(ui);
		break;
	}
}

void
action_do_open_in(struct ui *ui, int argc, char *const *argv)
{
	struct sheet_menu_row menu[WHATS];
	char title[96];

	if (!ui_selected(ui))
		return;
	for (int i = 0; i < WHATS; i++) {
		if (argc > 1 && !strcmp(argv[1], rows[i].word)) {
			open_what(ui, ui->selected, i, NULL);
			return;
		}
		menu[i] = (struct sheet_menu_row){ rows[i].key, rows[i].word,
						   rows[i].text };
	}
	snprintf(title, sizeof(title), "open of %.64s",
		 ui_selected(ui)->row->name);
	sheet_menu_open(ui, &(struct sheet_menu){
		.mode_word = "OPEN", .role = ROLE_MODE_PROMPT,
		.title = title, .verb = "open", .rows = menu,
		.count = WHATS, .word_columns = 9, .again = 'o',
		.run = open_what });
}
