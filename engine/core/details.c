#include "details.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/signame.h"
#include "base/strv.h"
#include "base/table.h"
#include "base/units.h"
#include "child/tree.h"
#include "conf/rcload.h"
#include "core.h"
#include "feed.h"
#include "log/journal.h"
#include "proc.h"
#include "spec/detailrow.h"
#include "spec/replica.h"
#include "spec/spec.h"
#include "text/why.h"

enum {
	TREE_SHOWN = 200, COMMAND_MAX = 400, EVENTS_SEEN = 100,
	PORTS_OF = 16,		/* processes of a tree: a look is dear */
	PORTS_SHOWN = 8,	/* of each */
};

/* The entry of this name ("NAME=" of line), or NULL. */
static const char *
find_var(char *const *env, const char *line)
{
	size_t len = strcspn(line, "=");

	for (; env && *env; env++)
		if (!strncmp(*env, line, len) && (*env)[len] == '=')
			return *env;
	return NULL;
}

static void
env_record(struct buf *out, const char *kind, const char *line)
{
	size_t len = strcspn(line, "=");
	char *name = mem_strn(line, len);

	detailrow_put(out, kind, name, line[len] ? line + len + 1 : "", NULL);
	free(name);
}

static void
add_env(struct buf *out, const struct proc *p)
{
	char *const *base = p->environ ? p->environ->v :
		p->e->set.environ;
	char **env = spec_environ(p->spec, base);

	for (size_t i = 0; env[i]; i++) {
		const char *old = find_var(base, env[i]);
		bool same = old && !strcmp(old, env[i]);
		env_record(out, same ? "env inherited" : "env set", env[i]);
	}
	for (size_t i = 0; base && base[i]; i++)
		if (!find_var(env, base[i]))
			env_record(out, "env removed", base[i]);
	strv_free(env);
}

/* " 8080 5353": where it listens, looked at where the whole tree does. */
static void
add_ports(char *figures, size_t cap, const struct proc *p, pid_t pid)
{
	struct procfs_port ports[PORTS_SHOWN];
	size_t len = strlen(figures);
	int n = procrun_see(p)->ports[0] ?
		procfs_ports(&pid, 1, ports, ARRAY_LEN(ports)) : 0;

	for (int i = 0; i < n && len < cap; i++)
		len += (size_t)snprintf(figures + len, cap - len, " %u",
					ports[i].port);
}

/* kind: "tree", or "left" of former runs. */
static void
add_members(struct buf *out, const struct proc *p, const char *kind,
	    uint64_t tag)
{
	struct buf cmd = BUF_INIT(1 << 20);
	size_t count;
	const struct tree_proc *m = tree_members(p->e->tree, tag, &count);

	for (size_t i = 0; i < count && i < TREE_SHOWN; i++) {
		const struct procfs_stat *st = &m[i].st;
		char ids[32], figures[160];
		procfs_command(st, COMMAND_MAX, &cmd);
		snprintf(ids, sizeof ids, "%d %d", st->pid, st->ppid);
		snprintf(figures, sizeof figures, "%llu %llu",
			 (unsigned long long)st->cpu_us,
			 (unsigned long long)st->rss_bytes);
		if (i < PORTS_OF)
			add_ports(figures, sizeof figures, p, st->pid);
		detailrow_put(out, kind, ids, figures, buf_str(&cmd));
	}
	buf_fini(&cmd);
}

/*
 * The process group in front of its terminal, unless it is that of the leader
 * itself: a shell that waits for what somebody does in it.
 */
static void
add_front(struct buf *out, const struct proc *p)
{
	pid_t group = p->in[LOG_PTY] ? tcgetpgrp(loop_fd(p->in[LOG_PTY])) : -1;
	struct buf cmd = BUF_INIT(1 << 20);
	char pid[24];
	size_t count;
	const struct tree_proc *m = tree_members(p->e->tree, p->tag, &count);

	for (size_t i = 0; group > 0 && group != p->pid && i < count; i++) {
		const struct procfs_stat *st = &m[i].st;
		if (st->pid != group)
			continue;
		procfs_command(st, COMMAND_MAX, &cmd);
		snprintf(pid, sizeof pid, "%d", (int)st->pid);
		detailrow_put(out, "front", pid, buf_str(&cmd), NULL);
	}
	buf_fini(&cmd);
}

