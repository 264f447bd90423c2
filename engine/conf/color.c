#include "color.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/table.h"
#include "base/units.h"
#include "term/cell.h"

static const char *const names[] = {
	"black",	"red",		"green",       "yellow",
	"blue",		"magenta",	"cyan",	       "white",
	"bright-black", "bright-red",	"bright-green", "bright-yellow",
	"bright-blue",	"bright-magenta", "bright-cyan", "bright-white",
};

static const struct {
	const char *name;
	uint16_t bit;
} attrs[] = {
	{ "bold", VT_BOLD },	       { "dim", VT_DIM },
	{ "italic", VT_ITALIC },       { "underline", VT_UNDERLINE },
	{ "reverse", VT_REVERSE },
};

static const uint32_t ansi[16] = {
	0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
	0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
	0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};

/* Red-mean distance: near what the eye sees, in integers. */
static long
distance(uint32_t a, uint32_t b)
{
	long ar = a >> 16 & 255, ag = a >> 8 & 255, ab = a & 255;
	long br = b >> 16 & 255, bg = b >> 8 & 255, bb = b & 255;
	long mean = (ar + br) / 2, r = ar - br, g = ag - bg, bl = ab - bb;

	return (((512 + mean) * r * r) >> 8) + 4 * g * g +
	       (((767 - mean) * bl * bl) >> 8);
}

static uint32_t
cube(int i)
{
	static const uint32_t level[] = { 0, 95, 135, 175, 215, 255 };

	if (i >= 232) {
		uint32_t v = 8 + 10 * (uint32_t)(i - 232);
		return v << 16 | v << 8 | v;
	}
	i -= 16;
	return level[i / 36] << 16 | level[i / 6 % 6] << 8 | level[i % 6];
}

bool
color_hex(const char *s, uint32_t *out)
{
	if (s[0] != '#' || strlen(s) != 7 ||
	    strspn(s + 1, "0123456789abcdefABCDEF") != 6)
		return false;
	*out = VT_RGB | (uint32_t)strtoul(s + 1, NULL, 16);
	return true;
}

bool
color_ansi(const char *s, uint32_t *out)
{
	if (!strcmp(s, "default")) {
		*out = 0;
		return true;
	}
	for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(s, names[i])) {
			*out = VT_INDEXED | i;
			return true;
		}
	}
	return false;
}

bool
color_index(const char *s, uint32_t *out)
{
	uint64_t n;

	if (units_uint(s, 0, 255, &n) < 0)
		return false;
	*out = VT_INDEXED | (uint32_t)n;
	return true;
}

bool
color_attr(const char *s, uint16_t *out)
{
	for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
		if (!strcmp(attrs[i].name, s)) {
			*out |= attrs[i].bit;
			return true;
		}
	}
	return false;
}

const char *
color_suggest(const char *s)
{
	const char *all[ARRAY_LEN(names) + ARRAY_LEN(attrs) + 1];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		all[count++] = names[i];
	for (size_t i = 0; i < ARRAY_LEN(attrs); i++)
		all[count++] = attrs[i].name;
	all[count++] = "default";
	return table_nearest(s, all, count);
}

int
color_nearest(uint32_t rgb, int count)
{
	int best = 0, first = count > 16 ? 16 : 0;
	long best_distance = -1;

	/* The first sixteen of 256 are whatever the user chose. */
	for (int i = first; i < count; i++) {
		long d = distance(rgb, i < 16 ? ansi[i] : cube(i));
		if (best_distance < 0 || d < best_distance) {
			best = i;
			best_distance = d;
		}
	}
	return best;
}

uint32_t
color_rgb(int i)
{
	return i < 16 ? ansi[i] : cube(i);
}

/* Relative luminance, < 0 where it is the terminal's affair. */
static double
luminance(uint32_t color)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	uint32_t rgb = color & 0xffffff;
	double sum = 0;

	if (!(color & VT_RGB)) {
		if (!(color & VT_INDEXED) || (color & 255) < 16)
			return -1;
		rgb = color_rgb((int)(color & 255));
	}
	for (int i = 0; i < 3; i++) {
		double v = (double)(rgb >> (16 - 8 * i) & 255) / 255;
		sum += weight[i] * (v <= 0.04045 ? v / 12.92 :
				    pow((v + 0.055) / 1.055, 2.4));
	}
	return sum;
}

double
color_contrast(uint32_t a, uint32_t b)
{
	double la = luminance(a), lb = luminance(b);

	if (la < 0 || lb < 0)
		return 0;
	return (SBX_MAX(la, lb) + 0.05) / (SBX_MIN(la, lb) + 0.05);
}

const char *
color_text(uint32_t color, char out[COLOR_TEXT_MAX])
{
	if (color & VT_RGB)
		snprintf(out, COLOR_TEXT_MAX, "#%06x", color & 0xffffff);
	else if (!(color & VT_INDEXED))
		snprintf(out, COLOR_TEXT_MAX, "default");
	else if ((color & 255) < ARRAY_LEN(names))
		snprintf(out, COLOR_TEXT_MAX, "%s", names[color & 255]);
	else
		snprintf(out, COLOR_TEXT_MAX, "%u", color & 255);
	return out;
}
