#ifndef SBX_CORE_H
#define SBX_CORE_H

/*
 * The structures that the engine's own files share, and nobody else: one
 * struct engine, a struct proc for each record, a struct peer for each
 * connection.  Tree of ownership: engine → procs → {spec, spool, fold,
 * watches, terminal, descriptors, timers}; engine → clients → conn.  Cross
 * references are ids that are looked up at use.
 *
 * Order of a turn (turn.c): sources read and drain; then, once, folds in
 * time slices, ends of runs, dependencies and free places, the registry, the
 * effects that must come after it (spawn, release), and the clients' news.  A
 * turn in which only bytes have moved looks at nothing but those: what it costs
 * does not depend on how many processes there are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/base.h"
#include "base/buf.h"
#include "child/keeplink.h"
#include "crumbs.h"
#include "inpipe.h"
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
struct envset;
struct err;
struct filewatch;
struct filewatch_set;
struct fold;
struct fold_scratch;
struct graph;
struct journal;
struct reglog;
struct keeplink;
struct listen;
struct loop;
struct options;
struct probe;
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
	PROC_BUCKETS = 1024,	/* a power of two */
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

/* What is ended without a stop of its run (procleft.h, procmember.h). */
enum {
	END_GRACE_US = 5 * 1000 * 1000,	/* between TERM and KILL */
	END_LOOK_US = 20 * 1000,	/* at what is being ended */
};

/* Hits per interval of the newest intervals, for a sparkline. */
struct hit_ring {
	uint64_t slot;		/* number of the newest interval */
	uint32_t hits[PROTO_HIT_SLOTS];	/* by number modulo PROTO_HIT_SLOTS */
};

/* Those that one client makes share theirs. */
struct proc_environ {
	unsigned users;
	char **v;
};

/* What changes in a run that nothing happens to, as it was saved last. */
struct proc_mark {
	uint64_t drained_us, grow_gen, value_gen, handed_seq, input_taken;
	uint32_t errors, warnings;
	uint64_t flags;
};

struct proc {
	struct engine *e;
	uint32_t id;
	struct proc *next_by_id;	/* in its bucket */
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
	bool owned;		/* it ends when that one has gone */
	uint64_t holder;	/* peer for whom its log is held; 0: none */
	uint64_t told_to;	/* peer that hears of bytes first; 0: none */
	uint64_t told_sum;	/* as grown, with what was told last */
	uint64_t told_gen;	/* grow_gen, if that peer knows it all */
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
	int sent_signo;		/* the last one that this run was sent ... */
	enum cause sent_by;	/* ... by somebody; 0: none */
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
	unsigned hook_restarts;	/* that its own hooks have asked for ... */
	uint64_t at_hook_restart_us;	/* ... since then */
	uint64_t from_seq;	/* lines the watches have to see; 0: new ones */
	struct source *in[LOG_STREAMS];	/* NULL: closed */
	struct inpipe pipes[LOG_STREAMS];
	bool paced[LOG_STREAMS];	/* looked at by the pace timer */
	uint64_t at_drained_us[LOG_STREAMS];
	bool fold_dirty;	/* there may be bytes to fold: */
	struct list fold_node;	/* it is in e->to_fold, or alone */
	uint64_t at_behind_us;	/* they began to wait */
	bool burst;		/* much has come since the last slice */
	bool run_cut;		/* the spool was told that the run is over */
	bool fds_owed;		/* we had no room for its descriptors yet */
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
	uint16_t want_rows, want_cols;	/* the size to come; 0: none */
	bool size_owed;		/* it has not been told of the one it has */
	uint64_t at_size_us;	/* the pauses after its sizes end then ... */
	uint64_t size_pause_us;	/* ... of which this is the last */

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
	struct list grown_node;	/* in e->grown */
	uint64_t grown;		/* sum of what was told with grow_gen */
	uint64_t cpu_us, cpu_permille, rss_bytes;
	uint64_t at_cpu_us;	/* when cpu_us was read; 0: not in this run */
	uint32_t tree_count;
	bool spec_saved;	/* it, and the environment, as they are */
	bool still_saved;	/* all of it; of one at rest, or of a run that
				 * is as saved_as tells (registry.c) */
	struct proc_mark saved_as;
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
	struct buf unsaved;	/* answers that wait for the registry */
	size_t unsaved_late;	/* so much of them may wait for news then */
	size_t late_bytes;	/* of answers that may wait; 0: none do */
	uint64_t at_late_us;	/* ... until then */
	struct screen_view screen;	/* where it types */
	struct screen_view *also;	/* others that it looks at */
	size_t also_count;
	uint16_t pane_rows, pane_cols;	/* where it shows it; 0: nowhere */
	bool resized;		/* which its terminal has to follow */
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
	struct reglog *reglog;	/* the registry; from HELLO on */
	struct rundir dir;
	int state_fd, log_fd;	/* state_dir and its "log" */
	int lock_fd;
	pid_t keeper_pid, anchor_pid;
	bool adopted;		/* the hand-over is complete */
	bool fds_owed;		/* ... but for descriptors of some */
	uint64_t at_again_us;	/* when they are asked for again */
	struct transit *transit;	/* from HELLO on */
	size_t pipe_budget;	/* that is left for larger pipes */
	struct crumbs *crumbs;	/* in a file below run_dir, outlives us */

