/*
 * Files of other programs.  The first byte chooses the format, the rest is
 * the file.  Nothing may crash or take long; what is refused has a reason and
 * a line that the file has; what is accepted must be an sbxrc without a
 * mistake, with as many processes as were found, each with its command.
 */

#include "fuzz.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/conf/import.h"
#include "engine/conf/rcload.h"
#include "engine/conf/set.h"
#include "engine/spec/spec.h"

static char *environment[] = { "HOME=/nonexistent", "PATH=/bin", NULL };

/* How many processes it becomes. */
static size_t
replicas_of(const struct import_proc *p)
{
	size_t n = 1;

	for (size_t i = 0; i < p->line_count; i++)
		if (strcmp(p->lines[i].head, "replicas") == 0)
			n = (size_t)atoi(p->lines[i].text);
	return p->instead ? 0 : n;
}

static void
check_process(const struct set *set, const struct import_proc *p)
{
	const struct spec *s = set_find(set, p->name);

	must(s != NULL);
	must(!p->command || strcmp(s->command, p->command) == 0);
	for (size_t i = 0; p->argv && p->argv[i]; i++)
		must(s->argv[i] && strcmp(s->argv[i], p->argv[i]) == 0);
	must(s->autostart == !p->off);
}

static void
check_text(const struct import *im, const char *from)
{
	struct set_request rq = { .path = "sbxrc", .alone = true,
				  .environment = environment };
	struct buf out = BUF_INIT(8 << 20);
	struct diags *ds = diags_new();
	struct set *set = NULL;

	if (import_write(im, "a file", from, &out) == 0 &&
	    out.len < 4 << 20) {
		write_file("sbxrc", buf_str(&out), out.len);
		if (set_load(&rq, &set, ds) < 0) {
			struct buf said = BUF_INIT(1 << 20);
			(void)diags_print(ds, "sbxrc", "wrong", &said);
			fputs(buf_str(&said), stderr);
			abort();
		}
		size_t count = 0;
		for (size_t i = 0; i < im->proc_count; i++) {
			size_t replicas = replicas_of(im->procs[i]);
			if (replicas == 1)
				check_process(set, im->procs[i]);
			count += replicas;
		}
		must(set->spec_count == count);
	}
	set_free(set);
	diags_free(ds);
	buf_fini(&out);
}

/* YAML ends lines at U+0085, U+2028 and U+2029 too: not more than these. */
static unsigned
lines_of(const uint8_t *data, size_t size)
{
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r' ||
			data[i] == 0x85 || data[i] == 0xa8 || data[i] == 0xa9;
	return lines;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct import_mistake m;
	const char *text = (const char *)bytes + 1;

	begin();
	if (size == 0)
		return 0;
	struct import *im = import_parse(bytes[0] % IMPORT_FORMATS, text,
					 size - 1, NULL, &m);
	if (im)
		check_text(im, bytes[0] & 0x80 ? "../x y" : NULL);
	else
		must(m.text[0] && m.line <= lines_of(bytes, size) + 1);
	import_free(im);
	return 0;
}
