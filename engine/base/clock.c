#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>

#include "fault.h"
#include "sys.h"

#define NEVER_S	((time_t)1 << 34)	/* in some hundred years */

static struct {
	bool on;
	uint64_t mono_us;
	int64_t wall_ms;
} fake;

uint64_t
clock_us(void)
{
	if (fake.on)
		return fake.mono_us;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t
clock_wall_ms(void)
{
	if (fake.on)
		return fake.wall_ms;
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 +
	       fault_clock_ms();
}

/* A time that never comes: all it can do is to be cancelled. */
static void
watch(int fd)
{
	struct itimerspec never = { .it_value.tv_sec = NEVER_S };

	(void)timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			      &never, NULL);
}

int
clock_set_fd(void)
{
	int fd = fault_clock_fd();

	if (fd >= 0)
		return fd;
	fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	watch(fd);
	return fd;
}

void
clock_set_taken(int fd)
{
	char events[4096];

	(void)sys_read(fd, events, sizeof events);
	watch(fd);
}

void
clock_fake(uint64_t mono_us, int64_t wall_ms)
{
	fake.on = true;
	fake.mono_us = mono_us;
	fake.wall_ms = wall_ms;
}

void
clock_real(void)
{
	fake.on = false;
}

/* Split so that milliseconds stay in 0..999 before 1970 too. */
static void
split(int64_t wall_ms, struct tm *tm, int *ms)
{
	int64_t s = wall_ms / 1000;
	*ms = (int)(wall_ms % 1000);
	if (*ms < 0) {
		*ms += 1000;
		s--;
	}
	time_t t = (time_t)s;
	localtime_r(&t, tm);
}

void
clock_rfc3339(char *out, size_t cap, int64_t wall_ms)
{
	struct tm tm;
	int ms;
	split(wall_ms, &tm, &ms);
	long off = tm.tm_gmtoff / 60;
	char sign = off < 0 ? '-' : '+';
	off = labs(off);
	snprintf(out, cap, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02ld:%02ld",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, ms, sign, off / 60, off % 60);
}

void
clock_hms(char *out, size_t cap, int64_t wall_ms)
{
	struct tm tm;
	int ms;
	split(wall_ms, &tm, &ms);
	snprintf(out, cap, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
clock_age(char *out, size_t cap, uint64_t for_ms)
{
	unsigned long s = (unsigned long)(for_ms / 1000);
	if (s < 60)
		snprintf(out, cap, "%lus", s);
	else if (s < 3600)
		snprintf(out, cap, "%lum%02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, cap, "%luh%02lum", s / 3600, s / 60 % 60);
	else
		snprintf(out, cap, "%lud%02luh", s / 86400, s / 3600 % 24);
}
