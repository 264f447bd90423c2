#ifndef SBX_CORE_H
#define SBX_CORE_H

/*
 * The structures that the engine's own files share, and nobody else: one
 * struct engine, a struct proc for each record, a struct peer for each
 * connection.  Tree of ownership: engine → procs → {spec, spool, fold,
 * watches, terminal, descriptors, timers}; engine → clients → conn.  Cross
 * references are ids that are looked up at use.
 *
 * Order of a turn (engine.c): sources read and drain; then, once, folds in
 * time slices, ends of runs, dependencies and free places, the registry, the
 * effects that must come after it (spawn, release), and the clients' news.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/base.h"
#include "base/buf.h"
#include "child/keeplink.h"
#include "crumbs.h"
#include "life/life.h"
#include "log/logfmt.h"
#include "probe/fileguard.h"
#include "procrun.h"
#include "spec/proto.h"
#include "spec/rundir.h"
#include "spec/setpack.h"

struct peer;
struct conn;
struct answered;
struct copy;
struct conn_frame;
struct envset;
struct err;
struct filewatch;
struct filewatch_set;
struct fold;
struct fold_block;
struct fold_scratch;
struct fold_tail;
struct graph;
struct journal;
struct reglog;
struct journal_event;
struct keeplink;
struct listen;
struct loop;
struct msg_reader;
struct options;
struct probe;
struct regex;
struct sched;
struct schedules;
struct source;
struct spec;
struct spool;
struct timer;
struct tree;
struct vt;
struct watchset;

enum {
	PROCS_MAX = 20000,
	PEERS_MAX = 256,
	/*
	 * Queued towards one process, bytes.  A paste is taken whole: with one
	 * there may be PROTO_PASTE_MAX more.
	 */
	INPUT_MAX = 1 << 20,
	SCROLLBACK_ROWS = 10000,
	HISTORY_ROWS = 2000,	/* of scrollback that outlive an engine */
	SNAPSHOT_EVERY = 1 << 20, /* bytes of terminal output */
	TTY_LAG_MAX = 256 << 10, /* emulator behind the spool, bytes */
	TTY_CHUNK = 16 << 10,
	NOTIFY_LINE_MAX = 1024,
	LEFT_MAX = 8,		/* runs of a process that have left something */
	LEFT_SHOWN = 32,	/* processes of those that its row names */
};

/* Hits per interval of the newest intervals, for a sparkline. */
enum { HIT_SLOTS = 32, HIT_SLOT_US = 2 * 1000 * 1000 };
struct hit_ring {
	uint64_t slot;		/* number of the newest interval */
	uint32_t hits[HIT_SLOTS];	/* by number modulo HIT_SLOTS */
};

/* Those that one client makes share theirs. */
struct proc_environ {
	unsigned users;
	char **v;
};

struct proc {
	struct engine *e;
	uint32_t id;
	struct spec *spec;
	struct proc_environ *environ;	/* of who added it; NULL: the set's */
	struct life life;
	struct run *run;	/* NULL: at rest */
	bool removing;		/* forget it at the end of the turn */
	struct spec *next_spec;	/* of the run after this one; NULL: same */
	bool renew_told;	/* ... which has been asked for */
	enum cause removed_by;	/* if removing; NONE: 'keep no' */
	bool leaving;		/* not in the set any more: ends, then goes */
	bool leave_told;
	bool placed;		/* a mark within one function */
	uint64_t follower;	/* peer that follows it to its end; 0: none */
	uint64_t holder;	/* peer for whom its log is held; 0: none */
	uint64_t at_unfollowed_us;	/* until then the one of the former
					 * engine may come back; 0: no */

	/* the present run, or the last one */
	uint64_t slot, tag;	/* slot 0: the keeper knows nothing of it */
	pid_t pid;		/* 0: no live leader */
	pid_t run_pid;		/* of the leader, also when it has ended */
	int64_t created_ms, started_ms, ready_ms, ended_ms;	/* wall */
	uint64_t release_slot;	/* to be given back; 0: none */
	bool kept;		/* the run is over, what it left writes on:
				 * slot and in[] stay until it ends, or until
				 * the next run */
	/* of former runs, with tree keep (procleft.c) */
	uint64_t left_tags[LEFT_MAX];
	uint8_t left_tag_count;
	uint32_t left_count;	/* processes, when it was looked last */
	uint64_t at_left_kill_us;	/* 0: they may live */
	char *left_list;	/* as in its row; NULL: none */
	bool spawn_wanted, slot_known;
	bool leader_ended, tree_gone, killing;
	uint64_t maxrss_bytes;	/* of the run that has ended; 0: not known */
	int signal_wanted;	/* to the tree, at the end of the turn */
	uint64_t queued_gen;	/* place among the queued ones */
	uint64_t at_tree_look_us;	/* next look at what is left; 0: none */
	unsigned tree_looks;

