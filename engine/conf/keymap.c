#include "keymap.h"

#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "set.h"

enum { BINDINGS_MAX = 2000 };

static const char default_keys[] =
	"bind j line-down\n"
	"bind Down line-down\n"
	"bind k line-up\n"
	"bind Up line-up\n"
	"bind J other-down\n"
	"bind K other-up\n"
	"bind g top\n"
	"bind Home top\n"
	"bind G bottom\n"
	"bind End bottom\n"
	"bind C-d half-down\n"
	"bind C-u half-up\n"
	"bind PgDn page-down\n"
	"bind PgUp page-up\n"
	"bind h left\n"
	"bind Left left\n"
	"bind l right\n"
	"bind Right right\n"
	"bind 1 select 1\n"
	"bind 2 select 2\n"
	"bind 3 select 3\n"
	"bind 4 select 4\n"
	"bind 5 select 5\n"
	"bind 6 select 6\n"
	"bind 7 select 7\n"
	"bind 8 select 8\n"
	"bind 9 select 9\n"
	"bind M-1 select 1\n"
	"bind M-2 select 2\n"
	"bind M-3 select 3\n"
	"bind M-4 select 4\n"
	"bind M-5 select 5\n"
	"bind M-6 select 6\n"
	"bind M-7 select 7\n"
	"bind M-8 select 8\n"
	"bind M-9 select 9\n"
	"bind s start\n"
	"bind S send-signal\n"
	"bind x stop\n"
	"bind X kill\n"
	"bind r restart\n"
	"bind R restart --with-dependents\n"
	"bind d details\n"
	"bind i use\n"
	"bind a new\n"
	"bind D remove\n"
	"bind o open-in\n"
	"bind Enter open\n"
	"bind Tab next-pane\n"
	"bind C-] leave\n"
	"bind z zoom\n"
	"bind t time\n"
	"bind w wrap\n"
	"bind f follow\n"
	"bind ! attention\n"
	"bind S-Tab previous-pane\n"
	"bind / find\n"
	"bind n next\n"
	"bind N previous\n"
	"bind & filter\n"
	"bind e next-error\n"
	"bind E previous-error\n"
	"bind [ previous-boundary\n"
	"bind ] next-boundary\n"
	"bind Space mark\n"
	"bind U unmark\n"
	"bind | split\n"
	"bind A all-logs\n"
	"bind v choose chars\n"
	"bind V choose lines\n"
	"bind y copy\n"
	"bind m mark-line\n"
	"bind C clear\n"
	"bind < sort left\n"
	"bind > sort right\n"
	"bind O order\n"
	"bind - fold\n"
	"bind H hidden\n"
	"bind : command\n"
	"bind p command\n"
	"bind ? keys\n"
	"bind F1 keys\n"
	"bind F3 find\n"
	"bind F4 filter\n"
	"bind F6 order\n"
	"bind F7 start\n"
	"bind F9 send-signal\n"
	"bind F10 quit\n"
	"bind C-r reload\n"
	"bind C-l redraw\n"
	"bind C-z suspend\n"
	"bind Esc escape\n"
	"bind q back\n"
	"bind Q detach\n"
	"bind C-c interrupt\n";

struct binding {
	int mode;		/* enum mode; -1: list and log */
	struct key key;
	char *mode_text, *key_text;
	char *command;		/* NULL: unbound */
};

struct keymap {
	struct binding *rows;
	size_t count;
};

struct mode_row {
	struct row row;
	bool text;		/* is typed there */
};

static const struct mode_row modes[] = {
#define X(e, name, text, help) { { name, NULL, "", help }, text },
	MODE_TABLE(X)
#undef X
};

const struct table mode_table = TABLE(modes);

const char *
mode_name(enum mode m)
{
	return modes[m].row.name;
}

int
mode_find(const char *name)
{
	const struct row *r = table_find(&mode_table, name);

	return r ? (int)table_index(&mode_table, r) : -1;
}

