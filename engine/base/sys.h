#ifndef SBX_SYS_H
#define SBX_SYS_H

/*
 * Thin wrappers of the system calls whose failure the program must survive.
 * Each returns what the call returns, or -errno; EINTR is retried here and
 * nowhere else.  A test can make any of them fail: see fault.h.
 */

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base.h"

struct iovec;
struct sockaddr;
struct stat;

ssize_t	sys_read(int fd, void *data, size_t len);
ssize_t	sys_pread(int fd, void *data, size_t len, int64_t off);
ssize_t	sys_write(int fd, const void *data, size_t len);
ssize_t	sys_pwrite(int fd, const void *data, size_t len, int64_t off);
/* Writes all of it to a blocking descriptor or fails; 0 or -errno. */
int	sys_write_all(int fd, const void *data, size_t len);
/* Moves up to len bytes inside the kernel; out_off may be NULL for a pipe. */
ssize_t	sys_splice(int in, int out, int64_t *out_off, size_t len);

/* Copies what pipe in has to pipe out, where it stays as well. */
ssize_t	sys_tee(int in, int out, size_t len);

/* All descriptors are close-on-exec. */
int	sys_open(const char *path, int flags, mode_t mode);
int	sys_openat(int dir, const char *path, int flags, mode_t mode);
int	sys_pipe(int fds[2], int flags);
int	sys_socketpair(int type, int fds[2]);
int	sys_socket(int domain, int type);
int	sys_connect(int fd, const struct sockaddr *addr, unsigned len);
ssize_t	sys_send(int fd, const void *data, size_t len);	/* no SIGPIPE */
int	sys_accept(int fd);			/* non-blocking peer */
/* Non-blocking.  -EMFILE: too many of this user. */
int	sys_inotify(void);
/* A watch number or -errno; -ENOSPC: too many of this user. */
int	sys_inotify_add(int fd, const char *path, uint32_t mask);
int	sys_inotify_drop(int fd, int wd);
int	sys_memfd(const char *name);
int	sys_dup(int fd);
void	sys_close(int fd);			/* -1 is fine */

int	sys_mkdirat(int dir, const char *path, mode_t mode);
int	sys_unlinkat(int dir, const char *path, int flags);
int	sys_fstat(int fd, struct stat *st);
int	sys_ftruncate(int fd, int64_t len);
int	sys_rename(const char *from, const char *to);
int	sys_renameat(int dir, const char *from, const char *to);

/*
 * One message with up to 16 descriptors.  recv sets *nfds to the number
 * received (they are ours, close-on-exec); a peer that sends more loses all
 * of them and the call gives -EPROTO.  Returns bytes, 0 at the end of file.
 */
enum { SYS_FDS_MAX = 16 };
ssize_t	sys_sendmsg(int sock, const void *data, size_t len, const int *fds,
		    int nfds);
ssize_t	sys_recvmsg(int sock, void *data, size_t len, int *fds, int *nfds);

/* Is -errno of a kind that passes by itself: memory, descriptors? */
bool	sys_is_shortage(int error);
int	sys_set_nonblock(int fd, bool on);
int	sys_set_cloexec(int fd, bool on);
/* Returns only when it fails: -errno. */
int	sys_exec(const char *path, char *const *argv, char *const *envp);
pid_t	sys_fork(void);
int	sys_pidfd_signal(int fd, int signo);
/* Runs fn in the caller's memory, which waits until it has exec'd or ended.
 * *pid is set before. */
pid_t	sys_vfork(int (*fn)(void *), void *arg, void *stack_end, pid_t *pid);

/*
 * Makes path and its missing parents with mode 0700.  The last component
 * must then be a directory of our own that nobody else may write to; a
 * symbolic link there is refused.  Returns a descriptor of it or -errno
 * (-EPERM: wrong owner or mode, -ELOOP: a link).
 */
int	sys_private_dir(const char *path);
/* The entries of dir, from the first on: its own read position may be shared
 * with whom it came from.  closedir() them. */
int	sys_list_dir(int dir, DIR **out);

#endif