	/* its output; of one at rest that has said nothing, NULL to spec */
	char *dirname;		/* below state_dir/log */
	struct spool *spool;
	struct fold *fold;
	struct watchset *watches;
	struct spec_watch *watch_specs;	/* the spec's, and its ready rule */
	struct hit_ring *hit_rings;	/* one a watch of the spec; or NULL */
	uint64_t hit_slot;	/* of a ring: the time of the lines looked at */
	size_t live_watch;	/* place of `live log`; SIZE_MAX: none */
	uint64_t at_noted_us;	/* journal entries of watches are paced */
	unsigned notes_left;
	bool hooks_full;	/* that one was left out was told */
	uint64_t from_seq;	/* lines the watches have to see; 0: new ones */
	struct source *in[LOG_STREAMS];	/* NULL: closed */
	bool paced[LOG_STREAMS];	/* looked at by the pace timer */
	uint64_t at_drained_us[LOG_STREAMS];
	bool fold_dirty;	/* there may be bytes to fold */
	uint64_t at_behind_us;	/* they began to wait */
	bool burst;		/* much has come since the last slice */
	bool run_cut;		/* the spool was told that the run is over */
	struct timer *partial_timer;
	bool log_ended;		/* the run's output is drained and folded */
	uint64_t at_drain_end_us;	/* of the last drain; 0: not begun */
	uint64_t drain_owed_bytes;	/* written before its tree was gone */
	uint64_t lost_noted_bytes;	/* as told to the crumbs */
	uint32_t fail_step, fail_error;	/* of a start that failed; 0: it has
					 * not */
	uint32_t errors, warnings;
	bool hits_untold;	/* counts that its row does not show yet */
	uint64_t at_told_us;
	uint64_t at_retry_us;	/* of an index that could not be written */

	/* its input */
	struct source *out;	/* stdin pipe; a terminal uses in[] */
	uint64_t input_taken;	/* bytes that were taken out of it */
	bool input_eof;		/* close after what is queued */

	/* its terminal */
	struct vt *vt;		/* NULL: no tty, or given up */
	uint64_t vt_off;	/* output fed so far */
	struct buf base;	/* snapshot to rebuild from, and its history */
	struct buf base_history;	/* packed rows, oldest first */
	uint64_t base_history_id;	/* line id of the first one */
	uint64_t base_off;
	uint16_t base_rows, base_cols;
	unsigned vt_falls;	/* engines that died while feeding it */
	bool vt_replaying;	/* answers and bells are not sent again */

	/* its checks (proccheck.c) */
	struct source *notify;	/* what it writes to SBX_NOTIFY_FD */
	pid_t port_holder;	/* the stranger that was found last; 0 */

	/* what the person is told of (procnotify.c) */
	bool was_ready, was_unready;
	struct timer *silence;	/* NULL: it does not matter now */
	bool silence_told;
	uint64_t at_heard_us;	/* silence counts from then on */

	/* what starts it, and what follows its log */
	bool spec_new;		/* the three below do not know it yet */
	struct sched *sched;	/* NULL: no schedule */
	struct filewatch_set *files;	/* NULL: none are watched */
	char *files_rule;	/* what files was made from */
	bool files_failed;	/* they could not be, and that was told */
	struct fileguard fileguard;
	struct copy *copy;	/* NULL: no log.file */
	uint16_t *auto_ports;	/* by index of the spec's ports; 0: not yet */
	size_t auto_count;

	char *waits;		/* unmet dependencies as text; NULL */
	uint64_t row_gen, grow_gen, value_gen;	/* e->gen at the change */
	uint64_t grown;		/* sum of what was told with grow_gen */
	uint64_t cpu_us, cpu_permille, rss_bytes;
	uint64_t at_cpu_us;	/* when cpu_us was read; 0: not in this run */
	uint32_t tree_count;
	bool spec_saved;	/* it, and the environment, as they are */
};

