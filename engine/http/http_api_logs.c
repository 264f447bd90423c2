/*
 * The log of a process: as it is (one body) and as it grows (server-sent
 * events).  Both are made while the client takes them, so that a log of any
 * size costs the memory of a few entries, and a client that takes nothing
 * costs no more.
 */
#include "http_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/signame.h"
#include "client/model.h"
#include "http_entries.h"
#include "http_json.h"
#include "http_logs.h"
#include "http_request.h"
#include "http_server.h"
#include "life/status.h"
#include "log/logfmt.h"
#include "log/logread.h"
#include "text/rowfmt.h"

enum {
	FILL_BYTES = 64 << 10,		/* made at once */
	OUT_MAX = 4 << 20,		/* one entry, in base64 */
	OUT_KEEP = 1024,		/* of memory, from a line to the next */
	BEAT_MS = 15000,		/* of nothing, then a comment */
};

struct follow {
	struct http_request *request;
	struct http_log *log;
	char id[HTTP_ID_MAX];
	/* What is asked for. */
	const char *stream;		/* as it is told */
	unsigned streams;
	bool live, has_since, has_tail;
	struct entries_place since;
	uint64_t tail;

	struct entries_cursor cursor;
	bool streaming;			/* headers are on their way */
	bool placing, placed;		/* cursor is where it begins */
	bool ended;			/* nothing comes behind out */
	struct buf out;
	uint64_t end;			/* a body: entries before this one */
	bool any;			/* ... has one already */
	uint64_t dropped_bytes, dropped_entries;	/* ... for its end */
	uint64_t run_told;		/* events: the last run whose end was
					 * told, or is before all this */
	struct timer *beat;
};

static void
on_end(struct http_request *r, void *arg)
{
	struct follow *f = arg;
	(void)r;

	http_log_close(f->log);
	timer_drop(f->beat);
	buf_fini(&f->out);
	free(f);
}

/* --- what is asked for --- */

static int
take_stream(struct follow *f, const struct proc_row *row)
{
	const char *word = http_query(f->request, "stream");
	int s = word ? log_stream_find(word) : LOG_PTY;

	if (word ? strcmp(word, "combined") == 0 : !row->tty) {
		f->stream = "combined";
		f->streams = ENTRIES_ALL;
		return 0;
	}
	if (s < 0) {
		http_plain(f->request, 400, "Failed to deserialize query "
			   "string: stream: one of combined, stdout, stderr "
			   "and pty");
		return -1;
	}
	f->stream = log_stream_name((unsigned)s);
	f->streams = 1u << s;
	return 0;
}

static int
take_query(struct follow *f, const struct proc_row *row)
{
	const char *last = http_header(f->request, "last-event-id");
	struct entries_place at;

	if (take_stream(f, row) < 0 ||
	    http_query_uint(f->request, "tail", UINT64_MAX, &f->tail,
			    &f->has_tail) < 0 ||
	    http_query_uint(f->request, "since", UINT64_MAX,
			    &f->since.seq, &f->has_since) < 0 ||
	    http_query_bool(f->request, "follow", &f->live) < 0)
		return -1;
	/* Who comes back has the rest of what the query asked for. */
	if (f->live && last && entries_place_parse(last, &at) == 0) {
		f->since = at;
		f->has_since = true;
		f->has_tail = false;
	}
	return 0;
}

/* Runs that were over before the place where it begins. */
static void
skip_ends(struct follow *f, const struct entries *e)
{
	const struct log_run *v;
	size_t n = logread_runs(entries_log(e), &v);
	uint64_t begin = SBX_MAX(f->cursor.seq, entries_first(e));

	for (size_t i = 0; i + 1 < n && v[i].flags & LOG_RUN_SEQ_END; i++) {
		uint64_t behind = entries_behind_run(e, &v[i]);
		/* Nothing is between: it depends on what was asked for. */
		if (behind > begin || (behind == begin && !f->has_tail))
			break;
		f->run_told = v[i].run;
	}
}

/* Where it begins; false: it is still being looked for. */
static bool
place(struct follow *f, struct entries *e)
{
	struct entries_cursor since;

	if (f->placed)
		return true;
	if (!f->placing) {
		f->placing = true;
		f->end = entries_next(e);
		if (f->has_tail)
			entries_seek_last(e, &f->cursor, f->streams, f->tail);
	}
	if (f->has_tail && entries_look_back(e, &f->cursor)) {
		http_stream_wake(f->request);
		return false;
	}
	entries_seek_place(e, &since, f->streams, &f->since);
	if (!f->has_tail || (f->has_since && since.seq > f->cursor.seq))
		f->cursor = since;
	f->cursor.join = f->live;
	if (f->live)
		skip_ends(f, e);
	f->placed = true;
	return true;
}

/* --- entries --- */

