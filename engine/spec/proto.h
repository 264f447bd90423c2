#ifndef SBX_PROTO_H
#define SBX_PROTO_H

/*
 * What engine and clients say to each other: types of frames (base/conn.h)
 * and their fields (base/msg.h), each with one function that packs and one
 * that unpacks, so that the two sides cannot disagree.
 *
 * A client sends HELLO first and gets HELLO back.  A REQUEST is answered by
 * one REPLY with the same id, always at once: what takes time (a stop, a
 * start) is followed by the client through the rows it subscribed to.  Rows,
 * growth and screens are states: the engine sends the newest one to a client
 * whose queue is empty and skips what came between.
 *
 * Strings of an unpacked message point into the frame and live as long as
 * the callback, unless said otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "life/status.h"

struct buf;
struct err;
struct msg_reader;

#define PROTO_MAGIC 0x31584253u		/* "SBX1" */
enum { PROTO_VERSION = 19 };
/* Of what an engine keeps for the next one (registry.c, crumbs.c). */
enum { REGISTRY_VERSION = 21 };
enum { PROTO_SCREENS_MAX = 1024 };	/* by SCREEN_ALSO, of one client */

enum proto_type {
	/* client to engine */
	PROTO_HELLO = 1,	/* struct proto_hello; also back */
	PROTO_REQUEST,		/* struct proto_request → REPLY */
	PROTO_SUBSCRIBE,	/* u32 bits: the wanted ones from now on */
	PROTO_LOG_OPEN,		/* u32 proc → LOG with a directory descriptor */
	PROTO_JOURNAL_OPEN,	/* → JOURNAL with a directory descriptor */
	PROTO_VALUES_GET,	/* u32 proc → VALUES */
	PROTO_SCREEN_WATCH,	/* u32 proc (0: none), u16 rows, u16 cols: the
				 * wanted size, 0 to leave it as it is */
	PROTO_SCROLLBACK_GET,	/* u32 proc, u64 id, u32 count → SCROLLBACK */
	PROTO_SNAPSHOT_GET,	/* u32 proc → SNAPSHOT */
	PROTO_KEY,		/* u32 proc, u32 sym, u32 mods, u64 key as that
				 * of a request; → REPLY if it has an id */
	PROTO_PASTE,		/* u32 proc, u8 last piece of it, bytes; taken
				 * whole or not at all */
	PROTO_MOUSE,		/* u32 proc, u8 kind, u32 button, u16 row,
				 * u16 col, u32 mods */
	PROTO_FOCUS,		/* u32 proc, u8 in */
	PROTO_INPUT,		/* u32 proc, u8 flags, u64 key as that of a
				 * request, bytes → REPLY */
	PROTO_LOAD,		/* a packed set (setpack.h) → REPLY */
	PROTO_ADD,		/* struct proto_add → REPLY with the id of the
				 * new process; its text is the name */
	PROTO_RELOAD,		/* u32 PROTO_RELOAD_*, u64 key as that of a
				 * request, u32 mistakes, bytes of a packed
				 * set → REPLY: "ACTION\tNAME\tWHAT"
				 * lines (reload.h); ids of those that
				 * start, end or go */
	PROTO_RESIZE,		/* u32 proc, u16 rows, u16 cols → REPLY: the
				 * size of its terminal, whoever watches it */
	PROTO_SCREEN_ALSO,	/* u32 proc: its pictures too, beside those of
				 * SCREEN_WATCH; 0: no more of such */
	PROTO_LOG_CLOSE,	/* u32 proc: does not read its log any more */
	PROTO_LOG_HOLD,		/* u32 proc, u64 seq: reads at that line and is
				 * getting on; 0: need not be waited for */
	PROTO_LOG_TELL,		/* u32 proc, u8 on: TOLD for GROW where that is
				 * sooner; of one client at a time */

	/* In every version, of this number and form: see upgrade.h. */
	PROTO_UPGRADE = 63,	/* str path of a binary → the engine ends, and
				 * the keeper starts that one; or a REPLY */