enum helper_kind { HELPER_READY, HELPER_LIVE, HELPER_STOP, HELPER_HOOK,
	HELPER_CONFIG, HELPER_CHORE, HELPER_LEFT, HELPER_LISTEN };

/* A child that is no process of the set (helper.c). */
struct helper {
	struct list node;
	enum helper_kind kind;
	char *name;		/* of the hook; "" of others */
	uint64_t slot, tag;
	uint32_t proc;		/* for whom it works */
	struct source *source;	/* its output, of which the end is kept */
	bool ended;		/* and that was told; what it left is killed */
	uint64_t at_kill_us;	/* 0: it may go on */
	pid_t pid;		/* 0: not known yet */
	char said[512];		/* the end of what it printed */
	size_t said_len;
};

/* A picture that a client follows. */
struct screen_view {
	uint32_t proc;		/* 0: none */
	bool whole;		/* it has no picture yet */
	uint64_t seen;		/* vt generation */
	uint16_t rows, cols;	/* of the last one sent */
	uint64_t at_us;
};

struct peer {
	struct list node;
	struct engine *e;
	struct conn *conn;
	uint64_t no;		/* never used again */
	bool greeted;
	enum cause cause;	/* what it asks for happens by */
	unsigned subs;		/* PROTO_SUB_* */
	bool synced;		/* SYNC was sent since the last SUBSCRIBE */
	uint64_t rows_seen, grow_seen, values_seen, events_seen;
	uint64_t at_grow_us, at_values_us;	/* not before */
	size_t late_bytes;	/* of answers that may wait; 0: none do */
	uint64_t at_late_us;	/* ... until then */
	struct screen_view screen;	/* where it types */
	struct screen_view *also;	/* others that it looks at */
	size_t also_count;
	uint16_t pane_rows, pane_cols;	/* where it shows it; 0: nowhere */
	uint64_t at_keys_us;	/* typed into it last; 0: never */
	uint64_t at_typed_us;
	struct buf paste;	/* the pieces of one that have come */
	bool paste_over;	/* ... which are too many */
};

struct engine {
	struct loop *loop;
	struct keeplink *link;
	struct tree *tree;
	struct journal *journal;
	struct reglog *reglog;	/* the registry as it was saved */
	struct rundir dir;
	int state_fd, log_fd;	/* state_dir and its "log" */
	int lock_fd;
	pid_t keeper_pid, anchor_pid;
	bool adopted;		/* the hand-over is complete */
	struct transit *transit;	/* from HELLO on */
	struct crumbs *crumbs;	/* in a file below run_dir, outlives us */

	struct proc **procs;	/* in list order */
	size_t nproc, proc_cap;
	uint32_t next_id, next_auto;
	uint32_t next_slot;
	uint64_t next_peer;
	struct list helpers;

	/* the set as it was loaded */
	struct setpack set;	/* specs are moved into procs */
	struct options *options;
	struct envset *env;	/* variables that were set at run time */
	struct answered *answered;	/* to requests with a key */
	struct listen *listen;	/* who offers the set over HTTP */
	struct filewatch *conf_watch;	/* over the files of the sbxrc */
	struct filewatch_set *conf_files;
	uint64_t conf_slot;	/* of who reads them; stale: nobody */
	bool conf_differs;	/* ... and has told of differences */
	int64_t loaded_ms;

	struct source *listener;
	dev_t sock_dev;		/* of the socket's file */
	ino_t sock_ino;
	struct source *hold;
	struct timer *hold_timer;
	struct list peers;
	size_t npeers;
	struct timer *tick, *pace, *feed_timer, *stats_timer, *listen_timer;
	struct timer *idle_end;
	uint64_t at_stats_us;
	unsigned stats_round;

