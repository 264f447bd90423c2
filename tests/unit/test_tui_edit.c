#include <stdbool.h>
#include "../lib/test.h"
#include "engine/base/err.h"
#include "engine/conf/keymap.h"
#include "tui/edit.h"

static struct edit ed;

static void
keys(const char *list)
{
	struct key k[64];
	struct err e = ERR_INIT;
	int n = key_parse_list(list, k, 64, &e);
	bool changed;

	for (int i = 0; i < n; i++)
		edit_key(&ed, k[i], &changed);
}

TEST(typing_and_moving)
{
	edit_set(&ed, "");
	keys("'hello' Home 'x' End '!' Left BS");
	EQ_STR(ed.text, "xhell!");
	EQ_INT(ed.at, 5);
	keys("C-a Del");
	EQ_STR(ed.text, "hell!");
}

TEST(words_and_lines)
{
	edit_set(&ed, "one two three");
	keys("C-w");
	EQ_STR(ed.text, "one two ");
	keys("C-y");
	EQ_STR(ed.text, "one two three");
	keys("M-b M-b C-k");
	EQ_STR(ed.text, "one ");
	keys("C-u");
	EQ_STR(ed.text, "");
}

TEST(wide_characters)
{
	edit_set(&ed, "\xe6\x97\xa5\xe6\x9c\xac");
	EQ_INT(edit_column(&ed), 4);
	keys("Left BS");
	EQ_STR(ed.text, "\xe6\x9c\xac");
	keys("C-d");
	EQ_STR(ed.text, "");
}

TEST(pasted_text_is_made_harmless)
{
	edit_set(&ed, "");
	edit_insert(&ed, "a\nb\033[31mc\xff\td", 13);
	EQ_STR(ed.text, "a b[31mc d");
}

TEST(it_has_a_maximum)
{
	edit_set(&ed, "");
	for (int i = 0; i < EDIT_MAX + 100; i++)
		edit_insert(&ed, "x", 1);
	EQ_INT(ed.len, EDIT_MAX);
}

TEST(history_is_kept_and_found)
{
	char path[] = "/tmp/test_edit_XXXXXX";
	int fd = mkstemp(path);
	struct history *h = history_new(path);
	size_t pos;

	close(fd);
	history_add(h, "restart api");
	history_add(h, " secret");
	history_add(h, "stop web");
	history_add(h, "stop web");
	history_add(h, "restart db");
	EQ_INT(history_count(h), 3);
	history_free(h);
	h = history_new(path);
	EQ_INT(history_count(h), 3);
	pos = history_count(h);
	EQ_STR(history_find(h, "rest", -1, &pos), "restart db");
	EQ_STR(history_find(h, "rest", -1, &pos), "restart api");
	OK(history_find(h, "rest", -1, &pos) == NULL);
	EQ_STR(history_find(h, "rest", 1, &pos), "restart db");
	history_free(h);
	unlink(path);
}

static const char *
command_of(const struct keymap *k, enum mode m, const char *key)
{
	struct key parsed;

	if (key_parse(key, strlen(key), &parsed, NULL) < 0)
		return "(no key)";
	const char *c = keymap_find(k, m, parsed);
	return c ? c : "(none)";
}

TEST(default_keys)
{
	struct keymap *k = keymap_new();

	EQ_STR(command_of(k, MODE_LIST, "j"), "line-down");
	EQ_STR(command_of(k, MODE_LOG, "G"), "bottom");
	EQ_STR(command_of(k, MODE_LIST, "R"), "restart --with-dependents");
	/* A terminal's keys are its program's. */
	EQ_STR(command_of(k, MODE_TERM, "j"), "(none)");
	EQ_STR(keymap_key(k, MODE_LIST, "zoom"), "z");
	keymap_free(k);
}

TEST(later_bindings_win)
{
	struct keymap *k = keymap_new();
	struct err e = ERR_INIT;

	EQ_INT(keymap_bind(k, NULL, "j", "stop", &e), 0);
	EQ_INT(keymap_bind(k, "log", "j", "top", &e), 0);
	EQ_INT(keymap_bind(k, NULL, "z", NULL, &e), 0);
	EQ_STR(command_of(k, MODE_LIST, "j"), "stop");
	EQ_STR(command_of(k, MODE_LOG, "j"), "top");
	EQ_STR(command_of(k, MODE_LIST, "z"), "(none)");
	OK(keymap_key(k, MODE_LIST, "zoom") == NULL);
	/* "line-down" has lost j but has its arrow still. */
	EQ_STR(keymap_key(k, MODE_LIST, "line-down"), "Down");
	OK(keymap_bind(k, "nomode", "j", "x", &e) < 0);
	OK(keymap_bind(k, NULL, "Ctrl-Foo", "x", &e) < 0);
	keymap_free(k);
}

TEST(modes_of_sheets)
{
	struct keymap *k = keymap_new();
	struct err e = ERR_INIT;
	struct key key = { 'x', KEY_CTRL };
	const char *command = "";

	/* What is for the list is not for them. */
	EQ_STR(command_of(k, MODE_SELECT, "j"), "(none)");
	EQ_STR(command_of(k, MODE_DETAIL, "q"), "(none)");
	EQ_INT(keymap_bind(k, "select", "K", "copy", &e), 0);
	EQ_STR(command_of(k, MODE_SELECT, "K"), "copy");
	EQ_STR(command_of(k, MODE_LOG, "K"), "other-up");
	/* One for all of them, but where it would be typed. */
	EQ_INT(keymap_bind(k, "all", "C-x", "detach", &e), 0);
	EQ_INT(keymap_bind(k, "all", "x", "detach", &e), 0);
	for (int m = 0; m < MODE_ALL; m++)
		EQ_STR(command_of(k, (enum mode)m, "C-x"),
		       m == MODE_TERM ? "(none)" : "detach");
	EQ_STR(command_of(k, MODE_CONFIRM, "x"), "detach");
	EQ_STR(command_of(k, MODE_FIND, "x"), "(none)");
	OK(keymap_bind(k, "find", "x", "detach", &e) < 0);
	EQ_STR(e.text, "'x' is text in the mode 'find'");
	/* Taken away is not the same as not bound. */
	EQ_INT(keymap_bind(k, "form", "C-x", NULL, &e), 0);
	OK(keymap_has(k, MODE_FORM, key, &command) && !command);
	key.sym = 'y';
	OK(!keymap_has(k, MODE_FORM, key, &command));
	keymap_free(k);
}

TEST_MAIN()
