#include "vt_int.h"

#include <string.h>
#include "base/base.h"

#define MOUSE VT_MODE_MOUSE_ANY
#define CODING (VT_MODE_MOUSE_SGR | MODE_MOUSE_URXVT)

/* Modes that are one bit and nothing else, or a bit with an effect that
 * mode_effect() knows. */
const struct vt_mode vt_mode_table[] = {
	{ 4, false, MODE_INSERT, 0 },
	{ 20, false, MODE_NEWLINE, 0 },
	{ 1, true, VT_MODE_APPCURSOR, 0 },
	{ 5, true, VT_MODE_REVERSE, 0 },
	{ 6, true, MODE_ORIGIN, 0 },
	{ 7, true, MODE_WRAP, 0 },
	{ 9, true, VT_MODE_MOUSE_X10, MOUSE },
	{ 12, true, MODE_BLINK, 0 },
	{ 25, true, MODE_CURSOR, 0 },
	{ 47, true, VT_MODE_ALTSCREEN, 0 },
	{ 66, true, VT_MODE_APPKEYPAD, 0 },
	{ 1000, true, VT_MODE_MOUSE_CLICK, MOUSE },
	{ 1002, true, VT_MODE_MOUSE_DRAG, MOUSE },
	{ 1003, true, VT_MODE_MOUSE_MOVE, MOUSE },
	{ 1004, true, VT_MODE_FOCUS, 0 },
	{ 1006, true, VT_MODE_MOUSE_SGR, CODING },
	{ 1007, true, VT_MODE_ALTSCROLL, 0 },
	{ 1015, true, MODE_MOUSE_URXVT, CODING },
	{ 1047, true, VT_MODE_ALTSCREEN, 0 },
	{ 1049, true, VT_MODE_ALTSCREEN, 0 },
	{ 2004, true, VT_MODE_PASTE, 0 },
	{ 2026, true, VT_MODE_SYNC, 0 },
};
const size_t vt_mode_count = ARRAY_LEN(vt_mode_table);

void
vt_move(struct vt *vt, int row, int col)
{
	vt->pending = false;
	vt->row = SBX_MAX(0, SBX_MIN(row, vt->rows - 1));
	vt->col = SBX_MAX(0, SBX_MIN(col, vt->cols - 1));
}

void
vt_home(struct vt *vt)
{
	vt_move(vt, vt->modes & MODE_ORIGIN ? vt->top : 0, 0);
}

void
vt_region(struct vt *vt, int top, int bottom)
{
	vt->top = top;
	vt->bottom = bottom;
	vt->pending = false;
	vt_lib_region(vt, top, bottom);
}

void
vt_clear(struct vt *vt)
{
	vt_lib_csi(vt, 2, -1, 'J');
}

void
vt_save(struct vt *vt)
{
	vt->saved[vt_is_alt(vt)] = (struct vt_saved){
		.row = vt->row,
		.col = vt->col,
		.pending = vt->pending,
		.origin = vt->modes & MODE_ORIGIN,
		.pen = vt->pen,
		.charsets = vt->charsets,
	};
}

void
vt_restore(struct vt *vt)
{
	const struct vt_saved *s = &vt->saved[vt_is_alt(vt)];
	int row = s->row;

	vt->pen = s->pen;
	vt->charsets = s->charsets;
	vt->modes &= ~(unsigned)MODE_ORIGIN;
	if (s->origin) {
		vt->modes |= MODE_ORIGIN;
		row = SBX_MAX(vt->top, SBX_MIN(row, vt->bottom - 1));
	}
	vt_move(vt, row, s->col);
	vt->pending = s->pending && vt->modes & MODE_WRAP;
}

static void
alt_enter(struct vt *vt, bool with_cursor)
{
	if (vt_is_alt(vt))
		return;
	if (with_cursor)
		vt_save(vt);
	vt->alt = grid_new(vt->rows, vt->cols);
	vt->alt->tick = vt->primary->tick;
	vt->grid = vt->alt;
	vt->kitty_depth[1] = 0;
	vt->saved[1] = (struct vt_saved){ .pen = CELL_BLANK };
	grid_touch_all(vt->grid);
}

bool
vt_alt_leave(struct vt *vt)
{
	if (!vt_is_alt(vt))
		return false;
	grid_free(vt->alt);
	vt->alt = NULL;
	vt->grid = vt->primary;
	grid_touch_all(vt->grid);
	return true;
}

/* What setting or resetting a mode does besides its bit. */
static void
mode_effect(struct vt *vt, int number, bool on)
{
	switch (number) {
	case 5:
		grid_touch_all(vt->grid);
		break;
	case 6:
		vt_home(vt);
		break;
	case 7:
		vt->pending = vt->pending && on;
		break;
	case 47:
	case 1047:
	case 1049:
		if (on)
			alt_enter(vt, number == 1049);
		else if (vt_alt_leave(vt) && number == 1049)
			vt_restore(vt);
		break;
	}
}

