#include "select.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/units.h"
#include "base/words.h"

/* "worker" and "worker.12" */
static bool
is_replica(const char *name, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(name, word, len) != 0 || name[len] != '.')
		return false;
	const char *digits = name + len + 1;
	return *digits && strspn(digits, "0123456789") == strlen(digits);
}

enum how { BY_NAME, BY_GROUP, BY_REPLICA, BY_GLOB, HOW_COUNT };

static bool
fits(const struct select_item *it, const char *word, enum how how)
{
	switch (how) {
	case BY_NAME:
		return strcmp(it->name, word) == 0;
	case BY_GROUP:
		return words_have(it->groups, word);
	case BY_REPLICA:
		return is_replica(it->name, word);
	case BY_GLOB:
		return strpbrk(word, "*?[") && !it->hidden &&
		       fnmatch(word, it->name, 0) == 0;
	case HOW_COUNT:
		break;
	}
	return false;
}

static int
no_such(const struct select_item *items, size_t count, const char *word,
	struct err *e)
{
	const char **names = mem_array(count + 1, sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = items[i].name;
	const char *near = table_nearest(word, names, count);
	free(names);
	if (strpbrk(word, "*?["))
		err_set(e, ERR_NO_PROCESS, "no process fits '%.100s'", word);
	else
		err_set(e, ERR_NO_PROCESS, "no process '%.100s'", word);
	unsigned pid;
	if (select_member(word, &pid))
		return err_hint(e, "NAME/PID is for stop, kill and signal");
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	return err_hint(e, "'sbx ls' lists them");
}

int
select_match(const struct select_item *items, size_t count, char *const *names,
	     unsigned flags, bool *hit, struct err *e)
{
	int found = 0;

	for (size_t i = 0; i < count; i++) {
		hit[i] = ((flags & SELECT_ALL) && !items[i].hidden) ||
			 ((flags & SELECT_FAILED) && items[i].failed);
	}
	for (; names && *names; names++) {
		bool any = false;
		for (int how = 0; how < HOW_COUNT && !any; how++) {
			for (size_t i = 0; i < count; i++) {
				if (!fits(&items[i], *names, (enum how)how))
					continue;
				hit[i] = any = true;
			}
		}
		if (!any)
			return no_such(items, count, *names, e);
	}
	for (size_t i = 0; i < count; i++)
		found += hit[i];
	return found;
}

size_t
select_member(const char *word, unsigned *pid)
{
	const char *slash = strchr(word, '/');
	uint64_t no;

	if (!slash || slash == word ||
	    units_uint(slash + 1, 1, INT32_MAX, &no) < 0)
		return 0;
	*pid = (unsigned)no;
	return (size_t)(slash - word);
}

bool
select_is_failed(enum status s, bool stopped)
{
	switch (s) {
	case STATUS_FAILED:
	case STATUS_TIMED_OUT:
	case STATUS_ERROR:
	case STATUS_BACKOFF:
		return true;
	case STATUS_KILLED:
		return !stopped;
	default:
		return false;
	}
}