	struct schedules *schedules;	/* NULL: nobody has one */
	struct filewatch *files;	/* NULL: nobody watches any */
	struct graph *graph;	/* NULL: to be built again */
	bool deps_dirty, slots_dirty, tree_dirty, registry_dirty;
	bool registry_stale;	/* only counts that could be counted again */
	bool going_down, finished, keeper_lost;
	bool replaced;		/* another binary is started next */
	enum cause down_cause;
	bool logs_grew;		/* since limit.logs was looked at */
	uint64_t at_logcap_us;	/* not before */
	uint64_t at_last_copy_us;	/* ends without the copies then; 0 */
	uint64_t down_for_us;
	uint64_t gen;		/* grows with every change a client may see */
	size_t fold_turn;
	uint64_t at_registry_us;	/* of the last save */
	uint64_t handed_file, at_handed_us;	/* which the keeper was given */
	struct fold_scratch *scratch;	/* shared by all folds */
	char *tty_buf;			/* TTY_CHUNK bytes, shared */
};

/* --- engine.c ------------------------------------------------------------ */
struct proc *engine_find(const struct engine *e, uint32_t id);
struct proc *engine_find_name(const struct engine *e, const char *name);
/* Is the peer connected, or may it come back, that follows it to its end? */
bool	engine_is_followed(const struct engine *e, const struct proc *p);
/* Journal entry of a process, or of the set when p is NULL. */
void	engine_note(struct engine *e, const struct proc *p,
		    enum event_kind kind, enum cause cause, const char *fmt,
		    ...) SBX_PRINTF(5, 6);
void	engine_down(struct engine *e, enum cause cause, uint64_t for_us);
/* There is a turn at that time at the latest. */
void	engine_turn_at(struct engine *e, uint64_t at_us);
/* Takes over what a client sent; specs become processes.  0 or -1. */
int	engine_load(struct engine *e, struct setpack *set, struct err *err);

/* --- proc.c ------------------------------------------------------------- */
/*
 * Takes spec and environ_.  NULL with err when the name is taken.  id 0: a
 * new one; from_seq: see struct proc.
 */
struct proc *proc_new(struct engine *e, struct spec *spec, char **environ_,
		      uint32_t id, uint64_t from_seq, struct err *err);
/* Closes and frees; with remove the log goes too. */
void	proc_free(struct proc *p, bool remove_log);
void	proc_event(struct proc *p, const struct life_input *in);
/* The usual input: event, cause and one phrase. */
void	proc_tell(struct proc *p, enum life_event ev, enum cause cause,
		  const char *detail);
void	proc_drop_environ(struct proc *p);	/* it has the set's then */
void	proc_on_timer(struct timer *t, void *arg);	/* of its life */
/* It goes when nothing of it is left. */
void	proc_remove(struct proc *p, enum cause by);
void	proc_touch(struct proc *p);		/* its row has changed */
bool	proc_is_live(const struct proc *p);
void	proc_arm(struct proc *p);		/* the timer of its life */
/* What the former engine knew of the run of a log without a directory. */
void	proc_restore_run(struct proc *p);
/* End-of-turn work. */
void	proc_settle_aside(struct engine *e);	/* schedules, files, copies */
void	proc_settle_trees(struct engine *e);
/* After registry_save(), with what it gave: nothing starts unrecorded. */
void	proc_settle_starts(struct engine *e, int saved);
/* What the keeper has of a run that is over; nobody waits for that. */
void	proc_release(struct proc *p, int saved);
void	proc_settle_ends(struct engine *e, int saved);
/* The keeper's word. */
void	proc_started(struct proc *p, const struct keep_start *s);
void	proc_failed(struct proc *p, enum spawn_step step, int error);
void	proc_exited(struct proc *p, const struct keep_exit *x);

/* --- details.c: what only the engine knows of a process -------------------- */
void	details_text(struct buf *out, const struct proc *p);

/* --- launch.c: from a spec to a request to the keeper ---------------------- */
/* 0, or -errno with the reason in why (cap bytes). */
int	launch_run(struct proc *p, char *why, size_t cap);
/* A number never used before, and the tag that goes with it. */
uint64_t launch_slot(struct engine *e, uint64_t *tag);
int	launch_helper(struct engine *e, struct helper *h, struct proc *p,
		      const char *command, char **more_env);
/* Replaces or adds a variable in a NULL-terminated list; takes "K=V". */
char	**launch_env_put(char **env, char *line);
/* Why a run could not be started, as a phrase. */
void	launch_explain(const struct proc *p, enum spawn_step step, int error,
		       char *out, size_t cap);

