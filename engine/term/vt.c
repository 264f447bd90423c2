#include "vt.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>
#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "vt_int.h"

#define CLUSTERS_MAX 16384
#define SWEEP_EVERY 2048
/* A row of the scrollback is seldom longer; what counts is the product. */
#define SCROLLBACK_ROW_BYTES 320
#define SCROLLBACK_BYTES_MIN 65536
#define PACKED_ROW_MAX ((size_t)VT_COLS_MAX * 64)

int
vt_check_library(struct err *err)
{
	/* Both generations have the soname libvterm.so.0, and one built for
	 * the other corrupts memory; only the later one has reflow.  What is
	 * linked in is not exported, and is the one of its header. */
	bool is_shared = dlsym(RTLD_DEFAULT, "vterm_new");
	bool is_new = dlsym(RTLD_DEFAULT, "vterm_screen_enable_reflow");
	bool want_new = VTERM_VERSION_MAJOR > 0 || VTERM_VERSION_MINOR >= 3;

	if (!is_shared || is_new == want_new)
		return 0;
	err_set(err, ERR_INTERNAL,
		"libvterm is of another generation than sbx was built with "
		"(%d.%d)", VTERM_VERSION_MAJOR, VTERM_VERSION_MINOR);
	err_hint(err, "build sbx again on this machine");
	return -1;
}

const char *
vt_library_version(void)
{
#define TEXT(x) #x
#define VERSION(a, b) TEXT(a) "." TEXT(b)
	return VERSION(VTERM_VERSION_MAJOR, VTERM_VERSION_MINOR);
#undef VERSION
#undef TEXT
}

static void *
lib_malloc(size_t size, void *data)
{
	(void)data;
	return mem_alloc(size);
}

static void
lib_free(void *p, void *data)
{
	(void)data;
	free(p);
}

static VTermAllocatorFunctions lib_memory = { lib_malloc, lib_free };

static int
on_movecursor(VTermPos pos, VTermPos old, int visible, void *user)
{
	struct vt *vt = user;

	(void)old;
	(void)visible;
	vt->row = vt->lib_row = pos.row;
	vt->col = vt->lib_col = pos.col;
	return 1;
}

static bool
clamp_rect(const struct vt *vt, VTermRect *r)
{
	r->start_row = SBX_MAX(r->start_row, 0);
	r->start_col = SBX_MAX(r->start_col, 0);
	r->end_row = SBX_MIN(r->end_row, vt->rows);
	r->end_col = SBX_MIN(r->end_col, vt->cols);
	return r->start_row < r->end_row && r->start_col < r->end_col;
}

static int
on_erase(VTermRect rect, int selective, void *user)
{
	struct vt *vt = user;

	(void)selective;
	if (!clamp_rect(vt, &rect))
		return 1;
	for (int row = rect.start_row; row < rect.end_row; row++)
		grid_erase(vt->grid, row, rect.start_col, rect.end_col,
			   vt->pen.bg);
	return 1;
}

int
vt_pack_row(struct vt *vt, const struct grid *g, int row)
{
	const struct grid_row *r = grid_row(g, row);

	buf_clear(&vt->packed);
	return cell_pack(vt->pool, r->cells, grid_row_len(g, row),
			 r->wrapped ? CELL_ROW_WRAPPED : 0, &vt->packed);
}

static void
push_rows(struct vt *vt, int count)
{
	for (int i = 0; i < count; i++)
		if (vt_pack_row(vt, vt->primary, i) == 0)
			scrollback_push(vt->scrollback, vt->packed.data,
					vt->packed.len);
}

static int
on_scrollrect(VTermRect rect, int downward, int rightward, void *user)
{
	struct vt *vt = user;

	if (!clamp_rect(vt, &rect))
		return 1;
	if (rightward != 0) {
		for (int row = rect.start_row; row < rect.end_row; row++)
			grid_shift(vt->grid, row, rect.start_col, rect.end_col,
				   -rightward, vt->pen.bg);
		return 1;
	}
	if (downward > 0 && rect.start_row == 0 && vt->grid == vt->primary &&
	    !vt->deleting)
		push_rows(vt, SBX_MIN(downward, rect.end_row));
	grid_scroll(vt->grid, rect.start_row, rect.end_row, downward,
		    vt->pen.bg);
	return 1;
}

static const VTermStateCallbacks lib_callbacks = {
	.movecursor = on_movecursor,
	.scrollrect = on_scrollrect,
	.erase = on_erase,
};

/* libvterm is never told of a new size (vterm_set_size is not safe in any
 * release); it is made anew, and put where the old one was. */
