#include "life_text.h"

#include <signal.h>
#include <stdio.h>

#include "base/signame.h"
#include "base/units.h"
#include "life.h"

const char *
life_time_text(uint64_t for_us, char *out, size_t cap)
{
	char text[UNITS_TEXT_MAX];
	uint64_t ms = for_us / 1000;

	/* A pause with its jitter is "7.5s", not "7528ms". */
	if (ms > 1000 && ms < 60000 && ms % 1000) {
		snprintf(out, cap, "%.1fs", (double)ms / 1000);
		return out;
	}
	units_duration_text(ms < 60000 ? ms : ms / 1000 * 1000, text);
	snprintf(out, cap, "%s", text);
	return out;
}

const char *
life_rung_text(const struct life_policy *p, unsigned step, char *out,
	       size_t cap)
{
	char name[SIGNAME_MAX];

	if (step >= p->nladder)
		snprintf(out, cap, "KILL");
	else if (p->ladder[step].kind == LIFE_STEP_CMD)
		snprintf(out, cap, "the stop command");
	else if (p->ladder[step].kind == LIFE_STEP_KEYS)
		snprintf(out, cap, "the stop keys");
	else
		snprintf(out, cap, "%s",
			 signame_text(p->ladder[step].signo, name));
	return out;
}

const char *
life_ladder_text(const struct life *l, const struct life_policy *p, char *out,
		 size_t cap)
{
	char now[32], next[32], in[32];

	life_rung_text(p, l->step, now, sizeof now);
	if (l->step >= p->nladder || l->no_escalate) {
		snprintf(out, cap, "%s", now);
		return out;
	}
	life_rung_text(p, l->step + 1, next, sizeof next);
	life_time_text(p->ladder[l->step].for_us, in, sizeof in);
	snprintf(out, cap, "%s, then %s in %s", now, next, in);
	return out;
}

const char *
life_exit_text(const struct life *l, char *out, size_t cap)
{
	char name[SIGNAME_MAX];

	if (l->lost && !l->has_exit)
		snprintf(out, cap, "killed with the keeper");
	else if (!l->has_exit)
		snprintf(out, cap, "never ran");
	else if (l->exit_signal)
		snprintf(out, cap, "killed by %s%s",
			 signame_text(l->exit_signal, name),
			 l->core ? " (core dumped)" : "");
	else
		snprintf(out, cap, "exit %d", l->exit_code);
	return out;
}

const char *
life_outcome_text(const struct life *l, const struct life_run *r,
		  const struct life_policy *p, char *out, size_t cap)
{
	char how[64], name[SIGNAME_MAX], in[32];

	life_exit_text(l, how, sizeof how);
	if (l->exit_signal && l->has_exit)
		snprintf(how, sizeof how, "%s",
			 signame_text(l->exit_signal, name));
	if (l->timed_out)
		snprintf(out, cap, "ran longer than its timeout of %s (%s)",
			 life_time_text(p->timeout_us, in, sizeof in), how);
	else if (r->end_why[0])
		snprintf(out, cap, "%s (%s)", r->end_why, how);
	else if (l->outcome == STATUS_COMPLETED && l->exit_code)
		snprintf(out, cap, "exit %d, which counts as success",
			 l->exit_code);
	else
		life_exit_text(l, out, cap);
	return out;
}
