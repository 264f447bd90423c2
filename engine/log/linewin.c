#include "linewin.h"

#include <string.h>
#include "logfmt.h"

#define KEEP_BYTES 4096		/* memory that an idle window may hold */

void
linewin_init(struct linewin *w)
{
	buf_init(&w->text, LOG_WINDOW);
	w->full = w->cr = false;
}

void
linewin_fini(struct linewin *w)
{
	buf_fini(&w->text);
}

void
linewin_clear(struct linewin *w)
{
	if (w->text.cap > KEEP_BYTES)
		buf_fini(&w->text);
	else
		buf_clear(&w->text);
	w->full = w->cr = false;
}

/* Bytes behind a full window; returns how many were taken. */
static size_t
skip(struct linewin *w, const char *data, size_t len)
{
	if (w->cr) {
		if (*data == '\r')
			return 1;
		w->cr = w->full = false;
		buf_clear(&w->text);
		return 0;
	}
	const char *cr = memchr(data, '\r', len);
	if (!cr)
		return len;
	w->cr = true;
	return (size_t)(cr - data) + 1;
}

void
linewin_add(struct linewin *w, const char *data, size_t len)
{
	while (len > 0) {
		size_t n;
		if (w->full) {
			n = skip(w, data, len);
		} else {
			n = LOG_WINDOW - w->text.len;
			n = n < len ? n : len;
			/* Cannot fail: the window is the maximum. */
			if (buf_add(&w->text, data, n) < 0)
				return;
			w->full = w->text.len == LOG_WINDOW;
		}
		data += n;
		len -= n;
	}
}