static void
lib_start(struct vt *vt)
{
	int row = vt->row, col = vt->col;

	if (vt->lib)
		vterm_free(vt->lib);
	vt->lib = vterm_new_with_allocator(vt->rows, vt->cols, &lib_memory,
					   NULL);
	vterm_set_utf8(vt->lib, 0);
	VTermState *state = vterm_obtain_state(vt->lib);
	vterm_state_reset(state, 1);
	vterm_state_set_callbacks(state, &lib_callbacks, vt);
	vt->lib_row = vt->lib_col = 0;
	if (vt->top != 0 || vt->bottom != vt->rows)
		vt_lib_region(vt, vt->top, vt->bottom);
	vt->row = row;
	vt->col = col;
}

static char *
put_number(char *o, int n)
{
	char digits[12];
	int len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (len > 0)
		*o++ = digits[--len];
	return o;
}

static void
write_csi(struct vt *vt, int a, int b, char final)
{
	char seq[32], *o = seq;

	*o++ = '\033';
	*o++ = '[';
	o = put_number(o, SBX_MIN(a, VTGUARD_VALUE_MAX));
	if (b >= 0) {
		*o++ = ';';
		o = put_number(o, b);
	}
	*o++ = final;
	vterm_input_write(vt->lib, seq, (size_t)(o - seq));
}

static void
catch_up(struct vt *vt)
{
	if (vt->lib_row != vt->row || vt->lib_col != vt->col)
		write_csi(vt, vt->row + 1, vt->col + 1, 'H');
}

void
vt_lib_write(struct vt *vt, const char *s, size_t len)
{
	catch_up(vt);
	vterm_input_write(vt->lib, s, len);
}

void
vt_lib_csi(struct vt *vt, int a, int b, char final)
{
	catch_up(vt);
	write_csi(vt, a, b, final);
}

void
vt_lib_line_feed(struct vt *vt)
{
	if (vt->row != vt->bottom - 1) {
		vt->row = SBX_MIN(vt->row + 1, vt->rows - 1);
		return;
	}
	/* Its column does not matter, and differs after each line of text. */
	if (vt->lib_row != vt->row)
		catch_up(vt);
	vterm_input_write(vt->lib, "\n", 1);
}

void
vt_lib_region(struct vt *vt, int top, int bottom)
{
	write_csi(vt, top + 1, bottom, 'r');
	/* Whether that moved the cursor depends on the release. */
	write_csi(vt, 1, 1, 'H');
	vt->row = vt->col = 0;
}

void
vt_reply(struct vt *vt, const char *s, size_t len)
{
	if (vt->hooks.reply)
		vt->hooks.reply(vt->arg, s, len);
}

static void
keep_grid(struct vt *vt, const struct grid *g)
{
	for (int row = 0; row < g->rows; row++) {
		const struct grid_row *r = grid_row(g, row);
		cell_pool_keep(vt->pool, r->cells, r->used);
	}
}

uint32_t
vt_glyph(struct vt *vt, const uint32_t *points, int count)
{
	if (cell_pool_full(vt->pool) && vt->pool_wait-- == 0) {
		cell_pool_sweep_begin(vt->pool);
		keep_grid(vt, vt->primary);
		if (vt->alt)
			keep_grid(vt, vt->alt);
		cell_pool_sweep_end(vt->pool);
		/* Not again at once when all of them are on the screen. */
		vt->pool_wait = SWEEP_EVERY;
	}
	return cell_pool_add(vt->pool, points, count);
}

struct vt *
vt_new(int rows, int cols, size_t scrollback_rows_max,
       const struct vt_hooks *hooks, void *arg)
{
	struct vt *vt = mem_alloc(sizeof(*vt));
	size_t bytes = SBX_MIN(scrollback_rows_max, (size_t)1 << 24) *
		       SCROLLBACK_ROW_BYTES;

	vt->rows = SBX_MAX(1, SBX_MIN(rows, VT_ROWS_MAX));
	vt->cols = SBX_MAX(1, SBX_MIN(cols, VT_COLS_MAX));
	if (hooks)
		vt->hooks = *hooks;
	vt->arg = arg;
	vtguard_init(&vt->guard, &vt_guard_ops, vt);
	buf_init(&vt->packed, PACKED_ROW_MAX);
	vt->pool = cell_pool_new(CLUSTERS_MAX);
	vt->scrollback = scrollback_new(scrollback_rows_max,
				SBX_MAX(bytes, (size_t)SCROLLBACK_BYTES_MIN));
	vt->grid = vt->primary = grid_new(vt->rows, vt->cols);
	vt->grid->tick = vt->gen = 1;
	vt->bottom = vt->rows;
	lib_start(vt);
	vt_reset(vt);
	return vt;
}

