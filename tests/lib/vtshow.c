/*
 * Feeds standard input to a terminal and prints its screen with colours,
 * then a line "cursor ROW COL".  With more than one argument pair the
 * terminal is resized before the screen is printed.
 *
 *	vtshow ROWS COLS [ROWS COLS]... < bytes
 */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "engine/base/buf.h"
#include "engine/term/vt.h"

int
main(int argc, char **argv)
{
	struct buf out = BUF_INIT(4 << 20);
	char piece[4096];
	ssize_t n;

	if (argc < 3 || argc % 2 == 0) {
		fprintf(stderr, "usage: vtshow ROWS COLS [ROWS COLS]...\n");
		return 2;
	}
	setlocale(LC_ALL, "C.UTF-8");
	struct vt *vt = vt_new((int)strtol(argv[1], NULL, 10),
			       (int)strtol(argv[2], NULL, 10), 1000, NULL,
			       NULL);
	while ((n = read(0, piece, sizeof(piece))) > 0)
		vt_feed(vt, piece, (size_t)n);
	for (int i = 3; i + 1 < argc; i += 2)
		vt_resize(vt, (int)strtol(argv[i], NULL, 10),
			  (int)strtol(argv[i + 1], NULL, 10));
	if (vt_text(vt, vt_sb_next(vt), UINT64_MAX, VT_TEXT_ANSI, &out) != 0)
		return 1;
	struct vt_cursor c = vt_cursor(vt);
	printf("%scursor %d %d\n", buf_str(&out), c.row, c.col);
	buf_fini(&out);
	vt_free(vt);
	return 0;
}
