#ifndef SBX_UNITS_H
#define SBX_UNITS_H

/*
 * Values as people write them, in sbxrc, behind ':' and on the command line:
 * durations 500ms 3s 2m 1h 1d (and 1m30s, 0.5s), sizes 64K 32M 1G, ranges
 * a..b, yes/no.  Every reader takes the whole text or refuses it: 0,
 * -EINVAL for a text that is none, -ERANGE for one that is too large.  The
 * result is written only on success.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_MAX 32	/* bytes that any of the writers needs */

int	units_duration(const char *text, uint64_t *ms);
int	units_size(const char *text, uint64_t *bytes);
int	units_bool(const char *text, bool *out);
/* Decimal digits only, min <= value <= max. */
int	units_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out);
int	units_int(const char *text, int64_t min, int64_t max, int64_t *out);

/* "a..b"; with one value alone both are it.  a <= b, else -EINVAL. */
int	units_duration_range(const char *text, uint64_t *a, uint64_t *b);
/* Also "a-b", as in status=200-399. */
int	units_uint_range(const char *text, uint64_t min, uint64_t max,
			 uint64_t *a, uint64_t *b);

/* "3/min", "10/5s": at most *count in *per_ms. */
int	units_rate(const char *text, unsigned *count, uint64_t *per_ms);

/* The shortest exact text that reads back as the same value. */
void	units_duration_text(uint64_t ms, char out[UNITS_TEXT_MAX]);
void	units_size_text(uint64_t bytes, char out[UNITS_TEXT_MAX]);

#endif