/* --- order.c: dependencies, places, order of stopping ---------------------- */
void	order_policy(const struct spec *s, struct life_policy *out);
bool	order_has_ready(const struct spec *s);	/* a rule that says when */
void	order_settle(struct engine *e);
/* LIFE_IN_* that save a process the waiting for what it need not wait for. */
unsigned order_shortcuts(const struct proc *p);
/* Is there a place for so many more at once?  0 or -1. */
int	order_room(const struct engine *e, size_t count, struct err *err);
/* The list of processes has another order, or other dependencies. */
void	order_changed(struct engine *e);
/* Marks in want[] (by index of procs) what must be started for them. */
void	order_needs(struct engine *e, bool *want);
void	order_dependents(struct engine *e, bool *want);
/* The same, but only those that run, are about to, or have come to an end by
 * themselves: what is off or was stopped by hand stays so. */
void	order_dependents_up(struct engine *e, bool *want);

/* --- ordered.c: several are stopped, dependents first ---------------------- */
/* in: STOP or RESTART; takes the place of one that waits. */
void	ordered_ask(struct proc *p, const struct life_input *in);
/* is_needed: somebody who depends on it is to end and has not. */
void	ordered_settle(struct proc *p, bool is_needed);
void	ordered_run_ended(struct proc *p);
void	ordered_drop(struct proc *p);
/* It is to end and to begin anew. */
bool	ordered_comes_back(const struct proc *p);
int	ordered_pack(const struct proc *p, struct buf *b);
void	ordered_unpack(struct proc *p, struct msg_reader *r);

/* --- respec.c: another definition for a process ------------------------- */
/* Would respec_now() be able to take it?  0 or -1. */
int	respec_check(const struct spec *s, struct err *err);
/* These take s.  At once, for one that does not run or goes on with it ... */
void	respec_now(struct proc *p, struct spec *s);
/* ... or with its next run, which order_settle() asks for in its turn. */
void	respec_later(struct proc *p, struct spec *s);
/* Equal, but perhaps written in another place. */
void	respec_place(struct proc *p, struct spec *s);
/* The run is over: what respec_later() was given becomes true. */
void	respec_next(struct proc *p);

/* --- rewatch.c: watches added and taken away while it runs --------------- */
/* text: a packed spec that holds the one watch, as base64.  0 or -1. */
int	rewatch_add(struct proc *p, const char *text, struct err *err);
int	rewatch_rm(struct proc *p, const char *name, struct err *err);

/* --- reconf.c: the set and its settings, while it runs ------------------- */
void	reconf_take_settings(struct options *o, char *const *lines);
/* A client read the file again: the plan, or the plan and what it says. */
void	reconf_reload(struct peer *c, uint32_t id, const char *data,
		      size_t len);

/* --- confwatch.c: edits of the sbxrc are noticed ---------------------------- */
/* The files, or whether they are watched, may be others than they were. */
void	confwatch_update(struct engine *e);
void	confwatch_close(struct engine *e);
/* What somebody found who has read them. */
void	confwatch_tell(struct engine *e, size_t mistakes, size_t differences);

/* --- runtime.c: sbx set, sbx env ------------------------------------------ */
/* "KEY VALUE" lines, all or none. */
int	runtime_set(struct engine *e, enum cause cause, const char *lines,
		    struct err *err);
/* What runs beside the set is as the settings say. */
void	runtime_follow(struct engine *e);
int	runtime_get(const struct engine *e, const char *key, struct buf *out,
		    struct err *err);
/* What PROTO_V_ENV says; where that changes nothing it is read. */
int	runtime_env(struct engine *e, const struct proto_request *q,
		    struct buf *out, struct err *err);

/* --- procio.c ------------------------------------------------------------ */
int	procio_open_log(struct proc *p, struct err *err);
/* As much as its definition and limit.log let it keep. */
void	procio_set_keep(struct proc *p);
void	procio_attach(struct proc *p, struct keep_fds *fds);	/* takes them */
void	procio_close(struct proc *p);		/* all descriptors of the run */
void	procio_close_input(struct proc *p);
/* The queue as the registry has it, without what was taken out since. */
void	procio_restore_input(struct proc *p, const char *data, size_t len);
bool	procio_is_open(const struct proc *p);	/* may output still come? */
void	procio_fold_all(struct engine *e);	/* a slice for everyone */
/* Drains and folds to the end; true when nothing is left to come. */
bool	procio_drained(struct proc *p);
void	procio_pace(struct engine *e);	/* the streams in a flood */
/* An answer of the terminal itself; dropped when the queue is full. */
void	procio_answer(struct proc *p, const char *data, size_t len);
/* HELD: it is queued, and leaves with procio_flush(). */
enum { PROCIO_EOF = 1, PROCIO_PASTE = 2, PROCIO_WHOLE = 4, PROCIO_HELD = 8 };
int	procio_input(struct proc *p, const char *data, size_t len,
		     unsigned flags, struct err *err);
