#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: the writers take the first that divides the value. */
static const struct unit durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
	{ "s", 1000 }, { "ms", 1 },
};

static const struct unit sizes[] = {
	{ "T", 1ull << 40 }, { "G", 1ull << 30 }, { "M", 1ull << 20 },
	{ "K", 1ull << 10 }, { "", 1 },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *text, advanced past them. */
static int
take_number(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t v = 0;

	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	*text = p;
	*out = v;
	return 0;
}

/* The factor of the letters at *text, advanced past them; 0 if unknown. */
static uint64_t
take_unit(const char **text, const struct unit *units, size_t count)
{
	size_t len = 0;

	while ((*text)[len] >= 'A' && (*text)[len] <= 'z')
		len++;
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == len &&
		    strncmp(units[i].name, *text, len) == 0) {
			*text += len;
			return units[i].factor;
		}
	return 0;
}

/* ".25" of a unit, exact to a thousandth of it. */
static int
take_fraction(const char **text, uint64_t *thousandths)
{
	uint64_t scale = 100;

	*thousandths = 0;
	if (**text != '.')
		return 0;
	(*text)++;
	if (!is_digit(**text))
		return -EINVAL;
	for (; is_digit(**text); (*text)++, scale /= 10)
		*thousandths += scale * (uint64_t)(**text - '0');
	return 0;
}

int
units_duration(const char *text, uint64_t *ms)
{
	uint64_t total = 0, last = UINT64_MAX;

	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return 0;
	}
	do {
		uint64_t n, frac, factor;
		int rc = take_number(&text, &n);

		if (rc < 0)
			return rc;
		rc = take_fraction(&text, &frac);
		if (rc < 0)
			return rc;
		factor = take_unit(&text, durations, ARRAY_LEN(durations));
		if (factor == 0 || factor >= last)
			return -EINVAL;
		last = factor;
		if (__builtin_mul_overflow(n, factor, &n) ||
		    __builtin_add_overflow(total, n, &total) ||
		    __builtin_add_overflow(total, frac * factor / 1000, &total))
			return -ERANGE;
	} while (*text != '\0');
	/* Clocks count it in microseconds. */
	if (total > INT64_MAX / 1000)
		return -ERANGE;
	*ms = total;
	return 0;
}

int
units_size(const char *text, uint64_t *bytes)
{
	uint64_t n, factor;
	int rc = take_number(&text, &n);

	if (rc < 0)
		return rc;
	factor = take_unit(&text, sizes, ARRAY_LEN(sizes));
	if (factor == 0 || *text != '\0')
		return -EINVAL;
	if (__builtin_mul_overflow(n, factor, &n) || n > INT64_MAX)
		return -ERANGE;
	*bytes = n;
	return 0;
}

int
units_bool(const char *text, bool *out)
{
	static const char *const words[] = { "no", "yes", "off", "on" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i & 1;
			return 0;
		}
	return -EINVAL;
}

int
units_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v;
	int rc = take_number(&text, &v);

	if (rc < 0)
		return rc;
	if (*text != '\0')
		return -EINVAL;
	if (v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int
units_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t v;
	int64_t value;
	int rc = units_uint(text + negative, 0, INT64_MAX, &v);

	if (rc < 0)
		return rc;
	value = negative ? -(int64_t)v : (int64_t)v;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

/* Copies both halves around sep; false if there is no sep or one is long. */
static bool
split(const char *text, const char *sep, char a[UNITS_TEXT_MAX],
      char b[UNITS_TEXT_MAX])
{
	const char *at = strstr(text, sep);

	if (!at || (size_t)(at - text) >= UNITS_TEXT_MAX ||
	    strlen(at + strlen(sep)) >= UNITS_TEXT_MAX)
		return false;
	memcpy(a, text, (size_t)(at - text));
	a[at - text] = '\0';
	snprintf(b, UNITS_TEXT_MAX, "%s", at + strlen(sep));
	return true;
}

struct range_kind {
	const char *seps[2];	/* the first that is there cuts it */
	bool duration;		/* else a number within min..max */
	uint64_t min, max;
};

static int
range_end(const struct range_kind *k, const char *text, uint64_t *out)
{
	return k->duration ? units_duration(text, out) :
			     units_uint(text, k->min, k->max, out);
}

/* Without a separator both ends are the one value. */
static int
range(const struct range_kind *k, const char *text, uint64_t *a, uint64_t *b)
{
	char lo[UNITS_TEXT_MAX], hi[UNITS_TEXT_MAX];
	const char *ends[] = { text, text };
	uint64_t v[2];

	for (size_t i = 0; i < ARRAY_LEN(k->seps) && k->seps[i]; i++) {
		if (!split(text, k->seps[i], lo, hi))
			continue;
		ends[0] = lo;
		ends[1] = hi;
		break;
	}
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		int rc = range_end(k, ends[i], &v[i]);
		if (rc < 0)
			return rc;
	}
	if (v[0] > v[1])
		return -EINVAL;
	*a = v[0];
	*b = v[1];
	return 0;
}

int
units_duration_range(const char *text, uint64_t *a, uint64_t *b)
{
	const struct range_kind k = { .seps = { ".." }, .duration = true };

	return range(&k, text, a, b);
}

int
units_uint_range(const char *text, uint64_t min, uint64_t max, uint64_t *a,
		 uint64_t *b)
{
	const struct range_kind k = { .seps = { "..", "-" }, .min = min,
				      .max = max };

	return range(&k, text, a, b);
}

int
units_rate(const char *text, unsigned *count, uint64_t *per_ms)
{
	static const struct unit words[] = {
		{ "s", 1000 }, { "sec", 1000 }, { "m", 60000 },
		{ "min", 60000 }, { "h", 3600000 }, { "hour", 3600000 },
		{ "d", 86400000 }, { "day", 86400000 },
	};
	char n[UNITS_TEXT_MAX], per[UNITS_TEXT_MAX];
	const char *rest = per;
	uint64_t c, ms;
	int rc;

	if (!split(text, "/", n, per))
		return -EINVAL;
	rc = units_uint(n, 1, UINT32_MAX, &c);
	if (rc < 0)
		return rc;
	ms = take_unit(&rest, words, ARRAY_LEN(words));
	if (ms == 0 || *rest != '\0') {
		rc = units_duration(per, &ms);
		if (rc < 0)
			return rc;
	}
	if (ms == 0)
		return -EINVAL;
	*count = (unsigned)c;
	*per_ms = ms;
	return 0;
}

static void
write_text(uint64_t v, const struct unit *units, char out[UNITS_TEXT_MAX])
{
	while (units->factor != 1 && (v < units->factor || v % units->factor))
		units++;
	snprintf(out, UNITS_TEXT_MAX, "%llu%s",
		 (unsigned long long)(v / units->factor), units->name);
}

void
units_duration_text(uint64_t ms, char out[UNITS_TEXT_MAX])
{
	if (ms == 0)
		snprintf(out, UNITS_TEXT_MAX, "0s");
	else
		write_text(ms, durations, out);
}

void
units_size_text(uint64_t bytes, char out[UNITS_TEXT_MAX])
{
	write_text(bytes, sizes, out);
}
