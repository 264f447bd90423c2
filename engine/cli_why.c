/* why: the row of a process and the end of the journal, in sentences. */

#include "cli_ctx.h"

#include "buf.h"
#include "jsonout.h"
#include "rowfmt.h"
#include "sys.h"
#include "whyof.h"

enum { TEXT_MAX = 256 * 1024 };

static int
put_why(struct cli *c, const struct whyof *w)
{
	struct buf text = BUF_INIT(TEXT_MAX), out = BUF_INIT(16 * TEXT_MAX);
	struct jsonout j;
	int r;

	if (c->json) {
		jsonout_begin(&j, &out);
		jsonout_object(&j, NULL);
		r = whyof_json(w, &j);
		jsonout_close(&j);
		r |= jsonout_end(&j);
	} else {
		r = whyof_text(w, &text);
		r |= rowfmt_plain(&out, buf_str(&text));
	}
	r |= buf_addc(&out, '\n');
	r = r < 0 ? err_set(&c->err, ERR_FAILED, "that is too long") :
		    cli_put(c, &out);
	buf_fini(&text);
	buf_fini(&out);
	return r;
}

int
cli_why(struct cli *c)
{
	struct model_proc *p = NULL;
	uint64_t newest;
	int dir = -1, rc = -1;

	/* The loop turns for the descriptor: only then look at rows. */
	if (cli_rows(c, 0) == 0)
		dir = cli_journal_open(c, &newest);
	if (dir >= 0)
		p = cli_one(c, c->cmd->words[0]);
	if (p) {
		struct whyof *w = whyof_read(c->model, p, dir);
		rc = put_why(c, w);
		whyof_free(w);
	}
	sys_close(dir);
	return rc < 0 ? cli_fail(c) : 0;
}
