#include "engine/life/cron.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/base.h"
#include "engine/base/err.h"
#include "tests/lib/rnd.h"
#include "tests/lib/test.h"

#define BERLIN "Europe/Berlin"
#define NEW_YORK "America/New_York"
#define LORD_HOWE "Australia/Lord_Howe"

static struct cron
cron_of(const char *text)
{
	struct cron c;
	struct err e = ERR_INIT;
	if (cron_parse(text, &c, NULL, &e) < 0) {
		printf("# %s: %s\n", text, e.text);
		abort();
	}
	return c;
}

/* "2026-03-29 01:59:30" in UTC. */
static int64_t
utc(const char *text)
{
	struct tm tm = { 0 };
	if (sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) < 5)
		abort();
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* The next time as the wall of the zone shows it, with its offset. */
static const char *
next_text(const char *cron, const char *zone, const char *after)
{
	static char out[64];
	struct cron c = cron_of(cron);
	int64_t t = cron_next(&c, zone, utc(after));
	time_t tt = (time_t)t;
	struct tm tm;
	setenv("TZ", zone, 1);
	tzset();
	localtime_r(&tt, &tm);
	strftime(out, sizeof out, "%Y-%m-%d %H:%M %z", &tm);
	return out;
}

TEST(plain_times)
{
	const char *a = "2026-01-05 10:00";	/* a Monday */
	EQ_STR(next_text("* * * * *", "UTC", a), "2026-01-05 10:01 +0000");
	EQ_STR(next_text("0 10 * * *", "UTC", a), "2026-01-06 10:00 +0000");
	EQ_STR(next_text("0 10 * * *", "UTC", "2026-01-05 09:59:59"),
	       "2026-01-05 10:00 +0000");
	EQ_STR(next_text("*/15 * * * *", "UTC", a), "2026-01-05 10:15 +0000");
	EQ_STR(next_text("5/20 * * * *", "UTC", a), "2026-01-05 10:05 +0000");
	EQ_STR(next_text("0 14 * * 1-5", BERLIN, "2026-01-09 13:00"),
	       "2026-01-12 14:00 +0100");
	EQ_STR(next_text("0 0 * * sun", "UTC", a), "2026-01-11 00:00 +0000");
	EQ_STR(next_text("0 0 * * 7", "UTC", a), "2026-01-11 00:00 +0000");
	EQ_STR(next_text("0 0 * * SAT-sun", "UTC", "2026-01-10 00:00"),
	       "2026-01-11 00:00 +0000");
	EQ_STR(next_text("30 6 1,15 jan,Jul *", "UTC", a),
	       "2026-01-15 06:30 +0000");
	EQ_STR(next_text("@hourly", "UTC", a), "2026-01-05 11:00 +0000");
	EQ_STR(next_text("@weekly", "UTC", a), "2026-01-11 00:00 +0000");
	EQ_STR(next_text("@monthly", "UTC", a), "2026-02-01 00:00 +0000");
	EQ_STR(next_text("@annually", "UTC", a), "2027-01-01 00:00 +0000");
}

TEST(days_of_month_and_week)
{
	const char *a = "2026-01-05 10:00";
	/* Both given: one is enough.  One begins with '*': both. */
	EQ_STR(next_text("0 0 13 * 5", "UTC", a), "2026-01-09 00:00 +0000");
	EQ_STR(next_text("0 0 13 * 5", "UTC", "2026-01-09 00:00"),
	       "2026-01-13 00:00 +0000");
	EQ_STR(next_text("0 0 */2 * 1", "UTC", a), "2026-01-19 00:00 +0000");
	EQ_STR(next_text("0 0 31 * *", "UTC", "2026-01-31 00:00"),
	       "2026-03-31 00:00 +0000");
}

TEST(leap_years)
{
	EQ_STR(next_text("0 0 29 2 *", "UTC", "2026-01-01 00:00"),
	       "2028-02-29 00:00 +0000");
	EQ_STR(next_text("0 0 29 2 *", "UTC", "2096-03-01 00:00"),
	       "2104-02-29 00:00 +0000");
	EQ_STR(next_text("0 0 29 2 *", "UTC", "1999-03-01 00:00"),
	       "2000-02-29 00:00 +0000");
}

