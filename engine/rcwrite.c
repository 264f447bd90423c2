#include "rcwrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "buf.h"
#include "import.h"
#include "mem.h"
#include "rcload.h"
#include "sys.h"

static bool
is_plain(const char *s)
{
	size_t len = strlen(s);

	return len && !strchr(s, '\n') && strncmp(s, "<<", 2) != 0 &&
	       s[0] != '#' && s[len - 1] != '\\';
}

int
rcwrite_tail(struct buf *out, const char *indent, const char *text)
{
	char end[16] = "END";
	unsigned n = 1;
	int rc = 0;

	if (is_plain(text))
		return buf_addf(out, "%s\n", text);
	while (strstr(text, end))
		snprintf(end, sizeof end, "END%u", n++);
	rc |= buf_addf(out, "<<%s\n", end);
	while (*text && rc == 0) {
		size_t len = strcspn(text, "\n");
		if (len > 0) {
			rc |= buf_addf(out, "%s    ", indent);
			rc |= buf_add(out, text, len);
		}
		rc |= buf_addc(out, '\n');
		text += len + (text[len] == '\n');
	}
	rc |= buf_addf(out, "%s%s\n", indent, end);
	return rc ? -EMSGSIZE : 0;
}

static int
put_words(struct buf *out, const char *words)
{
	int rc = 0;

	for (const char *end = words; end; words = end + 1) {
		end = strchr(words, '\x1f');
		size_t len = end ? (size_t)(end - words) : strlen(words);
		char *word = mem_strn(words, len);
		rc |= buf_addc(out, ' ');
		(void)import_quote(word, false, out);
		free(word);
		if (!end)
			break;
	}
	return rc | buf_addc(out, '\n');
}

int
rcwrite_process(struct buf *out, const struct rcwrite_process *p)
{
	size_t len;
	const char *restart = rc_choice_word("restart", p->restart, &len);
	int rc = buf_addf(out, "process %s {\n    %s", p->name,
			  p->argv ? "argv" : "cmd ");

	if (p->argv)
		rc |= put_words(out, p->argv);
	else
		rc |= rcwrite_tail(out, "    ", p->command);
	if (p->cwd && *p->cwd && strcmp(p->cwd, ".") != 0) {
		rc |= buf_adds(out, "    cwd ");
		(void)import_quote(p->cwd, false, out);
		rc |= buf_addc(out, '\n');
	}
	if (p->tty)
		rc |= buf_adds(out, "    tty yes\n");
	if (p->pipe)
		rc |= buf_adds(out, "    stdin pipe\n");
	if (p->restart)
		rc |= buf_addf(out, "    restart %.*s\n", (int)len,
			       restart);
	rc |= buf_adds(out, "}\n");
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
