#include "edit.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/base/utf8.h"

struct history {
	char *path;
	char *lines[HISTORY_MAX];
	size_t count;
};

static size_t
before(const struct edit *ed, size_t at)
{
	while (at > 0 && ((unsigned char)ed->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t
after(const struct edit *ed, size_t at)
{
	if (at < ed->len)
		at++;
	while (at < ed->len && ((unsigned char)ed->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t
word_left(const struct edit *ed, size_t at)
{
	while (at > 0 && ed->text[at - 1] == ' ')
		at--;
	while (at > 0 && ed->text[at - 1] != ' ')
		at--;
	return at;
}

static size_t
word_right(const struct edit *ed, size_t at)
{
	while (at < ed->len && ed->text[at] == ' ')
		at++;
	while (at < ed->len && ed->text[at] != ' ')
		at++;
	return at;
}

/* Takes [from, to) out; with keep it can be brought back by C-y. */
static bool
cut(struct edit *ed, size_t from, size_t to, bool keep)
{
	if (from >= to)
		return false;
	if (keep) {
		memcpy(ed->killed, ed->text + from, to - from);
		ed->killed[to - from] = 0;
	}
	memmove(ed->text + from, ed->text + to, ed->len - to + 1);
	ed->len -= to - from;
	ed->at = from;
	return true;
}

static bool
key_ctrl(struct edit *ed, uint32_t c, bool *changed)
{
	switch (c) {
	case 'a':
		ed->at = 0;
		return true;
	case 'e':
		ed->at = ed->len;
		return true;
	case 'b':
		ed->at = before(ed, ed->at);
		return true;
	case 'f':
		ed->at = after(ed, ed->at);
		return true;
	case 'h':
		*changed = cut(ed, before(ed, ed->at), ed->at, false);
		return true;
	case 'd':
		*changed = cut(ed, ed->at, after(ed, ed->at), false);
		return true;
	case 'w':
		*changed = cut(ed, word_left(ed, ed->at), ed->at, true);
		return true;
	case 'u':
		*changed = cut(ed, 0, ed->at, true);
		return true;
	case 'k':
		*changed = cut(ed, ed->at, ed->len, true);
		return true;
	case 'y':
		edit_insert(ed, ed->killed, strlen(ed->killed));
		*changed = ed->killed[0] != 0;
		return true;
	default:
		return false;
	}
}

static bool
key_alt(struct edit *ed, uint32_t c, bool *changed)
{
	switch (c) {
	case 'b':
		ed->at = word_left(ed, ed->at);
		return true;
	case 'f':
		ed->at = word_right(ed, ed->at);
		return true;
	case 'd':
		*changed = cut(ed, ed->at, word_right(ed, ed->at), true);
		return true;
	case SYM_BS:
		*changed = cut(ed, word_left(ed, ed->at), ed->at, true);
		return true;
	default:
		return false;
	}
}

void
edit_set(struct edit *ed, const char *text)
{
	ed->len = ed->at = 0;
	ed->text[0] = 0;
	edit_insert(ed, text, strlen(text));
}

bool
edit_key(struct edit *ed, struct key k, bool *changed)
{
	char bytes[4];

	*changed = false;
	if (k.mods == KEY_CTRL)
		return key_ctrl(ed, k.sym, changed);
	if (k.mods == KEY_ALT)
		return key_alt(ed, k.sym, changed);
	if (k.mods)
		return false;
	switch (k.sym) {
	case SYM_LEFT:
		ed->at = before(ed, ed->at);
		return true;
	case SYM_RIGHT:
		ed->at = after(ed, ed->at);
		return true;
	case SYM_HOME:
		ed->at = 0;
		return true;
	case SYM_END:
		ed->at = ed->len;
		return true;
	case SYM_BS:
		*changed = cut(ed, before(ed, ed->at), ed->at, false);
		return true;
	case SYM_DEL:
		*changed = cut(ed, ed->at, after(ed, ed->at), false);
		return true;
	default:
		break;
	}
	if (k.sym >= SYM_FIRST)
		return false;
	int n = utf8_encode(k.sym, bytes);
	if (n <= 0)
		return false;
	edit_insert(ed, bytes, (size_t)n);
	*changed = true;
	return true;
}

void
edit_insert(struct edit *ed, const char *text, size_t len)
{
	for (size_t off = 0; off < len;) {
		uint32_t cp = 0;
		int n = utf8_decode(text + off, len - off, &cp);
		const char *from = text + off;
		off += n > 0 ? (size_t)n : 1;
		if (cp == '\n' || cp == '\t') {
			from = " ";
			n = 1;
		} else if (n <= 0 || utf8_width(cp) < 0) {
			continue;
		}
		if (ed->len + (size_t)n > EDIT_MAX)
			return;
		memmove(ed->text + ed->at + n, ed->text + ed->at,
			ed->len - ed->at + 1);
		memcpy(ed->text + ed->at, from, (size_t)n);
		ed->len += (size_t)n;
		ed->at += (size_t)n;
	}
}

void
edit_replace(struct edit *ed, size_t from, const char *text)
{
	cut(ed, from, ed->at, false);
	edit_insert(ed, text, strlen(text));
}

int
edit_column(const struct edit *ed)
{
	return utf8_columns(ed->text, ed->at);
}

static void
history_push(struct history *h, const char *line, size_t len)
{
	if (h->count == HISTORY_MAX) {
		free(h->lines[0]);
		memmove(h->lines, h->lines + 1,
			(HISTORY_MAX - 1) * sizeof(h->lines[0]));
		h->count--;
	}
	h->lines[h->count++] = mem_strn(line, len);
}

static void
history_load(struct history *h)
{
	struct buf b;
	int fd = sys_open(h->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	ssize_t n;

	if (fd < 0)
		return;
	buf_init(&b, 1 << 20);
	for (;;) {
		char *room = buf_room(&b, 8192);
		if (!room || (n = sys_read(fd, room, 8192)) <= 0)
			break;
		buf_grew(&b, (size_t)n);
	}
	sys_close(fd);
	for (size_t off = 0; off < b.len;) {
		const char *nl = memchr(b.data + off, '\n', b.len - off);
		size_t end = nl ? (size_t)(nl - b.data) : b.len;
		if (end > off && end - off <= EDIT_MAX)
			history_push(h, b.data + off, end - off);
		off = end + 1;
	}
	buf_fini(&b);
}

struct history *
history_new(const char *path)
{
	struct history *h = mem_alloc(sizeof(*h));

	h->path = mem_str(path);
	if (path)
		history_load(h);
	return h;
}

void
history_free(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		free(h->lines[i]);
	free(h->path);
	free(h);
}

void
history_add(struct history *h, const char *line)
{
	if (!*line || isspace((unsigned char)*line))
		return;
	if (h->count && !strcmp(h->lines[h->count - 1], line))
		return;
	history_push(h, line, strlen(line));
	if (!h->path)
		return;
	/* One write of one line: sessions may add at the same time. */
	int fd = sys_open(h->path,
			  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	char *text = mem_fmt("%s\n", line);
	sys_write_all(fd, text, strlen(text));
	free(text);
	sys_close(fd);
}

const char *
history_find(const struct history *h, const char *prefix, int direction,
	     size_t *pos)
{
	size_t len = strlen(prefix), i = *pos;

	for (;;) {
		if (direction < 0 ? i == 0 : i + 1 >= h->count)
			return NULL;
		i = direction < 0 ? i - 1 : i + 1;
		if (!strncmp(h->lines[i], prefix, len)) {
			*pos = i;
			return h->lines[i];
		}
	}
}

size_t
history_count(const struct history *h)
{
	return h->count;
}
