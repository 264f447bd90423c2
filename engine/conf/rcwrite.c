#include "rcwrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "import.h"
#include "spec/spec.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_plain(const char *s)
{
	size_t len = strlen(s);

	return len && !strchr(s, '\n') && strncmp(s, "<<", 2) != 0 &&
	       s[0] != '#' && s[len - 1] != '\\' && !is_blank(s[0]) &&
	       !is_blank(s[len - 1]);
}

bool
rcwrite_is_tail(const char *text)
{
	const char *line = text;
	char shared = '\0';
	bool any = false;

	if (!*text || *text == '\n' || strchr(text, '\r') ||
	    !utf8_valid(text, strlen(text)))
		return false;
	/* The blanks that all lines begin with are taken for indentation. */
	for (;;) {
		size_t len = strcspn(line, "\n");
		if (strspn(line, " \t") < len) {
			if (!is_blank(*line) || (any && *line != shared))
				return true;
			shared = *line;
			any = true;
		}
		if (!line[len])
			return false;
		line += len + 1;
	}
}

int
rcwrite_tail(struct buf *out, const char *indent, const char *text)
{
	char end[16] = "END";
	unsigned n = 1;
	int rc = 0;

	if (is_plain(text))
		return buf_adds(out, text) ? -EMSGSIZE : 0;
	while (strstr(text, end))
		snprintf(end, sizeof end, "END%u", n++);
	rc |= buf_addf(out, "<<%s\n", end);
	for (bool more = true; more && rc == 0;) {
		size_t len = strcspn(text, "\n");
		if (len > 0) {
			rc |= buf_addf(out, "%s    ", indent);
			rc |= buf_add(out, text, len);
		}
		rc |= buf_addc(out, '\n');
		more = text[len] != '\0';
		text += len + more;
	}
	rc |= buf_addf(out, "%s%s", indent, end);
	return rc ? -EMSGSIZE : 0;
}

/* In quotes, even where it would do without. */
static int
put_quoted(struct buf *out, const char *text)
{
	bool valid = utf8_valid(text, strlen(text)), plain = valid;
	int rc = 0;

	for (const char *s = text; *s; s++)
		plain &= (unsigned char)*s >= 0x20 && *s != 0x7f && *s != '\'';
	if (plain)
		return buf_addf(out, "'%s'", text) ? -EMSGSIZE : 0;
	rc |= buf_addc(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !valid) ||
		    (c == '$' && text[1] == '{'))
			rc |= buf_addf(out, "\\x%02x", c);
		else
			rc |= buf_addf(out, "%s%c",
				       strchr("\"\\", c) ? "\\" : "", c);
	}
	rc |= buf_addc(out, '"');
	return rc ? -EMSGSIZE : 0;
}

int
rcwrite_word(struct buf *out, const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		return put_quoted(out, text);
	(void)import_quote(text, false, out);
	return out->len == out->max ? -EMSGSIZE : 0;
}

/* Can it stand between slashes as it is? */
static bool
fits_slashes(const char *text)
{
	bool escaped = false;

	if (!utf8_valid(text, strlen(text)) || strpbrk(text, "\n\r"))
		return false;
	for (; *text; text++) {
		if (*text == '/' && !escaped)
			return false;
		escaped = *text == '\\' && !escaped;
	}
	return !escaped;
}

int
rcwrite_pattern(struct buf *out, const struct spec_pattern *p)
{
	bool literal = p->flags & SPEC_RE_LITERAL, escaped = false;
	bool as_is = !literal && fits_slashes(p->text);
	char flags[SPEC_RE_FLAGS_MAX];
	int rc;

	if (!as_is && !p->flags)
		return put_quoted(out, p->text);
	rc = buf_addc(out, '/');
	for (const char *s = p->text; *s; s++) {
		bool special = literal ? strchr("\\^$.|?*+()[]{}/", *s) != NULL
				       : *s == '/' && !escaped;
		if (!as_is && (unsigned char)*s < 0x20)
			rc |= buf_addf(out, "\\x%02x", (unsigned char)*s);
		else
			rc |= buf_addf(out, "%s%c",
				       !as_is && special ? "\\" : "", *s);
		escaped = *s == '\\' && !escaped;
	}
	rc |= buf_addf(out, "/%s", spec_re_flags_text(p->flags, flags));
	return rc ? -EMSGSIZE : 0;
}

void
rcwrite_take_back(int fd, const struct rcwrite_place *place)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size == place->to)
		(void)sys_ftruncate(fd, place->from);
}

int
rcwrite_append(int fd, const char *text, struct rcwrite_place *place)
{
	char last = '\n';
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	place->from = place->to = st.st_size;
	ssize_t n = st.st_size > 0 ? sys_pread(fd, &last, 1, st.st_size - 1)
				   : 0;
	if (n < 0)
		return (int)n;
	char *all = mem_fmt("%s%s%s", last == '\n' ? "" : "\n",
			    st.st_size > 0 ? "\n" : "", text);
	int r = sys_write_all(fd, all, strlen(all));
	free(all);
	/* A disk that is full has taken the beginning. */
	if (fstat(fd, &st) == 0)
		place->to = st.st_size;
	if (r < 0)
		rcwrite_take_back(fd, place);
	return r;
}
