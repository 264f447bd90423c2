#include "status.h"

#include <assert.h>
#include <string.h>

static const struct status_row statuses[] = {
#define X(e, name, shape, live, final, help)                                   \
	[STATUS_##e] = { { name, NULL, "", help }, SHAPE_##shape, live, final },
	STATUS_TABLE(X)
#undef X
};

static const struct shape_row shapes[] = {
#define X(e, unicode, ascii, role, help)                                       \
	[SHAPE_##e] = { unicode, ascii, role, help },
	SHAPE_TABLE(X)
#undef X
};

const struct table status_table = TABLE(statuses);

const struct status_row *
status_get(enum status s)
{
	assert((unsigned)s < STATUS_COUNT);
	return &statuses[s];
}

const char *
status_name(enum status s)
{
	return status_get(s)->row.name;
}

int
status_find(const char *name, size_t len)
{
	for (int i = 0; i < STATUS_COUNT; i++) {
		const char *row = statuses[i].row.name;
		if (strlen(row) == len && memcmp(row, name, len) == 0)
			return i;
	}
	return -1;
}

const struct shape_row *
shape_get(enum shape s)
{
	assert((unsigned)s < SHAPE_COUNT);
	return &shapes[s];
}

enum shape
status_shape(enum status s, bool ready, bool paused, bool stopped)
{
	const struct status_row *row = status_get(s);

	if (row->live && paused)
		return SHAPE_PAUSED;
	if (s == STATUS_RUNNING && !ready)
		return SHAPE_UNREADY;
	if ((s == STATUS_KILLED || s == STATUS_FAILED) && stopped)
		return SHAPE_OFF;
	return row->shape;
}
