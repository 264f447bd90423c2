#include "rcstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/units.h"
#include "probe/probe.h"
#include "rcwrite.h"

struct probe_row;

typedef void kind_fn(struct rcload *ld, const struct rc_stmt *s,
		      struct spec_probe *p);
typedef int put_fn(struct buf *out, const struct spec_probe *p);

struct probe_row {
	struct row row;
	enum spec_probe_kind kind;
	unsigned min, max;	/* words behind the kind */
	enum rc_expect expect;	/* of the first of them */
	kind_fn *fn;
	put_fn *put;		/* what fn has read */
};

static void
probe_pattern(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	(void)rc_pattern(ld, &s->words[2], 0, &p->pattern);
}

/* "holder=any"; said if it is another word behind the '='. */
static void
holder(struct rcload *ld, const struct rc_word *w, size_t off,
       struct spec_probe *p)
{
	p->any_holder = strcmp(w->text + off, "any") == 0;
	if (!p->any_holder)
		rc_wrong_in(ld, w, off, w->len - off, "expected holder=any");
}

/* What the engine could never ask: names are not looked up. */
static void
check_target(struct rcload *ld, const struct rc_word *w,
	     const struct spec_probe *p, enum probe_kind kind)
{
	struct probe_target t = { .kind = kind, .host = p->host,
				  .port = p->port, .path = p->path };
	struct err e = ERR_INIT;

	if (p->port == 0 || probe_check(&t, &e) == 0)
		return;
	rc_wrong(ld, w, "%s", e.text);
	if (e.hint[0])
		rc_hint(ld, "%s", e.hint);
}

static void
probe_port(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	uint64_t port;

	/* 0: the one that the engine picks. */
	if (strcmp(s->words[2].text, "auto") == 0)
		p->port = 0;
	else if (rc_uint(ld, &s->words[2], 0, 1, 65535, &port))
		p->port = (unsigned)port;
	for (size_t i = 3; i < s->count; i++) {
		const struct rc_word *w = &s->words[i];
		size_t who = rc_option(w, "holder");
		if (who) {
			holder(ld, w, who, p);
		} else if (!p->host) {
			p->host = mem_str(w->text);
			check_target(ld, w, p, PROBE_TCP);
		} else {
			rc_wrong(ld, w, "expected holder=any");
		}
	}
}

static void
probe_unix(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	(void)ld;
	p->host = mem_str(s->words[2].text);
}

static void
wrong_url(struct rcload *ld, const struct rc_word *w)
{
	rc_wrong(ld, w, "expected a URL like http://localhost:8080/health");
}

/* "http://HOST[:PORT][/PATH]", HOST also as [::1]. */
static void
split_url(struct rcload *ld, const struct rc_word *w, struct spec_probe *p)
{
	const char *host = w->text + strlen("http://"), *end, *colon;
	uint64_t port = 80;

	if (strncmp(w->text, "https://", 8) == 0) {
		rc_wrong(ld, w, "https cannot be checked directly");
		rc_hint(ld, "use: ready exec curl -fsS -o /dev/null %s",
			w->text);
		return;
	}
	if (strncmp(w->text, "http://", 7) != 0) {
		wrong_url(ld, w);
		return;
	}
	size_t len = strcspn(host, "/?#");
	end = host + len;
	bool bracket = host[0] == '[';
	const char *close = bracket ? memchr(host, ']', len) : host;
	colon = close ? memchr(close, ':', (size_t)(end - close)) : NULL;
	const char *host_end = colon ? colon : end;
	if (!close || memchr(host, '@', len) || host_end == host ||
	    (bracket && host_end != close + 1)) {
		wrong_url(ld, w);
		return;
	}
	if (colon) {
		char *digits = mem_strn(colon + 1, (size_t)(end - colon - 1));
		int rc = units_uint(digits, 1, 65535, &port);
		free(digits);
		if (rc < 0) {
			rc_wrong_in(ld, w, (size_t)(colon + 1 - w->text),
				    (size_t)(end - colon - 1),
				    "expected a port from 1 to 65535");
			return;
		}
	}
	p->port = (unsigned)port;
	p->host = mem_strn(host + bracket,
			   (size_t)(host_end - host) - 2 * bracket);
	/* The part behind '#' is for browsers, a server never sees it. */
	size_t path = strcspn(end, "#");
	char *rest = mem_strn(end, path);
	p->path = mem_fmt("%s%s", rest[0] == '/' ? "" : "/", rest);
	free(rest);
}

/* One more line for the request; it is looked at as a whole, with its URL. */
static void
header(struct rcload *ld, const struct rc_word *w, size_t off,
       struct spec_probe *p)
{
	char *all = mem_fmt("%s%s\r\n", p->headers ? p->headers : "",
			    w->text + off);
	struct probe_target t = { .kind = PROBE_HTTP, .port = 1,
				  .status_max = 399, .headers = all };
	struct err e = ERR_INIT;

