#include "screenjson.h"

#include "base/buf.h"
#include "base/jsonout.h"
#include "model.h"
#include "term/vt.h"

enum { LINE_MAX_BYTES = 1 << 20 };

void
screenjson_head(struct jsonout *j, const struct model_screen *s)
{
	const struct proto_screen *h = &s->head;

	jsonout_uint(j, "rows", h->rows);
	jsonout_uint(j, "cols", h->cols);
	jsonout_object(j, "cursor");
	jsonout_uint(j, "row", h->cursor_row);
	jsonout_uint(j, "col", h->cursor_col);
	jsonout_bool(j, "visible", h->cursor_visible);
	jsonout_close(j);
	if (h->title[0])
		jsonout_string(j, "title", h->title);
	jsonout_bool(j, "alternate", h->modes & VT_MODE_ALTSCREEN);
}

void
screenjson_lines(struct jsonout *j, const char *name,
		 const struct model_screen *s)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);

	jsonout_array(j, name);
	for (unsigned i = 0; i < s->head.rows; i++) {
		buf_clear(&line);
		(void)model_screen_text(s, i, 0, &line);
		jsonout_stringn(j, NULL, buf_str(&line), line.len);
	}
	jsonout_close(j);
	buf_fini(&line);
}