static bool
fits(const struct binding *b, enum mode m)
{
	if (b->mode == (int)m || (b->mode < 0 && m < MODE_TERM))
		return true;
	return b->mode == MODE_ALL && m != MODE_TERM &&
	       !(modes[m].text && key_is_text(b->key));
}

static bool
same_key(struct key a, struct key b)
{
	return a.sym == b.sym && a.mods == b.mods;
}

int
keymap_bind(struct keymap *k, const char *mode, const char *key,
	    const char *command, struct err *e)
{
	struct binding b = { .mode = -1 };

	if (mode && (b.mode = mode_find(mode)) < 0) {
		err_set(e, ERR_USAGE, "'%s' is not a mode", mode);
		return err_hint(e, MODES_HINT);
	}
	if (key_parse(key, strlen(key), &b.key, e) < 0)
		return -1;
	if (mode && modes[b.mode].text && key_is_text(b.key)) {
		err_set(e, ERR_USAGE, "'%s' is text in the mode '%s'", key,
			mode);
		return err_hint(e, "C-x, M-x, F2 and the like can be bound "
				"there");
	}
	if (k->count >= BINDINGS_MAX)
		return err_set(e, ERR_USAGE, "more than %d key bindings",
			       BINDINGS_MAX);
	b.mode_text = mem_str(mode);
	b.key_text = mem_str(key);
	b.command = mem_str(command);
	k->rows = mem_grow(k->rows, k->count, k->count + 1, sizeof(b));
	k->rows[k->count++] = b;
	return 0;
}

int
keymap_add_set(struct keymap *k, const struct set *set, struct err *e)
{
	struct err first = ERR_INIT, any = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < set->bind_count; i++) {
		const struct set_bind *b = &set->binds[i];
		if (keymap_bind(k, b->mode, b->key, b->command, &any) == 0)
			continue;
		if (r == 0)
			first = any;
		r = -1;
	}
	if (r < 0 && e)
		*e = first;
	return r;
}

struct keymap *
keymap_new(void)
{
	struct keymap *k = mem_alloc(sizeof(*k));
	const char *s = default_keys;

	/* The lines are ours: "bind KEY COMMAND" without quotes. */
	while (*s) {
		const char *key = s + strlen("bind ");
		const char *blank = strchr(key, ' ');
		const char *end = strchr(blank, '\n');
		char *name = mem_strn(key, (size_t)(blank - key));
		char *command = mem_strn(blank + 1,
					 (size_t)(end - blank - 1));
		keymap_bind(k, NULL, name, command, NULL);
		free(name);
		free(command);
		s = end + 1;
	}
	return k;
}

void
keymap_free(struct keymap *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++) {
		free(k->rows[i].mode_text);
		free(k->rows[i].key_text);
		free(k->rows[i].command);
	}
	free(k->rows);
	free(k);
}

bool
keymap_has(const struct keymap *k, enum mode m, struct key key,
	   const char **command)
{
	for (size_t i = k->count; i-- > 0;)
		if (fits(&k->rows[i], m) && same_key(k->rows[i].key, key)) {
			*command = k->rows[i].command;
			return true;
		}
	return false;
}

const char *
keymap_find(const struct keymap *k, enum mode m, struct key key)
{
	const char *command = NULL;

	return keymap_has(k, m, key, &command) ? command : NULL;
}

const char *
keymap_key(const struct keymap *k, enum mode m, const char *command)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct binding *b = &k->rows[i];
		if (!fits(b, m) || !b->command ||
		    strcmp(b->command, command) != 0)
			continue;
		/* Only if no later line took the key away. */
		if (keymap_find(k, m, b->key) == b->command)
			return b->key_text;
	}
	return NULL;
}

void
keymap_each(const struct keymap *k, keymap_fn *fn, void *arg)
{
	for (size_t i = 0; i < k->count; i++)
		fn(k->rows[i].mode_text, k->rows[i].key_text,
		   k->rows[i].command, arg);
}

const char *
keymap_default(void)
{
	return default_keys;
}