void
vt_free(struct vt *vt)
{
	if (!vt)
		return;
	vterm_free(vt->lib);
	vtguard_fini(&vt->guard);
	buf_fini(&vt->packed);
	cell_pool_free(vt->pool);
	scrollback_free(vt->scrollback);
	grid_free(vt->primary);
	grid_free(vt->alt);
	free(vt);
}

/* What a viewer would see change besides the rows. */
struct looks {
	struct vt_cursor cursor;
	unsigned modes;
	uint64_t sb_next, sb_gen;
};

static struct looks
looks(const struct vt *vt)
{
	return (struct looks){ vt_cursor(vt), vt->modes,
			       scrollback_next(vt->scrollback),
			       scrollback_gen(vt->scrollback) };
}

static void
change_begin(struct vt *vt)
{
	vt->primary->tick = vt->gen + 1;
	vt->primary->changed = false;
	if (vt->alt) {
		vt->alt->tick = vt->gen + 1;
		vt->alt->changed = false;
	}
}

static void
change_end(struct vt *vt, const struct looks *before)
{
	struct looks after = looks(vt);
	bool changed = vt->primary->changed || (vt->alt && vt->alt->changed) ||
		       before->cursor.row != after.cursor.row ||
		       before->cursor.col != after.cursor.col ||
		       before->cursor.visible != after.cursor.visible ||
		       before->cursor.shape != after.cursor.shape ||
		       before->cursor.blink != after.cursor.blink ||
		       before->modes != after.modes ||
		       before->sb_next != after.sb_next ||
		       before->sb_gen != after.sb_gen;
	if (changed)
		vt->gen++;
}

void
vt_feed(struct vt *vt, const void *bytes, size_t len)
{
	struct looks before = looks(vt);

	change_begin(vt);
	vtguard_feed(&vt->guard, bytes, len);
	change_end(vt, &before);
}

/* The rows of the primary screen that a new height pushes off the top, or
 * (negative) pulls back. */
static int
primary_skip(const struct vt *vt, int rows, int cursor_row)
{
	if (rows < vt->rows)
		return SBX_MAX(0, cursor_row - (rows - 1));
	uint64_t have = scrollback_next(vt->scrollback) -
			scrollback_first(vt->scrollback);
	return -(int)SBX_MIN((uint64_t)(rows - vt->rows), have);
}

static void
pull_back(struct vt *vt, int count)
{
	for (int row = count - 1; row >= 0; row--) {
		struct grid_row *r = grid_row(vt->primary, row);
		uint64_t id = scrollback_next(vt->scrollback) - 1;
		unsigned flags = 0;
		size_t len;
		const char *data = scrollback_row(vt->scrollback, id, &len);
		cell_unpack(data, len, vt->pool, r->cells, vt->cols, &flags);
		r->wrapped = flags & CELL_ROW_WRAPPED;
		r->used = SBX_MAX(0, SBX_MIN(cell_packed_cols(data, len),
					     vt->cols));
		scrollback_pop(vt->scrollback);
	}
}

static void
place_clamp(struct vt_place *p, int rows, int cols)
{
	p->row = SBX_MAX(0, SBX_MIN(p->row, rows - 1));
	if (p->col >= cols || (p->pending && p->col != cols - 1)) {
		p->col = SBX_MIN(p->col, cols - 1);
		p->pending = false;
	}
}

static struct vt_place
place_of_saved(const struct vt_saved *s)
{
	return (struct vt_place){ s->row, s->col, s->pending };
}

static void
saved_to(struct vt_saved *s, struct vt_place p)
{
	s->row = p.row;
	s->col = p.col;
	s->pending = p.pending;
}

/* First the rows, as if the columns stayed; then lines are wrapped anew.
 * places are on the primary screen, the cursor first. */
static void
resize_primary(struct vt *vt, int rows, int cols, struct vt_place places[2])
{
	int skip = primary_skip(vt, rows, places[0].row);

	if (skip > 0)
		push_rows(vt, skip);
	grid_resize(vt->primary, rows, vt->cols, skip);
	if (skip < 0)
		pull_back(vt, -skip);
	for (int i = 0; i < 2; i++) {
		places[i].row -= skip;
		place_clamp(&places[i], rows, vt->cols);
	}
	if (cols != vt->cols)
		vt_reflow(vt, cols, places, 2);
}

