#ifndef SBX_IMPORT_YAML_H
#define SBX_IMPORT_YAML_H

/*
 * What the three YAML formats share.  Each has tables of its keys: a row has
 * a function, or the reason why the key is not translated, or neither where
 * it means nothing to sbx.  A key without a row is noted too.
 */

#include <stdbool.h>
#include <stddef.h>
#include "import.h"
#include "ytree.h"

struct import_yaml;

typedef void import_key_fn(struct import_yaml *y, struct import_proc *p,
			   const struct ytree_node *value);

struct import_key {
	const char *name;
	import_key_fn *fn;
	const char *why;
};

struct import_yaml {
	struct import *im;
	struct import_mistake *m;
	const struct ytree_node *root;
	const char *where;	/* prefix of keys in notes: "services.web" */
	const char *key;	/* the present one */
	bool dollars;		/* ${X} in texts are variables */
};

/* Reads text; false with the mistake.  The tree lives as long as fn runs. */
typedef bool import_yaml_fn(struct import_yaml *y);
bool	import_yaml(struct import *im, const char *text, size_t len,
		    bool dollars, struct import_mistake *m,
		    import_yaml_fn *fn);

/* Every key of a map through a table. */
void	import_keys(struct import_yaml *y, struct import_proc *p,
		    const struct ytree_node *map,
		    const struct import_key *rows, size_t count);
/* The same one level down, "ports" of "services.web". */
void	import_keys_of(struct import_yaml *y, struct import_proc *p,
		       const struct ytree_node *map,
		       const struct import_key *rows, size_t count);

/* Each key of map is the name of a process, fn takes its value; those that are
 * null are left out with skip_null. */
void	import_procs_of(struct import_yaml *y, const char *where,
			const struct ytree_node *map, bool skip_null,
			import_key_fn *fn);

/* About the present key, or about what it says. */
void	import_ynote(struct import_yaml *y, const struct import_proc *p,
		     const struct ytree_node *at, const char *fmt, ...)
	SBX_PRINTF(4, 5);

/* A line with the value as one word, or a note that it is no text. */
void	import_yword(struct import_yaml *y, struct import_proc *p,
		     const struct ytree_node *value, const char *head,
		     bool is_path);
/* The text of a scalar; NULL after a note, or when it is null. */
const char *import_ytext(struct import_yaml *y, struct import_proc *p,
			 const struct ytree_node *value);
bool	import_ybool(struct import_yaml *y, struct import_proc *p,
		     const struct ytree_node *value, bool *out);
bool	import_yuint(struct import_yaml *y, struct import_proc *p,
		     const struct ytree_node *value, unsigned max,
		     unsigned *out);
/* A list of texts, or one text alone; how many, NULL-terminated; caller frees
 * the list, not the texts. */
const char **import_ylist(struct import_yaml *y, struct import_proc *p,
			  const struct ytree_node *value, size_t *count);
/* NAME=VALUE list or NAME: VALUE map.  unset: null removes the variable,
 * else it is the one that is there anyway. */
void	import_yenv(struct import_yaml *y, struct import_proc *p,
		    const struct ytree_node *value, bool unset);
/* "stop SIGNAL TIME KILL"; signal NULL = TERM, seconds 0 = as usual. */
void	import_ystop(struct import_yaml *y, struct import_proc *p,
		     const struct ytree_node *at, const char *signal,
		     const char *wait);

/* Keys that mean the same in several formats. */
import_key_fn import_key_tty, import_key_replicas;

#endif
