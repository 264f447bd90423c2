#ifndef SBX_SOCKDIAG_H
#define SBX_SOCKDIAG_H

/*
 * The listening TCP sockets of the machine, asked of the kernel by
 * NETLINK_SOCK_DIAG (sock_diag(7)): it walks the listeners alone, where
 * /proc/net/tcp walks the whole table of connections, milliseconds of it on
 * a large machine.
 */

#include <stdbool.h>
#include <stdint.h>

struct sockdiag_listener {
	uint64_t inode;		/* as in the name of /proc/PID/fd/N */
	uint16_t port;
	bool local_only;	/* bound to a loopback address */
};

typedef void sockdiag_fn(const struct sockdiag_listener *s, void *arg);

/* IPv4 and IPv6.  0, or -errno where the kernel does not answer. */
int	sockdiag_each(sockdiag_fn *fn, void *arg);

#endif