	if (probe_check(&t, &e) < 0)
		rc_wrong_in(ld, w, off, w->len - off,
			    "expected NAME:VALUE");
	rc_set_str(&p->headers, all);
	free(all);
}

static void
probe_http(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	split_url(ld, &s->words[2], p);
	check_target(ld, &s->words[2], p, PROBE_HTTP);
	for (size_t i = 3; i < s->count; i++) {
		const struct rc_word *w = &s->words[i];
		size_t status = rc_option(w, "status");
		size_t body = rc_option(w, "body");
		size_t head = rc_option(w, "header");
		size_t who = rc_option(w, "holder");
		uint64_t min, max;
		if (who) {
			holder(ld, w, who, p);
		} else if (body) {
			rc_set_str(&p->pattern.text, NULL);
			(void)rc_pattern(ld, w, body, &p->pattern);
		} else if (head) {
			header(ld, w, head, p);
		} else if (!status) {
			rc_wrong(ld, w, "expected status=A-B, body=/RE/, "
				 "header=NAME:VALUE or holder=any");
		} else if (units_uint_range(w->text + status, 100, 599, &min,
					    &max) < 0) {
			rc_wrong_in(ld, w, status, w->len - status,
				    "expected a range like 200-399");
		} else {
			p->status_min = (unsigned)min;
			p->status_max = (unsigned)max;
		}
	}
}

static void
probe_exec(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	(void)ld;
	p->command = mem_str(s->words[2].text);
}

static void
probe_delay(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	(void)rc_duration(ld, &s->words[2], 0, &p->delay_ms);
}

static int
put_pattern(struct buf *out, const struct spec_probe *p)
{
	return rcwrite_pattern(out, &p->pattern);
}

static int
put_holder(struct buf *out, const struct spec_probe *p)
{
	return p->any_holder ? buf_adds(out, " holder=any") : 0;
}

static int
put_port(struct buf *out, const struct spec_probe *p)
{
	int rc = p->port ? buf_addf(out, "%u", p->port) : buf_adds(out, "auto");

	if (p->host) {
		rc |= buf_addc(out, ' ');
		rc |= rcwrite_word(out, p->host);
	}
	return rc | put_holder(out, p);
}

static int
put_unix(struct buf *out, const struct spec_probe *p)
{
	return rcwrite_word(out, p->host);
}

/* " NAME=VALUE" as one word. */
static int
put_option(struct buf *out, const char *name, const char *value, size_t len)
{
	char *word = mem_fmt("%s=%.*s", name, (int)len, value);
	int rc = buf_addc(out, ' ') | rcwrite_word(out, word);

	free(word);
	return rc;
}

static int
put_body(struct buf *out, const struct spec_pattern *p)
{
	char flags[SPEC_RE_FLAGS_MAX];
	char *text = mem_fmt("/%s/%s", p->text,
			     spec_re_flags_text(p->flags, flags));
	int rc = put_option(out, "body", text, strlen(text));

	free(text);
	return rc;
}

static int
put_http(struct buf *out, const struct spec_probe *p)
{
	const char *host = p->host ? p->host : "localhost", *end;
	bool bracket = strchr(host, ':') != NULL;
	char *url = mem_fmt("http://%s%s%s:%u%s", bracket ? "[" : "", host,
			    bracket ? "]" : "", p->port, p->path);
	int rc = rcwrite_word(out, url);

	free(url);
	if (p->status_min != 200 || p->status_max != 399)
		rc |= buf_addf(out, " status=%u-%u", p->status_min,
			       p->status_max);
	if (p->pattern.text)
		rc |= put_body(out, &p->pattern);
	for (const char *h = p->headers; h && (end = strstr(h, "\r\n"));
	     h = end + 2)
		rc |= put_option(out, "header", h, (size_t)(end - h));
	return rc | put_holder(out, p);
}

static int
put_exec(struct buf *out, const struct spec_probe *p)
{
	return rcwrite_is_tail(p->command)
		       ? rcwrite_tail(out, "    ", p->command)
		       : -EINVAL;
}

static int
put_delay(struct buf *out, const struct spec_probe *p)
{
	char text[UNITS_TEXT_MAX];

	units_duration_text(p->delay_ms, text);
	return buf_adds(out, text);
}

#define ROW(name, args, help) { (name), NULL, (args), (help) }

