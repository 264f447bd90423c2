#ifndef SBX_CRON_H
#define SBX_CRON_H

/*
 * `schedule cron "M H D MON DOW"`: five fields as crontab(5) has them, and
 * when such a schedule is due.  Times are seconds since 1970 UTC; what they
 * are called on the wall is asked of the C library's time zones.
 *
 * Where clocks change: a time that does not exist that day runs once, at the
 * first moment after the gap; a time that exists twice runs at its first.
 * A schedule for all hours (an hour field that begins with an asterisk, or
 * 0-23) follows the wall as it is: each of the repeated hours, none of the
 * missing one.
 *
 * Where the clock is set: forwards, what was missed runs once, however many
 * times it was.  Backwards, nothing runs until the clock has passed the time
 * up to which it has run; but a clock that goes back by more than
 * CRON_BACK_MAX_S was wrong before, and the schedule begins anew.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define CRON_BACK_MAX_S	(25 * 3600)
#define CRON_MISSED_MAX	1000	/* counted no further */

/* A plain value; bit N of a field: its value N. */
struct cron {
	uint64_t minute;
	uint32_t hour, mday;
	uint16_t mon;		/* 1-12 */
	uint8_t wday;		/* 0-6 from Sunday */
	bool all_hours;
	bool either_day;	/* both days are given: one is enough */
};

/*
 * 0, or -1 with e and in *off (may be NULL) which byte of text it is about.
 * Also @hourly, @daily (@midnight), @weekly, @monthly, @yearly (@annually).
 * A date that never comes (February 30) is an error.
 */
int	cron_parse(const char *text, struct cron *out, size_t *off,
		   struct err *e);

/*
 * The first time after `after`.  zone: as in TZ; NULL: the process's own.
 * The environment is changed meanwhile, so one thread at a time.
 */
int64_t	cron_next(const struct cron *c, const char *zone, int64_t after);
/* Does the C library know the zone?  It takes an unknown one for UTC. */
bool	cron_zone_is_known(const char *zone);

/*
 * To be asked when a run may be due, at the time it gave last and at least
 * once a minute, since the clock may have been set.
 */
struct cron_look {
	bool fire;		/* run it, once */
	bool anew;		/* the clock went back too far: note it */
	unsigned missed;	/* times that were passed over */
	int64_t last;		/* keep it and give it back */
	int64_t next;		/* the next time; > now */
};
/* last: what the look before gave; when it began, the time of that. */
void	cron_look(const struct cron *c, const char *zone, int64_t last,
		  int64_t now, struct cron_look *out);

/*
 * The same for `schedule every`, by the monotonic clock, which nobody sets:
 * times keep their distance from the first one, missed ones run once.
 */
struct every_look {
	bool fire;
	uint64_t missed;
	uint64_t last_ms, next_ms;
};
void	every_look(uint64_t every_ms, uint64_t last_ms, uint64_t now_ms,
		   struct every_look *out);

#endif
