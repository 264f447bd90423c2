#include "envrow.h"

#include <string.h>

#include "base/base.h"
#include "base/buf.h"

/* Fields of a line: group, r or f (run time, file), a letter, the word. */
enum { FIELDS = 4 };

static const char letters[] = {
	[ENVROW_GROUP] = 'g', [ENVROW_ENV] = 'e', [ENVROW_CWD] = 'd',
};

void
envrow_put(struct buf *out, const char *group, bool run_time,
	   enum envrow_kind kind, const char *word)
{
	buf_addf(out, "%s\t%c\t%c\t", group, run_time ? 'r' : 'f',
		 letters[kind]);
	for (; *word; word++) {
		if (*word == '\\' || *word == '\n')
			buf_addc(out, '\\');
		buf_addc(out, *word == '\n' ? 'n' : *word);
	}
	buf_addc(out, '\n');
}

static char *
unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		bool escaped = *p == '\\' && p[1];
		p += escaped;
		*to++ = escaped && *p == 'n' ? '\n' : *p;
	}
	*to = '\0';
	return text;
}

static bool
take(char *line, struct envrow *row)
{
	char *fields[FIELDS];
	size_t kind = 0;

	for (int i = 0; i < FIELDS; i++) {
		fields[i] = line;
		if (i == FIELDS - 1)
			break;
		line = strchr(line, '\t');
		if (!line)
			return false;
		*line++ = '\0';
	}
	while (kind < ARRAY_LEN(letters) && letters[kind] != fields[2][0])
		kind++;
	if (kind == ARRAY_LEN(letters))
		return false;
	char *word = unescape(fields[3]);
	*row = (struct envrow){ .group = fields[0],
				.run_time = fields[1][0] == 'r',
				.kind = (enum envrow_kind)kind,
				.name = "", .value = word };
	if (kind != ENVROW_ENV)
		return true;
	char *eq = strchr(word, '=');
	if (eq)
		*eq++ = '\0';
	row->name = eq ? word : word + (word[0] == '-');
	row->value = eq;
	return true;
}

bool
envrow_next(char **text, struct envrow *row)
{
	while (**text) {
		char *line = *text;
		size_t len = strcspn(line, "\n");
		*text += len + (line[len] == '\n');
		line[len] = '\0';
		if (take(line, row))
			return true;
	}
	return false;
}
