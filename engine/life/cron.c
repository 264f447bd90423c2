#include "cron.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"

enum {
	MINUTE_S = 60, DAY_S = 86400,
	/* The longest wait there is: February 29 over a year like 2100. */
	YEARS_MAX = 9,
	/* No zone sets its clock back by more; the day lines are crossed
	 * forwards. */
	BACK_MAX_S = 3 * 3600,
	NAME_MAX_LEN = 3,
};

static const char *const months[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct",
	"nov", "dec",
};

static const char *const weekdays[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat",
};

static const struct field {
	const char *name;
	unsigned min, max;
	const char *const *names;
	size_t name_count;
} fields[] = {
	{ "minute", 0, 59, NULL, 0 },
	{ "hour", 0, 23, NULL, 0 },
	{ "day", 1, 31, NULL, 0 },
	{ "month", 1, 12, months, ARRAY_LEN(months) },
	/* Sunday is 0 and 7. */
	{ "weekday", 0, 7, weekdays, ARRAY_LEN(weekdays) },
};

enum { MIN, HOUR, MDAY, MON, WDAY, FIELDS };

static const struct {
	const char *name, *text;
} macros[] = {
	{ "@hourly", "0 * * * *" },
	{ "@daily", "0 0 * * *" },
	{ "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" },
	{ "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* --- the text ------------------------------------------------------------ */

struct reader {
	const char *text, *p;
	size_t at;		/* where the mistake is */
	struct err *e;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_end(char c)
{
	return c == '\0' || is_blank(c);
}

static int
wrong(struct reader *r, const char *at, const char *what,
      const struct field *f)
{
	r->at = (size_t)(at - r->text);
	err_set(r->e, ERR_USAGE, "%s of a schedule: %s", f->name, what);
	err_hint(r->e, "%s: %u-%u, lists 1,2, ranges 1-5, steps */10%s",
		 f->name, f->min, f->max,
		 f->names == months ? ", jan-dec" :
		 f->names ? ", mon-sun" : "");
	return -1;
}

static int
take_number(struct reader *r, const struct field *f, unsigned *out)
{
	const char *at = r->p;
	unsigned v = 0;

	for (; *r->p >= '0' && *r->p <= '9'; r->p++) {
		v = v * 10 + (unsigned)(*r->p - '0');
		if (v > 9999)
			return wrong(r, at, "this number is too large", f);
	}
	if (r->p == at)
		return wrong(r, at, *at == '\0' || is_blank(*at) ?
			     "a value is missing" : "this is no value", f);
	*out = v;
	return 0;
}

static int
take_value(struct reader *r, const struct field *f, unsigned *out)
{
	const char *at = r->p;

	for (size_t i = 0; i < f->name_count; i++)
		if (strncasecmp(at, f->names[i], NAME_MAX_LEN) == 0) {
			r->p += NAME_MAX_LEN;
			*out = (unsigned)i + f->min;
			return 0;
		}
	if (take_number(r, f, out) < 0)
		return -1;
	if (*out < f->min || *out > f->max)
		return wrong(r, at, "this value does not exist", f);
	return 0;
}

/* "*", "5", "1-5", each with or without "/2". */
static int
take_range(struct reader *r, const struct field *f, uint64_t *bits)
{
	const char *at = r->p;
	unsigned from = f->min, to = f->max, step = 1;
	bool one = false;

	if (*r->p == '*') {
		r->p++;
		/* 7 is only another name. */
		to -= f->names == weekdays;
	} else {
		if (take_value(r, f, &from) < 0)
			return -1;
		one = *r->p != '-';
		to = from;
		if (!one) {
			r->p++;
			if (take_value(r, f, &to) < 0)
				return -1;
		}
		if (f->names == weekdays && to == 0 && from > 0)
			to = 7;
		if (to < from)
			return wrong(r, at, "this range goes backwards", f);
	}
	if (*r->p == '/') {
		at = ++r->p;
		if (take_number(r, f, &step) < 0)
			return -1;
		if (step == 0 || step > f->max)
			return wrong(r, at, "this step is out of range", f);
		/* "5/10" is from 5 on. */
		if (one)
			to = f->max - (f->names == weekdays && from < 7);
	}
	for (unsigned v = from; v <= to; v += step)
		*bits |= 1ull << v;
	return 0;
}

static int
take_field(struct reader *r, const struct field *f, uint64_t *bits,
	   bool *starred)
{
	*bits = 0;
	*starred = *r->p == '*';
	for (;;) {
		if (take_range(r, f, bits) < 0)
			return -1;
		if (*r->p != ',')
			break;
		r->p++;
	}
	if (!is_end(*r->p))
		return wrong(r, r->p, "this is not understood", f);
	return 0;
}

static unsigned
month_days(unsigned mon, bool leap)
{
	if (mon == 2)
		return leap ? 29 : 28;
	return mon == 4 || mon == 6 || mon == 9 || mon == 11 ? 30 : 31;
}

static bool
has_date(const struct cron *c)
{
	if (c->either_day)
		return true;
	for (unsigned mon = 1; mon <= 12; mon++)
		for (unsigned d = 1; d <= month_days(mon, true); d++)
			if ((c->mon & 1u << mon) && (c->mday & 1u << d))
				return true;
	return false;
}

static int
parse_fields(struct reader *r, struct cron *out)
{
	uint64_t bits[FIELDS];
	bool starred[FIELDS];
	const char *at[FIELDS];

	for (size_t i = 0; i < FIELDS; i++) {
		while (is_blank(*r->p))
			r->p++;
		at[i] = r->p;
		if (*r->p == '\0') {
			r->at = (size_t)(r->p - r->text);
			err_set(r->e, ERR_USAGE, "a schedule has five fields: "
				"minute hour day month weekday");
			return err_hint(r->e, "like: schedule cron "
					"\"0 14 * * 1-5\"");
		}
		if (take_field(r, &fields[i], &bits[i], &starred[i]) < 0)
			return -1;
	}
	while (is_blank(*r->p))
		r->p++;
	if (*r->p)
		return wrong(r, r->p, "there are more than five fields",
			     &fields[WDAY]);
	bits[WDAY] |= bits[WDAY] >> 7;
	*out = (struct cron){
		.minute = bits[MIN], .hour = (uint32_t)bits[HOUR],
		.mday = (uint32_t)bits[MDAY], .mon = (uint16_t)bits[MON],
		.wday = bits[WDAY] & 127,
		.all_hours = starred[HOUR] || bits[HOUR] == (1u << 24) - 1,
		.either_day = !starred[MDAY] && !starred[WDAY],
	};
	if (has_date(out))
		return 0;
	return wrong(r, at[MDAY], "no month of these has such a day",
		     &fields[MDAY]);
}

int
cron_parse(const char *text, struct cron *out, size_t *off, struct err *e)
{
	struct reader r = { text, text, 0, e };
	int rc = 0;

	if (*text != '@') {
		rc = parse_fields(&r, out);
		if (off)
			*off = r.at;
		return rc;
	}
	if (off)
		*off = 0;
	for (size_t i = 0; i < ARRAY_LEN(macros); i++)
		if (strcasecmp(text, macros[i].name) == 0) {
			r.p = r.text = macros[i].text;
			return parse_fields(&r, out);
		}
	if (strcasecmp(text, "@reboot") == 0)
		err_set(e, ERR_USAGE, "'@reboot' is no schedule here");
	else
		err_set(e, ERR_USAGE, "there is no schedule '%s'", text);
	return err_hint(e, "@hourly @daily @weekly @monthly @yearly; "
			"what starts with the set needs no schedule");
}

/* --- zones ---------------------------------------------------------------- */

/* The zone that was there; "" stands for UTC, so NULL is "none". */
static char *
zone_enter(const char *zone)
{
	char *old = NULL;

	if (zone) {
		old = mem_str(getenv("TZ"));
		setenv("TZ", zone, 1);
	}
	/* Without TZ this notices a new /etc/localtime. */
	tzset();
	return old;
}

static void
zone_leave(const char *zone, char *old)
{
	if (!zone)
		return;
	if (old)
		setenv("TZ", old, 1);
	else
		unsetenv("TZ");
	free(old);
	tzset();
}

/* Wall minus UTC at that time. */
static int64_t
offset_at(int64_t t)
{
	struct tm tm;
	time_t tt = (time_t)t;

	return localtime_r(&tt, &tm) ? tm.tm_gmtoff : 0;
}

/* The first second in (from, to] that has another offset; to if none. */
static int64_t
find_change(int64_t from, int64_t to, int64_t off)
{
	if (offset_at(to) == off)
		return to;
	while (to - from > 1) {
		int64_t mid = from + (to - from) / 2;
		if (offset_at(mid) == off)
			from = mid;
		else
			to = mid;
	}
	return to;
}

/* Did the wall show this before, until clocks were set back? */
static bool
is_repeated(int64_t t, int64_t off)
{
	int64_t before = offset_at(t - BACK_MAX_S);

	return before > off && offset_at(t - (before - off)) == before;
}

/* --- the calendar --------------------------------------------------------- */

static bool
day_fits(const struct cron *c, const struct tm *tm)
{
	bool mday = c->mday & 1u << tm->tm_mday;
	bool wday = c->wday & 1u << tm->tm_wday;

	if (!(c->mon & 1u << (tm->tm_mon + 1)))
		return false;
	return c->either_day ? mday || wday : mday && wday;
}

static int64_t
round_up(int64_t v, int64_t unit)
{
	int64_t rest = v % unit;

	return rest == 0 ? v : v - rest + (rest > 0 ? unit : 0);
}

/*
 * The first fitting minute of the wall in [from, to), both as if the wall
 * were UTC, so that there is no zone in it; -1 if there is none.
 */
static int64_t
first_fit(const struct cron *c, int64_t from, int64_t to)
{
	int64_t w = round_up(from, MINUTE_S);

	while (w < to) {
		struct tm tm;
		time_t tt = (time_t)w;

		gmtime_r(&tt, &tm);
		if (!day_fits(c, &tm))
			w = round_up(w + 1, DAY_S);
		else if (!(c->hour & 1u << tm.tm_hour))
			w = round_up(w + 1, 3600);
		else if (!(c->minute & 1ull << tm.tm_min))
			w += MINUTE_S;
		else
			return w;
	}
	return -1;
}

/* A stretch [from, to) of time with one offset. */
static int64_t
first_in_stretch(const struct cron *c, int64_t from, int64_t to, int64_t off)
{
	while (from < to) {
		int64_t w = first_fit(c, from + off, to + off);
		if (w < 0)
			return -1;
		int64_t t = w - off;
		if (c->all_hours || !is_repeated(t, off))
			return t;
		from = t + 1;
	}
	return -1;
}

int64_t
cron_next(const struct cron *c, const char *zone, int64_t after)
{
	char *old = zone_enter(zone);
	int64_t t = after + 1;
	int64_t end = after + (int64_t)YEARS_MAX * 366 * DAY_S, found = -1;

	while (t < end && found < 0) {
		int64_t off = offset_at(t), before = offset_at(t - 1);

		if (before < off && !c->all_hours &&
		    first_fit(c, t + before, t + off) >= 0) {
			found = t;
			break;
		}
		/* Zones that change twice within a day exist on no map. */
		int64_t to = find_change(t, t + DAY_S, off);
		found = first_in_stretch(c, t, to, off);
		t = to;
	}
	zone_leave(zone, old);
	return found < 0 ? end : found;
}

bool
cron_zone_is_known(const char *zone)
{
	const char *dir = getenv("TZDIR");
	char path[512];

	if (*zone == ':')
		zone++;
	if (*zone == '\0')
		return true;
	/* "CET-1CEST,M3.5.0,M10.5.0": a rule and no file. */
	if (strpbrk(zone, "0123456789,<") && !strchr(zone, '/')) {
		size_t letters = strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz");
		if (*zone == '<' || letters >= 3)
			return true;
	}
	if (strstr(zone, ".."))
		return false;
	int n = snprintf(path, sizeof path, "%s/%s", *zone == '/' ? "" :
			 dir ? dir : "/usr/share/zoneinfo", zone);
	return n > 0 && n < (int)sizeof path && access(path, R_OK) == 0;
}

/* --- what is due ---------------------------------------------------------- */

void
cron_look(const struct cron *c, const char *zone, int64_t last, int64_t now,
	  struct cron_look *out)
{
	*out = (struct cron_look){ .last = last };
	if (now < last - CRON_BACK_MAX_S) {
		out->anew = true;
		out->last = now;
	}
	int64_t next = cron_next(c, zone, out->last);
	if (next <= now) {
		out->fire = true;
		out->last = now;
	}
	for (unsigned n = 0; next <= now && n < CRON_MISSED_MAX; n++) {
		out->missed = n;
		next = cron_next(c, zone, next);
	}
	out->next = next > now ? next : cron_next(c, zone, now);
}

void
every_look(uint64_t every_ms, uint64_t last_ms, uint64_t now_ms,
	   struct every_look *out)
{
	*out = (struct every_look){ .last_ms = last_ms };
	uint64_t times = now_ms > last_ms ? (now_ms - last_ms) / every_ms : 0;
	if (times > 0) {
		out->fire = true;
		out->missed = times - 1;
		out->last_ms = last_ms + times * every_ms;
	}
	out->next_ms = out->last_ms + every_ms;
}
