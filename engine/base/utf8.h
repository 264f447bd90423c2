#ifndef SBX_UTF8_H
#define SBX_UTF8_H

/*
 * UTF-8 by the table of RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF.  Widths are those of the C library's wcwidth, the same one
 * that the children and ncurses use, with controls counted as -1.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one character.  Returns its length in bytes, or 0 when the bytes
 * are the valid beginning of one that is not complete, or -1 when they are
 * not UTF-8 (skip one byte).  len must be > 0.
 */
int	utf8_decode(const char *s, size_t len, uint32_t *cp);
/* 1 to 4 bytes, no NUL; 0 for what is not a character. */
int	utf8_encode(uint32_t cp, char out[4]);
bool	utf8_valid(const char *s, size_t len);
/* Does the character turn the direction of text, or end a line or a paragraph
 * for those who know it?  Shown as it is it would act on what is around it. */
bool	utf8_turns_text(uint32_t cp);
/* Columns of one character: 0, 1, 2, or -1 for a control. */
int	utf8_width(uint32_t cp);
/* Columns of a valid string; controls and invalid bytes count as one. */
int	utf8_columns(const char *s, size_t len);
/* Bytes of the longest prefix that takes at most columns columns. */
size_t	utf8_prefix(const char *s, size_t len, int columns);

#endif
