#include "vt_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/base.h"
#include "base/base64.h"
#include "base/utf8.h"

/* What OSC 10, 11 and 12 are told; no viewer's colours are known here. */
#define DEFAULT_FG 0xd0d0d0u
#define DEFAULT_BG 0x000000u

static void SBX_PRINTF(2, 3)
answer(struct vt *vt, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(text))
		vt_reply(vt, text, (size_t)n);
}

static void
status_report(struct vt *vt, int what, const char *leader)
{
	int row = vt->row + 1;

	if (vt->modes & MODE_ORIGIN)
		row -= vt->top;
	if (what == 6)
		answer(vt, "\033[%s%d;%d%s", leader, row, vt->col + 1,
		       *leader ? ";1R" : "R");
	else if (what == 5 && !*leader)
		answer(vt, "\033[0n");
}

/* DECRQM: 1 set, 2 reset, 0 not known. */
static void
mode_report(struct vt *vt, int number, bool is_private)
{
	int state = 0;

	for (size_t i = 0; i < vt_mode_count; i++) {
		const struct vt_mode *m = &vt_mode_table[i];
		if (m->number == number && m->is_private == is_private)
			state = vt->modes & m->bit ? 1 : 2;
	}
	answer(vt, "\033[%s%d;%d$y", is_private ? "?" : "", number, state);
}

static void
window_report(struct vt *vt, int what)
{
	if (what == 18)
		answer(vt, "\033[8;%d;%dt", vt->rows, vt->cols);
	else if (what == 19)
		answer(vt, "\033[9;%d;%dt", vt->rows, vt->cols);
	else if (what == 11)
		answer(vt, "\033[1t");
}

bool
vt_query_csi(struct vt *vt, const struct vtguard_csi *c)
{
	int first = c->count > 0 && c->param[0] >= 0 ? c->param[0] : 0;
	int alt = vt_is_alt(vt), depth = vt->kitty_depth[alt];

	switch (c->inter << 16 | c->leader << 8 | c->final) {
	case 'c':
		/* A VT220 with colour. */
		if (first == 0)
			answer(vt, "\033[?62;22c");
		return true;
	case '>' << 8 | 'c':
		if (first == 0)
			answer(vt, "\033[>0;100;0c");
		return true;
	case 'n':
		status_report(vt, first, "");
		return true;
	case '?' << 8 | 'n':
		status_report(vt, first, "?");
		return true;
	case '$' << 16 | 'p':
		mode_report(vt, first, false);
		return true;
	case '$' << 16 | '?' << 8 | 'p':
		mode_report(vt, first, true);
		return true;
	case '>' << 8 | 'q':
		if (first == 0)
			answer(vt, "\033P>|sbx(%s)\033\\", SBX_VERSION);
		return true;
	case '?' << 8 | 'u':
		answer(vt, "\033[?%du",
		       depth > 0 ? vt->kitty[alt][depth - 1] : 0);
		return true;
	case 't':
		window_report(vt, first);
		return true;
	case 'x':
		if (first <= 1)
			answer(vt, "\033[%d;1;1;112;112;1;0x", first + 2);
		return true;
	}
	return false;
}

/* UTF-8 without controls, cut at a character. */
static void
set_title(struct vt *vt, const char *s, size_t len)
{
	char title[VT_TITLE_MAX];
	size_t n = 0;

	while (len > 0) {
		uint32_t cp;
		int used = utf8_decode(s, len, &cp);
		if (used > 0 && n + (size_t)used >= sizeof(title))
			break;
		if (used > 0 && cp >= 0x20 && cp != 0x7f &&
		    (cp < 0x80 || cp >= 0xa0)) {
			memcpy(title + n, s, (size_t)used);
			n += (size_t)used;
		}
		used = used > 0 ? used : 1;
		s += used;
		len -= (size_t)used;
	}
	title[n] = '\0';
	if (strcmp(title, vt->title) == 0)
		return;
	memcpy(vt->title, title, n + 1);
	if (vt->hooks.title)
		vt->hooks.title(vt->arg, vt->title);
}

