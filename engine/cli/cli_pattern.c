/* Patterns of options, and where they are looked for: a mistake is shown
 * where it is. */

#include "cli_ctx.h"

#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/regex.h"
#include "log/logfmt.h"
#include "spec/spec.h"

/* The pattern with a caret under its mistake, for cli_fail. */
static void
quote(struct cli *c, const char *pattern, size_t off)
{
	struct diags *ds = diags_new();
	struct diag_place at = {
		.file = "", .line = 1, .col = (unsigned)off + 1, .width = 1,
		.text = pattern, .text_len = strlen(pattern),
	};

	diag_error(ds, &at, "%s", "");
	const struct diag *d = diags_get(ds, 0);
	buf_clear(&c->quote);
	buf_addf(&c->quote, "    %s\n    %s\n", d->source, d->caret);
	diags_free(ds);
}

struct regex *
cli_pattern(struct cli *c, enum cmd_option o, unsigned flags)
{
	const char *pattern = cli_arg(c, o)->text;
	struct err why = ERR_INIT;
	size_t off;
	struct regex *re = regex_new(pattern, strlen(pattern), flags, &why,
				     &off);

	if (re)
		return re;
	err_set(&c->err, ERR_USAGE, "--%s: %s", cmd_option(o)->row.name,
		why.text);
	if (o == CMD_OPT_LOG)
		err_hint(&c->err, "--string takes a text as it stands");
	quote(c, pattern, off);
	return NULL;
}

int
cli_streams(struct cli *c, unsigned *streams)
{
	const char *name = cli_arg(c, CMD_OPT_STREAM)->text;
	int s = name ? log_stream_find(name) : 0;

	if (s < 0)
		return err_set(&c->err, ERR_USAGE, "there is no stream "
			       "'%.60s': stdout, stderr or pty", name);
	*streams = name ? 1u << s : LOG_ALL_STREAMS;
	return 0;
}

void
cli_look_for_stream(struct cli *c, uint32_t id)
{
	const char *name = cli_arg(c, CMD_OPT_STREAM)->text;
	const struct proc_row *row = cli_row(c, id);
	int s = name ? log_stream_find(name) : -1;
	struct err why = ERR_INIT;

	if (row && s >= 0 &&
	    !spec_comes_on(row->name, row->tty,
			   (enum spec_stream)(SPEC_STREAM_STDOUT + s), &why))
		cli_say(c, "%s", why.text);
}

int
cli_check_pattern(struct cli *c, enum cmd_option o)
{
	struct regex *re = cli_given(c, o) ? cli_pattern(c, o, 0) : NULL;

	regex_free(re);
	return re || !cli_given(c, o) ? 0 : -1;
}
