#include "../lib/test.h"
#include "engine/base/base.h"
#include "tui/layout.h"

static struct layout_in
in_of(int rows, int cols)
{
	return (struct layout_in){ .rows = rows, .cols = cols,
				   .name_columns = 7, .list_rows = 11,
				   .wide_columns = 27, .full_columns = 53,
				   .watch_rows = 3, .list_focused = true };
}

static int
overlap(struct rect a, struct rect b)
{
	return !rect_empty(rect_clip(a, b));
}

/* NULL, or what is wrong with a layout. */
static const char *
wrong(const struct layout *l, int rows, int cols)
{
	struct rect all[] = { l->list_title, l->list, l->watches, l->events,
			      l->main_title, l->main, l->details_title,
			      l->details, l->status, l->hint };
	struct rect screen = { 0, 0, rows, cols };
	int shown = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct rect c = rect_clip(all[i], screen);
		if (all[i].h < 0 || all[i].w < 0)
			return "negative";
		if (!rect_empty(all[i]) &&
		    (c.h != all[i].h || c.w != all[i].w))
			return "outside";
		shown += !rect_empty(all[i]);
		for (size_t k = i + 1; k < ARRAY_LEN(all); k++)
			if (overlap(all[i], all[k]))
				return "overlap";
	}
	if (l->separator >= cols || l->scroll >= cols ||
	    l->details_separator >= cols)
		return "column outside";
	return shown ? NULL : "nothing";
}

TEST(every_size_is_sound)
{
	for (int rows = 1; rows <= 100; rows++) {
		for (int cols = 1; cols <= 300; cols++) {
			for (int kind = 0; kind < 8; kind++) {
				struct layout_in in = in_of(rows, cols);
				in.zoom = kind & 1;
				in.list_focused = in.details = !(kind & 2);
				in.list_rows = kind & 4 ? 0 : 500;
				in.name_columns = kind & 4 ? 64 : 1;
				in.wish = kind & 4 ? LAYOUT_WISH_STACK
						   : LAYOUT_AUTO;
				struct layout l = layout_make(&in);
				const char *bad = wrong(&l, rows, cols);
				if (bad)
					TEST_FAIL("%dx%d kind %d: %s", cols,
						  rows, kind, bad);
			}
		}
	}
}

TEST(given_list_widths_are_sound)
{
	for (int cols = 1; cols <= 200; cols++) {
		for (int w = 1; w < 1100; w += 7) {
			struct layout_in in = in_of(24, cols);
			in.list_width = w;
			struct layout l = layout_make(&in);
			const char *bad = wrong(&l, 24, cols);
			if (bad)
				TEST_FAIL("%d columns, list %d: %s", cols, w,
					  bad);
		}
	}
}

TEST(the_usual_size)
{
	struct layout_in in = in_of(24, 80);
	struct layout l = layout_make(&in);

	EQ_INT(l.kind, LAYOUT_SIDE);
	EQ_INT(l.list.w, 26);
	EQ_INT(l.separator, 26);
	EQ_INT(l.main.h, 21);
	EQ_INT(l.main.w, 52);
	EQ_INT(l.scroll, 79);
	EQ_INT(l.status.y, 22);
	EQ_INT(l.hint.y, 23);
	OK(rect_empty(l.events));
}

TEST(larger_sizes_get_columns_and_panes)
{
	struct layout_in in = in_of(40, 120);
	struct layout l = layout_make(&in);

	OK(l.wide && !l.full);
	EQ_INT(l.list.w, 50);
	EQ_INT(l.watches.h, 5);
	OK(l.events.h > 10);
	in = in_of(50, 200);
	l = layout_make(&in);
	OK(l.full);
	EQ_INT(l.list.w, 76);
	in.details = true;
	l = layout_make(&in);
	EQ_INT(l.separator, 76);
	EQ_INT(l.details_separator, 152);
	EQ_INT(l.details.w, 47);
	OK(rect_empty(l.watches) && !rect_empty(l.events));
	in = in_of(40, 120);
	in.details = true;
	l = layout_make(&in);
	OK(rect_empty(l.details));
}

TEST(narrow_sizes)
{
	struct layout_in in = in_of(20, 40);
	struct layout l = layout_make(&in);

	EQ_INT(l.kind, LAYOUT_STACK);
	OK(l.list.h <= 6);
	in = in_of(10, 40);
	l = layout_make(&in);
	EQ_INT(l.kind, LAYOUT_ONE);
	EQ_INT(l.list.h, 8);
	OK(rect_empty(l.main));
	in.list_focused = false;
	l = layout_make(&in);
	EQ_INT(l.main.h, 8);
	OK(rect_empty(l.list));
	in = in_of(1, 1);
	l = layout_make(&in);
	EQ_INT(l.status.w, 1);
}

TEST(zoom_leaves_only_the_main_pane)
{
	struct layout_in in = in_of(24, 80);
	in.zoom = true;
	struct layout l = layout_make(&in);

	OK(rect_empty(l.list));
	EQ_INT(l.separator, -1);
	EQ_INT(l.main.x, 0);
	EQ_INT(l.main.w, 79);
}

TEST_MAIN()
