#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PORT_STEP  100

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static struct import_proc *
find(const struct import *im, const char *name)
{
	for (size_t i = 0; i < im->proc_count; i++)
		if (strcmp(im->procs[i]->said, name) == 0)
			return im->procs[i];
	return NULL;
}

/* "NAME: COMMAND".  Whatever else there is, foreman passes over too. */
static bool
one_line(struct import *im, const char *at, const char *end, unsigned no,
	 unsigned port, struct import_mistake *m)
{
	const char *from = skip_blanks(at, end), *name = from;

	if (from == end || *from == '#')
		return true;
	while (from < end && is_name(*from))
		from++;
	if (from == name || from == end || *from != ':') {
		import_note(im, NULL, no, "line", "it is no 'NAME: COMMAND'");
		return true;
	}
	const char *command = skip_blanks(from + 1, end);
	char *said = mem_strn(name, (size_t)(from - name));
	struct import_proc *p = find(im, said);
	bool ok = false;
	if (p)
		import_wrong(m, no, 1, "'%.60s' is on line %u already", said,
			     p->line);
	else if ((p = import_add(im, said, no, m)))
		ok = true;
	if (ok) {
		char *text = mem_strn(command, (size_t)(end - command));
		p->col = (unsigned)(name - at) + 1;
		p->width = (unsigned)(from - name);
		p->port = port <= 65535 ? port : 0;
		import_command(im, p, no, text);
		free(text);
	}
	free(said);
	return ok;
}

bool
import_procfile(struct import *im, const char *text, size_t len,
		const char *runner, struct import_mistake *m)
{
	unsigned port = IMPORT_PORT, no = 0;

	(void)runner;
	import_line(im, NULL, 1, "env-file", IMPORT_PATH, ".env");
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t end = nl ? (size_t)(nl - text) : len, stop = end;
		size_t before = im->proc_count;
		if (stop > at && text[stop - 1] == '\r')
			stop--;
		if (!one_line(im, text + at, text + stop, ++no, port, m))
			return false;
		if (im->proc_count > before)
			port += PORT_STEP;
		at = end + 1;
	}
	return true;
}
