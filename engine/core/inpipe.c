#include "inpipe.h"

#include <fcntl.h>

enum { LITTLE_PART = 8, MUCH_PART = 4 };

static uint32_t
capacity(int fd)
{
	int bytes = fcntl(fd, F_GETPIPE_SZ);

	return bytes > 0 ? (uint32_t)bytes : 0;
}

void
inpipe_init(struct inpipe *p, int fd)
{
	*p = (struct inpipe){ .bytes = capacity(fd) };
}

void
inpipe_fini(struct inpipe *p, size_t *budget)
{
	*budget += p->taken;
	*p = (struct inpipe){ .bytes = 0 };
}

bool
inpipe_is_little(const struct inpipe *p, ssize_t n)
{
	return n > 0 && (size_t)n < p->bytes / LITTLE_PART;
}

bool
inpipe_is_much(const struct inpipe *p, ssize_t n)
{
	return p->bytes && n > 0 && (size_t)n >= p->bytes / MUCH_PART;
}

void
inpipe_took(struct inpipe *p, int fd, ssize_t n, size_t *budget)
{
	if (!inpipe_is_much(p, n) || p->bytes >= INPIPE_BYTES || p->asked ||
	    *budget < INPIPE_BYTES)
		return;
	p->asked = true;
	if (fcntl(fd, F_SETPIPE_SZ, (int)INPIPE_BYTES) < 0)
		return;
	p->bytes = capacity(fd);
	p->taken = INPIPE_BYTES;
	*budget -= INPIPE_BYTES;
}
