#include "keys.h"

#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "base/utf8.h"

#define KEY(name, alias, sym, help) { { name, alias, "", help }, sym }

static const struct key_name names[] = {
	KEY("Enter", "Return", SYM_ENTER, "the return key"),
	KEY("Tab", NULL, SYM_TAB, "the tabulator key"),
	KEY("Esc", "Escape", SYM_ESC, "the escape key"),
	KEY("BS", "Backspace", SYM_BS, "the backspace key"),
	KEY("Space", NULL, ' ', "the space bar"),
	KEY("Up", NULL, SYM_UP, "cursor up"),
	KEY("Down", NULL, SYM_DOWN, "cursor down"),
	KEY("Right", NULL, SYM_RIGHT, "cursor right"),
	KEY("Left", NULL, SYM_LEFT, "cursor left"),
	KEY("Home", NULL, SYM_HOME, "to the beginning"),
	KEY("End", NULL, SYM_END, "to the end"),
	KEY("PgUp", "PageUp", SYM_PGUP, "a page up"),
	KEY("PgDn", "PageDown", SYM_PGDN, "a page down"),
	KEY("Ins", "Insert", SYM_INS, "the insert key"),
	KEY("Del", "Delete", SYM_DEL, "the delete key"),
	KEY("F1", NULL, SYM_F1, "function key 1"),
	KEY("F2", NULL, SYM_F1 + 1, "function key 2"),
	KEY("F3", NULL, SYM_F1 + 2, "function key 3"),
	KEY("F4", NULL, SYM_F1 + 3, "function key 4"),
	KEY("F5", NULL, SYM_F1 + 4, "function key 5"),
	KEY("F6", NULL, SYM_F1 + 5, "function key 6"),
	KEY("F7", NULL, SYM_F1 + 6, "function key 7"),
	KEY("F8", NULL, SYM_F1 + 7, "function key 8"),
	KEY("F9", NULL, SYM_F1 + 8, "function key 9"),
	KEY("F10", NULL, SYM_F1 + 9, "function key 10"),
	KEY("F11", NULL, SYM_F1 + 10, "function key 11"),
	KEY("F12", NULL, SYM_F1 + 11, "function key 12"),
	KEY("F13", NULL, SYM_F1 + 12, "function key 13"),
	KEY("F14", NULL, SYM_F1 + 13, "function key 14"),
	KEY("F15", NULL, SYM_F1 + 14, "function key 15"),
	KEY("F16", NULL, SYM_F1 + 15, "function key 16"),
	KEY("F17", NULL, SYM_F1 + 16, "function key 17"),
	KEY("F18", NULL, SYM_F1 + 17, "function key 18"),
	KEY("F19", NULL, SYM_F1 + 18, "function key 19"),
	KEY("F20", NULL, SYM_F20, "function key 20"),
};

const struct table key_table = TABLE(names);

bool
key_is_text(struct key k)
{
	return k.sym < SYM_FIRST && !(k.mods & ~(unsigned)KEY_SHIFT);
}

struct key
key_canonical(struct key k)
{
	if (k.sym < 0x20 || k.sym == 0x7f) {
		/* What a terminal sends for a control key. */
		if (k.sym == 0x7f)
			return (struct key){ SYM_BS, k.mods };
		k.sym |= 0x40;
		k.mods |= KEY_CTRL;
	}
	if (k.mods & KEY_CTRL) {
		if (k.sym >= 'A' && k.sym <= 'Z')
			k.sym += 'a' - 'A';
		/* One byte each, so a terminal cannot tell them apart. */
		switch (k.sym) {
		case 'i':
			return (struct key){ SYM_TAB, k.mods & ~KEY_CTRL };
		case 'm':
			return (struct key){ SYM_ENTER, k.mods & ~KEY_CTRL };
		case '[':
			return (struct key){ SYM_ESC, k.mods & ~KEY_CTRL };
		case '@':
			k.sym = ' ';
			break;
		}
		return k;
	}
	if (k.mods & KEY_SHIFT && k.sym < SYM_FIRST && k.sym != ' ') {
		if (k.sym >= 'a' && k.sym <= 'z')
			k.sym -= 'a' - 'A';
		k.mods &= ~KEY_SHIFT;
	}
	return k;
}

static unsigned
modifier(char c)
{
	switch (c) {
	case 'C':
		return KEY_CTRL;
	case 'M':
	case 'A':
		return KEY_ALT;
	case 'S':
		return KEY_SHIFT;
	}
	return 0;
}

