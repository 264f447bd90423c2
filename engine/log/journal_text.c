#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonout.h"
#include "base/utf8.h"

enum {
	SEQ, WALL, MONO, KIND, CAUSE, FROM, TO, RUN, LINE, PROCESS, TEXT,
	LINE_TEXT, FIELDS
};

/* What neither breaks the form nor acts on a terminal that shows the file. */
static bool
is_plain(uint32_t cp)
{
	return cp >= 0x20 && cp != '\\' && !(cp >= 0x7f && cp < 0xa0);
}

static int
put_escaped(struct buf *b, const char *s)
{
	size_t len = s ? strlen(s) : 0;
	int r = 0;

	len = SBX_MIN(len, (size_t)JOURNAL_TEXT_MAX);
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		int n = utf8_decode(s + i, len - i, &cp);
		if (n > 0 && is_plain(cp)) {
			r |= buf_add(b, s + i, (size_t)n);
		} else if (s[i] == '\t') {
			r |= buf_adds(b, "\\t");
		} else if (s[i] == '\n') {
			r |= buf_adds(b, "\\n");
		} else if (s[i] == '\\') {
			r |= buf_adds(b, "\\\\");
		} else {
			for (int k = 0; k < SBX_MAX(n, 1); k++)
				r |= buf_addf(b, "\\x%02x",
					      (unsigned char)s[i + (size_t)k]);
		}
		i += (size_t)SBX_MAX(n, 1);
	}
	return r;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; an escape that is none of ours stays as it is.  A NUL inside
 * would end the string early, and none was ever written. */
static void
unescape(char *s)
{
	char *to = s;

	while (*s) {
		int high, low;
		if (*s != '\\') {
			*to++ = *s++;
		} else if (s[1] == 't' || s[1] == 'n' || s[1] == '\\') {
			*to++ = s[1] == 't' ? '\t' : s[1] == 'n' ? '\n' : '\\';
			s += 2;
		} else if (s[1] == 'x' && (high = hex(s[2])) >= 0 &&
			   (low = hex(s[3])) >= 0 && high + low > 0) {
			*to++ = (char)(high << 4 | low);
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static bool
number(const char *s, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*out = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0';
}

static const char *
status_or_dash(int s)
{
	return s < 0 ? "-" : status_name((enum status)s);
}

/* Cuts the line at its tabs; what a newer program adds behind is ignored. */
static bool
split(char *line, size_t len, char *field[FIELDS])
{
	char *end = line + len;

	*end = '\0';
	if (memchr(line, 0, len))
		return false;
	for (int i = 0; i < FIELDS; i++) {
		if (!line)
			return false;
		field[i] = line;
		char *tab = memchr(line, '\t', (size_t)(end - line));
		if (tab)
			*tab = '\0';
		line = tab ? tab + 1 : NULL;
	}
	return true;
}

int
journal_format(struct buf *b, const struct journal_event *e)
{
	size_t was = b->len;
	int r = buf_addf(b, "%llu\t%lld\t%llu\t%s\t%s\t%s\t%s\t%llu\t%llu\t",
			 (unsigned long long)e->seq, (long long)e->wall_ms,
			 (unsigned long long)e->mono_us, event_name(e->kind),
			 cause_name(e->cause), status_or_dash(e->from),
			 status_or_dash(e->to), (unsigned long long)e->run,
			 (unsigned long long)e->line);
	r |= put_escaped(b, e->process);
	r |= buf_addc(b, '\t');
	r |= put_escaped(b, e->text);
	r |= buf_addc(b, '\t');
	r |= put_escaped(b, e->line_text);
	r |= buf_addc(b, '\n');
	if (r && b->data)
		buf_cut(b, was);
	return r ? -EMSGSIZE : 0;
}

int
journal_parse(char *line, size_t len, struct journal_event *e)
{
	char *f[FIELDS];
	uint64_t wall;

	memset(e, 0, sizeof *e);
	if (!split(line, len, f))
		return -EPROTO;
	if (!number(f[SEQ], &e->seq) || e->seq == 0 ||
	    !number(f[WALL], &wall) || wall > INT64_MAX ||
	    !number(f[MONO], &e->mono_us) || !number(f[RUN], &e->run) ||
	    !number(f[LINE], &e->line))
		return -EPROTO;
	e->wall_ms = (int64_t)wall;
	int kind = event_find(f[KIND], strlen(f[KIND]));
	int cause = cause_find(f[CAUSE], strlen(f[CAUSE]));
	e->kind = kind < 0 ? EVENT_NOTE : (enum event_kind)kind;
	e->cause = cause < 0 ? CAUSE_NONE : (enum cause)cause;
	e->from = status_find(f[FROM], strlen(f[FROM]));
	e->to = status_find(f[TO], strlen(f[TO]));
	for (int i = PROCESS; i <= LINE_TEXT; i++)
		unescape(f[i]);
	e->process = f[PROCESS];
	e->text = f[TEXT];
	e->line_text = f[LINE_TEXT];
	return 0;
}

void
journal_put_json(struct jsonout *j, const struct journal_event *e)
{
	jsonout_object(j, NULL);
	jsonout_uint(j, "seq", e->seq);
	jsonout_time(j, "time", e->wall_ms);
	jsonout_string(j, "event", event_name(e->kind));
	jsonout_string(j, "cause", cause_name(e->cause));
	if (e->process && *e->process)
		jsonout_string(j, "process", e->process);
	if (e->run)
		jsonout_uint(j, "run", e->run);
	if (e->to >= 0) {
		if (e->from >= 0)
			jsonout_string(j, "from",
				       status_name((enum status)e->from));
		jsonout_string(j, "to", status_name((enum status)e->to));
	}
	if (e->text && *e->text)
		jsonout_string(j, "text", e->text);
	if (e->line) {
		jsonout_object(j, "line");
		jsonout_uint(j, "seq", e->line);
		if (e->line_text)
			jsonout_string(j, "text", e->line_text);
		jsonout_close(j);
	}
	jsonout_close(j);
}

int
journal_json(struct buf *b, const struct journal_event *e)
{
	struct jsonout j;

	jsonout_begin(&j, b);
	journal_put_json(&j, e);
	int r = jsonout_end(&j);
	return r < 0 ? r : buf_addc(b, '\n');
}