static void
add_tree(struct buf *out, const struct proc *p)
{
	if (!p->tag || tree_scan(p->e->tree, TREE_QUICK) < 0)
		return;
	if (proc_is_live(p)) {
		add_front(out, p);
		add_members(out, p, "tree", p->tag);
	}
	for (size_t i = 0; i < p->left_tag_count; i++)
		add_members(out, p, "left", p->left_tags[i]);
}

static void
add_stop(struct buf *out, const struct spec *s)
{
	struct buf b = BUF_INIT(4096);
	char name[SIGNAME_MAX], wait[UNITS_TEXT_MAX];

	if (s->stop_command)
		buf_addf(&b, "cmd %s, then ", s->stop_command);
	if (s->stop_keys)
		buf_addf(&b, "keys %s, then ", s->stop_keys);
	for (size_t i = 0; i < s->stop_count; i++) {
		units_duration_text(s->stop[i].wait_ms, wait);
		buf_addf(&b, "%s%s%s%s", i ? " " : "",
			 signame_text(s->stop[i].signo, name),
			 s->stop[i].wait_ms ? " " : "",
			 s->stop[i].wait_ms ? wait : "");
	}
	detailrow_put(out, "rule", "stop", buf_str(&b), NULL);
	buf_fini(&b);
}

static void
add_restart(struct buf *out, const struct spec *s)
{
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX], text[160];
	size_t len;
	const char *word = rc_choice_word("restart", s->restart, &len);

	snprintf(text, sizeof text, "%.*s", (int)len, word);
	detailrow_put(out, "rule", "restart", text, NULL);
	if (s->restart == SPEC_RESTART_NEVER)
		return;
	units_duration_text(s->backoff_min_ms, from);
	units_duration_text(s->backoff_max_ms, to);
	snprintf(text, sizeof text, "%s..%s", from, to);
	detailrow_put(out, "rule", "restart.backoff", text, NULL);
}

static void
add_probe(struct buf *out, const char *word, const struct spec_probe *p,
	  uint64_t every_ms, uint64_t timeout_ms)
{
	struct buf b = BUF_INIT(SPEC_TEXT_MAX);
	char text[UNITS_TEXT_MAX];

	if (p->kind == SPEC_PROBE_NONE)
		return;
	buf_adds(&b, rc_probe_word(p->kind));
	if (p->kind == SPEC_PROBE_PORT || p->kind == SPEC_PROBE_HTTP)
		buf_addf(&b, " %s:%u%s", p->host ? p->host : "localhost",
			 p->port, p->path ? p->path : "");
	if (p->command)
		buf_addf(&b, " %s", p->command);
	if (p->pattern.text)
		buf_addf(&b, " /%s/", p->pattern.text);
	if (p->delay_ms) {
		units_duration_text(p->delay_ms, text);
		buf_addf(&b, " %s", text);
	}
	if (p->kind == SPEC_PROBE_PORT || p->kind == SPEC_PROBE_HTTP ||
	    p->kind == SPEC_PROBE_EXEC) {
		units_duration_text(every_ms, text);
		buf_addf(&b, ", every %s", text);
	}
	if (timeout_ms) {
		units_duration_text(timeout_ms, text);
		buf_addf(&b, ", %s at most", text);
	}
	detailrow_put(out, "rule", word, buf_str(&b), NULL);
	buf_fini(&b);
}

static void
add_limits(struct buf *out, const struct spec *s)
{
	struct buf b = BUF_INIT(4096);
	char text[RC_LIMIT_TEXT_MAX];

	for (size_t i = 0; i < s->limit_count; i++)
		if (rc_limit_text(s->limits[i].resource, s->limits[i].value,
				  text))
			buf_addf(&b, "%s%s", b.len ? " " : "", text);
	if (b.len)
		detailrow_put(out, "rule", "limit", buf_str(&b), NULL);
	buf_fini(&b);
}