TEST(a_missing_hour_runs_once_behind_it)
{
	/* 02:00 is 03:00 in Berlin on 29 March 2026 (01:00 UTC). */
	const char *b = "2026-03-28 20:00";
	EQ_STR(next_text("30 2 * * *", BERLIN, b), "2026-03-29 03:00 +0200");
	EQ_STR(next_text("30 2 * * *", BERLIN, "2026-03-29 01:00"),
	       "2026-03-30 02:30 +0200");
	EQ_STR(next_text("*/10 2 * * *", BERLIN, b),
	       "2026-03-29 03:00 +0200");
	EQ_STR(next_text("*/10 2 * * *", BERLIN, "2026-03-29 01:00"),
	       "2026-03-30 02:00 +0200");
	EQ_STR(next_text("30 2,3 * * *", BERLIN, "2026-03-29 01:00"),
	       "2026-03-29 03:30 +0200");
	EQ_STR(next_text("30 * * * *", BERLIN, "2026-03-29 00:30"),
	       "2026-03-29 03:30 +0200");
	EQ_STR(next_text("0 2 8 3 *", NEW_YORK, "2026-03-01 00:00"),
	       "2026-03-08 03:00 -0400");
	/* Half an hour: 02:00 is 02:30 on 4 October 2026. */
	EQ_STR(next_text("15 2 * * *", LORD_HOWE, "2026-10-03 15:00"),
	       "2026-10-04 02:30 +1100");
	EQ_STR(next_text("30 2 * * *", LORD_HOWE, "2026-10-03 15:00"),
	       "2026-10-04 02:30 +1100");
	EQ_STR(next_text("15,30 2 * * *", LORD_HOWE, "2026-10-03 15:30"),
	       "2026-10-05 02:15 +1100");
	/* Days begin at 01:00 there once a year. */
	EQ_STR(next_text("0 0 29 3 *", "Asia/Beirut", "2026-01-01 00:00"),
	       "2026-03-29 01:00 +0300");
	/* A whole day that was no more. */
	EQ_STR(next_text("0 14 30 12 *", "Pacific/Apia", "2011-12-01 00:00"),
	       "2011-12-31 00:00 +1400");
}

TEST(a_repeated_hour_runs_once)
{
	/* 03:00 is 02:00 again in Berlin on 25 October 2026 (01:00 UTC). */
	const char *b = "2026-10-24 20:00";
	EQ_STR(next_text("30 2 * * *", BERLIN, b), "2026-10-25 02:30 +0200");
	EQ_STR(next_text("30 2 * * *", BERLIN, "2026-10-25 00:30"),
	       "2026-10-26 02:30 +0100");
	EQ_STR(next_text("0 3 * * *", BERLIN, b), "2026-10-25 03:00 +0100");
	EQ_STR(next_text("30 * * * *", BERLIN, "2026-10-25 00:30"),
	       "2026-10-25 02:30 +0100");
	EQ_STR(next_text("30 0-23 * * *", BERLIN, "2026-10-25 00:30"),
	       "2026-10-25 02:30 +0100");
	EQ_STR(next_text("30 1 1 11 *", NEW_YORK, "2026-11-01 05:30"),
	       "2027-11-01 01:30 -0400");
	/* 02:00 is 01:30 again on 5 April 2026. */
	EQ_STR(next_text("45 1 * * *", LORD_HOWE, "2026-04-04 12:00"),
	       "2026-04-05 01:45 +1100");
	EQ_STR(next_text("45 1 * * *", LORD_HOWE, "2026-04-04 14:45"),
	       "2026-04-06 01:45 +1030");
	EQ_STR(next_text("15 1 * * *", LORD_HOWE, "2026-04-04 12:00"),
	       "2026-04-05 01:15 +1100");
}

/* One step of the rule as it is stated, minute by minute. */
static bool
brute_fits(const struct cron *c, const struct tm *tm)
{
	bool m = c->mday >> tm->tm_mday & 1, w = c->wday >> tm->tm_wday & 1;
	return (c->minute >> tm->tm_min & 1) && (c->hour >> tm->tm_hour & 1) &&
	       (c->mon >> (tm->tm_mon + 1) & 1) &&
	       (c->either_day ? m || w : m && w);
}

static bool
brute_fires(const struct cron *c, int64_t t)
{
	time_t now = (time_t)t, past = now - 60;
	struct tm tm, before;
	localtime_r(&now, &tm);
	localtime_r(&past, &before);
	if (brute_fits(c, &tm)) {
		if (c->all_hours)
			return true;
		bool seen = false;
		for (int64_t u = t - 60; u > t - 4 * 3600 && !seen; u -= 60) {
			time_t uu = (time_t)u;
			struct tm b;
			localtime_r(&uu, &b);
			seen = b.tm_min == tm.tm_min &&
			       b.tm_hour == tm.tm_hour &&
			       b.tm_mday == tm.tm_mday;
		}
		if (!seen)
			return true;
	}
	if (c->all_hours || tm.tm_gmtoff <= before.tm_gmtoff)
		return false;
	for (int64_t w = t + before.tm_gmtoff; w < t + tm.tm_gmtoff; w += 60) {
		time_t ww = (time_t)w;
		struct tm lost;
		gmtime_r(&ww, &lost);
		if (brute_fits(c, &lost))
			return true;
	}
	return false;
}

