#include "event.h"

#include <assert.h>
#include <string.h>

#include "base.h"

struct cause_row {
	struct row row;
	const char *text;
};

static const struct row events[] = {
#define X(e, name, help) [EVENT_##e] = { name, NULL, "", help },
	EVENT_TABLE(X)
#undef X
};

static const struct cause_row causes[] = {
#define X(e, name, text, help) [CAUSE_##e] = { { name, NULL, "", help }, text },
	CAUSE_TABLE(X)
#undef X
};

const struct table event_table = TABLE("EVENTS", events);
const struct table cause_table = TABLE("CAUSES", causes);

static int
find(const struct table *t, const char *name, size_t len)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *row = table_row(t, i)->name;
		if (strlen(row) == len && memcmp(row, name, len) == 0)
			return (int)i;
	}
	return -1;
}

const char *
event_name(enum event_kind e)
{
	assert((unsigned)e < EVENT_COUNT);
	return events[e].name;
}

const char *
event_help(enum event_kind e)
{
	assert((unsigned)e < EVENT_COUNT);
	return events[e].help;
}

int
event_find(const char *name, size_t len)
{
	return find(&event_table, name, len);
}

const char *
cause_name(enum cause c)
{
	assert((unsigned)c < CAUSE_COUNT);
	return causes[c].row.name;
}

const char *
cause_text(enum cause c)
{
	assert((unsigned)c < CAUSE_COUNT);
	return causes[c].text;
}

const char *
cause_help(enum cause c)
{
	assert((unsigned)c < CAUSE_COUNT);
	return causes[c].row.help;
}

int
cause_find(const char *name, size_t len)
{
	return find(&cause_table, name, len);
}
