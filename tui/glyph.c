#include "glyph.h"

const char *const glyph_forms[GLYPH_COUNT][2] = {
#define X(e, unicode, ascii) { unicode, ascii },
	GLYPH_TABLE(X)
#undef X
};
