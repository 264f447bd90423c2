#include "procstop.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "core.h"
#include "helper.h"
#include "procinput.h"
#include "spec/spec.h"
#include "term/keys.h"
#include "term/vt.h"

static void
run_command(struct proc *p, uint64_t for_us)
{
	char *pid = mem_fmt("SBX_PID=%d", (int)p->pid);

	helper_plan(p, HELPER_STOP, "", p->spec->stop_command,
		    strv_add(NULL, pid), for_us);
	free(pid);
}

static void
type_keys(struct proc *p)
{
	struct key *keys = mem_array(KEY_LIST_MAX, sizeof *keys);
	struct err err = ERR_INIT;
	char bytes[VT_KEY_MAX];
	int n = p->vt ? key_parse_list(p->spec->stop_keys, keys, KEY_LIST_MAX,
				       &err) : 0;

	for (int i = 0; i < n; i++) {
		size_t len = vt_key(p->vt, keys[i], bytes, sizeof bytes);
		procinput_answer(p, bytes, len);
	}
	if (n <= 0)
		engine_note(p->e, p, EVENT_NOTE, CAUSE_ENGINE,
			    "its stop keys cannot be typed: %s",
			    p->vt ? err.text : "it has no terminal");
	free(keys);
}

void
procstop_step(struct proc *p, unsigned step)
{
	const struct life_rung *r = &p->run->policy.ladder[step];

	if (r->kind == LIFE_STEP_CMD)
		run_command(p, r->for_us);
	else if (r->kind == LIFE_STEP_KEYS)
		type_keys(p);
}

void
procstop_ended(struct proc *p, const struct helper *h, const char *text)
{
	(void)h;
	if (text)
		engine_note(p->e, p, EVENT_NOTE, CAUSE_ENGINE,
			    "the stop command %s", text);
}
