#include "confwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "conf/option.h"
#include "core.h"
#include "feed.h"
#include "helper.h"
#include "probe/filewatch.h"
#include "spec/spec.h"

enum {
	READ_MAX_US = 20 * 1000 * 1000,
	PATH_TEXT_MAX = 16 << 10,
};

static void
on_changed(void *arg, const struct filewatch_change *change)
{
	struct engine *e = arg;
	char exe[64];
	char *argv[] = { exe, "__notice", e->set.rc_path, e->dir.sock_path,
			 NULL };
	(void)change;

	/* One that has read the old file is of no use. */
	helper_cancel(e, e->conf_slot);
	/* As this engine is, whatever is in its place on the disk. */
	snprintf(exe, sizeof exe, "/proc/%d/exe", (int)getpid());
	helper_start_own(e, HELPER_CONFIG, argv, e->set.environ, e->set.dir,
			 READ_MAX_US, &e->conf_slot);
}

static void
on_trouble(void *arg, const struct err *err)
{
	engine_note(arg, NULL, EVENT_NOTE, CAUSE_ENGINE,
		    "edits of the sbxrc may go unnoticed: %s", err->text);
}

static const struct filewatch_ops ops = {
	.changed = on_changed,
	.trouble = on_trouble,
};

/* A path as a pattern that means this path alone. */
static char *
literal(const char *path)
{
	struct buf b = BUF_INIT(PATH_TEXT_MAX);

	for (; *path; path++) {
		bool special = strchr("*?[]{}\\!", *path);
		buf_addf(&b, special ? "[%c]" : "%c", *path);
	}
	return buf_take(&b);
}

static char **
all_files(const struct setpack *s)
{
	size_t count = 0;

	while (s->files && s->files[count])
		count++;
	char **globs = mem_array(count + 3, sizeof *globs), *local;
	for (size_t i = 0; i < count; i++)
		globs[i] = literal(s->files[i]);
	/* Read where it is there, and it may come. */
	globs[count++] = literal(s->rc_path);
	local = mem_fmt("%s.local", s->rc_path);
	globs[count] = literal(local);
	free(local);
	return globs;
}

void
confwatch_update(struct engine *e)
{
	struct err err = ERR_INIT;

	filewatch_drop(e->conf_files);
	e->conf_files = NULL;
	if (!e->loaded_ms || !e->set.rc_path[0] ||
	    !options_flag(e->options, OPTION_WATCH_CONFIG))
		return;
	if (!e->conf_watch)
		e->conf_watch = filewatch_new(e->loop);
	char **globs = all_files(&e->set);
	e->conf_files = filewatch_add(e->conf_watch, e->set.dir, globs, 0,
				      &ops, e, &err);
	if (!e->conf_files)
		on_trouble(e, &err);
	strv_free(globs);
}

void
confwatch_close(struct engine *e)
{
	filewatch_free(e->conf_watch);
	e->conf_watch = NULL;
	e->conf_files = NULL;
}

void
confwatch_tell(struct engine *e, size_t mistakes, size_t differences)
{
	const char *slash = strrchr(e->set.rc_path, '/');
	const char *name = slash ? slash + 1 : e->set.rc_path;
	size_t n = mistakes ? mistakes : differences;
	char text[200];

	if (n > 0)
		snprintf(text, sizeof text, "%.100s changed: %zu %s%s (%s)",
			 name, n, mistakes ? "mistake" : "difference",
			 n == 1 ? "" : "s",
			 mistakes ? "sbx check" : "sbx reload");
	else
		snprintf(text, sizeof text, "%.100s is what runs again", name);
	/* An edit that makes no difference is worth no word. */
	if (n > 0 || e->conf_differs) {
		engine_note(e, NULL, EVENT_CONFIG_CHANGED, CAUSE_FILES, "%s",
			    text);
		feed_note(e, mistakes ? SPEC_LEVEL_WARN : SPEC_LEVEL_INFO,
			  text);
	}
	e->conf_differs = n > 0;
}
