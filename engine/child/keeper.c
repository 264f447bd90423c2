#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "endall.h"
#include "guard.h"
#include "keepmsg.h"
#include "keepslot.h"
#include "spawn.h"
#include "standin.h"
#include "tree.h"

enum {
	FIRST_SLOT_FD = 2,		/* in the poll set */
	TRANSIT_BYTES = 1 << 20,
	QUICK_DEATH_US = 10 * 1000000,
	BACKOFF_MIN_US = 100 * 1000,
	BACKOFF_MAX_US = 5 * 1000000,
	RETRY_US = 10 * 1000,
	HANG_UP_US = 1000 * 1000,	/* without a socket, until SIGKILL */
	GUARD_PAUSE_US = 1000 * 1000,
	GIVE_UP_MS = 30000,
	REAPS_A_TURN	= 128,
	MESSAGES_US = 2000,	/* then answers leave: a start takes time */
	ENGINE_STARTS_MAX = 5,		/* of one that never got ready */
	EXIT_INTERNAL = 125,
};

#define NEVER UINT64_MAX

/* How far the engine of now has been told things. */
enum talk {
	TALK_NONE,	/* no socket */
	TALK_HELLO,	/* HELLO is to be sent */
	TALK_WAIT,	/* for its READY */
	TALK_ADOPT,	/* the slots are being handed over */
	TALK_LIVE,
};

struct keeper {
	const struct keeper_conf *conf;
	struct keeper_shared *sh;
	/* What the next engine is: "" as conf says.  The other one is for
	 * when this one cannot take over. */
	struct binary {
		char path[4096];
		bool use_self;
	} binary, former;
	bool untried;
	struct keepslots slots;
	struct standin standin;
	struct pollfd *set;
	struct buf out;		/* one packed message */
	sigset_t mask;
	int signals;		/* signalfd */
	int sock;		/* -1: none */
	int registry[KEEP_FILES];	/* what the engine says to the next */
	int transit[2];		/* the pipe before the spools */
	enum talk talk;
	pid_t engine, guard;	/* 0: none */
	bool bye, hung, term, term_told, done;
	bool was_ready, ever_ready;
	bool refused;		/* no slot left: one answer is owed */
	uint64_t refused_id;
	bool blocked;		/* the socket is full */
	bool broken;		/* or of no more use */
	bool deaf;		/* and cannot be read: no memory */
	bool reset;		/* its other end is gone, not what it sent */
	bool unreaped;		/* children may have ended */
	bool ended;		/* the engine, and has not been followed yet */
	int end_status;
	unsigned quick_deaths, failed_starts;
	int exit_status;
	uint64_t engine_start_us;
	uint64_t respawn_at_us, retry_at_us, kill_at_us, guard_at_us;
};

/* One message of the engine. */
struct received {
	unsigned char data[KEEP_LEN + KEEP_BEHIND_MAX + 1];
	size_t len;
	int fds[SYS_FDS_MAX], nfds;
};

/* ---- to the engine ---- */

/* True when it is sent; else the socket is full or gone. */
static bool
send_msg(struct keeper *k, const struct keepmsg *m, const int *fds, int nfds)
{
	if (k->sock < 0 || k->blocked || keepmsg_pack(m, &k->out) < 0)
		return false;
	ssize_t n = sys_sendmsg(k->sock, k->out.data, k->out.len, fds, nfds);
	if (n >= 0)
		return true;
	/*
	 * A full socket says so by poll.  Too many descriptors on their way
	 * or no memory do not: try again a little later.  Anything else will
	 * not pass: the engine is gone, or has to be another one.
	 */
	k->blocked = true;
	if (sys_is_shortage((int)n))
		k->retry_at_us = clock_us() + RETRY_US;
	else
		k->broken = n != -EAGAIN;
	return false;
}

