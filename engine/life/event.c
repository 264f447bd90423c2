#include "event.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

struct cause_row {
	struct row row;
	const char *prep, *text;
};

static const struct row events[] = {
#define X(e, name, help) [EVENT_##e] = { name, NULL, "", help },
	EVENT_TABLE(X)
#undef X
};

static const struct cause_row causes[] = {
#define X(e, name, prep, text, help)                                           \
	[CAUSE_##e] = { { name, NULL, "", help }, prep, text },
	CAUSE_TABLE(X)
#undef X
};

const struct table event_table = TABLE(events);
const struct table cause_table = TABLE(causes);

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
cause_phrase(enum cause c, const char *detail, char *out, size_t cap)
{
	assert((unsigned)c < CAUSE_COUNT);
	const struct cause_row *row = &causes[c];
	if (!detail || !*detail)
		snprintf(out, cap, "%s %s", row->prep, row->text);
	else if (cause_is_by_hand(c))
		snprintf(out, cap, "%s %s (%s)", row->prep, row->text, detail);
	else
		snprintf(out, cap, "%s %s", row->prep, detail);
	return out;
}

int
cause_find(const char *name, size_t len)
{
	return find(&cause_table, name, len);
}
