#include "engine/term/keys.h"

#include "engine/base/err.h"
#include "tests/lib/test.h"

static struct key
parsed(const char *name)
{
	struct key k = { 0, 0 };
	if (key_parse(name, strlen(name), &k, NULL) != 0)
		k.sym = 0;
	return k;
}

#define EQ_KEY(name, sym_, mods_)                                              \
	do {                                                                   \
		struct key k_ = parsed(name);                                  \
		EQ_INT(k_.sym, sym_);                                          \
		EQ_INT(k_.mods, mods_);                                        \
	} while (0)

TEST(names_mean_keys)
{
	EQ_KEY("a", 'a', 0);
	EQ_KEY("A", 'A', 0);
	EQ_KEY("S-a", 'A', 0);
	EQ_KEY("C-]", ']', KEY_CTRL);
	EQ_KEY("C-A", 'a', KEY_CTRL);
	EQ_KEY("C--", '-', KEY_CTRL);
	EQ_KEY("-", '-', 0);
	EQ_KEY("C", 'C', 0);
	EQ_KEY("M-1", '1', KEY_ALT);
	EQ_KEY("A-1", '1', KEY_ALT);
	EQ_KEY("S-Tab", SYM_TAB, KEY_SHIFT);
	EQ_KEY("F5", SYM_F1 + 4, 0);
	EQ_KEY("C-M-S-Left", SYM_LEFT, KEY_CTRL | KEY_ALT | KEY_SHIFT);
	EQ_KEY("PageUp", SYM_PGUP, 0);
	EQ_KEY("Space", ' ', 0);
	EQ_KEY("C-Space", ' ', KEY_CTRL);
	EQ_KEY("C-@", ' ', KEY_CTRL);
	EQ_KEY("C-i", SYM_TAB, 0);
	EQ_KEY("C-m", SYM_ENTER, 0);
	EQ_KEY("C-[", SYM_ESC, 0);
	EQ_KEY("é", 0xe9, 0);
}

TEST(what_is_no_key)
{
	static const char *const bad[] = { "", "C-", "Foo", "C-Foo", "ab",
					   "\xff", "\x01", "F21",
					   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = ERR_INIT;
		struct key k;
		EQ_INT(key_parse(bad[i], strlen(bad[i]), &k, &e), -1);
		EQ_INT(e.code, ERR_USAGE);
	}
	struct err e = ERR_INIT;
	struct key k;
	key_parse("Entr", 4, &k, &e);
	EQ_STR(e.text, "unknown key 'Entr'");
	EQ_STR(e.hint, "did you mean 'Enter'?");
}

TEST(every_row_prints_as_its_name)
{
	char out[KEY_NAME_MAX];
	for (size_t i = 0; i < key_table.count; i++) {
		const struct row *r = table_row(&key_table, i);
		for (unsigned mods = 0; mods < 8; mods++) {
			char want[KEY_NAME_MAX * 2];
			snprintf(want, sizeof(want), "%s%s%s%s",
				 mods & KEY_CTRL ? "C-" : "",
				 mods & KEY_ALT ? "M-" : "",
				 mods & KEY_SHIFT ? "S-" : "", r->name);
			key_print(parsed(want), out);
			EQ_STR(out, want);
		}
		if (r->alias) {
			key_print(parsed(r->alias), out);
			EQ_STR(out, r->name);
		}
	}
}

TEST(every_byte_is_a_key_that_reads_back)
{
	for (uint32_t c = 0; c < 0x300; c++) {
		char out[KEY_NAME_MAX];
		struct key k = key_canonical((struct key){ c, 0 });
		size_t n = key_print(k, out);
		struct key back;
		if (c >= 0x80 && c < 0xa0)
			continue;
		EQ_INT(key_parse(out, n, &back, NULL), 0);
		EQ_INT(back.sym, k.sym);
		EQ_INT(back.mods, k.mods);
	}
}

TEST(lists)
{
	struct key k[16];
	EQ_INT(key_parse_list(" C-c Enter  Up ", k, 16, NULL), 3);
	EQ_INT(k[0].sym, 'c');
	EQ_INT(k[1].sym, SYM_ENTER);
	EQ_INT(k[2].sym, SYM_UP);
	EQ_INT(key_parse_list("'a b' Enter", k, 16, NULL), 4);
	EQ_INT(k[1].sym, ' ');
	EQ_INT(key_parse_list("\"q\\n\\t\\e\\\"\"", k, 16, NULL), 5);
	EQ_INT(k[1].sym, SYM_ENTER);
	EQ_INT(k[2].sym, SYM_TAB);
	EQ_INT(k[3].sym, SYM_ESC);
	EQ_INT(k[4].sym, '"');
	EQ_INT(key_parse_list("' C-'", k, 16, NULL), 3);
	EQ_INT(key_parse_list("\"'\"", k, 16, NULL), 1);
	EQ_INT(k[0].sym, '\'');
	EQ_INT(key_parse_list("' \"", k, 16, NULL), -1);
	EQ_INT(key_parse_list("'", k, 16, NULL), -1);
	EQ_INT(key_parse_list("", k, 16, NULL), 0);
	EQ_INT(key_parse_list("a b c", k, 2, NULL), -1);
	EQ_INT(key_parse_list("'abc", k, 16, NULL), -1);
	EQ_INT(key_parse_list("a Foo", k, 16, NULL), -1);
	EQ_INT(key_parse_list("'\xff'", k, 16, NULL), -1);
}

TEST_MAIN()