/* Full-screen programs draw anew: nothing is wrapped. */
static void
resize_alt(struct vt *vt, int rows, int cols, struct vt_place places[2])
{
	int skip = SBX_MAX(0, places[0].row - (rows - 1));

	grid_resize(vt->alt, rows, cols, skip);
	for (int i = 0; i < 2; i++) {
		places[i].row -= skip;
		place_clamp(&places[i], rows, cols);
	}
}

void
vt_resize(struct vt *vt, int rows, int cols)
{
	rows = SBX_MAX(1, SBX_MIN(rows, VT_ROWS_MAX));
	cols = SBX_MAX(1, SBX_MIN(cols, VT_COLS_MAX));
	if (rows == vt->rows && cols == vt->cols)
		return;
	struct looks before = looks(vt);
	bool is_alt = vt_is_alt(vt);
	struct vt_place cursor = { vt->row, vt->col, vt->pending };
	struct vt_place saved[2] = { place_of_saved(&vt->saved[0]),
				     place_of_saved(&vt->saved[1]) };
	/* While the alternate screen is shown, the cursor of the other one is
	 * the saved one. */
	struct vt_place main[2] = { is_alt ? saved[0] : cursor, saved[0] };
	struct vt_place alt[2] = { cursor, saved[1] };

	change_begin(vt);
	resize_primary(vt, rows, cols, main);
	if (is_alt)
		resize_alt(vt, rows, cols, alt);
	else
		place_clamp(&alt[1], rows, cols);
	cursor = is_alt ? alt[0] : main[0];
	saved_to(&vt->saved[0], main[1]);
	saved_to(&vt->saved[1], alt[1]);
	vt->rows = rows;
	vt->cols = cols;
	vt->row = cursor.row;
	vt->col = cursor.col;
	vt->pending = cursor.pending;
	vt->top = 0;
	vt->bottom = rows;
	lib_start(vt);
	change_end(vt, &before);
}

int
vt_rows(const struct vt *vt)
{
	return vt->rows;
}

int
vt_cols(const struct vt *vt)
{
	return vt->cols;
}

uint64_t
vt_gen(const struct vt *vt)
{
	return vt->gen;
}

uint64_t
vt_row_gen(const struct vt *vt, int row)
{
	return grid_row_gen(vt->grid, row);
}

const struct vt_cell *
vt_row(const struct vt *vt, int row)
{
	return grid_row(vt->grid, row)->cells;
}

const struct cell_pool *
vt_pool(const struct vt *vt)
{
	return vt->pool;
}

struct vt_cursor
vt_cursor(const struct vt *vt)
{
	return (struct vt_cursor){
		.row = vt->row,
		.col = vt->col,
		.visible = vt->modes & MODE_CURSOR,
		.shape = vt->shape,
		.blink = vt->modes & MODE_BLINK,
	};
}

unsigned
vt_modes(const struct vt *vt)
{
	return vt->modes & MODE_PUBLIC;
}

const char *
vt_title(const struct vt *vt)
{
	return vt->title;
}

uint64_t
vt_sb_first(const struct vt *vt)
{
	return scrollback_first(vt->scrollback);
}

uint64_t
vt_sb_next(const struct vt *vt)
{
	return scrollback_next(vt->scrollback);
}

uint64_t
vt_sb_gen(const struct vt *vt)
{
	return scrollback_gen(vt->scrollback);
}

const char *
vt_sb_packed(const struct vt *vt, uint64_t id, size_t *len)
{
	return scrollback_row(vt->scrollback, id, len);
}

int
vt_sb_row(const struct vt *vt, uint64_t id, struct vt_cell *out, int cols)
{
	size_t len;
	const char *data = scrollback_row(vt->scrollback, id, &len);

	if (!data)
		return -ENOENT;
	return cell_unpack(data, len, vt->pool, out, cols, NULL);
}

int
vt_sb_add(struct vt *vt, const char *packed, size_t len)
{
	struct vt_cell cells[1];

	if (len > PACKED_ROW_MAX ||
	    cell_unpack(packed, len, NULL, cells, 1, NULL) != 0)
		return -EBADMSG;
	scrollback_push(vt->scrollback, packed, len);
	return 0;
}

void
vt_sb_start(struct vt *vt, uint64_t id)
{
	scrollback_start(vt->scrollback, id);
}

int
vt_row_pack(const struct vt *vt, int row, struct buf *out)
{
	const struct grid_row *r = grid_row(vt->grid, row);

	return cell_pack(vt->pool, r->cells, r->used,
			 r->wrapped ? CELL_ROW_WRAPPED : 0, out);
}
