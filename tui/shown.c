#include "shown.h"

#include <string.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/base/utf8.h"
#include "engine/conf/option.h"
#include "engine/spec/spec.h"

enum { DISPLAY_MAX = 4 * SHOWN_LINE_BYTES };

void
shown_set(struct shown *s, const struct logline *l)
{
	s->run_count = SHOWN_RUNS;
	strip_display(l->text, l->len, &s->text, s->runs, &s->run_count,
		      NULL);
}

size_t
shown_cut(const struct buf *b, size_t off, int columns)
{
	size_t n = utf8_prefix(buf_str(b) + off, b->len - off, columns);

	if (n == 0 && off < b->len) {
		/* A wide character in a window of one column. */
		uint32_t cp;
		int k = utf8_decode(b->data + off, b->len - off, &cp);
		n = k > 0 ? (size_t)k : 1;
	}
	return n;
}

/* Bounded scratch for one line, kept over frames. */
struct shown *
shown_scratch(void)
{
	static struct shown *s;

	if (!s) {
		s = mem_alloc(sizeof(*s));
		buf_init(&s->text, DISPLAY_MAX);
	}
	return s;
}

void
shown_find(struct shown *s, struct regex *re)
{
	struct regex_caps caps;
	size_t at = 0;

	s->hit_count = 0;
	while (re && s->hit_count < SHOWN_HITS && at <= s->text.len &&
	       regex_match(re, buf_str(&s->text), s->text.len, at, &caps) ==
		       REGEX_MATCH) {
		size_t off = caps.group[0].off, end = caps.group[0].end;
		if (end > off) {
			s->hits[s->hit_count].off = off;
			s->hits[s->hit_count++].end = end;
		}
		at = end > at ? end : at + 1;
	}
}

static bool
in_hit(const struct shown *s, size_t off)
{
	for (size_t i = 0; i < s->hit_count; i++)
		if (off >= s->hits[i].off && off < s->hits[i].end)
			return true;
	return false;
}

/* The looks of the byte at off: the line's own, the program's, a hit. */
static struct style
style_at(const struct ui *ui, const struct shown *s, size_t off, size_t *run,
	 struct style base, bool current)
{
	struct style st = base;

	while (*run + 1 < s->run_count && s->runs[*run + 1].off <= off)
		++*run;
	if (s->run_count && s->runs[*run].off <= off) {
		const struct strip_run *r = &s->runs[*run];
		const char *wish =
			options_text(ui->options, OPTION_LOG_COLORS);
		bool colors = ui->depth != TERM_MONO && strcmp(wish, "off");
		if (r->control)
			st = ui_style(ui, ROLE_LOG_CONTROL);
		st.attrs |= r->attrs;
		if (r->fg && colors)
			st.fg = r->fg;
		if (r->bg && colors)
			st.bg = r->bg;
	}
	if (in_hit(s, off)) {
		struct style hit = ui_style(ui, current ? ROLE_MATCH_CURRENT
							: ROLE_MATCH);
		st.attrs |= hit.attrs;
		st.fg = hit.fg;
		st.bg = hit.bg;
	}
	return st;
}

/* The bytes of the character at s, the marks on it included; 0 at the end.
 * *width may be 0 for marks that stand alone. */
static size_t
whole_character(const char *s, size_t len, int *width)
{
	uint32_t cp = 0;
	int n = utf8_decode(s, len, &cp);
	size_t all = (size_t)SBX_MAX(n, 0);

	*width = SBX_MAX(utf8_width(cp), 0);
	while (n > 0 && all < len) {
		n = utf8_decode(s + all, len - all, &cp);
		if (n <= 0 || utf8_width(cp) != 0)
			break;
		all += (size_t)n;
	}
	return all;
}

bool
shown_draw(const struct ui *ui, struct rect clip, int y, const struct shown *s,
	  size_t from, size_t to, int skip, struct style base, bool current)
{
	struct pen pen = ui_pen(ui, clip, ROLE_TEXT);
	int x = clip.x - skip, end = clip.x + clip.w;
	size_t run = 0;

	for (size_t off = from; off < to;) {
		int w;
		size_t n = whole_character(s->text.data + off, to - off, &w);
		if (n == 0)
			break;
		if (x + w > end)
			return true;
		if (x >= clip.x && w > 0) {
			pen.style = style_at(ui, s, off, &run, base, current);
			draw_bytes(&pen, y, x, s->text.data + off, n);
		}
		x += w;
		off += n;
	}
	return false;
}

struct style
shown_style(const struct ui *ui, int level)
{
	if (level == SPEC_LEVEL_ERROR)
		return ui_style(ui, ROLE_LOG_ERROR);
	if (level == SPEC_LEVEL_WARN)
		return ui_style(ui, ROLE_LOG_WARN);
	return ui_style(ui, ROLE_TEXT);
}