static void
random_cron(char *out, size_t cap)
{
	static const char *const minutes[] = {
		"*", "0", "30", "*/15", "7,52", "0-5", "59",
	};
	static const char *const hours[] = {
		"*", "0", "1", "2", "3", "*/2", "1-3", "0-23", "22,2",
	};
	static const char *const days[] = { "*", "*", "1", "25-31", "*/3" };
	static const char *const mons[] = { "*", "*", "3,10", "4,11", "2-9/2" };
	static const char *const wdays[] = { "*", "*", "0", "1-5", "*/2" };
	snprintf(out, cap, "%s %s %s %s %s",
		 minutes[rnd(ARRAY_LEN(minutes))],
		 hours[rnd(ARRAY_LEN(hours))], days[rnd(ARRAY_LEN(days))],
		 mons[rnd(ARRAY_LEN(mons))], wdays[rnd(ARRAY_LEN(wdays))]);
}

/* The stretches with the changes of the clock, over several years. */
static void
compare(const char *zone, const char *from_text, int days)
{
	char text[80];
	setenv("TZ", zone, 1);
	tzset();
	for (int i = 0; i < 12; i++) {
		random_cron(text, sizeof text);
		struct cron c = cron_of(text);
		int64_t t = utc(from_text), end = t + days * 86400;
		int64_t next = cron_next(&c, zone, t);
		for (t += 60; t < end; t += 60) {
			bool fires = brute_fires(&c, t);
			if (fires != (next == t))
				TEST_FAIL("\"%s\" in %s at %jd: %d, next %jd",
					  text, zone, (intmax_t)t, fires,
					  (intmax_t)next);
			if (fires)
				next = cron_next(&c, zone, t);
		}
	}
}

TEST(equal_to_a_walk_over_the_minutes)
{
	for (int year = 2024; year <= 2028 && !test_failed; year++) {
		char from[32];
		snprintf(from, sizeof from, "%d-03-24 00:00", year);
		compare(BERLIN, from, 9);
		snprintf(from, sizeof from, "%d-10-23 00:00", year);
		compare(BERLIN, from, 9);
		compare("UTC", from, 4);
		snprintf(from, sizeof from, "%d-03-06 00:00", year);
		compare(NEW_YORK, from, 9);
		snprintf(from, sizeof from, "%d-10-30 00:00", year);
		compare(NEW_YORK, from, 9);
		snprintf(from, sizeof from, "%d-03-31 00:00", year);
		compare(LORD_HOWE, from, 8);
		snprintf(from, sizeof from, "%d-09-30 00:00", year);
		compare(LORD_HOWE, from, 8);
		snprintf(from, sizeof from, "%d-03-15 00:00", year);
		compare("Antarctica/Troll", from, 17);
	}
}

TEST(a_year_of_minutes)
{
	static const char *const texts[] = {
		"30 2 * * *", "*/20 * * * 0", "0 0 29 2 *", "15 1,3 1-7 * 1",
	};
	setenv("TZ", BERLIN, 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct cron c = cron_of(texts[i]);
		int64_t t = utc("2027-12-31 00:00");
		int64_t end = utc("2029-01-02 00:00");
		int64_t next = cron_next(&c, NULL, t);
		for (t += 60; t < end; t += 60) {
			if (brute_fires(&c, t) != (next == t))
				TEST_FAIL("\"%s\" at %jd", texts[i],
					  (intmax_t)t);
			if (next == t)
				next = cron_next(&c, NULL, t);
		}
	}
}

static void
bad(const char *text, size_t off, const char *part)
{
	struct cron c;
	struct err e = ERR_INIT;
	size_t at = 999;
	if (cron_parse(text, &c, &at, &e) == 0)
		TEST_FAIL("\"%s\" is taken", text);
	if (at != off || !strstr(e.text, part) || e.code != ERR_USAGE ||
	    !e.hint[0])
		TEST_FAIL("\"%s\": %zu: %s (%s)", text, at, e.text, e.hint);
}

TEST(mistakes_have_a_place)
{
	bad("", 0, "five fields");
	bad("0 14 * *", 8, "five fields");
	bad("0 14 * * 1-5 x", 13, "more than five");
	bad("60 * * * *", 0, "minute of a schedule: this value does not");
	bad("0 24 * * *", 2, "hour");
	bad("0 0 0 * *", 4, "day");
	bad("0 0 32 * *", 4, "day");
	bad("0 0 * 13 *", 6, "month");
	bad("0 0 * * 8", 8, "weekday");
	bad("0 0 * foo *", 6, "no value");
	bad("0 0 * * mon-", 12, "missing");
	bad("5-1 * * * *", 0, "backwards");
	bad("*/0 * * * *", 2, "step");
	bad("*/99 * * * *", 2, "step");
	bad("1,,2 * * * *", 2, "no value");
	bad("1x * * * *", 1, "not understood");
	bad("mon * * * *", 0, "no value");
	bad("-1 * * * *", 0, "no value");
	bad("99999999999999999999 * * * *", 0, "too large");
	bad("0 0 30 2 *", 4, "no month");
	bad("0 0 31 feb,4,6 *", 4, "no month");
	bad("@reboot", 0, "@reboot");
	bad("@fortnightly", 0, "@fortnightly");
	/* With a weekday there is always one. */
	struct cron c;
	EQ_INT(cron_parse("0 0 30 2 1", &c, NULL, NULL), 0);
	EQ_INT(cron_parse("\t0  14\t* * 1-5 ", &c, NULL, NULL), 0);
}