static uint32_t
palette(unsigned idx)
{
	static const uint32_t basic[16] = {
		0x000000, 0xcd0000, 0x00cd00, 0xcdcd00,
		0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
		0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
		0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
	};
	static const uint8_t level[6] = { 0, 95, 135, 175, 215, 255 };

	if (idx < 16)
		return basic[idx];
	if (idx >= 232) {
		uint32_t grey = 8 + (idx - 232) * 10;
		return grey * 0x010101;
	}
	idx -= 16;
	return (uint32_t)level[idx / 36] << 16 |
	       (uint32_t)level[idx / 6 % 6] << 8 | level[idx % 6];
}

static void
colour_report(struct vt *vt, const char *name, uint32_t c)
{
	/* X11 wants 16 bits a channel. */
	answer(vt, "\033]%s;rgb:%02x%02x/%02x%02x/%02x%02x\033\\", name,
	       c >> 16, c >> 16, c >> 8 & 255, c >> 8 & 255, c & 255, c & 255);
}

/* OSC 4: pairs of "index;?"; setting a colour is not followed. */
static void
palette_report(struct vt *vt, const char *s)
{
	unsigned idx = 0;
	char name[16];

	for (; *s >= '0' && *s <= '9' && idx < 256; s++)
		idx = idx * 10 + (unsigned)(*s - '0');
	if (strcmp(s, ";?") != 0 || idx > 255)
		return;
	snprintf(name, sizeof(name), "4;%u", idx);
	colour_report(vt, name, palette(idx));
}

/* OSC 52: "selection;base64"; a question would hand out what the user
 * copied elsewhere, so it stays unanswered. */
static void
clipboard(struct vt *vt, const char *s, size_t len)
{
	const char *data = memchr(s, ';', len);
	struct buf out = BUF_INIT(VTGUARD_STRING_MAX);

	if (!data || !vt->hooks.clipboard)
		return;
	data++;
	if (base64_decode(&out, data, len - (size_t)(data - s)) == 0 &&
	    out.len > 0)
		vt->hooks.clipboard(vt->arg, out.data, out.len);
	buf_fini(&out);
}

void
vt_osc(struct vt *vt, const char *s, size_t len)
{
	const char *semicolon = memchr(s, ';', len);
	unsigned number = 0;

	if (!semicolon || semicolon == s || semicolon - s > 4)
		return;
	for (const char *d = s; d < semicolon; d++) {
		if (*d < '0' || *d > '9')
			return;
		number = number * 10 + (unsigned)(*d - '0');
	}
	const char *rest = semicolon + 1;
	size_t rest_len = len - (size_t)(rest - s);
	bool is_question = rest_len == 1 && *rest == '?';

	if (number == 0 || number == 2)
		set_title(vt, rest, rest_len);
	else if (number == 4)
		palette_report(vt, rest);
	else if (number == 52)
		clipboard(vt, rest, rest_len);
	else if (is_question && (number == 10 || number == 12))
		colour_report(vt, number == 10 ? "10" : "12", DEFAULT_FG);
	else if (is_question && number == 11)
		colour_report(vt, "11", DEFAULT_BG);
}

/* DECRQSS: what a sequence would have to say to set what is set now. */
static void
setting_report(struct vt *vt, const char *what)
{
	char sgr[CELL_SGR_MAX];

	if (strcmp(what, "m") == 0) {
		cell_sgr(NULL, &vt->pen, sgr);
		answer(vt, "\033P1$r%s\033\\", sgr + 2);
	} else if (strcmp(what, "r") == 0) {
		answer(vt, "\033P1$r%d;%dr\033\\", vt->top + 1, vt->bottom);
	} else if (strcmp(what, " q") == 0) {
		int style = vt->shape * 2 + (vt->modes & MODE_BLINK ? 1 : 2);
		answer(vt, "\033P1$r%d q\033\\", style);
	} else if (strcmp(what, "\"p") == 0) {
		answer(vt, "\033P1$r62;1\"p\033\\");
	} else {
		answer(vt, "\033P0$r\033\\");
	}
}

void
vt_dcs(struct vt *vt, const char *s, size_t len)
{
	if (len >= 2 && memcmp(s, "$q", 2) == 0)
		setting_report(vt, s + 2);
	else if (len >= 2 && memcmp(s, "+q", 2) == 0)
		answer(vt, "\033P0+r\033\\");	/* XTGETTCAP: none */
}