/* The hint for a wrong kind lists names and args. */
static const struct probe_row probes[] = {
	{ ROW("log", "/PATTERN/", "a line of its output matches"),
	  SPEC_PROBE_LOG, 1, 1, RC_EXPECT_PATTERN, probe_pattern,
	  put_pattern },
	{ ROW("screen", "/PATTERN/", "a line of its screen matches"),
	  SPEC_PROBE_SCREEN, 1, 1, RC_EXPECT_PATTERN, probe_pattern,
	  put_pattern },
	{ ROW("port", "N|auto", "it accepts connections there; a host and "
	      "holder=any may follow"),
	  SPEC_PROBE_PORT, 1, 3, RC_EXPECT_WORD, probe_port, put_port },
	{ ROW("unix", "PATH", "it accepts connections at that socket"),
	  SPEC_PROBE_UNIX, 1, 1, RC_EXPECT_WORD, probe_unix, put_unix },
	{ ROW("http", "URL", "the answer is 200-399, or status=A-B, and "
	      "body=/RE/ matches; header=NAME:VALUE and holder=any may "
	      "follow"),
	  SPEC_PROBE_HTTP, 1, 12, RC_EXPECT_WORD, probe_http, put_http },
	{ ROW("exec", "COMMAND", "a command ends with exit code 0"),
	  SPEC_PROBE_EXEC, 1, 1, RC_EXPECT_RAW, probe_exec, put_exec },
	{ ROW("notify", "", "it writes a line to the descriptor "
	      "SBX_NOTIFY_FD"),
	  SPEC_PROBE_NOTIFY, 0, 0, RC_EXPECT_WORD, NULL, NULL },
	{ ROW("delay", "TIME", "it has run for that long"),
	  SPEC_PROBE_DELAY, 1, 1, RC_EXPECT_WORD, probe_delay, put_delay },
	{ ROW("exit", "", "it has ended with success"),
	  SPEC_PROBE_EXIT, 0, 0, RC_EXPECT_WORD, NULL, NULL },
};
const struct table rc_probe_table = TABLE(probes);

const char *
rc_probe_word(int kind)
{
	for (size_t i = 0; i < ARRAY_LEN(probes); i++)
		if ((int)probes[i].kind == kind)
			return probes[i].row.name;
	return "none";
}

int
rc_probe_put(struct buf *out, const struct spec_probe *p)
{
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		const struct probe_row *row = &probes[i];
		if ((int)row->kind != p->kind)
			continue;
		int rc = buf_addf(out, "%s%s", row->row.name,
				  row->put ? " " : "");
		return rc == 0 && row->put ? row->put(out, p) : rc;
	}
	return -EINVAL;
}

static const struct probe_row *
find(const char *name)
{
	const struct row *r = table_find(&rc_probe_table, name);

	return r ? container_of(r, const struct probe_row, row) : NULL;
}

enum rc_expect
rc_expect_probe(const struct rc_stmt *s)
{
	const struct probe_row *row = s->count > 1 ? find(s->words[1].text) :
		NULL;

	if (!row)
		return RC_EXPECT_WORD;
	if (s->count == 2)
		return row->expect;
	return row->kind == SPEC_PROBE_HTTP ? RC_EXPECT_OPTION :
		RC_EXPECT_WORD;
}

static void
list_kinds(struct rcload *ld)
{
	struct buf b = BUF_INIT(512);

	for (size_t i = 0; i < ARRAY_LEN(probes); i++)
		(void)buf_addf(&b, "%s%s%s%s", b.len ? ", " : "",
			       probes[i].row.name,
			       probes[i].row.args[0] ? " " : "",
			       probes[i].row.args);
	rc_hint(ld, "one of: %s", buf_str(&b));
	buf_fini(&b);
}

static void
clear(struct spec_probe *p)
{
	free(p->pattern.text);
	free(p->host);
	free(p->path);
	free(p->command);
	free(p->headers);
	*p = (struct spec_probe){ .status_min = 200, .status_max = 399 };
}

static void
probe(struct rcload *ld, const struct rc_stmt *s, struct spec_probe *p)
{
	const struct rc_word *kind = &s->words[1];
	const struct probe_row *row = find(kind->text);
	unsigned words = (unsigned)s->count - 2;
	const char *word = s->words[0].text;

	if (!row) {
		rc_wrong(ld, kind, "'%s' is not a kind of check", kind->text);
		list_kinds(ld);
		return;
	}
	char *what = mem_fmt("%s %s", word, row->row.name);
	if (words < row->min) {
		rc_wrong(ld, kind, "'%s' needs %s", what, row->row.args);
	} else if (words > row->max) {
		rc_wrong(ld, &s->words[row->max + 2],
			 "too many words after '%s'", what);
	} else {
		clear(p);
		p->kind = (int)row->kind;
		if (row->fn)
			row->fn(ld, s, p);
	}
	free(what);
}

void
rc_do_ready(struct rcload *ld, const struct rc_stmt *s)
{
	probe(ld, s, &ld->proc->spec->ready);
}

void
rc_do_live(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *kind = &s->words[1];
	const struct probe_row *row = find(kind->text);

	if (row && (row->kind == SPEC_PROBE_EXIT ||
		    row->kind == SPEC_PROBE_DELAY)) {
		rc_wrong(ld, kind, "'%s' says nothing of one that runs",
			 kind->text);
		return;
	}
	probe(ld, s, &ld->proc->spec->live);
}