int	procio_flush(struct proc *p, struct err *err);
/* What of its input waits to be read. */
size_t	procio_waiting(const struct proc *p);
/* How much of each stream its process has written by now. */
void	procio_mark(struct proc *p, struct proto_mark *m);
/* Marks what a former engine threw away and had no time to tell. */
void	procio_find_lost(struct proc *p);
void	procio_grow(const struct proc *p, struct proto_grow *g);

/* --- logcap.c: limit.logs ----------------------------------------------------- */
void	logcap_settle(struct engine *e);

/* --- procwatch.c ----------------------------------------------------------- */
int	procwatch_build(struct proc *p, struct err *err);
/* The same for another definition in the place of old; what watches of the
 * same name and pattern have counted stays.  -1: nothing has changed. */
int	procwatch_rebuild(struct proc *p, const struct spec *old,
			  struct err *err);
void	procwatch_run(struct proc *p, bool running);
/* The watches' next deadline in clock_ms; UINT64_MAX if none. */
uint64_t procwatch_deadline(const struct proc *p);
void	procwatch_tick(struct proc *p);
/* struct fold_ops for the fold of a process; the argument is the proc. */
extern const struct fold_ops procwatch_ops;
void	procwatch_values(struct proc *p, struct buf *out);

/* --- proctty.c ------------------------------------------------------------ */
void	proctty_open(struct proc *p);
/* Feeds what the spool has, for about 2 ms; true when more is left. */
bool	proctty_feed(struct proc *p);
uint64_t proctty_lag(const struct proc *p);
/* What draws a screen, and the place in the stream that it shows: a recent
 * one, so that what follows brings some history too; empty at the start. */
void	proctty_snapshot(const struct proc *p, struct buf *out, uint64_t *off);
void	proctty_resize(struct proc *p, int rows, int cols);
void	proctty_rebuild(struct proc *p);	/* from base and spool */

/* --- proccheck.c ----------------------------------------------------------- */
void	proccheck_start(struct proc *p);
void	proccheck_stop(struct proc *p);
/* A check by command is over; text: why it failed, NULL if it did not. */
void	proccheck_ended(struct proc *p, const struct helper *h,
			const char *text);
/* A line matched the pattern of `live log`. */
void	proccheck_beat(struct proc *p);
/* Takes the descriptor on which the process tells that it is ready. */
void	proccheck_notify(struct proc *p, int fd);

/* --- helper.c -------------------------------------------------------------- */
/*
 * Runs a line of shell beside p, with p's rights and environment and more_env
 * (NULL-terminated, may be NULL); killed after max_us (0: never).  Its end is
 * told to proccheck, procstop or prochook.  0 or -errno.
 */
int	helper_start(struct proc *p, enum helper_kind kind, const char *name,
		     const char *command, char **more_env, uint64_t max_us,
		     uint64_t *slot);
/* The same for a program of our own, beside no process. */
int	helper_start_own(struct engine *e, enum helper_kind kind,
			 char *const *argv, char *const *env, const char *cwd,
			 uint64_t max_us, uint64_t *slot);
/* How many of a kind work for p. */
size_t	helper_count(const struct proc *p, enum helper_kind kind);
struct helper *helper_find(const struct engine *e, uint64_t slot); /* or NULL */
/* A slot that no process has: what is alive of it is killed, unless it is to
 * go on (listen_owns). */
