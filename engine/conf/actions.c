#include "actions.h"

#include "base/base.h"

static const struct action_row rows[] = {
#define X(e, name, args, help, section)                                        \
	{ { name, NULL, args, help }, section, ACTION_##e },
	ACTION_TABLE(X)
#undef X
};

const struct table action_table = TABLE(rows);

const struct action_row *
action_find(const char *name)
{
	const struct row *r = table_find(&action_table, name);

	return r ? container_of(r, const struct action_row, row) : NULL;
}
