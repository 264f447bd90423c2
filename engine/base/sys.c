#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

/* The value of a call that is repeated while a signal interrupts it. */
#define RETRY(name, expr)                                                      \
	do {                                                                   \
		int injected = fault(name);                                    \
		if (injected)                                                  \
			return injected;                                       \
		ssize_t r;                                                     \
		do                                                             \
			r = (expr);                                            \
		while (r < 0 && errno == EINTR);                               \
		return r < 0 ? -errno : r;                                     \
	} while (0)

#define RETRY_INT(name, expr)                                                  \
	do {                                                                   \
		int injected = fault(name);                                    \
		if (injected)                                                  \
			return injected;                                       \
		int r;                                                         \
		do                                                             \
			r = (expr);                                            \
		while (r < 0 && errno == EINTR);                               \
		return r < 0 ? -errno : r;                                     \
	} while (0)

ssize_t
sys_read(int fd, void *data, size_t len)
{
	RETRY("read", read(fd, data, len));
}

ssize_t
sys_pread(int fd, void *data, size_t len, int64_t off)
{
	RETRY("pread", pread(fd, data, len, off));
}

ssize_t
sys_write(int fd, const void *data, size_t len)
{
	RETRY("write", write(fd, data, len));
}

ssize_t
sys_pwrite(int fd, const void *data, size_t len, int64_t off)
{
	RETRY("pwrite", pwrite(fd, data, len, off));
}

