#ifndef SBX_PROCFS_H
#define SBX_PROCFS_H

/*
 * Readings of /proc.  Nothing is kept between calls; every reading is of a
 * process that may end at any moment, which is -ESRCH.  Hostile names
 * (parentheses and newlines in comm) are read right.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;

struct procfs_stat {
	pid_t pid, ppid, pgid, sid;
	char state;		/* R S D T t Z X I */
	int threads;
	uint64_t start_ticks;	/* since boot; with pid it names a process */
	uint64_t cpu_us;	/* user and system */
	uint64_t waited_us;	/* the same of children it has waited for */
	uint64_t rss_bytes;
	char comm[16];		/* raw, NUL-terminated */
};

int	procfs_stat(pid_t pid, struct procfs_stat *st);
/* True when up is pid itself or among its parents; false when pid is gone. */
bool	procfs_is_above(pid_t up, pid_t pid);
/* Dead, and only waiting to be reaped. */
bool	procfs_is_dead(const struct procfs_stat *st);
/* A start time in the clock of clock_us(). */
uint64_t procfs_start_us(const struct procfs_stat *st);

/* Words separated by single spaces, raw bytes; empty for a kernel thread. */
int	procfs_cmdline(pid_t pid, struct buf *out);
/* The beginning of it, at most max bytes, else the name of the program; into
 * out, which is emptied before. */
void	procfs_command(const struct procfs_stat *st, size_t max,
		       struct buf *out);
/* The hard limit of RLIMIT_RTTIME; RLIM_INFINITY as UINT64_MAX. */
int	procfs_rttime(pid_t pid, uint64_t *limit);
/* A variable among the first 4 KiB of the environment; -ENOENT if not. */
int	procfs_env(pid_t pid, const char *name, char *out, size_t cap);

typedef void procfs_pid_fn(pid_t pid, void *arg);
/* Every process of the machine. */
int	procfs_each(procfs_pid_fn *fn, void *arg);
/* The children of all threads; -ENOENT where the kernel has no such list. */
int	procfs_each_child(pid_t pid, int threads, procfs_pid_fn *fn, void *arg);

/* Threads have numbers of the same kind, and directories that open. */
bool	procfs_is_process(pid_t pid);

struct procfs_port {
	uint16_t port;
	bool local_only;	/* bound to a loopback address */
	pid_t pid;		/* the first holder that was found */
};
/*
 * TCP ports on which one of pids listens, ascending, each once; returns how
 * many (at most cap) or -errno.  Dear (it reads all their descriptors).
 */
int	procfs_ports(const pid_t *pids, size_t count, struct procfs_port *out,
		     size_t cap);
/*
 * The first of pids that listens on a TCP port; of all processes of the
 * machine with pids NULL.  0: nobody whose descriptors may be read.
 */
pid_t	procfs_listener(uint16_t port, const pid_t *pids, size_t count);

#endif
