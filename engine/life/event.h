#ifndef SBX_EVENT_H
#define SBX_EVENT_H

/*
 * The kinds of entries in the event journal: one row each.  A kind is what
 * happened; who or what made it happen is the cause, also one row each.
 * Names are stable: scripts read them in `events --json`.
 */

#include <stddef.h>
#include <stdbool.h>
#include "base/table.h"

/* X(enum, name, help) */
#define EVENT_TABLE(X)                                                         \
	X(WAITING, "waiting", "a start waits for other processes")             \
	X(QUEUED, "queued", "a start waits for a free place")                  \
	X(SCHEDULED, "scheduled", "the next time of the schedule is set")      \
	X(START, "start", "a run is being started")                            \
	X(STARTED, "started", "the program runs")                              \
	X(SPAWN_FAILED, "spawn-failed", "the program could not be run")        \
	X(READY, "ready", "the process is ready")                              \
	X(UNREADY, "unready", "the process is not ready any more")             \
	X(PAUSED, "paused", "the process was stopped by a signal")             \
	X(CONTINUED, "continued", "a paused process goes on")                  \
	X(TIMEOUT, "timeout", "the run took longer than its timeout")          \
	X(STOP, "stop", "the process is being stopped")                        \
	X(STEP, "step", "the next step of the stop ladder")                    \
	X(KILL, "kill", "the whole tree is being killed")                      \
	X(EXIT, "exit", "the program has ended")                               \
	X(ENDED, "ended", "nothing of the run is left and its log is whole")   \
	X(RESTART, "restart", "the process is being started again")            \
	X(BACKOFF, "backoff", "a restart waits for its pause to pass")         \
	X(GAVE_UP, "gave-up", "the limit of restarts is reached")              \
	X(DEPENDENCY, "dependency", "a dependency cannot be met any more")     \
	X(SKIPPED, "skipped", "a start was left out")                          \
	X(CANCELLED, "cancelled", "a start was called off")                    \
	X(ADOPTED, "adopted", "a new engine took the process over")            \
	X(SIGNAL, "signal", "a signal was sent")                               \
	X(WATCH, "watch", "a watch fired")                                     \
	X(WATCH_OFF, "watch-off", "a watch was switched off")                  \
	X(FILES, "files", "watched files changed")                             \
	X(PORT_TAKEN, "port-taken", "a port of a run that failed is held by "  \
	  "another process")                                                   \
	X(DROPPED, "dropped", "bytes of a log were dropped")                   \
	X(SCREEN_OFF, "screen-off", "the screen of a process was given up")    \
	X(ADDED, "added", "a process was added")                               \
	X(REMOVED, "removed", "a process was removed")                         \
	X(CONFIG, "config", "the configuration was read")                      \
	X(CONFIG_CHANGED, "config-changed", "a file of the configuration "     \
	  "was edited")                                                        \
	X(ENGINE_START, "engine-start", "the engine has started")              \
	X(ENGINE_TAKEOVER, "engine-takeover", "a new engine took over")        \
	X(ENGINE_STOP, "engine-stop", "the engine ends")                       \
	X(KEEPER_DIED, "keeper-died", "the keeper was lost")                   \
	X(LEFTOVER, "leftover", "processes of a former engine were ended")     \
	X(CLIENT_REFUSED, "client-refused", "a client was sent away")          \
	X(JOURNAL_GAP, "journal-gap", "events could not be written")           \
	X(NOTE, "note", "something worth knowing")

enum event_kind {
#define X(e, name, help) EVENT_##e,
	EVENT_TABLE(X)
#undef X
	EVENT_COUNT
};

/* X(enum, name, preposition, text, help) */
#define CAUSE_TABLE(X)                                                         \
	X(NONE, "none", "by", "itself",                                        \
	  "nobody by sbx: the process itself, or somebody outside")            \
	X(USER, "user", "by", "you", "a person or script by a command")        \
	X(AUTOSTART, "autostart", "with", "the set", "the set was started")    \
	X(DEPENDENT, "dependent", "for", "a dependent",                        \
	  "another process needs it")                                          \
	X(DEPENDENCY, "dependency", "because of", "a dependency",              \
	  "a process it needs")                                                \
	X(SCHEDULE, "schedule", "by", "its schedule", "its schedule")          \
	X(RESTART, "restart", "by", "its restart policy",                      \
	  "its restart policy")                                                \
	X(LIMIT, "limit", "by", "a limit", "a limit")                          \
	X(TIMEOUT, "timeout", "by", "its timeout", "its timeout")              \
	X(WATCH, "watch", "by", "a watch", "a watch over its output")          \
	X(PROBE, "probe", "by", "a check", "a ready or live check")            \
	X(FILES, "files", "because", "files changed", "its watched files")     \
	X(CONFIG, "config", "by", "a reload", "the configuration changed")     \
	X(ENGINE, "engine", "by", "sbx", "the engine")                         \
	X(KEEPER, "keeper", "with", "the keeper", "the keeper was lost")       \
	X(API, "api", "by", "the API", "a program through sbx serve")

enum cause {
#define X(e, name, prep, text, help) CAUSE_##e,
	CAUSE_TABLE(X)
#undef X
	CAUSE_COUNT
};

extern const struct table event_table, cause_table;

const char *event_name(enum event_kind e);
int	event_find(const char *name, size_t len);	/* -1: no such kind */

/* Did somebody ask for it, rather than something? */
static inline bool
cause_is_by_hand(enum cause c)
{
	return c == CAUSE_USER || c == CAUSE_API;
}

const char *cause_name(enum cause c);
/*
 * "by you", "with the set"; with a detail "by watch 'oom', line 12", "for
 * web", "by you (key x)".  Cut to cap; returns out.
 */
const char *cause_phrase(enum cause c, const char *detail, char *out,
			 size_t cap);
int	cause_find(const char *name, size_t len);	/* -1: no such cause */

#endif