static bool
send_slot(struct keeper *k, const struct keepslot *s, enum keep_type type)
{
	struct keepmsg m;
	int fds[KEEP_FDS], nfds = 0;

	keepslot_tell(s, type, &m);
	bool carries = type == KEEP_STARTED ||
		       (type == KEEP_ADOPT && s->state != KEEP_SPAWNING);
	if (carries)
		m.fd_mask = keep_fds_list(&s->fds, fds, &nfds);
	return send_msg(k, &m, fds, nfds);
}

/* Sends what this slot's bit asks for and clears the bit. */
static void
tell_one(struct keeper *k, struct keepslot *s, uint32_t bit,
	 enum keep_type type)
{
	if ((s->unsent & bit) && send_slot(k, s, type))
		s->unsent &= ~bit;
}

static void
tell_slot(struct keeper *k, struct keepslot *s)
{
	tell_one(k, s, UNSENT_ADOPT, KEEP_ADOPT);
	/* The order of life; once blocked nothing more goes out. */
	tell_one(k, s, UNSENT_STARTED, KEEP_STARTED);
	tell_one(k, s, UNSENT_FAILED, KEEP_FAILED);
	tell_one(k, s, UNSENT_PAUSED,
		 s->state == KEEP_PAUSED ? KEEP_STOPPED : KEEP_CONTINUED);
	tell_one(k, s, UNSENT_EXITED, KEEP_EXITED);
}

static void
send_hello(struct keeper *k)
{
	struct keepmsg m = {
		.type = KEEP_HELLO, .version = KEEP_VERSION, .pid = getpid(),
		.count = (uint32_t)k->slots.count,
	};

	int fds[] = { k->transit[0], k->transit[1], k->registry[0],
		      k->registry[1] };

	if (send_msg(k, &m, fds, ARRAY_LEN(fds)))
		k->talk = TALK_WAIT;
}

static void
send_adopts(struct keeper *k)
{
	struct keepmsg end = { .type = KEEP_ADOPT_END };

	for (size_t i = 0; i < k->slots.used && !k->blocked; i++) {
		struct keepslot *s = &k->slots.v[i];
		if (!s->id || !(s->unsent & UNSENT_ADOPT))
			continue;
		if (send_slot(k, s, KEEP_ADOPT))
			s->unsent = 0;
	}
	if (!k->blocked && send_msg(k, &end, NULL, 0))
		k->talk = TALK_LIVE;
}

static void
send_events(struct keeper *k)
{
	struct keepmsg full = {
		.type = KEEP_FAILED, .slot = k->refused_id,
		.step = SPAWN_LIMIT, .error = ENOSPC,
	};
	struct keepmsg term = { .type = KEEP_TERM };

	if (k->refused && send_msg(k, &full, NULL, 0))
		k->refused = false;
	if (k->term && !k->term_told)
		k->term_told = send_msg(k, &term, NULL, 0);
	for (size_t i = 0; i < k->slots.used && !k->blocked; i++)
		if (k->slots.v[i].id && k->slots.v[i].unsent)
			tell_slot(k, &k->slots.v[i]);
}

/* Everything that can be said now. */
static void
talk_on(struct keeper *k)
{
	if (k->ended)
		return;
	if (k->talk == TALK_HELLO)
		send_hello(k);
	if (k->talk == TALK_ADOPT)
		send_adopts(k);
	if (k->talk == TALK_LIVE)
		send_events(k);
}

/* ---- from the engine ---- */

static void
note_exec(struct keeper *k, struct keepslot *s, bool ended)
{
	if (keepslot_check_exec(&k->slots, s, ended))
		s->unsent |= s->state == KEEP_NEVER ? UNSENT_FAILED
						    : UNSENT_STARTED;
}

/* Takes the descriptor of what. */
static void
do_spawn(struct keeper *k, const struct keepmsg *m, struct spawn_payload what)
{
	if (!k->sh->set_hash)
		k->sh->set_hash = tree_tag_set(m->tag);
	if (m->slot == 0 || keepslot_find(&k->slots, m->slot)) {
		sys_close(what.fd);
		return;		/* our own mistake; the first one stands */
	}
	struct keepslot *s = keepslot_spawn(&k->slots, m, &what);
	if (!s) {
		k->refused = true;
		k->refused_id = m->slot;
	} else if (s->state == KEEP_NEVER) {
		s->unsent |= UNSENT_FAILED;
	} else {
		note_exec(k, s, false);
	}
}

