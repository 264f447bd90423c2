#ifndef SBX_SCREENJSON_H
#define SBX_SCREENJSON_H

/*
 * The picture of a terminal (struct model_screen) as keys of a JSON object
 * that is open, for the command line and HTTP.  Its text is a line for each
 * row, without colours and without trailing blanks.
 */

struct jsonout;
struct model_screen;

/* rows, cols, cursor, title, alternate. */
void	screenjson_head(struct jsonout *j, const struct model_screen *s);
/* An array of strings. */
void	screenjson_lines(struct jsonout *j, const char *name,
			 const struct model_screen *s);

#endif