static int
unknown(struct err *err, const char *text, size_t len)
{
	int shown = len > 40 ? 40 : (int)len;
	char word[KEY_NAME_MAX];

	err_set(err, ERR_USAGE, "unknown key '%.*s'", shown, text);
	if (len > 1 && len < sizeof(word)) {
		memcpy(word, text, len);
		word[len] = '\0';
		const struct row *near = table_suggest(&key_table, word);
		if (near)
			err_hint(err, "did you mean '%s'?", near->name);
	}
	return -1;
}

int
key_parse(const char *text, size_t len, struct key *out, struct err *err)
{
	const char *s = text, *end = text + len;
	struct key k = { 0, 0 };
	char word[KEY_NAME_MAX];
	uint32_t cp;

	while (end - s >= 3 && s[1] == '-' && modifier(s[0])) {
		k.mods |= modifier(s[0]);
		s += 2;
	}
	if (s == end) {
		err_set(err, ERR_USAGE, "empty key name");
		return -1;
	}
	if (utf8_decode(s, (size_t)(end - s), &cp) == end - s) {
		if (cp < 0x20 || cp == 0x7f)
			return unknown(err, "(control character)", 19);
		k.sym = cp;
		*out = key_canonical(k);
		return 0;
	}
	if ((size_t)(end - s) >= sizeof(word))
		return unknown(err, text, len);
	memcpy(word, s, (size_t)(end - s));
	word[end - s] = '\0';
	const struct row *r = table_find(&key_table, word);
	if (!r)
		return unknown(err, s, (size_t)(end - s));
	k.sym = container_of(r, const struct key_name, row)->sym;
	*out = key_canonical(k);
	return 0;
}

size_t
key_print(struct key k, char *out)
{
	size_t n = 0;

	k = key_canonical(k);
	if (k.mods & KEY_CTRL)
		n += (size_t)snprintf(out + n, KEY_NAME_MAX - n, "C-");
	if (k.mods & KEY_ALT)
		n += (size_t)snprintf(out + n, KEY_NAME_MAX - n, "M-");
	if (k.mods & KEY_SHIFT)
		n += (size_t)snprintf(out + n, KEY_NAME_MAX - n, "S-");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].sym != k.sym)
			continue;
		n += (size_t)snprintf(out + n, KEY_NAME_MAX - n, "%s",
				      names[i].row.name);
		return n;
	}
	char utf8[4];
	int len = utf8_encode(k.sym, utf8);
	memcpy(out + n, utf8, (size_t)len);
	n += (size_t)len;
	out[n] = '\0';
	return n;
}

/* One character of a quoted text as a key; returns its bytes or -1. */
static int
quoted_char(const char *s, const char *end, char quote, struct key *out)
{
	int n = 1;
	uint32_t cp;

	if (quote == '"' && *s == '\\' && s + 1 < end) {
		switch (s[1]) {
		case 'n':
		case 'r':
			*out = (struct key){ SYM_ENTER, 0 };
			return 2;
		case 't':
			*out = (struct key){ SYM_TAB, 0 };
			return 2;
		case 'e':
			*out = (struct key){ SYM_ESC, 0 };
			return 2;
		}
		s++;
		n++;
	}
	int len = utf8_decode(s, (size_t)(end - s), &cp);
	if (len <= 0)
		return -1;
	*out = key_canonical((struct key){ cp == '\n' ? '\r' : cp, 0 });
	return n - 1 + len;
}

int
key_parse_list(const char *text, struct key *out, size_t max,
	       struct err *err)
{
	const char *s = text, *end = text + strlen(text);
	size_t count = 0;

	for (;;) {
		s += strspn(s, " \t\n");
		if (*s == '\0')
			break;
		const char *stop = s + strcspn(s, " \t\n");
		char quote = *s == '\'' || *s == '"' ? *s : '\0';
		for (s += quote != 0; quote ? *s != quote : s < stop;) {
			struct key k;
			int n = (int)(stop - s);
			if (quote && s == end)
				return err_set(err, ERR_USAGE,
					       "missing %c in keys", quote);
			if (quote)
				n = quoted_char(s, end, quote, &k);
			else if (key_parse(s, (size_t)n, &k, err) != 0)
				return -1;
			if (n <= 0)
				return err_set(err, ERR_USAGE,
					       "keys are not UTF-8");
			if (count == max)
				return err_set(err, ERR_USAGE,
					       "more than %zu keys", max);
			out[count++] = k;
			s += n;
		}
		s += quote != 0;
	}
	return (int)count;
}