	/* engine to client */
	PROTO_REPLY = 64,	/* struct proto_reply */
	PROTO_ROW,		/* struct proc_row: new or changed */
	PROTO_GONE,		/* u32 proc: forgotten */
	PROTO_SYNC,		/* all rows of the subscription were sent */
	PROTO_GROW,		/* struct proto_grow */
	PROTO_EVENTS,		/* u64 newest event number */
	PROTO_LOG,		/* struct proto_grow + 1 descriptor */
	PROTO_JOURNAL,		/* u64 newest event number + 1 descriptor */
	PROTO_VALUES,		/* u32 proc, u32 count, struct proto_value… */
	PROTO_SCREEN,		/* struct proto_screen, then rows */
	PROTO_SCROLLBACK,	/* u32 proc, u64 first id, u32 count, bytes… */
	PROTO_SNAPSHOT,		/* u32 proc, u16 rows, u16 cols, u64 bytes of
				 * the log's pty stream it shows, bytes: that
				 * draw it, on a terminal after a reset; the
				 * stream's bytes behind it make it the screen
				 * of now */
	PROTO_BELL,		/* u32 proc */
	PROTO_NOTE,		/* u8 level, str text: for the toast line */
	PROTO_BYE,		/* str why: the engine is going */
	PROTO_TOLD,		/* u32 proc, logtold: what comes next in its
				 * log, to who has sent LOG_TELL; one without
				 * bytes: the last one has not come like that */
};

/* Bits of SUBSCRIBE. */
enum {
	PROTO_SUB_ROWS = 1,	/* ROW, GONE, then SYNC after the first lot */
	PROTO_SUB_GROWTH = 2,	/* GROW of every process */
	PROTO_SUB_EVENTS = 4,	/* EVENTS, NOTE, BELL */
	PROTO_SUB_VALUES = 8,	/* VALUES when they change */
	PROTO_SUB_PROMPT = 32,	/* GROW at once, not at the pace of a screen:
				 * for who passes on what somebody types */
	PROTO_SUB_STATS = 16,	/* cpu, rss and ports in rows, once a second */
};

struct proto_hello {
	uint32_t magic, version;
	const char *release;	/* SBX_VERSION */
	/* from the engine only */
	uint32_t engine_pid, keeper_pid, anchor_pid;
	const char *set_name, *set_dir, *rc_path;	/* rc_path may be "" */
	const char *state_dir;
	int64_t loaded_at_ms;	/* wall time of the last load; 0: none yet */
	/* from a client only: "api", or "" for a person's command */
	const char *who;
	uint32_t records;	/* REGISTRY_VERSION: what it can take over */
};

/* End a field and a record in the answer to DETAILS. */
#define PROTO_FIELD_END '\x1f'
#define PROTO_RECORD_END '\x1e'

enum proto_verb {
	PROTO_V_START = 1, PROTO_V_STOP, PROTO_V_RESTART, PROTO_V_KILL,
	PROTO_V_SIGNAL,		/* number: the signal */
	PROTO_V_RM, PROTO_V_CLEAN,
	PROTO_V_DOWN,		/* stop everything, then the engine ends */
	PROTO_V_SET,		/* text: "KEY VALUE" lines, all or none */
	PROTO_V_GET,		/* text: KEY or ""; reply text: "KEY VALUE"
				 * lines */
	PROTO_V_DOCTOR,		/* reply text: "key value" lines */
	PROTO_V_ENV,		/* names[0]: group, "" is the set; then K=V
				 * and -K; text: its directory, "-" for none;
				 * nothing of that reads: reply text: lines of
				 * envrow.h */
	PROTO_V_SCALE,		/* text: name; number: wanted replicas */
	PROTO_V_DETAILS,	/* of one process; reply text: details.c */
	PROTO_V_WATCH_ADD,	/* text: base64 of a packed spec (spec.h) that
				 * holds one watch */
	PROTO_V_WATCH_RM,	/* text: its name */
	PROTO_V_FIGURES,	/* cpu, memory and ports of all trees are looked
				 * at; the rows that have them follow */
	PROTO_V_SPEC,		/* of one process; reply text: its definition
				 * (spec.h), packed, as base64 */
};

/* Bits of proto_request.flags. */
enum {
	PROTO_F_ALL = 1,		/* every process */
	PROTO_F_FAILED = 2,		/* those that failed or gave up */
	PROTO_F_NO_DEPS = 4,
	PROTO_F_WITH_DEPENDENTS = 8,
	PROTO_F_NO_ESCALATE = 16,	/* only the first step of the ladder */
	PROTO_F_AUTOSTART = 32,		/* START: those with autostart */
	PROTO_F_NEW_GROUP = 128,	/* ENV: a group that nobody is in */
	PROTO_F_FORGET = 256,		/* ENV: what was said of the group
					 * goes before the rest is said */
	PROTO_F_NO_QUEUE = 512,		/* START, RESTART: refused, all of it,
					 * where not everybody has a place */
};

