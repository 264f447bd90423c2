#include "event.h"

#include <assert.h>
#include <string.h>

#include "base.h"

static const struct {
	const char *name, *help;
} events[] = {
#define X(e, name, help) [EVENT_##e] = { name, help },
	EVENT_TABLE(X)
#undef X
};

static const struct {
	const char *name, *text, *help;
} causes[] = {
#define X(e, name, text, help) [CAUSE_##e] = { name, text, help },
	CAUSE_TABLE(X)
#undef X
};

#define FIND(table, name, len)                                                 \
	do {                                                                   \
		for (size_t i = 0; i < ARRAY_LEN(table); i++)                  \
			if (strlen(table[i].name) == (len) &&                  \
			    memcmp(table[i].name, name, len) == 0)             \
				return (int)i;                                 \
		return -1;                                                     \
	} while (0)

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
	FIND(events, name, len);
}

const char *
cause_name(enum cause c)
{
	assert((unsigned)c < CAUSE_COUNT);
	return causes[c].name;
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
	return causes[c].help;
}

int
cause_find(const char *name, size_t len)
{
	FIND(causes, name, len);
}
