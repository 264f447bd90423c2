/*
 * Packed rows from a peer that cannot be trusted: any bytes give a sound row
 * or an error, and what was unpacked packs and unpacks to the same again.
 */

#include <stdlib.h>
#include "engine/base/buf.h"
#include "engine/term/cell.h"
#include "must.h"

enum { COLS = 40 };

static void
check_row(const struct vt_cell *row)
{
	for (int i = 0; i < COLS; i++) {
		bool is_left = i > 0 && row[i - 1].width == 2;
		if (row[i].width > 2 || (row[i].width == 0) != is_left)
			abort();
	}
	if (row[COLS - 1].width == 2)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vt_cell row[COLS], again[COLS];
	struct cell_pool *p = cell_pool_new(16);
	struct buf b = BUF_INIT(1 << 16);
	unsigned flags, flags_again;
	const char *bytes = (const char *)data;

	int r = cell_unpack(bytes, size, p, row, COLS, &flags);
	check_row(row);
	if ((cell_packed_cols(bytes, size) < 0) != (r != 0))
		abort();
	if (cell_pack(p, row, COLS, flags, &b) != 0 ||
	    cell_unpack(b.data, b.len, p, again, COLS, &flags_again) != 0 ||
	    flags != flags_again)
		abort();
	for (int i = 0; i < COLS; i++) {
		char text[CELL_TEXT_MAX];
		if (!cell_same(&row[i], &again[i]))
			abort();
		cell_text(p, &row[i], text);
	}
	buf_fini(&b);
	cell_pool_free(p);
	return 0;
}
