#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "buf.h"
#include "mem.h"
#include "sockdiag.h"
#include "sys.h"

enum {
	ENV_WINDOW = 4096,
	CMDLINE_MAX = 4096,
	CLIMB_MAX = 4096,
	SOCKETS_MAX = 16384,	/* listening sockets that are looked at */
};

/* The first cap - 1 bytes of /proc/PID/name, NUL behind; length or -errno. */
static ssize_t
slurp(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	size_t len = 0;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int fd = sys_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	ssize_t n = 0;
	while (len < cap - 1) {
		n = sys_read(fd, out + len, cap - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	sys_close(fd);
	out[len] = '\0';
	return n < 0 ? n : (ssize_t)len;
}

int
procfs_stat(pid_t pid, struct procfs_stat *st)
{
	char text[1024];
	unsigned long long field[22];
	uint64_t tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);

	ssize_t n = slurp(pid, "stat", text, sizeof text);
	if (n < 0)
		return (int)n;
	/* comm may hold anything, so the last parenthesis is what ends it. */
	char *open = strchr(text, '(');
	char *end = strrchr(text, ')');
	if (!open || !end || end < open || end[1] != ' ' || !end[2])
		return -ESRCH;
	memset(st, 0, sizeof *st);
	st->pid = pid;
	st->state = end[2];
	memcpy(st->comm, open + 1,
	       SBX_MIN((size_t)(end - open - 1), sizeof st->comm - 1));
	char *p = end + 3;
	for (size_t i = 0; i < ARRAY_LEN(field); i++) {
		char *stop;
		/* tty_nr and the like may be negative: the bits are kept. */
		field[i] = strtoull(p, &stop, 10);
		if (stop == p)
			return -ESRCH;
		p = stop;
	}
	/* field[0] is the 4th of proc(5). */
	st->ppid = (pid_t)field[0];
	st->pgid = (pid_t)field[1];
	st->sid = (pid_t)field[2];
	st->cpu_us = (field[10] + field[11]) * tick_us;
	st->waited_us = (field[12] + field[13]) * tick_us;
	st->threads = (int)field[16];
	st->start_ticks = field[18];
	st->rss_bytes = field[20] * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

bool
procfs_is_above(pid_t up, pid_t pid)
{
	struct procfs_stat st;

	for (int i = 0; i < CLIMB_MAX && pid > 0; i++) {
		if (pid == up)
			return true;
		if (procfs_stat(pid, &st) < 0)
			return false;
		pid = st.ppid;
	}
	return false;
}

bool
procfs_is_dead(const struct procfs_stat *st)
{
	/*
	 * A main thread that has ended is shown as a zombie while the other
	 * threads run on.
	 */
	return st->state == 'X' || (st->state == 'Z' && st->threads <= 1);
}

uint64_t
procfs_start_us(const struct procfs_stat *st)
{
	struct timespec boot, mono;

	/* The kernel counts from boot with the time asleep, we without. */
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	int64_t asleep_us = (boot.tv_sec - mono.tv_sec) * INT64_C(1000000) +
			    (boot.tv_nsec - mono.tv_nsec) / 1000;
	int64_t at_us = (int64_t)(st->start_ticks *
				  (1000000 / (uint64_t)sysconf(_SC_CLK_TCK))) -
			asleep_us;
	return at_us > 0 ? (uint64_t)at_us : 0;
}

int
procfs_cmdline(pid_t pid, struct buf *out)
{
	char text[CMDLINE_MAX];

	ssize_t n = slurp(pid, "cmdline", text, sizeof text);
	if (n < 0)
		return (int)n;
	while (n > 0 && text[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return buf_add(out, text, (size_t)n);
}

void
procfs_command(const struct procfs_stat *st, size_t max, struct buf *out)
{
	buf_clear(out);
	if (procfs_cmdline(st->pid, out) < 0 || !out->len)
		(void)buf_adds(out, st->comm);
	buf_cut(out, SBX_MIN(out->len, max));
}

static int
rttime_from_text(pid_t pid, uint64_t *limit)
{
	static const char title[] = "Max realtime timeout";
	char text[2048];

	ssize_t n = slurp(pid, "limits", text, sizeof text);
	if (n < 0)
		return (int)n;
	char *line = strstr(text, title);
	if (!line)
		return -ENOENT;
	/* soft, then hard */
	char *p = line + sizeof title - 1;
	p += strspn(p, " ");
	p += strcspn(p, " ");
	p += strspn(p, " ");
	*limit = *p == 'u' ? UINT64_MAX : strtoull(p, NULL, 10);
	return 0;
}

int
procfs_rttime(pid_t pid, uint64_t *limit)
{
	struct rlimit r;

	/* Twenty times faster than the text, but not for foreign users. */
	if (prlimit(pid, RLIMIT_RTTIME, NULL, &r) == 0) {
		*limit = r.rlim_max == RLIM_INFINITY ? UINT64_MAX : r.rlim_max;
		return 0;
	}
	if (errno == ESRCH)
		return -ESRCH;
	return rttime_from_text(pid, limit);
}

int
procfs_env(pid_t pid, const char *name, char *out, size_t cap)
{
	char text[ENV_WINDOW];
	size_t name_len = strlen(name);

	ssize_t n = slurp(pid, "environ", text, sizeof text);
	if (n < 0)
		return (int)n;
	for (char *p = text; p < text + n; p += strlen(p) + 1) {
		if (strncmp(p, name, name_len) != 0 || p[name_len] != '=')
			continue;
		const char *value = p + name_len + 1;
		if (strlen(value) >= cap)
			return -EMSGSIZE;
		memcpy(out, value, strlen(value) + 1);
		return 0;
	}
	return -ENOENT;
}

/* Calls fn for each entry of dir that is a number. */
static int
each_number(const char *dir, procfs_pid_fn *fn, void *arg)
{
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT ? -ESRCH : -errno;
	struct dirent *e;
	while ((e = readdir(d))) {
		char *end;
		long no = strtol(e->d_name, &end, 10);
		if (no > 0 && *end == '\0')
			fn((pid_t)no, arg);
	}
	closedir(d);
	return 0;
}

int
procfs_each(procfs_pid_fn *fn, void *arg)
{
	return each_number("/proc", fn, arg);
}

bool
procfs_is_process(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool unknown = fd < 0 && (errno == ENOSYS || errno == EMFILE);

	sys_close(fd);
	return fd >= 0 || unknown;
}

/* The children of one thread. */
static int
each_child_of(pid_t pid, pid_t tid, procfs_pid_fn *fn, void *arg)
{
	char path[64], text[4096];
	long no = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid,
		 (int)tid);
	int fd = sys_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	ssize_t n;
	while ((n = sys_read(fd, text, sizeof text)) > 0) {
		/* A number may be cut in two by the end of a read. */
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				no = no * 10 + (text[i] - '0');
			} else if (no > 0) {
				fn((pid_t)no, arg);
				no = 0;
			}
		}
	}
	sys_close(fd);
	return n < 0 ? (int)n : 0;
}

struct thread_walk {
	pid_t pid;
	procfs_pid_fn *fn;
	void *arg;
	bool any;
	int result;		/* the first error */
};

static void
walk_thread(pid_t tid, void *arg)
{
	struct thread_walk *w = arg;

	/* The children of one that ends move to another, which may have been
	 * read already. */
	int r = each_child_of(w->pid, tid, w->fn, w->arg);
	if (w->result == 0)
		w->result = r;
	w->any = true;
}

int
procfs_each_child(pid_t pid, int threads, procfs_pid_fn *fn, void *arg)
{
	struct thread_walk w = { .pid = pid, .fn = fn, .arg = arg };
	char path[64];

	if (threads <= 1)
		return each_child_of(pid, pid, fn, arg);
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	int r = each_number(path, walk_thread, &w);
	return r < 0 ? r : w.any ? w.result : -ESRCH;
}

/* A listening socket: its inode, then what it is bound to. */
struct listener {
	unsigned long long inode;
	struct procfs_port at;
};

struct listeners {
	struct listener *v;
	size_t count, cap;
};

static void
add_listener(struct listeners *l, const struct listener *new)
{
	if (l->count == SOCKETS_MAX)
		return;
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		l->v = mem_grow(l->v, l->cap, cap, sizeof *l->v);
		l->cap = cap;
	}
	l->v[l->count++] = *new;
}

