#include "waitjson.h"

#include <stdio.h>
#include <string.h>

#include "base/jsonout.h"
#include "base/regex.h"
#include "base/signame.h"
#include "lastlines.h"
#include "life/status.h"
#include "log/strip.h"
#include "spec/proto.h"
#include "waiting.h"

enum { LAST_LINES = 5 };

static void
put_captures(struct jsonout *j, const struct waiting_result *r,
	     const char *text)
{
	char number[16];

	jsonout_object(j, "captures");
	for (unsigned i = 0; i < r->caps->count; i++) {
		size_t off = r->caps->group[i].off;
		if (off == REGEX_UNSET)
			continue;
		size_t len = r->caps->group[i].end - off;
		snprintf(number, sizeof number, "%u", i);
		jsonout_keyn(j, number, strlen(number), text + off, len);
		const char *name = i ? regex_group_name(r->re, i) : NULL;
		if (name)
			jsonout_keyn(j, name, strlen(name), text + off, len);
	}
	jsonout_close(j);
}

static void
put_exit(struct jsonout *j, const struct proc_row *r)
{
	char name[SIGNAME_MAX];

	jsonout_string(j, "status", status_name(r->status));
	if (r->has_exit && r->exit_signal)
		jsonout_string(j, "signal",
			       signame_text(r->exit_signal, name));
	else if (r->has_exit)
		jsonout_int(j, "exit_code", r->exit_code);
	if (r->reason[0])
		jsonout_string(j, "reason", r->reason);
}

void
waitjson_met(struct jsonout *j, const struct proc_row *row,
	     const struct waiting_conf *conf, const struct waiting_result *r)
{
	jsonout_bool(j, "met", true);
	jsonout_string(j, "name", row->name);
	if (r->hit) {
		jsonout_bytes(j, "line", "line_base64", r->hit->line,
			      r->hit->len);
		put_captures(j, r, r->hit->line);
		jsonout_string(j, "stream", log_stream_name(r->hit->stream));
		jsonout_time(j, "time", r->hit->wall_ms);
		jsonout_uint(j, "seq", r->hit->seq);
		jsonout_uint(j, "cursor", r->hit->seq);
	} else if (r->text) {
		put_captures(j, r, r->text);
	} else if (r->probe.ok) {
		jsonout_uint(j, "port", conf->target.port);
		if (r->probe.status)
			jsonout_int(j, "http_status", r->probe.status);
	} else {
		put_exit(j, row);
	}
}

void
waitjson_not_met(struct jsonout *j, const char *why,
		 const struct proc_row *row)
{
	jsonout_bool(j, "met", false);
	jsonout_string(j, "why", why);
	if (row) {
		jsonout_string(j, "name", row->name);
		put_exit(j, row);
	}
}

static void
put_line(void *arg, const char *text, size_t len)
{
	char plain[LASTLINES_BYTES];

	jsonout_stringn(arg, NULL, plain, strip_text(text, len, plain));
}

void
waitjson_last_lines(struct jsonout *j, uint64_t run, struct logread *lr)
{
	jsonout_array(j, "last_lines");
	lastlines_each(lr, run, LAST_LINES, put_line, j);
	jsonout_close(j);
}

void
waitjson_missed(struct jsonout *j, uint64_t lines, uint64_t dropped_bytes)
{
	if (dropped_bytes)
		jsonout_uint(j, "dropped_bytes", dropped_bytes);
	if (lines)
		jsonout_uint(j, "missed_lines", lines);
}
