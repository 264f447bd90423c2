#include "terminfo.h"

#include <curses.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/mem.h"

/*
 * The compiled form with 32-bit numbers (term(5)): six 16-bit counts, names,
 * booleans, a pad byte to an even offset, numbers, offsets of strings, the
 * strings; then the same again for extended names.  ABSENT marks a missing
 * number or string.
 */
enum {
	MAGIC_32 = 01036,
	ENTRY_MAX = 32000,	/* ncurses refuses 32 KiB */
	STRINGS_MAX = 24000,
};
#define ABSENT 0xffffffffu

#define SET_COLOR(base, bright, rgb)                                           \
	"\033[%?%p1%{8}%<%t" base "%p1%d%e%p1%{16}%<%t" bright                 \
	"%p1%{8}%-%d%e%p1%{256}%<%t" rgb ";5;%p1%d%e" rgb                      \
	";2;%p1%{65536}%/%{255}%&%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"

static const char set_fg[] = SET_COLOR("3", "9", "38");
static const char set_bg[] = SET_COLOR("4", "10", "48");

static void
put16(struct buf *b, unsigned v)
{
	buf_addc(b, (char)(v & 255));
	buf_addc(b, (char)(v >> 8 & 255));
}

static void
put32(struct buf *b, uint32_t v)
{
	put16(b, v & 0xffff);
	put16(b, v >> 16);
}

static size_t
count_names(char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static const char *
string_of(const char *name)
{
	char *s = tigetstr(name);

	return s && s != (char *)-1 ? s : NULL;
}

/* The sgr string with ";9" for its eighth parameter: A_PROTECT then means
 * struck through, which curses has no name for. */
static char *
sgr_with_strike(const char *sgr)
{
	const char *start = strstr(sgr, "\033[0");
	const char *end = start ? strchr(start, 'm') : NULL;

	if (!end || strstr(sgr, "%p8"))
		return mem_str(sgr);
	return mem_fmt("%.*s%%?%%p8%%t;9%%;%s", (int)(end - sgr), sgr, end);
}

/* NULL: left out. */
static char *
string_value(const char *name)
{
	const char *s = string_of(name);

	if (!strcmp(name, "setaf"))
		return mem_str(set_fg);
	if (!strcmp(name, "setab"))
		return mem_str(set_bg);
	if (!strcmp(name, "prot"))
		return mem_str("\033[9m");
	if (!strcmp(name, "initc") || !strcmp(name, "initp") ||
	    !strcmp(name, "oc"))
		return NULL;
	if (s && !strcmp(name, "sgr"))
		return sgr_with_strike(s);
	return mem_str(s);
}

static uint32_t
number_value(const char *name)
{
	if (!strcmp(name, "colors"))
		return 2 * TERMINFO_RGB;
	if (!strcmp(name, "pairs"))
		return 0x10000;
	int n = tigetnum(name);
	return n < 0 ? ABSENT : (uint32_t)n;
}

static int
put_strings(struct buf *b, size_t count)
{
	struct buf table;
	int r = 0;

	buf_init(&table, STRINGS_MAX);
	for (size_t i = 0; i < count; i++) {
		char *s = string_value(strnames[i]);
		put16(b, s ? (unsigned)table.len : ABSENT & 0xffff);
		if (s && buf_add(&table, s, strlen(s) + 1) < 0)
			r = -1;
		free(s);
	}
	/* The header was written with a place for this size. */
	b->data[10] = (char)(table.len & 255);
	b->data[11] = (char)(table.len >> 8);
	if (buf_add(b, buf_str(&table), table.len) < 0)
		r = -1;
	buf_fini(&table);
	return r;
}

/* One extended number: RGB with 8 bits a part.  Without it ncurses would
 * make a table of all the colours. */
static void
put_extended(struct buf *b)
{
	if (b->len & 1)
		buf_addc(b, 0);
	put16(b, 0);
	put16(b, 1);
	put16(b, 0);
	put16(b, 1);
	put16(b, 4);
	put32(b, 8);
	put16(b, 0);
	buf_add(b, "RGB", 4);
}

int
terminfo_read(struct terminfo *ti, struct err *e)
{
	const char *term = getenv("TERM"), *ct = getenv("COLORTERM");
	int status = 0;

	memset(ti, 0, sizeof(*ti));
	if (!term || !*term)
		return err_set(e, ERR_FAILED, "TERM is not set");
	if (setupterm(NULL, STDOUT_FILENO, &status) != OK) {
		err_set(e, ERR_FAILED,
			"the terminal type '%s' is not known here", term);
		return err_hint(e, "try TERM=xterm");
	}
	ti->can_move = string_of("cup") != NULL;
	ti->cursor_shapes = string_of("Ss") != NULL;
	ti->colors = tigetnum("colors");
	ti->rgb = ti->colors >= 8 &&
		  (tigetflag("RGB") > 0 || tigetflag("Tc") > 0 ||
		   tigetnum("RGB") > 0 || string_of("RGB") ||
		   (ct && (!strcmp(ct, "truecolor") || !strcmp(ct, "24bit"))));
	return 0;
}

char *
terminfo_direct(void)
{
	const char *name = getenv("TERM");
	size_t nbool = count_names((char *const *)boolnames);
	size_t nnum = count_names((char *const *)numnames);
	size_t nstr = count_names((char *const *)strnames);
	struct buf b, hex;
	char *out = NULL;

	buf_init(&b, ENTRY_MAX);
	buf_init(&hex, 2 * ENTRY_MAX + 8);
	put16(&b, MAGIC_32);
	put16(&b, (unsigned)strlen(name) + 1);
	put16(&b, (unsigned)nbool);
	put16(&b, (unsigned)nnum);
	put16(&b, (unsigned)nstr);
	put16(&b, 0);
	buf_add(&b, name, strlen(name) + 1);
	for (size_t i = 0; i < nbool; i++)
		buf_addc(&b, tigetflag(boolnames[i]) > 0 &&
				     strcmp(boolnames[i], "ccc") != 0);
	if (b.len & 1)
		buf_addc(&b, 0);
	for (size_t i = 0; i < nnum; i++)
		put32(&b, number_value(numnames[i]));
	if (put_strings(&b, nstr) < 0)
		goto done;
	put_extended(&b);
	buf_adds(&hex, "hex:");
	for (size_t i = 0; i < b.len; i++)
		buf_addf(&hex, "%02X", (unsigned char)b.data[i]);
	out = buf_take(&hex);
done:
	buf_fini(&b);
	buf_fini(&hex);
	return out;
}

const char *
terminfo_string(const char *capability)
{
	const char *s = string_of(capability);

	return s ? s : "";
}

void
terminfo_doctor(struct buf *out)
{
	struct err e = ERR_INIT;
	struct terminfo ti;
	const char *term = getenv("TERM"), *ct = getenv("COLORTERM");

	buf_addf(out, "terminal %s\n", term && *term ? term : "(not set)");
	if (ct && *ct)
		buf_addf(out, "colorterm %s\n", ct);
	if (terminfo_read(&ti, &e) < 0) {
		buf_addf(out, "screen no: %s\n", e.text);
		return;
	}
	buf_addf(out, "screen %s\n",
		 ti.can_move ? "yes, by ncurses" : "no: it cannot move its "
						   "cursor");
	if (ti.rgb)
		buf_adds(out, "colors 24 bit\n");
	else
		buf_addf(out, "colors %d\n", ti.colors > 0 ? ti.colors : 0);
}
