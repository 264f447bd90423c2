#ifndef SBX_STATS_H
#define SBX_STATS_H

/*
 * What a stream of values amounts to: last, count, min, max, mean, p95 and
 * the newest samples.  The p95 is that of the samples kept, exact for the
 * first STATS_SAMPLES values and a moving one after.  Values that are no
 * finite number have a last text and a count only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_SAMPLES	64
#define STATS_TEXT_MAX	128	/* bytes of the last text, NUL included */

struct stats {
	uint64_t count;		/* values in all */
	uint64_t numbers;	/* of them numbers: the rest is about these */
	double min, max, mean;
	double last;		/* last number */
	bool is_number;		/* was the last value one? */
	char text[STATS_TEXT_MAX];	/* last value as it was, UTF-8, cut */
	int64_t at_ms;		/* wall time of the last one */
	double sample[STATS_SAMPLES];	/* ring */
	uint32_t head;		/* where the next one goes */
};

void	stats_init(struct stats *s);
/* Takes text as it stood in the line: "12", "3.5", "1e9", "-2", "0x1f" and
 * "1,234" are numbers; anything else is text. */
void	stats_add(struct stats *s, const char *text, size_t len,
		int64_t wall_ms);
/* Samples oldest first into out[STATS_SAMPLES]; their count. */
size_t	stats_samples(const struct stats *s, double *out);
double	stats_p95(const struct stats *s);	/* 0 without a number */

#endif
