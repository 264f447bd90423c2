/* events: the journal, read by the descriptor of its directory. */

#include "cli_ctx.h"

#include <string.h>

#include "buf.h"
#include "clock.h"
#include "event.h"
#include "eventlist.h"
#include "journal.h"
#include "rowfmt.h"
#include "sys.h"

enum { OUT_MAX = 1 << 20, FLUSH_BYTES = 64 * 1024 };

struct events {
	struct cli *c;
	struct journal_reader *reader;
	struct buf out;
	struct eventlist list;
	bool follow;
};

/* "12:03:09 web stop by you: TERM, then KILL in 5s" */
static int
text_event(struct buf *out, const struct journal_event *e)
{
	char when[16], phrase[256];
	int r = 0;

	clock_hms(when, sizeof when, e->wall_ms);
	r |= buf_addf(out, "%s ", when);
	r |= rowfmt_plain(out, e->process[0] ? e->process : "-");
	r |= buf_addf(out, " %s", event_name(e->kind));
	cause_phrase(e->cause, NULL, phrase, sizeof phrase);
	if (e->cause != CAUSE_NONE && !strstr(e->text, phrase)) {
		r |= buf_addc(out, ' ');
		r |= rowfmt_plain(out, phrase);
	}
	if (e->text[0]) {
		r |= buf_adds(out, ": ");
		r |= rowfmt_plain(out, e->text);
	}
	if (e->line_text[0]) {
		r |= buf_adds(out, " | ");
		r |= rowfmt_plain(out, e->line_text);
	}
	return r | buf_addc(out, '\n');
}

static int
put_event(struct events *ev, const struct journal_event *e)
{
	int r = 0;

	if (ev->c->json)
		r = journal_json(&ev->out, e);
	else if (eventlist_adds(&ev->list, e))
		r = text_event(&ev->out, e);
	if (r < 0)
		return err_set(&ev->c->err, ERR_FAILED,
			       "an event is too long");
	return ev->out.len > FLUSH_BYTES ? cli_put(ev->c, &ev->out) : 0;
}

static int
check_events(struct cli *c, void *arg)
{
	struct events *ev = arg;
	struct journal_event e;
	int r;

	while ((r = journal_next(ev->reader, &e)) == 1)
		if (put_event(ev, &e) < 0)
			return -1;
	if (r < 0)
		return err_set(&c->err, ERR_FAILED,
			       "reading the journal: %s", strerror(-r));
	if (cli_put(c, &ev->out) < 0 || fflush(stdout))
		return -1;
	/* The set is down: nothing more will be written. */
	return !ev->follow || model_bye(c->model)[0] != '\0';
}

int
cli_events(struct cli *c)
{
	struct events ev = { .c = c, .out = BUF_INIT(OUT_MAX),
			     .follow = cli_given(c, CMD_OPT_FOLLOW) };
	const struct cmd_arg *lines = cli_arg(c, CMD_OPT_LINES);
	uint64_t newest, after = 0;
	int dir = -1, rc = -1;

	if (cli_rows(c, ev.follow ? PROTO_SUB_EVENTS : 0) == 0)
		dir = cli_journal_open(c, &newest);
	if (dir >= 0) {
		if (lines->given && newest > lines->number)
			after = newest - lines->number;
		ev.reader = journal_open(dir, after);
		c->come_back = true;
		rc = cli_until(c, check_events, &ev, 0);
		journal_close(ev.reader);
	}
	sys_close(dir);
	buf_fini(&ev.out);
	return rc < 0 ? cli_fail(c) : 0;
}