static void
do_signal(const struct keepslot *s, const struct keepmsg *m)
{
	/* A pid is ours until it is reaped; the group has the same number. */
	if (s->pid <= 0)
		return;
	if (!(m->flags & KEEP_GROUP) || kill(-s->pid, m->signo) < 0)
		kill(s->pid, m->signo);
}

static void
take_binary(struct keeper *k, int fd)
{
	struct binary next = { .use_self = false };
	ssize_t n = fd < 0 ? fd : sys_pread(fd, next.path,
					    sizeof next.path - 1, 0);

	if (n <= 0)
		return;
	k->former = k->binary;
	k->binary = next;
	k->untried = true;
	/* It is no crash, however young the former one was. */
	k->quick_deaths = 0;
}

static void
handle(struct keeper *k, const struct received *got, const struct keepmsg *m)
{
	struct keepslot *s = keepslot_find(&k->slots, m->slot);
	int first = got->nfds > 0 ? got->fds[0] : -1;

	switch (m->type) {
	case KEEP_READY:
		if (k->talk != TALK_WAIT)
			break;
		k->was_ready = k->ever_ready = true;
		k->untried = false;
		k->talk = TALK_ADOPT;
		for (size_t i = 0; i < k->slots.used; i++)
			k->slots.v[i].unsent = UNSENT_ADOPT;
		break;
	case KEEP_SPAWN:
		do_spawn(k, m, (struct spawn_payload){
			.fd = first, .data = got->data + KEEP_LEN,
			.len = got->len - KEEP_LEN });
		break;
	case KEEP_SIGNAL:
		if (s)
			do_signal(s, m);
		break;
	case KEEP_CLOSE:
		if (s)
			keep_fds_close(&s->fds, m->fd_mask);
		break;
	case KEEP_RELEASE:
		if (s)
			keepslot_release(&k->slots, s);
		break;
	case KEEP_AGAIN:
		if (s)
			s->unsent |= UNSENT_ADOPT;
		break;
	case KEEP_BYE:
		k->bye = true;
		break;
	case KEEP_BINARY:
		take_binary(k, first);
		break;
	default:
		break;		/* a newer engine's word: not for us */
	}
	for (int i = m->type == KEEP_SPAWN; i < got->nfds; i++)
		sys_close(got->fds[i]);
}

static void
hang_up(struct keeper *k)
{
	sys_close(k->sock);
	k->sock = -1;
	k->talk = TALK_NONE;
	k->blocked = k->deaf = k->broken = k->reset = false;
	if (k->engine)
		k->kill_at_us = clock_us() + HANG_UP_US;
}

/* One message; false when there is none left for now. */
static bool
receive(struct keeper *k)
{
	struct keepmsg m;
	struct received got;

	memset(got.data, 0, KEEP_LEN);
	ssize_t n = sys_recvmsg(k->sock, got.data, sizeof got.data, got.fds,
				&got.nfds);
	if (n == -EAGAIN)
		return false;
	/* The message is there even where its descriptors found no room. */
	if (n == -EPROTO)
		n = KEEP_LEN;
	if (n == -ENOMEM || n == -ENOBUFS) {
		k->deaf = true;
		k->retry_at_us = clock_us() + RETRY_US;
		return false;
	}
	/*
	 * Who dies with something unread leaves this error, once, in front
	 * of what it has sent; that is still valid.
	 */
	if (n == -ECONNRESET && !k->reset) {
		k->reset = true;
		return true;
	}
	if (n <= 0) {
		hang_up(k);
		return false;
	}
	got.len = (size_t)n;
	if (keepmsg_unpack(&m, got.data, got.len) < 0)
		m = (struct keepmsg){ 0 };
	handle(k, &got, &m);
	return true;
}

