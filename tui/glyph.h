#ifndef SBX_GLYPH_H
#define SBX_GLYPH_H

/*
 * The signs that the screen is made of, each in two forms: Unicode, and
 * ASCII for terminals or people that want no more.  Signs of statuses are in
 * engine/status.h.
 */

/* X(enum, unicode, ascii) */
#define GLYPH_TABLE(X)                                                         \
	X(FOCUS, "\u258c", "[")		/* the pane that has the keys */       \
	X(SEPARATOR, "\u2502", "|")                                            \
	X(CURSOR, "\u203a", ">")                                               \
	X(CUT, "\u203a", ">")		/* a line that goes on */              \
	X(MORE, "\u2026", "~")		/* a name that goes on */              \
	X(DOT, "\u00b7", "-")                                                  \
	X(FOLLOW, "\u25cf", "on")                                              \
	X(THUMB, "\u2588", "#")                                                \
	X(TRACK, "\u2595", ":")                                                \
	X(TICK, "\u25c2", "<")                                                 \
	X(LINE, "\u2500", "-")                                                 \
	X(CHILD, "\u2514", "`-")                                               \
	X(OPEN, "\u25be", "v")                                                 \
	X(FOLDED, "\u25b8", ">")                                               \
	X(DASH, "\u2014", "-")                                                 \
	X(ARROW, "\u2192", "->")                                               \
	X(UP_DOWN, "\u2191 \u2193", "Up Down")                                 \
	X(THOUSANDS, " ", "")                                                  \
	X(TOP_LEFT, "\u256d", "+")                                             \
	X(TOP_RIGHT, "\u256e", "+")                                            \
	X(BOTTOM_LEFT, "\u2570", "+")                                          \
	X(BOTTOM_RIGHT, "\u256f", "+")                                         \
	X(TEE_LEFT, "\u251c", "+")                                             \
	X(TEE_RIGHT, "\u2524", "+")                                            \
	X(CHOSEN, "\u2022", "*")	/* in a radio button */                \
	X(SPARK_1, "\u2581", "_")                                              \
	X(SPARK_2, "\u2582", ".")                                              \
	X(SPARK_3, "\u2583", "-")                                              \
	X(SPARK_4, "\u2584", "~")                                              \
	X(SPARK_5, "\u2585", "=")                                              \
	X(SPARK_6, "\u2586", "+")                                              \
	X(SPARK_7, "\u2587", "*")                                              \
	X(SPARK_8, "\u2588", "#")

enum glyph {
#define X(e, unicode, ascii) GLYPH_##e,
	GLYPH_TABLE(X)
#undef X
	GLYPH_COUNT
};

extern const char *const glyph_forms[GLYPH_COUNT][2];

static inline const char *
glyph(enum glyph g, int ascii)
{
	return glyph_forms[g][ascii ? 1 : 0];
}

#endif
