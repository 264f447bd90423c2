/*
 * The terminal's speed as ratios in one run: libvterm's bare state layer,
 * its screen layer, and ours, on the same bytes in 4 KiB pieces at 24x80.
 * Each is the best of several rounds, taken in turn, so that a busy machine
 * hits all three.  Prints MB/s and the two ratios.
 */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vterm.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/term/vt.h"

#define ROWS 24
#define COLS 80
#define BYTES (2u << 20)
#define PIECE 4096
#define ROUNDS 7

struct load {
	const char *name;
	char *data;
	size_t len;
};

typedef void run_fn(const struct load *l);

static double
now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
take_glyph(VTermGlyphInfo *info, VTermPos pos, void *user)
{
	(void)pos;
	*(unsigned *)user += info->chars[0];
	return 1;
}

static int
take_scroll(VTermRect rect, int down, int right, void *user)
{
	*(unsigned *)user += (unsigned)(rect.end_row + down + right);
	return 1;
}

static int
take_erase(VTermRect rect, int selective, void *user)
{
	*(unsigned *)user += (unsigned)(rect.end_row + selective);
	return 1;
}

static void
feed(VTerm *t, const struct load *l)
{
	/* More at once overflows the stack of 0.1.4. */
	for (size_t i = 0; i < l->len; i += PIECE)
		vterm_input_write(t, l->data + i,
				  l->len - i < PIECE ? l->len - i : PIECE);
}

static void
run_state(const struct load *l)
{
	static const VTermStateCallbacks cb = { .putglyph = take_glyph,
						.scrollrect = take_scroll,
						.erase = take_erase };
	unsigned sum = 0;
	VTerm *t = vterm_new(ROWS, COLS);
	vterm_set_utf8(t, 1);
	VTermState *s = vterm_obtain_state(t);
	vterm_state_set_callbacks(s, &cb, &sum);
	vterm_state_reset(s, 1);
	feed(t, l);
	vterm_free(t);
}

static int
take_line(int cols, const VTermScreenCell *cells, void *user)
{
	*(unsigned *)user += cells[cols - 1].chars[0];
	return 1;
}

static void
run_screen(const struct load *l)
{
	static const VTermScreenCallbacks cb = { .sb_pushline = take_line };
	unsigned sum = 0;
	VTerm *t = vterm_new(ROWS, COLS);
	vterm_set_utf8(t, 1);
	VTermScreen *s = vterm_obtain_screen(t);
	vterm_screen_set_callbacks(s, &cb, &sum);
	vterm_screen_set_damage_merge(s, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(s, 1);
	feed(t, l);
	vterm_free(t);
}

static void
run_ours(const struct load *l)
{
	struct vt *vt = vt_new(ROWS, COLS, 10000, NULL, NULL);
	for (size_t i = 0; i < l->len; i += PIECE)
		vt_feed(vt, l->data + i,
			l->len - i < PIECE ? l->len - i : PIECE);
	vt_free(vt);
}

static unsigned
number(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

static size_t
line_plain(char *o, unsigned *seed)
{
	size_t n = 0;
	for (unsigned len = 60 + number(seed) % 80; n < len; n++)
		o[n] = (char)(number(seed) % 6 ? 'a' + number(seed) % 26 : ' ');
	return n;
}

static size_t
line_short(char *o, unsigned *seed)
{
	return (size_t)sprintf(o, "%u", number(seed) % 1000);
}

static size_t
line_colour(char *o, unsigned *seed)
{
	size_t n = 0;
	for (int i = 0; i < 10; i++)
		n += (size_t)sprintf(o + n, "\033[%u;%um%05u\033[0m ",
				     number(seed) % 2, 30 + number(seed) % 8,
				     number(seed) % 100000);
	return n;
}

static size_t
line_cells(char *o, unsigned *seed)
{
	size_t n = 0;
	for (int i = 0; i < 8; i++)
		n += (size_t)sprintf(o + n, "\033[%u;%uH\033[48;5;%um%c",
				     number(seed) % ROWS + 1,
				     number(seed) % COLS + 1,
				     number(seed) % 256,
				     'a' + number(seed) % 26);
	return n;
}

static size_t
line_unicode(char *o, unsigned *seed)
{
	static const char *const some[] = { "é", "ü", "│", "─", "你", "好",
					    "я", "ж", "✓", "e\xcc\x81" };
	size_t n = 0;
	for (int i = 0; i < 50; i++) {
		const char *s = some[number(seed) % ARRAY_LEN(some)];
		memcpy(o + n, s, strlen(s));
		n += strlen(s);
	}
	return n;
}

static struct load
make_load(const char *name, size_t (*line)(char *, unsigned *))
{
	struct load l = { name, mem_alloc(BYTES + 4096), 0 };
	unsigned seed = 1;
	while (l.len < BYTES) {
		l.len += line(l.data + l.len, &seed);
		memcpy(l.data + l.len, "\r\n", 2);
		l.len += 2;
	}
	return l;
}

int
main(void)
{
	static run_fn *const runs[] = { run_state, run_screen, run_ours };
	struct load loads[] = {
		make_load("plain", line_plain),
		make_load("short", line_short),
		make_load("colour", line_colour),
		make_load("cells", line_cells),
		make_load("unicode", line_unicode),
	};

	setlocale(LC_ALL, "C.UTF-8");
	printf("%-8s %8s %8s %8s  %s\n", "MB/s", "state", "screen", "ours",
	       "ours/state ours/screen");
	for (size_t i = 0; i < ARRAY_LEN(loads); i++) {
		double best[3] = { 1e9, 1e9, 1e9 };
		for (int round = 0; round < ROUNDS; round++) {
			for (int r = 0; r < 3; r++) {
				double t = now();
				runs[r](&loads[i]);
				t = now() - t;
				best[r] = t < best[r] ? t : best[r];
			}
		}
		double mb = (double)loads[i].len / 1e6;
		printf("%-8s %8.1f %8.1f %8.1f  %10.2f %11.2f\n",
		       loads[i].name, mb / best[0], mb / best[1], mb / best[2],
		       best[0] / best[2], best[1] / best[2]);
		free(loads[i].data);
	}
	return 0;
}