static void
put_entry(struct buf *b, const struct entry *en)
{
	/* A follower waits for it: without the detour of a format. */
	buf_adds(b, "{\"sequence\":");
	buf_addu(b, en->seq);
	buf_adds(b, ",\"stream\":\"");
	buf_adds(b, log_stream_name(en->stream));
	buf_adds(b, "\",\"timestampMs\":");
	buf_addu(b, (uint64_t)SBX_MAX(en->wall_ms, 0));
	buf_adds(b, ",\"data\":\"");
	base64_encode(b, en->data, en->len);
	buf_adds(b, "\",\"encoding\":\"base64\"}");
}

static void
put_event(struct follow *f, const struct entries *e, const struct entry *en)
{
	struct buf *b = &f->out;

	buf_adds(b, en->dropped ? "event: dropped\n" : "event: log\n");
	/* An entry in parts has been seen when its last one has. */
	if (!en->more) {
		buf_adds(b, "id: ");
		entries_place_put(e, en, b);
		buf_addc(b, '\n');
	}
	/* A field that readers of events skip: entries have their five keys. */
	if (!en->dropped && en->first != en->seq)
		buf_addf(b, "first: %" PRIu64 "\n", en->first);
	buf_adds(b, "data: ");
	if (!en->dropped) {
		put_entry(b, en);
	} else {
		struct jsonout j;
		jsonout_begin_camel(&j, b);
		jsonout_object(&j, NULL);
		if (en->first) {
			jsonout_uint(&j, "first_sequence", en->first);
			jsonout_uint(&j, "last_sequence", en->seq);
			jsonout_uint(&j, "entries",
				     en->seq + 1 - en->first);
		}
		if (en->dropped_bytes)
			jsonout_uint(&j, "bytes", en->dropped_bytes);
		jsonout_close(&j);
	}
	buf_adds(b, "\n\n");
}

static void
put_item(struct follow *f, const struct entries *e, const struct entry *en)
{
	if (f->live) {
		put_event(f, e, en);
	} else if (en->dropped) {
		f->dropped_bytes += en->dropped_bytes;
		f->dropped_entries += en->first ?
			en->seq + 1 - en->first : 0;
	} else {
		if (f->any)
			buf_addc(&f->out, ',');
		f->any = true;
		put_entry(&f->out, en);
	}
}

/* 1: there is more, 0: not now, -errno. */
static int
put_items(struct follow *f, struct entries *e)
{
	struct entry en;
	int r = 1;

	while (r == 1 && f->out.len < FILL_BYTES &&
	       (f->live || f->cursor.seq < f->end)) {
		r = entries_step(e, &f->cursor, &en);
		if (r == 1)
			put_item(f, e, &en);
	}
	return r < 0 ? r : f->out.len >= FILL_BYTES;
}

/* --- events --- */

struct run_end {
	uint64_t run;
	bool known;			/* exit_code and signal are */
	int exit_code, signal;
	const char *status, *reason;
};

static void
put_exit(struct follow *f, const struct run_end *end)
{
	char name[SIGNAME_MAX];
	struct jsonout j;

	f->run_told = end->run;
	buf_adds(&f->out, "event: exit\ndata: ");
	jsonout_begin_camel(&j, &f->out);
	jsonout_object(&j, NULL);
	if (end->known && !end->signal)
		jsonout_int(&j, "exit_code", end->exit_code);
	else
		jsonout_null(&j, "exit_code");
	if (end->known && end->signal)
		jsonout_string(&j, "signal",
			       signame_text(end->signal, name));
	jsonout_string(&j, "status", end->status);
	jsonout_string(&j, "reason", end->reason);
	jsonout_uint(&j, "run", end->run);
	jsonout_close(&j);
	buf_adds(&f->out, "\n\n");
}

/* Of a run that the log does not tell of. */
static void
put_exit_of_row(struct follow *f, const struct proc_row *row)
{
	put_exit(f, &(struct run_end){
		.run = row->run, .known = row->has_exit,
		.exit_code = row->exit_code, .signal = row->exit_signal,
		.status = status_name(row->status), .reason = row->reason,
	});
}

static void
put_exit_of_run(struct follow *f, const struct log_run *run,
		const struct proc_row *row)
{
	const char *reason = run->reason;

	/* The record may have cut it. */
	if (row && row->run == run->run &&
	    strncmp(row->reason, reason, strlen(reason)) == 0)
		reason = row->reason;
	put_exit(f, &(struct run_end){
		.run = run->run, .known = run->status >= 0,
		.exit_code = run->status >> 8 & 255,
		.signal = run->status & 127,
		.status = run->outcome[0] ? run->outcome :
			  run->status ? status_name(STATUS_FAILED) :
					status_name(STATUS_COMPLETED),
		.reason = reason,
	});
}

/* Whoever hears of an end may ask for the process: it has to know, too. */
static bool
goes_on(const struct proc_row *row, const struct log_run *run)
{
	return row && row->run == run->run &&
	       (row->pid || row->status == STATUS_STOPPING);
}

/* The oldest run that is over and not told yet; NULL: none. */
static const struct log_run *
next_end(const struct follow *f, const struct entries *e,
	 const struct proc_row *row)
{
	const struct log_run *v;
	size_t n = logread_runs(entries_log(e), &v), i = n;

	while (i > 0 && v[i - 1].run > f->run_told)
		i--;
	if (i == n || !(v[i].flags & LOG_RUN_SEQ_END))
		return NULL;
	/* An engine that died may not have come to say how. */
	bool newest = i + 1 == n;
	return newest && (!v[i].outcome[0] || goes_on(row, &v[i])) ?
		NULL : &v[i];
}