static void
set_mode(struct vt *vt, int number, bool is_private, bool on)
{
	for (size_t i = 0; i < vt_mode_count; i++) {
		const struct vt_mode *m = &vt_mode_table[i];
		if (m->number != number || m->is_private != is_private)
			continue;
		vt->modes &= ~(m->bit | m->group);
		if (on)
			vt->modes |= m->bit;
		if (is_private)
			mode_effect(vt, number, on);
		return;
	}
	if (!is_private)
		return;
	if (number == 3) {
		/* DECCOLM: the width is not ours to change; all that comes
		 * with it happens. */
		vt_region(vt, 0, vt->rows);
		vt_home(vt);
		vt_clear(vt);
	} else if (number == 1048) {
		if (on)
			vt_save(vt);
		else
			vt_restore(vt);
	}
}

void
vt_set_modes(struct vt *vt, const struct vtguard_csi *c)
{
	for (int i = 0; i < c->count; i++)
		set_mode(vt, c->param[i], c->leader == '?', c->final == 'h');
}

/* Sub-parameters that follow parameter i by colons. */
static int
sub_count(const struct vtguard_csi *c, int i)
{
	int n = 0;
	while (i + n + 1 < c->count && c->sub >> (i + n + 1) & 1)
		n++;
	return n;
}

static uint32_t
colour_byte(int v)
{
	return v < 0 ? 0 : (uint32_t)(v & 255);
}

/* The colour whose 38 or 48 is parameter i: sets *colour when it is well
 * formed; returns how many parameters behind i belong to it. */
static int
extended_colour(const struct vtguard_csi *c, int i, uint32_t *colour)
{
	int subs = sub_count(c, i);
	const int *p = &c->param[i + 1];
	int have = subs ? subs : c->count - i - 1;
	int kind = have > 0 ? p[0] : -1;

	if (kind == 5 && have >= 2) {
		if (p[1] <= 255)
			*colour = VT_INDEXED | colour_byte(p[1]);
		return subs ? subs : 2;
	}
	if (kind == 2 && have >= 4) {
		/* 38:2:space:r:g:b has a colour space, 38:2:r:g:b none. */
		const int *rgb = subs >= 5 ? p + 2 : p + 1;
		*colour = VT_RGB | colour_byte(rgb[0]) << 16 |
			  colour_byte(rgb[1]) << 8 | colour_byte(rgb[2]);
		return subs ? subs : 4;
	}
	return subs ? subs : have;
}

static void
sgr_attr(struct vt_cell *pen, int n)
{
	static const struct {
		uint8_t on, off;
		uint16_t attr;
	} codes[] = {
		{ 1, 22, VT_BOLD },	{ 2, 22, VT_DIM },
		{ 3, 23, VT_ITALIC },	{ 4, 24, VT_UNDERLINE },
		{ 21, 24, VT_UNDERLINE }, { 5, 25, VT_BLINK },
		{ 6, 25, VT_BLINK },	{ 7, 27, VT_REVERSE },
		{ 8, 28, VT_CONCEAL },	{ 9, 29, VT_STRIKE },
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i].on == n)
			pen->attrs |= codes[i].attr;
		else if (codes[i].off == n)
			pen->attrs &= (uint16_t)~codes[i].attr;
	}
}

/* One parameter; returns how many behind it were taken. */
static int
sgr_one(struct vt_cell *pen, const struct vtguard_csi *c, int i)
{
	int n = c->param[i] < 0 ? 0 : c->param[i];
	uint32_t unused = 0;

	if (n == 38)
		return extended_colour(c, i, &pen->fg);
	if (n == 48)
		return extended_colour(c, i, &pen->bg);
	if (n == 58)		/* colour of the underline: not kept */
		return extended_colour(c, i, &unused);
	if (n == 0) {
		*pen = CELL_BLANK;
	} else if (n == 4 && sub_count(c, i) && c->param[i + 1] == 0) {
		pen->attrs &= (uint16_t)~VT_UNDERLINE;
	} else if (n < 30) {
		sgr_attr(pen, n);
	} else if (n < 38) {
		pen->fg = VT_INDEXED | (uint32_t)(n - 30);
	} else if (n == 39) {
		pen->fg = 0;
	} else if (n < 48) {
		pen->bg = VT_INDEXED | (uint32_t)(n - 40);
	} else if (n == 49) {
		pen->bg = 0;
	} else if (n >= 90 && n < 98) {
		pen->fg = VT_INDEXED | (uint32_t)(n - 90 + 8);
	} else if (n >= 100 && n < 108) {
		pen->bg = VT_INDEXED | (uint32_t)(n - 100 + 8);
	}
	return sub_count(c, i);
}

void
vt_sgr(struct vt *vt, const struct vtguard_csi *c)
{
	if (c->count == 0)
		vt->pen = CELL_BLANK;
	for (int i = 0; i < c->count; i++)
		i += sgr_one(&vt->pen, c, i);
}
