#ifndef SBX_SPAWN_H
#define SBX_SPAWN_H

/*
 * How a process is started.  The engine fills a struct spawn_req and packs it,
 * the keeper reads that and makes a child, and everything between that and
 * exec is in spawn_child.  The child may share the memory of the
 * keeper until then, so it allocates nothing and calls nothing of the C
 * library that looks after threads.  A failure comes back as {step, errno}
 * through a pipe that exec closes, so that a program which exits with 127 by
 * itself is never taken for one that could not be started.
 *
 * The child gets descriptors 0, 1, 2 (and 3 where notify is asked for), an
 * empty signal mask, default dispositions, a session of its own, the tag of
 * its run in RLIMIT_RTTIME and SBX_ID=tag as its first environment variable.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include "base/base.h"

struct buf;

enum spawn_step {
	SPAWN_OK,
	SPAWN_LIMIT,	/* no free slot in the keeper */
	SPAWN_PIPE,	/* pipes, descriptors */
	SPAWN_TTY,	/* the terminal */
	SPAWN_FORK,
	SPAWN_REQUEST,	/* the payload could not be read */
	SPAWN_SETUP,	/* session, descriptors, parent-death signal */
	SPAWN_NICE,
	SPAWN_RLIMIT,
	SPAWN_USER,	/* groups, gid, uid, or a way back was found */
	SPAWN_CWD,
	SPAWN_EXEC,
	SPAWN_INTERP,	/* the file is there, its interpreter is not */
	SPAWN_STEPS,
};

enum spawn_stdin { SPAWN_STDIN_NULL, SPAWN_STDIN_PIPE, SPAWN_STDIN_TTY };

enum {
	SPAWN_PAYLOAD_MAX	= 16 << 20,	/* bytes; more is -E2BIG */
	SPAWN_GROUPS_MAX	= 65536,
	SPAWN_RLIMITS_MAX	= 16,
	SPAWN_NOTIFY_FD		= 3,
};

struct spawn_rlimit {
	int resource;			/* RLIMIT_NOFILE and so on */
	uint64_t soft, hard;		/* RLIM_INFINITY: none */
};

/* Borrows everything it points to. */
struct spawn_req {
	uint64_t slot;			/* chosen by the engine, never reused */
	uint64_t tag;			/* tree_tag(); 0: none */
	char *const *argv;		/* argv[0] without '/': PATH of envp */
	char *const *envp;		/* all of it; SBX_ID is added */
	const char *cwd;		/* NULL: / */
	enum spawn_stdin stdin_kind;	/* TTY only together with tty */
	bool tty;
	bool stderr_apart;		/* a pipe of its own; else as stdout */
	bool notify;
	uint16_t rows, cols;		/* 0: 24, 80 */
	bool set_ids;			/* uid, gid and groups are to be set */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t ngroups;
	int umask;			/* -1: as sbx was started */
	bool set_nice;
	int nice;
	const struct spawn_rlimit *rlimits;
	size_t nrlimits;
};

void	spawn_req_init(struct spawn_req *r);	/* zero; umask -1 */

/* All that the child needs, for a buffer whose maximum is SPAWN_PAYLOAD_MAX:
 * 0, or -errno (-E2BIG, -EINVAL). */
int	spawn_pack(const struct spawn_req *r, struct buf *out);

struct spawn_fail {
	int32_t step, error;	/* what comes through the status pipe */
};

/* What the keeper gives to the child that it has forked. */
struct spawn_child_conf {
	pid_t parent;		/* who must still be the parent */
	struct spawn_job *job;
	int in, out, err;	/* in -1: /dev/null, or the terminal */
	bool in_tty;		/* out, err -1: the terminal */
	int notify;		/* -1: none */
	int status;		/* failures are written to it */
	int master;		/* -1: no terminal */
	struct rlimit nofile;	/* as it was before sbx raised its own */
};

/* A packed request, as bytes that are copied, or as a file that has them. */
struct spawn_payload {
	int fd;			/* -1: data has it */
	const void *data;
	size_t len;		/* 0, and no file: it was lost */
};

/* What it asks for: 0, or -errno.  Borrows the payload. */
struct spawn_job;
int	spawn_job_read(const struct spawn_payload *p, struct spawn_job **out);
void	spawn_job_free(struct spawn_job *j);	/* NULL is fine */

/* In the child, right after fork. */
SBX_NORETURN void spawn_child(const struct spawn_child_conf *c);

/* Every disposition to the default, none blocked: for what is to exec. */
void	spawn_reset_signals(void);
/* What has its default already does not have to be set, from now on. */
void	spawn_note_signals(void);

const char *spawn_step_name(enum spawn_step s);	/* "exec", "cwd", ... */

#endif