struct proto_request {
	enum proto_verb verb;
	uint32_t flags;
	int64_t number;
	uint64_t for_ms;	/* a deadline for the verb; 0: none */
	const char *text;
	char **names;		/* names, globs, groups; unpack allocates:
				 * free with proto_request_fini */
	uint64_t key;		/* the same when it is asked again
				 * (answered.h); 0: it never is */
};

struct proto_reply {
	uint32_t code;		/* enum err_code; 0 is done */
	const char *text;	/* the error, or the answer */
	const char *hint;
	const uint32_t *ids;	/* the processes it acted on; aligned copy, */
	size_t id_count;	/* free with proto_reply_fini */
};

/* PROTO_RELOAD flags */
enum {
	PROTO_RELOAD_PLAN = 1,		/* change nothing */
	PROTO_RELOAD_NOTICE = 2,	/* ... but tell everybody that the
					 * file has changed; with mistakes
					 * there is no set */
};

/*
 * How much of each stream there was when input was taken: what comes behind
 * is younger than the input.  The text of the REPLY to INPUT and KEY.
 */
struct proto_mark {
	uint64_t off[3];	/* per stream (logfmt.h) */
};
enum { PROTO_MARK_MAX = 72 };

enum { PROTO_PASTE_MAX = 16 << 20 };	/* bytes, all pieces together */

/* PROTO_INPUT flags */
enum {
	PROTO_INPUT_EOF = 1,
	/* The answer may wait for what else there is to say, for a moment; it
	 * has no mark. */
	PROTO_INPUT_LATE = 4,
};
/* PROTO_ADD flags */
enum {
	PROTO_ADD_NO_START = 1,
	PROTO_ADD_EXEC = 2,	/* somebody follows it to its end */
	PROTO_ADD_LIKE = 4,	/* what it does not say itself is as of like:
				 * environment (below its own), user, groups,
				 * and the directory unless OWN_CWD */
	PROTO_ADD_OWN_CWD = 8,
	PROTO_ADD_NO_QUEUE = 16, /* ERR_FULL where it would have no place */
	PROTO_ADD_OWNED = 64,	/* with EXEC: it ends when he has gone */
	PROTO_ADD_BOUNDED = 32,	/* its timeout is limit.run-timeout where it
				 * has none, limit.run-timeout-max at most */
};

struct proto_add {
	uint32_t flags;
	const char *like;	/* "" if none */
	char **environ;		/* of who adds it; unpack allocates: free
				 * with proto_add_fini */
	const char *spec;	/* packed (spec.h) */
	size_t spec_len;
	uint64_t key;		/* as that of a request */
};

/* How far a log has come; everything up to here can be read. */
struct proto_grow {
	uint32_t proc;
	uint64_t next_seq;	/* number the next line will get */
	uint64_t bytes[3];	/* per stream (spool.h), over all runs */
	uint64_t dropped_bytes;
	bool partial;		/* an unfinished line has been idle 200 ms */
	bool ended;		/* the run is over and drained */
	uint64_t run;
};

/* Everything a list, `ls` or `show` tells of one process. */
struct proc_row {
	uint32_t id;		/* unique for the life of the set */
	uint32_t order;		/* place in the list */
	const char *name, *desc, *command, *cwd, *user, *url;
	const char *group;	/* all of its groups, its own first, with
				 * blanks between */
	const char *argv;	/* strv_join(); "": by the shell */
	const char *reason;	/* why it is in this status; a sentence */
	const char *waits;	/* waiting: "db ready, migrate ok"; else "" */
	const char *stop_step;	/* stopping: "TERM"; else "" */
	const char *depends;	/* "db ready, migrate ok" */
	const char *by;		/* who added it: "api", "you"; "": the file */
	const char *file;	/* where it is defined; "" for added ones */
	uint32_t line;
	enum status status;
	bool ready, unready, paused, tty, hidden, autostart, has_exit, core;
	bool has_ready_rule, stdin_open;
	bool any_holder;	/* its ready rule asks whoever has the port */
	bool stopped;		/* somebody asked for the end of the run */
	bool going;		/* its run is to end, in its turn */
	bool interactive, own_cwd;	/* spec.h */
	int32_t exit_code, exit_signal;	/* signal 0: the code counts */
	uint32_t fail_step, fail_error;	/* error: enum spawn_step and errno */
	uint32_t pid;		/* 0: none */
	uint64_t run, restarts;
	uint64_t retries, restart_max;	/* of those, so many count; 0: all */
	int64_t created_at_ms, started_at_ms, ready_at_ms, ended_at_ms;
	int64_t deadline_at_ms;	/* wall time of the next step; 0: none */
	int64_t next_run_at_ms;	/* by its schedule; 0: none */
	uint64_t log_bytes, log_lines, dropped_bytes;
	uint32_t errors, warnings;	/* watch hits of that level, this run */
	uint64_t cpu_permille;	/* of one core, over the last second */
	uint64_t rss_bytes;
	uint32_t tree_count;	/* processes of the tree, leader included */
	uint32_t left;		/* ... that runs which are over have left */
	const char *left_list;	/* "PID COMMAND" of the first of them, each
				 * with \x1f behind it */
	const char *ports;	/* "8080 5353": listening TCP ports */
	const char *title;	/* of its terminal; "" if none */
	uint16_t rows, cols;	/* of its terminal */
	const char *watches;	/* names, separated by blanks */
};