void	helper_adopt(struct engine *e, const struct keep_slot *s);
/* Kills those that are due; when to look again, UINT64_MAX: never. */
uint64_t helper_settle(struct engine *e, uint64_t now);
/* Forgets them all: the engine ends, the keeper and the next one go on. */
void	helper_close(struct engine *e);
/* Kills it; nobody is told of its end when slot is forgotten. */
void	helper_cancel(struct engine *e, uint64_t slot);
/* Asks it to end (TERM), and kills it when that takes longer. */
void	helper_end(struct engine *e, uint64_t slot, uint64_t for_us);
/* The keeper's word; false when the slot is no helper's. */
bool	helper_started(struct engine *e, const struct keep_start *s);
bool	helper_failed(struct engine *e, uint64_t slot, int error);
bool	helper_exited(struct engine *e, uint64_t slot,
		      const struct keep_exit *x);

/* --- listen.c: set listen ------------------------------------------------- */
struct listen *listen_new(struct engine *e);
void	listen_free(struct listen *l);			/* NULL is fine */
/* It runs where, and only where, the settings want it. */
void	listen_update(struct engine *e);
void	listen_ended(struct engine *e, const struct helper *h,
		     const char *text);
/* Is it the slot of one that is to go on? */
bool	listen_owns(const struct engine *e, const struct keep_slot *s);
bool	listen_is_over(const struct engine *e);
int	listen_pack(const struct listen *l, struct buf *b);
void	listen_unpack(struct listen *l, struct msg_reader *r);
void	listen_facts(const struct engine *e, struct buf *out);

/* --- procstop.c: steps of a ladder that are no signals --------------------- */
void	procstop_step(struct proc *p, unsigned step);
void	procstop_ended(struct proc *p, const struct helper *h,
		       const char *text);

/* --- prochook.c ------------------------------------------------------------ */
struct watch_hit;
void	prochook_run(struct proc *p, const struct watch_hit *h);
void	prochook_ended(struct proc *p, const struct helper *h,
		       const char *text);

/* --- procport.c ------------------------------------------------------------ */
/*
 * May the port that its check has reached count as its own?  Else why (cap
 * bytes) names the holder.
 */
bool	procport_is_own(struct proc *p, char *why, size_t cap);
/* It has failed: is that because somebody else has its port?  Tells it. */
void	procport_failed(struct proc *p);

/* --- procnotify.c ---------------------------------------------------------- */
/* Its state has changed; ended: and so ended a run. */
void	procnotify_event(struct proc *p, const struct life_output *out,
			 bool ended);
void	procnotify_settle(struct proc *p);
void	procnotify_take_spec(struct proc *p);	/* and at its end */

/* --- sample.c ---------------------------------------------------------------- */
/* Figures of all trees, if the last ones are older than a second. */
void	sample_all(struct engine *e);

/* --- procleft.c, procmember.c: what is ended without a stop of its run ---- */
enum {
	END_GRACE_US = 5 * 1000 * 1000,	/* between TERM and KILL */
	END_LOOK_US = 20 * 1000,	/* at what is being ended */
};

/* --- procleft.c ------------------------------------------------------------- */
/* Its run is over; what lives of it is known from now on. */
void	procleft_take(struct proc *p);
/* Counts them all anew; scan: after a look at /proc. */
void	procleft_look(struct engine *e, bool scan);
/* TERM, and KILL after five seconds, or at once. */
void	procleft_end(struct proc *p, enum cause cause, bool now);
void	procleft_signal(struct proc *p, int signo);	/* after a scan */
/* When it wants to look again; UINT64_MAX: not by itself.  *looked: the last
 * scan is of this turn, and exact; it is made so if need be. */
uint64_t procleft_settle(struct proc *p, bool *looked);
int	procleft_pack(const struct proc *p, struct buf *b);
void	procleft_unpack(struct proc *p, struct msg_reader *r);

/* --- procsched.c ----------------------------------------------------------- */
void	procsched_take_spec(struct proc *p);
/* Its schedule begins with the set: true where that is all that starting it
 * means.  flags: LIFE_IN_HAND takes back a stop by hand. */
bool	procsched_up(struct proc *p, unsigned flags);
void	procsched_settle(struct engine *e);
int64_t	procsched_next_wall_ms(const struct proc *p);	/* 0: none */
int	procsched_pack(const struct proc *p, struct buf *b);
void	procsched_unpack(struct proc *p, struct msg_reader *r);
void	procsched_free(struct proc *p);
void	procsched_close(struct engine *e);

/* --- procfiles.c ----------------------------------------------------------- */
void	procfiles_take_spec(struct proc *p);
void	procfiles_settle(struct proc *p);
/* A file that the engine writes itself. */
void	procfiles_ignore(struct engine *e, const char *path);
void	procfiles_free(struct proc *p);

