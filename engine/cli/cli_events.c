/* events: the journal, read by the descriptor of its directory. */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sys.h"
#include "life/event.h"
#include "log/journal.h"
#include "text/eventlist.h"
#include "text/rowfmt.h"

enum { OUT_MAX = 1 << 20, FLUSH_BYTES = 64 * 1024 };

struct events {
	struct cli *c;
	struct journal_reader *reader;
	struct buf out;
	struct eventlist list;
	uint64_t skip;		/* lines before the ones that are wanted */
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
	/* The words of a watch quote its line already. */
	if (e->line_text[0] && !strstr(e->text, e->line_text)) {
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
	else if (!eventlist_adds(&ev->list, e))
		r = 0;
	else if (ev->skip > 0)
		ev->skip--;
	else
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

/* Lines and events are two things: some events have no line of their own,
 * and which ones depends on those before. */
static uint64_t
count_lines(int dir, uint64_t newest)
{
	struct journal_reader *r = journal_open(dir, 0);
	struct eventlist *list = mem_alloc(sizeof *list);
	struct journal_event e;
	uint64_t lines = 0;

	while (journal_next(r, &e) == 1 && e.seq <= newest)
		lines += eventlist_adds(list, &e);
	journal_close(r);
	free(list);
	return lines;
}

static void
begin_at(struct events *ev, int dir, uint64_t newest, uint64_t wanted)
{
	uint64_t after = 0;

	if (!ev->c->json) {
		uint64_t lines = count_lines(dir, newest);
		ev->skip = lines > wanted ? lines - wanted : 0;
	} else if (newest > wanted) {
		after = newest - wanted;
	}
	ev->reader = journal_open(dir, after);
}

int
cli_events(struct cli *c)
{
	struct events ev = { .c = c, .out = BUF_INIT(OUT_MAX),
			     .follow = cli_given(c, CMD_OPT_FOLLOW) };
	const struct cmd_arg *lines = cli_arg(c, CMD_OPT_LINES);
	uint64_t newest;
	int dir = -1, rc = -1;

	if (cli_rows(c, ev.follow ? PROTO_SUB_EVENTS : 0) == 0)
		dir = cli_journal_open(c, &newest);
	if (dir >= 0) {
		begin_at(&ev, dir, newest, lines->given ? lines->number :
			 UINT64_MAX);
		c->come_back = true;
		rc = cli_until(c, check_events, &ev, 0);
		journal_close(ev.reader);
	}
	sys_close(dir);
	buf_fini(&ev.out);
	return rc < 0 ? cli_fail(c) : 0;
}