static void
receive_until(struct keeper *k, uint64_t until_us)
{
	/* An answer that is owed must go before the next can become due. */
	while (k->sock >= 0 && !k->refused && receive(k))
		if (until_us != NEVER && clock_us() >= until_us)
			break;
}

/* ---- the engine's life ---- */

static SBX_NORETURN void
engine_child(const struct keeper *k, int fd)
{
	char number[16] = { '0' + KEEPER_FD, '\0' };

	spawn_reset_signals();
	/* dup2 clears CLOEXEC, but not where both are the same. */
	if (fd == KEEPER_FD ? sys_set_cloexec(fd, false) < 0
			    : dup2(fd, KEEPER_FD) < 0)
		_exit(EXIT_INTERNAL);
	close_range(KEEPER_FD + 1, ~0U, 0);
	setenv("SBX_KEEPER_FD", number, 1);
	const struct binary *b = &k->binary;
	if (!b->use_self && b->path[0])
		execv(b->path, k->conf->argv);
	if (!b->use_self && k->conf->exe && k->conf->exe[0])
		execv(k->conf->exe, k->conf->argv);
	execv("/proc/self/exe", k->conf->argv);
	_exit(EXIT_INTERNAL);
}

static void
start_engine(struct keeper *k)
{
	int pair[2];

	k->respawn_at_us = clock_us() + BACKOFF_MAX_US;
	if (sys_socketpair(SOCK_SEQPACKET, pair) < 0)
		return;
	pid_t pid = sys_fork();
	if (pid == 0)
		engine_child(k, pair[1]);
	sys_close(pair[1]);
	if (pid < 0 || sys_set_nonblock(pair[0], true) < 0) {
		sys_close(pair[0]);
		return;
	}
	k->respawn_at_us = NEVER;
	k->sock = pair[0];
	k->talk = TALK_HELLO;
	k->blocked = k->bye = k->hung = false;
	k->was_ready = k->term_told = false;
	k->engine = pid;
	k->sh->engine = pid;
	k->engine_start_us = clock_us();
}

/* How long to wait before the next one. */
static uint64_t
respawn_delay_us(struct keeper *k, int status)
{
	if (clock_us() - k->engine_start_us >= QUICK_DEATH_US)
		k->quick_deaths = 0;
	k->quick_deaths++;
	if (k->quick_deaths == 1)
		return 0;
	/* Killed by somebody is no crash: it will not get worse by itself. */
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (killed || k->quick_deaths > 8)
		return killed ? BACKOFF_MIN_US : BACKOFF_MAX_US;
	return SBX_MIN((uint64_t)BACKOFF_MIN_US << (k->quick_deaths - 2),
		       (uint64_t)BACKOFF_MAX_US);
}

static void
engine_ended(struct keeper *k, int status)
{
	k->engine = 0;
	k->sh->engine = 0;
	k->kill_at_us = NEVER;
	k->ended = true;
	k->end_status = status;
}

/*
 * Its last requests are valid, and only now surely complete.  To carry one out
 * may last, and then the stand-in begins the loop anew: so this is done by the
 * loop, which finds here where it was.
 */
static bool
last_words_done(struct keeper *k)
{
	do {
		k->refused = false;
		receive_until(k, NEVER);
	} while (k->refused);
	if (k->deaf)
		return false;
	if (k->sock >= 0)
		hang_up(k);
	return true;
}

/* What comes after an engine that has ended. */
static void
follow_engine(struct keeper *k)
{
	int status = k->end_status;

	k->ended = false;
	bool in_order = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (k->bye && (in_order || k->hung)) {
		k->done = true;
		return;
	}
	if (!k->was_ready && k->untried) {
		k->binary = k->former;
		k->untried = false;
	} else if (!k->was_ready) {
		/* A newer binary may be unable to run: then the one we are. */
		k->binary.use_self = !k->binary.use_self;
		k->failed_starts++;
	}
	/* It said by itself that it cannot serve, and there is nothing yet. */
	if (!k->ever_ready && k->slots.count == 0 &&
	    (WIFEXITED(status) || k->failed_starts >= ENGINE_STARTS_MAX)) {
		k->exit_status = WIFEXITED(status) ? WEXITSTATUS(status)
						   : EXIT_INTERNAL;
		k->done = true;
		return;
	}
	k->respawn_at_us = clock_us() + respawn_delay_us(k, status);
}