	struct proc **procs;	/* in list order */
	size_t nproc, proc_cap;
	struct proc *by_id[PROC_BUCKETS];
	uint32_t next_id, next_auto;
	uint32_t kept_auto;	/* the file knows so many; 0: not asked */
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
	uint64_t at_stats_us, at_ports_us;	/* of the next look */

	struct schedules *schedules;	/* NULL: nobody has one */
	struct filewatch *files;	/* NULL: nobody watches any */
	struct graph *graph;	/* NULL: to be built again */
	bool deps_dirty, slots_dirty, tree_dirty, registry_dirty;
	bool registry_stale;	/* only counts that could be counted again */
	bool set_saved;		/* set, options, env and listen, as they are */
	bool going_down, finished, keeper_lost;
	bool replaced;		/* another binary is started next */
	enum cause down_cause;
	bool logs_grew;		/* since limit.logs was looked at */
	bool ttys_grew;		/* in this turn */
	bool sizes_owed;	/* somebody wants one, or is to be told */
	uint64_t at_logcap_us;	/* not before */
	uint64_t at_last_copy_us;	/* ends without the copies then; 0 */
	uint64_t down_for_us;
	uint64_t gen;		/* grows with every change a client may see */
	uint64_t rows_gen;	/* of the last row that has changed, ... */
	uint64_t rows_settled;	/* when a whole turn had ended */
	struct list to_fold;	/* processes that are fold_dirty */
	struct list grown;	/* all, by grow_gen, the newest last; those
				 * whose log never has are not in it */
	uint64_t at_registry_us;	/* of the last save */
	uint64_t at_unsaved_us;	/* since then none succeeds; 0: they do */
	int unsaved_error;	/* errno of the last one */
	bool unsaved_told;
	struct fold_scratch *scratch;	/* shared by all folds */
	char *tty_buf;			/* TTY_CHUNK bytes, shared */
};

/* --- engine.c ------------------------------------------------------------ */
struct proc *engine_find(const struct engine *e, uint32_t id);
struct proc *engine_find_name(const struct engine *e, const char *name);
/* The connection of that number; NULL: it is not there any more. */
struct peer *engine_peer(const struct engine *e, uint64_t no);
/* Is the peer connected, or may it come back, that follows it to its end? */
bool	engine_is_followed(const struct engine *e, const struct proc *p);
/* Journal entry of a process, or of the set when p is NULL. */
void	engine_note(struct engine *e, const struct proc *p,
		    enum event_kind kind, enum cause cause, const char *fmt,
		    ...) SBX_PRINTF(5, 6);
void	engine_down(struct engine *e, enum cause cause, uint64_t for_us);
/* Takes over what a client sent; specs become processes.  0 or -1. */
int	engine_load(struct engine *e, struct setpack *set, struct err *err);

/* --- turn.c -------------------------------------------------------------- */
/* There is a turn at that time at the latest. */
void	engine_turn_at(struct engine *e, uint64_t at_us);

#endif
