#ifndef SBX_FILEWATCH_INT_H
#define SBX_FILEWATCH_INT_H

/*
 * Between filewatch.c (sets, events, what is told) and filetree.c (which
 * directories are watched, looking through them), and for nobody else.
 *
 * Directories that go are buried: nobody finds them any more, but they stay
 * in memory until filetree_reap(), because somebody may be walking along
 * them.  Nothing here calls back to the owner of a set.
 */

#include <dirent.h>
#include <limits.h>
#include "base/base.h"
#include "base/err.h"
#include "filewatch.h"

struct timer;

/* A hash of nodes; chains are lists, so that leaving needs no search. */
struct link {
	struct list node;
	uint64_t hash;
};

struct table_of {
	struct list *buckets;
	size_t cap, count;	/* cap: a power of two */
};

/*
 * A directory.  One inode has one watch number, but may be several nodes: of
 * several sets, or of one set under an old and a new name for a moment.
 */
struct dir {
	struct filewatch_set *set;
	struct dir *parent;	/* NULL: a base */
	struct list sibling, children;
	struct link by_name, by_wd;
	struct list todo;	/* to be looked through, or (dead) freed */
	int wd;			/* -1: none */
	bool dead;		/* filetree_reap() frees it */
	/* Files that changed later than this are news when they are seen:
	 * INT64_MIN for all of a directory that was not there before. */
	int64_t since_ms;
	char name[];		/* of a base: its path */
};

struct filewatch_set {
	struct list node;
	struct filewatch *w;
	struct pathglobs *globs;
	char *cwd;
	uint64_t debounce_us;
	const struct filewatch_ops *ops;
	void *arg;
	struct dir **bases;	/* NULL: not there, tried again */
	size_t base_count;
	size_t todo;		/* directories not looked through yet */
	struct timer *timer;
	uint64_t at_first_us;	/* of what is not told of yet; 0: nothing */
	char *paths[FILEWATCH_PATHS];
	size_t path_count;
	uint64_t more;
	bool lost;
	bool in_trouble, trouble_told;
	struct err trouble;
};

struct filewatch {
	struct loop *loop;
	struct source *source;	/* NULL: no set */
	struct list sets, todo, dead;
	struct table_of names, wds;
	size_t dirs;
	struct timer *scan_timer, *retry_timer, *rescan_timer;
	uint64_t at_rescan_us;	/* of the last one */
	DIR *open;		/* the directory that is being read */
	struct dir *opened;
	char **ignored;
	size_t ignored_count;
};

/* --- filewatch.c ---------------------------------------------------------- */
void	filewatch_note(struct filewatch_set *s, const char *path);
/* s->trouble is filled: it is told soon, once. */
void	filewatch_note_trouble(struct filewatch_set *s);

/* --- filetree.c ----------------------------------------------------------- */
void	filetree_init(struct filewatch *w);
void	filetree_fini(struct filewatch *w);
/* The path of an entry of d (of d itself when name is NULL); false if it is
 * too long for anybody. */
bool	filetree_path(const struct dir *d, const char *name,
		      char out[PATH_MAX]);
/* Is this a file that the set means? */
bool	filetree_wants(const struct filewatch_set *s, const char *path);
struct dir *filetree_find(const struct dir *parent, const char *name);
/* Those with this watch number; at most cap are written, all are counted. */
size_t	filetree_with_wd(const struct filewatch *w, int wd, struct dir **out,
			 size_t cap);
/* A directory of that name is in parent. */
void	filetree_enter(struct dir *parent, const char *name,
		       int64_t since_ms);
/* False: it is not there, or cannot be watched. */
bool	filetree_enter_base(struct filewatch_set *s, size_t idx,
			    int64_t since_ms);
void	filetree_forget_wd(struct dir *d);	/* the kernel has dropped it */
void	filetree_bury(struct dir *d);		/* and all below it */
void	filetree_reap(struct filewatch *w);
void	filetree_scan(struct timer *t, void *arg);	/* a slice */

#endif