static void
fail(struct follow *f, const char *text)
{
	struct jsonout j;

	buf_adds(&f->out, "event: error\ndata: ");
	jsonout_begin_camel(&j, &f->out);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "message", text);
	jsonout_close(&j);
	buf_adds(&f->out, "\n\n");
	f->ended = true;
}

/* Entries and ends of runs in their order: as put_items. */
static int
put_news(struct follow *f, struct entries *e, const struct proc_row *row,
	 bool over)
{
	const struct log_run *run;

	for (;;) {
		run = next_end(f, e, row);
		f->cursor.stop = run ? entries_behind_run(e, run) : 0;
		int r = put_items(f, e);
		http_log_at(f->log, f->cursor.seq);
		/* Its lines may not have been there yet. */
		if (r != 0 || !run || (f->cursor.seq < f->cursor.stop && !over))
			return r;
		put_exit_of_run(f, run, row);
	}
}

static void
fill_events(struct follow *f)
{
	struct entries *e = http_log_entries(f->log);
	const struct err *why = http_log_error(f->log);
	/* Before the entries: those of a run that is over are all there. */
	const struct proc_row *row = http_log_row(f->log);
	bool over = http_log_is_over(f->log);

	if (!e) {
		if (why)
			fail(f, why->text);
		return;
	}
	if (!place(f, e))
		return;
	int r = put_news(f, e, row, over);
	if (r < 0)
		fail(f, strerror(-r));
	if (r != 0)
		return;
	if (row && (over || row->status == STATUS_BACKOFF) &&
	    row->run > f->run_told)
		put_exit_of_row(f, row);
	f->ended = over;
}

static void
on_beat(struct timer *t, void *arg)
{
	struct follow *f = arg;

	buf_adds(&f->out, ":\n\n");
	timer_arm(t, clock_us() + BEAT_MS * 1000);
	http_stream_wake(f->request);
}

/* --- a body --- */

static void
fill_body(struct follow *f)
{
	struct entries *e = http_log_entries(f->log);

	if (e && (!place(f, e) || put_items(f, e) > 0))
		return;
	buf_addc(&f->out, ']');
	if (f->dropped_entries)
		buf_addf(&f->out, ",\"droppedEntries\":%" PRIu64,
			 f->dropped_entries);
	if (f->dropped_bytes)
		buf_addf(&f->out, ",\"droppedBytes\":%" PRIu64,
			 f->dropped_bytes);
	buf_addc(&f->out, '}');
	f->ended = true;
}

static ssize_t
produce(struct http_request *r, char *out, size_t cap, void *arg)
{
	struct follow *f = arg;
	(void)r;

	if (f->out.len == 0 && !f->ended) {
		f->live ? fill_events(f) : fill_body(f);
		if (f->out.len > 0 && f->beat)
			timer_arm(f->beat, clock_us() + BEAT_MS * 1000);
	}
	size_t n = SBX_MIN(cap, f->out.len);
	if (n == 0) {
		/* Now it waits, perhaps for days. */
		if (f->out.cap > OUT_KEEP)
			buf_fini(&f->out);
		return f->ended ? -1 : 0;
	}
	memcpy(out, f->out.data, n);
	buf_skip(&f->out, n);
	return (ssize_t)n;
}

/* --- the operation --- */

static void
begin_body(struct follow *f)
{
	struct entries *e = http_log_entries(f->log);
	const struct err *why = http_log_error(f->log);

	if (why) {
		http_engine_problem(f->request, why);
		f->streaming = true;
	} else if (e) {
		http_log_publish(f->log);
		buf_addf(&f->out, "{\"processId\":\"%s\",\"stream\":\"%s\","
			 "\"entries\":[", f->id, f->stream);
		f->streaming = true;
		http_stream(f->request, 200, "application/json", produce, f);
	}
}

static void
on_news(struct http_log *g, void *arg)
{
	struct follow *f = arg;
	(void)g;

	if (f->live)
		http_stream_wake(f->request);
	else if (!f->streaming)
		begin_body(f);
}

void
http_op_logs(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct model_proc *p = http_api_proc(r, api);

	if (!p)
		return;
	struct follow *f = mem_alloc(sizeof *f);
	*f = (struct follow){ .request = r };
	buf_init(&f->out, OUT_MAX);
	http_api_id_text(p->id, f->id);
	if (take_query(f, p->row) < 0) {
		free(f);
		return;
	}
	http_on_end(r, on_end, f);
	f->log = http_logs_read(api->logs, p->id, on_news, f);
	if (!f->live) {
		begin_body(f);
		return;
	}
	f->beat = loop_timer(api->loop, on_beat, f);
	timer_arm(f->beat, clock_us() + BEAT_MS * 1000);
	http_add_header(r, "cache-control", "no-cache");
	http_stream(r, 200, "text/event-stream", produce, f);
}