/* Hits are counted by intervals of the monotonic clock. */
enum { PROTO_HIT_SLOTS = 32, PROTO_HIT_SLOT_US = 2 * 1000 * 1000 };

struct proto_value {
	const char *name, *unit;
	uint8_t level;		/* enum spec_level */
	uint64_t count;		/* hits */
	const char *last;	/* the newest value or line; text */
	uint64_t seq;		/* number of the last line hit; 0: none */
	bool numeric;		/* the figures below mean something */
	double last_number, min, max, mean, p95;
	bool off;		/* switched off: it hit the match limit */
	double samples[64];	/* oldest first */
	uint32_t sample_count;
	uint8_t hits[PROTO_HIT_SLOTS];	/* of the newest intervals, the newest
					 * last, scaled 0..255 */
	uint64_t hit_slot;	/* number of the newest one */
};

struct proto_screen {
	uint32_t proc;
	uint64_t gen;
	uint64_t shown;		/* bytes of the log's pty stream it shows */
	uint16_t rows, cols;
	uint16_t cursor_row, cursor_col;
	uint8_t cursor_visible, cursor_shape, cursor_blink;
	uint32_t modes;		/* VT_MODE_* */
	uint64_t sb_first, sb_next;
	const char *title;
	uint8_t whole;		/* all rows follow: forget the old ones */
	uint32_t row_count;	/* then per row: u16 row, bytes (cell_pack) */
};

int	proto_put_hello(struct buf *b, const struct proto_hello *h);
int	proto_get_hello(const void *data, size_t len, struct proto_hello *h);
int	proto_put_request(struct buf *b, const struct proto_request *q);
int	proto_get_request(const void *data, size_t len,
			  struct proto_request *q);
void	proto_request_fini(struct proto_request *q);
int	proto_put_add(struct buf *b, const struct proto_add *a);
int	proto_get_add(const void *data, size_t len, struct proto_add *a);
void	proto_add_fini(struct proto_add *a);
int	proto_put_reply(struct buf *b, const struct proto_reply *r);
int	proto_get_reply(const void *data, size_t len, struct proto_reply *r);
void	proto_reply_fini(struct proto_reply *r);
int	proto_put_row(struct buf *b, const struct proc_row *r);
int	proto_get_row(const void *data, size_t len, struct proc_row *r);
int	proto_put_grow(struct buf *b, const struct proto_grow *g);
int	proto_get_grow(const void *data, size_t len, struct proto_grow *g);
void	proto_mark_text(const struct proto_mark *m, char out[PROTO_MARK_MAX]);
/* 0 or -EBADMSG. */
int	proto_mark_parse(const char *text, struct proto_mark *m);
/* Values one after the other within a VALUES message. */
int	proto_put_value(struct buf *b, const struct proto_value *v);
int	proto_get_value(struct msg_reader *r, struct proto_value *v);
/* Of the newest intervals at now_us (clock_us()), slot from 0, the oldest one:
 * a value that comes no more grows old without a frame. */
uint8_t	proto_value_hits(const struct proto_value *v, size_t slot,
			 uint64_t now_us);
/* The head of a SCREEN message; rows follow in the same reader. */
int	proto_put_screen(struct buf *b, const struct proto_screen *s);
int	proto_get_screen(struct msg_reader *r, struct proto_screen *s);

/* A copy whose strings are its own; free with proc_row_free. */
struct proc_row *proc_row_dup(const struct proc_row *r);
void	proc_row_free(struct proc_row *r);

#endif
