#include "timetext.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "err.h"
#include "units.h"

/* Exactly n digits within min..max; the text behind them or NULL. */
static const char *
digits(const char *s, int n, int min, int max, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++, s++) {
		if (!isdigit((unsigned char)*s))
			return NULL;
		v = v * 10 + (*s - '0');
	}
	if (v < min || v > max)
		return NULL;
	*out = v;
	return s;
}

static const char *
literal(const char *s, const char *set)
{
	return s && *s && strchr(set, *s) ? s + 1 : NULL;
}

/* "12:03", "12:03:22", "12:03:22.123" */
static const char *
day_time(const char *s, struct tm *tm, int *ms)
{
	s = digits(s, 2, 0, 23, &tm->tm_hour);
	s = literal(s, ":");
	s = s ? digits(s, 2, 0, 59, &tm->tm_min) : NULL;
	if (!s || *s != ':')
		return s;
	s = digits(s + 1, 2, 0, 60, &tm->tm_sec);
	if (!s || *s != '.')
		return s;
	int scale = 100;
	if (!isdigit((unsigned char)*++s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++, scale /= 10)
		*ms += (*s - '0') * scale;
	return s;
}

/* "", "Z", "+01:00"; *local is set for "". */
static const char *
zone(const char *s, bool *local, int *offset_s)
{
	int hours, minutes, sign = *s == '-' ? -1 : 1;

	*local = *s == '\0';
	*offset_s = 0;
	if (*local)
		return s;
	if (*s == 'Z' || *s == 'z')
		return s + 1;
	s = literal(s, "+-");
	s = s ? digits(s, 2, 0, 23, &hours) : NULL;
	s = literal(s, ":");
	s = s ? digits(s, 2, 0, 59, &minutes) : NULL;
	if (s)
		*offset_s = sign * (hours * 3600 + minutes * 60);
	return s;
}

static int
parse_point(const char *text, int64_t now_ms, int64_t *wall_ms)
{
	time_t now = (time_t)(now_ms / 1000), at;
	struct tm tm = { .tm_isdst = -1 };
	const char *s = text;
	int ms = 0, offset_s = 0;
	bool local = true;

	if (strlen(text) > 4 && text[4] == '-') {
		s = digits(s, 4, 1970, 9999, &tm.tm_year);
		s = literal(s, "-");
		s = s ? digits(s, 2, 1, 12, &tm.tm_mon) : NULL;
		s = literal(s, "-");
		s = s ? digits(s, 2, 1, 31, &tm.tm_mday) : NULL;
		if (!s)
			return -1;
		tm.tm_year -= 1900;
		tm.tm_mon -= 1;
		if (*s) {
			s = literal(s, "Tt ");
			s = s ? day_time(s, &tm, &ms) : NULL;
			s = s ? zone(s, &local, &offset_s) : NULL;
		}
	} else {
		struct tm today;
		if (!localtime_r(&now, &today))
			return -1;
		tm.tm_year = today.tm_year;
		tm.tm_mon = today.tm_mon;
		tm.tm_mday = today.tm_mday;
		s = day_time(s, &tm, &ms);
	}
	if (!s || *s)
		return -1;
	at = local ? mktime(&tm) : timegm(&tm) - offset_s;
	*wall_ms = (int64_t)at * 1000 + ms;
	return 0;
}

int
timetext_parse(const char *text, int64_t now_ms, int64_t *wall_ms,
	       struct err *e)
{
	uint64_t back_ms;

	if (units_duration(text, &back_ms) == 0) {
		int64_t back = back_ms > (uint64_t)now_ms ? now_ms :
							    (int64_t)back_ms;
		*wall_ms = now_ms - back;
		return 0;
	}
	if (parse_point(text, now_ms, wall_ms) == 0)
		return 0;
	err_set(e, ERR_USAGE, "'%.60s' is neither a time nor a duration",
		text);
	return err_hint(e, "like 2026-03-01T12:00:00Z, 12:00 or 5m");
}
