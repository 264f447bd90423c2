#ifndef SBX_HELPER_H
#define SBX_HELPER_H

/*
 * Children that are no process of the set: checks by command, the first step
 * of a stop, hooks, work on a log.file, and whatever a former engine has left
 * at the keeper.  Each may have a time; what it leaves running goes with it:
 * the keeper's slot is given back only when nothing of its tree is alive, so
 * that there is always somebody who knows of it.
 *
 * What is asked again by the next engine (a check, a look at the sbxrc) is
 * killed with its engine.  What happens once (a hook, a stop command) is
 * planned: in the registry before it is sent, given back when the registry
 * says that it is over, and so taken over by the next engine, or begun there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/base.h"

struct buf;
struct engine;
struct keep_exit;
struct keep_slot;
struct keep_start;
struct msg_reader;
struct proc;
struct source;

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
	bool planned;
	bool wanted;		/* the keeper has not been asked for it yet */
	bool over;		/* only its slot is to be given back */
	bool known;		/* to the keeper, as it said */
	uint64_t max_us;
	char *command, **env;	/* while it is wanted */
	char said[512];		/* the end of what it printed */
	size_t said_len;
};

/*
 * Runs a line of shell beside p, with p's rights and environment and more_env
 * (NULL-terminated, may be NULL); killed after max_us (0: never).  Its end is
 * told to proccheck, procstop or prochook.  0 or -errno.
 */
int	helper_start(struct proc *p, enum helper_kind kind, const char *name,
		     const char *command, char **more_env, uint64_t max_us,
		     uint64_t *slot);
/* The same, once over all engines.  Takes more_env. */
void	helper_plan(struct proc *p, enum helper_kind kind, const char *name,
		    const char *command, char **more_env, uint64_t max_us);
/* When the keeper has told of all that it has: sends and gives back what
 * waits for the registry; saved: 0 or -errno. */
void	helper_settle_planned(struct engine *e, int saved);
int	helper_pack(const struct engine *e, struct buf *b);
void	helper_unpack(struct engine *e, struct msg_reader *r);
/* The same for a program of our own, beside no process. */
int	helper_start_own(struct engine *e, enum helper_kind kind,
			 char *const *argv, char *const *env, const char *cwd,
			 uint64_t max_us, uint64_t *slot);
/* How many of a kind work for p. */
size_t	helper_count(const struct proc *p, enum helper_kind kind);
/* Is that process one of theirs?  NULL: no. */
struct helper *helper_of_pid(const struct proc *p, enum helper_kind kind,
			     pid_t pid);
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

#endif