int
sys_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	while (len > 0) {
		ssize_t n = sys_write(fd, p, len);
		if (n < 0)
			return (int)n;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t
sys_splice(int in, int out, int64_t *out_off, size_t len)
{
	int to_file = out_off ? fault("splice_file") : 0;

	if (to_file)
		return to_file;
	RETRY("splice", splice(in, NULL, out, out_off, len,
			       SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

ssize_t
sys_tee(int in, int out, size_t len)
{
	RETRY("tee", tee(in, out, len, SPLICE_F_NONBLOCK));
}

int
sys_pidfd_signal(int fd, int signo)
{
	RETRY_INT("pidfd_signal", (int)syscall(SYS_pidfd_send_signal, fd, signo,
					       NULL, 0));
}

int
sys_open(const char *path, int flags, mode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

int
sys_openat(int dir, const char *path, int flags, mode_t mode)
{
	RETRY_INT("openat", openat(dir, path, flags | O_CLOEXEC, mode));
}

int
sys_pipe(int fds[2], int flags)
{
	RETRY_INT("pipe", pipe2(fds, flags | O_CLOEXEC));
}

int
sys_socketpair(int type, int fds[2])
{
	RETRY_INT("socketpair",
		  socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
}

int
sys_socket(int domain, int type)
{
	RETRY_INT("socket", socket(domain, type | SOCK_CLOEXEC, 0));
}

int
sys_connect(int fd, const struct sockaddr *addr, unsigned len)
{
	RETRY_INT("connect", connect(fd, addr, len));
}

ssize_t
sys_send(int fd, const void *data, size_t len)
{
	RETRY("send", send(fd, data, len, MSG_NOSIGNAL));
}

int
sys_accept(int fd)
{
	RETRY_INT("accept",
		  accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

int
sys_inotify(void)
{
	RETRY_INT("inotify", inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

int
sys_inotify_add(int fd, const char *path, uint32_t mask)
{
	RETRY_INT("inotify_add", inotify_add_watch(fd, path, mask));
}

int
sys_inotify_drop(int fd, int wd)
{
	RETRY_INT("inotify_drop", inotify_rm_watch(fd, wd));
}

int
sys_memfd(const char *name)
{
	RETRY_INT("memfd", memfd_create(name, MFD_CLOEXEC));
}

int
sys_dup(int fd)
{
	RETRY_INT("dup", fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

void
sys_close(int fd)
{
	/* Linux frees the descriptor even where close() says EINTR. */
	if (fd >= 0)
		close(fd);
}

int
sys_mkdirat(int dir, const char *path, mode_t mode)
{
	RETRY_INT("mkdirat", mkdirat(dir, path, mode));
}

int
sys_unlinkat(int dir, const char *path, int flags)
{
	RETRY_INT("unlinkat", unlinkat(dir, path, flags));
}

int
sys_fstat(int fd, struct stat *st)
{
	RETRY_INT("fstat", fstat(fd, st));
}

int
sys_ftruncate(int fd, int64_t len)
{
	RETRY_INT("ftruncate", ftruncate(fd, len));
}

int
sys_rename(const char *from, const char *to)
{
	RETRY_INT("rename", rename(from, to));
}

int
sys_renameat(int dir, const char *from, const char *to)
{
	RETRY_INT("renameat", renameat(dir, from, dir, to));
}

static ssize_t
send_retry(int sock, const struct msghdr *m)
{
	RETRY("sendmsg", sendmsg(sock, m, MSG_NOSIGNAL));
}

static ssize_t
recv_retry(int sock, struct msghdr *m)
{
	RETRY("recvmsg", recvmsg(sock, m, MSG_CMSG_CLOEXEC));
}

ssize_t
sys_sendmsg(int sock, const void *data, size_t len, const int *fds, int nfds)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * SYS_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds > SYS_FDS_MAX)
		return -EINVAL;
	if (nfds > 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)nfds);
	}
	return send_retry(sock, &m);
}

ssize_t
sys_recvmsg(int sock, void *data, size_t len, int *fds, int *nfds)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * SYS_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { data, len };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};

	*nfds = 0;
	ssize_t n = recv_retry(sock, &m);
	if (n < 0)
		return n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c;
	     c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < k; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
			if (*nfds < SYS_FDS_MAX)
				fds[(*nfds)++] = fd;
			else
				sys_close(fd);
		}
	}
	/* No room for them here: it has the message, and they are gone. */
	if (*nfds > 0 && fault("rights"))
		m.msg_flags |= MSG_CTRUNC;
	if (m.msg_flags & MSG_CTRUNC) {
		while (*nfds > 0)
			sys_close(fds[--*nfds]);
		return -EPROTO;
	}
	return n;
}

static int
set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);
	if (flags < 0)
		return -errno;
	int want = on ? flags | flag : flags & ~flag;
	if (want != flags && fcntl(fd, set, want) < 0)
		return -errno;
	return 0;
}

bool
sys_is_shortage(int error)
{
	return error == -ENOBUFS || error == -ENOMEM ||
	       error == -ETOOMANYREFS || error == -EMFILE ||
	       error == -ENFILE;
}

int
sys_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int
sys_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int
sys_exec(const char *path, char *const *argv, char *const *envp)
{
	RETRY_INT("exec", execve(path, argv, envp));
}

pid_t
sys_fork(void)
{
	RETRY_INT("fork", fork());
}

pid_t
sys_vfork(int (*fn)(void *), void *arg, void *stack_end, pid_t *pid)
{
	RETRY_INT("fork", clone(fn, stack_end, CLONE_VM | CLONE_VFORK |
				CLONE_PARENT_SETTID | SIGCHLD, arg, pid));
}

/* Makes the parents of path; an existing one is fine whoever owns it. */
static int
make_parents(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		int r = sys_mkdirat(AT_FDCWD, path, 0700);
		*p = '/';
		if (r < 0 && r != -EEXIST)
			return r;
	}
	return 0;
}

int
sys_list_dir(int dir, DIR **out)
{
	int fd = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);

	*out = NULL;
	if (fd < 0)
		return fd;
	*out = fdopendir(fd);
	if (*out)
		return 0;
	sys_close(fd);
	return -ENOMEM;
}

int
sys_private_dir(const char *path)
{
	char copy[4096];
	struct stat st;

	size_t len = strlen(path);
	if (len == 0 || len >= sizeof copy)
		return -ENAMETOOLONG;
	memcpy(copy, path, len + 1);
	int r = make_parents(copy);
	if (r < 0)
		return r;
	r = sys_mkdirat(AT_FDCWD, path, 0700);
	if (r < 0 && r != -EEXIST)
		return r;
	int fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd == -ENOTDIR ? -ELOOP : fd;
	r = sys_fstat(fd, &st);
	if (r == 0 && (st.st_uid != geteuid() || (st.st_mode & 022)))
		r = -EPERM;
	if (r < 0) {
		sys_close(fd);
		return r;
	}
	return fd;
}
