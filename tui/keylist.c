#include "keylist.h"

#include <stdio.h>
#include <string.h>
#include "action.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/jsonout.h"
#include "engine/conf/cmd.h"
#include "engine/conf/keymap.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "engine/text/rowfmt.h"

struct keylist {
	const struct keymap *keys;
	bool json;
	struct jsonout j;
	struct buf *out;
	size_t default_left;	/* rows that are not the set's */
	int rc;
};

/* The row of the table whose name is the command's first word. */
const struct row *
keylist_row(const char *command, const char **section)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(command, " "),
		 command);
	const struct action_row *action = action_find(name);
	if (action) {
		*section = action->section;
		return &action->row;
	}
	*section = "Process";
	return table_find(&cmd_verb_table, name);
}

static void
put(struct keylist *l, const char *key, const char *mode, const char *command,
    const char *help, const char *from)
{
	if (l->json) {
		jsonout_object(&l->j, NULL);
		jsonout_string(&l->j, "key", key);
		jsonout_string(&l->j, "mode", mode);
		jsonout_string(&l->j, "command", command);
		if (help[0])
			jsonout_string(&l->j, "meaning", help);
		jsonout_string(&l->j, "from", from);
		jsonout_close(&l->j);
		return;
	}
	/* Columns by hand: a command of an sbxrc may hold anything. */
	size_t start;
	l->rc |= buf_addf(l->out, "%-9s %-9s ", key, mode);
	start = l->out->len;
	l->rc |= rowfmt_plain(l->out, command);
	while (help[0] && l->out->len < start + 25)
		l->rc |= buf_addc(l->out, ' ');
	l->rc |= buf_addf(l->out, "%s%s\n", help[0] ? " " : "", help);
}

static void
put_binding(const char *mode, const char *key, const char *command,
	    void *arg)
{
	struct keylist *l = arg;
	const char *section, *from = l->default_left ? "default" : "sbxrc";
	char modes[128] = "";
	struct key k;

	(void)mode;
	if (l->default_left)
		l->default_left--;
	if (!command || key_parse(key, strlen(key), &k, NULL) < 0)
		return;
	/* Where no later line took the key away. */
	for (int m = 0; m < MODE_ALL; m++) {
		size_t len = strlen(modes);
		if (keymap_find(l->keys, (enum mode)m, k) == command)
			snprintf(modes + len, sizeof modes - len, "%s%s",
				 len ? "," : "", mode_name((enum mode)m));
	}
	const struct row *r = keylist_row(command, &section);
	if (modes[0])
		put(l, key, modes, command, r ? r->help : "", from);
}

static void
count_binding(const char *mode, const char *key, const char *command,
	      void *arg)
{
	(void)mode, (void)key, (void)command;
	++*(size_t *)arg;
}

/* In a terminal pane one key is not the program's. */
static void
put_leave(struct keylist *l, const struct set *set)
{
	const char *key = set ? options_text(set->options, OPTION_LEAVE) :
				option_rows[OPTION_LEAVE].standard;

	put(l, key, "term", "leave",
	    "to the list; twice: the key goes to the program", "setting");
}

int
keylist_print(const struct set *set, bool json, struct buf *out,
	      struct err *e)
{
	struct keymap *keys = keymap_new();
	struct keylist l = { .keys = keys, .json = json, .out = out };

	keymap_each(keys, count_binding, &l.default_left);
	int rc = set ? keymap_add_set(keys, set, e) : 0;
	if (json) {
		jsonout_begin(&l.j, out);
		jsonout_object(&l.j, NULL);
		jsonout_int(&l.j, "version", 1);
		jsonout_array(&l.j, "keys");
	} else {
		l.rc |= buf_addf(out, "%-9s %-9s %-25s %s\n", "KEY", "MODE",
				 "COMMAND", "MEANING");
	}
	if (rc == 0) {
		keymap_each(keys, put_binding, &l);
		put_leave(&l, set);
	}
	if (json) {
		jsonout_close(&l.j);
		jsonout_close(&l.j);
		l.rc |= jsonout_end(&l.j) | buf_addc(out, '\n');
	}
	keymap_free(keys);
	if (rc == 0 && l.rc < 0)
		rc = err_set(e, ERR_FAILED, "the list is too long");
	return rc;
}
