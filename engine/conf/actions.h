#ifndef SBX_ACTIONS_H
#define SBX_ACTIONS_H

/*
 * The names of what the screen itself can do: what a key is bound to and ':'
 * takes beside the verbs of cmd.h.  What they do is in tui/action.c; they
 * are here so that the lines of an sbxrc are checked wherever it is read.
 */

#include "base/table.h"

/* X(enum, "name", "args", help, section of the list of keys): no args means
 * that no word may follow. */
#define ACTION_TABLE(X)                                                        \
	X(ALL_LOGS, "all-logs", "", "all logs merged; again: one", "View")     \
	X(ATTENTION, "attention", "",                                          \
	  "next that needs a look", "View")                                    \
	X(BACK, "back", "", "back; at the end leave", "Session")               \
	X(BIND, "bind", "[MODE] KEY COMMAND", "give a key a command",          \
	  "Session")                                                           \
	X(BOTTOM, "bottom", "", "last; newest line and follow", "Move")        \
	X(CHOOSE, "choose", "chars|lines|block",                               \
	  "select text to copy; list: mark up to here", "View")                \
	X(CLEAR, "clear", "", "log: clear the view; again: all of it",         \
	  "View")                                                              \
	X(COMMAND, "command", "", "do anything", "Session")                    \
	X(COPY, "copy", "", "copy a line; list: name, pid, command, ...",      \
	  "View")                                                              \
	X(DETACH, "detach", "", "leave, everything keeps running",             \
	  "Session")                                                           \
	X(DETAILS, "details", "pages", "details; pages: all of them",          \
	  "Process")                                                           \
	X(ESCAPE, "escape", "", "one layer back", "Session")                   \
	X(EVENTS, "events", "", "what has happened in the set", "Session")     \
	X(FILTER, "filter", "[!]RE", "filter lines", "Find")                   \
	X(FIND, "find", "RE", "find", "Find")                                  \
	X(FOLD, "fold", "GROUP", "fold a group; again: unfold", "View")        \
	X(FOLLOW, "follow", "", "follow or stand still", "View")               \
	X(HALF_DOWN, "half-down", "", "log: half a page down", "Move")         \
	X(HALF_UP, "half-up", "", "log: half a page up", "Move")               \
	X(HIDDEN, "hidden", "", "list those that are hidden too", "View")      \
	X(INTERRUPT, "interrupt", "", "leave, or Ctrl-C for the process",      \
	  "Session")                                                           \
	X(KEYS, "keys", "", "the keys that work here", "Session")              \
	X(LEAVE, "leave", "", "terminal or list", "View")                      \
	X(LEFT, "left", "", "log: to the left", "Move")                        \
	X(LINE_DOWN, "line-down", "", "next row or line", "Move")              \
	X(LINE_UP, "line-up", "", "previous row or line", "Move")              \
	X(MARK, "mark", "", "mark it; all logs: solo/hide", "Process")         \
	X(MARK_LINE, "mark-line", "", "draw a line into the log", "View")      \
	X(MOUSE, "mouse", "on|off", "use the mouse or leave it", "Session")    \
	X(NEW, "new", "", "add a process", "Process")                          \
	X(NEXT, "next", "", "next match", "Find")                              \
	X(NEXT_BOUNDARY, "next-boundary", "", "next run or mark in the log",   \
	  "Find")                                                              \
	X(NEXT_ERROR, "next-error", "", "next error line", "Find")             \
	X(NEXT_PANE, "next-pane", "", "other pane", "View")                    \
	X(OPEN, "open", "", "read log, use terminal", "View")                  \
	X(OPEN_IN, "open-in", "pager|editor|config|url",                       \
	  "open in pager, editor, ...", "Process")                             \
	X(ORDER, "order", "graph",                                             \
	  "order and columns; graph: who waits for whom", "View")              \
	X(OTHER_DOWN, "other-down", "", "other pane: down", "Move")            \
	X(OTHER_UP, "other-up", "", "other pane: up", "Move")                  \
	X(PAGE_DOWN, "page-down", "", "log: a page down", "Move")              \
	X(PAGE_UP, "page-up", "", "log: a page up", "Move")                    \
	X(PREVIOUS, "previous", "", "previous match", "Find")                  \
	X(PREVIOUS_BOUNDARY, "previous-boundary", "",                          \
	  "previous run or mark in the log", "Find")                           \
	X(PREVIOUS_ERROR, "previous-error", "", "previous error line",         \
	  "Find")                                                              \
	X(PREVIOUS_PANE, "previous-pane", "", "other pane", "View")            \
	X(QUIT, "quit", "", "leave", "Session")                                \
	X(REDRAW, "redraw", "", "paint everything anew", "Session")            \
	X(RELOAD, "reload", "", "read the sbxrc again: what would change",     \
	  "Session")                                                           \
	X(REMOVE, "remove", "", "remove from the set", "Process")              \
	X(RIGHT, "right", "", "into the log; log: to the right", "Move")       \
	X(SELECT, "select", "NAME|N", "go to a process", "Move")               \
	X(SEND_SIGNAL, "send-signal", "", "send a signal", "Process")          \
	X(SORT, "sort", "left|right|COLUMN", "sort the list by another column",\
	  "View")                                                              \
	X(SPLIT, "split", "", "marked side by side; again: one", "View")       \
	X(SUSPEND, "suspend", "", "suspend the screen", "Session")             \
	X(THEME, "theme", "NAME", "other colours", "Session")                  \
	X(TIME, "time", "", "time column", "View")                             \
	X(TOP, "top", "", "first row or line", "Move")                         \
	X(UNBIND, "unbind", "[MODE] KEY", "take a key's command away",         \
	  "Session")                                                           \
	X(UNFILTER, "unfilter", "", "all lines again", "Find")                 \
	X(UNMARK, "unmark", "", "clear all marks", "Process")                  \
	X(USE, "use", "", "type into the process", "Process")                  \
	X(WRAP, "wrap", "", "wrap or cut lines", "View")                       \
	X(WRITE, "write", "[all] [secrets]",                                   \
	  "what was changed here, as lines for sbxrc", "Session")              \
	X(ZOOM, "zoom", "", "this pane alone", "View")

enum action_id {
#define X(e, name, args, help, section) ACTION_##e,
	ACTION_TABLE(X)
#undef X
	ACTION_COUNT
};

struct action_row {
	struct row row;
	const char *section;
	enum action_id id;
};

extern const struct table action_table;	/* of struct action_row */

/* NULL if there is no action of that name. */
const struct action_row *action_find(const char *name);

#endif
