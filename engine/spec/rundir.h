#ifndef SBX_RUNDIR_H
#define SBX_RUNDIR_H

/*
 * Where the engine of a set is found.  A set is known by the real path of
 * its sbxrc, or by the directory where there is none; the directories below
 * are named after it.  Both are private (0700, our own, no symbolic link).
 *
 *   run_dir    $XDG_RUNTIME_DIR/sbx/NAME-HASH   sock, lock
 *              (else /run/user/UID, else /tmp/sbx-UID made safely)
 *   state_dir  $XDG_STATE_HOME/sbx/NAME-HASH    logs, journal
 *              (else ~/.local/state)
 */

#include <stdbool.h>
#include <stdint.h>

struct err;

struct rundir {
	char *key;		/* real path of the sbxrc or the directory */
	char *name;		/* basename of the directory, made printable */
	char *dir;		/* directory of the set */
	char *rc_path;		/* "" where there is none */
	char *run_dir, *state_dir, *sock_path;
	uint32_t hash;		/* 31 bits, for tree tags */
};

/* rc_path may be NULL: then dir is the set.  0, or -1 with e. */
int	rundir_init(struct rundir *r, const char *rc_path, const char *dir,
		    struct err *e);
/* The same by the key that rundir_init has found once: the file (has_rc) or
 * directory that it names may be gone since. */
int	rundir_of_key(struct rundir *r, bool has_rc, const char *key,
		      struct err *e);
/* From the two directories themselves: for the engine's own process. */
int	rundir_make(const struct rundir *r, struct err *e);	/* mkdir both */
void	rundir_fini(struct rundir *r);

#endif
