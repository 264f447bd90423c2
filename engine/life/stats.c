#include "stats.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/utf8.h"

#define DIGITS_MAX	17	/* of a mantissa; more change nothing */
#define EXPONENT_MAX	400

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static bool
parse_hex(const char *s, size_t len, double *out)
{
	double v = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return false;
		int c = tolower((unsigned char)s[i]);
		v = v * 16 + (c > '9' ? c - 'a' + 10 : c - '0');
	}
	*out = v;
	return len > 0;
}

/* A comma is part of a number when three digits follow, and no fourth. */
static bool
is_group(const char *s, size_t len, size_t i)
{
	size_t n = 0;
	while (i + 1 + n < len && isdigit((unsigned char)s[i + 1 + n]))
		n++;
	return n == 3;
}

/* "e-9" at i: its value, and i behind it. */
static bool
parse_exponent(const char *s, size_t len, size_t *i, int *exponent)
{
	int sign = 1, v = 0;
	(*i)++;
	if (*i < len && (s[*i] == '-' || s[*i] == '+'))
		sign = s[(*i)++] == '-' ? -1 : 1;
	size_t first = *i;
	for (; *i < len && isdigit((unsigned char)s[*i]); (*i)++)
		v = SBX_MIN(v * 10 + (s[*i] - '0'), EXPONENT_MAX);
	*exponent += sign * v;
	return *i > first;
}

/* strtod() would follow the locale's decimal point; logs do not. */
static bool
parse_decimal(const char *s, size_t len, double *out)
{
	double v = 0;
	int digits = 0, exponent = 0;
	bool any = false, point = false;
	size_t i = 0;
	for (; i < len; i++) {
		if (s[i] == '.' && !point) {
			point = true;
		} else if (s[i] == ',' && any && !point &&
			   is_group(s, len, i)) {
			continue;
		} else if (isdigit((unsigned char)s[i])) {
			any = true;
			if (digits < DIGITS_MAX) {
				v = v * 10 + (s[i] - '0');
				digits += v > 0;
				exponent -= point;
			} else {
				exponent += !point;
			}
		} else {
			break;
		}
	}
	if (!any)
		return false;
	if (i < len && tolower((unsigned char)s[i]) == 'e' &&
	    !parse_exponent(s, len, &i, &exponent))
		return false;
	/* Dividing by an exact power keeps short fractions exact. */
	*out = exponent < 0 ? v / pow(10, -exponent) : v * pow(10, exponent);
	return i == len && isfinite(*out);
}

static bool
parse(const char *s, size_t len, double *out)
{
	while (len > 0 && isspace((unsigned char)s[0])) {
		s++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	bool minus = len > 0 && s[0] == '-';
	if (len > 0 && (s[0] == '-' || s[0] == '+')) {
		s++;
		len--;
	}
	bool hex = len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	if (!(hex ? parse_hex(s + 2, len - 2, out) :
	      parse_decimal(s, len, out)))
		return false;
	if (minus)
		*out = -*out;
	return isfinite(*out);
}

/* The longest valid beginning that fits. */
static void
keep_text(struct stats *s, const char *text, size_t len)
{
	size_t n = 0;
	while (n < len) {
		uint32_t cp;
		int step = utf8_decode(text + n, len - n, &cp);
		if (step <= 0 || n + (size_t)step >= sizeof(s->text))
			break;
		n += (size_t)step;
	}
	memcpy(s->text, text, n);
	s->text[n] = '\0';
}

static void
add_number(struct stats *s, double v)
{
	s->numbers++;
	s->min = s->numbers == 1 ? v : SBX_MIN(s->min, v);
	s->max = s->numbers == 1 ? v : SBX_MAX(s->max, v);
	/* v - mean may overflow where the mean would not. */
	s->mean += v / (double)s->numbers - s->mean / (double)s->numbers;
	s->last = v;
	s->sample[s->head] = v;
	s->head = (s->head + 1) % STATS_SAMPLES;
}

void
stats_init(struct stats *s)
{
	memset(s, 0, sizeof(*s));
}

void
stats_add(struct stats *s, const char *text, size_t len, int64_t wall_ms)
{
	double v = 0;
	s->count++;
	s->at_ms = wall_ms;
	keep_text(s, text, len);
	s->is_number = parse(text, len, &v);
	if (s->is_number)
		add_number(s, v);
}

size_t
stats_samples(const struct stats *s, double *out)
{
	size_t n = s->numbers < STATS_SAMPLES ? (size_t)s->numbers :
		STATS_SAMPLES;
	size_t first = (s->head + STATS_SAMPLES - n) % STATS_SAMPLES;
	for (size_t i = 0; i < n; i++)
		out[i] = s->sample[(first + i) % STATS_SAMPLES];
	return n;
}

double
stats_p95(const struct stats *s)
{
	double v[STATS_SAMPLES];
	size_t n = stats_samples(s, v);
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	return v[(n * 95 + 99) / 100 - 1];
}
