#include "standin.h"

#include <pthread.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/sys.h"

enum { HERE, AWAY, ALONE };	/* ALONE: the other one has not come back */

/* Where each of the two begins. */
static _Thread_local sigjmp_buf base;

/* Sleeps until it is needed. */
static void
wait_until_needed(struct standin *s)
{
	uint64_t times;

	for (;;) {
		int away = AWAY;
		if (sys_read(s->timer, &times, sizeof times) > 0 &&
		    atomic_compare_exchange_strong(&s->state, &away, ALONE))
			return;
	}
}

static SBX_NORETURN void
stand_by(struct standin *s)
{
	/* Its former work is left behind with its part of the stack. */
	sigsetjmp(base, 0);
	wait_until_needed(s);
	atomic_store(&s->relieved, true);
	s->loop(s->arg);
	_exit(1);
}

static void *
other_thread(void *arg)
{
	sigset_t all;

	/* What the loop waits for must not be delivered to who sleeps. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	stand_by(arg);
}

static void
set_timer(struct standin *s, long ms)
{
	struct itimerspec at = { .it_value = { .tv_nsec = ms * 1000000 } };

	timerfd_settime(s->timer, 0, &at, NULL);
}

void
standin_run(struct standin *s, bool wanted, standin_fn *loop, void *arg)
{
	pthread_t other;

	atomic_init(&s->state, ALONE);
	atomic_init(&s->relieved, false);
	s->loop = loop;
	s->arg = arg;
	s->timer = wanted ? timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) : -1;
	if (s->timer >= 0 &&
	    pthread_create(&other, NULL, other_thread, s) == 0)
		atomic_store(&s->state, HERE);
	if (sigsetjmp(base, 0) == 0)
		loop(arg);
	stand_by(s);
}

bool
standin_ready(const struct standin *s)
{
	return atomic_load(&s->state) == HERE;
}

void
standin_away(struct standin *s)
{
	set_timer(s, STANDIN_MS);
	atomic_store(&s->state, AWAY);
}

bool
standin_back(struct standin *s)
{
	int away = AWAY;
	bool on_duty = atomic_compare_exchange_strong(&s->state, &away, HERE);

	if (on_duty)
		set_timer(s, 0);
	return on_duty;
}

void
standin_wait(struct standin *s)
{
	int alone = ALONE;

	atomic_compare_exchange_strong(&s->state, &alone, HERE);
	siglongjmp(base, 1);
}
