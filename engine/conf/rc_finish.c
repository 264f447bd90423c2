#include "rcstate.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "life/graph.h"
#include "option.h"
#include "setfile.h"

#define CYCLES_MAX 10		/* circles that are told of */
#define ENV_TOTAL_MAX (64u << 20)	/* of all processes together */

/* Processes by name, for 10,000 of them. */
struct entry {
	const char *name;
	size_t idx;
};

struct names {
	struct entry *entries;
	size_t count;
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->idx > y->idx) - (x->idx < y->idx);
}

static struct names
names_new(const struct rcload *ld)
{
	struct names n = { NULL, ld->proc_count };

	if (n.count > 0)
		n.entries = mem_array(n.count, sizeof(*n.entries));
	for (size_t i = 0; i < n.count; i++)
		n.entries[i] = (struct entry){ ld->procs[i]->spec->name, i };
	if (n.count > 0)
		qsort(n.entries, n.count, sizeof(*n.entries), by_name);
	return n;
}

static int
by_name_only(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const struct entry *
find_name(const struct names *n, const char *name)
{
	struct entry key = { name, 0 };

	return n->count == 0 ? NULL :
		bsearch(&key, n->entries, n->count, sizeof(key), by_name_only);
}

static struct rcload_proc *
lookup(const struct rcload *ld, const struct names *n, const char *name,
       size_t *idx)
{
	const struct entry *found = find_name(n, name);

	if (!found)
		return NULL;
	if (idx)
		*idx = found->idx;
	return ld->procs[found->idx];
}

static void
hint_near(struct rcload *ld, const char *name)
{
	const char **words = mem_array(ld->proc_count + 1, sizeof(*words));

	for (size_t i = 0; i < ld->proc_count; i++)
		words[i] = ld->procs[i]->spec->name;
	rc_hint_word(ld, table_nearest(name, words, ld->proc_count));
	free(words);
}

/* The same name twice is a mistake, unless sbxrc.local says it again: then
 * that one takes the place of the first. */
static void
drop_duplicates(struct rcload *ld)
{
	struct names n = names_new(ld);
	size_t kept = 0;

	for (size_t i = 1; i < n.count; i++) {
		struct entry *one = &n.entries[i - 1], *two = &n.entries[i];
		struct rcload_proc *p = ld->procs[one->idx];
		struct rcload_proc *q = ld->procs[two->idx];
		if (strcmp(one->name, two->name) != 0)
			continue;
		if (q->layer == p->layer) {
			rc_wrong_at(ld, &q->name_at,
				    "process '%s' is defined twice",
				    two->name);
			rc_hint(ld, "the first one is at %s:%u",
				p->name_at.file, p->name_at.line);
			q->replaced = true;
			two->idx = one->idx;
			continue;
		}
		p->replaced = true;
		ld->procs[one->idx] = q;
		ld->procs[two->idx] = p;
		two->idx = one->idx;
	}
	for (size_t i = 0; i < ld->proc_count; i++) {
		if (ld->procs[i]->replaced)
			rc_proc_free(ld->procs[i]);
		else
			ld->procs[kept++] = ld->procs[i];
	}
	ld->proc_count = kept;
	free(n.entries);
}

/* False after the message that there are too many. */
static bool
join(struct rcload *ld, struct spec *s, const struct rcload_group *g,
     const struct diag_place *at)
{
	if (spec_in_group(s, g->group.name))
		return true;
	if (strv_count(s->groups) == RC_GROUPS_OF_ONE_MAX) {
		rc_wrong_at(ld, at, "process '%s' is in more than %d groups",
			    s->name, RC_GROUPS_OF_ONE_MAX);
		return false;
	}
	s->groups = strv_add(s->groups, g->group.name);
	return true;
}

static void
resolve_member(struct rcload *ld, const struct names *n,
	       struct rcload_group *g, size_t idx)
{
	const char *word = g->words[idx];
	struct rcload_proc *p;
	bool any = false;

	if (!strpbrk(word, "*?[")) {
		p = lookup(ld, n, word, NULL);
		if (p) {
			(void)join(ld, p->spec, g, &g->word_at[idx]);
			return;
		}
		rc_wrong_at(ld, &g->word_at[idx], "there is no process '%s'",
			    word);
		hint_near(ld, word);
		return;
	}
	for (size_t i = 0; i < ld->proc_count; i++)
		if (fnmatch(word, ld->procs[i]->spec->name, 0) == 0) {
			any = true;
			if (!join(ld, ld->procs[i]->spec, g, &g->word_at[idx]))
				break;
		}
	if (!any)
		diag_warning(ld->ds, &g->word_at[idx],
			     "no process matches '%s'", word);
}

static void
finish_groups(struct rcload *ld, const struct names *n)
{
	struct set *set = ld->set;

	for (size_t i = 0; i < ld->group_count; i++) {
		struct rcload_group *g = ld->groups[i];
		if (lookup(ld, n, g->group.name, NULL)) {
			rc_wrong_at(ld, &g->at, "'%s' is the name of a "
				    "process already", g->group.name);
			rc_hint(ld, "a word must mean one of them");
		}
		for (size_t m = 0; m < g->word_count; m++)
			resolve_member(ld, n, g, m);
	}
	if (ld->group_count > 0)
		set->groups = mem_array(ld->group_count, sizeof(*set->groups));
	for (size_t i = 0; i < ld->group_count; i++) {
		set->groups[set->group_count++] = ld->groups[i]->group;
		ld->groups[i]->group = (struct set_group){ 0 };
	}
}

static struct names
group_names(const struct set *set)
{
	struct names n = { NULL, set->group_count };

	if (n.count > 0)
		n.entries = mem_array(n.count, sizeof(*n.entries));
	for (size_t i = 0; i < n.count; i++)
		n.entries[i] = (struct entry){ set->groups[i].name, i };
	if (n.count > 0)
		qsort(n.entries, n.count, sizeof(*n.entries), by_name);
	return n;
}

static int
by_value(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The groups of a process by number, in the order of the file. */
static size_t
groups_of(const struct spec *s, const struct names *groups,
	  size_t out[RC_GROUPS_OF_ONE_MAX])
{
	size_t count = 0;

	for (char **g = s->groups; g && *g && count < RC_GROUPS_OF_ONE_MAX;
	     g++) {
		const struct entry *e = find_name(groups, *g);
		if (e)
			out[count++] = e->idx;
	}
	qsort(out, count, sizeof(*out), by_value);
	return count;
}

static void
list_members(struct rcload *ld, const struct names *groups)
{
	struct set *set = ld->set;
	size_t *counts, idx[RC_GROUPS_OF_ONE_MAX];

	if (set->group_count == 0)
		return;
	counts = mem_array(set->group_count, sizeof(*counts));
	for (size_t p = 0; p < ld->proc_count; p++) {
		const struct spec *s = ld->procs[p]->spec;
		for (size_t n = groups_of(s, groups, idx); n > 0; n--) {
			struct set_group *g = &set->groups[idx[n - 1]];
			size_t *count = &counts[idx[n - 1]];
			g->members = mem_grow(g->members,
					      *count ? *count + 1 : 0,
					      *count + 2, sizeof(char *));
			g->members[(*count)++] = mem_str(s->name);
		}
	}
	for (size_t i = 0; i < set->group_count; i++)
		if (!set->groups[i].members)
			set->groups[i].members = mem_array(1, sizeof(char *));
	free(counts);
}

/* Copies operations to the end of a list; their bytes are counted. */
static void
append_env(struct spec_env *to, size_t *count, enum spec_env_level level,
	   const struct spec_env *from, size_t n, size_t *bytes)
{
	for (size_t i = 0; i < n; i++) {
		to[*count] = spec_env_dup(&from[i]);
		to[*count].level = (int)level;
		*bytes += strlen(from[i].name) +
			(from[i].value ? strlen(from[i].value) : 0);
		(*count)++;
	}
}

/* Set, groups, process: in this order, the last one wins. */
static void
merge_env(struct rcload *ld, struct rcload_proc *p, const struct names *groups,
	  size_t *bytes)
{
	const struct set *set = ld->set;
	struct spec *s = p->spec;
	size_t total = set->env_count + s->env_count, count = 0;
	size_t idx[RC_GROUPS_OF_ONE_MAX], n = groups_of(s, groups, idx);

	for (size_t i = 0; i < n; i++)
		total += set->groups[idx[i]].env_count;
	if (total == s->env_count)
		return;
	if (total > SPEC_LIST_MAX) {
		rc_wrong_at(ld, &p->name_at, "more than %d variables",
			    SPEC_LIST_MAX);
		return;
	}
	struct spec_env *env = mem_array(total, sizeof(*env));
	append_env(env, &count, SPEC_ENV_SET, set->env, set->env_count,
		   bytes);
	for (size_t i = 0; i < n; i++)
		append_env(env, &count, SPEC_ENV_GROUP,
			   set->groups[idx[i]].env,
			   set->groups[idx[i]].env_count, bytes);
	if (s->env_count > 0)
		memcpy(env + count, s->env, s->env_count * sizeof(*env));
	free(s->env);
	s->env = env;
	s->env_count = total;
}

/* Replicas share a line, and so do those that have it from defaults. */
static bool
keep_is_new(const struct rcload *ld, const struct rcload_proc *p)
{
	for (size_t i = 0; ld->procs[i] != p; i++)
		if (ld->procs[i]->keep_at.text == p->keep_at.text &&
		    ld->procs[i]->keep_at.col == p->keep_at.col)
			return false;
	return true;
}

static void
fill_in(struct rcload *ld, struct rcload_proc *p)
{
	const struct options *o = ld->set->options;
	uint64_t max = options_number(o, OPTION_LIMIT_LOG);
	struct spec *s = p->spec;

	for (char **g = s->groups; !p->cwd_given && g && *g; g++) {
		const struct set_group *group = set_find_group(ld->set, *g);
		if (group && group->cwd) {
			rc_set_str(&s->cwd, group->cwd);
			break;
		}
	}
	if (!s->cwd)
		s->cwd = mem_str(ld->set->dir);
	rc_set_str(&s->shell, options_text(o, OPTION_SHELL));
	if (s->log_keep_bytes == 0)
		s->log_keep_bytes = options_number(o, OPTION_LOG_KEEP);
	else if (s->log_keep_bytes > max && keep_is_new(ld, p))
		rc_wrong_at(ld, &p->keep_at, "'log.keep' of this process is "
			    "above 'limit.log' (%s)",
			    options_text(o, OPTION_LIMIT_LOG));
}

static bool
has_ready(const struct spec *s)
{
	for (size_t i = 0; i < s->watch_count; i++)
		if (s->watches[i].actions & SPEC_WATCH_READY)
			return true;
	return s->ready.kind != SPEC_PROBE_NONE;
}

static void
unknown_dep(struct rcload *ld, const struct diag_place *at, const char *name)
{
	const struct spec *all = rc_replicated(ld, name);

	rc_wrong_at(ld, at, "there is no process '%s'", name);
	if (all)
		rc_hint(ld, "it is a replica of '%s'; '%s' is all of them",
			all->name, all->name);
	else if (set_find_group(ld->set, name))
		rc_hint(ld, "'%s' is a group; name its processes", name);
	else
		hint_near(ld, name);
}

/* One circle from its first process in the file, "api → db → api". */
static void
tell_cycle(struct rcload *ld, size_t *nodes, size_t count)
{
	struct buf text = BUF_INIT(500), lines = BUF_INIT(400);
	size_t first = 0, dep = 0;

	for (size_t i = 1; i < count; i++)
		if (nodes[i] < nodes[first])
			first = i;
	for (size_t i = 0; i <= count; i++) {
		const struct rcload_proc *p =
			ld->procs[nodes[(first + i) % count]];
		if (buf_addf(&text, "%s%s", i ? " \u2192 " : "",
			     p->spec->name) < 0)
			break;
		if (i < count)
			(void)buf_addf(&lines, "%s%s is at %s:%u",
				       i ? ", " : "", p->spec->name,
				       p->name_at.file, p->name_at.line);
	}
	const struct rcload_proc *p = ld->procs[nodes[first]];
	const char *next = ld->procs[nodes[(first + 1) % count]]->spec->name;
	while (dep + 1 < p->spec->dep_count &&
	       strcmp(p->spec->deps[dep].name, next) != 0)
		dep++;
	rc_wrong_at(ld, &p->dep_at[dep], "these wait for each other: %s",
		    buf_str(&text));
	rc_hint(ld, "%s", buf_str(&lines));
	buf_fini(&text);
	buf_fini(&lines);
}

/* graph_cycle() gives one circle; what it holds is taken out for the next. */
static void
find_cycles(struct rcload *ld, const struct names *n)
{
	size_t *nodes = mem_array(ld->proc_count, sizeof(*nodes));
	bool *out = mem_array(ld->proc_count, sizeof(*out));
	size_t count = 1;

	for (int round = 0; round < CYCLES_MAX && count > 0; round++) {
		struct graph *g = graph_new(ld->proc_count);
		for (size_t i = 0; i < ld->proc_count; i++) {
			const struct spec *s = ld->procs[i]->spec;
			for (size_t d = 0; d < s->dep_count && !out[i]; d++) {
				size_t to;
				if (lookup(ld, n, s->deps[d].name, &to))
					(void)graph_add(g, i, to,
							GRAPH_STARTED);
			}
		}
		count = graph_cycle(g, nodes, ld->proc_count);
		graph_free(g);
		if (count > 0)
			tell_cycle(ld, nodes, count);
		for (size_t i = 0; i < count; i++)
			out[nodes[i]] = true;
	}
	free(nodes);
	free(out);
}

static void
check_deps(struct rcload *ld, const struct names *n)
{
	bool any = false;

	for (size_t i = 0; i < ld->proc_count; i++) {
		struct rcload_proc *p = ld->procs[i];
		for (size_t d = 0; d < p->spec->dep_count; d++) {
			struct spec_dep *dep = &p->spec->deps[d];
			const struct rcload_proc *to =
				lookup(ld, n, dep->name, NULL);
			any = true;
			if (!to)
				unknown_dep(ld, &p->dep_at[d], dep->name);
			else if (dep->condition == SPEC_COND_AUTO)
				dep->condition = has_ready(to->spec) ?
					SPEC_COND_READY : SPEC_COND_STARTED;
		}
	}
	for (size_t i = 0; i < ld->proc_count; i++) {
		const struct rcload_proc *p = ld->procs[i];
		for (size_t w = 0; w < p->spec->watch_count; w++) {
			const char *start = p->spec->watches[w].start;
			if (start && !lookup(ld, n, start, NULL))
				unknown_dep(ld, &p->watch_at[w], start);
		}
	}
	if (any)
		find_cycles(ld, n);
}

struct port_entry {
	unsigned port;
	size_t proc, idx;
};

static int
by_port(const void *a, const void *b)
{
	const struct port_entry *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->proc != y->proc)
		return x->proc < y->proc ? -1 : 1;
	return (x->idx > y->idx) - (x->idx < y->idx);
}

static void
check_ports(struct rcload *ld)
{
	struct port_entry *ports = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ld->proc_count; i++) {
		const struct spec *s = ld->procs[i]->spec;
		for (size_t p = 0; p < s->port_count; p++) {
			if (s->ports[p].port == 0)
				continue;
			ports = mem_grow(ports, count, count + 1,
					 sizeof(*ports));
			ports[count++] = (struct port_entry){
				s->ports[p].port, i, p };
		}
	}
	if (count > 0)
		qsort(ports, count, sizeof(*ports), by_port);
	for (size_t i = 1; i < count; i++) {
		const struct rcload_proc *p = ld->procs[ports[i - 1].proc];
		const struct rcload_proc *q = ld->procs[ports[i].proc];
		if (ports[i].port != ports[i - 1].port)
			continue;
		rc_wrong_at(ld, &q->port_at[ports[i].idx],
			    "port %u is that of process '%s' already",
			    ports[i].port, p->spec->name);
		rc_hint(ld, "the first one is at %s:%u",
			p->port_at[ports[i - 1].idx].file,
			p->port_at[ports[i - 1].idx].line);
	}
	free(ports);
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* As exec will look it up: in the PATH of the child. */
static bool
in_path(const char *name, const char *path, const char *cwd)
{
	bool found = false;

	while (!found) {
		size_t len = strcspn(path, ":");
		char *dir = len ? mem_strn(path, len) : mem_str(".");
		char *file = dir[0] == '/' ? mem_fmt("%s/%s", dir, name) :
			mem_fmt("%s/%s/%s", cwd, dir, name);
		found = is_program(file);
		free(file);
		free(dir);
		if (!path[len])
			break;
		path += len + 1;
	}
	return found;
}

static void
warn_program(struct rcload *ld, const struct rcload_proc *p)
{
	const struct spec *s = p->spec;
	const char *name = s->argv[0], *path = "/bin:/usr/bin";

	if (strchr(name, '/')) {
		char *file = setfile_path(s->cwd, NULL, name);
		if (!is_program(file))
			diag_warning(ld->ds, &p->argv_at,
				     "'%s' is not a program", file);
		free(file);
		return;
	}
	char **env = spec_environ(s, ld->rq->environment);
	for (char **e = env; *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			path = *e + 5;
	if (!in_path(name, path, s->cwd))
		diag_warning(ld->ds, &p->argv_at,
			     "'%s' is not found in PATH (%s)", name, path);
	strv_free(env);
}

/* Defaults are for all, and need not mean each. */
static void
warn_streams(struct rcload *ld, const struct rcload_proc *p)
{
	for (size_t i = p->watch_base; i < p->spec->watch_count; i++) {
		const struct spec_watch *w = &p->spec->watches[i];
		struct err e = ERR_INIT;
		if (spec_has_stream(p->spec, (enum spec_stream)w->stream, &e))
			continue;
		diag_warning(ld->ds, &p->watch_at[i],
			     "watch '%s' sees no line: %s", w->name, e.text);
		diag_hint(ld->ds, "%s", e.hint);
	}
}

/* What may come into being before it is needed is only worth a warning. */
static void
warn(struct rcload *ld, const struct rcload_proc *p)
{
	if (!is_dir(p->spec->cwd)) {
		if (p->cwd_given)
			diag_warning(ld->ds, &p->cwd_at,
				     "directory '%s' does not exist",
				     p->spec->cwd);
	} else if (p->spec->argv && p->argv_at.file) {
		warn_program(ld, p);
	}
	warn_streams(ld, p);
}

/* The last net: whatever goes to the engine can be packed and is valid. */
static void
check_whole(struct rcload *ld, const struct rcload_proc *p)
{
	struct buf packed = BUF_INIT(SPEC_PACK_MAX);
	struct err e = ERR_INIT;

	if (spec_check(p->spec, &e) < 0)
		rc_wrong_at(ld, &p->name_at, "%s", e.text);
	else if (spec_pack(p->spec, &packed) < 0)
		rc_wrong_at(ld, &p->name_at, "command and environment of "
			    "this process are larger than %d KiB",
			    SPEC_PACK_MAX / 1024);
	buf_fini(&packed);
}

static void
finish_procs(struct rcload *ld)
{
	struct names groups = group_names(ld->set);
	size_t bytes = 0;

	list_members(ld, &groups);
	for (size_t i = 0; i < ld->proc_count; i++) {
		struct rcload_proc *p = ld->procs[i];
		fill_in(ld, p);
		if (bytes <= ENV_TOTAL_MAX) {
			merge_env(ld, p, &groups, &bytes);
			if (bytes > ENV_TOTAL_MAX)
				rc_wrong_at(ld, &p->name_at, "the variables "
					    "of all processes together are "
					    "larger than %u MiB",
					    ENV_TOTAL_MAX >> 20);
		}
		if (p->broken)
			continue;
		/* Of replicas one speaks for all. */
		if (p->spec->replica_idx == 0)
			warn(ld, p);
		check_whole(ld, p);
	}
	free(groups.entries);
}

static void
finish_settings(struct rcload *ld)
{
	const struct options *o = ld->set->options;
	const char *name = options_text(o, OPTION_NAME);
	const struct option_row *row;
	const char *slash = strrchr(ld->set->dir, '/');
	struct err e = ERR_INIT;

	if (options_check(o, &row, &e) < 0)
		rc_wrong_at(ld, &ld->limit_at, "%s", e.text);
	if (strcmp(name, "auto") == 0)
		name = slash && slash[1] ? slash + 1 : ld->set->dir;
	ld->set->name = mem_str(name);
}

/* Each process as a person would have to have meant it. */
static bool
can_guess(const struct rcload *ld)
{
	for (size_t i = 0; i < ld->proc_count; i++) {
		struct err e = ERR_INIT;
		if (spec_check(ld->procs[i]->spec, &e) < 0)
			return false;
	}
	return ld->rq->guess != NULL;
}

void
rc_finish(struct rcload *ld)
{
	struct set *set = ld->set;

	ld->proc = NULL;
	drop_duplicates(ld);
	struct names n = names_new(ld);
	finish_groups(ld, &n);
	check_deps(ld, &n);
	/* From here on n names what has become replicas. */
	rc_expand_replicas(ld);
	check_ports(ld);
	finish_procs(ld);
	finish_settings(ld);
	rc_finish_colors(ld);
	free(n.entries);
	if (ld->proc_count == 0 ||
	    (diags_errors(ld->ds) > 0 && !can_guess(ld)))
		return;
	set->specs = mem_array(ld->proc_count, sizeof(struct spec *));
	for (size_t i = 0; i < ld->proc_count; i++) {
		set->specs[set->spec_count++] = ld->procs[i]->spec;
		ld->procs[i]->spec = NULL;
	}
}
