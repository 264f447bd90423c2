/*
 * The terminal against any bytes.  The input is a little program: a byte each
 * for rows and columns, then steps.  A step below 200 feeds a well-formed
 * piece, or, when there is none of that number, all the rest as raw bytes; 200
 * to 249 feed 1 to 50 raw bytes, 250 to 253 resize by the next two bytes, 254
 * reads everything out, 255 takes a snapshot.  Beside the terminal under test runs a second one that gets the
 * same bytes one at a time, and now and then a third one made from a
 * snapshot; all must agree, and each must be sound.
 */

#include <locale.h>
#include <stdlib.h>
#include "engine/base/mem.h"
#include "tests/lib/vtcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fewer than 200. */
static const char *const pieces[] = {
	"\r\n", "\n", "\r", "\t", "\b", "\033c", "\033M", "\033D", "\033E",
	"\0337", "\0338", "\033H", "\033[3g", "\033[g", "\033(0", "\033(B",
	"\016", "\017", "\033)0", "\033#8", "\033N", "\033=", "\033>",
	"\033[?1049h", "\033[?1049l", "\033[?47h", "\033[?47l", "\033[?6h",
	"\033[?6l", "\033[?7h", "\033[?7l", "\033[4h", "\033[4l", "\033[20h",
	"\033[20l", "\033[?3h", "\033[?1048h", "\033[?1048l", "\033[s",
	"\033[u", "\033[!p", "\033[r", "\033[2;3r", "\033[1;2r", "\033[3;9r",
	"\033[H", "\033[J", "\033[1J", "\033[2J", "\033[3J", "\033[K",
	"\033[1K", "\033[2K", "\033[L", "\033[M", "\033[3L", "\033[4M",
	"\033[@", "\033[3@", "\033[P", "\033[4P", "\033[X", "\033[5X",
	"\033[S", "\033[T", "\033[9S", "\033[99T", "\033[b", "\033[9b",
	"\033[A", "\033[B", "\033[C", "\033[D", "\033[99A", "\033[99B",
	"\033[99C", "\033[99D", "\033[3E", "\033[2F", "\033[5G", "\033[99G",
	"\033[4d", "\033[99;99H", "\033[2;2H", "\033[I", "\033[Z",
	"\033[m", "\033[1;31m", "\033[7;44m", "\033[38;5;99m",
	"\033[48;2;1;2;3m", "\033[38:2::9:8:7m", "\033[58;5;1m", "\033[9;8;2m",
	"\033[c", "\033[6n", "\033[?6n", "\033[>c", "\033[?1$p", "\033[>q",
	"\033[18t", "\033[?u", "\033[>1u", "\033[<u", "\033[=1;2u", "\033[x",
	"\033P$qm\033\\", "\033P+q544e\033\\", "\033]2;title\007",
	"\033]52;c;aGk=\007", "\033]11;?\033\\", "\033]4;7;?\007",
	"\033_x\033\\", "\033[2 q", "\033[5 q", "\033[?25l", "\033[?5h",
	"\033[?1003h\033[?1006h", "\033[?2026h", "\033[?2004h", "\033[?12l",
	"a", "xyz", "0123456789abcdef", "\xe4\xbd\xa0", "\xe4\xbd\xa0\xe5\xa5\xbd",
	"e\xcc\x81", "\xcc\x81", "\xe2\x80\x8d", "\xf0\x9f\x91\x8d", "\xc2\x95",
	"\xff", "\xe4\xbd", "\xf0\x9f", "\xc2\xa0", "\xe2\x94\x80", "q",
	"\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m",
	"\033[", "\033]2;", "\033P", "99999999999", ";;;", "\033", "\030",
};

static size_t answered;

static void
nobody(void *arg, const char *s, size_t len)
{
	(void)arg;
	answered += len > 0 && s[0] == '\033';
}

static void
must(const char *wrong, const char *when)
{
	if (!wrong)
		return;
	fprintf(stderr, "fuzz_vt: %s: %s\n", when, wrong);
	abort();
}

static void
feed_both(struct vt *vt, struct vt *twin, const void *bytes, size_t len)
{
	const char *s = bytes;

	vt_feed(vt, s, len);
	for (size_t i = 0; i < len; i++)
		vt_feed(twin, s + i, 1);
}

/* A terminal made from a snapshot, which then must stay the same. */
static struct vt *
from_snapshot(const struct vt *vt, const struct vt_hooks *hooks)
{
	struct vt *copy = vt_new(vt_rows(vt), vt_cols(vt), 50, hooks, NULL);
	struct buf b = BUF_INIT(16 << 20);

	if (vt_snapshot(vt, &b) != 0)
		abort();
	vt_feed(copy, b.data, b.len);
	buf_fini(&b);
	return copy;
}

static void
read_out(const struct vt *vt)
{
	struct vt_cell row[64];
	struct buf b = BUF_INIT(16 << 20);

	for (int r = 0; r < vt_rows(vt); r++) {
		buf_clear(&b);
		if (vt_row_pack(vt, r, &b) != 0 ||
		    cell_unpack(b.data, b.len, NULL, row, 64, NULL) != 0)
			abort();
	}
	if (vt_text(vt, 0, UINT64_MAX, VT_TEXT_ANSI | VT_TEXT_UNWRAP, &b) != 0)
		abort();
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vt_hooks hooks = { .reply = nobody,
					       .clipboard = nobody };
	static bool is_set;

	if (!is_set)
		setlocale(LC_ALL, "C.UTF-8");
	is_set = true;
	if (size < 2 || size > 4096)
		return 0;
	int rows = data[0] % 24 + 1, cols = data[1] % 32 + 1;
	struct vt *vt = vt_new(rows, cols, data[0] >> 5, &hooks, NULL);
	struct vt *twin = vt_new(rows, cols, data[0] >> 5, &hooks, NULL);
	struct vt *copy = NULL;
	for (size_t i = 2; i < size; i++) {
		uint8_t b = data[i];
		if (b < ARRAY_LEN(pieces)) {
			feed_both(vt, twin, pieces[b], strlen(pieces[b]));
			if (copy)
				vt_feed(copy, pieces[b], strlen(pieces[b]));
		} else if (b < 250) {
			size_t n = size - i - 1;
			if (b >= 200)
				n = SBX_MIN((size_t)b - 200 + 1, n);
			feed_both(vt, twin, data + i + 1, n);
			if (copy)
				vt_feed(copy, data + i + 1, n);
			i += n;
		} else if (b < 254 && i + 2 < size) {
			rows = data[++i] % 40 + 1;
			cols = data[++i] % 48 + 1;
			vt_resize(vt, rows, cols);
			vt_resize(twin, rows, cols);
			/* It has not the rows that growing pulls back. */
			vt_free(copy);
			copy = NULL;
		} else if (b == 254) {
			read_out(vt);
		} else if (!copy && vt->last == 0) {
			copy = from_snapshot(vt, &hooks);
		}
		must(vt_wrong(vt), "unsound");
		if (copy)
			must(vt_differ(vt, copy), "snapshot");
	}
	must(vt_wrong(twin), "unsound byte by byte");
	must(vt_differ(vt, twin), "byte by byte");
	vt_free(vt);
	vt_free(twin);
	vt_free(copy);
	return 0;
}