static void
take_listener(const struct sockdiag_listener *s, void *arg)
{
	struct listener new = {
		.inode = s->inode,
		.at = { .port = s->port, .local_only = s->local_only },
	};
	add_listener(arg, &new);
}

/* The second way, for kernels that do not answer the first. */
static void
read_listeners(struct listeners *l, const char *path)
{
	enum { STATE_LISTEN = 0x0a };
	char line[512], addr[40];

	FILE *f = fopen(path, "re");
	if (!f)
		return;		/* no IPv6, say */
	while (fgets(line, sizeof line, f)) {
		struct listener new = { 0 };
		unsigned port, state;
		if (sscanf(line,
			   " %*d: %39[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s "
			   "%*s %llu",
			   addr, &port, &state, &new.inode) != 4)
			continue;
		if (state != STATE_LISTEN)
			continue;
		new.at.port = (uint16_t)port;
		/* 127.0.0.0/8 in host order of a little-endian machine, ::1 */
		new.at.local_only =
			(strlen(addr) == 8 && strcmp(addr + 6, "7F") == 0) ||
			strcmp(addr, "00000000000000000000000001000000") == 0;
		add_listener(l, &new);
	}
	fclose(f);
}

static int
by_inode(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int
by_port(const void *a, const void *b)
{
	const struct procfs_port *x = a, *y = b;

	return (int)x->port - (int)y->port;
}

/* Marks the listeners that pid holds; true if there is one. */
static bool
claim_listeners(struct listeners *l, pid_t pid)
{
	char path[64], target[64];
	bool any = false;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	if (!d)
		return false;
	struct dirent *e;
	while ((e = readdir(d))) {
		struct listener key = { 0 };
		ssize_t n = readlinkat(dirfd(d), e->d_name, target,
				       sizeof target - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%llu]", &key.inode) != 1)
			continue;
		struct listener *hit = bsearch(&key, l->v, l->count,
					       sizeof *l->v, by_inode);
		any |= hit != NULL;
		if (hit && hit->at.pid == 0)
			hit->at.pid = pid;
	}
	closedir(d);
	return any;
}

/* All of the machine, by inode; empty where the kernel does not tell. */
static void
get_listeners(struct listeners *l)
{
	*l = (struct listeners){ NULL, 0, 0 };
	if (sockdiag_each(take_listener, l) < 0) {
		l->count = 0;
		read_listeners(l, "/proc/net/tcp");
		read_listeners(l, "/proc/net/tcp6");
	}
	if (l->count > 0)
		qsort(l->v, l->count, sizeof *l->v, by_inode);
}

int
procfs_ports(const pid_t *pids, size_t count, struct procfs_port *out,
	     size_t cap)
{
	struct listeners l;
	size_t found = 0, kept = 0;

	get_listeners(&l);
	if (l.count == 0) {
		free(l.v);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		claim_listeners(&l, pids[i]);
	struct procfs_port *ports = mem_array(l.count, sizeof *ports);
	for (size_t i = 0; i < l.count; i++)
		if (l.v[i].at.pid)
			ports[found++] = l.v[i].at;
	qsort(ports, found, sizeof *ports, by_port);
	/* IPv4 and IPv6 on one port are one; open to all wins over local. */
	for (size_t i = 0; i < found; i++) {
		if (kept > 0 && out[kept - 1].port == ports[i].port)
			out[kept - 1].local_only &= ports[i].local_only;
		else if (kept < cap)
			out[kept++] = ports[i];
	}
	free(ports);
	free(l.v);
	return (int)kept;
}

struct search {
	struct listeners all;
	pid_t found;
};

static void
look_at(pid_t pid, void *arg)
{
	struct search *s = arg;

	if (!s->found && claim_listeners(&s->all, pid))
		s->found = pid;
}

pid_t
procfs_listener(uint16_t port, const pid_t *pids, size_t count)
{
	struct search s = { .found = 0 };
	size_t n = 0;

	get_listeners(&s.all);
	for (size_t i = 0; i < s.all.count; i++)
		if (s.all.v[i].at.port == port)
			s.all.v[n++] = s.all.v[i];
	s.all.count = n;
	if (n > 0 && !pids)
		procfs_each(look_at, &s);
	for (size_t i = 0; n > 0 && pids && i < count; i++)
		look_at(pids[i], &s);
	free(s.all.v);
	return s.found;
}
