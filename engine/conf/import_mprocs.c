/*
 * mprocs.yaml.  Every process of mprocs has a terminal, so each gets one
 * here too.
 */

#include "import_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "term/keys.h"

/* "{ $select: os, linux: X, $else: Y }" stands for X here. */
static const struct ytree_node *
selected(const struct ytree_node *v)
{
	const char *by = ytree_text(ytree_get(v, "$select"));
	const struct ytree_node *found;

	if (!by || strcmp(by, "os") != 0)
		return v;
	found = ytree_get(v, "linux");
	return found ? found : ytree_get(v, "$else");
}

/* "<CONFIG_DIR>/x" is a path of the directory of the file. */
static void
key_cwd(struct import_yaml *y, struct import_proc *p,
	const struct ytree_node *v)
{
	static const char here[] = "<CONFIG_DIR>";
	const char *text = import_ytext(y, p, selected(v));

	if (!text)
		return;
	if (strncmp(text, here, strlen(here)) == 0) {
		text += strlen(here);
		text += strspn(text, "/");
	}
	import_line(y->im, p, v->line, "cwd", IMPORT_PATH,
		    text[0] ? text : ".");
}

static void
key_env(struct import_yaml *y, struct import_proc *p,
	const struct ytree_node *v)
{
	import_yenv(y, p, selected(v), true);
}

static void
key_autostart(struct import_yaml *y, struct import_proc *p,
	      const struct ytree_node *v)
{
	bool yes = true;

	if (import_ybool(y, p, selected(v), &yes))
		p->off = !yes;
}

static void
key_autorestart(struct import_yaml *y, struct import_proc *p,
		const struct ytree_node *v)
{
	bool yes = false;

	if (import_ybool(y, p, selected(v), &yes) && yes)
		import_linef(y->im, p, "restart", "always");
}

