#ifndef SBX_LIST_COLUMNS_H
#define SBX_LIST_COLUMNS_H

/*
 * The columns behind the names of the list: which ones ("set list.columns"),
 * where they are and what they say of a process.  A column has a place that
 * no figure leaves, so nothing moves when a number grows.
 */

#include <stdbool.h>
#include <stddef.h>
#include "engine/conf/option.h"
#include "rect.h"
#include "status_text.h"

struct pen;
struct proc_row;
struct ui;

struct list_columns {
	int name_x, name_w;
	size_t count;
	struct {
		enum list_column what;
		int x, w;
	} at[LIST_COLUMN_COUNT];
};

/* Columns of the screen that they take, with the blank behind them; full:
 * there is room for all. */
int	list_columns_width(const struct options *o, bool full);
/* In the list at r, those that leave room for a name. */
struct list_columns list_columns_place(const struct ui *ui, struct rect r);
void	list_columns_title(const struct list_columns *c, const struct pen *p,
			   int y);
/* All but the state. */
void	list_columns_draw(const struct list_columns *c, const struct pen *p,
			  int y, const struct proc_row *r);
/* Where the state begins and how far it may go in this row; false: it is not
 * one of them. */
bool	list_columns_state(const struct list_columns *c,
			   const struct proc_row *r, int *x, int *room);

#endif