/* What else starts it than a person. */
static void
add_starts(struct buf *out, const struct spec *s)
{
	struct buf b = BUF_INIT(SPEC_TEXT_MAX);
	char text[UNITS_TEXT_MAX];

	units_duration_text(s->schedule_every_ms, text);
	if (s->schedule == SPEC_SCHEDULE_EVERY)
		buf_addf(&b, "every %s%s", text,
			 s->schedule_at_start ? " at-start" : "");
	else if (s->schedule == SPEC_SCHEDULE_CRON)
		buf_addf(&b, "cron \"%s\"", s->schedule_cron);
	if (b.len)
		detailrow_put(out, "rule", "schedule", buf_str(&b), NULL);
	buf_clear(&b);
	for (size_t i = 0; s->files && s->files[i]; i++)
		buf_addf(&b, "%s%s", i ? " " : "", s->files[i]);
	if (b.len)
		detailrow_put(out, "rule", "files", buf_str(&b), NULL);
	buf_fini(&b);
	if (s->replica_of)
		detailrow_put(out, "rule", "replica of", s->replica_of, NULL);
}

static void
add_rules(struct buf *out, const struct proc *p)
{
	const struct spec *s = p->spec;
	char text[UNITS_TEXT_MAX];

	add_restart(out, s);
	add_stop(out, s);
	if (s->timeout_ms) {
		units_duration_text(s->timeout_ms, text);
		detailrow_put(out, "rule", "timeout", text, NULL);
	}
	add_probe(out, "ready", &s->ready, s->ready_every_ms,
		  s->ready_timeout_ms);
	add_probe(out, "live", &s->live, s->live_every_ms, 0);
	for (size_t i = 0; i < CHECKS; i++)
		if (procrun_see(p)->checks[i].text[0])
			detailrow_put(out, "rule", "last check",
				      procrun_see(p)->checks[i].text, NULL);
	add_limits(out, s);
	if (s->nice) {
		snprintf(text, sizeof text, "%d", spec_nice(s));
		detailrow_put(out, "rule", "nice", text, NULL);
	}
	units_size_text(s->log_keep_bytes, text);
	detailrow_put(out, "rule", "log.keep", text, NULL);
	add_starts(out, s);
	if (s->log_file) {
		char *path = replica_path(s, s->log_file);
		detailrow_put(out, "rule", "log.file", path, NULL);
		free(path);
	}
}

/* Oldest first, as why_text() wants them: those of the process, and of
 * watches, which may be floods, the one that is its reason. */
static void
add_why(struct buf *out, const struct proc *p)
{
	struct journal_event events[EVENTS_SEEN];
	const struct journal *j = p->e->journal;
	const struct journal_event *e;
	struct buf scratch = BUF_INIT(1 << 20), text = BUF_INIT(64 << 10);
	struct proc_row row;
	size_t n = 0;

	feed_make_row(p, &row, &scratch);
	for (uint64_t at = 0; n < EVENTS_SEEN &&
	     (e = journal_prev(j, at, NULL)); at = e->seq)
		if (e->kind == EVENT_WATCH ?
		    why_is_named(e, row.name, row.reason) :
		    !strcmp(e->process, row.name))
			events[EVENTS_SEEN - ++n] = *e;
	if (why_text(&text, &row, events + EVENTS_SEEN - n, n,
		     clock_wall_ms()) == 0)
		detailrow_put(out, "why", p->spec->name, buf_str(&text), NULL);
	buf_fini(&text);
	buf_fini(&scratch);
}

static void
add_results(struct buf *out, const struct proc *p)
{
	static const char *const words[CHECKS] = {
		[CHECK_READY] = "ready", [CHECK_LIVE] = "live",
	};
	char text[96];

	for (size_t i = 0; i < CHECKS; i++) {
		const struct check *c = &procrun_see(p)->checks[i];
		uint64_t n = SBX_MIN(c->result_count, (uint64_t)RESULTS_MAX);
		for (uint64_t k = 1; k <= n; k++) {
			const struct check_result *r =
				&c->results[(c->result_count - k) %
					    RESULTS_MAX];
			snprintf(text, sizeof text, "%lld %llu %d %llu",
				 (long long)r->at_ms,
				 (unsigned long long)r->for_us, r->ok,
				 (unsigned long long)r->run);
			detailrow_put(out, "check", words[i], text, r->text);
		}
	}
}

void
details_text(struct buf *out, const struct proc *p)
{
	add_why(out, p);
	add_rules(out, p);
	add_results(out, p);
	add_env(out, p);
	add_tree(out, p);
}
