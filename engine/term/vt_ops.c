#include "vt_int.h"

#include <string.h>
#include "base/base.h"
#include "base/utf8.h"

#define WRITE_MAX 1024

/* DEC special graphics from 0x5f on. */
static const uint16_t graphics[] = {
	0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0,
	0x00b1, 0x2424, 0x240b, 0x2518, 0x2510, 0x250c, 0x2514, 0x253c,
	0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524, 0x2534,
	0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* A run of cells on its way to the grid; their looks are the pen's. */
struct stage {
	struct vt_cell cells[WRITE_MAX];
	int count;
};

/* To the next row, because a character did not fit. */
static void
wrap(struct vt *vt)
{
	if (vt->row == vt->bottom - 1 || vt->row < vt->rows - 1)
		grid_row(vt->grid, vt->row)->wrapped = true;
	vt->col = 0;
	vt->pending = false;
	vt_lib_line_feed(vt);
}

/* ICH, DCH or ECH of n cells. */
static void
edit_cells(struct vt *vt, int n, char final)
{
	bool is_outside = vt->row < vt->top || vt->row >= vt->bottom;
	int row = vt->row, col = vt->col;

	if (!is_outside || final == 'X') {
		vt_lib_csi(vt, n, -1, final);
		return;
	}
	/* libvterm would do nothing outside of the margins. */
	vt_lib_region(vt, 0, vt->rows);
	vt->row = row;
	vt->col = col;
	vt_lib_csi(vt, n, -1, final);
	vt_lib_region(vt, vt->top, vt->bottom);
	vt->row = row;
	vt->col = col;
}

/* Columns up to end were put; the cursor stays in the row. */
static void
put_done(struct vt *vt, struct grid_row *r, int end)
{
	grid_written(vt->grid, r, end);
	vt->col = SBX_MIN(end, vt->cols - 1);
	if (end >= vt->cols && vt->modes & MODE_WRAP)
		vt->pending = true;
}

/* What fits in the row.  The hottest path of all. */
static void
put_run(struct vt *vt, const char *s, int len)
{
	struct grid_row *r = grid_row(vt->grid, vt->row);
	const struct vt_cell pen = vt->pen;
	struct vt_cell *at = &r->cells[vt->col];

	for (int i = 0; i < len; i++) {
		if (at[i].width != 1)
			grid_put_slow(vt->grid, r, vt->col + i, &pen);
		/* Set in its place: a copy made and read back would stall. */
		at[i] = pen;
		at[i].glyph = (unsigned char)s[i];
	}
	put_done(vt, r, vt->col + len);
}

static void
put_ascii(struct vt *vt, const char *s, int len)
{
	while (len > 0) {
		if (vt->pending)
			wrap(vt);
		int room = vt->cols - vt->col;
		int n = SBX_MIN(len, room);
		if (vt->modes & MODE_INSERT)
			edit_cells(vt, n, '@');
		put_run(vt, s, n);
		s += n;
		len -= n;
		if (len > 0 && !vt->pending) {
			/* No wrapping: each hits the last column. */
			s += len - 1;
			len = 1;
		}
	}
}

static void
stage_flush(struct vt *vt, struct stage *st)
{
	if (st->count == 0)
		return;
	if (vt->modes & MODE_INSERT)
		edit_cells(vt, st->count, '@');
	struct grid_row *r = grid_row(vt->grid, vt->row);
	for (int i = 0; i < st->count; i++) {
		struct vt_cell c = vt->pen;
		c.glyph = st->cells[i].glyph;
		c.width = st->cells[i].width;
		/* The right half comes with the left one. */
		if (c.width > 0)
			grid_put(vt->grid, vt->row, vt->col + i, &c);
	}
	put_done(vt, r, vt->col + st->count);
	st->count = 0;
}

/* Adds a mark to the character before it, on the screen or in st. */
static void
combine(struct vt *vt, struct stage *st, uint32_t mark)
{
	uint32_t points[CELL_MARKS_MAX + 2];

	stage_flush(vt, st);
	int col = vt->pending ? vt->cols - 1 : vt->col - 1;
	if (col < 0)
		return;
	struct grid_row *r = grid_row(vt->grid, vt->row);
	if (r->cells[col].width == 0)
		col--;
	struct vt_cell c = r->cells[col];
	int count = cell_points(vt->pool, c.glyph, points);
	if (count > CELL_MARKS_MAX)
		return;
	points[count++] = mark;
	c.glyph = vt_glyph(vt, points, count);
	grid_put(vt->grid, vt->row, col, &c);
}

/* Makes room for a character of that width behind what is staged. */
static void
make_room(struct vt *vt, struct stage *st, int width)
{
	if (!vt->pending && vt->cols - vt->col - st->count >= width &&
	    st->count + width <= WRITE_MAX)
		return;
	stage_flush(vt, st);
	if (vt->pending || (vt->cols - vt->col < width &&
			    vt->modes & MODE_WRAP))
		wrap(vt);
	else if (vt->cols - vt->col < width)
		vt->col = vt->cols - width;
}

static void
put_points(struct vt *vt, const uint32_t *points, size_t count)
{
	struct stage st;

	st.count = 0;		/* the cells are too many to clear */
	for (size_t i = 0; i < count; i++) {
		uint32_t cp = points[i];
		/* In a pane it would turn what stands beside the pane. */
		if (utf8_turns_text(cp))
			continue;
		int width = utf8_width(cp);
		if (width == 0) {
			combine(vt, &st, cp);
			continue;
		}
		if (width < 0)
			width = 1;	/* not yet assigned: a guess */
		if (width > vt->cols) {
			cp = 0xfffd;
			width = 1;
		}
		make_room(vt, &st, width);
		struct vt_cell *c = &st.cells[st.count];
		c[0].glyph = cp;
		c[0].width = (uint8_t)width;
		if (width == 2)
			c[1].width = 0;
		st.count += width;
		vt->last = cp;
	}
	stage_flush(vt, &st);
}

static uint32_t
map_char(enum charset set, unsigned char c)
{
	if (set == CHARSET_GRAPHICS && c >= 0x5f)
		return graphics[c - 0x5f];
	if (set == CHARSET_UK && c == '#')
		return 0xa3;
	return c;
}

/* Through a character set: in pieces, as code points. */
static void
put_mapped(struct vt *vt, const char *s, size_t len)
{
	uint32_t points[256];

	while (len > 0) {
		size_t n = SBX_MIN(len, ARRAY_LEN(points));
		struct vt_charsets *sets = &vt->charsets;
		for (size_t i = 0; i < n; i++) {
			int set = sets->single ? sets->single : sets->gl;
			sets->single = 0;
			points[i] = map_char(sets->g[set],
					     (unsigned char)s[i]);
		}
		put_points(vt, points, n);
		s += n;
		len -= n;
	}
}

static void
op_text(void *arg, const char *s, size_t len)
{
	struct vt *vt = arg;

	if (vt->charsets.single ||
	    vt->charsets.g[vt->charsets.gl] != CHARSET_ASCII) {
		put_mapped(vt, s, len);
		return;
	}
	vt->last = (unsigned char)s[len - 1];
	while (len > 0) {
		int n = (int)SBX_MIN(len, (size_t)WRITE_MAX);
		put_ascii(vt, s, n);
		s += n;
		len -= (size_t)n;
	}
}

static void
op_points(void *arg, const uint32_t *points, size_t count)
{
	struct vt *vt = arg;

	vt->charsets.single = 0;
	put_points(vt, points, count);
}

static bool
tab_at(const struct vt *vt, int col)
{
	return vt->tabs[col / 8] >> col % 8 & 1;
}

static void
tab_forward(struct vt *vt, int count)
{
	int col = vt->col;

	if (vt->pending)
		return;
	for (; count > 0 && col < vt->cols - 1; count--)
		do
			col++;
		while (col < vt->cols - 1 && !tab_at(vt, col));
	vt_move(vt, vt->row, col);
}

static void
tab_back(struct vt *vt, int count)
{
	int col = vt->col;

	for (; count > 0 && col > 0; count--)
		do
			col--;
		while (col > 0 && !tab_at(vt, col));
	vt_move(vt, vt->row, col);
}

/* While a wrap is pending the cursor counts as behind the last column, as in
 * tmux: so erasing backwards hits the character printed last. */
static void
move_left(struct vt *vt, int n)
{
	vt_move(vt, vt->row, vt->pending ? vt->cols - n : vt->col - n);
}

static void
carriage_return(struct vt *vt)
{
	vt->pending = false;
	vt->col = 0;
}

/* REP and the single shifts hold only from one character to the next. */
static void
forget_last(struct vt *vt)
{
	vt->last = 0;
	vt->charsets.single = 0;
}

static void
op_control(void *arg, unsigned char c)
{
	struct vt *vt = arg;

	forget_last(vt);
	switch (c) {
	case '\a':
		if (vt->hooks.bell)
			vt->hooks.bell(vt->arg);
		break;
	case '\b':
		move_left(vt, 1);
		break;
	case '\t':
		tab_forward(vt, 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		/* A wrap that is pending stays so, one row further. */
		vt_lib_line_feed(vt);
		if (vt->modes & MODE_NEWLINE)
			carriage_return(vt);
		break;
	case '\r':
		carriage_return(vt);
		break;
	case 0x0e:
		vt->charsets.gl = 1;
		break;
	case 0x0f:
		vt->charsets.gl = 0;
		break;
	}
}

static void
set_tab(struct vt *vt, int col, bool on)
{
	uint8_t bit = (uint8_t)(1 << col % 8);

	if (on)
		vt->tabs[col / 8] |= bit;
	else
		vt->tabs[col / 8] &= (uint8_t)~bit;
}

void
vt_reset(struct vt *vt)
{
	vt_alt_leave(vt);
	vt->pen = CELL_BLANK;
	vt->modes = MODE_AT_START;
	vt->shape = 0;
	memset(&vt->charsets, 0, sizeof(vt->charsets));
	memset(vt->tabs, 1, sizeof(vt->tabs));
	memset(vt->kitty_depth, 0, sizeof(vt->kitty_depth));
	for (int i = 0; i < 2; i++)
		vt->saved[i] = (struct vt_saved){ .pen = CELL_BLANK };
	vt->last = 0;
	vt_region(vt, 0, vt->rows);
	vt_home(vt);
	vt_clear(vt);
	if (vt->title[0]) {
		vt->title[0] = '\0';
		if (vt->hooks.title)
			vt->hooks.title(vt->arg, "");
	}
}

/* DECALN: the screen full of E. */
static void
alignment(struct vt *vt)
{
	struct vt_cell e = CELL_BLANK;

	e.glyph = 'E';
	vt_region(vt, 0, vt->rows);
	vt_move(vt, 0, 0);
	for (int row = 0; row < vt->rows; row++) {
		for (int col = 0; col < vt->cols; col++)
			grid_put(vt->grid, row, col, &e);
		grid_row(vt->grid, row)->wrapped = false;
	}
}

static void
designate(struct vt *vt, int which, char set)
{
	vt->charsets.g[which] = set == '0' ? CHARSET_GRAPHICS :
				set == 'A' ? CHARSET_UK : CHARSET_ASCII;
}

static void
op_escape(void *arg, char inter, char final)
{
	struct vt *vt = arg;

	forget_last(vt);
	if (inter >= '(' && inter <= '+') {
		designate(vt, inter - '(', final);
		return;
	}
	if (inter == '#' && final == '8')
		alignment(vt);
	if (inter != 0)
		return;
	switch (final) {
	case '7':
		vt_save(vt);
		break;
	case '8':
		vt_restore(vt);
		break;
	case '=':
		vt->modes |= VT_MODE_APPKEYPAD;
		break;
	case '>':
		vt->modes &= ~(unsigned)VT_MODE_APPKEYPAD;
		break;
	case 'D':
		vt_lib_line_feed(vt);
		break;
	case 'E':
		carriage_return(vt);
		vt_lib_line_feed(vt);
		break;
	case 'H':
		set_tab(vt, vt->col, true);
		break;
	case 'M':
		vt_lib_write(vt, "\033M", 2);
		break;
	case 'N':
	case 'O':
		vt->charsets.single = final == 'N' ? 2 : 3;
		break;
	case 'Z':
		vt_query_csi(vt, &(struct vtguard_csi){ .final = 'c' });
		break;
	case 'c':
		vt_reset(vt);
		break;
	case 'n':
	case 'o':
		vt->charsets.gl = final == 'n' ? 2 : 3;
		break;
	}
}

/* Parameter i, or its default where it is left out or (for counts) 0. */
static int
param(const struct vtguard_csi *c, int i, int missing)
{
	return i < c->count && c->param[i] >= 0 ? c->param[i] : missing;
}

static int
count_param(const struct vtguard_csi *c)
{
	return SBX_MAX(1, param(c, 0, 1));
}

static void
csi_vertical(struct vt *vt, const struct vtguard_csi *c)
{
	int n = count_param(c), row = vt->row;
	bool is_down = c->final == 'B' || c->final == 'E' || c->final == 'e';
	bool to_start = c->final == 'E' || c->final == 'F';

	/* Margins stop the cursor only if it is on their inner side. */
	if (is_down)
		row = SBX_MIN(row + n, row < vt->bottom ? vt->bottom - 1
							: vt->rows - 1);
	else
		row = SBX_MAX(row - n, row >= vt->top ? vt->top : 0);
	vt_move(vt, row, to_start ? 0 : vt->col);
}

static void
csi_horizontal(struct vt *vt, const struct vtguard_csi *c)
{
	int n = count_param(c);

	if (c->final == 'D')
		move_left(vt, n);
	else
		vt_move(vt, vt->row, vt->col + n);
}

static void
csi_position(struct vt *vt, const struct vtguard_csi *c)
{
	int first = param(c, 0, 1) - 1, second = param(c, 1, 1) - 1;
	int row = first, col = second;

	if (c->final == 'G' || c->final == '`') {
		vt_move(vt, vt->row, SBX_MAX(first, 0));
		return;
	}
	if (c->final == 'd')
		col = vt->col;
	row = SBX_MAX(row, 0);
	if (vt->modes & MODE_ORIGIN)
		row = SBX_MIN(row + vt->top, vt->bottom - 1);
	vt_move(vt, row, SBX_MAX(col, 0));
}

static void
csi_tabs(struct vt *vt, const struct vtguard_csi *c)
{
	int n = SBX_MIN(count_param(c), VT_COLS_MAX);

	if (c->final == 'I')
		tab_forward(vt, n);
	else if (c->final == 'Z')
		tab_back(vt, n);
	else if (param(c, 0, 0) == 0)
		set_tab(vt, vt->col, false);
	else if (param(c, 0, 0) == 3)
		memset(vt->tabs, 0, sizeof(vt->tabs));
}

/* ICH, DCH, ECH */
static void
csi_cells(struct vt *vt, const struct vtguard_csi *c)
{
	if (vt->pending)
		return;		/* the cursor is behind the last cell */
	edit_cells(vt, SBX_MIN(count_param(c), vt->cols - vt->col), c->final);
}

/* IL, DL, SU, SD */
static void
csi_rows(struct vt *vt, const struct vtguard_csi *c)
{
	if (c->final == 'T' && c->count > 1)
		return;		/* mouse highlighting of old */
	vt->deleting = c->final == 'M';
	vt_lib_csi(vt, SBX_MIN(count_param(c), vt->rows), -1, c->final);
	vt->deleting = false;
}

/* ED, EL */
static void
csi_erase(struct vt *vt, const struct vtguard_csi *c)
{
	int what = param(c, 0, 0);

	if (c->final == 'J' && what == 3) {
		scrollback_clear(vt->scrollback);
		return;
	}
	if (what > 2)
		return;
	if (what == 0 && vt->pending) {
		/* Behind the last cell there is nothing in this row. */
		if (c->final == 'K')
			return;
		for (int row = vt->row + 1; row < vt->rows; row++)
			grid_erase(vt->grid, row, 0, vt->cols, vt->pen.bg);
		return;
	}
	vt_lib_csi(vt, what, -1, c->final);
}

static void
csi_repeat(struct vt *vt, const struct vtguard_csi *c)
{
	int n = SBX_MIN(count_param(c), vt->cols - vt->col);
	uint32_t last = vt->last;

	if (last == 0 || vt->pending)
		return;
	for (; n > 0; n--)
		put_points(vt, &last, 1);
}

static void
csi_margins(struct vt *vt, const struct vtguard_csi *c)
{
	int top = param(c, 0, 1), bottom = param(c, 1, vt->rows);

	top = SBX_MAX(top, 1) - 1;
	if (bottom == 0 || bottom > vt->rows)
		bottom = vt->rows;
	if (bottom - top < 2)
		return;
	vt_region(vt, top, bottom);
	vt_home(vt);
}

static void
csi_save(struct vt *vt, const struct vtguard_csi *c)
{
	if (c->final == 'u')
		vt_restore(vt);
	else if (c->count == 0)
		vt_save(vt);
}

typedef void csi_fn(struct vt *vt, const struct vtguard_csi *c);

static csi_fn *const plain_csi[128] = {
	['@'] = csi_cells,	['P'] = csi_cells,	['X'] = csi_cells,
	['A'] = csi_vertical,	['B'] = csi_vertical,	['E'] = csi_vertical,
	['F'] = csi_vertical,	['e'] = csi_vertical,
	['C'] = csi_horizontal,	['D'] = csi_horizontal,	['a'] = csi_horizontal,
	['G'] = csi_position,	['H'] = csi_position,	['`'] = csi_position,
	['d'] = csi_position,	['f'] = csi_position,
	['I'] = csi_tabs,	['Z'] = csi_tabs,	['g'] = csi_tabs,
	['J'] = csi_erase,	['K'] = csi_erase,
	['L'] = csi_rows,	['M'] = csi_rows,	['S'] = csi_rows,
	['T'] = csi_rows,
	['b'] = csi_repeat,
	['h'] = vt_set_modes,	['l'] = vt_set_modes,
	['m'] = vt_sgr,
	['r'] = csi_margins,
	['s'] = csi_save,	['u'] = csi_save,
};

/* DECSTR */
static void
soft_reset(struct vt *vt)
{
	vt->modes &= ~(unsigned)(MODE_INSERT | MODE_ORIGIN | VT_MODE_APPCURSOR |
				 VT_MODE_APPKEYPAD);
	vt->modes |= MODE_WRAP | MODE_CURSOR;
	vt->pen = CELL_BLANK;
	memset(&vt->charsets, 0, sizeof(vt->charsets));
	vt->saved[vt_is_alt(vt)] = (struct vt_saved){ .pen = CELL_BLANK };
	int row = vt->row, col = vt->col;
	vt_region(vt, 0, vt->rows);
	vt->row = row;
	vt->col = col;
}

/* DECSCUSR: 0 and 1 are a blinking block, then underline and bar by twos. */
static void
cursor_shape(struct vt *vt, int style)
{
	if (style > 6)
		return;
	style = SBX_MAX(style, 1) - 1;
	vt->shape = style / 2;
	vt->modes &= ~(unsigned)MODE_BLINK;
	if (style % 2 == 0)
		vt->modes |= MODE_BLINK;
}

/* The kitty keyboard protocol's stack; of its flags we know the first. */
static void
kitty(struct vt *vt, const struct vtguard_csi *c)
{
	int alt = vt_is_alt(vt);
	uint8_t *stack = vt->kitty[alt];
	int *depth = &vt->kitty_depth[alt];
	int flags = param(c, 0, 0) & 1;

	if (c->leader == '<') {
		*depth -= SBX_MIN(count_param(c), *depth);
		return;
	}
	if (c->leader == '>' || *depth == 0) {
		if (*depth == VT_KITTY_DEPTH)
			memmove(stack, stack + 1, (size_t)--*depth);
		stack[(*depth)++] = 0;
	}
	int how = c->leader == '=' ? param(c, 1, 1) : 1;
	uint8_t *top = &stack[*depth - 1];
	if (how == 1)
		*top = (uint8_t)flags;
	else if (how == 2)
		*top |= (uint8_t)flags;
	else if (how == 3)
		*top &= (uint8_t)~flags;
}

static void
op_csi(void *arg, const struct vtguard_csi *c)
{
	struct vt *vt = arg;
	uint32_t last = vt->last;

	forget_last(vt);
	if (c->leader == 0 && c->inter == 0) {
		csi_fn *fn = plain_csi[(unsigned char)c->final];
		if (c->final == 'b')
			vt->last = last;
		if (fn)
			fn(vt, c);
		else
			vt_query_csi(vt, c);
		return;
	}
	if (vt_query_csi(vt, c))
		return;
	if (c->inter == 0 && c->leader == '?') {
		if (c->final == 'h' || c->final == 'l')
			vt_set_modes(vt, c);
		else if (c->final == 'J' || c->final == 'K')
			csi_erase(vt, c);
	} else if (c->inter == 0 && c->final == 'u') {
		kitty(vt, c);
	} else if (c->leader == 0 && c->inter == '!' && c->final == 'p') {
		soft_reset(vt);
	} else if (c->leader == 0 && c->inter == ' ' && c->final == 'q') {
		cursor_shape(vt, param(c, 0, 0));
	}
}

static void
op_osc(void *arg, const char *s, size_t len)
{
	vt_osc(arg, s, len);
}

static void
op_dcs(void *arg, const char *s, size_t len)
{
	vt_dcs(arg, s, len);
}

const struct vtguard_ops vt_guard_ops = {
	.text = op_text,
	.points = op_points,
	.control = op_control,
	.escape = op_escape,
	.csi = op_csi,
	.osc = op_osc,
	.dcs = op_dcs,
};
