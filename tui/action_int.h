#ifndef SBX_ACTION_INT_H
#define SBX_ACTION_INT_H

/*
 * The functions of actions that are not in action.c, for its table.  argv[0]
 * is the name that was typed.
 */

struct ui;

typedef void action_fn(struct ui *ui, int argc, char *const *argv);

/* action_log.c: what is seen of logs. */
action_fn action_do_all_logs, action_do_clear, action_do_filter,
	action_do_find, action_do_follow, action_do_mark_line, action_do_next,
	action_do_next_boundary, action_do_next_error, action_do_previous,
	action_do_previous_boundary, action_do_previous_error, action_do_time,
	action_do_unfilter, action_do_wrap;

/* action_text.c: what is shown as text. */
action_fn action_do_events, action_do_line;

/* action_write.c: what was changed here, as lines of an sbxrc. */
action_fn action_do_write;

/* action_open.c: programs in front of the screen. */
action_fn action_do_open_in;

/* action_list.c: marks, panes side by side, order. */
action_fn action_do_choose, action_do_copy, action_do_fold, action_do_hidden,
	action_do_mark, action_do_order, action_do_sort, action_do_split,
	action_do_unmark;

#endif