TEST(zones)
{
	OK(cron_zone_is_known(BERLIN));
	OK(cron_zone_is_known(":Europe/Berlin"));
	OK(cron_zone_is_known("UTC"));
	OK(cron_zone_is_known("CET-1CEST,M3.5.0,M10.5.0"));
	OK(cron_zone_is_known("<+03>-3"));
	OK(!cron_zone_is_known("Europe/Bielefeld"));
	OK(!cron_zone_is_known("../../etc/passwd"));
	/* The zone of the process stays what it was. */
	setenv("TZ", NEW_YORK, 1);
	tzset();
	struct cron c = cron_of("0 12 * * *");
	int64_t t = cron_next(&c, "CET-1CEST,M3.5.0,M10.5.0",
			      utc("2026-06-01 00:00"));
	EQ_INT(t, utc("2026-06-01 10:00"));
	EQ_STR(getenv("TZ"), NEW_YORK);
	EQ_INT(cron_next(&c, NULL, utc("2026-06-01 00:00")),
	       utc("2026-06-01 16:00"));
	unsetenv("TZ");
	cron_next(&c, BERLIN, 0);
	OK(!getenv("TZ"));
}

TEST(a_clock_that_is_set)
{
	struct cron c = cron_of("0 * * * *");
	struct cron_look l;
	int64_t ten = utc("2026-06-01 10:00");
	cron_look(&c, "UTC", ten - 60, ten - 1, &l);
	OK(!l.fire);
	EQ_INT(l.next, ten);
	EQ_INT(l.last, ten - 60);
	cron_look(&c, "UTC", l.last, ten, &l);
	OK(l.fire);
	EQ_INT(l.missed, 0);
	EQ_INT(l.next, ten + 3600);
	/* A second, an hour and a day back: not again. */
	int64_t last = l.last;
	cron_look(&c, "UTC", last, ten - 1, &l);
	OK(!l.fire && !l.anew);
	EQ_INT(l.next, ten + 3600);
	for (int64_t t = ten - 86400; t < ten + 3600; t += 59) {
		cron_look(&c, "UTC", last, t, &l);
		OK(!l.fire && !l.anew);
		EQ_INT(l.last, last);
	}
	cron_look(&c, "UTC", last, ten + 3600, &l);
	OK(l.fire);
	/* A year back: it was wrong before. */
	last = l.last;
	cron_look(&c, "UTC", last, ten - 366 * 86400 + 5, &l);
	OK(!l.fire);
	OK(l.anew);
	EQ_INT(l.next, ten - 366 * 86400 + 3600);
	EQ_INT(l.last, ten - 366 * 86400 + 5);
	/* A night's sleep: once. */
	cron_look(&c, "UTC", ten, ten + 9 * 3600 + 30, &l);
	OK(l.fire);
	EQ_INT(l.missed, 8);
	EQ_INT(l.next, ten + 10 * 3600);
	cron_look(&c, "UTC", l.last, ten + 9 * 3600 + 31, &l);
	OK(!l.fire);
	/* Ten years: counted no further than it is worth. */
	cron_look(&c, "UTC", ten, ten + 3653ll * 86400, &l);
	OK(l.fire);
	EQ_INT(l.missed, CRON_MISSED_MAX - 1);
	EQ_INT(l.next, ten + 3653ll * 86400 + 3600);
}

TEST(every_so_often)
{
	struct every_look l;
	every_look(1000, 5000, 5999, &l);
	OK(!l.fire);
	EQ_INT(l.next_ms, 6000);
	every_look(1000, 5000, 6010, &l);
	OK(l.fire);
	EQ_INT(l.missed, 0);
	EQ_INT(l.last_ms, 6000);
	EQ_INT(l.next_ms, 7000);
	every_look(1000, 6000, 9500, &l);
	OK(l.fire);
	EQ_INT(l.missed, 2);
	EQ_INT(l.last_ms, 9000);
	every_look(1000, 6000, 100, &l);
	OK(!l.fire);
	EQ_INT(l.next_ms, 7000);
}

TEST_MAIN()