/* "<C-c><Enter>q" is "C-c Enter q" here. */
static void
add_keys(struct buf *b, const char *text)
{
	while (*text) {
		size_t len = *text == '<' && strchr(text, '>') ?
			(size_t)(strchr(text, '>') - text) + 1 : 1;
		while (len == 1 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len++;
		if (b->len > 0)
			(void)buf_addc(b, ' ');
		if (len > 2 && *text == '<')
			(void)buf_add(b, text + 1, len - 2);
		else if (len == 1 && *text == ' ')
			(void)buf_adds(b, "Space");
		else
			(void)buf_add(b, text, len);
		text += len;
	}
}

static void
stop_keys(struct import_yaml *y, struct import_proc *p,
	  const struct ytree_node *keys)
{
	struct key *parsed = mem_array(KEY_LIST_MAX, sizeof(*parsed));
	struct buf b = BUF_INIT(4096);
	struct err e = ERR_INIT;
	size_t n = 0;
	const char **list = import_ylist(y, p, keys, &n);

	for (size_t i = 0; i < n; i++)
		add_keys(&b, list[i]);
	if (key_parse_list(buf_str(&b), parsed, KEY_LIST_MAX, &e) > 0)
		import_line(y->im, p, keys->line, "stop keys", IMPORT_RAW,
			    buf_str(&b));
	else
		import_ynote(y, p, keys, "%s", n ? e.text : "no keys");
	free(list);
	free(parsed);
	buf_fini(&b);
}

static void
key_stop(struct import_yaml *y, struct import_proc *p,
	 const struct ytree_node *v)
{
	const struct ytree_node *what = selected(v);
	const struct ytree_node *keys = ytree_get(what, "send-keys");
	const char *cmd = ytree_text(ytree_get(what, "cmd"));
	const char *text = ytree_text(what);

	if (text && strcmp(text, "hard-kill") == 0) {
		import_linef(y->im, p, "stop", "KILL");
	} else if (text) {
		import_ystop(y, p, v, text, NULL);
	} else if (cmd) {
		import_line(y->im, p, v->line, "stop cmd", IMPORT_RAW, cmd);
	} else if (keys) {
		stop_keys(y, p, keys);
	} else {
		import_ynote(y, p, v, "it is no way to stop");
	}
}

static void
key_shell(struct import_yaml *y, struct import_proc *p,
	  const struct ytree_node *v)
{
	const char *text = import_ytext(y, p, selected(v));

	if (text)
		import_command(y->im, p, v->line, text);
}

static void
key_cmd(struct import_yaml *y, struct import_proc *p,
	const struct ytree_node *v)
{
	const struct ytree_node *list = selected(v);
	size_t n;

	if (ytree_is_null(list))
		return;
	const char **words = import_ylist(y, p, list, &n);
	import_argv(y->im, p, list->line, words, n, false);
	free(words);
}

/* Directories behind PATH; "path" puts them in front. */
static void
key_add_path(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	const struct ytree_node *list = selected(v);
	size_t count = ytree_is_seq(list) ? list->count : 1;

	for (size_t i = 0; i < count; i++) {
		const struct ytree_node *n = ytree_is_seq(list) ?
			list->items[i] : list;
		const char *text = import_ytext(y, p, n);
		if (text && !strchr(text, ':') && text[0])
			import_line(y->im, p, n->line, "path", IMPORT_PATH,
				    text);
	}
	import_ynote(y, p, v, "'path' puts it in front of PATH, not behind");
}

static void
key_deps(struct import_yaml *y, struct import_proc *p,
	 const struct ytree_node *v)
{
	size_t n;
	const char **names = import_ylist(y, p, v, &n);

	for (size_t i = 0; i < n; i++)
		import_depend(y->im, p, v->line, names[i], "started");
	free(names);
}

static const struct import_key proc_keys[] = {
	{ "shell", key_shell, NULL }, { "cmd", key_cmd, NULL },
	{ "cwd", key_cwd, NULL }, { "env", key_env, NULL },
	{ "autostart", key_autostart, NULL },
	{ "autorestart", key_autorestart, NULL },
	{ "stop", key_stop, NULL }, { "add_path", key_add_path, NULL },
	{ "deps", key_deps, NULL },
	{ "mouse_scroll_speed", NULL, "a setting of sbx: scroll.lines" },
	{ "scrollback", NULL, "sbx keeps 10,000 rows" },
	{ "log", NULL, "sbx keeps a log of every process: 'sbx logs'" },
};

static void
one_proc(struct import_yaml *y, struct import_proc *p,
	 const struct ytree_node *v)
{
	v = selected(v);
	if (ytree_is_map(v))
		import_keys_of(y, p, v, proc_keys, ARRAY_LEN(proc_keys));
	else if (ytree_is_seq(v))
		key_cmd(y, p, v);
	else if (ytree_text(v))
		key_shell(y, p, v);
}

static void
key_procs(struct import_yaml *y, struct import_proc *none,
	  const struct ytree_node *v)
{
	(void)none;
	/* null takes a process of a global file away. */
	import_procs_of(y, "procs", v, true, one_proc);
}

#define SCREEN "a setting of its screen"

static const struct import_key top_keys[] = {
	{ "procs", key_procs, NULL },
	{ "keymap_procs", NULL, "sbx has 'bind' lines: sbx keys" },
	{ "keymap_term", NULL, "sbx has 'bind' lines: sbx keys" },
	{ "keymap_copy", NULL, "sbx has 'bind' lines: sbx keys" },
	{ "proc_list_width", NULL, SCREEN },
	{ "proc_list_title", NULL, SCREEN },
	{ "hide_keymap_window", NULL, SCREEN }, { "scrollback", NULL, SCREEN },
	{ "mouse_scroll_speed", NULL, SCREEN },
	{ "server", NULL, "sbx needs no port for its commands" },
	{ "on_init", NULL, "commands of its screen" },
	{ "on_all_finished", NULL, "commands of its screen" },
	{ "proc_log", NULL, "sbx keeps a log of every process: 'sbx logs'" },
	{ "log_dir", NULL, "sbx keeps a log of every process: 'sbx logs'" },
};

static bool
read_root(struct import_yaml *y)
{
	const struct ytree_node *procs = ytree_get(y->root, "procs");

	if (!ytree_is_map(procs))
		return import_wrong(y->m, procs ? procs->line : 0, 0,
				    "there are no 'procs' in it");
	y->im->tty = true;
	import_keys(y, NULL, y->root, top_keys, ARRAY_LEN(top_keys));
	return !y->m->text[0];
}

bool
import_mprocs(struct import *im, const char *text, size_t len,
	      const char *runner, struct import_mistake *m)
{
	(void)runner;
	return import_yaml(im, text, len, false, m, read_root);
}