/* ---- children and signals ---- */

static void
child_changed(struct keeper *k, pid_t pid, int status,
	      const struct rusage *ru)
{
	struct keepslot *s = keepslot_of_pid(&k->slots, pid);

	if (!s)
		return;		/* an orphan that came to us, or a guard */
	/* The pipe of one that the other thread has made may be open yet. */
	note_exec(k, s, WIFEXITED(status) || WIFSIGNALED(status));
	if (s->state == KEEP_NEVER)
		return;
	/*
	 * On its way to exec it is no program yet that somebody could mean,
	 * and stopped there it would be neither started nor failed for ever.
	 */
	if (s->status_fd >= 0 && WIFSTOPPED(status))
		kill(pid, SIGCONT);
	if (s->status_fd >= 0 && (WIFSTOPPED(status) || WIFCONTINUED(status)))
		return;
	if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
		s->state = WIFSTOPPED(status) ? KEEP_PAUSED : KEEP_RUNNING;
		s->unsent |= UNSENT_PAUSED;
		return;
	}
	s->unsent &= ~(uint32_t)UNSENT_PAUSED;
	keepslot_end(s, status, ru);
	s->unsent |= UNSENT_EXITED;
}

/*
 * So many at a time: a storm of orphans is reaped for ever, and meanwhile
 * the engine waits for the word that a leader has ended.
 */
static void
reap_some(struct keeper *k)
{
	struct rusage ru;
	int status, budget = REAPS_A_TURN;
	pid_t pid;

	k->unreaped = false;
	while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED,
			    &ru)) > 0) {
		bool ended = WIFEXITED(status) || WIFSIGNALED(status);
		if (pid == k->engine) {
			if (ended)
				engine_ended(k, status);
		} else if (pid == k->guard) {
			if (ended) {
				k->guard = 0;
				k->guard_at_us = clock_us() + GUARD_PAUSE_US;
			}
		} else {
			child_changed(k, pid, status, &ru);
		}
		if (--budget == 0) {
			k->unreaped = true;
			break;
		}
	}
	keepslots_count_orphans(&k->slots, (k->engine > 0) + (k->guard > 0));
}

static void
stand_guard(struct keeper *k)
{
	pid_t pid = guard_start(k->sh);

	k->guard = pid > 0 ? pid : 0;
	k->guard_at_us = pid > 0 ? NEVER : clock_us() + GUARD_PAUSE_US;
}

static void
take_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (sys_read(k->signals, &info, sizeof info) == sizeof info) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			k->unreaped = true;
			break;
		case SIGTERM:
		case SIGINT:
			/*
			 * Daemons are used to signal the parent they had; to
			 * an orphan that is us, as it would be init, which
			 * does not mind either.
			 */
			if (procfs_is_above(getpid(), (pid_t)info.ssi_pid))
				break;
			k->term = true;
			k->term_told = false;
			break;
		case SIGUSR1:
			if (getppid() != k->sh->anchor && !k->guard)
				k->guard_at_us = 0;
			break;
		}
	}
}

/* ---- the loop ---- */

static int
wait_ms(const struct keeper *k)
{
	uint64_t at_us = SBX_MIN(SBX_MIN(k->respawn_at_us, k->retry_at_us),
				 SBX_MIN(k->kill_at_us, k->guard_at_us));
	uint64_t now_us = clock_us();

	if (k->unreaped)
		return 0;
	if (at_us == NEVER)
		return -1;
	return at_us <= now_us ? 0 : (int)((at_us - now_us + 999) / 1000);
}

static void
run_timers(struct keeper *k)
{
	uint64_t now_us = clock_us();

	if (now_us >= k->retry_at_us) {
		k->retry_at_us = NEVER;
		k->blocked = k->deaf = false;
	}
	if (now_us >= k->kill_at_us) {
		k->kill_at_us = NEVER;
		k->hung = true;
		kill(k->engine, SIGKILL);
	}
	if (now_us >= k->guard_at_us)
		stand_guard(k);
	if (now_us >= k->respawn_at_us)
		start_engine(k);
}