/* --- proccopy.c ------------------------------------------------------------- */
void	proccopy_take_spec(struct proc *p);
void	proccopy_settle(struct proc *p);	/* a piece */
void	proccopy_squeezed(struct engine *e, const struct helper *h, bool fine);
void	proccopy_free(struct proc *p);
/* Is there more to copy, and nothing in the way? */
bool	proccopy_is_busy(const struct proc *p);

/* --- autoport.c -------------------------------------------------------------- */
void	autoport_pick(struct proc *p);		/* for the next run */
/* The port at this place of its spec; 0: not picked yet. */
unsigned autoport_get(const struct proc *p, size_t idx);
unsigned autoport_first(const struct proc *p);	/* of `port auto`; 0: none */
int	autoport_pack(const struct proc *p, struct buf *b);
void	autoport_unpack(struct proc *p, struct msg_reader *r);

/* --- scale.c ------------------------------------------------------------------ */
/* Those that were missing, to be started; added has room for count. -1: err. */
int	scale_up(struct engine *e, const char *name, unsigned count,
		 struct proc **added, struct err *err);
/* specs are those of a file that was read again: where its number of replicas
 * is that of before, they become as many as there are now. */
int	scale_keep(struct engine *e, struct spec ***specs, size_t *count,
		   struct err *err);
/* Those that are too many, to be stopped; they are forgotten then. */
int	scale_down(struct engine *e, const char *name, unsigned count,
		   struct proc **leaving);

/* --- registry.c -------------------------------------------------------------- */
struct reglog *registry_log(void);		/* an empty one */
int	registry_save(struct engine *e);	/* 0 or -errno */
int	registry_load(struct engine *e, int memfd, struct err *err);

/* --- serve.c ------------------------------------------------------------------ */
int	serve_open(struct engine *e, struct err *err);
/* Is the file of the socket there, and ours?  Else a new one. */
bool	serve_listens(const struct engine *e);
int	serve_listen(struct engine *e, struct err *err);
void	serve_close(struct engine *e, const char *why);
/* The same for a request with a key (0: none). */
void	serve_answer(struct peer *c, uint32_t id, uint64_t key,
		     const struct err *err, const char *text,
		     const uint32_t *ids, size_t count);
/* What it will be answered once what it asks for is recorded. */
void	serve_keep_answer(struct engine *e, uint64_t key, const char *text,
			  const uint32_t *ids, size_t count);
/* It was answered already, and is answered so once more? */
bool	serve_repeats(struct peer *c, uint32_t id, uint64_t key);
/* Of a corked peer: what is queued for it leaves with the next news. */
void	serve_may_wait(struct peer *c);
/* After registry_save() and feed_clients(): answers and news leave. */
void	serve_let_go(struct engine *e);
void	serve_reply(struct peer *c, uint32_t id, const struct err *err,
		    const char *text, const uint32_t *ids, size_t count);

/* --- hold.c ------------------------------------------------------------------ */
/* Takes the lock of the set: 0, -EBUSY when another engine has it. */
int	hold_lock(struct engine *e);
/* True if processes of a former engine may be left; until hold_unmark. */
bool	hold_mark(struct engine *e);
void	hold_unmark(struct engine *e);
void	hold_start(struct engine *e);
void	hold_stop(struct engine *e);

/* --- feed.c -------------------------------------------------------------------- */
/* What is due is queued; serve_let_go() sends it. */
void	feed_clients(struct engine *e);
/* All that is known is queued now; false: somebody does not read. */
bool	feed_flush(struct engine *e);
void	feed_gone(struct engine *e, uint32_t id);
void	feed_note(struct engine *e, int level, const char *text);
void	feed_bell(struct engine *e, uint32_t id);
void	feed_make_row(const struct proc *p, struct proc_row *r,
		      struct buf *scratch);
void	feed_values(struct peer *c, uint32_t id, struct proc *p);

/* --- verb.c --------------------------------------------------------------------- */
void	verb_request(struct peer *c, uint32_t id, struct proto_request *q);
void	verb_add(struct peer *c, uint32_t id, const char *data, size_t len);
void	verb_load(struct peer *c, uint32_t id, const char *data, size_t len);

#endif
