#include "watchline.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "conf/rcload.h"
#include "spec/spec.h"

struct spec *
watchline_read(const char *line, struct buf *quote, struct err *e)
{
	struct diags *ds = diags_new();
	struct spec *s = rc_watch_line(line, "watch", ds);

	if (!s) {
		err_set(e, ERR_USAGE, "this is no watch");
		diags_print(ds, "watch", "nothing was added", quote);
	}
	diags_free(ds);
	return s;
}

int
watchline_pack(const struct spec *s, struct buf *out, struct err *e)
{
	struct buf packed = BUF_INIT(SPEC_PACK_MAX);
	int rc = 0;

	if (spec_pack(s, &packed) < 0 ||
	    base64_encode(out, buf_str(&packed), packed.len) < 0)
		rc = err_set(e, ERR_USAGE, "the line is too long");
	buf_fini(&packed);
	return rc;
}
