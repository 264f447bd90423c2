#include "sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"

enum { STATE_LISTEN = 10, ANSWER_BYTES = 32 * 1024 };

static int
ask(int fd, uint8_t family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {
		.head = { .nlmsg_len = sizeof q,
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_states = 1u << STATE_LISTEN },
	};
	ssize_t n = sys_send(fd, &q, sizeof q);
	return n < 0 ? (int)n : 0;
}

static void
tell(const struct inet_diag_msg *m, sockdiag_fn *fn, void *arg)
{
	struct sockdiag_listener s = {
		.inode = m->idiag_inode,
		.port = ntohs(m->id.idiag_sport),
	};
	if (m->idiag_family == AF_INET)
		s.local_only = ntohl(m->id.idiag_src[0]) >> 24 == 127;
	else
		s.local_only = IN6_IS_ADDR_LOOPBACK(
			(const struct in6_addr *)(const void *)
				m->id.idiag_src);
	fn(&s, arg);
}

/* 1: the dump is complete, 0: more is to come, or -errno. */
static int
take(const char *data, size_t len, sockdiag_fn *fn, void *arg)
{
	struct nlmsghdr h;
	for (size_t at = 0; at + sizeof h <= len;) {
		memcpy(&h, data + at, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > len - at)
			return -EPROTO;
		if (h.nlmsg_type == NLMSG_DONE)
			return 1;
		if (h.nlmsg_type == NLMSG_ERROR)
			return -EOPNOTSUPP;
		struct inet_diag_msg m;
		if (h.nlmsg_len < NLMSG_HDRLEN + sizeof m)
			return -EPROTO;
		memcpy(&m, data + at + NLMSG_HDRLEN, sizeof m);
		tell(&m, fn, arg);
		at += NLMSG_ALIGN(h.nlmsg_len);
	}
	return 0;
}

static int
each_of(int fd, uint8_t family, sockdiag_fn *fn, void *arg)
{
	static char data[ANSWER_BYTES];
	int r = ask(fd, family);
	while (r == 0) {
		ssize_t n = sys_read(fd, data, sizeof data);
		r = n > 0 ? take(data, (size_t)n, fn, arg) :
		    n < 0 ? (int)n : -EPROTO;
	}
	return r < 0 ? r : 0;
}

int
sockdiag_each(sockdiag_fn *fn, void *arg)
{
	/* The kernel answers a dump at once: reading never waits. */
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	int r = each_of(fd, AF_INET, fn, arg);
	if (r == 0) {
		/* A machine without IPv6 has IPv4 all the same. */
		r = each_of(fd, AF_INET6, fn, arg);
		if (r == -EOPNOTSUPP || r == -ENOENT)
			r = 0;
	}
	sys_close(fd);
	return r;
}