/* The status pipes of the children that are about to exec. */
static nfds_t
add_spawning(const struct keeper *k, struct pollfd *set)
{
	nfds_t n = FIRST_SLOT_FD;

	if (k->slots.spawning == 0)
		return n;
	for (size_t i = 0; i < k->slots.used; i++) {
		const struct keepslot *s = &k->slots.v[i];
		if (s->id && s->status_fd >= 0)
			set[n++] = (struct pollfd){ s->status_fd, POLLIN, 0 };
	}
	return n;
}

static void
turn(struct keeper *k, struct pollfd *set)
{
	short want = POLLIN;

	if (k->blocked && k->retry_at_us == NEVER)
		want |= POLLOUT;
	set[0] = (struct pollfd){ k->signals, POLLIN, 0 };
	/* What is not listened to must not be waited for either (POLLHUP). */
	set[1] = (struct pollfd){ k->refused || k->deaf ? -1 : k->sock, want,
				  0 };
	if (poll(set, add_spawning(k, set), wait_ms(k)) < 0)
		return;
	if (set[1].revents & POLLOUT)
		k->blocked = false;
	if (set[1].revents & ~POLLOUT)
		receive_until(k, clock_us() + MESSAGES_US);
	if (k->slots.spawning > 0)
		for (size_t i = 0; i < k->slots.used; i++)
			if (k->slots.v[i].id)
				note_exec(k, &k->slots.v[i], false);
	if (set[0].revents)
		take_signals(k);
	if (k->unreaped)
		reap_some(k);
	if (k->ended && last_words_done(k))
		follow_engine(k);
	run_timers(k);
	talk_on(k);
	/* What it has asked for is valid. */
	if (k->broken)
		receive_until(k, NEVER);
	if (k->broken && !k->deaf)
		hang_up(k);
}

static int
set_up(struct keeper *k)
{
	static const int wanted[] = {
		SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1,
	};

	prctl(PR_SET_NAME, KEEPER_NAME);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&k->mask);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&k->mask, wanted[i]);
	sigprocmask(SIG_BLOCK, &k->mask, NULL);
	/* Its death is only told; what it means is in take_signals. */
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() != k->sh->anchor)
		k->guard_at_us = 0;
	k->signals = signalfd(-1, &k->mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (k->signals < 0)
		return -errno;
	int r = sys_pipe(k->transit, O_NONBLOCK);
	if (r < 0)
		return r;
	/* Smaller is slower and nothing else. */
	fcntl(k->transit[1], F_SETPIPE_SZ, TRANSIT_BYTES);
	/*
	 * Made here and now: a file that an engine had to hand over could find
	 * no room for its descriptor, and what depends on it would be done.
	 */
	for (size_t i = 0; i < KEEP_FILES; i++) {
		k->registry[i] = sys_memfd("sbx-registry");
		if (k->registry[i] < 0)
			return k->registry[i];
	}
	return keepslots_init(&k->slots, &k->standin);
}

static void
work(void *arg)
{
	struct keeper *k = arg;

	spawn_note_signals();
	while (!k->done)
		turn(k, k->set);
	endall_run(0, 0, GIVE_UP_MS);
	_exit(k->exit_status);
}

int
keeper_main(const struct keeper_conf *c, struct keeper_shared *sh)
{
	struct keeper k = {
		.conf = c, .sh = sh, .sock = -1,
		.out = BUF_INIT(KEEP_LEN), .retry_at_us = NEVER,
		.kill_at_us = NEVER, .guard_at_us = NEVER,
	};

	k.set = mem_array(FIRST_SLOT_FD + KEEP_SLOTS_MAX, sizeof *k.set);
	if (set_up(&k) < 0)
		return EXIT_INTERNAL;
	standin_run(&k.standin, k.slots.stack, work, &k);
}
