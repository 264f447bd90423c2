#ifndef SBX_CLOCK_H
#define SBX_CLOCK_H

/*
 * The only source of time.  Monotonic time drives every timer and survives an
 * engine restart on the same boot (CLOCK_MONOTONIC is system-wide); wall time
 * is for people and log stamps only.  Tests replace both.
 */

#include <stddef.h>
#include <stdint.h>

uint64_t clock_us(void);	/* monotonic, microseconds */
uint64_t clock_ms(void);	/* monotonic, milliseconds */
int64_t	clock_wall_ms(void);	/* since 1970-01-01 UTC, milliseconds */

/* A descriptor that becomes readable when somebody sets the wall clock, or
 * -errno; and what is to be done when it was. */
int	clock_set_fd(void);
void	clock_set_taken(int fd);

/* From now on time stands at mono_us and wall_ms until set again. */
void	clock_fake(uint64_t mono_us, int64_t wall_ms);
void	clock_real(void);

/* "2026-03-01T12:03:22.123+01:00" in local time (RFC 3339); cap >= 36. */
void	clock_rfc3339(char *out, size_t cap, int64_t wall_ms);
/* "12:03:22" in local time; cap >= 9. */
void	clock_hms(char *out, size_t cap, int64_t wall_ms);
/* "40s" "12m04s" "3h05m" "2d04h"; cap >= 16. */
void	clock_age(char *out, size_t cap, uint64_t for_ms);

#endif
