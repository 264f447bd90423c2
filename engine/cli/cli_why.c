/* why: the row of a process and the end of the journal, in sentences. */

#include "cli_ctx.h"

#include "base/buf.h"
#include "base/jsonout.h"
#include "base/sys.h"
#include "client/whyof.h"
#include "log/logread.h"
#include "text/rowfmt.h"

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

/* The one before the present run is over, the present one may be. */
static int
put_run(struct cli *c, uint32_t id, uint64_t no, int dir)
{
	struct cli_log log = { .lr = NULL };
	int rc = cli_log_open(c, id, &log);
	const struct log_run *run = rc == 0 ? logread_run(log.lr, no) : NULL;
	/* The loop has turned: its row may be a newer one. */
	struct model_proc *p = model_find(c->model, id);
	if (rc == 0 && !p)
		rc = err_set(&c->err, ERR_NO_PROCESS, "it was forgotten");
	else if (rc == 0 && !run)
		rc = err_set(&c->err, ERR_FAILED, "nothing is known of run "
			     "%llu of '%s' any more", (unsigned long long)no,
			     p->row->name);
	if (rc == 0) {
		struct whyof *w = run->outcome[0] ?
			whyof_read_run(p, run, dir) :
			whyof_read(c->model, p, dir);
		rc = put_why(c, w);
		whyof_free(w);
	}
	logread_free(log.lr);
	return rc;
}

int
cli_why(struct cli *c)
{
	struct model_proc *p = NULL;
	uint64_t newest, run = 0;
	int dir = -1, rc = -1;

	/* The loop turns for the descriptor: only then look at rows. */
	if (cli_rows(c, 0) == 0)
		dir = cli_journal_open(c, &newest);
	if (dir >= 0)
		p = cli_one(c, c->cmd->words[0]);
	if (p && cli_run_number(c, p->row, &run) < 0) {
		p = NULL;
	} else if (p && run) {
		rc = put_run(c, p->id, run, dir);
	} else if (p) {
		struct whyof *w = whyof_read(c->model, p, dir);
		rc = put_why(c, w);
		whyof_free(w);
	}
	sys_close(dir);
	return rc < 0 ? cli_fail(c) : 0;
}
