#include "autoport.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "core.h"
#include "spec/spec.h"

enum { TRIES = 50 };

/* The port that could be bound, of all addresses; 0 where it could not.
 * port 0: one that the kernel picks. */
static unsigned
bind_to(int family, unsigned port)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_any,
	};
	bool six = family == AF_INET6;
	struct sockaddr *sa = six ? (struct sockaddr *)&v6 :
				    (struct sockaddr *)&v4;
	socklen_t len = six ? sizeof v6 : sizeof v4;
	int on = 1, off = 0;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	/* Connections of the last run that linger do not count. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (six)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
				 sizeof off);
	bool bound = bind(fd, sa, len) == 0 && getsockname(fd, sa, &len) == 0;
	sys_close(fd);
	if (!bound)
		return 0;
	return ntohs(six ? v6.sin6_port : v4.sin_port);
}

/* Where there is no IPv6 a port is free that is free without it. */
static unsigned
free_port(unsigned port)
{
	unsigned got = bind_to(AF_INET6, port);

	return got ? got : errno == EADDRINUSE ? 0 : bind_to(AF_INET, port);
}

/* By any process of the set, running or not. */
static bool
is_given_out(const struct proc *p, unsigned port, size_t idx)
{
	const struct engine *e = p->e;

	for (size_t i = 0; i < e->nproc; i++) {
		const struct proc *q = e->procs[i];
		for (size_t k = 0; k < q->spec->port_count; k++)
			if (!(q == p && k == idx) &&
			    autoport_get(q, k) == port)
				return true;
	}
	return false;
}

unsigned
autoport_get(const struct proc *p, size_t idx)
{
	if (p->spec->ports[idx].port)
		return p->spec->ports[idx].port;
	return idx < p->auto_count ? p->auto_ports[idx] : 0;
}

unsigned
autoport_first(const struct proc *p)
{
	for (size_t i = 0; i < p->spec->port_count; i++)
		if (!p->spec->ports[i].port)
			return autoport_get(p, i);
	return 0;
}

void
autoport_pick(struct proc *p)
{
	size_t count = p->spec->port_count;

	if (p->auto_count < count) {
		p->auto_ports = mem_grow(p->auto_ports, p->auto_count, count,
					 sizeof *p->auto_ports);
		p->auto_count = count;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned port = p->auto_ports[i];
		if (p->spec->ports[i].port)
			continue;
		if (port && free_port(port))
			continue;
		port = 0;
		for (int n = 0; n < TRIES && !port; n++) {
			port = free_port(0);
			if (port && is_given_out(p, port, i))
				port = 0;
		}
		p->auto_ports[i] = (uint16_t)port;
		p->e->registry_dirty = true;
	}
}

int
autoport_pack(const struct proc *p, struct buf *b)
{
	int r = msg_put_u32(b, (uint32_t)p->auto_count);

	for (size_t i = 0; i < p->auto_count; i++)
		r |= msg_put_u16(b, p->auto_ports[i]);
	return r;
}

void
autoport_unpack(struct proc *p, struct msg_reader *r)
{
	uint32_t count = msg_u32(r);

	r->bad |= count > SPEC_LIST_MAX;
	if (r->bad || count == 0)
		return;
	p->auto_ports = mem_array(count, sizeof *p->auto_ports);
	p->auto_count = count;
	for (uint32_t i = 0; i < count; i++)
		p->auto_ports[i] = msg_u16(r);
}
